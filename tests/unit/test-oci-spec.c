/* Links: oci/spec*.c src/base
 *
 * What a config.json means: every field's value, and every rule that is not a matter of kind and
 * bounds alone (those are in test-oci-spec-walk.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "oci/spec.h"
#include "oci-spec-example.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static struct cpod_arena arena;
static char warnings[1024];

static int
setup (void **state)
{
	(void) state;
	cpod_arena_init (&arena, 0);
	warnings[0] = '\0';
	return 0;
}

static int
teardown (void **state)
{
	(void) state;
	cpod_arena_finish (&arena);
	return 0;
}

static void
note (void *data, const char *message)
{
	(void) data;
	snprintf (warnings + strlen (warnings), sizeof (warnings) - strlen (warnings), "%s\n", message);
}

/* Decodes text with flags; the code is cpod_oci_spec_decode's. */
static int
decode (const char *text, unsigned int flags, const struct cpod_oci_spec **ret_spec, struct cpod_error *err)
{
	struct cpod_decoder decoder = { .file = "config.json", .arena = &arena, .flags = flags,
	.warn = note };

	return cpod_oci_spec_decode (&decoder, cpod_test_json (&arena, text), ret_spec, err);
}

static const struct cpod_oci_spec *
decode_good (const char *text, unsigned int flags)
{
	const struct cpod_oci_spec *spec = NULL;
	struct cpod_error err = { 0 };

	if (decode (text, flags, &spec, &err) < 0)
		fail_msg ("%s: %s", text, err.message);
	assert_non_null (spec);
	return spec;
}

/* The pod's spec TEXT must be refused with code and a message that ends as given. */
static void
expect_refusal (const char *text, int code, const char *message)
{
	const struct cpod_oci_spec *spec = NULL;
	struct cpod_error err = { 0 };
	int ret = decode (text, CPOD_OCI_SPEC_PARTIAL, &spec, &err);
	size_t length = strlen (message);

	if (ret != -code || err.code != code || strlen (err.message) < length ||
	    strcmp (err.message + strlen (err.message) - length, message) != 0)
		fail_msg ("%s: got %d \"%s\", not %d \"%s\"", text, ret, err.message, -code, message);
	assert_null (strchr (err.message, '\n'));
	assert_null (spec);
}

struct row { const char *text, *message; };

static void
expect_invalid (const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_refusal (rows[i].text, EINVAL, rows[i].message);
}
#define EXPECT_INVALID(rows) expect_invalid (rows, sizeof (rows) / sizeof ((rows)[0]))

static void
the_process_of_a_full_example_has_its_values (void **state)
{
	const struct cpod_oci_process *process = decode_good (full_example,
	                                                      CPOD_DECODE_ACCEPT_NOT_YET)->process;
	const struct cpod_oci_rlimit *limits = process->rlimits.items;

	(void) state;
	assert_true (process->terminal.value);
	assert_int_equal (process->console_size->height.value, 25);
	assert_int_equal (process->console_size->width.value, 80);
	assert_int_equal (process->user->uid.value, 1000);
	assert_int_equal (process->user->gid.value, 1001);
	assert_int_equal (process->user->umask.value, 022);
	assert_int_equal (process->user->additional_gids.n, 2);
	assert_int_equal (process->user->additional_gids.items[1], 4294967294u);
	assert_int_equal (process->args.n, 3);
	assert_string_equal (process->args.items[2], "true");
	assert_null (process->args.items[3]);
	assert_int_equal (process->env.n, 3);
	assert_string_equal (process->env.items[2], "TWO=a=b\nc");
	assert_null (process->env.items[3]);
	assert_string_equal (process->cwd, "/root");
	assert_string_equal (process->capabilities->bounding.items[1], "CAP_CHECKPOINT_RESTORE");
	assert_string_equal (process->capabilities->permitted.items[0], "CAP_KILL");
	assert_string_equal (process->capabilities->effective.items[0], "CAP_SETUID");
	assert_string_equal (process->capabilities->inheritable.items[0], "CAP_SETGID");
	assert_string_equal (process->capabilities->ambient.items[0], "CAP_BPF");
	assert_int_equal (process->rlimits.n, 2);
	assert_int_equal (limits[0].type.value, RLIMIT_NOFILE);
	assert_int_equal (limits[0].soft.value, 1024);
	assert_true (limits[0].hard.value == UINT64_MAX);
	assert_int_equal (limits[1].type.value, RLIMIT_CORE);
	assert_true (process->no_new_privileges.value);
	assert_string_equal (process->apparmor_profile, "acme");
	assert_int_equal (process->oom_score_adj.value, -1000);
	assert_int_equal (process->scheduler->policy.value, CPOD_OCI_SCHED_DEADLINE);
	assert_int_equal (process->scheduler->nice.value, -20);
	assert_int_equal (process->scheduler->priority.value, 99);
	assert_int_equal (process->scheduler->period.value, 3);
	assert_string_equal (process->selinux_label, "system_u:system_r:svirt_lxc_net_t:s0:c124,c675");
	assert_int_equal (process->io_priority->class.value, CPOD_OCI_IOPRIO_IDLE);
	assert_int_equal (process->io_priority->priority.value, 7);
	assert_string_equal (process->exec_cpu_affinity->initial, "0-3,7");
	assert_string_equal (process->exec_cpu_affinity->final, "2");
}

