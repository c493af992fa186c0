/* A command in a running container without a pod.
 *
 * Stages: the process is resolved, from a document of its own or from the container's with changes, the filter
 * always the container's; a go-between is born in the container's cgroup, joins the namespaces that differ
 * from the caller's, drops what the command may not have, and gives birth to the command, wholly inside from
 * its first moment and the caller's own child. What happens on the way comes through a pipe: the
 * command's number, a failure, or nothing more once it is executed.
 */
#include "bundle-parts.h"

#include "launch.h"
#include "production.h"
#include "watch.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FD 3

struct exec {
	struct cpod_bundle *bundle;
	const struct cpod_bundle_exec *options;
	const struct cpod_oci_spec *config;     /* the container's */
	struct cpod_oci_spec spec;              /* that with the command's process */
	struct cpod_process process;
	struct cpod_plan plan;
	int cgroup_fd;                          /* owned; -1: where the caller is */
	int terminal_fd, master_fd;             /* owned: where the terminal's master is sent, where it arrives */
	uint16_t rows, columns;                 /* of the caller's terminal */
	int joiner_pidfd, pidfd;                /* owned */
	pid_t joiner, pid;                      /* the go-between; the command */
};

/* ---- the process ---- */

/* The lists of a and b, one behind the other, without what of a stands in b for the same variable. */
static int
merge_env (struct cpod_arena *arena, struct cpod_strings *env, const char *const *more, struct cpod_error *err)
{
	size_t n_more = 0, n = 0;
	const char **items;

	while (more[n_more] != NULL)
		n_more++;
	items = cpod_arena_array (arena, env->n + n_more + 1, sizeof (*items));
	if (items == NULL)
		return cpod_error_oom (err);
	for (size_t i = 0; i < env->n; i++) {
		size_t len = strcspn (env->items[i], "="), k = 0;

		while (k < n_more && (strncmp (env->items[i], more[k], len) != 0 || more[k][len] != '='))
			k++;
		if (k == n_more)
			items[n++] = env->items[i];
	}
	for (size_t k = 0; k < n_more; k++)
		items[n++] = more[k];
	*env = (struct cpod_strings) { items, n, true };
	return 0;
}

/* list with more behind it. */
static int
append (struct cpod_arena *arena, struct cpod_strings *list, const char *const *more, struct cpod_error *err)
{
	size_t n = list->n;
	const char **items;

	while (more[n - list->n] != NULL)
		n++;
	items = cpod_arena_array (arena, n + 1, sizeof (*items));
	if (items == NULL)
		return cpod_error_oom (err);
	for (size_t i = 0; i < n; i++)
		items[i] = i < list->n ? list->items[i] : more[i - list->n];
	*list = (struct cpod_strings) { items, n, true };
	return 0;
}

static int
add_capabilities (struct cpod_arena *arena, struct cpod_oci_process *process, const char *const *more, struct cpod_error *err)
{
	struct cpod_oci_capabilities *caps = cpod_arena_alloc (arena, sizeof (*caps));
	int ret;

	if (caps == NULL)
		return cpod_error_oom (err);
	for (size_t i = 0; more[i] != NULL; i++)
		if (cpod_oci_capability_number (more[i]) < 0)
			return cpod_error_set (err, EINVAL, "--cap: \"%.64s\" is no capability", more[i]);
	if (process->capabilities != NULL)
		*caps = *process->capabilities;
	if ((ret = append (arena, &caps->bounding, more, err)) < 0 || (ret = append (arena, &caps->permitted, more, err)) < 0
	    || (ret = append (arena, &caps->effective, more, err)) < 0)
		return ret;
	process->capabilities = caps;
	return 0;
}

/* The container's own process with the changes that are asked for. */
static int
change_process (struct exec *exec, struct cpod_oci_process *process, struct cpod_error *err)
{
	const struct cpod_bundle_exec *options = exec->options;
	struct cpod_arena *arena = &exec->bundle->arena;
	int ret = 0;

	process->args = (struct cpod_strings) { (const char **) (uintptr_t) options->args, 0, true };
	while (options->args[process->args.n] != NULL)
		process->args.n++;
	process->terminal = (struct cpod_bool) { true, options->terminal };
	process->console_size = NULL;
	if (options->cwd != NULL)
		process->cwd = options->cwd;
	if (options->no_new_privs)
		process->no_new_privileges = (struct cpod_bool) { true, true };
	if (options->has_user) {
		struct cpod_oci_user *user = cpod_arena_alloc (arena, sizeof (*user));

		if (user == NULL)
			return cpod_error_oom (err);
		if (process->user != NULL)
			*user = *process->user;
		user->uid = (struct cpod_uint) { true, options->uid };
		if (options->has_gid)
			user->gid = (struct cpod_uint) { true, options->gid };
		process->user = user;
	}
	if (options->env != NULL)
		ret = merge_env (arena, &process->env, options->env, err);
	if (ret == 0 && options->caps != NULL)
		ret = add_capabilities (arena, process, options->caps, err);
	return ret;
}

