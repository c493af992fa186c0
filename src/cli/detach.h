/* Going into the background: the supervisor becomes a process of its own, and the command that started it waits
 * until it is told how that went. */
#ifndef CPOD_CLI_DETACH_H
#define CPOD_CLI_DETACH_H

#include <cpod/runtime.h>
#include <stdbool.h>

/* What `cpod run -d` waits for. */
enum cpod_wait {
	CPOD_WAIT_RUNNING,      /* every main container's program runs, or has run */
	CPOD_WAIT_STARTED,      /* a container's program runs: the first init container's, else any */
	CPOD_WAIT_NONE,         /* the pod's name is taken, it answers, and its start has begun */
};

/* "running", "started", "none". -EINVAL. */
int cpod_wait_parse (const char *text, enum cpod_wait *ret_wait);

/* Splits in two. In the command, which never becomes the supervisor: waits for the report; 1, and *ret_status is what
 * was reported, or how the supervisor ended without one. In the supervisor, the leader of a session of its own, with /
 * as its directory, /dev/null as its input, output and errors, and no other descriptor: 0, and *ret_report_fd, owned.
 * What it says (cpod_say) comes out of the command's standard error until it has reported. */
int cpod_detach (int *ret_report_fd, int *ret_status, struct cpod_error *err);

/* In the supervisor: what the command waits for holds (status 0), or will never (another exit status, and why has been
 * said). Closes *report_fd. When the command goes away before, report_fd hangs up. */
void cpod_detach_report (int *report_fd, int status);

#endif
