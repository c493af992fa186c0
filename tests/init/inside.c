/* The static test program: run inside containers, so that tests need no image.
 *
 *     inside [view] [sysctl:NAME | path:/PATH]...    what a process sees, as JSON
 *     inside ACTION ARGUMENTS...                     does one thing; see the table at the end
 *
 * An action's exit status is 0 when the thing could be done; when a system call was refused it is
 * the errno, whose name a test can compare (EPERM 1, EACCES 13). Linked statically; any C library.
 */

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

/* The n-th argument as a number, or the default. */
static long
number (int argc, char **argv, int n, long otherwise)
{
	return n < argc ? strtol (argv[n], NULL, 0) : otherwise;
}

/* Sleeps for a while; forever when seconds is negative. */
static void
doze (double seconds)
{
	struct timespec t = { .tv_sec = (time_t) seconds, .tv_nsec = (long) ((seconds - (double) (time_t) seconds) * 1e9) };

	if (seconds < 0)
		for (;;)
			pause ();
	while (nanosleep (&t, &t) < 0 && errno == EINTR)
		;
}

static int
act_sleep (int argc, char **argv)
{
	doze (argc ? strtod (argv[0], NULL) : -1);
	return 0;
}

static int
act_exit (int argc, char **argv)
{
	return (int) number (argc, argv, 0, 0);
}

/* Ends by a signal of its own. PID 1 of a namespace is deaf to its own signals: it exits with 0. */
static int
act_signal (int argc, char **argv)
{
	int sig = (int) number (argc, argv, 0, SIGKILL);

	signal (sig, SIG_DFL);
	raise (sig);
	return 0;
}

/* Ignores what can be ignored. */
static void
ignore_signals (void)
{
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGCHLD)
			signal (sig, SIG_IGN);
}

static int
act_ignore_term (int argc, char **argv)
{
	ignore_signals ();
	doze (argc ? strtod (argv[0], NULL) : -1);
	return 0;
}

/* Leaves the parent's session, ignores signals, and sleeps. */
static void
start_stubborn (void)
{
	if (fork () == 0) {
		setsid ();
		ignore_signals ();
		if (fork () > 0)
			_exit (0);
		doze (-1);
	}
}

/* Leaves a stubborn orphan behind and exits. */
static int
act_orphan (int argc, char **argv)
{
	(void) argc;
	(void) argv;
	start_stubborn ();
	wait (NULL);
	return 0;
}

/* N stubborn orphans (8), then sleeps: the container that is hard to end. */
static int
act_stubborn (int argc, char **argv)
{
	for (long n = number (argc, argv, 0, 8); n > 0; n--)
		start_stubborn ();
	ignore_signals ();
	doze (-1);
	return 0;
}

/* Forks for ever, at most N (64) processes alive at a time, each in a session of its own, ignoring
 * signals, for a short while. */
static int
act_fork_storm (int argc, char **argv)
{
	long alive = 0, most = number (argc, argv, 0, 64);

	ignore_signals ();
	signal (SIGCHLD, SIG_DFL);
	for (;;) {
		pid_t pid = fork ();

		if (pid == 0) {
			setsid ();
			doze (0.05);
			_exit (0);
		}
		alive += pid > 0;
		while (alive >= most || pid < 0) {
			if (wait (NULL) > 0)
				alive--;
			pid = 0;
		}
	}
}

/* Forks until it fails; prints how many were made and exits with the errno. N bounds it. The
 * children go with it. */
static int
act_fork_count (int argc, char **argv)
{
	long most = number (argc, argv, 0, 1000), n = 0;
	int error = 0;

	while (n < most) {
		pid_t pid = fork ();

		if (pid == 0) {
			prctl (PR_SET_PDEATHSIG, SIGKILL);
			doze (-1);
		}
		if (pid < 0) {
			error = errno;
			break;
		}
		n++;
	}
	printf ("%ld\n", n);
	return error;
}

/* A probe that never ends and leaves children that ignore signals. */
static int
act_probe_hang (int argc, char **argv)
{
	return act_stubborn (argc, argv);
}

/* Takes MB of memory page by page; holds it for SECONDS (0). */
static int
act_mem (int argc, char **argv)
{
	size_t size = (size_t) number (argc, argv, 0, 64) << 20;
	char *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return errno;
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = 1;
	doze ((double) number (argc, argv, 1, 0));
	return 0;
}

/* Uses the processor for SECONDS of wall-clock time and prints the processor time got, in ms. */
static int
act_spin (int argc, char **argv)
{
	double end = argc ? strtod (argv[0], NULL) : 1;
	struct timespec begin, now;

	clock_gettime (CLOCK_MONOTONIC, &begin);
	do
		clock_gettime (CLOCK_MONOTONIC, &now);
	while ((double) (now.tv_sec - begin.tv_sec) + (double) (now.tv_nsec - begin.tv_nsec) / 1e9 < end);
	clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
	printf ("%ld\n", (long) (now.tv_sec * 1000 + now.tv_nsec / 1000000));
	return 0;
}

