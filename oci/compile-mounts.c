/* The spec's mounts, in its order, each beneath the root.
 *
 * File systems that belong to a namespace (proc, sysfs, mqueue, cgroup, devpts) and tmpfs are made by
 * the container's own first process; what comes from the host (a bind, an overlay, a disk) is opened
 * by the parent, in whose mount namespace the spec's paths mean something, and given as a detached
 * mount. In a pod the default mounts come first; one of the spec's with the same destination takes
 * its place.
 */
#include "compile.h"

#include "defaults.h"
#include "kernel.h"
#include "mount-options.h"
#include "src/base/error.h"

#include <errno.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

int
cpod_compile_is_directory (const char *path, bool *ret_is_dir, const char *field, struct cpod_error *err)
{
	struct stat st;
	int code;

	if (stat (path, &st) < 0) {
		code = errno;
		(void) cpod_error_sys (err, code, "%s: %s", field, path);
		if (code == ENOMEM || code == EIO)
			return -code;
		if (err != NULL)
			err->code = EINVAL;      /* the spec names what is not there */
		return -EINVAL;
	}
	*ret_is_dir = S_ISDIR (st.st_mode);
	return 0;
}

/* What one mount is, once its options are read. */
struct mount {
	const struct cpod_oci_mount *spec;
	struct cpod_mount_options options;
	const char *field;          /* "mounts[3]" */
	const char *type;           /* the kernel's name */
	bool own_default;           /* one of cpod's, not of the spec */
};

/* The attributes that the mount itself gets. A pod's volumes are nosuid and nodev unless the spec says otherwise. */
static uint64_t
attributes (const struct cpod_compiler *compiler, const struct mount *mount)
{
	uint64_t careful = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

	if (!compiler->input->pod || mount->own_default)
		careful = 0;
	return mount->options.set | (careful & ~mount->options.named);
}

static void
compile_attributes (struct cpod_compiler *compiler, const struct mount *mount, uint16_t slot, uint64_t set, uint64_t clear,
                    uint64_t propagation, bool recursive, const char *what)
{
	struct cpod_op *op;

	if (set == 0 && clear == 0 && propagation == 0)
		return;
	op = cpod_plan_add (compiler->plan, CPOD_OP_ATTR, mount->field, "set the %s of %s", what, mount->spec->destination);
	op->attr.slot = slot;
	op->attr.recursive = recursive;
	op->attr.set = set;
	op->attr.clear = clear;
	op->attr.propagation = propagation;
}

/* Propagation and the recursive attributes, which only make sense once the mount is there. */
static void
compile_tree_attributes (struct cpod_compiler *compiler, const struct mount *mount, uint16_t slot)
{
	const struct cpod_mount_options *options = &mount->options;

	compile_attributes (compiler, mount, slot, options->recursive_set, options->recursive_clear, 0, true,
	                    "recursive attributes");
	if (options->propagation != 0)
		compile_attributes (compiler, mount, slot, 0, 0, options->propagation, options->propagation_recursive, "propagation");
}

static void
compile_attach (struct cpod_compiler *compiler, const struct mount *mount, uint16_t slot, uint8_t make)
{
	bool kernels_own = strcmp (mount->type, "proc") == 0 || strcmp (mount->type, "sysfs") == 0;
	struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_ATTACH, mount->field, "mount it on %s", mount->spec->destination);

	op->attach.slot = slot;
	op->attach.dir = CPOD_SLOT_NONE;
	op->attach.make = make;
	op->attach.no_symlinks = kernels_own;
	op->attach.path = cpod_plan_text (compiler->plan, mount->spec->destination);
	/* /dev/pts and its like: made right in the tmpfs that is to be /dev. */
	if (compiler->dev_slot != 0 && make == CPOD_MAKE_DIR && strncmp (mount->spec->destination, "/dev/", 5) == 0
	    && mount->spec->destination[5] != '\0' && mount->spec->destination[5] != '.'
	    && strchr (mount->spec->destination + 5, '/') == NULL) {
		op->attach.dir = compiler->dev_slot;
		op->attach.path = cpod_plan_text (compiler->plan, mount->spec->destination + 5);
	}
}

