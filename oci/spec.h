/* The OCI runtime-spec 1.3 configuration as C structs.
 *
 * config.json, process.json and the `spec` of a pod's container become these structs by the tables
 * in oci/spec*.c, one table per object; what a table says of a field (kind, bounds, whether it is
 * carried out) is true for the decoder, its errors and the manual alike. Values are checked here as
 * far as the text alone allows: nothing is opened, looked up or resolved.
 *
 * Every struct lives in the decoder's arena and points into it. An absent field is zero: a NULL
 * pointer, `set` false, n == 0. Empty strings are treated as absent by those who carry them out.
 * An enum field holds its enum's value in a struct cpod_int.
 *
 * The source of every rule is config.md and config-linux.md of the runtime-spec, unless a comment
 * says otherwise.
 */
#ifndef CPOD_OCI_SPEC_H
#define CPOD_OCI_SPEC_H

#include "src/base/decode.h"

/* Bits of cpod_decoder.flags, beside enum cpod_decode_flags. */
enum cpod_oci_spec_flags {
	/* The spec is embedded in a pod: what the pod layer fills in (ociVersion, root.path,
	 * process.args and cwd, user.uid and gid) may be absent. */
	CPOD_OCI_SPEC_PARTIAL = 1 << 16,
};

/* 4294967295 is "no change" to the kernel's set*id calls, so it is nobody's id. */
#define CPOD_OCI_ID_MAX 4294967294

/* ---- process ---- */

struct cpod_oci_console_size {
	struct cpod_uint height, width;      /* characters, 1..65535 */
};

struct cpod_oci_user {
	struct cpod_uint uid, gid;           /* 0..CPOD_OCI_ID_MAX */
	struct cpod_uint umask;              /* 0..0777 */
	struct cpod_uints additional_gids;   /* each 0..CPOD_OCI_ID_MAX */
	const char *username;                /* Windows */
};

/* Each list holds names known to cpod_oci_capability_number. */
struct cpod_oci_capabilities {
	struct cpod_strings bounding, permitted, effective, inheritable, ambient;
};

struct cpod_oci_rlimit {
	struct cpod_int type;                /* the kernel's RLIMIT_ number */
	struct cpod_uint soft, hard;         /* soft <= hard; UINT64_MAX: no limit */
};

enum cpod_oci_sched_policy {
	CPOD_OCI_SCHED_OTHER, CPOD_OCI_SCHED_FIFO, CPOD_OCI_SCHED_RR, CPOD_OCI_SCHED_BATCH,
	CPOD_OCI_SCHED_ISO, CPOD_OCI_SCHED_IDLE, CPOD_OCI_SCHED_DEADLINE,
};

struct cpod_oci_scheduler {
	struct cpod_int policy;              /* enum cpod_oci_sched_policy */
	struct cpod_int nice;                /* -20..19 */
	struct cpod_int priority;            /* 0..99 */
	struct cpod_strings flags;           /* SCHED_FLAG_* */
	struct cpod_uint runtime, deadline, period;   /* nanoseconds */
};

enum cpod_oci_ioprio_class { CPOD_OCI_IOPRIO_RT, CPOD_OCI_IOPRIO_BE, CPOD_OCI_IOPRIO_IDLE };

struct cpod_oci_io_priority {
	struct cpod_int class;               /* enum cpod_oci_ioprio_class */
	struct cpod_int priority;            /* 0..7 */
};

struct cpod_oci_cpu_affinity {
	const char *initial, *final;         /* CPU lists: "0-3,7" */
};

struct cpod_oci_process {
	struct cpod_bool terminal;
	const struct cpod_oci_console_size *console_size;
	const struct cpod_oci_user *user;
	struct cpod_strings args;            /* not empty when set; args.items is an argv */
	const char *command_line;            /* Windows */
	struct cpod_strings env;             /* each "NAME=value"; env.items is an envp */
	const char *cwd;                     /* absolute */
	const struct cpod_oci_capabilities *capabilities;
	struct cpod_array rlimits;           /* struct cpod_oci_rlimit, no type twice */
	struct cpod_bool no_new_privileges;
	const char *apparmor_profile;
	struct cpod_int oom_score_adj;       /* -1000..1000 */
	const struct cpod_oci_scheduler *scheduler;
	const char *selinux_label;
	const struct cpod_oci_io_priority *io_priority;
	const struct cpod_oci_cpu_affinity *exec_cpu_affinity;
};

/* ---- root, mounts, hooks ---- */

