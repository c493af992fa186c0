/* A container without a pod, up to the point where its first process can be made. See bundle.h.
 *
 * Stages: the configuration is read, decoded and compiled, and nothing exists yet; the state directory, which
 * says what is about to be made; the cgroup with its limits and devices. Undoing goes backwards through
 * the same, and the directory is the last to go.
 */
#include "bundle-parts.h"

#include "devices-bpf.h"
#include "kernel.h"
#include "watch.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONFIG (16u << 20)
#define FIRST_FD   3           /* of those that a caller may hand on */

/* ---- read ---- */

/* path from "/" on, symbolic links left as they are: the kernel follows them when the path is used. */
static int
absolute (const char *base, const char *path, struct cpod_arena *arena, const char **ret_path, struct cpod_error *err)
{
	char cwd[PATH_MAX] = "";

	if (path[0] != '/' && base == NULL && getcwd (cwd, sizeof (cwd)) == NULL)
		return cpod_error_sys (err, errno, "current directory");
	if (path[0] == '/')
		*ret_path = cpod_arena_strdup (arena, path);
	else if (strcmp (path, ".") == 0)
		*ret_path = cpod_arena_strdup (arena, base != NULL ? base : cwd);
	else
		*ret_path = cpod_arena_printf (arena, "%s/%s", base != NULL ? base : cwd, path);
	if (*ret_path == NULL)
		return cpod_error_oom (err);
	return strlen (*ret_path) < PATH_MAX ? 0 : cpod_error_sys (err, ENAMETOOLONG, "%s", path);
}

static int
read_config (struct cpod_making *making, struct cpod_error *err)
{
	const struct cpod_bundle_options *options = making->options;
	struct cpod_decoder decoder = {
		.arena = &making->arena, .warn = options->context->warn, .warn_data = options->context->data
	};
	struct cpod_json *root;
	const char *path;
	int ret;

	path = options->config != NULL ? options->config : cpod_arena_printf (&making->arena, "%s/config.json", making->state.bundle);
	if (path == NULL)
		return cpod_error_oom (err);
	decoder.file = path;
	ret = cpod_file_read (path, MAX_CONFIG, &making->config, &making->config_len, err);
	if (ret == 0)
		ret = cpod_json_parse (path, making->config, making->config_len, 0, &making->arena, &root, err);
	if (ret == 0)
		ret = cpod_oci_spec_decode (&decoder, root, &making->spec, err);
	if (ret == 0)
		making->resources = making->spec->linux_part ? making->spec->linux_part->resources : NULL;
	return ret < 0 ? ret : 0;
}

/* The time now, in UTC and to the microsecond. */
static const char *
time_now (struct cpod_arena *arena)
{
	struct timespec now = { 0 };
	char text[CPOD_STATE_TIME];

	(void) clock_gettime (CLOCK_REALTIME, &now);
	cpod_bundle_state_time (now.tv_sec, now.tv_nsec, text);
	return cpod_arena_strdup (arena, text);
}

/* Where its cgroup is, from the root of the hierarchy: linux.cgroupsPath, else a group named after it. */
static int
place_cgroup (struct cpod_making *making, struct cpod_error *err)
{
	const char *path = making->spec->linux_part ? making->spec->linux_part->cgroups_path : NULL;

	if (making->options->context->cgroup_manager == CPOD_CGROUP_MANAGER_DISABLED)
		return making->settings.n == 0 ? 0 : cpod_error_set (err, EINVAL, "%s: needs a cgroup, and the cgroup manager is disabled",
		                                                     making->settings.items[0].field);
	if (path == NULL || path[strspn (path, "/")] == '\0')
		making->state.cgroup = cpod_arena_printf (&making->arena, "cpod-oci/%s", making->options->id);
	else
		making->state.cgroup = path + strspn (path, "/");
	return making->state.cgroup != NULL ? 0 : cpod_error_oom (err);
}

/* What is to be kept of it. */
static int
describe (struct cpod_making *making, struct cpod_error *err)
{
	const struct cpod_oci_root *root = making->spec->root;
	struct cpod_bundle_state *state = &making->state;
	int ret = 0;

	state->id = making->options->id;
	state->created = time_now (&making->arena);
	state->owner = getuid () == 0 ? "root" : cpod_arena_printf (&making->arena, "%u", (unsigned int) getuid ());
	state->rootfs = "";
	state->creating = true;
	if (root != NULL && root->path != NULL)
		ret = absolute (state->bundle, root->path, &making->arena, &state->rootfs, err);
	if (ret == 0 && (state->created == NULL || state->owner == NULL))
		ret = cpod_error_oom (err);
	return ret < 0 ? ret : place_cgroup (making, err);
}

/* ---- what goes with the plan ---- */

