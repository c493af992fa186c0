/* The plan: a container's start as data.
 *
 * The parent compiles a spec into one relocatable block (a memfd): a header, a list of typed
 * operations, and the bytes that they refer to by offset. The child after clone walks the list with
 * one loop and one switch, and decides nothing (oci/init/walk.c). Strings are NUL-terminated inside
 * the block; a struct cpod_ref is an offset from its beginning, 0 for none.
 *
 * Slots are the child's small table of descriptors. Some are given with the plan (n_given, in the
 * order in which the parent attached them), others are filled by operations. By convention slot
 * CPOD_SLOT_ROOT is the root that the container will have, and every path in an operation without
 * a directory slot is resolved beneath it (openat2, RESOLVE_IN_ROOT).
 *
 * This header is shared with the freestanding program cpod-init: fixed-width types only.
 */
#ifndef CPOD_OCI_PLAN_H
#define CPOD_OCI_PLAN_H

#include <stdint.h>

#define CPOD_PLAN_MAGIC    0x6e616c70u   /* "plan" */
#define CPOD_PLAN_VERSION  1u
#define CPOD_PLAN_MAX_SIZE (32u << 20)
#define CPOD_PLAN_MAX_OPS  65536u
#define CPOD_PLAN_SLOTS    256u          /* fits one SCM_RIGHTS message's 253 descriptors and a few more */

typedef uint32_t cpod_ref;               /* offset into the block; 0: none */

/* A table of n refs, itself in the block. */
struct cpod_ref_list { cpod_ref at; uint32_t n; };

#define CPOD_SLOT_NONE   UINT16_MAX
#define CPOD_SLOT_ROOT   0u              /* the container's root, once CPOD_OP_ROOT has set it */
#define CPOD_SLOT_STDIN  1u              /* given: descriptors for 0, 1, 2; or none */
#define CPOD_SLOT_STDOUT 2u
#define CPOD_SLOT_STDERR 3u
#define CPOD_SLOT_PROC   4u              /* a private detached procfs, once CPOD_OP_PROC has made it */
#define CPOD_SLOT_FIRST  5u              /* the first that a plan may use freely */

/* What an operation makes when its target is not there. */
enum cpod_make {
	CPOD_MAKE_NOTHING, CPOD_MAKE_DIR, CPOD_MAKE_FILE,
	CPOD_MAKE_SAME,        /* ATTACH: a directory or a file, as the mount is */
};

