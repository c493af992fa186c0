/* Control groups, version 2 only, as the supervisor handles them.
 *
 * Layout of a pod, below whatever parent it is given:
 *
 *     POD/init                pod init alone: never frozen, no limits
 *     POD/CONTAINER           its limits; processes, and nothing enabled in its subtree_control
 *     POD/CONTAINER/probe-N   one exec or probe: cgroup.kill here ends it alone
 *
 * Controllers are enabled in every ancestor of a group that needs them, never in the group itself;
 * so POD may hold no process, and a container may hold processes beside its probes' groups. A limit
 * whose controller is missing is an error that names both: nothing is dropped silently.
 *
 * A group that was ever written to cgroup.kill must not be used again: on some kernels (6.18) a
 * process born into it is killed at birth. cpod_cgroup_renew makes a new one of the same name.
 *
 * Groups are handled by descriptors of their directories (O_PATH, CLOEXEC), which clone3's
 * CLONE_INTO_CGROUP takes too. Paths are relative to such a descriptor and cannot leave it.
 * Sources: Documentation/admin-guide/cgroup-v2.rst; the runtime-spec's config-linux.md.
 */
#ifndef CPOD_OCI_CGROUP_H
#define CPOD_OCI_CGROUP_H

#include "spec.h"

#include "src/base/arena.h"

#include <cpod/runtime.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- limits as data (cgroup-settings.c) ---- */

/* One write to one file of a group. */
struct cpod_cgroup_setting {
	const char *file, *value;
	const char *field;             /* for messages: "linux.resources.memory.limit" */
	const char *controller;        /* that must be enabled for it: "memory" */
	const char *else_file, *else_value;   /* when file is not there; NULL: see may_lack */
	bool may_lack;                 /* no such file: nothing to do */
	bool is_default;               /* what holds anyway where there is no such controller: a limit that is none */
	const char *in_use_file;       /* what it holds must not be above value; or NULL */
};

struct cpod_cgroup_settings {
	const struct cpod_cgroup_setting *items;   /* in the order of the writes */
	size_t n;
};

/* Turns resources (NULL: none) into writes, in arena. Device rules are not among them.
 * -EINVAL: values that contradict each other, with the field; -ENOMEM. */
int cpod_cgroup_settings_make (const struct cpod_oci_resources *resources, struct cpod_arena *arena,
                               struct cpod_cgroup_settings *ret_settings, struct cpod_error *err);

/* cpu.weight (1..10000) for v1's shares: 2 -> 1, 1024 -> 100, 262144 -> 10000, between them the
 * quadratic curve that crun and runc use, rounded up. 0 for 0. */
uint64_t cpod_cgroup_weight_of_shares (uint64_t shares);
/* io.weight (1..10000) for v1's blkio weight (10..1000). 0 for 0. */
uint64_t cpod_cgroup_weight_of_blkio (uint64_t weight);

/* ---- the hierarchy (cgroup-mount.c, cgroup.c) ---- */

/* One cgroup2 mount of a mountinfo text. rank: 0 is the best (at /sys/fs/cgroup), 1 below that
 * directory (the hybrid layout), 2 elsewhere. Moves *cursor past its line. False at the end. */
bool cpod_cgroup_next_mount (const char **cursor, char *path, size_t size, unsigned int *ret_rank);
/* The caller's own group, "/a/b", from the text of /proc/PID/cgroup. -ENOENT: none in version 2. */
int cpod_cgroup_own_path (const char *text, char *path, size_t size);

/* Opens the root of the version 2 hierarchy, unified or hybrid. -ENOENT: none is mounted. */
int cpod_cgroup_root_open (int *ret_fd, struct cpod_error *err);

/* The caller's own group, from /proc/self/cgroup: "/a/b". -ENOENT: none in version 2. */
int cpod_cgroup_own (char *path, size_t size, struct cpod_error *err);
/* Where an ordinary user may make groups, relative to root_fd: the nearest one, from own (as cpod_cgroup_own has it) upwards,
 * that is the caller's and holds no process itself; else own. -ENOENT: own is not the caller's; the message says so. */
int cpod_cgroup_delegated (int root_fd, const char *own, char *path, size_t size, struct cpod_error *err);

enum cpod_cgroup_flags {
	CPOD_CGROUP_NEW = 1 << 0,   /* the last component must not exist: -EEXIST */
};

/* Whether every component of path is a name, and there is one: none is "." or "..", none too long. */
bool cpod_cgroup_is_path (const char *path);

/* Makes the group path below root_fd with its missing parents, enables what settings (NULL: none)
 * need in every ancestor from root_fd on, and opens it. The settings are not written yet. On a
 * failure what was made here is gone again. -EINVAL: a path that is empty or climbs; -ENOTSUP: a
 * controller is missing. */
int cpod_cgroup_create (int root_fd, const char *path, const struct cpod_cgroup_settings *settings,
                        unsigned int flags, int *ret_fd, struct cpod_error *err);
/* Opens an existing group. */
int cpod_cgroup_open (int root_fd, const char *path, int *ret_fd, struct cpod_error *err);
/* Writes the settings to the group. The message of a failure names the field and the file. */
int cpod_cgroup_apply (int fd, const struct cpod_cgroup_settings *settings, struct cpod_error *err);

/* ---- the life of a group (cgroup-life.c) ---- */

/* Hands the group to somebody who may then make groups in it: its directory, and the files that the kernel names in
 * /sys/kernel/cgroup/delegate. Its limits stay whose they are. */
int cpod_cgroup_give (int fd, uid_t uid, gid_t gid, struct cpod_error *err);
/* SIGKILL to every process in the group and below it. The group is used up, see above. */
int cpod_cgroup_kill (int fd, struct cpod_error *err);
/* Asks for it; cpod_cgroup_wait (..., "frozen", ...) says when it is so. */
int cpod_cgroup_freeze (int fd, bool frozen, struct cpod_error *err);
/* Whether a process is in the group or below it. */
int cpod_cgroup_populated (int fd, bool *ret_populated, struct cpod_error *err);
/* Opens cgroup.events for an event loop: EPOLLPRI on every change; read it again then. */
int cpod_cgroup_events_open (int fd, int *ret_events_fd, struct cpod_error *err);
/* Waits until key ("populated", "frozen") of cgroup.events is value. deadline_ns: CLOCK_MONOTONIC.
 * -ETIMEDOUT. */
int cpod_cgroup_wait (int fd, const char *key, uint64_t value, uint64_t deadline_ns, struct cpod_error *err);
/* Waits until no process is left: cpod_cgroup_wait (fd, "populated", 0, ...). */
int cpod_cgroup_wait_empty (int fd, uint64_t deadline_ns, struct cpod_error *err);

/* Removes the group path below root_fd and all groups in it, the deepest first; none there is
 * fine. -EBUSY: a process is in one. */
int cpod_cgroup_remove (int root_fd, const char *path, struct cpod_error *err);
/* Removes the group name in parent_fd and makes it anew, without settings. *fd is closed (-1: it
 * was not open) and then of the new one. */
int cpod_cgroup_renew (int parent_fd, const char *name, int *fd, struct cpod_error *err);

/* A number from a file of the group: of the line that begins with key, or (key NULL) the whole
 * file; "max" is UINT64_MAX. 0, -ENOENT when there is no such file or line, -errno. */
int cpod_cgroup_number (int fd, const char *file, const char *key, uint64_t *ret_number);
/* How often the OOM killer struck in the group or below it; 0 without the memory controller. */
int cpod_cgroup_oom_kills (int fd, uint64_t *ret_kills, struct cpod_error *err);

#endif
