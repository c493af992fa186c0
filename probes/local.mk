# One attempt each, and the worker that decides when. probes/ knows runtimes through runtime.h alone.
libcpod_sources += \
	probes/answer.c probes/answer.h \
	probes/asker.c probes/asker.h \
	probes/exec.c probes/exec.h \
	probes/expand.c \
	probes/net.c probes/net.h \
	probes/net-target.c probes/net-target.h \
	probes/op.c probes/op.h \
	probes/probe-spec.c probes/probe-spec.h \
	probes/worker.c probes/worker.h
