/* cpod-oci features: what this runtime knows, as the runtime-spec's features document has it. What is carried
 * out is asked of the tables that decode the configuration, so that the two cannot differ. */
#include "oci.h"

#include "oci/mount-options.h"
#include "src/base/json.h"

#include <stdio.h>

/* A new member, empty; NULL when memory is out. */
static struct cpod_json *
add_new (struct cpod_arena *arena, struct cpod_json *parent, const char *key, enum cpod_json_type type)
{
	struct cpod_json *child = cpod_json_new (arena, type);

	return cpod_json_add (arena, parent, key, child) != NULL ? child : NULL;
}

static struct cpod_json *
object (struct cpod_arena *arena, struct cpod_json *parent, const char *key)
{
	return add_new (arena, parent, key, CPOD_JSON_OBJECT);
}

static void
add_bool (struct cpod_arena *arena, struct cpod_json *parent, const char *key, bool value)
{
	(void) cpod_json_add (arena, parent, key, cpod_json_new_bool (arena, value));
}

/* words: NULL-terminated. */
static struct cpod_json *
add_words (struct cpod_arena *arena, struct cpod_json *parent, const char *key, const char *const *words)
{
	struct cpod_json *array = add_new (arena, parent, key, CPOD_JSON_ARRAY);

	for (; *words != NULL; words++)
		(void) cpod_json_add (arena, array, NULL, cpod_json_new_string (arena, *words));
	return array;
}

static void
add_mount_options (struct cpod_arena *arena, struct cpod_json *parent)
{
	struct cpod_json *array = add_new (arena, parent, "mountOptions", CPOD_JSON_ARRAY);
	bool recursive = false;
	const char *name;
	char text[64];

	for (size_t i = 0; (name = cpod_mount_option_name (i, &recursive)) != NULL; i++) {
		(void) cpod_json_add (arena, array, NULL, cpod_json_new_string (arena, name));
		if (!recursive)
			continue;
		(void) snprintf (text, sizeof (text), "r%s", name);
		(void) cpod_json_add (arena, array, NULL, cpod_json_new_string (arena, text));
	}
}

static void
add_seccomp (struct cpod_arena *arena, struct cpod_json *parent)
{
	struct cpod_json *seccomp = object (arena, parent, "seccomp");

	add_bool (arena, seccomp, "enabled", true);
	(void) add_words (arena, seccomp, "actions", cpod_oci_seccomp_action_words);
	(void) add_words (arena, seccomp, "operators", cpod_oci_seccomp_op_words);
	(void) add_words (arena, seccomp, "archs", cpod_oci_seccomp_arch_words);
	(void) add_words (arena, seccomp, "knownFlags", cpod_oci_seccomp_flag_words);
	(void) add_words (arena, seccomp, "supportedFlags", cpod_oci_seccomp_flag_words);
}

static void
add_linux (struct cpod_arena *arena, struct cpod_json *root)
{
	struct cpod_json *part = object (arena, root, "linux"), *below;

	(void) add_words (arena, part, "namespaces", cpod_oci_namespace_words);
	(void) add_words (arena, part, "capabilities", cpod_oci_capability_words);
	below = object (arena, part, "cgroup");
	add_bool (arena, below, "v1", false);
	add_bool (arena, below, "v2", true);
	add_bool (arena, below, "systemd", false);
	add_bool (arena, below, "systemdUser", false);
	add_bool (arena, below, "rdma", cpod_oci_is_carried_out ("linux.resources", "rdma"));
	add_seccomp (arena, part);
	add_bool (arena, object (arena, part, "apparmor"), "enabled", cpod_oci_is_carried_out ("process", "apparmorProfile"));
	add_bool (arena, object (arena, part, "selinux"), "enabled", cpod_oci_is_carried_out ("process", "selinuxLabel"));
	below = object (arena, part, "intelRdt");
	add_bool (arena, below, "enabled", cpod_oci_is_carried_out ("linux", "intelRdt"));
	add_bool (arena, below, "schemata", cpod_oci_is_carried_out ("linux", "intelRdt"));
	below = object (arena, object (arena, part, "mountExtensions"), "idmap");
	add_bool (arena, below, "enabled", cpod_oci_is_carried_out ("mounts[]", "uidMappings"));
	add_bool (arena, object (arena, part, "netDevices"), "enabled", cpod_oci_is_carried_out ("linux", "netDevices"));
}

int
cpod_oci_features (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const char *const hooks[] = {
		"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop", NULL
	};
	static const struct option options[] = { { NULL, 0, NULL, 0 } };
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_arena arena;
	struct cpod_json *root;

	if (cpod_oci_option (cli, argc, argv, ":", options) != -1)
		return 1;
	if (optind < argc)
		return cpod_oci_fail (cli, "features: takes no container id");
	cpod_arena_init (&arena, 0);
	root = cpod_json_new (&arena, CPOD_JSON_OBJECT);
	(void) cpod_json_add (&arena, root, "ociVersionMin", cpod_json_new_string (&arena, "1.0.0"));
	(void) cpod_json_add (&arena, root, "ociVersionMax", cpod_json_new_string (&arena, CPOD_OCI_VERSION));
	(void) add_words (&arena, root, "hooks", hooks);
	add_mount_options (&arena, root);
	add_linux (&arena, root);
	if (root != NULL)
		cpod_json_write (&text, root, 2);
	cpod_str_add_char (&text, '\n');
	cpod_arena_finish (&arena);
	return root == NULL || cpod_str_failed (&text) ? cpod_oci_fail (cli, "out of memory") : cpod_oci_print (cli, text.data, text.len);
}
