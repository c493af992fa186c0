/* HTTP through libmicrohttpd, inside a foreign loop: no threads, one daemon for each socket, all of their
 * descriptors behind one epoll descriptor.
 *
 * Bounds: connections (256, or an eighth of the descriptors that the process may have), memory of one connection (so
 * the header fields) and one reply for each, length of a body (it is read and forgotten), the time a connection may
 * be idle, and the time from its first byte to a whole request: a client that sends one byte now and then is cut off.
 * Where there are too many, one that has been answered often goes first, then the one that has waited for its request,
 * or not read its reply, for longest. The path is handed on as it was sent: nothing is
 * decoded, so nothing hides in it.
 */
#include "modules/http.h"

#include "modules/module.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	MAX_DAEMONS     = 4,
	MAX_CONNECTIONS = 256,                /* of the server; one more ends the oldest */
	LEAST_CONNECTIONS = 4,
	OFTEN           = 16,                 /* answered so often, a client may as well come again */
	FILES_PART      = 8,                  /* of the process's descriptors are the server's */
	LIBRARY_LIMIT   = 1000,               /* far above: at its own limit libmicrohttpd goes deaf */
	MEMORY          = 16 << 10,           /* of one connection: request line and header fields fit in */
	IDLE_S          = 15,
};
#define REQUEST_NS UINT64_C (10000000000)     /* for a whole request */
#define FAIR_NS    UINT64_C (250000000)       /* a request is sent, and a reply read, in less */

/* One connection, while it is open. */
struct peer {
	struct peer *prev, *next;
	struct cpod_http_server *server;
	int fd;                               /* the daemon's */
	uint64_t since_ns;                    /* when it was opened, or its last request was answered */
	unsigned int n_answered;
	bool answering;                       /* the request has been received */
	bool ended;                           /* was cut off; the library has not seen it yet */
};

/* One request. */
struct request {
	bool asked;                           /* answer was called */
	uint64_t body_bytes;                  /* received */
};

struct cpod_http_server {
	struct cpod_http_server_config config;
	struct MHD_Daemon *daemons[MAX_DAEMONS];
	size_t n_daemons;
	int epoll_fd;                         /* owned */
	struct peer *peers;                   /* the newest first */
	unsigned int n_peers, max_peers, n_answering;
	uint64_t now_ns;                      /* of the run in progress */
};

/* An error with the system's words; the program's own functions are out of reach here. */
static int
fail (struct cpod_error *err, int code, const char *what)
{
	if (err != NULL) {
		err->code = code;
		snprintf (err->message, sizeof (err->message), "%s: %s", what, strerror (code));
	}
	return -code;
}

/* Leaves the path as it was sent. */
static size_t
keep_path (void *data, struct MHD_Connection *connection, char *text)
{
	(void) data;
	(void) connection;
	return strlen (text);
}

/* The peer of a connection. */
static struct peer *
peer_of (struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info (connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

/* Changes whether the peer's request is being answered. */
static void
set_answering (struct peer *peer, bool answering)
{
	if (peer == NULL || peer->answering == answering)
		return;
	peer->answering = answering;
	peer->n_answered += answering;
	peer->server->n_answering += answering ? 1 : -1u;
	peer->since_ns = peer->server->now_ns;
}

/* How readily a connection gives way: last of all while it may yet send its request, or read its reply, in time. */
static unsigned int
readiness (const struct cpod_http_server *server, const struct peer *peer)
{
	if (peer->ended)
		return 0;
	if (peer->n_answered >= OFTEN)
		return 3;
	return peer->since_ns + FAIR_NS <= server->now_ns ? 2 : 1;
}

/* Makes room: cuts off the connection that gives way most readily; of several, the one that has not gone on for
 * longest, and of young ones the first that came (the list's order). */
static void
make_room (struct cpod_http_server *server)
{
	struct peer *victim = NULL;
	unsigned int best = 0;

	for (struct peer *peer = server->peers; peer != NULL; peer = peer->next) {
		const unsigned int ready = readiness (server, peer);

		if (ready == 0 || ready < best || (ready == best && ready > 1 && peer->since_ns > victim->since_ns))
			continue;
		best = ready;
		victim = peer;
	}
	if (victim == NULL)
		return;
	victim->ended = true;
	(void) shutdown (victim->fd, SHUT_RDWR);
}

/* A connection was opened or closed. */
static void
notify_connection (void *data, struct MHD_Connection *connection, void **context,
                   enum MHD_ConnectionNotificationCode code)
{
	struct cpod_http_server *server = data;
	struct peer *peer = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD);

		peer = calloc (1, sizeof (*peer));
		*context = peer;
		if (peer == NULL || info == NULL)
			return;
		*peer = (struct peer) { .server = server, .fd = info->connect_fd, .since_ns = server->now_ns,
		                        .next = server->peers };
		if (server->peers != NULL)
			server->peers->prev = peer;
		server->peers = peer;
		if (++server->n_peers > server->max_peers)
			make_room (server);
		return;
	}
	if (peer == NULL)
		return;
	server->n_peers--;
	set_answering (peer, false);
	*(peer->prev != NULL ? &peer->prev->next : &server->peers) = peer->next;
	if (peer->next != NULL)
		peer->next->prev = peer->prev;
	free (peer);
	*context = NULL;
}

