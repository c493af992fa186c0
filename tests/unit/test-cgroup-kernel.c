/* Links: oci/cgroup*.c oci/spec*.c src/base
 *
 * Control groups as the kernel does them, in a group cpod-test-PID that is always removed. Needs a
 * cgroup2 mount in which groups can be made; where there is none, the tests are skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "oci/cgroup.h"
#include "oci-spec-example.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND 1000000000ull

static struct cpod_arena arena;
static int root_fd = -1;
static char pod[64];                  /* the group of this test */
static const char *reason;            /* why nothing can be tried here, or NULL */
static bool hugetlb_was_on;
static pid_t child;                   /* of this test, to be reaped; 0 */

static int
group_setup (void **state)
{
	struct cpod_error err = { 0 };
	char text[512];
	int fd;

	(void) state;
	snprintf (pod, sizeof (pod), "cpod-test-%d", (int) getpid ());
	if (cpod_cgroup_root_open (&root_fd, &err) < 0)
		reason = "no cgroup2 file system is mounted";
	else if (cpod_cgroup_create (root_fd, pod, NULL, CPOD_CGROUP_NEW, &fd, &err) < 0)
		reason = "groups cannot be made: this needs root, or a delegated group";
	if (reason)
		return 0;
	close (fd);
	if (cpod_file_get (root_fd, "cgroup.subtree_control", text, sizeof (text)) >= 0)
		hugetlb_was_on = strstr (text, "hugetlb");
	return cpod_cgroup_remove (root_fd, pod, &err);
}

static int
group_teardown (void **state)
{
	(void) state;
	if (!reason && !hugetlb_was_on)   /* leaves the machine as it was, unless somebody needs it now */
		(void) cpod_file_put (root_fd, "cgroup.subtree_control", "-hugetlb");
	cpod_fd_close (&root_fd);
	return 0;
}

static int
setup (void **state)
{
	(void) state;
	cpod_arena_init (&arena, 0);
	return 0;
}

/* Whatever a test left: its child, its groups. */
static int
teardown (void **state)
{
	struct cpod_error err = { 0 };
	int ret = 0;

	(void) state;
	if (child > 0) {
		kill (child, SIGKILL);
		waitpid (child, NULL, 0);
		child = 0;
	}
	if (!reason)
		ret = cpod_cgroup_remove (root_fd, pod, &err);
	if (ret < 0)
		print_error ("%s\n", err.message);
	cpod_arena_finish (&arena);
	return ret;
}

/* Makes the group name in the test's own, or skips the test. */
static int
make_group (const char *name, const struct cpod_cgroup_settings *settings)
{
	struct cpod_error err = { 0 };
	char path[128];
	int fd = -1;

	if (reason) {
		print_message ("# SKIP %s\n", reason);
		skip ();
	}
	snprintf (path, sizeof (path), "%s/%s", pod, name);
	if (cpod_cgroup_create (root_fd, path, settings, CPOD_CGROUP_NEW, &fd, &err) < 0)
		fail_msg ("%s", err.message);
	return fd;
}

/* Starts a process in the group fd that waits for ever. It is there when this returns. */
static void
start_child (int fd)
{
	char c;
	int ready[2];

	assert_int_equal (pipe2 (ready, O_CLOEXEC), 0);
	child = fork ();
	assert_true (child >= 0);
	if (child == 0) {
		if (cpod_file_put (fd, "cgroup.procs", "0") < 0 || write (ready[1], "x", 1) != 1)
			_exit (1);
		for (;;)
			pause ();
	}
	close (ready[1]);
	assert_int_equal (read (ready[0], &c, 1), 1);
	close (ready[0]);
}

static void
reap_child (void)
{
	int status;

	assert_int_equal (waitpid (child, &status, 0), child);
	assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
	child = 0;
}

