/* The pod as Kubernetes' clients know it: its PodStatus, for /v1/pod and `cpod status --json`. */
#ifndef CPOD_CLI_POD_STATUS_JSON_H
#define CPOD_CLI_POD_STATUS_JSON_H

#include "src/base/json.h"

#include <cpod/cpod.h>

/* phase, conditions, reason, startTime, containerStatuses ... A tree in arena; NULL when memory is out. */
struct cpod_json *cpod_pod_status_json (struct cpod_arena *arena, const struct cpod_status *status);
/* Adds {"apiVersion":"v1","kind":"Pod","metadata":{...},"status":{...}}, compact. -1: memory is out. */
int cpod_pod_json (const struct cpod_status *status, struct cpod_str *out);

#endif
