/* cpod run: reads the arguments and the spec; supervisor.c does the rest. */
#include "cli.h"

#include "load.h"
#include "supervisor.h"

enum {
	OPTION_NAME, OPTION_PORT, OPTION_RUNTIME, OPTION_LOGS, OPTION_NO_HTTP_KILL, OPTION_IGNORE_UNKNOWN,
	OPTION_STRICT, OPTION_SUBORDINATE_USER,
};

static int
run (const struct cpod_args *args)
{
	struct cpod_supervisor_options options = {
		.logs = args->values[OPTION_LOGS] != NULL,
		.no_http_kill = args->values[OPTION_NO_HTTP_KILL] != NULL,
		.subordinate_user = args->values[OPTION_SUBORDINATE_USER],
	};
	const char *port = args->values[OPTION_PORT];
	struct cpod_http_address address;
	struct cpod_spec *spec;
	struct cpod_error err;
	int status;

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
	status = cpod_supervise (&options);
	cpod_spec_destroy (spec);
	return status;
}

static const struct cpod_option run_options[] = {
	[OPTION_NAME] = { "name", 'n', "NAME", "the pod's name; else metadata.name, else the file's name" },
	[OPTION_PORT] = { "port", 'p', "[ADDRESS:]PORT",
	                  "serve the status over HTTP, on the loopback unless told otherwise" },
	[OPTION_RUNTIME] = { "runtime", 0, "NAME|PATH",
	                     "what runs the containers: production, shellout, a plugin" },
	[OPTION_LOGS] = { "logs", 'l', NULL,
	                  "show the containers' output, each line with its container's name" },
	[OPTION_NO_HTTP_KILL] = { "no-http-kill", 0, NULL, "do not serve /kill" },
	[OPTION_IGNORE_UNKNOWN] = { "ignore-unknown", 0, NULL, "unknown fields of the pod are warnings" },
	[OPTION_STRICT] = { "strict", 0, NULL, "unknown properties of an OCI spec are errors" },
	[OPTION_SUBORDINATE_USER] = { "subordinate-user", 0, "USER",
	                              "whose ids of /etc/subuid pods with hostUsers: false have; else cpod's" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_run = {
	.name = "run", .usage = "[OPTION]... FILE", .options = run_options, .min_args = 1, .max_args = 1,
	.run = run,
	.summary = "Run a pod in the foreground until it ends",
	.details = "FILE is a pod spec, JSON or YAML (- is standard input). SIGINT or SIGTERM ends the pod gracefully,\n"
	           "a second one at once; when cpod is killed, nothing of the pod outlives it.\n"
	           "\n"
	           "With --port, GET /status, /healthy and /kill answer over HTTP, and cpod stays after the containers'\n"
	           "end until /kill or a signal.\n"
	           "\n"
	           "Exit status: 0 if every container finished well, or a signal or `cpod stop` ended the pod; 1 if a\n"
	           "container failed, or after /kill; 2 the spec is refused; 4 a pod of that name runs; 125 cpod or\n"
	           "the system failed.\n",
};
