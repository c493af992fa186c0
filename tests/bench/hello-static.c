/* Floor of `cpod --version`: a static program that prints one line. */
#include <stdio.h>

int
main (void)
{
	puts ("hello 0.0.0");
	return 0;
}
