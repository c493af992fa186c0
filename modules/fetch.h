/* What modules/fetch.c and the program agree on: HTTP requests over sockets that the program makes.
 *
 * The module knows transfers and nothing of probes: it sends one request as it is told, follows no redirect, and
 * says what came back. All that it waits for is behind one descriptor.
 */
#ifndef CPOD_MODULES_FETCH_H
#define CPOD_MODULES_FETCH_H

#include <cpod/runtime.h>

#include <stdbool.h>

struct cpod_fetcher;          /* what waits; one serves many transfers */
struct cpod_fetch;            /* a transfer */

/* How a transfer ended. Everything is the module's, valid during the call of done. */
struct cpod_fetch_end {
	const char *failure;          /* why there is no answer; NULL: there is one */
	long status;                  /* of the answer: 200, ... */
	const char *body;             /* its first max_body bytes, NUL-terminated; what follows is not read */
	size_t body_len;
	const char *redirect;         /* where it leads, absolute; NULL: nowhere */
	bool same_host;               /* that is on the same host */
	int grpc_status;              /* the field grpc-status, also as a trailer; -1: there is none */
};

struct cpod_fetch_request {
	size_t size;                  /* sizeof */
	const char *url;
	const char *const *headers;   /* n_headers of "Name: value"; no other is sent but Host and what the body needs */
	size_t n_headers;
	const void *body;             /* a POST; NULL: a GET */
	size_t body_len;
	bool http2;                   /* from the first byte on */
	bool connect_only;            /* the connection is all that is wanted */
	size_t max_body;
	/* Makes a stream socket: a descriptor, the module's from then on, or -errno. */
	int (*open_socket) (void *data, int domain, int type, int protocol);
	void (*done) (void *data, const struct cpod_fetch_end *end);   /* once, from run, unless it was cancelled */
	void *data;
};

struct cpod_fetch_module {
	unsigned int abi;
	int (*create) (struct cpod_fetcher **ret_fetcher, struct cpod_error *err);
	/* Pollable (POLLIN) when run has something to do. Owned by the fetcher. */
	int (*fd) (const struct cpod_fetcher *fetcher);
	/* Does what is due without blocking. */
	void (*run) (struct cpod_fetcher *fetcher);
	/* The request is borrowed for the call. */
	int (*begin) (struct cpod_fetcher *fetcher, const struct cpod_fetch_request *request, struct cpod_fetch **ret_fetch,
	              struct cpod_error *err);
	void (*cancel) (struct cpod_fetch *fetch);
	void (*destroy) (struct cpod_fetcher *fetcher);   /* after all its transfers; NULL is allowed */
};
#define CPOD_FETCH_ABI    1u
#define CPOD_FETCH_SYMBOL "cpod_fetch_module"

#endif
