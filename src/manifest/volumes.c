/* Volumes to native volumes, volumeMounts to mounts.
 *
 * A mount names its volume as "volume:NAME", and what lies in it as "volume:NAME/PATH"; the runtime
 * resolves that beneath the volume. Volumes of the pod's own, whose names no manifest can have:
 * cpod.etc with /etc/hosts and /etc/resolv.conf, cpod.shm for /dev/shm.
 */
#include "manifest.h"

#include "src/base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHM_BYTES (64 << 20)

/* ---- Volumes ------------------------------------------------------------------------------- */

static int
build_empty_dir (struct cpod_manifest *m, const struct cpod_manifest_empty_dir *dir, const struct cpod_json *at,
                 struct cpod_json **ret, struct cpod_error *err)
{
	struct cpod_json *object = cpod_manifest_node (m, CPOD_JSON_OBJECT, at);
	bool memory = dir && dir->medium && strcmp (dir->medium, "Memory") == 0;
	struct cpod_quantity limit = { 0 };

	if (dir && dir->medium && *dir->medium && !memory)
		return strncmp (dir->medium, "HugePages", 9) == 0
		       ? cpod_manifest_refuse (m->decoder, dir->at, "medium", err,
		                               "huge pages are not carried out by this version")
		       : cpod_manifest_bad (m->decoder, dir->at, "medium", err, "must be \"\" or \"Memory\"");
	if (dir && dir->size_limit && dir->size_limit->type != CPOD_JSON_NULL) {
		const struct cpod_json *size = dir->size_limit;
		int status = size->type == CPOD_JSON_STRING || size->type == CPOD_JSON_NUMBER
			? cpod_quantity_parse (size->text, &limit) : -EINVAL;

		if (status < 0)
			return cpod_manifest_bad (m->decoder, dir->at, "sizeLimit", err,
			                          "is not a quantity, such as \"64Mi\"");
		if (limit.nano < 0)
			return cpod_manifest_bad (m->decoder, dir->at, "sizeLimit", err,
			                          "SizeLimit field must be a valid resource quantity");
	}
	if (memory || limit.nano > 0)
		object = cpod_manifest_add (object, "medium", cpod_manifest_text (m, "Memory", at));
	if (limit.nano > 0)
		object = cpod_manifest_add (object, "sizeLimit", cpod_manifest_int (m, cpod_quantity_units (limit), at));
	*ret = object;
	return object ? 0 : cpod_error_oom (err);
}

static int
build_host_path (struct cpod_manifest *m, const struct cpod_manifest_host_path *host, struct cpod_json **ret,
                 struct cpod_error *err)
{
	static const char *const types[] = {
		"", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice",
	};
	struct cpod_json *object = cpod_manifest_node (m, CPOD_JSON_OBJECT, host->at);

	if (!host->path || !*host->path)
		return cpod_manifest_required (m->decoder, host->at, "path", NULL, err);
	if (host->path[0] != '/')
		return cpod_manifest_bad (m->decoder, host->at, "path", err, "must be an absolute path");
	if (cpod_manifest_path_error (host->path + strspn (host->path, "/")))
		return cpod_manifest_bad (m->decoder, host->at, "path", err, "must not contain '..'");
	object = cpod_manifest_add (object, "path", cpod_manifest_text (m, host->path, host->at));
	object = cpod_manifest_add (object, "type", cpod_manifest_text (m, types[host->type.value], host->at));
	*ret = object;
	return object ? 0 : cpod_error_oom (err);
}

/* The source of a volume: its field, and the object or list of the native form. */
static int
build_source (struct cpod_manifest *m, const struct cpod_manifest_volume *volume, const char **ret_key,
              struct cpod_json **ret,
              struct cpod_error *err)
{
	const struct { const char *name; bool given; } sources[] = {
		{ "emptyDir", volume->empty_dir }, { "hostPath", volume->host_path }, { "configMap", volume->config_map },
		{ "secret", volume->secret }, { "downwardAPI", volume->downward }, { "projected", volume->projected },
	};
	const char *source = NULL;

	for (size_t i = 0; i < sizeof (sources) / sizeof (sources[0]); i++) {
		if (!sources[i].given)
			continue;
		if (source)
			return cpod_manifest_forbidden (m->decoder, volume->at, sources[i].name, err,
			                                "may not specify more than 1 volume type");
		source = sources[i].name;
	}
	if (source)
		cpod_decode_push (m->decoder, source);
	*ret_key = volume->host_path ? "hostPath" : !source || volume->empty_dir ? "emptyDir" : "files";
	if (!source || volume->empty_dir)
		return build_empty_dir (m, volume->empty_dir, volume->at, ret, err);
	if (volume->host_path)
		return build_host_path (m, volume->host_path, ret, err);
	return cpod_manifest_files (m, volume, ret, err);
}

