/* Where the version 2 hierarchy is: mountinfo and /proc/PID/cgroup, read as the hostile text that
 * a mount's name can make of them. See proc_pid_mountinfo(5).
 *
 * Order: the candidates of a rank are tried before those of the next, in the order of the file;
 * one that does not turn out to be cgroup2 when opened (another mount may lie on top) is passed.
 */
#include "cgroup.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#define MOUNTINFO_MAX (64u << 20)

/* A field of a line: up to the next space, or the end. */
struct span { const char *text; size_t len; };

/* Takes the next field of a line that ends at end. len is 0 when there is none. */
static struct span
next_field (const char **at, const char *end)
{
	struct span field = { *at, 0 };

	while (field.text + field.len < end && field.text[field.len] != ' ')
		field.len++;
	*at = field.text + field.len;
	if (*at < end)
		(*at)++;
	return field;
}

static bool
span_is (struct span span, const char *text)
{
	return span.len == strlen (text) && memcmp (span.text, text, span.len) == 0;
}

/* The byte that three octal digits stand for, or -1. */
static int
octal_byte (const char *digits)
{
	int i, byte = 0;

	for (i = 0; i < 3; i++) {
		if (digits[i] < '0' || digits[i] > '7')
			return -1;
		byte = byte * 8 + digits[i] - '0';
	}
	return byte <= 255 ? byte : -1;
}

/* Undoes mountinfo's \040 and the like. False when it does not fit or holds a NUL. */
static bool
unescape (struct span span, char *path, size_t size)
{
	size_t i, n = 0;
	int byte;
	char c;

	for (i = 0; i < span.len; i++) {
		c = span.text[i];
		byte = c == '\\' && span.len - i >= 4 ? octal_byte (span.text + i + 1) : -1;
		if (byte >= 0) {
			c = (char) byte;
			i += 3;
		}
		if (c == '\0' || n + 1 >= size)
			return false;
		path[n++] = c;
	}
	path[n] = '\0';
	return n > 0;
}

/* Takes one line apart. True when it is a cgroup2 mount whose point fits. */
static bool
parse_line (const char *at, const char *end, char *path, size_t size)
{
	struct span point = { NULL, 0 }, field;
	int i;

	for (i = 0; i < 5; i++)   /* id, parent, device, root, mount point */
		point = next_field (&at, end);
	do {                      /* options and optional fields, up to the dash */
		field = next_field (&at, end);
		if (field.len == 0)
			return false;
	} while (!span_is (field, "-"));
	if (!span_is (next_field (&at, end), "cgroup2"))
		return false;
	return unescape (point, path, size);
}

static unsigned int
rank_of (const char *path)
{
	if (strcmp (path, "/sys/fs/cgroup") == 0)
		return 0;
	return strncmp (path, "/sys/fs/cgroup/", strlen ("/sys/fs/cgroup/")) == 0 ? 1 : 2;
}

bool
cpod_cgroup_next_mount (const char **cursor, char *path, size_t size, unsigned int *ret_rank)
{
	const char *line, *end;

	while (**cursor) {
		line = *cursor;
		end = strchrnul (line, '\n');
		*cursor = *end ? end + 1 : end;
		if (!parse_line (line, end, path, size))
			continue;
		*ret_rank = rank_of (path);
		return true;
	}
	return false;
}

int
cpod_cgroup_own_path (const char *text, char *path, size_t size)
{
	const char *line, *end;
	size_t len;

	for (line = text; *line; line = *end ? end + 1 : end) {
		end = strchrnul (line, '\n');
		if (strncmp (line, "0::", 3) != 0)
			continue;
		len = (size_t) (end - line) - 3;
		if (len >= size)
			return -ENAMETOOLONG;
		memcpy (path, line + 3, len);
		path[len] = '\0';
		return 0;
	}
	return -ENOENT;
}

/* Opens path if it is cgroup2 now; -1. */
static int
open_verified (const char *path)
{
	cpod_autofd fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs (fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return -1;
	return cpod_fd_steal (&fd);
}

/* The best candidate of mountinfo that opens, or -1. */
static int
open_best (const char *mountinfo)
{
	unsigned int rank, wanted;
	const char *cursor;
	char path[PATH_MAX];
	int fd;

	for (wanted = 0; wanted <= 2; wanted++) {
		cursor = mountinfo;
		while (cpod_cgroup_next_mount (&cursor, path, sizeof (path), &rank)) {
			fd = rank == wanted ? open_verified (path) : -1;
			if (fd >= 0)
				return fd;
		}
	}
	return -1;
}

int
cpod_cgroup_root_open (int *ret_fd, struct cpod_error *err)
{
	char *text = NULL;
	size_t len;
	int fd, ret;

	/* Where every distribution has it, unified or hybrid; all the mounts are read only if it is neither. */
	fd = open_verified ("/sys/fs/cgroup");
	if (fd < 0)
		fd = open_verified ("/sys/fs/cgroup/unified");
	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	ret = cpod_file_read ("/proc/self/mountinfo", MOUNTINFO_MAX, &text, &len, err);
	if (ret < 0)
		return cpod_error_prefix (err, ret, "find the cgroup2 mount");
	fd = open_best (text);
	free (text);
	if (fd < 0)
		return cpod_error_set (err, ENOENT, "no cgroup2 file system is mounted");
	*ret_fd = fd;
	return 0;
}
