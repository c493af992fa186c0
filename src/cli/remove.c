/* cpod rm: removes what is kept of pods that have ended, and of those that were killed; with -f ends what runs. */
#include "cli.h"

#include "client.h"
#include "names.h"
#include "remove.h"
#include "state-dir.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_ALL, OPTION_FORCE };
enum { END_MS = 10000, STEP_MS = 20 };   /* how long a pod may take to be gone that was killed */

/* The pods there are. */
struct listing {
	int pods_fd;            /* owned */
	char path[384];
	char **names;           /* owned, n */
	size_t n;
};

/* Lists them. -ENOENT: there never were any. */
static int
list (struct listing *listing, struct cpod_error *err)
{
	int ret;

	*listing = (struct listing) { .pods_fd = -1 };
	ret = cpod_state_open_pods (false, listing->path, sizeof (listing->path), &listing->pods_fd, err);
	if (ret == 0)
		ret = cpod_state_list (listing->pods_fd, &listing->names, &listing->n, err);
	if (ret < 0)
		cpod_fd_close (&listing->pods_fd);
	return ret;
}

static void
finish (struct listing *listing)
{
	cpod_fd_close (&listing->pods_fd);
	free (listing->names);
}

/* Has the pod end at once, and waits for the end of the connection. */
static int
end_pod (const char *name, struct cpod_error *err)
{
	struct cpod_varlink_message reply;
	struct cpod_json *parameters;
	struct cpod_client client;
	struct cpod_arena arena;
	int ret, status;

	ret = cpod_client_open (&client, name, err);
	if (ret < 0)
		return ret == -ENOTCONN || ret == -ENOENT ? 0 : ret;   /* it is ending already */
	cpod_arena_init (&arena, 0);
	parameters = cpod_json_add (&arena, cpod_json_new (&arena, CPOD_JSON_OBJECT), "graceMs",
	                            cpod_json_new_int (&arena, 0));
	ret = cpod_client_call (&client, "io.cpod.Pod.Stop", parameters, &reply, &status, err);
	while (ret == 0)
		ret = cpod_client_receive (&client, END_MS, &reply, err);
	cpod_arena_finish (&arena);
	cpod_client_close (&client);
	return ret == -ECONNRESET ? 0 : ret;
}

/* Removes one pod. */
static int
remove_pod (const struct listing *listing, const char *name, bool force, struct cpod_error *err)
{
	int ret, waited = 0;

	if (!force && cpod_state_look (listing->pods_fd, name) == CPOD_ENTRY_RUNS)
		return cpod_error_set (err, EBUSY, "pod %s is running; `cpod rm -f %s` ends it first", name, name);
	ret = force && cpod_state_look (listing->pods_fd, name) == CPOD_ENTRY_RUNS ? end_pod (name, err) : 0;
	if (ret < 0)
		return ret;
	/* The supervisor lets go of its directory last. */
	while ((ret = cpod_state_forget (listing->pods_fd, listing->path, name, err)) == -EBUSY && force && waited < END_MS) {
		(void) poll (NULL, 0, STEP_MS);
		waited += STEP_MS;
	}
	return ret;
}

/* Removes it, and says what goes wrong. */
static int
remove_and_say (const struct listing *listing, const char *name, bool force)
{
	struct cpod_error err;
	int ret = remove_pod (listing, name, force, &err);

	if (ret == 0)
		return CPOD_EXIT_OK;
	return cpod_fail (ret == -EBUSY ? CPOD_EXIT_NO : CPOD_EXIT_SYSTEM, "rm: %s", err.message);
}

int
cpod_remove_if_there (const char *name)
{
	struct listing listing;
	struct cpod_error err;
	int status = CPOD_EXIT_OK, ret = list (&listing, &err);

	if (ret < 0)
		return ret == -ENOENT ? CPOD_EXIT_OK : cpod_fail (CPOD_EXIT_SYSTEM, "rm: %s", err.message);
	for (size_t i = 0; i < listing.n; i++)
		if (strcmp (listing.names[i], name) == 0)
			status = remove_and_say (&listing, name, true);
	finish (&listing);
	return status;
}

