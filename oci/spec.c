/* config.json: the outermost tables, and the way in.
 *
 * Order: the decoder walks the tables from the outside in and fills the structs; each object's
 * check runs after its fields, so the innermost fault is the one that is told. Nothing outside the
 * document is looked at.
 */
#include "spec-check.h"

#include "src/base/error.h"

#include <string.h>

/* ---- root, mounts ---- */

static int
check_root (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = { { "path", cpod_oci_text_path } };
	int ret;

	(void) target;   /* the path is in the document */
	ret = cpod_oci_check_present (decoder, value, "path", err);
	if (ret < 0)
		return ret;
	return cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
}

static const struct cpod_field root_fields[] = {
	{ "path", CPOD_KIND_STRING, CPOD_FIELD_NONEMPTY, OFF (root, path),
	  .where = "pivot_root; required outside a pod" },
	{ "readonly", CPOD_KIND_BOOL, 0, OFF (root, readonly), .where = "the root is read-only" },
};
const struct cpod_object cpod_oci_root_object = {
	"root", TABLE (root, root_fields), .check = check_root, .open = true,
};

static int
check_mount (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
             struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = {
		{ "destination", cpod_oci_text_absolute },
		{ "type", cpod_oci_text_plain },
		{ "source", cpod_oci_text_path },
		{ "options", cpod_oci_text_plain },
	};

	(void) target;   /* the texts are in the document */
	return cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
}

static const struct cpod_field mount_fields[] = {
	{ "destination", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED | CPOD_FIELD_ABSOLUTE, OFF (mount,
	                                                                                   destination),
	  .where = "opened beneath the root" },
	{ "type", CPOD_KIND_STRING, 0, OFF (mount, type), .where = "the kernel's name; bind needs none but the option" },
	{ "source", CPOD_KIND_STRING, 0, OFF (mount, source),
	  .where = "a path of the host, or a word for the file system" },
	{ "options", CPOD_KIND_STRINGS, 0, OFF (mount, options),
	  .where = "those of mount(8), propagation, the file system's own" },
	{ "uidMappings", CPOD_KIND_ARRAY, 0, OFF (mount, uid_mappings), .object = &cpod_oci_id_mapping_object,
	  .where = "an idmapped mount; root's alone" },
	{ "gidMappings", CPOD_KIND_ARRAY, 0, OFF (mount, gid_mappings), .object = &cpod_oci_id_mapping_object,
	  .where = "goes with uidMappings" },
};
const struct cpod_object cpod_oci_mount_object = {
	"mounts[]", TABLE (mount, mount_fields), .check = check_mount, .open = true,
};

/* ---- hooks ---- */

static int
check_hook (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = {
		{ "path", cpod_oci_text_absolute },
		{ "env", cpod_oci_text_env },
	};

	(void) target;   /* the texts are in the document */
	return cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
}

static const struct cpod_field hook_fields[] = {
	{ "path", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED | CPOD_FIELD_ABSOLUTE, OFF (hook, path),
	  .where = "execve" },
	{ "args", CPOD_KIND_STRINGS, 0, OFF (hook, args), .where = "execve" },
	{ "env", CPOD_KIND_STRINGS, 0, OFF (hook, env), .where = "execve" },
	{ "timeout", CPOD_KIND_INT, 0, OFF (hook, timeout), 1, INT32_MAX, .where = "seconds" },
};
const struct cpod_object cpod_oci_hook_object = {
	"hooks.createRuntime[]", TABLE (hook, hook_fields), .check = check_hook, .open = true,
};

#define HOOKS(name, member) \
	{ name, CPOD_KIND_ARRAY, CPOD_FIELD_NULL_OK, OFF (hooks, member), .object = &cpod_oci_hook_object, \
	  .where = "a bundle's; refused in a pod" }
static const struct cpod_field hooks_fields[] = {
	HOOKS ("prestart", prestart),
	HOOKS ("createRuntime", create_runtime),
	HOOKS ("createContainer", create_container),
	HOOKS ("startContainer", start_container),
	HOOKS ("poststart", poststart),
	HOOKS ("poststop", poststop),
};
const struct cpod_object cpod_oci_hooks_object = {
	"hooks", TABLE (hooks, hooks_fields), .open = true,
};

