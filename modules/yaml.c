/* Reads YAML through libyaml's events into the tree of src/base/json.h.
 *
 * One document. Plain scalars mean what Kubernetes' loader takes them for: the core schema of YAML
 * 1.2 plus octal numbers with a leading 0 (file modes). yes, no, on and off are strings; so is what
 * resembles a number without being one in JSON's sense (1_000, 08). Numbers are rewritten as JSON
 * literals. Keys are always strings. Aliases are copies and count as if they were written out, which
 * ends documents that explode; merge keys are carried out when their mapping ends. What JSON cannot
 * hold (.inf, tags beyond the core's, keys that are no scalars) is an error.
 *
 * libyaml compares every tag directive with all before it, in the first event; a document with many
 * is refused before libyaml sees it. libyaml counts characters, the tree counts bytes: a cursor that
 * only moves forward converts.
 */
#include "modules/module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_ANCHORS 256u
#define MAX_TAG_DIRECTIVES 16u
#define CORE_TAG "tag:yaml.org,2002:"

struct anchor {
	char *name;                         /* owned */
	const struct cpod_json *value;
};

struct reader {
	struct cpod_json_builder *builder;
	const struct cpod_json_events *events;
	const char *text;
	size_t len;
	size_t chars, bytes;                /* the cursor, counted both ways from the beginning */
	size_t line_start;                  /* offset in bytes of the cursor's line */
	uint32_t line;
	struct anchor anchors[MAX_ANCHORS];
	unsigned int n_anchors;
	bool in_mapping[CPOD_JSON_MAX_DEPTH + 1];   /* by depth of the builder */
	bool want_key[CPOD_JSON_MAX_DEPTH + 1];
	bool merges[CPOD_JSON_MAX_DEPTH + 1];       /* the mapping has a merge key */
	unsigned int n_documents;
};

/* Moves the cursor over one character. */
static void
step (struct reader *reader)
{
	if (reader->text[reader->bytes] == '\n') {
		reader->line++;
		reader->line_start = reader->bytes + 1;
	}
	do
		reader->bytes++;
	while (reader->bytes < reader->len && ((unsigned char) reader->text[reader->bytes] & 0xc0) == 0x80);
	reader->chars++;
}

/* The place of a mark. Marks come in order; one that lies before the cursor gets the cursor's place. */
static struct cpod_json_place
place_of (struct reader *reader, const yaml_mark_t *mark)
{
	while (reader->chars < mark->index && reader->bytes < reader->len)
		step (reader);
	return (struct cpod_json_place) { reader->line, (uint32_t) (reader->bytes - reader->line_start) + 1 };
}

/* Puts libyaml's complaint into the builder's error. */
static int
complain (struct reader *reader, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "unknown problem";
	struct cpod_json_place at;

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		at = place_of (reader, &parser->mark);
		return reader->events->error (reader->builder, ENOMEM, at, "not enough memory");
	case YAML_READER_ERROR:
		while (reader->bytes < parser->problem_offset && reader->bytes < reader->len)
			step (reader);
		at = place_of (reader, &(yaml_mark_t) { 0 });
		return reader->events->error (reader->builder, EINVAL, at, "not a text in UTF-8: %s", problem);
	default:
		at = place_of (reader, &parser->problem_mark);
		return reader->events->error (reader->builder, EINVAL, at, "not valid YAML: %s", problem);
	}
}

/* Whether text is one of the words. */
static bool
is_one_of (const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp (text, *words) == 0)
			return true;
	}
	return false;
}

/* Number of leading characters of text that are in set. */
static size_t
run (const char *text, const char *set)
{
	return strspn (text, set);
}

/* If digits is not empty and all in the base (0b, 0o, 0x, or a leading 0), its base, else 0. Moves
 * *digits behind the prefix. */
