/* A hostile client of the control socket and of the HTTP port: hostile TARGET MODE N SECONDS.
 *
 * TARGET is the path of a Unix socket, or a port of 127.0.0.1. N connections at once are opened and, in most
 * modes, opened again whenever the server has closed one; what is then done with each is a line of the table
 * `modes`; else "all open" is said once they are. At the end one line says how it went: "opened A lost B sent C" (connections, connections that the
 * server closed, bytes). Nothing is ever read, except to learn that a connection was closed.
 *
 * It never blocks and, when no connection takes anything, sleeps for a millisecond: it is to be a nuisance
 * to the server, not to the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 65536, MOST_CONNECTIONS = 20000, AT_A_TIME = 256 };

struct connection {
	int fd;             /* -1: to be opened */
	size_t sent;
	uint64_t next_ns;   /* not before */
};

struct client {
	union { struct sockaddr any; struct sockaddr_un local; struct sockaddr_in tcp; } address;
	socklen_t address_len;
	bool http;
	struct connection *connections;   /* n */
	size_t n, n_open;
	uint64_t now_ns;
	unsigned long opened, lost, sent;
	char *message;                    /* what the mode repeats */
	size_t message_len;
};

/* Does the mode's next thing on an open connection. Bytes sent, or -1: close it. */
typedef ssize_t act_fn (struct client *client, struct connection *connection);

