/* cpod-oci update: a container's limits, from a file or from options, change while it runs.
 *
 * Options become the same JSON object that a file has, so that both are read by one table. */
#include "oci.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where an option's value goes in linux.resources. */
static const struct setting {
	const char *option, *object, *member;
	bool is_text;
} settings[] = {
	{ "blkio-weight", "blockIO", "weight", false },
	{ "cpu-period", "cpu", "period", false },
	{ "cpu-quota", "cpu", "quota", false },
	{ "cpu-burst", "cpu", "burst", false },
	{ "cpu-idle", "cpu", "idle", false },
	{ "cpu-rt-period", "cpu", "realtimePeriod", false },
	{ "cpu-rt-runtime", "cpu", "realtimeRuntime", false },
	{ "cpu-share", "cpu", "shares", false },
	{ "cpu-shares", "cpu", "shares", false },
	{ "cpuset-cpus", "cpu", "cpus", true },
	{ "cpuset-mems", "cpu", "mems", true },
	{ "kernel-memory", "memory", "kernel", false },
	{ "kernel-memory-tcp", "memory", "kernelTCP", false },
	{ "memory", "memory", "limit", false },
	{ "memory-reservation", "memory", "reservation", false },
	{ "memory-swap", "memory", "swap", false },
	{ "pids-limit", "pids", "limit", false },
};
#define N_SETTINGS (sizeof (settings) / sizeof (settings[0]))
#define FIRST_VALUE 256

/* The member of that name, made if it is missing. */
static struct cpod_json *
member (struct cpod_arena *arena, struct cpod_json *root, const char *name)
{
	struct cpod_json *at, *made;

	for (at = root != NULL ? root->first : NULL; at != NULL; at = at->next)
		if (strcmp (at->key, name) == 0)
			return at;
	made = cpod_json_new (arena, CPOD_JSON_OBJECT);
	return cpod_json_add (arena, root, name, made) != NULL ? made : NULL;
}

/* One option's value becomes a member. */
static int
add_setting (struct cpod_oci_cli *cli, struct cpod_arena *arena, struct cpod_json *root, const struct setting *setting, const char *text)
{
	struct cpod_json *value;
	char *end;

	if (setting->is_text) {
		value = cpod_json_new_string (arena, text);
	} else {
		errno = 0;
		(void) strtoll (text, &end, 10);
		if (end == text || *end != '\0' || errno != 0)
			return cpod_oci_fail (cli, "update: --%s: \"%.64s\" is no number", setting->option, text);
		value = cpod_json_new_int (arena, strtoll (text, NULL, 10));
	}
	if (cpod_json_add (arena, member (arena, root, setting->object), setting->member, value) == NULL)
		return cpod_oci_fail (cli, "out of memory");
	return 0;
}

/* Reads the options. *ret_file: of --resources. */
static int
read_options (struct cpod_oci_cli *cli, int argc, char **argv, struct cpod_arena *arena, struct cpod_json *root, const char **ret_file)
{
	struct option options[N_SETTINGS + 2] = { { "resources", required_argument, NULL, 'r' } };
	int letter;

	for (size_t i = 0; i < N_SETTINGS; i++)
		options[1 + i] = (struct option) { settings[i].option, required_argument, NULL, FIRST_VALUE + (int) i };
	while ((letter = cpod_oci_option (cli, argc, argv, ":r:", options)) != -1) {
		if (letter == '?')
			return 1;
		if (letter == 'r')
			*ret_file = optarg;
		else if (add_setting (cli, arena, root, &settings[letter - FIRST_VALUE], optarg) != 0)
			return 1;
	}
	return 0;
}

static int
update (struct cpod_oci_cli *cli, const char *id, const char *name, const char *text, size_t len)
{
	struct cpod_bundle bundle;
	struct cpod_error err = { 0 };
	int ret = cpod_bundle_open (&cli->context, id, true, &bundle, &err);

	if (ret < 0)
		return cpod_oci_fail (cli, "%s", err.message);
	ret = cpod_bundle_update (&bundle, name, text, len, &err);
	cpod_bundle_close (&bundle);
	return ret < 0 ? cpod_oci_fail (cli, "%s", err.message) : 0;
}

int
cpod_oci_update (struct cpod_oci_cli *cli, int argc, char **argv)
{
	cpod_autostr written = CPOD_STR_INIT;
	struct cpod_error err = { 0 };
	const char *file = NULL, *id;
	struct cpod_arena arena;
	struct cpod_json *root;
	char *text = NULL;
	size_t len = 0;
	int status;

	cpod_arena_init (&arena, 0);
	root = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	status = read_options (cli, argc, argv, &arena, root, &file);
	id = status == 0 ? cpod_oci_id (cli, argc, argv) : NULL;
	if (id == NULL)
		status = 1;
	else if (file != NULL && root != NULL && root->count > 0)
		status = cpod_oci_fail (cli, "update: limits come from --resources or from other options, not from both");
	else if (file != NULL && cpod_file_read (file, 16u << 20, &text, &len, &err) < 0)
		status = cpod_oci_fail (cli, "update: %s", err.message);
	if (status == 0 && file == NULL) {
		cpod_json_write (&written, root, 0);
		if (cpod_str_failed (&written))
			status = cpod_oci_fail (cli, "out of memory");
	}
	if (status == 0)
		status = file != NULL ? update (cli, id, file, text, len) : update (cli, id, "update", written.data, written.len);
	free (text);
	cpod_arena_finish (&arena);
	return status;
}
