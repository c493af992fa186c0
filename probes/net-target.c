/* Whom a network probe asks (net-target.h). */
#include "net-target.h"

#include "src/base/error.h"
#include "src/base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#ifndef CPOD_VERSION
#define CPOD_VERSION "0"
#endif
#define USER_AGENT "User-Agent: kube-probe/1.36 cpod/" CPOD_VERSION

/* ---- Ports -------------------------------------------------------------------------------- */

static const char *const protocol_words[] = { "TCP", "UDP", "SCTP", NULL };
static const struct cpod_field port_fields[] = {
	{ "name", CPOD_KIND_STRING, 0, offsetof (struct cpod_net_port, name), .where = "for probes and hooks" },
	{ "containerPort", CPOD_KIND_INT, CPOD_FIELD_REQUIRED, offsetof (struct cpod_net_port, container_port), 1, 65535,
	  .where = "the number that the name stands for" },
	{ "protocol", CPOD_KIND_ENUM, 0, offsetof (struct cpod_net_port, protocol), .words = protocol_words,
	  .where = "TCP, UDP or SCTP; for readers" },
};
const struct cpod_object cpod_net_port_object = {
	"ports", sizeof (struct cpod_net_port), port_fields, sizeof (port_fields) / sizeof (port_fields[0]), NULL, false,
};

/* A number, or the name of one of the container's ports. The table has checked what it looks like. */
static int
find_port (const struct cpod_json *port, const struct cpod_net_port *ports, size_t n, uint16_t *ret, struct cpod_error *err)
{
	if (port->type == CPOD_JSON_NUMBER) {
		*ret = (uint16_t) atoi (port->text);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		if (ports[i].name && strcmp (ports[i].name, port->text) == 0) {
			*ret = (uint16_t) ports[i].container_port.value;
			return 0;
		}
	return cpod_error_set (err, EINVAL, "no port of the container is named \"%s\"", port->text);
}

/* ---- HTTP --------------------------------------------------------------------------------- */

/* Whether one of the fields has this name. */
static const struct cpod_http_header *
find_header (const struct cpod_http_get *get, const char *name)
{
	const struct cpod_http_header *headers = get->headers.items;

	for (size_t i = 0; i < get->headers.n; i++)
		if (strcasecmp (headers[i].name, name) == 0)
			return &headers[i];
	return NULL;
}

/* What is sent unless the user has a field of that name. */
static const struct { const char *name, *line; } default_headers[] = {
	{ "User-Agent", USER_AGENT },
	{ "Accept", "Accept: */*" },
	{ "Connection", "Connection: close" },
};
#define N_DEFAULTS (sizeof (default_headers) / sizeof (default_headers[0]))

static int
make_headers (const struct cpod_http_get *get, struct cpod_arena *arena, struct cpod_net_target *ret)
{
	const struct cpod_http_header *headers = get->headers.items;
	const char **lines = cpod_arena_array (arena, get->headers.n + N_DEFAULTS, sizeof (*lines));
	size_t n = 0;

	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < N_DEFAULTS; i++)
		if (!find_header (get, default_headers[i].name))
			lines[n++] = default_headers[i].line;
	for (size_t i = 0; i < get->headers.n; i++) {
		if (headers[i].value[0] == '\0' && strcasecmp (headers[i].name, "Accept") == 0)
			continue;   /* asked not to be sent */
		lines[n] = cpod_arena_printf (arena, headers[i].value[0] != '\0' ? "%s: %s" : "%s;%s", headers[i].name,
		                              headers[i].value);
		if (!lines[n++])
			return -ENOMEM;
	}
	ret->headers = lines;
	ret->n_headers = n;
	return 0;
}

/* The path as a URL may hold it: with a leading slash, and what would end the request line escaped. */
static const char *
escape_path (const char *path, struct cpod_arena *arena)
{
	cpod_autostr text = CPOD_STR_INIT;

	if (path[0] != '/')
		cpod_str_add_char (&text, '/');
	for (; *path; path++) {
		unsigned char byte = (unsigned char) *path;

		if (byte <= ' ' || byte >= 0x7f || strchr ("\"<>\\^`{|}", byte))
			cpod_str_printf (&text, "%%%02X", byte);
		else
			cpod_str_add_char (&text, (char) byte);
	}
	return cpod_str_failed (&text) ? NULL : cpod_arena_strdup (arena, text.data);
}