static void
a_killed_group_is_empty_before_its_process_is_reaped (void **state)
{
	cpod_autofd fd = make_group ("c", NULL), events_fd = -1;
	struct cpod_error err = { 0 };
	struct pollfd poll_fd;
	bool populated = true;

	(void) state;
	assert_int_equal (cpod_cgroup_populated (fd, &populated, &err), 0);
	assert_false (populated);
	start_child (fd);
	assert_int_equal (cpod_cgroup_populated (fd, &populated, &err), 0);
	assert_true (populated);
	assert_int_equal (cpod_cgroup_wait_empty (fd, 0, &err), -ETIMEDOUT);
	assert_int_equal (cpod_cgroup_events_open (fd, &events_fd, &err), 0);
	assert_int_equal (cpod_cgroup_kill (fd, &err), 0);
	assert_int_equal (cpod_cgroup_wait_empty (fd, cpod_clock_ns () + 5 * SECOND, &err), 0);
	poll_fd = (struct pollfd) { .fd = events_fd, .events = POLLPRI };
	assert_int_equal (poll (&poll_fd, 1, 5000), 1);
	assert_true (poll_fd.revents & POLLPRI);
	reap_child ();
}

static void
a_kill_ends_what_is_in_the_groups_below (void **state)
{
	cpod_autofd fd = make_group ("c", NULL), probe_fd = make_group ("c/probe-1", NULL);
	struct cpod_error err = { 0 };

	(void) state;
	start_child (probe_fd);
	assert_int_equal (cpod_cgroup_kill (fd, &err), 0);
	assert_int_equal (cpod_cgroup_wait_empty (fd, cpod_clock_ns () + 5 * SECOND, &err), 0);
	reap_child ();
}

static void
a_kill_of_a_probe_spares_its_container (void **state)
{
	cpod_autofd fd = make_group ("c", NULL), probe_fd = make_group ("c/probe-1", NULL);
	struct cpod_error err = { 0 };
	bool populated = false;

	(void) state;
	start_child (fd);
	assert_int_equal (cpod_cgroup_kill (probe_fd, &err), 0);
	assert_int_equal (cpod_cgroup_renew (fd, "probe-1", &probe_fd, &err), 0);
	assert_int_equal (cpod_cgroup_populated (fd, &populated, &err), 0);
	assert_true (populated);
	assert_int_equal (waitpid (child, NULL, WNOHANG), 0);
}

static void
a_group_freezes_and_thaws (void **state)
{
	cpod_autofd fd = make_group ("c", NULL);
	struct cpod_error err = { 0 };

	(void) state;
	start_child (fd);
	assert_int_equal (cpod_cgroup_freeze (fd, true, &err), 0);
	assert_int_equal (cpod_cgroup_wait (fd, "frozen", 1, cpod_clock_ns () + 5 * SECOND, &err), 0);
	assert_int_equal (cpod_cgroup_freeze (fd, false, &err), 0);
	assert_int_equal (cpod_cgroup_wait (fd, "frozen", 0, cpod_clock_ns () + 5 * SECOND, &err), 0);
	assert_int_equal (cpod_cgroup_freeze (fd, true, &err), 0);
	assert_int_equal (cpod_cgroup_kill (fd, &err), 0);   /* frozen processes die too */
	assert_int_equal (cpod_cgroup_wait_empty (fd, cpod_clock_ns () + 5 * SECOND, &err), 0);
	reap_child ();
}

static void
a_group_with_a_process_is_not_removed (void **state)
{
	cpod_autofd fd = make_group ("c/deep", NULL);
	struct cpod_error err = { 0 };
	char message[160];

	(void) state;
	start_child (fd);
	assert_int_equal (cpod_cgroup_remove (root_fd, pod, &err), -EBUSY);
	snprintf (message, sizeof (message), "remove the cgroup %s: Device or resource busy", pod);
	assert_string_equal (err.message, message);
}

/* Whether the hierarchy's root offers the controller. */
static bool
offers (const char *controller)
{
	char text[512];

	return cpod_file_get (root_fd, "cgroup.controllers", text, sizeof (text)) >= 0 && strstr (text,
	                                                                                          controller);
}

