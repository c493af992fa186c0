/* All that depends on the architecture: how a system call is made, how a child starts on a stack of
 * its own, and the first instruction of cpod-init. x86_64 and aarch64.
 *
 * Raw calls return -errno and touch no errno of the C library, so that a child which shares its
 * parent's memory (CLONE_VM) changes nothing there.
 */
#ifndef CPOD_OCI_INIT_ARCH_H
#define CPOD_OCI_INIT_ARCH_H

#include <asm/unistd.h>
#include <stdint.h>

#if defined __x86_64__

static inline long
arch_call (long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__ ("r10") = d;
	register long r8 __asm__ ("r8") = e;
	register long r9 __asm__ ("r9") = f;
	long ret;

	__asm__ volatile ("syscall"
	                  : "=a" (ret)
	                  : "a" (number), "D" (a), "S" (b), "d" (c), "r" (r10), "r" (r8), "r" (r9)
	                  : "rcx", "r11", "memory");
	return ret;
}

/* clone3 with a stack of the child's own (args->stack is set): the child calls run (data), which must
 * not return. The parent gets the pid or -errno. */
static inline long
arch_clone3_run (void *args, unsigned long size, void (*run) (void *), void *data)
{
	register void (*entry) (void *) __asm__ ("r12") = run;
	register void *argument __asm__ ("r13") = data;
	long ret;

	__asm__ volatile ("syscall\n\t"
	                  "test %%rax, %%rax\n\t"
	                  "jnz 1f\n\t"
	                  "xor %%ebp, %%ebp\n\t"
	                  "mov %%r13, %%rdi\n\t"
	                  "call *%%r12\n\t"
	                  "ud2\n"
	                  "1:"
	                  : "=a" (ret)
	                  : "a" (__NR_clone3), "D" (args), "S" (size), "r" (entry), "r" (argument)
	                  : "rcx", "r11", "memory");
	return ret;
}

/* The entry of cpod-init: the kernel's stack holds argc, argv, envp. */
#define ARCH_START(main_function)                                    \
	__asm__ (".text\n\t.globl _start\n\t.type _start, @function\n"   \
	         "_start:\n\t"                                           \
	         "xor %ebp, %ebp\n\t"                                    \
	         "mov %rsp, %rdi\n\t"                                    \
	         "and $-16, %rsp\n\t"                                    \
	         "call " #main_function "\n\t"                           \
	         "ud2\n")

#elif defined __aarch64__

static inline long
arch_call (long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__ ("x8") = number;
	register long x0 __asm__ ("x0") = a;
	register long x1 __asm__ ("x1") = b;
	register long x2 __asm__ ("x2") = c;
	register long x3 __asm__ ("x3") = d;
	register long x4 __asm__ ("x4") = e;
	register long x5 __asm__ ("x5") = f;

	__asm__ volatile ("svc 0"
	                  : "+r" (x0)
	                  : "r" (x8), "r" (x1), "r" (x2), "r" (x3), "r" (x4), "r" (x5)
	                  : "memory");
	return x0;
}

static inline long
arch_clone3_run (void *args, unsigned long size, void (*run) (void *), void *data)
{
	register long x8 __asm__ ("x8") = __NR_clone3;
	register void *x0 __asm__ ("x0") = args;
	register unsigned long x1 __asm__ ("x1") = size;
	register void (*entry) (void *) __asm__ ("x19") = run;
	register void *argument __asm__ ("x20") = data;

	__asm__ volatile ("svc 0\n\t"
	                  "cbnz x0, 1f\n\t"
	                  "mov x29, xzr\n\t"
	                  "mov x0, x20\n\t"
	                  "blr x19\n\t"
	                  "brk 1\n"
	                  "1:"
	                  : "+r" (x0)
	                  : "r" (x8), "r" (x1), "r" (entry), "r" (argument)
	                  : "memory", "x30");
	return (long) x0;
}

#define ARCH_START(main_function)                                    \
	__asm__ (".text\n\t.globl _start\n\t.type _start, %function\n"   \
	         "_start:\n\t"                                           \
	         "mov x29, xzr\n\t"                                      \
	         "mov x30, xzr\n\t"                                      \
	         "mov x0, sp\n\t"                                        \
	         "bl " #main_function "\n\t"                             \
	         "brk 1\n")

#else
#error "this architecture has no system call stubs yet"
#endif

#endif
