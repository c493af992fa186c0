/* The calls of the control socket: org.varlink.service and io.cpod.Pod (docs/io.cpod.Pod.varlink).
 *
 * One function a method. A method adds its reply to the connection's output before it returns, except Exec,
 * which replies from the pod's callback when the program has ended, and Events, which goes on until the pod
 * ends. */
#include "control-connection.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

extern const char cpod_control_interface[];

static const char service_interface[] =
	"# What every Varlink service answers.\n"
	"interface org.varlink.service\n\n"
	"method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error ExpectedMore ()\n";

/* One call, for the functions below. */
struct call {
	struct cpod_connection *connection;
	struct cpod_arena *arena;              /* lives as long as the call's function */
	const struct cpod_varlink_message *message;
};

/* ---- Replies ---- */

/* Adds the reply, unless the client wants none. */
static void
reply (const struct call *call, const struct cpod_json *parameters, bool continues)
{
	if (!call->message->oneway)
		cpod_varlink_add_reply (&call->connection->out, parameters, continues);
}

/* An object with one string member. */
static struct cpod_json *
one_string (struct cpod_arena *arena, const char *key, const char *value)
{
	return cpod_json_add (arena, cpod_json_new (arena, CPOD_JSON_OBJECT), key,
	                      cpod_json_new_string (arena, value));
}

/* Adds an error with one string parameter (key NULL: none). */
static void
reply_error (const struct call *call, const char *error, const char *key, const char *value)
{
	const struct cpod_json *parameters = key != NULL ? one_string (call->arena, key, value) : NULL;

	if (!call->message->oneway)
		cpod_varlink_add_error (&call->connection->out, error, parameters);
}

/* Adds an error with errno and message. */
static void
add_failure (struct cpod_str *out, struct cpod_arena *arena, const char *error, const struct cpod_error *err)
{
	struct cpod_json *parameters = cpod_json_new (arena, CPOD_JSON_OBJECT);

	parameters = cpod_json_add (arena, parameters, "errno", cpod_json_new_int (arena, err->code));
	parameters = cpod_json_add (arena, parameters, "message", cpod_json_new_string (arena, err->message));
	cpod_varlink_add_error (out, error, parameters);
}

/* Adds the error for a call of the pod about container (NULL: the pod). */
static void
reply_failure (const struct call *call, const char *container, int ret, const struct cpod_error *err)
{
	if (ret == -ENOENT && container != NULL)
		reply_error (call, "io.cpod.Pod.NoSuchContainer", "container", container);
	else if (ret == -ESRCH)
		reply_error (call, "io.cpod.Pod.NotRunning", container != NULL ? "container" : NULL,
		             container);
	else if (!call->message->oneway)
		add_failure (&call->connection->out, call->arena, "io.cpod.Pod.Failed", err);
}

/* ---- Parameters: false after an error was replied ---- */

static bool
get_string (const struct call *call, const char *key, bool required, const char **ret_value)
{
	const struct cpod_json *value = NULL;

	if (call->message->parameters != NULL)
		value = cpod_json_get (call->message->parameters, key);
	*ret_value = NULL;
	if (value != NULL && value->type == CPOD_JSON_STRING)
		*ret_value = value->text;
	else if (required || (value != NULL && value->type != CPOD_JSON_NULL)) {
		reply_error (call, "org.varlink.service.InvalidParameter", "parameter", key);
		return false;
	}
	return true;
}

static bool
get_int (const struct call *call, const char *key, int64_t min, int64_t max, int64_t *value)
{
	const struct cpod_json *given = NULL;
	char *end = NULL;
	int64_t number = 0;

	if (call->message->parameters != NULL)
		given = cpod_json_get (call->message->parameters, key);
	if (given == NULL || given->type == CPOD_JSON_NULL)
		return true;
	errno = 0;
	if (given->type == CPOD_JSON_NUMBER)
		number = strtoimax (given->text, &end, 10);
	if (end == NULL || *end != '\0' || errno != 0 || number < min || number > max) {
		reply_error (call, "org.varlink.service.InvalidParameter", "parameter", key);
		return false;
	}
	*value = number;
	return true;
}

