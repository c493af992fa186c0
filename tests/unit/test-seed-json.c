/* The JSON of the HTTP interface to the byte, and the trees of the control socket.
 * Links: src/cli/seed-json.c src/cli/status-json.c */
#include "src/cli/seed-json.h"
#include "src/cli/status-json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t history[] = { CPOD_STATE_STARTED, CPOD_STATE_HEALTHY, CPOD_STATE_FAILED };
static const struct cpod_status_error errors[] = {
	{ "exit status 7", 1795307700, 66493594 },
	{ "a \"quote\"\n", 1795307700, 500000000 },
};

/* A pod of an init container and the two given main containers. */
static struct cpod_status
status_of (struct cpod_container_status containers[3])
{
	containers[0] = (struct cpod_container_status) { .name = "prepare", .id = "", .init = 1, .ended = 1 };
	containers[1] = (struct cpod_container_status) { .name = "main", .id = "a", .running = 1, .states = history, .n_states = 2 };
	containers[2] = (struct cpod_container_status) { .name = "x", .id = "b", .states = history, .n_states = 3, .restarts = 2,
	                                                 .errors = errors, .n_errors = 2, .ended = 1, .exit = { .code = 7 } };
	return (struct cpod_status) { .size = sizeof (struct cpod_status), .name = "p", .phase = CPOD_PHASE_RUNNING,
	                              .containers = containers, .n_init = 1, .n_containers = 3 };
}

static void
main_containers_are_listed_in_the_agreed_form (void **state)
{
	struct cpod_container_status containers[3];
	struct cpod_status status = status_of (containers);
	struct cpod_str out = CPOD_STR_INIT;

	(void) state;
	cpod_seed_json_status (&out, &status);
	assert_string_equal (out.data,
	                     "[{\"Name\":\"main\",\"States\":[0,1],\"LatestErrors\":null,\"Restarts\":0},"
	                     "{\"Name\":\"x\",\"States\":[0,1,5],\"LatestErrors\":["
	                     "{\"Message\":\"exit status 7\",\"Timestamp\":\"2026-11-22T00:35:00.066493594Z\"},"
	                     "{\"Message\":\"a \\\"quote\\\"\\n\",\"Timestamp\":\"2026-11-22T00:35:00.5Z\"}],\"Restarts\":2}]");
	cpod_str_finish (&out);
}

static void
no_containers_are_an_empty_list (void **state)
{
	const struct cpod_status status = { .size = sizeof (status), .name = "p" };
	struct cpod_str out = CPOD_STR_INIT;

	(void) state;
	cpod_seed_json_status (&out, &status);
	assert_string_equal (out.data, "[]");
	cpod_str_finish (&out);
}

static void
health_is_one_member (void **state)
{
	struct cpod_str out = CPOD_STR_INIT;

	(void) state;
	cpod_seed_json_healthy (&out, 1);
	assert_string_equal (out.data, "{\"healthy\":true}");
	cpod_str_clear (&out);
	cpod_seed_json_healthy (&out, 0);
	assert_string_equal (out.data, "{\"healthy\":false}");
	cpod_str_finish (&out);
}

static void
zeros_at_the_end_of_a_time_are_dropped (void **state)
{
	static const struct { int64_t sec; int32_t nsec; const char *text; } times[] = {
		{ 0, 0, "1970-01-01T00:00:00Z" },
		{ 0, 1, "1970-01-01T00:00:00.000000001Z" },
		{ 1795307700, 100000000, "2026-11-22T00:35:00.1Z" },
		{ 1795307700, 999999999, "2026-11-22T00:35:00.999999999Z" },
		{ 1795307700, 120000, "2026-11-22T00:35:00.00012Z" },
		{ 253402300799, 0, "9999-12-31T23:59:59Z" },
	};
	char text[CPOD_TIME_SIZE];

	(void) state;
	for (size_t i = 0; i < sizeof (times) / sizeof (times[0]); i++) {
		cpod_time_text (times[i].sec, times[i].nsec, text);
		assert_string_equal (text, times[i].text);
	}
}

