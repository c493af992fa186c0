/* The terminal of a program that is waited for: what the user types goes in, what the program writes comes out.
 * The program's own terminal arrives through a socket; see struct cpod_bundle_options, terminal_fd. */
#ifndef CPOD_CLI_OCI_TTY_H
#define CPOD_CLI_OCI_TTY_H

#include "oci/bundle.h"

struct cpod_oci_tty {
	int socket_fd;          /* owned: the master arrives here */
	int their_fd;           /* owned: for terminal_fd */
};

int cpod_oci_tty_open (struct cpod_oci_tty *tty, struct cpod_error *err);
void cpod_oci_tty_close (struct cpod_oci_tty *tty);
/* A cpod_bundle_attend; data: a struct cpod_oci_tty. */
int cpod_oci_tty_attend (void *data, int pidfd, int signal_fd, struct cpod_error *err);

#endif
