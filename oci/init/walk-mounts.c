/* The walker's mounts: made detached, given their attributes, and only then attached.
 *
 * Stages of a root, in the order in which a plan has them: the root itself (ROOT), then every mount
 * beneath it through a descriptor that was resolved in it (ATTACH), masks and read-only paths, and
 * last the pivot, after which the old root is gone.
 */
#include "sys.h"
#include "walk.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/stat.h>

#define MNT_DETACH 2
#define MOVE_BY_FD (MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)

/* Joining the mount namespace that one is already in leads to its root. When that is another mount than "/" was
 * before, this is a chroot: pivot_root would exchange the mount there and leave the host's root in the namespace,
 * where every exec that joins it, and a container that may chroot, would find it. */
long
walk_own_root (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct statx before, after;
	long self, ret;
	int pid = (walk->plan->clone_flags & CLONE_NEWPID) != 0 ? 1 : (int) sys_getpid ();

	(void) op;
	ret = walk_at (walk, CPOD_STEP_OPEN, sys_statx (AT_FDCWD, "/", 0, STATX_MNT_ID, &before));
	if (ret < 0)
		return ret;
	self = walk_at (walk, CPOD_STEP_OPEN, sys_pidfd_open (pid, 0));
	if (self < 0)
		return self;
	ret = walk_at (walk, CPOD_STEP_SETNS, sys_setns ((int) self, CLONE_NEWNS));
	walk_done ((int) self);
	if (ret >= 0)
		ret = walk_at (walk, CPOD_STEP_OPEN, sys_statx (AT_FDCWD, "/", 0, STATX_MNT_ID, &after));
	if (ret < 0)
		return ret;
	return before.stx_mnt_id == after.stx_mnt_id ? 0 : walk_at (walk, CPOD_STEP_CHROOT, -EPERM);
}

/* The mount of "/" gets the propagation in number; with MS_REC, so does every mount below it. */
long
walk_propagation (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct sys_mount_attr attr = { .propagation = (uint64_t) op->number.value & ~(uint64_t) MS_REC };
	unsigned int flags = (op->number.value & MS_REC) != 0 ? AT_RECURSIVE : 0;

	return walk_at (walk, CPOD_STEP_SETATTR, sys_mount_setattr (AT_FDCWD, "/", flags, &attr));
}

/* One "key" or "key=value" of a file system that is being configured. */
static long
configure (int fs, const char *option)
{
	char key[64];
	size_t n = 0;

	while (option[n] != '\0' && option[n] != '=') {
		if (n + 1 >= sizeof (key))
			return -EINVAL;
		key[n] = option[n];
		n++;
	}
	key[n] = '\0';
	if (option[n] == '\0')
		return sys_fsconfig (fs, FSCONFIG_SET_FLAG, key, NULL, 0);
	return sys_fsconfig (fs, FSCONFIG_SET_STRING, key, option + n + 1, 0);
}

