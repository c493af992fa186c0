/* cpod-oci create and cpod-oci run: from a bundle to a container. */
#include "oci.h"
#include "oci-tty.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FDS_MAX 120

/* LISTEN_FDS of a caller that passes sockets to its child: they come last, behind --preserve-fds. */
static int
read_listen_fds (struct cpod_oci_cli *cli, struct cpod_bundle_options *bundle)
{
	const char *text = getenv ("LISTEN_FDS"), *pid = getenv ("LISTEN_PID");
	int64_t n;

	if (text == NULL || (pid != NULL && strtol (pid, NULL, 10) != (long) getpid ()))
		return 0;
	n = cpod_oci_number (cli, "LISTEN_FDS", text, FDS_MAX);
	if (n < 0)
		return 1;
	bundle->listen_fds = (unsigned int) n;
	bundle->preserve_fds += (unsigned int) n;
	return 0;
}

/* Reads what both commands know. */
static int
read_options (struct cpod_oci_cli *cli, int argc, char **argv, bool run, struct cpod_bundle_options *bundle)
{
	static const struct option options[] = {
		{ "bundle", required_argument, NULL, 'b' }, { "config", required_argument, NULL, 'f' },
		{ "pid-file", required_argument, NULL, 'p' }, { "console-socket", required_argument, NULL, 'c' },
		{ "preserve-fds", required_argument, NULL, 'n' }, { "no-pivot", no_argument, NULL, 'P' },
		{ "no-new-keyring", no_argument, NULL, 'K' }, { "no-subreaper", no_argument, NULL, 'S' },
		{ "detach", no_argument, NULL, 'd' }, { NULL, 0, NULL, 0 }
	};
	int64_t n = 0;
	int letter;

	while (n >= 0 && (letter = cpod_oci_option (cli, argc, argv, run ? ":b:f:d" : ":b:f:", options)) != -1) {
		switch (letter) {
		case 'b': bundle->bundle = optarg; break;
		case 'f': bundle->config = optarg; break;
		case 'p': bundle->pid_file = optarg; break;
		case 'c': bundle->console_socket = optarg; break;
		case 'n': n = cpod_oci_number (cli, "--preserve-fds", optarg, FDS_MAX); bundle->preserve_fds = (unsigned int) n; break;
		case 'P': bundle->no_pivot = true; break;
		case 'K': bundle->keep_keyring = true; break;
		case 'S': break;        /* there is none in any case */
		case 'd':
			if (!run)
				return cpod_oci_fail (cli, "create: unknown option --detach");
			bundle->detach = true;
			break;
		default: n = -1;
		}
	}
	if (n < 0)
		return 1;
	bundle->id = cpod_oci_id (cli, argc, argv);
	if (bundle->id != NULL && getenv ("NOTIFY_SOCKET") != NULL)
		cpod_oci_say (cli, CPOD_OCI_WARNING, "NOTIFY_SOCKET is not handed to the container by this version");
	return bundle->id == NULL ? 1 : read_listen_fds (cli, bundle);
}

int
cpod_oci_create (struct cpod_oci_cli *cli, int argc, char **argv)
{
	struct cpod_bundle_options bundle = { .context = &cli->context, .bundle = "." };
	struct cpod_error err = { 0 };

	if (read_options (cli, argc, argv, false, &bundle) != 0)
		return 1;
	return cpod_bundle_create (&bundle, &err) < 0 ? cpod_oci_fail (cli, "%s", err.message) : 0;
}

int
cpod_oci_run (struct cpod_oci_cli *cli, int argc, char **argv)
{
	struct cpod_bundle_options bundle = { .context = &cli->context, .bundle = "." };
	struct cpod_rt_exit exit = { 0 };
	struct cpod_error err = { 0 };

	if (read_options (cli, argc, argv, true, &bundle) != 0)
		return 1;
	bundle.terminal = &cpod_oci_tty;
	return cpod_bundle_run (&bundle, &exit, &err) < 0 ? cpod_oci_fail (cli, "%s", err.message) : exit.code;
}
