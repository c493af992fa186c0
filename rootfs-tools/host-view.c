/* Deciding what the host view shows: see host-view.h; the tables are in host-view-tables.c.
 *
 * Stages, each of which reads what the earlier ones decided: what was asked for is checked; the
 * fresh, empty and masked places that exist here are found; each mount of the host becomes a layer,
 * a single exposed file, or a line in left_out; last, links that programs need are followed. Nothing
 * is opened but with O_PATH and directories for listing, all of it beneath the given root.
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
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More layers than any machine has by intention: each costs an overlay at every start. */
#define MAX_LAYERS 32

struct planner {
	int root_fd;                      /* borrowed */
	char root_path[PATH_MAX];         /* of root_fd, "" for "/" */
	struct cpod_arena *arena;
	struct cpod_host_view *view;
};

/* A place that exists on the host. */
struct found {
	char path[PATH_MAX];              /* without symbolic links */
	struct stat st;
};

/* Appends text, which is not copied. The list keeps a NULL at its end and doubles. */
static int
add (struct planner *planner, struct cpod_strings *list, const char *text, struct cpod_error *err)
{
	size_t n = list->n;

	if (!text)
		return cpod_error_oom (err);
	if (!list->items || (n >= 7 && (n & (n + 1)) == 0)) {
		const char **items = cpod_arena_array (planner->arena, n ? 2 * (n + 1) : 8, sizeof (*items));

		if (!items)
			return cpod_error_oom (err);
		if (list->items)
			memcpy (items, list->items, n * sizeof (*items));
		list->items = items;
	}
	list->items[list->n++] = text;
	list->items[list->n] = NULL;
	list->set = true;
	return 0;
}

/* As add, with a copy of text. */
static int
add_copy (struct planner *planner, struct cpod_strings *list, const char *text, struct cpod_error *err)
{
	return add (planner, list, cpod_arena_strdup (planner->arena, text), err);
}

/* True if path is one of list's, or lies below one. */
static bool
below_any (const char *path, const struct cpod_strings *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (cpod_path_below (path, list->items[i]))
			return true;
	return false;
}

static bool
below_fresh (const char *path, const struct cpod_host_view *view)
{
	const struct cpod_host_view_fresh *fresh = view->fresh.items;
	size_t i;

	for (i = 0; i < view->fresh.n; i++)
		if (cpod_path_below (path, fresh[i].path))
			return true;
	return false;
}

/* True if what lies at path is not the host's anyway: fresh, or one of the container's own mounts. */
static bool
is_replaced (const char *path, const struct cpod_host_view *view)
{
	return below_fresh (path, view) || cpod_path_below (path, "/proc") || cpod_path_below (path, "/sys")
	       || cpod_path_below (path, "/dev");
}

/* The path that fd was found at, as seen from the root. */
static int
path_of (const struct planner *planner, int fd, char path[PATH_MAX])
{
	char link[64], full[PATH_MAX];
	size_t prefix = strlen (planner->root_path);
	ssize_t len;

	snprintf (link, sizeof (link), "/proc/self/fd/%d", fd);
	len = readlink (link, full, sizeof (full) - 1);
	if (len < 0)
		return -errno;
	full[len] = '\0';
	if (strncmp (full, planner->root_path, prefix) != 0)
		return -EXDEV;
	strcpy (path, full[prefix] ? full + prefix : "/");
	return 0;
}

/* Opens path beneath the root, following links there. resolve: RESOLVE_NO_SYMLINKS, or 0. The descriptor
 * or -errno. */
static int
open_beneath (const struct planner *planner, const char *path, unsigned long long flags, unsigned long long resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve };
	long fd = syscall (SYS_openat2, planner->root_fd, path, &how, sizeof (how));

	return fd < 0 ? -errno : (int) fd;
}

/* As open_beneath, and says where it was found. Most paths have no link in them and are their own answer. */
static int
open_and_name (const struct planner *planner, const char *path, unsigned long long flags, char real[PATH_MAX])
{
	int fd = open_beneath (planner, path, flags, RESOLVE_NO_SYMLINKS), ret;

	if (fd >= 0 && strlen (path) < PATH_MAX)
		strcpy (real, path);
	if (fd != -ELOOP)
		return fd;
	fd = open_beneath (planner, path, flags, 0);
	ret = fd < 0 ? fd : path_of (planner, fd, real);
	if (ret < 0)
		cpod_fd_close (&fd);
	return ret < 0 ? ret : fd;
}

/* True if the errno says that there is nothing to be found, or that nobody with the caller's rights finds it,
 * a container neither. */
