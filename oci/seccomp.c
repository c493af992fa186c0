/* Profiles to programs: see seccomp.h.
 *
 * The program loads the architecture, finds its search and there loads the number:
 *
 *     ld [arch]; jeq X86_64 -> A; jeq I386 -> B; ret bad_arch;  A: ld [nr]; search;  B: ld [nr]; search
 *
 * x86_64 and x32 are one architecture to the kernel, told apart by a bit in the number: their calls
 * go into one search, and without x32 the upper half of the numbers is a foreign architecture, except
 * for -1, by which a tracer says that the call is to be skipped.
 */
#include "seccomp.h"
#include "seccomp-emit.h"

#include "src/base/error.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

/* Numbers are looked up by index below this (without the x32 bit); the few others are searched. */
#define DENSE 1024
/* More applications of rules to names than any real profile has: a bound on the work. */
#define MAX_APPLICATIONS 32768

/* Facts of an architecture. */
static const struct arch {
	uint32_t token;          /* AUDIT_ARCH_ */
	bool wide;               /* arguments are compared in 64 bits */
	uint32_t base;           /* of its numbers */
} archs[CPOD_N_ARCHS] = {
	[CPOD_ARCH_X86_64] = { AUDIT_ARCH_X86_64, true, 0 },
	[CPOD_ARCH_X86] = { AUDIT_ARCH_I386, false, 0 },
	[CPOD_ARCH_X32] = { AUDIT_ARCH_X86_64, false, CPOD_X32_BIT },
	[CPOD_ARCH_AARCH64] = { AUDIT_ARCH_AARCH64, true, 0 },
	[CPOD_ARCH_ARM] = { AUDIT_ARCH_ARM, false, 0 },
};

#define N_SELECTORS 26

/* i386 reaches some calls twice: through a call of its own and through socketcall or ipc, whose
 * first argument then says which is meant. libseccomp names the second way with -100 or -200 less
 * that argument. direct: by the same argument; 0: there is only the second way. */
static const struct mux {
	int first, last;                 /* libseccomp's numbers, descending */
	uint32_t nr;
	uint16_t direct[N_SELECTORS];
} muxes[] = {
	{ -101, -120, 102,
	  { 0, 359, 361, 362, 363, 0, 367, 368, 360, 0, 0, 369, 371, 373, 366, 365, 370, 372, 364, 337, 345 } },
	{ -201, -224, 117, { 0, 0, 393, 394, 0, [11] = 400, 401, 399, 402, [21] = 397, 398, 395, 396 } },
};

/* The calls of one architecture that rules speak of. */
struct calls {
	struct seccomp_call *dense[DENSE];
	struct seccomp_call **others;    /* n_others, room for max_others, ascending once sorted */
	size_t n_others, max_others;
};

/* What the compilation of one profile carries around. */
struct compiler {
	const struct cpod_seccomp_profile *profile;
	struct cpod_arena *arena;
	struct cpod_error *err;
	size_t applications;
	struct calls calls[CPOD_N_ARCHS];
	unsigned int archs;              /* bits 1 << enum cpod_arch */
	struct seccomp_emit emit;
};

/* A new call for nr. NULL: no memory. */
static struct seccomp_call *
new_call (struct compiler *c, uint32_t nr)
{
	struct seccomp_call *call = cpod_arena_alloc (c->arena, sizeof (*call));

	if (call != NULL)
		call->nr = nr;
	return call;
}

/* The entry of a number beyond the dense ones. NULL: no memory. */
static struct seccomp_call *
other_call (struct compiler *c, struct calls *calls, uint32_t nr)
{
	size_t i;

	for (i = 0; i < calls->n_others; i++)
		if (calls->others[i]->nr == nr)
			return calls->others[i];
	if (calls->n_others == calls->max_others) {
		size_t max = calls->max_others * 2 + 8;
		struct seccomp_call **others = cpod_arena_array (c->arena, max, sizeof (*others));

		if (others == NULL)
			return NULL;
		if (calls->n_others > 0)
			memcpy (others, calls->others, calls->n_others * sizeof (*others));
		calls->others = others;
		calls->max_others = max;
	}
	calls->others[i] = new_call (c, nr);
	if (calls->others[i] == NULL)
		return NULL;
	return calls->others[calls->n_others++];
}

