/* Pod init gives birth.
 *
 * A container is a plain clone3 of this small process with the plan's new namespaces, born in its
 * cgroup; it walks its plan and executes. Where others live in its PID namespace, the walker is a go-between
 * as well, and the program is born when all is mounted and the old root is gone.
 *
 * An exec is born joined: what appears in the container's PID namespace is in all of its namespaces from
 * its first moment. Where nobody there could take hold of it, pod init joins for the moment of the birth
 * (home.c), and the newborn drops what it may not have. Elsewhere a go-between that shares this
 * process's memory (CLONE_VM | CLONE_VFORK, so that it costs no copy) is born in the exec's cgroup, joins,
 * closes what is not the command's, drops what the command may not have, and only then clones the command
 * with CLONE_PARENT, confined already and a child of pod init's.
 */
#include "launch.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/sched.h>

#define SIGCHLD       17
#define RLIMIT_NOFILE 7
#define POLLERR       8
#define STACK_BYTES   65536

/* A request, taken apart. */
struct launch {
	struct cpod_children *children;
	const struct cpod_message *message;
	struct cpod_walk walk;
	int report_fd;             /* status (LAUNCH) or result (EXEC) */
	int cgroup_fd;             /* -1: stays where pod init is */
	int pid;                   /* where there is a go-between: the command's, once born */
	struct cpod_mark mark;     /* fd -1: none is wanted */
};

long
launch_prepare (struct cpod_children *children, uint32_t into_cgroup)
{
	long at = sys_mmap (CPOD_CHILDREN_MAX * sizeof (struct cpod_child), 3, 0x4022 /* private, anonymous, noreserve */, -1);

	if (at < 0 && at > -4096)
		return at;
	children->items = (struct cpod_child *) at;
	children->into_cgroup = into_cgroup;
	return 0;
}

static void
children_add (struct cpod_children *children, int pid, uint32_t id, int result_fd)
{
	children->items[children->n++] = (struct cpod_child) { .pid = pid, .id = id, .result_fd = result_fd, .mark = { -1, 0 } };
}

/* Ends the command that has this number, if it still runs, and all that it has started. */
static void
kill_exec (struct cpod_children *children, uint32_t exec)
{
	for (uint32_t i = 0; i < children->n; i++) {
		struct cpod_child *child = &children->items[i];

		if (child->result_fd < 0 || child->mark.fd < 0 || child->exec != exec)
			continue;
		child->keep = 0;
		mark_kill (&child->mark);
	}
}

int
children_take (struct cpod_children *children, int pid, struct cpod_child *ret_child)
{
	for (uint32_t i = 0; i < children->n; i++) {
		if (children->items[i].pid != pid)
			continue;
		*ret_child = children->items[i];
		children->items[i] = children->items[--children->n];
		return 1;
	}
	return 0;
}

void
launch_fill_slots (struct cpod_walk *walk, int first)
{
	for (uint32_t i = 0; i < walk->plan->n_given; i++)
		walk_fill (walk, walk->plan->given[i], first + (int) i);
}

static int
is_inline (const struct cpod_message *message)
{
	return (message->flags & CPOD_LAUNCH_INLINE) != 0;
}

/* Where the descriptor for the status or the result is among those that came. */
static size_t
report_index (const struct cpod_message *message)
{
	return is_inline (message) ? 0 : 1;
}

/* Opens the plan, and sorts the descriptors that came: plan, status or result, cgroup, then the plan's own. */
static long
take_apart (struct launch *launch, struct cpod_request *request)
{
	size_t n = report_index (request->message);
	long ret;

	if (request->n_fds <= n || (request->inline_len > 0) != (n == 0))
		return -EBADMSG;
	if (is_inline (request->message))
		ret = walk_open (&launch->walk, request->message + 1, request->inline_len);
	else
		ret = init_map_plan (&launch->walk, request->fds[0]);
	if (ret < 0)
		return ret;
	launch->report_fd = request->fds[n++];
	launch->cgroup_fd = -1;
	if ((request->message->flags & CPOD_LAUNCH_CGROUP) != 0 && n < request->n_fds)
		launch->cgroup_fd = request->fds[n++];
	if (request->n_fds - n != launch->walk.plan->n_given)
		return -EBADMSG;
	for (uint32_t i = 0; i < launch->walk.plan->n_given; i++)
		walk_fill (&launch->walk, launch->walk.plan->given[i], request->fds[n + i]);
	return 0;
}

/* Whether the child must move to its group by itself. */
static int
moves (const struct launch *launch)
{
	return launch->cgroup_fd >= 0 && launch->children->into_cgroup == 0;
}

/* In the newborn: what pod init raised is put back, and the cgroup is entered if birth could not. */
static long
settle (struct launch *launch)
{
	(void) sys_prlimit (RLIMIT_NOFILE, &launch->children->files, NULL);   /* lowers, or leaves: cannot fail */
	if (!moves (launch))
		return 0;
	return walk_enter_cgroup (&launch->walk, launch->cgroup_fd, (launch->walk.plan->clone_flags & CLONE_NEWCGROUP) != 0);
}

