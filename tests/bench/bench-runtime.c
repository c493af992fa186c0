/* The native runtime measured from inside: bench-runtime MODE [--root DIR] PROGRAM, served inside one process.
 *
 * It drives the runtime's table as the controller does, with the asynchronous set: an operation is
 * begun, its descriptor polled, its result taken. What is parsed, planned, checked, sent to pod init
 * and reported is part of every sample; reading a pod file is not. The modes are those of
 * floor-pod.c, sample for sample:
 *   join   create, start, running, exit of PROGRAM, status, destroy, in a standing pod;
 *   pod    pod_create, three containers created and started (all three begun before the first result
 *          is waited for), until all run;
 *   kill   the same pod: SIGKILL to each, exits seen, all destroyed, pod_destroy;
 *   exec   exec in a running container: begun, result taken.
 * And two that print what the floors must do alike, and end:
 *   view     the host view of this machine, in the form that floor_view_read reads;
 *   filter   cpod's default seccomp filter, as a raw program.
 * PROGRAM ends at once, or sleeps when it has an argument. --root DIR: the containers' root
 * directory in place of the host view. Everything else in the spec is left to the defaults.
 */
#include "tests/bench/floor.h"

#include "oci/seccomp.h"
#include "rootfs-tools/host-view.h"
#include "src/base/arena.h"

#include <cpod/runtime.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct cpod_runtime cpod_runtime_production;

enum { MEMBERS = 3, SPEC_SIZE = 8192 };

struct bench_runtime {
	const struct cpod_runtime *rt;
	char ends[SPEC_SIZE], sleeps[SPEC_SIZE];   /* the two specs */
	char json[SPEC_SIZE * 2];                  /* the pod, as far as the runtime reads it: who has a root */
	const char *program, *state_dir;
	struct cpod_rt_pod *pod;                   /* owned while a pod stands */
	struct cpod_rt_container *members[MEMBERS];
	unsigned int ids;
};

static const char *const names[MEMBERS] = { "c0", "c1", "c2" };

/* Ends the program with the runtime's own words when ret is negative. */
static void
check (int ret, const struct cpod_error *err, const char *step)
{
	if (ret == 0)
		return;
	fprintf (stderr, "bench-runtime: %s: %s (%d)\n", step, err->message, ret);
	exit (1);
}

/* Waits until fd is readable. */
static void
wait_readable (int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll (&p, 1, -1) < 0 && errno == EINTR)
		;
}

/* Waits for an operation's result. ret_exit: NULL for a start. */
static void
op_finish (const struct bench_runtime *b, struct cpod_rt_op *op, int fd, struct cpod_rt_exit *ret_exit,
           const char *step)
{
	struct cpod_error err;
	int ret;

	do {
		wait_readable (fd);
		ret = b->rt->async->op_result (op, ret_exit, &err);
	} while (ret == -EAGAIN);
	check (ret, &err, step);
}

/* A pod with no container in it. */
static void
pod_make (struct bench_runtime *b)
{
	const struct cpod_rt_pod_config config = {
		.size = sizeof (config), .name = "bench", .uid = "bench", .hostname = "bench",
		.pod_json = b->json, .pod_len = strlen (b->json), .state_dir = b->state_dir,
	};
	struct cpod_error err;

	check (b->rt->async->pod_create (&config, &b->pod, &err), &err, "pod_create");
}

/* Creates the container name from spec. */
static void
member_make (struct bench_runtime *b, const char *name, const char *spec, struct cpod_rt_container **ret_container)
{
	char id[64];
	struct cpod_rt_container_config config = {
		.size = sizeof (config), .name = name, .id = id, .spec_json = spec, .spec_len = strlen (spec),
		.metadata_json = "{}", .metadata_len = 2, .stdio_fd = { -1, -1, -1 },
	};
	struct cpod_error err;

	snprintf (id, sizeof (id), "bench-%d-%u", (int) getpid (), b->ids++);
	check (b->rt->create (b->pod, &config, ret_container, &err), &err, "create");
}

