/* Objects decoded by table.
 *
 * One table per object names every field: its kind, where it goes, its bounds, and whether this
 * version carries it out. The same table drives the decoder, the words of its errors ("PATH: ..."
 * with file, line and column), the "did you mean" of unknown names, and the field lists in the
 * manual pages. Adding a field is adding a line.
 *
 * Decoded structs are zeroed blocks in an arena; a field that was absent stays zero. Strings are not
 * copied: they point into the tree, whose arena must live as long as the decoded structs.
 */
#ifndef CPOD_BASE_DECODE_H
#define CPOD_BASE_DECODE_H

#include "json.h"

/* What the kinds below store at their offset. */
struct cpod_bool    { bool set, value; };
struct cpod_int     { bool set; int64_t value; };
struct cpod_uint    { bool set; uint64_t value; };
struct cpod_strings { const char **items; size_t n; bool set; };       /* NULL-terminated when set */
struct cpod_uints   { uint64_t *items; size_t n; bool set; };
struct cpod_array   { void *items; size_t n; bool set; };              /* n structs of the element table */
struct cpod_pair    { const char *key, *value; const struct cpod_json *at; };
struct cpod_pairs   { struct cpod_pair *items; size_t n; bool set; };

enum cpod_kind {
	CPOD_KIND_STRING,   /* const char *, NULL when absent */
	CPOD_KIND_BOOL,     /* struct cpod_bool */
	CPOD_KIND_INT,      /* struct cpod_int, min <= value <= max */
	CPOD_KIND_UINT,     /* struct cpod_uint, (uint64_t) min <= value <= (uint64_t) max */
	CPOD_KIND_ENUM,     /* struct cpod_int: index into words */
	CPOD_KIND_OBJECT,   /* const struct T *, NULL when absent */
	CPOD_KIND_STRINGS,  /* struct cpod_strings */
	CPOD_KIND_UINTS,    /* struct cpod_uints */
	CPOD_KIND_ARRAY,    /* struct cpod_array of the element object */
	CPOD_KIND_PAIRS,    /* struct cpod_pairs: an object whose values are strings */
	CPOD_KIND_MAP,      /* struct cpod_array of the element object, whose first member must be a
	                     * const char *: the key */
	CPOD_KIND_JSON,     /* const struct cpod_json *: kept as it stands, any type */
	CPOD_KIND_CUSTOM,   /* decoded by .custom */
};

enum cpod_field_flags {
	CPOD_FIELD_REQUIRED = 1 << 0,
	CPOD_FIELD_NONEMPTY = 1 << 1,  /* string, array or object must not be empty */
	/* Decoded and checked, then refused by name: not carried out yet. A value that says no more than
	 * its absence (null, false, an empty string, array or object) passes. */
	CPOD_FIELD_NOT_YET  = 1 << 2,
	CPOD_FIELD_NULL_OK  = 1 << 3,  /* null is the same as absent */
	CPOD_FIELD_ABSOLUTE = 1 << 4,  /* a string that must begin with '/' */
	CPOD_FIELD_NO_MEANING = 1 << 5, /* for the manual: accepted, and without any effect */
};

struct cpod_object;
struct cpod_decoder;

struct cpod_field {
	const char *name;
	enum cpod_kind kind;
	unsigned int flags;
	size_t offset;
	int64_t min, max;                     /* INT, UINT: bounds; both 0: the kind's whole range */
	const char *const *words;             /* ENUM: NULL-terminated */
	const struct cpod_object *object;     /* OBJECT, ARRAY, MAP: the element */
	/* CUSTOM: target is the member at offset, in a struct whose earlier fields may not be set yet. */
	int (*custom) (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
	               struct cpod_error *err);
	const char *where;                    /* for the manual: where, or how, it is carried out */
};

struct cpod_object {
	const char *name;                     /* for the manual: "process.user" */
	size_t size;                          /* bytes of the struct */
	const struct cpod_field *fields;
	size_t n_fields;
	/* Looks at the whole object after its fields, or NULL. Its errors name the object's path. */
	int (*check) (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
	              struct cpod_error *err);
	bool open;                            /* unknown names are warnings (OCI), else errors */
};

enum cpod_decode_flags {
	CPOD_DECODE_STRICT         = 1 << 0,  /* unknown names are errors in open objects too */
	CPOD_DECODE_IGNORE_UNKNOWN = 1 << 1,  /* unknown names are warnings everywhere */
	CPOD_DECODE_ACCEPT_NOT_YET = 1 << 2,  /* tests, fuzzing: do not refuse NOT_YET fields */
};

struct cpod_decoder {
	const char *file;                     /* in front of every message */
	struct cpod_arena *arena;
	unsigned int flags;
	/* Called for each warning with "FILE:LINE:COL: PATH: ...", or NULL. */
	void (*warn) (void *data, const char *message);
	void *warn_data;
	char path[512];                       /* of the value being decoded; "containers[1].spec" */
	size_t path_len;
	size_t root_len;      /* of what every path begins with: that of the document within a larger one */
};

/* Decodes value by object into target (object->size zeroed bytes). -EINVAL with a positioned
 * sentence, -ENOTSUP for a NOT_YET field, -ENOMEM. The decoder's path is the caller's prefix. */
int cpod_decode (struct cpod_decoder *decoder, const struct cpod_json *value, const struct cpod_object *object,
                 void *target, struct cpod_error *err);

/* An error about value: "FILE:LINE:COL: PATH: text". Returns -EINVAL. */
int cpod_decode_error (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err,
                       const char *format, ...) __attribute__ ((format (printf, 4, 5)));
void cpod_decode_warn (struct cpod_decoder *decoder, const struct cpod_json *value, const char *format, ...)
	__attribute__ ((format (printf, 3, 4)));
/* Extends the path for a nested value (".name" or "[index]") and gives back the old length, for pop. */
size_t cpod_decode_push (struct cpod_decoder *decoder, const char *name);
size_t cpod_decode_push_index (struct cpod_decoder *decoder, size_t index);
void cpod_decode_pop (struct cpod_decoder *decoder, size_t old_len);

/* The nearest of the NULL-terminated words to text, or NULL when none is near (edit distance
 * at most 2, and less than half of the length). */
const char *cpod_nearest_word (const char *text, const char *const *words);

#endif
