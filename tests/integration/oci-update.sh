# Limits of containers without a pod: at creation, changed while they run, counted, and told. What a controller is needed
# for is tried where there is one; where not, the error names it.
# where: host vm asan
# timeout: 90
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/bundle.sh"
A=$POD-a

# have CONTROLLER: whether it is there.
have () {
	grep -qw "$1" "$(cgroup_root)/cgroup.controllers"
}

# limited FILE VALUE: what the container's group has.
limited () {
	value=$(cat "$(cgroups_of "$A" | head -n 1)/$1") || return 1
	[ "$value" = "$2" ] || { echo "$1 is $value"; return 1; }
}

start () {
	! have memory || MORE=', "resources": {"memory": {"limit": 100000000}}'     # so that it is counted from the beginning
	config /inside ignore-term
	oci run -d -b "$BUNDLE" "$A" </dev/null
}

ok "a container runs" start
ok "an update of nothing is fine" oci update "$A"
ok "a number that is none is refused" fails 'memory: "much" is no number' oci update --memory much "$A"
echo '{"pids": {"limit": "five"}}' >"$TMP/update.json"
ok "a file with a wrong type is told with its place" fails 'update.json:1:2.: pids.limit' oci update -r "$TMP/update.json" "$A"
ok "a file and options are too much" fails 'not from both' oci update -r "$TMP/update.json" --pids-limit 5 "$A"
echo '{"memory": {"limit": 10, "swap": 5}}' >"$TMP/update.json"
ok "values that contradict each other are refused" fails 'memory.swap' oci update -r "$TMP/update.json" "$A"
echo '{"network": {"classID": 5}}' >"$TMP/update.json"
ok "what cgroup v2 has not is refused with the reason" fails 'network' oci update -r "$TMP/update.json" "$A"
ok "statistics have the processor's time" prints '^{"type":"stats","id":"'"$A"'","data":{"cpu":{"usage":{"total":[0-9]' oci events --stats "$A"
oci events --interval 1 "$A" >"$TMP/events" &
ok "events come by themselves" within 10 grep -q '"type":"stats"' "$TMP/events"
ok "an interval that is none is refused" fails 'no number of seconds' oci events --interval never "$A"

if have pids; then
	ok "--pids-limit changes it" oci update --pids-limit 50 "$A"
	ok "to that number" limited pids.max 50
	echo '{"pids": {"limit": 60}}' >"$TMP/update.json"
	ok "a file does as well" oci update -r "$TMP/update.json" "$A"
	ok "to its number" limited pids.max 60
	ok "standard input, too" sh -c 'echo "{\"pids\": {\"limit\": -1}}" | "$0" --root "$1" update -r - "$2"' "$CPOD_OCI" "$TMP/oci" "$A"
	ok "to no limit" limited pids.max max
	ok "statistics have the number of processes" prints '"pids":{"current":1,"limit":0}' oci events --stats "$A"
else
	ok "a limit whose controller is missing is told by name" fails 'pids.limit: the cgroup controller "pids" is not available' oci update --pids-limit 50 "$A"
	MORE=', "resources": {"pids": {"limit": 10}}'
	config /inside
	ok "at creation as well" fails 'pids.limit: the cgroup controller "pids" is not available' oci create -b "$BUNDLE" "$POD-b"
	ok "and nothing is left" gone "$POD-b"
	MORE=', "resources": {"pids": {"limit": -1}, "cpu": {"shares": 1024}, "memory": {"limit": -1}}'
	config /inside
	ok "what holds anyway needs no controller" oci run -b "$BUNDLE" "$POD-b"
fi
if have memory; then
	ok "--memory changes it" oci update --memory 67108864 --memory-swap 67108864 --memory-reservation 33554432 "$A"
	ok "the limit" limited memory.max 67108864
	ok "the reservation" limited memory.low 33554432
	ok "statistics have it" prints '"limit":67108864' oci events --stats "$A"
	echo '{"memory": {"limit": 4096, "checkBeforeUpdate": true}}' >"$TMP/update.json"
	ok "a limit below what is in use is refused where that is asked for" fails 'are in use' oci update -r "$TMP/update.json" "$A"
	ok "and changes nothing" limited memory.max 67108864
	oci exec "$A" /inside mem 200 >/dev/null 2>&1
	ok "an OOM kill is an event" within 10 grep -q '^{"type":"oom","id":"'"$A"'"}$' "$TMP/events"
