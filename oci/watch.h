/* Containers that somebody beside them may trace.
 *
 * A container that joins another's PID namespace by path, and may have CAP_SYS_PTRACE, can take hold of every command that
 * is born there. Whoever starts such a newcomer notes it on those whom it will see; whoever runs a command in
 * one of them looks, and then gives the command up to its last right before its birth (compile-process.c). */
#ifndef CPOD_OCI_WATCH_H
#define CPOD_OCI_WATCH_H

#include "plan.h"

#include <cpod/runtime.h>
#include <stdbool.h>

/* To be called before a process with these capabilities is put into the PID namespace at pidns_path. NULL, or one who may
 * not trace: nothing to note. An ordinary user's can only join what is the user's: nothing either. */
int cpod_watch_begin (const struct cpod_op_caps *caps, const char *pidns_path, struct cpod_error *err);
/* Whether it was noted for the group's container. */
bool cpod_watch_is_on (int cgroup_fd);

#endif
