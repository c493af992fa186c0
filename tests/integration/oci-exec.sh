# Commands in a container without a pod: what they inherit, what options change, what a process document says, where
# they are, and what becomes of them.
# where: host vm-long asan
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/bundle.sh"
A=$POD-a

# seen PATTERN OPTION... : the view of a command with these options has a line that matches.
seen () {
	seen_pattern=$1
	shift
	oci exec "$@" "$A" /inside view </dev/null >"$TMP/view" 2>&1 || { cat "$TMP/view"; return 1; }
	grep -e "$seen_pattern" "$TMP/view" || { cut -c 1-300 "$TMP/view"; return 1; }
}

PROCESS=', "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}], "oomScoreAdj": 100'
USER_OBJECT='{"uid": 5, "gid": 6, "umask": 63, "additionalGids": [7, 8]}'
MORE=', "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
config /inside ignore-term
chmod 777 "$BUNDLE/rootfs/work"
oci create -b "$BUNDLE" "$A" </dev/null
ok "a command runs in a container that waits for its start" oci exec "$A" /inside exit 0
oci start "$A"
ok "its exit status is the command's" exits 7 oci exec "$A" /inside exit 7
ok "or 128 and the signal's number" exits 137 oci exec "$A" /inside signal 9
ok "what it prints comes out" prints '^hello$' oci exec "$A" /inside echo hello
echo typed >"$TMP/input"
reads () { oci exec "$A" /inside cat <"$TMP/input"; }
ok "what is typed goes in" prints '^typed$' reads
ok "a name is looked for in PATH" fails 'No such file' oci exec "$A" nosuch
ok "what is no program is told" fails 'Permission denied' oci exec "$A" /work

# ---- as the container ----

ok "it has the container's user" seen '"uid":\[5,5,5\],"gid":\[6,6,6\],"groups":\[7,8\]'
ok "and the umask" seen '"umask":"0077"'
ok "and its capabilities" seen '"bounding":"0000000000000021"'
ok "and its limits" seen '"RLIMIT_NOFILE":\[100,200\]'
ok "and its environment" seen '"TERM=xterm"'
ok "and no new privileges" seen '"noNewPrivs":1'
ok "and its filter" exits 99 oci exec "$A" /inside mkdir /work/new
ok "and its OOM score" prints '^100$' oci exec "$A" /inside cat /proc/self/oom_score_adj
ok "it is in its PID namespace" seen '^"ppid":0'
ok "it is in its cgroup" seen '"cgroup":.*0::/"'
ok "it has nothing open but three descriptors" seen '"fds":{"0":[^,]*,"1":[^,]*,"2":[^,]*}'
for space in pid mnt net ipc uts cgroup; do
	ok "its $space namespace is the container's" seen "^\"namespaces\".*\"$space\":$(readlink "/proc/$(pid_of "$A")/ns/$space" | tr -dc 0-9)"
done

# ---- options ----

ok "--user changes the user" seen '"uid":\[1000,1000,1000\],"gid":\[1001,1001,1001\]' --user 1000:1001
ok "without a group that stays" seen '"uid":\[1000,1000,1000\],"gid":\[6,6,6\]' -u 1000
ok "a user that is no number is refused" fails 'not UID or UID:GID' oci exec -u root "$A" /inside
ok "nor 4294967295" fails 'not UID or UID:GID' oci exec -u 4294967295 "$A" /inside
ok "nor one with something behind it" fails 'not UID or UID:GID' oci exec -u 1000: "$A" /inside
ok "--cwd changes the directory" seen '^"cwd":"/work"' --cwd /work
ok "one that is missing is told" fails 'process.cwd: change to /missing: .*No such file' oci exec --cwd /missing "$A" /inside
ok "a descriptor is no directory to be in" fails 'process.cwd' oci exec --cwd /proc/self/fd/3 "$A" /inside
ok "--env adds a variable" seen '"TERM=xterm".*"A=1","B=2"' -e A=1 --env B=2
ok "and replaces one" seen '"env":\["PATH=[^"]*","CPOD_TEST=[^"]*","TERM=vt100"' -e TERM=vt100
ok "a variable without a value is refused" fails 'not NAME=VALUE' oci exec -e A "$A" /inside
ok "--cap adds a capability" seen '"bounding":"0000000000000121"' --cap CAP_SETPCAP
ok "one that is unknown is refused" fails '"CAP_MAGIC" is no capability' oci exec --cap CAP_MAGIC "$A" /inside
ok "behind -- options are the command's" prints '^-t$' oci exec "$A" -- /inside echo -t
ok "options behind the command are its own as well" prints '^-t$' oci exec "$A" /inside echo -t
ok "a command is needed" fails 'the command is missing' oci exec "$A"
ok "--apparmor is refused by name" fails 'apparmor' oci exec --apparmor x "$A" /inside
ok "a console socket without a terminal is an error" fails 'no terminal' oci exec --console-socket /nowhere "$A" /inside

config /inside ignore-term
ok "a changed config.json changes nothing" seen '"uid":\[5,5,5\]'

# ---- a process document ----