/* Connects to a console socket. */
static int
connect_to (const char *path, int *ret_fd, struct cpod_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cpod_autofd fd = -1, file = open (path, O_PATH | O_CLOEXEC);

	/* By the descriptor: the path may be longer than an address. */
	if (file < 0)
		return cpod_error_sys (err, errno, "--console-socket %s", path);
	(void) snprintf (address.sun_path, sizeof (address.sun_path), "/proc/self/fd/%d", file);
	fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof (address)) < 0)
		return cpod_error_sys (err, errno, "--console-socket %s: connect", path);
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

int
cpod_bundle_open_terminal (const char *path, const struct cpod_bundle_terminal *lender, int *ret_fd, int *ret_master_fd,
                           struct cpod_error *err)
{
	int pair[2];

	if (path != NULL)
		return connect_to (path, ret_fd, err);
	if (lender == NULL)
		return 0;
	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return cpod_error_sys (err, errno, "socket for a terminal");
	*ret_fd = pair[0];
	*ret_master_fd = pair[1];
	return 0;
}

/* The socket for a terminal, the files for hooks, the descriptors to hand on: all must be there to be named in the plan. */
static int
open_extras (struct cpod_making *making, struct cpod_error *err)
{
	const struct cpod_bundle_options *options = making->options;
	const struct cpod_oci_hooks *hooks = making->spec->hooks;
	bool terminal = making->spec->process != NULL && making->spec->process->terminal.value;
	size_t n = hooks != NULL ? hooks->create_container.n + hooks->start_container.n : 0;
	int ret = 0;

	if (options->console_socket != NULL && !terminal)
		return cpod_error_set (err, EINVAL, "--console-socket: process.terminal is not true, so there is no terminal to send");
	if (terminal)
		ret = cpod_bundle_open_terminal (options->console_socket, options->detach ? NULL : options->terminal, &making->terminal_fd,
		                                 &making->master_fd, err);
	if (making->master_fd >= 0)
		options->terminal->size (options->terminal->data, &making->rows, &making->columns);
	making->hook_fds = cpod_arena_array (&making->arena, n + 1, sizeof (*making->hook_fds));
	if (making->hook_fds == NULL)
		return cpod_error_oom (err);
	for (; ret == 0 && making->n_hook_fds < n; making->n_hook_fds += ret == 0)
		ret = cpod_hooks_open_state (&making->hook_fds[making->n_hook_fds], err);
	return ret < 0 ? ret : cpod_bundle_check_fds (options->preserve_fds, err);
}

/* What this process has opened itself closes on exec; what it was given does not, or would not be here. */
int
cpod_bundle_check_fds (unsigned int n, struct cpod_error *err)
{
	for (unsigned int i = 0; i < n; i++)
		if (fcntl (FIRST_FD + (int) i, F_GETFD) != 0)
			return cpod_error_sys (err, EBADF, "--preserve-fds: descriptor %u", FIRST_FD + i);
	return 0;
}

/* LISTEN_FDS and LISTEN_PID for the program, as sd_listen_fds (3) has them: it will be process 1 of its namespace. */
static int
announce_fds (struct cpod_making *making, struct cpod_error *err)
{
	const char **envp = cpod_arena_array (&making->arena, making->process.envc + 3, sizeof (*envp));

	if (making->options->listen_fds == 0)
		return 0;
	if (envp == NULL)
		return cpod_error_oom (err);
	memcpy (envp, making->process.envp, making->process.envc * sizeof (*envp));
	envp[making->process.envc] = cpod_arena_printf (&making->arena, "LISTEN_FDS=%u", making->options->listen_fds);
	envp[making->process.envc + 1] = "LISTEN_PID=1";
	if (envp[making->process.envc] == NULL)
		return cpod_error_oom (err);
	making->process.envp = envp;
	making->process.envc += 2;
	return 0;
}

int
cpod_making_compile (struct cpod_making *making, const char *join_cgroup, struct cpod_error *err)
{
	const struct cpod_bundle_options *options = making->options;
	int fds[CPOD_PLAN_SLOTS];
	struct cpod_compile_input input = {
		.spec = making->spec, .bundle = making->state.bundle, .own_stdio = true, .stdio_fd = { -1, -1, -1 },
		.join_cgroup = join_cgroup, .wait = making->waits, .born = making->born, .keep_keyring = options->keep_keyring,
		.terminal_fd = making->terminal_fd, .rows = making->rows, .columns = making->columns,
		.preserve_fds = fds, .n_preserve_fds = options->preserve_fds,
		.hook_fds = making->hook_fds, .no_cgroup = options->context->cgroup_manager == CPOD_CGROUP_MANAGER_DISABLED
	};
	struct cpod_namespaces namespaces;
	int ret;

	if (options->preserve_fds > CPOD_PLAN_SLOTS / 2)
		return cpod_error_set (err, E2BIG, "--preserve-fds: at most %u", CPOD_PLAN_SLOTS / 2);
	for (unsigned int i = 0; i < options->preserve_fds; i++)
		fds[i] = FIRST_FD + (int) i;
	cpod_plan_finish (&making->plan);
	cpod_plan_init (&making->plan);
	if ((ret = cpod_namespaces_resolve (&input, &namespaces, err)) < 0
	    || (ret = cpod_compile_container_map (making->spec, namespaces.own, &making->ids, err)) < 0)
		return ret;
	input.ids = making->ids.uids.n > 0 ? &making->ids : NULL;
	if ((ret = cpod_process_resolve (&input, &making->arena, &making->process, err)) < 0
	    || (ret = announce_fds (making, err)) < 0
	    || (ret = cpod_cgroup_settings_make (making->resources, &making->arena, &making->settings, err)) < 0
	    || (ret = cpod_compile_start (&input, &making->arena, &making->process, &making->plan, err)) < 0)
		return ret;
	return 0;
}

