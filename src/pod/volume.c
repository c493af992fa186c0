/* Making and removing a pod's volumes (volume.h).
 *
 * Stages of a volume with files: a directory of a hidden name is made and filled, file by file, each
 * beneath the one that was made before; then it gets its name. So a volume is there whole or not at
 * all. Every path is relative to a descriptor; no link is followed.
 *
 * Removing takes a tree apart without walking down: a directory found inside is moved up into the
 * tree's root under a new name, until only empty ones are left.
 */
#include "volume.h"

#include "src/base/base64.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Where in the document a volume is: in front of every message. */
struct place { const char *file; const struct cpod_volume_spec *volume; };

static int
fail (const struct place *place, struct cpod_error *err, int code, const char *format,
      ...) __attribute__ ((format (printf, 4, 5)));
static int
fail (const struct place *place, struct cpod_error *err, int code, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start (args, format);
	vsnprintf (text, sizeof (text), format, args);
	va_end (args);
	if (place->volume->at && place->volume->at->line)
		return cpod_error_set (err, code, "%s:%u:%u: volume %s: %s", place->file, place->volume->at->line,
		                       place->volume->at->column,
		                       place->volume->name, text);
	return cpod_error_set (err, code, "%s: volume %s: %s", place->file, place->volume->name, text);
}

/* ---- Making -------------------------------------------------------------------------------- */

