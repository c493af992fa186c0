/* The runtime "shellout": plain processes on the host.
 *
 * No isolation, no cgroup, no lifeline: of the OCI spec it honours process.args, process.env and
 * process.cwd alone. It gives the four blocking operations and nothing else, and so is also the
 * example of a plugin in its smallest form, and the test of the controller's threads.
 *
 * Each program leads a process group of its own. The group is killed when the container ends, while
 * its leader is still a zombie: the group's number cannot have been taken over then.
 *
 * Locking: lock guards pid, started, ended and the list of programs; nobody waits for a program while holding it.
 */
#include "runtimes.h"

#include "src/base/arena.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct running { pid_t pid; struct running *next; };

struct cpod_rt_container {
	struct cpod_arena arena;
	const char *const *argv, *const *envp;
	const char *cwd;
	int stdio_fd[3];            /* owned; -1: /dev/null */
	pthread_mutex_t lock;
	struct running *running;    /* the program and its execs that are not reaped */
	struct running program;
	bool started, ended, killed;
};

/* ---- The spec ---------------------------------------------------------------------------- */

/* The strings of process' member key, NULL-terminated; NULL when there is no such member. */
static int
read_strings (struct cpod_arena *arena, const struct cpod_json *process, const char *key,
              const char *const **ret_strings, struct cpod_error *err)
{
	const struct cpod_json *list = cpod_json_get (process, key);
	const char **strings;
	size_t n = 0;

	*ret_strings = NULL;
	if (!list)
		return 0;
	if (list->type != CPOD_JSON_ARRAY)
		return cpod_error_set (err, EINVAL, "process.%s: expected an array, found %s", key,
		                       cpod_json_type_name (list->type));
	strings = cpod_arena_array (arena, (size_t) list->count + 1, sizeof (*strings));
	if (!strings)
		return cpod_error_oom (err);
	for (const struct cpod_json *item = list->first; item; item = item->next) {
		if (item->type != CPOD_JSON_STRING)
			return cpod_error_set (err, EINVAL, "process.%s[%zu]: expected a string, found %s", key, n,
			                       cpod_json_type_name (item->type));
		strings[n++] = item->text;
	}
	*ret_strings = (const char *const *) strings;
	return 0;
}

/* Takes args, env and cwd from the OCI spec. */
static int
read_spec (struct cpod_rt_container *c, const struct cpod_rt_container_config *config, struct cpod_error *err)
{
	static const char *const no_env[] = { "PATH=" DEFAULT_PATH, NULL };
	const struct cpod_json *process, *cwd;
	struct cpod_json *root;
	int ret = cpod_json_parse ("spec", config->spec_json, config->spec_len, 0, &c->arena, &root, err);

	if (ret < 0)
		return ret;
	process = root->type == CPOD_JSON_OBJECT ? cpod_json_get (root, "process") : NULL;
	if (!process || process->type != CPOD_JSON_OBJECT)
		return cpod_error_set (err, EINVAL, "process: is required");
	ret = read_strings (&c->arena, process, "args", &c->argv, err);
	if (ret == 0)
		ret = read_strings (&c->arena, process, "env", &c->envp, err);
	if (ret < 0)
		return ret;
	if (!c->argv || !c->argv[0] || !c->argv[0][0])
		return cpod_error_set (err, EINVAL, "process.args: needs a program");
	if (!c->envp)
		c->envp = no_env;
	cwd = cpod_json_get (process, "cwd");
	if (cwd && (cwd->type != CPOD_JSON_STRING || cwd->text[0] != '/'))
		return cpod_error_set (err, EINVAL, "process.cwd: must be an absolute path");
	c->cwd = cwd ? cwd->text : "/";
	return 0;
}

/* ---- Programs ---------------------------------------------------------------------------- */

/* Looks for name in directory (len bytes). 0 with path filled, or why not. */
static int
try_directory (const char *directory, size_t len, const char *name, char path[4096])
{
	struct stat st;

	if (snprintf (path, 4096, "%.*s/%s", (int) len, len ? directory : ".", name) >= 4096)
		return -ENAMETOOLONG;
	if (stat (path, &st) < 0)
		return -errno;
	return S_ISREG (st.st_mode) && access (path, X_OK) == 0 ? 0 : -EACCES;
}

