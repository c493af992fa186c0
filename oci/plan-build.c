/* See plan-build.h. */
#include "plan-build.h"

#include "subpath.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void
cpod_plan_init (struct cpod_plan *plan)
{
	memset (plan, 0, sizeof (*plan));
	cpod_arena_init (&plan->arena, 64 << 20);
	plan->header.magic = CPOD_PLAN_MAGIC;
	plan->header.version = CPOD_PLAN_VERSION;
	plan->next_slot = CPOD_SLOT_FIRST;
	plan->cgroup_fd = plan->users_fd = plan->pidns_fd = -1;
}

void
cpod_plan_finish (struct cpod_plan *plan)
{
	cpod_arena_finish (&plan->arena);
	cpod_str_finish (&plan->bytes);
	free (plan->ops);
	free (plan->notes);
	memset (plan, 0, sizeof (*plan));
}

cpod_ref
cpod_plan_bytes (struct cpod_plan *plan, const void *bytes, size_t len, size_t align)
{
	size_t at;

	while ((sizeof (plan->header) + plan->bytes.len) % align != 0)
		cpod_str_add_char (&plan->bytes, '\0');
	at = sizeof (plan->header) + plan->bytes.len;
	cpod_str_add_bytes (&plan->bytes, bytes, len);
	if (cpod_str_failed (&plan->bytes) || plan->bytes.len > CPOD_PLAN_MAX_SIZE)
		plan->failed = true;
	return (cpod_ref) at;
}

cpod_ref
cpod_plan_text (struct cpod_plan *plan, const char *text)
{
	return text == NULL ? 0 : cpod_plan_bytes (plan, text, strlen (text) + 1, 1);
}

struct cpod_ref_list
cpod_plan_numbers (struct cpod_plan *plan, const uint32_t *numbers, size_t n)
{
	struct cpod_ref_list list = { .n = (uint32_t) n };

	list.at = cpod_plan_bytes (plan, numbers, n * sizeof (*numbers), 4);
	return list;
}

struct cpod_ref_list
cpod_plan_texts (struct cpod_plan *plan, const char *const *texts, size_t n)
{
	uint32_t *refs = cpod_arena_array (&plan->arena, n + 1, sizeof (*refs));

	if (refs == NULL) {
		plan->failed = true;
		return (struct cpod_ref_list) { 0, 0 };
	}
	for (size_t i = 0; i < n; i++)
		refs[i] = cpod_plan_text (plan, texts[i]);
	return cpod_plan_numbers (plan, refs, n);
}

/* Room for one more operation and its note. */
static bool
grow (struct cpod_plan *plan)
{
	size_t capacity = plan->ops_capacity ? 2 * plan->ops_capacity : 128;
	struct cpod_op *ops;
	struct cpod_note *notes;

	if (plan->n_ops < plan->ops_capacity)
		return true;
	if (capacity > CPOD_PLAN_MAX_OPS)
		return false;
	ops = reallocarray (plan->ops, capacity, sizeof (*ops));
	if (ops == NULL)
		return false;
	plan->ops = ops;
	notes = reallocarray (plan->notes, capacity, sizeof (*notes));
	if (notes == NULL)
		return false;
	plan->notes = notes;
	plan->ops_capacity = capacity;
	return true;
}

struct cpod_op *
cpod_plan_add (struct cpod_plan *plan, enum cpod_op_kind kind, const char *field, const char *format, ...)
{
	static __thread struct cpod_op nowhere;
	cpod_autostr words = CPOD_STR_INIT;
	struct cpod_op *op;
	va_list args;

	if (!grow (plan)) {
		plan->failed = true;
		return &nowhere;
	}
	va_start (args, format);
	cpod_str_vprintf (&words, format, args);
	va_end (args);
	op = &plan->ops[plan->n_ops];
	memset (op, 0, sizeof (*op));
	op->kind = kind;
	plan->notes[plan->n_ops].field = field ? cpod_arena_strdup (&plan->arena, field) : NULL;
	plan->notes[plan->n_ops].words = words.data ? cpod_arena_strdup (&plan->arena, words.data) : "";
	plan->n_ops++;
	return op;
}

uint16_t
cpod_plan_slot (struct cpod_plan *plan)
{
	if (plan->next_slot >= CPOD_PLAN_SLOTS) {
		plan->failed = true;
		return CPOD_SLOT_NONE;
	}
	return plan->next_slot++;
}

struct cpod_given *
cpod_plan_give (struct cpod_plan *plan, enum cpod_given_kind kind, uint16_t slot, const char *path, const char *field)
{
	static __thread struct cpod_given nowhere;
	struct cpod_given *given = &plan->given[plan->header.n_given];

	if (plan->header.n_given >= CPOD_PLAN_SLOTS - 8) {
		plan->failed = true;
		return &nowhere;
	}
	given->kind = kind;
	given->slot = slot == CPOD_SLOT_NONE ? cpod_plan_slot (plan) : slot;
	given->fd = -1;
	given->path = path ? cpod_arena_strdup (&plan->arena, path) : NULL;
	given->field = field ? cpod_arena_strdup (&plan->arena, field) : NULL;
	plan->header.given[plan->header.n_given++] = given->slot;
	return given;
}

