/* The control socket's server, with a pod that is a few counters. Links: src/cli/control.c
 * src/cli/control-methods.c src/cli/varlink.c src/cli/status-json.c src/cli/seed-json.c
 * src/cli/interface.S */
#include "src/cli/control.h"
#include "src/cli/control-share.h"

#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- The pod ---- */

struct cpod_exec { struct cpod_exec_options options; char argv0[64]; };
struct cpod_pod {
	int killed, signal;
	char container[64];
	struct cpod_exec exec;
	bool exec_running;
	unsigned int cancelled;
};

static struct cpod_pod pod;
static struct cpod_container_status container = { .name = "main", .id = "", .running = 1 };
static struct cpod_container_status many[16384];
static size_t n_many;          /* 0: the pod has the one container */
static int64_t stop_grace_ms;

const char *
cpod_version (void)
{
	return "1.2.3";
}

int
cpod_pod_status (struct cpod_pod *self, const struct cpod_status **ret_status, struct cpod_error *err)
{
	static struct cpod_status status = { .size = sizeof (status), .name = "p", .containers = &container, .n_containers = 1 };

	(void) self;
	(void) err;
	status.containers = n_many > 0 ? many : &container;
	status.n_containers = n_many > 0 ? n_many : 1;
	*ret_status = &status;
	return 0;
}

int
cpod_pod_healthy (const struct cpod_pod *self)
{
	(void) self;
	return 1;
}

int
cpod_pod_kill (struct cpod_pod *self, const char *name, int signal, struct cpod_error *err)
{
	if (name != NULL && strcmp (name, "main") != 0)
		return cpod_error_set (err, ENOENT, "there is no container %s", name);
	if (!container.running)
		return cpod_error_set (err, ESRCH, "it is not running");
	self->killed++;
	self->signal = signal;
	snprintf (self->container, sizeof (self->container), "%s", name != NULL ? name : "");
	return 0;
}

int
cpod_pod_exec (struct cpod_pod *self, const char *name, const struct cpod_exec_options *options,
               struct cpod_exec **ret_exec, struct cpod_error *err)
{
	if (strcmp (name, "main") != 0)
		return cpod_error_set (err, ENOENT, "there is no container %s", name);
	self->exec.options = *options;
	snprintf (self->exec.argv0, sizeof (self->exec.argv0), "%s", options->argv[0]);
	for (int i = 0; i < 3; i++)
		if (options->stdio_fd[i] >= 0)
			self->exec.options.stdio_fd[i] = dup (options->stdio_fd[i]);
	self->exec_running = true;
	*ret_exec = &self->exec;
	return 0;
}

/* Forgets the exec; its descriptors are closed. */
static void
end_exec (void)
{
	for (int i = 0; i < 3; i++)
		if (pod.exec.options.stdio_fd[i] >= 0)
			close (pod.exec.options.stdio_fd[i]);
	pod.exec_running = false;
}

void
cpod_exec_cancel (struct cpod_exec *exec)
{
	(void) exec;
	end_exec ();
	pod.cancelled++;
}

/* ---- The fixture: a loop, a server, clients ---- */

struct fixture {
	char dir[64];
	int dir_fd;
	struct cpod_loop loop;
	struct cpod_control *control;
};

static void
on_stop (void *data, int64_t grace_ms)
{
	(void) data;
	stop_grace_ms = grace_ms;
}

