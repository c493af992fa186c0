# The opinion of shellcheck on the scripts.
# timeout: 120
TAP_NO_TRACES=1
. "$SRC/tests/lib/tap.sh"
cd "$SRC" || exit 1

checked () {
	# 1091: files read in are checked themselves. 2034: variables that the file reading in sets.
	shellcheck -s sh -S warning -e SC1091,SC2034 "$@"
}

if command -v shellcheck >/dev/null; then
	ok "shellcheck finds nothing in the scripts" checked tests/run tests/vm/* tests/lib/*.sh tests/lib/install-packages \
		tests/lib/configure-elsewhere tests/lint/*.sh
	[ -e tests/integration/programs.sh ] && ok "shellcheck finds nothing in the tests" checked tests/integration/*.sh
else
	skip "shellcheck finds nothing in the scripts" "no shellcheck here"
	skip "shellcheck finds nothing in the tests" "no shellcheck here"
fi
