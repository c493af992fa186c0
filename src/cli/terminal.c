/* Raw mode and its end; see terminal.h.
 *
 * The guard restores only a mode that is still the one set here: a shell that has taken the terminal back
 * meanwhile, with a mode of its own, is left alone. */
#include "terminal.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

void
cpod_terminal_raw (struct termios *attributes)
{
	attributes->c_iflag &= ~(tcflag_t) (IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF | IMAXBEL);
	attributes->c_oflag &= ~(tcflag_t) OPOST;
	attributes->c_lflag &= ~(tcflag_t) (ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	attributes->c_cflag &= ~(tcflag_t) (CSIZE | PARENB);
	attributes->c_cflag |= CS8;
	attributes->c_cc[VMIN] = 1;
	attributes->c_cc[VTIME] = 0;
}

/* Whether both are the same mode; speeds and what else a struct holds are not of interest. */
static bool
same_mode (const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag
		&& a->c_cflag == b->c_cflag;
}

/* The guard: waits for the byte or the end of the pipe. No signal ends it before. */
static void
guard (const struct cpod_terminal *terminal, int pipe_fd) __attribute__ ((noreturn));
static void
guard (const struct cpod_terminal *terminal, int pipe_fd)
{
	struct termios now;
	char byte;
	ssize_t n;

	do
		n = read (pipe_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0 && tcgetattr (terminal->fd, &now) == 0 && same_mode (&now, &terminal->raw))
		(void) tcsetattr (terminal->fd, TCSANOW, &terminal->before);
	_exit (0);
}

/* Starts the guard; the terminal is used without one when there can be none. */
static void
start_guard (struct cpod_terminal *terminal)
{
	sigset_t all, old;
	int fds[2];

	if (pipe2 (fds, O_CLOEXEC) < 0)
		return;
	sigfillset (&all);
	(void) sigprocmask (SIG_SETMASK, &all, &old);
	terminal->guard = fork ();
	if (terminal->guard == 0) {
		close (fds[1]);
		for (int fd = 0; fd < 3; fd++)   /* a pipe's reader is not to wait for the guard */
			if (fd != terminal->fd)
				close (fd);
		guard (terminal, fds[0]);
	}
	(void) sigprocmask (SIG_SETMASK, &old, NULL);
	close (fds[0]);
	terminal->guard_fd = fds[1];
	if (terminal->guard < 0) {
		terminal->guard = 0;
		cpod_fd_close (&terminal->guard_fd);
	}
}

int
cpod_terminal_take (struct cpod_terminal *terminal, int fd, struct cpod_error *err)
{
	*terminal = (struct cpod_terminal) { .fd = -1, .guard_fd = -1 };
	if (tcgetattr (fd, &terminal->before) < 0)
		return errno == ENOTTY || errno == EINVAL || errno == EBADF ? 0
		       : cpod_error_sys (err, errno, "read the terminal's mode");
	terminal->fd = fd;
	terminal->raw = terminal->before;
	cpod_terminal_raw (&terminal->raw);
	start_guard (terminal);
	terminal->is_raw = true;
	if (tcsetattr (fd, TCSADRAIN, &terminal->raw) == 0)
		return 0;
	cpod_error_sys (err, errno, "make the terminal raw");
	cpod_terminal_release (terminal);
	return -EIO;
}

void
cpod_terminal_restore (struct cpod_terminal *terminal)
{
	if (terminal->is_raw)
		(void) tcsetattr (terminal->fd, TCSADRAIN, &terminal->before);   /* a terminal that hung up has no mode */
	terminal->is_raw = false;
}

void
cpod_terminal_take_again (struct cpod_terminal *terminal)
{
	if (terminal->fd >= 0 && tcsetattr (terminal->fd, TCSADRAIN, &terminal->raw) == 0)
		terminal->is_raw = true;
}

void
cpod_terminal_release (struct cpod_terminal *terminal)
{
	cpod_terminal_restore (terminal);
	if (terminal->guard > 0) {
		(void) cpod_fd_write_all (terminal->guard_fd, "", 1);
		cpod_fd_close (&terminal->guard_fd);
		while (waitpid (terminal->guard, NULL, 0) < 0 && errno == EINTR)
			;
	}
	*terminal = (struct cpod_terminal) { .fd = -1, .guard_fd = -1 };
}

bool
cpod_terminal_size (uint16_t *ret_rows, uint16_t *ret_columns)
{
	struct winsize size;

	for (int fd = 0; fd < 3; fd++)
		if (ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
			*ret_rows = size.ws_row;
			*ret_columns = size.ws_col;
			return true;
		}
	return false;
}
