/* Quantities (quantity.h): the digits become an integer, the suffix a power of two and one of ten. */
#include "quantity.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NANO        INT64_C (1000000000)
#define MAX_NANO    ((__int128) INT64_MAX * NANO)
#define MAX_DIGITS  20u           /* significant ones; what comes behind is rounded. 10^20 * 2^60 fits into 128 bits */

static const struct suffix {
	const char *text;
	int two, ten;             /* exponents */
} suffixes[] = {
	{ "", 0, 0 },
	{ "n", 0, -9 }, { "u", 0, -6 }, { "m", 0, -3 },
	{ "k", 0, 3 }, { "M", 0, 6 }, { "G", 0, 9 }, { "T", 0, 12 }, { "P", 0, 15 }, { "E", 0, 18 },
	{ "Ki", 10, 0 }, { "Mi", 20, 0 }, { "Gi", 30, 0 }, { "Ti", 40, 0 }, { "Pi", 50, 0 }, { "Ei", 60, 0 },
};

/* The exponents that text, all that is behind the number, stands for. */
static bool
read_suffix (const char *text, int *ret_two, int *ret_ten)
{
	size_t digits;
	bool sign;

	*ret_two = *ret_ten = 0;
	for (size_t i = 0; i < sizeof (suffixes) / sizeof (suffixes[0]); i++) {
		if (strcmp (suffixes[i].text, text) != 0)
			continue;
		*ret_two = suffixes[i].two;
		*ret_ten = suffixes[i].ten;
		return true;
	}
	sign = text[0] && (text[1] == '-' || text[1] == '+');
	digits = strspn (text + 1 + sign, "0123456789");
	if ((text[0] != 'e' && text[0] != 'E') || digits == 0 || text[1 + sign + digits])
		return false;
	*ret_ten = digits > 4 ? 9999 : atoi (text + 1 + sign);
	if (text[1] == '-')
		*ret_ten = -*ret_ten;
	return true;
}

/* value * 2^two * 10^ten, rounded up. -ERANGE when it is over MAX_NANO. */
static int
scale (unsigned __int128 value, int two, int ten, __int128 *ret)
{
	bool rest = false;

	value <<= two;
	for (; ten > 0 && value > 0 && value <= (unsigned __int128) MAX_NANO; ten--)
		value *= 10;
	for (; ten < 0 && value > 0; ten++) {
		rest = rest || value % 10 != 0;
		value /= 10;
	}
	value += rest;
	if (value > (unsigned __int128) MAX_NANO)
		return -ERANGE;
	*ret = (__int128) value;
	return 0;
}

int
cpod_quantity_parse (const char *text, struct cpod_quantity *ret)
{
	bool negative = *text == '-', point = false, any = false, cut = false;
	unsigned __int128 value = 0;
	int two, ten, shift = 0, status;
	unsigned int digits = 0;
	__int128 nano;

	text += *text == '-' || *text == '+';
	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		any = true;
		if (digits < MAX_DIGITS) {
			value = value * 10 + (unsigned int) (*text - '0');
			digits += value > 0;
			shift -= point;
		} else {
			cut = cut || *text != '0';
			shift += !point;
		}
	}
	if (!any || !read_suffix (text, &two, &ten))
		return -EINVAL;
	status = scale (value + cut, two, ten + shift + 9, &nano);
	if (status < 0)
		return status;
	ret->nano = negative ? -nano : nano;
	return 0;
}

/* nano / unit, rounded up. */
static int64_t
divide (__int128 nano, __int128 unit)
{
	__int128 value = nano / unit + (nano % unit > 0);

	return value > INT64_MAX ? INT64_MAX : (int64_t) value;
}

int64_t
cpod_quantity_units (struct cpod_quantity quantity)
{
	return divide (quantity.nano, NANO);
}

int64_t
cpod_quantity_milli (struct cpod_quantity quantity)
{
	return divide (quantity.nano, NANO / 1000);
}

int64_t
cpod_quantity_divide (struct cpod_quantity quantity, struct cpod_quantity divisor)
{
	return divide (quantity.nano, divisor.nano);
}
