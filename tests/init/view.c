/* The view from inside: one JSON object about the process and what it can see.
 *
 * One table names the members and the function that prints each. A value that cannot be had is the
 * number of the error, so that a test can tell "empty" from "denied". Nothing here changes anything.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "inside.h"

extern char **environ;

int
inside_read (const char *path, char *text, int size)
{
	int fd, len = 0;
	ssize_t n = 0;

	fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	while (len < size - 1 && (n = read (fd, text + len, (size_t) (size - 1 - len))) > 0)
		len += (int) n;
	if (n < 0)
		len = -errno;
	close (fd);
	if (len >= 0)
		text[len] = 0;
	return len;
}

void
inside_print_string (const char *text, int len)
{
	putchar ('"');
	for (int i = 0; i < len; i++) {
		unsigned char c = (unsigned char) text[i];

		if (c == '"' || c == '\\')
			printf ("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			printf ("\\u%04x", c);
		else
			putchar (c);
	}
	putchar ('"');
}

/* Prints a NUL-terminated text as a JSON string. */
static void
string (const char *text)
{
	inside_print_string (text, (int) strlen (text));
}

/* Prints the contents of a file without its last newline, or the errno. */
static void
file (const char *path)
{
	static char text[16384];
	int len = inside_read (path, text, sizeof (text));

	if (len < 0) {
		printf ("%d", -len);
		return;
	}
	if (len > 0 && text[len - 1] == '\n')
		len--;
	inside_print_string (text, len);
}

/* Copies the value of a field of /proc/self/status ("Seccomp"), or "". */
static void
status_field (const char *name, char *value, size_t size)
{
	static char text[8192];
	size_t len = strlen (name);

	value[0] = 0;
	if (inside_read ("/proc/self/status", text, sizeof (text)) < 0)
		return;
	for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n"))
		if (strncmp (line, name, len) == 0 && line[len] == ':') {
			snprintf (value, size, "%s", line + len + 1 + strspn (line + len + 1, " \t"));
			return;
		}
}

/* Prints a numeric field of /proc/self/status, -1 when it cannot be had. */
static void
status_number (const char *name)
{
	char value[256];

	status_field (name, value, sizeof (value));
	fputs (value[0] ? value : "-1", stdout);
}

static void
print_ids (void)
{
	uid_t r, e, s;
	gid_t gr, ge, gs, groups[256];
	int n = getgroups (256, groups);

	getresuid (&r, &e, &s);
	getresgid (&gr, &ge, &gs);
	printf ("{\"uid\":[%u,%u,%u],\"gid\":[%u,%u,%u],\"groups\":[", r, e, s, gr, ge, gs);
	for (int i = 0; i < n; i++)
		printf ("%s%u", i ? "," : "", groups[i]);
	printf ("]}");
}

/* The five sets as the kernel's own 16 hexadecimal digits. */
static void
print_caps (void)
{
	static const char *const sets[][2] = {
		{ "inheritable", "CapInh" }, { "permitted", "CapPrm" }, { "effective", "CapEff" },
		{ "bounding", "CapBnd" }, { "ambient", "CapAmb" },
	};
	char value[64];

	putchar ('{');
	for (size_t i = 0; i < sizeof (sets) / sizeof (sets[0]); i++) {
		status_field (sets[i][1], value, sizeof (value));
		printf ("%s\"%s\":\"%s\"", i ? "," : "", sets[i][0], value);
	}
	putchar ('}');
}

static void
print_umask (void)
{
	mode_t mask = umask (0);

	umask (mask);
	printf ("\"%04o\"", (unsigned int) mask);
}

static void
print_cwd (void)
{
	char path[4096];

	if (getcwd (path, sizeof (path)))
		string (path);
	else
		printf ("%d", errno);
}

static void
print_list (char **list)
{
	putchar ('[');
	for (int i = 0; list[i]; i++) {
		if (i)
			putchar (',');
		string (list[i]);
	}
	putchar (']');
}

static void
print_env (void)
{
	print_list (environ);
}

static void
print_rlimits (void)
{
	static const char *const names[] = {
		"CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK", "AS", "LOCKS",
		"SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME",
	};
	struct rlimit limit;

	putchar ('{');
	for (unsigned int i = 0; i < sizeof (names) / sizeof (names[0]); i++) {
		if (getrlimit ((__rlimit_resource_t) i, &limit) < 0)
			continue;
		printf ("%s\"RLIMIT_%s\":[%lld,%lld]", i ? "," : "", names[i], (long long) limit.rlim_cur,
		        (long long) limit.rlim_max);
	}
	putchar ('}');
}

