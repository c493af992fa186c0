/* Floor of one container, command against command: floor-container [OPTION...] ROOTFS PROGRAM [ARG].
 *
 * The same work as a runtime's `run` of a bundle with the OCI default config, reading nothing:
 *  1. mkdir of a fresh cgroup on cgroup2 and open it;
 *  2. load and attach the eBPF program for the default devices (not with --no-devices);
 *  3. clone3 of mount, pid, net, ipc, uts and cgroup namespaces, CLONE_PIDFD, CLONE_INTO_CGROUP;
 *  in the child:
 *  4. setsid, loopback up;
 *  5. all mounts private, the rootfs bound on itself;
 *  6. proc, tmpfs dev, devpts, shm, mqueue, sysfs ro, cgroup2 ro; six device nodes, six links;
 *  7. masked paths, read-only paths, root read-only;
 *  8. pivot_root, the old root detached, hostname;
 *  9. rlimit NOFILE, close_range;
 * 10. session keyring, bounding set, groups and ids, ambient set, capset, no_new_privs;
 * 11. the seccomp filter, if one was asked for; exec;
 *  in the parent:
 * 12. wait, close, rmdir of the cgroup.
 *
 * Options: --seccomp FILE installs the raw BPF program, --seccomp=ranges the built-in one;
 * --no-devices; --serve: repeats inside one process, as floor_serve says (start of step 1 to end of 12).
 */
#include "tests/bench/floor.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* What one run needs; filled once, before any time is taken. */
struct floor_container {
	const char *rootfs, *program, *arg;
	const struct sock_fprog *filter;
	int devices;
	int cgroup_fd;            /* borrowed: the cgroup2 mount */
	char cgroup[64];
};

/* Steps 4 to 11. */
static void
child (const struct floor_container *f)
{
	const struct rlimit files = { 1024, 1024 };

	setsid ();
	floor_loopback_up ();
	floor_mounts_private ();
	floor_root_bind (f->rootfs);
	floor_mount_defaults ();
	floor_mask_paths (0);
	floor_root_readonly ();
	floor_pivot ();
	floor_try (sethostname ("floor", 5), "hostname");
	floor_try (setrlimit (RLIMIT_NOFILE, &files), "rlimit");
	floor_try (close_range (3, ~0u, 0), "close_range");
	floor_confine (FLOOR_CAPS_OCI, f->filter);
	floor_exec (f->program, f->arg);
}

/* One container from cgroup to cgroup. data: struct floor_container. Returns nanoseconds. */
static uint64_t
once (void *data)
{
	const struct floor_container *f = data;
	uint64_t begin = floor_now ();
	int cgroup_fd, pidfd, status;
	pid_t pid;

	cgroup_fd = floor_cgroup_make (f->cgroup_fd, f->cgroup);
	if (f->devices)
		floor_devices_attach (cgroup_fd);
	pid = floor_clone (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
	                   SIGCHLD, cgroup_fd, &pidfd);
	if (pid == 0)
		child (f);
	status = floor_reap (pid);
	close (pidfd);
	close (cgroup_fd);
	floor_cgroup_remove (f->cgroup_fd, f->cgroup);
	if (status != 0) {
		fprintf (stderr, "floor: the program ended with wait status %d\n", status);
		_exit (1);
	}
	return floor_now () - begin;
}

int
main (int argc, char **argv)
{
	static const struct option options[] = {
		{ "seccomp", required_argument, NULL, 's' }, { "no-devices", no_argument, NULL, 'd' },
		{ "serve", no_argument, NULL, 'n' }, { NULL, 0, NULL, 0 },
	};
	struct floor_container f = { .devices = 1 };
	struct sock_fprog filter;
	int c, serve = 0;

	while ((c = getopt_long (argc, argv, "+", options, NULL)) != -1) {
		if (c == 's') {
			if (strcmp (optarg, "ranges") == 0)
				floor_filter_ranges (&filter);
			else
				floor_filter_read (optarg, &filter);
			f.filter = &filter;
		} else if (c == 'd')
			f.devices = 0;
		else if (c == 'n')
			serve = 1;
		else
			return 2;
	}
	if (argc - optind < 2)
		return 2;
	f.rootfs = argv[optind];
	f.program = argv[optind + 1];
	f.arg = argv[optind + 2];
	f.cgroup_fd = floor_cgroup_root ();
	snprintf (f.cgroup, sizeof (f.cgroup), "cpod-bench-%d", (int) getpid ());
	if (serve)
		floor_serve (once, &f);
	else
		(void) once (&f);
	return 0;
}
