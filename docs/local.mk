# docs: the manual pages. cpod-pod(5) gets its tables of fields from the decoder's own.
dist_man_MANS += docs/cpod.1 docs/cpod-oci.1
if !CROSS_COMPILING
nodist_man_MANS = docs/cpod-pod.5
endif

noinst_PROGRAMS += docs/gen-fields
docs_gen_fields_SOURCES = docs/gen-fields.c
docs_gen_fields_LDADD = libcpod.a $(ARCHIVES)

docs/cpod-pod.5: $(srcdir)/docs/cpod-pod.5.in docs/gen-fields$(EXEEXT)
	$(AM_V_GEN)docs/gen-fields$(EXEEXT) <$(srcdir)/docs/cpod-pod.5.in >$@.tmp && mv $@.tmp $@

CLEANFILES += docs/cpod-pod.5

# Completion for shells, where they look for it.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_zshcompletion_DATA = docs/completion/_cpod
dist_fishcompletion_DATA = docs/completion/cpod.fish
EXTRA_DIST += docs/completion/cpod.bash

install-data-local:
	$(MKDIR_P) $(DESTDIR)$(bashcompletiondir)
	$(INSTALL_DATA) $(srcdir)/docs/completion/cpod.bash $(DESTDIR)$(bashcompletiondir)/cpod

uninstall-hook:
	rm -f $(DESTDIR)$(bashcompletiondir)/cpod
