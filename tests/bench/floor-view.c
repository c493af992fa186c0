/* The host view of a floor: overlays of the host's file systems with less in them.
 *
 * What is to be hidden does not change from container to container, and needs no mount: it is a
 * layer between the host's and the container's own, made once a pod. A container then pays for the
 * scratch tmpfs, one overlay for each of the host's file systems, and the fresh directories.
 */
#include "tests/bench/floor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

void
floor_view_read (const char *path, struct floor_view *view)
{
	struct floor_view_line *line = view->lines;
	FILE *file;

	file = fopen (path, "re");
	floor_try (file == NULL ? -1 : 0, path);
	view->n = 0;
	while (view->n < sizeof (view->lines) / sizeof (view->lines[0]) &&
	       fscanf (file, " %c %o %199s", &line->kind, &line->mode, line->path) == 3) {
		view->n++;
		line++;
	}
	fclose (file);
}

/* Makes a directory of the hiding layer and its parents; each looks like the host's. path: absolute, on the host. */
static void
make_like_host (const char *at, const char *path)
{
	char prefix[200], target[300];
	struct stat st;
	size_t i;

	for (i = 1; i <= strlen (path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		snprintf (prefix, sizeof (prefix), "%.*s", (int) i, path);
		snprintf (target, sizeof (target), "%s%s", at, prefix);
		floor_try (stat (prefix, &st), prefix);
		if (mkdir (target, st.st_mode & 07777) == 0)
			floor_try (chown (target, st.st_uid, st.st_gid), target);
	}
}

void
floor_view_layer (const struct floor_view *view, const char *at)
{
	const struct floor_view_line *line;
	char target[300], parent[200];
	int fd;

	floor_try (mount ("tmpfs", at, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m"), "hiding layer");
	for (line = view->lines; line < view->lines + view->n; line++) {
		snprintf (target, sizeof (target), "%s%s", at, line->path);
		if (line->kind == 'l' && line->path[1] != '\0')
			make_like_host (at, line->path);
		else if (line->kind == 'e') {
			make_like_host (at, line->path);
			floor_try (setxattr (target, "trusted.overlay.opaque", "y", 1, 0), target);
		} else if (line->kind == 'm') {
			snprintf (parent, sizeof (parent), "%.*s", (int) (strrchr (line->path, '/') - line->path), line->path);
			if (parent[0] != '\0')
				make_like_host (at, parent);
			fd = (int) floor_try (open (target, O_WRONLY | O_CREAT | O_CLOEXEC, 0), target);
			close (fd);
		}
	}
}

/* One overlay: the host's file system at path below root, with upper and work below the scratch tmpfs. */
static void
mount_layer (const char *hiding, const char *path, unsigned int number)
{
	char options[800], target[300];

	snprintf (options, sizeof (options), "%u", number);
	floor_try (mkdir (options, 0755), "mkdir layer");
	snprintf (options, sizeof (options), "%u/upper", number);
	floor_try (mkdir (options, 0755), "mkdir upper");
	snprintf (options, sizeof (options), "%u/work", number);
	floor_try (mkdir (options, 0700), "mkdir work");
	snprintf (target, sizeof (target), "root%s", path[1] == '\0' ? "" : path);
	snprintf (options, sizeof (options), "lowerdir=%s%s:%s,upperdir=%u/upper,workdir=%u/work", hiding,
	          path[1] == '\0' ? "" : path, path, number, number);
	floor_try (mount ("overlay", target, "overlay", MS_NOSUID | MS_NODEV, options), "overlay");
}

void
floor_root_hostview (const struct floor_view *view, const char *hiding, const char *at)
{
	const struct floor_view_line *line;
	unsigned int number = 0;
	char options[64];

	floor_try (mount ("tmpfs", at, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=256m"), "scratch");
	floor_try (chdir (at), "chdir scratch");
	floor_try (mkdir ("root", 0755), "mkdir root");
	for (line = view->lines; line < view->lines + view->n; line++)
		if (line->kind == 'l')
			mount_layer (hiding, line->path, number++);
	floor_try (chdir ("root"), "chdir root");
	for (line = view->lines; line < view->lines + view->n; line++) {
		if (line->kind == 'f') {
			snprintf (options, sizeof (options), "mode=%o,size=64m", line->mode);
			floor_try (mount ("tmpfs", line->path + 1, "tmpfs", MS_NOSUID | MS_NODEV, options), line->path);
		} else if (line->kind == 'x') {
			floor_try (mount (line->path, line->path + 1, NULL, MS_BIND | MS_REC, NULL), line->path);
			floor_try (mount (NULL, line->path + 1, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL),
			           line->path);
		}
	}
}