/* A list of strings as a NULL-terminated array in the call's arena; NULL where there may be none, and is none. */
static bool
get_strings (const struct call *call, const char *key, bool required, const char ***ret_strings)
{
	const struct cpod_json *list = NULL, *item;
	const char **strings = NULL;
	size_t n = 0;

	if (call->message->parameters != NULL)
		list = cpod_json_get (call->message->parameters, key);
	if (!required && (list == NULL || list->type == CPOD_JSON_NULL)) {
		*ret_strings = NULL;
		return true;
	}
	if (list != NULL && list->type == CPOD_JSON_ARRAY && (list->count > 0 || !required))
		strings = cpod_arena_array (call->arena, (size_t) list->count + 1, sizeof (*strings));
	for (item = strings != NULL ? list->first : NULL; item != NULL && strings != NULL; item = item->next) {
		strings[n++] = item->text;
		if (item->type != CPOD_JSON_STRING)
			strings = NULL;
	}
	if (strings == NULL)
		reply_error (call, "org.varlink.service.InvalidParameter", "parameter", key);
	*ret_strings = strings;
	return strings != NULL;
}

static bool
get_bool (const struct call *call, const char *key, bool *value)
{
	const struct cpod_json *given = NULL;

	if (call->message->parameters != NULL)
		given = cpod_json_get (call->message->parameters, key);
	if (given == NULL || given->type == CPOD_JSON_NULL)
		return true;
	if (given->type == CPOD_JSON_BOOL) {
		*value = given->boolean;
		return true;
	}
	reply_error (call, "org.varlink.service.InvalidParameter", "parameter", key);
	return false;
}

/* ---- org.varlink.service ---- */

static void
get_info (const struct call *call)
{
	struct cpod_arena *arena = call->arena;
	struct cpod_json *info = cpod_json_new (arena, CPOD_JSON_OBJECT);
	struct cpod_json *interfaces = cpod_json_new (arena, CPOD_JSON_ARRAY);

	interfaces = cpod_json_add (arena, interfaces, NULL,
	                            cpod_json_new_string (arena, "org.varlink.service"));
	interfaces = cpod_json_add (arena, interfaces, NULL, cpod_json_new_string (arena, "io.cpod.Pod"));
	info = cpod_json_add (arena, info, "vendor", cpod_json_new_string (arena, "cpod"));
	info = cpod_json_add (arena, info, "product", cpod_json_new_string (arena, "cpod"));
	info = cpod_json_add (arena, info, "version", cpod_json_new_string (arena, cpod_version ()));
	info = cpod_json_add (arena, info, "url", cpod_json_new_string (arena, ""));
	reply (call, cpod_json_add (arena, info, "interfaces", interfaces), false);
}

static void
get_interface_description (const struct call *call)
{
	const char *name, *text = NULL;

	if (!get_string (call, "interface", true, &name))
		return;
	if (strcmp (name, "io.cpod.Pod") == 0)
		text = cpod_control_interface;
	else if (strcmp (name, "org.varlink.service") == 0)
		text = service_interface;
	if (text == NULL)
		reply_error (call, "org.varlink.service.InterfaceNotFound", "interface", name);
	else
		reply (call, one_string (call->arena, "description", text), false);
}

/* ---- io.cpod.Pod ---- */

static void
status (const struct call *call)
{
	struct cpod_control *control = call->connection->control;
	const struct cpod_status *view;
	struct cpod_json *parameters;
	struct cpod_error err;
	int ret;

	ret = cpod_pod_status (control->config.pod, &view, &err);
	if (ret < 0) {
		reply_failure (call, NULL, ret, &err);
		return;
	}
	parameters = cpod_json_new (call->arena, CPOD_JSON_OBJECT);
	parameters = cpod_json_add (call->arena, parameters, "pod",
	                            cpod_status_json (call->arena, view, &control->config.info));
	if (parameters == NULL)
		reply_failure (call, NULL, cpod_error_oom (&err), &err);
	else
		reply (call, parameters, false);
}

static void
healthy (const struct call *call)
{
	const bool value = cpod_pod_healthy (call->connection->control->config.pod) == 1;
	struct cpod_json *parameters = cpod_json_new (call->arena, CPOD_JSON_OBJECT);

	reply (call, cpod_json_add (call->arena, parameters, "healthy",
	                            cpod_json_new_bool (call->arena, value)), false);
}

