/* Containers' output: lines and their prefixes, binary bytes, long lines, readers that stop; aligned tables.
 * Links: src/cli/logs.c src/cli/sink.c src/cli/term.c src/cli/table.c */
#include "src/cli/logs.h"
#include "src/cli/table.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct cpod_loop loop;
	struct cpod_sink sinks[2];
	struct cpod_logs *logs;
	int out[2];                 /* the pipe that stands for standard output; [0] does not block */
	int err[2];
	int32_t fds[3];             /* of the container "main" */
};

static int
set_up (void **state)
{
	struct fixture *fixture = calloc (1, sizeof (*fixture));
	const struct cpod_logs_config config = {
		.loop = &fixture->loop, .sinks = { &fixture->sinks[0], &fixture->sinks[1] }, .width = 10, .dir_fd = -1,
	};

	assert_int_equal (cpod_loop_init (&fixture->loop, NULL), 0);
	assert_int_equal (pipe2 (fixture->out, O_CLOEXEC), 0);
	assert_int_equal (pipe2 (fixture->err, O_CLOEXEC), 0);
	fcntl (fixture->out[0], F_SETFL, O_NONBLOCK);
	fcntl (fixture->err[0], F_SETFL, O_NONBLOCK);
	cpod_sink_init (&fixture->sinks[0], &fixture->loop, fixture->out[1]);
	cpod_sink_init (&fixture->sinks[1], &fixture->loop, fixture->err[1]);
	assert_int_equal (cpod_logs_create (&config, &fixture->logs, NULL), 0);
	cpod_logs_open (fixture->logs, "main", fixture->fds);
	*state = fixture;
	return 0;
}

static int
tear_down (void **state)
{
	struct fixture *fixture = *state;

	cpod_logs_destroy (fixture->logs);
	cpod_sink_finish (&fixture->sinks[0], 0);
	cpod_sink_finish (&fixture->sinks[1], 0);
	cpod_loop_finish (&fixture->loop);
	close (fixture->out[0]);
	close (fixture->out[1]);
	close (fixture->err[0]);
	close (fixture->err[1]);
	free (fixture);
	return 0;
}

/* Lets everything happen that can happen now. */
static void
turn (struct fixture *fixture)
{
	for (int idle = 0; idle < 2;)
		idle = cpod_loop_turn (&fixture->loop, 0) == 0 ? idle + 1 : 0;
}

/* The container writes. */
static void
write_all (struct fixture *fixture, int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write (fd, bytes, len < 4096 ? len : 4096);

		assert_true (n > 0);
		bytes += n;
		len -= (size_t) n;
		turn (fixture);
	}
}

/* What can be read now; its length in *ret_len. Static. */
static const char *
read_now (int fd, size_t *ret_len)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof (text) - 1 && (n = read (fd, text + len, sizeof (text) - 1 - len)) > 0)
		len += (size_t) n;
	text[len] = '\0';
	if (ret_len != NULL)
		*ret_len = len;
	return text;
}

static void
every_line_carries_its_containers_name (void **state)
{
	struct fixture *fixture = *state;

	write_all (fixture, fixture->fds[1], "one\n\ntwo\n", 9);
	write_all (fixture, fixture->fds[2], "wrong\n", 6);
	assert_string_equal (read_now (fixture->out[0], NULL), "main | one\nmain | \nmain | two\n");
	assert_string_equal (read_now (fixture->err[0], NULL), "main | wrong\n");
}

static void
a_line_in_pieces_waits_for_its_end (void **state)
{
	struct fixture *fixture = *state;

	write_all (fixture, fixture->fds[1], "a", 1);
	write_all (fixture, fixture->fds[1], "b", 1);
	assert_string_equal (read_now (fixture->out[0], NULL), "");
	write_all (fixture, fixture->fds[1], "c\nd", 3);
	assert_string_equal (read_now (fixture->out[0], NULL), "main | abc\n");
	cpod_logs_started (fixture->logs, "main");
	turn (fixture);
	assert_string_equal (read_now (fixture->out[0], NULL), "main | d\n");
}