static int
read_process (struct exec *exec, const struct cpod_oci_process **ret_process, struct cpod_error *err)
{
	struct cpod_bundle *bundle = exec->bundle;
	struct cpod_decoder decoder = {
		.file = exec->options->name, .arena = &bundle->arena, .warn = bundle->context->warn, .warn_data = bundle->context->data
	};
	struct cpod_oci_process *changed;
	struct cpod_json *root;
	int ret;

	if (exec->options->text != NULL) {
		ret = cpod_json_parse (exec->options->name, exec->options->text, exec->options->len, 0, &bundle->arena, &root, err);
		return ret < 0 ? ret : cpod_oci_process_decode (&decoder, root, ret_process, err);
	}
	changed = cpod_arena_alloc (&bundle->arena, sizeof (*changed));
	if (changed == NULL)
		return cpod_error_oom (err);
	if (exec->config->process != NULL)
		*changed = *exec->config->process;
	*ret_process = changed;
	return change_process (exec, changed, err);
}

static int
resolve (struct exec *exec, struct cpod_error *err)
{
	struct cpod_compile_input input = { .spec = &exec->spec };
	const struct cpod_bundle_exec *options = exec->options;
	bool terminal;
	int ret = cpod_bundle_config (exec->bundle, &exec->config, err);

	if (ret < 0)
		return ret;
	exec->spec = *exec->config;
	if ((ret = read_process (exec, &exec->spec.process, err)) < 0
	    || (ret = cpod_process_resolve (&input, &exec->bundle->arena, &exec->process, err)) < 0)
		return ret;
	exec->process.watched = cpod_watch_is_on (exec->bundle->cgroup_fd);
	terminal = exec->spec.process->terminal.value;
	if (options->console_socket != NULL && !terminal)
		return cpod_error_set (err, EINVAL, "--console-socket: the process has no terminal that could be sent");
	if (!terminal)
		return 0;
	ret = cpod_bundle_open_terminal (options->console_socket, options->detach ? NULL : options->lender, &exec->terminal_fd,
	                                 &exec->master_fd, err);
	if (ret == 0 && exec->terminal_fd < 0)
		return cpod_error_set (err, EINVAL, "a terminal needs a socket that its master is sent to: --console-socket");
	if (ret == 0 && exec->master_fd >= 0)
		options->lender->size (options->lender->data, &exec->rows, &exec->columns);
	return ret;
}

/* ---- where it goes ---- */

/* The namespaces of the container's first process that are not the caller's. */
static int
find_namespaces (const struct exec *exec, uint64_t *ret_flags, struct cpod_error *err)
{
	static const struct { uint64_t flag; const char *name; } kinds[] = {
		{ CLONE_NEWNS, "mnt" }, { CLONE_NEWPID, "pid" }, { CLONE_NEWNET, "net" }, { CLONE_NEWIPC, "ipc" }, { CLONE_NEWUTS, "uts" },
		{ CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWUSER, "user" }, { CLONE_NEWTIME, "time" },
	};
	struct stat own, its;
	char path[64];

	*ret_flags = 0;
	for (size_t i = 0; i < sizeof (kinds) / sizeof (kinds[0]); i++) {
		(void) snprintf (path, sizeof (path), "/proc/self/ns/%s", kinds[i].name);
		if (stat (path, &own) < 0)
			continue;       /* a kernel without it */
		(void) snprintf (path, sizeof (path), "/proc/%d/ns/%s", (int) exec->bundle->state.pid, kinds[i].name);
		if (stat (path, &its) < 0)
			return cpod_error_set (err, ESRCH, "container not running: `%s` has ended", exec->bundle->state.id);
		if (own.st_ino != its.st_ino || own.st_dev != its.st_dev)
			*ret_flags |= kinds[i].flag;
	}
	return 0;
}

/* The group that its first process is in, which may have made groups of its own. */
static int
open_its_cgroup (struct exec *exec, struct cpod_error *err)
{
	char path[32], text[8192], own[4096];

	(void) snprintf (path, sizeof (path), "/proc/%d/cgroup", (int) exec->bundle->state.pid);
	if (cpod_file_get (AT_FDCWD, path, text, sizeof (text)) < 0 || cpod_cgroup_own_path (text, own, sizeof (own)) < 0)
		return cpod_error_set (err, ESRCH, "container not running: `%s` has ended", exec->bundle->state.id);
	cpod_fd_close (&exec->cgroup_fd);
	return cpod_cgroup_open (exec->bundle->cgroup_root_fd, own, &exec->cgroup_fd, err);
}

