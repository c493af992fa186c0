/* The runtimes that are built in. src/pod knows them as tables, like any plugin's. */
#ifndef CPOD_POD_RUNTIMES_H
#define CPOD_POD_RUNTIMES_H

#include <cpod/runtime.h>

/* Real containers, made by oci/. */
extern const struct cpod_runtime cpod_runtime_production;
/* Plain processes on the host: no isolation, no lifeline; four blocking operations only. */
extern const struct cpod_runtime cpod_runtime_shellout;

/* Refuses a table that this version cannot call: another ABI, too short, a function missing. The
 * message begins with what (a file or a name). -EPROTO. */
int cpod_runtime_check (const char *what, const struct cpod_runtime *runtime, struct cpod_error *err);

#endif
