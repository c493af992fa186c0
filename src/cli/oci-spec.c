/* cpod-oci spec: a configuration to begin with. It runs a shell on the root file system "rootfs" with a terminal, the
 * usual namespaces and mounts, a handful of capabilities and no new privileges. */
#include "oci.h"

#include "oci/defaults.h"
#include "src/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
add_text (struct cpod_arena *arena, struct cpod_json *parent, const char *key, const char *text)
{
	(void) cpod_json_add (arena, parent, key, cpod_json_new_string (arena, text));
}

static void
add_int (struct cpod_arena *arena, struct cpod_json *parent, const char *key, int64_t value)
{
	(void) cpod_json_add (arena, parent, key, cpod_json_new_int (arena, value));
}

static void
add_bool (struct cpod_arena *arena, struct cpod_json *parent, const char *key, bool value)
{
	(void) cpod_json_add (arena, parent, key, cpod_json_new_bool (arena, value));
}

/* A new member, empty; NULL when memory is out. */
static struct cpod_json *
add_new (struct cpod_arena *arena, struct cpod_json *parent, const char *key, enum cpod_json_type type)
{
	struct cpod_json *child = cpod_json_new (arena, type);

	return cpod_json_add (arena, parent, key, child) != NULL ? child : NULL;
}

/* words: NULL-terminated; NULL: an empty array. */
static void
add_words (struct cpod_arena *arena, struct cpod_json *parent, const char *key, const char *const *words)
{
	struct cpod_json *array = add_new (arena, parent, key, CPOD_JSON_ARRAY);

	for (; words != NULL && *words != NULL; words++)
		add_text (arena, array, NULL, *words);
}

static void
add_process (struct cpod_arena *arena, struct cpod_json *root)
{
	static const char *const args[] = { "sh", NULL };
	static const char *const caps[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL };
	struct cpod_json *process = add_new (arena, root, "process", CPOD_JSON_OBJECT), *below;
	const char *env[] = { "", "TERM=xterm", NULL };
	char path[256];

	(void) snprintf (path, sizeof (path), "PATH=%s", cpod_default_path);
	env[0] = path;
	add_bool (arena, process, "terminal", true);
	below = add_new (arena, process, "user", CPOD_JSON_OBJECT);
	add_int (arena, below, "uid", 0);
	add_int (arena, below, "gid", 0);
	add_words (arena, process, "args", args);
	add_words (arena, process, "env", env);
	add_text (arena, process, "cwd", "/");
	below = add_new (arena, process, "capabilities", CPOD_JSON_OBJECT);
	add_words (arena, below, "bounding", caps);
	add_words (arena, below, "effective", caps);
	add_words (arena, below, "permitted", caps);
	below = add_new (arena, add_new (arena, process, "rlimits", CPOD_JSON_ARRAY), NULL, CPOD_JSON_OBJECT);
	add_text (arena, below, "type", "RLIMIT_NOFILE");
	add_int (arena, below, "hard", 1024);
	add_int (arena, below, "soft", 1024);
	add_bool (arena, process, "noNewPrivileges", true);
}

/* The host's tree in place of what only its root may mount. */
static void
add_bound_sys (struct cpod_arena *arena, struct cpod_json *mounts)
{
	static const char *const options[] = { "rbind", "nosuid", "noexec", "nodev", "ro", NULL };
	struct cpod_json *mount = add_new (arena, mounts, NULL, CPOD_JSON_OBJECT);

	add_text (arena, mount, "destination", "/sys");
	add_text (arena, mount, "type", "none");
	add_text (arena, mount, "source", "/sys");
	add_words (arena, mount, "options", options);
}

