/* Kubernetes manifests: what they become, and why they are refused.
 *
 * A case of `become` says what the native spec then has, as "PATH=JSON"; a case of `refused` gives the
 * inside of a container, of a pod's spec, or whole documents, and the sentence behind file and place.
 */
#include "src/base/module.h"
#include "src/manifest/manifest.h"
#include "src/pod/spec.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define POD(spec) "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"uid\":\"u\",\"labels\":{\"a\":\"x\",\"b\":\"y\"}},\"spec\":" spec "}"
#define ONE(container) "\"name\":\"c\",\"image\":\"host\",\"command\":[\"x\"]" container

/* A pod around the inside of a container; what: "container", "pod" or "file". */
static char *
wrap (const char *what, const char *inside)
{
	char *text;

	if (strcmp (what, "container") == 0)
		assert_true (asprintf (&text, POD ("{\"volumes\":[{\"name\":\"v\"}],\"containers\":[\n{" ONE ("%s%s") "}]}"), *inside ? "," : "", inside) > 0);
	else if (strcmp (what, "pod") == 0)
		assert_true (asprintf (&text, POD ("{\"containers\":[{" ONE ("") "}]%s%s}"), *inside ? ",\n" : "", inside) > 0);
	else
		text = strdup (inside);
	return text;
}

static int
parse (const char *text, struct cpod_spec **ret_spec, struct cpod_error *err)
{
	return cpod_spec_parse ("f", text, strlen (text), NULL, ret_spec, err);
}

static struct cpod_spec *
load (const char *text)
{
	struct cpod_error err = { 0 };
	struct cpod_spec *spec = NULL;

	if (parse (text, &spec, &err) < 0)
		fail_msg ("%s\n%s", err.message, text);
	return spec;
}

/* The value at a path such as "containers.0.spec" in the tree, or NULL. */
static const struct cpod_json *
at (const struct cpod_json *value, const char *path, size_t len)
{
	while (len > 0 && value) {
		size_t part = strcspn (path, ".") < len ? strcspn (path, ".") : len;
		const struct cpod_json *child = value->first;

		if (value->type == CPOD_JSON_ARRAY) {
			for (long n = strtol (path, NULL, 10); child && n > 0; n--)
				child = child->next;
		} else if (value->type == CPOD_JSON_OBJECT) {
			while (child && (strncmp (child->key, path, part) != 0 || child->key[part]))
				child = child->next;
		} else {
			child = NULL;
		}
		value = child;
		path += part + (part < len);
		len -= part + (part < len);
	}
	return value;
}

/* The spec, normalised, has "PATH=JSON" or, with "!PATH", nothing there; and can be loaded again to the same. */
static void
assert_has (const char *text, const char *wanted)
{
	struct cpod_spec *spec = load (text), *again;
	cpod_autostr out = CPOD_STR_INIT, second = CPOD_STR_INIT, value = CPOD_STR_INIT;
	struct cpod_json *root;
	struct cpod_arena arena;
	const struct cpod_json *found;
	bool absent = *wanted == '!';
	size_t len = absent ? strlen (wanted) - 1 : strcspn (wanted, "=");

	assert_int_equal (cpod_spec_render (spec, 0, &out), 0);
	again = load (out.data);
	assert_int_equal (cpod_spec_render (again, 0, &second), 0);
	assert_string_equal (second.data, out.data);
	cpod_arena_init (&arena, 0);
	assert_int_equal (cpod_json_parse ("spec", out.data, out.len, 0, &arena, &root, NULL), 0);
	found = at (root, wanted + absent, len);
	if (absent && found)
		fail_msg ("there is a %s in %s", wanted + 1, out.data);
	if (!absent) {
		if (!found)
			fail_msg ("no %.*s in %s", (int) len, wanted, out.data);
		cpod_json_write (&value, found, 0);
		assert_string_equal (value.data, wanted + len + 1);
	}
	cpod_arena_finish (&arena);
	cpod_spec_destroy (again);
	cpod_spec_destroy (spec);
}

struct becomes { const char *what, *inside, *wanted; };
static void
assert_all_become (const struct becomes *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *text = wrap (cases[i].what, cases[i].inside);

		assert_has (text, cases[i].wanted);
		free (text);
	}
}
#define ASSERT_BECOME(cases) assert_all_become (cases, sizeof (cases) / sizeof ((cases)[0]))

struct refused { const char *what, *inside, *message; };
static void
assert_all_refused (const struct refused *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *text = wrap (cases[i].what, cases[i].inside);
		struct cpod_error err = { 0 };
		struct cpod_spec *spec = NULL;
		const char *behind = NULL;

		if (parse (text, &spec, &err) == 0)
			fail_msg ("taken: %s", text);
		assert_null (spec);
		if (strncmp (err.message, "f:", 2) != 0 || !(behind = strstr (err.message, ": ")))
			fail_msg ("no place: %s", err.message);
		if (strstr (err.message, "f:0:0"))
			fail_msg ("the place is lost: %s", err.message);
		if (strncmp (behind + 2, cases[i].message, strlen (cases[i].message)) != 0)
			fail_msg ("%s\n  says  %s\n  wanted %s", text, behind + 2, cases[i].message);
		free (text);
	}
}
#define ASSERT_REFUSED(cases) assert_all_refused (cases, sizeof (cases) / sizeof ((cases)[0]))

/* ---- What fields become -------------------------------------------------------------------- */

#define C0 "containers.0."
#define PROCESS C0 "spec.process."

static void
a_manifest_has_the_defaults_of_kubernetes (void **state)
{
	static const struct becomes cases[] = {
		{ "pod", "", "restartPolicy=\"Always\"" },
		{ "pod", "", "terminationGracePeriodSeconds=30" },
		{ "pod", "", "hostname=\"p\"" },
		{ "pod", "", PROCESS "cwd=\"/\"" },
		{ "pod", "", PROCESS "noNewPrivileges=false" },
		{ "pod", "", PROCESS "oomScoreAdj=1000" },
		{ "pod", "", PROCESS "user={\"uid\":0,\"gid\":0,\"additionalGids\":[]}" },
		{ "pod", "", "!" PROCESS "capabilities" },
		{ "pod", "", "!" C0 "spec.linux" },
		{ "pod", "", "!" C0 "spec.root" },
		{ "pod", "", "metadata.uid=\"u\"" },
		{ "pod", "", C0 "terminationMessagePath=\"/dev/termination-log\"" },
		{ "container", "\"terminationMessagePath\":\"\"", C0 "terminationMessagePath=\"/dev/termination-log\"" },
		{ "container", "\"terminationMessagePath\":\"/m\",\"terminationMessagePolicy\":\"FallbackToLogsOnError\"", C0 "terminationMessagePath=\"/m\"" },
	};

	(void) state;
	ASSERT_BECOME (cases);
}

