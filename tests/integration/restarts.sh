# Restarts, sidecars, hooks, dependencies and deadlines with real containers and short periods.
# where: host asan
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

mkdir -m 777 "$TMP/root/flags"
flags=$TMP/root/flags

# written FILE: how many times something was appended to it.
written () {
	[ -e "$flags/$1" ] || { echo 0; return; }
	wc -l <"$flags/$1" | tr -d ' '
}

# apart FILE MS: the first two lines of it are at most so many milliseconds apart.
apart () {
	apart_ms=$(awk 'NR == 1 { first = $1 } NR == 2 { print $1 - first }' "$flags/$1")
	[ "$apart_ms" -le "$2" ] || { echo "$apart_ms ms"; return 1; }
}

# before FILE FILE: the first line of one is not later than the first of the other.
before () {
	one=$(head -n 1 "$flags/$1") two=$(head -n 1 "$flags/$2")
	[ "${one%% *}" -le "${two%% *}" ] || { echo "$1: $one, $2: $two"; return 1; }
}

# of NAME CONTAINER: the container's part of the pod's status, on one line, without spaces.
of () {
	status "$1" | sed 's/{ *"name": *"/\n&/g' | grep -m 1 "^{ *\"name\": *\"$2\"" | sed 's/": */":/g; s/, *"/,"/g; s/\[ */[/g; s/ *\]/]/g; s/{ */{/g'
}

# shows NAME CONTAINER PATTERN
shows () {
	of "$1" "$2" >"$TMP/.of"
	grep -e "$3" "$TMP/.of" >/dev/null || { echo "no match: $3"; cat "$TMP/.of"; return 1; }
}

# told NAME PATTERN: whether Kubernetes' status in the pod's has it.
told () {
	status "$1" | sed 's/": */":/g; s/, *"/,"/g; s/\[ */[/g; s/ *\]/]/g; s/{ */{/g; s/ *}/}/g; s/.*,"status":{"phase"/{"phase"/' >"$TMP/.told"
	grep -e "$2" "$TMP/.told" >/dev/null || { echo "no match: $2"; cat "$TMP/.told"; return 1; }
}

reached () {
	[ "$(written "$1")" -ge "$2" ]
}

# ---- a crash loop

TOP='"restartPolicy": "Always"'
pod "$(container main /inside seq append /flags/crash , exit 3)" "$(container other /inside sleep)" >"$TMP/crash.json"
ok "a pod with a container that crashes runs" launch crash
ok "it is started again" within 5 reached crash 2
ok "at once" apart crash 1000
ok "the second time it waits" within 2 shows crash main '"running":false.*"restarts":1'
sleep 1
ok "for longer than a second" test "$(written crash)" -eq 2
ok "its states are told" test "$(states crash main)" = 'started healthy failed started healthy failed'
ok "Kubernetes' status says why" told crash '"name":"main","state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 10s restarting failed container=main pod='
ok "and what the run before came to" told crash '"lastState":{"terminated":{"exitCode":3,"reason":"Error","startedAt":"[^"]*","finishedAt":"[^"]*","containerID":"cpod://'
ok "and that the pod is not ready" told crash '"type":"Ready","status":"False","reason":"ContainersNotReady","message":"containers with unready status: \[main\]"'
ok "though it is initialized" told crash '"type":"Initialized","status":"True","lastTransitionTime"'
ok "the other container is left alone" shows crash other '"running":true.*"restarts":0'
ok "a stop does not wait for the restart" finish crash

# ---- what a restart keeps, and what is new

INIT="$(SPEC='"linux": {"sysctl": {"net.ipv4.ip_default_ttl": "73"}}' container set /inside exit 0)" TOP='"restartPolicy": "OnFailure"'
pod "$(on_host main /mnt/inside seq mkdir /var/fresh , append /mnt/flags/host , view sysctl:net.ipv4.ip_default_ttl , exit 4 |
	sed "s|\"mounts\": \[|&{\"destination\": \"/mnt/flags\", \"type\": \"bind\", \"source\": \"$flags\", \"options\": [\"bind\"]}, |")" >"$TMP/fresh.json"