static void
set_cgroup (const struct launch *launch, struct sys_clone_args *args)
{
	if (launch->cgroup_fd < 0 || moves (launch))
		return;
	args->flags |= CLONE_INTO_CGROUP;
	args->cgroup = (uint64_t) launch->cgroup_fd;
}

/* ---- a go-between ---- */

/* CPOD_OP_BIRTH: the command begins here, as a copy of the go-between; the latter ends. By clone, not clone3:
 * where the filter is in force already, profiles allow the one whose flags they can see. */
static long
birth (struct cpod_walk *walk)
{
	struct launch *launch = walk->birth_data;
	long pid = sys_clone (CLONE_PARENT);

	if (pid == 0)
		return 0;
	if (walk_at (walk, CPOD_STEP_CLONE, pid) < 0)
		return pid;
	launch->pid = (int) pid;
	sys_exit (0);
}

/* Runs walk in a go-between with these new namespaces; launch->pid: of what it gave birth to, 0 if it could not.
 * Returns what the clone did. */
static long
go_between (struct launch *launch, uint64_t namespaces, void (*walk) (void *))
{
	static unsigned char stack[STACK_BYTES] __attribute__ ((aligned (64)));
	struct sys_clone_args args = {
		.flags = namespaces | CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD,
		.stack = (uintptr_t) stack, .stack_size = sizeof (stack)
	};

	launch->pid = 0;
	launch->walk.birth = birth;
	launch->walk.birth_data = launch;
	launch->walk.step = CPOD_STEP_CLONE;
	set_cgroup (launch, &args);
	return arch_clone3_run (&args, sizeof (args), walk, launch);
}

/* ---- a container ---- */

static void walk_container (struct launch *launch) __attribute__ ((noreturn));
static void
walk_container (struct launch *launch)
{
	struct cpod_record record;
	long ret;

	launch->walk.status_fd = launch->report_fd;
	launch->walk.announce = 1;
	sys_close_range (CPOD_INIT_FD_SOCKET, CPOD_INIT_FD_HOST - 1, 0);
	ret = settle (launch);
	if (ret >= 0)
		ret = walk_run (&launch->walk);
	walk_record (&launch->walk, ret, &record);
	(void) sys_write (launch->walk.status_fd, &record, sizeof (record));
	sys_exit (127);
}

static void
walk_born_container (void *data)
{
	walk_container (data);
}

/* One whose PID namespace others live in: they see it from its birth on, and then it is wholly inside. */
static void
born_container (struct launch *launch)
{
	uint64_t namespaces = launch->walk.plan->clone_flags;
	int pidfd = -1;
	long ret;

	if (moves (launch))
		namespaces &= ~(uint64_t) CLONE_NEWCGROUP;
	ret = go_between (launch, namespaces, walk_born_container);
	if (launch->pid > 0) {
		pidfd = (int) sys_pidfd_open (launch->pid, 0);   /* it is ours to reap: the number is still its own */
		children_add (launch->children, launch->pid, launch->message->id, -1);
	}
	init_reply (CPOD_MESSAGE_LAUNCHED, launch->message->id, 0, launch->pid, pidfd, &launch->walk, ret);
	if (pidfd >= 0)
		sys_close (pidfd);
}

static void
container (struct launch *launch)
{
	int pidfd = -1;
	struct sys_clone_args args = {
		.flags = launch->walk.plan->clone_flags | CLONE_PIDFD, .exit_signal = SIGCHLD, .pidfd = (uintptr_t) &pidfd
	};
	long pid;

	if (moves (launch))
		args.flags &= ~(uint64_t) CLONE_NEWCGROUP;
	set_cgroup (launch, &args);
	launch->walk.step = CPOD_STEP_CLONE;
	pid = sys_clone3 (&args);
	if (pid == 0)
		walk_container (launch);
	if (pid > 0)
		children_add (launch->children, (int) pid, launch->message->id, -1);
	init_reply (CPOD_MESSAGE_LAUNCHED, launch->message->id, 0, (int) pid, pidfd, &launch->walk, pid);
	if (pidfd >= 0)
		sys_close (pidfd);
}

/* ---- an exec ---- */

static void
write_failure (const struct cpod_walk *walk, int fd, long error)
{
	struct cpod_exec_result result = { .magic = CPOD_INIT_MAGIC };

	walk_record (walk, error, &result.record);
	(void) sys_write (fd, &result, sizeof (result));
}

/* The go-between, and behind BIRTH the command. */
static void
walk_exec_plan (void *data)
{
	struct launch *launch = data;
	long ret;

	launch->walk.status_fd = launch->report_fd;
	ret = settle (launch);
	if (ret >= 0)
		ret = walk_run (&launch->walk);
	write_failure (&launch->walk, launch->walk.status_fd, ret);
	sys_exit (127);
}

/* Whether nobody waits for the result any more: the exec was given up while its request lay in the socket,
 * and its group was killed before anything was in it. */
