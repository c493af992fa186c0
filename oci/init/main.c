/* cpod-init: the small program between the supervisor and the containers.
 *
 * It is freestanding (no C library), lives inside libcpod as data, and is executed from a sealed
 * memfd, so that nothing in a container can reach a writable file of cpod's through /proc/N/exe.
 * As "cpod-init" it is PID 1 of a pod's PID namespace (or stands beside it, for a container in a PID namespace
 * that was given by path):
 *
 *   1. not dumpable, every signal blocked, every disposition the default;
 *   2. walks its own plan: root of its user namespace, where it has one, as soon as somebody outside has mapped
 *      the ids (until then it is dumpable); a small mount namespace, the host name, the loopback interface;
 *   3. tries whether children can be born in a cgroup, and says READY;
 *   4. until the end: launches, reaps, reports.
 *
 * The end is the supervisor's: its pidfd fires, or the socket closes. Then the pod's cgroup.kill is
 * written and pod init exits, and the kernel ends every process in its PID namespace and those
 * below it. Nothing else ends pod init, and it holds no policy.
 *
 * As "cpod-launch" it is already the container's first process: it walks one plan and executes. As
 * "cpod-join" it enters a running container by such a plan, gives birth to the command and ends.
 */
#include "launch.h"
#include "sys.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/stat.h>

#define SIG_BLOCK      0
#define SIGCHLD        17
#define SFD_FLAGS      02004000   /* CLOEXEC, NONBLOCK */
#define POLLIN         1
#define POLLHUP        16
#define MSG_NOSIGNAL   0x4000
#define MSG_CMSG_CLOEXEC 0x40000000
#define MSG_CUT        (0x20 | 0x08)   /* MSG_TRUNC, MSG_CTRUNC */
#define SOL_SOCKET     1
#define SCM_RIGHTS     1
#define WNOHANG        1
#define WALL           0x40000000
#define RLIMIT_NOFILE  7

void cpod_init_main (long *stack) __attribute__ ((noreturn, used));
ARCH_START (cpod_init_main);

static struct cpod_children children;

/* The compiler may call these for copies and zeroing. */
void *memcpy (void *to, const void *from, size_t n);
void *memset (void *to, int byte, size_t n);

void *
memcpy (void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((unsigned char *) to)[i] = ((const unsigned char *) from)[i];
	return to;
}

void *
memset (void *to, int byte, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((unsigned char *) to)[i] = (unsigned char) byte;
	return to;
}

long
init_map_plan (struct cpod_walk *walk, int fd)
{
	struct statx st;
	long ret = sys_statx (fd, "", AT_EMPTY_PATH, STATX_SIZE, &st);
	long at;

	if (ret < 0)
		return ret;
	if (st.stx_size > CPOD_PLAN_MAX_SIZE)
		return -EFBIG;
	at = sys_mmap (st.stx_size, 1 /* read */, 2 /* private */, fd);
	if (at < 0 && at > -4096)
		return at;
	return walk_open (walk, (const void *) at, st.stx_size);
}

void
init_end (void)
{
	(void) sys_write (CPOD_INIT_FD_KILL, "1", 1);
	sys_exit (0);
}

/* Sends one message, with a descriptor beside it unless fd is negative. The supervisor waits for each: where one cannot
 * be sent, the pod ends, rather than that somebody waits in vain. */
static void
reply (const struct cpod_message *message, int fd)
{
	struct { struct sys_cmsghdr header; int fd; int pad; } control = {
		{ sizeof (struct sys_cmsghdr) + sizeof (int), SOL_SOCKET, SCM_RIGHTS }, fd, 0
	};
	struct sys_iovec iov = { (void *) (uintptr_t) message, sizeof (*message) };
	struct sys_msghdr header = { .iov = &iov, .iovlen = 1 };

	if (fd >= 0) {
		header.control = &control;
		header.controllen = sizeof (control);
	}
	for (int tries = 0; tries < 10; tries++) {
		long ret = sys_sendmsg (CPOD_INIT_FD_SOCKET, &header, MSG_NOSIGNAL);

		if (ret >= 0)
			return;
		if (ret != -EINTR && ret != -ENOMEM && ret != -ENOBUFS)
			break;
	}
	init_end ();
}

void
init_reply (uint32_t kind, uint32_t id, uint32_t flags, int pid, int fd, const struct cpod_walk *walk, long error)
{
	struct cpod_message message = { .magic = CPOD_INIT_MAGIC, .kind = kind, .id = id, .flags = flags, .pid = pid };

	if (error < 0)
		walk_record (walk, error, &message.record);
	reply (&message, fd);
}

