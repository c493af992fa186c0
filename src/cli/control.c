/* The control socket's connections: accept, read, send, close; see control.h. What calls mean is in
 * control-methods.c. */
#include "control-connection.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MAX_WAITING     = 1 << 20,         /* bytes of events for one client; more ends the stream */
	ACCEPTS_A_TURN  = 16,
	CALLS_A_TURN    = 16,
};
#define SHORTAGE_NS 200000000u             /* no descriptors left: accept again after this */
#define ARENA_LIMIT ((size_t) 256 << 20)   /* of one call and its reply: the status of the largest pod */

void
cpod_control_address (int dir_fd, struct sockaddr_un *ret_address)
{
	memset (ret_address, 0, sizeof (*ret_address));
	ret_address->sun_family = AF_UNIX;
	snprintf (ret_address->sun_path, sizeof (ret_address->sun_path), "/proc/self/fd/%d/control", dir_fd);
}

/* Takes the connection out of the control's list. */
static void
unlink_connection (struct cpod_connection *connection)
{
	struct cpod_control *control = connection->control;

	*(connection->prev != NULL ? &connection->prev->next : &control->first) = connection->next;
	*(connection->next != NULL ? &connection->next->prev : &control->last) = connection->prev;
	connection->prev = connection->next = NULL;
}

/* Puts it at the list's end: the newest activity. */
static void
link_last (struct cpod_connection *connection)
{
	struct cpod_control *control = connection->control;

	connection->prev = control->last;
	*(control->last != NULL ? &control->last->next : &control->first) = connection;
	control->last = connection;
}

/* Closes the descriptors that came with a call and were not used. */
static void
drop_fds (struct cpod_connection *connection)
{
	for (size_t i = 0; i < connection->n_fds; i++)
		cpod_fd_close (&connection->fds[i]);
	connection->n_fds = 0;
}

/* Closes the connection; its memory goes when no callback is in progress. */
static void
close_connection (struct cpod_connection *connection)
{
	struct cpod_control *control = connection->control;

	if (connection->dead)
		return;
	connection->dead = true;
	control->n_connections--;
	control->n_subscribed -= connection->subscribed;
	connection->subscribed = connection->pending = false;
	cpod_control_cancel_exec (connection);
	cpod_loop_remove (&connection->source);
	cpod_fd_close (&connection->fd);
	drop_fds (connection);
	cpod_varlink_finish (&connection->inbox);
	cpod_str_finish (&connection->out);
	unlink_connection (connection);
	connection->next = control->dead;
	control->dead = connection;
}

void
cpod_control_enter (struct cpod_control *control)
{
	control->depth++;
}

void
cpod_control_leave (struct cpod_control *control)
{
	struct cpod_connection *connection;

	if (--control->depth > 0)
		return;
	while ((connection = control->dead) != NULL) {
		control->dead = connection->next;
		free (connection);
	}
}

/* Sends what waits, as far as the client takes it now. false: the connection is closed. */
static bool
flush (struct cpod_connection *connection)
{
	ssize_t n;

	while (connection->sent < connection->out.len) {
		n = send (connection->fd, connection->out.data + connection->sent,
		          connection->out.len - connection->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			close_connection (connection);
			return false;
		}
		connection->sent += (size_t) n;
	}
	if (connection->sent == connection->out.len && connection->out.data != NULL) {
		cpod_str_finish (&connection->out);   /* idle connections hold no memory */
		connection->sent = 0;
	}
	if (cpod_str_failed (&connection->out)) {
		close_connection (connection);
		return false;
	}
	return true;
}

/* true while a call is worked on. */
static bool
busy (const struct cpod_connection *connection)
{
	return connection->exec_busy || connection->subscribed;
}

/* Asks the loop for what the connection waits for now, or closes one that waits for nothing more. */
static void
rearm (struct cpod_connection *connection)
{
	uint32_t wanted = 0;

	if (connection->sent < connection->out.len)
		wanted = EPOLLOUT;
	else if (!busy (connection) && !connection->eof)
		wanted = EPOLLIN;
	if (busy (connection))
		wanted |= EPOLLRDHUP;
	if (wanted == 0 && !connection->pending)
		close_connection (connection);
	else if (wanted != connection->wanted && cpod_loop_change (&connection->source, wanted) == 0)
		connection->wanted = wanted;
}

/* Has the loop work on the connection in its next turn. */
static void
work_later (struct cpod_connection *connection)
{
	struct cpod_control *control = connection->control;

	connection->pending = true;
	(void) cpod_loop_arm (control->config.loop, &control->later, cpod_clock_ns ());
}

