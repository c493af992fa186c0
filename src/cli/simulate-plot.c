/* The timeline as an SVG (simulate-plot.h).
 *
 * Records are kept; to write, each container's are walked once: what a container is (waiting, running,
 * ready, backing off ...) becomes coloured spans, what happens at one instant (a failed attempt, a signal,
 * an end) becomes marks above them. Neighbouring marks of one kind that would lie on the same pixel are
 * drawn once, so that days of probing stay a picture.
 */
#include "simulate-plot.h"

#include "src/base/error.h"
#include "src/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEFT = 150, WIDTH = 900, TOP = 62, ROW = 50, BAND = 18, RIGHT = 96, BOTTOM = 76 };

struct cpod_plot {
	const struct cpod_spec *spec;
	struct cpod_sim_record *records;     /* owned */
	size_t n, capacity;
	bool failed;                         /* memory was out */
};

/* What a band shows. */
enum look { LOOK_WAITING, LOOK_STARTING, LOOK_RUNNING, LOOK_READY, LOOK_STOPPING, LOOK_BACKOFF, LOOK_OVER, LOOK_FAILED, N_LOOKS };
static const struct { const char *fill, *word; } looks[N_LOOKS] = {
	[LOOK_WAITING]  = { "#e3e6ea", "waiting" },
	[LOOK_STARTING] = { "#bcd3ee", "starting" },
	[LOOK_RUNNING]  = { "#5b92d4", "running" },
	[LOOK_READY]    = { "#4aa564", "ready" },
	[LOOK_STOPPING] = { "#b48ad0", "stopping" },
	[LOOK_BACKOFF]  = { "#f2b45c", "back-off" },
	[LOOK_OVER]     = { "#f4f5f6", "over" },
	[LOOK_FAILED]   = { "#f1d3d1", "failed" },
};

struct cpod_plot *
cpod_plot_create (const struct cpod_spec *spec)
{
	struct cpod_plot *plot = calloc (1, sizeof (*plot));

	if (plot != NULL)
		plot->spec = spec;
	return plot;
}

void
cpod_plot_destroy (struct cpod_plot *plot)
{
	if (plot == NULL)
		return;
	free (plot->records);
	free (plot);
}

void
cpod_plot_add (struct cpod_plot *plot, const struct cpod_sim_record *record)
{
	const size_t capacity = plot->capacity != 0 ? plot->capacity * 2 : 256;
	struct cpod_sim_record *records = plot->records;

	if (plot->n == plot->capacity) {
		records = realloc (records, capacity * sizeof (*records));
		if (records == NULL) {
			plot->failed = true;
			return;
		}
		plot->records = records;
		plot->capacity = capacity;
	}
	records[plot->n++] = *record;
}

/* ---- Drawing ----------------------------------------------------------------------------- */

struct canvas {
	struct cpod_str out;
	double scale;                        /* pixels a nanosecond */
};

static double
x_of (const struct canvas *canvas, uint64_t at_ns)
{
	return LEFT + (double) at_ns * canvas->scale;
}

/* Text with what XML needs escaped; names hold none of it, but a pod's name may come from a file. */
static void
put_text (struct canvas *canvas, double x, double y, const char *style, const char *text)
{
	cpod_str_printf (&canvas->out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, style);
	for (; *text != '\0'; text++)
		if (strchr ("<>&\"", *text) != NULL)
			cpod_str_printf (&canvas->out, "&#%d;", *text);
		else
			cpod_str_add_char (&canvas->out, *text);
	cpod_str_add (&canvas->out, "</text>\n");
}

static void
put_span (struct canvas *canvas, double y, uint64_t from_ns, uint64_t to_ns, enum look look)
{
	const double x = x_of (canvas, from_ns), width = x_of (canvas, to_ns) - x;

	if (width <= 0)
		return;
	cpod_str_printf (&canvas->out, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" fill=\"%s\"/>\n", x, y, width, BAND,
	                 looks[look].fill);
}

/* What container looks like after record; look: before. */
static enum look
look_after (enum look look, const struct cpod_sim_record *record)
{
	switch (record->kind) {
	case CPOD_SIM_SAYS_START: return LOOK_STARTING;
	case CPOD_SIM_SAYS_RUN: return LOOK_RUNNING;
	case CPOD_SIM_SAYS_READY:
		if (look == LOOK_RUNNING || look == LOOK_READY)
			return record->value ? LOOK_READY : LOOK_RUNNING;
		return look;
	case CPOD_SIM_SAYS_SIGNAL:
	case CPOD_SIM_SAYS_HOOK:
		return record->hook == CPOD_HOOK_POST_START ? look : LOOK_STOPPING;
	case CPOD_SIM_SAYS_WAIT: return record->duration_ns > 0 ? LOOK_BACKOFF : look;
	case CPOD_SIM_SAYS_EXIT: return record->exit.code == 0 ? LOOK_OVER : LOOK_FAILED;
	case CPOD_SIM_SAYS_FAIL:
	case CPOD_SIM_SAYS_NEVER: return LOOK_FAILED;
	default: return look;
	}
}

