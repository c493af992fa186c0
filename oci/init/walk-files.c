/* The walker's files: every path that the container's root file system has a say in is opened
 * beneath that root, by the kernel, in one openat2. There is no fallback.
 *
 * A missing directory is made component by component; each prefix is resolved anew from the root,
 * so that a symbolic link in it means what it means inside the container, and never more.
 */
#include "sys.h"
#include "walk.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/stat.h>

#define PATH_BYTES 4096
#define RACE_TRIES 64     /* RESOLVE_IN_ROOT answers EAGAIN when a rename ran beside it */

long
walk_open_in (struct cpod_walk *walk, uint32_t slot, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve };
	long fd = -EAGAIN;

	for (int i = 0; i < RACE_TRIES && fd == -EAGAIN; i++)
		fd = sys_openat2 (walk_slot (walk, slot), path, &how);
	return walk_at (walk, CPOD_STEP_OPEN, fd);
}

long
walk_open_beneath (struct cpod_walk *walk, const char *path, uint64_t flags, uint64_t resolve)
{
	return walk_open_in (walk, CPOD_SLOT_ROOT, path, flags, resolve);
}

/* Makes the last component of prefix in the directory parent. */
static long
make_component (struct cpod_walk *walk, int parent, const char *name, uint32_t make, unsigned int mode)
{
	long ret;

	if (make == CPOD_MAKE_FILE)
		ret = sys_mknodat (parent, name, 0100644, 0);
	else
		ret = sys_mkdirat (parent, name, mode);
	if (ret == -EEXIST)
		return 0;
	return walk_at (walk, make == CPOD_MAKE_FILE ? CPOD_STEP_CREATE : CPOD_STEP_MKDIR, ret);
}

/* The length of the component that begins at text. */
static size_t
component_length (const char *text)
{
	size_t n = 0;

	while (text[n] != '\0' && text[n] != '/')
		n++;
	return n;
}

/* The deepest directory on the way to prefix that is there, as O_PATH; *ret_at: what is missing begins
 * behind it. prefix is cut and mended on the way. */
static long
open_deepest (struct cpod_walk *walk, char *prefix, size_t len, uint64_t resolve, char **ret_at)
{
	size_t end = len;
	long fd;

	for (;;) {
		char cut;

		while (end > 0 && prefix[end - 1] != '/')
			end--;
		while (end > 0 && prefix[end - 1] == '/')
			end--;
		*ret_at = prefix + end;
		if (end == 0)
			return walk_open_beneath (walk, "/", O_PATH | O_DIRECTORY, resolve);
		cut = prefix[end];
		prefix[end] = '\0';
		fd = walk_open_beneath (walk, prefix, O_PATH, resolve);
		prefix[end] = cut;
		if (fd != -ENOENT)
			return fd;
	}
}

/* Makes what is missing on the way down to prefix, each new component opened from the root again.
 * Returns the last one as O_PATH. */
static long
make_down (struct cpod_walk *walk, char *prefix, size_t len, uint32_t make, unsigned int mode, uint64_t resolve)
{
	char *at;
	long parent = open_deepest (walk, prefix, len, resolve, &at);

	while (parent >= 0 && *at != '\0') {
		char *name = at;
		char after;
		long ret;

		while (*name == '/')
			name++;
		at = name + component_length (name);
		after = *at;
		*at = '\0';
		ret = make_component (walk, (int) parent, name, after == '/' ? CPOD_MAKE_DIR : make, mode);
		if (ret >= 0)
			ret = walk_open_beneath (walk, prefix, O_PATH, resolve);
		*at = after;
		walk_done ((int) parent);
		parent = ret;
	}
	return parent;
}

