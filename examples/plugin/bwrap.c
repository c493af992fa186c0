/* A runtime plugin for cpod that makes its containers with bubblewrap, as somebody would write it who has nothing
 * but the installed header cpod/runtime.h:
 *
 *     cc -shared -fPIC -O2 -Wall $(pkg-config --cflags libcpod yajl) bwrap.c $(pkg-config --libs yajl) -o bwrap.so
 *     cpod run --runtime "$PWD/bwrap.so" ../hello.yaml
 *
 * It gives the four blocking operations and nothing else; cpod calls them from threads of its own.
 *
 * How it works. A container is a sandbox that bwrap(1) makes: the host's root, read-only, with PID, network, IPC and
 * UTS namespaces of its own. What bwrap runs in it is a holder, cat(1), which only waits: when its input ends, it
 * ends, and the kernel kills whatever else is in the sandbox's PID namespace. Its input is a pipe from here, so the
 * sandbox does not outlive this process either. The container's program, and each command beside it, is started
 * by launch (): a child joins the sandbox's namespaces, and its child, which is ours by CLONE_PARENT, executes the
 * program. So a program that cannot be executed is told apart from one that fails, to the errno.
 *
 * What it honours of an OCI spec: process.args, process.env, process.cwd, hostname. A root of its own is refused.
 * Other properties are passed over with a warning, or are errors where the user asked for that.
 */
#define _GNU_SOURCE
#include <cpod/runtime.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct cpod_rt_container {
	yajl_val spec;                   /* owned; the strings below are its own */
	const char **argv, **env;        /* owned, NULL-terminated */
	const char *cwd, *hostname;      /* hostname: or NULL */
	int stdio_fd[3];                 /* owned; -1: /dev/null */
	pid_t holder;                    /* bwrap, a child of this process; 0: none */
	int holder_fd;                   /* owned: the holder's input */
	int sandbox_fd;                  /* owned: a pidfd of the sandbox's PID 1 */
	pid_t program;
	int program_fd;                  /* owned: a pidfd of the container's program */
	pthread_mutex_t lock;            /* for ended */
	bool ended;
};

/* ---- Errors ---- */

__attribute__ ((format (printf, 3, 4)))
static int
fail (struct cpod_error *err, int code, const char *format, ...)
{
	va_list args;

	va_start (args, format);
	vsnprintf (err->message, sizeof (err->message), format, args);
	va_end (args);
	err->code = code;
	return -code;
}

static int
fail_sys (struct cpod_error *err, int code, const char *what)
{
	return fail (err, code, "%s: %s", what, strerrordesc_np (code));
}

static void
close_fd (int *fd)
{
	if (*fd >= 0)
		close (*fd);
	*fd = -1;
}

/* ---- The spec ---- */

/* The strings of list, NULL-terminated, for free; NULL: it is no list of strings, or no memory. */
static const char **
strings (yajl_val list)
{
	size_t n = YAJL_IS_ARRAY (list) ? YAJL_GET_ARRAY (list)->len : 0;
	const char **copy = YAJL_IS_ARRAY (list) ? calloc (n + 1, sizeof (*copy)) : NULL;

	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = YAJL_GET_STRING (YAJL_GET_ARRAY (list)->values[i]);
		if (!copy[i]) {
			free (copy);
			return NULL;
		}
	}
	return copy;
}

static int
read_process (struct cpod_rt_container *c, struct cpod_error *err)
{
	static const char *const args_path[] = { "process", "args", NULL }, *const env_path[] = { "process", "env", NULL },
		*const cwd_path[] = { "process", "cwd", NULL };
	yajl_val env = yajl_tree_get (c->spec, (const char **) env_path, yajl_t_any);
	yajl_val cwd = yajl_tree_get (c->spec, (const char **) cwd_path, yajl_t_any);

	c->argv = strings (yajl_tree_get (c->spec, (const char **) args_path, yajl_t_array));
	if (!c->argv || !c->argv[0] || !c->argv[0][0])
		return fail (err, EINVAL, "process.args: must be a list of strings that names a program");
	c->env = env ? strings (env) : calloc (2, sizeof (*c->env));
	if (!c->env)
		return fail (err, EINVAL, "process.env: must be a list of strings");
	if (!env)
		c->env[0] = "PATH=" DEFAULT_PATH;
	c->cwd = cwd ? YAJL_GET_STRING (cwd) : "/";
	if (!c->cwd || c->cwd[0] != '/')
		return fail (err, EINVAL, "process.cwd: must be an absolute path");
	return 0;
}

