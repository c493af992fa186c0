/* A container without a pod, between its creation and its start: what the spec asks for beside a program.
 *
 * Creation, once everything is mounted and before masks and the pivot: the terminal; then the parent is
 * told that it may run the hooks of the runtime's namespaces, and the hooks of the container's run. Start,
 * once the program's identity is in force: it is looked for, the start is waited for, its hooks run.
 */
#include "compile.h"

#include "src/base/error.h"

#include <errno.h>
#include <stdio.h>

/* Whether the spec has a hook that belongs to the creation. */
static bool
has_create_hooks (const struct cpod_oci_hooks *hooks)
{
	return hooks != NULL && (hooks->prestart.n > 0 || hooks->create_runtime.n > 0 || hooks->create_container.n > 0);
}

/* What only a container without a pod has. */
static int
refuse_in_pod (const struct cpod_compiler *compiler, struct cpod_error *err)
{
	const struct cpod_oci_hooks *hooks = compiler->input->spec->hooks;

	if (hooks != NULL && (has_create_hooks (hooks) || hooks->start_container.n > 0 || hooks->poststart.n > 0 || hooks->poststop.n > 0))
		return cpod_error_set (err, ENOTSUP, "hooks: are not carried out in a pod by this version");
	if (compiler->life.terminal)
		return cpod_error_set (err, ENOTSUP, "process.terminal: is not carried out in a pod by this version");
	return 0;
}

int
cpod_compile_life (struct cpod_compiler *compiler, struct cpod_error *err)
{
	const struct cpod_compile_input *input = compiler->input;
	const struct cpod_oci_process *process = input->spec->process;
	struct cpod_compile_life *life = &compiler->life;

	life->wait = input->wait;
	life->terminal = process != NULL && process->terminal.value;
	if (input->pod)
		return refuse_in_pod (compiler, err);
	if (life->terminal && input->terminal_fd < 0)
		return cpod_error_set (err, EINVAL, "process.terminal: needs a socket that the terminal's master is sent to: --console-socket");
	if (input->spec->hooks == NULL || (life->wait == false && !has_create_hooks (input->spec->hooks)
	                                   && input->spec->hooks->start_container.n == 0))
		return 0;
	life->hooks = &input->spec->hooks->start_container;
	life->hook_slots = cpod_arena_array (compiler->arena, life->hooks->n + 1, sizeof (*life->hook_slots));
	return life->hook_slots != NULL ? 0 : cpod_error_oom (err);
}

void
cpod_compile_terminal (struct cpod_compiler *compiler, const struct cpod_process *process)
{
	const struct cpod_oci_console_size *size;
	struct cpod_given *given;
	struct cpod_op *op;

	if (!compiler->life.terminal)
		return;
	size = compiler->input->spec->process->console_size;
	given = cpod_plan_give (compiler->plan, CPOD_GIVEN_FD, CPOD_SLOT_NONE, NULL, "process.terminal");
	given->fd = compiler->input->terminal_fd;
	op = cpod_plan_add (compiler->plan, CPOD_OP_TERMINAL, "process.terminal", "make a terminal in the container's /dev/pts");
	op->terminal.socket = given->slot;
	op->terminal.console = compiler->namespaces.path[CPOD_OCI_NS_MOUNT] == NULL && !compiler->dev_is_bound;
	op->terminal.rows = size != NULL ? (uint16_t) size->height.value : compiler->input->rows;
	op->terminal.columns = size != NULL ? (uint16_t) size->width.value : compiler->input->columns;
	op->terminal.uid = process->uid;
}

/* One hook; slot: what it reads. */
static void
compile_hook (struct cpod_plan *plan, const struct cpod_oci_hook *hook, const char *list, size_t index, uint16_t slot)
{
	const char *const *args = hook->args.n > 0 ? hook->args.items : &hook->path;
	struct cpod_op *op;
	char field[48];

	(void) snprintf (field, sizeof (field), "hooks.%s[%zu]", list, index);
	op = cpod_plan_add (plan, CPOD_OP_HOOK, field, "the hook %s", hook->path);
	op->hook.path = cpod_plan_text (plan, hook->path);
	op->hook.argv = cpod_plan_texts (plan, args, hook->args.n > 0 ? hook->args.n : 1);
	op->hook.envp = cpod_plan_texts (plan, hook->env.items, hook->env.n);
	op->hook.timeout = (uint32_t) hook->timeout.value;
	op->hook.state = slot;
}

/* The slot of what the hook with that number reads. */
static uint16_t
give_state (struct cpod_compiler *compiler, size_t number)
{
	struct cpod_given *given = cpod_plan_give (compiler->plan, CPOD_GIVEN_FD, CPOD_SLOT_NONE, NULL, "hooks");

	given->fd = compiler->input->hook_fds[number];
	return given->slot;
}

void
cpod_compile_create_hooks (struct cpod_compiler *compiler)
{
	const struct cpod_oci_hooks *hooks = compiler->input->spec->hooks;
	const struct cpod_oci_hook *create;

	if (hooks == NULL || compiler->life.hooks == NULL)
		return;
	create = hooks->create_container.items;
	for (size_t i = 0; i < compiler->life.hooks->n; i++)
		compiler->life.hook_slots[i] = give_state (compiler, hooks->create_container.n + i);
	if (has_create_hooks (hooks) || compiler->life.hooks->n > 0)
		cpod_plan_add (compiler->plan, CPOD_OP_SYNC, "hooks", "let the runtime's hooks run");
	for (size_t i = 0; i < hooks->create_container.n; i++)
		compile_hook (compiler->plan, &create[i], "createContainer", i, give_state (compiler, i));
}

