/* Varlink framing: fragments, several messages at once, limits, what is no message.
 * Links: src/cli/varlink.c */
#include "src/cli/varlink.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct cpod_varlink_inbox inbox;
	struct cpod_arena arena;
};

static int
set_up (void **state)
{
	struct fixture *fixture = calloc (1, sizeof (*fixture));

	cpod_arena_init (&fixture->arena, 0);
	*state = fixture;
	return 0;
}

static int
tear_down (void **state)
{
	struct fixture *fixture = *state;

	cpod_varlink_finish (&fixture->inbox);
	cpod_arena_finish (&fixture->arena);
	free (fixture);
	return 0;
}

/* Puts len bytes into the inbox, at most step at a time. */
static void
feed (struct fixture *fixture, const char *bytes, size_t len)
{
	size_t room;

	while (len > 0) {
		char *target = cpod_varlink_room (&fixture->inbox, &room);

		assert_non_null (target);
		assert_true (room > 0);
		room = room < len ? room : len;
		memcpy (target, bytes, room);
		cpod_varlink_fed (&fixture->inbox, room);
		bytes += room;
		len -= room;
	}
}

static int
next (struct fixture *fixture, struct cpod_varlink_message *message)
{
	return cpod_varlink_next (&fixture->inbox, &fixture->arena, message, NULL);
}

static void
a_message_may_come_byte_by_byte (void **state)
{
	static const char text[] = "{\"method\":\"a.b.C\",\"parameters\":{\"x\":1},\"more\":true}";
	struct fixture *fixture = *state;
	struct cpod_varlink_message message;

	for (size_t i = 0; i < sizeof (text) - 1; i++) {
		feed (fixture, text + i, 1);
		assert_int_equal (next (fixture, &message), 0);
		assert_true (cpod_varlink_partial (&fixture->inbox));
	}
	feed (fixture, "", 1);
	assert_int_equal (next (fixture, &message), 1);
	assert_string_equal (message.method, "a.b.C");
	assert_true (message.more);
	assert_false (message.oneway);
	assert_string_equal (cpod_json_get (message.parameters, "x")->text, "1");
	assert_int_equal (next (fixture, &message), 0);
	assert_null (fixture->inbox.data);
}

static void
several_messages_may_come_at_once (void **state)
{
	static const char text[] = "{\"method\":\"a.A\"}\0{\"method\":\"b.B\",\"oneway\":true}\0{\"method\":";
	struct fixture *fixture = *state;
	struct cpod_varlink_message message;

	feed (fixture, text, sizeof (text) - 1);
	assert_int_equal (next (fixture, &message), 1);
	assert_string_equal (message.method, "a.A");
	assert_null (message.parameters);
	assert_int_equal (next (fixture, &message), 1);
	assert_string_equal (message.method, "b.B");
	assert_true (message.oneway);
	assert_int_equal (next (fixture, &message), 0);
	assert_true (cpod_varlink_partial (&fixture->inbox));
	feed (fixture, "\"c.C\"}", 7);
	assert_int_equal (next (fixture, &message), 1);
	assert_string_equal (message.method, "c.C");
}

static void
many_messages_are_handed_out_without_moving_the_rest (void **state)
{
	static const char text[] = "{\"method\":\"a.A\"}";
	struct fixture *fixture = *state;
	struct cpod_varlink_message message;
	const char *data;
	size_t len;

	for (int i = 0; i < 1000; i++)
		feed (fixture, text, sizeof (text));
	data = fixture->inbox.data;
	len = fixture->inbox.len;
	for (int i = 0; i < 999; i++) {
		assert_int_equal (next (fixture, &message), 1);
		assert_string_equal (message.method, "a.A");
		assert_ptr_equal (fixture->inbox.data, data);
		assert_int_equal (fixture->inbox.len, len);
	}
	feed (fixture, text, sizeof (text));       /* now there are two left, at the front */
	assert_int_equal (fixture->inbox.len, 2 * sizeof (text));
	assert_int_equal (next (fixture, &message), 1);
	assert_int_equal (next (fixture, &message), 1);
	assert_int_equal (next (fixture, &message), 0);
	assert_null (fixture->inbox.data);
}

