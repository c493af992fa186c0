/* cpod simulate: a pod on a virtual clock; no container is started.
 *
 * The script says what happens, the pod's own state machine says what follows, and each thing is a line:
 * as text, as JSON (one object a line), or drawn as an SVG (simulate-plot.c).
 */
#include "cli.h"

#include "load.h"
#include "simulate-plot.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/json.h"
#include "src/pod/simulate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_SCRIPT, OPTION_UNTIL, OPTION_SHOW, OPTION_JSON, OPTION_PLOT, OPTION_NAME };
enum { SCRIPT_MAX_BYTES = 256 << 20, FLUSH_BYTES = 1 << 20 };
#define MORE_NS UINT64_C (60000000000)     /* how long it goes on after the script's last line */

/* What a run of the simulation writes to. */
struct output {
	const struct cpod_spec *spec;
	struct cpod_str text;
	bool json, shown[CPOD_SIM_N_KINDS];
	struct cpod_plot *plot;                /* NULL: none */
	int status;
};

/* ---- Records ----------------------------------------------------------------------------- */

static void
add_json (struct output *out, const char *time, const char *who, const struct cpod_sim_record *record, const char *words)
{
	cpod_str_printf (&out->text, "{\"at\":%.*s,\"who\":", (int) strlen (time) - 1, time);
	cpod_json_write_string (&out->text, who);
	cpod_str_printf (&out->text, ",\"kind\":\"%s\",\"what\":", cpod_sim_kind_word (record->kind));
	cpod_json_write_string (&out->text, words);
	cpod_str_add (&out->text, "}\n");
}

/* One line for each record that is shown. */
static void
on_record (void *data, const struct cpod_sim_record *record)
{
	struct output *out = data;
	const char *who = record->container == CPOD_MACHINE_POD ? "pod" : out->spec->containers[record->container].name;
	char words[CPOD_SIM_WORDS], time[CPOD_SIM_WORDS];

	if (out->plot != NULL)
		cpod_plot_add (out->plot, record);
	if (!out->shown[record->kind] || out->status != CPOD_EXIT_OK)
		return;
	cpod_sim_words (record, words);
	cpod_sim_time (record->at_ns, time);
	if (out->json)
		add_json (out, time, who, record, words);
	else
		cpod_str_printf (&out->text, "%10s  %-12s %s\n", time, who, words);
	if (out->text.len >= FLUSH_BYTES)
		out->status = cpod_print (&out->text);
}

/* ---- Options ----------------------------------------------------------------------------- */

/* "start,exit": what is shown; NULL: everything. */
static int
choose_kinds (struct output *out, const char *list)
{
	for (int kind = 0; kind < CPOD_SIM_N_KINDS; kind++)
		out->shown[kind] = list == NULL;
	while (list != NULL && *list != '\0') {
		const size_t len = strcspn (list, ",");
		bool found = false;

		for (int kind = 0; kind < CPOD_SIM_N_KINDS; kind++) {
			const char *word = cpod_sim_kind_word ((enum cpod_sim_kind) kind);

			if (strlen (word) == len && memcmp (word, list, len) == 0)
				found = out->shown[kind] = true;
		}
		if (!found)
			return cpod_fail (CPOD_EXIT_USAGE, "simulate: nothing is called \"%.*s\" that could be shown", (int) len, list);
		list += len + (list[len] == ',');
	}
	return CPOD_EXIT_OK;
}

/* Reads the script; none is an empty one. */
static int
read_script (const struct cpod_spec *spec, const char *path, struct cpod_sim_script *script)
{
	struct cpod_error err;
	size_t len;
	char *text;
	int ret;

	*script = (struct cpod_sim_script) { 0 };
	if (path == NULL)
		return CPOD_EXIT_OK;
	ret = cpod_file_read (path, SCRIPT_MAX_BYTES, &text, &len, &err);
	if (ret < 0)
		return cpod_fail (ret == -ENOMEM ? CPOD_EXIT_SYSTEM : CPOD_EXIT_USAGE, "%s", err.message);
	ret = cpod_sim_script_parse (script, spec, path, text, len, &err);
	free (text);
	return ret < 0 ? cpod_fail (cpod_exit_for (&err), "%s", err.message) : CPOD_EXIT_OK;
}

