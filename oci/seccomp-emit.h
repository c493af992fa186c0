/* Writes a cBPF program from its last instruction to its first.
 *
 * Inside the compiler (seccomp.h) only. Going backwards, the target of every jump is known when the
 * jump is written. A label is the distance of an instruction from the end. A conditional jump reaches
 * 255 instructions: for a farther target a jump of unlimited reach (BPF_JA), or a copy when the
 * target only returns, is put in between.
 *
 * Running out of the kernel's 4096 instructions is remembered in `full` and asked once, at the end.
 */
#ifndef CPOD_OCI_SECCOMP_EMIT_H
#define CPOD_OCI_SECCOMP_EMIT_H

#include "seccomp-args.h"

#define SECCOMP_EMIT_VERDICTS 32

struct seccomp_emit {
	struct sock_filter reversed[BPF_MAXINSNS];
	unsigned int n;                              /* instructions so far: the label of the next one */
	bool full, notifies;
	/* The newest returns, for reuse; when the list is full the oldest is forgotten. */
	struct { uint32_t action; unsigned int label; } returns[SECCOMP_EMIT_VERDICTS];
	unsigned int n_returns, oldest;
};

/* Numbers from first up to the next range's first, all with one verdict. */
struct seccomp_range {
	uint32_t first;
	uint32_t action;                     /* unless level */
	const struct seccomp_node *level;    /* questions about the arguments, else NULL */
};

/* Starts an empty program. */
void cpod_seccomp_emit_begin (struct seccomp_emit *emit);
/* A return of action; its label. */
unsigned int cpod_seccomp_emit_return (struct seccomp_emit *emit, uint32_t action);
/* A load of the word at offset of struct seccomp_data; its label. */
unsigned int cpod_seccomp_emit_load (struct seccomp_emit *emit, uint32_t offset);
/* `if (A OP k) goto yes; else goto no`; its label. op: BPF_JEQ, BPF_JGT or BPF_JGE. */
unsigned int cpod_seccomp_emit_test (struct seccomp_emit *emit, uint16_t op, uint32_t k, unsigned int yes,
                                     unsigned int no);
/* The questions of a call; `otherwise` is the verdict when no rule matches. Its label. */
unsigned int cpod_seccomp_emit_level (struct seccomp_emit *emit, const struct seccomp_node *level,
                                      uint32_t otherwise);
/* A search for the number in A among n >= 1 ranges (ascending, the first at 0). Its label. */
unsigned int cpod_seccomp_emit_search (struct seccomp_emit *emit, const struct seccomp_range *ranges,
                                       size_t n, uint32_t otherwise);

#endif
