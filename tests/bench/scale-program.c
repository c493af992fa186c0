/* What bench-scale's containers run: with "time" prints CLOCK_MONOTONIC in nanoseconds and ends, with another
 * argument sleeps until a signal ends it, with none ends at once. Static, so that what is measured is not the loader. */
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Writes a number and a newline. */
static int
write_number (uint64_t number)
{
	char text[24];
	size_t at = sizeof (text);

	text[--at] = '\n';
	do
		text[--at] = (char) ('0' + number % 10);
	while ((number /= 10) > 0);
	return write (1, text + at, sizeof (text) - at) < 0;
}

int
main (int argc, char **argv)
{
	struct timespec now;

	if (argc > 1 && strcmp (argv[1], "time") == 0) {
		clock_gettime (CLOCK_MONOTONIC, &now);
		return write_number ((uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec);
	}
	while (argc > 1)
		pause ();
	return 0;
}
