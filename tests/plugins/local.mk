# tests/plugins: one suite for every runtime (suite.c), and a plugin that breaks its word (faulty.c).
tests/plugins/suite: $(srcdir)/tests/plugins/suite.c libcpod.a Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CC) $(AM_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS) -MMD -MP -MF $@.d -MT $@ $(AM_LDFLAGS) $(LDFLAGS) \
		-o $@ $< libcpod.a $(ARCHIVES)

tests/plugins/faulty.so: $(srcdir)/tests/plugins/faulty.c Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CC) $(MODULE_CFLAGS) -fvisibility=default -MMD -MP -MF $@.d -MT $@ $(MODULE_LINK) -o $@ $<

-include tests/plugins/suite.d tests/plugins/faulty.so.d
test_programs += tests/plugins/suite tests/plugins/faulty.so
CLEANFILES += tests/plugins/suite tests/plugins/suite.d tests/plugins/faulty.so tests/plugins/faulty.so.d
