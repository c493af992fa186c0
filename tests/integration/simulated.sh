# The same script for real and on the virtual clock: each container goes through the same things, in the same order,
# and each at the same time within a tolerance of 1.5 s (CPOD_TEST_TOLERANCE, in ms).
# where: host
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

mkdir -m 777 "$TMP/root/flags"
flags=$TMP/root/flags
tolerance=${CPOD_TEST_TOLERANCE:-1500}

# ---- What happens, as words that both sides know: runs, exit N, state WORD

# of_simulation FILE SCRIPT: the simulated timeline as "MS WHO WHAT".
of_simulation () {
	"$CPOD" simulate --json --show run,exit,state --script "$2" "$1" |
		sed 's/{"at":\([0-9.]*\),"who":"\([^"]*\)","kind":"[a-z]*","what":"\([^"]*\)"}/\1 \2 \3/' |
		awk '{ ms = int ($1 * 1000); $1 = ms; print }' | sed 's/ exit \([0-9]*\).*/ exit \1/'
}

# of_events FILE: the same from events that were followed, as `cpod events --json` writes them.
of_events () {
	sed 's/.*"time": *"[^T]*T\([0-9]*\):\([0-9]*\):\([0-9.]*\)Z".*/\1 \2 \3 &/' "$1" | awk '
		{
			ms = int (($1 * 3600 + $2 * 60 + $3) * 1000)
			line = $0
			who = line; sub (/.*"container": *"/, "", who); sub (/".*/, "", who)
			what = ""
			if (line ~ /"type": *"started"/) what = "runs"
			if (line ~ /"type": *"exited"/) { code = line; sub (/.*"code": */, "", code); sub (/[^0-9].*/, "", code); what = "exit " code }
			if (line ~ /"type": *"state"/) { state = line; sub (/.*"state": *"/, "", state); sub (/".*/, "", state); what = "state " state }
			if (what == "") next
			if (first == "") first = ms
			print ms - first, who, what
		}'
}

# alike NAME: whether each container went through the same things at the same times.
alike () {
	for alike_who in $2; do
		grep "^[0-9]* $alike_who " "$TMP/$1.simulated" >"$TMP/.a"
		grep "^[0-9]* $alike_who " "$TMP/$1.real" >"$TMP/.b"
		paste -d ' ' "$TMP/.a" "$TMP/.b" | awk -v most="$tolerance" -v who="$alike_who" '
			{
				n = NF / 2
				for (i = 2; i <= n; i++) if ($i != $(n + i)) bad = 1
				d = $1 - $(n + 1); if (d < 0) d = -d
				if (d > most || NF % 2) bad = 1
			}
			END { if (NR == 0) bad = 1; exit bad }' || { echo "simulated:"; cat "$TMP/.a"; echo "real:"; cat "$TMP/.b"; return 1; }
	done
}

# compare NAME CONTAINERS: simulates the script, takes the events of the real run, compares.
compare () {
	of_simulation "$TMP/$1.json" "$TMP/$1.script" >"$TMP/$1.simulated"
	of_events "$TMP/$1.events" >"$TMP/$1.real"
	alike "$1" "$2"
}

# follow NAME: launches the pod of $TMP/NAME.json and follows its events.
follow () {
	launch "$1"
	within 10 test -S "$CPOD_STATE_DIR/pods/$POD-$1/control" || return 1
	"$CPOD" events -f --json "$POD-$1" >"$TMP/$1.events" 2>/dev/null &
}

# ---- Four pods, side by side

TOP='"restartPolicy": "Always"'
pod "$(container main /inside seq sleep 0.5 , exit 3)" "$(container other /inside graceful)" >"$TMP/crash.json"
printf '%s\n' '0 main lasts 500ms exit 3' '0 other stops 0 exit 0' '4s pod stop' >"$TMP/crash.script"

TOP='"restartPolicy": "Always"'
pod "$(MORE='"livenessProbe": {"exec": ["/inside", "cat", "/flags/well"], "periodMilliseconds": 200, "timeoutSeconds": 5, "failureThreshold": 3}' \
	container main /inside seq touch /flags/well , graceful)" >"$TMP/live.json"
