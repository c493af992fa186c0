/* Descriptors and whole files, in a directory of the test's own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];
static int dir_fd;

/* The path of a name in the test's directory. Valid until the next call. */
static const char *
path_of (const char *name)
{
	static char path[128];

	snprintf (path, sizeof (path), "%s/%s", directory, name);
	return path;
}

/* Makes the file name with the given text. */
static void
make_file (const char *name, const char *text)
{
	cpod_autofd fd = openat (dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true (fd >= 0);
	assert_int_equal (cpod_fd_write_all (fd, text, strlen (text)), 0);
}

static int
make_directory (void **state)
{
	(void) state;
	strcpy (directory, "/tmp/cpod-test-fd-XXXXXX");
	if (!mkdtemp (directory))
		return -1;
	dir_fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

static int
remove_directory (void **state)
{
	static const char *const names[] = { "file", "link", "fifo", "state", "state.tmp", "dir", NULL };
	size_t i;

	(void) state;
	for (i = 0; names[i]; i++) {
		if (unlinkat (dir_fd, names[i], 0) < 0)
			(void) unlinkat (dir_fd, names[i], AT_REMOVEDIR);   /* most do not exist */
	}
	cpod_fd_close (&dir_fd);
	return rmdir (directory);
}

static void
closing_keeps_errno_and_happens_once (void **state)
{
	int fd = dup (dir_fd), copy = fd;

	(void) state;
	errno = EXDEV;
	cpod_fd_close (&fd);
	assert_int_equal (fd, -1);
	assert_int_equal (errno, EXDEV);
	assert_int_equal (fcntl (copy, F_GETFD), -1);
	cpod_fd_close (&fd);
	fd = 77;
	assert_int_equal (cpod_fd_steal (&fd), 77);
	assert_int_equal (fd, -1);
}

static void
a_file_is_read_whole_and_ends_in_nul (void **state)
{
	struct cpod_error err = { 0 };
	size_t len = 0;
	char *data;

	(void) state;
	make_file ("file", "hello\n");
	assert_int_equal (cpod_file_read (path_of ("file"), 100, &data, &len, &err), 0);
	assert_int_equal (len, 6);
	assert_string_equal (data, "hello\n");
	free (data);
	assert_int_equal (cpod_file_read (path_of ("file"), 6, &data, &len, &err), 0);
	free (data);
}

static void
a_file_beyond_the_bound_is_refused (void **state)
{
	struct cpod_error err = { 0 };
	char *data = NULL, expected[128];
	size_t len;

	(void) state;
	make_file ("file", "hello\n");
	assert_int_equal (cpod_file_read (path_of ("file"), 5, &data, &len, &err), -EFBIG);
	snprintf (expected, sizeof (expected), "%s/file is larger than 5 bytes", directory);
	assert_string_equal (err.message, expected);
	assert_null (data);
}

static void
a_file_that_hides_its_size_is_bounded_too (void **state)
{
	struct cpod_error err = { 0 };
	char *data;
	size_t len;

	(void) state;
	assert_int_equal (cpod_file_read ("/proc/self/status", 1 << 20, &data, &len, &err), 0);
	assert_true (len > 100);
	free (data);
	assert_int_equal (cpod_file_read ("/proc/self/status", 10, &data, &len, &err), -EFBIG);
}

static void
a_missing_file_is_named (void **state)
{
	struct cpod_error err = { 0 };
	char *data;
	size_t len;

	(void) state;
	assert_int_equal (cpod_file_read ("/nonexistent/x", 10, &data, &len, &err), -ENOENT);
	assert_string_equal (err.message, "open /nonexistent/x: No such file or directory");
}

static void
what_is_not_a_regular_file_is_refused_without_waiting (void **state)
{
	struct cpod_error err = { 0 };
	char *data;
	size_t len;

	(void) state;
	assert_int_equal (mkfifoat (dir_fd, "fifo", 0600), 0);
	assert_int_equal (cpod_file_read (path_of ("fifo"), 10, &data, &len, &err), -EINVAL);
	assert_non_null (strstr (err.message, "is not a regular file"));
	assert_int_equal (cpod_file_read ("/dev/zero", 10, &data, &len, &err), -EINVAL);
	assert_int_equal (cpod_file_read (directory, 10, &data, &len, &err), -EISDIR);
}

static void
a_pipe_is_read_to_its_end_within_the_bound (void **state)
{
	char text[10000], *data;
	size_t len;
	int ends[2];

	(void) state;
	memset (text, 'x', sizeof (text));
	assert_int_equal (pipe2 (ends, O_CLOEXEC), 0);
	assert_int_equal (cpod_fd_write_all (ends[1], text, sizeof (text)), 0);
	cpod_fd_close (&ends[1]);
	assert_int_equal (cpod_fd_read_all (ends[0], sizeof (text), &data, &len), 0);
	assert_int_equal (len, sizeof (text));
	free (data);
	cpod_fd_close (&ends[0]);

	assert_int_equal (pipe2 (ends, O_CLOEXEC), 0);
	assert_int_equal (cpod_fd_write_all (ends[1], text, 101), 0);
	cpod_fd_close (&ends[1]);
	assert_int_equal (cpod_fd_read_all (ends[0], 100, &data, &len), -EFBIG);
	assert_int_equal (cpod_fd_read_all (-1, 100, &data, &len), -EBADF);
	cpod_fd_close (&ends[0]);
}

static void
a_file_is_replaced_as_a_whole_with_its_mode (void **state)
{
	struct cpod_error err = { 0 };
	struct stat st;
	mode_t mask = umask (077);
	char text[16];

	(void) state;
	assert_int_equal (cpod_file_replace (dir_fd, "state", "one", 3, 0644, &err), 0);
	umask (mask);
	assert_int_equal (fstatat (dir_fd, "state", &st, 0), 0);
	assert_int_equal (st.st_mode & 07777, 0644);
	assert_int_equal (cpod_file_replace (dir_fd, "state", "two\n", 4, 0600, &err), 0);
	assert_int_equal (cpod_file_get (dir_fd, "state", text, sizeof (text)), 3);
	assert_string_equal (text, "two");
	assert_int_equal (faccessat (dir_fd, "state.tmp", F_OK, 0), -1);
}

static void
a_link_in_the_place_of_the_temporary_file_is_not_followed (void **state)
{
	struct cpod_error err = { 0 };
	char text[16];

	(void) state;
	make_file ("file", "victim");
	assert_int_equal (symlinkat ("file", dir_fd, "state.tmp"), 0);
	assert_int_equal (cpod_file_replace (dir_fd, "state", "new", 3, 0600, &err), 0);
	assert_int_equal (cpod_file_get (dir_fd, "file", text, sizeof (text)), 6);
	assert_string_equal (text, "victim");
}

static void
a_replacement_that_fails_leaves_the_old_file (void **state)
{
	struct cpod_error err = { 0 };
	char text[16], name[300];

	(void) state;
	assert_int_equal (cpod_file_replace (dir_fd, "state", "old", 3, 0600, &err), 0);
	assert_int_equal (mkdirat (dir_fd, "state.tmp", 0700), 0);
	assert_true (cpod_file_replace (dir_fd, "state", "new", 3, 0600, &err) < 0);
	assert_non_null (strstr (err.message, "write state: "));
	assert_int_equal (unlinkat (dir_fd, "state.tmp", AT_REMOVEDIR), 0);
	assert_true (cpod_file_get (dir_fd, "state", text, sizeof (text)) == 3 && strcmp (text, "old") == 0);
	memset (name, 'n', sizeof (name) - 1);
	name[sizeof (name) - 1] = '\0';
	assert_int_equal (cpod_file_replace (dir_fd, name, "x", 1, 0600, &err), -ENAMETOOLONG);
}

static void
small_files_are_put_and_got (void **state)
{
	char text[8];

	(void) state;
	make_file ("file", "");
	assert_int_equal (cpod_file_put (dir_fd, "file", "max\n"), 0);
	assert_int_equal (cpod_file_get (dir_fd, "file", text, sizeof (text)), 3);
	assert_string_equal (text, "max");
	assert_int_equal (cpod_file_get (dir_fd, "file", text, 4), -EFBIG);
	assert_int_equal (cpod_file_get (dir_fd, "file", text, 5), 3);
	assert_int_equal (cpod_file_put (dir_fd, "absent", "x"), -ENOENT);
	assert_int_equal (cpod_file_get (dir_fd, "absent", text, sizeof (text)), -ENOENT);
	assert_int_equal (cpod_file_get (dir_fd, "file", text, 0), -EINVAL);
	assert_int_equal (cpod_file_put (AT_FDCWD, "/dev/full", "x"), -ENOSPC);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown (closing_keeps_errno_and_happens_once, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown (a_file_is_read_whole_and_ends_in_nul, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown (a_file_beyond_the_bound_is_refused, make_directory, remove_directory),
		cmocka_unit_test (a_file_that_hides_its_size_is_bounded_too),
		cmocka_unit_test (a_missing_file_is_named),
		cmocka_unit_test_setup_teardown (what_is_not_a_regular_file_is_refused_without_waiting, make_directory,
		                                 remove_directory),
		cmocka_unit_test (a_pipe_is_read_to_its_end_within_the_bound),
		cmocka_unit_test_setup_teardown (a_file_is_replaced_as_a_whole_with_its_mode, make_directory,
		                                 remove_directory),
		cmocka_unit_test_setup_teardown (a_link_in_the_place_of_the_temporary_file_is_not_followed,
		                                 make_directory, remove_directory),
		cmocka_unit_test_setup_teardown (a_replacement_that_fails_leaves_the_old_file, make_directory,
		                                 remove_directory),
		cmocka_unit_test_setup_teardown (small_files_are_put_and_got, make_directory, remove_directory),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