/* Works on whole messages that have arrived, one call at a time. */
static void
work (struct cpod_connection *connection)
{
	struct cpod_varlink_message message;
	struct cpod_arena arena;
	int ret = 1;

	connection->pending = false;
	for (int n = 0; ret == 1 && !connection->dead; n++) {
		if (busy (connection) || connection->sent < connection->out.len)
			return;
		if (n == CALLS_A_TURN) {
			work_later (connection);
			return;
		}
		cpod_arena_init (&arena, ARENA_LIMIT);
		ret = cpod_varlink_next (&connection->inbox, &arena, &message, NULL);
		if (ret == 1) {
			cpod_control_call (connection, &arena, &message);
			drop_fds (connection);
			(void) flush (connection);
		} else if (ret < 0)
			close_connection (connection);
		cpod_arena_finish (&arena);
	}
}

/* Sends what waits, works on what has arrived, and asks the loop for what is to come. */
static void
proceed (struct cpod_connection *connection)
{
	if (!connection->dead && flush (connection))
		work (connection);
	if (!connection->dead)
		rearm (connection);
}

void
cpod_control_answered (struct cpod_connection *connection)
{
	if (connection->dead || !flush (connection))
		return;
	work_later (connection);
	rearm (connection);
}

/* Works on the connections that have waited for the loop. */
static void
work_pending (struct cpod_timer *timer, uint64_t now_ns)
{
	struct cpod_control *control = timer->data;
	struct cpod_connection *connection, *next;

	(void) now_ns;
	cpod_control_enter (control);
	for (connection = control->first; connection != NULL; connection = next) {
		next = connection->next;
		if (!connection->pending)
			continue;
		proceed (connection);
		next = control->first;   /* a call may have closed any other connection */
		if (connection->pending)
			break;           /* it had its turn; the timer is armed again */
	}
	cpod_control_leave (control);
}

/* Keeps the descriptors that came with bytes: three at most, the rest is closed. */
static void
take_fds (struct cpod_connection *connection, struct msghdr *header)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR (header); part != NULL; part = CMSG_NXTHDR (header, part)) {
		size_t n = (part->cmsg_len - CMSG_LEN (0)) / sizeof (int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy (&fd, CMSG_DATA (part) + i * sizeof (int), sizeof (fd));
			if (connection->n_fds < 3)
				connection->fds[connection->n_fds++] = fd;
			else
				close (fd);
		}
	}
}

/* Reads once. false: nothing came, or the connection is closed. */
static bool
receive (struct cpod_connection *connection)
{
	union { char bytes[CMSG_SPACE (8 * sizeof (int))]; struct cmsghdr align; } control;
	struct msghdr header = { .msg_control = &control, .msg_controllen = sizeof (control) };
	struct iovec part;
	ssize_t n;

	part.iov_base = cpod_varlink_room (&connection->inbox, &part.iov_len);
	if (part.iov_base == NULL) {
		close_connection (connection);
		return false;
	}
	header.msg_iov = &part;
	header.msg_iovlen = 1;
	n = recvmsg (connection->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0) {
		close_connection (connection);
		return false;
	}
	take_fds (connection, &header);
	connection->eof = n == 0;
	cpod_varlink_fed (&connection->inbox, (size_t) n);
	return true;
}

/* The socket of a connection has something. */
static void
connection_ready (struct cpod_source *source, uint32_t events)
{
	struct cpod_connection *connection = source->data;
	struct cpod_control *control = connection->control;

	cpod_control_enter (control);
	unlink_connection (connection);
	link_last (connection);
	if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0)
		close_connection (connection);
	else if ((events & EPOLLRDHUP) != 0 && busy (connection))
		close_connection (connection);
	else if ((events & EPOLLIN) != 0)
		(void) receive (connection);
	proceed (connection);
	cpod_control_leave (control);
}

/* Closes the connection that has been idle for longest. false: all are at work. */
static bool
make_room (struct cpod_control *control)
{
	struct cpod_connection *connection;

	for (connection = control->first; connection != NULL; connection = connection->next)
		if (!busy (connection)) {
			close_connection (connection);
			return true;
		}
	return false;
}

/* true if the peer is root or this user. */
static bool
may_call (int fd)
{
	socklen_t len = sizeof (struct ucred);
	struct ucred peer;

	return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0
		&& (peer.uid == 0 || peer.uid == geteuid ());
}

/* Makes a connection of fd (taken), or closes it. */
static void
add_connection (struct cpod_control *control, int taken_fd)
{
	cpod_autofd fd = taken_fd;
	struct cpod_connection *connection;

	if (!may_call (fd) || (control->n_connections >= CPOD_CONTROL_MAX_CONNECTIONS && !make_room (control)))
		return;
	connection = calloc (1, sizeof (*connection));
	if (connection == NULL)
		return;
	connection->control = control;
	connection->captures[0].fd = connection->captures[1].fd = -1;
	connection->source.ready = connection_ready;
	connection->source.data = connection;
	connection->wanted = EPOLLIN;
	if (cpod_loop_add (control->config.loop, &connection->source, fd, EPOLLIN, NULL) < 0) {
		free (connection);
		return;
	}
	connection->fd = cpod_fd_steal (&fd);
	link_last (connection);
	control->n_connections++;
}

