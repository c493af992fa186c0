/* The state directories of containers without a pod: what is written is read, what is broken is told, and processes are
 * told apart. */
#include "oci/state.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place { char path[64]; int root_fd, fd; struct cpod_arena arena; };

static int
setup (void **state)
{
	struct place *place = calloc (1, sizeof (*place));

	(void) snprintf (place->path, sizeof (place->path), "/tmp/cpod-state-XXXXXX");
	assert_non_null (mkdtemp (place->path));
	assert_int_equal (cpod_bundle_state_root_open (place->path, false, &place->root_fd, NULL), 0);
	assert_int_equal (cpod_bundle_state_make (place->root_fd, "one", &place->fd, NULL), 0);
	cpod_arena_init (&place->arena, 0);
	*state = place;
	return 0;
}

static int
teardown (void **state)
{
	struct place *place = *state;

	(void) cpod_bundle_state_remove (place->root_fd, "one", place->fd, NULL);
	cpod_fd_close (&place->fd);
	cpod_fd_close (&place->root_fd);
	rmdir (place->path);
	cpod_arena_finish (&place->arena);
	free (place);
	return 0;
}

static void
what_is_written_is_read (void **state)
{
	struct place *place = *state;
	struct cpod_bundle_step steps[] = { { 7, "process.args[0]", "execute \"x\"" }, { 8, NULL, "more" } };
	struct cpod_bundle_state written = {
		.id = "one", .bundle = "/b \"quoted\"", .rootfs = "/b/rootfs", .cgroup = "a/b", .created = "2026-01-02T03:04:05.000006Z",
		.owner = "root", .creating = true, .pid = 42, .start_time = UINT64_MAX, .steps = steps, .n_steps = 2
	}, read;

	assert_int_equal (cpod_bundle_state_write (place->fd, &written, NULL), 0);
	assert_int_equal (cpod_bundle_state_read (place->fd, "one", &place->arena, &read, NULL), 0);
	assert_string_equal (read.id, "one");
	assert_string_equal (read.bundle, written.bundle);
	assert_string_equal (read.rootfs, written.rootfs);
	assert_string_equal (read.cgroup, "a/b");
	assert_string_equal (read.created, written.created);
	assert_string_equal (read.owner, "root");
	assert_true (read.creating);
	assert_int_equal (read.pid, 42);
	assert_true (read.start_time == UINT64_MAX);
	assert_int_equal (read.n_steps, 2);
	assert_int_equal (read.steps[0].op, 7);
	assert_string_equal (read.steps[0].field, "process.args[0]");
	assert_string_equal (read.steps[0].words, "execute \"x\"");
	assert_null (read.steps[1].field);
	written.cgroup = NULL;
	written.creating = false;
	written.n_steps = 0;
	assert_int_equal (cpod_bundle_state_write (place->fd, &written, NULL), 0);
	assert_int_equal (cpod_bundle_state_read (place->fd, "one", &place->arena, &read, NULL), 0);
	assert_null (read.cgroup);
	assert_false (read.creating);
	assert_int_equal (read.n_steps, 0);
}

static void
put (const struct place *place, const char *text)
{
	int fd = openat (place->fd, "state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true (fd >= 0);
	assert_int_equal (write (fd, text, strlen (text)), (ssize_t) strlen (text));
	close (fd);
}

static void
a_broken_state_says_how_to_remove_it (void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{}", "null", "{\"version\": 1, \"creating\": true, \"pid\": 5}",
		"{\"creating\": true, \"pid\": -5, \"startTime\": \"1\", \"id\": \"one\", \"bundle\": \"/\", \"rootfs\": \"/\", "
		"\"created\": \"x\", \"owner\": \"root\"}",
		"{\"creating\": true, \"pid\": {}, \"startTime\": \"1\", \"id\": \"one\", \"bundle\": [], \"rootfs\": \"/\", "
		"\"created\": \"x\", \"owner\": \"root\"}",
	};
	struct place *place = *state;
	struct cpod_bundle_state read;

	for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++) {
		struct cpod_error err = { 0 };

		put (place, texts[i]);
		assert_int_equal (cpod_bundle_state_read (place->fd, "one", &place->arena, &read, &err), -EUCLEAN);
		assert_non_null (strstr (err.message, "`cpod-oci delete --force one` removes it"));
	}
	unlinkat (place->fd, "state.json", 0);
	assert_int_equal (cpod_bundle_state_read (place->fd, "one", &place->arena, &read, NULL), -EUCLEAN);
}