static void
a_message_that_never_ends_is_refused_at_the_limit (void **state)
{
	struct fixture *fixture = *state;
	struct cpod_varlink_message message;
	char chunk[4096];
	int ret = 0;

	memset (chunk, 'a', sizeof (chunk));
	for (size_t n = 0; n <= CPOD_VARLINK_MAX_MESSAGE && ret == 0; n += sizeof (chunk)) {
		feed (fixture, chunk, sizeof (chunk));
		ret = next (fixture, &message);
	}
	assert_int_equal (ret, -EMSGSIZE);
	assert_true (fixture->inbox.capacity <= 4 * CPOD_VARLINK_MAX_MESSAGE);
}

static void
what_is_no_message_is_refused (void **state)
{
	static const char *const wrong[] = {
		"", "nonsense", "[]", "1", "{\"method\":1}", "{\"method\":\"a\",\"more\":1}", "{\"parameters\":[]}",
		"{\"method\":\"a\",}", "{\"method\":\"a\"} {}", "{\"method\":\"a\",\"method\":\"b\"}", "{\"error\":{}}",
	};
	struct fixture *fixture = *state;
	struct cpod_varlink_message message;

	for (size_t i = 0; i < sizeof (wrong) / sizeof (wrong[0]); i++) {
		feed (fixture, wrong[i], strlen (wrong[i]) + 1);
		assert_int_equal (next (fixture, &message), -EBADMSG);
	}
}

static void
null_members_are_absent (void **state)
{
	static const char text[] = "{\"method\":null,\"parameters\":null,\"more\":null,\"error\":null}";
	struct fixture *fixture = *state;
	struct cpod_varlink_message message;

	feed (fixture, text, sizeof (text));
	assert_int_equal (next (fixture, &message), 1);
	assert_null (message.method);
	assert_null (message.parameters);
	assert_null (message.error);
	assert_false (message.more);
}

static void
messages_are_written_as_they_are_read (void **state)
{
	struct fixture *fixture = *state;
	struct cpod_varlink_message message;
	struct cpod_json *parameters = cpod_json_new (&fixture->arena, CPOD_JSON_OBJECT);
	struct cpod_str out = CPOD_STR_INIT;

	cpod_json_add (&fixture->arena, parameters, "x", cpod_json_new_string (&fixture->arena, "y"));
	cpod_varlink_add_call (&out, "a.b.C", parameters, true);
	cpod_varlink_add_reply (&out, parameters, true);
	cpod_varlink_add_reply (&out, NULL, false);
	cpod_varlink_add_error (&out, "a.b.Wrong", parameters);
	feed (fixture, out.data, out.len);
	cpod_str_finish (&out);
	assert_int_equal (next (fixture, &message), 1);
	assert_string_equal (message.method, "a.b.C");
	assert_true (message.more);
	assert_int_equal (next (fixture, &message), 1);
	assert_true (message.continues);
	assert_string_equal (cpod_json_get (message.parameters, "x")->text, "y");
	assert_int_equal (next (fixture, &message), 1);
	assert_false (message.continues);
	assert_int_equal (message.parameters->count, 0);
	assert_int_equal (next (fixture, &message), 1);
	assert_string_equal (message.error, "a.b.Wrong");
	assert_int_equal (next (fixture, &message), 0);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown (a_message_may_come_byte_by_byte, set_up, tear_down),
		cmocka_unit_test_setup_teardown (several_messages_may_come_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown (many_messages_are_handed_out_without_moving_the_rest, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_message_that_never_ends_is_refused_at_the_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown (what_is_no_message_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown (null_members_are_absent, set_up, tear_down),
		cmocka_unit_test_setup_teardown (messages_are_written_as_they_are_read, set_up, tear_down),
	};

	return cmocka_run_group_tests_name ("varlink", tests, NULL, NULL);
}
