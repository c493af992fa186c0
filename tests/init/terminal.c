/* The static test program and terminals: what a program sees of its own, and a hand at the keyboard.
 *
 * `drive SCRIPT PROGRAM...` runs a program on a new pseudo-terminal and does what the script says, line by line:
 *
 *     expect TEXT     waits until TEXT comes out, after what was expected before
 *     send TEXT       types it; \r \n \t \e \\ and \xNN mean what they do in C
 *     size ROWS COLS  changes the window's size
 *     mode raw|same   waits until keys are passed as they are, or the mode is that of the beginning again
 *     signal N        sends it to the program; signal N stopped|running: and waits until it is that
 *     ends STATUS     waits for the program's end: its exit status, or 128 + the signal's number
 *
 * The exit status is 0 when all came true; else everything that came out is printed, and the line. */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, STEP_MS = 20 };

/* ---- In the container ---- */

static volatile sig_atomic_t resized;

static void
on_resize (int signal)
{
	(void) signal;
	resized = 1;
}

static void
print_size (const char *word)
{
	struct winsize size = { 0 };

	(void) ioctl (0, TIOCGWINSZ, &size);
	printf ("%s %ux%u\n", word, size.ws_row, size.ws_col);
	fflush (stdout);
}

int
inside_terminal (int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_resize };
	const char *name = ttyname (0), *term = getenv ("TERM");
	struct pollfd input = { .fd = 0, .events = POLLIN };
	sigset_t resizes, none;
	char bytes[256];
	ssize_t n;

	(void) sigemptyset (&none);
	(void) sigemptyset (&resizes);
	(void) sigaddset (&resizes, SIGWINCH);
	(void) sigprocmask (SIG_BLOCK, &resizes, NULL);
	(void) sigaction (SIGWINCH, &action, NULL);
	printf ("terminal %s TERM=%s leader=%d foreground=%d controlling=%d\n", name != NULL ? name : "none",
	        term != NULL ? term : "", getsid (0) == getpid (), tcgetpgrp (0) == getpgrp (), open ("/dev/tty", O_RDWR) >= 0);
	print_size ("size");
	if (argc == 0 || strcmp (argv[0], "stay") != 0)
		return name != NULL ? 0 : ENOTTY;
	for (;;) {
		if (ppoll (&input, 1, NULL, &none) < 0 && resized) {   /* a change is heard only while it waits */
			resized = 0;
			print_size ("resized");
			continue;
		}
		n = read (0, bytes, sizeof (bytes) - 1);
		if (n > 0) {
			bytes[n] = '\0';
			printf ("read %s", bytes);
			fflush (stdout);
			if (strncmp (bytes, "exit ", 5) == 0)
				return atoi (bytes + 5);
		} else {
			printf ("end of input\n");
			return n < 0 ? errno : 0;
		}
	}
}

/* ---- At the keyboard ---- */

struct drive {
	int master, slave;
	pid_t pid;
	int status;                  /* as from waitpid; -1: it runs */
	struct termios before;
	char out[1 << 16];
	size_t len, seen;            /* seen: what was expected before ends there */
};

