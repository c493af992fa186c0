/* The pod's status and events as the trees that the control socket sends (interface io.cpod.Pod). */
#ifndef CPOD_CLI_STATUS_JSON_H
#define CPOD_CLI_STATUS_JSON_H

#include "src/base/json.h"

#include <cpod/cpod.h>

/* What the supervisor knows besides. */
struct cpod_supervisor_info {
	const char *runtime;      /* the runtime's name */
	int64_t started_sec;      /* CLOCK_REALTIME */
	int pid;
	int64_t ended_sec;        /* CLOCK_REALTIME; 0: it has not ended */
	int exit_status;          /* of `cpod run`, once it has ended */
};

/* Trees in arena, NULL when memory is out. */
struct cpod_json *cpod_status_json (struct cpod_arena *arena, const struct cpod_status *status,
                                    const struct cpod_supervisor_info *info);
struct cpod_json *cpod_exit_json (struct cpod_arena *arena, const struct cpod_rt_exit *exit);
/* time: when it happened, RFC 3339; NULL: it is not told. */
struct cpod_json *cpod_event_json (struct cpod_arena *arena, const struct cpod_event *event, const char *time);

/* "started", "healthy", ... and "pending", "running", ...; "unknown" for other numbers. Static. */
const char *cpod_state_word (unsigned int state);
const char *cpod_phase_word (unsigned int phase);

#endif
