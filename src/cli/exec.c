/* cpod exec: runs a program in a container and ends as the program does.
 *
 * The program gets this command's own standard output and error, and with -i its input; with -t a terminal of
 * the container's own, which is tied to the user's (relay.c). It lives as long as the connection to the
 * supervisor: a signal that ends this command, and SIGKILL too, kills the program with all that it started. */
#include "cli.h"

#include "client.h"
#include "relay.h"
#include "terminal.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OPTION_INTERACTIVE, OPTION_TTY };
enum { CANCEL_MS = 2000 };   /* how long the supervisor may take to end the program */

/* The call: what is sent along with it. */
struct call {
	const struct cpod_args *args;
	const char *container;
	bool tty, interactive;
	int signal_fd;                  /* owned */
	int sockets[2];                 /* owned: the terminal's master comes out of the first one */
};

/* A descriptor that is readable when a signal asks this command to end, or with a terminal concerns that; SIGHUP and
 * SIGQUIT where they are not ignored. */
static int
open_signals (bool tty, int *ret_fd, struct cpod_error *err)
{
	static const int optional[] = { SIGHUP, SIGQUIT }, terminal[] = { SIGWINCH, SIGTSTP, SIGCONT };
	struct sigaction old;
	sigset_t set;

	sigemptyset (&set);
	sigaddset (&set, SIGINT);
	sigaddset (&set, SIGTERM);
	for (size_t i = 0; i < sizeof (optional) / sizeof (optional[0]); i++)
		if (sigaction (optional[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset (&set, optional[i]);
	for (size_t i = 0; tty && i < sizeof (terminal) / sizeof (terminal[0]); i++)
		sigaddset (&set, terminal[i]);
	if (sigprocmask (SIG_BLOCK, &set, NULL) < 0)
		return cpod_error_sys (err, errno, "block signals");
	*ret_fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_fd < 0 ? cpod_error_sys (err, errno, "make a signalfd") : 0;
}

/* Waits for the reply or a signal. 0: something of the reply is there; else the signal. */
static int
wait_reply (const struct cpod_client *client, int signal_fd)
{
	struct pollfd fds[2] = { { .fd = client->fd, .events = POLLIN },
	                         { .fd = signal_fd, .events = POLLIN } };
	struct signalfd_siginfo info;

	for (;;) {
		if (poll (fds, 2, -1) < 0)
			continue;
		if (fds[0].revents != 0)
			return 0;
		if (read (signal_fd, &info, sizeof (info)) == (ssize_t) sizeof (info))
			return (int) info.ssi_signo;
	}
}

/* Ends the program: the supervisor kills it when the sending side closes, and then closes the connection. */
static int
cancel (struct cpod_client *client, int signal)
{
	struct pollfd fd = { .fd = client->fd, .events = POLLIN };

	(void) shutdown (client->fd, SHUT_WR);
	(void) poll (&fd, 1, CANCEL_MS);
	return 128 + signal;
}

/* The call's parameters, in arena; NULL when memory is out. */
static struct cpod_json *
call_parameters (struct cpod_arena *arena, const struct call *call)
{
	struct cpod_json *parameters = cpod_json_new (arena, CPOD_JSON_OBJECT), *argv = cpod_json_new (arena, CPOD_JSON_ARRAY);
	const char *term = getenv ("TERM");
	uint16_t rows = 0, columns = 0;
	struct cpod_json *env;

	for (int i = 2; i < call->args->n_operands; i++)
		argv = cpod_json_add (arena, argv, NULL, cpod_json_new_string (arena, call->args->operands[i]));
	parameters = cpod_json_add (arena, parameters, "container", cpod_json_new_string (arena, call->container));
	parameters = cpod_json_add (arena, parameters, "argv", argv);
	if (!call->tty)
		return parameters;
	(void) cpod_terminal_size (&rows, &columns);
	env = cpod_json_new_string (arena, cpod_arena_printf (arena, "TERM=%s", term != NULL ? term : "xterm"));
	parameters = cpod_json_add (arena, parameters, "tty", cpod_json_new_bool (arena, true));
	parameters = cpod_json_add (arena, parameters, "rows", cpod_json_new_int (arena, rows));
	parameters = cpod_json_add (arena, parameters, "columns", cpod_json_new_int (arena, columns));
	return cpod_json_add (arena, parameters, "env",
	                      cpod_json_add (arena, cpod_json_new (arena, CPOD_JSON_ARRAY), NULL, env));
}

/* Sends the call with its descriptors. */
static int
send_call (struct cpod_client *client, const struct call *call, const int *fds, size_t n_fds, struct cpod_error *err)
{
	struct cpod_json *parameters;
	struct cpod_arena arena;
	int ret;

	cpod_arena_init (&arena, 0);
	parameters = call_parameters (&arena, call);
	ret = parameters == NULL ? cpod_error_oom (err)
	                         : cpod_client_send (client, "io.cpod.Pod.Exec", parameters, fds, n_fds, err);
	cpod_arena_finish (&arena);
	return ret;
}

/* The program works on this command's descriptors; a closed one is replaced by /dev/null, and so is standard
 * input unless it was asked for (a loop that reads lines and calls this command keeps its lines). */
static int
send_plain (struct cpod_client *client, const struct call *call, struct cpod_error *err)
{
	cpod_autofd null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[3];

	if (null_fd < 0)
		return cpod_error_sys (err, errno, "open /dev/null");
	for (int i = 0; i < 3; i++)
		fds[i] = fcntl (i, F_GETFD) >= 0 ? i : null_fd;
	if (!call->interactive)
		fds[0] = null_fd;
	return send_call (client, call, fds, 3, err);
}

/* The program gets a terminal, whose master comes through the socket pair. */
static int
send_with_tty (struct cpod_client *client, struct call *call, struct cpod_error *err)
{
	int ret;

	if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, call->sockets) < 0)
		return cpod_error_sys (err, errno, "make a socket pair");
	ret = send_call (client, call, &call->sockets[1], 1, err);
	cpod_fd_close (&call->sockets[1]);
	return ret;
}

/* Sends the call and passes on what is to be passed, until the reply comes (0), a signal asks for the end (its
 * number), or something fails (-errno). */
static int
attempt (struct cpod_client *client, struct call *call, struct cpod_error *err)
{
	struct cpod_relay_config config = { .client = client, .signal_fd = call->signal_fd, .input = call->interactive };
	int ret;

	ret = call->tty ? send_with_tty (client, call, err) : send_plain (client, call, err);
	if (ret < 0)
		return ret;
	if (!call->tty)
		return wait_reply (client, call->signal_fd);
	config.socket_fd = call->sockets[0];
	ret = cpod_relay_run (&config, err);
	cpod_fd_close (&call->sockets[0]);
	return ret;
}

/* Runs the program to its end; the exit status. */
static int
run (struct cpod_client *client, struct call *call)
{
	struct cpod_varlink_message reply;
	struct cpod_error err;
	char container[CPOD_CLIENT_NAME_MAX];
	int ret, status;

	ret = open_signals (call->tty, &call->signal_fd, &err);
	if (ret == 0)
		ret = attempt (client, call, &err);
	if (ret > 0)
		return cancel (client, ret);
	if (ret == 0)
		ret = cpod_client_receive (client, -1, &reply, &err);
	if (ret < 0)
		return cpod_fail (CPOD_EXIT_SYSTEM, "exec: %s", err.message);
	if (reply.error == NULL)
		return (int) cpod_member_int (cpod_json_get (reply.parameters, "exit"), "code", CPOD_EXIT_SYSTEM);
	status = cpod_client_explain (client, &reply, &err);
	if (status == CPOD_EXIT_ABSENT && call->container == call->args->operands[1]
	    && cpod_client_container (client, call->container, container, &err) == 0) {
		call->container = container;
		cpod_fd_close (&call->signal_fd);
		return run (client, call);
	}
	return cpod_fail (status, "exec: %s", err.message);
}

static int
exec_command (const struct cpod_args *args)
{
	struct call call = {
		.args = args, .container = args->operands[1], .tty = args->values[OPTION_TTY] != NULL,
		.interactive = args->values[OPTION_INTERACTIVE] != NULL, .signal_fd = -1, .sockets = { -1, -1 },
	};
	struct cpod_client client;
	struct cpod_error err;
	int status;

	if (cpod_client_open (&client, args->operands[0], &err) < 0)
		return cpod_fail (cpod_client_exit_for (&err), "exec: %s", err.message);
	status = run (&client, &call);
	cpod_client_close (&client);
	cpod_fd_close (&call.signal_fd);
	return status;
}

static const struct cpod_option options[] = {
	[OPTION_INTERACTIVE] = { "interactive", 'i', NULL,
	                         "pass standard input on; without it the program reads nothing" },
	[OPTION_TTY] = { "tty", 't', NULL, "give the program a terminal of the container's own" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_exec = {
	.name = "exec", .usage = "[-i] [-t] POD CONTAINER -- PROGRAM [ARGUMENT]...", .operands = "pcx", .options = options,
	.min_args = 3, .max_args = -1, .operands_end_options = 2, .run = exec_command,
	.summary = "Run a program in a container",
	.details = "The program is searched in the container's PATH and gets this command's standard output and error.\n"
	           "A signal to this command, or its death, kills the program and all that it started; what a program\n"
	           "leaves in the background when it ends by itself goes on in the container.\n"
	           "\n"
	           "With -t the program has a terminal, of the size of this one and of its TERM; its errors come out of\n"
	           "standard output too. With -it keys reach the program as they are typed, Ctrl-C also.\n"
	           "\n"
	           "Exit status: the program's own, 128+N if signal N ended it, 126 if it cannot be executed, 127 if\n"
	           "there is no such program; 1 if the container is not running, 3 if there is none of that name.\n",
};
