/* The walker's user namespace: from nobody in particular to its root.
 *
 * The program that walks was executed before the ids were mapped, and holds every capability of the namespace as
 * ambient ones, which only survive until its ids change. Here it waits for the map, takes id 0, gives the inheritance
 * up again, and from then on nobody may look into it.
 */
#include "sys.h"
#include "walk.h"

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/prctl.h>

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
