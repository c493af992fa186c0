/* cpod wait: until pods have ended; the exit status is what `cpod run` would have ended with. */
#include "cli.h"

#include "pods.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_JSON };

/* How one pod ended. */
struct outcome { int exit_status; char phase[16]; };

/* Asks to be told of the end; a kept pod has told. */
static int
begin (struct cpod_client *client)
{
	struct cpod_error err;

	if (client->kept || cpod_client_send (client, "io.cpod.Pod.Wait", NULL, NULL, 0, &err) == 0)
		return CPOD_EXIT_OK;
	return cpod_fail (CPOD_EXIT_SYSTEM, "wait: %s", err.message);
}

/* Reads an outcome out of the reply's parameters, or a last status. */
static void
read_outcome (const struct cpod_json *object, struct outcome *outcome)
{
	outcome->exit_status = (int) cpod_member_int (object, "exitStatus", CPOD_EXIT_SYSTEM);
	snprintf (outcome->phase, sizeof (outcome->phase), "%s", cpod_member_text (object, "phase", "unknown"));
}

/* Waits for the pod's end, and then until its supervisor is gone. */
static int
end (struct cpod_client *client, struct outcome *outcome)
{
	struct cpod_varlink_message reply;
	const struct cpod_json *pod;
	struct cpod_error err;
	int ret, status = CPOD_EXIT_SYSTEM;

	ret = client->kept ? 0 : cpod_client_receive (client, -1, &reply, &err);
	if (ret == -ECONNRESET && cpod_client_again (client, &err) < 0)
		return cpod_fail (CPOD_EXIT_NO, "wait: %s", err.message);
	if (client->kept) {
		ret = cpod_client_status (client, &pod, &status, &err);
		if (ret == 0)
			read_outcome (pod, outcome);
		return ret == 0 ? CPOD_EXIT_OK : cpod_fail (status, "wait: %s", err.message);
	}
	if (ret == 0 && reply.error != NULL)
		return cpod_fail (cpod_client_explain (client, &reply, &err), "wait: %s", err.message);
	if (ret < 0)
		return cpod_fail (CPOD_EXIT_SYSTEM, "wait: %s", err.message);
	read_outcome (reply.parameters, outcome);
	while (cpod_client_receive (client, -1, &reply, &err) == 0)
		;
	return CPOD_EXIT_OK;
}

/* Adds what became of a pod. */
static void
tell (struct cpod_str *out, const struct cpod_client *client, const struct outcome *outcome, bool json)
{
	if (!json) {
		cpod_str_printf (out, "%s %s\n", client->pod, outcome->phase);
		return;
	}
	cpod_str_add (out, "{\"name\":");
	cpod_json_write_string (out, client->pod);
	cpod_str_printf (out, ",\"phase\":\"%s\",\"exitStatus\":%d}\n", outcome->phase, outcome->exit_status);
}

static int
wait_command (const struct cpod_args *args)
{
	cpod_autostr out = CPOD_STR_INIT;
	struct cpod_pods pods;
	int status;

	cpod_pods_open (&pods, args, CPOD_PODS_NAMED, true);
	for (size_t i = 0; i < pods.n; i++)
		cpod_pods_note (&pods, begin (&pods.clients[i]));
	for (size_t i = 0; i < pods.n; i++) {
		struct outcome outcome = { 0 };

		status = end (&pods.clients[i], &outcome);
		if (status == CPOD_EXIT_OK) {
			tell (&out, &pods.clients[i], &outcome, args->values[OPTION_JSON] != NULL);
			status = cpod_print (&out);
			cpod_pods_note (&pods, outcome.exit_status);
		}
		cpod_pods_note (&pods, status);
	}
	cpod_pods_close (&pods);
	return pods.status;
}

static const struct cpod_option options[] = {
	[OPTION_JSON] = { "json", 0, NULL, "an object a line: name, phase, exitStatus" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_wait = {
	.name = "wait", .usage = "[--json] [POD]...", .operands = "P", .options = options, .min_args = 0, .max_args = -1,
	.run = wait_command,
	.summary = "Wait until pods have ended, and say how",
	.details = "Prints a line for each pod, in the order given: its name, and succeeded or failed. Exit status: what\n"
	           "`cpod run` ended with, the first that is not 0. Of a detached pod that has ended already as well.\n"
	           "POD may be left out where exactly one pod runs.\n",
};
