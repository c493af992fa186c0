/* Many pods, and pods of many containers, through the library: bench-scale MODE ARGUMENTS... Prints lines
 * of a key and a number, or serves samples (start).
 *
 *   start PROGRAM                   served: a pod of one container, from its text to its end and removal, as
 *                                   `cpod run` does in a process of its own
 *   hosted PODS N PROGRAM           PODS pods of N sleeping containers in this program, started without a pause, two
 *                                   at once for each processor
 *   supervised PODS N PROGRAM CPOD DIR   the same, each under a `cpod run` of its own; DIR is for their state
 *   many N PROGRAM                  one pod of N sleeping containers: start, kill
 *   probed PODS N SECONDS PROGRAM   PODS pods of N containers, each with a probe a second
 *   asked SECONDS PROGRAM MODULES   one pod: a server, and ten containers that each ask it over HTTP 100 times a second
 *   bare N PROGRAM                  fork, exec and wait of what the probe runs, N times
 *
 * PROGRAM is scale-program: it sleeps, or prints the time and ends.
 *
 * Memory is the proportional set size of the supervisors and the pod inits, without what the containers run. Pages
 * that processes share count in parts; page tables do not count there, and are given beside it. Idle is counted in
 * context switches of all these processes in ten seconds. CPU is what the kernel counts for this process and for
 * the pods' cgroup, probes that have ended included.
 *
 * Lateness: a probe is due once a second from its container's start. Its program says when it runs (CLOCK_MONOTONIC);
 * what lies beyond the container's own best attempt plus whole seconds is late.
 */
#include "tests/bench/floor.h"
#include "tests/bench/scale-proc.h"

#include "src/base/module.h"

#include <cpod/cpod.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define S_NS UINT64_C (1000000000)
enum { IDLE_S = 10 };

/* One pod of this program's. */
struct scale_pod {
	struct cpod_pod *pod;
	int ended;
};

struct host {
	int epoll_fd;
	struct scale_pod *pods;
	size_t n, n_containers;
	char group[64];                /* of all pods, below the cgroup2 mount */
	size_t n_started, n_ended;     /* containers, pods */
	int ending;                    /* what is killed is no news any more */
};

/* Ends the program when ret is negative. */
static void
check (int ret, const struct cpod_error *err, const char *step)
{
	if (ret >= 0)
		return;
	fprintf (stderr, "bench-scale: %s: %s\n", step, err != NULL ? err->message : strerror (-ret));
	exit (1);
}

static void
print (const char *key, double value)
{
	printf ("%s %.3f\n", key, value);
	fflush (stdout);
}

/* ---- The host program ---- */

static struct host host = { .epoll_fd = -1 };

static void
on_event (void *data, const struct cpod_event *event)
{
	struct scale_pod *pod = data;

	if (event->type == CPOD_EVENT_STARTED)
		host.n_started++;
	else if (event->type == CPOD_EVENT_ENDED) {
		pod->ended = 1;
		host.n_ended++;
	} else if (event->type == CPOD_EVENT_ERROR && !host.ending)
		fprintf (stderr, "bench-scale: %s: %s\n", event->container, event->message);
}

