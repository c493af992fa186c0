/* Parses by table; see args.h. Options and operands may be mixed until "--", or until the command's
 * operands_end_options operands were seen (what follows belongs to another program). */
#include "args.h"

#include "cli.h"

#include "src/base/decode.h"
#include "src/base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the parser stands. */
struct scan {
	const struct cpod_command *command;
	char **argv;
	int argc, at;           /* at: the next argument */
	struct cpod_args *args;
};

/* The option called name (len bytes), or -1. */
static int
find_long (const struct cpod_command *command, const char *name, size_t len)
{
	for (int i = 0; command->options[i].name != NULL; i++)
		if (strlen (command->options[i].name) == len
		    && memcmp (command->options[i].name, name, len) == 0)
			return i;
	return -1;
}

/* The option with that letter, or -1. */
static int
find_letter (const struct cpod_command *command, char letter)
{
	for (int i = 0; command->options[i].name != NULL; i++)
		if (command->options[i].letter == letter)
			return i;
	return -1;
}

/* Says that there is no option --name (len bytes), with the nearest one. */
static int
unknown_long (const struct cpod_command *command, const char *name, size_t len, struct cpod_error *err)
{
	const char *words[CPOD_MAX_OPTIONS + 2], *near;
	char text[64];
	int n = 0;

	if (len >= sizeof (text))
		return cpod_error_set (err, EINVAL, "%s: unknown option", command->name);
	memcpy (text, name, len);
	text[len] = '\0';
	while (command->options[n].name != NULL) {
		words[n] = command->options[n].name;
		n++;
	}
	words[n++] = "help";
	words[n] = NULL;
	near = cpod_nearest_word (text, words);
	if (near == NULL)
		return cpod_error_set (err, EINVAL, "%s: unknown option --%s", command->name, text);
	return cpod_error_set (err, EINVAL, "%s: unknown option --%s; did you mean --%s?", command->name,
	                       text, near);
}

/* Stores value for option number i; an option may be given once. */
static int
store (struct scan *scan, int i, const char *value, struct cpod_error *err)
{
	if (scan->args->values[i] != NULL && scan->command->options[i].metavar != NULL)
		return cpod_error_set (err, EINVAL, "%s: --%s is given twice", scan->command->name,
		                       scan->command->options[i].name);
	scan->args->values[i] = value;
	return 0;
}

/* The value of option i: attached, or the next argument. */
static int
store_value (struct scan *scan, int i, const char *attached, struct cpod_error *err)
{
	const struct cpod_option *option = &scan->command->options[i];

	if (attached == NULL) {
		if (scan->at >= scan->argc)
			return cpod_error_set (err, EINVAL, "%s: --%s needs %s", scan->command->name,
			                       option->name, option->metavar);
		attached = scan->argv[scan->at++];
	}
	return store (scan, i, attached, err);
}

/* --name, --name=value; text begins behind the dashes. */
static int
parse_long (struct scan *scan, const char *text, struct cpod_error *err)
{
	const char *equals = strchr (text, '=');
	size_t len = equals != NULL ? (size_t) (equals - text) : strlen (text);
	int i = find_long (scan->command, text, len);

	if (i < 0 && len == 4 && memcmp (text, "help", 4) == 0) {
		scan->args->help = true;
		return 0;
	}
	if (i < 0)
		return unknown_long (scan->command, text, len, err);
	if (scan->command->options[i].metavar != NULL)
		return store_value (scan, i, equals != NULL ? equals + 1 : NULL, err);
	if (equals != NULL)
		return cpod_error_set (err, EINVAL, "%s: --%s takes no value", scan->command->name,
		                       scan->command->options[i].name);
	return store (scan, i, "", err);
}

/* -abc, -pVALUE; text begins behind the dash. */
static int
parse_short (struct scan *scan, const char *text, struct cpod_error *err)
{
	int i, ret;

	for (; *text != '\0'; text++) {
		i = find_letter (scan->command, *text);
		if (i < 0 && *text == 'h') {
			scan->args->help = true;
			continue;
		}
		if (i < 0)
			return cpod_error_set (err, EINVAL, "%s: unknown option -%c", scan->command->name,
			                       *text);
		if (scan->command->options[i].metavar != NULL)
			return store_value (scan, i, text[1] != '\0' ? text + 1 : NULL, err);
		ret = store (scan, i, "", err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Reads every argument, moving operands to the front of argv in their order. */
static int
scan_all (struct scan *scan, struct cpod_error *err)
{
	const int stop = scan->command->operands_end_options;
	bool only_operands = false;
	int n = 0, ret;

	while (scan->at < scan->argc) {
		char *text = scan->argv[scan->at++];

		ret = 0;
		if (!only_operands && strcmp (text, "--") == 0)
			only_operands = true;
		else if (only_operands || text[0] != '-' || text[1] == '\0') {
			scan->argv[n++] = text;
			if (stop > 0 && n >= stop)
				break;
		} else
			ret = text[1] == '-' ? parse_long (scan, text + 2, err)
			                     : parse_short (scan, text + 1, err);
		if (ret < 0)
			return ret;
	}
	if (!only_operands && scan->at < scan->argc && strcmp (scan->argv[scan->at], "--") == 0)
		scan->at++;
	while (scan->at < scan->argc)
		scan->argv[n++] = scan->argv[scan->at++];
	scan->argv[n] = NULL;
	scan->args->n_operands = n;
	return 0;
}

int
cpod_args_parse (const struct cpod_command *command, int argc, char **argv, struct cpod_args *ret_args,
                 struct cpod_error *err)
{
	struct cpod_args args = { .command = command, .operands = argv };
	struct scan scan = { .command = command, .argv = argv, .argc = argc, .args = &args };
	int ret;

	ret = scan_all (&scan, err);
	if (ret < 0)
		return ret;
	if (!args.help && args.n_operands < command->min_args)
		return cpod_error_set (err, EINVAL, "%s: too few arguments; usage: cpod %s %s", command->name,
		                       command->name, command->usage);
	if (!args.help && command->max_args >= 0 && args.n_operands > command->max_args)
		return cpod_error_set (err, EINVAL, "%s: one argument too many: %s", command->name,
		                       args.operands[command->max_args]);
	*ret_args = args;
	return 0;
}

int
cpod_args_number (const char *text, long min, long max, long *ret_number)
{
	char *end;
	long number;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	number = strtol (text, &end, 10);
	if (*end != '\0')
		return -EINVAL;
	if (errno == ERANGE || number < min || number > max)
		return -ERANGE;
	*ret_number = number;
	return 0;
}
