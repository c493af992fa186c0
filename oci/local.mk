# oci: the native runtime. Files: oci_sources += oci/X.c; pod init: init_sources += oci/init/X.c
oci_sources += oci/spec.c oci/spec.h oci/spec-check.c oci/spec-check.h oci/spec-linux.c oci/spec-process.c oci/spec-resources.c oci/spec-seccomp.c
init_sources += oci/init/main.c oci/init/launch.c oci/init/home.c oci/init/walk.c oci/init/walk-mounts.c oci/init/walk-files.c oci/init/walk-process.c oci/init/walk-wait.c oci/init/walk-copy.c oci/init/walk-terminal.c
oci_sources += oci/seccomp.c oci/seccomp.h oci/seccomp-args.c oci/seccomp-args.h oci/seccomp-emit.c oci/seccomp-emit.h oci/seccomp-default.c oci/seccomp-spec.c oci/syscall-table.c oci/syscall-table.h oci/syscall-table.inc
oci_sources += oci/cgroup.c oci/cgroup.h oci/cgroup-life.c oci/cgroup-mount.c oci/cgroup-settings.c
oci_sources += oci/caps.c oci/caps.h oci/watch.c oci/watch.h
init_sources += oci/init/walk-users.c oci/init/walk-reaper.c oci/init/mark.c
oci_sources += oci/cgroup-delegated.c oci/compile-users.c oci/compile-idmap.c oci/idmap.c oci/idmap.h oci/idmap-write.c
oci_sources += oci/id-lease.c oci/id-lease.h oci/idmap-mount.c oci/idmap-mount.h
oci_sources += oci/devices-bpf.c oci/devices-bpf.h
oci_sources += oci/subpath.c oci/subpath.h oci/plan-build.c oci/plan-build.h oci/plan.h oci/init/proto.h
oci_sources += oci/compile.c oci/compile.h oci/compile-pod.c oci/compile-root.c oci/compile-mounts.c oci/compile-volumes.c oci/compile-kernel.c oci/compile-process.c oci/compile-life.c
oci_sources += oci/mount-options.c oci/mount-options.h oci/defaults.c oci/defaults.h oci/sysctl.c oci/sysctl.h oci/net.c oci/net.h oci/kernel.c oci/kernel.h
oci_sources += oci/bundle.c oci/bundle.h oci/bundle-parts.h oci/bundle-create.c oci/bundle-life.c oci/bundle-update.c oci/bundle-exec.c oci/hooks.c oci/state.c oci/state.h
oci_sources += oci/launch.c oci/launch.h oci/production.c oci/production.h oci/pod.c oci/pod-init.c oci/pod-users.c oci/request.c oci/container.c oci/exec.c oci/devices.c
