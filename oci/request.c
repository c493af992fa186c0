/* What is asked of pod init: one packet with a message, the plan, and the descriptors that go with it.
 *
 * A small plan lies in the packet itself, which spares an exec a memfd and pod init a mapping; a larger one
 * goes as a sealed memfd.
 */
#include "production.h"

#include "src/base/error.h"
#include "src/base/fd.h"

int
cpod_request_send (struct cpod_rt_container *c, const struct cpod_request_head *head, struct cpod_plan *plan, int report_fd,
                   int cgroup_fd, struct cpod_error *err)
{
	struct cpod_message message = {
		.magic = CPOD_INIT_MAGIC, .kind = head->kind, .id = c->number, .exec = head->exec,
		.flags = head->flags | (cgroup_fd >= 0 ? CPOD_LAUNCH_CGROUP : 0)
	};
	struct iovec parts[2] = { { &message, sizeof (message) } };
	cpod_autostr block = CPOD_STR_INIT;
	cpod_autofd sealed = -1;
	int fds[3 + CPOD_PLAN_SLOTS];
	size_t n = 0, n_given;
	int ret = cpod_plan_block (plan, &block, err);

	if (ret == 0 && block.len > CPOD_INLINE_PLAN_MAX)
		ret = cpod_plan_seal (plan, &sealed, err);
	if (ret < 0)
		return ret;
	if (sealed >= 0)
		fds[n++] = sealed;
	else {
		message.flags |= CPOD_LAUNCH_INLINE;
		parts[1] = (struct iovec) { block.data, block.len };
	}
	fds[n++] = report_fd;
	if (cgroup_fd >= 0)
		fds[n++] = cgroup_fd;
	plan->users_fd = c->pod->users_fd;
	ret = cpod_plan_open (plan, fds + n, &n_given, err);
	if (ret < 0)
		return ret;
	pthread_mutex_lock (&c->pod->lock);
	ret = cpod_rtinit_send (c->pod, c->init, parts, sealed >= 0 ? 1 : 2, fds, n + n_given, err);
	pthread_mutex_unlock (&c->pod->lock);
	cpod_plan_close (plan, fds + n, n_given);
	return ret;
}

void
cpod_request_kill (struct cpod_rt_container *c, uint32_t exec)
{
	struct cpod_message message = { .magic = CPOD_INIT_MAGIC, .kind = CPOD_MESSAGE_KILL, .id = c->number, .exec = exec };
	struct iovec part = { &message, sizeof (message) };

	pthread_mutex_lock (&c->pod->lock);
	(void) cpod_rtinit_send (c->pod, c->init, &part, 1, NULL, 0, NULL);   /* who is gone has nothing running */
	pthread_mutex_unlock (&c->pod->lock);
}
