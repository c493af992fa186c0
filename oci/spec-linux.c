/* The tables of `linux`, except seccomp and resources, which have files of their own.
 *
 * Whether a namespace file, a device or a sysctl may be had is not known here: only what the
 * document says is looked at.
 */
#include "spec-check.h"

#include <limits.h>
#include <net/if.h>
#include <string.h>

const char *const cpod_oci_namespace_words[] = {
	"mount", "pid", "network", "ipc", "uts", "cgroup", "user", "time", NULL
};
_Static_assert (N_ELEMENTS (cpod_oci_namespace_words) == CPOD_OCI_N_NS + 1, "one word each");

const char *const cpod_oci_propagation_words[] = {
	"private", "rprivate", "slave", "rslave", "shared", "rshared", "unbindable", "runbindable", NULL
};
_Static_assert (N_ELEMENTS (cpod_oci_propagation_words) == CPOD_OCI_PROPAGATION_RUNBINDABLE + 2,
                "one word each");

static const char *const device_type_words[] = { "c", "b", "u", "p", NULL };
static const char *const clock_words[] = { "monotonic", "boottime", NULL };
static const char *const domain_words[] = { "LINUX", "LINUX32", NULL };
static const char *const mode_words[] = {
	"MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED_MANY",
	"MPOL_WEIGHTED_INTERLEAVE", NULL
};
static const char *const mode_flag_words[] = {
	"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES", NULL
};

/* ---- namespaces ---- */

static int
check_namespace (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                 struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = { { "path", cpod_oci_text_absolute } };
	const struct cpod_oci_namespace *namespace = target;
	int ret;

	ret = cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
	if (ret < 0)
		return ret;
	if (namespace->type.value == CPOD_OCI_NS_USER && (decoder->flags & CPOD_OCI_SPEC_PARTIAL))
		return cpod_oci_not_yet (decoder, value, "type", "a user namespace of a single container (hostUsers gives the pod one)", err);
	if (namespace->type.value == CPOD_OCI_NS_USER && namespace->path != NULL && namespace->path[0] != '\0')
		return cpod_oci_not_yet (decoder, value, "path", "joining a user namespace", err);
	if (namespace->type.value == CPOD_OCI_NS_TIME)
		return cpod_oci_not_yet (decoder, value, "type", "a time namespace", err);
	return 0;
}

static const struct cpod_field namespace_fields[] = {
	{ "type", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (namespace, type),
	  .words = cpod_oci_namespace_words,
	  .where = "clone3; user: a bundle's, and new; time: not yet" },
	{ "path", CPOD_KIND_STRING, CPOD_FIELD_ABSOLUTE, OFF (namespace, path),
	  .where = "setns; absent: a new one" },
};
const struct cpod_object cpod_oci_namespace_object = {
	"linux.namespaces[]", TABLE (namespace, namespace_fields), .check = check_namespace, .open = true,
};

static int
text_clock (struct cpod_decoder *decoder, const char *clock, const struct cpod_json *value,
            struct cpod_error *err)
{
	size_t i;

	for (i = 0; clock_words[i]; i++)
		if (strcmp (clock_words[i], clock) == 0)
			return 0;
	return cpod_decode_error (decoder, value, err, "\"%.64s\" is no clock: monotonic or boottime", clock);
}

static int
check_time_offset (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                   struct cpod_error *err)
{
	const struct cpod_oci_time_offset *offset = target;

	return text_clock (decoder, offset->clock, value, err);
}

static const struct cpod_field time_offset_fields[] = {
	{ "secs", CPOD_KIND_INT, 0, OFF (time_offset, secs), .where = "/proc/PID/timens_offsets" },
	{ "nanosecs", CPOD_KIND_UINT, 0, OFF (time_offset, nanosecs), 0, 999999999,
	  .where = "/proc/PID/timens_offsets" },
};
const struct cpod_object cpod_oci_time_offset_object = {
	"linux.timeOffsets{}", TABLE (time_offset, time_offset_fields), .check = check_time_offset,
	.open = true,
};