/* Makes a directory that is not there yet (one that is may stay) and opens it; its mode is exact, whatever the umask. */
static int
make_directory (int parent, const char *name, mode_t mode, struct cpod_int group, int *ret_fd)
{
	cpod_autofd fd = -1;

	if (mkdirat (parent, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat (parent, name, DIR_FLAGS);
	if (fd < 0 || (group.set && fchown (fd, (uid_t) -1, (gid_t) group.value) < 0)
	    || fchmod (fd, group.set ? mode | 02000 : mode) < 0)
		return -errno;
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

/* Opens, making what is missing, the directory that path's last component is to be in. *ret_name: that component. */
static int
open_parent (int root, const char *path, struct cpod_int group, int *ret_fd, const char **ret_name)
{
	cpod_autofd fd = fcntl (root, F_DUPFD_CLOEXEC, 3);
	const char *slash;
	char name[256];
	int next, ret;

	if (fd < 0)
		return -errno;
	for (; (slash = strchr (path, '/')); path = slash + 1) {
		snprintf (name, sizeof (name), "%.*s", (int) (slash - path), path);
		ret = make_directory (fd, name, 0755, group, &next);
		if (ret < 0)
			return ret;
		cpod_fd_close (&fd);
		fd = next;
	}
	*ret_fd = cpod_fd_steal (&fd);
	*ret_name = path;
	return 0;
}

/* The bytes of a file; what base64 needs lies in arena. */
static int
content (const struct cpod_volume_file *file, struct cpod_arena *arena, const char **ret_bytes, size_t *ret_len)
{
	char *bytes;
	int ret;

	*ret_bytes = file->text;
	if (file->text) {
		*ret_len = strlen (file->text);
		return 0;
	}
	ret = cpod_base64_decode (file->base64, arena, &bytes, ret_len);
	*ret_bytes = ret == 0 ? bytes : NULL;
	return ret;
}

static int
write_file (int root, const struct cpod_volume_file *file, struct cpod_int group)
{
	mode_t mode = file->mode.set ? (mode_t) file->mode.value : 0644;
	cpod_autofd dir = -1, fd = -1;
	const char *name = NULL, *bytes;
	struct cpod_arena arena;
	size_t len;
	int ret = open_parent (root, file->path, group, &dir, &name);

	if (ret < 0)
		return ret;
	fd = openat (dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	cpod_arena_init (&arena, 0);
	ret = content (file, &arena, &bytes, &len);
	if (ret == 0)
		ret = cpod_fd_write_all (fd, bytes, len);
	cpod_arena_finish (&arena);
	if (ret < 0)
		return ret;
	if ((group.set && fchown (fd, (uid_t) -1, (gid_t) group.value) < 0)
	    || fchmod (fd, group.set ? mode | 0440 : mode) < 0)
		return -errno;
	return 0;
}

/* The volume's directory could not be made. An ordinary user can give it no group but one of their own. */
static int
fail_directory (const struct place *place, struct cpod_error *err, int code)
{
	const struct cpod_int *group = &place->volume->group;

	if (code != EPERM || !group->set)
		return fail (place, err, code, "make its directory: %s", strerror (code));
	return fail (place, err, code, "its group (fsGroup) %lld is none of user %u's, and only root can give it another: %s",
	             (long long) group->value, (unsigned int) geteuid (), strerror (code));
}

/* All files, in a directory that gets its name last. */
static int
make_files (int volumes_fd, const struct place *place, struct cpod_error *err)
{
	const struct cpod_volume_spec *volume = place->volume;
	const struct cpod_volume_file *files = volume->files.items;
	cpod_autofd fd = -1;
	char hidden[80];
	int ret;

	snprintf (hidden, sizeof (hidden), ".new-%s", volume->name);
	ret = make_directory (volumes_fd, hidden, 0755, volume->group, &fd);
	if (ret < 0)
		return fail_directory (place, err, -ret);
	for (size_t i = 0; i < volume->files.n; i++) {
		ret = write_file (fd, &files[i], volume->group);
		if (ret == -EINVAL)
			return fail (place, err, EINVAL, "the data for the file %.200s is not base64", files[i].path);
		if (ret < 0)
			return fail (place, err, -ret, "write the file %.200s: %s", files[i].path, strerror (-ret));
	}
	if (renameat (volumes_fd, hidden, volumes_fd, volume->name) < 0)
		return fail (place, err, errno, "name its directory: %s", strerror (errno));
	return 0;
}

static int
make_empty (int volumes_fd, const struct place *place, struct cpod_error *err)
{
	const struct cpod_volume_empty_dir *dir = place->volume->empty_dir;
	cpod_autofd fd = -1;
	int ret = make_directory (volumes_fd, place->volume->name, dir->mode.set ? (mode_t) dir->mode.value : 0777,
	                          place->volume->group, &fd);

	return ret < 0 ? fail_directory (place, err, -ret) : 0;
}

/* ---- The host's ---------------------------------------------------------------------------- */

/* What a hostPath.type asks for. */
static const struct {
	mode_t type;              /* S_IFMT; 0: anything */
	const char *words;
} host_types[] = {
	[CPOD_VOLUME_HOST_ANY] = { 0, "" },
	[CPOD_VOLUME_HOST_MAKE_DIRECTORY] = { S_IFDIR, "a directory" },
		[CPOD_VOLUME_HOST_DIRECTORY] = { S_IFDIR, "a directory" },
	[CPOD_VOLUME_HOST_MAKE_FILE] = { S_IFREG, "a file" }, [CPOD_VOLUME_HOST_FILE] = { S_IFREG, "a file" },
	[CPOD_VOLUME_HOST_SOCKET] = { S_IFSOCK, "a socket file" },
		[CPOD_VOLUME_HOST_CHAR] = { S_IFCHR, "a character device" },
	[CPOD_VOLUME_HOST_BLOCK] = { S_IFBLK, "a block device" },
};

/* Makes the directory at an absolute path, with its parents. */
static int
make_host_directory (const char *path)
{
	char copy[4096];

	if (strlen (path) >= sizeof (copy))
		return -ENAMETOOLONG;
	strcpy (copy, path);
	for (char *slash = strchr (copy + 1, '/'); slash; slash = strchr (slash + 1, '/')) {
		*slash = '\0';
		if (mkdir (copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir (copy, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Makes what is missing, where the type says so. The parents of a file must be there. */
static int
make_missing (const struct cpod_volume_host_path *host)
{
	cpod_autofd fd = -1;

	if (host->type.value == CPOD_VOLUME_HOST_MAKE_DIRECTORY)
		return make_host_directory (host->path);
	fd = open (host->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return fd < 0 && errno != EEXIST ? -errno : 0;
}

static int
look_at_host (const struct place *place, struct cpod_error *err)
{
	const struct cpod_volume_host_path *host = place->volume->host_path;
	mode_t type = host_types[host->type.value].type;
	bool makes = host->type.value == CPOD_VOLUME_HOST_MAKE_DIRECTORY || host->type.value == CPOD_VOLUME_HOST_MAKE_FILE;
	struct stat st;
	int ret;

	if (stat (host->path, &st) < 0) {
		ret = errno != ENOENT || !makes ? -errno : make_missing (host);
		if (ret == -ENOENT && type != 0 && !makes)
			return fail (place, err, ENOENT, "hostPath type check failed: %.400s is not %s", host->path,
			             host_types[host->type.value].words);
		if (ret < 0 || stat (host->path, &st) < 0)
			return fail (place, err, ret < 0 ? -ret : errno, "%.400s: %s", host->path,
			             strerror (ret < 0 ? -ret : errno));
	}
	if (type != 0 && (st.st_mode & S_IFMT) != type)
		return fail (place, err, EINVAL, "hostPath type check failed: %.400s is not %s", host->path,
		             host_types[host->type.value].words);
	return 0;
}

/* ---- All of them --------------------------------------------------------------------------- */

/* Opens state_dir/volumes, made 0711: containers get single volumes of it, by descriptor. */
static int
open_volumes (const struct place *place, const char *state_dir, int *ret_fd, struct cpod_error *err)
{
	static const struct cpod_int no_group;
	cpod_autofd state = -1;
	int ret;

	if (*ret_fd >= 0)
		return 0;
	if (!state_dir)
		return fail (place, err, EINVAL, "needs a state directory to lie in, and the pod was given none");
	state = open (state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ret = state < 0 ? -errno : make_directory (state, "volumes", 0700, no_group, ret_fd);
	return ret < 0 ? fail (place, err, -ret, "open %s/volumes: %s", state_dir, strerror (-ret)) : 0;
}

static int
make_volume (const struct place *place, const char *state_dir, int *volumes_fd, struct cpod_error *err)
{
	int ret;

	switch (place->volume->kind) {
	case CPOD_VOLUME_MEMORY:
		return 0;
	case CPOD_VOLUME_HOST:
		return look_at_host (place, err);
	case CPOD_VOLUME_DIRECTORY:
	case CPOD_VOLUME_FILES:
		break;
	}
	ret = open_volumes (place, state_dir, volumes_fd, err);
	if (ret < 0)
		return ret;
	return place->volume->kind == CPOD_VOLUME_FILES ? make_files (*volumes_fd, place, err) : make_empty (*volumes_fd,
	                                                                                                     place, err);
}

int
cpod_volumes_make (const struct cpod_volume_spec *volumes, size_t n, const char *state_dir, const char *file,
                   struct cpod_error *err)
{
	cpod_autofd volumes_fd = -1;
	int ret = 0;

	for (size_t i = 0; i < n && ret == 0; i++) {
		const struct place place = { file, &volumes[i] };

		ret = make_volume (&place, state_dir, &volumes_fd, err);
	}
	if (ret < 0 && volumes_fd >= 0)
		(void) cpod_volumes_remove (state_dir, NULL);   /* what stays is removed with the state directory */
	return ret;
}

/* ---- Removing ------------------------------------------------------------------------------ */

/* Gives name in fd a new one in top; one may be taken since a removal that did not end. */
static int
move_up (int fd, const char *name, int top, unsigned int *counter)
{
	char aside[32];

	int ret;

	do {
		snprintf (aside, sizeof (aside), ".aside-%u", (*counter)++);
		ret = renameat2 (fd, name, top, aside, RENAME_NOREPLACE) < 0 ? -errno : 0;
	} while (ret == -EEXIST);
	return ret;
}

/* Empties one directory: files go, directories move to top under new names. Returns how many moved, or -errno. */
static int
flatten (int top, const char *name, unsigned int *counter)
{
	int fd = openat (top, name, DIR_FLAGS), moved = 0, ret = 0;
	DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
	struct dirent *entry;

	if (!dir) {
		ret = -errno;
		cpod_fd_close (&fd);
		return ret;
	}
	while (ret == 0 && (entry = readdir (dir))) {
		if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0
		    || unlinkat (fd, entry->d_name, 0) == 0)
			continue;
		if (errno != EISDIR && errno != EPERM) {
			ret = errno == ENOENT ? 0 : -errno;
			continue;
		}
		ret = move_up (fd, entry->d_name, top, counter);
		moved += ret == 0;
	}
	closedir (dir);
	return ret < 0 ? ret : moved;
}

/* One entry of top and what was in it, without going down. Returns how many directories it brought up, or -errno. */
static int
remove_entry (int top, const char *name, unsigned int *counter)
{
	int moved;

	if (unlinkat (top, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	moved = flatten (top, name, counter);
	if (moved >= 0 && unlinkat (top, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return errno == ENOTEMPTY ? 1 : -errno;   /* a directory that changes while it is read may skip an entry */
	return moved;
}

/* Goes through top until nothing is left. */
static int
empty_top (int top)
{
	unsigned int counter = 0;
	int left = 1, ret = 0;

	while (left > 0 && ret >= 0) {
		int fd = openat (top, ".", DIR_FLAGS);
		DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
		struct dirent *entry;

		if (!dir) {
			cpod_fd_close (&fd);
			return -errno;
		}
		left = 0;
		while (ret >= 0 && (entry = readdir (dir))) {
			if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
				continue;
			ret = remove_entry (top, entry->d_name, &counter);
			left += ret > 0;
		}
		closedir (dir);
	}
	return ret < 0 ? ret : 0;
}

int
cpod_volumes_remove (const char *state_dir, struct cpod_error *err)
{
	cpod_autofd state = open (state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), top = -1;
	int ret;

	if (state < 0)
		return errno == ENOENT ? 0 : cpod_error_sys (err, errno, "open %s", state_dir);
	top = openat (state, "volumes", DIR_FLAGS);
	if (top < 0)
		return errno == ENOENT ? 0 : cpod_error_sys (err, errno, "open %s/volumes", state_dir);
	ret = empty_top (top);
	if (ret == 0 && unlinkat (state, "volumes", AT_REMOVEDIR) < 0)
		ret = -errno;
	return ret < 0 ? cpod_error_sys (err, -ret, "remove the volumes in %s", state_dir) : 0;
}
