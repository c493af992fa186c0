/* The tables of `linux.resources`, which is also a document of its own (update).
 *
 * The runtime-spec speaks of cgroup v1; what version 2 cannot do is refused with the reason, and
 * never dropped. oci/cgroup-settings.c turns the rest into files and values.
 */
#include "spec-check.h"

#include <limits.h>
#include <string.h>

/* ---- devices ---- */

static const char *const rule_type_words[] = { "a", "c", "b", NULL };

static int
text_access (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	if (strlen (value->text) > 3 || strspn (value->text, "rwm") != strlen (value->text))
		return cpod_decode_error (decoder, value, err, "must be made of the letters r, w and m");
	return 0;
}

static int
check_device_rule (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                   struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = { { "access", text_access } };

	(void) target;   /* the letters are in the document */
	return cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
}

static const struct cpod_field device_rule_fields[] = {
	{ "allow", CPOD_KIND_BOOL, CPOD_FIELD_REQUIRED, OFF (device_rule, allow), .where = "eBPF" },
	{ "type", CPOD_KIND_ENUM, 0, OFF (device_rule, type), .words = rule_type_words, .where = "eBPF" },
	{ "major", CPOD_KIND_INT, 0, OFF (device_rule, major), -1, UINT32_MAX,
	  .where = "eBPF; absent or -1: all" },
	{ "minor", CPOD_KIND_INT, 0, OFF (device_rule, minor), -1, UINT32_MAX,
	  .where = "eBPF; absent or -1: all" },
	{ "access", CPOD_KIND_STRING, 0, OFF (device_rule, access), .where = "eBPF; absent: all" },
};
const struct cpod_object cpod_oci_device_rule_object = {
	"linux.resources.devices[]", TABLE (device_rule, device_rule_fields), .check = check_device_rule,
	.open = true,
};

/* ---- memory ---- */

static const struct cpod_oci_refusal memory_refusals[] = {
	{ "kernel", true, true, "cgroup v2 has no limit for kernel memory alone" },
	{ "kernelTCP", true, true, "cgroup v2 has no limit for TCP buffers alone" },
	{ "swappiness", false, false, "cgroup v2 has no swappiness of a group" },
	{ "disableOOMKiller", false, false, "cgroup v2 cannot switch the OOM killer off" },
};

static int
check_memory (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
              struct cpod_error *err)
{
	const struct cpod_oci_memory *memory = target;

	if (memory->swap.value > 0 && memory->limit.value == 0)
		return cpod_oci_field_error (decoder, value, "swap", err, "needs a \"limit\" beside it");
	if (memory->swap.value > 0 && memory->swap.value < memory->limit.value)
		return cpod_oci_field_error (decoder, value, "swap", err,
		                             "is memory plus swap, and %lld is less than the limit %lld",
		                             (long long) memory->swap.value, (long long) memory->limit.value);
	return cpod_oci_check_refusals (decoder, value, memory_refusals, N_ELEMENTS (memory_refusals), err);
}

static const struct cpod_field memory_fields[] = {
	{ "limit", CPOD_KIND_INT, 0, OFF (memory, limit), -1, INT64_MAX, .where = "memory.max" },
	{ "reservation", CPOD_KIND_INT, 0, OFF (memory, reservation), -1, INT64_MAX, .where = "memory.low" },
	{ "swap", CPOD_KIND_INT, 0, OFF (memory, swap), -1, INT64_MAX,
	  .where = "memory.swap.max = swap - limit" },
	{ "kernel", CPOD_KIND_INT, 0, OFF (memory, kernel), -1, INT64_MAX,
	  .where = "refused: cgroup v1 only" },
	{ "kernelTCP", CPOD_KIND_INT, 0, OFF (memory, kernel_tcp), -1, INT64_MAX,
	  .where = "refused: cgroup v1 only" },
	{ "swappiness", CPOD_KIND_UINT, 0, OFF (memory, swappiness), 0, 100,
	  .where = "refused: cgroup v1 only" },
	{ "disableOOMKiller", CPOD_KIND_BOOL, 0, OFF (memory, disable_oom_killer),
	  .where = "only false: cgroup v2 cannot" },
	{ "useHierarchy", CPOD_KIND_BOOL, 0, OFF (memory, use_hierarchy),
	  .where = "ignored: cgroup v2 always does" },
	{ "checkBeforeUpdate", CPOD_KIND_BOOL, 0, OFF (memory, check_before_update),
	  .where = "memory.current is compared first" },
};
const struct cpod_object cpod_oci_memory_object = {
	"linux.resources.memory", TABLE (memory, memory_fields), .check = check_memory, .open = true,
};

