/* Tables of behaviours: each case of a file in tests/data/behaviours is a pod, a script and the timeline that
 * must come of it, written by hand from the rules. All of them run on a virtual clock.
 *
 * A file has cases, separated by empty lines:
 *
 *     case: a liveness failure at its threshold stops the container
 *     pod: {"restartPolicy": "Always", "containers": [{"name": "c", @s, "livenessProbe": {@x}}]}
 *     show: result signal
 *     until: 25s
 *     script:
 *     0 c liveness fails
 *     expect:
 *     0s c liveness failure
 *     ...
 *
 * pod, show and until hold for the cases after it too, until they are said again in a block without a case.
 * @s is "spec": {}, @x is "exec": ["p"]. What happens at one instant is compared without regard to order.
 * With an argument: only cases whose name contains it, and what they came to is printed.
 * Links: libcpod. */
#include "src/pod/simulate.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/str.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MAX_CASES = 1000, MAX_LINES = 400, MAX_TEXT = 16384 };

struct behaviour {
	char *name, *pod, *show, *until, *script, *expect;   /* owned */
	const char *file;
	unsigned int line;
};
static struct behaviour behaviours[MAX_CASES];
static struct CMUnitTest tests[MAX_CASES];
static size_t n_behaviours;

/* ---- Reading ----------------------------------------------------------------------------- */

/* The value behind "KEY: " in line, copied, or NULL. */
static char *
value_of (const char *line, const char *key)
{
	size_t len = strlen (key);

	if (strncmp (line, key, len) != 0 || line[len] != ':')
		return NULL;
	return strdup (line + len + 1 + strspn (line + len + 1, " "));
}

static void
set (char **field, char *value)
{
	free (*field);
	*field = value;
}

/* Appends line and a newline to *text. */
static void
append (char **text, const char *line)
{
	char *longer = NULL;

	if (asprintf (&longer, "%s%s\n", *text ? *text : "", line) < 0)
		abort ();
	set (text, longer);
}

/* Takes one line of a block. section: where lines without a key go. */
static void
take_line (struct behaviour *b, const char *line, char ***section)
{
	static const char *const keys[] = { "case", "pod", "show", "until" };
	char **const fields[] = { &b->name, &b->pod, &b->show, &b->until };

	for (size_t i = 0; i < 4; i++) {
		char *value = value_of (line, keys[i]);

		if (!value)
			continue;
		set (fields[i], value);
		return;
	}
	if (strcmp (line, "script:") == 0)
		*section = &b->script;
	else if (strcmp (line, "expect:") == 0)
		*section = &b->expect;
	else if (*section)
		append (*section, line);
	else
		fail_msg ("%s:%u: %s", b->file, b->line, line);
}

/* Frees what a block that was not kept holds. */
static void
forget (struct behaviour *b)
{
	char **const fields[] = { &b->name, &b->pod, &b->show, &b->until, &b->script, &b->expect };

	for (size_t i = 0; i < 6; i++)
		set (fields[i], NULL);
}

/* The block is complete: a case, or what holds for the cases to come. */
static void
end_block (struct behaviour *defaults, struct behaviour *b)
{
	struct behaviour *kept;

	if (!b->name && !b->pod && !b->show && !b->until)
		return;
	if (!b->name) {
		if (b->pod)
			set (&defaults->pod, strdup (b->pod));
		if (b->show)
			set (&defaults->show, strdup (b->show));
		if (b->until)
			set (&defaults->until, strdup (b->until));
		forget (b);
		return;
	}
	assert_true (n_behaviours < MAX_CASES);
	kept = &behaviours[n_behaviours++];
	*kept = *b;
	kept->pod = kept->pod ? kept->pod : strdup (defaults->pod ? defaults->pod : "");
	kept->show = kept->show ? kept->show : strdup (defaults->show ? defaults->show : "");
	kept->until = kept->until ? kept->until : strdup (defaults->until ? defaults->until : "60s");
	*b = (struct behaviour) { 0 };
}