static void
fields_of_the_pod_are_carried_over (void **state)
{
	static const struct becomes cases[] = {
		{ "pod", "\"restartPolicy\":\"Never\"", "restartPolicy=\"Never\"" },
		{ "pod", "\"restartPolicy\":\"OnFailure\"", "restartPolicy=\"OnFailure\"" },
		{ "pod", "\"terminationGracePeriodSeconds\":0", "terminationGracePeriodSeconds=0" },
		{ "pod", "\"activeDeadlineSeconds\":7", "activeDeadlineSeconds=7" },
		{ "pod", "\"hostNetwork\":true", "hostNetwork=true" },
		{ "pod", "\"hostPID\":true", "hostPID=true" },
		{ "pod", "\"hostIPC\":true", "hostIPC=true" },
		{ "pod", "\"shareProcessNamespace\":true", "shareProcessNamespace=true" },
		{ "pod", "\"hostname\":\"front\"", "hostname=\"front\"" },
		{ "pod", "\"hostnameOverride\":\"a.b\"", "hostname=\"a.b\"" },
		{ "pod", "\"subdomain\":\"s\",\"setHostnameAsFQDN\":true", "hostname=\"p.s.default.svc.cluster.local\"" },
		{ "pod", "\"subdomain\":\"s\"", "hostname=\"p\"" },
		{ "pod", "\"setHostnameAsFQDN\":true", "hostname=\"p\"" },
		{ "pod", "\"nodeSelector\":{\"a\":\"b\"},\"tolerations\":[],\"affinity\":null,\"priorityClassName\":\"x\"", "hostname=\"p\"" },
		{ "pod", "\"os\":{\"name\":\"linux\"}", "hostname=\"p\"" },
	};

	(void) state;
	ASSERT_BECOME (cases);
}

static void
a_container_is_an_oci_spec (void **state)
{
	static const struct becomes cases[] = {
		{ "container", "\"args\":[\"a\",\"b\"]", PROCESS "args=[\"x\",\"a\",\"b\"]" },
		{ "container", "\"workingDir\":\"/w\"", PROCESS "cwd=\"/w\"" },
		{ "container", "\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"B\"}]", PROCESS "env=[\"A=1\",\"B=\"]" },
		{ "container", "\"restartPolicy\":\"Never\"", C0 "restartPolicy=\"Never\"" },
		{ "container", "\"livenessProbe\":{\"exec\":{\"command\":[\"t\"]},\"periodSeconds\":3}", C0 "livenessProbe.periodSeconds=3" },
		{ "container", "\"lifecycle\":{\"preStop\":{\"sleep\":{\"seconds\":3}}}", C0 "lifecycle={\"preStop\":{\"sleep\":{\"seconds\":3}}}" },
		{ "file", POD ("{\"containers\":[{\"name\":\"c\",\"image\":\"dir:/r\",\"command\":[\"x\"]}]}"), C0 "spec.root={\"path\":\"/r\"}" },
		{ "file", POD ("{\"initContainers\":[{" ONE ("") "}],\"containers\":[{\"name\":\"d\",\"image\":\"host\",\"command\":[\"y\"]}]}"),
		  "initContainers.0.name=\"c\"" },
	};

	(void) state;
	ASSERT_BECOME (cases);
}

/* ---- Variables ----------------------------------------------------------------------------- */

#define DATA "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[" \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\"},\"data\":{\"k\":\"v\",\"l\":\"w\"},\"binaryData\":{\"b\":\"AAE=\"}}," \
	"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"data\":{\"k\":\"cGFzcw==\",\"n\":\"AAE=\"},\"stringData\":{\"k\":\"over\",\"t\":\"text\"}}," \
	POD ("{\"containers\":[{" ONE (",%s") "}]%s}") "]}"

/* A case inside a container of a file that has a ConfigMap m and a Secret s. */
static char *
with_data (const char *container, const char *pod)
{
	char *text;

	assert_true (asprintf (&text, DATA, container, pod) > 0);
	return text;
}

static void
references_in_variables_are_expanded_in_order (void **state)
{
	static const struct { const char *env, *args, *wanted; } cases[] = {
		{ "{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"B\",\"value\":\"$(A)2\"}", "", "env=[\"A=1\",\"B=12\"]" },
		{ "{\"name\":\"B\",\"value\":\"$(A)\"},{\"name\":\"A\",\"value\":\"1\"}", "", "env=[\"B=$(A)\",\"A=1\"]" },
		{ "{\"name\":\"A\",\"value\":\"$(A)x\"},{\"name\":\"A\",\"value\":\"$(A)y\"}", "", "env=[\"A=$(A)xy\"]" },
		{ "{\"name\":\"A\",\"value\":\"$$(A) $$ $ $( $)$\"}", "", "env=[\"A=$(A) $ $ $( $)$\"]" },
		{ "{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"A\",\"value\":\"2\"}", "", "env=[\"A=2\"]" },
		{ "{\"name\":\"A\",\"value\":\"$(\"}", "", "env=[\"A=$(\"]" },
		{ "{\"name\":\"A\",\"value\":\"1\"}", "\"$(A)\",\"$(B)\",\"$$(A)\",\"a$(A)$(A)\"", "args=[\"x\",\"1\",\"$(B)\",\"$(A)\",\"a11\"]" },
		{ "{\"name\":\"A.b-c/d\",\"value\":\"1\"}", "\"$(A.b-c/d)\"", "args=[\"x\",\"1\"]" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		char *inside, *text, *wanted;

		assert_true (asprintf (&inside, "\"env\":[%s],\"args\":[%s]", cases[i].env, cases[i].args) > 0);
		assert_true (asprintf (&wanted, PROCESS "%s", cases[i].wanted) > 0);
		text = wrap ("container", inside);
		assert_has (text, wanted);
		free (text);
		free (wanted);
		free (inside);
	}
}

static void
variables_come_from_data_and_fields (void **state)
{
	static const struct { const char *inside, *wanted; } cases[] = {
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"m\",\"key\":\"k\"}}}]", "env=[\"A=v\"]" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"t\"}}}]", "env=[\"A=text\"]" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"k\"}}}]", "env=[\"A=over\"]" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"x\",\"optional\":true}}}]", "env=[]" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"x\",\"key\":\"x\",\"optional\":true}}}]", "env=[]" },
		{ "\"envFrom\":[{\"configMapRef\":{\"name\":\"m\"}}]", "env=[\"k=v\",\"l=w\"]" },
		{ "\"envFrom\":[{\"prefix\":\"P_\",\"configMapRef\":{\"name\":\"m\"}}]", "env=[\"P_k=v\",\"P_l=w\"]" },
		{ "\"envFrom\":[{\"configMapRef\":{\"name\":\"x\",\"optional\":true}}]", "env=[]" },
		{ "\"envFrom\":[{\"configMapRef\":{\"name\":\"m\"}}],\"env\":[{\"name\":\"k\",\"value\":\"$(l)\"}]", "env=[\"k=w\",\"l=w\"]" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}}]", "env=[\"A=p\"]" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPath\":\"metadata.labels['b']\"}}}]", "env=[\"A=y\"]" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.labels['none']\"}}}]", "env=[\"A=\"]" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.uid\"}}}]", "env=[\"A=u\"]" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"spec.serviceAccountName\"}}}]", "env=[\"A=default\"]" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.podIP\"}}}]", "env=[\"A=127.0.0.1\"]" },
		{ "\"resources\":{\"limits\":{\"cpu\":\"1500m\"}},\"env\":[{\"name\":\"A\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"limits.cpu\"}}}]", "env=[\"A=2\"]" },
		{ "\"resources\":{\"limits\":{\"memory\":\"1Gi\"}},\"env\":[{\"name\":\"A\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"requests.memory\",\"divisor\":\"1Mi\"}}}]", "env=[\"A=1024\"]" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		char *text = with_data (cases[i].inside, ""), *wanted;

		assert_true (asprintf (&wanted, PROCESS "%s", cases[i].wanted) > 0);
		assert_has (text, wanted);
		free (wanted);
		free (text);
	}
}

