/* Pod init's own plan, and the namespaces of its containers.
 *
 * Pod init leaves the host's mounts for a small tmpfs of its own, in which the file systems that
 * containers may need stand below /host (with a user namespace of the pod's own, in pieces; besides, the kernel's file
 * systems and the devices that containers cannot have otherwise). The fewer mounts it has, the cheaper is every clone, and
 * nothing that it does by path can meet a name that somebody else made.
 */
#include "compile.h"

#include "defaults.h"
#include "oci/net.h"
#include "rootfs-tools/host-view.h"
#include "src/base/error.h"

#include <errno.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

const uint64_t cpod_namespace_flags[CPOD_OCI_N_NS] = {
	[CPOD_OCI_NS_MOUNT] = CLONE_NEWNS, [CPOD_OCI_NS_PID] = CLONE_NEWPID, [CPOD_OCI_NS_NETWORK] = CLONE_NEWNET,
	[CPOD_OCI_NS_IPC] = CLONE_NEWIPC,  [CPOD_OCI_NS_UTS] = CLONE_NEWUTS, [CPOD_OCI_NS_CGROUP] = CLONE_NEWCGROUP,
	[CPOD_OCI_NS_USER] = CLONE_NEWUSER, [CPOD_OCI_NS_TIME] = CLONE_NEWTIME,
};

void
cpod_compile_loopback (struct cpod_plan *plan)
{
	struct cpod_net_message message;
	struct cpod_op *op = cpod_plan_add (plan, CPOD_OP_LOOPBACK, NULL, "bring lo up");

	cpod_net_loopback_up (&message);
	op->text.text = cpod_plan_bytes (plan, &message, sizeof (message), 8);
	op->text.len = sizeof (message);
}

/* What a pod's container must have of its own, listed or not; its PID namespace, unless the pod has one for it. */
static int
require_own (const struct cpod_compile_input *input, const bool *listed, struct cpod_error *err)
{
	bool shared = (input->pod_flags & (CPOD_RT_POD_HOST_PID | CPOD_RT_POD_SHARE_PID)) != 0;

	if (!listed[CPOD_OCI_NS_MOUNT])
		return cpod_error_set (err, EINVAL, "linux.namespaces: a pod has no mount namespace to share: list \"mount\"");
	if (!listed[CPOD_OCI_NS_PID] && !shared)
		return cpod_error_set (err, EINVAL, "linux.namespaces: the pod shares no PID namespace (shareProcessNamespace, hostPID): "
		                       "list \"pid\"");
	return 0;
}

/* Whether a path leads to the caller's own namespace of that type. */
static bool
leads_to_own (const char *path, enum cpod_oci_namespace_type type)
{
	static const char *const own[CPOD_OCI_N_NS] = {
		[CPOD_OCI_NS_MOUNT] = "/proc/self/ns/mnt", [CPOD_OCI_NS_PID] = "/proc/self/ns/pid",
		[CPOD_OCI_NS_NETWORK] = "/proc/self/ns/net", [CPOD_OCI_NS_IPC] = "/proc/self/ns/ipc",
		[CPOD_OCI_NS_UTS] = "/proc/self/ns/uts", [CPOD_OCI_NS_CGROUP] = "/proc/self/ns/cgroup",
		[CPOD_OCI_NS_USER] = "/proc/self/ns/user", [CPOD_OCI_NS_TIME] = "/proc/self/ns/time",
	};
	struct stat st, own_st;

	return stat (path, &st) == 0 && stat (own[type], &own_st) == 0 && st.st_dev == own_st.st_dev && st.st_ino == own_st.st_ino;
}

/* A mount namespace that is joined is taken as it is: nothing is mounted in it, for others live there, and a
 * pivot_root would change the root of everybody in it. So the spec may not ask for a root of its own. */
static int
check_joined_mounts (const struct cpod_compile_input *input, const struct cpod_namespaces *namespaces, struct cpod_error *err)
{
	const struct cpod_oci_spec *spec = input->spec;
	const struct cpod_oci_linux *linux_part = spec->linux_part;
	const struct { const char *field; bool given; } excluded[] = {
		{ "root", spec->root != NULL },
		{ "mounts", spec->mounts.n > 0 },
		{ "linux.devices", linux_part->devices.n > 0 },
		{ "linux.maskedPaths", linux_part->masked_paths.n > 0 },
		{ "linux.readonlyPaths", linux_part->readonly_paths.n > 0 },
		{ "linux.rootfsPropagation", linux_part->rootfs_propagation.set },
	};
	size_t index = namespaces->index[CPOD_OCI_NS_MOUNT];

	if (!input->pod)
		return cpod_error_set (err, ENOTSUP, "linux.namespaces[%zu].path: a bundle's root cannot be set up in a mount "
		                       "namespace that others live in", index);
	if (leads_to_own (namespaces->path[CPOD_OCI_NS_MOUNT], CPOD_OCI_NS_MOUNT))
		return cpod_error_set (err, EINVAL, "linux.namespaces[%zu].path: the mount namespace is the host's", index);
	for (size_t i = 0; i < sizeof (excluded) / sizeof (excluded[0]); i++)
		if (excluded[i].given)
			return cpod_error_set (err, EINVAL, "%s: cannot be had in a mount namespace that is joined, which is taken as it is",
			                       excluded[i].field);
	return 0;
}

