/* Links: oci/cgroup*.c oci/spec*.c src/base -lm
 *
 * Control groups as far as they are data and directories: settings, mountinfo, and a temporary
 * directory with files of the right names. The kernel's own are in test-cgroup-kernel.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "oci/cgroup.h"
#include "oci-spec-example.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cpod_arena arena;
static char root_path[] = "/tmp/cpod-test-cgroup-XXXXXX";
static int root_fd;

static int
setup (void **state)
{
	(void) state;
	strcpy (root_path + strlen (root_path) - 6, "XXXXXX");
	if (!mkdtemp (root_path))
		return -1;
	root_fd = open (root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cpod_arena_init (&arena, 0);
	return root_fd < 0 ? -1 : 0;
}

/* Removes the whole temporary tree. */
static int
teardown (void **state)
{
	char command[64];

	(void) state;
	close (root_fd);
	cpod_arena_finish (&arena);
	snprintf (command, sizeof (command), "rm -rf -- %s", root_path);
	return system (command) == 0 ? 0 : -1;
}

/* Makes the file name with text in it, below the temporary root. */
static void
write_file (const char *name, const char *text)
{
	int fd = openat (root_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true (fd >= 0);
	assert_int_equal (cpod_fd_write_all (fd, text, strlen (text)), 0);
	close (fd);
}

static void
expect_file (const char *name, const char *text)
{
	char got[256];

	assert_true (cpod_file_get (root_fd, name, got, sizeof (got)) >= 0);
	assert_string_equal (got, text);
}

static bool
exists (const char *name)
{
	return faccessat (root_fd, name, F_OK, 0) == 0;
}

/* ---- settings ---- */

/* The settings of a resources text, or the error's code. */
static int
make (const char *text, struct cpod_cgroup_settings *ret, struct cpod_error *err)
{
	struct cpod_decoder decoder = { .file = "r", .arena = &arena };
	const struct cpod_oci_resources *resources;
	int code;

	code = cpod_oci_resources_decode (&decoder, cpod_test_json (&arena, text), &resources, err);
	return code < 0 ? code : cpod_cgroup_settings_make (resources, &arena, ret, err);
}

/* Resources and the writes that must come of them, as "FILE=VALUE;" each. */
struct row { const char *text, *writes; };

static void
expect_writes (const struct row *row)
{
	struct cpod_cgroup_settings settings;
	struct cpod_error err = { 0 };
	cpod_autostr got = CPOD_STR_INIT;
	size_t i;

	if (make (row->text, &settings, &err) < 0)
		fail_msg ("%s: %s", row->text, err.message);
	cpod_str_add (&got, "");
	for (i = 0; i < settings.n; i++) {
		assert_int_equal (strncmp (settings.items[i].field, "linux.resources.", 16), 0);
		assert_int_equal (strncmp (settings.items[i].file, settings.items[i].controller,
		                           strlen (settings.items[i].controller)), 0);
		cpod_str_printf (&got, "%s=%s;", settings.items[i].file, settings.items[i].value);
	}
	assert_string_equal (got.data, row->writes);
}

static void
resources_become_writes (void **state)
{
	static const struct row rows[] = {
		{ "{}", "" },
		{ "{'memory': {}, 'cpu': {}, 'pids': {}, 'blockIO': {}}", "" },
		{ "{'memory': {'limit': 1000}}", "memory.max=1000;" },
		{ "{'memory': {'limit': 0, 'reservation': 0, 'swap': 0}}", "" },
		{ "{'memory': {'limit': -1}}", "memory.swap.max=max;memory.max=max;" },
		{ "{'memory': {'limit': -1, 'swap': 5}}", "memory.swap.max=5;memory.max=max;" },
		{ "{'memory': {'limit': 1000, 'swap': -1}}", "memory.swap.max=max;memory.max=1000;" },
		{ "{'memory': {'limit': 1000, 'swap': 1500}}", "memory.swap.max=500;memory.max=1000;" },
		{ "{'memory': {'limit': 1000, 'swap': 1000}}", "memory.swap.max=0;memory.max=1000;" },
		{ "{'memory': {'swap': -1}}", "memory.swap.max=max;" },
		{ "{'memory': {'reservation': 7}}", "memory.low=7;" },
		{ "{'memory': {'reservation': -1}}", "memory.low=max;" },
		{ "{'cpu': {'shares': 512}}", "cpu.weight=59;" },
		{ "{'cpu': {'shares': 0}}", "" },
		{ "{'cpu': {'quota': 50000}}", "cpu.max=50000 100000;" },
		{ "{'cpu': {'quota': 50000, 'period': 20000}}", "cpu.max=50000 20000;" },
		{ "{'cpu': {'period': 20000}}", "cpu.max=max 20000;" },
		{ "{'cpu': {'quota': -1}}", "cpu.max=max 100000;" },
		{ "{'cpu': {'quota': 0, 'period': 0}}", "" },
		{ "{'cpu': {'quota': 50000, 'burst': 10000}}", "cpu.max=50000 100000;cpu.max.burst=10000;" },
		{ "{'cpu': {'burst': 0, 'idle': 0}}", "cpu.max.burst=0;cpu.idle=0;" },
		{ "{'cpu': {'idle': 1}}", "cpu.idle=1;" },
		{ "{'cpu': {'cpus': '0-3', 'mems': ''}}", "cpuset.cpus=0-3;" },
		{ "{'cpu': {'mems': '0'}}", "cpuset.mems=0;" },
		{ "{'pids': {'limit': 5}}", "pids.max=5;" },
		{ "{'pids': {'limit': -1}}", "pids.max=max;" },
		{ "{'pids': {'limit': 0}}", "" },
		{ "{'blockIO': {'weight': 100}}", "io.bfq.weight=100;" },
		{ "{'blockIO': {'weightDevice': [{'major': 8, 'minor': 16, 'weight': 500}]}}",
		  "io.bfq.weight=8:16 500;" },
		{ "{'blockIO': {'throttleReadBpsDevice': [{'major': 8, 'minor': 0, 'rate': 600},"
		  " {'major': 8, 'minor': 1, 'rate': 0}], 'throttleWriteBpsDevice': "
		  "[{'major': 8, 'minor': 0, 'rate': 1}],"
		  " 'throttleReadIOPSDevice': [{'major': 8, 'minor': 0, 'rate': 2}],"
		  " 'throttleWriteIOPSDevice': [{'major': 8, 'minor': 0, 'rate': 18446744073709551615}]}}",
		  "io.max=8:0 rbps=600;io.max=8:1 rbps=max;io.max=8:0 wbps=1;io.max=8:0 riops=2;"
		  "io.max=8:0 wiops=18446744073709551615;" },
		{ "{'hugepageLimits': [{'pageSize': '2MB', 'limit': 4194304}]}",
		  "hugetlb.2MB.max=4194304;hugetlb.2MB.rsvd.max=4194304;" },
		{ "{'unified': {'memory.high': '5', "
		  "'io.max': '8:0 rbps=1\\n\\n8:1 rbps=2\\n', 'misc.max': ''}}",
		  "memory.high=5;io.max=8:0 rbps=1;io.max=8:1 rbps=2;" },
		{ "{'unified': {'memory.max': '9'}, 'memory': {'limit': 5}}", "memory.max=5;memory.max=9;" },
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (rows) / sizeof (rows[0]); i++)
		expect_writes (&rows[i]);
}

static void
no_resources_are_no_writes (void **state)
{
	struct cpod_cgroup_settings settings = { NULL, 1 };
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (cpod_cgroup_settings_make (NULL, &arena, &settings, &err), 0);
	assert_int_equal (settings.n, 0);
}

/* The decoder refuses these with a position; the conversion does not rely on it. */
static void
swap_that_contradicts_the_limit_is_refused (void **state)
{
	const struct cpod_oci_memory alone = { .swap = { true, 5 } };
	const struct cpod_oci_memory less = { .swap = { true, 5 }, .limit = { true, 6 } };
	struct cpod_oci_resources resources = { .memory = &alone };
	struct cpod_cgroup_settings settings;
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (cpod_cgroup_settings_make (&resources, &arena, &settings, &err), -EINVAL);
	assert_string_equal (err.message, "linux.resources.memory.swap: needs a \"limit\" beside it");
	resources.memory = &less;
	assert_int_equal (cpod_cgroup_settings_make (&resources, &arena, &settings, &err), -EINVAL);
	assert_non_null (strstr (err.message, "5 is less than the limit 6"));
}

static void
a_unified_name_that_is_no_controllers_file_is_refused (void **state)
{
	static const char *const names[] = { "memory", "cgroup.kill", "../memory.max", "a/memory.max", ".x" };
	struct cpod_cgroup_settings settings;
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (names) / sizeof (names[0]); i++) {
		struct cpod_pair pair = { names[i], "1", NULL };
		struct cpod_oci_resources resources = { .unified = { &pair, 1, true } };
		struct cpod_error err = { 0 };

		assert_int_equal (cpod_cgroup_settings_make (&resources, &arena, &settings, &err), -EINVAL);
		assert_non_null (strstr (err.message, names[i]));
	}
}

