# What gc makes of state that somebody has changed: it says so, and ends nobody who is not cpod's.
# where: host vm-long asan
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

root=$(cgroup_root)
foreign=$POD-foreign
mkdir "$root/$foreign"
sleep 1000 &
stranger=$!
echo "$stranger" >"$root/$foreign/cgroup.procs"

# left NAME LINE...: the state of a pod whose supervisor is gone, with these lines in place of its cgroups.
left () {
	left_dir=$CPOD_STATE_DIR/pods/$1
	mkdir -p "$left_dir/runtime"
	chmod 700 "$CPOD_STATE_DIR" "$CPOD_STATE_DIR/pods" "$left_dir"
	: >"$left_dir/lock"
	printf production >"$left_dir/plugin"
	shift
	printf '%s\n' "$@" >"$left_dir/runtime/cgroup"
}

stranger_lives () {
	kill -0 "$stranger"
}

left stranger "$foreign"
ok "a cgroup that is not marked as cpod's is named" prints "cgroup $foreign: it is not marked as cpod's" "$CPOD" gc
ok "and who is in it lives" stranger_lives
left climber / "../$foreign" "$foreign/.."
ok "a path that climbs is refused" prints 'not allowed' "$CPOD" gc
ok "and ends nobody" stranger_lives
kill "$stranger"
wait "$stranger" 2>/dev/null
within 5 rmdir "$root/$foreign"
rm -rf "$CPOD_STATE_DIR/pods/climber" "$CPOD_STATE_DIR/pods/stranger"
ok "nothing is left to do" "$CPOD" gc
ok "a cgroup of that name is gone" test ! -d "$root/$foreign"
