/* A simulation's timeline as a picture: one band a container, the pod's phase above, time to the right. */
#ifndef CPOD_CLI_SIMULATE_PLOT_H
#define CPOD_CLI_SIMULATE_PLOT_H

#include "src/pod/simulate.h"

struct cpod_plot;

/* spec is borrowed. NULL: memory. */
struct cpod_plot *cpod_plot_create (const struct cpod_spec *spec);
void cpod_plot_destroy (struct cpod_plot *plot);   /* NULL is allowed */
/* Records come in the order of time. */
void cpod_plot_add (struct cpod_plot *plot, const struct cpod_sim_record *record);
/* Writes the SVG to path; end_ns: where the time axis ends. */
int cpod_plot_write (const struct cpod_plot *plot, uint64_t end_ns, const char *path, struct cpod_error *err);

#endif