/* A child ended: an exec's end goes to whoever waits for it, a container's to the supervisor. */
static void
report (int pid, int status)
{
	struct cpod_child child;

	if (!children_take (&children, pid, &child))
		return;         /* an orphan, or the go-between of an exec */
	if (child.result_fd >= 0) {
		struct cpod_exec_result result = { .magic = CPOD_INIT_MAGIC, .status = status };

		if (child.mark.fd >= 0 && !child.keep)
			mark_kill (&child.mark);
		if (child.mark.fd >= 0)
			sys_close (child.mark.fd);
		(void) sys_write (child.result_fd, &result, sizeof (result));
		sys_close (child.result_fd);
	} else {
		struct cpod_message message = {
			.magic = CPOD_INIT_MAGIC, .kind = CPOD_MESSAGE_EXITED, .id = child.id, .pid = pid, .status = status
		};

		reply (&message, -1);
	}
}

/* Reaps all that has ended, ours or orphaned. */
static void
reap (int signal_fd)
{
	unsigned char info[128];
	int status = 0;
	long pid;

	while (sys_read (signal_fd, info, sizeof (info)) > 0)
		;
	while ((pid = sys_wait4 (-1, &status, WNOHANG | WALL)) > 0)
		report ((int) pid, status);
	if (pid < 0 && pid != -ECHILD)
		init_end ();         /* it cannot be known any more who lives */
}

/* One message: what it asks for is done before the next is read. Returns 0 at the end of the socket. */
static long
serve (void)
{
	static union { struct sys_cmsghdr header; unsigned char bytes[sizeof (struct sys_cmsghdr) + 4 * 256]; } control;
	static struct { struct cpod_message message; unsigned char plan[CPOD_INLINE_PLAN_MAX]; }
		packet __attribute__ ((aligned (8)));
	struct sys_iovec iov = { &packet, sizeof (packet) };
	struct sys_msghdr header = {
		.iov = &iov, .iovlen = 1, .control = &control, .controllen = sizeof (control)
	};
	struct cpod_request request = { .message = &packet.message };
	long len = sys_recvmsg (CPOD_INIT_FD_SOCKET, &header, MSG_CMSG_CLOEXEC);

	if (len == 0)
		return 0;
	if (len < 0)
		return 1;
	if (header.controllen >= sizeof (struct sys_cmsghdr) && control.header.type == SCM_RIGHTS) {
		request.fds = (int *) (void *) (control.bytes + sizeof (struct sys_cmsghdr));
		request.n_fds = (control.header.len - sizeof (struct sys_cmsghdr)) / sizeof (int);
	}
	if (len >= (long) sizeof (packet.message) && (header.flags & MSG_CUT) == 0
	    && packet.message.magic == CPOD_INIT_MAGIC) {
		request.inline_len = (size_t) len - sizeof (packet.message);
		launch_serve (&children, &request);
	}
	for (size_t i = 0; i < request.n_fds; i++)
		if (request.fds[i] >= 0)
			sys_close (request.fds[i]);
	return 1;
}

/* Launches, reaps and reports until the supervisor is gone. */
static void run (int signal_fd) __attribute__ ((noreturn));
static void
run (int signal_fd)
{
	struct sys_pollfd fds[3] = {
		{ CPOD_INIT_FD_LIFE, POLLIN, 0 }, { signal_fd, POLLIN, 0 }, { CPOD_INIT_FD_SOCKET, POLLIN, 0 }
	};

	for (;;) {
		long n = sys_ppoll (fds, 3);

		if (n < 0 && n != -EINTR && n != -ENOMEM)
			init_end ();
		if (n <= 0)
			continue;
		if (fds[0].revents != 0)
			init_end ();
		if (fds[1].revents != 0)
			reap (signal_fd);
		if (fds[2].revents != 0 && serve () == 0)
			init_end ();
	}
}

/* Whether a child of ours lives when it is born in our cgroup: a group that was ever killed through
 * cgroup.kill kills every newborn (seen on 6.18). */
static uint32_t
try_birth_in_cgroup (void)
{
	struct sys_clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = CPOD_INIT_FD_CGROUP };
	int status = -1;
	long pid;

	if (sys_fcntl (CPOD_INIT_FD_CGROUP, 1 /* F_GETFD */, 0) < 0)
		return 0;
	pid = sys_clone3 (&args);
	if (pid == 0)
		sys_exit (42);
	if (pid < 0 || sys_wait4 ((int) pid, &status, WALL) != pid)
		return 0;
	return status == 42 << 8 ? CPOD_READY_CLONE_INTO_CGROUP : 0;
}

/* Every disposition the default, every signal blocked: a child is born so and unblocks before exec. */
static int
settle_signals (void)
{
	uint64_t all = ~0ull, child = 1ull << (SIGCHLD - 1);
	uint64_t default_action[4] = { 0 };

	for (int signal = 1; signal <= 64; signal++)
		(void) sys_rt_sigaction (signal, default_action);   /* KILL and STOP refuse, and need none */
	sys_rt_sigprocmask (SIG_BLOCK, &all);
	return (int) sys_signalfd4 (-1, &child, SFD_FLAGS);
}

