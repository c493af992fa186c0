/* Restarts, hooks, order and sub-second probes as a pod's author writes them: what is understood, and what is refused.
 * Links: libcpod. */
#include "src/pod/spec.h"

#include "src/base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct cpod_spec *
load (const char *text)
{
	struct cpod_error err = { 0 };
	struct cpod_spec *spec = NULL;

	if (cpod_spec_parse ("pod.json", text, strlen (text), NULL, &spec, &err) < 0)
		fail_msg ("%s", err.message);
	return spec;
}

static void
assert_refused (const char *text, const char *message)
{
	struct cpod_error err = { 0 };
	struct cpod_spec *spec = NULL;
	char whole[1024];

	snprintf (whole, sizeof (whole), "pod.json:%s", message);
	assert_int_equal (cpod_spec_parse ("pod.json", text, strlen (text), NULL, &spec, &err), -EINVAL);
	assert_string_equal (err.message, whole);
}

static const char everything[] =
	"{\"restartPolicy\": \"OnFailure\", \"activeDeadlineSeconds\": 90, \"terminationGracePeriodSeconds\": 7,\n"
	"\"initContainers\": [{\"name\": \"side\", \"spec\": {}, \"restartPolicy\": \"Always\",\n"
	"  \"startupProbe\": {\"exec\": [\"s\"], \"periodMilliseconds\": 20, \"timeoutMilliseconds\": 10}},\n"
	" {\"name\": \"once\", \"spec\": {}, \"restartPolicy\": \"Never\"}],\n"
	"\"containers\": [{\"name\": \"a\", \"spec\": {}, \"restartPolicy\": \"Never\",\n"
	"  \"restartPolicyRules\": [{\"action\": \"Restart\", \"exitCodes\": {\"operator\": \"NotIn\", \"values\": [1, 255]}}],\n"
	"  \"lifecycle\": {\"postStart\": {\"exec\": {\"command\": [\"p\", \"$(A)\"]}}, \"preStop\": {\"sleep\": {\"seconds\": 3}}, \"stopSignal\": \"SIGUSR1\"},\n"
	"  \"livenessProbe\": {\"exec\": [\"l\"], \"terminationGracePeriodSeconds\": 1}},\n"
	" {\"name\": \"b\", \"spec\": {}, \"dependsOn\": [{\"name\": \"a\", \"condition\": \"completed\"}, {\"name\": \"side\"}, {\"name\": \"once\", \"condition\": \"healthy\"}]}]}";

static void
assert_everything (const struct cpod_spec *spec)
{
	const struct cpod_container_spec *side = &spec->containers[0], *a = &spec->containers[2], *b = &spec->containers[3];

	assert_int_equal (spec->restart_policy, CPOD_RESTART_ON_FAILURE);
	assert_int_equal (spec->active_deadline_ms, 90000);
	assert_true (side->sidecar);
	assert_int_equal (side->probes[CPOD_PROBE_STARTUP].spec->config.period_ms, 20);
	assert_int_equal (side->probes[CPOD_PROBE_STARTUP].spec->config.timeout_ms, 10);
	assert_false (spec->containers[1].sidecar);
	assert_int_equal (spec->containers[1].restart_policy, CPOD_RESTART_NEVER);
	assert_int_equal (a->restart_policy, CPOD_RESTART_NEVER);
	assert_int_equal (a->n_rules, 1);
	assert_int_equal (a->rules[0].exit_codes->operator.value, CPOD_EXIT_NOT_IN);
	assert_int_equal (a->rules[0].exit_codes->values.items[1], 255);
	assert_string_equal (a->post_start.what.argv[1], "$(A)");
	assert_int_equal (a->pre_stop.spec->sleep->seconds.value, 3);
	assert_int_equal (a->stop_signal, SIGUSR1);
	assert_int_equal (a->probes[CPOD_PROBE_LIVENESS].spec->grace.value, 1);
	assert_int_equal (b->n_depends, 3);
	assert_int_equal (b->depends[0].container, 2);
	assert_int_equal (b->depends[0].condition, CPOD_DEPENDS_COMPLETED);
	assert_int_equal (b->depends[1].container, 0);
	assert_int_equal (b->depends[1].condition, CPOD_DEPENDS_STARTED);
	assert_int_equal (b->depends[2].condition, CPOD_DEPENDS_HEALTHY);
}

