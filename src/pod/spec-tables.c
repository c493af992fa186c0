/* The fields of the native pod spec.
 *
 * A field that needs later work is in the table, so that it is refused by name and not taken for a
 * slip. The OCI keys of the old form are listed once, in oci_words: the entry's table and the check
 * for mixed forms follow it.
 */
#include "spec.h"

#include "rootfs-tools/mountinfo.h"
#include "src/base/error.h"

#include <errno.h>
#include <string.h>

#define OFF(type, member) offsetof (struct cpod_spec_##type, member)
#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))
#define TABLE(type, array) sizeof (struct cpod_spec_##type), array, N_ELEMENTS (array)

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool
cpod_spec_is_name (const char *name)
{
	size_t len = strlen (name);

	return len >= 1 && len <= CPOD_SPEC_NAME_MAX && strchr (NAME_BYTES, name[0])
	       && strspn (name, NAME_BYTES "_.-") == len;
}

static const char *const oci_words[] = {
	"process", "root", "mounts", "hostname", "domainname", "hooks", "annotations", "linux", "ociVersion",
};
static const char *const other_oci_words[] = { "solaris", "windows", "vm", "zos", "freebsd" };

bool
cpod_spec_is_oci_key (const char *name, size_t len)
{
	for (size_t i = 0; i < N_ELEMENTS (oci_words); i++)
		if (strlen (oci_words[i]) == len && memcmp (oci_words[i], name, len) == 0)
			return true;
	for (size_t i = 0; i < N_ELEMENTS (other_oci_words); i++)
		if (strlen (other_oci_words[i]) == len && memcmp (other_oci_words[i], name, len) == 0)
			return true;
	return false;
}

/* ---- One container ----------------------------------------------------------------------- */

static int
decode_object (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	if (value->type != CPOD_JSON_OBJECT)
		return cpod_decode_error (decoder, value, err, "expected an object, found %s",
		                          cpod_json_type_name (value->type));
	*(const struct cpod_json **) target = value;
	return 0;
}

static int
decode_name (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	if (value->type != CPOD_JSON_STRING)
		return cpod_decode_error (decoder, value, err, "expected a string, found %s",
		                          cpod_json_type_name (value->type));
	if (!cpod_spec_is_name (value->text))
		return cpod_decode_error (decoder, value, err, "\"%.80s\" is not a name: letters, digits, _ . -, at most %u, "
		                          "a letter or digit first", value->text, CPOD_SPEC_NAME_MAX);
	*(const char **) target = value->text;
	return 0;
}

/* One form or the other, not both, not neither. */
static int
check_entry (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	struct cpod_spec_entry *entry = target;
	bool old_form = false;

	entry->at = value;
	for (size_t i = 0; i < N_ELEMENTS (oci_words); i++) {
		if (!entry->oci_keys[i])
			continue;
		old_form = true;
		if (!entry->spec)
			continue;
		cpod_decode_push (decoder, oci_words[i]);
		return cpod_decode_error (decoder, entry->oci_keys[i], err,
		                          "stands beside \"spec\": put it inside, or leave \"spec\" out");
	}
	if (!entry->spec && !old_form)
		return cpod_decode_error (decoder, value, err, "has neither \"spec\" nor \"process\"");
	return 0;
}

#define OCI_KEY(i, key) \
	{ key, CPOD_KIND_JSON, 0, offsetof (struct cpod_spec_entry, oci_keys[i]), .where = "the OCI property, in the old form" }
#define NOT_YET(name, kind, type, member) \
	{ name, kind, CPOD_FIELD_NOT_YET, OFF (type, member), .where = "not carried out" }

