/* The root: a directory of the host, or the host view.
 *
 * The host view is one overlay for each of the host's file systems that programs live on, all upper
 * layers in one private tmpfs of a bounded size, and on top of them what hides the host's secrets
 * (rootfs-tools/host-view.h decides what that is). Always nosuid and nodev: the host's device nodes
 * on a lower layer would open otherwise.
 */
#include "compile.h"

#include "rootfs-tools/host-view.h"
#include "src/base/error.h"

#include <errno.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#define SCRATCH_SIZE "size=256m"

/* The root is attached where a mount can stand while it is filled. */
static void
compile_attach_root (struct cpod_compiler *compiler, uint16_t slot, const char *path, const char *field)
{
	struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_ROOT, field, "attach the root");

	op->root.slot = slot;
	op->root.at = CPOD_SLOT_NONE;
	op->root.path = cpod_plan_text (compiler->plan, path);
}

/* Where the root stands while it is filled. A bundle's stands where it is; to the root of a user namespace the way
 * there may be closed, and every host has a /proc. */
static const char *
root_place (const struct cpod_compiler *compiler, const char *path)
{
	if (compiler->input->pod)
		return CPOD_OLD_ROOT;
	return compiler->input->ids != NULL ? "/proc" : path;
}

/* root.path: a copy of the directory's mounts, cut off from the host's propagation unless the spec wants it. */
static int
compile_directory (struct cpod_compiler *compiler, const char *path, struct cpod_error *err)
{
	const struct cpod_int *propagation = &compiler->linux_part->rootfs_propagation;
	bool is_dir = true;
	struct cpod_op *op;
	char absolute[4096];
	uint16_t slot;
	int len, ret;

	if (path[0] == '/')
		len = snprintf (absolute, sizeof (absolute), "%s", path);
	else if (compiler->input->bundle != NULL)
		len = snprintf (absolute, sizeof (absolute), "%s/%s", compiler->input->bundle, path);
	else
		return cpod_error_set (err, EINVAL, "root.path: \"%s\" is relative, and there is no bundle to be relative to", path);
	if (len < 0 || (size_t) len >= sizeof (absolute))
		return cpod_error_sys (err, ENAMETOOLONG, "root.path");
	ret = compiler->input->pod ? cpod_compile_is_directory (absolute, &is_dir, "root.path", err) : 0;
	if (ret < 0)
		return ret;
	if (!is_dir)
		return cpod_error_set (err, EINVAL, "root.path: %s is not a directory", absolute);
	slot = cpod_compile_tree (compiler, absolute, true, "root.path");
	cpod_compile_own_files (compiler, slot);
	op = cpod_plan_add (compiler->plan, CPOD_OP_ATTR, "root.path", "take %s as the root, %s", absolute,
	                    propagation->set ? "a slave of the host's" : "private");
	op->attr.slot = slot;
	op->attr.recursive = 1;
	op->attr.propagation = propagation->set && propagation->value != CPOD_OCI_PROPAGATION_PRIVATE
	                       && propagation->value != CPOD_OCI_PROPAGATION_RPRIVATE ? MS_SLAVE : MS_PRIVATE;
	compile_attach_root (compiler, slot, root_place (compiler, absolute), "root.path");
	return 0;
}

uint16_t
cpod_compile_tmpfs (struct cpod_plan *plan, const char *size, unsigned int mode, unsigned int attributes, const char *what)
{
	struct cpod_op *op = cpod_plan_add (plan, CPOD_OP_FSMOUNT, NULL, "make a tmpfs for %s", what);
	char mode_option[16];
	const char *options[2] = { size, mode_option };

	(void) snprintf (mode_option, sizeof (mode_option), "mode=%o", mode);
	op->fsmount.slot = cpod_plan_slot (plan);
	op->fsmount.type = cpod_plan_text (plan, "tmpfs");
	op->fsmount.options = cpod_plan_texts (plan, options, 2);
	op->fsmount.attributes = attributes;
	return op->fsmount.slot;
}

void
cpod_compile_attach_at (struct cpod_plan *plan, uint16_t slot, const char *path, uint8_t make)
{
	struct cpod_op *op = cpod_plan_add (plan, CPOD_OP_ATTACH, NULL, "attach it at %s", path);

	op->attach.slot = slot;
	op->attach.dir = CPOD_SLOT_NONE;
	op->attach.make = make;
	op->attach.path = cpod_plan_text (plan, path);
}

