/* The rules of one call, merged into a tree of 32-bit comparisons.
 *
 * Inside the compiler (seccomp.h) only. A level is a list of nodes tried in order; a node compares one
 * half of an argument and goes on, for each outcome, to a verdict, to a deeper level, or (neither) to
 * its next sibling and, behind the last one, to the siblings of the node above. The order on a level is
 * libseccomp's: higher arguments first, high halves first, then equality before less before greater,
 * then the narrower bound; a tie keeps the order of the rules.
 *
 * Where two rules meet in one node, a shorter rule covers a longer one with the same action, a longer
 * rule behind a shorter one is unreachable, and a shorter rule behind a longer one with another
 * action is a contradiction.
 *
 * Two habits of libseccomp are not followed, because its filter then answers what no matching rule says: it
 * shares the sub-tree of the two ways to satisfy a 64-bit `greater` or `less`, so that what is added
 * under one bound appears under another; and it drops all of a rule when one of those ways is
 * already decided.
 */
#ifndef CPOD_OCI_SECCOMP_ARGS_H
#define CPOD_OCI_SECCOMP_ARGS_H

#include "seccomp.h"

#define CPOD_SECCOMP_N_ARGS 6

/* What follows one outcome of a comparison. */
struct seccomp_side {
	bool decided;
	uint32_t action;                 /* if decided */
	struct seccomp_node *level;      /* else: the first node of the next level, or NULL */
};

/* The comparisons that cBPF has. */
enum seccomp_test { SECCOMP_TEST_EQ, SECCOMP_TEST_MASKED, SECCOMP_TEST_GT, SECCOMP_TEST_GE };

struct seccomp_node {
	struct seccomp_node *next;       /* sibling */
	unsigned char arg;
	bool high;                       /* the upper 32 bits */
	enum seccomp_test test;
	enum cpod_seccomp_op op;         /* of the rule that made the node: orders the level */
	uint32_t mask, datum;
	uint64_t full;                   /* the rule's whole value */
	struct seccomp_side sides[2];    /* outcome false, true */
};

/* One number. */
struct seccomp_call {
	uint32_t nr;
	bool always;                     /* one verdict, whatever the arguments */
	uint32_t action;                 /* if always */
	struct seccomp_node *level;      /* else */
};

/* Adds the rule "action if all of args hold" to call. args: CPOD_SECCOMP_N_ARGS slots by index, NULL where
 * there is no comparison. wide: compare 64 bits. 0, -EEXIST for a contradiction, -ENOMEM. */
int cpod_seccomp_args_add (struct cpod_arena *arena, struct seccomp_call *call, bool wide,
                           const struct cpod_seccomp_arg *const args[], uint32_t action);

#endif
