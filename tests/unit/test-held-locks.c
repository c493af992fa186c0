/* The kernel's list of locks. Links: src/cli/held-locks.c */
#include "src/cli/held-locks.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

static void
only_whole_file_locks_that_are_held_count (void **state)
{
	char text[] = "1: FLOCK  ADVISORY  WRITE 1234 00:1c:5678 0 EOF\n"
	              "1: -> FLOCK  ADVISORY  WRITE 1235 00:1c:5679 0 EOF\n"
	              "2: POSIX  ADVISORY  READ 1 00:1c:5680 0 EOF\n"
	              "3: OFDLCK ADVISORY  READ -1 00:1c:5681 0 EOF\n"
	              "12: FLOCK  ADVISORY  READ 7 fd:03:18446744073709551615 0 EOF\n"
	              "4: FLOCK  broken\n\n9";
	struct cpod_held_locks locks;
	struct stat st = { .st_dev = makedev (0, 0x1c), .st_ino = 5678 };

	(void) state;
	cpod_held_locks_parse (text, &locks);
	assert_int_equal (locks.n, 2);
	assert_true (cpod_held_locks_has (&locks, &st));
	for (st.st_ino = 5679; st.st_ino <= 5681; st.st_ino++)
		assert_false (cpod_held_locks_has (&locks, &st));
	st = (struct stat) { .st_dev = makedev (0xfd, 3), .st_ino = UINT64_MAX };
	assert_true (cpod_held_locks_has (&locks, &st));
	st.st_dev = makedev (0, 0x1c);
	assert_false (cpod_held_locks_has (&locks, &st));
	cpod_held_locks_finish (&locks);
	assert_false (cpod_held_locks_has (&locks, &st));
}

static void
nothing_is_held_in_an_empty_list (void **state)
{
	struct cpod_held_locks locks;
	struct stat st = { 0 };
	char text[] = "";

	(void) state;
	cpod_held_locks_parse (text, &locks);
	assert_int_equal (locks.n, 0);
	assert_false (cpod_held_locks_has (&locks, &st));
	cpod_held_locks_finish (&locks);
}

static void
a_lock_is_listed_while_it_is_held (void **state)
{
	char path[] = "/tmp/cpod-test-locks.XXXXXX";
	int fd = mkostemp (path, O_CLOEXEC);
	struct cpod_held_locks locks;
	struct stat st;

	(void) state;
	assert_int_equal (fstat (fd, &st), 0);
	assert_int_equal (flock (fd, LOCK_EX), 0);
	cpod_held_locks_read (&locks);
	assert_true (cpod_held_locks_has (&locks, &st));
	cpod_held_locks_finish (&locks);
	assert_int_equal (flock (fd, LOCK_UN), 0);
	cpod_held_locks_read (&locks);
	assert_false (cpod_held_locks_has (&locks, &st));
	cpod_held_locks_finish (&locks);
	close (fd);
	unlink (path);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (only_whole_file_locks_that_are_held_count),
		cmocka_unit_test (nothing_is_held_in_an_empty_list),
		cmocka_unit_test (a_lock_is_listed_while_it_is_held),
	};

	return cmocka_run_group_tests_name ("held-locks", tests, NULL, NULL);
}
