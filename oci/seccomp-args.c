/* Rules to comparisons: see seccomp-args.h. */
#include "seccomp-args.h"

#include <errno.h>

/* How a rule's operator is spelt with the comparisons that cBPF has: `low` decides in the low half,
 * and the rule holds on outcome `holds`. */
static const struct {
	enum seccomp_test low;
	bool holds;
	bool ordered;           /* the high half decides alone when it is greater */
	unsigned char rank;     /* on a level */
} ops[] = {
	[CPOD_SECCOMP_NE] = { SECCOMP_TEST_EQ, false, false, 3 },
	[CPOD_SECCOMP_LT] = { SECCOMP_TEST_GE, false, true, 2 },
	[CPOD_SECCOMP_LE] = { SECCOMP_TEST_GT, false, true, 2 },
	[CPOD_SECCOMP_EQ] = { SECCOMP_TEST_EQ, true, false, 3 },
	[CPOD_SECCOMP_GE] = { SECCOMP_TEST_GE, true, true, 1 },
	[CPOD_SECCOMP_GT] = { SECCOMP_TEST_GT, true, true, 1 },
	[CPOD_SECCOMP_MASKED_EQ] = { SECCOMP_TEST_MASKED, true, false, 3 },
};

static int merge (struct seccomp_node **level, struct seccomp_node *node);

/* A node of arg's half, without sides; NULL: no memory. */
static struct seccomp_node *
new_node (struct cpod_arena *arena, const struct cpod_seccomp_arg *arg, bool high, enum seccomp_test test)
{
	struct seccomp_node *node = cpod_arena_alloc (arena, sizeof (*node));
	bool masked = arg->op == CPOD_SECCOMP_MASKED_EQ;
	uint64_t mask = masked ? arg->value : UINT64_MAX;
	unsigned int shift = high ? 32 : 0;

	if (node == NULL)
		return NULL;
	node->arg = arg->index;
	node->high = high;
	node->test = test;
	node->op = arg->op;
	node->full = masked ? arg->value_two : arg->value;
	node->mask = mask >> shift;
	node->datum = (node->full >> shift) & node->mask;
	return node;
}

static struct seccomp_node *chain (struct cpod_arena *arena, bool wide,
                                   const struct cpod_seccomp_arg *const args[],
                                   size_t index, uint32_t action, struct seccomp_side *ret_side);

/* The nodes of args[index], 64 bits, with everything that the rule still asks behind it.
 *
 * equal:   high == : true -> low test          ordered: high > ; false -> high == : true -> low test
 * The rule goes on where the low test comes out as `holds`, and also where the high half alone says so.
 * Each way gets a copy of what follows. */
static struct seccomp_node *
wide_nodes (struct cpod_arena *arena, const struct cpod_seccomp_arg *const args[], size_t index,
            uint32_t action)
{
	const struct cpod_seccomp_arg *arg = args[index];
	bool holds = ops[arg->op].holds, ordered = ops[arg->op].ordered;
	struct seccomp_node *first, *same, *low;
	enum seccomp_test equal = arg->op == CPOD_SECCOMP_MASKED_EQ ? SECCOMP_TEST_MASKED : SECCOMP_TEST_EQ;

	same = first = new_node (arena, arg, true, equal);
	low = new_node (arena, arg, false, ops[arg->op].low);
	if (ordered)
		first = new_node (arena, arg, true, SECCOMP_TEST_GT);
	if (first == NULL || same == NULL || low == NULL)
		return NULL;
	same->sides[true].level = low;
	if (ordered)
		first->sides[false].level = same;
	if (ordered && holds && chain (arena, true, args, index + 1, action, &first->sides[true]) == NULL)
		return NULL;
	if (!holds && chain (arena, true, args, index + 1, action, &same->sides[false]) == NULL)
		return NULL;
	if (chain (arena, true, args, index + 1, action, &low->sides[holds]) == NULL)
		return NULL;
	return first;
}

/* The same, 32 bits. */
static struct seccomp_node *
narrow_node (struct cpod_arena *arena, const struct cpod_seccomp_arg *const args[], size_t index,
             uint32_t action)
{
	const struct cpod_seccomp_arg *arg = args[index];
	struct seccomp_node *node = new_node (arena, arg, false, ops[arg->op].low);

	if (node == NULL || chain (arena, false, args, index + 1, action,
	                           &node->sides[ops[arg->op].holds]) == NULL)
		return NULL;
	return node;
}