static struct cpod_cgroup_settings
settings_of (const char *text)
{
	struct cpod_decoder decoder = { .file = "r", .arena = &arena };
	const struct cpod_oci_resources *resources;
	struct cpod_cgroup_settings settings;
	struct cpod_error err = { 0 };

	if (cpod_oci_resources_decode (&decoder, cpod_test_json (&arena, text), &resources, &err) < 0
	    || cpod_cgroup_settings_make (resources, &arena, &settings, &err) < 0)
		fail_msg ("%s", err.message);
	return settings;
}

static void
a_limit_is_in_force_in_the_group_and_not_below (void **state)
{
	struct cpod_cgroup_settings settings =
		settings_of ("{'hugepageLimits': [{'pageSize': '2MB', 'limit': 4194304}]}");
	cpod_autofd fd = -1;
	struct cpod_error err = { 0 };
	char text[512];
	uint64_t number = 0;

	(void) state;
	if (reason || !offers ("hugetlb")) {
		print_message ("# SKIP the hugetlb controller is not offered\n");
		skip ();
	}
	fd = make_group ("c", &settings);
	if (cpod_cgroup_apply (fd, &settings, &err) < 0)
		fail_msg ("%s", err.message);
	assert_int_equal (cpod_cgroup_number (fd, "hugetlb.2MB.max", NULL, &number), 0);
	assert_int_equal (number, 4194304);
	assert_int_equal (cpod_cgroup_number (fd, "hugetlb.2MB.rsvd.max", NULL, &number), 0);
	assert_int_equal (number, 4194304);
	assert_true (cpod_file_get (fd, "cgroup.subtree_control", text, sizeof (text)) >= 0);
	assert_null (strstr (text, "hugetlb"));
	start_child (fd);   /* with nothing enabled below it, it takes processes */
}

static void
a_controller_that_the_kernel_does_not_offer_is_named (void **state)
{
	struct cpod_cgroup_settings settings = settings_of ("{'unified': {'nonesuch.max': '1'}}");
	struct cpod_error err = { 0 };
	char path[128];
	int fd = -1;

	(void) state;
	if (reason) {
		print_message ("# SKIP %s\n", reason);
		skip ();
	}
	snprintf (path, sizeof (path), "%s/c", pod);
	assert_int_equal (cpod_cgroup_create (root_fd, path, &settings, 0, &fd, &err), -ENOTSUP);
	assert_string_equal (err.message,
	                     "linux.resources.unified[\"nonesuch.max\"]: the cgroup controller \"nonesuch\" is not "
	                     "available in the cgroup /");
	assert_int_equal (faccessat (root_fd, pod, F_OK, 0), -1);
}

static void
a_value_that_the_kernel_refuses_is_named (void **state)
{
	struct cpod_cgroup_settings settings = settings_of ("{'unified': {'hugetlb.2MB.max': 'much'}}");
	cpod_autofd fd = -1;
	struct cpod_error err = { 0 };

	(void) state;
	if (reason || !offers ("hugetlb")) {
		print_message ("# SKIP the hugetlb controller is not offered\n");
		skip ();
	}
	fd = make_group ("c", &settings);
	assert_int_equal (cpod_cgroup_apply (fd, &settings, &err), -EINVAL);
	assert_string_equal (err.message, "linux.resources.unified[\"hugetlb.2MB.max\"]: write \"much\" to "
	                     "hugetlb.2MB.max: Invalid argument");
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		TEST (a_killed_group_is_empty_before_its_process_is_reaped),
		TEST (a_kill_ends_what_is_in_the_groups_below),
		TEST (a_kill_of_a_probe_spares_its_container),
		TEST (a_group_freezes_and_thaws),
		TEST (a_group_with_a_process_is_not_removed),
		TEST (a_limit_is_in_force_in_the_group_and_not_below),
		TEST (a_controller_that_the_kernel_does_not_offer_is_named),
		TEST (a_value_that_the_kernel_refuses_is_named),
	};

	return cmocka_run_group_tests (tests, group_setup, group_teardown);
}