void
cpod_compile_readonly_later (struct cpod_compiler *compiler, uint16_t slot, const char *path, const char *field)
{
	size_t limit = sizeof (compiler->late_readonly) / sizeof (compiler->late_readonly[0]);

	if (compiler->n_late_readonly == limit) {
		compiler->plan->failed = true;
		return;
	}
	compiler->late_readonly[compiler->n_late_readonly].slot = slot;
	compiler->late_readonly[compiler->n_late_readonly].path = path;
	compiler->late_readonly[compiler->n_late_readonly++].field = field;
}

static void
compile_scratch_dir (struct cpod_compiler *compiler, const char *path)
{
	struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_MKDIR_OLD, NULL, "make %s", path);

	op->mkdir.path = cpod_plan_text (compiler->plan, path);
	op->mkdir.mode = 0755;
}

/* One of the host's file systems under a scratch layer of its own. Commas and colons in a path would
 * mean something to overlay's options: such a mount point is refused by name. */
static int
compile_layer (struct cpod_compiler *compiler, size_t index, const char *path, struct cpod_error *err)
{
	char lower[4200], upper[80], work[80], scratch[64];
	const char *options[3] = { lower, upper, work };
	struct cpod_op *op;

	if (strpbrk (path, ",:\\") != NULL)
		return cpod_error_set (err, EINVAL, "host view: the mount point %s cannot be a layer: its name has one of , : \\", path);
	(void) snprintf (scratch, sizeof (scratch), CPOD_OLD_SCRATCH "/%zu", index);
	compile_scratch_dir (compiler, scratch);
	(void) snprintf (lower, sizeof (lower), "lowerdir=" CPOD_OLD_HOST "%s", strcmp (path, "/") ? path : "");
	(void) snprintf (upper, sizeof (upper), "upperdir=%s/upper", scratch);
	(void) snprintf (work, sizeof (work), "workdir=%s/work", scratch);
	compile_scratch_dir (compiler, strchr (upper, '=') + 1);
	compile_scratch_dir (compiler, strchr (work, '=') + 1);
	op = cpod_plan_add (compiler->plan, CPOD_OP_FSMOUNT, NULL, "lay a scratch layer over the host's %s", path);
	op->fsmount.slot = cpod_plan_slot (compiler->plan);
	op->fsmount.type = cpod_plan_text (compiler->plan, "overlay");
	op->fsmount.options = cpod_plan_texts (compiler->plan, options, 3);
	op->fsmount.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	if (index == 0)
		compile_attach_root (compiler, op->fsmount.slot, CPOD_OLD_ROOT, NULL);
	else
		cpod_compile_attach_at (compiler->plan, op->fsmount.slot, path, CPOD_MAKE_NOTHING);
	return 0;
}

/* A host path that was asked for, read-only and in its place. */
static int
compile_exposed (struct cpod_compiler *compiler, const char *path, struct cpod_error *err)
{
	struct cpod_op *op;
	uint16_t slot;
	bool is_dir;
	int ret;

	ret = cpod_compile_is_directory (path, &is_dir, "hostView.expose", err);
	if (ret < 0)
		return ret;
	slot = cpod_compile_tree (compiler, path, true, "hostView.expose");
	op = cpod_plan_add (compiler->plan, CPOD_OP_ATTR, "hostView.expose", "take the host's %s, read-only", path);
	op->attr.slot = slot;
	op->attr.recursive = 1;
	op->attr.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	op->attr.propagation = MS_PRIVATE;
	cpod_compile_attach_at (compiler->plan, slot, path, is_dir ? CPOD_MAKE_DIR : CPOD_MAKE_FILE);
	return 0;
}

/* Whether path lies in the directory top, and is not top itself. */
static bool
lies_in (const char *path, const char *top)
{
	size_t len = strlen (top);

	return strncmp (path, top, len) == 0 && path[len] == '/';
}

/* Whether something of the container's is to stand in the directory path: what is exposed, a mount of the
 * spec's, the working directory. */
static bool
is_used (const struct cpod_compiler *compiler, const struct cpod_host_view *view, const char *path)
{
	const struct cpod_oci_spec *spec = compiler->input->spec;
	const struct cpod_oci_mount *mounts = spec->mounts.items;

	for (size_t i = 0; i < view->exposed.n; i++)
		if (lies_in (view->exposed.items[i], path))
			return true;
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (lies_in (mounts[i].destination, path))
			return true;
	return spec->process != NULL && spec->process->cwd != NULL && lies_in (spec->process->cwd, path);
}

