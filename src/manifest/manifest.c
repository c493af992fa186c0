/* The documents of a manifest, and the pod as a whole (manifest.h has the stages). */
#include "manifest.h"

#include "src/base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define MAX_DOCUMENTS 1024u
#define DEFAULT_GRACE 30

bool
cpod_manifest_is (const struct cpod_json *root)
{
	return cpod_json_get (root, "kind") || cpod_json_get (root, "apiVersion")
		|| (root->next && root->type == CPOD_JSON_OBJECT)
	       || (root->next && root->type == CPOD_JSON_NULL);
}

/* ---- Documents ----------------------------------------------------------------------------- */

/* Where the documents of a file go. */
struct documents {
	const struct cpod_json *pod;                    /* NULL before one was seen */
	struct cpod_manifest_data *config_maps, *secrets;
	size_t n, n_config_maps, n_secrets;
};

/* apiVersion and kind of a document. */
static int
read_kind (struct cpod_manifest *m, const struct cpod_json *document, const char **ret_kind, struct cpod_error *err)
{
	const struct cpod_json *version = cpod_json_get (document, "apiVersion"), *kind = cpod_json_get (document, "kind");

	if (document->type != CPOD_JSON_OBJECT)
		return cpod_decode_error (m->decoder, document, err, "a document of a manifest is an object, not %s",
		                          cpod_json_type_name (document->type));
	if (!kind || kind->type != CPOD_JSON_STRING)
		return cpod_manifest_required (m->decoder, document, "kind", "must be Pod, ConfigMap, Secret or List", err);
	if (!version || version->type != CPOD_JSON_STRING)
		return cpod_manifest_required (m->decoder, document, "apiVersion", "must be v1", err);
	*ret_kind = kind->text;
	return 0;
}

/* Whether version is the one that the kinds known here have. */
static int
check_version (struct cpod_manifest *m, const struct cpod_json *document, struct cpod_error *err)
{
	const struct cpod_json *version = cpod_json_get (document, "apiVersion");

	return strcmp (version->text, "v1") == 0 ? 0 : cpod_manifest_bad (m->decoder, document, "apiVersion", err,
	                                                                  "must be \"v1\" for this kind");
}

/* The names of the keys, of which a later map's come before the first's where second_wins. */
static int
index_keys (struct cpod_manifest *m, struct cpod_manifest_data *data, bool second_wins, struct cpod_error *err)
{
	size_t n = data->data.n, all = n + data->more.n, first;

	cpod_names_init (&data->keys, m->arena);
	for (size_t i = 0; i < all; i++) {
		size_t index = second_wins ? (i < data->more.n ? n + i : i - data->more.n) : i;
		const struct cpod_pair *pair = cpod_manifest_pair (data, index);
		const char *reason = cpod_manifest_key_error (pair->key);

		if (reason)
			return cpod_decode_error (m->decoder, pair->at, err, "%s: Invalid value: \"%.100s\": %s", index < n
			                          ? "data" : "binaryData", pair->key, reason);
		if (cpod_names_add (&data->keys, pair->key, index, &first) < 0)
			return cpod_error_oom (err);
		if (first != index && !second_wins)
			return cpod_decode_error (m->decoder, pair->at, err,
			                          "binaryData: Invalid value: \"%.100s\": duplicate of key present in data",
				pair->key);
	}
	return 0;
}

/* A ConfigMap or Secret, the next of its kind. */
static int
read_data (struct cpod_manifest *m, const struct cpod_json *document, bool secret, struct cpod_manifest_data *data,
           size_t number,
           struct cpod_error *err)
{
	struct cpod_names *names = secret ? &m->secret_names : &m->config_map_names;
	const char *reason;
	size_t first;
	int ret = cpod_decode (m->decoder, document,
	                       secret ? &cpod_manifest_secret_object : &cpod_manifest_config_map_object, data, err);

	if (ret < 0)
		return ret;
	if (!data->meta || !data->meta->name || !*data->meta->name) {
		cpod_decode_push (m->decoder, "metadata");
		return cpod_manifest_required (m->decoder, data->meta ? data->meta->at : document, "name", NULL, err);
	}
	reason = cpod_manifest_subdomain_error (data->meta->name);
	if (reason) {
		cpod_decode_push (m->decoder, "metadata");
		return cpod_manifest_bad (m->decoder, data->meta->at, "name", err, "%s", reason);
	}
	if (cpod_names_add (names, data->meta->name, number, &first) < 0)
		return cpod_error_oom (err);
	if (first != number) {
		cpod_decode_push (m->decoder, "metadata");
		return cpod_manifest_duplicate (m->decoder, data->meta->at, "name", err);
	}
	return index_keys (m, data, secret, err);
}

