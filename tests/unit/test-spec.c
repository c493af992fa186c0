/* The native pod spec: both forms, names, defaults, limits, and every refusal with its position.
 * Links: src/pod/{spec,spec-tables,spec-json,spec-config,locate}.c probes/{probe-spec,expand}.c
 *        all of src/base -lyajl; defines the runtimes itself. */
#include "src/pod/locate.h"
#include "src/pod/runtimes.h"
#include "src/pod/spec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- A runtime that describes ------------------------------------------------------------ */

static const char *complaint;   /* what describe says, or NULL */

static int
describe (const struct cpod_rt_pod_config *pod, const struct cpod_rt_container_config *config, char **ret_text,
          struct cpod_error *err)
{
	if (complaint) {
		err->code = EINVAL;
		snprintf (err->message, sizeof (err->message), "%s", complaint);
		return -EINVAL;
	}
	if (strstr (config->spec_json, "oddity"))
		config->warn (config->warn_data, "1:17: process: unknown property \"oddity\"");
	assert_int_equal (strlen (config->spec_json), config->spec_len);
	assert_int_equal (strlen (pod->pod_json), pod->pod_len);
	return asprintf (ret_text, "pod %s flags %u\n%s\n%s\n", pod->name, pod->flags | config->flags << 8,
	                 config->spec_json, config->metadata_json) < 0 ? -ENOMEM : 0;
}

static const struct cpod_runtime_async describing = { .size = sizeof (describing), .describe = describe };
const struct cpod_runtime cpod_runtime_production = {
	.abi = CPOD_RUNTIME_ABI, .size = sizeof (cpod_runtime_production), .name = "production", .async = &describing,
};
const struct cpod_runtime cpod_runtime_shellout = {
	.abi = CPOD_RUNTIME_ABI, .size = sizeof (cpod_runtime_shellout), .name = "shellout",
};

/* ---- Helpers ----------------------------------------------------------------------------- */

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
assert_refused (const char *text, int code, const char *message)
{
	struct cpod_error err = { 0 };
	struct cpod_spec *spec = NULL;
	int ret = cpod_spec_parse ("pod.json", text, strlen (text), NULL, &spec, &err);

	assert_null (spec);
	assert_string_equal (err.message, message);
	assert_int_equal (ret, -code);
	assert_int_equal (err.code, code);
	assert_int_equal (cpod_spec_parse ("pod.json", text, strlen (text), NULL, &spec, NULL), -code);
}

static void
assert_oci (const struct cpod_spec *spec, size_t i, const char *text)
{
	cpod_autostr out = CPOD_STR_INIT;

	assert_int_equal (cpod_spec_render_oci (&spec->containers[i], NULL, &out), 0);
	assert_string_equal (out.data, text);
}

/* ---- Forms ------------------------------------------------------------------------------- */

static void
both_forms_are_the_same_pod (void **state)
{
	static const char *const texts[] = {
		"{\"containers\": [{\"name\": \"a\", \"process\": {\"args\": [\"true\"]}, \"hostname\": \"h\",\n"
		" \"metadata\": {\"image\": \"mysql:latest\"}}]}",
		"{\"containers\": [{\"name\": \"a\", \"spec\": {\"process\": {\"args\": [\"true\"]}, \"hostname\": \"h\"},\n"
		" \"metadata\": {\"image\": \"mysql:latest\"}}]}",
	};
	char *json[2];

	(void) state;
	for (int i = 0; i < 2; i++) {
		struct cpod_spec *spec = load (texts[i]);

		assert_int_equal (spec->n_containers, 1);
		assert_string_equal (spec->containers[0].path, i == 0 ? "containers[0]" : "containers[0].spec");
		assert_oci (spec, 0, "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"true\"]},\"hostname\":\"h\"}");
		assert_int_equal (cpod_spec_json (spec, &json[i], NULL), 0);
		cpod_spec_destroy (spec);
	}
	assert_string_equal (json[0], json[1]);
	free (json[0]);
	free (json[1]);
}

