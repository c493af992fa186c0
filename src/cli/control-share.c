/* See control-share.h. The number of entries is small: sums over a peer's are made anew each time. */
#include "control-share.h"

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
struct sum { size_t connections, descriptors, bytes, lasting; };

static struct sum
sum_of (const struct cpod_share_entry *entries, size_t n, pid_t pid)
{
	struct sum sum = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (entries[i].pid != pid)
			continue;
		sum.connections++;
		sum.descriptors += entries[i].descriptors;
		sum.bytes += entries[i].bytes;
		sum.lasting += entries[i].state == CPOD_SHARE_BUSY;
	}
	return sum;
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

	for (size_t i = 0; i < n; i++) {
		const struct sum sum = sum_of (entries, n, entries[i].pid);
		const bool greedy = sum.connections > limits->connections / GREEDY_PART
			|| sum.descriptors > limits->descriptors / GREEDY_PART;
		const unsigned int ready = readiness (entries[i].state, greedy);

		if (ready == 0 || ready < best || (ready == best && sum.descriptors <= most))
			continue;
		best = ready;
		most = sum.descriptors;
		victim = i;
	}
	return victim;
}

size_t
cpod_share_heaviest (const struct cpod_share_entry *entries, size_t n)
{
	size_t victim = CPOD_SHARE_NONE, most = 0;

	for (size_t i = 0; i < n; i++) {
		const size_t bytes = entries[i].bytes > 0 ? sum_of (entries, n, entries[i].pid).bytes : 0;

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
	size_t all = 0, most = sum_of (entries, n, pid).lasting + 1;

	*ret_victim = CPOD_SHARE_NONE;
	for (size_t i = 0; i < n; i++)
		all += entries[i].state == CPOD_SHARE_BUSY;
	if (all < limits->lasting)
		return true;
	for (size_t i = 0; i < n; i++) {
		const size_t lasting = entries[i].state == CPOD_SHARE_BUSY ? sum_of (entries, n, entries[i].pid).lasting : 0;

		if (lasting <= most || lasting <= limits->lasting / GREEDY_PART)
			continue;
		most = lasting;
		*ret_victim = i;
	}
	return *ret_victim != CPOD_SHARE_NONE;
}
