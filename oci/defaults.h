/* What a pod's container gets where its spec is silent: the safe choice, in one place. */
#ifndef CPOD_OCI_DEFAULTS_H
#define CPOD_OCI_DEFAULTS_H

#include "oci/spec.h"

extern const struct cpod_oci_mount cpod_default_mounts[];
extern const size_t cpod_default_n_mounts;
extern const char *const cpod_default_masked_paths[];      /* NULL-terminated */
extern const char *const cpod_default_readonly_paths[];
extern const char *const cpod_default_path;                /* the value of PATH */

/* A device node that every container has. */
struct cpod_default_device { const char *name; uint32_t major, minor; };
extern const struct cpod_default_device cpod_default_devices[];
extern const size_t cpod_default_n_devices;

/* Links in /dev. */
struct cpod_default_link { const char *name, *target; };
extern const struct cpod_default_link cpod_default_links[];
extern const size_t cpod_default_n_links;

#endif