static void
references_that_lead_nowhere_are_refused (void **state)
{
	static const struct { const char *inside, *message; } cases[] = {
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"m\",\"key\":\"x\"}}}]", "valueFrom.configMapKeyRef: couldn't find key x in ConfigMap default/m" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"x\",\"key\":\"k\"}}}]", "secretKeyRef: secret \"x\" not found" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"key\":\"k\"}}}]",
		  "items[2].spec.containers[0].env[0].valueFrom.configMapKeyRef.name: Required value" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"n\"}}}]", "has a NUL byte" },
		{ "\"envFrom\":[{\"configMapRef\":{\"name\":\"x\"}}]", "configmap \"x\" not found" },
		{ "\"envFrom\":[{\"prefix\":\"a\"}]", "must specify one of: `configMapRef` or `secretRef`" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{}}]", "must specify one of: `fieldRef`" },
		{ "\"env\":[{\"name\":\"A\",\"value\":\"1\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}}]",
		  "may not be specified when `value` is not empty" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"spec.nope\"}}}]", "field label not supported: spec.nope" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.labels\"}}}]", "field label not supported" },
		{ "\"env\":[{\"name\":\"A=B\",\"value\":\"1\"}]", "a valid environment variable name must consist only of printable ASCII" },
		{ "\"env\":[{\"value\":\"1\"}]", "name: Required value" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"limits.gpu\"}}}]", "must be one of limits.cpu" },
		{ "\"env\":[{\"name\":\"A\",\"valueFrom\":{\"resourceFieldRef\":{\"containerName\":\"zz\",\"resource\":\"limits.cpu\"}}}]", "containerName: Not found: \"zz\"" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		char *text = with_data (cases[i].inside, "");
		struct cpod_error err = { 0 };
		struct cpod_spec *spec = NULL;

		assert_true (parse (text, &spec, &err) < 0);
		if (!strstr (err.message, strchr (cases[i].message, '[') ? strstr (cases[i].message, "spec.") : cases[i].message))
			fail_msg ("%s", err.message);
		free (text);
	}
}

/* ---- Resources ----------------------------------------------------------------------------- */

#define LINUX C0 "spec.linux.resources."

static void
resources_have_the_kubelets_numbers (void **state)
{
	static const struct becomes cases[] = {
		{ "container", "\"resources\":{\"requests\":{\"cpu\":\"10m\"}}", LINUX "cpu={\"shares\":10}" },
		{ "container", "\"resources\":{\"requests\":{\"cpu\":\"100m\"}}", LINUX "cpu={\"shares\":102}" },
		{ "container", "\"resources\":{\"requests\":{\"cpu\":0.5}}", LINUX "cpu={\"shares\":512}" },
		{ "container", "\"resources\":{\"requests\":{\"cpu\":2}}", LINUX "cpu={\"shares\":2048}" },
		{ "container", "\"resources\":{\"requests\":{\"cpu\":\"1m\"}}", LINUX "cpu={\"shares\":2}" },
		{ "container", "\"resources\":{\"requests\":{\"cpu\":\"9000\"}}", LINUX "cpu={\"shares\":262144}" },
		{ "container", "\"resources\":{\"limits\":{\"cpu\":\"250m\"}}", LINUX "cpu={\"shares\":256,\"quota\":25000,\"period\":100000}" },
		{ "container", "\"resources\":{\"limits\":{\"cpu\":\"1m\"}}", LINUX "cpu={\"shares\":2,\"quota\":1000,\"period\":100000}" },
		{ "container", "\"resources\":{\"limits\":{\"cpu\":4},\"requests\":{\"cpu\":1}}", LINUX "cpu={\"shares\":1024,\"quota\":400000,\"period\":100000}" },
		{ "container", "\"resources\":{\"limits\":{\"memory\":\"64Mi\"}}", LINUX "memory={\"limit\":67108864}" },
		{ "container", "\"resources\":{\"limits\":{\"memory\":\"64Mi\"}}", LINUX "unified={\"memory.oom.group\":\"1\"}" },
		{ "container", "\"resources\":{\"requests\":{\"memory\":\"64Mi\"}}", "!" C0 "spec.linux" },
		{ "container", "\"resources\":{\"limits\":{\"hugepages-2Mi\":\"4Mi\"}}", LINUX "hugepageLimits=[{\"pageSize\":\"2MB\",\"limit\":4194304}]" },
		{ "container", "\"resources\":{\"limits\":{\"cpu\":1,\"memory\":\"1Gi\"}}", PROCESS "oomScoreAdj=-997" },
		{ "container", "\"resources\":{\"limits\":{\"cpu\":1,\"memory\":\"1Gi\"},\"requests\":{\"cpu\":\"500m\"}}", "!" C0 "none" },
		{ "container", "\"resources\":{\"requests\":{\"cpu\":1}}", PROCESS "oomScoreAdj=999" },
		{ "container", "\"resources\":{\"requests\":{\"memory\":\"1Ei\"}}", PROCESS "oomScoreAdj=3" },
		{ "container", "\"resources\":{\"requests\":{\"cpu\":0}}", PROCESS "oomScoreAdj=1000" },
		{ "file", POD ("{\"containers\":[{" ONE (",\"resources\":{\"limits\":{\"cpu\":1,\"memory\":\"1Gi\"}}") "},{\"name\":\"d\",\"image\":\"host\",\"command\":[\"x\"]}]}"),
		  "containers.1.spec.process.oomScoreAdj=999" },
		{ "file", POD ("{\"containers\":[{" ONE (",\"resources\":{\"requests\":{\"cpu\":1}}") "},{\"name\":\"d\",\"image\":\"host\",\"command\":[\"x\"]}]}"),
		  "containers.1.spec.linux.resources.cpu={\"shares\":2}" },
	};

	(void) state;
	ASSERT_BECOME (cases);
}

static void
the_oom_score_follows_class_and_request (void **state)
{
	(void) state;
	assert_int_equal (cpod_manifest_oom_score (CPOD_MANIFEST_GUARANTEED, 1, 1000), -997);
	assert_int_equal (cpod_manifest_oom_score (CPOD_MANIFEST_BEST_EFFORT, 0, 1000), 1000);
	assert_int_equal (cpod_manifest_oom_score (CPOD_MANIFEST_BURSTABLE, 0, 8000000000), 999);
	assert_int_equal (cpod_manifest_oom_score (CPOD_MANIFEST_BURSTABLE, 4000000000, 8000000000), 500);
	assert_int_equal (cpod_manifest_oom_score (CPOD_MANIFEST_BURSTABLE, 1, 8000000000), 999);
	assert_int_equal (cpod_manifest_oom_score (CPOD_MANIFEST_BURSTABLE, 8000000000, 8000000000), 3);
	assert_int_equal (cpod_manifest_oom_score (CPOD_MANIFEST_BURSTABLE, 9000000000, 8000000000), 3);
}

/* ---- Security ------------------------------------------------------------------------------ */

#define BOUNDING PROCESS "capabilities.bounding="

