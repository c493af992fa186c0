# Terminals of containers without a pod: sent to an engine's socket, or used by whoever waits.
# where: host vm-long asan
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/bundle.sh"
A=$POD-a

# console INPUT: an engine in the background that takes the next terminal and types INPUT.
console () {
	rm -f "$TMP/console" "$TMP/console.status"
	("$INSIDE" console "$TMP/console" "$1" >"$TMP/console.out" 2>&1; echo $? >"$TMP/console.status") &
	within 10 test -S "$TMP/console"
}

# wrote PATTERN: the engine's terminal ends, and what came out matches.
wrote () {
	within 10 test -s "$TMP/console.status" || return 1
	grep -a -e "$1" "$TMP/console.out" || { cat "$TMP/console.out"; return 1; }
}

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

# ---- create ----

TERMINAL=true PROCESS=', "consoleSize": {"height": 33, "width": 77}' USER_OBJECT='{"uid": 1000, "gid": 1000}'
config /inside terminal stay
ok "a terminal needs a socket" fails 'process.terminal: needs a socket' oci create -b "$BUNDLE" "$A"
ok "which must be there" fails 'console-socket.*No such file' oci create -b "$BUNDLE" --console-socket "$TMP/nowhere" "$A"
ok "nothing is left of that" gone "$A"
console "exit 7"
ok "a container with a terminal is created" oci create -b "$BUNDLE" --console-socket "$TMP/console" "$A" </dev/null
pid=$(pid_of "$A")
ok "its three descriptors are one terminal of its own" sh -c 'for i in 0 1 2; do [ "$(readlink /proc/$0/fd/$i)" = /dev/pts/0 ] || exit 1; done' "$pid"
ok "/dev/console is that terminal" sh -c '[ "$(stat -c %t:%T /proc/$0/root/dev/console)" = 88:0 ]' "$pid"
ok "it is the user's" sh -c '[ "$(stat -c %u /proc/$0/root/dev/pts/0)" -eq 1000 ]' "$pid"
ok "it is the controlling terminal" sh -c '[ "$(sed "s/.*) //" /proc/$0/stat | cut -d " " -f 5)" -eq 34816 ]' "$pid"
oci start "$A"
ok "what is typed is read, and what is written comes out" wrote 'exit 7'
ok "the terminal had the size that was asked for" wrote '^size 33x77'
ok "it ends" within 10 is_status stopped "$A"
oci delete "$A"

config /inside
ok "a socket without a terminal is an error" fails 'process.terminal is not true' oci create -b "$BUNDLE" --console-socket "$TMP/console" "$A"

# ---- whoever waits ----

TERMINAL=true
config /inside terminal stay
ok "run gives the program the user's terminal" drives 'size 30 90' 'expect size 30x90' 'send exit 5\r' 'ends 5' -- "$CPOD_OCI" --root "$TMP/oci" run -b "$BUNDLE" "$A"
ok "the window's size is passed on" drives 'size 30 90' 'expect size 30x90' 'size 41 123' 'expect 41x123' 'send exit 0\r' 'ends 0' -- \
	"$CPOD_OCI" --root "$TMP/oci" run -b "$BUNDLE" "$A"
ok "the mode is the old one afterwards" drives 'mode same' 'expect size' 'mode raw' 'send exit 0\r' 'ends 0' 'mode same' -- \
	"$CPOD_OCI" --root "$TMP/oci" run -b "$BUNDLE" "$A"
ok "without a terminal of the user's it works as well" exits 0 sh -c 'printf "exit 0\n" | "$0" --root "$1" run -b "$2" "$3"' "$CPOD_OCI" "$TMP/oci" "$BUNDLE" "$A"
MOUNTS=', {"destination": "/dev/pts", "type": "tmpfs", "source": "tmpfs"}' TERMINAL=true
config /inside terminal
ok "where there is no devpts it is told" fails 'process.terminal: make a terminal' oci run -b "$BUNDLE" "$A"
mkdir -p "$TMP/victim"
: >"$TMP/victim/file"
TERMINAL=true
config /inside terminal
sed 's|{"destination": "/dev", [^}]*}, *||; s|{"destination": "/dev", "type".*|{"destination": "/dev", "type": "bind", "source": "'"$TMP"'/dev", "options": ["bind"]},|' "$BUNDLE/config.json" >"$TMP/bound.json"
mkdir -p "$TMP/dev/pts" "$TMP/dev/shm" "$TMP/dev/mqueue"
ln -s "$TMP/victim/file" "$TMP/dev/console"
ok "nothing is mounted over a /dev of somebody else's" sh -c '"$0" --root "$1" run -b "$2" --config "$3" "$4" </dev/null; [ -L "$5" ]' \
	"$CPOD_OCI" "$TMP/oci" "$BUNDLE" "$TMP/bound.json" "$A" "$TMP/dev/console"

# ---- exec ----

config /inside ignore-term
oci run -d -b "$BUNDLE" "$A" </dev/null >/dev/null 2>&1
ok "exec -t gives a command a terminal" drives 'size 20 60' 'expect size 20x60' 'send exit 6\r' 'ends 6' -- "$CPOD_OCI" --root "$TMP/oci" exec -t "$A" /inside terminal stay
console "exit 3"
ok "and an engine's socket gets it" oci exec -t -d --console-socket "$TMP/console" "$A" /inside terminal stay
ok "which reads and writes" wrote 'exit 3'
printf '{"terminal": true, "consoleSize": {"height": 12, "width": 34}, "args": ["/inside", "terminal", "stay"], "cwd": "/", "user": {"uid": 9, "gid": 9}}' >"$TMP/process.json"
console "exit 0"
ok "a process document may ask for one" oci exec -d -p "$TMP/process.json" --console-socket "$TMP/console" "$A"
ok "of the size that it says" wrote '^size 12x34'
ok "detached it needs a socket" fails 'needs a socket' oci exec -d -t "$A" /inside
oci delete -f "$A"
