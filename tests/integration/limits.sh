# What linux.resources promises, held by a kernel with every controller of cgroup v2.
# where: vm
# timeout: 60
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# limited NAME RESOURCES WORD...: runs a pod of one container with these resources to its end.
limited () {
	limited_name=$1
	SPEC="\"linux\": {\"resources\": {$2}}"
	shift 2
	pod "$(container main "$@")" >"$TMP/$limited_name.json"
	"$CPOD" run --name "$POD-$limited_name" --logs "$TMP/$limited_name.json" >"$TMP/$limited_name.log" 2>&1
	limited_status=$?
	cat "$TMP/$limited_name.log"
	return $limited_status
}

# number FILE: the first number that stands alone in a line of it, behind the container's name.
number () {
	sed -n 's/^main[^0-9]*\([0-9][0-9]*\)$/\1/p' "$1" | head -n 1
}

# between LOW HIGH NUMBER
between () {
	[ -n "$3" ] && [ "$3" -ge "$1" ] && [ "$3" -le "$2" ] || { echo "$3 is not within $1..$2"; return 1; }
}

# offered CONTROLLER: whether the machine has it.
offered () {
	grep -qw "$1" "$(cgroup_root)/cgroup.controllers"
}

ok "within memory.max a program runs" limited small '"memory": {"limit": 67108864}' /inside mem 16
ok "above memory.max it is killed" exits 1 limited large '"memory": {"limit": 16777216}' /inside mem 64
ok "and that is called out of memory" grep -i -e 'oom' -e 'out of memory' "$TMP/large.log"
ok "pids.max refuses the next process" no limited pids '"pids": {"limit": 10}' /inside fork-count 100
ok "after those that it allows" between 8 9 "$(number "$TMP/pids.log")"
ok "cpu.max throttles" limited cpu '"cpu": {"quota": 20000, "period": 100000}' /inside spin 2
ok "to about the share that was asked for" between 100 900 "$(number "$TMP/cpu.log")"

SPEC='"linux": {"resources": {"cpu": {"cpus": "1", "shares": 512}, "pids": {"limit": 100},
	"memory": {"limit": 33554432, "reservation": 16777216, "swap": 67108864}, "unified": {"memory.high": "20971520"}}}'
pod "$(container main /inside sleep)" >"$TMP/files.json"
ok "a pod with many limits runs" start files
group=$(find "$(cgroup_root)" -type d -path "*$POD-files*" -name '*.main.*' | head -n 1)

holds () {
	[ "$(cat "$group/$1")" = "$2" ] || { echo "$1: $(cat "$group/$1")"; return 1; }
}

ok "cpuset.cpus is as written" holds cpuset.cpus 1
ok "cpu.weight follows the shares" holds cpu.weight 59
ok "pids.max is as written" holds pids.max 100
ok "memory.max is as written" holds memory.max 33554432
ok "memory.low is the reservation" holds memory.low 16777216
ok "memory.swap.max is what is left for swap" holds memory.swap.max 33554432
ok "what unified names is written as it is" holds memory.high 20971520
ok "a program executed later is held by the same limits" exits 137 inside files main /inside mem 64
ok "the pod ends" finish files

# ---- what the others write ----

disk=$(sed -n '3,$s/^ *\([0-9]*\) *\([0-9]*\) .*/\1:\2/p' /proc/partitions | head -n 1)
device="\"major\": ${disk%:*}, \"minor\": ${disk#*:}"
io=
if offered io && [ -n "$disk" ]; then
	io=", \"blockIO\": {\"weight\": 500, \"throttleReadBpsDevice\": [{$device, \"rate\": 1048576}],
		\"throttleWriteIOPSDevice\": [{$device, \"rate\": 100}]}"
fi
huge=
offered hugetlb && huge=', "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]'
SPEC="\"linux\": {\"resources\": {\"cpu\": {\"quota\": 50000, \"period\": 200000, \"burst\": 10000, \"mems\": \"0\", \"idle\": 0},
	\"memory\": {\"limit\": -1, \"swap\": -1}, \"pids\": {\"limit\": -1}$io$huge,
	\"unified\": {\"cpu.weight\": \"7\", \"pids.max\": \"77\", \"memory.oom.group\": \"1\"}}}"
pod "$(container main /inside sleep)" >"$TMP/more.json"
ok "a pod with the other limits runs" start more
group=$(find "$(cgroup_root)" -type d -path "*$POD-more*" -name '*.main.*' | head -n 1)
ok "cpu.max is quota and period" holds cpu.max '50000 200000'
ok "cpu.max.burst is as written" holds cpu.max.burst 10000
ok "cpuset.mems is as written" holds cpuset.mems 0
ok "a limit of -1 is none" holds memory.max max
ok "of swap too" holds memory.swap.max max
ok "unified wins over what else is said" holds pids.max 77
ok "unified sets a weight" holds cpu.weight 7
ok "unified sets a switch" holds memory.oom.group 1
if [ -n "$io" ]; then
	ok "io.max has the device's rates" grep -q "^$disk rbps=1048576 wbps=max riops=max wiops=100$" "$group/io.max"
else
	skip "io.max has the device's rates" "no io controller"
fi
if [ -n "$huge" ]; then
	ok "hugetlb.2MB.max is as written" holds hugetlb.2MB.max 4194304
else
	skip "hugetlb.2MB.max is as written" "no hugetlb controller"
fi
ok "the container sees its own limits" test "$(inside more main /inside cat /sys/fs/cgroup/pids.max)" = 77
ok "and cannot change them" exits 30 inside more main /inside write /sys/fs/cgroup/pids.max max
ok "the pod with the other limits ends" finish more

# A container out of memory takes no other with it; the CPU that it may run on is the one it runs on.
SPEC='"linux": {"resources": {"memory": {"limit": 16777216}}}'
greedy=$(container greedy /inside mem 64)
unset SPEC
pod "$greedy" "$(container calm /inside sleep)" >"$TMP/pair.json"
launch pair --logs
ok "one container out of memory" within 10 state pair greedy failed
ok "leaves the other running" state pair calm healthy
ok "its error says why" grep -q "greedy.*out of memory" "$TMP/pair.out" "$TMP/pair.err"
ok "the pod of two ends" finish pair
ok "a cpuset holds" limited set '"cpu": {"cpus": "1"}' /inside cat /proc/self/status
ok "for the program" grep -q 'Cpus_allowed_list:[^0-9]*1$' "$TMP/set.log"