static int
prefixed_base (const char **digits)
{
	static const struct { const char *prefix, *set; int base; } bases[] = {
		{ "0x", "0123456789abcdefABCDEF", 16 },
		{ "0o", "01234567", 8 },
		{ "0b", "01", 2 },
		{ "0", "01234567", 8 },
	};
	size_t i, len;

	for (i = 0; i < sizeof (bases) / sizeof (bases[0]); i++) {
		const char *rest = *digits + strlen (bases[i].prefix);

		if (strncmp (*digits, bases[i].prefix, strlen (bases[i].prefix)) != 0)
			continue;
		len = run (rest, bases[i].set);
		if (len == 0 || rest[len] != '\0')
			continue;
		*digits = rest;
		return bases[i].base;
	}
	return 0;
}

/* A number in another base as a JSON literal in literal[32]. 0: it is none, 1: done, -ERANGE. */
static int
convert_based (const char *text, char *literal)
{
	const char *digits = text + (*text == '-' || *text == '+');
	int base = prefixed_base (&digits);
	unsigned long long value;

	if (base == 0)
		return 0;
	errno = 0;
	value = strtoull (digits, NULL, base);
	if (errno)
		return -ERANGE;
	snprintf (literal, 32, "%s%llu", *text == '-' ? "-" : "", value);
	return 1;
}

/* The parts of a decimal number: sign, whole, fraction, exponent (with its e), as offsets. False when
 * text is no number. */
static bool
split_decimal (const char *text, size_t *ret_whole, size_t *ret_fraction, size_t *ret_exponent)
{
	static const char digits[] = "0123456789";
	size_t pos = *text == '-' || *text == '+', n;

	*ret_whole = run (text + pos, digits);
	pos += *ret_whole;
	*ret_fraction = 0;
	if (text[pos] == '.') {
		*ret_fraction = run (text + pos + 1, digits);
		if (*ret_whole + *ret_fraction == 0)
			return false;
		pos += 1 + *ret_fraction;
	} else if (*ret_whole == 0) {
		return false;
	}
	*ret_exponent = pos;
	if (text[pos] == 'e' || text[pos] == 'E') {
		pos++;
		pos += text[pos] == '-' || text[pos] == '+';
		n = run (text + pos, digits);
		if (n == 0)
			return false;
		pos += n;
	}
	return text[pos] == '\0';
}

/* The JSON literal of a decimal number, to be freed, or NULL: when it is none, or memory is out. A
 * whole number with a leading 0 is none: what is octal was converted before. */
static char *
convert_decimal (const char *text)
{
	size_t sign = *text == '-' || *text == '+', whole, fraction, exponent, zeros;
	char *literal = NULL;
	bool point;

	if (!split_decimal (text, &whole, &fraction, &exponent))
		return NULL;
	point = text[sign + whole] == '.';
	if (!point && whole > 1 && text[sign] == '0')
		return NULL;
	zeros = run (text + sign, "0");
	if (zeros > 0 && zeros >= whole)
		zeros = whole - 1;
	if (whole == 0)
		zeros = 0;
	if (asprintf (&literal, "%s%s%.*s%s%.*s%s", *text == '-' ? "-" : "", whole ? "" : "0",
	              (int) (whole - zeros), text + sign + zeros, fraction ? "." : "",
	              (int) fraction, text + sign + whole + point, text + exponent) < 0)
		return NULL;
	return literal;
}

static const char *const null_words[] = { "", "~", "null", "Null", "NULL", NULL };
static const char *const true_words[] = { "true", "True", "TRUE", NULL };
static const char *const false_words[] = { "false", "False", "FALSE", NULL };
static const char *const not_finite[] = {
	".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN", NULL
};

