/* What differs in a user namespace of the pod's own. Its root may do in it what the host's root may do on the host,
 * but not to what is the host's:
 *
 *   mounts    an unprivileged supervisor cannot clone them for a plan; the walker can, in a copy of the host's mount
 *             namespace that pod init keeps
 *   overlays  over a directory with no mount below it, with the marks of upper layers in user.* attributes
 *   devices   the host's nodes are bound: mknod is not allowed, and no device filter
 *   ids       those that are mapped
 */
#include "compile.h"

#include "defaults.h"
#include "rootfs-tools/host-view.h"
#include "src/base/error.h"

#include <errno.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define ROOT_SIZE "size=64m"

/* ---- mounts ---- */

static struct cpod_op *
compile_copy (struct cpod_plan *plan, const char *path, bool recursive, uint32_t rdev, const char *field, const char *whose)
{
	struct cpod_op *op = cpod_plan_add (plan, CPOD_OP_OPEN_TREE, field, "copy %s mount of %s", whose, path);

	op->open_tree.slot = cpod_plan_slot (plan);
	op->open_tree.path = cpod_plan_text (plan, path);
	op->open_tree.recursive = recursive;
	op->open_tree.rdev = rdev;
	return op;
}

uint16_t
cpod_compile_tree (struct cpod_compiler *compiler, const char *path, bool recursive, const char *field)
{
	enum cpod_given_kind kind = recursive ? CPOD_GIVEN_TREE_REC : CPOD_GIVEN_TREE;
	uint16_t slot;

	if (!compiler->input->unprivileged)
		return cpod_plan_give (compiler->plan, kind, CPOD_SLOT_NONE, path, field)->slot;
	cpod_plan_add (compiler->plan, CPOD_OP_ENTER_HOST, field, "go where the host's paths are");
	slot = compile_copy (compiler->plan, path, recursive, 0, field, "the host's")->open_tree.slot;
	cpod_plan_add (compiler->plan, CPOD_OP_LEAVE_HOST, field, "and back");
	return slot;
}

uint16_t
cpod_compile_tree_beneath (struct cpod_compiler *compiler, const char *path, const char *beneath, bool recursive, const char *field)
{
	struct cpod_op *op;
	uint16_t slot;

	cpod_plan_add (compiler->plan, CPOD_OP_ENTER_HOST, field, "go where the host's paths are");
	op = compile_copy (compiler->plan, path, recursive, 0, field, "the host's");
	op->open_tree.beneath = cpod_plan_text (compiler->plan, beneath);
	slot = op->open_tree.slot;
	cpod_plan_add (compiler->plan, CPOD_OP_LEAVE_HOST, field, "and back");
	return slot;
}

/* A device is what it is, whoever it belongs to: the nodes of /dev lie on file systems without idmapped mounts. */
static bool
is_device (const char *path)
{
	struct stat st;

	return path != NULL && stat (path, &st) == 0 && (S_ISCHR (st.st_mode) || S_ISBLK (st.st_mode));
}

void
cpod_compile_own_files (struct cpod_compiler *compiler, uint16_t slot)
{
	struct cpod_given *given = cpod_plan_given (compiler->plan, slot);

	if (!compiler->input->pod || compiler->input->ids == NULL || compiler->input->unprivileged || given == NULL
	    || (given->kind != CPOD_GIVEN_FILE_SYSTEM && is_device (given->path)))
		return;
	given->ids = CPOD_IDS_OF_USERS;
	given->ids_below = given->kind == CPOD_GIVEN_TREE_REC;
}

uint16_t
cpod_compile_old_tree (struct cpod_plan *plan, const char *path, bool recursive, uint32_t rdev)
{
	return compile_copy (plan, path, recursive, rdev, NULL, "pod init's")->open_tree.slot;
}

/* ---- the host view ---- */

