/* cpod-oci exec: a command in a running container. */
#include "oci.h"
#include "oci-tty.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 1024
#define FDS_MAX  120

/* Options that may be given several times. */
struct lists { const char *env[LIST_MAX + 1], *caps[LIST_MAX + 1]; size_t n_env, n_caps; };

static int
add (struct cpod_oci_cli *cli, const char **list, size_t *n, const char *text)
{
	if (*n == LIST_MAX)
		return cpod_oci_fail (cli, "exec: more than %d of one option", LIST_MAX);
	list[(*n)++] = text;
	return 0;
}

/* A strict number of 32 bits, and not the one that means "no change". */
static int
read_number (const char *text, const char **ret_end, uint32_t *ret_number)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull (text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno != 0 || number > CPOD_OCI_ID_MAX)
		return -EINVAL;
	*ret_end = end;
	*ret_number = (uint32_t) number;
	return 0;
}

/* UID[:GID] */
static int
set_user (struct cpod_oci_cli *cli, struct cpod_bundle_exec *exec, const char *text)
{
	const char *end = text;

	exec->has_user = true;
	if (read_number (text, &end, &exec->uid) == 0 && *end == '\0')
		return 0;
	exec->has_gid = true;
	if (*end == ':' && read_number (end + 1, &end, &exec->gid) == 0 && *end == '\0')
		return 0;
	return cpod_oci_fail (cli, "exec: --user: \"%.64s\" is not UID or UID:GID", text);
}

static int
add_env (struct cpod_oci_cli *cli, struct lists *lists, const char *text)
{
	if (strchr (text, '=') == NULL || text[0] == '=')
		return cpod_oci_fail (cli, "exec: --env: \"%.64s\" is not NAME=VALUE", text);
	return add (cli, lists->env, &lists->n_env, text);
}

enum { CWD = 256, NNP, PID_FILE, CONSOLE, PRESERVE, CGROUP, APPARMOR, LABEL, SUBREAPER };

static int
take_option (struct cpod_oci_cli *cli, int letter, struct cpod_bundle_exec *exec, struct lists *lists, const char **ret_file)
{
	int64_t n;

	switch (letter) {
	case 'p': *ret_file = optarg; return 0;
	case 't': exec->terminal = true; return 0;
	case 'd': exec->detach = true; return 0;
	case 'e': return add_env (cli, lists, optarg);
	case 'c': return add (cli, lists->caps, &lists->n_caps, optarg);
	case 'u': return set_user (cli, exec, optarg);
	case CWD: exec->cwd = optarg; return optarg[0] == '/' ? 0 : cpod_oci_fail (cli, "exec: --cwd: must begin with /");
	case NNP: exec->no_new_privs = true; return 0;
	case PID_FILE: exec->pid_file = optarg; return 0;
	case CONSOLE: exec->console_socket = optarg; return 0;
	case CGROUP: exec->cgroup = optarg; return 0;
	case APPARMOR: return cpod_oci_fail (cli, "exec: --apparmor is not carried out by this version");
	case LABEL: return cpod_oci_fail (cli, "exec: --process-label is not carried out by this version");
	case SUBREAPER: return 0;       /* there is none in any case */
	case PRESERVE:
		n = cpod_oci_number (cli, "--preserve-fds", optarg, FDS_MAX);
		exec->preserve_fds = (unsigned int) n;
		return n < 0;
	default: return 1;
	}
}

static int
open_and_execute (struct cpod_oci_cli *cli, const char *id, struct cpod_bundle_exec *exec)
{
	struct cpod_rt_exit exit = { 0 };
	struct cpod_bundle bundle;
	struct cpod_error err = { 0 };
	int ret = cpod_bundle_open (&cli->context, id, false, &bundle, &err);

	if (ret == 0) {
		ret = cpod_bundle_exec (&bundle, exec, &exit, &err);
		cpod_bundle_close (&bundle);
	}
	return ret < 0 ? cpod_oci_fail (cli, "%s", err.message) : exit.code;
}

int
cpod_oci_exec (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "process", required_argument, NULL, 'p' }, { "tty", no_argument, NULL, 't' }, { "detach", no_argument, NULL, 'd' },
		{ "env", required_argument, NULL, 'e' }, { "cap", required_argument, NULL, 'c' }, { "user", required_argument, NULL, 'u' },
		{ "cwd", required_argument, NULL, CWD }, { "no-new-privs", no_argument, NULL, NNP },
		{ "pid-file", required_argument, NULL, PID_FILE }, { "console-socket", required_argument, NULL, CONSOLE },
		{ "preserve-fds", required_argument, NULL, PRESERVE }, { "cgroup", required_argument, NULL, CGROUP },
		{ "apparmor", required_argument, NULL, APPARMOR }, { "process-label", required_argument, NULL, LABEL },
		{ "no-subreaper", no_argument, NULL, SUBREAPER }, { NULL, 0, NULL, 0 }
	};
	static struct lists lists;
	struct cpod_bundle_exec exec = { .lender = &cpod_oci_tty };
	struct cpod_error err = { 0 };
	const char *file = NULL;
	char *text = NULL;
	int letter, status;

	while ((letter = cpod_oci_option (cli, argc, argv, "+:p:tde:c:u:", options)) != -1)
		if (take_option (cli, letter, &exec, &lists, &file) != 0)
			return 1;
	if (optind == argc)
		return cpod_oci_fail (cli, "exec: the container's id is missing");
	exec.args = (const char *const *) (uintptr_t) (argv + optind + 1);
	if (exec.args[0] != NULL && strcmp (exec.args[0], "--") == 0)
		exec.args++;
	if (file == NULL && exec.args[0] == NULL)
		return cpod_oci_fail (cli, "exec: the command is missing");
	if (file != NULL && exec.args[0] != NULL)
		return cpod_oci_fail (cli, "exec: the command comes from --process or from the command line, not from both");
	exec.env = lists.n_env > 0 ? lists.env : NULL;
	exec.caps = lists.n_caps > 0 ? lists.caps : NULL;
	exec.name = file;
	if (file != NULL && cpod_file_read (file, 16u << 20, &text, &exec.len, &err) < 0)
		return cpod_oci_fail (cli, "exec: --process: %s", err.message);
	exec.text = text;
	status = open_and_execute (cli, argv[optind], &exec);
	free (text);
	return status;
}
