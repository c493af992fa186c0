/* Kubernetes manifests: kind Pod, with the ConfigMaps and Secrets that it uses, in one file.
 *
 * A manifest becomes a native pod spec. Stages of a load: the documents are sorted by kind and decoded
 * by the tables in tables.c, which also write the manual page; what the fields mean together
 * is checked; then a native document is built, value by value, each with the place in the manifest
 * that it came from. From there on there is one model: the native decoder reads that document, and
 * nothing behind it knows of manifests.
 *
 *   manifest.c            documents and kinds, the pod's metadata, the fields of the pod
 *   tables.c     every field: carried out, of no meaning here, or refused
 *   check.c      errors in Kubernetes' words; names
 *   container.c  one container to one native entry
 *   env.c        variables, $(NAME), fieldRef
 *   probes.c     the schema of probes; names of ports
 *   resources.c  requests and limits, the QoS class, resourceFieldRef
 *   security.c   both securityContexts
 *   volumes.c    volumes and volumeMounts
 *   files.c      what is in a configMap, secret, downwardAPI or projected volume
 *   network.c    host names, /etc/hosts, /etc/resolv.conf
 *
 * A field that Kubernetes knows is carried out, accepted where it says nothing on one host, or refused
 * by name. Sizes are bounded by the arena: what refers to one value many times does not copy it.
 */
#ifndef CPOD_POD_MANIFEST_H
#define CPOD_POD_MANIFEST_H

#include "quantity.h"
#include "src/base/decode.h"
#include "src/base/json.h"

#include "src/base/names.h"

/* ---- As decoded. at: the object in the manifest, in each of them. -------------------------- */

struct cpod_manifest_meta {
	const struct cpod_json *at;
	const char *name, *generate_name, *name_space, *uid;
	struct cpod_pairs labels, annotations;
};
struct cpod_manifest_key_ref { const struct cpod_json *at; const char *name, *key; struct cpod_bool optional; };
struct cpod_manifest_field_ref { const struct cpod_json *at; const char *api_version, *path; };
struct cpod_manifest_resource_ref {
	const struct cpod_json *at, *divisor;
	const char *container, *resource;
};
struct cpod_manifest_env_source {
	const struct cpod_json *at;
	const struct cpod_manifest_key_ref *config_map, *secret;
	const struct cpod_manifest_field_ref *field;
	const struct cpod_manifest_resource_ref *resource;
};
struct cpod_manifest_env {
	const struct cpod_json *at;
	const char *name, *value;
	const struct cpod_manifest_env_source *from;
};
struct cpod_manifest_env_from {
	const struct cpod_json *at;
	const char *prefix;
	const struct cpod_manifest_key_ref *config_map, *secret;   /* without a key */
};
enum cpod_manifest_recursive { CPOD_MANIFEST_RRO_DISABLED, CPOD_MANIFEST_RRO_IF_POSSIBLE, CPOD_MANIFEST_RRO_ENABLED };
enum cpod_manifest_propagation { CPOD_MANIFEST_NO_PROPAGATION, CPOD_MANIFEST_FROM_HOST, CPOD_MANIFEST_BOTH_WAYS };
struct cpod_manifest_mount {
	const struct cpod_json *at;
	const char *name, *path, *sub_path, *sub_path_expr;
	struct cpod_bool read_only;
	struct cpod_int recursive, propagation;
};
struct cpod_manifest_port {
	const struct cpod_json *at;
	const char *name, *host_ip;
	struct cpod_int number, host_port, protocol;
};
struct cpod_manifest_caps { const struct cpod_json *at; struct cpod_strings add, drop; };
enum cpod_manifest_seccomp_type { CPOD_MANIFEST_RUNTIME_DEFAULT, CPOD_MANIFEST_UNCONFINED, CPOD_MANIFEST_LOCALHOST };
struct cpod_manifest_profile { const struct cpod_json *at; struct cpod_int type; const char *localhost; };
struct cpod_manifest_security {
	const struct cpod_json *at;
	struct cpod_int user, group, proc_mount;
	struct cpod_bool non_root, privileged, escalation, read_only_root;
	const struct cpod_manifest_caps *caps;
	const struct cpod_manifest_profile *seccomp, *apparmor;
};
struct cpod_manifest_sysctl { const struct cpod_json *at; const char *name, *value; };
struct cpod_manifest_pod_security {
	const struct cpod_json *at;
	struct cpod_int user, group, fs_group, change_policy, groups_policy;
	struct cpod_bool non_root;
	struct cpod_uints groups;
	struct cpod_array sysctls;
	const struct cpod_manifest_profile *seccomp, *apparmor;
};
struct cpod_manifest_resources { const struct cpod_json *at, *limits, *requests; };

