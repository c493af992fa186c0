/* Names as people type them: whole, or any beginning that only one name has. Pure. */
#ifndef CPOD_CLI_NAMES_H
#define CPOD_CLI_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* What a given name means among others; pointers into them. */
struct cpod_choice {
	const char *name;       /* the one that is meant, when second is NULL; NULL: none */
	const char *second;     /* another one that begins so too: not clear */
	bool more;              /* and there are still others */
	const char *near;       /* none is meant: the nearest in spelling, or NULL */
};

/* Chooses among n names. One that is given whole is meant even where others begin with it; "" means none. */
struct cpod_choice cpod_names_choose (const char *given, const char *const *names, size_t n);

#endif