/* A source on the host: absolute, or relative to the bundle. */
static int
resolve_source (const struct cpod_compiler *compiler, const struct mount *mount, const char **ret_path, struct cpod_error *err)
{
	const char *source = mount->spec->source;

	if (source == NULL || source[0] == '\0')
		return cpod_error_set (err, EINVAL, "%s.source: a bind mount needs a source", mount->field);
	if (source[0] == '/')
		*ret_path = source;
	else if (compiler->input->bundle != NULL)
		*ret_path = cpod_arena_printf (compiler->arena, "%s/%s", compiler->input->bundle, source);
	else
		return cpod_error_set (err, EINVAL, "%s.source: \"%s\" is relative, and there is no bundle to be relative to",
		                       mount->field, source);
	return *ret_path != NULL ? 0 : cpod_error_oom (err);
}

/* The mount that a bind's source is, in a slot, and what is made for it where nothing is. */
static int
compile_source (struct cpod_compiler *compiler, const struct mount *mount, uint16_t *ret_slot, uint8_t *ret_make,
                struct cpod_error *err)
{
	const char *source = "", *field = cpod_compile_field (compiler->arena, "%s.source", mount->field);
	bool is_dir = false;
	int ret;

	if (compiler->input->pod && cpod_compile_is_volume (mount->spec->source)) {
		*ret_make = CPOD_MAKE_SAME;
		return cpod_compile_volume (compiler, mount->spec->source, mount->options.recursive, mount->field, ret_slot, err);
	}
	ret = resolve_source (compiler, mount, &source, err);
	if (ret == 0)
		ret = cpod_compile_is_directory (source, &is_dir, field, err);
	if (ret < 0)
		return ret;
	*ret_make = is_dir ? CPOD_MAKE_DIR : CPOD_MAKE_FILE;
	*ret_slot = cpod_compile_tree (compiler, source, mount->options.recursive, field);
	return 0;
}

static int
compile_bind (struct cpod_compiler *compiler, const struct mount *mount, struct cpod_error *err)
{
	const struct cpod_int *root_propagation = &compiler->linux_part->rootfs_propagation;
	uint64_t set = attributes (compiler, mount);
	uint16_t slot = 0;
	uint8_t make = CPOD_MAKE_DIR;
	bool slave;
	int ret = compile_source (compiler, mount, &slot, &make, err);

	if (ret < 0)
		return ret;
	ret = cpod_compile_mount_ids (compiler, mount->spec, &mount->options, slot, mount->field, err);
	if (ret < 0)
		return ret;
	slave = root_propagation->set && root_propagation->value >= CPOD_OCI_PROPAGATION_SLAVE
	        && root_propagation->value <= CPOD_OCI_PROPAGATION_RSHARED;
	if (mount->options.propagation == 0)
		compile_attributes (compiler, mount, slot, 0, 0, slave ? MS_SLAVE : MS_PRIVATE, true, "propagation");
	compile_attributes (compiler, mount, slot, set, mount->options.clear, 0, false, "attributes");
	compile_attach (compiler, mount, slot, make);
	compile_tree_attributes (compiler, mount, slot);
	return 0;
}

/* Things can still be made in a tmpfs before it becomes read-only. */
static bool
read_only_later (struct cpod_compiler *compiler, const struct mount *mount, uint16_t slot)
{
	size_t limit = sizeof (compiler->late_readonly) / sizeof (compiler->late_readonly[0]);

	if (strcmp (mount->type, "tmpfs") != 0 || (mount->options.set & MOUNT_ATTR_RDONLY) == 0
	    || compiler->n_late_readonly == limit)
		return false;
	cpod_compile_readonly_later (compiler, slot, mount->spec->destination, mount->field);
	return true;
}

