/* The profile of a container whose spec has none.
 *
 * An allow-list by topic. What is on it works; a call that exists but is not on it answers EPERM; a
 * number that no call has answers ENOSYS, so that programs fall back from calls younger than this
 * table as they would on an older kernel. Only the machine's native calls are served: through its 32-bit
 * gate, and x32's, everything answers ENOSYS, as on a kernel without them. Those are a second set of entries
 * into the kernel that few programs need, and i386's socketcall hides its arguments from every filter. A
 * container of 32-bit programs brings a profile of its own.
 *
 * Some calls follow the capabilities that the container may ever have: without the capability the kernel
 * would refuse them anyway, or they are how a new user namespace would regain it.
 *
 * Where only some arguments are allowed, a last rule without effect on them (argument 0 >= 0) says
 * what holds otherwise: lower arguments and wider comparisons are asked last (seccomp-args.h).
 * Arguments that the kernel takes as 32 bits are compared under a mask of 32 bits: the upper half
 * would not change what the kernel does.
 */
#include "seccomp.h"

#include "src/base/error.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ALLOW SECCOMP_RET_ALLOW
#define DENY (SECCOMP_RET_ERRNO | EPERM)
#define MISSING (SECCOMP_RET_ERRNO | ENOSYS)
#define CAP(name) (UINT64_C (1) << CAP_ ## name)

static const char *const files[] = {
	"access", "chdir", "chmod", "chown", "close", "close_range", "copy_file_range", "creat", "dup",
	"dup2", "dup3", "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat",
	"fchmodat2", "fchown", "fchownat", "fcntl", "fdatasync", "fgetxattr", "file_getattr", "file_setattr",
	"flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat", "fstatfs", "fsync", "ftruncate",
	"futimesat", "getcwd", "getdents", "getdents64", "getxattr", "getxattrat", "lchown", "lgetxattr",
	"link", "linkat", "listxattr", "listxattrat", "llistxattr", "lremovexattr", "lseek", "lsetxattr",
	"lstat", "mkdir", "mkdirat", "mknod", "mknodat", "name_to_handle_at", "newfstatat", "open", "openat",
	"openat2", "pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read",
	"readahead", "readlink", "readlinkat", "readv", "removexattr", "removexattrat", "rename", "renameat",
	"renameat2", "rmdir", "sendfile", "setxattr", "setxattrat", "splice", "stat", "statfs", "statx",
	"symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "tee", "truncate", "umask", "unlink",
	"unlinkat", "utime", "utimensat", "utimes", "vmsplice", "write", "writev",
};

/* Waiting for descriptors, and asynchronous reads and writes (not io_uring, which bypasses this filter). */
static const char *const events[] = {
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2",
	"epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "fanotify_mark", "inotify_add_watch",
	"inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents",
	"io_pgetevents", "io_setup", "io_submit", "poll", "ppoll", "pselect6", "select", "signalfd",
	"signalfd4", "timerfd_create", "timerfd_gettime", "timerfd_settime",
};

static const char *const memory[] = {
	"brk", "cachestat", "madvise", "map_shadow_stack", "membarrier", "memfd_create", "memfd_secret",
	"mincore", "mlock", "mlock2", "mlockall", "mmap", "mprotect", "mremap", "mseal", "msync", "munlock",
	"munlockall", "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect", "process_mrelease",
	"remap_file_pages",
};

/* Processes, identities, limits, scheduling. ptrace is safe since Linux 4.8 filters what a tracer changes. */
static const char *const processes[] = {
	"arch_prctl", "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "futex",
	"futex_requeue", "futex_wait", "futex_waitv", "futex_wake", "get_robust_list", "get_thread_area",
	"getcpu", "getegid", "geteuid", "getgid", "getgroups", "getpgid", "getpgrp", "getpid", "getppid",
	"getpriority", "getrandom", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "gettid",
	"getuid", "ioprio_get", "ioprio_set", "landlock_add_rule", "landlock_create_ruleset",
	"landlock_restrict_self", "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "modify_ldt",
	"pidfd_open", "pidfd_send_signal", "prctl", "prlimit64", "process_vm_readv", "process_vm_writev",
	"ptrace", "restart_syscall", "rseq", "sched_get_priority_max", "sched_get_priority_min",
	"sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
	"sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
	"seccomp", "set_robust_list", "set_thread_area", "set_tid_address", "setfsgid", "setfsuid", "setgid",
	"setgroups", "setpgid", "setpriority", "setregid", "setresgid", "setresuid", "setreuid", "setrlimit",
	"setsid", "setuid", "sysinfo", "uname", "vfork", "wait4", "waitid",
};