static void
security_contexts_become_identity_and_rights (void **state)
{
	static const struct becomes cases[] = {
		{ "container", "\"securityContext\":{\"runAsUser\":5,\"runAsGroup\":6}", PROCESS "user={\"uid\":5,\"gid\":6,\"additionalGids\":[]}" },
		{ "pod", "\"securityContext\":{\"runAsUser\":5,\"supplementalGroups\":[7,8],\"fsGroup\":9}", PROCESS "user={\"uid\":5,\"gid\":0,\"additionalGids\":[7,8,9]}" },
		{ "container", "\"securityContext\":{\"allowPrivilegeEscalation\":false}", PROCESS "noNewPrivileges=true" },
		{ "container", "\"securityContext\":{\"readOnlyRootFilesystem\":true}", C0 "spec.root={\"readonly\":true}" },
		{ "container", "\"securityContext\":{\"capabilities\":{\"drop\":[\"ALL\"]}}", BOUNDING "[]" },
		{ "container", "\"securityContext\":{\"capabilities\":{\"drop\":[\"all\"],\"add\":[\"CHOWN\",\"CAP_NET_RAW\"]}}", BOUNDING "[\"CAP_CHOWN\",\"CAP_NET_RAW\"]" },
		{ "container", "\"securityContext\":{\"capabilities\":{\"add\":[\"ALL\"],\"drop\":[\"ALL\"]}}", BOUNDING "[]" },
		{ "container", "\"securityContext\":{\"capabilities\":{\"drop\":[\"CHOWN\",\"FOWNER\",\"FSETID\",\"KILL\",\"SETFCAP\",\"SETPCAP\",\"SYS_CHROOT\",\"AUDIT_WRITE\"]}}",
		  BOUNDING "[\"CAP_DAC_OVERRIDE\",\"CAP_NET_BIND_SERVICE\",\"CAP_SETGID\",\"CAP_SETUID\"]" },
		{ "container", "\"securityContext\":{\"capabilities\":{\"drop\":[\"ALL\"],\"add\":[\"KILL\"]}}", PROCESS "capabilities={\"bounding\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"]}" },
		{ "container", "\"securityContext\":{\"seccompProfile\":{\"type\":\"Unconfined\"}}", C0 "spec.linux={\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}" },
		{ "container", "\"securityContext\":{\"seccompProfile\":{\"type\":\"RuntimeDefault\"}}", "!" C0 "spec.linux" },
		{ "pod", "\"securityContext\":{\"seccompProfile\":{\"type\":\"Unconfined\"}}", C0 "spec.linux={\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}" },
		{ "container", "\"securityContext\":{\"appArmorProfile\":{\"type\":\"Unconfined\"}}", "!" C0 "spec.linux" },
		{ "pod", "\"securityContext\":{\"sysctls\":[{\"name\":\"net.ipv4.tcp_syncookies\",\"value\":\"1\"},{\"name\":\"kernel/shm_rmid_forced\",\"value\":\"0\"}]}",
		  C0 "spec.linux.sysctl={\"net.ipv4.tcp_syncookies\":\"1\",\"kernel.shm_rmid_forced\":\"0\"}" },
	};

	(void) state;
	ASSERT_BECOME (cases);
}

static void
security_that_cannot_be_had_is_refused (void **state)
{
	static const struct refused cases[] = {
		{ "container", "\"securityContext\":{\"runAsNonRoot\":true}", "spec.containers[0].securityContext: container has runAsNonRoot and image will run as root" },
		{ "container", "\"securityContext\":{\"runAsNonRoot\":true,\"runAsUser\":0}", "spec.containers[0].securityContext: container's runAsUser breaks non-root policy" },
		{ "pod", "\"securityContext\":{\"runAsNonRoot\":true}", "spec.containers[0].securityContext: container has runAsNonRoot" },
		{ "container", "\"securityContext\":{\"runAsUser\":-1}", "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive" },
		{ "container", "\"securityContext\":{\"runAsUser\":2147483648}", "spec.containers[0].securityContext.runAsUser: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive" },
		{ "pod", "\"securityContext\":{\"fsGroup\":-5}", "spec.securityContext.fsGroup: Invalid value: -5: must be between 0 and" },
		{ "container", "\"securityContext\":{\"privileged\":true}", "spec.containers[0].securityContext.privileged: a privileged container is not carried out" },
		{ "container", "\"securityContext\":{\"privileged\":true,\"allowPrivilegeEscalation\":false}",
		  "spec.containers[0].securityContext.allowPrivilegeEscalation: Invalid value: false: cannot set `allowPrivilegeEscalation` to false and `privileged` to true" },
		{ "container", "\"securityContext\":{\"allowPrivilegeEscalation\":false,\"capabilities\":{\"add\":[\"CAP_SYS_ADMIN\"]}}",
		  "spec.containers[0].securityContext.allowPrivilegeEscalation: Invalid value: false: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN" },
		{ "container", "\"securityContext\":{\"capabilities\":{\"add\":[\"KILL\",\"FLY\"]}}",
		  "spec.containers[0].securityContext.capabilities.add[1]: Invalid value: \"FLY\": is not the name of a capability" },
		{ "container", "\"securityContext\":{\"seccompProfile\":{\"type\":\"Localhost\",\"localhostProfile\":\"a\"}}",
		  "spec.containers[0].securityContext.type: a profile from a file is not carried out" },
		{ "container", "\"securityContext\":{\"seLinuxOptions\":{\"level\":\"s0\"}}",
		  "spec.containers[0].securityContext.seLinuxOptions: it is not carried out by this version" },
		{ "container", "\"securityContext\":{\"procMount\":\"Unmasked\"}",
		  "spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`" },
		{ "pod", "\"securityContext\":{\"supplementalGroupsPolicy\":\"Merge\"}", "spec.securityContext.supplementalGroupsPolicy: Merge is not carried out" },
		{ "pod", "\"securityContext\":{\"sysctls\":[{\"name\":\"kernel.core_pattern\",\"value\":\"x\"}]}",
		  "spec.securityContext.sysctls[0].name: Invalid value: \"kernel.core_pattern\": forbidden sysctl" },
		{ "pod", "\"securityContext\":{\"sysctls\":[{\"name\":\"net.ipv4.tcp_syncookies\",\"value\":\"1\"},{\"name\":\"net/ipv4/tcp_syncookies\",\"value\":\"1\"}]}",
		  "spec.securityContext.sysctls[1].name: Duplicate value: \"net/ipv4/tcp_syncookies\"" },
		{ "pod", "\"hostNetwork\":true,\"securityContext\":{\"sysctls\":[{\"name\":\"net.ipv4.tcp_rmem\",\"value\":\"1\"}]}",
		  "spec.securityContext.sysctls[0].name: Invalid value: \"net.ipv4.tcp_rmem\": may not be specified when 'hostNetwork' is true" },
		{ "pod", "\"hostIPC\":true,\"securityContext\":{\"sysctls\":[{\"name\":\"kernel.shm_rmid_forced\",\"value\":\"1\"}]}",
		  "spec.securityContext.sysctls[0].name: Invalid value: \"kernel.shm_rmid_forced\": may not be specified when 'hostIPC' is true" },
	};

	(void) state;
	ASSERT_REFUSED (cases);
}

/* ---- Probes -------------------------------------------------------------------------------- */

#define EXEC "\"exec\":{\"command\":[\"t\"]}"
#define PROBE(name, fields) "\"" name "\":{" EXEC "," fields "}"
#define NEGATIVE(field) \
	{ "container", PROBE ("livenessProbe", "\"" field "\":-1"), \
	  "spec.containers[0].livenessProbe." field ": Invalid value: -1: must be greater than or equal to 0" }

