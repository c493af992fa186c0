# Running pods reached from the command line: names, states, signals, programs, the end, what is left.
# where: host asan
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# says STATUS WORDS COMMAND...
says () {
	want=$1 words=$2
	shift 2
	got=0
	"$@" >"$TMP/said" 2>&1 || got=$?
	cat "$TMP/said"
	[ "$got" -eq "$want" ] || { echo "exit status $got, wanted $want"; return 1; }
	[ -z "$words" ] || grep -e "$words" "$TMP/said" >/dev/null
}

# ends NAME STATUS: the supervisor ends, with that exit status; ends_result is the answer. Its pod must have been
# launched by this shell, not in the subshell of ok.
ends () {
	ends_got=0
	wait "$(cat "$TMP/$1.pid")" || ends_got=$?
	[ "$ends_got" -eq "$2" ] && ends_result=true || ends_result=false
}

pod "$(container main /inside graceful /tmp/ended)" "$(container sidecar /inside sleep)" >"$TMP/alpha.json"
pod "$(container main /inside sleep)" >"$TMP/beta.json"
launch alpha
ok "a pod runs" within 10 running alpha
ok "its name is taken" says 4 "pod $POD-alpha is already running" "$CPOD" run --name "$POD-alpha" "$TMP/alpha.json"
ok "where one pod runs, status needs no name" says 0 "^$POD-alpha: running, healthy" "$CPOD" status
launch beta
ok "another pod runs" within 10 running beta
ok "ps lists both" says 0 "^$POD-alpha  *running  *yes  *2/2 " "$CPOD" ps
ok "and the other" says 0 "^$POD-beta  *running  *yes  *1/1 " "$CPOD" ps
ok "as JSON too" says 0 "\"name\":\"$POD-beta\"" "$CPOD" ps --json
ok "where two run, status needs a name" says 3 'several pods run' "$CPOD" status
ok "the beginning of a name is enough" says 0 '^healthy$' "$CPOD" healthy "$POD-a"
ok "unless two begin so" says 3 'several pods begin' "$CPOD" healthy "$POD-"
ok "a wrong name is met with the nearest" says 3 "did you mean $POD-alpha?" "$CPOD" status "$POD-alhpa"
ok "status names containers and states" says 0 '^sidecar  *healthy  *yes  *0  *-$' "$CPOD" status "$POD-alpha"
ok "output that is no terminal has no colours" no grep "$(printf '\033')" "$TMP/said"

ok "a program's exit status is exec's" says 7 '' "$CPOD" exec "$POD-alpha" main -- /inside exit 7
ok "a signal's is 128 and its number" says 137 '' "$CPOD" exec "$POD-alpha" main -- /inside signal 9
ok "a program that is not there is 127" says 127 'nothing' "$CPOD" exec "$POD-alpha" main -- /inside/nothing-here /nothing
ok "one that cannot be executed is 126" says 126 'exec: ' "$CPOD" exec "$POD-alpha" main -- /etc
ok "a container that is not there is 3" says 3 "pod $POD-alpha has no container other" "$CPOD" exec "$POD-alpha" other -- /inside exit 0
ok "output comes through" says 0 '^hello$' "$CPOD" exec "$POD-alpha" main -- /inside echo hello
ok "input does when it is asked for" sh -c 'echo typed | "$0" exec -i "$1" main -- /inside cat /proc/self/fd/0 | grep typed' "$CPOD" "$POD-alpha"
ok "and else is empty" sh -c '[ -z "$(echo typed | "$0" exec "$1" main -- /inside cat /proc/self/fd/0)" ]' "$CPOD" "$POD-alpha"

# An exec that is interrupted takes its program with it.
"$CPOD" exec "$POD-alpha" main -- /inside sleep 4711 &
exec_pid=$!
sleeps () {
	for sleeps_pid in $(marked); do
		tr '\0' ' ' <"/proc/$sleeps_pid/cmdline" 2>/dev/null | grep -q '^/inside sleep 4711' && return 0
	done
	return 1
}
ok "a program runs in the container" within 5 sleeps
kill -TERM $exec_pid
got=0
wait $exec_pid || got=$?
ok "its command ends by the signal" test "$got" -eq 143
ok "and the program is gone" within 5 no sleeps
"$CPOD" exec "$POD-alpha" main -- /inside sleep 4711 &
exec_pid=$!
ok "again" within 5 sleeps
kill -KILL $exec_pid
wait $exec_pid 2>/dev/null
ok "even SIGKILL to the command ends the program" within 5 no sleeps

ok "a signal by name reaches one container" "$CPOD" kill -s SIGTERM "$POD-alpha" main
ok "which ends well" within 5 state alpha main finished
ok "the pod is unhealthy then" says 1 '^unhealthy$' "$CPOD" healthy "$POD-alpha"
ok "a container that has ended gets no signal" says 1 'is not running' "$CPOD" kill "$POD-alpha" main
ok "and no program" says 1 'is not running' "$CPOD" exec "$POD-alpha" main -- /inside exit 0
ok "kill alone kills" "$CPOD" kill "$POD-alpha"
ends alpha 1
ok "and the supervisor ends with 1: a container failed" $ends_result

ok "stop ends the other pod, and waits for it" "$CPOD" stop -t 1 "$POD-beta"
ends beta 0
ok "a pod that was stopped ends with 0" $ends_result
ok "both are gone from ps" no says 0 "$POD-" "$CPOD" ps

