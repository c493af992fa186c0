# A container that may trace takes hold of every command as soon as it appears.
# where: host vm
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

TRACER='"capabilities": {"bounding": ["CAP_SYS_PTRACE"], "permitted": ["CAP_SYS_PTRACE"], "effective": ["CAP_SYS_PTRACE"]}'

# commands NAME: starts commands in the container until it is over; those held may fail.
commands () {
	while "$CPOD" exec "$POD-$1" main -- /inside exit 0 || ! ended "$1"; do
		:
	done
}

# caught NAME: the container has held as many commands as it wanted, and each was confined.
caught () {
	within 10 ended "$1"
	cat "$TMP/$1.out" "$TMP/$1.err"
	grep -q "main exited with status 0$" "$TMP/$1.out" "$TMP/$1.err"
}

for privileges in true false; do
	name=new-$privileges
	PROCESS="$TRACER, \"noNewPrivileges\": $privileges"
	pod "$(container main /inside catch 20)" >"$TMP/$name.json"
	unset PROCESS
	ok "a container that may trace runs (noNewPrivileges $privileges)" start "$name" --logs
	commands "$name" >"$TMP/commands" 2>&1 &
	ok "no command is ever seen with more than the container's own rights" caught "$name"
	wait $!
done

# ---- the first process of a container that joins the tracer's PID namespace ----

PROCESS="$TRACER, \"noNewPrivileges\": false"
pod "$(container main /inside catch 5)" >"$TMP/tracer.json"
unset PROCESS
ok "a container that may trace runs" start tracer --logs
tracer=
for pid in $(marked); do
	tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q '^/inside catch 5' && tracer=$pid
done
PROCESS='"noNewPrivileges": false, "capabilities": {}'
SPEC="\"mounts\": [{\"destination\": \"/proc\", \"type\": \"tmpfs\"}],
	\"linux\": {\"namespaces\": [{\"type\": \"mount\"}, {\"type\": \"pid\", \"path\": \"/proc/$tracer/ns/pid\"}]}"
pod "$(container main /inside exit 0)" >"$TMP/newcomer.json"
unset SPEC PROCESS

# newcomers: starts containers in the tracer's PID namespace until it is over; those held may fail.
newcomers () {
	until ended tracer; do "$CPOD" run --name "$POD-newcomer" "$TMP/newcomer.json"; done
}
newcomers >"$TMP/newcomers" 2>&1 &
ok "no container's first process is seen there before it is confined" caught tracer
wait $! || true   # the last one may have come too late

# ---- a container that joins another's PID namespace, and may trace ----

# Linux 6.17 can make the procfs by which it sees whom it holds.
if [ "$(uname -r | awk -F. '{ print $1 * 100 + $2 }')" -lt 617 ]; then
	skip "no command is seen from beside with more than its container's own rights" "Linux 6.17"
else
	pod "$(container main /inside sleep)" >"$TMP/beside.json"
	ok "a container that may not trace runs" start beside
	beside=
	for pid in $(marked); do
		tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q '^/inside sleep' && beside=$pid
	done
	PROCESS=$TRACER
	SPEC="\"linux\": {\"namespaces\": [{\"type\": \"mount\"}, {\"type\": \"pid\", \"path\": \"/proc/$beside/ns/pid\"}]}"
	pod "$(container main /inside catch 20)" >"$TMP/watcher.json"
	unset SPEC PROCESS
	ok "one that may trace joins its PID namespace" start watcher --logs
	watched () {
		until ended watcher; do "$CPOD" exec "$POD-beside" main -- /inside exit 0; done
	}
	watched >"$TMP/commands" 2>&1 &
	ok "no command is seen from beside with more than its container's own rights" caught watcher
	wait $! || true
	ok "the pod ends" finish beside
fi
