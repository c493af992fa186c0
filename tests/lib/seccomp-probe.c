/* libseccomp as the judge: see seccomp-probe.h. */
#include "seccomp-probe.h"
#include "bpf-interp.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct { uint32_t audit, seccomp; } tokens[CPOD_N_ARCHS] = {
	[CPOD_ARCH_X86_64] = { AUDIT_ARCH_X86_64, SCMP_ARCH_X86_64 },
	[CPOD_ARCH_X86] = { AUDIT_ARCH_I386, SCMP_ARCH_X86 },
	[CPOD_ARCH_X32] = { AUDIT_ARCH_X86_64, SCMP_ARCH_X32 },
	[CPOD_ARCH_AARCH64] = { AUDIT_ARCH_AARCH64, SCMP_ARCH_AARCH64 },
	[CPOD_ARCH_ARM] = { AUDIT_ARCH_ARM, SCMP_ARCH_ARM },
};

const uint64_t probe_boundaries[] = {
	0, 1, 2, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0x100000000,
	0x100000001,
	0x1ffffffff, 0x200000000, 0x7fffffffffffffff, 0x8000000000000000, 0x8000000000000001,
	0xffffffff00000000,
	0xfffffffffffffffe, 0xffffffffffffffff,
};
const size_t probe_n_boundaries = sizeof (probe_boundaries) / sizeof (probe_boundaries[0]);

uint64_t
probe_random_next (struct probe_random *random)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return random->state >> 16;
}

enum cpod_arch
probe_arch (const struct seccomp_data *data)
{
	size_t arch;

	if (data->arch == AUDIT_ARCH_X86_64 && (uint32_t) data->nr >= CPOD_X32_BIT)
		return CPOD_ARCH_X32;
	for (arch = 0; arch < CPOD_N_ARCHS; arch++)
		if (tokens[arch].audit == data->arch)
			return arch;
	return CPOD_N_ARCHS;
}

uint32_t
probe_token (enum cpod_arch arch)
{
	return tokens[arch].audit;
}

bool
probe_holds (const struct cpod_seccomp_arg *arg, bool wide, uint64_t value)
{
	uint64_t ones = wide ? UINT64_MAX : UINT32_MAX, a = arg->value & ones, b = arg->value_two & ones;

	value &= ones;
	switch (arg->op) {
	case CPOD_SECCOMP_NE: return value != a;
	case CPOD_SECCOMP_LT: return value < a;
	case CPOD_SECCOMP_LE: return value <= a;
	case CPOD_SECCOMP_EQ: return value == a;
	case CPOD_SECCOMP_GE: return value >= a;
	case CPOD_SECCOMP_GT: return value > a;
	default: return (value & a) == (b & a);
	}
}

/* Adds one call. */
static void
add (struct probes *probes, uint32_t token, uint32_t nr, const uint64_t args[6])
{
	struct probe *probe;

	if (probes->n == probes->max) {
		probes->max = probes->max * 2 + 4096;
		probes->list = realloc (probes->list, probes->max * sizeof (probes->list[0]));
		if (probes->list == NULL)
			abort ();
	}
	probe = &probes->list[probes->n++];
	memset (probe, 0, sizeof (*probe));
	probe->data.arch = token;
	probe->data.nr = (int) nr;
	if (args != NULL)
		memcpy (probe->data.args, args, sizeof (probe->data.args));
}

/* A value for argument index: one that a rule for the call compares with, next to one, or a boundary. */
static uint64_t
pick_value (const struct cpod_seccomp_profile *profile, unsigned int index, struct probe_random *random)
{
	size_t tries;

	for (tries = 0; tries < 8; tries++) {
		const struct cpod_seccomp_rule *rule = &profile->rules[probe_random_below (random,
		                                                                           profile->n_rules)];
		const struct cpod_seccomp_arg *arg;
		uint64_t value;

		if (rule->n_args == 0)
			continue;
		arg = &rule->args[probe_random_below (random, rule->n_args)];
		if (arg->index != index)
			continue;
		value = arg->op == CPOD_SECCOMP_MASKED_EQ && probe_random_below (random, 2) ? arg->value_two
			: arg->value;
		switch (probe_random_below (random, 8)) {
		case 0: return value + 1;
		case 1: return value - 1;
		case 2: return value ^ UINT64_C (1) << probe_random_below (random, 64);
		case 3: return value | probe_random_next (random) << 32;
		default: return value;
		}
	}
	return probe_boundaries[probe_random_below (random, probe_n_boundaries)];
}

