/* Whatever a probe or a hook is to do, exec or a question over the network, behind one set of calls. */
#ifndef CPOD_PROBES_ASKER_H
#define CPOD_PROBES_ASKER_H

#include "exec.h"
#include "net.h"

/* What is to be done: one of the two. */
struct cpod_asker_what {
	const char *const *argv;              /* exec; NULL-terminated */
	const struct cpod_net_target *target; /* NULL: exec */
};

/* Zeroed, with exec and net made ready but for done and data, and with done and data set by the owner, it is ready. */
struct cpod_asker {
	struct cpod_probe_exec exec;
	struct cpod_probe_net net;
	/* Called once for each start that returned 0, unless it was cancelled. It may start the next. */
	void (*done) (struct cpod_asker *asker, const struct cpod_probe_end *end);
	void *data;
};

/* Begins; nothing may be in progress. What the pointers of what lead to stays until it is over. On failure *end says
 * what it counts as. */
int cpod_asker_start (struct cpod_asker *asker, struct cpod_rt_container *container, struct cpod_asker_what what,
                      struct cpod_probe_end *end);
/* Whether a command is being run. */
bool cpod_asker_runs_exec (const struct cpod_asker *asker);
/* Ends what is in progress; done is not called. Nothing when nothing is. */
void cpod_asker_cancel (struct cpod_asker *asker);
/* What the last one printed or was answered, the caller's to free; NULL: nothing. */
char *cpod_asker_take_output (struct cpod_asker *asker);
/* Also frees the output. */
void cpod_asker_finish (struct cpod_asker *asker);

#endif
