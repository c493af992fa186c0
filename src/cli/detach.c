/* Fork, setsid, and one byte back; see detach.h.
 *
 * The fork is done by the small command before it has made anything but the spec: no thread, no loop, no
 * descriptor. Nothing of the caller's stays open in the supervisor: whoever reads the command's output to its
 * end gets that end with the command's. */
#include "detach.h"

#include "cli.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAY_FD = 3, REPORT_FD = 4, FIRST_OTHER_FD = 5 };

int
cpod_wait_parse (const char *text, enum cpod_wait *ret_wait)
{
	static const char *const words[] = {
		[CPOD_WAIT_RUNNING] = "running", [CPOD_WAIT_STARTED] = "started", [CPOD_WAIT_NONE] = "none",
	};

	for (size_t i = 0; i < sizeof (words) / sizeof (words[0]); i++)
		if (strcmp (text, words[i]) == 0) {
			*ret_wait = (enum cpod_wait) i;
			return 0;
		}
	return -EINVAL;
}

/* The supervisor's descriptors: see detach.h, and what it says goes to SAY_FD. */
static int
settle (int report_fd, struct cpod_error *err)
{
	int null_fd, said_fd, report;

	null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
	said_fd = null_fd < 0 ? -1 : fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, FIRST_OTHER_FD);
	report = said_fd < 0 ? -1 : fcntl (report_fd, F_DUPFD_CLOEXEC, FIRST_OTHER_FD);
	if (report < 0)
		return cpod_error_sys (err, errno, "go into the background");
	for (int fd = 0; fd < 3; fd++)
		if (dup3 (null_fd, fd, 0) < 0)
			return cpod_error_sys (err, errno, "go into the background");
	if (dup3 (said_fd, SAY_FD, O_CLOEXEC) < 0 || dup3 (report, REPORT_FD, O_CLOEXEC) < 0
	    || close_range (FIRST_OTHER_FD, ~0u, 0) < 0)
		return cpod_error_sys (err, errno, "go into the background");
	cpod_say_to (SAY_FD);
	return chdir ("/") < 0 ? cpod_error_sys (err, errno, "change to /") : 0;
}

/* The command's part: the report, or the supervisor's end. */
static int
await_report (int fd, pid_t pid)
{
	unsigned char status;
	int ended = 0;
	ssize_t n;

	do
		n = read (fd, &status, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return status;
	while (waitpid (pid, &ended, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED (ended))
		return cpod_fail (CPOD_EXIT_SYSTEM, "run: the supervisor was killed by signal %d", WTERMSIG (ended));
	return WEXITSTATUS (ended);
}

int
cpod_detach (int *ret_report_fd, int *ret_status, struct cpod_error *err)
{
	int fds[2], ret;
	pid_t pid;

	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return cpod_error_sys (err, errno, "make a socket pair");
	pid = fork ();
	if (pid < 0)
		return cpod_error_sys (err, errno, "fork the supervisor");
	if (pid > 0) {
		close (fds[1]);
		*ret_status = await_report (fds[0], pid);
		close (fds[0]);
		return 1;
	}
	(void) setsid ();   /* a newborn leads nothing yet: it cannot fail */
	ret = settle (fds[1], err);
	if (ret == 0)
		*ret_report_fd = REPORT_FD;
	return ret;
}

void
cpod_detach_report (int *report_fd, int status)
{
	const unsigned char byte = (unsigned char) status;

	if (*report_fd < 0)
		return;
	(void) send (*report_fd, &byte, 1, MSG_NOSIGNAL);   /* the command may be gone */
	cpod_fd_close (report_fd);
	cpod_say_to (-1);
}
