/* A table of the numbers that Linux gives the signals (they are the same on every architecture that cpod
 * runs on). */
#include "signals.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {
	NULL, "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
	"PIPE",
	"ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM",
	"PROF", "WINCH", "IO", "PWR", "SYS",
};

/* Other names of the same signals. */
static const struct { const char *name; int number; } aliases[] = {
	{ "IOT", 6 }, { "CLD", 17 }, { "POLL", 29 }, { "UNUSED", 31 }, { "RTMIN", 34 }, { "RTMAX", 64 },
};

/* A number of one or two digits from min to max, or -1. */
static int
parse_number (const char *text, int min, int max)
{
	size_t len = strspn (text, "0123456789");
	int number = len >= 1 && len <= 2 && text[len] == '\0' ? atoi (text) : -1;

	return number >= min && number <= max ? number : -1;
}

/* "RTMIN+N" and "RTMAX-N", or -1. */
static int
parse_realtime (const char *text)
{
	int offset = strlen (text) > 6 ? parse_number (text + 6, 0, 30) : -1;

	if (offset >= 0 && strncasecmp (text, "RTMIN+", 6) == 0)
		return 34 + offset;
	if (offset >= 0 && strncasecmp (text, "RTMAX-", 6) == 0)
		return 64 - offset;
	return -1;
}

int
cpod_signal_parse (const char *text)
{
	int number = parse_number (text, 1, 64);

	if (number > 0)
		return number;
	if (strncasecmp (text, "SIG", 3) == 0)
		text += 3;
	for (size_t i = 1; i < sizeof (names) / sizeof (names[0]); i++)
		if (strcasecmp (text, names[i]) == 0)
			return (int) i;
	for (size_t i = 0; i < sizeof (aliases) / sizeof (aliases[0]); i++)
		if (strcasecmp (text, aliases[i].name) == 0)
			return aliases[i].number;
	return parse_realtime (text);
}

const char *
cpod_signal_name (int signal)
{
	return signal > 0 && (size_t) signal < sizeof (names) / sizeof (names[0]) ? names[signal] : NULL;
}
