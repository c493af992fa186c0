# A pod of root's with a user namespace of its own (hostUsers: false): its ids, its files, and that all else is as usual.
# where: host vm asan
# The subordinate ids are this file's own, in a mount namespace of its own. What is mounted lies on a disk: tmpfs has idmapped
# mounts from Linux 6.3 only.
if [ -z "${DISK:-}" ]; then
	DISK=$(mktemp -d /var/tmp/cpod-userns.XXXXXX)
	SECRET=/usr/cpod-secret.$$
	export DISK SECRET
	printf 'nobody else\n' >"$SECRET" && chmod 600 "$SECRET"
	[ -e /etc/subuid ] || made=/etc/subuid
	[ -e /etc/subgid ] || made="${made:-} /etc/subgid"
	touch /etc/subuid /etc/subgid
	unshare -m sh "$0" "$@"
	status=$?
	# shellcheck disable=SC2086
	rm -f "$SECRET" ${made:-}
	rm -rf "$DISK"
	exit $status
fi
mount --make-rprivate /
mkdir "$DISK/data" "$DISK/over" "$DISK/upper" "$DISK/work"
touch "$DISK/subuid" "$DISK/subgid"
mount --bind "$DISK/subuid" /etc/subuid
mount --bind "$DISK/subgid" /etc/subgid
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"
chmod 777 "$DISK/data"
cp -R "$TMP/root" "$DISK/root"

# A hundred million ids from where no other user's are looked for, three blocks of them for a pod each.
FIRST=$((1500000000 + $$ % 1000 * 1000000))
[ "$FIRST" -lt 2400000000 ] || FIRST=1500000000
subordinate () {
	printf '%b' "$1" >"$DISK/subuid"
	printf '%b' "$1" >"$DISK/subgid"
}
subordinate "other:$((FIRST + 400000)):65536\ncpod:$FIRST:196608\n"

# own NAME WORD...: a container on the disk's root, as `container`.
own () {
	container "$@" | sed "s|\"path\": \"$TMP/root\"|\"path\": \"$DISK/root\"|"
}

# users CONTAINER...: a pod of them with a user namespace of its own.
users () {
	TOP="\"hostUsers\": false${TOP:+, $TOP}"
	pod "$@"
}

# host_pid WORDS: the pid on the host of the process of this test whose command line begins so.
host_pid () {
	for host_process in $(marked); do
		! tr '\0' ' ' <"/proc/$host_process/cmdline" 2>/dev/null | grep -q "^$1" || { echo "$host_process"; return 0; }
	done
	return 1
}

# ids PID: its uid and gid on the host.
ids () {
	sed -n 's/^[UG]id:\t\([0-9]*\).*/\1/p' "/proc/$1/status" | tr '\n' ' '
}

