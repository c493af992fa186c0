/* cBPF over struct seccomp_data: see bpf-interp.h. */
#include "bpf-interp.h"

#include <string.h>

/* A, X and the scratch memory. */
struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
};

/* The second operand of an arithmetic or jump instruction. */
static uint32_t
operand (const struct machine *m, const struct sock_filter *insn)
{
	return BPF_SRC (insn->code) == BPF_X ? m->x : insn->k;
}

static bool
arithmetic (struct machine *m, const struct sock_filter *insn)
{
	uint32_t v = operand (m, insn);

	switch (BPF_OP (insn->code)) {
	case BPF_ADD: m->a += v; return true;
	case BPF_SUB: m->a -= v; return true;
	case BPF_MUL: m->a *= v; return true;
	case BPF_AND: m->a &= v; return true;
	case BPF_OR:  m->a |= v; return true;
	case BPF_XOR: m->a ^= v; return true;
	case BPF_LSH: m->a = v < 32 ? m->a << v : 0; return v < 32;
	case BPF_RSH: m->a = v < 32 ? m->a >> v : 0; return v < 32;
	case BPF_NEG: m->a = -m->a; return true;
	case BPF_DIV: m->a = v ? m->a / v : 0; return v != 0;
	default: return false;
	}
}

/* The words of data at k. */
static bool
load (struct machine *m, const struct sock_filter *insn, const struct seccomp_data *data)
{
	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		if (insn->k % 4 != 0 || insn->k > sizeof (*data) - 4)
			return false;
		memcpy (&m->a, (const char *) data + insn->k, 4);
		return true;
	case BPF_LD | BPF_IMM:
		m->a = insn->k;
		return true;
	case BPF_LD | BPF_MEM:
		m->a = insn->k < BPF_MEMWORDS ? m->memory[insn->k] : 0;
		return insn->k < BPF_MEMWORDS;
	default:
		return false;
	}
}

/* The distance that a jump adds to the next instruction; false for an unknown one. */
static bool
jump (const struct machine *m, const struct sock_filter *insn, size_t *ret_distance)
{
	uint32_t v = operand (m, insn);
	bool yes;

	switch (BPF_OP (insn->code)) {
	case BPF_JA: *ret_distance = insn->k; return true;
	case BPF_JEQ: yes = m->a == v; break;
	case BPF_JGT: yes = m->a > v; break;
	case BPF_JGE: yes = m->a >= v; break;
	case BPF_JSET: yes = (m->a & v) != 0; break;
	default: return false;
	}
	*ret_distance = yes ? insn->jt : insn->jf;
	return true;
}

/* Everything but jumps and returns. */
static bool
step (struct machine *m, const struct sock_filter *insn, const struct seccomp_data *data)
{
	switch (BPF_CLASS (insn->code)) {
	case BPF_LD:
		return load (m, insn, data);
	case BPF_LDX:
		m->x = insn->k;
		return insn->code == (BPF_LDX | BPF_IMM);
	case BPF_ST:
		if (insn->k >= BPF_MEMWORDS)
			return false;
		m->memory[insn->k] = m->a;
		return true;
	case BPF_ALU:
		return arithmetic (m, insn);
	case BPF_MISC:
		if (BPF_MISCOP (insn->code) == BPF_TAX)
			m->x = m->a;
		else
			m->a = m->x;
		return true;
	default:
		return false;
	}
}

bool
bpf_interp_run (const struct sock_filter *insns, size_t n, const struct seccomp_data *data,
                uint32_t *ret_action,
                unsigned int *ret_steps)
{
	struct machine m = { .a = 0 };
	unsigned int steps = 0;
	size_t at, distance;

	for (at = 0; at < n; at++) {
		steps++;
		if (BPF_CLASS (insns[at].code) == BPF_RET) {
			*ret_action = BPF_RVAL (insns[at].code) == BPF_A ? m.a : insns[at].k;
			if (ret_steps != NULL)
				*ret_steps = steps;
			return true;
		}
		if (BPF_CLASS (insns[at].code) == BPF_JMP) {
			if (!jump (&m, &insns[at], &distance) || distance >= n - at)
				return false;
			at += distance;
		} else if (!step (&m, &insns[at], data)) {
			return false;
		}
	}
	return false;
}
