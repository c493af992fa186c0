/* Command line arguments by table.
 *
 * A command's options are a table; the parser fills one value an option. It accepts --name VALUE,
 * --name=VALUE, -n VALUE, -nVALUE, several flags behind one dash, and "--" as the end of the options. It
 * neither prints nor exits: what is wrong comes back as one sentence, with the nearest option where one is
 * near.
 */
#ifndef CPOD_CLI_ARGS_H
#define CPOD_CLI_ARGS_H

#include <cpod/runtime.h>
#include <stdbool.h>

struct cpod_option {
	const char *name;      /* without the dashes; NULL ends the table */
	char letter;           /* 0: none */
	const char *metavar;   /* "PORT"; NULL: a flag */
	const char *help;      /* one line */
};

#define CPOD_MAX_OPTIONS 24

struct cpod_command;
struct cpod_args {
	const struct cpod_command *command;
	const char *values[CPOD_MAX_OPTIONS];   /* by place in the table; NULL: not given; a flag: "" */
	char **operands;                        /* NULL-terminated, pointing into argv */
	int n_operands;
	bool help;                              /* --help was given; nothing else was checked */
};

/* Parses argc arguments that follow the command's name. argv (argc + 1 entries, the last NULL) is reordered:
 * operands come to its end. -EINVAL with a sentence. */
int cpod_args_parse (const struct cpod_command *command, int argc, char **argv, struct cpod_args *ret_args,
                     struct cpod_error *err);

/* A whole decimal number from min to max, nothing around it. -EINVAL, -ERANGE. */
int cpod_args_number (const char *text, long min, long max, long *ret_number);

#endif
