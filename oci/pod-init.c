/* A running cpod-init, and the socket to it.
 *
 * Every pod has one, pod init, in namespaces of its own. A container in a PID namespace that was given by path
 * has one to itself besides: such a namespace lies beside the pod's, and only a process that is in neither can
 * put a child into it. That second one stays in the supervisor's PID namespace and joins pod init in all others,
 * so that a plan finds what it would find there.
 *
 * Starting is done when the program is executed; it walks its plan while the containers are being compiled, and
 * its READY is read when the first answer is needed. Finishing closes the socket: it then writes cgroup.kill and
 * exits.
 */
#include "production.h"

#include "launch.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define GET_PID_NAMESPACE _IO (0xff, 5)   /* ioctl_pidfd(2), Linux 6.11: of the reaper, whose pidfd READY brings */
#define DEATH_NS 2000000000ull   /* how long the kernel may take to end what was killed */
#define READY_MS 10000           /* for a plan that takes microseconds */
#define ANSWER_MS 1000           /* for one system call */

void
cpod_rtinit_init (struct cpod_rt_init *init)
{
	memset (init, 0, sizeof (*init));
	cpod_plan_init (&init->plan);
	init->socket_fd = init->pidfd = init->answer_fd = init->pidns_fd = -1;
}

/* Opens what the plan wants behind the descriptors that cpod-init finds open (proto.h), and launches it. */
static int
launch (struct cpod_rt_init *init, struct cpod_launch *how, int fds[CPOD_INIT_FD_FIRST + CPOD_PLAN_SLOTS], struct cpod_error *err)
{
	size_t n;
	int ret = cpod_plan_open (&init->plan, fds + CPOD_INIT_FD_FIRST, &n, err);

	if (ret < 0)
		return ret;
	how->fds = fds;
	how->n_fds = CPOD_INIT_FD_FIRST + n;
	ret = cpod_launch_init (how, &init->pidfd, &init->pid, err);
	cpod_plan_close (&init->plan, fds + CPOD_INIT_FD_FIRST, n);
	return ret;
}

/* Gives it the ids of its user namespace, and tells it so. */
static int
map_ids (const struct cpod_rt_init *init, const struct cpod_idmap *ids, int told_fd, struct cpod_error *err)
{
	int ret = cpod_idmap_write (ids, init->pid, err);

	if (ret < 0)
		return ret;
	ret = cpod_fd_write_all (told_fd, "1", 1);
	return ret < 0 ? cpod_error_sys (err, -ret, "tell pod init of its ids") : 0;
}

/* born: whether it is born in its cgroup; else it starts where the supervisor is. */
static int
spawn (struct cpod_rt_init *init, const struct cpod_rtinit_config *config, bool born, struct cpod_error *err)
{
	cpod_autofd ours = -1, theirs = -1, plan = -1, life = -1, null = -1, kill_fd = -1, mapped = -1, map = -1;
	int fds[CPOD_INIT_FD_FIRST + CPOD_PLAN_SLOTS];
	int pair[2];
	struct cpod_launch how = {
		.argv0 = CPOD_INIT_ARGV_POD, .cgroup_fd = born ? config->cgroup_fd : -1, .clone_flags = config->clone_flags
	};
	int ret;

	if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return cpod_error_sys (err, errno, "socketpair to pod init");
	ours = pair[0];
	theirs = pair[1];
	life = (int) syscall (SYS_pidfd_open, getpid (), 0);
	null = open ("/dev/null", O_RDWR | O_CLOEXEC);
	if (config->kill_in_fd >= 0)
		kill_fd = openat (config->kill_in_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);   /* Linux 5.14; else -1 */
	if (life < 0 || null < 0)
		return cpod_error_sys (err, errno, life < 0 ? "pidfd_open of the supervisor" : "open /dev/null");
	if (config->ids != NULL) {
		if (pipe2 (pair, O_CLOEXEC) < 0)
			return cpod_error_sys (err, errno, "pipe to pod init");
		mapped = pair[0];
		map = pair[1];
		cpod_plan_set_fd (&init->plan, CPOD_SLOT_FIRST, mapped);
		how.clone_flags |= CLONE_NEWUSER;
	}
	ret = cpod_plan_seal (&init->plan, &plan, err);
	if (ret < 0)
		return ret;
	memcpy (fds, (int[CPOD_INIT_FD_FIRST]) {
		null, null, null, theirs, plan, life, kill_fd >= 0 ? kill_fd : null,
		config->cgroup_fd >= 0 ? config->cgroup_fd : null, null
	}, CPOD_INIT_FD_FIRST * sizeof (*fds));
	ret = launch (init, &how, fds, err);
	if (ret < 0)
		return ret;
	init->socket_fd = cpod_fd_steal (&ours);
	return config->ids != NULL ? map_ids (init, config->ids, map, err) : 0;
}