static void
probes_are_refused_in_kubernetes_words (void **state)
{
	static const struct refused cases[] = {
		NEGATIVE ("initialDelaySeconds"), NEGATIVE ("timeoutSeconds"), NEGATIVE ("periodSeconds"), NEGATIVE ("successThreshold"),
		NEGATIVE ("failureThreshold"),
		{ "container", PROBE ("livenessProbe", "\"successThreshold\":2"), "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1" },
		{ "container", PROBE ("startupProbe", "\"successThreshold\":3"), "spec.containers[0].startupProbe.successThreshold: Invalid value: 3: must be 1" },
		{ "container", PROBE ("livenessProbe", "\"terminationGracePeriodSeconds\":0"),
		  "spec.containers[0].livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0" },
		{ "container", PROBE ("startupProbe", "\"terminationGracePeriodSeconds\":-2"),
		  "spec.containers[0].startupProbe.terminationGracePeriodSeconds: Invalid value: -2: must be greater than 0" },
		{ "container", PROBE ("readinessProbe", "\"terminationGracePeriodSeconds\":5"),
		  "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes" },
		{ "container", "\"livenessProbe\":{}", "spec.containers[0].livenessProbe: Required value: must specify a handler type" },
		{ "container", "\"livenessProbe\":{" EXEC ",\"tcpSocket\":{\"port\":1}}",
		  "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type" },
		{ "container", "\"livenessProbe\":{\"tcpSocket\":{\"port\":0}}", "spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive" },
		{ "container", "\"livenessProbe\":{\"tcpSocket\":{\"port\":65536}}", "spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 65536: must be between 1 and 65535, inclusive" },
		{ "container", "\"livenessProbe\":{\"httpGet\":{\"port\":\"web\"}}", "spec.containers[0].livenessProbe.httpGet.port: Invalid value: \"web\": the container has no port of that name" },
		{ "container", "\"livenessProbe\":{" EXEC ",\"perodSeconds\":1}", "spec.containers[0].livenessProbe: unknown property \"perodSeconds\" (did you mean \"periodSeconds\"?)" },
		{ "file", POD ("{\"initContainers\":[{" ONE (",\"livenessProbe\":{" EXEC "}") "}],\"containers\":[{\"name\":\"d\",\"image\":\"host\",\"command\":[\"x\"]}]}"),
		  "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always" },
		{ "file", POD ("{\"initContainers\":[{" ONE (",\"lifecycle\":{}") "}],\"containers\":[{\"name\":\"d\",\"image\":\"host\",\"command\":[\"x\"]}]}"),
		  "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always" },
		{ "container", "\"lifecycle\":{\"preStop\":{}}", "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type" },
		{ "container", "\"dependsOn\":[{\"name\":\"c\"}]", "spec.containers[0].dependsOn[0]: a container cannot depend on itself" },
	};

	(void) state;
	ASSERT_REFUSED (cases);
}

/* ---- Volumes ------------------------------------------------------------------------------- */

static void
volumes_are_native_ones (void **state)
{
	static const struct becomes cases[] = {
		{ "pod", "\"volumes\":[{\"name\":\"v\"}]", "volumes.0={\"name\":\"v\",\"emptyDir\":{}}" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"emptyDir\":null}]", "volumes.0={\"name\":\"v\",\"emptyDir\":{}}" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"medium\":\"Memory\"}}]", "volumes.0={\"name\":\"v\",\"emptyDir\":{\"medium\":\"Memory\"}}" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"sizeLimit\":\"1Mi\"}}]", "volumes.0={\"name\":\"v\",\"emptyDir\":{\"medium\":\"Memory\",\"sizeLimit\":1048576}}" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/a\",\"type\":\"File\"}}]", "volumes.0={\"name\":\"v\",\"hostPath\":{\"path\":\"/a\",\"type\":\"File\"}}" },
		{ "pod", "\"securityContext\":{\"fsGroup\":9},\"volumes\":[{\"name\":\"v\"},{\"name\":\"h\",\"hostPath\":{\"path\":\"/a\"}}]", "volumes.0.group=9" },
		{ "pod", "\"securityContext\":{\"fsGroup\":9},\"volumes\":[{\"name\":\"v\"},{\"name\":\"h\",\"hostPath\":{\"path\":\"/a\"}}]", "!volumes.1.group" },
		{ "pod", "\"volumes\":[{\"name\":\"d\",\"downwardAPI\":{\"defaultMode\":256,\"items\":[{\"path\":\"l\",\"fieldRef\":{\"fieldPath\":\"metadata.labels\"}}]}}]",
		  "volumes.0.files=[{\"path\":\"l\",\"mode\":256,\"text\":\"a=\\\"x\\\"\\nb=\\\"y\\\"\"}]" },
		{ "pod", "", "volumes.0.name=\"cpod.shm\"" },
		{ "pod", "\"hostIPC\":true", "volumes.0.name=\"cpod.etc\"" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a/b\"},{\"name\":\"v\",\"mountPath\":\"/a\",\"readOnly\":true,\"subPath\":\"s\"}]",
		  C0 "spec.mounts.3={\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"volume:v/s\",\"options\":[\"bind\",\"rprivate\",\"ro\"]}" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"a\",\"readOnly\":true,\"recursiveReadOnly\":\"Enabled\"}]",
		  C0 "spec.mounts.3={\"destination\":\"/a\",\"type\":\"bind\",\"source\":\"volume:v\",\"options\":[\"bind\",\"rprivate\",\"ro\",\"rro\"]}" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a\",\"mountPropagation\":\"HostToContainer\"}]", C0 "spec.mounts.3.options=[\"bind\",\"rslave\"]" },
		{ "container", "\"env\":[{\"name\":\"D\",\"value\":\"x\"}],\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a\",\"subPathExpr\":\"$(D)/y\"}]", C0 "spec.mounts.3.source=\"volume:v/x/y\"" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/dev/shm/\"}]", C0 "spec.mounts.2.source=\"volume:v\"" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/etc/hosts\",\"subPath\":\"h\"}]", C0 "spec.mounts.0.source=\"volume:cpod.etc/resolv.conf\"" },
	};

	(void) state;
	ASSERT_BECOME (cases);
}

