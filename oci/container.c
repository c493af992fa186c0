/* A container: compiled when it is created, launched by pod init when it is started.
 *
 * create makes nothing but data: a spec that cannot be carried out is refused before anything exists.
 * start makes the cgroup and its limits, opens what the plan wants from the host, and sends it all to
 * pod init; the status pipe then says how the walk went. What a failed start made is gone when its
 * result is read.
 */
#include "production.h"

#include "watch.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS 10000      /* pod init's answer to a launch; it takes microseconds */
#define DEATH_NS  2000000000ull

/* ---- create ---- */

/* The spec's JSON to structs. Paths in errors are within the spec. */
static int
decode (const struct cpod_rt_container_config *config, struct cpod_arena *arena, const struct cpod_oci_spec **ret_spec,
        struct cpod_error *err)
{
	struct cpod_decoder decoder = { .arena = arena, .flags = CPOD_OCI_SPEC_PARTIAL };
	struct cpod_json *root;
	int ret = cpod_json_parse ("spec", config->spec_json, config->spec_len, 0, arena, &root, err);

	if (ret < 0)
		return ret;
	if ((config->flags & CPOD_RT_CONFIG_STRICT) != 0)
		decoder.flags |= CPOD_DECODE_STRICT;
	if (config->size >= offsetof (struct cpod_rt_container_config, warn_data) + sizeof (config->warn_data)) {
		decoder.warn = config->warn;
		decoder.warn_data = config->warn_data;
	}
	return cpod_oci_spec_decode (&decoder, root, ret_spec, err);
}

/* Refuses what an ordinary user's pod cannot have. */
static int
check_rights (const struct cpod_rt_container *c, const struct cpod_rt_pod *pod, struct cpod_error *err)
{
	static const struct cpod_array none;
	const struct cpod_oci_linux *linux_part = c->spec->linux_part;
	const char *reason = pod->no_cgroup_reason.message;

	if (pod->own_users && c->namespaces.path[CPOD_OCI_NS_PID] != NULL)
		return cpod_error_set (err, ENOTSUP, "linux.namespaces[%zu].path: a PID namespace cannot be joined from a user namespace of "
		                       "the pod's own", c->namespaces.index[CPOD_OCI_NS_PID]);
	if (pod->no_cgroup && c->settings.n > 0)
		return cpod_error_set (err, ENOTSUP, "%s: a limit needs a cgroup: %s", c->settings.items[0].field, reason);
	if (pod->no_cgroup && linux_part != NULL && linux_part->cgroups_path != NULL && linux_part->cgroups_path[0] != '\0')
		return cpod_error_set (err, ENOTSUP, "linux.cgroupsPath: %s", reason);
	if (!pod->unprivileged || linux_part == NULL || c->resources == NULL)
		return 0;
	return cpod_compile_check_rules (c->resources->devices.set ? &c->resources->devices : &none, &linux_part->devices, err);
}

/* Everything that a container is before it runs, from its spec. view: NULL, or the pod's host view. */
static int
compile (struct cpod_rt_container *c, const struct cpod_rt_pod *pod, const struct cpod_host_view *view, struct cpod_error *err)
{
	struct cpod_compile_input input = {
		.spec = c->spec, .pod = true, .pod_flags = pod->flags, .host_view = view, .unprivileged = pod->unprivileged,
		.ids = pod->own_users ? &pod->ids : NULL, .no_cgroup = pod->no_cgroup, .gone_caps = ~pod->bounding,
		.volumes = pod->volumes, .n_volumes = pod->n_volumes
	};
	struct cpod_idmap no_ids;   /* of its own: it has none, and may not ask for any */
	int ret;

	memcpy (input.stdio_fd, c->stdio_fd, sizeof (input.stdio_fd));
	c->resources = c->spec->linux_part ? c->spec->linux_part->resources : NULL;
	if ((ret = cpod_namespaces_resolve (&input, &c->namespaces, err)) < 0
	    || (ret = cpod_process_resolve (&input, &c->arena, &c->process, err)) < 0
	    || (ret = cpod_cgroup_settings_make (c->resources, &c->arena, &c->settings, err)) < 0
	    || (ret = cpod_compile_container_map (c->spec, c->namespaces.own, &no_ids, err)) < 0
	    || (ret = check_rights (c, pod, err)) < 0)
		return ret;
	c->process.watched = (c->namespaces.own & CLONE_NEWPID) == 0;
	return cpod_compile_start (&input, &c->arena, &c->process, &c->plan, err);
}