static const char *const signals[] = {
	"kill", "pause", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn",
	"rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo", "sigaltstack", "tgkill", "tkill",
};

/* Reading clocks; the kernel asks for CAP_SYS_TIME where adjtimex would set one. */
static const char *const times[] = {
	"adjtimex", "alarm", "clock_adjtime", "clock_getres", "clock_gettime", "clock_nanosleep", "getitimer",
	"gettimeofday", "nanosleep", "setitimer", "time", "timer_create", "timer_delete", "timer_getoverrun",
	"timer_gettime", "timer_settime", "times",
};

/* socket is below. */
static const char *const sockets[] = {
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
	"recvfrom", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
	"socketpair",
};

/* System V and POSIX. */
static const char *const queues[] = {
	"mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink", "msgctl",
	"msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop", "shmat", "shmctl", "shmdt",
	"shmget",
};

static const char *const administration[] = {
	"clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "listmount",
	"lookup_dcookie", "mount", "mount_setattr", "move_mount", "open_tree", "open_tree_attr", "pivot_root",
	"quotactl", "quotactl_fd", "setdomainname", "sethostname", "setns", "statmount", "umount2", "unshare",
};

static const char *const tracing[] = { "kcmp", "pidfd_getfd", "process_madvise" };
static const char *const placement[] = {
	"get_mempolicy", "mbind", "migrate_pages", "move_pages", "set_mempolicy", "set_mempolicy_home_node",
};
static const char *const modules[] = { "delete_module", "finit_module", "init_module" };
static const char *const clocks[] = { "clock_settime", "settimeofday" };
static const char *const ports[] = { "ioperm", "iopl" };
static const char *const bpf_call[] = { "bpf" };
static const char *const perf_call[] = { "perf_event_open" };
static const char *const handles[] = { "open_by_handle_at" };
static const char *const reboot_call[] = { "reboot" };
static const char *const accounting[] = { "acct" };
static const char *const chroot_call[] = { "chroot" };
static const char *const log_call[] = { "syslog" };
static const char *const hangup[] = { "vhangup" };

static const char *const clone_call[] = { "clone" };
static const char *const clone3_call[] = { "clone3" };
static const char *const ioctl_call[] = { "ioctl" };
static const char *const socket_call[] = { "socket" };
static const char *const personality_call[] = { "personality" };

#define LOW_32 UINT64_C (0xffffffff)
#define LOW_IS(number, wanted) \
	{ .index = (number), .op = CPOD_SECCOMP_MASKED_EQ, .value = LOW_32, .value_two = (wanted) }

static const struct cpod_seccomp_arg otherwise = { .index = 0, .op = CPOD_SECCOMP_GE, .value = 0 };

/* Flags that make namespaces. CLONE_NEWTIME is clone3's and unshare's only. */
static const struct cpod_seccomp_arg no_namespaces = {
	.index = 0, .op = CPOD_SECCOMP_MASKED_EQ, .value_two = 0,
	.value = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID
		| CLONE_NEWNET,
};

/* Typing into the terminal that the container was started from, and the consoles' selection buffer. */
static const struct cpod_seccomp_arg tiocsti = LOW_IS (1, 0x5412), tioclinux = LOW_IS (1, 0x541c);

/* Reaches the hypervisor and other machines past every network namespace. */
static const struct cpod_seccomp_arg vsock = LOW_IS (0, 40 /* AF_VSOCK */);

