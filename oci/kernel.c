/* See kernel.h. What is tried is a configuration that is then thrown away: nothing is mounted. */
#include "kernel.h"

#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { UNKNOWN, YES, NO };

static int
try_pidns (void)
{
	cpod_autofd fs = (int) syscall (SYS_fsopen, "proc", FSOPEN_CLOEXEC);
	cpod_autofd own = open ("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);

	if (fs < 0 || own < 0)
		return YES;
	return syscall (SYS_fsconfig, fs, FSCONFIG_SET_FD, "pidns", NULL, own) < 0 && errno == EINVAL ? NO : YES;
}

bool
cpod_kernel_has_pidns (void)
{
	static atomic_int known;

	if (atomic_load (&known) == UNKNOWN)
		atomic_store (&known, try_pidns ());
	return atomic_load (&known) == YES;
}