static void
settings_without_memory_say_so (void **state)
{
	struct cpod_decoder decoder = { .file = "c", .arena = &arena, .flags = CPOD_DECODE_ACCEPT_NOT_YET };
	const struct cpod_oci_spec *spec;
	struct cpod_cgroup_settings settings;
	struct cpod_arena small;
	struct cpod_error err = { 0 };
	int ret = -ENOMEM;
	size_t limit;

	(void) state;
	assert_int_equal (cpod_oci_spec_decode (&decoder, cpod_test_json (&arena, full_example), &spec, &err),
	                  0);
	for (limit = 16; ret < 0 && limit < 16384; limit += 16) {
		cpod_arena_init (&small, limit);
		ret = cpod_cgroup_settings_make (spec->linux_part->resources, &small, &settings, &err);
		assert_true (ret == 0 || ret == -ENOMEM);
		cpod_arena_finish (&small);
	}
	assert_int_equal (ret, 0);
}

static void
shares_become_weights_as_in_other_runtimes (void **state)
{
	static const uint64_t rows[][2] = {
		{ 0, 0 }, { 1, 1 }, { 2, 1 }, { 10, 4 }, { 102, 17 }, { 512, 59 }, { 1024, 100 }, { 2048,
		174 },
		{ 4096, 303 }, { 262144, 10000 }, { UINT64_MAX, 10000 },
	};
	uint64_t shares, expected;
	double l;
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (rows) / sizeof (rows[0]); i++)
		assert_int_equal (cpod_cgroup_weight_of_shares (rows[i][0]), rows[i][1]);
	for (shares = 3; shares < 262144; shares += 7) {
		l = log2 ((double) shares);
		expected = (uint64_t) ceil (pow (10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
		assert_int_equal (cpod_cgroup_weight_of_shares (shares), expected);
	}
}

static void
blkio_weights_are_stretched_linearly (void **state)
{
	(void) state;
	assert_int_equal (cpod_cgroup_weight_of_blkio (0), 0);
	assert_int_equal (cpod_cgroup_weight_of_blkio (10), 1);
	assert_int_equal (cpod_cgroup_weight_of_blkio (500), 4950);
	assert_int_equal (cpod_cgroup_weight_of_blkio (1000), 10000);
}

/* ---- finding the hierarchy ---- */

static void
mountinfo_is_read_as_hostile_text (void **state)
{
	static const char text[] =
		"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
		"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
		"33 31 0:30 / /mnt/a\\040-\\040cgroup2\\134 rw shared:1 master:2 - cgroup2 cgroup2 rw\n"
		"34 31 0:31 / /mnt/fake\\040-\\040cgroup2 rw - tmpfs cgroup2 rw\n"
		"35 31 0:32 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
		"36 31 0:33 / /sys/fs/cgroup2 rw - cgroup2 none rw\n"
		"37 31 0:34 / /nul\\000 rw - cgroup2 none rw\n"
		"38 31\n\n - cgroup2\n"
		"39 31 0:35 /x /sys/fs/cgroup rw - cgroup2 cgroup2 rw";
	static const struct { const char *path; unsigned int rank; } expected[] = {
		{ "/mnt/a - cgroup2\\", 2 }, { "/sys/fs/cgroup/unified", 1 }, { "/sys/fs/cgroup2", 2 },
		{ "/sys/fs/cgroup", 0 },
	};
	const char *cursor = text;
	char path[64], small[8];
	unsigned int rank;
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (expected) / sizeof (expected[0]); i++) {
		assert_true (cpod_cgroup_next_mount (&cursor, path, sizeof (path), &rank));
		assert_string_equal (path, expected[i].path);
		assert_int_equal (rank, expected[i].rank);
	}
	assert_false (cpod_cgroup_next_mount (&cursor, path, sizeof (path), &rank));
	cursor = text;
	assert_false (cpod_cgroup_next_mount (&cursor, small, sizeof (small), &rank));
}

