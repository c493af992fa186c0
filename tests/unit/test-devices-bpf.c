/* Links: libcpod.a
 *
 * The device filter: its program run by a small interpreter against the rules as they read, and
 * loaded and attached in a group cpod-test-devices-PID that is always removed. The kernel's part
 * needs root and a cgroup2 mount in which groups can be made; where there is none it is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "oci/devices-bpf.h"
#include "oci/spec.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* ---- an interpreter of what the generator uses ---- */

/* The verdict of the program on a request; fails the test on what the verifier would refuse. */
static bool
run (const struct bpf_insn *insns, size_t n, char type, uint32_t major, uint32_t minor, unsigned int access)
{
	const uint32_t context[3] = {
		access << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR), major, minor,
	};
	uint64_t reg[11] = { 0 };
	size_t at;

	for (at = 0; at < n; at++) {
		const struct bpf_insn *i = &insns[at];
		bool taken = false;

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W: reg[i->dst_reg] = context[i->off / 4]; break;
		case BPF_ALU64 | BPF_MOV | BPF_X: reg[i->dst_reg] = reg[i->src_reg]; break;
		case BPF_ALU64 | BPF_MOV | BPF_K: reg[i->dst_reg] = (uint64_t) (int64_t) i->imm; break;
		case BPF_ALU64 | BPF_AND | BPF_K: reg[i->dst_reg] &= (uint64_t) (int64_t) i->imm; break;
		case BPF_ALU64 | BPF_RSH | BPF_K: reg[i->dst_reg] >>= i->imm; break;
		case BPF_JMP | BPF_JNE | BPF_K: taken = reg[i->dst_reg] != (uint64_t) (int64_t) i->imm; break;
		case BPF_JMP | BPF_JSET | BPF_K: taken = reg[i->dst_reg] & (uint64_t) (int64_t) i->imm; break;
		case BPF_JMP | BPF_JA: taken = true; break;
		case BPF_JMP | BPF_EXIT: assert_true (reg[0] <= 1); return reg[0] == 1;
		default: fail_msg ("instruction %zu: unknown code %#x", at, i->code);
		}
		if (taken)
			at += i->off;
	}
	fail_msg ("the program runs past its end");
	return false;
}

/* Whether rule speaks of the device. */
static bool
speaks_of (const struct cpod_device_rule *rule, char type, int64_t major, int64_t minor)
{
	return (rule->type == 'a' || rule->type == type) && (rule->major < 0 || rule->major == major)
		&& (rule->minor < 0 || rule->minor == minor);
}

/* What the rules say: for each letter the last one that speaks of it. */
static bool
judge (const struct cpod_device_rule *rules, size_t n, unsigned int flags, char type, int64_t major,
       int64_t minor,
       unsigned int access)
{
	unsigned int bit;
	size_t i;

	for (bit = 1; bit < 8; bit <<= 1) {
		bool allowed = false;

		if (!(access & bit))
			continue;
		for (i = 0; i < n; i++)
			if (rules[i].access & bit && speaks_of (&rules[i], type, major, minor))
				allowed = rules[i].allow;
		if (flags & CPOD_DEVICES_ANY_MKNOD && bit == CPOD_DEVICE_MKNOD)
			allowed = true;
		for (i = 0; i < cpod_n_devices_default; i++)
			if (speaks_of (&cpod_devices_default[i], type, major, minor))
				allowed = true;
		if (!allowed)
			return false;
	}
	return true;
}

/* Generates, or fails the test. */
static struct bpf_insn *
generate (const struct cpod_device_rule *rules, size_t n, unsigned int flags, size_t *ret_n)
{
	struct bpf_insn *insns = NULL;

	if (cpod_devices_generate (rules, n, flags, &arena, &insns, ret_n, &err) < 0)
		fail_msg ("%s", err.message);
	return insns;
}

static uint64_t
next (uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 16;
}

/* A rule among few devices, so that rules meet. */
static struct cpod_device_rule
any_rule (uint64_t *seed)
{
	static const int64_t numbers[] = { -1, 1, 8, 0xfff, 3, 0xfffff };
	struct cpod_device_rule rule;

	rule.allow = next (seed) % 2;
	rule.type = "abc"[next (seed) % 3];
	rule.major = numbers[next (seed) % 4];
	rule.minor = numbers[next (seed) % 6];
	rule.access = next (seed) % 8;
	return rule;
}

/* ---- generating ---- */

