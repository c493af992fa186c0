/* Whom a network probe asks: httpGet, tcpSocket and grpc as the user writes them, made ready.
 *
 * Named ports are looked up, defaults filled in, header fields completed as the kubelet sends them.
 */
#ifndef CPOD_PROBES_NET_TARGET_H
#define CPOD_PROBES_NET_TARGET_H

#include "probe-spec.h"

#include "src/base/arena.h"

/* Where a probe without a host goes: the pod has no address of its own but loopback. */
#define CPOD_NET_DEFAULT_HOST "127.0.0.1"

enum cpod_net_kind { CPOD_NET_HTTP, CPOD_NET_TCP, CPOD_NET_GRPC };

/* One of a container's ports. */
struct cpod_net_port { const char *name; struct cpod_int container_port, protocol; };
extern const struct cpod_object cpod_net_port_object;

struct cpod_net_target {
	enum cpod_net_kind kind;
	const char *host;                 /* a name or an address, without brackets */
	uint16_t port;
	const char *url;                  /* HTTP, GRPC */
	const char *const *headers;       /* n_headers of "Name: value" */
	size_t n_headers;
	const void *body;                 /* GRPC: the request */
	size_t body_len;
};

/* Whether asking it takes the module "fetch". */
bool cpod_net_target_needs_module (const struct cpod_net_target *target);

/* httpGet of a probe or a hook. ports: n of the container's. -EINVAL: a name that no port has; the message is a
 * sentence about "port". The texts live in arena or where get's do. */
int cpod_net_target_http (const struct cpod_http_get *get, const struct cpod_net_port *ports, size_t n,
                          struct cpod_arena *arena, struct cpod_net_target *ret, struct cpod_error *err);
/* The network handler of a probe that is not exec. Errors as above. */
int cpod_net_target_of (const struct cpod_probe_spec *probe, const struct cpod_net_port *ports, size_t n,
                        struct cpod_arena *arena, struct cpod_net_target *ret, struct cpod_error *err);

#endif