static void
a_name_is_taken_once (void **state)
{
	struct place *place = *state;
	struct cpod_error err = { 0 };
	int fd = -1;

	assert_int_equal (cpod_bundle_state_make (place->root_fd, "one", &fd, &err), -EEXIST);
	assert_non_null (strstr (err.message, "container `one` already exists"));
	assert_int_equal (cpod_bundle_state_open (place->root_fd, "two", &fd, &err), -ENOENT);
	assert_non_null (strstr (err.message, "container `two` does not exist"));
}

static void
a_state_that_others_may_write_is_not_believed (void **state)
{
	struct place *place = *state;
	struct cpod_error err = { 0 };
	int fd = -1;

	assert_int_equal (fchmod (place->fd, 0770), 0);
	assert_int_equal (cpod_bundle_state_open (place->root_fd, "one", &fd, &err), -EPERM);
	assert_non_null (strstr (err.message, "container `one`"));
	assert_int_equal (fchmod (place->fd, 0700), 0);
	if (geteuid () == 0) {
		assert_int_equal (fchown (place->fd, 1, (gid_t) -1), 0);
		assert_int_equal (cpod_bundle_state_open (place->root_fd, "one", &fd, &err), -EPERM);
		assert_non_null (strstr (err.message, "belongs to user 1"));
		assert_int_equal (fchown (place->fd, 0, (gid_t) -1), 0);
	}
	assert_int_equal (fd, -1);
	assert_int_equal (cpod_bundle_state_open (place->root_fd, "one", &fd, &err), 0);
	cpod_fd_close (&fd);
}

static void
two_commands_do_not_change_one_container_at_once (void **state)
{
	struct place *place = *state;
	struct cpod_error err = { 0 };
	int fd = -1;

	assert_int_equal (cpod_bundle_state_open (place->root_fd, "one", &fd, NULL), 0);
	assert_int_equal (cpod_bundle_state_lock (fd, "one", 0, &err), -EBUSY);
	assert_non_null (strstr (err.message, "another command is at work on it"));
	assert_int_equal (cpod_bundle_state_remove (place->root_fd, "one", place->fd, NULL), 0);
	cpod_fd_close (&place->fd);
	assert_int_equal (cpod_bundle_state_lock (fd, "one", 1000, &err), -ENOENT);   /* it was deleted meanwhile */
	cpod_fd_close (&fd);
	assert_int_equal (cpod_bundle_state_make (place->root_fd, "one", &place->fd, NULL), 0);
}

