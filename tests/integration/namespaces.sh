# Namespaces: new, joined by path, the pod's, and never the host's by accident; the settings in them.
# where: host vm asan
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"

OWN='{"type": "mount"}, {"type": "pid"}'

# namespace VIEW NAME: the inode of it, in $inode.
namespace () {
	inode=$(sed -n "s/^\"namespaces\":.*\"$2\":\([0-9]*\).*/\1/p" "$TMP/$1.view")
	[ -n "$inode" ]
}

differ () {
	namespace "$1" "$3" && one=$inode && namespace "$2" "$3" && [ "$one" != "$inode" ] || { echo "$3: $one and $inode"; return 1; }
}

equal () {
	namespace "$1" "$3" && one=$inode && namespace "$2" "$3" && [ "$one" = "$inode" ] || { echo "$3: $one and $inode"; return 1; }
}

# spaces NAME NAMESPACES LINUX [WORD...]: a pod whose container has these namespaces and looks around.
spaces () {
	spaces_name=$1
	SPEC="${NAMED:+$NAMED, }\"linux\": {\"namespaces\": [$2]${3:+, $3}}"
	shift 3
	[ $# -gt 0 ] || set -- /inside view
	pod "$(container main "$@")" >"$TMP/$spaces_name.json"
	unset SPEC
}

# kept NAME CONTAINER: the view of a program in a running container, as $TMP/CONTAINER.view.
kept () {
	inside "$1" "$2" /inside view >"$TMP/$2.view"
}

"$INSIDE" view >"$TMP/host.view"

# ---- a pod of three: the default, everything new, and what is not listed ----

ALL="$OWN"', {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "cgroup"}'
default=$(container default /inside sleep 4711)
SPEC="\"hostname\": \"alone\", \"domainname\": \"far.away\", \"linux\": {\"namespaces\": [$ALL]}"
new=$(container new /inside sleep)
SPEC="\"linux\": {\"namespaces\": [$OWN]}"
few=$(container few /inside sleep)
unset SPEC
pod "$default" "$new" "$few" >"$TMP/p.json"
ok "a pod of three runs" start p
for name in default new few; do kept p $name; done
for name in mnt pid net ipc uts cgroup; do
	ok "a new $name namespace is not the host's" differ new host $name
	ok "nor the pod's" differ new default $name
done
for name in net ipc uts; do
	ok "a $name namespace that is not listed is the pod's" equal few default $name
	ok "and not the host's" differ few host $name
done
ok "a cgroup namespace that is not listed is the container's own" differ few default cgroup
ok "user and time are the host's" equal new host user
ok "the host name is the spec's" has new '"hostname":"alone"'
ok "so is the domain name" has new '"domainname":"far.away"'
ok "the others have the pod's" has default "\"hostname\":\"$POD-p\""
ok "the host has its own" has host "\"hostname\":\"$(cat /proc/sys/kernel/hostname)\""
ok "loopback is up in a new network namespace: a connection is refused" exits 111 inside p new /inside connect 1
ok "and in the pod's" exits 111 inside p few /inside connect 1
ok "only loopback is there" test "$(inside p new /inside cat /proc/net/dev | grep -c ':')" -eq 1
ok "a program has only its three descriptors" has new '"fds":{"0":'
ok "and no other" lacks new '"3":"'

# descriptors: how many the supervisor and its children have, as one number.
descriptors () {
	supervisor=$(cat "$TMP/p.pid")
	set -- "/proc/$supervisor/fd/"*
	for child in $(cat "/proc/$supervisor/task/$supervisor/children"); do set -- "$@" "/proc/$child/fd/"*; done
	echo $#
}
before=$(descriptors)
for round in 1 2 3 4 5; do inside p new /inside exit 0; inside p few /not/there 2>"$TMP/.no"; done
ok "neither supervisor nor pod init keeps descriptors of what was executed" test "$before" -eq "$(descriptors)"

# ---- joined by path ----

target=
for pid in $(marked); do
	tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q '^/inside sleep 4711' && target=$pid
done
for pair in network:net ipc:ipc uts:uts cgroup:cgroup; do
	type=${pair%:*} name=${pair#*:}
	spaces join "$OWN, {\"type\": \"$type\", \"path\": \"/proc/$target/ns/$name\"}" ''
	ok "a pod joins another one's $type namespace" result join
	ok "it is that one" equal join default "$name"
done
spaces join "$OWN, {\"type\": \"network\", \"path\": \"/proc/$target/ns/net\"}" '"sysctl": {"net.ipv4.ip_default_ttl": "70"}' \
	/inside cat /proc/sys/net/ipv4/ip_default_ttl
ok "a sysctl goes to the namespace that was joined" result join
ok "where the other pod sees it" test "$(inside p default /inside cat /proc/sys/net/ipv4/ip_default_ttl)" = 70

# joined_mounts NAME EXTRA: a container in the mount namespace of another, with EXTRA in its spec.
joined_mounts () {
	pod "{\"name\": \"main\", \"spec\": {\"process\": {\"args\": [\"/inside\", \"touch\", \"/dev/shm/joined\"]}$2,
		\"linux\": {\"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"mount\", \"path\": \"/proc/$target/ns/mnt\"}]}}}" >"$TMP/$1.json"
}
joined_mounts joined ''
ok "a pod joins another one's mount namespace" result joined
ok "what it writes is seen there" inside p default /inside cat /dev/shm/joined
ok "nothing was mounted there" test "$(inside p default /inside cat /proc/self/mountinfo | wc -l)" -eq \
	"$(inside p new /inside cat /proc/self/mountinfo | wc -l)"
joined_mounts rooted ', "mounts": [{"destination": "/x", "type": "tmpfs"}]'
ok "mounts of its own cannot be had there" refused rooted 'containers\[0\].spec.mounts: cannot be had in a mount namespace'
ok "a running pod ends" finish p

# ---- a PID namespace by path ----

# One of the host's, with a first process that reaps nothing.
unshare --pid --fork "$INSIDE" sleep 4712 &
within 5 grep -q . "/proc/$!/task/$!/children"
first=$(tr -d ' ' <"/proc/$!/task/$!/children")
BESIDE="{\"type\": \"mount\"}, {\"type\": \"pid\", \"path\": \"/proc/$first/ns/pid\"}"

# members N: whether N processes run in it. (Its first process reaps nothing: an orphan remains as a zombie, without exe.)
members () {
	n=0
	for process in /proc/[0-9]*; do
		[ "$(readlink "$process/ns/pid")" != "$(readlink "/proc/$first/ns/pid")" ] || [ -z "$(readlink "$process/exe")" ] || n=$((n + 1))
	done 2>/dev/null
	[ "$n" -eq "$1" ] || { echo "$n processes"; return 1; }
}

# is_beside NAME: whether a view is from within it.
is_beside () {
	namespace "$1" pid && [ "pid:[$inode]" = "$(readlink "/proc/$first/ns/pid")" ]
}

OWN_PROC='"mounts": [{"destination": "/proc", "type": "bind", "source": "/proc", "options": ["ro"]}]'
NAMED=$OWN_PROC spaces bound "$BESIDE" ''
unset NAMED
ok "a container joins a PID namespace by path, with a /proc that the spec gives it" result bound
ok "it is that one" is_beside bound
ok "it leads a session" lacks bound '"sid":0'
spaces beside "$BESIDE" '' /inside ls /proc
# Linux 6.17 can make the procfs of a namespace from without.
if [ "$(uname -r | awk -F. '{ print $1 * 100 + $2 }')" -lt 617 ]; then
	ok "its own procfs is refused, and the kernel named" refused beside \
		'linux.namespaces\[1\].path: a procfs of a PID namespace that is joined can be had from Linux 6.17'
else
	ok "with a procfs of its own" result beside
	ok "which is that namespace's: its first process is seen" grep -qx 1 "$TMP/beside.view"
	ok "and the test is not" test -z "$(grep -x "$$" "$TMP/beside.view")"
	other=$(container other /inside sleep)
	SPEC="\"linux\": {\"namespaces\": [$BESIDE]}"
	pod "$(container there /inside sleep)" "$(container gone /inside orphan)" "$other" >"$TMP/mixed.json"
	unset SPEC
	ok "a pod runs with containers there and one of its own" launch mixed
	within 10 view mixed there .
	kept mixed there && kept mixed other
	ok "its commands are in it" is_beside there
	for name in net ipc uts; do ok "its $name namespace is the pod's all the same" equal there other $name; done
	ok "and the PID namespace of the other is another" differ there other pid
	ok "what a command says comes back" exits 3 inside mixed there /inside exit 3
	ok "what a container has left there ends with it" within 10 members 2
	ok "the pod ends" finish mixed
	ok "and nothing of it is left in the namespace" within 5 members 1
	spaces bad "$BESIDE" '' /not/there
	ok "a program that is not there is named" fails_to_start bad 'execute /not/there: No such file'
	start mixed >/dev/null
	kill -9 "$(cat "$TMP/mixed.pid")"
	ok "when the supervisor is killed, its containers there are too" within 10 members 1
	"$CPOD" gc >/dev/null
	start mixed >/dev/null
	kill -9 "$first"
	ok "a container ends with the namespace" within 10 state mixed there failed
	ok "the pod goes on" state mixed other healthy
	finish mixed
fi
NAMED=$OWN_PROC spaces bad "{\"type\": \"mount\"}, {\"type\": \"pid\", \"path\": \"/proc/$$/ns/net\"}" ''
unset NAMED
ok "another kind of namespace is no PID namespace" fails_to_start bad 'namespaces\[1\].path: .*is not a namespace of that type'
kill -9 "$first" 2>/dev/null

# refusals of a path: TYPE PATH WORDS
joins () {
	spaces bad "$OWN, {\"type\": \"$1\", \"path\": \"$2\"}" ''
	fails_to_start bad "containers\\[0\\].spec.linux.namespaces\\[2\\].path: $3"
}
ok "a path that is not there is named" joins network /not/there 'open /not/there: No such file'
ok "so is one that is no namespace" joins ipc /etc/passwd '/etc/passwd is not a namespace of that type'
ok "and one of another type" joins uts "/proc/$$/ns/net" '.*is not a namespace of that type'

# ---- what is refused ----

# Before the kernel is asked: that need not be tried in every place.
if [ "$PLACE" != vm ]; then

# space_refused NAMESPACES WORDS
space_refused () {
	spaces bad "$1" ''
	refused bad "containers\\[0\\].spec.linux.namespaces$2"
}
ok "without a mount namespace" space_refused '{"type": "pid"}' ': a pod has no mount namespace to share'
ok "without a PID namespace" space_refused '{"type": "mount"}' ': the pod shares no PID namespace'
ok "without any" space_refused '' ': a pod has no mount namespace'
ok "a user namespace" space_refused "$OWN"', {"type": "user"}' '\[2\].type: a user namespace of a single container'
ok "a time namespace" space_refused "$OWN"', {"type": "time"}' '\[2\].type: a time namespace is not carried out'
ok "one type twice" space_refused "$OWN"', {"type": "pid"}' '\[2\]: "pid" stands here twice'
ok "an unknown type" space_refused "$OWN"', {"type": "net"}' '\[2\].type: "net" is not one of'
ok "a relative path" space_refused "$OWN"', {"type": "ipc", "path": "ns"}' '\[2\].path: must be an absolute path'
ok "the host's PID namespace" space_refused '{"type": "mount"}, {"type": "pid", "path": "/proc/self/ns/pid"}' \
	"\\[1\\].path: the PID namespace is the host's"
ok "the host's mount namespace" space_refused '{"type": "pid"}, {"type": "mount", "path": "/proc/self/ns/mnt"}' \
	"\[1\].path: the mount namespace is the host's"

fi

# ---- sysctl ----

spaces set "$OWN"', {"type": "network"}, {"type": "ipc"}, {"type": "uts"}' '"sysctl": {"net.ipv4.ip_default_ttl": "71",
	"net/ipv4/conf/lo/log_martians": "1", "kernel.msgmax": "4097", "kernel.sem": "10 20 30 40", "kernel.shm_rmid_forced": "1",
	"fs.mqueue.msg_max": "7", "kernel.domainname": "set.by.sysctl"}' /inside view \
	sysctl:net.ipv4.ip_default_ttl sysctl:net.ipv4.conf.lo.log_martians sysctl:kernel.msgmax sysctl:kernel.sem \
	sysctl:kernel.shm_rmid_forced sysctl:fs.mqueue.msg_max
before=$(cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max)
ok "a pod with sysctls of its namespaces runs" result set
ok "the network's" has set '"sysctl:net.ipv4.ip_default_ttl":"71"'
ok "written with slashes" has set '"sysctl:net.ipv4.conf.lo.log_martians":"1"'
ok "those of System V IPC" has set '"sysctl:kernel.msgmax":"4097"'
ok "with several numbers" has set '"sysctl:kernel.sem":"10\u000920\u000930\u000940"'
ok "and a switch" has set '"sysctl:kernel.shm_rmid_forced":"1"'
ok "those of message queues" has set '"sysctl:fs.mqueue.msg_max":"7"'
ok "the names" has set '"domainname":"set.by.sysctl"'
ok "the host's are as they were" \
	test "$before" = "$(cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max)"

# sysctl_refused NAME WORDS [NAMESPACES]: with those namespaces instead of the pod's.
sysctl_refused () {
	spaces bad "${3:-$OWN}" "\"sysctl\": {\"$1\": \"1\"}"
	refused bad "containers\\[0\\].spec.linux.sysctl\\[\"$1\"\\]: $2"
}
[ "$PLACE" = vm ] || for name in kernel.panic kernel.core_pattern kernel.shm kernel.msgmaximum vm.swappiness fs.file-max dev.raid user.max_user_namespaces; do
	ok "$name is the whole host's" sysctl_refused $name 'is a setting of the whole host'
done
[ "$PLACE" = vm ] || for name in net. net/../kernel/panic net//ipv4 .net net/./ipv4; do
	ok "$name is no name" sysctl_refused $name '.*is no.* name'
done
for pair in network:net:net.ipv4.ip_forward ipc:ipc:kernel.msgmax uts:uts:kernel.hostname; do
	rest=${pair#*:} type=${pair%%:*}
	ok "${rest#*:} is refused where the $type namespace is the host's" sysctl_refused "${rest#*:}" \
		"the $type namespace is the host's" "$OWN, {\"type\": \"$type\", \"path\": \"/proc/$$/ns/${rest%%:*}\"}"
done
NAMED='"hostname": "x"' spaces bad "$OWN, {\"type\": \"uts\", \"path\": \"/proc/$$/ns/uts\"}" ''
unset NAMED
ok "so is a host name" refused bad 'hostname: needs a UTS namespace that is not'
spaces bad "$OWN" '"sysctl": {"net.ipv4.nothing": "1"}'
ok "a sysctl that is not there fails the pod by name" fails_to_start bad 'linux.sysctl\["net.ipv4.nothing"\].*No such file'
spaces bad "$OWN" '"sysctl": {"kernel.msgmax": "many"}'
ok "so does a value that the kernel refuses" fails_to_start bad 'linux.sysctl\["kernel.msgmax"\].*Invalid argument'

# ---- the host's network ----
unset SPEC

TOP='"hostNetwork": true' pod "$(container main /inside view)" >"$TMP/net.json"
ok "a pod on the host's network runs" result net
ok "its network is the host's" equal net host net
for name in mnt pid ipc uts cgroup; do
	ok "and its $name namespace is not" differ net host $name
done
SPEC='"linux": {"sysctl": {"net.ipv4.ip_forward": "1"}}'
TOP='"hostNetwork": true' pod "$(container main /inside view)" >"$TMP/bad.json"
ok "it may not set the network's sysctls" refused bad "the network namespace is the host's"
SPEC="\"linux\": {\"namespaces\": [$OWN, {\"type\": \"network\"}], \"sysctl\": {\"net.ipv4.ip_default_ttl\": \"72\"}}"
TOP='"hostNetwork": true' pod "$(container main /inside view)" >"$TMP/own.json"
ok "unless the container has a network of its own" result own
ok "which is not the host's" differ own host net
