/* A program that embeds pods and looks at itself: caller MODE ROOT.
 *
 * It notes everything that a library could change of its caller, runs pods through libcpod (init container, probe,
 * command, a signal, a stop, a failed start, a refused spec), and compares: before, in the middle (in the event
 * callback) and after. ROOT is a root directory with the static program /inside in it. Exit status 0 and silence on
 * success, else the difference. MODE:
 *   plain     one thread
 *   threads   eight threads at once, each with signals blocked, umask, directory and priority of its own
 *   ignored   SIGCHLD is ignored: the kernel reaps children at once
 *   stolen    another thread waits for every child that ends
 *   handled   handlers for SIGCHLD, SIGPIPE, SIGTERM and timers of the program's own go on
 */
#define _GNU_SOURCE
#include <cpod/cpod.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))

static const char *root;
static int said_fd;             /* the descriptors 1 and 2: a library that prints, prints into this */
static FILE *report;

__attribute__ ((format (printf, 2, 3), noreturn))
static void
fail (int line, const char *format, ...)
{
	va_list args;

	va_start (args, format);
	fprintf (report, "line %d: ", line);
	vfprintf (report, format, args);
	fputc ('\n', report);
	fflush (report);
	_exit (1);
}

#define HOLDS(condition) do { if (!(condition)) fail (__LINE__, "it does not hold that %s", #condition); } while (0)
#define DONE(call) do { if ((call) < 0) fail (__LINE__, "%s: %s", #call, err.message); } while (0)

/* ---- What is looked at ---- */

static void
add_link (FILE *text, const char *format, const char *name)
{
	char path[128], target[4096];
	ssize_t len;

	snprintf (path, sizeof (path), format, name);
	len = readlink (path, target, sizeof (target) - 1);
	target[len < 0 ? 0 : len] = '\0';
	fprintf (text, "%s %s\n", path, target);
}

/* The calling thread: where it stands, who it is, which signals it blocks. */
static void
look_at_thread (FILE *text)
{
	static const char *const namespaces[] = { "mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time", "pid_for_children" };
	static const char *const lines[] = {
		"Umask", "Tgid", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "SigCgt", "Cap", "NoNewPrivs", "Seccomp", "Threads:",
		"Cpus_allowed:", "Kthread", "CoreDumping", "NSpid",
	};
	char line[1024];
	FILE *status = fopen ("/proc/thread-self/status", "re");
	struct sched_param priority;

	add_link (text, "/proc/thread-self/%s", "cwd");
	add_link (text, "/proc/thread-self/%s", "root");
	for (size_t i = 0; i < N_ELEMENTS (namespaces); i++)
		add_link (text, "/proc/thread-self/ns/%s", namespaces[i]);
	while (status && fgets (line, sizeof (line), status))
		for (size_t i = 0; i < N_ELEMENTS (lines); i++)
			if (strncmp (line, lines[i], strlen (lines[i])) == 0)
				fputs (line, text);
	if (status)
		fclose (status);
	sched_getparam (0, &priority);
	fprintf (text, "scheduler %d %d nice %d personality %x keep-caps %d securebits %d\n", sched_getscheduler (0),
	         priority.sched_priority, getpriority (PRIO_PROCESS, 0), (unsigned int) personality (0xffffffff),
	         prctl (PR_GET_KEEPCAPS), prctl (PR_GET_SECUREBITS));
}

/* The process: dispositions, limits, environment, mounts, flags. */
static void
look_at_process (FILE *text)
{
	char line[4096];
	FILE *mounts = fopen ("/proc/self/mountinfo", "re");
	struct itimerval timer;
	int reaper = 0, death = 0;

	for (int number = 1; number <= 64; number++) {
		unsigned long action[4] = { 0 };

		syscall (SYS_rt_sigaction, number, NULL, action, 8);
		fprintf (text, "signal %d: %lx %lx %lx\n", number, action[0], action[1], action[3]);
	}
	for (int limit = 0; limit < RLIM_NLIMITS; limit++) {
		struct rlimit value = { 0, 0 };

		getrlimit ((__rlimit_resource_t) limit, &value);
		fprintf (text, "limit %d: %lu %lu\n", limit, (unsigned long) value.rlim_cur, (unsigned long) value.rlim_max);
	}
	for (char **variable = environ; *variable; variable++)
		fprintf (text, "%s\n", *variable);
	while (mounts && fgets (line, sizeof (line), mounts))
		if (!strstr (line, "/run/netns"))
			fputs (line, text);
	if (mounts)
		fclose (mounts);
	getitimer (ITIMER_REAL, &timer);
	prctl (PR_GET_CHILD_SUBREAPER, &reaper);
	prctl (PR_GET_PDEATHSIG, &death);
	fprintf (text, "dumpable %d subreaper %d death signal %d timer %d session %d group %d locale %s\n",
	         prctl (PR_GET_DUMPABLE), reaper, death, timer.it_interval.tv_sec != 0, (int) getsid (0), (int) getpgrp (),
	         setlocale (LC_ALL, NULL));
	add_link (text, "/proc/self/%s", "exe");
}

