/* HTTP requests through libcurl's multi interface, inside a foreign loop.
 *
 * One epoll descriptor stands for everything: the sockets that libcurl wants watched, and a timerfd for the times
 * that it wants to be woken at. Every transfer is alone on its connection. What a hostile server may send is
 * bounded: the body is read as far as the caller wants it, the header fields to 64 KiB, and redirects are
 * told, not followed.
 *
 * No proxy, no credentials, no cookies, no cache: nothing of the caller's environment has a say.
 */
#include "modules/fetch.h"

#include "modules/module.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { MAX_EVENTS = 32, MAX_HEADER_BYTES = 64 << 10 };

struct cpod_fetcher {
	CURLM *multi;                 /* owned, as are the descriptors */
	int epoll_fd, timer_fd;
};

struct cpod_fetch {
	struct cpod_fetcher *fetcher;
	CURL *easy;                   /* owned, as is what follows */
	struct curl_slist *headers;
	char *url, *body;
	size_t body_len, max_body, header_bytes;
	bool full, flooded;           /* ended by us: enough was read; too much was sent */
	int grpc_status;
	char words[CURL_ERROR_SIZE];
	int (*open_socket) (void *data, int domain, int type, int protocol);
	void (*done) (void *data, const struct cpod_fetch_end *end);
	void *data;
};

__attribute__ ((format (printf, 3, 4)))
static int
fail (struct cpod_error *err, int code, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return -code;
	err->code = code;
	va_start (args, format);
	(void) vsnprintf (err->message, sizeof (err->message), format, args);
	va_end (args);
	return -code;
}

/* ---- What libcurl asks for ---------------------------------------------------------------- */