process () {
	printf '{"args": %s, "cwd": "/work", "user": {"uid": 3, "gid": 4}, "env": ["X=y"]%s}' "$(json_words "$@")" "${MORE:+, $MORE}" >"$TMP/process.json"
}
process /inside view
ok "a process document says all" oci exec -p "$TMP/process.json" "$A"
oci exec -p "$TMP/process.json" "$A" >"$TMP/view"
ok "its user" grep -q '"uid":\[3,3,3\],"gid":\[4,4,4\],"groups":\[\]' "$TMP/view"
ok "its directory" grep -q '^"cwd":"/work"' "$TMP/view"
ok "its environment" grep -q '"env":\["X=y",' "$TMP/view"
ok "no capabilities where it names none" grep -q '"bounding":"0000000000000000"' "$TMP/view"
ok "but the container's filter" grep -q '"seccomp":2' "$TMP/view"
MORE='"cwd2": 1'
process /inside view
ok "an unknown property of it is a warning" prints 'warning: .*unknown property "cwd2"' oci exec -p "$TMP/process.json" "$A"
echo '{"args": ["/inside"]}' >"$TMP/process.json"
ok "what is missing in it is told with its place" fails 'process.json:1:1: .*"cwd" is required' oci exec -p "$TMP/process.json" "$A"
ok "a document and a command are too much" fails 'not from both' oci exec -p "$TMP/process.json" "$A" /inside
ok "a document that is not there is told" fails 'missing.json' oci exec -p "$TMP/missing.json" "$A"

# ---- descriptors ----

with_fds () { oci exec --preserve-fds 2 "$A" /inside view 3<"$TMP/input" 4<"$TMP/input" 5<"$TMP/input" 6<"$TMP/input"; }
with_fds >"$TMP/view"
ok "--preserve-fds hands on that many" grep -q '"fds":{"0":[^,]*,"1":[^,]*,"2":[^,]*,"3":"[^"]*input","4":"[^"]*input"}' "$TMP/view"
ok "one that is not open is told" fails 'descriptor 4' oci exec --preserve-fds 2 "$A" /inside 3<"$TMP/input" 4<&-

unset MORE
config /inside view
oci_run () { oci run -b "$BUNDLE" "$@" "$POD-fds" </dev/null; }
oci_run --preserve-fds 1 3<"$TMP/input" 4<"$TMP/input" >"$TMP/view"
ok "run hands on what is asked for" grep -q '"fds":{"0":[^,]*,"1":[^,]*,"2":[^,]*,"3":"[^"]*input"}' "$TMP/view"
(export LISTEN_FDS=2; unset LISTEN_PID; oci_run 3<"$TMP/input" 4<"$TMP/input") >"$TMP/view"
ok "and what LISTEN_FDS announces" grep -q '"fds":{"0":[^,]*,"1":[^,]*,"2":[^,]*,"3":"[^"]*input","4":"[^"]*input"}' "$TMP/view"
ok "announcing it to the program" grep -q '"LISTEN_FDS=2","LISTEN_PID=1"' "$TMP/view"
(export LISTEN_FDS=2 LISTEN_PID=1; oci_run 3<"$TMP/input" 4<"$TMP/input") >"$TMP/view"
ok "but not what was announced to another process" no grep -q 'LISTEN_FDS' "$TMP/view"
ok "a socket for notifications is not passed in silence" prints 'warning: NOTIFY_SOCKET' env NOTIFY_SOCKET=/run/x "$CPOD_OCI" --root "$TMP/oci" run -b "$BUNDLE" "$POD-fds"

# ---- left alone ----

ok "with --detach it is not waited for" oci exec -d --pid-file "$TMP/pid" "$A" /inside sleep
ok "its pid is in the pid file" test "$(tr '\0' ' ' <"/proc/$(cat "$TMP/pid")/cmdline")" = "/inside sleep "
ok "and ps lists it" prints "^$(cat "$TMP/pid")\$" oci ps "$A"
group=$(cgroups_of "$A" | head -n 1)
mkdir "$group/below"
ok "--cgroup puts it into a group below" seen '"cgroup":.*0::/below"' --cgroup /below
ok "which must exist" fails '\-\-cgroup' oci exec --cgroup missing "$A" /inside
ok "and is below" fails '\-\-cgroup' oci exec --cgroup ../.. "$A" /inside
(oci exec "$A" /inside graceful /work/caught 9 >/dev/null 2>&1; echo $? >"$TMP/status") &
ok "a command is at work" within 10 prints . sh -c 'pgrep -f "inside graceful /work/caught" 2>/dev/null || ps | grep "[i]nside graceful /work/caught"'
for pid in $(oci ps "$A" | sed 1d); do
	case $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) in "/inside graceful /work/caught"*) kill -TERM "$(sed -n 's/^PPid:\t//p' "/proc/$pid/status")" ;; esac
done
ok "a signal to who waits for a command goes on to it" within 10 test -e "$TMP/status"
ok "and its status comes back" test "$(cat "$TMP/status")" = 9
ok "the container goes with all that was executed in it" oci delete -f "$A"
ok "nothing is left of it" gone "$A"