struct cpod_oci_root {
	const char *path;                    /* relative: to the bundle */
	struct cpod_bool readonly;
};

struct cpod_oci_id_mapping {
	struct cpod_uint container_id, host_id, size;   /* size >= 1; neither range passes ID_MAX */
};

struct cpod_oci_mount {
	const char *destination;             /* absolute */
	const char *type, *source;
	struct cpod_strings options;
	struct cpod_array uid_mappings, gid_mappings;   /* struct cpod_oci_id_mapping */
};

struct cpod_oci_hook {
	const char *path;                    /* absolute */
	struct cpod_strings args, env;
	struct cpod_int timeout;             /* seconds, >= 1 */
};

/* Each a list of struct cpod_oci_hook. */
struct cpod_oci_hooks {
	struct cpod_array prestart, create_runtime, create_container, start_container, poststart, poststop;
};

/* ---- linux ---- */

/* Also the order of the words in the table. */
enum cpod_oci_namespace_type {
	CPOD_OCI_NS_MOUNT, CPOD_OCI_NS_PID, CPOD_OCI_NS_NETWORK, CPOD_OCI_NS_IPC, CPOD_OCI_NS_UTS,
	CPOD_OCI_NS_CGROUP, CPOD_OCI_NS_USER, CPOD_OCI_NS_TIME,
	CPOD_OCI_N_NS,
};

struct cpod_oci_namespace {
	struct cpod_int type;                /* enum cpod_oci_namespace_type */
	const char *path;                    /* absolute; NULL: a new one */
};

struct cpod_oci_time_offset {
	const char *clock;                   /* "monotonic" or "boottime" */
	struct cpod_int secs;
	struct cpod_uint nanosecs;           /* 0..999999999 */
};

struct cpod_oci_net_device {
	const char *host_name;
	const char *name;                    /* in the container; NULL: as on the host */
};

enum cpod_oci_device_type {
	CPOD_OCI_DEVICE_CHAR, CPOD_OCI_DEVICE_BLOCK, CPOD_OCI_DEVICE_UNBUFFERED, CPOD_OCI_DEVICE_FIFO,
};

struct cpod_oci_device {
	struct cpod_int type;                /* enum cpod_oci_device_type; 'u' is a character device */
	const char *path;                    /* absolute */
	struct cpod_int major, minor;        /* set unless FIFO; 0..4095, 0..1048575 */
	struct cpod_uint file_mode;          /* callers may leave file type bits in: use & 07777 */
	struct cpod_uint uid, gid;
};

/* Also the order of the words in the table. */
enum cpod_oci_seccomp_action {
	CPOD_OCI_SECCOMP_KILL, CPOD_OCI_SECCOMP_KILL_PROCESS, CPOD_OCI_SECCOMP_KILL_THREAD,
	CPOD_OCI_SECCOMP_TRAP, CPOD_OCI_SECCOMP_ERRNO, CPOD_OCI_SECCOMP_TRACE, CPOD_OCI_SECCOMP_ALLOW,
	CPOD_OCI_SECCOMP_LOG, CPOD_OCI_SECCOMP_NOTIFY,
	CPOD_OCI_N_SECCOMP_ACTIONS,
};

enum cpod_oci_seccomp_op {
	CPOD_OCI_SECCOMP_NE, CPOD_OCI_SECCOMP_LT, CPOD_OCI_SECCOMP_LE, CPOD_OCI_SECCOMP_EQ,
	CPOD_OCI_SECCOMP_GE, CPOD_OCI_SECCOMP_GT, CPOD_OCI_SECCOMP_MASKED_EQ,
	CPOD_OCI_N_SECCOMP_OPS,
};

struct cpod_oci_seccomp_arg {
	struct cpod_uint index;              /* 0..5 */
	struct cpod_uint value, value_two;
	struct cpod_int op;                  /* enum cpod_oci_seccomp_op */
};

struct cpod_oci_seccomp_rule {
	struct cpod_strings names;           /* at least one */
	struct cpod_int action;              /* enum cpod_oci_seccomp_action */
	struct cpod_uint errno_ret;          /* only with ERRNO and TRACE; absent: EPERM */
	struct cpod_array args;              /* struct cpod_oci_seccomp_arg */
};

