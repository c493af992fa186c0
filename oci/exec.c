/* Commands in a running container: probes, and `cpod exec`.
 *
 * (Where the container has no cgroup, what a command starts is known by a mark, and pod init ends it: oci/init/mark.c.)
 * Each has a cgroup of its own below the container's, so that the container's limits hold for it and
 * cgroup.kill ends it with all it has started. A group that was not killed serves the next command;
 * one that was is used up, and is removed once it is empty.
 *
 * The result comes from pod init through a pipe, one struct cpod_exec_result: how the command ended,
 * or at which step it could not be executed.
 */
#include "production.h"

#include "watch.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SWEEP_NS 1000000000ull

/* ---- groups ---- */

static void
free_group (struct cpod_exec_group *group)
{
	cpod_fd_close (&group->fd);
	cpod_fd_close (&group->events_fd);
	free (group);
}

static int
make_group (struct cpod_rt_container *c, struct cpod_exec_group **ret_group, struct cpod_error *err)
{
	struct cpod_exec_group *group = calloc (1, sizeof (*group));
	int ret;

	if (group == NULL)
		return cpod_error_oom (err);
	group->events_fd = -1;
	(void) snprintf (group->name, sizeof (group->name), "probe-%u", c->next_group++);
	ret = cpod_cgroup_create (c->cgroup_fd, group->name, NULL, CPOD_CGROUP_NEW, &group->fd, err);
	if (ret == 0)
		ret = cpod_rtusers_give_group (c->pod, group->fd, err);
	if (ret == 0)
		ret = cpod_cgroup_events_open (group->fd, &group->events_fd, err);
	if (ret < 0) {
		free_group (group);
		return ret;
	}
	*ret_group = group;
	return 0;
}

/* An idle group, or a new one; none where the container has none. */
static int
take_group (struct cpod_rt_container *c, struct cpod_exec_group **ret_group, struct cpod_error *err)
{
	struct cpod_exec_group *group = c->idle_groups;

	if (c->cgroup_fd < 0) {
		*ret_group = NULL;
		return 0;
	}
	cpod_rtexec_sweep (c, false);
	if (group == NULL)
		return make_group (c, ret_group, err);
	c->idle_groups = group->next;
	*ret_group = group;
	return 0;
}

/* Whether somebody is in the group; what cannot be read counts as yes. */
static bool
is_populated (const struct cpod_exec_group *group)
{
	char text[128];
	ssize_t len = pread (group->events_fd, text, sizeof (text) - 1, 0);

	if (len <= 0)
		return true;
	text[len] = '\0';
	return strstr (text, "populated 0") == NULL;
}

/* The command is over: what it left behind is ended unless it may stay, and the group goes back. */
static void
return_group (struct cpod_rt_container *c, struct cpod_exec_group *group, bool kill, bool keep)
{
	if (group == NULL)
		return;
	if (kill || (!keep && is_populated (group))) {
		(void) cpod_cgroup_kill (group->fd, NULL);
		group->used_up = true;
	}
	if (group->used_up || keep) {
		group->next = c->dying_groups;
		c->dying_groups = group;
	} else {
		group->next = c->idle_groups;
		c->idle_groups = group;
	}
}

void
cpod_rtexec_sweep (struct cpod_rt_container *c, bool all)
{
	struct cpod_exec_group **at = &c->dying_groups;

	while (*at != NULL) {
		struct cpod_exec_group *group = *at;

		if (all && is_populated (group)) {
			(void) cpod_cgroup_kill (group->fd, NULL);
			(void) cpod_cgroup_wait_empty (group->fd, cpod_clock_ns () + SWEEP_NS, NULL);
		}
		if (!all && group->used_up && is_populated (group))
			(void) cpod_cgroup_kill (group->fd, NULL);   /* who was born in it while it was being killed */
		if (!all && (is_populated (group) || cpod_cgroup_remove (c->cgroup_fd, group->name, NULL) < 0)) {
			at = &group->next;
			continue;
		}
		*at = group->next;
		free_group (group);   /* with all, the directory goes with the container's */
	}
	while (all && c->idle_groups != NULL) {
		struct cpod_exec_group *group = c->idle_groups;

		c->idle_groups = group->next;
		free_group (group);
	}
}

/* ---- the command ---- */