static void
init_container (struct cpod_rt_container *c)
{
	cpod_arena_init (&c->arena, 256 << 20);
	cpod_plan_init (&c->plan);
	cpod_rtinit_init (&c->own_init);
	c->cgroup_fd = c->pidfd = -1;
	c->stdio_fd[0] = c->stdio_fd[1] = c->stdio_fd[2] = -1;
}

static void
finish_container (struct cpod_rt_container *c)
{
	for (int i = 0; i < 3; i++)
		cpod_fd_close (&c->stdio_fd[i]);
	cpod_fd_close (&c->pidfd);
	cpod_rtinit_finish (&c->own_init);
	cpod_fd_close (&c->cgroup_fd);
	cpod_plan_finish (&c->plan);
	cpod_arena_finish (&c->arena);
	free (c);
}

static int
keep_stdio (struct cpod_rt_container *c, const int32_t fds[3], struct cpod_error *err)
{
	for (int i = 0; i < 3; i++) {
		if (fds[i] < 0)
			continue;
		c->stdio_fd[i] = fcntl (fds[i], F_DUPFD_CLOEXEC, 3);
		if (c->stdio_fd[i] < 0)
			return cpod_error_sys (err, errno, "keep descriptor %d", fds[i]);
	}
	return 0;
}

void
cpod_rtc_give_pipes (const struct cpod_process *process, const struct cpod_idmap *ids, const int32_t fds[3])
{
	uint32_t uid = process->uid, gid = process->gid;
	struct statfs fs;

	if (process->gives_pipes && (ids == NULL || geteuid () != 0))
		return;
	if (ids != NULL && (!cpod_id_ranges_find (&ids->uids, uid, &uid) || !cpod_id_ranges_find (&ids->gids, gid, &gid)))
		return;
	if (uid == 0 && gid == 0)
		return;
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && fstatfs (fds[i], &fs) == 0 && fs.f_type == PIPEFS_MAGIC
		    && fchown (fds[i], uid, gid) < 0)
			return;   /* then it cannot be opened again; it can be used */
}

const struct cpod_idmap *
cpod_rtc_ids (const struct cpod_rt_container *c)
{
	return c->pod->own_users ? &c->pod->ids : NULL;
}

/* Where its cgroup is: its own place in the pod's, or what the spec says (from the root when absolute; then it must be
 * in what is delegated). */
static int
place_cgroup (struct cpod_rt_container *c, struct cpod_error *err)
{
	const char *path = c->spec->linux_part ? c->spec->linux_part->cgroups_path : NULL, *base = c->pod->cgroup_base;
	size_t len = strlen (base);

	if (c->pod->no_cgroup)
		return 0;
	if (path != NULL && path[0] == '/' && len > 0) {
		path += strspn (path, "/");
		if (strncmp (path, base, len) != 0 || path[len] != '/')
			return cpod_error_set (err, EPERM, "linux.cgroupsPath: /%s is not below /%s, which is delegated to user %u", path, base,
			                       (unsigned int) geteuid ());
		path += len;
	}
	if (path == NULL || path[0] == '\0')
		c->cgroup_path = cpod_arena_printf (&c->arena, "%s/%s", c->pod->cgroup_path, c->id);
	else if (path[0] == '/')
		c->cgroup_path = cpod_arena_strdup (&c->arena, path + strspn (path, "/"));
	else
		c->cgroup_path = cpod_arena_printf (&c->arena, "%s/%s", c->pod->cgroup_path, path);
	return c->cgroup_path != NULL ? 0 : cpod_error_oom (err);
}

int
cpod_rtc_create (struct cpod_rt_pod *pod, const struct cpod_rt_container_config *config, struct cpod_rt_container **ret_container,
                 struct cpod_error *err)
{
	struct cpod_rt_container *c = calloc (1, sizeof (*c));
	int ret;

