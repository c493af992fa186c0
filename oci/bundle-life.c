/* Containers that exist: found by their id, started, signalled, frozen, deleted. See bundle.h.
 *
 * What a container is doing is never written down, because it changes by itself: whether its process lives
 * is asked by number and start time together, whether it waits by its FIFO, whether it is frozen by its
 * cgroup. Only what takes several steps holds the lock. Every wait has an end.
 */
#include "bundle-parts.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOCK_MS    10000
#define CONFIG_MAX (16u << 20)
#define DEPTH_MAX  64          /* of groups below a container's */

/* ---- open ---- */

/* A creation that nobody is at work on any more is a leftover. */
static bool
is_at_work (int dir_fd)
{
	if (flock (dir_fd, LOCK_SH | LOCK_NB) < 0)
		return true;
	(void) flock (dir_fd, LOCK_UN);
	return false;
}

/* The group may be gone, or never have been; then there is no descriptor. */
static void
open_cgroup (struct cpod_bundle *bundle)
{
	if (bundle->state.cgroup == NULL || cpod_cgroup_root_open (&bundle->cgroup_root_fd, NULL) < 0)
		return;
	if (cpod_cgroup_open (bundle->cgroup_root_fd, bundle->state.cgroup, &bundle->cgroup_fd, NULL) < 0)
		bundle->cgroup_fd = -1;
}

static enum cpod_bundle_status
find_status (const struct cpod_bundle *bundle, bool locked)
{
	uint64_t frozen = 0;

	if (bundle->state.creating && !locked && is_at_work (bundle->dir_fd))
		return CPOD_STATUS_CREATING;
	if (bundle->pidfd < 0 || bundle->state.creating)
		return CPOD_STATUS_STOPPED;
	if (cpod_bundle_state_is_waiting (bundle->dir_fd))
		return CPOD_STATUS_CREATED;
	if (bundle->cgroup_fd >= 0 && cpod_cgroup_number (bundle->cgroup_fd, "cgroup.events", "frozen", &frozen) == 0 && frozen != 0)
		return CPOD_STATUS_PAUSED;
	return CPOD_STATUS_RUNNING;
}

static void
init_bundle (struct cpod_bundle *bundle, const struct cpod_bundle_context *context)
{
	*bundle = (struct cpod_bundle) {
		.context = context, .root_fd = -1, .dir_fd = -1, .pidfd = -1, .cgroup_root_fd = -1, .cgroup_fd = -1
	};
	cpod_arena_init (&bundle->arena, 256 << 20);
}

/* Reads what is there and looks at it. */
static int
look (struct cpod_bundle *bundle, const char *id, bool locked, struct cpod_error *err)
{
	int ret = cpod_bundle_state_read (bundle->dir_fd, id, &bundle->arena, &bundle->state, err);

	if (ret < 0)
		return ret;
	(void) cpod_bundle_state_open_process (&bundle->state, &bundle->pidfd);
	open_cgroup (bundle);
	bundle->status = find_status (bundle, locked);
	return 0;
}

int
cpod_bundle_open (const struct cpod_bundle_context *context, const char *id, bool lock, struct cpod_bundle *ret_bundle,
                  struct cpod_error *err)
{
	struct cpod_bundle *bundle = ret_bundle;
	int ret;

	init_bundle (bundle, context);
	ret = cpod_bundle_state_check_id (id, err);
	if (ret == 0)
		ret = cpod_bundle_state_root_open (context->root, false, &bundle->root_fd, err);
	if (ret == -ENOENT)
		ret = cpod_error_set (err, ENOENT, "container `%s` does not exist", id);
	if (ret == 0)
		ret = cpod_bundle_state_open (bundle->root_fd, id, &bundle->dir_fd, err);
	if (ret == 0 && lock)
		ret = cpod_bundle_state_lock (bundle->dir_fd, id, LOCK_MS, err);
	if (ret == 0)
		ret = look (bundle, id, lock, err);
	if (ret < 0)
		cpod_bundle_close (bundle);
	return ret;
}

