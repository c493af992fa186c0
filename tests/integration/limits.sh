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
