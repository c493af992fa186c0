/* See idmap-mount.h.
 *
 * A user namespace lives as long as a descriptor of it, but begins with a process. The one that is made here for a
 * mapping shares the caller's memory, waits in one system call until it is killed or the caller is gone, and has ended
 * before the mapping is used. It ends without a signal, so that nobody who waits for all his children takes it for
 * one of his.
 */
#include "idmap-mount.h"

#include "oci/init/arch.h"
#include "oci/init/sys.h"
#include "rootfs-tools/mountinfo.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_MOUNTINFO (64u << 20)
#define STACK_BYTES   16384
#define IN_CHILD      __attribute__ ((no_sanitize ("address", "undefined")))

/* ---- mounts ---- */

static int
give_ids (int tree_fd, unsigned int flags, int users_fd)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) users_fd };

	return syscall (SYS_mount_setattr, tree_fd, "", AT_EMPTY_PATH | flags, &attr, sizeof (attr)) < 0 ? -errno : 0;
}

/* Whether a copy of the one mount at path can be given these ids. */
static bool
can_have_ids (const char *path, int users_fd)
{
	cpod_autofd tree = (int) syscall (SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	return tree < 0 || give_ids (tree, 0, users_fd) == 0;
}

/* The mount that refused: the one that path lies on, or with recursive the first below it that refuses alone as well. */
static const struct cpod_mount *
find_culprit (const struct cpod_array *mounts, const char *path, bool recursive, int users_fd)
{
	const struct cpod_mount *items = mounts->items, *holder = NULL;

	for (size_t i = 0; i < mounts->n; i++)
		if (cpod_path_below (path, items[i].point) && (holder == NULL || cpod_path_below (items[i].point, holder->point)))
			holder = &items[i];
	for (size_t i = 0; recursive && i < mounts->n; i++)
		if (cpod_path_below (items[i].point, path) && !can_have_ids (items[i].point, users_fd))
			return &items[i];
	return holder;
}

/* error, with the mount and the file system that it is about. */
static int
explain (int error, bool recursive, int users_fd, const char *field, const char *path, struct cpod_error *err)
{
	cpod_autofd fd = open ("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	const struct cpod_mount *culprit = NULL;
	struct cpod_array mounts = { 0 };
	struct cpod_arena arena;
	char *text = NULL, real[4096];
	size_t len;
	int ret;

	cpod_arena_init (&arena, MAX_MOUNTINFO);
	if (fd >= 0 && cpod_fd_read_all (fd, MAX_MOUNTINFO, &text, &len) == 0 && cpod_mountinfo_parse (text, &arena, &mounts, NULL) == 0
	    && realpath (path, real) != NULL)
		culprit = find_culprit (&mounts, real, recursive, users_fd);
	if (culprit == NULL)
		ret = cpod_error_sys (err, error, "%s: give %s the ids of the user namespace", field, path);
	else if (error == EINVAL)
		ret = cpod_error_set (err, ENOTSUP, "%s: the files of %s (%s, mounted on %s) cannot have the ids of the user namespace: this "
		                      "kernel has no idmapped mounts of that file system", field, path, culprit->type, culprit->point);
	else
		ret = cpod_error_sys (err, error, "%s: give %s (%s, mounted on %s) the ids of the user namespace", field, path, culprit->type,
		                      culprit->point);
	free (text);
	cpod_arena_finish (&arena);
	return ret;
}

int
cpod_idmap_mount (int tree_fd, bool recursive, int users_fd, const char *field, const char *path, const char *fs_type,
                  struct cpod_error *err)
{
	int ret = give_ids (tree_fd, recursive ? AT_RECURSIVE : 0, users_fd);

	if (ret == 0)
		return 0;
	if (fs_type == NULL)
		return explain (-ret, recursive, users_fd, field, path, err);
	if (ret == -EINVAL)
		return cpod_error_set (err, ENOTSUP, "%s: the files of a %s cannot have the ids of the user namespace: this kernel has no "
		                       "idmapped mounts of that file system", field, fs_type);
	return cpod_error_sys (err, -ret, "%s: give the %s the ids of the user namespace", field, fs_type);
}

/* ---- user namespaces ---- */

int
cpod_idmap_open_users (pid_t pid, int pidfd, int *ret_users_fd, struct cpod_error *err)
{
	cpod_autofd fd = -1;
	char path[40];

	(void) snprintf (path, sizeof (path), "/proc/%d/ns/user", (int) pid);
	fd = open (path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cpod_error_sys (err, errno, "open %s", path);
	/* While it lives, the number is its own. */
	if (poll (&(struct pollfd) { .fd = pidfd, .events = POLLIN }, 1, 0) != 0)
		return cpod_error_set (err, ESRCH, "pod init is gone");
	*ret_users_fd = cpod_fd_steal (&fd);
	return 0;
}

/* What the waiting process knows; the caller keeps it until that has ended. */
struct waiter {
	int life_fd;                     /* a pidfd of the caller */
	unsigned char stack[STACK_BYTES] __attribute__ ((aligned (64)));
};

IN_CHILD static void
wait_for_end (void *data)
{
	const struct waiter *waiter = data;
	struct sys_pollfd pollfd = { waiter->life_fd, POLLIN, 0 };

	(void) sys_ppoll (&pollfd, 1);   /* every signal is blocked */
	sys_exit (0);
}

/* Starts it. */
static int
start_waiter (struct waiter *waiter, int *ret_pidfd, struct cpod_error *err)
{
	static const uint64_t all_signals = ~0ull;
	int pidfd = -1;
	struct sys_clone_args args = {
		.flags = CLONE_VM | CLONE_NEWUSER | CLONE_PIDFD, .pidfd = (uintptr_t) &pidfd, .stack = (uintptr_t) waiter->stack,
		.stack_size = sizeof (waiter->stack)
	};
	uint64_t old_signals;
	long pid;

	SYS_CALL_4 (__NR_rt_sigprocmask, SIG_SETMASK, &all_signals, &old_signals, sizeof (old_signals));
	pid = arch_clone3_run (&args, sizeof (args), wait_for_end, waiter);
	SYS_CALL_4 (__NR_rt_sigprocmask, SIG_SETMASK, &old_signals, 0, sizeof (old_signals));
	if (pid < 0)
		return cpod_error_sys (err, (int) -pid, "clone3 for a user namespace");
	*ret_pidfd = pidfd;
	return (int) pid;
}

int
cpod_idmap_make_users (const struct cpod_idmap *map, int *ret_users_fd, struct cpod_error *err)
{
	struct waiter *waiter = malloc (sizeof (*waiter));
	cpod_autofd life_fd = (int) syscall (SYS_pidfd_open, getpid (), 0);
	cpod_autofd pidfd = -1;
	int pid, ret;

	if (waiter == NULL)
		return cpod_error_oom (err);
	waiter->life_fd = life_fd;
	pid = life_fd < 0 ? cpod_error_sys (err, errno, "pidfd_open of this process") : start_waiter (waiter, &pidfd, err);
	if (pid < 0) {
		free (waiter);
		return pid;
	}
	ret = cpod_idmap_write (map, pid, err);
	if (ret == 0)
		ret = cpod_idmap_open_users (pid, pidfd, ret_users_fd, err);
	(void) syscall (SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	(void) poll (&(struct pollfd) { .fd = pidfd, .events = POLLIN }, 1, -1);
	(void) sys_wait4 (pid, NULL, 0x40000000 /* __WALL */);
	free (waiter);
	return ret;
}
