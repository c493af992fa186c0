# The HTTP interface of a running pod: answers, refusals, the port, the end.
# where: host asan
# timeout: 60
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

port=$(free_port)

# answer PATH [METHOD [LINE...]]: the status of the answer and its body, "200 BODY". Without lines there is a Host.
answer () {
	answer_line="${2:-GET} $1 HTTP/1.1"
	[ $# -lt 2 ] && shift || shift 2
	[ $# -gt 0 ] || set -- "Host: 127.0.0.1:$port"
	timeout 10 "$INSIDE" request "$port" "$answer_line" "Connection: close" "$@" >"$TMP/answer" || return 1
	tr -d '\r' <"$TMP/answer" | awk 'NR == 1 { status = $2 } body { text = text $0 } $0 == "" { body = 1 } END { print status " " text }'
}

# gives ANSWER PATH [METHOD [LINE...]]
gives () {
	gives_want=$1
	shift
	gives_got=$(answer "$@")
	[ "$gives_got" = "$gives_want" ] || { echo "$gives_got"; return 1; }
}

# says STATUS WORDS COMMAND...
says () {
	want=$1 words=$2
	shift 2
	got=0
	"$@" >"$TMP/said" 2>&1 || got=$?
	cat "$TMP/said"
	[ "$got" -eq "$want" ] || { echo "exit status $got, wanted $want"; return 1; }
	grep -e "$words" "$TMP/said" >/dev/null
}

INIT=$(container prepare /inside graceful /tmp/ended) pod "$(container main /inside exit 0)" "$(container x /inside exit 7)" >"$TMP/p.json"
launch p --port "$port"
ok "the port answers while an init container runs" within 10 gives '200 [{"Name":"main","States":[0],"LatestErrors":null,"Restarts":0},{"Name":"x","States":[0],"LatestErrors":null,"Restarts":0}]' /status
ok "the pod is healthy then" gives '200 {"healthy":true}' /healthy
# The init container may not have its handler yet: it is told again.
tell () {
	"$CPOD" kill -s TERM "$POD-p" prepare
	has_ended
}
has_ended () {
	answer /status | grep '^200 \[{"Name":"main","States":\[0\(,1\)*,4\],"LatestErrors":null,"Restarts":0},{"Name":"x","States":\[0\(,1\)*,5\],"LatestErrors":\[{"Message":"exit status 7","Timestamp":"20[0-9-]*T[0-9:.]*Z"}\],"Restarts":0}\]$'
}
ok "the end of both containers can be read" within 10 tell
ok "the pod is unhealthy then" gives '200 {"healthy":false}' /healthy
ok "the answer is JSON by its type" grep -qi 'content-type: application/json' "$TMP/answer"
ok "the root answers with nothing" gives '200 ' /
ok "POST answers like GET" gives '200 {"healthy":false}' /healthy POST
ok "a query changes nothing" gives '200 {"healthy":false}' '/healthy?x=1'
ok "another method is not allowed" gives '405 ' /status DELETE
ok "the methods that are, are named" grep '^Allow: GET, HEAD, POST' "$TMP/answer"
ok "the root takes any method" gives '200 ' / PUT
ok "HTTP 1.1 without a host is refused" prints '^HTTP/1.[01] 400' "$INSIDE" request "$port" "GET /status HTTP/1.1" "Connection: close"
ok "what is no HTTP is not answered with a status of the pod" no prints '200 OK' "$INSIDE" request "$port" "status please"
for path in /other /status/ /statuss '/status%00' '/kill%00' /%73tatus; do
	ok "$path is not found" gives '404 ' "$path"
done
for host in evil.example "evil.example:$port" localhost:1 127.0.0.1.evil.example; do
	ok "the host $host is refused" gives '403 ' /kill GET "Host: $host"
done
ok "localhost is not" gives '200 {"healthy":false}' /healthy GET "Host: localhost:$port"
for origin in http://evil.example null "https://127.0.0.1:$port" http://127.0.0.1:1; do
	ok "the origin $origin is refused" gives '403 ' /kill POST "Host: 127.0.0.1:$port" "Origin: $origin"
done
ok "the same origin is not" gives '200 {"healthy":false}' /healthy GET "Host: 127.0.0.1:$port" "Origin: http://127.0.0.1:$port"
for site in cross-site same-site; do
	ok "a browser's $site request is refused" gives '403 ' /kill POST "Host: 127.0.0.1:$port" "Sec-Fetch-Site: $site"
done
# The answer (431) may get lost: the connection is closed while the client still sends.
too_long () {
	"$INSIDE" request "$port" "GET /status HTTP/1.1" "Host: 127.0.0.1:$port" "X: $(awk 'BEGIN { for (i = 0; i < 20000; i++) printf "a" }')"
}
ok "header fields that are too long are refused" no prints '200 OK' too_long
if grep -q ' lo$' /proc/net/if_inet6 2>/dev/null; then
	ok "the other loopback answers too" prints '^HTTP/1.1 200' "$INSIDE" request "6:$port" "GET /healthy HTTP/1.1" "Host: [::1]:$port" "Connection: close"
else
	skip "the other loopback answers too" "IPv6"
fi
ok "nobody else is served: only the loopback is bound" no grep -qi "00000000:$(printf %04X "$port") " /proc/net/tcp
ok "the port is taken" says 125 "listen on 127.0.0.1 port $port: Address already in use" "$CPOD" run --name "$POD-second" --port "$port" "$TMP/p.json"
ok "which leaves nothing" test "$(ls -A "$CPOD_STATE_DIR/pods")" = "$POD-p"
ok "the supervisor stays after the containers' end" no ended p
kill -TERM "$(cat "$TMP/p.pid")"
got=0
wait "$(cat "$TMP/p.pid")" || got=$?
ok "until a signal ends it, with 0" test "$got" -eq 0

pod "$(container main /inside sleep)" >"$TMP/q.json"
launch q --port "127.0.0.1:$port" --no-http-kill
ok "a pod on one address" within 10 gives '200 {"healthy":true}' /healthy
ok "kill can be switched off" gives '404 ' /kill
ok "the pod runs on" running q
ok "it ends" finish q

launch q --port "$port"
ok "a pod runs" within 10 gives '200 {"healthy":true}' /healthy
ok "two hundred who do not finish what they ask" "$INSIDE" crowd "$port" 200
ok "keep nobody from an answer" gives '200 {"healthy":true}' /healthy
ok "kill answers with nothing" gives '200 ' /kill POST
got=0
wait "$(cat "$TMP/q.pid")" || got=$?
ok "and ends the supervisor with 1" test "$got" -eq 1
