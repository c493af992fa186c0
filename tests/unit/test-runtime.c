/* Finding runtimes, refusing tables that cannot be called, and the runtime shellout with real processes.
 * Links: libcpod. */
#include "src/base/str.h"
#include "src/pod/runtimes.h"

#include <cpod/cpod.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- Finding ----------------------------------------------------------------------------- */

static void
assert_not_found (const char *name, int code, const char *part)
{
	const struct cpod_runtime *runtime = NULL;
	struct cpod_error err = { 0 };

	assert_int_equal (cpod_runtime_find (name, &runtime, &err), -code);
	assert_null (runtime);
	if (!strstr (err.message, part))
		fail_msg ("\"%s\" does not contain \"%s\"", err.message, part);
}

static void
built_in_runtimes_are_found_by_name (void **state)
{
	const struct cpod_runtime *runtime;

	(void) state;
	assert_int_equal (cpod_runtime_find ("shellout", &runtime, NULL), 0);
	assert_ptr_equal (runtime, &cpod_runtime_shellout);
	assert_int_equal (cpod_runtime_find ("production", &runtime, NULL), 0);
	assert_ptr_equal (runtime, &cpod_runtime_production);
	assert_int_equal (cpod_runtime_check ("shellout", &cpod_runtime_shellout, NULL), 0);
	assert_int_equal (cpod_runtime_check ("production", &cpod_runtime_production, NULL), 0);
}

static void
odd_names_are_refused (void **state)
{
	(void) state;
	assert_not_found ("no-such-runtime", ENOENT, "there is no runtime no-such-runtime: it is not built in, and ");
	assert_not_found ("", EINVAL, "neither the name of a runtime nor an absolute path");
	assert_not_found ("Production", EINVAL, "neither");
	assert_not_found ("..", EINVAL, "neither");
	assert_not_found ("x.so", EINVAL, "neither");
	assert_not_found ("./plugin.so", EINVAL, "not an absolute path");
	assert_not_found ("/nonexistent/plugin.so", ENOENT, "/nonexistent/plugin.so");
}

static void
a_plugin_that_others_could_have_changed_is_refused (void **state)
{
	char dir[] = "/tmp/cpod-test-XXXXXX", path[64], other[64];
	int fd;

	(void) state;
	assert_non_null (mkdtemp (dir));
	snprintf (path, sizeof (path), "%s/plugin.so", dir);
	snprintf (other, sizeof (other), "%s/link.so", dir);
	assert_not_found (dir, EPERM, "is not a regular file");
	fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal (write (fd, "not ELF", 7), 7);
	close (fd);
	assert_not_found (path, ENOEXEC, "load the runtime ");
	assert_int_equal (chmod (path, 0777), 0);
	assert_not_found (path, EPERM, "writable by others");
	assert_int_equal (chmod (path, 0700), 0);
	assert_int_equal (symlink (path, other), 0);
	assert_not_found (other, EPERM, "is not a regular file");
	assert_int_equal (chmod (dir, 0777), 0);
	assert_not_found (path, EPERM, "writable by others");
	unlink (other);
	unlink (path);
	rmdir (dir);
}

/* A link on the way may be turned elsewhere once the file has been looked at: what is loaded is the file itself. */
static void
a_plugin_is_loaded_by_a_path_without_links (void **state)
{
	char dir[] = "/tmp/cpod-test-XXXXXX", way[64], path[PATH_MAX + 32], plugin[PATH_MAX], real[PATH_MAX];
	const struct cpod_runtime *runtime;
	struct cpod_error err;
	Dl_info info;

	(void) state;
	snprintf (plugin, sizeof (plugin), "%s/runtimes", getenv ("BUILD") ? getenv ("BUILD") : ".");
	assert_non_null (realpath (plugin, real));
	assert_non_null (mkdtemp (dir));
	snprintf (way, sizeof (way), "%s/way", dir);
	assert_int_equal (symlink (real, way), 0);
	snprintf (path, sizeof (path), "%s/production.so", way);
	if (cpod_runtime_find (path, &runtime, &err) < 0)
		fail_msg ("%s", err.message);
	assert_string_equal (runtime->name, "production");
	assert_ptr_not_equal (runtime, &cpod_runtime_production);
	assert_int_not_equal (dladdr (runtime, &info), 0);
	snprintf (path, sizeof (path), "%s/production.so", real);
	assert_string_equal (info.dli_fname, path);
	unlink (way);
	rmdir (dir);
}

