/* An operation in the loop (op.h).
 *
 * The result frees the operation and its descriptor, so the source leaves the loop first; should the
 * result turn out not to be there yet, it goes back.
 */
#include "op.h"

#include "answer.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

static void
on_ready (struct cpod_source *source, uint32_t epoll_events)
{
	struct cpod_op *op = source->data;
	struct cpod_loop *loop = source->loop;
	struct cpod_rt_exit status = { 0 };
	struct cpod_error error;
	int fd = source->fd, ret;

	(void) epoll_events;
	memset (&error, 0, sizeof (error));
	cpod_loop_remove (source);
	ret = op->async->op_result (op->op, &status, &error);
	if (ret == -EAGAIN) {
		ret = cpod_loop_add (loop, source, fd, EPOLLIN, &error);
		if (ret == 0)
			return;
		op->async->op_cancel (op->op);
	}
	op->op = NULL;
	ret = cpod_answer (ret, op->call, &error);
	if (ret == 0)
		ret = cpod_answer_exit (&status, op->call, &error);
	op->done (op, ret, &status, &error);
}

int
cpod_op_watch (struct cpod_op *op, struct cpod_loop *loop, const struct cpod_runtime_async *async,
               struct cpod_rt_op *rt_op, int fd, struct cpod_error *err)
{
	int ret;

	if (!rt_op)
		return cpod_error_set (err, EPROTO, "the runtime's %s made no operation", op->call);
	op->async = async;
	op->source = (struct cpod_source) { .fd = -1, .ready = on_ready, .data = op };
	ret = cpod_loop_add (loop, &op->source, fd, EPOLLIN, err);
	if (ret < 0)
		async->op_cancel (rt_op);
	else
		op->op = rt_op;
	return ret;
}

void
cpod_op_cancel (struct cpod_op *op)
{
	if (!op->op)
		return;
	cpod_loop_remove (&op->source);
	op->async->op_cancel (op->op);
	op->op = NULL;
}
