/* Memory with one lifetime: see arena.h.
 *
 * Chunks come zeroed from calloc and double from 4 KiB up to 256 KiB. A block that is large against
 * the current chunk gets a chunk of its own, put behind the newest one, whose rest stays usable.
 * Strings need no alignment and are packed.
 */
#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN ((size_t) 4 << 10)
#define CHUNK_MAX ((size_t) 256 << 10)

struct cpod_arena_chunk {
	struct cpod_arena_chunk *next;
	size_t size, used;             /* bytes of data */
	alignas (16) char data[];
};

void
cpod_arena_init (struct cpod_arena *arena, size_t limit)
{
	memset (arena, 0, sizeof (*arena));
	arena->limit = limit;
}

void
cpod_arena_finish (struct cpod_arena *arena)
{
	while (arena->chunks) {
		struct cpod_arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		free (chunk);
	}
	arena->used = 0;
}

/* A new chunk with room for size bytes, linked into the arena, or NULL. */
static struct cpod_arena_chunk *
add_chunk (struct cpod_arena *arena, size_t size)
{
	struct cpod_arena_chunk *newest = arena->chunks, *chunk;
	size_t room = newest ? newest->size * 2 : CHUNK_MIN;
	bool single;

	if (room > CHUNK_MAX)
		room = CHUNK_MAX;
	single = newest && size > room / 4;
	if (size > room || single)
		room = size;
	if (room > PTRDIFF_MAX - sizeof (*chunk))
		return NULL;
	chunk = calloc (1, sizeof (*chunk) + room);
	if (!chunk)
		return NULL;
	chunk->size = room;
	if (single) {
		chunk->next = newest->next;
		newest->next = chunk;
	} else {
		chunk->next = newest;
		arena->chunks = chunk;
	}
	return chunk;
}

/* size bytes at a multiple of align, or NULL. */
static void *
take (struct cpod_arena *arena, size_t size, size_t align)
{
	struct cpod_arena_chunk *chunk = arena->chunks;
	size_t start = 0;

	if (arena->limit && (arena->used > arena->limit || size > arena->limit - arena->used))
		return NULL;
	if (chunk)
		start = (chunk->used + align - 1) & ~(align - 1);
	if (!chunk || start > chunk->size || size > chunk->size - start) {
		chunk = add_chunk (arena, size);
		start = 0;
	}
	if (!chunk)
		return NULL;
	chunk->used = start + size;
	arena->used += size;
	return chunk->data + start;
}

void *
cpod_arena_alloc (struct cpod_arena *arena, size_t size)
{
	if (size > SIZE_MAX - 15)
		return NULL;
	return take (arena, (size + 15) & ~(size_t) 15, 16);
}

void *
cpod_arena_array (struct cpod_arena *arena, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow (n, size, &bytes))
		return NULL;
	return cpod_arena_alloc (arena, bytes);
}

char *
cpod_arena_strndup (struct cpod_arena *arena, const char *text, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		return NULL;
	copy = take (arena, len + 1, 1);
	if (copy && len)
		memcpy (copy, text, len);
	return copy;
}

char *
cpod_arena_strdup (struct cpod_arena *arena, const char *text)
{
	return cpod_arena_strndup (arena, text, strlen (text));
}

char *
cpod_arena_printf (struct cpod_arena *arena, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	va_start (args, format);
	len = vsnprintf (NULL, 0, format, args);
	va_end (args);
	if (len >= 0)
		text = take (arena, (size_t) len + 1, 1);
	if (!text)
		return NULL;
	va_start (args, format);
	vsnprintf (text, (size_t) len + 1, format, args);
	va_end (args);
	return text;
}
