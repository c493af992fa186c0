/* Loading a spec the same way in every command that reads one. */
#ifndef CPOD_CLI_LOAD_H
#define CPOD_CLI_LOAD_H

#include <cpod/cpod.h>

/* Says a warning about a spec; one with thousands of them gets no thousands of lines.
 * n_said: an unsigned int, how many there were so far. */
void cpod_load_warn (void *n_said, const char *message);

/* Loads path; warnings and errors are said. CPOD_EXIT_OK and *ret_spec, which the caller destroys, or the
 * exit status. */
int cpod_load_spec (const char *path, const char *name, bool strict, bool ignore_unknown,
                    struct cpod_spec **ret_spec);

#endif