static void
data_becomes_files (void **state)
{
	static const struct { const char *volume, *wanted; } cases[] = {
		{ "\"configMap\":{\"name\":\"m\",\"items\":[{\"key\":\"k\",\"path\":\"a/b\",\"mode\":256}]}", "files=[{\"path\":\"a/b\",\"mode\":256,\"text\":\"v\"}]" },
		{ "\"configMap\":{\"name\":\"m\",\"defaultMode\":\"0400\"}", "files=[{\"path\":\"k\",\"mode\":256,\"text\":\"v\"},{\"path\":\"l\",\"mode\":256,\"text\":\"w\"},{\"path\":\"b\",\"mode\":256,\"base64\":\"AAE=\"}]" },
		{ "\"secret\":{\"secretName\":\"s\",\"items\":[{\"key\":\"k\",\"path\":\"p\"}]}", "files=[{\"path\":\"p\",\"mode\":420,\"text\":\"over\"}]" },
		{ "\"secret\":{\"secretName\":\"s\"}", "files=[{\"path\":\"n\",\"mode\":420,\"base64\":\"AAE=\"},{\"path\":\"k\",\"mode\":420,\"text\":\"over\"},{\"path\":\"t\",\"mode\":420,\"text\":\"text\"}]" },
		{ "\"configMap\":{\"name\":\"x\",\"optional\":true}", "files=[]" },
		{ "\"configMap\":{\"name\":\"m\",\"optional\":true,\"items\":[{\"key\":\"zz\",\"path\":\"p\"}]}", "files=[]" },
		{ "\"projected\":{\"defaultMode\":288,\"sources\":[{\"configMap\":{\"name\":\"m\",\"items\":[{\"key\":\"k\",\"path\":\"p\"}]}},{\"downwardAPI\":{\"items\":[{\"path\":\"n\",\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}]}}]}",
		  "files=[{\"path\":\"p\",\"mode\":288,\"text\":\"v\"},{\"path\":\"n\",\"mode\":288,\"text\":\"p\"}]" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		char *pod, *text, *wanted;

		assert_true (asprintf (&pod, ",\"volumes\":[{\"name\":\"v\",%s}]", cases[i].volume) > 0);
		assert_true (asprintf (&wanted, "volumes.0.%s", cases[i].wanted) > 0);
		text = with_data ("\"tty\":false", pod);
		assert_has (text, wanted);
		free (text);
		free (wanted);
		free (pod);
	}
}

/* A megabyte of data, as n files. */
static int
parse_megabytes (unsigned int n, struct cpod_error *err)
{
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_spec *spec = NULL;
	int ret;

	cpod_str_add (&text, "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
	              "\"metadata\":{\"name\":\"m\"},\"data\":{\"k\":\"");
	for (unsigned int i = 0; i < 1000000; i++)
		cpod_str_add_char (&text, 'x');
	cpod_str_add (&text, "\"}}," "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{" ONE ("")
	              "}],\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"m\",\"items\":[");
	for (unsigned int i = 0; i < n; i++)
		cpod_str_printf (&text, "%s{\"key\":\"k\",\"path\":\"p%u\"}", i > 0 ? "," : "", i);
	cpod_str_add (&text, "]}}]}}]}");
	ret = parse (text.data, &spec, err);
	cpod_spec_destroy (spec);
	return ret;
}

static void
data_that_is_used_many_times_is_bounded (void **state)
{
	struct cpod_error err = { 0 };

	(void) state;
	if (parse_megabytes (16, &err) != 0)
		fail_msg ("%s", err.message);
	assert_int_equal (parse_megabytes (17, &err), -EINVAL);
	if (!strstr (err.message, "volumes[0].configMap.items[16]: Too long"))
		fail_msg ("%s", err.message);
}

static void
volumes_that_make_no_sense_are_refused (void **state)
{
	static const struct refused cases[] = {
		{ "pod", "\"volumes\":[{\"name\":\"V\"}]", "spec.volumes[0].name: Invalid value: \"V\": a lowercase RFC 1123 label must consist of" },
		{ "pod", "\"volumes\":[{\"emptyDir\":{}}]", "spec.volumes[0].name: Required value" },
		{ "pod", "\"volumes\":[{\"name\":\"v\"},{\"name\":\"v\"}]", "spec.volumes[1].name: Duplicate value: \"v\"" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{},\"hostPath\":{\"path\":\"/\"}}]", "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"medium\":\"Disk\"}}]", "spec.volumes[0].emptyDir.medium: Invalid value: \"Disk\": must be" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"medium\":\"HugePages\"}}]", "spec.volumes[0].emptyDir.medium: huge pages are not carried out" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"sizeLimit\":\"x\"}}]", "spec.volumes[0].emptyDir.sizeLimit: Invalid value: \"x\": is not a quantity" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"hostPath\":{}}]", "spec.volumes[0].hostPath.path: Required value" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/a/../b\"}}]", "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/a\",\"type\":\"Dir\"}}]", "spec.volumes[0].hostPath.type: \"Dir\" is not" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"c\"}}]",
		  "spec.volumes[0].persistentVolumeClaim: it is not carried out by this version" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"m\"}}]", "spec.volumes[0].configMap: configmap \"m\" not found" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"secret\":{}}]", "spec.volumes[0].secret.secretName: Required value" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"m\",\"defaultMode\":512}}]",
		  "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"downwardAPI\":{\"items\":[{\"path\":\"../x\",\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}]}}]",
		  "spec.volumes[0].downwardAPI.items[0].path: Invalid value: \"../x\": must not contain '..'" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"downwardAPI\":{\"items\":[{\"path\":\"/x\",\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}]}}]",
		  "spec.volumes[0].downwardAPI.items[0].path: Invalid value: \"/x\": must be a relative path" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"downwardAPI\":{\"items\":[{\"path\":\"a\",\"fieldRef\":{\"fieldPath\":\"metadata.name\"}},{\"path\":\"a\",\"fieldRef\":{\"fieldPath\":\"metadata.uid\"}}]}}]",
		  "spec.volumes[0].downwardAPI.items[1].fieldRef: Invalid value: \"a\": conflicting duplicate paths" },
		{ "pod", "\"volumes\":[{\"name\":\"v\",\"downwardAPI\":{\"items\":[{\"path\":\"a/b\",\"fieldRef\":{\"fieldPath\":\"metadata.name\"}},{\"path\":\"a\",\"fieldRef\":{\"fieldPath\":\"metadata.uid\"}}]}}]",
		  "spec.volumes[0].downwardAPI: Invalid value: \"a/b\": conflicting path: \"a\" is a file" },
		{ "container", "\"volumeMounts\":[{\"name\":\"w\",\"mountPath\":\"/a\"}]", "spec.containers[0].volumeMounts[0].name: Not found: \"w\"" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\"}]", "spec.containers[0].volumeMounts[0].mountPath: Required value" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a:b\"}]", "spec.containers[0].volumeMounts[0].mountPath: Invalid value: \"/a:b\": must not contain ':'" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a\"},{\"name\":\"v\",\"mountPath\":\"//a/\"}]", "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"//a/\": must be unique" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a\",\"subPath\":\"a/../b\"}]", "spec.containers[0].volumeMounts[0].subPath: Invalid value: \"a/../b\": must not contain '..'" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a\",\"subPath\":\"/b\"}]", "spec.containers[0].volumeMounts[0].subPath: Invalid value: \"/b\": must be a relative path" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a\",\"subPath\":\"b\",\"subPathExpr\":\"c\"}]", "spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"c\": subPathExpr and subPath are mutually exclusive" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a\",\"subPathExpr\":\"$(X)\"}]", "spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"$(X)\": missing value for \"X\"" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a\",\"mountPropagation\":\"Bidirectional\"}]",
		  "spec.containers[0].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers" },
		{ "container", "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a\",\"recursiveReadOnly\":\"Enabled\"}]",
		  "spec.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true" },
	};

	(void) state;
	ASSERT_REFUSED (cases);
}

/* ---- Everything else that is refused ------------------------------------------------------- */

static void
documents_that_are_no_pod_are_refused (void **state)
{
	static const struct refused cases[] = {
		{ "file", "{\"kind\":\"Pod\"}", "apiVersion: Required value: must be v1" },
		{ "file", "{\"apiVersion\":\"v1\"}", "kind: Required value: must be Pod, ConfigMap, Secret or List" },
		{ "file", "{\"apiVersion\":\"v2\",\"kind\":\"Pod\"}", "apiVersion: Invalid value: \"v2\": must be \"v1\" for this kind" },
		{ "file", "{\"apiVersion\":\"v1\",\"kind\":\"Pood\"}", "kind: \"Pood\" is not one of Pod, ConfigMap, Secret and List (did you mean \"Pod\"?)" },
		{ "file", "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}", "kind: a Deployment is not carried out: cpod runs one pod, such as the one in its template" },
		{ "file", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{}}", "metadata.name: Required value" },
		{ "file", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\"}}", "there is no document of kind Pod" },
		{ "file", "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[" POD ("{\"containers\":[]}") "," POD ("{\"containers\":[]}") "]}", "items[1]: a second Pod: one file is one pod" },
		{ "file", POD ("{\"containers\":[]}"), "spec.containers: Required value" },
		{ "file", POD ("{}"), "spec.containers: Required value" },
		{ "file", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"}}", "spec: Required value" },
		{ "file", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"P\"},\"spec\":{}}", "metadata.name: Invalid value: \"P\": a lowercase RFC 1123 subdomain" },
		{ "file", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"contaners\":[]}}", "spec: unknown property \"contaners\" (did you mean \"containers\"?)" },
		{ "file", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n", "metadata.name: Duplicate value: \"m\"" },
		{ "file", "apiVersion: v1\nkind: Secret\nmetadata: {name: m}\ndata: {'a b': ''}\n", "data: Invalid value: \"a b\": a valid config key must consist of" },
		{ "file", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: ''}\nbinaryData: {a: ''}\n", "binaryData: Invalid value: \"a\": duplicate of key present in data" },
	};

	(void) state;
	ASSERT_REFUSED (cases);
}

