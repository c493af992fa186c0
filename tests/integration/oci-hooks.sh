# Hooks of all six kinds: when they run, in which namespaces, what they read, what becomes of a failure or a timeout.
# where: host asan
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/bundle.sh"
A=$POD-a
LOG=$TMP/hooks.log
mkdir -p "$BUNDLE/rootfs/host"
# namespace PID NAME: its number, which stands so in the notes.
namespace () {
	readlink "/proc/$1/ns/$2" | tr -dc 0-9
}
host="net=$(namespace self net) mnt=$(namespace self mnt)"

# hook KIND [MORE]: one that notes in $LOG its kind, namespaces, directory, and the state that it reads.
hook () {
	cat >"$TMP/$1.sh" <<-HOOK
	echo "$1 net=\$(readlink /proc/self/ns/net | tr -dc 0-9) mnt=\$(readlink /proc/self/ns/mnt | tr -dc 0-9) dir=\$(pwd) env=\$VARIABLE arg=\$1" >>"$LOG"
	cat >"$TMP/$1.state"
	HOOK
	printf '"%s": [{"path": "/bin/sh", "args": ["sh", "%s", "word"], "env": ["PATH=/usr/bin:/bin", "VARIABLE=%s"]%s}]' "$1" "$TMP/$1.sh" "$1" "${2:-}"
}

# simple KIND SCRIPT [MORE]: one that runs a line of shell.
simple () {
	printf '"%s": [{"path": "/bin/sh", "args": ["sh", "-c", "%s"], "env": ["PATH=/usr/bin:/bin"]%s}]' "$1" "$2" "${3:-}"
}

noted () {
	grep -q -e "$1" "$LOG" || { cat "$LOG"; return 1; }
}

state_of () {
	grep -q -e "$2" "$TMP/$1.state" || { cat "$TMP/$1.state"; return 1; }
}

START='"startContainer": [{"path": "/inside", "args": ["inside", "to", "/work/start", "cat"], "timeout": 10}]'
TOP="\"hooks\": {$(hook prestart), $(hook createRuntime), $(hook createContainer ', "timeout": 10'), $START, $(hook poststart), $(hook poststop)}, \"annotations\": {\"a\": \"b\"}, "
config /inside to /work/started sleep
rm -f "$LOG" "$BUNDLE/rootfs/work/start"
ok "a container with hooks is created" oci create -b "$BUNDLE" "$A"
pid=$(pid_of "$A")
sed 's/ .*//' "$LOG" >"$TMP/order"
printf 'prestart\ncreateRuntime\ncreateContainer\n' >"$TMP/wanted"
ok "those of the creation have run, in order" same "$TMP/order" "$TMP/wanted"
ok "those of the start have not" test ! -e "$BUNDLE/rootfs/work/start"
ok "prestart ran in the runtime's namespaces" noted "^prestart $host "
ok "createRuntime as well" noted "^createRuntime $host "
ok "createContainer ran in the container's" noted "^createContainer net=$(namespace "$pid" net) mnt=$(namespace "$pid" mnt) "
ok "hooks of the runtime are in the bundle's directory" noted "^createRuntime .*dir=$BUNDLE "
ok "a hook has its environment and its arguments" noted '^createRuntime .*env=createRuntime arg=word$'
ok "prestart reads the state, as creating" state_of prestart "\"id\":\"$A\",\"pid\":$pid,\"status\":\"creating\",\"bundle\":\"$BUNDLE\""
ok "with the annotations" state_of createRuntime '"annotations":{"a":"b"}'
ok "createContainer reads the pid as the container sees it" state_of createContainer '"pid":1,"status":"creating"'
ok "it is started" oci start "$A"
cp "$BUNDLE/rootfs/work/start" "$TMP/startContainer.state"
ok "startContainer ran in the container's root and reads the state, as created" state_of startContainer '"pid":1,"status":"created"'
ok "poststart ran in the runtime's namespaces" noted "^poststart $host "
ok "and reads it as running" state_of poststart "\"pid\":$pid,\"status\":\"running\""
ok "poststop has not run" test ! -e "$TMP/poststop.state"
oci delete -f "$A"
ok "poststop ran when it was deleted" noted "^poststop $host "
ok "and reads the state as stopped, without a pid" state_of poststop '"id":"[^"]*","status":"stopped"'
ok "nothing is left of it" gone "$A"
rm -f "$LOG"
ok "run has hooks as well" oci run --detach -b "$BUNDLE" "$A"
sed 's/ .*//' "$LOG" >"$TMP/order"
printf 'prestart\ncreateRuntime\ncreateContainer\npoststart\n' >"$TMP/wanted"
ok "in the same order" same "$TMP/order" "$TMP/wanted"
oci delete -f "$A"

