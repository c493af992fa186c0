/* An operation of a runtime in the loop: from its start to its one result. */
#ifndef CPOD_PROBES_OP_H
#define CPOD_PROBES_OP_H

#include "src/base/loop.h"

#include <cpod/runtime.h>

/* Embedded in its owner; done, call and data are set by the owner. */
struct cpod_op {
	const struct cpod_runtime_async *async;   /* borrowed */
	struct cpod_rt_op *op;                    /* owned; NULL: none is in progress */
	struct cpod_source source;
	/* Called once. ret: 0, with exit set for an exec, or -errno with error set. It may begin the next. */
	void (*done) (struct cpod_op *op, int ret, const struct cpod_rt_exit *exit, const struct cpod_error *error);
	const char *call;                         /* what the operation is, for messages: "start", "exec" */
	void *data;
};

/* Takes over rt_op, just made by async, and watches fd. On failure rt_op has been cancelled. -EPROTO: it is NULL. */
int cpod_op_watch (struct cpod_op *op, struct cpod_loop *loop, const struct cpod_runtime_async *async,
                   struct cpod_rt_op *rt_op, int fd, struct cpod_error *err);
/* done will not be called. Nothing when there is no operation. */
void cpod_op_cancel (struct cpod_op *op);

#endif
