/* cpod-oci ps: the processes of a container, by the host's numbers. */
#include "oci.h"

#include <string.h>

static void
write_pids (const pid_t *pids, size_t n, bool json, struct cpod_str *out)
{
	cpod_str_add (out, json ? "[" : "PID\n");
	for (size_t i = 0; i < n; i++)
		cpod_str_printf (out, json ? "%s\n  %d" : "%s%d\n", json && i > 0 ? "," : "", (int) pids[i]);
	if (json)
		cpod_str_add (out, "\n]\n");
}

int
cpod_oci_ps (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "format", required_argument, NULL, 'f' }, { NULL, 0, NULL, 0 } };
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_bundle bundle;
	struct cpod_error err = { 0 };
	bool json = false;
	pid_t *pids = NULL;
	size_t n = 0;
	const char *id;
	int letter, ret;

	while ((letter = cpod_oci_option (cli, argc, argv, ":f:", options)) != -1) {
		if (letter != 'f')
			return 1;
		json = strcmp (optarg, "json") == 0;
		if (!json && strcmp (optarg, "table") != 0)
			return cpod_oci_fail (cli, "ps: --format: \"%.64s\" is neither table nor json", optarg);
	}
	id = cpod_oci_id (cli, argc, argv);
	if (id == NULL)
		return 1;
	ret = cpod_bundle_open (&cli->context, id, false, &bundle, &err);
	if (ret < 0)
		return cpod_oci_fail (cli, "%s", err.message);
	if (bundle.status == CPOD_STATUS_STOPPED)
		ret = cpod_oci_fail (cli, "container not running: `%s` is stopped", id);
	else if (cpod_bundle_processes (&bundle, &pids, &n, &err) < 0)
		ret = cpod_oci_fail (cli, "%s", err.message);
	if (ret == 0)
		write_pids (pids, n, json, &text);
	cpod_bundle_close (&bundle);
	if (ret != 0)
		return ret;
	return cpod_str_failed (&text) ? cpod_oci_fail (cli, "out of memory") : cpod_oci_print (cli, text.data, text.len);
}
