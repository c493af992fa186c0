/* Names, each with a number: which were there before, and where.
 *
 * A hash table in an arena, seeded anew each time, so that no document can choose names that collide.
 * Names are borrowed and must live as long as the table.
 */
#ifndef CPOD_BASE_NAMES_H
#define CPOD_BASE_NAMES_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPOD_NAMES_NONE SIZE_MAX

struct cpod_names {
	struct cpod_arena *arena;        /* borrowed */
	struct cpod_names_slot { const char *name; size_t number; } *slots;
	size_t n, capacity;              /* capacity: a power of two, or 0 */
	uint64_t seed;
};

void cpod_names_init (struct cpod_names *names, struct cpod_arena *arena);
/* The number of name, or CPOD_NAMES_NONE. */
size_t cpod_names_find (const struct cpod_names *names, const char *name);
/* Adds name with number, or leaves the one that is there; *ret_number: the number that the name then has.
 * -ENOMEM. */
int cpod_names_add (struct cpod_names *names, const char *name, size_t number, size_t *ret_number);

#endif
