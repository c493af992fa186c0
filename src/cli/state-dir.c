/* The directories of running pods: making, taking, listing, removing; see state-dir.h for the layout.
 *
 * Every name below BASE is used relative to a descriptor that was checked once. Nothing here waits for a
 * lock: a held one means that somebody lives there. */
#include "state-dir.h"

#include "held-locks.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <cpod/cpod.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Writes BASE into path: where this user's pods live. */
static int
base_path (char *path, size_t size, struct cpod_error *err)
{
	const char *given = getenv ("CPOD_STATE_DIR"), *runtime_dir = getenv ("XDG_RUNTIME_DIR");
	int len;

	if (given != NULL && given[0] != '\0' && given[0] != '/')
		return cpod_error_set (err, EINVAL, "CPOD_STATE_DIR must be an absolute path");
	if (given != NULL && given[0] != '\0')
		len = snprintf (path, size, "%s", given);
	else if (geteuid () == 0)
		len = snprintf (path, size, "/run/cpod");
	else if (runtime_dir != NULL && runtime_dir[0] == '/')
		len = snprintf (path, size, "%s/cpod", runtime_dir);
	else
		len = snprintf (path, size, "/tmp/cpod-%u", (unsigned int) geteuid ());
	if (len < 0 || (size_t) len >= size)
		return cpod_error_set (err, ENAMETOOLONG, "the path of the state directory is too long");
	return 0;
}