long
walk_open_made (struct cpod_walk *walk, const char *path, uint32_t make, unsigned int mode, uint64_t resolve)
{
	char prefix[PATH_BYTES];
	size_t n = 0;
	long fd = walk_open_beneath (walk, path, O_PATH, resolve);

	if (fd != -ENOENT || make == CPOD_MAKE_NOTHING)
		return fd;
	while (path[n] != '\0' && n + 1 < sizeof (prefix)) {
		prefix[n] = path[n];
		n++;
	}
	if (path[n] != '\0')
		return walk_at (walk, CPOD_STEP_OPEN, -ENAMETOOLONG);
	while (n > 1 && prefix[n - 1] == '/')
		n--;
	prefix[n] = '\0';
	return make_down (walk, prefix, n, make, mode, resolve);
}

/* One resolution beneath a volume's root. */
static long
open_in_volume (int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	long fd = -EAGAIN;

	for (int i = 0; i < RACE_TRIES && fd == -EAGAIN; i++)
		fd = sys_openat2 (root, path, &how);
	return fd;
}

/* What prefix, which ends with name, leads to; a directory is made in parent where nothing is. */
static long
open_or_make (struct cpod_walk *walk, int root, int parent, const char *prefix, const char *name, unsigned int mode)
{
	long fd = open_in_volume (root, prefix), old;

	if (fd == -ENOENT) {
		old = sys_umask (0);
		fd = sys_mkdirat (parent, name, mode);
		(void) sys_umask ((unsigned int) old);
		if (fd < 0 && fd != -EEXIST)
			return walk_at (walk, CPOD_STEP_MKDIR, fd);
		fd = open_in_volume (root, prefix);
	}
	return walk_at (walk, fd == -EXDEV ? CPOD_STEP_OUTSIDE : CPOD_STEP_OPEN, fd);
}

/* Other containers may exchange directories of the volume for links beside us: each prefix is resolved anew, by the
 * kernel, and what is made is made in a directory that is open. */
