/* The static test program: takes hold of processes that appear beside it, as a debugger does. */
#include "inside.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Copies the line of /proc/PID/status that begins with name, or "". */
static void
status_line (int pid, const char *name, char *line, size_t size)
{
	char path[64], text[4096];
	const char *found;

	line[0] = '\0';
	(void) snprintf (path, sizeof (path), "/proc/%d/status", pid);
	if (inside_read (path, text, sizeof (text)) < 0)
		return;
	found = strstr (text, name);
	if (found != NULL)
		(void) snprintf (line, size, "%.*s", (int) strcspn (found, "\n"), found);
}

/* Whether a process that is held has the root of this one. */
static bool
has_our_root (int pid)
{
	struct stat ours, its;
	char path[64];

	(void) snprintf (path, sizeof (path), "/proc/%d/root/.", pid);
	if (stat ("/", &ours) < 0 || stat (path, &its) < 0 || (ours.st_dev == its.st_dev && ours.st_ino == its.st_ino))
		return true;
	printf ("process %d: its root is another\n", pid);
	return false;
}

/* Whether a process that is held has the root of this one, no capability that process 1 lacks, and a filter if that has one. */
static bool
is_confined (int pid)
{
	static const struct { const char *name; int base; bool most; } fields[] = {
		{ "CapPrm:", 16, true }, { "CapEff:", 16, true }, { "CapBnd:", 16, true },
		{ "Seccomp:", 10, false }, { "NoNewPrivs:", 10, false },
	};
	bool confined = has_our_root (pid);

	for (size_t i = 0; i < sizeof (fields) / sizeof (fields[0]); i++) {
		char first[128], its[128];
		unsigned long long one, other;
		size_t len = strlen (fields[i].name);

		status_line (1, fields[i].name, first, sizeof (first));
		status_line (pid, fields[i].name, its, sizeof (its));
		if (its[0] == '\0' || first[0] == '\0')
			continue;
		one = strtoull (first + len, NULL, fields[i].base);
		other = strtoull (its + len, NULL, fields[i].base);
		if (fields[i].most ? (other & ~one) == 0 : other >= one)
			continue;
		printf ("process %d: %s\n", pid, its);
		confined = false;
	}
	fflush (stdout);
	return confined;
}

/* The latest process number of this PID namespace. proc_loadavg(5) */
static int
latest_pid (void)
{
	char text[128];
	const char *last;

	if (inside_read ("/proc/loadavg", text, sizeof (text)) < 0 || (last = strrchr (text, ' ')) == NULL)
		return 0;
	return atoi (last);
}

int
inside_catch (int argc, char **argv)
{
	int wanted = argc > 0 ? atoi (argv[0]) : 1, next = 2, status;

	while (wanted > 0) {
		int latest = latest_pid ();
		bool confined;

		if (next < latest - 3)
			next = latest - 3;   /* those before it were too fast */
		for (int pid = next; pid < next + 8; pid++) {
			if (ptrace (PTRACE_SEIZE, pid, NULL, NULL) < 0)
				continue;
			next = pid + 1;
			wanted--;
			if (ptrace (PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid (pid, &status, __WALL) != pid)
				continue;
			confined = is_confined (pid);
			(void) ptrace (PTRACE_DETACH, pid, NULL, NULL);
			if (!confined)
				return EPERM;
		}
	}
	return 0;
}