ok "a container on the host view is started again" launch fresh --logs
ok "twice it got as far as its end" within 5 reached host 2
ok "so its scratch layer was fresh: what it made was gone" within 2 shows fresh main '"exit":{"code":4,'
ok "the pod's network stayed as the init container had set it" test "$(grep -c '"sysctl:net.ipv4.ip_default_ttl":"73"' "$TMP/fresh.out")" -eq 2
ok "it ends" finish fresh

# ---- policies

TOP='"restartPolicy": "OnFailure"'
pod "$(container main /inside seq append /flags/once , exit 0)" >"$TMP/once.json"
launch once
ok "OnFailure does not start again what ended well" within 5 ended once
ok "it ran once" test "$(written once)" -eq 1
TOP='"restartPolicy": "Never"'
pod "$(MORE='"restartPolicy": "Never", "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]' \
	container main /inside seq append /flags/rule , exit 42)" "$(container other /inside seq append /flags/never , exit 42)" >"$TMP/rule.json"
launch rule
ok "a rule starts again what its exit code names" within 5 reached rule 2
ok "without one, Never does not" test "$(written never)" -eq 1
ok "it ends" finish rule

# ---- a liveness probe that stops and restarts

touch "$flags/well"
TOP='"restartPolicy": "Always"'
pod "$(MORE='"livenessProbe": {"exec": ["/inside", "cat", "/flags/well"], "periodMilliseconds": 50, "timeoutSeconds": 5, "failureThreshold": 2}' \
	container main /inside seq append /flags/live , graceful /flags/asked)" >"$TMP/live.json"
