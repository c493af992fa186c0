/* What is in volumes of data: configMap, secret, downwardAPI, projected; and the data that variables
 * refer to.
 *
 * A volume becomes a native list of files, each with its path, mode, and text or base64. Data is
 * referred to, not copied: a hundred volumes of one ConfigMap cost a hundred lists.
 */
#include "manifest.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>

#define DEFAULT_MODE 0644
#define ALL_BYTES_MAX (16u << 20)      /* what a whole manifest may have in its file */

/* ---- Data ---------------------------------------------------------------------------------- */

const struct cpod_manifest_data *
cpod_manifest_data (const struct cpod_manifest *m, bool secret, const char *name)
{
	size_t number = cpod_names_find (secret ? &m->secret_names : &m->config_map_names, name);
	const struct cpod_manifest_data *items = secret ? m->secrets.items : m->config_maps.items;

	return number == CPOD_NAMES_NONE ? NULL : &items[number];
}

const struct cpod_pair *
cpod_manifest_pair (const struct cpod_manifest_data *data, size_t index)
{
	return index < data->data.n ? &data->data.items[index] : &data->more.items[index - data->data.n];
}

/* The value of entry number index: which of the two maps is base64 depends on the kind. */
static struct cpod_manifest_value
value_at (const struct cpod_manifest_data *data, bool secret, size_t index)
{
	const struct cpod_pair *pair = cpod_manifest_pair (data, index);

	return (struct cpod_manifest_value) { pair->value, strlen (pair->value), (index < data->data.n) == secret, pair->at };
}

/* -ENOENT with Kubernetes' words. */
static int
missing (struct cpod_manifest *m, bool secret, const char *name, const char *key, struct cpod_error *err)
{
	if (!key)
		cpod_error_set (err, ENOENT, "%s \"%.100s\" not found: there is no such document in the file",
		                secret ? "secret" : "configmap", name);
	else
		cpod_error_set (err, ENOENT, "couldn't find key %.100s in %s %s/%.100s", key,
		                secret ? "Secret" : "ConfigMap", m->name_space, name);
	return -ENOENT;
}

int
cpod_manifest_value (struct cpod_manifest *m, bool secret, const char *name, const char *key,
                     struct cpod_manifest_value *ret, struct cpod_error *err)
{
	const struct cpod_manifest_data *data = cpod_manifest_data (m, secret, name);
	size_t index = data ? cpod_names_find (&data->keys, key) : CPOD_NAMES_NONE;

	if (index == CPOD_NAMES_NONE)
		return missing (m, secret, name, data ? key : NULL, err);
	*ret = value_at (data, secret, index);
	return 0;
}

/* ---- Files --------------------------------------------------------------------------------- */

/* A list of files in the making. */
struct list {
	struct cpod_manifest *m;
	struct cpod_json *files;
	struct cpod_names paths;
	int64_t mode;                 /* where a file says nothing */
};

/* Adds a file; no two may have one path, and none may lie where another is. at: what asks for it. */
static int
add_file (struct list *list, const char *path, struct cpod_int mode, const struct cpod_manifest_value *value,
          const struct cpod_json *at, struct cpod_error *err)
{
	struct cpod_manifest *m = list->m;
	struct cpod_json *file = cpod_manifest_node (m, CPOD_JSON_OBJECT, at);
	size_t first, number = list->files ? list->files->count : 0;

	m->file_bytes += strlen (value->text);
	if (m->file_bytes > ALL_BYTES_MAX)
		return cpod_decode_error (m->decoder, at, err, "Too long: the files of the pod's volumes have more than %u bytes together",
		                          ALL_BYTES_MAX);
	if (cpod_names_add (&list->paths, path, number, &first) < 0)
		return cpod_error_oom (err);
	if (first != number)
		return cpod_decode_error (m->decoder, at, err, "Invalid value: \"%.100s\": conflicting duplicate paths",
		                          path);
	file = cpod_manifest_add (file, "path", cpod_manifest_text (m, path, at));
	file = cpod_manifest_add (file, "mode", cpod_manifest_int (m, mode.set ? mode.value : list->mode, at));
	file = cpod_manifest_add (file, value->base64 ? "base64" : "text", cpod_manifest_text (m, value->text, value->at));
	list->files = cpod_manifest_add (list->files, NULL, file);
	return list->files ? 0 : cpod_error_oom (err);
}