static int
is_given_up (int result_fd)
{
	struct sys_pollfd pollfd = { result_fd, 0, 0 };
	int64_t no_wait[2] = { 0, 0 };

	return SYS_CALL_5 (__NR_ppoll, &pollfd, 1, no_wait, 0, 0) > 0 && (pollfd.revents & POLLERR) != 0;
}

/* CPOD_OP_BIRTH, in pod init itself. */
static long
birth_inside (struct cpod_walk *walk)
{
	struct launch *launch = walk->birth_data;
	struct sys_clone_args args = { .exit_signal = SIGCHLD };

	set_cgroup (launch, &args);
	launch->pid = (int) walk_at (walk, CPOD_STEP_CLONE, sys_clone3 (&args));
	return launch->pid != 0 ? launch->pid : settle (launch);
}

/* Joins the container, gives birth to the command there, and comes back. */
static void
exec_inside (struct launch *launch)
{
	long ret;

	launch->pid = -1;
	launch->walk.birth = birth_inside;
	launch->walk.birth_data = launch;
	launch->walk.status_fd = launch->report_fd;
	ret = walk_run (&launch->walk);
	if (launch->pid == 0) {
		write_failure (&launch->walk, launch->walk.status_fd, ret);
		sys_exit (127);
	}
	home_return ();
	if (ret < 0)
		write_failure (&launch->walk, launch->report_fd, ret);
}

/* The same through a go-between. */
static void
exec_between (struct launch *launch)
{
	long ret = go_between (launch, 0, walk_exec_plan);

	if (ret < 0)
		write_failure (&launch->walk, launch->report_fd, ret);
}

/* Whether pod init may join by itself: it can come back, and what joins it is born into the group. */
static int
joins (const struct launch *launch)
{
	return launch->walk.plan->joins && home_is_known () && !moves (launch);
}

static void
exec (struct launch *launch, struct cpod_request *request)
{
	struct cpod_child *child;
	long ret;

	launch->pid = 0;
	if (is_given_up (launch->report_fd))
		return;
	launch->mark.fd = -1;
	launch->walk.step = CPOD_STEP_MARK;
	launch->walk.null = home_null (walk_text (&launch->walk, launch->walk.plan->null_path));
	ret = (launch->message->flags & CPOD_LAUNCH_MARK) != 0 ? mark_make (&launch->mark) : 0;
	if (ret < 0)
		write_failure (&launch->walk, launch->report_fd, ret);
	else if (joins (launch))
		exec_inside (launch);
	else
		exec_between (launch);
	if (launch->pid <= 0) {
		if (launch->mark.fd >= 0)
			sys_close (launch->mark.fd);
		return;
	}
	children_add (launch->children, launch->pid, launch->message->id, launch->report_fd);
	child = &launch->children->items[launch->children->n - 1];
	child->exec = launch->message->exec;
	child->keep = (launch->message->flags & CPOD_LAUNCH_KEEP) != 0;
	child->mark = launch->mark;
	request->fds[report_index (request->message)] = -1;
}

/* A socket in this network, for the supervisor's probes. */
static void
make_socket (const struct cpod_message *message)
{
	static const struct cpod_walk no_walk = { .op = UINT32_MAX, .step = CPOD_STEP_SOCKET };
	long fd = sys_socket ((int) message->flags, message->pid, message->status);

	init_reply (CPOD_MESSAGE_SOCKET, message->id, 0, 0, fd >= 0 ? (int) fd : -1, &no_walk, fd);
	if (fd >= 0)
		sys_close ((int) fd);
}

void
launch_serve (struct cpod_children *children, struct cpod_request *request)
{
	static struct launch launch;
	const struct cpod_message *message = request->message;
	int is_exec = message->kind == CPOD_MESSAGE_EXEC;
	size_t report = report_index (message);
	long ret;

	if (message->kind == CPOD_MESSAGE_KILL)
		kill_exec (children, message->exec);
	if (message->kind == CPOD_MESSAGE_SOCKET)
		make_socket (message);
	if (!is_exec && message->kind != CPOD_MESSAGE_LAUNCH)
		return;
	launch.children = children;
	launch.message = message;
	launch.walk.op = UINT32_MAX;
	launch.walk.step = CPOD_STEP_PLAN;
	launch.walk.block = NULL;
	ret = children->n < CPOD_CHILDREN_MAX ? take_apart (&launch, request) : -EAGAIN;
	if (ret < 0 && is_exec && request->n_fds > report)
		write_failure (&launch.walk, request->fds[report], ret);
	else if (ret < 0)
		init_reply (CPOD_MESSAGE_LAUNCHED, message->id, 0, 0, -1, &launch.walk, ret);
	else if (is_exec)
		exec (&launch, request);
	else if ((message->flags & CPOD_LAUNCH_BORN) != 0)
		born_container (&launch);
	else
		container (&launch);
	if (launch.walk.block != NULL && !is_inline (message))
		sys_munmap ((void *) (uintptr_t) launch.walk.block, launch.walk.len);
}
