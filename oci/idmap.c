/* See idmap.h. Making and asking is pure but for cpod_idmap_of_caller, which reads the user's name, two files
 * and where the programs are. The name is that of /etc/passwd: whom the machine knows by other means is found by number. */
#include "idmap.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (16u << 20)

/* ---- subuid(5) ---- */

/* A decimal number of up to 32 bits that ends at stop; *text moves behind it and stop. */
static bool
take_number (const char **text, char stop, uint32_t *ret_number)
{
	uint64_t number = 0;
	const char *at = *text;

	while (*at >= '0' && *at <= '9' && number <= UINT32_MAX)
		number = number * 10 + (uint64_t) (*at++ - '0');
	if (at == *text || number > UINT32_MAX || (*at != stop && (stop != '\n' || *at != '\0')))
		return false;
	*text = *at == '\0' ? at : at + 1;
	*ret_number = (uint32_t) number;
	return true;
}

/* Whether a line begins with the user, by name or by number, and a colon; *ret_rest: what follows. */
static bool
is_users (const char *line, const char *name, uint32_t uid, const char **ret_rest)
{
	size_t len = strcspn (line, ":\n");
	uint32_t number;

	if (line[len] != ':' || len == 0)
		return false;
	*ret_rest = line + len + 1;
	if (name != NULL && strlen (name) == len && memcmp (line, name, len) == 0)
		return true;
	return take_number (&line, ':', &number) && line == *ret_rest && number == uid;
}

/* The first id that the namespace does not have yet. */
static uint64_t
end_of (const struct cpod_id_ranges *ranges)
{
	uint64_t end = 0;

	for (size_t i = 0; i < ranges->n; i++)
		if ((uint64_t) ranges->items[i].first + ranges->items[i].count > end)
			end = (uint64_t) ranges->items[i].first + ranges->items[i].count;
	return end;
}

/* Appends one range, cut to what can be ids: UINT32_MAX is none. */
static void
append (struct cpod_id_ranges *ranges, uint32_t outside, uint32_t count)
{
	uint64_t first = end_of (ranges), left = UINT32_MAX - first;

	if (ranges->n == CPOD_ID_RANGES_MAX || count == 0 || first >= UINT32_MAX || count > UINT32_MAX - outside)
		return;
	ranges->items[ranges->n++] = (struct cpod_id_range) {
		(uint32_t) first, outside, count < left ? count : (uint32_t) left
	};
}

void
cpod_idmap_add_subordinate (const char *text, const char *name, uint32_t uid, struct cpod_id_ranges *ranges)
{
	for (const char *line = text; line != NULL && *line != '\0';) {
		const char *rest, *end = strchrnul (line, '\n');
		uint32_t outside, count;

		if (is_users (line, name, uid, &rest) && take_number (&rest, ':', &outside) && take_number (&rest, '\n', &count))
			append (ranges, outside, count);
		line = *end == '\n' ? end + 1 : end;
	}
}

void
cpod_idmap_make (uint32_t uid, uint32_t gid, const char *name, const char *subuid, const char *subgid, bool helpers,
                 struct cpod_idmap *ret_map)
{
	static const char *const missing[] = { "", "newuidmap and newgidmap are not in PATH", "/etc/subuid has no ids for this user",
	                                       "/etc/subgid has no ids for this user" };
	struct cpod_idmap map = { 0 };
	int reason = 0;

	append (&map.uids, uid, 1);
	append (&map.gids, gid, 1);
	cpod_idmap_add_subordinate (subuid, name, uid, &map.uids);
	cpod_idmap_add_subordinate (subgid, name, uid, &map.gids);   /* by the user's id in both files */
	if (map.gids.n == 1)
		reason = 3;
	if (map.uids.n == 1)
		reason = 2;
	if (!helpers && reason == 0)
		reason = 1;
	map.by_helpers = reason == 0;
	if (reason != 0) {
		map.uids.n = map.gids.n = 1;
		map.groups_denied = true;
		(void) snprintf (map.why_single, sizeof (map.why_single), "%s", missing[reason]);
	}
	*ret_map = map;
}

