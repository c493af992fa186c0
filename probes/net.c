/* One attempt of a network probe (net.h). */
#include "net.h"

#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/module.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REDIRECTS_MAX 10u

/* ---- The module --------------------------------------------------------------------------- */

static void
on_fetcher (struct cpod_source *source, uint32_t epoll_events)
{
	struct cpod_probe_fetcher *fetcher = source->data;

	(void) epoll_events;
	fetcher->module->run (fetcher->fetcher);
}

int
cpod_probe_fetcher_need (struct cpod_probe_fetcher *fetcher, struct cpod_error *err)
{
	const struct cpod_fetch_module *module;
	void *symbol;
	int ret;

	if (fetcher->fetcher)
		return 0;
	ret = cpod_module_load ("fetch", CPOD_FETCH_SYMBOL, &symbol, err);
	if (ret < 0)
		return cpod_error_prefix (err, ret, "probes over HTTP");
	module = symbol;
	if (module->abi != CPOD_FETCH_ABI)
		return cpod_error_set (err, ENOEXEC, "the module fetch belongs to another version of cpod");
	ret = module->create (&fetcher->fetcher, err);
	if (ret < 0)
		return ret;
	fetcher->module = module;
	fetcher->source = (struct cpod_source) { .fd = -1, .ready = on_fetcher, .data = fetcher };
	return cpod_loop_add (fetcher->loop, &fetcher->source, module->fd (fetcher->fetcher), EPOLLIN, err);
}

void
cpod_probe_fetcher_finish (struct cpod_probe_fetcher *fetcher)
{
	if (!fetcher->fetcher)
		return;
	cpod_loop_remove (&fetcher->source);
	fetcher->module->destroy (fetcher->fetcher);
	fetcher->fetcher = NULL;
}

/* ---- The end of an attempt ---------------------------------------------------------------- */

/* Fills *end: code 0 is success, else words say why not. */
static void
set_end (struct cpod_probe_end *end, enum cpod_worker_outcome outcome, const char *words)
{
	memset (end, 0, sizeof (*end));
	end->outcome = outcome;
	if (words)
		cpod_error_set (&end->error, outcome == CPOD_OUTCOME_ERROR ? EIO : EPROTO, "%s", words);
}

/* The attempt is over. */
static void
conclude (struct cpod_probe_net *net, enum cpod_worker_outcome outcome, const char *words)
{
	struct cpod_probe_end end;

	net->target = NULL;
	set_end (&end, outcome, words);
	net->done (net, &end);
}

/* Keeps what was answered, for the status. */
static void
keep_output (struct cpod_probe_net *net, const char *text)
{
	free (net->output);
	net->output = text[0] ? strdup (text) : NULL;
}

/* ---- Sockets ------------------------------------------------------------------------------ */

/* A socket in the pod's network. -errno: net->socket_error has the words. */
static int
open_socket (void *data, int domain, int type, int protocol)
{
	struct cpod_probe_net *net = data;

	return net->fetcher->open_socket (net->fetcher->data, domain, type, protocol, &net->socket_error);
}

/* The target as an address. False: it is a name. */
static bool
read_address (const struct cpod_net_target *target, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons (target->port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons (target->port) };

	if (inet_pton (AF_INET, target->host, &in.sin_addr) == 1) {
		memcpy (ret, &in, sizeof (in));
		*ret_len = sizeof (in);
		return true;
	}
	if (inet_pton (AF_INET6, target->host, &in6.sin6_addr) != 1)
		return false;
	memcpy (ret, &in6, sizeof (in6));
	*ret_len = sizeof (in6);
	return true;
}

static void
close_connecting (struct cpod_probe_net *net)
{
	if (!net->connecting.loop)
		return;
	cpod_loop_remove (&net->connecting);
	cpod_fd_close (&net->fd);
}

/* "connect to 127.0.0.1:80: Connection refused" */
static void
conclude_connect (struct cpod_probe_net *net, int code)
{
	char words[300];

	(void) snprintf (words, sizeof (words), "connect to %.200s:%u: %s", net->target->host, net->target->port, strerror (code));
	conclude (net, code == 0 ? CPOD_OUTCOME_SUCCESS : CPOD_OUTCOME_FAILURE, code == 0 ? NULL : words);
}

