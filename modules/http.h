/* What modules/http.c and the program agree on: an HTTP server on sockets that the program bound.
 *
 * The module knows HTTP and nothing else: every request is handed to answer, which fills in the reply.
 */
#ifndef CPOD_MODULES_HTTP_H
#define CPOD_MODULES_HTTP_H

#include <cpod/runtime.h>

struct cpod_http_server;

struct cpod_http_message {
	const char *method, *path;                    /* the path as sent, without its query */
	const char *host, *origin, *fetch_site;       /* header fields, NULL when absent */
	uint64_t body_bytes;                          /* Content-Length, 0 when absent */
	/* The reply, filled in by answer: */
	unsigned int status;
	const char *type;                             /* Content-Type, or NULL */
	const char *allow;                            /* Allow, or NULL */
	char *body;                                   /* malloc'ed, freed by the module; NULL: empty */
	size_t body_len;
};

struct cpod_http_server_config {
	size_t size;                                  /* sizeof */
	const int *listen_fds;                        /* n_fds listening sockets, non-blocking; borrowed */
	size_t n_fds;
	uint64_t max_body;                            /* a body that turns out longer ends the connection */
	void (*answer) (void *data, struct cpod_http_message *message);
	void *data;
};

struct cpod_http_module {
	unsigned int abi;
	int (*start) (const struct cpod_http_server_config *config, struct cpod_http_server **ret_server,
	              struct cpod_error *err);
	/* Pollable (POLLIN) when run has something to do. Owned by the server. */
	int (*fd) (const struct cpod_http_server *server);
	/* Milliseconds until run must be called in any case; -1: never. */
	int64_t (*timeout_ms) (const struct cpod_http_server *server, uint64_t now_ns);
	/* Does what is due without blocking. now_ns: CLOCK_MONOTONIC. */
	void (*run) (struct cpod_http_server *server, uint64_t now_ns);
	/* Requests that were received and are not answered completely. */
	unsigned int (*busy) (const struct cpod_http_server *server);
	void (*stop) (struct cpod_http_server *server);
};
#define CPOD_HTTP_ABI    1u
#define CPOD_HTTP_SYMBOL "cpod_http_module"

#endif
