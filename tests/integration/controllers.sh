# linux.resources that cannot be had: one sentence with the container, the field and the reason, and
# nothing left behind.
# where: host vm asan
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"

# limits RESOURCES [LINUX]: a pod whose container has them, as $TMP/p.json.
limits () {
	SPEC="\"linux\": {\"resources\": {$1}${2:+, $2}}"
	pod "$(container main /inside exit 0)" >"$TMP/p.json"
	unset SPEC
}

# says_once WORDS: the pod fails, and one line about the container has the words.
says_once () {
	fails_to_start p "$1" && [ "$(grep -c "container main\|containers\[0\]" "$TMP/p.log")" -eq 1 ]
}

limits '"unified": {"frobnicate.max": "1"}'
ok "a controller that no kernel has is named" says_once 'main.*unified\["frobnicate.max"\]: the cgroup controller "frobnicate" is not available'
ok "no group was left" test -z "$(find "$(cgroup_root)" -name "$POD-p*")"

# Of each controller: refused by name where the machine lacks it, carried out where it has it.
offers () {
	case " $(cat "$(cgroup_root)/cgroup.controllers") " in
	*" $1 "*) return 0 ;;
	esac
	return 1
}
while read -r controller field resources; do
	limits "$resources"
	if offers "$controller"; then
		ok "the controller $controller: $field is carried out, or named where it is missing" result p
	else
		ok "the controller $controller: $field is carried out, or named where it is missing" says_once \
			"main.*linux.resources.$field: the cgroup controller \"$controller\" is not available"
	fi
done <<-'TABLE'
	memory memory.limit "memory": {"limit": 67108864}
	memory memory.reservation "memory": {"reservation": 67108864}
	pids pids.limit "pids": {"limit": 100}
	cpu cpu.shares "cpu": {"shares": 512}
	cpu cpu.quota "cpu": {"quota": 50000}
	cpuset cpu.cpus "cpu": {"cpus": "0"}
	cpuset cpu.mems "cpu": {"mems": "0"}
	io blockIO.weight "blockIO": {"weight": 500}
TABLE
limits '"memory": {"limit": -1, "swap": -1}, "cpu": {"quota": -1}, "pids": {"limit": -1}'
offers memory && offers cpu && offers pids && ok "no limit at all is carried out" result p
limits '"hugepageLimits": [{"pageSize": "3MB", "limit": 3145728}]'
ok "pages of a size that is not there fail the pod" says_once 'main error.*linux.resources.hugepageLimits'
limits '"unified": {"hugetlb.2MB.max": "many"}'
offers hugetlb && ok "a value that the kernel refuses is named" says_once 'main error.*unified.*"many" to hugetlb.2MB.max: Invalid argument'
limits '' '"cgroupsPath": "/sys/../../x"'
ok "a path of a group that climbs is refused" refused p 'linux.cgroupsPath'

# Before the kernel is asked: that need not be tried in every place.
[ "$PLACE" = vm ] || while read -r words resources; do
	limits "$resources"
	words=$(echo "$words" | tr '_' ' ')
	ok "refused: $resources" refused p "containers\\[0\\].spec.linux.resources.$words"
done <<-'TABLE'
	unified\["../x"\]:_"../x"_is_no_cgroup_file "unified": {"../x": "1"}
	unified\["pids.max/../x"\]:.*_is_no_cgroup_file "unified": {"pids.max/../x": "1"}
	unified\["cgroup.procs"\]:.*_belongs_to_no_controller "unified": {"cgroup.procs": "1"}
	memory.swap:_needs_a_"limit" "memory": {"swap": 5}
	memory.swap:.*_is_less_than_the_limit "memory": {"limit": 10000000, "swap": 5}
	memory.kernel:_cgroup_v2_has_no "memory": {"kernel": 10000000}
	cpu.cpus:_the_range_3-1_runs_backwards "cpu": {"cpus": "3-1"}
	cpu.realtimeRuntime:_cgroup_v2_has_no "cpu": {"realtimeRuntime": 5}
	blockIO.weight:_must_be_between_10_and_1000 "blockIO": {"weight": 5}
	network.classID:_cgroup_v2_has_no "network": {"classID": 5}
	rdma:_it_is_not_carried_out "rdma": {"mlx": {"hcaHandles": 5}}
TABLE

# A group of the spec's own name, from the root, and beside the pod's others.
SPEC="\"linux\": {\"cgroupsPath\": \"/$POD-own/deep\"}"
pod "$(container main /inside sleep)" >"$TMP/own.json"
ok "a pod whose container has a group of its own" start own
ok "it is there, with the container in it" grep -q . "$(cgroup_root)/$POD-own/deep/cgroup.procs"
inside own main /inside cat /proc/self/cgroup >"$TMP/group"
ok "from inside nothing is seen above it" no grep "/\.\.\|$POD" "$TMP/group"
ok "the pod ends" finish own
ok "the group is gone" test ! -e "$(cgroup_root)/$POD-own/deep"
rmdir "$(cgroup_root)/$POD-own" 2>/dev/null
SPEC="\"linux\": {\"cgroupsPath\": \"beside\"}"
pod "$(container main /inside sleep)" >"$TMP/beside.json"
ok "a relative one" start beside
ok "is among the pod's" test -n "$(find "$(cgroup_root)" -type d -path "*$POD-beside*/beside")"
ok "that pod ends too" finish beside