struct cpod_oci_seccomp {
	struct cpod_int default_action;      /* enum cpod_oci_seccomp_action */
	struct cpod_uint default_errno_ret;  /* only with ERRNO and TRACE; absent: EPERM */
	struct cpod_strings architectures;   /* known SCMP_ARCH_* words */
	struct cpod_strings flags;           /* known SECCOMP_FILTER_FLAG_* words */
	const char *listener_path, *listener_metadata;
	struct cpod_array syscalls;          /* struct cpod_oci_seccomp_rule, in order */
};

struct cpod_oci_intel_rdt {
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct cpod_strings schemata;
	struct cpod_bool enable_monitoring, enable_cmt, enable_mbm;
};

enum cpod_oci_personality_domain { CPOD_OCI_PER_LINUX, CPOD_OCI_PER_LINUX32 };

struct cpod_oci_personality {
	struct cpod_int domain;              /* enum cpod_oci_personality_domain */
	struct cpod_strings flags;           /* none is defined */
};

enum cpod_oci_memory_mode {
	CPOD_OCI_MPOL_DEFAULT, CPOD_OCI_MPOL_PREFERRED, CPOD_OCI_MPOL_BIND, CPOD_OCI_MPOL_INTERLEAVE,
	CPOD_OCI_MPOL_LOCAL, CPOD_OCI_MPOL_PREFERRED_MANY, CPOD_OCI_MPOL_WEIGHTED_INTERLEAVE,
};

struct cpod_oci_memory_policy {
	struct cpod_int mode;                /* enum cpod_oci_memory_mode: the kernel's numbers */
	const char *nodes;                   /* list: "0-1,3" */
	struct cpod_strings flags;           /* MPOL_F_* */
};

enum cpod_oci_propagation {
	CPOD_OCI_PROPAGATION_PRIVATE, CPOD_OCI_PROPAGATION_RPRIVATE,
	CPOD_OCI_PROPAGATION_SLAVE, CPOD_OCI_PROPAGATION_RSLAVE,
	CPOD_OCI_PROPAGATION_SHARED, CPOD_OCI_PROPAGATION_RSHARED,
	CPOD_OCI_PROPAGATION_UNBINDABLE, CPOD_OCI_PROPAGATION_RUNBINDABLE,
};

/* ---- linux.resources ---- */

enum cpod_oci_device_rule_type {
	CPOD_OCI_DEVICE_RULE_ALL, CPOD_OCI_DEVICE_RULE_CHAR, CPOD_OCI_DEVICE_RULE_BLOCK,
};

struct cpod_oci_device_rule {
	struct cpod_bool allow;
	struct cpod_int type;                /* enum cpod_oci_device_rule_type; absent: all */
	struct cpod_int major, minor;        /* absent or -1: all */
	const char *access;                  /* of the letters r, w, m; absent or empty: all */
};