/* A directory under a scratch layer of its own. Its path has none of the letters that mean something to overlay. */
static void
compile_overlay (struct cpod_compiler *compiler, size_t index, const char *path)
{
	char lower[4200], upper[80], work[80], scratch[64];
	const char *options[4] = { lower, upper, work, "userxattr" };
	const char *made[3] = { scratch, upper + strlen ("upperdir="), work + strlen ("workdir=") };
	struct cpod_op *op;

	(void) snprintf (scratch, sizeof (scratch), CPOD_OLD_SCRATCH "/%zu", index);
	(void) snprintf (lower, sizeof (lower), "lowerdir=" CPOD_OLD_HOST "%s", path);
	(void) snprintf (upper, sizeof (upper), "upperdir=%s/upper", scratch);
	(void) snprintf (work, sizeof (work), "workdir=%s/work", scratch);
	for (size_t i = 0; i < 3; i++) {
		op = cpod_plan_add (compiler->plan, CPOD_OP_MKDIR_OLD, NULL, "make %s", made[i]);
		op->mkdir.path = cpod_plan_text (compiler->plan, made[i]);
		op->mkdir.mode = 0755;
	}
	op = cpod_plan_add (compiler->plan, CPOD_OP_FSMOUNT, NULL, "lay a scratch layer over the host's %s", path);
	op->fsmount.slot = cpod_plan_slot (compiler->plan);
	op->fsmount.type = cpod_plan_text (compiler->plan, "overlay");
	op->fsmount.options = cpod_plan_texts (compiler->plan, options, 4);
	op->fsmount.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	cpod_compile_attach_at (compiler->plan, op->fsmount.slot, path, CPOD_MAKE_DIR);
	if (compiler->input->spec->root != NULL && compiler->input->spec->root->readonly.value)
		cpod_compile_readonly_later (compiler, op->fsmount.slot, path, "root.readonly");
}

/* A tree or a file of the host's, read-only. */
static void
compile_shown (struct cpod_compiler *compiler, const char *path, bool is_tree)
{
	char place[4200];
	struct cpod_op *op;
	uint16_t slot;

	(void) snprintf (place, sizeof (place), CPOD_OLD_HOST "%s", path);
	slot = cpod_compile_old_tree (compiler->plan, place, is_tree, 0);
	op = cpod_plan_add (compiler->plan, CPOD_OP_ATTR, NULL, "make it read-only");
	op->attr.slot = slot;
	op->attr.recursive = 1;
	op->attr.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	op->attr.propagation = MS_PRIVATE;
	cpod_compile_attach_at (compiler->plan, slot, path, is_tree ? CPOD_MAKE_DIR : CPOD_MAKE_FILE);
}

static void
compile_made (struct cpod_compiler *compiler, const struct cpod_host_piece *piece)
{
	bool is_link = piece->kind == CPOD_HOST_PIECE_LINK;
	struct cpod_op *op;

	op = cpod_plan_add (compiler->plan, is_link ? CPOD_OP_SYMLINK : CPOD_OP_MKDIR, NULL, is_link ? "link %s as on the host" : "make %s",
	                    piece->path);
	if (!is_link) {
		op->mkdir = (struct cpod_op_mkdir) { cpod_plan_text (compiler->plan, piece->path), 0755 };
		return;
	}
	/* Beneath the new root's own tmpfs, in directories that the plan has made there. */
	op->symlink.dir = CPOD_SLOT_ROOT;
	op->symlink.name = cpod_plan_text (compiler->plan, piece->path + 1);
	op->symlink.target = cpod_plan_text (compiler->plan, piece->target);
}

int
cpod_compile_pieces (struct cpod_compiler *compiler, const struct cpod_host_view *view, struct cpod_error *err)
{
	const struct cpod_host_piece *pieces = view->pieces.items;
	struct cpod_op *op;
	uint16_t root;

	if (view->pieces.n == 0)
		return cpod_error_set (err, ENOENT, "host view: nothing of the host can be shown");
	root = cpod_compile_tmpfs (compiler->plan, ROOT_SIZE, 0755, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, "the root");
	op = cpod_plan_add (compiler->plan, CPOD_OP_ROOT, NULL, "attach the root");
	op->root.slot = root;
	op->root.at = CPOD_SLOT_NONE;
	op->root.path = cpod_plan_text (compiler->plan, CPOD_OLD_ROOT);
	for (size_t i = 0; i < view->pieces.n; i++) {
		if (pieces[i].kind == CPOD_HOST_PIECE_LAYER)
			compile_overlay (compiler, i, pieces[i].path);
		else if (pieces[i].kind == CPOD_HOST_PIECE_DIR || pieces[i].kind == CPOD_HOST_PIECE_LINK)
			compile_made (compiler, &pieces[i]);
		else
			compile_shown (compiler, pieces[i].path, pieces[i].kind == CPOD_HOST_PIECE_TREE);
	}
	return 0;
}

