/* The native pod spec as the controller sees it.
 *
 * Stages of a load: the file is read (bounded), parsed into a tree that remembers places, told apart
 * from the other shapes of input, decoded by the tables in spec-tables.c, then checked as a whole
 * (names, forms, number of containers). What a container's OCI spec means is not looked at here:
 * it goes to the runtime as text, and what the runtime refuses is located in the tree.
 *
 * Life cycle: counted references; everything lives in one arena. A spec does not change after load,
 * so that pods in different threads may share it.
 */
#ifndef CPOD_POD_SPEC_H
#define CPOD_POD_SPEC_H

#include "lifecycle.h"
#include "volume.h"

#include "probes/asker.h"
#include "src/base/arena.h"
#include "src/base/json.h"
#include "src/base/str.h"

#include <cpod/cpod.h>
#include <stdatomic.h>

#define CPOD_SPEC_MAX_CONTAINERS 16384u
#define CPOD_SPEC_NAME_MAX 63u
#define CPOD_SPEC_GRACE_S 10           /* default of terminationGracePeriodSeconds */
#define CPOD_SPEC_ARENA_MAX (48u << 20)

struct cpod_probe_use {
	const struct cpod_probe_spec *spec;      /* NULL: no such probe */
	struct cpod_asker_what what;             /* exec: $(NAME) expanded; else made by cpod_spec_link */
};

struct cpod_hook_use {
	const struct cpod_hook_spec *spec;       /* NULL: no such hook */
	struct cpod_asker_what what;             /* exec: as written; httpGet: made by cpod_spec_link */
};
struct cpod_dependency {
	size_t container;                        /* index in the spec's containers */
	enum cpod_dependency_condition condition;
};

struct cpod_container_spec {
	const char *name;
	bool init;
	const struct cpod_json *at;              /* its entry in the document */
	const char *path;                        /* of oci in the document: "containers[1].spec" */
	const struct cpod_json *oci;             /* the OCI spec; in the old form, the entry that holds its keys */
	bool old_form;
	const struct cpod_json *metadata;        /* NULL: absent */
	struct cpod_probe_use probes[3];         /* by enum cpod_probe_type */

	/* lifecycle.h has the meanings. Filled in by every front end; cpod_spec_link checks them as a whole. */
	enum cpod_restart_policy restart_policy; /* the container's own */
	bool sidecar;                            /* an init container whose own policy is Always */
	const struct cpod_restart_rule *rules;   /* restartPolicyRules */
	size_t n_rules;
	struct cpod_hook_use post_start, pre_stop;
	const struct cpod_net_port *ports;       /* n_ports, for probes and hooks that name one */
	size_t n_ports;
	int stop_signal;                         /* 0: SIGTERM */
	const struct cpod_dependency_spec *depends_on;
	size_t n_depends;
	const struct cpod_dependency *depends;   /* n_depends; made by cpod_spec_link */
	const char *message_path;                /* terminationMessagePath; NULL: none */
	enum cpod_message_policy message_policy;
};

struct cpod_spec {
	atomic_uint references;
	struct cpod_arena arena;
	const char *file;                        /* for messages */
	const char *name;
	unsigned int load_flags;                 /* CPOD_LOAD_* */
	bool from_manifest;                      /* made from a Kubernetes manifest: paths in it are not the user's */
	bool host_network, host_pid, host_ipc, share_pid;
	bool own_users, host_users;              /* hostUsers: false; true */
	const char *hostname;                    /* NULL: the pod's name */
	const struct cpod_json *volumes_json;    /* NULL: absent */
	const struct cpod_volume_spec *volumes;
	size_t n_volumes;
	int64_t grace_ms;
	enum cpod_restart_policy restart_policy; /* the pod's */
	int64_t active_deadline_ms;              /* activeDeadlineSeconds; 0: none */
	const struct cpod_json *metadata;        /* NULL: absent */
	const struct cpod_json *host_view;       /* NULL: absent */
	struct cpod_container_spec *containers;  /* init containers first, in the order of the document */
	size_t n_init, n_containers;
};

struct cpod_spec *cpod_spec_ref (const struct cpod_spec *spec);

/* The name of an OCI spec's top-level property. */
bool cpod_spec_is_oci_key (const char *name, size_t len);

