/* What the HTTP interface answers: a pure function of the request.
 *
 *   any /         200, empty
 *   any /kill     200, empty; every container is killed and the supervisor ends (404 where switched off)
 *   GET /status   200, JSON; also POST and HEAD, other methods 405
 *   GET /healthy  200, JSON, the same
 *   GET /v1/pod   200, JSON, the same: the pod as Kubernetes tells it
 *   others        404
 *
 * Web pages of other origins must not reach it: a browser's request is refused (403) unless Host names this machine
 * by an address (or localhost), Origin is absent or the same, and Sec-Fetch-Site is absent, same-origin or none.
 */
#ifndef CPOD_CLI_HTTP_ROUTE_H
#define CPOD_CLI_HTTP_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

struct cpod_http_request {
	const char *method, *path;                    /* the path as sent, without its query */
	const char *host, *origin, *fetch_site;       /* header fields, NULL when absent */
	uint64_t body_bytes;                          /* announced by Content-Length */
};

struct cpod_http_policy {
	uint16_t port;
	bool no_kill;                                 /* /kill is switched off */
	const char *host_name;                        /* a name that is accepted too, or NULL */
};

enum cpod_http_action { CPOD_HTTP_EMPTY, CPOD_HTTP_STATUS, CPOD_HTTP_HEALTHY, CPOD_HTTP_KILL, CPOD_HTTP_POD };

struct cpod_http_decision {
	unsigned int status;                          /* 200, 403, 404, 405, 413 */
	enum cpod_http_action action;                 /* with 200 */
	const char *allow;                            /* the Allow field of a 405 */
};

#define CPOD_HTTP_MAX_BODY (64u << 10)

struct cpod_http_decision cpod_http_route (const struct cpod_http_policy *policy,
                                           const struct cpod_http_request *request);

#endif
