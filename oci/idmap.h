/* The ids of a user namespace: which of them there are, and which of the host's each one is.
 *
 * An unprivileged supervisor's pods live in a user namespace of their own. Its root, id 0, is the user who
 * runs the supervisor. More ids are there where the administrator has given the user some, in /etc/subuid and
 * /etc/subgid: the kernel lets only a privileged program map those, newuidmap and newgidmap, which look
 * there again. Without such ids, or without the programs, there is id 0 alone, and the kernel demands that setgroups
 * be denied: otherwise a process could leave a group whose members are allowed less.
 *
 * Order: a map is made (cpod_idmap_...), a process is cloned into a new user namespace, its map is
 * written from outside (cpod_idmap_write), and only then it becomes root in there (CPOD_OP_BECOME_ROOT).
 *
 * user_namespaces(7), subuid(5), newuidmap(1).
 */
#ifndef CPOD_OCI_IDMAP_H
#define CPOD_OCI_IDMAP_H

#include "src/base/str.h"

#include <cpod/runtime.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Ids first to first + count - 1 of the namespace are the host's outside to outside + count - 1. */
struct cpod_id_range { uint32_t first, outside, count; };

#define CPOD_ID_RANGES_MAX 32   /* the kernel's limit is 340; nobody has been seen with more than a few */

struct cpod_id_ranges {
	struct cpod_id_range items[CPOD_ID_RANGES_MAX];
	size_t n;
};

struct cpod_idmap {
	struct cpod_id_ranges uids, gids;
	bool by_helpers;            /* newuidmap and newgidmap write it; else the caller itself does */
	bool groups_denied;         /* no process in it can change its supplementary groups */
	char why_single[160];       /* where there is id 0 alone: what is missing for more; else "" */
};

/* ---- making one ---- */

/* Appends the ranges that text, the lines of a subuid(5) file, gives to the user: by name (NULL: not by name) or by
 * number. They follow one another in the namespace, from where ranges ends. What does not fit is left out; lines
 * that are malformed are passed over, as newuidmap does. */
void cpod_idmap_add_subordinate (const char *text, const char *name, uint32_t uid, struct cpod_id_ranges *ranges);

/* The map of an unprivileged caller's pod: id 0 is the caller, the others are the caller's subordinate ids, where
 * both kinds and both programs are there. */
int cpod_idmap_of_caller (struct cpod_idmap *ret_map, struct cpod_error *err);

/* The name in the passwd(5) text (NULL: none) of the user with that number; false: it has none, or none of size - 1 bytes. */
bool cpod_idmap_name_of (const char *passwd, uint32_t uid, char *name, size_t size);

/* The same as cpod_idmap_of_caller, with what it is made of given, for tests. subuid, subgid: the files' texts, or
 * NULL; helpers: whether the programs are there. */
void cpod_idmap_make (uint32_t uid, uint32_t gid, const char *name, const char *subuid, const char *subgid, bool helpers,
                      struct cpod_idmap *ret_map);

/* ---- asking ---- */

/* Whether the namespace has that id; then *ret_outside (NULL allowed) is the host's. */
bool cpod_id_ranges_find (const struct cpod_id_ranges *ranges, uint32_t id, uint32_t *ret_outside);
/* Adds "0-65536" or "0, 1000-1999" to text. */
void cpod_id_ranges_words (const struct cpod_id_ranges *ranges, struct cpod_str *text);
/* -EINVAL with "FIELD: 70000 is not among ..." when ranges, map's uids or gids, does not have id. */
int cpod_idmap_require (const struct cpod_idmap *map, const struct cpod_id_ranges *ranges, uint32_t id, const char *field,
                        struct cpod_error *err);

/* ---- writing it ---- */

/* Writes the map of a process that is alone in a new user namespace, its parent the caller's, and reads it back.
 * The process must be dumpable. With by_helpers newuidmap and newgidmap are run, which takes some milliseconds;
 * their words are in the error. Their statuses may be taken by somebody else: only what the kernel has counts. */
int cpod_idmap_write (const struct cpod_idmap *map, pid_t pid, struct cpod_error *err);

#endif
