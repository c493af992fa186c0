/* Becoming an ordinary user: what `su` would do, where there is none or no shell for that user. */
#include "inside.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Like a login, it leaves what root had in its environment behind, but for what the tests need. */
int
inside_as (int argc, char **argv)
{
	uid_t uid;
	gid_t gid;

	if (argc < 3)
		return EINVAL;
	uid = (uid_t) strtoul (argv[0], NULL, 10);
	gid = (gid_t) strtoul (argv[1], NULL, 10);
	unsetenv ("XDG_RUNTIME_DIR");
	if (setenv ("HOME", "/", 1) < 0 || setgroups (1, &gid) < 0 || setresgid (gid, gid, gid) < 0 || setresuid (uid, uid, uid) < 0)
		return errno;
	execvp (argv[2], argv + 2);
	fprintf (stderr, "inside: %s: %s\n", argv[2], strerror (errno));
	return 127;
}
