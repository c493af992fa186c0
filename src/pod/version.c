/* The version of the library, as the build names it. */
#include <cpod/cpod.h>

const char *
cpod_version (void)
{
	return CPOD_VERSION;
}
