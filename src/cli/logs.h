/* The output of a pod's containers, line by line: shown (`cpod run --logs`), and kept for `cpod logs`.
 *
 * Every container writes into two pipes of its own. What comes out is shown on standard output and standard
 * error, each line with its container's name in front; and it is added to the container's file CONTAINER.log, which
 * is bounded, as
 *
 *     2026-11-22T00:35:00.066493594Z stdout F the text
 *
 * where P in the place of F is a piece whose line goes on, the form of the kubelet's logs. A line longer than
 * 16 KiB is cut into pieces; shown, each piece and a last line without an end get one. Bytes pass as they are; only on
 * a terminal control characters are shown instead of sent. When a sink is full its containers' pipes are
 * not read.
 */
#ifndef CPOD_CLI_LOGS_H
#define CPOD_CLI_LOGS_H

#include "log-file.h"
#include "sink.h"
#include "term.h"

struct cpod_logs;

struct cpod_logs_config {
	struct cpod_loop *loop;         /* all borrowed, and outliving the logs */
	struct cpod_sink *sinks[2];     /* for output and errors; both NULL: not shown. Their room callbacks are taken */
	size_t width;                   /* of the longest name */
	int dir_fd;                     /* where the files are made; -1: nothing is kept */
	uint64_t limit;                 /* bytes that are kept of each container */
	void (*kept) (void *data);      /* lines were added to files; may be NULL */
	void *data;
};

int cpod_logs_create (const struct cpod_logs_config *config, struct cpod_logs **ret_logs, struct cpod_error *err);
/* Reads what the pipes hold now, so that nothing that was written before is missing in the files. */
void cpod_logs_drain (struct cpod_logs *logs);
/* Reads what the pipes still hold, then closes everything. NULL is allowed. */
void cpod_logs_destroy (struct cpod_logs *logs);
/* Makes the pipes of a container that is about to start: fd[1] and fd[2], borrowed until started or the
 * end. */
void cpod_logs_open (struct cpod_logs *logs, const char *container, int32_t fd[3]);
/* The container's start is over: its ends of the pipes are closed here. */
void cpod_logs_started (struct cpod_logs *logs, const char *container);

#endif