/* The descriptors, each with what it is and its flags. */
static void
look_at_descriptors (FILE *text)
{
	DIR *dir = opendir ("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir (dir))) {
		int fd = atoi (entry->d_name);
		char path[64];

		if (entry->d_name[0] == '.' || fd == dirfd (dir))
			continue;
		snprintf (path, sizeof (path), "/proc/self/fd/%d", fd);
		add_link (text, "%s", path);
		fprintf (text, "flags %d %x\n", fcntl (fd, F_GETFD), (unsigned int) fcntl (fd, F_GETFL));
	}
	if (dir)
		closedir (dir);
}

/* All of it as text, for free; descriptors: these too. */
static char *
look (int descriptors)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream (&text, &len);

	look_at_thread (stream);
	look_at_process (stream);
	fclose (stream);   /* before the descriptors are counted */
	if (descriptors) {
		char *all = NULL;

		stream = open_memstream (&all, &len);
		fputs (text, stream);
		look_at_descriptors (stream);
		fclose (stream);
		free (text);
		text = all;
	}
	return text;
}

/* Fails with the first lines that differ. */
static void
compare (int line, const char *before, const char *after)
{
	size_t at = 0;

	if (strcmp (before, after) == 0)
		return;
	while (before[at] == after[at])
		at++;
	while (at > 0 && before[at - 1] != '\n')
		at--;
	fail (line, "before: %.*s\nafter: %.*s", (int) strcspn (before + at, "\n"), before + at, (int) strcspn (after + at, "\n"), after + at);
}

/* ---- Pods ---- */

struct watch { const char *before; unsigned int n_events; };

static void
on_event (void *data, const struct cpod_event *event)
{
	struct watch *watch = data;
	char *now = look (0);

	(void) event;
	compare (__LINE__, watch->before, now);
	free (now);
	watch->n_events++;
}

static int n_done_code;
static _Thread_local int done_code;

static void
on_done (void *data, const struct cpod_rt_exit *exit, const struct cpod_error *error)
{
	(void) data;
	(void) error;
	done_code = exit->code;
	n_done_code++;
}