int
cpod_rtinit_start (struct cpod_rt_init *init, const struct cpod_rtinit_config *config, struct cpod_error *err)
{
	struct cpod_error failure = { 0 };
	char pid[16];
	int ret = spawn (init, config, true, &failure);

	if (ret != -ESRCH || config->cgroup_fd < 0)
		return ret < 0 ? cpod_error_set (err, failure.code, "%s", failure.message) : 0;
	ret = spawn (init, config, false, err);   /* a group above its own is used up */
	if (ret < 0)
		return ret;
	(void) snprintf (pid, sizeof (pid), "%d", (int) init->pid);
	ret = cpod_file_put (config->cgroup_fd, "cgroup.procs", pid);
	return ret < 0 ? cpod_error_sys (err, -ret, "move pod init into its cgroup") : 0;
}

void
cpod_rtinit_finish (struct cpod_rt_init *init)
{
	struct pollfd pollfd = { .fd = init->pidfd, .events = POLLIN };
	siginfo_t info;

	cpod_fd_close (&init->socket_fd);
	cpod_fd_close (&init->answer_fd);
	cpod_fd_close (&init->pidns_fd);
	cpod_plan_finish (&init->plan);
	if (init->pidfd < 0)
		return;
	if (poll (&pollfd, 1, (int) (DEATH_NS / 1000000)) == 0)
		(void) syscall (SYS_pidfd_send_signal, init->pidfd, SIGKILL, NULL, 0);
	(void) waitid (P_PIDFD, (id_t) init->pidfd, &info, WEXITED);   /* should it be ours to take */
	cpod_fd_close (&init->pidfd);
}

int
cpod_rtinit_await_ready (struct cpod_rt_pod *pod, struct cpod_rt_init *init, struct cpod_error *err)
{
	for (uint64_t end = cpod_clock_ns () + READY_MS * 1000000ull; !init->ready && !init->dead && cpod_clock_ns () < end;)
		cpod_rtinit_receive (pod, init, 100);
	if (init->failure.code != 0)
		return cpod_error_set (err, init->failure.code, "pod init: %s", init->failure.message);
	return init->ready ? 0 : cpod_error_set (err, ESRCH, "pod init is gone");
}

/* ---- messages ---- */

static struct cpod_rt_container *
find_container (struct cpod_rt_pod *pod, uint32_t number)
{
	for (struct cpod_rt_container *c = pod->containers[number % CPOD_POD_BUCKETS]; c != NULL; c = c->next)
		if (c->number == number)
			return c;
	return NULL;
}

/* One message of pod init's; fd came with it or is -1, and is taken or closed. */
static void
take_message (struct cpod_rt_pod *pod, struct cpod_rt_init *init, const struct cpod_message *message, int fd)
{
	struct cpod_rt_container *c = NULL;

	switch (message->kind) {
	case CPOD_MESSAGE_READY:
		init->ready = message->record.error == 0;
		if (!init->ready)
			(void) cpod_plan_explain (&init->plan, &message->record, &init->failure);
		if (fd >= 0)
			init->pidns_fd = ioctl (fd, GET_PID_NAMESPACE, 0);
		break;
	case CPOD_MESSAGE_LAUNCHED:
		c = find_container (pod, message->id);
		if (c == NULL || c->launched)
			break;
		c->launched = true;
		c->failure = message->record;
		c->pidfd = fd;
		fd = -1;
		break;
	case CPOD_MESSAGE_EXITED:
		c = find_container (pod, message->id);
		if (c == NULL)
			break;
		c->exited = true;
		c->status = message->status;
		break;
	case CPOD_MESSAGE_SOCKET:
		cpod_fd_close (&init->answer_fd);
		init->answered = true;
		init->answer_error = message->record.error;
		init->answer_fd = fd;
		fd = -1;
		break;
	default:
		break;
	}
	cpod_fd_close (&fd);
}