static void
a_trailing_comma_and_comments_are_accepted (void **state)
{
	struct cpod_spec *spec = load ("{ // the pod\n \"containers\": [\n  {\"process\": {\"args\": [\"true\",]},}, /* one */\n ],\n}");

	(void) state;
	assert_oci (spec, 0, "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"true\"]}}");
	cpod_spec_destroy (spec);
}

static void
the_version_and_unknown_properties_of_an_oci_spec_are_kept (void **state)
{
	struct cpod_spec *spec = load ("{\"containers\": [{\"spec\": {\"ociVersion\": \"1.0.2\", \"x\": [1e3, null]}}]}");

	(void) state;
	assert_oci (spec, 0, "{\"ociVersion\":\"1.0.2\",\"x\":[1e3,null]}");
	cpod_spec_destroy (spec);
}

/* ---- Names and defaults ------------------------------------------------------------------ */

static void
names_and_numbers_have_defaults (void **state)
{
	struct cpod_spec *spec = load ("{\"initContainers\": [{\"spec\": {}}, {\"spec\": {}}], \"containers\":\n"
	                               " [{\"spec\": {}}, {\"name\": \"x\", \"spec\": {}}, {\"spec\": {}}]}");
	static const char *const names[] = { "init-0", "init-1", "container-0", "x", "container-2" };

	(void) state;
	assert_int_equal (spec->n_init, 2);
	assert_int_equal (spec->n_containers, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal (spec->containers[i].name, names[i]);
		assert_int_equal (spec->containers[i].init, i < 2);
	}
	assert_string_equal (cpod_spec_name (spec), "pod");
	assert_int_equal (spec->grace_ms, 10000);
	assert_false (spec->host_network);
	cpod_spec_destroy (spec);
}

