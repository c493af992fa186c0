/* Scripts: what happens in the world of a simulation, and when.
 *
 *     # time  who   what
 *     0       web   lasts 5s exit 1        every run ends so
 *     10s     web   liveness fails         from now on
 *     +30s    pod   stop                   30 s after the line before
 *
 * As JSON: [{"at": "10s", "who": "web", "do": "liveness fails"}, ...], "at" also as a number of seconds.
 * Words are taken one after the other by the table of verbs below; times never go back.
 */
#include "simulate.h"

#include "src/base/arena.h"
#include "src/base/error.h"
#include "src/base/json.h"
#include "src/base/signals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER CPOD_MACHINE_NEVER
#define WORDS_MAX 8
#define LINE_BYTES 512
#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))

/* One line, taken apart. */
struct line {
	const char *name;                    /* of the script */
	unsigned int number;
	const struct cpod_spec *spec;
	char text[LINE_BYTES];
	char *words[WORDS_MAX];
	size_t n, at;                        /* words; the one to be read next */
	struct cpod_error *err;
};

static int
refuse (const struct line *line, const char *what, const char *word)
{
	return cpod_error_set (line->err, EINVAL, "%s:%u: %s%s%.60s%s", line->name, line->number, what, word ? " \"" : "",
	                       word ? word : "", word ? "\"" : "");
}

/* The next word, or NULL. */
static const char *
next_word (struct line *line)
{
	return line->at < line->n ? line->words[line->at++] : NULL;
}

/* ---- Values ------------------------------------------------------------------------------ */

bool
cpod_sim_duration (const char *text, uint64_t *ret_ns)
{
	static const struct { const char *unit; double ns; } units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 }, { "d", 86400e9 }, { "", 1e9 },
	};
	double total = 0, number;
	size_t i, len;
	char *end;

	if (*text == '\0')
		return false;
	while (*text) {
		if (*text < '0' || *text > '9')
			return false;
		number = strtod (text, &end);
		len = strcspn (end, "0123456789");
		for (i = 0; i < N_ELEMENTS (units); i++)
			if (strlen (units[i].unit) == len && strncmp (end, units[i].unit, len) == 0)
				break;
		if (i == N_ELEMENTS (units))
			return false;
		total += number * units[i].ns;
		text = end + len;
	}
	if (total > 1e18)
		return false;
	*ret_ns = (uint64_t) (total + 0.5);
	return true;
}

/* A duration, or default_ns when no word is left. */
static int
read_duration (struct line *line, uint64_t default_ns, uint64_t *ret_ns)
{
	const char *word = next_word (line);

	*ret_ns = default_ns;
	if (word && !cpod_sim_duration (word, ret_ns))
		return refuse (line, "a duration is like 250ms, 1m30s or 2d, not", word);
	return 0;
}

/* "exit" before it was read: 0..255, or the name of a signal, or OOM. */
static int
read_exit (struct line *line, struct cpod_rt_exit *ret_exit)
{
	const char *word = next_word (line);
	int signal;

	*ret_exit = (struct cpod_rt_exit) { 0 };
	if (!word)
		return refuse (line, "exit needs a status or the name of a signal", NULL);
	if (strspn (word, "0123456789") == strlen (word) && strlen (word) <= 3 && atoi (word) <= 255) {
		ret_exit->code = atoi (word);
		return 0;
	}
	if (strcmp (word, "OOM") == 0)
		ret_exit->flags = CPOD_RT_EXIT_OOM;
	signal = ret_exit->flags ? 9 : cpod_signal_parse (word);
	if (signal < 0)
		return refuse (line, "exit needs a status (0 to 255), the name of a signal or OOM, not", word);
	ret_exit->code = 128 + signal;
	ret_exit->signal = signal;
	return 0;
}

