/* Memory with one lifetime: chunks that are released together.
 *
 * A decoded document, a compiled plan and the strings in them live in one arena each, so that an
 * error path needs no frees. Blocks are zeroed and aligned to 16 bytes. An arena has a byte limit,
 * which is how a hostile document is kept from growing without bound. Not thread-safe.
 */
#ifndef CPOD_BASE_ARENA_H
#define CPOD_BASE_ARENA_H

#include <stddef.h>

struct cpod_arena_chunk;
struct cpod_arena {
	struct cpod_arena_chunk *chunks;   /* owned, newest first */
	size_t used, limit;                /* bytes handed out; the most there may be */
};

/* limit: bytes, 0 for none. Allocates nothing yet. */
void cpod_arena_init (struct cpod_arena *arena, size_t limit);
/* Releases everything; the arena is then as after init. */
void cpod_arena_finish (struct cpod_arena *arena);

/* size zeroed bytes, or NULL (memory or the limit is exhausted). */
void *cpod_arena_alloc (struct cpod_arena *arena, size_t size) __attribute__ ((malloc));
/* n elements of size bytes, checked for overflow, or NULL. */
void *cpod_arena_array (struct cpod_arena *arena, size_t n, size_t size) __attribute__ ((malloc));
/* A NUL-terminated copy of len bytes, or NULL. */
char *cpod_arena_strndup (struct cpod_arena *arena, const char *text, size_t len);
char *cpod_arena_strdup (struct cpod_arena *arena, const char *text);
char *cpod_arena_printf (struct cpod_arena *arena, const char *format, ...)
	__attribute__ ((format (printf, 2, 3)));

#endif