/* What to say of a kind that is none of ours. */
static int
refuse_kind (struct cpod_manifest *m, const struct cpod_json *document, const char *kind, struct cpod_error *err)
{
	static const char *const known[] = { "Pod", "ConfigMap", "Secret", "List", NULL };
	static const char *const templates[] = { "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob",
	                                         "ReplicationController", NULL };
	const char *nearest = cpod_nearest_word (kind, known);

	for (size_t i = 0; templates[i]; i++)
		if (strcmp (templates[i], kind) == 0)
			return cpod_manifest_refuse (m->decoder, document, "kind", err,
			                             "a %s is not carried out: cpod runs one pod, such as the one in its template",
			                             kind);
	return cpod_manifest_refuse (m->decoder, document, "kind", err,
	                             "\"%.60s\" is not one of Pod, ConfigMap, Secret and List%s%s%s", kind,
	                             nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "");
}

static int
take_document (struct cpod_manifest *m, const struct cpod_json *document, struct documents *documents, struct cpod_error *err)
{
	const char *kind = NULL;
	size_t n;
	int ret = read_kind (m, document, &kind, err);

	if (ret < 0)
		return ret;
	if (strcmp (kind, "Pod") != 0 && strcmp (kind, "ConfigMap") != 0 && strcmp (kind, "Secret") != 0)
		return refuse_kind (m, document, kind, err);
	ret = check_version (m, document, err);
	if (ret < 0)
		return ret;
	if (documents->n++ >= MAX_DOCUMENTS)
		return cpod_decode_error (m->decoder, document, err, "more than %u documents", MAX_DOCUMENTS);
	if (strcmp (kind, "ConfigMap") == 0) {
		n = documents->n_config_maps++;
		return read_data (m, document, false, &documents->config_maps[n], n, err);
	}
	if (strcmp (kind, "Secret") == 0) {
		n = documents->n_secrets++;
		return read_data (m, document, true, &documents->secrets[n], n, err);
	}
	if (documents->pod)
		return cpod_decode_error (m->decoder, document, err, "a second Pod: one file is one pod");
	documents->pod = document;
	return 0;
}

/* Every document from root on; those of a List in its place. */
static int
take_documents (struct cpod_manifest *m, const struct cpod_json *root, struct documents *documents, bool in_list,
                struct cpod_error *err)
{
	size_t index = 0, base = m->decoder->path_len;
	int ret = 0;

	for (const struct cpod_json *document = root; document && ret == 0; document = document->next, index++) {
		const struct cpod_json *kind = cpod_json_get (document, "kind"), *items;

		if (document->type == CPOD_JSON_NULL && !in_list)
			continue;
		if (in_list)
			cpod_decode_push_index (m->decoder, index);
		items = cpod_json_get (document, "items");
		if (!in_list && kind && kind->type == CPOD_JSON_STRING && strcmp (kind->text, "List") == 0) {
			if (!items || items->type != CPOD_JSON_ARRAY)
				return cpod_manifest_required (m->decoder, document, "items", NULL, err);
			cpod_decode_push (m->decoder, "items");
			ret = take_documents (m, items->first, documents, true, err);
		} else {
			ret = take_document (m, document, documents, err);
		}
		if (ret == 0)
			cpod_decode_pop (m->decoder, base);
	}
	return ret;
}

/* Sorts the documents; the data is decoded, the pod only found. */
static int
sort_documents (struct cpod_manifest *m, const struct cpod_json *root, const struct cpod_json **ret_pod,
                struct cpod_error *err)
{
	struct documents documents = { .pod = NULL };
	int ret;

	documents.config_maps = cpod_arena_array (m->arena, MAX_DOCUMENTS, sizeof (*documents.config_maps));
	documents.secrets = cpod_arena_array (m->arena, MAX_DOCUMENTS, sizeof (*documents.secrets));
	if (!documents.config_maps || !documents.secrets)
		return cpod_error_oom (err);
	ret = take_documents (m, root, &documents, false, err);
	if (ret < 0)
		return ret;
	if (!documents.pod)
		return cpod_decode_error (m->decoder, root, err, "there is no document of kind Pod");
	m->config_maps = (struct cpod_array) { documents.config_maps, documents.n_config_maps, true };
	m->secrets = (struct cpod_array) { documents.secrets, documents.n_secrets, true };
	*ret_pod = documents.pod;
	return 0;
}

