# Exec probes: the command is in the container as the container's own process is, in a cgroup of its
# own; nothing of it outlasts its end or its timeout; thresholds, states and gates are Kubernetes'.
# CPOD_TEST_LONG=1 makes the punctuality at the end last a minute.
# where: host asan
# timeout: 150
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

mkdir -m 777 "$TMP/root/flags"
flags=$TMP/root/flags
port=$(free_port)

# probe TYPE WORDS [OPTIONS]: the inside of an object; the words are a JSON array.
probe () {
	printf '"%sProbe": {"exec": %s%s}' "$1" "$2" "${3:+, $3}"
}

# of NAME CONTAINER: the container's part of the pod's status, on one line.
of () {
	status "$1" | sed 's/{ *"name": *"/\n&/g' | grep -m 1 "^{ *\"name\": *\"$2\"" | sed 's/": */":/g; s/, *"/,"/g; s/\[ */[/g; s/ *\]/]/g'
}

# shows NAME CONTAINER PATTERN
shows () {
	of "$1" "$2" >"$TMP/.of"
	grep -e "$3" "$TMP/.of" >/dev/null || { echo "no match: $3"; cat "$TMP/.of"; return 1; }
}

# numbers NAME CONTAINER LIST: the states as HTTP tells them.
numbers () {
	get "$port" /status >"$TMP/.http" || return 1
	grep -F -e "{\"Name\":\"$1\",\"States\":[$2]" "$TMP/.http" >/dev/null || { cat "$TMP/.http"; return 1; }
}

# procs NAME CONTAINER: the pids in the container's own cgroup and in those of its probes.
procs () {
	find "$(cgroup_root)" -type d -path "*/cpod/$POD-$1.*" -name "$POD-$1.$2.*" | while read -r procs_group; do
		find "$procs_group" -name cgroup.procs -exec cat {} +
	done
}

# alone NAME CONTAINER: nothing but the container's first process is in them.
alone () {
	alone_pids=$(procs "$1" "$2")
	[ "$(echo "$alone_pids" | grep -c .)" -eq 1 ] && return 0
	for alone_pid in $alone_pids; do echo "$alone_pid $(tr '\0' ' ' <"/proc/$alone_pid/cmdline")"; done
	return 1
}

# ---- Who the command is

