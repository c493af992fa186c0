/* Base64 as RFC 4648, section 4, has it: padded, one line. */
#ifndef CPOD_BASE_BASE64_H
#define CPOD_BASE_BASE64_H

#include "arena.h"

#include <stddef.h>

/* Decodes text; line breaks in it are passed over. *ret_bytes: *ret_len bytes and a NUL behind them, in arena.
 * -EINVAL: it is not base64; -ENOMEM. */
int cpod_base64_decode (const char *text, struct cpod_arena *arena, char **ret_bytes, size_t *ret_len);

#endif
