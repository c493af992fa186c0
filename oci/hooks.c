/* Hooks that run in the caller's namespaces: prestart, createRuntime, poststart, poststop.
 *
 * Each is a child with the environment that the spec gives it and no other, the bundle as its working
 * directory, no signal blocked, and a sealed file with the state as its input: whether it reads that or
 * not makes no difference to anybody. It is waited for, with its timeout; then it is killed. Hooks of
 * the container's namespaces are part of the plan (oci/init/walk-wait.c) and read the same files.
 */
#include "bundle-parts.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const list_words[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
};

static const struct cpod_array *
list_of (const struct cpod_oci_hooks *hooks, enum cpod_hook_list list)
{
	switch (list) {
	case CPOD_HOOKS_PRESTART:         return &hooks->prestart;
	case CPOD_HOOKS_CREATE_RUNTIME:   return &hooks->create_runtime;
	case CPOD_HOOKS_CREATE_CONTAINER: return &hooks->create_container;
	case CPOD_HOOKS_START_CONTAINER:  return &hooks->start_container;
	case CPOD_HOOKS_POSTSTART:        return &hooks->poststart;
	case CPOD_HOOKS_POSTSTOP:         break;
	}
	return &hooks->poststop;
}

int
cpod_hooks_open_state (int *ret_fd, struct cpod_error *err)
{
	*ret_fd = memfd_create ("cpod-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return *ret_fd < 0 ? cpod_error_sys (err, errno, "memfd_create for a hook's state") : 0;
}

int
cpod_hooks_fill_state (int fd, const struct cpod_bundle_state *state, enum cpod_bundle_status status, pid_t pid,
                       const struct cpod_oci_spec *spec, struct cpod_error *err)
{
	cpod_autostr out = CPOD_STR_INIT;
	int ret;

	cpod_bundle_state_describe (state, status, pid, spec, 0, &out);
	if (cpod_str_failed (&out))
		return cpod_error_oom (err);
	ret = cpod_fd_write_all (fd, out.data, out.len);
	if (ret == 0 && (lseek (fd, 0, SEEK_SET) < 0
	                 || fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0))
		ret = -errno;
	return ret < 0 ? cpod_error_sys (err, -ret, "write a hook's state") : 0;
}

/* In the child. What went wrong is told through errno, in memory that is shared with the parent. */
static void run_child (const struct cpod_oci_hook *hook, const char *bundle, int state_fd, volatile int *ret_errno)
	__attribute__ ((noreturn));
static void
run_child (const struct cpod_oci_hook *hook, const char *bundle, int state_fd, volatile int *ret_errno)
{
	static char *none[] = { NULL };
	char *alone[] = { (char *) (uintptr_t) hook->path, NULL };
	char *const *argv = hook->args.n > 0 ? (char *const *) (uintptr_t) hook->args.items : alone;
	sigset_t no_signals;

	sigemptyset (&no_signals);
	if (chdir (bundle) == 0 && dup2 (state_fd, 0) == 0 && close_range (3, ~0u, 0) == 0
	    && sigprocmask (SIG_SETMASK, &no_signals, NULL) == 0)
		execve (hook->path, argv, hook->env.n > 0 ? (char *const *) (uintptr_t) hook->env.items : none);
	*ret_errno = errno;
	_exit (127);
}

/* Waits for the child, not longer than it may take; then it is killed. *ret_late: it was. */
static int
await_child (pid_t pid, int64_t timeout, int *ret_status, bool *ret_late)
{
	cpod_autofd pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
	struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };

	*ret_late = false;
	if (timeout > 0 && pidfd >= 0)
		*ret_late = poll (&pollfd, 1, timeout > 2000000 ? -1 : (int) timeout * 1000) == 0;
	if (*ret_late)
		(void) kill (pid, SIGKILL);
	while (waitpid (pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Runs one hook to its end. The error lacks the hook's name. */
static int
run_hook (const struct cpod_oci_hook *hook, const char *bundle, int state_fd, struct cpod_error *err)
{
	volatile int child_errno = 0;
	bool late = false;
	int status = 0, ret;
	pid_t pid = vfork ();

	if (pid == 0)
		run_child (hook, bundle, state_fd, &child_errno);
	if (pid < 0)
		return cpod_error_sys (err, errno, "run it");
	ret = await_child (pid, hook->timeout.value, &status, &late);
	if (ret < 0)
		return cpod_error_sys (err, -ret, "wait for it");
	if (child_errno != 0)
		return cpod_error_sys (err, child_errno, "run it");
	if (late)
		return cpod_error_set (err, ETIMEDOUT, "it took longer than %d s", (int) hook->timeout.value);
	if (WIFSIGNALED (status))
		return cpod_error_set (err, ECANCELED, "it was ended by signal %d", WTERMSIG (status));
	if (WEXITSTATUS (status) != 0)
		return cpod_error_set (err, ECANCELED, "it ended with status %d", WEXITSTATUS (status));
	return 0;
}

int
cpod_hooks_run (const struct cpod_oci_spec *spec, enum cpod_hook_list list, const struct cpod_bundle_state *state,
                enum cpod_bundle_status status, bool go_on, const struct cpod_bundle_context *context, struct cpod_error *err)
{
	const struct cpod_array *array = spec->hooks != NULL ? list_of (spec->hooks, list) : NULL;
	const struct cpod_oci_hook *hooks = array != NULL ? array->items : NULL;

	for (size_t i = 0; array != NULL && i < array->n; i++) {
		struct cpod_error why = { 0 };
		cpod_autofd fd = -1;
		int ret = cpod_hooks_open_state (&fd, &why);

		if (ret == 0)
			ret = cpod_hooks_fill_state (fd, state, status, status == CPOD_STATUS_STOPPED ? 0 : state->pid, spec, &why);
		if (ret == 0)
			ret = run_hook (&hooks[i], state->bundle, fd, &why);
		if (ret == 0)
			continue;
		(void) cpod_error_prefix (&why, ret, "hooks.%s[%zu]: the hook %s", list_words[list], i, hooks[i].path);
		if (!go_on)
			return cpod_error_set (err, why.code, "%s", why.message);
		if (context->warn != NULL)
			context->warn (context->data, why.message);
	}
	return 0;
}
