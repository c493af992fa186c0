/* Limits of a container that exists are changed: the same tables, the same writes as when it was created.
 * What is not named stays as it is. */
#include "bundle-parts.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>

/* The document to structs. */
static int
decode (struct cpod_bundle *bundle, const char *name, const char *text, size_t len, const struct cpod_oci_resources **ret,
        struct cpod_error *err)
{
	struct cpod_decoder decoder = {
		.file = name, .arena = &bundle->arena, .warn = bundle->context->warn, .warn_data = bundle->context->data
	};
	struct cpod_json *root;
	int status = cpod_json_parse (name, text, len, 0, &bundle->arena, &root, err);

	return status < 0 ? status : cpod_oci_resources_decode (&decoder, root, ret, err);
}

int
cpod_bundle_update (struct cpod_bundle *bundle, const char *name, const char *text, size_t len, struct cpod_error *err)
{
	const struct cpod_oci_resources *resources = NULL;
	struct cpod_cgroup_settings settings;
	cpod_autofd fd = -1;
	int ret;

	if (bundle->status == CPOD_STATUS_STOPPED || bundle->status == CPOD_STATUS_CREATING)
		return cpod_error_set (err, ESRCH, "container not running: `%s` is %s", bundle->state.id,
		                       cpod_bundle_status_words[bundle->status]);
	ret = decode (bundle, name, text, len, &resources, err);
	if (ret == 0)
		ret = cpod_cgroup_settings_make (resources, &bundle->arena, &settings, err);
	if (ret < 0)
		return ret;
	if (settings.n == 0 && resources->devices.n == 0)
		return 0;
	if (bundle->cgroup_fd < 0)
		return cpod_error_set (err, ENOTSUP, "container `%s` has no cgroup: it cannot be limited", bundle->state.id);
	/* Opens the group, and enables what is needed above it. */
	ret = cpod_cgroup_create (bundle->cgroup_root_fd, bundle->state.cgroup, &settings, 0, &fd, err);
	if (ret == 0)
		ret = cpod_cgroup_apply (fd, &settings, err);
	if (ret == 0)
		ret = cpod_bundle_confine_devices (resources, fd, true, &bundle->arena, err);
	return ret < 0 ? cpod_error_prefix (err, ret, "container `%s`", bundle->state.id) : 0;
}
