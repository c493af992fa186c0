/* The native runtime's own structs: a pod, its containers, what is in flight. Private to oci/.
 *
 * pod.c makes pods; pod-init.c starts pod init and speaks with it; container.c makes, starts and ends
 * containers; exec.c runs commands in them; production.c is the table that everybody else sees.
 *
 * A pod's mutex guards what pod init's messages change, so that the four blocking operations may be
 * called from threads; the asynchronous set needs no more than the ABI promises.
 */
#ifndef CPOD_OCI_PRODUCTION_H
#define CPOD_OCI_PRODUCTION_H

#include "cgroup.h"
#include "compile.h"
#include "id-lease.h"
#include "rootfs-tools/host-view.h"

#include <cpod/runtime.h>
#include <pthread.h>
#include <sys/types.h>
#include <sys/uio.h>

/* A running cpod-init. Its plan stands before it is started. */
struct cpod_rt_init {
	struct cpod_plan plan;
	int socket_fd, pidfd;               /* owned; -1: was not started */
	int pidns_fd;                       /* owned: the PID namespace that containers share; -1: there is none */
	pid_t pid;
	bool ready;                         /* READY has come */
	bool dead;                          /* it is gone */
	bool answered;                      /* the socket that was asked for has come: */
	int answer_fd, answer_error;        /* owned, -1: none; an errno */
	struct cpod_error failure;          /* why, when it was never ready */
};

#define CPOD_POD_BUCKETS 256

struct cpod_rt_pod {
	struct cpod_arena arena;            /* names, the host view */
	char *name, *hostname;
	uint32_t flags;                     /* CPOD_RT_POD_* */
	bool implicit;                      /* made for one container that was created without a pod */
	uint64_t bounding;                  /* what pod init keeps of its bounding set: what some container may have */
	bool has_host_view;
	struct cpod_host_view host_view;
	const struct cpod_rt_volume *volumes;   /* copies in the arena; of a pod that is only described: the config's */
	size_t n_volumes;
	bool own_users;                     /* it has a user namespace of its own, with these ids */
	struct cpod_idmap ids;
	struct cpod_id_lease lease;         /* a pod of root's: where they come from */
	int users_fd;                       /* owned: that namespace; -1: none, or the supervisor cannot use it */
	bool unprivileged;                  /* the supervisor is an ordinary user */
	bool no_cgroup;                     /* it can have none; the reason: */
	struct cpod_error no_cgroup_reason;
	char *cgroup_base;                  /* the delegated group that its own is in, "" for the root; relative to the root */
	int state_fd;                       /* state_dir/runtime, owned; -1: no state is kept */

	int cgroup_root_fd, cgroup_fd;      /* owned; of cgroup_base, of its own; -1: it has none */
	char *cgroup_path;                  /* "cpod/NAME.1a2b3c4d", relative to cgroup_root_fd */
	int devices_fd;                     /* owned: the default device program, once loaded */

	pthread_mutex_t lock;               /* for what follows */
	struct cpod_rt_init init;           /* pod init */
	uint32_t next_number;
	struct cpod_rt_container *containers[CPOD_POD_BUCKETS];   /* all that may still be told of, by their number */
};

enum cpod_container_state { CPOD_CREATED, CPOD_STARTING, CPOD_RUNNING, CPOD_ENDED };

/* A group below a container's for one exec at a time. */
struct cpod_exec_group {
	struct cpod_exec_group *next;
	char name[24];                      /* "probe-7" */
	int fd, events_fd;                  /* owned */
	bool used_up;                       /* was written to cgroup.kill: only to be removed */
};

struct cpod_rt_container {
	struct cpod_rt_pod *pod;
	struct cpod_rt_container *next;     /* in the pod's list */
	struct cpod_arena arena;            /* the spec and all that was made of it */
	char *name, *id;
	const struct cpod_oci_spec *spec;
	struct cpod_process process;
	struct cpod_namespaces namespaces;
	struct cpod_rt_init *init;          /* who launches it: the pod's, or its own */
	struct cpod_rt_init own_init;       /* in a PID namespace that was given by path */
	struct cpod_plan plan;
	struct cpod_cgroup_settings settings;
	const struct cpod_oci_resources *resources;   /* or NULL */
	int32_t stdio_fd[3];                /* owned; -1: the null device */

	char *cgroup_path;                  /* relative to the root */
	int cgroup_fd;                      /* owned, from start on */
	uint64_t oom_kills;                 /* of the group when the container started */
	struct cpod_exec_group *idle_groups, *dying_groups;
	uint32_t next_group;

