/* A seccomp filter for the floors: a binary search over coalesced ranges of call numbers.
 *
 * It stands for what a range compiler makes of a container engine's default profile: everything
 * allowed but the calls in `refused` (EPERM), unknown numbers ENOSYS, other architectures killed.
 * The search is laid out with the lower half behind each comparison, so that every jump goes
 * forward and is counted in instructions. A file with a raw program may take its place.
 */
#include "tests/bench/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#if defined (__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined (__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "name the audit architecture"
#endif

enum { KNOWN = 451, MOST_RANGES = 128, MOST_INSNS = 4096 };

static const int refused[] = {
	SYS_acct, SYS_add_key, SYS_adjtimex, SYS_bpf, SYS_clock_adjtime, SYS_clock_settime, SYS_delete_module,
	SYS_fanotify_init, SYS_finit_module, SYS_fsconfig, SYS_fsmount, SYS_fsopen, SYS_fspick, SYS_get_mempolicy,
	SYS_init_module, SYS_io_uring_enter, SYS_io_uring_register, SYS_io_uring_setup, SYS_kcmp,
	SYS_kexec_file_load, SYS_kexec_load, SYS_keyctl, SYS_lookup_dcookie, SYS_mbind, SYS_mount, SYS_mount_setattr,
	SYS_move_mount, SYS_move_pages, SYS_name_to_handle_at, SYS_nfsservctl, SYS_open_by_handle_at, SYS_open_tree,
	SYS_perf_event_open, SYS_pivot_root, SYS_process_vm_readv, SYS_process_vm_writev, SYS_quotactl,
	SYS_quotactl_fd, SYS_reboot, SYS_request_key, SYS_set_mempolicy, SYS_setdomainname, SYS_sethostname, SYS_setns,
	SYS_settimeofday, SYS_swapoff, SYS_swapon, SYS_syslog, SYS_umount2, SYS_unshare, SYS_userfaultfd,
	SYS_vhangup,
};

/* Calls from first up to the next range's first get this verdict. */
struct range {
	uint32_t first, verdict;
};

static struct sock_filter program[MOST_INSNS];

/* The verdict for one call number. */
static uint32_t
verdict_of (uint32_t number)
{
	size_t i;

	if (number > KNOWN)
		return SECCOMP_RET_ERRNO | ENOSYS;
	for (i = 0; i < sizeof (refused) / sizeof (refused[0]); i++)
		if (number == (uint32_t) refused[i])
			return SECCOMP_RET_ERRNO | EPERM;
	return SECCOMP_RET_ALLOW;
}

/* Coalesces all numbers into ranges. Returns how many. */
static size_t
ranges_make (struct range *ranges)
{
	uint32_t number, verdict;
	size_t n = 0;

	for (number = 0; number <= KNOWN + 1; number++) {
		verdict = verdict_of (number);
		if (n > 0 && ranges[n - 1].verdict == verdict)
			continue;
		ranges[n++] = (struct range) { number, verdict };
	}
	return n;
}

/* Writes the search over ranges[0..n) at at. Returns how many instructions it took. */
static size_t
search_emit (struct sock_filter *at, const struct range *ranges, size_t n)
{
	size_t half = n / 2, lower, upper;

	if (n == 1) {
		at[0] = (struct sock_filter) BPF_STMT (BPF_RET | BPF_K, ranges[0].verdict);
		return 1;
	}
	lower = search_emit (at + 1, ranges, half);
	if (lower <= 255) {
		at[0] = (struct sock_filter) BPF_JUMP (BPF_JMP | BPF_JGE | BPF_K, ranges[half].first,
		                                       (unsigned char) lower, 0);
		upper = search_emit (at + 1 + lower, ranges + half, n - half);
		return 1 + lower + upper;
	}
	lower = search_emit (at + 2, ranges, half);
	at[0] = (struct sock_filter) BPF_JUMP (BPF_JMP | BPF_JGE | BPF_K, ranges[half].first, 0, 1);
	at[1] = (struct sock_filter) BPF_STMT (BPF_JMP | BPF_JA, (unsigned int) lower);
	upper = search_emit (at + 2 + lower, ranges + half, n - half);
	return 2 + lower + upper;
}

void
floor_filter_ranges (struct sock_fprog *filter)
{
	struct range ranges[MOST_RANGES];
	size_t n;

	n = ranges_make (ranges);
	program[0] = (struct sock_filter) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, arch));
	program[1] = (struct sock_filter) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	program[2] = (struct sock_filter) BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program[3] = (struct sock_filter) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr));
	n = 4 + search_emit (program + 4, ranges, n);
	*filter = (struct sock_fprog) { .len = (unsigned short) n, .filter = program };
}

void
floor_filter_read (const char *path, struct sock_fprog *filter)
{
	ssize_t n;
	int fd;

	fd = (int) floor_try (open (path, O_RDONLY | O_CLOEXEC), path);
	n = (ssize_t) floor_try (read (fd, program, sizeof (program)), path);
	close (fd);
	*filter = (struct sock_fprog) { .len = (unsigned short) ((size_t) n / sizeof (program[0])), .filter = program };
}
