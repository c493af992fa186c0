/* Building a plan: operations and the bytes they refer to, with a note for people beside each.
 *
 * The block is laid out as header, bytes, operations, so that a reference is final when it is made.
 * Notes stay with the parent: the path of the field that asked for an operation, and what it does in
 * words. They make `cpod check`'s list, and the sentence when the child's record says "operation 17".
 *
 * Failure to allocate is sticky; cpod_plan_block reports it.
 */
#ifndef CPOD_OCI_PLAN_BUILD_H
#define CPOD_OCI_PLAN_BUILD_H

#include "oci/idmap-mount.h"
#include "oci/init/proto.h"
#include "oci/plan.h"
#include "src/base/arena.h"
#include "src/base/decode.h"
#include "src/base/str.h"

#include <stdbool.h>

/* How the parent opens a descriptor that goes with a plan. */
enum cpod_given_kind {
	CPOD_GIVEN_FD,          /* the caller has it: stdio */
	CPOD_GIVEN_TREE,        /* open_tree (path, clone): a mount, detached */
	CPOD_GIVEN_TREE_REC,    /* the same with everything mounted below */
	CPOD_GIVEN_CGROUP,      /* the container's own cgroup (plan->cgroup_fd): a mount, detached */
	CPOD_GIVEN_SHARED_PID,  /* the PID namespace that the pod's containers share (plan->pidns_fd) */
	CPOD_GIVEN_PATH,        /* O_PATH */
	CPOD_GIVEN_NAMESPACE,   /* a namespace file, found to be of type */
	CPOD_GIVEN_FILE_SYSTEM, /* fsopen (fs_type), path is its source: a mount, detached */
};
/* Whose the files of a mount are. */
enum cpod_given_ids {
	CPOD_IDS_AS_THEY_ARE,
	CPOD_IDS_OF_USERS,      /* of the user namespace plan->users_fd */
	CPOD_IDS_OF_MAP,        /* of the given's own map */
};
struct cpod_given {
	enum cpod_given_kind kind;
	uint16_t slot;
	uint32_t type;          /* CLONE_NEW*, for a namespace */
	int fd;                 /* FD: borrowed, set by the caller before a launch */
	const char *path;       /* on the host */
	const char *beneath;    /* TREE, TREE_REC: what lies at this path in it (subpath.h); NULL: path itself */
	const char *fs_type;    /* FILE_SYSTEM */
	const char *const *fs_options;   /* FILE_SYSTEM: "key" or "key=value", NULL-terminated */
	uint32_t fs_attributes; /* FILE_SYSTEM: MOUNT_ATTR_* */
	enum cpod_given_ids ids;         /* TREE, TREE_REC, FILE_SYSTEM */
	bool ids_below;                  /* TREE_REC: in the mounts below as well */
	const struct cpod_idmap *map;    /* CPOD_IDS_OF_MAP */
	const char *field;      /* the spec's path, for errors */
};

struct cpod_note { const char *field, *words; };

struct cpod_plan {
	struct cpod_arena arena;        /* notes, given: everything for people and for the parent */
	struct cpod_plan_header header;
	struct cpod_str bytes;          /* what follows the header */
	struct cpod_op *ops;
	struct cpod_note *notes;        /* one an operation */
	size_t n_ops, ops_capacity;
	struct cpod_given given[CPOD_PLAN_SLOTS];
	uint16_t next_slot;
	int cgroup_fd, users_fd, pidns_fd;   /* borrowed; set by the caller before cpod_plan_open */
	bool writes_cgroup;             /* a cgroup mount is writable in the container's own user and cgroup namespaces */
	bool failed;
};

void cpod_plan_init (struct cpod_plan *plan);
void cpod_plan_finish (struct cpod_plan *plan);

/* Copies into the block. A NULL text is reference 0. */
cpod_ref cpod_plan_text (struct cpod_plan *plan, const char *text);
cpod_ref cpod_plan_bytes (struct cpod_plan *plan, const void *bytes, size_t len, size_t align);
struct cpod_ref_list cpod_plan_texts (struct cpod_plan *plan, const char *const *texts, size_t n);
struct cpod_ref_list cpod_plan_numbers (struct cpod_plan *plan, const uint32_t *numbers, size_t n);

/* Appends an operation; the pointer is to be filled at once and is never NULL. field: the spec's
 * path, or NULL for what is done for every container; format: "mount tmpfs on /data". */
struct cpod_op *cpod_plan_add (struct cpod_plan *plan, enum cpod_op_kind kind, const char *field, const char *format, ...)
	__attribute__ ((format (printf, 4, 5)));

/* A slot that nothing uses yet. */
uint16_t cpod_plan_slot (struct cpod_plan *plan);
/* A descriptor that the parent opens and sends along; the new one's entry, slot assigned unless it
 * is given (slot != CPOD_SLOT_NONE). Never NULL. */
struct cpod_given *cpod_plan_give (struct cpod_plan *plan, enum cpod_given_kind kind, uint16_t slot,
                                   const char *path, const char *field);
/* The entry of a slot that is given, or NULL. */
struct cpod_given *cpod_plan_given (struct cpod_plan *plan, uint16_t slot);
/* Sets the descriptor of a CPOD_GIVEN_FD slot. */
void cpod_plan_set_fd (struct cpod_plan *plan, uint16_t slot, int fd);

/* -E2BIG, -ENOMEM when the plan could not be built whole. */
int cpod_plan_check (const struct cpod_plan *plan, struct cpod_error *err);
/* The finished block, added to an empty text. Errors as cpod_plan_check's. */
int cpod_plan_block (struct cpod_plan *plan, struct cpod_str *block, struct cpod_error *err);
/* The finished block in a sealed memfd. The caller owns it. */
int cpod_plan_seal (struct cpod_plan *plan, int *ret_fd, struct cpod_error *err);
/* Opens what the parent gives, in order, into fds[CPOD_PLAN_SLOTS]: the caller closes those that are
 * not of kind FD (cpod_plan_close). On failure nothing stays open. */
int cpod_plan_open (const struct cpod_plan *plan, int *fds, size_t *ret_n, struct cpod_error *err);
void cpod_plan_close (const struct cpod_plan *plan, int *fds, size_t n);

/* The sentence of a record: "FIELD: WORDS: the system's words". Returns -errno of the record; -EBUSY for EAGAIN, as
 * an operation's result of -EAGAIN would mean that it is still in progress. */
int cpod_plan_explain (const struct cpod_plan *plan, const struct cpod_record *record, struct cpod_error *err);
/* One operation a line. */
void cpod_plan_describe (const struct cpod_plan *plan, struct cpod_str *out);

#endif
