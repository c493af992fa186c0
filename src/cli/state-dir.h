/* Where pods keep their files: BASE/pods/NAME/, one directory a pod.
 *
 *   lock         held with flock for the supervisor's whole life
 *   spec.json    the normalised spec
 *   plugin       the runtime: its name, or the path of a plugin
 *   control      the control socket
 *   runtime/     the runtime's own
 *   events       what has happened, a JSON object a line (and events.1: what was before)
 *   logs/        what the containers have written: NAME.log, NAME.log.1
 *   status.json  only of a detached pod that has ended: its last status, and how it ended
 *
 * A free lock means that the supervisor is gone: with status.json the pod has ended, and the directory stays until
 * somebody removes it; without, the supervisor was killed, and what is left is reclaimed.
 *
 * A directory is filled under another name (".new-...") and renamed, so that nobody ever sees half of one; it is
 * renamed away (".old-...") before it is emptied. BASE is /run/cpod, for other users $XDG_RUNTIME_DIR/cpod or
 * /tmp/cpod-UID; $CPOD_STATE_DIR replaces it. Every level is 0700 and belongs to the caller, or it is refused.
 */
#ifndef CPOD_CLI_STATE_DIR_H
#define CPOD_CLI_STATE_DIR_H

#include <cpod/runtime.h>
#include <stdbool.h>
#include <stddef.h>

#define CPOD_STATE_NAME_MAX 64   /* a pod's name and its NUL */

struct cpod_state_dir {
	int pods_fd, dir_fd, lock_fd;    /* owned; -1 when not open */
	char name[CPOD_STATE_NAME_MAX];
	char path[512];                  /* absolute: BASE/pods/NAME */
};

/* Opens BASE/pods. create: makes what is missing; else -ENOENT when there is none. path (size bytes) gets its
 * absolute path. The caller owns *ret_fd. */
int cpod_state_open_pods (bool create, char *path, size_t size, int *ret_fd, struct cpod_error *err);

/* Takes name and makes its directory with spec and plugin in it. A dead pod's leftovers under that name are
 * reclaimed first. -EEXIST: a supervisor lives there, or a pod that has ended is kept. */
int cpod_state_create (struct cpod_state_dir *state, const char *name, const char *plugin, const char *spec,
                       struct cpod_error *err);
/* Removes the directory, then closes everything. Nothing for a state that was never created. */
void cpod_state_remove (struct cpod_state_dir *state);
/* Leaves the directory as that of a pod that has ended, with its last status; what only a running pod needs is
 * removed. Then closes everything. -errno: nothing was kept, and the directory is that of a dead pod. */
int cpod_state_keep (struct cpod_state_dir *state, const char *status, struct cpod_error *err);

/* The running and dead pods' names, sorted; NULL-terminated, malloc'ed in one block, the caller frees. */
int cpod_state_list (int pods_fd, char ***ret_names, size_t *ret_n, struct cpod_error *err);
/* What an entry of pods_fd is. */
enum cpod_entry {
	CPOD_ENTRY_NONE,       /* nothing, or not yet anything */
	CPOD_ENTRY_RUNS,       /* its supervisor lives */
	CPOD_ENTRY_ENDED,      /* the pod has ended, its status is kept */
	CPOD_ENTRY_DEAD,       /* its supervisor was killed */
};
enum cpod_entry cpod_state_look (int pods_fd, const char *name);
/* true if it is DEAD. */
bool cpod_state_dead (int pods_fd, const char *name);
/* true if any entry's supervisor is dead. */
bool cpod_state_any_dead (int pods_fd);

/* Reclaims and removes one dead entry of pods_fd (whose path is pods_path): processes, cgroups, files. 0
 * too when it is alive or gone, *ret_done says whether anything was removed. -EBUSY: something does not
 * die. */
int cpod_state_reclaim (int pods_fd, const char *pods_path, const char *entry, bool *ret_done,
                        struct cpod_error *err);
/* The same, and for a pod that has ended as well. -EBUSY as well: its supervisor lives. */
int cpod_state_forget (int pods_fd, const char *pods_path, const char *name, struct cpod_error *err);
/* Reclaims every dead entry. Calls report (when given) for each: err NULL when it was removed. */
void cpod_state_reclaim_all (void (*report) (void *data, const char *name, const struct cpod_error *err),
                             void *data);

#endif