/* ---- devices ---- */

/* Binds a node from tree onto a new file in the directory of slot dev. */
static void
compile_bound (struct cpod_compiler *compiler, uint16_t tree, uint16_t dev, const char *name, const char *field)
{
	struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_ATTACH, field, "bind it at /dev/%s", name);

	op->attach.slot = tree;
	op->attach.dir = dev;
	op->attach.make = CPOD_MAKE_FILE;
	op->attach.path = cpod_plan_text (compiler->plan, name);
}

/* Whether the host's node is the one that the spec wants: nothing about it can be changed. */
static int
check_node (const struct cpod_oci_device *device, const char *field, struct cpod_error *err)
{
	static const mode_t types[] = { S_IFCHR, S_IFBLK, S_IFCHR };   /* by enum cpod_oci_device_type */
	struct stat st;

	if (lstat (device->path, &st) < 0)
		return cpod_error_sys (err, errno, "%s: without privileges a node can only be the host's own, %s", field, device->path);
	if ((st.st_mode & S_IFMT) != types[device->type.value] || (int64_t) major (st.st_rdev) != device->major.value
	    || (int64_t) minor (st.st_rdev) != device->minor.value)
		return cpod_error_set (err, ENOTSUP, "%s: the host's %s is another device, and without privileges none can be made", field,
		                       device->path);
	if (device->file_mode.set && ((mode_t) device->file_mode.value & 07777) != (st.st_mode & 07777))
		return cpod_error_set (err, ENOTSUP, "%s.fileMode: the host's %s has mode %04o, which cannot be changed without privileges",
		                       field, device->path, (unsigned int) st.st_mode & 07777);
	if ((device->uid.set && device->uid.value != st.st_uid) || (device->gid.set && device->gid.value != st.st_gid))
		return cpod_error_set (err, ENOTSUP, "%s: the owner of the host's %s cannot be changed without privileges", field, device->path);
	return 0;
}

/* One of linux.devices. A FIFO may be made by anybody; the others must be the host's, and in /dev itself. */
static int
compile_wanted (struct cpod_compiler *compiler, const struct cpod_oci_device *device, size_t index, uint16_t dev, struct cpod_error *err)
{
	const char *field = cpod_compile_field (compiler->arena, "linux.devices[%zu]", index);
	const char *name = device->path + 5;
	uint32_t rdev = (uint32_t) device->major.value << 20 | (uint32_t) device->minor.value;
	int ret;

	if (device->type.value == CPOD_OCI_DEVICE_FIFO)
		return cpod_compile_device (compiler, device, dev, index, err);
	if (strncmp (device->path, "/dev/", 5) != 0 || strchr (name, '/') != NULL || name[0] == '\0' || name[0] == '.')
		return cpod_error_set (err, ENOTSUP, "%s.path: without privileges a node can only be one of /dev, not %s", field, device->path);
	for (size_t i = 0; i < cpod_default_n_devices; i++)
		if (strcmp (cpod_default_devices[i].name, name) == 0 && rdev == (cpod_default_devices[i].major << 20
		                                                                  | cpod_default_devices[i].minor))
			return 0;   /* it is there */
	ret = check_node (device, field, err);
	if (ret < 0)
		return ret;
	compile_bound (compiler, cpod_compile_tree (compiler, device->path, false, field), dev, name, field);
	return 0;
}

