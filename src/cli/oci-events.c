/* cpod-oci events: what a container uses, one JSON object a line.
 *
 *     {"type":"stats","id":"ID","data":{"cpu":{...},"memory":{...},"pids":{...},"blkio":{...},"hugetlb":{...}}}
 *     {"type":"oom","id":"ID"}
 *
 * Statistics come once (--stats) or every interval; an OOM kill is told when the kernel marks the group's
 * memory.events. It ends with the container. Names and units are those that engines read from other
 * runtimes: bytes, nanoseconds. What the host's controllers do not offer is left out. */
#include "oci.h"

#include "oci/cgroup.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/json.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stats { struct cpod_arena arena; int fd; };

/* A new member, empty; NULL when memory is out. */
static struct cpod_json *
add_new (struct stats *stats, struct cpod_json *parent, const char *key, enum cpod_json_type type)
{
	struct cpod_json *child = cpod_json_new (&stats->arena, type);

	return cpod_json_add (&stats->arena, parent, key, child) != NULL ? child : NULL;
}

static struct cpod_json *
object (struct stats *stats, struct cpod_json *parent, const char *key)
{
	return add_new (stats, parent, key, CPOD_JSON_OBJECT);
}

/* A number as large as the kernel's: beyond what a signed one holds. */
static void
add_number (struct stats *stats, struct cpod_json *parent, const char *key, uint64_t value)
{
	struct cpod_json *number = cpod_json_new (&stats->arena, CPOD_JSON_NUMBER);

	if (number != NULL)
		number->text = cpod_arena_printf (&stats->arena, "%" PRIu64, value);
	if (number != NULL && number->text != NULL)
		(void) cpod_json_add (&stats->arena, parent, key, number);
}

/* The number of a file's line (line NULL: the file's), times unit, where there is one. */
static bool
add_from (struct stats *stats, struct cpod_json *parent, const char *key, const char *file, const char *line, uint64_t unit)
{
	uint64_t value;

	if (cpod_cgroup_number (stats->fd, file, line, &value) < 0)
		return false;
	add_number (stats, parent, key, value == UINT64_MAX ? value : value * unit);
	return true;
}

static void
add_cpu (struct stats *stats, struct cpod_json *data)
{
	struct cpod_json *cpu = object (stats, data, "cpu"), *usage = object (stats, cpu, "usage"), *throttling;

	(void) add_from (stats, usage, "total", "cpu.stat", "usage_usec", 1000);
	(void) add_from (stats, usage, "kernel", "cpu.stat", "system_usec", 1000);
	(void) add_from (stats, usage, "user", "cpu.stat", "user_usec", 1000);
	throttling = object (stats, cpu, "throttling");
	(void) add_from (stats, throttling, "periods", "cpu.stat", "nr_periods", 1);
	(void) add_from (stats, throttling, "throttledPeriods", "cpu.stat", "nr_throttled", 1);
	(void) add_from (stats, throttling, "throttledTime", "cpu.stat", "throttled_usec", 1000);
}

static void
add_memory (struct stats *stats, struct cpod_json *data)
{
	static const char *const lines[] = {
		"anon", "file", "kernel_stack", "slab", "sock", "shmem", "file_mapped", "file_dirty", "file_writeback", "inactive_anon",
		"active_anon", "inactive_file", "active_file", "unevictable", "pgfault", "pgmajfault",
	};
	struct cpod_json *memory, *part;
	uint64_t value;

	if (cpod_cgroup_number (stats->fd, "memory.current", NULL, &value) < 0)
		return;
	memory = object (stats, data, "memory");
	(void) add_from (stats, memory, "cache", "memory.stat", "file", 1);
	part = object (stats, memory, "usage");
	(void) add_from (stats, part, "usage", "memory.current", NULL, 1);
	(void) add_from (stats, part, "limit", "memory.max", NULL, 1);
	(void) add_from (stats, part, "max", "memory.peak", NULL, 1);
	(void) add_from (stats, part, "failcnt", "memory.events", "max", 1);
	part = object (stats, memory, "swap");
	(void) add_from (stats, part, "usage", "memory.swap.current", NULL, 1);
	(void) add_from (stats, part, "limit", "memory.swap.max", NULL, 1);
	part = object (stats, memory, "raw");
	for (size_t i = 0; i < sizeof (lines) / sizeof (lines[0]); i++)
		(void) add_from (stats, part, lines[i], "memory.stat", lines[i], 1);
}