	if (c == NULL)
		return cpod_error_oom (err);
	init_container (c);
	c->pod = pod;
	c->init = &pod->init;
	c->name = cpod_arena_strdup (&c->arena, config->name);
	c->id = cpod_arena_strdup (&c->arena, config->id);
	ret = c->name == NULL || c->id == NULL ? cpod_error_oom (err) : keep_stdio (c, config->stdio_fd, err);
	if (ret == 0)
		ret = decode (config, &c->arena, &c->spec, err);
	if (ret == 0)
		ret = compile (c, pod, pod->has_host_view ? &pod->host_view : NULL, err);
	if (ret == 0)
		ret = place_cgroup (c, err);
	if (ret < 0) {
		finish_container (c);
		return ret;
	}
	pthread_mutex_lock (&pod->lock);
	c->number = ++pod->next_number;
	c->next = pod->containers[c->number % CPOD_POD_BUCKETS];
	pod->containers[c->number % CPOD_POD_BUCKETS] = c;
	pthread_mutex_unlock (&pod->lock);
	*ret_container = c;
	return 0;
}

/* The writes to its cgroup, the steps of its plan, and what its host view leaves out. */
static void
describe (const struct cpod_rt_container *c, const struct cpod_host_view *view, struct cpod_str *out)
{
	for (size_t i = 0; i < c->settings.n; i++)
		cpod_str_printf (out, "write %s to %s  (%s)\n", c->settings.items[i].value, c->settings.items[i].file,
		                 c->settings.items[i].field);
	cpod_plan_describe (&c->plan, out);
	for (size_t i = 0; view != NULL && i < view->left_out.n; i++)
		cpod_str_printf (out, "the host view leaves out %s\n", view->left_out.items[i]);
}

int
cpod_rtc_describe (const struct cpod_rt_pod_config *pod, const struct cpod_rt_container_config *config, char **ret_text,
                   struct cpod_error *err)
{
	struct cpod_rt_container *c = calloc (1, sizeof (*c));
	cpod_autostr out = CPOD_STR_INIT;
	struct cpod_rt_pod would = { .flags = pod ? pod->flags : 0 };   /* what is decided of a pod that is not made */
	struct cpod_host_view view;
	bool needed = false;
	int ret;

	if (c == NULL)
		return cpod_error_oom (err);
	init_container (c);
	cpod_arena_init (&would.arena, 1 << 20);
	ret = decode (config, &c->arena, &c->spec, err);
	if (ret == 0)
		ret = cpod_rtpod_decide (&would, err);
	if (ret == 0) {
		needed = c->spec->root == NULL || c->spec->root->path == NULL;
		ret = cpod_rtpod_host_view (pod, &c->arena, &would, &needed, &view, err);
	}
	would.bounding = UINT64_MAX;
	would.volumes = cpod_rtpod_volumes (pod, &would.n_volumes);
	if (ret == 0)
		ret = compile (c, &would, needed ? &view : NULL, err);
	if (ret == 0)
		describe (c, needed ? &view : NULL, &out);
	finish_container (c);
	cpod_arena_finish (&would.arena);
	if (ret == 0 && cpod_str_failed (&out))
		ret = cpod_error_oom (err);
	if (ret == 0)
		*ret_text = cpod_str_steal (&out);
	return ret;
}

/* ---- start ---- */

/* Says in which group a controller is missing or a limit refused, where paths begin in the one that is delegated. */
static int
name_base (const struct cpod_rt_container *c, int ret, struct cpod_error *err)
{
	struct cpod_error inner;

	if (err == NULL || c->pod->cgroup_base[0] == '\0')
		return ret;
	inner = *err;
	return cpod_error_set (err, inner.code, "%s, in what is delegated to the user: /%s", inner.message, c->pod->cgroup_base);
}