/* Adds combinations of arguments for one number. */
static void
add_combinations (struct probes *probes, const struct cpod_seccomp_profile *profile, uint32_t token,
                  uint32_t nr,
                  size_t n, struct probe_random *random)
{
	while (n-- > 0) {
		uint64_t args[6];
		unsigned int i;

		for (i = 0; i < 6; i++)
			args[i] = pick_value (profile, i, random);
		/* socketcall and ipc: the selector. */
		if (token == AUDIT_ARCH_I386 && (nr == 102 || nr == 117))
			args[0] = probe_random_below (random, 26);
		add (probes, token, nr, args);
	}
}

/* Adds what tells a masked comparison from its neighbours: each bit of the mask alone, also below a set upper
 * half, then all but it. */
static void
add_masked (struct probes *probes, const struct cpod_seccomp_rule *rule, uint32_t token, uint32_t nr)
{
	size_t i;
	unsigned int bit;

	for (i = 0; i < rule->n_args; i++)
		for (bit = 0; bit < 64; bit++) {
			const struct cpod_seccomp_arg *arg = &rule->args[i];
			uint64_t args[6] = { 0 }, one = UINT64_C (1) << bit;

			if (arg->op != CPOD_SECCOMP_MASKED_EQ || (arg->value & one) == 0)
				continue;
			args[arg->index] = arg->value_two ^ one;
			add (probes, token, nr, args);
			args[arg->index] ^= UINT64_C (1) << 32;
			add (probes, token, nr, args);
			args[arg->index] = UINT64_MAX ^ one;
			add (probes, token, nr, args);
		}
}

/* Adds combinations for the calls that rules ask about the arguments of. */
static void
add_asked (struct probes *probes, const struct cpod_seccomp_profile *profile, size_t per_call,
           struct probe_random *random)
{
	size_t arch, i, k;

	for (arch = 0; arch < CPOD_N_ARCHS; arch++)
		for (i = 0; i < profile->n_rules; i++)
			for (k = 0; profile->rules[i].n_args > 0 && k < profile->rules[i].n_names; k++) {
				int nr = seccomp_syscall_resolve_name_arch (tokens[arch].seccomp,
				                                            profile->rules[i].names[k]);

				if (nr < 0 && arch == CPOD_ARCH_X86 && nr > -300 && nr < -100)
					nr = nr > -200 ? 102 : 117;
				if (nr < 0)
					continue;
				add_combinations (probes, profile, tokens[arch].audit, nr, per_call, random);
				add_masked (probes, &profile->rules[i], tokens[arch].audit, nr);
			}
}

/* Adds calls of a number with one argument at what a rule, for whichever call, compares it with: what one
 * call is asked must not leak into its neighbours. */
static void
add_constants (struct probes *probes, const struct cpod_seccomp_profile *profile, uint32_t token, uint32_t nr,
               size_t most)
{
	size_t i, k, n = 0;

	for (i = 0; i < profile->n_rules; i++)
		for (k = 0; k < profile->rules[i].n_args && n < most; k++, n++) {
			const struct cpod_seccomp_arg *arg = &profile->rules[i].args[k];
			uint64_t args[6] = { 0 };

			args[arg->index] = arg->op == CPOD_SECCOMP_MASKED_EQ ? arg->value_two : arg->value;
			add (probes, token, nr, args);
		}
}

void
probes_init (struct probes *probes, const struct cpod_seccomp_profile *profile, size_t per_call,
             size_t per_number,
             struct probe_random *random)
{
	static const uint32_t odd[] = { 1024, 5000, 0x3fffffff, 0x40000400, 0x7fffffff, 0x80000000,
	                                0xfffffffe, 0xffffffff };
	static const uint64_t ones[6] = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
	                                  UINT64_MAX };
	size_t arch, i;
	uint32_t nr;

	memset (probes, 0, sizeof (*probes));
	for (arch = 0; arch < CPOD_N_ARCHS; arch++) {
		for (nr = 0; nr < 1024; nr++) {
			uint32_t whole = arch == CPOD_ARCH_X32 ? nr | CPOD_X32_BIT : nr;

			add (probes, tokens[arch].audit, whole, NULL);
			add (probes, tokens[arch].audit, whole, ones);
			add_constants (probes, profile, tokens[arch].audit, whole, per_number);
		}
		for (i = 0; i < sizeof (odd) / sizeof (odd[0]); i++)
			add (probes, tokens[arch].audit, odd[i], NULL);
		for (nr = 0xf0000; nr < 0xf0010; nr++)
			add (probes, tokens[arch].audit, nr, NULL);
	}
	for (nr = 0; nr < 16; nr++)
		add (probes, AUDIT_ARCH_S390X, nr, NULL);
	add_asked (probes, profile, per_call, random);
}