long
walk_fsmount (struct cpod_walk *walk, const struct cpod_op *op)
{
	const struct cpod_op_fsmount *fsmount = &op->fsmount;
	const uint32_t *options = walk_list (walk, fsmount->options);
	long fs, mount, ret;

	if (options == NULL)
		return -EINVAL;
	fs = walk_at (walk, CPOD_STEP_FSOPEN, sys_fsopen (walk_text (walk, fsmount->type), FSOPEN_CLOEXEC));
	if (fs < 0)
		return fs;
	ret = 0;
	if (fsmount->source != 0)
		ret = sys_fsconfig ((int) fs, FSCONFIG_SET_STRING, "source", walk_text (walk, fsmount->source), 0);
	for (uint32_t i = 0; i < fsmount->options.n && ret >= 0; i++)
		ret = configure ((int) fs, walk_text (walk, options[i]));
	if (fsmount->pidns != 0 && ret >= 0)
		ret = sys_fsconfig ((int) fs, FSCONFIG_SET_FD, "pidns", NULL, walk_slot (walk, fsmount->pidns));
	if (walk_at (walk, CPOD_STEP_FSCONFIG, ret) < 0)
		return ret;
	ret = walk_at (walk, CPOD_STEP_FSCREATE, sys_fsconfig ((int) fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	if (ret < 0)
		return ret;
	mount = walk_at (walk, CPOD_STEP_FSMOUNT, sys_fsmount ((int) fs, FSMOUNT_CLOEXEC, fsmount->attributes));
	walk_done ((int) fs);
	if (mount >= 0)
		walk_fill (walk, fsmount->slot, (int) mount);
	return mount;
}

/* 0 when the file is the device rdev (major << 20 | minor), else -ENODEV. */
static long
is_device (int fd, uint32_t rdev)
{
	struct statx st;
	long ret = sys_statx (fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st);

	if (ret < 0)
		return ret;
	if ((st.stx_mode & 0170000) != 0020000 || ((st.stx_rdev_major << 20) | st.stx_rdev_minor) != rdev)
		return -ENODEV;
	return 0;
}

/* The mount at a path of the old root, or of what lies beneath it. */
static long
open_tree (struct cpod_walk *walk, const struct cpod_op_open_tree *what, unsigned int flags)
{
	long root, at, tree;

	if (what->beneath == 0)
		return walk_at (walk, CPOD_STEP_OPEN_TREE, sys_open_tree (AT_FDCWD, walk_text (walk, what->path), flags));
	root = walk_at (walk, CPOD_STEP_OPEN, sys_openat (AT_FDCWD, walk_text (walk, what->path), O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
	if (root < 0)
		return root;
	at = walk_open_volume (walk, (int) root, walk_text (walk, what->beneath));
	walk_done ((int) root);
	if (at < 0)
		return at;
	tree = walk_at (walk, CPOD_STEP_OPEN_TREE, sys_open_tree ((int) at, "", flags | AT_EMPTY_PATH));
	walk_done ((int) at);
	return tree;
}

long
walk_open_tree (struct cpod_walk *walk, const struct cpod_op *op)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (op->open_tree.recursive ? AT_RECURSIVE : 0);
	long tree = open_tree (walk, &op->open_tree, flags);
	long ret;

	if (tree < 0)
		return tree;
	if (op->open_tree.rdev != 0) {
		ret = walk_at (walk, CPOD_STEP_WRONG_DEVICE, is_device ((int) tree, op->open_tree.rdev));
		if (ret < 0)
			return ret;
	}
	walk_fill (walk, op->open_tree.slot, (int) tree);
	return 0;
}

long
walk_attr (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct sys_mount_attr attr = { op->attr.set, op->attr.clear, op->attr.propagation, 0 };
	unsigned int flags = AT_EMPTY_PATH | (op->attr.recursive ? AT_RECURSIVE : 0);

	return walk_at (walk, CPOD_STEP_SETATTR, sys_mount_setattr (walk_slot (walk, op->attr.slot), "", flags, &attr));
}

/* Where a mount goes: a name in a directory, which no link leads away from; or, with "", what fd is. */
struct target { int fd; const char *name; };

static long
move_to (int mount, const struct target *target)
{
	unsigned int flags = MOVE_MOUNT_F_EMPTY_PATH | (target->name[0] == '\0' ? MOVE_MOUNT_T_EMPTY_PATH : 0);

	return sys_move_mount (mount, "", target->fd, target->name, flags);
}

/* The mount goes to a directory or file made in a tmpfs that is the plan's own and still empty: nobody else can have put
 * a name there. */
static long
attach_fresh (struct cpod_walk *walk, const struct cpod_op_attach *attach, long make)
{
	int dir = walk_slot (walk, attach->dir);
	const char *name = walk_text (walk, attach->path);
	int is_file = make == CPOD_MAKE_FILE;
	long ret;

	if (is_file)
		ret = walk_at (walk, CPOD_STEP_CREATE, sys_mknodat (dir, name, 0100644, 0));
	else
		ret = walk_at (walk, CPOD_STEP_MKDIR, sys_mkdirat (dir, name, 0755));
	if (ret < 0 && ret != -EEXIST)
		return ret;
	return walk_at (walk, CPOD_STEP_MOVE_MOUNT, move_to (walk_slot (walk, attach->slot), &(struct target) { dir, name }));
}

/* What is made where the mount in slot is to be: what it is itself. */
static long
same_kind (struct cpod_walk *walk, uint16_t slot)
{
	struct statx st;
	long ret = walk_at (walk, CPOD_STEP_OPEN, sys_statx (walk_slot (walk, slot), "", AT_EMPTY_PATH, STATX_TYPE, &st));

	if (ret < 0)
		return ret;
	return (st.stx_mode & 0170000) == 0040000 ? CPOD_MAKE_DIR : CPOD_MAKE_FILE;
}

long
walk_attach (struct cpod_walk *walk, const struct cpod_op *op)
{
	uint64_t resolve = op->attach.no_symlinks ? RESOLVE_NO_SYMLINKS : 0;
	long make = op->attach.make == CPOD_MAKE_SAME ? same_kind (walk, op->attach.slot) : op->attach.make;
	long target, ret;

	if (make < 0)
		return make;
	if (op->attach.dir != CPOD_SLOT_NONE)
		return attach_fresh (walk, &op->attach, make);
	target = walk_open_made (walk, walk_text (walk, op->attach.path), (uint32_t) make, 0755, resolve);
	if (target < 0)
		return target;
	ret = sys_move_mount (walk_slot (walk, op->attach.slot), "", (int) target, "", MOVE_BY_FD);
	walk_done ((int) target);
	return walk_at (walk, CPOD_STEP_MOVE_MOUNT, ret);
}

/* Attaches a mount at a path of the old root. */
static long
place (struct cpod_walk *walk, int mount, cpod_ref path)
{
	long ret = sys_move_mount (mount, "", AT_FDCWD, walk_text (walk, path), MOVE_MOUNT_F_EMPTY_PATH);

	return walk_at (walk, CPOD_STEP_MOVE_MOUNT, ret);
}

long
walk_place (struct cpod_walk *walk, const struct cpod_op *op)
{
	return place (walk, walk_slot (walk, op->attach.slot), op->attach.path);
}

long
walk_root (struct cpod_walk *walk, const struct cpod_op *op)
{
	int mount = walk_slot (walk, op->root.slot);
	long ret;

	if (op->root.at == CPOD_SLOT_NONE)
		ret = place (walk, mount, op->root.path);
	else
		ret = walk_at (walk, CPOD_STEP_MOVE_MOUNT,
		               sys_move_mount (mount, "", walk_slot (walk, op->root.at), "", MOVE_BY_FD));
	if (ret >= 0)
		walk_fill (walk, CPOD_SLOT_ROOT, mount);
	return ret;
}

long
walk_proc (struct cpod_walk *walk, const struct cpod_op *op)
{
	long fs, mount, ret;

	(void) op;
	fs = walk_at (walk, CPOD_STEP_FSOPEN, sys_fsopen ("proc", FSOPEN_CLOEXEC));
	if (fs < 0)
		return fs;
	ret = walk_at (walk, CPOD_STEP_FSCREATE, sys_fsconfig ((int) fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	if (ret < 0)
		return ret;
	mount = walk_at (walk, CPOD_STEP_FSMOUNT, sys_fsmount ((int) fs, FSMOUNT_CLOEXEC, 0));
	walk_done ((int) fs);
	if (mount >= 0)
		walk_fill (walk, CPOD_SLOT_PROC, (int) mount);
	return mount;
}

/* What hides a file: a mount of the null device of the old root, which must be it, read-only, so that
 * nobody changes the modes of what is the host's. */
static long
empty_file (struct cpod_walk *walk)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
	long tree, ret;

	tree = walk_at (walk, CPOD_STEP_OPEN_TREE, sys_open_tree (AT_FDCWD, walk_text (walk, walk->plan->null_path),
	                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW));
	if (tree < 0)
		return tree;
	ret = walk_at (walk, CPOD_STEP_WRONG_DEVICE, is_device ((int) tree, 1u << 20 | 3));
	if (ret >= 0)
		ret = walk_at (walk, CPOD_STEP_SETATTR, sys_mount_setattr ((int) tree, "", AT_EMPTY_PATH, &attr));
	return ret < 0 ? ret : tree;
}

/* What hides a directory: an empty read-only tmpfs. */
static long
empty_directory (struct cpod_walk *walk)
{
	unsigned int attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	long fs, mount, ret;

	fs = walk_at (walk, CPOD_STEP_FSOPEN, sys_fsopen ("tmpfs", FSOPEN_CLOEXEC));
	if (fs < 0)
		return fs;
	ret = walk_at (walk, CPOD_STEP_FSCREATE, sys_fsconfig ((int) fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	if (ret < 0)
		return ret;
	mount = walk_at (walk, CPOD_STEP_FSMOUNT, sys_fsmount ((int) fs, FSMOUNT_CLOEXEC, attributes));
	walk_done ((int) fs);
	return mount;
}

/* Attaches a cover of one kind at target. The first of a kind is made; once it is attached, the others
 * are copies of it. first: where the kind's first mount is kept, -1 before. */
static long
cover (struct cpod_walk *walk, const struct target *target, int *first, long (*make) (struct cpod_walk *))
{
	long mount, ret;

	if (*first < 0)
		mount = make (walk);
	else
		mount = walk_at (walk, CPOD_STEP_OPEN_TREE,
		                 sys_open_tree (*first, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
	if (mount < 0)
		return mount;
	ret = move_to ((int) mount, target);
	if (ret >= 0 && *first < 0)
		*first = (int) mount;
	else
		walk_done ((int) mount);
	return walk_at (walk, CPOD_STEP_MOVE_MOUNT, ret);
}

/* Whether the path is one name in a file system that the plan has mounted itself, procfs above all. The calls then take
 * it as it is: what it must not be is a link (proc has "mounts", and others by the machine), which is resolved beneath
 * the file system's root, as every longer path is. */
static int
is_name (struct cpod_walk *walk, const struct cpod_op_path *path)
{
	const char *text = walk_text (walk, path->path);

	if (path->slot == CPOD_SLOT_ROOT)
		return 0;
	while (*text != '\0' && *text != '/')
		text++;
	return *text == '\0';
}

/* What is to be covered, and its type. *ret_target: to be given to walk_done where its name is "". */
static long
find_target (struct cpod_walk *walk, const struct cpod_op_path *path, struct target *ret_target, struct statx *st)
{
	const char *text = walk_text (walk, path->path);
	long ret;

	*ret_target = (struct target) { walk_slot (walk, path->slot), text };
	if (is_name (walk, path)) {
		ret = walk_at (walk, CPOD_STEP_OPEN, sys_statx (ret_target->fd, text, AT_SYMLINK_NOFOLLOW, STATX_TYPE, st));
		if (ret < 0 || (st->stx_mode & 0170000) != 0120000)
			return ret;
	}
	ret = walk_open_in (walk, path->slot, text, O_PATH, 0);
	if (ret < 0)
		return ret;
	*ret_target = (struct target) { (int) ret, "" };
	return walk_at (walk, CPOD_STEP_OPEN, sys_statx ((int) ret, "", AT_EMPTY_PATH, STATX_TYPE, st));
}

long
walk_mask (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct target target;
	struct statx st;
	long ret;

	ret = find_target (walk, &op->path, &target, &st);
	if (ret == -ENOENT || ret == -ENOTDIR)
		return 0;
	if (ret < 0)
		return ret;
	if ((st.stx_mode & 0170000) == 0040000)
		ret = cover (walk, &target, &walk->empty_directory, empty_directory);
	else
		ret = cover (walk, &target, &walk->empty_file, empty_file);
	if (target.name[0] == '\0')
		walk_done (target.fd);
	return ret;
}

#define COPY_TREE (OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE)

/* Makes a directory read-only by its name. -ENOTDIR: it is none, but perhaps a link to one. */
static long
readonly_name (const struct target *target, struct sys_mount_attr *attr)
{
	long tree = sys_open_tree (target->fd, target->name, COPY_TREE | AT_SYMLINK_NOFOLLOW), ret;

	if (tree < 0)
		return tree;
	ret = sys_mount_setattr ((int) tree, ".", AT_RECURSIVE, attr);   /* a link or a file has no "." */
	if (ret >= 0)
		ret = move_to ((int) tree, target);
	walk_done ((int) tree);
	return ret;
}

long
walk_readonly (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	const char *path = walk_text (walk, op->path.path);
	long target, tree, ret;

	if (is_name (walk, &op->path)) {
		ret = readonly_name (&(struct target) { walk_slot (walk, op->path.slot), path }, &attr);
		if (ret >= 0 || ret == -ENOENT)
			return 0;
	}
	target = walk_open_in (walk, op->path.slot, path, O_PATH, 0);
	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return target;
	tree = walk_at (walk, CPOD_STEP_OPEN_TREE, sys_open_tree ((int) target, "", COPY_TREE | AT_EMPTY_PATH));
	if (tree < 0)
		return tree;
	ret = walk_at (walk, CPOD_STEP_SETATTR, sys_mount_setattr ((int) tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr));
	if (ret < 0)
		return ret;
	ret = sys_move_mount ((int) tree, "", (int) target, "", MOVE_BY_FD);
	walk_done ((int) tree);
	walk_done ((int) target);
	return walk_at (walk, CPOD_STEP_MOVE_MOUNT, ret);
}

long
walk_pivot (struct cpod_walk *walk, const struct cpod_op *op)
{
	long ret;

	(void) op;
	ret = walk_at (walk, CPOD_STEP_CHDIR, sys_fchdir (walk_slot (walk, CPOD_SLOT_ROOT)));
	if (ret < 0)
		return ret;
	ret = walk_at (walk, CPOD_STEP_PIVOT, sys_pivot_root (".", "."));
	if (ret < 0)
		return ret;
	/* The old root now lies on top of the new one, at the same place. */
	ret = walk_at (walk, CPOD_STEP_UMOUNT, sys_umount2 (".", MNT_DETACH));
	if (ret < 0)
		return ret;
	return walk_at (walk, CPOD_STEP_CHDIR, sys_chdir ("/"));
}