/* ---- Metadata ------------------------------------------------------------------------------ */

/* n random letters of those that make no words. */
static void
random_letters (char *text, size_t n)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	unsigned char bytes[32] = { 0 };

	if (getrandom (bytes, n, 0) < 0)   /* so few bytes never fail once the system is up */
		memset (bytes, 0, sizeof (bytes));
	for (size_t i = 0; i < n; i++)
		text[i] = letters[bytes[i] % (sizeof (letters) - 1)];
	text[n] = '\0';
}

/* A random UUID. NULL: memory. */
static const char *
random_uid (struct cpod_arena *arena)
{
	unsigned char b[16] = { 0 };

	if (getrandom (b, sizeof (b), 0) < 0)
		memset (b, 0, sizeof (b));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	return cpod_arena_printf (arena, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
	                          b[2], b[3], b[4],
	                          b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* The pod's name: what the caller gave, the manifest's, or one that begins as it says. */
static int
find_name (struct cpod_manifest *m, const struct cpod_json *document, const char *given, struct cpod_error *err)
{
	const struct cpod_manifest_meta *meta = m->meta;
	char letters[8];
	const char *reason;

	m->name = given ? given : meta->name && *meta->name ? meta->name : NULL;
	if (!m->name && meta->generate_name && *meta->generate_name) {
		random_letters (letters, 5);
		m->name = cpod_arena_printf (m->arena, "%.57s%s", meta->generate_name, letters);
		if (!m->name)
			return cpod_error_oom (err);
	}
	cpod_decode_push (m->decoder, "metadata");
	if (!m->name)
		return cpod_manifest_required (m->decoder, meta->at ? meta->at : document, "name",
		                               "name or generateName is required", err);
	reason = given ? NULL : cpod_manifest_subdomain_error (m->name);
	if (reason)
		return cpod_manifest_bad (m->decoder, meta->at, meta->name ? "name" : "generateName", err, "%s", reason);
	if (!given && strlen (m->name) > m->limits.name_bytes)
		return cpod_manifest_bad (m->decoder, meta->at, "name", err,
		                          "cpod's pods have names of at most %u bytes; give one with --name",
		                          m->limits.name_bytes);
	reason = meta->name_space && *meta->name_space ? cpod_manifest_label_error (meta->name_space) : NULL;
	if (reason)
		return cpod_manifest_bad (m->decoder, meta->at, "namespace", err, "%s", reason);
	cpod_decode_pop (m->decoder, 0);
	m->name_space = meta->name_space && *meta->name_space ? meta->name_space : "default";
	m->uid = meta->uid && *meta->uid ? meta->uid : random_uid (m->arena);
	return m->uid ? 0 : cpod_error_oom (err);
}

/* ---- Containers ---------------------------------------------------------------------------- */

/* Names of one list of containers; number: of the first. */
static int
name_containers (struct cpod_manifest *m, const struct cpod_array *list, const char *field, size_t number,
                 struct cpod_error *err)
{
	const struct cpod_manifest_container *containers = list->items;
	size_t base = m->decoder->path_len, first;
	const char *reason;

	for (size_t i = 0; i < list->n; i++) {
		const struct cpod_manifest_container *container = &containers[i];

		cpod_decode_push (m->decoder, field);
		cpod_decode_push_index (m->decoder, i);
		if (!container->name || !*container->name)
			return cpod_manifest_required (m->decoder, container->at, "name", NULL, err);
		reason = cpod_manifest_label_error (container->name);
		if (reason)
			return cpod_manifest_bad (m->decoder, container->at, "name", err, "%s", reason);
		if (cpod_names_add (&m->container_names, container->name, number + i, &first) < 0)
			return cpod_error_oom (err);
		if (first != number + i)
			return cpod_manifest_duplicate (m->decoder, container->at, "name", err);
		cpod_decode_pop (m->decoder, base);
	}
	return 0;
}

/* One list of containers into the native document. */
static int
build_list (struct cpod_manifest *m, const struct cpod_array *list, const char *field, size_t number, bool init,
            struct cpod_error *err)
{
	const struct cpod_manifest_container *containers = list->items;
	struct cpod_json *array = cpod_manifest_node (m, CPOD_JSON_ARRAY, cpod_json_get (m->pod->at, field)), *entry;
	size_t base = m->decoder->path_len;
	int ret;

	for (size_t i = 0; i < list->n; i++) {
		cpod_decode_push (m->decoder, field);
		cpod_decode_push_index (m->decoder, i);
		ret = cpod_manifest_container (m, &containers[i], number + i, init, &entry, err);
		if (ret < 0)
			return ret;
		cpod_decode_pop (m->decoder, base);
		array = cpod_manifest_add (array, NULL, entry);
	}
	m->document = cpod_manifest_add (m->document, field, array);
	return m->document ? 0 : cpod_error_oom (err);
}

/* ---- The pod ------------------------------------------------------------------------------- */

/* Fields that may not be used together, and numbers. */
static int
check_pod (struct cpod_manifest *m, struct cpod_error *err)
{
	const struct cpod_manifest_pod *pod = m->pod;

	if (pod->containers.n == 0)
		return cpod_manifest_required (m->decoder, pod->at, "containers", NULL, err);
	if (pod->os && strcmp (pod->os->name, "linux") != 0) {
		cpod_decode_push (m->decoder, "os");
		return cpod_manifest_bad (m->decoder, pod->os->at, "name", err, "this host is linux");
	}
	if (pod->grace.set && (pod->grace.value < 0 || pod->grace.value > INT32_MAX))
		return cpod_manifest_bad (m->decoder, pod->at, "terminationGracePeriodSeconds", err,
		                          "must be greater than or equal to 0");
	if (pod->deadline.set && (pod->deadline.value < 1 || pod->deadline.value > INT32_MAX))
		return cpod_manifest_bad (m->decoder, pod->at, "activeDeadlineSeconds", err,
		                          "must be between 1 and 2147483647, inclusive");
	if (pod->share_pid.value && pod->host_pid.value)
		return cpod_manifest_bad (m->decoder, pod->at, "shareProcessNamespace", err,
		                          "ShareProcessNamespace and HostPID cannot both be enabled");
	if (pod->host_users.set && !pod->host_users.value && (pod->host_network.value || pod->host_pid.value
	                                                      || pod->host_ipc.value))
		return cpod_manifest_forbidden (m->decoder, pod->at, pod->host_network.value
		                                ? "hostNetwork" : pod->host_pid.value ? "hostPID" : "hostIPC", err,
		                                "when `hostUsers` is false");
	return 0;
}

/* The fields that a native pod has under the same name. Switches that are off are what a native pod is without them. */
static int
build_pod (struct cpod_manifest *m, struct cpod_error *err)
{
	static const char *const switches[] = { "hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace" };
	const struct cpod_manifest_pod *pod = m->pod;
	const struct cpod_bool values[] = { pod->host_network, pod->host_pid, pod->host_ipc, pod->share_pid };
	struct cpod_json *document = m->document, *metadata = cpod_manifest_node (m, CPOD_JSON_OBJECT, m->meta->at);
	static const char *const policies[] = { "Always", "OnFailure", "Never" };

	metadata = cpod_manifest_add (metadata, "name", cpod_manifest_text (m, m->name, m->meta->at));
	for (const struct cpod_json *member = m->meta->at ? m->meta->at->first : NULL; member; member = member->next)
		if (strcmp (member->key, "name") != 0 && strcmp (member->key, "uid") != 0)
			metadata = cpod_manifest_add (metadata, member->key, cpod_manifest_share (m, member));
	metadata = cpod_manifest_add (metadata, "uid", cpod_manifest_text (m, m->uid, m->meta->at));
	document = cpod_manifest_add (document, "metadata", metadata);
	for (size_t i = 0; i < sizeof (switches) / sizeof (switches[0]); i++)
		if (values[i].value)
			document = cpod_manifest_add (document, switches[i],
			                              cpod_manifest_flag (m, true, cpod_json_get (pod->at, switches[i])));
	if (pod->host_users.set)
		document = cpod_manifest_add (document, "hostUsers",
		                              cpod_manifest_share (m, cpod_json_get (pod->at, "hostUsers")));
	if (cpod_json_get (pod->at, "hostView"))
		document = cpod_manifest_add (document, "hostView",
		                              cpod_manifest_share (m, cpod_json_get (pod->at, "hostView")));
	document = cpod_manifest_add (document, "restartPolicy", cpod_manifest_text (m, policies[pod->restart_policy.value],
	                              pod->restart_policy.set ? cpod_json_get (pod->at, "restartPolicy") : pod->at));
	document = cpod_manifest_add (document, "terminationGracePeriodSeconds",
	                              cpod_manifest_int (m, pod->grace.set ? pod->grace.value : DEFAULT_GRACE, pod->at));
	if (pod->deadline.set)
		document = cpod_manifest_add (document, "activeDeadlineSeconds",
		                              cpod_manifest_share (m, cpod_json_get (pod->at, "activeDeadlineSeconds")));
	m->document = document;
	return document ? 0 : cpod_error_oom (err);
}

/* Refuses too many containers before anything is decoded. */
static int
check_count (struct cpod_manifest *m, const struct cpod_json *document, struct cpod_error *err)
{
	static const char *const lists[] = { "initContainers", "containers" };
	const struct cpod_json *spec = cpod_json_get (document, "spec"), *list;
	uint64_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		list = spec ? cpod_json_get (spec, lists[i]) : NULL;
		if (list && list->type == CPOD_JSON_ARRAY)
			n += list->count;
		if (n <= m->limits.containers)
			continue;
		cpod_decode_push (m->decoder, "spec");
		cpod_decode_push (m->decoder, lists[i]);
		return cpod_decode_error (m->decoder, list, err, "more than %u containers", m->limits.containers);
	}
	return 0;
}

/* The Pod's document, decoded; spec and metadata are there. */
static int
decode_pod (struct cpod_manifest *m, const struct cpod_json *document, const char *given_name, struct cpod_error *err)
{
	static const struct cpod_manifest_meta no_meta;
	struct cpod_manifest_document *pod = cpod_arena_alloc (m->arena, sizeof (*pod));
	int ret = pod ? check_count (m, document, err) : cpod_error_oom (err);

	if (ret == 0)
		ret = cpod_decode (m->decoder, document, &cpod_manifest_pod_object, pod, err);
	if (ret < 0)
		return ret;
	if (!pod->spec)
		return cpod_manifest_required (m->decoder, document, "spec", NULL, err);
	m->pod = pod->spec;
	m->meta = pod->meta ? pod->meta : &no_meta;
	return find_name (m, document, given_name, err);
}

/* Everything that the native document has. The path is "spec". */
static int
build (struct cpod_manifest *m, struct cpod_error *err)
{
	size_t n_init = m->pod->init_containers.n;
	int ret;

	m->document = cpod_manifest_node (m, CPOD_JSON_OBJECT, m->pod->at);
	m->volumes = cpod_manifest_node (m, CPOD_JSON_ARRAY, m->pod->at);
	if ((ret = check_pod (m, err)) < 0 || (ret = build_pod (m, err)) < 0
	    || (ret = name_containers (m, &m->pod->init_containers, "initContainers", 0, err)) < 0
	    || (ret = name_containers (m, &m->pod->containers, "containers", n_init, err)) < 0
	    || (ret = cpod_manifest_amounts (m, err)) < 0 || (ret = cpod_manifest_pod_security (m, err)) < 0
	    || (ret = cpod_manifest_volumes (m, err)) < 0 || (ret = cpod_manifest_network (m, err)) < 0)
		return ret;
	if (n_init > 0 && (ret = build_list (m, &m->pod->init_containers, "initContainers", 0, true, err)) < 0)
		return ret;
	ret = build_list (m, &m->pod->containers, "containers", n_init, false, err);
	if (ret < 0)
		return ret;
	m->document = cpod_manifest_add (m->document, "volumes", m->volumes);
	return m->document ? 0 : cpod_error_oom (err);
}

/* What the host has: bytes of memory, processors. */
static void
look_at_host (struct cpod_manifest *m)
{
	struct sysinfo info;

	m->cpus = sysconf (_SC_NPROCESSORS_ONLN);
	if (sysinfo (&info) == 0)
		m->memory_total = (uint64_t) info.totalram * info.mem_unit;
}

int
cpod_manifest_load (struct cpod_decoder *decoder, const struct cpod_json *root, const char *given_name,
                    struct cpod_manifest_limits limits, const struct cpod_json **ret_document, struct cpod_error *err)
{
	struct cpod_manifest m = { .limits = limits, .decoder = decoder, .arena = decoder->arena };
	const struct cpod_json *pod = NULL;
	int ret;

	cpod_names_init (&m.config_map_names, m.arena);
	cpod_names_init (&m.secret_names, m.arena);
	cpod_names_init (&m.volume_names, m.arena);
	cpod_names_init (&m.container_names, m.arena);
	look_at_host (&m);
	ret = sort_documents (&m, root, &pod, err);
	if (ret == 0)
		ret = decode_pod (&m, pod, given_name, err);
	if (ret < 0)
		return ret;
	cpod_decode_push (decoder, "spec");
	ret = build (&m, err);
	if (ret < 0)
		return ret;
	cpod_decode_pop (decoder, 0);
	*ret_document = m.document;
	return 0;
}