/* ---- the whole ---- */

/* Skips one number of a version: digits without a leading zero. NULL when there is none. */
static const char *
version_number (const char *text)
{
	size_t digits = strspn (text, "0123456789");

	if (digits == 0 || (digits > 1 && text[0] == '0'))
		return NULL;
	return text + digits;
}

/* Skips a dotted list of identifiers (semver.org, 9 and 10). NULL when one is empty. */
static const char *
version_suffix (const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
	size_t length;

	for (;; text++) {
		length = strspn (text, allowed);
		if (length == 0)
			return NULL;
		text += length;
		if (*text != '.')
			return text;
	}
}

/* Whether text is MAJOR.MINOR.PATCH[-PRE][+BUILD] of semver.org. */
static bool
is_version (const char *text)
{
	int i;

	for (i = 0; i < 3; i++) {
		text = version_number (text);
		if (!text || (i < 2 && *text++ != '.'))
			return false;
	}
	if (*text == '-' && !(text = version_suffix (text + 1)))
		return false;
	if (*text == '+' && !(text = version_suffix (text + 1)))
		return false;
	return *text == '\0';
}

/* Any 1.x is compatible, a newer one too: what it adds is an unknown property, which is warned of. */
static int
text_version (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	if (!is_version (value->text))
		return cpod_decode_error (decoder, value, err, "\"%.64s\" is no semantic version, like 1.3.0",
		                          value->text);
	if (strncmp (value->text, "1.", 2) != 0)
		return cpod_decode_error (decoder, value, err, "version %.64s is not supported: only 1.x is",
		                          value->text);
	return 0;
}

static int
text_annotation (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	if (value->key[0] == '\0')
		return cpod_decode_error (decoder, value, err, "an annotation's name must not be empty");
	return 0;
}

static int
check_spec (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = {
		{ "ociVersion", text_version },
		{ "hostname", cpod_oci_text_hostname },
		{ "domainname", cpod_oci_text_hostname },
		{ "annotations", text_annotation },
	};
	static const char *const required[] = { "ociVersion", "root" };
	size_t i;
	int ret;

	(void) target;   /* presence and texts are in the document */
	for (i = 0; i < N_ELEMENTS (required); i++) {
		ret = cpod_oci_check_present (decoder, value, required[i], err);
		if (ret < 0)
			return ret;
	}
	return cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
}

static const struct cpod_field spec_fields[] = {
	{ "ociVersion", CPOD_KIND_STRING, 0, OFF (spec, oci_version),
	  .where = "1.x; required outside a pod" },
	{ "process", CPOD_KIND_OBJECT, 0, OFF (spec, process), .object = &cpod_oci_process_object,
	  .where = "required to start" },
	{ "root", CPOD_KIND_OBJECT, 0, OFF (spec, root), .object = &cpod_oci_root_object,
	  .where = "required outside a pod" },
	{ "hostname", CPOD_KIND_STRING, 0, OFF (spec, hostname), .where = "sethostname" },
	{ "domainname", CPOD_KIND_STRING, 0, OFF (spec, domainname), .where = "setdomainname" },
	{ "mounts", CPOD_KIND_ARRAY, 0, OFF (spec, mounts), .object = &cpod_oci_mount_object,
	  .where = "in this order, each beneath the root" },
	{ "hooks", CPOD_KIND_OBJECT, 0, OFF (spec, hooks), .object = &cpod_oci_hooks_object,
	  .where = "a bundle's; refused in a pod" },
	{ "annotations", CPOD_KIND_PAIRS, 0, OFF (spec, annotations), .where = "kept; shown by state" },
	{ "linux", CPOD_KIND_OBJECT, 0, OFF (spec, linux_part), .object = &cpod_oci_linux_object,
	  .where = "" },
	{ "solaris", CPOD_KIND_JSON, 0, OFF (spec, solaris), .where = "ignored: not Linux" },
	{ "windows", CPOD_KIND_JSON, 0, OFF (spec, windows), .where = "ignored: not Linux" },
	{ "vm", CPOD_KIND_JSON, 0, OFF (spec, vm), .where = "ignored: not Linux" },
	{ "zos", CPOD_KIND_JSON, 0, OFF (spec, zos), .where = "ignored: not Linux" },
	{ "freebsd", CPOD_KIND_JSON, 0, OFF (spec, freebsd), .where = "ignored: not Linux" },
};
const struct cpod_object cpod_oci_spec_object = {
	"config.json", TABLE (spec, spec_fields), .check = check_spec, .open = true,
};

