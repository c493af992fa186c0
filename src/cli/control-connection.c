/* One connection of the control socket: bytes and descriptors in, calls worked on, bytes out, the end.
 *
 * The server (control.c) decides whose turn it is, and who gives way when too much is held.
 */
#include "control-connection.h"

#include "src/base/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CALLS_A_TURN = 4,
	TRIM_BYTES   = 1 << 20,            /* held at once: worth giving back */
};
#define MESSAGE_LIMIT ((size_t) 4 << 20)   /* what a call may grow to when it is read: some 50,000 values */
#define ARENA_LIMIT ((size_t) 256 << 20)   /* of the call and its reply: the status of the largest pod */

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

void
cpod_connection_account (struct cpod_connection *connection)
{
	const size_t bytes = connection->dead ? 0 : connection->inbox.capacity + connection->out.capacity;
	const size_t fds = connection->dead ? 0 : 1 + connection->n_fds;
	struct cpod_control *control = connection->control;

	control->held_bytes += bytes - connection->held_bytes;
	control->held_fds += fds - connection->held_fds;
	connection->held_bytes = bytes;
	connection->held_fds = fds;
	control->trim = control->trim || control->held_bytes > TRIM_BYTES;
}

/* Takes the connection's ticket away. */
static void
drop_ticket (struct cpod_connection *connection)
{
	connection->control->n_waiting -= connection->ticket != 0;
	connection->ticket = 0;
}

void
cpod_connection_close (struct cpod_connection *connection)
{
	struct cpod_control *control = connection->control;

	if (connection->dead)
		return;
	connection->dead = true;
	control->n_connections--;
	control->n_subscribed -= connection->subscribed;
	connection->subscribed = false;
	drop_ticket (connection);
	cpod_control_cancel_exec (connection);
	cpod_stream_cancel (connection);
	connection->waits = false;
	cpod_loop_remove (&connection->source);
	cpod_fd_close (&connection->fd);
	drop_fds (connection);
	cpod_varlink_finish (&connection->inbox);
	cpod_str_finish (&connection->out);
	cpod_connection_account (connection);
	unlink_connection (connection);
	connection->next = control->dead;
	control->dead = connection;
}

bool
cpod_connection_flush (struct cpod_connection *connection)
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
			cpod_connection_close (connection);
			return false;
		}
		connection->sent += (size_t) n;
	}
	if (connection->sent == connection->out.len && connection->out.data != NULL) {
		cpod_str_finish (&connection->out);   /* idle connections hold no memory */
		connection->sent = 0;
	}
	if (cpod_str_failed (&connection->out)) {
		cpod_connection_close (connection);
		return false;
	}
	return true;
}

bool
cpod_connection_busy (const struct cpod_connection *connection)
{
	return connection->exec_busy || connection->subscribed || connection->waits || connection->logs != NULL;
}

/* Asks the loop for what the connection waits for now, or closes one that waits for nothing more. What has arrived
 * is worked on before more is read. */
static void
rearm (struct cpod_connection *connection)
{
	uint32_t wanted = 0;

	if (connection->sent < connection->out.len)
		wanted = EPOLLOUT;
	else if (!cpod_connection_busy (connection) && !connection->eof && connection->ticket == 0)
		wanted = EPOLLIN;
	if (cpod_connection_busy (connection))
		wanted |= EPOLLRDHUP;
	if (wanted == 0 && connection->ticket == 0)
		cpod_connection_close (connection);
	else if (wanted != connection->wanted && cpod_loop_change (&connection->source, wanted) == 0)
		connection->wanted = wanted;
}

void
cpod_connection_enqueue (struct cpod_connection *connection, uint32_t events)
{
	struct cpod_control *control = connection->control;

	connection->events |= events;
	if (connection->ticket != 0)
		return;
	connection->ticket = ++control->last_ticket;
	control->n_waiting++;
}

/* Works on whole messages that have arrived, one call at a time. */
static void
work (struct cpod_connection *connection, uint64_t end_ns)
{
	struct cpod_varlink_message message;
	struct cpod_arena arena;
	int ret = 1;

	for (int n = 0; ret == 1 && !connection->dead; n++) {
		if (cpod_connection_busy (connection) || connection->sent < connection->out.len)
			return;
		if (n == CALLS_A_TURN || (n > 0 && cpod_clock_ns () >= end_ns)) {
			cpod_connection_enqueue (connection, 0);
			return;
		}
		cpod_arena_init (&arena, MESSAGE_LIMIT);
		ret = cpod_varlink_next (&connection->inbox, &arena, &message, NULL);
		arena.limit = ARENA_LIMIT;
		if (ret == 1) {
			cpod_control_call (connection, &arena, &message);
			drop_fds (connection);
			(void) cpod_connection_flush (connection);
		} else if (ret < 0)
			cpod_connection_close (connection);
		cpod_arena_finish (&arena);
	}
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
		cpod_connection_close (connection);
		return false;
	}
	header.msg_iov = &part;
	header.msg_iovlen = 1;
	n = recvmsg (connection->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0) {
		cpod_connection_close (connection);
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
	cpod_connection_enqueue (source->data, events);
}

void
cpod_connection_serve (struct cpod_connection *connection, uint64_t end_ns)
{
	const uint32_t events = connection->events;

	connection->events = 0;
	drop_ticket (connection);
	unlink_connection (connection);
	link_last (connection);
	if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0)
		cpod_connection_close (connection);
	else if ((events & EPOLLRDHUP) != 0 && cpod_connection_busy (connection))
		cpod_connection_close (connection);
	else if ((events & EPOLLIN) != 0)
		(void) receive (connection);
	if (!connection->dead && cpod_connection_flush (connection))
		cpod_stream_pump (connection);
	if (!connection->dead)
		work (connection, end_ns);
	if (!connection->dead)
		rearm (connection);
	if (!connection->dead)
		cpod_connection_account (connection);
}

struct cpod_connection *
cpod_connection_create (struct cpod_control *control, int fd, pid_t pid)
{
	struct cpod_connection *connection = calloc (1, sizeof (*connection));

	if (connection == NULL)
		return NULL;
	connection->control = control;
	connection->pid = pid;
	connection->captures[0].fd = connection->captures[1].fd = -1;
	connection->source.ready = connection_ready;
	connection->source.data = connection;
	connection->wanted = EPOLLIN;
	if (cpod_loop_add (&control->loop, &connection->source, fd, EPOLLIN, NULL) < 0) {
		free (connection);
		return NULL;
	}
	connection->fd = fd;
	link_last (connection);
	control->n_connections++;
	cpod_connection_account (connection);
	return connection;
}