/* The entry of nr on arch, made if there is none. NULL: no memory. */
static struct seccomp_call *
get_call (struct compiler *c, size_t arch, uint32_t nr)
{
	struct calls *calls = &c->calls[arch];
	uint32_t index = nr - archs[arch].base;

	if (index >= DENSE)
		return other_call (c, calls, nr);
	if (calls->dense[index] == NULL)
		calls->dense[index] = new_call (c, nr);
	return calls->dense[index];
}

/* Adds a rule for one number. */
static int
add_number (struct compiler *c, size_t arch, uint32_t nr, const struct cpod_seccomp_arg *const args[],
            uint32_t action)
{
	struct seccomp_call *call = get_call (c, arch, nr);

	if (call == NULL)
		return -ENOMEM;
	return cpod_seccomp_args_add (c->arena, call, archs[arch].wide, args, action);
}

/* Adds a rule for a call that i386 multiplexes: for socketcall or ipc with the first argument asked
 * for the selector (instead of what the rule asks of it, as libseccomp has it), and for the direct call. */
static int
add_muxed (struct compiler *c, const struct mux *mux, int nr, const struct cpod_seccomp_arg *const args[],
           uint32_t action)
{
	unsigned int selector = (unsigned int) (-nr) % 100;
	struct cpod_seccomp_arg *first = cpod_arena_alloc (c->arena, sizeof (*first));
	const struct cpod_seccomp_arg *with_selector[CPOD_SECCOMP_N_ARGS];
	int ret;

	if (first == NULL)
		return -ENOMEM;
	*first = (struct cpod_seccomp_arg) { .index = 0, .op = CPOD_SECCOMP_EQ, .value = selector };
	memcpy (with_selector, args, sizeof (with_selector));
	with_selector[0] = first;
	ret = add_number (c, CPOD_ARCH_X86, mux->nr, with_selector, action);
	if (ret < 0 || mux->direct[selector] == 0)
		return ret;
	return add_number (c, CPOD_ARCH_X86, mux->direct[selector], args, action);
}

/* Adds a rule for libseccomp's number nr on arch; what arch has not is passed over. */
static int
add_call (struct compiler *c, size_t arch, int nr, const struct cpod_seccomp_arg *const args[],
          uint32_t action)
{
	size_t i;

	if (nr >= 0)
		return add_number (c, arch, nr, args, action);
	for (i = 0; arch == CPOD_ARCH_X86 && i < sizeof (muxes) / sizeof (muxes[0]); i++)
		if (nr <= muxes[i].first && nr >= muxes[i].last)
			return add_muxed (c, &muxes[i], nr, args, action);
	return 0;
}

/* Adds a rule for a call on every architecture. */
static int
add_everywhere (struct compiler *c, const struct cpod_syscall *syscall,
                const struct cpod_seccomp_arg *const args[],
                uint32_t action)
{
	size_t arch;
	int ret = 0;

	for (arch = 0; arch < CPOD_N_ARCHS && ret == 0; arch++)
		if (c->archs & 1u << arch)
			ret = add_call (c, arch, syscall->nr[arch], args, action);
	if (ret == -EEXIST)
		return cpod_error_set (c->err, EEXIST, "contradictory rules for %s", syscall->name);
	return ret == -ENOMEM ? cpod_error_oom (c->err) : ret;
}

/* Puts rule's comparisons into slots by index. *ret_twice: some index occurs twice. */
static int
slot_args (struct compiler *c, const struct cpod_seccomp_rule *rule,
           const struct cpod_seccomp_arg *slots[CPOD_SECCOMP_N_ARGS], bool *ret_twice)
{
	size_t i;

	*ret_twice = false;
	for (i = 0; i < CPOD_SECCOMP_N_ARGS; i++)
		slots[i] = NULL;
	for (i = 0; i < rule->n_args; i++) {
		unsigned int index = rule->args[i].index;

		if (index >= CPOD_SECCOMP_N_ARGS)
			return cpod_error_set (c->err, EINVAL, "args[%zu]: a call has no argument %u", i,
			                       index);
		if (slots[index] != NULL)
			*ret_twice = true;
		slots[index] = &rule->args[i];
	}
	return 0;
}

/* Adds each comparison of rule as a rule of its own. */
static int
add_separately (struct compiler *c, const struct cpod_seccomp_rule *rule, const struct cpod_syscall *syscall)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < rule->n_args && ret == 0; i++) {
		const struct cpod_seccomp_arg *slots[CPOD_SECCOMP_N_ARGS] = { NULL };

		slots[rule->args[i].index] = &rule->args[i];
		ret = add_everywhere (c, syscall, slots, rule->action);
	}
	return ret;
}

