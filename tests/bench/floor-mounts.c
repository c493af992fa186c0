/* The file system steps of a floor: what must be mounted, masked and pivoted for one container.
 *
 * Order, as in every runtime: private, root, default mounts, devices, masks, read-only paths,
 * read-only root, pivot. All paths are relative to the new root, which is the working directory.
 */
#include "tests/bench/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NOTHING (MS_NOSUID | MS_NOEXEC | MS_NODEV)

static const struct {
	const char *type, *at;
	unsigned long flags;
	const char *data;
	int make;                 /* the directory is on the fresh /dev */
} defaults[] = {
	{ "proc", "proc", 0, NULL, 0 },
	{ "tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k", 0 },
	{ "devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5", 1 },
	{ "tmpfs", "dev/shm", NOTHING, "mode=1777,size=65536k", 1 },
	{ "mqueue", "dev/mqueue", NOTHING, NULL, 1 },
	{ "sysfs", "sys", NOTHING | MS_RDONLY, NULL, 0 },
	{ "cgroup2", "sys/fs/cgroup", NOTHING | MS_RDONLY | MS_RELATIME, NULL, 0 },
};

static const struct {
	const char *at;
	unsigned int major, minor;
} nodes[] = {
	{ "dev/null", 1, 3 }, { "dev/zero", 1, 5 }, { "dev/full", 1, 7 },
	{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
};

static const char *const links[][2] = {
	{ "/proc/self/fd", "dev/fd" }, { "/proc/self/fd/0", "dev/stdin" }, { "/proc/self/fd/1", "dev/stdout" },
	{ "/proc/self/fd/2", "dev/stderr" }, { "/proc/kcore", "dev/core" }, { "pts/ptmx", "dev/ptmx" },
};

static const char *const masked[] = {
	"proc/acpi", "proc/asound", "proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list",
	"proc/timer_stats", "proc/sched_debug", "sys/firmware", "proc/scsi",
};

static const char *const readonly[] = {
	"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger",
};

static const char *const masked_in_pods[] = {
	"proc/interrupts", "sys/devices/virtual/powercap", "sys/kernel/security",
};

#define COUNT(array) (sizeof (array) / sizeof ((array)[0]))

void
floor_mounts_private (void)
{
	floor_try (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
}

void
floor_root_bind (const char *rootfs)
{
	floor_try (mount (rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL), "bind rootfs");
	floor_try (chdir (rootfs), "chdir rootfs");
}

void
floor_mount_defaults (void)
{
	size_t i;

	umask (0);
	for (i = 0; i < COUNT (defaults); i++) {
		if (defaults[i].make)
			floor_try (mkdir (defaults[i].at, 0755), defaults[i].at);
		floor_try (mount (defaults[i].type, defaults[i].at, defaults[i].type, defaults[i].flags,
		                  defaults[i].data), defaults[i].at);
	}
	for (i = 0; i < COUNT (nodes); i++)
		floor_try (mknod (nodes[i].at, S_IFCHR | 0666, makedev (nodes[i].major, nodes[i].minor)), nodes[i].at);
	for (i = 0; i < COUNT (links); i++)
		floor_try (symlink (links[i][0], links[i][1]), links[i][1]);
	umask (022);
}

/* Covers one path: the null device over a file, an empty read-only tmpfs over a directory; a path
 * that does not exist needs no cover. */
static void
mask (const char *at)
{
	if (mount ("dev/null", at, NULL, MS_BIND, NULL) == 0 || errno == ENOENT)
		return;
	floor_try (mount ("tmpfs", at, "tmpfs", MS_RDONLY, "size=0k"), at);
}

void
floor_mask_paths (int pod)
{
	size_t i;

	for (i = 0; i < COUNT (masked); i++)
		mask (masked[i]);
	for (i = 0; pod && i < COUNT (masked_in_pods); i++)
		mask (masked_in_pods[i]);
	for (i = 0; i < COUNT (readonly); i++) {
		if (mount (readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) < 0 && errno == ENOENT)
			continue;
		floor_try (mount (NULL, readonly[i], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), readonly[i]);
	}
}

void
floor_root_readonly (void)
{
	floor_try (mount (NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "read-only root");
}

void
floor_pivot (void)
{
	floor_try (syscall (SYS_pivot_root, ".", "."), "pivot_root");
	floor_try (umount2 (".", MNT_DETACH), "umount the old root");
	floor_try (chdir ("/"), "chdir /");
}
