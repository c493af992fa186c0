/* The tables of the probe schema, and what they cannot say.
 *
 * Decoding has two stages: the table takes every field as written; check_probe then counts the
 * handlers and fills config from what was written and the defaults.
 */
#include "probe-spec.h"

#include "src/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFF(type, member) offsetof (struct cpod_##type, member)
#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))
#define TABLE(type, array) sizeof (struct cpod_##type), array, N_ELEMENTS (array)

#define SECONDS_MAX INT32_MAX

/* ---- Handlers ---------------------------------------------------------------------------- */

struct exec_action { struct cpod_strings command; };

static const struct cpod_field exec_fields[] = {
	{ "command", CPOD_KIND_STRINGS, CPOD_FIELD_REQUIRED | CPOD_FIELD_NONEMPTY,
	  offsetof (struct exec_action, command), .where = "run inside the container, without a shell" },
};
static const struct cpod_object exec_object = {
	"exec", sizeof (struct exec_action), exec_fields, N_ELEMENTS (exec_fields), NULL, false,
};

/* The bare form of exec: an array of strings. */
static int
decode_argv (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_strings *ret_argv,
             struct cpod_error *err)
{
	const char **items = cpod_arena_array (decoder->arena, (size_t) value->count + 1, sizeof (*items));
	size_t n = 0;

	if (!items)
		return cpod_error_oom (err);
	if (value->count == 0)
		return cpod_decode_error (decoder, value, err, "must not be empty");
	for (const struct cpod_json *word = value->first; word; word = word->next) {
		if (word->type != CPOD_JSON_STRING) {
			cpod_decode_push_index (decoder, n);
			return cpod_decode_error (decoder, word, err, "expected a string, found %s",
			                          cpod_json_type_name (word->type));
		}
		items[n++] = word->text;
	}
	*ret_argv = (struct cpod_strings) { items, n, true };
	return 0;
}

int
cpod_exec_action_decode (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	struct exec_action action = { { NULL, 0, false } };
	int ret;

	if (value->type == CPOD_JSON_ARRAY)
		ret = decode_argv (decoder, value, &action.command, err);
	else if (value->type == CPOD_JSON_OBJECT)
		ret = cpod_decode (decoder, value, &exec_object, &action, err);
	else
		ret = cpod_decode_error (decoder, value, err, "expected an array of strings or {\"command\": [...]}");
	if (ret < 0)
		return ret;
	if (action.command.n == 0 || action.command.items[0][0] == '\0')
		return cpod_decode_error (decoder, value, err, "the name of the program is empty");
	*(struct cpod_strings *) target = action.command;
	return 0;
}

/* An IANA service name: at most 15 of a-z, 0-9 and single '-' inside, with at least one letter. */
static bool
is_port_name (const char *name)
{
	size_t len = strlen (name);

	return len >= 1 && len <= 15 && name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0'
	       && strpbrk (name, "abcdefghijklmnopqrstuvwxyz") && !strstr (name, "--") && name[0] != '-'
	       && name[len - 1] != '-';
}

/* A number from 1 to 65535 or the name of a port. */
static int
decode_port (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	*(const struct cpod_json **) target = value;
	if (value->type == CPOD_JSON_STRING && is_port_name (value->text))
		return 0;
	if (value->type == CPOD_JSON_STRING)
		return cpod_decode_error (decoder, value, err, "\"%.40s\" is not the name of a port", value->text);
	if (value->type != CPOD_JSON_NUMBER)
		return cpod_decode_error (decoder, value, err, "expected a number or the name of a port, found %s",
		                          cpod_json_type_name (value->type));
	if (strspn (value->text, "0123456789") != strlen (value->text) || strlen (value->text) > 5
	    || atoi (value->text) < 1 || atoi (value->text) > 65535)
		return cpod_decode_error (decoder, value, err, "must be between 1 and 65535");
	return 0;
}

