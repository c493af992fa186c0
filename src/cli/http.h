/* The HTTP interface of `cpod run --port`: sockets, the module that speaks HTTP, the answers.
 *
 * The sockets are bound before anything of the pod starts. The HTTP library is in a module that is loaded
 * only here; it runs inside the supervisor's loop, without threads.
 */
#ifndef CPOD_CLI_HTTP_H
#define CPOD_CLI_HTTP_H

#include "src/base/loop.h"

#include <cpod/cpod.h>

#define CPOD_HTTP_MAX_SOCKETS 2

struct cpod_http_address {
	int families[CPOD_HTTP_MAX_SOCKETS];    /* 0: unused */
	unsigned char bytes[CPOD_HTTP_MAX_SOCKETS][16];
	uint16_t port;
	bool optional[CPOD_HTTP_MAX_SOCKETS];   /* skipped where the machine has no such address family */
	bool loopback;
	char url[80];                           /* for people */
};

struct cpod_http;
struct cpod_http_config {
	struct cpod_loop *loop;           /* both borrowed */
	struct cpod_pod *pod;
	bool no_kill;
	void (*kill) (void *data);        /* /kill was asked for; called before it is answered */
	void *data;
};

/* Reads "PORT", "ADDRESS:PORT", "[ADDRESS]:PORT", "localhost:PORT"; without an address it is the loopback
 * of both families. -EINVAL with a sentence. */
int cpod_http_parse (const char *text, struct cpod_http_address *ret_address, struct cpod_error *err);
/* Binds, listens and loads the module. -EADDRINUSE, ... */
int cpod_http_open (const struct cpod_http_address *address, struct cpod_http **ret_http,
                    struct cpod_error *err);
/* Begins to answer. */
int cpod_http_serve (struct cpod_http *http, const struct cpod_http_config *config, struct cpod_error *err);
/* true when no answer is being sent. */
bool cpod_http_idle (const struct cpod_http *http);
/* NULL is allowed. */
void cpod_http_destroy (struct cpod_http *http);

#endif
