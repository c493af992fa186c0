/* Links: libcpod.a tests/lib/bpf-interp.c tests/lib/seccomp-probe.c -lseccomp
 *
 * The default profile: equal to libseccomp's filter for the same rules, sensitive to every
 * instruction of it, and what a process under it meets in this kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "oci/seccomp.h"
#include "tests/lib/bpf-interp.h"
#include "tests/lib/seccomp-probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CAP(name) (UINT64_C (1) << CAP_ ## name)
#define DENY SCMP_ACT_ERRNO (EPERM)
#define MISSING SCMP_ACT_ERRNO (ENOSYS)
#ifndef AF_VSOCK
# define AF_VSOCK 40
#endif

/* Numbers that the machine of the table's first columns has. */
#define KEYCTL 250
#define CLONE 56
#define CLONE3 435
#define IOCTL 16
#define SOCKET 41

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

/* The default profile and its program. */
static struct cpod_seccomp_program
compile (uint64_t capabilities, struct cpod_seccomp_profile *ret_profile)
{
	struct cpod_seccomp_program program = { .n = 0 };

	if (cpod_seccomp_default_profile (capabilities, &arena, ret_profile, &err) < 0
	    || cpod_seccomp_compile_profile (ret_profile, &arena, &program, &err) < 0)
		fail_msg ("%s", err.message);
	return program;
}

/* Its verdict on a call. */
static uint32_t
verdict (uint64_t capabilities, uint32_t arch, uint32_t nr, uint64_t arg0, uint64_t arg1)
{
	struct cpod_seccomp_profile profile;
	struct cpod_seccomp_program program = compile (capabilities, &profile);
	struct seccomp_data data = { .nr = (int) nr, .arch = arch, .args = { arg0, arg1 } };
	uint32_t action;

	assert_true (bpf_interp_run (program.insns, program.n, &data, &action, NULL));
	return action;
}

/* What the profile says of a call that libseccomp does not know: on the list or not. */
static uint32_t
younger_verdict (const struct cpod_seccomp_profile *profile, const char *name)
{
	size_t i, k;

	for (i = 0; i < profile->n_rules; i++)
		for (k = 0; k < profile->rules[i].n_names; k++)
			if (strcmp (profile->rules[i].names[k], name) == 0)
				return profile->rules[i].action;
	return profile->listed_action;
}

/* The probes of a profile, answered by libseccomp, and by the list for calls younger than it. */
static struct probes
reference_probes (const struct cpod_seccomp_profile *profile)
{
	struct probe_random random = { 4 };
	struct sock_filter *reference;
	struct probes probes;
	size_t n, i, row;

	assert_true (probe_export (profile, &reference, &n));
	probes_init (&probes, profile, 300, 12, &random);
	probes_answer (&probes, reference, n);
	free (reference);
	for (row = 0; row < cpod_n_syscalls; row++) {
		if (seccomp_syscall_resolve_name (cpod_syscalls[row].name) != __NR_SCMP_ERROR)
			continue;
		for (i = 0; i < probes.n; i++)
			if (probes.list[i].data.nr == cpod_syscalls[row].nr[0]
			    && probe_arch (&probes.list[i].data) < CPOD_N_ARCHS
			    && profile->archs & 1u << probe_arch (&probes.list[i].data))
				probes.list[i].verdict = younger_verdict (profile, cpod_syscalls[row].name);
	}
	return probes;
}

static void
the_default_profile_equals_libseccomps_filter (void **state)
{
	static const uint64_t sets[] = {
		0, CAP (CHOWN) | CAP (SYS_CHROOT) | CAP (KILL), CAP (SYS_ADMIN), CAP (BPF) | CAP (PERFMON)
		| CAP (SYS_TIME), ~UINT64_C (0),
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (sets) / sizeof (sets[0]); i++) {
		struct cpod_seccomp_profile profile;
		struct cpod_seccomp_program program = compile (sets[i], &profile);
		struct probes probes = reference_probes (&profile);
		const struct probe *other;
		uint32_t ours;

		other = probes_differ (&probes, program.insns, program.n, &ours);
		if (other != NULL)
			fail_msg ("capabilities %#llx: arch %#x call %d (%#llx, %#llx): %#x, libseccomp says %#x",
			          (unsigned long long) sets[i], other->data.arch, other->data.nr,
			(unsigned long long) other->data.args[0],
			          (unsigned long long) other->data.args[1], ours, other->verdict);
		probes_finish (&probes);
	}
}

