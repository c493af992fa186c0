# Programs with a terminal of the container's own: what they see, keys and sizes, and that the user's terminal
# is what it was afterwards, whatever happens.
# where: host vm-long asan
# timeout: 90
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# drives LINE... -- PROGRAM...: the program does on a terminal what the script of these lines says.
drives () {
	: >"$TMP/script"
	while [ "$1" != -- ]; do
		printf '%s\n' "$1" >>"$TMP/script"
		shift
	done
	shift
	"$INSIDE" drive "$TMP/script" "$@"
}

# stay CONTAINER: how `exec -it` is called most here.
stay=/inside\ terminal\ stay

user=$(PROCESS='"user": {"uid": 1000, "gid": 1000}' && container user /inside sleep)
masked=$(SPEC='"linux": {"maskedPaths": ["/dev/pts"]}' && container masked /inside sleep)
tracer=$(PROCESS='"noNewPrivileges": false, "capabilities": {"bounding": ["CAP_SYS_PTRACE"], "effective": ["CAP_SYS_PTRACE"], "permitted": ["CAP_SYS_PTRACE"]}' &&
	container tracer /inside sleep)
pod "$(container main /inside sleep)" "$user" "$masked" "$tracer" >"$TMP/p.json"
launch p
ok "a pod runs" within 10 running p

exec_it () {
	"$CPOD" exec -it "$POD-p" "$@"
}
plain () {
	"$CPOD" exec -t "$POD-p" "$@" >"$TMP/plain.out" 2>&1 </dev/null
}

ok "the program has a terminal of its own container's" plain main -- /inside terminal
ok "which has a name there" grep -q '^terminal /dev/pts/[0-9]* ' "$TMP/plain.out"
ok "leads a session, in the foreground of its controlling terminal" grep -q 'leader=1 foreground=1 controlling=1' "$TMP/plain.out"
ok "every line of it ends as a terminal's does" grep -q "controlling=1$(printf '\r')\$" "$TMP/plain.out"
TERM=strange && export TERM
ok "a program knows the user's kind of terminal" plain main -- /inside terminal
ok "by TERM" grep -q 'TERM=strange' "$TMP/plain.out"
unset TERM
ok "an ordinary user's terminal is that user's" plain user -- /inside terminal
ok "who can open it by its name" grep -q 'terminal /dev/pts/.*controlling=1' "$TMP/plain.out"
ok "a program that may trace has one too" plain tracer -- /inside terminal
ok "and leads its session" grep -q 'leader=1 foreground=1 controlling=1' "$TMP/plain.out"
ok "without a devpts there is none" exits 125 plain masked -- /inside terminal
ok "which is said" grep -q 'make a terminal in the container.s /dev/pts: open: No such file' "$TMP/plain.out"
ok "a program that is not there is still not found" exits 127 plain main -- /nothing
ok "the exit status is the program's" exits 7 plain main -- /inside exit 7
ok "of one that a signal ended as well" exits 137 plain main -- /inside signal 9

ok "the window's size is passed on, and each change of it" drives 'size 30 90' 'expect size 30x90' 'size 41 123' \
	'expect resized 41x123' 'send exit 3\r' 'ends 3' 'mode same' -- "$CPOD" exec -it "$POD-p" main -- $stay
ok "keys reach the program as they are typed, and the mode is the old one afterwards" drives 'mode same' 'expect size' \
	'mode raw' 'send hello\r' 'expect read hello' 'send exit 5\r' 'ends 5' 'mode same' -- "$CPOD" exec -it "$POD-p" main -- $stay
ok "Ctrl-C interrupts the program, not cpod" drives 'expect size' 'send \x03' 'ends 130' 'mode same' -- \
	"$CPOD" exec -it "$POD-p" main -- $stay
ok "Ctrl-D is the end of its input" drives 'expect size' 'send \x04' 'expect end of input' 'ends 0' 'mode same' -- \
	"$CPOD" exec -it "$POD-p" main -- $stay
ok "SIGTERM to cpod ends the program and restores the mode" drives 'mode raw' 'expect size' 'signal 15' 'ends 143' 'mode same' -- \
	"$CPOD" exec -it "$POD-p" main -- $stay
ok "so does SIGHUP" drives 'mode raw' 'expect size' 'signal 1' 'ends 129' 'mode same' -- "$CPOD" exec -it "$POD-p" main -- $stay
ok "SIGKILL to cpod restores the mode too" drives 'mode raw' 'expect size' 'signal 9' 'ends 137' 'mode same' -- \
	"$CPOD" exec -it "$POD-p" main -- $stay
ok "one that is stopped gives the mode back, and takes it again" drives 'mode raw' 'expect size' 'signal 20 stopped' \
	'mode same' 'signal 18 running' 'mode raw' 'send exit 4\r' 'ends 4' 'mode same' -- "$CPOD" exec -it "$POD-p" main -- $stay
ok "a program that cannot be run leaves the mode alone" drives 'ends 127' 'mode same' -- "$CPOD" exec -it "$POD-p" main -- /nothing
ok "without -i keys are nobody's" drives 'expect size' 'mode same' 'signal 15' 'ends 143' 'mode same' -- \
	"$CPOD" exec -t "$POD-p" main -- $stay

nobody_stays () {
	"$CPOD" exec "$POD-p" main -- /inside ls /proc | grep -c '^[0-9]*$' >"$TMP/n"
	[ "$(cat "$TMP/n")" -eq 2 ] || { cat "$TMP/n"; return 1; }
}
ok "nothing that was executed lives on" within 5 nobody_stays

piped () {
	printf 'one\ntwo' | exec_it main -- /inside terminal stay >"$TMP/piped" 2>&1 || return 1
	grep -q 'read one' "$TMP/piped" && grep -q 'read two' "$TMP/piped" && grep -q 'end of input' "$TMP/piped"
}
ok "input from a pipe reaches the program, and its end" piped
ok "closed input is an end too" drives 'expect end of input' 'ends 0' 'mode same' -- sh -c "exec $CPOD exec -it $POD-p main -- $stay <&-"

much () {
	"$CPOD" exec -t "$POD-p" main -- /inside output 1000000 >"$TMP/much" || return 1
	tr -d '\r' <"$TMP/much" | wc -c
}
ok "output goes on to its last byte" prints '^1000000$' much

"$CPOD" run --runtime shellout --name "$POD-s" "$SRC/examples/hello.yaml" >"$TMP/s.out" 2>"$TMP/s.err" &
echo $! >"$TMP/s.pid"
ok "a pod of another runtime runs" within 10 running s
ok "which has no terminals, and says so" prints 'the runtime shellout gives programs no terminal' "$CPOD" exec -t "$POD-s" greeter -- true
ok "it ends" finish s
ok "the pod ends" finish p
