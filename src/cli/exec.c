/* cpod exec: runs a program in a container and ends as the program does.
 *
 * The program gets this command's own standard output and error, and with -i its input. It lives as long as
 * the connection to the supervisor: a signal that ends this command, and SIGKILL too, kills the program
 * with all that it started. */
#include "cli.h"

#include "client.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OPTION_INTERACTIVE, OPTION_TTY };
enum { CANCEL_MS = 2000 };   /* how long the supervisor may take to end the program */

/* A descriptor that is readable when a signal asks this command to end; SIGHUP and SIGQUIT where they are
 * not ignored. */
static int
open_signals (int *ret_fd, struct cpod_error *err)
{
	static const int optional[] = { SIGHUP, SIGQUIT };
	struct sigaction old;
	sigset_t set;

	sigemptyset (&set);
	sigaddset (&set, SIGINT);
	sigaddset (&set, SIGTERM);
	for (size_t i = 0; i < sizeof (optional) / sizeof (optional[0]); i++)
		if (sigaction (optional[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset (&set, optional[i]);
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

/* Sends the call with this command's descriptors; a closed one is replaced by /dev/null, and so is standard
 * input unless it was asked for (a loop that reads lines and calls this command keeps its lines). */
static int
send_call (struct cpod_client *client, const struct cpod_args *args, struct cpod_error *err)
{
	cpod_autofd null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
	struct cpod_json *parameters, *argv;
	struct cpod_arena arena;
	int fds[3], ret;

	if (null_fd < 0)
		return cpod_error_sys (err, errno, "open /dev/null");
	for (int i = 0; i < 3; i++)
		fds[i] = fcntl (i, F_GETFD) >= 0 ? i : null_fd;
	if (args->values[OPTION_INTERACTIVE] == NULL)
		fds[0] = null_fd;
	cpod_arena_init (&arena, 0);
	parameters = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	argv = cpod_json_new (&arena, CPOD_JSON_ARRAY);
	for (int i = 2; i < args->n_operands; i++)
		argv = cpod_json_add (&arena, argv, NULL, cpod_json_new_string (&arena, args->operands[i]));
	parameters = cpod_json_add (&arena, parameters, "container",
	                            cpod_json_new_string (&arena, args->operands[1]));
	parameters = cpod_json_add (&arena, parameters, "argv", argv);
	ret = parameters == NULL ? cpod_error_oom (err)
	                         : cpod_client_send (client, "io.cpod.Pod.Exec", parameters, fds, 3, err);
	cpod_arena_finish (&arena);
	return ret;
}

/* Runs the program to its end; the exit status. */
static int
run (struct cpod_client *client, const struct cpod_args *args)
{
	struct cpod_varlink_message reply;
	struct cpod_error err;
	cpod_autofd signal_fd = -1;
	int ret, signal, status;

	ret = open_signals (&signal_fd, &err);
	if (ret == 0)
		ret = send_call (client, args, &err);
	if (ret < 0)
		return cpod_fail (CPOD_EXIT_SYSTEM, "exec: %s", err.message);
	signal = wait_reply (client, signal_fd);
	if (signal != 0)
		return cancel (client, signal);
	if (cpod_client_receive (client, -1, &reply, &err) < 0)
		return cpod_fail (CPOD_EXIT_SYSTEM, "exec: %s", err.message);
	if (reply.error != NULL) {
		status = cpod_client_explain (client, &reply, &err);
		return cpod_fail (status, "exec: %s", err.message);
	}
	return (int) cpod_member_int (cpod_json_get (reply.parameters, "exit"), "code", CPOD_EXIT_SYSTEM);
}

static int
exec_command (const struct cpod_args *args)
{
	struct cpod_client client;
	struct cpod_error err;
	int status;

	if (args->values[OPTION_TTY] != NULL)
		return cpod_fail (CPOD_EXIT_USAGE, "exec: --tty is not carried out by this version");
	if (cpod_client_open (&client, args->operands[0], &err) < 0)
		return cpod_fail (cpod_client_exit_for (&err), "exec: %s", err.message);
	status = run (&client, args);
	cpod_client_close (&client);
	return status;
}

static const struct cpod_option options[] = {
	[OPTION_INTERACTIVE] = { "interactive", 'i', NULL,
	                         "pass standard input on; without it the program reads nothing" },
	[OPTION_TTY] = { "tty", 't', NULL, "refused: this version gives the program no terminal of its own" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_exec = {
	.name = "exec", .usage = "[-i] POD CONTAINER -- PROGRAM [ARGUMENT]...", .options = options,
	.min_args = 3, .max_args = -1, .operands_end_options = 2, .run = exec_command,
	.summary = "Run a program in a container",
	.details = "The program is searched in the container's PATH and gets this command's standard output and error.\n"
	           "A signal to this command, or its death, kills the program and all that it started; what a program\n"
	           "leaves in the background when it ends by itself goes on in the container.\n"
	           "\n"
	           "Exit status: the program's own, 128+N if signal N ended it, 126 if it cannot be executed, 127 if\n"
	           "there is no such program; 1 if the container is not running, 3 if there is none of that name.\n",
};
