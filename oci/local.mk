# oci: the native runtime. Files: oci_sources += oci/X.c; pod init: init_sources += oci/init/X.c
oci_sources += oci/spec.c oci/spec.h oci/spec-check.c oci/spec-check.h oci/spec-linux.c oci/spec-process.c oci/spec-resources.c oci/spec-seccomp.c