static bool
is_absent (int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -EACCES;
}

/* Finds path, which has no '/' at its end. 1: it is there; 0: it is not; -errno. */
static int
find (const struct planner *planner, const char *path, struct found *ret_found, struct cpod_error *err)
{
	cpod_autofd fd = open_and_name (planner, path, O_PATH, ret_found->path);

	ret_found->st.st_mode = 0;
	if (is_absent (fd))
		return 0;
	if (fd < 0)
		return cpod_error_sys (err, -fd, "look up %s for the host view", path);
	if (fstat (fd, &ret_found->st) < 0)
		return cpod_error_sys (err, errno, "stat %s", path);
	return 1;
}

/* ---- what was asked for ---- */

/* Checks one path of hostView.expose and puts it into exposed. */
static int
expose_one (struct planner *planner, const char *path, struct cpod_error *err)
{
	struct found found;
	int ret;

	if (strcmp (path, "/") == 0)
		return cpod_error_set (err, EINVAL, "\"/\" would show everything: name what is needed");
	if (!cpod_path_is_normal (path))
		return cpod_error_set (err, EINVAL, "\"%s\" must be an absolute path without \".\", \"..\", \"//\" "
		                       "or a '/' at its end", path);
	ret = find (planner, path, &found, err);
	if (ret < 0)
		return ret;
	if (ret == 0)
		return cpod_error_set (err, EINVAL, "%s does not exist on this host", path);
	if (cpod_path_below (found.path, "/proc") || cpod_path_below (found.path, "/sys")
	    || cpod_path_below (found.path, "/dev"))
		return cpod_error_set (err, EINVAL, "%s: the host's /proc, /sys and /dev are not shown", path);
	if (strcmp (found.path, "/") == 0)
		return cpod_error_set (err, EINVAL, "%s leads to \"/\", which would show everything", path);
	if (below_any (path, &planner->view->exposed))
		return 0;
	return add_copy (planner, &planner->view->exposed, path, err);
}

static int
expose_asked (struct planner *planner, const struct cpod_strings *expose, struct cpod_error *err)
{
	size_t i;

	for (i = 0; expose && i < expose->n; i++) {
		int ret = expose_one (planner, expose->items[i], err);

		if (ret < 0)
			return cpod_error_prefix (err, ret, "hostView.expose[%zu]", i);
	}
	return 0;
}

/* ---- fresh, empty, masked ---- */

static int
choose_fresh (struct planner *planner, struct cpod_error *err)
{
	struct cpod_array *list = &planner->view->fresh;
	struct cpod_host_view_fresh *fresh;
	size_t i, n = 0;

	while (cpod_host_fresh[n].path)
		n++;
	fresh = cpod_arena_array (planner->arena, n, sizeof (*fresh));
	if (!fresh)
		return cpod_error_oom (err);
	list->items = fresh;
	list->set = true;
	for (i = 0; i < n; i++) {
		struct found found;
		int ret = find (planner, cpod_host_fresh[i].path, &found, err);
		const char *path = ret > 0 ? found.path : cpod_host_fresh[i].path;

		if (ret < 0)
			return ret;
		if (below_fresh (path, planner->view))
			continue;
		fresh[list->n].path = cpod_arena_strdup (planner->arena, path);
		if (!fresh[list->n].path)
			return cpod_error_oom (err);
		fresh[list->n++].mode = cpod_host_fresh[i].mode;
	}
	return 0;
}

/* Hides what was found: a directory is emptied, anything else masked; not what is hidden already. */
static int
hide (struct planner *planner, const struct found *found, struct cpod_error *err)
{
	struct cpod_host_view *view = planner->view;
	struct cpod_strings *list = S_ISDIR (found->st.st_mode) ? &view->empty : &view->masked;

	if (is_replaced (found->path, view) || below_any (found->path, &view->empty)
	    || below_any (found->path, &view->masked) || strcmp (found->path, "/") == 0)
		return 0;
	return add_copy (planner, list, found->path, err);
}

