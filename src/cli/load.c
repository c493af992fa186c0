/* Loading a spec: flags, warnings, exit status. A spec that cannot be read is bad input too. */
#include "load.h"

#include "cli.h"

#include "src/base/module.h"

#include <errno.h>

enum { MOST_WARNINGS = 50 };

void
cpod_load_warn (void *n_said, const char *message)
{
	unsigned int *n = n_said;

	if (*n < MOST_WARNINGS)
		cpod_say ("warning: %s", message);
	else if (*n == MOST_WARNINGS)
		cpod_say ("warning: and more of the kind");
	++*n;
}

int
cpod_load_spec (const char *path, const char *name, bool strict, bool ignore_unknown,
                struct cpod_spec **ret_spec)
{
	unsigned int n_warnings = 0;
	struct cpod_load_options options = {
		.size = sizeof (options), .name = name, .warn = cpod_load_warn, .data = &n_warnings,
		.flags = (strict ? CPOD_LOAD_STRICT : 0) | (ignore_unknown ? CPOD_LOAD_IGNORE_UNKNOWN : 0),
	};
	struct cpod_error err;
	int ret;

	cpod_module_use_build_tree ();   /* for YAML */
	ret = cpod_spec_load (path, &options, ret_spec, &err);
	if (ret == 0)
		return CPOD_EXIT_OK;
	return cpod_fail (ret == -ENOMEM || ret == -EIO ? CPOD_EXIT_SYSTEM : CPOD_EXIT_USAGE, "%s",
	                  err.message);
}
