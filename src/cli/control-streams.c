/* Calls of the control socket that go on: logs, the history of events, waiting for the end.
 *
 * A stream sends what the client takes and waits for it before it reads more: it holds no more than one portion. What
 * it reads is in bounded files, so a client that is slow misses lines, and nothing else suffers. */
#include "control-connection.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PORTION     = 32 << 10,            /* bytes of replies before they are sent */
	HISTORY_MAX = 512 << 10,           /* a file of events */
};

/* ---- Logs ---- */

/* The containers of the call: the one that is named, or all. -ENOENT. */
static int
choose_containers (struct cpod_connection *connection, const char *container, const char ***ret_names, size_t *ret_n,
                   struct cpod_error *err)
{
	const struct cpod_status *status;
	const char **names;
	int ret;

	ret = cpod_pod_status (connection->control->config.pod, &status, err);
	if (ret < 0)
		return ret;
	names = calloc (status->n_containers + 1, sizeof (*names));
	if (names == NULL)
		return cpod_error_oom (err);
	*ret_n = 0;
	for (size_t i = 0; i < status->n_containers; i++)
		if (container == NULL || strcmp (status->containers[i].name, container) == 0)
			names[(*ret_n)++] = status->containers[i].name;
	if (*ret_n == 0 && container != NULL) {
		free (names);
		return cpod_error_set (err, ENOENT, "there is no container %s", container);
	}
	*ret_names = names;
	return 0;
}

int
cpod_stream_logs (struct cpod_connection *connection, const char *container, bool follow, int64_t tail,
                  struct cpod_error *err)
{
	cpod_autofd logs_fd = -1;
	const char **names = NULL;
	size_t n = 0;
	int ret;

	logs_fd = openat (connection->control->config.dir_fd, "logs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (logs_fd < 0)
		return errno == ENOENT ? cpod_error_set (err, ENODATA, "no output of this pod is kept")
		                       : cpod_error_sys (err, errno, "open the logs");
	ret = choose_containers (connection, container, &names, &n, err);
	if (ret < 0)
		return ret;
	ret = cpod_log_reader_create (logs_fd, names, n, tail, &connection->logs, err);
	connection->follows = follow;
	free (names);
	return ret;
}

void
cpod_stream_cancel (struct cpod_connection *connection)
{
	cpod_log_reader_destroy (connection->logs);
	connection->logs = NULL;
}

/* The text of an entry as a JSON string has it: no NULs. */
static const char *
entry_text (struct cpod_arena *arena, const struct cpod_log_entry *entry)
{
	cpod_autostr text = CPOD_STR_INIT;

	if (memchr (entry->text, '\0', entry->len) == NULL)
		return entry->text;
	for (size_t i = 0; i < entry->len; i++)
		if (entry->text[i] == '\0')
			cpod_str_add (&text, "\xef\xbf\xbd");
		else
			cpod_str_add_char (&text, entry->text[i]);
	return cpod_str_failed (&text) ? "" : cpod_arena_strdup (arena, text.data);
}

/* Adds the reply for one entry. */
static void
add_entry (struct cpod_connection *connection, const struct cpod_log_entry *entry)
{
	struct cpod_json *object, *parameters;
	struct cpod_arena arena;

	cpod_arena_init (&arena, 0);
	object = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	parameters = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	object = cpod_json_add (&arena, object, "container", cpod_json_new_string (&arena, entry->container));
	object = cpod_json_add (&arena, object, "time", cpod_json_new_string (&arena, entry->time));
	object = cpod_json_add (&arena, object, "stream", cpod_json_new_string (&arena, entry->stream));
	object = cpod_json_add (&arena, object, "whole", cpod_json_new_bool (&arena, entry->whole));
	object = cpod_json_add (&arena, object, "text", cpod_json_new_string (&arena, entry_text (&arena, entry)));
	parameters = cpod_json_add (&arena, parameters, "entry", object);
	if (parameters != NULL)
		cpod_varlink_add_reply (&connection->out, parameters, true);
	cpod_arena_finish (&arena);
}

void
cpod_stream_pump (struct cpod_connection *connection)
{
	struct cpod_control *control = connection->control;
	struct cpod_log_entry entry;
	bool more = true;

	if (connection->logs == NULL || connection->sent < connection->out.len)
		return;
	while (more && connection->out.len < PORTION) {
		more = cpod_log_reader_next (connection->logs, &entry) == 1;
		if (more)
			add_entry (connection, &entry);
	}
	if (!more && (!connection->follows || control->ended)) {
		cpod_varlink_add_reply (&connection->out, NULL, false);
		cpod_stream_cancel (connection);
	}
	if (cpod_connection_flush (connection) && more && connection->sent == connection->out.len) {
		cpod_connection_enqueue (connection, 0);       /* the others come first */
		(void) cpod_loop_arm (&control->loop, &control->later, cpod_clock_ns ());
	}
}

/* ---- Events ---- */

/* Adds a reply for each line of the file. */
static void
add_lines (struct cpod_connection *connection, const char *name)
{
	cpod_autofd fd = openat (connection->control->config.dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *text, *line, *rest;
	size_t len;

	if (fd < 0 || cpod_fd_read_all (fd, HISTORY_MAX, &text, &len) < 0)
		return;
	rest = text;
	while ((line = strsep (&rest, "\n")) != NULL && rest != NULL) {   /* what has no end is not whole */
		cpod_str_printf (&connection->out, "{\"continues\":true,\"parameters\":{\"event\":%s}}", line);
		cpod_str_add_bytes (&connection->out, "", 1);
	}
	free (text);
}

void
cpod_stream_history (struct cpod_connection *connection)
{
	add_lines (connection, "events.1");
	add_lines (connection, "events");
}

/* ---- Wait ---- */

void
cpod_stream_waited (struct cpod_connection *connection)
{
	const struct cpod_control *control = connection->control;
	const struct cpod_status *status;
	struct cpod_json *parameters;
	struct cpod_arena arena;

	cpod_arena_init (&arena, 0);
	parameters = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	parameters = cpod_json_add (&arena, parameters, "exitStatus", cpod_json_new_int (&arena, control->config.info.exit_status));
	if (cpod_pod_status (control->config.pod, &status, NULL) == 0)
		parameters = cpod_json_add (&arena, parameters, "phase",
		                            cpod_json_new_string (&arena, cpod_phase_word (status->phase)));
	cpod_varlink_add_reply (&connection->out, parameters, false);
	cpod_arena_finish (&arena);
	connection->waits = false;
	cpod_control_answered (connection);
}
