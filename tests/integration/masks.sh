# Masked and read-only paths: the defaults, lists of the spec's own, and what cannot be done through them.
# where: host vm
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"

echo secret >"$TMP/root/etc/secret"
mkdir "$TMP/root/etc/vault"
echo key >"$TMP/root/etc/vault/key"
ln -s secret "$TMP/root/etc/alias"
: >"$TMP/root/etc/group"
ln -s /inside/nothing "$TMP/root/etc/dangling"

# masked NAME LINUX [WORD...]: a pod whose linux has these members and which views, or runs the words.
masked () {
	masked_name=$1 SPEC="${OTHER:+$OTHER, }\"linux\": {$2}"
	shift 2
	[ $# -gt 0 ] || set -- /inside view
	pod "$(container main "$@")" >"$TMP/$masked_name.json"
	unset SPEC
}

# empty NAME PATH, denied NAME STATUS WORD...: in a running pod.
empty () {
	inside "$1" main /inside cat "$2" >"$TMP/read" && ! [ -s "$TMP/read" ]
}

nothing_in () {
	inside "$1" main /inside ls "$2" >"$TMP/listed" && ! [ -s "$TMP/listed" ] || { cat "$TMP/listed"; return 1; }
}

# ---- the defaults ----

ROOT='"capabilities": {"bounding": ["CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_CHOWN"],
	"permitted": ["CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_CHOWN"],
	"effective": ["CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_CHOWN"]}'
PROCESS=$ROOT
masked p '' /inside sleep
ok "a pod runs" start p
inside p main /inside view >"$TMP/p.view"
files='/proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/timer_list /proc/timer_stats'
dirs='/proc/acpi /proc/asound /proc/scsi /sys/devices/virtual/powercap /sys/firmware /sys/kernel/security'
for path in $files; do
	if [ -e "$path" ]; then
		ok "$path reads as empty" empty p "$path"
		ok "$path keeps nothing" inside p main /inside seq write "$path" x , open "$path" r
	else
		ok "$path is not there at all" exits 2 inside p main /inside open "$path"
	fi
done
for path in $dirs; do
	if [ -d "$path" ]; then
		ok "$path is empty" nothing_in p "$path"
		ok "nothing can be made in $path" exits 30 inside p main /inside mkdir "$path/x"
	else
		ok "$path is not there" exits 2 inside p main /inside ls "$path"
	fi
done
for path in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do
	if [ -e "$path" ]; then
		ok "$path is read-only" mount_option p "$path" +ro
	else
		ok "$path has no mount" not_mounted p "$path"
	fi
done
for path in /proc/sys/kernel/hostname /proc/sys/vm/swappiness /proc/sysrq-trigger; do
	[ -e "$path" ] && ok "$path cannot be written" exits 30 inside p main /inside write "$path" 1
done
ok "the mode of what a mask shows cannot be changed" exits 30 inside p main /inside chmod 600 /proc/timer_list
ok "nor a mask unmounted" exits 1 inside p main /inside umount /proc/timer_list
ok "the host's null device is as it was" test "$(stat -c '%a %u %g' /dev/null)" = '666 0 0'
ok "the pod ends" finish p

# ---- lists of the spec's own ----

masked own '"maskedPaths": ["/etc/secret", "/etc/vault", "/etc/alias", "/etc/dangling", "/not/there", "/etc/secret/below"],
	"readonlyPaths": ["/var", "/etc/group", "/not/there"]' /inside sleep
ok "a pod with lists of its own runs" start own
inside own main /inside view >"$TMP/own.view"
ok "a masked file reads as empty" empty own /etc/secret
ok "so does a link to it" empty own /etc/alias
ok "a masked directory is empty" nothing_in own /etc/vault
ok "and read-only" exits 30 inside own main /inside touch /etc/vault/new
ok "a read-only directory cannot be written" exits 30 inside own main /inside touch /var/new
ok "nor a read-only file" exits 30 inside own main /inside open /etc/group w
ok "what is beside it can" inside own main /inside touch /etc/new
ok "the default masks are gone" not_mounted own /proc/keys
ok "and the default read-only paths" not_mounted own /proc/sys
ok "the pod with lists of its own ends" finish own
ok "the image is as it was" test "$(cat "$TMP/root/etc/secret" "$TMP/root/etc/vault/key" | tr '\n' ' ')" = 'secret key '

masked none '"maskedPaths": [], "readonlyPaths": []'
ok "a pod with empty lists runs" result none
ok "nothing is masked then" not_mounted none /proc/keys
ok "and nothing read-only" not_mounted none /proc/sys
masked half '"maskedPaths": []'
ok "a pod with one empty list runs" result half
ok "the other has its defaults" mount_option half /proc/sys +ro
ok "and the empty one is empty" not_mounted half /proc/keys

# A read-only path keeps the mounts below it, read-only too.
OTHER='"mounts": [{"destination": "/var/top", "type": "tmpfs", "source": "none"}, {"destination": "/var/top/sub", "type": "tmpfs", "source": "none"}]'
masked tree '"readonlyPaths": ["/var/top"]' /inside seq view , touch /var/top/sub/new
unset OTHER
ok "a read-only path's mounts are read-only too" fails_to_start tree 'main exited with status 30$'

# Links in an image lead a mask nowhere but inside.
cp -r "$TMP/root" "$TMP/image"
mkdir "$TMP/victim" && echo victim >"$TMP/victim/file"
ln -s "$TMP/victim" "$TMP/image/out"
masked links '"maskedPaths": ["/out/file", "/out"], "readonlyPaths": ["/out"]'
sed "s|$TMP/root|$TMP/image|" "$TMP/links.json" >"$TMP/out.json"
ok "a mask on a link out of the root covers nothing" result out
ok "of the host's" test "$(cat "$TMP/victim/file")" = victim
masked bad '"maskedPaths": ["etc/secret"]'
ok "a relative path is refused" refused bad 'linux.maskedPaths\[0\]: must be an absolute path'
masked bad '"readonlyPaths": ["etc"]'
ok "in either list" refused bad 'linux.readonlyPaths\[0\]: must be an absolute path'