/* Whether a path is not written in the shortest way: an empty component, "." or "..". */
static bool
is_roundabout (const char *path)
{
	for (; *path != '\0'; path += strcspn (path, "/")) {
		size_t len = strcspn (++path, "/");

		if ((len == 0 && *path != '\0') || (len > 0 && len <= 2 && strspn (path, ".") >= len))
			return true;
	}
	return false;
}

/* Whether a mount at destination may lie over path, judged by the words alone; links are not known here. */
static bool
may_cover (const char *destination, const char *path)
{
	size_t len = strlen (destination);

	while (len > 0 && destination[len - 1] == '/')
		len--;
	return is_roundabout (destination)
	       || (strncmp (destination, path, len) == 0 && (path[len] == '\0' || path[len] == '/'));
}

/* Keeps in mind where the plan's own proc and sysfs are: what is covered in them is reached through the mount
 * itself, because another container that has this root as a volume can exchange the directory beside us.
 * slot: of the mount at destination; 0: it is another. */
static void
note_kernel_mount (struct cpod_compiler *compiler, const char *destination, uint16_t slot)
{
	for (size_t i = 0; i < sizeof (compiler->kernel) / sizeof (compiler->kernel[0]); i++) {
		struct cpod_kernel_mount *mount = &compiler->kernel[i];

		if (may_cover (destination, mount->path))
			mount->slot = strcmp (destination, mount->path) == 0 ? slot : 0;
	}
}

/* The options of a file system as far as they can be had: in a user namespace that has not the group tty (5, which a pod's
 * default and every engine's spec name), a terminal has its user's group. */
static struct cpod_ref_list
compile_options (struct cpod_compiler *compiler, const struct mount *mount)
{
	const struct cpod_idmap *ids = compiler->input->ids;
	const char **kept = cpod_arena_array (compiler->arena, mount->options.n_data + 1, sizeof (*kept));
	size_t n = 0;

	if (kept == NULL || ids == NULL || strcmp (mount->type, "devpts") != 0)
		return cpod_plan_texts (compiler->plan, mount->options.data, mount->options.n_data);
	for (size_t i = 0; i < mount->options.n_data; i++)
		if (strcmp (mount->options.data[i], "gid=5") != 0 || cpod_id_ranges_find (&ids->gids, 5, NULL))
			kept[n++] = mount->options.data[i];
	return cpod_plan_texts (compiler->plan, kept, n);
}

/* A tmpfs with what it hides; owner and mode of the directory as well, unless the options say what they are. */
static void
compile_copy_up (struct cpod_compiler *compiler, const struct mount *mount, uint16_t slot)
{
	struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_COPY_UP, mount->field, "copy %s into it", mount->spec->destination);

	op->path.path = cpod_plan_text (compiler->plan, mount->spec->destination);
	op->path.slot = slot;
	for (size_t i = 0; i < mount->options.n_data; i++)
		if (strncmp (mount->options.data[i], "mode=", 5) == 0 || strncmp (mount->options.data[i], "uid=", 4) == 0
		    || strncmp (mount->options.data[i], "gid=", 4) == 0)
			op->path.reserved = 1;
}

