/* The first process of the PID namespace that the containers of a pod share.
 *
 * It sits in an empty read-only root with no descriptor open, cannot be dumped, and does nothing: it
 * ignores SIGCHLD, so that the kernel reaps what the containers orphan. A container that may trace
 * finds in /proc/1/root an empty directory. It ends with pod init, and nobody else can end it: the
 * kernel keeps signals of its own namespace from a first process that does not handle them.
 */
#include "sys.h"
#include "walk.h"

#include <linux/errno.h>
#include <linux/sched.h>

#define SIGCHLD    17
#define SIG_IGN    1
#define PIPE_FLAGS 02000000   /* CLOEXEC */

/* How far it came, in one write. */
struct report { long ret; uint32_t step; };

/* In the new process: its root, then its life. */
static void reap (struct cpod_walk *walk, const struct cpod_op *op, int report_fd) __attribute__ ((noreturn));
static void
reap (struct cpod_walk *walk, const struct cpod_op *op, int report_fd)
{
	uint64_t ignore[4] = { SIG_IGN };
	struct report report;

	report.ret = walk_root (walk, op);
	if (report.ret >= 0)
		report.ret = walk_pivot (walk, op);
	if (report.ret >= 0)
		report.ret = walk_at (walk, CPOD_STEP_SIGNALS, sys_rt_sigaction (SIGCHLD, ignore));
	report.step = walk->step;
	(void) sys_write (report_fd, &report, sizeof (report));
	sys_close_range (0, ~0u, 0);
	if (report.ret < 0)
		sys_exit (1);
	for (;;)
		(void) sys_ppoll (NULL, 0);
}

/* Waits until it sits in its root; the pipe ends early where it was killed before. */
static long
await_report (struct cpod_walk *walk, int report_fd)
{
	struct report report = { 0 };
	long len;

	do
		len = sys_read (report_fd, &report, sizeof (report));
	while (len == -EINTR);
	if (len != sizeof (report))
		return walk_at (walk, CPOD_STEP_CLONE, -ECHILD);
	walk->step = report.step;
	return report.ret;
}

long
walk_reaper (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct sys_clone_args args = { .flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_PIDFD, .exit_signal = SIGCHLD };
	int pair[2], pidfd = -1;
	long pid, ret = walk_at (walk, CPOD_STEP_OPEN, sys_pipe2 (pair, PIPE_FLAGS));

	if (ret < 0)
		return ret;
	args.pidfd = (uintptr_t) &pidfd;
	pid = walk_at (walk, CPOD_STEP_CLONE, sys_clone3 (&args));
	if (pid == 0)
		reap (walk, op, pair[1]);
	sys_close (pair[1]);
	ret = pid < 0 ? pid : await_report (walk, pair[0]);
	sys_close (pair[0]);
	if (ret >= 0)
		walk->reaper = pidfd;
	return ret;
}
