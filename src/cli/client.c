/* The commands' side of the control socket; see client.h. Blocking, with timeouts: a command waits for one
 * thing. */
#include "client.h"

#include "cli.h"
#include "control.h"
#include "names.h"
#include "state-dir.h"

#include "src/base/decode.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	ANSWER_MS = 10000,        /* a supervisor that is this late is stuck */
	MOMENT_MS = 2000,         /* one that is just beginning or ending */
	STEP_MS = 20,
};

const char *
cpod_member_text (const struct cpod_json *object, const char *key, const char *otherwise)
{
	const struct cpod_json *value = object != NULL ? cpod_json_get (object, key) : NULL;

	return value != NULL && value->type == CPOD_JSON_STRING ? value->text : otherwise;
}

int64_t
cpod_member_int (const struct cpod_json *object, const char *key, int64_t otherwise)
{
	const struct cpod_json *value = object != NULL ? cpod_json_get (object, key) : NULL;

	if (value == NULL || value->type != CPOD_JSON_NUMBER)
		return otherwise;
	return strtoimax (value->text, NULL, 10);
}

bool
cpod_member_bool (const struct cpod_json *object, const char *key, bool otherwise)
{
	const struct cpod_json *value = object != NULL ? cpod_json_get (object, key) : NULL;

	return value != NULL && value->type == CPOD_JSON_BOOL ? value->boolean : otherwise;
}

/* The one of names (n) that name means: itself, or the only one that begins so. */
static int
choose (const char *name, char *const *names, size_t n, const char **ret_name, struct cpod_error *err)
{
	const struct cpod_choice choice = cpod_names_choose (name, (const char *const *) names, n);

	if (choice.second != NULL)
		return cpod_error_set (err, ENOENT, "several pods begin with %s: %s, %s%s", name, choice.name,
		                       choice.second, choice.more ? ", ..." : "");
	if (choice.near != NULL)
		return cpod_error_set (err, ENOENT, "no pod is called %s; did you mean %s?", name, choice.near);
	if (choice.name == NULL)
		return cpod_error_set (err, ENOENT, "no pod is called %s; `cpod ps` lists what runs", name);
	*ret_name = choice.name;
	return 0;
}

/* The only running pod. */
static int
choose_only (int pods_fd, char *const *names, size_t n, const char **ret_name, struct cpod_error *err)
{
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (cpod_state_look (pods_fd, names[i]) != CPOD_ENTRY_RUNS)
			continue;
		if (found != NULL)
			return cpod_error_set (err, ENOENT,
			                       "several pods run; which one? `cpod ps` lists them");
		found = names[i];
	}
	if (found == NULL)
		return cpod_error_set (err, ENOENT, "no pod runs");
	*ret_name = found;
	return 0;
}

