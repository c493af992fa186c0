/* When a detached pod counts as started; see starting.h. */
#include "starting.h"

#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* Reports, and listens no more. */
static void
report (struct cpod_starting *starting, int status)
{
	cpod_loop_remove (&starting->source);
	cpod_detach_report (&starting->report_fd, status);
}

/* The command that waits has gone away: the pod it wanted is wanted no more. */
static void
on_hangup (struct cpod_source *source, uint32_t events)
{
	struct cpod_starting *starting = source->data;

	(void) events;
	report (starting, CPOD_EXIT_NO);
	starting->deserted (starting->data);
}

int
cpod_starting_begin (struct cpod_starting *starting, struct cpod_loop *loop, int report_fd, struct cpod_error *err)
{
	starting->report_fd = report_fd;
	starting->source.ready = on_hangup;
	starting->source.data = starting;
	return report_fd < 0 ? 0 : cpod_loop_add (loop, &starting->source, report_fd, EPOLLRDHUP, err);
}

void
cpod_starting_begun (struct cpod_starting *starting)
{
	if (starting->wait == CPOD_WAIT_NONE)
		report (starting, CPOD_EXIT_OK);
}

/* Notes that the container at index has run. */
static void
note_started (struct cpod_starting *starting, const struct cpod_status *status, size_t index)
{
	if (starting->started == NULL)
		starting->started = calloc (status->n_containers, sizeof (*starting->started));
	if (starting->started != NULL)
		starting->started[index] = true;
}

/* true if every main container has run. */
static bool
all_have_run (const struct cpod_starting *starting, const struct cpod_status *status)
{
	for (size_t i = status->n_init; i < status->n_containers; i++)
		if (starting->started == NULL || !starting->started[i])
			return false;
	return true;
}

/* Says why a container did not start. */
static int
say_failure (const struct cpod_status *status, const struct cpod_container_status *container)
{
	const char *why = container->n_errors > 0 ? container->errors[container->n_errors - 1].message : "nobody knows why";

	return cpod_fail (CPOD_EXIT_NO, "run: container %s of pod %s did not start: %s", container->name, status->name, why);
}

/* Says why the pod ended before it ran: what the first container with an error says. */
static int
say_end (const struct cpod_status *status)
{
	for (size_t i = 0; i < status->n_containers; i++) {
		const struct cpod_container_status *container = &status->containers[i];

		if (container->n_errors > 0)
			return cpod_fail (CPOD_EXIT_NO, "run: pod %s has ended before it ran: container %s: %s", status->name,
			                  container->name, container->errors[container->n_errors - 1].message);
	}
	return cpod_fail (CPOD_EXIT_NO, "run: pod %s has ended before it ran", status->name);
}

/* An init container has failed: where it is run again and again this may last for ever, so the reason is said when it
 * comes up the second time. */
static void
note_init_failure (struct cpod_starting *starting, const struct cpod_status *status, size_t index, const char *why)
{
	const bool again = strncmp (starting->last_error, why, sizeof (starting->last_error) - 1) == 0;

	starting->n_same = again ? starting->n_same + 1 : 1;
	snprintf (starting->last_error, sizeof (starting->last_error), "%s", why);
	if (starting->n_same == 2 && starting->wait == CPOD_WAIT_RUNNING)
		cpod_say ("run: pod %s waits for its init container %s, which fails: %s", status->name,
		          status->containers[index].name, why);
}

/* The place of the container that an event is about; status->n_containers for an event of the pod. */
static size_t
index_of (const struct cpod_status *status, const struct cpod_event *event)
{
	size_t i = event->container != NULL ? 0 : status->n_containers;

	while (i < status->n_containers && strcmp (status->containers[i].name, event->container) != 0)
		i++;
	return i;
}

/* true if the event says that the main container at index will not start now. */
static bool
is_failure (const struct cpod_starting *starting, const struct cpod_status *status, size_t index,
            const struct cpod_event *event)
{
	if (index < status->n_init || index >= status->n_containers)
		return false;
	if (starting->started != NULL && starting->started[index])
		return false;
	return event->type == CPOD_EVENT_ERROR || (event->type == CPOD_EVENT_STATE && event->state == CPOD_STATE_FAILED);
}

void
cpod_starting_event (struct cpod_starting *starting, struct cpod_pod *pod, const struct cpod_event *event)
{
	const struct cpod_status *status;
	size_t index;

	if (starting->report_fd < 0 || cpod_pod_status (pod, &status, NULL) < 0)
		return;
	index = index_of (status, event);
	if (event->type == CPOD_EVENT_STARTED && index < status->n_containers)
		note_started (starting, status, index);
	if (event->type == CPOD_EVENT_STARTED && (starting->wait == CPOD_WAIT_STARTED || all_have_run (starting, status)))
		report (starting, CPOD_EXIT_OK);
	else if (is_failure (starting, status, index, event))
		report (starting, say_failure (status, &status->containers[index]));
	else if (event->type == CPOD_EVENT_ERROR && index < status->n_init && event->message != NULL)
		note_init_failure (starting, status, index, event->message);
	else if (event->type == CPOD_EVENT_ENDED)
		report (starting, all_have_run (starting, status) ? CPOD_EXIT_OK : say_end (status));
}

void
cpod_starting_finish (struct cpod_starting *starting, int status)
{
	report (starting, status);
	free (starting->started);
	starting->started = NULL;
}
