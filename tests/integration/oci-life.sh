# The life of a container without a pod, a command a step: create, start, state, kill, pause, ps, list, delete. What is
# printed is compared with crun where both print the same.
# where: host vm-long asan
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/bundle.sh"
A=$POD-a

create () {
	oci create -b "$BUNDLE" "$@" </dev/null >"$TMP/out"
}

TOP='"annotations": {"org.example": "a \"value\""}, '
config /inside graceful /work/ended 7
ok "a container is created" create --pid-file "$TMP/pid" "$A"
ok "its status is created" is_status created "$A"
printf %s "$(pid_of "$A")" >"$TMP/pid.wanted"
ok "the pid file has its pid, and nothing behind it" same "$TMP/pid" "$TMP/pid.wanted"
ok "the program has not been executed" grep -a cpod-launch "/proc/$(pid_of "$A")/cmdline"
ok "the process that waits cannot be traced or read by its like" test ! -r "/proc/$(pid_of "$A")/fd" -o "$(stat -c %u "/proc/$(pid_of "$A")/fd")" -eq 0
ok "it has only the capabilities of the spec by then" grep -q '^CapEff:.*0000000000000020$' "/proc/$(pid_of "$A")/status"
ok "state has the annotations" prints 'a \\"value\\"' oci state "$A"
ok "state has the bundle and the root" prints "\"rootfs\": \"$BUNDLE/rootfs\"" oci state "$A"
ok "one of the same name is refused" fails 'already exists' create "$A"
ok "and leaves the first as it was" is_status created "$A"
ok "without --force it is not deleted" fails 'is created, not stopped' oci delete "$A"
ok "it is started" oci start "$A"
ok "its status is running" is_status running "$A"
ok "it is not started twice" fails 'cannot be started: it is running' oci start "$A"
ok "without --force a running one is not deleted either" fails 'is running, not stopped' oci delete "$A"

pid_of "$A" >"$TMP/pids"
sed '1i PID' "$TMP/pids" >"$TMP/wanted"
oci ps "$A" >"$TMP/ps"
ok "ps prints its processes" same "$TMP/ps" "$TMP/wanted"
printf '[\n  %s\n]\n' "$(cat "$TMP/pids")" >"$TMP/wanted"
oci ps -f json "$A" >"$TMP/ps"
ok "and so as JSON" same "$TMP/ps" "$TMP/wanted"
ok "list prints it" prints "^$A *$(cat "$TMP/pids") *running *$BUNDLE *20" oci list
ok "list -q prints its id" prints "^$A\$" oci list -q
ok "list as JSON has its status" prints '"status": "running"' oci list -f json

ok "it is paused" oci pause "$A"
ok "its status is paused" is_status paused "$A"
ok "it is not paused twice" fails 'is paused already' oci pause "$A"
ok "nothing is executed in it then" fails 'is paused' oci exec "$A" /inside
ok "it is resumed" oci resume "$A"
ok "its status is running again" is_status running "$A"
ok "it is not resumed twice" fails 'is not paused' oci resume "$A"
ok "a signal is no word of fancy" fails 'is no signal' oci kill "$A" FANCY
ok "TERM reaches it" oci kill "$A"
ok "it ends" within 10 is_status stopped "$A"
ok "and had caught the signal" test -e "$BUNDLE/rootfs/work/ended"
ok "state of a stopped container has no pid" prints '"pid": 0' oci state "$A"
ok "a stopped container is not running for kill" fails 'container not running' oci kill "$A" KILL
ok "nor for kill --all" fails 'container not running' oci kill --all "$A" KILL
ok "nor for exec" fails 'container not running' oci exec "$A" /inside
ok "nor for ps" fails 'container not running' oci ps "$A"
ok "nor for pause" fails 'container not running' oci pause "$A"
ok "nor for update" fails 'container not running' oci update --pids-limit 5 "$A"
ok "nor for events" fails 'container not running' oci events --stats "$A"
ok "it is not started again" fails 'it is stopped' oci start "$A"
ok "it is deleted" oci delete "$A"
ok "nothing is left of it" gone "$A"
for command in state start kill pause resume ps delete "exec x" events update; do
	# shellcheck disable=SC2086
	set -- $command
	ok "$1 of a container that is not there is an error" fails 'does not exist' oci "$1" "$A" ${2:+"/inside"}
done
ok "delete --force of it is none" oci delete --force "$A"
ok "list of nothing is a headline" prints '^NAME PID       STATUS   BUNDLE PATH  *CREATED  *OWNER$' oci list
oci list -q >"$TMP/list"
ok "list -q of nothing is nothing" test ! -s "$TMP/list"