struct cpod_given *
cpod_plan_given (struct cpod_plan *plan, uint16_t slot)
{
	for (uint16_t i = 0; i < plan->header.n_given; i++)
		if (plan->given[i].slot == slot)
			return &plan->given[i];
	return NULL;
}

void
cpod_plan_set_fd (struct cpod_plan *plan, uint16_t slot, int fd)
{
	for (uint16_t i = 0; i < plan->header.n_given; i++)
		if (plan->given[i].slot == slot && plan->given[i].kind == CPOD_GIVEN_FD)
			plan->given[i].fd = fd;
}

int
cpod_plan_check (const struct cpod_plan *plan, struct cpod_error *err)
{
	if (!plan->failed)
		return 0;
	return cpod_error_set (err, E2BIG, "the container's plan does not fit (at most %u descriptors, %u steps, %u MiB)",
	                       CPOD_PLAN_SLOTS - 8, CPOD_PLAN_MAX_OPS, CPOD_PLAN_MAX_SIZE >> 20);
}

int
cpod_plan_block (struct cpod_plan *plan, struct cpod_str *block, struct cpod_error *err)
{
	int ret = cpod_plan_check (plan, err);

	if (ret < 0)
		return ret;
	plan->header.n_ops = (uint32_t) plan->n_ops;
	plan->header.ops = cpod_plan_bytes (plan, "", 0, 8);
	plan->header.size = (uint32_t) (plan->header.ops + plan->n_ops * sizeof (*plan->ops) + 1);
	cpod_str_add_bytes (block, &plan->header, sizeof (plan->header));
	cpod_str_add_bytes (block, plan->bytes.data, plan->bytes.len);
	cpod_str_add_bytes (block, plan->ops, plan->n_ops * sizeof (*plan->ops));
	cpod_str_add_char (block, '\0');
	return cpod_str_failed (block) ? cpod_error_oom (err) : 0;
}