/* Looks at every member of object, whose path is prefix: what is not among known (NULL-terminated) is not done. */
static int
check_members (yajl_val object, const char *prefix, const char *const *known,
               const struct cpod_rt_container_config *config, struct cpod_error *err)
{
	char message[256];

	for (size_t i = 0; i < YAJL_GET_OBJECT (object)->len; i++) {
		const char *key = YAJL_GET_OBJECT (object)->keys[i];
		const char *const *word = known;

		while (*word && strcmp (*word, key) != 0)
			word++;
		if (*word)
			continue;
		snprintf (message, sizeof (message), "%s%s: the runtime bwrap does not carry this out", prefix, key);
		if (config->flags & CPOD_RT_CONFIG_STRICT)
			return fail (err, ENOTSUP, "%s", message);
		if (config->warn)
			config->warn (config->warn_data, message);
	}
	return 0;
}

static int
read_spec (struct cpod_rt_container *c, const struct cpod_rt_container_config *config, struct cpod_error *err)
{
	static const char *const known[] = { "ociVersion", "process", "hostname", NULL };
	static const char *const known_process[] = { "args", "env", "cwd", "terminal", NULL };
	static const char *const root[] = { "root", NULL }, *const process[] = { "process", NULL },
		*const hostname[] = { "hostname", NULL };
	char words[512] = "";
	yajl_val object;
	int ret;

	c->spec = yajl_tree_parse (config->spec_json, words, sizeof (words));
	if (!c->spec || !YAJL_IS_OBJECT (c->spec))
		return fail (err, EINVAL, "the spec is no JSON object: %s", words);
	if (yajl_tree_get (c->spec, (const char **) root, yajl_t_any))
		return fail (err, ENOTSUP, "root: the runtime bwrap shows the host's root alone");
	ret = read_process (c, err);
	if (ret < 0)
		return ret;
	object = yajl_tree_get (c->spec, (const char **) hostname, yajl_t_string);
	c->hostname = object ? YAJL_GET_STRING (object) : NULL;
	ret = check_members (c->spec, "", known, config, err);
	object = yajl_tree_get (c->spec, (const char **) process, yajl_t_object);
	return ret < 0 ? ret : check_members (object, "process.", known_process, config, err);
}

/* ---- Programs in the sandbox ---- */

/* What a child tells before it executes its program: its number; or, with an error, what went wrong. */
struct report { int32_t pid, error; };

/* Everything below is done in children: system calls only. */
static void
tell (int fd, int pid, int error)
{
	struct report report = { pid, error };

	(void) !write (fd, &report, sizeof (report));
}

/* No signal blocked or ignored, no descriptor but the first three, no privilege, whoever the user is. */
static int
confine (const int stdio_fd[3])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };
	sigset_t empty;

	for (int signal = 1; signal <= 64; signal++)
		(void) syscall (SYS_rt_sigaction, signal, &(unsigned long[4]) { 0 }, NULL, 8);   /* KILL and STOP refuse */
	sigemptyset (&empty);
	sigprocmask (SIG_SETMASK, &empty, NULL);
	setsid ();
	for (int fd = 0; fd < 3; fd++) {
		int from = stdio_fd[fd] >= 0 ? stdio_fd[fd] : open ("/dev/null", O_RDWR);

		if (from < 0 || dup2 (from, fd) < 0)
			return -1;
	}
	for (int cap = 0; prctl (PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		(void) prctl (PR_CAPBSET_DROP, cap, 0, 0, 0);   /* an ordinary user has none to drop */
	if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int) syscall (SYS_capset, &header, none);
}

