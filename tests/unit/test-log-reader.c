/* Bounded files of lines, and reading them while they are written. */
#include "src/cli/log-file.h"
#include "src/cli/log-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char path[64];
	int dir_fd;
	int second;                 /* of the next line */
};

static int
set_up (void **state)
{
	struct fixture *fixture = calloc (1, sizeof (*fixture));

	snprintf (fixture->path, sizeof (fixture->path), "/tmp/test-log-reader.XXXXXX");
	assert_non_null (mkdtemp (fixture->path));
	fixture->dir_fd = open (fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true (fixture->dir_fd >= 0);
	*state = fixture;
	return 0;
}

static int
tear_down (void **state)
{
	static const char *const names[] = { "a.log", "a.log.1", "b.log", "b.log.1" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
		(void) unlinkat (fixture->dir_fd, names[i], 0);
	close (fixture->dir_fd);
	assert_int_equal (rmdir (fixture->path), 0);
	free (fixture);
	return 0;
}

/* Adds a line to the container's file, one second after the last one. */
static void
add (struct fixture *fixture, struct cpod_log_file *file, const char *rest)
{
	char line[256], time[CPOD_LOG_TIME_SIZE];

	cpod_log_time (1000000000 + fixture->second++, 7, time);
	snprintf (line, sizeof (line), "%s %s\n", time, rest);
	assert_int_equal (cpod_log_file_add (file, line, strlen (line)), 0);
}

/* The next entry as "CONTAINER STREAM F|P TEXT", or "". Static. */
static const char *
next (struct cpod_log_reader *reader)
{
	static char text[256];
	struct cpod_log_entry entry;

	text[0] = '\0';
	if (cpod_log_reader_next (reader, &entry) == 1)
		snprintf (text, sizeof (text), "%s %s %c %s", entry.container, entry.stream, entry.whole ? 'F' : 'P', entry.text);
	return text;
}

static void
test_time (void **state)
{
	char text[CPOD_LOG_TIME_SIZE];

	(void) state;
	cpod_log_time (1795307700, 66493594, text);
	assert_string_equal (text, "2026-11-22T00:35:00.066493594Z");
	cpod_log_time (1795307700, 0, text);
	assert_string_equal (text, "2026-11-22T00:35:00.000000000Z");
	cpod_log_time (INT64_MAX, 0, text);
	assert_int_equal (strlen (text), CPOD_LOG_TIME_SIZE - 1);
}

static void
test_order (void **state)
{
	static const char *const names[] = { "a", "b" };
	struct fixture *fixture = *state;
	struct cpod_log_reader *reader;
	struct cpod_log_file a, b;

	cpod_log_file_init (&a, fixture->dir_fd, "a.log", 1 << 20);
	cpod_log_file_init (&b, fixture->dir_fd, "b.log", 1 << 20);
	add (fixture, &a, "stdout F one");
	add (fixture, &b, "stderr F two");
	add (fixture, &b, "stdout P thr");
	add (fixture, &a, "stdout F four");
	assert_int_equal (cpod_log_reader_create (fixture->dir_fd, names, 2, -1, &reader, NULL), 0);
	assert_string_equal (next (reader), "a stdout F one");
	assert_string_equal (next (reader), "b stderr F two");
	assert_string_equal (next (reader), "b stdout P thr");
	assert_string_equal (next (reader), "a stdout F four");
	assert_string_equal (next (reader), "");
	add (fixture, &b, "stdout F ee");
	assert_string_equal (next (reader), "b stdout F ee");
	assert_string_equal (next (reader), "");
	cpod_log_reader_destroy (reader);
	cpod_log_file_finish (&a);
	cpod_log_file_finish (&b);
}

static void
test_later_file (void **state)
{
	static const char *const names[] = { "a", "b" };
	struct fixture *fixture = *state;
	struct cpod_log_reader *reader;
	struct cpod_log_file b;

	assert_int_equal (cpod_log_reader_create (fixture->dir_fd, names, 2, -1, &reader, NULL), 0);
	assert_string_equal (next (reader), "");
	cpod_log_file_init (&b, fixture->dir_fd, "b.log", 1 << 20);
	add (fixture, &b, "stdout F ");
	assert_string_equal (next (reader), "b stdout F ");
	cpod_log_reader_destroy (reader);
	cpod_log_file_finish (&b);
}

static void
test_bound (void **state)
{
	struct fixture *fixture = *state;
	struct cpod_log_file a;
	struct stat st, old;

	cpod_log_file_init (&a, fixture->dir_fd, "a.log", 4096);
	for (int i = 0; i < 1000; i++) {
		add (fixture, &a, "stdout F a line of some length, so that the file is full soon");
		assert_int_equal (fstatat (fixture->dir_fd, "a.log", &st, 0), 0);
		assert_true (st.st_size <= 2048);
	}
	assert_int_equal (fstatat (fixture->dir_fd, "a.log.1", &old, 0), 0);
	assert_true (old.st_size <= 2048 && old.st_size > 1900);
	cpod_log_file_finish (&a);
	cpod_log_file_init (&a, fixture->dir_fd, "a.log", 4096);       /* the next start goes on in it */
	add (fixture, &a, "stdout F more");
	assert_int_equal (a.written, st.st_size + 30 + 15 <= 2048 ? st.st_size + 30 + 15 : 30 + 15);
	cpod_log_file_finish (&a);
}

static void
test_turns (void **state)
{
	static const char *const names[] = { "a" };
	struct fixture *fixture = *state;
	struct cpod_log_reader *reader;
	struct cpod_log_file a;
	char line[32], wanted[48];

	cpod_log_file_init (&a, fixture->dir_fd, "a.log", 400);
	add (fixture, &a, "stdout F 0");
	assert_int_equal (cpod_log_reader_create (fixture->dir_fd, names, 1, -1, &reader, NULL), 0);
	for (int i = 1; i < 100; i++) {           /* the reader is one line behind, over many files */
		snprintf (line, sizeof (line), "stdout F %d", i);
		add (fixture, &a, line);
		snprintf (wanted, sizeof (wanted), "a stdout F %d", i - 1);
		assert_string_equal (next (reader), wanted);
	}
	assert_string_equal (next (reader), "a stdout F 99");
	assert_string_equal (next (reader), "");
	for (int i = 0; i < 100; i++) {           /* it has slept too long: what there still is comes in order */
		snprintf (line, sizeof (line), "stdout F %d", 100 + i);
		add (fixture, &a, line);
	}
	assert_true (atoi (next (reader) + strlen ("a stdout F ")) >= 185);
	for (int last = 0; last != 199;) {
		int number = atoi (next (reader) + strlen ("a stdout F "));

		assert_true (number > last);
		last = number;
	}
	assert_string_equal (next (reader), "");
	cpod_log_reader_destroy (reader);
	cpod_log_file_finish (&a);
}

static void
test_tail (void **state)
{
	static const char *const names[] = { "a", "b" };
	struct fixture *fixture = *state;
	struct cpod_log_reader *reader;
	struct cpod_log_file a, b;
	char line[32];

	cpod_log_file_init (&a, fixture->dir_fd, "a.log", 1000);
	cpod_log_file_init (&b, fixture->dir_fd, "b.log", 1000);
	add (fixture, &b, "stdout F only");
	for (int i = 0; i < 17; i++) {
		snprintf (line, sizeof (line), "stdout F %d", i);
		add (fixture, &a, line);
	}
	assert_int_equal (faccessat (fixture->dir_fd, "a.log.1", F_OK, 0), 0);   /* the last ones lie in two files */
	assert_int_equal (cpod_log_reader_create (fixture->dir_fd, names, 2, 8, &reader, NULL), 0);
	assert_string_equal (next (reader), "b stdout F only");
	assert_string_equal (next (reader), "a stdout F 9");
	assert_string_equal (next (reader), "a stdout F 10");
	cpod_log_reader_destroy (reader);
	assert_int_equal (cpod_log_reader_create (fixture->dir_fd, names, 2, 0, &reader, NULL), 0);
	assert_string_equal (next (reader), "");
	add (fixture, &a, "stdout F new");
	assert_string_equal (next (reader), "a stdout F new");
	cpod_log_reader_destroy (reader);
	cpod_log_file_finish (&a);
	cpod_log_file_finish (&b);
}

static void
test_garbage (void **state)
{
	static const char *const names[] = { "a" };
	static const char garbage[] = "no log line\n\n2026-11-22T00:35:00.066493594Z stdou\nhalf";
	struct fixture *fixture = *state;
	struct cpod_log_reader *reader;
	int fd = openat (fixture->dir_fd, "a.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal (write (fd, garbage, sizeof (garbage) - 1), sizeof (garbage) - 1);
	assert_int_equal (cpod_log_reader_create (fixture->dir_fd, names, 1, -1, &reader, NULL), 0);
	assert_string_equal (next (reader), "a stdout F no log line");
	assert_string_equal (next (reader), "a stdout F ");
	assert_string_equal (next (reader), "a stdout F 2026-11-22T00:35:00.066493594Z stdou");
	assert_string_equal (next (reader), "");
	assert_int_equal (write (fd, " a line\n", 8), 8);
	assert_string_equal (next (reader), "a stdout F half a line");
	cpod_log_reader_destroy (reader);
	close (fd);
}

static void
test_full (void **state)
{
	struct fixture *fixture = *state;
	struct cpod_log_file a;

	cpod_log_file_init (&a, -1, "a.log", 4096);
	assert_true (cpod_log_file_add (&a, "x\n", 2) < 0);
	a.dir_fd = fixture->dir_fd;             /* what goes wrong once may go well later */
	assert_int_equal (cpod_log_file_add (&a, "x\n", 2), 0);
	cpod_log_file_finish (&a);
}

#define TEST(sentence, function) { sentence, function, set_up, tear_down, NULL }

int
main (void)
{
	const struct CMUnitTest tests[] = {
		TEST ("times have a fixed width", test_time),
		TEST ("entries of several containers come in the order of their times, and new ones as they are written", test_order),
		TEST ("a file that is not there yet may come", test_later_file),
		TEST ("a file and the one before never hold more than the bound", test_bound),
		TEST ("a reader follows from file to file, and misses only what is gone", test_turns),
		TEST ("the last lines of each container are found over both files", test_tail),
		TEST ("what is no log line is text, and half a line waits for its end", test_garbage),
		TEST ("lines that cannot be written are lost, the next ones need not be", test_full),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
