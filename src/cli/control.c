/* The control socket's server: accepts, lets each client have its turn, decides who gives way; see control.h. What
 * happens on one connection is in control-connection.c, what calls mean in control-methods.c. */
#include "control-connection.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	MAX_WAITING     = 1 << 20,         /* bytes of events for one client; more ends the stream */
	ACCEPTS_A_TURN  = 16,
};
#define TURN_NS UINT64_C (2000000)         /* then it is the pod's turn again */
#define SHORTAGE_NS 200000000u             /* no descriptors left: accept again after this */
#define ARENA_LIMIT ((size_t) 256 << 20)   /* of one call and its reply: the status of the largest pod */

void
cpod_control_address (int dir_fd, struct sockaddr_un *ret_address)
{
	memset (ret_address, 0, sizeof (*ret_address));
	ret_address->sun_family = AF_UNIX;
	snprintf (ret_address->sun_path, sizeof (ret_address->sun_path), "/proc/self/fd/%d/control", dir_fd);
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
	if (control->trim && control->held_bytes == 0) {
		control->trim = false;
		(void) malloc_trim (0);
	}
}

/* ---- Who gives way ---- */

/* The connections as control-share.c wants them, the longest idle first. */
struct listing {
	struct cpod_share_entry entries[CPOD_SHARE_MAX_CONNECTIONS];
	struct cpod_connection *connections[CPOD_SHARE_MAX_CONNECTIONS];
	size_t n;
};

static void
list_connections (const struct cpod_control *control, const struct cpod_connection *except, struct listing *list)
{
	struct cpod_connection *connection;

	list->n = 0;
	for (connection = control->first; connection != NULL; connection = connection->next) {
		struct cpod_share_entry *entry = &list->entries[list->n];

		if (connection == except)
			continue;
		*entry = (struct cpod_share_entry) { .pid = connection->pid, .descriptors = connection->held_fds,
		                                     .bytes = connection->held_bytes };
		if (cpod_connection_busy (connection))
			entry->state = CPOD_SHARE_BUSY;
		else if (entry->bytes > 0)
			entry->state = CPOD_SHARE_STALLED;
		list->connections[list->n++] = connection;
	}
}

/* Closes the connection that gives way to others; except (or NULL) stays. false: none does. */
static bool
make_room (struct cpod_control *control, const struct cpod_connection *except)
{
	struct listing list;
	size_t victim;

	list_connections (control, except, &list);
	victim = cpod_share_place (&control->limits, list.entries, list.n);
	if (victim != CPOD_SHARE_NONE)
		cpod_connection_close (list.connections[victim]);
	return victim != CPOD_SHARE_NONE;
}

/* Closes connections until what they hold is within the limits. except has just been served, and stays. */
static void
enforce_limits (struct cpod_control *control, const struct cpod_connection *except)
{
	size_t victim = 0;
	struct listing list;

	while (control->held_bytes > control->limits.bytes && victim != CPOD_SHARE_NONE) {
		list_connections (control, except, &list);
		victim = cpod_share_heaviest (list.entries, list.n);
		if (victim != CPOD_SHARE_NONE)
			cpod_connection_close (list.connections[victim]);
	}
	while (control->held_fds > control->limits.descriptors && make_room (control, except))
		;
}

bool
cpod_control_may_last (struct cpod_connection *connection)
{
	struct cpod_control *control = connection->control;
	struct listing list;
	size_t victim;
	bool may;

	list_connections (control, connection, &list);
	may = cpod_share_may_last (&control->limits, list.entries, list.n, connection->pid, &victim);
	if (victim != CPOD_SHARE_NONE)
		cpod_connection_close (list.connections[victim]);
	return may;
}

/* ---- Serving ---- */

/* Has the loop serve those who wait in its next turn. */
static void
serve_later (struct cpod_control *control)
{
	(void) cpod_loop_arm (&control->loop, &control->later, cpod_clock_ns ());
}

void
cpod_control_answered (struct cpod_connection *connection)
{
	if (connection->dead || !cpod_connection_flush (connection))
		return;
	cpod_connection_enqueue (connection, 0);
	cpod_connection_account (connection);
	serve_later (connection->control);
}

