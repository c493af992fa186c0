/* Pod init's children: how they come to be, and who is told of their end. Freestanding. */
#ifndef CPOD_OCI_INIT_LAUNCH_H
#define CPOD_OCI_INIT_LAUNCH_H

#include "sys.h"
#include "walk.h"

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ull
#endif

/* mark.c */
struct cpod_mark {
	int      fd;               /* owned; -1: none */
	uint64_t number;           /* of the namespace that is the mark */
};

struct cpod_child {
	int32_t  pid;
	uint32_t id;               /* the supervisor's number for it */
	int      result_fd;        /* EXEC: where its end is written, owned; -1 for a container */
	uint32_t exec;             /* EXEC with a mark: the supervisor's number for it */
	int      keep;             /* what it leaves running may stay */
	struct cpod_mark mark;     /* fd -1: it has none */
};

#define CPOD_CHILDREN_MAX 65536u

/* The living children, dense. Their number is bounded by the table, which is reserved, not used. */
struct cpod_children {
	struct cpod_child *items;
	uint32_t n;
	uint32_t into_cgroup;      /* children can be born in a cgroup; else they move there themselves */
	struct sys_rlimit files;   /* RLIMIT_NOFILE as it was, for the children */
};

struct cpod_request {
	const struct cpod_message *message;   /* an inline plan right behind it */
	size_t inline_len;
	int *fds;                  /* closed by the caller; one that is kept is replaced by -1 */
	size_t n_fds;
};

/* Reserves the table. 0 or -errno. */
long launch_prepare (struct cpod_children *children, uint32_t into_cgroup);
/* Does what a LAUNCH or EXEC asks for, and answers. */
void launch_serve (struct cpod_children *children, struct cpod_request *request);
/* Takes the child with that pid out of the table. 0 when there is none. */
int children_take (struct cpod_children *children, int pid, struct cpod_child *ret_child);
/* Makes a new mark: it is on the caller, and on whom the caller gives birth to from now on. 0 or -errno. */
long mark_make (struct cpod_mark *mark);
/* SIGKILL to everybody else who has the mark, until nobody has. */
void mark_kill (const struct cpod_mark *mark);
/* The plan's given descriptors stand open from first on, in order. */
void launch_fill_slots (struct cpod_walk *walk, int first);

/* home.c. Notes pod init's namespaces, while the host's /proc is there. */
void home_note (void);
/* Tries the way back from where pod init will wait. */
void home_try (void);
/* Whether pod init may leave its namespaces: it can come back. */
int home_is_known (void);
/* The null device at path, opened once; negative: it cannot be. */
int home_null (const char *path);
/* Comes back, or ends the pod. */
void home_return (void);

/* main.c. The last act: the pod's cgroup.kill, and exit. */
void init_end (void) __attribute__ ((noreturn));
/* Maps the plan in fd and opens it. */
long init_map_plan (struct cpod_walk *walk, int fd);
/* Answers the supervisor; error < 0 fills the record from walk. */
void init_reply (uint32_t kind, uint32_t id, uint32_t flags, int pid, int fd, const struct cpod_walk *walk, long error);

#endif