static void
binary_bytes_pass_as_they_are (void **state)
{
	static const char bytes[] = "\0\xff\033[2J\r\x80\n";
	struct fixture *fixture = *state;
	const char *text;
	size_t len;

	write_all (fixture, fixture->fds[1], bytes, sizeof (bytes) - 1);
	text = read_now (fixture->out[0], &len);
	assert_int_equal (len, 7 + sizeof (bytes) - 1);
	assert_memory_equal (text + 7, bytes, sizeof (bytes) - 1);
}

static void
an_endless_line_is_cut (void **state)
{
	struct fixture *fixture = *state;
	size_t len, lines = 0;
	const char *text;
	char *bytes;

	bytes = malloc (50000);
	memset (bytes, 'x', 50000);
	write_all (fixture, fixture->fds[1], bytes, 50000);
	text = read_now (fixture->out[0], &len);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	assert_in_range (lines, 2, 4);
	assert_true (strncmp (text, "main | xxx", 10) == 0);
	free (bytes);
}

static void
what_the_pipes_hold_at_the_end_is_shown (void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal (write (fixture->fds[1], "last", 4), 4);
	cpod_logs_started (fixture->logs, "main");
	cpod_logs_destroy (fixture->logs);
	fixture->logs = NULL;
	assert_string_equal (read_now (fixture->out[0], NULL), "main | last\n");
}

static void
a_container_that_starts_again_has_new_pipes (void **state)
{
	struct fixture *fixture = *state;

	write_all (fixture, fixture->fds[1], "first\n", 6);
	cpod_logs_started (fixture->logs, "main");
	turn (fixture);
	cpod_logs_open (fixture->logs, "main", fixture->fds);
	write_all (fixture, fixture->fds[1], "second\n", 7);
	assert_string_equal (read_now (fixture->out[0], NULL), "main | first\nmain | second\n");
}

/* Writes whole pages until the pipe takes no more; the bytes that went in. */
static size_t
write_until_full (struct fixture *fixture, size_t most)
{
	char page[4096];
	size_t total = 0;

	memset (page, 'y', sizeof (page));
	page[sizeof (page) - 1] = '\n';
	fcntl (fixture->fds[1], F_SETFL, O_NONBLOCK);
	while (total < most && write (fixture->fds[1], page, sizeof (page)) > 0) {
		total += sizeof (page);
		turn (fixture);
	}
	return total;
}

static void
a_reader_that_stops_holds_the_container_up_only_for_a_while (void **state)
{
	struct fixture *fixture = *state;
	size_t total;

	total = write_until_full (fixture, 64 << 20);
	assert_in_range (total, 256 << 10, 2 << 20);        /* bounded */
	fixture->sinks[0].stuck.expired (&fixture->sinks[0].stuck, 0);   /* its time has come */
	turn (fixture);
	assert_int_equal (write_until_full (fixture, 8 << 20), 8 << 20);   /* nothing holds it up any more */
	while (read_now (fixture->out[0], &total), total > 0)
		turn (fixture);
	write_all (fixture, fixture->fds[1], "again\n", 6);
	assert_non_null (strstr (read_now (fixture->out[0], NULL), "bytes of output were dropped"));
}

static void
a_reader_that_goes_on_misses_nothing (void **state)
{
	struct fixture *fixture = *state;
	size_t total, read_bytes = 0, len;

	total = write_until_full (fixture, 64 << 20);
	fcntl (fixture->fds[1], F_SETFL, 0);
	cpod_logs_started (fixture->logs, "main");
	do {
		read_now (fixture->out[0], &len);
		read_bytes += len;
		turn (fixture);
	} while (len > 0);
	assert_int_equal (read_bytes, total + total / 4096 * 7);
}

static void
a_reader_that_is_gone_holds_up_nobody (void **state)
{
	struct fixture *fixture = *state;

	signal (SIGPIPE, SIG_IGN);
	close (fixture->out[0]);
	fixture->out[0] = open ("/dev/null", O_RDONLY);
	assert_int_equal (write_until_full (fixture, 4 << 20), 4 << 20);
	assert_true (fixture->sinks[0].broken);
}