/* Bytes; -1: no limit. */
struct cpod_oci_memory {
	struct cpod_int limit, reservation;
	struct cpod_int swap;                /* memory plus swap */
	struct cpod_int kernel, kernel_tcp;
	struct cpod_uint swappiness;
	struct cpod_bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct cpod_oci_cpu {
	struct cpod_uint shares;             /* 0: not given; else 2..262144, what is outside is clamped */
	struct cpod_int quota;               /* microseconds per period; <= 0: no limit */
	struct cpod_uint burst, period;      /* microseconds */
	struct cpod_int realtime_runtime;
	struct cpod_uint realtime_period;
	const char *cpus, *mems;             /* lists: "0-3,7" */
	struct cpod_int idle;                /* 0 or 1 */
};

struct cpod_oci_pids {
	struct cpod_int limit;               /* tasks; -1: no limit */
};

struct cpod_oci_weight_device {
	struct cpod_int major, minor;
	struct cpod_uint weight, leaf_weight;   /* 10..1000; 0: not given */
};

struct cpod_oci_throttle_device {
	struct cpod_int major, minor;
	struct cpod_uint rate;               /* bytes or operations per second */
};

struct cpod_oci_block_io {
	struct cpod_uint weight, leaf_weight;   /* 10..1000; 0: not given */
	struct cpod_array weight_device;        /* struct cpod_oci_weight_device */
	struct cpod_array read_bps, write_bps, read_iops, write_iops;   /* struct cpod_oci_throttle_device */
};

struct cpod_oci_hugepage_limit {
	const char *page_size;               /* "64KB", "2MB", "1GB" */
	struct cpod_uint limit;              /* bytes */
};

struct cpod_oci_network_priority {
	const char *name;
	struct cpod_uint priority;
};

struct cpod_oci_network {
	struct cpod_uint class_id;
	struct cpod_array priorities;        /* struct cpod_oci_network_priority */
};

struct cpod_oci_rdma {
	const char *device;
	struct cpod_uint hca_handles, hca_objects;
};

struct cpod_oci_resources {
	struct cpod_array devices;           /* struct cpod_oci_device_rule, in order */
	const struct cpod_oci_memory *memory;
	const struct cpod_oci_cpu *cpu;
	const struct cpod_oci_pids *pids;
	const struct cpod_oci_block_io *block_io;
	struct cpod_array hugepage_limits;   /* struct cpod_oci_hugepage_limit */
	const struct cpod_oci_network *network;
	struct cpod_array rdma;              /* struct cpod_oci_rdma */
	struct cpod_pairs unified;           /* file name -> content */
};

struct cpod_oci_linux {
	struct cpod_array namespaces;        /* struct cpod_oci_namespace,
	no type twice; .set false: absent */
	struct cpod_array uid_mappings, gid_mappings;   /* struct cpod_oci_id_mapping */
	struct cpod_array time_offsets;      /* struct cpod_oci_time_offset */
	struct cpod_array devices;           /* struct cpod_oci_device, no path twice */
	struct cpod_array net_devices;       /* struct cpod_oci_net_device */
	const char *cgroups_path;            /* no ".." component; may be a systemd "slice:prefix:name" */
	const struct cpod_oci_resources *resources;
	struct cpod_int rootfs_propagation;  /* enum cpod_oci_propagation */
	const struct cpod_oci_seccomp *seccomp;
	struct cpod_strings masked_paths, readonly_paths;   /* each absolute */
	const char *mount_label;
	const struct cpod_oci_intel_rdt *intel_rdt;
	const struct cpod_oci_personality *personality;
	struct cpod_pairs sysctl;            /* well-formed names; which are allowed is not known here */
	const struct cpod_oci_memory_policy *memory_policy;
};

/* ---- the whole ---- */

struct cpod_oci_spec {
	const char *oci_version;
	const struct cpod_oci_process *process;
	const struct cpod_oci_root *root;
	const char *hostname, *domainname;   /* at most 64 bytes */
	struct cpod_array mounts;            /* struct cpod_oci_mount, in order */
	const struct cpod_oci_hooks *hooks;
	struct cpod_pairs annotations;
	const struct cpod_oci_linux *linux_part;   /* "linux" (a macro of gnu11) */
	/* Kept as they stand: they mean nothing on Linux. */
	const struct cpod_json *solaris, *windows, *vm, *zos, *freebsd;
};

/* Decodes a whole config.json, or (CPOD_OCI_SPEC_PARTIAL in decoder->flags) a pod's embedded spec.
 * *ret_spec lives in decoder->arena. -EINVAL with a positioned sentence, -ENOTSUP for what this
 * version does not carry out, -ENOMEM. */
int cpod_oci_spec_decode (struct cpod_decoder *decoder, const struct cpod_json *value,
                          const struct cpod_oci_spec **ret_spec, struct cpod_error *err);
/* As above for a process.json (args and cwd are required without PARTIAL). */
int cpod_oci_process_decode (struct cpod_decoder *decoder, const struct cpod_json *value,
                             const struct cpod_oci_process **ret_process, struct cpod_error *err);
/* As above for a `linux.resources` object alone (update). */
int cpod_oci_resources_decode (struct cpod_decoder *decoder, const struct cpod_json *value,
                               const struct cpod_oci_resources **ret_resources, struct cpod_error *err);

/* The number of "CAP_CHOWN" ..., 0..40, or -1. capabilities(7). */
int cpod_oci_capability_number (const char *name);
/* The words of an enum, indexed by its value. */
extern const char *const cpod_oci_namespace_words[];
extern const char *const cpod_oci_seccomp_action_words[];
extern const char *const cpod_oci_seccomp_op_words[];
extern const char *const cpod_oci_rlimit_words[];
extern const char *const cpod_oci_propagation_words[];

/* Words that a list may hold, NULL-terminated. */
extern const char *const cpod_oci_capability_words[];     /* by number */
extern const char *const cpod_oci_seccomp_arch_words[];
extern const char *const cpod_oci_seccomp_flag_words[];
/* Whether a field of the table with that name is carried out: ("mounts[]", "uidMappings"). */
bool cpod_oci_is_carried_out (const char *object, const char *field);

/* Every table, NULL-terminated, outermost first: for the manual and the tests. */
extern const struct cpod_object *const cpod_oci_objects[];

#endif
