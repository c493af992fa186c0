/* A pod's start within a small and within a large program: bench-host MEGABYTES PROGRAM, served inside one process.
 *
 * A sample is cpod_pod_create and cpod_pod_start of a pod of one container that sleeps, until the library says that it
 * runs; its end is not counted. MEGABYTES of memory are resident in the program meanwhile, touched page by page, not in
 * huge pages: what a fork would have to copy the tables of.
 */
#include "tests/bench/floor.h"

#include <cpod/cpod.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct host { struct cpod_spec *spec; int running; };

static void
on_event (void *data, const struct cpod_event *event)
{
	struct host *host = data;

	if (event->type == CPOD_EVENT_STARTED)
		host->running = 1;
}

/* Ends the program with the library's own words when ret is negative. */
static void
check (int ret, const struct cpod_error *err)
{
	if (ret == 0)
		return;
	fprintf (stderr, "bench-host: %s\n", err->message);
	exit (1);
}

/* One sample, in nanoseconds. */
static uint64_t
once (void *data)
{
	struct host *host = data;
	const struct cpod_pod_options options = { .size = sizeof (options), .event = on_event, .data = host };
	struct cpod_error err;
	struct cpod_pod *pod;
	uint64_t before = floor_now (), time;

	host->running = 0;
	check (cpod_pod_create (host->spec, &options, &pod, &err), &err);
	check (cpod_pod_start (pod, &err), &err);
	while (!host->running && !cpod_pod_ended (pod)) {
		(void) poll (&(struct pollfd) { .fd = cpod_pod_fd (pod), .events = POLLIN }, 1, -1);
		check (cpod_pod_dispatch (pod, &err), &err);
	}
	time = floor_now () - before;
	if (!host->running)
		exit (1);
	cpod_pod_destroy (pod);
	return time;
}

/* Makes so much memory resident. */
static void
grow (size_t bytes)
{
	char *memory = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror ("bench-host: mmap");
		exit (1);
	}
	(void) madvise (memory, bytes, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < bytes; at += 4096)
		memory[at] = 1;
}

int
main (int argc, char **argv)
{
	struct host host = { NULL, 0 };
	struct cpod_error err;
	char text[4096];

	if (argc != 3)
		return 2;
	if (atoi (argv[1]) > 0)
		grow ((size_t) atoi (argv[1]) << 20);
	snprintf (text, sizeof (text), "{\"containers\":[{\"name\":\"a\",\"spec\":{\"process\":{\"args\":[\"%s\",\"sleep\"]}}}]}", argv[2]);
	check (cpod_spec_parse ("bench-host", text, strlen (text), NULL, &host.spec, &err), &err);
	floor_serve (once, &host);
	return 0;
}
