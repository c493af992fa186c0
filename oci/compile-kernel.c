/* What is set around the process: device nodes, kernel settings, masked and read-only paths. */
#include "compile.h"

#include "defaults.h"
#include "oci/sysctl.h"
#include "src/base/error.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static uint16_t
compile_open_dir (struct cpod_compiler *compiler, const char *path, const char *field)
{
	struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_OPEN_DIR, field, "open %s", path);

	op->path.slot = cpod_plan_slot (compiler->plan);
	op->path.path = cpod_plan_text (compiler->plan, path);
	return op->path.slot;
}

static struct cpod_op_mknod *
compile_node (struct cpod_compiler *compiler, uint16_t dir, const char *name, uint32_t mode, uint64_t device, const char *field,
              const char *path)
{
	struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_MKNOD, field, "make %s", path);

	op->mknod.dir = dir;
	op->mknod.name = cpod_plan_text (compiler->plan, name);
	op->mknod.mode = mode;
	op->mknod.device = device;
	return &op->mknod;
}

int
cpod_compile_device (struct cpod_compiler *compiler, const struct cpod_oci_device *device, uint16_t dev_dir, size_t index,
                     struct cpod_error *err)
{
	static const uint32_t types[] = { 0020000, 0060000, 0020000, 0010000 };   /* by enum cpod_oci_device_type */
	const char *field = cpod_compile_field (compiler->arena, "linux.devices[%zu]", index);
	const char *name = strrchr (device->path, '/') + 1;
	uint32_t mode = device->file_mode.set ? (uint32_t) device->file_mode.value & 07777 : 0666;
	uint16_t dir = dev_dir;
	struct cpod_op_mknod *node;

