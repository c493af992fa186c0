/* One epoll loop: see loop.h.
 *
 * A turn fetches a batch of events and delivers them one after the other. The batch is known to the
 * loop while it is delivered, so that removing a source also strikes out what is still to come for
 * it; a callback may run a turn of its own, therefore batches form a chain.
 *
 * Timers stand in a binary heap, each knowing its index. The timerfd is an ordinary source; it is
 * set whenever the nearest deadline changes, at once, because somebody else's loop may be the one
 * that waits. Armed to an absolute time, it never fires early and never for nothing.
 */
#include "loop.h"

#include "error.h"
#include "fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define NS_PER_S  1000000000u
#define NS_PER_MS 1000000u

/* The events of a turn: those before next were delivered. A struck-out event has no source. */
struct turn {
	struct epoll_event events[BATCH];
	int n, next, n_callbacks;
	struct turn *outer;       /* the turn whose callback runs this one, or NULL */
};

uint64_t
cpod_clock_ns (void)
{
	struct timespec now;

	clock_gettime (CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * NS_PER_S + (uint64_t) now.tv_nsec;
}

/* Puts timer at index of the heap. */
static void
place (struct cpod_loop *loop, struct cpod_timer *timer, size_t index)
{
	loop->heap[index] = timer;
	timer->heap_index = index;
}

/* Moves timer up from the free place index while it is nearer than its parent. */
static void
sift_up (struct cpod_loop *loop, struct cpod_timer *timer, size_t index)
{
	while (index > 0) {
		struct cpod_timer *parent = loop->heap[(index - 1) / 2];

		if (parent->deadline_ns <= timer->deadline_ns)
			break;
		place (loop, parent, index);
		index = (index - 1) / 2;
	}
	place (loop, timer, index);
}

/* Moves timer down from the free place index while a child is nearer. */
static void
sift_down (struct cpod_loop *loop, struct cpod_timer *timer, size_t index)
{
	size_t child;

	while ((child = 2 * index + 1) < loop->n_timers) {
		if (child + 1 < loop->n_timers
		    && loop->heap[child + 1]->deadline_ns < loop->heap[child]->deadline_ns)
			child++;
		if (timer->deadline_ns <= loop->heap[child]->deadline_ns)
			break;
		place (loop, loop->heap[child], index);
		index = child;
	}
	place (loop, timer, index);
}

/* Takes timer out of the heap. The timerfd is left as it is. */
static void
take_out (struct cpod_timer *timer)
{
	struct cpod_loop *loop = timer->loop;
	struct cpod_timer *moved = loop->heap[--loop->n_timers];
	size_t index = timer->heap_index;

	timer->loop = NULL;
	if (moved == timer)
		return;
	if (index > 0 && moved->deadline_ns < loop->heap[(index - 1) / 2]->deadline_ns)
		sift_up (loop, moved, index);
	else
		sift_down (loop, moved, index);
}

/* Sets the timerfd to the nearest deadline, or off, unless it is. */
static void
set_timer_fd (struct cpod_loop *loop)
{
	uint64_t nearest = loop->n_timers > 0 ? loop->heap[0]->deadline_ns : 0;
	struct itimerspec spec = { 0 };

	if (loop->n_timers > 0 && nearest == 0)
		nearest = 1;   /* 0 would switch it off */
	if (nearest == loop->armed_ns)
		return;
	spec.it_value.tv_sec = (time_t) (nearest / NS_PER_S);
	spec.it_value.tv_nsec = (long) (nearest % NS_PER_S);
	/* Cannot fail: the descriptor is ours and the time is in range. */
	(void) timerfd_settime (loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
	loop->armed_ns = nearest;
}

/* Runs the timers that are due. One that is armed again in the past waits for the next turn. */
static void
on_timer_fd (struct cpod_source *source, uint32_t epoll_events)
{
	struct cpod_loop *loop = source->loop;
	struct turn *turn = loop->turn;
	uint64_t expirations, now = cpod_clock_ns ();
	size_t most = loop->n_timers;

	(void) epoll_events;
	(void) !read (loop->timer_fd, &expirations, sizeof (expirations));   /* EAGAIN: moved meanwhile */
	loop->armed_ns = 0;
	while (most-- > 0 && loop->n_timers > 0 && loop->heap[0]->deadline_ns <= now) {
		struct cpod_timer *timer = loop->heap[0];

		take_out (timer);
		turn->n_callbacks++;
		timer->expired (timer, now);
	}
	set_timer_fd (loop);
}

int
cpod_loop_init (struct cpod_loop *loop, struct cpod_error *err)
{
	int ret;

	memset (loop, 0, sizeof (*loop));
	loop->timer_fd = -1;
	loop->timer_source.fd = -1;
	loop->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return cpod_error_sys (err, errno, "create an epoll descriptor");
	loop->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->timer_fd < 0) {
		ret = cpod_error_sys (err, errno, "create a timer descriptor");
		cpod_loop_finish (loop);
		return ret;
	}
	loop->timer_source.ready = on_timer_fd;
	ret = cpod_loop_add (loop, &loop->timer_source, loop->timer_fd, EPOLLIN, err);
	if (ret < 0)
		cpod_loop_finish (loop);
	return ret;
}

void
cpod_loop_finish (struct cpod_loop *loop)
{
	size_t i;

	for (i = 0; i < loop->n_timers; i++)
		loop->heap[i]->loop = NULL;
	free (loop->heap);
	cpod_loop_remove (&loop->timer_source);
	cpod_fd_close (&loop->timer_fd);
	cpod_fd_close (&loop->epoll_fd);
	memset (loop, 0, sizeof (*loop));
	loop->epoll_fd = loop->timer_fd = loop->timer_source.fd = -1;
}

int
cpod_loop_fd (const struct cpod_loop *loop)
{
	return loop->epoll_fd;
}

/* epoll_wait that goes on after a signal, for what is left of timeout_ms. */
static int
wait_for_events (struct cpod_loop *loop, struct turn *turn, int timeout_ms)
{
	uint64_t start = timeout_ms > 0 ? cpod_clock_ns () : 0, passed_ms;
	int left_ms = timeout_ms, n;

	for (;;) {
		n = epoll_wait (loop->epoll_fd, turn->events, BATCH, left_ms);
		if (n >= 0 || errno != EINTR)
			return n < 0 ? -errno : n;
		if (timeout_ms <= 0)
			continue;
		passed_ms = (cpod_clock_ns () - start) / NS_PER_MS;
		left_ms = passed_ms < (uint64_t) timeout_ms ? timeout_ms - (int) passed_ms : 0;
	}
}

int
cpod_loop_turn (struct cpod_loop *loop, int timeout_ms)
{
	struct turn turn = { .outer = loop->turn };

	turn.n = wait_for_events (loop, &turn, timeout_ms);
	if (turn.n < 0)
		return turn.n;
	loop->turn = &turn;
	while (turn.next < turn.n) {
		struct epoll_event *event = &turn.events[turn.next++];
		struct cpod_source *source = event->data.ptr;

		if (!source)
			continue;
		if (source != &loop->timer_source)
			turn.n_callbacks++;
		source->ready (source, event->events);
	}
	loop->turn = turn.outer;
	return turn.n_callbacks;
}

int
cpod_loop_add (struct cpod_loop *loop, struct cpod_source *source, int fd, uint32_t epoll_events,
               struct cpod_error *err)
{
	struct epoll_event event = { .events = epoll_events, .data.ptr = source };

	if (epoll_ctl (loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return cpod_error_sys (err, errno, "watch descriptor %d", fd);
	source->fd = fd;
	source->loop = loop;
	return 0;
}

int
cpod_loop_change (struct cpod_source *source, uint32_t epoll_events)
{
	struct epoll_event event = { .events = epoll_events, .data.ptr = source };

	if (!source->loop)
		return -EINVAL;
	if (epoll_ctl (source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0)
		return -errno;
	return 0;
}

void
cpod_loop_remove (struct cpod_source *source)
{
	struct turn *turn;
	int i;

	if (!source->loop)
		return;
	for (turn = source->loop->turn; turn; turn = turn->outer) {
		for (i = turn->next; i < turn->n; i++) {
			if (turn->events[i].data.ptr == source)
				turn->events[i].data.ptr = NULL;
		}
	}
	/* Fails only when the descriptor is closed already, which took it out of the set. */
	(void) epoll_ctl (source->loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->fd = -1;
	source->loop = NULL;
}

/* Makes room for one more timer. */
static int
grow_heap (struct cpod_loop *loop)
{
	size_t capacity = loop->heap_capacity ? loop->heap_capacity * 2 : 16;
	struct cpod_timer **heap;

	if (loop->n_timers < loop->heap_capacity)
		return 0;
	heap = realloc (loop->heap, capacity * sizeof (struct cpod_timer *));
	if (!heap)
		return -ENOMEM;
	loop->heap = heap;
	loop->heap_capacity = capacity;
	return 0;
}

int
cpod_loop_arm (struct cpod_loop *loop, struct cpod_timer *timer, uint64_t deadline_ns)
{
	int ret;

	if (timer->loop && timer->loop != loop)
		cpod_loop_disarm (timer);
	if (timer->loop)
		take_out (timer);
	ret = grow_heap (loop);
	if (ret < 0)
		return ret;
	timer->deadline_ns = deadline_ns;
	timer->loop = loop;
	sift_up (loop, timer, loop->n_timers++);
	set_timer_fd (loop);
	return 0;
}

void
cpod_loop_disarm (struct cpod_timer *timer)
{
	struct cpod_loop *loop = timer->loop;

	if (!loop)
		return;
	take_out (timer);
	set_timer_fd (loop);
}
