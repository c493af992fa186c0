/* What a runtime answers, looked at before it is believed.
 *
 * A plugin is code that others wrote. What it returns decides states, is indexed with, and is shown to people: an
 * answer that breaks the ABI becomes an ordinary failure with a sentence, never a crash. The calls themselves
 * always get an error to fill, and pointers and descriptors that are set beforehand to what is no answer.
 */
#ifndef CPOD_PROBES_ANSWER_H
#define CPOD_PROBES_ANSWER_H

#include <cpod/runtime.h>

/* ret: what the runtime's function call ("start") returned; err: what it filled, zeroed before the call; not NULL.
 * 0, or a negative errno with err a clean sentence: its own, the system's words where it gave none, or -EPROTO for
 * what is neither 0 nor a negative errno. */
int cpod_answer (int ret, const char *call, struct cpod_error *err);

/* How a program has ended, as the runtime's function call tells it. 0, with unknown flags cleared; -EPROTO: such an
 * end does not exist. err may be NULL. */
int cpod_answer_exit (struct cpod_rt_exit *exit, const char *call, struct cpod_error *err);

#endif