static const struct cpod_field header_fields[] = {
	{ "name", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED | CPOD_FIELD_NONEMPTY, OFF (http_header, name), .where = "its name" },
	{ "value", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED, OFF (http_header, value), .where = "its value" },
};

/* A name and a value of one line: what is behind its end would be another field, or another request. RFC 9110, 5.1 and 5.5. */
static int
check_header (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	const struct cpod_http_header *header = target;

	if (header->name[strspn (header->name, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")])
		return cpod_decode_error (decoder, value, err, "name: \"%.40s\" cannot be the name of a header field", header->name);
	for (const char *at = header->value; *at; at++)
		if (((unsigned char) *at < ' ' && *at != '\t') || *at == 0x7f)
			return cpod_decode_error (decoder, value, err, "value: of %.40s must be one line without control characters",
			                          header->name);
	return 0;
}
static const struct cpod_object header_object = { "httpHeaders", TABLE (http_header, header_fields), check_header, false };

/* A name or an address, which is to stand in a URL: nothing that would end it there. */
static int
decode_host (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	if (value->type != CPOD_JSON_STRING)
		return cpod_decode_error (decoder, value, err, "expected a string, found %s", cpod_json_type_name (value->type));
	if (strlen (value->text) > 253
	    || value->text[strspn (value->text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._:")])
		return cpod_decode_error (decoder, value, err, "\"%.40s\" is neither a host name nor an address", value->text);
	*(const char **) target = value->text;
	return 0;
}

static const char *const scheme_words[] = { "HTTP", "HTTPS", NULL };
static const struct cpod_field http_get_fields[] = {
	{ "path", CPOD_KIND_STRING, 0, OFF (http_get, path), .where = "default /" },
	{ "port", CPOD_KIND_CUSTOM, CPOD_FIELD_REQUIRED, OFF (http_get, port), .custom = decode_port,
	  .where = "a number, or the name of one of the container's ports" },
	{ "host", CPOD_KIND_CUSTOM, 0, OFF (http_get, host), .custom = decode_host,
	  .where = "a name or an address; default 127.0.0.1, in the pod's network" },
	{ "scheme", CPOD_KIND_ENUM, 0, OFF (http_get, scheme), .words = scheme_words,
	  .where = "HTTP, or HTTPS with any certificate; default HTTP" },
	{ "httpHeaders", CPOD_KIND_ARRAY, 0, OFF (http_get, headers), .object = &header_object,
	  .where = "sent besides, or instead of, User-Agent, Accept and Connection" },
};
const struct cpod_object cpod_http_get_object = { "httpGet", TABLE (http_get, http_get_fields), NULL, false };

static const struct cpod_field tcp_socket_fields[] = {
	{ "port", CPOD_KIND_CUSTOM, CPOD_FIELD_REQUIRED, OFF (tcp_socket, port), .custom = decode_port,
	  .where = "a number, or the name of one of the container's ports" },
	{ "host", CPOD_KIND_CUSTOM, 0, OFF (tcp_socket, host), .custom = decode_host,
	  .where = "a name or an address; default 127.0.0.1, in the pod's network" },
};
static const struct cpod_object tcp_socket_object = { "tcpSocket", TABLE (tcp_socket, tcp_socket_fields), NULL, false };

static const struct cpod_field grpc_fields[] = {
	{ "port", CPOD_KIND_INT, CPOD_FIELD_REQUIRED, OFF (grpc, port), 1, 65535, .where = "a number" },
	{ "service", CPOD_KIND_STRING, CPOD_FIELD_NULL_OK, OFF (grpc, service), .where = "what is asked for; default: the server as a whole" },
};
static const struct cpod_object grpc_object = { "grpc", TABLE (grpc, grpc_fields), NULL, false };

/* ---- The probe --------------------------------------------------------------------------- */

/* The number written, or the default when there is none or it is 0. */
static uint64_t
or_default (struct cpod_int number, uint64_t value)
{
	return number.value > 0 ? (uint64_t) number.value : value;
}

/* A duration in whole seconds or in milliseconds, not both; 0 means "default" for both. key: "timeout". */
static int
take_duration (struct cpod_decoder *decoder, const struct cpod_json *value, const char *key, struct cpod_int seconds,
               struct cpod_int ms, uint64_t default_s, uint64_t *ret_ms, struct cpod_error *err)
{
	char name[40];

	*ret_ms = ms.value > 0 ? (uint64_t) ms.value : or_default (seconds, default_s) * 1000;
	if (!seconds.set || !ms.set)
		return 0;
	snprintf (name, sizeof (name), "%sMilliseconds", key);
	cpod_decode_push (decoder, name);
	return cpod_decode_error (decoder, cpod_json_get (value, name), err, "stands beside %sSeconds: leave one of them out", key);
}

/* Exactly one handler; then the numbers. */
static int
check_probe (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	struct cpod_probe_spec *probe = target;
	int n = probe->command.set + (probe->http_get != NULL) + (probe->tcp_socket != NULL) + (probe->grpc != NULL);

	if (n != 1)
		return cpod_decode_error (decoder, value, err, "needs exactly one of exec, httpGet, tcpSocket and grpc, not %d", n);
	probe->config = (struct cpod_probe_config) {
		.initial_delay_ms = or_default (probe->initial_delay, 0) * 1000,
		.success_threshold = (uint32_t) or_default (probe->success_threshold, 1),
		.failure_threshold = (uint32_t) or_default (probe->failure_threshold, 3),
	};
	n = take_duration (decoder, value, "period", probe->period, probe->period_ms, 10, &probe->config.period_ms, err);
	return n < 0 ? n : take_duration (decoder, value, "timeout", probe->timeout, probe->timeout_ms, 1,
	                                  &probe->config.timeout_ms, err);
}

/* As check_probe, for liveness and startup: one success is enough. */
static int
check_liveness (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	const struct cpod_probe_spec *probe = target;

	if (probe->success_threshold.value > 1) {
		cpod_decode_push (decoder, "successThreshold");
		return cpod_decode_error (decoder, cpod_json_get (value, "successThreshold"), err,
		                          "must be 1 for liveness and startup probes");
	}
	return check_probe (decoder, value, target, err);
}

static int
refuse_grace (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	(void) target;
	return cpod_decode_error (decoder, value, err, "is not allowed on a readiness probe");
}

#define PROBE_FIELDS \
	{ "exec", CPOD_KIND_CUSTOM, 0, OFF (probe_spec, command), .custom = cpod_exec_action_decode, \
	  .where = "exit status 0 is success; a timeout kills it" }, \
	{ "httpGet", CPOD_KIND_OBJECT, 0, OFF (probe_spec, http_get), .object = &cpod_http_get_object, \
	  .where = "a status from 200 to 399 is success; sent from within the pod's network" }, \
	{ "tcpSocket", CPOD_KIND_OBJECT, 0, OFF (probe_spec, tcp_socket), .object = &tcp_socket_object, \
	  .where = "a connection is success; made from within the pod's network" }, \
	{ "grpc", CPOD_KIND_OBJECT, 0, OFF (probe_spec, grpc), .object = &grpc_object, \
	  .where = "SERVING is success; asked from within the pod's network, without TLS" }, \
	{ "initialDelaySeconds", CPOD_KIND_INT, 0, OFF (probe_spec, initial_delay), 0, SECONDS_MAX, \
	  .where = "from the container's start to the first attempt; default 0" }, \
	{ "timeoutSeconds", CPOD_KIND_INT, 0, OFF (probe_spec, timeout), 0, SECONDS_MAX, \
	  .where = "an attempt that takes longer has failed; default 1" }, \
	{ "periodSeconds", CPOD_KIND_INT, 0, OFF (probe_spec, period), 0, SECONDS_MAX, \
	  .where = "from attempt to attempt, on a grid; default 10" }, \
	{ "periodMilliseconds", CPOD_KIND_INT, CPOD_FIELD_NULL_OK, OFF (probe_spec, period_ms), 10, SECONDS_MAX, \
	  .where = "instead of periodSeconds; cpod's own" }, \
	{ "timeoutMilliseconds", CPOD_KIND_INT, CPOD_FIELD_NULL_OK, OFF (probe_spec, timeout_ms), 10, SECONDS_MAX, \
	  .where = "instead of timeoutSeconds; cpod's own" }, \
	{ "successThreshold", CPOD_KIND_INT, 0, OFF (probe_spec, success_threshold), 0, INT32_MAX, \
	  .where = "successes in a row that count; default 1, and always 1 for liveness and startup" }, \
	{ "failureThreshold", CPOD_KIND_INT, 0, OFF (probe_spec, failure_threshold), 0, INT32_MAX, \
	  .where = "failures in a row that count; default 3" }

static const struct cpod_field killing_fields[] = {
	PROBE_FIELDS,
	{ "terminationGracePeriodSeconds", CPOD_KIND_INT, CPOD_FIELD_NULL_OK, OFF (probe_spec, grace), 1, SECONDS_MAX,
	  .where = "instead of the pod's, when this probe stops the container" },
};
static const struct cpod_field readiness_fields[] = {
	PROBE_FIELDS,
	{ "terminationGracePeriodSeconds", CPOD_KIND_CUSTOM, 0, OFF (probe_spec, grace), .custom = refuse_grace,
	  .where = "not allowed" },
};

const struct cpod_object cpod_liveness_probe_object = {
	"livenessProbe", TABLE (probe_spec, killing_fields), check_liveness, false,
};
const struct cpod_object cpod_readiness_probe_object = {
	"readinessProbe", TABLE (probe_spec, readiness_fields), check_probe, false,
};
const struct cpod_object cpod_startup_probe_object = {
	"startupProbe", TABLE (probe_spec, killing_fields), check_liveness, false,
};

/* ---- Normalised -------------------------------------------------------------------------- */

struct cpod_json *
cpod_probe_json (const struct cpod_probe_spec *probe, struct cpod_arena *arena)
{
	struct cpod_json *json = cpod_json_new (arena, CPOD_JSON_OBJECT), *exec, *command;
	bool period = probe->config.period_ms % 1000 == 0, timeout = probe->config.timeout_ms % 1000 == 0;
	const struct { const char *name; uint64_t value; } numbers[] = {
		{ "initialDelaySeconds", probe->config.initial_delay_ms / 1000 },
		{ period ? "periodSeconds" : "periodMilliseconds", probe->config.period_ms / (period ? 1000 : 1) },
		{ timeout ? "timeoutSeconds" : "timeoutMilliseconds", probe->config.timeout_ms / (timeout ? 1000 : 1) },
		{ "successThreshold", probe->config.success_threshold },
		{ "failureThreshold", probe->config.failure_threshold },
	};

	exec = cpod_json_new (arena, CPOD_JSON_OBJECT);
	command = cpod_json_new (arena, CPOD_JSON_ARRAY);
	for (size_t i = 0; i < probe->command.n; i++)
		command = cpod_json_add (arena, command, NULL, cpod_json_new_string (arena, probe->command.items[i]));
	json = cpod_json_add (arena, json, "exec", cpod_json_add (arena, exec, "command", command));
	for (size_t i = 0; i < N_ELEMENTS (numbers); i++)
		json = cpod_json_add (arena, json, numbers[i].name,
		                      cpod_json_new_int (arena, (int64_t) numbers[i].value));
	if (probe->grace.set)
		json = cpod_json_add (arena, json, "terminationGracePeriodSeconds", cpod_json_new_int (arena, probe->grace.value));
	return json;
}
