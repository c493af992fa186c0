/* See bundle.h. Stages: read, decode and compile (nothing exists yet); the cgroup; launch; the status
 * pipe's verdict; wait; and whatever happened, the cgroup goes. */
#include "bundle.h"

#include "devices-bpf.h"
#include "launch.h"
#include "production.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CONFIG (16u << 20)
#define DEATH_NS   2000000000ull

struct run {
	const struct cpod_bundle_options *options;
	struct cpod_arena arena;
	char bundle[PATH_MAX];             /* absolute */
	const struct cpod_oci_spec *spec;
	const struct cpod_oci_resources *resources;
	struct cpod_process process;
	struct cpod_cgroup_settings settings;
	struct cpod_plan plan;
	int cgroup_root_fd, cgroup_fd;     /* owned */
	const char *cgroup_path;
	bool made_cgroup;
	int pidfd;                         /* owned */
	pid_t pid;
};

/* ---- read ---- */

static int
check_id (const char *id, struct cpod_error *err)
{
	size_t len = strspn (id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-");

	if (len == 0 || id[len] != '\0' || len > 1024 || strcmp (id, ".") == 0 || strcmp (id, "..") == 0)
		return cpod_error_set (err, EINVAL, "container id \"%s\": only letters, digits and _+-. are allowed", id);
	return 0;
}

/* path from "/" on, symbolic links left as they are: the kernel follows them when the path is used. */
static int
absolute (const char *path, char ret_path[PATH_MAX], struct cpod_error *err)
{
	char cwd[PATH_MAX] = "";
	int len;

	if (path[0] != '/' && getcwd (cwd, sizeof (cwd)) == NULL)
		return cpod_error_sys (err, errno, "current directory");
	if (strcmp (path, ".") == 0)
		len = snprintf (ret_path, PATH_MAX, "%s", cwd);
	else
		len = snprintf (ret_path, PATH_MAX, "%s%s%s", cwd, path[0] == '/' ? "" : "/", path);
	return len < PATH_MAX ? 0 : cpod_error_sys (err, ENAMETOOLONG, "bundle %s", path);
}

static int
read_config (struct run *run, struct cpod_error *err)
{
	struct cpod_decoder decoder = { .arena = &run->arena, .warn = run->options->warn, .warn_data = run->options->data };
	char path[PATH_MAX + 16];
	struct cpod_json *root;
	char *text = NULL;
	size_t len;
	int ret;

	ret = absolute (run->options->bundle, run->bundle, err);
	if (ret < 0)
		return ret;
	if (run->options->config != NULL)
		(void) snprintf (path, sizeof (path), "%s", run->options->config);
	else
		(void) snprintf (path, sizeof (path), "%s/config.json", run->bundle);
	decoder.file = path;
	ret = cpod_file_read (path, MAX_CONFIG, &text, &len, err);
	if (ret < 0)
		return ret;
	ret = cpod_json_parse (path, text, len, 0, &run->arena, &root, err);
	if (ret == 0)
		ret = cpod_oci_spec_decode (&decoder, root, &run->spec, err);
	free (text);
	return ret < 0 ? ret : 0;
}

/* join_cgroup: NULL, or the path of the group that the container enters by itself. */
static int
compile (struct run *run, const char *join_cgroup, struct cpod_error *err)
{
	struct cpod_compile_input input = {
		.spec = run->spec, .bundle = run->bundle, .own_stdio = true, .stdio_fd = { -1, -1, -1 }, .join_cgroup = join_cgroup
	};
	int ret;

	cpod_plan_finish (&run->plan);
	cpod_plan_init (&run->plan);
	if ((ret = cpod_process_resolve (&input, &run->arena, &run->process, err)) < 0
	    || (ret = cpod_cgroup_settings_make (run->resources, &run->arena, &run->settings, err)) < 0
	    || (ret = cpod_compile_start (&input, &run->arena, &run->process, &run->plan, err)) < 0)
		return ret;
	return 0;
}

/* ---- the cgroup ---- */

/* linux.cgroupsPath from the root of the hierarchy; else a group named after the container. */
static int
make_cgroup (struct run *run, struct cpod_error *err)
{
	const char *path = run->spec->linux_part ? run->spec->linux_part->cgroups_path : NULL;
	int ret;

	if (path == NULL || path[strspn (path, "/")] == '\0')
		run->cgroup_path = cpod_arena_printf (&run->arena, "cpod-oci/%s", run->options->id);
	else
		run->cgroup_path = path + strspn (path, "/");
	if (run->cgroup_path == NULL)
		return cpod_error_oom (err);
	ret = cpod_cgroup_root_open (&run->cgroup_root_fd, err);
	if (ret == 0)
		ret = cpod_cgroup_create (run->cgroup_root_fd, run->cgroup_path, &run->settings, CPOD_CGROUP_NEW, &run->cgroup_fd, err);
	if (ret < 0)
		return ret;
	run->made_cgroup = true;
	return cpod_cgroup_apply (run->cgroup_fd, &run->settings, err);
}

/* Rules of linux.resources.devices, where there are any. */
static int
confine_devices (struct run *run, struct cpod_error *err)
{
	struct cpod_device_rule *rules;
	struct bpf_insn *insns;
	cpod_autofd program = -1;
	size_t n;
	int ret;

	if (run->resources == NULL || run->resources->devices.n == 0)
		return 0;
	if ((ret = cpod_devices_from_spec (&run->resources->devices, &run->arena, &rules, err)) < 0
	    || (ret = cpod_devices_generate (rules, run->resources->devices.n, CPOD_DEVICES_ANY_MKNOD, &run->arena, &insns, &n, err)) < 0
	    || (ret = cpod_devices_load (insns, n, &program, err)) < 0
	    || (ret = cpod_devices_attach (run->cgroup_fd, program, err)) < 0)
		return cpod_error_prefix (err, ret, "linux.resources.devices");
	return 0;
}

/* What the container left behind in its cgroup is ended, and the cgroup removed. */
static void
remove_cgroup (struct run *run)
{
	if (!run->made_cgroup || cpod_cgroup_remove (run->cgroup_root_fd, run->cgroup_path, NULL) == 0)
		return;
	(void) cpod_cgroup_kill (run->cgroup_fd, NULL);
	(void) cpod_cgroup_wait_empty (run->cgroup_fd, cpod_clock_ns () + DEATH_NS, NULL);
	(void) cpod_cgroup_remove (run->cgroup_root_fd, run->cgroup_path, NULL);
}

/* ---- launch ---- */

/* A PID namespace that is joined takes effect for the child only. */
static int
join_pid_namespace (struct run *run, struct cpod_error *err)
{
	struct cpod_compile_input input = { .spec = run->spec };
	struct cpod_namespaces namespaces;
	cpod_autofd fd = -1;
	int ret = cpod_namespaces_resolve (&input, &namespaces, err);

	if (ret < 0 || namespaces.path[CPOD_OCI_NS_PID] == NULL)
		return ret;
	fd = open (namespaces.path[CPOD_OCI_NS_PID], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns (fd, CLONE_NEWPID) < 0)
		return cpod_error_sys (err, errno, "linux.namespaces[%zu].path: join %s", namespaces.index[CPOD_OCI_NS_PID],
		                       namespaces.path[CPOD_OCI_NS_PID]);
	return 0;
}

/* Starts the container's first process; status_fd is the end that it writes to. */
static int
launch (struct run *run, int status_fd, bool born_in_cgroup, struct cpod_error *err)
{
	int fds[CPOD_INIT_FD_FIRST + CPOD_PLAN_SLOTS];
	struct cpod_launch launch = {
		.argv0 = CPOD_INIT_ARGV_LAUNCH, .clone_flags = run->plan.header.clone_flags, .fds = fds,
		.cgroup_fd = born_in_cgroup ? run->cgroup_fd : -1
	};
	cpod_autofd plan = -1;
	size_t n;
	int ret = cpod_plan_seal (&run->plan, &plan, err);

	if (ret < 0)
		return ret;
	run->plan.cgroup_fd = run->cgroup_fd;
	ret = cpod_plan_open (&run->plan, fds + CPOD_INIT_FD_FIRST, &n, err);
	if (ret < 0)
		return ret;
	for (int i = 0; i < CPOD_INIT_FD_FIRST; i++)
		fds[i] = i < 3 ? CPOD_LAUNCH_INHERIT : -1;
	fds[CPOD_INIT_FD_SOCKET] = status_fd;
	fds[CPOD_INIT_FD_PLAN] = plan;
	launch.n_fds = CPOD_INIT_FD_FIRST + n;
	ret = cpod_launch_init (&launch, &run->pidfd, &run->pid, err);
	cpod_plan_close (&run->plan, fds + CPOD_INIT_FD_FIRST, n);
	return ret;
}

/* Launches in the cgroup; where nobody can be born in it, the container moves there by itself. */
static int
launch_somehow (struct run *run, int status_fd, struct cpod_error *err)
{
	struct cpod_error first = { 0 };
	char path[64];
	int ret = launch (run, status_fd, true, &first);

	if (ret != -ESRCH)
		return ret < 0 ? cpod_error_set (err, first.code, "%s", first.message) : 0;
	(void) snprintf (path, sizeof (path), "/proc/self/fd/%d", run->cgroup_fd);
	ret = compile (run, path, err);
	return ret < 0 ? ret : launch (run, status_fd, false, err);
}

/* Reads the status pipe to its end: 0 when the program was executed. */
static int
await_exec (struct run *run, int fd, struct cpod_error *err)
{
	struct cpod_record record;
	bool announced = false;

	for (;;) {
		ssize_t len = read (fd, &record, sizeof (record));

		if (len < 0 && errno == EINTR)
			continue;
		if (len != (ssize_t) sizeof (record) || record.magic != CPOD_INIT_MAGIC)
			break;
		if (record.error != 0)
			return cpod_plan_explain (&run->plan, &record, err);
		announced = true;
	}
	return announced ? 0 : cpod_error_set (err, ECHILD, "the container was killed before its program was executed");
}

static int
write_pid_file (const struct run *run, struct cpod_error *err)
{
	char text[16];
	int len = snprintf (text, sizeof (text), "%d", (int) run->pid);

	if (run->options->pid_file == NULL)
		return 0;
	return cpod_file_replace (AT_FDCWD, run->options->pid_file, text, (size_t) len, 0644, err);
}

/* ---- wait ---- */

/* Hands signals on until the container has ended. */
static int
await_end (struct run *run, int signal_fd, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	struct pollfd fds[2] = { { .fd = run->pidfd, .events = POLLIN }, { .fd = signal_fd, .events = POLLIN } };
	struct signalfd_siginfo info;
	int status;

	for (;;) {
		if (poll (fds, 2, -1) < 0 && errno != EINTR)
			return cpod_error_sys (err, errno, "wait for the container");
		if (fds[0].revents != 0)
			break;
		if (fds[1].revents != 0 && read (signal_fd, &info, sizeof (info)) == (ssize_t) sizeof (info)
		    && info.ssi_signo != SIGCHLD)
			(void) syscall (SYS_pidfd_send_signal, run->pidfd, info.ssi_signo, NULL, 0);
	}
	while (waitpid (run->pid, &status, 0) < 0)
		if (errno != EINTR)
			return cpod_error_sys (err, errno, "wait for the container");
	run->pid = -1;
	cpod_rtc_exit_of (status, ret_exit);
	return 0;
}

/* A container that did not start is ended and reaped. */
static void
bury (struct run *run)
{
	if (run->pidfd < 0 || run->pid <= 0)
		return;
	(void) syscall (SYS_pidfd_send_signal, run->pidfd, SIGKILL, NULL, 0);
	(void) waitpid (run->pid, NULL, 0);
	run->pid = -1;
}

static int
start_and_wait (struct run *run, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	cpod_autofd signal_fd = -1, status_fd = -1, their_end = -1;
	sigset_t all;
	int pair[2], ret;

	sigfillset (&all);
	if (pipe2 (pair, O_CLOEXEC) < 0)
		return cpod_error_sys (err, errno, "pipe for the container's start");
	status_fd = pair[0];
	their_end = pair[1];
	if (sigprocmask (SIG_BLOCK, &all, NULL) < 0 || (signal_fd = signalfd (-1, &all, SFD_CLOEXEC)) < 0)
		return cpod_error_sys (err, errno, "signalfd");
	cpod_rtc_give_pipes (&run->process, (const int32_t[3]) { 0, 1, 2 });
	ret = launch_somehow (run, their_end, err);
	cpod_fd_close (&their_end);
	if (ret == 0)
		ret = await_exec (run, status_fd, err);
	if (ret == 0)
		ret = write_pid_file (run, err);
	return ret < 0 ? ret : await_end (run, signal_fd, ret_exit, err);
}

int
cpod_bundle_run (const struct cpod_bundle_options *options, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	struct run run = { .options = options, .cgroup_root_fd = -1, .cgroup_fd = -1, .pidfd = -1 };
	int ret;

	cpod_arena_init (&run.arena, 256 << 20);
	cpod_plan_init (&run.plan);
	ret = check_id (options->id, err);
	if (ret == 0)
		ret = read_config (&run, err);
	if (ret == 0) {
		run.resources = run.spec->linux_part ? run.spec->linux_part->resources : NULL;
		ret = compile (&run, NULL, err);
	}
	if (ret == 0)
		ret = make_cgroup (&run, err);
	if (ret == 0)
		ret = confine_devices (&run, err);
	if (ret == 0)
		ret = join_pid_namespace (&run, err);
	if (ret == 0)
		ret = start_and_wait (&run, ret_exit, err);
	bury (&run);
	remove_cgroup (&run);
	cpod_fd_close (&run.pidfd);
	cpod_fd_close (&run.cgroup_fd);
	cpod_fd_close (&run.cgroup_root_fd);
	cpod_plan_finish (&run.plan);
	cpod_arena_finish (&run.arena);
	return ret;
}
