/* cpod-oci start: the program of a created container begins. */
#include "oci.h"

int
cpod_oci_start (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { NULL, 0, NULL, 0 } };
	struct cpod_bundle bundle;
	struct cpod_error err = { 0 };
	const char *id;
	int ret;

	if (cpod_oci_option (cli, argc, argv, ":", options) != -1 || (id = cpod_oci_id (cli, argc, argv)) == NULL)
		return 1;
	ret = cpod_bundle_open (&cli->context, id, true, &bundle, &err);
	if (ret < 0)
		return cpod_oci_fail (cli, "%s", err.message);
	ret = cpod_bundle_start (&bundle, &err);
	cpod_bundle_close (&bundle);
	return ret < 0 ? cpod_oci_fail (cli, "%s", err.message) : 0;
}
