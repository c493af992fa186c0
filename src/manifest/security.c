/* The security contexts of pod and container, as parts of an OCI spec.
 *
 * The container's own context comes before the pod's. What neither says is what cpod does for every
 * container (cpod-pod(5), DEFAULTS), with two exceptions where a manifest means something by its
 * silence: a container may gain privileges (no allowPrivilegeEscalation: false), and its groups are
 * the pod's.
 */
#include "manifest.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define ID_MAX INT64_C (2147483647)

/* The set that a container has where its manifest names none: cpod's own (oci/caps.c has the same). */
static const char *const default_caps[] = {
	"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE",
	"CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
};
static const char *const all_caps[] = {
	"CAP_AUDIT_CONTROL", "CAP_AUDIT_READ", "CAP_AUDIT_WRITE", "CAP_BLOCK_SUSPEND", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
	"CAP_KILL", "CAP_LEASE", "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE", "CAP_MKNOD", "CAP_NET_ADMIN",
	"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_RAW", "CAP_PERFMON", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP",
	"CAP_SETUID", "CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_CHROOT", "CAP_SYS_MODULE", "CAP_SYS_NICE",
	"CAP_SYS_PACCT", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG",
	"CAP_WAKE_ALARM",
};
#define N_CAPS (sizeof (all_caps) / sizeof (all_caps[0]))

/* ---- Identity ------------------------------------------------------------------------------ */

/* An id of a context: at = the context's object. */
static int
check_id (struct cpod_manifest *m, const struct cpod_json *at, const char *name, struct cpod_int id, struct cpod_error *err)
{
	if (!id.set || (id.value >= 0 && id.value <= ID_MAX))
		return 0;
	return cpod_manifest_bad (m->decoder, at, name, err, "must be between 0 and 2147483647, inclusive");
}

static int
check_ids (struct cpod_manifest *m, const struct cpod_manifest_container *container, struct cpod_error *err)
{
	const struct cpod_manifest_security *security = container->security;
	size_t base = m->decoder->path_len;
	int ret = 0;

	if (!security)
		return 0;
	cpod_decode_push (m->decoder, "securityContext");
	if ((ret = check_id (m, security->at, "runAsUser", security->user, err)) < 0
	    || (ret = check_id (m, security->at, "runAsGroup", security->group, err)) < 0)
		return ret;
	cpod_decode_pop (m->decoder, base);
	return 0;
}

/* process.user: uid, gid, and the groups of the pod with its fsGroup. */
static struct cpod_json *
build_user (struct cpod_manifest *m, const struct cpod_json *at, int64_t uid, int64_t gid)
{
	const struct cpod_manifest_pod_security *pod = m->pod->security;
	struct cpod_json *user = cpod_manifest_node (m, CPOD_JSON_OBJECT, at),
		*groups = cpod_manifest_node (m, CPOD_JSON_ARRAY, at);

	user = cpod_manifest_add (user, "uid", cpod_manifest_int (m, uid, at));
	user = cpod_manifest_add (user, "gid", cpod_manifest_int (m, gid, at));
	for (size_t i = 0; pod && i < pod->groups.n; i++)
		groups = cpod_manifest_add (groups, NULL, cpod_manifest_int (m, (int64_t) pod->groups.items[i], pod->at));
	if (pod && pod->fs_group.set)
		groups = cpod_manifest_add (groups, NULL, cpod_manifest_int (m, pod->fs_group.value, pod->at));
	return cpod_manifest_add (user, "additionalGids", groups);
}

/* The first of the two that is set. */
static struct cpod_int
either (struct cpod_int own, struct cpod_int pods)
{
	return own.set ? own : pods;
}

/* Who the container runs as; runAsNonRoot is kept. */
static int
add_user (struct cpod_manifest *m, const struct cpod_manifest_container *container, struct cpod_json *process,
          struct cpod_error *err)
{
	static const struct cpod_manifest_pod_security no_pod;
	static const struct cpod_manifest_security no_own;
	const struct cpod_manifest_pod_security *pod = m->pod->security ? m->pod->security : &no_pod;
	const struct cpod_manifest_security *own = container->security ? container->security : &no_own;
	struct cpod_int uid = either (own->user, pod->user), gid = either (own->group, pod->group);
	struct cpod_bool non_root = own->non_root.set ? own->non_root : pod->non_root;
	const struct cpod_json *at = own->at ? own->at : container->at;

