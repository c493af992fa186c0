# SIGKILL to the supervisor, at moments spread from its first system call to its end and thickest in a
# start, a probe and a stop: 100 ms later nothing of the pod runs, whatever its containers ignore, fork,
# leave, or are (frozen, stopped). The next start and `cpod gc` clear the rest. The same for pod init.
#
# Where strace can be had, a moment is a system call of the supervisor's, which dies as it enters it;
# elsewhere it is a time.
# where: host vm-long
# timeout: 150
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# Containers that ignore signals, fork and leave their sessions, probes that never end, and one that
# handles the stop signal and yet does not end, as it is stopped: so that a stop takes its time.
hang='"livenessProbe": {"exec": ["/inside", "probe-hang", "2"], "periodSeconds": 1, "timeoutSeconds": 30}'
pod "$(MORE=$hang container stubborn /inside stubborn 4)" "$(MORE=$hang container storm /inside fork-storm 8)" \
	"$(container frozen /inside sleep)" "$(container slow /inside graceful /tmp/ended)" >"$TMP/p.json"
pod "$(container main /inside sleep)" >"$TMP/next.json"

late=0
slow=1
[ "$PLACE" = vm ] && slow=10

# doze MS
doze () {
	sleep "$(awk -v ms="$1" 'BEGIN { printf "%.3f", ms / 1000 }')"
}

# groups NAME: the cgroups of the pod.
groups () {
	find "$(cgroup_root)" -type d -path "*/cpod/$POD-$1.*" 2>/dev/null
}

# runs: what of the pods still runs; a zombie has neither environment nor cgroup.
runs () {
	for runs_pid in $(marked); do
		echo "still running: $runs_pid $(tr '\0' ' ' <"/proc/$runs_pid/cmdline")"
	done
	find "$(cgroup_root)" -path "*/cpod/$POD-*/cgroup.events" 2>/dev/null | while read -r runs_events; do
		grep -q '^populated 1' "$runs_events" 2>/dev/null && echo "populated: $runs_events"
	done
	true
}

# quiet: 100 ms after a kill nothing runs. A machine that is busy with other things gets ten times as
# long, but that is counted.
quiet () {
	doze $((100 * slow))
	[ -n "$(runs)" ] || return 0
	echo x >>"$TMP/late"
	doze $((900 * slow))
	quiet_left=$(runs)
	[ -z "$quiet_left" ] && return 0
	echo "$quiet_left"
	for quiet_pid in $(marked); do kill -KILL "$quiet_pid"; done
	return 1
}

# strike: kills the supervisor.
strike () {
	kill -KILL "$(cat "$TMP/p.pid")" 2>/dev/null || echo gone >>"$TMP/gone"
	quiet
}

# cleared: gc leaves neither state nor cgroups.
cleared () {
	"$CPOD" gc || return 1
	[ -z "$(ls -A "$CPOD_STATE_DIR/pods" 2>/dev/null)" ] || { ls -lAR "$CPOD_STATE_DIR/pods"; return 1; }
	cleared_left=$(groups '[pn]*')
	[ -z "$cleared_left" ] || { echo "$cleared_left"; return 1; }
}

# harden: freezes one container and stops another.
harden () {
	for harden_group in $(groups p); do
		case $harden_group in */$POD-p.frozen.*) echo 1 >"$harden_group/cgroup.freeze" ;; esac
	done 2>/dev/null
	"$CPOD" kill -s STOP "$POD-p" slow
}

# drive: what happens to a pod from outside: it is hardened, later stopped. Without the marker: this is
# no process of the pod's.
drive () {
	unset CPOD_TEST
	while [ "$(grep -c ' runs$' "$TMP/p.err")" -lt 4 ]; do
		kill -0 "$1" || return 0
		sleep 0.02
	done
	harden
	"$CPOD" stop -t 1 "$POD-p"
}

# traced OPTION...: a whole life of the pod under strace.
traced () {
	: >"$TMP/p.err"
	strace -qq -o "$TMP/trace" "$@" "$CPOD" run --name "$POD-p" "$TMP/p.json" >"$TMP/p.out" 2>"$TMP/p.err" &
	traced_pid=$!
	drive "$traced_pid" >"$TMP/drive" 2>&1 &
	traced_drive=$!
	wait "$traced_pid" 2>/dev/null
	traced_status=$?
	kill "$traced_drive" 2>/dev/null
	wait "$traced_drive" 2>/dev/null
	return "$traced_status"
}