static void
on_connected (struct cpod_source *source, uint32_t epoll_events)
{
	struct cpod_probe_net *net = source->data;
	socklen_t len = sizeof (int);
	int code = 0;

	(void) epoll_events;
	if (getsockopt (net->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		code = errno;
	close_connecting (net);
	conclude_connect (net, code);
}

/* Connects to an address. What fails at once is told from the loop all the same: a socket without a connection is
 * ready there. */
static int
begin_connect (struct cpod_probe_net *net, const struct sockaddr_storage *address, socklen_t len, struct cpod_probe_end *end)
{
	struct cpod_error *err = &end->error;
	int ret;

	net->fd = open_socket (net, address->ss_family, SOCK_STREAM, 0);
	if (net->fd < 0) {
		*err = net->socket_error;
		return net->fd;
	}
	net->connecting = (struct cpod_source) { .fd = -1, .ready = on_connected, .data = net };
	ret = connect (net->fd, (const struct sockaddr *) address, len) < 0 && errno != EINPROGRESS ? -errno : 0;
	if (ret == 0)
		ret = cpod_loop_add (net->fetcher->loop, &net->connecting, net->fd, EPOLLOUT, err);
	else
		cpod_error_sys (err, -ret, "connect to %s:%u", net->target->host, net->target->port);
	if (ret == 0)
		return 0;
	cpod_fd_close (&net->fd);
	end->outcome = CPOD_OUTCOME_FAILURE;
	return ret;
}

/* ---- What an answer means ----------------------------------------------------------------- */

/* The health of a service: the frame's length prefix, then HealthCheckResponse { ServingStatus status = 1; }. */
static void
conclude_grpc (struct cpod_probe_net *net, const struct cpod_fetch_end *end)
{
	static const char *const words[] = { "UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN" };
	const unsigned char *frame = (const unsigned char *) end->body;
	unsigned int health = 0;
	char text[120];

	if (end->grpc_status != 0) {
		(void) snprintf (text, sizeof (text), end->grpc_status == 12 ? "the server has no gRPC health service"
		                 : end->grpc_status < 0 ? "the answer is not gRPC" : "gRPC status %d", end->grpc_status);
		conclude (net, CPOD_OUTCOME_FAILURE, text);
		return;
	}
	if (end->body_len >= 7 && frame[0] == 0 && frame[5] == (1 << 3 | 0))
		health = frame[6];
	(void) snprintf (text, sizeof (text), "the service is not healthy: %s", health < 4 ? words[health] : "an unknown state");
	conclude (net, health == 1 ? CPOD_OUTCOME_SUCCESS : CPOD_OUTCOME_FAILURE, health == 1 ? NULL : text);
}

static int begin_fetch (struct cpod_probe_net *net, const char *url, struct cpod_error *err);

static bool
is_redirect (long status)
{
	return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

/* An HTTP answer: followed, or judged by its status. A redirect to another host is a success: this one answers. */
static void
conclude_http (struct cpod_probe_net *net, const struct cpod_fetch_end *end)
{
	struct cpod_error error;
	char text[100];

	if (end->redirect && end->same_host && is_redirect (end->status) && !net->any_answer) {
		if (net->n_redirects++ >= REDIRECTS_MAX)
			conclude (net, CPOD_OUTCOME_FAILURE, "redirected more than 10 times");
		else if (begin_fetch (net, end->redirect, &error) < 0)
			conclude (net, CPOD_OUTCOME_FAILURE, error.message);
		return;
	}
	(void) snprintf (text, sizeof (text), "HTTP status %ld", end->status);
	if (net->any_answer || (end->status >= 200 && end->status < 400))
		conclude (net, CPOD_OUTCOME_SUCCESS, NULL);
	else
		conclude (net, CPOD_OUTCOME_FAILURE, text);
}

static void
on_fetched (void *data, const struct cpod_fetch_end *end)
{
	struct cpod_probe_net *net = data;

	net->fetch = NULL;
	keep_output (net, net->target->kind == CPOD_NET_HTTP && !end->failure ? end->body : "");
	if (net->socket_error.code != 0)
		conclude (net, CPOD_OUTCOME_ERROR, net->socket_error.message);
	else if (end->failure)
		conclude (net, CPOD_OUTCOME_FAILURE, end->failure);
	else if (net->target->kind == CPOD_NET_TCP)
		conclude (net, CPOD_OUTCOME_SUCCESS, NULL);
	else if (net->target->kind == CPOD_NET_GRPC)
		conclude_grpc (net, end);
	else
		conclude_http (net, end);
}

static int
begin_fetch (struct cpod_probe_net *net, const char *url, struct cpod_error *err)
{
	const struct cpod_net_target *target = net->target;
	const struct cpod_fetch_request request = {
		.size = sizeof (request), .url = url, .headers = target->headers, .n_headers = target->n_headers,
		.body = target->body, .body_len = target->body_len, .http2 = target->kind == CPOD_NET_GRPC,
		.connect_only = target->kind == CPOD_NET_TCP, .max_body = CPOD_PROBE_OUTPUT_MAX, .open_socket = open_socket,
		.done = on_fetched, .data = net,
	};

	return net->fetcher->module->begin (net->fetcher->fetcher, &request, &net->fetch, err);
}

/* ---- The attempt -------------------------------------------------------------------------- */

int
cpod_probe_net_start (struct cpod_probe_net *net, const struct cpod_net_target *target, struct cpod_probe_end *end)
{
	struct sockaddr_storage address;
	socklen_t len;
	int ret;

	set_end (end, CPOD_OUTCOME_ERROR, NULL);
	keep_output (net, "");
	net->target = target;
	net->n_redirects = 0;
	net->socket_error.code = 0;
	if (target->kind == CPOD_NET_TCP && read_address (target, &address, &len)) {
		ret = begin_connect (net, &address, len, end);
	} else {
		ret = cpod_probe_fetcher_need (net->fetcher, &end->error);
		if (ret == 0)
			ret = begin_fetch (net, target->url, &end->error);
	}
	if (ret < 0) {
		net->target = NULL;
		end->error.code = -ret;
	}
	return ret;
}

void
cpod_probe_net_cancel (struct cpod_probe_net *net)
{
	if (!net->target)
		return;
	close_connecting (net);
	if (net->fetch)
		net->fetcher->module->cancel (net->fetch);
	net->fetch = NULL;
	net->target = NULL;
}

void
cpod_probe_net_finish (struct cpod_probe_net *net)
{
	cpod_probe_net_cancel (net);
	free (net->output);
	net->output = NULL;
}
