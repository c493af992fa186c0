/* The builder of json-build.h, and trees made by hand.
 *
 * Stages of a value: its place in the parent is checked (depth, number of values), a node is taken,
 * it is linked behind the last child of the innermost open container. Duplicate keys are looked for
 * when an object is closed, by sorting its members: n log n whatever the keys are.
 */
#include "json-build.h"

#include "error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_MIN 8u     /* nodes that are taken from the arena at once: first, and at most */
#define ROW_MAX 512u
#define MERGE_WORK_MAX 10000000u
#define FEW 16u        /* members whose order fits on the stack */

void
cpod_json_builder_init (struct cpod_json_builder *builder, const char *name, struct cpod_arena *arena,
                        struct cpod_error *err)
{
	memset (builder, 0, sizeof (*builder));
	builder->name = name;
	builder->arena = arena;
	builder->err = err;
}

int
cpod_json_build_error (struct cpod_json_builder *builder, int code, struct cpod_json_place at,
                       const char *format, ...)
{
	char text[sizeof (((struct cpod_error *) NULL)->message)];
	va_list args;

	va_start (args, format);
	vsnprintf (text, sizeof (text), format, args);
	va_end (args);
	return cpod_error_set (builder->err, code, "%s:%" PRIu32 ":%" PRIu32 ": %s", builder->name, at.line,
	                       at.column, text);
}

/* A node from the current row, or NULL. */
static struct cpod_json *
take_node (struct cpod_json_builder *builder)
{
	unsigned int n = builder->n_values;

	if (builder->n_spare == 0) {
		n = n < ROW_MIN ? ROW_MIN : n > ROW_MAX ? ROW_MAX : n;
		builder->spare = cpod_arena_array (builder->arena, n, sizeof (*builder->spare));
		if (!builder->spare)
			return NULL;
		builder->n_spare = n;
	}
	builder->n_spare--;
	return builder->spare++;
}

/* Links child behind the last one of parent. */
static void
append (struct cpod_json *parent, struct cpod_json *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}

/* A document: the root, or behind the ones before it. */
static void
add_document (struct cpod_json_builder *builder, struct cpod_json *node)
{
	if (builder->last_root)
		builder->last_root->next = node;
	else
		builder->root = node;
	builder->last_root = node;
}

/* A new node of type in the innermost open container, with the key that was given, or as a document. */
static int
add_node (struct cpod_json_builder *builder, enum cpod_json_type type, struct cpod_json_place at,
          struct cpod_json **ret_node)
{
	struct cpod_json *node;

	if (builder->n_values >= CPOD_JSON_MAX_VALUES)
		return cpod_json_build_error (builder, E2BIG, at, "more than %u values", CPOD_JSON_MAX_VALUES);
	node = take_node (builder);
	if (!node)
		return cpod_error_oom (builder->err);
	builder->n_values++;
	node->type = type;
	node->line = at.line;
	node->column = at.column;
	node->key = builder->key;
	node->key_line = builder->key_line;
	node->key_column = builder->key_column;
	builder->key = NULL;
	builder->key_line = builder->key_column = 0;
	if (builder->depth > 0)
		append (builder->open[builder->depth - 1], node);
	else
		add_document (builder, node);
	*ret_node = node;
	return 0;
}

/* A copy of a string that is fit for the tree. what: "string" or "key". */
static int
copy_text (struct cpod_json_builder *builder, const char *text, size_t len, const char *what,
           struct cpod_json_place at, const char **ret_copy)
{
	size_t i = 0, n;

	if (len > CPOD_JSON_MAX_STRING)
		return cpod_json_build_error (builder, E2BIG, at, "the %s is longer than %u bytes", what, CPOD_JSON_MAX_STRING);
	while (i < len) {
		n = cpod_utf8_length (text + i, len - i);
		if (n == 0)
			return cpod_json_build_error (builder, EINVAL, at, "the %s is not valid UTF-8", what);
		if (text[i] == '\0')
			return cpod_json_build_error (builder, EINVAL, at, "the %s contains a NUL byte", what);
		i += n;
	}
	*ret_copy = cpod_arena_strndup (builder->arena, text, len);
	return *ret_copy ? 0 : cpod_error_oom (builder->err);
}

int
cpod_json_build_key (struct cpod_json_builder *builder, const char *text, size_t len, struct cpod_json_place at)
{
	builder->key_line = at.line;
	builder->key_column = at.column;
	return copy_text (builder, text, len, "key", at, &builder->key);
}

