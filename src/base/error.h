/* The words of a failure.
 *
 * Every fallible function returns 0 or a negative errno and, last, takes a struct cpod_error that
 * the caller owns (cpod/runtime.h). It is a fixed-size record: making an error never allocates. On
 * success it is untouched. Context is put in front on the way up, so that the reader of
 *
 *     pod.json:7:12: containers[1].spec.mounts[3]: mount tmpfs on /data: Permission denied
 *
 * sees where before what. A message is one sentence without a newline; text that came from outside
 * is cleaned of control characters. A NULL err is allowed everywhere: then only the code is had.
 */
#ifndef CPOD_BASE_ERROR_H
#define CPOD_BASE_ERROR_H

#include <cpod/runtime.h>

/* Sets code (a positive errno) and the formatted message. Returns -code. */
int cpod_error_set (struct cpod_error *err, int code, const char *format, ...)
	__attribute__ ((format (printf, 3, 4)));

/* As cpod_error_set, with ": " and the system's words for code behind the formatted text. */
int cpod_error_sys (struct cpod_error *err, int code, const char *format, ...)
	__attribute__ ((format (printf, 3, 4)));

/* Puts the formatted text and ": " in front of the message. Returns -err->code, so that
 * `return cpod_error_prefix (err, ret, "...")` reads well; ret is returned when err is NULL. */
int cpod_error_prefix (struct cpod_error *err, int ret, const char *format, ...)
	__attribute__ ((format (printf, 3, 4)));

/* An allocation failed: code ENOMEM. Returns -ENOMEM. */
int cpod_error_oom (struct cpod_error *err);

#endif
