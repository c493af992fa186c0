/* Groups: made beneath a directory, given controllers, written to, opened.
 *
 * Making a path goes component by component: the controllers that the settings need are enabled in
 * the directory reached so far, then the next one is made and opened from it. No component is ever
 * a link or "..", so a path cannot leave the directory that it began in.
 */
#include "cgroup.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPEN_GROUP (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* Lists of controllers and one +NAME for each of them. */
#define CONTROLLERS_MAX 4096

/* Takes the next component of *path into name. 1, 0 at the end, -EINVAL for one that climbs or is
 * too long, or stands for nothing ("."). */
static int
next_component (const char **path, char name[NAME_MAX + 1])
{
	const char *start = *path + strspn (*path, "/");
	size_t len = strcspn (start, "/");

	*path = start + len;
	if (len == 0)
		return 0;
	if (len > NAME_MAX || (len <= 2 && strspn (start, ".") == len))
		return -EINVAL;
	memcpy (name, start, len);
	name[len] = '\0';
	return 1;
}

bool
cpod_cgroup_is_path (const char *path)
{
	char name[NAME_MAX + 1];
	size_t n = 0;
	int ret;

	while ((ret = next_component (&path, name)) > 0)
		n++;
	return ret == 0 && n > 0;
}

/* Whether the space-separated list has the word. */
static bool
has_word (const char *list, const char *word)
{
	size_t len = strlen (word);
	const char *at = list;

	while ((at = strstr (at, word))) {
		if ((at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
			return true;
		at += len;
	}
	return false;
}

/* Adds "+NAME" to the request for one setting's controller, unless it is there. -ENOTSUP: the
 * kernel does not offer it here, in the cgroup at. */
static int
request_controller (const struct cpod_cgroup_setting *setting, const char *at, const char *offered, char *request,
                    size_t size, struct cpod_error *err)
{
	char word[NAME_MAX + 2];
	size_t used = strlen (request);

	if (snprintf (word, sizeof (word), "+%s", setting->controller) >= (int) sizeof (word))
		return cpod_error_set (err, EINVAL, "%s: no such cgroup controller", setting->field);
	if (has_word (request, word))
		return 0;
	if (!has_word (offered, setting->controller) && setting->is_default)
		return 0;
	if (!has_word (offered, setting->controller))
		return cpod_error_set (err, ENOTSUP, "%s: the cgroup controller \"%s\" is not available in the cgroup /%s",
		                       setting->field, setting->controller, at);
	if (snprintf (request + used, size - used, "%s%s", used ? " " : "", word) >= (int) (size - used))
		return cpod_error_set (err, E2BIG, "%s: too many cgroup controllers", setting->field);
	return 0;
}

/* Enables in dir_fd's subtree what the settings need and is not enabled yet. at: the path so far. */
static int
enable_controllers (int dir_fd, const struct cpod_cgroup_settings *settings, const char *at,
                    struct cpod_error *err)
{
	char offered[CONTROLLERS_MAX], enabled[CONTROLLERS_MAX], request[CONTROLLERS_MAX] = "";
	size_t i;
	int ret;

	if (!settings || settings->n == 0)
		return 0;
	ret = cpod_file_get (dir_fd, "cgroup.subtree_control", enabled, sizeof (enabled));
	if (ret >= 0)
		ret = cpod_file_get (dir_fd, "cgroup.controllers", offered, sizeof (offered));
	if (ret < 0)
		return cpod_error_sys (err, -ret, "read the cgroup controllers of /%s", at);
	for (i = 0; i < settings->n; i++) {
		if (has_word (enabled, settings->items[i].controller))
			continue;
		ret = request_controller (&settings->items[i], at, offered, request, sizeof (request), err);
		if (ret < 0)
			return ret;
	}
	if (request[0] == '\0')
		return 0;
	ret = cpod_file_put (dir_fd, "cgroup.subtree_control", request);
	return ret < 0 ? cpod_error_sys (err, -ret, "enable %s below the cgroup /%s", request, at) : 0;
}

/* Goes from *fd into name, making it when it is not there. *ret_made: it was made here. */
static int
enter (int *fd, const char *name, bool must_be_new, bool *ret_made)
{
	int next;

	*ret_made = mkdirat (*fd, name, 0755) == 0;
	if (!*ret_made && (errno != EEXIST || must_be_new))
		return -errno;
	next = openat (*fd, name, OPEN_GROUP);
	if (next < 0)
		return -errno;
	cpod_fd_close (fd);
	*fd = next;
	return 0;
}

/* Takes back what a failed create made: the last n components of path[0..len), the deepest first. */
static void
take_back (int root_fd, const char *path, size_t len, unsigned int n)
{
	char rest[PATH_MAX];

	memcpy (rest, path, len);
	rest[len] = '\0';
	for (; n > 0; n--) {
		(void) unlinkat (root_fd, rest + strspn (rest, "/"),
		                 AT_REMOVEDIR);   /* there is nobody to tell */
		len = strlen (rest);
		while (len > 0 && rest[len - 1] != '/')
			len--;
		while (len > 0 && rest[len - 1] == '/')
			len--;
		rest[len] = '\0';
	}
}

/* Whether nothing but slashes is left. */
static bool
is_end (const char *path)
{
	return path[strspn (path, "/")] == '\0';
}

/* The walk of cpod_cgroup_create. *at: how far it came; *n_made: how many components before there
 * were made here (an older one or another's that follows makes those before it not ours to take). */
static int
make_path (int *fd, const char **at, const char *path, const struct cpod_cgroup_settings *settings,
           unsigned int flags, unsigned int *n_made, struct cpod_error *err)
{
	char name[NAME_MAX + 1], so_far[PATH_MAX];
	const char *next = path;
	bool made;
	int ret;

	while ((ret = next_component (&next, name)) > 0) {
		memcpy (so_far, path, (size_t) (*at - path));
		so_far[*at - path] = '\0';
		ret = enable_controllers (*fd, settings, so_far + strspn (so_far, "/"), err);
		if (ret < 0)
			return ret;
		ret = enter (fd, name, (flags & CPOD_CGROUP_NEW) && is_end (next), &made);
		if (made || ret == 0) {
			*at = next;
			*n_made = made ? *n_made + 1 : 0;
		}
		if (ret < 0)
			return cpod_error_sys (err, -ret, "make the cgroup %.*s", (int) (next - path), path);
	}
	return ret < 0 ? cpod_error_set (err, EINVAL, "the cgroup path \"%.256s\" is not allowed", path) : 0;
}

/* The common case, where the parents are there and no controller is needed: one search for the parent,
 * beneath root_fd and through no link. -EAGAIN: not that case. */
static int
make_at_once (int root_fd, const char *path, unsigned int flags, int *ret_fd, struct cpod_error *err)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS
	};
	char parent[PATH_MAX];
	const char *relative = path + strspn (path, "/"), *slash = strrchr (relative, '/');
	cpod_autofd parent_fd = -1;
	bool made;
	int fd;

	if (!cpod_cgroup_is_path (path) || (slash != NULL && slash[1] == '\0'))
		return -EAGAIN;
	if (slash != NULL) {
		(void) snprintf (parent, sizeof (parent), "%.*s", (int) (slash - relative), relative);
		parent_fd = (int) syscall (SYS_openat2, root_fd, parent, &how, sizeof (how));
		if (parent_fd < 0)
			return -EAGAIN;
	}
	relative = slash != NULL ? slash + 1 : relative;
	made = mkdirat (slash != NULL ? parent_fd : root_fd, relative, 0755) == 0;
	if (!made) {
		if (errno == EEXIST && (flags & CPOD_CGROUP_NEW) != 0)
			return cpod_error_sys (err, EEXIST, "make the cgroup %s", path);
		if (errno != EEXIST)
			return -EAGAIN;
	}
	fd = openat (slash != NULL ? parent_fd : root_fd, relative, OPEN_GROUP);
	if (fd < 0) {
		int code = errno;

		if (made)
			(void) unlinkat (slash != NULL ? parent_fd : root_fd, relative, AT_REMOVEDIR);
		return cpod_error_sys (err, code, "open the cgroup %s", path);
	}
	*ret_fd = fd;
	return 0;
}

