# docs: the manual pages. cpod-pod(5) and cpod-manifest(5) get their tables of fields from the decoders' own.
dist_man_MANS += docs/cpod.1 docs/cpod-oci.1 docs/cpod-simulate.5
if !CROSS_COMPILING
nodist_man_MANS = docs/cpod-pod.5 docs/cpod-manifest.5
endif

noinst_PROGRAMS += docs/gen-fields
docs_gen_fields_SOURCES = docs/gen-fields.c
docs_gen_fields_LDADD = libcpod.a $(ARCHIVES)

docs/cpod-%.5: $(srcdir)/docs/cpod-%.5.in docs/gen-fields$(EXEEXT)
	$(AM_V_GEN)docs/gen-fields$(EXEEXT) <$< >$@.tmp && mv $@.tmp $@

EXTRA_DIST += docs/cpod-pod.5.in docs/cpod-manifest.5.in
CLEANFILES += docs/cpod-pod.5 docs/cpod-manifest.5

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
