/* What `cpod run -d` waits for: looks at the pod's events, and reports once that what is awaited holds, or never
 * will. */
#ifndef CPOD_CLI_STARTING_H
#define CPOD_CLI_STARTING_H

#include "detach.h"

#include "src/base/loop.h"

#include <cpod/cpod.h>

struct cpod_starting {
	enum cpod_wait wait;
	int report_fd;                  /* owned; -1: it was reported, or nobody waits */
	bool *started;                  /* owned; by the container's place: its program was executed. NULL: none was */
	char last_error[256];           /* the beginning of an init container's last error */
	unsigned int n_same;            /* how often it came up */
	struct cpod_source source;      /* hangs up when the command that waits goes away */
	void (*deserted) (void *data);  /* then */
	void *data;
};

/* Takes report_fd (-1: nobody waits), and listens to it. wait, deserted and data are set before. */
int cpod_starting_begin (struct cpod_starting *starting, struct cpod_loop *loop, int report_fd, struct cpod_error *err);
/* The pod's start has begun. */
void cpod_starting_begun (struct cpod_starting *starting);
/* Something happened. */
void cpod_starting_event (struct cpod_starting *starting, struct cpod_pod *pod, const struct cpod_event *event);
/* Nothing more will happen: reports status, unless something was reported. Releases everything. */
void cpod_starting_finish (struct cpod_starting *starting, int status);

#endif
