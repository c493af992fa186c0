/* JSON and YAML as one bounded tree that remembers where everything stood.
 *
 * JSON comes through yajl's event parser, YAML through libyaml in a module that is loaded on first
 * use (modules/yaml.c); both feed the builder below, which enforces the limits and refuses
 * duplicate keys, NUL bytes in strings and invalid UTF-8. Nothing here knows what a document means.
 *
 * Life cycle: the tree lives in the caller's arena, which must outlive it.
 */
#ifndef CPOD_BASE_JSON_H
#define CPOD_BASE_JSON_H

#include "arena.h"
#include "str.h"

#include <cpod/runtime.h>
#include <stdbool.h>
#include <stdint.h>

enum cpod_json_type {
	CPOD_JSON_NULL,
	CPOD_JSON_BOOL,
	CPOD_JSON_NUMBER,
	CPOD_JSON_STRING,
	CPOD_JSON_ARRAY,
	CPOD_JSON_OBJECT,
};

struct cpod_json {
	enum cpod_json_type type;
	uint32_t count;                  /* ARRAY, OBJECT: children */
	uint32_t line, column;           /* of the value, from 1; column in bytes; 0 when made by hand */
	uint32_t key_line, key_column;
	const char *key;                 /* its name in the object that holds it, else NULL */
	union {
		bool boolean;
		const char *text;            /* STRING: UTF-8 without NUL; NUMBER: the literal as written */
		struct cpod_json *first;     /* ARRAY, OBJECT: in the order of the document */
	};
	struct cpod_json *next;          /* sibling */
	struct cpod_json *last;          /* ARRAY, OBJECT: the last child */
};

enum cpod_json_flags {
	CPOD_JSON_RELAXED = 1 << 0,      /* comments and trailing commas are allowed (pod specs only) */
	CPOD_JSON_OR_YAML = 1 << 1,      /* what does not begin like JSON is read as YAML */
	CPOD_JSON_DOCUMENTS = 1 << 2,    /* a YAML stream may have several documents: siblings of the root, in order */
};

#define CPOD_JSON_MAX_BYTES  (16u << 20)
#define CPOD_JSON_MAX_DEPTH  128u
#define CPOD_JSON_MAX_VALUES 400000u
#define CPOD_JSON_MAX_STRING (1u << 20)   /* bytes; what goes to an exec is 128 KiB at most */

/* How what is not JSON is read; NULL: not at all. Set by cpod_yaml_enable (yaml.h), so that a program
 * that must not load modules does not even contain the means. */
struct cpod_json_builder;
extern int (*cpod_json_yaml_reader) (struct cpod_json_builder *builder, const char *text, size_t len);

/* Parses len bytes. name stands in front of messages ("pod.json:3:7: ..."). -EINVAL: malformed,
 * -E2BIG: over a limit, -ENOMEM. A second YAML document in the stream is an error without CPOD_JSON_DOCUMENTS. */
int cpod_json_parse (const char *name, const char *text, size_t len, unsigned int flags,
                     struct cpod_arena *arena, struct cpod_json **ret_root, struct cpod_error *err);

/* The member of an object, or NULL. */
const struct cpod_json *cpod_json_get (const struct cpod_json *object, const char *key);
/* "string", "number", "object", ... for messages. */
const char *cpod_json_type_name (enum cpod_json_type type);

/* Writes value as strict, compact JSON (indent 0) or with indent spaces a level. */
void cpod_json_write (struct cpod_str *out, const struct cpod_json *value, unsigned int indent);
/* Writes text as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD. */
void cpod_json_write_string (struct cpod_str *out, const char *text);

/* Building trees by hand (normalised specs, tests): every function returns NULL when memory is out
 * and accepts NULL children by returning NULL, so that only the last result need be checked.
 * add: key is NULL for an array; the child must be new (not in another tree). */
struct cpod_json *cpod_json_new (struct cpod_arena *arena, enum cpod_json_type type);
struct cpod_json *cpod_json_new_string (struct cpod_arena *arena, const char *text);
struct cpod_json *cpod_json_new_int (struct cpod_arena *arena, int64_t value);
struct cpod_json *cpod_json_new_bool (struct cpod_arena *arena, bool value);
struct cpod_json *cpod_json_add (struct cpod_arena *arena, struct cpod_json *parent, const char *key,
                                 struct cpod_json *child);

#endif
