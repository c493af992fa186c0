/* The volumes of a pod: what they are, and the directories that they lie in.
 *
 * A volume is made by the supervisor before the pod's first container, lies in the pod's state
 * directory (volumes/NAME) or is something of the host's, and is removed with the pod; what a dead
 * supervisor leaves, reclaiming removes. A volume in memory is the runtime's: one tmpfs that the
 * pod's containers share and the host never sees (struct cpod_rt_volume).
 *
 * Containers write into volumes what they like. So nothing in one is ever opened by a path that
 * follows links, and removal takes any depth in constant space.
 */
#ifndef CPOD_POD_VOLUME_H
#define CPOD_POD_VOLUME_H

#include "src/base/decode.h"

#include <cpod/runtime.h>

enum cpod_volume_kind { CPOD_VOLUME_DIRECTORY, CPOD_VOLUME_MEMORY, CPOD_VOLUME_HOST, CPOD_VOLUME_FILES };

/* hostPath.type, in the order of its words. */
enum cpod_volume_host {
	CPOD_VOLUME_HOST_ANY, CPOD_VOLUME_HOST_MAKE_DIRECTORY, CPOD_VOLUME_HOST_DIRECTORY, CPOD_VOLUME_HOST_MAKE_FILE,
	CPOD_VOLUME_HOST_FILE, CPOD_VOLUME_HOST_SOCKET, CPOD_VOLUME_HOST_CHAR, CPOD_VOLUME_HOST_BLOCK,
};
struct cpod_volume_host_path { const char *path; struct cpod_int type; };
struct cpod_volume_empty_dir { struct cpod_int medium, size, mode; };   /* medium: 1 for Memory */
struct cpod_volume_file { const char *path, *text, *base64; struct cpod_int mode; const struct cpod_json *at; };

struct cpod_volume_spec {
	const char *name;
	enum cpod_volume_kind kind;
	const struct cpod_volume_empty_dir *empty_dir;
	const struct cpod_volume_host_path *host_path;
	struct cpod_array files;                 /* struct cpod_volume_file */
	struct cpod_int group;                   /* owns what is made, and is written for */
	const struct cpod_json *at;
};
extern const struct cpod_object cpod_volume_object;

/* Volumes are unique by name. The decoder's path is that of the list. */
int cpod_volumes_check (const struct cpod_array *volumes, struct cpod_decoder *decoder, struct cpod_error *err);

/* Makes the n volumes of a pod below state_dir (absolute; NULL: there is none, which is an error where one is needed),
 * and looks at those of the host. file: for messages. On failure nothing stays. */
int cpod_volumes_make (const struct cpod_volume_spec *volumes, size_t n, const char *state_dir, const char *file,
                       struct cpod_error *err);
/* Removes them. Idempotent; nothing to remove is no error. */
int cpod_volumes_remove (const char *state_dir, struct cpod_error *err);

/* What the runtime is told of them, in arena. state_dir may be NULL, for a description. */
int cpod_volumes_for_runtime (const struct cpod_volume_spec *volumes, size_t n, const char *state_dir, struct cpod_arena *arena,
                              struct cpod_rt_volume **ret, struct cpod_error *err);

#endif
