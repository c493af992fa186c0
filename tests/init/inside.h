/* The static test program: what its files share. */
#ifndef CPOD_TESTS_INSIDE_H
#define CPOD_TESTS_INSIDE_H

/* Prints everything that a process can see of itself and of its container as one JSON object. Each
 * argument is asked for in addition: "sysctl:NAME" or "path:/PATH". */
int inside_view (int argc, char **argv);

/* Prints the pids of running processes with the argument as a line of their environment, apart from
 * the caller's own ancestors. */
int inside_marked (int argc, char **argv);

/* Reads at most size - 1 bytes of a file into text, which is then ended by a NUL.
 * Returns the length, or -errno. */
int inside_read (const char *path, char *text, int size);

/* Prints text as a JSON string of len bytes. */
void inside_print_string (const char *text, int len);

#endif