/* Adds a number, when text is one. *ret_type says whether it was. */
static int
add_number (struct reader *reader, const char *text, struct cpod_json_place at, enum cpod_json_type *ret_type)
{
	char small[32], *literal;
	int ret;

	ret = convert_based (text, small);
	if (ret < 0)
		return reader->events->error (reader->builder, EINVAL, at, "the number %.40s is too large", text);
	if (ret > 0) {
		*ret_type = CPOD_JSON_NUMBER;
		return reader->events->scalar (reader->builder, CPOD_JSON_NUMBER, small, strlen (small), at);
	}
	if (!strchr ("+-.0123456789", *text))
		return 0;
	literal = convert_decimal (text);
	if (!literal)
		return 0;
	*ret_type = CPOD_JSON_NUMBER;
	ret = reader->events->scalar (reader->builder, CPOD_JSON_NUMBER, literal, strlen (literal), at);
	free (literal);
	return ret;
}

/* Adds a plain scalar by what it looks like. *ret_type: what it was taken for. */
static int
add_plain (struct reader *reader, const char *text, size_t len, struct cpod_json_place at,
           enum cpod_json_type *ret_type)
{
	int ret;

	*ret_type = CPOD_JSON_NULL;
	if (is_one_of (text, null_words))
		return reader->events->scalar (reader->builder, CPOD_JSON_NULL, "null", 4, at);
	*ret_type = CPOD_JSON_BOOL;
	if (is_one_of (text, true_words))
		return reader->events->scalar (reader->builder, CPOD_JSON_BOOL, "true", 4, at);
	if (is_one_of (text, false_words))
		return reader->events->scalar (reader->builder, CPOD_JSON_BOOL, "false", 5, at);
	if (is_one_of (text, not_finite))
		return reader->events->error (reader->builder, EINVAL, at,
		                              "%s is no number that JSON knows (quote it to make it a string)", text);
	*ret_type = CPOD_JSON_STRING;
	ret = add_number (reader, text, at, ret_type);
	if (ret < 0 || *ret_type == CPOD_JSON_NUMBER)
		return ret;
	return reader->events->scalar (reader->builder, CPOD_JSON_STRING, text, len, at);
}

/* The tags of the core schema and what their scalars must turn out to be. */
static const struct {
	const char *name;
	enum cpod_json_type type;
} core_tags[] = {
	{ CORE_TAG "str", CPOD_JSON_STRING },
	{ CORE_TAG "int", CPOD_JSON_NUMBER },
	{ CORE_TAG "float", CPOD_JSON_NUMBER },
	{ CORE_TAG "bool", CPOD_JSON_BOOL },
	{ CORE_TAG "null", CPOD_JSON_NULL },
	{ CORE_TAG "seq", CPOD_JSON_ARRAY },
	{ CORE_TAG "map", CPOD_JSON_OBJECT },
	{ "!", CPOD_JSON_STRING },
};

/* The type that a tag asks for. */
static int
tag_type (struct reader *reader, const char *tag, struct cpod_json_place at, enum cpod_json_type *ret_type)
{
	size_t i;

	for (i = 0; i < sizeof (core_tags) / sizeof (core_tags[0]); i++) {
		if (strcmp (tag, core_tags[i].name) != 0)
			continue;
		*ret_type = core_tags[i].type;
		return 0;
	}
	return reader->events->error (reader->builder, EINVAL, at, "the tag %.100s is not supported", tag);
}

/* Remembers the value under the anchor's name, if it has one. */
static int
remember (struct reader *reader, const yaml_char_t *name, const struct cpod_json *value,
          struct cpod_json_place at)
{
	struct anchor *anchor = &reader->anchors[reader->n_anchors];

	if (!name)
		return 0;
	if (reader->n_anchors == MAX_ANCHORS)
		return reader->events->error (reader->builder, E2BIG, at, "more than %u anchors", MAX_ANCHORS);
	anchor->name = strdup ((const char *) name);
	if (!anchor->name)
		return reader->events->error (reader->builder, ENOMEM, at, "not enough memory");
	anchor->value = value;
	reader->n_anchors++;
	return 0;
}

