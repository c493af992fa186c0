/* Requests and limits: quantities checked, the QoS class found, numbers for cgroup v2 and the OOM killer.
 *
 * A request that is not given is the limit. CPU: the request becomes shares (milli * 1024 / 1000, within
 * 2 and 262144), from which the runtime makes cpu.weight; the limit a quota for periods of 100 ms, at
 * least 1 ms. Where no container of the pod speaks of CPU, none is given a weight, so that such a pod
 * runs where there is no cpu controller; where one does, the others get the smallest.
 */
#include "manifest.h"

#include "src/base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define PERIOD_US    100000
#define QUOTA_MIN    1000
#define SHARES_MIN   2
#define SHARES_MAX   262144
#define OOM_GUARANTEED  (-997)
#define OOM_BEST_EFFORT 1000

enum { REQUEST, LIMIT };
enum { CPU, MEMORY };

struct cpod_manifest_pages { const char *size; int64_t bytes; const struct cpod_json *at; };

static const char *const list_names[] = { "requests", "limits" };

/* ---- Reading ------------------------------------------------------------------------------- */

/* The text of a quantity, a string or a number. */
static int
read_quantity (struct cpod_manifest *m, const struct cpod_json *value, struct cpod_quantity *ret, struct cpod_error *err)
{
	int status;

	if (value->type != CPOD_JSON_STRING && value->type != CPOD_JSON_NUMBER)
		return cpod_decode_error (m->decoder, value, err, "expected a quantity, found %s",
		                          cpod_json_type_name (value->type));
	status = cpod_quantity_parse (value->text, ret);
	if (status == -EINVAL)
		return cpod_manifest_invalid (m->decoder, value, err, "quantities must match the regular expression "
		                              "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
	if (status < 0)
		return cpod_manifest_invalid (m->decoder, value, err, "is larger than any host");
	if (ret->nano < 0)
		return cpod_manifest_invalid (m->decoder, value, err, "must be greater than or equal to 0");
	return 0;
}

/* hugepages-SIZE: the size as the kernel calls it, "2MB". */
static int
read_pages (struct cpod_manifest *m, const struct cpod_json *value, struct cpod_manifest_amounts *amounts,
            struct cpod_error *err)
{
	struct cpod_manifest_pages *pages = amounts->pages.items;
	struct cpod_quantity size, limit;
	int ret = read_quantity (m, value, &limit, err);

	if (ret < 0)
		return ret;
	if (cpod_quantity_parse (value->key + strlen ("hugepages-"), &size) < 0 || size.nano <= 0)
		return cpod_decode_error (m->decoder, value, err, "\"%.60s\" names no size of a page, as hugepages-2Mi does",
		                          value->key);
	pages[amounts->pages.n++] = (struct cpod_manifest_pages) {
		cpod_quantity_units (size) >= 1 << 30
		? cpod_arena_printf (m->arena, "%" PRId64 "GB", cpod_quantity_units (size) >> 30)
		: cpod_quantity_units (size) >= 1 << 20
		? cpod_arena_printf (m->arena, "%" PRId64 "MB", cpod_quantity_units (size) >> 20)
		: cpod_arena_printf (m->arena, "%" PRId64 "KB", cpod_quantity_units (size) >> 10),
		cpod_quantity_units (limit), value,
	};
	return 0;
}

/* One entry of requests or limits. */
static int
read_amount (struct cpod_manifest *m, const struct cpod_json *value, int list, struct cpod_manifest_amounts *amounts,
             struct cpod_error *err)
{
	struct cpod_quantity unused;

	if (strcmp (value->key, "cpu") == 0) {
		amounts->has[list][CPU] = true;
		return read_quantity (m, value, &amounts->cpu[list], err);
	}
	if (strcmp (value->key, "memory") == 0) {
		amounts->has[list][MEMORY] = true;
		return read_quantity (m, value, &amounts->memory[list], err);
	}
	if (strncmp (value->key, "hugepages-", 10) == 0)
		return list == LIMIT ? read_pages (m, value, amounts, err) : read_quantity (m, value, &unused, err);
	if (strcmp (value->key, "ephemeral-storage") == 0 && list == REQUEST)
		return read_quantity (m, value, &unused, err);   /* speaks to a scheduler */
	cpod_decode_error (m->decoder, value, err, "\"%.60s\" is not carried out by this version", value->key);
	if (err)
		err->code = ENOTSUP;
	return -ENOTSUP;
}

static int
read_list (struct cpod_manifest *m, const struct cpod_json *json, int list, struct cpod_manifest_amounts *amounts,
           struct cpod_error *err)
{
	size_t base = cpod_decode_push (m->decoder, list_names[list]);
	int ret;

	if (!json || json->type == CPOD_JSON_NULL) {
		cpod_decode_pop (m->decoder, base);
		return 0;
	}
	if (json->type != CPOD_JSON_OBJECT)
		return cpod_decode_error (m->decoder, json, err, "expected an object, found %s",
		                          cpod_json_type_name (json->type));
	if (list == LIMIT) {
		amounts->pages.items = cpod_arena_array (m->arena, (size_t) json->count + 1,
		                                         sizeof (struct cpod_manifest_pages));
		if (!amounts->pages.items)
			return cpod_error_oom (err);
	}
	for (const struct cpod_json *value = json->first; value; value = value->next) {
		size_t old_len = cpod_decode_push (m->decoder, value->key);

		ret = read_amount (m, value, list, amounts, err);
		if (ret < 0)
			return ret;
		cpod_decode_pop (m->decoder, old_len);
	}
	cpod_decode_pop (m->decoder, base);
	return 0;
}

/* A request is at most its limit; one that is not given is it. kind: CPU or MEMORY. */
static int
settle (struct cpod_manifest *m, const struct cpod_manifest_resources *resources, int kind,
        struct cpod_manifest_amounts *amounts,
        struct cpod_error *err)
{
	static const char *const names[] = { "cpu", "memory" };
	struct cpod_quantity *pair = kind == CPU ? amounts->cpu : amounts->memory;
	const struct cpod_json *request, *limit;

	if (!amounts->has[LIMIT][kind])
		return 0;
	if (!amounts->has[REQUEST][kind]) {
		amounts->has[REQUEST][kind] = true;
		pair[REQUEST] = pair[LIMIT];
		return 0;
	}
	if (pair[REQUEST].nano <= pair[LIMIT].nano)
		return 0;
	request = cpod_json_get (resources->requests, names[kind]);
	limit = cpod_json_get (resources->limits, names[kind]);
	cpod_decode_push (m->decoder, "requests");
	return cpod_manifest_invalid (m->decoder, request, err, "must be less than or equal to %s limit of %.40s",
	                              names[kind], limit->text);
}

static int
read_container (struct cpod_manifest *m, const struct cpod_manifest_container *container,
                struct cpod_manifest_amounts *amounts,
                struct cpod_error *err)
{
	const struct cpod_manifest_resources *resources = container->resources;
	size_t base = cpod_decode_push (m->decoder, "resources");
	int ret;

	if (!resources) {
		cpod_decode_pop (m->decoder, base);
		return 0;
	}
	if ((ret = read_list (m, resources->requests, REQUEST, amounts, err)) < 0
	    || (ret = read_list (m, resources->limits, LIMIT, amounts, err)) < 0
	    || (ret = settle (m, resources, CPU, amounts, err)) < 0
	    || (ret = settle (m, resources, MEMORY, amounts, err)) < 0)
		return ret;
	cpod_decode_pop (m->decoder, base);
	return 0;
}

/* What a container's amounts mean for the class of its pod. An amount of 0 counts as none. */
static enum cpod_manifest_qos
class_of (const struct cpod_manifest_amounts *amounts)
{
	bool all = amounts->has[LIMIT][CPU] && amounts->has[LIMIT][MEMORY] && amounts->cpu[LIMIT].nano > 0
	           && amounts->memory[LIMIT].nano > 0;

	if (all && amounts->cpu[REQUEST].nano == amounts->cpu[LIMIT].nano
	    && amounts->memory[REQUEST].nano == amounts->memory[LIMIT].nano)
		return CPOD_MANIFEST_GUARANTEED;
	return amounts->cpu[REQUEST].nano > 0 || amounts->memory[REQUEST].nano > 0
		? CPOD_MANIFEST_BURSTABLE : CPOD_MANIFEST_BEST_EFFORT;
}

int
cpod_manifest_amounts (struct cpod_manifest *m, struct cpod_error *err)
{
	const struct cpod_array *lists[] = { &m->pod->init_containers, &m->pod->containers };
	static const char *const names[] = { "initContainers", "containers" };
	size_t base = m->decoder->path_len, number = 0, n = m->pod->init_containers.n + m->pod->containers.n;
	int ret;

	m->amounts = cpod_arena_array (m->arena, n + 1, sizeof (*m->amounts));
	if (!m->amounts)
		return cpod_error_oom (err);
	for (int list = 0; list < 2; list++) {
		const struct cpod_manifest_container *items = lists[list]->items;

		for (size_t i = 0; i < lists[list]->n; i++, number++) {
			enum cpod_manifest_qos qos;

			cpod_decode_push (m->decoder, names[list]);
			cpod_decode_push_index (m->decoder, i);
			ret = read_container (m, &items[i], &m->amounts[number], err);
			if (ret < 0)
				return ret;
			cpod_decode_pop (m->decoder, base);
			qos = class_of (&m->amounts[number]);
			m->qos = number == 0 || qos == m->qos ? qos : CPOD_MANIFEST_BURSTABLE;
		}
	}
	return 0;
}

/* ---- Numbers ------------------------------------------------------------------------------- */

int
cpod_manifest_oom_score (enum cpod_manifest_qos qos, uint64_t request, uint64_t total)
{
	int64_t score;

	if (qos == CPOD_MANIFEST_GUARANTEED)
		return OOM_GUARANTEED;
	if (qos == CPOD_MANIFEST_BEST_EFFORT)
		return OOM_BEST_EFFORT;
	score = total > 0 ? 1000 - (int64_t) ((unsigned __int128) 1000 * request / total) : OOM_BEST_EFFORT - 1;
	if (score < 1000 + OOM_GUARANTEED)
		return 1000 + OOM_GUARANTEED;
	return score >= OOM_BEST_EFFORT ? OOM_BEST_EFFORT - 1 : (int) score;
}

/* A container's score; a sidecar is not killed before the containers that it serves. */
static int
oom_score (const struct cpod_manifest *m, const struct cpod_manifest_container *container, size_t number, bool init)
{
	uint64_t request = (uint64_t) cpod_quantity_units (m->amounts[number].memory[REQUEST]), least = UINT64_MAX;
	size_t first = m->pod->init_containers.n, n = first + m->pod->containers.n;
	int score = cpod_manifest_oom_score (m->qos, request, m->memory_total), other;

	if (!init || !container->restart_policy.set || container->restart_policy.value != 0
	    || m->qos != CPOD_MANIFEST_BURSTABLE)
		return score;
	for (size_t i = first; i < n; i++) {
		uint64_t one = (uint64_t) cpod_quantity_units (m->amounts[i].memory[REQUEST]);

		least = one < least ? one : least;
	}
	other = cpod_manifest_oom_score (m->qos, least, m->memory_total);
	return other < score ? other : score;
}

/* Whether some container of the pod has a CPU request or limit. */
static bool
speaks_of_cpu (const struct cpod_manifest *m)
{
	for (size_t i = 0; i < m->pod->init_containers.n + m->pod->containers.n; i++)
		if (m->amounts[i].has[REQUEST][CPU])
			return true;
	return false;
}

static struct cpod_json *
build_cpu (struct cpod_manifest *m, const struct cpod_manifest_amounts *amounts, const struct cpod_json *at)
{
	int64_t request = cpod_quantity_milli (amounts->cpu[REQUEST]), limit = cpod_quantity_milli (amounts->cpu[LIMIT]);
	int64_t shares = request > SHARES_MAX ? SHARES_MAX : request * 1024 / 1000, quota;
	struct cpod_json *cpu = cpod_manifest_node (m, CPOD_JSON_OBJECT, at);

	shares = shares < SHARES_MIN ? SHARES_MIN : shares > SHARES_MAX ? SHARES_MAX : shares;
	cpu = cpod_manifest_add (cpu, "shares", cpod_manifest_int (m, shares, at));
	if (!amounts->has[LIMIT][CPU] || limit == 0)
		return cpu;
	quota = limit > INT64_MAX / (PERIOD_US / 1000) ? INT64_MAX : limit * (PERIOD_US / 1000);
	cpu = cpod_manifest_add (cpu, "quota", cpod_manifest_int (m, quota < QUOTA_MIN ? QUOTA_MIN : quota, at));
	return cpod_manifest_add (cpu, "period", cpod_manifest_int (m, PERIOD_US, at));
}

static struct cpod_json *
build_pages (struct cpod_manifest *m, const struct cpod_manifest_amounts *amounts, const struct cpod_json *at)
{
	const struct cpod_manifest_pages *pages = amounts->pages.items;
	struct cpod_json *list = cpod_manifest_node (m, CPOD_JSON_ARRAY, at), *entry;

	for (size_t i = 0; i < amounts->pages.n; i++) {
		entry = cpod_manifest_node (m, CPOD_JSON_OBJECT, pages[i].at);
		entry = cpod_manifest_add (entry, "pageSize", cpod_manifest_text (m, pages[i].size, pages[i].at));
		entry = cpod_manifest_add (entry, "limit", cpod_manifest_int (m, pages[i].bytes, pages[i].at));
		list = cpod_manifest_add (list, NULL, entry);
	}
	return list;
}

int
cpod_manifest_resources (struct cpod_manifest *m, const struct cpod_manifest_container *container, size_t number,
                         bool init, struct cpod_json **ret_resources, int *ret_oom, struct cpod_error *err)
{
	const struct cpod_manifest_amounts *amounts = &m->amounts[number];
	const struct cpod_json *at = container->resources ? container->resources->at : container->at;
	struct cpod_json *resources = cpod_manifest_node (m, CPOD_JSON_OBJECT, at), *part;

	*ret_oom = oom_score (m, container, number, init);
	*ret_resources = NULL;
	if (speaks_of_cpu (m))
		resources = cpod_manifest_add (resources, "cpu", build_cpu (m, amounts, at));
	if (cpod_quantity_units (amounts->memory[LIMIT]) > 0) {
		part = cpod_manifest_node (m, CPOD_JSON_OBJECT, at);
		part = cpod_manifest_add (part, "limit", cpod_manifest_int (m, cpod_quantity_units (amounts->memory[LIMIT]),
		                                                            at));
		resources = cpod_manifest_add (resources, "memory", part);
		part = cpod_manifest_node (m, CPOD_JSON_OBJECT, at);
		part = cpod_manifest_add (part, "memory.oom.group", cpod_manifest_text (m, "1", at));
		resources = cpod_manifest_add (resources, "unified", part);
	}
	if (amounts->pages.n > 0)
		resources = cpod_manifest_add (resources, "hugepageLimits", build_pages (m, amounts, at));
	if (!resources)
		return cpod_error_oom (err);
	if (resources->count > 0)
		*ret_resources = resources;
	return 0;
}

/* ---- resourceFieldRef ---------------------------------------------------------------------- */

/* The amount that a resource names: "limits.cpu" and its like. A limit that is not there is what the host has. */
static int
amount_of (const struct cpod_manifest *m, const char *resource, size_t number, struct cpod_quantity *ret)
{
	static const struct { const char *name; int list, kind; } known[] = {
		{ "requests.cpu", REQUEST, CPU }, { "requests.memory", REQUEST, MEMORY },
		{ "limits.cpu", LIMIT, CPU }, { "limits.memory", LIMIT, MEMORY },
	};
	const struct cpod_manifest_amounts *amounts = &m->amounts[number];

	for (size_t i = 0; i < sizeof (known) / sizeof (known[0]); i++) {
		int list = known[i].list, kind = known[i].kind;

		if (strcmp (known[i].name, resource) != 0)
			continue;
		if (amounts->has[list][kind] || list == REQUEST)
			*ret = kind == CPU ? amounts->cpu[list] : amounts->memory[list];
		else
			ret->nano = (__int128) 1000000000 * (kind == CPU ? (int64_t) m->cpus : (int64_t) m->memory_total);
		return 0;
	}
	return -EINVAL;
}

int
cpod_manifest_resource (struct cpod_manifest *m, const struct cpod_manifest_resource_ref *ref, size_t number,
                        const char **ret_value, struct cpod_error *err)
{
	struct cpod_quantity amount, divisor = { 1000000000 };
	int ret;

	if (ref->container && *ref->container) {
		number = cpod_names_find (&m->container_names, ref->container);
		if (number == CPOD_NAMES_NONE)
			return cpod_manifest_not_found (m->decoder, ref->at, "containerName", err);
	}
	if (number == CPOD_NAMES_NONE)
		return cpod_manifest_required (m->decoder, ref->at, "containerName", NULL, err);
	if (!ref->resource || !*ref->resource)
		return cpod_manifest_required (m->decoder, ref->at, "resource", NULL, err);
	if (amount_of (m, ref->resource, number, &amount) < 0)
		return cpod_manifest_bad (m->decoder, ref->at, "resource", err,
		                          "must be one of limits.cpu, limits.memory, requests.cpu, "
		                          "requests.memory");
	if (ref->divisor && ref->divisor->type != CPOD_JSON_NULL) {
		size_t old_len = cpod_decode_push (m->decoder, "divisor");

		ret = read_quantity (m, ref->divisor, &divisor, err);
		if (ret < 0)
			return ret;
		cpod_decode_pop (m->decoder, old_len);
		if (divisor.nano == 0)
			divisor.nano = 1000000000;
	}
	*ret_value = cpod_arena_printf (m->arena, "%" PRId64, cpod_quantity_divide (amount, divisor));
	return *ret_value ? 0 : cpod_error_oom (err);
}
