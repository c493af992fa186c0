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
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16 << 10, CHUNK = 16 << 10, DRAIN_MAX = 4 << 20 };

/* A container's file, for both of its streams and all its starts. */
struct kept {
	struct kept *next;
	char container[64];
	struct cpod_log_file file;
	struct cpod_str text;           /* what is to be added to it */
};

/* One pipe of one container. */
struct stream {
	struct cpod_logs *logs;
	struct stream *next;
	struct kept *kept;              /* borrowed; NULL: nothing is kept */
	struct cpod_source source;
	int read_fd, write_fd;          /* owned; -1 when closed */
	size_t sink;                    /* 0 or 1 */
	char container[64];
	int colour;
	struct cpod_str line;           /* the beginning of a line whose end has not come */
};

struct cpod_logs {
	struct cpod_logs_config config;
	struct cpod_term terms[2];
	struct stream *streams;
	struct kept *kept;
	char time[CPOD_LOG_TIME_SIZE];  /* of what is being read */
	unsigned int n_containers;      /* for their colours */
};

/* Adds one line (len bytes without its newline) with its prefix to the sink. */
static void
show (struct stream *stream, const char *line, size_t len)
{
	static const int colours[] = { 36, 33, 32, 35, 34, 96, 93, 92, 95, 94 };
	const struct cpod_term *term = &stream->logs->terms[stream->sink];
	cpod_autostr text = CPOD_STR_INIT;
	char prefix[80];

	snprintf (prefix, sizeof (prefix), "%-*s |", term->tty ? (int) stream->logs->config.width : 0,
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
		cpod_sink_add (stream->logs->config.sinks[stream->sink], text.data, text.len);
}

/* Shows and keeps one line, or a piece of one that goes on. */
static void
emit (struct stream *stream, const char *line, size_t len, bool whole)
{
	if (stream->logs->config.sinks[stream->sink] != NULL)
		show (stream, line, len);
	if (stream->kept == NULL)
		return;
	cpod_str_printf (&stream->kept->text, "%s %s %c ", stream->logs->time, stream->sink == 0 ? "stdout" : "stderr",
	                 whole ? 'F' : 'P');
	cpod_str_add_bytes (&stream->kept->text, line, len);
	cpod_str_add_char (&stream->kept->text, '\n');
}

/* What comes now has this time. */
static void
set_time (struct cpod_logs *logs)
{
	struct timespec now = { 0 };

	(void) clock_gettime (CLOCK_REALTIME, &now);
	cpod_log_time (now.tv_sec, (int32_t) now.tv_nsec, logs->time);
}

/* Adds what was emitted to the container's file. What does not fit on the disk is lost, as in any log. */
static void
keep (struct stream *stream)
{
	struct kept *kept = stream->kept;

	if (kept == NULL || kept->text.len == 0)
		return;
	if (!cpod_str_failed (&kept->text))
		(void) cpod_log_file_add (&kept->file, kept->text.data, kept->text.len);
	cpod_str_finish (&kept->text);
	if (stream->logs->config.kept != NULL)
		stream->logs->config.kept (stream->logs->config.data);
}

/* Emits the line that was begun, if any. */
static void
end_line (struct stream *stream, bool whole)
{
	if (stream->line.len > 0)
		emit (stream, stream->line.data, stream->line.len, whole);
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
			emit (stream, bytes, n, true);
		else
			cpod_str_add_bytes (&stream->line, bytes, n);
		if (stream->line.len >= LINE_MAX_BYTES || (newline != NULL && stream->line.len > 0))
			end_line (stream, newline != NULL);
		n += newline != NULL;
		bytes += n;
		len -= n;
	}
}

/* Ends the stream: nobody writes into it any more. */
static void
close_stream (struct stream *stream)
{
	set_time (stream->logs);
	end_line (stream, false);
	keep (stream);
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
	set_time (stream->logs);
	if (n > 0) {
		take (stream, bytes, (size_t) n);
		keep (stream);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_stream (stream);
	return n > 0;
}

/* Listens to the stream's pipe, unless it is closed or listened to. */
static void
resume (struct stream *stream)
{
	if (stream->read_fd >= 0 && stream->source.loop == NULL)
		(void) cpod_loop_add (stream->logs->config.loop, &stream->source, stream->read_fd, EPOLLIN, NULL);
}

/* The pipe has something. */
static void
readable (struct cpod_source *source, uint32_t events)
{
	struct stream *stream = source->data;
	struct cpod_sink *sink = stream->logs->config.sinks[stream->sink];

	(void) events;
	(void) read_once (stream);
	if (sink == NULL)
		return;
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
		if (!cpod_sink_full (logs->config.sinks[stream->sink]))
			resume (stream);
}

int
cpod_logs_create (const struct cpod_logs_config *config, struct cpod_logs **ret_logs, struct cpod_error *err)
{
	struct cpod_logs *logs = calloc (1, sizeof (*logs));

	if (logs == NULL)
		return cpod_error_oom (err);
	logs->config = *config;
	for (size_t i = 0; i < 2 && config->sinks[i] != NULL; i++) {
		logs->terms[i] = cpod_term_probe (config->sinks[i]->fd);
		config->sinks[i]->room = room;
		config->sinks[i]->data = logs;
	}
	*ret_logs = logs;
	return 0;
}

void
cpod_logs_drain (struct cpod_logs *logs)
{
	for (struct stream *stream = logs->streams; stream != NULL; stream = stream->next) {
		size_t n = 0;

		/* Also into a sink that is full: what is in the pipes now would else be lost. */
		while (stream->read_fd >= 0 && n < DRAIN_MAX && read_once (stream))
			n += CHUNK;
	}
}

void
cpod_logs_destroy (struct cpod_logs *logs)
{
	struct stream *stream;
	struct kept *kept;

	if (logs == NULL)
		return;
	for (size_t i = 0; i < 2 && logs->config.sinks[i] != NULL; i++)
		logs->config.sinks[i]->room = NULL;
	cpod_logs_drain (logs);
	while ((stream = logs->streams) != NULL) {
		close_stream (stream);
		logs->streams = stream->next;
		free (stream);
	}
	while ((kept = logs->kept) != NULL) {
		logs->kept = kept->next;
		cpod_log_file_finish (&kept->file);
		free (kept);
	}
	for (size_t i = 0; i < 2 && logs->config.sinks[i] != NULL; i++)
		cpod_sink_flush (logs->config.sinks[i]);
	free (logs);
}

/* The container's file; NULL when nothing is kept. */
static struct kept *
find_kept (struct cpod_logs *logs, const char *container)
{
	char name[CPOD_LOG_NAME_MAX];
	struct kept *kept;

	for (kept = logs->kept; kept != NULL; kept = kept->next)
		if (strcmp (kept->container, container) == 0)
			return kept;
	kept = logs->config.dir_fd >= 0 ? calloc (1, sizeof (*kept)) : NULL;
	if (kept == NULL)
		return NULL;
	snprintf (kept->container, sizeof (kept->container), "%s", container);
	snprintf (name, sizeof (name), "%s.log", kept->container);
	cpod_log_file_init (&kept->file, logs->config.dir_fd, name, logs->config.limit);
	kept->next = logs->kept;
	logs->kept = kept;
	return kept;
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
	stream->kept = find_kept (logs, container);
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