/* Changes one instruction in one place. */
static void
mutate (struct sock_filter *insn, struct probe_random *random)
{
	static const uint16_t jumps[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };

	switch (probe_random_below (random, 6)) {
	case 0:
		insn->k += probe_random_below (random, 2) ? 1 : -1;
		break;
	case 1:
		insn->k ^= 1u << probe_random_below (random, 32);
		break;
	case 2:
		insn->jt += probe_random_below (random, 2) ? 1 : -1;
		break;
	case 3:
		insn->jf += probe_random_below (random, 2) ? 1 : -1;
		break;
	case 4:
		*insn = (struct sock_filter) { insn->code, insn->jf, insn->jt, insn->k };
		break;
	default:
		if (BPF_CLASS (insn->code) == BPF_JMP)
			insn->code = BPF_JMP | BPF_K | jumps[probe_random_below (random, 4)];
		else
			insn->k += 4;
	}
}

/* Whether two programs answer alike wherever the second could tell calls apart: each word of a call
 * takes every constant of the programs and its neighbours, the others staying on values that lead
 * deep into the program (those of the probes). */
static bool
equivalent (const struct cpod_seccomp_program *program, const struct sock_filter *mutant,
            const struct probes *probes,
            struct seccomp_data *ret_data)
{
	size_t i, k, at;

	for (i = 0; i < probes->n; i += 1 + probes->n / 400)
		for (k = 0; k < program->n; k++)
			for (at = 0; at < 3 * 9; at++) {
				struct seccomp_data data = probes->list[i].data;
				uint32_t constant = at % 2 ? program->insns[k].k : mutant[k].k;
				uint32_t value = constant + (uint32_t) (at % 3) - 1, a, b;

				memcpy ((char *) &data + (at / 3 < 2 ? at / 3 * 4 : 8 + at / 3 * 4), &value,
				        4);
				assert_true (bpf_interp_run (program->insns, program->n, &data, &a, NULL));
				if (!bpf_interp_run (mutant, program->n, &data, &b, NULL) || a != b) {
					*ret_data = data;
					return false;
				}
			}
	return true;
}

static void
two_hundred_changes_of_an_instruction_are_noticed (void **state)
{
	struct probe_random random = { 200 };
	struct cpod_seccomp_profile profile;
	struct cpod_seccomp_program program = compile (CAP (CHOWN), &profile);
	struct probes probes = reference_probes (&profile);
	struct sock_filter *mutant = malloc (program.n * sizeof (*mutant));
	struct seccomp_data data;
	size_t round, noticed = 0, without_effect = 0;

	(void) state;
	assert_non_null (mutant);
	for (round = 0; noticed < 200; round++) {
		memcpy (mutant, program.insns, program.n * sizeof (*mutant));
		mutate (&mutant[probe_random_below (&random, program.n)], &random);
		if (memcmp (mutant, program.insns, program.n * sizeof (*mutant)) == 0)
			continue;
		if (probes_differ (&probes, mutant, program.n, NULL) != NULL)
			noticed++;
		else if (equivalent (&program, mutant, &probes, &data))
			without_effect++;
		else
			fail_msg ("change %zu alters the verdict of arch %#x call %d (%#llx, %#llx), and no probe notices", round, data.arch,
			          data.nr, (unsigned long long) data.args[0],
				(unsigned long long) data.args[1]);
	}
	print_message ("# %zu changes noticed, %zu more had no effect\n", noticed, without_effect);
	/* Jump distances of returns, searches between numbers that no call has, ... */
	assert_true (without_effect < noticed / 2);
	free (mutant);
	probes_finish (&probes);
}

static void
numbers_that_no_call_has_answer_enosys (void **state)
{
	(void) state;
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, 1000, 0, 0), MISSING);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, 470, 0, 0), MISSING);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, 400, 0, 0), MISSING);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, UINT32_MAX, 0, 0), MISSING);
}

static void
other_architectures_answer_enosys (void **state)
{
	(void) state;
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, 39, 0, 0), SCMP_ACT_ALLOW);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, CPOD_X32_BIT | 39, 0, 0), MISSING);
	assert_int_equal (verdict (0, AUDIT_ARCH_I386, 20, 0, 0), MISSING);
	assert_int_equal (verdict (0, AUDIT_ARCH_I386, 102, 1 /* SYS_SOCKET */, 0), MISSING);
	assert_int_equal (verdict (0, AUDIT_ARCH_S390X, 39, 0, 0), MISSING);
}