static int
open_cgroup (struct exec *exec, struct cpod_error *err)
{
	const char *below = exec->options->cgroup;
	int ret;

	if (exec->bundle->cgroup_fd < 0)
		return below == NULL ? 0 : cpod_error_set (err, EINVAL, "--cgroup: container `%s` has no cgroup", exec->bundle->state.id);
	ret = cpod_cgroup_open (exec->bundle->cgroup_fd, below != NULL ? below : "", &exec->cgroup_fd, err);
	return ret < 0 ? cpod_error_prefix (err, ret, "--cgroup") : 0;
}

static int
compile (struct exec *exec, const char *join_cgroup, struct cpod_error *err)
{
	const struct cpod_oci_console_size *size = exec->spec.process->console_size;
	int fds[CPOD_PLAN_SLOTS];
	struct cpod_compile_join join = {
		.process = &exec->process, .pidfd = exec->bundle->pidfd, .join_cgroup = join_cgroup, .terminal_fd = exec->terminal_fd,
		.rows = size != NULL ? (uint16_t) size->height.value : exec->rows,
		.columns = size != NULL ? (uint16_t) size->width.value : exec->columns,
		.preserve_fds = fds, .n_preserve_fds = exec->options->preserve_fds
	};
	int ret = find_namespaces (exec, &join.namespaces, err);

	if (ret == 0 && join.n_preserve_fds > CPOD_PLAN_SLOTS / 2)
		ret = cpod_error_set (err, E2BIG, "--preserve-fds: at most %u", CPOD_PLAN_SLOTS / 2);
	if (ret == 0)
		ret = cpod_bundle_check_fds (exec->options->preserve_fds, err);
	if (ret < 0)
		return ret;
	for (unsigned int i = 0; i < exec->options->preserve_fds; i++)
		fds[i] = FIRST_FD + (int) i;
	cpod_plan_finish (&exec->plan);
	cpod_plan_init (&exec->plan);
	return cpod_compile_join (&join, &exec->bundle->arena, &exec->plan, err);
}

/* ---- birth ---- */

static int
launch (struct exec *exec, int status_fd, bool born_in_cgroup, struct cpod_error *err)
{
	int fds[CPOD_INIT_FD_FIRST + CPOD_PLAN_SLOTS];
	struct cpod_launch launch = { .argv0 = CPOD_INIT_ARGV_JOIN, .fds = fds, .cgroup_fd = born_in_cgroup ? exec->cgroup_fd : -1 };
	cpod_autofd plan = -1;
	size_t n;
	int ret = cpod_plan_seal (&exec->plan, &plan, err);

	if (ret == 0)
		ret = cpod_plan_open (&exec->plan, fds + CPOD_INIT_FD_FIRST, &n, err);
	if (ret < 0)
		return ret;
	for (int i = 0; i < CPOD_INIT_FD_FIRST; i++)
		fds[i] = i < 3 ? CPOD_LAUNCH_INHERIT : -1;
	fds[CPOD_INIT_FD_SOCKET] = status_fd;
	fds[CPOD_INIT_FD_PLAN] = plan;
	launch.n_fds = CPOD_INIT_FD_FIRST + n;
	ret = cpod_launch_init (&launch, &exec->joiner_pidfd, &exec->joiner, err);
	cpod_plan_close (&exec->plan, fds + CPOD_INIT_FD_FIRST, n);
	return ret;
}

/* In the container's group; where that has become an inner one (EBUSY), in that of its first process; where nobody can
 * be born in it, by moving there. */
static int
launch_somehow (struct exec *exec, int status_fd, struct cpod_error *err)
{
	struct cpod_error first = { 0 };
	char path[64];
	int ret = launch (exec, status_fd, exec->cgroup_fd >= 0, &first);

	if (ret == -EBUSY && exec->cgroup_fd >= 0 && exec->options->cgroup == NULL) {
		ret = open_its_cgroup (exec, &first);
		if (ret == 0)
			ret = launch (exec, status_fd, true, &first);
	}
	if (ret != -ESRCH || exec->cgroup_fd < 0)
		return ret < 0 ? cpod_error_set (err, first.code, "%s", first.message) : 0;
	(void) snprintf (path, sizeof (path), "/proc/self/fd/%d", exec->cgroup_fd);
	ret = compile (exec, path, err);
	return ret < 0 ? ret : launch (exec, status_fd, false, err);
}

/* Joining a container that is just dying fails in several ways that all mean the same. */
static int
explain (const struct exec *exec, const struct cpod_record *record, struct cpod_error *err)
{
	if (record->step == CPOD_STEP_SETNS || (record->step == CPOD_STEP_CLONE && record->error == ENOMEM))
		if (record->error == ESRCH || record->error == ENOMEM || record->error == EINVAL)
			return cpod_error_set (err, ESRCH, "container not running: `%s` has ended", exec->bundle->state.id);
	return cpod_plan_explain (&exec->plan, record, err);
}

