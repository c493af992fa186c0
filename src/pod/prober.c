/* Attempts of probes, and hooks: what the machine decides is run, what comes of it is fed back.
 *
 * An attempt that ends at once (it could not be begun, or was cancelled) is told to the machine in the
 * same breath. A blocking runtime's exec cannot be cancelled: its end is told when it comes, and until
 * then the worker begins no other.
 */
#include "pod.h"

#include "probes/answer.h"
#include "src/base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char *const type_words[] = { "liveness", "readiness", "startup" };
static const char *const hook_words[] = { [CPOD_HOOK_POST_START] = "postStart", [CPOD_HOOK_PRE_STOP] = "preStop" };

/* Makes asker ready for c. */
static void
init_asker (struct cpod_container *c, struct cpod_asker *asker,
            void (*done) (struct cpod_asker *asker, const struct cpod_probe_end *end), void *data)
{
	struct cpod_pod *pod = c->pod;

	*asker = (struct cpod_asker) {
		.exec = {
			.loop = &pod->loop, .async = pod->table->async, .out_fd = -1,
			.stdio = !pod->blocking && (pod->runtime->capabilities & CPOD_RT_CAP_STDIO),
		},
		.net = { .fetcher = &pod->fetcher },
		.done = done, .data = data,
	};
}

/* A socket for a probe: in the pod's network where the runtime makes such, else in the caller's own. */
int
cpod_pod_open_socket (void *data, int domain, int type, int protocol, struct cpod_error *err)
{
	struct cpod_pod *pod = data;
	int fd = -1, ret;

	type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
	if (!pod->blocking && (pod->runtime->capabilities & CPOD_RT_CAP_NET)) {
		ret = cpod_answer (pod->table->async->pod_socket (pod->rt_pod, domain, type, protocol, &fd, err), "pod_socket", err);
		return ret < 0 ? ret : fd >= 0 ? fd : cpod_error_set (err, EPROTO, "the runtime's pod_socket gave no socket");
	}
	fd = socket (domain, type, protocol);
	return fd >= 0 ? fd : cpod_error_sys (err, errno, "socket for a probe");
}

/* The module that a question needs is there before anything runs. */
static int
prepare (struct cpod_pod *pod, const struct cpod_net_target *target, struct cpod_error *err)
{
	return target && cpod_net_target_needs_module (target) ? cpod_probe_fetcher_need (&pod->fetcher, err) : 0;
}

/* ---- What came of it --------------------------------------------------------------------- */

/* Notes why an attempt failed. */
static void
note_failure (struct cpod_prober *prober, bool timed_out)
{
	const char *word = type_words[prober->worker->type];
	char text[CPOD_WORDS_MAX];

	if (timed_out) {
		cpod_words_duration (prober->worker->config.timeout_ms, text);
		cpod_container_error (prober->container, "%s probe: timed out after %s", word, text);
	} else if (prober->end.error.code != 0) {
		cpod_container_error (prober->container, "%s probe: %s", word, prober->end.error.message);
	} else {
		cpod_words_exit (&prober->end.exit, text);
		cpod_container_error (prober->container, "%s probe: %s", word, text);
	}
}

void
cpod_prober_tell (struct cpod_container *c, const struct cpod_action *action)
{
	struct cpod_prober *prober = c->probers[action->probe];

	if (action->outcome != CPOD_OUTCOME_ERROR) {
		prober->attempts++;
		prober->failures += action->outcome == CPOD_OUTCOME_FAILURE;
		prober->last_exit = action->timed_out || prober->end.error.code != 0 ? -1 : prober->end.exit.code;
	}
	if (action->outcome != CPOD_OUTCOME_SUCCESS)
		note_failure (prober, action->timed_out);
}

/* The attempt is over: its output becomes the last output. */
static void
take_output (struct cpod_prober *prober)
{
	free (prober->last_output);
	prober->last_output = cpod_asker_take_output (&prober->asker);
}

/* Tells the machine how attempt ended, then lets go of the run. */
static void
feed_end (struct cpod_prober *prober, uint64_t attempt, enum cpod_worker_outcome outcome)
{
	struct cpod_container *c = prober->container;
	struct cpod_run *run = prober->run;

	prober->run = NULL;
	cpod_pod_feed (c->pod, &(struct cpod_machine_event) {
		.type = CPOD_ON_ATTEMPT, .container = cpod_container_index (c), .probe = prober->worker->type,
		.number = attempt, .outcome = outcome,
	});
	if (run)
		cpod_run_unref (run);
}

static void
on_attempt_done (struct cpod_asker *asker, const struct cpod_probe_end *end)
{
	struct cpod_prober *prober = asker->data;

	prober->end = *end;
	take_output (prober);
	feed_end (prober, prober->attempt, end->outcome);
}

/* ---- Attempts ---------------------------------------------------------------------------- */

