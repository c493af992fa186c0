/* cpod logs: what the containers of a pod have written, and with -f what they write.
 *
 * Of a running pod it comes over the control socket, of one that has ended or was killed from its files. The
 * containers' output goes to standard output, their errors to standard error. */
#include "cli.h"

#include "client.h"
#include "log-reader.h"
#include "names.h"
#include "state-dir.h"
#include "term.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_FOLLOW, OPTION_TAIL, OPTION_TIMESTAMPS, OPTION_JSON };

/* What is shown, and how. */
struct show {
	const char *pod;
	bool follow, timestamps, json;
	bool named;                     /* several containers: each line begins with its container's name */
	int64_t tail;
	struct cpod_term terms[2];
	bool goes_on[2];                /* the last piece of the stream was not the end of its line */
	bool begun;                     /* something was shown */
};

/* Adds the entry as one line of JSON. */
static void
add_json (struct cpod_str *out, const struct show *show, const struct cpod_log_entry *entry)
{
	const struct { const char *key, *value; } members[] = {
		{ "pod", show->pod }, { "container", entry->container }, { "time", entry->time },
		{ "stream", entry->stream }, { "text", entry->text },
	};

	for (size_t i = 0; i < sizeof (members) / sizeof (members[0]); i++) {
		cpod_str_printf (out, "%s\"%s\":", i > 0 ? "," : "{", members[i].key);
		cpod_json_write_string (out, members[i].value);
	}
	cpod_str_printf (out, ",\"whole\":%s}\n", entry->whole ? "true" : "false");
}

/* Adds the entry as text. */
static void
add_text (struct cpod_str *out, const struct show *show, const struct cpod_log_entry *entry, size_t stream)
{
	if (!show->goes_on[stream] && show->timestamps)
		cpod_str_printf (out, "%s ", entry->time);
	if (!show->goes_on[stream] && show->named)
		cpod_str_printf (out, "%s | ", entry->container);
	if (show->terms[stream].tty)
		cpod_term_add_safe (out, entry->text, entry->len);
	else
		cpod_str_add_bytes (out, entry->text, entry->len);
	if (entry->whole || show->named || show->timestamps)
		cpod_str_add_char (out, '\n');
}

/* Shows one entry. */
static int
show_entry (struct show *show, const struct cpod_log_entry *entry)
{
	const size_t stream = strcmp (entry->stream, "stderr") == 0;
	cpod_autostr out = CPOD_STR_INIT;
	int ret;

	show->begun = true;
	if (show->json) {
		add_json (&out, show, entry);
		return cpod_print (&out);
	}
	add_text (&out, show, entry, stream);
	show->goes_on[stream] = !entry->whole && !show->named && !show->timestamps;
	ret = cpod_str_failed (&out) ? -ENOMEM
	                             : cpod_fd_write_all (stream == 0 ? STDOUT_FILENO : STDERR_FILENO, out.data, out.len);
	return ret < 0 ? cpod_fail (CPOD_EXIT_SYSTEM, "logs: %s", strerror (-ret)) : CPOD_EXIT_OK;
}

/* ---- From the files ---- */

/* The containers of a pod that has ended; *ret_names in the client's arena. */
static int
kept_containers (struct cpod_client *client, const char *given, char chosen[CPOD_CLIENT_NAME_MAX],
                 const char ***ret_names, size_t *ret_n, int *ret_status, struct cpod_error *err)
{
	const struct cpod_json *pod, *list;
	int ret;

	*ret_status = CPOD_EXIT_ABSENT;
	ret = given != NULL ? cpod_client_container (client, given, chosen, err) : 0;
	if (ret == 0)
		ret = cpod_client_status (client, &pod, ret_status, err);
	if (ret < 0)
		return ret;
	list = cpod_json_get (pod, "containers");
	*ret_n = list != NULL && list->type == CPOD_JSON_ARRAY ? list->count : 0;
	*ret_names = cpod_arena_array (&client->arena, *ret_n + 1, sizeof (**ret_names));
	if (*ret_names == NULL)
		return cpod_error_oom (err);
	*ret_n = 0;
	for (const struct cpod_json *item = list != NULL ? list->first : NULL; item != NULL; item = item->next)
		if (given == NULL || strcmp (cpod_member_text (item, "name", ""), chosen) == 0)
			(*ret_names)[(*ret_n)++] = cpod_member_text (item, "name", "");
	return 0;
}

