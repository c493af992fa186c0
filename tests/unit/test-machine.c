/* What holds in every pod, whatever happens: random pods in random worlds of ten thousand events each, and
 * the machine fed with events that make no sense.
 * CPOD_TEST_SEED=N begins at another seed.
 * Links: libcpod. */
#include "src/pod/simulate.h"

#include "src/base/error.h"
#include "src/base/str.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define S UINT64_C (1000000000)
enum { N_WORLDS = 40, N_EVENTS = 10000, MAX_CONTAINERS = 8 };

/* ---- Chance ------------------------------------------------------------------------------ */

static uint64_t seed, chance;

static uint64_t
roll (uint64_t n)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return chance % n;
}

/* One of the words. */
#define PICK(...) pick ((const char *const[]) { __VA_ARGS__ }, sizeof ((const char *const[]) { __VA_ARGS__ }) / sizeof (char *))
static const char *
pick (const char *const *words, size_t n)
{
	return words[roll (n)];
}

static void
add_probe (struct cpod_str *text, const char *type)
{
	cpod_str_printf (text, ",\"%sProbe\":{\"exec\":[\"p\"],\"periodSeconds\":%d,\"timeoutSeconds\":%d,\"failureThreshold\":%d,\"initialDelaySeconds\":%d}",
	                 type, (int) roll (20), (int) roll (5), (int) roll (4), (int) roll (20));
}

static void
add_container (struct cpod_str *text, const char *list, int i, bool init)
{
	bool sidecar = init && roll (2) == 0;

	cpod_str_printf (text, "%s{\"name\":\"%s%d\",\"spec\":{}", i > 0 ? "," : "", list, i);
	if (sidecar)
		cpod_str_add (text, ",\"restartPolicy\":\"Always\"");
	else if (roll (4) == 0)
		cpod_str_printf (text, ",\"restartPolicy\":\"%s\"", PICK ("OnFailure", "Never"));
	if (!init || sidecar) {
		if (roll (2) == 0)
			add_probe (text, "liveness");
		if (roll (2) == 0)
			add_probe (text, "readiness");
		if (roll (3) == 0)
			add_probe (text, "startup");
		if (roll (3) == 0)
			cpod_str_add (text, ",\"lifecycle\":{\"postStart\":{\"exec\":[\"h\"]},\"preStop\":{\"exec\":[\"h\"]}}");
	}
	if (!init && i > 0 && roll (3) == 0)
		cpod_str_printf (text, ",\"dependsOn\":[{\"name\":\"%s%d\",\"condition\":\"%s\"}]", list, (int) roll ((uint64_t) i),
		                 PICK ("started", "healthy", "completed"));
	cpod_str_add (text, "}");
}

static struct cpod_spec *
random_spec (void)
{
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_error err = { 0 };
	struct cpod_spec *spec;
	const char *policy = PICK ("", "Always", "OnFailure", "Never");
	int n;

	cpod_str_add (&text, "{");
	if (policy[0])
		cpod_str_printf (&text, "\"restartPolicy\":\"%s\",", policy);
	if (roll (4) == 0)
		cpod_str_printf (&text, "\"activeDeadlineSeconds\":%d,", (int) roll (100000) + 1);
	cpod_str_printf (&text, "\"terminationGracePeriodSeconds\":%d,\"initContainers\":[", (int) roll (40));
	n = (int) roll (4);
	for (int i = 0; i < n; i++)
		add_container (&text, "i", i, true);
	cpod_str_add (&text, "],\"containers\":[");
	n = 1 + (int) roll (4);
	for (int i = 0; i < n; i++)
		add_container (&text, "c", i, false);
	cpod_str_add (&text, "]}");
	if (cpod_spec_parse ("pod", text.data, text.len, NULL, &spec, &err) < 0)
		fail_msg ("seed %d: %s\n%s", (int) seed, err.message, text.data);
	return spec;
}

