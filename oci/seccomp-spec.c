/* A spec's linux.seccomp as the profile to compile: see seccomp.h.
 *
 * Only words and numbers are exchanged; the spec's decoder has already refused unknown words and an
 * errno where the action takes none. An architecture that this kernel can never report (a foreign
 * machine's, as engines list them) adds nothing and is passed over.
 */
#include "seccomp.h"

#include "oci/spec.h"
#include "src/base/error.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

/* SECCOMP_RET_ of each action; takes_errno: its data is the rule's errno, EPERM by default. */
static const struct { uint32_t value; bool takes_errno; } actions[CPOD_OCI_N_SECCOMP_ACTIONS] = {
	[CPOD_OCI_SECCOMP_KILL] = { SECCOMP_RET_KILL_THREAD, false },
	[CPOD_OCI_SECCOMP_KILL_PROCESS] = { SECCOMP_RET_KILL_PROCESS, false },
	[CPOD_OCI_SECCOMP_KILL_THREAD] = { SECCOMP_RET_KILL_THREAD, false },
	[CPOD_OCI_SECCOMP_TRAP] = { SECCOMP_RET_TRAP, false },
	[CPOD_OCI_SECCOMP_ERRNO] = { SECCOMP_RET_ERRNO, true },
	[CPOD_OCI_SECCOMP_TRACE] = { SECCOMP_RET_TRACE, true },
	[CPOD_OCI_SECCOMP_ALLOW] = { SECCOMP_RET_ALLOW, false },
	[CPOD_OCI_SECCOMP_LOG] = { SECCOMP_RET_LOG, false },
	[CPOD_OCI_SECCOMP_NOTIFY] = { SECCOMP_RET_USER_NOTIF, false },
};

/* The compiler's operators are in the spec's order. */
#define SAME(op) _Static_assert ((int) CPOD_SECCOMP_ ## op == CPOD_OCI_SECCOMP_ ## op, "one order of operators")
SAME (NE);
SAME (LT);
SAME (LE);
SAME (EQ);
SAME (GE);
SAME (GT);
SAME (MASKED_EQ);

static const struct { const char *word; enum cpod_arch arch; } arch_words[] = {
	{ "SCMP_ARCH_X86_64", CPOD_ARCH_X86_64 },
	{ "SCMP_ARCH_X86", CPOD_ARCH_X86 },
	{ "SCMP_ARCH_X32", CPOD_ARCH_X32 },
	{ "SCMP_ARCH_AARCH64", CPOD_ARCH_AARCH64 },
	{ "SCMP_ARCH_ARM", CPOD_ARCH_ARM },
};

/* Not in the headers of every build machine. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
# define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static const struct { const char *word; unsigned int flag; } flag_words[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))

/* The SECCOMP_RET_ value of an action; field: the errno's name in messages. */
static int
convert_action (int64_t action, const struct cpod_uint *errno_ret, const char *field, uint32_t *ret_value,
                struct cpod_error *err)
{
	uint64_t number = errno_ret->set ? errno_ret->value : EPERM;

	if (action < 0 || action >= CPOD_OCI_N_SECCOMP_ACTIONS)
		return cpod_error_set (err, EINVAL, "unknown action");
	if (errno_ret->set && !actions[action].takes_errno)
		return cpod_error_set (err, EINVAL, "%s: %s takes no errno", field,
		                       cpod_oci_seccomp_action_words[action]);
	if (number > 4095)
		return cpod_error_set (err, EINVAL, "%s: %llu is no errno", field,
		                       (unsigned long long) number);
	*ret_value = actions[action].value | (actions[action].takes_errno ? (uint32_t) number : 0);
	return 0;
}

/* The bits of the listed architectures. */
static unsigned int
convert_archs (const struct cpod_strings *words)
{
	unsigned int archs = 0;
	size_t i, k;

	for (i = 0; i < words->n; i++)
		for (k = 0; k < N_ELEMENTS (arch_words); k++)
			if (strcmp (words->items[i], arch_words[k].word) == 0)
				archs |= 1u << arch_words[k].arch;
	return archs;
}