/* Which namespaces of the container's are not pod init's already. */
static uint64_t
to_join (const struct cpod_rt_container *c)
{
	uint64_t join = c->namespaces.own;

	if (c->cgroup_fd < 0)
		join &= ~(uint64_t) CLONE_NEWCGROUP;   /* it begins where pod init's does; a command's own is its mark */
	if (c->namespaces.shared_pid)
		join |= CLONE_NEWPID;
	for (size_t i = 0; i < CPOD_OCI_N_NS; i++)
		if (c->namespaces.path[i] != NULL)
			join |= cpod_namespace_flags[i];
	return join;
}

/* Whether both are assignments to the same variable. */
static bool
same_variable (const char *a, const char *b)
{
	size_t len = strcspn (a, "=");

	return strncmp (a, b, len) == 0 && (b[len] == '=' || b[len] == '\0');
}

/* The command's environment: the container's or the caller's, with what the caller has more. In the plan's arena; NULL
 * when memory is out. */
static const char *const *
environment (const struct cpod_rt_container *c, const struct cpod_rt_exec_config *config, struct cpod_plan *plan)
{
	const char *const *base = config->envp != NULL ? config->envp : c->process.envp, *const *more = config->env_more;
	size_t n_base = 0, n_more = 0, n = 0;
	const char **envp;

	if (more == NULL)
		return base;
	while (base[n_base] != NULL)
		n_base++;
	while (more[n_more] != NULL)
		n_more++;
	envp = cpod_arena_array (&plan->arena, n_base + n_more + 1, sizeof (*envp));
	if (envp == NULL)
		return NULL;
	for (size_t i = 0; i < n_base; i++) {
		bool replaced = false;

		for (size_t k = 0; k < n_more && !replaced; k++)
			replaced = same_variable (base[i], more[k]);
		if (!replaced)
			envp[n++] = base[i];
	}
	for (size_t k = 0; k < n_more; k++)
		envp[n++] = more[k];
	return envp;
}

/* Which terminal the flags ask for. -EINVAL: none was given. */
static int
terminal_of (const struct cpod_rt_exec_config *config, enum cpod_terminal *ret, struct cpod_error *err)
{
	const bool made = (config->flags & CPOD_RT_EXEC_NEW_TTY) != 0, given = (config->flags & CPOD_RT_EXEC_TTY) != 0;

	if (made && config->tty_socket_fd < 0)
		return cpod_error_set (err, EINVAL, "a terminal needs a socket that its master is sent to");
	if (given && !made && config->stdio_fd[0] < 0)
		return cpod_error_set (err, EINVAL, "the terminal is missing");
	*ret = made ? CPOD_TERMINAL_NEW : given ? CPOD_TERMINAL_GIVEN : CPOD_TERMINAL_NONE;
	return 0;
}

/* The command's plan. */
static int
compile (struct cpod_rt_op *op, const struct cpod_rt_exec_config *config, struct cpod_error *err)
{
	const struct cpod_rt_container *c = op->container;
	const char *const *envp = environment (c, config, &op->plan);
	enum cpod_terminal terminal = CPOD_TERMINAL_NONE;
	struct cpod_process process = c->process;
	int ret;

	if (envp == NULL)
		return cpod_error_oom (err);
	process.watched = process.watched || cpod_watch_is_on (c->cgroup_fd);
	ret = terminal_of (config, &terminal, err);
	if (ret == 0)
		ret = cpod_compile_exec (&process, config->argv, envp, config->cwd, config->stdio_fd, to_join (c),
		                         CPOD_OLD_NULL, terminal, config->tty_rows, config->tty_columns, &op->plan, err);
	if (ret == 0 && terminal == CPOD_TERMINAL_NEW)
		cpod_plan_set_fd (&op->plan, CPOD_SLOT_TTY_SOCKET, config->tty_socket_fd);
	return ret;
}

/* Asks for it; where there is no group, for a mark on it. */
static int
send (struct cpod_rt_container *c, struct cpod_rt_op *op, int result_fd, struct cpod_error *err)
{
	struct cpod_request_head head = { .kind = CPOD_MESSAGE_EXEC };

	if (op->group == NULL) {
		pthread_mutex_lock (&c->pod->lock);
		head.exec = op->exec = ++c->pod->next_number;
		pthread_mutex_unlock (&c->pod->lock);
		head.flags = CPOD_LAUNCH_MARK | (op->keep ? CPOD_LAUNCH_KEEP : 0);
	}
	return cpod_request_send (c, &head, &op->plan, result_fd, op->group != NULL ? op->group->fd : -1, err);
}

