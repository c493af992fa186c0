/* Following bounded files; see log-reader.h.
 *
 * Each container's source has its next entry at hand, and the earliest of all goes out: times have a fixed width, so
 * that they are compared as text. At the end of a file the source looks whether the file still has its name:
 * if not, the writer has begun a new one. */
#include "log-reader.h"
#include "log-file.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 16 << 10 };

/* One container's files. */
struct source {
	char container[64];
	char names[2][CPOD_LOG_NAME_MAX + 2];   /* the file, and the one before */
	int fd;                         /* owned; -1: none is there yet */
	struct cpod_str bytes;          /* read and not used up, from at on */
	size_t at;
	int64_t skip;                   /* entries that are passed over */
	char *line;                     /* owned: the next entry's; NULL: not known yet */
	struct cpod_log_entry next;
};

struct cpod_log_reader {
	int dir_fd;                     /* owned */
	struct source *sources;         /* owned, n */
	size_t n;
	char *line;                     /* owned: of the entry that was handed out */
};

/* Opens the file of that name; -1: it is not there. */
static int
open_name (const struct cpod_log_reader *reader, const struct source *source, int name)
{
	return openat (reader->dir_fd, source->names[name], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* true if fd is the file that has the name now. */
static bool
has_name (const struct cpod_log_reader *reader, const struct source *source, int fd, int name)
{
	struct stat ours, named;

	return fstat (fd, &ours) == 0
		&& fstatat (reader->dir_fd, source->names[name], &named, AT_SYMLINK_NOFOLLOW) == 0
		&& ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* Reads more of the file that is open. false: that was its end for now. */
static bool
read_more (struct source *source)
{
	char bytes[CHUNK];
	ssize_t n;

	if (source->fd < 0)
		return false;
	do
		n = read (source->fd, bytes, sizeof (bytes));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	if (source->at > 0) {
		source->bytes.len -= source->at;
		memmove (source->bytes.data, source->bytes.data + source->at, source->bytes.len);
		source->at = 0;
	}
	cpod_str_add_bytes (&source->bytes, bytes, (size_t) n);
	return !cpod_str_failed (&source->bytes);
}

/* At the end of a file: opens the one that follows. false: there is none. */
static bool
open_following (const struct cpod_log_reader *reader, struct source *source)
{
	bool was_before;
	int fd;

	if (source->fd >= 0 && has_name (reader, source, source->fd, 0))
		return false;
	was_before = source->fd >= 0 && has_name (reader, source, source->fd, 1);
	if (source->fd >= 0 && read_more (source))   /* written before it lost its name */
		return true;
	fd = was_before ? -1 : open_name (reader, source, 1);
	if (fd < 0)
		fd = open_name (reader, source, 0);
	if (fd < 0)
		return false;
	cpod_fd_close (&source->fd);
	source->fd = fd;
	return true;
}

/* The next whole line as a string of the caller's, or NULL: there is none now. */
static char *
next_line (const struct cpod_log_reader *reader, struct source *source)
{
	const char *begin, *end;

	for (;;) {
		begin = source->bytes.data != NULL ? source->bytes.data + source->at : "";
		end = memchr (begin, '\n', source->bytes.len - source->at);
		if (end != NULL) {
			char *line = malloc ((size_t) (end - begin) + 1);

			if (line == NULL)
				return NULL;
			memcpy (line, begin, (size_t) (end - begin));
			line[end - begin] = '\0';
			source->next.len = (size_t) (end - begin);
			source->at += (size_t) (end - begin) + 1;
			return line;
		}
		if (!read_more (source) && !open_following (reader, source))
			return NULL;
	}
}

/* Takes "TIME STREAM F|P TEXT" apart; what is none of that is all text. */
static void
parse (struct source *source)
{
	struct cpod_log_entry *entry = &source->next;
	const size_t len = entry->len, prefix = CPOD_LOG_TIME_SIZE - 1 + 1 + 6 + 1 + 2;
	char *line = source->line;

	entry->container = source->container;
	entry->time = "";
	entry->stream = "stdout";
	entry->whole = true;
	entry->text = line;
	if (len < prefix || line[CPOD_LOG_TIME_SIZE - 1] != ' ' || line[prefix - 3] != ' ' || line[prefix - 1] != ' ')
		return;
	line[CPOD_LOG_TIME_SIZE - 1] = line[prefix - 3] = '\0';
	entry->time = line;
	entry->stream = line + CPOD_LOG_TIME_SIZE;
	entry->whole = line[prefix - 2] == 'F';
	entry->text = line + prefix;
	entry->len = len - prefix;
}

/* Has the next entry at hand. false: there is none now. */
static bool
look (const struct cpod_log_reader *reader, struct source *source)
{
	while (source->line == NULL) {
		source->line = next_line (reader, source);
		if (source->line == NULL)
			return false;
		if (source->skip > 0) {
			source->skip--;
			free (source->line);
			source->line = NULL;
			continue;
		}
		parse (source);
	}
	return true;
}

/* How many lines the container's files have now. */
static int64_t
count_lines (const struct cpod_log_reader *reader, const struct source *source)
{
	char bytes[CHUNK];
	int64_t lines = 0;
	ssize_t n;

	for (int name = 0; name < 2; name++) {
		cpod_autofd fd = open_name (reader, source, name);

		while (fd >= 0 && (n = read (fd, bytes, sizeof (bytes))) > 0)
			for (ssize_t i = 0; i < n; i++)
				lines += bytes[i] == '\n';
	}
	return lines;
}

static void
source_init (const struct cpod_log_reader *reader, struct source *source, const char *container, int64_t tail)
{
	int64_t lines;

	source->fd = -1;
	snprintf (source->container, sizeof (source->container), "%s", container);
	snprintf (source->names[0], sizeof (source->names[0]), "%s.log", source->container);
	snprintf (source->names[1], sizeof (source->names[1]), "%s.log.1", source->container);
	lines = tail >= 0 ? count_lines (reader, source) : 0;
	source->skip = lines > tail && tail >= 0 ? lines - tail : 0;
}

int
cpod_log_reader_create (int dir_fd, const char *const *containers, size_t n, int64_t tail,
                        struct cpod_log_reader **ret_reader, struct cpod_error *err)
{
	struct cpod_log_reader *reader = calloc (1, sizeof (*reader));

	if (reader == NULL)
		return cpod_error_oom (err);
	reader->sources = calloc (n + 1, sizeof (*reader->sources));
	reader->dir_fd = fcntl (dir_fd, F_DUPFD_CLOEXEC, 3);
	if (reader->sources == NULL || reader->dir_fd < 0) {
		int code = reader->sources == NULL ? ENOMEM : errno;

		cpod_log_reader_destroy (reader);
		return cpod_error_sys (err, code, "read the logs");
	}
	for (; reader->n < n; reader->n++)
		source_init (reader, &reader->sources[reader->n], containers[reader->n], tail);
	*ret_reader = reader;
	return 0;
}

void
cpod_log_reader_destroy (struct cpod_log_reader *reader)
{
	if (reader == NULL)
		return;
	for (size_t i = 0; i < reader->n; i++) {
		cpod_fd_close (&reader->sources[i].fd);
		cpod_str_finish (&reader->sources[i].bytes);
		free (reader->sources[i].line);
	}
	cpod_fd_close (&reader->dir_fd);
	free (reader->sources);
	free (reader->line);
	free (reader);
}

int
cpod_log_reader_next (struct cpod_log_reader *reader, struct cpod_log_entry *ret_entry)
{
	struct source *first = NULL;

	for (size_t i = 0; i < reader->n; i++) {
		struct source *source = &reader->sources[i];

		if (look (reader, source) && (first == NULL || strcmp (source->next.time, first->next.time) < 0))
			first = source;
	}
	if (first == NULL)
		return 0;
	*ret_entry = first->next;
	free (reader->line);
	reader->line = first->line;
	first->line = NULL;
	return 1;
}
