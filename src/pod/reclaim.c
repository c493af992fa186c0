/* What a dead supervisor left behind.
 *
 * A supervisor that is killed takes its pod's processes with it, but not the directories of its cgroups; and a pod
 * in the host's PID namespace whose pod init died as well may still have processes. Only the runtime knows where
 * those are, from the files that it keeps in the pod's state directory; this module finds the runtime's member
 * for it. It never touches those files: they are the caller's. The pod's volumes lie there too, and are removed. */
#include "volume.h"

#include "src/base/error.h"

#include <cpod/cpod.h>
#include <errno.h>

/* 1 if the runtime gives reclaim: the member was appended, so an older plugin's table may end before it. */
static int
offers_reclaim (const struct cpod_runtime *runtime)
{
	const size_t needed = offsetof (struct cpod_runtime_async, reclaim) + sizeof (runtime->async->reclaim);

	return runtime->async != NULL && runtime->async->size >= needed && runtime->async->reclaim != NULL;
}

int
cpod_pod_reclaim (const char *state_dir, const struct cpod_runtime *runtime, struct cpod_error *err)
{
	int ret;

	if (state_dir == NULL || state_dir[0] != '/')
		return cpod_error_set (err, EINVAL, "the state directory must be an absolute path");
	if (runtime == NULL) {
		ret = cpod_runtime_find ("production", &runtime, err);
		if (ret < 0)
			return ret;
	}
	ret = offers_reclaim (runtime) ? runtime->async->reclaim (state_dir, err) : 0;
	return ret < 0 ? ret : cpod_volumes_remove (state_dir, err);   /* once nobody writes into them */
}