	if (name[0] == '\0' || strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
		return cpod_error_set (err, EINVAL, "%s.path: \"%s\" names no file", field, device->path);
	if (strncmp (device->path, "/dev/", 5) != 0 || strchr (device->path + 5, '/') != NULL) {
		const char *parent = cpod_arena_strndup (compiler->arena, device->path, (size_t) (name - device->path));

		if (parent == NULL)
			return cpod_error_oom (err);
		dir = compile_open_dir (compiler, parent, field);
	}
	node = compile_node (compiler, dir, name, types[device->type.value] | mode,
	                     (uint64_t) device->major.value << 32 | (uint32_t) device->minor.value, field, device->path);
	node->uid = (uint32_t) device->uid.value;
	node->gid = (uint32_t) device->gid.value;
	return 0;
}

int
cpod_compile_devices (struct cpod_compiler *compiler, struct cpod_error *err)
{
	const struct cpod_oci_device *devices = compiler->linux_part->devices.items;
	uint16_t dev;
	int ret = 0;

	if (compiler->dev_is_bound)
		return 0;
	dev = compiler->dev_slot != 0 ? compiler->dev_slot : compile_open_dir (compiler, "/dev", NULL);
	for (size_t i = 0; i < cpod_default_n_devices && compiler->input->ids == NULL; i++)
		compile_node (compiler, dev, cpod_default_devices[i].name, 0020666,
		              (uint64_t) cpod_default_devices[i].major << 32 | cpod_default_devices[i].minor, NULL,
		              cpod_compile_field (compiler->arena, "/dev/%s", cpod_default_devices[i].name));
	for (size_t i = 0; i < compiler->linux_part->devices.n && ret == 0 && compiler->input->ids == NULL; i++)
		ret = cpod_compile_device (compiler, &devices[i], dev, i, err);
	if (compiler->input->ids != NULL)
		ret = cpod_compile_bound_devices (compiler, dev, err);
	for (size_t i = 0; i < cpod_default_n_links; i++) {
		struct cpod_op *op = cpod_plan_add (compiler->plan, CPOD_OP_SYMLINK, NULL, "link /dev/%s to %s",
		                                    cpod_default_links[i].name, cpod_default_links[i].target);

		op->symlink.dir = dev;
		op->symlink.name = cpod_plan_text (compiler->plan, cpod_default_links[i].name);
		op->symlink.target = cpod_plan_text (compiler->plan, cpod_default_links[i].target);
	}
	return ret;
}

int
cpod_compile_kernel (struct cpod_compiler *compiler, const struct cpod_process *process, struct cpod_error *err)
{
	const struct cpod_pairs *sysctls = &compiler->linux_part->sysctl;
	struct cpod_op *op;
	int ret;

	if (sysctls->n == 0 && !process->oom_score_adj.set)
		return 0;
	cpod_plan_add (compiler->plan, CPOD_OP_PROC, NULL, "open a procfs of its own, in no directory");
	for (size_t i = 0; i < sysctls->n; i++) {
		const char *path;

		ret = cpod_sysctl_resolve (compiler, sysctls->items[i].key, &path, err);
		if (ret < 0)
			return ret;
		op = cpod_plan_add (compiler->plan, CPOD_OP_SYSCTL, cpod_compile_field (compiler->arena, "linux.sysctl[\"%s\"]",
		                    sysctls->items[i].key), "set %s to %s", sysctls->items[i].key, sysctls->items[i].value);
		op->sysctl.path = cpod_plan_text (compiler->plan, path);
		op->sysctl.value = cpod_plan_text (compiler->plan, sysctls->items[i].value);
	}
	if (process->oom_score_adj.set) {
		op = cpod_plan_add (compiler->plan, CPOD_OP_OOM_SCORE_ADJ, "process.oomScoreAdj", "set oom_score_adj to %d",
		                    (int) process->oom_score_adj.value);
		op->number.value = process->oom_score_adj.value;
	}
	return 0;
}

/* The place of a path that is covered: in the plan's own proc or sysfs where it lies there, else beneath the root. */
static struct cpod_op_path
compile_covered (struct cpod_compiler *compiler, const char *path)
{
	struct cpod_op_path covered = { .slot = CPOD_SLOT_ROOT };

	for (size_t i = 0; i < sizeof (compiler->kernel) / sizeof (compiler->kernel[0]); i++) {
		const struct cpod_kernel_mount *mount = &compiler->kernel[i];
		size_t len = strlen (mount->path);

		if (mount->slot == 0 || strncmp (path, mount->path, len) != 0 || path[len] != '/' || strstr (path, "/..") != NULL)
			continue;
		covered.slot = mount->slot;
		path += len + strspn (path + len, "/");
		break;
	}
	covered.path = cpod_plan_text (compiler->plan, path[0] != '\0' ? path : ".");
	return covered;
}

static void
compile_paths (struct cpod_compiler *compiler, enum cpod_op_kind kind, const char *const *paths, const char *list, const char *words)
{
	for (size_t i = 0; paths != NULL && paths[i] != NULL; i++) {
		const char *field = list != NULL ? cpod_compile_field (compiler->arena, "linux.%s[%zu]", list, i) : NULL;
		struct cpod_op *op = cpod_plan_add (compiler->plan, kind, field, "%s %s", words, paths[i]);

		op->path = compile_covered (compiler, paths[i]);
	}
}

void
cpod_compile_masks (struct cpod_compiler *compiler)
{
	const struct cpod_oci_linux *linux_part = compiler->linux_part;
	bool defaults = compiler->input->pod;

	if (linux_part->readonly_paths.set || !defaults)
		compile_paths (compiler, CPOD_OP_READONLY, linux_part->readonly_paths.items, "readonlyPaths", "make read-only:");
	else
		compile_paths (compiler, CPOD_OP_READONLY, cpod_default_readonly_paths, NULL, "make read-only:");
	if (linux_part->masked_paths.set || !defaults)
		compile_paths (compiler, CPOD_OP_MASK, linux_part->masked_paths.items, "maskedPaths", "mask");
	else
		compile_paths (compiler, CPOD_OP_MASK, cpod_default_masked_paths, NULL, "mask");
}
