/* Floors of a pod's work: floor-pod MODE [OPTION...] PROGRAM, served inside one process.
 *
 * Two processes take part, as in a pod: the *supervisor*, which asks, and *pod init*, PID 1 of the
 * pod's PID namespace, which clones and reaps; one message each way on a SOCK_SEQPACKET pair, with
 * the pidfd of what was started. (Asking costs two wake-ups; --direct leaves them out: pod init
 * takes the time itself.) Pod init is a plain clone of this program. Samples are taken by the
 * supervisor, from before it asks to after the last step.
 *
 * A pod: mkdir of its cgroup and of `init` below; clone3 of pid, net, ipc, uts, mount and cgroup
 * namespaces, CLONE_INTO_CGROUP init; loopback up, all mounts private, not dumpable; with a host view
 * the layer that hides the host's data; says it is ready.
 *
 * A container: 1. mkdir of its cgroup and open; 2. the device program loaded and attached (not with
 * --no-devices); 3. clone3 of a nested pid, a mount and a cgroup namespace, CLONE_PIDFD,
 * CLONE_INTO_CGROUP, in the pod's net, ipc and uts; in the child: 4. setsid, all mounts private;
 * 5. the host view that --view FILE lists (a sized tmpfs, an overlay of the hiding layer and the host, nodev
 * nosuid, tmpfs on tmp, var/tmp, run), or with --root DIR that directory bound on itself; 6. proc, tmpfs dev, devpts, shm, mqueue, sysfs ro,
 * cgroup2 ro, six nodes, six links; 7. masked and read-only paths, cpod's default list; 8. pivot_root, old root detached; 9. close_range but for the status pipe; 10. session keyring,
 * bounding set, groups and ids, ambient set, capset, no_new_privs; 11. a seccomp range filter (or --seccomp FILE),
 * exec; the status pipe's end of file says "running" in pod init, which passes the pidfd on.
 *
 * Modes:
 *   join   one container whose program ends at once joins the standing pod: steps 1 to 11, wait,
 *          rmdir of its cgroup;
 *   pod    a pod and three containers (or --members N) that sleep, cloned one after another and set up side by side,
 *          until all three run; then, outside the sample, killed and cleaned as below;
 *   kill   the same pod, but the sample is the end: cgroup.kill of the pod, reap pod init, rmdir all;
 *   many   the pod with --members N containers, once: start and end, printed;
 *   exec   a probe in a running container: an intermediate of pod init (CLONE_VM | CLONE_VFORK, not
 *          CLONE_FILES) does setns(pidfd: mount, pid, cgroup) and close_range; clone3(CLONE_PARENT) into a
 *          kept probe cgroup; session keyring, capabilities, no_new_privs, filter, exec; pod init waits for
 *          both and answers with the exit status.
 */
#include "tests/bench/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { MEMBERS = 3, MOST_MEMBERS = 4096, STACK_SIZE = 65536 };

/* What the supervisor asks of pod init, one byte a message. */
enum request { ASK_JOIN = 'j', ASK_ALL = 'a', ASK_SLEEPER = 's', ASK_EXEC = 'x' };

/* What pod init answers; started containers carry their pidfd beside it. */
struct answer {
	int status;               /* wait status, 0 for "running" */
	uint64_t spent;           /* nanoseconds inside pod init */
};

struct floor_pod {
	const char *program, *rootfs;
	char scratch[40], hiding[48];   /* directories to mount on */
	struct floor_view view;
	struct sock_fprog filter;
	int devices, direct;
	size_t members;           /* containers of a pod */
	int top_fd;               /* owned: this program's own group on cgroup2 */
	int pod_fd;               /* owned: the pod's cgroup */
	int init_fd;              /* owned: its leaf for pod init */
	int socket;               /* owned: this side of the pair */
	char pod[32];             /* the pod's cgroup, new for every pod */
	unsigned int pods;
	pid_t init;
};

/* A container as pod init knows it. */
struct member {
	int cgroup_fd, pidfd, running_fd;
	pid_t pid;
};

/* What an exec's intermediate is given and gives back; it shares pod init's memory. */
struct joiner {
	const struct floor_pod *f;
	int pidfd, cgroup_fd;
	volatile pid_t pid;
};

static char names[MOST_MEMBERS][8];   /* "c0", "c1", ... */