enum cpod_op_kind {
	CPOD_OP_END,           /* nothing: pod init's own plan ends so */
	/* mounts */
	CPOD_OP_OWN_ROOT,      /* "/" is found to be the mount namespace's root: in a chroot, a pivot would leave a way out */
	CPOD_OP_PROPAGATION,   /* propagation: mount_setattr of "/" as it is now */
	CPOD_OP_FSMOUNT,       /* fsmount: a new file system, detached, into a slot */
	CPOD_OP_OPEN_TREE,     /* open_tree: a detached copy of the mount at a path of the old root, into a slot */
	CPOD_OP_ATTR,          /* attr: mount_setattr of the mount in a slot */
	CPOD_OP_ATTACH,        /* attach: the mount in a slot goes to a path beneath the root */
	CPOD_OP_PLACE,         /* place: the mount in a slot goes to a path of the old root */
	CPOD_OP_ROOT,          /* root: as PLACE, and the slot becomes CPOD_SLOT_ROOT */
	CPOD_OP_PROC,          /* a private detached procfs into CPOD_SLOT_PROC */
	CPOD_OP_MASK,          /* path, in the mount in slot: covered by an empty file or directory; absent is fine */
	CPOD_OP_READONLY,      /* path, in the mount in slot: made read-only in place; absent is fine */
	CPOD_OP_PIVOT,         /* the root becomes "/", the old one is gone */
	/* files beneath the root */
	CPOD_OP_OPEN_DIR,      /* open_dir: a directory beneath the root into a slot (made when absent) */
	CPOD_OP_MKDIR,         /* mkdir: a directory and its parents beneath the root; an existing one stays */
	CPOD_OP_MKDIR_OLD,     /* mkdir: one directory in the old root */
	CPOD_OP_MKNOD,         /* mknod: relative to a directory slot */
	CPOD_OP_SYMLINK,       /* symlink: relative to a directory slot; an existing name stays */
	/* namespaces and kernel settings */
	CPOD_OP_BECOME_ROOT,   /* users: waits until the ids of its own user namespace are mapped, and is root in it */
	CPOD_OP_KEEP_HOST,     /* pod init: its mount namespace, still the host's, stays open; it goes on in a copy */
	CPOD_OP_ENTER_HOST,    /* paths of the old root mean the host's, in the namespace that pod init kept */
	CPOD_OP_LEAVE_HOST,    /* and the container's again */
	CPOD_OP_SETNS,         /* setns: the namespace in a slot */
	CPOD_OP_HOSTNAME,      /* text */
	CPOD_OP_DOMAINNAME,    /* text */
	CPOD_OP_LOOPBACK,      /* the interface lo goes up (text: a finished netlink message) */
	CPOD_OP_SYSCTL,        /* sysctl: written relative to CPOD_SLOT_PROC */
	CPOD_OP_OOM_SCORE_ADJ, /* number: relative to CPOD_SLOT_PROC */
	CPOD_OP_JOIN_CGROUP,   /* join: into the group in a slot, where CLONE_INTO_CGROUP cannot be had */
	CPOD_OP_REAPER,        /* root: a first process for a PID namespace that the pod's containers will share, in the empty
	                        * root in slot; pod init's own plan only */
	/* the process */
	CPOD_OP_STDIO,         /* slots 1-3 become descriptors 0-2; /dev/null of the container where none was given */
	CPOD_OP_TERMINAL,      /* terminal: a new one of the container's devpts becomes descriptors 0-2 */
	CPOD_OP_GIVE_PIPES,    /* ids: unnamed pipes among descriptors 0-2 become the user's */
	CPOD_OP_CLOSE,         /* close: every descriptor but 0-2, those that are handed to the program (from 3 on), and
	                        * behind them the walker's own */
	CPOD_OP_SETSID,
	CPOD_OP_CONTROLLING,   /* descriptor 0 becomes the session's controlling terminal */
	CPOD_OP_KEYRING,       /* a new session keyring */
	CPOD_OP_RLIMIT,        /* rlimit */
	CPOD_OP_UMASK,         /* number */
	CPOD_OP_CHDIR,         /* text: in the new root, and found to be inside it */
	CPOD_OP_BOUNDING,      /* caps.bounding: everything else leaves the bounding set */
	CPOD_OP_IDS,           /* ids: groups, gid, uid; capabilities survive until CAPS */
	CPOD_OP_CAPS,          /* caps: the other four sets, exactly */
	CPOD_OP_NO_NEW_PRIVS,
	CPOD_OP_SECCOMP,       /* seccomp */
	CPOD_OP_BIRTH,         /* the walker, which is a go-between, gives birth to the command and ends: every exec, and
	                        * a container in a PID namespace that others live in */
	CPOD_OP_EXEC,          /* exec */
	/* what a container without a pod waits for */
	CPOD_OP_SYNC,          /* says that it has come so far, and waits until the parent lets it go on */
	CPOD_OP_WAIT,          /* the same, but for the start of the container: nothing but the exec is left then */
	CPOD_OP_HOOK,          /* hook: a program is run and must succeed */
	CPOD_OP_FIND,          /* exec.paths: one of them can be executed; found out before the start is waited for */
	CPOD_OP_COPY_UP,       /* path: what stands there beneath the root is copied into the tmpfs in slot, that will hide it;
	                        * reserved: 1 if the tmpfs has a mode of its own */
	CPOD_OP_KINDS,
};