static void
calls_beside_the_list_answer_eperm (void **state)
{
	/* keyctl, add_key, request_key, userfaultfd, io_uring_setup, kexec_load, swapon, nfsservctl, mount,
	 * bpf, perf_event_open */
	static const uint32_t denied[] = { KEYCTL, 248, 249, 323, 425, 426, 427, 246, 167, 180, 165, 321, 298,
	                                   155, 272, 308 };
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (denied) / sizeof (denied[0]); i++)
		assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, denied[i], 0, 0), DENY);
	/* fchmodat2 and cachestat, which libseccomp 2.5 does not know, are on the list. */
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, 452, 0, 0), SCMP_ACT_ALLOW);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, 451, 0, 0), SCMP_ACT_ALLOW);
}

static void
capabilities_open_their_calls (void **state)
{
	static const struct { uint64_t capability; uint32_t nr; } opened[] = {
		{ CAP (SYS_ADMIN), 165 }, { CAP (SYS_ADMIN), 308 }, { CAP (SYS_ADMIN), 321 },
		{ CAP (BPF), 321 },
		{ CAP (PERFMON), 298 }, { CAP (SYS_CHROOT), 161 }, { CAP (SYS_TIME), 227 },
		{ CAP (SYS_MODULE), 313 },
		{ CAP (SYS_PTRACE), 438 }, { CAP (SYS_NICE), 238 }, { CAP (SYS_BOOT), 169 },
		{ CAP (SYSLOG), 103 },
		{ CAP (DAC_READ_SEARCH), 304 }, { CAP (SYS_RAWIO), 172 }, { CAP (SYS_PACCT), 163 },
		{ CAP (SYS_TTY_CONFIG), 153 },
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (opened) / sizeof (opened[0]); i++) {
		assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, opened[i].nr, 0, 0), DENY);
		assert_int_equal (verdict (opened[i].capability, AUDIT_ARCH_X86_64, opened[i].nr, 0, 0),
		                  SCMP_ACT_ALLOW);
	}
	/* Not opened by anything. */
	assert_int_equal (verdict (~UINT64_C (0), AUDIT_ARCH_X86_64, KEYCTL, 0, 0), DENY);
	assert_int_equal (verdict (~UINT64_C (0), AUDIT_ARCH_X86_64, 425, 0, 0), DENY);
}

static void
new_namespaces_need_the_capability (void **state)
{
	static const uint64_t flags[] = {
		CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID,
		CLONE_NEWNET,
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (flags) / sizeof (flags[0]); i++) {
		assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, CLONE, flags[i] | SIGCHLD, 0), DENY);
		assert_int_equal (verdict (CAP (SYS_ADMIN), AUDIT_ARCH_X86_64, CLONE, flags[i], 0),
		                  SCMP_ACT_ALLOW);
	}
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, CLONE, CLONE_VM | CLONE_THREAD | SIGCHLD, 0),
	                  SCMP_ACT_ALLOW);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, CLONE3, 0, 0), MISSING);
	assert_int_equal (verdict (CAP (SYS_ADMIN), AUDIT_ARCH_X86_64, CLONE3, 0, 0), SCMP_ACT_ALLOW);
}

static void
the_upper_half_of_an_argument_opens_nothing (void **state)
{
	(void) state;
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, IOCTL, 0, TIOCSTI), DENY);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, IOCTL, 0, 0x100000000 | TIOCSTI), DENY);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, IOCTL, 0, 0x541c), DENY);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, IOCTL, 0, 0xffffffff0000541c), DENY);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, IOCTL, 7, TIOCGWINSZ), SCMP_ACT_ALLOW);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, SOCKET, 0x700000000 | AF_VSOCK, 0), DENY);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, SOCKET, AF_INET, 0), SCMP_ACT_ALLOW);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, 135, ADDR_NO_RANDOMIZE, 0), DENY);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, 135, 0xffffffff, 0), SCMP_ACT_ALLOW);
	assert_int_equal (verdict (0, AUDIT_ARCH_X86_64, 135, UINT64_MAX, 0), SCMP_ACT_ALLOW);
}

static void
the_compiled_profile_is_kept_for_the_next_container (void **state)
{
	struct cpod_seccomp_program first, second, other;
	struct cpod_seccomp_profile profile;
	struct timespec begin, end;

	(void) state;
	clock_gettime (CLOCK_MONOTONIC, &begin);
	compile (0, &profile);
	clock_gettime (CLOCK_MONOTONIC, &end);
	assert_int_equal (cpod_seccomp_compile_default (CAP (CHOWN), &arena, &first, &err), 0);
	assert_int_equal (cpod_seccomp_compile_default (CAP (KILL), &arena, &second, &err), 0);
	assert_int_equal (first.n, second.n);
	assert_ptr_not_equal (first.insns, second.insns);
	assert_memory_equal (first.insns, second.insns, first.n * sizeof (first.insns[0]));
	assert_int_equal (cpod_seccomp_compile_default (CAP (SYS_ADMIN), &arena, &other, &err), 0);
	assert_true (other.n != first.n || memcmp (first.insns, other.insns,
	                                           first.n * sizeof (first.insns[0])) != 0);
	print_message ("# %u instructions in %ld us\n", first.n,
	               (end.tv_nsec - begin.tv_nsec) / 1000 + (end.tv_sec - begin.tv_sec) * 1000000);
}