static int
set_up (void **state)
{
	struct fixture *fixture = calloc (1, sizeof (*fixture));
	struct cpod_control_config config = { .pod = &pod, .stop = on_stop, .info = { "production", 0, 7 } };

	memset (&pod, 0, sizeof (pod));
	container.running = 1;
	stop_grace_ms = -2;
	strcpy (fixture->dir, "/tmp/cpod-test-control.XXXXXX");
	assert_non_null (mkdtemp (fixture->dir));
	fixture->dir_fd = open (fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal (cpod_loop_init (&fixture->loop, NULL), 0);
	config.loop = &fixture->loop;
	config.dir_fd = fixture->dir_fd;
	assert_int_equal (cpod_control_create (&config, &fixture->control, NULL), 0);
	*state = fixture;
	return 0;
}

static int
tear_down (void **state)
{
	struct fixture *fixture = *state;

	cpod_control_destroy (fixture->control);
	if (pod.exec_running)
		end_exec ();
	cpod_loop_finish (&fixture->loop);
	unlinkat (fixture->dir_fd, "control", 0);
	close (fixture->dir_fd);
	rmdir (fixture->dir);
	free (fixture);
	return 0;
}

/* Lets the server work until it has nothing to do. */
static void
turn (struct fixture *fixture)
{
	for (int idle = 0; idle < 2;)
		idle = cpod_loop_turn (&fixture->loop, 0) == 0 ? idle + 1 : 0;
}

static int
connect_client (struct fixture *fixture)
{
	struct sockaddr_un address;
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	cpod_control_address (fixture->dir_fd, &address);
	assert_int_equal (connect (fd, (struct sockaddr *) &address, sizeof (address)), 0);
	turn (fixture);
	return fd;
}

static void
say (struct fixture *fixture, int fd, const char *text)
{
	assert_int_equal (send (fd, text, strlen (text) + 1, MSG_NOSIGNAL), strlen (text) + 1);
	turn (fixture);
}

/* What the client can read now, NULs turned into newlines; "EOF" when the server closed. Static. */
static const char *
heard (int fd)
{
	static char text[200000];
	size_t len = 0;
	ssize_t n;

	while ((n = recv (fd, text + len, sizeof (text) - 1 - len, 0)) > 0)
		len += (size_t) n;
	if (n == 0 || (n < 0 && errno != EAGAIN))
		len += (size_t) snprintf (text + len, sizeof (text) - len, "EOF");
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = '\n';
	text[len] = '\0';
	return text;
}

/* true when the server has closed the connection. */
static bool
closed (int fd)
{
	const char *text = heard (fd);
	size_t len = strlen (text);

	return len >= 3 && strcmp (text + len - 3, "EOF") == 0;
}

#define ASK(fixture, fd, call, answer) do { \
		say (fixture, fd, call); \
		assert_string_equal (heard (fd), answer "\n"); \
	} while (0)

/* ---- Tests ---- */

static void
the_socket_is_the_users_alone (void **state)
{
	struct fixture *fixture = *state;
	struct stat st;

	assert_int_equal (fstatat (fixture->dir_fd, "control", &st, 0), 0);
	assert_true (S_ISSOCK (st.st_mode));
	assert_int_equal (st.st_mode & 0777, 0600);
}

static void
the_service_describes_itself (void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);

	ASK (fixture, fd, "{\"method\":\"org.varlink.service.GetInfo\"}",
	     "{\"parameters\":{\"vendor\":\"cpod\",\"product\":\"cpod\",\"version\":\"1.2.3\",\"url\":\"\","
	     "\"interfaces\":[\"org.varlink.service\",\"io.cpod.Pod\"]}}");
	say (fixture, fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"io.cpod.Pod\"}}");
	assert_non_null (strstr (heard (fd), "interface io.cpod.Pod\\n"));
	ASK (fixture, fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"x.y\"}}",
	     "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":\"x.y\"}}");
	close (fd);
}

static void
unknown_methods_and_parameters_are_named (void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);

	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Nope\"}",
	     "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"io.cpod.Pod.Nope\"}}");
	ASK (fixture, fd, "{\"method\":\"a.b.C\"}",
	     "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{\"interface\":\"a.b\"}}");
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Kill\",\"parameters\":{\"signal\":65}}",
	     "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"signal\"}}");
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Kill\",\"parameters\":{\"signal\":1e1}}",
	     "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"signal\"}}");
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Exec\",\"parameters\":{\"container\":\"main\",\"argv\":[]}}",
	     "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":\"argv\"}}");
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Events\"}",
	     "{\"error\":\"org.varlink.service.ExpectedMore\",\"parameters\":{}}");
	assert_int_equal (pod.killed, 0);
	close (fd);
}

static void
the_status_of_the_largest_pod_arrives_whole (void **state)
{
	static char text[1 << 16];
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);
	size_t total = 0;
	ssize_t n;
	char last = 'x';

	n_many = sizeof (many) / sizeof (many[0]);
	for (size_t i = 0; i < n_many; i++)
		many[i] = container;
	say (fixture, fd, "{\"method\":\"io.cpod.Pod.Status\"}");
	while ((n = recv (fd, text, sizeof (text), 0)) > 0) {
		total += (size_t) n;
		last = text[n - 1];
		turn (fixture);
	}
	assert_true (total > n_many * 100);
	n_many = 0;
	assert_int_equal (last, '\0');
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Healthy\"}", "{\"parameters\":{\"healthy\":true}}");
	close (fd);
}