/* Closes all but n descriptors that the program gets, and those in the slots that hooks need. */
static void
compile_close (struct cpod_plan *plan, struct cpod_arena *arena, const int *preserve_fds, size_t n, const uint16_t *hook_slots,
               size_t n_hooks)
{
	uint32_t *slots = cpod_arena_array (arena, n + n_hooks + 1, sizeof (*slots));
	struct cpod_op *op;

	if (slots == NULL) {
		plan->failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct cpod_given *given = cpod_plan_give (plan, CPOD_GIVEN_FD, CPOD_SLOT_NONE, NULL, "descriptors to preserve");

		given->fd = preserve_fds[i];
		slots[i] = given->slot;
	}
	for (size_t i = 0; i < n_hooks; i++)
		slots[n + i] = hook_slots[i];
	op = cpod_plan_add (plan, CPOD_OP_CLOSE, NULL, "close every descriptor above %zu", 2 + n);
	if (n + n_hooks == 0)
		return;
	op->close.preserve = cpod_plan_numbers (plan, slots, n);
	op->close.keep = cpod_plan_numbers (plan, slots + n, n_hooks);
}

void
cpod_compile_close (struct cpod_compiler *compiler)
{
	size_t n_hooks = compiler->life.hooks != NULL ? compiler->life.hooks->n : 0;

	compile_close (compiler->plan, compiler->arena, compiler->input->preserve_fds, compiler->input->n_preserve_fds,
	               compiler->life.hook_slots, n_hooks);
}

void
cpod_compile_wait (struct cpod_plan *plan, const struct cpod_compile_life *life, struct cpod_ref_list paths)
{
	const struct cpod_oci_hook *hooks = life != NULL && life->hooks != NULL ? life->hooks->items : NULL;
	struct cpod_op *op;

	if (life != NULL && life->late_terminal)
		cpod_plan_add (plan, CPOD_OP_CONTROLLING, "process.terminal", "take the terminal as the session's");
	if (life != NULL && life->wait) {
		op = cpod_plan_add (plan, CPOD_OP_FIND, "process.args[0]", "find the executable file of the program in $PATH");
		op->exec.paths = paths;
		cpod_plan_add (plan, CPOD_OP_WAIT, NULL, "wait for the start");
	}
	for (size_t i = 0; hooks != NULL && i < life->hooks->n; i++)
		compile_hook (plan, &hooks[i], "startContainer", i, life->hook_slots[i]);
}

/* Into the container: its cgroup, if birth could not, and its namespaces. */
static void
compile_entry (const struct cpod_compile_join *join, struct cpod_plan *plan)
{
	struct cpod_given *given;
	struct cpod_op *op;

	if (join->join_cgroup != NULL) {
		given = cpod_plan_give (plan, CPOD_GIVEN_PATH, CPOD_SLOT_NONE, join->join_cgroup, "cgroup");
		op = cpod_plan_add (plan, CPOD_OP_JOIN_CGROUP, NULL, "enter the cgroup %s", join->join_cgroup);
		op->join.slot = given->slot;
	}
	given = cpod_plan_give (plan, CPOD_GIVEN_FD, CPOD_SLOT_NONE, NULL, "the container");
	given->fd = join->pidfd;
	op = cpod_plan_add (plan, CPOD_OP_SETNS, NULL, "join the container's namespaces");
	op->setns.slot = given->slot;
	op->setns.type = (uint32_t) join->namespaces;
}

int
cpod_compile_join (const struct cpod_compile_join *join, struct cpod_arena *arena, struct cpod_plan *plan, struct cpod_error *err)
{
	const struct cpod_process *process = join->process;
	bool terminal = join->terminal_fd >= 0;
	struct cpod_given *given;
	struct cpod_op *op;

	plan->header.null_path = cpod_plan_text (plan, "/dev/null");
	compile_entry (join, plan);
	if (process->oom_score_adj.set) {
		cpod_plan_add (plan, CPOD_OP_PROC, NULL, "open a procfs");
		op = cpod_plan_add (plan, CPOD_OP_OOM_SCORE_ADJ, "process.oomScoreAdj", "set oom_score_adj");
		op->number.value = process->oom_score_adj.value;
	}
	if (terminal) {
		given = cpod_plan_give (plan, CPOD_GIVEN_FD, CPOD_SLOT_NONE, NULL, "the terminal's socket");
		given->fd = join->terminal_fd;
		op = cpod_plan_add (plan, CPOD_OP_TERMINAL, "process.terminal", "make a terminal in the container's /dev/pts");
		op->terminal = (struct cpod_op_terminal) { given->slot, join->rows, join->columns, 0, process->uid };
	}
	compile_close (plan, arena, join->preserve_fds, join->n_preserve_fds, NULL, 0);
	cpod_plan_add (plan, CPOD_OP_KEYRING, NULL, "join a session keyring of its own");
	if (!terminal)
		cpod_plan_add (plan, CPOD_OP_SETSID, NULL, "lead a session of its own");
	cpod_compile_process (plan, process, process->argv, process->envp, process->cwd,
	                      terminal ? CPOD_BIRTH_TERMINAL : CPOD_BIRTH_PLAIN, NULL);
	return cpod_plan_check (plan, err);
}
