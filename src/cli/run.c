/* cpod run: reads the arguments and the spec, goes into the background if it shall; supervisor.c does the rest. */
#include "cli.h"

#include "load.h"
#include "remove.h"
#include "supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPTION_DETACH, OPTION_WAIT, OPTION_NAME, OPTION_REPLACE, OPTION_RM, OPTION_PORT, OPTION_RUNTIME, OPTION_LOGS,
	OPTION_LOG_SIZE, OPTION_NO_HTTP_KILL, OPTION_IGNORE_UNKNOWN, OPTION_STRICT, OPTION_SUBORDINATE_USER,
};

#define LOG_SIZE_DEFAULT (UINT64_C (1) << 20)   /* state directories lie in memory */

/* "4096", "512K", "1M", "2G", "0". -EINVAL. */
static int
parse_size (const char *text, uint64_t *ret_size)
{
	static const char units[] = "KMG";
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull (text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno != 0 || number > UINT64_C (1) << 40)
		return -EINVAL;
	if (*end != '\0' && strchr (units, *end) != NULL)
		number <<= 10 * (strchr (units, *end++) - units + 1);
	*ret_size = number;
	return *end == '\0' ? 0 : -EINVAL;
}

/* The options about the background and what is kept. CPOD_EXIT_OK, or what is wrong has been said. */
static int
read_options (const struct cpod_args *args, struct cpod_supervisor_options *options)
{
	const char *wait = args->values[OPTION_WAIT], *size = args->values[OPTION_LOG_SIZE];

	options->log_limit = LOG_SIZE_DEFAULT;
	if (wait != NULL && !options->detached)
		return cpod_fail (CPOD_EXIT_USAGE, "run: --wait is for --detach");
	if (options->logs && options->detached)
		return cpod_fail (CPOD_EXIT_USAGE, "run: --logs shows the output here, and --detach nowhere; `cpod logs` shows "
		                  "what is kept");
	if (wait != NULL && cpod_wait_parse (wait, &options->wait) < 0)
		return cpod_fail (CPOD_EXIT_USAGE, "run: --wait %s is not running, started or none", wait);
	if (size != NULL && parse_size (size, &options->log_limit) < 0)
		return cpod_fail (CPOD_EXIT_USAGE, "run: --log-size %s is no size: bytes, or a number with K, M or G", size);
	return CPOD_EXIT_OK;
}

/* Runs the pod here, or in the background. */
static int
supervise (struct cpod_supervisor_options *options)
{
	cpod_autostr out = CPOD_STR_INIT;
	struct cpod_error err;
	int status, ret;

	if (!options->detached)
		return cpod_supervise (options);
	ret = cpod_detach (&options->report_fd, &status, &err);
	if (ret < 0)
		return cpod_fail (CPOD_EXIT_SYSTEM, "run: %s", err.message);
	if (ret == 0)
		return cpod_supervise (options);
	if (status != CPOD_EXIT_OK)
		return status;
	cpod_str_printf (&out, "%s\n", cpod_spec_name (options->spec));
	return cpod_print (&out);
}