int
cpod_client_connect (struct cpod_client *client, int pods_fd, const char *name, struct cpod_error *err)
{
	cpod_autofd dir_fd = openat (pods_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd = -1;
	struct sockaddr_un address;

	if (dir_fd < 0)
		return cpod_error_sys (err, errno, "pod %s", name);
	fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cpod_error_sys (err, errno, "make a socket");
	cpod_control_address (dir_fd, &address);
	if (connect (fd, (struct sockaddr *) &address, sizeof (address)) < 0)
		return cpod_error_sys (err, errno, "connect to pod %s", name);
	memset (client, 0, sizeof (*client));
	snprintf (client->pod, sizeof (client->pod), "%s", name);
	cpod_arena_init (&client->arena, 0);
	client->inbox.limit = CPOD_VARLINK_MAX_REPLY;
	client->fd = cpod_fd_steal (&fd);
	return 0;
}

int
cpod_client_reach (struct cpod_client *client, int pods_fd, const char *name, bool kept, struct cpod_error *err)
{
	int ret;

	for (int tries = MOMENT_MS / STEP_MS;; tries--) {
		enum cpod_entry entry;

		ret = cpod_client_connect (client, pods_fd, name, err);
		if (ret != -ECONNREFUSED && ret != -ENOENT)
			return ret;
		entry = cpod_state_look (pods_fd, name);
		if (entry == CPOD_ENTRY_DEAD)
			return cpod_error_set (err, ENOENT, "pod %s does not run any more (its supervisor was killed; `cpod gc` "
			                       "removes what it left)", name);
		if (entry == CPOD_ENTRY_ENDED && kept) {
			memset (client, 0, sizeof (*client));
			client->fd = -1;
			client->kept = true;
			cpod_arena_init (&client->arena, 0);
			snprintf (client->pod, sizeof (client->pod), "%s", name);
			return 0;
		}
		if (entry == CPOD_ENTRY_ENDED)
			return cpod_error_set (err, ENOTCONN, "pod %s has ended; `cpod status %s` says how", name, name);
		if (entry == CPOD_ENTRY_NONE || tries == 0)
			return ret;
		(void) poll (NULL, 0, STEP_MS);
	}
}

/* Finds the pod and reaches it. */
static int
open_pod (struct cpod_client *client, const char *name, bool kept, struct cpod_error *err)
{
	cpod_autofd pods_fd = -1;
	const char *chosen = NULL;
	char path[384], **names;
	size_t n;
	int ret;

	client->fd = -1;
	client->kept = false;
	ret = cpod_state_open_pods (false, path, sizeof (path), &pods_fd, err);
	if (ret == -ENOENT)
		return name == NULL ? cpod_error_set (err, ENOENT, "no pod runs")
		                    : cpod_error_set (err, ENOENT, "no pod is called %s; no pod runs", name);
	if (ret == 0)
		ret = cpod_state_list (pods_fd, &names, &n, err);
	if (ret < 0)
		return ret;
	ret = name != NULL ? choose (name, names, n, &chosen, err)
	                   : choose_only (pods_fd, names, n, &chosen, err);
	if (ret == 0)
		ret = cpod_client_reach (client, pods_fd, chosen, kept, err);
	free (names);
	return ret;
}

int
cpod_client_open (struct cpod_client *client, const char *name, struct cpod_error *err)
{
	return open_pod (client, name, false, err);
}

int
cpod_client_open_kept (struct cpod_client *client, const char *name, struct cpod_error *err)
{
	return open_pod (client, name, true, err);
}

void
cpod_client_close (struct cpod_client *client)
{
	if (client->fd < 0 && !client->kept)
		return;
	client->kept = false;
	cpod_fd_close (&client->fd);
	cpod_varlink_finish (&client->inbox);
	cpod_arena_finish (&client->arena);
}

/* Sends bytes; the descriptors go with the first of them. */
static int
send_all (int fd, const char *bytes, size_t len, const int *fds, size_t n_fds)
{
	union { char bytes[CMSG_SPACE (3 * sizeof (int))]; struct cmsghdr align; } control = { .bytes = { 0 } };
	struct msghdr header = { .msg_iovlen = 1 };
	struct iovec part;
	ssize_t n;

	header.msg_iov = &part;
	if (n_fds > 0) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
		CMSG_FIRSTHDR (&header)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR (&header)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR (&header)->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
		memcpy (CMSG_DATA (CMSG_FIRSTHDR (&header)), fds, n_fds * sizeof (int));
	}
	while (len > 0) {
		part.iov_base = (void *) bytes;
		part.iov_len = len;
		n = sendmsg (fd, &header, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			continue;
		bytes += n;
		len -= (size_t) n;
		header.msg_control = NULL;
		header.msg_controllen = 0;
	}
	return 0;
}

/* Sends a call; more: for as many replies as there are. */
static int
send_call (struct cpod_client *client, const char *method, const struct cpod_json *parameters, bool more,
           const int *fds, size_t n_fds, struct cpod_error *err)
{
	cpod_autostr out = CPOD_STR_INIT;
	int ret;

	cpod_varlink_add_call (&out, method, parameters, more);
	if (cpod_str_failed (&out))
		return cpod_error_oom (err);
	ret = send_all (client->fd, out.data, out.len, fds, n_fds);
	return ret < 0 ? cpod_error_sys (err, -ret, "call pod %s", client->pod) : 0;
}

int
cpod_client_send (struct cpod_client *client, const char *method, const struct cpod_json *parameters,
                  const int *fds, size_t n_fds, struct cpod_error *err)
{
	return send_call (client, method, parameters, false, fds, n_fds, err);
}

int
cpod_client_send_more (struct cpod_client *client, const char *method, const struct cpod_json *parameters,
                       struct cpod_error *err)
{
	return send_call (client, method, parameters, true, NULL, 0, err);
}

/* Reads bytes once they come. */
static int
fill (struct cpod_client *client, int timeout_ms, struct cpod_error *err)
{
	struct pollfd poll_fd = { .fd = client->fd, .events = POLLIN };
	size_t room;
	char *bytes = cpod_varlink_room (&client->inbox, &room);
	ssize_t n;
	int ret;

	if (bytes == NULL)
		return cpod_error_oom (err);
	ret = poll (&poll_fd, 1, timeout_ms);
	if (ret == 0)
		return cpod_error_set (err, ETIMEDOUT, "pod %s does not answer", client->pod);
	n = ret < 0 ? -1 : recv (client->fd, bytes, room, MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return cpod_error_sys (err, errno, "read from pod %s", client->pod);
	if (n <= 0)
		return cpod_error_set (err, ECONNRESET, "the supervisor of pod %s closed the connection", client->pod);
	cpod_varlink_fed (&client->inbox, (size_t) n);
	return 0;
}

int
cpod_client_receive (struct cpod_client *client, int timeout_ms, struct cpod_varlink_message *ret_reply,
                     struct cpod_error *err)
{
	int ret;

	for (;;) {
		cpod_arena_finish (&client->arena);
		ret = cpod_varlink_next (&client->inbox, &client->arena, ret_reply, err);
		if (ret < 0)
			return cpod_error_prefix (err, ret, "pod %s", client->pod);
		if (ret == 1)
			return 0;
		ret = fill (client, timeout_ms, err);
		if (ret < 0)
			return ret;
	}
}

int
cpod_client_explain (const struct cpod_client *client, const struct cpod_varlink_message *reply,
                     struct cpod_error *err)
{
	const char *container = cpod_member_text (reply->parameters, "container", NULL);
	const int code = (int) cpod_member_int (reply->parameters, "errno", EIO);

	if (strcmp (reply->error, "io.cpod.Pod.NoSuchContainer") == 0 && container != NULL) {
		cpod_error_set (err, ENOENT, "pod %s has no container %s", client->pod, container);
		return CPOD_EXIT_ABSENT;
	}
	if (strcmp (reply->error, "io.cpod.Pod.NotRunning") == 0) {
		if (container != NULL)
			cpod_error_set (err, ESRCH, "container %s of pod %s is not running", container,
			                client->pod);
		else
			cpod_error_set (err, ESRCH, "no container of pod %s is running", client->pod);
		return CPOD_EXIT_NO;
	}
	cpod_error_set (err, code > 0 ? code : EIO, "%s",
	                cpod_member_text (reply->parameters, "message", reply->error));
	if (strcmp (reply->error, "io.cpod.Pod.ExecFailed") != 0)
		return CPOD_EXIT_SYSTEM;
	return code == ENOENT || code == ENOTDIR   ? CPOD_EXIT_NOT_FOUND
	       : code == EACCES || code == ENOEXEC ? CPOD_EXIT_NOT_EXECUTABLE
	       : code == ESRCH                     ? CPOD_EXIT_NO
	                                           : CPOD_EXIT_SYSTEM;
}

int
cpod_client_call (struct cpod_client *client, const char *method, const struct cpod_json *parameters,
                  struct cpod_varlink_message *ret_reply, int *ret_status, struct cpod_error *err)
{
	int ret;

	*ret_status = CPOD_EXIT_SYSTEM;
	ret = cpod_client_send (client, method, parameters, NULL, 0, err);
	if (ret == 0)
		ret = cpod_client_receive (client, ANSWER_MS, ret_reply, err);
	if (ret < 0)
		return ret;
	if (ret_reply->error != NULL) {
		*ret_status = cpod_client_explain (client, ret_reply, err);
		return -EREMOTEIO;
	}
	*ret_status = CPOD_EXIT_OK;
	return 0;
}

int
cpod_client_directory (const struct cpod_client *client, const char *name, int *ret_fd, struct cpod_error *err)
{
	cpod_autofd pods_fd = -1, dir_fd = -1;
	char path[384];
	int ret;

	ret = cpod_state_open_pods (false, path, sizeof (path), &pods_fd, err);
	if (ret < 0)
		return ret;
	dir_fd = openat (pods_fd, client->pod, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		return cpod_error_sys (err, errno, "pod %s", client->pod);
	if (name == NULL) {
		*ret_fd = cpod_fd_steal (&dir_fd);
		return 0;
	}
	*ret_fd = openat (dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? cpod_error_sys (err, errno, "pod %s: %s", client->pod, name) : 0;
}

/* The last status of a pod that has ended. */
static int
read_last_status (struct cpod_client *client, const struct cpod_json **ret_pod, struct cpod_error *err)
{
	cpod_autofd dir_fd = -1, fd = -1;
	struct cpod_json *pod;
	size_t len = 0;
	char *text;
	int ret;

	ret = cpod_client_directory (client, NULL, &dir_fd, err);
	if (ret < 0)
		return ret;
	fd = openat (dir_fd, "status.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ret = fd < 0 ? -errno : cpod_fd_read_all (fd, CPOD_VARLINK_MAX_REPLY, &text, &len);
	if (ret < 0)
		return cpod_error_sys (err, -ret, "read the last status of pod %s", client->pod);
	cpod_arena_finish (&client->arena);
	cpod_arena_init (&client->arena, 0);
	ret = cpod_json_parse ("status.json", text, len, 0, &client->arena, &pod, err);
	free (text);
	if (ret < 0)
		return cpod_error_prefix (err, ret, "pod %s", client->pod);
	*ret_pod = pod;
	return 0;
}

int
cpod_client_again (struct cpod_client *client, struct cpod_error *err)
{
	char name[CPOD_CLIENT_NAME_MAX];

	snprintf (name, sizeof (name), "%s", client->pod);
	cpod_client_close (client);
	return cpod_client_open_kept (client, name, err);
}

int
cpod_client_status (struct cpod_client *client, const struct cpod_json **ret_pod, int *ret_status,
                    struct cpod_error *err)
{
	struct cpod_varlink_message reply;
	int ret;

	*ret_status = CPOD_EXIT_SYSTEM;
	if (client->kept)
		return read_last_status (client, ret_pod, err);
	ret = cpod_client_call (client, "io.cpod.Pod.Status", NULL, &reply, ret_status, err);
	if (ret == -ECONNRESET && cpod_client_again (client, err) == 0 && client->kept)
		return read_last_status (client, ret_pod, err);
	if (ret < 0)
		return ret;
	*ret_pod = cpod_json_get (reply.parameters, "pod");
	if (*ret_pod != NULL && (*ret_pod)->type == CPOD_JSON_OBJECT)
		return 0;
	*ret_status = CPOD_EXIT_SYSTEM;
	return cpod_error_set (err, EBADMSG, "pod %s sent no status", client->pod);
}

/* The names of the containers in a status, in its arena; NULL-terminated. NULL: there are none, or no memory. */
static const char **
container_names (struct cpod_client *client, const struct cpod_json *pod, size_t *ret_n)
{
	const struct cpod_json *list = pod != NULL ? cpod_json_get (pod, "containers") : NULL;
	const char **names;

	*ret_n = 0;
	if (list == NULL || list->type != CPOD_JSON_ARRAY)
		return NULL;
	names = cpod_arena_array (&client->arena, (size_t) list->count + 1, sizeof (*names));
	for (const struct cpod_json *item = list->first; item != NULL && names != NULL; item = item->next)
		names[(*ret_n)++] = cpod_member_text (item, "name", "");
	return names;
}

int
cpod_client_container (struct cpod_client *client, const char *given, char ret_name[CPOD_CLIENT_NAME_MAX],
                       struct cpod_error *err)
{
	const struct cpod_json *pod;
	struct cpod_choice choice;
	const char **names;
	int ret, status;
	size_t n;

	ret = cpod_client_status (client, &pod, &status, err);
	if (ret < 0)
		return ret;
	names = container_names (client, pod, &n);
	choice = cpod_names_choose (given, names, names != NULL ? n : 0);
	if (choice.second != NULL)
		return cpod_error_set (err, ENOENT, "several containers of pod %s begin with %s: %s, %s%s", client->pod,
		                       given, choice.name, choice.second, choice.more ? ", ..." : "");
	if (choice.name == NULL)
		return cpod_error_set (err, ENOENT, "pod %s has no container %s%s%s%s", client->pod, given,
		                       choice.near != NULL ? "; did you mean " : "", choice.near != NULL ? choice.near : "",
		                       choice.near != NULL ? "?" : "");
	snprintf (ret_name, CPOD_CLIENT_NAME_MAX, "%s", choice.name);
	return 0;
}

int
cpod_client_exit_for (const struct cpod_error *err)
{
	if (err->code == ENOENT)
		return CPOD_EXIT_ABSENT;
	if (err->code == ENOTCONN)
		return CPOD_EXIT_NO;
	return err->code == EINVAL ? CPOD_EXIT_USAGE : CPOD_EXIT_SYSTEM;
}
