# Pod spec, pure state machine, controller; runtimes are reached through the table in runtime.h.
libcpod_sources += \
	src/pod/blocking.c src/pod/blocking.h \
	src/pod/container.c \
	src/pod/controller.c src/pod/pod.h \
	src/pod/exec.c \
	src/pod/history.c src/pod/history.h \
	src/pod/lifecycle.h \
	src/pod/locate.c src/pod/locate.h \
	src/pod/machine.c src/pod/machine.h src/pod/machine-parts.h \
	src/pod/machine-order.c \
	src/pod/machine-probes.c \
	src/pod/machine-stop.c \
	src/pod/machine-view.c \
	src/pod/message.c \
	src/pod/pod-status.c \
	src/pod/prober.c \
	src/pod/reclaim.c \
	src/pod/restart.c src/pod/restart.h \
	src/pod/runtime-find.c src/pod/runtimes.h \
	src/pod/shellout.c \
	src/pod/simulate.c src/pod/simulate.h \
	src/pod/simulate-script.c \
	src/pod/simulate-words.c \
	src/pod/spec.c src/pod/spec.h \
	src/pod/spec-config.c \
	src/pod/spec-json.c \
	src/pod/spec-lifecycle.c \
	src/pod/spec-link.c \
	src/pod/spec-tables.c \
	src/pod/state.c src/pod/state.h \
	src/pod/status.c \
	src/pod/stop.c \
	src/pod/version.c \
	src/pod/volume.c src/pod/volume.h \
	src/pod/volume-spec.c \
	src/pod/words.c
