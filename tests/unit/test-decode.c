/* Decoding by table: a made-up object that has every kind of field. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "src/base/decode.h"
#include "src/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct port {
	const char *name;
	struct cpod_uint number;
};

struct thing {
	const char *name, *path;
	struct cpod_bool on;
	struct cpod_int offset, nice, colour;
	struct cpod_uint size, port;
	const struct port *main_port;
	struct cpod_strings args;
	struct cpod_uints gids;
	struct cpod_array ports, by_name;
	struct cpod_pairs labels;
	const struct cpod_json *anything;
	int custom;
	const char *later;
};

static const struct cpod_field port_fields[] = {
	{ .name = "number", .kind = CPOD_KIND_UINT, .flags = CPOD_FIELD_REQUIRED, .min = 1, .max = 65535,
	  .offset = offsetof (struct port, number) },
};
static const struct cpod_object port_object = {
	.name = "port", .size = sizeof (struct port), .fields = port_fields, .n_fields = 1,
};

/* A custom field: a string whose length is stored. */
static int
decode_length (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	int *ret_length = target;

	if (value->type != CPOD_JSON_STRING)
		return cpod_decode_error (decoder, value, err, "has no length");
	*ret_length = (int) strlen (value->text);
	return 0;
}

/* The check of the whole: the name "bad" is refused. */
static int
check_thing (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	const struct thing *thing = target;

	if (thing->name && strcmp (thing->name, "bad") == 0)
		return cpod_decode_error (decoder, value, err, "is bad");
	return 0;
}

static const char *const colours[] = { "red", "green", "blue", NULL };

#define at(member) .offset = offsetof (struct thing, member)
static const struct cpod_field thing_fields[] = {
	{ .name = "name", .kind = CPOD_KIND_STRING, .flags = CPOD_FIELD_REQUIRED | CPOD_FIELD_NONEMPTY, at (name) },
	{ .name = "path", .kind = CPOD_KIND_STRING, .flags = CPOD_FIELD_ABSOLUTE | CPOD_FIELD_NULL_OK, at (path) },
	{ .name = "on", .kind = CPOD_KIND_BOOL, at (on) },
	{ .name = "offset", .kind = CPOD_KIND_INT, at (offset) },
	{ .name = "nice", .kind = CPOD_KIND_INT, .min = -20, .max = 19, at (nice) },
	{ .name = "colour", .kind = CPOD_KIND_ENUM, .words = colours, at (colour) },
	{ .name = "size", .kind = CPOD_KIND_UINT, at (size) },
	{ .name = "port", .kind = CPOD_KIND_UINT, .max = 65535, at (port) },
	{ .name = "mainPort", .kind = CPOD_KIND_OBJECT, .flags = CPOD_FIELD_NONEMPTY, .object = &port_object,
	  at (main_port) },
	{ .name = "args", .kind = CPOD_KIND_STRINGS, .flags = CPOD_FIELD_NONEMPTY, at (args) },
	{ .name = "gids", .kind = CPOD_KIND_UINTS, .max = 4294967294, at (gids) },
	{ .name = "ports", .kind = CPOD_KIND_ARRAY, .object = &port_object, at (ports) },
	{ .name = "byName", .kind = CPOD_KIND_MAP, .object = &port_object, at (by_name) },
	{ .name = "labels", .kind = CPOD_KIND_PAIRS, at (labels) },
	{ .name = "anything", .kind = CPOD_KIND_JSON, at (anything) },
	{ .name = "custom", .kind = CPOD_KIND_CUSTOM, .custom = decode_length, at (custom) },
	{ .name = "later", .kind = CPOD_KIND_STRING, .flags = CPOD_FIELD_NOT_YET, at (later) },
};
static const struct cpod_object thing_object = {
	.name = "thing", .size = sizeof (struct thing), .fields = thing_fields,
	.n_fields = sizeof (thing_fields) / sizeof (thing_fields[0]), .check = check_thing,
};
static struct cpod_object open_object;

static struct cpod_arena arena;
static struct cpod_error err;
static struct thing thing;
static char warnings[1024];

