/* Calling a running pod's supervisor: finding the pod, connecting, one call and its reply.
 *
 * The client is the commands' side of control.h. What it cannot do it says in the error's code:
 * -ENOENT: there is no such pod; the message says what there is; -ENOTCONN: it has ended. */
#ifndef CPOD_CLI_CLIENT_H
#define CPOD_CLI_CLIENT_H

#include "varlink.h"

#define CPOD_CLIENT_NAME_MAX 64   /* a pod's or container's name and its NUL */

struct cpod_client {
	int fd;                               /* owned; -1 when not connected */
	bool kept;                            /* the pod has ended; there is no connection */
	char pod[CPOD_CLIENT_NAME_MAX];                         /* the pod's full name */
	struct cpod_varlink_inbox inbox;
	struct cpod_arena arena;              /* of the latest reply */
};

/* Connects to the pod called name, or the only one whose name begins so; NULL: the only running pod.
 * -ENOENT. */
int cpod_client_open (struct cpod_client *client, const char *name, struct cpod_error *err);
/* The same; a pod that has ended is opened too: kept is set. */
int cpod_client_open_kept (struct cpod_client *client, const char *name, struct cpod_error *err);
/* Connects to exactly the pod name among pods_fd's entries. -ECONNREFUSED, -ENOENT: its supervisor is
 * dead. */
int cpod_client_connect (struct cpod_client *client, int pods_fd, const char *name, struct cpod_error *err);
/* The same; one that is just beginning or ending gets a moment. -ENOENT, with a sentence: its supervisor is dead;
 * -ENOTCONN: it has ended, unless kept is allowed. */
int cpod_client_reach (struct cpod_client *client, int pods_fd, const char *name, bool kept, struct cpod_error *err);
void cpod_client_close (struct cpod_client *client);

/* Sends a call. parameters may be NULL. fds: n_fds descriptors to send along. */
int cpod_client_send (struct cpod_client *client, const char *method, const struct cpod_json *parameters,
                      const int *fds, size_t n_fds, struct cpod_error *err);
/* Waits for the next reply, at most timeout_ms (-1: for ever); borrowed until the next call. -ETIMEDOUT,
 * -ECONNRESET: the supervisor ended. A reply that is an error of the supervisor is returned as such. */
int cpod_client_receive (struct cpod_client *client, int timeout_ms, struct cpod_varlink_message *ret_reply,
                         struct cpod_error *err);
/* Both, with an error reply turned into words: the exit status for it is *ret_status. 0 or -errno. */
int cpod_client_call (struct cpod_client *client, const char *method, const struct cpod_json *parameters,
                      struct cpod_varlink_message *ret_reply, int *ret_status, struct cpod_error *err);
/* After -ECONNRESET: the same pod once more, whose supervisor has just ended; kept, or an error as of open. */
int cpod_client_again (struct cpod_client *client, struct cpod_error *err);
/* The pod's status, of a kept pod its last one; borrowed until the next call. *ret_status is the exit status of a
 * failure. */
int cpod_client_status (struct cpod_client *client, const struct cpod_json **ret_pod, int *ret_status,
                        struct cpod_error *err);
/* Opens the pod's directory NAME below its state directory, or that itself (NULL). The caller owns *ret_fd. */
int cpod_client_directory (const struct cpod_client *client, const char *name, int *ret_fd, struct cpod_error *err);
/* The same as send with `more`: for streams. */
int cpod_client_send_more (struct cpod_client *client, const char *method, const struct cpod_json *parameters,
                           struct cpod_error *err);
/* The words and the exit status of an error reply. */
int cpod_client_explain (const struct cpod_client *client, const struct cpod_varlink_message *reply,
                         struct cpod_error *err);
/* The container that given means: itself, or the only one of the pod whose name begins so. -ENOENT, with the
 * nearest name. */
int cpod_client_container (struct cpod_client *client, const char *given, char ret_name[CPOD_CLIENT_NAME_MAX],
                           struct cpod_error *err);
/* The exit status for an error of open. */
int cpod_client_exit_for (const struct cpod_error *err);

/* Members of replies, with a value for what is absent or of another type. */
const char *cpod_member_text (const struct cpod_json *object, const char *key, const char *otherwise);
int64_t cpod_member_int (const struct cpod_json *object, const char *key, int64_t otherwise);
bool cpod_member_bool (const struct cpod_json *object, const char *key, bool otherwise);

#endif
