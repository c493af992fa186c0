# src/cli: one file a command. Files: cli_sources += src/cli/X.c (cpod), ocicli_sources += src/cli/X.c (cpod-oci)
cli_sources += src/cli/main.c
ocicli_sources += src/cli/oci-main.c