static void
a_table_that_cannot_be_called_is_refused (void **state)
{
	struct cpod_runtime_async async = { .size = sizeof (async) };
	struct cpod_runtime good = cpod_runtime_shellout, bad;
	struct cpod_error err;

	(void) state;
#define REFUSED(change, sentence) \
	do { \
		bad = good; \
		change; \
		assert_int_equal (cpod_runtime_check ("p.so", &bad, &err), -EPROTO); \
		assert_string_equal (err.message, sentence); \
	} while (0)
	REFUSED (bad.abi = 2, "p.so: ABI 2, this cpod has 1");
	REFUSED (bad.size = 8, "p.so: its table has 8 bytes, 88 are needed");
	REFUSED (bad.name = "No", "p.so: has no proper name and version");
	REFUSED (bad.name = NULL, "p.so: has no proper name and version");
	REFUSED (bad.version = NULL, "p.so: has no proper name and version");
	REFUSED (bad.create = NULL, "p.so: has no create");
	REFUSED (bad.start = NULL, "p.so: has no start");
	REFUSED (bad.wait = NULL, "p.so: has no wait");
	REFUSED (bad.kill = NULL, "p.so: has no kill");
	REFUSED (bad.exec = NULL, "p.so: has no exec");
	REFUSED (bad.destroy = NULL, "p.so: has no destroy");
	REFUSED (bad.async = &async, "p.so: has no async->start");
	async.size = 16;
	REFUSED (bad.async = &async, "p.so: its asynchronous table has 16 bytes, 120 are needed");
}

/* ---- shellout ---------------------------------------------------------------------------- */

static struct cpod_rt_container *
make_with (const char *process, int out_fd)
{
	struct cpod_rt_container_config config = {
		.size = sizeof (config), .name = "a", .id = "a", .metadata_json = "{}", .metadata_len = 2,
		.stdio_fd = { -1, out_fd, -1 },
	};
	struct cpod_rt_container *c = NULL;
	struct cpod_error err;
	char spec[1024];

	snprintf (spec, sizeof (spec), "{\"process\":%s}", process);
	config.spec_json = spec;
	config.spec_len = strlen (spec);
	if (cpod_runtime_shellout.create (NULL, &config, &c, &err) < 0)
		fail_msg ("%s", err.message);
	return c;
}

static struct cpod_rt_container *
make_shell (const char *script)
{
	char process[1024];

	snprintf (process, sizeof (process), "{\"args\":[\"sh\",\"-c\",\"%s\"]}", script);
	return make_with (process, -1);
}

static void
start (struct cpod_rt_container *c)
{
	struct cpod_error err;

	if (cpod_runtime_shellout.start (c, &err) < 0)
		fail_msg ("%s", err.message);
}

static void
shellout_honours_args_env_and_cwd (void **state)
{
	struct cpod_rt_container *c;
	struct cpod_rt_exit result;
	char text[256] = "";
	int fds[2];

	(void) state;
	assert_int_equal (pipe2 (fds, O_CLOEXEC), 0);
	c = make_with ("{\"args\":[\"sh\",\"-c\",\"echo $A $HOME $PWD; exit 7\"],\"env\":[\"A=1\",\"PATH=/usr/bin:/bin\"],\"cwd\":\"/usr\"}", fds[1]);
	close (fds[1]);
	start (c);
	assert_int_equal (cpod_runtime_shellout.wait (c, &result, NULL), 0);
	assert_int_equal (result.code, 7);
	assert_int_equal (result.signal, 0);
	assert_true (read (fds[0], text, sizeof (text) - 1) > 0);
	assert_string_equal (text, "1 /usr\n");
	close (fds[0]);
	assert_int_equal (cpod_runtime_shellout.kill (c, 9, NULL), -ESRCH);
	cpod_runtime_shellout.destroy (c);
}