/* The script, with what it leaves unsaid of init containers. */
static int
load_script (const struct cpod_spec *spec, const char *path, struct cpod_sim_script *script)
{
	int status = read_script (spec, path, script);
	struct cpod_error err;

	if (status == CPOD_EXIT_OK && cpod_sim_script_end_inits (script, spec, &err) < 0)
		status = cpod_fail (CPOD_EXIT_SYSTEM, "%s", err.message);
	return status;
}

/* When it ends at the latest. */
static int
find_end (const char *until, const struct cpod_sim_script *script, uint64_t *ret_ns)
{
	*ret_ns = (script->n > 0 ? script->items[script->n - 1].at_ns : 0) + MORE_NS;
	if (until != NULL && !cpod_sim_duration (until, ret_ns))
		return cpod_fail (CPOD_EXIT_USAGE, "simulate: --until is a duration like 90s or 2h, not \"%s\"", until);
	return CPOD_EXIT_OK;
}

/* ---- Running ----------------------------------------------------------------------------- */

static int
run (struct output *out, const struct cpod_sim_script *script, uint64_t until_ns, const char *plot_path)
{
	const struct cpod_sim_options options = { .until_ns = until_ns, .record = on_record, .data = out };
	struct cpod_sim_summary summary;
	struct cpod_machine machine;
	struct cpod_error err;
	int ret = cpod_simulate (out->spec, script, &options, &machine, &summary, &err);

	if (ret == 0 && out->plot != NULL)
		ret = cpod_plot_write (out->plot, summary.pod_ended ? summary.end_ns : until_ns, plot_path, &err);
	cpod_machine_finish (&machine);
	if (ret < 0)
		return cpod_fail (CPOD_EXIT_SYSTEM, "%s", err.message);
	return out->status == CPOD_EXIT_OK ? cpod_print (&out->text) : out->status;
}

static int
simulate_spec (struct cpod_spec *spec, const struct cpod_args *args)
{
	struct output out = { .spec = spec, .text = CPOD_STR_INIT, .json = args->values[OPTION_JSON] != NULL };
	struct cpod_sim_script script;
	uint64_t until_ns;
	int status;

	status = choose_kinds (&out, args->values[OPTION_SHOW]);
	if (status == CPOD_EXIT_OK)
		status = load_script (spec, args->values[OPTION_SCRIPT], &script);
	if (status != CPOD_EXIT_OK)
		return status;
	status = find_end (args->values[OPTION_UNTIL], &script, &until_ns);
	if (status == CPOD_EXIT_OK && args->values[OPTION_PLOT] != NULL)
		out.plot = cpod_plot_create (spec);
	if (status == CPOD_EXIT_OK)
		status = run (&out, &script, until_ns, args->values[OPTION_PLOT]);
	cpod_plot_destroy (out.plot);
	cpod_sim_script_finish (&script);
	cpod_str_finish (&out.text);
	return status;
}

static int
simulate (const struct cpod_args *args)
{
	struct cpod_spec *spec;
	int status;

	status = cpod_load_spec (args->operands[0], args->values[OPTION_NAME], false, false, &spec);
	if (status != CPOD_EXIT_OK)
		return status;
	status = simulate_spec (spec, args);
	cpod_spec_destroy (spec);
	return status;
}

static const struct cpod_option options[] = {
	[OPTION_SCRIPT] = { "script", 's', "FILE", "what happens, and when; see cpod-simulate(5)" },
	[OPTION_UNTIL] = { "until", 'u', "TIME", "end then; a minute after the script if not given" },
	[OPTION_SHOW] = { "show", 0, "KIND,...", "only these, such as start,exit,wait,phase" },
	[OPTION_JSON] = { "json", 0, NULL, "one JSON object a line" },
	[OPTION_PLOT] = { "plot", 0, "FILE", "also draw the timeline as an SVG" },
	[OPTION_NAME] = { "name", 'n', "NAME", "the pod's name" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_simulate = {
	.name = "simulate", .usage = "[OPTION]... FILE", .operands = "f", .options = options, .min_args = 1, .max_args = 1,
	.run = simulate,
	.summary = "Show what a pod would do, on a virtual clock",
	.details = "Runs the pod's state machine without a container: starts, ends and results of probes come from the\n"
	           "script, everything else follows, days in milliseconds. Prints time, container and what happens, one\n"
	           "line each. Without a script every init container ends at once with status 0, every other container\n"
	           "runs for ever, and every probe succeeds.\n",
};
