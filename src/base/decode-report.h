/* What the decoder's engine and its messages share; callers need decode.h alone. */
#ifndef CPOD_BASE_DECODE_REPORT_H
#define CPOD_BASE_DECODE_REPORT_H

#include "decode.h"

/* Builds "FILE:LINE:COL: PATH: text" in err, with whatever of it is known; line 0: no place. Returns -code. */
int cpod_decode_report (struct cpod_decoder *decoder, uint32_t line, uint32_t column, int code,
                        struct cpod_error *err, const char *text);
/* As cpod_nearest_word, among the names of an object's fields. */
const char *cpod_nearest_field (const char *text, const struct cpod_object *object);

#endif