static void
the_rest_of_a_full_example_has_its_values (void **state)
{
	const struct cpod_oci_spec *spec = decode_good (full_example, CPOD_DECODE_ACCEPT_NOT_YET);
	const struct cpod_oci_mount *mounts = spec->mounts.items;
	const struct cpod_oci_hook *hooks = spec->hooks->prestart.items;
	const struct cpod_oci_id_mapping *mappings = mounts[0].gid_mappings.items;

	(void) state;
	assert_string_equal (warnings, "");
	assert_string_equal (spec->oci_version, "1.3.0-rc.1+build.5");
	assert_string_equal (spec->root->path, "rootfs");
	assert_true (spec->root->readonly.value);
	assert_string_equal (spec->hostname, "slartibartfast");
	assert_string_equal (spec->domainname, "example.org");
	assert_int_equal (spec->mounts.n, 2);
	assert_string_equal (mounts[0].destination, "/proc");
	assert_string_equal (mounts[0].type, "proc");
	assert_string_equal (mounts[0].source, "proc");
	assert_string_equal (mounts[0].options.items[1], "ro");
	assert_int_equal (mappings[0].container_id.value, 1);
	assert_int_equal (mappings[0].host_id.value, 100001);
	assert_int_equal (mappings[0].size.value, 65535);
	assert_string_equal (mounts[1].destination, "/tmp");
	assert_null (mounts[1].type);
	assert_false (mounts[1].options.set);
	assert_string_equal (hooks[0].path, "/a");
	assert_int_equal (hooks[0].timeout.value, 30);
	assert_string_equal (((const struct cpod_oci_hook *) spec->hooks->poststop.items)[0].path, "/f");
	assert_int_equal (spec->annotations.n, 2);
	assert_string_equal (spec->annotations.items[0].key, "org.example.key");
	assert_string_equal (spec->annotations.items[0].value, "value");
	assert_int_equal (cpod_json_get (spec->freebsd, "e")->type, CPOD_JSON_NUMBER);
}

static void
the_linux_part_of_a_full_example_has_its_values (void **state)
{
	const struct cpod_oci_linux *part = decode_good (full_example,
	                                                 CPOD_DECODE_ACCEPT_NOT_YET)->linux_part;
	const struct cpod_oci_namespace *namespaces = part->namespaces.items;
	const struct cpod_oci_time_offset *offsets = part->time_offsets.items;
	const struct cpod_oci_device *devices = part->devices.items;
	const struct cpod_oci_net_device *net = part->net_devices.items;

	(void) state;
	assert_int_equal (part->namespaces.n, CPOD_OCI_N_NS);
	assert_int_equal (namespaces[0].type.value, CPOD_OCI_NS_PID);
	assert_string_equal (namespaces[0].path, "/proc/1/ns/pid");
	assert_int_equal (namespaces[1].type.value, CPOD_OCI_NS_MOUNT);
	assert_null (namespaces[1].path);
	assert_int_equal (namespaces[7].type.value, CPOD_OCI_NS_TIME);
	assert_int_equal (part->uid_mappings.n, 1);
	assert_int_equal (part->time_offsets.n, 2);
	assert_string_equal (offsets[0].clock, "monotonic");
	assert_int_equal (offsets[0].secs.value, -172800);
	assert_int_equal (devices[0].type.value, CPOD_OCI_DEVICE_CHAR);
	assert_string_equal (devices[0].path, "/dev/fuse");
	assert_int_equal (devices[0].major.value, 10);
	assert_int_equal (devices[0].minor.value, 229);
	assert_int_equal (devices[0].file_mode.value, 0666);
	assert_int_equal (devices[0].gid.value, 8);
	assert_int_equal (devices[1].type.value, CPOD_OCI_DEVICE_FIFO);
	assert_false (devices[1].major.set);
	assert_string_equal (net[0].host_name, "eth0");
	assert_string_equal (net[0].name, "container0");
	assert_string_equal (part->cgroups_path, "/my/container");
	assert_int_equal (part->rootfs_propagation.value, CPOD_OCI_PROPAGATION_RSLAVE);
	assert_string_equal (part->masked_paths.items[0], "/proc/kcore");
	assert_int_equal (part->readonly_paths.n, 2);
	assert_string_equal (part->intel_rdt->schemata.items[0], "L3:0=7f0");
	assert_int_equal (part->personality->domain.value, CPOD_OCI_PER_LINUX32);
	assert_string_equal (part->sysctl.items[0].key, "net.ipv4.ip_forward");
	assert_int_equal (part->memory_policy->mode.value, CPOD_OCI_MPOL_INTERLEAVE);
	assert_string_equal (part->memory_policy->nodes, "0-1");
}

