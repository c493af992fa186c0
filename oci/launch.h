/* Starting cpod-init: the parent's side of a clone. */
#ifndef CPOD_OCI_LAUNCH_H
#define CPOD_OCI_LAUNCH_H

#include <cpod/runtime.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CPOD_LAUNCH_MAX_FDS 288u
#define CPOD_LAUNCH_INHERIT (-2)      /* in fds: the child keeps its parent's descriptor of that number */

struct cpod_launch {
	const char *argv0;            /* CPOD_INIT_ARGV_* */
	uint64_t clone_flags;         /* CLONE_NEW* */
	int cgroup_fd;                /* born there; -1: where the caller is */
	const int *fds;               /* descriptor i of the child; -1: closed; borrowed */
	size_t n_fds;                 /* at most CPOD_LAUNCH_MAX_FDS */
};

/* Executes cpod-init from a sealed memfd in a new process. Safe in a threaded program of any size:
 * the child shares the caller's memory (CLONE_VM | CLONE_VFORK) and only makes system calls until
 * its exec, with every signal blocked. Returns when it has been executed. With CLONE_NEWUSER the program begins
 * with every capability and no id: its plan waits for a map (idmap.h). ret_pidfd: the caller's.
 * -ESRCH: the child was killed at birth: cgroup_fd, a group above it or the caller's own was once
 * written to cgroup.kill (seen on 6.18).
 * clone(2), memfd_create(2); Linux 5.7. */
int cpod_launch_init (const struct cpod_launch *launch, int *ret_pidfd, pid_t *ret_pid, struct cpod_error *err);

#endif
