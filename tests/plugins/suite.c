/* What every runtime must do, asked of one: suite RUNTIME list | suite RUNTIME NUMBER.
 *
 * RUNTIME is what cpod_runtime_find takes: a built-in name or the absolute path of a plugin. `list` prints one line for
 * each test that applies to it, in order; NUMBER (from 1) runs one of them, in a process of its own: exit status 0
 * when it holds, else a sentence on stderr and 1.
 *
 * Three parts: the four blocking operations, called as the ABI says; the asynchronous set, where there is one; and
 * whole pods, whose states, probes and statuses must be the same whatever runs them. Programs are those of the
 * host (/bin/sh), which every runtime here shows. Links libcpod's objects: a built-in name is the linked runtime.
 */
#include "src/base/str.h"
#include "src/pod/spec.h"

#include <cpod/cpod.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))

static const struct cpod_runtime *rt;

__attribute__ ((format (printf, 2, 3), noreturn))
static void
fail (int line, const char *format, ...)
{
	va_list args;

	fprintf (stderr, "line %d: ", line);
	va_start (args, format);
	vfprintf (stderr, format, args);
	va_end (args);
	fputc ('\n', stderr);
	exit (1);
}

#define HOLDS(condition) do { if (!(condition)) fail (__LINE__, "it does not hold that %s", #condition); } while (0)
#define SAYS(err, part) \
	do { if (!strstr ((err).message, part)) fail (__LINE__, "\"%s\" lacks \"%s\"", (err).message, part); } while (0)
