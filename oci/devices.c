/* Which devices a container may open: an allow-list on its cgroup, before anything runs in it.
 * Where the spec names no rules, the default program is loaded once a pod and shared. */
#include "production.h"

#include "devices-bpf.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>

static int
load (const struct cpod_device_rule *rules, size_t n, struct cpod_arena *arena, int *ret_fd, struct cpod_error *err)
{
	struct bpf_insn *insns;
	size_t n_insns;
	int ret = cpod_devices_generate (rules, n, 0, arena, &insns, &n_insns, err);

	return ret < 0 ? ret : cpod_devices_load (insns, n_insns, ret_fd, err);
}

/* The devices that the spec makes may also be used, where it says nothing of who may use what. */
static int
load_for_made (struct cpod_rt_container *c, const struct cpod_array *made, int *ret_fd, struct cpod_error *err)
{
	static const char letters[] = { 'c', 'b', 'c', 0 };   /* by enum cpod_oci_device_type */
	const struct cpod_oci_device *devices = made->items;
	struct cpod_device_rule *rules = cpod_arena_array (&c->arena, made->n, sizeof (*rules));
	size_t n = 0;

	if (rules == NULL)
		return cpod_error_oom (err);
	for (size_t i = 0; i < made->n; i++) {
		if (letters[devices[i].type.value] == 0)
			continue;
		rules[n++] = (struct cpod_device_rule) {
			true, letters[devices[i].type.value], devices[i].major.value, devices[i].minor.value, CPOD_DEVICE_ALL
		};
	}
	return load (rules, n, &c->arena, ret_fd, err);
}

int
cpod_rtc_confine_devices (struct cpod_rt_container *c, struct cpod_error *err)
{
	const struct cpod_oci_linux *linux_part = c->spec->linux_part;
	struct cpod_device_rule *rules;
	cpod_autofd own = -1;
	int ret = 0;

	if (c->resources != NULL && c->resources->devices.set) {
		ret = cpod_devices_from_spec (&c->resources->devices, &c->arena, &rules, err);
		if (ret == 0)
			ret = load (rules, c->resources->devices.n, &c->arena, &own, err);
	} else if (linux_part != NULL && linux_part->devices.n > 0) {
		ret = load_for_made (c, &linux_part->devices, &own, err);
	} else if (c->pod->devices_fd < 0) {
		ret = load (NULL, 0, &c->arena, &c->pod->devices_fd, err);
	}
	if (ret == 0)
		ret = cpod_devices_attach (c->cgroup_fd, own >= 0 ? own : c->pod->devices_fd, err);
	return ret < 0 ? cpod_error_prefix (err, ret, "linux.resources.devices") : 0;
}