# ---- failures ----

for kind in prestart createRuntime createContainer; do
	TOP="\"hooks\": {$(simple $kind 'exit 3'), $(hook poststop)}, "
	config /inside sleep
	rm -f "$LOG"
	ok "a $kind hook that fails is an error with its status" fails "hooks.$kind\[0\]: the hook /bin/sh: it ended with status 3" oci create -b "$BUNDLE" "$A"
	ok "after $kind failed poststop runs" noted '^poststop '
	ok "nothing is left after $kind failed" gone "$A"
	TOP="\"hooks\": {$(simple $kind 'kill -9 $$')}, "
	config /inside sleep
	ok "a $kind hook that is killed as well" fails "hooks.$kind\[0\]: .*ended by signal 9" oci create -b "$BUNDLE" "$A"
	TOP="\"hooks\": {$(simple $kind 'sleep 1000' ', "timeout": 1')}, "
	config /inside sleep
	ok "a $kind hook that takes too long is ended" fails "hooks.$kind\[0\]: .*it took " oci create -b "$BUNDLE" "$A"
	ok "nothing is left after $kind took too long" gone "$A"
	TOP="\"hooks\": {\"$kind\": [{\"path\": \"/not/there\"}]}, "
	config /inside sleep
	ok "a $kind hook that is missing is an error" fails "hooks.$kind\[0\]: the hook /not/there: .*No such file" oci create -b "$BUNDLE" "$A"
	TOP="\"hooks\": {$(simple $kind 'exec 0<&-; exit 0')}, "
	config /inside
	ok "a $kind hook that reads nothing is fine" oci run -b "$BUNDLE" "$A"
done
TOP='"hooks": {"startContainer": [{"path": "/inside", "args": ["inside", "exit", "3"]}]}, '
config /inside sleep
oci create -b "$BUNDLE" "$A" </dev/null
ok "a startContainer hook that fails fails the start" fails "hooks.startContainer\[0\]: the hook /inside: it ended with status 3" oci start "$A"
ok "and the container is stopped" within 10 is_status stopped "$A"
oci delete "$A"
TOP="\"hooks\": {$(simple poststart 'exit 3')}, "
config /inside sleep
oci create -b "$BUNDLE" "$A" </dev/null
ok "a poststart hook that fails fails the start" fails "hooks.poststart\[0\]: .*status 3" oci start "$A"
ok "and the container is stopped by that" within 10 is_status stopped "$A"
oci delete "$A"
TOP="\"hooks\": {\"poststop\": [{\"path\": \"/bin/false\"}, {\"path\": \"/bin/sh\", \"args\": [\"sh\", \"$TMP/poststop.sh\"], \"env\": [\"PATH=/bin:/usr/bin\"]}]}, "
config /inside sleep
oci create -b "$BUNDLE" "$A" </dev/null
rm -f "$LOG"
ok "a poststop hook that fails is a warning" prints 'warning: hooks.poststop\[0\]: .*status 1' oci delete -f "$A"
ok "and the next one runs all the same" noted '^poststop '
ok "nothing is left after that" gone "$A"

# ---- what a hook may do ----

TOP="\"hooks\": {$(simple createRuntime "$CPOD_OCI --root $TMP/oci state $A >$TMP/state")}, "
config /inside
ok "a hook may look at the container" oci run -b "$BUNDLE" "$A"
ok "and sees it as creating" grep -q '"status": "creating"' "$TMP/state"
awk 'BEGIN { while (i++ < 20000) x = x "0123456789"; print x }' >"$TMP/long"
TOP="\"hooks\": {$(simple createRuntime 'exit 0'), $(simple createContainer 'exit 0')}, \"annotations\": {\"long\": \"$(cat "$TMP/long")\"}, "
config /inside
ok "a hook that does not read a long state blocks nobody" oci run -b "$BUNDLE" "$A"
TOP="\"hooks\": {$(simple createContainer "echo made >$BUNDLE/rootfs/work/made")}, "
config /inside cat /work/made
ok "what createContainer makes in the root is there" prints '^made$' oci run -b "$BUNDLE" "$A"