static void
kill_method (const struct call *call)
{
	struct cpod_error err;
	const char *container;
	int64_t signal = 9;
	int ret;

	if (!get_string (call, "container", false, &container) || !get_int (call, "signal", 1, 64, &signal))
		return;
	ret = cpod_pod_kill (call->connection->control->config.pod, container, (int) signal, &err);
	if (ret < 0)
		reply_failure (call, container, ret, &err);
	else
		reply (call, NULL, false);
}

static void
stop (const struct call *call)
{
	struct cpod_control *control = call->connection->control;
	int64_t grace_ms = -1;

	if (!get_int (call, "graceMs", 0, INT64_C (86400000) * 365, &grace_ms))
		return;
	reply (call, NULL, false);
	control->config.stop (control->config.data, grace_ms);
}

static void
events (const struct call *call)
{
	struct cpod_json *parameters = cpod_json_new (call->arena, CPOD_JSON_OBJECT);
	bool history = false;

	if (!call->message->more) {
		reply_error (call, "org.varlink.service.ExpectedMore", NULL, NULL);
		return;
	}
	if (!get_bool (call, "history", &history))
		return;
	parameters = cpod_json_add (call->arena, parameters, "event",
	                            one_string (call->arena, "type", "subscribed"));
	reply (call, parameters, true);
	if (history)
		cpod_stream_history (call->connection);
	call->connection->subscribed = true;
	call->connection->control->n_subscribed++;
}

static void
wait_method (const struct call *call)
{
	call->connection->waits = true;
	if (call->connection->control->ended)
		cpod_stream_waited (call->connection);
}

static void
logs (const struct call *call)
{
	const char *container;
	struct cpod_error err;
	bool follow = false;
	int64_t tail = -1;
	int ret;

	if (!call->message->more) {
		reply_error (call, "org.varlink.service.ExpectedMore", NULL, NULL);
		return;
	}
	if (!get_string (call, "container", false, &container) || !get_bool (call, "follow", &follow)
	    || !get_int (call, "tail", 0, INT64_MAX, &tail))
		return;
	ret = cpod_stream_logs (call->connection, container, follow, tail, &err);
	if (ret < 0)
		reply_failure (call, container, ret, &err);
	else
		cpod_stream_pump (call->connection);
}

/* ---- Exec ---- */

/* Adds len bytes; NULs become U+FFFD, since the text will be a JSON string. */
static void
add_output (struct cpod_str *text, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == '\0')
			cpod_str_add (text, "\xef\xbf\xbd");
		else
			cpod_str_add_char (text, bytes[i]);
}

/* Reads what there is; what is over the limit is dropped. Closes the capture at its end. */
static void
read_capture (struct cpod_capture *capture, bool drain)
{
	char bytes[4096];
	ssize_t n;

	do {
		const size_t len = capture->text.len;
		const size_t room = len < CPOD_EXEC_CAPTURE_MAX ? CPOD_EXEC_CAPTURE_MAX - len : 0;

		n = capture->fd >= 0 ? read (capture->fd, bytes, sizeof (bytes)) : 0;
		if (n > 0) {
			add_output (&capture->text, bytes, (size_t) n < room ? (size_t) n : room);
			capture->truncated = capture->truncated || (size_t) n > room;
		}
		drain = drain && !capture->truncated;   /* somebody may write for ever */
	} while (n > 0 && drain);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		cpod_loop_remove (&capture->source);
		cpod_fd_close (&capture->fd);
	}
}

static void
capture_ready (struct cpod_source *source, uint32_t epoll_events)
{
	(void) epoll_events;
	read_capture (source->data, false);
}

/* Makes a pipe whose reading end belongs to the capture. */
static int
open_capture (struct cpod_connection *connection, struct cpod_capture *capture, int *ret_write_fd,
              struct cpod_error *err)
{
	cpod_autofd write_fd = -1;
	int fds[2], ret;

