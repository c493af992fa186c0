/* Comparing a compiled filter with libseccomp's own, call by call.
 *
 * Probes are calls (architecture, number, arguments) with the verdict of libseccomp's exported filter
 * for the same profile. They cover every number 0..1023 of each architecture and the x32 range, an
 * architecture that no profile lists, and for each call that some rule asks about the arguments of,
 * combinations of the constants that the rules compare with, their neighbours and the boundaries of 32 and 64
 * bits. What libseccomp 2.5 gets wrong itself is kept out by those who make the profiles
 * (tests/unit/test-seccomp.c says what it is).
 */
#ifndef CPOD_TESTS_SECCOMP_PROBE_H
#define CPOD_TESTS_SECCOMP_PROBE_H

#include "oci/seccomp.h"

#include <linux/seccomp.h>

/* A reproducible source of numbers (xorshift64). */
struct probe_random { uint64_t state; };
uint64_t probe_random_next (struct probe_random *random);
/* 0..n-1 */
static inline size_t
probe_random_below (struct probe_random *random, size_t n)
{
	return probe_random_next (random) % n;
}

/* Values at which comparisons change their outcome. */
extern const uint64_t probe_boundaries[];
extern const size_t probe_n_boundaries;

struct probe {
	struct seccomp_data data;
	uint32_t verdict;
};

struct probes {
	struct probe *list;      /* owned */
	size_t n, max;
};

/* The calls worth asking about profile, without verdicts. per_call: combinations of arguments for each call
 * that rules ask the arguments of; per_number: calls of every number with one of the rules' constants. */
void probes_init (struct probes *probes, const struct cpod_seccomp_profile *profile, size_t per_call,
                  size_t per_number,
                  struct probe_random *random);
void probes_finish (struct probes *probes);

/* libseccomp's filter for profile, malloc'ed. False: libseccomp refuses the profile. */
bool probe_export (const struct cpod_seccomp_profile *profile, struct sock_filter **ret_insns, size_t *ret_n);

/* Sets the verdicts to those of a program that must run. */
void probes_answer (struct probes *probes, const struct sock_filter *insns, size_t n);

/* The first probe that the program answers otherwise (or cannot run on), or NULL. ret_verdict may be NULL. */
const struct probe *probes_differ (const struct probes *probes, const struct sock_filter *insns, size_t n,
                                   uint32_t *ret_verdict);

/* Whether arg holds for value, compared in 64 bits (wide) or 32. */
bool probe_holds (const struct cpod_seccomp_arg *arg, bool wide, uint64_t value);

/* The architecture of a call. */
enum cpod_arch probe_arch (const struct seccomp_data *data);
/* Its AUDIT_ARCH_ token. */
uint32_t probe_token (enum cpod_arch arch);

#endif
