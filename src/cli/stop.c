/* cpod stop: ends a pod gracefully and waits until its supervisor has ended. */
#include "cli.h"

#include "client.h"

#include "src/base/error.h"

#include <errno.h>

enum { OPTION_TIME };

/* Calls Stop, then waits for the end of the connection: the supervisor closes it last. */
static int
stop_call (struct cpod_client *client, long grace_s)
{
	struct cpod_varlink_message reply;
	struct cpod_json *parameters = NULL;
	struct cpod_arena arena;
	struct cpod_error err;
	int status, ret;

	cpod_arena_init (&arena, 0);
	if (grace_s >= 0)
		parameters = cpod_json_add (&arena, cpod_json_new (&arena, CPOD_JSON_OBJECT), "graceMs",
		                            cpod_json_new_int (&arena, grace_s * 1000));
	ret = cpod_client_call (client, "io.cpod.Pod.Stop", parameters, &reply, &status, &err);
	cpod_arena_finish (&arena);
	while (ret == 0)
		ret = cpod_client_receive (client, -1, &reply, &err);
	if (ret == -ECONNRESET)
		return CPOD_EXIT_OK;
	return cpod_fail (status == CPOD_EXIT_OK ? CPOD_EXIT_SYSTEM : status, "stop: %s", err.message);
}

static int
stop_command (const struct cpod_args *args)
{
	const char *text = args->values[OPTION_TIME];
	struct cpod_client client;
	struct cpod_error err;
	long grace_s = -1;
	int status;

	if (text != NULL && cpod_args_number (text, 0, 86400 * 365, &grace_s) < 0)
		return cpod_fail (CPOD_EXIT_USAGE, "stop: --time %s is not a number of seconds", text);
	if (cpod_client_open (&client, args->operands[0], &err) < 0)
		return cpod_fail (cpod_client_exit_for (&err), "stop: %s", err.message);
	status = stop_call (&client, grace_s);
	cpod_client_close (&client);
	return status;
}

static const struct cpod_option options[] = {
	[OPTION_TIME] = { "time", 't', "SECONDS",
	                  "how long containers may take before SIGKILL; the pod's own if not given" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_stop = {
	.name = "stop", .usage = "[-t SECONDS] POD", .options = options, .min_args = 1, .max_args = 1,
	.run = stop_command,
	.summary = "End a pod gracefully, and wait for its end",
	.details = "Each container gets SIGTERM, and SIGKILL when the time is over; one whose first process does\n"
	           "not handle SIGTERM gets SIGKILL at once.\n",
};
