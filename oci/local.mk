# oci: the native runtime. Files: oci_sources += oci/X.c; pod init: init_sources += oci/init/X.c