static void
the_defaults_pass_and_nothing_else_without_rules (void **state)
{
	size_t n, i;
	struct bpf_insn *insns = generate (NULL, 0, 0, &n);

	(void) state;
	for (i = 0; i < cpod_n_devices_default; i++)
		assert_true (run (insns, n, 'c', cpod_devices_default[i].major,
		                  cpod_devices_default[i].minor < 0 ? 4 : cpod_devices_default[i].minor,
			CPOD_DEVICE_ALL));
	assert_true (run (insns, n, 'c', 136, 1000, CPOD_DEVICE_READ));
	assert_false (run (insns, n, 'b', 1, 3, CPOD_DEVICE_READ));
	assert_false (run (insns, n, 'c', 1, 1, CPOD_DEVICE_READ));
	assert_false (run (insns, n, 'b', 8, 0, CPOD_DEVICE_MKNOD));
	insns = generate (NULL, 0, CPOD_DEVICES_ANY_MKNOD, &n);
	assert_true (run (insns, n, 'b', 8, 0, CPOD_DEVICE_MKNOD));
	assert_false (run (insns, n, 'b', 8, 0, CPOD_DEVICE_MKNOD | CPOD_DEVICE_READ));
}

static void
the_last_rule_decides_letter_by_letter (void **state)
{
	static const struct cpod_device_rule rules[] = {
		{ false, 'a', -1, -1, CPOD_DEVICE_ALL },
		{ true, 'b', 8, -1, CPOD_DEVICE_READ | CPOD_DEVICE_WRITE },
		{ false, 'b', 8, 1, CPOD_DEVICE_WRITE },
		{ true, 'c', 10, 229, CPOD_DEVICE_ALL },
	};
	size_t n;
	struct bpf_insn *insns = generate (rules, 4, 0, &n);

	(void) state;
	assert_true (run (insns, n, 'b', 8, 0, CPOD_DEVICE_READ | CPOD_DEVICE_WRITE));
	assert_true (run (insns, n, 'b', 8, 1, CPOD_DEVICE_READ));
	assert_false (run (insns, n, 'b', 8, 1, CPOD_DEVICE_READ | CPOD_DEVICE_WRITE));
	assert_false (run (insns, n, 'b', 8, 0, CPOD_DEVICE_READ | CPOD_DEVICE_MKNOD));
	assert_true (run (insns, n, 'c', 10, 229, CPOD_DEVICE_ALL));
	assert_false (run (insns, n, 'c', 10, 228, CPOD_DEVICE_READ));
}

static void
the_defaults_cannot_be_taken_away (void **state)
{
	static const struct cpod_device_rule rules[] = { { false, 'c', 1, 3, CPOD_DEVICE_ALL } };
	size_t n;
	struct bpf_insn *insns = generate (rules, 1, 0, &n);

	(void) state;
	assert_true (run (insns, n, 'c', 1, 3, CPOD_DEVICE_READ | CPOD_DEVICE_WRITE));
}

static void
two_hundred_random_lists_answer_as_they_read (void **state)
{
	static const uint32_t majors[] = { 1, 5, 8, 136, 0xfff }, minors[] = { 0, 1, 3, 8, 0xfff, 0xfffff };
	uint64_t seed = 4242;
	size_t round, i, k;
	unsigned int access;

	(void) state;
	for (round = 0; round < 200; round++) {
		struct cpod_device_rule rules[12];
		size_t n_rules = next (&seed) % 12, n;
		unsigned int flags = next (&seed) % 2;
		struct bpf_insn *insns;

		for (i = 0; i < n_rules; i++)
			rules[i] = any_rule (&seed);
		insns = generate (rules, n_rules, flags, &n);
		for (i = 0; i < 5; i++)
			for (k = 0; k < 6; k++)
				for (access = 1; access < 8; access++) {
					assert_int_equal (run (insns, n, 'b', majors[i], minors[k], access),
					                  judge (rules, n_rules, flags, 'b', majors[i],
					                         minors[k], access));
					assert_int_equal (run (insns, n, 'c', majors[i], minors[k], access),
					                  judge (rules, n_rules, flags, 'c', majors[i],
					                         minors[k], access));
				}
	}
}

