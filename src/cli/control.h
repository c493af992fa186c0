/* The control socket of a running pod: a Varlink server inside the supervisor's loop.
 *
 * Life of a connection: accepted, its user checked, then calls are read one at a time and answered in
 * order. While a call is worked on, or bytes wait to be sent, nothing more is read from that client.
 *
 * Nothing here blocks, and a client can hold up neither the pod nor another client. Clients are served in
 * turn, for two milliseconds at most before the supervisor's loop looks at the pod again. Everything is bounded
 * (control-share.h): connections, descriptors, calls that last, and 16 MiB for unfinished messages and unread replies
 * together, beside the one call that is being worked on. Who holds most makes room for others.
 */
#ifndef CPOD_CLI_CONTROL_H
#define CPOD_CLI_CONTROL_H

#include "status-json.h"

#include "src/base/loop.h"

struct cpod_control;

struct cpod_control_config {
	struct cpod_loop *loop;              /* all borrowed, and outliving the server */
	struct cpod_pod *pod;
	int dir_fd;                          /* where the socket "control" is made; 0700 */
	struct cpod_supervisor_info info;
	/* A client asks for the end of the pod; grace_ms < 0: the pod's own. */
	void (*stop) (void *data, int64_t grace_ms);
	void *data;
};

/* Binds, listens and joins the loop. */
int cpod_control_create (const struct cpod_control_config *config, struct cpod_control **ret_control,
                         struct cpod_error *err);
/* Cancels calls in progress and closes everything; the socket's file stays. NULL is allowed. */
void cpod_control_destroy (struct cpod_control *control);
/* Passes an event of the pod to the clients that asked for events. time: when it happened, or NULL. */
void cpod_control_event (struct cpod_control *control, const struct cpod_event *event, const char *time);
/* Lines were added to the containers' files: for the clients that follow them. */
void cpod_control_logs_changed (struct cpod_control *control);
/* The pod has ended, and `cpod run` will with exit_status: ends the programs that are still executed, tells those who
 * wait for the end, and lets streams come to theirs. Turns the loop for that, for at most timeout_ms. Afterwards
 * no call is answered any more; clients see the end of the connection when control is destroyed. */
void cpod_control_end (struct cpod_control *control, const struct cpod_supervisor_info *info, int timeout_ms);

/* Fills address for "control" in the directory dir_fd, whatever the length of its path. */
struct sockaddr_un;
void cpod_control_address (int dir_fd, struct sockaddr_un *ret_address);

#endif