	if (pipe2 (fds, O_CLOEXEC) < 0)
		return cpod_error_sys (err, errno, "make a pipe");
	capture->fd = fds[0];
	write_fd = fds[1];
	if (fcntl (capture->fd, F_SETFL, O_NONBLOCK) < 0)
		return cpod_error_sys (err, errno, "make a pipe");
	capture->source.ready = capture_ready;
	capture->source.data = capture;
	ret = cpod_loop_add (connection->control->config.loop, &capture->source, capture->fd, EPOLLIN, err);
	if (ret == 0)
		*ret_write_fd = cpod_fd_steal (&write_fd);
	return ret;
}

/* Ends the captures and forgets what they hold. */
static void
close_captures (struct cpod_connection *connection)
{
	for (size_t i = 0; i < 2; i++) {
		struct cpod_capture *capture = &connection->captures[i];

		cpod_loop_remove (&capture->source);
		cpod_fd_close (&capture->fd);
		cpod_str_finish (&capture->text);
		capture->truncated = false;
	}
}

void
cpod_control_cancel_exec (struct cpod_connection *connection)
{
	struct cpod_exec *exec = connection->exec;

	connection->exec = NULL;
	connection->exec_busy = false;
	if (exec != NULL)
		cpod_exec_cancel (exec);
	close_captures (connection);
}

/* The parameters of Exec's reply. */
static struct cpod_json *
exec_reply (struct cpod_arena *arena, struct cpod_connection *connection, const struct cpod_rt_exit *exit)
{
	static const char *const keys[] = { "output", "errors" };
	struct cpod_json *parameters = cpod_json_new (arena, CPOD_JSON_OBJECT);
	bool captured = false, truncated = false;
	const char *text;

	parameters = cpod_json_add (arena, parameters, "exit", cpod_exit_json (arena, exit));
	for (size_t i = 0; i < 2; i++) {
		struct cpod_capture *capture = &connection->captures[i];

		if (capture->source.ready == NULL)
			continue;
		read_capture (capture, true);
		captured = true;
		truncated = truncated || capture->truncated;
		text = capture->text.data != NULL ? capture->text.data : "";
		parameters = cpod_json_add (arena, parameters, keys[i], cpod_json_new_string (arena, text));
	}
	if (captured)
		parameters = cpod_json_add (arena, parameters, "truncated",
		                            cpod_json_new_bool (arena, truncated));
	return parameters;
}

/* The program ended, or could not be run: replies. */
static void
exec_done (void *data, const struct cpod_rt_exit *exit, const struct cpod_error *error)
{
	struct cpod_connection *connection = data;
	struct cpod_control *control = connection->control;
	struct cpod_arena arena;

	cpod_control_enter (control);
	cpod_arena_init (&arena, 0);
	connection->exec = NULL;
	connection->exec_busy = false;
	if (connection->oneway)
		;
	else if (exit->code < 0 && error != NULL)
		add_failure (&connection->out, &arena, "io.cpod.Pod.ExecFailed", error);
	else
		cpod_varlink_add_reply (&connection->out, exec_reply (&arena, connection, exit), false);
	cpod_arena_finish (&arena);
	close_captures (connection);
	cpod_control_answered (connection);
	cpod_control_leave (control);
}

/* Gives the program its descriptors: the client's three, or captures. pipes: to be closed after the start. */
static int
exec_stdio (struct cpod_connection *connection, int32_t stdio_fd[3], int pipes[2], struct cpod_error *err)
{
	int ret = 0;

	connection->captures[0].source.ready = connection->captures[1].source.ready = NULL;
	stdio_fd[0] = stdio_fd[1] = stdio_fd[2] = -1;
	if (connection->n_fds == 3) {
		for (size_t i = 0; i < 3; i++)
			stdio_fd[i] = connection->fds[i];
		return 0;
	}
	for (size_t i = 0; i < 2 && ret == 0; i++) {
		ret = open_capture (connection, &connection->captures[i], &pipes[i], err);
		stdio_fd[i + 1] = pipes[i];
	}
	return ret;
}