static void
put_bands (struct canvas *canvas, const struct cpod_plot *plot, size_t container, double y, uint64_t end_ns)
{
	enum look look = LOOK_WAITING, next;
	uint64_t since_ns = 0;

	for (size_t i = 0; i < plot->n; i++) {
		const struct cpod_sim_record *record = &plot->records[i];

		if (record->container != container)
			continue;
		next = look_after (look, record);
		if (next == look)
			continue;
		put_span (canvas, y, since_ns, record->at_ns, look);
		since_ns = record->at_ns;
		look = next;
	}
	put_span (canvas, y, since_ns, end_ns, look);
}

/* The colours of marks, short lines above the band. */
static const char mark_good[] = "#9fd0ad", mark_bad[] = "#d8433b", mark_signal[] = "#6b3f8f", mark_end[] = "#222222";

/* One of them, or NULL. */
static const char *
mark_of (const struct cpod_sim_record *record)
{
	if (record->kind == CPOD_SIM_SAYS_RESULT)
		return record->value == CPOD_OUTCOME_SUCCESS ? mark_good : mark_bad;
	if (record->kind == CPOD_SIM_SAYS_SIGNAL)
		return mark_signal;
	return record->kind == CPOD_SIM_SAYS_EXIT ? mark_end : NULL;
}

/* The marks of one colour. Their labels are left out where they would overlap. */
static void
put_marks (struct canvas *canvas, const struct cpod_plot *plot, size_t container, double y, const char *colour)
{
	double last_x = -1, label_end = 0, x;
	char words[CPOD_SIM_WORDS];

	for (size_t i = 0; i < plot->n; i++) {
		const struct cpod_sim_record *record = &plot->records[i];
		const char *mark = record->container == container ? mark_of (record) : NULL;

		x = mark == colour ? x_of (canvas, record->at_ns) : 0;
		if (mark != colour || x - last_x < 0.7)
			continue;
		last_x = x;
		cpod_str_printf (&canvas->out, "<path d=\"M%.2f %.1fv-%d\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", x, y - 1,
		                 colour == mark_good ? 5 : 8, colour);
		if (record->kind == CPOD_SIM_SAYS_RESULT || x < label_end)
			continue;
		if (colour == mark_signal)
			cpod_sim_words (record, words);
		else
			snprintf (words, sizeof (words), "exit %d", record->exit.code);
		put_text (canvas, x + (colour == mark_signal ? -2 : 2), y - 11,
		          colour == mark_signal ? "class=\"mark\" text-anchor=\"end\"" : "class=\"mark\"",
		          colour == mark_signal ? words + strlen ("signal ") : words);
		label_end = x + 6.0 * (double) strlen (words) + 6;
	}
}

/* All marks of one container: what went well beneath, what did not above it. */
static void
put_all_marks (struct canvas *canvas, const struct cpod_plot *plot, size_t container, double y)
{
	const char *const colours[] = { mark_good, mark_bad, mark_signal, mark_end };

	for (size_t i = 0; i < sizeof (colours) / sizeof (colours[0]); i++)
		put_marks (canvas, plot, container, y, colours[i]);
}

/* ---- The axis ---------------------------------------------------------------------------- */

/* A step of round length, so that there are at most twelve. */
static uint64_t
tick_ns (uint64_t end_ns)
{
	static const uint64_t steps_ms[] = {
		1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000, 300000, 600000, 1200000,
		1800000, 3600000, 7200000, 14400000, 21600000, 43200000, 86400000, 172800000, 604800000,
	};

	for (size_t i = 0; i < sizeof (steps_ms) / sizeof (steps_ms[0]); i++)
		if (end_ns / (steps_ms[i] * 1000000) <= 12)
			return steps_ms[i] * 1000000;
	return end_ns / 12;
}

/* "90s", "1h 30m": as people read times. */
static void
tick_words (uint64_t ns, char text[CPOD_SIM_WORDS])
{
	const unsigned long long s = ns / 1000000000;

	if (s < 600 || ns % 60000000000 != 0)
		cpod_sim_time (ns, text);
	else if (s < 36000)
		snprintf (text, CPOD_SIM_WORDS, s % 3600 ? "%llum" : "%lluh", s % 3600 ? s / 60 : s / 3600);
	else
		snprintf (text, CPOD_SIM_WORDS, s % 86400 ? "%lluh" : "%llud", s % 86400 ? s / 3600 : s / 86400);
}