static int
act_touch (int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		int fd = open (argv[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

		if (fd < 0)
			return errno;
		close (fd);
	}
	return 0;
}

static int
act_rm (int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (remove (argv[i]) < 0)
			return errno;
	return 0;
}

static int
act_mkdir (int argc, char **argv)
{
	return argc && mkdir (argv[0], 0777) < 0 ? errno : 0;
}

/* Writes TEXT into FILE, which is not created. */
static int
act_write (int argc, char **argv)
{
	int fd, error = 0;

	if (argc < 2)
		return EINVAL;
	fd = open (argv[0], O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write (fd, argv[1], strlen (argv[1])) < 0)
		error = errno;
	close (fd);
	return error;
}

static int
act_cat (int argc, char **argv)
{
	static char text[65536];
	int fd = argc ? open (argv[0], O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	ssize_t n;

	if (fd < 0)
		return errno;
	while ((n = read (fd, text, sizeof (text))) > 0)
		if (write (STDOUT_FILENO, text, (size_t) n) < 0)
			return errno;
	return n < 0 ? errno : 0;
}

static int
act_ls (int argc, char **argv)
{
	DIR *dir = opendir (argc ? argv[0] : "/");
	struct dirent *entry;

	if (!dir)
		return errno;
	while ((entry = readdir (dir)))
		if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
			puts (entry->d_name);
	closedir (dir);
	return 0;
}

static int
act_echo (int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf ("%s%s", i ? " " : "", argv[i]);
	putchar ('\n');
	return 0;
}

/* Writes N bytes to standard output. */
static int
act_output (int argc, char **argv)
{
	for (long n = number (argc, argv, 0, 1); n > 0; n--)
		putchar (n % 64 == 0 ? '\n' : 'x');
	return 0;
}

/* Waits until FILE exists. */
static int
act_wait_for (int argc, char **argv)
{
	while (argc && access (argv[0], F_OK) < 0)
		doze (0.01);
	return 0;
}

static volatile sig_atomic_t ended;

static void
on_term (int sig)
{
	ended = sig;
}

/* On SIGTERM creates FILE and exits with STATUS (0): a container that ends well. */
static int
act_graceful (int argc, char **argv)
{
	signal (SIGTERM, on_term);
	while (!ended)
		poll (NULL, 0, 10);
	if (argc > 0)
		act_touch (1, argv);
	return (int) number (argc, argv, 1, 0);
}

/* exchange PATH PATH: the two names change places, again and again. */
static int
act_exchange (int argc, char **argv)
{
	if (argc < 2)
		return EINVAL;
	for (;;) {
		if (renameat2 (AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_EXCHANGE) < 0)
			return errno;
		for (volatile int i = 0; i < 30000; i++)
			;
	}
}

/* open PATH r|w|rw */
static int
act_open (int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "r";
	int flags = strcmp (mode, "rw") == 0 ? O_RDWR : mode[0] == 'w' ? O_WRONLY : O_RDONLY;
	int fd = open (argc ? argv[0] : "/", flags | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? errno : 0;
}

/* mknod PATH c|b MAJOR MINOR */
static int
act_mknod (int argc, char **argv)
{
	if (argc < 4)
		return EINVAL;
	return mknod (argv[0], (argv[1][0] == 'b' ? S_IFBLK : S_IFCHR) | 0600,
	              makedev ((unsigned int) atoi (argv[2]), (unsigned int) atoi (argv[3]))) < 0 ? errno : 0;
}

/* mount TYPE TARGET */
static int
act_mount (int argc, char **argv)
{
	if (argc < 2)
		return EINVAL;
	return mount ("none", argv[1], argv[0], 0, NULL) < 0 ? errno : 0;
}

static int
act_umount (int argc, char **argv)
{
	return argc && umount2 (argv[0], MNT_DETACH) < 0 ? errno : 0;
}

/* chmod MODE PATH, the mode in octal */
static int
act_chmod (int argc, char **argv)
{
	if (argc < 2)
		return EINVAL;
	return chmod (argv[1], (mode_t) strtol (argv[0], NULL, 8)) < 0 ? errno : 0;
}

/* syscall NUMBER ARGUMENT...: what a filter answers. */
static int
act_syscall (int argc, char **argv)
{
	long r = syscall (number (argc, argv, 0, SYS_getpid), number (argc, argv, 1, 0), number (argc, argv, 2, 0),
	                  number (argc, argv, 3, 0), number (argc, argv, 4, 0), number (argc, argv, 5, 0));

	return r < 0 ? errno : 0;
}

static int
act_unshare (int argc, char **argv)
{
	return unshare ((int) number (argc, argv, 0, CLONE_NEWUSER)) < 0 ? errno : 0;
}

/* append FILE: adds a line with the monotonic clock in ms; how tests see when probes ran. */
static int
act_append (int argc, char **argv)
{
	struct timespec now;
	int fd = open (argc ? argv[0] : "/dev/null", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

	if (fd < 0)
		return errno;
	clock_gettime (CLOCK_MONOTONIC, &now);
	dprintf (fd, "%ld %d\n", (long) (now.tv_sec * 1000 + now.tv_nsec / 1000000), getpid ());
	return 0;
}

/* sh-like sequence: runs the actions between "," one after the other, and stops at a failure. */
static int act_seq (int argc, char **argv);

/* Takes the line WANT=... of the environment of process pid. */
static bool
has_marker (const char *pid, const char *line)
{
	static char text[256 * 1024];
	char path[64];
	int len;

	snprintf (path, sizeof (path), "/proc/%.20s/environ", pid);
	len = inside_read (path, text, sizeof (text));
	for (int at = 0; at < len; at += (int) strlen (text + at) + 1)
		if (strcmp (text + at, line) == 0)
			return true;
	return false;
}

/* The parent of a process by /proc, 0 when there is none. */
static int
parent_of (int pid)
{
	char path[64], text[1024], *after;

	snprintf (path, sizeof (path), "/proc/%d/stat", pid);
	if (inside_read (path, text, sizeof (text)) < 0 || !(after = strrchr (text, ')')))
		return 0;
	return (int) strtol (after + 4, NULL, 10);
}

int
inside_marked (int argc, char **argv)
{
	DIR *dir = opendir ("/proc");
	struct dirent *entry;

	if (!dir || argc < 1)
		return EINVAL;
	while ((entry = readdir (dir))) {
		int pid = atoi (entry->d_name), own = getpid ();

		while (own > 0 && own != pid)
			own = parent_of (own);
		if (pid > 0 && own != pid && has_marker (entry->d_name, argv[0]))
			printf ("%d\n", pid);
	}
	closedir (dir);
	return 0;
}

/* to FILE ACTION...: the action with FILE as standard output. */
static int act_to (int argc, char **argv);

static const struct action {
	const char *name;
	int (*act) (int argc, char **argv);
} actions[] = {
	{ "view", inside_view },
	{ "marked", inside_marked },
	{ "seq", act_seq },
	{ "to", act_to },
	{ "sleep", act_sleep },
	{ "exit", act_exit },
	{ "signal", act_signal },
	{ "ignore-term", act_ignore_term },
	{ "graceful", act_graceful },
	{ "orphan", act_orphan },
	{ "stubborn", act_stubborn },
	{ "fork-storm", act_fork_storm },
	{ "fork-count", act_fork_count },
	{ "probe-hang", act_probe_hang },
	{ "mem", act_mem },
	{ "spin", act_spin },
	{ "touch", act_touch },
	{ "rm", act_rm },
	{ "mkdir", act_mkdir },
	{ "write", act_write },
	{ "append", act_append },
	{ "cat", act_cat },
	{ "ls", act_ls },
	{ "echo", act_echo },
	{ "output", act_output },
	{ "wait-for", act_wait_for },
	{ "exchange", act_exchange },
	{ "open", act_open },
	{ "mknod", act_mknod },
	{ "mount", act_mount },
	{ "umount", act_umount },
	{ "chmod", act_chmod },
	{ "syscall", act_syscall },
	{ "unshare", act_unshare },
	{ "catch", inside_catch },
	{ "console", inside_console },
	{ "listen", inside_listen },
	{ "serve", inside_serve },
	{ "connect", inside_connect },
	{ "get", inside_get },
	{ "request", inside_request },
	{ "crowd", inside_crowd },
	{ "terminal", inside_terminal },
	{ "drive", inside_drive },
	{ "as", inside_as },
};

/* Runs the named action; 127 when there is none. */
static int
perform (int argc, char **argv)
{
	int ret;

	for (size_t i = 0; i < sizeof (actions) / sizeof (actions[0]); i++)
		if (strcmp (argv[0], actions[i].name) == 0) {
			ret = actions[i].act (argc - 1, argv + 1);
			fflush (stdout);
			return ret;
		}
	fprintf (stderr, "inside: no action %s\n", argv[0]);
	return 127;
}

static int
act_seq (int argc, char **argv)
{
	int begin = 0, ret;

	for (int i = 0; i <= argc; i++) {
		if (i < argc && strcmp (argv[i], ",") != 0)
			continue;
		if (i < argc)
			argv[i] = NULL;
		if (i > begin && (ret = perform (i - begin, argv + begin)) != 0)
			return ret;
		begin = i + 1;
	}
	return 0;
}

static int
act_to (int argc, char **argv)
{
	int fd = argc > 1 ? open (argv[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;

	if (fd < 0)
		return argc > 1 ? errno : EINVAL;
	fflush (stdout);
	if (dup2 (fd, STDOUT_FILENO) < 0)
		return errno;
	close (fd);
	return perform (argc - 1, argv + 1);
}

int
main (int argc, char **argv)
{
	static char *view[] = { (char *) "view", NULL };

	if (argc < 2)
		return perform (1, view);
	return perform (argc - 1, argv + 1);
}
