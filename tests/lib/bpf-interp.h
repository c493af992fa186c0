/* An interpreter of the cBPF that seccomp allows, for tests: what would the kernel answer? */
#ifndef CPOD_TESTS_BPF_INTERP_H
#define CPOD_TESTS_BPF_INTERP_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs the program on data. ret_action: what it returned. ret_steps (may be NULL): instructions run.
 * False: the program does what the kernel's checker refuses (a jump or load out of bounds, an
 * unknown instruction, no return). */
bool bpf_interp_run (const struct sock_filter *insns, size_t n, const struct seccomp_data *data,
                     uint32_t *ret_action,
                     unsigned int *ret_steps);

#endif
