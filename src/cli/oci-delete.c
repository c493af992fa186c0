/* cpod-oci delete: nothing is left of a container. */
#include "oci.h"

int
cpod_oci_delete (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "force", no_argument, NULL, 'f' }, { NULL, 0, NULL, 0 } };
	struct cpod_error err = { 0 };
	bool force = false;
	const char *id;
	int letter;

	while ((letter = cpod_oci_option (cli, argc, argv, ":f", options)) != -1) {
		if (letter != 'f')
			return 1;
		force = true;
	}
	id = cpod_oci_id (cli, argc, argv);
	if (id == NULL)
		return 1;
	return cpod_bundle_delete (&cli->context, id, force, &err) < 0 ? cpod_oci_fail (cli, "%s", err.message) : 0;
}