/* CPU time of a usage, in microseconds. */
static uint64_t
usage_us (const struct rusage *usage)
{
	return (uint64_t) (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000u
		+ (uint64_t) (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

/* CPU of this program and its pods, in microseconds. */
static uint64_t
cpu_us (void)
{
	struct rusage self;

	(void) getrusage (RUSAGE_SELF, &self);
	return usage_us (&self) + cgroup_cpu_us (host.group);
}

/* The text of a pod of n containers. Owned by the caller. */
static char *
pod_text (const char *name, size_t n, const char *program, const char *arg, int probed)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream (&text, &size);

	fprintf (out, "{\"metadata\":{\"name\":\"%s\"},\"containers\":[", name);
	for (size_t i = 0; i < n; i++) {
		fprintf (out, "%s{\"name\":\"c%zu\",\"spec\":{\"process\":{\"args\":[\"%s\"%s%s%s]}}", i > 0 ? "," : "", i,
		         program, arg != NULL ? ",\"" : "", arg != NULL ? arg : "", arg != NULL ? "\"" : "");
		if (probed)
			fprintf (out, ",\"livenessProbe\":{\"exec\":[\"%s\",\"time\"],\"periodSeconds\":1,"
			         "\"timeoutSeconds\":5}", program);
		fputc ('}', out);
	}
	fputs ("]}", out);
	fclose (out);
	return text;
}

/* Makes and starts a pod from its text. */
static void
pod_start (struct scale_pod *pod, const char *text)
{
	const struct cpod_pod_options options = { .size = sizeof (options), .cgroup_parent = host.group, .event = on_event,
	                                          .data = pod };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = pod };
	struct cpod_spec *spec;
	struct cpod_error err;

	check (cpod_spec_parse ("bench", text, strlen (text), NULL, &spec, &err), &err, "parse");
	check (cpod_pod_create (spec, &options, &pod->pod, &err), &err, "create");
	cpod_spec_destroy (spec);
	check (epoll_ctl (host.epoll_fd, EPOLL_CTL_ADD, cpod_pod_fd (pod->pod), &event), NULL, "epoll_ctl");
	check (cpod_pod_start (pod->pod, &err), &err, "start");
}

/* Lets the pods work for at most timeout_ms (-1: until something happens). 0 when what has happened is no pod's. */
static int
turn (int timeout_ms)
{
	struct epoll_event events[64];
	struct cpod_error err;
	int n = epoll_wait (host.epoll_fd, events, 64, timeout_ms), pods_only = 1;

	for (int i = 0; i < n; i++) {
		struct scale_pod *pod = events[i].data.ptr;

		if (pod != NULL)
			check (cpod_pod_dispatch (pod->pod, &err), &err, "dispatch");
		pods_only = pods_only && pod != NULL;
	}
	return pods_only;
}

/* Prepares for n pods. */
static void
host_begin (size_t n, size_t n_containers)
{
	struct rlimit files;

	if (getrlimit (RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void) setrlimit (RLIMIT_NOFILE, &files);
	}
	snprintf (host.group, sizeof (host.group), "cpod-bench-%d", (int) getpid ());
	host.epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
	host.pods = calloc (n, sizeof (*host.pods));
	if (host.epoll_fd < 0 || host.pods == NULL)
		abort ();
	host.n = n;
	host.n_containers = n_containers;
}

/* Starts the pods, at_once of them at the same time, and waits until all containers run. pause_ms: between two. */
static void
host_start (const char *program, int probed, size_t at_once, int pause_ms)
{
	char name[32], *text;

	for (size_t i = 0; i < host.n; i++) {
		const uint64_t end_ns = floor_now () + (uint64_t) pause_ms * 1000000u;

		snprintf (name, sizeof (name), "bench-%zu", i);
		text = pod_text (name, host.n_containers, program, "sleep", probed);
		pod_start (&host.pods[i], text);
		free (text);
		while (host.n_ended == 0 && host.n_started + (at_once - 1) * host.n_containers < (i + 1) * host.n_containers)
			(void) turn (-1);
		for (uint64_t now_ns; (now_ns = floor_now ()) < end_ns;)
			(void) turn ((int) ((end_ns - now_ns) / 1000000u));
	}
	while (host.n_ended == 0 && host.n_started < host.n * host.n_containers)
		(void) turn (-1);
	if (host.n_started != host.n * host.n_containers)
		check (-ECHILD, NULL, "not every container runs");
}

/* How many pods are started at the same time. */
static size_t
at_once (void)
{
	return 2 * (size_t) sysconf (_SC_NPROCESSORS_ONLN);
}

/* Kills everything and removes the pods. */
static void
host_end (void)
{
	struct cpod_error err;

	host.ending = 1;
	for (size_t i = 0; i < host.n; i++)
		check (cpod_pod_kill (host.pods[i].pod, NULL, SIGKILL, &err), &err, "kill");
	while (host.n_ended < host.n)
		(void) turn (-1);
	for (size_t i = 0; i < host.n; i++)
		cpod_pod_destroy (host.pods[i].pod);
}

/* Gives the group and all memory back. */
static void
host_finish (void)
{
	floor_cgroup_remove (floor_cgroup_root (), host.group);
	close (host.epoll_fd);
	free (host.pods);
}

/* Counts what the processes use while nothing happens, and prints it a pod. A process of its own does it, since this
 * one may be among them: it sleeps in its loop meanwhile. */
static void
print_idle (const struct pids *pids, size_t n_pods)
{
	struct epoll_event event = { .events = EPOLLIN };
	uint64_t before;
	int ends[2];
	pid_t pid;

	check (pipe2 (ends, O_CLOEXEC), NULL, "pipe2");
	pid = fork ();
	if (pid == 0) {
		(void) poll (NULL, 0, 1000);
		print ("pss_kb", (double) pids_pss_kb (pids) / (double) n_pods);
		print ("page_tables_kb", (double) pids_page_tables_kb (pids) / (double) n_pods);
		before = pids_switches (pids);
		(void) poll (NULL, 0, IDLE_S * 1000);
		print ("idle_switches", (double) (pids_switches (pids) - before));
		_exit (0);
	}
	close (ends[1]);
	event.data.ptr = NULL;
	check (epoll_ctl (host.epoll_fd, EPOLL_CTL_ADD, ends[0], &event), NULL, "epoll_ctl");
	while (turn (-1))
		;
	close (ends[0]);
	(void) waitpid (pid, NULL, 0);
}

static int
run_hosted (char **argv)
{
	struct pids pids = { 0 };
	uint64_t begin_ns;

	host_begin ((size_t) atoi (argv[0]), (size_t) atoi (argv[1]));
	begin_ns = floor_now ();
	host_start (argv[2], 0, at_once (), 0);
	print ("pods_per_s", (double) host.n * 1e9 / (double) (floor_now () - begin_ns));
	pids_add (&pids, getpid ());
	pids_add_children (&pids, getpid ());
	print_idle (&pids, host.n);
	begin_ns = floor_now ();
	host_end ();
	print ("end_ms", (double) (floor_now () - begin_ns) / 1e6 / (double) host.n);
	pids_finish (&pids);
	host_finish ();
	return 0;
}

/* ---- Supervisors ---- */

/* Starts `cpod run FILE` as the pod name; what it says goes to errors_fd. */
static pid_t
supervisor_start (const char *cpod, const char *name, const char *file, int errors_fd)
{
	pid_t pid = fork ();

	if (pid == 0) {
		int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

		(void) prctl (PR_SET_PDEATHSIG, SIGTERM);
		(void) dup2 (null, 0);
		(void) dup2 (null, 1);
		(void) dup2 (errors_fd, 2);
		execl (cpod, cpod, "run", "--name", name, file, (char *) NULL);
		_exit (127);
	}
	check (pid < 0 ? -errno : 0, NULL, "fork");
	return pid;
}

/* Whether the supervisor's pod init, put into *init, has n children that execute what they are to. */
static int
supervisor_runs (pid_t pid, size_t n, const char *program, pid_t *init)
{
	struct pids children = { 0 };
	size_t n_run = 0;

	if (*init == 0) {
		pids_add_children (&children, pid);
		*init = children.n == 1 ? children.items[0] : 0;
		pids_finish (&children);
	}
	if (*init == 0)
		return 0;
	pids_add_children (&children, *init);
	for (size_t i = 0; i < children.n; i++) {
		char path[64], exe[256];
		ssize_t len;

		snprintf (path, sizeof (path), "/proc/%d/exe", (int) children.items[i]);
		len = readlink (path, exe, sizeof (exe) - 1);
		exe[len > 0 ? len : 0] = '\0';
		n_run += strcmp (exe, program) == 0;
	}
	pids_finish (&children);
	return n_run == n;
}

/* Starts all supervisors, some at once. pids gets them and their pod inits. */
static void
supervisors_start (char **argv, size_t n_pods, size_t n, const char *file, struct pids *pids)
{
	char errors[300];
	int errors_fd;
	const size_t most = at_once ();
	size_t begun = 0, waiting = 0;
	char name[32];

	snprintf (errors, sizeof (errors), "%s/errors", argv[4]);
	errors_fd = open (errors, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	for (size_t running = 0; running < n_pods;) {
		while (begun < n_pods && begun - running < most) {
			snprintf (name, sizeof (name), "bench-%zu", begun++);
			pids_add (pids, supervisor_start (argv[3], name, file, errors_fd));
			pids_add (pids, 0);
		}
		if (supervisor_runs (pids->items[2 * running], n, argv[2], &pids->items[2 * running + 1])) {
			running++;
			waiting = 0;
			continue;
		}
		if (++waiting > 50000 || waitpid (pids->items[2 * running], NULL, WNOHANG) != 0)
			check (-ECHILD, NULL, "a supervisor does not run its pod");
		(void) usleep (200);
	}
	close (errors_fd);
}

static int
run_supervised (char **argv)
{
	const size_t n_pods = (size_t) atoi (argv[0]), n = (size_t) atoi (argv[1]);
	char file[300], *text = pod_text ("bench", n, argv[2], "sleep", 0);
	struct pids pids = { 0 };
	uint64_t begin_ns;
	FILE *out;

	host.epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
	snprintf (file, sizeof (file), "%s/pod.json", argv[4]);
	setenv ("CPOD_STATE_DIR", argv[4], 1);
	out = fopen (file, "we");
	if (out == NULL || fputs (text, out) < 0 || fclose (out) != 0)
		check (-errno, NULL, file);
	free (text);
	begin_ns = floor_now ();
	supervisors_start (argv, n_pods, n, file, &pids);
	print ("pods_per_s", (double) n_pods * 1e9 / (double) (floor_now () - begin_ns));
	print_idle (&pids, n_pods);
	begin_ns = floor_now ();
	for (size_t i = 0; i < n_pods; i++)
		(void) kill (pids.items[2 * i], SIGTERM);
	for (size_t i = 0; i < n_pods; i++)
		(void) waitpid (pids.items[2 * i], NULL, 0);
	print ("end_ms", (double) (floor_now () - begin_ns) / 1e6 / (double) n_pods);
	pids_finish (&pids);
	return 0;
}

/* ---- One pod of many ---- */

static int
run_many (char **argv)
{
	uint64_t begin_ns, begin_cpu_us;
	double n;

	host_begin (1, (size_t) atoi (argv[0]));
	n = (double) host.n_containers;
	begin_ns = floor_now ();
	host_start (argv[1], 0, 1, 0);
	print ("start_us", (double) (floor_now () - begin_ns) / 1e3 / n);
	begin_cpu_us = cpu_us ();
	print ("start_cpu_us", (double) begin_cpu_us / n);
	begin_ns = floor_now ();
	host_end ();
	print ("kill_us", (double) (floor_now () - begin_ns) / 1e3 / n);
	print ("kill_cpu_us", (double) (cpu_us () - begin_cpu_us) / n);
	host_finish ();
	return 0;
}

/* One pod of one container, from text to nothing. data: the text. Returns nanoseconds. */
static uint64_t
once_start (void *data)
{
	const uint64_t begin_ns = floor_now ();

	host_begin (1, 1);
	pod_start (&host.pods[0], data);
	while (!host.pods[0].ended)
		(void) turn (-1);
	cpod_pod_destroy (host.pods[0].pod);
	close (host.epoll_fd);
	free (host.pods);
	return floor_now () - begin_ns;
}

static int
run_start (char **argv)
{
	char *text = pod_text ("bench", 1, argv[0], NULL, 0);

	floor_serve (once_start, text);
	floor_cgroup_remove (floor_cgroup_root (), host.group);
	free (text);
	return 0;
}

/* ---- Probes ---- */

/* When the probes of one container ran. */
struct track {
	uint32_t seen;                  /* attempts */
	size_t n;
	uint64_t *times_ns;             /* owned */
};

/* Takes what new attempts have printed. */
static void
look (struct track *tracks, size_t most)
{
	const struct cpod_status *status;

	for (size_t i = 0; i < host.n; i++) {
		check (cpod_pod_status (host.pods[i].pod, &status, NULL), NULL, "status");
		for (size_t c = 0; c < status->n_containers; c++) {
			const struct cpod_probe_status *probe = &status->containers[c].probes[CPOD_PROBE_LIVENESS];
			struct track *track = &tracks[i * host.n_containers + c];

			if (probe->attempts == track->seen)
				continue;
			track->seen = probe->attempts;
			if (track->n < most)
				track->times_ns[track->n++] = strtoull (probe->last_output, NULL, 10);
		}
	}
}

static int
by_value (const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;

	return (left > right) - (left < right);
}

/* How many seconds of a track have no attempt. */
static size_t
missing (const struct track *track)
{
	if (track->n == 0)
		return 1;
	return (size_t) ((track->times_ns[track->n - 1] - track->times_ns[0] + S_NS / 2) / S_NS) + 1 - track->n;
}

/* Puts the lateness of each attempt of a track into late; the number of them. */
static size_t
lateness (const struct track *track, uint64_t *late)
{
	uint64_t best = UINT64_MAX;

	for (size_t i = 0; i < track->n; i++) {
		/* Phases lie on a circle of one second; measured from half a second before the first. */
		late[i] = (track->times_ns[i] - track->times_ns[0] + S_NS / 2) % S_NS;
		best = late[i] < best ? late[i] : best;
	}
	for (size_t i = 0; i < track->n; i++)
		late[i] -= best;
	return track->n;
}

static int
run_probed (char **argv)
{
	const int seconds = atoi (argv[2]);
	const size_t most = (size_t) seconds + 60;
	struct track *tracks;
	uint64_t *late, begin_us, end_ns;
	size_t n_late = 0, n_missing = 0, n_tracks;

	host_begin ((size_t) atoi (argv[0]), (size_t) atoi (argv[1]));
	n_tracks = host.n * host.n_containers;
	tracks = calloc (n_tracks, sizeof (*tracks));
	late = calloc (n_tracks * most, sizeof (*late));
	if (tracks == NULL || late == NULL)
		abort ();
	for (size_t i = 0; i < n_tracks; i++)
		tracks[i].times_ns = calloc (most, sizeof (uint64_t));
	host_start (argv[3], 1, 1, 1000 / atoi (argv[0]));
	(void) turn (500);
	look (tracks, 0);
	begin_us = cpu_us ();
	end_ns = floor_now () + (uint64_t) seconds * S_NS;
	for (uint64_t look_ns = floor_now (); floor_now () < end_ns;) {
		(void) turn (100);
		if (floor_now () < look_ns)
			continue;
		look (tracks, most);
		look_ns = floor_now () + S_NS * 2 / 5;
	}
	look (tracks, most);
	begin_us = cpu_us () - begin_us;
	for (size_t i = 0; i < n_tracks; i++) {
		n_late += lateness (&tracks[i], late + n_late);
		n_missing += missing (&tracks[i]);
	}
	qsort (late, n_late, sizeof (*late), by_value);
	print ("attempts", (double) n_late);
	print ("missed", (double) n_missing);
	print ("late_p50_ms", (double) late[n_late / 2] / 1e6);
	print ("late_p99_ms", (double) late[n_late * 99 / 100] / 1e6);
	print ("cpu_us", (double) begin_us / (double) n_late);
	host_end ();
	host_finish ();
	return 0;
}

/* What the probes of a pod have done so far. */
static uint64_t
attempts (struct cpod_pod *pod, uint64_t *ret_failures)
{
	const struct cpod_status *status;
	struct cpod_error err;
	uint64_t n = 0;

	*ret_failures = 0;
	check (cpod_pod_status (pod, &status, &err), &err, "status");
	for (size_t i = 0; i < status->n_containers; i++) {
		n += status->containers[i].probes[CPOD_PROBE_LIVENESS].attempts;
		*ret_failures += status->containers[i].probes[CPOD_PROBE_LIVENESS].failures;
	}
	return n;
}

/* httpGet probes. */
static int
run_asked (char **argv)
{
	const uint64_t seconds = (uint64_t) atoi (argv[0]);
	uint64_t before, failed_before, after, failed_after, begin_us, end_ns;
	struct pids self = { .n = 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream (&text, &size);

	fprintf (out, "{\"metadata\":{\"name\":\"asked\"},\"containers\":[{\"name\":\"server\",\"spec\":{\"process\":"
	         "{\"args\":[\"%s\",\"serve\"]}}}", argv[1]);
	for (int i = 0; i < 10; i++)
		fprintf (out, ",{\"name\":\"c%d\",\"spec\":{\"process\":{\"args\":[\"%s\",\"sleep\"]}},\"livenessProbe\":"
		         "{\"httpGet\":{\"port\":8080},\"periodMilliseconds\":10,\"timeoutMilliseconds\":5000,"
		         "\"failureThreshold\":1000000}}", i, argv[1]);
	fputs ("]}", out);
	fclose (out);
	cpod_module_set_dir (argv[2]);
	host_begin (1, 11);
	pod_start (&host.pods[0], text);
	free (text);
	for (end_ns = floor_now () + S_NS; floor_now () < end_ns;)
		(void) turn (100);
	before = attempts (host.pods[0].pod, &failed_before);
	begin_us = cpu_us ();
	for (end_ns = floor_now () + seconds * S_NS; floor_now () < end_ns;)
		(void) turn (100);
	begin_us = cpu_us () - begin_us;
	after = attempts (host.pods[0].pod, &failed_after) - before;
	pids_add (&self, getpid ());
	print ("attempts_per_s", (double) after / (double) seconds);
	print ("failed", (double) (failed_after - failed_before));
	print ("cpu_us", (double) begin_us / (double) (after > 0 ? after : 1));
	print ("pss_kb", (double) pids_pss_kb (&self));
	pids_finish (&self);
	host_end ();
	host_finish ();
	return 0;
}

/* fork, exec and wait, with a pipe for the output as a probe has. */
static int
run_bare (char **argv)
{
	const int n = atoi (argv[0]);
	struct rusage self, children;
	char bytes[64];

	for (int i = 0; i < n; i++) {
		int fds[2];
		pid_t pid;

		check (pipe2 (fds, O_CLOEXEC), NULL, "pipe2");
		pid = fork ();
		if (pid == 0) {
			(void) dup2 (fds[1], 1);
			execl (argv[1], argv[1], "time", (char *) NULL);
			_exit (127);
		}
		close (fds[1]);
		while (read (fds[0], bytes, sizeof (bytes)) > 0)
			;
		close (fds[0]);
		(void) waitpid (pid, NULL, 0);
	}
	(void) getrusage (RUSAGE_SELF, &self);
	(void) getrusage (RUSAGE_CHILDREN, &children);
	print ("cpu_us", (double) (usage_us (&self) + usage_us (&children)) / n);
	return 0;
}

int
main (int argc, char **argv)
{
	static const struct { const char *name; int n_args; int (*run) (char **argv); } modes[] = {
		{ "start", 1, run_start }, { "hosted", 3, run_hosted }, { "supervised", 5, run_supervised },
		{ "many", 2, run_many }, { "probed", 4, run_probed }, { "asked", 3, run_asked }, { "bare", 2, run_bare },
	};

	for (size_t i = 0; argc > 1 && i < sizeof (modes) / sizeof (modes[0]); i++)
		if (strcmp (argv[1], modes[i].name) == 0 && argc == 2 + modes[i].n_args)
			return modes[i].run (argv + 2);
	return 2;
}
