# Pods of ordinary users: one with subordinate ids, one with none. What they can have is as it is for root; what
# they cannot is refused by name; and nothing outlives the supervisor, whatever a container does.
# where: host vm asan
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"
user_uid=''     # user.sh knows
. "$SRC/tests/lib/user.sh"

# refused NAME PATTERN: the pod does not begin, and one line on stderr says why.
refused () {
	refused_status=0
	"$CPOD" run --name "$POD-$1" "$TMP/$1.json" >"$TMP/$1.log" 2>&1 || refused_status=$?
	grep -e "$2" "$TMP/$1.log" || { cat "$TMP/$1.log"; return 1; }
	[ "$refused_status" -eq 2 ] || [ "$refused_status" -eq 125 ] || { echo "exit status $refused_status"; return 1; }
}

# refuses SENTENCE PATTERN SPEC [PROCESS]: a pod with that part of a spec.
refuses () {
	SPEC=$3 PROCESS=${4:-} container main /inside sleep >"$TMP/.container"
	pod "$(cat "$TMP/.container")" >"$TMP/bad.json"
	ok "$who: $1" refused bad "$2"
}

# namespace FILE NAME: the inode in a view.
namespace () {
	sed -n "s/^\"namespaces\":.*\"$2\":\([0-9]*\).*/\1/p" "$1"
}

differs () {
	[ -n "$(namespace "$2" "$3")" ] && [ "$(namespace "$1" "$3")" != "$(namespace "$2" "$3")" ]
}

equals () {
	[ -n "$(namespace "$2" "$3")" ] && [ "$(namespace "$1" "$3")" = "$(namespace "$2" "$3")" ]
}

# maps PATTERN...: the lines of the container's uid_map.
maps () {
	inside p one /inside cat /proc/self/uid_map | awk '{ $1 = $1; print }' >"$TMP/map"
	printf '%s\n' "$@" >"$TMP/wanted"
	same "$TMP/wanted" "$TMP/map"
}

# running WORDS N: how many processes of this file's run that program.
running_now () {
	running_n=0
	for running_pid in $(marked); do
		case $(tr '\0' ' ' <"/proc/$running_pid/cmdline" 2>/dev/null) in
		"$1 "*) running_n=$((running_n + 1)) ;;
		esac
	done
	[ "$running_n" -eq "$2" ] || { echo "$running_n of $1, wanted $2"; return 1; }
}

# gone: nobody of this file's runs.
gone () {
	gone_pids=$(marked)
	[ -z "$gone_pids" ] || { echo "still running: $gone_pids"; return 1; }
}

# dead_listed NAME, reclaimed NAME
dead_listed () {
	"$CPOD" ps | grep "^$POD-$1 *dead"
}
reclaimed () {
	"$CPOD" gc && ! "$CPOD" ps | grep "^$POD-$1 "
}

mkdir -m 777 "$TMP/root/flags"
mkdir -m 755 "$TMP/volume"
echo data >"$TMP/volume/file"
chmod 644 "$TMP/volume/file"

# ---- What is the same for both users

every='"readinessProbe": {"exec": {"command": ["/inside", "exit", "0"]}, "periodSeconds": 1, "timeoutSeconds": 20}'

