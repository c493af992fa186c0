/* Operands to connections; see pods.h. Names are resolved, all of them, before anything is done: what is done may
 * change what a beginning of a name means. */
#include "pods.h"

#include "state-dir.h"

#include "src/base/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
cpod_pods_note (struct cpod_pods *pods, int status)
{
	if (pods->status == CPOD_EXIT_OK)
		pods->status = status;
}

/* true if the pod is among them already. */
static bool
has (const struct cpod_pods *pods, const char *name)
{
	for (size_t i = 0; i < pods->n; i++)
		if (strcmp (pods->clients[i].pod, name) == 0)
			return true;
	return false;
}

/* Opens one more, unless it is there already. whole: the name is a whole one, of a list that was just made: that the pod
 * has gone meanwhile is no failure. */
static void
open_one (struct cpod_pods *pods, const char *command, const char *name, bool kept, bool whole)
{
	struct cpod_client *client = &pods->clients[pods->n];
	struct cpod_error err;
	int ret;

	ret = kept ? cpod_client_open_kept (client, name, &err) : cpod_client_open (client, name, &err);
	if (ret == 0 && has (pods, client->pod))
		cpod_client_close (client);
	else if (ret == 0)
		pods->n++;
	else if (!whole || (ret != -ENOENT && ret != -ENOTCONN))
		cpod_pods_note (pods, cpod_fail (cpod_client_exit_for (&err), "%s: %s", command, err.message));
}

/* Opens all of the state directory's. */
static void
open_all (struct cpod_pods *pods, const char *command, bool kept)
{
	cpod_autofd pods_fd = -1;
	struct cpod_error err;
	char path[384], **names;
	size_t n;
	int ret;

	ret = cpod_state_open_pods (false, path, sizeof (path), &pods_fd, &err);
	if (ret == 0)
		ret = cpod_state_list (pods_fd, &names, &n, &err);
	if (ret < 0) {
		if (ret != -ENOENT)
			cpod_pods_note (pods, cpod_fail (CPOD_EXIT_SYSTEM, "%s: %s", command, err.message));
		return;
	}
	pods->clients = calloc (n + 1, sizeof (*pods->clients));
	for (size_t i = 0; pods->clients != NULL && i < n; i++)
		open_one (pods, command, names[i], kept, true);
	free (names);
}

void
cpod_pods_open (struct cpod_pods *pods, const struct cpod_args *args, enum cpod_pods_which which, bool kept)
{
	const char *command = args->command->name;

	*pods = (struct cpod_pods) { .status = CPOD_EXIT_OK };
	if (which != CPOD_PODS_NAMED && args->n_operands > 0)
		pods->status = cpod_fail (CPOD_EXIT_USAGE, "%s: --all and a name exclude each other", command);
	else if (which != CPOD_PODS_NAMED)
		open_all (pods, command, which == CPOD_PODS_ALL);
	else {
		pods->clients = calloc ((size_t) args->n_operands + 1, sizeof (*pods->clients));
		if (pods->clients != NULL && args->n_operands == 0)
			open_one (pods, command, NULL, kept, false);
		for (int i = 0; pods->clients != NULL && i < args->n_operands; i++)
			open_one (pods, command, args->operands[i], kept, false);
	}
	if (pods->clients == NULL && pods->status == CPOD_EXIT_OK && which == CPOD_PODS_NAMED)
		pods->status = cpod_fail (CPOD_EXIT_SYSTEM, "%s: out of memory", command);
}

void
cpod_pods_close (struct cpod_pods *pods)
{
	for (size_t i = 0; i < pods->n; i++)
		cpod_client_close (&pods->clients[i]);
	free (pods->clients);
}
