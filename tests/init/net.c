/* The loopback interface from inside: to listen, to connect, and to ask over HTTP. */

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inside.h"

/* A socket and the loopback address with the port of argv[0]. Returns the socket, or -1. */
static int
loopback (int argc, char **argv, struct sockaddr_in *address)
{
	long port = argc > 0 ? strtol (argv[0], NULL, 10) : 0;

	memset (address, 0, sizeof (*address));
	address->sin_family = AF_INET;
	address->sin_port = htons ((uint16_t) port);
	address->sin_addr.s_addr = htonl (INADDR_LOOPBACK);
	return socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int
inside_listen (int argc, char **argv)
{
	struct sockaddr_in address;
	int fd = loopback (argc, argv, &address);

	if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof (address)) < 0 || listen (fd, 8) < 0)
		return errno;
	return accept (fd, NULL, NULL) < 0 ? errno : 0;
}

int
inside_serve (int argc, char **argv)
{
	struct sockaddr_in address;
	int fd = loopback (argc, argv, &address), one = 1;

	if (argc < 2)
		return EINVAL;
	(void) setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof (one));
	if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof (address)) < 0 || listen (fd, 64) < 0)
		return errno;
	for (;;) {
		int peer = accept (fd, NULL, NULL);
		char request[4096];
		ssize_t n = peer < 0 ? -1 : read (peer, request, sizeof (request) - 1);

		if (n > 0) {
			request[n] = 0;
			printf ("%.*s\n", (int) strcspn (request, "\r\n"), request);
			fflush (stdout);
			dprintf (peer, "HTTP/1.1 %s\r\nContent-Length: 6\r\n\r\nhello\n", access (argv[1], F_OK) == 0 ? "200 OK" : "503 No");
		}
		close (peer);
	}
}

int
inside_connect (int argc, char **argv)
{
	struct sockaddr_in address;
	int fd = loopback (argc, argv, &address);

	return fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof (address)) < 0 ? errno : 0;
}

/* Reads until the other side closes; at most size - 1 bytes. Returns the length. */
static size_t
read_all (int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = read (fd, text + len, size - 1 - len)) > 0)
		len += (size_t) n;
	text[len] = 0;
	return len;
}

int
inside_get (int argc, char **argv)
{
	static char request[8192], answer[1 << 20];
	struct sockaddr_in address;
	int fd = loopback (argc, argv, &address), at, status = 0;
	char *body;

	if (argc < 2)
		return EINVAL;
	at = snprintf (request, 4096, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\nContent-Length: 0\r\n",
	               argc > 2 ? argv[2] : "GET", argv[1], argv[0]);
	for (int i = 3; i < argc && at < 6000; i++)
		at += snprintf (request + at, 1024, "%s\r\n", argv[i]);
	at += snprintf (request + at, 8, "\r\n");
	if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof (address)) < 0)
		return errno;
	if (write (fd, request, (size_t) at) != at)
		return EIO;
	read_all (fd, answer, sizeof (answer));
	body = strstr (answer, "\r\n\r\n");
	if (!body || sscanf (answer, "HTTP/1.%*d %d", &status) != 1)
		return EPROTO;
	fputs (body + 4, stdout);
	if (status == 200)
		return 0;
	fprintf (stderr, "HTTP status %d\n", status);
	return status / 100 * 10 + status % 10;
}

int
inside_request (int argc, char **argv)
{
	static char answer[1 << 20];
	struct sockaddr_in v4;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const int six = argc > 0 && argv[0][0] == '6' && argv[0][1] == ':';
	char *port = six ? argv[0] + 2 : argc > 0 ? argv[0] : NULL;
	int fd, ret;

	if (argc < 2)
		return EINVAL;
	fd = loopback (1, &port, &v4);
	if (six) {
		close (fd);
		v6.sin6_port = v4.sin_port;
		fd = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
	ret = six ? connect (fd, (struct sockaddr *) &v6, sizeof (v6)) : connect (fd, (struct sockaddr *) &v4, sizeof (v4));
	if (ret < 0)
		return errno;
	for (int i = 1; i < argc; i++)
		dprintf (fd, "%s\r\n", argv[i]);
	dprintf (fd, "\r\n");
	fwrite (answer, 1, read_all (fd, answer, sizeof (answer)), stdout);
	return 0;
}

/* crowd PORT N: opens N connections, sends half a request on each, then closes them all. */
int
inside_crowd (int argc, char **argv)
{
	static int fds[1024];
	struct sockaddr_in address;
	char *port = argc > 0 ? argv[0] : NULL;
	int n = argc > 1 ? atoi (argv[1]) : 0;

	if (n < 1 || n > 1000)
		return EINVAL;
	for (int i = 0; i < n; i++) {
		fds[i] = loopback (1, &port, &address);
		if (fds[i] < 0 || connect (fds[i], (struct sockaddr *) &address, sizeof (address)) < 0)
			return errno;
		dprintf (fds[i], "GET /st");
	}
	for (int i = 0; i < n; i++)
		close (fds[i]);
	return 0;
}