/* Steps 4 to 11 of a container. */
static void
member_child (const struct floor_pod *f, int status_fd, const char *arg)
{
	setsid ();
	floor_mounts_private ();
	if (f->rootfs != NULL)
		floor_root_bind (f->rootfs);
	else
		floor_root_hostview (&f->view, f->hiding, f->scratch);
	floor_mount_defaults ();
	floor_mask_paths (1);
	floor_pivot ();
	if (status_fd != 3)
		floor_try (dup3 (status_fd, 3, O_CLOEXEC), "dup3");
	floor_try (close_range (4, ~0u, 0), "close_range");
	floor_confine (FLOOR_CAPS_ENGINE, &f->filter);
	floor_exec (f->program, arg);
}

/* Steps 1 to 3; the container is on its way when it returns. arg: NULL, or the program's argument. */
static void
member_start (const struct floor_pod *f, struct member *m, const char *name, const char *arg)
{
	int status[2];

	m->cgroup_fd = floor_cgroup_make (f->pod_fd, name);
	if (f->devices)
		floor_devices_attach (m->cgroup_fd);
	floor_try (pipe2 (status, O_CLOEXEC), "pipe2");
	m->pid = floor_clone (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP, SIGCHLD, m->cgroup_fd, &m->pidfd);
	if (m->pid == 0)
		member_child (f, status[1], arg);
	close (status[1]);
	m->running_fd = status[0];
}

/* Waits until the program has been executed. */
static void
member_await (struct member *m)
{
	char byte;

	floor_try (read (m->running_fd, &byte, 1), "status pipe");
	close (m->running_fd);
}

/* One message to the supervisor, with a descriptor unless fd is -1. */
static void
answer_send (int socket, const struct answer *answer, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE (sizeof (int))];
	} control;
	struct iovec part = { (void *) (uintptr_t) answer, sizeof (*answer) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd >= 0) {
		memset (&control, 0, sizeof (control));
		message.msg_control = &control;
		message.msg_controllen = sizeof (control);
		c = CMSG_FIRSTHDR (&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN (sizeof (int));
		memcpy (CMSG_DATA (c), &fd, sizeof (int));
	}
	floor_try (sendmsg (socket, &message, MSG_NOSIGNAL), "answer");
}

/* Takes one message from pod init and closes the descriptor that came with it. */
static struct answer
answer_take (int socket)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE (sizeof (int))];
	} control;
	struct answer answer;
	struct iovec part = { &answer, sizeof (answer) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof (control),
	};
	struct cmsghdr *c;
	int fd;

	if (floor_try (recvmsg (socket, &message, MSG_CMSG_CLOEXEC), "take an answer") != (ssize_t) sizeof (answer)) {
		fputs ("floor: pod init has ended\n", stderr);
		_exit (1);
	}
	c = CMSG_FIRSTHDR (&message);
	if (c != NULL && c->cmsg_type == SCM_RIGHTS) {
		memcpy (&fd, CMSG_DATA (c), sizeof (fd));
		close (fd);
	}
	return answer;
}

/* The whole life of one container. */
static void
serve_join (const struct floor_pod *f)
{
	struct answer answer = { .spent = floor_now () };
	struct member m;

	member_start (f, &m, names[0], NULL);
	member_await (&m);
	if (!f->direct)
		answer_send (f->socket, &answer, m.pidfd);
	answer.status = floor_reap (m.pid);
	close (m.pidfd);
	close (m.cgroup_fd);
	floor_cgroup_remove (f->pod_fd, names[0]);
	answer.spent = floor_now () - answer.spent;
	answer_send (f->socket, &answer, -1);
}

/* Starts count sleepers side by side; one answer each. m: count entries. */
static void
serve_sleepers (const struct floor_pod *f, struct member *m, size_t count)
{
	struct answer answer = { 0, 0 };
	size_t i;

	for (i = 0; i < count; i++)
		member_start (f, &m[i], names[i], "sleep");
	for (i = 0; i < count; i++) {
		member_await (&m[i]);
		answer_send (f->socket, &answer, m[i].pidfd);
	}
}

/* The intermediate of an exec. data: struct joiner. */
static int
joiner_run (void *data)
{
	struct joiner *j = data;

	floor_try (setns (j->pidfd, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP), "setns");
	if (j->cgroup_fd != 3)
		floor_try (dup3 (j->cgroup_fd, 3, O_CLOEXEC), "dup3");
	floor_try (close_range (4, ~0u, 0), "close_range");
	j->pid = floor_clone (CLONE_PARENT, 0, 3, NULL);
	if (j->pid == 0) {
		setsid ();
		floor_confine (FLOOR_CAPS_ENGINE, &j->f->filter);
		floor_exec (j->f->program, NULL);
	}
	_exit (0);
}

