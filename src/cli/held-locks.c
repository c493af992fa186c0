/* See held-locks.h. One line a lock: "1: FLOCK  ADVISORY  WRITE 1234 00:1c:5678 0 EOF", with the device in hexadecimal and
 * the inode in decimal; "->" behind the number is somebody who waits. */
#include "held-locks.h"

#include "src/base/fd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define MOST_BYTES (4u << 20)   /* some 60,000 locks */

/* By device, then inode. */
static int
compare (const void *a, const void *b)
{
	const struct cpod_held_lock *left = a, *right = b;

	if (left->device != right->device)
		return left->device < right->device ? -1 : 1;
	return (left->inode > right->inode) - (left->inode < right->inode);
}

/* Takes one line apart. false: it tells of no lock that is held on a whole file. */
static bool
parse_line (const char *line, struct cpod_held_lock *ret_lock)
{
	unsigned int major, minor;
	uint64_t inode;

	if (sscanf (line, "%*[0-9]: FLOCK %*s %*s %*d %x:%x:%" SCNu64, &major, &minor, &inode) != 3)
		return false;
	*ret_lock = (struct cpod_held_lock) { makedev (major, minor), inode };
	return true;
}

void
cpod_held_locks_parse (char *text, struct cpod_held_locks *ret_locks)
{
	size_t n = 1;
	char *save;

	*ret_locks = (struct cpod_held_locks) { NULL, 0 };
	for (const char *at = text; (at = strchr (at, '\n')) != NULL; at++)
		n++;
	ret_locks->items = calloc (n, sizeof (*ret_locks->items));
	if (ret_locks->items == NULL)
		return;
	for (char *line = strtok_r (text, "\n", &save); line != NULL; line = strtok_r (NULL, "\n", &save))
		ret_locks->n += parse_line (line, &ret_locks->items[ret_locks->n]);
	qsort (ret_locks->items, ret_locks->n, sizeof (*ret_locks->items), compare);
}

void
cpod_held_locks_read (struct cpod_held_locks *ret_locks)
{
	cpod_autofd fd = open ("/proc/locks", O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len;

	*ret_locks = (struct cpod_held_locks) { NULL, 0 };
	if (fd < 0 || cpod_fd_read_all (fd, MOST_BYTES, &text, &len) < 0)
		return;
	cpod_held_locks_parse (text, ret_locks);
	free (text);
}

void
cpod_held_locks_finish (struct cpod_held_locks *locks)
{
	free (locks->items);
	*locks = (struct cpod_held_locks) { NULL, 0 };
}

bool
cpod_held_locks_has (const struct cpod_held_locks *locks, const struct stat *st)
{
	const struct cpod_held_lock wanted = { st->st_dev, st->st_ino };

	return locks->n > 0 && bsearch (&wanted, locks->items, locks->n, sizeof (wanted), compare) != NULL;
}