/* Who has waited for longest. */
static struct cpod_connection *
next_in_turn (const struct cpod_control *control)
{
	struct cpod_connection *next = NULL, *connection;

	for (connection = control->first; connection != NULL; connection = connection->next)
		if (connection->ticket != 0 && (next == NULL || connection->ticket < next->ticket))
			next = connection;
	return next;
}

/* Clients have done something: each that waits is served once, in order, for as long as the turn lasts. */
static void
clients_ready (struct cpod_source *source, uint32_t events)
{
	struct cpod_control *control = source->data;
	const uint64_t end_ns = cpod_clock_ns () + TURN_NS;
	uint64_t last;

	(void) events;
	cpod_control_enter (control);
	(void) cpod_loop_turn (&control->loop, 0);
	last = control->last_ticket;
	while (control->n_waiting > 0 && cpod_clock_ns () < end_ns) {
		struct cpod_connection *connection = next_in_turn (control);

		if (connection->ticket > last)
			break;
		cpod_connection_serve (connection, end_ns);
		enforce_limits (control, connection);
	}
	if (control->n_waiting > 0)
		serve_later (control);
	cpod_control_leave (control);
}

/* Nothing: the loop's turn is what was wanted. */
static void
now_is_later (struct cpod_timer *timer, uint64_t now_ns)
{
	(void) timer;
	(void) now_ns;
}

/* true if the peer is root or this user; *ret_pid: its process. */
static bool
may_call (int fd, pid_t *ret_pid)
{
	socklen_t len = sizeof (struct ucred);
	struct ucred peer;

	if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	*ret_pid = peer.pid;
	return peer.uid == 0 || peer.uid == geteuid ();
}

/* Makes a connection of fd (taken), or closes it. */
static void
add_connection (struct cpod_control *control, int taken_fd)
{
	cpod_autofd fd = taken_fd;
	struct cpod_connection *connection;
	pid_t pid;

	if (!may_call (fd, &pid)
	    || (control->n_connections >= control->limits.connections && !make_room (control, NULL)))
		return;
	connection = cpod_connection_create (control, fd, pid);
	if (connection == NULL)
		return;
	(void) cpod_fd_steal (&fd);
	enforce_limits (control, connection);
}

/* Clients want to connect. */
static void
accept_ready (struct cpod_source *source, uint32_t events)
{
	struct cpod_control *control = source->data;
	int fd;

	(void) events;
	for (int n = 0; n < ACCEPTS_A_TURN; n++) {
		fd = accept4 (control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			add_connection (control, fd);
			continue;
		}
		if ((errno == EMFILE || errno == ENFILE || errno == ENOMEM) && !make_room (control, NULL)) {
			cpod_loop_remove (&control->source);
			(void) cpod_loop_arm (control->config.loop, &control->resume,
			                      cpod_clock_ns () + SHORTAGE_NS);
		}
		break;
	}
}

