# TAP for integration tests, to be read in by a file that begins with
#
#     . "$SRC/tests/lib/tap.sh"
#
# and then says `ok "a sentence" command...` for each thing that must hold. At the end of the file the
# plan is printed and, as a last test, that nothing was left behind: no process that carries this
# test's marker CPOD_TEST in its environment, no cgroup, no mount, no state.
#
#   $TMP    a scratch directory of this file's own, removed at the end
#   $CPOD, $CPOD_OCI, $INSIDE    the programs built, and the static test program
#   $POD    what the names of its pods begin with; their state lies below $TMP (CPOD_STATE_DIR)
#   $PLACE  host, vm or asan
#
# A file that starts nothing sets TAP_NO_TRACES=1 before, and the last test is left out.
#
# Runs under dash and busybox ash.
# shellcheck shell=sh

set -u
: "${SRC:?tests are run by tests/run}"
BUILD=${BUILD:-$SRC}
PLACE=${PLACE:-host}
CPOD_TEST=${CPOD_TEST:-single-$$}
# Pod names are the host's cgroup names: a prefix of its own for each test file.
POD=t$$
CPOD=$BUILD/cpod
CPOD_OCI=$BUILD/cpod-oci
INSIDE=$BUILD/tests/init/inside
export SRC BUILD PLACE CPOD_TEST CPOD CPOD_OCI INSIDE
TMP=$(mktemp -d "${TMPDIR:-/tmp}/cpod-test.XXXXXX") || exit 99
CPOD_STATE_DIR=$TMP/state
export CPOD_STATE_DIR
tap_count=0
tap_failed=0

# ok NAME COMMAND...: the command, run in a subshell with its output kept, must succeed.
ok () {
	tap_name=$1
	shift
	if ("$@") >"$TMP/.out" 2>&1; then
		tap_line "ok" "$tap_name"
	else
		tap_status=$?
		tap_line "not ok" "$tap_name"
		echo "# status $tap_status from: $*"
		awk 'NR <= 40 { print "#   " $0 }' "$TMP/.out"
	fi
}

tap_line () {
	tap_count=$((tap_count + 1))
	[ "$1" = ok ] || tap_failed=$((tap_failed + 1))
	echo "$1 $tap_count - $2"
}

# skip NAME CAPABILITY: what this place lacks. The test must run in some other place.
skip () {
	tap_line ok "$1 # SKIP $2"
}

# exits STATUS COMMAND...: the command must end with exactly this status.
exits () {
	want=$1
	shift
	got=0
	"$@" || got=$?
	[ "$got" -eq "$want" ] || { echo "exit status $got, wanted $want"; return 1; }
}

# prints PATTERN COMMAND...: stdout and stderr must have a line that matches the basic pattern.
prints () {
	pattern=$1
	shift
	"$@" >"$TMP/.prints" 2>&1 || true
	grep -e "$pattern" "$TMP/.prints" >/dev/null || { echo "no line matches: $pattern"; cat "$TMP/.prints"; return 1; }
}

# same FILE FILE: equal to the byte.
same () {
	cmp "$1" "$2" || { diff "$1" "$2" | head -n 20; return 1; }
}

# no COMMAND...: the command must fail.
no () {
	! "$@"
}

# within SECONDS COMMAND...: the command must succeed before the time is over; asked 20 times a second.
within () {
	tries=$(($1 * 20))
	[ "$PLACE" = vm ] && tries=$((tries * 4))
	shift
	while ! "$@" >"$TMP/.within" 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { cat "$TMP/.within"; return 1; }
		sleep 0.05
	done
}

# marked: the pids of the running processes that carry this test's marker, the shells that ask aside.
# A zombie is not running: its environ is empty.
marked () {
	env -i "$INSIDE" marked "CPOD_TEST=$CPOD_TEST"
}

# cgroup_root: where cgroup v2 is mounted.
cgroup_root () {
	awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts
}

# state_of_host: what must be the same before and after. Only pods whose names begin with
# this file's prefix are looked at, so that others may run beside it.
state_of_host () {
	echo "mounts:"
	grep -v ' /run/netns' /proc/self/mountinfo   # those are podman's and iproute2's
	echo "cgroups:"
	find "$(cgroup_root)" -mindepth 1 -type d -path "*cpod*$POD*" ! -name cpod 2>/dev/null | sort
	echo "state:"
	find "$CPOD_STATE_DIR" -mindepth 2 2>/dev/null | sort
}

nothing_left () {
	state_of_host >"$TMP/.after"
	same "$TMP/.before" "$TMP/.after" || return 1
	tap_left=$(marked)
	[ -z "$tap_left" ] && return 0
	echo "still running:"
	for tap_pid in $tap_left; do
		echo "$tap_pid $(tr '\0' ' ' <"/proc/$tap_pid/cmdline")"
	done
	return 1
}

tap_end () {
	tap_status=$?
	trap - EXIT
	if [ "$tap_status" -ne 0 ]; then
		tap_line "not ok" "the test file runs to its end (exit status $tap_status)"
	fi
	for tap_job in $(jobs -p); do
		kill -TERM "$tap_job" 2>/dev/null
	done
	[ -n "${TAP_NO_TRACES:-}" ] || ok "nothing is left behind" within 2 nothing_left
	[ -n "${TAP_NO_TRACES:-}" ] || for tap_pid in $(marked); do
		kill -KILL "$tap_pid" 2>/dev/null
	done
	echo "1..$tap_count"
	rm -rf "$TMP"
	[ "$tap_failed" -eq 0 ]
	exit
}

[ -n "${TAP_NO_TRACES:-}" ] || state_of_host >"$TMP/.before"
trap tap_end EXIT
trap 'exit 130' INT TERM