static void
containers_that_make_no_sense_are_refused (void **state)
{
	static const struct refused cases[] = {
		{ "file", POD ("{\"containers\":[{\"image\":\"host\",\"command\":[\"x\"]}]}"), "spec.containers[0].name: Required value" },
		{ "file", POD ("{\"containers\":[{" ONE ("") "},{" ONE ("") "}]}"), "spec.containers[1].name: Duplicate value: \"c\"" },
		{ "file", POD ("{\"initContainers\":[{" ONE ("") "}],\"containers\":[{" ONE ("") "}]}"), "spec.containers[0].name: Duplicate value: \"c\"" },
		{ "file", POD ("{\"containers\":[{\"name\":\"c\",\"command\":[\"x\"]}]}"), "spec.containers[0].image: Required value" },
		{ "file", POD ("{\"containers\":[{\"name\":\"c\",\"image\":\"nginx:1.27\",\"command\":[\"x\"]}]}"), "spec.containers[0].image: \"nginx:1.27\" cannot be had: images are not carried out" },
		{ "file", POD ("{\"containers\":[{\"name\":\"c\",\"image\":\"dir:rel\",\"command\":[\"x\"]}]}"), "spec.containers[0].image: Invalid value: \"dir:rel\": dir: must be followed by an absolute path" },
		{ "file", POD ("{\"containers\":[{\"name\":\"c\",\"image\":\"host\"}]}"), "spec.containers[0].command: Required value: the image has none of its own" },
		{ "container", "\"comand\":[]", "spec.containers[0]: unknown property \"comand\" (did you mean \"command\"?)" },
		{ "container", "\"workingDir\":\"w\"", "spec.containers[0].workingDir: Invalid value: \"w\": must be an absolute path" },
		{ "container", "\"terminationMessagePath\":\"w\"", "spec.containers[0].terminationMessagePath: Invalid value: \"w\": must be an absolute path" },
		{ "container", "\"tty\":true", "spec.containers[0].tty: it is not carried out by this version" },
		{ "container", "\"volumeDevices\":[{\"name\":\"v\"}]", "spec.containers[0].volumeDevices: it is not carried out by this version" },
		{ "container", "\"ports\":[{}]", "spec.containers[0].ports[0].containerPort: Required value" },
		{ "container", "\"ports\":[{\"containerPort\":65536}]", "spec.containers[0].ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive" },
		{ "container", "\"ports\":[{\"containerPort\":1,\"hostPort\":1}]", "spec.containers[0].ports[0].hostPort: a port of the host is not carried out" },
		{ "container", "\"ports\":[{\"containerPort\":1,\"name\":\"a\"},{\"containerPort\":2,\"name\":\"a\"}]", "spec.containers[0].ports[1].name: Duplicate value: \"a\"" },
		{ "container", "\"ports\":[{\"containerPort\":1,\"name\":\"Web\"}]", "spec.containers[0].ports[0].name: Invalid value: \"Web\": must contain only alpha-numeric" },
		{ "container", "\"ports\":[{\"containerPort\":1,\"name\":\"1\"}]", "spec.containers[0].ports[0].name: Invalid value: \"1\": must contain at least one letter" },
		{ "container", "\"resources\":{\"limits\":{\"cpu\":\"x\"}}", "spec.containers[0].resources.limits.cpu: Invalid value: \"x\": quantities must match the regular expression" },
		{ "container", "\"resources\":{\"requests\":{\"memory\":-1}}", "spec.containers[0].resources.requests.memory: Invalid value: -1: must be greater than or equal to 0" },
		{ "container", "\"resources\":{\"requests\":{\"cpu\":2},\"limits\":{\"cpu\":1}}", "spec.containers[0].resources.requests: Invalid value: 2: must be less than or equal to cpu limit of 1" },
		{ "container", "\"resources\":{\"limits\":{\"ephemeral-storage\":1}}", "spec.containers[0].resources.limits.ephemeral-storage: \"ephemeral-storage\" is not carried out" },
		{ "container", "\"resources\":{\"limits\":{\"nvidia.com/gpu\":1}}", "spec.containers[0].resources.limits[\"nvidia.com/gpu\"]: \"nvidia.com/gpu\" is not carried out" },
	};

	(void) state;
	ASSERT_REFUSED (cases);
}

static void
pods_that_make_no_sense_are_refused (void **state)
{
	static const struct refused cases[] = {
		{ "pod", "\"restartPolicy\":\"Alway\"", "spec.restartPolicy: \"Alway\" is not known (did you mean \"Always\"?)" },
		{ "pod", "\"terminationGracePeriodSeconds\":-1", "spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0" },
		{ "pod", "\"activeDeadlineSeconds\":0", "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive" },
		{ "pod", "\"hostPID\":true,\"shareProcessNamespace\":true", "spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled" },
		{ "pod", "\"hostUsers\":false,\"hostNetwork\":true", "spec.hostNetwork: Forbidden: when `hostUsers` is false" },
		{ "pod", "\"hostname\":\"a.b\"", "spec.hostname: Invalid value: \"a.b\": a lowercase RFC 1123 label must consist of" },
		{ "pod", "\"subdomain\":\"-\"", "spec.subdomain: Invalid value: \"-\": a lowercase RFC 1123 label" },
		{ "pod", "\"setHostnameAsFQDN\":true,\"subdomain\":\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee\"",
		  "spec.setHostnameAsFQDN: Invalid value: true: failed to construct FQDN from pod hostname and cluster domain, FQDN p.aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee.default.svc.cluster.local is too long (64 characters is the max, 78 characters requested)" },
		{ "pod", "\"hostnameOverride\":\"a\",\"setHostnameAsFQDN\":true", "spec.hostnameOverride: Invalid value: \"a\": setHostnameAsFQDN and hostnameOverride cannot both be set" },
		{ "pod", "\"hostAliases\":[{\"ip\":\"1.2.3\",\"hostnames\":[\"a\"]}]", "spec.hostAliases[0].ip: Invalid value: \"1.2.3\": must be a valid IP address" },
		{ "pod", "\"hostAliases\":[{\"ip\":\"1.2.3.4\",\"hostnames\":[\"a b\"]}]", "spec.hostAliases[0].hostnames[0]: Invalid value: \"a b\": a lowercase RFC 1123 subdomain" },
		{ "pod", "\"dnsPolicy\":\"None\"", "spec: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None" },
		{ "pod", "\"dnsConfig\":{\"nameservers\":[\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\",\"1.1.1.4\"]}", "spec.dnsConfig.nameservers: Invalid value: [...]: must not have more than 3 nameservers" },
		{ "pod", "\"dnsConfig\":{\"nameservers\":[\"x\"]}", "spec.dnsConfig.nameservers[0]: Invalid value: \"x\": must be a valid IP address" },
		{ "pod", "\"dnsConfig\":{\"searches\":[\"a\\nnameserver 6.6.6.6\"]}", "spec.dnsConfig.searches[0]: Invalid value: " },
		{ "pod", "\"dnsConfig\":{\"options\":[{\"value\":\"1\"}]}", "spec.dnsConfig.options[0].name: Required value: must not be empty" },
		{ "pod", "\"os\":{\"name\":\"windows\"}", "spec.os.name: Invalid value: \"windows\": this host is linux" },
		{ "pod", "\"runtimeClassName\":\"kata\"", "spec.runtimeClassName: it is not carried out by this version" },
		{ "pod", "\"readinessGates\":[{\"conditionType\":\"a\"}]", "spec.readinessGates: it is not carried out by this version" },
		{ "pod", "\"hostNetwork\":\"yes\"", "spec.hostNetwork: expected true or false, found a string" },
	};

	(void) state;
	ASSERT_REFUSED (cases);
}

