/* Records as words: short, lower-case, one thing a line. They are what scripts are compared with. */
#include "simulate.h"

#include "src/base/signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const probe_words[] = { "liveness", "readiness", "startup" };
static const char *const hook_words[] = { "", "postStart", "preStop" };
static const char *const state_words[] = { "started", "healthy", "failing", "terminal", "finished", "failed" };
static const char *const phase_words[] = { "Pending", "Running", "Succeeded", "Failed" };
static const char *const outcome_words[] = { "success", "failure", "error" };
static const char *const never_words[] = { "the pod was stopped", "an init container failed", "what it depends on has ended" };

const char *
cpod_sim_kind_word (enum cpod_sim_kind kind)
{
	static const char *const words[CPOD_SIM_N_KINDS] = {
		"phase", "health", "start", "run", "fail", "exit", "wait", "over", "never", "started", "ready", "state",
		"probe", "result", "signal", "hook", "hook", "hook", "deadline", "end",
	};

	return words[kind];
}

void
cpod_sim_time (uint64_t ns, char text[CPOD_SIM_WORDS])
{
	size_t len;

	snprintf (text, CPOD_SIM_WORDS, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
	len = strlen (text);
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	snprintf (text + len, CPOD_SIM_WORDS - len, "s");
}

/* "exit 1", "exit 137 KILL", "exit 137 KILL OOM". */
static void
exit_words (const struct cpod_rt_exit *exit, char text[CPOD_SIM_WORDS])
{
	const char *name = exit->signal > 0 ? cpod_signal_name (exit->signal) : NULL;

	snprintf (text, CPOD_SIM_WORDS, "exit %d%s%s%s%s", exit->code, name ? " " : "", name ? name : "",
	          exit->flags & CPOD_RT_EXIT_OOM ? " OOM" : "", exit->flags & CPOD_RT_EXIT_LOST ? " LOST" : "");
}

static void
signal_words (int signal, char text[CPOD_SIM_WORDS])
{
	const char *name = cpod_signal_name (signal);

	if (name)
		snprintf (text, CPOD_SIM_WORDS, "signal %s", name);
	else
		snprintf (text, CPOD_SIM_WORDS, "signal %d", signal);
}

void
cpod_sim_words (const struct cpod_sim_record *record, char text[CPOD_SIM_WORDS])
{
	const char *probe = probe_words[record->probe], *hook = hook_words[record->hook];
	char time[CPOD_SIM_WORDS];

#define SAY(...) snprintf (text, CPOD_SIM_WORDS, __VA_ARGS__)
	switch (record->kind) {
	case CPOD_SIM_SAYS_PHASE: SAY ("phase %s", phase_words[record->value]); break;
	case CPOD_SIM_SAYS_HEALTH: SAY ("%s", record->value ? "healthy" : "unhealthy"); break;
	case CPOD_SIM_SAYS_START: SAY (record->value ? "start %d" : "start", (int) record->value); break;
	case CPOD_SIM_SAYS_RUN: SAY ("runs"); break;
	case CPOD_SIM_SAYS_FAIL: SAY ("cannot be started"); break;
	case CPOD_SIM_SAYS_EXIT: exit_words (&record->exit, text); break;
	case CPOD_SIM_SAYS_WAIT:
		cpod_sim_time (record->duration_ns, time);
		SAY ("waits %.60s", time);
		break;
	case CPOD_SIM_SAYS_OVER: SAY ("over"); break;
	case CPOD_SIM_SAYS_NEVER: SAY ("never: %s", never_words[record->value]); break;
	case CPOD_SIM_SAYS_STARTED: SAY ("%s", record->value ? "started" : "not started"); break;
	case CPOD_SIM_SAYS_READY: SAY ("%s", record->value ? "ready" : "not ready"); break;
	case CPOD_SIM_SAYS_STATE: SAY ("state %s", state_words[record->value]); break;
	case CPOD_SIM_SAYS_PROBE: SAY ("%s probe", probe); break;
	case CPOD_SIM_SAYS_RESULT: SAY ("%s %s", probe, record->timed_out ? "timeout" : outcome_words[record->value]); break;
	case CPOD_SIM_SAYS_SIGNAL: signal_words ((int) record->value, text); break;
	case CPOD_SIM_SAYS_HOOK: SAY ("%s", hook); break;
	case CPOD_SIM_SAYS_HOOK_FAIL: SAY ("%s %s", hook, record->timed_out ? "timeout" : "failure"); break;
	case CPOD_SIM_SAYS_HOOK_CANCEL: SAY ("%s cancelled", hook); break;
	case CPOD_SIM_SAYS_DEADLINE: SAY ("deadline exceeded"); break;
	case CPOD_SIM_SAYS_END: SAY ("end"); break;
	case CPOD_SIM_N_KINDS: text[0] = '\0'; break;
	}
#undef SAY
}