static void
the_pod_is_named_by_the_caller_the_metadata_or_the_file (void **state)
{
	static const struct { const char *file, *given, *text, *name; } cases[] = {
		{ "/x/web.yaml", NULL, "{\"containers\": []}", "web" },
		{ "/x/web.yaml", NULL, "{\"containers\": [], \"metadata\": {\"name\": \"meta\"}}", "meta" },
		{ "/x/web.yaml", "given", "{\"containers\": [], \"metadata\": {\"name\": \"meta\"}}", "given" },
		{ "dir/.hidden", NULL, "{\"containers\": []}", "hidden" },
		{ "a b\xc3\xa9.pod.json", NULL, "{\"containers\": []}", "a-b--.pod" },
		{ "standard input", NULL, "{\"containers\": []}", "standard-input" },
		{ "///", NULL, "{\"containers\": []}", "pod" },
		{ "0123456789012345678901234567890123456789012345678901234567890123456789", NULL, "{\"containers\": []}",
		  "012345678901234567890123456789012345678901234567890123456789012" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		struct cpod_load_options options = { .size = sizeof (options), .name = cases[i].given };
		struct cpod_spec *spec;

		assert_int_equal (cpod_spec_parse (cases[i].file, cases[i].text, strlen (cases[i].text), &options, &spec, NULL), 0);
		assert_string_equal (cpod_spec_name (spec), cases[i].name);
		cpod_spec_destroy (spec);
	}
}

static void
a_bad_name_given_by_the_caller_is_refused (void **state)
{
	struct cpod_load_options options = { .size = sizeof (options), .name = "../x" };
	struct cpod_spec *spec;
	struct cpod_error err;

	(void) state;
	assert_int_equal (cpod_spec_parse ("f", "{\"containers\":[]}", 17, &options, &spec, &err), -EINVAL);
	assert_string_equal (err.message, "\"../x\" is not a name for a pod: letters, digits, _ . -, at most 63, "
	                     "a letter or digit first");
}

static void
probes_have_kubernetes_defaults (void **state)
{
	struct cpod_spec *spec = load ("{\"containers\": [{\"spec\": {}, \"livenessProbe\": {\"exec\": [\"a\", \"b\"], \"periodSeconds\": 0},\n"
	                               "\"readinessProbe\": {\"exec\": {\"command\": [\"c\"]}, \"initialDelaySeconds\": 1, \"periodSeconds\": 2,\n"
	                               "\"timeoutSeconds\": 3, \"successThreshold\": 4, \"failureThreshold\": 5}}]}");
	const struct cpod_probe_use *probes = spec->containers[0].probes;
	const struct cpod_probe_config *config = &probes[CPOD_PROBE_LIVENESS].spec->config;

	(void) state;
	assert_int_equal (config->initial_delay_ms, 0);
	assert_int_equal (config->period_ms, 10000);
	assert_int_equal (config->timeout_ms, 1000);
	assert_int_equal (config->success_threshold, 1);
	assert_int_equal (config->failure_threshold, 3);
	assert_string_equal (probes[CPOD_PROBE_LIVENESS].what.argv[1], "b");
	assert_null (probes[CPOD_PROBE_LIVENESS].what.argv[2]);
	config = &probes[CPOD_PROBE_READINESS].spec->config;
	assert_int_equal (config->initial_delay_ms, 1000);
	assert_int_equal (config->period_ms, 2000);
	assert_int_equal (config->timeout_ms, 3000);
	assert_int_equal (config->success_threshold, 4);
	assert_int_equal (config->failure_threshold, 5);
	assert_null (probes[CPOD_PROBE_STARTUP].spec);
	cpod_spec_destroy (spec);
}

static void
variables_in_a_probe_are_expanded_from_the_static_environment (void **state)
{
	struct cpod_spec *spec = load ("{\"containers\": [{\"spec\": {\"process\": {\"env\": [\"A=1\", \"B=$(A)\", \"E=\"]}}, \"livenessProbe\":\n"
	                               "{\"exec\": [\"$(A)-$(B)\", \"$(C) $$(A) $A $\", \"$(A\", \"$(E)\", \"$$$$\", \"$()\"]}}]}");
	static const char *const argv[] = { "1-$(A)", "$(C) $(A) $A $", "$(A", "", "$$", "$()" };

	(void) state;
	for (size_t i = 0; i < 6; i++)
		assert_string_equal (spec->containers[0].probes[CPOD_PROBE_LIVENESS].what.argv[i], argv[i]);
	cpod_spec_destroy (spec);
}

/* ---- Normalised -------------------------------------------------------------------------- */

static void
the_normalised_spec_is_a_fixed_point (void **state)
{
	struct cpod_spec *spec = load ("{\"metadata\": {\"labels\": {\"a.b\": \"c\"}}, \"hostNetwork\": true, \"hostView\": {\"expose\": [\"/root\"]},\n"
	                               "\"terminationGracePeriodSeconds\": 3, \"initContainers\": [{\"process\": {\"args\": [\"i\"]}}],\n"
	                               "\"containers\": [{\"spec\": {\"process\": {\"args\": [\"m\"]}}, \"startupProbe\": {\"exec\": [\"p\"]}}]}");
	struct cpod_spec *again;
	char *one, *two;

	(void) state;
	assert_int_equal (cpod_spec_json (spec, &one, NULL), 0);
	again = load (one);
	assert_int_equal (cpod_spec_json (again, &two, NULL), 0);
	assert_string_equal (one, two);
	assert_non_null (strstr (one, "\"name\": \"pod\""));
	assert_non_null (strstr (one, "\"failureThreshold\": 3"));
	assert_non_null (strstr (one, "\"expose\""));
	assert_true (again->host_network);
	assert_int_equal (again->grace_ms, 3000);
	free (one);
	free (two);
	cpod_spec_destroy (spec);
	cpod_spec_destroy (again);
}

/* ---- Refusals ---------------------------------------------------------------------------- */

static void
bad_input_is_refused_with_file_line_column_path_and_reason (void **state)
{
	static const struct { const char *text, *message; } cases[] = {
		{ "{\"containers\": [{\"spec\": {}, \"name\": \"a\"}, {\"spec\": {}, \"name\": \"a\"}]}",
		  "pod.json:1:65: two containers are named \"a\"" },
		{ "{\"containers\": [{\"name\": \"container-1\", \"spec\": {}}, {\"spec\": {}}]}",
		  "pod.json:1:54: two containers are named \"container-1\"" },
		{ "{\"containers\": [{\"spec\": {}, \"name\": \"-a\"}]}",
		  "pod.json:1:38: containers[0].name: \"-a\" is not a name: letters, digits, _ . -, at most 63, a letter or digit first" },
		{ "{\"containers\": [{\"name\": \"a/b\", \"spec\": {}}]}",
		  "pod.json:1:26: containers[0].name: \"a/b\" is not a name: letters, digits, _ . -, at most 63, a letter or digit first" },
		{ "{\"containers\": [{\"name\": 7, \"spec\": {}}]}",
		  "pod.json:1:26: containers[0].name: expected a string, found number" },
		{ "{\"containers\": [\n  {\"spec\": {},\n   \"process\": {}}]}",
		  "pod.json:3:15: containers[0].process: stands beside \"spec\": put it inside, or leave \"spec\" out" },
		{ "{\"initContainers\": [{\"name\": \"a\"}], \"containers\": []}",
		  "pod.json:1:21: initContainers[0]: has neither \"spec\" nor \"process\"" },
		{ "{\"containers\": [{\"spec\": []}]}", "pod.json:1:26: containers[0].spec: expected an object, found array" },
		{ "{\"containers\": [{\"spec\": {}, \"livenesProbe\": {}}]}",
		  "pod.json:1:30: containers[0]: unknown property \"livenesProbe\" (did you mean \"livenessProbe\"?)" },
		{ "{\"container\": []}",
		  "pod.json:1:2: unknown property \"container\" (did you mean \"containers\"?)" },
		{ "{}", "pod.json:1:1: \"containers\" is required" },
		{ "{\"containers\": {}}", "pod.json:1:16: containers: expected an array, found an object" },
		{ "{\"containers\": [], \"metadata\": {\"name\": \"a b\"}}",
		  "pod.json:1:41: metadata.name: \"a b\" is not a name: letters, digits, _ . -, at most 63, a letter or digit first" },
		{ "{\"containers\": [], \"metadata\": {\"name\": 7}}", "pod.json:1:41: metadata.name: must be a string" },
		{ "{\"containers\": [], \"metadata\": []}", "pod.json:1:32: metadata: expected an object, found array" },
		{ "{\"containers\": [], \"hostNetwork\": 1}", "pod.json:1:35: hostNetwork: expected true or false, found a number" },
		{ "{\"containers\": [], \"hostView\": {\"expose\": [\"/a\", \"b\"]}}",
		  "pod.json:1:50: hostView.expose[1]: must be an absolute path without \".\", \"..\", \"//\" or a '/' at its end" },
		{ "{\"containers\": [], \"terminationGracePeriodSeconds\": -1}",
		  "pod.json:1:53: terminationGracePeriodSeconds: must be between 0 and 2147483647" },
		{ "{\"initContainers\": [{\"spec\": {}, \"livenessProbe\": {\"exec\": [\"a\"]}}], \"containers\": []}",
		  "pod.json:1:51: initContainers[0].livenessProbe: an init container has no probes" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
		assert_refused (cases[i].text, EINVAL, cases[i].message);
}

static void
bad_probes_are_refused (void **state)
{
	static const struct { const char *probe, *message; } cases[] = {
		{ "{}", "1:45: containers[0].livenessProbe: needs exactly one of exec, httpGet, tcpSocket and grpc, not 0" },
		{ "{\"exec\": []}", "1:54: containers[0].livenessProbe.exec: must not be empty" },
		{ "{\"exec\": [\"\"]}", "1:54: containers[0].livenessProbe.exec: the name of the program is empty" },
		{ "{\"exec\": [\"a\", 1]}", "1:60: containers[0].livenessProbe.exec[1]: expected a string, found number" },
		{ "{\"exec\": \"a\"}", "1:54: containers[0].livenessProbe.exec: expected an array of strings or {\"command\": [...]}" },
		{ "{\"exec\": {}}", "1:54: containers[0].livenessProbe.exec: \"command\" is required" },
		{ "{\"exec\": {\"command\": []}}", "1:66: containers[0].livenessProbe.exec.command: must not be empty" },
		{ "{\"exec\": [\"a\"], \"periodSeconds\": -1}",
		  "1:78: containers[0].livenessProbe.periodSeconds: must be between 0 and 2147483647" },
		{ "{\"exec\": [\"a\"], \"periodSeconds\": 0.5}",
		  "1:78: containers[0].livenessProbe.periodSeconds: expected an integer, found 0.5" },
		{ "{\"exec\": [\"a\"], \"successThreshold\": 2}",
		  "1:81: containers[0].livenessProbe.successThreshold: must be 1 for liveness and startup probes" },
		{ "{\"exec\": [\"a\"], \"periodSecond\": 1}",
		  "1:61: containers[0].livenessProbe: unknown property \"periodSecond\" (did you mean \"periodSeconds\"?)" },
		{ "{\"exec\": [\"a\"], \"terminationGracePeriodSeconds\": 0}",
		  "1:94: containers[0].livenessProbe.terminationGracePeriodSeconds: must be between 1 and 2147483647" },
		{ "{\"httpGet\": {\"port\": 0}}", "1:66: containers[0].livenessProbe.httpGet.port: must be between 1 and 65535" },
		{ "{\"httpGet\": {\"port\": 65536}}", "1:66: containers[0].livenessProbe.httpGet.port: must be between 1 and 65535" },
		{ "{\"httpGet\": {\"port\": \"A\"}}", "1:66: containers[0].livenessProbe.httpGet.port: \"A\" is not the name of a port" },
		{ "{\"tcpSocket\": {\"port\": true}}",
		  "1:68: containers[0].livenessProbe.tcpSocket.port: expected a number or the name of a port, found boolean" },
		{ "{\"tcpSocket\": {\"host\": \"a\"}}", "1:59: containers[0].livenessProbe.tcpSocket: \"port\" is required" },
		{ "{\"tcpSocket\": {}}", "1:59: containers[0].livenessProbe.tcpSocket: \"port\" is required" },
	};
	char text[512], message[512];

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		snprintf (text, sizeof (text), "{\"containers\":[{\"spec\":{},\"livenessProbe\" : %s}]}", cases[i].probe);
		snprintf (message, sizeof (message), "pod.json:%s", cases[i].message);
		assert_refused (text, EINVAL, message);
	}
	assert_refused ("{\"containers\":[{\"spec\":{},\"readinessProbe\":{\"exec\":[\"a\"],\"terminationGracePeriodSeconds\":5}}]}", EINVAL,
	                "pod.json:1:90: containers[0].readinessProbe.terminationGracePeriodSeconds: is not allowed on a readiness probe");
}

static void
what_is_not_carried_out_is_refused_by_name (void **state)
{
	static const struct { const char *text, *message; } cases[] = {
		{ "[]", "1:1: a deployments file (a list) is not carried out by this version" },
		{ "{\"image\": \"a\"}", "1:11: a deployments file (\"image\") is not carried out by this version" },
		{ "{\"services\": {}}", "1:14: a compose file (\"services\") is not carried out by this version" },
		{ "{\"containers\": [], \"subdomain\": \"a\"}", "1:20: subdomain: it is not carried out by this version" },
		{ "{\"containers\": [{\"spec\": {}, \"lifecycle\": {\"preStop\": {\"tcpSocket\": {\"port\": 80}}}}]}",
		  "1:56: containers[0].lifecycle.preStop.tcpSocket: it is not carried out by this version" },
		{ "{\"containers\": [{\"spec\": {}, \"image\": \"a\"}]}",
		  "1:30: containers[0].image: it is not carried out by this version" },
	};
	char message[512];

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		snprintf (message, sizeof (message), "pod.json:%s", cases[i].message);
		assert_refused (cases[i].text, ENOTSUP, message);
	}
}

static void
more_than_16384_containers_are_refused (void **state)
{
	cpod_autostr text = CPOD_STR_INIT;

	(void) state;
	cpod_str_add (&text, "{\"containers\": [");
	for (int i = 0; i < 16384; i++)
		cpod_str_add (&text, "{\"spec\":{}},");
	cpod_str_add (&text, "]}");
	cpod_spec_destroy (load (text.data));
	text.data[text.len - 2] = ' ';
	text.data[text.len - 1] = ' ';
	cpod_str_add (&text, "{}]}");
	assert_refused (text.data, EINVAL, "pod.json:1:16: containers: more than 16384 containers");
}

static void
unknown_fields_can_be_warnings (void **state)
{
	struct cpod_load_options options = { .size = sizeof (options), .flags = CPOD_LOAD_IGNORE_UNKNOWN };
	struct cpod_spec *spec;

	(void) state;
	assert_int_equal (cpod_spec_parse ("f", "{\"containers\":[],\"x\":1}", 23, &options, &spec, NULL), 0);
	cpod_spec_destroy (spec);
}

static void
a_missing_file_is_named (void **state)
{
	struct cpod_spec *spec;
	struct cpod_error err;

	(void) state;
	assert_int_equal (cpod_spec_load ("/nonexistent/pod.json", NULL, &spec, &err), -ENOENT);
	assert_non_null (strstr (err.message, "/nonexistent/pod.json"));
}

/* ---- Errors of a runtime ----------------------------------------------------------------- */

static void
a_runtimes_complaint_is_located_in_the_document (void **state)
{
	static const char text[] =
		"{\"initContainers\": [{\"process\": {\"args\": [\"x\"]}}],\n"
		" \"containers\": [{\"name\": \"a\",\n"
		"  \"spec\": {\"process\": {},\n"
		"   \"mounts\": [{}, {\"type\":\n"
		"     \"odd\"}],\n"
		"   \"annotations\": {\"a.b\": 7}}}]}";
	static const struct { size_t container; const char *complaint, *message; } cases[] = {
		{ 1, "mounts[1].type: unknown", "pod.json:5:6: containers[0].spec.mounts[1].type: unknown" },
		{ 1, "mounts[1].source: missing", "pod.json:4:19: containers[0].spec.mounts[1].source: missing" },
		{ 1, "mounts[7]: x", "pod.json:4:14: containers[0].spec.mounts[7]: x" },
		{ 1, "annotations[\"a.b\"]: not a string", "pod.json:6:27: containers[0].spec.annotations[\"a.b\"]: not a string" },
		{ 1, "linux: is required", "pod.json:3:11: containers[0].spec.linux: is required" },
		{ 0, "process.args[0]: cannot execute x", "pod.json:1:43: initContainers[0].process.args[0]: cannot execute x" },
		{ 1, "clone3: Operation not permitted", "pod.json: container a: clone3: Operation not permitted" },
		{ 1, "cannot make a cgroup: x", "pod.json: container a: cannot make a cgroup: x" },
		{ 1, "process", "pod.json: container a: process" },
		{ 1, "1:69: mounts[1].type: unknown", "pod.json:5:6: containers[0].spec.mounts[1].type: unknown" },
		{ 1, "1:2: unknown property \"y\"", "pod.json:3:11: containers[0].spec: unknown property \"y\"" },
		{ 0, "1:2: unknown property \"y\"", "pod.json:1:21: initContainers[0]: unknown property \"y\"" },
		{ 1, "1:69 mounts", "pod.json: container a: 1:69 mounts" },
	};
	struct cpod_spec *spec = load (text);

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		struct cpod_error err = { .code = EPERM };

		snprintf (err.message, sizeof (err.message), "%s", cases[i].complaint);
		assert_int_equal (cpod_spec_locate_error (spec, &spec->containers[cases[i].container], -EPERM, &err), -EPERM);
		assert_string_equal (err.message, cases[i].message);
		assert_int_equal (err.code, EPERM);
	}
	cpod_spec_destroy (spec);
}

