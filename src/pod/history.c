/* Bounded lists of states and errors (history.h). They are short: dropping the oldest moves the rest. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

void
cpod_history_finish (struct cpod_history *history)
{
	for (size_t i = 0; i < history->n_errors; i++)
		free ((char *) history->errors[i].message);
	memset (history, 0, sizeof (*history));
}

enum cpod_state
cpod_history_state (const struct cpod_history *history)
{
	return history->n_states == 0 ? CPOD_STATE_STARTED : history->states[history->n_states - 1];
}

bool
cpod_history_add_state (struct cpod_history *history, enum cpod_state state)
{
	if (history->n_states > 0 && cpod_history_state (history) == state)
		return false;
	if (history->n_states == CPOD_HISTORY_STATES) {
		memmove (history->states, history->states + 1, CPOD_HISTORY_STATES - 1);
		history->n_states--;
	}
	history->states[history->n_states++] = (uint8_t) state;
	return true;
}

/* Room for one more error at the end. */
static struct cpod_status_error *
append_error (struct cpod_history *history)
{
	if (history->n_errors == CPOD_HISTORY_ERRORS) {
		free ((char *) history->errors[0].message);
		memmove (history->errors, history->errors + 1, sizeof (history->errors) - sizeof (history->errors[0]));
		history->n_errors--;
	}
	return &history->errors[history->n_errors++];
}

void
cpod_history_add_error (struct cpod_history *history, const char *message, int64_t sec, int32_t nsec)
{
	struct cpod_status_error *last = history->n_errors == 0 ? NULL : &history->errors[history->n_errors - 1];

	if (last == NULL || strcmp (last->message, message) != 0) {
		char *copy = strdup (message);

		if (copy == NULL)
			return;
		last = append_error (history);
		last->message = copy;
	}
	last->sec = sec;
	last->nsec = nsec;
}