/* The program that name means in the container's PATH. -ENOENT, -EACCES. */
static int
find_program (const struct cpod_rt_container *c, const char *name, char path[4096])
{
	const char *search = DEFAULT_PATH;
	int ret, worst = -ENOENT;

	if (strchr (name, '/'))
		return snprintf (path, 4096, "%s", name) < 4096 ? 0 : -ENAMETOOLONG;
	for (const char *const *env = c->envp; *env; env++)
		if (strncmp (*env, "PATH=", 5) == 0)
			search = *env + 5;
	for (;;) {
		size_t len = strcspn (search, ":");

		ret = try_directory (search, len, name, path);
		if (ret == 0)
			return 0;
		if (ret == -EACCES)
			worst = ret;
		if (!search[len])
			return worst;
		search += len + 1;
	}
}

/* Fills what the child does between fork and exec: the standard descriptors, the directory, the rest closed. */
static int
add_actions (posix_spawn_file_actions_t *actions, const struct cpod_rt_container *c, const int *stdio_fd)
{
	int ret = 0;

	for (int fd = 0; fd < 3 && ret == 0; fd++) {
		if (stdio_fd && stdio_fd[fd] >= 0)
			ret = posix_spawn_file_actions_adddup2 (actions, stdio_fd[fd], fd);
		else
			ret = posix_spawn_file_actions_addopen (actions, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
	}
	if (ret == 0)
		ret = posix_spawn_file_actions_addchdir_np (actions, c->cwd);
	if (ret == 0)
		ret = posix_spawn_file_actions_addclosefrom_np (actions, 3);
	return ret;
}

/* The child begins with no signal blocked or ignored, in a process group of its own. */
static int
set_attributes (posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int ret;

	sigemptyset (&none);
	sigfillset (&all);
	ret = posix_spawnattr_setsigmask (attributes, &none);
	if (ret == 0)
		ret = posix_spawnattr_setsigdefault (attributes, &all);
	if (ret == 0)
		ret = posix_spawnattr_setpgroup (attributes, 0);
	if (ret == 0)
		ret = posix_spawnattr_setflags (attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
		                                            | POSIX_SPAWN_SETPGROUP);
	return ret;
}

/* Spawns argv. 0 or -errno. */
static int
spawn (struct cpod_rt_container *c, const char *const *argv, const int *stdio_fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char path[4096];
	int ret = find_program (c, argv[0], path);

	if (ret < 0)
		return ret;
	ret = posix_spawn_file_actions_init (&actions);
	if (ret != 0)
		return -ret;
	ret = posix_spawnattr_init (&attributes);
	if (ret != 0) {
		posix_spawn_file_actions_destroy (&actions);
		return -ret;
	}
	ret = add_actions (&actions, c, stdio_fd);
	if (ret == 0)
		ret = set_attributes (&attributes);
	if (ret == 0)
		ret = posix_spawn (ret_pid, path, &actions, &attributes, (char *const *) argv, (char *const *) c->envp);
	posix_spawnattr_destroy (&attributes);
	posix_spawn_file_actions_destroy (&actions);
	return -ret;
}

/* Spawns argv as one of the container's programs, if it runs (or is about to: program is its first). */
static int
launch (struct cpod_rt_container *c, const char *const *argv, const int *stdio_fd, struct running *program,
        struct cpod_error *err, const char *field)
{
	int ret;

	pthread_mutex_lock (&c->lock);
	if (c->killed || c->ended || (program != &c->program && !c->started))
		ret = -ESRCH;
	else
		ret = spawn (c, argv, stdio_fd, &program->pid);
	if (ret == 0) {
		c->started = true;
		program->next = c->running;
		c->running = program;
	}
	pthread_mutex_unlock (&c->lock);
	if (ret == -ESRCH)
		return cpod_error_set (err, ESRCH, "the container is not running");
	return ret < 0 ? cpod_error_sys (err, -ret, "%scannot execute %s", field, argv[0]) : 0;
}

/* SIGKILL to all of the container's programs and their groups. The lock is held. */
static void
kill_all (struct cpod_rt_container *c)
{
	c->killed = true;
	for (struct running *program = c->running; program; program = program->next)
		(void) kill (-program->pid, SIGKILL);   /* its leader is not reaped: the group is this one */
}

/* Ends the group of a program that is a zombie, reaps it, and takes it off the list. The lock is held. */
static void
bury (struct cpod_rt_container *c, struct running *program, siginfo_t *info)
{
	struct running **link = &c->running;

	(void) kill (-program->pid, SIGKILL);   /* ESRCH, EPERM: nobody else is left in it */
	(void) waitid (P_PID, (id_t) program->pid, info, WEXITED);
	while (*link != program)
		link = &(*link)->next;
	*link = program->next;
	if (program != &c->program)
		return;
	c->ended = true;
	kill_all (c);
}

/* Waits for the program's end. When somebody else in this process reaps its children, the status is lost. */
static void
reap (struct cpod_rt_container *c, struct running *program, struct cpod_rt_exit *ret_exit)
{
	siginfo_t info = { 0 };
	int ret;

	do
		ret = waitid (P_PID, (id_t) program->pid, &info, WEXITED | WNOWAIT);
	while (ret < 0 && errno == EINTR);
	pthread_mutex_lock (&c->lock);
	bury (c, program, &info);
	pthread_mutex_unlock (&c->lock);
	if (ret < 0)
		*ret_exit = (struct cpod_rt_exit) { 137, SIGKILL, CPOD_RT_EXIT_LOST, 0 };
	else if (info.si_code == CLD_EXITED)
		*ret_exit = (struct cpod_rt_exit) { info.si_status, 0, 0, 0 };
	else
		*ret_exit = (struct cpod_rt_exit) { 128 + info.si_status, info.si_status,
		                                    info.si_code == CLD_DUMPED ? CPOD_RT_EXIT_CORE : 0, 0 };
}

/* ---- The table --------------------------------------------------------------------------- */

static void
shellout_destroy (struct cpod_rt_container *c)
{
	struct cpod_rt_exit ignored;

	if (!c)
		return;
	pthread_mutex_lock (&c->lock);
	kill_all (c);
	pthread_mutex_unlock (&c->lock);
	while (c->running)
		reap (c, c->running, &ignored);
	for (int fd = 0; fd < 3; fd++)
		cpod_fd_close (&c->stdio_fd[fd]);
	pthread_mutex_destroy (&c->lock);
	cpod_arena_finish (&c->arena);
	free (c);
}

static int
shellout_create (struct cpod_rt_pod *pod, const struct cpod_rt_container_config *config,
                 struct cpod_rt_container **ret_container, struct cpod_error *err)
{
	struct cpod_rt_container *c = calloc (1, sizeof (*c));
	int ret;

	(void) pod;
	if (!c)
		return cpod_error_oom (err);
	cpod_arena_init (&c->arena, 0);
	pthread_mutex_init (&c->lock, NULL);
	c->stdio_fd[0] = c->stdio_fd[1] = c->stdio_fd[2] = -1;
	ret = read_spec (c, config, err);
	for (int fd = 0; fd < 3 && ret == 0; fd++) {
		if (config->stdio_fd[fd] < 0)
			continue;
		c->stdio_fd[fd] = fcntl (config->stdio_fd[fd], F_DUPFD_CLOEXEC, 3);
		if (c->stdio_fd[fd] < 0)
			ret = cpod_error_sys (err, errno, "keep descriptor %d", fd);
	}
	if (ret < 0)
		shellout_destroy (c);
	else
		*ret_container = c;
	return ret;
}

static int
shellout_start (struct cpod_rt_container *c, struct cpod_error *err)
{
	int ret = launch (c, c->argv, c->stdio_fd, &c->program, err, "process.args[0]: ");

	for (int fd = 0; fd < 3; fd++)
		cpod_fd_close (&c->stdio_fd[fd]);
	return ret;
}

static int
shellout_wait (struct cpod_rt_container *c, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	if (!c->started)
		return cpod_error_set (err, ESRCH, "the container is not running");
	reap (c, &c->program, ret_exit);
	return 0;
}

static int
shellout_kill (struct cpod_rt_container *c, int signal, struct cpod_error *err)
{
	int ret = 0;

	pthread_mutex_lock (&c->lock);
	if (!c->running || c->ended)
		ret = -ESRCH;
	else if (signal == SIGKILL)
		kill_all (c);
	else if (kill (c->program.pid, signal) < 0)
		ret = -errno;
	pthread_mutex_unlock (&c->lock);
	return ret < 0 ? cpod_error_sys (err, -ret, "send signal %d", signal) : 0;
}

static int
shellout_exec (struct cpod_rt_container *c, const char *const *argv, struct cpod_rt_exit *ret_exit,
               struct cpod_error *err)
{
	struct running program = { 0, NULL };
	int ret = launch (c, argv, NULL, &program, err, "");

	if (ret == 0)
		reap (c, &program, ret_exit);
	return ret;
}

const struct cpod_runtime cpod_runtime_shellout = {
	.abi = CPOD_RUNTIME_ABI,
	.size = sizeof (struct cpod_runtime),
	.name = "shellout",
	.version = "1",
	.capabilities = CPOD_RT_CAP_SIGNALS | CPOD_RT_CAP_STDIO,
	.create = shellout_create,
	.start = shellout_start,
	.wait = shellout_wait,
	.kill = shellout_kill,
	.exec = shellout_exec,
	.destroy = shellout_destroy,
	.async = NULL,
};