/* A directory of the host that is shown empty. Where something is to stand in it, it must be writable
 * until that does; compile_last_touches makes it read-only. */
static void
compile_empty (struct cpod_compiler *compiler, const struct cpod_host_view *view, const char *path)
{
	struct cpod_op *op;
	uint16_t slot;

	if (!is_used (compiler, view, path)) {
		op = cpod_plan_add (compiler->plan, CPOD_OP_MASK, NULL, "hide the host's %s", path);
		op->path.path = cpod_plan_text (compiler->plan, path);
		return;
	}
	slot = cpod_compile_tmpfs (compiler->plan, "size=64k", 0755, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, path);
	cpod_compile_attach_at (compiler->plan, slot, path, CPOD_MAKE_NOTHING);
	cpod_compile_readonly_later (compiler, slot, path, NULL);
}

/* The host's file systems as one root, every layer with a scratch layer over it. */
static int
compile_layers (struct cpod_compiler *compiler, const struct cpod_host_view *view, struct cpod_error *err)
{
	int ret = 0;

	if (compiler->input->ids != NULL)
		return cpod_compile_pieces (compiler, view, err);
	for (size_t i = 0; i < view->layers.n && ret == 0; i++)
		ret = compile_layer (compiler, i, view->layers.items[i], err);
	return ret;
}

static int
compile_host_view (struct cpod_compiler *compiler, const struct cpod_host_view *view, struct cpod_error *err)
{
	const struct cpod_host_view_fresh *fresh = view->fresh.items;
	struct cpod_op *op;
	uint16_t scratch;
	int ret;

	scratch = cpod_compile_tmpfs (compiler->plan, SCRATCH_SIZE, 0755, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, "the scratch layers");
	op = cpod_plan_add (compiler->plan, CPOD_OP_PLACE, NULL, "attach it at " CPOD_OLD_SCRATCH);
	op->attach.slot = scratch;
	op->attach.path = cpod_plan_text (compiler->plan, CPOD_OLD_SCRATCH);
	ret = compile_layers (compiler, view, err);
	for (size_t i = 0; i < view->fresh.n; i++) {
		uint16_t slot = cpod_compile_tmpfs (compiler->plan, "size=64m", fresh[i].mode, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		                                    fresh[i].path);

		cpod_compile_attach_at (compiler->plan, slot, fresh[i].path, CPOD_MAKE_DIR);
	}
	for (size_t i = 0; i < view->empty.n; i++)
		compile_empty (compiler, view, view->empty.items[i]);
	for (size_t i = 0; i < view->masked.n; i++) {
		op = cpod_plan_add (compiler->plan, CPOD_OP_MASK, NULL, "hide the host's %s", view->masked.items[i]);
		op->path.path = cpod_plan_text (compiler->plan, view->masked.items[i]);
	}
	for (size_t i = 0; i < view->exposed.n && ret == 0; i++)
		ret = compile_exposed (compiler, view->exposed.items[i], err);
	return ret;
}

int
cpod_compile_root (struct cpod_compiler *compiler, struct cpod_error *err)
{
	const struct cpod_oci_root *root = compiler->input->spec->root;
	bool own_mounts = (compiler->namespaces.own & CLONE_NEWNS) != 0;
	struct cpod_op *op;

	if (!own_mounts && compiler->namespaces.path[CPOD_OCI_NS_MOUNT] == NULL)
		return cpod_error_set (err, EINVAL, "linux.namespaces: a mount namespace is needed to have a root");
	if (!compiler->input->pod && own_mounts) {
		const struct cpod_int *propagation = &compiler->linux_part->rootfs_propagation;
		bool slave = propagation->set && propagation->value != CPOD_OCI_PROPAGATION_PRIVATE
		             && propagation->value != CPOD_OCI_PROPAGATION_RPRIVATE;

		cpod_plan_add (compiler->plan, CPOD_OP_OWN_ROOT, NULL, "look whether / is the mount namespace's root");
		op = cpod_plan_add (compiler->plan, CPOD_OP_PROPAGATION, NULL, "cut every mount off from the host");
		op->number.value = (slave ? MS_SLAVE : MS_PRIVATE) | MS_REC;
	}
	if (root != NULL && root->path != NULL && root->path[0] != '\0')
		return compile_directory (compiler, root->path, err);
	if (compiler->input->host_view == NULL)
		return cpod_error_set (err, EINVAL, "root.path: is required here");
	return compile_host_view (compiler, compiler->input->host_view, err);
}