static void
put_axis (struct canvas *canvas, uint64_t end_ns, double bottom)
{
	const uint64_t step = tick_ns (end_ns);
	char words[CPOD_SIM_WORDS];

	for (uint64_t at = 0; at <= end_ns; at += step) {
		cpod_str_printf (&canvas->out, "<path d=\"M%.1f %d V%.1f\" class=\"grid\"/>\n", x_of (canvas, at), TOP - 16, bottom);
		tick_words (at, words);
		put_text (canvas, x_of (canvas, at), bottom + 16, "text-anchor=\"middle\" class=\"tick\"", words);
	}
}

/* When the phase that began with record i ends. */
static uint64_t
phase_end (const struct cpod_plot *plot, size_t i, uint64_t end_ns)
{
	for (size_t next = i + 1; next < plot->n; next++)
		if (plot->records[next].kind == CPOD_SIM_SAYS_PHASE)
			return plot->records[next].at_ns;
	return end_ns;
}

/* The pod's phases along the top: each a line, with its word where there is room. The last one has room. */
static void
put_phases (struct canvas *canvas, const struct cpod_plot *plot, uint64_t end_ns)
{
	static const char *const colours[] = { "#9aa3ad", "#4aa564", "#2f6db5", "#d8433b" };

	for (size_t i = 0; i < plot->n; i++) {
		const struct cpod_sim_record *record = &plot->records[i];
		char words[CPOD_SIM_WORDS];
		uint64_t to_ns;
		double x, width;

		if (record->kind != CPOD_SIM_SAYS_PHASE)
			continue;
		to_ns = phase_end (plot, i, end_ns);
		x = x_of (canvas, record->at_ns);
		width = x_of (canvas, to_ns) - x;
		cpod_str_printf (&canvas->out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"4\" fill=\"%s\"/>\n", x, TOP - 20,
		                 width > 2 ? width : 2, colours[record->value]);
		cpod_sim_words (record, words);
		if (to_ns == end_ns || width > 60)
			put_text (canvas, x, TOP - 25, "class=\"name\"", words + strlen ("phase "));
	}
}

static void
put_legend (struct canvas *canvas, double y)
{
	double x = LEFT;

	for (int look = 0; look < N_LOOKS; look++) {
		cpod_str_printf (&canvas->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x, y - 10,
		                 looks[look].fill);
		put_text (canvas, x + 16, y, "class=\"tick\"", looks[look].word);
		x += 34 + 7.0 * (double) strlen (looks[look].word);
	}
	put_text (canvas, x + 4, y, "class=\"tick\"", "| a probe failed");
	cpod_str_printf (&canvas->out, "<path d=\"M%.1f %.1fv-10\" stroke=\"#d8433b\" stroke-width=\"2\"/>\n", x + 5, y);
}

/* ---- The picture ------------------------------------------------------------------------- */

static void
draw (struct canvas *canvas, const struct cpod_plot *plot, uint64_t end_ns)
{
	const size_t n = plot->spec->n_containers;
	const double bottom = TOP + (double) n * ROW;

	cpod_str_printf (&canvas->out,
	                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" font-family=\"sans-serif\" font-size=\"13\">\n"
	                 "<style>.tick{fill:#555;font-size:11px}.mark{fill:#333;font-size:10px}.name{fill:#111}"
	                 ".grid{stroke:#dde1e6;stroke-width:1}</style>\n"
	                 "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n", LEFT + WIDTH + RIGHT, bottom + BOTTOM);
	put_axis (canvas, end_ns, bottom);
	put_text (canvas, 12, TOP - 18, "class=\"name\" font-weight=\"bold\"", plot->spec->name);
	put_phases (canvas, plot, end_ns);
	for (size_t i = 0; i < n; i++) {
		const double y = TOP + (double) i * ROW + 18;

		put_text (canvas, 12, y + 13, "class=\"name\"", plot->spec->containers[i].name);
		put_bands (canvas, plot, i, y, end_ns);
		put_all_marks (canvas, plot, i, y);
	}
	put_legend (canvas, bottom + 48);
	cpod_str_add (&canvas->out, "</svg>\n");
}

int
cpod_plot_write (const struct cpod_plot *plot, uint64_t end_ns, const char *path, struct cpod_error *err)
{
	struct canvas canvas = { CPOD_STR_INIT, (double) WIDTH / (double) (end_ns > 0 ? end_ns : 1) };
	FILE *file;
	int ret = 0;

	draw (&canvas, plot, end_ns > 0 ? end_ns : 1);
	if (plot->failed || cpod_str_failed (&canvas.out)) {
		cpod_str_finish (&canvas.out);
		return cpod_error_oom (err);
	}
	file = fopen (path, "we");
	if (file == NULL)
		ret = cpod_error_sys (err, errno, "write %s", path);
	else if (fwrite (canvas.out.data, 1, canvas.out.len, file) != canvas.out.len)
		ret = cpod_error_sys (err, errno, "write %s", path);
	if (file != NULL && fclose (file) != 0 && ret == 0)
		ret = cpod_error_sys (err, errno, "write %s", path);
	cpod_str_finish (&canvas.out);
	return ret;
}