/* ---- Bad input ----------------------------------------------------------------------------- */

/* Refused within a second and 64 MiB more than before. A sanitized or slow machine is given more time. */
static void
assert_cheap (const char *text, const char *message)
{
	struct timespec before, after;
	struct rusage usage_before, usage;
	struct cpod_error err = { 0 };
	struct cpod_spec *spec = NULL;

	getrusage (RUSAGE_SELF, &usage_before);
	clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &before);
	assert_true (parse (text, &spec, &err) < 0);
	clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &after);
	getrusage (RUSAGE_SELF, &usage);
	if (!strstr (err.message, message))
		fail_msg ("%s", err.message);
#if !defined(__SANITIZE_ADDRESS__)
	assert_true ((double) (after.tv_sec - before.tv_sec) + (double) (after.tv_nsec - before.tv_nsec) / 1e9 < 1.0);
	assert_true (usage.ru_maxrss - usage_before.ru_maxrss < 64 * 1024);
#endif
}

static void
what_explodes_is_refused_in_time (void **state)
{
	cpod_autostr many = CPOD_STR_INIT, laughs = CPOD_STR_INIT, doubling = CPOD_STR_INIT, spread = CPOD_STR_INIT;

	(void) state;
	cpod_str_add (&many, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{}");
	for (int i = 1; i < 100000; i++)
		cpod_str_printf (&many, ",{\"name\":\"c%d\",\"image\":\"host\"}", i);
	cpod_str_add (&many, "]}}");
	assert_cheap (many.data, "spec.containers: more than 16384 containers");

	cpod_str_add (&laughs, "apiVersion: v1\nkind: Pod\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 30; i++)
		cpod_str_printf (&laughs, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	assert_cheap (laughs.data, "more than 400000 values");

	cpod_str_add (&doubling, POD ("{\"containers\":[{" ONE (",\"env\":[{\"name\":\"A0\",\"value\":\"xxxxxxxxxxxxxxxx\"}")));
	doubling.len -= 1;   /* the brace that POD closes */
	for (int i = 1; i < 60; i++)
		cpod_str_printf (&doubling, ",{\"name\":\"A%d\",\"value\":\"$(A%d)$(A%d)\"}", i, i - 1, i - 1);
	cpod_str_add (&doubling, "]}]}}");
	assert_cheap (doubling.data, "with its references expanded it is longer than 131071 bytes");

	/* One large value in many containers. */
	cpod_str_add (&spread, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n");
	for (int i = 0; i < 2000; i++)
		cpod_str_printf (&spread, "  k%d: vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\n", i);
	cpod_str_add (&spread, "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n");
	for (int i = 0; i < 5000; i++)
		cpod_str_printf (&spread, "  - {name: c%d, image: host, command: [x], envFrom: [{configMapRef: {name: m}}]}\n", i);
	assert_cheap (spread.data, "memory");
}

static void
a_circle_of_dependencies_is_refused (void **state)
{
	static const struct refused cases[] = {
		{ "file", POD ("{\"containers\":[{\"name\":\"a\",\"image\":\"host\",\"command\":[\"x\"],\"dependsOn\":[{\"name\":\"b\"}]},"
		               "{\"name\":\"b\",\"image\":\"host\",\"command\":[\"x\"],\"dependsOn\":[{\"name\":\"a\"}]}]}"),
		  "spec.containers[1].dependsOn: goes round in a circle" },
	};

	(void) state;
	ASSERT_REFUSED (cases);
}

static void
places_are_those_of_the_manifest (void **state)
{
	static const char text[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    image: host\n    command: [x]\n"
	                           "    livenessProbe:\n      exec: {command: [t]}\n      successThreshold: 2\n";
	struct cpod_error err = { 0 };
	struct cpod_spec *spec = NULL;

	(void) state;
	assert_int_equal (parse (text, &spec, &err), -EINVAL);
	assert_string_equal (err.message, "f:11:25: spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1");
}

static void
a_generated_name_begins_as_it_is_told (void **state)
{
	struct cpod_spec *spec = load ("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"generateName\":\"job-\"},\"spec\":{\"containers\":[{" ONE ("") "}]}}");

	(void) state;
	assert_int_equal (strncmp (cpod_spec_name (spec), "job-", 4), 0);
	assert_int_equal (strlen (cpod_spec_name (spec)), 9);
	cpod_spec_destroy (spec);
}

/* Finds the modules of the build tree: two directories above this program. */
static int
find_modules (void **state)
{
	static char path[PATH_MAX];
	ssize_t len = readlink ("/proc/self/exe", path, sizeof (path) - 16);

	(void) state;
	assert_true (len > 0);
	path[len] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr (path, '/') = '\0';
	strcat (path, "/modules");
	cpod_module_set_dir (path);
	return 0;
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (a_manifest_has_the_defaults_of_kubernetes),
		cmocka_unit_test (fields_of_the_pod_are_carried_over),
		cmocka_unit_test (a_container_is_an_oci_spec),
		cmocka_unit_test (references_in_variables_are_expanded_in_order),
		cmocka_unit_test (variables_come_from_data_and_fields),
		cmocka_unit_test (references_that_lead_nowhere_are_refused),
		cmocka_unit_test (resources_have_the_kubelets_numbers),
		cmocka_unit_test (the_oom_score_follows_class_and_request),
		cmocka_unit_test (security_contexts_become_identity_and_rights),
		cmocka_unit_test (security_that_cannot_be_had_is_refused),
		cmocka_unit_test (probes_are_refused_in_kubernetes_words),
		cmocka_unit_test (volumes_are_native_ones),
		cmocka_unit_test (data_becomes_files),
		cmocka_unit_test (data_that_is_used_many_times_is_bounded),
		cmocka_unit_test (volumes_that_make_no_sense_are_refused),
		cmocka_unit_test (documents_that_are_no_pod_are_refused),
		cmocka_unit_test (containers_that_make_no_sense_are_refused),
		cmocka_unit_test (pods_that_make_no_sense_are_refused),
		cmocka_unit_test (what_explodes_is_refused_in_time),
		cmocka_unit_test (a_circle_of_dependencies_is_refused),
		cmocka_unit_test (places_are_those_of_the_manifest),
		cmocka_unit_test (a_generated_name_begins_as_it_is_told),
	};

	return cmocka_run_group_tests (tests, find_modules, NULL);
}
