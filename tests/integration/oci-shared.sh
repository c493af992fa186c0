# Containers without a pod that join namespaces by path, the PID namespace above all: what is born there is wholly inside.
# where: host vm-long asan
# timeout: 60
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/bundle.sh"
A=$POD-a B=$POD-b

config /inside ignore-term
oci run -d -b "$BUNDLE" "$A" </dev/null
first=$(pid_of "$A")

# shared: the namespaces of a container that has those of the first but its own mounts and cgroup.
shared () {
	for space in pid net:network ipc uts; do
		printf '{"type":"%s","path":"/proc/%s/ns/%s"},' "${space#*:}" "$first" "${space%:*}"
	done
	printf '{"type":"mount"},{"type":"cgroup"}'
}

SPACES=$(shared)
config /inside view
ok "run in another's namespaces" oci run -b "$BUNDLE" "$B" </dev/null
oci run -b "$BUNDLE" "$B" >"$TMP/view" </dev/null
ok "its number is the next one there" grep -q '^{"pid":[2-9]' "$TMP/view"
for space in pid net ipc uts; do
	ok "$space is the other's" grep -q "^\"namespaces\".*\"$space\":$(readlink "/proc/$first/ns/$space" | tr -dc 0-9)" "$TMP/view"
done
ok "it leads a session" grep -q '^"sid":[2-9]' "$TMP/view"
SPACES=$(shared)
config /inside exit 7
ok "its exit status comes back" exits 7 oci run -b "$BUNDLE" "$B"
SPACES=$(shared)
config nosuch
ok "a program that is missing is told" fails 'process.args\[0\].*No such file' oci run -b "$BUNDLE" "$B"
ok "by create as well" fails 'process.args\[0\].*No such file' oci create -b "$BUNDLE" "$B"
ok "nothing is left of those" gone "$B"

SPACES=$(shared)
config /inside graceful /work/caught 0
ok "one is created" oci create -b "$BUNDLE" "$B" </dev/null
ok "it waits" is_status created "$B"
ok "its pid is that of the process that waits" grep -a cpod- "/proc/$(pid_of "$B")/cmdline"
ok "which is in the new root already" test -e "/proc/$(pid_of "$B")/root/inside" -a ! -e "/proc/$(pid_of "$B")/root$SRC"
ok "and has only the capabilities of the spec" grep -q '^CapEff:.*0000000000000020$' "/proc/$(pid_of "$B")/status"
ok "it is started" oci start "$B"
ok "a command runs in it" prints '^hello$' oci exec "$B" /inside echo hello
ok "and sees the first one's program" sh -c '"$0" --root "$1" exec "$2" /inside cat /proc/1/cmdline | tr "\0" " " | grep "ignore-term"' "$CPOD_OCI" "$TMP/oci" "$B"
ok "it is ended" oci kill "$B"
ok "alone" within 10 is_status stopped "$B"
ok "the first one runs on" is_status running "$A"
oci delete "$B"
# (The leak checker cannot begin its thread in a process whose children are in another PID namespace.)
[ "$PLACE" != asan ] || export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
TOP='"hooks": {"createRuntime": [{"path": "/bin/true"}]}, ' SPACES=$(shared)
config /inside exit 3
ok "with a hook as well" exits 3 oci run -b "$BUNDLE" "$B"
TERMINAL=true SPACES=$(shared)
config /inside terminal stay
printf '%s\n' 'size 30 90' 'expect leader=1 foreground=1 controlling=1' 'expect 30x90' 'send exit 5\r' 'ends 5' >"$TMP/script"
ok "with a terminal as well" "$INSIDE" drive "$TMP/script" "$CPOD_OCI" --root "$TMP/oci" run -b "$BUNDLE" "$B"
SPACES='{"type":"pid","path":"/proc/self/ns/net"},{"type":"mount"}'
config /inside
ok "a namespace of another kind is refused" fails 'linux.namespaces\[0\].path' oci run -b "$BUNDLE" "$B"
SPACES='{"type":"pid","path":"/not/there"},{"type":"mount"}'
config /inside
ok "one that is missing as well" fails 'linux.namespaces\[0\].path.*No such file' oci run -b "$BUNDLE" "$B"
oci delete -f "$A"
