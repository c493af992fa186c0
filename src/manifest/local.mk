# Kubernetes manifests become native documents. Knows nothing of pods that run.
libcpod_sources += \
	src/manifest/manifest.c src/manifest/manifest.h \
	src/manifest/check.c \
	src/manifest/container.c \
	src/manifest/env.c \
	src/manifest/files.c \
	src/manifest/network.c \
	src/manifest/probes.c \
	src/manifest/quantity.c src/manifest/quantity.h \
	src/manifest/resources.c \
	src/manifest/security.c \
	src/manifest/tables.c \
	src/manifest/volumes.c
