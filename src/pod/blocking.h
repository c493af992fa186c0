/* A runtime with four blocking operations, driven from threads.
 *
 * The controller knows one shape only: the asynchronous one. This is a table of that shape whose
 * operations are threads calling the blocking ones. One thread per container starts it and then
 * waits for it; one thread per exec. All signals are blocked in them.
 *
 * What it cannot do: cancel an exec. op_cancel only lets go of it; its thread runs on until the
 * runtime returns. A caller that must not have two calls in flight keeps the op and polls it.
 */
#ifndef CPOD_POD_BLOCKING_H
#define CPOD_POD_BLOCKING_H

#include <cpod/runtime.h>

/* The table. Its create needs a pod made below; pod_create is not called. */
extern const struct cpod_runtime cpod_blocking_runtime;

/* A pod for containers of runtime, which is borrowed for ever. End it with the table's pod_destroy. */
int cpod_blocking_pod (const struct cpod_runtime *runtime, struct cpod_rt_pod **ret_pod, struct cpod_error *err);

#endif