void
cpod_bundle_close (struct cpod_bundle *bundle)
{
	cpod_fd_close (&bundle->cgroup_fd);
	cpod_fd_close (&bundle->cgroup_root_fd);
	cpod_fd_close (&bundle->pidfd);
	cpod_fd_close (&bundle->dir_fd);
	cpod_fd_close (&bundle->root_fd);
	cpod_arena_finish (&bundle->arena);
}

int
cpod_bundle_config (struct cpod_bundle *bundle, const struct cpod_oci_spec **ret_spec, struct cpod_error *err)
{
	struct cpod_decoder decoder = { .file = CPOD_STATE_CONFIG, .arena = &bundle->arena };
	cpod_autofd fd = openat (bundle->dir_fd, CPOD_STATE_CONFIG, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct cpod_json *root;
	char *text = NULL;
	size_t len = 0;
	int ret = fd < 0 ? -errno : cpod_fd_read_all (fd, CONFIG_MAX, &text, &len);

	if (ret < 0)
		return cpod_error_sys (err, -ret, "read the configuration of container `%s`", bundle->state.id);
	ret = cpod_json_parse (CPOD_STATE_CONFIG, text, len, 0, &bundle->arena, &root, err);
	if (ret == 0)
		ret = cpod_oci_spec_decode (&decoder, root, ret_spec, err);
	free (text);
	return ret < 0 ? cpod_error_prefix (err, ret, "the configuration of container `%s`", bundle->state.id) : 0;
}

/* ---- start ---- */

/* The sentence of what the process said, with the words that the creation has left. */
static int
explain (const struct cpod_bundle *bundle, const struct cpod_record *record, struct cpod_error *err)
{
	struct cpod_note notes[1] = { { NULL, "start the program" } };
	struct cpod_plan plan = { .notes = notes, .n_ops = 1 };
	struct cpod_record first = *record;

	for (size_t i = 0; i < bundle->state.n_steps; i++)
		if (bundle->state.steps[i].op == record->op)
			notes[0] = (struct cpod_note) { bundle->state.steps[i].field, bundle->state.steps[i].words };
	first.op = 0;
	if (notes[0].field == NULL)
		notes[0].field = "start";
	return cpod_plan_explain (&plan, &first, err);
}

/* Reads what becomes of the start, up to the exec, which closes the other end. */
static int
await_exec (const struct cpod_bundle *bundle, int status_fd, struct cpod_error *err)
{
	struct cpod_record record;
	bool announced = false;
	int ret;

	for (;;) {
		ssize_t len = read (status_fd, &record, sizeof (record));

		if (len < 0 && errno == EINTR)
			continue;
		if (len != (ssize_t) sizeof (record) || record.magic != CPOD_INIT_MAGIC)
			break;
		if (record.error != 0) {
			ret = explain (bundle, &record, err);
			return cpod_error_prefix (err, ret, "start of container `%s`", bundle->state.id);
		}
		announced = true;
	}
	return announced ? 0 : cpod_error_set (err, ECHILD, "container `%s` was killed before its program was executed", bundle->state.id);
}

static int
release (const struct cpod_bundle *bundle, struct cpod_error *err)
{
	cpod_autofd status_fd = openat (bundle->dir_fd, CPOD_STATE_STATUS, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	cpod_autofd start_fd = openat (bundle->dir_fd, CPOD_STATE_START, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	if (status_fd < 0 || start_fd < 0 || fcntl (status_fd, F_SETFL, 0) < 0)
		return cpod_error_sys (err, errno, "start of container `%s`", bundle->state.id);
	if (write (start_fd, "", 1) != 1)
		return cpod_error_sys (err, errno, "start of container `%s`", bundle->state.id);
	cpod_fd_close (&start_fd);
	return await_exec (bundle, status_fd, err);
}

int
cpod_bundle_start (struct cpod_bundle *bundle, struct cpod_error *err)
{
	const struct cpod_oci_spec *spec = NULL;
	int ret;

	if (bundle->status != CPOD_STATUS_CREATED)
		return cpod_error_set (err, EINVAL, "container `%s` cannot be started: it is %s, not created", bundle->state.id,
		                       cpod_bundle_status_words[bundle->status]);
	ret = cpod_bundle_config (bundle, &spec, err);
	if (ret == 0)
		ret = release (bundle, err);
	if (ret < 0)
		return ret;
	ret = cpod_hooks_run (spec, CPOD_HOOKS_POSTSTART, &bundle->state, CPOD_STATUS_RUNNING, false, bundle->context, err);
	if (ret < 0)
		(void) syscall (SYS_pidfd_send_signal, bundle->pidfd, SIGKILL, NULL, 0);
	return ret;
}

/* ---- processes ---- */

struct pids { struct cpod_arena *arena; pid_t *items; size_t n, room; };

static int
add_pid (struct pids *pids, pid_t pid)
{
	pid_t *larger;

	if (pids->n == pids->room) {
		pids->room = pids->room ? 2 * pids->room : 64;
		larger = cpod_arena_array (pids->arena, pids->room, sizeof (*larger));
		if (larger == NULL)
			return -ENOMEM;
		if (pids->n > 0)
			memcpy (larger, pids->items, pids->n * sizeof (*larger));
		pids->items = larger;
	}
	pids->items[pids->n++] = pid;
	return 0;
}

/* The processes of one group. One in a threaded domain (EOPNOTSUPP) has its processes in the group above. */
static int
add_group (struct pids *pids, int fd)
{
	cpod_autofd file = openat (fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t len = 0;
	int ret = file < 0 ? -errno : cpod_fd_read_all (file, 16u << 20, &text, &len);

	for (char *at = text; ret == 0 && at != NULL && *at != '\0'; at += *at == '\n')
		ret = add_pid (pids, (pid_t) strtol (at, &at, 10));
	free (text);
	return ret == -EOPNOTSUPP || ret == -ENODEV ? 0 : ret;
}

/* The processes of a group and of all below it. */
static int
add_tree (struct pids *pids, int fd, unsigned int depth)
{
	int list_fd = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = add_group (pids, fd);
	DIR *list = list_fd < 0 ? NULL : fdopendir (list_fd);
	struct dirent *entry;

	if (list == NULL) {
		cpod_fd_close (&list_fd);
		return ret < 0 ? ret : -errno;
	}
	while (ret == 0 && depth > 0 && (entry = readdir (list)) != NULL) {
		cpod_autofd below = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat (fd, entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			ret = add_tree (pids, below, depth - 1);
	}
	closedir (list);
	return ret;
}

int
cpod_bundle_processes (struct cpod_bundle *bundle, pid_t **ret_pids, size_t *ret_n, struct cpod_error *err)
{
	struct pids pids = { .arena = &bundle->arena };
	int ret = 0;

	if (bundle->cgroup_fd >= 0)
		ret = add_tree (&pids, bundle->cgroup_fd, DEPTH_MAX);
	else if (bundle->pidfd >= 0)
		ret = add_pid (&pids, bundle->state.pid);
	if (ret < 0)
		return cpod_error_sys (err, -ret, "list the processes of container `%s`", bundle->state.id);
	*ret_pids = pids.items;
	*ret_n = pids.n;
	return 0;
}

/* ---- signals ---- */

static int
not_running (const struct cpod_bundle *bundle, struct cpod_error *err)
{
	return cpod_error_set (err, ESRCH, "container not running: `%s` is %s", bundle->state.id, cpod_bundle_status_words[bundle->status]);
}

/* The signal for every process of the group. They stand still meanwhile, so that none is missed and no number
 * becomes another's. */
static int
signal_all (struct cpod_bundle *bundle, int signal, struct cpod_error *err)
{
	bool frozen = bundle->status == CPOD_STATUS_PAUSED;
	pid_t *pids = NULL;
	size_t n = 0;
	int ret;

	if (signal == SIGKILL)
		return cpod_cgroup_kill (bundle->cgroup_fd, err);
	if (!frozen && (ret = cpod_cgroup_freeze (bundle->cgroup_fd, true, err)) < 0)
		return ret;
	(void) cpod_cgroup_wait (bundle->cgroup_fd, "frozen", 1, cpod_clock_ns () + CPOD_DEATH_NS, NULL);
	ret = cpod_bundle_processes (bundle, &pids, &n, err);
	for (size_t i = 0; ret == 0 && i < n; i++)
		if (pids[i] > 0)
			(void) kill (pids[i], signal);
	if (!frozen)
		(void) cpod_cgroup_freeze (bundle->cgroup_fd, false, NULL);
	return ret;
}

int
cpod_bundle_kill (struct cpod_bundle *bundle, int signal, bool all, struct cpod_error *err)
{
	bool populated = false;

	if (all && bundle->cgroup_fd >= 0) {
		if (cpod_cgroup_populated (bundle->cgroup_fd, &populated, NULL) < 0 || !populated)
			return not_running (bundle, err);
		return signal_all (bundle, signal, err);
	}
	if (bundle->pidfd < 0)
		return not_running (bundle, err);
	if (syscall (SYS_pidfd_send_signal, bundle->pidfd, signal, NULL, 0) == 0)
		return 0;
	if (errno == ESRCH)
		return not_running (bundle, err);
	return cpod_error_sys (err, errno, "send signal %d to container `%s`", signal, bundle->state.id);
}

int
cpod_bundle_freeze (struct cpod_bundle *bundle, bool frozen, struct cpod_error *err)
{
	int ret;

	if (bundle->status == CPOD_STATUS_STOPPED || bundle->status == CPOD_STATUS_CREATING)
		return not_running (bundle, err);
	if (frozen == (bundle->status == CPOD_STATUS_PAUSED))
		return cpod_error_set (err, EINVAL, "container `%s` is %s", bundle->state.id, frozen ? "paused already" : "not paused");
	if (bundle->cgroup_fd < 0)
		return cpod_error_set (err, ENOTSUP, "container `%s` has no cgroup: it cannot be paused", bundle->state.id);
	ret = cpod_cgroup_freeze (bundle->cgroup_fd, frozen, err);
	if (ret == 0)
		ret = cpod_cgroup_wait (bundle->cgroup_fd, "frozen", frozen, cpod_clock_ns () + CPOD_DEATH_NS, err);
	return ret < 0 ? cpod_error_prefix (err, ret, "container `%s`", bundle->state.id) : 0;
}

/* ---- delete ---- */

/* Nothing of it runs afterwards, unless the kernel cannot end it; then the cgroup cannot be removed. */
static void
end_processes (struct cpod_bundle *bundle)
{
	if (bundle->pidfd >= 0) {
		(void) syscall (SYS_pidfd_send_signal, bundle->pidfd, SIGKILL, NULL, 0);
		if (bundle->cgroup_fd >= 0)
			(void) cpod_cgroup_kill (bundle->cgroup_fd, NULL);
		(void) poll (&(struct pollfd) { .fd = bundle->pidfd, .events = POLLIN }, 1, (int) (CPOD_DEATH_NS / 1000000));
	}
	if (bundle->cgroup_fd < 0)
		return;
	(void) cpod_cgroup_kill (bundle->cgroup_fd, NULL);
	(void) cpod_cgroup_wait_empty (bundle->cgroup_fd, cpod_clock_ns () + CPOD_DEATH_NS, NULL);
}

/* Where the state cannot be read: the cgroup that it would have had by its configuration. */
static void
guess (struct cpod_bundle *bundle, const char *id)
{
	const struct cpod_oci_spec *spec = NULL;
	const char *path = NULL;

	bundle->state = (struct cpod_bundle_state) {
		.id = id, .bundle = "/", .rootfs = "", .created = "", .owner = "", .creating = true
	};
	if (cpod_bundle_config (bundle, &spec, NULL) == 0 && spec->linux_part != NULL)
		path = spec->linux_part->cgroups_path;
	bundle->state.cgroup = path != NULL && path[strspn (path, "/")] != '\0' ? path + strspn (path, "/")
		: cpod_arena_printf (&bundle->arena, "cpod-oci/%s", id);
	open_cgroup (bundle);
	bundle->status = CPOD_STATUS_STOPPED;
}

/* What is left of a container that is over, and locked. */
static int
remove_rest (struct cpod_bundle *bundle, const char *id, struct cpod_error *err)
{
	const struct cpod_oci_spec *spec = NULL;
	int ret = 0;

	/* By its path: that it could not be opened does not mean that it is gone. */
	if (bundle->state.cgroup != NULL && bundle->cgroup_root_fd < 0)
		ret = cpod_cgroup_root_open (&bundle->cgroup_root_fd, err);
	if (ret == 0 && bundle->state.cgroup != NULL)
		ret = cpod_bundle_remove_cgroup (bundle->cgroup_root_fd, bundle->state.cgroup, err);
	if (ret < 0)
		return cpod_error_prefix (err, ret, "container `%s`", id);
	if (!bundle->state.creating && cpod_bundle_config (bundle, &spec, NULL) == 0)
		(void) cpod_hooks_run (spec, CPOD_HOOKS_POSTSTOP, &bundle->state, CPOD_STATUS_STOPPED, true, bundle->context, NULL);
	return cpod_bundle_state_remove (bundle->root_fd, id, bundle->dir_fd, err);
}

static int
delete_stopped (const struct cpod_bundle_context *context, const char *id, struct cpod_error *err)
{
	struct cpod_bundle bundle;
	int ret = cpod_bundle_open (context, id, true, &bundle, err);

	if (ret < 0)
		return ret;
	if (bundle.status != CPOD_STATUS_STOPPED)
		ret = cpod_error_set (err, EBUSY, "container `%s` is %s, not stopped: it can be deleted with --force", id,
		                      cpod_bundle_status_words[bundle.status]);
	else
		ret = remove_rest (&bundle, id, err);
	cpod_bundle_close (&bundle);
	return ret;
}

/* Ends whatever runs first, so that a creation which is at work fails and lets go of its lock. */
static int
delete_whatever (const struct cpod_bundle_context *context, const char *id, struct cpod_error *err)
{
	struct cpod_bundle bundle;
	int ret = cpod_bundle_open (context, id, false, &bundle, err);

	if (ret == 0) {
		end_processes (&bundle);
		cpod_bundle_close (&bundle);
	}
	init_bundle (&bundle, context);
	if ((ret = cpod_bundle_state_root_open (context->root, false, &bundle.root_fd, err)) == 0
	    && (ret = cpod_bundle_state_open (bundle.root_fd, id, &bundle.dir_fd, err)) == 0
	    && (ret = cpod_bundle_state_lock (bundle.dir_fd, id, LOCK_MS, err)) == 0) {
		if (look (&bundle, id, true, NULL) < 0)
			guess (&bundle, id);
		end_processes (&bundle);
		ret = remove_rest (&bundle, id, err);
	}
	cpod_bundle_close (&bundle);
	return ret == -ENOENT ? 0 : ret;
}

int
cpod_bundle_delete (const struct cpod_bundle_context *context, const char *id, bool force, struct cpod_error *err)
{
	int ret = cpod_bundle_state_check_id (id, err);

	if (ret < 0)
		return ret;
	return force ? delete_whatever (context, id, err) : delete_stopped (context, id, err);
}
