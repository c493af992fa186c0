/* cpod events: what has happened to pods, and with -f what happens.
 *
 * What has happened is in the pods' files; running pods send it, and what follows, over their control sockets.
 * Without names all pods are meant, with -f those that begin later too: the state directory tells of them. */
#include "cli.h"

#include "pods.h"
#include "state-dir.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { OPTION_FOLLOW, OPTION_JSON };
enum { HISTORY_MAX = 512 << 10, RETRY_MS = 50, MOST_NEW = 64 };

/* ---- One event ---- */

/* How something ended, in words. */
static void
exit_text (const struct cpod_json *event, char *text, size_t size)
{
	const struct cpod_json *exit = cpod_json_get (event, "exit");
	const int signal = (int) cpod_member_int (exit, "signal", 0);
	const char *name = cpod_signal_name (signal);

	if (cpod_member_bool (exit, "lost", false))
		snprintf (text, size, "ended, nobody knows how");
	else if (signal == 0)
		snprintf (text, size, "exited with status %d", (int) cpod_member_int (exit, "code", 0));
	else if (name != NULL)
		snprintf (text, size, "was ended by SIG%s%s", name, cpod_member_bool (exit, "oom", false) ? " (out of memory)" : "");
	else
		snprintf (text, size, "was ended by signal %d", signal);
}

/* What happened, in words. */
static void
event_text (const struct cpod_json *event, char *text, size_t size)
{
	const char *type = cpod_member_text (event, "type", "?"), *state = cpod_member_text (event, "state", "?");

	if (strcmp (type, "started") == 0)
		snprintf (text, size, "runs");
	else if (strcmp (type, "state") == 0)
		snprintf (text, size, "%s%s", strcmp (state, "finished") == 0 || strcmp (state, "failed") == 0 ? "" : "is ", state);
	else if (strcmp (type, "exited") == 0)
		exit_text (event, text, size);
	else if (strcmp (type, "error") == 0)
		snprintf (text, size, "error: %s", cpod_member_text (event, "message", "?"));
	else if (strcmp (type, "healthy") == 0)
		snprintf (text, size, cpod_member_bool (event, "healthy", false) ? "healthy" : "unhealthy");
	else if (strcmp (type, "ended") == 0)
		snprintf (text, size, cpod_member_bool (event, "succeeded", false) ? "ended" : "ended, not all well");
	else
		snprintf (text, size, "%s", type);
}

/* Adds the event's line. */
static void
add_event (struct cpod_str *out, const char *pod, const struct cpod_json *event, bool json)
{
	const char *container = cpod_member_text (event, "container", NULL);
	char text[1200];

	if (json) {
		cpod_autostr object = CPOD_STR_INIT;

		cpod_json_write (&object, event, 0);
		cpod_str_add (out, "{\"pod\":");
		cpod_json_write_string (out, pod);
		cpod_str_printf (out, ",%s\n", object.data != NULL ? object.data + 1 : "}");
		return;
	}
	event_text (event, text, sizeof (text));
	cpod_str_printf (out, "%s %s%s%s: %s\n", cpod_member_text (event, "time", "-"), pod, container != NULL ? " " : "",
	                 container != NULL ? container : "", text);
}

/* ---- What has happened ---- */

/* A line to be shown, with its time for the order. */
struct line { char *text; char time[48]; size_t place; };
struct history { struct line *lines; size_t n, capacity; bool json, failed; };

/* Adds one event. */
static void
note (struct history *history, const char *pod, const struct cpod_json *event)
{
	cpod_autostr out = CPOD_STR_INIT;
	struct line *lines = history->lines;

	if (history->n == history->capacity) {
		history->capacity = 2 * history->capacity + 64;
		lines = reallocarray (history->lines, history->capacity, sizeof (*lines));
	}
	add_event (&out, pod, event, history->json);
	if (lines == NULL || cpod_str_failed (&out)) {
		history->failed = true;
		return;
	}
	history->lines = lines;
	lines[history->n] = (struct line) { .place = history->n };
	snprintf (lines[history->n].time, sizeof (lines[0].time), "%s", cpod_member_text (event, "time", ""));
	lines[history->n++].text = cpod_str_steal (&out);
}