/* Executes argv, looked for in the PATH of env. Returns the errno when it cannot be. */
static int
execute (const char *const *argv, const char *const *env)
{
	const char *path = DEFAULT_PATH;
	char file[4096];
	int error = ENOENT;

	if (strchr (argv[0], '/')) {
		execve (argv[0], (char *const *) argv, (char *const *) env);
		return errno;
	}
	for (size_t i = 0; env[i]; i++)
		if (strncmp (env[i], "PATH=", 5) == 0)
			path = env[i] + 5;
	for (;; path++) {
		size_t len = strcspn (path, ":"), name = strlen (argv[0]);

		if (len + name + 2 <= sizeof (file)) {
			memcpy (file, path, len);
			file[len] = '/';
			memcpy (file + len + 1, argv[0], name + 1);
			execve (file, (char *const *) argv, (char *const *) env);
			if (errno != ENOENT && errno != ENOTDIR)
				error = errno;
		}
		path += len;
		if (!*path)
			return error;
	}
}

/* The child: joins the sandbox and gives birth to the program, which so is inside from its first instant. */
static void
child (const struct cpod_rt_container *c, const char *const *argv, const int stdio_fd[3], int report_fd)
{
	const int namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
	long pid;

	if (setns (c->sandbox_fd, geteuid () == 0 ? namespaces : namespaces | CLONE_NEWUSER) < 0)
		pid = -1;
	else
		pid = syscall (SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		tell (report_fd, 0, errno == ENOMEM ? ESRCH : errno);   /* ENOMEM: the sandbox is just dying */
	else if (pid > 0)
		tell (report_fd, (int) pid, 0);
	if (pid != 0)
		_exit (0);
	if (confine (stdio_fd) < 0 || chdir (c->cwd) < 0
	    || syscall (SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */) < 0)
		tell (report_fd, 0, errno);
	else
		tell (report_fd, 0, execute (argv, (const char *const *) c->env));
	_exit (127);
}

/* Runs argv in the sandbox. 0: it has been executed, *ret_pid is a child of this process. -ESRCH: there is no sandbox
 * any more; -ENOENT, -EACCES, ...: it cannot be executed. */
static int
launch (const struct cpod_rt_container *c, const char *const *argv, const int stdio_fd[3], pid_t *ret_pid)
{
	struct report report;
	int fds[2], error = 0;
	pid_t helper, pid = 0;

	if (pipe2 (fds, O_CLOEXEC) < 0)
		return -errno;
	helper = fork ();
	if (helper == 0)
		child (c, argv, stdio_fd, fds[1]);
	if (helper < 0)
		error = errno;
	close (fds[1]);
	/* The last copy is closed by the exec. */
	while (helper > 0 && read (fds[0], &report, sizeof (report)) == (ssize_t) sizeof (report)) {
		if (report.pid)
			pid = report.pid;
		if (report.error)
			error = report.error;
	}
	close (fds[0]);
	if (helper > 0)
		(void) waitpid (helper, NULL, 0);
	if (pid && error)
		(void) waitpid (pid, NULL, 0);
	*ret_pid = pid;
	return error ? -error : pid ? 0 : -ESRCH;
}

/* Waits for a child's end. ECHILD: this process ignores SIGCHLD, or waits for all its children. */
static void
reap (pid_t pid, struct cpod_rt_exit *ret_exit)
{
	siginfo_t info = { 0 };
	int ret;

	do
		ret = waitid (P_PID, (id_t) pid, &info, WEXITED);
	while (ret < 0 && errno == EINTR);
	if (ret < 0)
		*ret_exit = (struct cpod_rt_exit) { 137, 9, CPOD_RT_EXIT_LOST, 0 };
	else if (info.si_code == CLD_EXITED)
		*ret_exit = (struct cpod_rt_exit) { info.si_status, 0, 0, 0 };
	else
		*ret_exit = (struct cpod_rt_exit) { 128 + info.si_status, info.si_status,
		                                    info.si_code == CLD_DUMPED ? CPOD_RT_EXIT_CORE : 0, 0 };
}

/* ---- The sandbox ---- */

/* The number after "child-pid" in what bwrap tells. */
static pid_t
child_pid (int fd)
{
	char text[1024], *at;
	size_t len = 0;
	ssize_t n;

	while (len < sizeof (text) - 1 && (n = read (fd, text + len, sizeof (text) - 1 - len)) > 0)
		len += (size_t) n;
	text[len] = '\0';
	at = strstr (text, "\"child-pid\":");
	return at ? (pid_t) strtol (at + strlen ("\"child-pid\":"), NULL, 10) : 0;
}

/* Ends the sandbox with everything in it. */
static void
end_sandbox (struct cpod_rt_container *c)
{
	close_fd (&c->holder_fd);
	if (c->sandbox_fd >= 0)
		(void) syscall (SYS_pidfd_send_signal, c->sandbox_fd, SIGKILL, NULL, 0);   /* it may be gone */
	else if (c->holder)
		kill (c->holder, SIGKILL);   /* not reaped: the number is its own */
	if (c->holder)
		(void) waitpid (c->holder, NULL, 0);
	c->holder = 0;
	close_fd (&c->sandbox_fd);
}

/* Runs bwrap: its input and output are pipes, info_fd becomes its descriptor 3. */
static int
spawn_holder (struct cpod_rt_container *c, int in_fd, int out_fd, int info_fd)
{
	const char *argv[] = {
		"bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--cap-drop", "ALL", "--new-session",
		"--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--info-fd", "3",
		c->hostname ? "--hostname" : "cat", c->hostname, "cat", NULL   /* without a name the list ends at it */
	};
	static const char *const env[] = { "PATH=" DEFAULT_PATH, NULL };
	posix_spawn_file_actions_t actions;
	int ret = posix_spawn_file_actions_init (&actions);

	if (ret != 0)
		return -ret;
	ret = posix_spawn_file_actions_adddup2 (&actions, in_fd, 0);
	if (ret == 0)
		ret = posix_spawn_file_actions_adddup2 (&actions, out_fd, 1);
	if (ret == 0)
		ret = posix_spawn_file_actions_adddup2 (&actions, info_fd, 3);
	if (ret == 0)
		ret = posix_spawn_file_actions_addclosefrom_np (&actions, 4);
	if (ret == 0)
		ret = posix_spawnp (&c->holder, argv[0], &actions, NULL, (char *const *) argv, (char *const *) env);
	posix_spawn_file_actions_destroy (&actions);
	if (ret != 0)
		c->holder = 0;
	return -ret;
}

/* Makes the sandbox, and waits until it is whole: what is written to the holder comes back. */
static int
make_sandbox (struct cpod_rt_container *c, struct cpod_error *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, info[2] = { -1, -1 }, ret = 0;
	pid_t pid = 0;
	char byte = 0;

	/* Above 3, so that no dup2 overwrites another's source. */
	if (pipe2 (in, O_CLOEXEC) < 0 || pipe2 (out, O_CLOEXEC) < 0 || pipe2 (info, O_CLOEXEC) < 0)
		ret = -errno;
	for (int i = 0; i < 2 && ret == 0; i++) {
		int *const ends[] = { &in[i], &out[i], &info[i] };

		for (int j = 0; j < 3 && ret == 0; j++) {
			int high = fcntl (*ends[j], F_DUPFD_CLOEXEC, 4);

			ret = high < 0 ? -errno : 0;
			close_fd (ends[j]);
			*ends[j] = high;
		}
	}
	if (ret == 0)
		ret = spawn_holder (c, in[0], out[1], info[1]);
	close_fd (&in[0]);
	close_fd (&out[1]);
	close_fd (&info[1]);
	c->holder_fd = in[1];
	if (ret == 0) {
		pid = child_pid (info[0]);
		c->sandbox_fd = pid ? (int) syscall (SYS_pidfd_open, pid, 0) : -1;
		if (c->sandbox_fd < 0 || write (in[1], "\n", 1) != 1 || read (out[0], &byte, 1) != 1)
			ret = -ECHILD;
	}
	close_fd (&info[0]);
	close_fd (&out[0]);
	if (ret == -ECHILD)
		return fail (err, ECHILD, "bwrap made no sandbox");
	return ret < 0 ? fail_sys (err, -ret, "run bwrap") : 0;
}

/* ---- The table ---- */

static void
bwrap_destroy (struct cpod_rt_container *c)
{
	struct cpod_rt_exit unused;

	if (!c)
		return;
	if (c->holder) {
		end_sandbox (c);
		if (c->program)
			reap (c->program, &unused);
	}
	for (int fd = 0; fd < 3; fd++)
		close_fd (&c->stdio_fd[fd]);
	close_fd (&c->holder_fd);
	close_fd (&c->sandbox_fd);
	close_fd (&c->program_fd);
	free (c->argv);
	free (c->env);
	yajl_tree_free (c->spec);
	pthread_mutex_destroy (&c->lock);
	free (c);
}

static int
bwrap_create (struct cpod_rt_pod *pod, const struct cpod_rt_container_config *config,
              struct cpod_rt_container **ret_container, struct cpod_error *err)
{
	struct cpod_rt_container *c = calloc (1, sizeof (*c));
	int ret;

	(void) pod;
	if (!c)
		return fail_sys (err, ENOMEM, "make a container");
	pthread_mutex_init (&c->lock, NULL);
	c->holder_fd = c->sandbox_fd = c->program_fd = -1;
	c->stdio_fd[0] = c->stdio_fd[1] = c->stdio_fd[2] = -1;
	ret = read_spec (c, config, err);
	for (int fd = 0; fd < 3 && ret == 0; fd++) {
		if (config->stdio_fd[fd] < 0)
			continue;
		c->stdio_fd[fd] = fcntl (config->stdio_fd[fd], F_DUPFD_CLOEXEC, 3);
		if (c->stdio_fd[fd] < 0)
			ret = fail_sys (err, errno, "keep a descriptor");
	}
	if (ret < 0)
		bwrap_destroy (c);
	else
		*ret_container = c;
	return ret;
}

static int
bwrap_start (struct cpod_rt_container *c, struct cpod_error *err)
{
	int ret = make_sandbox (c, err);

	if (ret == 0) {
		ret = launch (c, c->argv, c->stdio_fd, &c->program);
		if (ret < 0) {
			c->program = 0;
			ret = fail (err, -ret, "process.args[0]: cannot execute %s: %s", c->argv[0], strerrordesc_np (-ret));
		}
	}
	for (int fd = 0; fd < 3; fd++)
		close_fd (&c->stdio_fd[fd]);
	if (ret == 0)
		c->program_fd = (int) syscall (SYS_pidfd_open, c->program, 0);
	else
		end_sandbox (c);
	return ret;
}

static int
bwrap_wait (struct cpod_rt_container *c, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	(void) err;
	reap (c->program, ret_exit);
	c->program = 0;
	pthread_mutex_lock (&c->lock);
	c->ended = true;
	pthread_mutex_unlock (&c->lock);
	/* What runs beside it ends with it; whoever waits for such a command sees that. sandbox_fd stays for them. */
	close_fd (&c->holder_fd);
	(void) syscall (SYS_pidfd_send_signal, c->sandbox_fd, SIGKILL, NULL, 0);
	(void) waitpid (c->holder, NULL, 0);
	c->holder = 0;
	return 0;
}

static bool
is_running (struct cpod_rt_container *c)
{
	bool running;

	pthread_mutex_lock (&c->lock);
	running = c->program_fd >= 0 && !c->ended;
	pthread_mutex_unlock (&c->lock);
	return running;
}

static int
bwrap_kill (struct cpod_rt_container *c, int signal, struct cpod_error *err)
{
	int fd = signal == SIGKILL ? c->sandbox_fd : c->program_fd;

	if (!is_running (c))
		return fail (err, ESRCH, "the container is not running");
	if (syscall (SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0)
		return fail_sys (err, errno, "send the signal");
	return 0;
}

static int
bwrap_exec (struct cpod_rt_container *c, const char *const *argv, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	static const int no_stdio[3] = { -1, -1, -1 };
	pid_t pid;
	int ret = is_running (c) ? launch (c, argv, no_stdio, &pid) : -ESRCH;

	if (ret == -ESRCH)
		return fail (err, ESRCH, "the container is not running");
	if (ret < 0)
		return fail (err, -ret, "cannot execute %s: %s", argv[0], strerrordesc_np (-ret));
	reap (pid, ret_exit);
	return 0;
}

extern const struct cpod_runtime cpod_runtime;
const struct cpod_runtime cpod_runtime = {
	.abi = CPOD_RUNTIME_ABI,
	.size = sizeof (struct cpod_runtime),
	.name = "bwrap",
	.version = "1",
	.capabilities = CPOD_RT_CAP_SIGNALS | CPOD_RT_CAP_STDIO,
	.create = bwrap_create,
	.start = bwrap_start,
	.wait = bwrap_wait,
	.kill = bwrap_kill,
	.exec = bwrap_exec,
	.destroy = bwrap_destroy,
};
