/* Names to numbers: see syscall-table.h. */
#include "syscall-table.h"

#include <seccomp.h>
#include <string.h>

#define X32 CPOD_X32_BIT
#define ROW(name, ...) { name, { __VA_ARGS__ } },
const struct cpod_syscall cpod_syscalls[] = {
#include "syscall-table.inc"
};
#undef ROW

const size_t cpod_n_syscalls = sizeof (cpod_syscalls) / sizeof (cpod_syscalls[0]);

static const uint32_t tokens[CPOD_N_ARCHS] = {
	[CPOD_ARCH_X86_64] = SCMP_ARCH_X86_64,
	[CPOD_ARCH_X86] = SCMP_ARCH_X86,
	[CPOD_ARCH_X32] = SCMP_ARCH_X32,
	[CPOD_ARCH_AARCH64] = SCMP_ARCH_AARCH64,
	[CPOD_ARCH_ARM] = SCMP_ARCH_ARM,
};

/* Fills *scratch from libseccomp. NULL when it does not know the name either. */
static const struct cpod_syscall *
ask (const char *name, struct cpod_syscall *scratch)
{
	size_t arch;

	if (strlen (name) >= sizeof (scratch->name) || seccomp_syscall_resolve_name (name) == __NR_SCMP_ERROR)
		return NULL;
	strcpy (scratch->name, name);
	for (arch = 0; arch < CPOD_N_ARCHS; arch++)
		scratch->nr[arch] = seccomp_syscall_resolve_name_arch (tokens[arch], name);
	return scratch;
}

const struct cpod_syscall *
cpod_syscall_find (const char *name, struct cpod_syscall *scratch)
{
	size_t low = 0, high = cpod_n_syscalls;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp (name, cpod_syscalls[middle].name);

		if (order == 0)
			return &cpod_syscalls[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return ask (name, scratch);
}
