/* The JSON of GET /status and GET /healthy: key order and absence of blanks are part of the interface. */
#include "seed-json.h"

#include "src/base/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void
cpod_time_text (int64_t sec, int32_t nsec, char text[CPOD_TIME_SIZE])
{
	time_t seconds = (time_t) sec;
	char fraction[16];
	struct tm tm;
	size_t len;

	if (gmtime_r (&seconds, &tm) == NULL)
		memset (&tm, 0, sizeof (tm));
	len = strftime (text, CPOD_TIME_SIZE - 12, "%Y-%m-%dT%H:%M:%S", &tm);
	if (nsec > 0 && nsec < 1000000000) {
		int digits = snprintf (fraction, sizeof (fraction), ".%09d", (int) nsec);

		while (fraction[digits - 1] == '0')
			fraction[--digits] = '\0';
		memcpy (text + len, fraction, (size_t) digits);
		len += (size_t) digits;
	}
	text[len] = 'Z';
	text[len + 1] = '\0';
}

/* Adds null, or the list of errors. */
static void
add_errors (struct cpod_str *out, const struct cpod_container_status *container)
{
	char time[CPOD_TIME_SIZE];

	if (container->n_errors == 0) {
		cpod_str_add (out, "null");
		return;
	}
	for (size_t i = 0; i < container->n_errors; i++) {
		const struct cpod_status_error *error = &container->errors[i];

		cpod_time_text (error->sec, error->nsec, time);
		cpod_str_add (out, i == 0 ? "[{\"Message\":" : ",{\"Message\":");
		cpod_json_write_string (out, error->message);
		cpod_str_printf (out, ",\"Timestamp\":\"%s\"}", time);
	}
	cpod_str_add_char (out, ']');
}

/* Adds one container's object. */
static void
add_container (struct cpod_str *out, const struct cpod_container_status *container)
{
	cpod_str_add (out, "{\"Name\":");
	cpod_json_write_string (out, container->name);
	cpod_str_add (out, ",\"States\":[");
	for (size_t i = 0; i < container->n_states; i++)
		cpod_str_printf (out, i == 0 ? "%u" : ",%u", (unsigned int) container->states[i]);
	cpod_str_add (out, "],\"LatestErrors\":");
	add_errors (out, container);
	cpod_str_printf (out, ",\"Restarts\":%u}", (unsigned int) container->restarts);
}

void
cpod_seed_json_status (struct cpod_str *out, const struct cpod_status *status)
{
	bool first = true;

	cpod_str_add_char (out, '[');
	for (size_t i = 0; i < status->n_containers; i++) {
		if (status->containers[i].init)
			continue;
		if (!first)
			cpod_str_add_char (out, ',');
		add_container (out, &status->containers[i]);
		first = false;
	}
	cpod_str_add_char (out, ']');
}

void
cpod_seed_json_healthy (struct cpod_str *out, int healthy)
{
	cpod_str_add (out, healthy ? "{\"healthy\":true}" : "{\"healthy\":false}");
}