static int
add_volume (struct cpod_manifest *m, const struct cpod_manifest_volume *volume, size_t index, struct cpod_error *err)
{
	const struct cpod_manifest_pod_security *security = m->pod->security;
	struct cpod_json *native = cpod_manifest_node (m, CPOD_JSON_OBJECT, volume->at), *source;
	const char *reason, *key = NULL;
	size_t first;
	int ret;

	if (!volume->name || !*volume->name)
		return cpod_manifest_required (m->decoder, volume->at, "name", NULL, err);
	reason = cpod_manifest_label_error (volume->name);
	if (reason)
		return cpod_manifest_bad (m->decoder, volume->at, "name", err, "%s", reason);
	if (cpod_names_add (&m->volume_names, volume->name, index, &first) < 0)
		return cpod_error_oom (err);
	if (first != index)
		return cpod_manifest_duplicate (m->decoder, volume->at, "name", err);
	ret = build_source (m, volume, &key, &source, err);
	if (ret < 0)
		return ret;
	native = cpod_manifest_add (native, "name", cpod_manifest_text (m, volume->name, volume->at));
	native = cpod_manifest_add (native, key, source);
	if (security && security->fs_group.set && !volume->host_path)
		native = cpod_manifest_add (native, "group", cpod_manifest_int (m, security->fs_group.value, security->at));
	m->volumes = cpod_manifest_add (m->volumes, NULL, native);
	return m->volumes ? 0 : cpod_error_oom (err);
}

/* One /dev/shm for the pod, as large as every container's would be. */
static int
add_shm (struct cpod_manifest *m, struct cpod_error *err)
{
	struct cpod_json *native, *source;

	if (m->pod->host_ipc.value)
		return 0;
	m->shared_shm = true;
	source = cpod_manifest_node (m, CPOD_JSON_OBJECT, m->pod->at);
	source = cpod_manifest_add (source, "medium", cpod_manifest_text (m, "Memory", m->pod->at));
	source = cpod_manifest_add (source, "sizeLimit", cpod_manifest_int (m, SHM_BYTES, m->pod->at));
	source = cpod_manifest_add (source, "mode", cpod_manifest_int (m, 01777, m->pod->at));
	native = cpod_manifest_node (m, CPOD_JSON_OBJECT, m->pod->at);
	native = cpod_manifest_add (native, "name", cpod_manifest_text (m, "cpod.shm", m->pod->at));
	native = cpod_manifest_add (native, "emptyDir", source);
	m->volumes = cpod_manifest_add (m->volumes, NULL, native);
	return m->volumes ? 0 : cpod_error_oom (err);
}

int
cpod_manifest_volumes (struct cpod_manifest *m, struct cpod_error *err)
{
	const struct cpod_manifest_volume *volumes = m->pod->volumes.items;
	size_t base = m->decoder->path_len;
	int ret = 0;

	for (size_t i = 0; i < m->pod->volumes.n && ret == 0; i++) {
		cpod_decode_push (m->decoder, "volumes");
		cpod_decode_push_index (m->decoder, i);
		ret = add_volume (m, &volumes[i], i, err);
		if (ret == 0)
			cpod_decode_pop (m->decoder, base);
	}
	return ret < 0 ? ret : add_shm (m, err);
}

/* ---- Mounts -------------------------------------------------------------------------------- */

/* A mount before it is written: those further out come first. */
struct mount { const struct cpod_manifest_mount *spec; const char *path; size_t depth, index; };