/* Shows what the files hold. */
static int
show_files (struct show *show, int logs_fd, const char *const *names, size_t n)
{
	struct cpod_log_reader *reader;
	struct cpod_log_entry entry;
	struct cpod_error err;
	int status = CPOD_EXIT_OK;

	if (cpod_log_reader_create (logs_fd, names, n, show->tail, &reader, &err) < 0)
		return cpod_fail (CPOD_EXIT_SYSTEM, "logs: %s", err.message);
	show->named = n > 1;
	while (status == CPOD_EXIT_OK && cpod_log_reader_next (reader, &entry) == 1)
		status = show_entry (show, &entry);
	cpod_log_reader_destroy (reader);
	return status;
}

static int
show_kept (struct show *show, struct cpod_client *client, const char *given)
{
	char chosen[CPOD_CLIENT_NAME_MAX];
	cpod_autofd logs_fd = -1;
	struct cpod_error err;
	const char **names;
	int status, ret;
	size_t n;

	if (kept_containers (client, given, chosen, &names, &n, &status, &err) < 0)
		return cpod_fail (status, "logs: %s", err.message);
	ret = cpod_client_directory (client, "logs", &logs_fd, &err);
	if (ret == -ENOENT)
		return cpod_fail (CPOD_EXIT_NO, "logs: no output of pod %s was kept", client->pod);
	return ret < 0 ? cpod_fail (CPOD_EXIT_SYSTEM, "logs: %s", err.message) : show_files (show, logs_fd, names, n);
}

/* ---- From the supervisor ---- */

/* Calls Logs. */
static int
call (struct cpod_client *client, const struct show *show, const char *container, struct cpod_error *err)
{
	struct cpod_json *parameters;
	struct cpod_arena arena;
	int ret;

	cpod_arena_init (&arena, 0);
	parameters = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	if (container != NULL)
		parameters = cpod_json_add (&arena, parameters, "container", cpod_json_new_string (&arena, container));
	parameters = cpod_json_add (&arena, parameters, "follow", cpod_json_new_bool (&arena, show->follow));
	if (show->tail >= 0)
		parameters = cpod_json_add (&arena, parameters, "tail", cpod_json_new_int (&arena, show->tail));
	ret = parameters == NULL ? cpod_error_oom (err)
	                         : cpod_client_send_more (client, "io.cpod.Pod.Logs", parameters, err);
	cpod_arena_finish (&arena);
	return ret;
}

/* Shows the entry of a reply. */
static int
show_reply (struct show *show, const struct cpod_varlink_message *reply)
{
	const struct cpod_json *object = reply->parameters != NULL ? cpod_json_get (reply->parameters, "entry") : NULL;
	struct cpod_log_entry entry = {
		.container = cpod_member_text (object, "container", ""), .time = cpod_member_text (object, "time", ""),
		.stream = cpod_member_text (object, "stream", "stdout"), .text = cpod_member_text (object, "text", ""),
		.whole = cpod_member_bool (object, "whole", true),
	};

	entry.len = strlen (entry.text);
	return object != NULL ? show_entry (show, &entry) : CPOD_EXIT_OK;
}

