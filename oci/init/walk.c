/* The walker: a plan's operations, one after the other, in the process that will be the container.
 *
 * It decides nothing and words nothing. Every operation is one function behind one table; the first
 * failure stops the walk, and the index of the operation, the step within it and the errno go to
 * the parent as one fixed record. Nothing here allocates, and nothing of a C library is linked: the
 * code runs between clone and exec, and as pod init.
 *
 * The plan was made by the supervisor, but the walker still never reads outside the block: every
 * reference goes through walk_text or walk_list.
 */
#include "walk.h"
#include "sys.h"

#include <linux/errno.h>

long
walk_open (struct cpod_walk *walk, const void *block, size_t len)
{
	const struct cpod_plan_header *plan = block;

	walk->block = block;
	walk->len = len;
	walk->plan = plan;
	walk->status_fd = walk->wait_fd = walk->null = walk->empty_file = walk->empty_directory = -1;
	walk->op = UINT32_MAX;
	walk->step = CPOD_STEP_PLAN;
	walk->birth = NULL;
	walk->announce = 0;
	for (unsigned int i = 0; i < CPOD_PLAN_SLOTS; i++)
		walk->slots[i] = -1;
	if (len <= sizeof (*plan) || plan->magic != CPOD_PLAN_MAGIC || plan->version != CPOD_PLAN_VERSION
	    || plan->size != len || len > CPOD_PLAN_MAX_SIZE || walk->block[len - 1] != '\0')
		return -EINVAL;
	if (plan->n_ops > CPOD_PLAN_MAX_OPS || plan->ops % 8 != 0 || plan->ops > len
	    || plan->n_ops > (len - plan->ops) / sizeof (struct cpod_op) || plan->n_given > CPOD_PLAN_SLOTS)
		return -EINVAL;
	return 0;
}

void
walk_record (const struct cpod_walk *walk, long error, struct cpod_record *ret_record)
{
	ret_record->magic = CPOD_INIT_MAGIC;
	ret_record->op = walk->op;
	ret_record->step = walk->step;
	ret_record->error = (int32_t) -error;
}

const char *
walk_text (const struct cpod_walk *walk, cpod_ref ref)
{
	uint32_t size = walk->plan->size;

	return (const char *) walk->block + (ref < size ? ref : size - 1);
}

const uint32_t *
walk_list (const struct cpod_walk *walk, struct cpod_ref_list list)
{
	uint32_t size = walk->plan->size;

	if (list.at % 4 != 0 || list.at > size || list.n > (size - list.at) / 4)
		return NULL;
	return (const uint32_t *) (walk->block + list.at);
}

int
walk_slot (const struct cpod_walk *walk, uint32_t slot)
{
	return slot < CPOD_PLAN_SLOTS ? walk->slots[slot] : -1;
}

void
walk_fill (struct cpod_walk *walk, uint32_t slot, int fd)
{
	if (slot < CPOD_PLAN_SLOTS)
		walk->slots[slot] = fd;
}

void
walk_done (int fd)
{
	if (fd >= 48)
		sys_close (fd);
}

static long (*const operations[CPOD_OP_KINDS]) (struct cpod_walk *, const struct cpod_op *) = {
	[CPOD_OP_OWN_ROOT]      = walk_own_root,
	[CPOD_OP_PROPAGATION]   = walk_propagation,
	[CPOD_OP_FSMOUNT]       = walk_fsmount,
	[CPOD_OP_OPEN_TREE]     = walk_open_tree,
	[CPOD_OP_ATTR]          = walk_attr,
	[CPOD_OP_ATTACH]        = walk_attach,
	[CPOD_OP_PLACE]         = walk_place,
	[CPOD_OP_ROOT]          = walk_root,
	[CPOD_OP_PROC]          = walk_proc,
	[CPOD_OP_MASK]          = walk_mask,
	[CPOD_OP_READONLY]      = walk_readonly,
	[CPOD_OP_PIVOT]         = walk_pivot,
	[CPOD_OP_OPEN_DIR]      = walk_open_dir,
	[CPOD_OP_MKDIR]         = walk_mkdir,
	[CPOD_OP_MKDIR_OLD]     = walk_mkdir_old,
	[CPOD_OP_MKNOD]         = walk_mknod,
	[CPOD_OP_SYMLINK]       = walk_symlink,
	[CPOD_OP_BECOME_ROOT]   = walk_become_root,
	[CPOD_OP_KEEP_HOST]     = walk_keep_host,
	[CPOD_OP_ENTER_HOST]    = walk_enter_host,
	[CPOD_OP_LEAVE_HOST]    = walk_leave_host,
	[CPOD_OP_GIVE_PIPES]    = walk_give_pipes,
	[CPOD_OP_SETNS]         = walk_setns,
	[CPOD_OP_HOSTNAME]      = walk_hostname,
	[CPOD_OP_DOMAINNAME]    = walk_domainname,
	[CPOD_OP_LOOPBACK]      = walk_loopback,
	[CPOD_OP_SYSCTL]        = walk_sysctl,
	[CPOD_OP_OOM_SCORE_ADJ] = walk_oom_score_adj,
	[CPOD_OP_JOIN_CGROUP]   = walk_join_cgroup,
	[CPOD_OP_STDIO]         = walk_stdio,
	[CPOD_OP_TERMINAL]      = walk_terminal,
	[CPOD_OP_CLOSE]         = walk_close,
	[CPOD_OP_SETSID]        = walk_setsid,
	[CPOD_OP_CONTROLLING]   = walk_controlling,
	[CPOD_OP_KEYRING]       = walk_keyring,
	[CPOD_OP_RLIMIT]        = walk_rlimit,
	[CPOD_OP_UMASK]         = walk_umask,
	[CPOD_OP_CHDIR]         = walk_chdir,
	[CPOD_OP_BOUNDING]      = walk_bounding,
	[CPOD_OP_IDS]           = walk_ids,
	[CPOD_OP_CAPS]          = walk_caps,
	[CPOD_OP_NO_NEW_PRIVS]  = walk_no_new_privs,
	[CPOD_OP_SECCOMP]       = walk_seccomp,
	[CPOD_OP_REAPER]        = walk_reaper,
	[CPOD_OP_BIRTH]         = walk_birth,
	[CPOD_OP_EXEC]          = walk_exec,
	[CPOD_OP_SYNC]          = walk_sync,
	[CPOD_OP_WAIT]          = walk_wait,
	[CPOD_OP_HOOK]          = walk_hook,
	[CPOD_OP_FIND]          = walk_find,
	[CPOD_OP_COPY_UP]       = walk_copy_up,
};

long
walk_run (struct cpod_walk *walk)
{
	const struct cpod_op *ops = (const struct cpod_op *) (const void *) (walk->block + walk->plan->ops);

	sys_umask (0);
	for (walk->op = 0; walk->op < walk->plan->n_ops; walk->op++) {
		const struct cpod_op *op = &ops[walk->op];
		long ret;

		if (op->kind == CPOD_OP_END)
			return 0;
		walk->step = CPOD_STEP_PLAN;
		ret = op->kind < CPOD_OP_KINDS ? operations[op->kind] (walk, op) : -EINVAL;
		if (ret < 0 || (ret > 0 && op->kind == CPOD_OP_BIRTH))
			return ret;
	}
	return 0;
}
