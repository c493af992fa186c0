/* Base64 (base64.h): the text's digits, four at a time, then the padding. */
#include "base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* The value of a digit, or -1. */
static int
digit (char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr (digits, c) : NULL;

	return at ? (int) (at - digits) : -1;
}

/* What may stand behind n digits, from text on: padding and line breaks. Bits that no byte got must be 0. */
static int
check_end (const char *text, size_t n, uint32_t bits)
{
	size_t padding = 0;

	for (; *text; text++) {
		if (*text == '=')
			padding++;
		else if (*text != '\n' && *text != '\r')
			return -EINVAL;
	}
	if (n % 4 == 1 || padding != (4 - n % 4) % 4)
		return -EINVAL;
	return n % 4 != 0 && (bits & (n % 4 == 2 ? 0xfu : 0x3u)) != 0 ? -EINVAL : 0;
}

int
cpod_base64_decode (const char *text, struct cpod_arena *arena, char **ret_bytes, size_t *ret_len)
{
	char *bytes = cpod_arena_alloc (arena, strlen (text) / 4 * 3 + 4);
	size_t n = 0, len = 0;
	uint32_t bits = 0;

	if (!bytes)
		return -ENOMEM;
	for (; *text && *text != '='; text++) {
		int value = digit (*text);

		if (value < 0 && (*text == '\n' || *text == '\r'))
			continue;
		if (value < 0)
			return -EINVAL;
		bits = (bits << 6 | (uint32_t) value) & 0xffffff;
		if (++n % 4 == 0) {
			bytes[len++] = (char) (bits >> 16);
			bytes[len++] = (char) (bits >> 8);
			bytes[len++] = (char) bits;
		}
	}
	if (check_end (text, n, bits) < 0)
		return -EINVAL;
	if (n % 4 >= 2)
		bytes[len++] = (char) (n % 4 == 2 ? bits >> 4 : bits >> 10);
	if (n % 4 == 3)
		bytes[len++] = (char) (bits >> 2);
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}