/* Execution domains: the native one, 32 bits, the two with a 2.6 version number, and the question. */
static const struct cpod_seccomp_arg domains[] = {
	LOW_IS (0, 0x0), LOW_IS (0, 0x8), LOW_IS (0, 0x20000), LOW_IS (0, 0x20008), LOW_IS (0, 0xffffffff),
};

#define NAMES(list) (list), sizeof (list) / sizeof ((list)[0])

/* In order: an unconditional rule wins over conditional ones for the same call. */
static const struct entry {
	const char *const *names;
	size_t n_names;
	uint64_t any_of;                         /* only with one of these capabilities; 0: always */
	uint64_t none_of;                        /* only without all of these */
	const struct cpod_seccomp_arg *args;     /* n_args alternatives, each a rule of its own; 0: always */
	size_t n_args;
	uint32_t action;
} entries[] = {
	{ NAMES (files), .action = ALLOW },
	{ NAMES (events), .action = ALLOW },
	{ NAMES (memory), .action = ALLOW },
	{ NAMES (processes), .action = ALLOW },
	{ NAMES (signals), .action = ALLOW },
	{ NAMES (times), .action = ALLOW },
	{ NAMES (sockets), .action = ALLOW },
	{ NAMES (queues), .action = ALLOW },

	{ NAMES (ioctl_call), .args = &tiocsti, .n_args = 1, .action = DENY },
	{ NAMES (ioctl_call), .args = &tioclinux, .n_args = 1, .action = DENY },
	{ NAMES (ioctl_call), .args = &otherwise, .n_args = 1, .action = ALLOW },
	{ NAMES (socket_call), .args = &vsock, .n_args = 1, .action = DENY },
	{ NAMES (socket_call), .args = &otherwise, .n_args = 1, .action = ALLOW },
	{ NAMES (personality_call), .args = domains, .n_args = sizeof (domains) / sizeof (domains[0]),
	  .action = ALLOW },
	{ NAMES (personality_call), .args = &otherwise, .n_args = 1, .action = DENY },

	{ NAMES (administration), CAP (SYS_ADMIN), .action = ALLOW },
	{ NAMES (clone_call), .none_of = CAP (SYS_ADMIN), .args = &no_namespaces, .n_args = 1,
	  .action = ALLOW },
	{ NAMES (clone_call), .none_of = CAP (SYS_ADMIN), .args = &otherwise, .n_args = 1, .action = DENY },
	/* Its flags are behind a pointer; ENOSYS makes C libraries fall back to clone. */
	{ NAMES (clone3_call), .none_of = CAP (SYS_ADMIN), .action = MISSING },

	{ NAMES (bpf_call), CAP (SYS_ADMIN) | CAP (BPF), .action = ALLOW },
	{ NAMES (perf_call), CAP (SYS_ADMIN) | CAP (PERFMON), .action = ALLOW },
	{ NAMES (tracing), CAP (SYS_PTRACE), .action = ALLOW },
	{ NAMES (placement), CAP (SYS_NICE), .action = ALLOW },
	{ NAMES (modules), CAP (SYS_MODULE), .action = ALLOW },
	{ NAMES (clocks), CAP (SYS_TIME), .action = ALLOW },
	{ NAMES (ports), CAP (SYS_RAWIO), .action = ALLOW },
	{ NAMES (handles), CAP (DAC_READ_SEARCH), .action = ALLOW },
	{ NAMES (reboot_call), CAP (SYS_BOOT), .action = ALLOW },
	{ NAMES (accounting), CAP (SYS_PACCT), .action = ALLOW },
	{ NAMES (chroot_call), CAP (SYS_CHROOT), .action = ALLOW },
	{ NAMES (log_call), CAP (SYSLOG), .action = ALLOW },
	{ NAMES (hangup), CAP (SYS_TTY_CONFIG), .action = ALLOW },
};

#define N_ENTRIES (sizeof (entries) / sizeof (entries[0]))

