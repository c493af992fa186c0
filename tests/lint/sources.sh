# What the sources promise: the public headers serve C11 and C++; every file begins with its theory;
# dependencies run one way; nothing allocates on the stack by a variable, and no function is forbidden.
# timeout: 120
TAP_NO_TRACES=1
. "$SRC/tests/lib/tap.sh"
cd "$SRC" || exit 1

sources () {
	find src oci probes rootfs-tools modules tests -name '*.[ch]' ! -path 'tests/asan/*' ! -path 'tests/cross/*' \
		! -path '*/.source/*' | sort
}

# public LANGUAGE STANDARD: every installed header alone.
public () {
	for header in src/include/cpod/*.h; do
		echo "#include <cpod/$(basename "$header")>" |
			"${CC:-cc}" -x "$1" -std="$2" -Wall -Wextra -Wpedantic -Werror -fsyntax-only -Isrc/include - || return 1
	done
}

alone () {
	status=0
	for header in $(sources | grep '\.h$'); do
		case $header in src/include/* | tests/*) continue ;; esac
		echo "#include \"$header\"" | "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only \
			-Isrc/include -I. -x c - || { echo "in $header"; status=1; }
	done
	return $status
}

commented () {
	status=0
	for file in $(sources); do
		[ "$(head -c 2 "$file")" = '/*' ] || { echo "$file does not begin with a comment"; status=1; }
	done
	return $status
}

# arrows FOLDER FORBIDDEN...: no file of the folder includes anything of the others.
arrows () {
	folder=$1
	shift
	for other in "$@"; do
		! grep -rnE "^#[ 	]*include [\"<]($other)/" --include='*.[chS]' "$folder" || return 1
	done
}

# calls FILES NAMES: whether one of the names, separated by |, is called in the files listed in FILES.
calls () {
	xargs grep -nE "(^|[^a-z_>.])($2) \\(" <"$1"
}

# Unbounded, or of the process as a whole.
forbidden () {
	sources | grep -v '^tests/' >"$TMP/files"
	! calls "$TMP/files" 'sprintf|vsprintf|gets|alloca|mktemp|tmpnam|system|popen'
}

silent () {
	sources | grep -E '^(src/base|src/manifest|src/pod|oci|probes|rootfs-tools|modules)/' | grep -vE '^oci/init/|-gen\.c$' >"$TMP/files"
	! calls "$TMP/files" 'printf|puts|putchar|perror|exit|abort|syslog|err|warn'
}

# A tab counts as four columns here.
long_lines () {
	sources | grep -v "^tests/" | xargs awk '{
		line = $0
		gsub (/\t/, "    ", line)
		if (length (line) > 140) { print FILENAME ":" FNR ": " length (line) " columns"; bad = 1 }
	} END { exit bad }'
}

ok "the public headers are C11" public c c11
ok "the public headers are C++" public c++ c++11
ok "and C++17" public c++ c++17
ok "every other header compiles alone" alone
ok "every source begins with a comment" commented
ok "src/base knows nothing of containers" arrows src/base oci probes rootfs-tools src/pod src/cli
ok "oci knows nothing of pods" arrows oci probes src/pod src/cli
ok "probes knows runtimes through the table alone" arrows probes oci rootfs-tools src/pod src/cli
ok "rootfs-tools knows no pods and no runtime" arrows rootfs-tools oci probes src/pod src/cli
ok "src/manifest knows documents alone" arrows src/manifest oci probes rootfs-tools src/pod src/cli
ok "src/pod knows runtimes through the table alone" arrows src/pod oci src/cli
ok "no forbidden function is called" forbidden
ok "the library prints nothing and never exits" silent
ok "no line is too long" long_lines
