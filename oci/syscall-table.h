/* Names and numbers of system calls on the architectures that cpod compiles filters for.
 *
 * libseccomp resolves a name by walking its whole table, once per name and architecture; for a
 * profile of 400 names that is milliseconds. This table holds the same facts sorted, for a binary
 * search, and knows calls younger than the installed libseccomp. A name that is not in it is asked of
 * libseccomp. tests/unit/test-seccomp.c proves the two equal, in both directions.
 */
#ifndef CPOD_OCI_SYSCALL_TABLE_H
#define CPOD_OCI_SYSCALL_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* In the order of the columns of syscall-table.inc. */
enum cpod_arch {
	CPOD_ARCH_X86_64,
	CPOD_ARCH_X86,
	CPOD_ARCH_X32,
	CPOD_ARCH_AARCH64,
	CPOD_ARCH_ARM,
	CPOD_N_ARCHS,
};

#define CPOD_X32_BIT 0x40000000

/* The architecture that this program was built for: every filter covers it. */
#if defined (__x86_64__) && !defined (__ILP32__)
# define CPOD_ARCH_NATIVE CPOD_ARCH_X86_64
#elif defined (__i386__)
# define CPOD_ARCH_NATIVE CPOD_ARCH_X86
#elif defined (__x86_64__)
# define CPOD_ARCH_NATIVE CPOD_ARCH_X32
#elif defined (__aarch64__)
# define CPOD_ARCH_NATIVE CPOD_ARCH_AARCH64
#elif defined (__arm__)
# define CPOD_ARCH_NATIVE CPOD_ARCH_ARM
#else
# error "seccomp: add this architecture to oci/syscall-table"
#endif

/* One call. nr: by enum cpod_arch; -1 where the architecture has no such call; -101 and on, -201 and
 * on: libseccomp's numbers for what i386 reaches through socketcall and ipc (and which other
 * architectures treat as absent). */
struct cpod_syscall {
	char name[32];
	int32_t nr[CPOD_N_ARCHS];
};

/* Sorted by name. */
extern const struct cpod_syscall cpod_syscalls[];
extern const size_t cpod_n_syscalls;

/* What the table, or else libseccomp, knows of name; found in libseccomp alone it is put in *scratch.
 * NULL: nobody knows the name. */
const struct cpod_syscall *cpod_syscall_find (const char *name, struct cpod_syscall *scratch);

#endif
