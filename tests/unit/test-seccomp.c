/* Links: libcpod.a tests/lib/bpf-interp.c tests/lib/seccomp-probe.c -lseccomp
 *
 * The filter compiler against libseccomp. The verdicts must be equal, except where libseccomp 2.5
 * contradicts the rules that it was given:
 *
 *   - several rules for one call with greater or less in 64 bits, and not-equal rules over several
 *     arguments: it shares nodes between alternatives and loses track of what it has loaded;
 *   - i386 without any unconditional rule, but with a call that only socketcall or ipc reaches: it
 *     leaves out the load of the number.
 *
 * So random profiles for the comparison have, for each call, either one rule with any comparisons or
 * several with equality under masks; and for all other mixtures a second test demands that each
 * verdict is that of a rule that matches, and the default exactly when none does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "oci/seccomp.h"
#include "oci/spec.h"
#include "tests/lib/bpf-interp.h"
#include "tests/lib/seccomp-probe.h"

#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RULES 48

/* A profile with its own storage. */
struct made {
	struct cpod_seccomp_profile profile;
	struct cpod_seccomp_rule rules[MAX_RULES];
	const char *names[MAX_RULES][1];
	struct cpod_seccomp_arg args[MAX_RULES][6];
};

static const uint32_t actions[] = { SCMP_ACT_ALLOW, SCMP_ACT_ERRNO (38), SCMP_ACT_LOG };

/* Calls of all kinds: direct everywhere, multiplexed on i386 with and without a direct number, of one machine
 * only. */
static const char *const calls[] = {
	"openat", "socket", "personality", "clone", "shmat", "ioctl", "semop", "accept", "mmap2", "recv",
	"arch_prctl",
	"cacheflush", "msgsnd", "sendto", "statx", "no_such_call",
};
#define N_CALLS (sizeof (calls) / sizeof (calls[0]))

static struct cpod_arena arena;
static struct cpod_error err;

static int
setup (void **state)
{
	(void) state;
	cpod_arena_init (&arena, 0);
	memset (&err, 0, sizeof (err));
	return 0;
}

static int
teardown (void **state)
{
	(void) state;
	cpod_arena_finish (&arena);
	return 0;
}

/* Starts a profile: EPERM by default, one unconditional rule. */
static void
make (struct made *made, unsigned int archs)
{
	memset (made, 0, sizeof (*made));
	made->names[0][0] = "read";
	made->rules[0] = (struct cpod_seccomp_rule) { .names = made->names[0], .n_names = 1,
	                                              .action = SCMP_ACT_ALLOW };
	made->profile = (struct cpod_seccomp_profile) {
		.default_action = SCMP_ACT_ERRNO (1), .archs = archs, .rules = made->rules, .n_rules = 1,
	};
}

/* Adds a rule with n comparisons, to be filled in; returns them. */
static struct cpod_seccomp_arg *
make_rule (struct made *made, const char *name, uint32_t action, size_t n)
{
	size_t i = made->profile.n_rules++;

	made->names[i][0] = name;
	made->rules[i] = (struct cpod_seccomp_rule) {
		.names = made->names[i], .n_names = 1, .action = action, .args = made->args[i], .n_args = n,
	};
	return made->args[i];
}

static uint64_t
any_boundary (struct probe_random *random)
{
	return probe_boundaries[probe_random_below (random, probe_n_boundaries)];
}

/* Fills n comparisons of consecutive arguments with random operators out of the first n_ops of ops. */
static void
fill_args (struct cpod_seccomp_arg *args, size_t n, const enum cpod_seccomp_op *ops, size_t n_ops,
           struct probe_random *random)
{
	size_t first = probe_random_below (random, 6), i;

	for (i = 0; i < n; i++)
		args[i] = (struct cpod_seccomp_arg) {
			.index = (first + i) % 6, .op = ops[probe_random_below (random, n_ops)],
			.value = any_boundary (random), .value_two = any_boundary (random),
		};
}

static const enum cpod_seccomp_op all_ops[] = {
	CPOD_SECCOMP_EQ, CPOD_SECCOMP_MASKED_EQ, CPOD_SECCOMP_NE, CPOD_SECCOMP_LT, CPOD_SECCOMP_LE,
	CPOD_SECCOMP_GE, CPOD_SECCOMP_GT,
};
#define N_EQUAL_OPS 2
#define N_ALL_OPS 7

