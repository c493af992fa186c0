/* Volumes of the pod as sources of mounts: "volume:NAME" and "volume:NAME/PATH".
 *
 * One of the host's is opened by the parent, as other sources are. One in memory is a tmpfs that stands
 * in pod init's small root, below /volumes: the container's first process, which begins there, takes a
 * copy of that mount. So all containers of the pod see one file system, and the host sees none.
 */
#include "compile.h"

#include "src/base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "volume:"

bool
cpod_compile_is_volume (const char *source)
{
	return source != NULL && strncmp (source, PREFIX, strlen (PREFIX)) == 0;
}

/* The volume that source names; *ret_path: what is behind its name, "" for nothing. */
static const struct cpod_rt_volume *
find_volume (const struct cpod_compile_input *input, const char *source, const char **ret_path)
{
	const char *name = source + strlen (PREFIX);
	size_t len = strcspn (name, "/");

	*ret_path = name + len + strspn (name + len, "/");
	for (size_t i = 0; i < input->n_volumes; i++)
		if (strncmp (input->volumes[i].name, name, len) == 0 && input->volumes[i].name[len] == '\0')
			return &input->volumes[i];
	return NULL;
}

int
cpod_compile_volume (struct cpod_compiler *compiler, const char *source, bool recursive, const char *field,
                     uint16_t *ret_slot,
                     struct cpod_error *err)
{
	const char *path, *source_field = cpod_compile_field (compiler->arena, "%s.source", field);
	const struct cpod_rt_volume *volume = find_volume (compiler->input, source, &path);
	struct cpod_given *given;
	struct cpod_op *op;

	if (volume == NULL)
		return cpod_error_set (err, EINVAL, "%s: the pod has no such volume (\"%.100s\")", source_field, source);
	if (volume->path != NULL && path[0] == '\0') {
		*ret_slot = cpod_compile_tree (compiler, volume->path, recursive, source_field);
		return 0;
	}
	if (volume->path != NULL && compiler->input->unprivileged) {
		*ret_slot = cpod_compile_tree_beneath (compiler, volume->path, path, recursive, source_field);
		return 0;
	}
	if (volume->path != NULL) {
		given = cpod_plan_give (compiler->plan, recursive ? CPOD_GIVEN_TREE_REC : CPOD_GIVEN_TREE, CPOD_SLOT_NONE,
		                        volume->path, source_field);
		given->beneath = cpod_arena_strdup (&compiler->plan->arena, path);
		*ret_slot = given->slot;
		return given->beneath == NULL ? cpod_error_oom (err) : 0;
	}
	op = cpod_plan_add (compiler->plan, CPOD_OP_OPEN_TREE, source_field, "take the volume %s%s%s", volume->name,
	                    path[0] != '\0' ? ", and in it " : "", path);
	op->open_tree.slot = cpod_plan_slot (compiler->plan);
	op->open_tree.path = cpod_plan_text (compiler->plan,
	                                     cpod_compile_field (compiler->arena, CPOD_OLD_VOLUMES "/%s", volume->name));
	op->open_tree.beneath = path[0] != '\0' ? cpod_plan_text (compiler->plan, path) : 0;
	*ret_slot = op->open_tree.slot;
	return 0;
}

/* The tmpfs of one volume, detached. */
static uint16_t
compile_tmpfs (struct cpod_plan *plan, const struct cpod_rt_volume *volume)
{
	struct cpod_op *op = cpod_plan_add (plan, CPOD_OP_FSMOUNT, NULL, "make a tmpfs for the volume %s", volume->name);
	char size[40], mode[24], gid[24];
	const char *options[] = { mode, gid, size };

	(void) snprintf (mode, sizeof (mode), "mode=%o", volume->mode);
	(void) snprintf (gid, sizeof (gid), "gid=%u", volume->gid);
	(void) snprintf (size, sizeof (size), "size=%" PRIu64, volume->bytes);
	op->fsmount.slot = cpod_plan_slot (plan);
	op->fsmount.type = cpod_plan_text (plan, "tmpfs");
	op->fsmount.options = cpod_plan_texts (plan, options, volume->bytes > 0 ? 3 : 2);
	op->fsmount.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	return op->fsmount.slot;
}

void
cpod_compile_pod_volumes (const struct cpod_compile_pod *input, struct cpod_plan *plan)
{
	for (size_t i = 0; i < input->n_volumes; i++) {
		char path[128];
		struct cpod_op *op;
		uint16_t slot;

		if (input->volumes[i].path != NULL)
			continue;
		slot = compile_tmpfs (plan, &input->volumes[i]);
		(void) snprintf (path, sizeof (path), CPOD_OLD_VOLUMES "/%s", input->volumes[i].name);
		op = cpod_plan_add (plan, CPOD_OP_ATTACH, NULL, "attach it at %s", path);
		op->attach.slot = slot;
		op->attach.dir = CPOD_SLOT_NONE;
		op->attach.make = CPOD_MAKE_DIR;
		op->attach.path = cpod_plan_text (plan, path);
	}
}