static void
add_pids (struct stats *stats, struct cpod_json *data)
{
	struct cpod_json *pids;
	uint64_t value;

	if (cpod_cgroup_number (stats->fd, "pids.current", NULL, &value) < 0)
		return;
	pids = object (stats, data, "pids");
	add_number (stats, pids, "current", value);
	if (cpod_cgroup_number (stats->fd, "pids.max", NULL, &value) == 0)
		add_number (stats, pids, "limit", value == UINT64_MAX ? 0 : value);
}

/* One "MAJOR:MINOR key=value ..." line of io.stat. */
static void
add_device (struct stats *stats, char *line, struct cpod_json *bytes, struct cpod_json *operations)
{
	static const struct { const char *key, *op; bool is_bytes; } keys[] = {
		{ "rbytes=", "Read", true }, { "wbytes=", "Write", true }, { "rios=", "Read", false }, { "wios=", "Write", false },
	};
	char *colon = strchr (line, ':'), *at;

	for (size_t i = 0; colon != NULL && i < sizeof (keys) / sizeof (keys[0]); i++) {
		struct cpod_json *entry;

		at = strstr (line, keys[i].key);
		if (at == NULL)
			continue;
		entry = object (stats, keys[i].is_bytes ? bytes : operations, NULL);
		add_number (stats, entry, "major", strtoull (line, NULL, 10));
		add_number (stats, entry, "minor", strtoull (colon + 1, NULL, 10));
		(void) cpod_json_add (&stats->arena, entry, "op", cpod_json_new_string (&stats->arena, keys[i].op));
		add_number (stats, entry, "value", strtoull (at + strlen (keys[i].key), NULL, 10));
	}
}

static void
add_io (struct stats *stats, struct cpod_json *data)
{
	char text[16384], *line, *rest = text;
	struct cpod_json *io, *bytes, *operations;

	if (cpod_file_get (stats->fd, "io.stat", text, sizeof (text)) < 0)
		return;
	io = object (stats, data, "blkio");
	bytes = add_new (stats, io, "ioServiceBytesRecursive", CPOD_JSON_ARRAY);
	operations = add_new (stats, io, "ioServicedRecursive", CPOD_JSON_ARRAY);
	while ((line = strsep (&rest, "\n")) != NULL)
		add_device (stats, line, bytes, operations);
}

static void
add_hugepages (struct stats *stats, struct cpod_json *data)
{
	static const char *const sizes[] = { "64KB", "2MB", "32MB", "512MB", "1GB", "16GB" };
	struct cpod_json *all = NULL, *one;
	char file[64];
	uint64_t value;

	for (size_t i = 0; i < sizeof (sizes) / sizeof (sizes[0]); i++) {
		(void) snprintf (file, sizeof (file), "hugetlb.%s.current", sizes[i]);
		if (cpod_cgroup_number (stats->fd, file, NULL, &value) < 0)
			continue;
		if (all == NULL)
			all = object (stats, data, "hugetlb");
		one = object (stats, all, sizes[i]);
		add_number (stats, one, "usage", value);
		(void) snprintf (file, sizeof (file), "hugetlb.%s.events", sizes[i]);
		(void) add_from (stats, one, "failcnt", file, "max", 1);
	}
}

/* Prints one line of statistics. */
static int
print_stats (struct cpod_oci_cli *cli, const char *id, int fd)
{
	struct stats stats = { .fd = fd };
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_json *root, *data;

	cpod_arena_init (&stats.arena, 0);
	root = cpod_json_new (&stats.arena, CPOD_JSON_OBJECT);
	(void) cpod_json_add (&stats.arena, root, "type", cpod_json_new_string (&stats.arena, "stats"));
	(void) cpod_json_add (&stats.arena, root, "id", cpod_json_new_string (&stats.arena, id));
	data = object (&stats, root, "data");
	add_cpu (&stats, data);
	add_memory (&stats, data);
	add_pids (&stats, data);
	add_io (&stats, data);
	add_hugepages (&stats, data);
	if (root != NULL)
		cpod_json_write (&text, root, 0);
	cpod_str_add_char (&text, '\n');
	cpod_arena_finish (&stats.arena);
	return cpod_str_failed (&text) ? cpod_oci_fail (cli, "out of memory") : cpod_oci_print (cli, text.data, text.len);
}