/* Compiles, or fails the test. */
static struct cpod_seccomp_program
compile (const struct cpod_seccomp_profile *profile)
{
	struct cpod_seccomp_program program = { .n = 0 };

	if (cpod_seccomp_compile_profile (profile, &arena, &program, &err) < 0)
		fail_msg ("%s", err.message);
	return program;
}

/* Asserts that both filters answer all probes alike; returns the probes, with verdicts. */
static struct probes
assert_equal (const struct cpod_seccomp_profile *profile, const struct cpod_seccomp_program *program,
              size_t per_call,
              struct probe_random *random)
{
	struct sock_filter *reference;
	struct probes probes;
	const struct probe *other;
	uint32_t verdict;
	size_t n;

	assert_true (probe_export (profile, &reference, &n));
	probes_init (&probes, profile, per_call, 1, random);
	probes_answer (&probes, reference, n);
	free (reference);
	other = probes_differ (&probes, program->insns, program->n, &verdict);
	if (other != NULL)
		fail_msg ("arch %#x call %d (%#llx, %#llx, %#llx, ...): %#x, libseccomp says %#x",
		          other->data.arch, other->data.nr,
		          (unsigned long long) other->data.args[0], (unsigned long long) other->data.args[1],
		          (unsigned long long) other->data.args[2], verdict, other->verdict);
	return probes;
}

/* ---- names ---- */

static void
every_number_of_the_table_is_libseccomps (void **state)
{
	static const uint32_t tokens[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_AARCH64,
	                                   SCMP_ARCH_ARM };
	size_t i, arch;

	(void) state;
	for (i = 0; i < cpod_n_syscalls; i++)
		for (arch = 0; arch < CPOD_N_ARCHS; arch++) {
			const struct cpod_syscall *row = &cpod_syscalls[i];
			int nr = seccomp_syscall_resolve_name_arch (tokens[arch], row->name);

			/* Younger than libseccomp: the same number everywhere. */
			if (seccomp_syscall_resolve_name (row->name) == __NR_SCMP_ERROR) {
				assert_true (row->nr[arch] == (row->nr[0] | (arch == CPOD_ARCH_X32
				                                             ? CPOD_X32_BIT : 0)));
				assert_true (row->nr[0] > 450);
			} else if (row->nr[arch] != (nr < -300 ? -1 : nr)) {
				fail_msg ("%s: %d, libseccomp says %d", row->name, row->nr[arch], nr);
			}
		}
}

static void
every_name_of_libseccomp_is_in_the_sorted_table (void **state)
{
	static const uint32_t tokens[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_AARCH64,
	                                   SCMP_ARCH_ARM };
	struct cpod_syscall scratch;
	size_t arch, i;
	int nr;

	(void) state;
	for (arch = 0; arch < CPOD_N_ARCHS; arch++)
		for (nr = 0; nr < 1024; nr++) {
			char *name = seccomp_syscall_resolve_num_arch (tokens[arch], arch == CPOD_ARCH_X32
			                                               ? nr | CPOD_X32_BIT : nr);

			if (name != NULL && cpod_syscall_find (name, &scratch) == &scratch)
				fail_msg ("%s is not in the table", name);
			free (name);
		}
	for (i = 1; i < cpod_n_syscalls; i++)
		assert_true (strcmp (cpod_syscalls[i - 1].name, cpod_syscalls[i].name) < 0);
}

static void
a_name_that_nobody_knows_is_not_found (void **state)
{
	struct cpod_syscall scratch;

	(void) state;
	assert_null (cpod_syscall_find ("no_such_call", &scratch));
	assert_null (cpod_syscall_find ("a_name_that_is_longer_than_any_call_has_ever_been", &scratch));
	assert_null (cpod_syscall_find ("", &scratch));
	assert_non_null (cpod_syscall_find ("s390_runtime_instr", &scratch));
}

/* ---- equality ---- */

static void
every_operator_equals_libseccomp_at_every_boundary (void **state)
{
	struct probe_random random = { 1 };
	size_t op, i;

	(void) state;
	for (op = 0; op < N_ALL_OPS; op++)
		for (i = 0; i < probe_n_boundaries; i++) {
			struct cpod_seccomp_program program;
			struct cpod_seccomp_arg *arg;
			struct probes probes;
			struct made made;

			make (&made, 0x1f);
			arg = make_rule (&made, "openat", SCMP_ACT_LOG, 1);
			*arg = (struct cpod_seccomp_arg) {
				.index = 1, .op = all_ops[op], .value = probe_boundaries[i],
				.value_two = any_boundary (&random),
			};
			program = compile (&made.profile);
			probes = assert_equal (&made.profile, &program, 100, &random);
			probes_finish (&probes);
		}
}

