/* Pipes, lines, prefixes; see logs.h. */
#include "logs.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16 << 10, CHUNK = 16 << 10, DRAIN_MAX = 4 << 20 };

/* One pipe of one container. */
struct stream {
	struct cpod_logs *logs;
	struct stream *next;
	struct cpod_source source;
	int read_fd, write_fd;          /* owned; -1 when closed */
	size_t sink;                    /* 0 or 1 */
	char container[64];
	int colour;
	struct cpod_str line;           /* the beginning of a line whose end has not come */
};

struct cpod_logs {
	struct cpod_loop *loop;
	struct cpod_sink *sinks[2];
	struct cpod_term terms[2];
	size_t width;
	struct stream *streams;
	unsigned int n_containers;      /* for their colours */
};

/* Adds one line (len bytes without its newline) with its prefix to the sink. */
static void
emit (struct stream *stream, const char *line, size_t len)
{
	static const int colours[] = { 36, 33, 32, 35, 34, 96, 93, 92, 95, 94 };
	const struct cpod_term *term = &stream->logs->terms[stream->sink];
	cpod_autostr text = CPOD_STR_INIT;
	char prefix[80];

	snprintf (prefix, sizeof (prefix), "%-*s |", term->tty ? (int) stream->logs->width : 0,
	          stream->container);
	cpod_term_add (&text, term,
	               colours[(size_t) stream->colour % (sizeof (colours) / sizeof (colours[0]))], prefix);
	cpod_str_add_char (&text, ' ');
	if (term->tty) {
		cpod_term_add_safe (&text, line, len);
		cpod_str_add (&text, term->colour ? "\033[0m" : "");
	} else
		cpod_str_add_bytes (&text, line, len);
	cpod_str_add_char (&text, '\n');
	if (!cpod_str_failed (&text))
		cpod_sink_add (stream->logs->sinks[stream->sink], text.data, text.len);
}

/* Emits the line that was begun, if any. */
static void
end_line (struct stream *stream)
{
	if (stream->line.len > 0)
		emit (stream, stream->line.data, stream->line.len);
	cpod_str_finish (&stream->line);
}

/* Cuts bytes into lines; keeps what has no end yet. */
static void
take (struct stream *stream, const char *bytes, size_t len)
{
	const char *newline;
	size_t n;

	while (len > 0) {
		newline = memchr (bytes, '\n', len);
		n = newline != NULL ? (size_t) (newline - bytes) : len;
		if (newline != NULL && stream->line.len == 0)
			emit (stream, bytes, n);
		else
			cpod_str_add_bytes (&stream->line, bytes, n);
		if (stream->line.len >= LINE_MAX_BYTES || (newline != NULL && stream->line.len > 0))
			end_line (stream);
		n += newline != NULL;
		bytes += n;
		len -= n;
	}
}

/* Ends the stream: nobody writes into it any more. */
static void
close_stream (struct stream *stream)
{
	end_line (stream);
	cpod_loop_remove (&stream->source);
	cpod_fd_close (&stream->read_fd);
	cpod_fd_close (&stream->write_fd);
}