/* Follows the birth until the command is executed. */
static int
await_exec (struct exec *exec, int status_fd, struct cpod_error *err)
{
	struct cpod_record record;
	bool announced = false;
	int ret = 0;

	for (;;) {
		ssize_t len = read (status_fd, &record, sizeof (record));

		if (len < 0 && errno == EINTR)
			continue;
		if (len != (ssize_t) sizeof (record) || record.magic != CPOD_INIT_MAGIC)
			break;
		if (record.error == 0 && record.step == CPOD_STEP_BORN)
			exec->pid = (pid_t) record.op;
		else if (record.error == 0)
			announced = true;
		else if (ret == 0)
			ret = explain (exec, &record, err);
	}
	if (ret == 0 && (!announced || exec->pid <= 0))
		ret = cpod_error_set (err, ECHILD, "the command was killed before it was executed in container `%s`",
		                      exec->bundle->state.id);
	return ret;
}

/* Reaps one child. */
static int
reap (pid_t *pid)
{
	int status = 0;

	while (*pid > 0 && waitpid (*pid, &status, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
	return status;
}

static int
start (struct exec *exec, struct cpod_error *err)
{
	cpod_autofd status_fd = -1, their_end = -1;
	int pair[2], ret;

	if (pipe2 (pair, O_CLOEXEC) < 0)
		return cpod_error_sys (err, errno, "pipe for a command's start");
	status_fd = pair[0];
	their_end = pair[1];
	cpod_rtc_give_pipes (&exec->process, NULL, (const int32_t[3]) { 0, 1, 2 });
	ret = launch_somehow (exec, their_end, err);
	cpod_fd_close (&their_end);
	if (ret == 0)
		ret = await_exec (exec, status_fd, err);
	(void) reap (&exec->joiner);
	if (ret == 0 && (exec->pidfd = (int) syscall (SYS_pidfd_open, exec->pid, 0)) < 0)   /* not reaped: the number is its own */
		ret = cpod_error_sys (err, errno, "pidfd_open of the command");
	if (ret == 0)
		ret = cpod_bundle_write_pid (exec->options->pid_file, exec->pid, err);
	if (ret < 0 && exec->pid > 0) {
		(void) kill (exec->pid, SIGKILL);
		(void) reap (&exec->pid);
	}
	return ret;
}

static int
await_end (struct exec *exec, int signal_fd, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	int ret;

	if (exec->master_fd >= 0)
		ret = exec->options->lender->attend (exec->options->lender->data, exec->master_fd, exec->pidfd, signal_fd, err);
	else
		ret = cpod_bundle_hand_on (exec->pidfd, signal_fd, err);
	if (ret == 0)
		cpod_rtc_exit_of (reap (&exec->pid), ret_exit);
	return ret;
}

int
cpod_bundle_exec (struct cpod_bundle *bundle, const struct cpod_bundle_exec *options, struct cpod_rt_exit *ret_exit,
                  struct cpod_error *err)
{
	struct exec exec = {
		.bundle = bundle, .options = options, .cgroup_fd = -1, .terminal_fd = -1, .master_fd = -1, .joiner_pidfd = -1, .pidfd = -1
	};
	cpod_autofd signal_fd = -1;
	int ret = 0;

	*ret_exit = (struct cpod_rt_exit) { 0 };
	if (bundle->status == CPOD_STATUS_PAUSED)
		return cpod_error_set (err, EBUSY, "container `%s` is paused: nothing can be executed in it", bundle->state.id);
	if (bundle->status != CPOD_STATUS_RUNNING && bundle->status != CPOD_STATUS_CREATED)
		return cpod_error_set (err, ESRCH, "container not running: `%s` is %s", bundle->state.id,
		                       cpod_bundle_status_words[bundle->status]);
	cpod_plan_init (&exec.plan);
	if ((ret = resolve (&exec, err)) == 0 && (ret = open_cgroup (&exec, err)) == 0 && (ret = compile (&exec, NULL, err)) == 0
	    && !options->detach)
		ret = cpod_bundle_take_signals (&signal_fd, err);
	if (ret == 0)
		ret = start (&exec, err);
	if (ret == 0 && !options->detach)
		ret = await_end (&exec, signal_fd, ret_exit, err);
	cpod_plan_finish (&exec.plan);
	cpod_fd_close (&exec.terminal_fd);
	cpod_fd_close (&exec.master_fd);
	cpod_fd_close (&exec.cgroup_fd);
	cpod_fd_close (&exec.joiner_pidfd);
	cpod_fd_close (&exec.pidfd);
	return ret;
}
