/* The states of a main container (state.h): one table, one look-up. */
#include "state.h"

#include <stdint.h>

/* A state plus one, so that what is not named is 0: no change. */
#define TO(state) (CPOD_STATE_##state + 1)

static const uint8_t next_state[CPOD_N_STATES][CPOD_N_STATE_EVENTS] = {
	[CPOD_STATE_STARTED] = {
		[CPOD_STATE_ON_STARTED]     = TO (HEALTHY),
		[CPOD_STATE_ON_THRESHOLD]   = TO (TERMINAL),
		[CPOD_STATE_ON_EXIT_OK]     = TO (FINISHED),
		[CPOD_STATE_ON_EXIT_BAD]    = TO (FAILED),
		[CPOD_STATE_ON_INIT_FAILED] = TO (FAILED),
	},
	[CPOD_STATE_HEALTHY] = {
		[CPOD_STATE_ON_FAILURE]     = TO (FAILING),
		[CPOD_STATE_ON_THRESHOLD]   = TO (TERMINAL),
		[CPOD_STATE_ON_EXIT_OK]     = TO (FINISHED),
		[CPOD_STATE_ON_EXIT_BAD]    = TO (FAILED),
		[CPOD_STATE_ON_RESTART]     = TO (STARTED),
	},
	[CPOD_STATE_FAILING] = {
		[CPOD_STATE_ON_THRESHOLD]   = TO (TERMINAL),
		[CPOD_STATE_ON_SUCCESS]     = TO (HEALTHY),
		[CPOD_STATE_ON_EXIT_OK]     = TO (FINISHED),
		[CPOD_STATE_ON_EXIT_BAD]    = TO (FAILED),
		[CPOD_STATE_ON_RESTART]     = TO (STARTED),
	},
	[CPOD_STATE_TERMINAL] = {
		[CPOD_STATE_ON_RESTART]     = TO (STARTED),
	},
	[CPOD_STATE_FINISHED] = {
		[CPOD_STATE_ON_RESTART]     = TO (STARTED),
	},
	[CPOD_STATE_FAILED] = {
		[CPOD_STATE_ON_RESTART]     = TO (STARTED),
	},
};

enum cpod_state
cpod_state_next (enum cpod_state state, enum cpod_state_event event)
{
	uint8_t next = next_state[state][event];

	return next == 0 ? state : (enum cpod_state) (next - 1);
}

bool
cpod_state_healthy (enum cpod_state state)
{
	return state <= CPOD_STATE_FAILING;
}

enum cpod_phase
cpod_phase_fold (const struct cpod_phase_facts *facts)
{
	if (facts->init_failed)
		return CPOD_PHASE_FAILED;
	if (!facts->begun)
		return CPOD_PHASE_PENDING;
	if (facts->n_over < facts->n_main)
		return CPOD_PHASE_RUNNING;
	return facts->n_bad > 0 ? CPOD_PHASE_FAILED : CPOD_PHASE_SUCCEEDED;
}
