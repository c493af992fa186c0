/* See defaults.h. The device nodes and links are those that the runtime-spec demands of every
 * container (config-linux.md, Default Devices; Dev symbolic links); the masks cover what lets a
 * container read or steer the host through /proc and /sys. */
#include "defaults.h"

#define OPTIONS(...)                                                                     \
	{ .items = (const char *[]) { __VA_ARGS__, NULL },                               \
	  .n = sizeof ((const char *[]) { __VA_ARGS__ }) / sizeof (const char *), .set = true }

const struct cpod_oci_mount cpod_default_mounts[] = {
	{ .destination = "/proc", .type = "proc", .source = "proc", .options = OPTIONS ("nosuid", "noexec", "nodev") },
	{ .destination = "/dev", .type = "tmpfs", .source = "tmpfs",
	  .options = OPTIONS ("nosuid", "noexec", "dev", "strictatime", "mode=755", "size=65536k") },
	{ .destination = "/dev/pts", .type = "devpts", .source = "devpts",
	  .options = OPTIONS ("nosuid", "noexec", "dev", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5") },
	{ .destination = "/dev/shm", .type = "tmpfs", .source = "shm",
	  .options = OPTIONS ("nosuid", "noexec", "nodev", "mode=1777", "size=65536k") },
	{ .destination = "/dev/mqueue", .type = "mqueue", .source = "mqueue", .options = OPTIONS ("nosuid", "noexec", "nodev") },
	{ .destination = "/sys", .type = "sysfs", .source = "sysfs", .options = OPTIONS ("nosuid", "noexec", "nodev", "ro") },
	{ .destination = "/sys/fs/cgroup", .type = "cgroup", .source = "cgroup",
	  .options = OPTIONS ("nosuid", "noexec", "nodev", "relatime", "ro") },
};
const size_t cpod_default_n_mounts = sizeof (cpod_default_mounts) / sizeof (cpod_default_mounts[0]);

const char *const cpod_default_masked_paths[] = {
	"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
	"/sys/devices/virtual/powercap", "/sys/firmware", "/sys/kernel/security", NULL
};

const char *const cpod_default_readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL
};

const char *const cpod_default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const struct cpod_default_device cpod_default_devices[] = {
	{ "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};
const size_t cpod_default_n_devices = sizeof (cpod_default_devices) / sizeof (cpod_default_devices[0]);

const struct cpod_default_link cpod_default_links[] = {
	{ "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },
};
const size_t cpod_default_n_links = sizeof (cpod_default_links) / sizeof (cpod_default_links[0]);
