/* Every field of a manifest that Kubernetes knows and a Pod may have, and what becomes of it here.
 *
 * Three kinds of lines. Without a flag: carried out. IGNORED: accepted as it stands, because it speaks
 * of a cluster and says nothing on one host; .where says why. REFUSED: known, and refused by name.
 * What is not in a table is unknown. cpod-manifest(5) is written from these lines.
 */
#include "manifest.h"

#include "src/base/error.h"

#include <stdlib.h>
#include <string.h>

#define OFF(type, member) offsetof (struct cpod_manifest_##type, member)
#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))
#define OBJECT(type, variable, name, fields) \
	const struct cpod_object variable = { name, sizeof (struct cpod_manifest_##type), fields, N_ELEMENTS (fields), keep_place, false }

#define NULL_OK CPOD_FIELD_NULL_OK
#define NEEDED  CPOD_FIELD_REQUIRED
/* "at" takes the value until keep_place sets it. */
#define IGNORED(name, why) { name, CPOD_KIND_JSON, CPOD_FIELD_NO_MEANING | NULL_OK, 0, .where = why }
#define REFUSED(name)      { name, CPOD_KIND_JSON, CPOD_FIELD_NOT_YET | NULL_OK, 0, .where = "not carried out" }
#define HANDED_ON(name, why) { name, CPOD_KIND_JSON, NULL_OK, 0, .where = why }

/* Every struct begins with at. */
static int
keep_place (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	(void) decoder;
	(void) err;
	*(const struct cpod_json **) target = value;
	return 0;
}

/* A file mode: a number, or, as YAML 1.1 has it, octal digits that begin with 0. */
static int
decode_mode (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	struct cpod_int *ret_mode = target;
	const char *text = value->type == CPOD_JSON_NUMBER || value->type == CPOD_JSON_STRING ? value->text : "";
	bool octal = value->type == CPOD_JSON_STRING;
	char *end;
	long mode = strtol (text, &end, octal ? 8 : 10);

	if (text[0] < '0' || text[0] > '9' || *end || (octal && text[0] != '0') || mode > 0777)
		return cpod_manifest_invalid (decoder, value, err,
		                              "must be a number between 0 and 0777 (octal), both inclusive");
	*ret_mode = (struct cpod_int) { true, mode };
	return 0;
}

/* ---- References and variables -------------------------------------------------------------- */

static const struct cpod_field meta_fields[] = {
	{ "name", CPOD_KIND_STRING, NULL_OK, OFF (meta, name), .where = "the pod's name, at most 63 bytes" },
	{ "generateName", CPOD_KIND_STRING, NULL_OK, OFF (meta, generate_name),
	  .where = "the beginning of a name, to which five letters are added" },
	{ "namespace", CPOD_KIND_STRING, NULL_OK, OFF (meta, name_space), .where = "for fieldRef; default \"default\"" },
	{ "uid", CPOD_KIND_STRING, NULL_OK, OFF (meta, uid), .where = "for fieldRef; default a new one for each load" },
	{ "labels", CPOD_KIND_PAIRS, NULL_OK, OFF (meta, labels), .where = "for fieldRef" },
	{ "annotations", CPOD_KIND_PAIRS, NULL_OK, OFF (meta, annotations), .where = "for fieldRef" },
	IGNORED ("creationTimestamp", "the server's"), IGNORED ("deletionTimestamp", "the server's"),
	IGNORED ("deletionGracePeriodSeconds", "the server's"), IGNORED ("resourceVersion", "the server's"),
	IGNORED ("generation", "the server's"), IGNORED ("selfLink", "the server's"), IGNORED ("managedFields",
	                                                                                       "the server's"),
	IGNORED ("ownerReferences", "the cluster's"), IGNORED ("finalizers", "the cluster's"),
};
static OBJECT (meta, meta_object, "metadata", meta_fields);

static const struct cpod_field key_ref_fields[] = {
	{ "name", CPOD_KIND_STRING, NULL_OK, OFF (key_ref, name), .where = "of a document in the same file" },
	{ "key", CPOD_KIND_STRING, NULL_OK, OFF (key_ref, key), .where = "one of its keys" },
	{ "optional", CPOD_KIND_BOOL, NULL_OK, OFF (key_ref, optional), .where = "it may be missing" },
};
static OBJECT (key_ref, key_ref_object, "configMapKeyRef, secretKeyRef", key_ref_fields);

static const struct cpod_field object_ref_fields[] = {
	{ "name", CPOD_KIND_STRING, NULL_OK, OFF (key_ref, name), .where = "of a document in the same file" },
	{ "optional", CPOD_KIND_BOOL, NULL_OK, OFF (key_ref, optional), .where = "it may be missing" },
};
static OBJECT (key_ref, object_ref_object, "configMapRef, secretRef", object_ref_fields);

static const struct cpod_field field_ref_fields[] = {
	{ "fieldPath", CPOD_KIND_STRING, NULL_OK, OFF (field_ref, path),
	  .where = "metadata.name, .namespace, .uid, .labels['K'], .annotations['K']; spec.nodeName, .serviceAccountName; status.hostIP, "
	           ".hostIPs, .podIP, .podIPs; in a volume also all of metadata.labels and .annotations" },
	{ "apiVersion", CPOD_KIND_STRING, NULL_OK, OFF (field_ref, api_version), .where = "v1" },
};
static OBJECT (field_ref, field_ref_object, "fieldRef", field_ref_fields);

static const struct cpod_field resource_ref_fields[] = {
	{ "resource", CPOD_KIND_STRING, NULL_OK, OFF (resource_ref, resource),
	  .where = "limits.cpu, requests.memory and so on; without a limit: what the host has" },
	{ "containerName", CPOD_KIND_STRING, NULL_OK, OFF (resource_ref, container), .where = "needed in a volume" },
	{ "divisor", CPOD_KIND_JSON, NULL_OK, OFF (resource_ref, divisor),
	  .where = "a quantity; the value is rounded up; default 1" },
};
static OBJECT (resource_ref, resource_ref_object, "resourceFieldRef", resource_ref_fields);

static const struct cpod_field env_source_fields[] = {
	{ "configMapKeyRef", CPOD_KIND_OBJECT, NULL_OK, OFF (env_source, config_map), .object = &key_ref_object,
	  .where = "a key of a ConfigMap" },
	{ "secretKeyRef", CPOD_KIND_OBJECT, NULL_OK, OFF (env_source, secret), .object = &key_ref_object,
	  .where = "a key of a Secret" },
	{ "fieldRef", CPOD_KIND_OBJECT, NULL_OK, OFF (env_source, field), .object = &field_ref_object,
	  .where = "a field of the pod" },
	{ "resourceFieldRef", CPOD_KIND_OBJECT, NULL_OK, OFF (env_source, resource), .object = &resource_ref_object,
	  .where = "a request or limit" },
	REFUSED ("fileKeyRef"),
};
static OBJECT (env_source, env_source_object, "env[].valueFrom", env_source_fields);

static const struct cpod_field env_fields[] = {
	{ "name", CPOD_KIND_STRING, NULL_OK, OFF (env, name), .where = "any printable text without =" },
	{ "value", CPOD_KIND_STRING, NULL_OK, OFF (env, value),
	  .where = "$(NAME) is what an earlier variable has; $$ is one $" },
	{ "valueFrom", CPOD_KIND_OBJECT, NULL_OK, OFF (env, from), .object = &env_source_object,
	  .where = "instead of value" },
};
static OBJECT (env, env_object, "env[]", env_fields);

static const struct cpod_field env_from_fields[] = {
	{ "prefix", CPOD_KIND_STRING, NULL_OK, OFF (env_from, prefix), .where = "put before each name" },
	{ "configMapRef", CPOD_KIND_OBJECT, NULL_OK, OFF (env_from, config_map), .object = &object_ref_object,
	  .where = "every key of data" },
	{ "secretRef", CPOD_KIND_OBJECT, NULL_OK, OFF (env_from, secret), .object = &object_ref_object,
	  .where = "every key" },
};
static OBJECT (env_from, env_from_object, "envFrom[]", env_from_fields);

/* ---- A container --------------------------------------------------------------------------- */

static const char *const recursive_words[] = { "Disabled", "IfPossible", "Enabled", NULL };
static const char *const propagation_words[] = { "None", "HostToContainer", "Bidirectional", NULL };
static const struct cpod_field mount_fields[] = {
	{ "name", CPOD_KIND_STRING, NULL_OK, OFF (mount, name), .where = "of a volume" },
	{ "mountPath", CPOD_KIND_STRING, NULL_OK, OFF (mount, path), .where = "made where it is missing" },
	{ "readOnly", CPOD_KIND_BOOL, NULL_OK, OFF (mount, read_only), .where = "not what is mounted below" },
	{ "recursiveReadOnly", CPOD_KIND_ENUM, NULL_OK, OFF (mount, recursive), .words = recursive_words,
	  .where = "also what is mounted below" },
	{ "mountPropagation", CPOD_KIND_ENUM, NULL_OK, OFF (mount, propagation), .words = propagation_words,
	  .where = "Bidirectional needs a privileged container, so it is refused" },
	{ "subPath", CPOD_KIND_STRING, NULL_OK, OFF (mount, sub_path),
	  .where = "resolved beneath the volume by the kernel; a missing directory is made" },
	{ "subPathExpr", CPOD_KIND_STRING, NULL_OK, OFF (mount, sub_path_expr), .where = "the same, with $(NAME) expanded" },
};
static OBJECT (mount, mount_object, "volumeMounts[]", mount_fields);

static const char *const protocol_words[] = { "TCP", "UDP", "SCTP", NULL };
static const struct cpod_field port_fields[] = {
	{ "name", CPOD_KIND_STRING, NULL_OK, OFF (port, name), .where = "for probes and hooks" },
	{ "containerPort", CPOD_KIND_INT, NULL_OK, OFF (port, number), INT32_MIN, INT32_MAX,
	  .where = "for probes and hooks that name it" },
	{ "protocol", CPOD_KIND_ENUM, NULL_OK, OFF (port, protocol), .words = protocol_words, .where = "for people" },
	{ "hostPort", CPOD_KIND_INT, NULL_OK, OFF (port, host_port), INT32_MIN, INT32_MAX,
	  .where = "only with hostNetwork, and then the containerPort" },
	{ "hostIP", CPOD_KIND_STRING, NULL_OK, OFF (port, host_ip), .where = "only with a hostPort" },
};
static OBJECT (port, port_object, "ports[]", port_fields);

static const struct cpod_field resources_fields[] = {
	{ "limits", CPOD_KIND_JSON, NULL_OK, OFF (resources, limits),
	  .where = "cpu to cpu.max, memory to memory.max with memory.oom.group, hugepages-SIZE to hugetlb" },
	{ "requests", CPOD_KIND_JSON, NULL_OK, OFF (resources, requests),
	  .where = "cpu to cpu.weight; memory counts for oom_score_adj; default: the limit" },
	REFUSED ("claims"),
};
static OBJECT (resources, resources_object, "resources", resources_fields);

static const struct cpod_field caps_fields[] = {
	{ "add", CPOD_KIND_STRINGS, NULL_OK, OFF (caps, add), .where = "beside cpod's default set; ALL: every one" },
	{ "drop", CPOD_KIND_STRINGS, NULL_OK, OFF (caps, drop), .where = "from it; ALL: every one that is not added" },
};
static OBJECT (caps, caps_object, "capabilities", caps_fields);

static const char *const profile_words[] = { "RuntimeDefault", "Unconfined", "Localhost", NULL };
static const struct cpod_field seccomp_fields[] = {
	{ "type", CPOD_KIND_ENUM, NEEDED, OFF (profile, type), .words = profile_words,
	  .where = "RuntimeDefault is the default; Localhost is refused" },
	{ "localhostProfile", CPOD_KIND_STRING, NULL_OK, OFF (profile, localhost), .where = "refused with its type" },
};
static OBJECT (profile, seccomp_object, "seccompProfile", seccomp_fields);
static const struct cpod_field apparmor_fields[] = {
	{ "type", CPOD_KIND_ENUM, NEEDED, OFF (profile, type), .words = profile_words,
	  .where = "only Unconfined, which is how containers run; the others are refused" },
	{ "localhostProfile", CPOD_KIND_STRING, NULL_OK, OFF (profile, localhost), .where = "refused with its type" },
};
static OBJECT (profile, apparmor_object, "appArmorProfile", apparmor_fields);

static const char *const proc_mount_words[] = { "Default", "Unmasked", NULL };
static const struct cpod_field security_fields[] = {
	{ "runAsUser", CPOD_KIND_INT, NULL_OK, OFF (security, user), INT64_MIN, INT64_MAX,
	  .where = "default 0: no image says otherwise" },
	{ "runAsGroup", CPOD_KIND_INT, NULL_OK, OFF (security, group), INT64_MIN, INT64_MAX, .where = "default 0" },
	{ "runAsNonRoot", CPOD_KIND_BOOL, NULL_OK, OFF (security, non_root), .where = "user 0 is refused" },
	{ "capabilities", CPOD_KIND_OBJECT, NULL_OK, OFF (security, caps), .object = &caps_object,
	  .where = "the bounding, effective and permitted sets" },
	{ "privileged", CPOD_KIND_BOOL, NULL_OK, OFF (security, privileged),
	  .where = "true is refused: name what is needed in capabilities" },
	{ "allowPrivilegeEscalation", CPOD_KIND_BOOL, NULL_OK, OFF (security, escalation),
	  .where = "false: no_new_privs; default true, as in Kubernetes" },
	{ "readOnlyRootFilesystem", CPOD_KIND_BOOL, NULL_OK, OFF (security, read_only_root),
	  .where = "the root is mounted read-only" },
	{ "seccompProfile", CPOD_KIND_OBJECT, NULL_OK, OFF (security, seccomp), .object = &seccomp_object,
	  .where = "default: the pod's, else RuntimeDefault" },
	{ "appArmorProfile", CPOD_KIND_OBJECT, NULL_OK, OFF (security, apparmor), .object = &apparmor_object,
	  .where = "default: the pod's, else Unconfined" },
	{ "procMount", CPOD_KIND_ENUM, NULL_OK, OFF (security, proc_mount), .words = proc_mount_words,
	  .where = "Unmasked needs hostUsers: false" },
	REFUSED ("seLinuxOptions"), REFUSED ("windowsOptions"),
};
static OBJECT (security, security_object, "containers[].securityContext", security_fields);

static const char *const restart_words[] = { "Always", "OnFailure", "Never", NULL };
static const struct cpod_field container_fields[] = {
	{ "name", CPOD_KIND_STRING, NULL_OK, OFF (container, name), .where = "an RFC 1123 label, unique in the pod" },
	{ "image", CPOD_KIND_STRING, NULL_OK, OFF (container, image),
	  .where = "\"host\": the host's own file system, as a host view; \"dir:/PATH\": that directory" },
	IGNORED ("imagePullPolicy", "nothing is pulled"),
	{ "command", CPOD_KIND_STRINGS, NULL_OK, OFF (container, command),
	  .where = "$(NAME) expanded; needed, since no image has one of its own" },
	{ "args", CPOD_KIND_STRINGS, NULL_OK, OFF (container, args), .where = "$(NAME) expanded; behind command" },
	{ "workingDir", CPOD_KIND_STRING, NULL_OK, OFF (container, working_dir),
	  .where = "made where it is missing; default /" },
	{ "ports", CPOD_KIND_ARRAY, NULL_OK, OFF (container, ports), .object = &port_object,
	  .where = "opens nothing by itself" },
	{ "envFrom", CPOD_KIND_ARRAY, NULL_OK, OFF (container, env_from), .object = &env_from_object, .where = "before env" },
	{ "env", CPOD_KIND_ARRAY, NULL_OK, OFF (container, env), .object = &env_object,
	  .where = "a later variable of a name counts" },
	{ "resources", CPOD_KIND_OBJECT, NULL_OK, OFF (container, resources), .object = &resources_object,
	  .where = "cgroup v2; a controller that the host lacks is an error" },
	IGNORED ("resizePolicy", "nothing is resized"),
	{ "restartPolicy", CPOD_KIND_ENUM, NULL_OK, OFF (container, restart_policy), .words = restart_words,
	  .where = "instead of the pod's; Always makes an init container a sidecar" },
	HANDED_ON ("restartPolicyRules", "as in cpod-pod(5)"),
	{ "volumeMounts", CPOD_KIND_ARRAY, NULL_OK, OFF (container, mounts), .object = &mount_object,
	  .where = "outer ones first, whatever their order" },
	REFUSED ("volumeDevices"),
	HANDED_ON ("livenessProbe", "as in cpod-pod(5)"), HANDED_ON ("readinessProbe", "as in cpod-pod(5)"),
	HANDED_ON ("startupProbe", "as in cpod-pod(5)"), HANDED_ON ("lifecycle", "as in cpod-pod(5)"),
	HANDED_ON ("dependsOn", "cpod's own: as in cpod-pod(5)"),
	HANDED_ON ("terminationMessagePath", "as in cpod-pod(5); default /dev/termination-log"), HANDED_ON ("terminationMessagePolicy",
	                                                                      "as in cpod-pod(5)"),
	{ "securityContext", CPOD_KIND_OBJECT, NULL_OK, OFF (container, security), .object = &security_object,
	  .where = "before the pod's" },
	REFUSED ("stdin"), REFUSED ("stdinOnce"), REFUSED ("tty"),
};
static OBJECT (container, container_object, "containers[], initContainers[]", container_fields);

/* ---- Volumes ------------------------------------------------------------------------------- */

static const struct cpod_field item_fields[] = {
	{ "key", CPOD_KIND_STRING, NULL_OK, OFF (item, key), .where = "of the data" },
	{ "path", CPOD_KIND_STRING, NULL_OK, OFF (item, path), .where = "in the volume; relative" },
	{ "mode", CPOD_KIND_CUSTOM, NULL_OK, OFF (item, mode), .custom = decode_mode, .where = "of the file" },
};
static OBJECT (item, item_object, "items[]", item_fields);

#define SOURCE_FIELDS(name_of_name) \
	{ name_of_name, CPOD_KIND_STRING, NULL_OK, OFF (source, name), .where = "of a document in the same file" }, \
	{ "items", CPOD_KIND_ARRAY, NULL_OK, OFF (source, items), .object = &item_object, .where = "only these keys; default all" }, \
	{ "optional", CPOD_KIND_BOOL, NULL_OK, OFF (source, optional), .where = "it, or a key of it, may be missing" }
#define MODE_FIELD(type) \
	{ "defaultMode", CPOD_KIND_CUSTOM, NULL_OK, OFF (type, mode), .custom = decode_mode, .where = "of the files; default 0644" }
static const struct cpod_field config_map_fields[] = { SOURCE_FIELDS ("name"), MODE_FIELD (source) };
static OBJECT (source, config_map_object, "volumes[].configMap", config_map_fields);
static const struct cpod_field secret_fields[] = { SOURCE_FIELDS ("secretName"), MODE_FIELD (source) };
static OBJECT (source, secret_object, "volumes[].secret", secret_fields);
static const struct cpod_field projected_source_fields[] = { SOURCE_FIELDS ("name") };
static OBJECT (source, projected_source_object, "sources[].configMap, sources[].secret", projected_source_fields);

static const struct cpod_field downward_item_fields[] = {
	{ "path", CPOD_KIND_STRING, NULL_OK, OFF (downward_item, path), .where = "in the volume; relative" },
	{ "mode", CPOD_KIND_CUSTOM, NULL_OK, OFF (downward_item, mode), .custom = decode_mode, .where = "of the file" },
	{ "fieldRef", CPOD_KIND_OBJECT, NULL_OK, OFF (downward_item, field), .object = &field_ref_object,
	  .where = "what is in it" },
	{ "resourceFieldRef", CPOD_KIND_OBJECT, NULL_OK, OFF (downward_item, resource), .object = &resource_ref_object,
	  .where = "what is in it" },
};
static OBJECT (downward_item, downward_item_object, "downwardAPI.items[]", downward_item_fields);
static const struct cpod_field downward_fields[] = {
	{ "items", CPOD_KIND_ARRAY, NULL_OK, OFF (downward, items), .object = &downward_item_object, .where = "one a file" },
	MODE_FIELD (downward),
};
static OBJECT (downward, downward_object, "volumes[].downwardAPI", downward_fields);

static const struct cpod_field projection_fields[] = {
	{ "configMap", CPOD_KIND_OBJECT, NULL_OK, OFF (projection, config_map), .object = &projected_source_object,
	  .where = "files of a ConfigMap" },
	{ "secret", CPOD_KIND_OBJECT, NULL_OK, OFF (projection, secret), .object = &projected_source_object,
	  .where = "files of a Secret" },
	{ "downwardAPI", CPOD_KIND_OBJECT, NULL_OK, OFF (projection, downward), .object = &downward_object,
	  .where = "fields of the pod" },
	REFUSED ("serviceAccountToken"), REFUSED ("clusterTrustBundle"), REFUSED ("podCertificate"),
};
static OBJECT (projection, projection_object, "projected.sources[]", projection_fields);
static const struct cpod_field projected_fields[] = {
	{ "sources", CPOD_KIND_ARRAY, NULL_OK, OFF (projected, sources), .object = &projection_object,
	  .where = "all in one volume" },
	MODE_FIELD (projected),
};
static OBJECT (projected, projected_object, "volumes[].projected", projected_fields);

static const struct cpod_field empty_dir_fields[] = {
	{ "medium", CPOD_KIND_STRING, NULL_OK, OFF (empty_dir, medium),
	  .where = "\"\": in the pod's state directory; \"Memory\": one tmpfs that the pod's containers share" },
	{ "sizeLimit", CPOD_KIND_JSON, NULL_OK, OFF (empty_dir, size_limit),
	  .where = "a quantity; the volume is then a tmpfs of that size whatever the medium, and full when it is full (nobody is evicted)" },
};
static OBJECT (empty_dir, empty_dir_object, "volumes[].emptyDir", empty_dir_fields);
static const char *const host_path_words[] = { "", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket",
  "CharDevice", "BlockDevice", NULL };
static const struct cpod_field host_path_fields[] = {
	{ "path", CPOD_KIND_STRING, NULL_OK, OFF (host_path, path), .where = "absolute, without \"..\"" },
	{ "type", CPOD_KIND_ENUM, NULL_OK, OFF (host_path, type), .words = host_path_words,
	  .where = "looked at, or made, when the pod starts" },
};
static OBJECT (host_path, host_path_object, "volumes[].hostPath", host_path_fields);

static const struct cpod_field volume_fields[] = {
	{ "name", CPOD_KIND_STRING, NULL_OK, OFF (volume, name), .where = "an RFC 1123 label, unique in the pod" },
	{ "emptyDir", CPOD_KIND_OBJECT, NULL_OK, OFF (volume, empty_dir), .object = &empty_dir_object,
	  .where = "empty at first, gone with the pod; also what a volume without a source is" },
	{ "hostPath", CPOD_KIND_OBJECT, NULL_OK, OFF (volume, host_path), .object = &host_path_object,
	  .where = "something of the host's; mounted nosuid and nodev" },
	{ "configMap", CPOD_KIND_OBJECT, NULL_OK, OFF (volume, config_map), .object = &config_map_object,
	  .where = "read-only files" },
	{ "secret", CPOD_KIND_OBJECT, NULL_OK, OFF (volume, secret), .object = &secret_object, .where = "read-only files" },
	{ "downwardAPI", CPOD_KIND_OBJECT, NULL_OK, OFF (volume, downward), .object = &downward_object,
	  .where = "read-only files" },
	{ "projected", CPOD_KIND_OBJECT, NULL_OK, OFF (volume, projected), .object = &projected_object,
	  .where = "read-only files" },
	REFUSED ("image"), REFUSED ("persistentVolumeClaim"), REFUSED ("ephemeral"), REFUSED ("csi"), REFUSED ("nfs"),
		REFUSED ("iscsi"),
	REFUSED ("fc"), REFUSED ("flexVolume"), REFUSED ("gitRepo"), REFUSED ("cephfs"), REFUSED ("rbd"),
		REFUSED ("glusterfs"),
	REFUSED ("cinder"), REFUSED ("flocker"), REFUSED ("quobyte"), REFUSED ("storageos"), REFUSED ("scaleIO"),
		REFUSED ("portworxVolume"),
	REFUSED ("awsElasticBlockStore"), REFUSED ("azureDisk"), REFUSED ("azureFile"), REFUSED ("gcePersistentDisk"),
	REFUSED ("photonPersistentDisk"), REFUSED ("vsphereVolume"),
};
static OBJECT (volume, volume_object, "volumes[]", volume_fields);

/* ---- The pod ------------------------------------------------------------------------------- */

static const struct cpod_field alias_fields[] = {
	{ "ip", CPOD_KIND_STRING, NULL_OK, OFF (alias, ip), .where = "IPv4 or IPv6" },
	{ "hostnames", CPOD_KIND_STRINGS, NULL_OK, OFF (alias, names), .where = "its names" },
};
static OBJECT (alias, alias_object, "hostAliases[]", alias_fields);
static const struct cpod_field dns_option_fields[] = {
	{ "name", CPOD_KIND_STRING, NULL_OK, OFF (dns_option, name), .where = "as in resolv.conf(5)" },
	{ "value", CPOD_KIND_STRING, NULL_OK, OFF (dns_option, value), .where = "behind a colon" },
};
static OBJECT (dns_option, dns_option_object, "dnsConfig.options[]", dns_option_fields);
static const struct cpod_field dns_fields[] = {
	{ "nameservers", CPOD_KIND_STRINGS, NULL_OK, OFF (dns, servers), .where = "behind the policy's; at most 3" },
	{ "searches", CPOD_KIND_STRINGS, NULL_OK, OFF (dns, searches), .where = "behind the policy's; at most 32" },
	{ "options", CPOD_KIND_ARRAY, NULL_OK, OFF (dns, options), .object = &dns_option_object,
	  .where = "instead of the policy's of the same name" },
};
static OBJECT (dns, dns_object, "dnsConfig", dns_fields);

static const struct cpod_field sysctl_fields[] = {
	{ "name", CPOD_KIND_STRING, NULL_OK, OFF (sysctl, name),
	  .where = "one of the safe ones: kernel.shm_rmid_forced and some of net.ipv4" },
	{ "value", CPOD_KIND_STRING, NULL_OK, OFF (sysctl, value), .where = "written by each container's first process" },
};
static OBJECT (sysctl, sysctl_object, "sysctls[]", sysctl_fields);

static const char *const change_policy_words[] = { "Always", "OnRootMismatch", NULL };
static const char *const groups_policy_words[] = { "Merge", "Strict", NULL };
static const struct cpod_field pod_security_fields[] = {
	{ "runAsUser", CPOD_KIND_INT, NULL_OK, OFF (pod_security, user), INT64_MIN, INT64_MAX,
	  .where = "for containers that do not say" },
	{ "runAsGroup", CPOD_KIND_INT, NULL_OK, OFF (pod_security, group), INT64_MIN, INT64_MAX,
	  .where = "for containers that do not say" },
	{ "runAsNonRoot", CPOD_KIND_BOOL, NULL_OK, OFF (pod_security, non_root), .where = "for containers that do not say" },
	{ "supplementalGroups", CPOD_KIND_UINTS, NULL_OK, OFF (pod_security, groups), 0, INT32_MAX,
	  .where = "of every container" },
	{ "supplementalGroupsPolicy", CPOD_KIND_ENUM, NULL_OK, OFF (pod_security, groups_policy),
	  .words = groups_policy_words,
	  .where = "Strict, which is what is done; Merge is refused: no /etc/group of an image is read" },
	{ "fsGroup", CPOD_KIND_INT, NULL_OK, OFF (pod_security, fs_group), INT64_MIN, INT64_MAX,
	  .where = "owns the volumes, except hostPath, and is in every container's groups" },
	{ "fsGroupChangePolicy", CPOD_KIND_ENUM, NULL_OK | CPOD_FIELD_NO_MEANING, OFF (pod_security, change_policy),
	  .words = change_policy_words,
	  .where = "every volume is new" },
	{ "sysctls", CPOD_KIND_ARRAY, NULL_OK, OFF (pod_security, sysctls), .object = &sysctl_object,
	  .where = "of the pod's namespaces" },
	{ "seccompProfile", CPOD_KIND_OBJECT, NULL_OK, OFF (pod_security, seccomp), .object = &seccomp_object,
	  .where = "for containers that do not say" },
	{ "appArmorProfile", CPOD_KIND_OBJECT, NULL_OK, OFF (pod_security, apparmor), .object = &apparmor_object,
	  .where = "for containers that do not say" },
	REFUSED ("seLinuxOptions"), REFUSED ("seLinuxChangePolicy"), REFUSED ("windowsOptions"),
};
static OBJECT (pod_security, pod_security_object, "securityContext", pod_security_fields);

static const struct cpod_field os_fields[] = {
	{ "name", CPOD_KIND_STRING, NEEDED, OFF (os, name), .where = "linux" },
};
static OBJECT (os, os_object, "os", os_fields);

static const char *const dns_policy_words[] = { "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None", NULL };
static const struct cpod_field pod_fields[] = {
	{ "initContainers", CPOD_KIND_ARRAY, NULL_OK, OFF (pod, init_containers), .object = &container_object,
	  .where = "one after the other, before the containers" },
	{ "containers", CPOD_KIND_ARRAY, NULL_OK, OFF (pod, containers), .object = &container_object,
	  .where = "started together; at least one" },
	{ "volumes", CPOD_KIND_ARRAY, NULL_OK, OFF (pod, volumes), .object = &volume_object,
	  .where = "made when the pod starts, gone with it" },
	{ "restartPolicy", CPOD_KIND_ENUM, NULL_OK, OFF (pod, restart_policy), .words = restart_words,
	  .where = "default Always" },
	{ "terminationGracePeriodSeconds", CPOD_KIND_INT, NULL_OK, OFF (pod, grace), INT64_MIN, INT64_MAX,
	  .where = "default 30" },
	{ "activeDeadlineSeconds", CPOD_KIND_INT, NULL_OK, OFF (pod, deadline), INT64_MIN, INT64_MAX,
	  .where = "from the pod's start" },
	{ "hostNetwork", CPOD_KIND_BOOL, NULL_OK, OFF (pod, host_network),
	  .where = "the host's network instead of one with loopback alone" },
	{ "hostPID", CPOD_KIND_BOOL, NULL_OK, OFF (pod, host_pid), .where = "the host's processes are seen" },
	{ "hostIPC", CPOD_KIND_BOOL, NULL_OK, OFF (pod, host_ipc),
	  .where = "the host's System V IPC, message queues and /dev/shm" },
	{ "hostUsers", CPOD_KIND_BOOL, NULL_OK, OFF (pod, host_users),
	  .where = "false: a user namespace, as in cpod-pod(5)" },
	{ "shareProcessNamespace", CPOD_KIND_BOOL, NULL_OK, OFF (pod, share_pid),
	  .where = "the containers see each other's processes" },
	{ "hostname", CPOD_KIND_STRING, NULL_OK, OFF (pod, hostname), .where = "default the pod's name" },
	{ "subdomain", CPOD_KIND_STRING, NULL_OK, OFF (pod, subdomain),
	  .where = "the pod is also HOSTNAME.SUBDOMAIN.NAMESPACE.svc.cluster.local, in /etc/hosts" },
	{ "setHostnameAsFQDN", CPOD_KIND_BOOL, NULL_OK, OFF (pod, fqdn), .where = "and the host name is that" },
	{ "hostnameOverride", CPOD_KIND_STRING, NULL_OK, OFF (pod, hostname_override),
	  .where = "the host name, whatever the others say" },
	{ "hostAliases", CPOD_KIND_ARRAY, NULL_OK, OFF (pod, aliases), .object = &alias_object,
	  .where = "lines of /etc/hosts" },
	{ "dnsPolicy", CPOD_KIND_ENUM, NULL_OK, OFF (pod, dns_policy), .words = dns_policy_words,
	  .where = "there is no cluster's server: both ClusterFirst are as Default, the host's resolv.conf; None: dnsConfig alone" },
	{ "dnsConfig", CPOD_KIND_OBJECT, NULL_OK, OFF (pod, dns), .object = &dns_object,
	  .where = "merged into /etc/resolv.conf" },
	{ "securityContext", CPOD_KIND_OBJECT, NULL_OK, OFF (pod, security), .object = &pod_security_object,
	  .where = "for all containers" },
	{ "serviceAccountName", CPOD_KIND_STRING, NULL_OK, OFF (pod, service_account),
	  .where = "for fieldRef; no token is mounted" },
	{ "nodeName", CPOD_KIND_STRING, NULL_OK, OFF (pod, node_name), .where = "for fieldRef; default the host's name" },
	{ "os", CPOD_KIND_OBJECT, NULL_OK, OFF (pod, os), .object = &os_object, .where = "must be linux" },
	HANDED_ON ("hostView", "cpod's own: as in cpod-pod(5)"),
	IGNORED ("automountServiceAccountToken", "there is no server to speak to"), IGNORED ("serviceAccount",
	                                                                                     "the old name of serviceAccountName"),
	IGNORED ("imagePullSecrets", "nothing is pulled"), IGNORED ("enableServiceLinks", "there are no services"),
	IGNORED ("nodeSelector", "there is one host"), IGNORED ("affinity", "there is one host"), IGNORED ("tolerations",
	                                                                                                   "there is one host"),
	IGNORED ("topologySpreadConstraints", "there is one host"), IGNORED ("schedulerName", "there is no scheduler"),
	IGNORED ("priority", "there is no scheduler"), IGNORED ("priorityClassName", "there is no scheduler"),
	IGNORED ("preemptionPolicy", "there is no scheduler"), IGNORED ("overhead", "there is no scheduler"),
	IGNORED ("schedulingGroup", "there is no scheduler"),
	REFUSED ("readinessGates"), REFUSED ("schedulingGates"), REFUSED ("runtimeClassName"),
		REFUSED ("ephemeralContainers"),
	REFUSED ("resourceClaims"), REFUSED ("resources"), REFUSED ("workloadRef"),
};
static OBJECT (pod, pod_object, "spec", pod_fields);

#define DOCUMENT_FIELDS(type) \
	{ "apiVersion", CPOD_KIND_JSON, NULL_OK, 0, .where = "v1" }, \
	{ "kind", CPOD_KIND_JSON, NULL_OK, 0, .where = "which of them it is" }, \
	{ "metadata", CPOD_KIND_OBJECT, NULL_OK, OFF (type, meta), .object = &meta_object, .where = "what it is called" }
static const struct cpod_field document_fields[] = {
	DOCUMENT_FIELDS (document),
	{ "spec", CPOD_KIND_OBJECT, NULL_OK, OFF (document, spec), .object = &pod_object, .where = "the pod" },
	IGNORED ("status", "the server's"),
};
OBJECT (document, cpod_manifest_pod_object, "Pod", document_fields);

static const struct cpod_field config_map_document_fields[] = {
	DOCUMENT_FIELDS (data),
	{ "data", CPOD_KIND_PAIRS, NULL_OK, OFF (data, data), .where = "text" },
	{ "binaryData", CPOD_KIND_PAIRS, NULL_OK, OFF (data, more), .where = "base64; for volumes" },
	IGNORED ("immutable", "nothing changes"),
};
OBJECT (data, cpod_manifest_config_map_object, "ConfigMap", config_map_document_fields);

static const struct cpod_field secret_document_fields[] = {
	DOCUMENT_FIELDS (data),
	{ "data", CPOD_KIND_PAIRS, NULL_OK, OFF (data, data), .where = "base64" },
	{ "stringData", CPOD_KIND_PAIRS, NULL_OK, OFF (data, more), .where = "text; before data" },
	IGNORED ("type", "any type is a set of keys"),
	IGNORED ("immutable", "nothing changes"),
};
OBJECT (data, cpod_manifest_secret_object, "Secret", secret_document_fields);
