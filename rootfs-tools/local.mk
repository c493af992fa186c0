# rootfs-tools: what ends in a directory to pivot into. Files: libcpod_sources += rootfs-tools/X.c
