/* What is kept of a container that has no supervisor: one directory each, ROOT/ID, for one user alone.
 *
 *     state.json     struct cpod_bundle_state; replaced as a whole, never written in place
 *     config.json    the configuration as it was when the container was created
 *     start          a FIFO that the container's first process reads: a byte in it is the start
 *     status         a FIFO in which it says how that went
 *
 * Life cycle: the directory is made first and removed last, so that whatever a crash leaves can be
 * found by its id. state.json is there before anything else is made, and names the cgroup. Commands that
 * change something hold a lock on the directory; those that look take none, so that a hook may look.
 *
 * A process is its number and the time of its start: a number that was used again is somebody else's.
 */
#ifndef CPOD_OCI_STATE_H
#define CPOD_OCI_STATE_H

#include "oci/spec.h"
#include "src/base/arena.h"
#include "src/base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CPOD_STATE_START  "start"
#define CPOD_STATE_STATUS "status"
#define CPOD_STATE_CONFIG "config.json"
#define CPOD_OCI_VERSION  "1.3.0"         /* of the runtime-spec that all of this follows */

/* An operation of the plan that comes with the start, in words. */
struct cpod_bundle_step { uint32_t op; const char *field, *words; };

struct cpod_bundle_state {
	const char *id, *bundle, *rootfs;    /* absolute paths */
	const char *cgroup;                  /* from the root of the version 2 hierarchy; NULL: the container has none */
	const char *created, *owner;         /* a time as in RFC 3339; a user's name */
	bool creating;                       /* not finished, or never will be */
	pid_t pid;                           /* 0: not known */
	uint64_t start_time;                 /* of pid, in clock ticks since the boot */
	struct cpod_bundle_step *steps;
	size_t n_steps;
};

enum cpod_bundle_status {
	CPOD_STATUS_CREATING, CPOD_STATUS_CREATED, CPOD_STATUS_RUNNING, CPOD_STATUS_PAUSED, CPOD_STATUS_STOPPED,
};
extern const char *const cpod_bundle_status_words[];

/* [A-Za-z0-9_+.-], 1 to 255 bytes, and neither "." nor "..". -EINVAL. */
int cpod_bundle_state_check_id (const char *id, struct cpod_error *err);
/* The directory of all containers. make: it and its parents are made, mode 0700. */
int cpod_bundle_state_root_open (const char *root, bool make, int *ret_fd, struct cpod_error *err);
/* Makes the directory of a new container and locks it. -EEXIST: there is one. */
int cpod_bundle_state_make (int root_fd, const char *id, int *ret_fd, struct cpod_error *err);
/* Opens that of an existing one. -ENOENT: "container `ID` does not exist"; -EPERM: it is not the caller's alone to write to. */
int cpod_bundle_state_open (int root_fd, const char *id, int *ret_fd, struct cpod_error *err);
/* Locks it, waiting up to timeout_ms for another command. -ENOENT: it was deleted meanwhile; -EBUSY. */
int cpod_bundle_state_lock (int fd, const char *id, unsigned int timeout_ms, struct cpod_error *err);
/* Reads state.json into arena. A file that is missing or broken is an error that says what to do. */
int cpod_bundle_state_read (int fd, const char *id, struct cpod_arena *arena, struct cpod_bundle_state *ret_state, struct cpod_error *err);
int cpod_bundle_state_write (int fd, const struct cpod_bundle_state *state, struct cpod_error *err);
/* Removes the directory. 0 when there is none. */
int cpod_bundle_state_remove (int root_fd, const char *id, int fd, struct cpod_error *err);

/* The time at which pid was started. -ESRCH: it is not there, or is dead and only not reaped yet. */
int cpod_bundle_state_start_time (pid_t pid, uint64_t *ret_time);
/* A pidfd of the container's first process. -ESRCH: it is over. */
int cpod_bundle_state_open_process (const struct cpod_bundle_state *state, int *ret_pidfd);
/* Whether it waits to be started. */
bool cpod_bundle_state_is_waiting (int fd);

/* A time after 1970 as "2026-11-22T04:42:12.528199Z". Unlike gmtime it reads no file. */
#define CPOD_STATE_TIME 64
void cpod_bundle_state_time (int64_t seconds, long nanoseconds, char text[CPOD_STATE_TIME]);

/* The state as the runtime-spec has it, in one line: for hooks and for `state`. spec: for its annotations. */
void cpod_bundle_state_describe (const struct cpod_bundle_state *state, enum cpod_bundle_status status, pid_t pid,
                          const struct cpod_oci_spec *spec, unsigned int indent, struct cpod_str *out);

#endif
