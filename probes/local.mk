# One attempt each, and the worker that decides when. probes/ knows runtimes through runtime.h alone.
libcpod_sources += \
	probes/expand.c \
	probes/probe-spec.c probes/probe-spec.h \
	probes/worker.c probes/worker.h
