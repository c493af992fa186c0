/* Restart rules and back-off (restart.h): numbers and comparisons, nothing else. */
#include "restart.h"

uint64_t
cpod_backoff_next (struct cpod_backoff *backoff, uint64_t exit_ns)
{
	if (exit_ns - backoff->launch_ns > CPOD_BACKOFF_RESET_NS)
		backoff->delay_ns = 0;
	return exit_ns + backoff->delay_ns;
}

void
cpod_backoff_launched (struct cpod_backoff *backoff, uint64_t now_ns)
{
	uint64_t doubled = backoff->delay_ns * 2;

	backoff->launch_ns = now_ns;
	backoff->delay_ns = doubled == 0 ? CPOD_BACKOFF_FIRST_NS
	                                 : doubled < CPOD_BACKOFF_MAX_NS ? doubled : CPOD_BACKOFF_MAX_NS;
}

bool
cpod_restart_ruled (const struct cpod_container_spec *container, enum cpod_restart_policy pod)
{
	return container->restart_policy != CPOD_RESTART_UNSET || pod != CPOD_RESTART_UNSET;
}

/* The exit code is in the rule's list, or is not, as the rule wants. */
static bool
matches (const struct cpod_restart_rule *rule, int code)
{
	const struct cpod_exit_codes *codes = rule->exit_codes;
	bool found = false;

	for (size_t i = 0; i < codes->values.n; i++)
		found = found || codes->values.items[i] == (uint64_t) code;
	return found == (codes->operator.value == CPOD_EXIT_IN);
}

bool
cpod_restart_wanted (const struct cpod_container_spec *container, enum cpod_restart_policy pod, int code)
{
	enum cpod_restart_policy policy = container->restart_policy != CPOD_RESTART_UNSET ? container->restart_policy : pod;

	if (container->sidecar)
		return true;
	for (size_t i = 0; i < container->n_rules; i++)
		if (matches (&container->rules[i], code))
			return true;
	if (container->init && policy == CPOD_RESTART_ALWAYS)
		policy = CPOD_RESTART_ON_FAILURE;
	return policy == CPOD_RESTART_ALWAYS || (policy == CPOD_RESTART_ON_FAILURE && code != 0);
}