int
cpod_plan_seal (struct cpod_plan *plan, int *ret_fd, struct cpod_error *err)
{
	cpod_autofd fd = -1;
	cpod_autostr block = CPOD_STR_INIT;
	int ret = cpod_plan_block (plan, &block, err);

	if (ret < 0)
		return ret;
	fd = memfd_create ("cpod-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return cpod_error_sys (err, errno, "memfd_create for the plan");
	ret = cpod_fd_write_all (fd, block.data, block.len);
	if (ret < 0)
		return cpod_error_sys (err, -ret, "write the plan");
	if (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return cpod_error_sys (err, errno, "seal the plan");
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

/* A namespace file, and of the right kind. */
static int
open_namespace (const struct cpod_given *given, struct cpod_error *err)
{
	int fd = open (given->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int type;

	if (fd < 0)
		return cpod_error_sys (err, errno, "%s: open %s", given->field, given->path);
	type = ioctl (fd, NS_GET_NSTYPE);
	if (type >= 0 && (uint32_t) type == given->type)
		return fd;
	close (fd);
	return cpod_error_set (err, EINVAL, "%s: %s is not a namespace of that type", given->field, given->path);
}

/* One option of a file system that is being configured. */
static int
configure (int fs, const char *option)
{
	const char *equals = strchr (option, '=');
	char key[64];

	if (equals == NULL)
		return (int) syscall (SYS_fsconfig, fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	(void) snprintf (key, sizeof (key), "%.*s", (int) (equals - option), option);
	return (int) syscall (SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, equals + 1, 0);
}

/* A new file system whose options mean something in the parent's mount namespace: overlay, a disk. */
static int
open_file_system (const struct cpod_given *given, struct cpod_error *err)
{
	cpod_autofd fs = (int) syscall (SYS_fsopen, given->fs_type, FSOPEN_CLOEXEC);
	int mount;

	if (fs < 0)
		return cpod_error_sys (err, errno, "%s: file system type %s", given->field, given->fs_type);
	if (given->path != NULL && syscall (SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", given->path, 0) < 0)
		return cpod_error_sys (err, errno, "%s: %s from %s", given->field, given->fs_type, given->path);
	for (const char *const *option = given->fs_options; *option != NULL; option++)
		if (configure (fs, *option) < 0)
			return cpod_error_sys (err, errno, "%s: %s option \"%s\"", given->field, given->fs_type, *option);
	if (syscall (SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return cpod_error_sys (err, errno, "%s: make the %s", given->field, given->fs_type);
	mount = (int) syscall (SYS_fsmount, fs, FSMOUNT_CLOEXEC, given->fs_attributes);
	if (mount < 0)
		return cpod_error_sys (err, errno, "%s: mount the %s", given->field, given->fs_type);
	return mount;
}

/* A mount at, or of what lies beneath, a path of the host. */
static int
open_tree_given (const struct cpod_given *given, unsigned int flags, struct cpod_error *err)
{
	cpod_autofd at = -1;
	int fd;

	if (given->beneath == NULL) {
		fd = (int) syscall (SYS_open_tree, AT_FDCWD, given->path, flags);
	} else {
		at = cpod_subpath_open (given->path, given->beneath, given->field, err);
		if (at < 0)
			return at;
		fd = (int) syscall (SYS_open_tree, at, "", flags | AT_EMPTY_PATH);
	}
	return fd < 0 ? cpod_error_sys (err, errno, "%s: open %s", given->field, given->path) : fd;
}

/* The files of the mount that was opened become those of a user namespace. */
static int
give_ids (const struct cpod_given *given, int mount_fd, int users_fd, struct cpod_error *err)
{
	cpod_autofd own_users = -1;
	int ret = 0;

	if (given->ids == CPOD_IDS_OF_MAP) {
		ret = cpod_idmap_make_users (given->map, &own_users, err);
		users_fd = own_users;
	}
	if (ret < 0)
		return cpod_error_prefix (err, ret, "%s", given->field);
	return cpod_idmap_mount (mount_fd, given->ids_below, users_fd, given->field, given->path, given->fs_type, err);
}

/* One descriptor, or -errno, of the kinds that name something. */
static int
open_named (const struct cpod_plan *plan, const struct cpod_given *given, struct cpod_error *err)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	int fd = -1;

	switch (given->kind) {
	case CPOD_GIVEN_FD:
		return given->fd >= 0 ? given->fd : cpod_error_set (err, EBADF, "a descriptor is missing");
	case CPOD_GIVEN_NAMESPACE:
		return open_namespace (given, err);
	case CPOD_GIVEN_FILE_SYSTEM:
		return open_file_system (given, err);
	case CPOD_GIVEN_TREE_REC:
		flags |= AT_RECURSIVE;
		__attribute__ ((fallthrough));
	case CPOD_GIVEN_TREE:
		return open_tree_given (given, flags, err);
	case CPOD_GIVEN_CGROUP:
		fd = (int) syscall (SYS_open_tree, plan->cgroup_fd, "", flags | AT_EMPTY_PATH);
		break;
	case CPOD_GIVEN_SHARED_PID:
		fd = fcntl (plan->pidns_fd, F_DUPFD_CLOEXEC, 3);
		break;
	case CPOD_GIVEN_PATH:
		fd = open (given->path, O_PATH | O_CLOEXEC);
		break;
	}
	if (fd < 0)
		return cpod_error_sys (err, errno, "%s: open %s", given->field, given->path);
	return fd;
}

/* One descriptor, or -errno. */
static int
open_given (const struct cpod_plan *plan, const struct cpod_given *given, struct cpod_error *err)
{
	cpod_autofd fd = -1;
	int ret;

	if (given->ids == CPOD_IDS_AS_THEY_ARE)
		return open_named (plan, given, err);
	fd = open_named (plan, given, err);
	ret = fd < 0 ? fd : give_ids (given, fd, plan->users_fd, err);
	return ret < 0 ? ret : cpod_fd_steal (&fd);
}

int
cpod_plan_open (const struct cpod_plan *plan, int *fds, size_t *ret_n, struct cpod_error *err)
{
	for (size_t i = 0; i < plan->header.n_given; i++) {
		fds[i] = open_given (plan, &plan->given[i], err);
		if (fds[i] < 0) {
			int ret = fds[i];

			cpod_plan_close (plan, fds, i);
			return ret;
		}
	}
	*ret_n = plan->header.n_given;
	return 0;
}

void
cpod_plan_close (const struct cpod_plan *plan, int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (plan->given[i].kind != CPOD_GIVEN_FD)
			cpod_fd_close (&fds[i]);
}

/* What the step was, where the operation's own words do not say it. */
static const char *const step_words[CPOD_STEPS] = {
	[CPOD_STEP_PLAN] = "the plan is malformed",
	[CPOD_STEP_CLONE] = "clone3",
	[CPOD_STEP_FSOPEN] = "fsopen",
	[CPOD_STEP_FSCONFIG] = "fsconfig",
	[CPOD_STEP_FSCREATE] = "create the file system",
	[CPOD_STEP_FSMOUNT] = "fsmount",
	[CPOD_STEP_OPEN_TREE] = "open_tree",
	[CPOD_STEP_SETATTR] = "mount_setattr",
	[CPOD_STEP_OPEN] = "open",
	[CPOD_STEP_MKDIR] = "mkdir",
	[CPOD_STEP_CREATE] = "create the file",
	[CPOD_STEP_MOVE_MOUNT] = "move_mount",
	[CPOD_STEP_CHDIR] = "chdir",
	[CPOD_STEP_PIVOT] = "pivot_root",
	[CPOD_STEP_UMOUNT] = "umount of the old root",
	[CPOD_STEP_MKNOD] = "mknod",
	[CPOD_STEP_CHOWN] = "chown",
	[CPOD_STEP_SYMLINK] = "symlink",
	[CPOD_STEP_MARK] = "mark what it will start",
	[CPOD_STEP_MAPPED] = "wait for its ids",
	[CPOD_STEP_SETNS] = "setns",
	[CPOD_STEP_SET] = "set",
	[CPOD_STEP_WRITE] = "write",
	[CPOD_STEP_SOCKET] = "netlink socket",
	[CPOD_STEP_NETLINK] = "netlink",
	[CPOD_STEP_DUP] = "dup",
	[CPOD_STEP_SETSID] = "setsid",
	[CPOD_STEP_KEYRING] = "join a session keyring",
	[CPOD_STEP_RLIMIT] = "setrlimit",
	[CPOD_STEP_OUTSIDE] = "it lies outside the root",
	[CPOD_STEP_BOUNDING] = "drop from the bounding set",
	[CPOD_STEP_KEEPCAPS] = "keep capabilities",
	[CPOD_STEP_SETGROUPS] = "setgroups",
	[CPOD_STEP_SETGID] = "setresgid",
	[CPOD_STEP_SETUID] = "setresuid",
	[CPOD_STEP_CAPSET] = "capset",
	[CPOD_STEP_AMBIENT] = "set ambient capabilities",
	[CPOD_STEP_NO_NEW_PRIVS] = "no_new_privs",
	[CPOD_STEP_SECCOMP] = "install the filter",
	[CPOD_STEP_CLOSE] = "close_range",
	[CPOD_STEP_WRONG_DEVICE] = "it is not the device that it should be",
	[CPOD_STEP_NOT_DIRECTORY] = "open as a directory",
	[CPOD_STEP_SIGNALS] = "unblock signals",
	[CPOD_STEP_TERMINAL] = "pseudo-terminal",
	[CPOD_STEP_SEND] = "send its master",
	[CPOD_STEP_CONTROLLING] = "TIOCSCTTY",
	[CPOD_STEP_ALONE] = "whoever was to let it go on is gone",
	[CPOD_STEP_FORK] = "run it",
	[CPOD_STEP_COPY] = "copy",
	[CPOD_STEP_CHROOT] = "cpod runs in a chroot, whose outside a container could reach",
};

/* A hook's record tells how the hook ended. */
static int
explain_hook (const struct cpod_note *note, const struct cpod_record *record, struct cpod_error *err)
{
	const char *words = record->step == CPOD_STEP_HOOK_EXIT ? "it ended with status"
		: record->step == CPOD_STEP_HOOK_SIGNAL ? "it was ended by signal" : NULL;

	if (words == NULL)
		return cpod_error_set (err, ETIMEDOUT, "%s: %s: it took too long", note->field, note->words);
	return cpod_error_set (err, ECANCELED, "%s: %s: %s %d", note->field, note->words, words, record->error);
}

int
cpod_plan_explain (const struct cpod_plan *plan, const struct cpod_record *record, struct cpod_error *err)
{
	const struct cpod_note *note = record->op < plan->n_ops ? &plan->notes[record->op] : NULL;
	const char *step = record->step < CPOD_STEPS ? step_words[record->step] : NULL;
	int code = record->error > 0 && record->error < 4096 ? record->error : EPROTO;

	if (note != NULL && record->step >= CPOD_STEP_HOOK_EXIT && record->step <= CPOD_STEP_HOOK_TIMEOUT)
		return explain_hook (note, record, err);
	if (note == NULL)
		(void) cpod_error_sys (err, code, "start: %s", step ? step : "unknown step");
	else
		(void) cpod_error_sys (err, code, "%s%s%s%s%s", note->field ? note->field : "", note->field ? ": " : "",
		                       note->words, step ? ": " : "", step ? step : "");
	if (code == EAGAIN)   /* no more processes; as a result it would mean "not yet" */
		code = EBUSY;
	if (err != NULL)
		err->code = code;
	return -code;
}

void
cpod_plan_describe (const struct cpod_plan *plan, struct cpod_str *out)
{
	for (size_t i = 0; i < plan->n_ops; i++) {
		const struct cpod_note *note = &plan->notes[i];

		cpod_str_printf (out, "%s", note->words);
		if (note->field != NULL)
			cpod_str_printf (out, "  (%s)", note->field);
		cpod_str_add_char (out, '\n');
	}
}
