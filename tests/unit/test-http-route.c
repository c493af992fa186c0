/* What HTTP requests get, and which come from somebody else's web page; addresses of --port.
 * Links: src/cli/http-route.c src/cli/http.c src/cli/args.c src/cli/seed-json.c */
#include "src/cli/http-route.h"
#include "src/cli/http.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct cpod_http_policy policy = { .port = 8888 };

/* The status for a plain request. */
static unsigned int
plain (const char *method, const char *path)
{
	const struct cpod_http_request request = { .method = method, .path = path, .host = "127.0.0.1:8888" };

	return cpod_http_route (&policy, &request).status;
}

static void
the_four_paths_answer (void **state)
{
	static const struct { const char *path; enum cpod_http_action action; } paths[] = {
		{ "/", CPOD_HTTP_EMPTY }, { "/status", CPOD_HTTP_STATUS }, { "/healthy", CPOD_HTTP_HEALTHY }, { "/v1/pod", CPOD_HTTP_POD },
		{ "/kill", CPOD_HTTP_KILL },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (paths) / sizeof (paths[0]); i++) {
		const struct cpod_http_request request = { .method = "GET", .path = paths[i].path };
		const struct cpod_http_decision decision = cpod_http_route (&policy, &request);

		assert_int_equal (decision.status, 200);
		assert_int_equal (decision.action, paths[i].action);
		assert_int_equal (plain ("POST", paths[i].path), 200);
	}
}

static void
other_paths_are_not_found (void **state)
{
	static const char *const paths[] = { "", "//", "/status/", "/Status", "/status%00", "/%73tatus", "/kill%00", "*", "/v1/" };

	(void) state;
	for (size_t i = 0; i < sizeof (paths) / sizeof (paths[0]); i++)
		assert_int_equal (plain ("GET", paths[i]), 404);
}

static void
reading_paths_take_reading_methods (void **state)
{
	const struct cpod_http_request request = { .method = "DELETE", .path = "/status" };

	(void) state;
	assert_int_equal (cpod_http_route (&policy, &request).status, 405);
	assert_string_equal (cpod_http_route (&policy, &request).allow, "GET, HEAD, POST");
	assert_int_equal (plain ("HEAD", "/healthy"), 200);
	assert_int_equal (plain ("PUT", "/healthy"), 405);
	assert_int_equal (plain ("get", "/healthy"), 405);
	assert_int_equal (plain ("PUT", "/"), 200);
}

static void
a_long_body_is_refused (void **state)
{
	struct cpod_http_request request = { .method = "POST", .path = "/status", .body_bytes = CPOD_HTTP_MAX_BODY };

	(void) state;
	assert_int_equal (cpod_http_route (&policy, &request).status, 200);
	request.body_bytes++;
	assert_int_equal (cpod_http_route (&policy, &request).status, 413);
	request.path = "/kill";
	assert_int_equal (cpod_http_route (&policy, &request).status, 413);
}

static void
kill_can_be_switched_off (void **state)
{
	const struct cpod_http_policy off = { .port = 8888, .no_kill = true };
	const struct cpod_http_request request = { .method = "POST", .path = "/kill" };

	(void) state;
	assert_int_equal (cpod_http_route (&off, &request).status, 404);
}

static void
only_hosts_of_this_machine_are_answered (void **state)
{
	static const struct { const char *host; unsigned int status; } hosts[] = {
		{ NULL, 200 }, { "localhost", 200 }, { "LOCALHOST:8888", 200 }, { "127.0.0.1:8888", 200 }, { "[::1]:8888", 200 },
		{ "[::1]", 200 }, { "192.168.1.5:8888", 200 }, { "localhost:8889", 403 }, { "localhost:", 403 }, { "evil.com", 403 },
		{ "evil.com:8888", 403 }, { "localhost.evil.com", 403 }, { "127.0.0.1.evil.com:8888", 403 }, { "", 403 },
		{ "[::1", 403 }, { "[::1]x", 403 }, { "localhost:88888", 403 }, { "box:8888", 403 },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (hosts) / sizeof (hosts[0]); i++) {
		const struct cpod_http_request request = { .method = "GET", .path = "/status", .host = hosts[i].host };

		assert_int_equal (cpod_http_route (&policy, &request).status, hosts[i].status);
	}
}

