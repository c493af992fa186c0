/* One pod and what serves it, in one loop: the whole life of `cpod run`.
 *
 * Order: everything that can be refused (spec, port, name) comes before anything starts; the control socket
 * and HTTP answer from before the pod's start until after its end. The end comes when every container has
 * ended (with HTTP: when a signal or a client asks for it), and takes everything away again; of a detached pod its
 * last status, its events and its logs stay.
 */
#ifndef CPOD_CLI_SUPERVISOR_H
#define CPOD_CLI_SUPERVISOR_H

#include "control.h"
#include "http.h"
#include "logs.h"
#include "starting.h"
#include "state-dir.h"
#include "view.h"

#include <pthread.h>

struct cpod_supervisor_options {
	const struct cpod_spec *spec;
	const struct cpod_runtime *runtime;
	const char *runtime_name;                  /* by which cpod_runtime_find found it: also a path */
	const struct cpod_http_address *address;   /* NULL: no HTTP */
	bool no_http_kill;
	bool logs;                                 /* the containers' output is shown */
	uint64_t log_limit;                        /* bytes that are kept of each container's; 0: none are */
	bool detached;                             /* nobody looks on; report_fd and wait say who waits for what */
	bool remove;                               /* detached: nothing stays after the end */
	int report_fd;                             /* taken */
	enum cpod_wait wait;
	const char *subordinate_user;              /* NULL: the library's choice */
};

/* What asked for the end. */
enum cpod_supervisor_end {
	CPOD_END_NONE,        /* nothing yet */
	CPOD_END_STOPPED,     /* a signal, or a client's Stop */
	CPOD_END_KILLED,      /* HTTP /kill */
};

struct cpod_supervisor {
	struct cpod_supervisor_options options;
	struct cpod_loop loop;
	struct cpod_pod *pod;
	struct cpod_source pod_source, signal_source;
	int signal_fd;                        /* owned */
	struct cpod_state_dir state;
	struct cpod_control *control;
	struct cpod_http *http;               /* NULL without --port */
	struct cpod_sink out, err_out;
	struct cpod_logs *logs;               /* NULL: output is neither shown nor kept */
	int logs_fd;                          /* owned: the directory of their files; -1: none */
	struct cpod_log_file journal;         /* of events */
	struct cpod_starting starting;
	struct cpod_supervisor_info info;
	struct cpod_view view;
	struct cpod_timer deadline;           /* after /kill: ends in any case */
	enum cpod_supervisor_end end;
	unsigned int n_warnings;              /* said about the containers' specs */
	bool taken;                           /* a pod of that name runs already */
	bool overdue;                         /* the deadline has passed */
	bool started;                         /* every container was started once, or the pod has ended */
	bool failed;                          /* a container failed */
};

/* Runs the pod to its end; the exit status of the process. Says what goes wrong. */
int cpod_supervise (const struct cpod_supervisor_options *options);

#endif