static void
the_own_group_is_the_line_of_version_two (void **state)
{
	char path[16];

	(void) state;
	assert_int_equal (cpod_cgroup_own_path ("4:memory:/a\n0::/b/c\n", path, sizeof (path)), 0);
	assert_string_equal (path, "/b/c");
	assert_int_equal (cpod_cgroup_own_path ("0::/", path, sizeof (path)), 0);
	assert_string_equal (path, "/");
	assert_int_equal (cpod_cgroup_own_path ("4:memory:/0::/x\n", path, sizeof (path)), -ENOENT);
	assert_int_equal (cpod_cgroup_own_path ("0::/0123456789abcdef\n", path, sizeof (path)),
	                  -ENAMETOOLONG);
}

/* ---- making groups ---- */

static void
a_group_is_made_with_its_parents_and_opened (void **state)
{
	struct cpod_error err = { 0 };
	int fd = -1;

	(void) state;
	assert_int_equal (cpod_cgroup_create (root_fd, "/a//b/c/", NULL, 0, &fd, &err), 0);
	assert_true (exists ("a/b/c"));
	assert_int_equal (fcntl (fd, F_GETFD), FD_CLOEXEC);
	close (fd);
	assert_int_equal (cpod_cgroup_create (root_fd, "a/b", NULL, 0, &fd, &err), 0);
	close (fd);
	assert_int_equal (cpod_cgroup_open (root_fd, "a/b/c", &fd, &err), 0);
	close (fd);
	assert_int_equal (cpod_cgroup_open (root_fd, "a/x", &fd, &err), -ENOENT);
	assert_string_equal (err.message, "open the cgroup a/x: No such file or directory");
}

