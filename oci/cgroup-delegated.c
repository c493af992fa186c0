/* The cgroup in which an ordinary user may make others: one that was given to the user, with its own cgroup above or
 * at the caller's. See "Delegation" in Documentation/admin-guide/cgroup-v2.rst.
 *
 * The caller's own group first, then those above it, as long as they are the user's. The nearest one without processes
 * of its own is best: controllers can be enabled below it. Under systemd that is the slice of the user's services,
 * the caller being in a scope or service of it. Where all have some, the caller's own will do for groups without limits.
 */
#include "cgroup.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROC_CGROUP_MAX 65536

/* Whether the caller may make groups in it, and move processes to and from them. */
static bool
is_ours (int fd)
{
	return faccessat (fd, ".", W_OK | X_OK, AT_EACCESS) == 0 && faccessat (fd, "cgroup.procs", W_OK, AT_EACCESS) == 0
	       && faccessat (fd, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
}

/* Whether no process is in the group itself. */
static bool
is_empty (int fd)
{
	char text[16];
	int len = cpod_file_get (fd, "cgroup.procs", text, sizeof (text));

	return len == 0;
}

/* Takes the last component off. False when there is none. */
static bool
go_up (char *path)
{
	char *slash = strrchr (path, '/');

	if (path[0] == '\0')
		return false;
	*(slash != NULL ? slash : path) = '\0';
	return true;
}

int
cpod_cgroup_delegated (int root_fd, const char *own, char *path, size_t size, struct cpod_error *err)
{
	char candidate[4096];
	bool found = false;

	if (strlen (own) >= sizeof (candidate) || strlen (own) >= size)
		return cpod_error_sys (err, ENAMETOOLONG, "the own cgroup's path");
	strcpy (candidate, own + strspn (own, "/"));
	do {
		cpod_autofd fd = -1;

		if (cpod_cgroup_open (root_fd, candidate, &fd, NULL) < 0 || !is_ours (fd))
			break;
		if (!found || is_empty (fd))
			strcpy (path, candidate);
		found = true;
		if (is_empty (fd))
			return 0;
	} while (go_up (candidate));
	return found ? 0 : cpod_error_set (err, ENOENT, "no cgroup is delegated to user %u: /%s, where cpod was started, is not the "
	                                   "user's", (unsigned int) geteuid (), own + strspn (own, "/"));
}

int
cpod_cgroup_own (char *path, size_t size, struct cpod_error *err)
{
	char *text = NULL;
	size_t len;
	int ret = cpod_file_read ("/proc/self/cgroup", PROC_CGROUP_MAX, &text, &len, err);

	if (ret < 0)
		return ret;
	ret = cpod_cgroup_own_path (text, path, size);
	free (text);
	return ret < 0 ? cpod_error_sys (err, -ret, "find the own cgroup in /proc/self/cgroup") : 0;
}
