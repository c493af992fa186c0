# What the documents promise: the files and functions that they name are there, the examples are valid,
# the manual pages have no faults.
# timeout: 60
TAP_NO_TRACES=1
. "$SRC/tests/lib/tap.sh"
cd "$SRC" || exit 1

documents () {
	find . -name '*.md' ! -path './tests/asan/*' ! -path './tests/cross/*' ! -path './build*' ! -path './cpod-[0-9]*' | sort
}

# links FILE: every relative link leads to a file.
links () {
	for link in $(grep -o '](\([^)#:]*\))' "$1" | sed 's/^](//; s/)$//'); do
		[ -e "$(dirname "$1")/$link" ] || { echo "$1: $link"; return 1; }
	done
}

all_links () {
	for document in $(documents); do links "$document" || return 1; done
}

# quoted FILE: what stands in backquotes, one a line.
quoted () {
	tr '\n' ' ' <"$1" | grep -o '`[^`]*`' | tr -d '`'
}

# Names with a folder and an ending are paths from the root.
paths () {
	for document in README.md docs/*.md; do
		for path in $(quoted "$document" | grep -E '^[a-z][a-z-]*/[A-Za-z/-]+\.[a-z]+$' | sort -u); do
			[ -e "$path" ] || [ -e "src/$path" ] || { echo "$document: $path"; return 1; }
		done
	done
}

# "`FILE`, `FUNCTION`": the function is defined in the file.
functions () {
	tr '\n' ' ' <docs/ARCHITECTURE.md | sed 's/  */ /g' | grep -o '`[a-z/-]*\.c`, `[a-z_]*`' | tr -d '`,' >"$TMP/functions"
	[ -s "$TMP/functions" ] || return 1
	while read -r file function; do
		grep -q "^$function (" "$file" || { echo "$file has no $function"; return 1; }
	done <"$TMP/functions"
}

known_names () {
	for name in $(quoted docs/ARCHITECTURE.md | grep -E '^cpod_[a-z_]+$' | sort -u); do
		grep -rqw "$name" src oci probes rootfs-tools modules || { echo "$name is nowhere"; return 1; }
	done
}

# The pod in the README is the example that it names.
ten_lines () {
	sed -n '/^```yaml$/,/^```$/p' README.md | sed '1d;$d' >"$TMP/readme.yaml"
	same "$TMP/readme.yaml" examples/hello.yaml && [ "$(wc -l <examples/hello.yaml)" -eq 10 ]
}

# Each feature is told to work by a test, or not yet.
features () {
	grep '^| ' README.md | grep -v '^| \(feature\|\*\*\)' >"$TMP/features"
	[ -s "$TMP/features" ] && ! grep -vE '\| works \| \[[a-z-]+\.(c|sh)\]\(tests/|\| not yet \|' "$TMP/features"
}

examples () {
	for example in examples/*.yaml examples/seeds/*.json; do
		# The root that one of them tells how to make is one that there is.
		sed "s|/tmp/cpod-root|$TMP|" "$example" >"$TMP/${example##*/}"
		"$CPOD" check "$TMP/${example##*/}" >"$TMP/checked" 2>&1 || { cat "$TMP/checked"; return 1; }
	done
}

manual () {
	for page in docs/cpod.1 docs/cpod-oci.1 "$BUILD/docs/cpod-pod.5"; do
		groff -man -Tutf8 -ww -z "$page" 2>&1 | grep . && return 1
	done
	return 0
}

# Every field that the decoder knows is in the manual.
fields () {
	for field in livenessProbe hostNetwork expose terminationGracePeriodSeconds oomScoreAdj maskedPaths; do
		grep -q "fB$field" "$BUILD/docs/cpod-pod.5" || { echo "$field is missing"; return 1; }
	done
}

ok "links between documents lead somewhere" all_links
ok "the files that documents name are there" paths
ok "the functions that the architecture names are where it says" functions
ok "and the other names are known" known_names
ok "the README's pod in ten lines is examples/hello.yaml" ten_lines
ok "each feature in the README names its test, or is not there yet" features
ok "the examples are valid" examples
ok "the manual lists the decoder's fields" fields
if command -v groff >/dev/null; then
	ok "the manual pages have no faults" manual
else
	skip "the manual pages have no faults" "no groff here"
fi