static void
shellout_refuses_specs_without_a_program (void **state)
{
	static const struct { const char *spec, *message; } cases[] = {
		{ "{}", "process: is required" },
		{ "{\"process\":{}}", "process.args: needs a program" },
		{ "{\"process\":{\"args\":[\"\"]}}", "process.args: needs a program" },
		{ "{\"process\":{\"args\":[\"a\",1]}}", "process.args[1]: expected a string, found number" },
		{ "{\"process\":{\"args\":[\"a\"],\"env\":{}}}", "process.env: expected an array, found object" },
		{ "{\"process\":{\"args\":[\"a\"],\"cwd\":\"x\"}}", "process.cwd: must be an absolute path" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++) {
		struct cpod_rt_container_config config = {
			.size = sizeof (config), .name = "a", .id = "a", .spec_json = cases[i].spec,
			.spec_len = strlen (cases[i].spec), .metadata_json = "{}", .metadata_len = 2, .stdio_fd = { -1, -1, -1 },
		};
		struct cpod_rt_container *c = NULL;
		struct cpod_error err;

		assert_int_equal (cpod_runtime_shellout.create (NULL, &config, &c, &err), -EINVAL);
		assert_string_equal (err.message, cases[i].message);
		assert_null (c);
	}
}

static void
shellout_tells_a_missing_program_from_one_that_is_not_executable (void **state)
{
	struct cpod_rt_container *c = make_with ("{\"args\":[\"no-such-program\"]}", -1);
	static const char *const missing[] = { "/nonexistent", NULL }, *const directory[] = { "/etc/passwd", NULL };
	struct cpod_rt_exit result;
	struct cpod_error err;

	(void) state;
	assert_int_equal (cpod_runtime_shellout.start (c, &err), -ENOENT);
	assert_string_equal (err.message, "process.args[0]: cannot execute no-such-program: No such file or directory");
	cpod_runtime_shellout.destroy (c);
	c = make_shell ("sleep 100");
	start (c);
	assert_int_equal (cpod_runtime_shellout.exec (c, missing, &result, &err), -ENOENT);
	assert_int_equal (cpod_runtime_shellout.exec (c, directory, &result, &err), -EACCES);
	cpod_runtime_shellout.destroy (c);
}

static void
shellout_kills_with_signals_and_leaves_no_descendant (void **state)
{
	struct cpod_rt_container *c;
	struct cpod_rt_exit result;
	struct pollfd gone;
	int fds[2];

	(void) state;
	assert_int_equal (pipe2 (fds, O_CLOEXEC), 0);
	c = make_with ("{\"args\":[\"sh\",\"-c\",\"sleep 1000 & echo x; wait\"]}", fds[1]);
	close (fds[1]);
	start (c);
	gone = (struct pollfd) { .fd = fds[0], .events = POLLIN };
	assert_int_equal (poll (&gone, 1, 2000), 1);
	assert_int_equal (read (fds[0], &result, 2), 2);
	assert_int_equal (cpod_runtime_shellout.kill (c, SIGTERM, NULL), 0);
	assert_int_equal (cpod_runtime_shellout.wait (c, &result, NULL), 0);
	assert_int_equal (result.signal, SIGTERM);
	assert_int_equal (result.code, 128 + SIGTERM);
	/* The background sleep held the pipe: its end shows that it died too. */
	assert_int_equal (poll (&gone, 1, 2000), 1);
	assert_int_equal (read (fds[0], &result, 1), 0);
	close (fds[0]);
	cpod_runtime_shellout.destroy (c);
}

static void
shellout_runs_programs_beside_the_container (void **state)
{
	static const char *const yes[] = { "true", NULL }, *const no[] = { "sh", "-c", "exit 9", NULL };
	struct cpod_rt_container *c = make_shell ("sleep 100");
	struct cpod_rt_exit result;

	(void) state;
	assert_int_equal (cpod_runtime_shellout.exec (c, yes, &result, NULL), -ESRCH);
	start (c);
	assert_int_equal (cpod_runtime_shellout.exec (c, yes, &result, NULL), 0);
	assert_int_equal (result.code, 0);
	assert_int_equal (cpod_runtime_shellout.exec (c, no, &result, NULL), 0);
	assert_int_equal (result.code, 9);
	assert_int_equal (cpod_runtime_shellout.kill (c, 9, NULL), 0);
	assert_int_equal (cpod_runtime_shellout.wait (c, &result, NULL), 0);
	assert_int_equal (result.signal, 9);
	assert_int_equal (cpod_runtime_shellout.exec (c, yes, &result, NULL), -ESRCH);
	cpod_runtime_shellout.destroy (c);
	cpod_runtime_shellout.destroy (NULL);
}

/* ---- A whole pod of plain processes ------------------------------------------------------ */

static struct cpod_pod *
run_pod (const char *text)
{
	struct cpod_pod_options options = { .size = sizeof (options), .runtime = &cpod_runtime_shellout };
	struct cpod_error err;
	struct cpod_spec *spec;
	struct cpod_pod *pod = NULL;

	if (cpod_spec_parse ("pod", text, strlen (text), NULL, &spec, &err) < 0
	    || cpod_pod_create (spec, &options, &pod, &err) < 0 || cpod_pod_start (pod, &err) < 0)
		fail_msg ("%s", err.message);
	cpod_spec_destroy (spec);
	return pod;
}

static void
a_pod_of_plain_processes_runs_to_its_end (void **state)
{
	struct cpod_pod *pod = run_pod ("{\"initContainers\":[{\"process\":{\"args\":[\"true\"]}}],\"containers\":[{\"process\":{\"args\":[\"true\"]}},\n"
	                                "{\"process\":{\"args\":[\"sh\",\"-c\",\"exit 4\"]}},{\"process\":{\"args\":[\"no-such-program\"]}}]}");
	const struct cpod_status *status;

	(void) state;
	assert_int_equal (cpod_pod_run (pod, NULL), 0);
	assert_int_equal (cpod_pod_status (pod, &status, NULL), 0);
	assert_int_equal (status->phase, CPOD_PHASE_FAILED);
	assert_int_equal (status->containers[0].exit.code, 0);
	assert_memory_equal (status->containers[1].states, ((const uint8_t[]) { 0, 1, 4 }), 3);
	assert_memory_equal (status->containers[2].states, ((const uint8_t[]) { 0, 1, 5 }), 3);
	assert_string_equal (status->containers[2].errors[0].message, "exit status 4");
	assert_memory_equal (status->containers[3].states, ((const uint8_t[]) { 0, 5 }), 2);
	assert_string_equal (status->containers[3].errors[0].message,
	                     "pod:2:63: containers[2].process.args[0]: cannot execute no-such-program: No such file or directory");
	cpod_pod_destroy (pod);
}

static void
a_pod_of_plain_processes_stops_within_its_grace (void **state)
{
	struct cpod_pod *pod = run_pod ("{\"containers\":[{\"process\":{\"args\":[\"sleep\",\"1000\"]},\n"
	                                "\"livenessProbe\":{\"exec\":[\"sleep\",\"1000\"],\"timeoutSeconds\":1000}}]}");
	const struct cpod_status *status;

	(void) state;
	for (;;) {
		assert_int_equal (cpod_pod_status (pod, &status, NULL), 0);
		if (status->containers[0].running)
			break;
		assert_int_equal (cpod_pod_dispatch (pod, NULL), 0);
	}
	assert_int_equal (cpod_pod_stop (pod, -1, NULL), 0);
	assert_int_equal (cpod_pod_run (pod, NULL), 0);
	assert_int_equal (cpod_pod_status (pod, &status, NULL), 0);
	assert_int_equal (status->containers[0].exit.signal, SIGTERM);
	cpod_pod_destroy (pod);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (built_in_runtimes_are_found_by_name),
		cmocka_unit_test (odd_names_are_refused),
		cmocka_unit_test (a_plugin_that_others_could_have_changed_is_refused),
		cmocka_unit_test (a_plugin_is_loaded_by_a_path_without_links),
		cmocka_unit_test (a_table_that_cannot_be_called_is_refused),
		cmocka_unit_test (shellout_honours_args_env_and_cwd),
		cmocka_unit_test (shellout_refuses_specs_without_a_program),
		cmocka_unit_test (shellout_tells_a_missing_program_from_one_that_is_not_executable),
		cmocka_unit_test (shellout_kills_with_signals_and_leaves_no_descendant),
		cmocka_unit_test (shellout_runs_programs_beside_the_container),
		cmocka_unit_test (a_pod_of_plain_processes_runs_to_its_end),
		cmocka_unit_test (a_pod_of_plain_processes_stops_within_its_grace),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
