/* A sysctl is allowed by the namespace that holds it: one table, and nothing outside of it.
 * Names may be written with dots or with slashes (sysctl(8)); a dot within a component, as in the
 * name of a VLAN interface, needs the slashes. */
#include "sysctl.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *prefix;                    /* of the path; a whole name when it does not end in '/' */
	enum cpod_oci_namespace_type space;
} allowed[] = {
	{ "net/", CPOD_OCI_NS_NETWORK },
	{ "fs/mqueue/", CPOD_OCI_NS_IPC },
	{ "kernel/msgmax", CPOD_OCI_NS_IPC },  { "kernel/msgmnb", CPOD_OCI_NS_IPC }, { "kernel/msgmni", CPOD_OCI_NS_IPC },
	{ "kernel/sem", CPOD_OCI_NS_IPC },     { "kernel/shmall", CPOD_OCI_NS_IPC }, { "kernel/shmmax", CPOD_OCI_NS_IPC },
	{ "kernel/shmmni", CPOD_OCI_NS_IPC },  { "kernel/shm_rmid_forced", CPOD_OCI_NS_IPC },
	{ "kernel/hostname", CPOD_OCI_NS_UTS }, { "kernel/domainname", CPOD_OCI_NS_UTS },
};

static bool
matches (const char *path, const char *prefix)
{
	size_t len = strlen (prefix);

	return prefix[len - 1] == '/' ? strncmp (path, prefix, len) == 0 && path[len] != '\0' : strcmp (path, prefix) == 0;
}

int
cpod_sysctl_resolve (const struct cpod_compiler *compiler, const char *name, const char **ret_path, struct cpod_error *err)
{
	char *path = cpod_arena_printf (compiler->arena, "sys/%s", name);

	if (path == NULL)
		return cpod_error_oom (err);
	if (strchr (name, '/') == NULL)
		for (char *at = path; *at != '\0'; at++)
			if (*at == '.')
				*at = '/';
	if (strstr (path, "//") != NULL || strstr (path, "/../") != NULL || path[strlen (path) - 1] == '/')
		return cpod_error_set (err, EINVAL, "linux.sysctl[\"%s\"]: is no name of a sysctl", name);
	for (size_t i = 0; i < sizeof (allowed) / sizeof (allowed[0]); i++) {
		if (!matches (path + 4, allowed[i].prefix))
			continue;
		if (cpod_namespace_is_hosts (compiler->input, &compiler->namespaces, allowed[i].space))
			return cpod_error_set (err, EINVAL, "linux.sysctl[\"%s\"]: the %s namespace is the host's", name,
			                       cpod_oci_namespace_words[allowed[i].space]);
		*ret_path = path;
		return 0;
	}
	return cpod_error_set (err, EINVAL, "linux.sysctl[\"%s\"]: is a setting of the whole host, not of a namespace", name);
}
