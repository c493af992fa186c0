/* The host view in pieces: for a user namespace of its own, where the kernel lays no overlay over a directory with
 * a mount below it ("/" always has some), since that would show what the mount hides.
 *
 * The root is then a tmpfs, and each entry of the host's root directory a piece: an overlay where nothing is mounted
 * below; where something is, a directory with pieces of its own if it has few entries, else the whole tree,
 * read-only, with the mounts in it that the view leaves out covered. What the view hides or has fresh is no piece.
 */
#include "host-view.h"

#include "mountinfo.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_MOUNTED 60   /* each costs every container a mount, and pod init two descriptors */
#define FEW_ENTRIES 32   /* "/var" has a dozen, "/etc" hundreds */
#define MAX_DEPTH   4

struct splitter {
	int root_fd;                          /* borrowed */
	struct cpod_arena *arena;
	struct cpod_host_view *view;
	struct cpod_array mounts;             /* struct cpod_mount */
	size_t capacity, n_mounted;
};

/* ---- lists ---- */

static int
add_piece (struct splitter *splitter, enum cpod_host_piece_kind kind, const char *path, const char *target, struct cpod_error *err)
{
	struct cpod_array *pieces = &splitter->view->pieces;
	struct cpod_host_piece *items = pieces->items;

	if (pieces->n == splitter->capacity) {
		size_t capacity = splitter->capacity ? 2 * splitter->capacity : 32;

		items = cpod_arena_array (splitter->arena, capacity, sizeof (*items));
		if (items == NULL)
			return cpod_error_oom (err);
		if (pieces->n > 0)
			memcpy (items, pieces->items, pieces->n * sizeof (*items));
		pieces->items = items;
		pieces->set = true;
		splitter->capacity = capacity;
	}
	items[pieces->n] = (struct cpod_host_piece) {
		kind, cpod_arena_strdup (splitter->arena, path), target ? cpod_arena_strdup (splitter->arena, target) : NULL
	};
	if (items[pieces->n].path == NULL || (target != NULL && items[pieces->n].target == NULL))
		return cpod_error_oom (err);
	pieces->n++;
	return 0;
}

/* Appends text, which is not copied, to a list that is as long as it needs to be. */
static int
append (struct splitter *splitter, struct cpod_strings *list, const char *text, struct cpod_error *err)
{
	const char **items = cpod_arena_array (splitter->arena, list->n + 2, sizeof (*items));

	if (items == NULL || text == NULL)
		return cpod_error_oom (err);
	if (list->n > 0)
		memcpy (items, list->items, list->n * sizeof (*items));
	items[list->n++] = text;
	list->items = items;
	list->set = true;
	return 0;
}

/* A piece that is a mount of its own; what exceeds their number is left out. */
static int
add_mounted (struct splitter *splitter, enum cpod_host_piece_kind kind, const char *path, struct cpod_error *err)
{
	if (splitter->n_mounted++ < MAX_MOUNTED)
		return add_piece (splitter, kind, path, NULL, err);
	return append (splitter, &splitter->view->left_out,
	               cpod_arena_printf (splitter->arena, "%s: more pieces than a view may have", path), err);
}

/* ---- looking ---- */

static bool
is_any (const char *path, const struct cpod_strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp (path, list->items[i]) == 0)
			return true;
	return false;
}

/* What the container has of its own in that place. */
static bool
is_replaced (const struct splitter *splitter, const char *path)
{
	static const char *const kernels[] = { "/proc", "/sys", "/dev" };
	const struct cpod_host_view_fresh *fresh = splitter->view->fresh.items;

	for (size_t i = 0; i < sizeof (kernels) / sizeof (kernels[0]); i++)
		if (strcmp (path, kernels[i]) == 0)
			return true;
	for (size_t i = 0; i < splitter->view->fresh.n; i++)
		if (strcmp (path, fresh[i].path) == 0)
			return true;
	return false;
}

static bool
is_mount (const struct splitter *splitter, const char *path)
{
	const struct cpod_mount *mounts = splitter->mounts.items;

	for (size_t i = 0; i < splitter->mounts.n; i++)
		if (strcmp (mounts[i].point, path) == 0)
			return true;
	return false;
}

static bool
has_mount_below (const struct splitter *splitter, const char *path)
{
	const struct cpod_mount *mounts = splitter->mounts.items;

	for (size_t i = 0; i < splitter->mounts.n; i++)
		if (cpod_path_below (mounts[i].point, path) && strcmp (mounts[i].point, path) != 0)
			return true;
	return false;
}

/* The names in the directory path, sorted; *ret_fd: the directory. *ret_n is 0 where it cannot be read. */
static int
list (const struct splitter *splitter, const char *path, struct dirent ***ret_entries, int *ret_n, int *ret_fd, struct cpod_error *err)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS };
	int fd = (int) syscall (SYS_openat2, splitter->root_fd, path, &how, sizeof (how));

	*ret_n = 0;
	*ret_entries = NULL;
	*ret_fd = fd;
	if (fd < 0)
		return errno == EACCES || errno == ENOENT ? 0 : cpod_error_sys (err, errno, "open %s for the host view", path);
	*ret_n = scandirat (fd, ".", ret_entries, NULL, alphasort);
	if (*ret_n >= 0)
		return 0;
	*ret_n = 0;
	return cpod_error_sys (err, errno, "list %s for the host view", path);
}