static void
kill_reaches_the_pod (void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);

	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Kill\",\"parameters\":{\"container\":\"main\",\"signal\":15}}",
	     "{\"parameters\":{}}");
	assert_int_equal (pod.signal, 15);
	assert_string_equal (pod.container, "main");
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Kill\"}", "{\"parameters\":{}}");
	assert_int_equal (pod.signal, 9);
	assert_string_equal (pod.container, "");
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Kill\",\"parameters\":{\"container\":\"x\"}}",
	     "{\"error\":\"io.cpod.Pod.NoSuchContainer\",\"parameters\":{\"container\":\"x\"}}");
	container.running = 0;
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Kill\",\"parameters\":{\"container\":\"main\"}}",
	     "{\"error\":\"io.cpod.Pod.NotRunning\",\"parameters\":{\"container\":\"main\"}}");
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Kill\"}", "{\"error\":\"io.cpod.Pod.NotRunning\",\"parameters\":{}}");
	close (fd);
}

static void
stop_is_answered_and_passed_on (void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);

	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Stop\",\"parameters\":{\"graceMs\":1500}}", "{\"parameters\":{}}");
	assert_int_equal (stop_grace_ms, 1500);
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Stop\"}", "{\"parameters\":{}}");
	assert_int_equal (stop_grace_ms, -1);
	close (fd);
}

static void
a_oneway_call_gets_no_reply (void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);

	say (fixture, fd, "{\"method\":\"io.cpod.Pod.Kill\",\"oneway\":true}");
	assert_string_equal (heard (fd), "");
	assert_int_equal (pod.killed, 1);
	close (fd);
}

static void
exec_replies_with_its_output_when_it_ends (void **state)
{
	const struct cpod_rt_exit exit = { .code = 3 };
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);

	say (fixture, fd, "{\"method\":\"io.cpod.Pod.Exec\",\"parameters\":{\"container\":\"main\",\"argv\":[\"ls\",\"-l\"]}}");
	say (fixture, fd, "{\"method\":\"io.cpod.Pod.Healthy\"}");
	assert_string_equal (heard (fd), "");
	assert_true (pod.exec_running);
	assert_string_equal (pod.exec.argv0, "ls");
	assert_int_equal (pod.exec.options.stdio_fd[0], -1);
	assert_int_equal (write (pod.exec.options.stdio_fd[1], "a\0b\n", 4), 4);
	assert_int_equal (write (pod.exec.options.stdio_fd[2], "e", 1), 1);
	pod.exec.options.done (pod.exec.options.data, &exit, NULL);
	end_exec ();
	turn (fixture);
	assert_string_equal (heard (fd), "{\"parameters\":{\"exit\":{\"code\":3,\"signal\":0,\"oom\":false,\"core\":false,"
	                     "\"lost\":false},\"output\":\"a\xef\xbf\xbd" "b\\n\",\"errors\":\"e\",\"truncated\":false}}\n"
	                     "{\"parameters\":{\"healthy\":true}}\n");
	close (fd);
}

static void
more_output_than_the_limit_is_dropped (void **state)
{
	const struct cpod_rt_exit exit = { .code = 0 };
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);
	const char *text;
	char chunk[4096];

	memset (chunk, 'a', sizeof (chunk));
	say (fixture, fd, "{\"method\":\"io.cpod.Pod.Exec\",\"parameters\":{\"container\":\"main\",\"argv\":[\"yes\"]}}");
	for (int i = 0; i < 64; i++) {
		assert_int_equal (write (pod.exec.options.stdio_fd[1], chunk, sizeof (chunk)), sizeof (chunk));
		turn (fixture);
	}
	pod.exec.options.done (pod.exec.options.data, &exit, NULL);
	end_exec ();
	text = heard (fd);
	assert_non_null (strstr (text, "\"truncated\":true"));
	assert_in_range (strlen (text), 65536, 66000);
	close (fd);
}

static void
an_exec_that_cannot_run_says_why (void **state)
{
	const struct cpod_rt_exit exit = { .code = -1 };
	struct fixture *fixture = *state;
	struct cpod_error error;
	int fd = connect_client (fixture);

	say (fixture, fd, "{\"method\":\"io.cpod.Pod.Exec\",\"parameters\":{\"container\":\"main\",\"argv\":[\"x\"]}}");
	cpod_error_set (&error, ENOENT, "x: not found");
	pod.exec.options.done (pod.exec.options.data, &exit, &error);
	end_exec ();
	assert_string_equal (heard (fd),
	                     "{\"error\":\"io.cpod.Pod.ExecFailed\",\"parameters\":{\"errno\":2,\"message\":\"x: not found\"}}\n");
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Exec\",\"parameters\":{\"container\":\"y\",\"argv\":[\"x\"]}}",
	     "{\"error\":\"io.cpod.Pod.NoSuchContainer\",\"parameters\":{\"container\":\"y\"}}");
	close (fd);
}