static void
the_resources_of_a_full_example_have_their_values (void **state)
{
	const struct cpod_oci_resources *resources =
		decode_good (full_example, CPOD_DECODE_ACCEPT_NOT_YET)->linux_part->resources;
	const struct cpod_oci_device_rule *rules = resources->devices.items;
	const struct cpod_oci_weight_device *weights = resources->block_io->weight_device.items;
	const struct cpod_oci_throttle_device *read = resources->block_io->read_bps.items;
	const struct cpod_oci_throttle_device *write = resources->block_io->write_iops.items;
	const struct cpod_oci_hugepage_limit *pages = resources->hugepage_limits.items;
	const struct cpod_oci_rdma *rdma = resources->rdma.items;

	(void) state;
	assert_true (rules[0].allow.set && !rules[0].allow.value);
	assert_int_equal (rules[0].type.value, CPOD_OCI_DEVICE_RULE_ALL);
	assert_int_equal (rules[0].major.value, -1);
	assert_string_equal (rules[0].access, "rwm");
	assert_int_equal (resources->memory->limit.value, 1048576);
	assert_int_equal (resources->memory->reservation.value, -1);
	assert_int_equal (resources->memory->swap.value, 2097152);
	assert_true (resources->memory->check_before_update.value);
	assert_int_equal (resources->cpu->shares.value, 1024);
	assert_int_equal (resources->cpu->quota.value, 1000000);
	assert_int_equal (resources->cpu->burst.value, 1000000);
	assert_int_equal (resources->cpu->period.value, 500000);
	assert_string_equal (resources->cpu->cpus, "2-3");
	assert_string_equal (resources->cpu->mems, "0-7");
	assert_int_equal (resources->cpu->idle.value, 1);
	assert_int_equal (resources->pids->limit.value, 32771);
	assert_int_equal (resources->block_io->weight.value, 10);
	assert_int_equal (weights[0].weight.value, 500);
	assert_int_equal (read[0].minor.value, 1);
	assert_int_equal (read[0].rate.value, 600);
	assert_true (write[0].rate.value == UINT64_MAX);
	assert_string_equal (pages[0].page_size, "2MB");
	assert_int_equal (pages[0].limit.value, 209715200);
	assert_int_equal (resources->network->class_id.value, 1048577);
	assert_string_equal (rdma[0].device, "mlx5_1");
	assert_int_equal (rdma[0].hca_handles.value, 3);
	assert_string_equal (resources->unified.items[0].key, "memory.high");
}

static void
the_seccomp_part_of_a_full_example_has_its_values (void **state)
{
	const struct cpod_oci_seccomp *seccomp =
		decode_good (full_example, CPOD_DECODE_ACCEPT_NOT_YET)->linux_part->seccomp;
	const struct cpod_oci_seccomp_rule *rules = seccomp->syscalls.items;
	const struct cpod_oci_seccomp_arg *args = rules[0].args.items;

	(void) state;
	assert_int_equal (seccomp->default_action.value, CPOD_OCI_SECCOMP_ERRNO);
	assert_int_equal (seccomp->default_errno_ret.value, 38);
	assert_string_equal (seccomp->architectures.items[1], "SCMP_ARCH_X86");
	assert_string_equal (seccomp->flags.items[0], "SECCOMP_FILTER_FLAG_LOG");
	assert_string_equal (seccomp->listener_path, "/run/agent.sock");
	assert_string_equal (rules[0].names.items[1], "chmod");
	assert_int_equal (rules[0].action.value, CPOD_OCI_SECCOMP_TRACE);
	assert_int_equal (rules[0].errno_ret.value, 13);
	assert_int_equal (args[0].index.value, 5);
	assert_true (args[0].value.value == UINT64_MAX);
	assert_int_equal (args[0].value_two.value, 2);
	assert_int_equal (args[0].op.value, CPOD_OCI_SECCOMP_MASKED_EQ);
}

static void
a_pod_may_leave_out_what_it_fills_in (void **state)
{
	const struct cpod_oci_spec *spec = decode_good ("{}", CPOD_OCI_SPEC_PARTIAL);

	(void) state;
	assert_null (spec->process);
	assert_null (spec->root);
	spec = decode_good ("{'process': {'args': ['true'], 'user': {'uid': 5}}, 'root': {'readonly': true}}",
	                    CPOD_OCI_SPEC_PARTIAL);
	assert_false (spec->process->user->gid.set);
	assert_null (spec->root->path);
}

static void
a_config_json_may_not (void **state)
{
	static const struct row rows[] = {
		{ "{}", "\"ociVersion\" is required" },
		{ "{'ociVersion': '1.0.0'}", "\"root\" is required" },
		{ "{'ociVersion': '1.0.0', 'root': {}}", "root: \"path\" is required" },
		{ "{'ociVersion': '1.0.0', 'root': {'path': 'r'}, 'process': {'cwd': '/'}}",
		  "process: \"args\" is required" },
		{ "{'ociVersion': '1.0.0', 'root': {'path': 'r'}, 'process': {'args': ['a']}}",
		  "process: \"cwd\" is required" },
		{ "{'process': {'args': ['a'], 'cwd': '/', 'user': {'gid': 1}}}",
		  "process.user: \"uid\" is required" },
		{ "{'process': {'args': ['a'], 'cwd': '/', 'user': {'uid': 1}}}",
		  "process.user: \"gid\" is required" },
	};
	const struct cpod_oci_spec *spec;

	(void) state;
	for (size_t i = 0; i < sizeof (rows) / sizeof (rows[0]); i++) {
		struct cpod_error err = { 0 };

		assert_int_equal (decode (rows[i].text, 0, &spec, &err), -EINVAL);
		if (!strstr (err.message, rows[i].message))
			fail_msg ("%s: %s", rows[i].text, err.message);
	}
	decode_good ("{'ociVersion': '1.0.2', 'root': {'path': 'r'}}", 0);
}

