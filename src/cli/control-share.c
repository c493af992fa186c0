/* See control-share.h. The number of entries is small: the peers' sums are made anew each time. */
#include "control-share.h"

#include <string.h>

enum {
	MOST_DESCRIPTORS = 512,
	MOST_LASTING     = 128,
	MOST_BYTES       = 16 << 20,
	LEAST            = 4,
	GREEDY_PART      = 8,       /* more than this part of the limit is greedy */
};

/* part of all, within bounds. */
static size_t
portion (uint64_t all, unsigned int part, size_t most)
{
	const uint64_t n = all / part;

	return n > most ? most : n < LEAST ? LEAST : (size_t) n;
}

void
cpod_share_set_limits (struct cpod_share_limits *ret_limits, uint64_t max_files)
{
	ret_limits->connections = portion (max_files, 4, CPOD_SHARE_MAX_CONNECTIONS);
	ret_limits->descriptors = portion (max_files, 4, MOST_DESCRIPTORS);
	ret_limits->lasting = portion (max_files, 16, MOST_LASTING);
	ret_limits->bytes = MOST_BYTES;
}

/* What a peer holds in all. */
struct sum { pid_t pid; bool used; size_t connections, descriptors, bytes, lasting; };

/* The sums of all peers, by a hash of their pid. At most half full. */
enum { SLOTS = 2 * CPOD_SHARE_MAX_CONNECTIONS };
struct sums { struct sum slots[SLOTS]; };

/* The slot of a peer; a free one when nothing of it was added. */
static struct sum *
sum_of (struct sums *sums, pid_t pid)
{
	size_t i = ((uint32_t) pid * 2654435761u) % SLOTS;

	while (sums->slots[i].used && sums->slots[i].pid != pid)
		i = (i + 1) % SLOTS;
	return &sums->slots[i];
}

static void
add_up (struct sums *sums, const struct cpod_share_entry *entries, size_t n)
{
	memset (sums, 0, sizeof (*sums));
	for (size_t i = 0; i < n; i++) {
		struct sum *sum = sum_of (sums, entries[i].pid);

		sum->used = true;
		sum->pid = entries[i].pid;
		sum->connections++;
		sum->descriptors += entries[i].descriptors;
		sum->bytes += entries[i].bytes;
		sum->lasting += entries[i].state == CPOD_SHARE_BUSY;
	}
}

/* How readily an entry gives way; 0: never. */
static unsigned int
readiness (enum cpod_share_state state, bool greedy)
{
	if (state == CPOD_SHARE_BUSY)
		return greedy ? 1 : 0;
	if (greedy)
		return 4;
	return state == CPOD_SHARE_IDLE ? 3 : 2;
}

size_t
cpod_share_place (const struct cpod_share_limits *limits, const struct cpod_share_entry *entries, size_t n)
{
	size_t victim = CPOD_SHARE_NONE, most = 0;
	unsigned int best = 0;
	struct sums sums;

	add_up (&sums, entries, n);
	for (size_t i = 0; i < n; i++) {
		const struct sum *sum = sum_of (&sums, entries[i].pid);
		const bool greedy = sum->connections > limits->connections / GREEDY_PART
			|| sum->descriptors > limits->descriptors / GREEDY_PART;
		const unsigned int ready = readiness (entries[i].state, greedy);

		if (ready == 0 || ready < best || (ready == best && sum->descriptors <= most))
			continue;
		best = ready;
		most = sum->descriptors;
		victim = i;
	}
	return victim;
}

size_t
cpod_share_heaviest (const struct cpod_share_entry *entries, size_t n)
{
	size_t victim = CPOD_SHARE_NONE, most = 0;
	struct sums sums;

	add_up (&sums, entries, n);
	for (size_t i = 0; i < n; i++) {
		const size_t bytes = entries[i].bytes > 0 ? sum_of (&sums, entries[i].pid)->bytes : 0;

		if (bytes < most || bytes == 0
		    || (bytes == most && victim != CPOD_SHARE_NONE && entries[i].bytes <= entries[victim].bytes))
			continue;
		most = bytes;
		victim = i;
	}
	return victim;
}

bool
cpod_share_may_last (const struct cpod_share_limits *limits, const struct cpod_share_entry *entries, size_t n,
                     pid_t pid, size_t *ret_victim)
{
	size_t all = 0, most;
	struct sums sums;

	add_up (&sums, entries, n);
	most = sum_of (&sums, pid)->lasting + 1;
	*ret_victim = CPOD_SHARE_NONE;
	for (size_t i = 0; i < n; i++)
		all += entries[i].state == CPOD_SHARE_BUSY;
	if (all < limits->lasting)
		return true;
	for (size_t i = 0; i < n; i++) {
		const size_t lasting = entries[i].state == CPOD_SHARE_BUSY ? sum_of (&sums, entries[i].pid)->lasting : 0;

		if (lasting <= most || lasting <= limits->lasting / GREEDY_PART)
			continue;
		most = lasting;
		*ret_victim = i;
	}
	return *ret_victim != CPOD_SHARE_NONE;
}