const struct cpod_object *const cpod_oci_objects[] = {
	&cpod_oci_spec_object, &cpod_oci_process_object, &cpod_oci_console_size_object, &cpod_oci_user_object,
	&cpod_oci_capabilities_object, &cpod_oci_rlimit_object, &cpod_oci_scheduler_object,
	&cpod_oci_io_priority_object, &cpod_oci_cpu_affinity_object, &cpod_oci_root_object,
	&cpod_oci_mount_object, &cpod_oci_hooks_object, &cpod_oci_hook_object, &cpod_oci_linux_object,
	&cpod_oci_namespace_object, &cpod_oci_id_mapping_object, &cpod_oci_time_offset_object,
	&cpod_oci_device_object, &cpod_oci_net_device_object, &cpod_oci_resources_object,
	&cpod_oci_device_rule_object, &cpod_oci_memory_object, &cpod_oci_cpu_object, &cpod_oci_pids_object,
	&cpod_oci_block_io_object, &cpod_oci_weight_device_object, &cpod_oci_throttle_device_object,
	&cpod_oci_hugepage_limit_object, &cpod_oci_network_object, &cpod_oci_network_priority_object,
	&cpod_oci_rdma_object, &cpod_oci_seccomp_object, &cpod_oci_seccomp_rule_object,
	&cpod_oci_seccomp_arg_object, &cpod_oci_intel_rdt_object, &cpod_oci_personality_object,
	&cpod_oci_memory_policy_object, NULL
};

bool
cpod_oci_is_carried_out (const char *object, const char *field)
{
	for (const struct cpod_object *const *table = cpod_oci_objects; *table != NULL; table++)
		for (size_t i = 0; strcmp ((*table)->name, object) == 0 && i < (*table)->n_fields; i++)
			if (strcmp ((*table)->fields[i].name, field) == 0)
				return ((*table)->fields[i].flags & CPOD_FIELD_NOT_YET) == 0;
	return false;
}

/* Decodes value into a new struct of object's size. */
static int
decode (struct cpod_decoder *decoder, const struct cpod_json *value, const struct cpod_object *object,
        const void **ret_struct, struct cpod_error *err)
{
	void *target = cpod_arena_alloc (decoder->arena, object->size);
	int ret;

	if (!target)
		return cpod_error_oom (err);
	ret = cpod_decode (decoder, value, object, target, err);
	if (ret == 0)
		*ret_struct = target;
	return ret;
}

int
cpod_oci_spec_decode (struct cpod_decoder *decoder, const struct cpod_json *value,
                      const struct cpod_oci_spec **ret_spec, struct cpod_error *err)
{
	return decode (decoder, value, &cpod_oci_spec_object, (const void **) ret_spec, err);
}

int
cpod_oci_process_decode (struct cpod_decoder *decoder, const struct cpod_json *value,
                         const struct cpod_oci_process **ret_process, struct cpod_error *err)
{
	return decode (decoder, value, &cpod_oci_process_object, (const void **) ret_process, err);
}

int
cpod_oci_resources_decode (struct cpod_decoder *decoder, const struct cpod_json *value,
                           const struct cpod_oci_resources **ret_resources, struct cpod_error *err)
{
	return decode (decoder, value, &cpod_oci_resources_object, (const void **) ret_resources, err);
}