static void
a_version_is_semantic_and_of_major_one (void **state)
{
	static const char *const good[] = { "1.0.0", "1.0.2-dev", "1.3.0", "1.99.12", "1.2.0-rc.1+b.01" };
	static const char *const other[] = { "0.9.0", "2.0.0", "10.0.0" };
	static const char *const bad[] = {
		"", "1", "1.0", "1.0.", "01.0.0", "1.00.0", "1.0.0.0", "1.0.0-", "1.0.0+", "1.0.0-a..b",
		"v1.0.0",
		" 1.0.0", "1.0.0 ", "1.0.0_x", "-1.0.0",
	};
	char text[128], message[128];

	(void) state;
	for (size_t i = 0; i < sizeof (good) / sizeof (good[0]); i++) {
		snprintf (text, sizeof (text), "{'ociVersion': '%s'}", good[i]);
		decode_good (text, CPOD_OCI_SPEC_PARTIAL);
	}
	for (size_t i = 0; i < sizeof (other) / sizeof (other[0]); i++) {
		snprintf (text, sizeof (text), "{'ociVersion': '%s'}", other[i]);
		snprintf (message, sizeof (message),
		          "1:16: ociVersion: version %s is not supported: only 1.x is", other[i]);
		expect_refusal (text, EINVAL, message);
	}
	for (size_t i = 0; i < sizeof (bad) / sizeof (bad[0]); i++) {
		snprintf (text, sizeof (text), "{'ociVersion': '%s'}", bad[i]);
		snprintf (message, sizeof (message),
		          "1:16: ociVersion: \"%s\" is no semantic version, like 1.3.0", bad[i]);
		expect_refusal (text, EINVAL, message);
	}
}

/* No sign, no hexadecimal, no text, no rounding: 4294967295 means "no change" to the kernel. */
static void
a_uid_is_a_strict_number_of_32_bits (void **state)
{
	static const char *const fields[] = { "uid", "gid" };
	static const char *const bad[] = { "-1", "4294967295", "4294967296", "18446744073709551616", "1e3",
	"1.0",
	                                   "'0'", "'0 '", "'1000:'", "'0x0'", "'-1'", "null", "true", "[]",
	"{}" };
	const struct cpod_oci_spec *spec = NULL;
	char text[128], place[64];

	(void) state;
	for (size_t f = 0; f < 2; f++) {
		for (size_t i = 0; i < sizeof (bad) / sizeof (bad[0]); i++) {
			struct cpod_error err = { 0 };

			snprintf (text, sizeof (text), "{'process': {'user': {'%s': %s}}}", fields[f],
			          bad[i]);
			snprintf (place, sizeof (place), "config.json:1:30: process.user.%s: ", fields[f]);
			assert_int_equal (decode (text, CPOD_OCI_SPEC_PARTIAL, &spec, &err), -EINVAL);
			if (strncmp (err.message, place, strlen (place)) != 0)
				fail_msg ("%s: %s", text, err.message);
		}
	}
	expect_refusal ("{'process': {'user': {'additionalGids': [0, 4294967295]}}}", EINVAL,
	                "1:45: process.user.additionalGids[1]: must be between 0 and 4294967294");
	expect_refusal ("{'process': {'user': {'additionalGids': [-1]}}}", EINVAL,
	                "process.user.additionalGids[0]: must be between 0 and 4294967294");
	spec = decode_good ("{'process': {'user': {'uid': 4294967294, 'gid': 0}}}", CPOD_OCI_SPEC_PARTIAL);
	assert_int_equal (spec->process->user->uid.value, 4294967294u);
}

static void
a_hexadecimal_uid_is_not_even_json (void **state)
{
	static const char text[] = "{\"process\": {\"user\": {\"uid\": 0x0}}}";
	struct cpod_json *root = NULL;
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (cpod_json_parse ("config.json", text, sizeof (text) - 1, 0, &arena, &root, &err),
	                  -EINVAL);
	assert_non_null (strstr (err.message, "config.json:1:"));
}

static void
a_process_is_refused_when (void **state)
{
	static const struct row rows[] = {
		{ "{'process': {'args': []}}", "1:22: process.args: must not be empty" },
		{ "{'process': {'args': ['']}}",
		  "1:23: process.args[0]: the program's name must not be empty" },
		{ "{'process': {'cwd': 'root'}}",
		  "1:21: process.cwd: must be an absolute path, not \"root\"" },
		{ "{'process': {'cwd': ''}}", "process.cwd: must be an absolute path, not \"\"" },
		{ "{'process': {'cwd': '/a\\nb'}}", "process.cwd: must not contain control characters" },
		{ "{'process': {'env': ['A=1', 'SECRET']}}",
		  "1:29: process.env[1]: must be NAME=value, but has no '='" },
		{ "{'process': {'env': ['*']}}", "process.env[0]: must be NAME=value, but has no '='" },
		{ "{'process': {'env': ['=x']}}",
		  "process.env[0]: must be NAME=value, but the name is empty" },
		{ "{'process': {'env': ['A\\nB=x']}}",
		  "process.env[0]: the name must not contain control characters" },
		{ "{'process': {'user': {'umask': 512}}}", "process.user.umask: must be between 0 and 511" },
		{ "{'process': {'oomScoreAdj': 1001}}",
		  "process.oomScoreAdj: must be between -1000 and 1000" },
		{ "{'process': {'capabilities': {'bounding': ['CAP_CHOWN', 'CAP_SYS_ADMINN']}}}",
		  "1:57: process.capabilities.bounding[1]: \"CAP_SYS_ADMINN\" is not known "
		  "(did you mean \"CAP_SYS_ADMIN\"?)" },
		{ "{'process': {'capabilities': {'ambient': ['net']}}}",
		  "process.capabilities.ambient[0]: \"net\" is not known" },
		{ "{'process': {'capabilities': {'effective': ['cap_kill']}}}",
		  "process.capabilities.effective[0]: \"cap_kill\" is not known "
		  "(did you mean \"CAP_KILL\"?)" },
		{ "{'process': {'rlimits': [{'type': 'RLIMIT_FILES', 'soft': 1, 'hard': 1}]}}",
		  "process.rlimits[0].type: \"RLIMIT_FILES\" is not known" },
		{ "{'process': {'rlimits': [{'type': 'RLIMIT_NOFILES', 'soft': 1, 'hard': 1}]}}",
		  "process.rlimits[0].type: \"RLIMIT_NOFILES\" is not known "
		  "(did you mean \"RLIMIT_NOFILE\"?)" },
		{ "{'process': {'rlimits': [{'type': 'RLIMIT_CPU', 'soft': 2, 'hard': 1}]}}",
		  "1:57: process.rlimits[0].soft: 2 is more than the hard limit 1" },
		{ "{'process': {'rlimits': [{'type': 'RLIMIT_CPU', 'soft': 1, 'hard': 1},"
		  " {'type': 'RLIMIT_CPU', 'soft': 1, 'hard': 1}]}}",
		  "1:72: process.rlimits[1]: RLIMIT_CPU stands here twice" },
	};

	(void) state;
	EXPECT_INVALID (rows);
}