ok "a container with a liveness probe runs" start live
live_id=$(status live | sed 's/.*"id": *"\([^"]*\)".*/\1/')
rm "$flags/well"
ok "when it fails, the container is started again" within 5 reached live 2
ok "after it was asked to end" test -e "$flags/asked"
ok "its states are told" within 2 test "$(states live main | cut -d' ' -f1-6)" = 'started healthy failing terminal started healthy'
ok "the new run has an id of its own" test "$(status live | sed 's/.*"id": *"\([^"]*\)".*/\1/')" != "$live_id"
ok "the pod ends" finish live

# ---- a startup probe that gates, and readiness that flips

TOP='"restartPolicy": "Always"'
pod "$(MORE='"startupProbe": {"exec": ["/inside", "cat", "/flags/up"], "periodMilliseconds": 50, "timeoutSeconds": 5, "failureThreshold": 1000},
	"readinessProbe": {"exec": ["/inside", "cat", "/flags/ready"], "periodMilliseconds": 50, "timeoutSeconds": 5, "failureThreshold": 1}' \
	container main /inside graceful)" >"$TMP/gate.json"
ok "a container with a startup probe runs" launch gate
ok "it is not started" within 5 shows gate main '"running":true,"ready":false.*"states":\["started"\].*"type":"startup","result":"[a-z]*","attempts":[1-9]'
ok "readiness is not probed yet" shows gate main '"type":"readiness","result":"failure","attempts":0'
touch "$flags/up"
ok "when the startup probe succeeds, readiness is probed" within 5 shows gate main '"type":"readiness","result":"failure","attempts":[1-9]'
touch "$flags/ready"
ok "then it is ready" within 5 shows gate main '"ready":true'
rm "$flags/ready"
ok "and not ready again" within 5 shows gate main '"ready":false.*"states":\["started","healthy"\]'
ok "it ends" finish gate

# ---- a sidecar

TOP='"restartPolicy": "Never"'
INIT="$(MORE='"restartPolicy": "Always", "startupProbe": {"exec": ["/inside", "cat", "/flags/side-up"], "periodMilliseconds": 50, "timeoutSeconds": 5, "failureThreshold": 1000}' \
	container side /inside seq append /flags/side , graceful /flags/side-asked),
	$(container after /inside append /flags/after)"
pod "$(container main /inside seq append /flags/main , wait-for /flags/go , append /flags/main-end)" >"$TMP/side.json"
launch side
ok "a sidecar runs" within 5 reached side 1
sleep 0.3
ok "what follows waits for its startup probe" test "$(written after)" -eq 0
touch "$flags/side-up"
ok "then the next init container and the main container run" within 5 reached main 1
ok "in this order" before after main
ok "while the sidecar goes on" shows side side '"running":true'
touch "$flags/go"
ok "when the main container is done the pod ends" within 5 ended side
ok "because the sidecar was asked to" test -e "$flags/side-asked"
wait "$(cat "$TMP/side.pid")"
ok "the pod has succeeded" test $? -eq 0

# ---- hooks

TOP='"restartPolicy": "Never", "terminationGracePeriodSeconds": 5'
pod "$(MORE='"lifecycle": {"postStart": {"exec": ["/inside", "seq", "sleep", "0.2", ",", "append", "/flags/post"]},
	"preStop": {"exec": ["/inside", "seq", "sleep", "0.2", ",", "append", "/flags/pre"]}}' \
	container main /inside seq append /flags/hooked , graceful /flags/hook-asked)" "$(container next /inside seq append /flags/next , graceful)" >"$TMP/hooks.json"
ok "a pod with hooks runs" start hooks
ok "postStart ran before the next container" before post next
ok "a stop ends it" finish hooks
ok "preStop has run" test "$(written pre)" -eq 1
ok "and then the signal came" test -e "$flags/hook-asked"
TOP='"restartPolicy": "Never", "terminationGracePeriodSeconds": 1'
pod "$(MORE='"lifecycle": {"preStop": {"exec": ["/inside", "sleep"]}}' container main /inside graceful /flags/eaten)" >"$TMP/eaten.json"
ok "a pod whose preStop eats the grace runs" start eaten
ok "a stop ends it" finish eaten
ok "the signal came all the same" test -e "$flags/eaten"
ok "the hook is an error" grep -q 'preStop hook: did not end within the grace period' "$TMP/eaten.err"

# ---- dependencies

TOP='"restartPolicy": "Never"'
pod "$(MORE='"dependsOn": [{"name": "db", "condition": "healthy"}, {"name": "job", "condition": "completed"}]' \
	container web /inside seq append /flags/web , graceful /flags/web-asked)" \
	"$(MORE='"readinessProbe": {"exec": ["/inside", "cat", "/flags/db-up"], "periodMilliseconds": 50, "timeoutSeconds": 5}' \
	container db /inside seq append /flags/db , graceful /flags/db-asked)" \
	"$(container job /inside seq append /flags/job , exit 0)" >"$TMP/deps.json"
launch deps
ok "what others depend on runs" within 5 reached db 1
sleep 0.3
ok "what depends on it waits for its health" test "$(written web)" -eq 0
touch "$flags/db-up"
ok "and is started then" within 5 reached web 1
ok "a stop ends them all" finish deps

# ---- last words

TOP='"restartPolicy": "Never"'
pod "$(MORE='"terminationMessagePath": "/dev/termination-log"' container main /inside seq write /dev/termination-log 'out of ink' , exit 5)" \
	"$(MORE='"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "FallbackToLogsOnError"' \
	container quoted /inside seq echo first , echo last , exit 6)" \
	"$(MORE='"terminationMessagePolicy": "FallbackToLogsOnError"' container silent /inside seq echo fine , exit 0)" \
	"$(MORE='"terminationMessagePath": "/dev/termination-log"' container long /inside seq to /dev/termination-log output 5000 , sleep 0.1 , exit 1)" \
	"$(container stays /inside sleep)" >"$TMP/words.json"
launch words
ok "what a container writes into its message file is told" within 5 told words '"name":"main","state":{"terminated":{"exitCode":5,"reason":"Error","message":"out of ink"'
ok "else the last lines of one that failed" within 5 told words '"name":"quoted","state":{"terminated":{"exitCode":6,"reason":"Error","message":"first\\nlast\\n"'
ok "not of one that did not" within 5 told words '"name":"silent","state":{"terminated":{"exitCode":0,"reason":"Completed","startedAt"'
ok "of a long one the end" within 5 told words '"name":"long","state":{"terminated":{"exitCode":1,"reason":"Error","message":"[x\\n]\{4096,4200\}"'
ok "nothing is left of the files" test "$(find "$CPOD_STATE_DIR/pods/$POD-words/messages" -type f | wc -l)" -eq 0
ok "it ends" finish words

# ---- the deadline

TOP='"restartPolicy": "Always", "activeDeadlineSeconds": 1'
pod "$(container main /inside graceful /flags/late)" >"$TMP/late.json"
launch late
ok "a pod beyond its active deadline ends" within 8 ended late
ok "its container was asked to end" test -e "$flags/late"
wait "$(cat "$TMP/late.pid")"
ok "it has failed" test $? -eq 1