common () {
	pod "$(MORE=$every container one /inside seq view , sleep)" "$(container two /inside graceful)" >"$TMP/p.json"
	ok "$who: a pod runs" start p --logs
	"$INSIDE" view >"$TMP/host"
	inside p one /inside view >"$TMP/one"
	inside p two /inside view >"$TMP/two"
	for name in user mnt pid net ipc uts; do
		ok "$who: the $name namespace is not the host's" differs "$TMP/host" "$TMP/one" $name
	done
	for name in user net ipc uts; do
		ok "$who: the containers share the pod's $name namespace" equals "$TMP/one" "$TMP/two" $name
	done
	ok "$who: a program has only its three descriptors" grep '^"fds":{"0":"[^"]*","1":"[^"]*","2":"[^"]*"}' "$TMP/one"
	ok "$who: it is confined as for root" grep '"permitted":"00000000a00405fb"' "$TMP/one"
	ok "$who: by a filter too" grep '^"seccomp":2' "$TMP/one"
	ok "$who: no cgroup of the host is in sight" no inside p one /inside open /sys/fs/cgroup/cgroup.procs
	ok "$who: another user namespace is refused" no inside p one /inside unshare 0x10000000
	ok "$who: the loopback interface is up" inside_talk
	ok "$who: probes make it ready" within 10 prints 'one *healthy *yes' "$CPOD" status "$POD-p"
	ok "$who: it is healthy" prints '^healthy$' "$CPOD" healthy "$POD-p"
	ok "$who: it is listed" prints "^$POD-p *running *yes *2/2" "$CPOD" ps
	ok "$who: a program's status comes back" exits 7 inside p two /inside exit 7
	ok "$who: a program that is not there is told from others" exits 127 inside p two /no/such
	ok "$who: a signal reaches a container" "$CPOD" kill -s TERM "$POD-p" two
	ok "$who: which ends of it" within 5 state p two finished
	ok "$who: root of the machine may not be asked" no as_user test -r /etc/shadow
	ok "$who: the pod is stopped" finish p

	# The supervisor is killed, while containers ignore what they can and have children in sessions of their own.
	pod "$(container one /inside stubborn)" "$(container two /inside orphan 20)" >"$TMP/killed.json"
	ok "$who: a pod of stubborn containers runs" start killed
	"$CPOD" exec "$POD-killed" one -- /inside sleep >"$TMP/exec.log" 2>&1 &
	ok "$who: with a command in it" within 5 prints '.' marked
	kill -KILL "$(cat "$TMP/killed.pid")"
	wait $! 2>/dev/null
	ok "$who: after SIGKILL to its supervisor nobody runs" within 2 gone
	ok "$who: it is listed as dead" dead_listed killed
	ok "$who: and reclaimed" reclaimed killed

	refuses "a limit is refused by its name" \
		'linux.resources.pids.limit: a limit needs a cgroup: no cgroup is delegated to user' \
		'"linux": {"resources": {"pids": {"limit": 9}}}'
	TOP='"volumes": [{"name": "v", "group": 12345, "files": [{"path": "a", "text": "b"}]}]'
	pod "$(container main /inside sleep)" >"$TMP/bad.json"
	ok "$who: so is a volume for a group that the user is not in" refused bad 'volume v: its group (fsGroup) 12345 is none of user'
	refuses "so is a cgroup of its own choice" 'linux.cgroupsPath: no cgroup is delegated' '"linux": {"cgroupsPath": "/x"}'
	refuses "so is a device that the host has not" \
		'linux.devices\[0\]: .*the host.s own, /dev/cpod-none: No such file' \
		'"linux": {"devices": [{"path": "/dev/cpod-none", "type": "c", "major": 1, "minor": 3}]}'
	refuses "one that is another on the host" "linux.devices\[0\]: the host's /dev/full is another device" \
		'"linux": {"devices": [{"path": "/dev/full", "type": "c", "major": 1, "minor": 9}]}'
	refuses "one with a mode that the host's has not" "linux.devices\[0\].fileMode: the host's /dev/ptmx has mode" \
		'"linux": {"devices": [{"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2, "fileMode": 256}]}'
	refuses "one outside of /dev" 'linux.devices\[0\].path: .*one of /dev, not /inside-dev' \
		'"linux": {"devices": [{"path": "/inside-dev", "type": "c", "major": 1, "minor": 3}]}'
	refuses "a device rule that no filter is there for" 'linux.resources.devices\[1\]: without privileges there is no device filter' \
		'"linux": {"resources": {"devices": [{"allow": true}, {"allow": false, "type": "c", "major": 1, "minor": 3}]}}'
	refuses "a device that the rules do not allow in full" 'linux.devices\[0\]: linux.resources.devices does not allow it in full' \
		'"linux": {"devices": [{"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2}], "resources": {"devices": [
			{"allow": false}, {"allow": true, "type": "c", "major": 5, "minor": 2, "access": "r"}]}}'
	refuses "a PID namespace by path" 'linux.namespaces\[1\].path: a PID namespace cannot be joined' \
		'"linux": {"namespaces": [{"type": "mount"}, {"type": "pid", "path": "/proc/1/ns/pid"}]}'
	refuses "a user who is not among the ids" 'process.user.uid: 70000 is not among the ids of the pod.s user namespace, 0' '' \
		'"user": {"uid": 70000, "gid": 0}'
	refuses "a group that is not" 'process.user.gid: 70000 is not among the ids' '' '"user": {"uid": 0, "gid": 70000}'
	refuses "another group that is not" 'process.user.additionalGids\[1\]: 70000 is not among the ids' '' \
		'"user": {"uid": 0, "gid": 0, "additionalGids": [0, 70000]}'

	# What the kernel allows everybody: rules that change nothing, a FIFO, the host's node, volumes.
	pod "$(SPEC='"linux": {"devices": [{"path": "/dev/pipe", "type": "p"}, {"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2}],
		"resources": {"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 5, "minor": 2}]}},
		"mounts": [{"destination": "/mnt", "type": "bind", "source": "'"$TMP"'/volume", "options": ["bind", "ro"]},
			{"destination": "/var", "type": "tmpfs", "source": "tmpfs", "options": ["mode=700", "size=64k"]}]' \
		container main /inside seq view path:/dev/pipe path:/dev/ptmx , open /dev/null rw , open /dev/zero r , cat /mnt/file , touch /var/new)" >"$TMP/may.json"
	ok "$who: what needs no privileges is done" result may
	ok "$who: a FIFO" has may '"path:/dev/pipe":{"type":"p"'
	ok "$who: a volume" grep -x data "$TMP/may.view"
	ok "$who: which is read-only" mount_option may /mnt +ro
	ok "$who: and has neither devices nor set-user-ID programs" mount_option may /mnt +nodev +nosuid

	# The host's network, where no sysfs of the pod's own can be made.
	TOP='"hostNetwork": true'
	pod "$(container main /inside seq view , write /sys/cpod x)" >"$TMP/net.json"
	ok "$who: a pod in the host's network runs; /sys is read-only" no result net
	ok "$who: it is the host's network" equals "$TMP/host" "$TMP/net.view" net
	ok "$who: and in no other of its namespaces" differs "$TMP/host" "$TMP/net.view" uts

	# The host view.
	pod "$(on_host main /mnt/inside seq view path:/etc/shadow , open /etc/passwd , touch /etc/cpod-new , touch /tmp/x , ls /root)" \
		>"$TMP/view.json"
	ok "$who: the host view shows programs and takes new files" result view
	ok "$who: each directory is an overlay" mounted view /usr '"type":"overlay"'
	ok "$who: without devices and set-user-ID programs" mount_option view /usr +nodev +nosuid
	ok "$who: secrets are covered" has view '"path:/etc/shadow":{"type":"c"'
	pod "$(SPEC='"root": {"readonly": true}' on_host main /mnt/inside touch /etc/cpod-new)" >"$TMP/readonly.json"
	ok "$who: a read-only view is so in every piece" no result readonly
	ok "$who: by name" grep -i 'read-only\|exit status 30' "$TMP/readonly.log"

	# A command's descendants, without a cgroup to find them by.
	pod "$(container main /inside sleep)" "$(hostile hang '"probe-hang", "4"')" "$(hostile storm '"fork-storm", "16"')" \
		"$(hostile orphan '"orphan"')" "$(hostile deaf '"ignore-term"')" >"$TMP/probed.json"
	ok "$who: a pod with hostile probes runs" start probed
	for name in hang storm deaf; do
		ok "$who: a probe that does not end times out ($name)" within 10 state probed $name terminal
	done
	for name in probe-hang fork-storm ignore-term orphan; do
		ok "$who: and nothing of it is left ($name)" within 5 running_now "/inside $name" 0
	done
	ok "$who: the containers themselves run on" running_now "/inside sleep" 5
	"$CPOD" exec "$POD-probed" main -- /inside fork-storm 16 >"$TMP/exec.log" 2>&1 &
	ok "$who: a command runs" within 5 no running_now "/inside fork-storm" 0
	kill -KILL $!
	wait $! 2>/dev/null
	ok "$who: it is over when nobody waits for it any more, with all that it has started" \
		within 5 running_now "/inside fork-storm" 0
	ok "$who: the pod ends" finish probed
}