int
cpod_net_target_http (const struct cpod_http_get *get, const struct cpod_net_port *ports, size_t n,
                      struct cpod_arena *arena, struct cpod_net_target *ret, struct cpod_error *err)
{
	const char *host = get->host && get->host[0] ? get->host : CPOD_NET_DEFAULT_HOST;
	const char *path = escape_path (get->path && get->path[0] ? get->path : "/", arena);
	struct cpod_net_target target = { .kind = CPOD_NET_HTTP, .host = host };
	int status = find_port (get->port, ports, n, &target.port, err);

	if (status < 0)
		return status;
	if (path)
		target.url = cpod_arena_printf (arena, strchr (host, ':') ? "%s://[%s]:%u%s" : "%s://%s:%u%s",
		                                get->scheme.value == 1 ? "https" : "http", host, target.port, path);
	if (!target.url || make_headers (get, arena, &target) < 0)
		return cpod_error_oom (err);
	*ret = target;
	return 0;
}

/* ---- gRPC --------------------------------------------------------------------------------- */

/* grpc.health.v1.HealthCheckRequest { string service = 1; } in one frame: not compressed, its length in 4 bytes. */
static int
make_grpc_body (const char *service, struct cpod_arena *arena, struct cpod_net_target *ret)
{
	size_t len = service ? strlen (service) : 0, n = 5;
	unsigned char *body = cpod_arena_array (arena, len + 16, 1);

	if (!body)
		return -ENOMEM;
	if (len > 0) {
		body[n++] = 1 << 3 | 2;
		for (size_t rest = len; n == 6 || rest > 0; rest >>= 7)
			body[n++] = (unsigned char) ((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
		memcpy (body + n, service, len);
	}
	n += len;
	body[0] = 0;
	for (int i = 0; i < 4; i++)
		body[1 + i] = (unsigned char) ((n - 5) >> (24 - 8 * i));
	ret->body = body;
	ret->body_len = n;
	return 0;
}

static int
target_grpc (const struct cpod_grpc *grpc, struct cpod_arena *arena, struct cpod_net_target *ret, struct cpod_error *err)
{
	static const char *const headers[] = { "Content-Type: application/grpc", "TE: trailers", USER_AGENT };

	*ret = (struct cpod_net_target) {
		.kind = CPOD_NET_GRPC, .host = CPOD_NET_DEFAULT_HOST, .port = (uint16_t) grpc->port.value,
		.headers = headers, .n_headers = sizeof (headers) / sizeof (headers[0]),
	};
	ret->url = cpod_arena_printf (arena, "http://%s:%u/grpc.health.v1.Health/Check", ret->host, ret->port);
	if (!ret->url || make_grpc_body (grpc->service, arena, ret) < 0)
		return cpod_error_oom (err);
	return 0;
}

/* The URL is for a host that is a name. */
static int
target_tcp (const struct cpod_tcp_socket *tcp, const struct cpod_net_port *ports, size_t n, struct cpod_arena *arena,
            struct cpod_net_target *ret, struct cpod_error *err)
{
	struct cpod_net_target target = { .kind = CPOD_NET_TCP, .host = CPOD_NET_DEFAULT_HOST };
	int status = find_port (tcp->port, ports, n, &target.port, err);

	if (status < 0)
		return status;
	if (tcp->host && tcp->host[0])
		target.host = tcp->host;
	target.url = cpod_arena_printf (arena, "http://%s:%u/", target.host, target.port);
	if (!target.url)
		return cpod_error_oom (err);
	*ret = target;
	return 0;
}

/* ---- All of them -------------------------------------------------------------------------- */

int
cpod_net_target_of (const struct cpod_probe_spec *probe, const struct cpod_net_port *ports, size_t n,
                    struct cpod_arena *arena, struct cpod_net_target *ret, struct cpod_error *err)
{
	if (probe->http_get)
		return cpod_net_target_http (probe->http_get, ports, n, arena, ret, err);
	if (probe->grpc)
		return target_grpc (probe->grpc, arena, ret, err);
	return target_tcp (probe->tcp_socket, ports, n, arena, ret, err);
}

bool
cpod_net_target_needs_module (const struct cpod_net_target *target)
{
	unsigned char address[16];

	return target->kind != CPOD_NET_TCP
	       || (inet_pton (AF_INET, target->host, address) != 1 && inet_pton (AF_INET6, target->host, address) != 1);
}
