/* The device filter of a cgroup: an eBPF program from the spec's device rules.
 *
 * cgroup v2 has no device files to write rules to; a program that is asked at every open and mknod
 * takes their place. The rules say what they say one access letter at a time: the last rule that
 * matches the device and has the letter decides, and a request passes when all its letters do.
 * Without any rule nothing passes, except the default devices of the runtime-spec, which stand
 * behind all rules. Generating is pure; loading and attaching are calls of their own.
 *
 * An attached program is held by its cgroup: neither the descriptor nor this process needs to stay.
 */
#ifndef CPOD_OCI_DEVICES_BPF_H
#define CPOD_OCI_DEVICES_BPF_H

#include "src/base/arena.h"

#include <cpod/runtime.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cpod_device_access {
	/* The kernel's bits. */
	CPOD_DEVICE_MKNOD = 1 << 0, CPOD_DEVICE_READ = 1 << 1, CPOD_DEVICE_WRITE = 1 << 2,
	CPOD_DEVICE_ALL = 7,
};

struct cpod_device_rule {
	bool allow;
	char type;                /* 'a' for both, 'b', 'c' */
	int64_t major, minor;     /* -1: any */
	unsigned int access;      /* bits of enum cpod_device_access; 0 matches nothing */
};

enum cpod_devices_flags {
	/* mknod of any device, as container engines expect; opening it is another matter. Without it only
	 * the default devices and what the rules allow can be made. */
	CPOD_DEVICES_ANY_MKNOD = 1 << 0,
};

/* null, zero, full, random, urandom, tty, console, ptmx and the pseudo-terminals. */
extern const struct cpod_device_rule cpod_devices_default[];
extern const size_t cpod_n_devices_default;

/* The program for n rules, in the order of the spec, in arena. -E2BIG: more rules than fit; -ENOMEM. */
int cpod_devices_generate (const struct cpod_device_rule *rules, size_t n, unsigned int flags,
                           struct cpod_arena *arena, struct bpf_insn **ret_insns, size_t *ret_n, struct cpod_error *err);

struct cpod_array;

/* The rules of linux.resources.devices (struct cpod_oci_device_rule), in arena. -ENOMEM. */
int cpod_devices_from_spec (const struct cpod_array *spec, struct cpod_arena *arena,
                            struct cpod_device_rule **ret_rules, struct cpod_error *err);

/* Loads a program into the kernel. *ret_fd is the caller's. -errno of bpf(2): EPERM without the privilege. */
int cpod_devices_load (const struct bpf_insn *insns, size_t n, int *ret_fd, struct cpod_error *err);

/* Attaches the program to the cgroup (v2) whose directory is cgroup_fd, beside what is attached already:
 * a request must pass all. Both descriptors stay the caller's. */
int cpod_devices_attach (int cgroup_fd, int program_fd, struct cpod_error *err);
/* The same, in place of the one program that is attached to that cgroup itself; attaches it when there is
 * none. -EEXIST: there are several, and it is not known which is ours. Linux 5.6. */
int cpod_devices_replace (int cgroup_fd, int program_fd, struct cpod_error *err);

#endif
