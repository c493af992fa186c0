/* What bench-scale's containers run: with "time" prints CLOCK_MONOTONIC in nanoseconds and ends, with another
 * argument sleeps until a signal ends it, with none ends at once; with "serve" answers HTTP requests on port 8080. Static, so that what is measured is not the loader. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Writes a number and a newline. */
static int
write_number (uint64_t number)
{
	char text[24];
	size_t at = sizeof (text);

	text[--at] = '\n';
	do
		text[--at] = (char) ('0' + number % 10);
	while ((number /= 10) > 0);
	return write (1, text + at, sizeof (text) - at) < 0;
}

/* Answers until a signal ends it. */
static int
serve (void)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons (8080), .sin_addr.s_addr = htonl (INADDR_LOOPBACK)
	};
	int fd = socket (AF_INET, SOCK_STREAM, 0), peer;
	char request[2048];

	if (bind (fd, (const struct sockaddr *) &address, sizeof (address)) < 0 || listen (fd, 1024) < 0)
		return 1;
	while ((peer = accept (fd, NULL, NULL)) >= 0) {
		if (read (peer, request, sizeof (request)) > 0)
			(void) !write (peer, answer, sizeof (answer) - 1);
		close (peer);
	}
	return 1;
}

int
main (int argc, char **argv)
{
	struct timespec now;

	if (argc > 1 && strcmp (argv[1], "time") == 0) {
		clock_gettime (CLOCK_MONOTONIC, &now);
		return write_number ((uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec);
	}
	if (argc > 1 && strcmp (argv[1], "serve") == 0)
		return serve ();
	while (argc > 1)
		pause ();
	return 0;
}