	if (non_root.value && uid.value == 0)
		return cpod_decode_error (m->decoder, at, err, "%s", uid.set
		                          ? "container's runAsUser breaks non-root policy"
		                          : "container has runAsNonRoot and image will run as root");
	return cpod_manifest_add (process, "user", build_user (m, at, uid.value, gid.value)) ? 0 : cpod_error_oom (err);
}

/* ---- Capabilities -------------------------------------------------------------------------- */

/* The index in all_caps of a name with or without CAP_, in any case; N_CAPS: "ALL"; -1: neither. */
static int
find_cap (const char *name)
{
	if (strcasecmp (name, "ALL") == 0)
		return (int) N_CAPS;
	if (strncasecmp (name, "CAP_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < N_CAPS; i++)
		if (strcasecmp (all_caps[i] + 4, name) == 0)
			return (int) i;
	return -1;
}

/* Marks what a list names. all: gets true for "ALL". */
static int
mark_caps (struct cpod_manifest *m, const struct cpod_manifest_caps *caps, bool add, bool marks[N_CAPS], bool *all,
           struct cpod_error *err)
{
	const struct cpod_strings *list = add ? &caps->add : &caps->drop;
	const struct cpod_json *json = cpod_json_get (caps->at, add ? "add" : "drop");
	const struct cpod_json *item = json ? json->first : NULL;

	for (size_t i = 0; i < list->n; i++, item = item->next) {
		int index = find_cap (list->items[i]);

		if (index < 0) {
			cpod_decode_push (m->decoder, add ? "add" : "drop");
			cpod_decode_push_index (m->decoder, i);
			return cpod_manifest_invalid (m->decoder, item, err, "is not the name of a capability");
		}
		if (index == (int) N_CAPS)
			*all = true;
		else
			marks[index] = true;
	}
	return 0;
}

/* ALL first, a dropped one last; then what is added by name, then what is dropped by name. */
static int
choose_caps (struct cpod_manifest *m, const struct cpod_manifest_caps *caps, bool chosen[N_CAPS], struct cpod_error *err)
{
	bool add[N_CAPS] = { false }, drop[N_CAPS] = { false }, add_all = false, drop_all = false;
	int ret = mark_caps (m, caps, true, add, &add_all, err);

	if (ret == 0)
		ret = mark_caps (m, caps, false, drop, &drop_all, err);
	for (size_t i = 0; i < sizeof (default_caps) / sizeof (default_caps[0]); i++)
		chosen[find_cap (default_caps[i])] = true;
	for (size_t i = 0; i < N_CAPS; i++) {
		if (add_all || drop_all)
			chosen[i] = add_all && !drop_all;
		chosen[i] = (chosen[i] || add[i]) && !drop[i];
	}
	return ret;
}

static int
add_caps (struct cpod_manifest *m, const struct cpod_manifest_caps *caps, struct cpod_json *process, struct cpod_error *err)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	struct cpod_json *object = cpod_manifest_node (m, CPOD_JSON_OBJECT, caps->at);
	bool chosen[N_CAPS] = { false };
	const char *names[N_CAPS];
	size_t n = 0;
	int ret = choose_caps (m, caps, chosen, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < N_CAPS; i++)
		if (chosen[i])
			names[n++] = all_caps[i];
	for (size_t i = 0; i < 3; i++)
		object = cpod_manifest_add (object, sets[i], cpod_manifest_words (m, names, n, caps->at));
	return cpod_manifest_add (process, "capabilities", object) ? 0 : cpod_error_oom (err);
}

/* ---- Profiles and paths -------------------------------------------------------------------- */

/* linux.seccomp, where it is not cpod's own. */
static int
add_seccomp (struct cpod_manifest *m, const struct cpod_manifest_profile *profile, struct cpod_json *linux_part,
             struct cpod_error *err)
{
	struct cpod_json *seccomp;

	if (!profile || profile->type.value == CPOD_MANIFEST_RUNTIME_DEFAULT)
		return 0;
	if (profile->type.value == CPOD_MANIFEST_LOCALHOST)
		return cpod_manifest_refuse (m->decoder, profile->at, "type", err,
		                             "a profile from a file is not carried out by this version");
	seccomp = cpod_manifest_node (m, CPOD_JSON_OBJECT, profile->at);
	seccomp = cpod_manifest_add (seccomp, "defaultAction", cpod_manifest_text (m, "SCMP_ACT_ALLOW", profile->at));
	return cpod_manifest_add (linux_part, "seccomp", seccomp) ? 0 : cpod_error_oom (err);
}

static int
check_apparmor (struct cpod_manifest *m, const struct cpod_manifest_profile *profile, struct cpod_error *err)
{
	if (!profile || profile->type.value == CPOD_MANIFEST_UNCONFINED)
		return 0;
	return cpod_manifest_refuse (m->decoder, profile->at, "type", err,
	                             "AppArmor is not carried out by this version; Unconfined is what containers are");
}

/* procMount: Unmasked takes cpod's masks away. */
static int
add_proc_mount (struct cpod_manifest *m, const struct cpod_manifest_security *security, struct cpod_json *linux_part,
                struct cpod_error *err)
{
	if (security->proc_mount.value == 0)
		return 0;
	if (!m->pod->host_users.set || m->pod->host_users.value)
		return cpod_manifest_bad (m->decoder, security->at, "procMount", err,
		                          "`hostUsers` must be false to use `Unmasked`");
	if (!cpod_manifest_add (linux_part, "maskedPaths", cpod_manifest_node (m, CPOD_JSON_ARRAY, security->at))
	    || !cpod_manifest_add (linux_part, "readonlyPaths", cpod_manifest_node (m, CPOD_JSON_ARRAY, security->at)))
		return cpod_error_oom (err);
	return 0;
}

/* Whether the list of added capabilities has one that makes an escalation pointless to forbid. */
static bool
adds_sys_admin (const struct cpod_manifest_caps *caps)
{
	for (size_t i = 0; caps && i < caps->add.n; i++)
		if (strcasecmp (caps->add.items[i], "CAP_SYS_ADMIN") == 0)
			return true;
	return false;
}

/* What only a container's own context can say. */
static int
add_own (struct cpod_manifest *m, const struct cpod_manifest_security *security, struct cpod_json *process,
         struct cpod_json *root,
         struct cpod_json *linux_part, struct cpod_error *err)
{
	bool kept_down = security->escalation.set && !security->escalation.value;
	int ret = 0;

	if (security->privileged.value && kept_down)
		return cpod_manifest_bad (m->decoder, security->at, "allowPrivilegeEscalation", err,
		                          "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
	if (security->privileged.value)
		return cpod_manifest_refuse (m->decoder, security->at, "privileged", err,
		                             "a privileged container is not carried out by this "
		                             "version: add the capabilities that it needs");
	if (kept_down && adds_sys_admin (security->caps))
		return cpod_manifest_bad (m->decoder, security->at, "allowPrivilegeEscalation", err,
		                          "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
	if (security->caps) {
		size_t old_len = cpod_decode_push (m->decoder, "capabilities");

		ret = add_caps (m, security->caps, process, err);
		if (ret < 0)
			return ret;
		cpod_decode_pop (m->decoder, old_len);
	}
	if (security->read_only_root.value && !cpod_manifest_add (root, "readonly",
	                                                          cpod_manifest_flag (m, true, security->at)))
		return cpod_error_oom (err);
	return add_proc_mount (m, security, linux_part, err);
}

/* The profiles: the container's, else the pod's, each with its own place in messages. */
static int
add_profiles (struct cpod_manifest *m, const struct cpod_manifest_container *container, struct cpod_json *linux_part,
              struct cpod_error *err)
{
	const struct cpod_manifest_pod_security *pod = m->pod->security;
	const struct cpod_manifest_security *own = container->security;
	const struct cpod_manifest_profile *seccomp = own && own->seccomp ? own->seccomp : pod ? pod->seccomp : NULL;
	const struct cpod_manifest_profile *apparmor = own && own->apparmor ? own->apparmor : pod ? pod->apparmor : NULL;
	int ret = add_seccomp (m, seccomp, linux_part, err);

	return ret < 0 ? ret : check_apparmor (m, apparmor, err);
}

int
cpod_manifest_security (struct cpod_manifest *m, const struct cpod_manifest_container *container,
                        struct cpod_json *process, struct cpod_json *root, struct cpod_json *linux_part,
                        struct cpod_error *err)
{
	bool kept_down = container->security && container->security->escalation.set && !container->security->escalation.value;
	size_t base = m->decoder->path_len;
	int ret = check_ids (m, container, err);

	if (ret < 0)
		return ret;
	cpod_decode_push (m->decoder, "securityContext");
	if ((ret = add_user (m, container, process, err)) < 0
	    || (container->security && (ret = add_own (m, container->security, process, root, linux_part, err)) < 0)
	    || (ret = add_profiles (m, container, linux_part, err)) < 0)
		return ret;
	if (!cpod_manifest_add (process, "noNewPrivileges", cpod_manifest_flag (m, kept_down, container->at))
	    || (m->sysctls && !cpod_manifest_add (linux_part, "sysctl", cpod_manifest_share (m, m->sysctls))))
		return cpod_error_oom (err);
	cpod_decode_pop (m->decoder, base);
	return 0;
}

/* ---- The pod's ----------------------------------------------------------------------------- */

static const char *const safe_sysctls[] = {
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
	"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
	"net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
	"net.ipv4.tcp_wmem",
};

/* The name with dots, whichever way it is written; the well-known name when it is a safe one, else NULL. */
static const char *
safe_sysctl (const char *name)
{
	for (size_t i = 0; i < sizeof (safe_sysctls) / sizeof (safe_sysctls[0]); i++) {
		size_t at = 0;

		while (name[at] && (name[at] == safe_sysctls[i][at] || (name[at] == '/' && safe_sysctls[i][at] == '.')))
			at++;
		if (!name[at] && !safe_sysctls[i][at])
			return safe_sysctls[i];
	}
	return NULL;
}

static int
check_sysctl (struct cpod_manifest *m, const struct cpod_manifest_sysctl *sysctl, struct cpod_names *seen, size_t index,
              const char **ret_name, struct cpod_error *err)
{
	size_t first;

	if (!sysctl->name || !*sysctl->name)
		return cpod_manifest_required (m->decoder, sysctl->at, "name", NULL, err);
	if (!sysctl->value)
		return cpod_manifest_required (m->decoder, sysctl->at, "value", NULL, err);
	*ret_name = safe_sysctl (sysctl->name);
	if (!*ret_name)
		return cpod_manifest_bad (m->decoder, sysctl->at, "name", err, "forbidden sysctl: not one of the safe ones");
	if (m->pod->host_network.value && strncmp (*ret_name, "net.", 4) == 0)
		return cpod_manifest_bad (m->decoder, sysctl->at, "name", err,
		                          "may not be specified when 'hostNetwork' is true");
	if (m->pod->host_ipc.value && strncmp (*ret_name, "kernel.", 7) == 0)
		return cpod_manifest_bad (m->decoder, sysctl->at, "name", err, "may not be specified when 'hostIPC' is true");
	if (cpod_names_add (seen, *ret_name, index, &first) < 0)
		return cpod_error_oom (err);
	return first == index ? 0 : cpod_manifest_duplicate (m->decoder, sysctl->at, "name", err);
}

static int
make_sysctls (struct cpod_manifest *m, const struct cpod_manifest_pod_security *security, struct cpod_error *err)
{
	const struct cpod_manifest_sysctl *sysctls = security->sysctls.items;
	size_t base = cpod_decode_push (m->decoder, "sysctls");
	struct cpod_names seen;
	const char *name = NULL;
	int ret;

	cpod_names_init (&seen, m->arena);
	m->sysctls = cpod_manifest_node (m, CPOD_JSON_OBJECT, security->at);
	for (size_t i = 0; i < security->sysctls.n; i++) {
		size_t old_len = cpod_decode_push_index (m->decoder, i);

		ret = check_sysctl (m, &sysctls[i], &seen, i, &name, err);
		if (ret < 0)
			return ret;
		cpod_decode_pop (m->decoder, old_len);
		m->sysctls = cpod_manifest_add (m->sysctls, name, cpod_manifest_text (m, sysctls[i].value, sysctls[i].at));
	}
	cpod_decode_pop (m->decoder, base);
	return m->sysctls ? 0 : cpod_error_oom (err);
}

int
cpod_manifest_pod_security (struct cpod_manifest *m, struct cpod_error *err)
{
	const struct cpod_manifest_pod_security *security = m->pod->security;
	size_t base = m->decoder->path_len;
	int ret;

	if (!security)
		return 0;
	cpod_decode_push (m->decoder, "securityContext");
	if ((ret = check_id (m, security->at, "runAsUser", security->user, err)) < 0
	    || (ret = check_id (m, security->at, "runAsGroup", security->group, err)) < 0
	    || (ret = check_id (m, security->at, "fsGroup", security->fs_group, err)) < 0)
		return ret;
	if (security->groups_policy.set && security->groups_policy.value == 0)
		return cpod_manifest_refuse (m->decoder, security->at, "supplementalGroupsPolicy", err,
		                             "Merge is not carried out by this "
		                             "version: no /etc/group of an image is read");
	if (security->sysctls.n > 0) {
		ret = make_sysctls (m, security, err);
		if (ret < 0)
			return ret;
	}
	cpod_decode_pop (m->decoder, base);
	return 0;
}
