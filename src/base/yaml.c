/* The way from json.c to the YAML module: see yaml.h. */
#include "yaml.h"

#include "error.h"
#include "json-build.h"
#include "module.h"
#include "modules/module.h"

#include <errno.h>

static const struct cpod_json_events events = {
	.key = cpod_json_build_key,
	.scalar = cpod_json_build_scalar,
	.open = cpod_json_build_open,
	.close = cpod_json_build_close,
	.copy = cpod_json_build_copy,
	.merge = cpod_json_build_merge,
	.latest = cpod_json_build_latest,
	.error = cpod_json_build_error,
};

/* Reads text as YAML; see cpod_json_yaml_reader. */
static int
read_yaml (struct cpod_json_builder *builder, const char *text, size_t len)
{
	const struct cpod_yaml_module *module;
	void *symbol;
	int ret;

	ret = cpod_module_load ("yaml", CPOD_YAML_SYMBOL, &symbol, builder->err);
	if (ret < 0)
		return cpod_error_prefix (builder->err, ret, "%s is not JSON, and for YAML", builder->name);
	module = symbol;
	if (module->abi != CPOD_YAML_ABI || module->builder_size != sizeof (*builder))
		return cpod_error_set (builder->err, ENOEXEC, "the module yaml is of another version of cpod");
	return module->read (builder, &events, text, len);
}

void
cpod_yaml_enable (void)
{
	cpod_json_yaml_reader = read_yaml;
}
