# Pod spec, pure state machine, controller; runtimes are reached through the table in runtime.h.
libcpod_sources += \
	src/pod/history.c src/pod/history.h \
	src/pod/state.c src/pod/state.h