/* One rule with any comparisons for each of some calls. */
static void
make_single_rules (struct made *made, struct probe_random *random)
{
	size_t i;

	for (i = 0; i < N_CALLS; i++)
		if (probe_random_below (random, 2)) {
			size_t n = probe_random_below (random, 7);

			fill_args (make_rule (made, calls[i], actions[probe_random_below (random, 3)], n), n,
			           all_ops, N_ALL_OPS, random);
		}
}

/* Several rules with equality for each of some calls. */
static void
make_several_rules (struct made *made, struct probe_random *random)
{
	size_t n_rules = 2 + probe_random_below (random, 12), i;

	for (i = 0; i < n_rules; i++) {
		size_t n = probe_random_below (random, 4);

		fill_args (make_rule (made, calls[probe_random_below (random, 6)],
		                      actions[probe_random_below (random, 3)], n), n,
		           all_ops, N_EQUAL_OPS, random);
	}
}

static void
a_hundred_random_profiles_equal_libseccomp (void **state)
{
	struct probe_random random = { 20261122 };
	size_t compared = 0, refused = 0;

	(void) state;
	while (compared < 100) {
		struct cpod_seccomp_program program;
		struct sock_filter *reference;
		struct probes probes;
		struct made made;
		bool accepted;
		size_t n;

		make (&made, probe_random_below (&random, 32));
		if (probe_random_below (&random, 2))
			make_single_rules (&made, &random);
		else
			make_several_rules (&made, &random);
		/* Contradictions are refused by both. */
		accepted = probe_export (&made.profile, &reference, &n);
		free (reference);
		assert_int_equal (cpod_seccomp_compile_profile (&made.profile, &arena, &program, &err),
		                  accepted ? 0 : -EEXIST);
		if (!accepted) {
			refused++;
			continue;
		}
		probes = assert_equal (&made.profile, &program, 60, &random);
		probes_finish (&probes);
		compared++;
	}
	print_message ("# %zu profiles equal, %zu refused by both\n", compared, refused);
}

/* Whether rule is for the call and all its comparisons hold. */
static bool
matches (const struct cpod_seccomp_rule *rule, const struct seccomp_data *data)
{
	enum cpod_arch arch = probe_arch (data);
	struct cpod_syscall scratch;
	const struct cpod_syscall *syscall = cpod_syscall_find (rule->names[0], &scratch);
	bool wide = arch == CPOD_ARCH_X86_64 || arch == CPOD_ARCH_AARCH64;
	size_t i;

	if (syscall == NULL || syscall->nr[arch] != data->nr)
		return false;
	for (i = 0; i < rule->n_args; i++)
		if (!probe_holds (&rule->args[i], wide, data->args[rule->args[i].index]))
			return false;
	return true;
}

static void
any_mixture_of_rules_answers_as_some_matching_rule_says (void **state)
{
	static const char *const direct[] = { "openat", "ioctl", "clone" };
	struct probe_random random = { 77 };
	size_t round, i, k;

	(void) state;
	for (round = 0; round < 150; round++) {
		struct cpod_seccomp_program program;
		struct probes probes;
		struct made made;
		size_t n_rules = 1 + probe_random_below (&random, 8), matching = 0;

		make (&made, 0x1f);
		for (i = 0; i < n_rules; i++) {
			size_t n = 1 + probe_random_below (&random, 3);

			fill_args (make_rule (&made, direct[probe_random_below (&random, 3)],
			                      actions[probe_random_below (&random, 3)], n), n,
			           all_ops, N_ALL_OPS, &random);
		}
		if (cpod_seccomp_compile_profile (&made.profile, &arena, &program, &err) < 0)
			continue;
		probes_init (&probes, &made.profile, 100, 0, &random);
		for (i = 0; i < probes.n; i++) {
			bool any = false, said = false;
			uint32_t verdict;

			if (probe_arch (&probes.list[i].data) == CPOD_N_ARCHS)
				continue;
			assert_true (bpf_interp_run (program.insns, program.n, &probes.list[i].data, &verdict,
			                             NULL));
			for (k = 0; k < made.profile.n_rules; k++)
				if (matches (&made.rules[k], &probes.list[i].data)) {
					any = true;
					said = said || made.rules[k].action == verdict;
				}
			assert_true (any ? said : verdict == made.profile.default_action);
			matching += any;
		}
		assert_true (matching > 0);
		probes_finish (&probes);
	}
}

