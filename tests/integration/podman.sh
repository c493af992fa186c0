# podman with cpod-oci as its runtime: containers, commands, terminals, pods, health checks, a pod from a file. podman knows
# nothing of cpod but the path of the program.
# where: host
# timeout: 180
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
command -v podman >/dev/null || { echo "podman is missing"; exit 1; }

# What podman asks for by itself needs CAP_SYS_RESOURCE and controllers that a machine may not have.
export CONTAINERS_CONF="$TMP/containers.conf"
cat >"$CONTAINERS_CONF" <<-CONF
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
pids_limit = 0
netns = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
infra_image = "localhost/$POD"
runtime = "cpod-oci"
runtime_supports_nocgroup = ["cpod-oci"]
[engine.runtimes]
cpod-oci = ["$CPOD_OCI"]
CONF
PARENT=/$POD-podman

pm () {
	podman --root "$TMP/podman" --runroot "$TMP/podman-run" --tmpdir "$TMP/podman-tmp" --storage-driver vfs "$@"
}

# container NAME WORD...: what the words print, from a container that is gone afterwards.
container_run () {
	pm run --rm --cgroup-parent "$PARENT" "$@"
}

# is NAME STATUS: what podman says of it.
is () {
	status=$(pm inspect "$1" --format '{{.State.Status}}')
	[ "$status" = "$2" ] || { echo "it is $status"; return 1; }
}

# drives LINE... -- PROGRAM...: the program does on a terminal what the script of these lines says.
drives () {
	: >"$TMP/script"
	while [ "$1" != -- ]; do
		printf '%s\n' "$1" >>"$TMP/script"
		shift
	done
	shift
	"$INSIDE" drive "$TMP/script" podman --root "$TMP/podman" --runroot "$TMP/podman-run" --tmpdir "$TMP/podman-tmp" --storage-driver vfs "$@"
}

mkdir -p "$TMP/root/full"
echo content >"$TMP/root/full/file"
printf 'root:x:0:0::/:/inside\nuser:x:1000:1000::/:/inside\n' >"$TMP/root/etc/passwd"
ok "an image is made of a root" sh -c 'tar -C "$0" -c . | podman --root "$1/podman" --runroot "$1/podman-run" --tmpdir "$1/podman-tmp" \
	--storage-driver vfs import --change "CMD=[\"/inside\",\"graceful\"]" - "$2"' "$TMP/root" "$TMP" "$POD"

# ---- run ----

ok "run prints what the program prints" prints '^hello$' container_run "$POD" /inside echo hello
ok "its exit status is the program's" exits 7 container_run "$POD" /inside exit 7
ok "a program that is missing is 127" exits 127 container_run "$POD" nosuch
ok "one that may not be executed is 126" exits 126 container_run "$POD" /etc/passwd
ok "what is typed goes in" sh -c 'echo typed | "$0" "$@" | grep typed' podman --root "$TMP/podman" --runroot "$TMP/podman-run" \
	--tmpdir "$TMP/podman-tmp" --storage-driver vfs run --rm -i --cgroup-parent "$PARENT" "$POD" /inside cat
ok "a read-only one with a tmpfs, a user and no capabilities" prints '"uid":\[1000,1000,1000\]' \
	container_run --read-only --user 1000 --cap-drop all --security-opt no-new-privileges --tmpfs /x:size=1m "$POD" /inside view
ok "a tmpfs has what it hides" prints '^content$' container_run --tmpfs /full "$POD" /inside cat /full/file
ok "a volume, read-only" prints '^content$' container_run -v "$TMP/root/full:/mnt:ro" "$POD" /inside cat /mnt/file
ok "an environment and a directory" prints '"A=b"' container_run -e A=b -w /tmp "$POD" /inside view
ok "the host's PID namespace" container_run --pid host "$POD" /inside exit 0
ok "without a cgroup" pm run --rm --cgroups disabled "$POD" /inside exit 0
ok "a profile of system calls" exits 1 container_run "$POD" /inside syscall 175
ok "run -it has a terminal" drives 'size 30 90' 'expect controlling=1' 'expect 30x90' 'send exit 5\r' 'ends 5' -- \
	run --rm -it --cgroup-parent "$PARENT" "$POD" /inside terminal stay
if grep -qw pids "$(cgroup_root)/cgroup.controllers"; then
	ok "a limit" container_run --pids-limit 50 "$POD" /inside exit 0
