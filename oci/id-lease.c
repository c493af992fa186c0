/* See id-lease.h. */
#include "id-lease.h"

#include "cgroup.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (16u << 20)
#define DEATH_NS 2000000000ull   /* how long the kernel may take to end what was killed */

/* ---- pure ---- */

/* Whether the block that begins at first overlaps one of those taken. */
static bool
is_taken (uint32_t first, const struct cpod_id_block *taken, size_t n, bool gids)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t other = gids ? taken[i].gid : taken[i].uid;

		if (first - other < CPOD_ID_BLOCK || other - first < CPOD_ID_BLOCK)
			return true;
	}
	return false;
}

static bool
pick_one (const struct cpod_id_ranges *ranges, const struct cpod_id_block *taken, size_t n, bool gids, uint32_t *ret_first)
{
	for (size_t i = 0; i < ranges->n; i++) {
		uint64_t first = ranges->items[i].outside, end = first + ranges->items[i].count;

		while (first < CPOD_ID_BLOCK)
			first += CPOD_ID_BLOCK;
		for (; first + CPOD_ID_BLOCK <= end && first + CPOD_ID_BLOCK <= UINT32_MAX; first += CPOD_ID_BLOCK) {
			if (is_taken ((uint32_t) first, taken, n, gids))
				continue;
			*ret_first = (uint32_t) first;
			return true;
		}
	}
	return false;
}

bool
cpod_id_lease_pick (const struct cpod_id_ranges *uids, const struct cpod_id_ranges *gids, const struct cpod_id_block *taken,
                    size_t n, struct cpod_id_block *ret_block)
{
	struct cpod_id_block block;

	if (!pick_one (uids, taken, n, false, &block.uid) || !pick_one (gids, taken, n, true, &block.gid))
		return false;
	*ret_block = block;
	return true;
}

void
cpod_id_lease_name (struct cpod_id_block block, char name[32])
{
	(void) snprintf (name, 32, "%" PRIu32 "-%" PRIu32, block.uid, block.gid);
}

bool
cpod_id_lease_parse (const char *name, struct cpod_id_block *ret_block)
{
	struct cpod_id_block block;
	char again[32];

	if (sscanf (name, "%" SCNu32 "-%" SCNu32, &block.uid, &block.gid) != 2)
		return false;
	cpod_id_lease_name (block, again);
	if (strcmp (name, again) != 0)
		return false;
	*ret_block = block;
	return true;
}

void
cpod_id_lease_map (struct cpod_id_block block, struct cpod_idmap *ret_map)
{
	struct cpod_idmap map = { 0 };

	map.uids.items[0] = (struct cpod_id_range) { 0, block.uid, CPOD_ID_BLOCK };
	map.gids.items[0] = (struct cpod_id_range) { 0, block.gid, CPOD_ID_BLOCK };
	map.uids.n = map.gids.n = 1;
	*ret_map = map;
}

/* ---- the records ---- */

struct records {
	int dir_fd, lock_fd;            /* owned; the lock is held */
	struct cpod_id_block *taken;    /* owned */
	size_t n;
};

static void
close_records (struct records *records)
{
	free (records->taken);
	cpod_fd_close (&records->lock_fd);
	cpod_fd_close (&records->dir_fd);
}

/* A directory that is the caller's alone. */
static int
open_directory (const char *path, struct cpod_error *err)
{
	struct stat st;
	cpod_autofd fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat (fd, &st) < 0)
		return cpod_error_sys (err, errno, "open %s", path);
	if (st.st_uid != geteuid () || (st.st_mode & 022) != 0)
		return cpod_error_set (err, EPERM, "%s belongs to somebody else, or others may write to it", path);
	return cpod_fd_steal (&fd);
}

/* Whether the pod of a record, whose text is the path of its cgroup, may still have a process, at the deadline: one that
 * was just killed takes a while. What cannot be found out counts as yes. */
static bool
may_live (int record_fd, uint64_t deadline_ns)
{
	char path[4096];
	cpod_autofd root_fd = -1, fd = -1;
	ssize_t len = pread (record_fd, path, sizeof (path) - 1, 0);
	int ret;

	if (len <= 0)
		return len < 0;   /* its maker died before it had a process */
	path[len] = '\0';
	if (cpod_cgroup_root_open (&root_fd, NULL) < 0)
		return true;
	ret = cpod_cgroup_open (root_fd, path, &fd, NULL);
	if (ret < 0)
		return ret != -ENOENT;
	return cpod_cgroup_wait_empty (fd, deadline_ns, NULL) < 0;
}

