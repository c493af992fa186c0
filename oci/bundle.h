/* Containers without a pod, as the OCI runtime command makes them: created from a bundle, started, looked at,
 * changed, ended and deleted, each by a command of its own. Nobody stays with them: what one command leaves
 * for the next is in the state directory (oci/state.h), and the container is the child of whoever adopts it.
 *
 * The same plan and the same child as a pod's container, but everything is exactly as config.json says.
 * Errors say which container, in the words that callers look for: "does not exist", "container not running".
 */
#ifndef CPOD_OCI_BUNDLE_H
#define CPOD_OCI_BUNDLE_H

#include "oci/spec.h"
#include "oci/state.h"

#include <cpod/runtime.h>

enum cpod_cgroup_manager { CPOD_CGROUP_MANAGER_FS, CPOD_CGROUP_MANAGER_SYSTEMD, CPOD_CGROUP_MANAGER_DISABLED };

/* What holds for every command. */
struct cpod_bundle_context {
	const char *root;               /* the directory of all containers */
	enum cpod_cgroup_manager cgroup_manager;
	void (*warn) (void *data, const char *message);   /* an unknown property, say; or NULL */
	void *data;
};

/* Somebody who waits for a program and lends it a terminal. */
struct cpod_bundle_terminal {
	/* The size that it shall have: asked before it is made. Leaves both at 0 when there is none to tell. */
	void (*size) (void *data, uint16_t *ret_rows, uint16_t *ret_columns);
	/* Called once the program runs, with every signal blocked; returns when pidfd is readable. socket_fd: the program's
	 * terminal has been sent there; signal_fd: a signalfd of all signals. */
	int (*attend) (void *data, int socket_fd, int pidfd, int signal_fd, struct cpod_error *err);
	void *data;
};

struct cpod_bundle_options {
	const struct cpod_bundle_context *context;
	const char *bundle;             /* directory of config.json */
	const char *config;             /* another file in its place, or NULL */
	const char *id;
	const char *pid_file;           /* gets the container's pid; or NULL */
	const char *console_socket;     /* a socket that gets the terminal's master; or NULL */
	unsigned int preserve_fds;      /* the caller's descriptors 3 and on that the program gets */
	unsigned int listen_fds;        /* the last of these are announced in LISTEN_FDS */
	bool no_pivot, keep_keyring;
	bool detach;                    /* run: not waited for */
	const struct cpod_bundle_terminal *terminal;   /* run, not detached; or NULL */
};

/* Creates the container; its program waits for cpod_bundle_start. On failure nothing is left behind. */
int cpod_bundle_create (const struct cpod_bundle_options *options, struct cpod_error *err);
/* Creates, starts, waits for and deletes the container. Signals that reach the caller meanwhile go on
 * to it. *ret_exit: how it ended. On failure nothing is left behind. */
int cpod_bundle_run (const struct cpod_bundle_options *options, struct cpod_rt_exit *ret_exit, struct cpod_error *err);

/* ---- existing ones (bundle-life.c) ---- */

/* An opened container. */
struct cpod_bundle {
	const struct cpod_bundle_context *context;
	struct cpod_arena arena;
	struct cpod_bundle_state state;
	enum cpod_bundle_status status;
	int root_fd, dir_fd;            /* owned */
	int pidfd;                      /* owned; -1: it is over */
	int cgroup_root_fd, cgroup_fd;  /* owned; -1: it has none, or it is gone */
};

/* id: checked here. lock: nobody else changes it meanwhile. -ENOENT: "does not exist". */
int cpod_bundle_open (const struct cpod_bundle_context *context, const char *id, bool lock, struct cpod_bundle *ret_bundle,
                      struct cpod_error *err);
void cpod_bundle_close (struct cpod_bundle *bundle);
/* The configuration as it was at the creation, in the bundle's arena. */
int cpod_bundle_config (struct cpod_bundle *bundle, const struct cpod_oci_spec **ret_spec, struct cpod_error *err);

int cpod_bundle_start (struct cpod_bundle *bundle, struct cpod_error *err);
/* all: every process in its cgroup. */
int cpod_bundle_kill (struct cpod_bundle *bundle, int signal, bool all, struct cpod_error *err);
int cpod_bundle_freeze (struct cpod_bundle *bundle, bool frozen, struct cpod_error *err);
/* The pids of its processes, in the bundle's arena. */
int cpod_bundle_processes (struct cpod_bundle *bundle, pid_t **ret_pids, size_t *ret_n, struct cpod_error *err);
/* A command for a running container. */
struct cpod_bundle_exec {
	const char *name, *text;        /* a process object as JSON and its name for messages; NULL: as the container's own */
	size_t len;
	/* changes to the container's own process; NULL, zero: none */
	const char *const *args;        /* NULL-terminated */
	const char *cwd;
	const char *const *env;         /* more variables, NULL-terminated */
	const char *const *caps;        /* more capabilities, NULL-terminated: bounding, permitted and effective */
	bool has_user, has_gid;
	uint32_t uid, gid;
	bool no_new_privs, terminal;

	const char *cgroup;             /* below the container's; or NULL */
	const char *pid_file, *console_socket;
	unsigned int preserve_fds;
	bool detach;
	const struct cpod_bundle_terminal *lender;     /* not detached; or NULL */
};
/* Runs it; *ret_exit: how it ended, unless it is detached. */
int cpod_bundle_exec (struct cpod_bundle *bundle, const struct cpod_bundle_exec *exec, struct cpod_rt_exit *ret_exit,
                      struct cpod_error *err);
/* Deletes what is stopped; force: whatever it is, also what a crash has left, and none is fine. */
int cpod_bundle_delete (const struct cpod_bundle_context *context, const char *id, bool force, struct cpod_error *err);
/* Changes limits. text: a linux.resources object as JSON; name: of it, for messages. */
int cpod_bundle_update (struct cpod_bundle *bundle, const char *name, const char *text, size_t len, struct cpod_error *err);

#endif
