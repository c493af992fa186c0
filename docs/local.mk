# docs: dist_man_MANS += docs/X.N
