/* cpod status: pods, container by container. */
#include "cli.h"

#include "pods.h"
#include "table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_JSON };

/* The colour of a state's word. */
static int
colour_of (const char *state)
{
	static const struct { const char *state; int colour; } colours[] = {
		{ "healthy", CPOD_GREEN }, { "failing", CPOD_YELLOW }, { "terminal", CPOD_RED },
		{ "failed", CPOD_RED },
	};

	for (size_t i = 0; i < sizeof (colours) / sizeof (colours[0]); i++)
		if (strcmp (colours[i].state, state) == 0)
			return colours[i].colour;
	return CPOD_PLAIN;
}

/* The last element of the container's list key, or NULL. */
static const struct cpod_json *
last_of (const struct cpod_json *container, const char *key)
{
	const struct cpod_json *list = cpod_json_get (container, key), *item, *last = NULL;

	if (list != NULL && list->type == CPOD_JSON_ARRAY)
		for (item = list->first; item != NULL; item = item->next)
			last = item;
	return last;
}

/* The word for where a container is: its last state; an init container has none. */
static const char *
state_of (const struct cpod_json *container, char *text, size_t size)
{
	const struct cpod_json *last = last_of (container, "states");
	const struct cpod_json *exit = cpod_json_get (container, "exit");

	if (last != NULL && last->type == CPOD_JSON_STRING)
		return last->text;
	if (cpod_member_bool (container, "running", false))
		return "running";
	if (exit == NULL)
		return "waiting";
	if (cpod_member_int (exit, "code", 0) == 0)
		return "finished";
	snprintf (text, size, "exited %d", (int) cpod_member_int (exit, "code", 0));
	return text;
}

/* Adds one container's row. */
static void
add_row (struct cpod_table *table, const struct cpod_json *container)
{
	const struct cpod_json *error = last_of (container, "errors");
	const bool init = cpod_member_bool (container, "init", false);
	const bool ready = cpod_member_bool (container, "ready", false);
	char restarts[24], buffer[32];
	const char *state = state_of (container, buffer, sizeof (buffer));

	snprintf (restarts, sizeof (restarts), "%d", (int) cpod_member_int (container, "restarts", 0));
	cpod_table_add (table, CPOD_PLAIN, cpod_member_text (container, "name", "?"));
	cpod_table_add (table, colour_of (state), state);
	cpod_table_add (table, CPOD_PLAIN, init ? "-" : ready ? "yes" : "no");
	cpod_table_add (table, CPOD_PLAIN, init ? "-" : restarts);
	cpod_table_add (table, CPOD_PLAIN, error != NULL ? cpod_member_text (error, "message", "") : "-");
}

/* Writes the pod for people. */
static int
write_table (struct cpod_str *out, const struct cpod_json *pod)
{
	static const char *const heads[] = { "CONTAINER", "STATE", "READY", "RESTARTS", "LAST ERROR" };
	const struct cpod_term term = cpod_term_probe (STDOUT_FILENO);
	const bool healthy = cpod_member_bool (pod, "healthy", false);
	const struct cpod_json *list = cpod_json_get (pod, "containers");
	const char *ended = cpod_member_text (pod, "ended", NULL);
	struct cpod_table table;

	cpod_str_printf (out, "%s: %s, ", cpod_member_text (pod, "name", "?"),
	                 cpod_member_text (pod, "phase", "?"));
	cpod_term_add (out, &term, healthy ? CPOD_GREEN : CPOD_RED, healthy ? "healthy" : "unhealthy");
	cpod_str_printf (out, ", runtime %s, ", cpod_member_text (pod, "runtime", "?"));
	if (ended != NULL)
		cpod_str_printf (out, "ended %s, exit status %d\n", ended, (int) cpod_member_int (pod, "exitStatus", 0));
	else
		cpod_str_printf (out, "supervisor %d\n", (int) cpod_member_int (pod, "pid", 0));
	cpod_table_init (&table, sizeof (heads) / sizeof (heads[0]));
	for (size_t i = 0; i < sizeof (heads) / sizeof (heads[0]); i++)
		cpod_table_add (&table, CPOD_BOLD, heads[i]);
	if (list != NULL && list->type == CPOD_JSON_ARRAY)
		for (const struct cpod_json *item = list->first; item != NULL; item = item->next)
			add_row (&table, item);
	if (!cpod_table_write (&table, &term, out))
		out->failed = true;
	cpod_table_finish (&table);
	return cpod_print (out);
}

/* Asks the pod and prints the answer. */
static int
ask (struct cpod_client *client, bool json)
{
	cpod_autostr out = CPOD_STR_INIT;
	const struct cpod_json *pod;
	struct cpod_error err;
	int status;

	if (cpod_client_status (client, &pod, &status, &err) < 0)
		return cpod_fail (status, "status: %s", err.message);
	if (!json)
		return write_table (&out, pod);
	cpod_json_write (&out, pod, 2);
	cpod_str_add_char (&out, '\n');
	return cpod_print (&out);
}

static int
status_command (const struct cpod_args *args)
{
	cpod_autostr line = CPOD_STR_INIT;
	struct cpod_pods pods;

	cpod_pods_open (&pods, args, CPOD_PODS_NAMED, true);
	for (size_t i = 0; i < pods.n; i++) {
		if (i > 0 && args->values[OPTION_JSON] == NULL) {
			cpod_str_add_char (&line, '\n');
			cpod_pods_note (&pods, cpod_print (&line));
		}
		cpod_pods_note (&pods, ask (&pods.clients[i], args->values[OPTION_JSON] != NULL));
	}
	cpod_pods_close (&pods);
	return pods.status;
}

static const struct cpod_option options[] = {
	[OPTION_JSON] = { "json", 0, NULL, "everything, as JSON; of several pods one object after the other" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_status = {
	.name = "status", .usage = "[--json] [POD]...", .operands = "P", .options = options, .min_args = 0, .max_args = -1,
	.run = status_command,
	.summary = "Show pods' containers and their states",
	.details = "Of a detached pod that has ended the last ones. POD may be left out where exactly one pod runs.\n",
};
