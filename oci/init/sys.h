/* System calls by name for the freestanding cpod-init and for children that share memory with their
 * parent. Each returns what the kernel does: a result, or -errno. Only those in use are here.
 */
#ifndef CPOD_OCI_INIT_SYS_H
#define CPOD_OCI_INIT_SYS_H

#include "arch.h"

#include <linux/openat2.h>
#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#define SYS_CALL_0(n)                arch_call ((n), 0, 0, 0, 0, 0, 0)
#define SYS_CALL_1(n, a)             arch_call ((n), (long) (a), 0, 0, 0, 0, 0)
#define SYS_CALL_2(n, a, b)          arch_call ((n), (long) (a), (long) (b), 0, 0, 0, 0)
#define SYS_CALL_3(n, a, b, c)       arch_call ((n), (long) (a), (long) (b), (long) (c), 0, 0, 0)
#define SYS_CALL_4(n, a, b, c, d)    arch_call ((n), (long) (a), (long) (b), (long) (c), (long) (d), 0, 0)
#define SYS_CALL_5(n, a, b, c, d, e) arch_call ((n), (long) (a), (long) (b), (long) (c), (long) (d), (long) (e), 0)

/* As the kernel declares it (linux/sched.h), to be independent of the C library's. */
struct sys_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
/* linux/mount.h, likewise. */
struct sys_mount_attr { uint64_t attr_set, attr_clr, propagation, userns_fd; };
struct sys_pollfd { int32_t fd; int16_t events, revents; };
struct sys_iovec { void *base; size_t len; };
struct sys_msghdr {
	void *name; uint32_t namelen; struct sys_iovec *iov; size_t iovlen; void *control; size_t controllen; uint32_t flags;
};
struct sys_cmsghdr { size_t len; int32_t level, type; };
struct sys_rlimit { uint64_t soft, hard; };

static inline void sys_exit (int status) __attribute__ ((noreturn));
static inline void
sys_exit (int status)
{
	SYS_CALL_1 (__NR_exit_group, status);
	for (;;)
		__builtin_trap ();   /* a filter refused: SIGILL, which cannot be blocked then, ends it */
}

