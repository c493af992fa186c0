# The pods of examples/seeds, unchanged: both forms of the first example, and what health looks like
# over HTTP. Then the other examples that need nothing but this machine.
# where: host asan
# timeout: 90
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# begin NAME: runs examples/seeds/NAME.json with HTTP; the port goes to $TMP/NAME.port.
begin () {
	cp "$SRC/examples/seeds/$1.json" "$TMP/$1.json"
	port=$(($(free_port) + ports))
	ports=$((ports + 1))
	echo "$port" >"$TMP/$1.port"
	launch "$1" --port "$port"
}

# answers NAME PATH PATTERN
answers () {
	get "$(cat "$TMP/$1.port")" "$2" >"$TMP/answer" || return 1
	grep -e "$3" "$TMP/answer" || { cat "$TMP/answer" "$TMP/$1.err"; return 1; }
}

ports=0
main='{"Name":"main","States":\[0,1\],"LatestErrors":null,"Restarts":0}'
sidecar='{"Name":"sidecar","States":\[0,1\],"LatestErrors":null,"Restarts":0}'
for form in old new; do begin pod-$form-form; done
for form in old new; do
	ok "the $form form: the main containers wait for the init container" within 5 answers pod-$form-form /status \
		'^\[{"Name":"main","States":\[0\],"LatestErrors":null,"Restarts":0},{"Name":"sidecar","States":\[0\],.*\]$'
	ok "and count as healthy" answers pod-$form-form /healthy '^{"healthy":true}$'
done

for name in one-healthy two-healthy one-unhealthy; do begin $name; done
ok "one container is healthy" within 10 answers one-healthy /status "^\[$main\]\$"
ok "and so is the pod" answers one-healthy /healthy '^{"healthy":true}$'
ok "two containers are healthy" within 10 answers two-healthy /status "^\[$main,$sidecar\]\$"
ok "and so is the pod of two" answers two-healthy /healthy '^{"healthy":true}$'
ok "a container that never was well is terminal" within 10 answers one-unhealthy /status \
	'^\[{"Name":"main","States":\[0,1,3\],"LatestErrors":\[{"Message":"liveness probe: exit status 1","Timestamp":"[^"]*Z"}\],"Restarts":0}\]$'
ok "and so the pod is not healthy" answers one-unhealthy /healthy '^{"healthy":false}$'

for form in old new; do
	ok "the $form form: after ten seconds both containers are healthy" within 15 answers pod-$form-form /status "^\[$main,$sidecar\]\$"
done
sleep 3    # three attempts of a second each must change nothing
for form in old new; do
	ok "the $form form: and they stay so" answers pod-$form-form /status "^\[$main,$sidecar\]\$"
done
for name in pod-old-form pod-new-form one-healthy two-healthy one-unhealthy; do
	ok "$name ends" finish $name
done

for example in hello expose hardened host-network; do
	cp "$SRC/examples/$example.yaml" "$TMP/$example.yaml"
	ok "examples/$example.yaml runs" start $example
	ok "and ends" finish $example
done
