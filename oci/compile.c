/* The order of a start. See compile.h.
 *
 * Every stage says what must be true before it:
 *
 *   stdio         the old root is there, for its null device
 *   namespaces    joined ones first, so that all that follows happens in them
 *   root          attached, nothing in it yet
 *   kernel        sysctls and the OOM score, through a private procfs
 *   mounts        in the spec's order, beneath the root
 *   devices       nodes and links in /dev
 *   masks         over what the mounts brought
 *   read-only     tmpfs and root, once nothing is left to be made in them
 *   pivot         the old root goes
 *   close         all descriptors of the host go
 *   process       session, limits, directory, identity, filter, exec
 */
#include "compile.h"

#include "src/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

const char *
cpod_compile_field (struct cpod_arena *arena, const char *format, ...)
{
	char text[160];
	const char *copy;
	va_list args;

	va_start (args, format);
	(void) vsnprintf (text, sizeof (text), format, args);
	va_end (args);
	copy = cpod_arena_strdup (arena, text);
	return copy != NULL ? copy : "spec";
}

void
cpod_compile_stdio (struct cpod_plan *plan, const int32_t stdio_fd[3])
{
	for (uint16_t i = 0; i < 3; i++)
		if (stdio_fd[i] >= 0)
			cpod_plan_give (plan, CPOD_GIVEN_FD, (uint16_t) (CPOD_SLOT_STDIN + i), NULL, "stdio")->fd = stdio_fd[i];
	cpod_plan_add (plan, CPOD_OP_STDIO, NULL, "set descriptors 0, 1 and 2");
}

/* In a user namespace of its own the walker makes its unnamed pipes the user's; otherwise the supervisor does. */
static void
compile_give_pipes (struct cpod_plan *plan, const struct cpod_process *process)
{
	struct cpod_op *op;

	if (!process->gives_pipes || (process->uid == 0 && process->gid == 0))
		return;
	op = cpod_plan_add (plan, CPOD_OP_GIVE_PIPES, "process.user", "give its pipes to uid %u, gid %u", process->uid, process->gid);
	op->ids.uid = process->uid;
	op->ids.gid = process->gid;
}

/* The pod's own PID namespace for containers: as one that is given by path, but below pod init's. */
static void
compile_shared_pid (struct cpod_compiler *compiler)
{
	struct cpod_given *given = cpod_plan_give (compiler->plan, CPOD_GIVEN_SHARED_PID, CPOD_SLOT_NONE, "the pod's PID namespace",
	                                           "shareProcessNamespace");
	struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_SETNS, NULL, "choose the PID namespace that the pod's containers share");

	op->setns.slot = given->slot;
	op->setns.type = CLONE_NEWPID;
	compiler->pidns_slot = given->slot;
}

/* Enters what is joined by path; the mount namespace last, for its paths are others. A PID namespace, in a pod: the
 * walker stays where it is, and what it gives birth to is in it. */
static void
compile_namespaces (struct cpod_compiler *compiler)
{
	static const enum cpod_oci_namespace_type order[] = {
		CPOD_OCI_NS_NETWORK, CPOD_OCI_NS_IPC, CPOD_OCI_NS_UTS, CPOD_OCI_NS_CGROUP, CPOD_OCI_NS_PID, CPOD_OCI_NS_MOUNT
	};

	for (size_t i = 0; i < sizeof (order) / sizeof (order[0]); i++) {
		const char *path = compiler->namespaces.path[order[i]];
		const char *field;
		struct cpod_given *given;
		struct cpod_op *op;

		if (path == NULL || (order[i] == CPOD_OCI_NS_PID && !compiler->input->pod && !compiler->input->born))
			continue;
		field = cpod_compile_field (compiler->arena, "linux.namespaces[%zu].path", compiler->namespaces.index[order[i]]);
		given = cpod_plan_give (compiler->plan, CPOD_GIVEN_NAMESPACE, CPOD_SLOT_NONE, path, field);
		given->type = (uint32_t) cpod_namespace_flags[order[i]];
		op = cpod_plan_add (compiler->plan, CPOD_OP_SETNS, field, "join the %s namespace at %s",
		                    cpod_oci_namespace_words[order[i]], path);
		op->setns.slot = given->slot;
		op->setns.type = given->type;
		if (order[i] == CPOD_OCI_NS_PID)
			compiler->pidns_slot = given->slot;
	}
	if (compiler->namespaces.shared_pid)
		compile_shared_pid (compiler);
	if ((compiler->namespaces.own & CLONE_NEWNET) != 0 && compiler->input->pod)
		cpod_compile_loopback (compiler->plan);
}

