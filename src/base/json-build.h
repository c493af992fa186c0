/* Builds the tree of json.h from events, for every syntax alike.
 *
 * The readers (json.c for JSON, modules/yaml.c for YAML) say what stands where; the builder enforces
 * what holds for both: the limits on depth and number of values, no duplicate keys, strings that are
 * valid UTF-8 without NUL. The events of a value come in the order of the document: in an object,
 * key and then its value; containers are opened and closed.
 *
 * The first failure is kept in err; the reader must stop then. Positions count from 1.
 */
#ifndef CPOD_BASE_JSON_BUILD_H
#define CPOD_BASE_JSON_BUILD_H

#include "json.h"

struct cpod_json_builder {
	const char *name;                                /* of the document, for messages */
	struct cpod_arena *arena;                        /* borrowed; the tree is made in it */
	struct cpod_error *err;                          /* borrowed; may be NULL */
	struct cpod_json *root;                          /* NULL before the first value */
	struct cpod_json *last_root;                     /* the last document's */
	bool documents;                                  /* there may be more than one */
	struct cpod_json *open[CPOD_JSON_MAX_DEPTH];     /* containers that are not closed yet */
	unsigned int depth;
	const char *key;                                 /* of the value to come, or NULL */
	uint32_t key_line, key_column;
	uint32_t n_values;
	struct cpod_json *spare;                         /* nodes are taken from the arena in rows */
	unsigned int n_spare;
	uint32_t merge_work;                             /* comparisons that merges have cost */
};

/* A place in the document. */
struct cpod_json_place { uint32_t line, column; };

void cpod_json_builder_init (struct cpod_json_builder *builder, const char *name, struct cpod_arena *arena,
                             struct cpod_error *err);

/* All return 0 or -errno with the builder's error set: -EINVAL, -E2BIG, -ENOMEM. */
int cpod_json_build_key (struct cpod_json_builder *builder, const char *text, size_t len,
                         struct cpod_json_place at);
/* NULL, BOOL ("true" or not), NUMBER (a JSON literal) or STRING. */
int cpod_json_build_scalar (struct cpod_json_builder *builder, enum cpod_json_type type,
                            const char *text, size_t len, struct cpod_json_place at);
/* ARRAY or OBJECT. */
int cpod_json_build_open (struct cpod_json_builder *builder, enum cpod_json_type type,
                          struct cpod_json_place at);
int cpod_json_build_close (struct cpod_json_builder *builder);
/* A copy of a value of this tree, as an alias in YAML means it. Counts as if it were written out; -EINVAL
 * when the value is not closed yet. */
int cpod_json_build_copy (struct cpod_json_builder *builder, const struct cpod_json *value,
                          struct cpod_json_place at);
/* Replaces the member "<<" of the innermost open object by those members of its value (an object, or
 * an array of objects of which the earlier ones win) that the object does not have itself. */
int cpod_json_build_merge (struct cpod_json_builder *builder);
/* The value added last, the container closed last, or NULL. */
const struct cpod_json *cpod_json_build_latest (const struct cpod_json_builder *builder);

/* "NAME:LINE:COL: text". Returns -code. */
int cpod_json_build_error (struct cpod_json_builder *builder, int code, struct cpod_json_place at,
                           const char *format, ...) __attribute__ ((format (printf, 4, 5)));

#endif
