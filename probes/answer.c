/* The answers of a runtime (answer.h). */
#include "answer.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>

#define ERRNO_MAX 4095   /* what the kernel returns as an error, at most */
#define FLAGS (CPOD_RT_EXIT_OOM | CPOD_RT_EXIT_CORE | CPOD_RT_EXIT_LOST)

int
cpod_answer (int ret, const char *call, struct cpod_error *err)
{
	char message[sizeof (err->message)];

	if (ret == 0)
		return 0;
	if (ret > 0 || ret < -ERRNO_MAX)
		return cpod_error_set (err, EPROTO, "the runtime's %s returned %d, which is neither 0 nor a negative errno", call,
		                       ret);
	memcpy (message, err->message, sizeof (message));
	message[sizeof (message) - 1] = '\0';
	if (message[0] == '\0')
		return cpod_error_sys (err, -ret, "the runtime's %s", call);
	return cpod_error_set (err, -ret, "%s", message);
}

int
cpod_answer_exit (struct cpod_rt_exit *exit, const char *call, struct cpod_error *err)
{
	int by_itself = exit->signal == 0 && exit->code >= 0 && exit->code <= 255;
	int by_signal = exit->signal >= 1 && exit->signal <= 64 && exit->code == 128 + exit->signal;
	/* Nobody knows how it ended: the code is fixed, the signal is the runtime's guess. */
	int lost = (exit->flags & CPOD_RT_EXIT_LOST) && exit->code == 137 && exit->signal >= 0 && exit->signal <= 64;

	if (!by_itself && !by_signal && !lost)
		return cpod_error_set (err, EPROTO, "the runtime's %s told an end that does not exist: code %d, signal %d", call,
		                       exit->code, exit->signal);
	exit->flags &= FLAGS;
	exit->reserved = 0;
	return 0;
}