static void
closing_the_connection_cancels_its_exec (void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);

	say (fixture, fd, "{\"method\":\"io.cpod.Pod.Exec\",\"parameters\":{\"container\":\"main\",\"argv\":[\"x\"]}}");
	close (fd);
	turn (fixture);
	assert_int_equal (pod.cancelled, 1);
	fd = connect_client (fixture);
	say (fixture, fd, "{\"method\":\"io.cpod.Pod.Exec\",\"parameters\":{\"container\":\"main\",\"argv\":[\"x\"]}}");
	shutdown (fd, SHUT_WR);
	turn (fixture);
	assert_int_equal (pod.cancelled, 2);
	assert_true (closed (fd));
	close (fd);
}

static void
descriptors_sent_along_become_the_programs (void **state)
{
	static const char call[] = "{\"method\":\"io.cpod.Pod.Exec\",\"parameters\":{\"container\":\"main\",\"argv\":[\"x\"]}}";
	const struct cpod_rt_exit exit = { .code = 0 };
	union { char bytes[CMSG_SPACE (3 * sizeof (int))]; struct cmsghdr align; } control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = (void *) call, .iov_len = sizeof (call) };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
	                         .msg_controllen = sizeof (control) };
	struct fixture *fixture = *state;
	int fd = connect_client (fixture), pipe_fds[2], fds[3];
	char byte;

	assert_int_equal (pipe (pipe_fds), 0);
	fds[0] = fds[1] = fds[2] = pipe_fds[1];
	CMSG_FIRSTHDR (&header)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR (&header)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR (&header)->cmsg_len = CMSG_LEN (sizeof (fds));
	memcpy (CMSG_DATA (CMSG_FIRSTHDR (&header)), fds, sizeof (fds));
	assert_int_equal (sendmsg (fd, &header, 0), sizeof (call));
	close (pipe_fds[1]);
	turn (fixture);
	assert_int_equal (write (pod.exec.options.stdio_fd[1], "x", 1), 1);
	assert_int_equal (read (pipe_fds[0], &byte, 1), 1);
	pod.exec.options.done (pod.exec.options.data, &exit, NULL);
	end_exec ();
	assert_null (strstr (heard (fd), "output"));
	assert_int_equal (read (pipe_fds[0], &byte, 1), 0);   /* nobody kept a copy */
	close (pipe_fds[0]);
	close (fd);
}

static void
events_go_on_until_the_pod_ends (void **state)
{
	const struct cpod_event event = { .size = sizeof (event), .type = CPOD_EVENT_HEALTHY, .value = 1 };
	const struct cpod_event ended = { .size = sizeof (ended), .type = CPOD_EVENT_ENDED };
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);

	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Events\",\"more\":true}",
	     "{\"continues\":true,\"parameters\":{\"event\":{\"type\":\"subscribed\"}}}");
	cpod_control_event (fixture->control, &event, NULL);
	assert_string_equal (heard (fd), "{\"continues\":true,\"parameters\":{\"event\":{\"type\":\"healthy\",\"healthy\":true}}}\n");
	cpod_control_event (fixture->control, &ended, NULL);
	turn (fixture);
	assert_string_equal (heard (fd), "{\"parameters\":{\"event\":{\"type\":\"ended\",\"succeeded\":true}}}\n");
	cpod_control_event (fixture->control, &event, NULL);
	ASK (fixture, fd, "{\"method\":\"io.cpod.Pod.Healthy\"}", "{\"parameters\":{\"healthy\":true}}");
	close (fd);
}

static void
a_subscriber_that_does_not_read_is_dropped (void **state)
{
	char message[1000];
	const struct cpod_event event = { .size = sizeof (event), .type = CPOD_EVENT_ERROR, .container = "main",
	                                  .message = message };
	struct fixture *fixture = *state;
	int fd = connect_client (fixture), other = connect_client (fixture);

	memset (message, 'm', sizeof (message) - 1);
	message[sizeof (message) - 1] = '\0';
	say (fixture, fd, "{\"method\":\"io.cpod.Pod.Events\",\"more\":true}");
	for (int i = 0; i < 3000; i++)
		cpod_control_event (fixture->control, &event, NULL);
	turn (fixture);
	ASK (fixture, other, "{\"method\":\"io.cpod.Pod.Healthy\"}", "{\"parameters\":{\"healthy\":true}}");
	while (recv (fd, message, sizeof (message), 0) > 0)
		;
	assert_true (closed (fd));
	close (fd);
	close (other);
}

