/* One epoll loop: descriptors, deadlines, signals. It nests in anyone's event loop.
 *
 * The loop never polls: a timer is one timerfd armed for the nearest deadline, and an idle loop
 * uses no CPU. Sources and timers are embedded in their owners; the loop allocates only its heap
 * of timers. All times are CLOCK_MONOTONIC nanoseconds: a jump of the wall clock moves nothing.
 *
 * A callback may remove or free any source, also its own: events of this turn for a removed source
 * are dropped. Remove a source before closing its descriptor: a fork in flight may keep the open
 * file alive, and epoll would report it for ever.
 */
#ifndef CPOD_BASE_LOOP_H
#define CPOD_BASE_LOOP_H

#include <cpod/runtime.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpod_loop;
struct cpod_source;
struct cpod_timer;

typedef void cpod_source_fn (struct cpod_source *source, uint32_t epoll_events);
typedef void cpod_timer_fn (struct cpod_timer *timer, uint64_t now_ns);

struct cpod_source {
	int fd;                  /* borrowed; -1 when not in a loop */
	cpod_source_fn *ready;
	void *data;              /* the owner's */
	struct cpod_loop *loop;  /* NULL when not in a loop */
};

struct cpod_timer {
	uint64_t deadline_ns;    /* CLOCK_MONOTONIC */
	cpod_timer_fn *expired;
	void *data;
	struct cpod_loop *loop;  /* NULL when not armed */
	size_t heap_index;
};

struct cpod_loop {
	int epoll_fd, timer_fd;             /* owned */
	struct cpod_timer **heap;           /* owned; nearest deadline first */
	size_t n_timers, heap_capacity;
	uint64_t armed_ns;                  /* what timer_fd is set to, 0 when it is not */
	struct cpod_source timer_source;
	void *turn;                         /* the events being delivered, or NULL */
};

uint64_t cpod_clock_ns (void);

int cpod_loop_init (struct cpod_loop *loop, struct cpod_error *err);
void cpod_loop_finish (struct cpod_loop *loop);
/* Pollable (POLLIN) when there is something to dispatch. Owned by the loop. */
int cpod_loop_fd (const struct cpod_loop *loop);
/* Waits up to timeout_ms (-1: for ever, 0: not at all), then delivers what is due. Returns the
 * number of callbacks, or -errno; never -EINTR. */
int cpod_loop_turn (struct cpod_loop *loop, int timeout_ms);

/* source->ready and data are set by the caller. epoll_events: EPOLLIN, EPOLLOUT, ... level-triggered. */
int cpod_loop_add (struct cpod_loop *loop, struct cpod_source *source, int fd, uint32_t epoll_events,
                   struct cpod_error *err);
int cpod_loop_change (struct cpod_source *source, uint32_t epoll_events);
void cpod_loop_remove (struct cpod_source *source);   /* nothing when it is in no loop */

/* Arms or moves; timer->expired and data are set by the caller. -ENOMEM. */
int cpod_loop_arm (struct cpod_loop *loop, struct cpod_timer *timer, uint64_t deadline_ns);
void cpod_loop_disarm (struct cpod_timer *timer);     /* nothing when it is not armed */

#endif
