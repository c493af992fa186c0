/* linux.resources as writes to the files of cgroup v2: pure data, nothing is opened here.
 *
 * The runtime-spec speaks of cgroup v1. 0 stands for "not given" where v1's own tools meant that
 * (limit, reservation, swap, shares, period, weight, pids), -1 for "no limit". The order of the
 * writes is that of this file, with `unified` last, so that it can correct the others.
 */
#include "cgroup.h"

#include "src/base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* The list while it grows. */
struct list {
	struct cpod_arena *arena;
	struct cpod_cgroup_setting *items;
	size_t n, room;
	bool failed;               /* memory is out: asked once, at the end */
};

#define DEFAULT_WEIGHT 100         /* of every group; 1024 shares */
#define FIELD(name) "linux.resources." name

/* ---- weights ---- */

/* log2 of x >= 1 by squaring, good to about 14 digits: no maths library in a static program. */
static double
log2_of (uint64_t x)
{
	unsigned int whole = 63 - (unsigned int) __builtin_clzll (x);
	double mantissa = (double) x / (double) (1ull << whole), result = whole, bit = 1;
	int i;

	for (i = 0; i < 50; i++) {
		bit /= 2;
		mantissa *= mantissa;
		if (mantissa >= 2) {
			mantissa /= 2;
			result += bit;
		}
	}
	return result;
}

/* The smallest weight whose decimal logarithm is at least (l^2 + 125 l) / 612 - 7 / 34, with l the
 * binary logarithm of the shares. */