/* Waits for a container's end, takes its status, destroys it. Returns the exit code. */
static int
member_end (const struct bench_runtime *b, struct cpod_rt_container *c)
{
	struct cpod_rt_exit end;
	struct cpod_error err;
	int fd, ret;

	check (b->rt->async->exit_fd (c, &fd, &err), &err, "exit_fd");
	do {
		wait_readable (fd);
		ret = b->rt->async->exit_status (c, &end, &err);
	} while (ret == -EAGAIN);
	check (ret, &err, "exit_status");
	b->rt->destroy (c);
	return end.code;
}

/* Creates and starts count sleepers side by side; returns when all run. */
static void
sleepers_start (struct bench_runtime *b, size_t count)
{
	struct cpod_rt_op *ops[MEMBERS];
	struct cpod_error err;
	int fds[MEMBERS];
	size_t i;

	for (i = 0; i < count; i++) {
		member_make (b, names[i], b->sleeps, &b->members[i]);
		check (b->rt->async->start (b->members[i], &ops[i], &fds[i], &err), &err, "start");
	}
	for (i = 0; i < count; i++)
		op_finish (b, ops[i], fds[i], NULL, "start");
}

/* Kills the sleepers, sees them end, destroys them and the pod. */
static void
pod_end (struct bench_runtime *b, size_t count)
{
	struct cpod_error err;
	size_t i;

	for (i = 0; i < count; i++)
		check (b->rt->kill (b->members[i], SIGKILL, &err), &err, "kill");
	for (i = 0; i < count; i++)
		(void) member_end (b, b->members[i]);
	b->rt->async->pod_destroy (b->pod);
}

/* One container, from asking to its removal. data: struct bench_runtime. Returns nanoseconds. */
static uint64_t
once_join (void *data)
{
	struct bench_runtime *b = data;
	uint64_t begin = floor_now ();
	struct cpod_rt_container *c;
	struct cpod_rt_op *op;
	struct cpod_error err;
	int fd;

	member_make (b, names[0], b->ends, &c);
	check (b->rt->async->start (c, &op, &fd, &err), &err, "start");
	op_finish (b, op, fd, NULL, "start");
	if (member_end (b, c) != 0)
		check (-EIO, &(struct cpod_error) { .message = "it did not end well" }, b->program);
	return floor_now () - begin;
}

/* A pod from nothing to three running containers; its end is not in the sample.
 * data: struct bench_runtime. Returns nanoseconds. */
static uint64_t
once_pod (void *data)
{
	struct bench_runtime *b = data;
	uint64_t begin = floor_now (), spent;

	pod_make (b);
	sleepers_start (b, MEMBERS);
	spent = floor_now () - begin;
	pod_end (b, MEMBERS);
	return spent;
}

/* The end of the same pod; its start is not in the sample. data: struct bench_runtime. Returns nanoseconds. */
static uint64_t
once_kill (void *data)
{
	struct bench_runtime *b = data;
	uint64_t begin;

	pod_make (b);
	sleepers_start (b, MEMBERS);
	begin = floor_now ();
	pod_end (b, MEMBERS);
	return floor_now () - begin;
}

/* One probe, from asking to its status. data: struct bench_runtime. Returns nanoseconds. */
static uint64_t
once_exec (void *data)
{
	struct bench_runtime *b = data;
	const char *const argv[] = { b->program, NULL };
	const struct cpod_rt_exec_config config = {
		.size = sizeof (config), .argv = argv, .stdio_fd = { -1, -1, -1 },
	};
	uint64_t begin = floor_now ();
	struct cpod_rt_exit end = { 0, 0, 0, 0 };
	struct cpod_rt_op *op;
	struct cpod_error err;
	int fd;

	check (b->rt->async->exec (b->members[0], &config, &op, &fd, &err), &err, "exec");
	op_finish (b, op, fd, &end, "exec");
	if (end.code != 0)
		check (-EIO, &(struct cpod_error) { .message = "it did not end well" }, b->program);
	return floor_now () - begin;
}

/* Prints lines of one kind. */
static void
strings_print (char kind, const struct cpod_strings *strings)
{
	size_t i;

	for (i = 0; i < strings->n; i++)
		printf ("%c 0 %s\n", kind, strings->items[i]);
}