# hostile NAME ARGUMENTS: a container with a liveness probe that runs /inside with them, once.
hostile () {
	MORE='"livenessProbe": {"exec": {"command": ["/inside", '"$2"']}, "periodSeconds": 2, "timeoutSeconds": 1, "failureThreshold": 1}' \
		container "$1" /inside sleep
}

inside_talk () {
	"$CPOD" exec "$POD-p" one -- /inside listen 8080 &
	within 5 inside p two /inside connect 8080 && wait $!
}

# ---- With subordinate ids

who="with ids"
user cpod-test 2000000000
if command -v newuidmap >/dev/null; then
	pod "$(container one /inside sleep)" >"$TMP/p.json"
	ok "$who: a pod runs, alone" start p
	ok "$who: root is the user, the others are the user's" maps "0 $user_uid 1" "1 2000000000 65536"
	ok "$who: it ends" finish p
	pod "$(PROCESS='"user": {"uid": 1000, "gid": 100, "additionalGids": [5, 65536]}' \
		container main /inside seq view , touch /flags/mine , append /proc/self/fd/1)" >"$TMP/ids.json"
	ok "$who: a container is who it wants to be" result ids
	ok "$who: in the groups that it wants" has ids '"ids":{"uid":[1000,1000,1000],"gid":[100,100,100],"groups":[5,65536]}'
	ok "$who: what it makes is one of the user's ids on the host" test "$(stat -c %u "$TMP/root/flags/mine")" = 2000000999
	rm -f "$TMP/root/flags/mine"
	TOP='"volumes": [{"name": "shared", "emptyDir": {}}]'
	pod "$(PROCESS='"user": {"uid": 1000, "gid": 100}' SPEC='"mounts": [{"destination": "/mnt", "type": "bind", "source": "volume:shared"}]' \
		container main /inside seq mkdir /mnt/deep , touch /mnt/deep/file , chmod 0 /mnt/deep)" >"$TMP/volume.json"
	ok "$who: it writes to a volume of the pod's" result volume
	ok "$who: which goes with the pod, whosever its files are" no test -e "$CPOD_STATE_DIR/pods/$POD-volume"
	common

	# The programs that map ids: missing, or refusing.
	mkdir "$TMP/without" "$TMP/broken"
	for name in newuidmap newgidmap; do
		printf '#!/bin/sh\necho "%s: not today" >&2\necho more >&2\nexit 1\n' $name >"$TMP/broken/$name"
		chmod 755 "$TMP/broken/$name"
	done
	user cpod-test 2000000000 "PATH=$TMP/without"
	who="without newuidmap"
	pod "$(container one /inside sleep)" >"$TMP/p.json"
	ok "$who: a pod runs" start p
	ok "$who: with one id" maps "0 $user_uid 1"
	ok "$who: it ends" finish p
	refuses "another id is refused, and why" 'process.user.uid: 1 is not among .* 0 alone (newuidmap and newgidmap are not in PATH)' '' \
		'"user": {"uid": 1, "gid": 0}'
	user cpod-test 2000000000 "PATH=$TMP/broken:$PATH"
	pod "$(container one /inside sleep)" >"$TMP/bad.json"
	ok "what newgidmap says is in the error" refused bad \
		"newgidmap has not written the gid_map of the pod's user namespace: newgidmap: not today$"
	ok "and nobody is left" within 2 gone