uint64_t
cpod_cgroup_weight_of_shares (uint64_t shares)
{
	const double log2_of_10 = 3.32192809488736234787, slack = 1e-9;
	uint64_t low = 1, high = 10000, middle;
	double l, exponent;

	if (shares == 0)
		return 0;
	if (shares <= 2)
		return low;
	if (shares >= 262144)
		return high;
	l = log2_of (shares);
	exponent = (l * l + 125 * l - 126) / 612;
	while (low < high) {
		middle = (low + high) / 2;
		if (log2_of (middle) / log2_of_10 >= exponent - slack)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Linear from 10..1000 to 1..10000. */
uint64_t
cpod_cgroup_weight_of_blkio (uint64_t weight)
{
	if (weight == 0)
		return 0;
	return weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

/* ---- the list ---- */

/* A new element, or NULL. Its strings are the caller's to fill in. */
static struct cpod_cgroup_setting *
add (struct list *list, const char *field, const char *controller, const char *file, const char *value)
{
	struct cpod_cgroup_setting *setting;

	if (list->failed || !value || !file || list->n == list->room) {
		list->failed = true;
		return NULL;
	}
	setting = &list->items[list->n++];
	setting->field = field;
	setting->controller = controller;
	setting->file = file;
	setting->value = value;
	return setting;
}

/* A limit in bytes or tasks: -1 is "max", 0 is not given. */
static struct cpod_cgroup_setting *
add_limit (struct list *list, const char *field, const char *controller, const char *file, int64_t value)
{
	struct cpod_cgroup_setting *setting;

	if (value == 0)
		return NULL;
	setting = add (list, field, controller, file, value < 0 ? "max" : cpod_arena_printf (list->arena, "%" PRId64, value));
	if (setting)
		setting->is_default = value < 0;
	return setting;
}

/* ---- the parts ---- */

/* v1's swap is memory plus swap. *ret_swap: what goes to memory.swap.max, -1 for no limit, 0 for
 * not given. *ret_zero: no swap at all. */
static int
convert_swap (const struct cpod_oci_memory *memory, int64_t *ret_swap, bool *ret_zero, struct cpod_error *err)
{
	int64_t limit = memory->limit.value, swap = memory->swap.value;

	*ret_zero = false;
	*ret_swap = swap;
	if (limit == -1 && swap == 0)
		*ret_swap = -1;   /* no limit on memory meant none on swap either */
	if (swap <= 0 || limit == -1)
		return 0;
	if (limit == 0)
		return cpod_error_set (err, EINVAL, FIELD ("memory.swap") ": needs a \"limit\" beside it");
	if (swap < limit)
		return cpod_error_set (err, EINVAL,
		                       FIELD ("memory.swap") ": is memory plus swap, and %" PRId64
		                       " is less than the limit %" PRId64, swap, limit);
	*ret_swap = swap - limit;
	*ret_zero = swap == limit;
	return 0;
}

/* A kernel without swap accounting lacks the file: then "no limit" and "none" hold anyway. */
static int
add_swap (struct list *list, const struct cpod_oci_memory *memory, struct cpod_error *err)
{
	struct cpod_cgroup_setting *setting;
	int64_t swap;
	bool zero;
	int ret;

	ret = convert_swap (memory, &swap, &zero, err);
	if (ret < 0)
		return ret;
	if (zero)
		setting = add (list, FIELD ("memory.swap"), "memory", "memory.swap.max", "0");
	else
		setting = add_limit (list, FIELD ("memory.swap"), "memory", "memory.swap.max", swap);
	if (setting)
		setting->may_lack = zero || swap < 0;
	return 0;
}

static int
add_memory (struct list *list, const struct cpod_oci_memory *memory, struct cpod_error *err)
{
	struct cpod_cgroup_setting *setting;
	int ret;

	ret = add_swap (list, memory, err);
	if (ret < 0)
		return ret;
	setting = add_limit (list, FIELD ("memory.limit"), "memory", "memory.max", memory->limit.value);
	if (setting && memory->check_before_update.value && memory->limit.value > 0)
		setting->in_use_file = "memory.current";
	(void) add_limit (list, FIELD ("memory.reservation"), "memory", "memory.low",
	                  memory->reservation.value);
	return 0;
}

/* Quota and period share one file; either of them may be absent. */
static void
add_cpu_max (struct list *list, const struct cpod_oci_cpu *cpu)
{
	uint64_t period = cpu->period.value ? cpu->period.value : 100000;
	const char *value;

	if (cpu->quota.value == 0 && cpu->period.value == 0)
		return;
	if (cpu->quota.value > 0)
		value = cpod_arena_printf (list->arena, "%" PRId64 " %" PRIu64, cpu->quota.value, period);
	else
		value = cpod_arena_printf (list->arena, "max %" PRIu64, period);
	(void) add (list, cpu->quota.value ? FIELD ("cpu.quota") : FIELD ("cpu.period"), "cpu", "cpu.max",
	            value);
}

static void
add_cpu (struct list *list, const struct cpod_oci_cpu *cpu)
{
	uint64_t weight = cpod_cgroup_weight_of_shares (cpu->shares.value);
	struct cpod_cgroup_setting *setting = NULL;

	if (weight)
		setting = add (list, FIELD ("cpu.shares"), "cpu", "cpu.weight", cpod_arena_printf (list->arena, "%" PRIu64, weight));
	if (setting)
		setting->is_default = weight == DEFAULT_WEIGHT;
	add_cpu_max (list, cpu);
	if (cpu->burst.set)
		(void) add (list, FIELD ("cpu.burst"), "cpu", "cpu.max.burst",
		            cpod_arena_printf (list->arena, "%" PRIu64, cpu->burst.value));
	if (cpu->idle.set)
		(void) add (list, FIELD ("cpu.idle"), "cpu", "cpu.idle", cpu->idle.value ? "1" : "0");
	if (cpu->cpus && cpu->cpus[0])
		(void) add (list, FIELD ("cpu.cpus"), "cpuset", "cpuset.cpus", cpu->cpus);
	if (cpu->mems && cpu->mems[0])
		(void) add (list, FIELD ("cpu.mems"), "cpuset", "cpuset.mems", cpu->mems);
}

/* BFQ has v1's range; io.weight has its own. device: "MAJOR:MINOR " or "". */
static void
add_weight (struct list *list, const char *field, const char *device, uint64_t weight)
{
	struct cpod_cgroup_setting *setting;

	if (weight == 0)
		return;
	setting = add (list, field, "io", "io.bfq.weight",
	               cpod_arena_printf (list->arena, "%s%" PRIu64, device, weight));
	if (!setting)
		return;
	setting->else_file = "io.weight";
	setting->else_value = cpod_arena_printf (list->arena, "%s%" PRIu64, device,
	                                         cpod_cgroup_weight_of_blkio (weight));
	list->failed = list->failed || !setting->else_value;
}

/* key: "rbps", "wbps", "riops" or "wiops". A rate of 0 lifts the limit, as in v1. */
static void
add_throttles (struct list *list, const char *field, const char *key, const struct cpod_array *array)
{
	const struct cpod_oci_throttle_device *device = array->items;
	const char *value;
	size_t i;

	for (i = 0; i < array->n; i++, device++) {
		if (device->rate.value == 0)
			value = cpod_arena_printf (list->arena, "%" PRId64 ":%" PRId64 " %s=max",
			                           device->major.value,
			                           device->minor.value, key);
		else
			value = cpod_arena_printf (list->arena, "%" PRId64 ":%" PRId64 " %s=%" PRIu64,
			                           device->major.value, device->minor.value, key,
			device->rate.value);
		(void) add (list, field, "io", "io.max", value);
	}
}

static void
add_block_io (struct list *list, const struct cpod_oci_block_io *io)
{
	const struct cpod_oci_weight_device *device = io->weight_device.items;
	const char *name;
	size_t i;

	add_weight (list, FIELD ("blockIO.weight"), "", io->weight.value);
	for (i = 0; i < io->weight_device.n; i++, device++) {
		name = cpod_arena_printf (list->arena, "%" PRId64 ":%" PRId64 " ", device->major.value,
		                          device->minor.value);
		list->failed = list->failed || !name;
		add_weight (list, FIELD ("blockIO.weightDevice"), name ? name : "", device->weight.value);
	}
	add_throttles (list, FIELD ("blockIO.throttleReadBpsDevice"), "rbps", &io->read_bps);
	add_throttles (list, FIELD ("blockIO.throttleWriteBpsDevice"), "wbps", &io->write_bps);
	add_throttles (list, FIELD ("blockIO.throttleReadIOPSDevice"), "riops", &io->read_iops);
	add_throttles (list, FIELD ("blockIO.throttleWriteIOPSDevice"), "wiops", &io->write_iops);
}

/* Reservations are limited too where the kernel can, so that mmap fails instead of a later SIGBUS. */
static void
add_hugepages (struct list *list, const struct cpod_array *array)
{
	const struct cpod_oci_hugepage_limit *limit = array->items;
	struct cpod_cgroup_setting *setting;
	const char *value;
	size_t i;

	for (i = 0; i < array->n; i++, limit++) {
		value = cpod_arena_printf (list->arena, "%" PRIu64, limit->limit.value);
		(void) add (list, FIELD ("hugepageLimits"), "hugetlb",
		            cpod_arena_printf (list->arena, "hugetlb.%s.max", limit->page_size), value);
		setting = add (list, FIELD ("hugepageLimits"), "hugetlb",
		               cpod_arena_printf (list->arena, "hugetlb.%s.rsvd.max", limit->page_size),
		value);
		if (setting)
			setting->may_lack = true;
	}
}

/* How many writes a value takes: the kernel reads one line of each. */
static size_t
count_lines (const char *value)
{
	size_t n = 1;

	for (; (value = strchr (value, '\n')); value++)
		n++;
	return n;
}

/* One file of `unified`, a write for each line that is not empty. */
static void
add_unified (struct list *list, const struct cpod_pair *pair)
{
	const char *field = cpod_arena_printf (list->arena, FIELD ("unified[\"%s\"]"), pair->key);
	const char *controller = cpod_arena_strndup (list->arena, pair->key, strcspn (pair->key, "."));
	const char *line = pair->value, *end;

	if (!field || !controller)
		list->failed = true;
	for (; *line; line = *end ? end + 1 : end) {
		end = strchrnul (line, '\n');
		if (end > line)
			(void) add (list, field, controller, pair->key,
			            cpod_arena_strndup (list->arena, line, (size_t) (end - line)));
	}
}

/* At most this many writes come of resources. */
static size_t
count (const struct cpod_oci_resources *resources)
{
	size_t n = 16, i;   /* the fields that are there once */

	if (resources->block_io)
		n += resources->block_io->weight_device.n + resources->block_io->read_bps.n
		     + resources->block_io->write_bps.n + resources->block_io->read_iops.n
		     + resources->block_io->write_iops.n;
	n += 2 * resources->hugepage_limits.n;
	for (i = 0; i < resources->unified.n; i++)
		n += count_lines (resources->unified.items[i].value);
	return n;
}

/* A file of the group itself, of some controller (the decoder checked the letters already). */
static int
check_unified (const struct cpod_pair *pair, struct cpod_error *err)
{
	if (strchr (pair->key, '/') || pair->key[0] == '.' || !strchr (pair->key, '.')
	    || strncmp (pair->key, "cgroup.", strlen ("cgroup.")) == 0)
		return cpod_error_set (err, EINVAL,
		                       FIELD ("unified") ": \"%.64s\" is no file of a controller",
		                       pair->key);
	return 0;
}

static int
add_all (struct list *list, const struct cpod_oci_resources *resources, struct cpod_error *err)
{
	size_t i;
	int ret;

	if (resources->memory) {
		ret = add_memory (list, resources->memory, err);
		if (ret < 0)
			return ret;
	}
	if (resources->cpu)
		add_cpu (list, resources->cpu);
	if (resources->pids)
		(void) add_limit (list, FIELD ("pids.limit"), "pids", "pids.max",
		                  resources->pids->limit.value);
	if (resources->block_io)
		add_block_io (list, resources->block_io);
	add_hugepages (list, &resources->hugepage_limits);
	for (i = 0; i < resources->unified.n; i++) {
		ret = check_unified (&resources->unified.items[i], err);
		if (ret < 0)
			return ret;
		add_unified (list, &resources->unified.items[i]);
	}
	return list->failed ? cpod_error_oom (err) : 0;
}

int
cpod_cgroup_settings_make (const struct cpod_oci_resources *resources, struct cpod_arena *arena,
                           struct cpod_cgroup_settings *ret_settings, struct cpod_error *err)
{
	struct list list = { .arena = arena };
	int ret;

	if (resources) {
		list.room = count (resources);
		list.items = cpod_arena_array (arena, list.room, sizeof (*list.items));
		if (!list.items)
			return cpod_error_oom (err);
		ret = add_all (&list, resources, err);
		if (ret < 0)
			return ret;
	}
	*ret_settings = (struct cpod_cgroup_settings) { list.items, list.n };
	return 0;
}