/* The host and domain names, in whichever UTS namespace the container is. */
static int
compile_names (struct cpod_compiler *compiler, struct cpod_error *err)
{
	const struct cpod_oci_spec *spec = compiler->input->spec;
	bool hosts = cpod_namespace_is_hosts (compiler->input, &compiler->namespaces, CPOD_OCI_NS_UTS);
	const char *names[2] = { spec->hostname, spec->domainname };
	static const char *const fields[2] = { "hostname", "domainname" };

	for (int i = 0; i < 2; i++) {
		struct cpod_op *op;

		if (names[i] == NULL || names[i][0] == '\0')
			continue;
		if (hosts)
			return cpod_error_set (err, EINVAL, "%s: needs a UTS namespace that is not the host's", fields[i]);
		op = cpod_plan_add (compiler->plan, i == 0 ? CPOD_OP_HOSTNAME : CPOD_OP_DOMAINNAME, fields[i],
		                    "set the %s to %s", fields[i], names[i]);
		op->text.text = cpod_plan_text (compiler->plan, names[i]);
		op->text.len = (uint32_t) strlen (names[i]);
	}
	return 0;
}

/* The working directory exists; what is to be read-only becomes so. */
static void
compile_last_touches (struct cpod_compiler *compiler, const char *cwd)
{
	const struct cpod_oci_spec *spec = compiler->input->spec;
	struct cpod_op *op;

	if (strcmp (cwd, "/") != 0) {
		op = cpod_plan_add (compiler->plan, CPOD_OP_MKDIR, "process.cwd", "make %s where it is missing", cwd);
		op->mkdir.path = cpod_plan_text (compiler->plan, cwd);
		op->mkdir.mode = 0755;
	}
	for (size_t i = 0; i < compiler->n_late_readonly; i++) {
		op = cpod_plan_add (compiler->plan, CPOD_OP_ATTR, compiler->late_readonly[i].field, "make %s read-only",
		                    compiler->late_readonly[i].path);
		op->attr.slot = compiler->late_readonly[i].slot;
		op->attr.set = MOUNT_ATTR_RDONLY;
	}
	if (spec->root != NULL && spec->root->readonly.value) {
		op = cpod_plan_add (compiler->plan, CPOD_OP_ATTR, "root.readonly", "make the root read-only");
		op->attr.slot = CPOD_SLOT_ROOT;
		op->attr.set = MOUNT_ATTR_RDONLY;
	}
}

static void
compile_pivot (struct cpod_compiler *compiler)
{
	static const uint64_t flags[] = {
		[CPOD_OCI_PROPAGATION_PRIVATE] = MS_PRIVATE,       [CPOD_OCI_PROPAGATION_RPRIVATE] = MS_PRIVATE | MS_REC,
		[CPOD_OCI_PROPAGATION_SLAVE] = MS_SLAVE,           [CPOD_OCI_PROPAGATION_RSLAVE] = MS_SLAVE | MS_REC,
		[CPOD_OCI_PROPAGATION_SHARED] = MS_SHARED,         [CPOD_OCI_PROPAGATION_RSHARED] = MS_SHARED | MS_REC,
		[CPOD_OCI_PROPAGATION_UNBINDABLE] = MS_UNBINDABLE, [CPOD_OCI_PROPAGATION_RUNBINDABLE] = MS_UNBINDABLE | MS_REC,
	};
	const struct cpod_int *propagation = &compiler->linux_part->rootfs_propagation;

	cpod_plan_add (compiler->plan, CPOD_OP_PIVOT, NULL, "pivot_root, and unmount the old root");
	if (propagation->set) {
		struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_PROPAGATION, "linux.rootfsPropagation",
		                                    "make the root %s", cpod_oci_propagation_words[propagation->value]);

		op->number.value = (int64_t) flags[propagation->value];
	}
	cpod_compile_close (compiler);
}