/* Renders the container's OCI spec as the runtime gets it: strict JSON, "ociVersion" added. -ENOMEM. */
int cpod_spec_render_oci (const struct cpod_container_spec *container, const char *message_file, struct cpod_str *out);
/* Renders the normalised pod spec; it can be loaded again. indent: as cpod_json_write. -ENOMEM. */
int cpod_spec_render (const struct cpod_spec *spec, unsigned int indent, struct cpod_str *out);

/* What a runtime is told; the text that the configs point to lives in the struct. */
struct cpod_spec_pod_config {
	struct cpod_rt_pod_config config;
	struct cpod_str json;
	struct cpod_arena arena;                 /* of the list of volumes */
};
struct cpod_spec_container_config {
	struct cpod_rt_container_config config;
	struct cpod_str oci, metadata;
};
/* state_dir and cgroup_parent may be NULL; uid is borrowed. Finish both also after a failure. */
int cpod_spec_pod_config (const struct cpod_spec *spec, const char *uid, const char *state_dir,
                          const char *cgroup_parent, struct cpod_spec_pod_config *ret, struct cpod_error *err);
void cpod_spec_pod_config_finish (struct cpod_spec_pod_config *config);
/* stdio is set to -1. */
int cpod_spec_container_config (const struct cpod_spec *spec, const struct cpod_container_spec *container,
                                const char *id, const char *message_file, struct cpod_spec_container_config *ret,
                                struct cpod_error *err);
void cpod_spec_container_config_finish (struct cpod_spec_container_config *config);

/* Makes a runtime's error about container one that the user can find: "FILE:LINE:COL: PATH: reason" when it
 * begins with a path, else "FILE: container NAME: reason". Returns ret. */
int cpod_spec_locate_error (const struct cpod_spec *spec, const struct cpod_container_spec *container, int ret,
                            struct cpod_error *err);

/* A place for the runtime's warnings about container: config.warn is cpod_spec_locate_warning, config.warn_data one
 * of these. They are located as errors are and handed on. */
struct cpod_spec_warn {
	const struct cpod_spec *spec;
	const struct cpod_container_spec *container;
	void (*warn) (void *data, const char *message);   /* NULL: dropped */
	void *data;
};
void cpod_spec_locate_warning (void *warn, const char *message);

/* ---- spec-tables.c ----------------------------------------------------------------------- */

struct cpod_spec_entry {                         /* one of containers or initContainers, as decoded */
	const char *name;
	const struct cpod_json *spec, *metadata;
	const struct cpod_json *oci_keys[9];     /* the old form's */
	const char *text;                        /* fields that are not carried out land here */
	struct cpod_bool flag;
	const struct cpod_json *any;
	const struct cpod_probe_spec *probes[3];
	const char *message_path;
	struct cpod_int message_policy;
	struct cpod_int restart_policy;
	struct cpod_array rules;                 /* struct cpod_restart_rule */
	const struct cpod_lifecycle_spec *lifecycle;
	struct cpod_array depends_on;            /* struct cpod_dependency_spec */
	struct cpod_array ports;                 /* struct cpod_net_port */
	const struct cpod_json *at;              /* the entry */
};
struct cpod_spec_host_view { struct cpod_strings expose; };
struct cpod_spec_document {
	struct cpod_array init_containers, containers;   /* struct cpod_spec_entry */
	const struct cpod_json *metadata;
	struct cpod_bool host_network, host_pid, host_ipc, share_pid, host_users;
	const char *hostname;
	struct cpod_array volumes;               /* struct cpod_volume_spec */
	const struct cpod_spec_host_view *host_view;
	struct cpod_int grace, active_deadline, restart_policy;
	const char *text;
	struct cpod_bool flag;
	struct cpod_int number;
	const struct cpod_json *any;
};
extern const struct cpod_object cpod_spec_document_object, cpod_spec_entry_object;

/* Refuses, by name, the shapes of input that are not the native pod spec. */
int cpod_spec_check_shape (struct cpod_decoder *decoder, const struct cpod_json *root, struct cpod_error *err);

/* ---- spec-link.c ------------------------------------------------------------------------- */

/* Checks what fields say about each other and finds the containers that others depend on; the last stage of every
 * load, when all of spec is in place. -EINVAL with the place in decoder's file. */
int cpod_spec_link (struct cpod_spec *spec, struct cpod_decoder *decoder, struct cpod_error *err);

/* True for [A-Za-z0-9][A-Za-z0-9_.-]{0,62}. */
bool cpod_spec_is_name (const char *name);

#endif