/* Pod init wants a descriptor for every exec in flight; what it raises is put back in its children. */
static void
raise_files (void)
{
	struct sys_rlimit limit;

	if (sys_prlimit (RLIMIT_NOFILE, NULL, &limit) < 0)
		return;
	children.files = limit;
	limit.soft = limit.hard;
	(void) sys_prlimit (RLIMIT_NOFILE, &limit, NULL);   /* fewer at once, if it cannot be */
}

/* Nobody may look into this process, before it does anything; but the ids of a user namespace are written through
 * files that are the process's own only while it is dumpable (BECOME_ROOT ends that). */
static void
hide (const struct cpod_walk *walk)
{
	if (walk->plan == NULL || !walk->plan->dumpable)
		(void) sys_prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void pod_init (void) __attribute__ ((noreturn));
static void
pod_init (void)
{
	static struct cpod_walk walk;
	int signal_fd = settle_signals ();
	uint32_t flags = 0;
	long ret;

	if (sys_getpid () != 1)
		(void) sys_prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);   /* in the host's PID namespace orphans are ours as well */
	raise_files ();
	for (int fd = CPOD_INIT_FD_SOCKET; fd < CPOD_INIT_FD_FIRST; fd++)
		(void) sys_fcntl (fd, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */);
	ret = init_map_plan (&walk, CPOD_INIT_FD_PLAN);
	hide (&walk);
	if (ret >= 0 && signal_fd < 0)
		ret = signal_fd;
	if (ret >= 0) {
		if (walk.plan->home && !walk.plan->dumpable)
			home_note ();
		launch_fill_slots (&walk, CPOD_INIT_FD_FIRST);
		ret = walk_run (&walk);
	}
	if (ret >= 0 && walk.plan->home && walk.plan->dumpable)
		home_note ();   /* in a user namespace of its own the plan gives it a mount namespace to wait in, and a procfs */
	if (ret >= 0 && walk.plan->home)
		home_try ();
	if (ret >= 0 && walk.plan->n_given > 0)
		sys_close_range (CPOD_INIT_FD_FIRST, CPOD_INIT_FD_FIRST + walk.plan->n_given - 1u, 0);
	if (ret >= 0)
		flags = try_birth_in_cgroup ();
	if (ret >= 0)
		ret = launch_prepare (&children, flags & CPOD_READY_CLONE_INTO_CGROUP);
	init_reply (CPOD_MESSAGE_READY, 0, flags, 0, walk.reaper > 0 ? walk.reaper : -1, &walk, ret);
	if (walk.reaper > 0)
		sys_close (walk.reaper);
	if (ret < 0)
		init_end ();
	run (signal_fd);
}

/* CPOD_OP_BIRTH of a joiner: the command is its parent's child. The joiner says which, and ends. */
static long
birth (struct cpod_walk *walk)
{
	long pid = sys_clone (CLONE_PARENT);
	struct cpod_record record;

	if (pid == 0)
		return 0;
	if (walk_at (walk, CPOD_STEP_CLONE, pid) < 0)
		return pid;
	walk_record (walk, 0, &record);
	record.op = (uint32_t) pid;
	record.step = CPOD_STEP_BORN;
	(void) sys_write (walk->status_fd, &record, sizeof (record));
	sys_exit (0);
}

static void launcher (int joins) __attribute__ ((noreturn));
static void
launcher (int joins)
{
	static struct cpod_walk walk;
	struct cpod_record record;
	long ret;

	ret = init_map_plan (&walk, CPOD_INIT_FD_PLAN);
	hide (&walk);
	walk.status_fd = CPOD_INIT_FD_SOCKET;
	walk.announce = 1;
	if (joins)
		walk.birth = birth;
	(void) sys_fcntl (CPOD_INIT_FD_SOCKET, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */);
	if (sys_fcntl (CPOD_INIT_FD_LIFE, 2, 1) >= 0)
		walk.wait_fd = CPOD_INIT_FD_LIFE;
	if (ret >= 0) {
		launch_fill_slots (&walk, CPOD_INIT_FD_FIRST);
		ret = walk_run (&walk);
	}
	walk_record (&walk, ret, &record);
	(void) sys_write (walk.status_fd, &record, sizeof (record));
	sys_exit (127);
}

/* Whether the two names are one. */
static int
is_name (const char *name, const char *other)
{
	size_t n = 0;

	while (name[n] == other[n] && name[n] != '\0')
		n++;
	return name[n] == other[n];
}

void
cpod_init_main (long *stack)
{
	const char *name = stack[0] > 0 ? (const char *) stack[1] : "";

	if (is_name (name, CPOD_INIT_ARGV_POD))
		pod_init ();
	launcher (is_name (name, CPOD_INIT_ARGV_JOIN));
}
