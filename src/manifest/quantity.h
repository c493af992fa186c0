/* Kubernetes' resource quantities: "500m", "1.5Gi", "2e3", 4.
 *
 * A sign, decimal digits with at most one point, and a suffix: n u m k M G T P E (powers of ten),
 * Ki Mi Gi Ti Pi Ei (powers of two), or an exponent (e or E and digits). Held in billionths, rounded
 * away from zero, as the API does.
 */
#ifndef CPOD_POD_QUANTITY_H
#define CPOD_POD_QUANTITY_H

#include <stdint.h>

struct cpod_quantity { __int128 nano; };

/* 0; -EINVAL: it is no quantity; -ERANGE: more than 2^63 - 1. */
int cpod_quantity_parse (const char *text, struct cpod_quantity *ret);
/* In units, and in thousandths, rounded up. INT64_MAX at most. */
int64_t cpod_quantity_units (struct cpod_quantity quantity);
int64_t cpod_quantity_milli (struct cpod_quantity quantity);
/* quantity / divisor, rounded up; divisor must be positive. */
int64_t cpod_quantity_divide (struct cpod_quantity quantity, struct cpod_quantity divisor);

#endif