/* netdevice(7), and what the kernel's dev_valid_name refuses. */
static int
text_interface (struct cpod_decoder *decoder, const struct cpod_json *value, const char *name,
                struct cpod_error *err)
{
	const char *c;

	if (strlen (name) == 0 || strlen (name) >= IFNAMSIZ || strcmp (name, ".") == 0 || strcmp (name,
	                                                                                          "..") == 0)
		return cpod_decode_error (decoder, value, err, "\"%.64s\" is no interface name", name);
	for (c = name; *c; c++)
		if ((unsigned char) *c <= ' ' || *c == 0x7f || *c == '/' || *c == ':')
			return cpod_decode_error (decoder, value, err, "\"%.64s\" is no interface name",
			                          name);
	return 0;
}

static int
check_net_device (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                  struct cpod_error *err)
{
	const struct cpod_oci_net_device *device = target;
	int ret;

	ret = text_interface (decoder, value, device->host_name, err);
	if (ret < 0 || !device->name || device->name[0] == '\0')
		return ret;
	return text_interface (decoder, value, device->name, err);
}

static const struct cpod_field net_device_fields[] = {
	{ "name", CPOD_KIND_STRING, 0, OFF (net_device, name), .where = "the name inside" },
};
const struct cpod_object cpod_oci_net_device_object = {
	"linux.netDevices{}", TABLE (net_device, net_device_fields), .check = check_net_device, .open = true,
};

/* ---- id mappings ---- */

static int
check_id_mapping (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                  struct cpod_error *err)
{
	const struct cpod_oci_id_mapping *mapping = target;
	uint64_t room = CPOD_OCI_ID_MAX + 1ull - mapping->size.value;

	if (mapping->container_id.value > room)
		return cpod_oci_field_error (decoder, value, "size", err,
		                             "the range in the container ends past %lld",
		                             (long long) CPOD_OCI_ID_MAX);
	if (mapping->host_id.value > room)
		return cpod_oci_field_error (decoder, value, "size", err,
		                             "the range on the host ends past %lld",
		                             (long long) CPOD_OCI_ID_MAX);
	return 0;
}

static const struct cpod_field id_mapping_fields[] = {
	{ "containerID", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (id_mapping, container_id), 0,
	  CPOD_OCI_ID_MAX,
	  .where = "/proc/PID/uid_map, gid_map" },
	{ "hostID", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (id_mapping, host_id), 0, CPOD_OCI_ID_MAX,
	  .where = "/proc/PID/uid_map, gid_map" },
	{ "size", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (id_mapping, size), 1, CPOD_OCI_ID_MAX,
	  .where = "/proc/PID/uid_map, gid_map" },
};
const struct cpod_object cpod_oci_id_mapping_object = {
	"linux.uidMappings[]", TABLE (id_mapping, id_mapping_fields), .check = check_id_mapping, .open = true,
};

/* ---- devices ---- */

static int
check_device (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
              struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = { { "path", cpod_oci_text_absolute } };
	const struct cpod_oci_device *device = target;
	int ret;

	ret = cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
	if (ret < 0)
		return ret;
	if (device->type.value == CPOD_OCI_DEVICE_FIFO || (device->major.set && device->minor.set))
		return 0;
	return cpod_decode_error (decoder, value, err, "\"%s\" is required for a device of type \"%s\"",
	                          device->major.set ? "minor" : "major",
	device_type_words[device->type.value]);
}

