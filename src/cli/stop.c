/* cpod stop: ends pods gracefully and waits until their supervisors have ended. */
#include "cli.h"

#include "pods.h"

#include <errno.h>

enum { OPTION_ALL, OPTION_TIME };

/* Asks for the pod's end. One that has ended is what was asked for. */
static int
begin (struct cpod_client *client, long grace_s)
{
	struct cpod_varlink_message reply;
	struct cpod_json *parameters = NULL;
	struct cpod_arena arena;
	struct cpod_error err;
	int status = CPOD_EXIT_OK, ret;

	if (client->kept)
		return CPOD_EXIT_OK;
	cpod_arena_init (&arena, 0);
	if (grace_s >= 0)
		parameters = cpod_json_add (&arena, cpod_json_new (&arena, CPOD_JSON_OBJECT), "graceMs",
		                            cpod_json_new_int (&arena, grace_s * 1000));
	ret = cpod_client_call (client, "io.cpod.Pod.Stop", parameters, &reply, &status, &err);
	cpod_arena_finish (&arena);
	if (ret == 0 || ret == -ECONNRESET)
		return CPOD_EXIT_OK;
	return cpod_fail (status, "stop: %s", err.message);
}

/* Waits for the end of the connection: the supervisor closes it last. */
static int
end (struct cpod_client *client)
{
	struct cpod_varlink_message reply;
	struct cpod_error err;
	int ret = client->kept ? -ECONNRESET : 0;

	while (ret == 0)
		ret = cpod_client_receive (client, -1, &reply, &err);
	return ret == -ECONNRESET ? CPOD_EXIT_OK : cpod_fail (CPOD_EXIT_SYSTEM, "stop: %s", err.message);
}

static int
stop_command (const struct cpod_args *args)
{
	const char *text = args->values[OPTION_TIME];
	const bool all = args->values[OPTION_ALL] != NULL;
	struct cpod_pods pods;
	long grace_s = -1;

	if (text != NULL && cpod_args_number (text, 0, 86400 * 365, &grace_s) < 0)
		return cpod_fail (CPOD_EXIT_USAGE, "stop: --time %s is not a number of seconds", text);
	if (!all && args->n_operands == 0)
		return cpod_fail (CPOD_EXIT_USAGE, "stop: which pods? `cpod ps` lists them");
	cpod_pods_open (&pods, args, all ? CPOD_PODS_RUNNING : CPOD_PODS_NAMED, true);
	for (size_t i = 0; i < pods.n; i++)
		cpod_pods_note (&pods, begin (&pods.clients[i], grace_s));
	for (size_t i = 0; i < pods.n; i++)
		cpod_pods_note (&pods, end (&pods.clients[i]));
	cpod_pods_close (&pods);
	return pods.status;
}

static const struct cpod_option options[] = {
	[OPTION_ALL] = { "all", 'a', NULL, "all that run" },
	[OPTION_TIME] = { "time", 't', "SECONDS",
	                  "how long containers may take before SIGKILL; the pod's own if not given" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_stop = {
	.name = "stop", .usage = "[-t SECONDS] POD... | --all", .operands = "P", .options = options, .min_args = 0,
	.max_args = -1, .run = stop_command,
	.summary = "End pods gracefully, and wait for their end",
	.details = "Each container gets SIGTERM, and SIGKILL when the time is over; one whose first process does\n"
	           "not handle SIGTERM gets SIGKILL at once. Several pods are stopped at the same time.\n",
};
