# The demonstration, with shorter periods, read over HTTP: the health file of one container is removed
# and it fails for a while before it is terminal; that of the other, and it is terminal at once.
# where: host vm-long asan
# timeout: 60
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

port=$(free_port)

# The pod of examples/seeds/demo.json, probed every second instead of every two, with a threshold of
# 3 where 30 would take a minute.
sed 's/"periodSeconds": 2/"periodSeconds": 1/; s/"failureThreshold": 30/"failureThreshold": 3/' "$SRC/examples/seeds/demo.json" >"$TMP/demo.json"
sed -i "s|\"process\": {|\"process\": {\"env\": [\"PATH=/usr/bin:/bin\", \"CPOD_TEST=$CPOD_TEST\"],|" "$TMP/demo.json"

status_is () {
	get "$port" /status >"$TMP/status" || return 1
	grep -e "$1" "$TMP/status" || { cat "$TMP/status"; return 1; }
}

healthy_is () {
	[ "$(get "$port" /healthy)" = "{\"healthy\":$1}" ] || { get "$port" /healthy; return 1; }
}

# empty PATH: an answer without a body.
empty () {
	get "$port" "$1" >"$TMP/body" && [ ! -s "$TMP/body" ]
}

launch demo --port "$port"
ok "both containers become healthy" within 10 status_is '^\[{"Name":"main","States":\[0,1\],"LatestErrors":null,"Restarts":0},{"Name":"sidecar","States":\[0,1\],"LatestErrors":null,"Restarts":0}\]$'
ok "the pod is healthy" healthy_is true
ok "the root path answers with nothing" empty /
ok "the health file of main is removed from outside" inside demo main rm /tmp/health
ok "main fails, and is not yet terminal" within 5 status_is '"Name":"main","States":\[0,1,2\(,3\)*\]'
ok "after its threshold it is terminal" within 10 status_is '"Name":"main","States":\[0,1,2,3\]'
ok "its error is said once, in the seeds' words" status_is '"LatestErrors":\[{"Message":"liveness probe: exit status 1","Timestamp":"20[0-9T:.-]*Z"}\]'
ok "the pod is not healthy any more" healthy_is false
ok "the health file of the sidecar is removed" inside demo sidecar rm /tmp/health
ok "the sidecar is terminal at once" within 5 status_is '"Name":"sidecar","States":\[0,1,3\]'
ok "another path is not found" exits 44 get "$port" /other
ok "kill answers with nothing" empty /kill
ok "and ends the supervisor" within 5 ended demo
wait "$(cat "$TMP/demo.pid")"
ok "with exit status 1" test $? -eq 1