/* The cgroup is entered by the process itself, so the namespace that begins there cannot be the clone's. */
static void
compile_join_cgroup (struct cpod_compiler *compiler)
{
	struct cpod_given *given = cpod_plan_give (compiler->plan, CPOD_GIVEN_PATH, CPOD_SLOT_NONE, compiler->input->join_cgroup,
	                                           "linux.cgroupsPath");
	struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_JOIN_CGROUP, "linux.cgroupsPath", "enter the cgroup %s",
	                                    compiler->input->join_cgroup);

	op->join.slot = given->slot;
	op->join.new_namespace = (compiler->plan->header.clone_flags & CLONE_NEWCGROUP) != 0;
	compiler->plan->header.clone_flags &= ~(uint64_t) CLONE_NEWCGROUP;
}

/* The container's own root and everything in it, up to the pivot. */
static int
compile_file_systems (struct cpod_compiler *compiler, const struct cpod_process *process, struct cpod_error *err)
{
	int ret;

	if ((ret = cpod_compile_root (compiler, err)) < 0 || (ret = cpod_compile_kernel (compiler, process, err)) < 0
	    || (ret = cpod_compile_mounts (compiler, err)) < 0 || (ret = cpod_compile_devices (compiler, err)) < 0)
		return ret;
	cpod_compile_terminal (compiler, process);
	cpod_compile_create_hooks (compiler);
	cpod_compile_masks (compiler);
	compile_last_touches (compiler, process->cwd);
	compile_pivot (compiler);
	return 0;
}

/* In a mount namespace that is joined nothing is made: its root is the container's. */
static int
compile_as_it_is (struct cpod_compiler *compiler, const struct cpod_process *process, struct cpod_error *err)
{
	int ret = cpod_compile_kernel (compiler, process, err);

	if (ret < 0)
		return ret;
	cpod_compile_terminal (compiler, process);
	cpod_compile_create_hooks (compiler);
	cpod_compile_close (compiler);
	return 0;
}

int
cpod_compile_start (const struct cpod_compile_input *input, struct cpod_arena *arena, const struct cpod_process *process,
                    struct cpod_plan *plan, struct cpod_error *err)
{
	static const struct cpod_oci_linux no_linux;
	struct cpod_compiler compiler = { .input = input, .arena = arena, .plan = plan };
	int ret;

	compiler.kernel[0].path = "/proc";
	compiler.kernel[1].path = "/sys";
	compiler.linux_part = input->spec->linux_part != NULL ? input->spec->linux_part : &no_linux;
	if ((ret = cpod_namespaces_resolve (input, &compiler.namespaces, err)) < 0 || (ret = cpod_compile_life (&compiler, err)) < 0)
		return ret;
	plan->header.clone_flags = compiler.namespaces.own;
	if (input->join_cgroup != NULL)
		compile_join_cgroup (&compiler);
	plan->header.null_path = cpod_plan_text (plan, input->pod ? CPOD_OLD_NULL : "/dev/null");
	if (!input->pod && input->ids != NULL)
		cpod_compile_become_root (input->ids, false, plan);
	if (!input->own_stdio)
		cpod_compile_stdio (plan, input->stdio_fd);
	compile_give_pipes (plan, process);
	compile_namespaces (&compiler);
	if ((ret = compile_names (&compiler, err)) < 0)
		return ret;
	if (compiler.namespaces.path[CPOD_OCI_NS_MOUNT] == NULL)
		ret = compile_file_systems (&compiler, process, err);
	else
		ret = compile_as_it_is (&compiler, process, err);
	if (ret < 0)
		return ret;
	if (!input->keep_keyring)
		cpod_plan_add (plan, CPOD_OP_KEYRING, NULL, "join a session keyring of its own");
	if (compiler.pidns_slot == 0)
		cpod_plan_add (plan, CPOD_OP_SETSID, NULL, "lead a session of its own");
	if (compiler.pidns_slot == 0 && compiler.life.terminal)
		cpod_plan_add (plan, CPOD_OP_CONTROLLING, "process.terminal", "take the terminal as the session's");
	compiler.life.late_terminal = compiler.pidns_slot != 0 && compiler.life.terminal;
	cpod_compile_process (plan, process, process->argv, process->envp, process->cwd,
	                      compiler.pidns_slot == 0 ? CPOD_BIRTH_NONE : CPOD_BIRTH_CONTAINER, &compiler.life);
	return cpod_plan_check (plan, err);
}