static const struct cpod_field device_fields[] = {
	{ "type", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (device, type), .words = device_type_words,
	  .where = "mknodat" },
	{ "path", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED | CPOD_FIELD_ABSOLUTE, OFF (device, path),
	  .where = "opened beneath the root" },
	{ "major", CPOD_KIND_INT, 0, OFF (device, major), 0, 4095,
	  .where = "mknodat; required unless type is p" },
	{ "minor", CPOD_KIND_INT, 0, OFF (device, minor), 0, 1048575,
	  .where = "mknodat; required unless type is p" },
	{ "fileMode", CPOD_KIND_UINT, 0, OFF (device, file_mode), 0, 0177777,
	  .where = "fchmod; a decimal number" },
	{ "uid", CPOD_KIND_UINT, 0, OFF (device, uid), 0, CPOD_OCI_ID_MAX, .where = "fchown" },
	{ "gid", CPOD_KIND_UINT, 0, OFF (device, gid), 0, CPOD_OCI_ID_MAX, .where = "fchown" },
};
const struct cpod_object cpod_oci_device_object = {
	"linux.devices[]", TABLE (device, device_fields), .check = check_device, .open = true,
};

/* ---- what is not carried out yet ---- */

static int
check_intel_rdt (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                 struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = {
		{ "l3CacheSchema", cpod_oci_text_plain },
		{ "memBwSchema", cpod_oci_text_plain },
		{ "schemata", cpod_oci_text_plain },
		{ "closID", cpod_oci_text_path },
	};
	const struct cpod_oci_intel_rdt *rdt = target;

	if (rdt->clos_id && (strchr (rdt->clos_id, '/') || strcmp (rdt->clos_id, "..") == 0 ||
	                     strcmp (rdt->clos_id, ".") == 0))
		return cpod_oci_field_error (decoder, value, "closID", err,
		                             "must be the name of one directory");
	return cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
}

static const struct cpod_field intel_rdt_fields[] = {
	{ "closID", CPOD_KIND_STRING, 0, OFF (intel_rdt, clos_id), .where = "resctrl" },
	{ "schemata", CPOD_KIND_STRINGS, 0, OFF (intel_rdt, schemata), .where = "resctrl" },
	{ "l3CacheSchema", CPOD_KIND_STRING, 0, OFF (intel_rdt, l3_cache_schema), .where = "resctrl" },
	{ "memBwSchema", CPOD_KIND_STRING, 0, OFF (intel_rdt, mem_bw_schema), .where = "resctrl" },
	{ "enableMonitoring", CPOD_KIND_BOOL, 0, OFF (intel_rdt, enable_monitoring), .where = "resctrl" },
	{ "enableCMT", CPOD_KIND_BOOL, 0, OFF (intel_rdt, enable_cmt), .where = "resctrl" },
	{ "enableMBM", CPOD_KIND_BOOL, 0, OFF (intel_rdt, enable_mbm), .where = "resctrl" },
};
const struct cpod_object cpod_oci_intel_rdt_object = {
	"linux.intelRdt", TABLE (intel_rdt, intel_rdt_fields), .check = check_intel_rdt, .open = true,
};

static const struct cpod_field personality_fields[] = {
	{ "domain", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (personality, domain), .words = domain_words,
	  .where = "personality" },
	{ "flags", CPOD_KIND_STRINGS, 0, OFF (personality, flags), .where = "personality; none is defined" },
};
const struct cpod_object cpod_oci_personality_object = {
	"linux.personality", TABLE (personality, personality_fields), .open = true,
};

static int
text_mode_flag (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	return cpod_oci_text_word (decoder, value, mode_flag_words, err);
}

static int
check_memory_policy (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                     struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = {
		{ "nodes", cpod_oci_text_list },
		{ "flags", text_mode_flag },
	};

	(void) target;   /* the words are in the document */
	return cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
}

static const struct cpod_field memory_policy_fields[] = {
	{ "mode", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (memory_policy, mode), .words = mode_words,
	  .where = "set_mempolicy" },
	{ "nodes", CPOD_KIND_STRING, 0, OFF (memory_policy, nodes), .where = "set_mempolicy" },
	{ "flags", CPOD_KIND_STRINGS, 0, OFF (memory_policy, flags), .where = "set_mempolicy" },
};
const struct cpod_object cpod_oci_memory_policy_object = {
	"linux.memoryPolicy", TABLE (memory_policy, memory_policy_fields), .check = check_memory_policy,
	.open = true,
};

