/* Varlink's framing and messages, for both ends: JSON objects, each ended by a NUL byte.
 *
 * https://varlink.org/: a call has method, parameters, more, oneway; a reply has parameters, continues,
 * error. An inbox takes bytes as they come (fragments, several messages at once) and gives whole messages;
 * what is too long or no JSON object ends the conversation, since nothing tells where the next message
 * would begin.
 */
#ifndef CPOD_CLI_VARLINK_H
#define CPOD_CLI_VARLINK_H

#include "src/base/json.h"

#define CPOD_VARLINK_MAX_MESSAGE (1u << 20)     /* what a server accepts */
#define CPOD_VARLINK_MAX_REPLY   (256u << 20)   /* what a client accepts: the status of the largest pod */

struct cpod_varlink_inbox {
	char *data;             /* owned */
	size_t len, capacity;
	size_t taken;           /* bytes in front that messages handed out have used */
	size_t scanned;         /* bytes known to hold no NUL */
	size_t limit;           /* the longest message; 0: CPOD_VARLINK_MAX_MESSAGE */
};

struct cpod_varlink_message {
	const char *method, *error;            /* NULL when absent */
	const struct cpod_json *parameters;    /* an object, or NULL when absent */
	bool more, oneway, continues;
};

/* Starts from a zeroed struct. */
void cpod_varlink_finish (struct cpod_varlink_inbox *inbox);
/* Room for bytes to be read into: *ret_room bytes at the result, NULL when memory is out. */
char *cpod_varlink_room (struct cpod_varlink_inbox *inbox, size_t *ret_room);
/* Says that n bytes were read into the room. */
void cpod_varlink_fed (struct cpod_varlink_inbox *inbox, size_t n);
/* true when bytes of an unfinished message wait. */
bool cpod_varlink_partial (const struct cpod_varlink_inbox *inbox);
/* The next whole message: 1 and *ret_message in arena, 0 when more bytes are needed, -EMSGSIZE, -EBADMSG
 * (no valid message), -ENOMEM. */
int cpod_varlink_next (struct cpod_varlink_inbox *inbox, struct cpod_arena *arena,
                       struct cpod_varlink_message *ret_message, struct cpod_error *err);

/* Adds a call, a reply and an error, with their NUL. parameters may be NULL (none). */
void cpod_varlink_add_call (struct cpod_str *out, const char *method, const struct cpod_json *parameters,
                            bool more);
void cpod_varlink_add_reply (struct cpod_str *out, const struct cpod_json *parameters, bool continues);
void cpod_varlink_add_error (struct cpod_str *out, const char *error, const struct cpod_json *parameters);

#endif
