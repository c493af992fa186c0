/* The process steps of a floor: clone, cgroup, device program, loopback, confinement, exec.
 *
 * Also what all floors share as programs: failing, the clock, and serving samples to the harness.
 */
#include "tests/bench/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

long
floor_try (long ret, const char *step)
{
	if (ret >= 0)
		return ret;
	fprintf (stderr, "floor: %s: %s\n", step, strerror (errno));
	_exit (1);
}

uint64_t
floor_now (void)
{
	struct timespec t;

	clock_gettime (CLOCK_MONOTONIC, &t);
	return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

pid_t
floor_clone (uint64_t flags, int exit_signal, int cgroup_fd, int *ret_pidfd)
{
	struct clone_args args = { .flags = flags, .exit_signal = (uint64_t) exit_signal };

	if (ret_pidfd != NULL) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uint64_t) (uintptr_t) ret_pidfd;
	}
	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t) cgroup_fd;
	}
	return (pid_t) floor_try (syscall (SYS_clone3, &args, sizeof (args)), "clone3");
}

int
floor_reap (pid_t pid)
{
	int status = 0;

	floor_try (waitpid (pid, &status, __WALL), "waitpid");
	return status;
}

int
floor_cgroup_make (int parent_fd, const char *name)
{
	floor_try (mkdirat (parent_fd, name, 0755), "mkdir cgroup");
	return (int) floor_try (openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open cgroup");
}

void
floor_cgroup_remove (int parent_fd, const char *name)
{
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (unlinkat (parent_fd, name, AT_REMOVEDIR) == 0)
			return;
		if (errno != EBUSY)
			break;
		(void) poll (NULL, 0, 1);
	}
	floor_try (-1, "rmdir cgroup");
}

int
floor_cgroup_root (void)
{
	int fd;

	fd = open ("/sys/fs/cgroup/unified", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = open ("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return (int) floor_try (fd, "open the cgroup2 mount");
}

#define INSN(op, to, from, skip, value) \
	((struct bpf_insn) { .code = (op), .dst_reg = (to), .src_reg = (from), .off = (skip), .imm = (value) })

/* The character devices of the OCI default: null, zero, full, random, urandom, tty, ptmx. */
static const struct {
	int major, minor;
} devices[] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 }, { 5, 2 } };

/* The program compares one word, major and minor together, along a chain without branches that
 * meet again: the verifier then sees each instruction once. (The same rules tested field by field
 * took it 0.4 ms.) */
void
floor_devices_attach (int cgroup_fd)
{
	enum { COUNT = sizeof (devices) / sizeof (devices[0]), PTS = 136, LENGTH = 15 + COUNT };
	struct bpf_insn program[LENGTH], *p = program, *deny = program + LENGTH - 2;
	union bpf_attr attr;
	size_t i;
	int fd;

	*p++ = INSN (BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, 0, 0);
	*p++ = INSN (BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1, 4, 0);
	*p++ = INSN (BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1, 8, 0);
	*p++ = INSN (BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
	*p = INSN (BPF_JMP | BPF_JSET | BPF_K, BPF_REG_2, 0, 1, (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE) << 16);
	p++;
	*p = INSN (BPF_JMP | BPF_JA, 0, 0, (short) (deny + 1 - p - 1), 0);
	p++;
	*p++ = INSN (BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	*p = INSN (BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, (short) (deny - p - 1), BPF_DEVCG_DEV_CHAR);
	p++;
	*p = INSN (BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_4, 0, (short) (deny + 1 - p - 1), PTS);
	p++;
	*p++ = INSN (BPF_ALU64 | BPF_LSH | BPF_K, BPF_REG_4, 0, 0, 20);
	*p++ = INSN (BPF_ALU64 | BPF_OR | BPF_X, BPF_REG_4, BPF_REG_5, 0, 0);
	for (i = 0; i < COUNT; i++, p++)
		*p = INSN (BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_4, 0, (short) (deny + 1 - p - 1),
		           devices[i].major << 20 | devices[i].minor);
	while (p <= deny)
		*p++ = INSN (BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	*p++ = INSN (BPF_JMP | BPF_EXIT, 0, 0, 0, 0);

	memset (&attr, 0, sizeof (attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t) (uintptr_t) program;
	attr.insn_cnt = (uint32_t) (p - program);
	attr.license = (uint64_t) (uintptr_t) "GPL";
	fd = (int) floor_try (syscall (SYS_bpf, BPF_PROG_LOAD, &attr, sizeof (attr)), "load the device program");
	memset (&attr, 0, sizeof (attr));
	attr.target_fd = (uint32_t) cgroup_fd;
	attr.attach_bpf_fd = (uint32_t) fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	floor_try (syscall (SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof (attr)), "attach the device program");
	close (fd);
}

void
floor_loopback_up (void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd;

	fd = (int) floor_try (socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	floor_try (ioctl (fd, SIOCSIFFLAGS, &request), "lo up");
	close (fd);
}

/* Sets the three capability sets of the process; inheritable empty. */
static void
capabilities_set (uint64_t keep)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int i;

	for (i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted = (uint32_t) (keep >> (32 * i));
		data[i].inheritable = 0;
	}
	floor_try (syscall (SYS_capset, &header, data), "capset");
}

void
floor_confine (uint64_t keep, const struct sock_fprog *filter)
{
	int cap;

	floor_try (syscall (SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL), "session keyring");
	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if ((keep & (1ull << cap)) == 0)
			floor_try (prctl (PR_CAPBSET_DROP, cap, 0, 0, 0), "bounding set");
	floor_try (setgroups (0, NULL), "setgroups");
	floor_try (setresgid (0, 0, 0), "setresgid");
	floor_try (setresuid (0, 0, 0), "setresuid");
	floor_try (prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "ambient set");
	capabilities_set (keep);
	floor_try (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	if (filter != NULL)
		floor_try (prctl (PR_SET_SECCOMP, 2, filter, 0, 0), "seccomp");
}

void
floor_exec (const char *path, const char *arg)
{
	char *const argv[] = { (char *) (uintptr_t) path, (char *) (uintptr_t) arg, NULL };
	char variable[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *const envp[] = { variable, NULL };

	execve (path, argv, envp);
	floor_try (-1, path);
	_exit (127);
}

void
floor_serve (uint64_t (*once) (void *data), void *data)
{
	uint64_t sample;
	char byte;

	while (read (STDIN_FILENO, &byte, 1) == 1) {
		sample = once (data);
		if (write (STDOUT_FILENO, &sample, sizeof (sample)) != (ssize_t) sizeof (sample))
			return;
	}
}