int
cpod_json_build_scalar (struct cpod_json_builder *builder, enum cpod_json_type type,
                        const char *text, size_t len, struct cpod_json_place at)
{
	const char *copy = NULL;
	struct cpod_json *node;
	int ret;

	if (type == CPOD_JSON_STRING || type == CPOD_JSON_NUMBER) {
		ret = copy_text (builder, text, len, type == CPOD_JSON_STRING ? "string" : "number", at, &copy);
		if (ret < 0)
			return ret;
	}
	ret = add_node (builder, type, at, &node);
	if (ret < 0)
		return ret;
	if (type == CPOD_JSON_BOOL)
		node->boolean = len == 4 && memcmp (text, "true", 4) == 0;
	else
		node->text = copy;
	return 0;
}

int
cpod_json_build_open (struct cpod_json_builder *builder, enum cpod_json_type type, struct cpod_json_place at)
{
	struct cpod_json *node;
	int ret;

	if (builder->depth >= CPOD_JSON_MAX_DEPTH)
		return cpod_json_build_error (builder, E2BIG, at, "more than %u levels of nesting",
		                              CPOD_JSON_MAX_DEPTH);
	ret = add_node (builder, type, at, &node);
	if (ret < 0)
		return ret;
	builder->open[builder->depth++] = node;
	return 0;
}

/* Where a member stands against another: negative when it is written before. */
static int
compare_places (const struct cpod_json *a, const struct cpod_json *b)
{
	if (a->key_line != b->key_line)
		return a->key_line < b->key_line ? -1 : 1;
	if (a->key_column != b->key_column)
		return a->key_column < b->key_column ? -1 : 1;
	return 0;
}

/* For qsort: by key, then by place. */
static int
compare_members (const void *a, const void *b)
{
	const struct cpod_json *one = *(const struct cpod_json *const *) a;
	const struct cpod_json *two = *(const struct cpod_json *const *) b;
	int order = strcmp (one->key, two->key);

	return order ? order : compare_places (one, two);
}

/* Sorts the n members of object in sorted[] and reports the first, in the document's order, that
 * repeats an earlier key. */
static int
find_duplicate (struct cpod_json_builder *builder, const struct cpod_json *object,
                const struct cpod_json **sorted)
{
	const struct cpod_json *member, *first = NULL, *second = NULL;
	uint32_t i = 0;

	for (member = object->first; member; member = member->next)
		sorted[i++] = member;
	qsort (sorted, object->count, sizeof (*sorted), compare_members);
	for (i = 1; i < object->count; i++) {
		if (strcmp (sorted[i - 1]->key, sorted[i]->key) != 0)
			continue;
		if (second && compare_places (sorted[i], second) > 0)
			continue;
		first = sorted[i - 1];
		second = sorted[i];
	}
	if (!second)
		return 0;
	return cpod_json_build_error (builder, EINVAL,
	                              (struct cpod_json_place) { second->key_line, second->key_column },
	                              "the key \"%.200s\" is given twice (before at %" PRIu32 ":%" PRIu32 ")",
	                              second->key, first->key_line, first->key_column);
}

int
cpod_json_build_close (struct cpod_json_builder *builder)
{
	const struct cpod_json *node = builder->open[--builder->depth], *few[FEW], **many;
	int ret;

	if (node->type != CPOD_JSON_OBJECT || node->count < 2)
		return 0;
	if (node->count <= FEW)
		return find_duplicate (builder, node, few);
	many = malloc (node->count * sizeof (*many));
	if (!many)
		return cpod_error_oom (builder->err);
	ret = find_duplicate (builder, node, many);
	free (many);
	return ret;
}

/* Copies the children of from into the innermost open container. Recursion ends with the depth limit. */
static int
copy_children (struct cpod_json_builder *builder, const struct cpod_json *from)
{
	const struct cpod_json *child;
	int ret = 0;

	for (child = from->first; child && ret == 0; child = child->next) {
		builder->key = child->key;
		builder->key_line = child->key_line;
		builder->key_column = child->key_column;
		ret = cpod_json_build_copy (builder, child,
		                            (struct cpod_json_place) { child->line, child->column });
	}
	return ret;
}

/* Whether value is a container that is not closed yet. */
static bool
is_open (const struct cpod_json_builder *builder, const struct cpod_json *value)
{
	unsigned int i;

	for (i = 0; i < builder->depth; i++) {
		if (builder->open[i] == value)
			return true;
	}
	return false;
}

