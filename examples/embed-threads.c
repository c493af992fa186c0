/* Pods in a program with many threads, all of which are busy.
 *
 *     cc examples/embed-threads.c $(pkg-config --cflags --libs libcpod) -pthread -o embed-threads
 *     ./embed-threads [PODS [ALLOCATING-THREADS [AT-ONCE]]]          (1000 64 8)
 *
 * Some threads do nothing but allocate and free, as fast as the processors allow (at the lowest priority: they take
 * what the pods leave). Meanwhile others, as many as pods are to run at once, each start a pod, wait until its
 * container says that it has written its file, meet the others, stop it, look at the file, and begin anew. That
 * is safe, since nothing is run in a copy of this process: what the library starts shares no lock with it. The
 * program ends with a comparison: descriptors, memory and threads before and after.
 *
 * Different pods may be used by different threads at the same time; one pod by one thread at a time.
 */
#define _GNU_SOURCE
#include <cpod/cpod.h>

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char out[] = "/tmp/embed-threads-XXXXXX";   /* where containers write; bound to /mnt in each */
static atomic_int failed;
static atomic_bool enough;
static pthread_barrier_t all_run;                  /* every pod of a round is running */

/* The pods of one thread: first, first + step, ... below end. */
struct share { int first, step, end; };

/* ---- The busy threads ---- */

/* Allocates, touches and frees blocks of many sizes until it is enough. */
static void *
allocate (void *data)
{
	void *blocks[64] = { NULL };
	unsigned int seed = (unsigned int) (size_t) data;

	sched_setscheduler (0, SCHED_IDLE, &(struct sched_param) { 0 });   /* of this thread alone */
	while (!enough) {
		unsigned int i = (seed = seed * 1103515245 + 12345) >> 16 & 63;

		free (blocks[i]);
		blocks[i] = malloc (1 + (seed >> 8) % 8192);
		if (blocks[i])
			memset (blocks[i], 1, 1);
	}
	for (int i = 0; i < 64; i++)
		free (blocks[i]);
	return NULL;
}

/* ---- The pods ---- */

/* What the library calls back with: the container's output goes into a pipe. */
static void
give_stdio (void *data, const char *container, int32_t fd[3])
{
	(void) container;
	fd[1] = ((int *) data)[1];
}

