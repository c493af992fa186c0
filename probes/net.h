/* One attempt of a network probe, or of an httpGet hook.
 *
 * Sockets are made in the pod's network, by whoever the owner says. tcpSocket is a connect; httpGet and
 * grpc are transfers of the module "fetch", which is loaded when a pod has the first of them. Redirects are
 * followed here: ten at most, and only on the same host.
 *
 * Who decides about timeouts is the worker: this file only starts, watches and cancels.
 */
#ifndef CPOD_PROBES_NET_H
#define CPOD_PROBES_NET_H

#include "exec.h"
#include "net-target.h"

#include "modules/fetch.h"

/* What all attempts of one pod share. Zeroed, with what is said set by the owner, it is ready. */
struct cpod_probe_fetcher {
	struct cpod_loop *loop;                       /* borrowed; the owner's */
	/* A non-blocking stream socket in the pod's network, or -errno with err set. The owner's. */
	int (*open_socket) (void *data, int domain, int type, int protocol, struct cpod_error *err);
	void *data;

	const struct cpod_fetch_module *module;       /* NULL until it was needed */
	struct cpod_fetcher *fetcher;
	struct cpod_source source;
};
/* Loads the module, for a target that needs it (cpod_net_target_needs_module): a lack of it is found out before
 * anything runs. */
int cpod_probe_fetcher_need (struct cpod_probe_fetcher *fetcher, struct cpod_error *err);
/* After all attempts. */
void cpod_probe_fetcher_finish (struct cpod_probe_fetcher *fetcher);

/* Zeroed, with fetcher, done and data set by the owner, it is ready for start. */
struct cpod_probe_net {
	struct cpod_probe_fetcher *fetcher;           /* borrowed */
	/* Called once for each start that returned 0, unless it was cancelled. It may start the next. */
	void (*done) (struct cpod_probe_net *net, const struct cpod_probe_end *end);
	void *data;

	const struct cpod_net_target *target;         /* of the attempt; NULL: there is none */
	struct cpod_source connecting;                /* tcpSocket */
	int fd;                                       /* owned, while connecting is in the loop */
	struct cpod_fetch *fetch;                     /* the transfer */
	unsigned int n_redirects;
	bool any_answer;                              /* a hook's: whatever the answer, it is one; the owner's */
	struct cpod_error socket_error;               /* why a socket could not be made */
	char *output;                                 /* owned; what the last attempt was told; NULL: nothing */
};

/* Begins an attempt; there must be none. target stays until it is over. On failure *end says what it counts as. */
int cpod_probe_net_start (struct cpod_probe_net *net, const struct cpod_net_target *target, struct cpod_probe_end *end);
/* Ends an attempt; done is not called. Nothing when there is none. */
void cpod_probe_net_cancel (struct cpod_probe_net *net);
/* Also frees the output. */
void cpod_probe_net_finish (struct cpod_probe_net *net);

#endif
