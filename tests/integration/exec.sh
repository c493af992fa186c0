# cpod exec: stdio, exit statuses, many at once, what becomes of the program when its command dies, and of
# what it leaves in the background.
# where: host vm asan
# timeout: 100
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# says STATUS WORDS COMMAND...
says () {
	want=$1 words=$2
	shift 2
	got=0
	"$@" >"$TMP/said" 2>&1 || got=$?
	[ "$got" -eq "$want" ] || { cat "$TMP/said"; echo "exit status $got, wanted $want"; return 1; }
	[ -z "$words" ] || grep -e "$words" "$TMP/said" >/dev/null || { cat "$TMP/said"; return 1; }
}

# runs WORDS: how many marked processes have a command line that begins so.
runs () {
	runs_n=0
	for runs_pid in $(marked); do
		tr '\0' ' ' <"/proc/$runs_pid/cmdline" 2>/dev/null | grep -q "^$1" && runs_n=$((runs_n + 1))
	done
	echo "$runs_n"
}

count () {
	[ "$(runs "$1")" -eq "$2" ] || { echo "$(runs "$1") of $1"; return 1; }
}

mkdir -m 777 "$TMP/root/flags"
echo data >"$TMP/root/data"
pod "$(PROCESS='"user": {"uid": 1000, "gid": 100, "additionalGids": [5]}' container user /inside sleep)" \
	"$(container main /inside seq to /flags/first view , sleep)" "$(container over /inside exit 0)" >"$TMP/p.json"
ok "a pod runs" start p
ok "one container ends" within 10 state p over finished

ok "exit status 0 is exec's" says 0 '' inside p main /inside exit 0
ok "so is 255" says 255 '' inside p main /inside exit 255
ok "a program ended by SIGTERM gives 143" says 143 '' inside p main /inside signal 15
ok "one that is not there 127" says 127 '^cpod: exec: ' inside p main /no/program
ok "one that is not in the PATH either" says 127 '' inside p main no-program
ok "one that cannot be executed 126" says 126 '' inside p main /data
ok "a folder too" says 126 '' inside p main /flags
ok "a pod that is not there 3" says 3 "$POD-nobody" "$CPOD" exec "$POD-nobody" main -- /inside exit 0
ok "a container that is not there 3" says 3 'no container nobody' inside p nobody /inside exit 0
ok "one that has ended 1" says 1 'container over .*is not running' inside p over /inside exit 0
ok "without a program it is a usage error" says 2 '' "$CPOD" exec "$POD-p" main --

"$CPOD" exec "$POD-p" main -- /inside view >"$TMP/root/flags/exec"
views_equal () {
	for view in first exec; do
		grep -v -E '^(\{"pid"|"ppid"|"sid"|"cmdline"|"fds"|"cgroup"|"args")' "$TMP/root/flags/$view" >"$TMP/.$view"
	done
	same "$TMP/.first" "$TMP/.exec"
}
ok "a program is confined exactly as the container is" views_equal
ok "it has the container's user" prints '"ids":{"uid":\[1000,1000,1000\],"gid":\[100,100,100\],"groups":\[5\]}' inside p user /inside view
ok "it sees no descriptors but its own three" no prints '"fds":{.*"[3-9]":' sh -c '"$0" exec "$1" main -- /inside view 3<&0 4<&0 9<&0' "$CPOD" "$POD-p"

# stdio
"$CPOD" exec "$POD-p" main -- /inside nonsense >"$TMP/out" 2>"$TMP/err"
ok "standard error is kept apart from standard output" test ! -s "$TMP/out" -a -s "$TMP/err"
dd if=/dev/urandom of="$TMP/random" bs=1024 count=3000 2>/dev/null
through () {
	"$CPOD" exec -i "$POD-p" main -- /inside cat <"$TMP/random" >"$TMP/echoed" && same "$TMP/random" "$TMP/echoed"
}
ok "3 MB of any bytes go in and come out" through
piped () {
	cat "$TMP/random" | "$CPOD" exec -i "$POD-p" main -- /inside cat | cat >"$TMP/echoed" && same "$TMP/random" "$TMP/echoed"
}
ok "through pipes, too" piped
# 10 MB on its output.
large () {
	[ "$("$CPOD" exec "$POD-p" main -- /inside output 10000000 | wc -c)" -eq 10000000 ]
}
ok "much output is complete" large
ok "standard input may be closed" says 0 '^hello$' sh -c '"$0" exec -i "$1" main -- /inside echo hello <&-' "$CPOD" "$POD-p"
ok "so may standard output" says 0 '' sh -c '"$0" exec "$1" main -- /inside echo hello >&-' "$CPOD" "$POD-p"
ok "a reader that goes away ends the writer" says 0 '' sh -c 'timeout 10 "$0" exec "$1" main -- /inside output 100000000 | head -c 10 >/dev/null' "$CPOD" "$POD-p"
ok "which is not there any more" within 5 count '/inside output' 0

# many at once
many () {
	for i in $(seq 20); do
		{ got=0; "$CPOD" exec "$POD-p" main -- /inside seq sleep 0.3 , exit "$i" || got=$?; echo "$i $got"; } >"$TMP/many.$i" 2>&1 &
	done
	wait
	cat "$TMP"/many.* | awk '$1 != $2 { bad = 1; print } END { exit bad || NR != 20 }'
}
ok "twenty at once each get their own status" many

# the command dies
for signal in TERM INT KILL; do
	"$CPOD" exec "$POD-p" main -- /inside stubborn 3 >"$TMP/dying" 2>&1 &
	pid=$!
	ok "a program that ignores signals runs, with three orphans (SIG$signal)" within 5 count '/inside stubborn' 4
	# A shell's background jobs ignore SIGINT: exec takes it nevertheless.
	kill -$signal $pid
	wait $pid 2>/dev/null
	ok "when its command is ended, all of them are (SIG$signal)" within 5 count '/inside stubborn' 0
done

# What is left in the background stays, without its standard output keeping anybody waiting.
ok "a program that leaves another in the background ends" says 0 '' timeout 10 "$CPOD" exec "$POD-p" main -- /inside orphan
ok "the other one goes on" count '/inside orphan' 1
ok "next to further programs" says 0 '' inside p main /inside exit 0
sleep 0.2
ok "after which it still runs" count '/inside orphan' 1

# A user who may have one process has it already: the program cannot be born, and the supervisor lives on.
PROCESS='"user": {"uid": 4711, "gid": 4711}, "rlimits": [{"type": "RLIMIT_NPROC", "hard": 1, "soft": 1}]'
pod "$(container main /inside sleep)" >"$TMP/full.json"
unset PROCESS
ok "a container that has all its processes runs" start full
for round in 1 2 3; do
	ok "no program can be born in it ($round)" exits 125 inside full main /inside exit 0
done
ok "which is said in a sentence" prints 'clone3: Resource temporarily unavailable' inside full main /inside exit 0
ok "and that pod goes on" state full main healthy
ok "until it is stopped" finish full

# The container ends while programs run.
"$CPOD" exec "$POD-p" user -- /inside sleep 4711 >"$TMP/left" 2>&1 &
pid=$!
ok "a program runs in a container" within 5 count '/inside sleep 4711' 1
"$CPOD" kill "$POD-p" user
got=0
wait $pid || got=$?
ok "that is killed: the program is, too" test "$got" -eq 137
ok "the pod ends, with what was left in the background" finish p
ok "and so does that" within 2 count '/inside' 0
