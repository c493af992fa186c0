/* What the files that make a container without a pod share. Private to them. */
#ifndef CPOD_OCI_BUNDLE_PARTS_H
#define CPOD_OCI_BUNDLE_PARTS_H

#include "bundle.h"
#include "cgroup.h"
#include "compile.h"

#define CPOD_DEATH_NS 10000000000ull      /* how long a killed process may take to be gone; its parent may be slow to reap */

/* A container in the making. */
struct cpod_making {
	const struct cpod_bundle_options *options;
	struct cpod_arena arena;
	char *config;                       /* the text of config.json, owned */
	size_t config_len;
	const struct cpod_oci_spec *spec;
	const struct cpod_oci_resources *resources;
	struct cpod_process process;
	struct cpod_cgroup_settings settings;
	struct cpod_idmap ids;              /* of its own user namespace; no ranges: it has none */
	struct cpod_plan plan;
	struct cpod_bundle_state state;
	int root_fd, dir_fd;                /* owned; dir_fd is locked */
	int cgroup_root_fd, cgroup_fd;      /* owned */
	bool waits;                         /* the program, for a start that comes later */
	bool born;                          /* the program, by a go-between, into a PID namespace that others live in */
	bool made_cgroup, hooks_ran;
	bool runs;                          /* and others may act on it: the lock was given up */
	int terminal_fd;                    /* owned: where the terminal's master is sent */
	int master_fd;                      /* owned: where it arrives, when the caller lends a terminal; -1 */
	uint16_t rows, columns;             /* of that terminal */
	int *hook_fds;                      /* owned, in the arena: see struct cpod_compile_input */
	size_t n_hook_fds;
	int start_fd, status_fd;            /* owned: our ends; start_fd -1: status_fd is a socket */
	int pidfd;                          /* owned */
	pid_t pid;                          /* of the first process; before its birth, of the go-between */
	bool is_born;
};

/* ---- bundle.c: everything before the first process ---- */

/* Reads, decodes and compiles: nothing is made. */
int cpod_making_read (struct cpod_making *making, struct cpod_error *err);
/* join_cgroup: NULL, or the path of the group that the container enters by itself. */
int cpod_making_compile (struct cpod_making *making, const char *join_cgroup, struct cpod_error *err);
/* The state directory, then the cgroup with its limits. */
int cpod_making_prepare (struct cpod_making *making, struct cpod_error *err);
/* Ends what runs, and takes back all that was made. */
void cpod_making_undo (struct cpod_making *making);

/* ---- hooks.c ---- */

enum cpod_hook_list {
	CPOD_HOOKS_PRESTART, CPOD_HOOKS_CREATE_RUNTIME, CPOD_HOOKS_CREATE_CONTAINER, CPOD_HOOKS_START_CONTAINER,
	CPOD_HOOKS_POSTSTART, CPOD_HOOKS_POSTSTOP,
};
/* Runs the hooks of one list in the caller's namespaces, in order. The first that fails is the end, and the
 * error names it; go_on: all are run, and each failure is a warning of the context's. */
int cpod_hooks_run (const struct cpod_oci_spec *spec, enum cpod_hook_list list, const struct cpod_bundle_state *state,
                    enum cpod_bundle_status status, bool go_on, const struct cpod_bundle_context *context, struct cpod_error *err);
/* A file for a hook to read, still empty. */
int cpod_hooks_open_state (int *ret_fd, struct cpod_error *err);
/* Fills it with the state, and seals it. */
int cpod_hooks_fill_state (int fd, const struct cpod_bundle_state *state, enum cpod_bundle_status status, pid_t pid,
                           const struct cpod_oci_spec *spec, struct cpod_error *err);

/* ---- shared ---- */

/* Removes the cgroup with what is left in it. Bounded in time; -EBUSY: something does not die. */
int cpod_bundle_remove_cgroup (int cgroup_root_fd, const char *path, struct cpod_error *err);
/* Rules of resources.devices, where there are any, for the group; one that is attached already is replaced. */
int cpod_bundle_confine_devices (const struct cpod_oci_resources *resources, int cgroup_fd, bool replace,
                                 struct cpod_arena *arena, struct cpod_error *err);
/* Puts pid, as text, into a file of the caller's. */
int cpod_bundle_write_pid (const char *path, pid_t pid, struct cpod_error *err);
/* Hands signals on until the process of pidfd has ended. */
int cpod_bundle_hand_on (int pidfd, int signal_fd, struct cpod_error *err);
/* Blocks every signal, and opens a descriptor for them. */
int cpod_bundle_take_signals (int *ret_fd, struct cpod_error *err);
/* Whether the caller has given the n descriptors behind 2. */
int cpod_bundle_check_fds (unsigned int n, struct cpod_error *err);
/* Where a terminal's master will go. *ret_fd: a connection to the socket at path, if one is given; else one end of a
 * pair whose other is *ret_master_fd, if somebody lends a terminal; else -1. */
int cpod_bundle_open_terminal (const char *path, const struct cpod_bundle_terminal *lender, int *ret_fd, int *ret_master_fd,
                               struct cpod_error *err);

#endif
