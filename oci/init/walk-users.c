/* The walker's user namespace: from nobody in particular to its root; and what only its root can do for a supervisor
 * without privileges.
 *
 * The program that walks was executed before the ids were mapped, and holds every capability of the namespace as
 * ambient ones, which only survive until its ids change. Here it waits for the map, takes id 0, gives the inheritance
 * up again, and from then on nobody may look into it.
 */
#include "sys.h"
#include "walk.h"

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#define POLLIN 1

/* Until the byte comes. Either end of it, that of the pipe or that of the supervisor, is the end of the walk. */
static long
await_map (struct cpod_walk *walk, const struct cpod_op_users *users)
{
	struct sys_pollfd fds[2] = {
		{ walk_slot (walk, users->slot), POLLIN, 0 }, { users->watches_life ? CPOD_INIT_FD_LIFE : -1, POLLIN, 0 }
	};
	unsigned char byte;
	long ret;

	do
		ret = sys_ppoll (fds, 2);
	while (ret == -EINTR);
	if (ret >= 0 && fds[1].revents != 0)
		return -ESRCH;
	if (ret >= 0)
		ret = sys_read (fds[0].fd, &byte, 1);
	sys_close (fds[0].fd);
	return ret == 0 ? -ECANCELED : ret;
}

long
walk_become_root (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct __user_cap_data_struct all[2] = { { ~0u, ~0u, 0 }, { ~0u, ~0u, 0 } };
	long ret = walk_at (walk, CPOD_STEP_MAPPED, await_map (walk, &op->users));

	if (ret >= 0 && !op->users.keep_groups)
		ret = walk_at (walk, CPOD_STEP_SETGROUPS, sys_setgroups (0, NULL));
	if (ret >= 0)
		ret = walk_at (walk, CPOD_STEP_SETGID, sys_setresgid (0, 0, 0));
	if (ret >= 0)
		ret = walk_at (walk, CPOD_STEP_SETUID, sys_setresuid (0, 0, 0));
	if (ret >= 0)
		ret = walk_at (walk, CPOD_STEP_CAPSET, sys_capset (&header, all));
	if (ret >= 0)
		(void) sys_prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
	return ret;
}

/* ---- the host's mounts ---- */

/* The mount namespace of the caller. */
static long
open_mounts (struct cpod_walk *walk)
{
	return walk_at (walk, CPOD_STEP_OPEN, sys_openat (AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC, 0));
}

/* The kept namespace is a slave of the host's: what is mounted there later is found here, too. */
long
walk_keep_host (struct cpod_walk *walk, const struct cpod_op *op)
{
	long fd = open_mounts (walk), ret;

	(void) op;
	if (fd < 0)
		return fd;
	ret = walk_at (walk, CPOD_STEP_DUP, sys_dup3 ((int) fd, CPOD_INIT_FD_HOST, O_CLOEXEC));
	walk_done ((int) fd);
	return ret < 0 ? ret : walk_at (walk, CPOD_STEP_CLONE, sys_unshare (CLONE_NEWNS));
}

/* An unprivileged supervisor cannot clone a mount; this process can, in a namespace that has it. */
long
walk_enter_host (struct cpod_walk *walk, const struct cpod_op *op)
{
	long fd = open_mounts (walk);

	(void) op;
	if (fd < 0)
		return fd;
	walk->own_mounts = (int) fd;
	return walk_at (walk, CPOD_STEP_SETNS, sys_setns (CPOD_INIT_FD_HOST, CLONE_NEWNS));
}

long
walk_leave_host (struct cpod_walk *walk, const struct cpod_op *op)
{
	long ret = walk_at (walk, CPOD_STEP_SETNS, sys_setns (walk->own_mounts, CLONE_NEWNS));

	(void) op;
	sys_close (walk->own_mounts);
	return ret;
}

/* ---- its streams ---- */

/* A pipe of the supervisor's is its user's, who is root here; a program with another id could use it, but not open it
 * again as /dev/stdout. What has a name on the host stays whose it is. */
long
walk_give_pipes (struct cpod_walk *walk, const struct cpod_op *op)
{
	(void) walk;
	for (int fd = 0; fd < 3; fd++) {
		long statfs[32];   /* the type is the first word of it */

		if (sys_fstatfs (fd, statfs) >= 0 && statfs[0] == PIPEFS_MAGIC)
			(void) sys_fchownat (fd, "", op->ids.uid, op->ids.gid, AT_EMPTY_PATH);   /* else it can still be used */
	}
	return 0;
}
