/* What the control socket's parts share: control.c serves, control-connection.c moves bytes, control-methods.c
 * answers calls. */
#ifndef CPOD_CLI_CONTROL_CONNECTION_H
#define CPOD_CLI_CONTROL_CONNECTION_H

#include "control.h"
#include "control-share.h"
#include "log-reader.h"
#include "varlink.h"

#define CPOD_EXEC_CAPTURE_MAX (64u << 10)

/* Output of an exec whose client sent no descriptors. */
struct cpod_capture {
	struct cpod_source source;
	int fd;                         /* owned; -1 when there is none, or at its end */
	struct cpod_str text;
	bool truncated;
};

struct cpod_connection {
	struct cpod_control *control;
	struct cpod_connection *prev, *next;   /* of the same list; the newest activity last */
	int fd;                         /* owned */
	pid_t pid;                      /* of the peer, when it connected */
	struct cpod_source source;
	uint32_t wanted;                /* the epoll events asked for */
	uint32_t events;                /* those that have come and were not looked at yet */
	uint64_t ticket;                /* waits to be served: the lowest is the next; 0: does not */
	struct cpod_varlink_inbox inbox;
	struct cpod_str out;            /* what waits to be sent, from sent on */
	size_t sent;
	int fds[3];                     /* owned; sent along with the next call */
	size_t n_fds;
	struct cpod_exec *exec;         /* a call of Exec is in progress */
	struct cpod_capture captures[2];
	bool exec_busy;                 /* from the call to the reply */
	bool oneway;                    /* of that call */
	bool subscribed;                /* a call of Events is in progress */
	bool waits;                     /* a call of Wait is in progress */
	struct cpod_log_reader *logs;   /* owned: a call of Logs is in progress */
	bool follows;                   /* of that call: its end is the pod's */
	size_t held_bytes, held_fds;    /* as counted in the control's sums */
	bool eof;                       /* the client sends no more */
	bool dead;                      /* waits to be freed */
};

struct cpod_control {
	struct cpod_control_config config;   /* its loop is the one below */
	struct cpod_loop *outer;        /* the supervisor's, borrowed */
	struct cpod_loop loop;          /* of all that clients cause; one source of the supervisor's */
	struct cpod_source loop_source;
	struct cpod_source source;      /* the listening socket */
	int listen_fd;                  /* owned */
	struct cpod_timer resume;       /* accepts again after a shortage */
	struct cpod_timer later;        /* connections wait to be served */
	struct cpod_connection *first, *last;
	struct cpod_connection *dead;   /* to be freed when no callback is in progress */
	size_t n_connections, n_subscribed;
	size_t n_waiting;               /* connections with a ticket */
	uint64_t last_ticket;
	struct cpod_share_limits limits;
	size_t held_bytes, held_fds;    /* by all connections */
	bool ended;                     /* the pod has ended: nothing more will come */
	bool trim;                      /* much was held: freed memory is given back when none is */
	unsigned int depth;             /* callbacks in progress */
};

/* ---- control-connection.c ---- */

/* Makes a connection of fd, which belongs to it from then on. NULL: it cannot be made. */
struct cpod_connection *cpod_connection_create (struct cpod_control *control, int fd, pid_t pid);
/* Closes it; its memory goes when no callback is in progress. */
void cpod_connection_close (struct cpod_connection *connection);
/* true while a call is worked on. */
bool cpod_connection_busy (const struct cpod_connection *connection);
/* Lets it wait for its turn, because of events (0: calls may wait in its inbox). */
void cpod_connection_enqueue (struct cpod_connection *connection, uint32_t events);
/* Its turn: reads, works on what has arrived until end_ns, sends what waits, and asks the loop for what is to come. */
void cpod_connection_serve (struct cpod_connection *connection, uint64_t end_ns);
/* Sends what waits, as far as the client takes it now. false: it is closed. */
bool cpod_connection_flush (struct cpod_connection *connection);
/* Counts what it holds now. */
void cpod_connection_account (struct cpod_connection *connection);

/* ---- control-methods.c ---- */

/* Answers one call: adds its reply to connection->out, or begins a call that replies later. */
void cpod_control_call (struct cpod_connection *connection, struct cpod_arena *arena,
                        const struct cpod_varlink_message *message);
/* Ends the exec in progress, if any, and its captures. */
void cpod_control_cancel_exec (struct cpod_connection *connection);

/* ---- control-streams.c ---- */

/* Begins to send the entries of a container's log, or of all (NULL): the last tail of each, or all (< 0); with follow
 * also those that come until the pod's end. -ENOENT: there is no such container. */
int cpod_stream_logs (struct cpod_connection *connection, const char *container, bool follow, int64_t tail,
                      struct cpod_error *err);
/* Sends as many entries as the client takes now; the last reply at the end. */
void cpod_stream_pump (struct cpod_connection *connection);
/* Adds what has happened so far, from the pod's file. */
void cpod_stream_history (struct cpod_connection *connection);
/* Replies to a call of Wait. */
void cpod_stream_waited (struct cpod_connection *connection);
/* Ends the call of Logs in progress, if any. */
void cpod_stream_cancel (struct cpod_connection *connection);

/* ---- control.c ---- */

/* Whether the connection may begin a call that lasts, a stream or a program: there is a bound on their number, and
 * those who have most of them give way. Ask before. */
bool cpod_control_may_last (struct cpod_connection *connection);
/* The call in progress has been answered from a callback of the pod: sends the reply now, and goes on with
 * further calls from the loop, since they may not call the pod from within its callback. */
void cpod_control_answered (struct cpod_connection *connection);
/* Callbacks of the pod begin and end with these: connections are only freed when none is in progress. */
void cpod_control_enter (struct cpod_control *control);
void cpod_control_leave (struct cpod_control *control);

#endif
