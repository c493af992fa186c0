/* A bounded file of lines; see log-file.h. */
#include "log-file.h"

#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void
cpod_log_file_init (struct cpod_log_file *file, int dir_fd, const char *name, uint64_t limit)
{
	*file = (struct cpod_log_file) { .dir_fd = dir_fd, .fd = -1, .limit = limit };
	snprintf (file->name, sizeof (file->name), "%s", name);
}

void
cpod_log_file_finish (struct cpod_log_file *file)
{
	cpod_fd_close (&file->fd);
}

/* Opens the file where it is not open; what is in it already counts. */
static int
open_file (struct cpod_log_file *file)
{
	struct stat st;

	if (file->fd >= 0)
		return 0;
	file->fd = openat (file->dir_fd, file->name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return -errno;
	file->written = fstat (file->fd, &st) == 0 ? (uint64_t) st.st_size : 0;
	return 0;
}

/* Makes room for a new file. */
static int
rotate (struct cpod_log_file *file)
{
	char old[CPOD_LOG_NAME_MAX + 2];

	snprintf (old, sizeof (old), "%s.1", file->name);
	if (renameat (file->dir_fd, file->name, file->dir_fd, old) < 0)
		return -errno;
	cpod_fd_close (&file->fd);
	return open_file (file);
}

int
cpod_log_file_add (struct cpod_log_file *file, const char *lines, size_t len)
{
	int ret = open_file (file);

	if (ret == 0 && file->written > 0 && file->written + len > file->limit / 2)
		ret = rotate (file);
	if (ret == 0)
		ret = cpod_fd_write_all (file->fd, lines, len);
	if (ret == 0)
		file->written += len;
	return ret;
}

void
cpod_log_time (int64_t sec, int32_t nsec, char text[CPOD_LOG_TIME_SIZE])
{
	const time_t seconds = (time_t) sec;
	struct tm tm = { 0 };
	char date[CPOD_LOG_TIME_SIZE];

	(void) gmtime_r (&seconds, &tm);
	if (strftime (date, sizeof (date), "%Y-%m-%dT%H:%M:%S", &tm) != 19)
		snprintf (date, sizeof (date), "9999-12-31T23:59:59");
	snprintf (text, CPOD_LOG_TIME_SIZE, "%.19s.%09uZ", date, (unsigned int) nsec % 1000000000);
}
