/* Loading a spec the same way in every command that reads one. */
#ifndef CPOD_CLI_LOAD_H
#define CPOD_CLI_LOAD_H

#include <cpod/cpod.h>

/* Loads path; warnings and errors are said. CPOD_EXIT_OK and *ret_spec, which the caller destroys, or the
 * exit status. */
int cpod_load_spec (const char *path, const char *name, bool strict, bool ignore_unknown,
                    struct cpod_spec **ret_spec);

#endif