/* Receives one message. 0: none there; 1: taken; -1: the socket is at its end. */
static int
receive_one (struct cpod_rt_pod *pod, struct cpod_rt_init *init)
{
	union { struct cmsghdr header; char bytes[CMSG_SPACE (sizeof (int))]; } control;
	struct cpod_message message;
	struct iovec iov = { &message, sizeof (message) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof (control) };
	struct cmsghdr *part;
	ssize_t len;
	int fd = -1;

	do   /* ECONNRESET: pod init left something unread; what it had said is still to come */
		len = recvmsg (init->socket_fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (len < 0 && (errno == EINTR || errno == ECONNRESET));
	if (len < 0 && errno == EAGAIN)
		return 0;
	if (len <= 0)
		return -1;
	part = CMSG_FIRSTHDR (&header);
	if (part != NULL && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
		memcpy (&fd, CMSG_DATA (part), sizeof (fd));
	if (len == (ssize_t) sizeof (message) && message.magic == CPOD_INIT_MAGIC)
		take_message (pod, init, &message, fd);
	else
		cpod_fd_close (&fd);
	return 1;
}

void
cpod_rtinit_receive (struct cpod_rt_pod *pod, struct cpod_rt_init *init, int timeout_ms)
{
	int ret = init->dead ? -1 : receive_one (pod, init);

	if (ret == 0 && timeout_ms != 0) {
		(void) poll (&(struct pollfd) { .fd = init->socket_fd, .events = POLLIN }, 1, timeout_ms);
		ret = receive_one (pod, init);
	}
	while (ret > 0)
		ret = receive_one (pod, init);
	if (ret < 0)
		init->dead = true;
}

int
cpod_rtinit_send (struct cpod_rt_pod *pod, struct cpod_rt_init *init, const struct iovec *parts, size_t n_parts,
                  const int *fds, size_t n, struct cpod_error *err)
{
	union { struct cmsghdr header; char bytes[CMSG_SPACE (sizeof (int) * 253)]; } control;
	struct msghdr header = { .msg_iov = (struct iovec *) (uintptr_t) parts, .msg_iovlen = n_parts };

	if (n > 253)
		return cpod_error_sys (err, E2BIG, "%zu descriptors for one container", n);
	if (n > 0) {
		memset (&control, 0, sizeof (control.header));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN (sizeof (int) * n);
		memcpy (CMSG_DATA (&control.header), fds, sizeof (int) * n);
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE (sizeof (int) * n);
	}
	while (!init->dead) {
		if (sendmsg (init->socket_fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EPIPE || errno == ECONNRESET)
			break;
		if (errno != EAGAIN && errno != EINTR && errno != ETOOMANYREFS)
			return cpod_error_sys (err, errno, "ask pod init");
		/* Pod init is busy, perhaps with telling us something. */
		(void) poll (&(struct pollfd) { .fd = init->socket_fd, .events = POLLIN | POLLOUT }, 1, 100);
		cpod_rtinit_receive (pod, init, 0);
	}
	cpod_rtinit_receive (pod, init, 0);   /* its last words */
	init->dead = true;
	if (init->failure.code != 0)
		return cpod_error_set (err, init->failure.code, "pod init: %s", init->failure.message);
	return cpod_error_set (err, ESRCH, "pod init is gone");
}

/* ---- sockets ---- */

/* Asks, and waits for the answer. Call with the lock held. */
static int
ask_for_socket (struct cpod_rt_pod *pod, const struct cpod_message *message, struct cpod_error *err)
{
	const struct iovec part = { (void *) (uintptr_t) message, sizeof (*message) };
	const uint64_t end = cpod_clock_ns () + ANSWER_MS * 1000000ull;
	struct cpod_rt_init *init = &pod->init;
	int ret = cpod_rtinit_await_ready (pod, init, err);

	init->answered = false;
	if (ret == 0)
		ret = cpod_rtinit_send (pod, init, &part, 1, NULL, 0, err);
	if (ret < 0)
		return ret;
	while (!init->answered && !init->dead && cpod_clock_ns () < end)
		cpod_rtinit_receive (pod, init, 100);
	if (!init->answered)
		return cpod_error_set (err, init->dead ? ESRCH : ETIMEDOUT, init->dead ? "pod init is gone" : "pod init does not answer");
	if (init->answer_error != 0)
		return cpod_error_sys (err, init->answer_error, "socket in the pod's network");
	return init->answer_fd >= 0 ? 0 : cpod_error_set (err, EMFILE, "a socket of the pod's network did not arrive");
}

int
cpod_rtpod_socket (struct cpod_rt_pod *pod, int domain, int type, int protocol, int *ret_fd, struct cpod_error *err)
{
	const struct cpod_message message = {
		.magic = CPOD_INIT_MAGIC, .kind = CPOD_MESSAGE_SOCKET, .flags = (uint32_t) domain,
		.pid = type | SOCK_CLOEXEC, .status = protocol
	};
	int ret;

	pthread_mutex_lock (&pod->lock);
	ret = ask_for_socket (pod, &message, err);
	if (ret == 0)
		*ret_fd = cpod_fd_steal (&pod->init.answer_fd);
	pthread_mutex_unlock (&pod->lock);
	return ret;
}