/* ---- linux ---- */

/* A relative or absolute path below the cgroup root: it may not climb out of it. */
static int
text_cgroups_path (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	const char *c = value->text, *end;

	while (*c) {
		end = strchrnul (c, '/');
		if (end - c == 2 && c[0] == '.' && c[1] == '.')
			return cpod_decode_error (decoder, value, err, "must not have a \"..\" component");
		if (end - c > NAME_MAX)
			return cpod_decode_error (decoder, value, err,
			                          "has a component of more than %d bytes", NAME_MAX);
		c = *end ? end + 1 : end;
	}
	return cpod_oci_text_path (decoder, value, err);
}

/* sysctl(8): names of letters, digits and - _ : @ between dots, or between slashes (then a name
 * may have dots, as eth0.5). At least two, none empty, "." or "..": the name becomes a path below
 * /proc/sys, and a '=' in it would be a second setting to some readers. */
static bool
is_sysctl_name (const char *name)
{
	size_t dot = strcspn (name, "./");
	const char separator = name[dot], *c = name, *end;
	size_t parts = 0;

	if (strspn (name,
	            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:@./") != strlen (name))
		return false;
	for (;; c = end + 1, parts++) {
		end = strchrnul (c, separator);
		if (end == c || (end - c == 1 && c[0] == '.') || (end - c == 2 && c[0] == '.' && c[1] == '.'))
			return false;
		if (separator == '.' && memchr (c, '/', (size_t) (end - c)))
			return false;
		if (*end == '\0')
			return parts >= 1;
	}
}

static int
text_sysctl (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	const char *c;

	if (!is_sysctl_name (value->key))
		return cpod_decode_error (decoder, value, err,
		                          "\"%.64s\" is no sysctl name, like net.ipv4.ip_forward",
		                          value->key);
	for (c = value->text; *c; c++)
		if ((unsigned char) *c < 0x20 && *c != '\t')
			return cpod_decode_error (decoder, value, err, "must not contain control characters");
	return 0;
}

static int
check_namespaces_once (struct cpod_decoder *decoder, const struct cpod_json *value,
                       const struct cpod_array *array, struct cpod_error *err)
{
	const struct cpod_oci_namespace *namespaces = array->items;
	unsigned int seen = 0;
	size_t i;

	for (i = 0; i < array->n; i++) {
		if (seen & (1u << namespaces[i].type.value))
			return cpod_oci_item_error (decoder, value, "namespaces", i, err,
			                            "\"%s\" stands here twice",
			                            cpod_oci_namespace_words[namespaces[i].type.value]);
		seen |= 1u << namespaces[i].type.value;
	}
	return 0;
}

static int
check_devices_once (struct cpod_decoder *decoder, const struct cpod_json *value,
                    const struct cpod_array *array, struct cpod_error *err)
{
	const struct cpod_oci_device *devices = array->items;
	size_t i, j;

	if (array->n > 1024)   /* keeps the comparison below short */
		return cpod_oci_field_error (decoder, value, "devices", err, "more than 1024 devices");
	for (i = 0; i < array->n; i++)
		for (j = 0; j < i; j++)
			if (strcmp (devices[i].path, devices[j].path) == 0)
				return cpod_oci_item_error (decoder, value, "devices", i, err,
				                            "the path %.256s stands here twice",
				devices[i].path);
	return 0;
}

static int
check_linux (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
             struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = {
		{ "cgroupsPath", text_cgroups_path },
		{ "maskedPaths", cpod_oci_text_absolute },
		{ "readonlyPaths", cpod_oci_text_absolute },
		{ "mountLabel", cpod_oci_text_plain },
		{ "sysctl", text_sysctl },
	};
	const struct cpod_oci_linux *part = target;
	int ret;

	ret = cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
	if (ret == 0)
		ret = check_namespaces_once (decoder, value, &part->namespaces, err);
	if (ret == 0)
		ret = check_devices_once (decoder, value, &part->devices, err);
	return ret;
}

static const struct cpod_field linux_fields[] = {
	{ "namespaces", CPOD_KIND_ARRAY, 0, OFF (linux, namespaces), .object = &cpod_oci_namespace_object,
	  .where = "clone3, setns" },
	{ "uidMappings", CPOD_KIND_ARRAY, 0, OFF (linux, uid_mappings), .object = &cpod_oci_id_mapping_object,
	  .where = "of a new user namespace" },
	{ "gidMappings", CPOD_KIND_ARRAY, 0, OFF (linux, gid_mappings), .object = &cpod_oci_id_mapping_object,
	  .where = "of a new user namespace" },
	{ "timeOffsets", CPOD_KIND_MAP, CPOD_FIELD_NOT_YET, OFF (linux, time_offsets),
	  .object = &cpod_oci_time_offset_object, .where = "not yet" },
	{ "devices", CPOD_KIND_ARRAY, 0, OFF (linux, devices), .object = &cpod_oci_device_object,
	  .where = "made in the container's /dev, beside the default ones" },
	{ "netDevices", CPOD_KIND_MAP, CPOD_FIELD_NOT_YET, OFF (linux, net_devices),
	  .object = &cpod_oci_net_device_object, .where = "not yet" },
	{ "cgroupsPath", CPOD_KIND_STRING, 0, OFF (linux, cgroups_path),
	  .where = "the container's own cgroup, below the root of the cgroup tree" },
	{ "resources", CPOD_KIND_OBJECT, 0, OFF (linux, resources), .object = &cpod_oci_resources_object,
	  .where = "limits, by the controllers of cgroup v2; a missing one is an error" },
	{ "rootfsPropagation", CPOD_KIND_ENUM, 0, OFF (linux, rootfs_propagation),
	  .words = cpod_oci_propagation_words, .where = "mount_setattr of the root" },
	{ "seccomp", CPOD_KIND_OBJECT, 0, OFF (linux, seccomp), .object = &cpod_oci_seccomp_object,
	  .where = "one filter for entry point, exec and probes" },
	{ "maskedPaths", CPOD_KIND_STRINGS, 0, OFF (linux, masked_paths),
	  .where = "covered; a path that does not exist is fine" },
	{ "readonlyPaths", CPOD_KIND_STRINGS, 0, OFF (linux, readonly_paths),
	  .where = "made read-only in place; a path that does not exist is fine" },
	{ "mountLabel", CPOD_KIND_STRING, CPOD_FIELD_NOT_YET, OFF (linux, mount_label), .where = "not yet" },
	{ "intelRdt", CPOD_KIND_OBJECT, CPOD_FIELD_NOT_YET, OFF (linux, intel_rdt),
	  .object = &cpod_oci_intel_rdt_object, .where = "not yet" },
	{ "personality", CPOD_KIND_OBJECT, CPOD_FIELD_NOT_YET, OFF (linux, personality),
	  .object = &cpod_oci_personality_object, .where = "not yet" },
	{ "sysctl", CPOD_KIND_PAIRS, 0, OFF (linux, sysctl),
	  .where = "only those of the container's own namespaces" },
	{ "memoryPolicy", CPOD_KIND_OBJECT, CPOD_FIELD_NOT_YET, OFF (linux, memory_policy),
	  .object = &cpod_oci_memory_policy_object, .where = "not yet" },
};
const struct cpod_object cpod_oci_linux_object = {
	"linux", TABLE (linux, linux_fields), .check = check_linux, .open = true,
};