static void
free_op (struct cpod_rt_op *op)
{
	cpod_fd_close (&op->fd);
	cpod_plan_finish (&op->plan);
	free (op);
}

int
cpod_rtexec_start (struct cpod_rt_container *c, const struct cpod_rt_exec_config *given, struct cpod_rt_op **ret_op,
                   int *ret_fd, struct cpod_error *err)
{
	struct cpod_rt_exec_config whole = { .tty_socket_fd = -1 };   /* a caller of an older version knows less of it */
	const struct cpod_rt_exec_config *config = memcpy (&whole, given, given->size < sizeof (whole) ? given->size : sizeof (whole));
	struct cpod_rt_op *op;
	cpod_autofd result_fd = -1;
	int pair[2], ret;

	if (c->state != CPOD_RUNNING)
		return cpod_error_set (err, ESRCH, "it is not running");
	op = calloc (1, sizeof (*op));
	if (op == NULL)
		return cpod_error_oom (err);
	cpod_plan_init (&op->plan);
	op->type = CPOD_OP_TYPE_EXEC;
	op->container = c;
	op->keep = (config->flags & CPOD_RT_EXEC_KEEP) != 0;
	op->fd = -1;
	ret = pipe2 (pair, O_CLOEXEC) < 0 ? cpod_error_sys (err, errno, "pipe for a command's result") : 0;
	if (ret == 0) {
		op->fd = pair[0];
		result_fd = pair[1];
		(void) fcntl (op->fd, F_SETFL, O_NONBLOCK);
		ret = compile (op, config, err);
	}
	cpod_rtc_give_pipes (&c->process, cpod_rtc_ids (c), config->stdio_fd);
	if (ret == 0)
		ret = take_group (c, &op->group, err);
	if (ret == 0) {
		cpod_plan_set_fd (&op->plan, CPOD_SLOT_FIRST, c->pidfd);
		ret = send (c, op, result_fd, err);
		if (ret < 0)
			return_group (c, op->group, false, false);
	}
	if (ret < 0) {
		free_op (op);
		return ret;
	}
	*ret_op = op;
	*ret_fd = op->fd;
	return 0;
}

/* Joining a container that is just dying fails in several ways that all mean the same. */
static int
explain (struct cpod_rt_op *op, const struct cpod_record *record, struct cpod_error *err)
{
	bool joining = record->step == CPOD_STEP_SETNS || record->step == CPOD_STEP_CLONE;

	if (record->error == ESRCH || (joining && record->error == ENOMEM))
		return cpod_error_set (err, ESRCH, "it is not running");
	if (record->error == ENOENT && record->op < op->plan.n_ops && op->plan.ops[record->op].kind == CPOD_OP_TERMINAL) {
		(void) cpod_plan_explain (&op->plan, record, err);
		if (err != NULL)
			err->code = ENOTTY;      /* it is not the program that is missing */
		return -ENOTTY;
	}
	return cpod_plan_explain (&op->plan, record, err);
}

int
cpod_rtexec_result (struct cpod_rt_op *op, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	struct cpod_exec_result result;
	ssize_t len;
	int ret = 0;

	do
		len = read (op->fd, &result, sizeof (result));
	while (len < 0 && errno == EINTR);
	if (len < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (len != (ssize_t) sizeof (result) || result.magic != CPOD_INIT_MAGIC)
		ret = cpod_error_set (err, ESRCH, "it is not running");
	else if (result.record.error != 0)
		ret = explain (op, &result.record, err);
	else
		cpod_rtc_exit_of (result.status, ret_exit);
	return_group (op->container, op->group, false, op->keep);
	free_op (op);
	return ret;
}

void
cpod_rtexec_cancel (struct cpod_rt_op *op)
{
	bool is_marked = op->group == NULL;
	struct cpod_rt_container *c = op->container;
	uint32_t exec = op->exec;

	return_group (c, op->group, true, false);
	free_op (op);   /* with its pipe: what pod init has not begun with, it does not begin */
	if (is_marked)
		cpod_request_kill (c, exec);
}
