/* Paths in volumes (subpath.h).
 *
 * Containers that share the volume may exchange its directories for links at any time. So every prefix
 * is resolved by the kernel, beneath the volume's root, in one openat2; what is missing is made
 * relative to the directory that was opened before it, and opened by the same rule.
 */
#include "subpath.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RACE_TRIES 64      /* openat2 answers EAGAIN when a rename ran beside it */

static int
open_beneath (int root, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int fd = -1;

	for (int i = 0; i < RACE_TRIES; i++) {
		fd = (int) syscall (SYS_openat2, root, path, &how, sizeof (how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : fd;
}

/* Makes the directory name in parent with exactly this mode; another's of that name may stay. */
static int
make_directory (int parent, const char *name, mode_t mode)
{
	cpod_autofd fd = -1;

	if (mkdirat (parent, name, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 || fchmod (fd, mode) < 0 ? -errno : 0;
}

/* Opens what path, cut behind name, leads to; made where it is missing. parent: the directory that name is in. */
static int
open_made (int root, int parent, const char *path, const char *name, mode_t mode)
{
	int fd = open_beneath (root, path, O_PATH), ret;

	if (fd != -ENOENT)
		return fd;
	ret = make_directory (parent, name, mode);
	return ret < 0 ? ret : open_beneath (root, path, O_PATH);
}

/* Goes down path, a copy that may be cut, one component after the other. */
static int
walk_down (int root, char *path, mode_t mode)
{
	cpod_autofd parent = open_beneath (root, ".", O_PATH | O_DIRECTORY);
	char *at = path;

	if (parent < 0)
		return parent;
	for (;;) {
		char *name = at + strspn (at, "/"), after;
		int fd;

		at = name + strcspn (name, "/");
		if (at == name)
			return cpod_fd_steal (&parent);
		after = *at;
		*at = '\0';
		fd = open_made (root, parent, path, name, mode);
		*at = after;
		if (fd < 0)
			return fd;
		cpod_fd_close (&parent);
		parent = fd;
	}
}

int
cpod_subpath_open (const char *root, const char *path, const char *field, struct cpod_error *err)
{
	cpod_autofd root_fd = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char copy[4096];
	struct stat st;
	int fd;

	if (root_fd < 0 || fstat (root_fd, &st) < 0)
		return cpod_error_sys (err, errno, "%s: open %s", field, root);
	if (strlen (path) >= sizeof (copy))
		return cpod_error_sys (err, ENAMETOOLONG, "%s", field);
	memcpy (copy, path, strlen (path) + 1);
	fd = walk_down (root_fd, copy, st.st_mode & 07777);
	if (fd == -EXDEV)
		return cpod_error_set (err, EXDEV, "%s: %s leads out of its volume", field, path);
	return fd < 0 ? cpod_error_sys (err, -fd, "%s: open %s in its volume", field, path) : fd;
}