/* Whether the program can be born into a PID namespace that is joined, so that nobody there ever sees it half made: its
 * procfs then needs Linux 6.17, and hooks would have to know its number before its birth. */
static bool
can_be_born (const struct cpod_oci_spec *spec)
{
	const struct cpod_oci_namespace *items = spec->linux_part != NULL ? spec->linux_part->namespaces.items : NULL;
	bool joins = false;

	for (size_t i = 0; items != NULL && i < spec->linux_part->namespaces.n; i++) {
		if (items[i].type.value == CPOD_OCI_NS_USER)
			return false;
		joins = joins || (items[i].type.value == CPOD_OCI_NS_PID && items[i].path != NULL && items[i].path[0] != '\0');
	}
	return joins && spec->hooks == NULL && cpod_kernel_has_pidns ();
}

int
cpod_making_read (struct cpod_making *making, struct cpod_error *err)
{
	const struct cpod_bundle_options *options = making->options;
	int ret;

	if (options->context->cgroup_manager == CPOD_CGROUP_MANAGER_SYSTEMD)
		return access ("/run/systemd/system", F_OK) < 0
			? cpod_error_set (err, ENOTSUP, "the systemd cgroup manager: no systemd runs here")
			: cpod_error_set (err, ENOTSUP, "the systemd cgroup manager is not carried out by this version");
	if (options->no_pivot)
		return cpod_error_set (err, ENOTSUP, "--no-pivot is refused: without pivot_root a container could reach the host's root");
	if ((ret = cpod_bundle_state_check_id (options->id, err)) < 0
	    || (ret = absolute (NULL, options->bundle, &making->arena, &making->state.bundle, err)) < 0
	    || (ret = read_config (making, err)) < 0 || (ret = open_extras (making, err)) < 0)
		return ret;
	making->born = can_be_born (making->spec);
	if ((ret = cpod_making_compile (making, NULL, err)) < 0)
		return ret;
	return describe (making, err);
}

/* ---- the cgroup ---- */

int
cpod_bundle_confine_devices (const struct cpod_oci_resources *resources, int cgroup_fd, bool replace, struct cpod_arena *arena,
                             struct cpod_error *err)
{
	struct cpod_device_rule *rules;
	struct bpf_insn *insns;
	cpod_autofd program = -1;
	size_t n;
	int ret;

	if (resources == NULL || resources->devices.n == 0)
		return 0;
	if ((ret = cpod_devices_from_spec (&resources->devices, arena, &rules, err)) < 0
	    || (ret = cpod_devices_generate (rules, resources->devices.n, CPOD_DEVICES_ANY_MKNOD, arena, &insns, &n, err)) < 0
	    || (ret = cpod_devices_load (insns, n, &program, err)) < 0
	    || (ret = replace ? cpod_devices_replace (cgroup_fd, program, err) : cpod_devices_attach (cgroup_fd, program, err)) < 0)
		return cpod_error_prefix (err, ret, "linux.resources.devices");
	return 0;
}

/* A group that is there already serves if nobody is in it. */
static int
open_cgroup (struct cpod_making *making, struct cpod_error *err)
{
	struct cpod_error why = { 0 };
	bool populated = true;
	int ret = cpod_cgroup_create (making->cgroup_root_fd, making->state.cgroup, &making->settings, CPOD_CGROUP_NEW,
	                              &making->cgroup_fd, &why);

	if (ret == 0)
		return 0;
	if (ret != -EEXIST)
		return cpod_error_set (err, why.code, "%s", why.message);
	ret = cpod_cgroup_create (making->cgroup_root_fd, making->state.cgroup, &making->settings, 0, &making->cgroup_fd, err);
	if (ret == 0)
		ret = cpod_cgroup_populated (making->cgroup_fd, &populated, err);
	if (ret == 0 && populated)
		ret = cpod_error_set (err, EBUSY, "linux.cgroupsPath: processes are in the cgroup /%s already", making->state.cgroup);
	return ret;
}

