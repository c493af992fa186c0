/* The tables of `linux.seccomp`.
 *
 * Names of system calls are not checked: which exist depends on libseccomp and the architecture.
 */
#include "spec-check.h"

const char *const cpod_oci_seccomp_action_words[] = {
	"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO",
	"SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", NULL
};
_Static_assert (N_ELEMENTS (cpod_oci_seccomp_action_words) == CPOD_OCI_N_SECCOMP_ACTIONS + 1,
                "one word each");

const char *const cpod_oci_seccomp_op_words[] = {
	"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
	"SCMP_CMP_MASKED_EQ", NULL
};
_Static_assert (N_ELEMENTS (cpod_oci_seccomp_op_words) == CPOD_OCI_N_SECCOMP_OPS + 1, "one word each");

const char *const cpod_oci_seccomp_arch_words[] = {
	"SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64",
	"SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64",
	"SCMP_ARCH_MIPS64N32",
	"SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC", "SCMP_ARCH_PPC64",
	"SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390", "SCMP_ARCH_S390X", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB",
	"SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64", NULL
};
const char *const cpod_oci_seccomp_flag_words[] = {
	"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL
};

static int
text_arch (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	return cpod_oci_text_word (decoder, value, cpod_oci_seccomp_arch_words, err);
}

static int
text_flag (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	return cpod_oci_text_word (decoder, value, cpod_oci_seccomp_flag_words, err);
}

/* What an action may not be, or may not be with: field and errno_field name the two members. */
static int
check_action (struct cpod_decoder *decoder, const struct cpod_json *value, const char *field,
              const struct cpod_int *action, const char *errno_field, const struct cpod_uint *errno_ret,
              struct cpod_error *err)
{
	bool takes_errno = action->value == CPOD_OCI_SECCOMP_ERRNO || action->value == CPOD_OCI_SECCOMP_TRACE;

	if (errno_ret->set && !takes_errno)
		return cpod_oci_field_error (decoder, value, errno_field, err, "%s takes no errno",
		                             cpod_oci_seccomp_action_words[action->value]);
	if (action->value == CPOD_OCI_SECCOMP_NOTIFY)
		return cpod_oci_not_yet (decoder, value, field, "SCMP_ACT_NOTIFY", err);
	return 0;
}

static const struct cpod_field arg_fields[] = {
	{ "index", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (seccomp_arg, index), 0, 5,
	  .where = "of the argument" },
	{ "value", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (seccomp_arg, value), .where = "compared with" },
	{ "valueTwo", CPOD_KIND_UINT, 0, OFF (seccomp_arg, value_two),
	  .where = "what the masked argument must equal, with SCMP_CMP_MASKED_EQ" },
	{ "op", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (seccomp_arg, op), .words = cpod_oci_seccomp_op_words,
	  .where = "on 64 bits, unsigned" },
};
const struct cpod_object cpod_oci_seccomp_arg_object = {
	"linux.seccomp.syscalls[].args[]", TABLE (seccomp_arg, arg_fields), .open = true,
};

static int
check_rule (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = { { "names", cpod_oci_text_plain } };
	const struct cpod_oci_seccomp_rule *rule = target;
	int ret;

	ret = cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
	if (ret < 0)
		return ret;
	return check_action (decoder, value, "action", &rule->action, "errnoRet", &rule->errno_ret, err);
}

static const struct cpod_field rule_fields[] = {
	{ "names", CPOD_KIND_STRINGS, CPOD_FIELD_REQUIRED | CPOD_FIELD_NONEMPTY, OFF (seccomp_rule, names),
	  .where = "names this kernel's tables lack are skipped" },
	{ "action", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (seccomp_rule, action),
	  .words = cpod_oci_seccomp_action_words, .where = "SCMP_ACT_NOTIFY: not yet" },
	{ "errnoRet", CPOD_KIND_UINT, 0, OFF (seccomp_rule, errno_ret), 0, 4095,
	  .where = "with SCMP_ACT_ERRNO, SCMP_ACT_TRACE" },
	{ "args", CPOD_KIND_ARRAY, 0, OFF (seccomp_rule, args), .object = &cpod_oci_seccomp_arg_object,
	  .where = "all must match" },
};
const struct cpod_object cpod_oci_seccomp_rule_object = {
	"linux.seccomp.syscalls[]", TABLE (seccomp_rule, rule_fields), .check = check_rule, .open = true,
};

static int
check_seccomp (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
               struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = {
		{ "architectures", text_arch },
		{ "flags", text_flag },
		{ "listenerPath", cpod_oci_text_path },
	};
	const struct cpod_oci_seccomp *seccomp = target;
	int ret;

	ret = cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
	if (ret < 0)
		return ret;
	return check_action (decoder, value, "defaultAction", &seccomp->default_action, "defaultErrnoRet",
	                     &seccomp->default_errno_ret, err);
}

static const struct cpod_field seccomp_fields[] = {
	{ "defaultAction", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (seccomp, default_action),
	  .words = cpod_oci_seccomp_action_words, .where = "SCMP_ACT_NOTIFY: not yet" },
	{ "defaultErrnoRet", CPOD_KIND_UINT, 0, OFF (seccomp, default_errno_ret), 0, 4095,
	  .where = "with SCMP_ACT_ERRNO, SCMP_ACT_TRACE" },
	{ "architectures", CPOD_KIND_STRINGS, 0, OFF (seccomp, architectures), .where = "beside the native one" },
	{ "flags", CPOD_KIND_STRINGS, 0, OFF (seccomp, flags), .where = "of seccomp(2)" },
	{ "listenerPath", CPOD_KIND_STRING, CPOD_FIELD_NOT_YET, OFF (seccomp, listener_path),
	  .where = "not yet" },
	{ "listenerMetadata", CPOD_KIND_STRING, CPOD_FIELD_NOT_YET, OFF (seccomp, listener_metadata),
	  .where = "not yet" },
	{ "syscalls", CPOD_KIND_ARRAY, 0, OFF (seccomp, syscalls), .object = &cpod_oci_seccomp_rule_object,
	  .where = "the rules, in order" },
};
const struct cpod_object cpod_oci_seccomp_object = {
	"linux.seccomp", TABLE (seccomp, seccomp_fields), .check = check_seccomp, .open = true,
};
