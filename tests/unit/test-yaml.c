/* The YAML module and the loader of modules. Needs modules/yaml.so two directories above the program;
 * without libyaml there is none, and the tests that read YAML are skipped. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "src/base/error.h"
#include "src/base/json.h"
#include "src/base/module.h"
#include "src/base/yaml.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char built_modules[PATH_MAX], scratch[64];
static struct cpod_arena arena;
static struct cpod_error err;

static int
begin (void **state)
{
	(void) state;
	cpod_arena_init (&arena, 0);
	memset (&err, 0, sizeof (err));
	cpod_module_set_dir (built_modules);
	return 0;
}

static int
end (void **state)
{
	(void) state;
	cpod_arena_finish (&arena);
	return 0;
}

/* Finds the modules of the build tree. */
static int
find_modules (void **state)
{
	ssize_t len = readlink ("/proc/self/exe", built_modules, sizeof (built_modules) - 16);
	int up;

	(void) state;
	if (len <= 0)
		return -1;
	built_modules[len] = '\0';
	for (up = 0; up < 3; up++)
		*strrchr (built_modules, '/') = '\0';
	strcat (built_modules, "/modules");
	cpod_yaml_enable ();
	return 0;
}

/* Skips the test when there is no YAML module. */
static void
need_yaml (void)
{
	char path[PATH_MAX + 16];

	snprintf (path, sizeof (path), "%s/yaml.so", built_modules);
	if (access (path, F_OK) < 0) {
		print_message ("no YAML module (libyaml is missing)\n");
		skip ();
	}
}

/* Parses text as pod specs are. */
static int
parse (const char *text, size_t len, struct cpod_json **ret_root)
{
	memset (&err, 0, sizeof (err));
	return cpod_json_parse ("f", text, len, CPOD_JSON_RELAXED | CPOD_JSON_OR_YAML, &arena, ret_root, &err);
}

/* Text must mean the same as the JSON expected. */
static void
assert_reads_as (const char *text, const char *expected)
{
	cpod_autostr out = CPOD_STR_INIT;
	struct cpod_json *root;

	if (parse (text, strlen (text), &root) < 0)
		fail_msg ("%s: %s", text, err.message);
	cpod_json_write (&out, root, 0);
	assert_string_equal (out.data, expected);
}

/* Text must be refused with message (without the "f:"). */
static void
assert_refused (const char *text, const char *message)
{
	struct cpod_json *root = NULL;

	assert_true (parse (text, strlen (text), &root) < 0);
	assert_memory_equal (err.message, "f:", 2);
	assert_string_equal (err.message + 2, message);
	assert_null (root);
}

static void
a_pod_in_yaml_is_read (void **state)
{
	(void) state;
	need_yaml ();
	assert_reads_as ("# a pod\napiVersion: v1\nmetadata:\n  name: x\nspec:\n  containers:\n  - name: a\n"
	                 "    command: [sh, -c, \"echo hi\"]\n  - name: b\n    env: []\n    script: |\n      one\n      two\n",
	                 "{\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"containers\":[{\"name\":\"a\","
	                 "\"command\":[\"sh\",\"-c\",\"echo hi\"]},{\"name\":\"b\",\"env\":[],\"script\":\"one\\ntwo\\n\"}]}}");
	assert_reads_as ("--- \n{a: 1}\n...\n", "{\"a\":1}");
	assert_reads_as ("\"x\"", "\"x\"");
	assert_reads_as ("%YAML 1.2\n---\n- a\n", "[\"a\"]");
}

static void
plain_scalars_are_what_they_look_like (void **state)
{
	(void) state;
	need_yaml ();
	assert_reads_as ("- [~, null, Null, NULL, ]\n-\n- true\n- FALSE\n- False",
	                 "[[null,null,null,null],null,true,false,false]");
	assert_reads_as ("- yes\n- no\n- on\n- Off\n- y\n- nUll\n- tRue",
	                 "[\"yes\",\"no\",\"on\",\"Off\",\"y\",\"nUll\",\"tRue\"]");
	assert_reads_as ("- 'true'\n- \"1\"\n- |-\n  1\n- ''", "[\"true\",\"1\",\"1\",\"\"]");
	assert_reads_as ("- 2001-12-14\n- 10:30\n- 1.2.3\n- 1_000\n- 100m\n- -\n- '-'\n- +\n- .\n- e3\n- 0x\n- 08",
	                 "[\"2001-12-14\",\"10:30\",\"1.2.3\",\"1_000\",\"100m\",[null],\"-\",\"+\",\".\",\"e3\",\"0x\",\"08\"]");
}

