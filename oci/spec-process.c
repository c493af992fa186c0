/* The tables of process.json and of `process` in config.json.
 *
 * The text alone is checked: whether the user, the program or the working directory exist is for
 * those who carry the process out.
 */
#include "spec-check.h"

#include <string.h>
#include <sys/resource.h>

/* An enum's index is the kernel's number, so that nobody needs a second table. */
_Static_assert (RLIMIT_CPU == 0 && RLIMIT_NOFILE == 7 && RLIMIT_AS == 9 && RLIMIT_RTTIME == 15,
                "the words below are in the order of the kernel's numbers");

const char *const cpod_oci_rlimit_words[] = {
	"RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS",
	"RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING",
	"RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME", NULL
};

/* linux/capability.h: the index is the number. */
const char *const cpod_oci_capability_words[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
	"CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
	"CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
	"CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
	"CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE", NULL
};

static const char *const policy_words[] = {
	"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE",
	NULL
};
static const char *const sched_flag_words[] = {
	"SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY",
	"SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX", NULL
};
static const char *const ioprio_words[] = { "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE", NULL };

int
cpod_oci_capability_number (const char *name)
{
	int i;

	for (i = 0; cpod_oci_capability_words[i]; i++)
		if (strcmp (cpod_oci_capability_words[i], name) == 0)
			return i;
	return -1;
}

static const struct cpod_field console_size_fields[] = {
	{ "height", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (console_size, height), 0, 65535,
	  .where = "of the terminal" },
	{ "width", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (console_size, width), 0, 65535,
	  .where = "of the terminal" },
};
const struct cpod_object cpod_oci_console_size_object = {
	"process.consoleSize", TABLE (console_size, console_size_fields), .open = true,
};

/* A uid alone would leave the group to chance, so both are asked for outside a pod. */
static int
check_user (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	int ret;

	(void) target;   /* presence is in the document */
	ret = cpod_oci_check_present (decoder, value, "uid", err);
	if (ret == 0)
		ret = cpod_oci_check_present (decoder, value, "gid", err);
	return ret;
}

static const struct cpod_field user_fields[] = {
	{ "uid", CPOD_KIND_UINT, 0, OFF (user, uid), 0, CPOD_OCI_ID_MAX,
	  .where = "setresuid; required outside a pod" },
	{ "gid", CPOD_KIND_UINT, 0, OFF (user, gid), 0, CPOD_OCI_ID_MAX,
	  .where = "setresgid; required outside a pod" },
	{ "umask", CPOD_KIND_UINT, 0, OFF (user, umask), 0, 0777,
	  .where = "umask; a decimal number: 18 is 022" },
	{ "additionalGids", CPOD_KIND_UINTS, 0, OFF (user, additional_gids), 0, CPOD_OCI_ID_MAX,
	  .where = "setgroups, to exactly this list" },
	{ "username", CPOD_KIND_STRING, 0, OFF (user, username), .where = "ignored: for Windows" },
};
const struct cpod_object cpod_oci_user_object = {
	"process.user", TABLE (user, user_fields), .check = check_user, .open = true,
};

/* Known capability names only: a misspelt one must not silently give less. */
static int
text_capability (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	return cpod_oci_text_word (decoder, value, cpod_oci_capability_words, err);
}

static const struct cpod_oci_rule capability_rules[] = {
	{ "bounding", text_capability },
	{ "permitted", text_capability },
	{ "effective", text_capability },
	{ "inheritable", text_capability },
	{ "ambient", text_capability },
};

static int
check_capabilities (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                    struct cpod_error *err)
{
	(void) target;   /* the words are in the document */
	return cpod_oci_check_rules (decoder, value, capability_rules, N_ELEMENTS (capability_rules), err);
}

static const struct cpod_field capabilities_fields[] = {
	{ "bounding", CPOD_KIND_STRINGS, 0, OFF (capabilities, bounding),
	  .where = "PR_CAPBSET_DROP of the rest" },
	{ "permitted", CPOD_KIND_STRINGS, 0, OFF (capabilities, permitted), .where = "capset" },
	{ "effective", CPOD_KIND_STRINGS, 0, OFF (capabilities, effective), .where = "capset" },
	{ "inheritable", CPOD_KIND_STRINGS, 0, OFF (capabilities, inheritable), .where = "capset" },
	{ "ambient", CPOD_KIND_STRINGS, 0, OFF (capabilities, ambient), .where = "PR_CAP_AMBIENT_RAISE" },
};
const struct cpod_object cpod_oci_capabilities_object = {
	"process.capabilities", TABLE (capabilities, capabilities_fields), .check = check_capabilities,
	.open = true,
};

