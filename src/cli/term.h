/* What the other end of a descriptor can show. */
#ifndef CPOD_CLI_TERM_H
#define CPOD_CLI_TERM_H

#include "src/base/str.h"

#include <stdbool.h>

struct cpod_term {
	bool tty;         /* a terminal that understands cursor movements */
	bool colour;      /* tty, and NO_COLOR is not set */
	int columns;      /* its width; 0 when it is no terminal */
};

/* Looks at fd. */
struct cpod_term cpod_term_probe (int fd);

enum cpod_colour { CPOD_PLAIN = 0, CPOD_BOLD = 1, CPOD_DIM = 2, CPOD_RED = 31, CPOD_GREEN = 32,
                   CPOD_YELLOW = 33 };

/* Adds text in colour, or as it is where there are no colours. */
void cpod_term_add (struct cpod_str *out, const struct cpod_term *term, int colour, const char *text);
/* Adds len bytes that came from a container so that they cannot steer the terminal: control characters
 * other than tabs are shown as ^X; colours (ESC [ ... m) pass. */
void cpod_term_add_safe (struct cpod_str *out, const char *text, size_t len);

#endif