/* ---- cpu ---- */

static const struct cpod_oci_refusal cpu_refusals[] = {
	{ "realtimeRuntime", true, true, "cgroup v2 has no real-time budget" },
	{ "realtimePeriod", true, false, "cgroup v2 has no real-time budget" },
};

static int
check_cpu (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = {
		{ "cpus", cpod_oci_text_list },
		{ "mems", cpod_oci_text_list },
	};
	const struct cpod_oci_cpu *cpu = target;
	int ret;

	ret = cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
	if (ret < 0)
		return ret;
	if (cpu->quota.value > 0 && cpu->burst.value > (uint64_t) cpu->quota.value)
		return cpod_oci_field_error (decoder, value, "burst", err, "%llu is more than the quota %lld",
		                             (unsigned long long) cpu->burst.value,
		(long long) cpu->quota.value);
	return cpod_oci_check_refusals (decoder, value, cpu_refusals, N_ELEMENTS (cpu_refusals), err);
}

static const struct cpod_field cpu_fields[] = {
	{ "shares", CPOD_KIND_UINT, 0, OFF (cpu, shares), .where = "cpu.weight" },
	{ "quota", CPOD_KIND_INT, 0, OFF (cpu, quota), .where = "cpu.max; 0 or less: no limit" },
	{ "burst", CPOD_KIND_UINT, 0, OFF (cpu, burst), .where = "cpu.max.burst" },
	{ "period", CPOD_KIND_UINT, 0, OFF (cpu, period), .where = "cpu.max" },
	{ "realtimeRuntime", CPOD_KIND_INT, 0, OFF (cpu, realtime_runtime),
	  .where = "refused: cgroup v1 only" },
	{ "realtimePeriod", CPOD_KIND_UINT, 0, OFF (cpu, realtime_period),
	  .where = "refused: cgroup v1 only" },
	{ "cpus", CPOD_KIND_STRING, 0, OFF (cpu, cpus), .where = "cpuset.cpus" },
	{ "mems", CPOD_KIND_STRING, 0, OFF (cpu, mems), .where = "cpuset.mems" },
	{ "idle", CPOD_KIND_INT, 0, OFF (cpu, idle), 0, 1, .where = "cpu.idle" },
};
const struct cpod_object cpod_oci_cpu_object = {
	"linux.resources.cpu", TABLE (cpu, cpu_fields), .check = check_cpu, .open = true,
};

/* ---- pids, hugepageLimits ---- */

static const struct cpod_field pids_fields[] = {
	{ "limit", CPOD_KIND_INT, 0, OFF (pids, limit), -1, INT64_MAX, .where = "pids.max; -1: no limit" },
};
const struct cpod_object cpod_oci_pids_object = {
	"linux.resources.pids", TABLE (pids, pids_fields), .open = true,
};

/* "64KB", "2MB", "1GB": it becomes part of a file name. */
static int
text_page_size (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	size_t digits = strspn (value->text, "0123456789");
	const char *unit = value->text + digits;

	if (digits > 0 && digits <= 10 && value->text[0] != '0' && strlen (unit) == 2 && strchr ("KMG",
	                                                                                         unit[0]) &&
	    unit[1] == 'B')
		return 0;
	return cpod_decode_error (decoder, value, err, "must be a page size, like 64KB, 2MB or 1GB");
}

static int
check_hugepage_limit (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                      struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = { { "pageSize", text_page_size } };

	(void) target;   /* the text is in the document */
	return cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
}

static const struct cpod_field hugepage_limit_fields[] = {
	{ "pageSize", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED, OFF (hugepage_limit, page_size),
	  .where = "hugetlb.SIZE.max, and hugetlb.SIZE.rsvd.max where there is one" },
	{ "limit", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (hugepage_limit, limit), .where = "bytes" },
};
const struct cpod_object cpod_oci_hugepage_limit_object = {
	"linux.resources.hugepageLimits[]", TABLE (hugepage_limit, hugepage_limit_fields),
	.check = check_hugepage_limit, .open = true,
};

/* ---- blockIO ---- */

static const struct cpod_oci_refusal leaf_refusals[] = {
	{ "leafWeight", true, false, "cgroup v2 has no leaf weights" },
};

/* cgroup v1's range, which the runtime-spec keeps; 0 is how some callers write "not given". */
static int
check_weight (struct cpod_decoder *decoder, const struct cpod_json *value, const struct cpod_uint *weight,
              struct cpod_error *err)
{
	if (weight->value > 0 && weight->value < 10)
		return cpod_oci_field_error (decoder, value, "weight", err, "must be between 10 and 1000");
	return cpod_oci_check_refusals (decoder, value, leaf_refusals, N_ELEMENTS (leaf_refusals), err);
}

