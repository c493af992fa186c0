/* What a module and the program that loads it (src/base/module.h) agree on.
 *
 * A module exports one constant table and imports nothing from the program: it calls back through
 * tables that it is given. Thus programs need not export symbols, and a module works in any of them.
 */
#ifndef CPOD_MODULES_MODULE_H
#define CPOD_MODULES_MODULE_H

#include "src/base/json-build.h"

#define CPOD_MODULE_EXPORT __attribute__ ((visibility ("default")))

/* The functions of json-build.h. */
struct cpod_json_events {
	int (*key) (struct cpod_json_builder *builder, const char *text, size_t len, struct cpod_json_place at);
	int (*scalar) (struct cpod_json_builder *builder, enum cpod_json_type type, const char *text, size_t len,
	               struct cpod_json_place at);
	int (*open) (struct cpod_json_builder *builder, enum cpod_json_type type, struct cpod_json_place at);
	int (*close) (struct cpod_json_builder *builder);
	int (*copy) (struct cpod_json_builder *builder, const struct cpod_json *value, struct cpod_json_place at);
	int (*merge) (struct cpod_json_builder *builder);
	const struct cpod_json *(*latest) (const struct cpod_json_builder *builder);
	int (*error) (struct cpod_json_builder *builder, int code, struct cpod_json_place at, const char *format, ...)
		__attribute__ ((format (printf, 4, 5)));
};

/* modules/yaml.c: reads text as one YAML document into the builder. 0 or -errno, with its error set. */
struct cpod_yaml_module {
	unsigned int abi;
	size_t builder_size;        /* sizeof (struct cpod_json_builder) that it was built with */
	int (*read) (struct cpod_json_builder *builder, const struct cpod_json_events *events,
	             const char *text, size_t len);
};
#define CPOD_YAML_ABI    1u
#define CPOD_YAML_SYMBOL "cpod_yaml_module"

#endif
