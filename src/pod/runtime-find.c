/* Finding a runtime: built in, installed, or a plugin at an absolute path.
 *
 * Stages: a name with a '/' is a path, any other is looked for among the built-in tables and then in
 * the directory of installed runtimes; a file must be above doubt (module.h) before it is loaded;
 * its table must be one that this version can call. A plugin stays loaded: its code may run on
 * threads that nobody here knows.
 */
#include "runtimes.h"

#include "src/base/error.h"
#include "src/base/module.h"

#include <cpod/cpod.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#ifndef CPOD_RUNTIME_DIR
#define CPOD_RUNTIME_DIR "/usr/local/lib/cpod/runtimes"
#endif

#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))

/* True for [a-z][a-z0-9-]{0,31}. */
static int
is_runtime_name (const char *name)
{
	return name[0] >= 'a' && name[0] <= 'z' && strlen (name) <= 32
	       && name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* A function that a table must have: where it is, and with which capability (0: always). */
struct required { const char *name; size_t offset; uint64_t capability; };
#define REQUIRED(member, capability) { #member, offsetof (struct cpod_runtime, member), capability }
#define ASYNC(member, capability) { "async->" #member, offsetof (struct cpod_runtime_async, member), capability }

static const struct required required[] = {
	REQUIRED (create, 0), REQUIRED (start, 0), REQUIRED (wait, 0), REQUIRED (kill, 0), REQUIRED (exec, 0),
	REQUIRED (destroy, 0),
};
static const struct required required_async[] = {
	ASYNC (start, 0), ASYNC (exec, 0), ASYNC (op_result, 0), ASYNC (op_cancel, 0), ASYNC (exit_fd, 0),
	ASYNC (exit_status, 0), ASYNC (pod_create, CPOD_RT_CAP_POD), ASYNC (pod_destroy, CPOD_RT_CAP_POD),
	ASYNC (pod_socket, CPOD_RT_CAP_NET), ASYNC (stats, CPOD_RT_CAP_STATS), ASYNC (pause, CPOD_RT_CAP_PAUSE),
	ASYNC (save, CPOD_RT_CAP_RESTORE), ASYNC (restore, CPOD_RT_CAP_RESTORE),
	ASYNC (restore_container, CPOD_RT_CAP_RESTORE),
};

/* The first of the functions that is missing from the table at base, or NULL. */
static const char *
first_missing (const void *base, const struct required *list, size_t n, uint64_t capabilities)
{
	void (*function) (void);

	for (size_t i = 0; i < n; i++) {
		if (list[i].capability && !(capabilities & list[i].capability))
			continue;
		memcpy (&function, (const char *) base + list[i].offset, sizeof (function));
		if (!function)
			return list[i].name;
	}
	return NULL;
}

int
cpod_runtime_check (const char *what, const struct cpod_runtime *runtime, struct cpod_error *err)
{
	const struct cpod_runtime_async *async;
	const char *missing;

	if (runtime->abi != CPOD_RUNTIME_ABI)
		return cpod_error_set (err, EPROTO, "%s: ABI %u, this cpod has %u", what, runtime->abi, CPOD_RUNTIME_ABI);
	if (runtime->size < sizeof (*runtime))
		return cpod_error_set (err, EPROTO, "%s: its table has %u bytes, %zu are needed", what, runtime->size,
		                       sizeof (*runtime));
	if (!runtime->name || !runtime->version || !is_runtime_name (runtime->name))
		return cpod_error_set (err, EPROTO, "%s: has no proper name and version", what);
	async = runtime->async;
	missing = first_missing (runtime, required, N_ELEMENTS (required), runtime->capabilities);
	if (!missing && async && async->size < offsetof (struct cpod_runtime_async, describe))
		return cpod_error_set (err, EPROTO, "%s: its asynchronous table has %u bytes, %zu are needed", what,
		                       async->size, offsetof (struct cpod_runtime_async, describe));
	if (!missing && async)
		missing = first_missing (async, required_async, N_ELEMENTS (required_async), runtime->capabilities);
	if (missing)
		return cpod_error_set (err, EPROTO, "%s: has no %s", what, missing);
	return 0;
}

/* Loads the plugin at path. */
static int
load_plugin (const char *path, const struct cpod_runtime **ret_runtime, struct cpod_error *err)
{
	const struct cpod_runtime *runtime;
	char real[PATH_MAX];
	void *plugin;
	int ret = cpod_module_check_file (path, real, err);

	if (ret < 0)
		return cpod_error_prefix (err, ret, "load the runtime %s", path);
	plugin = dlopen (real, RTLD_NOW | RTLD_LOCAL);
	if (!plugin)
		return cpod_error_set (err, ENOEXEC, "load the runtime %s: %s", path, dlerror ());
	runtime = dlsym (plugin, CPOD_RUNTIME_SYMBOL);
	if (!runtime)
		return cpod_error_set (err, ENOEXEC, "load the runtime %s: it does not export %s", path, CPOD_RUNTIME_SYMBOL);
	ret = cpod_runtime_check (path, runtime, err);
	if (ret < 0)
		return cpod_error_prefix (err, ret, "load the runtime %s", path);
	*ret_runtime = runtime;
	return 0;
}

int
cpod_runtime_find (const char *name, const struct cpod_runtime **ret_runtime, struct cpod_error *err)
{
	static const struct cpod_runtime *const built_in[] = { &cpod_runtime_production, &cpod_runtime_shellout };
	char path[PATH_MAX];
	struct cpod_error inner = { 0 };
	int ret;

	if (strchr (name, '/'))
		return load_plugin (name, ret_runtime, err);
	if (!is_runtime_name (name))
		return cpod_error_set (err, EINVAL, "\"%.80s\" is neither the name of a runtime nor an absolute path", name);
	for (size_t i = 0; i < N_ELEMENTS (built_in); i++)
		if (strcmp (built_in[i]->name, name) == 0) {
			*ret_runtime = built_in[i];
			return 0;
		}
	snprintf (path, sizeof (path), "%s/%s.so", CPOD_RUNTIME_DIR, name);
	ret = load_plugin (path, ret_runtime, &inner);
	if (ret == -ENOENT || ret == -ENOTDIR)
		return cpod_error_set (err, ENOENT, "there is no runtime %s: it is not built in, and %s does not exist", name, path);
	if (ret < 0 && err)
		*err = inner;
	return ret;
}