static void
a_new_group_must_not_exist (void **state)
{
	struct cpod_error err = { 0 };
	int fd = -1;

	(void) state;
	assert_int_equal (cpod_cgroup_create (root_fd, "a/b", NULL, CPOD_CGROUP_NEW, &fd, &err), 0);
	close (fd);
	assert_int_equal (cpod_cgroup_create (root_fd, "a/b", NULL, CPOD_CGROUP_NEW, &fd, &err), -EEXIST);
	assert_string_equal (err.message, "make the cgroup a/b: File exists");
	assert_true (exists ("a/b"));
}

static void
a_path_that_leaves_the_hierarchy_is_refused (void **state)
{
	static const char *const paths[] = { "", "/", "..", "a/../..", "a/..", "./a", "a/./b", "../a" };
	char deep[PATH_MAX + 8];
	int fd = -1;
	size_t i;

	(void) state;
	for (i = 0; i < sizeof (paths) / sizeof (paths[0]); i++) {
		struct cpod_error err = { 0 };

		assert_int_equal (cpod_cgroup_create (root_fd, paths[i], NULL, 0, &fd, &err), -EINVAL);
		assert_non_null (strstr (err.message, "is not allowed"));
		assert_false (exists ("a"));
	}
	memset (deep, 'x', sizeof (deep) - 1);
	deep[sizeof (deep) - 1] = '\0';
	assert_int_equal (cpod_cgroup_create (root_fd, deep, NULL, 0, &fd, NULL), -EINVAL);
	deep[300] = '\0';
	assert_int_equal (cpod_cgroup_create (root_fd, deep, NULL, 0, &fd, NULL), -EINVAL);
	assert_int_equal (cpod_cgroup_open (root_fd, "..", &fd, NULL), -EINVAL);
	assert_int_equal (cpod_cgroup_remove (root_fd, "..", NULL), -EINVAL);
	assert_int_equal (cpod_cgroup_remove (root_fd, "", NULL), -EINVAL);
	assert_int_equal (fd, -1);
}

static void
a_link_is_not_followed (void **state)
{
	struct cpod_error err = { 0 };
	int fd = -1;

	(void) state;
	assert_int_equal (symlinkat ("/tmp", root_fd, "link"), 0);
	assert_int_equal (cpod_cgroup_create (root_fd, "link", NULL, 0, &fd, &err), -ENOTDIR);
	assert_int_equal (cpod_cgroup_open (root_fd, "link", &fd, &err), -ENOTDIR);
}