/* One probe in the container m. */
static void
serve_exec (const struct floor_pod *f, const struct member *m, int probe_fd)
{
	static char stack[STACK_SIZE] __attribute__ ((aligned (16)));
	struct joiner j = { .f = f, .pidfd = m->pidfd, .cgroup_fd = probe_fd };
	struct answer answer = { .spent = floor_now () };
	pid_t intermediate;

	intermediate = (pid_t) floor_try (clone (joiner_run, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, &j),
	                                  "clone the intermediate");
	answer.status = floor_reap (intermediate);
	if (answer.status == 0)
		answer.status = floor_reap (j.pid);
	answer.spent = floor_now () - answer.spent;
	answer_send (f->socket, &answer, -1);
}

/* Pod init: set-up, then one request after another until the supervisor's end of the pair closes. */
static void
init_run (const struct floor_pod *f)
{
	struct answer ready = { 0, 0 };
	static struct member m[MOST_MEMBERS];
	int probe_fd = -1;
	char request;

	floor_loopback_up ();
	floor_mounts_private ();
	prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (f->rootfs == NULL)
		floor_view_layer (&f->view, f->hiding);
	answer_send (f->socket, &ready, -1);
	while (recv (f->socket, &request, 1, 0) == 1) {
		if (request == ASK_JOIN)
			serve_join (f);
		else if (request == ASK_ALL)
			serve_sleepers (f, m, f->members);
		else if (request == ASK_EXEC)
			serve_exec (f, &m[0], probe_fd);
		else {
			serve_sleepers (f, m, 1);
			probe_fd = floor_cgroup_make (m[0].cgroup_fd, "probe");
		}
	}
	_exit (0);
}