struct cpod_manifest_container {
	const struct cpod_json *at;
	const char *name, *image, *working_dir;
	struct cpod_strings command, args;
	struct cpod_array env, env_from, mounts, ports;
	const struct cpod_manifest_resources *resources;
	const struct cpod_manifest_security *security;
	struct cpod_int restart_policy;
};

struct cpod_manifest_item { const struct cpod_json *at; const char *key, *path; struct cpod_int mode; };
struct cpod_manifest_source {                    /* configMap or secret, as a volume or projected */
	const struct cpod_json *at;
	const char *name;
	struct cpod_array items;
	struct cpod_int mode;
	struct cpod_bool optional;
};
struct cpod_manifest_downward_item {
	const struct cpod_json *at;
	const char *path;
	struct cpod_int mode;
	const struct cpod_manifest_field_ref *field;
	const struct cpod_manifest_resource_ref *resource;
};
struct cpod_manifest_downward { const struct cpod_json *at; struct cpod_array items; struct cpod_int mode; };
struct cpod_manifest_projection {
	const struct cpod_json *at;
	const struct cpod_manifest_source *config_map, *secret;
	const struct cpod_manifest_downward *downward;
};
struct cpod_manifest_projected { const struct cpod_json *at; struct cpod_array sources; struct cpod_int mode; };
struct cpod_manifest_empty_dir { const struct cpod_json *at, *size_limit; const char *medium; };
struct cpod_manifest_host_path { const struct cpod_json *at; const char *path; struct cpod_int type; };
struct cpod_manifest_volume {
	const struct cpod_json *at;
	const char *name;
	const struct cpod_manifest_empty_dir *empty_dir;
	const struct cpod_manifest_host_path *host_path;
	const struct cpod_manifest_source *config_map, *secret;
	const struct cpod_manifest_downward *downward;
	const struct cpod_manifest_projected *projected;
};
struct cpod_manifest_alias { const struct cpod_json *at; const char *ip; struct cpod_strings names; };
struct cpod_manifest_dns_option { const struct cpod_json *at; const char *name, *value; };
struct cpod_manifest_dns { const struct cpod_json *at; struct cpod_strings servers, searches; struct cpod_array options; };
enum cpod_manifest_dns_policy { CPOD_MANIFEST_DNS_CLUSTER_FIRST, CPOD_MANIFEST_DNS_CLUSTER_FIRST_HOST, CPOD_MANIFEST_DNS_DEFAULT,
                                CPOD_MANIFEST_DNS_NONE };
struct cpod_manifest_os { const struct cpod_json *at; const char *name; };

struct cpod_manifest_pod {
	const struct cpod_json *at;
	struct cpod_array init_containers, containers, volumes, aliases;
	struct cpod_int restart_policy, grace, deadline, dns_policy;
	struct cpod_bool host_network, host_pid, host_ipc, host_users, share_pid, fqdn;
	const char *hostname, *subdomain, *hostname_override, *node_name, *service_account;
	const struct cpod_manifest_pod_security *security;
	const struct cpod_manifest_dns *dns;
	const struct cpod_manifest_os *os;
};
struct cpod_manifest_data {                      /* a ConfigMap or a Secret */
	const struct cpod_json *at;
	const struct cpod_manifest_meta *meta;
	struct cpod_pairs data, more;            /* data and binaryData; data (base64) and stringData */
	struct cpod_names keys;                  /* data first, then more */
};
struct cpod_manifest_document {
	const struct cpod_json *at;
	const struct cpod_manifest_meta *meta;
	const struct cpod_manifest_pod *spec;
};
extern const struct cpod_object cpod_manifest_pod_object, cpod_manifest_config_map_object, cpod_manifest_secret_object;

/* ---- The loader's own state ---------------------------------------------------------------- */

enum cpod_manifest_qos { CPOD_MANIFEST_BEST_EFFORT, CPOD_MANIFEST_BURSTABLE, CPOD_MANIFEST_GUARANTEED };

/* What one container wants, once defaults are filled in. */
struct cpod_manifest_amounts {
	bool has[2][2];                          /* [request, limit][cpu, memory] */
	struct cpod_quantity cpu[2], memory[2];
	struct cpod_array pages;                 /* struct cpod_manifest_pages */
};

/* A variable of a container: order of the document, a later one of a name takes the place of the earlier. */
struct cpod_manifest_variable { const char *name, *value; const struct cpod_json *at; };
struct cpod_manifest_variables {
	struct cpod_manifest_variable *items;
	size_t n, capacity;
	struct cpod_names names;
};

struct cpod_manifest_limits { unsigned int name_bytes, containers; };