static void
garbage_ends_the_connection (void **state)
{
	static const char *const garbage[] = { "", "nonsense", "[]", "{\"method\":7}" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof (garbage) / sizeof (garbage[0]); i++) {
		int fd = connect_client (fixture);

		say (fixture, fd, garbage[i]);
		assert_true (closed (fd));
		close (fd);
	}
}

static void
an_endless_message_ends_the_connection (void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client (fixture), i;
	char chunk[65536];

	memset (chunk, 'a', sizeof (chunk));
	for (i = 0; i < 64 && send (fd, chunk, sizeof (chunk), MSG_NOSIGNAL) > 0; i++)
		turn (fixture);
	assert_in_range (i, 10, 40);
	close (fd);
}

static void
a_client_that_never_reads_holds_up_nobody (void **state)
{
	static const char call[] = "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
	                           "\"parameters\":{\"interface\":\"io.cpod.Pod\"}}";
	struct fixture *fixture = *state;
	int fd = connect_client (fixture), other = connect_client (fixture);

	for (int i = 0; i < 5000 && send (fd, call, sizeof (call), MSG_NOSIGNAL) > 0; i++)
		;
	turn (fixture);
	ASK (fixture, other, "{\"method\":\"io.cpod.Pod.Healthy\"}", "{\"parameters\":{\"healthy\":true}}");
	close (fd);
	close (other);
	turn (fixture);
}

static void
many_calls_in_a_row_are_answered_in_order (void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client (fixture);
	const char *text;
	int n = 0;

	for (int i = 0; i < 100; i++)
		assert_true (send (fd, "{\"method\":\"io.cpod.Pod.Healthy\"}", 33, MSG_NOSIGNAL) == 33);
	shutdown (fd, SHUT_WR);
	turn (fixture);
	text = heard (fd);
	for (const char *at = text; (at = strstr (at, "{\"healthy\":true}")) != NULL; at++)
		n++;
	assert_int_equal (n, 100);
	assert_string_equal (text + strlen (text) - 3, "EOF");
	close (fd);
}

/* How often word is in text. */
static int
count (const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr (text, word)) != NULL; text++)
		n++;
	return n;
}

static void
many_calls_in_a_row_let_the_pod_have_its_turn (void **state)
{
	struct fixture *fixture = *state;
	int fd = connect_client (fixture), other = connect_client (fixture);

	for (int i = 0; i < 100; i++)
		assert_true (send (fd, "{\"method\":\"io.cpod.Pod.Healthy\"}", 33, MSG_NOSIGNAL) == 33);
	assert_true (send (other, "{\"method\":\"io.cpod.Pod.Healthy\"}", 33, MSG_NOSIGNAL) == 33);
	assert_true (cpod_loop_turn (&fixture->loop, 0) > 0);
	assert_in_range (count (heard (fd), "{\"healthy\":true}"), 1, 10);
	assert_int_equal (count (heard (other), "{\"healthy\":true}"), 1);
	turn (fixture);
	assert_in_range (count (heard (fd), "{\"healthy\":true}"), 90, 99);
	close (fd);
	close (other);
}

static void
half_messages_hold_no_more_than_their_limit (void **state)
{
	enum { N = 60, HALF = 600000 };
	static char half[HALF];
	struct fixture *fixture = *state;
	int fds[N], n_closed = 0;

	memset (half, 'a', sizeof (half));
	for (int i = 0; i < N; i++) {
		ssize_t n = 1;

		fds[i] = connect_client (fixture);
		for (size_t sent = 0; sent < HALF && n > 0; sent += n > 0 ? (size_t) n : 0) {
			n = send (fds[i], half + sent, HALF - sent, MSG_NOSIGNAL);
			turn (fixture);
		}
	}
	for (int i = 0; i < N; i++)
		n_closed += closed (fds[i]);
	assert_in_range (n_closed, N - 28, N - 10);      /* 16 MiB are 20 of them, with the room to read more */
	assert_false (closed (fds[N - 1]));
	for (int i = 0; i < N; i++)
		close (fds[i]);
	turn (fixture);
}

