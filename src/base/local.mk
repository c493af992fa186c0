# src/base: the ground. Files: base_sources += src/base/X.c