int
cpod_namespaces_resolve (const struct cpod_compile_input *input, struct cpod_namespaces *ret, struct cpod_error *err)
{
	const struct cpod_oci_linux *linux_part = input->spec->linux_part;
	struct cpod_namespaces read = { 0 };
	bool listed[CPOD_OCI_N_NS] = { false };
	const struct cpod_oci_namespace *items;
	int status;

	if (linux_part == NULL || !linux_part->namespaces.set) {
		if (input->pod)
			read.own = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWCGROUP;
		if ((input->pod_flags & (CPOD_RT_POD_HOST_PID | CPOD_RT_POD_SHARE_PID)) != 0)
			read.own &= ~(uint64_t) CLONE_NEWPID;
		read.shared_pid = (input->pod_flags & CPOD_RT_POD_SHARE_PID) != 0;
		*ret = read;
		return 0;
	}
	items = linux_part->namespaces.items;
	for (size_t i = 0; i < linux_part->namespaces.n; i++) {
		size_t type = (size_t) items[i].type.value;

		listed[type] = true;
		read.index[type] = i;
		if (items[i].path != NULL && items[i].path[0] != '\0')
			read.path[type] = items[i].path;
		else
			read.own |= cpod_namespace_flags[type];
	}
	if (input->pod) {
		status = require_own (input, listed, err);
		if (status < 0)
			return status;
		read.shared_pid = !listed[CPOD_OCI_NS_PID] && (input->pod_flags & CPOD_RT_POD_SHARE_PID) != 0;
		if (!listed[CPOD_OCI_NS_CGROUP])
			read.own |= CLONE_NEWCGROUP;   /* the pod has none to share, and never the host's */
	}
	if (read.path[CPOD_OCI_NS_MOUNT] != NULL) {
		status = check_joined_mounts (input, &read, err);
		if (status < 0)
			return status;
	}
	if (read.path[CPOD_OCI_NS_PID] != NULL && input->pod && leads_to_own (read.path[CPOD_OCI_NS_PID], CPOD_OCI_NS_PID))
		return cpod_error_set (err, EINVAL, "linux.namespaces[%zu].path: the PID namespace is the host's",
		                       read.index[CPOD_OCI_NS_PID]);
	*ret = read;
	return 0;
}

bool
cpod_namespace_is_hosts (const struct cpod_compile_input *input, const struct cpod_namespaces *namespaces,
                         enum cpod_oci_namespace_type type)
{
	uint32_t shared = type == CPOD_OCI_NS_NETWORK ? CPOD_RT_POD_HOST_NETWORK : type == CPOD_OCI_NS_IPC ? CPOD_RT_POD_HOST_IPC
	                  : type == CPOD_OCI_NS_PID ? CPOD_RT_POD_HOST_PID : 0;

	if ((namespaces->own & cpod_namespace_flags[type]) != 0)
		return false;
	if (namespaces->path[type] != NULL)
		return leads_to_own (namespaces->path[type], type);
	return !input->pod || (input->pod_flags & shared) != 0;
}

/* One of the host's mounts that pod init takes with it. */
struct copy {
	const char *path, *place;     /* on the host, in its own root */
	uint32_t rdev;                /* the device that it must be, or 0 */
	uint16_t slot;
	uint8_t make;                 /* enum cpod_make */
	bool recursive;
};
#define MAX_COPIES 80

/* A place below /host. */
static const char *
host_place (struct cpod_plan *plan, const char *path)
{
	const char *place = cpod_arena_printf (&plan->arena, CPOD_OLD_HOST "%s", strcmp (path, "/") ? path : "");

	if (place == NULL)
		plan->failed = true;
	return place != NULL ? place : CPOD_OLD_HOST;
}