/* A file system that the container's first process makes. */
static void
compile_own (struct cpod_compiler *compiler, const struct mount *mount)
{
	struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_FSMOUNT, mount->field, "make a %s for %s", mount->type,
	                                    mount->spec->destination);
	uint64_t set = attributes (compiler, mount);
	uint16_t slot = cpod_plan_slot (compiler->plan);

	if (strcmp (mount->type, "proc") == 0)
		op->fsmount.pidns = compiler->pidns_slot;
	if (strcmp (mount->type, "cgroup2") == 0 && compiler->input->ids != NULL && (set & MOUNT_ATTR_RDONLY) == 0)
		compiler->plan->writes_cgroup = true;
	if (read_only_later (compiler, mount, slot))
		set &= ~(uint64_t) MOUNT_ATTR_RDONLY;
	op->fsmount.slot = slot;
	op->fsmount.type = cpod_plan_text (compiler->plan, mount->type);
	op->fsmount.source = mount->spec->source ? cpod_plan_text (compiler->plan, mount->spec->source) : 0;
	op->fsmount.options = compile_options (compiler, mount);
	op->fsmount.attributes = (uint32_t) set;
	if (mount->options.copy_up)
		compile_copy_up (compiler, mount, slot);
	compile_attach (compiler, mount, slot, CPOD_MAKE_DIR);
	if (strcmp (mount->spec->destination, "/dev") == 0)
		compiler->dev_slot = strcmp (mount->type, "tmpfs") == 0 ? slot : 0;
	note_kernel_mount (compiler, mount->spec->destination, slot);
	compile_tree_attributes (compiler, mount, slot);
}

/* A cgroup mount where there is no group to show: the namespace begins at the supervisor's, with everything that
 * is below it. */
static void
compile_no_cgroup (struct cpod_compiler *compiler, const struct mount *mount)
{
	uint16_t slot = cpod_compile_tmpfs (compiler->plan, "size=4k", 0555, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID
	                                    | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, "the cgroup that there is not");

	compile_attach (compiler, mount, slot, CPOD_MAKE_DIR);
}

/* The host's sysfs, for a pod in the host's network namespace: one of its own could not be made there. */
static void
compile_hosts_sysfs (struct cpod_compiler *compiler, const struct mount *mount)
{
	uint16_t slot = cpod_compile_old_tree (compiler->plan, CPOD_OLD_SYS, true, 0);

	compile_attributes (compiler, mount, slot, attributes (compiler, mount) | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID
	                    | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, MS_PRIVATE, true, "attributes");
	compile_attach (compiler, mount, slot, CPOD_MAKE_DIR);
	note_kernel_mount (compiler, mount->spec->destination, slot);
	compile_tree_attributes (compiler, mount, slot);
}

/* A file system whose options name things of the host, made where they mean something: by the walker in what pod
 * init kept. */
static void
compile_in_host (struct cpod_compiler *compiler, const struct mount *mount)
{
	struct cpod_op *op;
	uint16_t slot = cpod_plan_slot (compiler->plan);

	cpod_plan_add (compiler->plan, CPOD_OP_ENTER_HOST, mount->field, "go where the host's paths are");
	op = cpod_plan_add (compiler->plan, CPOD_OP_FSMOUNT, mount->field, "make a %s for %s", mount->type, mount->spec->destination);
	op->fsmount.slot = slot;
	op->fsmount.type = cpod_plan_text (compiler->plan, mount->type);
	op->fsmount.source = mount->spec->source ? cpod_plan_text (compiler->plan, mount->spec->source) : 0;
	op->fsmount.options = cpod_plan_texts (compiler->plan, mount->options.data, mount->options.n_data);
	op->fsmount.attributes = (uint32_t) attributes (compiler, mount);
	cpod_plan_add (compiler->plan, CPOD_OP_LEAVE_HOST, mount->field, "and back");
	compile_attach (compiler, mount, slot, CPOD_MAKE_DIR);
	compile_tree_attributes (compiler, mount, slot);
}

