/* See state.h. */
#include "state.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/json.h"
#include "src/base/loop.h"

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
#include <sys/syscall.h>
#include <unistd.h>

#define STATE_FILE "state.json"
#define STATE_MAX  (1u << 20)
#define VERSION    1
#define LOCK_MS    10000      /* for another command to finish */

const char *const cpod_bundle_status_words[] = {
	[CPOD_STATUS_CREATING] = "creating", [CPOD_STATUS_CREATED] = "created", [CPOD_STATUS_RUNNING] = "running",
	[CPOD_STATUS_PAUSED] = "paused", [CPOD_STATUS_STOPPED] = "stopped",
};

/* ---- the directory ---- */

int
cpod_bundle_state_check_id (const char *id, struct cpod_error *err)
{
	size_t len = strspn (id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-");

	if (len == 0 || id[len] != '\0' || len > NAME_MAX || strcmp (id, ".") == 0 || strcmp (id, "..") == 0)
		return cpod_error_set (err, EINVAL, "container id \"%.64s\": 1 to %d letters, digits and _+-. are allowed", id, NAME_MAX);
	return 0;
}

/* Makes path with its parents. */
static int
make_directories (const char *path)
{
	char prefix[PATH_MAX];
	size_t len = strlen (path);

	if (len >= sizeof (prefix))
		return -ENAMETOOLONG;
	if (mkdir (path, 0700) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -errno;
	memcpy (prefix, path, len + 1);
	for (char *at = strchr (prefix + 1, '/'); at != NULL; at = strchr (at + 1, '/')) {
		*at = '\0';
		if (mkdir (prefix, 0700) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir (prefix, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

int
cpod_bundle_state_root_open (const char *root, bool make, int *ret_fd, struct cpod_error *err)
{
	int fd = open (root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0 && errno == ENOENT && make) {
		ret = make_directories (root);
		if (ret < 0)
			return cpod_error_sys (err, -ret, "make the state directory %s", root);
		fd = open (root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return cpod_error_sys (err, errno, "open the state directory %s", root);
	*ret_fd = fd;
	return 0;
}

static int
open_directory (int root_fd, const char *id)
{
	int fd = openat (root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int
cpod_bundle_state_make (int root_fd, const char *id, int *ret_fd, struct cpod_error *err)
{
	cpod_autofd fd = -1;
	int ret;

	if (mkdirat (root_fd, id, 0700) < 0)
		return errno == EEXIST ? cpod_error_set (err, EEXIST, "container `%s` already exists", id)
		                       : cpod_error_sys (err, errno, "make the state directory of %s", id);
	fd = open_directory (root_fd, id);
	/* Who deletes what is not finished may have come between; the first write tells if it did after the open. */
	ret = fd < 0 ? cpod_error_sys (err, -fd, "open the state directory of %s", id) : 0;
	if (ret == 0 && flock (fd, LOCK_EX | LOCK_NB) < 0)
		ret = cpod_bundle_state_lock (fd, id, LOCK_MS, err);
	if (ret < 0) {
		(void) unlinkat (root_fd, id, AT_REMOVEDIR);
		return ret;
	}
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

/* What a state says is believed: which process is signalled, which cgroup is emptied. So nobody else may have written it. */
int
cpod_bundle_state_open (int root_fd, const char *id, int *ret_fd, struct cpod_error *err)
{
	cpod_autofd fd = open_directory (root_fd, id);
	struct stat st;

	if (fd == -ENOENT)
		return cpod_error_set (err, ENOENT, "container `%s` does not exist", id);
	if (fd < 0)
		return cpod_error_sys (err, -fd, "open the state of container `%s`", id);
	if (fstat (fd, &st) < 0)
		return cpod_error_sys (err, errno, "stat the state of container `%s`", id);
	if (st.st_uid != geteuid () || (st.st_mode & 022) != 0)
		return cpod_error_set (err, EPERM, "the state directory of container `%s` belongs to user %u, or others may write to it: it is "
		                       "not believed", id, (unsigned int) st.st_uid);
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

int
cpod_bundle_state_lock (int fd, const char *id, unsigned int timeout_ms, struct cpod_error *err)
{
	uint64_t end = cpod_clock_ns () + timeout_ms * 1000000ull;
	struct stat st;

	while (flock (fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return cpod_error_sys (err, errno, "lock the state of container `%s`", id);
		if (cpod_clock_ns () >= end)
			return cpod_error_set (err, EBUSY, "container `%s`: another command is at work on it", id);
		(void) usleep (2000);
	}
	if (fstat (fd, &st) == 0 && st.st_nlink == 0)
		return cpod_error_set (err, ENOENT, "container `%s` does not exist", id);
	return 0;
}

/* What a write that was cut off, or a later version, has left. */
static void
remove_others (int fd)
{
	int list_fd = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = list_fd < 0 ? NULL : fdopendir (list_fd);
	struct dirent *entry;

	if (list == NULL) {
		cpod_fd_close (&list_fd);
		return;
	}
	while ((entry = readdir (list)) != NULL)
		if (entry->d_type != DT_DIR)
			(void) unlinkat (fd, entry->d_name, 0);
	closedir (list);
}

int
cpod_bundle_state_remove (int root_fd, const char *id, int fd, struct cpod_error *err)
{
	/* state.json last: without it nobody finds the rest */
	static const char *const names[] = { CPOD_STATE_START, CPOD_STATE_STATUS, CPOD_STATE_CONFIG, STATE_FILE };

	for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
		(void) unlinkat (fd, names[i], 0);
	if (unlinkat (root_fd, id, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST)
		remove_others (fd);
	if (unlinkat (root_fd, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return cpod_error_sys (err, errno, "remove the state of container `%s`", id);
	return 0;
}

/* ---- state.json ---- */

/* The text of a member; NULL when it is missing or something else. */
static const char *
text_of (const struct cpod_json *object, const char *key)
{
	const struct cpod_json *value = cpod_json_get (object, key);

	return value != NULL && (value->type == CPOD_JSON_STRING || value->type == CPOD_JSON_NUMBER) ? value->text : NULL;
}

/* What the start will do, where it was written down. */
static void
read_steps (const struct cpod_json *array, struct cpod_arena *arena, struct cpod_bundle_state *state)
{
	const struct cpod_json *step = array != NULL && array->type == CPOD_JSON_ARRAY ? array->first : NULL;

	state->steps = step != NULL ? cpod_arena_array (arena, array->count, sizeof (*state->steps)) : NULL;
	for (; step != NULL && state->steps != NULL; step = step->next) {
		const char *op = text_of (step, "op"), *words = text_of (step, "words");

		if (op != NULL && words != NULL)
			state->steps[state->n_steps++] = (struct cpod_bundle_step) {
				(uint32_t) strtoul (op, NULL, 10), text_of (step, "field"), words
			};
	}
}

static int
broken (const char *id, const char *why, struct cpod_error *err)
{
	return cpod_error_set (err, EUCLEAN, "container `%s`: its state is %s; `cpod-oci delete --force %s` removes it", id, why, id);
}

int
cpod_bundle_state_read (int fd, const char *id, struct cpod_arena *arena, struct cpod_bundle_state *ret_state, struct cpod_error *err)
{
	struct cpod_error why = { 0 };
	cpod_autofd file = openat (fd, STATE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	const struct cpod_json *creating;
	struct cpod_json *root;
	const char *pid, *start;
	char *text = NULL;
	size_t len = 0;
	int ret;

	if (file < 0)
		return errno == ENOENT ? broken (id, "not complete", err)
		                       : cpod_error_sys (err, errno, "open the state of container `%s`", id);
	ret = cpod_fd_read_all (file, STATE_MAX, &text, &len);
	if (ret == 0)
		ret = cpod_json_parse (STATE_FILE, text, len, 0, arena, &root, &why);
	free (text);
	if (ret < 0)
		return broken (id, "not readable", err);
	*ret_state = (struct cpod_bundle_state) {
		.id = text_of (root, "id"), .bundle = text_of (root, "bundle"), .rootfs = text_of (root, "rootfs"),
		.cgroup = text_of (root, "cgroup"), .created = text_of (root, "created"), .owner = text_of (root, "owner"),
	};
	pid = text_of (root, "pid");
	start = text_of (root, "startTime");
	creating = cpod_json_get (root, "creating");
	if (ret_state->id == NULL || ret_state->bundle == NULL || ret_state->rootfs == NULL || ret_state->created == NULL
	    || ret_state->owner == NULL || pid == NULL || start == NULL || creating == NULL)
		return broken (id, "not that of this version", err);
	ret_state->pid = (pid_t) strtol (pid, NULL, 10);
	ret_state->start_time = strtoull (start, NULL, 10);
	read_steps (cpod_json_get (root, "steps"), arena, ret_state);
	ret_state->creating = creating->type == CPOD_JSON_BOOL && creating->boolean;
	return ret_state->pid >= 0 ? 0 : broken (id, "not readable", err);
}

/* "NAME": "VALUE", with what stands in front of it. */
static void
add_text (struct cpod_str *out, const char *before, const char *name, const char *value)
{
	cpod_str_printf (out, "%s\"%s\": ", before, name);
	cpod_json_write_string (out, value);
}

/* Beside the old file, then in its place. The directory is its owner's alone, and locked. */
static int
replace (int fd, const char *text, size_t len)
{
	cpod_autofd file = openat (fd, STATE_FILE ".new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int ret = file < 0 ? -errno : cpod_fd_write_all (file, text, len);

	if (ret == 0 && renameat (fd, STATE_FILE ".new", fd, STATE_FILE) < 0)
		ret = -errno;
	if (ret < 0)
		(void) unlinkat (fd, STATE_FILE ".new", 0);
	return ret;
}

int
cpod_bundle_state_write (int fd, const struct cpod_bundle_state *state, struct cpod_error *err)
{
	cpod_autostr out = CPOD_STR_INIT;
	int ret;

	cpod_str_printf (&out, "{\"version\": %d, \"creating\": %s, \"pid\": %d, \"startTime\": \"%llu\"", VERSION,
	                 state->creating ? "true" : "false", (int) state->pid, (unsigned long long) state->start_time);
	add_text (&out, ", ", "id", state->id);
	add_text (&out, ", ", "bundle", state->bundle);
	add_text (&out, ", ", "rootfs", state->rootfs);
	add_text (&out, ", ", "created", state->created);
	add_text (&out, ", ", "owner", state->owner);
	if (state->cgroup != NULL)
		add_text (&out, ", ", "cgroup", state->cgroup);
	for (size_t i = 0; i < state->n_steps; i++) {
		cpod_str_printf (&out, "%s{\"op\": %u", i == 0 ? ", \"steps\": [" : ", ", state->steps[i].op);
		if (state->steps[i].field != NULL)
			add_text (&out, ", ", "field", state->steps[i].field);
		add_text (&out, ", ", "words", state->steps[i].words);
		cpod_str_add (&out, i + 1 == state->n_steps ? "}]" : "}");
	}
	cpod_str_add (&out, "}\n");
	if (cpod_str_failed (&out))
		return cpod_error_oom (err);
	ret = replace (fd, out.data, out.len);
	return ret < 0 ? cpod_error_sys (err, -ret, "write the state of container `%s`", state->id) : 0;
}

/* ---- the process ---- */

int
cpod_bundle_state_start_time (pid_t pid, uint64_t *ret_time)
{
	char path[32], text[1024], *at, state = 'Z';
	unsigned long long time = 0;
	cpod_autofd fd = -1;
	ssize_t len;

	(void) snprintf (path, sizeof (path), "/proc/%d/stat", (int) pid);
	fd = open (path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read (fd, text, sizeof (text) - 1);         /* whole, and shorter than this */
	if (len <= 0)
		return -ESRCH;
	text[len] = '\0';
	at = strrchr (text, ')');   /* the name before it may hold anything */
	if (at == NULL || sscanf (at + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
	                          &state, &time) != 2 || state == 'Z' || state == 'X')
		return -ESRCH;
	*ret_time = time;
	return 0;
}

int
cpod_bundle_state_open_process (const struct cpod_bundle_state *state, int *ret_pidfd)
{
	cpod_autofd fd = -1;
	uint64_t time = 0;

	if (state->pid <= 0)
		return -ESRCH;
	fd = (int) syscall (SYS_pidfd_open, state->pid, 0);
	if (fd < 0 || cpod_bundle_state_start_time (state->pid, &time) < 0 || time != state->start_time)
		return -ESRCH;
	*ret_pidfd = cpod_fd_steal (&fd);
	return 0;
}

/* The process holds the FIFO's reading end until it goes on. */
bool
cpod_bundle_state_is_waiting (int fd)
{
	cpod_autofd fifo = openat (fd, CPOD_STATE_START, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	return fifo >= 0;
}

/* ---- for others ---- */

/* The annotations of the configuration, as an object. */
static void
add_annotations (const struct cpod_oci_spec *spec, struct cpod_json *root, struct cpod_arena *arena)
{
	struct cpod_json *object = cpod_json_new (arena, CPOD_JSON_OBJECT);

	for (size_t i = 0; spec != NULL && i < spec->annotations.n; i++)
		(void) cpod_json_add (arena, object, spec->annotations.items[i].key,
		                      cpod_json_new_string (arena, spec->annotations.items[i].value));
	if (object != NULL && object->count > 0)
		(void) cpod_json_add (arena, root, "annotations", object);
}

void
cpod_bundle_state_describe (const struct cpod_bundle_state *state, enum cpod_bundle_status status, pid_t pid,
                     const struct cpod_oci_spec *spec, unsigned int indent, struct cpod_str *out)
{
	struct cpod_arena arena;
	struct cpod_json *root;

	cpod_arena_init (&arena, 0);
	root = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	(void) cpod_json_add (&arena, root, "ociVersion", cpod_json_new_string (&arena, CPOD_OCI_VERSION));
	(void) cpod_json_add (&arena, root, "id", cpod_json_new_string (&arena, state->id));
	if (pid > 0 || indent > 0)
		(void) cpod_json_add (&arena, root, "pid", cpod_json_new_int (&arena, pid));
	(void) cpod_json_add (&arena, root, "status", cpod_json_new_string (&arena, cpod_bundle_status_words[status]));
	(void) cpod_json_add (&arena, root, "bundle", cpod_json_new_string (&arena, state->bundle));
	(void) cpod_json_add (&arena, root, "rootfs", cpod_json_new_string (&arena, state->rootfs));
	(void) cpod_json_add (&arena, root, "created", cpod_json_new_string (&arena, state->created));
	if (indent > 0)
		(void) cpod_json_add (&arena, root, "owner", cpod_json_new_string (&arena, state->owner));
	add_annotations (spec, root, &arena);
	if (root != NULL)
		cpod_json_write (out, root, indent);
	cpod_str_add_char (out, '\n');
	cpod_arena_finish (&arena);
}

/* ---- time ---- */

/* The days since 1970 as a date of the Gregorian calendar, by eras of 400 years that begin in March. */
static void
date_of_days (int64_t days, int *ret_year, unsigned int *ret_month, unsigned int *ret_day)
{
	int64_t from_era = days + 719468, era = from_era / 146097;
	unsigned int day = (unsigned int) (from_era - era * 146097);
	unsigned int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned int of_year = day - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;

	*ret_day = of_year - (153 * month + 2) / 5 + 1;
	*ret_month = month < 10 ? month + 3 : month - 9;
	*ret_year = (int) (year + (unsigned int) era * 400) + (*ret_month <= 2);
}

void
cpod_bundle_state_time (int64_t seconds, long nanoseconds, char text[CPOD_STATE_TIME])
{
	unsigned int month, day, of_day = (unsigned int) (seconds % 86400);
	int year;

	date_of_days (seconds / 86400, &year, &month, &day);
	(void) snprintf (text, CPOD_STATE_TIME, "%04d-%02u-%02uT%02u:%02u:%02u.%06ldZ", year, month, day, of_day / 3600,
	                 of_day / 60 % 60, of_day % 60, nanoseconds / 1000);
}