/* CURLMOPT_SOCKETFUNCTION */
static int
watch (CURL *easy, curl_socket_t fd, int what, void *data, void *watched)
{
	struct cpod_fetcher *fetcher = data;
	struct epoll_event event = { .data.fd = fd };

	(void) easy;
	if (what == CURL_POLL_REMOVE) {
		(void) epoll_ctl (fetcher->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	if (epoll_ctl (fetcher->epoll_fd, watched != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0)
		return -1;
	(void) curl_multi_assign (fetcher->multi, fd, fetcher);
	return 0;
}

/* CURLMOPT_TIMERFUNCTION */
static int
wake (CURLM *multi, long timeout_ms, void *data)
{
	const struct cpod_fetcher *fetcher = data;
	struct itimerspec when = { .it_value = { 0, 0 } };

	(void) multi;
	if (timeout_ms == 0)
		when.it_value.tv_nsec = 1;
	else if (timeout_ms > 0)
		when.it_value = (struct timespec) { timeout_ms / 1000, timeout_ms % 1000 * 1000000 };
	return timerfd_settime (fetcher->timer_fd, 0, &when, NULL);
}

static curl_socket_t
open_socket (void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct cpod_fetch *fetch = data;
	int fd;

	(void) purpose;
	fd = fetch->open_socket (fetch->data, address->family, address->socktype, address->protocol);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* Keeps what still fits; anything but len ends the transfer. */
static size_t
take_body (char *bytes, size_t size, size_t n, void *data)
{
	struct cpod_fetch *fetch = data;
	size_t len = size * n, room = fetch->max_body - fetch->body_len;

	fetch->full = len >= room;
	if (fetch->body == NULL)
		fetch->body = malloc (fetch->max_body + 1);
	if (fetch->body == NULL)
		return 0;
	memcpy (fetch->body + fetch->body_len, bytes, fetch->full ? room : len);
	fetch->body_len += fetch->full ? room : len;
	fetch->body[fetch->body_len] = '\0';
	return fetch->full ? 0 : len;
}

/* One header field, or a trailer. */
static size_t
take_header (char *bytes, size_t size, size_t n, void *data)
{
	static const char name[] = "grpc-status:";
	struct cpod_fetch *fetch = data;
	size_t len = size * n;
	char value[16];

	fetch->header_bytes += len;
	fetch->flooded = fetch->header_bytes > MAX_HEADER_BYTES;
	if (fetch->flooded)
		return 0;
	if (len < sizeof (name) || len - sizeof (name) >= sizeof (value) || strncasecmp (bytes, name, sizeof (name) - 1) != 0)
		return len;
	memcpy (value, bytes + sizeof (name) - 1, len - sizeof (name) + 1);
	value[len - sizeof (name) + 1 < sizeof (value) ? len - sizeof (name) + 1 : sizeof (value) - 1] = '\0';
	fetch->grpc_status = atoi (value);
	return len;
}

/* ---- A transfer --------------------------------------------------------------------------- */

static void
free_fetch (struct cpod_fetch *fetch)
{
	if (fetch->easy != NULL)
		curl_easy_cleanup (fetch->easy);
	curl_slist_free_all (fetch->headers);
	free (fetch->url);
	free (fetch->body);
	free (fetch);
}

/* One part of a URL, to be freed by curl_free; NULL: there is none. */
static char *
url_part (const char *url, CURLUPart part)
{
	CURLU *parsed = curl_url ();
	char *text = NULL;

	if (parsed != NULL && curl_url_set (parsed, CURLUPART_URL, url, 0) == CURLUE_OK)
		(void) curl_url_get (parsed, part, &text, 0);
	curl_url_cleanup (parsed);
	return text;
}

static bool
same_host (const char *a, const char *b)
{
	char *host_a = url_part (a, CURLUPART_HOST), *host_b = url_part (b, CURLUPART_HOST);
	bool same = host_a != NULL && host_b != NULL && strcasecmp (host_a, host_b) == 0;

	curl_free (host_a);
	curl_free (host_b);
	return same;
}

/* Tells how it ended, and frees it. */
static void
finish (struct cpod_fetch *fetch, CURLcode code)
{
	struct cpod_fetch_end end = { .body = fetch->body != NULL ? fetch->body : "", .body_len = fetch->body_len };
	char *redirect = NULL;

	(void) curl_multi_remove_handle (fetch->fetcher->multi, fetch->easy);
	if (fetch->flooded)
		end.failure = "the header fields of the answer are longer than 64 KiB";
	else if (code != CURLE_OK && !fetch->full)
		end.failure = fetch->words[0] != '\0' ? fetch->words : curl_easy_strerror (code);
	(void) curl_easy_getinfo (fetch->easy, CURLINFO_RESPONSE_CODE, &end.status);
	(void) curl_easy_getinfo (fetch->easy, CURLINFO_REDIRECT_URL, &redirect);
	end.redirect = redirect;
	end.same_host = redirect != NULL && same_host (fetch->url, redirect);
	end.grpc_status = fetch->grpc_status;
	fetch->done (fetch->data, &end);
	free_fetch (fetch);
}

/* Everything that every transfer is told alike. */
static CURLcode
set_options (struct cpod_fetch *fetch)
{
	const struct { CURLoption option; long value; } numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 }, { CURLOPT_FOLLOWLOCATION, 0 }, { CURLOPT_SSL_VERIFYPEER, 0 }, { CURLOPT_SSL_VERIFYHOST, 0 },
		{ CURLOPT_FRESH_CONNECT, 1 }, { CURLOPT_FORBID_REUSE, 1 }, { CURLOPT_PATH_AS_IS, 1 }, { CURLOPT_HTTP09_ALLOWED, 0 },
		{ CURLOPT_DNS_CACHE_TIMEOUT, 0 }, { CURLOPT_SSL_SESSIONID_CACHE, 0 }, { CURLOPT_BUFFERSIZE, 16 << 10 },
		{ CURLOPT_TCP_KEEPALIVE, 0 }, { CURLOPT_HTTP_TRANSFER_DECODING, 1 }, { CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_QUICK_EXIT, 1 },   /* a name that is still looked for when the attempt is given up is left to its thread */
	};
	const struct { CURLoption option; const void *value; } pointers[] = {
		{ CURLOPT_URL, fetch->url }, { CURLOPT_PROXY, "" }, { CURLOPT_PROTOCOLS_STR, "http,https" },
		{ CURLOPT_ERRORBUFFER, fetch->words }, { CURLOPT_HTTPHEADER, fetch->headers }, { CURLOPT_PRIVATE, fetch },
		{ CURLOPT_OPENSOCKETDATA, fetch }, { CURLOPT_WRITEDATA, fetch }, { CURLOPT_HEADERDATA, fetch },
	};
	CURLcode ret = CURLE_OK;

	for (size_t i = 0; i < sizeof (numbers) / sizeof (numbers[0]) && ret == CURLE_OK; i++)
		ret = curl_easy_setopt (fetch->easy, numbers[i].option, numbers[i].value);
	for (size_t i = 0; i < sizeof (pointers) / sizeof (pointers[0]) && ret == CURLE_OK; i++)
		ret = curl_easy_setopt (fetch->easy, pointers[i].option, pointers[i].value);
	if (ret != CURLE_OK)
		return ret;
	(void) curl_easy_setopt (fetch->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	(void) curl_easy_setopt (fetch->easy, CURLOPT_WRITEFUNCTION, take_body);
	(void) curl_easy_setopt (fetch->easy, CURLOPT_HEADERFUNCTION, take_header);
	return CURLE_OK;
}

/* What the request says. */
static CURLcode
set_request (struct cpod_fetch *fetch, const struct cpod_fetch_request *request)
{
	long version = request->http2 ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : CURL_HTTP_VERSION_1_1;
	CURLcode ret = curl_easy_setopt (fetch->easy, CURLOPT_HTTP_VERSION, version);

	if (ret == CURLE_OK && request->connect_only)
		ret = curl_easy_setopt (fetch->easy, CURLOPT_CONNECT_ONLY, 1L);
	if (ret != CURLE_OK || request->body == NULL)
		return ret;
	(void) curl_easy_setopt (fetch->easy, CURLOPT_POSTFIELDSIZE, (long) request->body_len);
	return curl_easy_setopt (fetch->easy, CURLOPT_COPYPOSTFIELDS, (const char *) request->body);
}

/* A copy of the request's fields. */
static bool
copy_headers (struct cpod_fetch *fetch, const struct cpod_fetch_request *request)
{
	for (size_t i = 0; i < request->n_headers; i++) {
		struct curl_slist *longer = curl_slist_append (fetch->headers, request->headers[i]);

		if (longer == NULL)
			return false;
		fetch->headers = longer;
	}
	return true;
}

static int
begin (struct cpod_fetcher *fetcher, const struct cpod_fetch_request *request, struct cpod_fetch **ret_fetch,
       struct cpod_error *err)
{
	struct cpod_fetch *fetch = calloc (1, sizeof (*fetch));
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (fetch == NULL)
		return fail (err, ENOMEM, "out of memory");
	fetch->fetcher = fetcher;
	fetch->open_socket = request->open_socket;
	fetch->done = request->done;
	fetch->data = request->data;
	fetch->max_body = request->max_body;
	fetch->grpc_status = -1;
	fetch->url = strdup (request->url);
	fetch->easy = curl_easy_init ();
	if (fetch->url != NULL && fetch->easy != NULL && copy_headers (fetch, request))
		code = set_options (fetch);
	if (code == CURLE_OK)
		code = set_request (fetch, request);
	if (code == CURLE_OK && curl_multi_add_handle (fetcher->multi, fetch->easy) == CURLM_OK) {
		*ret_fetch = fetch;
		return 0;
	}
	free_fetch (fetch);
	return code == CURLE_OUT_OF_MEMORY ? fail (err, ENOMEM, "out of memory")
	       : fail (err, EINVAL, "%s: %s", request->url, curl_easy_strerror (code));
}

static void
cancel (struct cpod_fetch *fetch)
{
	(void) curl_multi_remove_handle (fetch->fetcher->multi, fetch->easy);
	free_fetch (fetch);
}

/* ---- The fetcher -------------------------------------------------------------------------- */

static void
destroy (struct cpod_fetcher *fetcher)
{
	if (fetcher == NULL)
		return;
	if (fetcher->multi != NULL)
		(void) curl_multi_cleanup (fetcher->multi);
	if (fetcher->timer_fd >= 0)
		close (fetcher->timer_fd);
	if (fetcher->epoll_fd >= 0)
		close (fetcher->epoll_fd);
	free (fetcher);
}

static int
create (struct cpod_fetcher **ret_fetcher, struct cpod_error *err)
{
	struct cpod_fetcher *fetcher = calloc (1, sizeof (*fetcher));
	struct epoll_event event = { .events = EPOLLIN };
	int code = 0;

	if (fetcher == NULL || curl_global_init (CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free (fetcher);
		return fail (err, ENOMEM, "out of memory");
	}
	fetcher->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
	fetcher->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	fetcher->multi = curl_multi_init ();
	event.data.fd = fetcher->timer_fd;
	if (fetcher->epoll_fd < 0 || fetcher->timer_fd < 0
	    || epoll_ctl (fetcher->epoll_fd, EPOLL_CTL_ADD, fetcher->timer_fd, &event) < 0)
		code = errno;
	else if (fetcher->multi == NULL)
		code = ENOMEM;
	if (code != 0) {
		destroy (fetcher);
		return fail (err, code, "watch HTTP probes: %s", strerror (code));
	}
	(void) curl_multi_setopt (fetcher->multi, CURLMOPT_SOCKETFUNCTION, watch);
	(void) curl_multi_setopt (fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
	(void) curl_multi_setopt (fetcher->multi, CURLMOPT_TIMERFUNCTION, wake);
	(void) curl_multi_setopt (fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
	*ret_fetcher = fetcher;
	return 0;
}

static int
fetcher_fd (const struct cpod_fetcher *fetcher)
{
	return fetcher->epoll_fd;
}

/* Ends what has ended; each may begin another. */
static void
harvest (struct cpod_fetcher *fetcher)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read (fetcher->multi, &left)) != NULL) {
		struct cpod_fetch *fetch = NULL;
		CURLcode code = message->data.result;

		(void) curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, (char **) &fetch);
		if (message->msg == CURLMSG_DONE && fetch != NULL)
			finish (fetch, code);
	}
}

static void
run (struct cpod_fetcher *fetcher)
{
	struct epoll_event events[MAX_EVENTS];
	int n = epoll_wait (fetcher->epoll_fd, events, MAX_EVENTS, 0), running;

	for (int i = 0; i < n; i++) {
		int flags = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
		            | (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
		uint64_t times;

		if (events[i].data.fd != fetcher->timer_fd) {
			(void) curl_multi_socket_action (fetcher->multi, events[i].data.fd, flags, &running);
			continue;
		}
		(void) !read (fetcher->timer_fd, &times, sizeof (times));
		(void) curl_multi_socket_action (fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	harvest (fetcher);
}

CPOD_MODULE_EXPORT extern const struct cpod_fetch_module cpod_fetch_module;
const struct cpod_fetch_module cpod_fetch_module = {
	.abi = CPOD_FETCH_ABI, .create = create, .fd = fetcher_fd, .run = run, .begin = begin, .cancel = cancel,
	.destroy = destroy,
};
