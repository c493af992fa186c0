# Pod spec, pure state machine, controller; runtimes are reached through the table in runtime.h.
libcpod_sources += \
	src/pod/history.c src/pod/history.h \
	src/pod/locate.c src/pod/locate.h \
	src/pod/runtimes.h \
	src/pod/spec.c src/pod/spec.h \
	src/pod/spec-config.c \
	src/pod/spec-json.c \
	src/pod/spec-tables.c \
	src/pod/state.c src/pod/state.h
