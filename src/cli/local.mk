# src/cli: one file a command. Files: cli_sources += src/cli/X.c (cpod), ocicli_sources += src/cli/X.c (cpod-oci)
cli_sources += \
	src/cli/main.c src/cli/cli.h \
	src/cli/args.c src/cli/args.h \
	src/cli/check.c \
	src/cli/client.c src/cli/client.h \
	src/cli/complete.c src/cli/complete.h \
	src/cli/control.c src/cli/control.h src/cli/control-connection.c src/cli/control-connection.h \
	src/cli/control-methods.c \
	src/cli/control-streams.c \
	src/cli/detach.c src/cli/detach.h \
	src/cli/control-share.c src/cli/control-share.h \
	src/cli/events.c \
	src/cli/exec.c \
	src/cli/gc.c \
	src/cli/healthy.c \
	src/cli/held-locks.c src/cli/held-locks.h \
	src/cli/http.c src/cli/http.h modules/http.h \
	src/cli/http-route.c src/cli/http-route.h \
	src/cli/interface.S \
	src/cli/kill.c \
	src/cli/load.c src/cli/load.h \
	src/cli/log-file.c src/cli/log-file.h \
	src/cli/log-reader.c src/cli/log-reader.h \
	src/cli/logs-command.c \
	src/cli/logs.c src/cli/logs.h \
	src/cli/names.c src/cli/names.h \
	src/cli/pod-status-json.c src/cli/pod-status-json.h \
	src/cli/pods.c src/cli/pods.h \
	src/cli/ps.c \
	src/cli/relay.c src/cli/relay.h \
	src/cli/remove.c src/cli/remove.h \
	src/cli/run.c \
	src/cli/say.c \
	src/cli/seed-json.c src/cli/seed-json.h \
	src/cli/simulate.c \
	src/cli/simulate-plot.c src/cli/simulate-plot.h \
	src/cli/sink.c src/cli/sink.h \
	src/cli/starting.c src/cli/starting.h \
	src/cli/state-dir.c src/cli/state-dir.h \
	src/cli/status.c \
	src/cli/status-json.c src/cli/status-json.h \
	src/cli/stop.c \
	src/cli/supervisor.c src/cli/supervisor.h \
	src/cli/table.c src/cli/table.h \
	src/cli/term.c src/cli/term.h \
	src/cli/terminal.c src/cli/terminal.h \
	src/cli/varlink.c src/cli/varlink.h \
	src/cli/wait.c \
	src/cli/view.c src/cli/view.h
ocicli_sources += \
	src/cli/oci-main.c src/cli/oci.h \
	src/cli/oci-delete.c \
	src/cli/oci-events.c \
	src/cli/oci-exec.c \
	src/cli/oci-features.c \
	src/cli/oci-kill.c \
	src/cli/oci-list.c \
	src/cli/oci-log.c \
	src/cli/oci-pause.c \
	src/cli/oci-ps.c \
	src/cli/oci-run.c \
	src/cli/oci-spec.c \
	src/cli/oci-start.c \
	src/cli/oci-state.c \
	src/cli/oci-tty.c src/cli/oci-tty.h src/cli/terminal.c \
	src/cli/oci-update.c
src/cli/interface.$(OBJEXT): docs/io.cpod.Pod.varlink
