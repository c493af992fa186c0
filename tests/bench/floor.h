/* The steps that the floor programs are made of.
 *
 * A floor is the least that the kernel must do for a piece of work: the same system calls as a
 * runtime needs, one after another, with nothing parsed, planned, reported or checked between
 * them. Each floor program's opening comment lists its steps in order; the steps that more than
 * one of them takes are here. They work on the calling process, end it with status 1 and one line
 * on stderr when a call fails, allocate nothing, and look at nothing but their arguments.
 *
 * What is left out on purpose, since it is what the comparison measures: resolving destinations
 * beneath the root one by one, verifying what was mounted, and errors in words.
 */
#ifndef CPOD_BENCH_FLOOR_H
#define CPOD_BENCH_FLOOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/filter.h>
#include <linux/sched.h>

/* The capabilities of the OCI default config: AUDIT_WRITE, KILL, NET_BIND_SERVICE. */
#define FLOOR_CAPS_OCI ((1ull << 29) | (1ull << 5) | (1ull << 10))
/* The 14 that container engines keep for a container whose spec names none. */
#define FLOOR_CAPS_ENGINE 0xa80425fbull

/* Ends the process with one line, `floor: STEP: REASON`, when ret is negative. Returns ret. */
long floor_try (long ret, const char *step);

/* Monotonic time in nanoseconds. */
uint64_t floor_now (void);

/* clone3 of a child that shares no memory. flags: CLONE_*; exit_signal: 0 with CLONE_PARENT.
 * cgroup_fd: a cgroup directory to be born in, or -1. ret_pidfd: CLOEXEC, or NULL.
 * Returns the pid, 0 in the child. */
pid_t floor_clone (uint64_t flags, int exit_signal, int cgroup_fd, int *ret_pidfd);

/* Waits for pid to end. Returns its wait status. */
int floor_reap (pid_t pid);

/* Makes name below the cgroup in parent_fd and opens it. Returns the directory, CLOEXEC. */
int floor_cgroup_make (int parent_fd, const char *name);

/* Removes the empty cgroup name below parent_fd; the kernel may need a moment after the last exit. */
void floor_cgroup_remove (int parent_fd, const char *name);

/* Opens the machine's cgroup2 mount, unified or hybrid. Returns the directory, CLOEXEC. */
int floor_cgroup_root (void);

/* Loads the eBPF program that allows the OCI default devices, attaches it to cgroup_fd, closes it. */
void floor_devices_attach (int cgroup_fd);

/* Makes every mount of this mount namespace private, recursively. */
void floor_mounts_private (void);

/* Makes the directory rootfs, bound on itself, the working directory. */
void floor_root_bind (const char *rootfs);

/* What a container without a root directory of its own sees of the host, decided before any time is taken. */
struct floor_view {
	size_t n;
	struct floor_view_line {
		char kind;                /* 'l'ayer, 'f'resh tmpfs, 'e'mpty directory, 'm'asked file, e'x'posed */
		unsigned int mode;        /* f */
		char path[200];           /* absolute */
	} lines[128];
};

/* Reads lines of `KIND MODE PATH` (MODE octal, 0 but for fresh) from the file at path. */
void floor_view_read (const char *path, struct floor_view *view);

/* Once a pod: mounts a tmpfs on at with what hides the host's data, as a lower layer between the
 * host's and the container's: opaque directories and empty files, their parents like the host's. */
void floor_view_layer (const struct floor_view *view, const char *at);

/* Mounts the host view on the directory at and makes it the working directory: a sized tmpfs with
 * upper and work, an overlay (nodev, nosuid) of hiding over each layer of the host, the fresh
 * tmpfs, the exposed paths. */
void floor_root_hostview (const struct floor_view *view, const char *hiding, const char *at);

/* Mounts the default list of the OCI config below the working directory: proc, tmpfs dev, devpts,
 * shm, mqueue, sysfs (ro), cgroup2 (ro); then the default device nodes and links. */
void floor_mount_defaults (void);

/* Masks and makes read-only what the OCI default config lists, below the working directory.
 * pod: and what cpod hides by default beyond it. */
void floor_mask_paths (int pod);

/* Remounts the root in the working directory read-only. */
void floor_root_readonly (void);

/* Makes the working directory the root and detaches the old one. */
void floor_pivot (void);

/* Brings the loopback interface of this network namespace up. */
void floor_loopback_up (void);

/* Opens a session keyring of its own, user and groups 0, drops capabilities down to keep in all
 * five sets (ambient and inheritable empty), sets no_new_privs; then, when filter is not NULL, installs it. */
void floor_confine (uint64_t keep, const struct sock_fprog *filter);

/* Executes path with one optional argument and a PATH-only environment. Never returns. */
void floor_exec (const char *path, const char *arg) __attribute__ ((noreturn));

/* Fills filter with an allow-list that is a binary search over ranges of call numbers: every call
 * but those container engines refuse by default. The program stays in static memory. */
void floor_filter_ranges (struct sock_fprog *filter);

/* Fills filter with the raw BPF program in the file at path. The program stays in static memory. */
void floor_filter_read (const char *path, struct sock_fprog *filter);

/* Serves samples until stdin ends: for each byte read, runs once (data) and writes the nanoseconds
 * that it returns to stdout as a native uint64_t. */
void floor_serve (uint64_t (*once) (void *data), void *data);

#endif