/* A step about a container: an end, or another habit. */
static struct cpod_sim_step
random_step (const struct cpod_spec *spec, uint64_t at_ns)
{
	struct cpod_sim_step step = { .at_ns = at_ns, .container = roll (spec->n_containers) };
	const struct cpod_container_spec *c = &spec->containers[step.container];

	step.duration_ns = roll (6) == 0 ? CPOD_MACHINE_NEVER : roll (30) * S / 4;
	step.outcome = (enum cpod_worker_outcome) roll (3);
	step.exit.code = roll (3) == 0 ? 0 : (int) roll (256);
	step.probe = (enum cpod_probe_type) roll (3);
	step.hook = roll (2) ? CPOD_HOOK_POST_START : CPOD_HOOK_PRE_STOP;
	step.verb = (enum cpod_sim_verb) (CPOD_SIM_EXIT + roll (6));
	if ((step.verb == CPOD_SIM_PROBE && !c->probes[step.probe].spec) || step.verb == CPOD_SIM_START)
		step.verb = CPOD_SIM_EXIT;
	if (step.verb == CPOD_SIM_LASTS && step.duration_ns < S)
		step.duration_ns = S;
	return step;
}

/* ---- What must hold ---------------------------------------------------------------------- */

struct watch {
	const struct cpod_spec *spec;
	enum { IDLE, ASKED, RUNNING, OVER } life[MAX_CONTAINERS];
	uint64_t run_ns[MAX_CONTAINERS], n_starts[MAX_CONTAINERS], n_ends[MAX_CONTAINERS];
	int64_t restarts[MAX_CONTAINERS];
	enum cpod_phase phase;
	bool ended;
	uint64_t last_ns, n_records;
};