/* Whether a program is in a directory of PATH. */
static bool
is_in_path (const char *program)
{
	const char *search = getenv ("PATH");

	for (const char *at = search; at != NULL && *at != '\0'; at += *at == ':') {
		size_t len = strcspn (at, ":");
		char path[4096];
		int n = snprintf (path, sizeof (path), "%.*s/%s", (int) len, at, program);

		if (len > 0 && at[0] == '/' && n > 0 && (size_t) n < sizeof (path) && access (path, X_OK) == 0)
			return true;
		at += len;
	}
	return false;
}

bool
cpod_idmap_name_of (const char *passwd, uint32_t uid, char *name, size_t size)
{
	for (const char *line = passwd; line != NULL && *line != '\0';) {
		const char *end = strchrnul (line, '\n'), *at = line + strcspn (line, ":\n");
		size_t len = (size_t) (at - line);
		uint32_t number;

		if (*at == ':')
			at += 1 + strcspn (at + 1, ":\n");
		if (len > 0 && len < size && *at == ':' && (at++, take_number (&at, ':', &number)) && number == uid) {
			memcpy (name, line, len);
			name[len] = '\0';
			return true;
		}
		line = *end == '\n' ? end + 1 : end;
	}
	return false;
}

int
cpod_idmap_of_caller (struct cpod_idmap *ret_map, struct cpod_error *err)
{
	static const char *const files[3] = { "/etc/subuid", "/etc/subgid", "/etc/passwd" };
	char *texts[3] = { NULL, NULL, NULL }, name[256];
	bool has_name;
	int ret = 0;

	for (int i = 0; i < 3 && ret == 0; i++) {
		size_t len;

		ret = access (files[i], F_OK) == 0 ? cpod_file_read (files[i], FILE_MAX, &texts[i], &len, err) : 0;
	}
	if (ret == 0) {
		has_name = cpod_idmap_name_of (texts[2], geteuid (), name, sizeof (name));
		cpod_idmap_make (geteuid (), getegid (), has_name ? name : NULL, texts[0], texts[1],
		                 is_in_path ("newuidmap") && is_in_path ("newgidmap"), ret_map);
	}
	for (int i = 0; i < 3; i++)
		free (texts[i]);
	return ret;
}

/* ---- asking ---- */

bool
cpod_id_ranges_find (const struct cpod_id_ranges *ranges, uint32_t id, uint32_t *ret_outside)
{
	for (size_t i = 0; i < ranges->n; i++) {
		const struct cpod_id_range *range = &ranges->items[i];

		if (id < range->first || id - range->first >= range->count)
			continue;
		if (ret_outside != NULL)
			*ret_outside = range->outside + (id - range->first);
		return true;
	}
	return false;
}

void
cpod_id_ranges_words (const struct cpod_id_ranges *ranges, struct cpod_str *text)
{
	for (size_t i = 0; i < ranges->n;) {
		uint64_t first = ranges->items[i].first, end = first;

		for (; i < ranges->n && ranges->items[i].first == end; i++)
			end += ranges->items[i].count;
		cpod_str_printf (text, "%s%llu", text->len > 0 ? ", " : "", (unsigned long long) first);
		if (end - first > 1)
			cpod_str_printf (text, "-%llu", (unsigned long long) end - 1);
	}
}

int
cpod_idmap_require (const struct cpod_idmap *map, const struct cpod_id_ranges *ranges, uint32_t id, const char *field,
                    struct cpod_error *err)
{
	cpod_autostr words = CPOD_STR_INIT;

	if (cpod_id_ranges_find (ranges, id, NULL))
		return 0;
	cpod_id_ranges_words (ranges, &words);
	return cpod_error_set (err, EINVAL, "%s: %u is not among the ids of the pod's user namespace, %s%s%s%s", field, id,
	                       words.data ? words.data : "none", map->why_single[0] ? " alone (" : "", map->why_single,
	                       map->why_single[0] ? ")" : "");
}