static void
needed_controllers_are_enabled_in_the_parent (void **state)
{
	struct cpod_cgroup_settings settings;
	struct cpod_error err = { 0 };
	int fd = -1;

	(void) state;
	write_file ("cgroup.controllers", "cpuset cpu io memory pids\n");
	write_file ("cgroup.subtree_control", "cpuset pids\n");
	assert_int_equal (make ("{'memory': {'limit': 5, 'reservation': 4}, 'cpu': {'shares': 5},"
	                        " 'pids': {'limit': 1}}",
	                        &settings, &err), 0);
	assert_int_equal (cpod_cgroup_create (root_fd, "c", &settings, CPOD_CGROUP_NEW, &fd, &err), 0);
	close (fd);
	expect_file ("cgroup.subtree_control", "+memory +cpu");   /* "cpu" is not found in "cpuset" */
	assert_false (exists ("c/cgroup.subtree_control"));
}

static void
enabled_controllers_are_left_alone (void **state)
{
	struct cpod_cgroup_settings settings;
	struct cpod_error err = { 0 };
	int fd = -1;

	(void) state;
	write_file ("cgroup.controllers", "memory");
	write_file ("cgroup.subtree_control", "memory");
	assert_int_equal (make ("{'memory': {'limit': 5}}", &settings, &err), 0);
	assert_int_equal (cpod_cgroup_create (root_fd, "c", &settings, 0, &fd, &err), 0);
	close (fd);
	expect_file ("cgroup.subtree_control", "memory");
}

static void
a_missing_controller_is_named_with_the_field_and_nothing_is_made (void **state)
{
	struct cpod_cgroup_settings settings;
	struct cpod_error err = { 0 };
	int fd = -1;

	(void) state;
	write_file ("cgroup.controllers", "hugetlb");
	write_file ("cgroup.subtree_control", "");
	assert_int_equal (make ("{'memory': {'limit': 5}}", &settings, &err), 0);
	assert_int_equal (cpod_cgroup_create (root_fd, "pod/c", &settings, 0, &fd, &err), -ENOTSUP);
	assert_string_equal (err.message,
	                     "linux.resources.memory.limit: the cgroup controller \"memory\" is not available "
	                     "in the cgroup /");
	assert_false (exists ("pod"));
	expect_file ("cgroup.subtree_control", "");
}

static void
what_a_failed_creation_made_is_gone_again (void **state)
{
	struct cpod_cgroup_settings settings;
	struct cpod_error err = { 0 };
	int fd = -1;

	(void) state;
	write_file ("cgroup.controllers", "memory");
	write_file ("cgroup.subtree_control", "memory");
	assert_int_equal (mkdirat (root_fd, "old", 0755), 0);
	write_file ("old/cgroup.controllers", "memory");
	write_file ("old/cgroup.subtree_control", "memory");
	assert_int_equal (make ("{'memory': {'limit': 5}}", &settings, &err), 0);
	/* A directory made here has no files, so the walk ends in the one after it. */
	assert_int_equal (cpod_cgroup_create (root_fd, "/old/b/c/d", &settings, 0, &fd, &err), -ENOENT);
	assert_string_equal (err.message, "read the cgroup controllers of /old/b: No such file or directory");
	assert_false (exists ("old/b"));
	assert_true (exists ("old"));
	assert_int_equal (fd, -1);
}

/* ---- writing settings ---- */

static void
settings_are_written_to_the_group (void **state)
{
	struct cpod_cgroup_settings settings;
	struct cpod_error err = { 0 };

	(void) state;
	write_file ("memory.max", "");
	write_file ("io.weight", "");
	write_file ("hugetlb.2MB.max", "");
	assert_int_equal (make ("{'memory': {'limit': 5, 'swap': 5}, 'blockIO': {'weight': 1000},"
	                        " 'hugepageLimits': [{'pageSize': '2MB', 'limit': 1}]}", &settings, &err), 0);
	if (cpod_cgroup_apply (root_fd, &settings, &err) < 0)
		fail_msg ("%s", err.message);
	expect_file ("memory.max", "5");
	expect_file ("io.weight", "10000");      /* there is no io.bfq.weight */
	expect_file ("hugetlb.2MB.max", "1");    /* nor a rsvd.max,
	nor a swap.max that would hold anything back */
}

static void
a_setting_without_its_file_is_named (void **state)
{
	struct cpod_cgroup_settings settings;
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (make ("{'memory': {'limit': 5, 'swap': 6}}", &settings, &err), 0);
	assert_int_equal (cpod_cgroup_apply (root_fd, &settings, &err), -ENOENT);
	assert_string_equal (err.message, "linux.resources.memory.swap: write \"1\" to memory.swap.max: "
	                     "No such file or directory");
	assert_int_equal (make ("{'blockIO': {'weight': 10}}", &settings, &err), 0);
	assert_int_equal (cpod_cgroup_apply (root_fd, &settings, &err), -ENOENT);
	assert_string_equal (err.message, "linux.resources.blockIO.weight: write \"1\" to io.weight: "
	                     "No such file or directory");
}