static void
whatever_lies_in_the_directory_goes_with_it (void **state)
{
	struct place *place = *state;
	int fd = openat (place->fd, "of a later version", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	close (fd);
	assert_int_equal (mkfifoat (place->fd, CPOD_STATE_START, 0600), 0);
	assert_int_equal (cpod_bundle_state_remove (place->root_fd, "one", place->fd, NULL), 0);
	assert_int_equal (faccessat (place->root_fd, "one", F_OK, 0), -1);
	assert_int_equal (cpod_bundle_state_remove (place->root_fd, "one", place->fd, NULL), 0);   /* once more is fine */
}

static void
an_id_is_one_name_of_a_file (void **state)
{
	static const char *const good[] = { "a", "A-b_c.d+9", "...", "-", "0" };
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", "a\n", "\xc3\xa4", "a:b", "a*" };
	char long_id[300];

	(void) state;
	for (size_t i = 0; i < sizeof (good) / sizeof (good[0]); i++)
		assert_int_equal (cpod_bundle_state_check_id (good[i], NULL), 0);
	for (size_t i = 0; i < sizeof (bad) / sizeof (bad[0]); i++)
		assert_int_equal (cpod_bundle_state_check_id (bad[i], NULL), -EINVAL);
	memset (long_id, 'a', sizeof (long_id));
	long_id[255] = '\0';
	assert_int_equal (cpod_bundle_state_check_id (long_id, NULL), 0);
	long_id[255] = 'a';
	long_id[256] = '\0';
	assert_int_equal (cpod_bundle_state_check_id (long_id, NULL), -EINVAL);
}

static void
a_process_is_its_number_and_its_start (void **state)
{
	struct cpod_bundle_state container = { .pid = fork () };
	int fd = -1;

	(void) state;
	if (container.pid == 0)
		for (;;)
			pause ();
	assert_int_equal (cpod_bundle_state_start_time (container.pid, &container.start_time), 0);
	assert_int_equal (cpod_bundle_state_open_process (&container, &fd), 0);
	cpod_fd_close (&fd);
	container.start_time++;
	assert_int_equal (cpod_bundle_state_open_process (&container, &fd), -ESRCH);
	container.start_time--;
	kill (container.pid, SIGKILL);
	assert_int_equal (waitid (P_PID, (id_t) container.pid, &(siginfo_t) { 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal (cpod_bundle_state_open_process (&container, &fd), -ESRCH);   /* dead, and not reaped yet */
	waitpid (container.pid, NULL, 0);
	assert_int_equal (cpod_bundle_state_open_process (&container, &fd), -ESRCH);
	container.pid = 0;
	assert_int_equal (cpod_bundle_state_open_process (&container, &fd), -ESRCH);
}

static void
who_waits_is_known_by_its_end_of_the_fifo (void **state)
{
	struct place *place = *state;
	int fd;

	assert_false (cpod_bundle_state_is_waiting (place->fd));
	assert_int_equal (mkfifoat (place->fd, CPOD_STATE_START, 0600), 0);
	assert_false (cpod_bundle_state_is_waiting (place->fd));
	fd = openat (place->fd, CPOD_STATE_START, O_RDWR | O_CLOEXEC);
	assert_true (cpod_bundle_state_is_waiting (place->fd));
	close (fd);
	assert_false (cpod_bundle_state_is_waiting (place->fd));
}

static void
times_are_those_of_the_calendar (void **state)
{
	static const struct { int64_t seconds; long nanoseconds; const char *text; } cases[] = {
		{ 0, 0, "1970-01-01T00:00:00.000000Z" },             { 68169599, 999999999, "1972-02-28T23:59:59.999999Z" },
		{ 68169600, 0, "1972-02-29T00:00:00.000000Z" },      { 951782400, 1000, "2000-02-29T00:00:00.000001Z" },
		{ 951868800, 0, "2000-03-01T00:00:00.000000Z" },     { 1795321332, 528199000, "2026-11-22T04:22:12.528199Z" },
		{ 4107542399, 0, "2100-02-28T23:59:59.000000Z" },    { 4107542400, 0, "2100-03-01T00:00:00.000000Z" },
		{ 2147483648, 0, "2038-01-19T03:14:08.000000Z" },
	};
	char text[CPOD_STATE_TIME];

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		cpod_bundle_state_time (cases[i].seconds, cases[i].nanoseconds, text);
		assert_string_equal (text, cases[i].text);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown (what_is_written_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown (a_broken_state_says_how_to_remove_it, setup, teardown),
		cmocka_unit_test_setup_teardown (a_name_is_taken_once, setup, teardown),
		cmocka_unit_test_setup_teardown (a_state_that_others_may_write_is_not_believed, setup, teardown),
		cmocka_unit_test_setup_teardown (two_commands_do_not_change_one_container_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown (whatever_lies_in_the_directory_goes_with_it, setup, teardown),
		cmocka_unit_test (an_id_is_one_name_of_a_file),
		cmocka_unit_test (a_process_is_its_number_and_its_start),
		cmocka_unit_test_setup_teardown (who_waits_is_known_by_its_end_of_the_fifo, setup, teardown),
		cmocka_unit_test (times_are_those_of_the_calendar),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
