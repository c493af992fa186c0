/* Who gives way at the control socket when there are too many clients, or they hold too much.
 *
 * The peers are all the same user or root, so it is by their process that clients are told apart. A peer
 * that holds more than an eighth of what there is counts as greedy, and gives way before all others; a
 * call that is being worked on for anybody else is never cut off. Pure: the server describes its connections,
 * CPOD_SHARE_MAX_CONNECTIONS at most and the longest idle first, and is told which one is to go.
 */
#ifndef CPOD_CLI_CONTROL_SHARE_H
#define CPOD_CLI_CONTROL_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Connections at once, however many descriptors there are. */
#define CPOD_SHARE_MAX_CONNECTIONS 256

struct cpod_share_limits {
	size_t connections;
	size_t descriptors;     /* connections, and what clients have sent along and is not used yet */
	size_t lasting;         /* calls that go on: streams, programs */
	size_t bytes;           /* unfinished messages and unread replies, together */
};

enum cpod_share_state {
	CPOD_SHARE_IDLE,        /* nothing is under way */
	CPOD_SHARE_STALLED,     /* half a message has come, or a reply is not read */
	CPOD_SHARE_BUSY,        /* a call is worked on */
};

struct cpod_share_entry {
	pid_t pid;              /* of the peer, when it connected; 0: in no PID namespace of ours */
	enum cpod_share_state state;
	size_t descriptors, bytes;
};

#define CPOD_SHARE_NONE SIZE_MAX

/* What a process with so many descriptors (the soft RLIMIT_NOFILE) may give to clients. Most of them are
 * the pod's. */
void cpod_share_set_limits (struct cpod_share_limits *ret_limits, uint64_t max_files);

/* Which of n entries makes room for a connection or a descriptor: CPOD_SHARE_NONE when all that is left are calls
 * in progress of modest peers. */
size_t cpod_share_place (const struct cpod_share_limits *limits, const struct cpod_share_entry *entries, size_t n);

/* Which of n entries gives up its memory: the heaviest of the peer that holds most. NONE: nobody holds any. */
size_t cpod_share_heaviest (const struct cpod_share_entry *entries, size_t n);

/* Whether peer pid may begin one more lasting call. *ret_victim: whose call makes room for it, or NONE. */
bool cpod_share_may_last (const struct cpod_share_limits *limits, const struct cpod_share_entry *entries, size_t n,
                          pid_t pid, size_t *ret_victim);

#endif
