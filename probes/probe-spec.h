/* Probes as the user writes them: Kubernetes' schema, decoded by table.
 *
 * Defaults are filled in, 0 means "default", negatives are refused. What the handlers of the
 * network mean is in net-target.h.
 */
#ifndef CPOD_PROBES_PROBE_SPEC_H
#define CPOD_PROBES_PROBE_SPEC_H

#include "worker.h"

#include "src/base/decode.h"

struct cpod_http_header { const char *name, *value; };
struct cpod_http_get {
	const char *path, *host;
	struct cpod_int scheme;               /* 0: HTTP, 1: HTTPS */
	const struct cpod_json *port;
	struct cpod_array headers;            /* struct cpod_http_header */
};
struct cpod_tcp_socket { const char *host; const struct cpod_json *port; };
struct cpod_grpc { const char *service; struct cpod_int port; };

/* A decoded probe. config is complete; command is the argv of exec, as written. */
struct cpod_probe_spec {
	struct cpod_probe_config config;
	struct cpod_strings command;
	const struct cpod_http_get *http_get;
	const struct cpod_tcp_socket *tcp_socket;
	const struct cpod_grpc *grpc;
	struct cpod_int initial_delay, timeout, period, success_threshold, failure_threshold;   /* seconds, as written */
	struct cpod_int timeout_ms, period_ms;   /* milliseconds, instead */
	struct cpod_int grace;                   /* terminationGracePeriodSeconds, instead of the pod's */
};

/* The element tables for livenessProbe, readinessProbe and startupProbe. */
extern const struct cpod_object cpod_liveness_probe_object, cpod_readiness_probe_object, cpod_startup_probe_object;

/* For other objects that have handlers: the decoder of exec, {"command": [...]} or the bare array, into a struct
 * cpod_strings; and the table of httpGet. */
int cpod_exec_action_decode (struct cpod_decoder *decoder, const struct cpod_json *value, void *target,
                             struct cpod_error *err);
extern const struct cpod_object cpod_http_get_object;

/* The normalised probe: every number written out, exec as {"command": [...]}. NULL: memory. */
struct cpod_json *cpod_probe_json (const struct cpod_probe_spec *probe, struct cpod_arena *arena);

/* Expands $(NAME) in argv from n pairs "NAME=VALUE", as Kubernetes does for a command: what has no
 * value stays as it is, $$ is one $, there is no shell. NULL: memory. */
const char **cpod_probe_expand (const char *const *argv, const char *const *env, struct cpod_arena *arena);

#endif