static int
begin (void **state)
{
	(void) state;
	cpod_arena_init (&arena, 0);
	memset (&err, 0, sizeof (err));
	memset (&thing, 0, sizeof (thing));
	warnings[0] = '\0';
	open_object = thing_object;
	open_object.open = true;
	return 0;
}

static int
end (void **state)
{
	(void) state;
	cpod_arena_finish (&arena);
	return 0;
}

/* Collects warnings, one a line. */
static void
on_warning (void *data, const char *message)
{
	(void) data;
	assert_true (strlen (warnings) + strlen (message) + 2 < sizeof (warnings));
	strcat (strcat (warnings, message), "\n");
}

/* Decodes text into thing. */
static int
decode_as (const struct cpod_object *object, unsigned int flags, const char *text)
{
	struct cpod_decoder decoder = { .file = "f", .arena = &arena, .flags = flags, .warn = on_warning };
	struct cpod_json *root;
	int ret;

	if (cpod_json_parse ("f", text, strlen (text), 0, &arena, &root, &err) < 0)
		fail_msg ("%s: %s", text, err.message);
	ret = cpod_decode (&decoder, root, object, &thing, &err);
	assert_int_equal (decoder.path_len, 0);
	assert_int_equal (decoder.path[0], '\0');
	return ret;
}

/* Text must be refused with -EINVAL and message. */
static void
assert_refused (const char *text, const char *message)
{
	memset (&err, 0, sizeof (err));
	assert_int_equal (decode_as (&thing_object, 0, text), -EINVAL);
	assert_string_equal (err.message, message);
}

static void
every_kind_is_decoded (void **state)
{
	const struct port *ports;

	(void) state;
	assert_int_equal (decode_as (&thing_object, 0,
		"{\"name\":\"n\",\"path\":\"/p\",\"on\":true,\"offset\":-9223372036854775808,\"nice\":-20,"
		"\"colour\":\"blue\",\"size\":18446744073709551615,\"port\":0,\"mainPort\":{\"number\":80},"
		"\"args\":[\"a\",\"\"],\"gids\":[0,4294967294],\"ports\":[{\"number\":1},{\"number\":65535}],"
		"\"byName\":{\"http\":{\"number\":8080}},\"labels\":{\"k\":\"v\"},\"anything\":[1],\"custom\":\"four\"}"), 0);
	assert_string_equal (thing.name, "n");
	assert_string_equal (thing.path, "/p");
	assert_true (thing.on.set && thing.on.value);
	assert_true (thing.offset.set && thing.offset.value == INT64_MIN);
	assert_int_equal (thing.nice.value, -20);
	assert_int_equal (thing.colour.value, 2);
	assert_true (thing.size.value == UINT64_MAX);
	assert_true (thing.port.set && thing.port.value == 0);
	assert_int_equal (thing.main_port->number.value, 80);
	assert_int_equal (thing.args.n, 2);
	assert_null (thing.args.items[2]);
	assert_int_equal (thing.gids.items[1], 4294967294);
	ports = thing.ports.items;
	assert_int_equal (ports[1].number.value, 65535);
	ports = thing.by_name.items;
	assert_string_equal (ports[0].name, "http");
	assert_int_equal (ports[0].number.value, 8080);
	assert_string_equal (thing.labels.items[0].key, "k");
	assert_string_equal (thing.labels.items[0].value, "v");
	assert_non_null (thing.labels.items[0].at);
	assert_int_equal (thing.anything->type, CPOD_JSON_ARRAY);
	assert_int_equal (thing.custom, 4);
}

static void
what_is_absent_stays_zero (void **state)
{
	struct thing expected = { 0 };

	(void) state;
	assert_int_equal (decode_as (&thing_object, 0, "{\"name\":\"n\",\"path\":null}"), 0);
	expected.name = thing.name;
	assert_memory_equal (&thing, &expected, sizeof (thing));
	assert_int_equal (decode_as (&thing_object, 0, "{\"name\":\"n\",\"ports\":[],\"labels\":{}}"), 0);
	assert_true (thing.ports.set && thing.ports.n == 0 && thing.labels.set);
}