/* Whether somebody has the block of that record; else it is removed. */
static bool
is_held (int dir_fd, const char *name, uint64_t deadline_ns)
{
	cpod_autofd fd = openat (dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno != ENOENT;
	if (flock (fd, LOCK_EX | LOCK_NB) < 0 || may_live (fd, deadline_ns))
		return true;
	(void) unlinkat (dir_fd, name, 0);
	return false;
}

static int
add_taken (struct records *records, struct cpod_id_block block, struct cpod_error *err)
{
	struct cpod_id_block *taken = reallocarray (records->taken, records->n + 1, sizeof (*taken));

	if (taken == NULL)
		return cpod_error_oom (err);
	records->taken = taken;
	taken[records->n++] = block;
	return 0;
}

/* Which blocks are held; the records of the dead go. */
static int
look_through (struct records *records, struct cpod_error *err)
{
	int fd = fcntl (records->dir_fd, F_DUPFD_CLOEXEC, 3), ret = 0;
	DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
	uint64_t deadline_ns = cpod_clock_ns () + DEATH_NS;
	struct dirent *entry;

	if (dir == NULL) {
		ret = cpod_error_sys (err, errno, "read " CPOD_ID_LEASE_DIR);
		cpod_fd_close (&fd);
		return ret;
	}
	rewinddir (dir);
	while (ret == 0 && (errno = 0, entry = readdir (dir)) != NULL) {
		struct cpod_id_block block;

		if (cpod_id_lease_parse (entry->d_name, &block) && is_held (records->dir_fd, entry->d_name, deadline_ns))
			ret = add_taken (records, block, err);
	}
	if (ret == 0 && errno != 0)
		ret = cpod_error_sys (err, errno, "read " CPOD_ID_LEASE_DIR);
	closedir (dir);
	return ret;
}

/* Opens the directory, takes its lock, and reads which blocks are held. */
static int
open_records (struct records *ret, struct cpod_error *err)
{
	struct records records = { .dir_fd = -1, .lock_fd = -1 };
	int status;

	records.dir_fd = open_directory (CPOD_ID_LEASE_DIR, err);
	if (records.dir_fd < 0)
		return records.dir_fd;
	records.lock_fd = openat (records.dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	status = records.lock_fd < 0 ? -1 : flock (records.lock_fd, LOCK_EX);
	status = status < 0 ? cpod_error_sys (err, errno, "lock " CPOD_ID_LEASE_DIR) : look_through (&records, err);
	if (status < 0)
		close_records (&records);
	else
		*ret = records;
	return status;
}

/* ---- subuid(5) ---- */

static int
read_ranges (const char *file, const char *user, struct cpod_id_ranges *ret_ranges, struct cpod_error *err)
{
	char *text = NULL, *end;
	unsigned long number = strtoul (user, &end, 10);   /* of a user whose lines say that instead of the name */
	size_t len;
	int ret;

	memset (ret_ranges, 0, sizeof (*ret_ranges));
	if (access (file, F_OK) == 0) {
		ret = cpod_file_read (file, FILE_MAX, &text, &len, err);
		if (ret < 0)
			return ret;
	}
	if (*end != '\0' || user[0] < '0' || user[0] > '9' || number > UINT32_MAX)
		number = UINT32_MAX;
	if (text != NULL)
		cpod_idmap_add_subordinate (text, user, (uint32_t) number, ret_ranges);
	free (text);
	for (size_t i = 0; i < ret_ranges->n; i++)
		if (ret_ranges->items[i].count >= CPOD_ID_BLOCK)
			return 0;
	return cpod_error_set (err, ENOENT, "%s gives the user %s no %u ids for a pod; a line \"%s:1000000:6553600\" there would give them "
	                       "to a hundred", file, user, CPOD_ID_BLOCK, user);
}

/* ---- taking and giving back ---- */

static int
make_record (int dir_fd, const char *cgroup_path, struct cpod_id_lease *lease, struct cpod_error *err)
{
	char name[32];
	int ret;

	cpod_id_lease_name (lease->block, name);
	lease->fd = openat (dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lease->fd < 0)
		return cpod_error_sys (err, errno, "make " CPOD_ID_LEASE_DIR "/%s", name);
	ret = flock (lease->fd, LOCK_EX | LOCK_NB) < 0 ? -errno : cpod_fd_write_all (lease->fd, cgroup_path, strlen (cgroup_path));
	if (ret == 0)
		return 0;
	(void) unlinkat (dir_fd, name, 0);
	cpod_fd_close (&lease->fd);
	return cpod_error_sys (err, -ret, "write " CPOD_ID_LEASE_DIR "/%s", name);
}

int
cpod_id_lease_take (const char *user, const char *cgroup_path, struct cpod_id_lease *ret_lease, struct cpod_error *err)
{
	struct cpod_id_ranges uids, gids;
	struct cpod_id_lease lease = { .fd = -1 };
	struct records records;
	int ret;

	if (user == NULL)
		user = CPOD_ID_LEASE_USER;
	if ((ret = read_ranges ("/etc/subuid", user, &uids, err)) < 0 || (ret = read_ranges ("/etc/subgid", user, &gids, err)) < 0)
		return ret;
	if ((mkdir ("/run/cpod", 0700) < 0 && errno != EEXIST) || (mkdir (CPOD_ID_LEASE_DIR, 0700) < 0 && errno != EEXIST))
		return cpod_error_sys (err, errno, "make " CPOD_ID_LEASE_DIR);
	ret = open_records (&records, err);
	if (ret < 0)
		return ret;
	if (cpod_id_lease_pick (&uids, &gids, records.taken, records.n, &lease.block))
		ret = make_record (records.dir_fd, cgroup_path, &lease, err);
	else
		ret = cpod_error_set (err, ENOSPC, "all ids that /etc/subuid and /etc/subgid give the user %s are in use, by %zu pods", user,
		                      records.n);
	close_records (&records);
	if (ret == 0)
		*ret_lease = lease;
	return ret;
}

void
cpod_id_lease_give_back (struct cpod_id_lease *lease)
{
	char name[32], path[80];

	if (lease->fd < 0)
		return;
	cpod_id_lease_name (lease->block, name);
	(void) snprintf (path, sizeof (path), CPOD_ID_LEASE_DIR "/%s", name);
	(void) unlink (path);   /* it is ours while we hold the lock */
	cpod_fd_close (&lease->fd);
}

int
cpod_id_lease_sweep (struct cpod_error *err)
{
	struct records records;
	int ret;

	if (access (CPOD_ID_LEASE_DIR, F_OK) < 0)
		return 0;
	ret = open_records (&records, err);
	if (ret == 0)
		close_records (&records);
	return ret;
}
