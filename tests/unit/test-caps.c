/* Links: libcpod.a -lcap
 *
 * Capability names to masks, and what is refused or left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "oci/caps.h"
#include "oci/spec.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALL (~UINT64_C (0))
#define CAP(name) CPOD_CAP (CAP_ ## name)
#define LIST(...) \
	{ (const char *[]) { __VA_ARGS__, NULL }, sizeof ((const char *[]) { __VA_ARGS__ }) / sizeof (char *), true }

static struct cpod_op_caps caps;
static struct cpod_error err;

static int
setup (void **state)
{
	(void) state;
	memset (&caps, 0, sizeof (caps));
	memset (&err, 0, sizeof (err));
	return 0;
}

static void
every_set_is_taken_as_it_stands (void **state)
{
	const struct cpod_oci_capabilities spec = {
		.bounding = LIST ("CAP_KILL", "CAP_CHOWN", "CAP_BPF"), .permitted = LIST ("CAP_KILL",
		                                                                          "CAP_CHOWN"),
		.effective = LIST ("CAP_KILL"), .inheritable = LIST ("CAP_CHOWN", "CAP_SETUID"),
		.ambient = LIST ("CAP_CHOWN"),
	};

	(void) state;
	assert_int_equal (cpod_caps_resolve_within (&spec, true, ALL, ALL, &caps, &err), 0);
	assert_true (caps.bounding == (CAP (KILL) | CAP (CHOWN) | CAP (BPF)));
	assert_true (caps.permitted == (CAP (KILL) | CAP (CHOWN)));
	assert_true (caps.effective == CAP (KILL));
	assert_true (caps.inheritable == (CAP (CHOWN) | CAP (SETUID)));
	assert_true (caps.ambient == CAP (CHOWN));
}

static void
a_silent_pod_gets_the_default_and_a_silent_bundle_nothing (void **state)
{
	(void) state;
	assert_int_equal (cpod_caps_resolve_within (NULL, true, ALL, ALL, &caps, &err), 0);
	assert_memory_equal (&caps, &cpod_caps_default, sizeof (caps));
	assert_true (caps.bounding == caps.effective && caps.bounding == caps.permitted);
	assert_true (caps.inheritable == 0 && caps.ambient == 0);
	assert_true ((caps.bounding & (CAP (MKNOD) | CAP (NET_RAW) | CAP (SYS_ADMIN))) == 0);
	assert_int_equal (cpod_caps_resolve_within (NULL, false, ALL, ALL, &caps, &err), 0);
	assert_true (caps.bounding == 0 && caps.permitted == 0);
}

static void
the_default_does_without_what_cannot_be_given (void **state)
{
	(void) state;
	assert_int_equal (cpod_caps_resolve_within (NULL, true, ALL, CAP (KILL) | CAP (SYS_ADMIN), &caps,
	                                            &err), 0);
	assert_true (caps.bounding == CAP (KILL) && caps.effective == CAP (KILL));
}

static void
a_capability_that_cannot_be_given_is_named (void **state)
{
	const struct cpod_oci_capabilities spec = {
		.bounding = LIST ("CAP_KILL", "CAP_SYS_RESOURCE", "CAP_BPF"),
		.permitted = LIST ("CAP_KILL", "CAP_SYS_RESOURCE"),
	};

	(void) state;
	assert_int_equal (cpod_caps_resolve_within (&spec, true, ALL, CAP (KILL), &caps, &err), -EPERM);
	assert_string_equal (err.message, "bounding: this process cannot give CAP_SYS_RESOURCE, CAP_BPF");
	assert_int_equal (cpod_caps_resolve_within (&spec, false, ALL, CAP (KILL), &caps, &err), 0);
	assert_true (caps.bounding == CAP (KILL) && caps.permitted == CAP (KILL));
}

static void
an_unknown_name_is_refused_in_a_pod_alone (void **state)
{
	static const char *const names[] = { "CAP_FLY", "KILL", "CAP_5", "CAP_", "", "5", "CAP_KILL " };
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (names) / sizeof (names[0]); i++) {
		const struct cpod_oci_capabilities spec = { .effective = LIST (names[i]) };
		char text[128];

		snprintf (text, sizeof (text), "effective: unknown capability \"%s\"", names[i]);
		assert_int_equal (cpod_caps_number (names[i]), -1);
		assert_int_equal (cpod_caps_resolve_within (&spec, true, ALL, ALL, &caps, &err), -EINVAL);
		assert_string_equal (err.message, text);
		assert_int_equal (cpod_caps_resolve_within (&spec, false, ALL, ALL, &caps, &err), 0);
	}
	assert_int_equal (cpod_caps_number ("cap_kill"), CAP_KILL);
	assert_int_equal (cpod_caps_number ("CAP_CHECKPOINT_RESTORE"), CAP_CHECKPOINT_RESTORE);
}

static void
a_name_younger_than_the_kernel_is_refused_in_a_pod_alone (void **state)
{
	const struct cpod_oci_capabilities spec = { .bounding = LIST ("CAP_KILL", "CAP_BPF") };

	(void) state;
	assert_int_equal (cpod_caps_resolve_within (&spec, true, CAP (KILL), CAP (KILL), &caps, &err),
	                  -EINVAL);
	assert_string_equal (err.message, "bounding: this kernel has no CAP_BPF");
	assert_int_equal (cpod_caps_resolve_within (&spec, false, CAP (KILL), CAP (KILL), &caps, &err), 0);
	assert_true (caps.bounding == CAP (KILL));
}

static void
sets_that_the_kernel_refuses_are_refused_first (void **state)
{
	const struct { struct cpod_oci_capabilities spec; const char *message; } wrong[] = {
		{ { .effective = LIST ("CAP_KILL") }, "effective: permitted lacks CAP_KILL" },
		{ { .inheritable = LIST ("CAP_KILL"), .ambient = LIST ("CAP_KILL") },
		  "ambient: permitted lacks CAP_KILL" },
		{ { .permitted = LIST ("CAP_KILL"), .ambient = LIST ("CAP_KILL") },
		  "ambient: inheritable lacks CAP_KILL" },
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (wrong) / sizeof (wrong[0]); i++) {
		assert_int_equal (cpod_caps_resolve_within (&wrong[i].spec, true, ALL, ALL, &caps, &err),
		                  -EINVAL);
		assert_string_equal (err.message, wrong[i].message);
		assert_int_equal (cpod_caps_resolve_within (&wrong[i].spec, false, ALL, ALL, &caps, &err), 0);
		assert_true (caps.effective == 0 && caps.ambient == 0);
	}
}

static void
the_words_of_bits_are_their_names (void **state)
{
	cpod_autostr text = CPOD_STR_INIT;

	(void) state;
	cpod_caps_words (CAP (CHOWN) | CAP (CHECKPOINT_RESTORE) | CPOD_CAP (63), &text);
	assert_string_equal (text.data, "CAP_CHOWN, CAP_CHECKPOINT_RESTORE, CAP_63");
}

static void
what_can_be_given_follows_the_bounding_set (void **state)
{
	uint64_t available;
	int status;
	pid_t pid;

	(void) state;
	assert_true (cpod_caps_known () & CAP (CHOWN));
	assert_false (cpod_caps_known () & CPOD_CAP (63));
	assert_int_equal (cpod_caps_available (ALL, &available, &err), 0);
	assert_true ((available & ~cpod_caps_known ()) == 0);
	if (!(available & CAP (SETPCAP)) || !(available & CAP (KILL))) {
		print_message ("# SKIP needs CAP_SETPCAP and CAP_KILL\n");
		skip ();
	}
	pid = fork ();
	assert_true (pid >= 0);
	if (pid == 0) {
		prctl (PR_CAPBSET_DROP, CAP_KILL, 0, 0, 0);
		_exit (cpod_caps_available (ALL, &available, &err) < 0 || available & CAP (KILL));
	}
	assert_int_equal (waitpid (pid, &status, 0), pid);
	assert_int_equal (status, 0);
}

static void
the_own_process_can_give_the_default_or_less (void **state)
{
	(void) state;
	assert_int_equal (cpod_caps_resolve (NULL, true, &caps, &err), 0);
	assert_true ((caps.bounding & ~cpod_caps_default.bounding) == 0);
}

static void
an_error_names_the_property (void **state)
{
	const struct cpod_oci_capabilities spec = { .bounding = LIST ("CAP_FLY") };

	(void) state;
	assert_int_equal (cpod_caps_resolve (&spec, true, &caps, &err), -EINVAL);
	assert_string_equal (err.message, "process.capabilities: bounding: unknown capability \"CAP_FLY\"");
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup (name, setup)
	const struct CMUnitTest tests[] = {
		TEST (every_set_is_taken_as_it_stands),
		TEST (a_silent_pod_gets_the_default_and_a_silent_bundle_nothing),
		TEST (the_default_does_without_what_cannot_be_given),
		TEST (a_capability_that_cannot_be_given_is_named),
		TEST (an_unknown_name_is_refused_in_a_pod_alone),
		TEST (a_name_younger_than_the_kernel_is_refused_in_a_pod_alone),
		TEST (sets_that_the_kernel_refuses_are_refused_first),
		TEST (the_words_of_bits_are_their_names),
		TEST (what_can_be_given_follows_the_bounding_set),
		TEST (the_own_process_can_give_the_default_or_less),
		TEST (an_error_names_the_property),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