static void
the_machines_own_name_is_answered_where_it_was_asked_for (void **state)
{
	const struct cpod_http_policy named = { .port = 8888, .host_name = "box" };
	const struct cpod_http_request request = { .method = "GET", .path = "/status", .host = "box:8888" };

	(void) state;
	assert_int_equal (cpod_http_route (&named, &request).status, 200);
}

static void
pages_of_other_origins_are_refused (void **state)
{
	static const struct { const char *origin, *site; unsigned int status; } pages[] = {
		{ NULL, NULL, 200 }, { NULL, "none", 200 }, { NULL, "same-origin", 200 }, { NULL, "same-site", 403 },
		{ NULL, "cross-site", 403 }, { NULL, "", 403 }, { "http://localhost:8888", NULL, 200 },
		{ "http://localhost:8888", "same-origin", 200 }, { "http://localhost:3000", NULL, 403 },
		{ "https://localhost:8888", NULL, 403 }, { "http://evil.com", NULL, 403 }, { "null", NULL, 403 }, { "", NULL, 403 },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (pages) / sizeof (pages[0]); i++) {
		const struct cpod_http_request request = { .method = "POST", .path = "/kill", .host = "localhost:8888",
		                                           .origin = pages[i].origin, .fetch_site = pages[i].site };

		assert_int_equal (cpod_http_route (&policy, &request).status, pages[i].status);
	}
}

static void
a_port_alone_is_the_loopback_of_both_families (void **state)
{
	struct cpod_http_address address;

	(void) state;
	assert_int_equal (cpod_http_parse ("8888", &address, NULL), 0);
	assert_int_equal (address.port, 8888);
	assert_int_equal (address.families[0], 2);
	assert_int_equal (address.families[1], 10);
	assert_false (address.optional[0]);
	assert_true (address.optional[1]);
	assert_true (address.loopback);
	assert_string_equal (address.url, "http://127.0.0.1:8888");
	assert_int_equal (cpod_http_parse ("localhost:1", &address, NULL), 0);
	assert_int_equal (address.families[1], 10);
}

static void
an_address_may_stand_before_the_port (void **state)
{
	struct cpod_http_address address;

	(void) state;
	assert_int_equal (cpod_http_parse ("0.0.0.0:80", &address, NULL), 0);
	assert_false (address.loopback);
	assert_int_equal (address.families[1], 0);
	assert_int_equal (cpod_http_parse ("[::1]:65535", &address, NULL), 0);
	assert_true (address.loopback);
	assert_string_equal (address.url, "http://[::1]:65535");
	assert_int_equal (cpod_http_parse ("127.0.0.2:80", &address, NULL), 0);
	assert_true (address.loopback);
}

static void
what_is_no_port_is_refused (void **state)
{
	static const char *const wrong[] = {
		"", "0", "65536", "-1", "x", "1x", " 80", ":80", "1:2:80", "example.org:80", "127.0.0.1:0", "127.0.0.1:", "[]:80",
		"[::1:80", "999.1.1.1:80", "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]:80",
	};
	struct cpod_http_address address;
	struct cpod_error err;

	(void) state;
	for (size_t i = 0; i < sizeof (wrong) / sizeof (wrong[0]); i++)
		assert_int_equal (cpod_http_parse (wrong[i], &address, &err), -EINVAL);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (the_four_paths_answer),
		cmocka_unit_test (other_paths_are_not_found),
		cmocka_unit_test (reading_paths_take_reading_methods),
		cmocka_unit_test (a_long_body_is_refused),
		cmocka_unit_test (kill_can_be_switched_off),
		cmocka_unit_test (only_hosts_of_this_machine_are_answered),
		cmocka_unit_test (the_machines_own_name_is_answered_where_it_was_asked_for),
		cmocka_unit_test (pages_of_other_origins_are_refused),
		cmocka_unit_test (a_port_alone_is_the_loopback_of_both_families),
		cmocka_unit_test (an_address_may_stand_before_the_port),
		cmocka_unit_test (what_is_no_port_is_refused),
	};

	return cmocka_run_group_tests_name ("http-route", tests, NULL, NULL);
}
