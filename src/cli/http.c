/* Serving the pod's status over HTTP: addresses and sockets here, HTTP in the module, decisions in
 * http-route.c. */
#include "http.h"

#include "args.h"
#include "http-route.h"
#include "pod-status-json.h"
#include "seed-json.h"

#include "modules/http.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/module.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct cpod_http {
	struct cpod_http_config config;
	struct cpod_http_policy policy;
	const struct cpod_http_module *module;
	struct cpod_http_server *server;       /* NULL before it serves */
	struct cpod_source source;
	struct cpod_timer timer;
	int fds[CPOD_HTTP_MAX_SOCKETS];        /* owned */
	size_t n_fds;
	char host_name[65];
};

/* Adds one socket address; host NULL stands for the family's loopback. false: host is no such address. */
static bool
add_family (struct cpod_http_address *address, int family, const char *host, bool optional)
{
	const size_t i = address->families[0] != 0 ? 1 : 0;
	const char *loopback = family == AF_INET ? "127.0.0.1" : "::1";

	if (inet_pton (family, host != NULL ? host : loopback, address->bytes[i]) != 1)
		return false;
	address->families[i] = family;
	address->optional[i] = optional;
	address->loopback = host == NULL || address->bytes[i][0] == 127 || strcmp (host, loopback) == 0;
	return true;
}

/* Fills in both families' loopbacks, or the one address that host is. */
static bool
add_host (struct cpod_http_address *address, const char *host)
{
	if (host == NULL || strcasecmp (host, "localhost") == 0) {
		snprintf (address->url, sizeof (address->url), "http://127.0.0.1:%u",
		          (unsigned int) address->port);
		return add_family (address, AF_INET, NULL, false)
			&& add_family (address, AF_INET6, NULL, true);
	}
	if (add_family (address, AF_INET, host, false))
		snprintf (address->url, sizeof (address->url), "http://%s:%u", host,
		          (unsigned int) address->port);
	else if (add_family (address, AF_INET6, host, false))
		snprintf (address->url, sizeof (address->url), "http://[%s]:%u", host,
		          (unsigned int) address->port);
	else
		return false;
	return true;
}

int
cpod_http_parse (const char *text, struct cpod_http_address *ret_address, struct cpod_error *err)
{
	struct cpod_http_address address = { .port = 0 };
	const char *colon = strrchr (text, ':'), *port = colon != NULL ? colon + 1 : text;
	char host[INET6_ADDRSTRLEN + 4] = "", *name = host;
	size_t len = colon != NULL ? (size_t) (colon - text) : 0;
	long number;

	if (cpod_args_number (port, 1, 65535, &number) < 0)
		return cpod_error_set (err, EINVAL, "--port %s: a port is a number from 1 to 65535", text);
	address.port = (uint16_t) number;
	if (len >= sizeof (host))
		return cpod_error_set (err, EINVAL, "--port %s: no address of this machine is that long",
		                       text);
	memcpy (host, text, len);
	host[len] = '\0';
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		name++;
	}
	if ((colon != NULL && len == 0) || !add_host (&address, colon != NULL ? name : NULL))
		return cpod_error_set (err, EINVAL,
		                       "--port %s: what stands before the port must be an address "
		                       "(127.0.0.1, [::1], 0.0.0.0) or localhost", text);
	*ret_address = address;
	return 0;
}

/* Fills in a socket address; its length. */
static socklen_t
socket_address (const struct cpod_http_address *address, size_t i, struct sockaddr_storage *ret_storage)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *) ret_storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) ret_storage;

	memset (ret_storage, 0, sizeof (*ret_storage));
	if (address->families[i] == AF_INET) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons (address->port);
		memcpy (&v4->sin_addr, address->bytes[i], sizeof (v4->sin_addr));
		return sizeof (*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons (address->port);
	memcpy (&v6->sin6_addr, address->bytes[i], sizeof (v6->sin6_addr));
	return sizeof (*v6);
}

/* Binds and listens on one socket. */
static int
bind_one (const struct cpod_http_address *address, size_t i, int *ret_fd, struct cpod_error *err)
{
	const int family = address->families[i], one = 1;
	cpod_autofd fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage storage;
	char text[INET6_ADDRSTRLEN] = "?";
	socklen_t len;

	(void) inet_ntop (family, address->bytes[i], text, sizeof (text));
	if (fd < 0)
		return cpod_error_sys (err, errno, "make a socket for %s", text);
	if (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof (one)) < 0
	    || (family == AF_INET6 && setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof (one)) < 0))
		return cpod_error_sys (err, errno, "prepare a socket for %s", text);
	len = socket_address (address, i, &storage);
	if (bind (fd, (struct sockaddr *) &storage, len) < 0 || listen (fd, SOMAXCONN) < 0)
		return cpod_error_sys (err, errno, "listen on %s port %u", text,
		                       (unsigned int) address->port);
	*ret_fd = cpod_fd_steal (&fd);
	return 0;
}

