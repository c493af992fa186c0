/* The words of a failure: formatting, cleaning and prefixing of the fixed-size record.
 *
 * Every message passes through one place, put (), which makes it a single printable line: file
 * names, keys and kernel texts that came from outside cannot move the cursor of a terminal or forge
 * a second line of a log. Nothing here allocates.
 */
#include "error.h"

#include "str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes that may stand as they are: printable ASCII, and a valid multi-byte sequence that is no C1
 * control character. Returns the length of what may be kept at text, or 0. */
static size_t
kept_length (const char *text, size_t len)
{
	unsigned char first = (unsigned char) text[0];
	size_t n;

	if (first < 0x80)
		return first >= 0x20 && first != 0x7f;
	n = cpod_utf8_length (text, len);
	if (n == 2 && first == 0xc2 && (unsigned char) text[1] < 0xa0)
		return 0;
	return n;
}

/* Length of text without a multi-byte sequence that the end of the buffer cut in two. */
static size_t
whole_length (const char *text, size_t len)
{
	size_t back;

	for (back = 1; back <= 3 && back <= len; back++) {
		unsigned char c = (unsigned char) text[len - back];

		if (c >= 0xc0)
			return cpod_utf8_length (text + len - back, back) ? len : len - back;
		if (c < 0x80)
			break;
	}
	return len;
}

/* Copies text into the message: cleaned, and cut to its size. */
static void
put (struct cpod_error *err, int code, const char *text)
{
	size_t len = strlen (text), max = sizeof (err->message) - 1, from = 0, to = 0;

	while (from < len && to < max) {
		size_t n = kept_length (text + from, len - from);

		if (n > max - to)
			break;
		if (n == 0)
			err->message[to] = '?';
		else
			memcpy (err->message + to, text + from, n);
		from += n ? n : 1;
		to += n ? n : 1;
	}
	err->message[to] = '\0';
	err->code = code;
}

static size_t format_into (char *text, size_t size, const char *format, va_list args)
	__attribute__ ((format (printf, 3, 0)));

/* Formats into text[size]; what does not fit is cut between characters. Returns the length. */
static size_t
format_into (char *text, size_t size, const char *format, va_list args)
{
	int len = vsnprintf (text, size, format, args);

	if (len < 0)
		len = 0;
	if ((size_t) len >= size)
		len = (int) whole_length (text, size - 1);
	text[len] = '\0';
	return (size_t) len;
}

int
cpod_error_set (struct cpod_error *err, int code, const char *format, ...)
{
	char text[sizeof (err->message)];
	va_list args;

	if (!err)
		return -code;
	va_start (args, format);
	format_into (text, sizeof (text), format, args);
	va_end (args);
	put (err, code, text);
	return -code;
}

int
cpod_error_sys (struct cpod_error *err, int code, const char *format, ...)
{
	char text[sizeof (err->message) + 64];
	const char *words = strerrordesc_np (code);
	size_t len;
	va_list args;

	if (!err)
		return -code;
	va_start (args, format);
	len = format_into (text, sizeof (err->message) - 64, format, args);
	va_end (args);
	if (words)
		snprintf (text + len, sizeof (text) - len, ": %s", words);
	else
		snprintf (text + len, sizeof (text) - len, ": error %d", code);
	put (err, code, text);
	return -code;
}

int
cpod_error_prefix (struct cpod_error *err, int ret, const char *format, ...)
{
	char text[2 * sizeof (err->message)];
	size_t len;
	va_list args;

	if (!err || err->code == 0)
		return ret;
	va_start (args, format);
	len = format_into (text, sizeof (err->message), format, args);
	va_end (args);
	snprintf (text + len, sizeof (text) - len, ": %s", err->message);
	put (err, err->code, text);
	return -err->code;
}

int
cpod_error_oom (struct cpod_error *err)
{
	return cpod_error_set (err, ENOMEM, "not enough memory");
}