static int
check_weight_device (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                     struct cpod_error *err)
{
	const struct cpod_oci_weight_device *device = target;

	if (!device->weight.set && !device->leaf_weight.set)
		return cpod_decode_error (decoder, value, err, "\"weight\" is required");
	return check_weight (decoder, value, &device->weight, err);
}

static const struct cpod_field weight_device_fields[] = {
	{ "major", CPOD_KIND_INT, CPOD_FIELD_REQUIRED, OFF (weight_device, major), 0, UINT32_MAX,
	  .where = "io.bfq.weight" },
	{ "minor", CPOD_KIND_INT, CPOD_FIELD_REQUIRED, OFF (weight_device, minor), 0, UINT32_MAX,
	  .where = "io.bfq.weight" },
	{ "weight", CPOD_KIND_UINT, 0, OFF (weight_device, weight), 0, 1000,
	  .where = "io.bfq.weight, else io.weight" },
	{ "leafWeight", CPOD_KIND_UINT, 0, OFF (weight_device, leaf_weight), 0, 1000,
	  .where = "refused: cgroup v1 only" },
};
const struct cpod_object cpod_oci_weight_device_object = {
	"linux.resources.blockIO.weightDevice[]", TABLE (weight_device, weight_device_fields),
	.check = check_weight_device, .open = true,
};

static const struct cpod_field throttle_device_fields[] = {
	{ "major", CPOD_KIND_INT, CPOD_FIELD_REQUIRED, OFF (throttle_device, major), 0, UINT32_MAX,
	  .where = "io.max" },
	{ "minor", CPOD_KIND_INT, CPOD_FIELD_REQUIRED, OFF (throttle_device, minor), 0, UINT32_MAX,
	  .where = "io.max" },
	{ "rate", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (throttle_device, rate),
	  .where = "io.max; 0: no limit" },
};
const struct cpod_object cpod_oci_throttle_device_object = {
	"linux.resources.blockIO.throttleReadBpsDevice[]", TABLE (throttle_device, throttle_device_fields),
	.open = true,
};

static int
check_block_io (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                struct cpod_error *err)
{
	const struct cpod_oci_block_io *io = target;

	return check_weight (decoder, value, &io->weight, err);
}

static const struct cpod_field block_io_fields[] = {
	{ "weight", CPOD_KIND_UINT, 0, OFF (block_io, weight), 0, 1000,
	  .where = "io.bfq.weight, else io.weight" },
	{ "leafWeight", CPOD_KIND_UINT, 0, OFF (block_io, leaf_weight), 0, 1000,
	  .where = "refused: cgroup v1 only" },
	{ "weightDevice", CPOD_KIND_ARRAY, 0, OFF (block_io, weight_device),
	  .object = &cpod_oci_weight_device_object, .where = "io.bfq.weight, else io.weight" },
	{ "throttleReadBpsDevice", CPOD_KIND_ARRAY, 0, OFF (block_io, read_bps),
	  .object = &cpod_oci_throttle_device_object, .where = "io.max rbps" },
	{ "throttleWriteBpsDevice", CPOD_KIND_ARRAY, 0, OFF (block_io, write_bps),
	  .object = &cpod_oci_throttle_device_object, .where = "io.max wbps" },
	{ "throttleReadIOPSDevice", CPOD_KIND_ARRAY, 0, OFF (block_io, read_iops),
	  .object = &cpod_oci_throttle_device_object, .where = "io.max riops" },
	{ "throttleWriteIOPSDevice", CPOD_KIND_ARRAY, 0, OFF (block_io, write_iops),
	  .object = &cpod_oci_throttle_device_object, .where = "io.max wiops" },
};
const struct cpod_object cpod_oci_block_io_object = {
	"linux.resources.blockIO", TABLE (block_io, block_io_fields), .check = check_block_io, .open = true,
};

/* ---- network, rdma ---- */

static const struct cpod_oci_refusal network_refusals[] = {
	{ "classID", true, false, "cgroup v2 has no network classes" },
	{ "priorities", false, false, "cgroup v2 has no network priorities" },
};

static int
check_network (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
               struct cpod_error *err)
{
	(void) target;   /* nothing of it can be had */
	return cpod_oci_check_refusals (decoder, value, network_refusals, N_ELEMENTS (network_refusals), err);
}

