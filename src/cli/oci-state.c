/* cpod-oci state: what a container is doing, as the runtime-spec has it. */
#include "oci.h"

int
cpod_oci_state (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { NULL, 0, NULL, 0 } };
	const struct cpod_oci_spec *spec = NULL;
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_bundle bundle;
	struct cpod_error err = { 0 };
	const char *id;
	int ret;

	if (cpod_oci_option (cli, argc, argv, ":", options) != -1 || (id = cpod_oci_id (cli, argc, argv)) == NULL)
		return 1;
	ret = cpod_bundle_open (&cli->context, id, false, &bundle, &err);
	if (ret < 0)
		return cpod_oci_fail (cli, "%s", err.message);
	if (!bundle.state.creating)
		ret = cpod_bundle_config (&bundle, &spec, &err);
	if (bundle.status == CPOD_STATUS_STOPPED)
		bundle.state.pid = 0;
	if (ret == 0)
		cpod_bundle_state_describe (&bundle.state, bundle.status, bundle.state.pid, spec, 4, &text);
	cpod_bundle_close (&bundle);
	if (ret < 0)
		return cpod_oci_fail (cli, "%s", err.message);
	return cpod_str_failed (&text) ? cpod_oci_fail (cli, "out of memory") : cpod_oci_print (cli, text.data, text.len);
}
