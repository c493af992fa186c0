/* From a spec to a plan: the only place that decides what happens in which order.
 *
 * cpod_compile_start makes the plan of a container's start, cpod_compile_exec that of a command in
 * it. Both are pure but for a stat of each bind source and a read of what capabilities the caller
 * has: nothing is made, nothing is opened for good. Errors are "FIELD: reason", FIELD being the path
 * within the spec.
 */
#ifndef CPOD_OCI_COMPILE_H
#define CPOD_OCI_COMPILE_H

#include "oci/idmap.h"
#include "oci/plan-build.h"
#include "oci/seccomp.h"
#include "oci/spec.h"

struct cpod_host_view;
struct cpod_mount_options;

/* Where a pod's container finds things in the old root, pod init's own small file system. */
#define CPOD_OLD_HOST    "/host"        /* the host's file systems */
#define CPOD_OLD_NULL    "/null"        /* a null device */
#define CPOD_OLD_ROOT    "/root"        /* where the new root is attached before the pivot */
#define CPOD_OLD_VOLUMES "/volumes"     /* the pod's volumes in memory */
#define CPOD_OLD_SCRATCH "/scratch"     /* where a host view keeps its upper layers */
/* And in a user namespace of its own: */
#define CPOD_OLD_DEV     "/dev"         /* the host's nodes, for which mknod is not allowed */
#define CPOD_OLD_SYS     "/sys"         /* a sysfs: the pod's, or the host's where the network is the host's */

struct cpod_compile_input {
	const struct cpod_oci_spec *spec;
	const char *bundle;                     /* relative paths of the spec begin here; NULL: they are refused */
	bool pod;                               /* in a pod, with cpod's defaults where the spec is silent */
	uint32_t pod_flags;                     /* CPOD_RT_POD_* */
	uint64_t gone_caps;                     /* what pod init has dropped from its bounding set */
	const struct cpod_rt_volume *volumes;   /* the pod's */
	size_t n_volumes;
	const struct cpod_host_view *host_view; /* for a spec without root.path; NULL: root.path is required */
	const struct cpod_idmap *ids;           /* of the user namespace that it will be in; NULL: the supervisor's own */
	bool unprivileged;                      /* the supervisor cannot open mounts: the host's are in what pod init kept */
	bool no_cgroup;                         /* there can be no cgroup of its own */
	const char *join_cgroup;                /* a cgroup's directory that the process enters by itself; or NULL */
	int32_t stdio_fd[3];                    /* borrowed until the launch; -1: the null device */
	bool own_stdio;                         /* leave descriptors 0-2 as they are */
	/* Without a pod; the descriptors are borrowed until the launch. */
	bool wait;                              /* for a start that comes later */
	bool born;                              /* a PID namespace that is joined is entered by birth, as in a pod */
	bool keep_keyring;                      /* the caller's session keyring stays */
	int terminal_fd;                        /* process.terminal: the socket that its master is sent to */
	uint16_t rows, columns;                 /* its size, unless the spec has one; 0: none */
	const int *preserve_fds;                /* the program's, from 3 on */
	size_t n_preserve_fds;
	const int *hook_fds;                    /* what each hook of createContainer, then of startContainer reads */
};

/* The process part, resolved once for the start and every exec. */
struct cpod_process {
	const char *const *argv, *const *envp;
	size_t argc, envc;
	const char *cwd;
	uint32_t uid, gid, umask;
	const uint32_t *groups;
	size_t n_groups;
	struct cpod_op_caps caps;
	bool gives_pipes;                       /* the walker does, who is in its user namespace */
	bool keep_groups;                       /* there are none to set, and setgroups is denied */
	bool no_new_privs;
	const struct cpod_oci_rlimit *rlimits;
	size_t n_rlimits;
	struct cpod_int oom_score_adj;
	struct cpod_seccomp_program seccomp;    /* n == 0: none */
	bool watched;                           /* others see it from its birth on, and may trace: its PID namespace is not its own */
};

/* Which namespaces the container has of its own, and which it joins by path. */
struct cpod_namespaces {
	uint64_t own;                           /* CLONE_NEW* of the clone */
	const char *path[CPOD_OCI_N_NS];        /* joined; NULL: not */
	size_t index[CPOD_OCI_N_NS];            /* in linux.namespaces */
	bool shared_pid;                        /* it is in the PID namespace that the pod's containers share */
};
extern const uint64_t cpod_namespace_flags[CPOD_OCI_N_NS];

