/* A growable string. Always NUL-terminated once something was added; failure to grow is sticky:
 * add freely, ask cpod_str_failed once at the end. */
#ifndef CPOD_BASE_STR_H
#define CPOD_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct cpod_str {
	char *data;            /* owned; NULL while empty */
	size_t len, capacity;  /* bytes, without the NUL */
	bool failed;           /* an allocation failed: the content is incomplete */
};
#define CPOD_STR_INIT { NULL, 0, 0, false }

void cpod_str_finish (struct cpod_str *str);
void cpod_str_add (struct cpod_str *str, const char *text);
void cpod_str_add_bytes (struct cpod_str *str, const void *bytes, size_t len);
void cpod_str_add_char (struct cpod_str *str, char c);
void cpod_str_printf (struct cpod_str *str, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void cpod_str_vprintf (struct cpod_str *str, const char *format, va_list args)
	__attribute__ ((format (printf, 2, 0)));
void cpod_str_clear (struct cpod_str *str);          /* keeps the memory */
bool cpod_str_failed (const struct cpod_str *str);
/* The content, to be freed by the caller; str is empty afterwards. Never NULL unless it failed. */
char *cpod_str_steal (struct cpod_str *str);

/* Bytes (1-4) of the valid UTF-8 sequence that begins text[len], or 0: overlong forms, surrogates and
 * what lies beyond U+10FFFF are not valid. */
size_t cpod_utf8_length (const char *text, size_t len);

#define cpod_autostr __attribute__ ((cleanup (cpod_str_finish))) struct cpod_str

#endif