static uint64_t
clock_ns (void)
{
	struct timespec t;

	clock_gettime (CLOCK_MONOTONIC, &t);
	return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

/* Sends, never waiting. Bytes, or -1 when the server has closed the connection. */
static ssize_t
put (const struct connection *connection, const void *bytes, size_t len)
{
	ssize_t n = send (connection->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 && (errno == EAGAIN || errno == ENOBUFS) ? 0 : n;
}

/* ---- What is done ---- */

static ssize_t
do_nothing (struct client *client, struct connection *connection)
{
	(void) client;
	(void) connection;
	return 0;
}

/* The message once, without its end. */
static ssize_t
send_half (struct client *client, struct connection *connection)
{
	const size_t half = client->message_len / 2;

	return connection->sent < half ? put (connection, client->message + connection->sent, half - connection->sent) : 0;
}

/* The message over and over. */
static ssize_t
send_always (struct client *client, struct connection *connection)
{
	const size_t from = connection->sent % client->message_len;

	return put (connection, client->message + from, client->message_len - from);
}

/* The message once, and nothing more. */
static ssize_t
send_once (struct client *client, struct connection *connection)
{
	return connection->sent < client->message_len
		? put (connection, client->message + connection->sent, client->message_len - connection->sent) : 0;
}

/* One byte a second. */
static ssize_t
send_slowly (struct client *client, struct connection *connection)
{
	connection->next_ns = client->now_ns + 1000000000u;
	return connection->sent < client->message_len ? put (connection, client->message + connection->sent, 1) : 0;
}

/* A message of 100 MB. */
static ssize_t
send_much (struct client *client, struct connection *connection)
{
	if (connection->sent == 0)
		return put (connection, client->message, client->message_len / 2);
	memset (client->message + client->message_len, 'a', CHUNK);
	return connection->sent < 100u << 20 ? put (connection, client->message + client->message_len, CHUNK) : -1;
}

/* Bytes that mean nothing; new ones each time. */
static ssize_t
send_noise (struct client *client, struct connection *connection)
{
	char *noise = client->message + client->message_len;

	for (size_t i = 0; i < 512; i++)
		noise[i] = (char) (random () >> 7);
	return put (connection, noise, 1 + (size_t) random () % 512);
}

/* Half a message, with as many descriptors as there may be. */
static ssize_t
send_descriptors (struct client *client, struct connection *connection)
{
	enum { N = 200 };
	union { char bytes[CMSG_SPACE (N * sizeof (int))]; struct cmsghdr align; } control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = client->message, .iov_len = 1 };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
	                         .msg_controllen = sizeof (control) };
	struct cmsghdr *fds = CMSG_FIRSTHDR (&header);

	if (connection->sent >= 3)
		return 0;
	part.iov_base = client->message + connection->sent;
	fds->cmsg_level = SOL_SOCKET;
	fds->cmsg_type = SCM_RIGHTS;
	fds->cmsg_len = CMSG_LEN (N * sizeof (int));
	for (int i = 0; i < N; i++)
		memcpy (CMSG_DATA (fds) + (size_t) i * sizeof (int), &(int) { 0 }, sizeof (int));
	return sendmsg (connection->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 1 : 0;
}

/* Opened, and closed at once. */
static ssize_t
close_it (struct client *client, struct connection *connection)
{
	(void) client;
	(void) connection;
	return -1;
}

/* ---- The modes ---- */

#define CALL_STATUS  "{\"method\":\"io.cpod.Pod.Status\"}"
#define CALL_EVENTS  "{\"method\":\"io.cpod.Pod.Events\",\"more\":true}"
#define CALL_EXEC    "{\"method\":\"io.cpod.Pod.Exec\",\"parameters\":{\"container\":\"main\",\"argv\":[\"/inside\",\"sleep\"]}}"
#define CALL_LOGS    "{\"method\":\"io.cpod.Pod.Logs\",\"more\":true,\"parameters\":{\"container\":\"main\",\"follow\":true}}"
#define CALL_WAIT    "{\"method\":\"io.cpod.Pod.Wait\"}"
#define HTTP_STATUS  "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"

static const struct mode {
	const char *name;
	act_fn *act;
	bool again;                /* opens anew what the server has closed */
	const char *local, *http;  /* the message: with its NUL, without one */
} modes[] = {
	{ "idle", do_nothing, false, CALL_STATUS, HTTP_STATUS },
	{ "half", send_half, true, CALL_STATUS, HTTP_STATUS },
	{ "slow", send_slowly, true, CALL_STATUS, HTTP_STATUS },
	{ "large", send_much, true, CALL_STATUS, HTTP_STATUS },
	{ "noise", send_noise, true, CALL_STATUS, HTTP_STATUS },
	{ "deaf", send_always, true, CALL_STATUS, HTTP_STATUS },
	{ "streams", send_once, true, CALL_EVENTS, HTTP_STATUS },
	{ "logs", send_once, true, CALL_LOGS, HTTP_STATUS },
	{ "waits", send_once, true, CALL_WAIT, HTTP_STATUS },
	{ "programs", send_once, true, CALL_EXEC, HTTP_STATUS },
	{ "values", send_always, true, NULL, HTTP_STATUS },
	{ "descriptors", send_descriptors, true, CALL_STATUS, HTTP_STATUS },
	{ "storm", close_it, true, CALL_STATUS, HTTP_STATUS },
};

/* Fills the message: the mode's own or, without one, as many values as a message may hold. */
static void
make_message (struct client *client, const struct mode *mode)
{
	static const char begin[] = "{\"method\":\"a.b.C\",\"parameters\":{\"x\":[0", end[] = "]}}";
	const char *text = client->http ? mode->http : mode->local;
	size_t len = text != NULL ? strlen (text) + !client->http : 0;

	client->message = malloc ((1 << 20) + CHUNK);
	if (client->message == NULL)
		abort ();
	if (text != NULL)
		memcpy (client->message, text, len);
	else {
		memcpy (client->message, begin, len = sizeof (begin) - 1);
		for (int i = 0; i < 390000; i++, len += 2)
			memcpy (client->message + len, ",0", 2);
		memcpy (client->message + len, end, sizeof (end));
		len += sizeof (end);
	}
	client->message_len = len;
}

/* ---- Connections ---- */

/* Opens a connection, if the server takes one now. */
static void
open_one (struct client *client, struct connection *connection)
{
	int fd = socket (client->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (connect (fd, &client->address.any, client->address_len) < 0 && errno != EINPROGRESS) {
		close (fd);
		return;
	}
	*connection = (struct connection) { .fd = fd, .next_ns = client->now_ns };
	client->opened++;
	client->n_open++;
}

static void
close_one (struct client *client, struct connection *connection)
{
	close (connection->fd);
	connection->fd = -1;
	client->n_open--;
}

/* Whether the server has closed the connection. What it sent stays unread. */
static bool
is_lost (const struct connection *connection)
{
	struct pollfd pollfd = { .fd = connection->fd, .events = POLLRDHUP };

	return poll (&pollfd, 1, 0) > 0 && (pollfd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* One connection's turn. Whether anything was done. */
static bool
step (struct client *client, const struct mode *mode, struct connection *connection)
{
	ssize_t n;

	if (connection->fd < 0) {
		if (!mode->again && client->opened >= client->n)
			return false;
		open_one (client, connection);
		if (!mode->again && connection->fd >= 0 && client->opened == client->n) {
			printf ("all open\n");
			fflush (stdout);
		}
		return connection->fd >= 0;
	}
	if (connection->next_ns > client->now_ns)
		return false;
	if (mode->again && is_lost (connection)) {
		client->lost++;
		close_one (client, connection);
		return true;
	}
	n = mode->act (client, connection);
	if (n < 0) {
		close_one (client, connection);
		return true;
	}
	connection->sent += (size_t) n;
	client->sent += (unsigned long) n;
	return n > 0;
}

/* All connections in turn until the time is over; a batch of turns at a time. */
static void
run (struct client *client, const struct mode *mode, uint64_t end_ns)
{
	size_t at = 0, idle = 0;

	while ((client->now_ns = clock_ns ()) < end_ns) {
		for (size_t i = 0; i < AT_A_TIME; i++) {
			idle = step (client, mode, &client->connections[at]) ? 0 : idle + 1;
			at = (at + 1) % client->n;
		}
		if (idle >= client->n)
			nanosleep (&(struct timespec) { .tv_nsec = 1000000 }, NULL);
	}
	for (size_t i = 0; i < client->n; i++)
		client->lost += client->connections[i].fd >= 0 && is_lost (&client->connections[i]);
}

/* Reads TARGET. */
static void
set_address (struct client *client, const char *target)
{
	char *end;
	const unsigned long port = strtoul (target, &end, 10);

	client->http = *end == '\0';
	if (client->http) {
		client->address.tcp = (struct sockaddr_in) { .sin_family = AF_INET, .sin_port = htons ((uint16_t) port),
		                                             .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
		client->address_len = sizeof (client->address.tcp);
		return;
	}
	client->address.local.sun_family = AF_UNIX;
	snprintf (client->address.local.sun_path, sizeof (client->address.local.sun_path), "%s", target);
	client->address_len = sizeof (client->address.local);
}

int
main (int argc, char **argv)
{
	static struct client client;
	const struct mode *mode = NULL;
	struct rlimit files;

	for (size_t i = 0; argc == 5 && i < sizeof (modes) / sizeof (modes[0]); i++)
		if (strcmp (modes[i].name, argv[2]) == 0)
			mode = &modes[i];
	client.n = argc == 5 ? strtoul (argv[3], NULL, 10) : 0;
	if (mode == NULL || client.n < 1 || client.n > MOST_CONNECTIONS) {
		fprintf (stderr, "hostile SOCKET|PORT MODE N SECONDS\n");
		return 2;
	}
	if (getrlimit (RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void) setrlimit (RLIMIT_NOFILE, &files);
		if (files.rlim_max < client.n + 16)
			client.n = (size_t) files.rlim_max - 16;
	}
	set_address (&client, argv[1]);
	make_message (&client, mode);
	client.connections = malloc (client.n * sizeof (*client.connections));
	if (client.connections == NULL)
		return 1;
	for (size_t i = 0; i < client.n; i++)
		client.connections[i] = (struct connection) { .fd = -1 };
	run (&client, mode, clock_ns () + (uint64_t) (strtod (argv[4], NULL) * 1e9));
	printf ("opened %lu lost %lu sent %lu\n", client.opened, client.lost, client.sent);
	return 0;
}