/* What containers may need: layers or, with ids, the pieces, the devices, and a sysfs that shows the host's network. */
static size_t
list_copies (const struct cpod_compile_pod *input, struct cpod_plan *plan, struct copy copies[MAX_COPIES])
{
	const struct cpod_host_piece *pieces = input->pieces != NULL ? input->pieces->items : NULL;
	size_t n = 0;

	for (size_t i = 0; input->ids == NULL && i < input->layers->n && n < 64; i++)
		copies[n++] = (struct copy) { input->layers->items[i], host_place (plan, input->layers->items[i]), 0, 0,
		                              i == 0 ? CPOD_MAKE_DIR : CPOD_MAKE_NOTHING, false };
	for (size_t i = 0; input->pieces != NULL && i < input->pieces->n && n < 64; i++)
		if (pieces[i].kind >= CPOD_HOST_PIECE_LAYER)
			copies[n++] = (struct copy) { pieces[i].path, host_place (plan, pieces[i].path), 0, 0,
			                              pieces[i].kind == CPOD_HOST_PIECE_FILE ? CPOD_MAKE_FILE : CPOD_MAKE_DIR,
			                              pieces[i].kind == CPOD_HOST_PIECE_TREE };
	for (size_t i = 0; input->ids != NULL && i < cpod_default_n_devices; i++) {
		const char *path = cpod_arena_printf (&plan->arena, CPOD_OLD_DEV "/%s", cpod_default_devices[i].name);

		if (path == NULL)
			plan->failed = true;
		else
			copies[n++] = (struct copy) { path, path, cpod_default_devices[i].major << 20 | cpod_default_devices[i].minor, 0,
			                              CPOD_MAKE_FILE, false };
	}
	if (input->ids != NULL && !input->loopback)
		copies[n++] = (struct copy) { CPOD_OLD_SYS, CPOD_OLD_SYS, 0, 0, CPOD_MAKE_DIR, true };
	return n;
}

static void
compile_copies (struct cpod_plan *plan, struct copy *copies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct cpod_op *op = cpod_plan_add (plan, CPOD_OP_OPEN_TREE, NULL, "copy the host's mount of %s", copies[i].path);

		copies[i].slot = op->open_tree.slot = cpod_plan_slot (plan);
		op->open_tree.path = cpod_plan_text (plan, copies[i].path);
		op->open_tree.rdev = copies[i].rdev;
		op->open_tree.recursive = copies[i].recursive;
	}
}

/* A kernel's file system, detached. In a user namespace one can be made only while another of its kind is in sight: that is
 * the host's for this one, and this one for the containers. */
static uint16_t
compile_kernel_mount (struct cpod_plan *plan, const char *type)
{
	struct cpod_op *op = cpod_plan_add (plan, CPOD_OP_FSMOUNT, NULL, "make a %s for pod init", type);

	op->fsmount.slot = cpod_plan_slot (plan);
	op->fsmount.type = cpod_plan_text (plan, type);
	op->fsmount.options = cpod_plan_texts (plan, NULL, 0);
	op->fsmount.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	return op->fsmount.slot;
}

/* The copies are taken while the host's root is still there, and attached once the tmpfs is. */
static void
compile_small_root (const struct cpod_compile_pod *input, struct cpod_plan *plan)
{
	struct copy copies[MAX_COPIES], null = { "/dev/null", CPOD_OLD_NULL, 1u << 20 | 3, 0, CPOD_MAKE_FILE, false };
	uint16_t tmpfs, proc = 0, sys = 0;
	size_t n = list_copies (input, plan, copies);
	struct cpod_op *op;

	compile_copies (plan, copies, n);
	compile_copies (plan, &null, 1);
	op = cpod_plan_add (plan, CPOD_OP_ATTR, NULL, "make that copy read-only: its modes are the host's");
	op->attr.slot = null.slot;
	op->attr.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	if (input->ids != NULL)
		proc = compile_kernel_mount (plan, "proc");
	if (input->ids != NULL && input->loopback)
		sys = compile_kernel_mount (plan, "sysfs");
	tmpfs = cpod_compile_tmpfs (plan, "size=64k", 0700, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, "pod init's root");
	op = cpod_plan_add (plan, CPOD_OP_ROOT, NULL, "attach it");
	op->root.slot = tmpfs;
	op->root.at = CPOD_SLOT_NONE;
	op->root.path = cpod_plan_text (plan, "/proc");
	for (size_t i = 0; i < n; i++)
		cpod_compile_attach_at (plan, copies[i].slot, copies[i].place, copies[i].make);
	cpod_compile_attach_at (plan, null.slot, null.place, null.make);
	if (proc != 0)
		cpod_compile_attach_at (plan, proc, "/proc", CPOD_MAKE_DIR);
	if (sys != 0)
		cpod_compile_attach_at (plan, sys, CPOD_OLD_SYS, CPOD_MAKE_DIR);
	cpod_compile_pod_volumes (input, plan);
	op = cpod_plan_add (plan, CPOD_OP_MKDIR, NULL, "make " CPOD_OLD_ROOT);
	op->mkdir = (struct cpod_op_mkdir) { cpod_plan_text (plan, CPOD_OLD_ROOT), 0700 };
	op = cpod_plan_add (plan, CPOD_OP_MKDIR, NULL, "make " CPOD_OLD_SCRATCH);
	op->mkdir = (struct cpod_op_mkdir) { cpod_plan_text (plan, CPOD_OLD_SCRATCH), 0700 };
	cpod_plan_add (plan, CPOD_OP_PIVOT, NULL, "pivot_root, and unmount the host's file systems");
}