static const struct cpod_field entry_fields[] = {
	{ "name", CPOD_KIND_CUSTOM, CPOD_FIELD_NULL_OK, OFF (entry, name), .custom = decode_name,
	  .where = "unique in the pod; default init-N or container-N, from 0" },
	{ "spec", CPOD_KIND_CUSTOM, 0, OFF (entry, spec), .custom = decode_object, .where = "an OCI runtime spec" },
	{ "livenessProbe", CPOD_KIND_OBJECT, CPOD_FIELD_NULL_OK, offsetof (struct cpod_spec_entry, probes[CPOD_PROBE_LIVENESS]),
	  .object = &cpod_liveness_probe_object, .where = "main containers only" },
	{ "readinessProbe", CPOD_KIND_OBJECT, CPOD_FIELD_NULL_OK, offsetof (struct cpod_spec_entry, probes[CPOD_PROBE_READINESS]),
	  .object = &cpod_readiness_probe_object, .where = "main containers only" },
	{ "startupProbe", CPOD_KIND_OBJECT, CPOD_FIELD_NULL_OK, offsetof (struct cpod_spec_entry, probes[CPOD_PROBE_STARTUP]),
	  .object = &cpod_startup_probe_object, .where = "main containers only" },
	{ "metadata", CPOD_KIND_CUSTOM, CPOD_FIELD_NULL_OK, OFF (entry, metadata), .custom = decode_object,
	  .where = "handed to the runtime as it is" },
	OCI_KEY (0, "process"), OCI_KEY (1, "root"), OCI_KEY (2, "mounts"), OCI_KEY (3, "hostname"),
	OCI_KEY (4, "domainname"), OCI_KEY (5, "hooks"), OCI_KEY (6, "annotations"), OCI_KEY (7, "linux"),
	OCI_KEY (8, "ociVersion"),
	NOT_YET ("image", CPOD_KIND_STRING, entry, text),
	NOT_YET ("imagePullPolicy", CPOD_KIND_STRING, entry, text),
	{ "restartPolicy", CPOD_KIND_ENUM, CPOD_FIELD_NULL_OK, OFF (entry, restart_policy), .words = cpod_restart_words,
	  .where = "in place of the pod's; Always makes an init container a sidecar" },
	{ "restartPolicyRules", CPOD_KIND_ARRAY, CPOD_FIELD_NULL_OK, OFF (entry, rules), .object = &cpod_restart_rule_object,
	  .where = "exit statuses that are followed by another start, whatever restartPolicy says" },
	{ "lifecycle", CPOD_KIND_OBJECT, CPOD_FIELD_NULL_OK, OFF (entry, lifecycle), .object = &cpod_lifecycle_object,
	  .where = "hooks and the stop signal; main containers and sidecars" },
	{ "dependsOn", CPOD_KIND_ARRAY, CPOD_FIELD_NULL_OK, OFF (entry, depends_on), .object = &cpod_dependency_object,
	  .where = "containers that this one waits for, and outlives at a stop; main containers only" },
	NOT_YET ("command", CPOD_KIND_JSON, entry, any),
	NOT_YET ("args", CPOD_KIND_JSON, entry, any),
	NOT_YET ("env", CPOD_KIND_JSON, entry, any),
	NOT_YET ("envFrom", CPOD_KIND_JSON, entry, any),
	NOT_YET ("workingDir", CPOD_KIND_STRING, entry, text),
	{ "ports", CPOD_KIND_ARRAY, CPOD_FIELD_NULL_OK, OFF (entry, ports), .object = &cpod_net_port_object,
	  .where = "names for probes and hooks" },
	NOT_YET ("resources", CPOD_KIND_JSON, entry, any),
	NOT_YET ("volumeMounts", CPOD_KIND_JSON, entry, any),
	NOT_YET ("volumeDevices", CPOD_KIND_JSON, entry, any),
	NOT_YET ("securityContext", CPOD_KIND_JSON, entry, any),
	NOT_YET ("stdin", CPOD_KIND_BOOL, entry, flag),
	NOT_YET ("tty", CPOD_KIND_BOOL, entry, flag),
	{ "terminationMessagePath", CPOD_KIND_STRING, CPOD_FIELD_NULL_OK | CPOD_FIELD_ABSOLUTE, OFF (entry, message_path),
	  .where = "a file for what the container has to say about its end, such as /dev/termination-log; 4096 bytes are kept" },
	{ "terminationMessagePolicy", CPOD_KIND_ENUM, CPOD_FIELD_NULL_OK, OFF (entry, message_policy),
	  .words = cpod_message_policy_words, .where = "what it is when that file is empty and the container has failed; default File" },
	NOT_YET ("logs", CPOD_KIND_JSON, entry, any),
};
const struct cpod_object cpod_spec_entry_object = {
	"containers[]", TABLE (entry, entry_fields), check_entry, false,
};

/* ---- The pod ----------------------------------------------------------------------------- */

static int
decode_expose (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	struct cpod_strings *ret_paths = target;
	size_t n = 0;

	if (value->type != CPOD_JSON_ARRAY)
		return cpod_decode_error (decoder, value, err, "expected an array, found %s",
		                          cpod_json_type_name (value->type));
	ret_paths->items = cpod_arena_array (decoder->arena, (size_t) value->count + 1, sizeof (*ret_paths->items));
	if (!ret_paths->items)
		return cpod_error_oom (err);
	for (const struct cpod_json *path = value->first; path; path = path->next) {
		if (path->type != CPOD_JSON_STRING || !cpod_path_is_normal (path->text)) {
			cpod_decode_push_index (decoder, n);
			return cpod_decode_error (decoder, path, err, "must be an absolute path without \".\", \"..\", \"//\" "
			                          "or a '/' at its end");
		}
		ret_paths->items[n++] = path->text;
	}
	ret_paths->n = n;
	ret_paths->set = true;
	return 0;
}

static const struct cpod_field host_view_fields[] = {
	{ "expose", CPOD_KIND_CUSTOM, 0, OFF (host_view, expose), .custom = decode_expose,
	  .where = "absolute host paths that the host view does not hide" },
};
static const struct cpod_object host_view_object = { "hostView", TABLE (host_view, host_view_fields), NULL, false };

