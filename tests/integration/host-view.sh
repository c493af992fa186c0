# The host view: the host's programs run, its secrets and devices are out of reach, nothing is written
# to it, and what was asked for is shown.
# where: host vm-long asan
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# What stands in for a host's secrets, in a place where any program may put things.
place=/opt/$POD
made_etc=
clear_place () {
	kill "${reader:-}" 2>/dev/null
	rm -rf "$place" "$place-vault" "$place-secret" "$place-open"
	[ -z "$made_etc" ] || rm -f /etc/shadow
	made_etc=
}
trap clear_place INT TERM HUP
mkdir -p "$place" && mkdir -m 700 "$place-vault" && touch "$place-vault/key"
echo secret >"$place-secret" && chmod 600 "$place-secret"
echo open >"$place-open" && chmod 644 "$place-open"
mknod "$place/null" c 1 3 && chmod 666 "$place/null"
mkfifo "$place/fifo" && chmod 666 "$place/fifo"
sleep 60 <>"$place/fifo" &
reader=$!
if ! [ -e /etc/shadow ]; then
	made_etc=yes
	echo 'root:secret:1::::::' >/etc/shadow && chmod 600 /etc/shadow
fi
mkdir "$TMP/shown" && echo shown >"$TMP/shown/file"

# prints_inside PATH WORDS, reads_empty PATH, lists_nothing PATH: what the container reads there.
prints_inside () {
	inside p main /mnt/inside cat "$1" >"$TMP/read" && grep -qx "$2" "$TMP/read"
}

reads_empty () {
	inside p main /mnt/inside cat "$1" >"$TMP/read" && ! [ -s "$TMP/read" ]
}

lists_nothing () {
	inside p main /mnt/inside ls "$1" >"$TMP/listed" && ! [ -s "$TMP/listed" ] || { cat "$TMP/listed"; return 1; }
}

TOP="\"hostView\": {\"expose\": [\"$TMP/shown\"]}" pod "$(on_host main /mnt/inside sleep)" >"$TMP/p.json"
ok "check tells what the host view leaves out" prints 'the host view leaves out /proc (proc)' "$CPOD" check "$TMP/p.json"
ok "and what it hides" prints "hide the host's $place-secret" "$CPOD" check "$TMP/p.json"
ok "a pod on the host view runs" start p
ok "the host's shell runs in it" inside p main sh -c 'exit 0'
ok "/etc/shadow reads as empty" reads_empty /etc/shadow
ok "a file that only root may read reads as empty" reads_empty "$place-secret"
ok "a file that every user may read is shown" prints_inside "$place-open" open
ok "a directory that only root may enter is empty" lists_nothing "$place-vault"
for dir in /root /home /srv /tmp /run /var/tmp /var/log; do
	[ -d "$dir" ] && [ "$dir" != /tmp ] && ok "$dir is empty" lists_nothing "$dir"
done
ok "of the host's /tmp only what was asked for is there" test "$(inside p main /mnt/inside ls /tmp)" = "${TMP##*/}"
ok "what was asked for is shown in place" prints_inside "$TMP/shown/file" shown
ok "and cannot be written" exits 30 inside p main /mnt/inside write "$TMP/shown/file" changed
ok "a device node on the host's disk cannot be opened" exits 13 inside p main /mnt/inside open "$place/null"
ok "behind a FIFO of the host nobody is" exits 6 inside p main /mnt/inside open "$place/fifo" w
ok "no device of the host is in /dev" no inside p main /mnt/inside ls /dev/disk
ok "a file of the host can be changed" inside p main /mnt/inside write "$place-open" changed
ok "and a new one be made" inside p main /mnt/inside touch "$place/new"
ok "the container sees its own" prints_inside "$place-open" changed
ok "the host's file is as it was" test "$(cat "$place-open")" = open
ok "and nothing new is there" no test -e "$place/new"
ok "what was hidden cannot be removed from above" no inside p main /mnt/inside rm /etc/shadow
ok "an emptied directory cannot be written" exits 30 inside p main /mnt/inside mkdir /root/new
ok "the pod ends" finish p

MOUNTS='{"destination": "/root/data", "type": "tmpfs", "source": "tmpfs"}'
pod "$(on_host main /mnt/inside touch /root/data/x)" >"$TMP/m.json"
unset MOUNTS
ok "a mount may stand in an emptied directory" "$CPOD" run --name "$POD-m" "$TMP/m.json"

for path in relative / /usr/../etc /dev/null /proc/self /not/there; do
	TOP="\"hostView\": {\"expose\": [\"$path\"]}" pod "$(on_host main /mnt/inside sleep)" >"$TMP/bad.json"
	ok "exposing $path is refused" exits 2 "$CPOD" check "$TMP/bad.json"
done
sed 's|/proc/self|/not/there|' "$TMP/bad.json" >"$TMP/none.json"
ok "exposing what does not exist is refused by name" prints '/not/there does not exist' "$CPOD" check "$TMP/none.json"
clear_place