else
	skip "with ids: a pod runs" "newuidmap (package uidmap)"
fi

# ---- With none

who="without ids"
user cpod-test-single 0
pod "$(container one /inside sleep)" >"$TMP/p.json"
ok "$who: a pod runs, alone" start p
ok "$who: there is root, who is the user" maps "0 $user_uid 1"
ok "$who: it ends" finish p
refuses "more groups are refused" 'additionalGids: setgroups is denied in a user namespace with one id (/etc/subuid has no ids' '' \
	'"user": {"uid": 0, "gid": 0, "additionalGids": [0]}'
refuses "another id is refused, and why" 'process.user.uid: 1 is not among .* 0 alone (/etc/subuid has no ids for this user)' '' \
	'"user": {"uid": 1, "gid": 0}'
[ "$PLACE" = vm ] || common     # where all is slow, once is enough

# ---- Where the state is

state_at () {
	[ -S "$1/pods/$POD-p/control" ] && [ "$(stat -c '%u %a' "$1")" = "$user_uid 700" ]
}
mkdir "$TMP/xdg"
chown "$user_uid" "$TMP/xdg"
chmod 700 "$TMP/xdg"
user cpod-test-single 0 CPOD_STATE_DIR= "XDG_RUNTIME_DIR=$TMP/xdg"
pod "$(container one /inside sleep)" >"$TMP/p.json"
ok "with XDG_RUNTIME_DIR a pod runs" start p
ok "and its state is there" state_at "$TMP/xdg/cpod"
ok "it ends" finish p
user cpod-test-single 0 CPOD_STATE_DIR=
ok "without it a pod runs" start p
ok "and its state is below /tmp, in a directory of the user's alone" state_at "/tmp/cpod-$user_uid"
ok "it ends, too" finish p
chmod 755 "/tmp/cpod-$user_uid"
ok "a directory that others may enter is refused" refused p "/tmp/cpod-$user_uid must belong to user $user_uid and be closed to others"
rm -rf "/tmp/cpod-$user_uid"