static int
run (const struct cpod_args *args)
{
	struct cpod_supervisor_options options = {
		.logs = args->values[OPTION_LOGS] != NULL,
		.no_http_kill = args->values[OPTION_NO_HTTP_KILL] != NULL,
		.subordinate_user = args->values[OPTION_SUBORDINATE_USER],
		.detached = args->values[OPTION_DETACH] != NULL,
		.remove = args->values[OPTION_RM] != NULL,
		.report_fd = -1,
	};
	const char *port = args->values[OPTION_PORT];
	struct cpod_http_address address;
	struct cpod_spec *spec;
	struct cpod_error err;
	int status = read_options (args, &options);

	if (status != CPOD_EXIT_OK)
		return status;
	if (port != NULL && cpod_http_parse (port, &address, &err) < 0)
		return cpod_fail (CPOD_EXIT_USAGE, "run: %s", err.message);
	options.runtime_name = args->values[OPTION_RUNTIME] != NULL ? args->values[OPTION_RUNTIME] : "production";
	if (cpod_runtime_find (options.runtime_name, &options.runtime, &err) < 0)
		return cpod_fail (CPOD_EXIT_USAGE, "run: %s", err.message);
	status = cpod_load_spec (args->operands[0], args->values[OPTION_NAME],
	                         args->values[OPTION_STRICT] != NULL,
	                         args->values[OPTION_IGNORE_UNKNOWN] != NULL, &spec);
	if (status != CPOD_EXIT_OK)
		return status;
	options.spec = spec;
	options.address = port != NULL ? &address : NULL;
	if (args->values[OPTION_REPLACE] != NULL)
		status = cpod_remove_if_there (cpod_spec_name (spec));
	if (status == CPOD_EXIT_OK)
		status = supervise (&options);
	cpod_spec_destroy (spec);
	return status;
}

static const struct cpod_option run_options[] = {
	[OPTION_DETACH] = { "detach", 'd', NULL, "run in the background; `cpod rm` removes what stays after the end" },
	[OPTION_WAIT] = { "wait", 0, "running|started|none",
	                  "with -d: return when all containers run (default), or the first, or at once" },
	[OPTION_NAME] = { "name", 'n', "NAME", "the pod's name; else metadata.name, else the file's name" },
	[OPTION_REPLACE] = { "replace", 0, NULL, "first remove a pod of that name, also one that runs" },
	[OPTION_RM] = { "rm", 0, NULL, "with -d: keep nothing after the end" },
	[OPTION_PORT] = { "port", 'p', "[ADDRESS:]PORT",
	                  "serve the status over HTTP, on the loopback unless told otherwise" },
	[OPTION_RUNTIME] = { "runtime", 0, "NAME|PATH",
	                     "what runs the containers: production, shellout, a plugin" },
	[OPTION_LOGS] = { "logs", 'l', NULL,
	                  "show the containers' output, each line with its container's name" },
	[OPTION_LOG_SIZE] = { "log-size", 0, "SIZE",
	                      "keep so much of each container's output for `cpod logs` (1M); 0: none" },
	[OPTION_NO_HTTP_KILL] = { "no-http-kill", 0, NULL, "do not serve /kill" },
	[OPTION_IGNORE_UNKNOWN] = { "ignore-unknown", 0, NULL, "unknown fields of the pod are warnings" },
	[OPTION_STRICT] = { "strict", 0, NULL, "unknown properties of an OCI spec are errors" },
	[OPTION_SUBORDINATE_USER] = { "subordinate-user", 0, "USER",
	                              "whose ids of /etc/subuid pods with hostUsers: false have; else cpod's" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_run = {
	.name = "run", .usage = "[OPTION]... FILE", .operands = "f", .options = run_options, .min_args = 1, .max_args = 1,
	.run = run,
	.summary = "Run a pod until it ends, or with -d in the background",
	.details = "FILE is a pod spec, JSON or YAML (- is standard input). SIGINT or SIGTERM ends the pod gracefully,\n"
	           "a second one at once; when cpod is killed, nothing of the pod outlives it.\n"
	           "\n"
	           "With --port, GET /status, /healthy and /kill answer over HTTP, and cpod stays after the containers'\n"
	           "end until /kill or a signal.\n"
	           "\n"
	           "With -d the pod runs in the background, and its name is printed once it does. If it does not,\n"
	           "the reason is said and the exit status is 1; what there is of it stays, with its logs, until `cpod rm`.\n"
	           "\n"
	           "Exit status: 0 if every container finished well, or a signal or `cpod stop` ended the pod; 1 if a\n"
	           "container failed, or after /kill; 2 the spec is refused; 4 a pod of that name runs, or is kept; 125 cpod\n"
	           "or the system failed.\n",
};