/* A request is over. */
static void
notify_completed (void *data, struct MHD_Connection *connection, void **context,
                  enum MHD_RequestTerminationCode code)
{
	(void) data;
	(void) code;
	set_answering (peer_of (connection), false);
	free (*context);
	*context = NULL;
}

/* A header field, or NULL. */
static const char *
header (struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value (connection, MHD_HEADER_KIND, name);
}

/* Sends what the message says. */
static enum MHD_Result
send_reply (struct MHD_Connection *connection, struct cpod_http_message *message)
{
	struct MHD_Response *response;
	enum MHD_Result ret = MHD_NO;

	response = MHD_create_response_from_buffer (message->body != NULL ? message->body_len : 0,
	                                            message->body != NULL ? message->body : (void *) "",
	                                            message->body != NULL ? MHD_RESPMEM_MUST_FREE
	                                                                  : MHD_RESPMEM_PERSISTENT);
	if (response == NULL) {
		free (message->body);
		return MHD_NO;
	}
	if ((message->type == NULL
	     || MHD_add_response_header (response, "Content-Type", message->type) == MHD_YES)
	    && (message->allow == NULL
	        || MHD_add_response_header (response, "Allow", message->allow) == MHD_YES)
	    && MHD_add_response_header (response, "Cache-Control", "no-store") == MHD_YES
	    && MHD_add_response_header (response, "X-Content-Type-Options", "nosniff") == MHD_YES)
		ret = MHD_queue_response (connection, message->status, response);
	MHD_destroy_response (response);
	return ret;
}

/* Asks the program for the reply. */
static enum MHD_Result
reply (struct cpod_http_server *server, struct MHD_Connection *connection, const char *method,
       const char *path)
{
	const char *length = header (connection, "Content-Length");
	struct cpod_http_message message = {
		.method = method, .path = path, .host = header (connection, "Host"),
		.origin = header (connection, "Origin"),
		.fetch_site = header (connection, "Sec-Fetch-Site"),
		.body_bytes = length != NULL ? strtoull (length, NULL, 10) : 0, .status = 500,
	};

	set_answering (peer_of (connection), true);
	server->config.answer (server->config.data, &message);
	return send_reply (connection, &message);
}

/* Called by the library: once when the header fields are there, for each part of the body, and at the end. */
static enum MHD_Result
handle (void *data, struct MHD_Connection *connection, const char *path, const char *method,
        const char *version,
        const char *part, size_t *part_len, void **context)
{
	struct cpod_http_server *server = data;
	const char *length = header (connection, "Content-Length");
	struct request *request = *context;

	(void) version;
	(void) part;
	if (request == NULL) {
		request = calloc (1, sizeof (*request));
		*context = request;
		if (request == NULL)
			return MHD_NO;
		if (length == NULL || strtoull (length, NULL, 10) <= server->config.max_body)
			return MHD_YES;
		request->asked = true;   /* too long: answered at once, the body is not read */
		return reply (server, connection, method, path);
	}
	if (*part_len > 0) {
		request->body_bytes += *part_len;
		*part_len = 0;
		return request->body_bytes <= server->config.max_body ? MHD_YES : MHD_NO;
	}
	if (request->asked)
		return MHD_YES;
	request->asked = true;
	return reply (server, connection, method, path);
}

static void stop (struct cpod_http_server *server);

