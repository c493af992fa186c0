/* cpod-oci: the OCI runtime command, as container engines call it.
 *
 *     cpod-oci [GLOBAL OPTION]... COMMAND [OPTION]... [ID]
 *
 * An error is one line and exit status 1, as callers expect; --version touches nothing else. */
#include "oci.h"

#include "src/base/decode.h"
#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char version[] = "cpod-oci version " CPOD_VERSION "\nspec: 1.3.0\n";

static const struct command {
	const char *name;
	int (*run) (struct cpod_oci_cli *cli, int argc, char **argv);
	const char *usage, *what;
} commands[] = {
	{ "create", cpod_oci_create, "[OPTION]... ID", "make a container that waits for start" },
	{ "start", cpod_oci_start, "ID", "start the program of a created container" },
	{ "run", cpod_oci_run, "[OPTION]... ID", "create, start, wait and delete" },
	{ "exec", cpod_oci_exec, "[OPTION]... ID COMMAND...", "run a command in a container" },
	{ "state", cpod_oci_state, "ID", "print a container's state as JSON" },
	{ "list", cpod_oci_list, "[-q] [-f table|json]", "list containers" },
	{ "ps", cpod_oci_ps, "[-f table|json] ID", "list a container's processes" },
	{ "kill", cpod_oci_kill, "[--all] ID [SIGNAL]", "send a signal, TERM unless given" },
	{ "pause", cpod_oci_pause, "ID", "stop every process of a container" },
	{ "resume", cpod_oci_resume, "ID", "let them go on" },
	{ "update", cpod_oci_update, "[-r FILE] [OPTION]... ID", "change a container's limits" },
	{ "delete", cpod_oci_delete, "[--force] ID", "delete a stopped container, or whatever it is" },
	{ "events", cpod_oci_events, "[--stats] [--interval S] ID", "print what a container uses, and its OOM kills" },
	{ "spec", cpod_oci_spec, "[--rootless] [-b DIR] [-f FILE]", "write a config.json to begin with" },
	{ "features", cpod_oci_features, "", "print what this runtime knows as JSON" },
};
#define N_COMMANDS (sizeof (commands) / sizeof (commands[0]))
enum { MOST_OPTIONS = 40 };   /* of a command */

static int
help (struct cpod_oci_cli *cli)
{
	cpod_autostr text = CPOD_STR_INIT;

	cpod_str_add (&text, "Usage: cpod-oci [GLOBAL OPTION]... COMMAND [OPTION]... [ID]\n\n"
	              "An OCI runtime: makes containers from bundles. See cpod-oci(1).\n\nCommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		char line[64];

		(void) snprintf (line, sizeof (line), "%s %s", commands[i].name, commands[i].usage);
		cpod_str_printf (&text, "  %-34s %s\n", line, commands[i].what);
	}
	cpod_str_add (&text, "\nGlobal options:\n"
	              "  --root DIR                         where the state of containers is kept\n"
	              "  --log FILE                         errors go there, too\n"
	              "  --log-format text|json\n"
	              "  --cgroup-manager MANAGER           cgroupfs, systemd or disabled\n"
	              "  --systemd-cgroup                   the same as --cgroup-manager systemd\n"
	              "  --debug  --version  --help\n");
	if (cpod_str_failed (&text))
		return cpod_oci_fail (cli, "out of memory");
	return cpod_oci_print (cli, text.data, text.len);
}

/* Prints what one command's line looks like, with its options, and ends the program. */
static void __attribute__ ((noreturn))
command_help (struct cpod_oci_cli *cli, const struct option *options)
{
	cpod_autostr text = CPOD_STR_INIT;
	int status;

	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp (cli->command, commands[i].name) == 0)
			cpod_str_printf (&text, "Usage: cpod-oci [GLOBAL OPTION]... %s %s\n\n%s: %s.\n", commands[i].name,
			                 commands[i].usage, commands[i].name, commands[i].what);
	cpod_str_add (&text, options->name != NULL ? "\nOptions, which cpod-oci(1) explains:\n" : "");
	for (; options->name != NULL; options++)
		cpod_str_printf (&text, "  --%s%s\n", options->name, options->has_arg == required_argument ? " VALUE" : "");
	status = cpod_str_failed (&text) ? cpod_oci_fail (cli, "out of memory") : cpod_oci_print (cli, text.data, text.len);
	exit (status);
}

