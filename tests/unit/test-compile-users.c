/* What a pod in a user namespace of its own may be asked for: device rules without a filter, ids that are mapped. */
#include "oci/compile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SET(number) { .value = (number), .set = true }
#define YES { .value = true, .set = true }

static const struct cpod_oci_device_rule deny_all = { .access = "rwm" };
static const struct cpod_oci_device_rule allow_all = { .allow = YES };
static const struct cpod_oci_device fuse = { .type = SET (CPOD_OCI_DEVICE_CHAR), .path = "/dev/fuse", .major = SET (10), .minor = SET (229) };

/* What is said of rules beside one device; "" when nothing is. */
static const char *
check (const struct cpod_oci_device_rule *rules, size_t n, const struct cpod_oci_device *device)
{
	static struct cpod_error err;
	struct cpod_array list = { .items = (void *) (uintptr_t) rules, .n = n, .set = true };
	struct cpod_array devices = { .items = (void *) (uintptr_t) device, .n = device != NULL, .set = device != NULL };
	int ret;

	memset (&err, 0, sizeof (err));
	ret = cpod_compile_check_rules (&list, &devices, &err);
	assert_int_equal (ret, -err.code);
	return err.message;
}

static void
rules_about_everything_can_be_kept (void **state)
{
	const struct cpod_oci_device_rule rules[] = { allow_all, deny_all };

	(void) state;
	assert_string_equal (check (rules, 0, NULL), "");
	assert_string_equal (check (rules, 1, NULL), "");
	assert_string_equal (check (rules, 2, NULL), "");
}

static void
a_rule_that_denies_some_device_cannot (void **state)
{
	struct cpod_oci_device_rule rules[] = { deny_all, deny_all };

	(void) state;
	rules[1].type = (struct cpod_int) SET (CPOD_OCI_DEVICE_RULE_CHAR);
	assert_non_null (strstr (check (rules, 2, NULL), "linux.resources.devices[1]: "));
	rules[1] = deny_all;
	rules[1].major = (struct cpod_int) SET (10);
	assert_non_null (strstr (check (rules, 2, NULL), "linux.resources.devices[1]: "));
	rules[1].major = (struct cpod_int) SET (-1);
	assert_string_equal (check (rules, 2, NULL), "");
}

static void
a_device_must_be_allowed_for_reading_and_writing (void **state)
{
	struct cpod_oci_device_rule rules[] = {
		deny_all, { .allow = YES, .type = SET (CPOD_OCI_DEVICE_RULE_CHAR), .major = SET (10), .minor = SET (229), .access = "rw" }
	};

	(void) state;
	assert_string_equal (check (rules, 2, &fuse), "");
	rules[1].access = NULL;
	assert_string_equal (check (rules, 2, &fuse), "");
	rules[1].access = "r";
	assert_non_null (strstr (check (rules, 2, &fuse), "linux.devices[0]: "));
	rules[1].access = "rwm";
	rules[1].minor = (struct cpod_int) SET (1);
	assert_non_null (strstr (check (rules, 2, &fuse), "linux.devices[0]: "));
	rules[1].minor = (struct cpod_int) { 0 };
	assert_string_equal (check (rules, 2, &fuse), "");
	rules[1].type = (struct cpod_int) SET (CPOD_OCI_DEVICE_RULE_BLOCK);
	assert_non_null (strstr (check (rules, 2, &fuse), "linux.devices[0]: "));
}

static void
the_last_rule_decides (void **state)
{
	const struct cpod_oci_device_rule rules[] = { allow_all, deny_all, allow_all };

	(void) state;
	assert_non_null (strstr (check (rules, 2, &fuse), "linux.devices[0]: "));
	assert_string_equal (check (rules, 3, &fuse), "");
}

static void
a_fifo_is_no_device (void **state)
{
	const struct cpod_oci_device fifo = { .type = SET (CPOD_OCI_DEVICE_FIFO), .path = "/dev/fifo" };

	(void) state;
	assert_string_equal (check (&deny_all, 1, &fifo), "");
}

/* What is said of a process in the ids 0-10, where 0 is the only group. */
static const char *
check_ids (uint32_t uid, uint32_t gid, const uint32_t *groups, size_t n_groups, bool denied)
{
	static struct cpod_error err;
	const struct cpod_process process = { .uid = uid, .gid = gid, .groups = groups, .n_groups = n_groups };
	struct cpod_idmap ids = {
		.uids = { { { 0, 1000, 1 }, { 1, 100000, 10 } }, 2 }, .gids = { { { 0, 1000, 1 } }, 1 }, .groups_denied = denied,
		.why_single = "no reason"
	};
	int ret;

	memset (&err, 0, sizeof (err));
	ret = cpod_compile_check_ids (&ids, &process, &err);
	assert_int_equal (ret, -err.code);
	return err.message;
}

static void
ids_must_be_mapped (void **state)
{
	const uint32_t groups[] = { 0, 5 };

	(void) state;
	assert_string_equal (check_ids (10, 0, NULL, 0, false), "");
	assert_non_null (strstr (check_ids (11, 0, NULL, 0, false), "process.user.uid: 11 is not among"));
	assert_non_null (strstr (check_ids (0, 1, NULL, 0, false), "process.user.gid: 1 is not among"));
	assert_non_null (strstr (check_ids (0, 0, groups, 2, false), "process.user.additionalGids[1]: 5 is not among"));
	assert_string_equal (check_ids (0, 0, groups, 1, false), "");
	assert_non_null (strstr (check_ids (0, 0, groups, 1, true), "process.user.additionalGids: setgroups is denied"));
	assert_string_equal (check_ids (0, 0, NULL, 0, true), "");
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (rules_about_everything_can_be_kept),
		cmocka_unit_test (a_rule_that_denies_some_device_cannot),
		cmocka_unit_test (a_device_must_be_allowed_for_reading_and_writing),
		cmocka_unit_test (the_last_rule_decides),
		cmocka_unit_test (a_fifo_is_no_device),
		cmocka_unit_test (ids_must_be_mapped),
	};

	return cmocka_run_group_tests_name ("compile-users", tests, NULL, NULL);
}