/* Whether the comparison can fail: a mask of zeros holds always and is left out. */
static bool
can_fail (const struct cpod_seccomp_arg *arg, bool wide)
{
	if (arg == NULL)
		return false;
	if (arg->op != CPOD_SECCOMP_MASKED_EQ)
		return true;
	return wide ? arg->value != 0 : (uint32_t) arg->value != 0;
}

/* Sets *ret_side to what args[index..] ask: a level, or the verdict behind the last comparison.
 * Returns NULL without memory, else some non-NULL pointer. */
static struct seccomp_node *
chain (struct cpod_arena *arena, bool wide, const struct cpod_seccomp_arg *const args[], size_t index,
       uint32_t action, struct seccomp_side *ret_side)
{
	static struct seccomp_node decided;

	while (index < CPOD_SECCOMP_N_ARGS && !can_fail (args[index], wide))
		index++;
	if (index == CPOD_SECCOMP_N_ARGS) {
		ret_side->decided = true;
		ret_side->action = action;
		return &decided;
	}
	ret_side->level = wide ? wide_nodes (arena, args, index, action)
		: narrow_node (arena, args, index, action);
	return ret_side->level;
}

/* Whether a and b ask the same. */
static bool
same_question (const struct seccomp_node *a, const struct seccomp_node *b)
{
	return a->arg == b->arg && a->high == b->high && a->test == b->test && a->datum == b->datum
		&& a->mask == b->mask;
}

/* Whether a stands in front of b on a level. */
static bool
in_front (const struct seccomp_node *a, const struct seccomp_node *b)
{
	unsigned int half_a = a->arg * 2u + a->high, half_b = b->arg * 2u + b->high;

	if (half_a != half_b)
		return half_a > half_b;
	if (ops[a->op].rank != ops[b->op].rank)
		return ops[a->op].rank > ops[b->op].rank;
	if (a->op == CPOD_SECCOMP_LT || a->op == CPOD_SECCOMP_LE)
		return a->datum < b->datum;
	return a->datum > b->datum;
}

/* Whether every verdict from node on is action. */
static bool
only (const struct seccomp_node *node, uint32_t action)
{
	int outcome;

	for (; node != NULL; node = node->next)
		for (outcome = 0; outcome < 2; outcome++) {
			if (node->sides[outcome].decided && node->sides[outcome].action != action)
				return false;
			if (!only (node->sides[outcome].level, action))
				return false;
		}
	return true;
}

static bool
is_leaf (const struct seccomp_node *node)
{
	return node->sides[0].level == NULL && node->sides[1].level == NULL;
}

/* The new rule decides an outcome of a node that there is already. */
static int
merge_verdict (struct seccomp_node *old, const struct seccomp_node *new, bool outcome)
{
	struct seccomp_side *side = &old->sides[outcome];
	uint32_t action = new->sides[outcome].action;

	if (!side->decided) {
		if (!only (side->level, action))
			return -EEXIST;
		*side = (struct seccomp_side) { .decided = true, .action = action };
		return 0;
	}
	if (side->action == action)
		return 0;
	if (is_leaf (old) || is_leaf (new))
		return -EEXIST;
	/* Two `greater` with the same high half: the larger bound decides above it. */
	if (outcome && new->high && new->full > old->full)
		side->action = action;
	return 0;
}

/* Joins new, with all below it, to old, which asks the same. */
static int
merge_node (struct seccomp_node *old, struct seccomp_node *new)
{
	int i, ret = 0;

	for (i = 1; i >= 0 && ret == 0; i--)
		if (new->sides[i].decided)
			ret = merge_verdict (old, new, i);
	for (i = 1; i >= 0 && ret == 0; i--) {
		struct seccomp_side *side = &old->sides[i];

		/* Behind a verdict the new rule is unreachable. */
		if (new->sides[i].level == NULL || side->decided)
			continue;
		ret = merge (&side->level, new->sides[i].level);
	}
	return ret;
}

/* Adds node, alone on its level, to *level. */
static int
merge (struct seccomp_node **level, struct seccomp_node *node)
{
	for (; *level != NULL; level = &(*level)->next) {
		if (same_question (*level, node))
			return merge_node (*level, node);
		if (in_front (node, *level))
			break;
	}
	node->next = *level;
	*level = node;
	return 0;
}

int
cpod_seccomp_args_add (struct cpod_arena *arena, struct seccomp_call *call, bool wide,
                       const struct cpod_seccomp_arg *const args[], uint32_t action)
{
	struct seccomp_side side = { .decided = false };

	if (call->always)
		return 0;
	if (chain (arena, wide, args, 0, action, &side) == NULL)
		return -ENOMEM;
	if (!side.decided)
		return merge (&call->level, side.level);
	call->always = true;
	call->action = action;
	call->level = NULL;
	return 0;
}