/* Opens the directory name in parent_fd (made 0700 if create), and checks that it is ours alone. */
static int
open_private (int parent_fd, const char *name, bool create, int *ret_fd, struct cpod_error *err)
{
	cpod_autofd fd = -1;
	struct stat st;

	if (create && mkdirat (parent_fd, name, 0700) < 0 && errno != EEXIST)
		return cpod_error_sys (err, errno, "make the directory %s", name);
	fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return cpod_error_sys (err, errno, "open the directory %s", name);
	if (fstat (fd, &st) < 0)
		return cpod_error_sys (err, errno, "stat %s", name);
	if (st.st_uid != geteuid () || (st.st_mode & 077) != 0)
		return cpod_error_set (err, EPERM,
		                       "%s must belong to user %u and be closed to others (mode 0700)", name,
		                       (unsigned int) geteuid ());
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

int
cpod_state_open_pods (bool create, char *path, size_t size, int *ret_fd, struct cpod_error *err)
{
	cpod_autofd base_fd = -1;
	char base[256];
	int ret, len;

	ret = base_path (base, sizeof (base), err);
	if (ret < 0)
		return ret;
	len = snprintf (path, size, "%s/pods", base);
	if (len < 0 || (size_t) len >= size)
		return cpod_error_set (err, ENAMETOOLONG, "the path of the state directory is too long");
	ret = open_private (AT_FDCWD, base, create, &base_fd, err);
	if (ret < 0)
		return ret;
	ret = open_private (base_fd, "pods", create, ret_fd, err);
	return ret < 0 ? cpod_error_prefix (err, ret, "%s", base) : 0;
}

/* Removes what name in parent_fd is, with everything below it; other file systems are not entered. */
static int
remove_tree (int parent_fd, const char *name, dev_t device, unsigned int depth)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int fd, ret = 0;

	if (unlinkat (parent_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;   /* somebody else removes it, too */
	dir = fstat (fd, &st) == 0 && st.st_dev == device && depth > 0 ? fdopendir (fd) : NULL;
	if (dir == NULL) {
		close (fd);
		return -EXDEV;
	}
	while ((entry = readdir (dir)) != NULL)
		if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0) {
			int removed = remove_tree (fd, entry->d_name, device, depth - 1);

			ret = ret < 0 ? ret : removed;
		}
	closedir (dir);
	if (ret < 0)
		return ret;
	return unlinkat (parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Takes the entry's name away from those who look for it, then removes its files. */
static int
remove_entry (int pods_fd, const char *entry, struct cpod_error *err)
{
	char aside[128];
	struct stat st;
	int ret;

	snprintf (aside, sizeof (aside), ".old-%d-%.64s", (int) getpid (), entry);
	if (entry[0] == '.')   /* nobody looks for it: it is removed where it is */
		snprintf (aside, sizeof (aside), "%.127s", entry);
	else if (renameat (pods_fd, entry, pods_fd, aside) < 0)
		return errno == ENOENT ? 0 : cpod_error_sys (err, errno, "rename %s", entry);
	ret = fstat (pods_fd, &st) < 0 ? -errno : remove_tree (pods_fd, aside, st.st_dev, 16);
	return ret < 0 ? cpod_error_sys (err, -ret, "remove %s", aside) : 0;
}

/* Opens the entry's lock and takes it. 0 with both descriptors; -EWOULDBLOCK: a supervisor lives there;
 * -ENOENT: the entry is gone, or is not filled yet. */
static int
take_lock (int pods_fd, const char *entry, int *ret_dir_fd, int *ret_lock_fd)
{
	cpod_autofd dir_fd = -1, lock_fd = -1;
	struct stat ours, current;

	dir_fd = openat (pods_fd, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	lock_fd = openat (dir_fd, "lock", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (lock_fd < 0)
		return -errno;
	if (flock (lock_fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	/* Between the open and the lock somebody may have removed the directory and made another. */
	if (fstat (dir_fd, &ours) < 0 || fstatat (pods_fd, entry, &current, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (ours.st_ino != current.st_ino || ours.st_dev != current.st_dev)
		return -ENOENT;
	*ret_dir_fd = cpod_fd_steal (&dir_fd);
	*ret_lock_fd = cpod_fd_steal (&lock_fd);
	return 0;
}

/* true for a directory without a lock that nobody is filling any more: one that was being removed, whose
 * runtime has nothing left; one whose maker is gone; one that is old. */
static bool
abandoned (int pods_fd, const char *entry)
{
	struct timespec now;
	struct stat st;
	int maker;

	if (fstatat (pods_fd, entry, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR (st.st_mode))
		return false;
	if (strncmp (entry, ".old-", 5) == 0)
		return true;
	maker = strncmp (entry, ".new-", 5) == 0 ? atoi (entry + 5) : 0;
	if (maker > 0 && kill (maker, 0) < 0 && errno == ESRCH)
		return true;
	return clock_gettime (CLOCK_REALTIME, &now) == 0 && now.tv_sec - st.st_mtim.tv_sec > 60;
}

/* true if the directory, whose supervisor is gone, is that of a pod that has ended. */
static bool
is_kept (int dir_fd)
{
	return faccessat (dir_fd, "status.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

enum cpod_entry
cpod_state_look (int pods_fd, const char *name)
{
	cpod_autofd dir_fd = -1, lock_fd = -1;
	int ret = take_lock (pods_fd, name, &dir_fd, &lock_fd);

	if (ret == -EWOULDBLOCK)
		return CPOD_ENTRY_RUNS;
	if (ret == 0)
		return is_kept (dir_fd) ? CPOD_ENTRY_ENDED : CPOD_ENTRY_DEAD;
	return ret == -ENOENT && abandoned (pods_fd, name) ? CPOD_ENTRY_DEAD : CPOD_ENTRY_NONE;
}

bool
cpod_state_dead (int pods_fd, const char *name)
{
	return cpod_state_look (pods_fd, name) == CPOD_ENTRY_DEAD;
}

/* Ends the entry's processes and cgroups by the runtime that made them. */
static int
reclaim_runtime (int dir_fd, const char *path, struct cpod_error *err)
{
	const struct cpod_runtime *runtime;
	char plugin[PATH_MAX];
	int ret;

	ret = cpod_file_get (dir_fd, "plugin", plugin, sizeof (plugin));
	if (ret < 0)
		return ret == -ENOENT ? 0 : cpod_error_sys (err, -ret, "read %s/plugin", path);
	ret = cpod_runtime_find (plugin, &runtime, err);
	return ret < 0 ? ret : cpod_pod_reclaim (path, runtime, err);
}

/* Reclaims a dead entry; ended_too: also one whose pod has ended. */
static int
reclaim (int pods_fd, const char *pods_path, const char *entry, bool ended_too, bool *ret_done,
         struct cpod_error *err)
{
	cpod_autofd dir_fd = -1, lock_fd = -1;
	char path[512];
	int ret, len;

	*ret_done = false;
	ret = take_lock (pods_fd, entry, &dir_fd, &lock_fd);
	if (ret == -EWOULDBLOCK || (ret == -ENOENT && !abandoned (pods_fd, entry)))
		return 0;
	if (ret == 0 && !ended_too && is_kept (dir_fd))
		return 0;
	if (ret < 0 && ret != -ENOENT)
		return cpod_error_sys (err, -ret, "open %s/%s", pods_path, entry);
	len = snprintf (path, sizeof (path), "%s/%s", pods_path, entry);
	if (len < 0 || (size_t) len >= sizeof (path))
		return cpod_error_set (err, ENAMETOOLONG, "the path of the state directory is too long");
	/* A hidden entry is one that never ran, or whose runtime has nothing left. */
	ret = dir_fd >= 0 && entry[0] != '.' ? reclaim_runtime (dir_fd, path, err) : 0;
	if (ret == 0)
		ret = remove_entry (pods_fd, entry, err);
	*ret_done = ret == 0;
	return ret < 0 ? cpod_error_prefix (err, ret, "%s", entry) : 0;
}

int
cpod_state_reclaim (int pods_fd, const char *pods_path, const char *entry, bool *ret_done,
                    struct cpod_error *err)
{
	return reclaim (pods_fd, pods_path, entry, false, ret_done, err);
}

int
cpod_state_forget (int pods_fd, const char *pods_path, const char *name, struct cpod_error *err)
{
	bool done;
	int ret = reclaim (pods_fd, pods_path, name, true, &done, err);

	if (ret < 0 || done || cpod_state_look (pods_fd, name) == CPOD_ENTRY_NONE)
		return ret;
	return cpod_error_set (err, EBUSY, "pod %s is running", name);
}

/* Writes a new file; nobody sees the directory yet, so it need not be renamed into place. */
static int
write_new (int dir_fd, const char *name, const char *text, struct cpod_error *err)
{
	cpod_autofd fd = openat (dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int ret;

	if (fd < 0)
		return cpod_error_sys (err, errno, "make the pod's file %s", name);
	ret = cpod_fd_write_all (fd, text, strlen (text));
	return ret < 0 ? cpod_error_sys (err, -ret, "write the pod's file %s", name) : 0;
}

/* Makes the directory called temporary and fills it; its lock is then held. */
static int
fill (struct cpod_state_dir *state, const char *temporary, const char *plugin, const char *spec,
      struct cpod_error *err)
{
	int ret;

	if (mkdirat (state->pods_fd, temporary, 0700) < 0)
		return cpod_error_sys (err, errno, "make the pod's state directory");
	ret = open_private (state->pods_fd, temporary, false, &state->dir_fd, err);
	if (ret < 0)
		return ret;
	/* It gets its name when it is held: a free lock would say that nobody lives here. */
	state->lock_fd = openat (state->dir_fd, "lock.new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (state->lock_fd < 0)
		return cpod_error_sys (err, errno, "make the pod's lock");
	if (flock (state->lock_fd, LOCK_EX | LOCK_NB) < 0
	    || renameat (state->dir_fd, "lock.new", state->dir_fd, "lock") < 0)
		return cpod_error_sys (err, errno, "take the pod's lock");
	ret = write_new (state->dir_fd, "plugin", plugin, err);
	return ret < 0 ? ret : write_new (state->dir_fd, "spec.json", spec, err);
}

/* Gives the filled directory its name. A dead pod in the way is reclaimed, then it is tried again. */
static int
publish (struct cpod_state_dir *state, const char *pods_path, const char *temporary, struct cpod_error *err)
{
	bool done;
	int ret;

	for (int attempt = 0; attempt < 3; attempt++) {
		if (renameat2 (state->pods_fd, temporary, state->pods_fd, state->name, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return cpod_error_sys (err, errno, "name the pod's state directory");
		ret = cpod_state_reclaim (state->pods_fd, pods_path, state->name, &done, err);
		if (ret < 0)
			return cpod_error_prefix (err, ret, "a dead pod of that name");
		if (!done && cpod_state_look (state->pods_fd, state->name) == CPOD_ENTRY_ENDED)
			return cpod_error_set (err, EEXIST, "pod %s has ended and is kept; `cpod rm %s` removes it",
			                       state->name, state->name);
		if (!done)
			return cpod_error_set (err, EEXIST, "pod %s is already running", state->name);
	}
	return cpod_error_set (err, EEXIST, "pod %s is already running", state->name);
}

int
cpod_state_create (struct cpod_state_dir *state, const char *name, const char *plugin, const char *spec,
                   struct cpod_error *err)
{
	char pods_path[384], temporary[128];
	int ret;

	*state = (struct cpod_state_dir) { .pods_fd = -1, .dir_fd = -1, .lock_fd = -1 };
	ret = cpod_state_open_pods (true, pods_path, sizeof (pods_path), &state->pods_fd, err);
	if (ret < 0)
		return ret;
	snprintf (state->name, sizeof (state->name), "%s", name);
	snprintf (state->path, sizeof (state->path), "%s/%s", pods_path, state->name);
	snprintf (temporary, sizeof (temporary), ".new-%d-%.64s", (int) getpid (), name);
	ret = fill (state, temporary, plugin, spec, err);
	if (ret == 0)
		ret = publish (state, pods_path, temporary, err);
	if (ret < 0) {
		(void) remove_entry (state->pods_fd, temporary, NULL);
		cpod_fd_close (&state->lock_fd);
		cpod_fd_close (&state->dir_fd);
		cpod_fd_close (&state->pods_fd);
	}
	return ret;
}

void
cpod_state_remove (struct cpod_state_dir *state)
{
	if (state->lock_fd < 0)
		return;
	(void) remove_entry (state->pods_fd, state->name, NULL);   /* what stays, gc takes */
	cpod_fd_close (&state->dir_fd);
	cpod_fd_close (&state->pods_fd);
	cpod_fd_close (&state->lock_fd);
}

int
cpod_state_keep (struct cpod_state_dir *state, const char *status, struct cpod_error *err)
{
	static const char *const useless[] = { "control", "plugin", "runtime" };
	struct stat st;
	int ret;

	ret = cpod_file_replace (state->dir_fd, "status.json", status, strlen (status), 0600, err);
	for (size_t i = 0; ret == 0 && i < sizeof (useless) / sizeof (useless[0]); i++)
		if (fstat (state->dir_fd, &st) == 0)
			(void) remove_tree (state->dir_fd, useless[i], st.st_dev, 16);   /* rm takes what stays */
	cpod_fd_close (&state->dir_fd);
	cpod_fd_close (&state->pods_fd);
	cpod_fd_close (&state->lock_fd);
	return ret;
}

/* strcmp for qsort. */
static int
by_name (const void *a, const void *b)
{
	return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Every entry of pods_fd that wanted accepts, sorted, in one block. */
static int
list_entries (int pods_fd, bool hidden, char ***ret_names, size_t *ret_n, struct cpod_error *err)
{
	enum { MOST = 20000 };
	struct dirent *entry;
	char **names = NULL, *text;
	size_t n = 0, bytes = 0;
	int fd = openat (pods_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;

	if (dir == NULL) {
		cpod_fd_close (&fd);
		return cpod_error_sys (err, errno, "list the pods");
	}
	while ((entry = readdir (dir)) != NULL && n < MOST)
		if (entry->d_name[0] != '.' || hidden) {
			bytes += strlen (entry->d_name) + 1;
			n++;
		}
	names = malloc ((n + 1) * sizeof (*names) + bytes);
	if (names == NULL) {
		closedir (dir);
		return cpod_error_oom (err);
	}
	text = (char *) (names + n + 1);
	rewinddir (dir);
	for (*ret_n = 0; *ret_n < n && (entry = readdir (dir)) != NULL;) {
		size_t len = strlen (entry->d_name) + 1;

		if ((entry->d_name[0] == '.' && !hidden) || len > bytes)
			continue;
		names[(*ret_n)++] = memcpy (text, entry->d_name, len);
		text += len;
		bytes -= len;
	}
	closedir (dir);
	names[*ret_n] = NULL;
	qsort (names, *ret_n, sizeof (*names), by_name);
	*ret_names = names;
	return 0;
}

int
cpod_state_list (int pods_fd, char ***ret_names, size_t *ret_n, struct cpod_error *err)
{
	return list_entries (pods_fd, false, ret_names, ret_n, err);
}

/* true when the entry's lock is among those held: then nothing need be opened to know that somebody lives there. */
static bool
is_held (const struct cpod_held_locks *locks, int pods_fd, const char *entry)
{
	char path[NAME_MAX + 8];
	struct stat st;

	snprintf (path, sizeof (path), "%s/lock", entry);
	return fstatat (pods_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && cpod_held_locks_has (locks, &st);
}

bool
cpod_state_any_dead (int pods_fd)
{
	struct cpod_held_locks locks;
	char **names;
	size_t n;
	bool dead = false;

	if (list_entries (pods_fd, true, &names, &n, NULL) < 0)
		return false;
	cpod_held_locks_read (&locks);
	for (size_t i = 0; i < n && !dead; i++)
		dead = strcmp (names[i], ".") != 0 && strcmp (names[i], "..") != 0
			&& !is_held (&locks, pods_fd, names[i]) && cpod_state_dead (pods_fd, names[i]);
	cpod_held_locks_finish (&locks);
	free (names);
	return dead;
}

/* The pod's name in an entry: behind ".new-PID-" and ".old-PID-". */
static const char *
pod_of (const char *entry)
{
	const char *dash = entry[0] == '.' ? strchr (entry + 1, '-') : NULL;

	dash = dash != NULL ? strchr (dash + 1, '-') : NULL;
	return dash != NULL ? dash + 1 : entry;
}

void
cpod_state_reclaim_all (void (*report) (void *data, const char *name, const struct cpod_error *err),
                        void *data)
{
	cpod_autofd pods_fd = -1;
	char pods_path[384], **names;
	struct cpod_error err;
	size_t n;
	bool done;
	int ret;

	ret = cpod_state_open_pods (false, pods_path, sizeof (pods_path), &pods_fd, &err);
	if (ret == 0)
		ret = list_entries (pods_fd, true, &names, &n, &err);
	if (ret < 0) {
		if (ret != -ENOENT && report != NULL)
			report (data, NULL, &err);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp (names[i], ".") == 0 || strcmp (names[i], "..") == 0)
			continue;
		ret = cpod_state_reclaim (pods_fd, pods_path, names[i], &done, &err);
		if (report != NULL && (ret < 0 || done))
			report (data, pod_of (names[i]), ret < 0 ? &err : NULL);
	}
	free (names);
}
