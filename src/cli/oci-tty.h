/* The terminal of a program that is waited for: what the user types goes in, what the program writes comes out.
 * The program's own terminal arrives through a socket. */
#ifndef CPOD_CLI_OCI_TTY_H
#define CPOD_CLI_OCI_TTY_H

#include "oci/bundle.h"

extern const struct cpod_bundle_terminal cpod_oci_tty;

#endif