/* "DURATION exit STATUS". */
static int
read_end (struct line *line, struct cpod_sim_step *step)
{
	const char *word;
	int ret = read_duration (line, NEVER, &step->duration_ns);

	if (ret < 0)
		return ret;
	word = next_word (line);
	if (step->duration_ns == NEVER || !word || strcmp (word, "exit") != 0)
		return refuse (line, "expected DURATION exit STATUS", NULL);
	return read_exit (line, &step->exit);
}

/* "succeeds", "fails", "errors", each with how long it takes; "hangs". */
static int
read_habit (struct line *line, struct cpod_sim_step *step)
{
	static const struct { const char *word; enum cpod_worker_outcome outcome; } outcomes[] = {
		{ "succeeds", CPOD_OUTCOME_SUCCESS }, { "fails", CPOD_OUTCOME_FAILURE }, { "errors", CPOD_OUTCOME_ERROR },
	};
	const char *word = next_word (line);

	if (word && strcmp (word, "hangs") == 0) {
		step->duration_ns = NEVER;
		return 0;
	}
	for (size_t i = 0; word && i < N_ELEMENTS (outcomes); i++)
		if (strcmp (word, outcomes[i].word) == 0) {
			step->outcome = outcomes[i].outcome;
			return read_duration (line, 0, &step->duration_ns);
		}
	return refuse (line, "expected succeeds, fails, errors or hangs, not", word ? word : "");
}

/* ---- Verbs ------------------------------------------------------------------------------- */

static int
read_stop (struct line *line, struct cpod_sim_step *step)
{
	return read_duration (line, NEVER, &step->duration_ns);
}

static int
read_nothing (struct line *line, struct cpod_sim_step *step)
{
	(void) line;
	(void) step;
	return 0;
}

static int
read_exit_verb (struct line *line, struct cpod_sim_step *step)
{
	return read_exit (line, &step->exit);
}

/* "lasts DURATION exit STATUS", "lasts forever". */
static int
read_lasts (struct line *line, struct cpod_sim_step *step)
{
	step->duration_ns = NEVER;
	if (line->at < line->n && strcmp (line->words[line->at], "forever") == 0) {
		line->at++;
		return 0;
	}
	return read_end (line, step);
}

static int
read_ignores (struct line *line, struct cpod_sim_step *step)
{
	(void) line;
	step->duration_ns = NEVER;
	return 0;
}

static int
read_probe (struct line *line, struct cpod_sim_step *step)
{
	static const char *const words[] = { "liveness", "readiness", "startup" };

	while (strcmp (line->words[line->at - 1], words[step->probe]) != 0)
		step->probe++;
	if (!line->spec->containers[step->container].probes[step->probe].spec)
		return refuse (line, "the container has no such probe:", words[step->probe]);
	return read_habit (line, step);
}

static int
read_hook (struct line *line, struct cpod_sim_step *step)
{
	const struct cpod_container_spec *c = &line->spec->containers[step->container];
	bool post = strcmp (line->words[line->at - 1], "postStart") == 0;

	step->hook = post ? CPOD_HOOK_POST_START : CPOD_HOOK_PRE_STOP;
	if (!(post ? c->post_start.spec : c->pre_stop.spec))
		return refuse (line, "the container has no such hook:", post ? "postStart" : "preStop");
	return read_habit (line, step);
}

static const struct {
	const char *word;
	bool pod;
	enum cpod_sim_verb verb;
	int (*read) (struct line *line, struct cpod_sim_step *step);
} verbs[] = {
	{ "stop", true, CPOD_SIM_STOP, read_stop },
	{ "end", true, CPOD_SIM_END, read_nothing },
	{ "exit", false, CPOD_SIM_EXIT, read_exit_verb },
	{ "lasts", false, CPOD_SIM_LASTS, read_lasts },
	{ "start", false, CPOD_SIM_START, read_habit },
	{ "liveness", false, CPOD_SIM_PROBE, read_probe },
	{ "readiness", false, CPOD_SIM_PROBE, read_probe },
	{ "startup", false, CPOD_SIM_PROBE, read_probe },
	{ "postStart", false, CPOD_SIM_HOOK, read_hook },
	{ "preStop", false, CPOD_SIM_HOOK, read_hook },
	{ "stops", false, CPOD_SIM_ON_STOP, read_end },
	{ "ignores", false, CPOD_SIM_ON_STOP, read_ignores },
};

