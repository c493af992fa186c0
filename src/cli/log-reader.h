/* Reading what logs.h keeps: the lines of one container, or of several in the order of their times, also while
 * they are written and while the files take turns. Nothing blocks. */
#ifndef CPOD_CLI_LOG_READER_H
#define CPOD_CLI_LOG_READER_H

#include <cpod/runtime.h>
#include <stdbool.h>
#include <stddef.h>

struct cpod_log_entry {
	const char *container;
	const char *time;       /* RFC 3339, UTC, nanoseconds */
	const char *stream;     /* "stdout" or "stderr" */
	const char *text;       /* len bytes as they were written, and a NUL; without the end of the line */
	size_t len;
	bool whole;             /* false: a piece, the line goes on */
};

struct cpod_log_reader;

/* A reader of n containers' files in the directory dir_fd (duplicated); files that are not there yet may come. tail: of
 * each container only the last so many lines that there are now; < 0: all. */
int cpod_log_reader_create (int dir_fd, const char *const *containers, size_t n, int64_t tail,
                            struct cpod_log_reader **ret_reader, struct cpod_error *err);
void cpod_log_reader_destroy (struct cpod_log_reader *reader);   /* NULL is allowed */
/* The next entry: 1, borrowed until the next call; 0: there is none now, more may come. */
int cpod_log_reader_next (struct cpod_log_reader *reader, struct cpod_log_entry *ret_entry);

#endif
