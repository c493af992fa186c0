/* The controller over a runtime on paper: order, failures, thresholds, stops, and nothing left behind.
 * Links: tests/lib/fake-runtime.c, libcpod. */
#include "src/pod/pod.h"
#include "tests/lib/fake-runtime.h"

#include "src/base/error.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- A pod under test -------------------------------------------------------------------- */

static struct cpod_pod *pod;
static char events[8192];
static void (*on_event) (const struct cpod_event *event);

/* Writes events as words: "+main" started, "main=1" state, "-main" exited, "main!text" error, "healthy=0", "ended=1". */
static void
record (void *data, const struct cpod_event *event)
{
	size_t len = strlen (events);
	char *at = events + len;
	size_t room = sizeof (events) - len;

	(void) data;
	assert_int_equal (event->size, sizeof (*event));
	switch (event->type) {
	case CPOD_EVENT_STARTED: snprintf (at, room, "+%s;", event->container); break;
	case CPOD_EVENT_STATE: snprintf (at, room, "%s=%d;", event->container, (int) event->state); break;
	case CPOD_EVENT_EXITED: snprintf (at, room, "-%s;", event->container); break;
	case CPOD_EVENT_ERROR: snprintf (at, room, "%s!%s;", event->container, event->message); break;
	case CPOD_EVENT_HEALTHY: snprintf (at, room, "healthy=%u;", event->value); break;
	case CPOD_EVENT_ENDED: snprintf (at, room, "ended=%u;", event->value); break;
	}
	if (on_event)
		on_event (event);
}

/* Makes seconds milliseconds, so that no test waits. */
static void
speed_up (const struct cpod_spec *spec)
{
	for (size_t i = 0; i < spec->n_containers; i++)
		for (int type = 0; type < 3; type++) {
			struct cpod_probe_spec *probe = (struct cpod_probe_spec *) spec->containers[i].probes[type].spec;

			if (!probe)
				continue;
			probe->config.period_ms /= 1000;
			probe->config.timeout_ms /= 1000;
			probe->config.initial_delay_ms /= 1000;
		}
}

static void
create_with (const struct cpod_runtime *runtime, const char *text)
{
	struct cpod_pod_options options = { .size = sizeof (options), .runtime = runtime, .event = record };
	struct cpod_error err = { 0 };
	struct cpod_spec *spec;

	fake_reset ();
	events[0] = '\0';
	on_event = NULL;
	if (cpod_spec_parse ("pod.json", text, strlen (text), NULL, &spec, &err) < 0)
		fail_msg ("%s", err.message);
	speed_up (spec);
	assert_int_equal (cpod_pod_create (spec, &options, &pod, &err), 0);
	cpod_spec_destroy (spec);
}

static void
create (const char *text)
{
	create_with (&fake_runtime, text);
}

static void
start (void)
{
	struct cpod_error err = { 0 };

	if (cpod_pod_start (pod, &err) < 0)
		fail_msg ("%s", err.message);
}

/* Dispatches until nothing is due. */
static void
turn (void)
{
	struct pollfd poll_fd = { .fd = cpod_pod_fd (pod), .events = POLLIN };

	while (poll (&poll_fd, 1, 0) == 1)
		assert_int_equal (cpod_pod_dispatch (pod, NULL), 0);
}

/* Dispatches until the condition holds; two seconds without it are a failure. Threads of a blocking runtime may bring
 * it about unseen by the loop, so it is also looked at without an event. */
