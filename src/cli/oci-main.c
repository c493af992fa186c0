/* cpod-oci: the OCI runtime command. Of the command line that engines call, this version has `run`.
 * Errors are one line on standard error and exit status 1, as callers expect; --version touches
 * nothing else. */

#include "oci/bundle.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char version[] = "cpod-oci " CPOD_VERSION "\nspec: 1.3.0\n";
static const char help[] =
	"Usage: cpod-oci run [--bundle DIR] [--config FILE] [--pid-file FILE] ID\n"
	"       cpod-oci --version | --help\n"
	"\n"
	"Runs the OCI bundle in DIR (the current directory) as a container named ID, waits for it, and\n"
	"exits with its exit status: 128 + N when signal N ended it, 1 when it could not be started.\n";

static int
print (const char *text, size_t len)
{
	return write (STDOUT_FILENO, text, len) < 0 ? 1 : 0;
}

static int
fail (const char *message)
{
	char line[1200];
	int len = snprintf (line, sizeof (line), "cpod-oci: %s\n", message);

	(void) !write (STDERR_FILENO, line, (size_t) len < sizeof (line) ? (size_t) len : sizeof (line) - 1);
	return 1;
}

static void
warn (void *data, const char *message)
{
	char text[1200];

	(void) data;
	(void) snprintf (text, sizeof (text), "warning: %s", message);
	(void) fail (text);
}

static int
run (int argc, char **argv)
{
	static const struct option options[] = {
		{ "bundle", required_argument, NULL, 'b' }, { "config", required_argument, NULL, 'f' },
		{ "pid-file", required_argument, NULL, 'p' }, { NULL, 0, NULL, 0 }
	};
	struct cpod_bundle_options bundle = { .bundle = ".", .warn = warn };
	struct cpod_rt_exit exit = { 0 };
	struct cpod_error err = { 0 };
	int letter;

	while ((letter = getopt_long (argc, argv, "+b:f:", options, NULL)) != -1) {
		if (letter == 'b')
			bundle.bundle = optarg;
		else if (letter == 'f')
			bundle.config = optarg;
		else if (letter == 'p')
			bundle.pid_file = optarg;
		else
			return 1;   /* getopt has said why */
	}
	if (optind + 1 != argc)
		return fail (optind < argc ? "run: one container id, please" : "run: the container's id is missing");
	bundle.id = argv[optind];
	if (cpod_bundle_run (&bundle, &exit, &err) < 0)
		return fail (err.message);
	return exit.code;
}

int
main (int argc, char **argv)
{
	static char name[] = "cpod-oci: run";   /* what getopt begins its sentences with */
	char message[300];

	if (argc >= 2 && strcmp (argv[1], "--version") == 0)
		return print (version, sizeof (version) - 1);
	if (argc >= 2 && (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0))
		return print (help, sizeof (help) - 1);
	if (argc >= 2 && strcmp (argv[1], "run") == 0) {
		argv[1] = name;
		return run (argc - 1, argv + 1);
	}
	if (argc < 2)
		return fail ("a command is missing; try cpod-oci --help");
	(void) snprintf (message, sizeof (message), "unknown command \"%.200s\"; this version has: run", argv[1]);
	return fail (message);
}