void
probes_finish (struct probes *probes)
{
	free (probes->list);
	memset (probes, 0, sizeof (*probes));
}

/* Whether some rule speaks of the call. */
static bool
is_named (const struct cpod_seccomp_profile *profile, const char *name)
{
	size_t i, k;

	for (i = 0; i < profile->n_rules; i++)
		for (k = 0; k < profile->rules[i].n_names; k++)
			if (strcmp (profile->rules[i].names[k], name) == 0)
				return true;
	return false;
}

/* Adds a rule for one name. */
static int
add_name (scmp_filter_ctx context, const struct cpod_seccomp_rule *rule, const char *name)
{
	static const enum scmp_compare ops[] = {
		[CPOD_SECCOMP_NE] = SCMP_CMP_NE, [CPOD_SECCOMP_LT] = SCMP_CMP_LT,
		[CPOD_SECCOMP_LE] = SCMP_CMP_LE,
		[CPOD_SECCOMP_EQ] = SCMP_CMP_EQ, [CPOD_SECCOMP_GE] = SCMP_CMP_GE,
		[CPOD_SECCOMP_GT] = SCMP_CMP_GT,
		[CPOD_SECCOMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};
	struct scmp_arg_cmp args[6];
	int nr = seccomp_syscall_resolve_name (name);
	size_t i;

	if (nr == __NR_SCMP_ERROR)
		return 0;
	for (i = 0; i < rule->n_args; i++)
		args[i] = (struct scmp_arg_cmp) {
			.arg = rule->args[i].index, .op = ops[rule->args[i].op],
			.datum_a = rule->args[i].value, .datum_b = rule->args[i].value_two,
		};
	return seccomp_rule_add_array (context, rule->action, nr, rule->n_args, args);
}

/* Gives libseccomp the whole profile. */
static int
add_profile (scmp_filter_ctx context, const struct cpod_seccomp_profile *profile)
{
	const struct cpod_seccomp_rule listed = { .action = profile->listed_action };
	size_t i, k;
	int ret = 0;

	for (i = 0; i < CPOD_N_ARCHS; i++)
		if (profile->archs & 1u << i && tokens[i].seccomp != seccomp_arch_native ())
			(void) seccomp_arch_add (context, tokens[i].seccomp);
	(void) seccomp_attr_set (context, SCMP_FLTATR_ACT_BADARCH, profile->bad_arch_action);
	for (i = 0; i < profile->n_rules && ret == 0; i++)
		for (k = 0; profile->rules[i].action != profile->default_action
		     && k < profile->rules[i].n_names && ret == 0; k++)
			ret = add_name (context, &profile->rules[i], profile->rules[i].names[k]);
	for (i = 0; profile->has_listed_action && i < cpod_n_syscalls && ret == 0; i++)
		if (!is_named (profile, cpod_syscalls[i].name))
			ret = add_name (context, &listed, cpod_syscalls[i].name);
	return ret;
}

bool
probe_export (const struct cpod_seccomp_profile *profile, struct sock_filter **ret_insns, size_t *ret_n)
{
	scmp_filter_ctx context = seccomp_init (profile->default_action);
	struct sock_filter *insns = NULL;
	off_t size = -1;
	int fd = memfd_create ("filter", MFD_CLOEXEC);

	if (context != NULL && fd >= 0 && add_profile (context, profile) == 0 && seccomp_export_bpf (context,
	                                                                                             fd) == 0)
		size = lseek (fd, 0, SEEK_END);
	if (size > 0)
		insns = malloc (size);
	if (insns != NULL && pread (fd, insns, size, 0) != size)
		abort ();
	if (fd >= 0)
		close (fd);
	if (context != NULL)
		seccomp_release (context);
	*ret_insns = insns;
	*ret_n = size > 0 ? size / sizeof (*insns) : 0;
	return insns != NULL;
}

void
probes_answer (struct probes *probes, const struct sock_filter *insns, size_t n)
{
	size_t i;

	for (i = 0; i < probes->n; i++)
		if (!bpf_interp_run (insns, n, &probes->list[i].data, &probes->list[i].verdict, NULL))
			abort ();
}

const struct probe *
probes_differ (const struct probes *probes, const struct sock_filter *insns, size_t n, uint32_t *ret_verdict)
{
	size_t i;
	uint32_t verdict = 0;

	for (i = 0; i < probes->n; i++) {
		bool ran = bpf_interp_run (insns, n, &probes->list[i].data, &verdict, NULL);

		if (ret_verdict != NULL)
			*ret_verdict = verdict;
		if (!ran || verdict != probes->list[i].verdict)
			return &probes->list[i];
	}
	return NULL;
}