/* The container's cgroup with its limits and its devices. */
static int
prepare_cgroup (struct cpod_rt_container *c, struct cpod_error *err)
{
	bool elsewhere;
	int ret;

	if (c->pod->no_cgroup)
		return 0;
	elsewhere = strncmp (c->cgroup_path, c->pod->cgroup_path, strlen (c->pod->cgroup_path)) != 0;
	ret = elsewhere ? cpod_rtpod_note_cgroup (c->pod, c->cgroup_path, err) : 0;

	if (ret == 0)
		ret = cpod_cgroup_create (c->pod->cgroup_root_fd, c->cgroup_path, &c->settings, CPOD_CGROUP_NEW, &c->cgroup_fd, err);
	if (ret == 0 && elsewhere)
		ret = cpod_rtpod_mark_cgroup (c->cgroup_fd, err);
	if (ret < 0)
		return name_base (c, ret, err);
	ret = cpod_cgroup_apply (c->cgroup_fd, &c->settings, err);
	if (ret == 0)
		ret = cpod_rtusers_give_group (c->pod, c->cgroup_fd, err);
	if (ret == 0 && c->plan.writes_cgroup && c->pod->lease.fd >= 0)
		ret = cpod_cgroup_give (c->cgroup_fd, c->pod->lease.block.uid, c->pod->lease.block.gid, err);
	if (ret == 0 && !c->pod->unprivileged)   /* in a user namespace there are the nodes that were bound, and no others */
		ret = cpod_rtc_confine_devices (c, err);
	(void) cpod_cgroup_oom_kills (c->cgroup_fd, &c->oom_kills, NULL);
	return ret;
}

static void
remove_cgroup (struct cpod_rt_container *c)
{
	cpod_rtexec_sweep (c, true);
	if (c->cgroup_fd < 0)
		return;
	if (cpod_cgroup_remove (c->pod->cgroup_root_fd, c->cgroup_path, NULL) < 0) {
		(void) cpod_cgroup_kill (c->cgroup_fd, NULL);
		(void) cpod_cgroup_wait_empty (c->cgroup_fd, cpod_clock_ns () + DEATH_NS, NULL);
		/* What cannot be removed now is removed with the pod, or by the next start. */
		(void) cpod_cgroup_remove (c->pod->cgroup_root_fd, c->cgroup_path, NULL);
	}
	cpod_fd_close (&c->cgroup_fd);
}

/* Whether its PID namespace lives on when it ends. */
static bool
shares_pid (const struct cpod_rt_container *c)
{
	return (c->namespaces.own & CLONE_NEWPID) == 0;
}

static bool
is_beside (const struct cpod_rt_container *c)
{
	return c->namespaces.path[CPOD_OCI_NS_PID] != NULL;
}

/* Who launches a container in a PID namespace that was given by path: a process outside of the pod's, in the
 * pod's other namespaces. */
static int
start_own_init (struct cpod_rt_container *c, struct cpod_error *err)
{
	struct cpod_rt_pod *pod = c->pod;
	cpod_autofd leaf = -1;
	struct cpod_rtinit_config config = { .kill_in_fd = c->cgroup_fd };
	int ret;

	pthread_mutex_lock (&pod->lock);
	ret = cpod_rtinit_await_ready (pod, &pod->init, err);
	pthread_mutex_unlock (&pod->lock);
	if (ret == 0)
		ret = cpod_cgroup_open (pod->cgroup_fd, "init", &leaf, err);
	if (ret == 0)
		ret = cpod_compile_beside (&c->own_init.plan, err);
	if (ret < 0)
		return ret;
	cpod_plan_set_fd (&c->own_init.plan, CPOD_SLOT_FIRST, pod->init.pidfd);
	config.cgroup_fd = leaf;
	ret = cpod_rtinit_start (&c->own_init, &config, err);
	c->init = &c->own_init;
	return ret;
}

/* The PID namespace that the pod's containers share is known when pod init is ready. */
static int
take_shared_pid (struct cpod_rt_container *c, struct cpod_error *err)
{
	struct cpod_rt_pod *pod = c->pod;
	int ret;

	pthread_mutex_lock (&pod->lock);
	ret = cpod_rtinit_await_ready (pod, &pod->init, err);
	pthread_mutex_unlock (&pod->lock);
	c->plan.pidns_fd = pod->init.pidns_fd;
	if (ret == 0 && pod->init.pidns_fd < 0)
		ret = cpod_error_set (err, ESRCH, "shareProcessNamespace: the reaper of the shared PID namespace is gone");
	return ret;
}