/* Adds the events of one of the pod's files. */
static void
read_events (struct history *history, const char *pod, int dir_fd, const char *name)
{
	cpod_autofd fd = openat (dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *text, *line, *rest;
	struct cpod_json *event;
	struct cpod_arena arena;
	size_t len;

	if (fd < 0 || cpod_fd_read_all (fd, HISTORY_MAX, &text, &len) < 0)
		return;
	rest = text;
	while ((line = strsep (&rest, "\n")) != NULL && rest != NULL) {
		cpod_arena_init (&arena, 0);
		if (cpod_json_parse (name, line, strlen (line), 0, &arena, &event, NULL) == 0)
			note (history, pod, event);
		cpod_arena_finish (&arena);
	}
	free (text);
}

/* The earlier one, of the same time the one that was read before. */
static int
by_time (const void *a, const void *b)
{
	const struct line *first = a, *second = b;
	int order = strcmp (first->time, second->time);

	return order != 0 ? order : first->place < second->place ? -1 : 1;
}

/* Prints everything in order, and forgets it. */
static int
print_history (struct history *history)
{
	cpod_autostr out = CPOD_STR_INIT;

	if (history->n > 0)
		qsort (history->lines, history->n, sizeof (*history->lines), by_time);
	for (size_t i = 0; i < history->n; i++) {
		cpod_str_add (&out, history->lines[i].text);
		free (history->lines[i].text);
	}
	free (history->lines);
	history->lines = NULL;
	if (history->failed)
		return cpod_fail (CPOD_EXIT_SYSTEM, "events: out of memory");
	history->n = history->capacity = 0;
	return cpod_print (&out);
}

/* Prints what the files of these pods tell; running: of those that run as well. */
static int
show_history (struct cpod_pods *pods, bool running, bool json)
{
	struct history history = { .json = json };
	struct cpod_error err;

	for (size_t i = 0; i < pods->n; i++) {
		cpod_autofd dir_fd = -1;

		if ((!running && !pods->clients[i].kept) || cpod_client_directory (&pods->clients[i], NULL, &dir_fd, &err) < 0)
			continue;
		read_events (&history, pods->clients[i].pod, dir_fd, "events.1");
		read_events (&history, pods->clients[i].pod, dir_fd, "events");
	}
	return print_history (&history);
}

/* ---- What happens ---- */

/* The streams that are followed. */
struct follow {
	struct cpod_pods *pods;
	size_t capacity;                /* of its list */
	bool json;
	int inotify_fd;                 /* owned; -1: new pods are not looked for */
	char fresh[MOST_NEW][CPOD_CLIENT_NAME_MAX];   /* pods that do not answer yet */
	size_t n_fresh;
};

/* Asks a running pod for what has happened and what happens. */
static int
subscribe (struct cpod_client *client, struct cpod_error *err)
{
	struct cpod_json *parameters;
	struct cpod_arena arena;
	int ret;

	cpod_arena_init (&arena, 0);
	parameters = cpod_json_add (&arena, cpod_json_new (&arena, CPOD_JSON_OBJECT), "history", cpod_json_new_bool (&arena, true));
	ret = parameters == NULL ? cpod_error_oom (err) : cpod_client_send_more (client, "io.cpod.Pod.Events", parameters, err);
	cpod_arena_finish (&arena);
	return ret;
}

/* Drops a stream that is over. */
static void
drop (struct follow *follow, size_t i)
{
	struct cpod_pods *pods = follow->pods;

	cpod_client_close (&pods->clients[i]);
	memmove (&pods->clients[i], &pods->clients[i + 1], (--pods->n - i) * sizeof (*pods->clients));
}

/* The stream of a pod has broken off: with its supervisor, since one that ends says so. */
static void
say_killed (struct follow *follow, const char *pod)
{
	cpod_say ("events: the supervisor of pod %s was killed", pod);
	if (follow->inotify_fd < 0 && follow->pods->status == CPOD_EXIT_OK)
		follow->pods->status = CPOD_EXIT_NO;
}

/* Prints the events that a pod has sent. */
static int
take_events (struct follow *follow, size_t i)
{
	struct cpod_client *client = &follow->pods->clients[i];
	cpod_autostr out = CPOD_STR_INIT;
	struct cpod_varlink_message reply;
	const struct cpod_json *event;
	struct cpod_error err;
	int status = CPOD_EXIT_OK, ret;
	bool over = false;

	/* What has come is taken without waiting: an answer that is late ends the loop. */
	while ((ret = cpod_client_receive (client, 0, &reply, &err)) == 0 && !over) {
		event = reply.parameters != NULL ? cpod_json_get (reply.parameters, "event") : NULL;
		over = !reply.continues;
		if (event != NULL && strcmp (cpod_member_text (event, "type", ""), "subscribed") != 0)
			add_event (&out, client->pod, event, follow->json);
	}
	if (out.len > 0)
		status = cpod_print (&out);
	if (!over && ret != -ETIMEDOUT)
		say_killed (follow, client->pod);
	if (over || ret != -ETIMEDOUT)
		drop (follow, i);
	return status;
}

/* Notes the names that have come into the state directory. */
static void
take_names (struct follow *follow)
{
	union { char bytes[4096]; struct inotify_event align; } buffer;
	ssize_t n = read (follow->inotify_fd, buffer.bytes, sizeof (buffer.bytes));

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const void *) (buffer.bytes + at);

		if (event->len > 0 && event->name[0] != '.' && follow->n_fresh < MOST_NEW)
			snprintf (follow->fresh[follow->n_fresh++], CPOD_CLIENT_NAME_MAX, "%.63s", event->name);
		at += (ssize_t) (sizeof (*event) + event->len);
	}
}

/* true if the pod is followed already. */
static bool
is_followed (const struct follow *follow, const char *name)
{
	for (size_t i = 0; i < follow->pods->n; i++)
		if (strcmp (follow->pods->clients[i].pod, name) == 0)
			return true;
	return false;
}

