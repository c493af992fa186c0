/* Which sysctls a container may set. */
#ifndef CPOD_OCI_SYSCTL_H
#define CPOD_OCI_SYSCTL_H

#include "compile.h"

/* The path below a procfs of a sysctl that belongs to a namespace which is not the host's:
 * "net.ipv4.ip_forward" -> "sys/net/ipv4/ip_forward". -EINVAL otherwise, naming the namespace that is
 * missing or saying that the setting is the whole host's. Lives in the compiler's arena. */
int cpod_sysctl_resolve (const struct cpod_compiler *compiler, const char *name, const char **ret_path, struct cpod_error *err);

#endif