static void
numbers_become_json_literals (void **state)
{
	(void) state;
	need_yaml ();
	assert_reads_as ("- [0, -0, 7, +7, -12, 123456789012345678901234567890]",
	                 "[[0,-0,7,7,-12,123456789012345678901234567890]]");
	assert_reads_as ("- [0o17, 0644, -010, 0x1F, 0xffffffffffffffff, 0b101, 00]",
	                 "[[15,420,-8,31,18446744073709551615,5,0]]");
	assert_reads_as ("- [1.5, .5, -.5, 1., 007.50, 1e3, 1.E-3, +1.0e+2, 1e400]",
	                 "[[1.5,0.5,-0.5,1,7.50,1e3,1E-3,1.0e+2,1e400]]");
	assert_refused ("a: 0x10000000000000000", "1:4: the number 0x10000000000000000 is too large");
	assert_refused ("a: -.inf", "1:4: -.inf is no number that JSON knows (quote it to make it a string)");
}

static void
tags_of_the_core_schema_are_known (void **state)
{
	(void) state;
	need_yaml ();
	assert_reads_as ("- !!str 1\n- !!int \"1\"\n- !!null ''\n- !!map {}\n- !!seq []\n- !!bool true\n- ! 5",
	                 "[\"1\",1,null,{},[],true,\"5\"]");
	assert_refused ("a: !!int x", "1:4: the value does not fit its tag tag:yaml.org,2002:int");
	assert_refused ("a: !!map []", "1:4: the value does not fit its tag tag:yaml.org,2002:map");
	assert_refused ("a: !foo 1", "1:4: the tag !foo is not supported");
	assert_refused ("a: !!binary aGk=", "1:4: the tag tag:yaml.org,2002:binary is not supported");
	assert_refused ("a: !!python/object {}",
	                "1:4: the tag tag:yaml.org,2002:python/object is not supported");
}

static void
keys_are_strings (void **state)
{
	(void) state;
	need_yaml ();
	assert_reads_as ("1: a\ntrue: b\n\"q\": c\n'': d\n",
	                 "{\"1\":\"a\",\"true\":\"b\",\"q\":\"c\",\"\":\"d\"}");
	assert_refused ("? [a]\n: b", "1:3: a key must be a scalar");
	assert_refused ("a: &x b\n*x : c", "2:1: a key cannot be an alias");
	assert_refused ("&x a: b", "1:1: a key cannot have an anchor");
	assert_refused ("a: 1\nb:\n  c: 1\n  \"c\": 2", "4:3: the key \"c\" is given twice (before at 3:3)");
}

static void
places_are_counted_in_bytes (void **state)
{
	const struct cpod_json *a, *b;
	struct cpod_json *root;
	static const char text[] = "\xef\xbb\xbf# \xc3\xbc\r\n\xc3\xa9: [\xe2\x82\xac, 1]\nb: {\xf0\x9f\x98\x80: x}\n";

	(void) state;
	need_yaml ();
	assert_int_equal (parse (text, strlen (text), &root), 0);
	a = root->first;
	assert_true (a->key_line == 2 && a->key_column == 1 && a->line == 2 && a->column == 5);
	assert_true (a->first->column == 6 && a->last->column == 11);
	b = a->next;
	assert_true (b->line == 3 && b->first->key_column == 5 && b->first->column == 11);
}

static void
aliases_are_copies (void **state)
{
	(void) state;
	need_yaml ();
	assert_reads_as ("a: &x [1, {b: 2}]\nc: *x\nd: &y s\ne: *y\nf: &x 3\ng: *x",
	                 "{\"a\":[1,{\"b\":2}],\"c\":[1,{\"b\":2}],\"d\":\"s\",\"e\":\"s\",\"f\":3,\"g\":3}");
	assert_refused ("a: *x", "1:4: there is no anchor \"x\" before this alias");
	assert_refused ("a: &x\n  b: [*x]", "2:7: the value would contain itself");
}

static void
merge_keys_fill_in_what_is_missing (void **state)
{
	(void) state;
	need_yaml ();
	assert_reads_as ("b: &b {x: 1, y: 2}\nd:\n  y: 3\n  <<: *b\n  z: 4",
	                 "{\"b\":{\"x\":1,\"y\":2},\"d\":{\"y\":3,\"z\":4,\"x\":1}}");
	assert_reads_as ("<<: [{a: 1}, {a: 2, b: 3}]", "{\"a\":1,\"b\":3}");
	assert_reads_as ("a:\n  <<: {}", "{\"a\":{}}");
	assert_reads_as ("\"<<\": 1", "{\"<<\":1}");
	assert_refused ("a: 1\n<<: 5", "2:5: only a mapping can be merged, not a number");
	assert_refused ("<<: [1]", "1:6: only a mapping can be merged, not a number");
	assert_refused ("<<: {a: 1}\n<<: {b: 1}\n", "2:1: a second merge key (merge a list instead)");
}

