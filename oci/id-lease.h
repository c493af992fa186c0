/* Which block of subordinate ids a pod of root's has for its user namespace.
 *
 * /etc/subuid and /etc/subgid give a user, "cpod" unless told otherwise, ids that nobody else has. A pod gets
 * 65536 of each, and while it lives no other pod does, whatever its state directory: /run/cpod/ids holds a
 * record for each block in use. The record's name says which ids, its text the pod's cgroup, and the supervisor holds
 * a lock on it. A record without a lock whose cgroup is empty is a dead pod's: the next pod or `cpod gc` removes
 * it. Records are looked through and made under the lock of one more file there.
 *
 * Blocks begin at multiples of 65536 from where a line of subuid(5) begins. Ids below 65536 are the host's own
 * users and are never handed out, whatever the files say.
 */
#ifndef CPOD_OCI_ID_LEASE_H
#define CPOD_OCI_ID_LEASE_H

#include "oci/idmap.h"

#define CPOD_ID_BLOCK      65536u
#define CPOD_ID_LEASE_DIR  "/run/cpod/ids"
#define CPOD_ID_LEASE_USER "cpod"

/* The first of each kind. */
struct cpod_id_block { uint32_t uid, gid; };

struct cpod_id_lease {
	struct cpod_id_block block;
	int fd;                     /* its record, locked; owned; -1: no lease */
};

/* ---- pure ---- */

/* The first block of uids and of gids that is whole within the ranges (the outside ids count) and overlaps none of
 * the n blocks that are taken. False: there is none. */
bool cpod_id_lease_pick (const struct cpod_id_ranges *uids, const struct cpod_id_ranges *gids,
                         const struct cpod_id_block *taken, size_t n, struct cpod_id_block *ret_block);
/* "131072-196608", and back. False: it is no record's name. */
void cpod_id_lease_name (struct cpod_id_block block, char name[32]);
bool cpod_id_lease_parse (const char *name, struct cpod_id_block *ret_block);
/* The map of a pod that holds the block: ids 0 to 65535. */
void cpod_id_lease_map (struct cpod_id_block block, struct cpod_idmap *ret_map);

/* ---- /run/cpod/ids ---- */

/* Takes a block for the pod whose cgroup that is. user: whose subordinate ids, a name or a number as the files have it,
 * no such user need exist; NULL: CPOD_ID_LEASE_USER.
 * -ENOENT: it has none; -ENOSPC: all are in use; the words say what would help. */
int cpod_id_lease_take (const char *user, const char *cgroup_path, struct cpod_id_lease *ret_lease, struct cpod_error *err);
/* The pod has no process any more. One that is not held: nothing. */
void cpod_id_lease_give_back (struct cpod_id_lease *lease);
/* Removes the records of pods that are dead. No directory: nothing to do. */
int cpod_id_lease_sweep (struct cpod_error *err);

#endif