struct cpod_op_fsmount {
	uint16_t slot;
	uint16_t pidns;                     /* of a procfs: the slot of the PID namespace that it shows; 0: the walker's own */
	cpod_ref type;                      /* "tmpfs" */
	struct cpod_ref_list options;       /* "key" or "key=value", each one fsconfig */
	cpod_ref source;                    /* or none */
	uint32_t attributes;                /* MOUNT_ATTR_* for fsmount */
};
struct cpod_op_open_tree {
	uint16_t slot;
	uint16_t recursive;
	cpod_ref path;
	uint32_t rdev;                      /* 0, or the device it must be */
	cpod_ref beneath;                   /* or none: what lies at this path below it, to which no link leads from outside;
	                                     * a directory that is missing is made with the mode of path's */
};
struct cpod_op_attr {
	uint16_t slot;
	uint16_t recursive;
	uint32_t reserved;
	uint64_t set, clear, propagation;   /* struct mount_attr */
};
struct cpod_op_attach {
	uint16_t slot;
	uint8_t  make;                      /* enum cpod_make, for what is missing at path */
	uint8_t  no_symlinks;               /* path and its parents may not be symbolic links */
	cpod_ref path;
	uint16_t dir;                       /* path is a name (a directory or, by make, a file) to be made in this slot's
	                                     * directory, a tmpfs that the plan has just made; CPOD_SLOT_NONE: path is
	                                     * beneath the root */
	uint16_t reserved;
};
struct cpod_op_root { uint16_t slot; uint16_t at; cpod_ref path; /* at: an O_PATH slot, else path in the old root */ };
struct cpod_op_path { cpod_ref path; uint16_t slot; uint16_t reserved; };
struct cpod_op_join { uint16_t slot; uint16_t new_namespace; /* 1: the cgroup namespace begins there */ };
struct cpod_op_mkdir { cpod_ref path; uint32_t mode; };
struct cpod_op_mknod { uint16_t dir; uint16_t reserved; cpod_ref name; uint32_t mode, uid, gid; uint64_t device; };
struct cpod_op_symlink { uint16_t dir; uint16_t reserved; cpod_ref name, target; };
struct cpod_op_users {
	uint16_t slot;                      /* a pipe: one byte says that the map is written, its end that it never will be */
	uint16_t watches_life;              /* 1: CPOD_INIT_FD_LIFE ends the waiting, too */
	uint32_t keep_groups;               /* 1: setgroups is denied in there */
};
struct cpod_op_setns { uint16_t slot; uint16_t reserved; uint32_t type; /* CLONE_NEW* that it must be */ };
struct cpod_op_text { cpod_ref text; uint32_t len; };
struct cpod_op_sysctl { cpod_ref path, value; };       /* "sys/net/ipv4/ip_forward" */
struct cpod_op_number { int64_t value; };
/* Lists of slots, as uint32_t: handed to the program; needed by a later operation. */
struct cpod_op_close { struct cpod_ref_list preserve, keep; };
struct cpod_op_hook {
	cpod_ref path;
	struct cpod_ref_list argv, envp;
	uint32_t timeout;                   /* seconds; 0: none */
	uint16_t state;                     /* slot: its standard input */
	uint16_t reserved;
};
struct cpod_op_rlimit { uint32_t resource, reserved; uint64_t soft, hard; };
struct cpod_op_ids {
	uint32_t uid, gid;
	struct cpod_ref_list groups;        /* of uint32_t, not refs */
	uint32_t keep_groups;               /* 1: there are none to set, and setgroups is denied */
};
/* gone: of what is not in bounding, what pod init has probably dropped already; it is looked at before it is dropped. */
struct cpod_op_caps { uint64_t bounding, effective, permitted, inheritable, ambient, gone; };
struct cpod_op_terminal { uint16_t socket; /* where the master goes */ uint16_t rows, columns, console; uint32_t uid; };
	/* console: 1: it is also /dev/console beneath the root */
struct cpod_op_seccomp { cpod_ref filter; uint32_t n; uint32_t flags, reserved; };   /* n struct sock_filter */
struct cpod_op_exec {
	struct cpod_ref_list argv, envp;
	struct cpod_ref_list paths;         /* tried in order, as execvp does */
};