struct cpod_manifest {
	struct cpod_manifest_limits limits;
	struct cpod_decoder *decoder;
	struct cpod_arena *arena;
	const struct cpod_manifest_pod *pod;
	const struct cpod_manifest_meta *meta;
	const char *name, *name_space, *uid;     /* of the pod */
	struct cpod_array config_maps, secrets;  /* struct cpod_manifest_data */
	struct cpod_names config_map_names, secret_names, volume_names;
	struct cpod_names container_names;       /* all of them; numbers: init containers first */
	struct cpod_manifest_amounts *amounts;   /* by those numbers */
	enum cpod_manifest_qos qos;
	uint64_t memory_total;                   /* bytes of the host */
	long cpus;
	struct cpod_json *document;              /* the native one */
	struct cpod_json *volumes;               /* its "volumes" */
	struct cpod_json *sysctls;               /* linux.sysctl of every container, or NULL */
	bool hosts_file, resolv_file;            /* the pod has them, to be mounted in each container */
	bool shared_shm;                         /* one /dev/shm for the pod */
	uint64_t file_bytes;                     /* of all volumes' files, which may be the same data many times */
};

/* Whether a document is a manifest: it has a "kind" or an "apiVersion". */
bool cpod_manifest_is (const struct cpod_json *root);
/* Makes the native document of the manifests that begin at root (siblings of each other). given_name: the caller's
 * name for the pod, or NULL. limits: what a native document may have at most. It lives in the decoder's arena. */
int cpod_manifest_load (struct cpod_decoder *decoder, const struct cpod_json *root, const char *given_name,
                        struct cpod_manifest_limits limits, const struct cpod_json **ret_document, struct cpod_error *err);

/* ---- check.c ---------------------------------------------------------------------- */

/* "Invalid value: VALUE: reason", "Required value: reason", "Forbidden: reason" and so on, at value. All return
 * -EINVAL. name: a member of object that is pushed first, and whose place is taken when it is there. */
int cpod_manifest_invalid (struct cpod_decoder *decoder, const struct cpod_json *value, struct cpod_error *err,
                           const char *format, ...) __attribute__ ((format (printf, 4, 5)));
int cpod_manifest_bad (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name, struct cpod_error *err,
                       const char *format, ...) __attribute__ ((format (printf, 5, 6)));
int cpod_manifest_required (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name,
                            const char *reason, struct cpod_error *err);
int cpod_manifest_forbidden (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name,
                             struct cpod_error *err, const char *format, ...) __attribute__ ((format (printf, 5, 6)));
int cpod_manifest_duplicate (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name,
                             struct cpod_error *err);
int cpod_manifest_not_found (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name,
                             struct cpod_error *err);
/* -ENOTSUP: "reason", at the member name of object. */
int cpod_manifest_refuse (struct cpod_decoder *decoder, const struct cpod_json *object, const char *name,
                          struct cpod_error *err, const char *format, ...) __attribute__ ((format (printf, 5, 6)));

/* Why text is no RFC 1123 label, no RFC 1123 subdomain, or no key of a ConfigMap, in Kubernetes' words; NULL: it is. */
const char *cpod_manifest_label_error (const char *text);
const char *cpod_manifest_subdomain_error (const char *text);
const char *cpod_manifest_key_error (const char *text);
/* The same for a path inside a volume: relative, without "..". */
const char *cpod_manifest_path_error (const char *path);

/* Nodes with the place of at. NULL: memory. text is borrowed. */
struct cpod_json *cpod_manifest_text (struct cpod_manifest *m, const char *text, const struct cpod_json *at);
struct cpod_json *cpod_manifest_int (struct cpod_manifest *m, int64_t value, const struct cpod_json *at);
struct cpod_json *cpod_manifest_flag (struct cpod_manifest *m, bool value, const struct cpod_json *at);
struct cpod_json *cpod_manifest_node (struct cpod_manifest *m, enum cpod_json_type type, const struct cpod_json *at);
struct cpod_json *cpod_manifest_words (struct cpod_manifest *m, const char *const *words, size_t n, const struct cpod_json *at);
/* The manifest's own value, to stand in the native document too. */
struct cpod_json *cpod_manifest_share (struct cpod_manifest *m, const struct cpod_json *value);
/* As cpod_json_add, with a key that need not be copied; key NULL: an array. */
struct cpod_json *cpod_manifest_add (struct cpod_json *parent, const char *key, struct cpod_json *child);

/* ---- The parts ----------------------------------------------------------------------------- */

/* All return 0 or -errno. The decoder's path is that of the object they are given. */

