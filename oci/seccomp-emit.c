/* Ranges and trees to instructions: see seccomp-emit.h. */
#include "seccomp-emit.h"

#include <linux/seccomp.h>
#include <stddef.h>

#define REACH 255

/* An entry into a node: where it starts, and where to enter with A already holding what it loads. */
struct entry {
	unsigned int label;
	bool has_loaded;
	unsigned int loaded;
	uint32_t offset, mask;
};

void
cpod_seccomp_emit_begin (struct seccomp_emit *emit)
{
	emit->n = emit->n_returns = emit->oldest = 0;
	emit->full = emit->notifies = false;
}

/* Writes one instruction in front of the others; its label. */
static unsigned int
put (struct seccomp_emit *emit, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	if (emit->n == BPF_MAXINSNS) {
		emit->full = true;
		return 0;
	}
	emit->reversed[emit->n] = (struct sock_filter) { code, yes, no, k };
	return emit->n++;
}

/* The number of instructions between the next one and label. */
static unsigned int
distance (const struct seccomp_emit *emit, unsigned int label)
{
	return emit->n - label - 1;
}

/* A label that a jump can reach after `room` more instructions, and that leads to label. */
static unsigned int
near (struct seccomp_emit *emit, unsigned int label, unsigned int room)
{
	const struct sock_filter *target = &emit->reversed[label];

	if (emit->full || distance (emit, label) + room <= REACH)
		return label;
	if (target->code == (BPF_RET | BPF_K))
		return cpod_seccomp_emit_return (emit, target->k);
	return put (emit, BPF_JMP | BPF_JA, 0, 0, distance (emit, label));
}

unsigned int
cpod_seccomp_emit_return (struct seccomp_emit *emit, uint32_t action)
{
	unsigned int i, slot;

	for (i = 0; i < emit->n_returns; i++)
		if (emit->returns[i].action == action)
			break;
	/* Two instructions may still come between this one and the jump to it. */
	if (i < emit->n_returns && distance (emit, emit->returns[i].label) + 2 <= REACH)
		return emit->returns[i].label;
	slot = i;
	if (i == SECCOMP_EMIT_VERDICTS) {
		slot = emit->oldest;
		emit->oldest = (emit->oldest + 1) % SECCOMP_EMIT_VERDICTS;
	} else if (i == emit->n_returns) {
		emit->n_returns++;
	}
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
		emit->notifies = true;
	emit->returns[slot].action = action;
	emit->returns[slot].label = put (emit, BPF_RET | BPF_K, 0, 0, action);
	return emit->returns[slot].label;
}

unsigned int
cpod_seccomp_emit_load (struct seccomp_emit *emit, uint32_t offset)
{
	return put (emit, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

unsigned int
cpod_seccomp_emit_test (struct seccomp_emit *emit, uint16_t op, uint32_t k, unsigned int yes, unsigned int no)
{
	/* The second of two detours moves the first one away by one. */
	no = near (emit, no, 1);
	yes = near (emit, yes, 0);
	return put (emit, BPF_JMP | op | BPF_K, distance (emit, yes), distance (emit, no), k);
}

/* Where to jump, with A holding the word at offset under mask. */
static unsigned int
enter (const struct entry *entry, uint32_t offset, uint32_t mask)
{
	if (entry->has_loaded && entry->offset == offset && entry->mask == mask)
		return entry->loaded;
	return entry->label;
}

static struct entry level_entry (struct seccomp_emit *emit, const struct seccomp_node *level,
                                 struct entry behind);

/* What follows an outcome of a comparison; behind: the siblings. */
static struct entry
side_entry (struct seccomp_emit *emit, const struct seccomp_side *side, struct entry behind)
{
	if (side->decided)
		return (struct entry) { .label = cpod_seccomp_emit_return (emit, side->action) };
	if (side->level != NULL)
		return level_entry (emit, side->level, behind);
	return behind;
}

static uint16_t
opcode (enum seccomp_test test)
{
	static const uint16_t codes[] = {
		[SECCOMP_TEST_EQ] = BPF_JEQ, [SECCOMP_TEST_MASKED] = BPF_JEQ,
		[SECCOMP_TEST_GT] = BPF_JGT, [SECCOMP_TEST_GE] = BPF_JGE,
	};

	return codes[test];
}

/* Half of a comparison may have nothing to ask: no bit under the mask, or at least zero. */
static bool
always_true (const struct seccomp_node *node)
{
	if (node->test == SECCOMP_TEST_GE)
		return node->datum == 0;
	return node->test == SECCOMP_TEST_MASKED && node->mask == 0;
}

/* One comparison and all below it. */
static struct entry
node_entry (struct seccomp_emit *emit, const struct seccomp_node *node, struct entry behind)
{
	struct entry here = { .has_loaded = true, .mask = node->mask };
	struct entry yes, no;
	bool upper = node->high;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	upper = !upper;
#endif
	here.offset = offsetof (struct seccomp_data, args) + 8 * node->arg + (upper ? 4 : 0);
	yes = side_entry (emit, &node->sides[1], behind);
	if (always_true (node))
		return yes;
	no = side_entry (emit, &node->sides[0], behind);
	here.loaded = cpod_seccomp_emit_test (emit, opcode (node->test), node->datum,
	                                      enter (&yes, here.offset, here.mask),
	                                      enter (&no, here.offset, here.mask));
	if (node->mask != UINT32_MAX)
		put (emit, BPF_ALU | BPF_AND | BPF_K, 0, 0, node->mask);
	here.label = cpod_seccomp_emit_load (emit, here.offset);
	return here;
}

/* The siblings of a level, in order; behind: where the last one goes on. */
static struct entry
level_entry (struct seccomp_emit *emit, const struct seccomp_node *level, struct entry behind)
{
	if (level == NULL)
		return behind;
	return node_entry (emit, level, level_entry (emit, level->next, behind));
}

unsigned int
cpod_seccomp_emit_level (struct seccomp_emit *emit, const struct seccomp_node *level, uint32_t otherwise)
{
	struct entry behind = { .label = cpod_seccomp_emit_return (emit, otherwise) };

	return level_entry (emit, level, behind).label;
}

unsigned int
cpod_seccomp_emit_search (struct seccomp_emit *emit, const struct seccomp_range *ranges, size_t n,
                          uint32_t otherwise)
{
	unsigned int upper, lower;
	size_t middle = n / 2;

	if (n == 1 && ranges->level != NULL)
		return cpod_seccomp_emit_level (emit, ranges->level, otherwise);
	if (n == 1)
		return cpod_seccomp_emit_return (emit, ranges->action);
	upper = cpod_seccomp_emit_search (emit, ranges + middle, n - middle, otherwise);
	lower = cpod_seccomp_emit_search (emit, ranges, middle, otherwise);
	return cpod_seccomp_emit_test (emit, BPF_JGE, ranges[middle].first, upper, lower);
}
