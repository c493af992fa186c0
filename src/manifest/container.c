/* One container of a manifest to one entry of a native pod: an OCI spec, and what is handed on. */
#include "manifest.h"

#include "src/base/error.h"

#include <errno.h>
#include <string.h>

/* Fields whose native form is Kubernetes'. */
static const char *const handed_on[] = {
	"restartPolicy", "restartPolicyRules", "dependsOn", "terminationMessagePolicy",
};
static const char *const probes[] = { "livenessProbe", "readinessProbe", "startupProbe" };
#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))

/* ---- Ports --------------------------------------------------------------------------------- */

/* An IANA service name, as Kubernetes wants a port's. */
static const char *
port_name_error (const char *name)
{
	size_t len = strlen (name);

	if (len > 15)
		return "must be no more than 15 characters";
	if (strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
	if (!strpbrk (name, "abcdefghijklmnopqrstuvwxyz"))
		return "must contain at least one letter (a-z)";
	if (strstr (name, "--"))
		return "must not contain consecutive hyphens";
	return name[0] == '-' || name[len - 1] == '-' ? "must not begin or end with a hyphen" : NULL;
}

static int
check_host_port (struct cpod_manifest *m, const struct cpod_manifest_port *port, struct cpod_error *err)
{
	if (port->host_port.value < 0 || port->host_port.value > 65535)
		return cpod_manifest_bad (m->decoder, port->at, "hostPort", err, "must be between 1 and 65535, inclusive");
	if (!m->pod->host_network.value)
		return cpod_manifest_refuse (m->decoder, port->at, "hostPort", err,
		                             "a port of the host is not carried out by this version "
		                             "but with hostNetwork");
	if (port->host_port.value != port->number.value)
		return cpod_manifest_bad (m->decoder, port->at, "hostPort", err,
		                          "must match `containerPort` when `hostNetwork` is true");
	return 0;
}

static int
check_port (struct cpod_manifest *m, const struct cpod_manifest_port *port, struct cpod_names *names, size_t index,
            struct cpod_error *err)
{
	const char *reason;
	size_t first;

	if (port->name && *port->name) {
		reason = port_name_error (port->name);
		if (reason)
			return cpod_manifest_bad (m->decoder, port->at, "name", err, "%s", reason);
		if (cpod_names_add (names, port->name, index, &first) < 0)
			return cpod_error_oom (err);
		if (first != index)
			return cpod_manifest_duplicate (m->decoder, port->at, "name", err);
	}
	if (!port->number.set || port->number.value == 0)
		return cpod_manifest_required (m->decoder, port->at, "containerPort", NULL, err);
	if (port->number.value < 1 || port->number.value > 65535)
		return cpod_manifest_bad (m->decoder, port->at, "containerPort", err,
		                          "must be between 1 and 65535, inclusive");
	return port->host_port.value != 0 ? check_host_port (m, port, err) : 0;
}

static int
check_ports (struct cpod_manifest *m, const struct cpod_manifest_container *container, struct cpod_error *err)
{
	const struct cpod_manifest_port *ports = container->ports.items;
	size_t base = m->decoder->path_len;
	struct cpod_names names;
	int ret = 0;

	cpod_names_init (&names, m->arena);
	for (size_t i = 0; i < container->ports.n && ret == 0; i++) {
		cpod_decode_push (m->decoder, "ports");
		cpod_decode_push_index (m->decoder, i);
		ret = check_port (m, &ports[i], &names, i, err);
		if (ret == 0)
			cpod_decode_pop (m->decoder, base);
	}
	return ret;
}

/* ---- The OCI spec -------------------------------------------------------------------------- */

/* root.path, where the image is a directory. */
static int
add_image (struct cpod_manifest *m, const struct cpod_manifest_container *container, struct cpod_json *root,
           struct cpod_error *err)
{
	const char *image = container->image;
	const struct cpod_json *at = cpod_json_get (container->at, "image");

	if (!image || !*image)
		return cpod_manifest_required (m->decoder, container->at, "image", NULL, err);
	if (strcmp (image, "host") == 0)
		return 0;
	if (strncmp (image, "dir:", 4) != 0)
		return cpod_manifest_refuse (m->decoder, container->at, "image", err,
		                             "\"%.100s\" cannot be had: images are not carried out by this "
		                             "version; name \"host\" (the host's own file system) or \"dir:/PATH\" (a directory)", image);
	if (image[4] != '/')
		return cpod_manifest_bad (m->decoder, container->at, "image", err,
		                          "dir: must be followed by an absolute path");
	return cpod_manifest_add (root, "path", cpod_manifest_text (m, image + 4, at)) ? 0 : cpod_error_oom (err);
}

/* Adds one list of words, each expanded. */
static int
add_words (struct cpod_manifest *m, const struct cpod_manifest_container *container, const char *field,
           const struct cpod_strings *words,
           const struct cpod_manifest_variables *variables, struct cpod_json *list, struct cpod_error *err)
{
	const struct cpod_json *json = cpod_json_get (container->at, field);
	const struct cpod_json *item = json && json->type == CPOD_JSON_ARRAY ? json->first : NULL;
	const char *text;
	int ret;

	for (size_t i = 0; i < words->n && item; i++, item = item->next) {
		ret = cpod_manifest_expand (m, words->items[i], variables, &text, NULL);
		if (ret == -E2BIG)
			return cpod_manifest_bad (m->decoder, container->at, field, err,
			                          "one of its words, expanded, is longer than a program can be given");
		if (ret < 0 || !cpod_manifest_add (list, NULL, cpod_manifest_text (m, text, item)))
			return cpod_error_oom (err);
	}
	return 0;
}

static int
add_arguments (struct cpod_manifest *m, const struct cpod_manifest_container *container,
               const struct cpod_manifest_variables *variables,
               struct cpod_json *process, struct cpod_error *err)
{
	struct cpod_json *args = cpod_manifest_node (m, CPOD_JSON_ARRAY, container->at);
	int ret;

	if (!args)
		return cpod_error_oom (err);
	if (container->command.n == 0)
		return cpod_manifest_required (m->decoder, container->at, "command", "the image has none of its own", err);
	if ((ret = add_words (m, container, "command", &container->command, variables, args, err)) < 0
	    || (ret = add_words (m, container, "args", &container->args, variables, args, err)) < 0)
		return ret;
	return cpod_manifest_add (process, "args", args) ? 0 : cpod_error_oom (err);
}

/* env and cwd. */
static int
add_environment (struct cpod_manifest *m, const struct cpod_manifest_container *container,
                 const struct cpod_manifest_variables *variables,
                 struct cpod_json *process, struct cpod_error *err)
{
	struct cpod_json *env = cpod_manifest_node (m, CPOD_JSON_ARRAY, container->at);
	const char *cwd = container->working_dir && *container->working_dir ? container->working_dir : "/";

	for (size_t i = 0; i < variables->n && env; i++) {
		const struct cpod_manifest_variable *one = &variables->items[i];

		env = cpod_manifest_add (env, NULL, cpod_manifest_text (m,
		                                                        cpod_arena_printf (m->arena, "%s=%s", one->name,
		                                                                           one->value), one->at));
	}
	if (*cwd != '/')
		return cpod_manifest_bad (m->decoder, container->at, "workingDir", err, "must be an absolute path");
	if (!env || !cpod_manifest_add (process, "env", env)
	    || !cpod_manifest_add (process, "cwd", cpod_manifest_text (m, cwd, container->at)))
		return cpod_error_oom (err);
	return 0;
}

/* linux.resources and process.oomScoreAdj. */
static int
add_resources (struct cpod_manifest *m, const struct cpod_manifest_container *container, size_t number, bool init,
               struct cpod_json *process, struct cpod_json *linux_part, struct cpod_error *err)
{
	struct cpod_json *resources;
	int score, ret = cpod_manifest_resources (m, container, number, init, &resources, &score, err);

	if (ret < 0)
		return ret;
	if (!cpod_manifest_add (process, "oomScoreAdj", cpod_manifest_int (m, score, resources ? resources : container->at))
	    || (resources && !cpod_manifest_add (linux_part, "resources", resources)))
		return cpod_error_oom (err);
	return 0;
}

static int
build_oci (struct cpod_manifest *m, const struct cpod_manifest_container *container, size_t number, bool init,
           struct cpod_json **ret_oci, struct cpod_error *err)
{
	const struct cpod_json *at = container->at;
	struct cpod_json *oci = cpod_manifest_node (m, CPOD_JSON_OBJECT, at),
		*process = cpod_manifest_node (m, CPOD_JSON_OBJECT, at);
	struct cpod_json *root = cpod_manifest_node (m, CPOD_JSON_OBJECT, at),
		*linux_part = cpod_manifest_node (m, CPOD_JSON_OBJECT, at);
	struct cpod_manifest_variables variables;
	struct cpod_json *mounts;
	int ret;

	if (!oci || !process || !root || !linux_part)
		return cpod_error_oom (err);
	if ((ret = add_image (m, container, root, err)) < 0
	    || (ret = cpod_manifest_variables (m, container, number, &variables, err)) < 0
	    || (ret = add_arguments (m, container, &variables, process, err)) < 0
	    || (ret = add_environment (m, container, &variables, process, err)) < 0
	    || (ret = cpod_manifest_security (m, container, process, root, linux_part, err)) < 0
	    || (ret = add_resources (m, container, number, init, process, linux_part, err)) < 0
	    || (ret = cpod_manifest_mounts (m, container, &variables, &mounts, err)) < 0)
		return ret;
	oci = cpod_manifest_add (oci, "process", process);
	if (root->count > 0)
		oci = cpod_manifest_add (oci, "root", root);
	oci = cpod_manifest_add (oci, "mounts", mounts);
	if (linux_part->count > 0)
		oci = cpod_manifest_add (oci, "linux", linux_part);
	*ret_oci = oci;
	return oci ? 0 : cpod_error_oom (err);
}

/* ---- The entry ----------------------------------------------------------------------------- */

/* The member of the manifest's container, unless it is null. */
static const struct cpod_json *
given (const struct cpod_manifest_container *container, const char *name)
{
	const struct cpod_json *member = cpod_json_get (container->at, name);

	return member && member->type != CPOD_JSON_NULL ? member : NULL;
}

/* Probes and hooks: not for an init container that runs to its end. */
static int
add_checked (struct cpod_manifest *m, const struct cpod_manifest_container *container, bool ends, struct cpod_json *entry,
             struct cpod_error *err)
{
	const struct cpod_json *member, *checked;
	size_t base = m->decoder->path_len;
	int ret;

	for (size_t i = 0; i <= N_ELEMENTS (probes); i++) {
		const char *name = i < N_ELEMENTS (probes) ? probes[i] : "lifecycle";

		member = given (container, name);
		if (!member)
			continue;
		if (ends)
			return cpod_manifest_forbidden (m->decoder, container->at, name, err,
			                                "may not be set for init containers without restartPolicy=Always");
		cpod_decode_push (m->decoder, name);
		if (i < N_ELEMENTS (probes))
			ret = cpod_manifest_probe (m, container, name, member, &checked, err);
		else
			ret = cpod_manifest_lifecycle (m, container, member, &checked, err);
		if (ret < 0)
			return ret;
		cpod_decode_pop (m->decoder, base);
		if (!cpod_manifest_add (entry, name, cpod_manifest_share (m, checked)))
			return cpod_error_oom (err);
	}
	return 0;
}

/* terminationMessagePath, an absolute path; there is one by default. */
static int
add_message_path (struct cpod_manifest *m, const struct cpod_manifest_container *container, struct cpod_json *entry,
                  struct cpod_error *err)
{
	const struct cpod_json *path = given (container, "terminationMessagePath");
	bool text = path && path->type == CPOD_JSON_STRING;
	struct cpod_json *node;

	if (text && *path->text && *path->text != '/')
		return cpod_manifest_bad (m->decoder, container->at, "terminationMessagePath", err, "must be an absolute path");
	if (path && !(text && !*path->text))
		node = cpod_manifest_share (m, path);
	else
		node = cpod_manifest_text (m, "/dev/termination-log", container->at);
	return cpod_manifest_add (entry, "terminationMessagePath", node) ? 0 : cpod_error_oom (err);
}

int
cpod_manifest_container (struct cpod_manifest *m, const struct cpod_manifest_container *container, size_t number,
                         bool init, struct cpod_json **ret_entry, struct cpod_error *err)
{
	bool sidecar = init && container->restart_policy.set && container->restart_policy.value == 0;
	struct cpod_json *entry = cpod_manifest_node (m, CPOD_JSON_OBJECT, container->at), *oci;
	const struct cpod_json *member;
	int ret;

	if (!entry)
		return cpod_error_oom (err);
	if ((ret = check_ports (m, container, err)) < 0 || (ret = build_oci (m, container, number, init, &oci, err)) < 0)
		return ret;
	entry = cpod_manifest_add (entry, "name", cpod_manifest_text (m, container->name, container->at));
	entry = cpod_manifest_add (entry, "spec", oci);
	if (!entry)
		return cpod_error_oom (err);
	if ((ret = add_checked (m, container, init && !sidecar, entry, err)) < 0
	    || (ret = add_message_path (m, container, entry, err)) < 0)
		return ret;
	for (size_t i = 0; i < N_ELEMENTS (handed_on); i++) {
		member = given (container, handed_on[i]);
		if (member && !cpod_manifest_add (entry, handed_on[i], cpod_manifest_share (m, member)))
			return cpod_error_oom (err);
	}
	*ret_entry = entry;
	return 0;
}