#define MUST(condition) \
	do { \
		if (!(condition)) \
			fail_msg ("seed %d, at %.3f s, record %d of container %d: %s", (int) seed, (double) record->at_ns / 1e9, \
			          (int) record->kind, (int) record->container, #condition); \
	} while (0)

static void
watch_pod (struct watch *watch, const struct cpod_sim_record *record)
{
	bool terminal = watch->phase == CPOD_PHASE_SUCCEEDED || watch->phase == CPOD_PHASE_FAILED;

	if (record->kind == CPOD_SIM_SAYS_PHASE) {
		MUST (!terminal);
		watch->phase = (enum cpod_phase) record->value;
	}
	if (record->kind == CPOD_SIM_SAYS_END)
		watch->ended = true;
}

static void
watch_container (struct watch *watch, const struct cpod_sim_record *record)
{
	size_t i = record->container;
	const struct cpod_probe_use *probes = watch->spec->containers[i].probes;

	switch (record->kind) {
	case CPOD_SIM_SAYS_START:
		MUST (watch->life[i] == IDLE);                       /* never two incarnations at once */
		MUST (record->value == watch->restarts[i] + (watch->n_starts[i] > 0));
		watch->restarts[i] = record->value;
		watch->life[i] = ASKED;
		watch->n_starts[i]++;
		break;
	case CPOD_SIM_SAYS_RUN:
		MUST (watch->life[i] == ASKED);
		watch->life[i] = RUNNING;
		watch->run_ns[i] = record->at_ns;
		break;
	case CPOD_SIM_SAYS_FAIL:
	case CPOD_SIM_SAYS_EXIT:
		MUST (watch->life[i] == ASKED || watch->life[i] == RUNNING);
		watch->life[i] = IDLE;
		watch->n_ends[i]++;
		break;
	case CPOD_SIM_SAYS_WAIT:
		MUST (record->duration_ns <= 300 * S);
		MUST (record->duration_ns == 0 || record->duration_ns >= 10 * S);
		break;
	case CPOD_SIM_SAYS_OVER:
		MUST (watch->life[i] == IDLE);
		watch->life[i] = OVER;
		break;
	case CPOD_SIM_SAYS_PROBE:
		MUST (watch->life[i] == RUNNING);
		MUST (record->at_ns >= watch->run_ns[i] + probes[record->probe].spec->config.initial_delay_ms * 1000000);
		break;
	case CPOD_SIM_SAYS_SIGNAL:
		MUST (watch->life[i] == ASKED || watch->life[i] == RUNNING);
		break;
	case CPOD_SIM_SAYS_HOOK:
		MUST (watch->life[i] == RUNNING);
		break;
	case CPOD_SIM_SAYS_READY:
		MUST (!record->value || watch->life[i] == RUNNING);
		break;
	default:
		break;
	}
}

static void
on_record (void *data, const struct cpod_sim_record *record)
{
	struct watch *watch = data;

	MUST (record->at_ns >= watch->last_ns);
	watch->last_ns = record->at_ns;
	watch->n_records++;
	if (record->container == CPOD_MACHINE_POD)
		watch_pod (watch, record);
	else
		watch_container (watch, record);
}

/* The machine's counts are those that counting gives. */
static void
check_counts (const struct cpod_machine *m)
{
	size_t over = 0, main_over = 0, alive = 0, waiting = 0, unhealthy = 0, ready = 0, turn = 0, sidecars = 0, fresh = 0;

	for (size_t i = 0; i < m->n_containers; i++) {
		const struct cpod_machine_container *c = &m->containers[i];
		bool is_main = !c->spec->init;

		over += c->life == CPOD_LIFE_OVER;
		main_over += is_main && c->life == CPOD_LIFE_OVER;
		alive += is_main && (c->life == CPOD_LIFE_STARTING || c->life == CPOD_LIFE_RUNNING);
		waiting += is_main && c->life == CPOD_LIFE_WAITING;
		fresh += is_main && !c->ran && c->life != CPOD_LIFE_OVER;
		unhealthy += is_main && !cpod_state_healthy (c->state);
		ready += c->ready && (is_main || c->spec->sidecar);
		turn += c->ending == CPOD_ENDING_TURN;
		sidecars += c->spec->sidecar && c->life != CPOD_LIFE_OVER;
		if (c->ready && (!c->started || c->life != CPOD_LIFE_RUNNING))
			fail_msg ("seed %d: container %d is ready and does not run", (int) seed, (int) i);
	}
	if (over != m->n_over || main_over != m->n_main_over || alive != m->n_main_alive || waiting != m->n_main_waiting
	    || unhealthy != m->n_unhealthy || ready != m->n_ready || turn != m->n_turn || sidecars != m->n_sidecars_left
	    || fresh != m->n_main_new)
		fail_msg ("seed %d: a count is wrong", (int) seed);
}

/* ---- Random worlds ----------------------------------------------------------------------- */

/* A script of n steps and, at its end, a stop. */
static void
random_script (struct cpod_sim_script *script, const struct cpod_spec *spec, size_t n)
{
	uint64_t at_ns = 0;

	script->items = calloc (n + 1, sizeof (*script->items));
	assert_non_null (script->items);
	for (script->n = 0; script->n < n; script->n++) {
		at_ns += roll (10) == 0 ? roll (1000) * S : roll (20) * S / 4;
		script->items[script->n] = random_step (spec, at_ns);
	}
	script->items[script->n++] = (struct cpod_sim_step) {
		.at_ns = at_ns + S, .verb = CPOD_SIM_STOP, .container = spec->n_containers, .duration_ns = CPOD_MACHINE_NEVER,
	};
}

static void
what_must_hold_holds_in_every_world (void **state)
{
	uint64_t total = 0, records = 0;

	(void) state;
	for (int world = 0; world < N_WORLDS; world++, seed++) {
		struct watch watch = { .phase = CPOD_PHASE_PENDING };
		struct cpod_sim_options options = { .until_ns = UINT64_MAX / 4, .record = on_record, .data = &watch };
		struct cpod_sim_summary summary;
		struct cpod_sim_script script = { 0 };
		struct cpod_machine machine;
		struct cpod_spec *spec;

		chance = (seed + 1) * UINT64_C (0x9e3779b97f4a7c15);
		spec = random_spec ();
		random_script (&script, spec, N_EVENTS);
		watch.spec = spec;
		assert_int_equal (cpod_simulate (spec, &script, &options, &machine, &summary, NULL), 0);
		check_counts (&machine);
		/* A stop ends every pod, and every start has had its end. */
		if (!summary.pod_ended || !watch.ended)
			fail_msg ("seed %d: the pod has not ended", (int) seed);
		for (size_t i = 0; i < spec->n_containers; i++)
			if (watch.n_starts[i] != watch.n_ends[i] || watch.life[i] != OVER)
				fail_msg ("seed %d: container %d: a start without an end", (int) seed, (int) i);
		if (watch.phase != CPOD_PHASE_SUCCEEDED && watch.phase != CPOD_PHASE_FAILED)
			fail_msg ("seed %d: the phase is not terminal", (int) seed);
		total += summary.n_events;
		records += watch.n_records;
		cpod_machine_finish (&machine);
		cpod_sim_script_finish (&script);
		cpod_spec_destroy (spec);
	}
	/* Worlds that end at once would prove nothing. */
	assert_true (total > N_WORLDS * 1000 && records > total);
}

/* ---- Nonsense ---------------------------------------------------------------------------- */

static struct cpod_machine_event
random_event (const struct cpod_machine *m)
{
	struct cpod_machine_event event = {
		.type = (enum cpod_machine_event_type) (CPOD_ON_STARTED + roll (CPOD_N_MACHINE_EVENTS - 1)),
		.container = roll (m->n_containers), .number = roll (50), .outcome = (enum cpod_worker_outcome) roll (3),
		.ok = roll (2), .exit = { .code = (int) roll (3) }, .grace_ns = roll (20) * S,
	};

	if (event.type == CPOD_ON_TIME && roll (5) == 0)
		event.container = CPOD_MACHINE_POD;
	if (event.type == CPOD_ON_STOP && roll (400) != 0)
		event.type = CPOD_ON_TIME;
	while (event.type == CPOD_ON_ATTEMPT && !m->containers[event.container].workers[event.probe]) {
		if (event.probe == CPOD_PROBE_STARTUP)
			event.type = CPOD_ON_TIME;
		else
			event.probe++;
	}
	return event;
}

static void
events_that_make_no_sense_break_nothing (void **state)
{
	(void) state;
	for (int world = 0; world < N_WORLDS; world++, seed++) {
		struct cpod_actions actions = { 0 };
		struct cpod_machine machine;
		struct cpod_spec *spec;
		uint64_t now_ns = S;

		chance = (seed + 1) * UINT64_C (0x9e3779b97f4a7c15);
		spec = random_spec ();
		assert_int_equal (cpod_machine_init (&machine, spec, NULL), 0);
		cpod_machine_step (&machine, &(struct cpod_machine_event) { .type = CPOD_ON_BEGIN }, now_ns, &actions);
		for (int i = 0; i < N_EVENTS; i++) {
			enum cpod_phase before = cpod_machine_phase (&machine);
			struct cpod_machine_event event = random_event (&machine);

			now_ns += roll (3) == 0 ? roll (20) * S : 0;
			actions.n = 0;
			cpod_machine_step (&machine, &event, now_ns, &actions);
			check_counts (&machine);
			if ((before == CPOD_PHASE_SUCCEEDED || before == CPOD_PHASE_FAILED) && cpod_machine_phase (&machine) != before)
				fail_msg ("seed %d: a terminal phase changed", (int) seed);
			for (size_t k = 0; k < actions.n; k++)
				(void) cpod_machine_wants (&machine, &actions.items[k]);
		}
		cpod_actions_finish (&actions);
		cpod_machine_finish (&machine);
		cpod_spec_destroy (spec);
	}
}

/* ---- Scripts ----------------------------------------------------------------------------- */

static const char pod[] = "{\"restartPolicy\":\"Always\",\"containers\":[{\"name\":\"c\",\"spec\":{},\"livenessProbe\":{\"exec\":[\"p\"]}}]}";

static void
a_script_that_says_nothing_sensible_is_refused_with_its_line (void **state)
{
	static const struct { const char *text, *message; } cases[] = {
		{ "0 c exit 1\n\n5x c exit 1\n", "s:3: a time is like 0, 1m30s, 250ms or +10s, not \"5x\"" },
		{ "5s c exit 1\n4s c exit 1\n", "s:2: times do not go back: \"4s\"" },
		{ "5s d exit 1\n", "s:1: there is no container \"d\"" },
		{ "5s c explode\n", "s:1: nothing that can happen to it: \"explode\"" },
		{ "5s c stop\n", "s:1: nothing that can happen to it: \"stop\"" },
		{ "5s pod exit 1\n", "s:1: nothing that can happen to it: \"exit\"" },
		{ "5s c\n", "s:1: expected TIME WHO WHAT" },
		{ "5s c exit\n", "s:1: exit needs a status or the name of a signal" },
		{ "5s c exit 256\n", "s:1: exit needs a status (0 to 255), the name of a signal or OOM, not \"256\"" },
		{ "5s c exit 1 2\n", "s:1: one word too many: \"2\"" },
		{ "5s c lasts 5s\n", "s:1: expected DURATION exit STATUS" },
		{ "5s c liveness wins\n", "s:1: expected succeeds, fails, errors or hangs, not \"wins\"" },
		{ "5s c liveness fails soon\n", "s:1: a duration is like 250ms, 1m30s or 2d, not \"soon\"" },
		{ "5s c readiness fails\n", "s:1: the container has no such probe: \"readiness\"" },
		{ "5s c preStop fails\n", "s:1: the container has no such hook: \"preStop\"" },
		{ "[{\"at\": 5, \"who\": \"c\"}]", "s:1: expected {\"at\": TIME, \"who\": NAME, \"do\": WHAT}" },
		{ "[\n{\"at\": true, \"who\": \"c\", \"do\": \"exit 1\"}]", "s:2: expected {\"at\": TIME, \"who\": NAME, \"do\": WHAT}" },
	};
	struct cpod_error err = { 0 };
	struct cpod_sim_script script;
	struct cpod_spec *spec;

	(void) state;
	assert_int_equal (cpod_spec_parse ("pod", pod, strlen (pod), NULL, &spec, &err), 0);
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		assert_true (cpod_sim_script_parse (&script, spec, "s", cases[i].text, strlen (cases[i].text), &err) < 0);
		assert_string_equal (err.message, cases[i].message);
	}
	cpod_spec_destroy (spec);
}

