/* File descriptors: owned by scope, closed once, CLOEXEC from birth.
 *
 * Files that belong to somebody else (a root file system, a spec) are read whole and bounded. */
#ifndef CPOD_BASE_FD_H
#define CPOD_BASE_FD_H

#include <cpod/runtime.h>
#include <stddef.h>

/* Closes *fd unless negative, and leaves -1. errno is kept. */
void cpod_fd_close (int *fd);
#define cpod_autofd __attribute__ ((cleanup (cpod_fd_close))) int

/* The descriptor, ownership passing to the caller; *fd becomes -1. */
static inline int
cpod_fd_steal (int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* All len bytes, through EINTR and short writes. 0 or -errno. */
int cpod_fd_write_all (int fd, const void *data, size_t len);
/* Up to EOF or max bytes into a malloc'ed, NUL-terminated buffer; -EFBIG when there is more. */
int cpod_fd_read_all (int fd, size_t max, char **ret_data, size_t *ret_len);
/* Reads a whole regular file; refuses what is not one (FIFO, device, directory) without blocking.
 * "-" is standard input. Errors name the path. */
int cpod_file_read (const char *path, size_t max, char **ret_data, size_t *ret_len, struct cpod_error *err);
/* Writes to "NAME.tmp" in the directory dir_fd, then renames it to name (mode as given). No fsync. */
int cpod_file_replace (int dir_fd, const char *name, const void *data, size_t len, unsigned int mode,
                       struct cpod_error *err);
/* One short write to an existing file relative to dir_fd (cgroup and proc files). 0 or -errno. */
int cpod_file_put (int dir_fd, const char *name, const char *text);
/* Reads a small file relative to dir_fd into text[size], NUL-terminated, last newline cut.
 * Returns its length or -errno (-EFBIG when it does not fit). */
int cpod_file_get (int dir_fd, const char *name, char *text, size_t size);

#endif