/* The pod that an operand names, or NULL: that has been said. */
static const char *
find (const struct listing *listing, const char *given)
{
	const struct cpod_choice choice = cpod_names_choose (given, (const char *const *) listing->names, listing->n);

	if (choice.second != NULL)
		cpod_say ("rm: several pods begin with %s: %s, %s%s", given, choice.name, choice.second, choice.more ? ", ..." : "");
	else if (choice.near != NULL)
		cpod_say ("rm: no pod is called %s; did you mean %s?", given, choice.near);
	else if (choice.name == NULL)
		cpod_say ("rm: no pod is called %s; `cpod ps -a` lists what there is", given);
	return choice.second == NULL ? choice.name : NULL;
}

/* Removes those that the operands name. */
static int
remove_named (const struct listing *listing, const struct cpod_args *args)
{
	const bool force = args->values[OPTION_FORCE] != NULL;
	const char **found = calloc ((size_t) args->n_operands, sizeof (*found));
	int status = CPOD_EXIT_OK;

	if (found == NULL)
		return cpod_fail (CPOD_EXIT_SYSTEM, "rm: out of memory");
	for (int i = 0; i < args->n_operands; i++) {
		found[i] = find (listing, args->operands[i]);
		for (int k = 0; k < i && found[i] != NULL; k++)
			if (found[k] == found[i])
				found[i] = "";       /* twice is once */
		if (found[i] == NULL)
			status = CPOD_EXIT_ABSENT;
	}
	for (int i = 0; i < args->n_operands; i++) {
		int one = found[i] != NULL && found[i][0] != '\0' ? remove_and_say (listing, found[i], force) : CPOD_EXIT_OK;

		status = status == CPOD_EXIT_OK ? one : status;
	}
	free (found);
	return status;
}

/* Removes every pod that does not run; with force every pod. */
static int
remove_all (const struct listing *listing, bool force)
{
	int status = CPOD_EXIT_OK;

	for (size_t i = 0; i < listing->n; i++) {
		enum cpod_entry entry = cpod_state_look (listing->pods_fd, listing->names[i]);
		int one = CPOD_EXIT_OK;

		if (entry != CPOD_ENTRY_NONE && (force || entry != CPOD_ENTRY_RUNS))
			one = remove_and_say (listing, listing->names[i], force);
		status = status == CPOD_EXIT_OK ? one : status;
	}
	return status;
}

static int
rm (const struct cpod_args *args)
{
	const bool all = args->values[OPTION_ALL] != NULL;
	struct listing listing;
	struct cpod_error err;
	int status, ret;

	if (all == (args->n_operands > 0))
		return cpod_fail (CPOD_EXIT_USAGE, all ? "rm: --all and a name exclude each other"
		                                       : "rm: which pods? `cpod ps -a` lists them");
	ret = list (&listing, &err);
	if (ret == -ENOENT)
		return all ? CPOD_EXIT_OK : cpod_fail (CPOD_EXIT_ABSENT, "rm: no pod is called %s", args->operands[0]);
	if (ret < 0)
		return cpod_fail (CPOD_EXIT_SYSTEM, "rm: %s", err.message);
	status = all ? remove_all (&listing, args->values[OPTION_FORCE] != NULL) : remove_named (&listing, args);
	finish (&listing);
	return status;
}

static const struct cpod_option options[] = {
	[OPTION_ALL] = { "all", 'a', NULL, "all that do not run; with -f all" },
	[OPTION_FORCE] = { "force", 'f', NULL, "end a pod that runs, at once" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_rm = {
	.name = "rm", .usage = "[-f] POD... | --all", .operands = "P", .options = options, .min_args = 0, .max_args = -1,
	.run = rm,
	.summary = "Remove what is kept of pods that have ended",
	.details = "A detached pod that has ended leaves its last status, its events and its logs; a pod whose supervisor\n"
	           "was killed leaves cgroups and files. Exit status 1 if a pod runs, 3 if there is none of that name.\n",
};