/* Hides the paths that exist. */
static int
hide_all (struct planner *planner, const char *const *paths, struct cpod_error *err)
{
	for (; *paths; paths++) {
		struct found found;
		int ret = find (planner, *paths, &found, err);

		if (ret > 0)
			ret = hide (planner, &found, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* True if not every user of the host may read it, or if it leads out of the file system. */
static bool
is_private (const char *dir, const char *name, const struct stat *st)
{
	size_t len = strlen (name);

	if (S_ISDIR (st->st_mode))
		return (st->st_mode & 0005) != 0005;
	if (S_ISLNK (st->st_mode))
		return false;
	if (!S_ISREG (st->st_mode))
		return true;                    /* a socket, a FIFO, a device: an end of something on the host */
	if (st->st_size == 0)
		return false;
	if (strcmp (dir, "/etc/ssh") == 0 && strncmp (name, "ssh_host_", 9) == 0 && strcmp (name + len - 4, "_key") == 0)
		return true;
	return !(st->st_mode & S_IROTH);
}

/* Looks at one entry of an open directory. */
static int
hide_if_private (struct planner *planner, int dir_fd, const char *dir, const struct dirent *entry,
                 struct cpod_error *err)
{
	const char *name = entry->d_name;
	struct found found;

	if (entry->d_type == DT_LNK || strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
		return 0;
	if (fstatat (dir_fd, name, &found.st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : cpod_error_sys (err, errno, "stat %s/%s", dir, name);
	if (!is_private (dir, name, &found.st))
		return 0;
	if ((size_t) snprintf (found.path, sizeof (found.path), "%s/%s", strcmp (dir, "/") ? dir : "", name)
	    >= sizeof (found.path))
		return cpod_error_set (err, ENAMETOOLONG, "%s holds a path that is too long", dir);
	return hide (planner, &found, err);
}

/* Hides what is private in the directory that stream reads. dir: its path without links. */
static int
hide_listed (struct planner *planner, DIR *stream, const char *dir, struct cpod_error *err)
{
	struct dirent *entry;
	int ret = 0;

	while (ret == 0) {
		errno = 0;
		entry = readdir (stream);
		if (!entry)
			return errno ? cpod_error_sys (err, errno, "list %s", dir) : 0;
		ret = hide_if_private (planner, dirfd (stream), dir, entry, err);
	}
	return ret;
}

/* Hides what not every user may read in the directory dir, if there is one. */
static int
hide_private (struct planner *planner, const char *dir, struct cpod_error *err)
{
	char path[PATH_MAX];
	DIR *stream;
	int fd = open_and_name (planner, dir, O_RDONLY | O_DIRECTORY, path), ret = 0;

	if (is_absent (fd))
		return 0;
	if (fd < 0)
		return cpod_error_sys (err, -fd, "open %s for the host view", dir);
	stream = fdopendir (fd);
	if (!stream) {
		ret = cpod_error_sys (err, errno, "list %s", dir);
		cpod_fd_close (&fd);
		return ret;
	}
	if (!below_any (path, &planner->view->empty) && !is_replaced (path, planner->view))
		ret = hide_listed (planner, stream, path, err);
	closedir (stream);
	return ret;
}

/* Takes out of list what lies in one of dirs, other than itself. */
static void
drop_nested (struct cpod_strings *list, const struct cpod_strings *dirs)
{
	size_t i, j, kept = 0;

	for (i = 0; i < list->n; i++) {
		for (j = 0; j < dirs->n; j++)
			if (list->items[i] != dirs->items[j] && cpod_path_below (list->items[i], dirs->items[j]))
				break;
		if (j == dirs->n)
			list->items[kept++] = list->items[i];
	}
	if (list->items)
		list->items[kept] = NULL;
	list->n = kept;
}

/* Fills empty and masked: the tables first, then what the host's permissions say. A directory found
 * late may hold what was found early. */
static int
choose_hidden (struct planner *planner, struct cpod_error *err)
{
	const char *const *dir;
	int ret;

	ret = hide_all (planner, cpod_host_empty, err);
	if (ret == 0)
		ret = hide_all (planner, cpod_host_masked, err);
	for (dir = cpod_host_private; ret == 0 && *dir; dir++)
		ret = hide_private (planner, *dir, err);
	drop_nested (&planner->view->empty, &planner->view->empty);
	drop_nested (&planner->view->masked, &planner->view->empty);
	return ret;
}

/* ---- mounts ---- */

/* The line of the table that decides about path. */
static const struct cpod_host_place *
place_of (const char *path)
{
	const struct cpod_host_place *place = cpod_host_places, *best = NULL;
	size_t best_len = 0;

	for (; place->path; place++) {
		size_t len = strlen (place->path);

		if (len <= best_len || !cpod_path_below (path, place->path))
			continue;
		if (place->kind == CPOD_PLACE_SELF && path[len] != '\0')
			continue;
		best = place;
		best_len = len;
	}
	return best ? best : place;
}

static bool
can_be_layer (const char *type)
{
	const char *const *known;

	for (known = cpod_host_layer_types; *known; known++)
		if (strcmp (type, *known) == 0)
			return true;
	return false;
}

static int
leave_out (struct planner *planner, const struct cpod_mount *mount, const char *why, struct cpod_error *err)
{
	return add (planner, &planner->view->left_out,
	            cpod_arena_printf (planner->arena, "%s (%s): %s", mount->point, mount->type, why), err);
}

/* A single file is mounted at a place of programs (a container's /etc/resolv.conf): an overlay cannot
 * hold it, it is shown in place. */
static int
place_file (struct planner *planner, const struct cpod_mount *mount, const struct found *found,
            struct cpod_error *err)
{
	struct cpod_host_view *view = planner->view;

	if (!S_ISREG (found->st.st_mode) || !(found->st.st_mode & S_IROTH))
		return leave_out (planner, mount, "a single file that not every user may read", err);
	if (below_any (mount->point, &view->masked) || below_any (mount->point, &view->exposed))
		return 0;
	return add (planner, &view->exposed, mount->point, err);
}

/* Decides about one mount, in this order: shown on request, covered, out by its place, a file, out by
 * its type, a layer. */
static int
place_mount (struct planner *planner, const struct cpod_mount *mount, struct cpod_error *err)
{
	struct cpod_host_view *view = planner->view;
	const struct cpod_host_place *place = place_of (mount->point);
	struct found found;
	int ret;

	if (strcmp (mount->point, "/") == 0 || below_any (mount->point, &view->exposed))
		return 0;
	if (place->kind == CPOD_PLACE_OUT)
		return leave_out (planner, mount, place->why, err);
	if (below_any (mount->point, &view->empty) || below_fresh (mount->point, view))
		return leave_out (planner, mount, "secrets or data: the directory is shown empty", err);
	ret = find (planner, mount->point, &found, err);
	if (ret < 0)
		return ret;
	if (ret == 0)
		return leave_out (planner, mount, "it cannot be found", err);
	if (!S_ISDIR (found.st.st_mode))
		return place_file (planner, mount, &found, err);
	if (!can_be_layer (mount->type))
		return leave_out (planner, mount, "not a file system that can lie below an overlay", err);
	if (strpbrk (mount->point, ",:\\"))
		return leave_out (planner, mount, "its name holds , : or \\, which an overlay's options cannot", err);
	if (view->layers.n >= MAX_LAYERS)
		return leave_out (planner, mount, "more layers than a view may have", err);
	return add (planner, &view->layers, mount->point, err);
}

/* Places every mount. "/" is a layer whatever it is. */
static int
place_mounts (struct planner *planner, const char *mountinfo, struct cpod_error *err)
{
	struct cpod_array mounts = { 0 };
	const struct cpod_mount *mount;
	int ret;

	ret = cpod_mountinfo_parse (mountinfo, planner->arena, &mounts, err);
	if (ret == 0)
		ret = add (planner, &planner->view->layers, "/", err);
	for (mount = mounts.items; ret == 0 && mounts.n > 0; mount++, mounts.n--)
		ret = place_mount (planner, mount, err);
	return ret;
}

/* Exposes what needed paths lead to, where that would be gone with a fresh directory. */
static int
expose_needed (struct planner *planner, struct cpod_error *err)
{
	struct cpod_host_view *view = planner->view;
	const char *const *path;

	for (path = cpod_host_needed; *path; path++) {
		struct found found;
		int ret = find (planner, *path, &found, err);
		const char *at = below_fresh (*path, view) ? *path : found.path;

		if (ret < 0)
			return ret;
		if (ret == 0 || !below_fresh (at, view) || below_any (at, &view->exposed))
			continue;
		ret = add_copy (planner, &view->exposed, at, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int
cpod_host_view_plan (const char *mountinfo, const struct cpod_strings *expose, int host_root_fd,
                     struct cpod_arena *arena, struct cpod_host_view *ret_view, struct cpod_error *err)
{
	struct cpod_host_view view = { 0 };
	struct planner planner = { .root_fd = host_root_fd, .arena = arena, .view = &view };
	char path[PATH_MAX];
	int ret;

	ret = path_of (&planner, host_root_fd, path);
	if (ret < 0)
		return cpod_error_sys (err, -ret, "find out the path of the host's root");
	if (strcmp (path, "/") != 0)
		strcpy (planner.root_path, path);
	ret = expose_asked (&planner, expose, err);
	if (ret == 0)
		ret = choose_fresh (&planner, err);
	if (ret == 0)
		ret = choose_hidden (&planner, err);
	if (ret == 0)
		ret = place_mounts (&planner, mountinfo, err);
	if (ret == 0)
		ret = expose_needed (&planner, err);
	if (ret == 0)
		*ret_view = view;
	return ret;
}