static void
a_limit_below_what_is_in_use_is_refused_when_asked_to (void **state)
{
	struct cpod_cgroup_settings settings;
	struct cpod_error err = { 0 };

	(void) state;
	write_file ("memory.max", "max");
	write_file ("memory.current", "7\n");
	assert_int_equal (make ("{'memory': {'limit': 6, 'checkBeforeUpdate': true}}", &settings, &err), 0);
	assert_int_equal (cpod_cgroup_apply (root_fd, &settings, &err), -EBUSY);
	assert_string_equal (err.message, "linux.resources.memory.limit: 6 is below the 7 that are in use");
	expect_file ("memory.max", "max");
	assert_int_equal (make ("{'memory': {'limit': 8, 'checkBeforeUpdate': true}}", &settings, &err), 0);
	assert_int_equal (cpod_cgroup_apply (root_fd, &settings, &err), 0);
}

/* ---- numbers, events, removal ---- */

static void
numbers_are_found_by_their_line (void **state)
{
	uint64_t number = 0;

	(void) state;
	write_file ("f", "low 1\noom_kill_group 2\noom_kill 3\nbig 18446744073709551616\nno x\n");
	write_file ("max", "max\n");
	write_file ("one", "42\n");
	write_file ("bad", "-1\n");
	assert_int_equal (cpod_cgroup_number (root_fd, "f", "oom_kill", &number), 0);
	assert_int_equal (number, 3);
	assert_int_equal (cpod_cgroup_number (root_fd, "f", "oom", &number), -ENOENT);
	assert_int_equal (cpod_cgroup_number (root_fd, "f", "big", &number), -EINVAL);
	assert_int_equal (cpod_cgroup_number (root_fd, "f", "no", &number), -EINVAL);
	assert_int_equal (cpod_cgroup_number (root_fd, "bad", NULL, &number), -EINVAL);
	assert_int_equal (cpod_cgroup_number (root_fd, "gone", NULL, &number), -ENOENT);
	assert_int_equal (cpod_cgroup_number (root_fd, "one", NULL, &number), 0);
	assert_int_equal (number, 42);
	assert_int_equal (cpod_cgroup_number (root_fd, "max", NULL, &number), 0);
	assert_true (number == UINT64_MAX);
}

static void
oom_kills_are_none_without_the_memory_controller (void **state)
{
	uint64_t kills = 9;
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (cpod_cgroup_oom_kills (root_fd, &kills, &err), 0);
	assert_int_equal (kills, 0);
	write_file ("memory.events", "low 0\nhigh 0\nmax 4\noom 2\noom_kill 2\noom_group_kill 1\n");
	assert_int_equal (cpod_cgroup_oom_kills (root_fd, &kills, &err), 0);
	assert_int_equal (kills, 2);
	write_file ("memory.events", "oom_kill x\n");
	assert_int_equal (cpod_cgroup_oom_kills (root_fd, &kills, &err), -EINVAL);
	assert_int_equal (kills, 2);
}

static void
kill_and_freeze_write_their_files_or_say_why_not (void **state)
{
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (cpod_cgroup_kill (root_fd, &err), -ENOENT);
	assert_string_equal (err.message, "write cgroup.kill: No such file or directory");
	assert_int_equal (cpod_cgroup_freeze (root_fd, true, &err), -ENOENT);
	write_file ("cgroup.kill", "");
	write_file ("cgroup.freeze", "");
	assert_int_equal (cpod_cgroup_kill (root_fd, &err), 0);
	expect_file ("cgroup.kill", "1");
	assert_int_equal (cpod_cgroup_freeze (root_fd, true, &err), 0);
	expect_file ("cgroup.freeze", "1");
	assert_int_equal (cpod_cgroup_freeze (root_fd, false, &err), 0);
	expect_file ("cgroup.freeze", "0");
}