/* Adds a rule for all its names. */
static int
add_rule (struct compiler *c, const struct cpod_seccomp_rule *rule)
{
	const struct cpod_seccomp_arg *slots[CPOD_SECCOMP_N_ARGS];
	bool twice;
	size_t i;
	int ret;

	ret = slot_args (c, rule, slots, &twice);
	for (i = 0; i < rule->n_names && ret == 0; i++) {
		struct cpod_syscall scratch;
		const struct cpod_syscall *syscall = cpod_syscall_find (rule->names[i], &scratch);

		c->applications += twice ? rule->n_args : 1;
		if (c->applications > MAX_APPLICATIONS)
			return cpod_error_set (c->err, E2BIG, "rules for more than %d names",
			                       MAX_APPLICATIONS);
		if (syscall == NULL)
			continue;
		ret = twice ? add_separately (c, rule, syscall)
			: add_everywhere (c, syscall, slots, rule->action);
	}
	return ret;
}

/* Adds all rules; errors say which. */
static int
add_rules (struct compiler *c)
{
	size_t i;
	int ret;

	for (i = 0; i < c->profile->n_rules; i++) {
		/* Says nothing, unless the call would get listed_action without it. */
		if (c->profile->rules[i].action == c->profile->default_action
		    && !c->profile->has_listed_action)
			continue;
		ret = add_rule (c, &c->profile->rules[i]);
		if (ret < 0)
			return cpod_error_prefix (c->err, ret, "syscalls[%zu]", i);
	}
	return 0;
}

/* Sets known[i] for each number (less the base) that is some call's on arch. */
static void
mark_known (size_t arch, bool known[DENSE])
{
	size_t i, selector;

	memset (known, 0, DENSE * sizeof (known[0]));
	for (i = 0; i < cpod_n_syscalls; i++) {
		uint32_t index = (uint32_t) cpod_syscalls[i].nr[arch] - archs[arch].base;

		if (index < DENSE)
			known[index] = true;
	}
	for (i = 0; arch == CPOD_ARCH_X86 && i < sizeof (muxes) / sizeof (muxes[0]); i++)
		for (selector = 0; selector < N_SELECTORS; selector++)
			if (muxes[i].direct[selector] != 0)
				known[muxes[i].direct[selector]] = true;
}

/* The ranges of one architecture token. */
struct ranges {
	struct seccomp_range *list;
	size_t n;
};

/* Starts a range at first, unless the verdict goes on. level as in struct seccomp_range. */
static void
add_range (struct ranges *ranges, uint32_t first, uint32_t action, const struct seccomp_node *level)
{
	struct seccomp_range *last = ranges->n > 0 ? &ranges->list[ranges->n - 1] : NULL;

	if (last != NULL && last->first == first) {
		/* Nothing in between: the previous range is empty. */
		ranges->n--;
		add_range (ranges, first, action, level);
		return;
	}
	if (last != NULL && last->level == NULL && level == NULL && last->action == action)
		return;
	ranges->list[ranges->n++] = (struct seccomp_range) { first, action, level };
}

static int
by_number (const void *a, const void *b)
{
	uint32_t x = (*(struct seccomp_call *const *) a)->nr, y = (*(struct seccomp_call *const *) b)->nr;

	return (x > y) - (x < y);
}

/* Adds the ranges of arch, from its base up. */
static void
add_arch_ranges (struct compiler *c, size_t arch, struct ranges *ranges)
{
	const struct cpod_seccomp_profile *profile = c->profile;
	struct calls *calls = &c->calls[arch];
	uint32_t base = archs[arch].base, none = profile->default_action, listed;
	bool known[DENSE];
	size_t i;

	listed = profile->has_listed_action ? profile->listed_action : profile->default_action;
	mark_known (arch, known);
	for (i = 0; i < DENSE; i++) {
		const struct seccomp_call *call = calls->dense[i];

		if (call != NULL)
			add_range (ranges, base + i, call->action, call->level);
		else
			add_range (ranges, base + i, known[i] ? listed : none, NULL);
	}
	add_range (ranges, base + DENSE, none, NULL);
	if (calls->n_others > 0)
		qsort (calls->others, calls->n_others, sizeof (calls->others[0]), by_number);
	for (i = 0; i < calls->n_others; i++) {
		add_range (ranges, calls->others[i]->nr, calls->others[i]->action, calls->others[i]->level);
		add_range (ranges, calls->others[i]->nr + 1, none, NULL);
	}
}