static void
streams_are_bounded_and_an_ordinary_call_is_not (void **state)
{
	struct fixture *fixture = *state;
	struct cpod_share_limits limits;
	int fds[CPOD_SHARE_MAX_CONNECTIONS];
	struct rlimit files;

	assert_int_equal (getrlimit (RLIMIT_NOFILE, &files), 0);
	cpod_share_set_limits (&limits, files.rlim_cur);
	for (size_t i = 0; i < limits.lasting; i++) {
		fds[i] = connect_client (fixture);
		say (fixture, fds[i], "{\"method\":\"io.cpod.Pod.Events\",\"more\":true}");
		assert_int_equal (count (heard (fds[i]), "subscribed"), 1);
	}
	fds[limits.lasting] = connect_client (fixture);
	ASK (fixture, fds[limits.lasting], "{\"method\":\"io.cpod.Pod.Events\",\"more\":true}",
	     "{\"error\":\"io.cpod.Pod.Failed\",\"parameters\":{\"errno\":11,\"message\":\"too many streams and "
	     "programs of clients are in progress; try again later\"}}");
	ASK (fixture, fds[limits.lasting], "{\"method\":\"io.cpod.Pod.Healthy\"}", "{\"parameters\":{\"healthy\":true}}");
	for (size_t i = 0; i < limits.lasting; i++)
		assert_false (closed (fds[i]));
	for (size_t i = 0; i <= limits.lasting; i++)
		close (fds[i]);
	turn (fixture);
}

static void
a_message_of_countless_values_ends_the_connection (void **state)
{
	enum { SIZE = 1000000 };
	static const char begin[] = "{\"method\":\"a.b.C\",\"parameters\":{\"x\":[0";
	struct fixture *fixture = *state;
	char *text = malloc (SIZE);
	int fd = connect_client (fixture);
	ssize_t n = 1;

	memset (text, ',', SIZE);
	memcpy (text, begin, sizeof (begin) - 1);
	for (size_t i = sizeof (begin); i < SIZE; i += 2)
		text[i] = '0';
	memcpy (text + SIZE - 4, "]}}", 4);
	for (size_t sent = 0; sent < SIZE && n > 0; sent += n > 0 ? (size_t) n : 0) {
		n = send (fd, text + sent, SIZE - sent, MSG_NOSIGNAL);
		turn (fixture);
	}
	assert_true (closed (fd));
	close (fd);
	free (text);
}

static void
the_longest_idle_connection_makes_room (void **state)
{
	struct fixture *fixture = *state;
	enum { MOST = CPOD_SHARE_MAX_CONNECTIONS, N = MOST + 6 };
	int fds[N], busy = connect_client (fixture);

	say (fixture, busy, "{\"method\":\"io.cpod.Pod.Events\",\"more\":true}");
	for (int i = 0; i < N; i++)
		fds[i] = connect_client (fixture);
	assert_true (closed (fds[0]));
	assert_true (closed (fds[6]));
	assert_false (closed (fds[7]));
	assert_false (closed (fds[N - 1]));
	assert_false (closed (busy));
	for (int i = 0; i < N; i++)
		close (fds[i]);
	close (busy);
	turn (fixture);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown (the_socket_is_the_users_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown (the_service_describes_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown (unknown_methods_and_parameters_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown (the_status_of_the_largest_pod_arrives_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown (kill_reaches_the_pod, set_up, tear_down),
		cmocka_unit_test_setup_teardown (stop_is_answered_and_passed_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_oneway_call_gets_no_reply, set_up, tear_down),
		cmocka_unit_test_setup_teardown (exec_replies_with_its_output_when_it_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown (more_output_than_the_limit_is_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown (an_exec_that_cannot_run_says_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown (closing_the_connection_cancels_its_exec, set_up, tear_down),
		cmocka_unit_test_setup_teardown (descriptors_sent_along_become_the_programs, set_up, tear_down),
		cmocka_unit_test_setup_teardown (events_go_on_until_the_pod_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_subscriber_that_does_not_read_is_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown (garbage_ends_the_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown (an_endless_message_ends_the_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_client_that_never_reads_holds_up_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown (many_calls_in_a_row_are_answered_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown (many_calls_in_a_row_let_the_pod_have_its_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown (half_messages_hold_no_more_than_their_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown (streams_are_bounded_and_an_ordinary_call_is_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_message_of_countless_values_ends_the_connection, set_up, tear_down),
		cmocka_unit_test_setup_teardown (the_longest_idle_connection_makes_room, set_up, tear_down),
	};

	return cmocka_run_group_tests_name ("control", tests, NULL, NULL);
}