static int
print_oom (struct cpod_oci_cli *cli, const char *id)
{
	cpod_autostr text = CPOD_STR_INIT;

	cpod_str_printf (&text, "{\"type\":\"oom\",\"id\":\"%s\"}\n", id);    /* an id needs no escapes */
	return cpod_str_failed (&text) ? cpod_oci_fail (cli, "out of memory") : cpod_oci_print (cli, text.data, text.len);
}

/* Watches until the container is over. */
static int
watch (struct cpod_oci_cli *cli, const struct cpod_bundle *bundle, int interval_s)
{
	cpod_autofd events = openat (bundle->cgroup_fd, "memory.events", O_RDONLY | O_CLOEXEC);
	uint64_t kills = 0, now_kills = 0, next = cpod_clock_ns (), now;
	char text[512];
	int status = 0;

	(void) cpod_cgroup_oom_kills (bundle->cgroup_fd, &kills, NULL);
	while (status == 0) {
		struct pollfd fds[] = { { .fd = bundle->pidfd, .events = POLLIN }, { .fd = events, .events = POLLPRI } };
		int n = 0;

		now = cpod_clock_ns ();
		if (now < next)
			n = poll (fds, 2, (int) ((next - now) / 1000000u) + 1);
		if (n < 0 && errno != EINTR)
			return cpod_oci_fail (cli, "events: %s", strerror (errno));
		if (n > 0 && fds[1].revents != 0)
			(void) !pread (events, text, sizeof (text), 0);       /* so that the next change is seen */
		if (cpod_cgroup_oom_kills (bundle->cgroup_fd, &now_kills, NULL) == 0 && now_kills > kills) {
			kills = now_kills;
			status = print_oom (cli, bundle->state.id);
		}
		if (n > 0 && fds[0].revents != 0)
			return status;
		if (status == 0 && cpod_clock_ns () >= next) {
			status = print_stats (cli, bundle->state.id, bundle->cgroup_fd);
			next = cpod_clock_ns () + (uint64_t) interval_s * 1000000000u;
		}
	}
	return status;
}

/* "5s" or "5": seconds. */
static int
read_interval (struct cpod_oci_cli *cli, const char *text)
{
	char *end;
	long seconds = strtol (text, &end, 10);

	if (text[0] >= '0' && text[0] <= '9' && seconds > 0 && seconds <= 86400 && (*end == '\0' || strcmp (end, "s") == 0))
		return (int) seconds;
	(void) cpod_oci_fail (cli, "events: --interval: \"%.64s\" is no number of seconds", text);
	return -1;
}

int
cpod_oci_events (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "interval", required_argument, NULL, 'i' }, { "stats", no_argument, NULL, 's' }, { NULL, 0, NULL, 0 }
	};
	struct cpod_bundle bundle;
	struct cpod_error err = { 0 };
	int letter, interval = 5, status;
	bool once = false;
	const char *id;

	while ((letter = cpod_oci_option (cli, argc, argv, ":", options)) != -1) {
		if (letter == '?' || (letter == 'i' && (interval = read_interval (cli, optarg)) < 0))
			return 1;
		once = once || letter == 's';
	}
	id = cpod_oci_id (cli, argc, argv);
	if (id == NULL)
		return 1;
	if (cpod_bundle_open (&cli->context, id, false, &bundle, &err) < 0)
		return cpod_oci_fail (cli, "%s", err.message);
	if (bundle.status == CPOD_STATUS_STOPPED || bundle.status == CPOD_STATUS_CREATING)
		status = cpod_oci_fail (cli, "container not running: `%s` is %s", id, cpod_bundle_status_words[bundle.status]);
	else if (bundle.cgroup_fd < 0)
		status = cpod_oci_fail (cli, "container `%s` has no cgroup: nothing is counted", id);
	else
		status = once ? print_stats (cli, id, bundle.cgroup_fd) : watch (cli, &bundle, interval);
	cpod_bundle_close (&bundle);
	return status;
}