static void
a_script_means_the_same_as_text_and_as_json (void **state)
{
	static const char text[] = "# a comment\n0 c lasts 1h30m exit 3   # its habit\n2.5 c liveness hangs\n+250ms pod stop 5s\n";
	static const char json[] = "[{\"at\": 0, \"who\": \"c\", \"do\": \"lasts 90m exit 3\"}, {\"at\": \"2500ms\", \"who\": \"c\", \"do\": \"liveness hangs\"},\n"
		"{\"at\": 2.75, \"who\": \"pod\", \"do\": \"stop 5000ms\"}]";
	struct cpod_sim_script one, two;
	struct cpod_error err = { 0 };
	struct cpod_spec *spec;

	(void) state;
	assert_int_equal (cpod_spec_parse ("pod", pod, strlen (pod), NULL, &spec, &err), 0);
	if (cpod_sim_script_parse (&one, spec, "s", text, strlen (text), &err) < 0
	    || cpod_sim_script_parse (&two, spec, "s", json, strlen (json), &err) < 0)
		fail_msg ("%s", err.message);
	assert_int_equal (one.n, 3);
	assert_int_equal (two.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true (one.items[i].at_ns == two.items[i].at_ns);
		assert_true (one.items[i].duration_ns == two.items[i].duration_ns);
		assert_int_equal (one.items[i].verb, two.items[i].verb);
	}
	assert_true (one.items[0].duration_ns == 5400 * S);
	assert_true (one.items[2].at_ns == 2750 * (S / 1000));
	cpod_sim_script_finish (&one);
	cpod_sim_script_finish (&two);
	cpod_spec_destroy (spec);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (what_must_hold_holds_in_every_world),
		cmocka_unit_test (events_that_make_no_sense_break_nothing),
		cmocka_unit_test (a_script_that_says_nothing_sensible_is_refused_with_its_line),
		cmocka_unit_test (a_script_means_the_same_as_text_and_as_json),
	};

	if (getenv ("CPOD_TEST_SEED"))
		seed = strtoull (getenv ("CPOD_TEST_SEED"), NULL, 10);
	return cmocka_run_group_tests (tests, NULL, NULL);
}
