# SIGKILL to the supervisor, at moments spread from its first system call to its end: 100 ms later
# nothing of the pod runs, whatever its containers ignore, fork or leave; `cpod gc` clears the rest.
# where: host vm asan
# timeout: 150
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# Containers that ignore signals, fork and leave their sessions, and probes that never end.
hang='"livenessProbe": {"exec": ["/inside", "probe-hang", "2"], "periodSeconds": 1, "timeoutSeconds": 30}'
pod "$(MORE=$hang container stubborn /inside stubborn 4)" "$(MORE=$hang container storm /inside fork-storm 8)" \
	"$(container polite /inside sleep)" >"$TMP/p.json"

case $PLACE in
vm) slow=10 starts="0 10 30 60 100 150 200 300 400 600" times=3 ;;
*) slow=1 starts="0 1 2 3 4 5 6 7 8 9 10 12 14 16 18 20 25 30 40 60" times=15 ;;
esac

# doze MS
doze () {
	sleep "$(awk -v ms="$1" 'BEGIN { printf "%.3f", ms / 1000 }')"
}

populated () {
	# shellcheck disable=SC2044
	for events in $(find "$(cgroup_root)" -path "*$POD-p/cgroup.events" 2>/dev/null); do
		grep -q '^populated 1' "$events" && return 0
	done
	return 1
}

# strike: kills the supervisor; 100 ms later nothing runs.
strike () {
	kill -KILL "$(cat "$TMP/p.pid")"
	doze $((100 * slow))
	left=$(env -i "$INSIDE" marked "CPOD_TEST=$CPOD_TEST")
	if [ -n "$left" ]; then
		for pid in $left; do
			echo "still running: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
			kill -KILL "$pid"
		done
		return 1
	fi
	! populated || { echo "a cgroup is still populated"; return 1; }
}

# cleared: gc leaves neither state nor cgroups.
cleared () {
	"$CPOD" gc || return 1
	[ -z "$(ls -A "$CPOD_STATE_DIR/pods" 2>/dev/null)" ] || { ls -la "$CPOD_STATE_DIR/pods"; return 1; }
	left=$(find "$(cgroup_root)" -type d -name "$POD-p*")
	[ -z "$left" ] || { echo "$left"; return 1; }
}

for ms in $starts; do
	launch p
	doze "$ms"
	ok "killed $ms ms after its start, nothing is left running" strike
done
ok "what the killed left behind is cleared" cleared

# Each next start reclaims what the last one left, too.
for i in $(seq "$times"); do
	ok "after a kill the same pod starts again ($i)" start p
	doze $((i * 7 * slow))
	ok "killed while probes run, nothing is left running ($i)" strike
done

for i in $(seq "$times"); do
	start p
	"$CPOD" stop -t 5 "$POD-p" >"$TMP/stop" 2>&1 &
	doze $(((i - 1) * 2 * slow))
	ok "killed while it stops, nothing is left running ($i)" strike
done
ok "and that is cleared, too" cleared
