/* One poll loop; see relay.h.
 *
 * Each direction has one buffer: it is read into when it is empty, and written from as the other side takes
 * it, so that a slow reader slows the program and nothing is lost. No write blocks: a signal is heard at
 * any time. When standard input ends, the program is told as a user would tell it, by the terminal's own
 * end-of-file character.
 */
#include "relay.h"

#include "terminal.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes on their way. */
struct buffer {
	char bytes[PIPE_BUF];
	size_t from, to;
};

struct relay {
	const struct cpod_relay_config *config;
	struct cpod_terminal terminal;
	int master_fd;                  /* owned; -1: it has not come, or is over */
	bool awaits_master;
	bool input_open, output_open;
	int output_fd;                  /* standard output, where possible opened anew without blocking */
	bool output_owned;
	struct buffer in, out;          /* to the program, from it */
};

/* true when nothing is left to be written. */
static bool
is_empty (const struct buffer *buffer)
{
	return buffer->from == buffer->to;
}

/* Opens standard output anew where writing may block, so that nobody else's descriptor changes. */
static void
open_output (struct relay *relay)
{
	struct stat st;
	int fd = -1;

	if (fstat (STDOUT_FILENO, &st) == 0 && (S_ISFIFO (st.st_mode) || isatty (STDOUT_FILENO)))
		fd = open ("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	relay->output_owned = fd >= 0;
	relay->output_fd = fd >= 0 ? fd : STDOUT_FILENO;
}

/* The program's terminal gets the size of the user's. */
static void
pass_size (const struct relay *relay)
{
	uint16_t rows, columns;
	struct winsize size = { 0 };

	if (relay->master_fd < 0 || !cpod_terminal_size (&rows, &columns))
		return;
	size.ws_row = rows;
	size.ws_col = columns;
	(void) ioctl (relay->master_fd, TIOCSWINSZ, &size);
}

/* Takes the master out of the socket, or its end of file: then there is none. */
static void
receive_master (struct relay *relay)
{
	union { char bytes[CMSG_SPACE (sizeof (int))]; struct cmsghdr align; } control;
	char name[64];
	struct iovec part = { name, sizeof (name) };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
	                         .msg_controllen = sizeof (control) };
	struct cmsghdr *rights;
	ssize_t n = recvmsg (relay->config->socket_fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	relay->awaits_master = false;
	rights = n > 0 ? CMSG_FIRSTHDR (&header) : NULL;
	if (rights == NULL || rights->cmsg_type != SCM_RIGHTS || rights->cmsg_len < CMSG_LEN (sizeof (int)))
		return;
	memcpy (&relay->master_fd, CMSG_DATA (rights), sizeof (int));
	(void) fcntl (relay->master_fd, F_SETFL, O_NONBLOCK);
	pass_size (relay);   /* it may have changed since the call */
}

/* Reads into an empty buffer. false: the end, or nobody is there any more. */
static bool
fill (struct buffer *buffer, int fd)
{
	ssize_t n = read (fd, buffer->bytes, sizeof (buffer->bytes));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	buffer->from = 0;
	buffer->to = n > 0 ? (size_t) n : 0;
	return n > 0;
}

/* Writes what fd takes now. false: nobody is there any more. */
static bool
drain (struct buffer *buffer, int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	while (!is_empty (buffer) && poll (&ready, 1, 0) != 0) {   /* standard output itself may block */
		n = write (fd, buffer->bytes + buffer->from, buffer->to - buffer->from);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		buffer->from += (size_t) n;
	}
	return true;
}

/* The end of the input, for a program that reads lines from its terminal. */
static void
pass_end_of_input (struct relay *relay)
{
	struct termios mode;

	relay->input_open = false;
	relay->in.bytes[0] = 4;
	if (relay->master_fd >= 0 && tcgetattr (relay->master_fd, &mode) == 0 && mode.c_cc[VEOF] != 0)
		relay->in.bytes[0] = (char) mode.c_cc[VEOF];
	/* The first one only ends a line that was begun; where there is none, the second meets nobody. */
	relay->in.bytes[1] = relay->in.bytes[0];
	relay->in.from = 0;
	relay->in.to = 2;
}

/* Bytes from the user to the program. */
static void
pass_input (struct relay *relay, const struct pollfd *input, const struct pollfd *master)
{
	if (relay->input_open && is_empty (&relay->in) && input->revents != 0 && !fill (&relay->in, STDIN_FILENO))
		pass_end_of_input (relay);
	if (relay->master_fd >= 0 && ((master->revents & POLLHUP) != 0 || !drain (&relay->in, relay->master_fd)))
		relay->in.from = relay->in.to;
}

/* Bytes from the program to the user. */
static void
pass_output (struct relay *relay, const struct pollfd *master)
{
	if (relay->master_fd >= 0 && is_empty (&relay->out) && (master->revents & (POLLIN | POLLHUP | POLLERR)) != 0
	    && !fill (&relay->out, relay->master_fd))
		cpod_fd_close (&relay->master_fd);
	if (!relay->output_open || !drain (&relay->out, relay->output_fd)) {
		relay->output_open = false;      /* the program goes on, unheard */
		relay->out.from = relay->out.to;
	}
}

/* What is still in the terminal when the program has ended goes to the user, who may be slow. */
static void
pass_rest (struct relay *relay)
{
	struct pollfd output = { .fd = relay->output_fd, .events = POLLOUT };

	if (relay->awaits_master)
		receive_master (relay);
	while (relay->output_open) {
		if (!is_empty (&relay->out)) {
			if (poll (&output, 1, -1) < 0 && errno != EINTR)
				return;
			relay->output_open = drain (&relay->out, relay->output_fd);
			continue;
		}
		if (relay->master_fd < 0 || !fill (&relay->out, relay->master_fd) || is_empty (&relay->out))
			return;
	}
}

/* A signal has come. 0, or its number when it asks for the end. */
static int
take_signal (struct relay *relay)
{
	struct signalfd_siginfo info;

	if (read (relay->config->signal_fd, &info, sizeof (info)) != (ssize_t) sizeof (info))
		return 0;
	switch (info.ssi_signo) {
	case SIGWINCH:
		pass_size (relay);
		return 0;
	case SIGTSTP:
		cpod_terminal_restore (&relay->terminal);
		(void) raise (SIGSTOP);
		return 0;
	case SIGCONT:
		cpod_terminal_take_again (&relay->terminal);
		pass_size (relay);
		return 0;
	default:
		return (int) info.ssi_signo;
	}
}

/* What is waited for, by place. */
enum { REPLY, SIGNAL, SOCKET, INPUT, MASTER, OUTPUT, N_FDS };

/* Asks for what there is room for. A descriptor of -1 is passed over. */
static void
prepare (const struct relay *relay, struct pollfd fds[N_FDS])
{
	const bool reads = relay->input_open && is_empty (&relay->in) && relay->master_fd >= 0;
	const bool writes = relay->output_open && !is_empty (&relay->out);
	const short master = (short) ((is_empty (&relay->out) ? POLLIN : 0) | (is_empty (&relay->in) ? 0 : POLLOUT));

	fds[REPLY] = (struct pollfd) { .fd = relay->config->client->fd, .events = POLLIN };
	fds[SIGNAL] = (struct pollfd) { .fd = relay->config->signal_fd, .events = POLLIN };
	fds[SOCKET] = (struct pollfd) { .fd = relay->awaits_master ? relay->config->socket_fd : -1, .events = POLLIN };
	fds[INPUT] = (struct pollfd) { .fd = reads ? STDIN_FILENO : -1, .events = POLLIN };
	fds[MASTER] = (struct pollfd) { .fd = master != 0 ? relay->master_fd : -1, .events = master };
	fds[OUTPUT] = (struct pollfd) { .fd = writes ? relay->output_fd : -1, .events = POLLOUT };
}

/* Turns until the reply or the end. */
static int
turn (struct relay *relay)
{
	struct pollfd fds[N_FDS];
	int signal;

	for (;;) {
		prepare (relay, fds);
		if (poll (fds, N_FDS, -1) < 0)
			continue;
		signal = fds[SIGNAL].revents != 0 ? take_signal (relay) : 0;
		if (signal != 0)
			return signal;
		if (fds[SOCKET].revents != 0)
			receive_master (relay);
		pass_input (relay, &fds[INPUT], &fds[MASTER]);
		pass_output (relay, &fds[MASTER]);
		if (fds[REPLY].revents != 0) {
			pass_rest (relay);
			return 0;
		}
	}
}

int
cpod_relay_run (const struct cpod_relay_config *config, struct cpod_error *err)
{
	struct relay relay = { .config = config, .terminal = { .fd = -1, .guard_fd = -1 }, .master_fd = -1,
	                       .awaits_master = true, .input_open = config->input, .output_open = true };
	int ret;

	ret = config->input ? cpod_terminal_take (&relay.terminal, STDIN_FILENO, err) : 0;
	if (ret < 0)
		return ret;
	open_output (&relay);
	ret = turn (&relay);
	cpod_terminal_release (&relay.terminal);
	if (relay.output_owned)
		cpod_fd_close (&relay.output_fd);
	cpod_fd_close (&relay.master_fd);
	return ret;
}
