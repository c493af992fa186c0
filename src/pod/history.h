/* What a container has been through: the last states and the last errors.
 *
 * A state is appended when it differs from the last one; the oldest of 128 goes. An error whose
 * message equals the last one's refreshes its time instead of being appended; the oldest of 16
 * goes. Both lists stand in memory as the status shows them, oldest first.
 */
#ifndef CPOD_POD_HISTORY_H
#define CPOD_POD_HISTORY_H

#include <cpod/cpod.h>
#include <stdbool.h>

#define CPOD_HISTORY_STATES 128
#define CPOD_HISTORY_ERRORS 16

struct cpod_history {
	uint8_t states[CPOD_HISTORY_STATES];
	size_t n_states;
	struct cpod_status_error errors[CPOD_HISTORY_ERRORS];   /* messages owned */
	size_t n_errors;
};

/* Frees the messages and empties both lists. A zeroed history is empty. */
void cpod_history_finish (struct cpod_history *history);

/* The last state; STARTED when there is none. */
enum cpod_state cpod_history_state (const struct cpod_history *history);
/* Appends state unless it is the last one. True when it was appended. */
bool cpod_history_add_state (struct cpod_history *history, enum cpod_state state);
/* Notes an error at sec.nsec of CLOCK_REALTIME. When memory is out, the error is lost. */
void cpod_history_add_error (struct cpod_history *history, const char *message, int64_t sec, int32_t nsec);

#endif