static int
make_cgroup (struct cpod_making *making, struct cpod_error *err)
{
	uint32_t uid, gid;
	int ret;

	if (making->state.cgroup == NULL)
		return 0;
	if ((ret = cpod_cgroup_root_open (&making->cgroup_root_fd, err)) < 0 || (ret = open_cgroup (making, err)) < 0)
		return ret;
	making->made_cgroup = true;
	ret = cpod_cgroup_apply (making->cgroup_fd, &making->settings, err);
	if (ret == 0 && making->plan.writes_cgroup && cpod_id_ranges_find (&making->ids.uids, 0, &uid)
	    && cpod_id_ranges_find (&making->ids.gids, 0, &gid))
		ret = cpod_cgroup_give (making->cgroup_fd, uid, gid, err);
	if (ret < 0)
		return ret;
	return cpod_bundle_confine_devices (making->resources, making->cgroup_fd, false, &making->arena, err);
}

int
cpod_bundle_remove_cgroup (int cgroup_root_fd, const char *path, struct cpod_error *err)
{
	cpod_autofd fd = -1;
	int ret;

	if (cpod_cgroup_remove (cgroup_root_fd, path, NULL) == 0)
		return 0;
	ret = cpod_cgroup_open (cgroup_root_fd, path, &fd, err);
	if (ret < 0)
		return ret;
	(void) cpod_cgroup_kill (fd, NULL);     /* kills what is frozen as well */
	(void) cpod_cgroup_wait_empty (fd, cpod_clock_ns () + CPOD_DEATH_NS, NULL);
	return cpod_cgroup_remove (cgroup_root_fd, path, err);
}

/* ---- the state directory ---- */

static int
write_config (const struct cpod_making *making, struct cpod_error *err)
{
	cpod_autofd fd = openat (making->dir_fd, CPOD_STATE_CONFIG, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int ret = fd < 0 ? -errno : cpod_fd_write_all (fd, making->config, making->config_len);

	return ret < 0 ? cpod_error_sys (err, -ret, "keep the configuration of container `%s`", making->state.id) : 0;
}

/* Says to those in a PID namespace that is joined by path that this one may trace them. */
static int
note_watching (const struct cpod_making *making, struct cpod_error *err)
{
	const struct cpod_oci_linux *linux_part = making->spec->linux_part;
	const struct cpod_oci_namespace *items = linux_part != NULL ? linux_part->namespaces.items : NULL;
	int ret = 0;

	for (size_t i = 0; items != NULL && i < linux_part->namespaces.n && ret == 0; i++)
		if (items[i].type.value == CPOD_OCI_NS_PID && items[i].path != NULL && items[i].path[0] != '\0')
			ret = cpod_watch_begin (&making->process.caps, items[i].path, err);
	return ret;
}

int
cpod_making_prepare (struct cpod_making *making, struct cpod_error *err)
{
	int ret = cpod_bundle_state_root_open (making->options->context->root, true, &making->root_fd, err);

	if (ret == 0)
		ret = cpod_bundle_state_make (making->root_fd, making->options->id, &making->dir_fd, err);
	if (ret == 0)
		ret = cpod_bundle_state_write (making->dir_fd, &making->state, err);
	if (ret == 0)
		ret = write_config (making, err);
	if (ret == 0)
		ret = note_watching (making, err);
	return ret < 0 ? ret : make_cgroup (making, err);
}

void
cpod_making_undo (struct cpod_making *making)
{
	if (making->pidfd >= 0 && making->pid > 0) {
		(void) syscall (SYS_pidfd_send_signal, making->pidfd, SIGKILL, NULL, 0);
		(void) waitpid (making->pid, NULL, 0);
		making->pid = 0;
	}
	if (making->made_cgroup)
		(void) cpod_bundle_remove_cgroup (making->cgroup_root_fd, making->state.cgroup, NULL);
	if (making->hooks_ran)
		(void) cpod_hooks_run (making->spec, CPOD_HOOKS_POSTSTOP, &making->state, CPOD_STATUS_STOPPED, true,
		                       making->options->context, NULL);
	if (making->dir_fd >= 0)
		(void) cpod_bundle_state_remove (making->root_fd, making->options->id, making->dir_fd, NULL);
	making->made_cgroup = making->hooks_ran = false;
	cpod_fd_close (&making->dir_fd);
}

int
cpod_bundle_write_pid (const char *path, pid_t pid, struct cpod_error *err)
{
	char text[16];
	int len = snprintf (text, sizeof (text), "%d", (int) pid);

	if (path == NULL)
		return 0;
	return cpod_file_replace (AT_FDCWD, path, text, (size_t) len, 0644, err);
}
