/* The static test program: takes hold of processes that appear beside it, as a debugger does. */
#include "inside.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
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

/* Whether a process that is held has the capabilities and the filter of process 1. */
static bool
is_confined (int pid)
{
	static const char *const names[] = { "CapPrm:", "CapEff:", "CapBnd:", "Seccomp:", "NoNewPrivs:" };
	bool same = true;

	for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++) {
		char first[128], its[128];

		status_line (1, names[i], first, sizeof (first));
		status_line (pid, names[i], its, sizeof (its));
		if (its[0] == '\0' || strcmp (first, its) == 0)
			continue;
		printf ("process %d: %s\n", pid, its);
		same = false;
	}
	fflush (stdout);
	return same;
}

int
inside_catch (int argc, char **argv)
{
	int wanted = argc > 0 ? atoi (argv[0]) : 1, next = 2, status;

	while (wanted > 0) {
		bool confined;

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