int
cpod_rtc_start (struct cpod_rt_container *c, struct cpod_rt_op **ret_op, int *ret_fd, struct cpod_error *err)
{
	const struct cpod_request_head head = { CPOD_MESSAGE_LAUNCH, is_beside (c) || c->namespaces.shared_pid ? CPOD_LAUNCH_BORN : 0, 0 };
	struct cpod_rt_op *op = calloc (1, sizeof (*op));
	cpod_autofd status_fd = -1;
	int pair[2], ret;

	if (op == NULL)
		return cpod_error_oom (err);
	if (pipe2 (pair, O_CLOEXEC) < 0) {
		ret = cpod_error_sys (err, errno, "pipe for the container's start");
		free (op);
		return ret;
	}
	status_fd = pair[1];
	op->type = CPOD_OP_TYPE_START;
	op->container = c;
	op->fd = pair[0];
	(void) fcntl (op->fd, F_SETFL, O_NONBLOCK);
	cpod_rtc_give_pipes (&c->process, cpod_rtc_ids (c), c->stdio_fd);
	ret = cpod_watch_begin (&c->process.caps, c->namespaces.path[CPOD_OCI_NS_PID], err);
	if (ret == 0)
		ret = prepare_cgroup (c, err);
	c->plan.cgroup_fd = c->cgroup_fd;
	if (ret == 0 && is_beside (c))
		ret = start_own_init (c, err);
	if (ret == 0 && c->namespaces.shared_pid)
		ret = take_shared_pid (c, err);
	if (ret == 0)
		ret = cpod_request_send (c, &head, &c->plan, status_fd, c->cgroup_fd, err);
	for (int i = 0; i < 3; i++)
		cpod_fd_close (&c->stdio_fd[i]);
	if (ret < 0) {
		remove_cgroup (c);
		cpod_fd_close (&op->fd);
		free (op);
		return ret;
	}
	c->state = CPOD_STARTING;
	*ret_op = op;
	*ret_fd = op->fd;
	return 0;
}

/* Pod init's answer; it was sent before the child could end, so that it is there or about to be. */
static void
await_launched (struct cpod_rt_container *c)
{
	pthread_mutex_lock (&c->pod->lock);
	for (uint64_t end = cpod_clock_ns () + ANSWER_MS * 1000000ull; !c->launched && !c->init->dead && cpod_clock_ns () < end;)
		cpod_rtinit_receive (c->pod, c->init, 100);
	pthread_mutex_unlock (&c->pod->lock);
}

/* How the start ended, once the status pipe is at its end. record: the child's last, if any came. */
static int
conclude_start (struct cpod_rt_op *op, const struct cpod_record *record, struct cpod_error *err)
{
	struct cpod_rt_container *c = op->container;

	await_launched (c);
	if (c->init->failure.code != 0)
		return cpod_error_set (err, c->init->failure.code, "pod init: %s", c->init->failure.message);
	if (!c->launched)
		return cpod_error_set (err, ESRCH, "pod init is gone");
	if (c->failure.error != 0)
		return cpod_plan_explain (&c->plan, &c->failure, err);
	if (record != NULL && record->error != 0)
		return cpod_plan_explain (&c->plan, record, err);
	if (!op->announced)
		return cpod_error_set (err, ECHILD, "the container was killed before its program was executed");
	return 0;
}

int
cpod_rtc_start_result (struct cpod_rt_op *op, struct cpod_error *err)
{
	struct cpod_rt_container *c = op->container;
	struct cpod_record record;
	bool failed = false;
	int ret;

	for (;;) {
		ssize_t len = read (op->fd, &record, sizeof (record));

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN)
			return -EAGAIN;
		if (len != (ssize_t) sizeof (record) || record.magic != CPOD_INIT_MAGIC)
			break;
		failed = record.error != 0;
		op->announced = op->announced || !failed;
		if (failed)
			break;
	}
	ret = conclude_start (op, failed ? &record : NULL, err);
	cpod_fd_close (&op->fd);
	free (op);
	if (ret == 0) {
		c->state = CPOD_RUNNING;
		return 0;
	}
	c->state = CPOD_ENDED;
	if (c->pidfd >= 0)
		(void) poll (&(struct pollfd) { .fd = c->pidfd, .events = POLLIN }, 1, (int) (DEATH_NS / 1000000));
	remove_cgroup (c);
	return ret;
}

/* ---- end ---- */

/* Whether there is a process that may get the signal: one that runs, or, for SIGKILL, one that is being started and may
 * be stuck in it. */
