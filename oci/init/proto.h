/* What the supervisor and pod init say to each other: one SOCK_SEQPACKET message each, fixed
 * structs with descriptors beside them (SCM_RIGHTS).
 *
 *     supervisor -> init    LAUNCH  start a container: clone, walk its plan
 *                           EXEC    run a command inside a container, born joined
 *                           KILL    end a marked command, with all that it has started
 *                           SOCKET  make a socket in the pod's network
 *     init -> supervisor    READY   pod init has walked its own plan; or failed: record set
 *                           LAUNCHED  the clone's pidfd; or failed: record set
 *                           EXITED  a container ended
 *                           SOCKET  the socket; or failed: record set
 *
 * How a walk went does not come this way: the child itself writes a struct cpod_record to the
 * descriptor that came with LAUNCH, which closes on exec. A record without an error says that the
 * exec comes next; end of file behind it: the program runs; end of file without it: the child died.
 * An exec's end is written by pod init to the descriptor that came with EXEC.
 *
 * A small plan comes behind the message's struct in the same packet, a larger one as a sealed memfd.
 *
 * Both sides check size, magic and bounds; pod init drops a message that does not fit and says so
 * by a failed reply. Shared with the freestanding cpod-init.
 */
#ifndef CPOD_OCI_INIT_PROTO_H
#define CPOD_OCI_INIT_PROTO_H

#include "oci/plan.h"

#define CPOD_INIT_MAGIC 0x63706f35u     /* changes with any struct here or in plan.h */

/* Descriptors that cpod-init finds open when it starts. */
enum {
	CPOD_INIT_FD_SOCKET = 3,        /* pod init: the supervisor. launcher: the status pipe */
	CPOD_INIT_FD_PLAN   = 4,        /* its own plan, a memfd */
	CPOD_INIT_FD_LIFE   = 5,        /* pod init: a pidfd of the supervisor. launcher: what SYNC and WAIT read from,
	                                 * or not open: the status pipe, which is a socket then */
	CPOD_INIT_FD_KILL   = 6,        /* pod init: the pod's cgroup.kill, or the null device */
	CPOD_INIT_FD_CGROUP = 7,        /* pod init: its own cgroup's directory, or the null device */
	CPOD_INIT_FD_HOST   = 8,        /* pod init: the null device until KEEP_HOST; its children have it until they close all */
	CPOD_INIT_FD_FIRST  = 9,        /* the plan's given descriptors follow in order */
};
/* argv[0] says what it is to be. */
#define CPOD_INIT_ARGV_POD    "cpod-init"
#define CPOD_INIT_ARGV_LAUNCH "cpod-launch"
#define CPOD_INIT_ARGV_JOIN   "cpod-join"      /* a launcher that gives birth (CPOD_OP_BIRTH), and says to whom */

enum cpod_message_kind {
	CPOD_MESSAGE_LAUNCH = 1,
	CPOD_MESSAGE_EXEC,
	CPOD_MESSAGE_READY,
	CPOD_MESSAGE_LAUNCHED,
	CPOD_MESSAGE_EXITED,
	CPOD_MESSAGE_KILL,
	CPOD_MESSAGE_SOCKET,
};

/* Where and how something failed: error is an errno, 0 for success. */
struct cpod_record {
	uint32_t magic;
	uint32_t op;                    /* index in the plan, UINT32_MAX: before or beside it */
	uint32_t step;                  /* enum cpod_step */
	int32_t  error;
};

/* flags of LAUNCH and EXEC. The descriptors, in this order: the plan, unless it is inline; status (LAUNCH) or
 * result (EXEC); the cgroup, if any; the plan's given ones. */
#define CPOD_LAUNCH_CGROUP (1u << 0)    /* a cgroup directory to be born in */
#define CPOD_LAUNCH_BORN   (1u << 1)    /* the plan of this LAUNCH has a BIRTH */
#define CPOD_LAUNCH_MARK   (1u << 3)    /* EXEC: there is no cgroup; what it starts is known by a mark (mark.c) */
#define CPOD_LAUNCH_KEEP   (1u << 4)    /* with MARK: what it leaves running may stay */
#define CPOD_LAUNCH_INLINE (1u << 2)    /* the plan follows the struct in the packet */

#define CPOD_INLINE_PLAN_MAX 16384u

/* flags of READY */
#define CPOD_READY_CLONE_INTO_CGROUP (1u << 0)   /* the trial clone lived: children may be born in a cgroup */

struct cpod_message {
	uint32_t magic;
	uint32_t kind;                  /* enum cpod_message_kind */
	uint32_t id;                    /* the supervisor's number for this child */
	uint32_t flags;                 /* SOCKET: its domain, as in socket(2); type and protocol are in the next two */
	int32_t  pid;                   /* LAUNCHED: in pod init's PID namespace */
	int32_t  status;                /* EXITED: as from wait4 */
	uint32_t exec;                  /* EXEC with MARK, KILL: the supervisor's number for this command */
	uint32_t reserved;
	struct cpod_record record;      /* READY, LAUNCHED: why not */
};

/* An exec's result: one of these in one write. */
struct cpod_exec_result {
	uint32_t magic;
	int32_t  status;                /* as from wait4; meaningless when record.error is set */
	struct cpod_record record;
};

#endif