	uint32_t number;                    /* in pod init's messages */
	enum cpod_container_state state;
	bool launched;                      /* LAUNCHED has come: with pidfd, or with the failure below */
	struct cpod_record failure;         /* of the launch, when its error is set */
	int pidfd;                          /* owned */
	bool exited;
	int status;                         /* as from wait4 */
};

enum cpod_op_type { CPOD_OP_TYPE_START, CPOD_OP_TYPE_EXEC };
struct cpod_rt_op {
	enum cpod_op_type type;
	struct cpod_rt_container *container;
	int fd;                             /* what the caller polls; owned */
	bool announced;                     /* START: the record before the exec has come */
	bool keep;                          /* EXEC: what outlives the command may live on */
	struct cpod_exec_group *group;      /* EXEC; owned while in flight; NULL: it has a mark instead */
	uint32_t exec;                      /* EXEC with a mark: its number */
	struct cpod_plan plan;              /* EXEC: for its words */
};

/* ---- pod.c ---- */

int cpod_rtpod_create (const struct cpod_rt_pod_config *config, struct cpod_rt_pod **ret_pod, struct cpod_error *err);
void cpod_rtpod_destroy (struct cpod_rt_pod *pod);
/* The volumes of a config, which may be of a caller that knows none. */
const struct cpod_rt_volume *cpod_rtpod_volumes (const struct cpod_rt_pod_config *config, size_t *ret_n);
/* What a config says of the host view. *needed: whether it is needed anyway; gets true when one of the
 * config's containers names no root. The mounts of the host are read where it is needed. pod: decided (below); its
 * bounding becomes the capabilities that some container's bounding set names, every bit where the config does not say. */
int cpod_rtpod_host_view (const struct cpod_rt_pod_config *config, struct cpod_arena *arena, struct cpod_rt_pod *pod,
                          bool *needed, struct cpod_host_view *ret_view, struct cpod_error *err);
/* Fills in whether the pod gets a user namespace of its own, with which ids, and whether it can have a cgroup. */
int cpod_rtpod_decide (struct cpod_rt_pod *pod, struct cpod_error *err);
/* Writes down which groups a dead supervisor would leave: a line each in state_dir/runtime/cgroup. */
int cpod_rtpod_note_cgroup (struct cpod_rt_pod *pod, const char *path, struct cpod_error *err);
/* Marks a group as cpod's: only such ones are reclaimed with processes in them. */
int cpod_rtpod_mark_cgroup (int cgroup_fd, struct cpod_error *err);
/* Kills and removes what that file names. */
int cpod_rtpod_reclaim (const char *state_dir, struct cpod_error *err);

/* ---- pod-users.c: nothing for pods without a user namespace, and for an ordinary user's ---- */

/* Whether it gets one: fills in own_users, and ids as far as they are known. */
int cpod_rtusers_decide (struct cpod_rt_pod *pod, struct cpod_error *err);
/* Takes a block of user's subordinate ids (NULL: the default user's), once the pod has its cgroup. */
int cpod_rtusers_take (struct cpod_rt_pod *pod, const char *user, struct cpod_error *err);
/* Opens the namespace, once pod init is in it. */
int cpod_rtusers_open (struct cpod_rt_pod *pod, struct cpod_error *err);
/* Lets pod init put children into a group. */
int cpod_rtusers_give_group (const struct cpod_rt_pod *pod, int cgroup_fd, struct cpod_error *err);
/* Gives the ids back. gone: whether nothing of the pod is left; else `cpod gc` looks again. */
void cpod_rtusers_finish (struct cpod_rt_pod *pod, bool gone);

/* ---- pod-init.c ---- */

struct cpod_rtinit_config {
	uint64_t clone_flags;               /* CLONE_NEW* */
	int cgroup_fd;                      /* the leaf that it lives in; borrowed; -1: where the caller is */
	int kill_in_fd;                     /* the group whose cgroup.kill is its last act; borrowed; -1: none */
	const struct cpod_idmap *ids;       /* it gets a user namespace with these; NULL: none. Its plan begins by waiting for
	                                     * them at CPOD_SLOT_FIRST */
};
void cpod_rtinit_init (struct cpod_rt_init *init);
/* Starts it. Of its plan only descriptors of the caller's may be given (CPOD_GIVEN_FD). */
int cpod_rtinit_start (struct cpod_rt_init *init, const struct cpod_rtinit_config *config, struct cpod_error *err);
/* Closes the socket, waits for its end and takes its status, should it be ours to take. One that was not started: nothing. */
void cpod_rtinit_finish (struct cpod_rt_init *init);
/* Waits until it has walked its plan; otherwise its words. Call with the lock held. */
int cpod_rtinit_await_ready (struct cpod_rt_pod *pod, struct cpod_rt_init *init, struct cpod_error *err);
/* Sends parts, one packet, with n descriptors to pod init. -EAGAIN never: waits while pod init is busy, taking
 * its messages meanwhile. -ESRCH: pod init is gone. Call with the lock held. */