/* Follows the new pods that answer now; one that has ended already has told all. */
static void
open_fresh (struct follow *follow)
{
	struct cpod_pods *pods = follow->pods;
	struct cpod_client client, *clients;
	struct cpod_error err;
	size_t left = 0;
	int ret;

	for (size_t i = 0; i < follow->n_fresh; i++) {
		cpod_autofd pods_fd = -1;
		char path[384];

		ret = cpod_state_open_pods (false, path, sizeof (path), &pods_fd, &err);
		if (ret == 0)
			ret = cpod_client_connect (&client, pods_fd, follow->fresh[i], &err);
		if (ret < 0 && cpod_state_look (pods_fd, follow->fresh[i]) == CPOD_ENTRY_RUNS)
			memmove (follow->fresh[left++], follow->fresh[i], sizeof (follow->fresh[0]));
		if (ret < 0)
			continue;
		if (is_followed (follow, client.pod)) {
			cpod_client_close (&client);
			continue;
		}
		clients = reallocarray (pods->clients, pods->n + 1, sizeof (*clients));
		if (clients != NULL)
			pods->clients = clients;
		if (clients == NULL || subscribe (&client, &err) < 0)
			cpod_client_close (&client);
		else
			clients[pods->n++] = client;
	}
	follow->n_fresh = left;
}

/* Waits for what happens next and prints it. */
static int
turn (struct follow *follow)
{
	const size_t n = follow->pods->n;
	struct pollfd *fds = calloc (n + 1, sizeof (*fds));
	int status = CPOD_EXIT_OK;

	if (fds == NULL)
		return cpod_fail (CPOD_EXIT_SYSTEM, "events: out of memory");
	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd) { .fd = follow->pods->clients[i].fd, .events = POLLIN };
	fds[n] = (struct pollfd) { .fd = follow->inotify_fd, .events = POLLIN };
	if (poll (fds, n + 1, follow->n_fresh > 0 ? RETRY_MS : -1) >= 0) {
		for (size_t i = n; i-- > 0 && status == CPOD_EXIT_OK;)   /* from the end: one may be dropped */
			if (fds[i].revents != 0)
				status = take_events (follow, i);
		if (fds[n].revents != 0)
			take_names (follow);
		open_fresh (follow);
	}
	free (fds);
	return status;
}

/* A descriptor that tells of new pods; the state directory is made where there is none yet. */
static int
watch_pods (struct cpod_error *err)
{
	cpod_autofd pods_fd = -1, fd = -1;
	char path[384];
	int ret;

	ret = cpod_state_open_pods (true, path, sizeof (path), &pods_fd, err);
	if (ret < 0)
		return ret;
	fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0 || inotify_add_watch (fd, path, IN_MOVED_TO | IN_ONLYDIR) < 0)
		return cpod_error_sys (err, errno, "watch %s", path);
	return cpod_fd_steal (&fd);
}

/* Follows these pods until their ends; with new ones for ever. */
static int
follow_pods (struct follow *follow)
{
	struct cpod_error err;
	int status = CPOD_EXIT_OK;

	for (size_t i = follow->pods->n; i-- > 0;)
		if (follow->pods->clients[i].kept || subscribe (&follow->pods->clients[i], &err) < 0)
			drop (follow, i);
	while (status == CPOD_EXIT_OK && (follow->pods->n > 0 || follow->inotify_fd >= 0))
		status = turn (follow);
	return status;
}

static int
events_command (const struct cpod_args *args)
{
	const bool json = args->values[OPTION_JSON] != NULL, follows = args->values[OPTION_FOLLOW] != NULL;
	const bool all = args->n_operands == 0;
	struct cpod_pods pods;
	struct follow follow = { .pods = &pods, .json = json, .inotify_fd = -1 };
	struct cpod_error err;
	int status = CPOD_EXIT_OK;

	if (follows && all) {
		follow.inotify_fd = watch_pods (&err);
		if (follow.inotify_fd < 0)
			return cpod_fail (CPOD_EXIT_SYSTEM, "events: %s", err.message);
	}
	cpod_pods_open (&pods, args, all ? CPOD_PODS_ALL : CPOD_PODS_NAMED, true);
	status = show_history (&pods, !follows, json);
	if (status == CPOD_EXIT_OK && follows)
		status = follow_pods (&follow);
	cpod_fd_close (&follow.inotify_fd);
	cpod_pods_close (&pods);
	return status != CPOD_EXIT_OK ? status : pods.status;
}

static const struct cpod_option options[] = {
	[OPTION_FOLLOW] = { "follow", 'f', NULL, "go on with what happens, until the pods end; without names for ever" },
	[OPTION_JSON] = { "json", 0, NULL, "an object a line: pod, type, time, and what belongs to the type" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_events = {
	.name = "events", .usage = "[-f] [--json] [POD]...", .operands = "P", .options = options, .min_args = 0,
	.max_args = -1, .run = events_command,
	.summary = "Show what has happened to pods",
	.details = "A line for each event: its time, the pod, the container, and what it was; of several pods in the order\n"
	           "of time. Without a name of all pods, with -f also of those that begin later. Some hundred events of\n"
	           "a pod are kept, those of a detached pod after its end too.\n",
};