int
cpod_compile_bound_devices (struct cpod_compiler *compiler, uint16_t dev, struct cpod_error *err)
{
	const struct cpod_oci_device *devices = compiler->linux_part->devices.items;
	int ret = 0;

	for (size_t i = 0; i < cpod_default_n_devices; i++) {
		const struct cpod_default_device *device = &cpod_default_devices[i];
		const char *path = cpod_compile_field (compiler->arena, CPOD_OLD_DEV "/%s", device->name);

		compile_bound (compiler, cpod_compile_old_tree (compiler->plan, path, false, device->major << 20 | device->minor), dev,
		               device->name, NULL);
	}
	for (size_t i = 0; i < compiler->linux_part->devices.n && ret == 0; i++)
		ret = compile_wanted (compiler, &devices[i], i, dev, err);
	return ret;
}

/* Whether a rule is about a device, or (device NULL) about every one. */
static bool
is_about (const struct cpod_oci_device_rule *rule, const struct cpod_oci_device *device)
{
	static const int64_t types[] = {   /* by enum cpod_oci_device_type */
		CPOD_OCI_DEVICE_RULE_CHAR, CPOD_OCI_DEVICE_RULE_BLOCK, CPOD_OCI_DEVICE_RULE_CHAR, -1
	};
	bool any_type = !rule->type.set || rule->type.value == CPOD_OCI_DEVICE_RULE_ALL;
	bool any_major = !rule->major.set || rule->major.value < 0, any_minor = !rule->minor.set || rule->minor.value < 0;

	if (device == NULL)
		return any_type && any_major && any_minor;
	return (any_type || rule->type.value == types[device->type.value])
	       && (any_major || rule->major.value == device->major.value) && (any_minor || rule->minor.value == device->minor.value);
}

/* Whether the rules, the last one that is about it, allow a device for reading and writing. */
static bool
is_allowed (const struct cpod_array *rules, const struct cpod_oci_device *device)
{
	const struct cpod_oci_device_rule *items = rules->items;
	bool allowed = false;

	for (size_t i = 0; i < rules->n; i++) {
		const char *access = items[i].access != NULL && items[i].access[0] != '\0' ? items[i].access : "rwm";

		if (is_about (&items[i], device))
			allowed = items[i].allow.value && strchr (access, 'r') != NULL && strchr (access, 'w') != NULL;
	}
	return allowed;
}

int
cpod_compile_check_rules (const struct cpod_array *rules, const struct cpod_array *devices, struct cpod_error *err)
{
	const struct cpod_oci_device_rule *items = rules->items;
	const struct cpod_oci_device *made = devices->items;

	for (size_t i = 0; i < rules->n; i++)
		if (!items[i].allow.value && !is_about (&items[i], NULL))
			return cpod_error_set (err, ENOTSUP, "linux.resources.devices[%zu]: without privileges there is no device filter; only a "
			                       "rule that denies everything can be kept", i);
	for (size_t i = 0; rules->set && i < devices->n; i++)
		if (made[i].type.value != CPOD_OCI_DEVICE_FIFO && !is_allowed (rules, &made[i]))
			return cpod_error_set (err, ENOTSUP, "linux.devices[%zu]: linux.resources.devices does not allow it in full, and without "
			                       "privileges there is no device filter", i);
	return 0;
}

/* ---- ids ---- */

int
cpod_compile_check_ids (const struct cpod_idmap *ids, const struct cpod_process *process, struct cpod_error *err)
{
	int ret = cpod_idmap_require (ids, &ids->uids, process->uid, "process.user.uid", err);

	if (ret == 0)
		ret = cpod_idmap_require (ids, &ids->gids, process->gid, "process.user.gid", err);
	for (size_t i = 0; i < process->n_groups && ret == 0; i++) {
		char field[64];

		(void) snprintf (field, sizeof (field), "process.user.additionalGids[%zu]", i);
		ret = cpod_idmap_require (ids, &ids->gids, process->groups[i], field, err);
	}
	if (ret == 0 && ids->groups_denied && process->n_groups > 0)
		return cpod_error_set (err, EINVAL, "process.user.additionalGids: setgroups is denied in a user namespace with one id (%s)",
		                       ids->why_single);
	return ret;
}
