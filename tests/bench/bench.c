/* The harness: bench [--rounds N] [--settle MS] [--json FILE] ROWS.
 *
 * ROWS is a file of lines of fields separated by `|`; an empty line or one that begins with # says nothing:
 *   spawn  | TABLE | ROW | COMMAND     the whole command is timed, from posix_spawn to wait
 *   serve  | TABLE | ROW | COMMAND     started once; one byte on its stdin asks for a sample, and it answers
 *                                      with nanoseconds as a native uint64_t
 *   fact   | TABLE | ROW | UNIT | COMMAND   run once by the shell; it prints one number
 *   target | TABLE | ROW | BASE | LIMIT     the row's median is to be at most LIMIT times the base's;
 *                                      with an empty BASE the row's fact at most LIMIT
 * A COMMAND is split at blanks. The first row of a table is what its ratios are relative to.
 *
 * Order: the serving programs start; two rounds are run and forgotten; then every round takes one
 * sample of every row in a shuffled order, with a pause before each for what the kernel still does
 * behind the last (destroying a network namespace goes on after its last process was reaped). So a slow phase of
 * the machine meets all rows alike, and a ratio means more than a time. At the end: medians, the
 * 10th and 90th percentile and the ratios as a table on stdout, and the same as JSON. The second ratio
 * is that of the 10th percentiles: on a busy machine it says more than the first.
 *
 * A row whose command fails is reported as failed and left out; no time makes this program fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>

extern char **environ;

enum { MOST_ROWS = 128, MOST_WORDS = 48, MOST_ROUNDS = 10000, LINE_SIZE = 4096, WARM_UP = 2 };

enum kind { KIND_SPAWN, KIND_SERVE, KIND_FACT, KIND_TARGET };

static const char *const kinds[] = { "spawn", "serve", "fact", "target" };
static const size_t kind_fields[] = { 4, 4, 5, 5 };

struct row {
	enum kind kind;
	char line[LINE_SIZE];     /* the fields below point into it */
	const char *table, *name;
	char *rest[2];            /* command; unit and command; base and limit */
	char *argv[MOST_WORDS + 1];
	pid_t pid;                /* serve: the running program, 0 when none */
	int ask_fd, take_fd;      /* serve: owned pipe ends */
	int failed;
	size_t n;
	uint64_t *samples;        /* owned: nanoseconds */
	double median, low, high; /* microseconds; a fact: the number */
};

struct bench {
	struct row rows[MOST_ROWS];
	size_t n;
	unsigned int rounds, settle_ms;
	uint32_t random;
};