/* Shows what the supervisor sends, to the end. */
static int
show_stream (struct show *show, struct cpod_client *client, const char *given)
{
	char chosen[CPOD_CLIENT_NAME_MAX];
	struct cpod_varlink_message reply;
	struct cpod_error err;
	int status = CPOD_EXIT_OK, ret = 0;

	if (given != NULL && cpod_client_container (client, given, chosen, &err) < 0)
		return cpod_fail (cpod_client_exit_for (&err), "logs: %s", err.message);
	ret = call (client, show, given != NULL ? chosen : NULL, &err);
	while (ret == 0 && status == CPOD_EXIT_OK) {
		ret = cpod_client_receive (client, -1, &reply, &err);
		if (ret == 0 && reply.error != NULL) {
			status = cpod_client_explain (client, &reply, &err);
			return cpod_fail (err.code == ENODATA ? CPOD_EXIT_NO : status, "logs: %s", err.message);
		}
		if (ret == 0)
			status = show_reply (show, &reply);
		if (ret == 0 && !reply.continues)
			return status;
	}
	if (ret == -ECONNRESET && !show->begun && cpod_client_again (client, &err) == 0 && client->kept)
		return show_kept (show, client, given);      /* it has ended just now */
	if (ret == -ECONNRESET)
		return cpod_fail (CPOD_EXIT_NO, "logs: the supervisor of pod %s was killed", client->pod);
	return ret < 0 ? cpod_fail (CPOD_EXIT_SYSTEM, "logs: %s", err.message) : status;
}

/* true if the pod has more than one container. */
static bool
has_several (struct cpod_client *client)
{
	const struct cpod_json *pod, *list;
	struct cpod_error err;
	int status;

	if (cpod_client_status (client, &pod, &status, &err) < 0)
		return true;
	list = cpod_json_get (pod, "containers");
	return list != NULL && list->type == CPOD_JSON_ARRAY && list->count > 1;
}

static int
logs_command (const struct cpod_args *args)
{
	const char *tail = args->values[OPTION_TAIL], *container = args->n_operands > 1 ? args->operands[1] : NULL;
	struct show show = {
		.follow = args->values[OPTION_FOLLOW] != NULL, .timestamps = args->values[OPTION_TIMESTAMPS] != NULL,
		.json = args->values[OPTION_JSON] != NULL, .tail = -1,
	};
	struct cpod_client client;
	struct cpod_error err;
	long number;
	int status;

	if (tail != NULL && cpod_args_number (tail, 0, 1 << 30, &number) < 0)
		return cpod_fail (CPOD_EXIT_USAGE, "logs: --tail %s is not a number of lines", tail);
	if (tail != NULL)
		show.tail = number;
	if (cpod_client_open_kept (&client, args->n_operands > 0 ? args->operands[0] : NULL, &err) < 0)
		return cpod_fail (cpod_client_exit_for (&err), "logs: %s", err.message);
	show.pod = client.pod;
	for (int i = 0; i < 2; i++)
		show.terms[i] = cpod_term_probe (i == 0 ? STDOUT_FILENO : STDERR_FILENO);
	show.named = container == NULL && has_several (&client);
	status = client.kept ? show_kept (&show, &client, container) : show_stream (&show, &client, container);
	cpod_client_close (&client);
	return status;
}

static const struct cpod_option options[] = {
	[OPTION_FOLLOW] = { "follow", 'f', NULL, "go on with what is written, until the pod ends" },
	[OPTION_TAIL] = { "tail", 'n', "LINES", "of each container only the last so many lines that are kept" },
	[OPTION_TIMESTAMPS] = { "timestamps", 't', NULL, "each line begins with the time when it was read" },
	[OPTION_JSON] = { "json", 0, NULL, "an object a line: pod, container, time, stream, text, whole" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_logs = {
	.name = "logs", .usage = "[-f] [-n LINES] [-t] [POD [CONTAINER]]", .operands = "pc", .options = options,
	.min_args = 0, .max_args = 2, .run = logs_command,
	.summary = "Show what containers have written",
	.details = "Output goes to standard output, errors to standard error; where the pod has several containers each\n"
	           "line begins with its container's name. Of each container about a megabyte is kept (`cpod run\n"
	           "--log-size`), also of a detached pod that has ended. POD may be left out where exactly one pod runs.\n",
};
