/* The walker's process: namespaces, descriptors, limits, identity, and the program itself.
 *
 * The order is the plan's. Two pairs matter: IDS keeps the capabilities (PR_SET_KEEPCAPS) until CAPS
 * sets all of them exactly, and SECCOMP stands right before EXEC where no_new_privs allows it.
 */
#include "sys.h"
#include "walk.h"

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#define SIG_SETMASK  2
#define AF_NETLINK   16
#define SOCK_RAW     3
#define SOCK_CLOEXEC 02000000

long
walk_setns (struct cpod_walk *walk, const struct cpod_op *op)
{
	return walk_at (walk, CPOD_STEP_SETNS, sys_setns (walk_slot (walk, op->setns.slot), (int) op->setns.type));
}

long
walk_hostname (struct cpod_walk *walk, const struct cpod_op *op)
{
	return walk_at (walk, CPOD_STEP_SET, sys_sethostname (walk_text (walk, op->text.text), op->text.len));
}

long
walk_domainname (struct cpod_walk *walk, const struct cpod_op *op)
{
	return walk_at (walk, CPOD_STEP_SET, sys_setdomainname (walk_text (walk, op->text.text), op->text.len));
}

/* Sends the finished message and reads the kernel's answer. */
long
walk_loopback (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct { struct nlmsghdr header; struct nlmsgerr error; } answer;
	long fd = sys_socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	long ret;

	if (walk_at (walk, CPOD_STEP_SOCKET, fd) < 0)
		return fd;
	if (op->text.text > walk->plan->size || op->text.len > walk->plan->size - op->text.text)
		return -EINVAL;
	ret = sys_write ((int) fd, walk->block + op->text.text, op->text.len);
	if (ret >= 0)
		ret = sys_read ((int) fd, &answer, sizeof (answer));
	sys_close ((int) fd);
	if (ret >= 0 && ((size_t) ret < sizeof (struct nlmsghdr) + sizeof (int) || answer.header.nlmsg_type != NLMSG_ERROR))
		ret = -EBADMSG;
	return walk_at (walk, CPOD_STEP_NETLINK, ret < 0 ? ret : answer.error.error);
}

long
walk_stdio (struct cpod_walk *walk, const struct cpod_op *op)
{
	int null = walk->null;

	(void) op;
	for (int i = 0; i < 3; i++) {
		int fd = walk_slot (walk, CPOD_SLOT_STDIN + (uint32_t) i);

		if (fd < 0 && null < 0) {
			null = (int) sys_openat (AT_FDCWD, walk_text (walk, walk->plan->null_path), O_RDWR | O_CLOEXEC, 0);
			if (walk_at (walk, CPOD_STEP_OPEN, null) < 0)
				return null;
		}
		if (walk_at (walk, CPOD_STEP_DUP, sys_dup3 (fd < 0 ? null : fd, i, 0)) < 0)
			return -EBADF;
	}
	return 0;
}

/* Puts *fd to the place to, where nothing stands that is still needed. */
static long
put (int *fd, int to, int flags)
{
	long ret = *fd == to ? sys_fcntl (to, 2 /* F_SETFD */, flags != 0) : sys_dup3 (*fd, to, flags);

	if (ret >= 0)
		*fd = to;
	return ret;
}

/* Moves everything that stays above the places that it will have, then down to them. */
static long
arrange (struct cpod_walk *walk, const struct cpod_op_close *close)
{
	const uint32_t *preserve = walk_list (walk, close->preserve), *keep = walk_list (walk, close->keep);
	int *own[2] = { &walk->wait_fd, &walk->status_fd };
	int at = 3, above = 3 + (int) (close->preserve.n + close->keep.n) + 2;
	int fds[CPOD_PLAN_SLOTS];
	uint32_t n = 0;
	long ret = 0;

	if (preserve == NULL || keep == NULL || close->preserve.n + close->keep.n > CPOD_PLAN_SLOTS)
		return -EINVAL;
	for (uint32_t i = 0; i < close->preserve.n + close->keep.n; i++) {
		int fd = walk_slot (walk, i < close->preserve.n ? preserve[i] : keep[i - close->preserve.n]);

		ret = sys_fcntl (fd, 1030 /* F_DUPFD_CLOEXEC */, above);
		if (ret < 0)
			return ret;
		fds[n++] = (int) ret;
	}
	for (int i = 0; i < 2; i++) {
		if (*own[i] < 0 || *own[i] >= above)
			continue;
		ret = sys_fcntl (*own[i], 1030, above);
		if (ret < 0)
			return ret;
		*own[i] = (int) ret;
	}
	for (uint32_t i = 0; i < n && ret >= 0; i++)
		ret = put (&fds[i], at++, i < close->preserve.n ? 0 : O_CLOEXEC);
	for (int i = 0; i < 2 && ret >= 0; i++)
		if (*own[i] >= 0)
			ret = put (own[i], at++, O_CLOEXEC);
	for (unsigned int i = 0; i < CPOD_PLAN_SLOTS; i++)
		walk->slots[i] = -1;
	for (uint32_t i = 0; i < close->keep.n; i++)
		walk_fill (walk, keep[i], fds[close->preserve.n + i]);
	return ret < 0 ? ret : at;
}