static void
an_index_that_occurs_twice_makes_rules_of_their_own (void **state)
{
	struct probe_random random = { 5 };
	struct cpod_seccomp_program program;
	struct made twice, apart;
	struct cpod_seccomp_arg *args;
	struct probes probes;

	(void) state;
	make (&twice, 1);
	args = make_rule (&twice, "openat", SCMP_ACT_LOG, 3);
	args[0] = (struct cpod_seccomp_arg) { .index = 2, .op = CPOD_SECCOMP_EQ, .value = 1 };
	args[1] = (struct cpod_seccomp_arg) { .index = 2, .op = CPOD_SECCOMP_EQ, .value = 7 };
	args[2] = (struct cpod_seccomp_arg) { .index = 0, .op = CPOD_SECCOMP_EQ, .value = 3 };
	make (&apart, 1);
	*make_rule (&apart, "openat", SCMP_ACT_LOG, 1) = args[0];
	*make_rule (&apart, "openat", SCMP_ACT_LOG, 1) = args[1];
	*make_rule (&apart, "openat", SCMP_ACT_LOG, 1) = args[2];
	program = compile (&twice.profile);
	probes = assert_equal (&apart.profile, &program, 500, &random);
	probes_finish (&probes);
}

static void
jumps_beyond_255_instructions_are_bridged (void **state)
{
	struct probe_random random = { 9 };
	struct cpod_seccomp_program program;
	struct cpod_seccomp_rule rules[400];
	const char *names[400];
	struct cpod_seccomp_arg args[400];
	struct cpod_seccomp_profile profile = { .default_action = SCMP_ACT_ERRNO (1), .archs = 3,
	                                        .rules = rules };
	struct probes probes;
	unsigned int bridges = 0, i;
	size_t row;

	(void) state;
	for (row = 0; row < cpod_n_syscalls; row += 2) {
		size_t n = profile.n_rules;

		if (cpod_syscalls[row].nr[0] < 0 || cpod_syscalls[row].nr[0] > 450)
			continue;
		names[n] = n == 0 ? "read" : cpod_syscalls[row].name;
		args[n] = (struct cpod_seccomp_arg) { .index = n % 6, .op = CPOD_SECCOMP_EQ, .value = n };
		rules[n] = (struct cpod_seccomp_rule) {
			.names = &names[n], .n_names = 1, .action = SCMP_ACT_ERRNO (2 + n), .args = &args[n],
			.n_args = n > 0,
		};
		profile.n_rules++;
	}
	program = compile (&profile);
	for (i = 0; i < program.n; i++)
		bridges += program.insns[i].code == (BPF_JMP | BPF_JA);
	assert_true (program.n > 800 && bridges > 0);
	probes = assert_equal (&profile, &program, 20, &random);
	probes_finish (&probes);
}

/* ---- what is refused, and what is not ---- */

static void
contradictory_rules_are_refused_by_name (void **state)
{
	struct cpod_seccomp_program program;
	struct made made;

	(void) state;
	make (&made, 0);
	*make_rule (&made, "openat", SCMP_ACT_LOG, 1) = (struct cpod_seccomp_arg) { .index = 1,
	                                                                            .op = CPOD_SECCOMP_EQ,
		.value = 5 };
	*make_rule (&made, "openat", SCMP_ACT_ALLOW, 1) = (struct cpod_seccomp_arg) { .index = 1,
	                                                                              .op = CPOD_SECCOMP_EQ,
		.value = 5 };
	assert_int_equal (cpod_seccomp_compile_profile (&made.profile, &arena, &program, &err), -EEXIST);
	assert_string_equal (err.message, "syscalls[2]: contradictory rules for openat");
}

static void
an_argument_beyond_the_sixth_is_refused (void **state)
{
	struct cpod_seccomp_program program;
	struct made made;

	(void) state;
	make (&made, 0);
	*make_rule (&made, "openat", SCMP_ACT_LOG, 1) = (struct cpod_seccomp_arg) { .index = 6,
	                                                                            .op = CPOD_SECCOMP_EQ };
	assert_int_equal (cpod_seccomp_compile_profile (&made.profile, &arena, &program, &err), -EINVAL);
	assert_string_equal (err.message, "syscalls[1]: args[0]: a call has no argument 6");
}

