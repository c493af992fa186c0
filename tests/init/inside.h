/* The static test program: what its files share. */
#ifndef CPOD_TESTS_INSIDE_H
#define CPOD_TESTS_INSIDE_H

/* Prints everything that a process can see of itself and of its container as one JSON object. Each
 * argument is asked for in addition: "sysctl:NAME" or "path:/PATH". */
int inside_view (int argc, char **argv);

/* Prints the pids of running processes with the argument as a line of their environment, apart from
 * the caller's own ancestors. */
int inside_marked (int argc, char **argv);

/* catch COUNT: traces the next processes that appear in its PID namespace, as soon as they do. 0 when each had the
 * capabilities and the filter of process 1; else EPERM, and it is printed what was different. */
int inside_catch (int argc, char **argv);

/* listen PORT: accepts one connection on loopback. connect PORT. 0, or the errno. */
int inside_listen (int argc, char **argv);
/* serve PORT FILE: answers HTTP requests on loopback for ever, with 200 while FILE is there, else 503; prints the first
 * line of each. */
int inside_serve (int argc, char **argv);
int inside_connect (int argc, char **argv);

/* get PORT PATH [METHOD [HEADER...]]: prints the body of the answer. 0 for HTTP status 200; for
 * another it is named on standard error and the exit status is 10 times its first digit plus its
 * last (404: 44, 403: 43); or the errno. The answer must not be chunked. */
int inside_get (int argc, char **argv);
/* request PORT LINE...: sends the lines and an empty one as they are to the loopback (6:PORT: of IPv6) and prints the
 * whole answer, to the end of the connection. 0, or the errno. */
int inside_request (int argc, char **argv);
int inside_crowd (int argc, char **argv);

/* terminal [stay]: prints what standard input is as a terminal; stay: then every line that comes in and every change of
 * its size, until "exit N" or the end of the input. */
int inside_terminal (int argc, char **argv);
/* drive SCRIPT PROGRAM...: a hand at the keyboard; see terminal.c. */
int inside_drive (int argc, char **argv);

/* console PATH INPUT: takes a terminal that comes through a socket; see console.c. 0, or the errno. */
int inside_console (int argc, char **argv);
/* as UID GID PROGRAM...: executes it as that user, in that group alone. 127, or the errno. */
int inside_as (int argc, char **argv);

/* Reads at most size - 1 bytes of a file into text, which is then ended by a NUL.
 * Returns the length, or -errno. */
int inside_read (const char *path, char *text, int size);

/* Prints text as a JSON string of len bytes. */
void inside_print_string (const char *text, int len);

#endif
