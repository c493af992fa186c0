/* Pod init's own namespaces, so that it can leave them for a moment and come back.
 *
 * A command whose container cannot trace it is born in the container directly: pod init joins the
 * container's namespaces itself, clones, and returns. That spares the go-between, a second process for
 * each probe, and the command is born with a memory of its own. While it is away pod init resolves no
 * path and serves nothing; it is in no PID namespace but its own all the time, so that nobody in the
 * container sees it. A way back that fails would leave it where it must not be: it ends.
 */
#include "launch.h"

#include <linux/fcntl.h>
#include <linux/sched.h>

#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

static struct { const char *path; int type; int fd; } places[] = {
	{ "/proc/self/ns/mnt", CLONE_NEWNS, -1 },
	{ "/proc/self/ns/cgroup", CLONE_NEWCGROUP, -1 },
	{ "/proc/self/ns/pid", CLONE_NEWPID, -1 },
};

#define N_PLACES ((int) (sizeof (places) / sizeof (places[0])))

static int null = -1;
static int known;

void
home_note (void)
{
	for (int i = 0; i < N_PLACES; i++)
		places[i].fd = (int) sys_openat (AT_FDCWD, places[i].path, O_RDONLY | O_CLOEXEC, 0);
}

/* 0, or the failure of the first place that cannot be returned to. */
static long
go_back (void)
{
	long ret = 0;

	for (int i = 0; i < N_PLACES && ret >= 0; i++)
		ret = sys_setns (places[i].fd, places[i].type);
	return ret;
}

void
home_try (void)
{
	known = go_back () >= 0;
}

int
home_is_known (void)
{
	return known;
}

int
home_null (const char *path)
{
	if (null < 0)
		null = (int) sys_openat (AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
	return null;
}

void
home_return (void)
{
	if (go_back () < 0)
		init_end ();
}
