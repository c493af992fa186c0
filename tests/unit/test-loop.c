/* The loop: sources, timers, and what callbacks may do to them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#define MS 1000000ull

static struct cpod_loop loop;
static struct cpod_error err;

static int
begin (void **state)
{
	(void) state;
	return cpod_loop_init (&loop, &err);
}

static int
end (void **state)
{
	(void) state;
	cpod_loop_finish (&loop);
	return 0;
}

/* A source on an eventfd that counts its calls, and what else the test wants it to do. */
struct counter {
	struct cpod_source source;
	unsigned int calls;
	uint32_t events;
	struct counter *victim;    /* removed by the callback, or NULL */
	bool nested;               /* the callback runs a turn of its own */
};

static void
count (struct cpod_source *source, uint32_t epoll_events)
{
	struct counter *counter = source->data;

	counter->calls++;
	counter->events = epoll_events;
	if (counter->victim) {
		cpod_loop_remove (&counter->victim->source);
		counter->victim = NULL;
	}
	if (counter->nested) {
		counter->nested = false;
		cpod_loop_turn (&loop, 0);
	}
}

/* Adds counter to the loop on a new eventfd with the given value. Returns the descriptor. */
static int
add_counter (struct counter *counter, unsigned int value)
{
	int fd = eventfd (value, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true (fd >= 0);
	*counter = (struct counter) { .source = { .fd = -1, .ready = count } };
	counter->source.data = counter;
	assert_int_equal (cpod_loop_add (&loop, &counter->source, fd, EPOLLIN, &err), 0);
	return fd;
}

/* Removes the counter and closes its descriptor. */
static void
drop_counter (struct counter *counter, int fd)
{
	cpod_loop_remove (&counter->source);
	cpod_fd_close (&fd);
}

static void
a_ready_source_is_called_as_long_as_it_is_ready (void **state)
{
	struct counter counter;
	int fd = add_counter (&counter, 1);
	uint64_t value;

	(void) state;
	assert_int_equal (cpod_loop_turn (&loop, -1), 1);
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	assert_int_equal (counter.events, EPOLLIN);
	assert_int_equal (read (fd, &value, sizeof (value)), 8);
	assert_int_equal (cpod_loop_turn (&loop, 0), 0);
	assert_int_equal (counter.calls, 2);
	assert_int_equal (cpod_loop_change (&counter.source, EPOLLOUT), 0);
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	assert_int_equal (counter.events, EPOLLOUT);
	drop_counter (&counter, fd);
	assert_int_equal (counter.source.fd, -1);
	assert_null (counter.source.loop);
	cpod_loop_remove (&counter.source);
	assert_int_equal (cpod_loop_change (&counter.source, EPOLLIN), -EINVAL);
}

static void
a_closed_pipe_is_reported (void **state)
{
	struct counter counter = { .source = { .ready = count } };
	int ends[2];

	(void) state;
	counter.source.data = &counter;
	assert_int_equal (pipe2 (ends, O_CLOEXEC), 0);
	assert_int_equal (cpod_loop_add (&loop, &counter.source, ends[0], EPOLLIN, &err), 0);
	assert_int_equal (cpod_loop_turn (&loop, 0), 0);
	cpod_fd_close (&ends[1]);
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	assert_int_equal (counter.events, EPOLLHUP);
	drop_counter (&counter, ends[0]);
}

static void
what_cannot_be_watched_is_an_error (void **state)
{
	struct cpod_source source = { .fd = -1 };

	(void) state;
	assert_int_equal (cpod_loop_add (&loop, &source, -1, EPOLLIN, &err), -EBADF);
	assert_string_equal (err.message, "watch descriptor -1: Bad file descriptor");
	assert_null (source.loop);
	assert_int_equal (source.fd, -1);
}

static void
a_source_may_remove_itself_and_others_in_its_callback (void **state)
{
	struct counter counters[3];
	int fds[3], i;

	(void) state;
	for (i = 0; i < 3; i++)
		fds[i] = add_counter (&counters[i], 1);
	counters[0].victim = &counters[1];
	counters[2].victim = &counters[2];
	assert_int_equal (cpod_loop_turn (&loop, 0), 2);
	assert_int_equal (counters[0].calls, 1);
	assert_int_equal (counters[1].calls, 0);
	assert_int_equal (counters[2].calls, 1);
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	for (i = 0; i < 3; i++)
		drop_counter (&counters[i], fds[i]);
}

/* Removes and frees the victim, then its own source. */
static void
free_both (struct cpod_source *source, uint32_t epoll_events)
{
	struct counter *counter = source->data;

	(void) epoll_events;
	cpod_loop_remove (&counter->victim->source);
	free (counter->victim);
	cpod_loop_remove (source);
	free (counter);
}

static void
a_callback_may_free_sources_with_events_to_come (void **state)
{
	struct counter *pair[2] = { malloc (sizeof (**pair)), malloc (sizeof (**pair)) };
	int fds[2], i;

	(void) state;
	for (i = 0; i < 2; i++) {
		fds[i] = add_counter (pair[i], 1);
		pair[i]->source.ready = free_both;
		pair[i]->victim = pair[1 - i];
	}
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	assert_int_equal (cpod_loop_turn (&loop, 0), 0);
	cpod_fd_close (&fds[0]);
	cpod_fd_close (&fds[1]);
}

static void
a_turn_inside_a_callback_strikes_out_events_of_the_outer_one (void **state)
{
	struct counter outer, other;
	int fds[2] = { add_counter (&outer, 1), add_counter (&other, 1) };

	(void) state;
	outer.nested = true;
	other.victim = &other;      /* the inner turn runs and removes it; the outer one must not run it again */
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	assert_int_equal (outer.calls, 2);
	assert_int_equal (other.calls, 1);
	drop_counter (&outer, fds[0]);
	drop_counter (&other, fds[1]);
}

static void
more_sources_than_one_batch_are_all_served (void **state)
{
	static struct counter counters[200];
	int fds[200], i, calls = 0;

	(void) state;
	for (i = 0; i < 200; i++)
		fds[i] = add_counter (&counters[i], 1);
	for (i = 0; i < 200; i++)
		counters[i].victim = &counters[i];
	while ((i = cpod_loop_turn (&loop, 0)) > 0)
		calls += i;
	assert_int_equal (calls, 200);
	for (i = 0; i < 200; i++)
		drop_counter (&counters[i], fds[i]);
}

/* A timer that notes when it ran, relative to the others. */
struct alarm {
	struct cpod_timer timer;
	unsigned int calls, order;
	uint64_t again_ns;             /* armed again for this deadline, 0: not */
	struct alarm *victim;          /* disarmed by the callback */
};
static unsigned int alarms_run;

static void
on_alarm (struct cpod_timer *timer, uint64_t now_ns)
{
	struct alarm *alarm = timer->data;

	assert_true (now_ns >= timer->deadline_ns);
	assert_null (timer->loop);
	alarm->calls++;
	alarm->order = alarms_run++;
	if (alarm->victim)
		cpod_loop_disarm (&alarm->victim->timer);
	if (alarm->again_ns)
		assert_int_equal (cpod_loop_arm (&loop, timer, alarm->again_ns), 0);
}

/* Arms alarm, zeroed before. */
static void
set_alarm (struct alarm *alarm, uint64_t deadline_ns)
{
	*alarm = (struct alarm) { .timer = { .expired = on_alarm } };
	alarm->timer.data = alarm;
	assert_int_equal (cpod_loop_arm (&loop, &alarm->timer, deadline_ns), 0);
}

static void
timers_run_in_the_order_of_their_deadlines (void **state)
{
	struct alarm alarms[3], far;

	(void) state;
	alarms_run = 0;
	set_alarm (&alarms[0], 300);
	set_alarm (&far, UINT64_MAX / 2);
	set_alarm (&alarms[1], 100);
	set_alarm (&alarms[2], 0);
	assert_int_equal (cpod_loop_turn (&loop, -1), 3);
	assert_int_equal (alarms[2].order, 0);
	assert_int_equal (alarms[1].order, 1);
	assert_int_equal (alarms[0].order, 2);
	assert_int_equal (cpod_loop_turn (&loop, 0), 0);
	assert_int_equal (far.calls, 0);
	cpod_loop_disarm (&far.timer);
	assert_int_equal (loop.n_timers, 0);
	assert_int_equal (loop.armed_ns, 0);
}

static void
a_timer_never_fires_early (void **state)
{
	uint64_t deadline = cpod_clock_ns () + 3 * MS;
	struct alarm alarm;

	(void) state;
	set_alarm (&alarm, deadline);
	assert_int_equal (cpod_loop_turn (&loop, 0), 0);
	assert_int_equal (cpod_loop_turn (&loop, -1), 1);
	assert_true (cpod_clock_ns () >= deadline);
}

static void
a_timer_is_moved_both_ways_and_disarmed (void **state)
{
	struct alarm alarm, other;

	(void) state;
	set_alarm (&alarm, 1);
	set_alarm (&other, UINT64_MAX / 2);
	assert_int_equal (cpod_loop_arm (&loop, &alarm.timer, UINT64_MAX / 4), 0);
	assert_int_equal (loop.n_timers, 2);
	assert_int_equal (cpod_loop_turn (&loop, 0), 0);
	assert_int_equal (cpod_loop_arm (&loop, &other.timer, 1), 0);
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	assert_int_equal (other.calls, 1);
	cpod_loop_disarm (&alarm.timer);
	cpod_loop_disarm (&alarm.timer);
	assert_null (alarm.timer.loop);
}

static void
a_timer_armed_again_in_the_past_waits_for_the_next_turn (void **state)
{
	struct alarm alarm;

	(void) state;
	set_alarm (&alarm, 1);
	alarm.again_ns = 2;
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	alarm.again_ns = 0;
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	assert_int_equal (cpod_loop_turn (&loop, 0), 0);
}

static void
a_timer_may_disarm_another_that_is_due (void **state)
{
	struct alarm first, second;

	(void) state;
	set_alarm (&first, 1);
	set_alarm (&second, 2);
	first.victim = &second;
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	assert_int_equal (second.calls, 0);
}

static void
ten_thousand_timers_keep_their_order (void **state)
{
	static struct alarm alarms[10000];
	const struct alarm *by_order[10000];
	unsigned int i, random = 1;

	(void) state;
	alarms_run = 0;
	for (i = 0; i < 10000; i++) {
		random = random * 1103515245 + 12345;
		set_alarm (&alarms[i], 1 + (random >> 8) % 50000);
	}
	for (i = 0; i < 10000; i += 3)
		cpod_loop_disarm (&alarms[i].timer);
	for (i = 0; i < 10000; i += 3)
		assert_int_equal (cpod_loop_arm (&loop, &alarms[i].timer, 100000 - i), 0);
	for (i = 0; i < loop.n_timers; i++)
		assert_int_equal (loop.heap[i]->heap_index, i);
	assert_int_equal (cpod_loop_turn (&loop, 0), 10000);
	for (i = 0; i < 10000; i++)
		by_order[alarms[i].order] = &alarms[i];
	for (i = 1; i < 10000; i++)
		assert_true (by_order[i - 1]->timer.deadline_ns <= by_order[i]->timer.deadline_ns);
}

/* Whether the loop's descriptor is readable. */
static bool
is_ready (void)
{
	struct pollfd poll_fd = { .fd = cpod_loop_fd (&loop), .events = POLLIN };

	return poll (&poll_fd, 1, 0) == 1;
}

static void
the_loop_nests_in_another_and_is_silent_when_idle (void **state)
{
	struct alarm alarm;
	struct counter counter;
	int fd = add_counter (&counter, 0);

	(void) state;
	set_alarm (&alarm, UINT64_MAX / 2);
	assert_false (is_ready ());
	assert_int_equal (cpod_loop_arm (&loop, &alarm.timer, 1), 0);
	assert_true (is_ready ());
	assert_int_equal (cpod_loop_arm (&loop, &alarm.timer, UINT64_MAX / 2), 0);
	assert_false (is_ready ());
	assert_int_equal (eventfd_write (fd, 1), 0);
	assert_true (is_ready ());
	assert_int_equal (cpod_loop_turn (&loop, 0), 1);
	drop_counter (&counter, fd);
	assert_false (is_ready ());
	assert_int_equal (cpod_loop_turn (&loop, 0), 0);
	cpod_loop_disarm (&alarm.timer);
}

static void
descriptors_are_closed_on_exec_and_with_the_loop (void **state)
{
	struct alarm alarm;
	int epoll_fd = loop.epoll_fd, timer_fd = loop.timer_fd;

	(void) state;
	assert_int_equal (fcntl (epoll_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal (fcntl (timer_fd, F_GETFD), FD_CLOEXEC);
	set_alarm (&alarm, 1);
	cpod_loop_finish (&loop);
	assert_null (alarm.timer.loop);
	assert_int_equal (fcntl (epoll_fd, F_GETFD), -1);
	assert_int_equal (fcntl (timer_fd, F_GETFD), -1);
	assert_int_equal (loop.epoll_fd, -1);
}

static void
on_signal (int number)
{
	(void) number;
}

static void
a_signal_does_not_end_the_wait (void **state)
{
	struct sigaction action = { .sa_handler = on_signal }, old;
	struct itimerval every_ms = { { 0, 1000 }, { 0, 1000 } }, off = { 0 };
	uint64_t deadline = cpod_clock_ns () + 10 * MS;
	struct alarm alarm;

	(void) state;
	sigaction (SIGALRM, &action, &old);
	setitimer (ITIMER_REAL, &every_ms, NULL);
	assert_int_equal (cpod_loop_turn (&loop, 5), 0);
	set_alarm (&alarm, deadline);
	assert_int_equal (cpod_loop_turn (&loop, -1), 1);
	setitimer (ITIMER_REAL, &off, NULL);
	sigaction (SIGALRM, &old, NULL);
	assert_true (cpod_clock_ns () >= deadline);
}

#define test(name) cmocka_unit_test_setup_teardown (name, begin, end)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		test (a_ready_source_is_called_as_long_as_it_is_ready),
		test (a_closed_pipe_is_reported),
		test (what_cannot_be_watched_is_an_error),
		test (a_source_may_remove_itself_and_others_in_its_callback),
		test (a_callback_may_free_sources_with_events_to_come),
		test (a_turn_inside_a_callback_strikes_out_events_of_the_outer_one),
		test (more_sources_than_one_batch_are_all_served),
		test (timers_run_in_the_order_of_their_deadlines),
		test (a_timer_never_fires_early),
		test (a_timer_is_moved_both_ways_and_disarmed),
		test (a_timer_armed_again_in_the_past_waits_for_the_next_turn),
		test (a_timer_may_disarm_another_that_is_due),
		test (ten_thousand_timers_keep_their_order),
		test (the_loop_nests_in_another_and_is_silent_when_idle),
		test (descriptors_are_closed_on_exec_and_with_the_loop),
		test (a_signal_does_not_end_the_wait),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
