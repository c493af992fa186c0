/* cpod: the command. Its first argument names what to do; the table below says who does it.
 *
 * --version is answered before anything else: no table is read, no library initialised. Everything here is
 * words; the work is in one file a command. */
#include "cli.h"
#include "complete.h"

#include "src/base/decode.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char version[] = "cpod " CPOD_VERSION "\n";

static const struct cpod_command *const commands[] = {
	&cpod_command_run,
	&cpod_command_ps,
	&cpod_command_status,
	&cpod_command_healthy,
	&cpod_command_exec,
	&cpod_command_logs,
	&cpod_command_events,
	&cpod_command_kill,
	&cpod_command_stop,
	&cpod_command_wait,
	&cpod_command_rm,
	&cpod_command_check,
	&cpod_command_simulate,
	&cpod_command_gc,
	NULL,
};
#define N_COMMANDS (sizeof (commands) / sizeof (commands[0]) - 1)

static const char general_tail[] =
	"\n"
	"`cpod COMMAND --help` describes one command. A pod may be named by any beginning of its\n"
	"name that no other pod shares.\n"
	"\n"
	"Exit status: 0 yes or done; 1 no (unhealthy, a container failed); 2 usage or bad input;\n"
	"3 no such pod or container; 4 the name is taken; 125 cpod or the system failed.\n"
	"\n"
	"Environment: NO_COLOR switches colours off. CPOD_STATE_DIR replaces /run/cpod (as another\n"
	"user: $XDG_RUNTIME_DIR/cpod, else /tmp/cpod-UID) as the place of the running pods' state.\n";

/* Prints the list of commands. */
static int
general_help (void)
{
	cpod_autostr out = CPOD_STR_INIT;

	cpod_str_add (&out, "Usage: cpod COMMAND [OPTION]... [ARGUMENT]...\n"
	                    "Runs pods straight on the Linux kernel: no daemon, no engine.\n\nCommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		cpod_str_printf (&out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	cpod_str_add (&out, "\nOptions:\n"
	                    "  -h, --help     this text\n"
	                    "      --version  the version of cpod\n");
	cpod_str_add (&out, general_tail);
	return cpod_print (&out);
}

/* Adds one option's line of the help: "  -s, --signal SIG   help". */
static void
add_option (struct cpod_str *out, const struct cpod_option *option)
{
	char left[64] = "      --";

	if (option->letter != 0) {
		left[2] = '-';
		left[3] = option->letter;
		left[4] = ',';
	}
	strncat (left, option->name, sizeof (left) - strlen (left) - 1);
	if (option->metavar != NULL) {
		strncat (left, " ", sizeof (left) - strlen (left) - 1);
		strncat (left, option->metavar, sizeof (left) - strlen (left) - 1);
	}
	cpod_str_printf (out, "%-29s %s\n", left, option->help);
}

/* Prints the help of one command. */
static int
command_help (const struct cpod_command *command)
{
	static const struct cpod_option help = { "help", 'h', NULL, "this text" };
	cpod_autostr out = CPOD_STR_INIT;

	cpod_str_printf (&out, "Usage: cpod %s%s%s\n%s.\n", command->name, command->usage[0] ? " " : "",
	                 command->usage, command->summary);
	if (command->details != NULL)
		cpod_str_printf (&out, "\n%s", command->details);
	cpod_str_add (&out, "\nOptions:\n");
	for (const struct cpod_option *option = command->options; option->name != NULL; option++)
		add_option (&out, option);
	add_option (&out, &help);
	return cpod_print (&out);
}

/* The command called name, or NULL. */
static const struct cpod_command *
find_command (const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp (commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* Says that there is no such command or general option, with the nearest one. */
static int
unknown_word (const char *word)
{
	const char *words[N_COMMANDS + 2], *near;
	size_t n = 0;

	if (word[0] == '-')
		return cpod_fail (CPOD_EXIT_USAGE, "unknown option %s; `cpod --help` lists what there is",
		                  word);
	for (; n < N_COMMANDS; n++)
		words[n] = commands[n]->name;
	words[n++] = "help";
	words[n] = NULL;
	near = cpod_nearest_word (word, words);
	if (near == NULL)
		return cpod_fail (CPOD_EXIT_USAGE, "unknown command %s; `cpod --help` lists what there is",
		                  word);
	return cpod_fail (CPOD_EXIT_USAGE, "unknown command %s; did you mean %s?", word, near);
}

/* cpod help [COMMAND]. */
static int
help (const char *name)
{
	const struct cpod_command *command;

	if (name == NULL)
		return general_help ();
	command = find_command (name);
	return command != NULL ? command_help (command) : unknown_word (name);
}

/* Parses the command's arguments and runs it. */
static int
run_command (const struct cpod_command *command, int argc, char **argv)
{
	struct cpod_args args;
	struct cpod_error err;

	if (cpod_args_parse (command, argc, argv, &args, &err) < 0)
		return cpod_fail (CPOD_EXIT_USAGE, "%s", err.message);
	return args.help ? command_help (command) : command->run (&args);
}

/* Opens /dev/null in the place of a standard descriptor that is closed, so that nothing else gets its
 * number. */
static void
fill_standard_fds (void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl (fd, F_GETFD) < 0)
			(void) open ("/dev/null", O_RDWR);   /* the lowest free number: fd */
}

int
main (int argc, char **argv)
{
	const struct cpod_command *command;

	if (argc == 2 && strcmp (argv[1], "--version") == 0)
		return write (STDOUT_FILENO, version, sizeof (version) - 1) < 0 ? CPOD_EXIT_SYSTEM : 0;
	fill_standard_fds ();
	if (argc < 2)
		return cpod_fail (CPOD_EXIT_USAGE, "no command; `cpod --help` lists what there is");
	if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0)
		return help (NULL);
	if (strcmp (argv[1], "help") == 0)
		return help (argc > 2 ? argv[2] : NULL);
	if (strcmp (argv[1], "__complete") == 0)   /* asked by the shells; see docs/completion */
		return cpod_complete (commands, (const char *const *) argv + 2, (size_t) argc - 2);
	command = find_command (argv[1]);
	return command != NULL ? run_command (command, argc - 2, argv + 2) : unknown_word (argv[1]);
}
