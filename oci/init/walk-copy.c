/* The walker's copy: a tmpfs that shall have what it hides (the option tmpcopyup).
 *
 * Stages: the directory is opened beneath the root, the root of the tmpfs gets its owner and mode, then the tree
 * is copied: every name is opened relative to its directory, never through a link, so that what is exchanged
 * meanwhile is at most copied wrongly. Owner, mode and what a link says come along; times, extended attributes
 * and hard links do not. There is no recursion: one descriptor of each side for every level, and a bounded depth.
 */
#include "sys.h"
#include "walk.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define DEPTH_MAX  64
#define TYPE       0170000
#define DIRECTORY  0040000
#define REGULAR    0100000
#define SYMLINK    0120000
#define CHUNK      0x7ffff000

struct dirent64 { uint64_t ino; int64_t next; uint16_t reclen; unsigned char type; char name[]; };

struct level { int from, to; int64_t at; };     /* at: where the directory is read on */

struct copy { struct level levels[DEPTH_MAX]; int depth; };

/* Whose it is, and what may be done with it; last, because a change of owner takes bits away. */
static long
dress (int dir, const char *name, const struct statx *st)
{
	int flags = name[0] == '\0' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
	long ret = sys_fchownat (dir, name, st->stx_uid, st->stx_gid, flags);

	if (ret < 0 || (st->stx_mode & TYPE) == SYMLINK)
		return ret;
	return name[0] == '\0' ? SYS_CALL_2 (__NR_fchmod, dir, st->stx_mode & 07777)
		: SYS_CALL_3 (__NR_fchmodat, dir, name, st->stx_mode & 07777);
}

static long
copy_file (const struct level *level, const char *name)
{
	long from = sys_openat (level->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
	struct statx st;
	long to, ret;

	if (from < 0)
		return from;
	ret = sys_statx ((int) from, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	if (ret >= 0 && (st.stx_mode & TYPE) != REGULAR)
		ret = -EAGAIN;          /* it was exchanged */
	to = ret < 0 ? ret : sys_openat (level->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	for (ret = to < 0 ? to : 1; ret > 0;)
		ret = SYS_CALL_4 (__NR_sendfile, to, from, 0, CHUNK);
	sys_close ((int) from);
	if (to >= 0)
		sys_close ((int) to);
	return ret;
}

static long
copy_link (const struct level *level, const char *name)
{
	static char target[4096];
	long len = SYS_CALL_4 (__NR_readlinkat, level->from, name, target, sizeof (target) - 1);

	if (len < 0)
		return len;
	target[len] = '\0';
	return sys_symlinkat (target, level->to, name);
}

/* Makes the directory and goes into it. */
static long
enter (struct copy *copy, const char *name)
{
	const struct level *level = &copy->levels[copy->depth - 1];
	long from, to, ret;

	if (copy->depth == DEPTH_MAX)
		return -ELOOP;
	ret = sys_mkdirat (level->to, name, 0700);
	if (ret < 0)
		return ret;
	from = sys_openat (level->from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	to = from < 0 ? from : sys_openat (level->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (to < 0)
		return to;
	copy->levels[copy->depth++] = (struct level) { (int) from, (int) to, 0 };
	return 0;
}

static int
is_itself (const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* One name of the innermost directory. 1: it was a directory, which is now the innermost. */
static long
copy_entry (struct copy *copy, const char *name)
{
	const struct level *level = &copy->levels[copy->depth - 1];
	struct statx st;
	long ret = sys_statx (level->from, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	switch (st.stx_mode & TYPE) {
	case DIRECTORY:
		ret = enter (copy, name);
		break;
	case REGULAR:
		ret = copy_file (level, name);
		break;
	case SYMLINK:
		ret = copy_link (level, name);
		break;
	default:
		ret = sys_mknodat (level->to, name, st.stx_mode, (st.stx_rdev_minor & 0xff) | st.stx_rdev_major << 8
		                   | (st.stx_rdev_minor & ~0xffu) << 12);
	}
	if (ret >= 0)
		ret = dress (level->to, name, &st);
	return ret < 0 ? ret : (st.stx_mode & TYPE) == DIRECTORY;
}

/* Reads on in the innermost directory, up to its end or to a directory in it. 0 at the end. */
static long
read_on (struct copy *copy)
{
	static union { struct dirent64 entry; char bytes[8192]; } buffer;
	struct level *level = &copy->levels[copy->depth - 1];
	long n, ret;

	ret = SYS_CALL_3 (__NR_lseek, level->from, level->at, 0);
	if (ret < 0)
		return ret;
	while ((n = SYS_CALL_3 (__NR_getdents64, level->from, &buffer, sizeof (buffer))) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64 *entry = (const struct dirent64 *) (const void *) (buffer.bytes + at);

			at += entry->reclen;
			level->at = entry->next;
			ret = is_itself (entry->name) ? 0 : copy_entry (copy, entry->name);
			if (ret != 0)
				return ret;
		}
	}
	return n;
}

long
walk_copy_up (struct cpod_walk *walk, const struct cpod_op *op)
{
	static struct copy copy;
	long from = walk_open_beneath (walk, walk_text (walk, op->path.path), O_RDONLY | O_DIRECTORY, 0), to, ret;
	struct statx st;

	if (from == -ENOENT || from == -ENOTDIR)
		return 0;
	to = from < 0 ? from : sys_openat (walk_slot (walk, op->path.slot), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (walk_at (walk, CPOD_STEP_OPEN, to) < 0)
		return to;
	ret = sys_statx ((int) from, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st);
	if (ret >= 0 && op->path.reserved == 0)
		ret = dress ((int) to, "", &st);
	copy.depth = 1;
	copy.levels[0] = (struct level) { (int) from, (int) to, 0 };
	while (ret >= 0 && copy.depth > 0) {
		ret = read_on (&copy);
		if (ret != 0)
			continue;
		copy.depth--;
		sys_close (copy.levels[copy.depth].from);
		sys_close (copy.levels[copy.depth].to);
	}
	return walk_at (walk, CPOD_STEP_COPY, ret);
}
