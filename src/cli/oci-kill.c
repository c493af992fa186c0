/* cpod-oci kill: a signal for a container's first process, or for all of them. */
#include "oci.h"

#include "src/base/signals.h"

#include <signal.h>
#include <string.h>

int
cpod_oci_kill (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "all", no_argument, NULL, 'a' }, { NULL, 0, NULL, 0 } };
	int letter, number = SIGTERM, ret;
	struct cpod_bundle bundle;
	struct cpod_error err = { 0 };
	bool all = false;
	const char *id;

	while ((letter = cpod_oci_option (cli, argc, argv, ":a", options)) != -1) {
		if (letter != 'a')
			return 1;
		all = true;
	}
	if (optind + 2 == argc) {
		number = cpod_signal_parse (argv[--argc]);
		if (number < 0)
			return cpod_oci_fail (cli, "kill: \"%.64s\" is no signal", argv[argc]);
	}
	id = cpod_oci_id (cli, argc, argv);
	if (id == NULL)
		return 1;
	ret = cpod_bundle_open (&cli->context, id, false, &bundle, &err);
	if (ret < 0)
		return cpod_oci_fail (cli, "%s", err.message);
	ret = cpod_bundle_kill (&bundle, number, all, &err);
	cpod_bundle_close (&bundle);
	return ret < 0 ? cpod_oci_fail (cli, "%s", err.message) : 0;
}
