# The ground: knows nothing of containers. base_sources go into every program, also static ones;
# module.c and yaml.c load modules and are for those that may.
base_sources += \
	src/base/arena.c src/base/arena.h \
	src/base/base64.c src/base/base64.h \
	src/base/decode.c src/base/decode.h \
	src/base/decode-report.c src/base/decode-report.h \
	src/base/error.c src/base/error.h \
	src/base/fd.c src/base/fd.h \
	src/base/json.c src/base/json.h \
	src/base/json-build.c src/base/json-build.h \
	src/base/json-relaxed.c src/base/json-relaxed.h \
	src/base/json-write.c \
	src/base/loop.c src/base/loop.h \
	src/base/names.c src/base/names.h \
	src/base/signals.c src/base/signals.h \
	src/base/str.c src/base/str.h
libcpod_sources += \
	src/base/module.c src/base/module.h \
	src/base/yaml.c src/base/yaml.h