static int
check_rlimit (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
              struct cpod_error *err)
{
	const struct cpod_oci_rlimit *limit = target;

	if (limit->soft.value > limit->hard.value)
		return cpod_oci_field_error (decoder, value, "soft", err,
		                             "%llu is more than the hard limit %llu",
		                             (unsigned long long) limit->soft.value,
		                             (unsigned long long) limit->hard.value);
	return 0;
}

static const struct cpod_field rlimit_fields[] = {
	{ "type", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (rlimit, type), .words = cpod_oci_rlimit_words,
	  .where = "prlimit" },
	{ "soft", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (rlimit, soft),
	  .where = "18446744073709551615: no limit" },
	{ "hard", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (rlimit, hard),
	  .where = "18446744073709551615: no limit" },
};
const struct cpod_object cpod_oci_rlimit_object = {
	"process.rlimits[]", TABLE (rlimit, rlimit_fields), .check = check_rlimit, .open = true,
};

static int
text_sched_flag (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	return cpod_oci_text_word (decoder, value, sched_flag_words, err);
}

static const struct cpod_oci_rule scheduler_rules[] = { { "flags", text_sched_flag } };

static int
check_scheduler (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                 struct cpod_error *err)
{
	(void) target;   /* the words are in the document */
	return cpod_oci_check_rules (decoder, value, scheduler_rules, N_ELEMENTS (scheduler_rules), err);
}

static const struct cpod_field scheduler_fields[] = {
	{ "policy", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (scheduler, policy), .words = policy_words,
	  .where = "sched_setattr" },
	{ "nice", CPOD_KIND_INT, 0, OFF (scheduler, nice), -20, 19, .where = "sched_setattr" },
	{ "priority", CPOD_KIND_INT, 0, OFF (scheduler, priority), 0, 99, .where = "sched_setattr" },
	{ "flags", CPOD_KIND_STRINGS, 0, OFF (scheduler, flags), .where = "sched_setattr" },
	{ "runtime", CPOD_KIND_UINT, 0, OFF (scheduler, runtime), .where = "sched_setattr; nanoseconds" },
	{ "deadline", CPOD_KIND_UINT, 0, OFF (scheduler, deadline), .where = "sched_setattr; nanoseconds" },
	{ "period", CPOD_KIND_UINT, 0, OFF (scheduler, period), .where = "sched_setattr; nanoseconds" },
};
const struct cpod_object cpod_oci_scheduler_object = {
	"process.scheduler", TABLE (scheduler, scheduler_fields), .check = check_scheduler, .open = true,
};

static const struct cpod_field io_priority_fields[] = {
	{ "class", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (io_priority, class), .words = ioprio_words,
	  .where = "ioprio_set" },
	{ "priority", CPOD_KIND_INT, 0, OFF (io_priority, priority), 0, 7, .where = "ioprio_set" },
};
const struct cpod_object cpod_oci_io_priority_object = {
	"process.ioPriority", TABLE (io_priority, io_priority_fields), .open = true,
};

static const struct cpod_oci_rule cpu_affinity_rules[] = {
	{ "initial", cpod_oci_text_list },
	{ "final", cpod_oci_text_list },
};

static int
check_cpu_affinity (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                    struct cpod_error *err)
{
	(void) target;   /* the lists are in the document */
	return cpod_oci_check_rules (decoder, value, cpu_affinity_rules, N_ELEMENTS (cpu_affinity_rules),
	                             err);
}

static const struct cpod_field cpu_affinity_fields[] = {
	{ "initial", CPOD_KIND_STRING, 0, OFF (cpu_affinity, initial),
	  .where = "sched_setaffinity before joining" },
	{ "final", CPOD_KIND_STRING, 0, OFF (cpu_affinity, final),
	  .where = "sched_setaffinity after joining" },
};
const struct cpod_object cpod_oci_cpu_affinity_object = {
	"process.execCPUAffinity", TABLE (cpu_affinity, cpu_affinity_fields), .check = check_cpu_affinity,
	.open = true,
};

static const struct cpod_oci_rule process_rules[] = {
	{ "env", cpod_oci_text_env },
	{ "cwd", cpod_oci_text_path },
	{ "apparmorProfile", cpod_oci_text_plain },
	{ "selinuxLabel", cpod_oci_text_plain },
};

