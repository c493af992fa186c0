/* The states of a main container, as a table: state x event -> state.
 *
 * Pure: no clock, no memory. Who causes which event is written beside it. A pair that is not in
 * the table changes nothing; TERMINAL is left only by a restart, FINISHED and FAILED likewise.
 */
#ifndef CPOD_POD_STATE_H
#define CPOD_POD_STATE_H

#include <cpod/cpod.h>
#include <stdbool.h>

#define CPOD_N_STATES 6

enum cpod_state_event {
	CPOD_STATE_ON_STARTED,      /* it runs, and its startup probe, if any, succeeded */
	CPOD_STATE_ON_FAILURE,      /* a liveness attempt failed, below the threshold */
	CPOD_STATE_ON_THRESHOLD,    /* liveness or startup reached the failure threshold */
	CPOD_STATE_ON_SUCCESS,      /* a liveness attempt succeeded */
	CPOD_STATE_ON_EXIT_OK,      /* exit status 0 */
	CPOD_STATE_ON_EXIT_BAD,     /* another exit status, a signal, or a failed start */
	CPOD_STATE_ON_INIT_FAILED,  /* an init container of the pod failed */
	CPOD_STATE_ON_RESTART,      /* it is about to be started again */
	CPOD_N_STATE_EVENTS
};

/* The state after event; state itself when the event means nothing there. */
enum cpod_state cpod_state_next (enum cpod_state state, enum cpod_state_event event);

/* STARTED, HEALTHY and FAILING count as healthy. */
bool cpod_state_healthy (enum cpod_state state);

/* What the phase of a pod is folded from. Terminal phases never change: the caller keeps them. */
struct cpod_phase_facts {
	bool init_failed;           /* an init container failed for good, or nothing will be started any more */
	bool begun;                 /* init containers are done, main containers have been told to start */
	size_t n_main;
	size_t n_over;              /* main containers that have ended, or could not be started, for good */
	size_t n_bad;               /* of these, with anything but exit status 0 */
};
enum cpod_phase cpod_phase_fold (const struct cpod_phase_facts *facts);

#endif
