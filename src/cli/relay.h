/* Between the user's terminal and one that a program has elsewhere: bytes in both directions, the window's
 * size, signals, until the program has ended. */
#ifndef CPOD_CLI_RELAY_H
#define CPOD_CLI_RELAY_H

#include "client.h"

/* What the relay is given; descriptors are borrowed. */
struct cpod_relay_config {
	struct cpod_client *client;     /* the call has been sent; its reply is the program's end */
	int socket_fd;                  /* where the terminal's master comes from */
	int signal_fd;                  /* a signalfd for SIGWINCH, SIGTSTP, SIGCONT and what ends this command */
	bool input;                     /* standard input is passed on */
};

/* Passes everything on until the reply can be received (0), or a signal asks for the end: its number. The
 * user's terminal is raw meanwhile where input is passed on, and restored at the return. -errno: the
 * terminal cannot be used. */
int cpod_relay_run (const struct cpod_relay_config *config, struct cpod_error *err);

#endif