int cpod_namespaces_resolve (const struct cpod_compile_input *input, struct cpod_namespaces *ret, struct cpod_error *err);
/* Whether the container will be in the caller's own namespace of that type, the host's: because nothing
 * was said, because the pod shares it, or because a path leads to it. */
bool cpod_namespace_is_hosts (const struct cpod_compile_input *input, const struct cpod_namespaces *namespaces,
                              enum cpod_oci_namespace_type type);
/* Everything in arena. */
int cpod_process_resolve (const struct cpod_compile_input *input, struct cpod_arena *arena, struct cpod_process *ret,
                          struct cpod_error *err);

/* plan: fresh, initialised. arena: for what the compilation itself needs; may go before the plan. */
int cpod_compile_start (const struct cpod_compile_input *input, struct cpod_arena *arena,
                        const struct cpod_process *process, struct cpod_plan *plan, struct cpod_error *err);

/* What terminal a command gets. */
enum cpod_terminal {
	CPOD_TERMINAL_NONE,
	CPOD_TERMINAL_GIVEN,        /* its standard input is one, and becomes its controlling terminal */
	CPOD_TERMINAL_NEW,          /* a new one of the container's devpts, in place of all three */
};
#define CPOD_SLOT_TTY_SOCKET (CPOD_SLOT_FIRST + 1)

/* The plan of a command in a running container. Its given descriptors: stdio (where not negative), then
 * the container's pidfd, which the caller sets for CPOD_SLOT_FIRST, and for a new terminal the socket that its
 * master is sent to, for CPOD_SLOT_TTY_SOCKET. join: CLONE_NEW* to enter. rows, columns: of a new terminal. */
int cpod_compile_exec (const struct cpod_process *process, const char *const *argv, const char *const *envp,
                       const char *cwd, const int32_t stdio_fd[3], uint64_t join, const char *null_path,
                       enum cpod_terminal terminal, uint16_t rows, uint16_t columns, struct cpod_plan *plan,
                       struct cpod_error *err);

/* The user namespace is there, empty of ids, when the plan begins: with the first of its given descriptors, a pipe that
 * tells when they are mapped (CPOD_SLOT_FIRST). watches_life: pod init's plan. */
void cpod_compile_become_root (const struct cpod_idmap *ids, bool watches_life, struct cpod_plan *plan);

struct cpod_compile_pod {
	const struct cpod_strings *layers;      /* the host's mount points that containers may need, "/" first */
	const char *hostname;
	bool loopback;                          /* the network namespace is the pod's own */
	bool share_pid;                         /* a PID namespace for all containers, with a reaper in it */
	const struct cpod_rt_volume *volumes;   /* all of the pod's; those without a path are made */
	size_t n_volumes;
	uint64_t bounding;                      /* what stays in the bounding set; UINT64_MAX: all */
	const struct cpod_idmap *ids;           /* of the pod's own user namespace; NULL: it has none */
	const struct cpod_array *pieces;        /* struct cpod_host_piece: with ids, in place of the layers */
	bool unprivileged;                      /* the supervisor cannot open mounts: pod init keeps the host's for them */
};
/* Pod init's own plan: its user namespace, its small mount namespace, the host name, the loopback interface.
 * Its given descriptor, where there are ids: CPOD_SLOT_FIRST, the pipe that tells that they are mapped. */
int cpod_compile_pod (const struct cpod_compile_pod *input, struct cpod_plan *plan, struct cpod_error *err);

/* The plan of the process that launches a container in a PID namespace given by path: it joins all namespaces of
 * pod init but that one. Its given descriptor: pod init's pidfd, which the caller sets for CPOD_SLOT_FIRST. */
int cpod_compile_beside (struct cpod_plan *plan, struct cpod_error *err);

/* ---- the parts, in the order of a start ---- */

/* What a start has beside its program. */
struct cpod_compile_life {
	bool wait, terminal;
	bool late_terminal;                     /* it is taken by who is born */
	const struct cpod_array *hooks;         /* of startContainer, or NULL */
	uint16_t *hook_slots;                   /* one each */
};

