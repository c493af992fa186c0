/* The fixed words of ends and durations. They are part of the HTTP interface. */
#include "pod.h"

#include <inttypes.h>
#include <stdio.h>

void
cpod_words_exit (const struct cpod_rt_exit *exit, char text[CPOD_WORDS_MAX])
{
	static const char *const signals[] = {
		[1] = "hangup", [2] = "interrupt", [3] = "quit", [4] = "illegal instruction", [5] = "trace/breakpoint trap",
		[6] = "aborted", [7] = "bus error", [8] = "floating point exception", [9] = "killed",
		[10] = "user defined signal 1", [11] = "segmentation fault", [12] = "user defined signal 2",
		[13] = "broken pipe", [14] = "alarm clock", [15] = "terminated",
	};
	const char *core = exit->flags & CPOD_RT_EXIT_CORE ? " (core dumped)" : "";

	if (exit->signal <= 0)
		snprintf (text, CPOD_WORDS_MAX, "exit status %d", exit->code);
	else if (exit->signal <= 15)
		snprintf (text, CPOD_WORDS_MAX, "signal: %s%s", signals[exit->signal], core);
	else
		snprintf (text, CPOD_WORDS_MAX, "signal: signal %d%s", exit->signal, core);
}

void
cpod_words_duration (uint64_t ms, char text[CPOD_WORDS_MAX])
{
	if (ms % 1000 == 0)
		snprintf (text, CPOD_WORDS_MAX, "%" PRIu64 "s", ms / 1000);
	else if (ms % 100 == 0)
		snprintf (text, CPOD_WORDS_MAX, "%" PRIu64 ".%" PRIu64 "s", ms / 1000, ms % 1000 / 100);
	else
		snprintf (text, CPOD_WORDS_MAX, "%" PRIu64 ".%03" PRIu64 "s", ms / 1000, ms % 1000);
}
