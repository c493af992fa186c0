/* What a command has started, where it has no cgroup of its own: a mark that is inherited and that an ordinary
 * process cannot take off.
 *
 * The mark is a cgroup namespace. Nothing is in it but its identity: it begins where the container's begins. The command
 * is born in it, and so is all that it starts, whatever they do with sessions, groups and parents. Who may make
 * another (CAP_SYS_ADMIN in the pod's user namespace, or in one that it makes itself where the filter lets it)
 * leaves it behind; that is the limit of this.
 *
 * The namespace is kept open as long as its number stands for somebody: numbers are used again.
 */
#include "launch.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/stat.h>

#define SIGKILL 9
#define PASSES  200     /* over all processes, each of which finds what the one before it missed */

struct entry { uint64_t ino; int64_t next; uint16_t size; uint8_t type; char name[]; };

long
mark_make (struct cpod_mark *mark)
{
	struct statx st;
	long fd, ret = sys_unshare (CLONE_NEWCGROUP);

	if (ret < 0)
		return ret;
	fd = sys_openat (AT_FDCWD, "/proc/self/ns/cgroup", O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	ret = sys_statx ((int) fd, "", AT_EMPTY_PATH, STATX_INO, &st);
	if (ret < 0) {
		sys_close ((int) fd);
		return ret;
	}
	mark->fd = (int) fd;
	mark->number = st.stx_ino;
	return 0;
}

/* Writes "NAME/ns/cgroup" into path; the process's number, or 0 for a name that is none. */
static int
path_of (const char *name, char path[40])
{
	static const char rest[] = "/ns/cgroup";
	size_t n = 0;
	int pid = 0;

	for (; name[n] >= '0' && name[n] <= '9' && n < 10; n++) {
		pid = pid * 10 + (name[n] - '0');
		path[n] = name[n];
	}
	if (name[n] != '\0')
		return 0;
	for (size_t i = 0; i < sizeof (rest); i++)
		path[n + i] = rest[i];
	return pid;
}

/* Kills one process if it has the mark; 1 if it had. By a pidfd from before it is looked at: a number that is
 * used again in between leads to nobody. */
static int
kill_if_marked (int proc, const char *name, const struct cpod_mark *mark)
{
	struct statx st;
	char path[40];
	int pid = path_of (name, path), marked = 0;
	long pidfd;

	if (pid <= 1)   /* pod init has the mark of the latest command */
		return 0;
	pidfd = sys_pidfd_open (pid, 0);
	if (pidfd < 0)
		return 0;
	if (sys_statx (proc, path, 0, STATX_INO, &st) >= 0 && st.stx_ino == mark->number)
		marked = sys_pidfd_send_signal ((int) pidfd, SIGKILL) >= 0;
	sys_close ((int) pidfd);
	return marked;
}

/* One pass; how many had the mark. */
static int
pass (const struct cpod_mark *mark)
{
	static unsigned char entries[16384] __attribute__ ((aligned (8)));
	long proc = sys_openat (AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), len;
	int n = 0;

	if (proc < 0)
		return 0;
	while ((len = sys_getdents64 ((int) proc, entries, sizeof (entries))) > 0) {
		for (long at = 0; at < len;) {
			const struct entry *entry = (const struct entry *) (const void *) (entries + at);

			n += kill_if_marked ((int) proc, entry->name, mark);
			at += entry->size;
		}
	}
	sys_close ((int) proc);
	return n;
}

void
mark_kill (const struct cpod_mark *mark)
{
	for (int i = 0; i < PASSES && pass (mark) > 0; i++)
		;
}
