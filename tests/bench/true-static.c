/* The program that benchmarked containers run: ends at once with status 0, or, with an argument,
 * sleeps until a signal ends it. Static, so that what is measured is not the dynamic loader. */
#include <unistd.h>

int
main (int argc, char **argv)
{
	(void) argv;
	while (argc > 1)
		pause ();
	return 0;
}