static void
a_filter_that_the_kernel_would_not_take_is_refused (void **state)
{
	struct cpod_seccomp_rule rules[2000];
	struct cpod_seccomp_arg args[2000];
	static const char *const name[] = { "openat" };
	struct cpod_seccomp_profile profile = { .default_action = SCMP_ACT_ERRNO (1), .rules = rules,
	                                        .n_rules = 2000 };
	struct cpod_seccomp_program program;
	size_t i;

	(void) state;
	for (i = 0; i < 2000; i++) {
		args[i] = (struct cpod_seccomp_arg) { .index = 0, .op = CPOD_SECCOMP_EQ, .value = i << 31 };
		rules[i] = (struct cpod_seccomp_rule) { name, 1, SCMP_ACT_ALLOW, &args[i], 1 };
	}
	assert_int_equal (cpod_seccomp_compile_profile (&profile, &arena, &program, &err), -E2BIG);
	assert_string_equal (err.message, "the filter has more than 4096 instructions");
}

static void
endless_lists_of_names_are_refused (void **state)
{
	static const char *names[40000];
	struct made made;
	struct cpod_seccomp_program program;
	size_t i;

	(void) state;
	for (i = 0; i < 40000; i++)
		names[i] = "openat";
	make (&made, 0);
	made.rules[0].names = names;
	made.rules[0].n_names = 40000;
	assert_int_equal (cpod_seccomp_compile_profile (&made.profile, &arena, &program, &err), -E2BIG);
	assert_string_equal (err.message, "syscalls[0]: rules for more than 32768 names");
}

static void
a_lack_of_memory_is_an_error_at_every_point (void **state)
{
	struct cpod_seccomp_program program;
	struct made made;
	size_t limit, failures = 0;
	int ret = -ENOMEM;

	(void) state;
	make (&made, 0x1f);
	*make_rule (&made, "shmat", SCMP_ACT_LOG, 1) = (struct cpod_seccomp_arg) { .index = 1,
	                                                                           .op = CPOD_SECCOMP_GT,
		.value = 5 };
	*make_rule (&made, "cacheflush", SCMP_ACT_LOG, 1) = (struct cpod_seccomp_arg) { .index = 1,
	                                                                                .op = CPOD_SECCOMP_NE,
		.value = 5 };
	for (limit = 16; ret < 0; limit += 16, failures++) {
		struct cpod_arena small;

		cpod_arena_init (&small, limit);
		ret = cpod_seccomp_compile_profile (&made.profile, &small, &program, &err);
		cpod_arena_finish (&small);
		assert_true (ret == 0 || ret == -ENOMEM);
	}
	assert_true (failures > 20);
}

/* ---- a spec's profile ---- */

static struct cpod_int
number (int64_t value)
{
	return (struct cpod_int) { true, value };
}

