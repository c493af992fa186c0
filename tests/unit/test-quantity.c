/* Resource quantities, the table of names, base64: small things that manifests are made of. */
#include "src/base/base64.h"
#include "src/base/names.h"
#include "src/manifest/quantity.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
quantities_are_units_and_thousandths_rounded_up (void **state)
{
	static const struct { const char *text; int64_t units, milli; } cases[] = {
		{ "0", 0, 0 }, { "1", 1, 1000 }, { "+2", 2, 2000 }, { "-1", -1, -1000 }, { "0.5", 1, 500 }, { ".5", 1, 500 }, { "5.", 5, 5000 },
		{ "500m", 1, 500 }, { "1500m", 2, 1500 }, { "1u", 1, 1 }, { "1n", 1, 1 }, { "1000u", 1, 1 }, { "1001u", 1, 2 },
		{ "0.1m", 1, 1 }, { "0.0000000001", 1, 1 },
		{ "1k", 1000, 1000000 }, { "1M", 1000000, 1000000000 }, { "2G", 2000000000, 2000000000000 },
		{ "1T", 1000000000000, 1000000000000000 }, { "1P", 1000000000000000, 1000000000000000000 },
		{ "1E", 1000000000000000000, INT64_MAX },
		{ "1Ki", 1024, 1024000 }, { "1.5Mi", 1572864, 1572864000 }, { "1Gi", 1073741824, 1073741824000 }, { "1Ti", 1099511627776, 1099511627776000 },
		{ "0.3Ki", 308, 307200 }, { "7Ei", 8070450532247928832, INT64_MAX },
		{ "1e3", 1000, 1000000 }, { "1E3", 1000, 1000000 }, { "12e-1", 2, 1200 }, { "1e+2", 100, 100000 }, { "1e-20", 1, 1 },
		{ "00012", 12, 12000 }, { "1.00000000000000000000000000000000", 1, 1000 }, { "9223372036854775807", INT64_MAX, INT64_MAX },
		{ "-500m", 0, -500 },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		struct cpod_quantity quantity;

		if (cpod_quantity_parse (cases[i].text, &quantity) != 0)
			fail_msg ("%s is refused", cases[i].text);
		if (cpod_quantity_units (quantity) != cases[i].units || cpod_quantity_milli (quantity) != cases[i].milli)
			fail_msg ("%s is %" PRId64 " and %" PRId64 " m", cases[i].text, cpod_quantity_units (quantity), cpod_quantity_milli (quantity));
	}
}

static void
what_is_no_quantity_is_refused (void **state)
{
	static const char *const malformed[] = {
		"", " ", "m", "Ki", ".", "-", "1 ", " 1", "1.2.3", "1mi", "1KI", "1ki", "1Kib", "1kk", "0x10", "1e", "1e+", "1e1.5", "1e5m", "1,5", "--1", "1_000",
		"inf", "NaN",
	};
	static const char *const large[] = { "8Ei", "9223372036854775808", "10E", "1e19", "1e9999999999999999999999", "99999999999999999999999999999999999999999999" };
	struct cpod_quantity quantity;

	(void) state;
	for (size_t i = 0; i < sizeof (malformed) / sizeof (malformed[0]); i++)
		if (cpod_quantity_parse (malformed[i], &quantity) != -EINVAL)
			fail_msg ("\"%s\" is taken", malformed[i]);
	for (size_t i = 0; i < sizeof (large) / sizeof (large[0]); i++)
		if (cpod_quantity_parse (large[i], &quantity) != -ERANGE)
			fail_msg ("\"%s\" is not too large", large[i]);
}

static void
a_division_is_rounded_up (void **state)
{
	static const struct { const char *value, *divisor; int64_t result; } cases[] = {
		{ "250m", "1", 1 }, { "250m", "1m", 250 }, { "1Gi", "1Mi", 1024 }, { "1Gi", "1M", 1074 }, { "0", "1Mi", 0 }, { "1", "3", 1 }, { "4", "3", 2 },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		struct cpod_quantity value, divisor;

		assert_int_equal (cpod_quantity_parse (cases[i].value, &value), 0);
		assert_int_equal (cpod_quantity_parse (cases[i].divisor, &divisor), 0);
		assert_int_equal (cpod_quantity_divide (value, divisor), cases[i].result);
	}
}

static void
a_name_keeps_the_number_that_it_was_first_given (void **state)
{
	struct cpod_arena arena;
	struct cpod_names names;
	char text[2000][8];
	size_t number;

	(void) state;
	cpod_arena_init (&arena, 0);
	cpod_names_init (&names, &arena);
	assert_true (cpod_names_find (&names, "a") == CPOD_NAMES_NONE);
	for (size_t i = 0; i < 2000; i++) {
		snprintf (text[i], sizeof (text[i]), "n%zu", i);
		assert_int_equal (cpod_names_add (&names, text[i], i, &number), 0);
		assert_int_equal (number, i);
	}
	for (size_t i = 0; i < 2000; i++) {
		assert_int_equal (cpod_names_add (&names, text[i], i + 1, &number), 0);
		assert_int_equal (number, i);
		assert_int_equal (cpod_names_find (&names, text[i]), i);
	}
	assert_int_equal (names.n, 2000);
	assert_true (cpod_names_find (&names, "n2000") == CPOD_NAMES_NONE);
	assert_true (cpod_names_find (&names, "") == CPOD_NAMES_NONE);
	cpod_arena_finish (&arena);
}

static void
base64_is_decoded_to_the_byte (void **state)
{
	static const struct { const char *text, *bytes; size_t len; } cases[] = {
		{ "", "", 0 }, { "Zg==", "f", 1 }, { "Zm8=", "fo", 2 }, { "Zm9v", "foo", 3 }, { "Zm9vYg==", "foob", 4 }, { "Zm9v\nYmFy\n", "foobar", 6 },
		{ "AAECAw==", "\0\1\2\3", 4 }, { "+/+/", "\xfb\xff\xbf", 3 },
	};
	static const char *const malformed[] = { "Z", "Zg", "Zg=", "Zg===", "Zm9", "Zm9v=", "Zh==", "Zm9=", "Zg==Zg==", "Z g=", "Zm-_", "=", "====", "é" };
	struct cpod_arena arena;
	char *bytes;
	size_t len;

	(void) state;
	cpod_arena_init (&arena, 0);
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		assert_int_equal (cpod_base64_decode (cases[i].text, &arena, &bytes, &len), 0);
		assert_int_equal (len, cases[i].len);
		assert_memory_equal (bytes, cases[i].bytes, len);
		assert_int_equal (bytes[len], 0);
	}
	for (size_t i = 0; i < sizeof (malformed) / sizeof (malformed[0]); i++)
		if (cpod_base64_decode (malformed[i], &arena, &bytes, &len) != -EINVAL)
			fail_msg ("\"%s\" is taken", malformed[i]);
	cpod_arena_finish (&arena);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (quantities_are_units_and_thousandths_rounded_up),
		cmocka_unit_test (what_is_no_quantity_is_refused),
		cmocka_unit_test (a_division_is_rounded_up),
		cmocka_unit_test (a_name_keeps_the_number_that_it_was_first_given),
		cmocka_unit_test (base64_is_decoded_to_the_byte),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