/* WHO, then the verb and what belongs to it. */
static int
read_action (struct line *line, struct cpod_sim_step *step)
{
	const char *who = next_word (line), *verb = next_word (line);
	size_t i;
	int ret;

	if (!who || !verb)
		return refuse (line, "expected TIME WHO WHAT", NULL);
	for (step->container = 0; step->container < line->spec->n_containers; step->container++)
		if (strcmp (line->spec->containers[step->container].name, who) == 0)
			break;
	if (step->container == line->spec->n_containers && strcmp (who, "pod") != 0)
		return refuse (line, "there is no container", who);
	for (i = 0; i < N_ELEMENTS (verbs); i++)
		if (strcmp (verbs[i].word, verb) == 0 && verbs[i].pod == (step->container == line->spec->n_containers))
			break;
	if (i == N_ELEMENTS (verbs))
		return refuse (line, "nothing that can happen to it:", verb);
	step->verb = verbs[i].verb;
	ret = verbs[i].read (line, step);
	return ret == 0 && line->at < line->n ? refuse (line, "one word too many:", line->words[line->at]) : ret;
}

/* ---- Lines ------------------------------------------------------------------------------- */

static int
append (struct cpod_sim_script *script, const struct cpod_sim_step *step, struct cpod_error *err)
{
	size_t capacity = script->capacity ? script->capacity * 2 : 64;
	struct cpod_sim_step *items = script->items;

	if (script->n == script->capacity) {
		items = realloc (script->items, capacity * sizeof (*items));
		if (!items)
			return cpod_error_oom (err);
		script->items = items;
		script->capacity = capacity;
	}
	items[script->n++] = *step;
	return 0;
}

/* Cuts line->text into words; a word that begins with # ends it. */
static int
split (struct line *line)
{
	char *save = NULL;

	line->n = line->at = 0;
	for (char *word = strtok_r (line->text, " \t\r", &save); word && word[0] != '#'; word = strtok_r (NULL, " \t\r", &save)) {
		if (line->n == WORDS_MAX)
			return refuse (line, "too many words", NULL);
		line->words[line->n++] = word;
	}
	return 0;
}

/* The line's words as a step at the end of script. time: "10s", or "+10s" after the step before. */
static int
add_step (struct cpod_sim_script *script, struct line *line, const char *time)
{
	uint64_t last_ns = script->n > 0 ? script->items[script->n - 1].at_ns : 0;
	struct cpod_sim_step step = { 0 };
	bool relative = time[0] == '+';
	int ret;

	if (!cpod_sim_duration (time + relative, &step.at_ns))
		return refuse (line, "a time is like 0, 1m30s, 250ms or +10s, not", time);
	step.at_ns += relative ? last_ns : 0;
	if (step.at_ns < last_ns)
		return refuse (line, "times do not go back:", time);
	ret = read_action (line, &step);
	return ret == 0 ? append (script, &step, line->err) : ret;
}

static int
parse_text (struct cpod_sim_script *script, struct line *line, const char *text, size_t len)
{
	const char *end = text + len;
	int ret = 0;

	for (line->number = 1; text < end && ret == 0; line->number++) {
		const char *newline = memchr (text, '\n', (size_t) (end - text));
		size_t n = newline ? (size_t) (newline - text) : (size_t) (end - text);

		if (n >= LINE_BYTES || memchr (text, '\0', n))
			return refuse (line, "too long, or not text", NULL);
		memcpy (line->text, text, n);
		line->text[n] = '\0';
		text += n + 1;
		ret = split (line);
		if (ret == 0 && line->n > 0)
			ret = add_step (script, line, next_word (line));
	}
	return ret;
}

