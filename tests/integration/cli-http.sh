# The HTTP interface of a running pod: answers, refusals, the port, the end.
# where: host vm asan
# timeout: 60
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

port=$(free_port)

# answer PATH [OPTION OF wget]...: the status of the answer and its body, "200 BODY".
answer () {
	answer_path=$1
	shift
	: >"$TMP/body"
	wget -S -T 5 -O "$TMP/body" "$@" "http://127.0.0.1:$port$answer_path" >"$TMP/wget" 2>&1
	printf '%s %s\n' "$(sed -n 's|.*HTTP/1.[01] \([0-9][0-9][0-9]\).*|\1|p' "$TMP/wget" | tail -n 1)" "$(cat "$TMP/body")"
}

# gives ANSWER PATH [OPTION]...
gives () {
	gives_want=$1
	shift
	gives_got=$(answer "$@")
	[ "$gives_got" = "$gives_want" ] || { echo "$gives_got"; cat "$TMP/wget"; return 1; }
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
ok "the end of the init container" "$CPOD" kill -s TERM "$POD-p" prepare
has_ended () {
	answer /status | grep '^200 \[{"Name":"main","States":\[0\(,1\)*,4\],"LatestErrors":null,"Restarts":0},{"Name":"x","States":\[0\(,1\)*,5\],"LatestErrors":\[{"Message":"exit status 7","Timestamp":"20[0-9-]*T[0-9:.]*Z"}\],"Restarts":0}\]$'
}
ok "the end of both containers can be read" within 10 has_ended
ok "the pod is unhealthy then" gives '200 {"healthy":false}' /healthy
ok "the answer is JSON by its type" grep -qi 'content-type: application/json' "$TMP/wget"
ok "the root answers with nothing" gives '200 ' /
ok "POST answers like GET" gives '200 {"healthy":false}' /healthy --post-data x=1
ok "a query changes nothing" gives '200 {"healthy":false}' '/healthy?x=1'
for path in /other /status/ /statuss '/status%00' '/kill%00' /%73tatus; do
	ok "$path is not found" gives '404 ' "$path"
done
for host in evil.example "evil.example:$port" localhost:1 127.0.0.1.evil.example; do
	ok "the host $host is refused" gives '403 ' /kill --header "Host: $host"
done
ok "localhost is not" gives '200 {"healthy":false}' /healthy --header "Host: localhost:$port"
for origin in http://evil.example null "https://127.0.0.1:$port" http://127.0.0.1:1; do
	ok "the origin $origin is refused" gives '403 ' /kill --header "Origin: $origin"
done
ok "the same origin is not" gives '200 {"healthy":false}' /healthy --header "Origin: http://127.0.0.1:$port"
for site in cross-site same-site; do
	ok "a browser's $site request is refused" gives '403 ' /kill --header "Sec-Fetch-Site: $site"
done
ok "header fields that are too long are refused" gives '431 ' / --header "X: $(awk 'BEGIN { for (i = 0; i < 20000; i++) printf "a" }')"
if grep -q ' lo$' /proc/net/if_inet6 2>/dev/null; then
	ok "the other loopback answers too" wget -q -T 5 -O - "http://[::1]:$port/healthy"
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
ok "kill answers with nothing" gives '200 ' /kill --post-data ''
got=0
wait "$(cat "$TMP/q.pid")" || got=$?
ok "and ends the supervisor with 1" test "$got" -eq 1