/* The open descriptors, the directory's own one left out. */
static void
print_fds (void)
{
	DIR *dir = opendir ("/proc/self/fd");
	struct dirent *entry;
	char target[4096];
	bool first = true;

	putchar ('{');
	while (dir && (entry = readdir (dir))) {
		ssize_t len;

		if (entry->d_name[0] == '.' || atoi (entry->d_name) == dirfd (dir))
			continue;
		len = readlinkat (dirfd (dir), entry->d_name, target, sizeof (target) - 1);
		printf ("%s\"%s\":", first ? "" : ",", entry->d_name);
		inside_print_string (target, len < 0 ? 0 : (int) len);
		first = false;
	}
	if (dir)
		closedir (dir);
	putchar ('}');
}

/* One line of mountinfo as an object. The line is taken apart in place. */
static void
print_mount (char *line)
{
	char *fields[32];
	int n = 0, dash = 0;

	for (char *word = strtok (line, " "); word && n < 32; word = strtok (NULL, " ")) {
		if (strcmp (word, "-") == 0)
			dash = n;
		fields[n++] = word;
	}
	if (n < dash + 4 || dash < 6)
		return;
	printf ("{\"root\":");
	string (fields[3]);
	printf (",\"target\":");
	string (fields[4]);
	printf (",\"options\":");
	string (fields[5]);
	printf (",\"propagation\":[");
	for (int i = 6; i < dash; i++) {
		if (i > 6)
			putchar (',');
		string (fields[i]);
	}
	printf ("],\"type\":");
	string (fields[dash + 1]);
	printf (",\"source\":");
	string (fields[dash + 2]);
	printf (",\"super\":");
	string (fields[dash + 3]);
	putchar ('}');
}

static void
print_mounts (void)
{
	static char text[256 * 1024];
	char *next = text;
	int len = inside_read ("/proc/self/mountinfo", text, sizeof (text));

	if (len < 0) {
		printf ("%d", -len);
		return;
	}
	putchar ('[');
	for (char *line; (line = strsep (&next, "\n")) && *line;) {
		if (line != text)
			putchar (',');
		print_mount (line);
	}
	putchar (']');
}

static void
print_namespaces (void)
{
	static const char *const names[] = { "mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time" };
	char path[64];
	struct stat st;

	putchar ('{');
	for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++) {
		snprintf (path, sizeof (path), "/proc/self/ns/%s", names[i]);
		printf ("%s\"%s\":%llu", i ? "," : "", names[i],
		        stat (path, &st) < 0 ? 0ULL : (unsigned long long) st.st_ino);
	}
	putchar ('}');
}

static void
print_hostname (void)
{
	struct utsname name;

	uname (&name);
	string (name.nodename);
}

static void
print_domainname (void)
{
	struct utsname name;

	uname (&name);
	string (name.domainname);
}

/* The id of the session keyring, or minus the errno. */
static void
print_keyring (void)
{
	long id = syscall (SYS_keyctl, 0 /* GET_KEYRING_ID */, -3 /* session */, 0);

	printf ("%ld", id < 0 ? (long) -errno : id);
}

/* Type, mode, owner, size and, for a device, its number; or the errno. */
static void
print_stat (const char *path)
{
	struct stat st;

	if (lstat (path, &st) < 0) {
		printf ("%d", errno);
		return;
	}
	printf ("{\"type\":\"%c\",\"mode\":\"%04o\",\"uid\":%u,\"gid\":%u,\"size\":%lld",
	        S_ISDIR (st.st_mode) ? 'd' : S_ISLNK (st.st_mode) ? 'l' : S_ISCHR (st.st_mode) ? 'c' :
	        S_ISBLK (st.st_mode) ? 'b' : S_ISFIFO (st.st_mode) ? 'p' : S_ISSOCK (st.st_mode) ? 's' : 'f',
	        (unsigned int) st.st_mode & 07777, st.st_uid, st.st_gid, (long long) st.st_size);
	if (S_ISCHR (st.st_mode) || S_ISBLK (st.st_mode))
		printf (",\"device\":\"%u:%u\"", major (st.st_rdev), minor (st.st_rdev));
	if (S_ISLNK (st.st_mode)) {
		char target[4096];
		ssize_t len = readlink (path, target, sizeof (target));

		printf (",\"target\":");
		inside_print_string (target, len < 0 ? 0 : (int) len);
	}
	putchar ('}');
}

