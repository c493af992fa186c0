/* mount(8) options as data: what the mount gets, what the file system gets, what is for nobody here. */
#ifndef CPOD_OCI_MOUNT_OPTIONS_H
#define CPOD_OCI_MOUNT_OPTIONS_H

#include "src/base/decode.h"

struct cpod_mount_options {
	uint64_t set, clear;                 /* MOUNT_ATTR_*, for the mount itself */
	uint64_t recursive_set, recursive_clear;   /* for it and everything mounted below ("rro") */
	uint64_t named;                      /* the attributes that were named at all, on or off */
	uint64_t propagation;                /* MS_SHARED, ... or 0 */
	bool propagation_recursive;
	bool bind, recursive;                /* bind; rbind */
	bool idmap, idmap_recursive;         /* idmap; ridmap */
	bool copy_up;                        /* tmpcopyup */
	const char **data;                   /* n_data "key" or "key=value", for the file system */
	size_t n_data;
};

/* Reads a mount's options. -EINVAL, -ENOTSUP: err names the option. Arrays live in arena. */
int cpod_mount_options_read (const struct cpod_strings *options, struct cpod_arena *arena,
                             struct cpod_mount_options *ret, struct cpod_error *err);

/* The name of the nth option that is carried out, NULL behind the last. *ret_recursive: there is one with an
 * "r" in front, too, that holds for everything mounted below. */
const char *cpod_mount_option_name (size_t n, bool *ret_recursive);

#endif
