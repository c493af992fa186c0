/* The user's terminal: raw mode, and its end. */
#include "src/cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A pair of the test's own; *ret_slave has the default mode. */
static int
open_pair (int *ret_slave)
{
	int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true (master >= 0);
	assert_int_equal (grantpt (master), 0);
	assert_int_equal (unlockpt (master), 0);
	*ret_slave = open (ptsname (master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true (*ret_slave >= 0);
	return master;
}

static struct termios
mode_of (int fd)
{
	struct termios mode;

	memset (&mode, 0, sizeof (mode));
	assert_int_equal (tcgetattr (fd, &mode), 0);
	return mode;
}

static void
test_raw_attributes (void **state)
{
	struct termios all, none;

	(void) state;
	memset (&all, 0xff, sizeof (all));
	cpod_terminal_raw (&all);
	assert_int_equal (all.c_iflag & (ICRNL | INLCR | IGNCR | ISTRIP | IXON | IXOFF | BRKINT | PARMRK), 0);
	assert_int_equal (all.c_oflag & OPOST, 0);
	assert_int_equal (all.c_lflag & (ICANON | ECHO | ISIG | IEXTEN), 0);
	assert_int_equal (all.c_cflag & (CSIZE | PARENB), CS8);
	assert_int_equal (all.c_cc[VMIN], 1);
	assert_int_equal (all.c_cc[VTIME], 0);
	assert_true ((all.c_cflag & (CREAD | HUPCL)) == (CREAD | HUPCL));   /* none of its business */
	memset (&none, 0, sizeof (none));
	cpod_terminal_raw (&none);
	assert_int_equal (none.c_cflag & CSIZE, CS8);
	assert_int_equal (none.c_cc[VMIN], 1);
	assert_int_equal (none.c_lflag, 0);
}

static void
test_take_and_release (void **state)
{
	struct cpod_terminal terminal;
	struct cpod_error err;
	int slave, master = open_pair (&slave);
	struct termios before = mode_of (slave), after;

	(void) state;
	assert_int_equal (cpod_terminal_take (&terminal, slave, &err), 0);
	assert_int_equal (mode_of (slave).c_lflag & (ICANON | ECHO), 0);
	cpod_terminal_restore (&terminal);
	assert_true ((mode_of (slave).c_lflag & ICANON) != 0);
	cpod_terminal_take_again (&terminal);
	assert_int_equal (mode_of (slave).c_lflag & ICANON, 0);
	cpod_terminal_release (&terminal);
	after = mode_of (slave);
	assert_memory_equal (&before, &after, sizeof (before));
	cpod_terminal_release (&terminal);   /* once more is nothing */
	assert_int_equal (waitpid (-1, NULL, WNOHANG), -1);
	assert_int_equal (errno, ECHILD);
	close (slave);
	close (master);
}

static void
test_no_terminal (void **state)
{
	struct cpod_terminal terminal;
	struct cpod_error err;
	int fds[2];

	(void) state;
	assert_int_equal (pipe (fds), 0);
	assert_int_equal (cpod_terminal_take (&terminal, fds[0], &err), 0);
	assert_int_equal (terminal.fd, -1);
	assert_int_equal (terminal.guard, 0);
	cpod_terminal_take_again (&terminal);
	cpod_terminal_release (&terminal);
	close (fds[0]);
	close (fds[1]);
}

/* Takes the terminal in a process of its own, which then kills itself. */
static void
take_and_die (int slave)
{
	struct cpod_terminal terminal;
	struct cpod_error err;
	pid_t pid = fork ();
	int status;

	if (pid == 0) {
		if (cpod_terminal_take (&terminal, slave, &err) == 0)
			raise (SIGKILL);
		_exit (1);
	}
	assert_int_equal (waitpid (pid, &status, 0), pid);
	assert_true (WIFSIGNALED (status));
}

static void
test_killed (void **state)
{
	int slave, master = open_pair (&slave);

	(void) state;
	take_and_die (slave);
	for (int i = 0; i < 1000 && (mode_of (slave).c_lflag & ICANON) == 0; i++)
		usleep (10000);
	assert_true ((mode_of (slave).c_lflag & (ICANON | ECHO)) == (ICANON | ECHO));
	close (slave);
	close (master);
}

static void
test_size (void **state)
{
	const struct winsize size = { .ws_row = 12, .ws_col = 34 };
	uint16_t rows = 1, columns = 2;
	int slave, master = open_pair (&slave), saved[3];
	bool found;

	(void) state;
	assert_int_equal (ioctl (master, TIOCSWINSZ, &size), 0);
	for (int fd = 0; fd < 3; fd++) {
		saved[fd] = fcntl (fd, F_DUPFD_CLOEXEC, 10);
		assert_true (saved[fd] >= 0);
	}
	for (int fd = 0; fd < 3; fd++)
		assert_true (dup2 (fd == 1 ? slave : open ("/dev/null", O_RDWR | O_CLOEXEC), fd) == fd);
	found = cpod_terminal_size (&rows, &columns);
	for (int fd = 0; fd < 3; fd++) {
		assert_true (dup2 (saved[fd], fd) == fd);
		close (saved[fd]);
	}
	assert_true (found);
	assert_int_equal (rows, 12);
	assert_int_equal (columns, 34);
	close (slave);
	close (master);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		{ "raw: no echo, no lines, no signals, no translation; 8 bits, one byte is enough", test_raw_attributes, NULL, NULL, NULL },
		{ "a terminal is raw from take to release, and then what it was", test_take_and_release, NULL, NULL, NULL },
		{ "what is no terminal is left alone", test_no_terminal, NULL, NULL, NULL },
		{ "the guard restores the terminal of one that is killed", test_killed, NULL, NULL, NULL },
		{ "the size is that of the first descriptor that is a terminal", test_size, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