/* Makes the pod's cgroups and starts pod init, with the request that it is to carry out first (0: none). */
static void
pod_make (struct floor_pod *f, enum request first)
{
	char request = (char) first;
	int pair[2];

	snprintf (f->pod, sizeof (f->pod), "p%u", f->pods++);
	f->pod_fd = floor_cgroup_make (f->top_fd, f->pod);
	f->init_fd = floor_cgroup_make (f->pod_fd, "init");
	floor_try (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socketpair");
	f->init = floor_clone (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP,
	                       SIGCHLD, f->init_fd, NULL);
	if (f->init == 0) {
		close (pair[0]);
		f->socket = pair[1];
		init_run (f);
	}
	close (pair[1]);
	f->socket = pair[0];
	if (first != 0)
		floor_try (send (f->socket, &request, 1, MSG_NOSIGNAL), "ask");
	(void) answer_take (f->socket);
}

/* Kills everything in the pod at once and removes its cgroups. count: containers in it. */
static void
pod_end (struct floor_pod *f, size_t count, int probe)
{
	size_t i;
	int fd;

	fd = (int) floor_try (openat (f->pod_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC), "open cgroup.kill");
	floor_try (write (fd, "1", 1), "cgroup.kill");
	close (fd);
	(void) floor_reap (f->init);
	close (f->socket);
	close (f->init_fd);
	if (probe)
		floor_cgroup_remove (f->pod_fd, "c0/probe");
	for (i = 0; i < count; i++)
		floor_cgroup_remove (f->pod_fd, names[i]);
	floor_cgroup_remove (f->pod_fd, "init");
	close (f->pod_fd);
	floor_cgroup_remove (f->top_fd, f->pod);
}

/* Asks for one thing and takes answers answers. Returns the time that counts. */
static uint64_t
ask (const struct floor_pod *f, enum request what, int answers)
{
	uint64_t begin = floor_now ();
	struct answer last = { 0, 0 };
	char request = (char) what;

	floor_try (send (f->socket, &request, 1, MSG_NOSIGNAL), "ask");
	while (answers-- > 0)
		last = answer_take (f->socket);
	if (last.status != 0) {
		fprintf (stderr, "floor: the program ended with wait status %d\n", last.status);
		_exit (1);
	}
	return f->direct ? last.spent : floor_now () - begin;
}

/* One container, from asking to its removal. data: struct floor_pod. Returns nanoseconds. */
static uint64_t
once_join (void *data)
{
	const struct floor_pod *f = data;

	return ask (f, ASK_JOIN, f->direct ? 1 : 2);
}

/* One probe, from asking to its status. data: struct floor_pod. Returns nanoseconds. */
static uint64_t
once_exec (void *data)
{
	return ask (data, ASK_EXEC, 1);
}

/* A pod from nothing to three running containers; its end is not in the sample.
 * data: struct floor_pod. Returns nanoseconds. */
static uint64_t
once_pod (void *data)
{
	struct floor_pod *f = data;
	uint64_t begin = floor_now (), spent;
	size_t i;

	pod_make (f, ASK_ALL);
	for (i = 0; i < f->members; i++)
		(void) answer_take (f->socket);
	spent = floor_now () - begin;
	pod_end (f, f->members, 0);
	return spent;
}

/* The end of the same pod; its start is not in the sample. data: struct floor_pod. Returns nanoseconds. */
static uint64_t
once_kill (void *data)
{
	struct floor_pod *f = data;
	uint64_t begin;
	size_t i;

	pod_make (f, ASK_ALL);
	for (i = 0; i < f->members; i++)
		(void) answer_take (f->socket);
	begin = floor_now ();
	pod_end (f, f->members, 0);
	return floor_now () - begin;
}

/* A pod of many, once: prints what its start and its end took, a container, in microseconds. */
static void
many_print (struct floor_pod *f)
{
	uint64_t begin = floor_now ();
	size_t i;

	pod_make (f, ASK_ALL);
	for (i = 0; i < f->members; i++)
		(void) answer_take (f->socket);
	printf ("start_us %.3f\n", (double) (floor_now () - begin) / 1e3 / (double) f->members);
	begin = floor_now ();
	pod_end (f, f->members, 0);
	printf ("kill_us %.3f\n", (double) (floor_now () - begin) / 1e3 / (double) f->members);
}

/* Runs the mode's samples inside what they need around them. Returns 0, or 2 for an unknown mode. */
static int
run_mode (struct floor_pod *f, const char *mode)
{
	if (strcmp (mode, "pod") == 0)
		floor_serve (once_pod, f);
	else if (strcmp (mode, "kill") == 0)
		floor_serve (once_kill, f);
	else if (strcmp (mode, "many") == 0)
		many_print (f);
	else if (strcmp (mode, "join") == 0) {
		pod_make (f, 0);
		floor_serve (once_join, f);
		pod_end (f, 0, 0);
	} else if (strcmp (mode, "exec") == 0) {
		pod_make (f, ASK_SLEEPER);
		(void) answer_take (f->socket);
		floor_serve (once_exec, f);
		pod_end (f, 1, 1);
	} else
		return 2;
	return 0;
}

/* Reads the options behind the mode. Returns 0, or 2 for a wrong use. */
static int
options_read (struct floor_pod *f, int argc, char **argv)
{
	static const struct option options[] = {
		{ "root", required_argument, NULL, 'r' }, { "view", required_argument, NULL, 'v' }, { "seccomp", required_argument, NULL, 's' },
		{ "no-devices", no_argument, NULL, 'd' }, { "direct", no_argument, NULL, 'i' },
		{ "members", required_argument, NULL, 'm' }, { NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long (argc, argv, "+", options, NULL)) != -1) {
		if (c == 'r')
			f->rootfs = optarg;
		else if (c == 'v')
			floor_view_read (optarg, &f->view);
		else if (c == 's')
			floor_filter_read (optarg, &f->filter);
		else if (c == 'm')
			f->members = strtoul (optarg, NULL, 10);
		else if (c == 'd')
			f->devices = 0;
		else if (c == 'i')
			f->direct = 1;
		else
			return 2;
	}
	f->program = argv[optind];
	if (f->members > MOST_MEMBERS)
		return 2;
	return f->program == NULL || (f->rootfs == NULL && f->view.n == 0) ? 2 : 0;
}

int
main (int argc, char **argv)
{
	static struct floor_pod f = { .devices = 1, .members = MEMBERS, .scratch = "/tmp/cpod-bench-XXXXXX" };
	struct rlimit files;
	char group[64];
	int ret, root_fd;

	floor_filter_ranges (&f.filter);
	for (size_t i = 0; i < MOST_MEMBERS; i++)
		snprintf (names[i], sizeof (names[i]), "c%u", (unsigned int) i % 10000);
	if (getrlimit (RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void) setrlimit (RLIMIT_NOFILE, &files);
	}
	if (argc < 3 || options_read (&f, argc - 1, argv + 1) != 0)
		return 2;
	floor_try (mkdtemp (f.scratch) == NULL ? -1 : 0, "mkdtemp");
	snprintf (f.hiding, sizeof (f.hiding), "%.39s-h", f.scratch);
	floor_try (mkdir (f.hiding, 0700), f.hiding);
	snprintf (group, sizeof (group), "cpod-bench-%d", (int) getpid ());
	root_fd = floor_cgroup_root ();
	f.top_fd = floor_cgroup_make (root_fd, group);
	ret = run_mode (&f, argv[1]);
	floor_cgroup_remove (root_fd, group);
	rmdir (f.scratch);
	rmdir (f.hiding);
	return ret;
}
