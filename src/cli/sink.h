/* Writing to a descriptor that may block, from a loop that must not.
 *
 * A sink takes bytes at any time and writes them when the other end takes them. Its queue is bounded: when
 * it is full the owner should stop producing; when nothing at all was taken for two seconds the sink gives
 * up on what comes (counting it) until the other end reads again, so that whoever produces is never held up
 * for good.
 *
 * The descriptor's own mode is left alone, others share it: a pipe or a terminal is opened anew without
 * blocking, a socket is sent to without blocking, a file is simply written.
 */
#ifndef CPOD_CLI_SINK_H
#define CPOD_CLI_SINK_H

#include "src/base/loop.h"
#include "src/base/str.h"

enum cpod_sink_kind {
	CPOD_SINK_FILE,       /* never waits */
	CPOD_SINK_OWN,        /* opened anew, O_NONBLOCK */
	CPOD_SINK_SOCKET,
	CPOD_SINK_SHARED,     /* a pipe that cannot be opened anew: asked before each small write */
};

struct cpod_sink {
	struct cpod_loop *loop;             /* borrowed */
	struct cpod_source source;
	struct cpod_timer stuck;
	int fd;
	bool owned;                         /* fd is closed at the end */
	enum cpod_sink_kind kind;
	struct cpod_str queue;
	size_t sent;                        /* bytes of the queue that are written */
	bool giving_up;                     /* nobody reads: what comes is dropped */
	bool broken;                        /* the other end is gone: everything is dropped for ever */
	uint64_t dropped;                   /* bytes, since the last report */
	void (*room) (void *data);          /* the queue has room again, or the sink gave up; may be NULL */
	void *data;
};

/* fd is borrowed. room and data are set by the caller before. */
void cpod_sink_init (struct cpod_sink *sink, struct cpod_loop *loop, int fd);
/* Writes what waits, for at most timeout_ms more, then releases everything. */
void cpod_sink_finish (struct cpod_sink *sink, int timeout_ms);
/* Queues whole lines; call flush after the last of a batch. */
void cpod_sink_add (struct cpod_sink *sink, const char *bytes, size_t len);
void cpod_sink_flush (struct cpod_sink *sink);
/* true when its owner should stop adding. */
bool cpod_sink_full (const struct cpod_sink *sink);
/* true when everything was written. */
bool cpod_sink_empty (const struct cpod_sink *sink);

#endif