/* What every container has of its own: pod init knows the way back from there (oci/init/home.c). */
#define PLAIN_JOIN ((uint64_t) (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP))

/* A terminal of the container's own. */
static void
compile_terminal (struct cpod_plan *plan, const struct cpod_process *process, uint16_t rows, uint16_t columns)
{
	struct cpod_given *given = cpod_plan_give (plan, CPOD_GIVEN_FD, CPOD_SLOT_NONE, NULL, "the terminal's socket");
	struct cpod_op *op = cpod_plan_add (plan, CPOD_OP_TERMINAL, NULL, "make a terminal in the container's /dev/pts");

	op->terminal.socket = given->slot;
	op->terminal.rows = rows;
	op->terminal.columns = columns;
	op->terminal.uid = process->uid;
}

int
cpod_compile_exec (const struct cpod_process *process, const char *const *argv, const char *const *envp, const char *cwd,
                   const int32_t stdio_fd[3], uint64_t join, const char *null_path, enum cpod_terminal terminal,
                   uint16_t rows, uint16_t columns, struct cpod_plan *plan, struct cpod_error *err)
{
	const bool early = terminal == CPOD_TERMINAL_NONE && (join & ~PLAIN_JOIN) == 0
	                   && cpod_process_may_come_early (process);
	struct cpod_op *op;

	plan->header.null_path = cpod_plan_text (plan, null_path);
	plan->header.joins = early;
	if (terminal != CPOD_TERMINAL_NEW && !early)
		cpod_compile_stdio (plan, stdio_fd);
	if (!early)
		compile_give_pipes (plan, process);
	cpod_plan_give (plan, CPOD_GIVEN_FD, CPOD_SLOT_NONE, NULL, "the container");
	op = cpod_plan_add (plan, CPOD_OP_SETNS, NULL, "join the container's namespaces");
	op->setns.slot = CPOD_SLOT_FIRST;
	op->setns.type = (uint32_t) join;
	if (early) {
		cpod_plan_add (plan, CPOD_OP_BIRTH, NULL, "give birth to the command");
		cpod_compile_stdio (plan, stdio_fd);
		compile_give_pipes (plan, process);
	}
	if (process->oom_score_adj.set) {
		cpod_plan_add (plan, CPOD_OP_PROC, NULL, "open a procfs");
		op = cpod_plan_add (plan, CPOD_OP_OOM_SCORE_ADJ, "process.oomScoreAdj", "set oom_score_adj");
		op->number.value = process->oom_score_adj.value;
	}
	if (terminal == CPOD_TERMINAL_NEW)
		compile_terminal (plan, process, rows, columns);
	cpod_plan_add (plan, CPOD_OP_CLOSE, NULL, "close every descriptor above 2");
	cpod_plan_add (plan, CPOD_OP_KEYRING, NULL, "join a session keyring of its own");
	if (terminal == CPOD_TERMINAL_NONE)
		cpod_plan_add (plan, CPOD_OP_SETSID, NULL, "lead a session of its own");
	cpod_compile_process (plan, process, argv, envp ? envp : process->envp, cwd ? cwd : process->cwd,
	                      early ? CPOD_BIRTH_DONE : terminal == CPOD_TERMINAL_NONE ? CPOD_BIRTH_PLAIN : CPOD_BIRTH_TERMINAL,
	                      NULL);
	return cpod_plan_check (plan, err);
}
