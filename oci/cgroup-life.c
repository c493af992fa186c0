/* The life of a group after it was made: killed, frozen, watched, counted, removed.
 *
 * Waiting is by poll on cgroup.events, which the kernel marks with POLLPRI at every change; the
 * file is read again after each, so that no change is missed and nothing is asked twice in vain.
 * Removing goes the deepest first and from descriptor to descriptor; the depth is bounded, because
 * what is in a container's group was made by the container.
 */
#include "cgroup.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX  8192   /* memory.stat, the longest file read here, has about 2000 */
#define DEPTH_MAX 256    /* descriptors in use while removing */

/* ---- numbers ---- */

/* Parses one number or "max" that ends at a newline or the end. */
static int
parse_number (const char *text, uint64_t *ret_number)
{
	char *end;
	unsigned long long number;

	if (strncmp (text, "max", 3) == 0 && (text[3] == '\0' || text[3] == '\n')) {
		*ret_number = UINT64_MAX;
		return 0;
	}
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull (text, &end, 10);
	if (errno || (*end != '\0' && *end != '\n'))
		return -EINVAL;
	*ret_number = number;
	return 0;
}

/* The number of the line that begins with key and a space, or of the whole text. */
static int
find_number (const char *text, const char *key, uint64_t *ret_number)
{
	const char *line, *end;
	size_t len;

	if (!key)
		return parse_number (text, ret_number);
	len = strlen (key);
	for (line = text; *line; line = *end ? end + 1 : end) {
		end = strchrnul (line, '\n');
		if (strncmp (line, key, len) == 0 && line[len] == ' ')
			return parse_number (line + len + 1, ret_number);
	}
	return -ENOENT;
}

int
cpod_cgroup_number (int fd, const char *file, const char *key, uint64_t *ret_number)
{
	char text[TEXT_MAX];
	int ret;

	ret = cpod_file_get (fd, file, text, sizeof (text));
	return ret < 0 ? ret : find_number (text, key, ret_number);
}

int
cpod_cgroup_oom_kills (int fd, uint64_t *ret_kills, struct cpod_error *err)
{
	uint64_t kills = 0;
	int ret;

	ret = cpod_cgroup_number (fd, "memory.events", "oom_kill", &kills);
	if (ret < 0 && ret != -ENOENT)   /* ENOENT: no memory controller, so it kills nobody here */
		return cpod_error_sys (err, -ret, "read memory.events");
	*ret_kills = kills;
	return 0;
}

/* ---- kill, freeze ---- */

int
cpod_cgroup_kill (int fd, struct cpod_error *err)
{
	int ret = cpod_file_put (fd, "cgroup.kill", "1");

	return ret < 0 ? cpod_error_sys (err, -ret, "write cgroup.kill") : 0;
}

int
cpod_cgroup_freeze (int fd, bool frozen, struct cpod_error *err)
{
	int ret = cpod_file_put (fd, "cgroup.freeze", frozen ? "1" : "0");

	return ret < 0 ? cpod_error_sys (err, -ret, "write cgroup.freeze") : 0;
}

/* ---- events ---- */

int
cpod_cgroup_populated (int fd, bool *ret_populated, struct cpod_error *err)
{
	uint64_t number;
	int ret;

	ret = cpod_cgroup_number (fd, "cgroup.events", "populated", &number);
	if (ret < 0)
		return cpod_error_sys (err, -ret, "read cgroup.events");
	*ret_populated = number != 0;
	return 0;
}

