/* Links: libcpod.a
 *
 * Attempts of network probes, against a server in the same loop that says what each path is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "probes/net.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/module.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEERS 16

/* ---- A server ----------------------------------------------------------------------------- */

struct peer {
	struct cpod_source source;
	int fd;
	char request[8192];
	size_t len;
	bool flooding;
};

static struct cpod_loop loop;
static struct cpod_source listener;
static int listen_fd;
static uint16_t port;
static struct peer peers[PEERS];
static size_t n_peers;
static char last_request[8192];
static const char *flood;          /* what is sent without end */

#define GRPC_HEADERS "\x00\x00\x00\x04\x00\x00\x00\x00\x00" /* SETTINGS */ \
	"\x00\x00\x01\x01\x04\x00\x00\x00\x01\x88"              /* HEADERS: status 200 */
#define GRPC_DATA(health) "\x00\x00\x07\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x02\x08" health
#define GRPC_TRAILER(status) "\x00\x00\x0f\x01\x05\x00\x00\x00\x01\x00\x0bgrpc-status\x01" status
#define BYTES(text) text, sizeof (text) - 1
#define REPLY(text) .reply = text, .len = sizeof (text) - 1

static const struct { const char *path, *reply; size_t len; bool flood, stays; } replies[] = {
	{ .path = "/ok ", REPLY ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine") },
	{ .path = "/399 ", REPLY ("HTTP/1.1 399 Odd\r\nContent-Length: 0\r\n\r\n") },
	{ .path = "/400 ", REPLY ("HTTP/1.1 400 No\r\nContent-Length: 3\r\n\r\nbad") },
	{ .path = "/503 ", REPLY ("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n") },
	{ .path = "/there ", REPLY ("HTTP/1.1 302 There\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n") },
	{ .path = "/round ", REPLY ("HTTP/1.1 301 Round\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n") },
	{ .path = "/away ", REPLY ("HTTP/1.1 307 Away\r\nLocation: http://elsewhere.invalid/\r\nContent-Length: 0\r\n\r\n") },
	{ .path = "/304 ", REPLY ("HTTP/1.1 304 Same\r\nLocation: /503\r\n\r\n") },
	{ .path = "/short ", REPLY ("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nfine") },
	{ .path = "/garbage ", REPLY ("\x01\x02 what?\r\n\r\n") },
	{ .path = "/nothing ", REPLY ("") },
	{ .path = "/endless ", REPLY ("HTTP/1.1 200 OK\r\n\r\n"), .flood = true },
	{ .path = "/headers ", REPLY ("HTTP/1.1 200 OK\r\n"), .flood = true },
	{ .path = "/silent ", REPLY (""), .stays = true },
	{ .path = "PRI * HTTP/2.0", REPLY (GRPC_HEADERS GRPC_DATA ("\x01") GRPC_TRAILER ("0")), .stays = true },
	{ .path = NULL },
};
static const char *grpc_reply;     /* instead of the table's */
static size_t grpc_reply_len;

static void
close_peer (struct peer *peer)
{
	cpod_loop_remove (&peer->source);
	cpod_fd_close (&peer->fd);
}

/* Answers when the request is whole. */
static void
on_peer (struct cpod_source *source, uint32_t events)
{
	struct peer *peer = source->data;
	ssize_t n;

	if (peer->flooding) {
		if ((events & (EPOLLHUP | EPOLLERR)) || send (peer->fd, flood, strlen (flood), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			close_peer (peer);
		return;
	}
	n = read (peer->fd, peer->request + peer->len, sizeof (peer->request) - 1 - peer->len);
	if (n <= 0) {
		close_peer (peer);
		return;
	}
	peer->len += (size_t) n;
	peer->request[peer->len] = '\0';
	if (!strstr (peer->request, "\r\n\r\n") || strlen (last_request) > 0)
		return;
	strcpy (last_request, peer->request);
	for (size_t i = 0; replies[i].path; i++) {
		bool grpc = grpc_reply && strncmp (replies[i].path, "PRI", 3) == 0;

		if (!strstr (peer->request, replies[i].path))
			continue;
		(void) !send (peer->fd, grpc ? grpc_reply : replies[i].reply, grpc ? grpc_reply_len : replies[i].len, MSG_NOSIGNAL);
		last_request[0] = replies[i].stays || replies[i].flood ? last_request[0] : '\0';
		if (replies[i].flood) {
			peer->flooding = true;
			cpod_loop_change (&peer->source, EPOLLOUT);
		} else if (!replies[i].stays) {
			close_peer (peer);
		}
		if (!replies[i].stays)
			strcpy (last_request, peer->request);
		return;
	}
}

static void
on_listener (struct cpod_source *source, uint32_t events)
{
	struct peer *peer = &peers[n_peers++ % PEERS];

	(void) source;
	(void) events;
	memset (peer, 0, sizeof (*peer));
	last_request[0] = '\0';
	peer->fd = accept4 (listen_fd, NULL, NULL, SOCK_CLOEXEC);
	peer->source = (struct cpod_source) { .fd = -1, .ready = on_peer, .data = peer };
	assert_int_equal (cpod_loop_add (&loop, &peer->source, peer->fd, EPOLLIN, NULL), 0);
}

/* ---- The attempt -------------------------------------------------------------------------- */

static struct cpod_probe_fetcher fetcher;
static struct cpod_probe_net net;
static struct cpod_probe_end got;
static unsigned int n_done;
static char built_modules[4096];
static int socket_failure;         /* what open_socket answers, if not 0 */

static int
open_socket (void *data, int domain, int type, int protocol, struct cpod_error *err)
{
	int fd;

	(void) data;
	if (socket_failure != 0)
		return cpod_error_set (err, socket_failure, "no socket today");
	fd = socket (domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	return fd < 0 ? cpod_error_sys (err, errno, "socket") : fd;
}

static void
on_done (struct cpod_probe_net *ended, const struct cpod_probe_end *end)
{
	assert_ptr_equal (ended, &net);
	got = *end;
	n_done++;
}

/* The modules of the build tree, two directories above this program. */
static int
find_modules (void **state)
{
	ssize_t len = readlink ("/proc/self/exe", built_modules, sizeof (built_modules) - 16);

	(void) state;
	if (len <= 0)
		return -1;
	built_modules[len] = '\0';
	for (int up = 0; up < 3; up++)
		*strrchr (built_modules, '/') = '\0';
	strcat (built_modules, "/modules");
	return 0;
}

static int
setup (void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	socklen_t len = sizeof (address);

	(void) state;
	cpod_module_set_dir (built_modules);
	assert_int_equal (cpod_loop_init (&loop, NULL), 0);
	listen_fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal (bind (listen_fd, (struct sockaddr *) &address, sizeof (address)), 0);
	assert_int_equal (listen (listen_fd, 8), 0);
	assert_int_equal (getsockname (listen_fd, (struct sockaddr *) &address, &len), 0);
	port = ntohs (address.sin_port);
	listener = (struct cpod_source) { .fd = -1, .ready = on_listener };
	assert_int_equal (cpod_loop_add (&loop, &listener, listen_fd, EPOLLIN, NULL), 0);
	memset (&fetcher, 0, sizeof (fetcher));
	memset (&net, 0, sizeof (net));
	fetcher.loop = &loop;
	fetcher.open_socket = open_socket;
	net.fetcher = &fetcher;
	net.done = on_done;
	n_done = 0;
	socket_failure = 0;
	grpc_reply = NULL;
	flood = "0123456789abcdef0123456789abcdef";
	return 0;
}

static int
teardown (void **state)
{
	(void) state;
	cpod_probe_net_finish (&net);
	cpod_probe_fetcher_finish (&fetcher);
	for (size_t i = 0; i < PEERS; i++)
		if (peers[i].source.loop)
			close_peer (&peers[i]);
	cpod_loop_remove (&listener);
	cpod_fd_close (&listen_fd);
	cpod_loop_finish (&loop);
	return 0;
}

/* Turns until the attempt is over. */
static void
await (void)
{
	uint64_t end = cpod_clock_ns () + 20000000000ull;

	while (n_done == 0 && cpod_clock_ns () < end)
		assert_true (cpod_loop_turn (&loop, 1000) >= 0);
	assert_int_equal (n_done, 1);
	n_done = 0;
}

/* A target like what net-target.c makes. */
static struct cpod_net_target
target (enum cpod_net_kind kind, const char *path)
{
	static const char *const headers[] = { "User-Agent: kube-probe/1.36 cpod", "Accept: */*", "Connection: close" };
	static char url[300];
	static const char frame[5];

	snprintf (url, sizeof (url), "http://127.0.0.1:%u%s", port, path);
	return (struct cpod_net_target) {
		.kind = kind, .host = "127.0.0.1", .port = port, .url = url, .headers = headers, .n_headers = 3,
		.body = kind == CPOD_NET_GRPC ? frame : NULL, .body_len = kind == CPOD_NET_GRPC ? 5 : 0,
	};
}

static void
ask (const struct cpod_net_target *asked)
{
	assert_int_equal (cpod_probe_net_start (&net, asked, &got), 0);
	await ();
}

static void
get (const char *path)
{
	struct cpod_net_target asked = target (CPOD_NET_HTTP, path);

	ask (&asked);
}

#define assert_failure(words) do { \
	assert_int_equal (got.outcome, CPOD_OUTCOME_FAILURE); \
	if (!strstr (got.error.message, (words))) \
		fail_msg ("%s", got.error.message); \
} while (0)

/* ---- HTTP --------------------------------------------------------------------------------- */

static void
a_status_from_200_to_399_is_success (void **state)
{
	(void) state;
	get ("/ok");
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
	assert_string_equal (net.output, "fine");
	get ("/399");
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
	assert_null (net.output);
}

static void
another_status_is_failure (void **state)
{
	(void) state;
	get ("/400");
	assert_failure ("HTTP status 400");
	assert_string_equal (net.output, "bad");
	get ("/503");
	assert_failure ("HTTP status 503");
}

static void
any_answer_will_do_for_a_hook (void **state)
{
	(void) state;
	net.any_answer = true;
	get ("/503");
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
	get ("/round");
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
	get ("/nothing");
	assert_int_equal (got.outcome, CPOD_OUTCOME_FAILURE);
}

static void
the_request_is_the_kubelets (void **state)
{
	char host[40];

	(void) state;
	get ("/ok");
	assert_int_equal (strncmp (last_request, "GET /ok HTTP/1.1\r\n", 18), 0);
	snprintf (host, sizeof (host), "Host: 127.0.0.1:%u\r\n", port);
	assert_non_null (strstr (last_request, host));
	assert_non_null (strstr (last_request, "User-Agent: kube-probe/1.36 cpod\r\n"));
	assert_non_null (strstr (last_request, "Accept: */*\r\n"));
	assert_non_null (strstr (last_request, "Connection: close\r\n"));
	assert_null (strstr (last_request, "Accept-Encoding"));
}

static void
a_redirect_on_the_same_host_is_followed (void **state)
{
	(void) state;
	get ("/there");
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
	assert_string_equal (net.output, "fine");
}

static void
an_eleventh_redirect_is_failure (void **state)
{
	(void) state;
	n_peers = 0;
	get ("/round");
	assert_failure ("more than 10 times");
	assert_int_equal (n_peers, 11);
}

static void
a_redirect_to_another_host_is_success (void **state)
{
	(void) state;
	get ("/away");
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
	get ("/304");
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
}

static void
of_an_endless_body_ten_kilobytes_are_read (void **state)
{
	(void) state;
	get ("/endless");
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
	assert_int_equal (strlen (net.output), CPOD_PROBE_OUTPUT_MAX);
}

static void
endless_header_fields_are_failure (void **state)
{
	(void) state;
	flood = "X: 0123456789abcdef0123456789abcdef\r\n";
	get ("/headers");
	assert_int_equal (got.outcome, CPOD_OUTCOME_FAILURE);
}

static void
an_answer_that_is_none_is_failure (void **state)
{
	static const char *const paths[] = { "/short", "/garbage", "/nothing" };

	(void) state;
	for (size_t i = 0; i < 3; i++) {
		get (paths[i]);
		assert_int_equal (got.outcome, CPOD_OUTCOME_FAILURE);
		assert_true (got.error.message[0] != '\0');
	}
}

static void
nobody_there_is_failure (void **state)
{
	struct cpod_net_target asked = target (CPOD_NET_HTTP, "/ok");

	(void) state;
	cpod_loop_remove (&listener);
	cpod_fd_close (&listen_fd);
	ask (&asked);
	assert_int_equal (got.outcome, CPOD_OUTCOME_FAILURE);
	asked.kind = CPOD_NET_TCP;
	if (cpod_probe_net_start (&net, &asked, &got) == 0)
		await ();
	assert_failure ("Connection refused");
}

static void
without_a_socket_the_attempt_is_an_error (void **state)
{
	struct cpod_net_target asked = target (CPOD_NET_HTTP, "/ok");

	(void) state;
	socket_failure = EMFILE;
	ask (&asked);
	assert_int_equal (got.outcome, CPOD_OUTCOME_ERROR);
	assert_string_equal (got.error.message, "no socket today");
	asked.kind = CPOD_NET_TCP;
	assert_true (cpod_probe_net_start (&net, &asked, &got) < 0);
	assert_int_equal (got.outcome, CPOD_OUTCOME_ERROR);
	assert_int_equal (got.error.code, EMFILE);
}

static void
a_server_that_never_answers_is_given_up (void **state)
{
	struct cpod_net_target asked = target (CPOD_NET_HTTP, "/silent");

	(void) state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal (cpod_probe_net_start (&net, &asked, &got), 0);
		for (int i = 0; i < 10; i++)
			(void) cpod_loop_turn (&loop, 10);
		assert_int_equal (n_done, 0);
		cpod_probe_net_cancel (&net);
	}
	get ("/ok");
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
}

/* ---- A name server that does not answer --------------------------------------------------- */

static atomic_int looked_up, released, left;

/* In place of the C library's, where the name is one that nobody knows: the resolver's thread waits here. */
__attribute__ ((visibility ("default"))) int
getaddrinfo (const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	int (*real) (const char *, const char *, const struct addrinfo *, struct addrinfo **);

	*(void **) &real = dlsym (RTLD_NEXT, "getaddrinfo");
	if (name == NULL || strcmp (name, "unanswered.invalid") != 0)
		return real (name, service, hints, ret);
	looked_up = 1;
	for (int i = 0; i < 1000 && !released; i++)
		(void) usleep (10000);
	left = 1;
	return EAI_AGAIN;
}

static void
giving_up_does_not_wait_for_a_name (void **state)
{
	struct cpod_net_target asked = target (CPOD_NET_HTTP, "/ok");

	(void) state;
	asked.url = "http://unanswered.invalid:80/ok";
	assert_int_equal (cpod_probe_net_start (&net, &asked, &got), 0);
	for (int i = 0; i < 1000 && !looked_up; i++)
		(void) cpod_loop_turn (&loop, 10);
	assert_int_equal (looked_up, 1);
	cpod_probe_net_cancel (&net);
	assert_int_equal (left, 0);
	released = 1;
	while (!left)
		(void) usleep (1000);
	get ("/ok");
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
}

/* ---- TCP and gRPC ------------------------------------------------------------------------- */

static void
a_connection_is_success (void **state)
{
	struct cpod_net_target asked = target (CPOD_NET_TCP, "/");

	(void) state;
	ask (&asked);
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
	assert_null (fetcher.fetcher);   /* which takes no module */
	asked.host = "localhost";
	ask (&asked);
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
	assert_int_equal (cpod_probe_net_start (&net, &asked, &got), 0);
	cpod_probe_net_cancel (&net);
}

static void
health (const char *reply, size_t len)
{
	struct cpod_net_target asked = target (CPOD_NET_GRPC, "/grpc.health.v1.Health/Check");

	grpc_reply = reply;
	grpc_reply_len = len;
	ask (&asked);
}

static void
only_a_serving_service_is_success (void **state)
{
	(void) state;
	health (BYTES (GRPC_HEADERS GRPC_DATA ("\x01") GRPC_TRAILER ("0")));
	assert_int_equal (got.outcome, CPOD_OUTCOME_SUCCESS);
	health (BYTES (GRPC_HEADERS GRPC_DATA ("\x02") GRPC_TRAILER ("0")));
	assert_failure ("NOT_SERVING");
	health (BYTES (GRPC_HEADERS GRPC_DATA ("\x03") GRPC_TRAILER ("0")));
	assert_failure ("SERVICE_UNKNOWN");
	health (BYTES (GRPC_HEADERS GRPC_TRAILER ("0")));
	assert_failure ("UNKNOWN");
	health (BYTES (GRPC_HEADERS GRPC_DATA ("\x01") GRPC_TRAILER ("5")));
	assert_failure ("gRPC status 5");
}

static void
what_does_not_speak_grpc_is_failure (void **state)
{
	(void) state;
	health (BYTES ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
	assert_int_equal (got.outcome, CPOD_OUTCOME_FAILURE);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST (a_status_from_200_to_399_is_success),
		TEST (another_status_is_failure),
		TEST (any_answer_will_do_for_a_hook),
		TEST (the_request_is_the_kubelets),
		TEST (a_redirect_on_the_same_host_is_followed),
		TEST (an_eleventh_redirect_is_failure),
		TEST (a_redirect_to_another_host_is_success),
		TEST (of_an_endless_body_ten_kilobytes_are_read),
		TEST (endless_header_fields_are_failure),
		TEST (an_answer_that_is_none_is_failure),
		TEST (nobody_there_is_failure),
		TEST (without_a_socket_the_attempt_is_an_error),
		TEST (a_server_that_never_answers_is_given_up),
		TEST (giving_up_does_not_wait_for_a_name),
		TEST (a_connection_is_success),
		TEST (only_a_serving_service_is_success),
		TEST (what_does_not_speak_grpc_is_failure),
	};

	return cmocka_run_group_tests (tests, find_modules, NULL);
}