/* Adds the rules of one entry at rules[*n]. */
static void
add_entry (const struct entry *entry, struct cpod_seccomp_rule *rules, size_t *n)
{
	size_t i;

	for (i = 0; i < (entry->n_args > 0 ? entry->n_args : 1); i++)
		rules[(*n)++] = (struct cpod_seccomp_rule) {
			.names = entry->names, .n_names = entry->n_names, .action = entry->action,
			.args = entry->n_args > 0 ? &entry->args[i] : NULL, .n_args = entry->n_args > 0,
		};
}

int
cpod_seccomp_default_profile (uint64_t capabilities, struct cpod_arena *arena,
                              struct cpod_seccomp_profile *ret_profile, struct cpod_error *err)
{
	struct cpod_seccomp_rule *rules;
	size_t i, most = 0, n = 0;

	for (i = 0; i < N_ENTRIES; i++)
		most += entries[i].n_args > 0 ? entries[i].n_args : 1;
	rules = cpod_arena_array (arena, most, sizeof (*rules));
	if (rules == NULL)
		return cpod_error_oom (err);
	for (i = 0; i < N_ENTRIES; i++) {
		if (entries[i].any_of != 0 && (entries[i].any_of & capabilities) == 0)
			continue;
		if (entries[i].none_of & capabilities)
			continue;
		add_entry (&entries[i], rules, &n);
	}
	*ret_profile = (struct cpod_seccomp_profile) {
		.default_action = MISSING, .bad_arch_action = MISSING, .has_listed_action = true,
		.listed_action = DENY,
		.archs = 1u << CPOD_ARCH_NATIVE, .rules = rules, .n_rules = n,
	};
	return 0;
}

/* The last default program, for capabilities. insns: owned, NULL before the first. */
static struct {
	pthread_mutex_t lock;
	uint64_t capabilities;
	struct cpod_seccomp_program program;
} last = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The capabilities that the profile looks at. */
static uint64_t
relevant (uint64_t capabilities)
{
	uint64_t looked_at = 0;
	size_t i;

	for (i = 0; i < N_ENTRIES; i++)
		looked_at |= entries[i].any_of | entries[i].none_of;
	return capabilities & looked_at;
}

/* A copy of program in arena. */
static int
copy_program (const struct cpod_seccomp_program *program, struct cpod_arena *arena,
              struct cpod_seccomp_program *ret_program, struct cpod_error *err)
{
	struct sock_filter *insns = cpod_arena_array (arena, program->n, sizeof (*insns));

	if (insns == NULL)
		return cpod_error_oom (err);
	memcpy (insns, program->insns, program->n * sizeof (*insns));
	*ret_program = *program;
	ret_program->insns = insns;
	return 0;
}

/* Makes `last` the program for capabilities. The lock is held. */
static int
renew_last (uint64_t capabilities, struct cpod_error *err)
{
	struct cpod_arena arena;
	struct cpod_seccomp_profile profile;
	struct cpod_seccomp_program program;
	struct sock_filter *insns = NULL;
	int ret;

	cpod_arena_init (&arena, 0);
	ret = cpod_seccomp_default_profile (capabilities, &arena, &profile, err);
	if (ret == 0)
		ret = cpod_seccomp_compile_profile (&profile, &arena, &program, err);
	if (ret == 0) {
		insns = calloc (program.n, sizeof (*insns));
		if (insns == NULL)
			ret = cpod_error_oom (err);
	}
	if (insns != NULL) {
		memcpy (insns, program.insns, program.n * sizeof (*insns));
		free (last.program.insns);
		last.program = program;
		last.program.insns = insns;
		last.capabilities = capabilities;
	}
	cpod_arena_finish (&arena);
	return ret;
}

int
cpod_seccomp_compile_default (uint64_t capabilities, struct cpod_arena *arena,
                              struct cpod_seccomp_program *ret_program, struct cpod_error *err)
{
	int ret = 0;

	capabilities = relevant (capabilities);
	pthread_mutex_lock (&last.lock);
	if (last.program.insns == NULL || last.capabilities != capabilities)
		ret = renew_last (capabilities, err);
	if (ret == 0)
		ret = copy_program (&last.program, arena, ret_program, err);
	pthread_mutex_unlock (&last.lock);
	return ret;
}