int
cpod_cgroup_events_open (int fd, int *ret_events_fd, struct cpod_error *err)
{
	int events_fd = openat (fd, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (events_fd < 0)
		return cpod_error_sys (err, errno, "open cgroup.events");
	*ret_events_fd = events_fd;
	return 0;
}

/* Reads key of the open cgroup.events from its beginning. 0 or -errno. */
static int
read_event (int events_fd, const char *key, uint64_t *ret_number)
{
	char text[256];
	ssize_t n;

	n = pread (events_fd, text, sizeof (text) - 1, 0);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return find_number (text, key, ret_number);
}

/* Waits for a change, or for the deadline: 0, -ETIMEDOUT or -errno. */
static int
wait_change (int events_fd, uint64_t deadline_ns)
{
	struct pollfd poll_fd = { .fd = events_fd, .events = POLLPRI };
	uint64_t now = cpod_clock_ns (), left;
	struct timespec timeout;

	if (now >= deadline_ns)
		return -ETIMEDOUT;
	left = deadline_ns - now;
	timeout.tv_sec = (time_t) (left / 1000000000u);
	timeout.tv_nsec = (long) (left % 1000000000u);
	if (ppoll (&poll_fd, 1, &timeout, NULL) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

int
cpod_cgroup_wait (int fd, const char *key, uint64_t value, uint64_t deadline_ns, struct cpod_error *err)
{
	cpod_autofd events_fd = -1;
	uint64_t number = 0;
	int ret;

	ret = cpod_cgroup_events_open (fd, &events_fd, err);
	if (ret < 0)
		return ret;
	for (;;) {
		ret = read_event (events_fd, key, &number);
		if (ret < 0)
			return cpod_error_sys (err, -ret, "read cgroup.events");
		if (number == value)
			return 0;
		ret = wait_change (events_fd, deadline_ns);
		if (ret < 0)
			return cpod_error_sys (err, -ret, "wait for the cgroup to be \"%s %llu\"", key,
			                       (unsigned long long) value);
	}
}

int
cpod_cgroup_wait_empty (int fd, uint64_t deadline_ns, struct cpod_error *err)
{
	return cpod_cgroup_wait (fd, "populated", 0, deadline_ns, err);
}

/* ---- delegation ---- */

int
cpod_cgroup_give (int fd, uid_t uid, gid_t gid, struct cpod_error *err)
{
	char names[1024], *save = NULL;
	cpod_autofd kernel_fd = open ("/sys/kernel/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int len = kernel_fd < 0 ? -errno : cpod_file_get (kernel_fd, "delegate", names, sizeof (names));

	if (len < 0)
		return cpod_error_sys (err, -len, "read /sys/kernel/cgroup/delegate");
	if (fchownat (fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return cpod_error_sys (err, errno, "give a cgroup to user %u", (unsigned int) uid);
	for (char *name = strtok_r (names, "\n", &save); name != NULL; name = strtok_r (NULL, "\n", &save))
		if (fchownat (fd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)   /* of a controller that is not there */
			return cpod_error_sys (err, errno, "give %s of a cgroup to user %u", name, (unsigned int) uid);
	return 0;
}

/* ---- removal ---- */

/* Removes the groups in dir_fd and below. 0 or -errno. */
static int remove_children (int dir_fd, unsigned int depth);

/* Removes one group with what is in it: first alone, which is enough for nearly all. */
static int
remove_group (int parent_fd, const char *name, unsigned int depth)
{
	cpod_autofd fd = -1;
	int ret;

	if (unlinkat (parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	if (depth == 0)
		return -ELOOP;
	fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	ret = remove_children (fd, depth - 1);
	if (ret < 0)
		return ret;
	return unlinkat (parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

static int
remove_children (int dir_fd, unsigned int depth)
{
	int fd = fcntl (dir_fd, F_DUPFD_CLOEXEC, 3), ret = 0;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir (fd);   /* owns fd from now on */
	if (!dir) {
		ret = -errno;
		close (fd);
		return ret;
	}
	while (ret == 0 && (errno = 0, entry = readdir (dir))) {
		if (entry->d_type == DT_DIR && strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name,
		                                                                           "..") != 0)
			ret = remove_group (dir_fd, entry->d_name, depth);
	}
	if (ret == 0)
		ret = -errno;
	closedir (dir);
	return ret;
}

/* Cuts the last component off path, which fits into PATH_MAX, and opens what is before it. */
static int
open_parent (int root_fd, const char *path, const char **ret_name, char buffer[PATH_MAX], int *ret_fd,
             struct cpod_error *err)
{
	size_t len = strlen (path);
	char *slash;

	if (len >= PATH_MAX)
		return cpod_error_set (err, EINVAL, "the cgroup path \"%.64s\" is not allowed", path);
	memcpy (buffer, path, len + 1);
	while (len > 0 && buffer[len - 1] == '/')
		buffer[--len] = '\0';
	slash = strrchr (buffer, '/');
	*ret_name = slash ? slash + 1 : buffer;
	if (**ret_name == '\0' || strcmp (*ret_name, ".") == 0 || strcmp (*ret_name, "..") == 0)
		return cpod_error_set (err, EINVAL, "the cgroup path \"%.64s\" is not allowed", path);
	if (slash)
		*slash = '\0';
	return cpod_cgroup_open (root_fd, slash ? buffer : "", ret_fd, err);
}

int
cpod_cgroup_remove (int root_fd, const char *path, struct cpod_error *err)
{
	cpod_autofd parent_fd = -1;
	struct cpod_error why = { 0 };
	char buffer[PATH_MAX];
	const char *name = buffer;
	int ret;

	if (cpod_cgroup_is_path (path) && unlinkat (root_fd, path + strspn (path, "/"), AT_REMOVEDIR) == 0)
		return 0;
	ret = open_parent (root_fd, path, &name, buffer, &parent_fd, &why);
	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		return cpod_error_set (err, why.code, "%s", why.message);
	ret = remove_group (parent_fd, name, DEPTH_MAX);
	return ret < 0 ? cpod_error_sys (err, -ret, "remove the cgroup %s", path) : 0;
}

int
cpod_cgroup_renew (int parent_fd, const char *name, int *fd, struct cpod_error *err)
{
	int ret;

	cpod_fd_close (fd);
	ret = cpod_cgroup_remove (parent_fd, name, err);
	if (ret < 0)
		return ret;
	return cpod_cgroup_create (parent_fd, name, NULL, CPOD_CGROUP_NEW, fd, err);
}