int cpod_rtinit_send (struct cpod_rt_pod *pod, struct cpod_rt_init *init, const struct iovec *parts, size_t n_parts,
                      const int *fds, size_t n, struct cpod_error *err);
/* Takes what pod init has said; waits up to timeout_ms for the first message (0: does not wait). Call
 * with the lock held. */
void cpod_rtinit_receive (struct cpod_rt_pod *pod, struct cpod_rt_init *init, int timeout_ms);

/* A socket in the pod's network (runtime.h, pod_socket). */
int cpod_rtpod_socket (struct cpod_rt_pod *pod, int domain, int type, int protocol, int *ret_fd, struct cpod_error *err);

/* ---- request.c ---- */

struct cpod_request_head {
	uint32_t kind, flags;               /* CPOD_MESSAGE_LAUNCH or EXEC; flags beside those that follow from the rest */
	uint32_t exec;                      /* EXEC with a mark: its number */
};
/* Asks the container's init for what head says, with plan. report_fd: where the walk is reported to; cgroup_fd:
 * where to be born, -1: nowhere in particular. Opens and closes what the plan gives; takes the pod's lock. Errors
 * are those of cpod_rtinit_send, and of opening. */
int cpod_request_send (struct cpod_rt_container *c, const struct cpod_request_head *head, struct cpod_plan *plan, int report_fd,
                       int cgroup_fd, struct cpod_error *err);
/* Has a marked command ended, with all that it has started. */
void cpod_request_kill (struct cpod_rt_container *c, uint32_t exec);

/* ---- container.c ---- */

int cpod_rtc_create (struct cpod_rt_pod *pod, const struct cpod_rt_container_config *config,
                     struct cpod_rt_container **ret_container, struct cpod_error *err);
void cpod_rtc_destroy (struct cpod_rt_container *c);
int cpod_rtc_start (struct cpod_rt_container *c, struct cpod_rt_op **ret_op, int *ret_fd, struct cpod_error *err);
int cpod_rtc_start_result (struct cpod_rt_op *op, struct cpod_error *err);
int cpod_rtc_kill (struct cpod_rt_container *c, int signal, struct cpod_error *err);
int cpod_rtc_exit_fd (struct cpod_rt_container *c, int *ret_fd, struct cpod_error *err);
int cpod_rtc_exit_status (struct cpod_rt_container *c, struct cpod_rt_exit *ret_exit, struct cpod_error *err);
/* Unnamed pipes among fds become the program's user's, who may open them again through /dev/stdout and
 * its like. ids: of the user namespace that the program is in, NULL: the caller's. What has a name on the host stays
 * whose it is; with ids only root can do it, and an ordinary user's walker does (GIVE_PIPES). */
void cpod_rtc_give_pipes (const struct cpod_process *process, const struct cpod_idmap *ids, const int32_t fds[3]);
/* The ids of the container's user namespace, NULL: it has none. */
const struct cpod_idmap *cpod_rtc_ids (const struct cpod_rt_container *c);
/* wait4's status as the ABI has it. */
void cpod_rtc_exit_of (int status, struct cpod_rt_exit *ret_exit);
/* What the container's start would do. */
int cpod_rtc_describe (const struct cpod_rt_pod_config *pod, const struct cpod_rt_container_config *config,
                       char **ret_text, struct cpod_error *err);

/* Attaches the device allow-list to the container's cgroup: the spec's rules, else the default devices
 * and those that the spec makes. devices.c */
int cpod_rtc_confine_devices (struct cpod_rt_container *c, struct cpod_error *err);

/* ---- exec.c ---- */

int cpod_rtexec_start (struct cpod_rt_container *c, const struct cpod_rt_exec_config *config, struct cpod_rt_op **ret_op,
                       int *ret_fd, struct cpod_error *err);
int cpod_rtexec_result (struct cpod_rt_op *op, struct cpod_rt_exit *ret_exit, struct cpod_error *err);
void cpod_rtexec_cancel (struct cpod_rt_op *op);
/* Removes the groups of execs that are over; with all, also idle ones. */
void cpod_rtexec_sweep (struct cpod_rt_container *c, bool all);

#endif