/* ---- splitting ---- */

static int split (struct splitter *splitter, const char *dir, unsigned int depth, struct cpod_error *err);

/* Covers the mounts below path that are no layers: the tree shows them, and the view does not. */
static int
cover_left_out (struct splitter *splitter, const char *path, struct cpod_error *err)
{
	const struct cpod_mount *mounts = splitter->mounts.items;
	struct cpod_host_view *view = splitter->view;
	int ret = 0;

	for (size_t i = 0; i < splitter->mounts.n && ret == 0; i++)
		if (cpod_path_below (mounts[i].point, path) && !is_any (mounts[i].point, &view->layers)
		    && !is_any (mounts[i].point, &view->exposed))
			ret = append (splitter, &view->masked, mounts[i].point, err);
	return ret;
}

static bool
has_few_entries (const struct splitter *splitter, const char *path)
{
	struct dirent **entries;
	int n, fd, ret = list (splitter, path, &entries, &n, &fd, NULL);

	for (int i = 0; i < n; i++)
		free (entries[i]);
	free (entries);
	cpod_fd_close (&fd);
	return ret == 0 && n <= FEW_ENTRIES;
}

/* A directory that the view does not hide. */
static int
split_directory (struct splitter *splitter, const char *path, unsigned int depth, struct cpod_error *err)
{
	int ret;

	if (is_mount (splitter, path) && !is_any (path, &splitter->view->layers))
		return add_piece (splitter, CPOD_HOST_PIECE_DIR, path, NULL, err);   /* an empty one; the reason is in left_out */
	if (!has_mount_below (splitter, path) && strpbrk (path, ",:\\") == NULL)
		return add_mounted (splitter, CPOD_HOST_PIECE_LAYER, path, err);
	if (depth < MAX_DEPTH && has_mount_below (splitter, path) && has_few_entries (splitter, path)) {
		ret = add_piece (splitter, CPOD_HOST_PIECE_DIR, path, NULL, err);
		return ret < 0 ? ret : split (splitter, path, depth + 1, err);
	}
	ret = add_mounted (splitter, CPOD_HOST_PIECE_TREE, path, err);
	return ret < 0 ? ret : cover_left_out (splitter, path, err);
}

/* One name in the directory dir, open as fd. */
static int
split_entry (struct splitter *splitter, int fd, const char *dir, const char *name, unsigned int depth, struct cpod_error *err)
{
	char path[PATH_MAX], target[PATH_MAX];
	struct stat st;
	ssize_t len;

	if (snprintf (path, sizeof (path), "%s/%s", strcmp (dir, "/") ? dir : "", name) >= (int) sizeof (path))
		return cpod_error_sys (err, ENAMETOOLONG, "%s for the host view", dir);
	if (is_replaced (splitter, path) || is_any (path, &splitter->view->masked))
		return 0;
	if (is_any (path, &splitter->view->empty))
		return add_piece (splitter, CPOD_HOST_PIECE_DIR, path, NULL, err);
	if (fstatat (fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || errno == EACCES ? 0 : cpod_error_sys (err, errno, "stat %s for the host view", path);
	if (S_ISDIR (st.st_mode))
		return (st.st_mode & 0005) == 0005 ? split_directory (splitter, path, depth, err) : 0;
	if (S_ISREG (st.st_mode))
		return (st.st_mode & S_IROTH) != 0 ? add_mounted (splitter, CPOD_HOST_PIECE_FILE, path, err) : 0;
	if (!S_ISLNK (st.st_mode))
		return 0;   /* an end of something on the host */
	len = readlinkat (fd, name, target, sizeof (target) - 1);
	if (len < 0)
		return errno == ENOENT ? 0 : cpod_error_sys (err, errno, "read the link %s", path);
	target[len] = '\0';
	return add_piece (splitter, CPOD_HOST_PIECE_LINK, path, target, err);
}

static int
split (struct splitter *splitter, const char *dir, unsigned int depth, struct cpod_error *err)
{
	struct dirent **entries;
	int n, fd, ret = list (splitter, dir, &entries, &n, &fd, err);

	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (ret == 0 && strcmp (name, ".") != 0 && strcmp (name, "..") != 0)
			ret = split_entry (splitter, fd, dir, name, depth, err);
		free (entries[i]);
	}
	free (entries);
	cpod_fd_close (&fd);
	return ret;
}

int
cpod_host_view_split (const char *mountinfo, int host_root_fd, struct cpod_arena *arena, struct cpod_host_view *view,
                      struct cpod_error *err)
{
	struct splitter splitter = { .root_fd = host_root_fd, .arena = arena, .view = view };
	int ret = cpod_mountinfo_parse (mountinfo, arena, &splitter.mounts, err);

	memset (&view->pieces, 0, sizeof (view->pieces));
	return ret < 0 ? ret : split (&splitter, "/", 0, err);
}
