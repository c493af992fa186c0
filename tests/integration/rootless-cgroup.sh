# Ordinary users with a cgroup that was given to them: limits hold, the OOM killer is told from others, a probe is ended by
# its group, and a dead supervisor's groups are found. Where it is a group with processes in it, all but limits.
# where: host vm
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
user_uid='' user_gid=''     # user.sh knows
. "$SRC/tests/lib/user.sh"

root=$(cgroup_root)
given=$root/$POD-given
tap_given () {
	find "$given" -depth -type d -exec rmdir {} \; 2>/dev/null
	tap_end
}
trap tap_given EXIT

# give DIRECTORY: what is to be the user's, as the kernel's documentation says.
give () {
	chown "$user_uid:$user_gid" "$1" "$1/cgroup.procs" "$1/cgroup.subtree_control" "$1/cgroup.threads"
}

# begin_in GROUP: cpod is started there from now on.
begin_in () {
	printf '#!/bin/sh\necho $$ >"%s/cgroup.procs" || exit 99\nexec "%s" "$@"\n' "$1" "$usual" >"$TMP/cpod-there"
	chmod 755 "$TMP/cpod-there"
	CPOD=$TMP/cpod-there
}

# groups PATTERN: the groups of this file's pods that match.
groups () {
	(cd "$given" && find . -mindepth 1 -type d | grep -e "$1")
}

has_controller () {
	grep -qw "$1" "$root/cgroup.controllers"
}

gone () {
	[ -z "$(marked)" ]
}

# holds GROUP N: how many processes are in the group and below it.
holds () {
	holds_n=$(find "$given" -path "*$1*" -name cgroup.procs -exec cat {} + | grep -c .)
	[ "$holds_n" -eq "$2" ] || { echo "$holds_n processes, wanted $2"; return 1; }
}

user cpod-test-single 0
usual=$CPOD
mkdir "$given" "$given/run" "$given/other"
give "$given"
give "$given/run"
for controller in memory pids; do
	has_controller $controller && echo "+$controller" >"$root/cgroup.subtree_control"
done

begin_in "$given/run"
hang='"livenessProbe": {"exec": {"command": ["/inside", "fork-storm", "16"]}, "periodSeconds": 2, "timeoutSeconds": 1, "failureThreshold": 1}'
pod "$(container main /inside stubborn)" "$(MORE=$hang container probed /inside sleep)" >"$TMP/p.json"
ok "a pod runs" start p
ok "its groups are in what was given, beside the one that cpod was started in" groups "^./cpod/$POD-p\.[0-9a-f]*/init$"
ok "each container has one" test "$(groups "^./cpod/$POD-p\.[0-9a-f]*/$POD-p\.\(main\|probed\)[^/]*$" | wc -l)" -eq 2
ok "its group is the root of what a container sees" prints "^0::/probe-[0-9]*$" inside p main /inside cat /proc/self/cgroup
ok "which it may look at" inside p main /inside open /sys/fs/cgroup/cgroup.events
ok "and not change" no inside p main /inside mkdir /sys/fs/cgroup/mine
ok "a probe that does not end times out" within 10 state p probed terminal
ok "and is ended with all that it has started" within 5 holds "$POD-p.probed" 1
kill -KILL "$(cat "$TMP/p.pid")"
ok "after SIGKILL to the supervisor nobody runs" within 2 gone
ok "its groups are still there" groups "$POD-p"
ok "and are reclaimed" "$CPOD" gc
ok "all of them" no groups "$POD-p"

if grep -qw cpuset "$given/cgroup.controllers"; then   # another test has asked for it
	skip "a limit whose controller was not given is an error that names it" "a group without cpuset"
else
	pod "$(SPEC='"linux": {"resources": {"cpu": {"cpus": "0"}}}' container main /inside sleep)" >"$TMP/none.json"
	"$CPOD" run --name "$POD-none" "$TMP/none.json" >"$TMP/none.log" 2>&1
	ok "a limit whose controller was not given is an error that names it" \
		grep "main error: .*linux.resources.cpu.cpus: the cgroup controller \"cpuset\" is not available in the cgroup /.*delegated to the user: /$POD-given" "$TMP/none.log"
fi

pod "$(SPEC='"linux": {"cgroupsPath": "/'"$POD"'-given/other/mine"}' container main /inside sleep)" >"$TMP/path.json"
give "$given/other"
ok "a container in a group of its own choice, of those given, runs" start path
ok "and is there" holds other/mine 1
ok "it ends" finish path
pod "$(SPEC='"linux": {"cgroupsPath": "/elsewhere"}' container main /inside sleep)" >"$TMP/path.json"
ok "elsewhere is refused" prints "linux.cgroupsPath: /elsewhere is not below /$POD-given, which is delegated to user $user_uid" \
	"$CPOD" run --name "$POD-path" "$TMP/path.json"

if has_controller memory && has_controller pids; then
	pod "$(SPEC='"linux": {"resources": {"memory": {"limit": 16777216}, "pids": {"limit": 5}}}' container main /inside fork-count 20)" \
		"$(SPEC='"linux": {"resources": {"memory": {"limit": 16777216}}}' container hungry /inside mem 64)" >"$TMP/limits.json"
	"$CPOD" run --logs --name "$POD-limits" "$TMP/limits.json" >"$TMP/limits.log" 2>&1
	ok "a limit of processes holds" grep '^main *| 4$' "$TMP/limits.log"
	ok "a limit of memory does" grep 'hungry.*\(OOM\|memory\)' "$TMP/limits.log"
else
	skip "a limit of processes holds" "the controllers memory and pids in version 2"
	skip "a limit of memory does" "the controllers memory and pids in version 2"
fi

# Started in the given group itself: it has processes, so that nothing can be enabled below it.
rmdir "$given/run" "$given/other" "$given/cpod"
tr ' ' '\n' <"$given/cgroup.subtree_control" | while read -r controller; do
	echo "-$controller" >"$given/cgroup.subtree_control"
done
begin_in "$given"
pod "$(container main /inside sleep)" >"$TMP/p.json"
ok "started in the given group itself, a pod runs" start p
ok "its groups are below" groups "^./cpod/$POD-p\.[0-9a-f]*/init$"
ok "it ends" finish p