static void
print_dev (void)
{
	DIR *dir = opendir ("/dev");
	struct dirent *entry;
	char path[512];
	bool first = true;

	putchar ('{');
	while (dir && (entry = readdir (dir))) {
		if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
			continue;
		snprintf (path, sizeof (path), "/dev/%s", entry->d_name);
		printf ("%s\"%s\":", first ? "" : ",", entry->d_name);
		print_stat (path);
		first = false;
	}
	if (dir)
		closedir (dir);
	putchar ('}');
}

/* How much of each usually masked path can be read: bytes of a file, entries of a directory, or
 * minus the errno. */
static void
print_masked (void)
{
	static const char *const paths[] = {
		"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
		"/sys/devices/virtual/powercap",
	};
	static char text[65536];

	putchar ('{');
	for (size_t i = 0; i < sizeof (paths) / sizeof (paths[0]); i++) {
		DIR *dir = opendir (paths[i]);
		struct dirent *entry;
		int n = 0;

		while (dir && (entry = readdir (dir)))
			n += entry->d_name[0] != '.';
		if (dir)
			closedir (dir);
		else
			n = inside_read (paths[i], text, sizeof (text));
		printf ("%s\"%s\":%d", i ? "," : "", paths[i], n);
	}
	putchar ('}');
}

static void print_pid (void) { printf ("%d", getpid ()); }
static void print_ppid (void) { printf ("%d", getppid ()); }
static void print_sid (void) { printf ("%d", getsid (0)); }
static void print_no_new_privs (void) { printf ("%d", prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); }
static void print_seccomp (void) { status_number ("Seccomp"); }
static void print_filters (void) { status_number ("Seccomp_filters"); }
static void print_oom (void) { file ("/proc/self/oom_score_adj"); }
static void print_cgroup (void) { file ("/proc/self/cgroup"); }
static void print_cmdline (void) { file ("/proc/self/cmdline"); }
static void print_dumpable (void) { printf ("%d", prctl (PR_GET_DUMPABLE)); }

static const struct {
	const char *name;
	void (*print) (void);
} members[] = {
	{ "pid", print_pid },
	{ "ppid", print_ppid },
	{ "sid", print_sid },
	{ "ids", print_ids },
	{ "caps", print_caps },
	{ "noNewPrivs", print_no_new_privs },
	{ "seccomp", print_seccomp },
	{ "seccompFilters", print_filters },
	{ "dumpable", print_dumpable },
	{ "umask", print_umask },
	{ "cwd", print_cwd },
	{ "cmdline", print_cmdline },
	{ "env", print_env },
	{ "rlimits", print_rlimits },
	{ "oomScoreAdj", print_oom },
	{ "fds", print_fds },
	{ "mounts", print_mounts },
	{ "namespaces", print_namespaces },
	{ "cgroup", print_cgroup },
	{ "hostname", print_hostname },
	{ "domainname", print_domainname },
	{ "keyring", print_keyring },
	{ "dev", print_dev },
	{ "masked", print_masked },
};

/* Prints "sysctl:a.b" as the contents of /proc/sys/a/b, "path:/x" as its stat. */
static void
print_asked (const char *what)
{
	char path[4096] = "/proc/sys/";

	string (what);
	putchar (':');
	if (strncmp (what, "path:", 5) == 0) {
		print_stat (what + 5);
		return;
	}
	snprintf (path + 10, sizeof (path) - 10, "%s", what + (strncmp (what, "sysctl:", 7) == 0 ? 7 : 0));
	for (char *c = path + 10; *c; c++)
		if (*c == '.')
			*c = '/';
	file (path);
}

int
inside_view (int argc, char **argv)
{
	putchar ('{');
	for (size_t i = 0; i < sizeof (members) / sizeof (members[0]); i++) {
		printf ("%s\"%s\":", i ? ",\n" : "", members[i].name);
		members[i].print ();
	}
	printf (",\n\"args\":");
	print_list (argv);
	for (int i = 0; i < argc; i++) {
		printf (",\n");
		print_asked (argv[i]);
	}
	printf ("}\n");
	return 0;
}
