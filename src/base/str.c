/* A growable string: see str.h. And the one place that knows what valid UTF-8 is.
 *
 * Capacity doubles, so that adding byte by byte stays linear. After a failed allocation everything
 * that is added is dropped, and cpod_str_failed says so.
 */
#include "str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
cpod_str_finish (struct cpod_str *str)
{
	free (str->data);
	memset (str, 0, sizeof (*str));
}

/* Makes room for len more bytes and the NUL. */
static bool
reserve (struct cpod_str *str, size_t len)
{
	size_t need, capacity = str->capacity ? str->capacity : 64;
	char *data;

	if (str->failed)
		return false;
	if (__builtin_add_overflow (str->len, len, &need) || need > SIZE_MAX / 4) {
		str->failed = true;
		return false;
	}
	if (str->data && need <= str->capacity)
		return true;
	while (capacity < need)
		capacity *= 2;
	data = realloc (str->data, capacity + 1);
	if (!data) {
		str->failed = true;
		return false;
	}
	str->data = data;
	str->capacity = capacity;
	return true;
}

void
cpod_str_add_bytes (struct cpod_str *str, const void *bytes, size_t len)
{
	if (!reserve (str, len))
		return;
	if (len)
		memcpy (str->data + str->len, bytes, len);
	str->len += len;
	str->data[str->len] = '\0';
}

void
cpod_str_add (struct cpod_str *str, const char *text)
{
	cpod_str_add_bytes (str, text, strlen (text));
}

void
cpod_str_add_char (struct cpod_str *str, char c)
{
	cpod_str_add_bytes (str, &c, 1);
}

void
cpod_str_vprintf (struct cpod_str *str, const char *format, va_list args)
{
	va_list again;
	int len;

	va_copy (again, args);
	len = vsnprintf (NULL, 0, format, again);
	va_end (again);
	if (len < 0)
		str->failed = true;
	if (len < 0 || !reserve (str, (size_t) len))
		return;
	vsnprintf (str->data + str->len, (size_t) len + 1, format, args);
	str->len += (size_t) len;
}

void
cpod_str_printf (struct cpod_str *str, const char *format, ...)
{
	va_list args;

	va_start (args, format);
	cpod_str_vprintf (str, format, args);
	va_end (args);
}

void
cpod_str_clear (struct cpod_str *str)
{
	str->len = 0;
	str->failed = false;
	if (str->data)
		str->data[0] = '\0';
}

bool
cpod_str_failed (const struct cpod_str *str)
{
	return str->failed;
}

char *
cpod_str_steal (struct cpod_str *str)
{
	char *data = NULL;

	cpod_str_add_bytes (str, "", 0);
	if (!str->failed) {
		data = str->data;
		str->data = NULL;
	}
	cpod_str_finish (str);
	return data;
}

/* The second byte of a sequence has a narrower range after some first bytes (Unicode, table 3-7). */
static bool
second_byte_fits (unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

size_t
cpod_utf8_length (const char *text, size_t len)
{
	const unsigned char *bytes = (const unsigned char *) text;
	size_t n, i;

	if (len == 0)
		return 0;
	if (bytes[0] < 0x80)
		return 1;
	if (bytes[0] < 0xc2 || bytes[0] > 0xf4)
		return 0;
	n = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	if (n > len || !second_byte_fits (bytes[0], bytes[1]))
		return 0;
	for (i = 2; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}
