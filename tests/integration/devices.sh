# Devices: the default nodes and links, linux.devices, who may open what, and images that set traps in /dev.
# where: host vm
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"

MKNOD='"capabilities": {"bounding": ["CAP_MKNOD"], "effective": ["CAP_MKNOD"], "permitted": ["CAP_MKNOD"]}'
# A block device of local use, which nobody has.
major=240 minor=7

# device NAME LINUX [WORD...]: a pod whose linux has these members and which views, or runs the words.
device () {
	device_name=$1 SPEC="${OTHER:+$OTHER, }\"linux\": {$2}"
	shift 2
	[ $# -gt 0 ] || set -- /inside view
	pod "$(container main "$@")" >"$TMP/$device_name.json"
	unset SPEC
}

# node VIEW NAME WORDS...: whether /dev/NAME in a view has all these words.
node () {
	node_view=$1 node_name=$2
	shift 2
	sed -n 's/^"dev":{//p' "$TMP/$node_view.view" | sed 's/},"/}\n"/g' | grep -F "\"$node_name\":" >"$TMP/.node" || {
		echo "no /dev/$node_name"
		return 1
	}
	for node_word in "$@"; do
		grep -F -e "$node_word" "$TMP/.node" || { cat "$TMP/.node"; return 1; }
	done
}

# ---- the defaults ----

device default '' /inside seq view , open /dev/null rw , open /dev/zero rw , open /dev/full r , open /dev/random r \
	, open /dev/urandom r , open /dev/ptmx rw , write /dev/null x , echo end
ok "a pod with the default devices runs" result default
ok "they all open" has default end
for pair in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
	ok "/dev/${pair%%:*}" node default "${pair%%:*}" '"type":"c","mode":"0666","uid":0,"gid":0' "\"device\":\"${pair#*:}\""
done
for pair in fd:/proc/self/fd stdin:/proc/self/fd/0 stdout:/proc/self/fd/1 stderr:/proc/self/fd/2 ptmx:pts/ptmx; do
	ok "/dev/${pair%%:*} is a link" node default "${pair%%:*}" '"type":"l"' "\"target\":\"${pair#*:}\""
done
for name in pts shm mqueue; do
	ok "/dev/$name is a directory" node default $name '"type":"d"'
done
ok "and nothing else is there" test "$(sed -n 's/^"dev":{//p' "$TMP/default.view" | grep -o '"type"' | wc -l)" -eq 14

# ---- linux.devices ----

device made '"devices": [
	{"type": "c", "path": "/dev/chosen", "major": 1, "minor": 3, "fileMode": 416, "uid": 7, "gid": 8},
	{"type": "u", "path": "/dev/unbuffered", "major": 1, "minor": 5},
	{"type": "b", "path": "/dev/disk/by/number", "major": '"$major, \"minor\": $minor"', "fileMode": 384},
	{"type": "p", "path": "/dev/pipe", "fileMode": 438},
	{"type": "p", "path": "/var/run/deep/pipe"},
	{"type": "c", "path": "/dev/null", "major": 1, "minor": 3, "fileMode": 292}]' \
	/inside view path:/dev/disk/by/number path:/var/run/deep/pipe path:/dev/disk/by
ok "a pod with devices of its own runs" result made
ok "a node has the spec's number" node made chosen '"type":"c"' '"device":"1:3"'
ok "and its mode, user and group" node made chosen '"mode":"0640","uid":7,"gid":8'
ok "without a mode it is 0666, and root's" node made unbuffered '"type":"c","mode":"0666","uid":0,"gid":0' '"device":"1:5"'
ok "directories on the way are made" has made '"path:/dev/disk/by":{"type":"d","mode":"0755"'
ok "a block device below them" has made "\"path:/dev/disk/by/number\":{\"type\":\"b\",\"mode\":\"0600\",\"uid\":0,\"gid\":0,\"size\":0,\"device\":\"$major:$minor\"}"
ok "a FIFO" node made pipe '"type":"p","mode":"0666"'
ok "outside of /dev too" has made '"path:/var/run/deep/pipe":{"type":"p","mode":"0666"'
ok "a default node gives way" node made null '"mode":"0444"' '"device":"1:3"'
device bad '"devices": [{"type": "c", "path": "/dev/a/..", "major": 1, "minor": 3}]'
ok "a path that names no file is refused" refused bad 'linux.devices\[0\].path: "/dev/a/.." names no file'
device bad '"devices": [{"type": "c", "path": "dev/a", "major": 1, "minor": 3}]'
ok "so is a relative one" refused bad 'linux.devices\[0\].path: must be an absolute path'
device bad '"devices": [{"type": "c", "path": "/dev/a"}]'
ok "and a device without a number" refused bad 'linux.devices\[0\]'
device bad '"devices": [{"type": "c", "path": "/inside/a", "major": 1, "minor": 3}]'
ok "a path below a file fails the pod by name" fails_to_start bad 'main.*linux.devices\[0\].*Not a directory'

# ---- who may open what ----

# ends_with STATUS LINUX WORD...: how the words end in a container with CAP_MKNOD and these rules. The
# devices are nobody's: to open one is ENXIO (6) where it is allowed, EPERM (1) where it is not.
ends_with () {
	ends_want=$1 ends_rules=$2
	shift 2
	PROCESS=$MKNOD
	device rule "$ends_rules" "$@"
	if [ "$ends_want" = 0 ]; then
		result rule
	else
		fails_to_start rule "main exited with status $ends_want\$"
	fi
}