static const struct cpod_field document_fields[] = {
	{ "initContainers", CPOD_KIND_ARRAY, CPOD_FIELD_NULL_OK, OFF (document, init_containers),
	  .object = &cpod_spec_entry_object, .where = "run one after the other, before the containers" },
	{ "containers", CPOD_KIND_ARRAY, CPOD_FIELD_REQUIRED, OFF (document, containers),
	  .object = &cpod_spec_entry_object, .where = "started together" },
	{ "metadata", CPOD_KIND_CUSTOM, CPOD_FIELD_NULL_OK, OFF (document, metadata), .custom = decode_object,
	  .where = "name: the pod's; the rest is kept" },
	{ "hostNetwork", CPOD_KIND_BOOL, CPOD_FIELD_NULL_OK, OFF (document, host_network),
	  .where = "the host's network namespace instead of one with loopback alone" },
	{ "hostUsers", CPOD_KIND_BOOL, CPOD_FIELD_NULL_OK, OFF (document, host_users),
	  .where = "false: a user namespace with ids of the pod's own" },
	{ "hostView", CPOD_KIND_OBJECT, CPOD_FIELD_NULL_OK, OFF (document, host_view), .object = &host_view_object,
	  .where = "for containers that run on the host's own file system" },
	{ "terminationGracePeriodSeconds", CPOD_KIND_INT, CPOD_FIELD_NULL_OK, OFF (document, grace), 0, INT32_MAX,
	  .where = "from SIGTERM to SIGKILL at a stop; default 10" },
	{ "restartPolicy", CPOD_KIND_ENUM, CPOD_FIELD_NULL_OK, OFF (document, restart_policy), .words = cpod_restart_words,
	  .where = "what follows a container's end; without it nothing is restarted, and a probe stops nothing" },
	{ "activeDeadlineSeconds", CPOD_KIND_INT, CPOD_FIELD_NULL_OK, OFF (document, active_deadline), 1, INT32_MAX,
	  .where = "from the pod's start; then it fails, and its containers are stopped" },
	{ "hostname", CPOD_KIND_STRING, CPOD_FIELD_NULL_OK | CPOD_FIELD_NONEMPTY, OFF (document, hostname),
	  .where = "of the pod's UTS namespace; default the pod's name" },
	{ "hostPID", CPOD_KIND_BOOL, CPOD_FIELD_NULL_OK, OFF (document, host_pid), .where = "the host's processes are seen" },
	{ "hostIPC", CPOD_KIND_BOOL, CPOD_FIELD_NULL_OK, OFF (document, host_ipc),
	  .where = "the host's System V IPC and message queues" },
	{ "shareProcessNamespace", CPOD_KIND_BOOL, CPOD_FIELD_NULL_OK, OFF (document, share_pid),
	  .where = "the containers see each other's processes" },
	{ "volumes", CPOD_KIND_ARRAY, CPOD_FIELD_NULL_OK, OFF (document, volumes), .object = &cpod_volume_object,
	  .where = "for bind mounts whose source is volume:NAME" },
	NOT_YET ("subdomain", CPOD_KIND_STRING, document, text),
	NOT_YET ("hostAliases", CPOD_KIND_JSON, document, any),
	NOT_YET ("setHostnameAsFQDN", CPOD_KIND_BOOL, document, flag),
	NOT_YET ("dnsPolicy", CPOD_KIND_STRING, document, text),
	NOT_YET ("dnsConfig", CPOD_KIND_JSON, document, any),
	NOT_YET ("securityContext", CPOD_KIND_JSON, document, any),
	NOT_YET ("resources", CPOD_KIND_JSON, document, any),
	NOT_YET ("network", CPOD_KIND_JSON, document, any),
	NOT_YET ("ports", CPOD_KIND_JSON, document, any),
	NOT_YET ("logs", CPOD_KIND_JSON, document, any),
};
const struct cpod_object cpod_spec_document_object = {
	"pod", TABLE (document, document_fields), NULL, false,
};

/* ---- Other shapes ------------------------------------------------------------------------ */

/* Refuses value as a shape of input that is known and not carried out. */
static int
refuse_shape (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err, const char *shape)
{
	cpod_decode_error (decoder, value, err, "%s is not carried out by this version", shape);
	if (err)
		err->code = ENOTSUP;
	return -ENOTSUP;
}

int
cpod_spec_check_shape (struct cpod_decoder *decoder, const struct cpod_json *root, struct cpod_error *err)
{
	static const struct { const char *key, *shape; } shapes[] = {
		{ "services", "a compose file (\"services\")" },
		{ "image", "a deployments file (\"image\")" },
	};

	if (root->type == CPOD_JSON_ARRAY)
		return refuse_shape (decoder, root, err, "a deployments file (a list)");
	if (root->type != CPOD_JSON_OBJECT)
		return cpod_decode_error (decoder, root, err, "a pod is an object, not %s",
		                          cpod_json_type_name (root->type));
	for (size_t i = 0; i < N_ELEMENTS (shapes); i++) {
		const struct cpod_json *member = cpod_json_get (root, shapes[i].key);

		if (member)
			return refuse_shape (decoder, member, err, shapes[i].shape);
	}
	return 0;
}