/* Waits for the container's word: dispatches the pod, reads the pipe. 0, or -1: the container ended without it. */
static int
await_word (struct cpod_pod *pod, int fd, struct cpod_error *err)
{
	struct pollfd fds[2] = { { .fd = cpod_pod_fd (pod), .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	char word;

	while (!cpod_pod_ended (pod)) {
		if (poll (fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			return read (fd, &word, 1) == 1 ? 0 : -1;
		if (cpod_pod_dispatch (pod, err) < 0)
			return -1;
	}
	snprintf (err->message, sizeof (err->message), "the container ended too early");
	return -1;
}

/* True when file NUMBER has the number in it. The file goes. */
static int
is_written (int number)
{
	char path[64], text[32] = "";
	FILE *file;

	snprintf (path, sizeof (path), "%s/%d", out, number);
	file = fopen (path, "re");
	if (!file)
		return 0;
	if (!fgets (text, sizeof (text), file))
		text[0] = '\0';
	fclose (file);
	unlink (path);
	return atoi (text) == number;
}

/* Starts pod NUMBER, has it write its file, meets the others, and stops it. 0, or -1 with err. */
static int
run_pod (int number, int pipe_fds[2], struct cpod_error *err)
{
	struct cpod_pod_options options = { .size = sizeof (options), .stdio = give_stdio, .data = pipe_fds };
	struct cpod_spec *spec = NULL;
	struct cpod_pod *pod = NULL;
	char text[512], name[32];
	int ret;

	snprintf (name, sizeof (name), "threads-%d-%d", (int) getpid (), number);
	snprintf (text, sizeof (text),
	          "{\"metadata\": {\"name\": \"%s\"}, \"containers\": [{\"name\": \"a\", \"spec\": {\"mounts\": [{\"destination\": \"/mnt\","
	          "\"type\": \"bind\", \"source\": \"%s\", \"options\": [\"bind\", \"rw\"]}], \"process\": {\"args\":"
	          "[\"sh\", \"-c\", \"echo %d >/mnt/%d; echo written; exec sleep 1000\"]}}}]}", name, out, number, number);
	ret = cpod_spec_parse (name, text, strlen (text), NULL, &spec, err);
	if (ret == 0)
		ret = cpod_pod_create (spec, &options, &pod, err);
	cpod_spec_destroy (spec);
	if (ret == 0)
		ret = cpod_pod_start (pod, err);
	if (ret == 0)
		ret = await_word (pod, pipe_fds[0], err);
	pthread_barrier_wait (&all_run);
	if (ret == 0)
		ret = cpod_pod_stop (pod, 0, err);
	if (ret == 0)
		ret = cpod_pod_run (pod, err);
	cpod_pod_destroy (pod);
	return ret < 0 ? -1 : 0;
}

/* One pod after the other. */
static void *
run_pods (void *data)
{
	const struct share *share = data;
	int fds[2];

	for (int number = share->first; number < share->end; number += share->step) {
		struct cpod_error err = { 0 };

		if (pipe (fds) < 0)
			abort ();
		fcntl (fds[0], F_SETFD, FD_CLOEXEC);
		fcntl (fds[1], F_SETFD, FD_CLOEXEC);
		if (run_pod (number, fds, &err) < 0) {
			fprintf (stderr, "pod %d: %s\n", number, err.message);
			failed++;
		} else if (!is_written (number)) {
			fprintf (stderr, "pod %d has not written its file\n", number);
			failed++;
		}
		close (fds[0]);
		close (fds[1]);
	}
	return NULL;
}

/* ---- Before and after ---- */

struct look { int fds, threads; long resident_kb; };

static int
count (const char *path)
{
	DIR *dir = opendir (path);
	int n = 0;

	while (dir && readdir (dir))
		n++;
	if (dir)
		closedir (dir);
	return n;
}

static struct look
look (void)
{
	struct look look = { .fds = count ("/proc/self/fd"), .threads = count ("/proc/self/task") };
	char line[128];
	FILE *file;

	malloc_trim (0);
	file = fopen ("/proc/self/status", "re");
	while (file && fgets (line, sizeof (line), file))
		if (sscanf (line, "VmRSS: %ld", &look.resident_kb) == 1)
			break;
	if (file)
		fclose (file);
	return look;
}

/* Runs the pods first to end - 1, n_running at a time, beside so many threads that allocate. */
static void
run_all (int first, int end, int n_allocating, int n_running)
{
	pthread_t allocating[256], running[256];
	struct share shares[256];

	enough = false;
	pthread_barrier_init (&all_run, NULL, (unsigned int) n_running);
	for (int i = 0; i < n_allocating; i++)
		if (pthread_create (&allocating[i], NULL, allocate, (void *) (size_t) (i + 1)) != 0)
			abort ();
	for (int i = 0; i < n_running; i++) {
		shares[i] = (struct share) { first + i, n_running, end };
		if (pthread_create (&running[i], NULL, run_pods, &shares[i]) != 0)
			abort ();
	}
	for (int i = 0; i < n_running; i++)
		pthread_join (running[i], NULL);
	enough = true;
	for (int i = 0; i < n_allocating; i++)
		pthread_join (allocating[i], NULL);
	pthread_barrier_destroy (&all_run);
}

int
main (int argc, char **argv)
{
	int pods = argc > 1 ? atoi (argv[1]) : 1000, n_allocating = argc > 2 ? atoi (argv[2]) : 64;
	int n_running = argc > 3 ? atoi (argv[3]) : 8;
	int warm;
	struct look before, after;

	if (n_allocating > 256 || n_running > 256 || n_running < 1 || !mkdtemp (out) || chmod (out, 0777) < 0)
		return 2;
	/* An arena for each thread: else most of the time passes in waiting for one that was preempted within malloc. */
	mallopt (M_ARENA_MAX, n_allocating + n_running + 8);
	/* The allocator's arenas and the library's tables come with the first pods. All rounds are full ones. */
	warm = pods / 10 / n_running * n_running;
	pods = (pods + n_running - 1) / n_running * n_running;
	run_all (0, warm, n_allocating, n_running);
	before = look ();
	run_all (warm, pods, n_allocating, n_running);
	after = look ();
	rmdir (out);
	printf ("%d pods, %d running at once, %d failed\n", pods, n_running, (int) failed);
	printf ("descriptors %d -> %d, threads %d -> %d, resident %ld -> %ld KiB\n", before.fds, after.fds, before.threads,
	        after.threads, before.resident_kb, after.resident_kb);
	return failed > 0 || before.fds != after.fds || before.threads != after.threads
	       || after.resident_kb > before.resident_kb + 4096;
}