ok "with CAP_MKNOD a default device can be made and opened" ends_with 0 '' /inside seq mknod /dev/mine c 1 3 , open /dev/mine rw
ok "a block device can be neither made nor opened" ends_with 1 '' /inside seq mknod /dev/disk b "$major" "$minor" , open /dev/disk r
ok "nor a character device outside of the list" ends_with 1 '' /inside seq mknod /dev/a c 1 6 , open /dev/a r
ok "nor /dev/kmsg" ends_with 1 '' /inside seq mknod /dev/kmsg c 1 11 , open /dev/kmsg r
ok "nor what is beside one in linux.devices" ends_with 1 '"devices": [{"type": "c", "path": "/dev/x", "major": 1, "minor": 7}]' \
	/inside seq mknod /dev/a c 1 6 , open /dev/a r
ok "what linux.devices makes opens" ends_with 6 '"devices": [{"type": "c", "path": "/dev/a", "major": 1, "minor": 6}]' /inside open /dev/a r
ok "a block device too" ends_with 6 '"devices": [{"type": "b", "path": "/dev/disk", "major": '"$major, \"minor\": $minor}]" \
	/inside open /dev/disk r
ok "a rule allows" ends_with 6 '"resources": {"devices": [{"allow": false}, {"allow": true, "type": "c", "major": 1, "minor": 6}]}' \
	/inside seq mknod /dev/a c 1 6 , open /dev/a rw
ok "only the access that it names" ends_with 1 '"resources": {"devices": [{"allow": false, "access": "rwm"},
	{"allow": true, "type": "c", "major": 1, "minor": 6, "access": "rm"}]}' /inside seq mknod /dev/a c 1 6 , open /dev/a rw
ok "and that" ends_with 6 '"resources": {"devices": [{"allow": false, "access": "rwm"},
	{"allow": true, "type": "c", "major": 1, "minor": 6, "access": "rm"}]}' /inside seq mknod /dev/a c 1 6 , open /dev/a r
ok "a block device may be made and not opened" ends_with 1 '"resources": {"devices": [{"allow": false, "access": "rwm"},
	{"allow": true, "access": "m"}]}' /inside seq mknod /dev/disk b "$major" "$minor" , open /dev/disk r
ok "or opened" ends_with 6 '"resources": {"devices": [{"allow": true, "access": "rwm"}]}' \
	/inside seq mknod /dev/disk b "$major" "$minor" , open /dev/disk r
ok "a later rule wins" ends_with 1 '"resources": {"devices": [{"allow": true, "access": "rwm"},
	{"allow": false, "type": "b", "major": '"$major"', "access": "rwm"}]}' /inside seq mknod /dev/disk b "$major" "$minor" , open /dev/disk r
PROCESS=$MKNOD
device p '' /inside sleep
ok "a pod with CAP_MKNOD runs" start p
ok "what is executed in it makes a node that is allowed" inside p main /inside mknod /dev/mine c 1 3
ok "and no other" exits 1 inside p main /inside mknod /dev/disk b "$major" "$minor"
ok "the pod ends" finish p
unset PROCESS
device rule '' /inside mknod /dev/x c 1 3
ok "without CAP_MKNOD nothing is made" fails_to_start rule 'main.*exited with status 1$'

# ---- /dev of the host's ----

mkdir "$TMP/bound"
echo mine >"$TMP/bound/file"
OTHER="\"mounts\": [{\"destination\": \"/dev\", \"type\": \"bind\", \"source\": \"$TMP/bound\", \"options\": [\"bind\"]},
	{\"destination\": \"/dev/pts\", \"type\": \"tmpfs\", \"source\": \"none\"}]"
device bound ''
unset OTHER
ok "a pod whose /dev is bound runs" result bound
ok "its file is there" node bound file '"type":"f"'
ok "no node was made in it" test -z "$(find "$TMP/bound" ! -type d ! -name file)"

# ---- images that set traps ----

mkdir "$TMP/victim"
echo victim >"$TMP/victim/null"
# trap_image NAME: an image like the others with something changed, and a pod on it.
trap_image () {
	cp -r "$TMP/root" "$TMP/$1"
	device "$1-pod" '' /inside seq view , open /dev/null rw , open /dev/zero r
	sed "s|$TMP/root|$TMP/$1|" "$TMP/$1-pod.json" >"$TMP/on-$1.json"
}

trap_image link
rmdir "$TMP/link/dev" && ln -s "$TMP/victim" "$TMP/link/dev"
ok "an image whose /dev is a link to nothing fails the pod" fails_to_start on-link 'main.*/dev.*No such file'
mkdir -p "$TMP/link/$TMP/victim"
ok "an image whose /dev is a link into the host" result on-link
ok "has devices in a directory of its own" mounted on-link "$TMP/victim" '"type":"tmpfs"'
ok "and none is in the host's" test "$(ls "$TMP/victim")" = null -a "$(cat "$TMP/victim/null")" = victim
trap_image nodes
echo fake >"$TMP/nodes/dev/null"
mkdir "$TMP/nodes/dev/zero"
ok "an image with a file in the place of a node" result on-nodes
ok "has the node in a /dev of its own" node on-nodes null '"type":"c"' '"device":"1:3"'
ok "the image is as it was" test "$(cat "$TMP/nodes/dev/null")" = fake -a -d "$TMP/nodes/dev/zero"

# On a /dev that is the image's own: what stands in a node's place is replaced, links are not followed.
OTHER='"mounts": [{"destination": "/dev", "type": "tmpfs", "source": "none"}]'
device plain '' /inside view
ok "a /dev of the spec's gets the nodes too" result plain
ok "all of them" node plain null '"device":"1:3"'
unset OTHER
trap_image pts
ln -s "$TMP/victim" "$TMP/pts/dev/pts"
ln -s "$TMP/victim" "$TMP/pts/dev/shm"
ok "an image whose /dev/pts is a link" result on-pts
ok "has it in its own /dev" mounted on-pts /dev/pts '"type":"devpts"'