static void
a_time_out_of_range_does_not_break_the_text (void **state)
{
	char text[CPOD_TIME_SIZE];

	(void) state;
	cpod_time_text (INT64_MAX, 2000000000, text);
	assert_int_equal (text[strlen (text) - 1], 'Z');
	cpod_time_text (INT64_MIN, -5, text);
	assert_int_equal (text[strlen (text) - 1], 'Z');
}

static void
the_control_sockets_status_names_states_by_word (void **state)
{
	static const struct cpod_supervisor_info info = { .runtime = "production", .started_sec = 1795307700, .pid = 77 };
	struct cpod_container_status containers[3];
	struct cpod_status status = status_of (containers);
	struct cpod_str out = CPOD_STR_INIT;
	struct cpod_arena arena;

	(void) state;
	containers[1].probes[CPOD_PROBE_LIVENESS] = (struct cpod_probe_status) { 1, -1, 3, 2, 1, 127, "no" };
	cpod_arena_init (&arena, 0);
	cpod_json_write (&out, cpod_status_json (&arena, &status, &info), 0);
	assert_non_null (strstr (out.data, "{\"name\":\"p\",\"phase\":\"running\",\"healthy\":false,\"runtime\":\"production\","
	                                   "\"pid\":77,\"started\":\"2026-11-22T00:35:00Z\",\"containers\":["));
	assert_non_null (strstr (out.data, "\"states\":[\"started\",\"healthy\"]"));
	assert_non_null (strstr (out.data, "\"probes\":[{\"type\":\"liveness\",\"result\":\"failure\",\"attempts\":3,"
	                                   "\"failures\":2,\"consecutive\":1,\"lastExit\":127,\"lastOutput\":\"no\"}]"));
	assert_non_null (strstr (out.data, "\"exit\":{\"code\":7,\"signal\":0,\"oom\":false,\"core\":false,\"lost\":false}"));
	cpod_arena_finish (&arena);
	cpod_str_finish (&out);
}

static void
an_event_has_the_members_of_its_type (void **state)
{
	const struct cpod_event event = { .size = sizeof (event), .type = CPOD_EVENT_STATE, .container = "main",
	                                  .state = CPOD_STATE_TERMINAL };
	const struct cpod_event ended = { .size = sizeof (ended), .type = CPOD_EVENT_ENDED, .value = 1 };
	struct cpod_str out = CPOD_STR_INIT;
	struct cpod_arena arena;

	(void) state;
	cpod_arena_init (&arena, 0);
	cpod_json_write (&out, cpod_event_json (&arena, &event, "2026-11-22T00:00:00Z"), 0);
	assert_string_equal (out.data, "{\"type\":\"state\",\"time\":\"2026-11-22T00:00:00Z\",\"container\":\"main\",\"state\":\"terminal\"}");
	cpod_str_clear (&out);
	cpod_json_write (&out, cpod_event_json (&arena, &ended, NULL), 0);
	assert_string_equal (out.data, "{\"type\":\"ended\",\"succeeded\":false}");
	cpod_arena_finish (&arena);
	cpod_str_finish (&out);
}

static void
memory_that_runs_out_gives_no_tree (void **state)
{
	static const struct cpod_supervisor_info info = { .runtime = "production", .pid = 1 };
	struct cpod_container_status containers[3];
	struct cpod_status status = status_of (containers);
	struct cpod_arena arena;

	(void) state;
	for (size_t limit = 16; limit < 2048; limit += 16) {
		cpod_arena_init (&arena, limit);
		assert_null (cpod_status_json (&arena, &status, &info));
		cpod_arena_finish (&arena);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (main_containers_are_listed_in_the_agreed_form),
		cmocka_unit_test (no_containers_are_an_empty_list),
		cmocka_unit_test (health_is_one_member),
		cmocka_unit_test (zeros_at_the_end_of_a_time_are_dropped),
		cmocka_unit_test (a_time_out_of_range_does_not_break_the_text),
		cmocka_unit_test (the_control_sockets_status_names_states_by_word),
		cmocka_unit_test (an_event_has_the_members_of_its_type),
		cmocka_unit_test (memory_that_runs_out_gives_no_tree),
	};

	return cmocka_run_group_tests_name ("seed-json", tests, NULL, NULL);
}