pod "$(container main /inside exit 0)" "$(container other /inside exit 0)" >"$TMP/good.json"
ok "a pod whose containers end well ends with 0" exits 0 "$CPOD" run --name "$POD-good" "$TMP/good.json"
pod "$(container main /inside exit 0)" "$(container other /inside exit 3)" >"$TMP/bad.json"
ok "one of whose containers fails ends with 1" says 1 'other exited with status 3' "$CPOD" run --name "$POD-bad" "$TMP/bad.json"

for signal in INT TERM; do
	launch beta
	ok "a pod runs" within 10 running beta
	kill -$signal "$(cat "$TMP/beta.pid")"
	ends beta 0
	ok "SIG$signal ends it well" $ends_result
done

# A container that handles the signal and takes its time, since it is stopped: the second signal does not wait for it.
pod "$(container main /inside graceful /tmp/ended)" >"$TMP/slow.json"
launch slow
ok "a pod runs whose container will take its time" within 10 running slow
# handles: whether the container's process has its signal handler.
handles () {
	for handles_pid in $(marked); do
		tr '\0' ' ' <"/proc/$handles_pid/cmdline" | grep -q '^/inside graceful' || continue
		grep -q '^SigCgt:.*[1-9a-f]' "/proc/$handles_pid/status" && return 0
	done
	return 1
}
ok "it handles the signal" within 5 handles
ok "a container can be stopped" "$CPOD" kill -s STOP "$POD-slow" main
slow_pid=$(cat "$TMP/slow.pid")
kill -TERM "$slow_pid"
ok "the first signal waits for the container" within 5 grep -q 'stopping; a second signal kills at once' "$TMP/slow.err"
ok "which still runs" running slow
kill -TERM "$slow_pid"
ends slow 0
ok "the second does not" $ends_result

pod "$(container main /inside echo one two)" "$(container longer /inside output 100)" >"$TMP/logs.json"
"$CPOD" run --name "$POD-logs" --logs "$TMP/logs.json" >"$TMP/logs.out" 2>"$TMP/logs.err"
ok "logs carry the container's name" grep '^main | one two$' "$TMP/logs.out"
ok "of every container" grep '^longer | ' "$TMP/logs.out"
ok "progress is not among them" no grep 'runs$' "$TMP/logs.out"

"$CPOD" run --name "$POD-closed" --logs "$TMP/logs.json" >&- 2>&- <&-
ok "closed standard descriptors are no harm" test $? -eq 0
"$CPOD" run --name "$POD-deaf" --logs "$TMP/logs.json" 2>"$TMP/deaf.err" | true
ok "nor is a reader that goes away" grep "^$POD-deaf: ended$" "$TMP/deaf.err"

# A supervisor that is killed: its name can be taken again at once, and gc takes the rest.
launch beta
ok "a pod runs, and its supervisor is killed" within 10 running beta
kill -KILL "$(cat "$TMP/beta.pid")"
wait "$(cat "$TMP/beta.pid")" 2>/dev/null
ok "a killed supervisor's pod is listed as dead" says 0 "^$POD-beta  *dead " "$CPOD" ps
ok "and is not called" says 3 'does not run any more' "$CPOD" status "$POD-beta"
launch beta
ok "its name can be taken again" within 10 running beta
ok "the new one answers" says 0 '^healthy$' "$CPOD" healthy "$POD-beta"
kill -KILL "$(cat "$TMP/beta.pid")"
wait "$(cat "$TMP/beta.pid")" 2>/dev/null
ok "gc names what it removed" says 0 "^$POD-beta$" "$CPOD" gc
ok "and nothing is left of it" test -z "$(ls -A "$CPOD_STATE_DIR/pods")"
launch beta
ok "once more" within 10 running beta
kill -KILL "$(cat "$TMP/beta.pid")"
wait "$(cat "$TMP/beta.pid")" 2>/dev/null
ok "another pod runs" start alpha
ok "another pod's start removes it too" within 5 test ! -e "$CPOD_STATE_DIR/pods/$POD-beta"
ok "that pod ends" finish alpha

# A path far longer than a socket's address may be.
long=$TMP/$(printf '%0100d' 7)/$(printf '%060d' 7)
mkdir -p "$long"
CPOD_STATE_DIR=$long/state
ok "a pod runs below a long path" start beta
ok "and ends" finish beta

# A property that the runtime does not know is told with its place, and done without.
printf '{"containers": [{"spec": {"root": {"path": "%s"}, "oddity": 1, "process": {"args": ["/inside", "exit", "0"], "cwd": "/", "agrs": []}}}]}\n' \
	"$TMP/root" >"$TMP/odd.json"
ok "an unknown property of an OCI specification is a warning when the pod runs" \
	says 0 'warning: .*odd\.json:1:[0-9]*: containers\[0\]\.spec: unknown property "oddity"$' "$CPOD" run --name "$POD-odd" "$TMP/odd.json"
ok "with its path, and the name that was meant" grep 'containers\[0\]\.spec\.process: unknown property "agrs" (did you mean "args"?)' "$TMP/said"
ok "and an error with --strict" says 2 'odd\.json:1:[0-9]*: containers\[0\]\.spec: unknown property' "$CPOD" run --strict --name "$POD-odd" "$TMP/odd.json"