PROCESS='"user": {"uid": 1000, "gid": 100, "additionalGids": [5, 7], "umask": 63}, "oomScoreAdj": 300,
	"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}],
	"capabilities": {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"],
	"inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}'
MORE="$(probe liveness '["/inside", "to", "/flags/probe", "view"]' '"timeoutSeconds": 30'),
	$(probe readiness '{"command": ["/inside", "echo", "$(WHO) is $(NOBODY)", "$$(WHO)"]}' '"timeoutSeconds": 30')"
ENVIRONMENT='"WHO=me"'
SPEC='"hostname": "probed"'
pod "$(container user /inside seq to /flags/first view , sleep)" \
	"$(MORE=$(probe liveness '["/inside", "to", "/flags/probe-root", "view"]' '"timeoutSeconds": 30') \
		container root /inside seq to /flags/first-root view , sleep)" | sed 's|"cwd": "/"|"cwd": "/flags"|' >"$TMP/who.json"

# equal FILE FILE: two views, but for what belongs to the process alone, and its cgroup.
equal () {
	for equal_file in "$1" "$2"; do
		grep -v -E '^(\{"pid"|"ppid"|"sid"|"cmdline"|"fds"|"cgroup"|"args")' "$flags/$equal_file" >"$TMP/.$equal_file"
	done
	same "$TMP/.$1" "$TMP/.$2"
}

has () {
	grep -F -e "$2" "$flags/$1" || { cat "$flags/$1"; return 1; }
}

ok "a pod with probes runs" start who
ok "a probe of a user's container succeeds" within 10 shows who user '"type":"liveness","result":"success","attempts":1,'
ok "it has the ids, capabilities, filters, limits, environment, directory, mounts and namespaces of the container" \
	equal first probe
ok "which are those of the spec" has probe '"ids":{"uid":[1000,1000,1000],"gid":[100,100,100],"groups":[5,7]}'
ok "no new privileges either" has probe '"noNewPrivs":1'
ok "and a filter" has probe '"seccomp":2'
ok "a probe of root's container succeeds" within 10 shows who root '"type":"liveness","result":"success","attempts":1,'
ok "it is equal to that container, too" equal first-root probe-root
ok "its cgroup is one of its own below the container's" grep -E '"cgroup":".*0::/probe-[0-9]+' "$flags/probe"
ok "it has the descriptors 0 to 2 alone" no grep -E '"fds":\{.*"[3-9]":' "$flags/probe-root"
ok "variables are those of the container's environment, others stay as they are" \
	within 10 shows who user '"lastOutput":"me is $(NOBODY) $(WHO)\\n"'
ok "no process of a probe stays" within 2 alone who user
ok "the pod ends" finish who

# ---- Thresholds, states, gates; all at once, since they take seconds

every='"periodSeconds": 1, "timeoutSeconds": 10'
short='"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 1'
touch "$flags/flap" "$TMP/root/not-a-program"
pod "$(MORE=$(probe liveness '["/inside", "open", "/flags/flap"]' "$every, \"failureThreshold\": 3") container flap /inside sleep)" \
	"$(MORE="$(probe startup '["/inside", "open", "/flags/up"]' "$every, \"failureThreshold\": 60"), $(probe liveness '["/inside", "exit", "0"]' "$every")" \
		container gated /inside sleep)" \
	"$(MORE=$(probe startup '["/inside", "exit", "9"]' "$every, \"failureThreshold\": 2") container never /inside sleep)" \
	"$(MORE=$(probe readiness '["/inside", "open", "/flags/ready"]' "$every") container unready /inside sleep)" \
	"$(MORE=$(probe liveness '["/no/such/program"]' "$every, \"failureThreshold\": 1") container missing /inside sleep)" \
	"$(MORE=$(probe liveness '["/not-a-program"]' "$every, \"failureThreshold\": 1") container data /inside sleep)" \
	"$(MORE=$(probe liveness '["/inside", "signal", "9"]' "$every, \"failureThreshold\": 1") container shot /inside sleep)" \
	"$(MORE=$(probe liveness '["/inside", "seq", "output", "20000000", ",", "exit", "1"]' "$every, \"failureThreshold\": 1") container talker /inside sleep)" \
	"$(MORE=$(probe liveness '["/inside", "orphan"]' "$every") container orphan /inside sleep)" >"$TMP/states.json"

ok "a pod with many probes runs" start states --port "$port"
ok "a container is healthy while its probe succeeds" within 5 numbers flap 0,1
ok "one whose startup probe has not succeeded is neither healthy nor probed otherwise" \
	shows states gated '"states":\["started"\].*"type":"liveness","result":"success","attempts":0,'