static void
sockets_and_files_are_written_too (void **state)
{
	struct fixture *fixture = *state;
	struct cpod_sink sink = { 0 };
	FILE *file = tmpfile ();
	char text[16] = "";
	int fds[2];

	assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), 0);
	cpod_sink_init (&sink, &fixture->loop, fds[0]);
	assert_int_equal (sink.kind, CPOD_SINK_SOCKET);
	cpod_sink_add (&sink, "abc", 3);
	cpod_sink_flush (&sink);
	assert_int_equal (read (fds[1], text, sizeof (text)), 3);
	cpod_sink_finish (&sink, 0);
	close (fds[0]);
	close (fds[1]);
	memset (&sink, 0, sizeof (sink));
	cpod_sink_init (&sink, &fixture->loop, fileno (file));
	assert_int_equal (sink.kind, CPOD_SINK_FILE);
	cpod_sink_add (&sink, "abc", 3);
	cpod_sink_finish (&sink, 0);
	rewind (file);
	assert_string_equal (fgets (text, sizeof (text), file), "abc");
	fclose (file);
}

static void
containers_cannot_steer_the_terminal (void **state)
{
	static const struct { const char *in, *out; } texts[] = {
		{ "plain \xc3\xa9\ttab", "plain \xc3\xa9\ttab" }, { "\033[31mred\033[0m", "\033[31mred\033[0m" },
		{ "\033[2J", "^[[2J" }, { "\033]0;title\007", "^[]0;title^G" }, { "a\rb", "a^Mb" }, { "\x7f", "^?" },
		{ "\033[", "^[[" }, { "\xc2\x9b" "2J", "?2J" }, { "\033[1;2;3;4;5;6;7;8;9;10;11;12;13m", "^[[1;2;3;4;5;6;7;8;9;10;11;12;13m" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++) {
		struct cpod_str out = CPOD_STR_INIT;

		cpod_term_add_safe (&out, texts[i].in, strlen (texts[i].in));
		assert_string_equal (out.data, texts[i].out);
		cpod_str_finish (&out);
	}
}

static void
tables_are_aligned_and_end_at_the_terminals_edge (void **state)
{
	struct cpod_term term = { 0 };
	struct cpod_str out = CPOD_STR_INIT;
	struct cpod_table table;

	(void) state;
	cpod_table_init (&table, 3);
	cpod_table_add (&table, CPOD_BOLD, "A");
	cpod_table_add (&table, CPOD_BOLD, "B");
	cpod_table_add (&table, CPOD_BOLD, "C");
	cpod_table_add (&table, CPOD_PLAIN, "\xc3\xa9\xc3\xa9");
	cpod_table_add (&table, CPOD_PLAIN, "");
	cpod_table_add (&table, CPOD_GREEN, "long text");
	assert_true (cpod_table_write (&table, &term, &out));
	assert_string_equal (out.data, "A   B  C\n\xc3\xa9\xc3\xa9     long text\n");
	cpod_str_clear (&out);
	term.tty = term.colour = true;
	term.columns = 11;
	assert_true (cpod_table_write (&table, &term, &out));
	assert_string_equal (out.data, "\033[1mA\033[0m   \033[1mB\033[0m  \033[1mC\033[0m\n\xc3\xa9\xc3\xa9     \033[32mlong\033[0m\n");
	cpod_table_finish (&table);
	cpod_str_finish (&out);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown (every_line_carries_its_containers_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_line_in_pieces_waits_for_its_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown (binary_bytes_pass_as_they_are, set_up, tear_down),
		cmocka_unit_test_setup_teardown (an_endless_line_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown (what_the_pipes_hold_at_the_end_is_shown, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_container_that_starts_again_has_new_pipes, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_reader_that_stops_holds_the_container_up_only_for_a_while, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_reader_that_goes_on_misses_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_reader_that_is_gone_holds_up_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown (sockets_and_files_are_written_too, set_up, tear_down),
		cmocka_unit_test (containers_cannot_steer_the_terminal),
		cmocka_unit_test (tables_are_aligned_and_end_at_the_terminals_edge),
	};

	return cmocka_run_group_tests_name ("logs", tests, NULL, NULL);
}
