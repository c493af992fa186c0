/* A pod of root's with a user namespace of its own (hostUsers: false).
 *
 * Its ids are a block of subordinate ids that no other pod has (id-lease.h). What the host's root has made for it
 * must then be given to it: the files of its volumes and roots, through idmapped mounts (idmap-mount.h), and of each
 * of its cgroups the one file that pod init must write to for a child to be born there. Nothing else of a group is its:
 * limits stay the supervisor's.
 */
#include "production.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
cpod_rtusers_decide (struct cpod_rt_pod *pod, struct cpod_error *err)
{
	static const struct cpod_id_block unknown = { 0, 0 };   /* which ids they are on the host is decided by the lease */

	if ((pod->flags & CPOD_RT_POD_OWN_USERS) == 0)
		return 0;
	if ((pod->flags & CPOD_RT_POD_HOST_NETWORK) != 0)
		return cpod_error_set (err, EINVAL, "hostUsers: false cannot be had in the host's network namespace (hostNetwork)");
	pod->own_users = true;
	cpod_id_lease_map (unknown, &pod->ids);
	return 0;
}

int
cpod_rtusers_take (struct cpod_rt_pod *pod, const char *user, struct cpod_error *err)
{
	int ret;

	if (!pod->own_users || pod->unprivileged)
		return 0;
	ret = cpod_id_lease_take (user, pod->cgroup_path, &pod->lease, err);
	if (ret < 0)
		return cpod_error_prefix (err, ret, "hostUsers");
	cpod_id_lease_map (pod->lease.block, &pod->ids);
	return cpod_rtusers_give_group (pod, pod->cgroup_fd, err);
}

int
cpod_rtusers_open (struct cpod_rt_pod *pod, struct cpod_error *err)
{
	if (!pod->own_users || pod->unprivileged)
		return 0;
	return cpod_idmap_open_users (pod->init.pid, pod->init.pidfd, &pod->users_fd, err);
}

int
cpod_rtusers_give_group (const struct cpod_rt_pod *pod, int cgroup_fd, struct cpod_error *err)
{
	if (!pod->own_users || pod->unprivileged || cgroup_fd < 0)
		return 0;
	if (fchownat (cgroup_fd, "cgroup.procs", pod->lease.block.uid, pod->lease.block.gid, AT_SYMLINK_NOFOLLOW) < 0)
		return cpod_error_sys (err, errno, "give a cgroup to the pod's user namespace");
	return 0;
}

void
cpod_rtusers_finish (struct cpod_rt_pod *pod, bool gone)
{
	cpod_fd_close (&pod->users_fd);
	if (gone)
		cpod_id_lease_give_back (&pod->lease);
	cpod_fd_close (&pod->lease.fd);
}
