/* Walking a plan: see walk.c. Freestanding. */
#ifndef CPOD_OCI_INIT_WALK_H
#define CPOD_OCI_INIT_WALK_H

#include "oci/init/proto.h"

#include <stddef.h>
#include <stdint.h>

/* What the process that walks knows. The plan's block is mapped read-only. */
struct cpod_walk {
	const unsigned char *block;
	size_t len;                      /* of the mapping */
	const struct cpod_plan_header *plan;
	int slots[CPOD_PLAN_SLOTS];      /* -1: empty */
	int status_fd;                   /* where a failure goes; survives CLOSE; -1: none */
	int wait_fd;                     /* what SYNC and WAIT read from; survives CLOSE; -1: status_fd */
	int own_mounts;                  /* between ENTER_HOST and LEAVE_HOST: the container's mount namespace */
	int null;                        /* a null device that the walker has already; -1: opened where the plan says */
	int empty_file, empty_directory; /* the first mount of each kind that masks; -1: none yet */
	int announce;                    /* a record without an error goes to status_fd right before the exec */
	uint32_t step;                   /* enum cpod_step of the latest failure */
	uint32_t op;                     /* index of the operation at work */
	/* CPOD_OP_BIRTH: called in the joined walker; returns 0 in the newborn, and positive in one that stays behind, whose
	 * walk is over. NULL: there is none. */
	long (*birth) (struct cpod_walk *walk);
	void *birth_data;
	int reaper;                      /* CPOD_OP_REAPER: its pidfd, CLOEXEC; 0: there is none */
};

/* Looks at len bytes as a plan and points walk at it, all slots empty. 0 or -EINVAL. */
long walk_open (struct cpod_walk *walk, const void *block, size_t len);
/* Executes the operations in order. Does not return when the last one is an EXEC that succeeds;
 * 0 after an END; positive in one that stays behind at a BIRTH: the newborn's pid; -errno, with walk->op and walk->step set, on failure. */
long walk_run (struct cpod_walk *walk);
/* The record of a failed walk. */
void walk_record (const struct cpod_walk *walk, long error, struct cpod_record *ret_record);

/* For the parts of the walker: notes step when ret is a failure, and gives ret back. */
static inline long
walk_at (struct cpod_walk *walk, uint32_t step, long ret)
{
	if (ret < 0)
		walk->step = step;
	return ret;
}

/* The string at ref; an empty one when ref leads outside (walk_open saw to a final NUL). */
const char *walk_text (const struct cpod_walk *walk, cpod_ref ref);
/* The n uint32_t at list.at, or NULL when they are not all inside. */
const uint32_t *walk_list (const struct cpod_walk *walk, struct cpod_ref_list list);
/* The descriptor in a slot; -1 (EBADF in use) for a slot that is not there. */
int walk_slot (const struct cpod_walk *walk, uint32_t slot);
void walk_fill (struct cpod_walk *walk, uint32_t slot, int fd);

/* A descriptor is not needed any more. CLOSE closes all at once, so only one with a high number is closed
 * right away: that saves most of the calls, and a plan of any length fits a small RLIMIT_NOFILE. */
void walk_done (int fd);

/* walk-mounts.c and walk-files.c: one function an operation. */
long walk_own_root (struct cpod_walk *walk, const struct cpod_op *op);
long walk_propagation (struct cpod_walk *walk, const struct cpod_op *op);
long walk_fsmount (struct cpod_walk *walk, const struct cpod_op *op);
long walk_open_tree (struct cpod_walk *walk, const struct cpod_op *op);
long walk_attr (struct cpod_walk *walk, const struct cpod_op *op);
long walk_attach (struct cpod_walk *walk, const struct cpod_op *op);
long walk_place (struct cpod_walk *walk, const struct cpod_op *op);
long walk_root (struct cpod_walk *walk, const struct cpod_op *op);
long walk_proc (struct cpod_walk *walk, const struct cpod_op *op);
long walk_mask (struct cpod_walk *walk, const struct cpod_op *op);
long walk_readonly (struct cpod_walk *walk, const struct cpod_op *op);
long walk_pivot (struct cpod_walk *walk, const struct cpod_op *op);
long walk_open_dir (struct cpod_walk *walk, const struct cpod_op *op);
long walk_mkdir (struct cpod_walk *walk, const struct cpod_op *op);
long walk_mkdir_old (struct cpod_walk *walk, const struct cpod_op *op);
long walk_mknod (struct cpod_walk *walk, const struct cpod_op *op);
long walk_symlink (struct cpod_walk *walk, const struct cpod_op *op);
long walk_sysctl (struct cpod_walk *walk, const struct cpod_op *op);
long walk_oom_score_adj (struct cpod_walk *walk, const struct cpod_op *op);
long walk_join_cgroup (struct cpod_walk *walk, const struct cpod_op *op);