#define IS(ret, value, err) \
	do { \
		const int is_ret = (ret); \
		if (is_ret != (value)) \
			fail (__LINE__, "%s returned %d, not %s; %s", #ret, is_ret, #value, (err).message); \
	} while (0)

/* Milliseconds since before: a moment of now_ms. */
static int64_t
now_ms (void)
{
	struct timespec now;

	clock_gettime (CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Containers ---- */

struct made { struct cpod_rt_container *c; int out; };   /* out: the reading end of its standard output */

static unsigned int n_warnings;

static void
warn (void *data, const char *message)
{
	(void) data;
	(void) message;
	n_warnings++;
}

/* create with this spec; the container's output goes to out_fd, its input comes from in_fd. */
static int
create (const char *spec, int in_fd, int out_fd, struct cpod_rt_container **ret_c, struct cpod_error *err)
{
	static unsigned int n;
	char id[64];
	const struct cpod_rt_container_config config = {
		.size = sizeof (config), .name = "c", .id = id, .spec_json = spec, .spec_len = strlen (spec),
		.metadata_json = "{\"note\": [1, 2]}", .metadata_len = 16, .stdio_fd = { in_fd, out_fd, -1 }, .warn = warn,
	};

	snprintf (id, sizeof (id), "suite.c.%d.%u", (int) getpid (), ++n);
	return rt->create (NULL, &config, ret_c, err);
}

/* A container that runs the shell's words; not started. */
static struct made
make (const char *words)
{
	cpod_autostr spec = CPOD_STR_INIT;
	struct cpod_error err = { 0 };
	struct made made = { NULL, -1 };
	int fds[2];

	cpod_str_add (&spec, "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/usr\",\"env\":[\"PATH=/usr/bin:/bin\",\"A=one two\"],"
	                     "\"args\":[\"sh\",\"-c\",");
	cpod_json_write_string (&spec, words);
	cpod_str_add (&spec, "]}}");
	HOLDS (pipe2 (fds, O_CLOEXEC) == 0);
	IS (create (spec.data, -1, fds[1], &made.c, &err), 0, err);
	HOLDS (made.c != NULL);
	close (fds[1]);
	made.out = fds[0];
	return made;
}

static struct made
run (const char *words)
{
	struct made made = make (words);
	struct cpod_error err = { 0 };

	IS (rt->start (made.c, &err), 0, err);
	return made;
}

/* Reads a line of the container's output, at most size bytes, within ten seconds. */
static void
read_line (int fd, char *line, size_t size)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	while (len < size - 1) {
		if (poll (&ready, 1, 10000) != 1)
			fail (__LINE__, "nothing more came after %zu bytes", len);
		if (read (fd, line + len, 1) != 1 || line[len] == '\n')
			break;
		len++;
	}
	line[len] = '\0';
}

static void
expect_line (int fd, const char *expected)
{
	char line[256];

	read_line (fd, line, sizeof (line));
	if (strcmp (line, expected) != 0)
		fail (__LINE__, "it printed \"%s\", not \"%s\"", line, expected);
}

/* wait must tell this end. */
static void
expect_end (struct cpod_rt_container *c, int code, int signal)
{
	struct cpod_rt_exit end = { -1, -1, 0, 0 };
	struct cpod_error err = { 0 };

	IS (rt->wait (c, &end, &err), 0, err);
	if (end.code != code || end.signal != signal)
		fail (__LINE__, "it ended with code %d, signal %d, not %d, %d", end.code, end.signal, code, signal);
	HOLDS (end.reserved == 0 && !(end.flags & CPOD_RT_EXIT_LOST));
}

static int
exec (struct cpod_rt_container *c, const char *program, const char *option, const char *words, struct cpod_rt_exit *ret)
{
	const char *const argv[] = { program, option, words, NULL };
	struct cpod_error err = { 0 };
	int result;

	*ret = (struct cpod_rt_exit) { -1, -1, 0, 0 };
	result = rt->exec (c, argv, ret, &err);
	if (result < 0)
		HOLDS (err.code == -result && err.message[0] && !strchr (err.message, '\n'));
	return result;
}

/* Kills it, takes its end and gives it back. */
static void
finish (struct made made)
{
	struct cpod_rt_exit end;
	struct cpod_error err = { 0 };
	int ret = rt->kill (made.c, SIGKILL, &err);

	HOLDS (ret == 0 || ret == -ESRCH);
	IS (rt->wait (made.c, &end, &err), 0, err);
	rt->destroy (made.c);
	close (made.out);
}

/* ---- The four operations ---- */

static void
exit_statuses (void)
{
	static const int codes[] = { 0, 1, 7, 127, 255 };
	char words[32];

	for (size_t i = 0; i < N_ELEMENTS (codes); i++) {
		struct made made;

		snprintf (words, sizeof (words), "exit %d", codes[i]);
		made = run (words);
		expect_end (made.c, codes[i], 0);
		rt->destroy (made.c);
		close (made.out);
	}
}

static void
args_env_cwd_stdio (void)
{
	static const char spec[] = "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"env\":[\"PATH=/usr/bin:/bin\"],\"args\":[\"cat\"]}}";
	struct made made = run ("echo \"$A|$B|$PWD|$0\"; exec 3>&- 2>/dev/null; ls /proc/self/fd | wc -l");
	struct cpod_error err = { 0 };
	struct made cat;
	int in[2], out[2];

	expect_line (made.out, "one two||/usr|sh");
	expect_line (made.out, "4");   /* the three, and the directory that ls reads */
	expect_end (made.c, 0, 0);
	rt->destroy (made.c);
	close (made.out);
	HOLDS (pipe2 (in, O_CLOEXEC) == 0 && pipe2 (out, O_CLOEXEC) == 0);
	IS (create (spec, in[0], out[1], &cat.c, &err), 0, err);
	close (in[0]);
	close (out[1]);
	IS (rt->start (cat.c, &err), 0, err);
	HOLDS (write (in[1], "back\n", 5) == 5);
	expect_line (out[0], "back");
	close (in[1]);
	expect_end (cat.c, 0, 0);
	rt->destroy (cat.c);
	close (out[0]);
}

static void
bad_specs (void)
{
	static const char *const specs[] = {
		"[]", "{}", "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\"}}", "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"args\":[]}}",
		"{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"args\":[1]}}", "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"args\":\"sh\"}}",
		"{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"here\",\"args\":[\"sh\"]}}",
		"{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"env\":{}}}",
	};

	for (size_t i = 0; i < N_ELEMENTS (specs); i++) {
		struct cpod_rt_container *c = NULL;
		struct cpod_error err = { 0 };
		int ret = create (specs[i], -1, -1, &c, &err);

		if (ret >= 0)
			fail (__LINE__, "it takes %s", specs[i]);
		HOLDS (c == NULL && err.code == -ret && err.message[0] && !strchr (err.message, '\n'));
	}
}

static void
bad_programs (void)
{
	static const struct { const char *program; int code; } cases[] = {
		{ "no-such-program", ENOENT }, { "/nonexistent/x", ENOENT }, { "/etc/passwd", EACCES }, { "/usr", EACCES },
	};
	char spec[256];

	for (size_t i = 0; i < N_ELEMENTS (cases); i++) {
		struct cpod_rt_container *c = NULL;
		struct cpod_rt_exit end;
		struct cpod_error err = { 0 };
		int ret;

		snprintf (spec, sizeof (spec), "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"args\":[\"%s\"]}}", cases[i].program);
		IS (create (spec, -1, -1, &c, &err), 0, err);
		ret = rt->start (c, &err);
		if (ret != -cases[i].code)
			fail (__LINE__, "%s: %d, not -%s: %s", cases[i].program, ret, strerrorname_np (cases[i].code), err.message);
		HOLDS (err.code == cases[i].code);
		SAYS (err, cases[i].program);
		HOLDS (rt->kill (c, SIGKILL, &err) == -ESRCH);
		HOLDS (exec (c, "true", NULL, NULL, &end) == -ESRCH);
		rt->destroy (c);
	}
}

static void
never_started (void)
{
	struct made made = make ("exit 0");

	rt->destroy (made.c);
	close (made.out);
	rt->destroy (NULL);
}

static void *
wait_in_thread (void *data)
{
	static struct cpod_rt_exit end;
	struct cpod_error err = { 0 };

	end = (struct cpod_rt_exit) { -1, -1, 0, 0 };
	IS (rt->wait (data, &end, &err), 0, err);
	return &end;
}

static void
signals (void)
{
	struct made made = run ("trap 'echo usr1' USR1; trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done");
	struct cpod_error err = { 0 };
	struct cpod_rt_exit *end;
	pthread_t thread;

	expect_line (made.out, "ready");
	HOLDS (pthread_create (&thread, NULL, wait_in_thread, made.c) == 0);
	IS (rt->kill (made.c, SIGUSR1, &err), 0, err);
	expect_line (made.out, "usr1");
	IS (rt->kill (made.c, SIGTERM, &err), 0, err);
	pthread_join (thread, (void **) &end);
	HOLDS (end->code == 5 && end->signal == 0);
	rt->destroy (made.c);
	close (made.out);
}

static void
sigkill (void)
{
	struct made made = run ("trap '' TERM INT HUP; echo ready; sleep 1000");
	struct cpod_error err = { 0 };
	struct cpod_rt_exit *end;
	pthread_t thread;
	int64_t before;

	expect_line (made.out, "ready");
	HOLDS (pthread_create (&thread, NULL, wait_in_thread, made.c) == 0);
	before = now_ms ();
	IS (rt->kill (made.c, SIGKILL, &err), 0, err);
	pthread_join (thread, (void **) &end);
	HOLDS (end->code == 137 && end->signal == SIGKILL);
	HOLDS (now_ms () - before < 5000);   /* a second, on a machine that has nothing else to do */
	IS (rt->kill (made.c, SIGKILL, &err), -ESRCH, err);
	IS (rt->kill (made.c, SIGTERM, &err), -ESRCH, err);
	rt->destroy (made.c);
	close (made.out);
}

static void
nothing_survives (void)
{
	struct made made = run ("trap '' TERM HUP; setsid sleep 1000 & sh -c 'sleep 1000 & sleep 1000' & echo ready; sleep 0.2; exit 3");
	struct pollfd closed;

	/* Each of them holds the pipe: its end shows that the last is gone. */
	expect_line (made.out, "ready");
	expect_end (made.c, 3, 0);
	if (strcmp (rt->name, "shellout") == 0) {   /* a process that left its group leaves shellout */
		rt->destroy (made.c);
		close (made.out);
		return;
	}
	closed = (struct pollfd) { .fd = made.out, .events = POLLIN };
	HOLDS (poll (&closed, 1, 5000) == 1 && read (made.out, &(char) { 0 }, 1) == 0);
	rt->destroy (made.c);
	close (made.out);
}

static void
exec_results (void)
{
	struct made made = run ("echo ready; sleep 1000");
	struct cpod_rt_exit end;

	expect_line (made.out, "ready");
	HOLDS (exec (made.c, "true", NULL, NULL, &end) == 0 && end.code == 0 && end.signal == 0);
	HOLDS (exec (made.c, "sh", "-c", "exit 9", &end) == 0 && end.code == 9 && end.signal == 0);
	HOLDS (exec (made.c, "sh", "-c", "exit 127", &end) == 0 && end.code == 127);
	HOLDS (exec (made.c, "sh", "-c", "kill -KILL $$", &end) == 0 && end.code == 137 && end.signal == SIGKILL);
	HOLDS (exec (made.c, "sh", "-c", "test \"$A\" = 'one two' -a \"$PWD\" = /usr", &end) == 0 && end.code == 0);
	HOLDS (exec (made.c, "no-such-program", NULL, NULL, &end) == -ENOENT);
	HOLDS (exec (made.c, "/nonexistent/x", NULL, NULL, &end) == -ENOENT);
	HOLDS (exec (made.c, "/etc/passwd", NULL, NULL, &end) == -EACCES);
	HOLDS (exec (made.c, "/usr", NULL, NULL, &end) == -EACCES);
	finish (made);
}

static void
exec_after_the_end (void)
{
	struct made made = run ("exit 0");
	struct cpod_rt_exit end;

	expect_end (made.c, 0, 0);
	HOLDS (exec (made.c, "true", NULL, NULL, &end) == -ESRCH);
	rt->destroy (made.c);
	close (made.out);
}

struct asked { struct cpod_rt_container *c; int number, ret; struct cpod_rt_exit end; };

static void *
exec_in_thread (void *data)
{
	struct asked *asked = data;
	char words[32];

	snprintf (words, sizeof (words), "sleep 0.1; exit %d", asked->number);
	asked->ret = exec (asked->c, "sh", "-c", words, &asked->end);
	return NULL;
}

static void
ten_execs_at_once (void)
{
	struct made made = run ("sleep 1000");
	struct asked asked[10];
	pthread_t threads[10];

	for (int i = 0; i < 10; i++) {
		asked[i] = (struct asked) { .c = made.c, .number = 100 + i };
		HOLDS (pthread_create (&threads[i], NULL, exec_in_thread, &asked[i]) == 0);
	}
	for (int i = 0; i < 10; i++) {
		pthread_join (threads[i], NULL);
		if (asked[i].ret != 0 || asked[i].end.code != 100 + i)
			fail (__LINE__, "exec %d: %d, code %d", i, asked[i].ret, asked[i].end.code);
	}
	finish (made);
}

static void *
long_exec (void *data)
{
	struct asked *asked = data;

	asked->ret = exec (asked->c, "sleep", "1000", NULL, &asked->end);
	return NULL;
}

static void
an_exec_ends_with_its_container (void)
{
	struct made made = run ("echo ready; sleep 1000");
	struct asked asked = { .c = made.c };
	struct cpod_error err = { 0 };
	pthread_t thread;
	int64_t before;

	expect_line (made.out, "ready");
	HOLDS (pthread_create (&thread, NULL, long_exec, &asked) == 0);
	usleep (200000);
	before = now_ms ();
	IS (rt->kill (made.c, SIGKILL, &err), 0, err);
	expect_end (made.c, 137, SIGKILL);
	pthread_join (thread, NULL);
	HOLDS (now_ms () - before < 5000);
	HOLDS (asked.ret == -ESRCH || (asked.ret == 0 && asked.end.code == 137));
	rt->destroy (made.c);
	close (made.out);
}

static void
containers_are_apart (void)
{
	struct made a = run ("echo ready; sleep 1000"), b = run ("trap 'exit 4' TERM; echo ready; while :; do sleep 0.05; done");
	struct cpod_error err = { 0 };
	struct cpod_rt_exit end;

	expect_line (a.out, "ready");
	expect_line (b.out, "ready");
	finish (a);
	HOLDS (exec (b.c, "true", NULL, NULL, &end) == 0 && end.code == 0);
	IS (rt->kill (b.c, SIGTERM, &err), 0, err);
	expect_end (b.c, 4, 0);
	rt->destroy (b.c);
	close (b.out);
}

/* Adds what the file says to text. */
static void
add_file (struct cpod_str *text, const char *path)
{
	char part[4096];
	int fd = open (path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	while (fd >= 0 && (len = read (fd, part, sizeof (part))) > 0)
		cpod_str_add_bytes (text, part, (size_t) len);
	if (fd >= 0)
		close (fd);
}

/* What a plugin may not change of the thread that calls it, as text. */
static void
look_at_me (struct cpod_str *text)
{
	static const char *const links[] = {
		"cwd", "root", "ns/mnt", "ns/pid", "ns/net", "ns/ipc", "ns/uts", "ns/user", "ns/cgroup", "ns/pid_for_children",
	};
	cpod_autostr status = CPOD_STR_INIT;
	char path[64], target[4096];
	const char *line, *end;

	for (size_t i = 0; i < N_ELEMENTS (links); i++) {
		ssize_t len;

		snprintf (path, sizeof (path), "/proc/thread-self/%s", links[i]);
		len = readlink (path, target, sizeof (target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		cpod_str_printf (text, "%s %s\n", links[i], target);
	}
	add_file (&status, "/proc/thread-self/status");
	for (line = status.data; line && *line; line = *end ? end + 1 : end) {
		end = strchrnul (line, '\n');
		if (strncmp (line, "Vm", 2) && strncmp (line, "Rss", 3) && !strstr (line, "ctxt_switches") && strncmp (line, "State", 5)
		    && strncmp (line, "SigPnd", 6) && strncmp (line, "ShdPnd", 6) && strncmp (line, "SigQ", 4) && strncmp (line, "HugetlbPages", 12))
			cpod_str_add_bytes (text, line, (size_t) (end - line) + 1);
	}
	for (char **variable = environ; *variable; variable++)
		cpod_str_printf (text, "%s\n", *variable);
}

static unsigned int
count_fds (void)
{
	DIR *dir = opendir ("/proc/self/fd");
	unsigned int n = 0;

	while (readdir (dir))
		n++;
	closedir (dir);
	return n;
}

static void
leaves_the_caller_alone (void)
{
	cpod_autostr before = CPOD_STR_INIT, after = CPOD_STR_INIT;
	unsigned int n_fds;
	struct cpod_rt_exit end;
	struct made made;

	made = run ("exit 0");   /* what is set up once, and then kept */
	expect_end (made.c, 0, 0);
	rt->destroy (made.c);
	close (made.out);
	HOLDS (chdir ("/usr") == 0);
	umask (0123);
	look_at_me (&before);
	n_fds = count_fds ();
	for (int i = 0; i < 5; i++) {
		made = run ("echo ready; sleep 1000");
		expect_line (made.out, "ready");
		HOLDS (exec (made.c, "true", NULL, NULL, &end) == 0);
		finish (made);
	}
	bad_programs ();
	bad_specs ();
	look_at_me (&after);
	if (strcmp (before.data, after.data) != 0)
		fail (__LINE__, "before:\n%s\nafter:\n%s", before.data, after.data);
	HOLDS (count_fds () == n_fds);
}

/* ---- The asynchronous set ---- */

static struct cpod_rt_pod *pod_of_suite;

/* A container in a pod of its own, where the runtime has pods. */
static struct made
make_async (const char *words)
{
	cpod_autostr spec = CPOD_STR_INIT;
	struct cpod_error err = { 0 };
	struct cpod_rt_container_config config = {
		.size = sizeof (config), .name = "c", .id = "suite.async", .metadata_json = "{}", .metadata_len = 2,
		.stdio_fd = { -1, -1, -1 },
	};
	static const char json[] = "{\"containers\":[{\"name\":\"c\",\"spec\":{}}]}";
	const struct cpod_rt_pod_config pod = {
		.size = sizeof (pod), .name = "suite", .uid = "suite", .hostname = "suite", .pod_json = json, .pod_len = sizeof (json) - 1,
	};
	struct made made = { NULL, -1 };
	int fds[2];

	if (rt->capabilities & CPOD_RT_CAP_POD)
		IS (rt->async->pod_create (&pod, &pod_of_suite, &err), 0, err);
	cpod_str_add (&spec, "{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"env\":[\"PATH=/usr/bin:/bin\"],\"args\":[\"sh\",\"-c\",");
	cpod_json_write_string (&spec, words);
	cpod_str_add (&spec, "]}}");
	HOLDS (pipe2 (fds, O_CLOEXEC) == 0);
	config.spec_json = spec.data;
	config.spec_len = spec.len;
	config.stdio_fd[1] = fds[1];
	IS (rt->create (pod_of_suite, &config, &made.c, &err), 0, err);
	close (fds[1]);
	made.out = fds[0];
	return made;
}

static void
end_async (struct made made)
{
	rt->destroy (made.c);
	close (made.out);
	if (pod_of_suite)
		rt->async->pod_destroy (pod_of_suite);
}

/* Waits for an operation. */
static int
result (struct cpod_rt_op *op, int fd, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	int ret;

	do {
		struct pollfd ready = { .fd = fd, .events = POLLIN };

		HOLDS (poll (&ready, 1, 10000) == 1);
		ret = rt->async->op_result (op, ret_exit, err);
	} while (ret == -EAGAIN);
	return ret;
}

static void
start_async (struct made made)
{
	struct cpod_error err = { 0 };
	struct cpod_rt_op *op;
	int fd;

	IS (rt->async->start (made.c, &op, &fd, &err), 0, err);
	IS (result (op, fd, NULL, &err), 0, err);
}

static void
async_life (void)
{
	struct made made = make_async ("read line; exit 6");
	struct cpod_error err = { 0 };
	struct cpod_rt_exit end;
	struct pollfd ended = { .events = POLLIN };

	HOLDS (rt->async->exit_fd (made.c, &ended.fd, &err) == -ESRCH || ended.fd >= 0);
	start_async (made);
	IS (rt->async->exit_fd (made.c, &ended.fd, &err), 0, err);
	HOLDS (poll (&ended, 1, 10000) == 1);   /* the input is /dev/null */
	IS (rt->async->exit_status (made.c, &end, &err), 0, err);
	HOLDS (end.code == 6 && end.signal == 0);
	end_async (made);
}

static void
async_not_yet (void)
{
	struct made made = make_async ("echo ready; sleep 1000");
	const char *const argv[] = { "sh", "-c", "sleep 0.3; exit 8", NULL };
	const struct cpod_rt_exec_config config = { .size = sizeof (config), .argv = argv, .stdio_fd = { -1, -1, -1 } };
	struct cpod_error err = { 0 };
	struct cpod_rt_exit end;
	struct cpod_rt_op *op;
	int fd;

	start_async (made);
	expect_line (made.out, "ready");
	IS (rt->async->exit_status (made.c, &end, &err), -EAGAIN, err);
	IS (rt->async->exec (made.c, &config, &op, &fd, &err), 0, err);
	IS (rt->async->op_result (op, &end, &err), -EAGAIN, err);
	IS (result (op, fd, &end, &err), 0, err);
	HOLDS (end.code == 8);
	end_async (made);
}

static void
async_cancel (void)
{
	struct made made = make_async ("trap '' TERM; echo ready; sleep 1000");
	const char *const argv[] = { "sh", "-c", "trap '' TERM; setsid sleep 1000 & echo on; sleep 1000", NULL };
	struct cpod_rt_exec_config config = { .size = sizeof (config), .argv = argv, .stdio_fd = { -1, -1, -1 } };
	struct cpod_error err = { 0 };
	struct cpod_rt_op *op;
	struct pollfd closed;
	int fd, fds[2];

	start_async (made);
	expect_line (made.out, "ready");
	HOLDS (pipe2 (fds, O_CLOEXEC) == 0);
	config.stdio_fd[1] = fds[1];
	IS (rt->async->exec (made.c, &config, &op, &fd, &err), 0, err);
	close (fds[1]);
	expect_line (fds[0], "on");
	rt->async->op_cancel (op);
	closed = (struct pollfd) { .fd = fds[0], .events = POLLIN };
	HOLDS (poll (&closed, 1, 5000) == 1 && read (fds[0], &(char) { 0 }, 1) == 0);
	close (fds[0]);
	end_async (made);
}

static void
async_bad_program (void)
{
	const char *const argv[] = { "no-such-program", NULL };
	const struct cpod_rt_exec_config config = { .size = sizeof (config), .argv = argv, .stdio_fd = { -1, -1, -1 } };
	struct made made = make_async ("echo ready; sleep 1000");
	struct cpod_error err = { 0 };
	struct cpod_rt_exit end;
	struct cpod_rt_op *op = NULL;
	int fd, ret;

	start_async (made);
	expect_line (made.out, "ready");
	ret = rt->async->exec (made.c, &config, &op, &fd, &err);
	if (ret == 0)
		ret = result (op, fd, &end, &err);
	IS (ret, -ENOENT, err);
	end_async (made);
}

/* ---- Pods ---- */

static struct cpod_pod *pod;
static char events[4096];

static void
record (void *data, const struct cpod_event *event)
{
	static const char *const words[] = { "started", "state", "exited", "error", "healthy", "ended" };
	size_t len = strlen (events);

	(void) data;
	if (event->type != CPOD_EVENT_ERROR && (size_t) event->type < N_ELEMENTS (words))
		snprintf (events + len, sizeof (events) - len, "%s%s%s ", event->container ? event->container : "",
		          event->container ? ":" : "", words[event->type]);
}

/* Makes and starts a pod. Probes are attempted every 50 ms in place of each second. */
static void
start_pod (const char *text)
{
	const struct cpod_pod_options options = { .size = sizeof (options), .runtime = rt, .event = record };
	struct cpod_error err = { 0 };
	struct cpod_spec *spec;

	IS (cpod_spec_parse ("suite.json", text, strlen (text), NULL, &spec, &err), 0, err);
	for (size_t i = 0; i < spec->n_containers; i++)
		for (int type = 0; type < 3; type++) {
			struct cpod_probe_spec *probe = (struct cpod_probe_spec *) spec->containers[i].probes[type].spec;

			if (probe)
				probe->config.period_ms /= 20;
		}
	IS (cpod_pod_create (spec, &options, &pod, &err), 0, err);
	cpod_spec_destroy (spec);
	IS (cpod_pod_start (pod, &err), 0, err);
}

static const struct cpod_container_status *
status_of (const char *name)
{
	const struct cpod_status *status;
	struct cpod_error err = { 0 };

	IS (cpod_pod_status (pod, &status, &err), 0, err);
	for (size_t i = 0; i < status->n_containers; i++)
		if (strcmp (status->containers[i].name, name) == 0)
			return &status->containers[i];
	fail (__LINE__, "no container %s", name);
}

static const char *
states (const char *name)
{
	const struct cpod_container_status *c = status_of (name);
	static char text[129];

	for (size_t i = 0; i < c->n_states; i++)
		text[i] = (char) ('0' + c->states[i]);
	text[c->n_states] = '\0';
	return text;
}

static const char *
last_error (const char *name)
{
	const struct cpod_container_status *c = status_of (name);

	return c->n_errors ? c->errors[c->n_errors - 1].message : "";
}

/* Dispatches until the condition holds, for at most 15 seconds. */
#define UNTIL(condition) \
	do { \
		const int64_t until_begin = now_ms (); \
		struct cpod_error until_err = { 0 }; \
		struct pollfd until_fd = { .fd = cpod_pod_fd (pod), .events = POLLIN }; \
		while (!(condition)) { \
			if (now_ms () - until_begin > 15000) \
				fail (__LINE__, "it never held that %s; events %s", #condition, events); \
			(void) poll (&until_fd, 1, 100); \
			IS (cpod_pod_dispatch (pod, &until_err), 0, until_err); \
		} \
	} while (0)

#define STATES(name, expected) \
	do { if (strcmp (states (name), expected) != 0) fail (__LINE__, "states of %s: %s, not %s", name, states (name), expected); } while (0)
#define ERROR(name, expected) \
	do { if (strcmp (last_error (name), expected) != 0) fail (__LINE__, "error of %s: %s", name, last_error (name)); } while (0)

#define SHELL(name, words) "{\"name\":\"" name "\",\"spec\":{\"process\":{\"cwd\":\"/\",\"args\":[\"sh\",\"-c\",\"" words "\"]}}}"
#define PROBED(words, probe) "{\"containers\":[{\"name\":\"a\",\"spec\":{\"process\":{\"cwd\":\"/\",\"args\":[\"sh\",\"-c\",\"" words \
	"\"]}}," probe "}]}"

static void
pod_to_its_end (void)
{
	const struct cpod_status *status;
	struct cpod_error err = { 0 };

	start_pod ("{\"initContainers\":[" SHELL ("i", "exit 0") "," SHELL ("j", "sleep 0.1") "],\"containers\":[" SHELL ("a", "exit 0") ","
	           SHELL ("b", "exit 4") ",{\"name\":\"c\",\"spec\":{\"process\":{\"args\":[\"no-such-program\"]}}}]}");
	IS (cpod_pod_run (pod, &err), 0, err);
	STATES ("a", "014");
	STATES ("b", "015");
	STATES ("c", "05");
	ERROR ("b", "exit status 4");
	HOLDS (strstr (last_error ("c"), "no-such-program: No such file or directory"));
	HOLDS (status_of ("i")->ended && status_of ("i")->exit.code == 0 && status_of ("i")->n_states == 0);
	IS (cpod_pod_status (pod, &status, &err), 0, err);
	HOLDS (status->phase == CPOD_PHASE_FAILED && !status->healthy && !cpod_pod_healthy (pod));
	HOLDS (strncmp (events, "i:started i:exited j:started j:exited ", 37) == 0);
	HOLDS (strstr (events, " ended ") && strcmp (strstr (events, " ended "), " ended ") == 0);
	cpod_pod_destroy (pod);
}

static void
pod_that_finishes_well (void)
{
	const struct cpod_status *status;
	struct cpod_error err = { 0 };

	start_pod ("{\"containers\":[" SHELL ("a", "exit 0") "]}");
	IS (cpod_pod_run (pod, &err), 0, err);
	IS (cpod_pod_status (pod, &status, &err), 0, err);
	HOLDS (status->phase == CPOD_PHASE_SUCCEEDED);
	cpod_pod_destroy (pod);
}

static void
failed_init (void)
{
	struct cpod_error err = { 0 };

	start_pod ("{\"initContainers\":[" SHELL ("i", "exit 3") "],\"containers\":[" SHELL ("a", "exit 0") "]}");
	IS (cpod_pod_run (pod, &err), 0, err);
	STATES ("a", "05");
	ERROR ("a", "init container i: exit status 3");
	cpod_pod_destroy (pod);
}

static struct cpod_rt_exit exec_end;
static int exec_code, n_done;

static void
on_done (void *data, const struct cpod_rt_exit *end, const struct cpod_error *error)
{
	(void) data;
	exec_end = *end;
	exec_code = error ? error->code : 0;
	n_done++;
}

/* Runs a shell's words (or a program without arguments) in a container of the pod, to the end. */
static void
exec_in_pod (const char *container, const char *program, const char *words)
{
	const char *const argv[] = { program, words ? "-c" : NULL, words, NULL };
	const struct cpod_exec_options options = {
		.size = sizeof (options), .argv = argv, .stdio_fd = { -1, -1, -1 }, .done = on_done,
	};
	struct cpod_error err = { 0 };
	int before = n_done;

	IS (cpod_pod_exec (pod, container, &options, NULL, &err), 0, err);
	UNTIL (n_done == before + 1);
}

/* The words with this process's number in the place of %d, so that those of other runs are not met in /tmp. */
static const char *
numbered (const char *words)
{
	static char text[1024];
	size_t len = 0;

	for (; *words && len < sizeof (text) - 16; words++)
		if (strncmp (words, "%d", 2) == 0) {
			len += (size_t) snprintf (text + len, sizeof (text) - len, "%d", (int) getpid ());
			words++;
		} else {
			text[len++] = *words;
		}
	text[len] = '\0';
	return text;
}

static void
liveness (void)
{
	start_pod (numbered (PROBED ("sleep 1000",
	           "\"livenessProbe\":{\"exec\":[\"test\",\"!\",\"-e\",\"/tmp/suite.%d\"],\"periodSeconds\":2,\"timeoutSeconds\":5,"
	           "\"failureThreshold\":4}")));
	UNTIL (status_of ("a")->probes[CPOD_PROBE_LIVENESS].attempts >= 2);
	STATES ("a", "01");
	exec_in_pod ("a", "sh", numbered ("touch /tmp/suite.%d"));
	UNTIL (strcmp (states ("a"), "012") == 0);
	ERROR ("a", "liveness probe: exit status 1");
	exec_in_pod ("a", "sh", numbered ("rm /tmp/suite.%d"));
	UNTIL (strcmp (states ("a"), "0121") == 0);
	exec_in_pod ("a", "sh", numbered ("touch /tmp/suite.%d"));
	UNTIL (strcmp (states ("a"), "012123") == 0);
	exec_in_pod ("a", "sh", numbered ("rm /tmp/suite.%d"));
	HOLDS (!cpod_pod_healthy (pod) && status_of ("a")->running);
	HOLDS (status_of ("a")->probes[CPOD_PROBE_LIVENESS].result == -1 && status_of ("a")->probes[CPOD_PROBE_LIVENESS].last_exit == 1);
	cpod_pod_destroy (pod);
}

static void
probe_without_a_program (void)
{
	start_pod (PROBED ("sleep 1000", "\"livenessProbe\":{\"exec\":[\"no-such-program\"],\"timeoutSeconds\":5,\"failureThreshold\":1}"));
	UNTIL (strcmp (states ("a"), "013") == 0);
	HOLDS (status_of ("a")->probes[CPOD_PROBE_LIVENESS].last_exit == -1);
	cpod_pod_destroy (pod);
}

static void
probe_beyond_its_timeout (void)
{
	start_pod (PROBED ("sleep 1000", "\"livenessProbe\":{\"exec\":[\"sleep\",\"1000\"],\"timeoutSeconds\":1,\"failureThreshold\":1}"));
	UNTIL (strcmp (states ("a"), "013") == 0);
	ERROR ("a", "liveness probe: timed out after 1s");
	cpod_pod_destroy (pod);
}

static void
startup_and_readiness (void)
{
	start_pod (numbered (PROBED ("sleep 1000",
	           "\"startupProbe\":{\"exec\":[\"test\",\"-e\",\"/tmp/suite-s.%d\"],\"periodSeconds\":2,\"timeoutSeconds\":5,"
	           "\"failureThreshold\":1000},"
	           "\"readinessProbe\":{\"exec\":[\"test\",\"!\",\"-e\",\"/tmp/suite-n.%d\"],\"periodSeconds\":2,\"timeoutSeconds\":5,"
	           "\"failureThreshold\":1}")));
	UNTIL (status_of ("a")->probes[CPOD_PROBE_STARTUP].attempts >= 2);
	STATES ("a", "0");
	HOLDS (!status_of ("a")->ready);
	exec_in_pod ("a", "sh", numbered ("touch /tmp/suite-s.%d"));
	UNTIL (strcmp (states ("a"), "01") == 0);
	UNTIL (status_of ("a")->ready);
	exec_in_pod ("a", "sh", numbered ("touch /tmp/suite-n.%d"));
	UNTIL (!status_of ("a")->ready);
	STATES ("a", "01");
	exec_in_pod ("a", "sh", numbered ("rm /tmp/suite-[sn].%d"));
	cpod_pod_destroy (pod);
}

static void
execs_in_a_pod (void)
{
	start_pod ("{\"containers\":[" SHELL ("a", "sleep 1000") "]}");
	UNTIL (status_of ("a")->running);
	exec_in_pod ("a", "true", NULL);
	HOLDS (exec_end.code == 0 && exec_code == 0);
	exec_in_pod ("a", "sh", "exit 11");
	HOLDS (exec_end.code == 11 && exec_code == 0);
	exec_in_pod ("a", "sh", "kill -TERM $$");
	HOLDS (exec_end.code == 143 && exec_end.signal == SIGTERM);
	exec_in_pod ("a", "no-such-program", NULL);
	HOLDS (exec_end.code == -1 && exec_code == ENOENT);
	exec_in_pod ("a", "/etc/passwd", NULL);
	HOLDS (exec_end.code == -1 && exec_code == EACCES);
	cpod_pod_destroy (pod);
}

static void
graceful_stop (void)
{
	struct cpod_error err = { 0 };
	int64_t before;

	start_pod (numbered ("{\"containers\":["
	           SHELL ("a", "trap 'exit 5' TERM; touch /tmp/suite-a.%d; while :; do sleep 0.05; done") ","
	           SHELL ("b", "trap '' TERM; touch /tmp/suite-b.%d; while :; do sleep 0.05; done") "]}"));
	UNTIL (status_of ("a")->running && status_of ("b")->running);
	exec_in_pod ("a", "sh", numbered ("until test -e /tmp/suite-a.%d; do sleep 0.05; done; rm /tmp/suite-a.%d"));
	exec_in_pod ("b", "sh", numbered ("until test -e /tmp/suite-b.%d; do sleep 0.05; done; rm /tmp/suite-b.%d"));
	before = now_ms ();
	IS (cpod_pod_stop (pod, 700, &err), 0, err);
	IS (cpod_pod_run (pod, &err), 0, err);
	HOLDS (now_ms () - before < 10000);
	STATES ("a", "015");
	ERROR ("a", "exit status 5");
	STATES ("b", "015");
	ERROR ("b", "signal: killed");
	cpod_pod_destroy (pod);
}

static void
kill_one (void)
{
	struct cpod_error err = { 0 };

	start_pod ("{\"containers\":[" SHELL ("a", "sleep 1000") "," SHELL ("b", "sleep 1000") "]}");
	UNTIL (status_of ("a")->running && status_of ("b")->running);
	IS (cpod_pod_kill (pod, "b", SIGKILL, &err), 0, err);
	UNTIL (!status_of ("b")->running);
	STATES ("b", "015");
	ERROR ("b", "signal: killed");
	IS (cpod_pod_kill (pod, "b", SIGKILL, &err), -ESRCH, err);
	IS (cpod_pod_kill (pod, "no", SIGKILL, &err), -ENOENT, err);
	HOLDS (status_of ("a")->running);
	exec_in_pod ("a", "true", NULL);
	HOLDS (exec_end.code == 0);
	IS (cpod_pod_stop (pod, 0, &err), 0, err);
	IS (cpod_pod_run (pod, &err), 0, err);
	ERROR ("a", "signal: killed");
	cpod_pod_destroy (pod);
}

static void
destroyed_while_it_runs (void)
{
	int64_t before = now_ms ();
	unsigned int n_fds;

	start_pod ("{\"containers\":[" SHELL ("a", "exit 0") "]}");   /* what is opened once, and then kept */
	cpod_pod_destroy (pod);
	n_fds = count_fds ();
	start_pod ("{\"containers\":[" SHELL ("a", "trap '' TERM; sleep 1000") "]}");
	UNTIL (status_of ("a")->running);
	cpod_pod_destroy (pod);
	start_pod ("{\"containers\":[" SHELL ("a", "sleep 1000") "]}");
	cpod_pod_destroy (pod);   /* its start is in progress */
	HOLDS (count_fds () == n_fds);
	HOLDS (now_ms () - before < 10000);
}

/* ---- The list ---- */

static const struct { const char *name; void (*run) (void); int async; } tests[] = {
	{ "tells exit statuses", exit_statuses, 0 },
	{ "honours args, env, cwd and stdio, and passes no other descriptor on", args_env_cwd_stdio, 0 },
	{ "refuses bad specs with a sentence", bad_specs, 0 },
	{ "tells a missing program from one that is not executable", bad_programs, 0 },
	{ "gives back what was never started", never_started, 0 },
	{ "delivers signals while wait blocks", signals, 0 },
	{ "ends everything by SIGKILL within a second", sigkill, 0 },
	{ "leaves no process of a container that has ended", nothing_survives, 0 },
	{ "tells how an exec has ended, or why it was not", exec_results, 0 },
	{ "refuses an exec after the end", exec_after_the_end, 0 },
	{ "makes ten execs at once", ten_execs_at_once, 0 },
	{ "ends execs with their container", an_exec_ends_with_its_container, 0 },
	{ "keeps containers apart", containers_are_apart, 0 },
	{ "leaves the calling thread and its descriptors alone", leaves_the_caller_alone, 0 },
	{ "(asynchronous) starts, and tells the end by a descriptor", async_life, 1 },
	{ "(asynchronous) says -EAGAIN as long as it is so", async_not_yet, 1 },
	{ "(asynchronous) leaves nothing of a cancelled exec", async_cancel, 1 },
	{ "(asynchronous) tells a program that is missing", async_bad_program, 1 },
	{ "runs a pod to its end: states, errors and events", pod_to_its_end, 0 },
	{ "lets a pod succeed", pod_that_finishes_well, 0 },
	{ "fails a pod with its init container", failed_init, 0 },
	{ "is probed: a flap, then the threshold", liveness, 0 },
	{ "is probed with a program that is not there", probe_without_a_program, 0 },
	{ "is probed beyond a timeout", probe_beyond_its_timeout, 0 },
	{ "is probed for its start and readiness", startup_and_readiness, 0 },
	{ "runs commands in a pod", execs_in_a_pod, 0 },
	{ "stops a pod with grace, then kills", graceful_stop, 0 },
	{ "kills one container of two", kill_one, 0 },
	{ "is destroyed while a pod runs or starts, and leaves no descriptor", destroyed_while_it_runs, 0 },
};

int
main (int argc, char **argv)
{
	struct cpod_error err = { 0 };
	size_t number;

	if (argc != 3)
		return 2;
	if (cpod_runtime_find (argv[1], &rt, &err) < 0) {
		fprintf (stderr, "%s\n", err.message);
		return 2;
	}
	if (strcmp (argv[2], "list") == 0) {
		for (size_t i = 0; i < N_ELEMENTS (tests); i++)
			if (!tests[i].async || rt->async)
				printf ("%zu %s\n", i + 1, tests[i].name);
		return 0;
	}
	number = strtoul (argv[2], NULL, 10);
	if (number < 1 || number > N_ELEMENTS (tests))
		return 2;
	tests[number - 1].run ();
	return 0;
}