/* A file system whose options name things of the host: the parent makes it. */
static int
compile_foreign (struct cpod_compiler *compiler, const struct mount *mount, struct cpod_error *err)
{
	struct cpod_given *given = cpod_plan_give (compiler->plan, CPOD_GIVEN_FILE_SYSTEM, CPOD_SLOT_NONE, mount->spec->source,
	                                           mount->field);
	const char **data = cpod_arena_array (&compiler->plan->arena, mount->options.n_data + 1, sizeof (*data));
	int ret;

	if (data == NULL)
		return cpod_error_oom (err);
	for (size_t i = 0; i < mount->options.n_data; i++) {
		data[i] = cpod_arena_strdup (&compiler->plan->arena, mount->options.data[i]);
		if (data[i] == NULL)
			return cpod_error_oom (err);
	}
	given->fs_type = cpod_arena_strdup (&compiler->plan->arena, mount->type);
	given->fs_options = data;
	given->fs_attributes = (uint32_t) attributes (compiler, mount);
	if (given->fs_type == NULL)
		return cpod_error_oom (err);
	if ((ret = cpod_compile_mount_ids (compiler, mount->spec, &mount->options, given->slot, mount->field, err)) < 0)
		return ret;
	compile_attach (compiler, mount, given->slot, CPOD_MAKE_DIR);
	compile_tree_attributes (compiler, mount, given->slot);
	return 0;
}

/* A cgroup mount where the cgroup namespace is the host's: a mount of the whole hierarchy would show
 * the host's groups, so the container's own is bound in its place. */
static void
compile_own_cgroup (struct cpod_compiler *compiler, const struct mount *mount)
{
	struct cpod_given *given = cpod_plan_give (compiler->plan, CPOD_GIVEN_CGROUP, CPOD_SLOT_NONE, "its cgroup", mount->field);

	compile_attributes (compiler, mount, given->slot, attributes (compiler, mount), mount->options.clear, MS_PRIVATE, false,
	                    "attributes");
	compile_attach (compiler, mount, given->slot, CPOD_MAKE_DIR);
	compile_tree_attributes (compiler, mount, given->slot);
}

static bool
is_one_of (const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp (word, *words) == 0)
			return true;
	return false;
}

/* Before 6.17 a procfs belongs to the PID namespace of whoever makes it: that would be a process with all rights of
 * the host's, in plain view of everybody in that namespace. */
static int
refuse_procfs (const struct cpod_compiler *compiler, struct cpod_error *err)
{
	if (compiler->namespaces.shared_pid)
		return cpod_error_set (err, ENOTSUP, "shareProcessNamespace: a procfs of a PID namespace that is shared can be had from "
		                       "Linux 6.17 on");
	return cpod_error_set (err, ENOTSUP, "linux.namespaces[%zu].path: a procfs of a PID namespace that is joined can be had from "
	                       "Linux 6.17 on (here a mount of another type on /proc would do)",
	                       compiler->namespaces.index[CPOD_OCI_NS_PID]);
}

/* Whether a sysfs would be that of a network namespace in which this user namespace has no rights. */
static bool
has_hosts_sysfs (const struct cpod_compiler *compiler)
{
	return compiler->input->ids != NULL
	       && cpod_namespace_is_hosts (compiler->input, &compiler->namespaces, CPOD_OCI_NS_NETWORK);
}

static int
compile_mount (struct cpod_compiler *compiler, const struct cpod_oci_mount *spec, const char *field, bool own_default,
               struct cpod_error *err)
{
	static const char *const made_inside[] = { "proc", "sysfs", "mqueue", "cgroup2", "devpts", "tmpfs", "ramfs", NULL };
	struct mount mount = { .spec = spec, .field = field, .own_default = own_default };
	bool inside;
	int ret;