/* Says that there is no such option, with the nearest one. */
static void
refuse_option (struct cpod_oci_cli *cli, const char *given, const struct option *options)
{
	const char *words[MOST_OPTIONS + 1], *near = NULL;
	size_t n = 0;

	while (n < MOST_OPTIONS && options[n].name != NULL) {
		words[n] = options[n].name;
		n++;
	}
	words[n] = NULL;
	if (strncmp (given, "--", 2) == 0)
		near = cpod_nearest_word (given + 2, words);
	(void) cpod_oci_fail (cli, "%s%sunknown option %s%s%s%s", cli->command ? cli->command : "", cli->command ? ": " : "",
	                      given, near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

int
cpod_oci_option (struct cpod_oci_cli *cli, int argc, char **argv, const char *letters, const struct option *options)
{
	const char *before = cli->command ? cli->command : "", *colon = cli->command ? ": " : "";
	int before_ind = optind, letter;

	opterr = 0;
	letter = getopt_long (argc, argv, letters, options, NULL);
	if (letter == '?' && cli->command && (optopt == 'h' || strcmp (argv[optind - 1], "--help") == 0))
		command_help (cli, options);
	if (letter == ':')
		(void) cpod_oci_fail (cli, "%s%soption %s needs a value", before, colon, argv[optind - 1]);
	else if (letter == '?' && optopt != 0 && optind == before_ind)
		(void) cpod_oci_fail (cli, "%s%sunknown option -%c", before, colon, optopt);
	else if (letter == '?')
		refuse_option (cli, argv[optind - 1], options);
	return letter == ':' ? '?' : letter;
}

const char *
cpod_oci_id (struct cpod_oci_cli *cli, int argc, char **argv)
{
	if (optind + 1 == argc)
		return argv[optind];
	(void) cpod_oci_fail (cli, optind < argc ? "%s: one container id, please" : "%s: the container's id is missing", cli->command);
	return NULL;
}

int64_t
cpod_oci_number (struct cpod_oci_cli *cli, const char *option, const char *text, int64_t max)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll (text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && number <= max)
		return number;
	(void) cpod_oci_fail (cli, "%s: %s: \"%.64s\" is no number from 0 to %lld", cli->command, option, text, (long long) max);
	return -1;
}

static int
set_cgroup_manager (struct cpod_oci_cli *cli, const char *word)
{
	static const char *const words[] = { "cgroupfs", "systemd", "disabled" };

	for (int i = 0; i < 3; i++) {
		if (strcmp (word, words[i]) == 0) {
			cli->context.cgroup_manager = (enum cpod_cgroup_manager) i;
			return 0;
		}
	}
	return cpod_oci_fail (cli, "--cgroup-manager: \"%.64s\" is none of cgroupfs, systemd, disabled", word);
}

static int
set_log_format (struct cpod_oci_cli *cli, const char *word)
{
	cli->log_json = strcmp (word, "json") == 0;
	if (cli->log_json || strcmp (word, "text") == 0)
		return 0;
	return cpod_oci_fail (cli, "--log-format: \"%.64s\" is neither text nor json", word);
}

static int
set_log (struct cpod_oci_cli *cli, const char *path)
{
	cli->log_fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	return cli->log_fd >= 0 ? 0 : cpod_oci_fail (cli, "--log %s: %s", path, strerror (errno));
}

/* Where state is kept unless the caller says so: where a reboot empties. */
static int
set_default_root (struct cpod_oci_cli *cli)
{
	static char path[4096];
	const char *runtime_dir = getenv ("XDG_RUNTIME_DIR");

	if (cli->context.root != NULL)
		return 0;
	if (geteuid () != 0 && (runtime_dir == NULL || runtime_dir[0] != '/'))
		return cpod_oci_fail (cli, "XDG_RUNTIME_DIR is not set: use --root");
	(void) snprintf (path, sizeof (path), "%s/cpod/oci", geteuid () == 0 ? "/run" : runtime_dir);
	cli->context.root = path;
	return 0;
}

/* Reads the options before the command. -1: go on; else the exit status. */
static int
read_globals (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "root", required_argument, NULL, 'r' }, { "log", required_argument, NULL, 'l' },
		{ "log-format", required_argument, NULL, 'f' }, { "debug", no_argument, NULL, 'd' },
		{ "systemd-cgroup", no_argument, NULL, 's' }, { "cgroup-manager", required_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'v' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	int letter, failed = 0;

	while (failed == 0 && (letter = cpod_oci_option (cli, argc, argv, "+:vh", options)) != -1) {
		switch (letter) {
		case 'r': cli->context.root = optarg; break;
		case 'l': failed = set_log (cli, optarg); break;
		case 'f': failed = set_log_format (cli, optarg); break;
		case 'd': cli->debug = true; break;
		case 's': failed = set_cgroup_manager (cli, "systemd"); break;
		case 'c': failed = set_cgroup_manager (cli, optarg); break;
		case 'v': return cpod_oci_print (cli, version, sizeof (version) - 1);
		case 'h': return help (cli);
		default: failed = 1;
		}
	}
	if (failed == 0)
		failed = set_default_root (cli);
	return failed == 0 ? -1 : failed;
}

int
main (int argc, char **argv)
{
	struct cpod_oci_cli cli = { .log_fd = -1 };
	int status;

	if (argc == 2 && strcmp (argv[1], "--version") == 0)
		return cpod_oci_print (&cli, version, sizeof (version) - 1);
	cli.context.warn = cpod_oci_warn;
	cli.context.data = &cli;
	status = read_globals (&cli, argc, argv);
	if (status >= 0)
		return status;
	if (optind == argc)
		return cpod_oci_fail (&cli, "a command is missing; try cpod-oci --help");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp (argv[optind], commands[i].name) != 0)
			continue;
		argc -= optind;
		argv += optind;
		optind = 0;             /* begins anew, also where permutation was off */
		cli.command = commands[i].name;
		cpod_oci_say (&cli, CPOD_OCI_DEBUG, "%s, state in %s", cli.command, cli.context.root);
		return commands[i].run (&cli, argc, argv);
	}
	return cpod_oci_fail (&cli, "unknown command \"%.200s\"; try cpod-oci --help", argv[optind]);
}
