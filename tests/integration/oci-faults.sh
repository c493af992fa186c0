# A runtime command that is killed, or whose system call fails, at each of its calls in turn: whatever it was doing, delete
# --force leaves nothing, and an error by itself leaves nothing either.
# where: host
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/bundle.sh"
command -v strace >/dev/null || { echo "strace is missing"; exit 1; }
A=$POD-a
config /inside sleep

# points FILE COMMAND...: runs the command once, and lists its calls as "CALL K". What only the program's own memory is made
# of, and its end, is left out: nothing of a container hangs on it.
points () {
	points_file=$1
	shift
	strace -qq -o "$TMP/trace" "$@" </dev/null >/dev/null 2>&1
	sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' "$TMP/trace" |
		awk '!/^(execve|exit_group|brk|mmap|munmap|mprotect|arch_prctl|close|set_tid_address|set_robust_list|rseq|prlimit64|readlink|getrandom)$/ { print $1, ++n[$1] }' >"$points_file"
}

create () { "$CPOD_OCI" --root "$TMP/oci" create -b "$BUNDLE" "$A" </dev/null; }
wipe () { timeout 30 "$CPOD_OCI" --root "$TMP/oci" delete --force "$A"; }

# at WHAT CALL K COMMAND...: the command with that fault at that point.
at () {
	fault=$1 call=$2 k=$3
	shift 3
	timeout 30 strace -qq -o /dev/null "--inject=$call:$fault:when=$k" "$@" </dev/null >"$TMP/said" 2>&1
}

# Every point is tried; the first that does not hold is told.
killed_in_create () {
	while read -r name k <&3; do
		at signal=KILL "$name" "$k" "$CPOD_OCI" --root "$TMP/oci" create -b "$BUNDLE" "$A"
		wipe && gone "$A" || { echo "killed at $name $k"; return 1; }
	done 3<"$TMP/create"
}

fails_in_create () {
	while read -r name k <&3; do
		if at "error=$1" "$name" "$k" "$CPOD_OCI" --root "$TMP/oci" create -b "$BUNDLE" "$A"; then
			is_status created "$A" && wipe || return 1
		elif [ $? -ne 1 ] || [ ! -s "$TMP/said" ]; then
			echo "$1 at $name $k: not one sentence and exit status 1"
			cat "$TMP/said"
			return 1
		fi
		gone "$A" || { echo "$1 at $name $k"; return 1; }
	done 3<"$TMP/create"
}

fails_in_delete () {
	while read -r name k <&3; do
		create && oci start "$A" || return 1
		at "$1" "$name" "$k" "$CPOD_OCI" --root "$TMP/oci" delete --force "$A"
		status=$?
		[ "$status" -ne 124 ] || { echo "$1 at $name $k: it hangs"; return 1; }
		[ "$status" -ne 0 ] || gone "$A" || { echo "$1 at $name $k: it says that all is well"; return 1; }
		wipe && gone "$A" || { echo "after $1 at $name $k"; return 1; }
	done 3<"$TMP/delete"
}

fails_in_exec () {
	while read -r name k <&3; do
		at "$1" "$name" "$k" "$CPOD_OCI" --root "$TMP/oci" exec "$A" /inside exit 0
		status=$?
		case $status in 0 | 1 | 137) ;; *) echo "$1 at $name $k: $status"; cat "$TMP/said"; return 1 ;; esac
	done 3<"$TMP/exec"
	[ "$(oci ps "$A" | wc -l)" -eq 2 ]
}

points "$TMP/create" "$CPOD_OCI" --root "$TMP/oci" create -b "$BUNDLE" "$A"
ok "create makes calls" test "$(wc -l <"$TMP/create")" -gt 40
oci start "$A"
points "$TMP/exec" "$CPOD_OCI" --root "$TMP/oci" exec "$A" /inside exit 0
ok "exec makes calls" test "$(wc -l <"$TMP/exec")" -gt 40
ok "exec that is killed at each of them leaves nobody" fails_in_exec signal=KILL
ok "nor does one whose calls fail" fails_in_exec error=EIO
points "$TMP/delete" "$CPOD_OCI" --root "$TMP/oci" delete --force "$A"
ok "delete makes calls" test "$(wc -l <"$TMP/delete")" -gt 20
ok "create that is killed at each of them leaves nothing behind delete --force" killed_in_create
ok "create whose calls fail leaves nothing by itself" fails_in_create EIO
ok "nor when memory is short" fails_in_create ENOMEM
ok "delete --force that is killed is done by the next" fails_in_delete signal=KILL
ok "and so is one whose calls fail" fails_in_delete error=EIO
