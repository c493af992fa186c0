/* The process: resolved once from the spec, then laid out for the start and for every exec.
 *
 * With no_new_privs the filter stands right before the exec; without it, installing one needs
 * CAP_SYS_ADMIN, so it comes before the capabilities go (and must allow what follows it, as a
 * profile for such a container always had to).
 *
 * A container that is created first and started later waits behind all of it; only where the filter can be
 * the last thing it comes after that, so that a profile need not allow what waiting takes.
 *
 * Whether a command's birth comes early or late decides who could meddle with it. Nobody can take hold of a process
 * with more rights than his own, unless he may trace: then everything, the filter too, is in force before the birth, so
 * that the profile of such a container must allow clone. Elsewhere the command is born as soon as the namespaces are
 * joined, which costs one process less; it drops its rights before it runs anything of the container's.
 */
#include "compile.h"

#include "caps.h"
#include "defaults.h"
#include "src/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* The value of NAME in a NULL-terminated environment, or NULL. */
static const char *
environment (const char *const *envp, const char *name)
{
	size_t len = strlen (name);

	for (; envp != NULL && *envp != NULL; envp++)
		if (strncmp (*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	return NULL;
}

/* The spec's environment; in a pod with a PATH and a HOME where it has none. */
static int
resolve_environment (const struct cpod_compile_input *input, const struct cpod_oci_process *process, struct cpod_arena *arena,
                     struct cpod_process *ret, struct cpod_error *err)
{
	size_t n = process->env.n;
	const char **envp = cpod_arena_array (arena, n + 3, sizeof (*envp));

	if (envp == NULL)
		return cpod_error_oom (err);
	for (size_t i = 0; i < n; i++)
		envp[i] = process->env.items[i];
	if (input->pod && environment (process->env.items, "PATH") == NULL) {
		envp[n] = cpod_arena_printf (arena, "PATH=%s", cpod_default_path);
		n += envp[n] != NULL;
	}
	if (environment (process->env.items, "HOME") == NULL)
		envp[n++] = ret->uid == 0 ? "HOME=/root" : "HOME=/";
	ret->envp = envp;
	ret->envc = n;
	return 0;
}

static int
resolve_user (const struct cpod_oci_process *process, struct cpod_arena *arena, struct cpod_process *ret, struct cpod_error *err)
{
	const struct cpod_oci_user *user = process->user;
	uint32_t *groups;

	ret->umask = 022;
	if (user == NULL)
		return 0;
	ret->uid = (uint32_t) user->uid.value;
	ret->gid = (uint32_t) user->gid.value;
	if (user->umask.set)
		ret->umask = (uint32_t) user->umask.value;
	groups = cpod_arena_array (arena, user->additional_gids.n + 1, sizeof (*groups));
	if (groups == NULL)
		return cpod_error_oom (err);
	for (size_t i = 0; i < user->additional_gids.n; i++)
		groups[i] = (uint32_t) user->additional_gids.items[i];
	ret->groups = groups;
	ret->n_groups = user->additional_gids.n;
	return 0;
}

/* The filter: the spec's; cpod's own where a pod's spec has none. */
static int
resolve_seccomp (const struct cpod_compile_input *input, struct cpod_arena *arena, struct cpod_process *ret, struct cpod_error *err)
{
	const struct cpod_oci_linux *linux_part = input->spec->linux_part;
	int status;

	if (linux_part != NULL && linux_part->seccomp != NULL) {
		status = cpod_seccomp_compile (linux_part->seccomp, arena, &ret->seccomp, err);
		return status < 0 ? cpod_error_prefix (err, status, "linux.seccomp") : 0;
	}
	if (!input->pod)
		return 0;
	return cpod_seccomp_compile_default (ret->caps.bounding, arena, &ret->seccomp, err);
}

/* The capabilities, which pod init must still be able to give. */
static int
resolve_caps (const struct cpod_compile_input *input, const struct cpod_oci_process *process, struct cpod_process *ret,
              struct cpod_error *err)
{
	cpod_autostr names = CPOD_STR_INIT;
	int status = cpod_caps_resolve (process->capabilities, input->pod, &ret->caps, err);

	ret->caps.gone = input->gone_caps;
	if (status < 0 || (ret->caps.bounding & ret->caps.gone) == 0)
		return status;
	cpod_caps_words (ret->caps.bounding & ret->caps.gone, &names);
	return cpod_error_set (err, EPERM, "process.capabilities.bounding: the pod was made without %s",
	                       cpod_str_failed (&names) ? "them" : names.data);
}

int
cpod_process_resolve (const struct cpod_compile_input *input, struct cpod_arena *arena, struct cpod_process *ret,
                      struct cpod_error *err)
{
	static const struct cpod_oci_process no_process;
	const struct cpod_oci_process *process = input->spec->process != NULL ? input->spec->process : &no_process;
	struct cpod_process read = { .cwd = "/" };
	int status;

	if (process->args.n == 0)
		return cpod_error_set (err, EINVAL, "process.args: is required");
	read.argv = process->args.items;
	read.argc = process->args.n;
	if (process->cwd != NULL && process->cwd[0] != '\0')
		read.cwd = process->cwd;
	read.no_new_privs = process->no_new_privileges.set ? process->no_new_privileges.value : input->pod;
	read.rlimits = process->rlimits.items;
	read.n_rlimits = process->rlimits.n;
	read.oom_score_adj = process->oom_score_adj;
	if ((status = resolve_user (process, arena, &read, err)) < 0
	    || (status = resolve_environment (input, process, arena, &read, err)) < 0
	    || (status = resolve_caps (input, process, &read, err)) < 0
	    || (status = resolve_seccomp (input, arena, &read, err)) < 0
	    || (status = input->ids != NULL ? cpod_compile_check_ids (input->ids, &read, err) : 0) < 0)
		return status;
	read.gives_pipes = input->ids != NULL;
	read.keep_groups = input->ids != NULL && input->ids->groups_denied;
	*ret = read;
	return 0;
}

/* Where a program's name leads, in order: itself when it has a slash, else every directory of PATH. */
static struct cpod_ref_list
compile_candidates (struct cpod_plan *plan, const char *name, const char *const *envp)
{
	const char *search = environment (envp, "PATH");
	const char **candidates;
	size_t n = 1;

	if (name[0] == '\0' || strchr (name, '/') != NULL)
		return cpod_plan_texts (plan, &name, 1);
	if (search == NULL)
		search = cpod_default_path;
	for (const char *at = search; (at = strchr (at, ':')) != NULL; at++)
		n++;
	candidates = cpod_arena_array (&plan->arena, n, sizeof (*candidates));
	if (candidates == NULL) {
		plan->failed = true;
		return (struct cpod_ref_list) { 0 };
	}
	n = 0;
	for (const char *at = search;;) {
		size_t len = strcspn (at, ":");
		const char *slash = len == 0 ? "." : at;

		candidates[n] = cpod_arena_printf (&plan->arena, "%.*s/%s", (int) (len == 0 ? 1 : len), slash, name);
		if (candidates[n] == NULL) {
			plan->failed = true;
			break;
		}
		n++;
		if (at[len] == '\0')
			break;
		at += len + 1;
	}
	return cpod_plan_texts (plan, candidates, n);
}

/* Capabilities by name, for people who read a plan. An exec's plan is made for every probe and read only when it
 * fails: there the kind will do. Lives in the plan's arena. */
static const char *
describe_caps (struct cpod_plan *plan, uint64_t bits, bool briefly)
{
	cpod_autostr words = CPOD_STR_INIT;
	const char *copy;

	if (briefly)
		return "what the container may have";
	cpod_caps_words (bits, &words);
	copy = cpod_arena_strdup (&plan->arena, words.len > 0 ? words.data : "none");
	return copy != NULL ? copy : "";
}

static void
compile_identity (struct cpod_plan *plan, const struct cpod_process *process, bool briefly)
{
	struct cpod_op *op;

	op = cpod_plan_add (plan, CPOD_OP_BOUNDING, "process.capabilities.bounding", "limit the bounding set to %s",
	                    describe_caps (plan, process->caps.bounding, briefly));
	op->caps = process->caps;
	op = cpod_plan_add (plan, CPOD_OP_IDS, "process.user", "become uid %u, gid %u with %zu more groups", process->uid,
	                    process->gid, process->n_groups);
	op->ids = (struct cpod_op_ids) {
		process->uid, process->gid, cpod_plan_numbers (plan, process->groups, process->n_groups), process->keep_groups
	};
	op = cpod_plan_add (plan, CPOD_OP_CAPS, "process.capabilities", "set the capabilities to %s; ambient: %s",
	                    describe_caps (plan, process->caps.effective, briefly),
	                    describe_caps (plan, process->caps.ambient, briefly));
	op->caps = process->caps;
}

static void
compile_filter (struct cpod_plan *plan, const struct cpod_process *process)
{
	const struct cpod_seccomp_program *program = &process->seccomp;
	struct cpod_op *op;

	if (program->n == 0)
		return;
	op = cpod_plan_add (plan, CPOD_OP_SECCOMP, "linux.seccomp", "install a filter of %u instructions", program->n);
	op->seccomp.filter = cpod_plan_bytes (plan, program->insns, program->n * sizeof (*program->insns), 8);
	op->seccomp.n = program->n;
	op->seccomp.flags = program->flags;
}

/* Whether the number of its user's processes is limited, which the kernel looks at when one is born. */
static bool
limits_processes (const struct cpod_process *process)
{
	for (size_t i = 0; i < process->n_rlimits; i++)
		if (process->rlimits[i].type.value == RLIMIT_NPROC)
			return true;
	return false;
}

bool
cpod_process_may_come_early (const struct cpod_process *process)
{
	return !process->watched && !cpod_caps_may_trace (&process->caps) && !limits_processes (process);
}

/* The command begins, if it does so here. One with a terminal leads its session itself: a terminal goes with the end of
 * the process that took it. */
static void
compile_birth (struct cpod_plan *plan, enum cpod_birth birth, bool here)
{
	if (!here)
		return;
	if (birth == CPOD_BIRTH_CONTAINER)
		cpod_plan_add (plan, CPOD_OP_BIRTH, "linux.namespaces", "give birth to the program in its PID namespace, whose first "
		               "process must live");
	else
		cpod_plan_add (plan, CPOD_OP_BIRTH, NULL, "give birth to the command");
	if (birth != CPOD_BIRTH_PLAIN)
		cpod_plan_add (plan, CPOD_OP_SETSID, NULL, "lead a session of its own");
	if (birth == CPOD_BIRTH_TERMINAL)
		cpod_plan_add (plan, CPOD_OP_CONTROLLING, NULL, "take the terminal as the session's");
}

void
cpod_compile_process (struct cpod_plan *plan, const struct cpod_process *process, const char *const *argv,
                      const char *const *envp, const char *cwd, enum cpod_birth birth,
                      const struct cpod_compile_life *life)
{
	struct cpod_ref_list paths = compile_candidates (plan, argv[0], envp);
	struct cpod_op *op;
	size_t argc = 0, envc = 0;
	bool exec = birth != CPOD_BIRTH_NONE && birth != CPOD_BIRTH_CONTAINER;
	bool born = birth != CPOD_BIRTH_NONE && birth != CPOD_BIRTH_DONE;
	bool late = born && (process->watched || cpod_caps_may_trace (&process->caps));

	while (argv[argc] != NULL)
		argc++;
	while (envp[envc] != NULL)
		envc++;
	for (size_t i = 0; i < process->n_rlimits; i++) {
		const struct cpod_oci_rlimit *limit = &process->rlimits[i];

		op = cpod_plan_add (plan, CPOD_OP_RLIMIT, "process.rlimits", "limit %s to %llu, hard %llu",
		                    cpod_oci_rlimit_words[limit->type.value], (unsigned long long) limit->soft.value,
		                    (unsigned long long) limit->hard.value);
		op->rlimit = (struct cpod_op_rlimit) { (uint32_t) limit->type.value, 0, limit->soft.value, limit->hard.value };
	}
	if (strcmp (cwd, "/") != 0) {   /* where the pivot, or joining the mount namespace, has left it */
		op = cpod_plan_add (plan, CPOD_OP_CHDIR, "process.cwd", "change to %s", cwd);
		op->text.text = cpod_plan_text (plan, cwd);
	}
	if (process->no_new_privs)
		cpod_plan_add (plan, CPOD_OP_NO_NEW_PRIVS, NULL, "set no_new_privs");
	if (!process->no_new_privs) {
		compile_birth (plan, birth, born && !late);
		compile_filter (plan, process);
	}
	compile_identity (plan, process, exec);
	op = cpod_plan_add (plan, CPOD_OP_UMASK, "process.user.umask", "set the umask to %04o", process->umask);
	op->number.value = process->umask;
	if (process->no_new_privs) {
		compile_birth (plan, birth, born && !late);
		if (!late)
			cpod_compile_wait (plan, life, paths);
		compile_filter (plan, process);
	}
	compile_birth (plan, birth, late);
	if (!process->no_new_privs || late)
		cpod_compile_wait (plan, life, paths);
	op = cpod_plan_add (plan, CPOD_OP_EXEC, exec ? NULL : "process.args[0]", "execute %s", argv[0]);
	op->exec.argv = cpod_plan_texts (plan, argv, argc);
	op->exec.envp = cpod_plan_texts (plan, envp, envc);
	op->exec.paths = paths;
}