/* Kubernetes' rules for one mount. */
static int
check_mount (struct cpod_manifest *m, const struct cpod_manifest_mount *mount, struct cpod_names *paths, size_t index,
             const char *path, struct cpod_error *err)
{
	size_t first;

	if (!mount->name || !*mount->name)
		return cpod_manifest_required (m->decoder, mount->at, "name", NULL, err);
	if (cpod_names_find (&m->volume_names, mount->name) == CPOD_NAMES_NONE)
		return cpod_manifest_not_found (m->decoder, mount->at, "name", err);
	if (!mount->path || !*mount->path)
		return cpod_manifest_required (m->decoder, mount->at, "mountPath", NULL, err);
	if (strchr (mount->path, ':'))
		return cpod_manifest_bad (m->decoder, mount->at, "mountPath", err, "must not contain ':'");
	if (strcmp (path, "/") == 0)
		return cpod_manifest_bad (m->decoder, mount->at, "mountPath", err, "the root itself cannot be a volume");
	if (cpod_names_add (paths, path, index, &first) < 0)
		return cpod_error_oom (err);
	if (first != index)
		return cpod_manifest_bad (m->decoder, mount->at, "mountPath", err, "must be unique");
	if (mount->propagation.value == CPOD_MANIFEST_BOTH_WAYS)
		return cpod_manifest_forbidden (m->decoder, mount->at, "mountPropagation", err,
		                                "Bidirectional mount propagation is available only to privileged containers");
	if (mount->recursive.value != CPOD_MANIFEST_RRO_DISABLED && !mount->read_only.value)
		return cpod_manifest_forbidden (m->decoder, mount->at, "recursiveReadOnly", err,
		                                "may only be specified when readOnly is true");
	if (mount->recursive.value != CPOD_MANIFEST_RRO_DISABLED && mount->propagation.value != CPOD_MANIFEST_NO_PROPAGATION)
		return cpod_manifest_forbidden (m->decoder, mount->at, "recursiveReadOnly", err,
		                                "may only be specified when mountPropagation is None or not specified");
	return 0;
}

/* The path in the volume, "" for all of it. */
static int
resolve_sub_path (struct cpod_manifest *m, const struct cpod_manifest_mount *mount,
                  const struct cpod_manifest_variables *variables,
                  const char **ret_path, struct cpod_error *err)
{
	const char *field = mount->sub_path_expr && *mount->sub_path_expr ? "subPathExpr" : "subPath";
	const char *path = mount->sub_path ? mount->sub_path : "", *unknown = NULL, *reason;

	if (strcmp (field, "subPathExpr") == 0) {
		if (*path)
			return cpod_manifest_bad (m->decoder, mount->at, "subPathExpr", err,
			                          "subPathExpr and subPath are mutually exclusive");
		if (cpod_manifest_expand (m, mount->sub_path_expr, variables, &path, &unknown) < 0)
			return cpod_manifest_bad (m->decoder, mount->at, "subPathExpr", err, "cannot be expanded");
		if (unknown)
			return cpod_manifest_bad (m->decoder, mount->at, "subPathExpr", err, "missing value for \"%.100s\"",
			                          unknown);
		if (!*path)
			return cpod_manifest_bad (m->decoder, mount->at, "subPathExpr", err, "is empty once it is expanded");
	}
	reason = cpod_manifest_path_error (path);
	if (reason)
		return cpod_manifest_bad (m->decoder, mount->at, field, err, "%s", reason);
	*ret_path = path;
	return 0;
}

static struct cpod_json *
build_mount (struct cpod_manifest *m, const char *path, const char *source, const char *const *options, size_t n,
             const struct cpod_json *at)
{
	struct cpod_json *mount = cpod_manifest_node (m, CPOD_JSON_OBJECT, at);

	mount = cpod_manifest_add (mount, "destination", cpod_manifest_text (m, path, at));
	mount = cpod_manifest_add (mount, "type", cpod_manifest_text (m, "bind", at));
	mount = cpod_manifest_add (mount, "source", cpod_manifest_text (m, source, at));
	return cpod_manifest_add (mount, "options", cpod_manifest_words (m, options, n, at));
}

/* One of volumeMounts. */
static int
add_mount (struct cpod_manifest *m, const struct mount *mount, const struct cpod_manifest_variables *variables,
           struct cpod_json *list,
           struct cpod_error *err)
{
	const struct cpod_manifest_volume *volumes = m->pod->volumes.items;
	const struct cpod_manifest_mount *spec = mount->spec;
	const struct cpod_manifest_volume *volume = &volumes[cpod_names_find (&m->volume_names, spec->name)];
	bool data = volume->config_map || volume->secret || volume->downward || volume->projected;
	const char *options[4], *sub_path = "", *source;
	size_t n = 0;
	int ret = resolve_sub_path (m, spec, variables, &sub_path, err);

	if (ret < 0)
		return ret;
	options[n++] = volume->host_path ? "rbind" : "bind";
	options[n++] = spec->propagation.value == CPOD_MANIFEST_FROM_HOST ? "rslave" : "rprivate";
	if (data || spec->read_only.value)
		options[n++] = "ro";
	if (spec->recursive.value != CPOD_MANIFEST_RRO_DISABLED)
		options[n++] = "rro";
	source = cpod_arena_printf (m->arena, "volume:%s%s%s", spec->name, *sub_path ? "/" : "", sub_path);
	if (!source || !cpod_manifest_add (list, NULL, build_mount (m, mount->path, source, options, n, spec->at)))
		return cpod_error_oom (err);
	return 0;
}