/* walk-files.c. Opens path beneath the root (openat2, RESOLVE_IN_ROOT); resolve adds RESOLVE_* flags. */
long walk_open_beneath (struct cpod_walk *walk, const char *path, uint64_t flags, uint64_t resolve);
/* The same beneath the mount or directory in a slot. */
long walk_open_in (struct cpod_walk *walk, uint32_t slot, const char *path, uint64_t flags, uint64_t resolve);
/* Beneath the root as O_PATH, making what is missing: directories on the way, and at the end what make says. */
long walk_open_made (struct cpod_walk *walk, const char *path, uint32_t make, unsigned int mode, uint64_t resolve);
/* Opens path beneath the directory root (O_PATH); no link leads out of it. A directory that is missing is made with the
 * mode of root. */
long walk_open_volume (struct cpod_walk *walk, int root, const char *path);

/* Moves the caller to the group whose directory is open as group; its cgroup namespace, if it shall have one
 * of its own, begins there. For where a child cannot be born in its group. */
long walk_enter_cgroup (struct cpod_walk *walk, int group, int new_namespace);

/* walk-copy.c */
long walk_copy_up (struct cpod_walk *walk, const struct cpod_op *op);

/* walk-wait.c */
long walk_sync (struct cpod_walk *walk, const struct cpod_op *op);
long walk_wait (struct cpod_walk *walk, const struct cpod_op *op);
long walk_hook (struct cpod_walk *walk, const struct cpod_op *op);
long walk_find (struct cpod_walk *walk, const struct cpod_op *op);

/* walk-users.c */
long walk_become_root (struct cpod_walk *walk, const struct cpod_op *op);
long walk_keep_host (struct cpod_walk *walk, const struct cpod_op *op);
long walk_enter_host (struct cpod_walk *walk, const struct cpod_op *op);
long walk_leave_host (struct cpod_walk *walk, const struct cpod_op *op);
long walk_give_pipes (struct cpod_walk *walk, const struct cpod_op *op);

/* walk-process.c */
/* The strings of list as a NULL-terminated vector of list.n + 1 at out. */
long walk_vector (struct cpod_walk *walk, struct cpod_ref_list list, const char **out);
long walk_setns (struct cpod_walk *walk, const struct cpod_op *op);
long walk_hostname (struct cpod_walk *walk, const struct cpod_op *op);
long walk_domainname (struct cpod_walk *walk, const struct cpod_op *op);
long walk_loopback (struct cpod_walk *walk, const struct cpod_op *op);
long walk_stdio (struct cpod_walk *walk, const struct cpod_op *op);
long walk_close (struct cpod_walk *walk, const struct cpod_op *op);
long walk_setsid (struct cpod_walk *walk, const struct cpod_op *op);
long walk_keyring (struct cpod_walk *walk, const struct cpod_op *op);
long walk_rlimit (struct cpod_walk *walk, const struct cpod_op *op);
long walk_umask (struct cpod_walk *walk, const struct cpod_op *op);
long walk_chdir (struct cpod_walk *walk, const struct cpod_op *op);
long walk_bounding (struct cpod_walk *walk, const struct cpod_op *op);
long walk_ids (struct cpod_walk *walk, const struct cpod_op *op);
long walk_caps (struct cpod_walk *walk, const struct cpod_op *op);
long walk_no_new_privs (struct cpod_walk *walk, const struct cpod_op *op);
long walk_seccomp (struct cpod_walk *walk, const struct cpod_op *op);
long walk_reaper (struct cpod_walk *walk, const struct cpod_op *op);
long walk_birth (struct cpod_walk *walk, const struct cpod_op *op);
long walk_exec (struct cpod_walk *walk, const struct cpod_op *op);

/* walk-terminal.c */
long walk_terminal (struct cpod_walk *walk, const struct cpod_op *op);
long walk_controlling (struct cpod_walk *walk, const struct cpod_op *op);

#endif
