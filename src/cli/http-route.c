/* Routing and the guard against web pages; see http-route.h. */
#include "http-route.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Takes "HOST[:PORT]" apart; brackets go. false: no valid host. */
static bool
split_host (const char *text, char host[128], const char **ret_port)
{
	const char *end;
	size_t len;

	if (text[0] == '[') {
		end = strchr (text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		len = (size_t) (end - text - 1);
		text++;
		end++;
	} else {
		end = strchr (text, ':');
		end = end != NULL ? end : text + strlen (text);
		len = (size_t) (end - text);
	}
	if (len == 0 || len >= 128)
		return false;
	memcpy (host, text, len);
	host[len] = '\0';
	*ret_port = *end == ':' ? end + 1 : NULL;
	return true;
}

/* true for an address, localhost, or the accepted name: a name of somebody else's could be made to point
 * here. */
static bool
own_host (const struct cpod_http_policy *policy, const char *host)
{
	unsigned char address[16];

	return inet_pton (AF_INET, host, address) == 1 || inet_pton (AF_INET6, host, address) == 1
	       || strcasecmp (host, "localhost") == 0
	       || (policy->host_name != NULL && strcasecmp (host, policy->host_name) == 0);
}

/* true if text is a host of this machine with our port (or none). */
static bool
accepts_host (const struct cpod_http_policy *policy, const char *text)
{
	char host[128], expected[8];
	const char *port;

	if (!split_host (text, host, &port) || !own_host (policy, host))
		return false;
	snprintf (expected, sizeof (expected), "%u", (unsigned int) policy->port);
	return port == NULL || strcmp (port, expected) == 0;
}

/* true unless the request comes from a web page of another origin. */
static bool
trusted (const struct cpod_http_policy *policy, const struct cpod_http_request *request)
{
	static const char scheme[] = "http://";
	const char *site = request->fetch_site, *origin = request->origin;

	if (request->host != NULL && !accepts_host (policy, request->host))
		return false;
	if (site != NULL && strcasecmp (site, "same-origin") != 0 && strcasecmp (site, "none") != 0)
		return false;
	if (origin == NULL)
		return true;
	if (strncasecmp (origin, scheme, sizeof (scheme) - 1) != 0 || request->host == NULL)
		return false;
	return strcasecmp (origin + sizeof (scheme) - 1, request->host) == 0;
}

static const struct {
	const char *path;
	enum cpod_http_action action;
	bool any_method;
} routes[] = {
	{ "/", CPOD_HTTP_EMPTY, true },
	{ "/status", CPOD_HTTP_STATUS, false },
	{ "/healthy", CPOD_HTTP_HEALTHY, false },
	{ "/v1/pod", CPOD_HTTP_POD, false },
	{ "/kill", CPOD_HTTP_KILL, true },
};

struct cpod_http_decision
cpod_http_route (const struct cpod_http_policy *policy, const struct cpod_http_request *request)
{
	struct cpod_http_decision decision = { .status = 404 };
	const char *method = request->method;

	if (!trusted (policy, request)) {
		decision.status = 403;
		return decision;
	}
	for (size_t i = 0; i < sizeof (routes) / sizeof (routes[0]); i++) {
		if (strcmp (routes[i].path, request->path) != 0)
			continue;
		if (routes[i].action == CPOD_HTTP_KILL && policy->no_kill)
			return decision;
		decision.status = 200;
		decision.action = routes[i].action;
		if (!routes[i].any_method && strcmp (method, "GET") != 0 && strcmp (method, "POST") != 0
		    && strcmp (method, "HEAD") != 0) {
			decision.status = 405;
			decision.allow = "GET, HEAD, POST";
		} else if (request->body_bytes > CPOD_HTTP_MAX_BODY)
			decision.status = 413;
	}
	return decision;
}