long
walk_close (struct cpod_walk *walk, const struct cpod_op *op)
{
	long ret;

	if (op->close.preserve.n + op->close.keep.n > 0 || walk->wait_fd >= 0) {
		ret = walk_at (walk, CPOD_STEP_DUP, arrange (walk, &op->close));
	} else {
		for (unsigned int i = 0; i < CPOD_PLAN_SLOTS; i++)
			walk->slots[i] = -1;
		ret = walk->status_fd < 0 ? 3 : walk_at (walk, CPOD_STEP_DUP, put (&walk->status_fd, 3, O_CLOEXEC));
		ret = ret < 0 || walk->status_fd < 0 ? ret : 4;
	}
	walk->empty_file = walk->empty_directory = -1;
	return ret < 0 ? ret : walk_at (walk, CPOD_STEP_CLOSE, sys_close_range ((unsigned int) ret, ~0u, 0));
}

/* A process that leads a session already stays in it: it is new, and nobody else's. */
long
walk_setsid (struct cpod_walk *walk, const struct cpod_op *op)
{
	long ret = sys_setsid ();

	(void) op;
	return walk_at (walk, CPOD_STEP_SETSID, ret);
}

long
walk_keyring (struct cpod_walk *walk, const struct cpod_op *op)
{
	(void) op;
	return walk_at (walk, CPOD_STEP_KEYRING, sys_keyctl_join (NULL));
}

long
walk_rlimit (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct sys_rlimit limit = { op->rlimit.soft, op->rlimit.hard };

	return walk_at (walk, CPOD_STEP_RLIMIT, sys_prlimit ((int) op->rlimit.resource, &limit, NULL));
}

long
walk_umask (struct cpod_walk *walk, const struct cpod_op *op)
{
	(void) walk;
	sys_umask ((unsigned int) op->number.value);
	return 0;
}

/* The working directory must lie beneath the root: a magic link out of it shows as "(unreachable)". */
long
walk_chdir (struct cpod_walk *walk, const struct cpod_op *op)
{
	char cwd[4096];
	long ret = walk_at (walk, CPOD_STEP_CHDIR, sys_chdir (walk_text (walk, op->text.text)));

	if (ret < 0)
		return ret;
	ret = walk_at (walk, CPOD_STEP_OUTSIDE, sys_getcwd (cwd, sizeof (cwd)));
	if (ret < 0)
		return ret;
	return cwd[0] == '/' ? 0 : walk_at (walk, CPOD_STEP_OUTSIDE, -EXDEV);
}

long
walk_bounding (struct cpod_walk *walk, const struct cpod_op *op)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		long ret;

		if (op->caps.bounding >> cap & 1)
			continue;
		if ((op->caps.gone >> cap & 1) && sys_prctl (PR_CAPBSET_READ, cap, 0, 0, 0) == 0)
			continue;   /* a sixth of a drop's price */
		ret = sys_prctl (PR_CAPBSET_DROP, cap, 0, 0, 0);
		if (ret == -EINVAL)
			break;      /* above the kernel's last capability */
		if (walk_at (walk, CPOD_STEP_BOUNDING, ret) < 0)
			return ret;
	}
	return 0;
}

long
walk_ids (struct cpod_walk *walk, const struct cpod_op *op)
{
	const uint32_t *groups = walk_list (walk, op->ids.groups);
	uint32_t uid = op->ids.uid, gid = op->ids.gid;
	long ret;

	if (groups == NULL)
		return -EINVAL;
	ret = uid == 0 ? 0 : walk_at (walk, CPOD_STEP_KEEPCAPS, sys_prctl (PR_SET_KEEPCAPS, 1, 0, 0, 0));
	if (ret >= 0 && !op->ids.keep_groups)
		ret = walk_at (walk, CPOD_STEP_SETGROUPS, sys_setgroups (op->ids.groups.n, groups));
	if (ret >= 0)
		ret = walk_at (walk, CPOD_STEP_SETGID, sys_setresgid (gid, gid, gid));
	if (ret >= 0)
		ret = walk_at (walk, CPOD_STEP_SETUID, sys_setresuid (uid, uid, uid));
	return ret;
}

