/* Idmapped mounts: whose the files of a mount are, in a user namespace.
 *
 * A mount that is given the ids of a user namespace shows a file that is id N's on the disk as id N's in that
 * namespace, and what its root writes is written as root's. Without that every file of the host's would be nobody's there.
 *
 * The kernel does it where the file system can (ext4, xfs, btrfs and others; tmpfs from Linux 6.3; no overlay), for
 * a mount that is attached nowhere yet, and asks for rights over the file system: so the supervisor does it, before the
 * mount travels. mount_setattr(2), Linux 5.12.
 */
#ifndef CPOD_OCI_IDMAP_MOUNT_H
#define CPOD_OCI_IDMAP_MOUNT_H

#include "oci/idmap.h"

/* Gives the ids of the user namespace users_fd to the detached mount tree_fd, and with recursive to all in it.
 * path: what it is a copy of, on the host; or fs_type: the file system that was made for it. A failure names the
 * mount that cannot, and its file system, behind field. */
int cpod_idmap_mount (int tree_fd, bool recursive, int users_fd, const char *field, const char *path, const char *fs_type,
                      struct cpod_error *err);

/* Opens the user namespace of a process, a child of the caller's. */
int cpod_idmap_open_users (pid_t pid, int pidfd, int *ret_users_fd, struct cpod_error *err);

/* Makes a user namespace that has nothing but its ids, for mounts alone. Safe in a threaded program of any size. */
int cpod_idmap_make_users (const struct cpod_idmap *map, int *ret_users_fd, struct cpod_error *err);

#endif