static void
waiting_ends_at_the_deadline (void **state)
{
	struct cpod_error err = { 0 };
	bool populated = false;

	(void) state;
	assert_int_equal (cpod_cgroup_wait_empty (root_fd, 0, &err), -ENOENT);
	write_file ("cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal (cpod_cgroup_populated (root_fd, &populated, &err), 0);
	assert_true (populated);
	assert_int_equal (cpod_cgroup_wait_empty (root_fd, 0, &err), -ETIMEDOUT);
	assert_string_equal (err.message, "wait for the cgroup to be \"populated 0\": Connection timed out");
	assert_int_equal (cpod_cgroup_wait (root_fd, "nothing", 0, 0, &err), -ENOENT);
	write_file ("cgroup.events", "populated 0\nfrozen 0\n");
	assert_int_equal (cpod_cgroup_wait_empty (root_fd, 0, &err), 0);
}

static void
a_group_is_removed_with_all_below_it (void **state)
{
	struct cpod_error err = { 0 };
	int fd = -1;

	(void) state;
	assert_int_equal (cpod_cgroup_create (root_fd, "p/c/probe-1/deep/deeper", NULL, 0, &fd, &err), 0);
	close (fd);
	assert_int_equal (cpod_cgroup_create (root_fd, "p/c/probe-2", NULL, 0, &fd, &err), 0);
	close (fd);
	assert_int_equal (cpod_cgroup_remove (root_fd, "p/c", &err), 0);
	assert_true (exists ("p"));
	assert_false (exists ("p/c"));
	assert_int_equal (cpod_cgroup_remove (root_fd, "/p/", &err), 0);
	assert_false (exists ("p"));
	assert_int_equal (cpod_cgroup_remove (root_fd, "p", &err), 0);
	assert_int_equal (cpod_cgroup_remove (root_fd, "p/c/d", &err), 0);
}

static void
removal_has_a_bound_of_depth (void **state)
{
	char path[2 * 400 + 1] = "";
	struct cpod_error err = { 0 };
	int fd = -1, i;

	(void) state;
	for (i = 0; i < 400; i++)
		strcat (path, "d/");
	assert_int_equal (cpod_cgroup_create (root_fd, path, NULL, 0, &fd, &err), 0);
	close (fd);
	assert_int_equal (cpod_cgroup_remove (root_fd, "d", &err), -ELOOP);
	assert_int_equal (strncmp (err.message, "remove the cgroup d: ", 21), 0);
}

static void
a_renewed_group_is_another_directory (void **state)
{
	struct cpod_error err = { 0 };
	struct stat before, after;
	int fd = -1, other;

	(void) state;
	assert_int_equal (cpod_cgroup_renew (root_fd, "probe-1", &fd, &err), 0);
	other = dup (fd);   /* keeps the inode's number taken */
	assert_int_equal (fstat (fd, &before), 0);
	assert_int_equal (cpod_cgroup_renew (root_fd, "probe-1", &fd, &err), 0);
	assert_int_equal (fstat (fd, &after), 0);
	assert_true (before.st_ino != after.st_ino);
	close (other);
	close (fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		TEST (resources_become_writes),
		TEST (no_resources_are_no_writes),
		TEST (swap_that_contradicts_the_limit_is_refused),
		TEST (a_unified_name_that_is_no_controllers_file_is_refused),
		TEST (settings_without_memory_say_so),
		TEST (shares_become_weights_as_in_other_runtimes),
		TEST (blkio_weights_are_stretched_linearly),
		TEST (mountinfo_is_read_as_hostile_text),
		TEST (the_own_group_is_the_line_of_version_two),
		TEST (a_group_is_made_with_its_parents_and_opened),
		TEST (a_new_group_must_not_exist),
		TEST (a_path_that_leaves_the_hierarchy_is_refused),
		TEST (a_link_is_not_followed),
		TEST (needed_controllers_are_enabled_in_the_parent),
		TEST (enabled_controllers_are_left_alone),
		TEST (a_missing_controller_is_named_with_the_field_and_nothing_is_made),
		TEST (what_a_failed_creation_made_is_gone_again),
		TEST (settings_are_written_to_the_group),
		TEST (a_setting_without_its_file_is_named),
		TEST (a_limit_below_what_is_in_use_is_refused_when_asked_to),
		TEST (numbers_are_found_by_their_line),
		TEST (oom_kills_are_none_without_the_memory_controller),
		TEST (kill_and_freeze_write_their_files_or_say_why_not),
		TEST (waiting_ends_at_the_deadline),
		TEST (a_group_is_removed_with_all_below_it),
		TEST (removal_has_a_bound_of_depth),
		TEST (a_renewed_group_is_another_directory),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