struct cpod_compiler {
	const struct cpod_compile_input *input;
	struct cpod_arena *arena;
	struct cpod_plan *plan;
	struct cpod_namespaces namespaces;
	const struct cpod_oci_linux *linux_part;   /* never NULL */
	uint16_t pidns_slot;                       /* of a PID namespace that is joined; 0: none is */
	uint16_t dev_slot;                         /* the tmpfs that is /dev; 0: none of the plan's is */
	struct cpod_kernel_mount { const char *path; uint16_t slot; } kernel[2];   /* /proc and /sys; slot 0: not the plan's */
	bool dev_is_bound;                         /* /dev comes from elsewhere: nothing is made in it */
	struct { uint16_t slot; const char *path, *field; } late_readonly[128];   /* tmpfs that become read-only last */
	size_t n_late_readonly;
	struct cpod_compile_life life;
};

int cpod_compile_root (struct cpod_compiler *compiler, struct cpod_error *err);
int cpod_compile_mounts (struct cpod_compiler *compiler, struct cpod_error *err);
int cpod_compile_devices (struct cpod_compiler *compiler, struct cpod_error *err);
int cpod_compile_kernel (struct cpod_compiler *compiler, const struct cpod_process *process, struct cpod_error *err);
void cpod_compile_masks (struct cpod_compiler *compiler);
/* The interface lo of the walker's network namespace goes up. */
void cpod_compile_loopback (struct cpod_plan *plan);
void cpod_compile_stdio (struct cpod_plan *plan, const int32_t stdio_fd[3]);
/* What stands between joining and the program's own part. */
enum cpod_birth {
	CPOD_BIRTH_NONE,            /* a start: the walker is the program */
	CPOD_BIRTH_CONTAINER,       /* a start in a PID namespace that others live in: BIRTH, and a session for the newborn */
	CPOD_BIRTH_PLAIN,           /* a command: BIRTH before the filter */
	CPOD_BIRTH_DONE,            /* a command that has been born already */
	CPOD_BIRTH_TERMINAL,        /* as PLAIN, and the newborn takes descriptor 0 as its terminal */
};
/* Whether a command can be born as soon as the namespaces are joined: nobody there could take hold of it, and no limit
 * must stand before it. */
bool cpod_process_may_come_early (const struct cpod_process *process);
/* From the limits to the exec. life: NULL where there is no more than the program. */
void cpod_compile_process (struct cpod_plan *plan, const struct cpod_process *process, const char *const *argv,
                           const char *const *envp, const char *cwd, enum cpod_birth birth,
                           const struct cpod_compile_life *life);

/* A command for a running container without a pod. Its descriptors 0-2 are the launcher's. */
struct cpod_compile_join {
	const struct cpod_process *process;
	uint64_t namespaces;                    /* CLONE_NEW* to enter */
	int pidfd;                              /* of the container; borrowed, as all descriptors here, until the launch */
	const char *join_cgroup;                /* as in struct cpod_compile_input */
	int terminal_fd;                        /* gets the master of a new terminal; -1: no terminal */
	uint16_t rows, columns;
	const int *preserve_fds;
	size_t n_preserve_fds;
};
int cpod_compile_join (const struct cpod_compile_join *join, struct cpod_arena *arena, struct cpod_plan *plan,
                       struct cpod_error *err);

/* compile-life.c: a container without a pod, between its creation and its start. */
/* What the spec asks for, as far as it can be had here. */
int cpod_compile_life (struct cpod_compiler *compiler, struct cpod_error *err);
/* The terminal; hooks of creation, which run while the old root is still there. */
void cpod_compile_terminal (struct cpod_compiler *compiler, const struct cpod_process *process);
void cpod_compile_create_hooks (struct cpod_compiler *compiler);
/* Closes every descriptor but those that life needs. */
void cpod_compile_close (struct cpod_compiler *compiler);
/* Waits for the start, and runs its hooks. */
void cpod_compile_wait (struct cpod_plan *plan, const struct cpod_compile_life *life, struct cpod_ref_list paths);

/* One of linux.devices, made anew. dev_dir: the slot of /dev; index: in the list. */
int cpod_compile_device (struct cpod_compiler *compiler, const struct cpod_oci_device *device, uint16_t dev_dir, size_t index,
                         struct cpod_error *err);