long
walk_caps (struct cpod_walk *walk, const struct cpod_op *op)
{
	const struct cpod_op_caps *caps = &op->caps;
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t) caps->effective, (uint32_t) caps->permitted, (uint32_t) caps->inheritable },
		{ (uint32_t) (caps->effective >> 32), (uint32_t) (caps->permitted >> 32), (uint32_t) (caps->inheritable >> 32) },
	};
	long ret;

	/* Ambient never exceeds inheritable: what is not inheritable has left the ambient set with this. */
	ret = walk_at (walk, CPOD_STEP_CAPSET, sys_capset (&header, data));
	if (ret >= 0 && caps->inheritable != 0)
		ret = walk_at (walk, CPOD_STEP_AMBIENT, sys_prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
	for (unsigned long cap = 0; cap < 64 && ret >= 0; cap++)
		if (caps->ambient >> cap & 1)
			ret = walk_at (walk, CPOD_STEP_AMBIENT, sys_prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0));
	return ret;
}

long
walk_no_new_privs (struct cpod_walk *walk, const struct cpod_op *op)
{
	(void) op;
	return walk_at (walk, CPOD_STEP_NO_NEW_PRIVS, sys_prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

long
walk_seccomp (struct cpod_walk *walk, const struct cpod_op *op)
{
	struct { unsigned short len; const void *filter; } program = {
		(unsigned short) op->seccomp.n, walk->block + op->seccomp.filter
	};

	if (op->seccomp.filter > walk->plan->size || op->seccomp.n > (walk->plan->size - op->seccomp.filter) / 8)
		return -EINVAL;
	return walk_at (walk, CPOD_STEP_SECCOMP, sys_seccomp (SECCOMP_SET_MODE_FILTER, op->seccomp.flags, &program));
}

long
walk_birth (struct cpod_walk *walk, const struct cpod_op *op)
{
	(void) op;
	return walk->birth != NULL ? walk->birth (walk) : -EINVAL;
}

long
walk_vector (struct cpod_walk *walk, struct cpod_ref_list list, const char **out)
{
	const uint32_t *refs = walk_list (walk, list);

	if (refs == NULL)
		return -EINVAL;
	for (uint32_t i = 0; i < list.n; i++)
		out[i] = walk_text (walk, refs[i]);
	out[list.n] = NULL;
	return 0;
}

/* Tries each path as execvp does: what is not there or not allowed is passed over, and EACCES is the
 * answer when one was not allowed. Returns only on failure. */
static long
try_paths (struct cpod_walk *walk, struct cpod_ref_list paths, const char **argv, const char **envp)
{
	const uint32_t *refs = walk_list (walk, paths);
	long answer = -ENOENT;

	for (uint32_t i = 0; refs != NULL && i < paths.n; i++) {
		long ret = sys_execve (walk_text (walk, refs[i]), argv, envp);

		if (paths.n == 1)
			return ret;
		if (ret == -EACCES)
			answer = ret;
		else if (ret != -ENOENT && ret != -ENOTDIR && ret != -ENODEV && ret != -ESTALE && ret != -ETIMEDOUT)
			return ret;
	}
	return answer;
}

/* Tells whoever reads the status pipe that its end means an exec, and not a death on the way to it. */
static void
announce (const struct cpod_walk *walk)
{
	struct cpod_record record;

	if (!walk->announce)
		return;
	walk_record (walk, 0, &record);
	(void) sys_write (walk->status_fd, &record, sizeof (record));
}

long
walk_exec (struct cpod_walk *walk, const struct cpod_op *op)
{
	static const char *small[512];      /* one process, one exec */
	size_t n = (size_t) op->exec.argv.n + op->exec.envp.n + 2;
	const char **vectors = small;
	uint64_t no_signals = 0;
	long ret;

	if (n > sizeof (small) / sizeof (small[0])) {
		long at = sys_mmap (n * sizeof (*vectors), 3 /* read, write */, 0x22 /* private, anonymous */, -1);

		if (walk_at (walk, CPOD_STEP_EXEC, at) < 0 && at > -4096)
			return at;
		vectors = (const char **) at;
	}
	ret = walk_vector (walk, op->exec.argv, vectors);
	if (ret >= 0)
		ret = walk_vector (walk, op->exec.envp, vectors + op->exec.argv.n + 1);
	if (ret >= 0)
		ret = walk_at (walk, CPOD_STEP_SIGNALS, sys_rt_sigprocmask (SIG_SETMASK, &no_signals));
	if (ret < 0)
		return ret;
	announce (walk);
	return walk_at (walk, CPOD_STEP_EXEC,
	                try_paths (walk, op->exec.paths, vectors, vectors + op->exec.argv.n + 1));
}
