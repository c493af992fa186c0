/* Whether a container that has ended is started again, and when.
 *
 * The rules are Kubernetes': the container's restartPolicyRules come first (the first that matches says
 * Restart), then the container's restartPolicy, then the pod's. A sidecar is always restarted. A plain
 * init container runs to completion: Always means OnFailure to it. Without any policy nothing is
 * restarted.
 *
 * Back-off: the first restart is immediate; the next ones wait 10 s, 20 s, 40 s ... from the exit, at
 * most 300 s. A run of more than 10 minutes, counted from the launch, begins anew. Exit status 0 makes
 * no difference.
 */
#ifndef CPOD_POD_RESTART_H
#define CPOD_POD_RESTART_H

#include "spec.h"

#define CPOD_BACKOFF_FIRST_NS UINT64_C (10000000000)
#define CPOD_BACKOFF_MAX_NS   UINT64_C (300000000000)
#define CPOD_BACKOFF_RESET_NS UINT64_C (600000000000)

/* Zeroed before the first launch. */
struct cpod_backoff {
	uint64_t delay_ns;     /* what the next restart waits; 0: nothing */
	uint64_t launch_ns;    /* the latest restart; not the first start */
};

/* The container ended at exit_ns: when may it be started again? */
uint64_t cpod_backoff_next (struct cpod_backoff *backoff, uint64_t exit_ns);
/* It is being started again. */
void cpod_backoff_launched (struct cpod_backoff *backoff, uint64_t now_ns);

/* True when the container has a policy, its own or pod's: then Kubernetes' rules hold for it. */
bool cpod_restart_ruled (const struct cpod_container_spec *container, enum cpod_restart_policy pod);
/* True when an end with exit status code (128 + N for signal N) is followed by another start. */
bool cpod_restart_wanted (const struct cpod_container_spec *container, enum cpod_restart_policy pod, int code);

#endif