static void
a_specs_words_become_the_kernels_numbers (void **state)
{
	static const char *archs[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_S390X",
	                               "SCMP_ARCH_ARM" };
	static const char *flags[] = { "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW" };
	static const char *names[] = { "openat", "no_such_call" };
	struct cpod_oci_seccomp_arg arg = { .index = { true, 1 }, .value = { true, 0x10 },
	                                    .value_two = { true, 0x10 },
	                                    .op = number (CPOD_OCI_SECCOMP_MASKED_EQ) };
	struct cpod_oci_seccomp_rule rules[] = {
		{ .names = { names, 2, true }, .action = number (CPOD_OCI_SECCOMP_ERRNO), .errno_ret = { true,
		                                                                                         ENOENT },
		  .args = { &arg, 1, true } },
		{ .names = { names, 1, true }, .action = number (CPOD_OCI_SECCOMP_TRACE) },
		{ .names = { names, 1, true }, .action = number (CPOD_OCI_SECCOMP_KILL_PROCESS) },
	};
	struct cpod_oci_seccomp spec = {
		.default_action = number (CPOD_OCI_SECCOMP_ERRNO), .architectures = { archs, 4, true },
		.flags = { flags, 2, true },
		.syscalls = { rules, 3, true },
	};
	struct cpod_seccomp_profile profile;

	(void) state;
	assert_int_equal (cpod_seccomp_profile_from_spec (&spec, &arena, &profile, &err), 0);
	assert_int_equal (profile.default_action, SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal (profile.bad_arch_action, SECCOMP_RET_KILL_THREAD);
	assert_int_equal (profile.archs, 1 << CPOD_ARCH_X86_64 | 1 << CPOD_ARCH_X86 | 1 << CPOD_ARCH_ARM);
	assert_int_equal (profile.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_int_equal (profile.n_rules, 3);
	assert_int_equal (profile.rules[0].action, SECCOMP_RET_ERRNO | ENOENT);
	assert_int_equal (profile.rules[0].args[0].op, CPOD_SECCOMP_MASKED_EQ);
	assert_int_equal (profile.rules[0].args[0].index, 1);
	assert_int_equal (profile.rules[1].action, SECCOMP_RET_TRACE | EPERM);
	assert_int_equal (profile.rules[2].action, SECCOMP_RET_KILL_PROCESS);
}

static void
a_notify_verdict_is_announced (void **state)
{
	static const char *names[] = { "openat" };
	struct cpod_oci_seccomp_rule rule = { .names = { names, 1, true },
	                                      .action = number (CPOD_OCI_SECCOMP_NOTIFY) };
	struct cpod_oci_seccomp spec = { .default_action = number (CPOD_OCI_SECCOMP_ALLOW),
	                                 .syscalls = { &rule, 1, true } };
	struct cpod_seccomp_program program;

	(void) state;
	assert_int_equal (cpod_seccomp_compile (&spec, &arena, &program, &err), 0);
	assert_true (program.notifies);
	spec.syscalls.n = 0;
	assert_int_equal (cpod_seccomp_compile (&spec, &arena, &program, &err), 0);
	assert_false (program.notifies);
	spec.default_action = number (CPOD_OCI_SECCOMP_NOTIFY);
	assert_int_equal (cpod_seccomp_compile (&spec, &arena, &program, &err), -EINVAL);
	assert_non_null (strstr (err.message, "linux.seccomp: defaultAction: SCMP_ACT_NOTIFY"));
}

static void
an_errno_where_none_is_taken_is_refused (void **state)
{
	static const char *names[] = { "openat" };
	struct cpod_oci_seccomp_rule rule = { .names = { names, 1, true },
	                                      .action = number (CPOD_OCI_SECCOMP_ALLOW),
	                                      .errno_ret = { true, 1 } };
	struct cpod_oci_seccomp spec = { .default_action = number (CPOD_OCI_SECCOMP_ERRNO),
	                                 .syscalls = { &rule, 1, true } };
	struct cpod_seccomp_program program;

	(void) state;
	assert_int_equal (cpod_seccomp_compile (&spec, &arena, &program, &err), -EINVAL);
	assert_string_equal (err.message,
	                     "linux.seccomp: syscalls[0]: errnoRet: SCMP_ACT_ALLOW takes no errno");
	spec.default_errno_ret = (struct cpod_uint) { true, 4096 };
	assert_int_equal (cpod_seccomp_compile (&spec, &arena, &program, &err), -EINVAL);
	assert_string_equal (err.message, "linux.seccomp: defaultErrnoRet: 4096 is no errno");
}

static void
an_unknown_flag_is_refused (void **state)
{
	static const char *flags[] = { "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_WISH" };
	struct cpod_oci_seccomp spec = { .default_action = number (CPOD_OCI_SECCOMP_ALLOW),
	                                 .flags = { flags, 2, true } };
	struct cpod_seccomp_program program;

	(void) state;
	assert_int_equal (cpod_seccomp_compile (&spec, &arena, &program, &err), -EINVAL);
	assert_string_equal (err.message,
	                     "linux.seccomp: flags[1]: unknown flag \"SECCOMP_FILTER_FLAG_WISH\"");
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST (every_number_of_the_table_is_libseccomps),
		TEST (every_name_of_libseccomp_is_in_the_sorted_table),
		TEST (a_name_that_nobody_knows_is_not_found),
		TEST (every_operator_equals_libseccomp_at_every_boundary),
		TEST (a_hundred_random_profiles_equal_libseccomp),
		TEST (any_mixture_of_rules_answers_as_some_matching_rule_says),
		TEST (an_index_that_occurs_twice_makes_rules_of_their_own),
		TEST (jumps_beyond_255_instructions_are_bridged),
		TEST (contradictory_rules_are_refused_by_name),
		TEST (an_argument_beyond_the_sixth_is_refused),
		TEST (a_filter_that_the_kernel_would_not_take_is_refused),
		TEST (endless_lists_of_names_are_refused),
		TEST (a_lack_of_memory_is_an_error_at_every_point),
		TEST (a_specs_words_become_the_kernels_numbers),
		TEST (a_notify_verdict_is_announced),
		TEST (an_errno_where_none_is_taken_is_refused),
		TEST (an_unknown_flag_is_refused),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