/* ---- compile-users.c: what differs in a user namespace of its own ---- */

/* A copy of the mount at a path of the host, with recursive also of what is mounted below it, detached; its slot.
 * The supervisor gives it or, unprivileged, the walker takes it from what pod init kept. */
uint16_t cpod_compile_tree (struct cpod_compiler *compiler, const char *path, bool recursive, const char *field);
/* The same of what lies at beneath in it (subpath.h), for an unprivileged supervisor. */
uint16_t cpod_compile_tree_beneath (struct cpod_compiler *compiler, const char *path, const char *beneath, bool recursive,
                                    const char *field);
/* The same from pod init's own small file system. rdev: the device that it must be (major << 20 | minor), or 0. */
uint16_t cpod_compile_old_tree (struct cpod_plan *plan, const char *path, bool recursive, uint32_t rdev);
/* The files of a mount that the supervisor gives become those of the pod's user namespace, if it has one. */
void cpod_compile_own_files (struct cpod_compiler *compiler, uint16_t slot);
/* The ids that a mount of the spec's asks for, or those of the pod. slot: the mount's; CPOD_SLOT_NONE: the container's first
 * process makes it. compile-idmap.c */
int cpod_compile_mount_ids (struct cpod_compiler *compiler, const struct cpod_oci_mount *spec, const struct cpod_mount_options *options,
                            uint16_t slot, const char *field, struct cpod_error *err);
/* linux.uidMappings and gidMappings, which must be there where own_namespaces has CLONE_NEWUSER, and only there. */
int cpod_compile_container_map (const struct cpod_oci_spec *spec, uint64_t own_namespaces, struct cpod_idmap *ret_map,
                                struct cpod_error *err);
/* Mappings of a spec's; both kinds are required. */
int cpod_compile_read_map (const struct cpod_array *uids, const struct cpod_array *gids, const char *field, struct cpod_idmap *ret_map,
                           struct cpod_error *err);
/* The host view in pieces. */
int cpod_compile_pieces (struct cpod_compiler *compiler, const struct cpod_host_view *view, struct cpod_error *err);
/* The nodes of /dev, bound: the default ones, and those of linux.devices that the host has in the same place. dev: the
 * slot of /dev. */
int cpod_compile_bound_devices (struct cpod_compiler *compiler, uint16_t dev, struct cpod_error *err);
/* Whether process may be who it wants to be, in these ids. */
int cpod_compile_check_ids (const struct cpod_idmap *ids, const struct cpod_process *process, struct cpod_error *err);
/* Whether a list of device rules says no more than what holds without a device filter: all is denied but what is there.
 * devices: those that the spec makes. */
int cpod_compile_check_rules (const struct cpod_array *rules, const struct cpod_array *devices, struct cpod_error *err);
/* A tmpfs, of mode in octal, into a new slot. */
uint16_t cpod_compile_tmpfs (struct cpod_plan *plan, const char *size, unsigned int mode, unsigned int attributes, const char *what);
void cpod_compile_attach_at (struct cpod_plan *plan, uint16_t slot, const char *path, uint8_t make);
/* Where a slot's mount becomes read-only once nothing more is to be made in it. */
void cpod_compile_readonly_later (struct cpod_compiler *compiler, uint16_t slot, const char *path, const char *field);

/* compile-volumes.c. Whether the source of a bind mount names a volume; its mount, or that of what it names in one, in a
 * slot; the volumes in memory, in pod init's plan. */
bool cpod_compile_is_volume (const char *source);
int cpod_compile_volume (struct cpod_compiler *compiler, const char *source, bool recursive, const char *field,
                         uint16_t *ret_slot, struct cpod_error *err);
void cpod_compile_pod_volumes (const struct cpod_compile_pod *input, struct cpod_plan *plan);

/* Whether a path of the host is a directory; field stands in the error. -EINVAL where it cannot be reached: it is the
 * spec that is wrong. */
int cpod_compile_is_directory (const char *path, bool *ret_is_dir, const char *field, struct cpod_error *err);
/* "mounts[3]" and the like, in the compiler's arena; never NULL. */
const char *cpod_compile_field (struct cpod_arena *arena, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