/* Dispatches until the condition holds, for 20 seconds. */
#define UNTIL(condition) \
	do { \
		struct pollfd until_fd = { .fd = cpod_pod_fd (pod), .events = POLLIN }; \
		for (int until_n = 0; !(condition); until_n++) { \
			if (until_n > 200) \
				fail (__LINE__, "it never held that %s", #condition); \
			(void) poll (&until_fd, 1, 100); \
			DONE (cpod_pod_dispatch (pod, &err)); \
		} \
	} while (0)

static const struct cpod_container_status *
status_of (struct cpod_pod *pod, size_t index)
{
	const struct cpod_status *status;

	HOLDS (cpod_pod_status (pod, &status, NULL) == 0);
	return &status->containers[index];
}

/* One pod, with all that happens in one. */
static void
run_pod (struct watch *watch)
{
	static const char *const argv[] = { "/inside", "exit", "9", NULL };
	const struct cpod_exec_options command = {
		.size = sizeof (command), .argv = argv, .stdio_fd = { -1, -1, -1 }, .done = on_done,
	};
	const struct cpod_pod_options options = { .size = sizeof (options), .event = on_event, .data = watch };
	struct cpod_error err = { 0 };
	struct cpod_spec *spec;
	struct cpod_pod *pod;
	char text[2048];

	snprintf (text, sizeof (text),
	          "{\"initContainers\": [{\"spec\": {\"root\": {\"path\": \"%s\"}, \"process\": {\"args\": [\"/inside\", \"exit\", \"0\"]}}}],"
	          "\"containers\": [{\"name\": \"a\", \"spec\": {\"root\": {\"path\": \"%s\"}, \"process\": {\"args\": [\"/inside\", \"sleep\"]}},"
	          "\"livenessProbe\": {\"exec\": [\"/inside\", \"exit\", \"0\"], \"periodSeconds\": 1}},"
	          "{\"name\": \"b\", \"spec\": {\"root\": {\"path\": \"%s\"}, \"process\": {\"args\": [\"/inside\", \"exit\", \"7\"]}}},"
	          "{\"name\": \"c\", \"spec\": {\"root\": {\"path\": \"%s\"}, \"process\": {\"args\": [\"/no-such-program\"]}}}]}",
	          root, root, root, root);
	DONE (cpod_spec_parse ("pod", text, strlen (text), NULL, &spec, &err));
	DONE (cpod_pod_create (spec, &options, &pod, &err));
	cpod_spec_destroy (spec);
	DONE (cpod_pod_start (pod, &err));
	UNTIL (status_of (pod, 1)->running && status_of (pod, 2)->ended && status_of (pod, 3)->ended);
	HOLDS (status_of (pod, 0)->exit.code == 0 && status_of (pod, 2)->exit.code == 7 && !(status_of (pod, 2)->exit.flags & CPOD_RT_EXIT_LOST));
	done_code = -1;
	DONE (cpod_pod_exec (pod, "a", &command, NULL, &err));
	UNTIL (done_code == 9);
	UNTIL (status_of (pod, 1)->probes[CPOD_PROBE_LIVENESS].attempts >= 1);
	HOLDS (status_of (pod, 1)->probes[CPOD_PROBE_LIVENESS].failures == 0);
	DONE (cpod_pod_kill (pod, "a", SIGUSR1, &err));
	DONE (cpod_pod_stop (pod, 100, &err));
	DONE (cpod_pod_run (pod, &err));
	HOLDS (status_of (pod, 1)->exit.signal == SIGKILL || status_of (pod, 1)->exit.signal == SIGUSR1);
	cpod_pod_destroy (pod);
	HOLDS (cpod_spec_parse ("bad", "{\"containers\": [{\"nam\": 1}]}", 29, NULL, &spec, &err) < 0 && err.message[0]);
}

/* Looks, runs two pods, looks again. descriptors: nobody else opens any. */
static void
live (int descriptors)
{
	struct watch watch = { look (0), 0 };
	char *before = look (descriptors), *after;

	run_pod (&watch);
	run_pod (&watch);
	HOLDS (watch.n_events > 10);
	after = look (descriptors);
	compare (__LINE__, before, after);
	free (before);
	free (after);
	free ((char *) watch.before);
}

/* ---- Modes ---- */

static void *
thread (void *data)
{
	const int number = (int) (size_t) data;
	char path[32];
	sigset_t blocked;

	/* Of its own: directory and umask, signals, priority. */
	snprintf (path, sizeof (path), "/proc/%d", (int) getpid ());
	HOLDS (unshare (CLONE_FS) == 0 && chdir (number % 2 ? "/usr" : path) == 0);
	umask ((mode_t) (number * 9));
	sigemptyset (&blocked);
	sigaddset (&blocked, SIGRTMIN + number);
	pthread_sigmask (SIG_BLOCK, &blocked, NULL);
	setpriority (PRIO_PROCESS, (id_t) gettid (), number);
	live (0);
	return NULL;
}

static pthread_barrier_t together;

static void *
thread_with_others (void *data)
{
	pthread_barrier_wait (&together);   /* so that each sees the same number of threads */
	thread (data);
	pthread_barrier_wait (&together);
	return NULL;
}

static void *
nothing (void *data)
{
	return data;
}

static void
eight_threads (void)
{
	pthread_t threads[8];
	char *before, *after;

	HOLDS (pthread_create (&threads[0], NULL, nothing, NULL) == 0);   /* the C library's own handler comes with the first */
	pthread_join (threads[0], NULL);
	before = look (1);
	pthread_barrier_init (&together, NULL, 8);
	for (size_t i = 0; i < 8; i++)
		HOLDS (pthread_create (&threads[i], NULL, thread_with_others, (void *) i) == 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join (threads[i], NULL);
	after = look (1);
	compare (__LINE__, before, after);
	free (before);
	free (after);
}

static void *
steal (void *data)
{
	(void) data;
	for (;;)
		if (waitpid (-1, NULL, __WALL) < 0)
			usleep (1000);
	return NULL;
}

static atomic_int n_alarms;

static void
on_signal (int number)
{
	if (number == SIGALRM)
		n_alarms++;
}

static void
with_handlers (void)
{
	static const int numbers[] = { SIGCHLD, SIGPIPE, SIGTERM, SIGINT, SIGALRM, SIGUSR1 };
	const struct itimerval timer = { { 0, 5000 }, { 0, 5000 } }, none = { { 0, 0 }, { 0, 0 } };

	for (size_t i = 0; i < N_ELEMENTS (numbers); i++)
		sigaction (numbers[i], &(struct sigaction) { .sa_handler = on_signal, .sa_flags = i % 2 ? SA_RESTART : 0 }, NULL);
	setitimer (ITIMER_REAL, &timer, NULL);
	live (1);
	setitimer (ITIMER_REAL, &none, NULL);
	HOLDS (n_alarms > 1);
}

int
main (int argc, char **argv)
{
	const char *mode = argc == 3 ? argv[1] : "";
	pthread_t thief;
	struct stat said;

	root = argc == 3 ? argv[2] : "";
	report = fdopen (fcntl (2, F_DUPFD_CLOEXEC, 10), "w");
	said_fd = memfd_create ("said", MFD_CLOEXEC);
	if (dup2 (said_fd, 1) < 0 || dup2 (said_fd, 2) < 0 || chdir ("/usr") < 0)
		return 2;
	umask (0137);
	setenv ("CALLER", "as it is", 1);
	if (strcmp (mode, "plain") == 0)
		live (1);
	else if (strcmp (mode, "threads") == 0)
		eight_threads ();
	else if (strcmp (mode, "ignored") == 0 && signal (SIGCHLD, SIG_IGN) != SIG_ERR)
		live (1);
	else if (strcmp (mode, "stolen") == 0 && pthread_create (&thief, NULL, steal, NULL) == 0)
		live (1);
	else if (strcmp (mode, "handled") == 0)
		with_handlers ();
	else
		fail (__LINE__, "unknown mode");
	HOLDS (fstat (said_fd, &said) == 0 && said.st_size == 0);
	HOLDS (waitpid (-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD);
	return 0;
}
