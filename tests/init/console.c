/* The static test program as an engine that takes a container's terminal.
 *
 *     console PATH INPUT    listens at PATH, takes one terminal's master from there, types INPUT and a newline, and
 *                           prints all that comes out, until the other side is closed
 */
#include "inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

/* The descriptor that comes over the connection, or -errno. */
static int
receive (int connection)
{
	union { struct cmsghdr header; char bytes[CMSG_SPACE (sizeof (int))]; } control;
	char name[64];
	struct iovec iov = { name, sizeof (name) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof (control) };
	int fd;

	if (recvmsg (connection, &message, MSG_CMSG_CLOEXEC) <= 0 || CMSG_FIRSTHDR (&message) == NULL)
		return -EPROTO;
	memcpy (&fd, CMSG_DATA (&control.header), sizeof (fd));
	return fd;
}

int
inside_console (int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct winsize size = { 0 };
	int listener, connection, master;
	char bytes[4096];
	ssize_t n;

	if (argc != 2 || strlen (argv[0]) >= sizeof (address.sun_path))
		return EINVAL;
	memcpy (address.sun_path, argv[0], strlen (argv[0]) + 1);
	listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind (listener, (struct sockaddr *) &address, sizeof (address)) < 0 || listen (listener, 1) < 0)
		return errno;
	connection = accept (listener, NULL, NULL);
	if (connection < 0)
		return errno;
	master = receive (connection);
	if (master < 0)
		return -master;
	if (ioctl (master, TIOCGWINSZ, &size) == 0)
		printf ("size %ux%u\n", size.ws_row, size.ws_col);
	fflush (stdout);
	if (write (master, argv[1], strlen (argv[1])) < 0 || write (master, "\n", 1) < 0)
		return errno;
	while ((n = read (master, bytes, sizeof (bytes))) > 0)
		if (write (STDOUT_FILENO, bytes, (size_t) n) < 0)
			return errno;
	return 0;
}