static long
now_ms (void)
{
	struct timespec t;

	(void) clock_gettime (CLOCK_MONOTONIC, &t);
	return (long) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes what came out, and the program's end. */
static void
listen_to (struct drive *drive)
{
	struct pollfd ready = { .fd = drive->master, .events = POLLIN };
	ssize_t n;

	if (drive->len == sizeof (drive->out) - 1) {     /* the first half was long ago */
		const size_t half = drive->len / 2;

		memmove (drive->out, drive->out + half, drive->len - half);
		drive->len -= half;
		drive->seen = drive->seen > half ? drive->seen - half : 0;
	}
	if (poll (&ready, 1, STEP_MS) > 0) {
		n = read (drive->master, drive->out + drive->len, sizeof (drive->out) - 1 - drive->len);
		drive->len += n > 0 ? (size_t) n : 0;
		drive->out[drive->len] = '\0';
	}
	if (drive->status == -1 && waitpid (drive->pid, &drive->status, WNOHANG) != drive->pid)
		drive->status = -1;
}

static bool
do_expect (struct drive *drive, const char *text)
{
	const long end = now_ms () + PATIENCE_MS;
	const char *found;
	bool over;

	do {
		found = strstr (drive->out + drive->seen, text);
		if (found != NULL) {
			drive->seen = (size_t) (found - drive->out) + strlen (text);
			return true;
		}
		over = drive->status != -1;
		listen_to (drive);
	} while (now_ms () < end && !over);
	return false;
}

/* The character that begins at *at, which is moved behind it. */
static char
unescape (const char **at)
{
	static const char letters[] = "rnte\\", meanings[] = "\r\n\t\033\\";
	const char *text = *at, *letter = text[0] == '\\' && text[1] != '\0' ? strchr (letters, text[1]) : NULL;
	char hex[3] = { 0 };

	if (letter != NULL) {
		*at += 2;
		return meanings[letter - letters];
	}
	if (text[0] == '\\' && text[1] == 'x' && text[2] != '\0' && text[3] != '\0') {
		memcpy (hex, text + 2, 2);
		*at += 4;
		return (char) strtol (hex, NULL, 16);
	}
	*at += 1;
	return text[0];
}

static bool
do_send (struct drive *drive, const char *text)
{
	while (*text != '\0') {
		char c = unescape (&text);

		if (write (drive->master, &c, 1) != 1)
			return false;
	}
	return true;
}

static bool
do_size (struct drive *drive, const char *text)
{
	struct winsize size = { 0 };

	if (sscanf (text, "%hu %hu", &size.ws_row, &size.ws_col) != 2)
		return false;
	return ioctl (drive->master, TIOCSWINSZ, &size) == 0;
}

static bool
do_mode (struct drive *drive, const char *text)
{
	const long end = now_ms () + PATIENCE_MS;
	struct termios mode;

	do {
		if (tcgetattr (drive->slave, &mode) < 0)
			return false;
		if (strcmp (text, "raw") == 0 && (mode.c_lflag & (ICANON | ECHO | ISIG)) == 0 && (mode.c_oflag & OPOST) == 0)
			return true;
		if (strcmp (text, "same") == 0 && memcmp (&mode, &drive->before, sizeof (mode)) == 0)
			return true;
		listen_to (drive);
	} while (now_ms () < end);
	return false;
}

static bool
do_signal (struct drive *drive, const char *text)
{
	const bool stopped = strstr (text, "stopped") != NULL, running = strstr (text, "running") != NULL;
	const long end = now_ms () + PATIENCE_MS;
	char path[64], stat[512];
	const char *state;

	if (kill (drive->pid, atoi (text)) < 0)
		return false;
	(void) snprintf (path, sizeof (path), "/proc/%d/stat", (int) drive->pid);
	do {
		if (!stopped && !running)
			return true;
		state = inside_read (path, stat, sizeof (stat)) > 0 ? strrchr (stat, ')') : NULL;
		if (state != NULL && (state[2] == 'T') == stopped)
			return true;
		listen_to (drive);
	} while (now_ms () < end);
	return false;
}

static bool
do_ends (struct drive *drive, const char *text)
{
	const long end = now_ms () + PATIENCE_MS;
	int status;

	while (drive->status == -1 && now_ms () < end)
		listen_to (drive);
	if (drive->status == -1)
		return false;
	status = WIFSIGNALED (drive->status) ? 128 + WTERMSIG (drive->status) : WEXITSTATUS (drive->status);
	if (status != atoi (text))
		printf ("exit status %d\n", status);
	return status == atoi (text);
}

static const struct { const char *word; bool (*act) (struct drive *drive, const char *text); } steps[] = {
	{ "expect ", do_expect }, { "send ", do_send }, { "size ", do_size }, { "mode ", do_mode },
	{ "signal ", do_signal }, { "ends ", do_ends },
};

/* One line of the script. */
static bool
step (struct drive *drive, const char *line)
{
	for (size_t i = 0; i < sizeof (steps) / sizeof (steps[0]); i++)
		if (strncmp (line, steps[i].word, strlen (steps[i].word)) == 0)
			return steps[i].act (drive, line + strlen (steps[i].word));
	return line[0] == '\0' || line[0] == '#';
}

/* Opens the pair, and runs the program on it. */
static int
begin (struct drive *drive, char **argv)
{
	drive->master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (drive->master < 0 || grantpt (drive->master) < 0 || unlockpt (drive->master) < 0)
		return errno;
	drive->slave = open (ptsname (drive->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (drive->slave < 0 || tcgetattr (drive->slave, &drive->before) < 0 || !do_size (drive, "24 80"))
		return errno;
	drive->status = -1;
	drive->pid = fork ();
	if (drive->pid != 0)
		return drive->pid < 0 ? errno : 0;
	(void) setsid ();
	(void) ioctl (drive->slave, TIOCSCTTY, 0);
	for (int fd = 0; fd < 3; fd++)
		(void) dup2 (drive->slave, fd);
	(void) execvp (argv[0], argv);
	_exit (127);
}

int
inside_drive (int argc, char **argv)
{
	static struct drive drive;
	FILE *script = argc > 1 ? fopen (argv[0], "re") : NULL;
	char line[512];
	bool ok = true;
	int ret;

	if (script == NULL)
		return argc > 1 ? errno : EINVAL;
	ret = begin (&drive, argv + 1);
	if (ret != 0)
		return ret;
	while (ok && fgets (line, sizeof (line), script) != NULL) {
		line[strcspn (line, "\n")] = '\0';
		ok = step (&drive, line);
	}
	(void) fclose (script);
	if (!ok)
		printf ("%s\n--- not so: %s\n", drive.out, line);
	if (drive.status == -1)
		(void) kill (drive.pid, SIGKILL);
	return ok ? 0 : 1;
}
