/* The directories of running pods: taking a name, dead supervisors, reclaiming, what is refused.
 * Links: src/cli/state-dir.c */
#include "src/cli/state-dir.h"

#include "src/base/error.h"

#include <cpod/cpod.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- The runtime: says what it is asked to reclaim ---- */

static const struct cpod_runtime production = { .abi = CPOD_RUNTIME_ABI, .size = sizeof (production), .name = "production" };
static unsigned int n_reclaimed;
static char reclaimed[512];
static int reclaim_result;

int
cpod_runtime_find (const char *name, const struct cpod_runtime **ret_runtime, struct cpod_error *err)
{
	if (strcmp (name, "production") != 0)
		return cpod_error_set (err, ENOENT, "there is no runtime %s", name);
	*ret_runtime = &production;
	return 0;
}

int
cpod_pod_reclaim (const char *state_dir, const struct cpod_runtime *runtime, struct cpod_error *err)
{
	assert_ptr_equal (runtime, &production);
	n_reclaimed++;
	snprintf (reclaimed, sizeof (reclaimed), "%s", state_dir);
	return reclaim_result < 0 ? cpod_error_set (err, -reclaim_result, "process 7 does not die") : 0;
}

/* ---- The fixture ---- */

static char base[64];

static int
set_up (void **state)
{
	(void) state;
	strcpy (base, "/tmp/cpod-test-state.XXXXXX");
	assert_non_null (mkdtemp (base));
	setenv ("CPOD_STATE_DIR", base, 1);
	n_reclaimed = 0;
	reclaim_result = 0;
	return 0;
}

static int
tear_down (void **state)
{
	char command[128];

	(void) state;
	snprintf (command, sizeof (command), "rm -rf '%s'", base);
	return system (command);
}

/* true if BASE/pods/name exists. */
static bool
exists (const char *name)
{
	char path[256];

	snprintf (path, sizeof (path), "%s/pods/%s", base, name);
	return access (path, F_OK) == 0;
}

static int
create (struct cpod_state_dir *made, const char *name, struct cpod_error *err)
{
	return cpod_state_create (made, name, "production", "{}", err);
}

/* The supervisor is killed: its lock goes, its files stay. */
static void
die (struct cpod_state_dir *made)
{
	close (made->lock_fd);
	close (made->dir_fd);
	close (made->pods_fd);
}

/* Entries of BASE/pods, hidden ones too. */
static unsigned int
n_entries (void)
{
	char command[128];
	unsigned int n = 0;
	FILE *pipe;

	snprintf (command, sizeof (command), "find '%s/pods' -mindepth 1 -maxdepth 1 | wc -l", base);
	pipe = popen (command, "r");
	assert_int_equal (fscanf (pipe, "%u", &n), 1);
	pclose (pipe);
	return n;
}