static bool
can_signal (struct cpod_rt_container *c, int signal)
{
	if (c->state == CPOD_STARTING && signal == SIGKILL && c->pidfd < 0) {
		pthread_mutex_lock (&c->pod->lock);
		cpod_rtinit_receive (c->pod, c->init, 0);   /* its pidfd may have come */
		pthread_mutex_unlock (&c->pod->lock);
	}
	return c->pidfd >= 0 && (c->state == CPOD_RUNNING || (c->state == CPOD_STARTING && signal == SIGKILL));
}

int
cpod_rtc_kill (struct cpod_rt_container *c, int signal, struct cpod_error *err)
{
	if (!can_signal (c, signal))
		return cpod_error_set (err, ESRCH, "it is not running");
	if (syscall (SYS_pidfd_send_signal, c->pidfd, signal, NULL, 0) < 0)
		return errno == ESRCH ? cpod_error_set (err, ESRCH, "it is not running") : cpod_error_sys (err, errno, "send signal %d", signal);
	return 0;
}

int
cpod_rtc_exit_fd (struct cpod_rt_container *c, int *ret_fd, struct cpod_error *err)
{
	if (c->pidfd < 0)
		return cpod_error_set (err, ESRCH, "it was not started");
	*ret_fd = c->pidfd;
	return 0;
}

void
cpod_rtc_exit_of (int status, struct cpod_rt_exit *ret_exit)
{
	memset (ret_exit, 0, sizeof (*ret_exit));
	if (WIFSIGNALED (status)) {
		ret_exit->signal = WTERMSIG (status);
		ret_exit->code = 128 + ret_exit->signal;
		ret_exit->flags = WCOREDUMP (status) ? CPOD_RT_EXIT_CORE : 0;
	} else {
		ret_exit->code = WEXITSTATUS (status);
	}
}

int
cpod_rtc_exit_status (struct cpod_rt_container *c, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	struct pollfd pollfd = { .fd = c->pidfd, .events = POLLIN };
	uint64_t kills = 0;
	bool lost;

	if (c->pidfd < 0)
		return cpod_error_set (err, ESRCH, "it was not started");
	if (poll (&pollfd, 1, 0) == 0)
		return -EAGAIN;
	pthread_mutex_lock (&c->pod->lock);
	/* Pod init is told of the end by the same event that made the pidfd readable. */
	for (uint64_t end = cpod_clock_ns () + ANSWER_MS * 1000000ull; !c->exited && !c->init->dead && cpod_clock_ns () < end;)
		cpod_rtinit_receive (c->pod, c->init, 100);
	lost = !c->exited;
	pthread_mutex_unlock (&c->pod->lock);
	c->state = CPOD_ENDED;
	if (shares_pid (c))   /* its PID namespace lives on, and what it left there would too */
		(void) cpod_cgroup_kill (c->cgroup_fd, NULL);
	if (lost) {
		*ret_exit = (struct cpod_rt_exit) { .code = 137, .flags = CPOD_RT_EXIT_LOST };
		return 0;
	}
	cpod_rtc_exit_of (c->status, ret_exit);
	if (ret_exit->signal == SIGKILL && cpod_cgroup_oom_kills (c->cgroup_fd, &kills, NULL) == 0 && kills > c->oom_kills)
		ret_exit->flags |= CPOD_RT_EXIT_OOM;
	return 0;
}

void
cpod_rtc_destroy (struct cpod_rt_container *c)
{
	struct cpod_rt_pod *pod;

	if (c == NULL)
		return;
	pod = c->pod;
	if (c->pidfd >= 0 && c->state != CPOD_ENDED) {
		(void) syscall (SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
		(void) poll (&(struct pollfd) { .fd = c->pidfd, .events = POLLIN }, 1, (int) (DEATH_NS / 1000000));
	}
	remove_cgroup (c);
	pthread_mutex_lock (&pod->lock);
	for (struct cpod_rt_container **at = &pod->containers[c->number % CPOD_POD_BUCKETS]; *at != NULL; at = &(*at)->next) {
		if (*at == c) {
			*at = c->next;
			break;
		}
	}
	pthread_mutex_unlock (&pod->lock);
	finish_container (c);
	if (pod->implicit)
		cpod_rtpod_destroy (pod);
}