/* Binds every socket; an optional one may be impossible on this machine. */
static int
bind_all (struct cpod_http *http, const struct cpod_http_address *address, struct cpod_error *err)
{
	int ret, fd = -1;

	for (size_t i = 0; i < CPOD_HTTP_MAX_SOCKETS && address->families[i] != 0; i++) {
		ret = bind_one (address, i, &fd, err);
		if (ret == 0)
			http->fds[http->n_fds++] = fd;
		else if (!address->optional[i] || (ret != -EAFNOSUPPORT && ret != -EADDRNOTAVAIL))
			return ret;
	}
	return 0;
}

int
cpod_http_open (const struct cpod_http_address *address, struct cpod_http **ret_http, struct cpod_error *err)
{
	struct cpod_http *http = calloc (1, sizeof (*http));
	void *symbol = NULL;
	int ret;

	if (http == NULL)
		return cpod_error_oom (err);
	http->policy.port = address->port;
	if (!address->loopback && gethostname (http->host_name, sizeof (http->host_name) - 1) == 0)
		http->policy.host_name = http->host_name;
	ret = bind_all (http, address, err);
	if (ret == 0) {
		cpod_module_use_build_tree ();
		ret = cpod_module_load ("http", CPOD_HTTP_SYMBOL, &symbol, err);
	}
	http->module = symbol;
	if (ret == 0 && http->module->abi != CPOD_HTTP_ABI)
		ret = cpod_error_set (err, ENOEXEC, "the module http belongs to another version of cpod");
	if (ret < 0) {
		cpod_http_destroy (http);
		return ret;
	}
	*ret_http = http;
	return 0;
}

/* The body of GET /status, /healthy and /v1/pod. */
static bool
make_body (struct cpod_http *http, enum cpod_http_action action, struct cpod_http_message *message)
{
	cpod_autostr body = CPOD_STR_INIT;
	const struct cpod_status *status;

	if (action == CPOD_HTTP_HEALTHY)
		cpod_seed_json_healthy (&body, cpod_pod_healthy (http->config.pod) == 1);
	else if (cpod_pod_status (http->config.pod, &status, NULL) < 0)
		return false;
	else if (action == CPOD_HTTP_STATUS)
		cpod_seed_json_status (&body, status);
	else if (cpod_pod_json (status, &body) < 0)
		return false;
	if (body.len == 0 || cpod_str_failed (&body))
		return false;
	message->type = "application/json";
	message->body_len = body.len;
	message->body = cpod_str_steal (&body);
	return true;
}

/* Answers one request. */
static void
answer (void *data, struct cpod_http_message *message)
{
	struct cpod_http *http = data;
	const struct cpod_http_request request = {
		.method = message->method, .path = message->path, .host = message->host,
		.origin = message->origin,
		.fetch_site = message->fetch_site, .body_bytes = message->body_bytes,
	};
	const struct cpod_http_decision decision = cpod_http_route (&http->policy, &request);

	message->status = decision.status;
	message->allow = decision.allow;
	if (decision.status != 200 || decision.action == CPOD_HTTP_EMPTY)
		return;
	if (decision.action == CPOD_HTTP_KILL)
		http->config.kill (http->config.data);
	else if (!make_body (http, decision.action, message))
		message->status = 500;
}

/* Lets the module work, and asks when it must work again. */
static void
work (struct cpod_http *http)
{
	const uint64_t now_ns = cpod_clock_ns ();
	int64_t due_ms;

	http->module->run (http->server, now_ns);
	due_ms = http->module->timeout_ms (http->server, now_ns);
	if (due_ms < 0)
		cpod_loop_disarm (&http->timer);
	else
		(void) cpod_loop_arm (http->config.loop, &http->timer, now_ns + (uint64_t) due_ms * 1000000);
}

static void
readable (struct cpod_source *source, uint32_t events)
{
	(void) events;
	work (source->data);
}

static void
due (struct cpod_timer *timer, uint64_t now_ns)
{
	(void) now_ns;
	work (timer->data);
}

int
cpod_http_serve (struct cpod_http *http, const struct cpod_http_config *config, struct cpod_error *err)
{
	const struct cpod_http_server_config server = {
		.size = sizeof (server), .listen_fds = http->fds, .n_fds = http->n_fds,
		.max_body = CPOD_HTTP_MAX_BODY,
		.answer = answer, .data = http,
	};
	int ret;

	http->config = *config;
	http->policy.no_kill = config->no_kill;
	ret = http->module->start (&server, &http->server, err);
	if (ret < 0)
		return ret;
	http->source.ready = readable;
	http->timer.expired = due;
	http->source.data = http->timer.data = http;
	return cpod_loop_add (config->loop, &http->source, http->module->fd (http->server), EPOLLIN, err);
}

bool
cpod_http_idle (const struct cpod_http *http)
{
	return http == NULL || http->server == NULL || http->module->busy (http->server) == 0;
}

void
cpod_http_destroy (struct cpod_http *http)
{
	if (http == NULL)
		return;
	cpod_loop_remove (&http->source);
	cpod_loop_disarm (&http->timer);
	if (http->server != NULL)
		http->module->stop (http->server);
	for (size_t i = 0; i < http->n_fds; i++)
		cpod_fd_close (&http->fds[i]);
	free (http);
}
