/* A bounded queue in front of a descriptor; see sink.h. */
#include "sink.h"

#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FULL = 256 << 10,        /* bytes that wait: stop adding */
	MOST = 1 << 20,          /* more than this is dropped, whoever adds it */
};
#define STUCK_NS UINT64_C (2000000000)

/* Tells apart what fd is; opens it anew where its mode must not be changed. */
static void
classify (struct cpod_sink *sink, int fd)
{
	char path[48];
	struct stat st;

	sink->fd = fd;
	sink->kind = CPOD_SINK_FILE;
	if (fstat (fd, &st) < 0) {
		sink->broken = true;
		return;
	}
	if (S_ISSOCK (st.st_mode))
		sink->kind = CPOD_SINK_SOCKET;
	if (!S_ISFIFO (st.st_mode) && !(S_ISCHR (st.st_mode) && isatty (fd)))
		return;
	sink->kind = CPOD_SINK_SHARED;
	snprintf (path, sizeof (path), "/proc/self/fd/%d", fd);
	fd = open (path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		sink->kind = CPOD_SINK_OWN;
		sink->owned = true;
		sink->fd = fd;
	}
}

/* Writes once. The bytes taken, or -errno. */
static ssize_t
write_once (struct cpod_sink *sink, const char *bytes, size_t len)
{
	struct pollfd ready = { .fd = sink->fd, .events = POLLOUT };
	ssize_t n;

	if (sink->kind == CPOD_SINK_SHARED && len > PIPE_BUF)
		len = PIPE_BUF;
	if (sink->kind == CPOD_SINK_SOCKET)
		n = send (sink->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (sink->kind == CPOD_SINK_SHARED && poll (&ready, 1, 0) <= 0)
		return -EAGAIN;
	else
		n = write (sink->fd, bytes, len);
	return n < 0 ? -errno : n;
}

/* The first line after an interruption says how much is missing. */
static void
report_dropped (struct cpod_sink *sink)
{
	if (sink->dropped > 0)
		cpod_str_printf (&sink->queue, "cpod: %llu bytes of output were dropped: nobody read them\n",
		                 (unsigned long long) sink->dropped);
	sink->dropped = 0;
}

/* Waits for the other end: by the loop, and by a timer that gives up. */
static void
await (struct cpod_sink *sink, bool progress)
{
	if (sink->source.loop == NULL
	    && cpod_loop_add (sink->loop, &sink->source, sink->fd, EPOLLOUT, NULL) < 0)
		sink->broken = true;
	if (progress || sink->stuck.loop == NULL)
		(void) cpod_loop_arm (sink->loop, &sink->stuck, cpod_clock_ns () + STUCK_NS);
}

/* Everything was written: nothing to wait for, no memory held. */
static void
settle (struct cpod_sink *sink)
{
	cpod_str_finish (&sink->queue);
	sink->sent = 0;
	cpod_loop_remove (&sink->source);
	cpod_loop_disarm (&sink->stuck);
}

/* Whether the queue has room; tells the owner when that is news. */
static void
tell_room (struct cpod_sink *sink)
{
	if (!cpod_sink_full (sink) && sink->room != NULL)
		sink->room (sink->data);
}

void
cpod_sink_flush (struct cpod_sink *sink)
{
	bool progress = false;
	ssize_t n = 0;

	while (!sink->broken && sink->sent < sink->queue.len) {
		n = write_once (sink, sink->queue.data + sink->sent, sink->queue.len - sink->sent);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		progress = true;
		sink->sent += (size_t) n;
	}
	sink->broken = sink->broken || (n < 0 && n != -EAGAIN);
	if (progress)
		sink->giving_up = false;
	if (sink->broken || sink->sent == sink->queue.len)
		settle (sink);
	else
		await (sink, progress);
	if (progress || sink->broken)
		tell_room (sink);
}

/* The other end reads again. */
static void
writable (struct cpod_source *source, uint32_t events)
{
	struct cpod_sink *sink = source->data;

	(void) events;
	cpod_sink_flush (sink);
}

/* Nothing was taken for long: gives up until something is. */
static void
stuck (struct cpod_timer *timer, uint64_t now_ns)
{
	struct cpod_sink *sink = timer->data;

	(void) now_ns;
	sink->giving_up = true;
	tell_room (sink);
}

void
cpod_sink_init (struct cpod_sink *sink, struct cpod_loop *loop, int fd)
{
	sink->loop = loop;
	sink->source.fd = -1;
	sink->source.ready = writable;
	sink->stuck.expired = stuck;
	sink->source.data = sink->stuck.data = sink;
	classify (sink, fd);
}

void
cpod_sink_finish (struct cpod_sink *sink, int timeout_ms)
{
	struct pollfd ready = { .fd = sink->fd, .events = POLLOUT };
	const uint64_t end_ns = cpod_clock_ns () + (uint64_t) timeout_ms * 1000000;

	cpod_sink_flush (sink);
	while (!cpod_sink_empty (sink) && !sink->broken) {
		const uint64_t now_ns = cpod_clock_ns ();

		if (now_ns >= end_ns)
			break;
		(void) poll (&ready, 1, (int) ((end_ns - now_ns) / 1000000) + 1);
		cpod_sink_flush (sink);
	}
	settle (sink);
	if (sink->owned)
		cpod_fd_close (&sink->fd);
	sink->fd = -1;
	sink->broken = true;
}

void
cpod_sink_add (struct cpod_sink *sink, const char *bytes, size_t len)
{
	if (sink->broken)
		return;
	if (sink->giving_up || sink->queue.len - sink->sent + len > MOST) {
		sink->dropped += len;
		return;
	}
	if (sink->sent > FULL) {   /* what is written needs no memory */
		memmove (sink->queue.data, sink->queue.data + sink->sent, sink->queue.len - sink->sent);
		sink->queue.len -= sink->sent;
		sink->sent = 0;
	}
	report_dropped (sink);
	cpod_str_add_bytes (&sink->queue, bytes, len);
}

bool
cpod_sink_full (const struct cpod_sink *sink)
{
	return !sink->broken && !sink->giving_up && sink->queue.len - sink->sent > FULL;
}

bool
cpod_sink_empty (const struct cpod_sink *sink)
{
	return sink->sent == sink->queue.len;
}
