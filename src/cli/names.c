/* Whole names, beginnings, near misses; see names.h. */
#include "names.h"

#include "src/base/decode.h"

#include <stdlib.h>
#include <string.h>

/* The nearest of the names, which need not end with a NULL. */
static const char *
nearest (const char *given, const char *const *names, size_t n)
{
	const char **list = calloc (n + 1, sizeof (*list)), *near;

	if (list == NULL)
		return NULL;
	memcpy (list, names, n * sizeof (*list));
	near = cpod_nearest_word (given, list);
	free (list);
	return near;
}

struct cpod_choice
cpod_names_choose (const char *given, const char *const *names, size_t n)
{
	struct cpod_choice choice = { 0 };
	const size_t len = strlen (given);

	for (size_t i = 0; i < n && len > 0; i++) {
		if (strcmp (names[i], given) == 0)
			return (struct cpod_choice) { .name = names[i] };
		if (strncmp (names[i], given, len) != 0)
			continue;
		choice.more = choice.more || choice.second != NULL;
		if (choice.name == NULL)
			choice.name = names[i];
		else if (choice.second == NULL)
			choice.second = names[i];
	}
	if (choice.name == NULL)
		choice.near = n > 0 ? nearest (given, names, n) : NULL;
	return choice;
}
