/* cpod ps: every pod of this user. A supervisor that does not answer is a line, not a failure. */
#include "cli.h"

#include "client.h"
#include "state-dir.h"
#include "table.h"

#include "src/base/fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPTION_ALL, OPTION_JSON };

/* What is known of one pod. */
struct listed {
	const char *name;
	const struct cpod_json *pod;     /* NULL: not known */
	enum cpod_entry entry;           /* what is there of it */
	struct cpod_client client;       /* holds pod's memory; fd -1 when not connected */
};

/* Asks one pod. */
static void
ask (int pods_fd, struct listed *listed)
{
	const struct cpod_json *pod;
	struct cpod_error err;
	int status;

	listed->client.fd = -1;
	if (cpod_client_reach (&listed->client, pods_fd, listed->name, true, &err) < 0) {
		listed->entry = cpod_state_look (pods_fd, listed->name);
		return;
	}
	listed->entry = listed->client.kept ? CPOD_ENTRY_ENDED : CPOD_ENTRY_RUNS;
	if (cpod_client_status (&listed->client, &pod, &status, &err) == 0)
		listed->pod = pod;
}

/* Seconds since the RFC 3339 time text, as "5s", "3m", "2h", "4d". */
static void
age_text (const char *text, char *age, size_t size)
{
	static const struct { long seconds; char unit; } units[] = { { 86400, 'd' }, { 3600, 'h' },
	                                                             { 60, 'm' }, { 1, 's' } };
	struct tm tm = { 0 };
	long seconds;

	snprintf (age, size, "-");
	if (strptime (text, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
		return;
	seconds = (long) (time (NULL) - timegm (&tm));
	for (size_t i = 0; i < sizeof (units) / sizeof (units[0]); i++)
		if (seconds >= units[i].seconds || units[i].seconds == 1) {
			snprintf (age, size, "%ld%c", seconds > 0 ? seconds / units[i].seconds : 0,
			          units[i].unit);
			return;
		}
}

/* Adds the row of a pod that answered. */
static void
add_row (struct cpod_table *table, const struct cpod_json *pod)
{
	const struct cpod_json *list = cpod_json_get (pod, "containers");
	const bool healthy = cpod_member_bool (pod, "healthy", false);
	const bool ended = cpod_json_get (pod, "ended") != NULL;
	unsigned int running = 0, all = 0;
	char text[48];

	if (list != NULL && list->type == CPOD_JSON_ARRAY)
		for (const struct cpod_json *item = list->first; item != NULL; item = item->next) {
			if (cpod_member_bool (item, "init", false))
				continue;
			all++;
			running += cpod_member_bool (item, "running", false);
		}
	cpod_table_add (table, CPOD_PLAIN, cpod_member_text (pod, "name", "?"));
	cpod_table_add (table, CPOD_PLAIN, cpod_member_text (pod, "phase", "?"));
	cpod_table_add (table, healthy ? CPOD_GREEN : CPOD_RED, healthy ? "yes" : "no");
	snprintf (text, sizeof (text), "%u/%u", running, all);
	cpod_table_add (table, CPOD_PLAIN, text);
	snprintf (text, sizeof (text), "%d", (int) cpod_member_int (pod, "pid", 0));
	cpod_table_add (table, CPOD_PLAIN, ended ? "-" : text);
	age_text (cpod_member_text (pod, "started", ""), text, sizeof (text));
	cpod_table_add (table, CPOD_PLAIN, text);
}

/* Writes all pods for people. */
static bool
write_table (struct cpod_str *out, const struct listed *pods, size_t n)
{
	static const char *const heads[] = { "POD", "PHASE", "HEALTHY", "RUNNING", "SUPERVISOR", "AGE" };
	const struct cpod_term term = cpod_term_probe (STDOUT_FILENO);
	struct cpod_table table;
	bool ok;

	cpod_table_init (&table, sizeof (heads) / sizeof (heads[0]));
	for (size_t i = 0; i < sizeof (heads) / sizeof (heads[0]); i++)
		cpod_table_add (&table, CPOD_BOLD, heads[i]);
	for (size_t i = 0; i < n; i++) {
		if (pods[i].pod != NULL) {
			add_row (&table, pods[i].pod);
			continue;
		}
		cpod_table_add (&table, CPOD_PLAIN, pods[i].name);
		cpod_table_add (&table, CPOD_RED, pods[i].entry == CPOD_ENTRY_DEAD ? "dead" : "no answer");
		for (size_t k = 2; k < sizeof (heads) / sizeof (heads[0]); k++)
			cpod_table_add (&table, CPOD_PLAIN, "-");
	}
	ok = cpod_table_write (&table, &term, out);
	cpod_table_finish (&table);
	return ok;
}

/* Writes all pods as a JSON list; one that did not answer has only its name and a phase of its own. */
static void
write_json (struct cpod_str *out, const struct listed *pods, size_t n)
{
	cpod_str_add_char (out, '[');
	for (size_t i = 0; i < n; i++) {
		cpod_str_add (out, i > 0 ? ",\n" : "\n");
		if (pods[i].pod != NULL) {
			cpod_json_write (out, pods[i].pod, 0);
			continue;
		}
		cpod_str_add (out, "{\"name\":");
		cpod_json_write_string (out, pods[i].name);
		cpod_str_printf (out, ",\"phase\":\"%s\"}", pods[i].entry == CPOD_ENTRY_DEAD ? "dead" : "unknown");
	}
	cpod_str_add (out, n > 0 ? "\n]\n" : "]\n");
}

/* true if the pod is to be in the list: it has not gone meanwhile, and runs or is asked for anyway. */
static bool
is_listed (const struct listed *listed, bool all)
{
	return listed->entry != CPOD_ENTRY_NONE && (all || listed->entry != CPOD_ENTRY_ENDED);
}

/* Asks every pod and prints what they said. */
static int
list (int pods_fd, char *const *names, size_t n_names, bool all, bool json)
{
	struct listed *pods = calloc (n_names + 1, sizeof (*pods));
	cpod_autostr out = CPOD_STR_INIT;
	size_t n = 0;

	if (pods == NULL)
		return cpod_fail (CPOD_EXIT_SYSTEM, "ps: out of memory");
	for (size_t i = 0; i < n_names; i++) {
		pods[n] = (struct listed) { .name = names[i] };
		ask (pods_fd, &pods[n]);
		if (is_listed (&pods[n], all))
			n++;
		else
			cpod_client_close (&pods[n].client);
	}
	if (json)
		write_json (&out, pods, n);
	else if (!write_table (&out, pods, n))
		out.failed = true;
	for (size_t i = 0; i < n; i++)
		cpod_client_close (&pods[i].client);
	free (pods);
	return cpod_print (&out);
}

static int
ps (const struct cpod_args *args)
{
	const bool json = args->values[OPTION_JSON] != NULL, all = args->values[OPTION_ALL] != NULL;
	cpod_autofd pods_fd = -1;
	struct cpod_error err;
	char path[384], **names;
	size_t n;
	int ret, status;

	ret = cpod_state_open_pods (false, path, sizeof (path), &pods_fd, &err);
	if (ret == -ENOENT)
		return list (-1, NULL, 0, all, json);
	if (ret == 0)
		ret = cpod_state_list (pods_fd, &names, &n, &err);
	if (ret < 0)
		return cpod_fail (CPOD_EXIT_SYSTEM, "ps: %s", err.message);
	status = list (pods_fd, names, n, all, json);
	free (names);
	return status;
}

static const struct cpod_option options[] = {
	[OPTION_ALL] = { "all", 'a', NULL, "detached pods that have ended, too" },
	[OPTION_JSON] = { "json", 0, NULL, "a list of what `cpod status --json` says of each" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_ps = {
	.name = "ps", .usage = "[-a] [--json]", .options = options, .min_args = 0, .max_args = 0, .run = ps,
	.summary = "List the pods",
	.details = "RUNNING counts the containers that run, of all but init containers. A dead pod's supervisor was\n"
	           "killed; `cpod gc` removes what it left.\n",
};