/* Cut off from the host; for an unprivileged supervisor the host's mounts, as they come and go, stay within reach. */
static void
compile_own_mounts (const struct cpod_compile_pod *input, struct cpod_plan *plan)
{
	struct cpod_op *op;

	cpod_plan_add (plan, CPOD_OP_OWN_ROOT, NULL, "look whether / is the mount namespace's root");
	if (input->unprivileged)
		cpod_plan_add (plan, CPOD_OP_KEEP_HOST, NULL, "keep the host's mounts, and go on in a copy");
	op = cpod_plan_add (plan, CPOD_OP_PROPAGATION, NULL, "make every mount private");
	op->number.value = MS_PRIVATE | MS_REC;
}

void
cpod_compile_become_root (const struct cpod_idmap *ids, bool watches_life, struct cpod_plan *plan)
{
	struct cpod_given *given = cpod_plan_give (plan, CPOD_GIVEN_FD, CPOD_SLOT_NONE, NULL, "the ids of the user namespace");
	struct cpod_op *op = cpod_plan_add (plan, CPOD_OP_BECOME_ROOT, NULL, "become root of the user namespace");

	op->users.slot = given->slot;
	op->users.watches_life = watches_life;
	op->users.keep_groups = ids->groups_denied;
	plan->header.dumpable = 1;
}

/* The first process of the PID namespace that containers share, in an empty root. */
static void
compile_reaper (struct cpod_plan *plan)
{
	uint16_t slot = cpod_compile_tmpfs (plan, "size=4k", 0555, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	                                    "the reaper's root");
	struct cpod_op *op = cpod_plan_add (plan, CPOD_OP_REAPER, NULL, "start the reaper of the shared PID namespace");

	op->root.slot = slot;
	op->root.at = CPOD_SLOT_NONE;
	op->root.path = cpod_plan_text (plan, CPOD_OLD_ROOT);
}

int
cpod_compile_pod (const struct cpod_compile_pod *input, struct cpod_plan *plan, struct cpod_error *err)
{
	struct cpod_op *op;

	plan->header.null_path = cpod_plan_text (plan, "/dev/null");
	if (input->ids != NULL)
		cpod_compile_become_root (input->ids, true, plan);
	compile_own_mounts (input, plan);
	compile_small_root (input, plan);
	op = cpod_plan_add (plan, CPOD_OP_HOSTNAME, NULL, "set the pod's hostname to %s", input->hostname);
	op->text.text = cpod_plan_text (plan, input->hostname);
	op->text.len = (uint32_t) strlen (input->hostname);
	if (input->loopback)
		cpod_compile_loopback (plan);
	if (input->bounding != UINT64_MAX) {
		op = cpod_plan_add (plan, CPOD_OP_BOUNDING, NULL, "limit the bounding set to what some container may have");
		op->caps.bounding = input->bounding;
	}
	plan->header.home = 1;
	if (input->share_pid)
		compile_reaper (plan);
	cpod_plan_add (plan, CPOD_OP_END, NULL, "wait for containers to launch");
	return cpod_plan_check (plan, err);
}

int
cpod_compile_beside (struct cpod_plan *plan, struct cpod_error *err)
{
	struct cpod_op *op;

	plan->header.null_path = cpod_plan_text (plan, "/dev/null");
	cpod_plan_give (plan, CPOD_GIVEN_FD, CPOD_SLOT_FIRST, NULL, "pod init");
	op = cpod_plan_add (plan, CPOD_OP_SETNS, NULL, "join the pod's namespaces");
	op->setns.slot = CPOD_SLOT_FIRST;
	op->setns.type = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
	cpod_plan_add (plan, CPOD_OP_END, NULL, "wait for the container to launch");
	return cpod_plan_check (plan, err);
}