static void
a_pod_has_a_private_directory_with_its_spec (void **state)
{
	struct cpod_state_dir made;
	struct stat st;
	char path[600];

	(void) state;
	assert_int_equal (create (&made, "demo", NULL), 0);
	snprintf (path, sizeof (path), "%s/pods/demo", base);
	assert_string_equal (made.path, path);
	assert_int_equal (fstat (made.dir_fd, &st), 0);
	assert_int_equal (st.st_mode & 07777, 0700);
	snprintf (path, sizeof (path), "%s/spec.json", made.path);
	assert_int_equal (stat (path, &st), 0);
	assert_int_equal (st.st_mode & 07777, 0600);
	assert_int_equal (fcntl (made.lock_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal (n_entries (), 1);
	cpod_state_remove (&made);
	assert_int_equal (n_entries (), 0);
}

static void
a_living_pods_name_is_taken (void **state)
{
	struct cpod_state_dir made, second;
	struct cpod_error err;

	(void) state;
	assert_int_equal (create (&made, "demo", NULL), 0);
	assert_int_equal (create (&second, "demo", &err), -EEXIST);
	assert_string_equal (err.message, "pod demo is already running");
	assert_int_equal (n_entries (), 1);
	assert_int_equal (create (&second, "demo2", NULL), 0);
	cpod_state_remove (&second);
	assert_true (exists ("demo"));
	cpod_state_remove (&made);
}

static void
a_dead_pods_name_is_reclaimed_and_taken (void **state)
{
	struct cpod_state_dir made;
	char path[512];

	(void) state;
	assert_int_equal (create (&made, "demo", NULL), 0);
	strcpy (path, made.path);
	die (&made);
	assert_int_equal (create (&made, "demo", NULL), 0);
	assert_int_equal (n_reclaimed, 1);
	assert_string_equal (reclaimed, path);
	assert_int_equal (n_entries (), 1);
	cpod_state_remove (&made);
}

static void
a_dead_pod_that_cannot_be_reclaimed_keeps_its_name (void **state)
{
	struct cpod_state_dir made;
	struct cpod_error err;

	(void) state;
	assert_int_equal (create (&made, "demo", NULL), 0);
	die (&made);
	reclaim_result = -EBUSY;
	assert_int_equal (create (&made, "demo", &err), -EBUSY);
	assert_string_equal (err.message, "a dead pod of that name: demo: process 7 does not die");
	assert_true (exists ("demo"));
	assert_int_equal (n_entries (), 1);
}

static void
living_and_dead_are_told_apart (void **state)
{
	struct cpod_state_dir living, dead;

	(void) state;
	assert_int_equal (create (&living, "living", NULL), 0);
	assert_false (cpod_state_any_dead (living.pods_fd));
	assert_int_equal (create (&dead, "dead", NULL), 0);
	die (&dead);
	assert_true (cpod_state_dead (living.pods_fd, "dead"));
	assert_false (cpod_state_dead (living.pods_fd, "living"));
	assert_true (cpod_state_any_dead (living.pods_fd));
	cpod_state_remove (&living);
}

/* Counts what reclaim_all reports. */
struct tally { unsigned int done, failed; char last[64]; };

static void
count (void *data, const char *name, const struct cpod_error *err)
{
	struct tally *tally = data;

	*(err == NULL ? &tally->done : &tally->failed) += 1;
	snprintf (tally->last, sizeof (tally->last), "%s", name != NULL ? name : "");
}

static void
gc_takes_the_dead_and_leaves_the_living (void **state)
{
	struct cpod_state_dir living, dead;
	struct tally tally = { 0 };

	(void) state;
	assert_int_equal (create (&living, "living", NULL), 0);
	assert_int_equal (create (&dead, "dead", NULL), 0);
	assert_int_equal (mkdirat (dead.dir_fd, "runtime", 0700), 0);
	assert_int_equal (mkdirat (dead.dir_fd, "runtime/deep", 0700), 0);
	assert_int_equal (symlinkat ("/etc", dead.dir_fd, "runtime/deep/link"), 0);
	die (&dead);
	cpod_state_reclaim_all (count, &tally);
	assert_int_equal (tally.done, 1);
	assert_int_equal (tally.failed, 0);
	assert_string_equal (tally.last, "dead");
	assert_true (exists ("living"));
	assert_false (exists ("dead"));
	assert_int_equal (access ("/etc/passwd", F_OK), 0);
	cpod_state_remove (&living);
}

static void
gc_reports_what_does_not_die_and_keeps_it (void **state)
{
	struct cpod_state_dir dead;
	struct tally tally = { 0 };

	(void) state;
	assert_int_equal (create (&dead, "dead", NULL), 0);
	die (&dead);
	reclaim_result = -EBUSY;
	cpod_state_reclaim_all (count, &tally);
	assert_int_equal (tally.failed, 1);
	assert_true (exists ("dead"));
	reclaim_result = 0;
	cpod_state_reclaim_all (count, &tally);
	assert_int_equal (tally.done, 1);
	assert_false (exists ("dead"));
}

static void
half_made_directories_are_taken_when_they_are_old_or_their_maker_is_gone (void **state)
{
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct cpod_state_dir made;
	struct tally tally = { 0 };
	char ours[32], theirs[32];
	pid_t gone = fork ();

	(void) state;
	if (gone == 0)
		_exit (0);
	assert_int_equal (waitpid (gone, NULL, 0), gone);
	snprintf (ours, sizeof (ours), ".new-%d-half", (int) getpid ());
	snprintf (theirs, sizeof (theirs), ".new-%d-half", (int) gone);
	assert_int_equal (create (&made, "demo", NULL), 0);
	assert_int_equal (mkdirat (made.pods_fd, ours, 0700), 0);
	assert_int_equal (mkdirat (made.pods_fd, theirs, 0700), 0);
	cpod_state_reclaim_all (count, &tally);
	assert_true (exists (ours));
	assert_false (exists (theirs));
	assert_int_equal (utimensat (made.pods_fd, ours, old, 0), 0);
	cpod_state_reclaim_all (count, &tally);
	assert_false (exists (ours));
	assert_string_equal (tally.last, "half");
	cpod_state_remove (&made);
}

static void
half_removed_directories_are_taken_at_once (void **state)
{
	struct cpod_state_dir made;
	struct tally tally = { 0 };
	char name[32];

	(void) state;
	snprintf (name, sizeof (name), ".old-%d-half", (int) getpid ());
	assert_int_equal (create (&made, "demo", NULL), 0);
	assert_int_equal (mkdirat (made.pods_fd, name, 0700), 0);
	assert_true (cpod_state_any_dead (made.pods_fd));
	cpod_state_reclaim_all (count, &tally);
	assert_false (exists (name));
	assert_false (cpod_state_any_dead (made.pods_fd));
	cpod_state_remove (&made);
}

static void
reclaiming_all_the_while_takes_no_pod_that_is_being_made (void **state)
{
	struct cpod_state_dir made;
	struct cpod_error err;
	int status, ret = 0;
	pid_t pid;

	(void) state;
	assert_int_equal (create (&made, "first", NULL), 0);   /* the directory exists from here on */
	pid = fork ();
	if (pid == 0)
		for (;;)
			cpod_state_reclaim_all (NULL, NULL);
	for (int i = 0; i < 400 && ret == 0; i++) {
		struct cpod_state_dir other;

		ret = create (&other, "other", &err);
		if (ret == 0)
			cpod_state_remove (&other);
	}
	kill (pid, SIGKILL);
	assert_int_equal (waitpid (pid, &status, 0), pid);
	cpod_state_remove (&made);
	if (ret < 0)
		fail_msg ("%s", err.message);
}

static void
a_directory_that_others_can_enter_is_refused (void **state)
{
	struct cpod_state_dir made;
	struct cpod_error err;

	(void) state;
	assert_int_equal (chmod (base, 0755), 0);
	assert_int_equal (create (&made, "demo", &err), -EPERM);
	assert_non_null (strstr (err.message, "closed to others"));
	assert_int_equal (chmod (base, 0700), 0);
	if (geteuid () == 0) {
		assert_int_equal (chown (base, 1, 1), 0);
		assert_int_equal (create (&made, "demo", &err), -EPERM);
		assert_int_equal (chown (base, 0, 0), 0);
	}
}

static void
a_link_in_the_place_of_a_directory_is_refused (void **state)
{
	struct cpod_state_dir made;
	struct cpod_error err;
	char path[128];

	(void) state;
	snprintf (path, sizeof (path), "%s/pods", base);
	assert_int_equal (symlink ("/tmp", path), 0);
	assert_true (create (&made, "demo", &err) < 0);
}

static void
a_relative_place_is_refused (void **state)
{
	struct cpod_state_dir made;

	(void) state;
	setenv ("CPOD_STATE_DIR", "tmp", 1);
	assert_int_equal (create (&made, "demo", NULL), -EINVAL);
}

static void
no_pods_is_not_an_error_for_gc (void **state)
{
	struct tally tally = { 0 };
	char path[384];
	int fd;

	(void) state;
	cpod_state_reclaim_all (count, &tally);
	assert_int_equal (tally.failed + tally.done, 0);
	assert_int_equal (cpod_state_open_pods (false, path, sizeof (path), &fd, NULL), -ENOENT);
}

static void
pods_are_listed_by_name (void **state)
{
	struct cpod_state_dir made[3];
	char **names;
	size_t n;

	(void) state;
	assert_int_equal (create (&made[0], "c", NULL), 0);
	assert_int_equal (create (&made[1], "a", NULL), 0);
	assert_int_equal (create (&made[2], "b", NULL), 0);
	assert_int_equal (mkdirat (made[0].pods_fd, ".new-1-x", 0700), 0);
	assert_int_equal (cpod_state_list (made[0].pods_fd, &names, &n, NULL), 0);
	assert_int_equal (n, 3);
	assert_string_equal (names[0], "a");
	assert_string_equal (names[1], "b");
	assert_string_equal (names[2], "c");
	assert_null (names[3]);
	free (names);
	for (size_t i = 0; i < 3; i++)
		cpod_state_remove (&made[i]);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown (a_pod_has_a_private_directory_with_its_spec, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_living_pods_name_is_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_dead_pods_name_is_reclaimed_and_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_dead_pod_that_cannot_be_reclaimed_keeps_its_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown (living_and_dead_are_told_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown (gc_takes_the_dead_and_leaves_the_living, set_up, tear_down),
		cmocka_unit_test_setup_teardown (gc_reports_what_does_not_die_and_keeps_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown (half_made_directories_are_taken_when_they_are_old_or_their_maker_is_gone, set_up,
		                                 tear_down),
		cmocka_unit_test_setup_teardown (half_removed_directories_are_taken_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown (reclaiming_all_the_while_takes_no_pod_that_is_being_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_directory_that_others_can_enter_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_link_in_the_place_of_a_directory_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_relative_place_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown (no_pods_is_not_an_error_for_gc, set_up, tear_down),
		cmocka_unit_test_setup_teardown (pods_are_listed_by_name, set_up, tear_down),
	};

	return cmocka_run_group_tests_name ("state-dir", tests, NULL, NULL);
}
