/* See launch.h. Between clone3 and execveat the child runs launch_child on a stack of its own, within
 * the memory of its suspended parent: system calls only, no errno, nothing of a C library. */
#include "launch.h"

#include "oci/init/proto.h"
#include "oci/init/sys.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10
#endif
#define STACK_BYTES 16384
/* A sanitizer's checks would run in the child, on a stack that they do not know. */
#define IN_CHILD __attribute__ ((no_sanitize ("address", "undefined")))

extern const unsigned char cpod_init_image[];   /* init-image.S */
extern const uint64_t cpod_init_image_size;

/* What the child needs, prepared. */
struct child {
	const struct cpod_launch *launch;
	int image_fd;
	int moved[CPOD_LAUNCH_MAX_FDS];   /* fds, out of the way of their targets */
	volatile long error;              /* why the exec did not happen; before it began, 1 */
};

/* A source that lies below its target would be overwritten before its turn: it moves above all targets. */
IN_CHILD static long
move_sources (struct child *child)
{
	const struct cpod_launch *launch = child->launch;
	int n = (int) launch->n_fds;

	for (int i = 0; i < n; i++) {
		long fd = launch->fds[i];

		if (fd >= 0 && fd < i)
			fd = sys_fcntl ((int) fd, F_DUPFD_CLOEXEC, n + 1);
		if (fd < CPOD_LAUNCH_INHERIT)
			return fd;
		child->moved[i] = (int) fd;
	}
	if (child->image_fd < n) {
		long fd = sys_fcntl (child->image_fd, F_DUPFD_CLOEXEC, n + 1);

		if (fd < 0)
			return fd;
		child->image_fd = (int) fd;
	}
	return 0;
}

/* Each source goes to its place, from the lowest on. */
IN_CHILD static long
place_descriptors (struct child *child)
{
	int n = (int) child->launch->n_fds;
	long ret = move_sources (child);

	for (int i = 0; i < n && ret >= 0; i++) {
		int first = i;

		while (i < n && child->moved[i] == -1)
			i++;
		if (i > first)
			sys_close_range ((unsigned int) first, (unsigned int) i - 1, 0);
		if (i < n && child->moved[i] == i)
			ret = sys_fcntl (i, F_SETFD, 0);
		else if (i < n && child->moved[i] >= 0)
			ret = sys_dup3 (child->moved[i], i, 0);
	}
	if (ret >= 0 && child->image_fd != n)
		ret = sys_dup3 (child->image_fd, n, O_CLOEXEC);
	return ret < 0 ? ret : sys_close_range ((unsigned int) n + 1, ~0u, 0);
}

/* The program is executed before the ids of its user namespace are mapped, as nobody in particular: what it may do
 * there survives that as ambient capabilities. capabilities(7) */
IN_CHILD static long
keep_capabilities (void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct __user_cap_data_struct all[2] = { { ~0u, ~0u, ~0u }, { ~0u, ~0u, ~0u } };
	long ret = sys_capset (&header, all);

	for (unsigned long cap = 0; cap < 64 && ret >= 0; cap++)
		ret = sys_prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	return ret == -EINVAL ? 0 : ret;   /* behind the kernel's last */
}

IN_CHILD static void
launch_child (void *data)
{
	static const char *const no_environment[] = { NULL };
	struct child *child = data;
	const char *argv[] = { child->launch->argv0, NULL };
	long ret;

	child->error = 0;
	ret = (child->launch->clone_flags & CLONE_NEWUSER) != 0 ? keep_capabilities () : 0;
	if (ret >= 0)
		ret = place_descriptors (child);
	if (ret >= 0)
		ret = sys_execveat ((int) child->launch->n_fds, "", argv, no_environment, AT_EMPTY_PATH);
	child->error = ret;
	sys_exit (127);
}

/* The image of cpod-init in a memfd that nobody can write any more. */
static int
open_image (int *ret_fd, struct cpod_error *err)
{
	cpod_autofd fd = memfd_create ("cpod-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	int ret;

	if (fd < 0 && errno == EINVAL)   /* before Linux 6.3 there is no MFD_EXEC, and no need of it */
		fd = memfd_create ("cpod-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return cpod_error_sys (err, errno, "memfd_create for pod init");
	ret = cpod_fd_write_all (fd, cpod_init_image, (size_t) cpod_init_image_size);
	if (ret < 0)
		return cpod_error_sys (err, -ret, "write pod init's image");
	if (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return cpod_error_sys (err, errno, "seal pod init's image");
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

int
cpod_launch_init (const struct cpod_launch *launch, int *ret_pidfd, pid_t *ret_pid, struct cpod_error *err)
{
	static const uint64_t all_signals = ~0ull;
	unsigned char stack[STACK_BYTES] __attribute__ ((aligned (64)));
	struct child child = { .launch = launch, .error = 1 };
	cpod_autofd image = -1;
	int pidfd = -1;
	struct sys_clone_args args = {
		.flags = launch->clone_flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD, .exit_signal = SIGCHLD,
		.pidfd = (uintptr_t) &pidfd, .stack = (uintptr_t) stack, .stack_size = sizeof (stack)
	};
	uint64_t old_signals;
	long pid;
	int ret = open_image (&image, err);

	if (ret < 0)
		return ret;
	if (launch->n_fds > CPOD_LAUNCH_MAX_FDS)
		return cpod_error_sys (err, E2BIG, "start pod init with %zu descriptors", launch->n_fds);
	child.image_fd = image;
	if (launch->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t) launch->cgroup_fd;
	}
	SYS_CALL_4 (__NR_rt_sigprocmask, SIG_SETMASK, &all_signals, &old_signals, sizeof (old_signals));
	pid = arch_clone3_run (&args, sizeof (args), launch_child, &child);
	SYS_CALL_4 (__NR_rt_sigprocmask, SIG_SETMASK, &old_signals, 0, sizeof (old_signals));
	if (pid < 0)
		return cpod_error_sys (err, (int) -pid, "clone3 for pod init");
	if (child.error != 0) {
		(void) sys_wait4 ((int) pid, NULL, 0);
		close (pidfd);
		if (child.error > 0)
			return cpod_error_set (err, ESRCH, "pod init was killed at birth, as its cgroup was before");
		return cpod_error_sys (err, (int) -child.error, "execute pod init");
	}
	*ret_pidfd = pidfd;
	*ret_pid = (pid_t) pid;
	return 0;
}
