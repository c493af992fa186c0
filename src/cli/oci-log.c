/* What cpod-oci says: "cpod-oci: ..." on standard error for people, and a record in the log for the engine that
 * called: it reads the last error from there. A record is one write, so that those of two commands never mix. */
#include "oci.h"

#include "src/base/json.h"
#include "src/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const level_words[] = { "error", "warning", "debug" };

static void
log_record (const struct cpod_oci_cli *cli, enum cpod_oci_level level, const char *message)
{
	cpod_autostr line = CPOD_STR_INIT;
	struct timespec time = { 0 };
	char now[CPOD_STATE_TIME];

	(void) clock_gettime (CLOCK_REALTIME, &time);
	cpod_bundle_state_time (time.tv_sec, time.tv_nsec, now);
	if (cli->log_json) {
		cpod_str_add (&line, "{\"msg\":");
		cpod_json_write_string (&line, message);
		cpod_str_printf (&line, ",\"level\":\"%s\",\"time\":\"%s\"}\n", level_words[level], now);
	} else {
		cpod_str_printf (&line, "time=\"%s\" level=%s msg=", now, level_words[level]);
		cpod_json_write_string (&line, message);
		cpod_str_add_char (&line, '\n');
	}
	if (!cpod_str_failed (&line))
		(void) !write (cli->log_fd, line.data, line.len);     /* there is nobody else to tell */
}

static void
say (struct cpod_oci_cli *cli, enum cpod_oci_level level, const char *message)
{
	char line[1400];
	int len;

	if (level == CPOD_OCI_DEBUG && !cli->debug)
		return;
	if (cli->log_fd >= 0)
		log_record (cli, level, message);
	len = snprintf (line, sizeof (line), "cpod-oci: %s%s%s\n", level == CPOD_OCI_ERROR ? "" : level_words[level],
	                level == CPOD_OCI_ERROR ? "" : ": ", message);
	(void) !write (STDERR_FILENO, line, (size_t) len < sizeof (line) ? (size_t) len : sizeof (line) - 1);
}

void
cpod_oci_say (struct cpod_oci_cli *cli, enum cpod_oci_level level, const char *format, ...)
{
	char message[1200];
	va_list args;

	va_start (args, format);
	(void) vsnprintf (message, sizeof (message), format, args);
	va_end (args);
	say (cli, level, message);
}

int
cpod_oci_fail (struct cpod_oci_cli *cli, const char *format, ...)
{
	char message[1200];
	va_list args;

	va_start (args, format);
	(void) vsnprintf (message, sizeof (message), format, args);
	va_end (args);
	say (cli, CPOD_OCI_ERROR, message);
	return 1;
}

void
cpod_oci_warn (void *data, const char *message)
{
	say (data, CPOD_OCI_WARNING, message);
}

int
cpod_oci_print (struct cpod_oci_cli *cli, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write (STDOUT_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cpod_oci_fail (cli, "write to standard output: %s", strerror (errno));
		text += n;
		len -= (size_t) n;
	}
	return 0;
}
