/* Terminals: asked once per use, never changed (no modes, no alternate screen). */
#include "term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct cpod_term
cpod_term_probe (int fd)
{
	const char *name = getenv ("TERM"), *no_colour = getenv ("NO_COLOR");
	struct cpod_term term = { 0 };
	struct winsize size;

	term.tty = isatty (fd) == 1 && name != NULL && strcmp (name, "dumb") != 0;
	if (!term.tty)
		return term;
	term.colour = no_colour == NULL || no_colour[0] == '\0';
	term.columns = ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
	return term;
}

void
cpod_term_add (struct cpod_str *out, const struct cpod_term *term, int colour, const char *text)
{
	if (!term->colour || colour == CPOD_PLAIN)
		cpod_str_add (out, text);
	else
		cpod_str_printf (out, "\033[%dm%s\033[0m", colour, text);
}

/* Bytes of the colour sequence at text (ESC [ digits and semicolons m), or 0 when it is none. */
static size_t
colour_sequence (const char *text, size_t len)
{
	size_t n = 2;

	if (len < 3 || text[0] != '\033' || text[1] != '[')
		return 0;
	while (n < len && n < 24 && ((text[n] >= '0' && text[n] <= '9') || text[n] == ';'))
		n++;
	return n < len && text[n] == 'm' ? n + 1 : 0;
}

void
cpod_term_add_safe (struct cpod_str *out, const char *text, size_t len)
{
	size_t i = 0, skip;

	while (i < len) {
		unsigned char c = (unsigned char) text[i];

		skip = colour_sequence (text + i, len - i);
		if (skip > 0) {
			cpod_str_add_bytes (out, text + i, skip);
			i += skip;
			continue;
		}
		if (c == 0xc2 && i + 1 < len && (unsigned char) text[i + 1] >= 0x80
		    && (unsigned char) text[i + 1] < 0xa0) {
			cpod_str_add_char (out, '?');   /* a control character of the C1 set */
			i += 2;
			continue;
		}
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			cpod_str_printf (out, "^%c", c ^ 0x40);
		else
			cpod_str_add_char (out, (char) c);
		i++;
	}
}