ok "nor ready" shows states gated '"ready":false'
ok "a program that is not there is a failure" within 5 numbers missing 0,1,3
ok "so is one that cannot be executed" within 5 numbers data 0,1,3
ok "and one that a signal ends" within 5 numbers shot 0,1,3
ok "which is told apart from an exit status" grep -F '"Message":"liveness probe: signal: killed"' "$TMP/.http"
ok "of much output 10 KiB are kept" within 10 shows states talker '"lastExit":1,"lastOutput":"[^"]'
ok "to the byte" test "$(of states talker | sed 's/.*"lastOutput":"\([^"]*\)".*/\1/; s/\\n/n/g' | tr -d '\n' | wc -c)" -eq 10240
rm "$flags/flap"
ok "a failed attempt is seen" within 5 numbers flap 0,1,2
touch "$flags/flap"
ok "a success takes it back" within 5 numbers flap 0,1,2,1
rm "$flags/flap"
ok "failures up to the threshold are terminal" within 10 numbers flap 0,1,2,1,2,3
ok "a startup probe that fails to its threshold is terminal" within 5 numbers never 0,3
touch "$flags/up"
ok "one that succeeds makes the container healthy" within 5 numbers gated 0,1
ok "and lets the liveness probe begin" within 5 shows states gated '"type":"liveness","result":"success","attempts":[1-9]'
ok "a failing readiness probe makes nobody unhealthy" numbers unready 0,1
ok "but not ready" shows states unready '"ready":false'
touch "$flags/ready"
ok "until it succeeds" within 5 shows states unready '"ready":true'
ok "what a probe leaves in the background is ended, though the probe succeeds" shows states orphan '"type":"liveness","result":"success","attempts":[2-9]'
alone_or_busy () {
	within 2 alone states orphan
}
ok "at the probe's end" alone_or_busy
ok "a terminal container is still running" shows states flap '"running":true'
ok "the pod is not healthy, in HTTP" sh -c '[ "$(timeout 10 "$1" get "$2" /healthy)" = "{\"healthy\":false}" ]' - "$INSIDE" "$port"
ok "the pod ends" finish states

# ---- Timeouts: whatever the command does against it

hostile='stubborn:["/inside", "probe-hang", "4"] storm:["/inside", "fork-storm", "16"] deaf:["/inside", "ignore-term"]
	stopped:["/inside", "signal", "19"] daemon:["/inside", "seq", "orphan", ",", "sleep"]'
set --
for name in stubborn storm deaf stopped daemon; do
	words=$(echo "$hostile" | tr -s '\n\t' '  ' | sed "s/.*$name:\(\[[^]]*\]\).*/\1/")
	set -- "$@" "$(MORE=$(probe liveness "$words" "$short") container "$name" /inside sleep)"
done
pod "$@" >"$TMP/timeouts.json"
ok "a pod with probes that do not end runs" start timeouts
for name in stubborn storm deaf stopped daemon; do
	ok "a probe that is $name times out" within 5 state timeouts $name terminal
	ok "and nothing of it is left ($name)" within 2 alone timeouts $name
done
ok "that is what the error says" shows timeouts deaf '"message":"liveness probe: timed out after 1s"'
no_group () {
	[ -z "$(find "$(cgroup_root)" -path "*/cpod/$POD-timeouts.*" -name 'probe-*' -exec grep -l 'populated 1' {}/cgroup.events \;)" ]
}
ok "no cgroup of a probe is populated" no_group
ok "the pod ends" finish timeouts

# ---- Punctuality: ten probes of 0.9 s with a period and a timeout of 1 s, each at its time

seconds=10
[ -z "${CPOD_TEST_LONG:-}" ] || seconds=60
set --
for i in 0 1 2 3 4 5 6 7 8 9; do
	set -- "$@" "$(MORE=$(probe liveness "[\"/inside\", \"seq\", \"append\", \"/flags/ticks-$i\", \",\", \"sleep\", \"0.9\"]" \
		"\"periodSeconds\": 1, \"timeoutSeconds\": 1, \"failureThreshold\": 1000") container "c$i" /inside sleep)"
done
pod "$@" >"$TMP/ticks.json"

# ticks: for each container, how many attempts, how late the worst against a grid of seconds through the
# earliest, and the longest time between two.
ticks () {
	for ticks_file in "$flags"/ticks-*; do
		awk '{ t[NR] = $1; o = $1 - NR * 1000; if (NR == 1 || o < first) first = o }
			END {
				for (i = 1; i <= NR; i++) {
					late = t[i] - i * 1000 - first; if (late > worst) worst = late
					if (i > 1 && t[i] - t[i - 1] > gap) gap = t[i] - t[i - 1]
				}
				print NR, worst + 0, gap + 0
			}' "$ticks_file"
	done
}

if [ "$PLACE" = host ]; then
	ok "ten containers with long probes run" start ticks
	sleep $((seconds + 1))
	ok "and end" finish ticks
	ticks >"$TMP/ticks"
	echo "# attempts, worst lateness in ms, longest gap in ms: $(tr '\n' ';' <"$TMP/ticks")"
	awk '$2 > worst { worst = $2 } END { print "# the worst start was " worst + 0 " ms late" }' "$TMP/ticks"
	ok "all ten were probed" test "$(grep -c . "$TMP/ticks")" -eq 10
	ok "no tick was missed, but where the machine stood still" awk -v n="$seconds" '$1 < n * 8 / 10 { bad = 1 } END { exit bad }' "$TMP/ticks"
fi
