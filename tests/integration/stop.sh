# The ends of a pod: signals, grace, who gets none, /kill, exit statuses.
# where: host asan
# timeout: 100
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

port=$(free_port)

now () {
	awk '{ print int($1 * 100) }' /proc/uptime
}

# ends NAME: waits for its supervisor; ends_status, and ends_ms since begin_ms. Not in ok's subshell, which is not its
# parent.
ends () {
	ends_status=0
	wait "$(cat "$TMP/$1.pid")" || ends_status=$?
	ends_ms=$((($(now) - begin) * 10))
}

# signalled NAME SIGNAL...: the supervisor gets the signals, and ends.
signalled () {
	signalled_name=$1
	shift
	begin=$(now)
	for signalled_signal in "$@"; do
		kill "-$signalled_signal" "$(cat "$TMP/$signalled_name.pid")"
		[ $# -eq 1 ] || sleep 0.2
	done
	ends "$signalled_name"
}

# took LOW HIGH: the end came after so many milliseconds; a virtual machine is ten times as slow.
took () {
	took_high=$2
	[ "$PLACE" = host ] || took_high=$(($2 * 5))
	[ "$ends_ms" -ge "$1" ] && [ "$ends_ms" -le "$took_high" ] || { echo "$ends_ms ms"; return 1; }
}

said () {
	grep -e "$2" "$TMP/$1.err" || { cat "$TMP/$1.err"; return 1; }
}

# gone NAME: neither state nor cgroup is left.
gone () {
	[ ! -e "$CPOD_STATE_DIR/pods/$POD-$1" ] && [ -z "$(find "$(cgroup_root)" -type d -path "*/cpod/$POD-$1.*")" ]
}

# handles NAME CONTAINER: waits until its PID 1 has its handler for SIGTERM.
handles () {
	inside "$1" "$2" /inside cat /proc/1/status | grep -q '^SigCgt:.*[4-7c-f]...$'
}

# Nobody who handles SIGTERM: no grace is waited for, though it is 30 s.
TOP='"terminationGracePeriodSeconds": 30' pod "$(container plain /inside sleep)" "$(container deaf /inside stubborn 4)" \
	"$(container storm /inside fork-storm 8)" >"$TMP/plain.json"
for signal in INT TERM HUP; do
	start plain
	signalled plain $signal
	ok "SIG$signal ends containers that do not handle the stop signal at once" took 0 3000
	ok "with exit status 0 (SIG$signal)" test "$ends_status" -eq 0
	ok "and everything is gone (SIG$signal)" gone plain
done

# Those who do may end well.
TOP='"terminationGracePeriodSeconds": 30' pod "$(container main /inside graceful /flags/ended)" \
	"$(container plain /inside sleep)" >"$TMP/graceful.json"
mkdir -m 777 "$TMP/root/flags"
start graceful
ok "a container has its handler" within 10 handles graceful main
signalled graceful TERM
ok "one that handles the signal ends well" test -e "$TMP/root/flags/ended"
ok "its state is finished" said graceful 'main finished'
ok "the other one was killed" said graceful 'plain was ended by SIGKILL'
ok "a pod that was stopped ends with 0" test "$ends_status" -eq 0
ok "and says that this was asked for" said graceful 'ended, as it was asked to$'

# Those who handle it and stay are killed when the grace is over. A stopped process is such a one.
TOP='"terminationGracePeriodSeconds": 1' pod "$(container main /inside graceful /flags/never)" >"$TMP/slow.json"
start slow
ok "a container has its handler again" within 10 handles slow main
"$CPOD" kill -s STOP "$POD-slow" main
signalled slow TERM
ok "the grace is waited for, and no longer" took 900 3000
ok "then SIGKILL" said slow 'main was ended by SIGKILL'
ok "that is exit status 0, too" test "$ends_status" -eq 0

TOP='"terminationGracePeriodSeconds": 30' pod "$(container main /inside graceful /flags/never)" >"$TMP/twice.json"
start twice
ok "once more, with a long grace" within 10 handles twice main
"$CPOD" kill -s STOP "$POD-twice" main
signalled twice TERM INT
ok "a second signal does not wait" took 0 4000
ok "and is no failure" test "$ends_status" -eq 0

# Init containers get no grace.
TOP='"terminationGracePeriodSeconds": 30' INIT=$(container first /inside graceful /flags/first) \
	pod "$(container main /inside sleep)" >"$TMP/init.json"
launch init
ok "an init container has its handler" within 10 handles init first
signalled init TERM
ok "it gets no grace" took 0 3000
ok "nor the signal" no test -e "$TMP/root/flags/first"
ok "the main containers were never started" no grep 'main runs' "$TMP/init.err"
ok "everything is gone" gone init

# cpod stop, with a container frozen from outside.
start plain
find "$(cgroup_root)" -type d -path "*/cpod/$POD-plain.*" -name "$POD-plain.plain.*" | while read -r group; do
	echo 1 >"$group/cgroup.freeze"
done
begin=$(now)
ok "a pod with a frozen container can be stopped" "$CPOD" stop -t 1 "$POD-plain"
ends plain
ok "in time" took 0 5000
ok "with exit status 0" test "$ends_status" -eq 0

# A start that hangs: the cgroup is frozen before the container is born in it, while strace holds up the supervisor.
pod "$(container main /inside sleep)" >"$TMP/hang.json"
freeze () {
	freeze_group=$(find "$(cgroup_root)" -type d -path "*/cpod/$POD-hang.*" -name "$POD-hang.main.*")
	[ -n "$freeze_group" ] && echo 1 >"$freeze_group/cgroup.freeze"
}
if [ "$PLACE" = host ] && strace -qq -o /dev/null true 2>/dev/null; then
	strace -qq -o /dev/null -e trace=bpf -e inject=bpf:delay_enter=1000000:when=1 \
		"$CPOD" run --name "$POD-hang" "$TMP/hang.json" >"$TMP/hang.out" 2>"$TMP/hang.err" &
	echo $! >"$TMP/hang.pid"
	ok "a container's cgroup is frozen before it starts" within 10 freeze
	sleep 1.2
	begin=$(now)
	ok "a pod that hangs in its start can be stopped" timeout 20 "$CPOD" stop -t 1 "$POD-hang"
	ends hang
	ok "when its grace is over" took 900 5000
	ok "its container never ran" no grep 'main runs' "$TMP/hang.err"
	ok "and nothing is left" gone hang
fi

# /kill
pod "$(container main /inside graceful /flags/never)" "$(container deaf /inside stubborn 4)" \
	"$(container storm /inside fork-storm 16)" >"$TMP/kill.json"
start kill --port "$port"
"$CPOD" kill -s STOP "$POD-kill" main
begin=$(now)
get "$port" /kill >"$TMP/answer"
ends kill
echo "# /kill to the end: $ends_ms ms"
ok "/kill answers with nothing" test ! -s "$TMP/answer"
ok "ends the supervisor soon" took 0 1500
ok "with exit status 1" test "$ends_status" -eq 1
ok "and nothing runs any more" within 2 sh -c '[ -z "$(env -i "$0" marked "$1")" ]' "$INSIDE" "CPOD_TEST=$CPOD_TEST"
"$CPOD" gc >"$TMP/gc"
ok "nor is anything left" gone kill

# kill, and the status of a pod in which a container failed.
start plain
begin=$(now)
"$CPOD" kill "$POD-plain"
ends plain
ok "a pod whose containers are killed has failed" test "$ends_status" -eq 1