static void
a_wrong_type_is_refused_with_its_path_and_place (void **state)
{
	(void) state;
	assert_refused ("[]", "f:1:1: expected an object, found an array");
	assert_refused ("{\n \"name\": 1}", "f:2:10: name: expected a string, found a number");
	assert_refused ("{\"name\":null}", "f:1:9: name: expected a string, found null");
	assert_refused ("{\"on\":\"true\"}", "f:1:7: on: expected true or false, found a string");
	assert_refused ("{\"nice\":\"1\"}", "f:1:9: nice: expected an integer, found a string");
	assert_refused ("{\"colour\":1}", "f:1:11: colour: expected a string, found a number");
	assert_refused ("{\"args\":\"a\"}", "f:1:9: args: expected an array, found a string");
	assert_refused ("{\"args\":[\"a\",1]}", "f:1:14: args[1]: expected a string, found a number");
	assert_refused ("{\"ports\":{}}", "f:1:10: ports: expected an array, found an object");
	assert_refused ("{\"byName\":[]}", "f:1:11: byName: expected an object, found an array");
	assert_refused ("{\"labels\":{\"a.b/c\":true}}",
	                "f:1:20: labels[\"a.b/c\"]: expected a string, found true or false");
	assert_refused ("{\"custom\":{}}", "f:1:11: custom: has no length");
}

static void
nested_values_have_nested_paths (void **state)
{
	(void) state;
	assert_refused ("{\"mainPort\":{\"number\":0}}",
	                "f:1:23: mainPort.number: must be between 1 and 65535");
	assert_refused ("{\"ports\":[{\"number\":1},{\"number\":65536}]}",
	                "f:1:34: ports[1].number: must be between 1 and 65535");
	assert_refused ("{\"ports\":[{}]}", "f:1:11: ports[0]: \"number\" is required");
	assert_refused ("{\"byName\":{\"x\":{\"number\":-1}}}",
	                "f:1:26: byName.x.number: must be between 1 and 65535");
}

static void
integers_must_be_written_as_such_and_fit (void **state)
{
	(void) state;
	assert_refused ("{\"offset\":1.0}", "f:1:11: offset: expected an integer, found 1.0");
	assert_refused ("{\"offset\":1e3}", "f:1:11: offset: expected an integer, found 1e3");
	assert_refused ("{\"offset\":1e400}", "f:1:11: offset: expected an integer, found 1e400");
	assert_refused ("{\"offset\":9223372036854775808}",
	                "f:1:11: offset: must be between -9223372036854775808 and 9223372036854775807");
	assert_refused ("{\"offset\":-9223372036854775809}",
	                "f:1:11: offset: must be between -9223372036854775808 and 9223372036854775807");
	assert_refused ("{\"size\":18446744073709551616}",
	                "f:1:9: size: must be between 0 and 18446744073709551615");
	assert_refused ("{\"size\":-1}", "f:1:9: size: must be between 0 and 18446744073709551615");
	assert_refused ("{\"nice\":20}", "f:1:9: nice: must be between -20 and 19");
	assert_refused ("{\"nice\":-21}", "f:1:9: nice: must be between -20 and 19");
	assert_refused ("{\"port\":65536}", "f:1:9: port: must be between 0 and 65535");
	assert_refused ("{\"gids\":[1,4294967295]}", "f:1:12: gids[1]: must be between 0 and 4294967294");
}

static void
a_long_literal_is_quoted_in_part (void **state)
{
	char text[400];

	(void) state;
	snprintf (text, sizeof (text), "{\"size\":0.%0300d}", 1);
	assert_refused (text, "f:1:9: size: expected an integer, found 0.00000000000000000000000000000000000000...");
	snprintf (text, sizeof (text), "{\"size\":1%0300d}", 1);
	assert_refused (text, "f:1:9: size: must be between 0 and 18446744073709551615");
}