# ---- delete --force ----

config /inside ignore-term
create "$A"
ok "a created container is deleted with --force" oci delete --force "$A"
ok "nothing is left of that" gone "$A"
create "$A"
oci start "$A"
ok "a running one as well" oci delete --force "$A"
ok "nothing is left of that either" gone "$A"
create "$A"
oci start "$A"
oci pause "$A"
ok "a paused one as well" oci delete -f "$A"
ok "nothing is left of the paused one" gone "$A"
create "$A"
oci start "$A"
mkdir -p "$(cgroups_of "$A")/sub/group"
ok "one with groups of its own in its cgroup" oci delete -f "$A"
ok "nothing is left of those" gone "$A"
create "$A"
oci start "$A"
oci kill --all "$A" KILL
ok "kill --all ends it" within 10 is_status stopped "$A"
mkdir -p "$(cgroups_of "$A")/sub/group"
ok "a stopped one with groups is deleted without --force" oci delete "$A"
ok "nothing is left of that one" gone "$A"

# ---- what a crash leaves ----

mkdir "$TMP/oci/$A"
ok "an empty directory is told, with what removes it" fails "not complete; .cpod-oci delete --force $A. removes it" oci state "$A"
ok "list goes on, and warns" prints 'warning: .*not complete' oci list
ok "delete --force removes it" oci delete --force "$A"
ok "nothing is left of the directory" gone "$A"
create "$A"
kill -KILL "$(pid_of "$A")"
echo '{"version": 1, "half' >"$TMP/oci/$A/state.json"
ok "a broken state is told, too" fails 'not readable.*delete --force' oci state "$A"
ok "delete --force removes what belongs to it" oci delete --force "$A"
ok "nothing is left of the broken one" gone "$A"
create "$A"
sed 's/"pid": [0-9]*/"pid": 1/' "$TMP/oci/$A/state.json" >"$TMP/state" && cp "$TMP/state" "$TMP/oci/$A/state.json"
ok "a number that is another process is nobody's" is_status stopped "$A"
ok "and gets no signal" fails 'container not running' oci kill "$A" USR1
ok "delete ends what is in the cgroup" oci delete --force "$A"
ok "nothing is left of the renumbered one" gone "$A"
create "$A"
sed 's/"creating": false/"creating": true/; s/"pid": [0-9]*/"pid": 0/' "$TMP/oci/$A/state.json" >"$TMP/state" && cp "$TMP/state" "$TMP/oci/$A/state.json"
ok "a creation that was cut off is stopped" is_status stopped "$A"
ok "it is deleted without --force, with its process" oci delete "$A"
ok "nothing is left of the unfinished one" gone "$A"

# ---- two at once ----

# race COUNT COMMAND...: starts it that often at once; prints the number that succeeded.
race () {
	race_n=$1
	shift
	rm -f "$TMP"/race.*
	while [ "$race_n" -gt 0 ]; do
		("$@" </dev/null >/dev/null 2>&1 && : >"$TMP/race.$race_n") &
		race_n=$((race_n - 1))
	done
	wait
	find "$TMP" -maxdepth 1 -name 'race.*' | wc -l
}

ok "of several creations one succeeds" test "$(race 5 oci create -b "$BUNDLE" "$A")" -eq 1
ok "of several starts one succeeds" test "$(race 5 oci start "$A")" -eq 1
ok "it runs" is_status running "$A"
ok "several deletions with --force all succeed" test "$(race 5 oci delete --force "$A")" -eq 5
ok "nothing is left after the race" gone "$A"

# ---- creation that fails ----

config nosuch
ok "a program that is missing is told by create" fails 'process.args\[0\]: find the executable file.*No such file' create "$A"
ok "nothing is left of that creation" gone "$A"
config /etc/passwd
ok "one that may not be executed as well" fails 'Permission denied' create "$A"
config /inside
ok "a pid file that cannot be written is an error" fails 'No such file' create --pid-file "$TMP/missing/pid" "$A"
ok "nothing is left of that one" gone "$A"
MORE=', "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7}]}'
config /inside
create "$A"
ok "what fails after the wait is told by start, with its words" fails "start of container .*: process.args\[0\]: execute /inside: Argument list too long" oci start "$A"
ok "and the container is stopped" within 10 is_status stopped "$A"
oci delete "$A"

# ---- globals ----