static void
a_description_names_each_container (void **state)
{
	struct cpod_spec *spec = load ("{\"hostNetwork\": true, \"containers\": [{\"spec\": {\"root\": {}}, \"metadata\": {\"a\": [1]}}]}");
	char *text;

	(void) state;
	complaint = NULL;
	assert_int_equal (cpod_spec_describe (spec, NULL, &text, NULL), 0);
	assert_string_equal (text, "container container-0\n  pod pod flags 1\n  {\"ociVersion\":\"1.2.0\",\"root\":{}}\n  {\"a\":[1]}\n");
	free (text);
	cpod_spec_destroy (spec);
}

static void
a_runtimes_warning_is_located_in_the_description (void **state)
{
	struct cpod_spec *spec = load ("{\"containers\": [{\"process\": {\"oddity\": 1}}]}");
	char *text;

	(void) state;
	complaint = NULL;
	assert_int_equal (cpod_spec_describe (spec, NULL, &text, NULL), 0);
	assert_non_null (strstr (text, "container container-0\n"
	                         "  warning: pod.json:1:29: containers[0].process: unknown property \"oddity\"\n  pod pod"));
	free (text);
	cpod_spec_destroy (spec);
}

static void
a_description_that_fails_is_located (void **state)
{
	struct cpod_spec *spec = load ("{\"containers\": [{\"spec\": {\"root\": {}}}]}");
	struct cpod_error err;
	char *text;

	(void) state;
	complaint = "root.path: missing";
	assert_int_equal (cpod_spec_describe (spec, NULL, &text, &err), -EINVAL);
	assert_string_equal (err.message, "pod.json:1:35: containers[0].spec.root.path: missing");
	assert_int_equal (cpod_spec_describe (spec, &cpod_runtime_shellout, &text, &err), -ENOTSUP);
	assert_string_equal (err.message, "the runtime shellout cannot tell what it would do");
	cpod_spec_destroy (spec);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (both_forms_are_the_same_pod),
		cmocka_unit_test (a_trailing_comma_and_comments_are_accepted),
		cmocka_unit_test (the_version_and_unknown_properties_of_an_oci_spec_are_kept),
		cmocka_unit_test (names_and_numbers_have_defaults),
		cmocka_unit_test (the_pod_is_named_by_the_caller_the_metadata_or_the_file),
		cmocka_unit_test (a_bad_name_given_by_the_caller_is_refused),
		cmocka_unit_test (probes_have_kubernetes_defaults),
		cmocka_unit_test (variables_in_a_probe_are_expanded_from_the_static_environment),
		cmocka_unit_test (the_normalised_spec_is_a_fixed_point),
		cmocka_unit_test (bad_input_is_refused_with_file_line_column_path_and_reason),
		cmocka_unit_test (bad_probes_are_refused),
		cmocka_unit_test (what_is_not_carried_out_is_refused_by_name),
		cmocka_unit_test (more_than_16384_containers_are_refused),
		cmocka_unit_test (unknown_fields_can_be_warnings),
		cmocka_unit_test (a_missing_file_is_named),
		cmocka_unit_test (a_runtimes_complaint_is_located_in_the_document),
		cmocka_unit_test (a_description_names_each_container),
		cmocka_unit_test (a_runtimes_warning_is_located_in_the_description),
		cmocka_unit_test (a_description_that_fails_is_located),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
