/* A file of lines with a bound: what containers have written, what has happened to a pod.
 *
 * When half of what may be kept is written, the file NAME becomes NAME.1, in the place of an older one, and a new
 * one begins. So at least half of the bound is always there, and old lines go first. State directories lie
 * in memory: without a bound a chatty container would fill it.
 */
#ifndef CPOD_CLI_LOG_FILE_H
#define CPOD_CLI_LOG_FILE_H

#include <stddef.h>
#include <stdint.h>

#define CPOD_LOG_NAME_MAX 80          /* a container's name, ".log.1" */

struct cpod_log_file {
	int dir_fd;                     /* borrowed */
	char name[CPOD_LOG_NAME_MAX];
	int fd;                         /* owned; -1: nothing was written yet */
	uint64_t written, limit;        /* bytes in NAME; in both files together */
};

/* name is cut to what fits. Nothing is made yet. */
void cpod_log_file_init (struct cpod_log_file *file, int dir_fd, const char *name, uint64_t limit);
void cpod_log_file_finish (struct cpod_log_file *file);
/* Appends whole lines. -errno: they are lost (the disk is full), the next ones may not be. */
int cpod_log_file_add (struct cpod_log_file *file, const char *lines, size_t len);

/* Room for a time with a fixed width, so that text sorts as time: "2026-11-22T00:35:00.066493594Z" and its NUL. */
#define CPOD_LOG_TIME_SIZE 31
void cpod_log_time (int64_t sec, int32_t nsec, char text[CPOD_LOG_TIME_SIZE]);

#endif