/* The bits of the listed flags. -EINVAL for an unknown one. */
static int
convert_flags (const struct cpod_strings *words, unsigned int *ret_flags, struct cpod_error *err)
{
	unsigned int flags = 0;
	size_t i, k;

	for (i = 0; i < words->n; i++) {
		for (k = 0; k < N_ELEMENTS (flag_words); k++)
			if (strcmp (words->items[i], flag_words[k].word) == 0)
				break;
		if (k == N_ELEMENTS (flag_words))
			return cpod_error_set (err, EINVAL, "flags[%zu]: unknown flag \"%s\"", i,
			                       words->items[i]);
		flags |= flag_words[k].flag;
	}
	*ret_flags = flags;
	return 0;
}

/* One entry of syscalls. The names stay the spec's. */
static int
convert_rule (const struct cpod_oci_seccomp_rule *from, struct cpod_arena *arena,
              struct cpod_seccomp_rule *to,
              struct cpod_error *err)
{
	const struct cpod_oci_seccomp_arg *from_args = from->args.items;
	struct cpod_seccomp_arg *args = NULL;
	size_t i;

	if (from->args.n > 0) {
		args = cpod_arena_array (arena, from->args.n, sizeof (*args));
		if (args == NULL)
			return cpod_error_oom (err);
	}
	for (i = 0; i < from->args.n; i++) {
		args[i].index = from_args[i].index.value > 5 ? 6 : (unsigned int) from_args[i].index.value;
		args[i].op = (enum cpod_seccomp_op) from_args[i].op.value;
		args[i].value = from_args[i].value.value;
		args[i].value_two = from_args[i].value_two.value;
	}
	to->names = from->names.items;
	to->n_names = from->names.n;
	to->args = args;
	to->n_args = from->args.n;
	return convert_action (from->action.value, &from->errno_ret, "errnoRet", &to->action, err);
}

int
cpod_seccomp_profile_from_spec (const struct cpod_oci_seccomp *spec, struct cpod_arena *arena,
                                struct cpod_seccomp_profile *ret_profile, struct cpod_error *err)
{
	const struct cpod_oci_seccomp_rule *from = spec->syscalls.items;
	struct cpod_seccomp_profile profile = { .archs = convert_archs (&spec->architectures) };
	struct cpod_seccomp_rule *rules;
	size_t i;
	int ret;

	if (spec->default_action.value == CPOD_OCI_SECCOMP_NOTIFY)
		return cpod_error_set (err, EINVAL, "defaultAction: SCMP_ACT_NOTIFY would hold who installs it");
	ret = convert_action (spec->default_action.value, &spec->default_errno_ret, "defaultErrnoRet",
	                      &profile.default_action, err);
	if (ret == 0)
		ret = convert_flags (&spec->flags, &profile.flags, err);
	if (ret < 0)
		return ret;
	rules = cpod_arena_array (arena, spec->syscalls.n + 1, sizeof (*rules));
	if (rules == NULL)
		return cpod_error_oom (err);
	for (i = 0; i < spec->syscalls.n; i++) {
		ret = convert_rule (&from[i], arena, &rules[i], err);
		if (ret < 0)
			return cpod_error_prefix (err, ret, "syscalls[%zu]", i);
	}
	profile.rules = rules;
	profile.n_rules = spec->syscalls.n;
	*ret_profile = profile;
	return 0;
}

int
cpod_seccomp_compile (const struct cpod_oci_seccomp *spec, struct cpod_arena *arena,
                      struct cpod_seccomp_program *ret_program, struct cpod_error *err)
{
	struct cpod_seccomp_profile profile;
	int ret;

	ret = cpod_seccomp_profile_from_spec (spec, arena, &profile, err);
	if (ret == 0)
		ret = cpod_seccomp_compile_profile (&profile, arena, ret_program, err);
	return ret < 0 ? cpod_error_prefix (err, ret, "linux.seccomp") : 0;
}
