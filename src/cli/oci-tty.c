/* See oci-tty.h. One poll loop over five descriptors: the user's input, the master, the signals, the process.
 *
 * What could not be written yet is kept, and its source is not read meanwhile, so that neither side can fill
 * memory. After the process's end the master is read until it is empty: nothing that was written is lost. */
#include "oci-tty.h"

#include "terminal.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Bytes on their way in one direction. */
struct flow { int from, to; char bytes[8192]; size_t at, len; bool ended; };

/* The master that the program's first process has sent. */
static int
receive (int socket_fd, int *ret_fd, struct cpod_error *err)
{
	union { struct cmsghdr header; char bytes[CMSG_SPACE (sizeof (int))]; } control;
	char name[64];
	struct iovec iov = { name, sizeof (name) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof (control) };
	ssize_t len;

	do
		len = recvmsg (socket_fd, &message, MSG_CMSG_CLOEXEC);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		return cpod_error_sys (err, errno, "receive the terminal");
	if (len == 0 || CMSG_FIRSTHDR (&message) == NULL || control.header.cmsg_type != SCM_RIGHTS)
		return cpod_error_set (err, EPROTO, "receive the terminal: it did not come");
	memcpy (ret_fd, CMSG_DATA (&control.header), sizeof (*ret_fd));
	return 0;
}

static void
copy_size (int master)
{
	struct winsize size;

	if (ioctl (STDIN_FILENO, TIOCGWINSZ, &size) == 0 || ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		(void) ioctl (master, TIOCSWINSZ, &size);
}

/* Reads into an empty flow. EIO of a master: the other side is closed. */
static void
fill (struct flow *flow)
{
	ssize_t n = read (flow->from, flow->bytes, sizeof (flow->bytes));

	if (n > 0) {
		flow->at = 0;
		flow->len = (size_t) n;
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		flow->ended = true;
	}
}

/* Writes what is there. Where nobody takes it, the flow is over. */
static void
drain (struct flow *flow)
{
	ssize_t n = write (flow->to, flow->bytes + flow->at, flow->len - flow->at);

	if (n > 0)
		flow->at += (size_t) n;
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		flow->at = flow->len, flow->ended = true;
}

static bool
is_empty (const struct flow *flow)
{
	return flow->at == flow->len;
}

/* Signals go on to the program; a change of the window's size to its terminal. */
static void
take_signal (int signal_fd, int pidfd, int master)
{
	struct signalfd_siginfo info;

	if (read (signal_fd, &info, sizeof (info)) != (ssize_t) sizeof (info))
		return;
	if (info.ssi_signo == SIGWINCH)
		copy_size (master);
	else if (info.ssi_signo != SIGCHLD && info.ssi_signo != SIGPIPE)
		(void) syscall (SYS_pidfd_send_signal, pidfd, info.ssi_signo, NULL, 0);
}

/* What the program has written before its end. */
static void
empty (struct flow *out)
{
	(void) fcntl (out->from, F_SETFL, O_NONBLOCK);
	while (!out->ended) {
		if (!is_empty (out)) {
			drain (out);
			continue;
		}
		if (poll (&(struct pollfd) { .fd = out->from, .events = POLLIN }, 1, 0) <= 0)
			break;
		fill (out);
	}
}

static int
proxy (int master, int pidfd, int signal_fd, struct cpod_error *err)
{
	static struct flow in = { .from = STDIN_FILENO }, out = { .to = STDOUT_FILENO };

	in.to = out.from = master;
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = pidfd, .events = POLLIN }, { .fd = signal_fd, .events = POLLIN },
			{ .fd = in.ended || !is_empty (&in) ? -1 : in.from, .events = POLLIN },
			{ .fd = is_empty (&in) ? -1 : in.to, .events = POLLOUT },
			{ .fd = out.ended || !is_empty (&out) ? -1 : out.from, .events = POLLIN },
			{ .fd = is_empty (&out) ? -1 : out.to, .events = POLLOUT },
		};

		if (poll (fds, sizeof (fds) / sizeof (fds[0]), -1) < 0 && errno != EINTR)
			return cpod_error_sys (err, errno, "wait for the terminal");
		if (fds[1].revents != 0)
			take_signal (signal_fd, pidfd, master);
		if (fds[2].revents != 0)
			fill (&in);
		if (fds[3].revents != 0)
			drain (&in);
		if (fds[4].revents != 0)
			fill (&out);
		if (fds[5].revents != 0)
			drain (&out);
		if (fds[0].revents != 0)
			break;
	}
	empty (&out);
	return 0;
}

static void
size (void *data, uint16_t *ret_rows, uint16_t *ret_columns)
{
	(void) data;
	(void) cpod_terminal_size (ret_rows, ret_columns);
}

static int
attend (void *data, int socket_fd, int pidfd, int signal_fd, struct cpod_error *err)
{
	struct cpod_terminal terminal;
	cpod_autofd master = -1;
	int ret = receive (socket_fd, &master, err);

	(void) data;
	if (ret == 0)
		ret = cpod_terminal_take (&terminal, STDIN_FILENO, err);
	if (ret < 0)
		return ret;
	copy_size (master);     /* it may have changed meanwhile */
	ret = proxy (master, pidfd, signal_fd, err);
	cpod_terminal_release (&terminal);
	return ret;
}

const struct cpod_bundle_terminal cpod_oci_tty = { size, attend, NULL };