else
	ok "memory needs its controller" fails 'memory.limit: the cgroup controller "memory" is not available' oci update --memory 67108864 "$A"
fi
if have cpu; then
	ok "--cpu-quota and --cpu-period change them" oci update --cpu-quota 50000 --cpu-period 200000 "$A"
	ok "in one file" limited cpu.max '50000 200000'
	ok "--cpu-share changes the weight" oci update --cpu-share 512 "$A"
	ok "as others convert it" limited cpu.weight 59
	ok "--cpu-burst" oci update --cpu-burst 10000 "$A"
	ok "changes the burst" limited cpu.max.burst 10000
	ok "--cpu-idle" oci update --cpu-idle 1 "$A"
	ok "changes that" limited cpu.idle 1
fi
if have cpuset; then
	ok "--cpuset-cpus changes them" oci update --cpuset-cpus 0 --cpuset-mems 0 "$A"
	ok "the processors" limited cpuset.cpus 0
	ok "what is not there is refused by the kernel" fails 'cpuset.cpus\|cpu.cpus' oci update --cpuset-cpus 5000 "$A"
fi
if have io; then
	ok "--blkio-weight changes it" oci update --blkio-weight 500 "$A"
fi
if have hugetlb; then
	echo '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}' >"$TMP/update.json"
	ok "a limit of huge pages changes, also where no controller was asked for before" oci update -r "$TMP/update.json" "$A"
	ok "to that many bytes" limited hugetlb.2MB.max 4194304
	echo '{"unified": {"hugetlb.2MB.max": "2097152"}}' >"$TMP/update.json"
	ok "unified writes what it says" oci update -r "$TMP/update.json" "$A"
	ok "to that file" limited hugetlb.2MB.max 2097152
fi
oci delete -f "$A"
ok "events end with the container" within 10 sh -c '! kill -0 "$0" 2>/dev/null' $!
ok "nothing is left of it" gone "$A"

# ---- devices ----

# opened STATUS: what opening the device in the container says.
opened () {
	exits "$1" oci exec "$A" /inside open /dev/mine
}

MORE=', "devices": [{"type": "c", "path": "/dev/mine", "major": 10, "minor": 229, "fileMode": 438}],
	"resources": {"devices": [{"allow": false}, {"allow": true, "type": "c", "major": 10, "minor": 229}]}'
config /inside ignore-term
ok "a container with rules for devices" oci run -d -b "$BUNDLE" "$A" </dev/null
ok "opens what they allow" no opened 1
echo '{"devices": [{"allow": false}]}' >"$TMP/update.json"
ok "rules are replaced while it runs" oci update -r "$TMP/update.json" "$A"
ok "then it does not" opened 1
echo '{"devices": [{"allow": false}, {"allow": true, "type": "c", "major": 10, "minor": 229}]}' >"$TMP/update.json"
ok "and replaced again" oci update -r "$TMP/update.json" "$A"
ok "then it does, once more" no opened 1
oci delete -f "$A"

# ---- where the cgroup is ----

for path in /"$POD-abs/one" "$POD-rel/two" /"$POD-deep/a/b/c/d"; do
	MORE=", \"cgroupsPath\": \"$path\""
	config /inside ignore-term
	oci run -d -b "$BUNDLE" "$A" </dev/null
	ok "cgroupsPath $path is where it says" prints '[0-9]' cat "$(cgroup_root)/${path#/}/cgroup.procs"
	ok "a second container does not get into $path" fails 'processes are in the cgroup' oci create -b "$BUNDLE" "$POD-b"
	oci delete -f "$A"
	ok "$path is gone with the container" test ! -e "$(cgroup_root)/${path#/}"
done
mkdir -p "$(cgroup_root)/$POD-abs/one"
MORE=", \"cgroupsPath\": \"/$POD-abs/one\""
config /inside
ok "an empty group that is there serves" oci run -b "$BUNDLE" "$A" </dev/null
MORE=', "cgroupsPath": "/../x"'
config /inside
ok "a path that climbs is refused" fails 'cgroupsPath' oci create -b "$BUNDLE" "$A"
for group in abs rel deep/a/b/c deep/a/b deep/a deep; do rmdir "$(cgroup_root)/$POD-$group"; done
