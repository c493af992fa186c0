/* The output of a pod's containers, line by line, each with its container's name in front: `cpod run
 * --logs`.
 *
 * Every container writes into two pipes of its own; what comes out goes to standard output and standard
 * error. A line longer than 16 KiB is cut into pieces; a last line without an end gets one. Bytes pass as
 * they are; only on a terminal control characters are shown instead of sent. When a sink is full its
 * containers' pipes are not read.
 */
#ifndef CPOD_CLI_LOGS_H
#define CPOD_CLI_LOGS_H

#include "sink.h"
#include "term.h"

struct cpod_logs;

/* out and err are borrowed and outlive the logs; their room callbacks are taken. width: of the longest
 * name. */
int cpod_logs_create (struct cpod_loop *loop, struct cpod_sink *out, struct cpod_sink *err_sink, size_t width,
                      struct cpod_logs **ret_logs, struct cpod_error *err);
/* Reads what the pipes still hold, then closes everything. NULL is allowed. */
void cpod_logs_destroy (struct cpod_logs *logs);
/* Makes the pipes of a container that is about to start: fd[1] and fd[2], borrowed until started or the
 * end. */
void cpod_logs_open (struct cpod_logs *logs, const char *container, int32_t fd[3]);
/* The container's start is over: its ends of the pipes are closed here. */
void cpod_logs_started (struct cpod_logs *logs, const char *container);

#endif
