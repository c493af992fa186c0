/* Running a bundle: one OCI container without a pod, for cpod-oci.
 *
 * The same plan and the same child as a pod's container, but no pod init: the container is the
 * caller's own child, and everything is exactly as config.json says. */
#ifndef CPOD_OCI_BUNDLE_H
#define CPOD_OCI_BUNDLE_H

#include <cpod/runtime.h>

struct cpod_bundle_options {
	const char *bundle;             /* directory of config.json */
	const char *config;             /* another file in its place, or NULL */
	const char *id;                 /* [A-Za-z0-9_+.-], not "." or ".." */
	const char *pid_file;           /* gets the container's pid; or NULL */
	void (*warn) (void *data, const char *message);   /* an unknown property, say; or NULL */
	void *data;
};

/* Creates, starts, waits for and deletes the container. Signals that reach the caller meanwhile go on
 * to it. *ret_exit: how it ended. On failure nothing is left behind. */
int cpod_bundle_run (const struct cpod_bundle_options *options, struct cpod_rt_exit *ret_exit, struct cpod_error *err);

#endif