/* No rlimit type may stand twice: which of them held would be an accident. */
static int
check_rlimits_once (struct cpod_decoder *decoder, const struct cpod_json *value,
                    const struct cpod_oci_process *process, struct cpod_error *err)
{
	const struct cpod_oci_rlimit *limits = process->rlimits.items;
	unsigned int seen = 0;
	size_t i;

	for (i = 0; i < process->rlimits.n; i++) {
		if (seen & (1u << limits[i].type.value))
			return cpod_oci_item_error (decoder, value, "rlimits", i, err, "%s stands here twice",
			                            cpod_oci_rlimit_words[limits[i].type.value]);
		seen |= 1u << limits[i].type.value;
	}
	return 0;
}

static int
check_process (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
               struct cpod_error *err)
{
	const struct cpod_oci_process *process = target;
	int ret;

	ret = cpod_oci_check_present (decoder, value, "args", err);
	if (ret == 0)
		ret = cpod_oci_check_present (decoder, value, "cwd", err);
	if (ret == 0)
		ret = cpod_oci_check_rules (decoder, value, process_rules, N_ELEMENTS (process_rules), err);
	if (ret == 0)
		ret = check_rlimits_once (decoder, value, process, err);
	if (ret < 0)
		return ret;
	if (process->args.n > 0 && process->args.items[0][0] == '\0')
		return cpod_oci_item_error (decoder, value, "args", 0, err,
		                            "the program's name must not be empty");
	return 0;
}

static const struct cpod_field process_fields[] = {
	{ "terminal", CPOD_KIND_BOOL, 0, OFF (process, terminal), .where = "a terminal of the container's devpts; only false in a pod" },
	{ "consoleSize", CPOD_KIND_OBJECT, 0, OFF (process, console_size),
	  .object = &cpod_oci_console_size_object,
	  .where = "of the terminal" },
	{ "user", CPOD_KIND_OBJECT, 0, OFF (process, user), .object = &cpod_oci_user_object,
	  .where = "absent: 0:0, or as the image says" },
	{ "args", CPOD_KIND_STRINGS, CPOD_FIELD_NONEMPTY, OFF (process, args),
	  .where = "execve; required outside a pod" },
	{ "commandLine", CPOD_KIND_STRING, 0, OFF (process, command_line), .where = "ignored: for Windows" },
	{ "env", CPOD_KIND_STRINGS, 0, OFF (process, env), .where = "execve; exactly this list" },
	{ "cwd", CPOD_KIND_STRING, CPOD_FIELD_ABSOLUTE, OFF (process, cwd),
	  .where = "chdir, and a check that it is inside the root; required outside a pod" },
	{ "capabilities", CPOD_KIND_OBJECT, 0, OFF (process, capabilities),
	  .object = &cpod_oci_capabilities_object, .where = "exactly these; absent in a pod: a small default set" },
	{ "rlimits", CPOD_KIND_ARRAY, 0, OFF (process, rlimits), .object = &cpod_oci_rlimit_object,
	  .where = "prlimit; no type twice" },
	{ "noNewPrivileges", CPOD_KIND_BOOL, 0, OFF (process, no_new_privileges),
	  .where = "PR_SET_NO_NEW_PRIVS" },
	{ "apparmorProfile", CPOD_KIND_STRING, CPOD_FIELD_NOT_YET, OFF (process, apparmor_profile),
	  .where = "not yet" },
	{ "oomScoreAdj", CPOD_KIND_INT, 0, OFF (process, oom_score_adj), -1000, 1000,
	  .where = "/proc/self/oom_score_adj" },
	{ "scheduler", CPOD_KIND_OBJECT, CPOD_FIELD_NOT_YET, OFF (process, scheduler),
	  .object = &cpod_oci_scheduler_object, .where = "not yet" },
	{ "selinuxLabel", CPOD_KIND_STRING, CPOD_FIELD_NOT_YET, OFF (process, selinux_label),
	  .where = "not yet" },
	{ "ioPriority", CPOD_KIND_OBJECT, CPOD_FIELD_NOT_YET, OFF (process, io_priority),
	  .object = &cpod_oci_io_priority_object, .where = "not yet" },
	{ "execCPUAffinity", CPOD_KIND_OBJECT, CPOD_FIELD_NOT_YET, OFF (process, exec_cpu_affinity),
	  .object = &cpod_oci_cpu_affinity_object, .where = "not yet" },
};
const struct cpod_object cpod_oci_process_object = {
	"process", TABLE (process, process_fields), .check = check_process, .open = true,
};