/* Reads once. false: nothing more for now, or for ever. */
static bool
read_once (struct stream *stream)
{
	char bytes[CHUNK];
	ssize_t n;

	n = read (stream->read_fd, bytes, sizeof (bytes));
	if (n > 0)
		take (stream, bytes, (size_t) n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_stream (stream);
	return n > 0;
}

/* Listens to the stream's pipe, unless it is closed or listened to. */
static void
resume (struct stream *stream)
{
	if (stream->read_fd >= 0 && stream->source.loop == NULL)
		(void) cpod_loop_add (stream->logs->loop, &stream->source, stream->read_fd, EPOLLIN, NULL);
}

/* The pipe has something. */
static void
readable (struct cpod_source *source, uint32_t events)
{
	struct stream *stream = source->data;
	struct cpod_sink *sink = stream->logs->sinks[stream->sink];

	(void) events;
	(void) read_once (stream);
	cpod_sink_flush (sink);
	if (cpod_sink_full (sink))
		cpod_loop_remove (&stream->source);
}

/* A sink has room again. */
static void
room (void *data)
{
	struct cpod_logs *logs = data;

	for (struct stream *stream = logs->streams; stream != NULL; stream = stream->next)
		if (!cpod_sink_full (logs->sinks[stream->sink]))
			resume (stream);
}

int
cpod_logs_create (struct cpod_loop *loop, struct cpod_sink *out, struct cpod_sink *err_sink, size_t width,
                  struct cpod_logs **ret_logs, struct cpod_error *err)
{
	struct cpod_logs *logs = calloc (1, sizeof (*logs));

	if (logs == NULL)
		return cpod_error_oom (err);
	logs->loop = loop;
	logs->width = width;
	logs->sinks[0] = out;
	logs->sinks[1] = err_sink;
	for (size_t i = 0; i < 2; i++) {
		logs->terms[i] = cpod_term_probe (logs->sinks[i]->fd);
		logs->sinks[i]->room = room;
		logs->sinks[i]->data = logs;
	}
	*ret_logs = logs;
	return 0;
}

void
cpod_logs_destroy (struct cpod_logs *logs)
{
	struct stream *stream;

	if (logs == NULL)
		return;
	for (size_t i = 0; i < 2; i++)
		logs->sinks[i]->room = NULL;
	while ((stream = logs->streams) != NULL) {
		size_t n = 0;

		/* Also into a sink that is full: what is in the pipes now would else be lost. */
		while (stream->read_fd >= 0 && n < DRAIN_MAX && read_once (stream))
			n += CHUNK;
		close_stream (stream);
		logs->streams = stream->next;
		free (stream);
	}
	cpod_sink_flush (logs->sinks[0]);
	cpod_sink_flush (logs->sinks[1]);
	free (logs);
}

/* Forgets the container's streams that have ended. */
static void
forget_ended (struct cpod_logs *logs, const char *container)
{
	struct stream **at = &logs->streams, *stream;

	while ((stream = *at) != NULL) {
		if (stream->read_fd >= 0 || strcmp (stream->container, container) != 0) {
			at = &stream->next;
			continue;
		}
		*at = stream->next;
		free (stream);
	}
}

/* Makes one pipe and its stream; NULL when that fails: the output then goes nowhere. */
static struct stream *
open_stream (struct cpod_logs *logs, const char *container, size_t sink)
{
	struct stream *stream = calloc (1, sizeof (*stream));
	int fds[2];

	if (stream == NULL || pipe2 (fds, O_CLOEXEC) < 0) {
		free (stream);
		return NULL;
	}
	(void) fcntl (fds[0], F_SETFL, O_NONBLOCK);
	stream->logs = logs;
	stream->sink = sink;
	stream->read_fd = fds[0];
	stream->write_fd = fds[1];
	stream->source.ready = readable;
	stream->source.data = stream;
	stream->colour = (int) logs->n_containers;
	snprintf (stream->container, sizeof (stream->container), "%s", container);
	stream->next = logs->streams;
	logs->streams = stream;
	resume (stream);
	return stream;
}

void
cpod_logs_open (struct cpod_logs *logs, const char *container, int32_t fd[3])
{
	cpod_logs_started (logs, container);
	forget_ended (logs, container);
	for (size_t i = 0; i < 2; i++) {
		const struct stream *stream = open_stream (logs, container, i);

		if (stream != NULL)
			fd[i + 1] = stream->write_fd;
	}
	logs->n_containers++;
}

void
cpod_logs_started (struct cpod_logs *logs, const char *container)
{
	for (struct stream *stream = logs->streams; stream != NULL; stream = stream->next)
		if (stream->write_fd >= 0 && strcmp (stream->container, container) == 0)
			cpod_fd_close (&stream->write_fd);
}