/* Whether a key is due, not a value; what comes next is then the other. */
static bool
take_turn (struct reader *reader)
{
	unsigned int depth = reader->builder->depth;
	bool key = reader->in_mapping[depth] && reader->want_key[depth];

	reader->want_key[depth] = !key;
	return key;
}

/* A scalar as a key. */
static int
on_key (struct reader *reader, const yaml_event_t *event, struct cpod_json_place at)
{
	const char *text = (const char *) event->data.scalar.value;

	if (event->data.scalar.anchor)
		return reader->events->error (reader->builder, EINVAL, at, "a key cannot have an anchor");
	if (strcmp (text, "<<") == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		if (reader->merges[reader->builder->depth])
			return reader->events->error (reader->builder, EINVAL, at, "a second merge key (merge a list instead)");
		reader->merges[reader->builder->depth] = true;
	}
	return reader->events->key (reader->builder, text, event->data.scalar.length, at);
}

static int
on_scalar (struct reader *reader, const yaml_event_t *event, struct cpod_json_place at)
{
	const char *text = (const char *) event->data.scalar.value, *tag = (const char *) event->data.scalar.tag;
	enum cpod_json_type wanted = CPOD_JSON_STRING, type = CPOD_JSON_STRING;
	size_t len = event->data.scalar.length;
	bool plain = !tag && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	int ret = 0;

	if (tag)
		ret = tag_type (reader, tag, at, &wanted);
	if (ret < 0)
		return ret;
	if (take_turn (reader))
		return on_key (reader, event, at);
	/* With a NUL inside it is no number whatever comes before; the builder refuses it. */
	if ((plain || wanted != CPOD_JSON_STRING) && strlen (text) == len)
		ret = add_plain (reader, text, len, at, &type);
	else
		ret = reader->events->scalar (reader->builder, CPOD_JSON_STRING, text, len, at);
	if (ret == 0 && tag && type != wanted)
		return reader->events->error (reader->builder, EINVAL, at, "the value does not fit its tag %.100s", tag);
	if (ret < 0)
		return ret;
	return remember (reader, event->data.scalar.anchor, reader->events->latest (reader->builder), at);
}

static int
on_alias (struct reader *reader, const yaml_event_t *event, struct cpod_json_place at)
{
	const char *name = (const char *) event->data.alias.anchor;
	unsigned int i = reader->n_anchors;

	if (take_turn (reader))
		return reader->events->error (reader->builder, EINVAL, at, "a key cannot be an alias");
	while (i-- > 0) {
		if (strcmp (reader->anchors[i].name, name) == 0)
			return reader->events->copy (reader->builder, reader->anchors[i].value, at);
	}
	return reader->events->error (reader->builder, EINVAL, at, "there is no anchor \"%.100s\" before this alias",
	                              name);
}

/* A mapping or sequence begins. */
static int
on_open (struct reader *reader, enum cpod_json_type type, const yaml_char_t *tag, const yaml_char_t *anchor,
         struct cpod_json_place at)
{
	enum cpod_json_type wanted = type;
	unsigned int depth;
	int ret = 0;

	if (take_turn (reader))
		return reader->events->error (reader->builder, EINVAL, at, "a key must be a scalar");
	if (tag && strcmp ((const char *) tag, "!") != 0)
		ret = tag_type (reader, (const char *) tag, at, &wanted);
	if (ret < 0)
		return ret;
	if (wanted != type)
		return reader->events->error (reader->builder, EINVAL, at, "the value does not fit its tag %.100s",
		                              (const char *) tag);
	ret = reader->events->open (reader->builder, type, at);
	if (ret < 0)
		return ret;
	depth = reader->builder->depth;
	reader->in_mapping[depth] = reader->want_key[depth] = type == CPOD_JSON_OBJECT;
	reader->merges[depth] = false;
	return remember (reader, anchor, reader->builder->open[depth - 1], at);
}