static void
a_mount_or_name_is_refused_when (void **state)
{
	static const struct row rows[] = {
		{ "{'mounts': [{'destination': '/a'}, {'destination': 'b'}]}",
		  "1:52: mounts[1].destination: must be an absolute path, not \"b\"" },
		{ "{'mounts': [{'source': '/a'}]}", "mounts[0]: \"destination\" is required" },
		{ "{'mounts': [{'destination': '/a', 'options': ['ro', 'a\\u0001']}]}",
		  "mounts[0].options[1]: must not contain control characters" },
		{ "{'hostname': '12345678901234567890123456789012345678901234567890123456789012345'}",
		  "1:14: hostname: is longer than 64 bytes" },
		{ "{'domainname': 'a\\tb'}", "domainname: must not contain control characters" },
		{ "{'annotations': {'': 'x'}}", "annotations[\"\"]: an annotation's name must not be empty" },
		{ "{'root': {'path': ''}}", "root.path: must not be empty" },
	};

	(void) state;
	EXPECT_INVALID (rows);
	decode_good ("{'hostname': '1234567890123456789012345678901234567890123456789012345678901234'}",
	             CPOD_OCI_SPEC_PARTIAL);
}

static void
a_path_longer_than_the_kernel_takes_is_refused (void **state)
{
	char text[5000], message[] = "root.path: is longer than 4095 bytes";

	(void) state;
	snprintf (text, sizeof (text), "{'root': {'path': '%0*d'}}", 4096, 0);
	expect_refusal (text, EINVAL, message);
	snprintf (text, sizeof (text), "{'root': {'path': '%0*d'}}", 4095, 0);
	decode_good (text, CPOD_OCI_SPEC_PARTIAL);
}

