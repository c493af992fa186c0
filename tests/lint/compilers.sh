# Second opinions on the C: clang's warnings, its documentation checks, clang-tidy and cppcheck.
# Each has a small set that is always right; what is left out says why beside it.
# timeout: 600
TAP_NO_TRACES=1
. "$SRC/tests/lib/tap.sh"
cd "$SRC" || exit 1

sources () {
	find src oci probes rootfs-tools modules -name '*.c' ! -path '*/.source/*' ! -name '*-gen.c' | sort
}

flags="-std=gnu11 -D_GNU_SOURCE -Isrc/include -I. -include $TMP/defines.h"
cat >"$TMP/defines.h" <<'END'
#define CPOD_VERSION "0"
#define CPOD_MODULE_DIR "/m"
#define CPOD_RUNTIME_DIR "/r"
END

clang_warnings () {
	# shellcheck disable=SC2086
	sources | xargs -n 8 -P 2 clang -fsyntax-only $flags -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes \
		-Wshadow -Wvla -Wformat=2 -Wwrite-strings -Wdocumentation -Wimplicit-fallthrough -Werror
}

# tidy_files CHECKS: clang-tidy over the files on standard input, with CHECKS beside .clang-tidy's own.
# The flags follow the files, behind --: xargs can only append, so a shell turns them round.
tidy_files () {
	xargs -n 4 -P 2 sh -c 'flags=$1 checks=$2; shift 2; clang-tidy --quiet --checks="$checks" "$@" -- $flags 2>/dev/null' \
		- "$flags" "$1"
}

# The analyzer takes minutes: it runs in `make lint` (LINT=full), not in `make check`. It never sees
# oci/init, whose system calls are assembly: it takes what they fill in for garbage.
tidy () {
	sources | grep '^oci/init/' | tidy_files '-clang-analyzer-*' >"$TMP/tidy"
	if [ "${LINT:-}" = full ]; then
		sources | grep -v '^oci/init/' | tidy_files '' >>"$TMP/tidy"
	else
		sources | grep -v '^oci/init/' | tidy_files '-clang-analyzer-*' >>"$TMP/tidy"
	fi
	! grep -A 4 -E 'warning:|error:' "$TMP/tidy"
}

check () {
	# Suppressed: resourceLeak and autoVariables do not know the cleanup attribute; readdirCalled asks
	# for a function that is deprecated; nullPointer is wrong about accept4; unusedFunction needs the
	# whole program; arrayIndexOutOfBoundsCond is wrong about bounds written with sizeof; comparePointers
	# about the two ends of embedded data.
	cppcheck -j 2 --quiet --enable=warning,portability,performance --inline-suppr --std=c11 --error-exitcode=1 \
		--library=posix --library=gnu --suppress=missingInclude --suppress=missingIncludeSystem \
		--suppress=unknownMacro --suppress=resourceLeak --suppress=autoVariables --suppress=readdirCalled \
		--suppress=nullPointer --suppress=arrayIndexOutOfBoundsCond --suppress=comparePointers --max-configs=1 \
		-D_GNU_SOURCE -D__x86_64__ -Isrc/include -I. src oci probes rootfs-tools modules
}

# with PROGRAM NAME FUNCTION
with () {
	if command -v "$1" >/dev/null; then ok "$2" "$3"; else skip "$2" "no $1 here"; fi
}

with clang "clang compiles everything without a warning" clang_warnings
with clang-tidy "clang-tidy finds nothing" tidy
with cppcheck "cppcheck finds nothing" check
