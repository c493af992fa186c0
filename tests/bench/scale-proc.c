/* See scale-proc.h. */
#include "tests/bench/scale-proc.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
pids_add (struct pids *pids, pid_t pid)
{
	if (pids->n == pids->capacity) {
		pids->capacity = pids->capacity > 0 ? 2 * pids->capacity : 64;
		pids->items = realloc (pids->items, pids->capacity * sizeof (*pids->items));
		if (pids->items == NULL)
			abort ();
	}
	pids->items[pids->n++] = pid;
}

void
pids_finish (struct pids *pids)
{
	free (pids->items);
	memset (pids, 0, sizeof (*pids));
}

/* Calls use with the path of every thread's directory of pid. */
static void
each_thread (pid_t pid, void (*use) (const char *path, void *data), void *data)
{
	char path[64], thread[400];
	struct dirent *entry;
	DIR *dir;

	snprintf (path, sizeof (path), "/proc/%d/task", (int) pid);
	dir = opendir (path);
	while (dir != NULL && (entry = readdir (dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf (thread, sizeof (thread), "%s/%s", path, entry->d_name);
		use (thread, data);
	}
	if (dir != NULL)
		closedir (dir);
}

/* Adds up the numbers of lines that begin with key in a file. */
static uint64_t
sum_lines (const char *path, const char *key)
{
	const size_t len = strlen (key);
	FILE *file = fopen (path, "re");
	uint64_t sum = 0;
	char line[512];

	while (file != NULL && fgets (line, sizeof (line), file) != NULL)
		if (strncmp (line, key, len) == 0)
			sum += strtoull (line + len + strspn (line + len, ": \t"), NULL, 10);
	if (file != NULL)
		fclose (file);
	return sum;
}

static void
add_children (const char *thread, void *data)
{
	char path[512];
	FILE *file;
	int pid;

	snprintf (path, sizeof (path), "%s/children", thread);
	file = fopen (path, "re");
	while (file != NULL && fscanf (file, "%d", &pid) == 1)
		pids_add (data, (pid_t) pid);
	if (file != NULL)
		fclose (file);
}

void
pids_add_children (struct pids *pids, pid_t pid)
{
	each_thread (pid, add_children, pids);
}

/* The sum of a key of /proc/PID/FILE over the set. */
static uint64_t
sum_files (const struct pids *pids, const char *name, const char *key)
{
	uint64_t sum = 0;
	char path[64];

	for (size_t i = 0; i < pids->n; i++) {
		snprintf (path, sizeof (path), "/proc/%d/%s", (int) pids->items[i], name);
		sum += sum_lines (path, key);
	}
	return sum;
}

uint64_t
pids_pss_kb (const struct pids *pids)
{
	return sum_files (pids, "smaps_rollup", "Pss:");
}

uint64_t
pids_page_tables_kb (const struct pids *pids)
{
	return sum_files (pids, "status", "VmPTE:");
}

static void
add_switches (const char *thread, void *data)
{
	uint64_t *sum = data;
	char path[512];

	snprintf (path, sizeof (path), "%s/status", thread);
	*sum += sum_lines (path, "voluntary_ctxt_switches:") + sum_lines (path, "nonvoluntary_ctxt_switches:");
}

uint64_t
pids_switches (const struct pids *pids)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < pids->n; i++)
		each_thread (pids->items[i], add_switches, &sum);
	return sum;
}

uint64_t
cgroup_cpu_us (const char *path)
{
	char line[512], file[800];
	FILE *mounts = fopen ("/proc/self/mounts", "re");
	char where[256] = "";

	while (mounts != NULL && where[0] == '\0' && fgets (line, sizeof (line), mounts) != NULL) {
		char type[64], at[256];

		if (sscanf (line, "%*s %255s %63s", at, type) == 2 && strcmp (type, "cgroup2") == 0)
			memcpy (where, at, sizeof (where));
	}
	if (mounts != NULL)
		fclose (mounts);
	snprintf (file, sizeof (file), "%s/%s/cpu.stat", where, path);
	return sum_lines (file, "usage_usec");
}