static void
a_linux_part_is_refused_when (void **state)
{
	static const struct row rows[] = {
		{ "{'linux': {'namespaces': [{'type': 'pid'}, {'type': 'net'}]}}",
		  "1:53: linux.namespaces[1].type: \"net\" is not one of \"mount\", \"pid\", "
		  "\"network\", \"ipc\", \"uts\", \"cgroup\", \"user\", \"time\"" },
		{ "{'linux': {'namespaces': [{'type': 'pid'}, {'type': 'pid', 'path': '/x'}]}}",
		  "1:44: linux.namespaces[1]: \"pid\" stands here twice" },
		{ "{'linux': {'namespaces': [{'type': 'pid', 'path': 'x'}]}}",
		  "linux.namespaces[0].path: must be an absolute path, not \"x\"" },
		{ "{'linux': {'devices': [{'type': 'c', 'path': '/d', 'minor': 1}]}}",
		  "linux.devices[0]: \"major\" is required for a device of type \"c\"" },
		{ "{'linux': {'devices': [{'type': 'b', 'path': '/d', 'major': 1}]}}",
		  "linux.devices[0]: \"minor\" is required for a device of type \"b\"" },
		{ "{'linux': {'devices': [{'type': 'a', 'path': '/d'}]}}",
		  "linux.devices[0].type: \"a\" is not one of \"c\", \"b\", \"u\", \"p\"" },
		{ "{'linux': {'devices': [{'type': 'p', 'path': 'd'}]}}",
		  "linux.devices[0].path: must be an absolute path, not \"d\"" },
		{ "{'linux': {'devices': [{'type': 'p', 'path': '/d'}, {'type': 'p', 'path': '/d'}]}}",
		  "1:53: linux.devices[1]: the path /d stands here twice" },
		{ "{'linux': {'maskedPaths': ['/a', 'b']}}",
		  "1:34: linux.maskedPaths[1]: must be an absolute path" },
		{ "{'linux': {'readonlyPaths': ['']}}", "linux.readonlyPaths[0]: must be an absolute path" },
		{ "{'linux': {'rootfsPropagation': 'rsalve'}}",
		  "linux.rootfsPropagation: \"rsalve\" is not known "
		  "(did you mean \"rslave\"?)" },
		{ "{'linux': {'cgroupsPath': '/a/../b'}}",
		  "linux.cgroupsPath: must not have a \"..\" component" },
		{ "{'linux': {'cgroupsPath': '..'}}", "linux.cgroupsPath: must not have a \"..\" component" },
		{ "{'linux': {'cgroupsPath': '/a\\nb'}}",
		  "linux.cgroupsPath: must not contain control characters" },
		{ "{'linux': {'timeOffsets': {'realtime': {}}}}",
		  "linux.timeOffsets.realtime: \"realtime\" is no clock: monotonic or boottime" },
		{ "{'linux': {'netDevices': {'a/b': {}}}}", "\"a/b\" is no interface name" },
		{ "{'linux': {'netDevices': {'a': {'name': '1234567890123456'}}}}",
		  "linux.netDevices.a: \"1234567890123456\" is no interface name" },
		{ "{'linux': {'uidMappings': [{'containerID': 1, 'hostID': 0, 'size': 4294967294}]}}", NULL },
		{ "{'linux': {'uidMappings': [{'containerID': 2, 'hostID': 0, 'size': 4294967294}]}}",
		  "linux.uidMappings[0].size: the range in the container ends past 4294967294" },
		{ "{'linux': {'gidMappings': [{'containerID': 0, 'hostID': 4294967294, 'size': 2}]}}",
		  "linux.gidMappings[0].size: the range on the host ends past 4294967294" },
		{ "{'linux': {'intelRdt': {'closID': '..'}}}",
		  "linux.intelRdt.closID: must be the name of one directory" },
		{ "{'linux': {'memoryPolicy': {'mode': 'MPOL_BIND', 'nodes': '3-1'}}}",
		  "linux.memoryPolicy.nodes: the range 3-1 runs backwards" },
		{ "{'linux': {'memoryPolicy': {'mode': 'MPOL_BIND', 'flags': ['x']}}}",
		  "linux.memoryPolicy.flags[0]: \"x\" is not known" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (rows) / sizeof (rows[0]); i++) {
		if (rows[i].message)
			expect_refusal (rows[i].text, EINVAL, rows[i].message);
		else
			decode_good (rows[i].text, CPOD_OCI_SPEC_PARTIAL | CPOD_DECODE_ACCEPT_NOT_YET);
	}
}

static void
a_sysctl_name_is_one_name_and_nothing_more (void **state)
{
	static const char *const good[] = {
		"kernel.shm_rmid_forced", "net.ipv4.conf.all.forwarding", "net/ipv4/conf/eth0.5/forwarding",
		"fs.mqueue.msg_max",
	};
	static const char *const bad[] = {
		"", "kernel", "net.x=1+kernel.core_pattern", "kernel..core", ".kernel.x", "kernel.x.",
		"../x/y",
		"kernel/../x", "kernel/./x", "/kernel/x", "kernel/x/", "kernel.a b", "kernel.a\\nb",
		"kernel.a/../../b",
		"net.a/b",
	};
	char text[160];

	(void) state;
	for (size_t i = 0; i < sizeof (good) / sizeof (good[0]); i++) {
		snprintf (text, sizeof (text), "{'linux': {'sysctl': {'%s': '1 2\\t3'}}}", good[i]);
		decode_good (text, CPOD_OCI_SPEC_PARTIAL);
	}
	for (size_t i = 0; i < sizeof (bad) / sizeof (bad[0]); i++) {
		snprintf (text, sizeof (text), "{'linux': {'sysctl': {'%s': '1'}}}", bad[i]);
		expect_refusal (text, EINVAL, "is no sysctl name, like net.ipv4.ip_forward");
	}
	expect_refusal ("{'linux': {'sysctl': {'kernel.x': '1\\n2'}}}", EINVAL,
	                "linux.sysctl[\"kernel.x\"]: must not contain control characters");
}

static void
a_seccomp_part_is_refused_when (void **state)
{
	static const struct row rows[] = {
		{ "{'linux': {'seccomp': {}}}", "linux.seccomp: \"defaultAction\" is required" },
		{ "{'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALOW'}}}",
		  "linux.seccomp.defaultAction: \"SCMP_ACT_ALOW\" is not known "
		  "(did you mean \"SCMP_ACT_ALLOW\"?)" },
		{ "{'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', 'defaultErrnoRet': 1}}}",
		  "1:78: linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW takes no errno" },
		{ "{'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 4096}}}",
		  "linux.seccomp.defaultErrnoRet: must be between 0 and 4095" },
		{ "{'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', "
		  "'architectures': ['SCMP_ARCH_X86_46']}}}",
		  "linux.seccomp.architectures[0]: \"SCMP_ARCH_X86_46\" is not known "
		  "(did you mean \"SCMP_ARCH_X86_64\"?)" },
		{ "{'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', 'flags': ['LOG']}}}",
		  "linux.seccomp.flags[0]: \"LOG\" is not known" },
		{ "{'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': [],"
		  " 'action': 'SCMP_ACT_KILL'}]}}}", "linux.seccomp.syscalls[0].names: must not be empty" },
		{ "{'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['a'],"
		  " 'action': 'SCMP_ACT_KILL', 'errnoRet': 1}]}}}",
		  "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_KILL takes no errno" },
		{ "{'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['a'],"
		  " 'action': 'SCMP_ACT_KILL', 'args': [{'index': 6, 'value': 0, 'op': 'SCMP_CMP_EQ'}]}]}}}",
		  "linux.seccomp.syscalls[0].args[0].index: must be between 0 and 5" },
	};

	(void) state;
	EXPECT_INVALID (rows);
}

static void
resources_are_refused_when (void **state)
{
	static const struct row rows[] = {
		{ "{'linux': {'resources': {'devices': [{'access': 'r'}]}}}",
		  "linux.resources.devices[0]: \"allow\" is required" },
		{ "{'linux': {'resources': {'devices': [{'allow': true, 'access': 'rx'}]}}}",
		  "linux.resources.devices[0].access: must be made of the letters r, w and m" },
		{ "{'linux': {'resources': {'memory': {'limit': -2}}}}",
		  "linux.resources.memory.limit: must be between -1 and 9223372036854775807" },
		{ "{'linux': {'resources': {'memory': {'limit': 9223372036854775808}}}}",
		  "linux.resources.memory.limit: must be between -1 and 9223372036854775807" },
		{ "{'linux': {'resources': {'memory': {'swap': 5}}}}",
		  "linux.resources.memory.swap: needs a \"limit\" beside it" },
		{ "{'linux': {'resources': {'memory': {'limit': 6, 'swap': 5}}}}",
		  "linux.resources.memory.swap: is memory plus swap, and 5 is less than the limit 6" },
		{ "{'linux': {'resources': {'cpu': {'quota': 5, 'burst': 6}}}}",
		  "linux.resources.cpu.burst: 6 is more than the quota 5" },
		{ "{'linux': {'resources': {'cpu': {'cpus': '0-'}}}}",
		  "linux.resources.cpu.cpus: must be a list of numbers and ranges, like 0-3,7" },
		{ "{'linux': {'resources': {'cpu': {'mems': '1,'}}}}",
		  "linux.resources.cpu.mems: must be a list of numbers and ranges, like 0-3,7" },
		{ "{'linux': {'resources': {'cpu': {'cpus': '99999999999'}}}}",
		  "linux.resources.cpu.cpus: must be a list of numbers and ranges, like 0-3,7" },
		{ "{'linux': {'resources': {'blockIO': {'weight': 9}}}}",
		  "linux.resources.blockIO.weight: must be between 10 and 1000" },
		{ "{'linux': {'resources': {'blockIO': {'weightDevice': [{'major': 1, 'minor': 2}]}}}}",
		  "linux.resources.blockIO.weightDevice[0]: \"weight\" is required" },
		{ "{'linux': {'resources': {'hugepageLimits': [{'pageSize': '2mB', 'limit': 1}]}}}",
		  "linux.resources.hugepageLimits[0].pageSize: must be a page size, like 64KB, 2MB or 1GB" },
		{ "{'linux': {'resources': {'hugepageLimits': [{'pageSize': '../2MB', 'limit': 1}]}}}",
		  "linux.resources.hugepageLimits[0].pageSize: must be a page size, like 64KB, 2MB or 1GB" },
		{ "{'linux': {'resources': {'rdma': {'m': {}}}}}",
		  "linux.resources.rdma.m: \"hcaHandles\" or \"hcaObjects\" is required" },
		{ "{'linux': {'resources': {'unified': {'../x.y': '1'}}}}",
		  "linux.resources.unified[\"../x.y\"]: \"../x.y\" is no cgroup file, like memory.high" },
		{ "{'linux': {'resources': {'unified': {'memory': '1'}}}}",
		  "\"memory\" is no cgroup file, like memory.high" },
		{ "{'linux': {'resources': {'unified': {'cgroup.kill': '1'}}}}",
		  "\"cgroup.kill\" belongs to no controller" },
	};

	(void) state;
	EXPECT_INVALID (rows);
}

static void
what_cgroup_v2_cannot_do_is_refused_with_the_reason (void **state)
{
	static const struct row rows[] = {
		{ "'memory': {'kernel': 1}",
		  "memory.kernel: cgroup v2 has no limit for kernel memory alone" },
		{ "'memory': {'kernelTCP': 1}",
		  "memory.kernelTCP: cgroup v2 has no limit for TCP buffers alone" },
		{ "'memory': {'swappiness': 0}",
		  "memory.swappiness: cgroup v2 has no swappiness of a group" },
		{ "'memory': {'disableOOMKiller': true}",
		  "memory.disableOOMKiller: cgroup v2 cannot switch the OOM killer off" },
		{ "'cpu': {'realtimeRuntime': 1}", "cpu.realtimeRuntime: cgroup v2 has no real-time budget" },
		{ "'cpu': {'realtimePeriod': 1}", "cpu.realtimePeriod: cgroup v2 has no real-time budget" },
		{ "'blockIO': {'leafWeight': 10}", "blockIO.leafWeight: cgroup v2 has no leaf weights" },
		{ "'blockIO': {'weightDevice': [{'major': 1, 'minor': 1, 'leafWeight': 10}]}",
		  "blockIO.weightDevice[0].leafWeight: cgroup v2 has no leaf weights" },
		{ "'network': {'classID': 1}", "network.classID: cgroup v2 has no network classes" },
		{ "'network': {'priorities': [{'name': 'a', 'priority': 1}]}",
		  "network.priorities: cgroup v2 has no network priorities" },
	};
	static const char *const neutral[] = {
		"'memory': {'kernel': 0, 'kernelTCP': -1, 'disableOOMKiller': false, 'useHierarchy': false}",
		"'cpu': {'realtimeRuntime': 0, 'realtimePeriod': 0}",
		"'blockIO': {'weight': 0, 'leafWeight': 0}",
		"'network': {'classID': 0, 'priorities': []}",
		"'rdma': {}",
	};
	char text[256], message[160];

	(void) state;
	for (size_t i = 0; i < sizeof (rows) / sizeof (rows[0]); i++) {
		snprintf (text, sizeof (text), "{'linux': {'resources': {%s}}}", rows[i].text);
		snprintf (message, sizeof (message), ": linux.resources.%s", rows[i].message);
		expect_refusal (text, ENOTSUP, message);
	}
	for (size_t i = 0; i < sizeof (neutral) / sizeof (neutral[0]); i++) {
		snprintf (text, sizeof (text), "{'linux': {'resources': {%s}}}", neutral[i]);
		decode_good (text, CPOD_OCI_SPEC_PARTIAL);
	}
}

static void
words_that_are_not_carried_out_are_refused_by_name (void **state)
{
	(void) state;
	expect_refusal ("{'linux': {'namespaces': [{'type': 'user'}]}}", ENOTSUP,
	                "1:36: linux.namespaces[0].type: a user namespace of a single container (hostUsers gives the pod one) "
	                "is not carried out by this version");
	expect_refusal ("{'linux': {'namespaces': [{'type': 'time'}]}}", ENOTSUP,
	                "linux.namespaces[0].type: a time namespace is not carried out by this version");
	expect_refusal ("{'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_NOTIFY'}}}", ENOTSUP,
	                "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY is not carried out by this version");
}

static void
an_unknown_property_is_a_warning_or_with_strict_an_error (void **state)
{
	const struct cpod_oci_spec *spec = NULL;
	struct cpod_error err = { 0 };

	(void) state;
	decode_good ("{'process': {'argss': []}, 'org.example': {}}", CPOD_OCI_SPEC_PARTIAL);
	assert_non_null (strstr (warnings, "config.json:1:14: process: unknown property \"argss\" "
	                         "(did you mean \"args\"?)\n"));
	assert_non_null (strstr (warnings, "\"org.example\""));
	assert_int_equal (decode ("{'process': {'argss': []}}", CPOD_OCI_SPEC_PARTIAL | CPOD_DECODE_STRICT,
	                          &spec,
	                          &err), -EINVAL);
}

static void
process_json_and_resources_are_documents_of_their_own (void **state)
{
	struct cpod_decoder decoder = { .file = "process.json", .arena = &arena };
	const struct cpod_oci_resources *resources = NULL;
	const struct cpod_oci_process *process = NULL;
	struct cpod_error err = { 0 };

	(void) state;
	assert_int_equal (cpod_oci_process_decode (
		&decoder, cpod_test_json (&arena, "{'args': ['a'], 'cwd': '/'}"), &process, &err), 0);
	assert_string_equal (process->cwd, "/");
	assert_int_equal (cpod_oci_process_decode (
		&decoder, cpod_test_json (&arena, "{'args': ['a']}"), &process, &err), -EINVAL);
	assert_string_equal (err.message, "process.json:1:1: \"cwd\" is required");
	assert_int_equal (cpod_oci_resources_decode (
		&decoder, cpod_test_json (&arena, "{'pids': {'limit': 5}}"), &resources, &err), 0);
	assert_int_equal (resources->pids->limit.value, 5);
	assert_int_equal (cpod_oci_resources_decode (&decoder, cpod_test_json (&arena, "[]"), &resources,
	                                             &err),
	                  -EINVAL);
}

static void
a_decode_without_memory_says_so (void **state)
{
	struct cpod_arena small;
	struct cpod_decoder decoder = { .file = "config.json", .arena = &small,
	.flags = CPOD_DECODE_ACCEPT_NOT_YET };
	const struct cpod_json *root = cpod_test_json (&arena, full_example);
	const struct cpod_oci_spec *spec = NULL;
	struct cpod_error err;
	size_t limit;
	int ret = -ENOMEM;

	(void) state;
	for (limit = 16; ret < 0 && limit < 65536; limit += 64) {
		cpod_arena_init (&small, limit);
		ret = cpod_oci_spec_decode (&decoder, root, &spec, &err);
		assert_true (ret == 0 || ret == -ENOMEM);
		cpod_arena_finish (&small);
	}
	assert_int_equal (ret, 0);
}

static void
every_capability_has_its_number (void **state)
{
	(void) state;
	assert_int_equal (cpod_oci_capability_number ("CAP_CHOWN"), 0);
	assert_int_equal (cpod_oci_capability_number ("CAP_SYS_ADMIN"), 21);
	assert_int_equal (cpod_oci_capability_number ("CAP_MKNOD"), 27);
	assert_int_equal (cpod_oci_capability_number ("CAP_CHECKPOINT_RESTORE"), 40);
	assert_int_equal (cpod_oci_capability_number ("CAP_NOTHING"), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, setup, teardown)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		TEST (the_process_of_a_full_example_has_its_values),
		TEST (the_rest_of_a_full_example_has_its_values),
		TEST (the_linux_part_of_a_full_example_has_its_values),
		TEST (the_resources_of_a_full_example_have_their_values),
		TEST (the_seccomp_part_of_a_full_example_has_its_values),
		TEST (a_pod_may_leave_out_what_it_fills_in),
		TEST (a_config_json_may_not),
		TEST (a_version_is_semantic_and_of_major_one),
		TEST (a_uid_is_a_strict_number_of_32_bits),
		TEST (a_hexadecimal_uid_is_not_even_json),
		TEST (a_process_is_refused_when),
		TEST (a_mount_or_name_is_refused_when),
		TEST (a_path_longer_than_the_kernel_takes_is_refused),
		TEST (a_linux_part_is_refused_when),
		TEST (a_sysctl_name_is_one_name_and_nothing_more),
		TEST (a_seccomp_part_is_refused_when),
		TEST (resources_are_refused_when),
		TEST (what_cgroup_v2_cannot_do_is_refused_with_the_reason),
		TEST (words_that_are_not_carried_out_are_refused_by_name),
		TEST (an_unknown_property_is_a_warning_or_with_strict_an_error),
		TEST (process_json_and_resources_are_documents_of_their_own),
		TEST (a_decode_without_memory_says_so),
		TEST (every_capability_has_its_number),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