static inline long sys_read (int fd, void *data, size_t len) { return SYS_CALL_3 (__NR_read, fd, data, len); }
static inline long sys_write (int fd, const void *data, size_t len) { return SYS_CALL_3 (__NR_write, fd, data, len); }
static inline long sys_close (int fd) { return SYS_CALL_1 (__NR_close, fd); }
static inline long sys_pipe2 (int fds[2], int flags) { return SYS_CALL_2 (__NR_pipe2, fds, flags); }
static inline long sys_close_range (unsigned int first, unsigned int last, unsigned int flags)
{ return SYS_CALL_3 (__NR_close_range, first, last, flags); }
static inline long sys_ioctl (int fd, unsigned long request, long argument)
{ return SYS_CALL_3 (__NR_ioctl, fd, request, argument); }
static inline long sys_fstatfs (int fd, void *statfs) { return SYS_CALL_2 (__NR_fstatfs, fd, statfs); }
static inline long sys_fcntl (int fd, int command, long argument) { return SYS_CALL_3 (__NR_fcntl, fd, command, argument); }
static inline long sys_dup3 (int from, int to, int flags) { return SYS_CALL_3 (__NR_dup3, from, to, flags); }
static inline long sys_openat (int dir, const char *path, int flags, int mode)
{ return SYS_CALL_4 (__NR_openat, dir, path, flags, mode); }
static inline long sys_openat2 (int dir, const char *path, const struct open_how *how)
{ return SYS_CALL_4 (__NR_openat2, dir, path, how, sizeof (*how)); }
static inline long sys_mkdirat (int dir, const char *path, unsigned int mode)
{ return SYS_CALL_3 (__NR_mkdirat, dir, path, mode); }
static inline long sys_mknodat (int dir, const char *path, unsigned int mode, unsigned int device)
{ return SYS_CALL_4 (__NR_mknodat, dir, path, mode, device); }
static inline long sys_symlinkat (const char *target, int dir, const char *path)
{ return SYS_CALL_3 (__NR_symlinkat, target, dir, path); }
static inline long sys_unlinkat (int dir, const char *path, int flags) { return SYS_CALL_3 (__NR_unlinkat, dir, path, flags); }
static inline long sys_fchownat (int dir, const char *path, uint32_t uid, uint32_t gid, int flags)
{ return SYS_CALL_5 (__NR_fchownat, dir, path, uid, gid, flags); }
static inline long sys_statx (int dir, const char *path, int flags, unsigned int mask, void *statx)
{ return SYS_CALL_5 (__NR_statx, dir, path, flags, mask, statx); }
static inline long sys_fsopen (const char *type, unsigned int flags) { return SYS_CALL_2 (__NR_fsopen, type, flags); }
static inline long sys_fsconfig (int fs, unsigned int command, const char *key, const void *value, int aux)
{ return SYS_CALL_5 (__NR_fsconfig, fs, command, key, value, aux); }
static inline long sys_fsmount (int fs, unsigned int flags, unsigned int attributes)
{ return SYS_CALL_3 (__NR_fsmount, fs, flags, attributes); }
static inline long sys_open_tree (int dir, const char *path, unsigned int flags)
{ return SYS_CALL_3 (__NR_open_tree, dir, path, flags); }
static inline long sys_move_mount (int from, const char *from_path, int to, const char *to_path, unsigned int flags)
{ return SYS_CALL_5 (__NR_move_mount, from, from_path, to, to_path, flags); }
static inline long sys_mount_setattr (int dir, const char *path, unsigned int flags, const struct sys_mount_attr *attr)
{ return SYS_CALL_5 (__NR_mount_setattr, dir, path, flags, attr, sizeof (*attr)); }
static inline long sys_pivot_root (const char *root, const char *old) { return SYS_CALL_2 (__NR_pivot_root, root, old); }
static inline long sys_umount2 (const char *path, int flags) { return SYS_CALL_2 (__NR_umount2, path, flags); }
static inline long sys_chdir (const char *path) { return SYS_CALL_1 (__NR_chdir, path); }
static inline long sys_fchdir (int fd) { return SYS_CALL_1 (__NR_fchdir, fd); }
static inline long sys_getcwd (char *path, size_t size) { return SYS_CALL_2 (__NR_getcwd, path, size); }
static inline long sys_umask (unsigned int mask) { return SYS_CALL_1 (__NR_umask, mask); }
static inline long sys_setns (int fd, int type) { return SYS_CALL_2 (__NR_setns, fd, type); }
static inline long sys_unshare (uint64_t flags) { return SYS_CALL_1 (__NR_unshare, flags); }
static inline long sys_sethostname (const char *name, size_t len) { return SYS_CALL_2 (__NR_sethostname, name, len); }
static inline long sys_setdomainname (const char *name, size_t len) { return SYS_CALL_2 (__NR_setdomainname, name, len); }
static inline long sys_prctl (int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{ return SYS_CALL_5 (__NR_prctl, option, a, b, c, d); }
static inline long sys_capset (void *header, const void *data) { return SYS_CALL_2 (__NR_capset, header, data); }
static inline long sys_setgroups (size_t n, const uint32_t *groups) { return SYS_CALL_2 (__NR_setgroups, n, groups); }
static inline long sys_setresgid (uint32_t r, uint32_t e, uint32_t s) { return SYS_CALL_3 (__NR_setresgid, r, e, s); }
static inline long sys_setresuid (uint32_t r, uint32_t e, uint32_t s) { return SYS_CALL_3 (__NR_setresuid, r, e, s); }
static inline long sys_getpid (void) { return SYS_CALL_0 (__NR_getpid); }
static inline long sys_setsid (void) { return SYS_CALL_0 (__NR_setsid); }
static inline long sys_prlimit (int resource, const struct sys_rlimit *limit, struct sys_rlimit *old)
{ return SYS_CALL_4 (__NR_prlimit64, 0, resource, limit, old); }
static inline long sys_keyctl_join (const char *name) { return SYS_CALL_2 (__NR_keyctl, 1 /* JOIN_SESSION_KEYRING */, name); }
static inline long sys_seccomp (unsigned int operation, unsigned int flags, void *argument)
{ return SYS_CALL_3 (__NR_seccomp, operation, flags, argument); }
static inline long sys_execve (const char *path, const char *const *argv, const char *const *envp)
{ return SYS_CALL_3 (__NR_execve, path, argv, envp); }
static inline long sys_execveat (int fd, const char *path, const char *const *argv, const char *const *envp, int flags)
{ return SYS_CALL_5 (__NR_execveat, fd, path, argv, envp, flags); }
/* On a copy of the caller's stack. */
static inline long sys_clone (unsigned long flags) { return SYS_CALL_5 (__NR_clone, flags, 0, 0, 0, 0); }
static inline long sys_clone3 (struct sys_clone_args *args) { return SYS_CALL_2 (__NR_clone3, args, sizeof (*args)); }
static inline long sys_wait4 (int pid, int *status, int options) { return SYS_CALL_4 (__NR_wait4, pid, status, options, 0); }
static inline long sys_kill (int pid, int signal) { return SYS_CALL_2 (__NR_kill, pid, signal); }
static inline long sys_pidfd_open (int pid, unsigned int flags) { return SYS_CALL_2 (__NR_pidfd_open, pid, flags); }
static inline long sys_pidfd_send_signal (int pidfd, int signal)
{ return SYS_CALL_4 (__NR_pidfd_send_signal, pidfd, signal, 0, 0); }
static inline long sys_getdents64 (int fd, void *entries, size_t size)
{ return SYS_CALL_3 (__NR_getdents64, fd, entries, size); }
static inline long sys_ppoll (struct sys_pollfd *fds, size_t n) { return SYS_CALL_5 (__NR_ppoll, fds, n, 0, 0, 0); }
static inline long sys_rt_sigprocmask (int how, const uint64_t *set)
{ return SYS_CALL_4 (__NR_rt_sigprocmask, how, set, 0, sizeof (*set)); }
static inline long sys_rt_sigaction (int signal, const void *action)
{ return SYS_CALL_4 (__NR_rt_sigaction, signal, action, 0, sizeof (uint64_t)); }
static inline long sys_signalfd4 (int fd, const uint64_t *set, int flags)
{ return SYS_CALL_4 (__NR_signalfd4, fd, set, sizeof (*set), flags); }
static inline long sys_socket (int domain, int type, int protocol) { return SYS_CALL_3 (__NR_socket, domain, type, protocol); }
static inline long sys_sendmsg (int fd, const struct sys_msghdr *message, int flags)
{ return SYS_CALL_3 (__NR_sendmsg, fd, message, flags); }
static inline long sys_recvmsg (int fd, struct sys_msghdr *message, int flags)
{ return SYS_CALL_3 (__NR_recvmsg, fd, message, flags); }
static inline long sys_faccessat (int dir, const char *path, int mode) { return SYS_CALL_3 (__NR_faccessat, dir, path, mode); }
static inline long sys_faccessat2 (int dir, const char *path, int mode, int flags)
{ return SYS_CALL_4 (__NR_faccessat2, dir, path, mode, flags); }
static inline long sys_mmap (size_t len, int protection, int flags, int fd)
{ return arch_call (__NR_mmap, 0, (long) len, protection, flags, fd, 0); }
static inline long sys_munmap (void *at, size_t len) { return SYS_CALL_2 (__NR_munmap, at, len); }

#endif
