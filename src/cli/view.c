/* Progress of a running pod, as lines or drawn in place; see view.h. */
#include "view.h"

#include "status-json.h"
#include "table.h"

#include "src/base/signals.h"

#include <stdio.h>
#include <string.h>

enum { MOST_DRAWN = 40 };   /* containers; a terminal shows no more */

void
cpod_view_init (struct cpod_view *view, struct cpod_sink *sink, const char *pod, const char *address,
                bool live)
{
	memset (view, 0, sizeof (*view));
	view->sink = sink;
	view->term = cpod_term_probe (sink->fd);
	view->pod = pod;
	view->address = address;
	view->live = live && view->term.tty;
}

/* Adds one line: "POD: CONTAINER TEXT". */
static void
say (struct cpod_view *view, const char *container, const char *text)
{
	cpod_autostr line = CPOD_STR_INIT;

	cpod_str_printf (&line, "%s: ", view->pod);
	if (container != NULL)
		cpod_str_printf (&line, "%s ", container);
	cpod_str_add (&line, text);
	cpod_str_add_char (&line, '\n');
	if (!cpod_str_failed (&line))
		cpod_sink_add (view->sink, line.data, line.len);
	cpod_sink_flush (view->sink);
	view->drawn = 0;    /* what is drawn next comes below it */
}

void
cpod_view_say (struct cpod_view *view, const char *format, ...)
{
	char text[1200];
	va_list args;

	va_start (args, format);
	vsnprintf (text, sizeof (text), format, args);
	va_end (args);
	say (view, NULL, text);
}

/* How a container ended, in words. */
static void
exit_text (const struct cpod_rt_exit *exit, char *text, size_t size)
{
	const char *oom = (exit->flags & CPOD_RT_EXIT_OOM) != 0 ? " (out of memory)" : "";
	const char *name = cpod_signal_name (exit->signal);

	if ((exit->flags & CPOD_RT_EXIT_LOST) != 0)
		snprintf (text, size, "ended, nobody knows how");
	else if (exit->signal == 0)
		snprintf (text, size, "exited with status %d", (int) exit->code);
	else if (name != NULL)
		snprintf (text, size, "was ended by SIG%s%s", name, oom);
	else
		snprintf (text, size, "was ended by signal %d%s", (int) exit->signal, oom);
}

/* How the pod ended, in words. */
static const char *
end_text (const struct cpod_view *view, const struct cpod_event *event)
{
	if (event->value == 0)
		return "ended";
	return view->asked ? "ended, as it was asked to" : "ended, not all well";
}

/* The line of an event; false: it has none. */
static bool
event_text (const struct cpod_view *view, const struct cpod_event *event, char *text, size_t size)
{
	switch (event->type) {
	case CPOD_EVENT_STARTED:
		snprintf (text, size, "runs");
		return true;
	case CPOD_EVENT_STATE:
		snprintf (text, size, "%s%s", event->state >= CPOD_STATE_FINISHED ? "" : "is ",
		          cpod_state_word (event->state));
		return event->state != CPOD_STATE_STARTED;
	case CPOD_EVENT_EXITED:
		exit_text (&event->exit, text, size);
		return true;
	case CPOD_EVENT_ERROR:
		snprintf (text, size, "error: %s", event->message != NULL ? event->message : "?");
		return true;
	case CPOD_EVENT_HEALTHY:
		snprintf (text, size, event->value ? "healthy" : "unhealthy");
		return true;
	case CPOD_EVENT_ENDED:
		snprintf (text, size, "%s", end_text (view, event));
		return true;
	}
	return false;
}

void
cpod_view_event (struct cpod_view *view, const struct cpod_event *event)
{
	char text[1200];

	view->changed = true;
	if (!view->live && event_text (view, event, text, sizeof (text)))
		say (view, event->container, text);
}

/* Adds the words for a container's history: "started > healthy > failing", its last eight. */
static void
history_text (const struct cpod_container_status *container, char *text, size_t size)
{
	const size_t from = container->n_states > 8 ? container->n_states - 8 : 0;
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = from; i < container->n_states && len < size; i++)
		len += (size_t) snprintf (text + len, size - len, "%s%s", i > 0 ? " > " : "",
		                          cpod_state_word (container->states[i]));
}

/* The colour of a state. */
static int
state_colour (unsigned int state)
{
	static const int colours[] = {
		[CPOD_STATE_STARTED] = CPOD_PLAIN,  [CPOD_STATE_HEALTHY] = CPOD_GREEN,
		[CPOD_STATE_FAILING] = CPOD_YELLOW, [CPOD_STATE_TERMINAL] = CPOD_RED,
		[CPOD_STATE_FINISHED] = CPOD_DIM,   [CPOD_STATE_FAILED] = CPOD_RED,
	};

	return state < sizeof (colours) / sizeof (colours[0]) ? colours[state] : CPOD_PLAIN;
}

/* Adds one container's row. */
static void
add_row (struct cpod_table *table, const struct cpod_container_status *container)
{
	const unsigned int state = container->n_states > 0 ? container->states[container->n_states - 1] : 0;
	char history[160];

	history_text (container, history, sizeof (history));
	cpod_table_add (table, CPOD_PLAIN, "");
	cpod_table_add (table, CPOD_PLAIN, container->name);
	if (container->init)
		cpod_table_add (table, CPOD_DIM,
		                container->ended ? "done" : container->running ? "running" : "waiting");
	else
		cpod_table_add (table, state_colour (state), cpod_state_word (state));
	cpod_table_add (table, CPOD_DIM, history);
	cpod_table_add (table, CPOD_PLAIN,
	                container->n_errors > 0 ? container->errors[container->n_errors - 1].message : "");
}

/* Adds the whole picture; the number of its lines. */
static unsigned int
picture (struct cpod_view *view, const struct cpod_status *status, struct cpod_str *out)
{
	struct cpod_table table;
	unsigned int n = 0;

	cpod_term_add (out, &view->term, CPOD_BOLD, view->pod);
	cpod_str_printf (out, "  %s  ", cpod_phase_word (status->phase));
	cpod_term_add (out, &view->term, status->healthy ? CPOD_GREEN : CPOD_RED,
	               status->healthy ? "healthy" : "unhealthy");
	if (view->address != NULL)
		cpod_str_printf (out, "  %s", view->address);
	cpod_str_add_char (out, '\n');
	cpod_table_init (&table, 5);
	for (; n < status->n_containers && n < MOST_DRAWN; n++)
		add_row (&table, &status->containers[n]);
	if (!cpod_table_write (&table, &view->term, out))
		out->failed = true;
	cpod_table_finish (&table);
	return n + 1;
}

void
cpod_view_draw (struct cpod_view *view, struct cpod_pod *pod)
{
	const struct cpod_status *status;
	cpod_autostr out = CPOD_STR_INIT;

	if (!view->live || !view->changed || !cpod_sink_empty (view->sink))
		return;
	if (cpod_pod_status (pod, &status, NULL) < 0)
		return;
	view->changed = false;
	view->term = cpod_term_probe (view->sink->fd);   /* its width may have changed */
	if (view->drawn > 0)
		cpod_str_printf (&out, "\033[%uA\r\033[J", view->drawn);
	view->drawn = picture (view, status, &out);
	if (!cpod_str_failed (&out))
		cpod_sink_add (view->sink, out.data, out.len);
	cpod_sink_flush (view->sink);
}
