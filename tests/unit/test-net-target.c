/* Links: libcpod.a
 *
 * Whom a network probe asks: ports, URLs, header fields, the request of gRPC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "probes/net-target.h"
#include "src/base/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct cpod_arena arena;
static struct cpod_error error;

static const struct cpod_net_port ports[] = {
	{ "web", { .set = true, .value = 8080 } }, { NULL, { .set = true, .value = 1 } }, { "admin", { .set = true, .value = 9 } },
};

static int
setup (void **state)
{
	(void) state;
	cpod_arena_init (&arena, 1 << 20);
	return 0;
}

static int
teardown (void **state)
{
	(void) state;
	cpod_arena_finish (&arena);
	return 0;
}

/* The decoded readiness probe of a text. */
static const struct cpod_probe_spec *
probe (const char *text)
{
	struct cpod_probe_spec *spec = cpod_arena_alloc (&arena, sizeof (*spec));
	struct cpod_decoder decoder = { .file = "test", .arena = &arena };
	struct cpod_json *root;

	assert_int_equal (cpod_json_parse ("test", text, strlen (text), 0, &arena, &root, &error), 0);
	memset (spec, 0, sizeof (*spec));
	if (cpod_decode (&decoder, root, &cpod_readiness_probe_object, spec, &error) != 0)
		fail_msg ("%s", error.message);
	return spec;
}

static struct cpod_net_target
target (const char *text)
{
	struct cpod_net_target target;

	if (cpod_net_target_of (probe (text), ports, 3, &arena, &target, &error) != 0)
		fail_msg ("%s", error.message);
	return target;
}

static bool
has (const struct cpod_net_target *target, const char *line)
{
	for (size_t i = 0; i < target->n_headers; i++)
		if (strcmp (target->headers[i], line) == 0)
			return true;
	return false;
}

static void
httpGet_has_kubernetes_defaults (void **state)
{
	struct cpod_net_target http = target ("{\"httpGet\": {\"port\": 80}}");

	(void) state;
	assert_int_equal (http.kind, CPOD_NET_HTTP);
	assert_string_equal (http.url, "http://127.0.0.1:80/");
	assert_true (has (&http, "Accept: */*"));
	assert_true (has (&http, "Connection: close"));
	assert_int_equal (http.n_headers, 3);
	assert_int_equal (strncmp (http.headers[0], "User-Agent: kube-probe/", 23), 0);
	assert_true (cpod_net_target_needs_module (&http));
}

static void
scheme_host_and_path_make_the_url (void **state)
{
	(void) state;
	assert_string_equal (target ("{\"httpGet\": {\"port\": \"web\", \"scheme\": \"HTTPS\", \"path\": \"healthz?a=b\"}}").url,
	                     "https://127.0.0.1:8080/healthz?a=b");
	assert_string_equal (target ("{\"httpGet\": {\"port\": 80, \"host\": \"::1\"}}").url, "http://[::1]:80/");
	assert_string_equal (target ("{\"httpGet\": {\"port\": 80, \"host\": \"example\"}}").url, "http://example:80/");
}

static void
a_path_cannot_write_a_line_of_its_own (void **state)
{
	(void) state;
	assert_string_equal (target ("{\"httpGet\": {\"port\": 80, \"path\": \"/a b\\r\\nX: y\"}}").url,
	                     "http://127.0.0.1:80/a%20b%0D%0AX:%20y");
}

/* Whether a readiness probe with that text is refused with those words. */
static void
assert_refused (const char *text, const char *words)
{
	struct cpod_probe_spec spec = { 0 };
	struct cpod_decoder decoder = { .file = "test", .arena = &arena };
	struct cpod_json *root;

	assert_int_equal (cpod_json_parse ("test", text, strlen (text), 0, &arena, &root, &error), 0);
	assert_int_equal (cpod_decode (&decoder, root, &cpod_readiness_probe_object, &spec, &error), -EINVAL);
	if (!strstr (error.message, words))
		fail_msg ("%s", error.message);
}

static void
a_header_field_is_one_line (void **state)
{
	(void) state;
	assert_refused ("{\"httpGet\": {\"port\": 80, \"httpHeaders\": [{\"name\": \"A\", \"value\": \"1\\r\\nB: 2\"}]}}", "httpHeaders[0]");
	assert_refused ("{\"httpGet\": {\"port\": 80, \"httpHeaders\": [{\"name\": \"A\", \"value\": \"1\\n\"}]}}", "one line");
	assert_refused ("{\"httpGet\": {\"port\": 80, \"httpHeaders\": [{\"name\": \"A\", \"value\": \"\\u007f\"}]}}", "one line");
	assert_refused ("{\"httpGet\": {\"port\": 80, \"httpHeaders\": [{\"name\": \"A: 1\\r\\nB\", \"value\": \"2\"}]}}", "name");
	assert_refused ("{\"httpGet\": {\"port\": 80, \"httpHeaders\": [{\"name\": \"A B\", \"value\": \"2\"}]}}", "cannot be the name");
	(void) target ("{\"httpGet\": {\"port\": 80, \"httpHeaders\": [{\"name\": \"A\", \"value\": \"a\\tb \u00e9\"}]}}");
}