/* One container, number as in container_names, to a native entry. */
int cpod_manifest_container (struct cpod_manifest *m, const struct cpod_manifest_container *container, size_t number,
                             bool init, struct cpod_json **ret_entry, struct cpod_error *err);

/* The container's variables, expanded. */
int cpod_manifest_variables (struct cpod_manifest *m, const struct cpod_manifest_container *container, size_t number,
                             struct cpod_manifest_variables *ret, struct cpod_error *err);
/* $(NAME) in text from the variables. unknown: the first name that has no value, or NULL where all have one; may be
 * NULL. -E2BIG: longer than an exec takes; -ENOMEM. */
int cpod_manifest_expand (struct cpod_manifest *m, const char *text, const struct cpod_manifest_variables *variables,
                          const char **ret_text, const char **ret_unknown);
/* The value of a fieldRef: metadata.name and the like. files: in a volume, where all labels and annotations can be had. */
int cpod_manifest_field (struct cpod_manifest *m, const struct cpod_manifest_field_ref *ref, bool files,
                         const char **ret_value, struct cpod_error *err);

/* Checks a probe or hook as Kubernetes does; *ret: what the native entry gets, names of ports resolved. what: its field. */
int cpod_manifest_probe (struct cpod_manifest *m, const struct cpod_manifest_container *container, const char *what,
                         const struct cpod_json *probe, const struct cpod_json **ret, struct cpod_error *err);
int cpod_manifest_lifecycle (struct cpod_manifest *m, const struct cpod_manifest_container *container,
                             const struct cpod_json *lifecycle, const struct cpod_json **ret, struct cpod_error *err);

/* Reads what every container wants into m->amounts, and finds the QoS class. */
int cpod_manifest_amounts (struct cpod_manifest *m, struct cpod_error *err);
/* linux.resources for a container, NULL in *ret where it wants nothing; and process.oomScoreAdj. */
int cpod_manifest_resources (struct cpod_manifest *m, const struct cpod_manifest_container *container, size_t number,
                             bool init, struct cpod_json **ret_resources, int *ret_oom, struct cpod_error *err);
/* The value of a resourceFieldRef. number: of the container that is meant unless the reference names one;
 * CPOD_NAMES_NONE: it must. */
int cpod_manifest_resource (struct cpod_manifest *m, const struct cpod_manifest_resource_ref *ref, size_t number,
                            const char **ret_value, struct cpod_error *err);
/* OOM score and CPU weight by KUBELET's rules, as numbers. */
int cpod_manifest_oom_score (enum cpod_manifest_qos qos, uint64_t request, uint64_t total);

/* What the security contexts say, into the OCI spec's process, root and linux. */
int cpod_manifest_security (struct cpod_manifest *m, const struct cpod_manifest_container *container,
                            struct cpod_json *process, struct cpod_json *root, struct cpod_json *linux_part,
                            struct cpod_error *err);
/* Checks the pod's, and makes m->sysctls. The path is the pod's. */
int cpod_manifest_pod_security (struct cpod_manifest *m, struct cpod_error *err);

/* The pod's volumes into m->volumes, all checked. */
int cpod_manifest_volumes (struct cpod_manifest *m, struct cpod_error *err);
/* The container's mounts, the pod's own ones too. */
int cpod_manifest_mounts (struct cpod_manifest *m, const struct cpod_manifest_container *container,
                          const struct cpod_manifest_variables *variables, struct cpod_json **ret_mounts,
                          struct cpod_error *err);
/* The files of a volume that is made of data: *ret_files, a native list. */
int cpod_manifest_files (struct cpod_manifest *m, const struct cpod_manifest_volume *volume, struct cpod_json **ret_files,
                         struct cpod_error *err);
/* The data of a key: text and its length (binary: not only text). -ENOENT: no such object or key; err is then set to
 * Kubernetes' words. */
struct cpod_manifest_value { const char *text; size_t len; bool base64; const struct cpod_json *at; };
int cpod_manifest_value (struct cpod_manifest *m, bool secret, const char *name, const char *key,
                         struct cpod_manifest_value *ret, struct cpod_error *err);
const struct cpod_manifest_data *cpod_manifest_data (const struct cpod_manifest *m, bool secret, const char *name);
/* Number index of the object's entries, data first. */
const struct cpod_pair *cpod_manifest_pair (const struct cpod_manifest_data *data, size_t index);

/* The pod's host name, its /etc/hosts and /etc/resolv.conf. */
int cpod_manifest_network (struct cpod_manifest *m, struct cpod_error *err);
/* The host's first address that is not its loopback's; "127.0.0.1" when there is none. In the arena; NULL: memory. */
const char *cpod_manifest_host_address (struct cpod_manifest *m);

#endif