/* A path that the manifest gives a file. */
static int
check_path (struct cpod_manifest *m, const struct cpod_json *at, const char *path, struct cpod_error *err)
{
	const char *reason;

	if (!path || !*path)
		return cpod_manifest_required (m->decoder, at, "path", NULL, err);
	reason = cpod_manifest_path_error (path);
	if (reason)
		return cpod_manifest_bad (m->decoder, at, "path", err, "%s", reason);
	return strncmp (path, "..", 2) == 0 ? cpod_manifest_bad (m->decoder, at, "path", err, "must not start with '..'") : 0;
}

/* Every key as a file of its name. */
static int
add_all (struct list *list, const struct cpod_manifest_data *data, bool secret, const struct cpod_json *at,
         struct cpod_error *err)
{
	static const struct cpod_int no_mode;
	int ret = 0;

	for (size_t i = 0; i < data->data.n + data->more.n && ret == 0; i++) {
		struct cpod_manifest_value value = value_at (data, secret, i);
		const char *key = cpod_manifest_pair (data, i)->key;

		if (cpod_names_find (&data->keys, key) == i)   /* not one that stringData replaces */
			ret = add_file (list, key, no_mode, &value, at, err);
	}
	return ret;
}

/* One of items. */
static int
add_item (struct list *list, const struct cpod_manifest_source *source, const struct cpod_manifest_item *item, bool secret,
          struct cpod_error *err)
{
	struct cpod_manifest *m = list->m;
	struct cpod_manifest_value value;
	struct cpod_error failure;
	int ret;

	if (!item->key || !*item->key)
		return cpod_manifest_required (m->decoder, item->at, "key", NULL, err);
	ret = check_path (m, item->at, item->path, err);
	if (ret < 0)
		return ret;
	ret = cpod_manifest_value (m, secret, source->name, item->key, &value, &failure);
	if (ret == -ENOENT && source->optional.value)
		return 0;
	if (ret < 0)
		return cpod_decode_error (m->decoder, item->at, err, "%s", failure.message);
	return add_file (list, item->path, item->mode, &value, item->at, err);
}

/* The files of a ConfigMap or Secret. */
static int
add_source (struct list *list, const struct cpod_manifest_source *source, bool secret, const char *name_field,
            struct cpod_error *err)
{
	struct cpod_manifest *m = list->m;
	const struct cpod_manifest_item *items = source->items.items;
	const struct cpod_manifest_data *data;
	size_t base = m->decoder->path_len;
	struct cpod_error failure;
	int ret = 0;

	if (!source->name || !*source->name)
		return cpod_manifest_required (m->decoder, source->at, name_field, NULL, err);
	data = cpod_manifest_data (m, secret, source->name);
	if (!data && source->optional.value)
		return 0;
	if (!data) {
		missing (m, secret, source->name, NULL, &failure);
		return cpod_decode_error (m->decoder, source->at, err, "%s", failure.message);
	}
	if (source->items.n == 0)
		return add_all (list, data, secret, source->at, err);
	for (size_t i = 0; i < source->items.n && ret == 0; i++) {
		cpod_decode_push (m->decoder, "items");
		cpod_decode_push_index (m->decoder, i);
		ret = add_item (list, source, &items[i], secret, err);
		if (ret == 0)
			cpod_decode_pop (m->decoder, base);
	}
	return ret;
}

/* One file of a downwardAPI volume. */
static int
add_downward_item (struct list *list, const struct cpod_manifest_downward_item *item, struct cpod_error *err)
{
	struct cpod_manifest *m = list->m;
	struct cpod_manifest_value value = { .at = item->at };
	int ret = check_path (m, item->at, item->path, err);

	if (ret < 0)
		return ret;
	if (!item->field == !item->resource)
		return item->field
		       ? cpod_manifest_invalid (m->decoder, item->at, err,
		                                "fieldRef and resourceFieldRef can not be specified simultaneously")
		       : cpod_decode_error (m->decoder, item->at, err,
		                            "Required value: one of fieldRef and resourceFieldRef is required");
	cpod_decode_push (m->decoder, item->field ? "fieldRef" : "resourceFieldRef");
	if (item->field)
		ret = cpod_manifest_field (m, item->field, true, &value.text, err);
	else
		ret = cpod_manifest_resource (m, item->resource, CPOD_NAMES_NONE, &value.text, err);
	return ret < 0 ? ret : add_file (list, item->path, item->mode, &value, item->at, err);
}

