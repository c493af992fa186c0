# One attempt each, and the worker that decides when. probes/ knows runtimes through runtime.h alone.
libcpod_sources += \
	probes/answer.c probes/answer.h \
	probes/exec.c probes/exec.h \
	probes/expand.c \
	probes/op.c probes/op.h \
	probes/probe-spec.c probes/probe-spec.h \
	probes/worker.c probes/worker.h
