/* What may come next on a command line. */
#include "src/cli/complete.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct cpod_option run_options[] = {
	{ "name", 'n', "NAME", "the name" },
	{ "wait", 0, "running|started|none", "what for" },
	{ "runtime", 0, "NAME|PATH", "what runs it" },
	{ "script", 0, "FILE", "a file" },
	{ "logs", 'l', NULL, "shown" },
	{ NULL, 0, NULL, NULL },
};
static const struct cpod_option kill_options[] = {
	{ "signal", 's', "SIGNAL", "which" }, { "json", 0, NULL, "" }, { NULL, 0, NULL, NULL },
};
static const struct cpod_command run = { .name = "run", .summary = "Run", .operands = "f", .options = run_options };
static const struct cpod_command rm = { .name = "rm", .summary = "Remove", .operands = "P", .options = kill_options };
static const struct cpod_command kill_command = { .name = "kill", .summary = "Kill", .operands = "pc", .options = kill_options };
static const struct cpod_command exec = {
	.name = "exec", .summary = "Execute", .operands = "pcx", .options = kill_options, .operands_end_options = 2,
};
static const struct cpod_command none = { .name = "gc", .summary = "Collect", .options = kill_options };
static const struct cpod_command *const commands[] = { &run, &rm, &kill_command, &exec, &none, NULL };

static void
pods (void (*each) (void *data, const char *name, const char *what), void *data)
{
	each (data, "web", "runs");
	each (data, "worker", "has ended");
	each (data, "api", "runs");
}

static void
containers (const char *pod, void (*each) (void *data, const char *name, const char *what), void *data)
{
	if (strcmp (pod, "web") != 0)
		return;
	each (data, "main", "runs");
	each (data, "sidecar", "");
}

static const struct cpod_complete_source source = { pods, containers };

/* Asks for the words, of which the last is the one under the cursor; the answers, separated by spaces, without what they
 * are. Static. */
static const char *
ask (const char *const *words)
{
	static char answers[4096];
	struct cpod_str out = CPOD_STR_INIT;
	size_t n = 0, len = 0;
	bool tab = false;

	while (words[n] != NULL)
		n++;
	cpod_complete_words (commands, &source, words, n, &out);
	for (size_t i = 0; i < out.len && len + 1 < sizeof (answers); i++) {
		tab = (tab || out.data[i] == '\t') && out.data[i] != '\n';
		if (!tab)
			answers[len++] = out.data[i] == '\n' ? ' ' : out.data[i];
	}
	answers[len > 0 ? len - 1 : 0] = '\0';
	cpod_str_finish (&out);
	return answers;
}
#define ASK(...) ask ((const char *const []) { __VA_ARGS__, NULL })

static void
test_commands (void **state)
{
	(void) state;
	assert_string_equal (ASK (""), "run rm kill exec gc help --help --version");
	assert_string_equal (ASK ("r"), "run rm");
	assert_string_equal (ASK ("--v"), "--version");
	assert_string_equal (ASK ("x"), "");
	assert_string_equal (ASK ("help", "k"), "kill");
	assert_string_equal (ASK ("nonsense", ""), "");
}

static void
test_descriptions (void **state)
{
	static const char *const words[] = { "w" };
	struct cpod_str out = CPOD_STR_INIT;

	(void) state;
	cpod_complete_words (commands, NULL, words, 1, &out);
	assert_null (out.data);
	cpod_complete_words (commands, NULL, (const char *const []) { "ki" }, 1, &out);
	assert_string_equal (out.data, "kill\tKill\n");
	cpod_complete_words (commands, NULL, words, 0, &out);
	assert_string_equal (out.data, "kill\tKill\n");
	cpod_str_finish (&out);
}

static void
test_options (void **state)
{
	(void) state;
	assert_string_equal (ASK ("run", "-"), "--name --wait --runtime --script --logs --help");
	assert_string_equal (ASK ("run", "--w"), "--wait");
	assert_string_equal (ASK ("run", "file", "--l"), "--logs");
	assert_string_equal (ASK ("run", "--", "--l"), ":file");
}

static void
test_values (void **state)
{
	(void) state;
	assert_string_equal (ASK ("run", "--wait", ""), "running started none");
	assert_string_equal (ASK ("run", "--wait=s"), "--wait=started");
	assert_string_equal (ASK ("run", "--wait=x"), "");
	assert_string_equal (ASK ("run", "--logs=x"), "");
	assert_string_equal (ASK ("run", "--name", ""), "");
	assert_string_equal (ASK ("run", "--runtime", "p"), "production :file");
	assert_string_equal (ASK ("run", "--script", ""), ":file");
	assert_string_equal (ASK ("kill", "-s", "TE"), "TERM");
	assert_string_equal (ASK ("kill", "--signal=HU"), "--signal=HUP");
	assert_string_equal (ASK ("run", "-ln", "w"), "");      /* the name, behind two letters */
}

static void
test_pods (void **state)
{
	(void) state;
	assert_string_equal (ASK ("rm", ""), "web worker api");
	assert_string_equal (ASK ("rm", "web", "w"), "web worker");
	assert_string_equal (ASK ("rm", "--json", "a"), "api");
	assert_string_equal (ASK ("kill", "w"), "web worker");
	assert_string_equal (ASK ("gc", ""), "");
}

static void
test_containers (void **state)
{
	(void) state;
	assert_string_equal (ASK ("kill", "web", ""), "main sidecar");
	assert_string_equal (ASK ("kill", "-s", "TERM", "web", "s"), "sidecar");
	assert_string_equal (ASK ("kill", "api", ""), "");
	assert_string_equal (ASK ("kill", "web", "main", ""), "");
	assert_string_equal (ASK ("exec", "web", "m"), "main");
}

static void
test_programs (void **state)
{
	(void) state;
	assert_string_equal (ASK ("run", ""), ":file");
	assert_string_equal (ASK ("run", "a", ""), "");
	assert_string_equal (ASK ("exec", "web", "main", "--", "l"), ":file");
	assert_string_equal (ASK ("exec", "web", "main", "-"), ":file");
	assert_string_equal (ASK ("exec", "web", "main", "ls", "x", "y", ""), ":file");
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		{ "the first word is a command", test_commands, NULL, NULL, NULL },
		{ "each answer says what it is", test_descriptions, NULL, NULL, NULL },
		{ "options are offered behind a dash, until --", test_options, NULL, NULL, NULL },
		{ "values are offered where they are known", test_values, NULL, NULL, NULL },
		{ "pods are offered by name, also several", test_pods, NULL, NULL, NULL },
		{ "containers are those of the pod before", test_containers, NULL, NULL, NULL },
		{ "files, and another program's words, are left to the shell", test_programs, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