long
walk_open_volume (struct cpod_walk *walk, int root, const char *path)
{
	char prefix[PATH_BYTES];
	struct statx st;
	size_t n = 0;
	long at = walk_at (walk, CPOD_STEP_OPEN, sys_openat (root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
	long ret = walk_at (walk, CPOD_STEP_OPEN, sys_statx (root, "", AT_EMPTY_PATH, STATX_MODE, &st));

	while (at >= 0 && ret >= 0 && path[n] != '\0') {
		size_t begin, end;

		for (; path[n] == '/' && n + 1 < sizeof (prefix); n++)
			prefix[n] = '/';
		begin = n;
		end = n + component_length (path + n);
		if (end + 1 > sizeof (prefix))
			return walk_at (walk, CPOD_STEP_OPEN, -ENAMETOOLONG);
		for (; n < end; n++)
			prefix[n] = path[n];
		prefix[n] = '\0';
		if (begin == end)
			break;
		ret = open_or_make (walk, root, (int) at, prefix, prefix + begin, st.stx_mode & 07777);
		walk_done ((int) at);
		at = ret;
	}
	return ret < 0 ? ret : at;
}

/* An O_PATH descriptor is all that the *at calls need; they refuse what is no directory. */
long
walk_open_dir (struct cpod_walk *walk, const struct cpod_op *op)
{
	long fd = walk_open_made (walk, walk_text (walk, op->path.path), CPOD_MAKE_DIR, 0755, 0);

	if (fd >= 0)
		walk_fill (walk, op->path.slot, (int) fd);
	return fd;
}

long
walk_mkdir (struct cpod_walk *walk, const struct cpod_op *op)
{
	long fd = walk_open_made (walk, walk_text (walk, op->mkdir.path), CPOD_MAKE_DIR, op->mkdir.mode, 0);

	if (fd < 0)
		return fd;
	walk_done ((int) fd);
	return 0;
}

long
walk_mkdir_old (struct cpod_walk *walk, const struct cpod_op *op)
{
	long ret = sys_mkdirat (AT_FDCWD, walk_text (walk, op->mkdir.path), op->mkdir.mode);

	return walk_at (walk, CPOD_STEP_MKDIR, ret == -EEXIST ? 0 : ret);
}

/* The kernel's encoding of a device number for mknod. */
static unsigned int
encode_device (uint64_t device)
{
	unsigned int major = (unsigned int) (device >> 32), minor = (unsigned int) device;

	return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

long
walk_mknod (struct cpod_walk *walk, const struct cpod_op *op)
{
	const char *name = walk_text (walk, op->mknod.name);
	int dir = walk_slot (walk, op->mknod.dir);
	long ret = sys_mknodat (dir, name, op->mknod.mode, encode_device (op->mknod.device));

	if (ret == -EEXIST) {
		ret = sys_unlinkat (dir, name, 0);
		if (ret >= 0)
			ret = sys_mknodat (dir, name, op->mknod.mode, encode_device (op->mknod.device));
	}
	if (walk_at (walk, CPOD_STEP_MKNOD, ret) < 0)
		return ret;
	if (op->mknod.uid == 0 && op->mknod.gid == 0)
		return 0;
	return walk_at (walk, CPOD_STEP_CHOWN,
	                sys_fchownat (dir, name, op->mknod.uid, op->mknod.gid, AT_SYMLINK_NOFOLLOW));
}

long
walk_symlink (struct cpod_walk *walk, const struct cpod_op *op)
{
	long ret = sys_symlinkat (walk_text (walk, op->symlink.target), walk_slot (walk, op->symlink.dir),
	                          walk_text (walk, op->symlink.name));

	return walk_at (walk, CPOD_STEP_SYMLINK, ret == -EEXIST ? 0 : ret);
}

/* Writes text in one call to a file of the private procfs; no link in it is followed. */
static long
put_proc (struct cpod_walk *walk, const char *path, const char *text, size_t len, uint64_t resolve)
{
	struct open_how how = { .flags = O_WRONLY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve };
	long fd = sys_openat2 (walk_slot (walk, CPOD_SLOT_PROC), path, &how);
	long ret;

	if (walk_at (walk, CPOD_STEP_OPEN, fd) < 0)
		return fd;
	ret = sys_write ((int) fd, text, len);
	walk_done ((int) fd);
	if (ret >= 0 && (size_t) ret != len)
		ret = -EIO;
	return walk_at (walk, CPOD_STEP_WRITE, ret);
}

static size_t
length (const char *text)
{
	size_t n = 0;

	while (text[n] != '\0')
		n++;
	return n;
}

long
walk_sysctl (struct cpod_walk *walk, const struct cpod_op *op)
{
	const char *value = walk_text (walk, op->sysctl.value);

	return put_proc (walk, walk_text (walk, op->sysctl.path), value, length (value), RESOLVE_NO_SYMLINKS);
}

long
walk_oom_score_adj (struct cpod_walk *walk, const struct cpod_op *op)
{
	int64_t value = op->number.value;
	char text[8], *at = text + sizeof (text);
	uint64_t rest = value < 0 ? (uint64_t) -value : (uint64_t) value;

	if (rest > 1000)
		return -EINVAL;
	do
		*--at = (char) ('0' + rest % 10);
	while ((rest /= 10) != 0);
	if (value < 0)
		*--at = '-';
	return put_proc (walk, "self/oom_score_adj", at, (size_t) (text + sizeof (text) - at), 0);
}

long
walk_enter_cgroup (struct cpod_walk *walk, int group, int new_namespace)
{
	long fd = sys_openat (group, "cgroup.procs", O_WRONLY | O_CLOEXEC, 0);
	long ret;

	if (walk_at (walk, CPOD_STEP_OPEN, fd) < 0)
		return fd;
	ret = walk_at (walk, CPOD_STEP_WRITE, sys_write ((int) fd, "0", 1));
	walk_done ((int) fd);
	if (ret < 0 || !new_namespace)
		return ret;
	return walk_at (walk, CPOD_STEP_CLONE, sys_unshare (CLONE_NEWCGROUP));
}

long
walk_join_cgroup (struct cpod_walk *walk, const struct cpod_op *op)
{
	return walk_enter_cgroup (walk, walk_slot (walk, op->join.slot), op->join.new_namespace);
}
