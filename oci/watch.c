/* See watch.h.
 *
 * The note is an extended attribute of the cgroups that the namespace's processes are in, so that it goes with them, and
 * whoever runs commands there finds it without knowing who wrote it. It is written before the newcomer exists. */
#include "watch.h"

#include "caps.h"
#include "cgroup.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NOTE   "trusted.cpod.watched"   /* xattr(7): root's alone */
#define DEPTHS 33                       /* PID namespaces nest 32 deep. pid_namespaces(7) */

/* Whether the process of that number is in the PID namespace target, or in one below it. */
static bool
is_within (int proc_fd, const char *number, const struct stat *target)
{
	char path[300];
	cpod_autofd fd = -1;
	struct stat st;

	(void) snprintf (path, sizeof (path), "%s/ns/pid", number);
	fd = openat (proc_fd, path, O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < DEPTHS && fd >= 0 && fstat (fd, &st) == 0; i++) {
		int above;

		if (st.st_ino == target->st_ino && st.st_dev == target->st_dev)
			return true;
		above = ioctl (fd, NS_GET_PARENT);
		cpod_fd_close (&fd);
		fd = above;
	}
	return false;
}

/* Notes it on the group at path below root_fd and on those above it: the process may be in a group that the
 * container made, or in one of a command's. A group that is gone has nobody to be watched. */
static int
note_groups (int root_fd, char *path, struct cpod_error *err)
{
	char *slash;
	int ret = 0;

	while (ret == 0 && path[strspn (path, "/")] != '\0') {
		cpod_autofd fd = -1;
		char link[40];

		ret = cpod_cgroup_open (root_fd, path, &fd, err);
		if (ret == -ENOENT)
			ret = 0;
		(void) snprintf (link, sizeof (link), "/proc/self/fd/%d", fd);
		if (fd >= 0 && setxattr (link, NOTE, "1", 1, 0) < 0)
			return cpod_error_sys (err, errno, "note at /%s that a container beside may trace", path + strspn (path, "/"));
		slash = strrchr (path, '/');
		*(slash != NULL ? slash : path) = '\0';
	}
	return ret;
}

/* Notes it for one process, if it is still there. */
static int
note_process (int root_fd, int proc_fd, const char *number, struct cpod_error *err)
{
	char file[300], text[8192], path[4096];

	(void) snprintf (file, sizeof (file), "%s/cgroup", number);
	if (cpod_file_get (proc_fd, file, text, sizeof (text)) < 0 || cpod_cgroup_own_path (text, path, sizeof (path)) < 0)
		return 0;
	return note_groups (root_fd, path, err);
}

int
cpod_watch_begin (const struct cpod_op_caps *caps, const char *pidns_path, struct cpod_error *err)
{
	cpod_autofd root_fd = -1;
	struct stat target;
	struct dirent *entry;
	DIR *dir;
	int ret = 0;

	if (pidns_path == NULL || !cpod_caps_may_trace (caps) || geteuid () != 0)
		return 0;
	if (stat (pidns_path, &target) < 0)
		return cpod_error_sys (err, errno, "open %s", pidns_path);
	ret = cpod_cgroup_root_open (&root_fd, err);
	if (ret < 0)
		return ret;
	dir = opendir ("/proc");
	if (dir == NULL)
		return cpod_error_sys (err, errno, "open /proc");
	while (ret == 0 && (entry = readdir (dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_within (dirfd (dir), entry->d_name, &target))
			ret = note_process (root_fd, dirfd (dir), entry->d_name, err);
	closedir (dir);
	return ret;
}

bool
cpod_watch_is_on (int cgroup_fd)
{
	char link[40], value[4];

	if (cgroup_fd < 0)
		return false;
	(void) snprintf (link, sizeof (link), "/proc/self/fd/%d", cgroup_fd);
	return getxattr (link, NOTE, value, sizeof (value)) > 0;
}