# record N: whether N blocks of this test's are held.
records () {
	records_n=0
	for record in /run/cpod/ids/*-*; do
		[ ! -e "$record" ] || [ "${record##*-}" -lt "$FIRST" ] || [ "${record##*-}" -gt $((FIRST + 900000)) ] || records_n=$((records_n + 1))
	done
	[ "$records_n" -eq "$1" ] || { echo "$records_n records"; return 1; }
}

owner () {
	[ "$(stat -c '%u:%g' "$1")" = "$2" ] || { stat "$1"; return 1; }
}

# ---- ids, files, and what a container is otherwise ----

printf 'of root\n' >"$DISK/data/root" && chmod 600 "$DISK/data/root"
printf 'of 1000\n' >"$DISK/data/1000" && chmod 600 "$DISK/data/1000" && chown 1000:1000 "$DISK/data/1000"
VOLUME="{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"$DISK/data\", \"options\": [\"rbind\"]}"
first () {
	SPEC="\"mounts\": [$VOLUME], \"linux\": {\"sysctl\": {\"net.ipv4.ip_default_ttl\": \"73\"}}"
	MORE='"livenessProbe": {"exec": {"command": ["/inside", "touch", "/data/probe"]}, "periodSeconds": 1, "initialDelaySeconds": 0}'
	own main /inside sleep 4713
}
second () {
	SPEC="\"mounts\": [$VOLUME]"
	PROCESS='"user": {"uid": 1000, "gid": 1000}'
	own user /inside sleep 4714
}
users "$(first)" "$(second)" >"$TMP/p.json"
ok "a pod with a user namespace of its own runs" start p
inside p main /inside view sysctl:net.ipv4.ip_default_ttl >"$TMP/main.view"
inside p user /inside view >"$TMP/user.view"
ok "its root is root inside" has main '"ids":{"uid":[0,0,0],"gid":[0,0,0]'
ok "and the first of its ids on the host" test "$(ids "$(host_pid '/inside sleep 4713')")" = "$FIRST $FIRST "
ok "a user of its own is behind that" test "$(ids "$(host_pid '/inside sleep 4714')")" = "$((FIRST + 1000)) $((FIRST + 1000)) "
# opens_output CONTAINER: a command opens the pipe that it writes to by its name.
opens_output () { [ "$(inside p "$1" /inside write /dev/stdout again | cat)" = again ]; }
ok "a command of its root opens its output again" opens_output main
ok "and one of another user" opens_output user
ok "it has 65536 ids" prints "^ *0 *$FIRST *65536$" inside p main /inside cat /proc/self/uid_map
ok "of groups, too" prints "^ *0 *$FIRST *65536$" inside p main /inside cat /proc/self/gid_map
ok "its containers share the namespace" test "$(readlink "/proc/$(host_pid '/inside sleep 4713')/ns/user")" = \
	"$(readlink "/proc/$(host_pid '/inside sleep 4714')/ns/user")"
ok "which is not the host's" test "$(readlink "/proc/$(host_pid '/inside sleep 4713')/ns/user")" != "$(readlink /proc/self/ns/user)"
ok "it has the usual capabilities" has main '"bounding":"00000000a00405fb"'
ok "no new privileges" has main '"noNewPrivs":1'
ok "a filter" has main '"seccomp":2'
ok "its cgroup as the root of what it sees" prints '^0::/probe-' inside p main /inside cat /proc/self/cgroup
ok "the spec's sysctls of its network" has main '"sysctl:net.ipv4.ip_default_ttl":"73"'
ok "loopback" exits 111 inside p main /inside connect 1
ok "the usual devices" inside p main /inside write /dev/null x
ok "which it cannot make" exits 1 inside p main /inside mknod /tmp/node c 1 3
ok "and masks" has main '"/proc/keys":0'
ok "a probe runs as its root" within 10 test -e "$DISK/data/probe"
ok "what root writes to a volume is the host's root's" owner "$DISK/data/probe" 0:0
ok "a user's file is that user's" inside p user /inside touch /data/user
ok "on the host as well" owner "$DISK/data/user" 1000:1000
ok "a file of the host's root is root's inside" prints 'of root' inside p main /inside cat /data/root
ok "and not the user's" exits 13 inside p user /inside cat /data/root
ok "a user's file on the host is that user's inside" prints 'of 1000' inside p user /inside cat /data/1000
ok "what root writes to its root directory is root's" inside p main /inside touch /made
ok "on the host as well" owner "$DISK/root/made" 0:0
ok "a command that fails is told" exits 3 inside p main /inside exit 3
ok "of its cgroup it may add processes" owner "/proc/$(host_pid '/inside sleep 4713')/root/sys/fs/cgroup/cgroup.procs" "$FIRST:$FIRST"
ok "and nothing else" owner "/proc/$(host_pid '/inside sleep 4713')/root/sys/fs/cgroup/cgroup.subtree_control" 0:0
ok "the pod ends" finish p
ok "its ids are free again" records 0

# ---- no two pods have the same ids ----

for n in 1 2 3 4; do users "$(own main /inside sleep)" >"$TMP/n$n.json"; done
for n in 1 2 3; do launch n$n; done
for n in 1 2 3; do ok "pod $n of three at once runs" within 10 running n$n; done
ok "each with its own ids" test "$(for process in $(marked); do ids "$process"; echo; done | grep -c "^$FIRST ")" -eq 1
ok "all three blocks are held" records 3
ok "for a fourth pod there are none" fails_to_start n4 \
	'hostUsers: all ids that /etc/subuid and /etc/subgid give the user cpod are in use, by 3 pods'
ok "when a pod ends" finish n2
ok "there are, its own" start n4
ok "which no other has" records 3
kill -9 "$(cat "$TMP/n1.pid")"
within 10 ended n1
ok "when a supervisor is killed, its pod's ids are free with the next start" start n2
ok "and not twice" records 3
kill -9 "$(cat "$TMP/n2.pid")" "$(cat "$TMP/n3.pid")"
within 10 ended n2 && within 10 ended n3
ok "or" "$CPOD" gc
ok "with gc" within 5 records 1
ok "the last pod ends" finish n4
ok "and nothing is held" records 0

# ---- which ids ----

ok "another user's are told by name" start n1 --subordinate-user other
ok "it has them" test "$(for process in $(marked); do ids "$process"; echo; done | grep -c "^$((FIRST + 400000)) ")" -eq 1
finish n1 >/dev/null
subordinate "root:1:1\ncpod:$FIRST:65535\n"
ok "without enough ids a pod is refused, and told what would help" fails_to_start n1 \
	'hostUsers: /etc/subuid gives the user cpod no 65536 ids for a pod; a line "cpod:1000000:6553600"'
subordinate "cpod:0:65536\n"
ok "the host's own ids are given to nobody" fails_to_start n1 'are in use, by 0 pods'
subordinate "cpod:$FIRST:65536\n"
PROCESS='"user": {"uid": 65536}'
users "$(own main /inside sleep)" >"$TMP/bad.json"
unset PROCESS
ok "an id that it has not is refused by name" refused bad 'containers\[0\].spec.process.user.uid: 65536 is not among the ids'

# ---- files that cannot be given to it ----

# volume SOURCE [OPTION]: a pod with that volume.
volume () {
	SPEC="\"mounts\": [{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"$1\", \"options\": [\"${2:-bind}\"]}]"
	users "$(own main /inside view)" >"$TMP/v.json"
	unset SPEC
}
mount -t overlay -o "lowerdir=$DISK/data,upperdir=$DISK/upper,workdir=$DISK/work" none "$DISK/over"
volume "$DISK/over"
ok "a volume without idmapped mounts is refused by mount and file system" fails_to_start v \
	"containers\\[0\\].spec.mounts\\[0\\].source: the files of $DISK/over (overlay, mounted on $DISK/over) cannot have the ids"
volume "$DISK" rbind
ok "so is one with such a mount below it" fails_to_start v "the files of $DISK (overlay, mounted on $DISK/over) cannot have the ids"
volume "$DISK"
ok "the same without what is below it is fine" result v
umount "$DISK/over"
volume /dev/null
sed -i 's|"destination": "/data"|"destination": "/tmp/node"|' "$TMP/v.json"
ok "a device needs no ids" result v
users "$(container main /inside view)" | sed "s|\"path\": \"$TMP/root\"|\"path\": \"/proc/self\"|" >"$TMP/v.json"
ok "a root without idmapped mounts is refused" fails_to_start v 'containers\[0\].spec.root.path: the files of /proc/self (proc, mounted on /proc)'

# ---- mappings that a spec asks for ----

MAP='[{"containerID": 0, "hostID": 5000, "size": 100}, {"containerID": 1000, "hostID": 7000, "size": 10}]'
# mapped OPTIONS [MORE]: the mount of the data, so mapped.
mapped () {
	printf '{"destination": "/data", "type": "bind", "source": "%s", "options": [%s]%s}' "${SOURCE:-$DISK/data}" "$1" "$2"
}
# mapped_pod NAME MOUNT WORD...: a pod in the host's user namespace with it.
mapped_pod () {
	mapped_name=$1
	SPEC="\"mounts\": [$2]"
	shift 2
	pod "$(container main "$@")" >"$TMP/$mapped_name.json"
	unset SPEC
}
BOTH=", \"uidMappings\": $MAP, \"gidMappings\": $MAP"
mapped_pod map "$(mapped '"bind"' "$BOTH")" /inside view path:/data/root path:/data/1000
ok "a mount with mappings of its own" result map
ok "shows the disk's ids as the mapping has them" has map '"path:/data/root":{"type":"f","mode":"0600","uid":5000,"gid":5000'
ok "in each of its ranges" has map '"path:/data/1000":{"type":"f","mode":"0600","uid":7000,"gid":7000'
PROCESS='"user": {"uid": 5003, "gid": 5004}'
mapped_pod map "$(mapped '"bind", "idmap"' "$BOTH")" /inside touch /data/mapped
unset PROCESS
ok "what is written there" result map
ok "has the disk's ids" owner "$DISK/data/mapped" 3:4
mapped_pod map "$(mapped '"bind"' "$BOTH")" /inside touch /data/unmapped
ok "who has no id there writes nothing" fails_to_start map 'exited with status 75\|status'
ok "and nothing is there" test ! -e "$DISK/data/unmapped"
SOURCE=$DISK
mount -t overlay -o "lowerdir=$DISK/data,upperdir=$DISK/upper,workdir=$DISK/work" none "$DISK/over"
mapped_pod map "$(mapped '"rbind", "idmap"' "$BOTH")" /inside view path:/data/data/root
ok "idmap is for the mount alone" result map
mapped_pod map "$(mapped '"rbind", "ridmap"' "$BOTH")" /inside view
ok "ridmap for those below it, too" fails_to_start map "mounts\\[0\\].source: the files of $DISK (overlay, mounted on $DISK/over)"
umount "$DISK/over"
SOURCE=
if [ "$PLACE" != vm ]; then
	mapped_pod bad "$(mapped '"bind", "idmap"' '')" /inside view
	ok "idmap without mappings is refused" refused bad 'mounts\[0\].options: idmap needs uidMappings and gidMappings, or a user namespace'
	mapped_pod bad "$(mapped '"bind"' ", \"uidMappings\": $MAP")" /inside view
	ok "so is one mapping without the other" refused bad 'mounts\[0\].gidMappings: is required'
	mapped_pod bad "{\"destination\": \"/data\", \"type\": \"tmpfs\"$BOTH}" /inside view
	ok "and one for a file system that the container makes" refused bad 'mounts\[0\]: only a bind mount'
	mapped_pod bad '{"destination": "/sys/fs/cgroup", "type": "cgroup", "options": ["ridmap"]}' /inside view
	ok "or for its cgroup" refused bad 'mounts\[0\]: only a bind mount'
fi
MAP='[{"containerID": 0, "hostID": 5000, "size": 100}, {"containerID": 99, "hostID": 7000, "size": 10}]'
mapped_pod map "$(mapped '"bind"' ", \"uidMappings\": $MAP, \"gidMappings\": $MAP")" /inside view
ok "mappings that overlap are the kernel's to refuse" fails_to_start map 'mounts\[0\].source: write the gid_map.*Invalid argument'
subordinate "cpod:$FIRST:65536\n"
SPEC="\"mounts\": [$(mapped '"bind", "idmap"' '')]"
users "$(own main /inside view path:/data/root)" >"$TMP/map.json"
unset SPEC
ok "idmap in a pod with a user namespace" result map
ok "is that namespace's" has map '"path:/data/root":{"type":"f","mode":"0600","uid":0,"gid":0'
mkdir "$DISK/bundle"
printf '{"ociVersion": "1.2.0", "root": {"path": "%s/root"}, "process": {"cwd": "/", "args": ["/inside", "view", "path:/data/root"],
	"user": {"uid": 0, "gid": 0}}, "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]},
	"mounts": [{"destination": "/proc", "type": "proc"}, %s]}' "$DISK" "$(mapped '"bind"' "$BOTH" | sed 's/99, "hostID"/1000, "hostID"/g')" >"$DISK/bundle/config.json"
ok "a bundle has mappings as well" prints '"path:/data/root":{"type":"f","mode":"0600","uid":5000,"gid":5000' \
	"$CPOD_OCI" run --bundle "$DISK/bundle" "$POD-bundle"

# ---- a cgroup of its own ----

WRITABLE='{"destination": "/sys/fs/cgroup", "type": "cgroup", "options": ["nosuid"]}'
SPEC="\"mounts\": [$WRITABLE]"
writer=$(own writer /inside sleep)
unset SPEC
users "$writer" "$(own reader /inside sleep)" >"$TMP/groups.json"
ok "a pod one of whose containers may write to its cgroup runs" start groups
ok "that one makes groups in it" inside groups writer /inside mkdir /sys/fs/cgroup/mine
ok "and puts itself into one" inside groups writer /inside write /sys/fs/cgroup/mine/cgroup.procs 1
ok "but does not kill all that is in its own" exits 13 inside groups writer /inside write /sys/fs/cgroup/cgroup.kill 1
ok "the other makes none" exits 30 inside groups reader /inside mkdir /sys/fs/cgroup/mine
ok "the pod ends, with the groups" finish groups

# ---- bundles ----

# bundle NAMESPACES MORE WORD...: one on the disk's root, given to the first of its ids, with more in linux.
bundle () {
	bundle_spaces=$1 bundle_more=$2
	shift 2
	printf '{"ociVersion": "1.2.0", "root": {"path": "%s/mapped"}, "process": {"cwd": "/", "args": %s, "user": {"uid": 0, "gid": 0},
		"env": ["CPOD_TEST=%s"]}, "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}%s]%s}, "mounts": [{"destination": "/proc",
		"type": "proc"}, {"destination": "/dev", "type": "tmpfs"}, %s]}' "$DISK" "$(json_words "$@")" "$CPOD_TEST" "$bundle_spaces" \
		"$bundle_more" "$(mapped '"bind", "idmap"' '')" >"$DISK/bundle/config.json"
}
# oci WORD...: a command of cpod-oci.
oci () {
	"$CPOD_OCI" --root "$TMP/oci" "$@"
}
# bundle_refused WORDS: in one line.
bundle_refused () {
	exits 1 oci run --bundle "$DISK/bundle" "$POD-bad" >"$TMP/.refused" 2>&1
	grep -e "$1" "$TMP/.refused" || { cat "$TMP/.refused"; return 1; }
}
cp -R "$DISK/root" "$DISK/mapped"
chown -R "$FIRST:$FIRST" "$DISK/mapped"
chmod 700 "$DISK/bundle"
IDS=", \"uidMappings\": [{\"containerID\": 0, \"hostID\": $FIRST, \"size\": 2000}], \"gidMappings\": [{\"containerID\": 0, \"hostID\": $FIRST, \"size\": 2000}]"
ALSO=', {"type": "user"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "cgroup"}'
bundle "$ALSO" "$IDS" /inside sleep 4715
sed -i "s|\"mounts\": \[|&$WRITABLE, |" "$DISK/bundle/config.json"
mkdir -p "$DISK/mapped/sys/fs/cgroup"
ok "a bundle with a user namespace is created" oci create --bundle "$DISK/bundle" "$POD-own"
ok "and started" oci start "$POD-own"
ok "its root is the first of its ids on the host" test "$(ids "$(host_pid '/inside sleep 4715')")" = "$FIRST $FIRST "
ok "it has these ids" prints "^ *0 *$FIRST *2000$" oci exec "$POD-own" /inside cat /proc/self/uid_map
ok "an idmapped mount has them" oci exec "$POD-own" /inside touch /data/bundle
ok "so that what root writes is root's" owner "$DISK/data/bundle" 0:0
ok "what it writes elsewhere is its own" oci exec "$POD-own" /inside touch /tmp/x
ok "of its ids" owner "$DISK/mapped/tmp/x" "$FIRST:$FIRST"
ok "it makes groups in its cgroup" oci exec "$POD-own" /inside mkdir /sys/fs/cgroup/mine
ok "it has devices" oci exec "$POD-own" /inside write /dev/null x
ok "and makes none" exits 1 oci exec "$POD-own" /inside mknod /tmp/made c 1 3
ok "a command of another user's is that user's" oci exec --user 7:8 --cwd /data "$POD-own" /inside touch /data/seven
ok "on the disk as well" owner "$DISK/data/seven" 7:8
ok "it ends" oci delete --force "$POD-own"
if [ "$PLACE" != vm ]; then
	bundle ', {"type": "user"}' '' /inside exit 0
	ok "without mappings it is refused" bundle_refused 'linux.uidMappings: is required'
	bundle '' "$IDS" /inside exit 0
	ok "so are mappings without it" bundle_refused 'linux.uidMappings: there is no user namespace'
	bundle ', {"type": "user", "path": "/proc/self/ns/user"}' "$IDS" /inside exit 0
	ok "and one by path" bundle_refused 'linux.namespaces\[2\].path: joining a user namespace is not carried out'
	bundle ', {"type": "user"}' "$IDS" /inside exit 0
	sed -i 's/"uid": 0, "gid": 0}/"uid": 2000, "gid": 0}/' "$DISK/bundle/config.json"
	ok "and ids that it has not" bundle_refused 'process.user.uid: 2000 is not among the ids'
	SPEC='"linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "user"}]}'
	pod "$(container main /inside exit 0)" >"$TMP/bad.json"
	unset SPEC
	SPEC="\"linux\": {${IDS#, }}"
	pod "$(container main /inside exit 0)" >"$TMP/ids.json"
	unset SPEC
	ok "nor mappings" refused ids 'linux.uidMappings: there is no user namespace'
	ok "a container of a pod has none of its own" refused bad 'namespaces\[2\].type: a user namespace of a single container'
fi

# ---- what it cannot be had with ----

TOP='"hostNetwork": true' users "$(own main /inside view)" >"$TMP/bad.json"
ok "the host's network is refused" refused bad 'hostUsers: false cannot be had in the host.s network namespace'
for name in hostPID hostIPC; do
	TOP="\"$name\": true" users "$(own main /inside view)" >"$TMP/bad.json"
	ok "so is $name" refused bad "$name: cannot be had in a user namespace"
done
SPEC="\"linux\": {\"namespaces\": [{\"type\": \"mount\"}, {\"type\": \"pid\", \"path\": \"/proc/$$/ns/pid_for_children\"}]}"
users "$(own main /inside view)" >"$TMP/bad.json"
unset SPEC
ok "so is another PID namespace" refused bad 'namespaces\[1\].path:'
TOP='"hostUsers": "no"' pod "$(own main /inside view)" >"$TMP/bad.json"
ok "and a word" refused bad 'hostUsers: '
TOP='"hostUsers": true' pod "$(own main /inside view)" >"$TMP/true.json"
ok "true is what a pod is anyway" result true
users "$(own main /inside view)" >"$TMP/bad.json"
ok "a runtime that cannot have it says so" prints 'hostUsers: the runtime shellout has no user namespaces' \
	"$CPOD" run --runtime shellout --name "$POD-bad" "$TMP/bad.json"
if [ "$PLACE" != vm ]; then
	chmod 755 "$TMP"
	ok "an ordinary user's pod cannot have the host's" prints 'hostUsers: true is root.s alone' \
		setpriv --reuid 65534 --regid 65534 --clear-groups "$CPOD" check "$TMP/true.json"
fi
ok "in the host's user namespace" test "$(sed -n 's/^"namespaces":.*"user":\([0-9]*\).*/user:[\1]/p' "$TMP/true.view")" = "$(readlink /proc/self/ns/user)"

# ---- the host view ----

users "$(on_host main /mnt/inside sleep)" >"$TMP/view.json"
ok "a pod on the host view runs" start view
ok "a program of the host's runs in it" inside view main /bin/sh -c 'echo yes'
ok "a file of the host's root alone is nobody's, and closed to its root" exits 13 inside view main /mnt/inside cat "$SECRET"
ok "/etc/shadow shows nothing" test -z "$(inside view main /mnt/inside cat /etc/shadow 2>/dev/null)"
ok "what all may read it may" prints '^root:' inside view main /mnt/inside cat /etc/passwd
ok "and not write" exits 13 inside view main /mnt/inside append /etc/passwd x
ok "it may write where it has a directory" inside view main /mnt/inside touch /tmp/x
ok "the pod ends" finish view

# ---- all capabilities of its own are none on the host ----

ALL='"CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_DAC_READ_SEARCH", "CAP_SYS_RAWIO", "CAP_SYS_MODULE", "CAP_SYS_BOOT", "CAP_CHOWN"'
SPEC="\"mounts\": [$VOLUME]"
PROCESS="\"capabilities\": {\"bounding\": [$ALL], \"permitted\": [$ALL], \"effective\": [$ALL]}"
users "$(own main /inside sleep)" >"$TMP/caps.json"
unset PROCESS SPEC
ok "a pod with strong capabilities runs" start caps
ok "it makes no device" exits 1 inside caps main /inside mknod /data/node b 1 1
ok "it mounts no disk" exits 1 inside caps main /inside mount ext4 /tmp
ok "the pod ends" finish caps
