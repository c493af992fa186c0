/* What this kernel can do that its version alone does not tell. Each is tried once in a process. */
#ifndef CPOD_OCI_KERNEL_H
#define CPOD_OCI_KERNEL_H

#include <stdbool.h>

/* Whether a procfs can be made for another PID namespace than the maker's (procfs, option "pidns"; Linux 6.17). True also
 * where it cannot be tried: without CAP_SYS_ADMIN no mount is made in the end. */
bool cpod_kernel_has_pidns (void);

#endif