static const struct cpod_field network_priority_fields[] = {
	{ "name", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED | CPOD_FIELD_NONEMPTY, OFF (network_priority, name),
	  .where = "refused: cgroup v1 only" },
	{ "priority", CPOD_KIND_UINT, CPOD_FIELD_REQUIRED, OFF (network_priority, priority), 0, UINT32_MAX,
	  .where = "refused: cgroup v1 only" },
};
const struct cpod_object cpod_oci_network_priority_object = {
	"linux.resources.network.priorities[]", TABLE (network_priority, network_priority_fields),
	.open = true,
};

static const struct cpod_field network_fields[] = {
	{ "classID", CPOD_KIND_UINT, 0, OFF (network, class_id), 0, UINT32_MAX,
	  .where = "refused: cgroup v1 only" },
	{ "priorities", CPOD_KIND_ARRAY, 0, OFF (network, priorities),
	  .object = &cpod_oci_network_priority_object,
	  .where = "refused: cgroup v1 only" },
};
const struct cpod_object cpod_oci_network_object = {
	"linux.resources.network", TABLE (network, network_fields), .check = check_network, .open = true,
};

static int
check_rdma (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	const struct cpod_oci_rdma *rdma = target;

	if (!rdma->hca_handles.set && !rdma->hca_objects.set)
		return cpod_decode_error (decoder, value, err,
		                          "\"hcaHandles\" or \"hcaObjects\" is required");
	return 0;
}

static const struct cpod_field rdma_fields[] = {
	{ "hcaHandles", CPOD_KIND_UINT, 0, OFF (rdma, hca_handles), 0, UINT32_MAX, .where = "rdma.max" },
	{ "hcaObjects", CPOD_KIND_UINT, 0, OFF (rdma, hca_objects), 0, UINT32_MAX, .where = "rdma.max" },
};
const struct cpod_object cpod_oci_rdma_object = {
	"linux.resources.rdma{}", TABLE (rdma, rdma_fields), .check = check_rdma, .open = true,
};

/* ---- resources ---- */

/* A file of a controller in the group itself. cgroup.procs, cgroup.kill and their like are the
 * runtime's own, not settings. */
static int
text_unified (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err)
{
	const char *name = value->key, *dot = strchr (name, '.');

	if (!dot || dot == name || dot[1] == '\0' || strlen (name) > NAME_MAX || strstr (name, "..") ||
	    strspn (name,
	            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != strlen (name))
		return cpod_decode_error (decoder, value, err,
		                          "\"%.64s\" is no cgroup file, like memory.high", name);
	if (strncmp (name, "cgroup.", strlen ("cgroup.")) == 0)
		return cpod_decode_error (decoder, value, err, "\"%.64s\" belongs to no controller", name);
	return 0;
}

static int
check_resources (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                 struct cpod_error *err)
{
	static const struct cpod_oci_rule rules[] = { { "unified", text_unified } };

	(void) target;   /* the names are in the document */
	return cpod_oci_check_rules (decoder, value, rules, N_ELEMENTS (rules), err);
}

static const struct cpod_field resources_fields[] = {
	{ "devices", CPOD_KIND_ARRAY, 0, OFF (resources, devices), .object = &cpod_oci_device_rule_object,
	  .where = "an eBPF program on the group" },
	{ "memory", CPOD_KIND_OBJECT, 0, OFF (resources, memory), .object = &cpod_oci_memory_object,
	  .where = "the memory controller" },
	{ "cpu", CPOD_KIND_OBJECT, 0, OFF (resources, cpu), .object = &cpod_oci_cpu_object,
	  .where = "the cpu and cpuset controllers" },
	{ "pids", CPOD_KIND_OBJECT, 0, OFF (resources, pids), .object = &cpod_oci_pids_object,
	  .where = "the pids controller" },
	{ "blockIO", CPOD_KIND_OBJECT, 0, OFF (resources, block_io), .object = &cpod_oci_block_io_object,
	  .where = "the io controller" },
	{ "hugepageLimits", CPOD_KIND_ARRAY, 0, OFF (resources, hugepage_limits),
	  .object = &cpod_oci_hugepage_limit_object, .where = "the hugetlb controller" },
	{ "network", CPOD_KIND_OBJECT, 0, OFF (resources, network), .object = &cpod_oci_network_object,
	  .where = "refused: cgroup v1 only" },
	{ "rdma", CPOD_KIND_MAP, CPOD_FIELD_NOT_YET, OFF (resources, rdma), .object = &cpod_oci_rdma_object,
	  .where = "not yet" },
	{ "unified", CPOD_KIND_PAIRS, 0, OFF (resources, unified), .where = "written as it stands" },
};
const struct cpod_object cpod_oci_resources_object = {
	"linux.resources", TABLE (resources, resources_fields), .check = check_resources, .open = true,
};