int
cpod_cgroup_create (int root_fd, const char *path, const struct cpod_cgroup_settings *settings,
                    unsigned int flags, int *ret_fd, struct cpod_error *err)
{
	cpod_autofd fd = -1;
	const char *at = path;
	unsigned int n_made = 0;
	int ret;

	if (strlen (path) >= PATH_MAX || is_end (path))
		return cpod_error_set (err, EINVAL, "the cgroup path \"%.64s\" is not allowed", path);
	if (settings == NULL || settings->n == 0) {
		ret = make_at_once (root_fd, path, flags, ret_fd, err);
		if (ret != -EAGAIN)
			return ret;
	}
	fd = fcntl (root_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return cpod_error_sys (err, errno, "open a cgroup");
	ret = make_path (&fd, &at, path, settings, flags, &n_made, err);
	if (ret < 0) {
		take_back (root_fd, path, (size_t) (at - path), n_made);
		return ret;
	}
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

int
cpod_cgroup_open (int root_fd, const char *path, int *ret_fd, struct cpod_error *err)
{
	cpod_autofd fd = fcntl (root_fd, F_DUPFD_CLOEXEC, 3);
	char name[NAME_MAX + 1];
	const char *at = path;
	int next, ret;

	if (fd < 0)
		return cpod_error_sys (err, errno, "open the cgroup %s", path);
	while ((ret = next_component (&at, name)) > 0) {
		next = openat (fd, name, OPEN_GROUP);
		if (next < 0)
			return cpod_error_sys (err, errno, "open the cgroup %s", path);
		cpod_fd_close (&fd);
		fd = next;
	}
	if (ret < 0)
		return cpod_error_set (err, EINVAL, "the cgroup path \"%.256s\" is not allowed", path);
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

/* ---- settings ---- */

/* Refuses a limit below what is in use already. */
static int
check_in_use (int fd, const struct cpod_cgroup_setting *setting, struct cpod_error *err)
{
	uint64_t used, limit;
	char *end;

	if (!setting->in_use_file || cpod_cgroup_number (fd, setting->in_use_file, NULL, &used) < 0)
		return 0;   /* the write itself tells what is wrong */
	limit = strtoull (setting->value, &end, 10);
	if (*end != '\0' || used <= limit)
		return 0;
	return cpod_error_set (err, EBUSY, "%s: %s is below the %llu that are in use", setting->field,
	                       setting->value,
	                       (unsigned long long) used);
}

/* One write, to the other file where the first is not there. 0 or -errno. */
static int
put (int fd, const struct cpod_cgroup_setting *setting, const char **ret_file)
{
	int ret = cpod_file_put (fd, setting->file, setting->value);

	*ret_file = setting->file;
	if (ret == -ENOENT && setting->else_file) {
		*ret_file = setting->else_file;
		ret = cpod_file_put (fd, setting->else_file, setting->else_value);
	}
	return ret == -ENOENT && (setting->may_lack || setting->is_default) ? 0 : ret;
}

/* One pass over the settings. last: also a value that another setting may yet make possible (a
 * burst within a quota that comes later) is final; else it is counted in *ret_later. */
static int
apply_pass (int fd, const struct cpod_cgroup_settings *settings, bool last, size_t *ret_later,
            struct cpod_error *err)
{
	const char *file;
	size_t i;
	int ret;

	*ret_later = 0;
	for (i = 0; i < settings->n; i++) {
		const struct cpod_cgroup_setting *setting = &settings->items[i];

		ret = last ? 0 : check_in_use (fd, setting, err);
		if (ret < 0)
			return ret;
		ret = put (fd, setting, &file);
		if (ret == -EINVAL && !last)
			(*ret_later)++;
		else if (ret < 0)
			return cpod_error_sys (err, -ret, "%s: write \"%.128s\" to %s", setting->field,
			                       file == setting->file ? setting->value : setting->else_value,
			file);
	}
	return 0;
}

int
cpod_cgroup_apply (int fd, const struct cpod_cgroup_settings *settings, struct cpod_error *err)
{
	size_t later;
	int ret;

	ret = apply_pass (fd, settings, false, &later, err);
	if (ret < 0 || later == 0)
		return ret;
	return apply_pass (fd, settings, true, &later, err);
}
