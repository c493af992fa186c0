/* Mounts that a path reaches: see mountinfo.h.
 *
 * Stages: cut the text into lines and fields; sort by parent and place; in each parent, what lies
 * below (or at) the place of a later-reached sibling is hidden; a mount with a child at its own
 * place is covered; what has a hidden mount among its ancestors is hidden too. Sorting keeps this
 * at n log n: machines with thousands of mounts exist.
 */
#include "mountinfo.h"

#include "src/base/error.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum reach { REACH_UNKNOWN, REACH_YES, REACH_HIDDEN };

struct entry {
	struct cpod_mount mount;
	size_t line;            /* from 0: later mounts come later, unless they were moved */
	struct entry *parent;   /* NULL: outside of what this process sees */
	enum reach reach;
	bool covered;           /* something is mounted on its root */
};

bool
cpod_path_is_normal (const char *path)
{
	const char *at = path;

	if (*at != '/')
		return false;
	while (*at == '/') {
		size_t len = strcspn (++at, "/");

		if (len == 0 || (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += len;
	}
	return true;
}

bool
cpod_path_below (const char *path, const char *top)
{
	size_t len = strlen (top);

	if (len == 1)
		return true;
	return strncmp (path, top, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* The order of a directory before what lies in it, with nothing foreign in between. */
static int
compare_paths (const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char) *a < (unsigned char) *b ? -1 : 1;
}

/* The number at *text, up to end; moves *text behind end. -1: there is none. */
static int
take_number (char **text, char end)
{
	char *stop;
	long value;

	errno = 0;
	value = strtol (*text, &stop, 10);
	if (errno || stop == *text || *stop != end || value < 0 || value > INT_MAX)
		return -1;
	*text = stop + 1;
	return (int) value;
}

/* Decodes the kernel's octal escapes (\040 and the like) in place. */
static void
unescape (char *text)
{
	char *out = text;

	while (*text) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' && text[2] <= '7'
		    && text[3] >= '0' && text[3] <= '7') {
			*out++ = (char) ((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

/* Reads one line, which it cuts up. False: it is not in the format. */
static bool
parse_line (char *line, struct entry *entry)
{
	char *point, *fields;
	int i;

	entry->mount.id = take_number (&line, ' ');
	entry->mount.parent = take_number (&line, ' ');
	if (entry->mount.id < 0 || entry->mount.parent < 0)
		return false;
	for (i = 0; i < 2; i++)                 /* the device; the directory in the file system */
		if (!line || !strsep (&line, " "))
			return false;
	point = strsep (&line, " ");
	fields = line ? strstr (line, " - ") : NULL;
	if (!fields || point[0] != '/')
		return false;
	fields += 3;
	entry->mount.point = point;
	entry->mount.type = strsep (&fields, " ");
	unescape (point);
	return entry->mount.type[0] != '\0';
}

static int
by_id (const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return (left->mount.id > right->mount.id) - (left->mount.id < right->mount.id);
}

/* Siblings together, by place; of two at one place the later comes first. */
static int
by_parent (const void *a, const void *b)
{
	const struct entry *left = *(struct entry *const *) a, *right = *(struct entry *const *) b;
	int order;

	if (left->mount.parent != right->mount.parent)
		return left->mount.parent < right->mount.parent ? -1 : 1;
	order = compare_paths (left->mount.point, right->mount.point);
	return order ? order : (left->line < right->line) - (left->line > right->line);
}

static int
by_point (const void *a, const void *b)
{
	const struct cpod_mount *left = a, *right = b;

	return compare_paths (left->point, right->point);
}

/* Hides every mount that lies below or at a sibling's place, and marks covered parents.
 * sorted: n entries by by_parent. */
static void
hide_siblings (struct entry **sorted, size_t n)
{
	struct entry *over = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		struct entry *entry = sorted[i];

		if (over && over->mount.parent == entry->mount.parent
		    && cpod_path_below (entry->mount.point, over->mount.point)) {
			entry->reach = REACH_HIDDEN;
			continue;
		}
		over = entry;
		if (entry->parent && strcmp (entry->parent->mount.point, entry->mount.point) == 0)
			entry->parent->covered = true;
	}
}

/* Finds out whether a path reaches entry, from its ancestors; remembers it for all of them.
 * A line of ancestors longer than n is a circle, which no kernel writes: hidden. */
static void
settle (struct entry *entry, size_t n)
{
	struct entry *top, *next;
	enum reach reach = REACH_HIDDEN;
	size_t steps = 0;

	for (top = entry; top->reach == REACH_UNKNOWN && top->parent && steps < n; steps++)
		top = top->parent;
	if (top->reach != REACH_UNKNOWN)
		reach = top->reach;
	else if (!top->parent)
		reach = REACH_YES;
	for (; entry && entry->reach == REACH_UNKNOWN; entry = next) {
		next = entry->parent;
		entry->reach = reach;
	}
}

/* Links parents; entries: n of them, sorted by id. */
static void
link_parents (struct entry *entries, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct entry key = { .mount.id = entries[i].mount.parent };

		if (entries[i].mount.parent != entries[i].mount.id)
			entries[i].parent = bsearch (&key, entries, n, sizeof (key), by_id);
	}
}

/* The mounts that are reached and not covered, sorted by place, into ret_mounts. */
static int
collect (struct entry *entries, size_t n, struct cpod_arena *arena, struct cpod_array *ret_mounts,
         struct cpod_error *err)
{
	struct entry **sorted = cpod_arena_array (arena, n, sizeof (*sorted));
	struct cpod_mount *mounts = cpod_arena_array (arena, n, sizeof (*mounts));
	size_t i, kept = 0;

	if (!sorted || !mounts)
		return cpod_error_oom (err);
	qsort (entries, n, sizeof (*entries), by_id);
	link_parents (entries, n);
	for (i = 0; i < n; i++)
		sorted[i] = &entries[i];
	qsort (sorted, n, sizeof (*sorted), by_parent);
	hide_siblings (sorted, n);
	for (i = 0; i < n; i++) {
		settle (&entries[i], n);
		if (entries[i].reach == REACH_YES && !entries[i].covered)
			mounts[kept++] = entries[i].mount;
	}
	qsort (mounts, kept, sizeof (*mounts), by_point);
	ret_mounts->items = mounts;
	ret_mounts->n = kept;
	ret_mounts->set = true;
	return 0;
}

/* The number of lines of text. */
static size_t
count_lines (const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

int
cpod_mountinfo_parse (const char *text, struct cpod_arena *arena, struct cpod_array *ret_mounts,
                      struct cpod_error *err)
{
	struct entry *entries = cpod_arena_array (arena, count_lines (text), sizeof (*entries));
	char *rest = cpod_arena_strdup (arena, text), *line;
	size_t n = 0, number = 0;

	if (!entries || !rest)
		return cpod_error_oom (err);
	while ((line = strsep (&rest, "\n"))) {
		number++;
		if (!*line)
			continue;
		entries[n].line = number;
		if (!parse_line (line, &entries[n]))
			return cpod_error_set (err, EINVAL, "mountinfo line %zu is not in the known format", number);
		n++;
	}
	return collect (entries, n, arena, ret_mounts, err);
}