/* What the client asks for beside the program: a terminal, whose size it tells, and environment. */
static bool
get_exec_options (const struct call *call, struct cpod_exec_options *options)
{
	int64_t rows = 0, columns = 0;
	const char **argv, **env;
	bool tty = false;

	if (!get_strings (call, "argv", true, &argv) || !get_strings (call, "env", false, &env)
	    || !get_bool (call, "tty", &tty) || !get_int (call, "rows", 0, UINT16_MAX, &rows)
	    || !get_int (call, "columns", 0, UINT16_MAX, &columns))
		return false;
	if (tty && call->connection->n_fds != 1) {
		reply_error (call, "org.varlink.service.InvalidParameter", "parameter", "tty");
		return false;
	}
	options->argv = argv;
	options->env = env;
	options->flags = tty ? CPOD_EXEC_TTY : 0;
	options->tty_socket_fd = tty ? call->connection->fds[0] : -1;
	options->tty_rows = (uint16_t) rows;
	options->tty_columns = (uint16_t) columns;
	return true;
}

static void
exec_method (const struct call *call)
{
	struct cpod_connection *connection = call->connection;
	struct cpod_exec_options options = { .size = sizeof (options), .done = exec_done,
	                                     .stdio_fd = { -1, -1, -1 }, .data = connection };
	struct cpod_error err;
	const char *container;
	int pipes[2] = { -1, -1 }, ret = 0;

	if (!get_string (call, "container", true, &container) || !get_exec_options (call, &options))
		return;
	connection->oneway = call->message->oneway;
	connection->exec_busy = true;
	if ((options.flags & CPOD_EXEC_TTY) == 0)
		ret = exec_stdio (connection, options.stdio_fd, pipes, &err);
	else
		connection->captures[0].source.ready = connection->captures[1].source.ready = NULL;
	if (ret == 0)
		ret = cpod_pod_exec (connection->control->config.pod, container, &options, &connection->exec,
		                     &err);
	cpod_fd_close (&pipes[0]);
	cpod_fd_close (&pipes[1]);
	if (ret == 0)
		return;
	connection->exec_busy = false;
	close_captures (connection);
	reply_failure (call, container, ret, &err);
}

/* ---- The table ---- */

/* lasts: replies later, or more than once; the number of such calls is bounded. */
static const struct { const char *name; void (*answer) (const struct call *call); bool lasts; } methods[] = {
	{ "org.varlink.service.GetInfo", get_info, false },
	{ "org.varlink.service.GetInterfaceDescription", get_interface_description, false },
	{ "io.cpod.Pod.Status", status, false },
	{ "io.cpod.Pod.Healthy", healthy, false },
	{ "io.cpod.Pod.Kill", kill_method, false },
	{ "io.cpod.Pod.Stop", stop, false },
	{ "io.cpod.Pod.Exec", exec_method, true },
	{ "io.cpod.Pod.Events", events, true },
	{ "io.cpod.Pod.Logs", logs, true },
	{ "io.cpod.Pod.Wait", wait_method, true },
};

/* Replies that there is no such method, or no such interface. */
static void
unknown_method (const struct call *call, const char *method)
{
	const char *dot = strrchr (method, '.');
	size_t len = dot != NULL ? (size_t) (dot - method) : 0;

	if ((len == 11 && memcmp (method, "io.cpod.Pod", len) == 0)
	    || (len == 19 && memcmp (method, "org.varlink.service", len) == 0))
		reply_error (call, "org.varlink.service.MethodNotFound", "method", method);
	else
		reply_error (call, "org.varlink.service.InterfaceNotFound", "interface",
		             dot != NULL ? cpod_arena_strndup (call->arena, method, len) : method);
}

/* Replies that too many calls last already. */
static void
refuse_lasting (const struct call *call)
{
	struct cpod_error err;

	(void) cpod_error_set (&err, EAGAIN, "too many streams and programs of clients are in progress; try again later");
	reply_failure (call, NULL, -EAGAIN, &err);
}

void
cpod_control_call (struct cpod_connection *connection, struct cpod_arena *arena,
                   const struct cpod_varlink_message *message)
{
	const struct call call = { connection, arena, message };
	const char *method = message->method != NULL ? message->method : "";

	for (size_t i = 0; i < sizeof (methods) / sizeof (methods[0]); i++)
		if (strcmp (methods[i].name, method) == 0) {
			if (methods[i].lasts && !cpod_control_may_last (connection))
				refuse_lasting (&call);
			else
				methods[i].answer (&call);
			return;
		}
	unknown_method (&call, method);
}
