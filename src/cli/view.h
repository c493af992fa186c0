/* What `cpod run` shows while the pod runs, on standard error.
 *
 * Into a pipe or a file: one line for each event. On a terminal: the pod and its containers, drawn again in
 * place when something changed. Nothing is drawn while the terminal does not take what was drawn before.
 */
#ifndef CPOD_CLI_VIEW_H
#define CPOD_CLI_VIEW_H

#include "sink.h"
#include "term.h"

#include <cpod/cpod.h>

struct cpod_view {
	struct cpod_sink *sink;      /* borrowed */
	struct cpod_term term;
	const char *pod;             /* the pod's name, borrowed */
	const char *address;         /* where HTTP is served, or NULL; borrowed */
	bool live;                   /* drawn in place, not line by line */
	bool changed;                /* since it was drawn */
	bool asked;                  /* its end was asked for: killed containers are no surprise */
	unsigned int drawn;          /* lines on the terminal */
};

/* live: draws in place where sink is a terminal. */
void cpod_view_init (struct cpod_view *view, struct cpod_sink *sink, const char *pod, const char *address,
                     bool live);
/* Something happened. */
void cpod_view_event (struct cpod_view *view, const struct cpod_event *event);
/* Draws what changed. */
void cpod_view_draw (struct cpod_view *view, struct cpod_pod *pod);
/* Says one line beside the events. */
void cpod_view_say (struct cpod_view *view, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