static void
every_field_is_understood (void **state)
{
	struct cpod_spec *spec = load (everything);

	(void) state;
	assert_everything (spec);
	cpod_spec_destroy (spec);
}

static void
the_normalised_spec_says_the_same (void **state)
{
	struct cpod_spec *spec = load (everything), *again;
	char *text;

	(void) state;
	assert_int_equal (cpod_spec_json (spec, &text, NULL), 0);
	again = load (text);
	assert_everything (again);
	free (text);
	cpod_spec_destroy (spec);
	cpod_spec_destroy (again);
}

static void
without_a_policy_nothing_is_set (void **state)
{
	struct cpod_spec *spec = load ("{\"containers\": [{\"spec\": {}}]}");

	(void) state;
	assert_int_equal (spec->restart_policy, CPOD_RESTART_UNSET);
	assert_int_equal (spec->containers[0].restart_policy, CPOD_RESTART_UNSET);
	assert_int_equal (spec->containers[0].stop_signal, 0);
	assert_int_equal (spec->active_deadline_ms, 0);
	cpod_spec_destroy (spec);
}

#define MAIN(rest) "{\"containers\": [{\"spec\": {}, " rest "}]}"
#define INIT(rest) "{\"initContainers\": [{\"spec\": {}, " rest "}], \"containers\": []}"

