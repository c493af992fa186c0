/* What the control socket's two halves share: control.c moves bytes, control-methods.c answers calls. */
#ifndef CPOD_CLI_CONTROL_CONNECTION_H
#define CPOD_CLI_CONTROL_CONNECTION_H

#include "control.h"
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
	struct cpod_source source;
	uint32_t wanted;                /* the epoll events asked for */
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
	bool eof;                       /* the client sends no more */
	bool pending;                   /* calls may wait in the inbox: to be worked on from the loop */
	bool dead;                      /* waits to be freed */
};

struct cpod_control {
	struct cpod_control_config config;
	struct cpod_source source;      /* the listening socket */
	int listen_fd;                  /* owned */
	struct cpod_timer resume;       /* accepts again after a shortage */
	struct cpod_timer later;        /* works on the pending connections */
	struct cpod_connection *first, *last;
	struct cpod_connection *dead;   /* to be freed when no callback is in progress */
	size_t n_connections, n_subscribed;
	unsigned int depth;             /* callbacks in progress */
};

/* Answers one call: adds its reply to connection->out, or begins a call that replies later. */
void cpod_control_call (struct cpod_connection *connection, struct cpod_arena *arena,
                        const struct cpod_varlink_message *message);
/* Ends the exec in progress, if any, and its captures. */
void cpod_control_cancel_exec (struct cpod_connection *connection);
/* The call in progress has been answered from a callback of the pod: sends the reply now, and goes on with
 * further calls from the loop, since they may not call the pod from within its callback. */
void cpod_control_answered (struct cpod_connection *connection);
/* Callbacks of the pod begin and end with these: connections are only freed when none is in progress. */
void cpod_control_enter (struct cpod_control *control);
void cpod_control_leave (struct cpod_control *control);

#endif
