# Probes over the network: from within the pod's network, with nothing in the image but the server.
# where: host vm-long asan
# timeout: 90
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

mkdir -m 777 "$TMP/root/flags"
flags=$TMP/root/flags

# fast HANDLER: the inside of a probe that is asked four times a second.
fast () { printf '{%s, "periodMilliseconds": 250, "timeoutMilliseconds": 5000, "failureThreshold": 1}' "$1"; }

# shows NAME PATTERN: whether the pod's status has a match.
shows () { status "$1" | grep -e "$2" >/dev/null || { status "$1"; return 1; }; }

# ---- httpGet and tcpSocket in one pod, the port by its name

MORE="\"ports\": [{\"name\": \"web\", \"containerPort\": 8080}],
	\"readinessProbe\": $(fast '"httpGet": {"port": "web", "path": "/ready?a=b", "httpHeaders": [{"name": "X-Test", "value": "1"}]}')"
server=$(container server /inside serve 8080 /flags/ready)
MORE='"livenessProbe": {"tcpSocket": {"port": 8080}, "periodMilliseconds": 250, "failureThreshold": 40}'
beside=$(container beside /inside sleep)
pod "$server" "$beside" >"$TMP/web.json"
ok "a pod whose server is asked over HTTP and TCP runs" start web --logs
ok "while the server answers 503 its container is not ready" within 10 shows web 'HTTP status 503'
ok "a connection is all that tcpSocket wants" within 10 state web beside healthy
: >"$flags/ready"
ok "with 200 it is" within 10 state web server healthy
ok "the server saw the path that was asked for" within 10 grep -F 'GET /ready?a=b HTTP/1.1' "$TMP/web.out"
ok "what it answered is in the status" within 10 shows web 'hello'
rm "$flags/ready"
ok "and with 503 not any more" within 10 shows web '"ready": false'
ok "nobody listens there on the host" sh -c '! timeout 5 "$0" connect 8080' "$INSIDE"
ok "the pod is stopped" finish web

# ---- The host's network

port=$(free_port)
: >"$flags/ready"
TOP='"hostNetwork": true'
MORE="\"startupProbe\": {\"httpGet\": {\"port\": $port}, \"periodMilliseconds\": 100, \"failureThreshold\": 200}"
pod "$(container main /inside serve "$port" /flags/ready)" >"$TMP/host.json"
ok "a server in the host's network runs" start host
ok "and is asked there" within 10 state host main healthy
ok "until it is stopped" finish host

# ---- TLS, with a certificate that nobody vouches for

if [ "$PLACE" = host ] && command -v openssl >/dev/null; then
	port=$(free_port)
	openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=nobody -keyout "$TMP/key" -out "$TMP/cert" 2>/dev/null
	openssl s_server -quiet -accept "127.0.0.1:$port" -www -key "$TMP/key" -cert "$TMP/cert" >/dev/null 2>&1 &
	tls=$!
	TOP='"hostNetwork": true'
	MORE="\"startupProbe\": {\"httpGet\": {\"port\": $port, \"scheme\": \"HTTPS\"}, \"periodMilliseconds\": 100,
		\"timeoutMilliseconds\": 5000, \"failureThreshold\": 200}"
	pod "$(container main /inside sleep)" >"$TMP/tls.json"
	ok "a pod asks a server over TLS" start tls
	ok "whose certificate is not looked at" within 10 state tls main healthy
	ok "the pod is stopped" finish tls
	kill "$tls"
	wait "$tls" 2>/dev/null || true
fi

# ---- Nobody there; a hook; what does not speak gRPC

MORE="\"livenessProbe\": $(fast '"httpGet": {"port": 1}'), \"readinessProbe\": $(fast '"tcpSocket": {"port": 2}'),
	\"startupProbe\": {\"tcpSocket\": {\"port\": 8080}, \"periodMilliseconds\": 50, \"failureThreshold\": 100}"
pod "$(container main /inside serve 8080 /nowhere)" >"$TMP/nobody.json"
ok "a pod with probes that nobody answers runs" start nobody
ok "a refused connection is a failure of httpGet" within 10 shows nobody 'liveness probe: .*onnect'
ok "and of tcpSocket" within 10 shows nobody 'readiness probe: connect to 127.0.0.1:2: Connection refused'
ok "that pod is stopped" finish nobody
MORE="\"livenessProbe\": $(fast '"grpc": {"port": 8080, "service": "a"}')"
pod "$(container main /inside serve 8080 /nowhere)" >"$TMP/grpc.json"
ok "a server that speaks no gRPC runs" start grpc
ok "which its probe says" within 10 shows grpc 'liveness probe: '
ok "and it is unhealthy" within 10 state grpc main terminal
ok "and stopped" finish grpc
TOP='"restartPolicy": "Never", "terminationGracePeriodSeconds": 5'
MORE='"lifecycle": {"preStop": {"httpGet": {"port": 8080, "path": "/bye"}}}'
pod "$(container main /inside serve 8080 /nowhere)" >"$TMP/hook.json"
ok "a server with a preStop hook over HTTP runs" start hook --logs
ok "is stopped" finish hook
ok "and heard it before" grep -F 'GET /bye HTTP/1.1' "$TMP/hook.out"

# ---- Bad input

# refused NAME PATTERN: `cpod check` says so, with exit status 2.
refused () {
	"$CPOD" check "$TMP/$1.json" >"$TMP/.check" 2>&1 && return 1
	[ $? -eq 2 ] && grep -e "$2" "$TMP/.check" >/dev/null || { cat "$TMP/.check"; return 1; }
}
MORE='"livenessProbe": {"httpGet": {"port": "web"}}'
pod "$(container main /inside sleep)" >"$TMP/name.json"
ok "a name that no port has is refused" refused name 'containers\[0\].livenessProbe: no port of the container is named "web"'
MORE='"livenessProbe": {"httpGet": {"port": 70000}}'
pod "$(container main /inside sleep)" >"$TMP/number.json"
ok "so is a port that there is not" refused number 'livenessProbe.httpGet.port: must be between 1 and 65535'
MORE='"livenessProbe": {"httpGet": {"port": 80, "paht": "/"}}'
pod "$(container main /inside sleep)" >"$TMP/field.json"
ok "and a field that there is not" refused field 'did you mean "path"'
