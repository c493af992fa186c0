/* A pod inside your own program and its event loop.
 *
 *     cc examples/embed.c $(pkg-config --cflags --libs libcpod) -o embed && ./embed examples/hello.yaml
 *
 * Runs the pod, tells its events, and stops it when Enter is pressed or the input ends. The library prints
 * nothing, installs no signal handlers and never exits: all of that is yours.
 */
#include <cpod/cpod.h>

#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

static void
on_event (void *data, const struct cpod_event *event)
{
	static const char *const types[] = { "started", "state", "exited", "error", "healthy", "ended" };
	const char *name = data;

	printf ("%s%s%s: %s", name, event->container ? "/" : "", event->container ? event->container : "", types[event->type]);
	if (event->type == CPOD_EVENT_STATE)
		printf (" %d", (int) event->state);
	else if (event->type == CPOD_EVENT_EXITED)
		printf (" %d", event->exit.code);
	else if (event->type == CPOD_EVENT_HEALTHY)
		printf (" %u", event->value);
	if (event->message)
		printf (" %s", event->message);
	putchar ('\n');
	fflush (stdout);
}

/* The program's own loop: waits for the pod and for the input, until every container has ended. */
static int
loop (struct cpod_pod *pod, struct cpod_error *err)
{
	int epoll_fd = epoll_create1 (EPOLL_CLOEXEC), ret = 0;
	struct epoll_event event = { .events = EPOLLIN };

	event.data.fd = cpod_pod_fd (pod);
	epoll_ctl (epoll_fd, EPOLL_CTL_ADD, cpod_pod_fd (pod), &event);
	event.data.fd = STDIN_FILENO;
	if (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0)   /* a file, which is always readable */
		ret = cpod_pod_stop (pod, -1, err);
	while (ret == 0 && !cpod_pod_ended (pod)) {
		if (epoll_wait (epoll_fd, &event, 1, -1) < 1)
			continue;
		if (event.data.fd == cpod_pod_fd (pod)) {
			ret = cpod_pod_dispatch (pod, err);
		} else {
			epoll_ctl (epoll_fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
			ret = cpod_pod_stop (pod, -1, err);
		}
	}
	close (epoll_fd);
	return ret;
}

int
main (int argc, char **argv)
{
	struct cpod_pod_options options = { .size = sizeof (options), .event = on_event };
	struct cpod_spec *spec = NULL;
	struct cpod_pod *pod = NULL;
	struct cpod_error err;
	int ret;

	if (argc != 2) {
		fprintf (stderr, "usage: %s FILE\n", argv[0]);
		return 2;
	}
	ret = cpod_spec_load (argv[1], NULL, &spec, &err);
	if (ret == 0) {
		options.data = (void *) cpod_spec_name (spec);
		ret = cpod_pod_create (spec, &options, &pod, &err);
	}
	if (ret == 0)
		ret = cpod_pod_start (pod, &err);
	if (ret == 0)
		ret = loop (pod, &err);
	if (ret < 0)
		fprintf (stderr, "%s\n", err.message);
	cpod_pod_destroy (pod);
	cpod_spec_destroy (spec);
	return ret < 0;
}