# pick FIRST LAST N: N of the trace's lines between two numbers, each as "LINE CALL K PHASE".
pick () {
	awk -v first="$1" -v last="$2" -v n="$3" -v phase="$4" '
		{ call = $0; sub(/\(.*/, "", call); if (call !~ /^[a-z0-9_]+$/ || call == "execve") next; k[call]++ }
		NR >= first + taken * (last - first) / n && NR >= first && NR <= last && taken < n {
			taken++
			print NR, call, k[call], phase
		}' "$TMP/reference"
}

# line PATTERN [tail]: the number of the first (last) line of the reference that matches.
line () {
	grep -n -e "$1" "$TMP/reference" | cut -d: -f1 | "${2:-head}" -n 1
}

sweep_by_calls () {
	traced
	ok "a pod whose supervisor is watched runs to its end" test $? -eq 0
	cp "$TMP/trace" "$TMP/reference"
	begin=$(line '^clone3(')
	started=$(line ' runs\\n' tail)
	stop=$(line 'io.cpod.Pod.Stop')
	over=$(grep -c . "$TMP/reference")
	echo "# $over system calls; a start is $begin to $started, a stop $stop to $over"
	ok "a start, probes and a stop were seen" test "${begin:-0}" -gt 1 -a "${started:-0}" -gt "$begin" -a "${stop:-0}" -gt "$started"
	probe=$(grep -n '"probe-[0-9]*", 0' "$TMP/reference" | cut -d: -f1 | head -n 1)
	{
		pick 1 "$begin" 10 "before its start"
		pick "$begin" "$started" 14 "in its start"
		pick "$probe" "$stop" 14 "while probes run"
		pick "$stop" "$over" 14 "in its stop"
	} >"$TMP/moments"
	while read -r number call k phase; do
		traced -e "trace=$call" -e "inject=$call:signal=KILL:when=$k"
		[ $? -eq 137 ] || echo gone >>"$TMP/gone"
		ok "killed $phase, at system call $number ($call, number $k of its kind), nothing is left running" quiet
	done <"$TMP/moments"
}

sweep_by_times () {
	for ms in $1; do
		launch p
		doze "$ms"
		ok "killed $ms ms after it was executed, nothing is left running" strike
	done
	for i in $(seq "$2"); do
		ok "the pod starts again ($i)" start p
		harden
		doze $((i * 7 * slow))
		ok "killed while probes run, nothing is left running ($i)" strike
	done
	for i in $(seq "$2"); do
		start p
		harden
		"$CPOD" stop -t 5 "$POD-p" >"$TMP/stop" 2>&1 &
		doze $(((i - 1) * 2 * slow))
		ok "killed while it stops, nothing is left running ($i)" strike
	done
}

case $PLACE in
vm) sweep_by_times "0 10 30 60 100 150 200 300 400 600" 3 ;;
asan) sweep_by_times "0 1 2 4 6 8 10 15 20 25 30 40 50 60 80 100" 10 ;;
*)
	if strace -qq -o /dev/null true 2>/dev/null; then
		sweep_by_calls
	else
		sweep_by_times "0 1 2 3 4 5 6 7 8 9 10 12 14 16 18 20 25 30 40 60" 15
	fi
	;;
esac
ok "what the killed left behind is cleared" cleared

# What a dead pod leaves is reclaimed by the next start of any pod.
reclaimed () {
	[ -z "$(groups p)" ] && [ ! -e "$CPOD_STATE_DIR/pods/$POD-p" ]
}

ok "once more the pod starts" start p
harden
ok "and is killed" strike
ok "another pod starts" start next
ok "which reclaims what the dead one left" within 5 reclaimed
ok "and ends" finish next

# pod_init: its process, by its cgroup.
pod_init () {
	for pod_init_group in $(groups p); do
		case $pod_init_group in */init) cat "$pod_init_group/cgroup.procs" && return ;; esac
	done
}

strike_init () {
	strike_pid=$(pod_init)
	[ -n "$strike_pid" ] || { echo "there is no pod init"; return 1; }
	kill -KILL $strike_pid
	within 2 ended p || return 1
	quiet
}

# Pod init is no child of the shell's: its supervisor ends with it.
for phase in "at once" "with containers frozen and stopped" "while it stops"; do
	start p
	[ "$phase" = "at once" ] || harden
	[ "$phase" != "while it stops" ] || "$CPOD" stop -t 5 "$POD-p" >"$TMP/stop" 2>&1 &
	[ "$phase" != "while it stops" ] || sleep 0.05
	ok "when pod init is killed ($phase), the supervisor ends, and nothing is left running" strike_init
	got=0
	wait "$(cat "$TMP/p.pid")" || got=$?
	echo "# exit status $got: $(tail -n 1 "$TMP/p.err")"
	ok "and it takes everything with it" reclaimed
done

late=$(grep -c . "$TMP/late" 2>/dev/null)
echo "# ${late:-0} kills needed more than 100 ms; $(grep -c . "$TMP/gone" 2>/dev/null) came after the end"
ok "100 ms were enough, but for what a busy machine is late with" test "${late:-0}" -le 3