static void
malformed_yaml_is_refused_with_its_place (void **state)
{
	struct cpod_json *root = NULL;

	(void) state;
	need_yaml ();
	assert_refused ("# nothing\n", "1:1: the document is empty");
	assert_refused ("---\na\n---\nb\n", "3:1: a second document: only one is read");
	assert_refused ("a: b: c", "1:5: not valid YAML: mapping values are not allowed in this context");
	assert_refused ("a: 1\n\tb: 2",
	                "2:1: not valid YAML: found a tab character that violates indentation");
	assert_refused ("a: \xff", "1:4: not a text in UTF-8: invalid leading UTF-8 octet");
	assert_refused ("a: \"\\0\"", "1:4: the string contains a NUL byte");
	assert_refused ("a: \"\\ud800\"", "1:7: not valid YAML: found invalid Unicode character escape code");
	assert_true (parse ("a: \0b", 5, &root) < 0);
	assert_refused ("{a: 1}", "1:2: expected a value, found text that is not JSON");
}

static void
documents_that_explode_are_ended (void **state)
{
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_json *root;
	int level, i;

	(void) state;
	need_yaml ();
	cpod_str_add (&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (level = 1; level < 20; level++) {
		cpod_str_printf (&text, "a%d: &a%d [", level, level);
		for (i = 0; i < 10; i++)
			cpod_str_printf (&text, "*a%d, ", level - 1);
		cpod_str_add (&text, "]\n");
	}
	assert_int_equal (parse (text.data, text.len, &root), -E2BIG);
	assert_non_null (strstr (err.message, "more than 400000 values"));
	cpod_str_clear (&text);
	for (i = 0; i < 300; i++)
		cpod_str_printf (&text, "- &a%d x\n", i);
	assert_int_equal (parse (text.data, text.len, &root), -E2BIG);
	assert_string_equal (err.message, "f:257:3: more than 256 anchors");
}

static void
tag_directives_are_few (void **state)
{
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_json *root;
	int i;

	(void) state;
	need_yaml ();
	assert_reads_as ("%TAG !! tag:yaml.org,2002:\n--- !!str 1", "\"1\"");
	for (i = 0; i < 300000; i++)
		cpod_str_printf (&text, "%%TAG !t%d! tag:x\n", i);
	assert_int_equal (parse (text.data, text.len, &root), -E2BIG);
	assert_string_equal (err.message, "f:17:1: more than 16 tag directives");
}

/* Writes the file name of the module directory "scratch" with the given mode. */
static void
make_module (const char *name, mode_t mode)
{
	char path[128];
	FILE *file;

	snprintf (path, sizeof (path), "%s/%s", scratch, name);
	file = fopen (path, "we");
	assert_non_null (file);
	fputs ("not a shared object", file);
	fclose (file);
	assert_int_equal (chmod (path, mode), 0);
}

static int
make_scratch (void **state)
{
	begin (state);
	strcpy (scratch, "/tmp/cpod-test-yaml-XXXXXX");
	if (!mkdtemp (scratch))
		return -1;
	cpod_module_set_dir (scratch);
	return 0;
}

static int
remove_scratch (void **state)
{
	char path[128];

	snprintf (path, sizeof (path), "%s/m.so", scratch);
	unlink (path);
	rmdir (scratch);
	return end (state);
}

/* Loading the module "m" must fail with -code and a message that contains part. */
static void
assert_not_loaded (int code, const char *part)
{
	void *symbol;

	memset (&err, 0, sizeof (err));
	assert_int_equal (cpod_module_load ("m", "x", &symbol, &err), -code);
	assert_non_null (strstr (err.message, part));
}

static void
a_missing_module_is_named_with_its_file (void **state)
{
	struct cpod_json *root;
	char expected[256];

	(void) state;
	snprintf (expected, sizeof (expected), "f is not JSON, and for YAML: the module yaml is not installed "
	          "(there is no %s/yaml.so)", scratch);
	assert_int_equal (parse ("a: 1", 4, &root), -ENOENT);
	assert_string_equal (err.message, expected);
	cpod_module_set_dir ("/nonexistent/modules");
	assert_not_loaded (ENOENT, "(there is no /nonexistent/modules/m.so)");
}

static void
a_module_that_others_can_write_is_refused (void **state)
{
	(void) state;
	make_module ("m.so", 0757);
	assert_not_loaded (EPERM, "is writable by others than its owner");
	make_module ("m.so", 0775);
	assert_not_loaded (EPERM, "is writable by others than its owner");
	make_module ("m.so", 0755);
	assert_int_equal (chmod (scratch, 0777), 0);
	assert_not_loaded (EPERM, "is writable by others than its owner");
	assert_int_equal (chmod (scratch, 0775), 0);
	assert_not_loaded (EPERM, "is writable by others than its owner");
}

static void
a_module_of_another_user_is_refused (void **state)
{
	char path[128];

	(void) state;
	if (geteuid () != 0) {
		print_message ("needs CAP_CHOWN\n");
		skip ();
	}
	make_module ("m.so", 0755);
	snprintf (path, sizeof (path), "%s/m.so", scratch);
	assert_int_equal (chown (path, 4711, 0), 0);
	assert_not_loaded (EPERM, "belongs to user 4711, neither to root nor to the caller");
	assert_int_equal (chown (path, 0, 0), 0);
	assert_int_equal (chown (scratch, 4711, 0), 0);
	assert_not_loaded (EPERM, "belongs to user 4711");
	assert_int_equal (chown (scratch, 0, 0), 0);
}

static void
a_symbolic_link_is_no_module (void **state)
{
	char path[128];

	(void) state;
	snprintf (path, sizeof (path), "%s/m.so", scratch);
	assert_int_equal (symlink ("/lib/x86_64-linux-gnu/libc.so.6", path), 0);
	assert_not_loaded (EPERM, "m.so is not a regular file");
}

static void
a_relative_path_is_refused (void **state)
{
	char real[PATH_MAX];

	(void) state;
	assert_int_equal (cpod_module_check_file ("modules/yaml.so", real, &err), -EINVAL);
	assert_string_equal (err.message, "modules/yaml.so is not an absolute path");
	cpod_module_set_dir (".");
	assert_not_loaded (EINVAL, "./m.so is not an absolute path");
}

static void
what_is_no_shared_object_is_refused (void **state)
{
	(void) state;
	make_module ("m.so", 0755);
	assert_not_loaded (ENOEXEC, "load the module m: ");
}

static void
a_module_without_the_symbol_is_refused (void **state)
{
	void *symbol;

	(void) state;
	need_yaml ();
	assert_int_equal (cpod_module_load ("yaml", "nothing", &symbol, &err), -ENOEXEC);
	assert_non_null (strstr (err.message, "yaml.so has no nothing"));
}

static void
the_installed_directory_is_the_default (void **state)
{
	void *symbol;

	(void) state;
	cpod_module_set_dir (NULL);
	assert_int_equal (cpod_module_load ("no-such-module", "x", &symbol, &err), -ENOENT);
	assert_non_null (strstr (err.message, CPOD_MODULE_DIR "/no-such-module.so"));
	cpod_module_use_build_tree ();   /* there is no tests/unit/modules: changes nothing */
	assert_int_equal (cpod_module_load ("no-such-module", "x", &symbol, &err), -ENOENT);
	assert_non_null (strstr (err.message, CPOD_MODULE_DIR "/no-such-module.so"));
}

#define test(name) cmocka_unit_test_setup_teardown (name, begin, end)
#define scratch_test(name) cmocka_unit_test_setup_teardown (name, make_scratch, remove_scratch)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		test (a_pod_in_yaml_is_read),
		test (plain_scalars_are_what_they_look_like),
		test (numbers_become_json_literals),
		test (tags_of_the_core_schema_are_known),
		test (keys_are_strings),
		test (places_are_counted_in_bytes),
		test (aliases_are_copies),
		test (merge_keys_fill_in_what_is_missing),
		test (malformed_yaml_is_refused_with_its_place),
		test (documents_that_explode_are_ended),
		test (tag_directives_are_few),
		scratch_test (a_missing_module_is_named_with_its_file),
		scratch_test (a_module_that_others_can_write_is_refused),
		scratch_test (a_module_of_another_user_is_refused),
		scratch_test (a_symbolic_link_is_no_module),
		scratch_test (a_relative_path_is_refused),
		scratch_test (what_is_no_shared_object_is_refused),
		test (a_module_without_the_symbol_is_refused),
		test (the_installed_directory_is_the_default),
	};

	return cmocka_run_group_tests (tests, find_modules, NULL);
}