static int
on_close (struct reader *reader)
{
	int ret = 0;

	if (reader->merges[reader->builder->depth])
		ret = reader->events->merge (reader->builder);
	return ret < 0 ? ret : reader->events->close (reader->builder);
}

/* Anchors hold within their document. */
static void
forget_anchors (struct reader *reader)
{
	while (reader->n_anchors > 0)
		free (reader->anchors[--reader->n_anchors].name);
}

/* One event, wherever it stands. */
static int
on_event (struct reader *reader, const yaml_event_t *event)
{
	struct cpod_json_place at = place_of (reader, &event->start_mark);

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (reader->n_documents++ > 0 && !reader->builder->documents)
			return reader->events->error (reader->builder, EINVAL, at,
			                              "a second document: only one is read");
		forget_anchors (reader);
		return 0;
	case YAML_SCALAR_EVENT:
		return on_scalar (reader, event, at);
	case YAML_ALIAS_EVENT:
		return on_alias (reader, event, at);
	case YAML_SEQUENCE_START_EVENT:
		return on_open (reader, CPOD_JSON_ARRAY, event->data.sequence_start.tag,
		                event->data.sequence_start.anchor, at);
	case YAML_MAPPING_START_EVENT:
		return on_open (reader, CPOD_JSON_OBJECT, event->data.mapping_start.tag,
		                event->data.mapping_start.anchor, at);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close (reader);
	default:
		return 0;
	}
}

/* Pulls events until the stream ends. */
static int
read_events (struct reader *reader, yaml_parser_t *parser)
{
	bool over = false;
	int ret = 0;

	while (ret == 0 && !over) {
		yaml_event_t event;

		if (!yaml_parser_parse (parser, &event))
			return complain (reader, parser);
		over = event.type == YAML_STREAM_END_EVENT;
		ret = on_event (reader, &event);
		yaml_event_delete (&event);
	}
	if (ret == 0 && !reader->builder->root)
		return reader->events->error (reader->builder, EINVAL, (struct cpod_json_place) { 1, 1 },
		                              "the document is empty");
	return ret;
}

/* Refuses a text that declares more tag handles than anyone needs. */
static int
check_directives (struct reader *reader)
{
	const char *line = reader->text, *end = reader->text + reader->len;
	unsigned int n = 0, number = 1;

	for (; line; number++) {
		if (end - line >= 4 && memcmp (line, "%TAG", 4) == 0 && ++n > MAX_TAG_DIRECTIVES)
			return reader->events->error (reader->builder, E2BIG, (struct cpod_json_place) { number, 1 },
			                              "more than %u tag directives", MAX_TAG_DIRECTIVES);
		line = memchr (line, '\n', (size_t) (end - line));
		line += line != NULL;
	}
	return 0;
}

/* The module's only function: see struct cpod_yaml_module. */
static int
read_yaml (struct cpod_json_builder *builder, const struct cpod_json_events *events, const char *text, size_t len)
{
	struct reader *reader = calloc (1, sizeof (*reader));
	yaml_parser_t parser;
	int ret;

	if (!reader || !yaml_parser_initialize (&parser)) {
		free (reader);
		return events->error (builder, ENOMEM, (struct cpod_json_place) { 1, 1 }, "not enough memory");
	}
	reader->builder = builder;
	reader->events = events;
	reader->text = text;
	reader->len = len;
	reader->line = 1;
	yaml_parser_set_encoding (&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string (&parser, (const unsigned char *) text, len);
	ret = check_directives (reader);
	if (ret == 0)
		ret = read_events (reader, &parser);
	yaml_parser_delete (&parser);
	forget_anchors (reader);
	free (reader);
	return ret;
}

CPOD_MODULE_EXPORT extern const struct cpod_yaml_module cpod_yaml_module;
CPOD_MODULE_EXPORT const struct cpod_yaml_module cpod_yaml_module = {
	.abi = CPOD_YAML_ABI,
	.builder_size = sizeof (struct cpod_json_builder),
	.read = read_yaml,
};
