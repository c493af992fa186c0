# Hostile clients of the control socket and of the HTTP port: the pod's probes stay on time, an honest client is
# answered, and what the supervisor holds stays within bounds.
# where: host asan
# timeout: 90
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

HOSTILE=$BUILD/tests/lib/hostile
port=$(free_port)
MORE='"livenessProbe": {"exec": ["/inside", "exit", "0"], "periodSeconds": 1, "timeoutSeconds": 1}' \
	container main /inside sleep >"$TMP/main.json"
pod "$(cat "$TMP/main.json")" >"$TMP/p.json"
ok "a pod is probed every second" start p --port "$port"
supervisor=$(cat "$TMP/p.pid")
socket=$CPOD_STATE_DIR/pods/$POD-p/control

# memory FIELD: VmRSS or VmHWM of the supervisor in KiB. descriptors: how many it has.
memory () {
	awk -v field="$1:" '$1 == field { print $2 }' "/proc/$supervisor/status"
}
descriptors () {
	# shellcheck disable=SC2012
	ls "/proc/$supervisor/fd" | wc -l
}

# attempts, failures: of the probe, so far.
attempts () {
	status p | sed 's/.*"attempts": *\([0-9]*\).*/\1/'
}
failures () {
	status p | sed 's/.*"failures": *\([0-9]*\).*/\1/'
}

# answers: whether an honest client is answered, with everything that one may ask. answers_http: the same over HTTP.
answers () {
	timeout 5 "$CPOD" healthy "$POD-p" >/dev/null && timeout 5 "$CPOD" status "$POD-p" >/dev/null &&
		timeout 5 "$CPOD" exec "$POD-p" main -- /inside exit 0
}
answers_http () {
	get "$port" /healthy >/dev/null && get "$port" /status >/dev/null
}

# all_answered COMMAND: asked again and again while $hostile lives, and answered each time.
all_answered () {
	asked=0
	while kill -0 "$hostile" 2>/dev/null; do
		asked=$((asked + 1))
		"$@" || { echo "not answered, attempt $asked"; return 1; }
		sleep 0.1
	done
	[ "$asked" -ge 1 ] || { echo "never asked"; return 1; }
}

# probed BEFORE SECONDS: whether there were as many attempts since, but for two (the ends), and none has failed.
probed () {
	probed_now=$(attempts)
	[ $((probed_now - $1)) -ge $(($2 - 2)) ] && [ "$(failures)" -eq 0 ] && return 0
	echo "$((probed_now - $1)) attempts in $2 seconds, $(failures) failures"
	return 1
}

# attack WORDS TARGET ANSWERS MODE:N...: all of them at once, for two seconds.
attack () {
	attack_words=$1 attack_target=$2 attack_answers=$3
	shift 3
	for attack_mode in "$@"; do
		"$HOSTILE" "$attack_target" "${attack_mode%:*}" "${attack_mode#*:}" 2 >"$TMP/hostile-${attack_mode%:*}" 2>&1 &
		hostile=$!
		attackers="$attackers $hostile"
	done
	ok "an honest client is answered beside $attack_words" all_answered "$attack_answers"
	[ "$(descriptors)" -le "$most_descriptors" ] || most_descriptors=$(descriptors)
	# shellcheck disable=SC2086
	wait $attackers
	attackers=
}
attackers=

# within_bounds: what the supervisor has used at most: 64 MiB and 1,024 descriptors more than at rest. A sanitizer
# keeps what was freed, so that it is not measured there.
within_bounds () {
	peak=$(($(memory VmHWM) - memory_before))
	echo "$peak KiB, $most_descriptors descriptors"
	[ "$most_descriptors" -le $((descriptors_before + 1024)) ] && { [ "$PLACE" = asan ] || [ "$peak" -le 65536 ]; }
}
at_rest () {
	echo "$(memory VmRSS) KiB, $(descriptors) descriptors"
	[ "$(descriptors)" -le "$descriptors_before" ] && { [ "$PLACE" = asan ] || [ "$(memory VmRSS)" -le $((memory_before + 8192)) ]; }
}

ok "an honest client is answered" answers
ok "and over HTTP" answers_http
memory_before=$(memory VmRSS) descriptors_before=$(descriptors) most_descriptors=0

attempts_before=$(attempts) began=$(cut -d. -f1 /proc/uptime)
# What HTTP leaves has until the end to go: the library forgets a client that left at a bad moment for ten seconds.
attack "all of that over HTTP" "$port" answers_http idle:10000 half:100 slow:100 noise:20 deaf:300 storm:20

# One process holds on to 10,000 connections meanwhile.
"$HOSTILE" "$socket" idle 10000 600 >"$TMP/held" 2>&1 &
held=$!
ok "10,000 idle connections are opened and held" within 20 grep -q 'all open' "$TMP/held"
most_descriptors=$(descriptors)
attack "half messages, slow ones and endless ones" "$socket" answers half:300 slow:100 large:20
attack "noise, and as many values as fit in" "$socket" answers noise:100 values:20
attack "clients that never read" "$socket" answers deaf:100 streams:100 logs:100 waits:100 descriptors:100
attack "those who come and go" "$socket" answers storm:50 programs:300
kill "$held"
wait "$held"
ok "probes were on time all the while" probed "$attempts_before" $(($(cut -d. -f1 /proc/uptime) - began))
ok "memory and descriptors stayed within bounds" within_bounds
ok "and are as before in the end" within 10 at_rest

# Streams of an honest client go on while others are turned away.
"$HOSTILE" "$socket" streams 1 2.5 >"$TMP/honest" 2>&1 &
honest=$!
sleep 0.3
"$HOSTILE" "$socket" streams 300 1.5 >"$TMP/hostile" 2>&1 &
"$HOSTILE" "$socket" idle 1000 1.5 >"$TMP/hostile" 2>&1 &
wait "$honest"
ok "an honest stream is not cut off" grep '^opened 1 lost 0' "$TMP/honest"
ok "the pod is healthy to the end" prints healthy "$CPOD" healthy "$POD-p"
ok "it ends" finish p
