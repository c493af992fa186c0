/* Descriptors and whole files: see fd.h.
 *
 * Files are opened without blocking and checked before they are read: a FIFO or a device in the
 * place of a spec is an error, not a hang. Reads are bounded by the caller.
 */
#include "fd.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
cpod_fd_close (int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void) close (*fd);   /* nothing can be done about a failure: the descriptor is gone */
	*fd = -1;
	errno = saved;
}

int
cpod_fd_write_all (int fd, const void *data, size_t len)
{
	const char *next = data;

	while (len > 0) {
		ssize_t n = write (fd, next, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		next += n;
		len -= (size_t) n;
	}
	return 0;
}

/* Reads until text[size] is full or the file ends. Returns the number of bytes or -errno. */
static ssize_t
read_full (int fd, char *text, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read (fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t) n;
	}
	return (ssize_t) len;
}

/* As cpod_fd_read_all, with the buffer's first size given by expected (the size of the file). */
static int
read_growing (int fd, size_t expected, size_t max, char **ret_data, size_t *ret_len)
{
	size_t size = expected < 4096 ? 4096 : expected + 1, len = 0;
	char *data = NULL;
	ssize_t n;
	int ret;

	for (;;) {
		char *larger;

		if (size > max + 1)
			size = max + 1;
		larger = realloc (data, size + 1);
		ret = -ENOMEM;
		if (!larger)
			break;
		data = larger;
		n = read_full (fd, data + len, size - len);
		ret = (int) (n < 0 ? n : 0);
		if (n < 0)
			break;
		len += (size_t) n;
		ret = len > max ? -EFBIG : 0;
		if (ret < 0 || len < size)
			break;
		size *= 2;
	}
	if (ret < 0) {
		free (data);
		return ret;
	}
	data[len] = '\0';
	*ret_data = data;
	*ret_len = len;
	return 0;
}

int
cpod_fd_read_all (int fd, size_t max, char **ret_data, size_t *ret_len)
{
	if (max > SSIZE_MAX / 4)
		max = SSIZE_MAX / 4;
	return read_growing (fd, 0, max, ret_data, ret_len);
}

/* Refuses what is not a regular file of at most max bytes. */
static int
check_regular (int fd, const char *path, size_t max, size_t *ret_size, struct cpod_error *err)
{
	struct stat st;

	if (fstat (fd, &st) < 0)
		return cpod_error_sys (err, errno, "stat %s", path);
	if (S_ISDIR (st.st_mode))
		return cpod_error_set (err, EISDIR, "%s is a directory, not a file", path);
	if (!S_ISREG (st.st_mode))
		return cpod_error_set (err, EINVAL, "%s is not a regular file", path);
	if (st.st_size > 0 && (uint64_t) st.st_size > max)
		return cpod_error_set (err, EFBIG, "%s is larger than %zu bytes", path, max);
	*ret_size = (size_t) st.st_size;
	return 0;
}

int
cpod_file_read (const char *path, size_t max, char **ret_data, size_t *ret_len, struct cpod_error *err)
{
	cpod_autofd fd = -1;
	bool standard = strcmp (path, "-") == 0;
	size_t size = 0;
	int ret;

	if (max > SSIZE_MAX / 4)
		max = SSIZE_MAX / 4;
	if (!standard) {
		fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0)
			return cpod_error_sys (err, errno, "open %s", path);
		ret = check_regular (fd, path, max, &size, err);
		if (ret < 0)
			return ret;
	}
	ret = read_growing (standard ? STDIN_FILENO : fd, size, max, ret_data, ret_len);
	if (standard)
		path = "standard input";
	if (ret == -EFBIG)
		return cpod_error_set (err, EFBIG, "%s is larger than %zu bytes", path, max);
	if (ret < 0)
		return cpod_error_sys (err, -ret, "read %s", path);
	return 0;
}

/* Creates name in dir_fd with exactly mode and writes data. A left-over of that name is replaced;
 * what is in its place is never followed. */
static int
write_new (int dir_fd, const char *name, const void *data, size_t len, unsigned int mode)
{
	cpod_autofd fd = -1;

	if (unlinkat (dir_fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat (dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0700);
	if (fd < 0)
		return -errno;
	if (fchmod (fd, mode) < 0)
		return -errno;
	return cpod_fd_write_all (fd, data, len);
}

int
cpod_file_replace (int dir_fd, const char *name, const void *data, size_t len, unsigned int mode,
                   struct cpod_error *err)
{
	char temporary[NAME_MAX + 1];
	int ret;

	ret = snprintf (temporary, sizeof (temporary), "%s.tmp", name);
	if (ret < 0 || (size_t) ret >= sizeof (temporary))
		return cpod_error_sys (err, ENAMETOOLONG, "write %s", name);
	ret = write_new (dir_fd, temporary, data, len, mode);
	if (ret == 0 && renameat (dir_fd, temporary, dir_fd, name) < 0)
		ret = -errno;
	if (ret < 0) {
		(void) unlinkat (dir_fd, temporary, 0);   /* it may never have been made */
		return cpod_error_sys (err, -ret, "write %s", name);
	}
	return 0;
}

int
cpod_file_put (int dir_fd, const char *name, const char *text)
{
	cpod_autofd fd = -1;
	size_t len = strlen (text);
	ssize_t n;

	fd = openat (dir_fd, name, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	do {
		n = write (fd, text, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t) n == len ? 0 : -EIO;
}

int
cpod_file_get (int dir_fd, const char *name, char *text, size_t size)
{
	cpod_autofd fd = -1;
	ssize_t n;

	if (size == 0 || size > INT_MAX)
		return -EINVAL;
	fd = openat (dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	n = read_full (fd, text, size);
	if (n < 0)
		return (int) n;
	if ((size_t) n == size)
		return -EFBIG;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return (int) n;
}
