/* Signals by name and number, as kill(1) knows them. */
#ifndef CPOD_BASE_SIGNALS_H
#define CPOD_BASE_SIGNALS_H

/* The number of "KILL", "SIGKILL", "kill", "9", "RTMIN+3", "RTMAX-1" (1..64), or -1. */
int cpod_signal_parse (const char *text);
/* "KILL", or NULL for a number without a name. Static. */
const char *cpod_signal_name (int signal);

#endif
