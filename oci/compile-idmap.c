/* Mappings of ids that a spec asks for: mounts[].uidMappings and gidMappings, and the mount options idmap and ridmap.
 *
 * A mapping's containerID is the id of a file on its disk, hostID what it is shown as (in the supervisor's user
 * namespace). The options ask for a mapping; without one of the mount's own it is that of the container's user
 * namespace. A mount that says nothing is left alone, but in a pod with a user namespace (compile-users.c).
 * Runtime-spec, config.md, "Mounts".
 */
#include "compile.h"

#include "mount-options.h"
#include "src/base/error.h"

#include <errno.h>
#include <sched.h>

/* The ranges of one kind. */
static int
read_ranges (const struct cpod_array *mappings, const char *field, struct cpod_id_ranges *ret_ranges, struct cpod_error *err)
{
	const struct cpod_oci_id_mapping *items = mappings->items;

	if (mappings->n > CPOD_ID_RANGES_MAX)
		return cpod_error_set (err, E2BIG, "%s: at most %d ranges", field, CPOD_ID_RANGES_MAX);
	ret_ranges->n = mappings->n;
	for (size_t i = 0; i < mappings->n; i++)
		ret_ranges->items[i] = (struct cpod_id_range) {
			(uint32_t) items[i].container_id.value, (uint32_t) items[i].host_id.value, (uint32_t) items[i].size.value
		};
	return 0;
}

int
cpod_compile_read_map (const struct cpod_array *uids, const struct cpod_array *gids, const char *field, struct cpod_idmap *ret_map,
                       struct cpod_error *err)
{
	struct cpod_idmap map = { 0 };
	int ret;

	if (uids->n == 0 || gids->n == 0)
		return cpod_error_set (err, EINVAL, "%s.%s: is required: both kinds of ids are mapped", field,
		                       uids->n == 0 ? "uidMappings" : "gidMappings");
	if ((ret = read_ranges (uids, field, &map.uids, err)) < 0 || (ret = read_ranges (gids, field, &map.gids, err)) < 0)
		return ret;
	*ret_map = map;
	return 0;
}

int
cpod_compile_container_map (const struct cpod_oci_spec *spec, uint64_t own_namespaces, struct cpod_idmap *ret_map, struct cpod_error *err)
{
	static const struct cpod_oci_linux none;
	const struct cpod_oci_linux *linux_part = spec->linux_part != NULL ? spec->linux_part : &none;
	bool given = linux_part->uid_mappings.n > 0 || linux_part->gid_mappings.n > 0;

	if ((own_namespaces & CLONE_NEWUSER) != 0)
		return cpod_compile_read_map (&linux_part->uid_mappings, &linux_part->gid_mappings, "linux", ret_map, err);
	if (given)
		return cpod_error_set (err, EINVAL, "linux.uidMappings: there is no user namespace among linux.namespaces to map ids for");
	return 0;
}

/* The mount's own mapping, in the plan's arena. */
static int
read_own (struct cpod_compiler *compiler, const struct cpod_oci_mount *spec, const char *field, const struct cpod_idmap **ret_map,
          struct cpod_error *err)
{
	struct cpod_idmap *map = cpod_arena_array (&compiler->plan->arena, 1, sizeof (*map));
	int ret;

	if (map == NULL)
		return cpod_error_oom (err);
	ret = cpod_compile_read_map (&spec->uid_mappings, &spec->gid_mappings, field, map, err);
	*ret_map = map;
	return ret;
}

int
cpod_compile_mount_ids (struct cpod_compiler *compiler, const struct cpod_oci_mount *spec, const struct cpod_mount_options *options,
                        uint16_t slot, const char *field, struct cpod_error *err)
{
	bool own = spec->uid_mappings.n > 0 || spec->gid_mappings.n > 0;
	struct cpod_given *given = slot != CPOD_SLOT_NONE ? cpod_plan_given (compiler->plan, slot) : NULL;

	if (!own && !options->idmap) {
		if (slot != CPOD_SLOT_NONE && compiler->input->pod)
			cpod_compile_own_files (compiler, slot);
		return 0;
	}
	if (compiler->input->unprivileged)
		return cpod_error_set (err, EPERM, "%s: the ids of a mount can be mapped by root alone", field);
	if (given == NULL)
		return cpod_error_set (err, EINVAL, "%s: only a bind mount, or a file system of the host, has ids to map", field);
	if (!own && compiler->input->ids == NULL)
		return cpod_error_set (err, EINVAL, "%s.options: %s needs uidMappings and gidMappings, or a user namespace", field,
		                       options->idmap_recursive ? "ridmap" : "idmap");
	/* A bundle's namespace is not there yet when its mounts are opened, but one with the same ids will do. */
	given->ids = own || !compiler->input->pod ? CPOD_IDS_OF_MAP : CPOD_IDS_OF_USERS;
	given->map = compiler->input->ids;
	given->ids_below = options->idmap_recursive;
	return own ? read_own (compiler, spec, field, &given->map, err) : 0;
}
