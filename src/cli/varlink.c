/* Framing: one growing buffer a direction, scanned once for the NUL; see varlink.h. */
#include "varlink.h"

#include "src/base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 4096 };

void
cpod_varlink_finish (struct cpod_varlink_inbox *inbox)
{
	const size_t limit = inbox->limit;

	free (inbox->data);
	memset (inbox, 0, sizeof (*inbox));
	inbox->limit = limit;
}

/* An inbox whose messages were all handed out holds no memory: idle connections cost nothing. */
static void
drop_empty (struct cpod_varlink_inbox *inbox)
{
	if (inbox->taken == inbox->len)
		cpod_varlink_finish (inbox);
}

/* Moves what is left to the front. Only done before more is read, once for all the messages that came together. */
static void
move_up (struct cpod_varlink_inbox *inbox)
{
	if (inbox->taken == 0)
		return;
	inbox->len -= inbox->taken;
	memmove (inbox->data, inbox->data + inbox->taken, inbox->len);
	inbox->taken = inbox->scanned = 0;
}

char *
cpod_varlink_room (struct cpod_varlink_inbox *inbox, size_t *ret_room)
{
	size_t capacity;
	char *data;

	drop_empty (inbox);
	move_up (inbox);
	if (inbox->capacity - inbox->len < STEP) {
		capacity = inbox->capacity > 0 ? 2 * inbox->capacity : STEP;
		data = realloc (inbox->data, capacity + STEP);
		if (data == NULL)
			return NULL;
		inbox->data = data;
		inbox->capacity = capacity + STEP;
	}
	*ret_room = inbox->capacity - inbox->len;
	return inbox->data + inbox->len;
}

void
cpod_varlink_fed (struct cpod_varlink_inbox *inbox, size_t n)
{
	inbox->len += n;
}

bool
cpod_varlink_partial (const struct cpod_varlink_inbox *inbox)
{
	return inbox->len > inbox->taken;
}

/* The member's value as a string, or NULL; *ok becomes false for another type. */
static const char *
get_string (const struct cpod_json *object, const char *key, bool *ok)
{
	const struct cpod_json *value = cpod_json_get (object, key);

	if (value == NULL || value->type == CPOD_JSON_NULL)
		return NULL;
	if (value->type != CPOD_JSON_STRING) {
		*ok = false;
		return NULL;
	}
	return value->text;
}

/* The member's value as a boolean, false when absent; *ok becomes false for another type. */
static bool
get_bool (const struct cpod_json *object, const char *key, bool *ok)
{
	const struct cpod_json *value = cpod_json_get (object, key);

	if (value == NULL || value->type == CPOD_JSON_NULL)
		return false;
	if (value->type != CPOD_JSON_BOOL)
		*ok = false;
	return value->type == CPOD_JSON_BOOL && value->boolean;
}

/* Takes the message apart. */
static int
read_message (const struct cpod_json *root, struct cpod_varlink_message *ret_message, struct cpod_error *err)
{
	struct cpod_varlink_message message = { 0 };
	bool ok = root->type == CPOD_JSON_OBJECT;

	if (ok) {
		message.method = get_string (root, "method", &ok);
		message.error = get_string (root, "error", &ok);
		message.more = get_bool (root, "more", &ok);
		message.oneway = get_bool (root, "oneway", &ok);
		message.continues = get_bool (root, "continues", &ok);
		message.parameters = cpod_json_get (root, "parameters");
		if (message.parameters != NULL && message.parameters->type == CPOD_JSON_NULL)
			message.parameters = NULL;
		ok = ok && (message.parameters == NULL || message.parameters->type == CPOD_JSON_OBJECT);
	}
	if (!ok)
		return cpod_error_set (err, EBADMSG, "not a Varlink message");
	*ret_message = message;
	return 1;
}

int
cpod_varlink_next (struct cpod_varlink_inbox *inbox, struct cpod_arena *arena,
                   struct cpod_varlink_message *ret_message, struct cpod_error *err)
{
	const size_t limit = inbox->limit > 0 ? inbox->limit : CPOD_VARLINK_MAX_MESSAGE;
	const char *begin, *end;
	struct cpod_json *root;
	size_t known, len;
	int ret;

	drop_empty (inbox);
	if (inbox->len == 0)
		return 0;
	begin = inbox->data + inbox->taken;
	known = inbox->scanned > inbox->taken ? inbox->scanned : inbox->taken;
	end = inbox->len > known ? memchr (inbox->data + known, '\0', inbox->len - known) : NULL;
	len = end != NULL ? (size_t) (end - begin) : inbox->len - inbox->taken;
	if (len > limit)
		return cpod_error_set (err, EMSGSIZE, "a message is longer than %zu bytes", limit);
	if (end == NULL) {
		inbox->scanned = inbox->len;
		return 0;
	}
	inbox->taken += len + 1;
	ret = cpod_json_parse ("message", begin, len, 0, arena, &root, err);
	if (ret < 0)
		return ret == -ENOMEM ? ret : cpod_error_set (err, EBADMSG, "a message is not valid JSON");
	return read_message (root, ret_message, err);
}

/* Adds ,"parameters":{...} and the end of the message. */
static void
add_parameters (struct cpod_str *out, const struct cpod_json *parameters)
{
	cpod_str_add (out, "\"parameters\":");
	if (parameters != NULL)
		cpod_json_write (out, parameters, 0);
	else
		cpod_str_add (out, "{}");
}

void
cpod_varlink_add_call (struct cpod_str *out, const char *method, const struct cpod_json *parameters,
                       bool more)
{
	cpod_str_add (out, "{\"method\":");
	cpod_json_write_string (out, method);
	cpod_str_add (out, more ? ",\"more\":true," : ",");
	add_parameters (out, parameters);
	cpod_str_add_bytes (out, "}", 2);
}

void
cpod_varlink_add_reply (struct cpod_str *out, const struct cpod_json *parameters, bool continues)
{
	cpod_str_add (out, continues ? "{\"continues\":true," : "{");
	add_parameters (out, parameters);
	cpod_str_add_bytes (out, "}", 2);
}

void
cpod_varlink_add_error (struct cpod_str *out, const char *error, const struct cpod_json *parameters)
{
	cpod_str_add (out, "{\"error\":");
	cpod_json_write_string (out, error);
	cpod_str_add_char (out, ',');
	add_parameters (out, parameters);
	cpod_str_add_bytes (out, "}", 2);
}
