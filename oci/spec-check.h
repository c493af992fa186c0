/* Checks that the tables of oci/spec*.c share: of texts, of presence, of what cannot be had.
 *
 * They look at the document rather than at the decoded struct, because only the document knows
 * where a value stood. Private to oci/spec*.c.
 */
#ifndef CPOD_OCI_SPEC_CHECK_H
#define CPOD_OCI_SPEC_CHECK_H

#include "spec.h"

#define OFF(type, member) offsetof (struct cpod_oci_##type, member)
#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))
/* The middle of a table's definition. */
#define TABLE(type, table) \
	.size = sizeof (struct cpod_oci_##type), .fields = table, .n_fields = N_ELEMENTS (table)

/* Checks one string; decoder's path already names it. 0 or -errno with a positioned sentence. */
typedef int cpod_oci_text_check (struct cpod_decoder *decoder, const struct cpod_json *value,
                                 struct cpod_error *err);

/* "Every string of this field passes this check": the field is a string, a list or a map. */
struct cpod_oci_rule {
	const char *field;
	cpod_oci_text_check *check;
};

/* "This field cannot be carried out, because ..."; false, null, what is empty and the neutral
 * numbers mean the same as absence and pass. */
struct cpod_oci_refusal {
	const char *field;
	bool zero_passes, minus_one_passes;
	const char *reason;
};

/* Applies the n rules to the members of object. */
int cpod_oci_check_rules (struct cpod_decoder *decoder, const struct cpod_json *object,
                          const struct cpod_oci_rule *rules, size_t n, struct cpod_error *err);
/* -ENOTSUP for the first member of object that one of the n refusals names. */
int cpod_oci_check_refusals (struct cpod_decoder *decoder, const struct cpod_json *object,
                             const struct cpod_oci_refusal *refusals, size_t n, struct cpod_error *err);
/* Without CPOD_OCI_SPEC_PARTIAL the member field must be there. */
int cpod_oci_check_present (struct cpod_decoder *decoder, const struct cpod_json *object, const char *field,
                            struct cpod_error *err);

/* -EINVAL about the member field of object (or about object, where it is absent). */
int cpod_oci_field_error (struct cpod_decoder *decoder, const struct cpod_json *object, const char *field,
                          struct cpod_error *err, const char *format, ...)
	__attribute__ ((format (printf, 5, 6)));
/* As above about element index of the list field. */
int cpod_oci_item_error (struct cpod_decoder *decoder, const struct cpod_json *object, const char *field,
                         size_t index, struct cpod_error *err, const char *format, ...)
	__attribute__ ((format (printf, 6, 7)));
/* -ENOTSUP about the member field: what it asks for is not carried out by this version. 0 with
 * CPOD_DECODE_ACCEPT_NOT_YET. */
int cpod_oci_not_yet (struct cpod_decoder *decoder, const struct cpod_json *object, const char *field,
                      const char *what, struct cpod_error *err);

/* Checks of texts. */
cpod_oci_text_check cpod_oci_text_plain;      /* no control characters */
cpod_oci_text_check cpod_oci_text_path;       /* plain and shorter than PATH_MAX */
cpod_oci_text_check cpod_oci_text_absolute;   /* a path that begins with '/' */
cpod_oci_text_check cpod_oci_text_env;        /* "NAME=value" */
cpod_oci_text_check cpod_oci_text_list;       /* "0-3,7" or empty */
cpod_oci_text_check cpod_oci_text_hostname;   /* plain, at most 64 bytes */
/* value is one of words (NULL-terminated); else an error with the nearest one. */
int cpod_oci_text_word (struct cpod_decoder *decoder, const struct cpod_json *value,
                        const char *const *words, struct cpod_error *err);

/* The tables, in the order of the document. */
extern const struct cpod_object cpod_oci_console_size_object, cpod_oci_user_object,
	cpod_oci_capabilities_object, cpod_oci_rlimit_object, cpod_oci_scheduler_object,
	cpod_oci_io_priority_object, cpod_oci_cpu_affinity_object, cpod_oci_process_object;
extern const struct cpod_object cpod_oci_root_object, cpod_oci_id_mapping_object, cpod_oci_mount_object,
	cpod_oci_hook_object, cpod_oci_hooks_object, cpod_oci_spec_object;
extern const struct cpod_object cpod_oci_namespace_object, cpod_oci_time_offset_object,
	cpod_oci_net_device_object, cpod_oci_device_object, cpod_oci_intel_rdt_object,
	cpod_oci_personality_object, cpod_oci_memory_policy_object, cpod_oci_linux_object;
extern const struct cpod_object cpod_oci_seccomp_object, cpod_oci_seccomp_rule_object,
	cpod_oci_seccomp_arg_object;
extern const struct cpod_object cpod_oci_resources_object, cpod_oci_device_rule_object,
	cpod_oci_memory_object, cpod_oci_cpu_object, cpod_oci_pids_object, cpod_oci_block_io_object,
	cpod_oci_weight_device_object, cpod_oci_throttle_device_object, cpod_oci_hugepage_limit_object,
	cpod_oci_network_object, cpod_oci_network_priority_object, cpod_oci_rdma_object;

#endif