/* A shortage may be over: accepts again. */
static void
accept_again (struct cpod_timer *timer, uint64_t now_ns)
{
	struct cpod_control *control = timer->data;

	if (cpod_loop_add (&control->loop, &control->source, control->listen_fd, EPOLLIN, NULL) < 0)
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

/* Joins the clients' loop to the supervisor's. */
static int
join_loop (struct cpod_control *control, struct cpod_loop *outer, struct cpod_error *err)
{
	int ret;

	ret = cpod_loop_init (&control->loop, err);
	if (ret < 0)
		return ret;
	control->outer = outer;
	control->config.loop = &control->loop;
	control->loop_source.ready = clients_ready;
	control->source.ready = accept_ready;
	control->resume.expired = accept_again;
	control->later.expired = now_is_later;
	control->loop_source.data = control->source.data = control->resume.data = control;
	ret = cpod_loop_add (&control->loop, &control->source, control->listen_fd, EPOLLIN, err);
	if (ret == 0)
		ret = cpod_loop_add (outer, &control->loop_source, cpod_loop_fd (&control->loop), EPOLLIN, err);
	if (ret < 0)
		cpod_loop_finish (&control->loop);
	return ret;
}

int
cpod_control_create (const struct cpod_control_config *config, struct cpod_control **ret_control,
                     struct cpod_error *err)
{
	struct cpod_control *control = calloc (1, sizeof (*control));
	struct rlimit files = { .rlim_cur = 1024 };
	int ret;

	if (control == NULL)
		return cpod_error_oom (err);
	control->config = *config;
	control->listen_fd = -1;
	(void) getrlimit (RLIMIT_NOFILE, &files);
	cpod_share_set_limits (&control->limits, files.rlim_cur);
	ret = listen_in (config->dir_fd, &control->listen_fd, err);
	if (ret == 0)
		ret = join_loop (control, config->loop, err);
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
		cpod_connection_close (control->first);
	cpod_control_leave (control);
	cpod_loop_remove (&control->loop_source);
	cpod_loop_finish (&control->loop);
	free (control);
}

/* Sends one event to a subscriber; one that lets too much wait is dropped. */
static void
send_event (struct cpod_connection *connection, const struct cpod_json *parameters, bool last)
{
	cpod_varlink_add_reply (&connection->out, parameters, !last);
	if (connection->out.len - connection->sent > MAX_WAITING) {
		cpod_connection_close (connection);
		return;
	}
	if (last) {
		connection->subscribed = false;
		connection->control->n_subscribed--;
	}
	cpod_control_answered (connection);
}

void
cpod_control_logs_changed (struct cpod_control *control)
{
	struct cpod_connection *connection;
	bool any = false;

	for (connection = control != NULL ? control->first : NULL; connection != NULL; connection = connection->next)
		if (connection->logs != NULL && connection->out.len == 0) {
			cpod_connection_enqueue (connection, 0);
			any = true;
		}
	if (any)
		serve_later (control);
}

/* true while a client is told of the end, or of what was before. */
static bool
tells (const struct cpod_control *control)
{
	const struct cpod_connection *connection;

	for (connection = control->first; connection != NULL; connection = connection->next)
		if (connection->logs != NULL || connection->sent < connection->out.len)
			return true;
	return false;
}

void
cpod_control_end (struct cpod_control *control, const struct cpod_supervisor_info *info, int timeout_ms)
{
	const uint64_t end_ns = cpod_clock_ns () + (uint64_t) timeout_ms * 1000000;
	struct cpod_connection *connection, *next;

	if (control == NULL)
		return;
	control->ended = true;
	control->config.info = *info;
	cpod_control_enter (control);
	for (connection = control->first; connection != NULL; connection = next) {
		next = connection->next;     /* telling one closes no other */
		if (connection->exec != NULL)
			cpod_connection_close (connection);
		else if (connection->waits)
			cpod_stream_waited (connection);
	}
	cpod_control_leave (control);
	cpod_control_logs_changed (control);
	for (int i = 0; i < 3; i++)          /* who has connected just now is accepted, heard and answered */
		(void) cpod_loop_turn (control->outer, 0);
	while (tells (control) && cpod_clock_ns () < end_ns)
		if (cpod_loop_turn (control->outer, 20) < 0)
			break;
	cpod_loop_disarm (&control->resume);
	cpod_loop_disarm (&control->later);
	cpod_loop_remove (&control->loop_source);
	cpod_loop_remove (&control->source);
	cpod_fd_close (&control->listen_fd);
	(void) unlinkat (control->config.dir_fd, "control", 0);   /* nobody is to wait for an answer */
}

void
cpod_control_event (struct cpod_control *control, const struct cpod_event *event, const char *time)
{
	struct cpod_connection *connection, *next;
	struct cpod_json *parameters;
	struct cpod_arena arena;

	if (control == NULL || control->n_subscribed == 0)
		return;
	cpod_arena_init (&arena, ARENA_LIMIT);
	cpod_control_enter (control);
	parameters = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	if (cpod_json_add (&arena, parameters, "event", cpod_event_json (&arena, event, time)) != NULL)
		for (connection = control->first; connection != NULL; connection = next) {
			next = connection->next;   /* sending closes no other connection */
			if (connection->subscribed)
				send_event (connection, parameters, event->type == CPOD_EVENT_ENDED);
		}
	cpod_control_leave (control);
	cpod_arena_finish (&arena);
}
