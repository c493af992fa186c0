# modules: what is loaded only when a pod needs it. modules/X.c becomes modules/X.so.
if HAVE_YAML
modules += $(if $(wildcard $(srcdir)/modules/yaml.c),modules/yaml.so)
modules/yaml.so: MODULE_PKG_CFLAGS = $(YAML_CFLAGS)
modules/yaml.so: MODULE_PKG_LIBS = $(YAML_LIBS)
endif
if HAVE_MICROHTTPD
modules += $(if $(wildcard $(srcdir)/modules/http.c),modules/http.so)
modules/http.so: MODULE_PKG_CFLAGS = $(MICROHTTPD_CFLAGS)
modules/http.so: MODULE_PKG_LIBS = $(MICROHTTPD_LIBS)
endif
if HAVE_LIBCURL
modules += $(if $(wildcard $(srcdir)/modules/fetch.c),modules/fetch.so)
modules/fetch.so: MODULE_PKG_CFLAGS = $(LIBCURL_CFLAGS)
modules/fetch.so: MODULE_PKG_LIBS = $(LIBCURL_LIBS)
endif