/* Starts one daemon on a listening socket. */
static int
add_daemon (struct cpod_http_server *server, int listen_fd, struct cpod_error *err)
{
	struct epoll_event event = { .events = EPOLLIN };
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *daemon;

	daemon = MHD_start_daemon (MHD_USE_EPOLL, 0, NULL, NULL, handle, server,
	                           MHD_OPTION_LISTEN_SOCKET, listen_fd,
	                           MHD_OPTION_CONNECTION_LIMIT, (unsigned int) LIBRARY_LIMIT,
	                           MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) MEMORY,
	                           MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int) IDLE_S,
	                           MHD_OPTION_STRICT_FOR_CLIENT, 1,
	                           MHD_OPTION_UNESCAPE_CALLBACK, keep_path, NULL,
	                           MHD_OPTION_NOTIFY_CONNECTION, notify_connection, server,
	                           MHD_OPTION_NOTIFY_COMPLETED, notify_completed, NULL,
	                           MHD_OPTION_END);
	if (daemon == NULL) {
		close (listen_fd);
		return fail (err, errno != 0 ? errno : ENOMEM, "start the HTTP server");
	}
	server->daemons[server->n_daemons++] = daemon;
	info = MHD_get_daemon_info (daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL || epoll_ctl (server->epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &event) < 0)
		return fail (err, errno, "start the HTTP server");
	return 0;
}

/* How many connections there may be: most descriptors are the pod's. */
static unsigned int
max_peers (void)
{
	struct rlimit files;

	if (getrlimit (RLIMIT_NOFILE, &files) < 0 || files.rlim_cur / FILES_PART >= MAX_CONNECTIONS)
		return MAX_CONNECTIONS;
	return files.rlim_cur / FILES_PART > LEAST_CONNECTIONS ? (unsigned int) (files.rlim_cur / FILES_PART) : LEAST_CONNECTIONS;
}

static int
start (const struct cpod_http_server_config *config, struct cpod_http_server **ret_server,
       struct cpod_error *err)
{
	struct cpod_http_server *server;
	int ret = 0, fd;

	if (config->size < sizeof (*config) || config->n_fds > MAX_DAEMONS)
		return fail (err, EINVAL, "start the HTTP server");
	server = calloc (1, sizeof (*server));
	if (server == NULL)
		return fail (err, ENOMEM, "start the HTTP server");
	server->config = *config;
	server->max_peers = max_peers ();
	server->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
	if (server->epoll_fd < 0)
		ret = fail (err, errno, "start the HTTP server");
	for (size_t i = 0; i < config->n_fds && ret == 0; i++) {
		fd = fcntl (config->listen_fds[i], F_DUPFD_CLOEXEC, 3);   /* a daemon closes its socket */
		ret = fd >= 0 ? add_daemon (server, fd, err) : fail (err, errno, "start the HTTP server");
	}
	if (ret < 0) {
		stop (server);
		return ret;
	}
	*ret_server = server;
	return 0;
}

static int
server_fd (const struct cpod_http_server *server)
{
	return server->epoll_fd;
}

/* Cuts off those who take too long to send a request; the library then sees their end. */
static void
cut_off (struct cpod_http_server *server)
{
	for (struct peer *peer = server->peers; peer != NULL; peer = peer->next)
		if (!peer->answering && peer->since_ns + REQUEST_NS <= server->now_ns)
			(void) shutdown (peer->fd, SHUT_RDWR);
}

static void
run (struct cpod_http_server *server, uint64_t now_ns)
{
	server->now_ns = now_ns;
	cut_off (server);
	for (size_t i = 0; i < server->n_daemons; i++)
		(void) MHD_run (server->daemons[i]);
}

static int64_t
timeout_ms (const struct cpod_http_server *server, uint64_t now_ns)
{
	int64_t nearest = -1;

	for (size_t i = 0; i < server->n_daemons; i++) {
		MHD_UNSIGNED_LONG_LONG due;

		if (MHD_get_timeout (server->daemons[i], &due) == MHD_YES
		    && (nearest < 0 || (int64_t) due < nearest))
			nearest = (int64_t) due;
	}
	for (const struct peer *peer = server->peers; peer != NULL; peer = peer->next) {
		const uint64_t end_ns = peer->since_ns + REQUEST_NS;
		const int64_t due = end_ns > now_ns ? (int64_t) ((end_ns - now_ns) / 1000000) + 1 : 0;

		if (!peer->answering && (nearest < 0 || due < nearest))
			nearest = due;
	}
	return nearest;
}

static unsigned int
busy (const struct cpod_http_server *server)
{
	return server->n_answering;
}

static void
stop (struct cpod_http_server *server)
{
	for (size_t i = 0; i < server->n_daemons; i++)
		MHD_stop_daemon (server->daemons[i]);
	if (server->epoll_fd >= 0)
		close (server->epoll_fd);
	free (server);
}

CPOD_MODULE_EXPORT extern const struct cpod_http_module cpod_http_module;
const struct cpod_http_module cpod_http_module = {
	.abi = CPOD_HTTP_ABI,
	.start = start,
	.fd = server_fd,
	.timeout_ms = timeout_ms,
	.run = run,
	.busy = busy,
	.stop = stop,
};
