# tests: every tests/unit/test-X.c is a program of its own, found by its name; what one needs beyond
# the library goes into UNIT_CFLAGS, UNIT_FILES or UNIT_LIBS of that program alone.

unit_tests = $(patsubst $(srcdir)/%.c,%,$(wildcard $(srcdir)/tests/unit/test-*.c))
UNIT_CFLAGS =
UNIT_FILES =
UNIT_LIBS =

# What the command is made of, for its tests.
tests/libcli.a: $(cpod_OBJECTS)
	@$(MKDIR_P) $(@D)
	$(AM_V_AR)rm -f $@ && $(AR) cr $@ $(filter-out src/cli/main.$(OBJEXT),$(cpod_OBJECTS))

tests/unit/test-%: $(srcdir)/tests/unit/test-%.c tests/libcli.a libcpod.a Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CC) $(AM_CPPFLAGS) $(CPPFLAGS) $(CMOCKA_CFLAGS) $(AM_CFLAGS) -fvisibility=default $(UNIT_CFLAGS) \
		$(CFLAGS) -MMD -MP -MF $@.d -MT $@ $(AM_LDFLAGS) $(LDFLAGS) -o $@ $< \
		$(addprefix $(srcdir)/,$(UNIT_FILES)) tests/libcli.a libcpod.a $(ARCHIVES) $(UNIT_LIBS) $(CMOCKA_LIBS)

tests/unit/test-net: UNIT_LIBS = -lmnl
tests/unit/test-cgroup: UNIT_LIBS = -lm
tests/unit/test-seccomp tests/unit/test-seccomp-default: UNIT_FILES = tests/lib/bpf-interp.c tests/lib/seccomp-probe.c
tests/unit/test-controller: UNIT_FILES = tests/lib/fake-runtime.c
tests/unit/test-behaviours: UNIT_CFLAGS = -DBEHAVIOURS=\"$(abs_srcdir)/tests/data/behaviours\"

-include $(addsuffix .d,$(unit_tests))

# The static test program that runs inside containers.
inside_files = $(srcdir)/tests/init/inside.c $(srcdir)/tests/init/console.c $(srcdir)/tests/init/net.c $(srcdir)/tests/init/terminal.c $(srcdir)/tests/init/trace.c $(srcdir)/tests/init/users.c $(srcdir)/tests/init/view.c
tests/init/inside: $(inside_files) $(srcdir)/tests/init/inside.h Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CC) $(AM_CPPFLAGS) -std=gnu11 $(WARN_CFLAGS) -O2 -ffunction-sections -static -no-pie -s \
		-Wl,--gc-sections -o $@ $(inside_files)

# A client that does what it can to hinder a supervisor.
tests/lib/hostile: $(srcdir)/tests/lib/hostile.c Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CC) $(AM_CPPFLAGS) -std=gnu11 $(WARN_CFLAGS) -O2 -o $@ $<

test_programs = tests/init/inside tests/lib/hostile
if HAVE_CMOCKA
test_programs += $(unit_tests)
endif
tests: $(test_programs)

check-local: all $(test_programs)
	SRC=$(abs_srcdir) BUILD=$(abs_builddir) MAKE="$(MAKE)" $(SHELL) $(srcdir)/tests/run $(CHECK_WHAT)

# All of the integration tests in the virtual machine, and those that last a minute at their full length.
check-long: all $(test_programs)
	CPOD_TEST_LONG=1 CPOD_VM_TIMEOUT=2400 \
	SRC=$(abs_srcdir) BUILD=$(abs_builddir) MAKE="$(MAKE)" $(SHELL) $(srcdir)/tests/run all

lint: all
	SRC=$(abs_srcdir) BUILD=$(abs_builddir) CC="$(CC)" NM="$(NM)" LINT=full $(SHELL) $(srcdir)/tests/run lint

.PHONY: tests lint check-long
AM_DISTCHECK_CONFIGURE_FLAGS = --with-tests=unit

# Compiles every object for aarch64.
cross-check:
	SRC=$(abs_srcdir) BUILD=$(abs_builddir) MAKE="$(MAKE)" $(srcdir)/tests/lib/cross-check

.PHONY: cross-check

# The demonstration, until Ctrl-C or for SECONDS; watched and ended from a second terminal.
demo: all
	@SRC=$(abs_srcdir) BUILD=$(abs_builddir) $(srcdir)/examples/demo run $(SECONDS)

demo-watch demo-kill:
	@SRC=$(abs_srcdir) BUILD=$(abs_builddir) $(srcdir)/examples/demo $(@:demo-%=%)

.PHONY: demo demo-watch demo-kill

# The library's interface, compared with src/libcpod.abi; abi-update writes that anew, when a change is meant.
abi-check: all
	SRC=$(abs_srcdir) BUILD=$(abs_builddir) CC="$(CC)" NM="$(NM)" $(SHELL) $(srcdir)/tests/run $(abs_srcdir)/tests/lint/abi.sh

abi-update: all
	CC="$(CC)" NM="$(NM)" $(srcdir)/tests/lib/abi $(srcdir)/src/include libcpod.so.0 runtimes/production.so >src/libcpod.abi.new
	mv src/libcpod.abi.new $(srcdir)/src/libcpod.abi

.PHONY: abi-check abi-update
