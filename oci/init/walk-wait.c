/* What a container without a pod has beside its plan: hooks, and somebody to wait for.
 *
 * Waiting: a record goes to the status pipe, then one byte is read. Who writes it is the parent (SYNC)
 * or whoever starts the container later (WAIT). When WAIT is reached everything is in force; what
 * remains is the hooks of the start, the filter where it can come last, and the exec. Nobody is to
 * be waited for in vain: a parent that is gone shows as an error of the status pipe, and ends the walk.
 *
 * A hook is a child with the walker's own rights and namespaces at that point, its input a file that the
 * parent has filled and sealed: nothing can block on it.
 */
#include "sys.h"
#include "walk.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/stat.h>

#define SIGKILL        9
#define SIGCHLD        17
#define SIG_SETMASK    2
#define POLLIN         1
#define HOOK_STRINGS   1024u

/* ---- waiting ---- */

/* Says where the walk stands; somebody must be there to hear it. */
static long
announce (struct cpod_walk *walk, uint32_t step)
{
	struct cpod_record record;
	long ret;

	walk->step = step;
	walk_record (walk, 0, &record);
	ret = sys_write (walk->status_fd, &record, sizeof (record));
	return ret < 0 ? walk_at (walk, CPOD_STEP_ALONE, ret) : 0;
}

/* One byte; end of file means that whoever was to write it is gone. */
static long
await_byte (struct cpod_walk *walk)
{
	char byte;
	long ret;

	do
		ret = sys_read (walk->wait_fd >= 0 ? walk->wait_fd : walk->status_fd, &byte, 1);
	while (ret == -EINTR);
	return ret == 1 ? 0 : walk_at (walk, CPOD_STEP_ALONE, ret < 0 ? ret : -EPIPE);
}

long
walk_sync (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct sys_pollfd fds[2] = {
		{ walk->wait_fd >= 0 ? walk->wait_fd : walk->status_fd, POLLIN, 0 }, { walk->status_fd, 0, 0 }
	};
	long ret = announce (walk, CPOD_STEP_SYNC);

	(void) op;
	while (ret >= 0 && fds[0].revents == 0) {
		ret = sys_ppoll (fds, 2);
		if (ret == -EINTR)
			ret = 0;
		if (ret > 0 && fds[0].revents == 0 && fds[1].revents != 0)
			return walk_at (walk, CPOD_STEP_ALONE, -EPIPE);
	}
	return ret < 0 ? ret : await_byte (walk);
}

long
walk_wait (struct cpod_walk *walk, const struct cpod_op *op)
{
	long ret = announce (walk, CPOD_STEP_WAIT);

	(void) op;
	if (ret >= 0)
		ret = await_byte (walk);
	if (ret >= 0 && walk->wait_fd >= 0) {
		sys_close (walk->wait_fd);
		walk->wait_fd = -1;
	}
	return ret;
}

/* ---- hooks ---- */

static void run_hook (struct cpod_walk *walk, const struct cpod_op_hook *hook) __attribute__ ((noreturn));
static void
run_hook (struct cpod_walk *walk, const struct cpod_op_hook *hook)
{
	static const char *vectors[HOOK_STRINGS + 2];      /* one process, one hook */
	uint64_t no_signals = 0;

	if (walk_vector (walk, hook->argv, vectors) >= 0 && walk_vector (walk, hook->envp, vectors + hook->argv.n + 1) >= 0
	    && sys_dup3 (walk_slot (walk, hook->state), 0, 0) >= 0 && sys_close_range (3, ~0u, 0) >= 0
	    && sys_rt_sigprocmask (SIG_SETMASK, &no_signals) >= 0)
		(void) sys_execve (walk_text (walk, hook->path), vectors, vectors + hook->argv.n + 1);
	sys_exit (127);
}

/* Waits for the hook's end, not longer than it may take. 1: it took too long. */
static long
await_hook (int pidfd, uint32_t timeout)
{
	struct sys_pollfd pollfd = { pidfd, POLLIN, 0 };
	int64_t limit[2] = { timeout, 0 };
	long ret;

	if (timeout == 0)
		return 0;
	do
		ret = SYS_CALL_5 (__NR_ppoll, &pollfd, 1, limit, 0, 0);
	while (ret == -EINTR);
	return ret == 0;
}

long
walk_hook (struct cpod_walk *walk, const struct cpod_op *op)
{
	const struct cpod_op_hook *hook = &op->hook;
	int pidfd = -1, status = 0;
	long pid, late, ret;

	if (hook->argv.n + hook->envp.n > HOOK_STRINGS)
		return -E2BIG;
	ret = walk_at (walk, CPOD_STEP_FORK, sys_faccessat (AT_FDCWD, walk_text (walk, hook->path), 1 /* X_OK */));
	if (ret < 0)
		return ret;
	pid = walk_at (walk, CPOD_STEP_FORK, SYS_CALL_5 (__NR_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0));
	if (pid == 0)
		run_hook (walk, hook);
	if (pid < 0)
		return pid;
	late = await_hook (pidfd, hook->timeout);
	if (late != 0)
		(void) sys_kill ((int) pid, SIGKILL);
	sys_close (pidfd);
	do
		ret = sys_wait4 ((int) pid, &status, 0);
	while (ret == -EINTR);
	if (walk_at (walk, CPOD_STEP_FORK, ret) < 0)
		return ret;
	if (late != 0)
		return walk_at (walk, CPOD_STEP_HOOK_TIMEOUT, -ETIMEDOUT);
	if ((status & 127) != 0)
		return walk_at (walk, CPOD_STEP_HOOK_SIGNAL, -(status & 127));
	return status == 0 ? 0 : walk_at (walk, CPOD_STEP_HOOK_EXIT, -(status >> 8 & 255));
}

/* ---- the program ---- */

/* What an exec would say, as far as it can be known before: an answer of another kind decides nothing. */
long
walk_find (struct cpod_walk *walk, const struct cpod_op *op)
{
	const uint32_t *refs = walk_list (walk, op->exec.paths);
	long answer = -ENOENT;

	for (uint32_t i = 0; refs != NULL && i < op->exec.paths.n; i++) {
		const char *path = walk_text (walk, refs[i]);
		struct statx st;
		long ret = sys_statx (AT_FDCWD, path, 0, STATX_TYPE, &st);

		if (ret >= 0 && (st.stx_mode & 0170000) != 0100000)
			ret = -EACCES;
		else if (ret >= 0)
			ret = sys_faccessat2 (AT_FDCWD, path, 1 /* X_OK */, AT_EACCESS);
		if (ret != -ENOENT && ret != -ENOTDIR && ret != -EACCES)
			return 0;
		if (ret == -EACCES)
			answer = ret;
	}
	return walk_at (walk, CPOD_STEP_EXEC, answer);
}