static void
too_many_rules_and_too_little_memory_are_errors (void **state)
{
	static struct cpod_device_rule rules[4097];
	struct bpf_insn *insns;
	struct cpod_arena small;
	size_t n;

	(void) state;
	assert_int_equal (cpod_devices_generate (rules, 4097, 0, &arena, &insns, &n, &err), -E2BIG);
	assert_string_equal (err.message, "more than 4096 device rules");
	cpod_arena_init (&small, 64);
	assert_int_equal (cpod_devices_generate (rules, 4096, 0, &small, &insns, &n, &err), -ENOMEM);
	cpod_arena_finish (&small);
}

static void
a_specs_rules_keep_their_wildcards (void **state)
{
	const struct cpod_oci_device_rule from[] = {
		{ .allow = { true, false }, .access = "rwm" },
		{ .allow = { true, true }, .type = { true, CPOD_OCI_DEVICE_RULE_BLOCK }, .major = { true, 8 },
		  .minor = { true, -1 },
		  .access = "r" },
		{ .allow = { true, true }, .type = { true, CPOD_OCI_DEVICE_RULE_CHAR }, .minor = { true, 7 },
		  .access = "mw" },
		{ .allow = { true, true }, .type = { true, CPOD_OCI_DEVICE_RULE_ALL } },
	};
	const struct cpod_array spec = { (void *) from, 4, true };
	static const struct cpod_device_rule wanted[] = {
		{ false, 'a', -1, -1, CPOD_DEVICE_ALL },
		{ true, 'b', 8, -1, CPOD_DEVICE_READ },
		{ true, 'c', -1, 7, CPOD_DEVICE_MKNOD | CPOD_DEVICE_WRITE },
		{ true, 'a', -1, -1, CPOD_DEVICE_ALL },
	};
	struct cpod_device_rule *rules;
	size_t i;

	(void) state;
	assert_int_equal (cpod_devices_from_spec (&spec, &arena, &rules, &err), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal (rules[i].allow, wanted[i].allow);
		assert_int_equal (rules[i].type, wanted[i].type);
		assert_int_equal (rules[i].major, wanted[i].major);
		assert_int_equal (rules[i].minor, wanted[i].minor);
		assert_int_equal (rules[i].access, wanted[i].access);
	}
}

/* ---- the kernel ---- */

static char group[256];        /* of this test, or empty */

/* Leaves the group, if there is one. */
static int
remove_group (void **state)
{
	if (group[0] != '\0' && rmdir (group) < 0 && errno != ENOENT)
		print_error ("rmdir %s: %s\n", group, strerror (errno));
	group[0] = '\0';
	return teardown (state);
}

/* Makes the group; its directory. Skips the test where that is not possible. */
static int
make_group (void)
{
	FILE *mounts = setmntent ("/proc/self/mounts", "re");
	struct mntent *entry;
	int fd = -1;

	while (mounts != NULL && (entry = getmntent (mounts)) != NULL)
		if (strcmp (entry->mnt_type, "cgroup2") == 0) {
			snprintf (group, sizeof (group), "%s/cpod-test-devices-%d", entry->mnt_dir,
			          (int) getpid ());
			break;
		}
	if (mounts != NULL)
		endmntent (mounts);
	if (group[0] != '\0' && mkdir (group, 0755) < 0)
		group[0] = '\0';
	if (group[0] != '\0')
		fd = open (group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		print_message ("# SKIP a cgroup2 mount in which groups can be made is needed\n");
		skip ();
	}
	return fd;
}

/* Loads rules' program, or skips the test without the privilege. */
static int
load (const struct cpod_device_rule *rules, size_t n_rules)
{
	size_t n;
	struct bpf_insn *insns = generate (rules, n_rules, 0, &n);
	int fd = -1, ret = cpod_devices_load (insns, n, &fd, &err);

	if (ret == -EPERM) {
		print_message ("# SKIP CAP_BPF is needed\n");
		skip ();
	}
	if (ret < 0)
		fail_msg ("%s", err.message);
	return fd;
}

static void
the_verifier_takes_random_programs (void **state)
{
	uint64_t seed = 17;
	size_t round, i;

	(void) state;
	for (round = 0; round < 60; round++) {
		struct cpod_device_rule rules[10];
		size_t n = next (&seed) % 10;
		int fd;

		for (i = 0; i < n; i++)
			rules[i] = any_rule (&seed);
		fd = load (rules, n);
		assert_true (fcntl (fd, F_GETFD) & FD_CLOEXEC);
		close (fd);
	}
}