static void
read_file (const char *path)
{
	struct behaviour defaults = { 0 }, b = { 0 };
	struct cpod_error err = { 0 };
	char *text, *line, *rest, **section = NULL;
	unsigned int number = 0;
	size_t len;

	if (cpod_file_read (path, 1 << 22, &text, &len, &err) < 0)
		fail_msg ("%s", err.message);
	rest = text;
	while ((line = strsep (&rest, "\n")) != NULL) {
		number++;
		if (line[0] == '#')
			continue;
		if (line[0] == '\0') {
			end_block (&defaults, &b);
			section = NULL;
			continue;
		}
		if (!b.name && !section) {
			b.file = path;
			b.line = number;
		}
		take_line (&b, line, &section);
	}
	end_block (&defaults, &b);
	forget (&defaults);
	free (text);
}

/* ---- Running ----------------------------------------------------------------------------- */

struct timeline {
	const struct cpod_spec *spec;
	const char *show;
	struct { uint64_t at_ns; char text[2 * CPOD_SIM_WORDS]; } lines[MAX_LINES];
	size_t n;
};

/* Whether word is one of list's. */
static bool
is_listed (const char *list, const char *word)
{
	size_t len = strlen (word);

	for (const char *at = list; (at = strstr (at, word)) != NULL; at += len)
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static void
on_record (void *data, const struct cpod_sim_record *record)
{
	struct timeline *timeline = data;
	const char *who = record->container == CPOD_MACHINE_POD ? "pod" : timeline->spec->containers[record->container].name;
	char words[CPOD_SIM_WORDS], time[CPOD_SIM_WORDS];

	if (!is_listed (timeline->show, cpod_sim_kind_word (record->kind)) || timeline->n == MAX_LINES)
		return;
	cpod_sim_words (record, words);
	cpod_sim_time (record->at_ns, time);
	timeline->lines[timeline->n].at_ns = record->at_ns;
	snprintf (timeline->lines[timeline->n++].text, sizeof (timeline->lines[0].text), "%.100s %.20s %.120s", time, who, words);
}

static void
expect_line (struct timeline *timeline, const char *line)
{
	char time[CPOD_SIM_WORDS] = "";

	assert_true (timeline->n < MAX_LINES);
	sscanf (line, "%100s", time);
	if (!cpod_sim_duration (time, &timeline->lines[timeline->n].at_ns))
		fail_msg ("no time: %s", line);
	snprintf (timeline->lines[timeline->n++].text, sizeof (timeline->lines[0].text), "%s", line);
}

static int
compare_lines (const void *a, const void *b)
{
	const struct { uint64_t at_ns; char text[2 * CPOD_SIM_WORDS]; } *one = a, *two = b;

	return one->at_ns != two->at_ns ? (one->at_ns > two->at_ns ? 1 : -1) : strcmp (one->text, two->text);
}

/* The timeline as one text, instant by instant. */
static char *
join (struct timeline *timeline)
{
	char *text = strdup ("");

	qsort (timeline->lines, timeline->n, sizeof (timeline->lines[0]), compare_lines);
	for (size_t i = 0; i < timeline->n; i++)
		append (&text, timeline->lines[i].text);
	return text;
}

/* A pod's text with its abbreviations written out. */
static char *
expand (const char *pod)
{
	cpod_autostr text = CPOD_STR_INIT;

	for (; *pod; pod++)
		if (strncmp (pod, "@s", 2) == 0 || strncmp (pod, "@x", 2) == 0)
			cpod_str_add (&text, *++pod == 's' ? "\"spec\":{}" : "\"exec\":[\"p\"]");
		else
			cpod_str_add_char (&text, *pod);
	return cpod_str_steal (&text);
}

/* Runs b's pod and script: what came of it. */
static char *
play (const struct behaviour *b)
{
	static struct timeline timeline;
	struct cpod_sim_options options = { .record = on_record, .data = &timeline };
	struct cpod_sim_summary summary;
	struct cpod_sim_script script;
	struct cpod_machine machine;
	struct cpod_error err = { 0 };
	struct cpod_spec *spec;
	char *pod = expand (b->pod);

	if (cpod_spec_parse ("pod", pod, strlen (pod), NULL, &spec, &err) < 0
	    || cpod_sim_script_parse (&script, spec, "script", b->script ? b->script : "", b->script ? strlen (b->script) : 0, &err) < 0)
		fail_msg ("%s:%u: %s", b->file, b->line, err.message);
	assert_true (cpod_sim_duration (b->until, &options.until_ns));
	timeline.spec = spec;
	timeline.show = b->show;
	timeline.n = 0;
	assert_int_equal (cpod_simulate (spec, &script, &options, &machine, &summary, &err), 0);
	cpod_machine_finish (&machine);
	cpod_sim_script_finish (&script);
	cpod_spec_destroy (spec);
	free (pod);
	return join (&timeline);
}

static void
the_timeline_is_as_expected (void **state)
{
	static struct timeline expected;
	const struct behaviour *b = *state;
	char *copy = strdup (b->expect ? b->expect : ""), *rest = copy, *line, *want, *got;

	expected.n = 0;
	while ((line = strsep (&rest, "\n")) != NULL)
		if (line[0] != '\0')
			expect_line (&expected, line);
	want = join (&expected);
	got = play (b);
	if (strcmp (want, got) != 0)
		fail_msg ("%s:%u: %s\nexpected:\n%sfound:\n%s", b->file, b->line, b->name, want, got);
	free (want);
	free (got);
	free (copy);
}

/* ---- The tables as a whole --------------------------------------------------------------- */

/* No two cases have one name, none is without an expectation or without something to look at. */
static void
no_case_is_idle (void **state)
{
	(void) state;
	assert_true (n_behaviours >= 250);
	for (size_t i = 0; i < n_behaviours; i++) {
		assert_true (behaviours[i].show[0] != '\0');
		for (size_t k = 0; k < i; k++)
			if (strcmp (behaviours[i].name, behaviours[k].name) == 0)
				fail_msg ("two cases are called \"%s\"", behaviours[i].name);
	}
}

static int
by_name (const void *a, const void *b)
{
	return strcmp (*(char *const *) a, *(char *const *) b);
}

static void
read_all (void)
{
	DIR *folder = opendir (BEHAVIOURS);
	static char *paths[64];   /* kept: cases name them */
	size_t n = 0;
	struct dirent *entry;

	while (folder && (entry = readdir (folder)) != NULL && n < 64)
		if (strstr (entry->d_name, ".txt") && asprintf (&paths[n], "%s/%s", BEHAVIOURS, entry->d_name) > 0)
			n++;
	if (folder)
		closedir (folder);
	qsort (paths, n, sizeof (*paths), by_name);
	for (size_t i = 0; i < n; i++)
		read_file (paths[i]);
}

/* For people: what the cases whose names contain words come to. */
static int
show (const char *words)
{
	for (size_t i = 0; i < n_behaviours; i++) {
		if (!strstr (behaviours[i].name, words))
			continue;
		printf ("%s\n%s\n", behaviours[i].name, play (&behaviours[i]));
	}
	return 0;
}

int
main (int argc, char **argv)
{
	size_t n = 0;

	read_all ();
	if (argc > 1)
		return show (argv[1]);
	tests[n++] = (struct CMUnitTest) cmocka_unit_test (no_case_is_idle);
	for (size_t i = 0; i < n_behaviours && n < MAX_CASES; i++)
		tests[n++] = (struct CMUnitTest) {
			.name = behaviours[i].name, .test_func = the_timeline_is_as_expected, .initial_state = &behaviours[i],
		};
	return _cmocka_run_group_tests ("behaviours", tests, n, NULL, NULL);
}