/* For qsort: by depth, then in the document's order. */
static int
compare_mounts (const void *a, const void *b)
{
	const struct mount *one = a, *two = b;

	if (one->depth != two->depth)
		return one->depth < two->depth ? -1 : 1;
	return (one->index > two->index) - (one->index < two->index);
}

/* The path without empty and "." components, from the root; its depth. NULL: memory, or "..". */
static const char *
clean_path (struct cpod_manifest *m, const char *path, size_t *ret_depth)
{
	cpod_autostr out = CPOD_STR_INIT;

	*ret_depth = 0;
	for (; *path; path += strcspn (path, "/")) {
		size_t len;

		path += strspn (path, "/");
		len = strcspn (path, "/");
		if (len == 2 && strncmp (path, "..", 2) == 0)
			return NULL;
		if (len == 0 || (len == 1 && *path == '.'))
			continue;
		cpod_str_add_char (&out, '/');
		cpod_str_add_bytes (&out, path, len);
		(*ret_depth)++;
	}
	return cpod_str_failed (&out) ? NULL : cpod_arena_strdup (m->arena, out.data ? out.data : "/");
}

/* What the pod itself gives a container, unless one of its own mounts is there. */
static struct cpod_json *
add_pods_own (struct cpod_manifest *m, const struct cpod_names *paths, const struct cpod_json *at, struct cpod_json *list)
{
	const struct { const char *path, *source; bool given; } own[] = {
		{ "/etc/hosts", "volume:cpod.etc/hosts", m->hosts_file },
		{ "/etc/resolv.conf", "volume:cpod.etc/resolv.conf", m->resolv_file },
		{ "/dev/shm", "volume:cpod.shm", m->shared_shm },
		{ "/dev/shm", "/dev/shm", m->pod->host_ipc.value },
	};
	static const char *const options[] = { "bind", "noexec" };

	for (size_t i = 0; i < sizeof (own) / sizeof (own[0]); i++)
		if (own[i].given && cpod_names_find (paths, own[i].path) == CPOD_NAMES_NONE)
			list = cpod_manifest_add (list, NULL, build_mount (m, own[i].path, own[i].source, options, 2, at));
	return list;
}

/* Checks every mount in the document's order, and sorts them. */
static int
collect_mounts (struct cpod_manifest *m, const struct cpod_manifest_container *container, struct cpod_names *paths,
                struct mount *mounts, struct cpod_error *err)
{
	const struct cpod_manifest_mount *specs = container->mounts.items;
	size_t base = m->decoder->path_len;
	int ret = 0;

	for (size_t i = 0; i < container->mounts.n && ret == 0; i++) {
		mounts[i] = (struct mount) { .spec = &specs[i], .index = i };
		mounts[i].path = clean_path (m, specs[i].path ? specs[i].path : "", &mounts[i].depth);
		cpod_decode_push (m->decoder, "volumeMounts");
		cpod_decode_push_index (m->decoder, i);
		if (!mounts[i].path)
			return cpod_manifest_bad (m->decoder, specs[i].at, "mountPath", err, "must not contain '..'");
		ret = check_mount (m, &specs[i], paths, i, mounts[i].path, err);
		if (ret == 0)
			cpod_decode_pop (m->decoder, base);
	}
	qsort (mounts, container->mounts.n, sizeof (*mounts), compare_mounts);
	return ret;
}

int
cpod_manifest_mounts (struct cpod_manifest *m, const struct cpod_manifest_container *container,
                      const struct cpod_manifest_variables *variables, struct cpod_json **ret_mounts,
                      struct cpod_error *err)
{
	struct mount *mounts = cpod_arena_array (m->arena, container->mounts.n + 1, sizeof (*mounts));
	struct cpod_json *list = cpod_manifest_node (m, CPOD_JSON_ARRAY, container->at);
	size_t base = m->decoder->path_len;
	struct cpod_names paths;
	int ret;

	cpod_names_init (&paths, m->arena);
	if (!mounts || !list)
		return cpod_error_oom (err);
	ret = collect_mounts (m, container, &paths, mounts, err);
	if (ret < 0)
		return ret;
	list = add_pods_own (m, &paths, container->at, list);
	for (size_t i = 0; i < container->mounts.n && ret == 0 && list; i++) {
		cpod_decode_push (m->decoder, "volumeMounts");
		cpod_decode_push_index (m->decoder, mounts[i].index);
		ret = add_mount (m, &mounts[i], variables, list, err);
		if (ret == 0)
			cpod_decode_pop (m->decoder, base);
	}
	*ret_mounts = list;
	return ret < 0 || list ? ret : cpod_error_oom (err);
}