/* Prints the host view. */
static void
view_print (void)
{
	static char mountinfo[1 << 20];
	const struct cpod_host_view_fresh *fresh;
	struct cpod_host_view view;
	struct cpod_arena arena;
	struct cpod_error err;
	FILE *file;
	size_t i;
	int root_fd;

	cpod_arena_init (&arena, 64 << 20);
	file = fopen ("/proc/self/mountinfo", "re");
	root_fd = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (file == NULL || root_fd < 0 || fread (mountinfo, 1, sizeof (mountinfo) - 1, file) == 0)
		exit (1);
	check (cpod_host_view_plan (mountinfo, NULL, root_fd, &arena, &view, &err), &err, "host view");
	strings_print ('l', &view.layers);
	fresh = view.fresh.items;
	for (i = 0; i < view.fresh.n; i++)
		printf ("f %o %s\n", fresh[i].mode, fresh[i].path);
	strings_print ('e', &view.empty);
	strings_print ('m', &view.masked);
	strings_print ('x', &view.exposed);
	fclose (file);
	close (root_fd);
	cpod_arena_finish (&arena);
}

/* Prints the default filter. */
static void
filter_print (void)
{
	struct cpod_seccomp_program program;
	struct cpod_arena arena;
	struct cpod_error err;

	cpod_arena_init (&arena, 64 << 20);
	check (cpod_seccomp_compile_default (FLOOR_CAPS_ENGINE, &arena, &program, &err), &err, "filter");
	fwrite (program.insns, sizeof (*program.insns), program.n, stdout);
	cpod_arena_finish (&arena);
}

/* Writes a spec that runs PROGRAM with one optional argument. */
static void
spec_write (char *spec, const char *program, const char *arg, const char *root)
{
	int n;

	n = snprintf (spec, SPEC_SIZE, "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"%s\"%s%s%s]}%s%s%s}",
	              program, arg == NULL ? "" : ",\"", arg == NULL ? "" : arg, arg == NULL ? "" : "\"",
	              root == NULL ? "" : ",\"root\":{\"path\":\"", root == NULL ? "" : root, root == NULL ? "" : "\"}");
	if (n < 0 || n >= SPEC_SIZE)
		exit (2);
}

/* Runs the mode's samples inside what they need around them. Returns 0, or 2 for an unknown mode. */
static int
run_mode (struct bench_runtime *b, const char *mode)
{
	if (strcmp (mode, "pod") == 0)
		floor_serve (once_pod, b);
	else if (strcmp (mode, "kill") == 0)
		floor_serve (once_kill, b);
	else if (strcmp (mode, "join") == 0) {
		pod_make (b);
		floor_serve (once_join, b);
		pod_end (b, 0);
	} else if (strcmp (mode, "exec") == 0) {
		pod_make (b);
		sleepers_start (b, 1);
		floor_serve (once_exec, b);
		pod_end (b, 1);
	} else
		return 2;
	return 0;
}

int
main (int argc, char **argv)
{
	static const struct option options[] = { { "root", required_argument, NULL, 'r' }, { NULL, 0, NULL, 0 } };
	static struct bench_runtime b = { .rt = &cpod_runtime_production };
	char state_dir[] = "/tmp/cpod-bench-XXXXXX", command[64];
	const char *root = NULL;
	int c, ret;

	if (argc == 2 && strcmp (argv[1], "view") == 0) {
		view_print ();
		return 0;
	}
	if (argc == 2 && strcmp (argv[1], "filter") == 0) {
		filter_print ();
		return 0;
	}
	while ((c = getopt_long (argc - 1, argv + 1, "+", options, NULL)) != -1) {
		if (c != 'r')
			return 2;
		root = optarg;
	}
	if (argc < 3 || argv[1 + optind] == NULL || mkdtemp (state_dir) == NULL)
		return 2;
	b.program = argv[1 + optind];
	b.state_dir = state_dir;
	spec_write (b.ends, b.program, NULL, root);
	spec_write (b.sleeps, b.program, "sleep", root);
	snprintf (b.json, sizeof (b.json), "{\"containers\":[{\"name\":\"c0\",\"spec\":%s}]}", b.ends);
	ret = run_mode (&b, argv[1]);
	snprintf (command, sizeof (command), "rm -rf %s", state_dir);
	(void) !system (command);
	return ret;
}
