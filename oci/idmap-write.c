/* Writing a map: by the caller, or by newuidmap and newgidmap. See idmap.h.
 *
 * The programs are run as posix_spawn does it, without a copy of the caller. Their status may be stolen by a host
 * program that waits for all its children, or ignores SIGCHLD: so the end is their closing of standard error,
 * and whether they did it is asked of the kernel.
 */
#include "idmap.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELPER_MS 10000

extern char **environ;

/* The lines of a map file. */
static int
print_ranges (const struct cpod_id_ranges *ranges, struct cpod_str *text, struct cpod_error *err)
{
	for (size_t i = 0; i < ranges->n; i++)
		cpod_str_printf (text, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", ranges->items[i].first, ranges->items[i].outside,
		                 ranges->items[i].count);
	return cpod_str_failed (text) ? cpod_error_oom (err) : 0;
}

/* Whether what the kernel has, in columns of its own, says the same as ranges. */
static bool
is_written (int proc_fd, const char *file, const struct cpod_id_ranges *ranges)
{
	char text[CPOD_ID_RANGES_MAX * 36];
	const char *at = text;
	int len = cpod_file_get (proc_fd, file, text, sizeof (text));

	for (size_t i = 0; len > 0 && i < ranges->n; i++) {
		uint32_t first, outside, count;
		int n = 0;

		if (sscanf (at, " %" SCNu32 " %" SCNu32 " %" SCNu32 "%n", &first, &outside, &count, &n) != 3
		    || first != ranges->items[i].first || outside != ranges->items[i].outside || count != ranges->items[i].count)
			return false;
		at += n;
	}
	return len > 0 && at[strspn (at, " \n")] == '\0';
}

static int
write_ranges (int proc_fd, const char *file, const struct cpod_id_ranges *ranges, struct cpod_error *err)
{
	cpod_autostr text = CPOD_STR_INIT;
	int ret = print_ranges (ranges, &text, err);

	if (ret < 0)
		return ret;
	ret = cpod_file_put (proc_fd, file, text.data);
	return ret < 0 ? cpod_error_sys (err, -ret, "write the %s of the pod's user namespace", file) : 0;
}

static int
write_directly (const struct cpod_idmap *map, int proc_fd, struct cpod_error *err)
{
	int ret = map->groups_denied ? cpod_file_put (proc_fd, "setgroups", "deny") : 0;

	if (ret < 0)
		return cpod_error_sys (err, -ret, "deny setgroups in the pod's user namespace");
	ret = write_ranges (proc_fd, "gid_map", &map->gids, err);
	return ret < 0 ? ret : write_ranges (proc_fd, "uid_map", &map->uids, err);
}

/* Runs argv with fd as its standard error and no other streams; *ret_pid is its number. 0 or -errno. */
static int
run (char *const *argv, int fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	sigemptyset (&none);
	error = posix_spawn_file_actions_init (&actions);
	if (error != 0)
		return -error;
	error = posix_spawnattr_init (&attributes);
	if (error != 0) {
		posix_spawn_file_actions_destroy (&actions);
		return -error;
	}
	if ((error = posix_spawn_file_actions_addopen (&actions, 0, "/dev/null", O_RDONLY, 0)) == 0
	    && (error = posix_spawn_file_actions_adddup2 (&actions, fd, 1)) == 0
	    && (error = posix_spawn_file_actions_adddup2 (&actions, fd, 2)) == 0
	    && (error = posix_spawnattr_setsigmask (&attributes, &none)) == 0
	    && (error = posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK)) == 0)
		error = posix_spawnp (ret_pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawnattr_destroy (&attributes);
	posix_spawn_file_actions_destroy (&actions);
	return -error;
}

/* What the program says, until it closes its end: the first line is kept. Never waits for ever. */
static void
listen_to (int fd, char *text, size_t size)
{
	size_t len = 0;

	while (len + 1 < size && poll (&(struct pollfd) { .fd = fd, .events = POLLIN }, 1, HELPER_MS) > 0) {
		ssize_t n = read (fd, text + len, size - 1 - len);

		if (n <= 0)
			break;
		len += (size_t) n;
	}
	text[len] = '\0';
	text[strcspn (text, "\n")] = '\0';
}

/* argv of newuidmap: its name, the process, three numbers a range. words: room for the numbers. */
static void
fill_arguments (const char *program, pid_t pid, const struct cpod_id_ranges *ranges, char words[][12], char **argv)
{
	size_t n = 0;

	argv[n++] = (char *) (uintptr_t) program;
	(void) snprintf (words[n], sizeof (words[n]), "%d", (int) pid);
	argv[n] = words[n];
	n++;
	for (size_t i = 0; i < ranges->n; i++) {
		const uint32_t numbers[3] = { ranges->items[i].first, ranges->items[i].outside, ranges->items[i].count };

		for (int j = 0; j < 3; j++, n++) {
			(void) snprintf (words[n], sizeof (words[n]), "%" PRIu32, numbers[j]);
			argv[n] = words[n];
		}
	}
	argv[n] = NULL;
}

static int
write_by (const char *program, pid_t pid, int proc_fd, const char *file, const struct cpod_id_ranges *ranges, struct cpod_error *err)
{
	char words[2 + 3 * CPOD_ID_RANGES_MAX][12], said[400];
	char *argv[3 + 3 * CPOD_ID_RANGES_MAX];
	cpod_autofd reader = -1, writer = -1;
	pid_t helper = -1;
	int pair[2], ret;

	if (pipe2 (pair, O_CLOEXEC) < 0)
		return cpod_error_sys (err, errno, "pipe to %s", program);
	reader = pair[0];
	writer = pair[1];
	fill_arguments (program, pid, ranges, words, argv);
	ret = run (argv, writer, &helper);
	if (ret < 0)
		return cpod_error_sys (err, -ret, "run %s", program);
	cpod_fd_close (&writer);
	listen_to (reader, said, sizeof (said));
	(void) waitpid (helper, NULL, 0);   /* should it be ours to take */
	if (is_written (proc_fd, file, ranges))
		return 0;
	return cpod_error_set (err, EPERM, "%s has not written the %s of the pod's user namespace%s%s", program, file,
	                       said[0] ? ": " : "", said);
}

int
cpod_idmap_write (const struct cpod_idmap *map, pid_t pid, struct cpod_error *err)
{
	cpod_autofd proc_fd = -1;
	char path[32];
	int ret;

	(void) snprintf (path, sizeof (path), "/proc/%d", (int) pid);
	proc_fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return cpod_error_sys (err, errno, "open %s for the pod's user namespace", path);
	if (!map->by_helpers)
		return write_directly (map, proc_fd, err);
	ret = write_by ("newgidmap", pid, proc_fd, "gid_map", &map->gids, err);
	return ret < 0 ? ret : write_by ("newuidmap", pid, proc_fd, "uid_map", &map->uids, err);
}