#define UNTIL(condition) \
	do { \
		struct pollfd poll_fd = { .fd = cpod_pod_fd (pod), .events = POLLIN }; \
		int idle = 0; \
		while (!(condition)) { \
			if (poll (&poll_fd, 1, 1) != 1 && idle++ > 2000) \
				fail_msg ("never: %s; events %s; log %s", #condition, events, fake.log); \
			assert_int_equal (cpod_pod_dispatch (pod, NULL), 0); \
		} \
	} while (0)

/* The attempt that container a makes, or NULL. */
static struct cpod_rt_op *
attempt (void)
{
	struct cpod_rt_op *op = fake_op ("a");

	return op && op->exec ? op : NULL;
}

/* The end of every test: whatever the pod was doing, nothing is left with the runtime. */
static void
destroy (void)
{
	cpod_pod_destroy (pod);
	pod = NULL;
	assert_int_equal (fake.n_ops, 0);
	assert_int_equal (fake.n_containers, 0);
	assert_int_equal (fake.n_pods, 0);
}

static const struct cpod_container_status *
container (const char *name)
{
	const struct cpod_status *status;

	assert_int_equal (cpod_pod_status (pod, &status, NULL), 0);
	for (size_t i = 0; i < status->n_containers; i++)
		if (strcmp (status->containers[i].name, name) == 0)
			return &status->containers[i];
	fail_msg ("no container %s", name);
	return NULL;
}

static enum cpod_phase
phase (void)
{
	const struct cpod_status *status;

	assert_int_equal (cpod_pod_status (pod, &status, NULL), 0);
	return status->phase;
}

/* states: digits. */
static void
assert_states (const char *name, const char *states)
{
	const struct cpod_container_status *c = container (name);
	char text[CPOD_HISTORY_STATES + 1] = "";

	for (size_t i = 0; i < c->n_states; i++)
		text[i] = (char) ('0' + c->states[i]);
	assert_string_equal (text, states);
}

static void
assert_last_error (const char *name, const char *message)
{
	const struct cpod_container_status *c = container (name);

	assert_true (c->n_errors > 0);
	assert_string_equal (c->errors[c->n_errors - 1].message, message);
	assert_true (c->errors[c->n_errors - 1].sec > 1600000000);
}

#define ONE "{\"containers\":[{\"name\":\"a\",\"spec\":{}}]}"
#define TWO "{\"containers\":[{\"name\":\"a\",\"spec\":{}},{\"name\":\"b\",\"spec\":{}}]}"
#define INIT "{\"initContainers\":[{\"name\":\"i\",\"spec\":{}},{\"name\":\"j\",\"spec\":{}}],\"containers\":" \
	"[{\"name\":\"a\",\"spec\":{}},{\"name\":\"b\",\"spec\":{}}]}"
#define PROBE(type, rest) "{\"containers\":[{\"name\":\"a\",\"spec\":{},\"" type "\":{\"exec\":[\"p\"]," rest "}}]}"

/* ---- Order ------------------------------------------------------------------------------- */

static void
main_containers_are_all_told_to_start_before_one_is_collected (void **state)
{
	(void) state;
	create (TWO);
	fake.hold_starts = true;
	start ();
	assert_string_equal (fake.log, "pod pod;create a;create b;start a;start b;");
	assert_string_equal (events, "");
	fake_op_done (fake_op ("b"), 0, 0);
	turn ();
	assert_string_equal (events, "+b;b=1;");
	assert_states ("a", "0");
	assert_int_equal (phase (), CPOD_PHASE_RUNNING);
	fake_op_done (fake_op ("a"), 0, 0);
	turn ();
	assert_string_equal (events, "+b;b=1;+a;a=1;");
	destroy ();
}

static void
init_containers_run_one_after_the_other (void **state)
{
	(void) state;
	create (INIT);
	assert_states ("a", "0");
	start ();
	assert_int_equal (phase (), CPOD_PHASE_PENDING);
	turn ();
	assert_string_equal (fake.log, "pod pod;create i;create j;create a;create b;start i;");
	assert_int_equal (container ("i")->n_states, 0);
	assert_int_equal (container ("i")->running, 1);
	fake_exit ("i", 0, 0);
	turn ();
	assert_non_null (strstr (fake.log, "start i;destroy i;start j;"));
	assert_null (strstr (fake.log, "start a"));
	fake_exit ("j", 0, 0);
	turn ();
	assert_string_equal (events, "+i;-i;+j;-j;+a;a=1;+b;b=1;");
	assert_int_equal (phase (), CPOD_PHASE_RUNNING);
	fake_exit ("a", 0, 0);
	fake_exit ("b", 0, 0);
	turn ();
	assert_int_equal (phase (), CPOD_PHASE_SUCCEEDED);
	assert_true (cpod_pod_ended (pod));
	assert_non_null (strstr (events, "a=4;"));
	assert_string_equal (events + strlen (events) - strlen ("ended=0;"), "ended=0;");
	assert_states ("a", "014");
	assert_false (cpod_pod_healthy (pod));
	destroy ();
}

static void
a_failed_init_container_fails_the_pod_with_its_name_and_status (void **state)
{
	(void) state;
	create (INIT);
	start ();
	turn ();
	fake_exit ("i", 3, 0);
	turn ();
	assert_null (strstr (fake.log, "start j"));
	assert_null (strstr (fake.log, "start a"));
	assert_states ("a", "05");
	assert_states ("b", "05");
	assert_last_error ("a", "init container i: exit status 3");
	assert_last_error ("b", "init container i: exit status 3");
	assert_last_error ("i", "exit status 3");
	assert_int_equal (phase (), CPOD_PHASE_FAILED);
	assert_true (cpod_pod_ended (pod));
	assert_int_equal (fake.n_containers, 0);
	assert_string_equal (events, "+i;i!exit status 3;-i;a!init container i: exit status 3;a=5;healthy=0;"
	                     "b!init container i: exit status 3;b=5;ended=1;");
	destroy ();
}

static void
an_init_container_that_cannot_start_fails_the_pod (void **state)
{
	(void) state;
	create (INIT);
	fake.fail = "start result";
	fake.fail_code = ENOENT;
	start ();
	turn ();
	assert_last_error ("b", "init container i: pod.json:1:39: initContainers[0].spec.process.args[0]: no such program");
	assert_states ("b", "05");
	assert_true (cpod_pod_ended (pod));
	destroy ();
}

static void
a_pod_without_containers_is_healthy_and_ends_well (void **state)
{
	(void) state;
	create ("{\"containers\":[]}");
	assert_true (cpod_pod_healthy (pod));
	start ();
	assert_true (cpod_pod_ended (pod));
	assert_true (cpod_pod_healthy (pod));
	assert_string_equal (events, "ended=0;");
	assert_int_equal (cpod_pod_start (pod, NULL), -EALREADY);
	destroy ();
}

/* ---- Ends -------------------------------------------------------------------------------- */

static void
exits_are_told_in_fixed_words (void **state)
{
	(void) state;
	create (TWO);
	start ();
	turn ();
	fake_exit ("a", 7, 0);
	fake_exit ("b", 137, 9);
	turn ();
	assert_last_error ("a", "exit status 7");
	assert_last_error ("b", "signal: killed");
	assert_states ("a", "015");
	assert_states ("b", "015");
	assert_int_equal (container ("b")->exit.signal, 9);
	assert_int_equal (container ("b")->ended, 1);
	assert_int_equal (phase (), CPOD_PHASE_FAILED);
	assert_int_equal (fake.n_containers, 0);
	destroy ();
}

static void
words_for_every_end (void **state)
{
	static const struct { struct cpod_rt_exit exit; const char *text; } cases[] = {
		{ { 0, 0, 0, 0 }, "exit status 0" }, { { 255, 0, 0, 0 }, "exit status 255" },
		{ { 143, 15, 0, 0 }, "signal: terminated" }, { { 139, 11, CPOD_RT_EXIT_CORE, 0 }, "signal: segmentation fault (core dumped)" },
		{ { 192, 64, 0, 0 }, "signal: signal 64" },
	};
	static const struct { uint64_t ms; const char *text; } durations[] = {
		{ 2000, "2s" }, { 1500, "1.5s" }, { 20, "0.020s" }, { 90000, "90s" },
	};
	char text[CPOD_WORDS_MAX];

	(void) state;
	for (size_t i = 0; i < 5; i++) {
		cpod_words_exit (&cases[i].exit, text);
		assert_string_equal (text, cases[i].text);
	}
	for (size_t i = 0; i < 4; i++) {
		cpod_words_duration (durations[i].ms, text);
		assert_string_equal (text, durations[i].text);
	}
}

static void
a_failed_start_is_0_5_and_the_others_run (void **state)
{
	(void) state;
	create (TWO);
	fake.fail = "start result";
	fake.fail_code = ENOENT;
	fake.fail_container = "a";
	start ();
	turn ();
	assert_states ("a", "05");
	assert_states ("b", "01");
	assert_last_error ("a", "pod.json:1:35: containers[0].spec.process.args[0]: no such program");
	assert_int_equal (container ("a")->exit.code, 128);
	assert_false (cpod_pod_ended (pod));
	fake_exit ("b", 0, 0);
	turn ();
	assert_true (cpod_pod_ended (pod));
	assert_int_equal (phase (), CPOD_PHASE_FAILED);
	destroy ();
}

/* ---- Probes ------------------------------------------------------------------------------ */

/* Lets n attempts of container a end with code. */
static void
attempts (int n, int code)
{
	while (n-- > 0) {
		UNTIL (attempt () != NULL);
		fake_op_done (attempt (), 0, code);
		UNTIL (attempt () == NULL || !attempt ()->done);
	}
}

static void
unhealthy_at_threshold_one_is_0_1_3_and_probing_stops (void **state)
{
	(void) state;
	create (PROBE ("livenessProbe", "\"timeoutSeconds\":1000,\"periodSeconds\":1,\"failureThreshold\":1"));
	start ();
	attempts (1, 1);
	assert_states ("a", "013");
	assert_last_error ("a", "liveness probe: exit status 1");
	assert_false (cpod_pod_healthy (pod));
	assert_non_null (strstr (events, "healthy=0;"));
	usleep (5000);
	turn ();
	assert_null (attempt ());
	assert_int_equal (container ("a")->running, 1);
	fake_exit ("a", 0, 0);
	turn ();
	assert_states ("a", "013");
	assert_true (cpod_pod_ended (pod));
	destroy ();
}

static void
a_flap_is_0_1_2_1_2_3 (void **state)
{
	const struct cpod_probe_status *probe;

	(void) state;
	create (PROBE ("livenessProbe", "\"timeoutSeconds\":1000,\"periodSeconds\":1,\"failureThreshold\":3"));
	start ();
	attempts (1, 0);
	attempts (2, 1);
	attempts (2, 0);
	assert_true (cpod_pod_healthy (pod));
	attempts (3, 1);
	assert_states ("a", "012123");
	probe = &container ("a")->probes[CPOD_PROBE_LIVENESS];
	assert_int_equal (probe->configured, 1);
	assert_int_equal (probe->attempts, 8);
	assert_int_equal (probe->failures, 5);
	assert_int_equal (probe->last_exit, 1);
	assert_int_equal (probe->result, -1);
	assert_int_equal (container ("a")->n_errors, 1);
	destroy ();
}

static void
a_startup_probe_holds_the_container_at_started (void **state)
{
	(void) state;
	create ("{\"containers\":[{\"name\":\"a\",\"spec\":{},\"startupProbe\":{\"exec\":[\"s\"],\"timeoutSeconds\":1000,\"periodSeconds\":1},\n"
	        "\"readinessProbe\":{\"exec\":[\"r\"],\"timeoutSeconds\":1000,\"periodSeconds\":1000}}]}");
	start ();
	attempts (2, 1);
	assert_states ("a", "0");
	assert_last_error ("a", "startup probe: exit status 1");
	assert_int_equal (container ("a")->ready, 0);
	UNTIL (attempt () != NULL);
	assert_string_equal (attempt ()->program, "s");
	fake_op_done (attempt (), 0, 0);
	UNTIL (attempt () && strcmp (attempt ()->program, "r") == 0);
	assert_states ("a", "01");
	assert_int_equal (container ("a")->ready, 0);
	attempts (1, 0);
	assert_int_equal (container ("a")->ready, 1);
	destroy ();
}

static void
a_startup_probe_that_gives_up_makes_it_terminal (void **state)
{
	(void) state;
	create (PROBE ("startupProbe", "\"timeoutSeconds\":1000,\"periodSeconds\":1,\"failureThreshold\":2"));
	start ();
	attempts (2, 1);
	assert_states ("a", "03");
	assert_false (cpod_pod_healthy (pod));
	destroy ();
}

static void
readiness_has_no_influence_on_states (void **state)
{
	(void) state;
	create (PROBE ("readinessProbe", "\"timeoutSeconds\":1000,\"periodSeconds\":1,\"failureThreshold\":1"));
	start ();
	attempts (1, 0);
	assert_int_equal (container ("a")->ready, 1);
	attempts (1, 1);
	assert_int_equal (container ("a")->ready, 0);
	assert_states ("a", "01");
	assert_true (cpod_pod_healthy (pod));
	destroy ();
}

static void
an_attempt_is_cancelled_at_its_timeout (void **state)
{
	(void) state;
	create (PROBE ("livenessProbe", "\"timeoutSeconds\":20,\"periodSeconds\":1000000,\"failureThreshold\":1"));
	start ();
	UNTIL (attempt () != NULL);
	UNTIL (attempt () == NULL);
	assert_non_null (strstr (fake.log, "exec a p;cancel a;"));
	assert_last_error ("a", "liveness probe: timed out after 0.020s");
	assert_states ("a", "013");
	assert_int_equal (container ("a")->probes[CPOD_PROBE_LIVENESS].last_exit, -1);
	destroy ();
}

static void
a_probe_program_that_cannot_be_executed_is_a_failure (void **state)
{
	static const char *const calls[] = { "exec", "exec result" };

	(void) state;
	for (int i = 0; i < 2; i++) {
		create (PROBE ("livenessProbe", "\"failureThreshold\":1,\"periodSeconds\":1"));
		fake.fail = calls[i];
		fake.fail_code = ENOENT;
		start ();
		UNTIL (container ("a")->n_states == 3);
		assert_states ("a", "013");
		assert_last_error ("a", i == 0 ? "liveness probe: the fake exec fails" : "liveness probe: no such program");
		destroy ();
	}
}

static void
an_attempt_that_errors_is_tried_three_times_and_changes_nothing (void **state)
{
	(void) state;
	create (PROBE ("livenessProbe", "\"failureThreshold\":1,\"periodSeconds\":1000000"));
	fake.fail = "exec";
	fake.fail_code = EIO;
	start ();
	UNTIL (container ("a")->n_errors == 1);
	assert_non_null (strstr (fake.log, "exec a p;exec a p;exec a p;"));
	assert_null (strstr (fake.log, "exec a p;exec a p;exec a p;exec a p;"));
	assert_states ("a", "01");
	assert_int_equal (container ("a")->probes[CPOD_PROBE_LIVENESS].attempts, 0);
	destroy ();
}

static void
ten_kibibytes_of_output_are_kept (void **state)
{
	const char *output;
	char block[4096];

	(void) state;
	memset (block, 'x', sizeof (block));
	create (PROBE ("livenessProbe", "\"timeoutSeconds\":100000,\"periodSeconds\":1000000"));
	start ();
	UNTIL (attempt () != NULL);
	for (int i = 0; i < 100; i++) {
		assert_int_equal (write (attempt ()->out_fd, block, sizeof (block)), sizeof (block));
		turn ();
	}
	fake_op_done (attempt (), 0, 0);
	UNTIL (attempt () == NULL);
	output = container ("a")->probes[CPOD_PROBE_LIVENESS].last_output;
	assert_int_equal (strlen (output), 10240);
	assert_int_equal (output[10239], 'x');
	destroy ();
}

static void
output_that_comes_with_the_end_is_kept (void **state)
{
	(void) state;
	create (PROBE ("livenessProbe", "\"timeoutSeconds\":100000,\"periodSeconds\":1000000"));
	start ();
	UNTIL (attempt () != NULL);
	assert_int_equal (write (attempt ()->out_fd, "not well", 8), 8);
	fake_op_done (attempt (), 0, 1);
	UNTIL (attempt () == NULL);
	assert_string_equal (container ("a")->probes[CPOD_PROBE_LIVENESS].last_output, "not well");
	destroy ();
}

static void
a_container_that_ends_during_an_attempt_cancels_it (void **state)
{
	(void) state;
	create (PROBE ("livenessProbe", "\"timeoutSeconds\":100000,\"periodSeconds\":1000000"));
	start ();
	UNTIL (attempt () != NULL);
	fake_exit ("a", 0, 0);
	turn ();
	assert_null (fake_find ("a"));
	assert_non_null (strstr (fake.log, "cancel a;destroy a;"));
	assert_states ("a", "014");
	destroy ();
}

/* ---- Kill and stop ----------------------------------------------------------------------- */

static void
kill_signals_one_or_all (void **state)
{
	struct cpod_error err;

	(void) state;
	create (TWO);
	assert_int_equal (cpod_pod_kill (pod, "a", 9, &err), -ESRCH);
	assert_string_equal (err.message, "container a is not running");
	start ();
	turn ();
	assert_int_equal (cpod_pod_kill (pod, "a", 10, &err), 0);
	assert_int_equal (cpod_pod_kill (pod, "x", 9, &err), -ENOENT);
	assert_string_equal (err.message, "there is no container x in pod pod");
	assert_int_equal (cpod_pod_kill (pod, "a", 0, &err), -EINVAL);
	assert_int_equal (cpod_pod_kill (pod, "a", 65, &err), -EINVAL);
	assert_int_equal (cpod_pod_kill (pod, NULL, 9, &err), 0);
	assert_non_null (strstr (fake.log, "kill a 10;kill a 9;kill b 9;"));
	turn ();
	assert_last_error ("a", "signal: killed");
	assert_true (cpod_pod_ended (pod));
	assert_int_equal (cpod_pod_kill (pod, NULL, 9, &err), 0);
	destroy ();
}

static void
a_kill_that_fails_is_an_error_of_the_container (void **state)
{
	struct cpod_error err;

	(void) state;
	create (ONE);
	start ();
	turn ();
	fake.fail = "kill";
	fake.fail_code = EPERM;
	assert_int_equal (cpod_pod_kill (pod, NULL, 15, &err), -EPERM);
	assert_last_error ("a", "failed to send kill signal 15 to container a: the fake kill fails");
	fake.fail = NULL;
	destroy ();
}

static void
a_kill_during_the_start_is_delivered_after_it (void **state)
{
	(void) state;
	create (ONE);
	fake.hold_starts = true;
	start ();
	assert_int_equal (cpod_pod_kill (pod, "a", 9, NULL), 0);
	assert_int_equal (cpod_pod_kill (pod, "a", 15, NULL), 0);
	fake_op_done (fake_op ("a"), 0, 0);
	turn ();
	assert_non_null (strstr (fake.log, "kill a 9;"));
	assert_true (cpod_pod_ended (pod));
	destroy ();
}

static void
a_stop_gives_grace_and_then_kills (void **state)
{
	(void) state;
	create (TWO);
	start ();
	turn ();
	assert_int_equal (cpod_pod_stop (pod, 20, NULL), 0);
	assert_non_null (strstr (fake.log, "kill a 15;kill b 15;"));
	fake_exit ("a", 0, 0);
	turn ();
	assert_null (strstr (fake.log, "kill b 9;"));
	UNTIL (cpod_pod_ended (pod));
	assert_non_null (strstr (fake.log, "kill b 9;"));
	assert_null (strstr (fake.log, "kill a 9;"));
	assert_last_error ("b", "signal: killed");
	destroy ();
}

static void
a_second_stop_shortens_the_grace (void **state)
{
	(void) state;
	create (TWO);
	start ();
	turn ();
	assert_int_equal (cpod_pod_stop (pod, -1, NULL), 0);
	assert_int_equal (cpod_pod_stop (pod, 100000, NULL), 0);
	assert_null (strstr (fake.log, "kill a 9;"));
	assert_int_equal (cpod_pod_stop (pod, 0, NULL), 0);
	assert_non_null (strstr (fake.log, "kill a 15;kill b 15;kill a 9;kill b 9;"));
	turn ();
	assert_true (cpod_pod_ended (pod));
	assert_int_equal (cpod_pod_stop (pod, 0, NULL), 0);
	destroy ();
}

static void
init_containers_get_no_grace (void **state)
{
	(void) state;
	create (INIT);
	start ();
	turn ();
	assert_int_equal (cpod_pod_stop (pod, -1, NULL), 0);
	assert_non_null (strstr (fake.log, "kill i 9;"));
	turn ();
	assert_true (cpod_pod_ended (pod));
	assert_last_error ("a", "init container i: signal: killed");
	assert_states ("a", "05");
	destroy ();
}

static void
an_init_container_that_ends_well_during_a_stop_starts_nothing (void **state)
{
	(void) state;
	create (INIT);
	fake.kill_ends = false;
	start ();
	turn ();
	assert_int_equal (cpod_pod_stop (pod, -1, NULL), 0);
	fake_exit ("i", 0, 0);
	turn ();
	assert_true (cpod_pod_ended (pod));
	assert_null (strstr (fake.log, "start j"));
	assert_last_error ("a", "not started: the pod was stopped");
	assert_int_equal (phase (), CPOD_PHASE_FAILED);
	destroy ();
}

static void
a_wait_ends_with_the_pod_or_with_its_time (void **state)
{
	struct cpod_error err = { 0 };

	(void) state;
	create (ONE);
	start ();
	assert_int_equal (cpod_pod_wait (pod, 0, &err), -ETIMEDOUT);
	assert_string_equal (err.message, "pod pod goes on");
	assert_int_equal (cpod_pod_wait (pod, 20, NULL), -ETIMEDOUT);
	fake_exit ("a", 0, 0);
	assert_int_equal (cpod_pod_wait (pod, 10000, &err), 0);
	assert_int_equal (cpod_pod_wait (pod, 0, &err), 0);
	destroy ();
}

static void
a_stop_gives_up_what_does_not_end (void **state)
{
	(void) state;
	create (TWO);
	pod->machine.overdue_ns = 10000000;
	fake.hold_starts = true;
	start ();
	fake_op_done (fake_op ("a"), 0, 0);   /* a runs, b starts */
	turn ();
	fake.kill_ends = false;
	assert_int_equal (cpod_pod_stop (pod, 0, NULL), 0);
	UNTIL (cpod_pod_ended (pod));
	assert_last_error ("a", "did not end within 0.010s of SIGKILL");
	assert_last_error ("b", "did not end within 0.010s of SIGKILL");
	assert_int_equal (container ("a")->exit.flags, CPOD_RT_EXIT_LOST);
	assert_states ("a", "015");
	assert_states ("b", "05");
	assert_int_equal (phase (), CPOD_PHASE_FAILED);
	destroy ();
}

static void
a_stop_before_the_start_ends_the_pod (void **state)
{
	(void) state;
	create (ONE);
	assert_int_equal (cpod_pod_stop (pod, -1, NULL), 0);
	assert_true (cpod_pod_ended (pod));
	assert_states ("a", "05");
	assert_int_equal (cpod_pod_start (pod, NULL), -EALREADY);
	assert_string_equal (fake.log, "");
	destroy ();
}

static void
a_stop_during_the_start_is_delivered_after_it (void **state)
{
	(void) state;
	create (PROBE ("livenessProbe", "\"periodSeconds\":1"));
	fake.hold_starts = true;
	start ();
	assert_int_equal (cpod_pod_stop (pod, 60000, NULL), 0);
	fake_op_done (fake_op ("a"), 0, 0);
	turn ();
	assert_non_null (strstr (fake.log, "kill a 15;"));
	assert_null (fake_op ("a"));
	destroy ();
}

static void
a_stop_ends_liveness_and_leaves_readiness (void **state)
{
	(void) state;
	create ("{\"containers\":[{\"name\":\"a\",\"spec\":{},\"livenessProbe\":{\"exec\":[\"l\"],\"timeoutSeconds\":100000,\"periodSeconds\":100000},\n"
	        "\"readinessProbe\":{\"exec\":[\"r\"],\"timeoutSeconds\":100000,\"periodSeconds\":100000}}]}");
	start ();
	UNTIL (fake.n_ops == 2);
	assert_int_equal (cpod_pod_stop (pod, 60000, NULL), 0);
	assert_int_equal (fake.n_ops, 1);
	assert_string_equal (fake_op ("a")->program, "r");
	destroy ();
}

static void
stop_from_an_event (const struct cpod_event *event)
{
	if (event->type == CPOD_EVENT_STATE)
		assert_int_equal (cpod_pod_stop (pod, 0, NULL), 0);
}

static void
the_event_callback_may_stop_the_pod (void **state)
{
	(void) state;
	create ("{\"containers\":[{\"name\":\"a\",\"spec\":{},\"livenessProbe\":{\"exec\":[\"l\"]}},{\"name\":\"b\",\"spec\":{}}]}");
	on_event = stop_from_an_event;
	start ();
	UNTIL (cpod_pod_ended (pod));
	assert_last_error ("a", "signal: killed");
	destroy ();
}

static void
stop_at_the_first_failure (const struct cpod_event *event)
{
	if (event->type == CPOD_EVENT_ERROR)
		assert_int_equal (cpod_pod_stop (pod, 100000, NULL), 0);
}

static void
a_stop_within_a_failed_attempt_begins_no_other (void **state)
{
	(void) state;
	create (PROBE ("livenessProbe", "\"timeoutSeconds\":100000,\"periodSeconds\":1"));
	on_event = stop_at_the_first_failure;
	start ();
	UNTIL (attempt () != NULL);
	usleep (3000);
	fake_op_done (attempt (), 0, 1);
	turn ();
	assert_null (fake_op ("a"));
	assert_null (strstr (fake.log, "exec a p;exec a p;"));
	destroy ();
}

/* ---- Exec -------------------------------------------------------------------------------- */

struct answer { int n, code; int32_t error; char message[100]; };

static void
on_exec_done (void *data, const struct cpod_rt_exit *result, const struct cpod_error *error)
{
	struct answer *answer = data;

	answer->n++;
	answer->code = result->code;
	answer->error = error ? error->code : 0;
	snprintf (answer->message, sizeof (answer->message), "%.99s", error ? error->message : "");
}

static void
an_exec_is_answered_once (void **state)
{
	static const char *const argv[] = { "x", NULL };
	struct answer answer = { 0 };
	struct cpod_exec_options options = {
		.size = sizeof (options), .argv = argv, .stdio_fd = { -1, -1, -1 }, .done = on_exec_done, .data = &answer,
	};
	struct cpod_exec *exec;
	struct cpod_error err;

	(void) state;
	create (ONE);
	assert_int_equal (cpod_pod_exec (pod, "a", &options, &exec, &err), -ESRCH);
	assert_int_equal (cpod_pod_exec (pod, "x", &options, &exec, &err), -ENOENT);
	start ();
	turn ();
	assert_int_equal (cpod_pod_exec (pod, "a", &options, &exec, &err), 0);
	fake_op_done (fake_op ("a"), 0, 5);
	turn ();
	assert_int_equal (answer.n, 1);
	assert_int_equal (answer.code, 5);
	assert_int_equal (answer.error, 0);
	assert_int_equal (cpod_pod_exec (pod, "a", &options, &exec, &err), 0);
	fake_op_done (fake_op ("a"), -EACCES, 0);
	turn ();
	assert_int_equal (answer.n, 2);
	assert_int_equal (answer.code, -1);
	assert_int_equal (answer.error, EACCES);
	assert_string_equal (answer.message, "no such program");
	fake.fail = "exec";
	fake.fail_code = EAGAIN;
	assert_int_equal (cpod_pod_exec (pod, "a", &options, &exec, &err), -EAGAIN);
	destroy ();
}

static void
a_cancelled_exec_is_not_answered (void **state)
{
	static const char *const argv[] = { "x", NULL };
	struct answer answer = { 0 };
	struct cpod_exec_options options = {
		.size = sizeof (options), .argv = argv, .stdio_fd = { -1, -1, -1 }, .done = on_exec_done, .data = &answer,
	};
	struct cpod_exec *one, *two;

	(void) state;
	create (ONE);
	start ();
	turn ();
	assert_int_equal (cpod_pod_exec (pod, "a", &options, &one, NULL), 0);
	assert_int_equal (cpod_pod_exec (pod, "a", &options, &two, NULL), 0);
	cpod_exec_cancel (one);
	assert_int_equal (fake.n_ops, 1);
	fake_exit ("a", 0, 0);
	turn ();
	/* The runtime's container stays while an exec is in progress on it. */
	assert_int_equal (fake.n_containers, 1);
	fake_op_done (fake_op ("a"), 0, 137);
	turn ();
	assert_int_equal (fake.n_containers, 0);
	assert_int_equal (answer.n, 1);
	assert_int_equal (answer.code, 137);
	cpod_exec_cancel (NULL);
	destroy ();
}

/* ---- Restarts, sidecars, hooks ----------------------------------------------------------- */

/* How often text occurs in the log. */
static int
logged (const char *text)
{
	int n = 0;

	for (const char *at = fake.log; (at = strstr (at, text)); at++)
		n++;
	return n;
}

static void
a_restart_is_immediate_and_makes_everything_anew (void **state)
{
	char first[100];

	(void) state;
	create ("{\"restartPolicy\":\"Always\",\"containers\":[{\"name\":\"a\",\"spec\":{}}]}");
	start ();
	turn ();
	snprintf (first, sizeof (first), "%s", container ("a")->id);
	fake_exit ("a", 3, 0);
	turn ();
	assert_string_equal (fake.log, "pod pod;create a;start a;destroy a;create a;start a;");
	assert_string_not_equal (container ("a")->id, first);
	assert_int_equal (container ("a")->restarts, 1);
	assert_int_equal (container ("a")->running, 1);
	assert_states ("a", "01501");
	assert_true (cpod_pod_healthy (pod));
	assert_int_equal (phase (), CPOD_PHASE_RUNNING);
	fake_exit ("a", 3, 0);
	turn ();
	assert_int_equal (container ("a")->running, 0);   /* the second restart waits ten seconds */
	assert_states ("a", "015015");
	assert_int_equal (cpod_pod_stop (pod, -1, NULL), 0);
	assert_true (cpod_pod_ended (pod));
	assert_int_equal (phase (), CPOD_PHASE_FAILED);
	destroy ();
}

static void
a_liveness_failure_stops_and_restarts (void **state)
{
	(void) state;
	create ("{\"restartPolicy\":\"Always\",\"containers\":[{\"name\":\"a\",\"spec\":{},\n"
	        "\"livenessProbe\":{\"exec\":[\"p\"],\"timeoutSeconds\":1000,\"periodSeconds\":1,\"failureThreshold\":1}}]}");
	start ();
	attempts (1, 1);
	assert_states ("a", "013");
	assert_int_equal (logged ("kill a 15;"), 1);
	fake_exit ("a", 143, 15);
	turn ();
	UNTIL (container ("a")->running);
	assert_states ("a", "01301");
	attempts (1, 0);
	assert_int_equal (container ("a")->probes[CPOD_PROBE_LIVENESS].attempts, 2);
	destroy ();
}

static void
an_exec_that_outlives_a_restart_keeps_its_old_container (void **state)
{
	static const char *const argv[] = { "x", NULL };
	struct answer answer = { 0 };
	struct cpod_exec_options options = {
		.size = sizeof (options), .argv = argv, .stdio_fd = { -1, -1, -1 }, .done = on_exec_done, .data = &answer,
	};
	struct cpod_rt_op *op;

	(void) state;
	create ("{\"restartPolicy\":\"Always\",\"containers\":[{\"name\":\"a\",\"spec\":{}}]}");
	start ();
	turn ();
	assert_int_equal (cpod_pod_exec (pod, "a", &options, NULL, NULL), 0);
	op = fake_op ("a");
	fake_exit ("a", 0, 0);
	turn ();
	assert_int_equal (fake.n_containers, 2);
	assert_int_equal (answer.n, 0);
	fake_op_done (op, 0, 5);
	turn ();
	assert_int_equal (fake.n_containers, 1);
	assert_int_equal (answer.code, 5);
	assert_int_equal (container ("a")->running, 1);
	destroy ();
}

static void
a_restart_that_cannot_be_made_is_a_failed_start (void **state)
{
	(void) state;
	create ("{\"restartPolicy\":\"Always\",\"containers\":[{\"name\":\"a\",\"spec\":{}}]}");
	start ();
	turn ();
	fake.fail = "create";
	fake.fail_code = EMFILE;
	fake_exit ("a", 0, 0);
	turn ();
	assert_last_error ("a", "pod.json: container a: the fake create fails");
	assert_states ("a", "01405");
	assert_int_equal (fake.n_containers, 0);
	assert_int_equal (container ("a")->exit.code, 128);
	assert_int_equal (container ("a")->restarts, 1);
	assert_false (cpod_pod_ended (pod));
	destroy ();
}

static void
post_start_holds_the_next_container_and_its_failure_kills (void **state)
{
	(void) state;
	create ("{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"a\",\"spec\":{},\"lifecycle\":{\"postStart\":{\"exec\":{\"command\":[\"h\"]}}}},\n"
	        "{\"name\":\"b\",\"spec\":{}}]}");
	start ();
	turn ();
	assert_string_equal (attempt ()->program, "h");
	assert_states ("a", "0");
	assert_null (strstr (fake.log, "start b"));
	fake_op_done (attempt (), 0, 7);
	turn ();
	assert_last_error ("a", "postStart hook: exit status 7");
	assert_int_equal (logged ("kill a 15;"), 1);
	assert_non_null (strstr (fake.log, "start b"));
	fake_exit ("a", 143, 15);
	turn ();
	assert_states ("a", "05");
	destroy ();
}

static void
pre_stop_comes_before_the_signal_and_not_after_a_crash (void **state)
{
	(void) state;
	create ("{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"a\",\"spec\":{},\"lifecycle\":{\"preStop\":{\"exec\":{\"command\":[\"h\"]}},"
	        "\"stopSignal\":\"SIGUSR1\"}},{\"name\":\"b\",\"spec\":{},\"lifecycle\":{\"preStop\":{\"exec\":{\"command\":[\"h\"]}}}}]}");
	start ();
	turn ();
	fake_exit ("b", 1, 0);
	turn ();
	assert_null (strstr (fake.log, "exec b"));
	assert_int_equal (cpod_pod_stop (pod, -1, NULL), 0);
	assert_string_equal (attempt ()->program, "h");
	assert_null (strstr (fake.log, "kill a"));
	fake_op_done (attempt (), 0, 0);
	turn ();
	assert_int_equal (logged ("kill a 10;"), 1);
	destroy ();
}

static void
a_pre_stop_that_takes_the_whole_grace_is_cancelled (void **state)
{
	(void) state;
	create ("{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"a\",\"spec\":{},\"lifecycle\":{\"preStop\":{\"exec\":{\"command\":[\"h\"]}}}}]}");
	start ();
	turn ();
	assert_int_equal (cpod_pod_stop (pod, 20, NULL), 0);
	UNTIL (strstr (fake.log, "kill a 15;") != NULL);
	assert_non_null (strstr (fake.log, "exec a h;cancel a;kill a 15;"));
	assert_last_error ("a", "preStop hook: did not end within the grace period");
	assert_null (strstr (fake.log, "kill a 9;"));
	destroy ();
}

static void
a_sidecar_starts_first_and_stops_last (void **state)
{
	(void) state;
	create ("{\"restartPolicy\":\"Never\",\"initContainers\":[{\"name\":\"s\",\"spec\":{},\"restartPolicy\":\"Always\"}],\n"
	        "\"containers\":[{\"name\":\"a\",\"spec\":{}}]}");
	fake.hold_starts = true;
	start ();
	assert_null (strstr (fake.log, "start a"));
	fake.hold_starts = false;
	fake_op_done (fake_op ("s"), 0, 0);
	turn ();
	assert_non_null (strstr (fake.log, "start s;start a;"));
	fake_exit ("a", 0, 0);
	turn ();
	assert_int_equal (logged ("kill s 15;"), 1);
	assert_int_equal (phase (), CPOD_PHASE_RUNNING);
	fake_exit ("s", 143, 15);
	turn ();
	assert_true (cpod_pod_ended (pod));
	assert_int_equal (phase (), CPOD_PHASE_SUCCEEDED);
	destroy ();
}

static void
a_dependency_that_fails_gives_its_dependents_up (void **state)
{
	(void) state;
	create ("{\"containers\":[{\"name\":\"a\",\"spec\":{},\"dependsOn\":[{\"name\":\"b\",\"condition\":\"completed\"}]},{\"name\":\"b\",\"spec\":{}}]}");
	start ();
	turn ();
	assert_null (strstr (fake.log, "start a"));
	fake_exit ("b", 1, 0);
	turn ();
	assert_last_error ("a", "not started: it depends on container b, which has ended");
	assert_states ("a", "05");
	assert_true (cpod_pod_ended (pod));
	destroy ();
}

static void
destroy_leaves_nothing_of_restarts_and_hooks (void **state)
{
	(void) state;
	create ("{\"restartPolicy\":\"Always\",\"containers\":[{\"name\":\"a\",\"spec\":{},\"lifecycle\":{\"postStart\":{\"exec\":{\"command\":[\"h\"]}},"
	        "\"preStop\":{\"exec\":{\"command\":[\"i\"]}}}}]}");
	start ();                               /* postStart runs */
	turn ();
	assert_int_equal (fake.n_ops, 1);
	destroy ();
	create ("{\"restartPolicy\":\"Always\",\"containers\":[{\"name\":\"a\",\"spec\":{}}]}");
	start ();                               /* a restart waits */
	turn ();
	fake_exit ("a", 0, 0);
	turn ();
	fake_exit ("a", 0, 0);
	turn ();
	destroy ();
}

/* ---- Every call fails; destroy in every phase -------------------------------------------- */

static void
a_pod_or_container_that_cannot_be_made_is_refused_and_nothing_runs (void **state)
{
	static const char *const calls[] = { "pod_create", "create" };
	struct cpod_error err;

	(void) state;
	for (int i = 0; i < 2; i++) {
		create (TWO);
		fake.fail = calls[i];
		fake.fail_code = EINVAL;
		fake.fail_container = "b";
		assert_int_equal (cpod_pod_start (pod, &err), -EINVAL);
		assert_string_equal (err.message, i == 0 ? "the fake pod_create fails"
		                                         : "pod.json: container b: the fake create fails");
		assert_null (strstr (fake.log, "start"));
		assert_int_equal (fake.n_containers, 0);
		assert_int_equal (fake.n_pods, 0);
		assert_true (cpod_pod_ended (pod));
		destroy ();
	}
}

static void
each_later_call_that_fails_is_an_event_of_the_container (void **state)
{
	static const struct { const char *call, *message, *states; } cases[] = {
		{ "start", "pod.json: container a: the fake start fails", "05" },
		{ "exit_fd", "pod.json: container a: the fake exit_fd fails", "05" },
	};

	(void) state;
	for (size_t i = 0; i < 2; i++) {
		create (TWO);
		fake.fail = cases[i].call;
		fake.fail_code = EMFILE;
		fake.fail_container = "a";
		start ();
		turn ();
		assert_last_error ("a", cases[i].message);
		assert_states ("a", cases[i].states);
		assert_states ("b", "01");
		assert_null (fake_find ("a"));
		destroy ();
	}
}

static void
an_end_that_cannot_be_told_is_lost (void **state)
{
	(void) state;
	create (ONE);
	start ();
	turn ();
	fake.fail = "exit_status";
	fake.fail_code = EIO;
	fake_exit ("a", 0, 0);
	turn ();
	assert_last_error ("a", "cannot tell how it ended: the fake exit_status fails");
	assert_int_equal (container ("a")->exit.code, 137);
	assert_int_equal (container ("a")->exit.flags, CPOD_RT_EXIT_LOST);
	assert_states ("a", "015");
	destroy ();
}

static void
destroy_leaves_nothing_in_any_phase (void **state)
{
	(void) state;
	create (INIT);                          /* new */
	destroy ();
	create (INIT);                          /* an init container starts */
	fake.hold_starts = true;
	start ();
	destroy ();
	create (INIT);                          /* an init container runs */
	start ();
	turn ();
	destroy ();
	create (TWO);                           /* one starts, one runs */
	fake.hold_starts = true;
	start ();
	fake_op_done (fake_op ("a"), 0, 0);
	turn ();
	destroy ();
	create (PROBE ("livenessProbe", "\"timeoutSeconds\":100000"));   /* an attempt */
	start ();
	UNTIL (attempt () != NULL);
	destroy ();
	create (TWO);                           /* a stop */
	start ();
	turn ();
	assert_int_equal (cpod_pod_stop (pod, 100000, NULL), 0);
	destroy ();
	cpod_pod_destroy (NULL);
}

/* ---- Blocking runtimes ------------------------------------------------------------------- */

static void
a_blocking_runtime_is_driven_from_threads (void **state)
{
	(void) state;
	create_with (&fake_blocking_runtime, TWO);
	start ();
	UNTIL (container ("a")->running && container ("b")->running);
	assert_states ("a", "01");
	fake_exit ("a", 3, 0);
	UNTIL (!container ("a")->running);
	assert_last_error ("a", "exit status 3");
	assert_int_equal (cpod_pod_kill (pod, "b", 9, NULL), 0);
	UNTIL (cpod_pod_ended (pod));
	assert_last_error ("b", "signal: killed");
	destroy ();
}

static void
a_blocking_start_that_fails_is_0_5 (void **state)
{
	(void) state;
	create_with (&fake_blocking_runtime, ONE);
	fake.fail = "start";
	fake.fail_code = EIO;
	start ();
	UNTIL (cpod_pod_ended (pod));
	assert_last_error ("a", "pod.json: container a: the fake start fails");
	assert_states ("a", "05");
	destroy ();
}

static void
a_blocking_exec_beyond_its_timeout_is_a_failure_and_makes_no_second_call (void **state)
{
	(void) state;
	create_with (&fake_blocking_runtime, PROBE ("livenessProbe", "\"timeoutSeconds\":5,\"periodSeconds\":5,\"failureThreshold\":3"));
	start ();
	UNTIL (container ("a")->n_errors == 1);
	assert_last_error ("a", "liveness probe: timed out after 0.005s");
	assert_states ("a", "012");
	/* Six periods pass without a call. */
	usleep (30000);
	turn ();
	assert_int_equal (fake.n_ops, 1);
	assert_null (strstr (fake.log, "exec a p;exec a p;"));
	/* It returns: the late result is discarded, the next call is made. */
	fake_op_done (fake_op ("a"), 0, 0);
	UNTIL (strstr (fake.log, "exec a p;exec a p;") != NULL);
	assert_states ("a", "012");
	destroy ();
}

static void
a_blocking_pod_can_be_destroyed_in_any_phase (void **state)
{
	(void) state;
	create_with (&fake_blocking_runtime, TWO);
	destroy ();
	create_with (&fake_blocking_runtime, TWO);
	start ();
	destroy ();
	create_with (&fake_blocking_runtime, PROBE ("livenessProbe", "\"timeoutSeconds\":100000"));
	start ();
	UNTIL (attempt () != NULL);
	destroy ();
}

static void
a_blocking_call_that_says_try_again_has_failed (void **state)
{
	(void) state;
	create_with (&fake_blocking_runtime, ONE);
	fake.fail = "start";
	fake.fail_code = EAGAIN;
	start ();
	UNTIL (cpod_pod_ended (pod));
	assert_last_error ("a", "pod.json: container a: the fake start fails");
	destroy ();
	create_with (&fake_blocking_runtime, PROBE ("livenessProbe", "\"failureThreshold\":1,\"timeoutSeconds\":100000"));
	fake.fail = "exec";
	fake.fail_code = EAGAIN;
	start ();
	UNTIL (container ("a")->n_errors == 1);
	assert_last_error ("a", "liveness probe: the fake exec fails");
	destroy ();
	create_with (&fake_blocking_runtime, ONE);
	start ();
	UNTIL (container ("a")->running);
	fake.fail = "exit_status";
	fake.fail_code = EAGAIN;
	fake_exit ("a", 0, 0);
	UNTIL (cpod_pod_ended (pod));
	assert_last_error ("a", "cannot tell how it ended: the fake exit_status fails");
	destroy ();
}

static void
a_blocking_runtime_makes_a_restarted_container_anew (void **state)
{
	(void) state;
	create_with (&fake_blocking_runtime, "{\"restartPolicy\":\"OnFailure\",\"containers\":[{\"name\":\"a\",\"spec\":{}}]}");
	start ();
	UNTIL (container ("a")->running);
	fake_exit ("a", 3, 0);
	UNTIL (container ("a")->running && container ("a")->restarts == 1);
	assert_int_equal (logged ("create a;"), 2);
	assert_int_equal (fake.n_containers, 1);
	fake_exit ("a", 0, 0);
	UNTIL (cpod_pod_ended (pod));
	assert_states ("a", "015014");
	destroy ();
}

/* Once more before each test: a destroy that a failed assertion skipped must not spoil the next. */
static int
teardown (void **state)
{
	(void) state;
	cpod_pod_destroy (pod);
	pod = NULL;
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown (name, teardown)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		TEST (main_containers_are_all_told_to_start_before_one_is_collected),
		TEST (init_containers_run_one_after_the_other),
		TEST (a_failed_init_container_fails_the_pod_with_its_name_and_status),
		TEST (an_init_container_that_cannot_start_fails_the_pod),
		TEST (a_pod_without_containers_is_healthy_and_ends_well),
		TEST (exits_are_told_in_fixed_words),
		TEST (words_for_every_end),
		TEST (a_failed_start_is_0_5_and_the_others_run),
		TEST (unhealthy_at_threshold_one_is_0_1_3_and_probing_stops),
		TEST (a_flap_is_0_1_2_1_2_3),
		TEST (a_startup_probe_holds_the_container_at_started),
		TEST (a_startup_probe_that_gives_up_makes_it_terminal),
		TEST (readiness_has_no_influence_on_states),
		TEST (an_attempt_is_cancelled_at_its_timeout),
		TEST (a_probe_program_that_cannot_be_executed_is_a_failure),
		TEST (an_attempt_that_errors_is_tried_three_times_and_changes_nothing),
		TEST (ten_kibibytes_of_output_are_kept),
		TEST (output_that_comes_with_the_end_is_kept),
		TEST (a_container_that_ends_during_an_attempt_cancels_it),
		TEST (kill_signals_one_or_all),
		TEST (a_kill_that_fails_is_an_error_of_the_container),
		TEST (a_kill_during_the_start_is_delivered_after_it),
		TEST (a_stop_gives_grace_and_then_kills),
		TEST (a_second_stop_shortens_the_grace),
		TEST (init_containers_get_no_grace),
		TEST (an_init_container_that_ends_well_during_a_stop_starts_nothing),
		TEST (a_wait_ends_with_the_pod_or_with_its_time),
		TEST (a_stop_gives_up_what_does_not_end),
		TEST (a_stop_before_the_start_ends_the_pod),
		TEST (a_stop_during_the_start_is_delivered_after_it),
		TEST (a_stop_ends_liveness_and_leaves_readiness),
		TEST (the_event_callback_may_stop_the_pod),
		TEST (a_stop_within_a_failed_attempt_begins_no_other),
		TEST (an_exec_is_answered_once),
		TEST (a_cancelled_exec_is_not_answered),
		TEST (a_restart_is_immediate_and_makes_everything_anew),
		TEST (a_liveness_failure_stops_and_restarts),
		TEST (an_exec_that_outlives_a_restart_keeps_its_old_container),
		TEST (a_restart_that_cannot_be_made_is_a_failed_start),
		TEST (post_start_holds_the_next_container_and_its_failure_kills),
		TEST (pre_stop_comes_before_the_signal_and_not_after_a_crash),
		TEST (a_pre_stop_that_takes_the_whole_grace_is_cancelled),
		TEST (a_sidecar_starts_first_and_stops_last),
		TEST (a_dependency_that_fails_gives_its_dependents_up),
		TEST (destroy_leaves_nothing_of_restarts_and_hooks),
		TEST (a_pod_or_container_that_cannot_be_made_is_refused_and_nothing_runs),
		TEST (each_later_call_that_fails_is_an_event_of_the_container),
		TEST (an_end_that_cannot_be_told_is_lost),
		TEST (destroy_leaves_nothing_in_any_phase),
		TEST (a_blocking_runtime_is_driven_from_threads),
		TEST (a_blocking_start_that_fails_is_0_5),
		TEST (a_blocking_exec_beyond_its_timeout_is_a_failure_and_makes_no_second_call),
		TEST (a_blocking_pod_can_be_destroyed_in_any_phase),
		TEST (a_blocking_call_that_says_try_again_has_failed),
		TEST (a_blocking_runtime_makes_a_restarted_container_anew),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