/* Clients want to connect. */
static void
accept_ready (struct cpod_source *source, uint32_t events)
{
	struct cpod_control *control = source->data;
	int fd;

	(void) events;
	cpod_control_enter (control);
	for (int n = 0; n < ACCEPTS_A_TURN; n++) {
		fd = accept4 (control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			add_connection (control, fd);
			continue;
		}
		if ((errno == EMFILE || errno == ENFILE || errno == ENOMEM) && !make_room (control)) {
			cpod_loop_remove (&control->source);
			(void) cpod_loop_arm (control->config.loop, &control->resume,
			                      cpod_clock_ns () + SHORTAGE_NS);
		}
		break;
	}
	cpod_control_leave (control);
}

/* A shortage may be over: accepts again. */
static void
accept_again (struct cpod_timer *timer, uint64_t now_ns)
{
	struct cpod_control *control = timer->data;

	if (cpod_loop_add (control->config.loop, &control->source, control->listen_fd, EPOLLIN, NULL) < 0)
		(void) cpod_loop_arm (control->config.loop, timer, now_ns + SHORTAGE_NS);
}

/* Makes the socket in the pod's directory. */
static int
listen_in (int dir_fd, int *ret_fd, struct cpod_error *err)
{
	cpod_autofd fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;

	if (fd < 0)
		return cpod_error_sys (err, errno, "make the control socket");
	cpod_control_address (dir_fd, &address);
	if (bind (fd, (struct sockaddr *) &address, sizeof (address)) < 0)
		return cpod_error_sys (err, errno, "bind the control socket");
	if (fchmodat (dir_fd, "control", 0600, 0) < 0)
		return cpod_error_sys (err, errno, "chmod the control socket");
	if (listen (fd, 128) < 0)
		return cpod_error_sys (err, errno, "listen on the control socket");
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

int
cpod_control_create (const struct cpod_control_config *config, struct cpod_control **ret_control,
                     struct cpod_error *err)
{
	struct cpod_control *control = calloc (1, sizeof (*control));
	int ret;

	if (control == NULL)
		return cpod_error_oom (err);
	control->config = *config;
	control->listen_fd = -1;
	control->source.ready = accept_ready;
	control->resume.expired = accept_again;
	control->later.expired = work_pending;
	control->source.data = control->resume.data = control->later.data = control;
	ret = listen_in (config->dir_fd, &control->listen_fd, err);
	if (ret == 0)
		ret = cpod_loop_add (config->loop, &control->source, control->listen_fd, EPOLLIN, err);
	if (ret < 0) {
		cpod_fd_close (&control->listen_fd);
		free (control);
		return ret;
	}
	*ret_control = control;
	return 0;
}

void
cpod_control_destroy (struct cpod_control *control)
{
	if (control == NULL)
		return;
	cpod_control_enter (control);
	cpod_loop_disarm (&control->resume);
	cpod_loop_disarm (&control->later);
	cpod_loop_remove (&control->source);
	cpod_fd_close (&control->listen_fd);
	while (control->first != NULL)
		close_connection (control->first);
	cpod_control_leave (control);
	free (control);
}

/* Sends one event to a subscriber; one that lets too much wait is dropped. */
static void
send_event (struct cpod_connection *connection, const struct cpod_json *parameters, bool last)
{
	cpod_varlink_add_reply (&connection->out, parameters, !last);
	if (connection->out.len - connection->sent > MAX_WAITING) {
		close_connection (connection);
		return;
	}
	if (last) {
		connection->subscribed = false;
		connection->control->n_subscribed--;
	}
	cpod_control_answered (connection);
}

void
cpod_control_event (struct cpod_control *control, const struct cpod_event *event)
{
	struct cpod_connection *connection, *next;
	struct cpod_json *parameters;
	struct cpod_arena arena;

	if (control == NULL || control->n_subscribed == 0)
		return;
	cpod_arena_init (&arena, ARENA_LIMIT);
	cpod_control_enter (control);
	parameters = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	if (cpod_json_add (&arena, parameters, "event", cpod_event_json (&arena, event)) != NULL)
		for (connection = control->first; connection != NULL; connection = next) {
			next = connection->next;   /* sending closes no other connection */
			if (connection->subscribed)
				send_event (connection, parameters, event->type == CPOD_EVENT_ENDED);
		}
	cpod_control_leave (control);
	cpod_arena_finish (&arena);
}