static void
flags_of_fields_are_enforced (void **state)
{
	(void) state;
	assert_refused ("{\"name\":\"\"}", "f:1:9: name: must not be empty");
	assert_refused ("{\"path\":\"etc\"}", "f:1:9: path: must be an absolute path, not \"etc\"");
	assert_refused ("{\"args\":[]}", "f:1:9: args: must not be empty");
	assert_refused ("{}", "f:1:1: \"name\" is required");
}

static void
an_unknown_word_gets_a_hint_or_the_list (void **state)
{
	(void) state;
	assert_refused ("{\"colour\":\"gren\"}",
	                "f:1:11: colour: \"gren\" is not known (did you mean \"green\"?)");
	assert_refused ("{\"colour\":\"purple\"}",
	                "f:1:11: colour: \"purple\" is not one of \"red\", \"green\", \"blue\"");
}

static void
an_unknown_property_is_an_error_at_its_key (void **state)
{
	(void) state;
	assert_refused ("{\"name\":\"n\",\n \"nane\":1}",
	                "f:2:2: unknown property \"nane\" (did you mean \"name\"?)");
	assert_refused ("{\"byname\":{}}", "f:1:2: unknown property \"byname\" (did you mean \"byName\"?)");
	assert_refused ("{\"ports\":[{\"xyz\":1}]}", "f:1:12: ports[0]: unknown property \"xyz\"");
	assert_refused ("{\"a\\nb\\u001b\":1}", "f:1:2: unknown property \"a?b?\"");
}

static void
an_unknown_property_of_an_open_object_is_a_warning (void **state)
{
	(void) state;
	assert_int_equal (decode_as (&open_object, 0, "{\"name\":\"n\",\"nme\":1,\"com.example\":{}}"), 0);
	assert_string_equal (warnings, "f:1:13: unknown property \"nme\" (did you mean \"name\"?)\n"
	                     "f:1:21: unknown property \"com.example\"\n");
	assert_int_equal (decode_as (&open_object, CPOD_DECODE_STRICT, "{\"name\":\"n\",\"zzz\":1}"), -EINVAL);
	warnings[0] = '\0';
	assert_int_equal (decode_as (&thing_object, CPOD_DECODE_IGNORE_UNKNOWN, "{\"name\":\"n\",\"zzz\":1}"), 0);
	assert_string_equal (warnings, "f:1:13: unknown property \"zzz\"\n");
}

static void
what_is_not_carried_out_yet_is_refused_by_name (void **state)
{
	(void) state;
	assert_int_equal (decode_as (&thing_object, 0, "{\"name\":\"n\",\n\"later\":\"x\"}"), -ENOTSUP);
	assert_int_equal (err.code, ENOTSUP);
	assert_string_equal (err.message, "f:2:1: later: it is not carried out by this version");
	assert_refused ("{\"later\":1}", "f:1:10: later: expected a string, found a number");
	assert_int_equal (decode_as (&thing_object, CPOD_DECODE_ACCEPT_NOT_YET, "{\"name\":\"n\",\"later\":\"x\"}"), 0);
	assert_string_equal (thing.later, "x");
	assert_int_equal (decode_as (&thing_object, 0, "{\"name\":\"n\",\"later\":\"\"}"), 0);
	assert_int_equal (decode_as (&thing_object, 0, "{\"name\":\"n\",\"later\":null}"), 0);
}

static void
the_check_sees_the_whole_object (void **state)
{
	(void) state;
	assert_refused (" {\"name\":\"bad\"}", "f:1:2: is bad");
}

static void
values_made_by_hand_have_no_place (void **state)
{
	struct cpod_decoder decoder = { .arena = &arena };
	struct cpod_json *root = cpod_json_new (&arena, CPOD_JSON_OBJECT);

	(void) state;
	cpod_json_add (&arena, root, "name", cpod_json_new_int (&arena, 1));
	assert_int_equal (cpod_decode (&decoder, root, &thing_object, &thing, &err), -EINVAL);
	assert_string_equal (err.message, "name: expected a string, found a number");
	decoder.file = "pod";
	assert_int_equal (cpod_decode (&decoder, root, &thing_object, &thing, &err), -EINVAL);
	assert_string_equal (err.message, "pod: name: expected a string, found a number");
}