/* Writes the search of an architecture, with x32's when both are covered; its label in *ret_label. */
static int
emit_arch (struct compiler *c, size_t arch, unsigned int *ret_label)
{
	const struct cpod_seccomp_profile *profile = c->profile;
	struct ranges ranges = { .n = 0 };
	size_t most = 2 * DENSE + 8 + 2 * (c->calls[arch].n_others + c->calls[CPOD_ARCH_X32].n_others);

	ranges.list = malloc (most * sizeof (*ranges.list));
	if (ranges.list == NULL)
		return cpod_error_oom (c->err);
	if (archs[arch].base > 0)
		add_range (&ranges, 0, profile->bad_arch_action, NULL);
	add_arch_ranges (c, arch, &ranges);
	if (arch == CPOD_ARCH_X86_64 && c->archs & 1u << CPOD_ARCH_X32) {
		add_arch_ranges (c, CPOD_ARCH_X32, &ranges);
	} else if (arch == CPOD_ARCH_X86_64) {
		add_range (&ranges, CPOD_X32_BIT, profile->bad_arch_action, NULL);
		add_range (&ranges, UINT32_MAX, profile->default_action, NULL);
	}
	(void) cpod_seccomp_emit_search (&c->emit, ranges.list, ranges.n, profile->default_action);
	*ret_label = cpod_seccomp_emit_load (&c->emit, offsetof (struct seccomp_data, nr));
	free (ranges.list);
	return 0;
}

/* Writes the whole program. */
static int
emit_program (struct compiler *c)
{
	unsigned int labels[CPOD_N_ARCHS] = { 0 }, next;
	size_t arch;
	int ret;

	cpod_seccomp_emit_begin (&c->emit);
	for (arch = CPOD_N_ARCHS; arch-- > 0; ) {
		if (!(c->archs & 1u << arch) || (arch == CPOD_ARCH_X32 && c->archs & 1u << CPOD_ARCH_X86_64))
			continue;
		ret = emit_arch (c, arch, &labels[arch]);
		if (ret < 0)
			return ret;
	}
	next = cpod_seccomp_emit_return (&c->emit, c->profile->bad_arch_action);
	for (arch = CPOD_N_ARCHS; arch-- > 0; )
		if (labels[arch] != 0)
			next = cpod_seccomp_emit_test (&c->emit, BPF_JEQ, archs[arch].token, labels[arch],
			                               next);
	(void) cpod_seccomp_emit_load (&c->emit, offsetof (struct seccomp_data, arch));
	if (c->emit.full)
		return cpod_error_set (c->err, E2BIG, "the filter has more than %d instructions",
		                       BPF_MAXINSNS);
	return 0;
}

/* Copies the program into the arena, first instruction first. */
static int
finish (struct compiler *c, struct cpod_seccomp_program *ret_program)
{
	struct sock_filter *insns = cpod_arena_array (c->arena, c->emit.n, sizeof (*insns));
	unsigned int i;

	if (insns == NULL)
		return cpod_error_oom (c->err);
	for (i = 0; i < c->emit.n; i++)
		insns[i] = c->emit.reversed[c->emit.n - 1 - i];
	*ret_program = (struct cpod_seccomp_program) {
		.insns = insns, .n = c->emit.n, .flags = c->profile->flags, .notifies = c->emit.notifies,
	};
	return 0;
}

int
cpod_seccomp_compile_profile (const struct cpod_seccomp_profile *profile, struct cpod_arena *arena,
                              struct cpod_seccomp_program *ret_program, struct cpod_error *err)
{
	struct compiler *c = calloc (1, sizeof (*c));
	int ret;

	if (c == NULL)
		return cpod_error_oom (err);
	c->profile = profile;
	c->arena = arena;
	c->err = err;
	c->archs = profile->archs | 1u << CPOD_ARCH_NATIVE;
	ret = add_rules (c);
	if (ret == 0)
		ret = emit_program (c);
	if (ret == 0)
		ret = finish (c, ret_program);
	free (c);
	return ret;
}
