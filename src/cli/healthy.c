/* cpod healthy: a pod's one bit, as exit status and as a word. */
#include "cli.h"

#include "pods.h"

enum { OPTION_JSON };

/* Asks the pod. 1 or 0, or -1: it did not answer, *ret_status and *err say why. A pod that has ended is as healthy as
 * its last status says. */
static int
ask (struct cpod_client *client, int *ret_status, struct cpod_error *err)
{
	struct cpod_varlink_message reply;
	const struct cpod_json *pod;

	if (client->kept)
		return cpod_client_status (client, &pod, ret_status, err) < 0 ? -1 : cpod_member_bool (pod, "healthy", false);
	if (cpod_client_call (client, "io.cpod.Pod.Healthy", NULL, &reply, ret_status, err) < 0)
		return -1;
	return cpod_member_bool (reply.parameters, "healthy", false);
}

/* Adds the answer: the word alone, with several pods behind the name. */
static void
tell (struct cpod_str *out, const struct cpod_client *client, bool healthy, bool named, bool json)
{
	if (json) {
		cpod_str_add (out, "{\"name\":");
		cpod_json_write_string (out, client->pod);
		cpod_str_printf (out, ",\"healthy\":%s}\n", healthy ? "true" : "false");
	} else if (named)
		cpod_str_printf (out, "%s %s\n", client->pod, healthy ? "healthy" : "unhealthy");
	else
		cpod_str_add (out, healthy ? "healthy\n" : "unhealthy\n");
}

static int
healthy_command (const struct cpod_args *args)
{
	cpod_autostr out = CPOD_STR_INIT;
	struct cpod_pods pods;
	struct cpod_error err;
	int healthy, status;

	cpod_pods_open (&pods, args, CPOD_PODS_NAMED, true);
	for (size_t i = 0; i < pods.n; i++) {
		healthy = ask (&pods.clients[i], &status, &err);
		if (healthy < 0) {
			cpod_pods_note (&pods, cpod_fail (status, "healthy: %s", err.message));
			continue;
		}
		tell (&out, &pods.clients[i], healthy, args->n_operands > 1, args->values[OPTION_JSON] != NULL);
		cpod_pods_note (&pods, healthy ? CPOD_EXIT_OK : CPOD_EXIT_NO);
	}
	status = cpod_print (&out);
	cpod_pods_close (&pods);
	return status != CPOD_EXIT_OK ? status : pods.status;
}

static const struct cpod_option options[] = {
	[OPTION_JSON] = { "json", 0, NULL, "an object a line: name, healthy" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_healthy = {
	.name = "healthy", .usage = "[--json] [POD]...", .operands = "P", .options = options, .min_args = 0, .max_args = -1,
	.run = healthy_command,
	.summary = "Say whether pods are healthy: exit status 0 or 1",
	.details = "A pod is healthy while the last state of every container is started, healthy or failing.\n"
	           "POD may be left out where exactly one pod runs.\n",
};