	ret = cpod_mount_options_read (&spec->options, compiler->arena, &mount.options, err);
	if (ret < 0)
		return cpod_error_prefix (err, ret, "%s.options", field);
	mount.type = spec->type != NULL && spec->type[0] != '\0' ? spec->type : "none";
	if (mount.options.copy_up && (mount.options.bind || strcmp (mount.type, "tmpfs") != 0))
		return cpod_error_set (err, EINVAL, "%s.options: \"tmpcopyup\" is for a tmpfs", field);
	note_kernel_mount (compiler, spec->destination, 0);
	if (strcmp (spec->destination, "/dev") == 0)
		compiler->dev_slot = 0;
	if (strcmp (spec->destination, "/dev") == 0 && (mount.options.bind || strcmp (mount.type, "bind") == 0))
		compiler->dev_is_bound = true;
	if (mount.options.bind || strcmp (mount.type, "bind") == 0)
		return compile_bind (compiler, &mount, err);
	if (strcmp (mount.type, "none") == 0)
		return cpod_error_set (err, EINVAL, "%s.type: is required for a mount that is no bind", field);
	if (strcmp (mount.type, "cgroup") == 0)
		mount.type = "cgroup2";
	inside = is_one_of (mount.type, made_inside);
	if ((inside || compiler->input->unprivileged)
	    && (ret = cpod_compile_mount_ids (compiler, spec, &mount.options, CPOD_SLOT_NONE, field, err)) < 0)
		return ret;
	if (strcmp (mount.type, "cgroup2") == 0 && (compiler->namespaces.own & CLONE_NEWCGROUP) == 0
	    && compiler->namespaces.path[CPOD_OCI_NS_CGROUP] == NULL) {
		if (compiler->input->no_cgroup)
			compile_no_cgroup (compiler, &mount);
		else
			compile_own_cgroup (compiler, &mount);
		return 0;
	}
	if (!inside && !compiler->input->unprivileged)
		return compile_foreign (compiler, &mount, err);
	if (strcmp (mount.type, "proc") == 0 && compiler->pidns_slot != 0 && !cpod_kernel_has_pidns ())
		return refuse_procfs (compiler, err);
	if (strcmp (mount.type, "cgroup2") == 0 && compiler->input->no_cgroup && compiler->input->pod)
		compile_no_cgroup (compiler, &mount);
	else if (strcmp (mount.type, "sysfs") == 0 && has_hosts_sysfs (compiler))
		compile_hosts_sysfs (compiler, &mount);
	else if (!inside)
		compile_in_host (compiler, &mount);
	else
		compile_own (compiler, &mount);
	return 0;
}

/* The spec's last mount with that destination, or NULL. */
static const struct cpod_oci_mount *
overriding (const struct cpod_array *mounts, const char *destination, size_t *ret_index)
{
	const struct cpod_oci_mount *items = mounts->items;

	for (size_t i = mounts->n; i-- > 0;) {
		if (strcmp (items[i].destination, destination) == 0) {
			*ret_index = i;
			return &items[i];
		}
	}
	return NULL;
}

static bool
is_default (const char *destination)
{
	for (size_t i = 0; i < cpod_default_n_mounts; i++)
		if (strcmp (cpod_default_mounts[i].destination, destination) == 0)
			return true;
	return false;
}

static int
compile_default_mounts (struct cpod_compiler *compiler, struct cpod_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < cpod_default_n_mounts && ret == 0; i++) {
		size_t index = 0;
		const struct cpod_oci_mount *other = overriding (&compiler->input->spec->mounts, cpod_default_mounts[i].destination, &index);

		if (other != NULL)
			ret = compile_mount (compiler, other, cpod_compile_field (compiler->arena, "mounts[%zu]", index), false, err);
		else
			ret = compile_mount (compiler, &cpod_default_mounts[i], NULL, true, err);
	}
	return ret;
}

int
cpod_compile_mounts (struct cpod_compiler *compiler, struct cpod_error *err)
{
	const struct cpod_oci_mount *mounts = compiler->input->spec->mounts.items;
	bool pod = compiler->input->pod;
	int ret = pod ? compile_default_mounts (compiler, err) : 0;

	for (size_t i = 0; i < compiler->input->spec->mounts.n && ret == 0; i++)
		if (!pod || !is_default (mounts[i].destination))
			ret = compile_mount (compiler, &mounts[i], cpod_compile_field (compiler->arena, "mounts[%zu]", i), false, err);
	return ret;
}
