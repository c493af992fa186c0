/* What every command shares: its description, its exit status, its words.
 *
 * A command is one file with one struct cpod_command, listed in main.c. It gets parsed arguments and
 * returns the exit status of the process. This folder is the only place of the project that prints and
 * exits; results go to standard output, everything said about the work goes to standard error with "cpod: "
 * in front.
 */
#ifndef CPOD_CLI_CLI_H
#define CPOD_CLI_CLI_H

#include "args.h"

#include "src/base/str.h"

#include <cpod/cpod.h>

/* Exit statuses; part of the command's interface. */
enum cpod_exit {
	CPOD_EXIT_OK             = 0,    /* yes, or done */
	CPOD_EXIT_NO             = 1,    /* no: unhealthy, a container failed */
	CPOD_EXIT_USAGE          = 2,    /* usage, or bad input */
	CPOD_EXIT_ABSENT         = 3,    /* no such pod or container */
	CPOD_EXIT_TAKEN          = 4,    /* the name is taken */
	CPOD_EXIT_SYSTEM         = 125,  /* cpod or the system failed */
	CPOD_EXIT_NOT_EXECUTABLE = 126,  /* exec: the program cannot be executed */
	CPOD_EXIT_NOT_FOUND      = 127,  /* exec: there is no such program */
};

struct cpod_command {
	const char *name;
	const char *usage;                  /* what follows the name: "[OPTION]... FILE" */
	const char *summary;                /* one line, no full stop */
	const char *details;                /* paragraphs for the command's own help */
	const char *operands;               /* what each one is, for completion: p a pod, P pods from here on, c a container of
	                                     * that pod, f a file, x somebody else's; NULL: there are none */
	const struct cpod_option *options;  /* ends with a NULL name */
	int min_args, max_args;             /* operands; max -1: any number */
	int operands_end_options;           /* after so many operands everything is an operand; 0: never */
	int (*run) (const struct cpod_args *args);   /* the exit status */
};

extern const struct cpod_command cpod_command_run, cpod_command_ps, cpod_command_status, cpod_command_healthy,
	cpod_command_exec, cpod_command_logs, cpod_command_events, cpod_command_kill, cpod_command_stop, cpod_command_wait,
	cpod_command_rm, cpod_command_check, cpod_command_gc, cpod_command_simulate;

/* Says one line on standard error, "cpod: " in front, in one write. */
void cpod_say (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* What is said goes to fd from now on, which is taken; -1: to nobody. The former one is closed unless it is
 * standard error. */
void cpod_say_to (int fd);
/* Says it and returns status, for `return cpod_fail (...)`. */
int cpod_fail (int status, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/* Writes text to standard output and empties it. CPOD_EXIT_OK, or CPOD_EXIT_SYSTEM after saying why. */
int cpod_print (struct cpod_str *text);
/* The exit status for a spec that could not be loaded, or a pod that could not be made: bad input is 2. */
int cpod_exit_for (const struct cpod_error *err);

#endif
