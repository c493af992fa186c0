/* The table of names.h: open addressing, at most half full, grown by doubling. */
#include "names.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_CAPACITY 16u

void
cpod_names_init (struct cpod_names *names, struct cpod_arena *arena)
{
	memset (names, 0, sizeof (*names));
	names->arena = arena;
	if (getrandom (&names->seed, sizeof (names->seed), GRND_NONBLOCK) < 0)
		names->seed = (uintptr_t) names;   /* early at boot: an address must do */
}

/* A hash that depends on the seed in every step. */
static uint64_t
hash (uint64_t seed, const char *name)
{
	uint64_t value = seed;

	for (; *name; name++) {
		value = (value ^ (unsigned char) *name) * UINT64_C (0x9e3779b97f4a7c15);
		value ^= (value >> 29) ^ seed;
	}
	return value ^ (value >> 32);
}

/* The slot of name, or the free one where it belongs. */
static struct cpod_names_slot *
find_slot (const struct cpod_names *names, const char *name)
{
	size_t at = hash (names->seed, name) & (names->capacity - 1);

	while (names->slots[at].name && strcmp (names->slots[at].name, name) != 0)
		at = (at + 1) & (names->capacity - 1);
	return &names->slots[at];
}

size_t
cpod_names_find (const struct cpod_names *names, const char *name)
{
	const struct cpod_names_slot *slot = names->capacity ? find_slot (names, name) : NULL;

	return slot && slot->name ? slot->number : CPOD_NAMES_NONE;
}

/* Twice the room; the old table stays in the arena. */
static int
grow (struct cpod_names *names)
{
	struct cpod_names old = *names;

	names->capacity = old.capacity ? old.capacity * 2 : FIRST_CAPACITY;
	names->slots = cpod_arena_array (names->arena, names->capacity, sizeof (*names->slots));
	if (!names->slots) {
		*names = old;
		return -ENOMEM;
	}
	for (size_t i = 0; i < old.capacity; i++)
		if (old.slots[i].name)
			*find_slot (names, old.slots[i].name) = old.slots[i];
	return 0;
}

int
cpod_names_add (struct cpod_names *names, const char *name, size_t number, size_t *ret_number)
{
	struct cpod_names_slot *slot;

	if (names->n * 2 >= names->capacity && grow (names) < 0)
		return -ENOMEM;
	slot = find_slot (names, name);
	if (!slot->name) {
		*slot = (struct cpod_names_slot) { name, number };
		names->n++;
	}
	*ret_number = slot->number;
	return 0;
}
