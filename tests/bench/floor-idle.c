/* Floor of a supervisor's memory: a static process with one epoll loop and nothing to wait for but
 * the end of its stdin. */
#include <unistd.h>
#include <sys/epoll.h>

int
main (void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLHUP };
	char byte;
	int fd;

	fd = epoll_create1 (EPOLL_CLOEXEC);
	if (fd < 0 || epoll_ctl (fd, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0)
		return 1;
	while (epoll_wait (fd, &event, 1, -1) >= 0)
		if (read (STDIN_FILENO, &byte, 1) <= 0)
			return 0;
	return 1;
}