/* In the child, in the group: the number of the first expectation that fails. */
static int
try_devices (const char *node)
{
	int i = 1;

	if (open ("/dev/null", O_RDWR | O_CLOEXEC) < 0)
		return i;
	i++;
	if (open ("/dev/kmsg", O_RDONLY | O_CLOEXEC) >= 0 || errno != EPERM)
		return i;
	i++;
	if (mknod (node, S_IFBLK | 0600, makedev (8, 0)) == 0 || errno != EPERM)
		return i;
	i++;
	if (mknod (node, S_IFCHR | 0600, makedev (1, 1)) < 0)
		return i;
	unlink (node);
	return 0;
}

static void
a_process_in_the_group_meets_the_filter (void **state)
{
	static const struct cpod_device_rule rules[] = { { true, 'c', 1, 1, CPOD_DEVICE_MKNOD } };
	cpod_autofd group_fd = -1, program_fd = -1, procs = -1;
	char path[300], node[64];
	int status;
	pid_t pid;

	(void) state;
	program_fd = load (rules, 1);
	group_fd = make_group ();
	if (cpod_devices_attach (group_fd, program_fd, &err) < 0)
		fail_msg ("%s", err.message);
	snprintf (path, sizeof (path), "%s/cgroup.procs", group);
	snprintf (node, sizeof (node), "/tmp/cpod-test-devices-%d", (int) getpid ());
	procs = open (path, O_WRONLY | O_CLOEXEC);
	assert_true (procs >= 0);
	pid = fork ();
	assert_true (pid >= 0);
	if (pid == 0)
		_exit (write (procs, "0", 1) == 1 ? try_devices (node) : 100);
	assert_int_equal (waitpid (pid, &status, 0), pid);
	assert_int_equal (WEXITSTATUS (status), 0);
	assert_true (WIFEXITED (status));
}

static void
two_filters_must_both_pass (void **state)
{
	static const struct cpod_device_rule rules[] = { { true, 'a', -1, -1, CPOD_DEVICE_ALL } };
	cpod_autofd group_fd = -1, wide_fd = -1, narrow_fd = -1, procs = -1;
	char path[300];
	int status;
	pid_t pid;

	(void) state;
	wide_fd = load (rules, 1);
	narrow_fd = load (NULL, 0);
	group_fd = make_group ();
	assert_int_equal (cpod_devices_attach (group_fd, wide_fd, &err), 0);
	assert_int_equal (cpod_devices_attach (group_fd, narrow_fd, &err), 0);
	snprintf (path, sizeof (path), "%s/cgroup.procs", group);
	procs = open (path, O_WRONLY | O_CLOEXEC);
	pid = fork ();
	assert_true (pid >= 0);
	if (pid == 0)
		_exit (write (procs, "0", 1) != 1 || open ("/dev/kmsg", O_RDONLY | O_CLOEXEC) >= 0
		       || errno != EPERM);
	assert_int_equal (waitpid (pid, &status, 0), pid);
	assert_int_equal (status, 0);
}

static void
attaching_to_what_is_no_group_is_an_error (void **state)
{
	cpod_autofd program_fd = load (NULL, 0), root = open ("/", O_RDONLY | O_CLOEXEC);

	(void) state;
	assert_true (cpod_devices_attach (root, program_fd, &err) < 0);
	assert_non_null (strstr (err.message, "attach the device filter: "));
}

static void
a_program_without_an_end_is_refused (void **state)
{
	const struct bpf_insn insn = { .code = BPF_ALU64 | BPF_MOV | BPF_K };
	int fd = -1;

	(void) state;
	assert_true (cpod_devices_load (&insn, 1, &fd, &err) < 0);
	assert_int_equal (fd, -1);
	assert_non_null (strstr (err.message, "load the device filter: "));
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
#define KERNEL(name) cmocka_unit_test_setup_teardown (name, setup, remove_group)
	const struct CMUnitTest tests[] = {
		TEST (the_defaults_pass_and_nothing_else_without_rules),
		TEST (the_last_rule_decides_letter_by_letter),
		TEST (the_defaults_cannot_be_taken_away),
		TEST (two_hundred_random_lists_answer_as_they_read),
		TEST (too_many_rules_and_too_little_memory_are_errors),
		TEST (a_specs_rules_keep_their_wildcards),
		KERNEL (the_verifier_takes_random_programs),
		KERNEL (a_process_in_the_group_meets_the_filter),
		KERNEL (two_filters_must_both_pass),
		KERNEL (attaching_to_what_is_no_group_is_an_error),
		KERNEL (a_program_without_an_end_is_refused),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
