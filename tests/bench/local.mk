# tests/bench: `make bench` compares cpod with straight-line floors and with other runtimes. The floors are
# static and -O2 whatever the rest is built with; bench-runtime links the library as cpod does.

bench_dir = $(srcdir)/tests/bench
bench_floor_files = $(bench_dir)/floor-mounts.c $(bench_dir)/floor-process.c $(bench_dir)/floor-filter.c \
	$(bench_dir)/floor-view.c
bench_small = tests/bench/true-static tests/bench/hello-static tests/bench/floor-idle tests/bench/scale-program
bench_programs = tests/bench/bench tests/bench/bench-host tests/bench/bench-runtime tests/bench/floor-container tests/bench/floor-pod \
	tests/bench/bench-scale $(bench_small)
BENCH_CC = $(CC) $(AM_CPPFLAGS) -std=gnu11 $(WARN_CFLAGS) -O2
ROUNDS = 41

tests/bench/floor-container tests/bench/floor-pod: tests/bench/%: $(bench_dir)/%.c $(bench_floor_files) $(bench_dir)/floor.h
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(BENCH_CC) -static -no-pie -o $@ $< $(bench_floor_files)

$(bench_small): tests/bench/%: $(bench_dir)/%.c
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(BENCH_CC) -static -no-pie -o $@ $<

tests/bench/bench: $(bench_dir)/bench.c
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(BENCH_CC) -o $@ $<

tests/bench/bench-host: $(bench_dir)/bench-host.c $(bench_floor_files) $(bench_dir)/floor.h libcpod.a
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(BENCH_CC) $(AM_LDFLAGS) $(LDFLAGS) -o $@ $< $(bench_floor_files) libcpod.a $(ARCHIVES)

tests/bench/bench-runtime: $(bench_dir)/bench-runtime.c $(bench_floor_files) $(bench_dir)/floor.h libcpod.a
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(BENCH_CC) $(AM_LDFLAGS) $(LDFLAGS) -o $@ $< $(bench_floor_files) libcpod.a $(ARCHIVES)

tests/bench/bench-scale: $(bench_dir)/bench-scale.c $(bench_dir)/scale-proc.c $(bench_dir)/scale-proc.h $(bench_floor_files) \
		$(bench_dir)/floor.h libcpod.a
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(BENCH_CC) $(AM_LDFLAGS) $(LDFLAGS) -o $@ $< $(bench_dir)/scale-proc.c $(bench_floor_files) libcpod.a \
		$(ARCHIVES)

bench: all $(bench_programs)
	SRC=$(abs_srcdir) BUILD=$(abs_builddir) ROUNDS=$(ROUNDS) $(SHELL) $(bench_dir)/run.sh

.PHONY: bench
CLEANFILES += $(bench_programs) tests/bench/results.json
