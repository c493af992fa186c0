/* Exec or a question over the network (asker.h). */
#include "asker.h"

#include <stdlib.h>

static void
on_exec (struct cpod_probe_exec *exec, const struct cpod_probe_end *end)
{
	struct cpod_asker *asker = exec->data;

	asker->done (asker, end);
}

static void
on_net (struct cpod_probe_net *net, const struct cpod_probe_end *end)
{
	struct cpod_asker *asker = net->data;

	asker->done (asker, end);
}

int
cpod_asker_start (struct cpod_asker *asker, struct cpod_rt_container *container, struct cpod_asker_what what,
                  struct cpod_probe_end *end)
{
	asker->exec.done = on_exec;
	asker->net.done = on_net;
	asker->exec.data = asker->net.data = asker;
	if (what.target)
		return cpod_probe_net_start (&asker->net, what.target, end);
	return cpod_probe_exec_start (&asker->exec, container, what.argv, end);
}

bool
cpod_asker_runs_exec (const struct cpod_asker *asker)
{
	return asker->exec.op.op != NULL;
}

void
cpod_asker_cancel (struct cpod_asker *asker)
{
	cpod_probe_exec_cancel (&asker->exec);
	cpod_probe_net_cancel (&asker->net);
}

char *
cpod_asker_take_output (struct cpod_asker *asker)
{
	char *output = asker->exec.output;

	if (output) {
		asker->exec.output = NULL;
		asker->exec.output_len = 0;
		return output;
	}
	output = asker->net.output;
	asker->net.output = NULL;
	return output;
}

void
cpod_asker_finish (struct cpod_asker *asker)
{
	cpod_probe_exec_finish (&asker->exec);
	cpod_probe_net_finish (&asker->net);
}
