# Mounts: every option of mount(8), propagation, the file systems, the defaults, and paths that try to
# leave the root. The sources are mounts of this file's own mount namespace.
# where: host vm-long asan
if [ -z "${OWN_MOUNTS:-}" ]; then
	export OWN_MOUNTS=1
	exec unshare -m sh "$0" "$@"
fi
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"

# add DESTINATION TYPE SOURCE OPTION...: one more of $mounts.
mounts=
add () {
	add_place="\"destination\": \"$1\", \"type\": \"$2\", \"source\": \"$3\""
	shift 3
	mounts="$mounts${mounts:+, }{$add_place, \"options\": $(json_words "$@")}"
}

# view_pod NAME [WORD...]: a pod with $mounts whose container prints its view (or runs the words).
view_pod () {
	view_name=$1
	shift
	[ $# -gt 0 ] || set -- /inside view
	SPEC="\"mounts\": [$mounts]"
	pod "$(container main "$@")" >"$TMP/$view_name.json"
	mounts=
}

# both_have NAME PATH PATH OPTION, all_have NAME PATH=OPTION...: of a view.
both_have () {
	mount_option "$1" "$2" "$4" && mount_option "$1" "$3" "$4"
}

all_have () {
	all_name=$1
	shift
	for all_pair in "$@"; do
		mount_option "$all_name" "${all_pair%=*}" "${all_pair#*=}" || return 1
	done
}

# ---- every option, on a new file system, turned off again, and on a bind ----

mkdir "$TMP/plain" "$TMP/strict"
mount -t tmpfs -o nosuid,nodev,noexec,noatime,nodiratime,ro strict "$TMP/strict"
while read -r word want; do
	add "/new/$word" tmpfs tmpfs "$word"
	add "/bind/$word" bind "$TMP/plain" bind "$word"
done <<-OPTIONS
	$(cat <<-TABLE >"$TMP/on"; cat "$TMP/on"
		ro +ro
		nosuid +nosuid
		nodev +nodev
		noexec +noexec
		nodiratime +nodiratime
		nosymfollow +nosymfollow
		noatime +noatime
		atime +relatime
		relatime +relatime
		norelatime -relatime
		strictatime -relatime
		nostrictatime +relatime
		defaults +rw
		rw +rw
		suid -nosuid
		dev -nodev
		exec -noexec
		diratime -nodiratime
		symfollow -nosymfollow
	TABLE
	)
OPTIONS
for pair in rw:ro suid:nosuid dev:nodev exec:noexec diratime:nodiratime symfollow:nosymfollow atime:noatime \
	noatime:strictatime ro:rw nosuid:suid nodev:dev noexec:exec strictatime:noatime; do
	add "/last/$pair" tmpfs tmpfs "${pair#*:}" "${pair%:*}"
done
for word in rw suid dev exec diratime relatime strictatime; do add "/off/$word" bind "$TMP/strict" bind "$word"; done
add /off/none bind "$TMP/strict" bind
view_pod options
ok "a pod with every option runs" result options
while read -r word want; do
	ok "$word, on a new file system and on a bind" both_have options "/new/$word" "/bind/$word" "$want"
done <"$TMP/on"
ok "the later of two options wins" all_have options /last/rw:ro=+rw /last/suid:nosuid=-nosuid /last/dev:nodev=-nodev \
	/last/exec:noexec=-noexec /last/diratime:nodiratime=-nodiratime /last/symfollow:nosymfollow=-nosymfollow \
	/last/atime:noatime=+relatime /last/noatime:strictatime=+noatime /last/ro:rw=+ro /last/nosuid:suid=+nosuid \
	/last/nodev:dev=+nodev /last/noexec:exec=+noexec /last/strictatime:noatime=-noatime
ok "a bind keeps its source's options" mount_option options /off/none +ro +nosuid +nodev +noexec +noatime +nodiratime
ok "unless its own say otherwise" all_have options /off/rw=+rw /off/suid=-nosuid /off/dev=-nodev /off/exec=-noexec \
	/off/diratime=-nodiratime /off/relatime=+relatime /off/strictatime=-noatime
ok "what was mounted says nothing of the host's own mount" grep " $TMP/strict ro,nosuid,nodev,noexec,noatime,nodiratime" /proc/self/mountinfo
umount "$TMP/strict"

for word in sync dirsync lazytime async nolazytime nomand silent loud auto noauto user nouser users owner group _netdev \
	nofail x-mark=1 comment=2 size=1m nr_inodes=100 mode=701; do
	add "/super/$word" tmpfs tmpfs "$word"
done
view_pod super
ok "a pod with every option of the file system itself runs" result super
for word in sync dirsync lazytime; do
	ok "$word reaches the file system" mounted super "/super/$word" "\"super\":\"rw,$word"
done
for word in size=1024k nr_inodes=100 mode=701; do
	ok "so does $word" has super "$word"
done
# What is refused before the kernel is asked need not be tried in every place.
[ "$PLACE" = vm ] || for word in remount move loop; do
	add /a tmpfs tmpfs "$word"
	view_pod bad
	ok "$word is refused by name" refused bad "mounts\[0\].options: option \"$word\" is not carried out"
done
mkdir -p "$TMP/root/full/deep/er"
echo content >"$TMP/root/full/deep/er/file"
chmod 4711 "$TMP/root/full/deep/er/file"
ln -s deep/er/file "$TMP/root/full/link"
mkfifo "$TMP/root/full/fifo"
chmod 1730 "$TMP/root/full"
chown 3:4 "$TMP/root/full" "$TMP/root/full/deep"
add /full tmpfs tmpfs tmpcopyup size=1m
view_pod up /inside view path:/full path:/full/deep path:/full/deep/er/file path:/full/link path:/full/fifo
ok "a tmpfs with tmpcopyup" result up
ok "is one" mounted up /full '"type":"tmpfs"'
ok "with the owner and the mode of what it hides" has up '"path:/full":{"type":"d","mode":"1730","uid":3,"gid":4'
ok "with its directories" has up '"path:/full/deep":{"type":"d","mode":"0755","uid":3,"gid":4'
ok "and its files, with all their bits" has up '"path:/full/deep/er/file":{"type":"f","mode":"4711","uid":0,"gid":0,"size":8'
ok "and its links, as they are" has up '"target":"deep/er/file"'
ok "and its FIFOs" has up '"path:/full/fifo":{"type":"p"'
add /full tmpfs tmpfs tmpcopyup size=4k
awk 'BEGIN { while (i++ < 3000) print "0123456789" }' >"$TMP/root/full/large"
view_pod toolarge
ok "what does not fit fails the pod" fails_to_start toolarge 'mounts\[0\]: copy /full into it: copy: No space left'
rm "$TMP/root/full/large"
add /a bind "$TMP" bind tmpcopyup
view_pod bad
ok "tmpcopyup is for a tmpfs alone" refused bad 'mounts\[0\].options: "tmpcopyup" is for a tmpfs'
add /a tmpfs tmpfs frobnicate
view_pod bad
ok "an option that no file system knows fails the pod" fails_to_start bad 'main.*mounts\[0\].*Invalid argument'

# ---- trees ----

mkdir "$TMP/tree"
mount -t tmpfs tree "$TMP/tree" && mkdir "$TMP/tree/sub" && mount -t tmpfs -o nodiratime sub "$TMP/tree/sub"
echo below >"$TMP/tree/sub/file"
for word in rro rnosuid rnodev rnoexec rnodiratime rnosymfollow rnoatime rstrictatime rrw rdiratime ro; do
	add "/tree/$word" bind "$TMP/tree" rbind "$word"
done
add /flat bind "$TMP/tree" bind
view_pod tree
ok "a pod with trees of mounts runs" result tree
for word in ro nosuid nodev noexec nodiratime nosymfollow noatime; do
	ok "r$word holds at the top and below" both_have tree "/tree/r$word" "/tree/r$word/sub" "+$word"
done
ok "rstrictatime holds below" mount_option tree /tree/rstrictatime/sub -relatime -noatime
ok "rdiratime holds below" mount_option tree /tree/rdiratime/sub -nodiratime
ok "rrw leaves the rest as it is below" mount_option tree /tree/rrw/sub +rw +nodiratime
ok "ro alone holds at the top" mount_option tree /tree/ro +ro
ok "and not below" mount_option tree /tree/ro/sub +rw
ok "bind takes one mount" not_mounted tree /flat/sub
add /tree bind "$TMP/tree" rbind rro
view_pod write /inside touch /tree/sub/new
ok "nothing can be written below rro" fails_to_start write 'exited with status 30'
umount "$TMP/tree/sub" "$TMP/tree"

# ---- propagation ----

mkdir "$TMP/peer"
mount -t tmpfs peer "$TMP/peer" && mkdir "$TMP/peer/late" && mount --make-shared "$TMP/peer"
for word in private rprivate slave rslave shared rshared unbindable runbindable; do add "/$word" bind "$TMP/peer" bind "$word"; done
add /silent bind "$TMP/peer" bind
add /both bind "$TMP/peer" bind slave shared
view_pod peers /inside seq view , wait-for /slave/late/file , wait-for /rslave/late/file , ls /private/late , ls /silent/late , echo end
launch peers --logs
within 10 grep -q '"args"' "$TMP/peers.out"
mount -t tmpfs late "$TMP/peer/late" && touch "$TMP/peer/late/file"
ok "a mount that the host makes later reaches slaves" within 5 ended peers
ok "and not private binds" grep -q '^main | end' "$TMP/peers.out"
ok "private ones see the directory beneath" no grep -q '^main | file' "$TMP/peers.out"
sed -n 's/^main *| //p' "$TMP/peers.out" >"$TMP/peers.view"
for word in private rprivate silent; do
	ok "a $word bind is private" mounted peers /$word '"propagation":[]'
done
for word in slave rslave; do
	ok "a $word bind is the host's slave" mounted peers /$word '"propagation":["master:'
done
for word in shared rshared; do
	ok "a $word bind is the host's peer" mounted peers /$word '"propagation":["shared:'
done
for word in unbindable runbindable; do
	ok "a $word bind is unbindable" mounted peers /$word '"propagation":["unbindable"]'
done
ok "the later of two words of propagation wins" mounted peers /both '"propagation":["shared:'
umount "$TMP/peer/late" "$TMP/peer"

# ---- what is mounted, and where ----

mkdir "$TMP/dir" "$TMP/lower" "$TMP/upper" "$TMP/work"
echo file >"$TMP/dir/file"
echo below >"$TMP/lower/file"
add /made/deep/dir bind "$TMP/dir" bind
add /made/other/file bind "$TMP/dir/file" bind ro
add /typed none "$TMP/dir" bind
add /late tmpfs tmpfs ro size=1m
add /late/sub/dir bind "$TMP/dir" bind
add /late/file bind "$TMP/dir/file" bind
add /over overlay overlay "lowerdir=$TMP/lower" "upperdir=$TMP/upper" "workdir=$TMP/work"
add /proc2 proc proc
add /sys2 sysfs sysfs ro
add /pts2 devpts devpts newinstance gid=5
add /queue2 mqueue mqueue
add /group2 cgroup cgroup ro
add /ram ramfs ramfs
view_pod types /inside seq view , cat /made/deep/dir/file , cat /made/other/file , cat /late/sub/dir/file , cat /over/file \
	, write /over/file changed , touch /over/new , echo end
ok "a pod with file systems of every type runs" result types
ok "to the end of its program" has types end
ok "a missing mount point is made, as a directory" mounted types /made/deep/dir '"type"'
ok "or as a file, for a file" mounted types /made/other/file '"options":"ro,'
ok "the option bind makes a bind of any type" mounted types /typed /dir\",\"target\"
ok "a read-only tmpfs is filled first" mounted types /late/sub/dir /dir\",\"target\"
ok "and read-only in the end" mounted types /late '"options":"ro,' '"type":"tmpfs"' size=1024k
ok "an overlay shows its lower layer" has types below
ok "and writes to its upper one" test "$(cat "$TMP/upper/file")" = changed -a -e "$TMP/upper/new"
ok "and not to the lower one" test "$(cat "$TMP/lower/file")" = below
for pair in proc2:proc sys2:sysfs pts2:devpts queue2:mqueue group2:cgroup2 ram:ramfs; do
	ok "type ${pair#*:}" mounted types "/${pair%:*}" "\"type\":\"${pair#*:}\""
done
ok "volumes are nosuid and nodev unless the spec says otherwise" mount_option types /made/deep/dir +nosuid +nodev
add /late tmpfs tmpfs ro
add /late/sub bind "$TMP/dir" bind
view_pod late /inside touch /late/new
ok "a tmpfs that was filled cannot be written" fails_to_start late 'exited with status 30'

# ---- the defaults ----

for pair in /proc:proc:rw,nosuid,nodev,noexec /dev:tmpfs:rw,nosuid,noexec /dev/pts:devpts:rw,nosuid,noexec \
	/dev/shm:tmpfs:rw,nosuid,nodev,noexec /dev/mqueue:mqueue:rw,nosuid,nodev,noexec /sys:sysfs:ro,nosuid,nodev,noexec \
	/sys/fs/cgroup:cgroup2:ro,nosuid,nodev,noexec; do
	rest=${pair#*:}
	ok "${pair%%:*} is there by default" mounted types "${pair%%:*}" "\"options\":\"${rest#*:}" "\"type\":\"${rest%%:*}\""
done
add /dev/shm tmpfs mine size=1m
add /sys/fs/cgroup tmpfs none ro
view_pod override /inside seq view , touch /dev/shm/x
ok "a mount of the spec takes a default's place" result override
ok "with its own options" mounted override /dev/shm '"source":"mine","super":"rw,size=1024k'
ok "and type" mounted override /sys/fs/cgroup '"type":"tmpfs"'
ok "there is one of it" test "$(grep -o '"target":"/dev/shm"' "$TMP/override.view" | wc -l)" -eq 1
ok "the other defaults stay" mounted override /sys '"type":"sysfs"'

# ---- paths that lead elsewhere ----

mkdir "$TMP/victim" "$TMP/image"
cp -r "$TMP/root/." "$TMP/image/"
ln -s "$TMP/victim" "$TMP/image/link"
ln -s ../../../../../../../../../..$TMP/victim "$TMP/image/up"
add /link tmpfs tmpfs size=1m
add /up/new bind "$TMP/dir" bind
add /up/file bind "$TMP/dir/file" bind
add /mnt/../../../up/dots tmpfs tmpfs
view_pod links
sed "s|$TMP/root|$TMP/image|" "$TMP/links.json" >"$TMP/image.json"
mkdir -p "$TMP/image$TMP/victim"
ok "a pod whose mount points are links to the host's paths runs" result image
ok "a link means what it means inside" mounted image "$TMP/victim" '"type":"tmpfs"'
ok "also beneath one" mounted image "$TMP/victim/new" /dir\",\"target\"
ok "nothing was made on the host" test -z "$(ls -A "$TMP/victim")"
for name in proc sys; do
	cp -r "$TMP/root" "$TMP/$name-image"
	rmdir "$TMP/$name-image/$name" && ln -s "$TMP/victim" "$TMP/$name-image/$name"
	view_pod $name
	sed "s|$TMP/root|$TMP/$name-image|" "$TMP/$name.json" >"$TMP/linked.json"
	ok "an image whose /$name is a link is refused" fails_to_start linked "main.*$name.*Too many levels of symbolic links"
done
ok "and nothing was made on the host" test -z "$(ls -A "$TMP/victim")"

# ---- what cannot be mounted ----

add /a bind relative/path bind
view_pod bad
ok "a relative source is refused" refused bad 'mounts\[0\].source: "relative/path" is relative'
add /a bind '' bind
view_pod bad
ok "so is an empty one" refused bad 'mounts\[0\].source: a bind mount needs a source'
add a tmpfs tmpfs
view_pod bad
ok "and a relative destination" refused bad 'mounts\[0\].destination.*must be an absolute path'
add /a bind /nowhere/at/all bind
view_pod bad
ok "a missing source is refused by name" refused bad 'containers.0..spec.mounts\[0\].source: /nowhere/at/all: No such file'
add /a frobfs none
view_pod bad
ok "so does an unknown file system" fails_to_start bad 'main.*mounts\[0\].*frobfs.*No such device'
add /inside/below tmpfs tmpfs
view_pod bad
ok "so does a mount point below a file" fails_to_start bad 'main.*mounts\[0\].*/inside/below.*Not a directory'
add /inside tmpfs tmpfs
view_pod bad
ok "so does a directory on a file" fails_to_start bad 'main.*mounts\[0\].*/inside.*Invalid argument'
