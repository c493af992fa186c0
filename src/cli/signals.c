/* A table of the numbers that Linux gives the signals (they are the same on every architecture that cpod
 * runs on). */
#include "signals.h"

#include "args.h"

#include <stddef.h>
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

/* "RTMIN+N" and "RTMAX-N", or -1. */
static int
parse_realtime (const char *text)
{
	long offset;

	if (strncasecmp (text, "RTMIN+", 6) == 0 && cpod_args_number (text + 6, 0, 30, &offset) == 0)
		return 34 + (int) offset;
	if (strncasecmp (text, "RTMAX-", 6) == 0 && cpod_args_number (text + 6, 0, 30, &offset) == 0)
		return 64 - (int) offset;
	return -1;
}

int
cpod_signal_parse (const char *text)
{
	long number;

	if (cpod_args_number (text, 1, 64, &number) == 0)
		return (int) number;
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