static int
add_downward (struct list *list, const struct cpod_manifest_downward *downward, struct cpod_error *err)
{
	const struct cpod_manifest_downward_item *items = downward->items.items;
	struct cpod_decoder *decoder = list->m->decoder;
	size_t base = decoder->path_len;
	int ret = 0;

	for (size_t i = 0; i < downward->items.n && ret == 0; i++) {
		cpod_decode_push (decoder, "items");
		cpod_decode_push_index (decoder, i);
		ret = add_downward_item (list, &items[i], err);
		if (ret == 0)
			cpod_decode_pop (decoder, base);
	}
	return ret;
}

/* One of projected.sources. */
static int
add_projection (struct list *list, const struct cpod_manifest_projection *projection, struct cpod_error *err)
{
	struct cpod_decoder *decoder = list->m->decoder;
	unsigned int n = (projection->config_map != NULL) + (projection->secret != NULL) + (projection->downward != NULL);

	if (n > 1)
		return cpod_decode_error (decoder, projection->at, err,
		                          "Forbidden: may not specify more than 1 volume type per source");
	if (n == 0)
		return cpod_decode_error (decoder, projection->at, err, "Required value: must specify a source");
	cpod_decode_push (decoder, projection->config_map ? "configMap" : projection->secret ? "secret" : "downwardAPI");
	if (projection->downward)
		return add_downward (list, projection->downward, err);
	return add_source (list, projection->secret ? projection->secret : projection->config_map,
	                   projection->secret != NULL, "name", err);
}

static int
add_projected (struct list *list, const struct cpod_manifest_projected *projected, struct cpod_error *err)
{
	const struct cpod_manifest_projection *sources = projected->sources.items;
	struct cpod_decoder *decoder = list->m->decoder;
	size_t base = decoder->path_len;
	int ret = 0;

	for (size_t i = 0; i < projected->sources.n && ret == 0; i++) {
		cpod_decode_push (decoder, "sources");
		cpod_decode_push_index (decoder, i);
		ret = add_projection (list, &sources[i], err);
		if (ret == 0)
			cpod_decode_pop (decoder, base);
	}
	return ret;
}

/* No file may stand where another has a directory. */
static int
check_nesting (struct list *list, const struct cpod_json *at, struct cpod_error *err)
{
	for (const struct cpod_json *file = list->files ? list->files->first : NULL; file; file = file->next) {
		const char *path = cpod_json_get (file, "path")->text;

		for (const char *slash = strchr (path, '/'); slash; slash = strchr (slash + 1, '/')) {
			const char *parent = cpod_arena_strndup (list->m->arena, path, (size_t) (slash - path));

			if (!parent)
				return cpod_error_oom (err);
			if (cpod_names_find (&list->paths, parent) != CPOD_NAMES_NONE)
				return cpod_decode_error (list->m->decoder, at, err,
				                          "Invalid value: \"%.100s\": conflicting path: \"%.100s\" is a file",
				                          path, parent);
		}
	}
	return 0;
}

/* The mode that a volume's files have. */
static int64_t
mode_of (struct cpod_int mode)
{
	return mode.set ? mode.value : DEFAULT_MODE;
}

int
cpod_manifest_files (struct cpod_manifest *m, const struct cpod_manifest_volume *volume, struct cpod_json **ret_files,
                     struct cpod_error *err)
{
	struct list list = { .m = m };
	int ret;

	cpod_names_init (&list.paths, m->arena);
	list.files = cpod_manifest_node (m, CPOD_JSON_ARRAY, volume->at);
	if (volume->config_map || volume->secret) {
		const struct cpod_manifest_source *source = volume->secret ? volume->secret : volume->config_map;

		list.mode = mode_of (source->mode);
		ret = add_source (&list, source, volume->secret != NULL, volume->secret ? "secretName" : "name", err);
	} else if (volume->downward) {
		list.mode = mode_of (volume->downward->mode);
		ret = add_downward (&list, volume->downward, err);
	} else {
		list.mode = mode_of (volume->projected->mode);
		ret = add_projected (&list, volume->projected, err);
	}
	if (ret == 0)
		ret = check_nesting (&list, volume->at, err);
	if (ret == 0)
		*ret_files = list.files;
	return ret;
}