/* Monotonic time in nanoseconds. */
static uint64_t
now (void)
{
	struct timespec t;

	clock_gettime (CLOCK_MONOTONIC, &t);
	return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

/* Ends the program: the harness itself cannot go on. */
static void
die (const char *what)
{
	fprintf (stderr, "bench: %s: %s\n", what, strerror (errno));
	exit (1);
}

/* Cuts blanks off both ends. Returns the first character that counts. */
static char *
trim (char *text)
{
	size_t n;

	text += strspn (text, " \t\n");
	n = strlen (text);
	while (n > 0 && strchr (" \t\n", text[n - 1]) != NULL)
		text[--n] = '\0';
	return text;
}

/* Splits a command at blanks into argv; what is beyond MOST_WORDS is dropped. */
static void
words_split (char *command, char **argv)
{
	char *word, *place = NULL;
	size_t n = 0;

	for (word = strtok_r (command, " \t", &place); word != NULL && n < MOST_WORDS;
	     word = strtok_r (NULL, " \t", &place))
		argv[n++] = word;
	argv[n] = NULL;
}

/* Takes one line's fields into row, whose line is filled. The last field may hold bars of its own.
 * Returns 0, or -1 for a line that is none. */
static int
row_parse (struct row *row)
{
	char *field[5] = { NULL }, *bar = row->line;
	size_t n, kind;

	for (kind = 0; kind < 4; kind++)
		if (strncmp (trim (row->line), kinds[kind], strlen (kinds[kind])) == 0)
			break;
	if (kind == 4)
		return -1;
	for (n = 0; n < kind_fields[kind]; n++) {
		if (bar == NULL)
			return -1;
		field[n] = bar;
		bar = n + 1 < kind_fields[kind] ? strchr (bar, '|') : NULL;
		if (bar != NULL)
			*bar++ = '\0';
	}
	row->kind = (enum kind) kind;
	row->table = trim (field[1]);
	row->name = trim (field[2]);
	row->rest[0] = trim (field[3]);
	row->rest[1] = field[4] == NULL ? NULL : trim (field[4]);
	if (kind == KIND_SPAWN || kind == KIND_SERVE)
		words_split (row->rest[0], row->argv);
	return 0;
}

/* Reads the row file. */
static void
rows_read (struct bench *b, const char *path)
{
	struct row *row;
	FILE *file;

	file = fopen (path, "re");
	if (file == NULL)
		die (path);
	while (b->n < MOST_ROWS) {
		row = &b->rows[b->n];
		if (fgets (row->line, sizeof (row->line), file) == NULL)
			break;
		if (*trim (row->line) == '\0' || *trim (row->line) == '#')
			continue;
		if (row_parse (row) < 0) {
			fprintf (stderr, "bench: %s: a row that cannot be read: %s\n", path, row->line);
			exit (2);
		}
		row->samples = calloc (b->rounds, sizeof (*row->samples));
		if (row->samples == NULL)
			die ("samples");
		b->n++;
	}
	fclose (file);
}

/* Starts argv with stdin and stdout on the given descriptors (-1: /dev/null); without a stdout, what it says goes nowhere
 * either. Returns 0 or an errno. */
static int
spawn (char **argv, int in, int out, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int ret;

	posix_spawn_file_actions_init (&actions);
	if (in >= 0)
		posix_spawn_file_actions_adddup2 (&actions, in, 0);
	else
		posix_spawn_file_actions_addopen (&actions, 0, "/dev/null", O_RDONLY, 0);
	if (out >= 0)
		posix_spawn_file_actions_adddup2 (&actions, out, 1);
	else
		posix_spawn_file_actions_addopen (&actions, 1, "/dev/null", O_WRONLY, 0);
	if (out < 0)
		posix_spawn_file_actions_adddup2 (&actions, 1, 2);
	ret = posix_spawnp (ret_pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy (&actions);
	return ret;
}

/* Notes that a row cannot be measured. */
static void
row_fail (struct row *row, const char *what, int status)
{
	fprintf (stderr, "bench: %s: %s: %s (%d); left out\n", row->table, row->name, what, status);
	row->failed = 1;
}

/* Times one whole command. Returns nanoseconds, 0 after a failure. */
static uint64_t
sample_spawn (struct row *row)
{
	uint64_t begin = now (), spent;
	int ret, status = 0;
	pid_t pid;

	ret = spawn (row->argv, -1, -1, &pid);
	if (ret != 0) {
		row_fail (row, "cannot be started", ret);
		return 0;
	}
	while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
		;
	spent = now () - begin;
	if (status != 0) {
		row_fail (row, "ended with wait status", status);
		return 0;
	}
	return spent;
}

/* Starts a serving program. */
static void
serve_begin (struct row *row)
{
	int ask[2], take[2], ret;

	if (pipe2 (ask, O_CLOEXEC) < 0 || pipe2 (take, O_CLOEXEC) < 0)
		die ("pipe2");
	ret = spawn (row->argv, ask[0], take[1], &row->pid);
	close (ask[0]);
	close (take[1]);
	row->ask_fd = ask[1];
	row->take_fd = take[0];
	if (ret != 0) {
		row->pid = 0;
		row_fail (row, "cannot be started", ret);
	}
}

/* Asks a serving program for one sample. Returns nanoseconds, 0 after a failure. */
static uint64_t
sample_serve (struct row *row)
{
	uint64_t sample;

	if (row->pid == 0)
		serve_begin (row);
	if (row->failed)
		return 0;
	if (write (row->ask_fd, "", 1) == 1 &&
	    read (row->take_fd, &sample, sizeof (sample)) == (ssize_t) sizeof (sample))
		return sample;
	row_fail (row, "stopped serving", 0);
	return 0;
}

/* Ends a serving program and waits until it has cleaned up. */
static void
serve_end (struct row *row)
{
	if (row->pid == 0)
		return;
	close (row->ask_fd);
	close (row->take_fd);
	while (waitpid (row->pid, NULL, 0) < 0 && errno == EINTR)
		;
	row->pid = 0;
}

/* A pseudo-random number below limit; the same order in every run. */
static size_t
random_below (struct bench *b, size_t limit)
{
	b->random = b->random * 1664525u + 1013904223u;
	return (b->random >> 8) % limit;
}

/* One round: every timed row once, shuffled. keep: whether the samples count. */
static void
round_run (struct bench *b, int keep)
{
	const struct timespec pause = { b->settle_ms / 1000, (b->settle_ms % 1000) * 1000000l };
	size_t order[MOST_ROWS], i, j, swap;
	struct row *row;
	uint64_t sample;

	for (i = 0; i < b->n; i++) {
		j = random_below (b, i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	for (i = 0; i < b->n; i++) {
		swap = order[i];
		row = &b->rows[swap];
		if (row->failed || row->kind > KIND_SERVE)
			continue;
		nanosleep (&pause, NULL);
		sample = row->kind == KIND_SPAWN ? sample_spawn (row) : sample_serve (row);
		if (keep && !row->failed)
			row->samples[row->n++] = sample;
	}
}

/* qsort's order of nanoseconds. */
static int
compare (const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;

	return (left > right) - (left < right);
}

/* Fills median and percentiles from the samples. */
static void
row_summarise (struct row *row)
{
	if (row->n == 0)
		return;
	qsort (row->samples, row->n, sizeof (*row->samples), compare);
	row->median = (double) (row->samples[(row->n - 1) / 2] + row->samples[row->n / 2]) / 2000;
	row->low = (double) row->samples[row->n / 10] / 1000;
	row->high = (double) row->samples[row->n - 1 - row->n / 10] / 1000;
}

/* Runs a fact's command and keeps the number. */
static void
fact_run (struct row *row)
{
	FILE *file;

	file = popen (row->rest[1], "re");
	if (file == NULL || fscanf (file, "%lf", &row->median) != 1)
		row_fail (row, "printed no number", 0);
	if (file != NULL)
		pclose (file);
}

/* The measured row of that table and name, or of that table alone (name NULL: its first). */
static struct row *
row_find (struct bench *b, const char *table, const char *name)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (b->rows[i].kind != KIND_TARGET && !b->rows[i].failed && strcmp (b->rows[i].table, table) == 0 &&
		    (name == NULL || strcmp (b->rows[i].name, name) == 0))
			return &b->rows[i];
	return NULL;
}

/* What a target compares: the ratio to its base, or the fact itself. Returns 0, or -1 when a row is missing. */
static int
target_value (struct bench *b, const struct row *target, double *ret_value)
{
	const struct row *row, *base;

	row = row_find (b, target->table, target->name);
	if (row == NULL)
		return -1;
	if (*target->rest[0] == '\0') {
		*ret_value = row->median;
		return 0;
	}
	base = row_find (b, target->table, target->rest[0]);
	if (base == NULL)
		return -1;
	*ret_value = row->median / base->median;
	return 0;
}

/* Prints one measured row; base: the row of its table that ratios are relative to. */
static void
row_print (const struct row *row, const struct row *base)
{
	if (row->failed)
		printf ("  %-44s %10s\n", row->name, "failed");
	else if (row->kind == KIND_FACT)
		printf ("  %-44s %10.10g %s\n", row->name, row->median, row->rest[0]);
	else
		printf ("  %-44s %10.1f %10.1f %10.1f %8.2f %8.2f\n", row->name, row->median, row->low, row->high,
		        row->median / base->median, row->low / base->low);
}

/* Prints every table, then the targets. */
static void
tables_print (struct bench *b)
{
	const struct row *row;
	const char *table = "";
	double value;
	size_t i;

	for (i = 0; i < b->n; i++) {
		row = &b->rows[i];
		if (row->kind == KIND_TARGET)
			continue;
		if (strcmp (row->table, table) != 0) {
			table = row->table;
			printf ("\n%-46s%s\n", table, row->kind == KIND_FACT ? "" :
			        "  median us       10 %       90 %    ratio  of 10 %");
		}
		row_print (row, row_find (b, table, NULL));
	}
	printf ("\naims, by medians\n");
	for (i = 0; i < b->n; i++) {
		row = &b->rows[i];
		if (row->kind != KIND_TARGET || target_value (b, row, &value) < 0)
			continue;
		printf ("  %s: %s%s%s: %.2f %s %s\n", row->table, row->name, *row->rest[0] == '\0' ? "" : " / ",
		        row->rest[0], value, value <= atof (row->rest[1]) ? "<=" : "above", row->rest[1]);
	}
}

/* Writes one measured row as a JSON object. */
static void
row_write (FILE *file, const struct row *row)
{
	size_t i;

	fprintf (file, "{\"table\":\"%s\",\"row\":\"%s\",\"kind\":\"%s\"", row->table, row->name, kinds[row->kind]);
	if (row->failed)
		fputs (",\"failed\":true", file);
	else if (row->kind == KIND_FACT)
		fprintf (file, ",\"value\":%.10g,\"unit\":\"%s\"", row->median, row->rest[0]);
	else {
		fprintf (file, ",\"median_us\":%.1f,\"p10_us\":%.1f,\"p90_us\":%.1f,\"samples_us\":[", row->median,
		         row->low, row->high);
		for (i = 0; i < row->n; i++)
			fprintf (file, "%s%.1f", i == 0 ? "" : ",", (double) row->samples[i] / 1000);
		fputc (']', file);
	}
	fputc ('}', file);
}

/* Writes all rows and targets to path; the names hold nothing that JSON would escape. */
static void
json_write (struct bench *b, const char *path)
{
	const char *comma = "";
	double value;
	FILE *file;
	size_t i;

	file = fopen (path, "we");
	if (file == NULL)
		die (path);
	fprintf (file, "{\"rounds\":%u,\"rows\":[", b->rounds);
	for (i = 0; i < b->n; i++) {
		if (b->rows[i].kind == KIND_TARGET)
			continue;
		fprintf (file, "%s\n", comma);
		row_write (file, &b->rows[i]);
		comma = ",";
	}
	fputs ("],\n\"aims\":[", file);
	comma = "";
	for (i = 0; i < b->n; i++) {
		if (b->rows[i].kind != KIND_TARGET || target_value (b, &b->rows[i], &value) < 0)
			continue;
		fprintf (file, "%s\n{\"table\":\"%s\",\"row\":\"%s\",\"base\":\"%s\",\"value\":%.3f,\"limit\":%s}", comma,
		         b->rows[i].table, b->rows[i].name, b->rows[i].rest[0], value, b->rows[i].rest[1]);
		comma = ",";
	}
	fputs ("]}\n", file);
	if (fclose (file) != 0)
		die (path);
}

int
main (int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' }, { "settle", required_argument, NULL, 's' },
		{ "json", required_argument, NULL, 'j' }, { NULL, 0, NULL, 0 },
	};
	static struct bench b = { .rounds = 31, .settle_ms = 3, .random = 1 };
	const char *json = NULL;
	unsigned int i;
	int c;

	while ((c = getopt_long (argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			b.rounds = (unsigned int) atoi (optarg);
		else if (c == 's')
			b.settle_ms = (unsigned int) atoi (optarg);
		else if (c == 'j')
			json = optarg;
		else
			return 2;
	}
	if (optind + 1 != argc || b.rounds == 0 || b.rounds > MOST_ROUNDS)
		return 2;
	signal (SIGPIPE, SIG_IGN);
	rows_read (&b, argv[optind]);
	for (i = 0; i < b.rounds + WARM_UP; i++)
		round_run (&b, i >= WARM_UP);
	for (i = 0; i < b.n; i++) {
		serve_end (&b.rows[i]);
		row_summarise (&b.rows[i]);
		if (b.rows[i].kind == KIND_FACT)
			fact_run (&b.rows[i]);
	}
	tables_print (&b);
	if (json != NULL)
		json_write (&b, json);
	return 0;
}
