# rootfs-tools: what ends in a directory to pivot into. Files: libcpod_sources += rootfs-tools/X.c
# The host view is part of the native runtime: it is what a container has that names no root.
oci_sources += \
	rootfs-tools/host-view.c rootfs-tools/host-view.h rootfs-tools/host-view-split.c \
	rootfs-tools/host-view-tables.c \
	rootfs-tools/mountinfo.c rootfs-tools/mountinfo.h