static void
the_callers_prefix_stays_in_front (void **state)
{
	struct cpod_decoder decoder = { .file = "f", .arena = &arena };
	struct cpod_json *root;
	size_t old_len;

	(void) state;
	assert_int_equal (cpod_json_parse ("f", "{\"on\":1}", 8, 0, &arena, &root, &err), 0);
	cpod_decode_push (&decoder, "containers");
	old_len = cpod_decode_push_index (&decoder, 1);
	assert_int_equal (cpod_decode (&decoder, root, &thing_object, &thing, &err), -EINVAL);
	assert_string_equal (err.message, "f:1:7: containers[1].on: expected true or false, found a number");
	assert_string_equal (decoder.path, "containers[1]");
	cpod_decode_pop (&decoder, old_len);
	assert_string_equal (decoder.path, "containers");
}

static void
a_path_that_is_too_long_is_cut (void **state)
{
	struct cpod_decoder decoder = { .file = "f", .arena = &arena };
	size_t i, lengths[100];

	(void) state;
	for (i = 0; i < 100; i++)
		lengths[i] = cpod_decode_push (&decoder, "container");
	assert_int_equal (decoder.path_len, sizeof (decoder.path) - 1);
	assert_int_equal (strlen (decoder.path), decoder.path_len);
	while (i-- > 0)
		cpod_decode_pop (&decoder, lengths[i]);
	assert_string_equal (decoder.path, "");
}

static void
an_exhausted_arena_ends_decoding (void **state)
{
	struct cpod_decoder decoder = { .file = "f" };
	struct cpod_json *root;
	struct cpod_arena small;

	(void) state;
	assert_int_equal (cpod_json_parse ("f", "{\"mainPort\":{\"number\":1}}", 25, 0, &arena, &root, &err), 0);
	cpod_arena_init (&small, 8);
	decoder.arena = &small;
	assert_int_equal (cpod_decode (&decoder, root, &thing_object, &thing, &err), -ENOMEM);
	cpod_arena_finish (&small);
}

static void
near_words_are_found (void **state)
{
	static const char *const words[] = { "hostNetwork", "hostPID", "name", "on", NULL };

	(void) state;
	assert_string_equal (cpod_nearest_word ("hostnetwork", words), "hostNetwork");
	assert_string_equal (cpod_nearest_word ("hostNetwrk", words), "hostNetwork");
	assert_string_equal (cpod_nearest_word ("hostPid", words), "hostPID");
	assert_string_equal (cpod_nearest_word ("nmae", words), "name");
	assert_null (cpod_nearest_word ("nmea", words));
	assert_string_equal (cpod_nearest_word ("names", words), "name");
	assert_null (cpod_nearest_word ("at", words));
	assert_null (cpod_nearest_word ("", words));
	assert_null (cpod_nearest_word ("completely different and much longer than any of the words that are known here",
	                                words));
}

#define test(name) cmocka_unit_test_setup_teardown (name, begin, end)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		test (every_kind_is_decoded),
		test (what_is_absent_stays_zero),
		test (a_wrong_type_is_refused_with_its_path_and_place),
		test (nested_values_have_nested_paths),
		test (integers_must_be_written_as_such_and_fit),
		test (a_long_literal_is_quoted_in_part),
		test (flags_of_fields_are_enforced),
		test (an_unknown_word_gets_a_hint_or_the_list),
		test (an_unknown_property_is_an_error_at_its_key),
		test (an_unknown_property_of_an_open_object_is_a_warning),
		test (what_is_not_carried_out_yet_is_refused_by_name),
		test (the_check_sees_the_whole_object),
		test (values_made_by_hand_have_no_place),
		test (the_callers_prefix_stays_in_front),
		test (a_path_that_is_too_long_is_cut),
		test (an_exhausted_arena_ends_decoding),
		test (near_words_are_found),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
