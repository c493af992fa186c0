/* What the commands of cpod-oci share. Each is one function in a file of its own; oci-main.c has their table
 * and the options that stand before a command. Results go to standard output; what went wrong, once and as
 * one line, to standard error and to the log.
 */
#ifndef CPOD_CLI_OCI_H
#define CPOD_CLI_OCI_H

#include "oci/bundle.h"

#include <getopt.h>
#include <stdarg.h>

struct cpod_oci_cli {
	struct cpod_bundle_context context;
	const char *command;            /* "create", or NULL */
	int log_fd;                     /* -1: none */
	bool log_json, debug;
};

/* ---- messages (oci-log.c) ---- */

enum cpod_oci_level { CPOD_OCI_ERROR, CPOD_OCI_WARNING, CPOD_OCI_DEBUG };

/* Says one line. */
void cpod_oci_say (struct cpod_oci_cli *cli, enum cpod_oci_level level, const char *format, ...)
	__attribute__ ((format (printf, 3, 4)));
/* Says an error, and gives the exit status of every error: 1. */
int cpod_oci_fail (struct cpod_oci_cli *cli, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/* For cpod_bundle_context.warn; data: a struct cpod_oci_cli. */
void cpod_oci_warn (void *data, const char *message);
/* Writes text to standard output: 0, or 1 when that fails. */
int cpod_oci_print (struct cpod_oci_cli *cli, const char *text, size_t len);

/* ---- options (oci-main.c) ---- */

/* The next option as getopt_long has it; an unknown one or one without its value is told, and is '?'. letters
 * begins with "+:" or ":". A command's --help is answered here, and ends the program. */
int cpod_oci_option (struct cpod_oci_cli *cli, int argc, char **argv, const char *letters, const struct option *options);
/* The only word that is left, the container's id: NULL, and told, when there is none or more. */
const char *cpod_oci_id (struct cpod_oci_cli *cli, int argc, char **argv);
/* A number from 0 to max: -1, and told. option: its name. */
int64_t cpod_oci_number (struct cpod_oci_cli *cli, const char *option, const char *text, int64_t max);

/* ---- commands: argv[0] is the command's name; the exit status ---- */

int cpod_oci_create (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_run (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_start (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_state (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_kill (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_delete (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_list (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_ps (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_pause (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_resume (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_exec (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_events (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_features (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_spec (struct cpod_oci_cli *cli, int argc, char **argv);
int cpod_oci_update (struct cpod_oci_cli *cli, int argc, char **argv);

#endif