static void
add_mounts (struct cpod_arena *arena, struct cpod_json *root, bool rootless)
{
	struct cpod_json *mounts = add_new (arena, root, "mounts", CPOD_JSON_ARRAY), *mount;

	for (size_t i = 0; i < cpod_default_n_mounts; i++) {
		const struct cpod_oci_mount *from = &cpod_default_mounts[i];

		if (rootless && strcmp (from->destination, "/sys") == 0) {
			add_bound_sys (arena, mounts);
			continue;
		}
		mount = add_new (arena, mounts, NULL, CPOD_JSON_OBJECT);
		add_text (arena, mount, "destination", from->destination);
		add_text (arena, mount, "type", from->type);
		add_text (arena, mount, "source", from->source);
		if (rootless && strcmp (from->type, "devpts") == 0) {   /* group 5 is not mapped there */
			static const char *const options[] = { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", NULL };

			add_words (arena, mount, "options", options);
		} else {
			add_words (arena, mount, "options", from->options.items);
		}
	}
}

static void
add_mapping (struct cpod_arena *arena, struct cpod_json *part, const char *key, unsigned int id)
{
	struct cpod_json *mapping = add_new (arena, add_new (arena, part, key, CPOD_JSON_ARRAY), NULL, CPOD_JSON_OBJECT);

	add_int (arena, mapping, "containerID", 0);
	add_int (arena, mapping, "hostID", id);
	add_int (arena, mapping, "size", 1);
}

static void
add_linux (struct cpod_arena *arena, struct cpod_json *root, bool rootless)
{
	static const char *const types[] = { "pid", "network", "ipc", "uts", "cgroup", "mount", "user", NULL };
	struct cpod_json *part = add_new (arena, root, "linux", CPOD_JSON_OBJECT);
	struct cpod_json *array = add_new (arena, part, "namespaces", CPOD_JSON_ARRAY);

	for (size_t i = 0; types[i] != NULL; i++)
		if (strcmp (types[i], rootless ? "network" : "user") != 0)
			add_text (arena, add_new (arena, array, NULL, CPOD_JSON_OBJECT), "type", types[i]);
	if (rootless) {
		add_mapping (arena, part, "uidMappings", geteuid ());
		add_mapping (arena, part, "gidMappings", getegid ());
	}
	add_words (arena, part, "maskedPaths", cpod_default_masked_paths);
	add_words (arena, part, "readonlyPaths", cpod_default_readonly_paths);
}

static struct cpod_json *
build (struct cpod_arena *arena, bool rootless)
{
	struct cpod_json *root = cpod_json_new (arena, CPOD_JSON_OBJECT), *below;

	add_text (arena, root, "ociVersion", CPOD_OCI_VERSION);
	add_process (arena, root);
	below = add_new (arena, root, "root", CPOD_JSON_OBJECT);
	add_text (arena, below, "path", "rootfs");
	add_bool (arena, below, "readonly", true);
	add_text (arena, root, "hostname", "cpod");
	add_mounts (arena, root, rootless);
	add_linux (arena, root, rootless);
	return root;
}

static int
write_file (struct cpod_oci_cli *cli, const char *bundle, const char *name, const struct cpod_str *text)
{
	int dir = open (bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	bool written;

	if (dir < 0)
		return cpod_oci_fail (cli, "spec: %s: %s", bundle, strerror (errno));
	fd = openat (dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	close (dir);
	if (fd < 0)
		return cpod_oci_fail (cli, errno == EEXIST ? "spec: %s/%s is there already" : "spec: %s/%s cannot be made", bundle, name);
	written = write (fd, text->data, text->len) == (ssize_t) text->len;
	if (close (fd) < 0 || !written)
		return cpod_oci_fail (cli, "spec: %s/%s: %s", bundle, name, strerror (errno));
	return 0;
}

int
cpod_oci_spec (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "bundle", required_argument, NULL, 'b' }, { "file", required_argument, NULL, 'f' },
		{ "rootless", no_argument, NULL, 'r' }, { NULL, 0, NULL, 0 }
	};
	const char *bundle = ".", *name = "config.json";
	cpod_autostr text = CPOD_STR_INIT;
	struct cpod_arena arena;
	struct cpod_json *root;
	bool rootless = false;
	int letter;

	while ((letter = cpod_oci_option (cli, argc, argv, ":b:f:", options)) != -1) {
		if (letter == '?')
			return 1;
		if (letter == 'b')
			bundle = optarg;
		else if (letter == 'f')
			name = optarg;
		else
			rootless = true;
	}
	if (optind < argc)
		return cpod_oci_fail (cli, "spec: takes no container id");
	cpod_arena_init (&arena, 0);
	root = build (&arena, rootless);
	if (root != NULL)
		cpod_json_write (&text, root, 2);
	cpod_str_add_char (&text, '\n');
	cpod_arena_finish (&arena);
	if (root == NULL || cpod_str_failed (&text))
		return cpod_oci_fail (cli, "out of memory");
	return strcmp (name, "-") == 0 ? cpod_oci_print (cli, text.data, text.len) : write_file (cli, bundle, name, &text);
}