int
cpod_json_build_copy (struct cpod_json_builder *builder, const struct cpod_json *value,
                      struct cpod_json_place at)
{
	struct cpod_json *node;
	int ret;

	if (is_open (builder, value))
		return cpod_json_build_error (builder, EINVAL, at, "the value would contain itself");
	if (value->type == CPOD_JSON_ARRAY || value->type == CPOD_JSON_OBJECT) {
		ret = cpod_json_build_open (builder, value->type, at);
		if (ret == 0)
			ret = copy_children (builder, value);
		if (ret == 0)
			builder->depth--;   /* not close: it had no duplicates */
		return ret;
	}
	ret = add_node (builder, value->type, at, &node);
	if (ret < 0)
		return ret;
	if (value->type == CPOD_JSON_BOOL)
		node->boolean = value->boolean;
	else
		node->text = value->text;
	return 0;
}

/* Takes the member "<<" out of object, which has one. */
static struct cpod_json *
take_merge_member (struct cpod_json *object)
{
	struct cpod_json **link = &object->first, *before = NULL, *taken;

	while (strcmp ((*link)->key, "<<") != 0) {
		before = *link;
		link = &before->next;
	}
	taken = *link;
	*link = taken->next;
	if (object->last == taken)
		object->last = before;
	object->count--;
	return taken;
}

/* Copies those members of from, which object does not have, into the object. */
static int
merge_object (struct cpod_json_builder *builder, struct cpod_json *object, const struct cpod_json *from)
{
	struct cpod_json_place at = { from->line, from->column };
	const struct cpod_json *member;
	int ret = 0;

	if (from->type != CPOD_JSON_OBJECT)
		return cpod_json_build_error (builder, EINVAL, at, "only a mapping can be merged, not a %s",
		                              cpod_json_type_name (from->type));
	for (member = from->first; member && ret == 0; member = member->next) {
		builder->merge_work += object->count;
		if (builder->merge_work > MERGE_WORK_MAX)
			return cpod_json_build_error (builder, E2BIG, at, "too many keys to merge");
		if (cpod_json_get (object, member->key))
			continue;
		builder->key = member->key;
		builder->key_line = member->key_line;
		builder->key_column = member->key_column;
		ret = cpod_json_build_copy (builder, member,
		                            (struct cpod_json_place) { member->line, member->column });
	}
	return ret;
}

int
cpod_json_build_merge (struct cpod_json_builder *builder)
{
	struct cpod_json *object = builder->open[builder->depth - 1];
	const struct cpod_json *merged = take_merge_member (object), *child;
	int ret = 0;

	if (merged->type != CPOD_JSON_ARRAY)
		return merge_object (builder, object, merged);
	for (child = merged->first; child && ret == 0; child = child->next)
		ret = merge_object (builder, object, child);
	return ret;
}

const struct cpod_json *
cpod_json_build_latest (const struct cpod_json_builder *builder)
{
	if (builder->depth == 0)
		return builder->last_root;
	return builder->open[builder->depth - 1]->last;
}

struct cpod_json *
cpod_json_new (struct cpod_arena *arena, enum cpod_json_type type)
{
	struct cpod_json *node = cpod_arena_alloc (arena, sizeof (*node));

	if (node)
		node->type = type;
	return node;
}

struct cpod_json *
cpod_json_new_string (struct cpod_arena *arena, const char *text)
{
	struct cpod_json *node = cpod_json_new (arena, CPOD_JSON_STRING);

	if (!node)
		return NULL;
	node->text = cpod_arena_strdup (arena, text);
	return node->text ? node : NULL;
}

struct cpod_json *
cpod_json_new_int (struct cpod_arena *arena, int64_t value)
{
	struct cpod_json *node = cpod_json_new (arena, CPOD_JSON_NUMBER);

	if (!node)
		return NULL;
	node->text = cpod_arena_printf (arena, "%" PRId64, value);
	return node->text ? node : NULL;
}

struct cpod_json *
cpod_json_new_bool (struct cpod_arena *arena, bool value)
{
	struct cpod_json *node = cpod_json_new (arena, CPOD_JSON_BOOL);

	if (node)
		node->boolean = value;
	return node;
}

struct cpod_json *
cpod_json_add (struct cpod_arena *arena, struct cpod_json *parent, const char *key, struct cpod_json *child)
{
	if (!parent || !child)
		return NULL;
	if (key) {
		child->key = cpod_arena_strdup (arena, key);
		if (!child->key)
			return NULL;
	}
	append (parent, child);
	return parent;
}