static void
a_lack_of_memory_leaves_the_kept_program_alone (void **state)
{
	struct cpod_seccomp_program program;
	struct cpod_arena small;

	(void) state;
	cpod_arena_init (&small, 64);
	assert_int_equal (cpod_seccomp_compile_default (0, &small, &program, &err), -ENOMEM);
	cpod_arena_finish (&small);
	assert_int_equal (cpod_seccomp_compile_default (0, &arena, &program, &err), 0);
}

/* ---- a real process ---- */

#if defined (__x86_64__)
/* A call through i386's gate; its result. */
static long
call_i386 (long nr)
{
	long ret;

	__asm__ volatile ("int $0x80" : "=a" (ret) : "a" (nr), "b" (0), "c" (0), "d" (0) : "memory", "r8",
	                  "r9", "r10", "r11");
	return ret;
}
#endif

/* errno of a call's result. */
static int
failure (long ret)
{
	return ret < 0 ? errno : 0;
}

/* In the child: each line is one expectation; the first that fails is the exit status. */
static int
try_calls (void)
{
	int terminal = open ("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	long results[] = {
		failure (syscall (SYS_getpid)), 0,
		failure (syscall (1000)), ENOSYS,
		failure (syscall (SYS_keyctl, 0, 0, 0, 0, 0)), EPERM,
		failure (unshare (CLONE_NEWUSER)), EPERM,
		failure (syscall (SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0)), EPERM,
		failure (syscall (SYS_clone3, 0, 0)), ENOSYS,
		failure (socket (AF_VSOCK, SOCK_STREAM, 0)), EPERM,
		failure (socket (AF_UNIX, SOCK_STREAM, 0)), 0,
		failure (personality (ADDR_NO_RANDOMIZE)), EPERM,
		failure (personality (0xffffffff)), 0,
		failure (ioctl (terminal, TIOCSTI, "x")), EPERM,
		failure (ioctl (terminal, 0x100000000 | TIOCSTI, "x")), EPERM,
		failure (syscall (SYS_io_uring_setup, 1, 0)), EPERM,
		failure (mkdir ("/proc/no", 0)) == EPERM, 0,
#if defined (__x86_64__)
		failure (syscall (CPOD_X32_BIT | SYS_getpid)), ENOSYS,
#endif
	};
	size_t i;

	if (terminal < 0)
		return 100;
	for (i = 0; i < sizeof (results) / sizeof (results[0]); i += 2)
		if (results[i] != results[i + 1])
			return 1 + i / 2;
#if defined (__x86_64__)
	/* getpid; socketcall */
	if (call_i386 (20) != -ENOSYS || call_i386 (102) != -ENOSYS)
		return 101;
#endif
	return 0;
}

static void
a_process_under_the_filter_meets_these_answers (void **state)
{
	struct cpod_seccomp_profile profile;
	struct cpod_seccomp_program program = compile (0, &profile);
	struct sock_fprog filter = { program.n, program.insns };
	pid_t pid;
	int status;

	(void) state;
	pid = fork ();
	assert_true (pid >= 0);
	if (pid == 0) {
		if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
		    || syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, program.flags, &filter) < 0)
			_exit (102);
		_exit (try_calls ());
	}
	assert_int_equal (waitpid (pid, &status, 0), pid);
	assert_true (WIFEXITED (status));
	assert_int_equal (WEXITSTATUS (status), 0);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST (the_default_profile_equals_libseccomps_filter),
		TEST (two_hundred_changes_of_an_instruction_are_noticed),
		TEST (numbers_that_no_call_has_answer_enosys),
		TEST (other_architectures_answer_enosys),
		TEST (calls_beside_the_list_answer_eperm),
		TEST (capabilities_open_their_calls),
		TEST (new_namespaces_need_the_capability),
		TEST (the_upper_half_of_an_argument_opens_nothing),
		TEST (the_compiled_profile_is_kept_for_the_next_container),
		TEST (a_lack_of_memory_leaves_the_kept_program_alone),
		TEST (a_process_under_the_filter_meets_these_answers),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
