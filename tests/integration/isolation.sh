# What a container of a pod has for its own, what it shares with the pod, and what it never sees.
# where: host vm asan
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# namespace FILE NAME: the inode in a view.
namespace () {
	sed -n "s/^\"namespaces\":.*\"$2\":\([0-9]*\).*/\1/p" "$1"
}

differs () {
	one=$(namespace "$1" "$3") two=$(namespace "$2" "$3")
	[ -n "$one" ] && [ -n "$two" ] && [ "$one" != "$two" ] || { echo "$3: $one and $two"; return 1; }
}

equals () {
	one=$(namespace "$1" "$3") two=$(namespace "$2" "$3")
	[ -n "$one" ] && [ "$one" = "$two" ] || { echo "$3: $one and $two"; return 1; }
}

# Each container writes its own first process' view to its output, then sleeps.
pod "$(container one /inside seq view , sleep)" "$(container two /inside seq view , sleep)" >"$TMP/p.json"
ok "a pod of two containers runs" start p --logs
"$INSIDE" view >"$TMP/host"
cat /proc/self/mountinfo >"$TMP/mounts"
inside p one /inside view >"$TMP/one"
inside p two /inside view >"$TMP/two"

for name in mnt pid cgroup net ipc uts; do
	ok "the $name namespace is not the host's" differs "$TMP/host" "$TMP/one" $name
done
for name in mnt pid cgroup; do
	ok "each container has a $name namespace of its own" differs "$TMP/one" "$TMP/two" $name
done
for name in net ipc uts; do
	ok "the containers share the pod's $name namespace" equals "$TMP/one" "$TMP/two" $name
done
ok "the host's mounts are as they were" same "$TMP/mounts" /proc/self/mountinfo
ok "no new privileges" grep '^"noNewPrivs":1' "$TMP/one"
ok "a seccomp filter is in force" grep '^"seccomp":2' "$TMP/one"
ok "the default capabilities, and no others, are permitted" grep '"permitted":"00000000a00405fb"' "$TMP/one"
ok "they are the bounding set too" grep '"bounding":"00000000a00405fb"' "$TMP/one"
ok "nothing is inheritable" grep '"inheritable":"0000000000000000"' "$TMP/one"
ok "/proc/kcore cannot be read" grep '"/proc/kcore":\(0\|-[0-9]*\)[,}]' "$TMP/one"
ok "/proc/keys cannot be read" grep '"/proc/keys":\(0\|-[0-9]*\)[,}]' "$TMP/one"
ok "/proc/timer_list cannot be read" grep '"/proc/timer_list":\(0\|-[0-9]*\)[,}]' "$TMP/one"
ok "/sys/firmware is empty" grep '"/sys/firmware":\(0\|-[0-9]*\)[,}]' "$TMP/one"
ok "the cgroup is the root of what is seen" no grep '"cgroup":".*0::/\.\.' "$TMP/one"
ok "a program has only its three descriptors" grep '^"fds":{"0":"[^"]*","1":"[^"]*","2":"[^"]*"}' "$TMP/one"
ok "mounting is refused" exits 1 inside p one /inside mount tmpfs /tmp
ok "another user namespace is refused" exits 1 inside p one /inside unshare 0x10000000
ok "a sysctl cannot be written" no inside p one /inside write /proc/sys/kernel/hostname x
ok "a block device can be neither made nor opened" no inside p one /inside seq mknod /dev/disk b 8 0 , open /dev/disk
ok "the loopback interface is up: one container listens" true
"$CPOD" exec "$POD-p" one -- /inside listen 8080 &
ok "and another one connects" within 5 inside p two /inside connect 8080
wait $!
ok "the pod ends" finish p
