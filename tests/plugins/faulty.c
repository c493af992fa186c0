/* A plugin that breaks its word, for the tests: a container's metadata says how, as {"fault": "WORDS"}.
 *
 * Its containers exist on paper and end by SIGKILL. Words, separated by spaces:
 *   fail-CALL      CALL (create, start, wait, kill, exec) fails with EIO and a sentence
 *   mute-CALL      the same without a sentence
 *   again-CALL     fails with EAGAIN
 *   positive-CALL  returns 17
 *   wild-CALL      returns -99999
 *   noise-CALL     fails, and fills the whole error with bytes that are no text
 *   nothing-create returns 0 and no container
 *   end-wait, end-exec       returns 0 and an end that does not exist
 *   slow-start, slow-exec    takes 1500 ms
 *   late-wait, late-exec     returns 1500 ms after SIGKILL, or after it was called
 *   stuck-wait, stuck-exec   never returns
 *   short          the container ends by itself after 100 ms, with exit status 0
 * Compiled with BAD_ABI, BAD_SIZE, BAD_NAME, NO_SYMBOL or NO_EXEC it is one that is refused.
 */
#include <cpod/runtime.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct cpod_rt_container {
	char fault[256];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int killed;
};

static void
sleep_ms (long ms)
{
	nanosleep (&(struct timespec) { ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* True when fault has the word KIND-CALL (or KIND alone, when call is empty). */
static int
has (const char *fault, const char *kind, const char *call)
{
	const size_t n_kind = strlen (kind), n_call = strlen (call);

	for (const char *at = fault; *at; at += strcspn (at, " "), at += *at == ' ') {
		size_t len = strcspn (at, " ");

		if (n_call == 0 ? len == n_kind && strncmp (at, kind, len) == 0
		    : len == n_kind + 1 + n_call && strncmp (at, kind, n_kind) == 0 && strncmp (at + n_kind + 1, call, n_call) == 0)
			return 1;
	}
	return 0;
}

/* What this call returns instead of doing its work; 0: it does it. */
static int
fault_of (const char *fault, const char *call, struct cpod_error *err)
{
	if (has (fault, "positive", call))
		return 17;
	if (has (fault, "wild", call))
		return -99999;
	if (has (fault, "again", call))
		return -EAGAIN;
	if (has (fault, "mute", call))
		return -EIO;
	if (has (fault, "noise", call)) {
		memset (err, 0xe9, sizeof (*err));
		return -EIO;
	}
	if (has (fault, "fail", call)) {
		err->code = EIO;
		strcpy (err->message, "it was told to fail");
		return -EIO;
	}
	return 0;
}

static int
faulty_create (struct cpod_rt_pod *pod, const struct cpod_rt_container_config *config,
               struct cpod_rt_container **ret_container, struct cpod_error *err)
{
	struct cpod_rt_container *c;
	const char *fault = strstr (config->metadata_json, "\"fault\":\"");
	char words[sizeof (c->fault)] = "";
	int ret;

	(void) pod;
	if (fault) {
		fault += strlen ("\"fault\":\"");
		memcpy (words, fault, strcspn (fault, "\""));
	}
	ret = fault_of (words, "create", err);
	if (ret != 0 || has (words, "nothing", "create"))
		return ret;
	c = calloc (1, sizeof (*c));
	if (!c)
		return -ENOMEM;
	memcpy (c->fault, words, sizeof (words));
	pthread_mutex_init (&c->lock, NULL);
	pthread_cond_init (&c->changed, NULL);
	*ret_container = c;
	return 0;
}

static int
faulty_start (struct cpod_rt_container *c, struct cpod_error *err)
{
	if (has (c->fault, "slow", "start"))
		sleep_ms (1500);
	return fault_of (c->fault, "start", err);
}

static int
faulty_wait (struct cpod_rt_container *c, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	if (has (c->fault, "short", "")) {
		sleep_ms (100);
		*ret_exit = (struct cpod_rt_exit) { 0, 0, 0, 0 };
	} else {
		pthread_mutex_lock (&c->lock);
		while (!c->killed)
			pthread_cond_wait (&c->changed, &c->lock);
		pthread_mutex_unlock (&c->lock);
		*ret_exit = (struct cpod_rt_exit) { 137, 9, 0, 0 };
	}
	if (has (c->fault, "late", "wait"))
		sleep_ms (1500);
	while (has (c->fault, "stuck", "wait"))
		pause ();
	if (has (c->fault, "end", "wait"))
		memset (ret_exit, 0x5a, sizeof (*ret_exit));
	return fault_of (c->fault, "wait", err);
}

static int
faulty_kill (struct cpod_rt_container *c, int signal, struct cpod_error *err)
{
	int ret = fault_of (c->fault, "kill", err);

	/* A kill that fails fails only once, so that the container can be got rid of. */
	if (ret != 0) {
		c->fault[0] = '\0';
		return ret;
	}
	if (signal != 9)
		return 0;
	pthread_mutex_lock (&c->lock);
	c->killed = 1;
	pthread_cond_broadcast (&c->changed);
	pthread_mutex_unlock (&c->lock);
	return 0;
}

__attribute__ ((unused))
static int
faulty_exec (struct cpod_rt_container *c, const char *const *argv, struct cpod_rt_exit *ret_exit, struct cpod_error *err)
{
	(void) argv;
	*ret_exit = (struct cpod_rt_exit) { 0, 0, 0, 0 };
	if (has (c->fault, "slow", "exec") || has (c->fault, "late", "exec"))
		sleep_ms (1500);
	while (has (c->fault, "stuck", "exec"))
		pause ();
	if (has (c->fault, "end", "exec"))
		memset (ret_exit, 0x5a, sizeof (*ret_exit));
	return fault_of (c->fault, "exec", err);
}

static void
faulty_destroy (struct cpod_rt_container *c)
{
	if (!c)
		return;
	pthread_cond_destroy (&c->changed);
	pthread_mutex_destroy (&c->lock);
	free (c);
}

#ifdef NO_SYMBOL
#define TABLE something_else
#else
#define TABLE cpod_runtime
#endif
#ifdef BAD_ABI
#define ABI CPOD_RUNTIME_ABI + 1
#else
#define ABI CPOD_RUNTIME_ABI
#endif
#ifdef BAD_SIZE
#define SIZE sizeof (struct cpod_runtime) - 8
#else
#define SIZE sizeof (struct cpod_runtime)
#endif
#ifdef BAD_NAME
#define NAME "Faulty Plugin"
#else
#define NAME "faulty"
#endif

#ifdef NO_EXEC
#define EXEC NULL
#else
#define EXEC faulty_exec
#endif

extern const struct cpod_runtime TABLE;
const struct cpod_runtime TABLE = {
	.abi = ABI,
	.size = SIZE,
	.name = NAME,
	.version = "0",
	.capabilities = CPOD_RT_CAP_SIGNALS,
	.create = faulty_create,
	.start = faulty_start,
	.wait = faulty_wait,
	.kill = faulty_kill,
	.exec = EXEC,
	.destroy = faulty_destroy,
};
