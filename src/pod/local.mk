# src/pod: specs, states, the controller. Files: libcpod_sources += src/pod/X.c