static void
a_host_is_nothing_else_of_a_url (void **state)
{
	static const char *const hosts[] = { "a/b", "me@a", "a?b", "a#b", "a b", "a\\r\\nb", "[::1]", "%31" };
	char text[120];

	(void) state;
	for (size_t i = 0; i < sizeof (hosts) / sizeof (hosts[0]); i++) {
		(void) snprintf (text, sizeof (text), "{\"httpGet\": {\"port\": 80, \"host\": \"%s\"}}", hosts[i]);
		assert_refused (text, "neither a host name nor an address");
		(void) snprintf (text, sizeof (text), "{\"tcpSocket\": {\"port\": 80, \"host\": \"%s\"}}", hosts[i]);
		assert_refused (text, "neither a host name nor an address");
	}
	assert_refused ("{\"tcpSocket\": {\"port\": 80, \"host\": 1}}", "expected a string");
}

static void
the_users_header_fields_replace_the_defaults (void **state)
{
	struct cpod_net_target http = target ("{\"httpGet\": {\"port\": 80, \"httpHeaders\": [{\"name\": \"accept\", \"value\": \"\"},"
		"{\"name\": \"Host\", \"value\": \"a.example\"}, {\"name\": \"user-agent\", \"value\": \"me\"}, {\"name\": \"X\", \"value\": \"\"}]}}");

	(void) state;
	assert_true (has (&http, "Host: a.example"));
	assert_true (has (&http, "user-agent: me"));
	assert_true (has (&http, "X;"));
	assert_true (has (&http, "Connection: close"));
	assert_int_equal (http.n_headers, 4);
}

static void
a_port_by_name_must_be_the_containers (void **state)
{
	struct cpod_net_target none;

	(void) state;
	assert_int_equal (target ("{\"tcpSocket\": {\"port\": \"admin\"}}").port, 9);
	assert_int_equal (cpod_net_target_of (probe ("{\"tcpSocket\": {\"port\": \"other\"}}"), ports, 3, &arena, &none, &error), -EINVAL);
	assert_string_equal (error.message, "no port of the container is named \"other\"");
}

static void
tcpSocket_needs_no_module_for_an_address (void **state)
{
	struct cpod_net_target address = target ("{\"tcpSocket\": {\"port\": 1}}"), v6 = target ("{\"tcpSocket\": {\"port\": 1, \"host\": \"::1\"}}");
	struct cpod_net_target name = target ("{\"tcpSocket\": {\"port\": 1, \"host\": \"example\"}}");

	(void) state;
	assert_string_equal (address.host, "127.0.0.1");
	assert_false (cpod_net_target_needs_module (&address));
	assert_false (cpod_net_target_needs_module (&v6));
	assert_true (cpod_net_target_needs_module (&name));
	assert_string_equal (name.url, "http://example:1/");
}

static void
grpc_asks_for_the_service (void **state)
{
	static const unsigned char nobody[] = { 0, 0, 0, 0, 0 }, ab[] = { 0, 0, 0, 0, 4, 10, 2, 'a', 'b' };
	struct cpod_net_target all = target ("{\"grpc\": {\"port\": 7}}"), one = target ("{\"grpc\": {\"port\": 7, \"service\": \"ab\"}}");

	(void) state;
	assert_string_equal (all.url, "http://127.0.0.1:7/grpc.health.v1.Health/Check");
	assert_int_equal (all.body_len, sizeof (nobody));
	assert_memory_equal (all.body, nobody, sizeof (nobody));
	assert_int_equal (one.body_len, sizeof (ab));
	assert_memory_equal (one.body, ab, sizeof (ab));
	assert_true (has (&all, "TE: trailers"));
}

static void
a_long_service_has_a_length_of_two_bytes (void **state)
{
	char text[400] = "{\"grpc\": {\"port\": 7, \"service\": \"", *at = text + strlen (text);
	const unsigned char *body;
	struct cpod_net_target one;

	(void) state;
	memset (at, 'a', 200);
	strcpy (at + 200, "\"}}");
	one = target (text);
	body = one.body;
	assert_int_equal (one.body_len, 5 + 3 + 200);
	assert_int_equal (body[4], 203);
	assert_int_equal (body[6], 0x80 | (200 & 0x7f));
	assert_int_equal (body[7], 1);
	assert_int_equal (body[8], 'a');
}

static void
a_lack_of_memory_is_an_error (void **state)
{
	const struct cpod_probe_spec *http = probe ("{\"httpGet\": {\"port\": 80}}"), *grpc = probe ("{\"grpc\": {\"port\": 80}}");
	struct cpod_net_target none;
	struct cpod_arena small;

	(void) state;
	cpod_arena_init (&small, 8);
	assert_int_equal (cpod_net_target_of (http, NULL, 0, &small, &none, &error), -ENOMEM);
	assert_int_equal (cpod_net_target_of (grpc, NULL, 0, &small, &none, &error), -ENOMEM);
	cpod_arena_finish (&small);
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST (httpGet_has_kubernetes_defaults),
		TEST (scheme_host_and_path_make_the_url),
		TEST (a_path_cannot_write_a_line_of_its_own),
		TEST (a_header_field_is_one_line),
		TEST (a_host_is_nothing_else_of_a_url),
		TEST (the_users_header_fields_replace_the_defaults),
		TEST (a_port_by_name_must_be_the_containers),
		TEST (tcpSocket_needs_no_module_for_an_address),
		TEST (grpc_asks_for_the_service),
		TEST (a_long_service_has_a_length_of_two_bytes),
		TEST (a_lack_of_memory_is_an_error),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