static void
what_makes_no_sense_is_refused_where_it_stands (void **state)
{
	static const struct { const char *text, *message; } cases[] = {
		{ "{\"containers\": [], \"restartPolicy\": \"Sometimes\"}",
		  "1:37: restartPolicy: \"Sometimes\" is not one of \"Always\", \"OnFailure\", \"Never\"" },
		{ "{\"containers\": [], \"restartPolicy\": \"always\"}",
		  "1:37: restartPolicy: \"always\" is not known (did you mean \"Always\"?)" },
		{ "{\"containers\": [], \"activeDeadlineSeconds\": 0}",
		  "1:45: activeDeadlineSeconds: must be between 1 and 2147483647" },
		{ MAIN ("\"restartPolicyRules\": [{\"action\": \"Restart\", \"exitCodes\": {\"operator\": \"In\", \"values\": [1]}}]"),
		  "1:52: containers[0].restartPolicyRules: needs a restartPolicy beside it" },
		{ MAIN ("\"restartPolicy\": \"Never\", \"restartPolicyRules\": [{\"action\": \"Restart\", \"exitCodes\": {\"operator\": \"In\", \"values\": []}}]"),
		  "1:143: containers[0].restartPolicyRules[0].exitCodes.values: must not be empty" },
		{ MAIN ("\"restartPolicy\": \"Never\", \"restartPolicyRules\": [{\"action\": \"Restart\", \"exitCodes\": {\"operator\": \"In\", \"values\": [256]}}]"),
		  "1:114: containers[0].restartPolicyRules[0].exitCodes: an exit code is 0 to 255" },
		{ MAIN ("\"restartPolicy\": \"Never\", \"restartPolicyRules\": [{\"action\": \"Restart\"}]"),
		  "1:79: containers[0].restartPolicyRules[0]: \"exitCodes\" is required" },
		{ MAIN ("\"lifecycle\": {\"postStart\": {}}"),
		  "1:57: containers[0].lifecycle.postStart: needs exactly one of exec, httpGet and sleep, not 0" },
		{ MAIN ("\"lifecycle\": {\"postStart\": {\"exec\": {\"command\": [\"a\"]}, \"sleep\": {\"seconds\": 1}}}"),
		  "1:57: containers[0].lifecycle.postStart: needs exactly one of exec, httpGet and sleep, not 2" },
		{ MAIN ("\"lifecycle\": {\"preStop\": {\"sleep\": {\"seconds\": -1}}}"),
		  "1:77: containers[0].lifecycle.preStop.sleep.seconds: must be between 0 and 2147483647" },
		{ MAIN ("\"lifecycle\": {\"preStop\": {\"sleep\": {\"seconds\": 11}}}"),
		  "1:43: containers[0].lifecycle: preStop sleeps longer than the pod's terminationGracePeriodSeconds" },
		{ MAIN ("\"lifecycle\": {\"stopSignal\": \"SIGNOTHING\"}"),
		  "1:58: containers[0].lifecycle.stopSignal: is not the name of a signal, such as \"SIGUSR1\"" },
		{ MAIN ("\"lifecycle\": {\"stopSignal\": 15}"),
		  "1:58: containers[0].lifecycle.stopSignal: is not the name of a signal, such as \"SIGUSR1\"" },
		{ INIT ("\"lifecycle\": {\"preStop\": {\"sleep\": {\"seconds\": 1}}}"),
		  "1:47: initContainers[0].lifecycle: an init container has no lifecycle" },
		{ INIT ("\"restartPolicy\": \"OnFailure\", \"livenessProbe\": {\"exec\": [\"a\"]}"),
		  "1:81: initContainers[0].livenessProbe: an init container has no probes" },
		{ INIT ("\"restartPolicy\": \"Always\", \"restartPolicyRules\": [{\"action\": \"Restart\", \"exitCodes\": {\"operator\": \"In\", \"values\": [1]}}]"),
		  "1:83: initContainers[0].restartPolicyRules: means nothing for a sidecar, which always restarts" },
		{ MAIN ("\"livenessProbe\": {\"exec\": [\"a\"], \"terminationGracePeriodSeconds\": 5}"),
		  "1:47: containers[0].livenessProbe: terminationGracePeriodSeconds needs a restartPolicy: without one a probe stops nothing" },
		{ MAIN ("\"livenessProbe\": {\"exec\": [\"a\"], \"periodMilliseconds\": 9}"),
		  "1:85: containers[0].livenessProbe.periodMilliseconds: must be between 10 and 2147483647" },
		{ MAIN ("\"livenessProbe\": {\"exec\": [\"a\"], \"timeoutSeconds\": 1, \"timeoutMilliseconds\": 100}"),
		  "1:107: containers[0].livenessProbe.timeoutMilliseconds: stands beside timeoutSeconds: leave one of them out" },
		{ MAIN ("\"dependsOn\": [{\"name\": \"x\"}]"),
		  "1:44: containers[0].dependsOn[0]: there is no container \"x\" in this pod" },
		{ MAIN ("\"dependsOn\": [{\"name\": \"container-0\"}]"),
		  "1:44: containers[0].dependsOn[0]: a container cannot depend on itself" },
		{ MAIN ("\"dependsOn\": [{\"name\": \"x\", \"condition\": \"ready\"}]"),
		  "1:71: containers[0].dependsOn[0].condition: \"ready\" is not one of \"started\", \"healthy\", \"completed\"" },
		{ INIT ("\"dependsOn\": [{\"name\": \"x\"}]"),
		  "1:47: initContainers[0].dependsOn: init containers depend on those before them, in their order" },
		{ "{\"initContainers\": [{\"name\": \"s\", \"spec\": {}, \"restartPolicy\": \"Always\"}], \"containers\": [{\"spec\": {},"
		  " \"dependsOn\": [{\"name\": \"s\", \"condition\": \"completed\"}]}]}",
		  "1:118: containers[0].dependsOn[0]: \"s\" is a sidecar, which is not completed before the pod ends" },
		{ "{\"containers\": [{\"name\": \"a\", \"spec\": {}, \"dependsOn\": [{\"name\": \"b\"}]},\n"
		  "{\"name\": \"b\", \"spec\": {}, \"dependsOn\": [{\"name\": \"c\"}]}, {\"name\": \"c\", \"spec\": {}, \"dependsOn\": [{\"name\": \"a\"}]}]}",
		  "2:97: containers[2].dependsOn: goes round in a circle: none of these containers could ever start" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
		assert_refused (cases[i].text, cases[i].message);
}

/* Thousands of containers, each depending on the one before: no recursion, no circle. */
static void
a_long_chain_of_dependencies_is_no_circle (void **state)
{
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_spec *spec;

	(void) state;
	cpod_str_add (&text, "{\"containers\": [{\"spec\": {}}");
	for (int i = 1; i < 4000; i++)
		cpod_str_printf (&text, ",\n{\"spec\": {}, \"dependsOn\": [{\"name\": \"container-%d\"}]}", i - 1);
	cpod_str_add (&text, "]}");
	spec = load (text.data);
	assert_int_equal (spec->containers[3999].depends[0].container, 3998);
	cpod_spec_destroy (spec);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (every_field_is_understood),
		cmocka_unit_test (the_normalised_spec_says_the_same),
		cmocka_unit_test (without_a_policy_nothing_is_set),
		cmocka_unit_test (what_makes_no_sense_is_refused_where_it_stands),
		cmocka_unit_test (a_long_chain_of_dependencies_is_no_circle),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
