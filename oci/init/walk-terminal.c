/* The walker's terminal: a command that shall have one gets it from the container's own devpts.
 *
 * In the joined mount namespace, in this order: the multiplexer is opened beneath the container's root
 * and found to be a devpts'; its peer is taken by descriptor (TIOCGPTPEER), never by a name that the
 * container could replace; the master leaves through the socket that came with the plan; the peer
 * becomes descriptors 0, 1 and 2. Once the command is born and leads a session, the terminal becomes its
 * controlling one.
 */
#include "sys.h"
#include "walk.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#define DEVPTS_MAGIC  0x1cd1
#define TIOCSCTTY     0x540e
#define TIOCSWINSZ    0x5414
#define TIOCSPTLCK    0x40045431
#define TIOCGPTPEER   0x5441
#define SOL_SOCKET    1
#define SCM_RIGHTS    1
#define SEND_FLAGS    (0x4000 | 0x40)   /* MSG_NOSIGNAL, MSG_DONTWAIT */

struct window_size { uint16_t rows, columns, x, y; };

/* Whether fd is a file of a devpts. */
static long
is_devpts (int fd)
{
	long words[32] = { 0 };      /* a struct statfs begins with its type */
	long ret = sys_fstatfs (fd, words);

	if (ret < 0)
		return ret;
	return words[0] == DEVPTS_MAGIC ? 0 : -ENODEV;
}

/* Opens the master. What stands in the multiplexer's place in a hostile container is at most opened: that
 * neither blocks nor does more than the container's own devices may. */
static long
open_master (struct cpod_walk *walk)
{
	struct open_how how = {
		.flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
	};
	int root = walk_slot (walk, CPOD_SLOT_ROOT);      /* -1: a root that was joined, and is the process's own */
	long fd = walk_at (walk, CPOD_STEP_OPEN, sys_openat2 (root >= 0 ? root : AT_FDCWD, "/dev/pts/ptmx", &how));
	long ret;

	if (fd < 0)
		return fd;
	ret = walk_at (walk, CPOD_STEP_WRONG_DEVICE, is_devpts ((int) fd));
	if (ret >= 0)
		ret = walk_at (walk, CPOD_STEP_TERMINAL, sys_fcntl ((int) fd, 4 /* F_SETFL */, O_RDWR));
	if (ret >= 0)
		return fd;
	sys_close ((int) fd);
	return ret;
}

/* The peer, unlocked, of the size that is asked for, and its user's. */
static long
open_peer (struct cpod_walk *walk, const struct cpod_op *op, int master)
{
	struct window_size size = { op->terminal.rows, op->terminal.columns, 0, 0 };
	int locked = 0;
	long peer, ret = sys_ioctl (master, TIOCSPTLCK, (long) &locked);

	if (ret >= 0 && size.rows > 0 && size.columns > 0)
		ret = sys_ioctl (master, TIOCSWINSZ, (long) &size);
	peer = ret < 0 ? ret : sys_ioctl (master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (walk_at (walk, CPOD_STEP_TERMINAL, peer) < 0 || op->terminal.uid == 0)
		return peer;
	ret = walk_at (walk, CPOD_STEP_CHOWN,
	               sys_fchownat ((int) peer, "", op->terminal.uid, ~0u /* stays */, AT_EMPTY_PATH));
	return ret < 0 ? ret : peer;
}

/* Sends the master, with its name as the message. */
static long
send_master (struct cpod_walk *walk, int socket, int master)
{
	static const char name[] = "/dev/ptmx";
	struct { struct sys_cmsghdr header; int fd; int pad; } control = {
		{ sizeof (struct sys_cmsghdr) + sizeof (int), SOL_SOCKET, SCM_RIGHTS }, master, 0
	};
	struct sys_iovec iov = { (void *) (uintptr_t) name, sizeof (name) - 1 };
	struct sys_msghdr header = {
		.iov = &iov, .iovlen = 1, .control = &control, .controllen = sizeof (control)
	};

	return walk_at (walk, CPOD_STEP_SEND, sys_sendmsg (socket, &header, SEND_FLAGS));
}

/* The terminal is also what stands at /dev/console beneath the root. */
static long
attach_console (struct cpod_walk *walk, int peer)
{
	long tree = walk_at (walk, CPOD_STEP_OPEN_TREE,
	                     sys_open_tree (peer, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
	long target, ret;

	if (tree < 0)
		return tree;
	target = walk_open_made (walk, "/dev/console", CPOD_MAKE_FILE, 0755, RESOLVE_NO_SYMLINKS);
	if (target < 0)
		return target;
	ret = sys_move_mount ((int) tree, "", (int) target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	walk_done ((int) tree);
	walk_done ((int) target);
	return walk_at (walk, CPOD_STEP_MOVE_MOUNT, ret);
}

long
walk_terminal (struct cpod_walk *walk, const struct cpod_op *op)
{
	long master = open_master (walk), peer, ret;

	if (master < 0)
		return master;
	peer = open_peer (walk, op, (int) master);
	if (peer < 0)
		return peer;
	ret = op->terminal.console ? attach_console (walk, (int) peer) : 0;
	if (ret >= 0)
		ret = send_master (walk, walk_slot (walk, op->terminal.socket), (int) master);
	for (int i = 0; i < 3 && ret >= 0; i++)
		ret = walk_at (walk, CPOD_STEP_DUP, sys_dup3 ((int) peer, i, 0));
	return ret < 0 ? ret : 0;    /* CLOSE, which follows, closes the rest */
}

long
walk_controlling (struct cpod_walk *walk, const struct cpod_op *op)
{
	(void) op;
	return walk_at (walk, CPOD_STEP_CONTROLLING, sys_ioctl (0, TIOCSCTTY, 0));
}