/* {"at": ..., "who": ..., "do": ...} */
static int
add_object (struct cpod_sim_script *script, struct line *line, const struct cpod_json *item)
{
	const struct cpod_json *at, *who, *what;
	char time[64];
	int ret;

	line->number = item->line;
	if (item->type != CPOD_JSON_OBJECT)
		return refuse (line, "expected {\"at\": TIME, \"who\": NAME, \"do\": WHAT}", NULL);
	at = cpod_json_get (item, "at");
	who = cpod_json_get (item, "who");
	what = cpod_json_get (item, "do");
	if (!at || !who || !what || item->count != 3 || who->type != CPOD_JSON_STRING || what->type != CPOD_JSON_STRING
	    || (at->type != CPOD_JSON_STRING && at->type != CPOD_JSON_NUMBER))
		return refuse (line, "expected {\"at\": TIME, \"who\": NAME, \"do\": WHAT}", NULL);
	snprintf (time, sizeof (time), "%.60s", at->text);
	if ((size_t) snprintf (line->text, LINE_BYTES, "%s %s", who->text, what->text) >= LINE_BYTES)
		return refuse (line, "too long, or not text", NULL);
	ret = split (line);
	return ret == 0 ? add_step (script, line, time) : ret;
}

static int
parse_json (struct cpod_sim_script *script, struct line *line, const char *text, size_t len)
{
	struct cpod_arena arena;
	struct cpod_json *root;
	int ret;

	cpod_arena_init (&arena, 0);
	ret = cpod_json_parse (line->name, text, len, 0, &arena, &root, line->err);
	for (const struct cpod_json *item = ret == 0 ? root->first : NULL; item && ret == 0; item = item->next)
		ret = add_object (script, line, item);
	cpod_arena_finish (&arena);
	return ret;
}

int
cpod_sim_script_parse (struct cpod_sim_script *script, const struct cpod_spec *spec, const char *name,
                       const char *text, size_t len, struct cpod_error *err)
{
	struct line line = { .name = name, .spec = spec, .err = err };
	size_t blank = 0;
	int ret;

	*script = (struct cpod_sim_script) { 0 };
	while (blank < len && text[blank] != '\0' && strchr (" \t\r\n", text[blank]))
		blank++;
	ret = blank < len && text[blank] == '[' ? parse_json (script, &line, text, len) : parse_text (script, &line, text, len);
	if (ret < 0)
		cpod_sim_script_finish (script);
	return ret;
}

/* true if a step says how or when a run of the container ends. */
static bool
tells_end (const struct cpod_sim_script *script, size_t container)
{
	for (size_t i = 0; i < script->n; i++)
		if ((script->items[i].verb == CPOD_SIM_EXIT || script->items[i].verb == CPOD_SIM_LASTS)
		    && script->items[i].container == container)
			return true;
	return false;
}

int
cpod_sim_script_end_inits (struct cpod_sim_script *script, const struct cpod_spec *spec, struct cpod_error *err)
{
	struct cpod_sim_step *items = calloc (script->n + spec->n_init + 1, sizeof (*items));
	size_t n = 0;

	if (!items)
		return cpod_error_oom (err);
	for (size_t i = 0; i < spec->n_init; i++)
		if (!spec->containers[i].sidecar && !tells_end (script, i))
			items[n++] = (struct cpod_sim_step) { .verb = CPOD_SIM_LASTS, .container = i };
	for (size_t i = 0; i < script->n; i++)
		items[n + i] = script->items[i];
	free (script->items);
	*script = (struct cpod_sim_script) { .items = items, .n = n + script->n, .capacity = n + script->n };
	return 0;
}

void
cpod_sim_script_finish (struct cpod_sim_script *script)
{
	free (script->items);
	*script = (struct cpod_sim_script) { 0 };
}