else
	ok "a limit whose controller is missing fails by name" prints 'pids.limit: the cgroup controller "pids" is not available' \
		container_run --pids-limit 50 "$POD" /inside exit 0
fi

# ---- a container that stays ----

ok "run -d" pm run -d --name "$POD-c" --cgroup-parent "$PARENT" --health-cmd '["/inside", "cat", "/tmp/well"]' --health-interval disable "$POD" /inside graceful /tmp/caught 0
ok "exec" prints '^hello$' pm exec "$POD-c" /inside echo hello
ok "its exit status" exits 3 pm exec "$POD-c" /inside exit 3
ok "exec of what is missing is 127" exits 127 pm exec "$POD-c" nosuch
ok "exec as another user" prints '"uid":\[1000,1000,1000\]' pm exec --user 1000 "$POD-c" /inside view
ok "exec -it has a terminal" drives 'size 20 60' 'expect controlling=1' 'expect 20x60' 'send exit 6\r' 'ends 6' -- exec -it "$POD-c" /inside terminal stay
ok "exec -d" pm exec -d "$POD-c" /inside sleep
ok "top lists what runs" prints 'inside sleep' pm top "$POD-c"
ok "a health check that fails" exits 1 pm healthcheck run "$POD-c"
pm exec "$POD-c" /inside touch /tmp/well
ok "and one that does not" pm healthcheck run "$POD-c"
ok "pause" pm pause "$POD-c"
ok "it is paused" is "$POD-c" paused
ok "unpause" pm unpause "$POD-c"
ok "it is running" is "$POD-c" running
ok "stop" pm stop -t 10 "$POD-c"
ok "it is stopped, and not killed" prints '^0$' pm inspect "$POD-c" --format '{{.State.ExitCode}}'
ok "start" pm start "$POD-c"
ok "restart" pm restart -t 1 "$POD-c"
ok "kill" pm kill "$POD-c"
ok "it is over" within 10 is "$POD-c" exited
ok "rm" pm rm "$POD-c"
ok "init makes one that waits" pm create --name "$POD-w" --cgroup-parent "$PARENT" "$POD" /inside sleep
pm init "$POD-w"
ok "which podman knows as initialized" is "$POD-w" initialized
ok "rm -f of that" pm rm -f -t 0 "$POD-w"

# ---- pods ----

ok "a pod that shares its namespaces, the PID namespace as well" pm pod create --name "$POD-p" --share ipc,net,uts,pid --infra-image "$POD" \
	--cgroup-parent "$PARENT"
ok "its first container" pm run -d --pod "$POD-p" --name "$POD-p1" "$POD" /inside sleep
ok "its second" pm run -d --pod "$POD-p" --name "$POD-p2" "$POD" /inside sleep
# space NAME KIND: the number of a container's namespace.
space () {
	readlink "/proc/$(pm inspect "$1" --format '{{.State.Pid}}')/ns/$2"
}
for kind in net ipc uts pid; do
	ok "they share $kind" test "$(space "$POD-p1" "$kind")" = "$(space "$POD-p2" "$kind")"
	ok "which is not the host's $kind" test "$(space "$POD-p1" "$kind")" != "$(readlink "/proc/self/ns/$kind")"
done
ok "but no mounts" test "$(space "$POD-p1" mnt)" != "$(space "$POD-p2" mnt)"
ok "pod stop" pm pod stop -t 1 "$POD-p"
ok "pod rm" pm pod rm "$POD-p"
cat >"$TMP/play.yaml" <<-YAML
apiVersion: v1
kind: Pod
metadata:
  name: $POD-played
spec:
  containers:
  - name: one
    image: localhost/$POD
    command: ["/inside", "graceful"]
  - name: two
    image: localhost/$POD
    command: ["/inside", "graceful"]
YAML
ok "kube play of a pod of two" pm kube play --network none "$TMP/play.yaml"
ok "both run" test "$(pm ps --filter "pod=$POD-played" --format '{{.Names}}' | grep -c -e one -e two)" -eq 2
ok "kube down" pm kube down "$TMP/play.yaml"
ok "podman knows of nothing any more" test -z "$(pm ps -aq)"
find "$(cgroup_root)$PARENT" "$(cgroup_root)/libpod_parent" -depth -type d -exec rmdir {} + 2>/dev/null
ok "and no cgroup is left" test ! -e "$(cgroup_root)$PARENT"