printf '%s\n' '0 main stops 10ms exit 0' '2s main liveness fails' '+405ms main liveness succeeds' '4s pod stop' >"$TMP/live.script"

TOP='"restartPolicy": "Never"'
INIT="$(container first /inside seq sleep 0.3 , exit 0), $(MORE='"restartPolicy": "Always"' container side /inside graceful)"
pod "$(container main /inside seq sleep 2 , exit 0)" >"$TMP/side.json"
printf '%s\n' '0 first lasts 300ms exit 0' '0 side stops 10ms exit 0' '0 main lasts 2s exit 0' >"$TMP/side.script"

TOP='"restartPolicy": "Never", "terminationGracePeriodSeconds": 10'
pod "$(MORE='"lifecycle": {"preStop": {"exec": ["/inside", "sleep", "1"]}}' container main /inside graceful)" \
	"$(MORE='"dependsOn": [{"name": "main", "condition": "started"}]' container after /inside graceful /flags/after 4)" >"$TMP/hook.json"
printf '%s\n' '0 after stops 10ms exit 4' '0 main preStop succeeds 1s' '0 main stops 10ms exit 0' '2s pod stop' >"$TMP/hook.script"

for name in crash live side hook; do
	follow "$name" || echo "# $name did not start"
done
sleep 1.5
rm -f "$flags/well"
sleep 0.5
"$CPOD" stop "$POD-hook" >/dev/null 2>&1 &
sleep 2
"$CPOD" stop "$POD-crash" "$POD-live" >/dev/null 2>&1
for name in crash live side hook; do
	ok "the pod $name ends" within 15 ended "$name"
done
sleep 0.3
ok "a crash loop goes as simulated" compare crash "main other"
ok "a liveness failure and what follows goes as simulated" compare live main
ok "a sidecar and its main container go as simulated" compare side "first side main"
ok "a stop with preStop and a dependency goes as simulated" compare hook "main after"

# ---- The command

ok "ten days of back-off take no time" timeout 10 "$CPOD" simulate --script "$TMP/crash.script" --until 10d --show start "$TMP/crash.json"
ok "a picture is drawn" "$CPOD" simulate --script "$TMP/side.script" --plot "$TMP/side.svg" --show end "$TMP/side.json"
ok "with a band for each container" test "$(grep -c '>first<\|>side<\|>main<' "$TMP/side.svg")" -eq 4
ok "it is well-formed as far as tags go" test "$(grep -c '<text' "$TMP/side.svg")" -eq "$(grep -c '</text>' "$TMP/side.svg")"

# starts OPTION...: who is started, in order.
starts () {
	"$CPOD" simulate --show start "$@" "$TMP/side.json" | awk '{ printf "%s ", $2 }'
}
ok "an init container that nothing is said of ends well, and a sidecar runs on" [ "$(starts)" = "first side main " ]
echo '0 first lasts forever' >"$TMP/forever.script"
ok "one of which it is said runs for ever" [ "$(starts --script "$TMP/forever.script")" = "first " ]

# refuses STATUS PATTERN OPTION...: cpod simulate ends so, with a message that matches.
refuses () {
	refuses_status=$1 refuses_pattern=$2
	shift 2
	refuses_got=0
	"$CPOD" simulate "$@" >"$TMP/.refused" 2>&1 || refuses_got=$?
	grep -e "$refuses_pattern" "$TMP/.refused" || { cat "$TMP/.refused"; return 1; }
	[ "$refuses_got" -eq "$refuses_status" ]
}

echo '5s nobody exit 1' >"$TMP/bad.script"
ok "a wrong script is refused with its line" refuses 2 'bad.script:1: there is no container "nobody"' --script "$TMP/bad.script" "$TMP/crash.json"
ok "a script that is not there is named" refuses 2 'none.script: No such file' --script "$TMP/none.script" "$TMP/crash.json"
ok "a wrong time is refused" refuses 2 'until is a duration' --until soon "$TMP/crash.json"
ok "so is a kind that does not exist" refuses 2 'nothing is called "exits"' --show exits "$TMP/crash.json"
ok "a picture that cannot be written is an error" refuses 125 'write /proc/none.svg' --plot /proc/none.svg --show end "$TMP/crash.json"
