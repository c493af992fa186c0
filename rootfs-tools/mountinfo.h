/* The mounts of the calling process, as /proc/self/mountinfo tells them.
 *
 * The file lists every mount of a mount namespace, also those that no path leads to any more,
 * because a later mount lies at the same place or above them. Only the ones that a path reaches are
 * of use here. Source: proc_pid_mountinfo(5), and the kernel's documentation of shared subtrees.
 */
#ifndef CPOD_ROOTFS_TOOLS_MOUNTINFO_H
#define CPOD_ROOTFS_TOOLS_MOUNTINFO_H

#include "src/base/decode.h"

#include <stdbool.h>

struct cpod_mount {
	const char *point;      /* where it is mounted: absolute, escapes decoded */
	const char *type;       /* of the file system: "ext4", "fuse.sshfs" */
	int id, parent;         /* parent: the id of the mount that holds the point */
};

/* Reads text and keeps the mounts that can be reached, one for each mount point, a directory before
 * what lies in it. ret_mounts: struct cpod_mount; everything lives in arena.
 * -EINVAL: a line that is not in the format, named by its number; -ENOMEM. */
int cpod_mountinfo_parse (const char *text, struct cpod_arena *arena, struct cpod_array *ret_mounts,
                          struct cpod_error *err);

/* True if path is absolute, and has no empty, "." or ".." component and no '/' at its end. */
bool cpod_path_is_normal (const char *path);
/* True if path is top itself or lies below it. Both absolute and normalised. */
bool cpod_path_below (const char *path, const char *top);

#endif