struct cpod_op {
	uint32_t kind;                      /* enum cpod_op_kind */
	uint32_t reserved;
	union {
		struct cpod_op_fsmount   fsmount;
		struct cpod_op_open_tree open_tree;
		struct cpod_op_attr      attr;
		struct cpod_op_attach    attach;      /* ATTACH, PLACE */
		struct cpod_op_root      root;
		struct cpod_op_path      path;        /* MASK, READONLY, OPEN_DIR */
		struct cpod_op_join      join;
		struct cpod_op_mkdir     mkdir;
		struct cpod_op_mknod     mknod;
		struct cpod_op_symlink   symlink;
		struct cpod_op_users     users;
		struct cpod_op_setns     setns;
		struct cpod_op_text      text;        /* HOSTNAME, DOMAINNAME, LOOPBACK, CHDIR */
		struct cpod_op_sysctl    sysctl;
		struct cpod_op_number    number;      /* UMASK, OOM_SCORE_ADJ; PROPAGATION: MS_* */
		struct cpod_op_rlimit    rlimit;
		struct cpod_op_ids       ids;
		struct cpod_op_caps      caps;
		struct cpod_op_terminal  terminal;
		struct cpod_op_seccomp   seccomp;
		struct cpod_op_exec      exec;        /* EXEC, FIND */
		struct cpod_op_close     close;
		struct cpod_op_hook      hook;
		uint64_t words[6];
	};
};

struct cpod_plan_header {
	uint32_t magic, version;
	uint32_t size;                      /* of the whole block, in bytes */
	uint32_t n_ops;
	cpod_ref ops;                       /* struct cpod_op[n_ops], aligned to 8 */
	cpod_ref null_path;                 /* where the old root has a /dev/null, for masks */
	uint64_t clone_flags;               /* CLONE_NEW* for the process that walks this plan */
	uint16_t n_given;                   /* descriptors that come with the plan */
	uint16_t dumpable;                  /* 1: until BECOME_ROOT: else nobody could write its map */
	uint16_t joins;                     /* 1: what comes before BIRTH only joins mount, cgroup and PID namespaces, and pod
	                                     * init may do it itself */
	uint16_t home;                      /* 1: pod init's: it can come back to its namespaces */
	uint16_t given[CPOD_PLAN_SLOTS];    /* the slot of each */
};

/* Where a walk failed, in one write. step names the call within the operation. */
enum cpod_step {
	CPOD_STEP_NONE, CPOD_STEP_PLAN, CPOD_STEP_CLONE, CPOD_STEP_FSOPEN, CPOD_STEP_FSCONFIG, CPOD_STEP_FSCREATE,
	CPOD_STEP_FSMOUNT, CPOD_STEP_OPEN_TREE, CPOD_STEP_SETATTR, CPOD_STEP_OPEN, CPOD_STEP_MKDIR, CPOD_STEP_CREATE,
	CPOD_STEP_MOVE_MOUNT, CPOD_STEP_CHDIR, CPOD_STEP_PIVOT, CPOD_STEP_UMOUNT, CPOD_STEP_MKNOD, CPOD_STEP_CHOWN,
	CPOD_STEP_SYMLINK, CPOD_STEP_MAPPED, CPOD_STEP_MARK, CPOD_STEP_SETNS, CPOD_STEP_SET, CPOD_STEP_WRITE, CPOD_STEP_SOCKET,
	CPOD_STEP_NETLINK,
	CPOD_STEP_DUP, CPOD_STEP_SETSID, CPOD_STEP_KEYRING, CPOD_STEP_RLIMIT, CPOD_STEP_OUTSIDE, CPOD_STEP_BOUNDING,
	CPOD_STEP_KEEPCAPS, CPOD_STEP_SETGROUPS, CPOD_STEP_SETGID, CPOD_STEP_SETUID, CPOD_STEP_CAPSET, CPOD_STEP_AMBIENT,
	CPOD_STEP_NO_NEW_PRIVS, CPOD_STEP_SECCOMP, CPOD_STEP_CLOSE, CPOD_STEP_EXEC, CPOD_STEP_WRONG_DEVICE,
	CPOD_STEP_NOT_DIRECTORY, CPOD_STEP_SIGNALS, CPOD_STEP_CHROOT, CPOD_STEP_TERMINAL, CPOD_STEP_SEND,
	CPOD_STEP_CONTROLLING, CPOD_STEP_ALONE, CPOD_STEP_FORK, CPOD_STEP_COPY,
	/* of a hook; the record's error is its exit status, its signal */
	CPOD_STEP_HOOK_EXIT, CPOD_STEP_HOOK_SIGNAL, CPOD_STEP_HOOK_TIMEOUT,
	/* no failures: the walk waits for the parent (SYNC, WAIT); the command of an exec has this pid (op) */
	CPOD_STEP_SYNC, CPOD_STEP_WAIT, CPOD_STEP_BORN,
	CPOD_STEPS,
};

#endif
