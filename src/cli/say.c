/* The words of the commands: one line, one write, so that lines of several processes do not mix. */
#include "cli.h"

#include "src/base/fd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int say_fd = STDERR_FILENO;

void
cpod_say_to (int fd)
{
	if (say_fd > STDERR_FILENO)
		cpod_fd_close (&say_fd);
	say_fd = fd;
}

/* Writes "cpod: TEXT\n" to standard error; nothing can be done when that fails. */
static void __attribute__ ((format (printf, 1, 0)))
say (const char *format, va_list args)
{
	char line[2048];
	int prefix = snprintf (line, sizeof (line), "cpod: ");
	int len = vsnprintf (line + prefix, sizeof (line) - (size_t) prefix - 1, format, args);

	if (len < 0 || say_fd < 0)
		return;
	len += prefix;
	if (len > (int) sizeof (line) - 2)
		len = sizeof (line) - 2;
	line[len++] = '\n';
	(void) cpod_fd_write_all (say_fd, line, (size_t) len);
}

void
cpod_say (const char *format, ...)
{
	va_list args;

	va_start (args, format);
	say (format, args);
	va_end (args);
}

int
cpod_fail (int status, const char *format, ...)
{
	va_list args;

	va_start (args, format);
	say (format, args);
	va_end (args);
	return status;
}

int
cpod_print (struct cpod_str *text)
{
	int ret = 0;

	if (cpod_str_failed (text))
		return cpod_fail (CPOD_EXIT_SYSTEM, "out of memory");
	if (text->len > 0)
		ret = cpod_fd_write_all (STDOUT_FILENO, text->data, text->len);
	cpod_str_clear (text);
	if (ret < 0)
		return cpod_fail (CPOD_EXIT_SYSTEM, "standard output: %s", strerror (-ret));
	return CPOD_EXIT_OK;
}

int
cpod_exit_for (const struct cpod_error *err)
{
	if (err->code == EINVAL || err->code == ENOTSUP || err->code == E2BIG)
		return CPOD_EXIT_USAGE;
	return CPOD_EXIT_SYSTEM;
}
