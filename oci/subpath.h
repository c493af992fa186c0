/* A path in a volume, whose content is a container's to choose. */
#ifndef CPOD_OCI_SUBPATH_H
#define CPOD_OCI_SUBPATH_H

#include <cpod/runtime.h>

/* Opens path beneath the directory root (O_PATH); no link leads out of it. A directory that is missing is made with
 * root's mode. field stands in front of messages. The caller owns the descriptor. */
int cpod_subpath_open (const char *root, const char *path, const char *field, struct cpod_error *err);

#endif
