/* cpod healthy: the pod's one bit, as exit status and as a word. */
#include "cli.h"

#include "client.h"

/* Asks the pod and says the answer. */
static int
ask (struct cpod_client *client)
{
	struct cpod_varlink_message reply;
	struct cpod_error err;
	bool healthy;
	int status;

	if (cpod_client_call (client, "io.cpod.Pod.Healthy", NULL, &reply, &status, &err) < 0)
		return cpod_fail (status, "healthy: %s", err.message);
	healthy = cpod_member_bool (reply.parameters, "healthy", false);
	cpod_autostr out = CPOD_STR_INIT;
	cpod_str_add (&out, healthy ? "healthy\n" : "unhealthy\n");
	status = cpod_print (&out);
	return status != CPOD_EXIT_OK ? status : healthy ? CPOD_EXIT_OK : CPOD_EXIT_NO;
}

static int
healthy_command (const struct cpod_args *args)
{
	struct cpod_client client;
	struct cpod_error err;
	int status;

	if (cpod_client_open (&client, args->operands[0], &err) < 0)
		return cpod_fail (cpod_client_exit_for (&err), "healthy: %s", err.message);
	status = ask (&client);
	cpod_client_close (&client);
	return status;
}

static const struct cpod_option options[] = {
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_healthy = {
	.name = "healthy", .usage = "[POD]", .options = options, .min_args = 0, .max_args = 1,
	.run = healthy_command,
	.summary = "Say whether a pod is healthy: exit status 0 or 1",
	.details = "A pod is healthy while the last state of every container is started, healthy or failing.\n"
	           "POD may be left out where exactly one pod runs.\n",
};