ok "an unknown command is named" fails 'unknown command "dance"' oci dance
ok "so is an unknown option" fails 'state: unknown option --fast' oci state --fast x
ok "with the nearest one" fails 'delete: unknown option --forec; did you mean --force' oci delete --forec x
helps () {
	oci run --help | grep -e '--bundle VALUE' && oci state -h | grep '^Usage: cpod-oci .* state ID$'
}
ok "a command's --help has its options" helps
ok "and a missing id" fails "state: the container's id is missing" oci state
ok "and one too many" fails 'one container id' oci state a b
ok "an id that would be a path is refused" fails 'container id "../x"' oci state ../x
ok "--systemd-cgroup is an error where no systemd runs" fails 'no systemd runs here' oci --systemd-cgroup create -b "$BUNDLE" "$A"
ok "an unknown cgroup manager is an error" fails 'none of cgroupfs, systemd, disabled' oci --cgroup-manager fancy list
ok "--no-pivot is refused, with the reason" fails 'no-pivot is refused' oci create --no-pivot -b "$BUNDLE" "$A"
rm -f "$TMP/log"
oci --log "$TMP/log" --log-format json state "$A" 2>"$TMP/err"
ok "the log has the error as JSON" grep -q "^{\"msg\":\"container .$A. does not exist\",\"level\":\"error\",\"time\":\"20.*Z\"}\$" "$TMP/log"
ok "and standard error as text" grep -q "^cpod-oci: container .$A. does not exist" "$TMP/err"
oci --log "$TMP/log" state "$A" 2>/dev/null
ok "the log is appended to, as text unless told otherwise" grep -q '^time="20.*" level=error msg="container' "$TMP/log"
ok "--debug says more" prints 'cpod-oci: debug: ' oci --debug list
ok "--help names every command" sh -c '[ "$("$0" --help | grep -c -e "^  create " -e "^  features " -e "^  exec ")" -eq 3 ]' "$CPOD_OCI"

# ---- without a cgroup ----

config /inside sleep
ok "with the cgroup manager disabled none is made" oci --cgroup-manager disabled create -b "$BUNDLE" "$A"
ok "there is no cgroup" test -z "$(cgroups_of "$A")"
oci start "$A"
ok "it cannot be paused" fails 'has no cgroup' oci pause "$A"
ok "its first process is listed" prints "^$(pid_of "$A")\$" oci ps "$A"
ok "it is killed" oci kill "$A" KILL
ok "it ends without a cgroup" within 10 is_status stopped "$A"
ok "it is deleted without one" oci delete "$A"
MORE=', "resources": {"pids": {"limit": 10}}'
config /inside
ok "limits need a cgroup" fails 'pids.limit: needs a cgroup' oci --cgroup-manager disabled create -b "$BUNDLE" "$A"

# ---- beside crun ----

if command -v crun >/dev/null && [ "$PLACE" != vm ]; then
	# plain FILE: without what is never the same, and without what crun prints otherwise (an older version of the specification, its
	# systemd scope, an empty line, the root as it is written in the configuration).
	plain () {
		sed 's/[0-9T:.-]*Z/TIME/; s/"pid": [0-9]*/"pid": N/; s/'"$A"' *[0-9][0-9]* */ID N /; /systemd-scope/d; /ociVersion/d; /"rootfs"/d; /^$/d' "$1"
	}
	TOP='"annotations": {"a": "b"}, '
	config /inside sleep
	# shellcheck disable=SC2016
	unshare -m sh -c 'umount -R /sys/fs/cgroup; mount -t cgroup2 c /sys/fs/cgroup
		c () { crun --root "$1/crun" "$@"; }
		TMP=$1 A=$2 BUNDLE=$3
		crun --root "$TMP/crun" create -b "$BUNDLE" "$A" </dev/null
		for word in state "list" "list -f json" "ps -f json"; do
			case $word in list*) id= ;; *) id=$A ;; esac
			crun --root "$TMP/crun" $word $id >"$TMP/crun.$(echo "$word" | tr -d " ")"
		done
		crun --root "$TMP/crun" delete -f "$A"' sh "$TMP" "$A" "$BUNDLE" >/dev/null 2>&1
	create "$A"
	for word in state list "list -f json" "ps -f json"; do
		case $word in list*) id='' ;; *) id=$A ;; esac
		# shellcheck disable=SC2086
		oci $word $id >"$TMP/our"
		plain "$TMP/our" | sed 's/  [0-9]*$/  N/' >"$TMP/our.plain"
		plain "$TMP/crun.$(echo "$word" | tr -d ' ')" | sed 's/  [0-9]*$/  N/' >"$TMP/crun.plain"
		ok "$word is printed as crun prints it" same "$TMP/our.plain" "$TMP/crun.plain"
	done
	oci delete -f "$A"
fi
