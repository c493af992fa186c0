/* cpod kill: sends a signal to one container, or to all of a pod. */
#include "cli.h"

#include "client.h"

#include "src/base/signals.h"

#include <string.h>

enum { OPTION_SIGNAL };

/* Calls Kill. */
static int
kill_call (struct cpod_client *client, const char *container, int signal)
{
	struct cpod_varlink_message reply;
	struct cpod_json *parameters;
	struct cpod_arena arena;
	struct cpod_error err;
	char name[CPOD_CLIENT_NAME_MAX];
	int status, ret;

	cpod_arena_init (&arena, 0);
	parameters = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	parameters = cpod_json_add (&arena, parameters, "signal", cpod_json_new_int (&arena, signal));
	if (container != NULL)
		parameters = cpod_json_add (&arena, parameters, "container",
		                            cpod_json_new_string (&arena, container));
	ret = cpod_client_call (client, "io.cpod.Pod.Kill", parameters, &reply, &status, &err);
	cpod_arena_finish (&arena);
	if (ret < 0 && status == CPOD_EXIT_ABSENT && container != NULL
	    && cpod_client_container (client, container, name, &err) == 0 && strcmp (name, container) != 0)
		return kill_call (client, name, signal);
	return ret < 0 ? cpod_fail (status, "kill: %s", err.message) : CPOD_EXIT_OK;
}

static int
kill_command (const struct cpod_args *args)
{
	const char *text = args->values[OPTION_SIGNAL];
	const int signal = text != NULL ? cpod_signal_parse (text) : 9;
	struct cpod_client client;
	struct cpod_error err;
	int status;

	if (signal < 0)
		return cpod_fail (CPOD_EXIT_USAGE, "kill: %s is no signal", text);
	if (cpod_client_open (&client, args->operands[0], &err) < 0)
		return cpod_fail (cpod_client_exit_for (&err), "kill: %s", err.message);
	status = kill_call (&client, args->operands[1], signal);
	cpod_client_close (&client);
	return status;
}

static const struct cpod_option options[] = {
	[OPTION_SIGNAL] = { "signal", 's', "SIGNAL",
	                    "a name (TERM, SIGTERM) or a number; KILL if not given" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_kill = {
	.name = "kill", .usage = "[-s SIGNAL] POD [CONTAINER]", .operands = "pc", .options = options, .min_args = 1,
	.max_args = 2,
	.run = kill_command,
	.summary = "Send a signal to a container, or to all of a pod",
	.details = "The signal goes to the first process of each container. Exit status 1 if it is not running.\n",
};
