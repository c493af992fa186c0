# probes: one attempt each, and the worker. Files: libcpod_sources += probes/X.c
