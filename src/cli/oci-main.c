/* cpod-oci: the OCI runtime command. Its first argument names what to do; --version must touch nothing else. */

#include <string.h>
#include <unistd.h>

static const char version[] = "cpod-oci " CPOD_VERSION "\n";

int
main (int argc, char **argv)
{
	if (argc == 2 && strcmp (argv[1], "--version") == 0)
		return write (STDOUT_FILENO, version, sizeof (version) - 1) < 0 ? 1 : 0;
	return 2;
}
