/* Compiles a seccomp profile into the cBPF program that the kernel runs before every system call.
 *
 * The verdicts are those of libseccomp for the same profile: same architectures, same precedence of
 * rules, same treatment of i386's socketcall and ipc, of the x32 numbers and of foreign
 * architectures. Only the shape differs: libseccomp compares call by call, here the numbers of one
 * architecture are cut into ranges of equal verdict and searched in halves. Where libseccomp's own
 * filter contradicts the rules (see seccomp-args.h), this one follows the rules.
 *
 * Order: names to numbers (syscall-table), rules to a tree of comparisons per call (seccomp-args),
 * trees and numbers to ranges (seccomp.c), ranges to instructions from the last to the first
 * (seccomp-emit). All of it is done in the parent, before any clone. Nothing here touches the kernel.
 */
#ifndef CPOD_OCI_SECCOMP_H
#define CPOD_OCI_SECCOMP_H

#include "src/base/arena.h"
#include "syscall-table.h"

#include <cpod/runtime.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cpod_seccomp_op {
	CPOD_SECCOMP_NE, CPOD_SECCOMP_LT, CPOD_SECCOMP_LE, CPOD_SECCOMP_EQ,
	CPOD_SECCOMP_GE, CPOD_SECCOMP_GT, CPOD_SECCOMP_MASKED_EQ,
};

/* A comparison, unsigned, of 64 bits (of the low 32 on x86, x32 and arm). */
struct cpod_seccomp_arg {
	unsigned int index;    /* 0..5 */
	enum cpod_seccomp_op op;
	uint64_t value;        /* MASKED_EQ: the mask */
	uint64_t value_two;    /* MASKED_EQ: what the masked argument must equal */
};

/* Applies to each of names. Matches when every comparison holds; when an index occurs twice, each
 * comparison stands as a rule of its own, as container runtimes have it. */
struct cpod_seccomp_rule {
	const char *const *names;              /* n_names; a name that nobody knows is passed over */
	size_t n_names;
	uint32_t action;                       /* a SECCOMP_RET_ value with its data */
	const struct cpod_seccomp_arg *args;   /* n_args, 0 for always */
	size_t n_args;
};

/* What to compile. The native architecture is always covered. */
struct cpod_seccomp_profile {
	uint32_t default_action;               /* for what no rule matches; rules with it say nothing */
	uint32_t bad_arch_action;              /* for other architectures; 0, kill the thread: libseccomp's */
	bool has_listed_action;
	uint32_t listed_action;                /* instead of default_action for calls of cpod_syscalls that
	                                        * no rule names: numbers that no call has keep default_action */
	unsigned int archs;                    /* bits 1 << enum cpod_arch */
	unsigned int flags;                    /* SECCOMP_FILTER_FLAG_, passed on */
	const struct cpod_seccomp_rule *rules; /* n_rules, the earlier first */
	size_t n_rules;
};

/* What the kernel takes. insns: in the arena of the compilation. */
struct cpod_seccomp_program {
	struct sock_filter *insns;
	unsigned short n;
	unsigned int flags;                    /* SECCOMP_FILTER_FLAG_ */
	bool notifies;                         /* some verdict is USER_NOTIF: install with NEW_LISTENER */
};

/* Compiles profile into arena. -EINVAL: an argument index beyond 5; -EEXIST: rules for one call that
 * contradict each other (the message names it), refused as libseccomp refuses them; -E2BIG: more
 * instructions than the kernel takes; -ENOMEM. */
int cpod_seccomp_compile_profile (const struct cpod_seccomp_profile *profile, struct cpod_arena *arena,
                                  struct cpod_seccomp_program *ret_program, struct cpod_error *err);

/* cpod's own profile, for a container whose spec has none: an allow-list that depends on the
 * capabilities (bits 1 << CAP_) that the container may ever have, its bounding set. Its list of rules is
 * allocated in arena. -ENOMEM. */
int cpod_seccomp_default_profile (uint64_t capabilities, struct cpod_arena *arena,
                                  struct cpod_seccomp_profile *ret_profile, struct cpod_error *err);

/* The above, compiled. The work is done once per set of capabilities while the set stays the same:
 * the result is then copied from the last one. Safe to call from several threads. */
int cpod_seccomp_compile_default (uint64_t capabilities, struct cpod_arena *arena,
                                  struct cpod_seccomp_program *ret_program, struct cpod_error *err);

struct cpod_oci_seccomp;

/* The profile that a spec's linux.seccomp describes. -EINVAL: an errnoRet with an action that takes
 * none, or above 4095; SCMP_ACT_NOTIFY as the default action. -ENOMEM. */
int cpod_seccomp_profile_from_spec (const struct cpod_oci_seccomp *spec, struct cpod_arena *arena,
                                    struct cpod_seccomp_profile *ret_profile, struct cpod_error *err);

/* The two above in one step. */
int cpod_seccomp_compile (const struct cpod_oci_seccomp *spec, struct cpod_arena *arena,
                          struct cpod_seccomp_program *ret_program, struct cpod_error *err);

#endif