void
cpod_prober_attempt (struct cpod_container *c, const struct cpod_action *action)
{
	struct cpod_prober *prober = c->probers[action->probe];
	const struct cpod_asker_what what = c->spec->probes[action->probe].what;
	struct cpod_probe_end end;

	prober->attempt = action->number;
	prober->run = c->run;
	prober->run->n_ops++;
	if (cpod_asker_start (&prober->asker, c->run->rt, what, &end) == 0)
		return;
	prober->end = end;
	take_output (prober);
	feed_end (prober, action->number, end.outcome);
}

void
cpod_prober_cancel (struct cpod_container *c, const struct cpod_action *action)
{
	struct cpod_prober *prober = c->probers[action->probe];

	if (cpod_asker_runs_exec (&prober->asker) && c->pod->blocking)
		return;
	cpod_asker_cancel (&prober->asker);
	take_output (prober);
	feed_end (prober, action->number, CPOD_OUTCOME_ERROR);
}

int
cpod_prober_create (struct cpod_container *c, enum cpod_probe_type type, struct cpod_error *err)
{
	struct cpod_prober *prober = calloc (1, sizeof (*prober));

	if (!prober)
		return cpod_error_oom (err);
	prober->container = c;
	prober->worker = c->machine->workers[type];
	prober->last_exit = -1;
	init_asker (c, &prober->asker, on_attempt_done, prober);
	c->probers[type] = prober;
	return prepare (c->pod, c->spec->probes[type].what.target, err);
}

/* ---- Hooks ------------------------------------------------------------------------------- */

/* The hook has ended: tells the machine, then lets go of the run. */
static void
end_hook (struct cpod_hooker *hooker, const struct cpod_probe_end *end)
{
	struct cpod_container *c = hooker->container;
	struct cpod_run *run = hooker->run;

	hooker->end = *end;
	hooker->run = NULL;
	cpod_pod_feed (c->pod, &(struct cpod_machine_event) {
		.type = CPOD_ON_HOOK, .container = cpod_container_index (c), .number = hooker->number,
		.ok = end->outcome == CPOD_OUTCOME_SUCCESS,
	});
	cpod_run_unref (run);
}

static void
on_hook_done (struct cpod_asker *asker, const struct cpod_probe_end *end)
{
	end_hook (asker->data, end);
}

void
cpod_hooker_begin (struct cpod_container *c, const struct cpod_action *action)
{
	const struct cpod_hook_use *use = action->hook == CPOD_HOOK_POST_START ? &c->spec->post_start : &c->spec->pre_stop;
	struct cpod_hooker *hooker = c->hooker;
	struct cpod_probe_end end;

	hooker->number = action->number;
	hooker->run = c->run;
	hooker->run->n_ops++;
	if (cpod_asker_start (&hooker->asker, c->run->rt, use->what, &end) < 0)
		end_hook (hooker, &end);
}

void
cpod_hooker_cancel (struct cpod_container *c, const struct cpod_action *action)
{
	struct cpod_hooker *hooker = c->hooker;
	struct cpod_run *run = hooker->run;

	(void) action;
	if (!run)   /* a sleep, or one that was never begun */
		return;
	cpod_asker_cancel (&hooker->asker);
	hooker->run = NULL;
	cpod_run_unref (run);
}

void
cpod_hooker_tell (struct cpod_container *c, const struct cpod_action *action)
{
	const struct cpod_probe_end *end = &c->hooker->end;
	const char *word = hook_words[action->hook];
	char text[CPOD_WORDS_MAX];

	cpod_words_exit (&end->exit, text);
	if (action->timed_out)
		cpod_container_error (c, "%s hook: did not end within the grace period", word);
	else
		cpod_container_error (c, "%s hook: %s", word, end->error.code != 0 ? end->error.message : text);
}

int
cpod_hooker_create (struct cpod_container *c, struct cpod_error *err)
{
	int ret;

	c->hooker = calloc (1, sizeof (*c->hooker));
	if (!c->hooker)
		return cpod_error_oom (err);
	c->hooker->container = c;
	init_asker (c, &c->hooker->asker, on_hook_done, c->hooker);
	c->hooker->asker.net.any_answer = true;
	ret = prepare (c->pod, c->spec->post_start.what.target, err);
	return ret < 0 ? ret : prepare (c->pod, c->spec->pre_stop.what.target, err);
}

/* ---- Destruction ------------------------------------------------------------------------- */

static void
destroy_prober (struct cpod_prober *prober)
{
	if (!prober)
		return;
	cpod_asker_finish (&prober->asker);
	if (prober->run)
		cpod_run_unref (prober->run);
	free (prober->last_output);
	free (prober);
}

void
cpod_probers_destroy (struct cpod_container *c)
{
	for (int type = CPOD_PROBE_LIVENESS; type <= CPOD_PROBE_STARTUP; type++) {
		destroy_prober (c->probers[type]);
		c->probers[type] = NULL;
	}
	if (!c->hooker)
		return;
	cpod_asker_finish (&c->hooker->asker);
	if (c->hooker->run)
		cpod_run_unref (c->hooker->run);
	free (c->hooker);
	c->hooker = NULL;
}
