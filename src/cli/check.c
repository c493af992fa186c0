/* cpod check: reads a spec as run would, and prints what it means and what would be done. Nothing is run or
 * made. */
#include "cli.h"

#include "load.h"

#include <errno.h>
#include <stdlib.h>

enum { OPTION_NAME, OPTION_RUNTIME, OPTION_IGNORE_UNKNOWN, OPTION_STRICT };

/* Adds the plan, or the reason why there is none. */
static int
add_plan (struct cpod_str *out, const struct cpod_spec *spec, const struct cpod_runtime *runtime,
          struct cpod_error *err)
{
	char *text;
	int ret;

	ret = cpod_spec_describe (spec, runtime, &text, err);
	if (ret == -ENOTSUP && runtime->async == NULL) {
		cpod_str_printf (out, "\nThe runtime %s does not tell how it starts a container.\n",
		                 runtime->name);
		return 0;
	}
	if (ret < 0)
		return ret;
	cpod_str_add_char (out, '\n');
	cpod_str_add (out, text);
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		cpod_str_add_char (out, '\n');
	free (text);
	return 0;
}

/* Adds the normalised spec, then the plan. */
static int
describe (struct cpod_str *out, const struct cpod_spec *spec, const struct cpod_runtime *runtime,
          struct cpod_error *err)
{
	char *json;
	int ret;

	ret = cpod_spec_json (spec, &json, err);
	if (ret < 0)
		return ret;
	cpod_str_add (out, json);
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		cpod_str_add_char (out, '\n');
	free (json);
	return add_plan (out, spec, runtime, err);
}

static int
check (const struct cpod_args *args)
{
	const char *name = args->values[OPTION_RUNTIME];
	cpod_autostr out = CPOD_STR_INIT;
	const struct cpod_runtime *runtime;
	struct cpod_spec *spec;
	struct cpod_error err;
	int status, ret;

	if (cpod_runtime_find (name != NULL ? name : "production", &runtime, &err) < 0)
		return cpod_fail (CPOD_EXIT_USAGE, "check: %s", err.message);
	status = cpod_load_spec (args->operands[0], args->values[OPTION_NAME],
	                         args->values[OPTION_STRICT] != NULL,
	                         args->values[OPTION_IGNORE_UNKNOWN] != NULL, &spec);
	if (status != CPOD_EXIT_OK)
		return status;
	ret = describe (&out, spec, runtime, &err);
	cpod_spec_destroy (spec);
	status = cpod_print (&out);
	return ret < 0 ? cpod_fail (cpod_exit_for (&err), "%s", err.message) : status;
}

static const struct cpod_option options[] = {
	[OPTION_NAME] = { "name", 'n', "NAME", "the pod's name" },
	[OPTION_RUNTIME] = { "runtime", 0, "NAME|PATH", "whose plan to print; production if not given" },
	[OPTION_IGNORE_UNKNOWN] = { "ignore-unknown", 0, NULL, "unknown fields of the pod are warnings" },
	[OPTION_STRICT] = { "strict", 0, NULL, "unknown properties of an OCI spec are errors" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_check = {
	.name = "check", .usage = "[OPTION]... FILE", .operands = "f", .options = options, .min_args = 1, .max_args = 1,
	.run = check,
	.summary = "Validate a spec; print it and its plan, run nothing",
	.details = "Prints the spec as cpod understands it (JSON), then what would be done to start each container,\n"
	           "step by step, and what the host view leaves out. FILE - is standard input. Exit status 2 if the\n"
	           "spec is refused; the message says file, line, column, path and reason.\n",
};
