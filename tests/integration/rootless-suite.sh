# What needs no privileges, as an ordinary user: other test files, unchanged, run whole by one.
# where: host
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
user_inside=''     # user.sh knows
. "$SRC/tests/lib/user.sh"

# begin FILE: runs it in the background, as the user. Each has a marker of its own: it ends what it finds of that.
begin () {
	mkdir -p "$TMP/runs"
	as_user env CPOD_STATE_DIR= "CPOD_TEST=$CPOD_TEST-$1" "TMPDIR=$TMP/cpod-test" "SRC=$TMP/src" "BUILD=$TMP/build" \
		sh "$TMP/src/tests/integration/$1.sh" >"$TMP/runs/$1" 2>&1 </dev/null &
	begun="$begun $1" batch="$batch $!"
}

# batch FILE...: side by side, until all are over.
batch () {
	batch=
	for batch_file in "$@"; do begin "$batch_file"; done
	# shellcheck disable=SC2086
	wait $batch
}

# Takes over what a file printed: every result is one of this file.
take () {
	sed -n 's/^ok [0-9]* - /ok /p; s/^not ok [0-9]* - /bad /p' "$TMP/runs/$1" >"$TMP/taken"
	ok "$1 ran to its end" grep '^1\.\.[1-9]' "$TMP/runs/$1"
	while read -r verdict name; do
		case $name in
		*'# SKIP '*) skip "$1: ${name%% # SKIP *}" "${name#* # SKIP }" ;;
		*) ok "$1: $name" excerpt "$verdict" "$1" "$name" ;;
		esac
	done <"$TMP/taken"
	ok "$1: nobody of it runs" none_left "$1"
}

# none_left FILE: also root sees nobody of it.
none_left () {
	none_left=$(env -i "$user_inside" marked "CPOD_TEST=$CPOD_TEST-$1")
	[ -z "$none_left" ] || { echo "still running: $none_left"; return 1; }
}

# excerpt VERDICT FILE NAME: what the file said of it.
excerpt () {
	[ "$1" = ok ] || { grep -F -A 12 "$3" "$TMP/runs/$2"; return 1; }
}

user cpod-test 2000000000
begun='' batch=''
begin seeds     # which mostly waits
batch logs cli-pods init-containers isolation
batch masks process cli-http cli-usage exec-tty bad-input
wait
for file in $begun; do take "$file"; done

# A program of the user's that embeds a pod.
pod "$(container main /inside seq echo hello , exit 3)" >"$TMP/short.json"
"${CC:-cc}" -std=c11 -D_POSIX_C_SOURCE=200809L -I"$SRC/src/include" "$SRC/examples/embed.c" "$BUILD/libcpod.so.0" \
	-Wl,-rpath,"$TMP/build" -o "$TMP/build/embed"
cp "$BUILD/libcpod.so.0" "$TMP/build/"
ok "a user's program runs a pod of its own" as_user sh -c 'sleep 2 | "$0" "$1"' "$TMP/build/embed" "$TMP/short.json"
grep -x 'short/main: exited 3 exit status 3' "$TMP/.out" >"$TMP/events"
ok "and is told of its end" test -s "$TMP/events"
