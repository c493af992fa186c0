/* Prints oci/syscall-table.inc.
 *
 * Run by hand, by a maintainer, when libseccomp has learnt new calls or architectures; not part of
 * the build. It asks libseccomp for the name of every number that an architecture could have (also
 * the negative ones that libseccomp uses for calls an architecture lacks), then for the number of
 * every name on every architecture. Calls younger than the installed libseccomp follow from a table
 * here: since Linux 5.1 a new call has the same number everywhere.
 *
 *     cc oci/syscall-table-gen.c -lseccomp -o /tmp/gen && /tmp/gen > oci/syscall-table.inc
 */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAMES 1024
#define X32_BIT 0x40000000

static const uint32_t archs[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_AARCH64,
                                  SCMP_ARCH_ARM };
#define N_ARCHS (sizeof (archs) / sizeof (archs[0]))

/* What libseccomp 2.5.4 does not know yet. */
static const struct { const char *name; int nr; } younger[] = {
	{ "cachestat", 451 }, { "fchmodat2", 452 }, { "map_shadow_stack", 453 }, { "futex_wake", 454 },
	{ "futex_wait", 455 }, { "futex_requeue", 456 }, { "statmount", 457 }, { "listmount", 458 },
	{ "lsm_get_self_attr", 459 }, { "lsm_set_self_attr", 460 }, { "lsm_list_modules", 461 },
	{ "mseal", 462 }, { "setxattrat", 463 }, { "getxattrat", 464 }, { "listxattrat", 465 },
	{ "removexattrat", 466 }, { "open_tree_attr", 467 }, { "file_getattr", 468 }, { "file_setattr", 469 },
};

static const char *names[MAX_NAMES];
static size_t n_names;

/* Adds name once. */
static void
add (const char *name)
{
	size_t i;

	if (name == NULL)
		return;
	for (i = 0; i < n_names; i++)
		if (strcmp (names[i], name) == 0)
			return;
	if (n_names == MAX_NAMES)
		abort ();
	names[n_names++] = name;
}

/* Adds the names of first..last on every architecture. */
static void
collect (int first, int last)
{
	size_t a;
	int nr;

	for (a = 0; a < N_ARCHS; a++)
		for (nr = first; nr <= last; nr++)
			add (seccomp_syscall_resolve_num_arch (archs[a], nr));
}

/* The number of name on archs[a]: libseccomp's, else from the table above, else the error value. */
static int
number (size_t a, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch (archs[a], name);
	size_t i;

	for (i = 0; nr == __NR_SCMP_ERROR && i < sizeof (younger) / sizeof (younger[0]); i++)
		if (strcmp (younger[i].name, name) == 0)
			nr = younger[i].nr | (archs[a] == SCMP_ARCH_X32 ? X32_BIT : 0);
	return nr;
}

static int
by_name (const void *a, const void *b)
{
	return strcmp (*(const char *const *) a, *(const char *const *) b);
}

int
main (void)
{
	size_t i, a;

	collect (0, 1023);
	collect (X32_BIT, X32_BIT + 1023);
	collect (0xf0000, 0xf0010);
	collect (-300, -1);
	collect (-11000, -10000);
	for (i = 0; i < sizeof (younger) / sizeof (younger[0]); i++)
		add (younger[i].name);
	qsort (names, n_names, sizeof (names[0]), by_name);
	printf ("/* Printed by oci/syscall-table-gen.c: name, x86_64, x86, x32, aarch64, arm. */\n");
	for (i = 0; i < n_names; i++) {
		printf ("ROW (\"%s\"", names[i]);
		for (a = 0; a < N_ARCHS; a++) {
			int nr = number (a, names[i]);

			/* Below -300 there are only placeholders for "not on this architecture". */
			if (nr < -300)
				nr = -1;
			printf (nr >= X32_BIT ? ", X32 + %d" : ", %d", nr >= X32_BIT ? nr - X32_BIT : nr);
		}
		printf (")\n");
	}
	return 0;
}
