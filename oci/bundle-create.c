/* The first process of a container without a pod: made, led to its program, and left or waited for.
 *
 * The process tells its progress through the status pipe, in records: that the runtime's hooks may run
 * (SYNC), that it waits to be started (WAIT), that the exec comes next; and it is let go on by a byte. When a
 * container is created, both ways are FIFOs in the state directory, so that the start can be another command; when
 * it is run, they are the two directions of one socket. The end of the status without a word is the death
 * of the process. It never waits for somebody who is gone: see oci/init/walk-wait.c.
 */
#include "bundle-parts.h"

#include "launch.h"
#include "production.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOCK_MS 10000

/* ---- channels ---- */

/* Makes a FIFO and opens it. */
static int
open_fifo (int dir_fd, const char *name, int flags, int *ret_fd)
{
	if (mkfifoat (dir_fd, name, 0600) < 0 && errno != EEXIST)
		return -errno;
	*ret_fd = openat (dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

/* The FIFOs of the state directory. The process keeps start open for writing too, so that it never reads an end of file;
 * of status it has the writing end alone, and sees when nobody reads. */
static int
open_fifos (struct cpod_making *making, int *ret_status, struct cpod_error *err)
{
	int ret = open_fifo (making->dir_fd, CPOD_STATE_START, O_RDWR, &making->start_fd);

	if (ret == 0)
		ret = open_fifo (making->dir_fd, CPOD_STATE_STATUS, O_RDONLY | O_NONBLOCK, &making->status_fd);
	if (ret == 0)
		ret = open_fifo (making->dir_fd, CPOD_STATE_STATUS, O_WRONLY, ret_status);
	if (ret == 0 && fcntl (making->status_fd, F_SETFL, 0) < 0)
		ret = -errno;
	return ret < 0 ? cpod_error_sys (err, -ret, "make the FIFOs of container `%s`", making->state.id) : 0;
}

static int
open_socket (struct cpod_making *making, int *ret_status, struct cpod_error *err)
{
	int pair[2];

	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return cpod_error_sys (err, errno, "socket for the start of container `%s`", making->state.id);
	making->status_fd = pair[0];
	*ret_status = pair[1];
	return 0;
}

/* ---- launch ---- */

/* A PID namespace that is joined takes effect for the child only. */
static int
join_pid_namespace (struct cpod_making *making, struct cpod_error *err)
{
	struct cpod_compile_input input = { .spec = making->spec };
	struct cpod_namespaces namespaces;
	cpod_autofd fd = -1;
	int ret = cpod_namespaces_resolve (&input, &namespaces, err);

	if (ret < 0 || namespaces.path[CPOD_OCI_NS_PID] == NULL)
		return ret;
	fd = open (namespaces.path[CPOD_OCI_NS_PID], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns (fd, CLONE_NEWPID) < 0)
		return cpod_error_sys (err, errno, "linux.namespaces[%zu].path: join %s", namespaces.index[CPOD_OCI_NS_PID],
		                       namespaces.path[CPOD_OCI_NS_PID]);
	return 0;
}

/* Gives the process, which waits at the other end of map_fd, the ids of its user namespace. */
static int
map_ids (struct cpod_making *making, int map_fd, struct cpod_error *err)
{
	int ret = cpod_idmap_write (&making->ids, making->pid, err);

	if (ret < 0)
		return cpod_error_prefix (err, ret, "linux.uidMappings");
	ret = cpod_fd_write_all (map_fd, "1", 1);
	return ret < 0 ? cpod_error_sys (err, -ret, "tell the container of its ids") : 0;
}

/* Starts the first process; status_fd is the end that it writes to. */
static int
launch (struct cpod_making *making, int status_fd, bool born_in_cgroup, struct cpod_error *err)
{
	int fds[CPOD_INIT_FD_FIRST + CPOD_PLAN_SLOTS];
	struct cpod_launch launch = {
		.argv0 = making->born ? CPOD_INIT_ARGV_JOIN : CPOD_INIT_ARGV_LAUNCH,
		.clone_flags = making->plan.header.clone_flags, .fds = fds,
		.cgroup_fd = born_in_cgroup ? making->cgroup_fd : -1
	};
	cpod_autofd plan = -1, mapped_fd = -1, map_fd = -1;
	bool own_users = making->ids.uids.n > 0;
	int pair[2];
	size_t n;
	int ret = cpod_plan_seal (&making->plan, &plan, err);

	if (ret < 0)
		return ret;
	if (own_users && pipe2 (pair, O_CLOEXEC) < 0)
		return cpod_error_sys (err, errno, "pipe for the ids of the container");
	if (own_users) {
		mapped_fd = pair[0];
		map_fd = pair[1];
		cpod_plan_set_fd (&making->plan, CPOD_SLOT_FIRST, mapped_fd);
	}
	making->plan.cgroup_fd = making->cgroup_fd;
	ret = cpod_plan_open (&making->plan, fds + CPOD_INIT_FD_FIRST, &n, err);
	if (ret < 0)
		return ret;
	for (int i = 0; i < CPOD_INIT_FD_FIRST; i++)
		fds[i] = i < 3 ? CPOD_LAUNCH_INHERIT : -1;
	fds[CPOD_INIT_FD_SOCKET] = status_fd;
	fds[CPOD_INIT_FD_PLAN] = plan;
	fds[CPOD_INIT_FD_LIFE] = making->start_fd;
	launch.n_fds = CPOD_INIT_FD_FIRST + n;
	ret = cpod_launch_init (&launch, &making->pidfd, &making->pid, err);
	cpod_plan_close (&making->plan, fds + CPOD_INIT_FD_FIRST, n);
	return ret == 0 && own_users ? map_ids (making, map_fd, err) : ret;
}

/* Launches in the cgroup; where nobody can be born in it, the container moves there by itself. */
static int
launch_somehow (struct cpod_making *making, int status_fd, struct cpod_error *err)
{
	struct cpod_error first = { 0 };
	char path[64];
	int ret = launch (making, status_fd, making->cgroup_fd >= 0, &first);

	if (ret != -ESRCH || making->cgroup_fd < 0)
		return ret < 0 ? cpod_error_set (err, first.code, "%s", first.message) : 0;
	(void) snprintf (path, sizeof (path), "/proc/self/fd/%d", making->cgroup_fd);
	ret = cpod_making_compile (making, path, err);
	return ret < 0 ? ret : launch (making, status_fd, false, err);
}

/* ---- the way to the program ---- */

/* The process's own number for itself, for hooks that run in its namespaces: the last of NSpid. */
static pid_t
own_pid (pid_t pid)
{
	char path[32], text[4096], *at;
	pid_t own = pid;

	(void) snprintf (path, sizeof (path), "/proc/%d/status", (int) pid);
	if (cpod_file_get (AT_FDCWD, path, text, sizeof (text)) < 0)
		return pid;
	at = strstr (text, "\nNSpid:");
	if (at == NULL)
		return pid;
	for (at += strlen ("\nNSpid:"); *at == ' ' || *at == '\t'; at += strspn (at, " \t"), own = (pid_t) strtol (at, &at, 10))
		;
	return own;
}

/* SYNC: the runtime's hooks run, what the container's hooks will read is written, and the process goes on. */
static int
sync_hooks (struct cpod_making *making, struct cpod_error *err)
{
	const struct cpod_bundle_context *context = making->options->context;
	size_t n_create = making->spec->hooks->create_container.n;
	pid_t own = own_pid (making->pid);
	int ret = 0;

	making->hooks_ran = true;
	for (size_t i = 0; i < making->n_hook_fds && ret == 0; i++)
		ret = cpod_hooks_fill_state (making->hook_fds[i], &making->state, i < n_create ? CPOD_STATUS_CREATING : CPOD_STATUS_CREATED,
		                             own, making->spec, err);
	if (ret == 0)
		ret = cpod_hooks_run (making->spec, CPOD_HOOKS_PRESTART, &making->state, CPOD_STATUS_CREATING, false, context, err);
	if (ret == 0)
		ret = cpod_hooks_run (making->spec, CPOD_HOOKS_CREATE_RUNTIME, &making->state, CPOD_STATUS_CREATING, false, context, err);
	if (ret < 0)
		return ret;
	ret = cpod_fd_write_all (making->start_fd >= 0 ? making->start_fd : making->status_fd, "", 1);
	return ret < 0 ? cpod_error_sys (err, -ret, "let container `%s` go on after its hooks", making->state.id) : 0;
}

/* The go-between has ended; the program is the caller's child, and not reaped yet, so that its number is its own. */
static int
take_born (struct cpod_making *making, pid_t pid, struct cpod_error *err)
{
	cpod_fd_close (&making->pidfd);
	while (waitpid (making->pid, NULL, 0) < 0 && errno == EINTR)
		;
	making->pid = making->state.pid = pid;
	making->pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
	making->is_born = true;
	return making->pidfd < 0 ? cpod_error_sys (err, errno, "pidfd_open of the container") : 0;
}

/* Follows the process until it waits to be started, or has executed its program. Its birth is told by the go-between, and
 * may be heard later than what it says itself. */
static int
await_progress (struct cpod_making *making, struct cpod_error *err)
{
	struct cpod_record record;
	bool announced = false, waits = false;
	int ret = 0;

	while (!waits || (making->born && !making->is_born)) {
		ssize_t len = read (making->status_fd, &record, sizeof (record));

		if (len < 0 && errno == EINTR)
			continue;
		if (len != (ssize_t) sizeof (record) || record.magic != CPOD_INIT_MAGIC)
			break;
		if (record.error != 0)
			return cpod_plan_explain (&making->plan, &record, err);
		if (record.step == CPOD_STEP_SYNC)
			ret = sync_hooks (making, err);
		else if (record.step == CPOD_STEP_BORN)
			ret = take_born (making, (pid_t) record.op, err);
		else if (record.step == CPOD_STEP_WAIT)
			waits = true;
		else
			announced = true;
		if (ret < 0)
			return ret;
	}
	return announced || waits ? 0 : cpod_error_set (err, ECHILD, "the container was killed before its program was executed");
}

/* What comes after the wait, in words: for the start, which knows nothing of the plan. */
static int
note_steps (struct cpod_making *making, struct cpod_error *err)
{
	const struct cpod_plan *plan = &making->plan;
	struct cpod_bundle_state *state = &making->state;
	size_t first = plan->n_ops;

	while (first > 0 && plan->ops[first - 1].kind != CPOD_OP_WAIT)
		first--;
	if (!making->waits)
		return 0;
	state->steps = cpod_arena_array (&making->arena, plan->n_ops - first + 1, sizeof (*state->steps));
	if (state->steps == NULL)
		return cpod_error_oom (err);
	for (size_t i = first; i < plan->n_ops; i++)
		state->steps[state->n_steps++] = (struct cpod_bundle_step) { (uint32_t) i, plan->notes[i].field, plan->notes[i].words };
	return 0;
}

/* The container is there: this is written down. */
static int
conclude (struct cpod_making *making, struct cpod_error *err)
{
	int ret = 0;

	making->state.creating = false;
	ret = cpod_bundle_state_start_time (making->pid, &making->state.start_time);
	if (ret < 0 && making->waits)
		return cpod_error_set (err, ECHILD, "the container was killed before it was created");
	ret = note_steps (making, err);
	if (ret == 0)
		ret = cpod_bundle_state_write (making->dir_fd, &making->state, err);
	return ret < 0 ? ret : cpod_bundle_write_pid (making->options->pid_file, making->pid, err);
}

/* From the plan to a process that waits, or runs its program. */
static int
make (struct cpod_making *making, struct cpod_error *err)
{
	cpod_autofd their_end = -1;
	int ret = making->waits ? open_fifos (making, &their_end, err) : open_socket (making, &their_end, err);

	if (ret == 0 && !making->born)
		ret = join_pid_namespace (making, err);
	if (ret < 0)
		return ret;
	cpod_rtc_give_pipes (&making->process, making->ids.uids.n > 0 ? &making->ids : NULL, (const int32_t[3]) { 0, 1, 2 });
	ret = launch_somehow (making, their_end, err);
	cpod_fd_close (&their_end);
	making->state.pid = making->pid;
	if (ret == 0)
		ret = await_progress (making, err);
	return ret < 0 ? ret : conclude (making, err);
}

static void
init_making (struct cpod_making *making, const struct cpod_bundle_options *options)
{
	*making = (struct cpod_making) {
		.options = options, .root_fd = -1, .dir_fd = -1, .cgroup_root_fd = -1, .cgroup_fd = -1, .terminal_fd = -1,
		.master_fd = -1, .start_fd = -1, .status_fd = -1, .pidfd = -1
	};
	cpod_arena_init (&making->arena, 256 << 20);
	cpod_plan_init (&making->plan);
}

static void
finish_making (struct cpod_making *making)
{
	for (size_t i = 0; i < making->n_hook_fds; i++)
		cpod_fd_close (&making->hook_fds[i]);
	cpod_fd_close (&making->terminal_fd);
	cpod_fd_close (&making->master_fd);
	cpod_fd_close (&making->start_fd);
	cpod_fd_close (&making->status_fd);
	cpod_fd_close (&making->pidfd);
	cpod_fd_close (&making->cgroup_fd);
	cpod_fd_close (&making->cgroup_root_fd);
	cpod_fd_close (&making->dir_fd);
	cpod_fd_close (&making->root_fd);
	cpod_plan_finish (&making->plan);
	cpod_arena_finish (&making->arena);
	free (making->config);
}

int
cpod_bundle_create (const struct cpod_bundle_options *options, struct cpod_error *err)
{
	struct cpod_making making;
	int ret;

	init_making (&making, options);
	making.waits = true;
	if ((ret = cpod_making_read (&making, err)) < 0 || (ret = cpod_making_prepare (&making, err)) < 0
	    || (ret = make (&making, err)) < 0)
		cpod_making_undo (&making);
	finish_making (&making);
	return ret;
}

/* ---- run ---- */

int
cpod_bundle_take_signals (int *ret_fd, struct cpod_error *err)
{
	sigset_t all;

	sigfillset (&all);
	*ret_fd = sigprocmask (SIG_BLOCK, &all, NULL) < 0 ? -1 : signalfd (-1, &all, SFD_CLOEXEC);
	return *ret_fd < 0 ? cpod_error_sys (err, errno, "signalfd") : 0;
}

int
cpod_bundle_hand_on (int pidfd, int signal_fd, struct cpod_error *err)
{
	struct pollfd fds[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = signal_fd, .events = POLLIN } };
	struct signalfd_siginfo info;

	for (;;) {
		if (poll (fds, 2, -1) < 0 && errno != EINTR)
			return cpod_error_sys (err, errno, "wait for the container");
		if (fds[0].revents != 0)
			return 0;
		if (fds[1].revents != 0 && read (signal_fd, &info, sizeof (info)) == (ssize_t) sizeof (info)
		    && info.ssi_signo != SIGCHLD)
			(void) syscall (SYS_pidfd_send_signal, pidfd, info.ssi_signo, NULL, 0);
	}
}

static int
await_end (struct cpod_making *making, int signal_fd, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	int status = 0, ret;

	(void) flock (making->dir_fd, LOCK_UN);         /* others may act on the container now */
	if (making->master_fd >= 0)
		ret = making->options->terminal->attend (making->options->terminal->data, making->master_fd, making->pidfd, signal_fd, err);
	else
		ret = cpod_bundle_hand_on (making->pidfd, signal_fd, err);
	if (ret < 0)
		return ret;
	while (waitpid (making->pid, &status, 0) < 0)
		if (errno != EINTR)
			return cpod_error_sys (err, errno, "wait for the container");
	making->pid = 0;
	cpod_rtc_exit_of (status, ret_exit);
	return 0;
}

/* What it was made of goes, unless somebody else has deleted it: then the directory has no name any more. */
static void
delete (struct cpod_making *making)
{
	if (cpod_bundle_state_lock (making->dir_fd, making->options->id, LOCK_MS, NULL) < 0) {
		cpod_fd_close (&making->dir_fd);
		making->made_cgroup = false;
	}
	making->hooks_ran = making->dir_fd >= 0;
	cpod_making_undo (making);
}

static int
run (struct cpod_making *making, int signal_fd, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	int ret = make (making, err);

	if (ret == 0)
		ret = cpod_hooks_run (making->spec, CPOD_HOOKS_POSTSTART, &making->state, CPOD_STATUS_RUNNING, false,
		                      making->options->context, err);
	if (ret < 0 || making->options->detach)
		return ret;
	making->runs = true;
	return await_end (making, signal_fd, ret_exit, err);
}

int
cpod_bundle_run (const struct cpod_bundle_options *options, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	struct cpod_making making;
	cpod_autofd signal_fd = -1;
	int ret;

	init_making (&making, options);
	*ret_exit = (struct cpod_rt_exit) { 0 };
	ret = cpod_making_read (&making, err);
	if (ret == 0 && !options->detach)
		ret = cpod_bundle_take_signals (&signal_fd, err);
	if (ret == 0)
		ret = cpod_making_prepare (&making, err);
	if (ret == 0)
		ret = run (&making, signal_fd, ret_exit, err);
	if (ret < 0 && !making.runs)
		cpod_making_undo (&making);
	else if (ret < 0 || !options->detach)
		delete (&making);
	finish_making (&making);
	return ret;
}
