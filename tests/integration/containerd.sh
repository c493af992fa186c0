# containerd and its shim with cpod-oci as their runtime, by ctr: run, exec, terminal, pause, metrics, kill, delete.
# where: host
# timeout: 90
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
command -v containerd >/dev/null || { echo "containerd is missing"; exit 1; }

mkdir "$TMP/c"
cat >"$TMP/c/config.toml" <<-CONF
version = 2
root = "$TMP/c/root"
state = "$TMP/c/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs",
	"io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.restart"]
[grpc]
  address = "$TMP/c/sock"
[ttrpc]
  address = "$TMP/c/ttrpc"
CONF
containerd -c "$TMP/c/config.toml" >"$TMP/c/log" 2>&1 &

# c WORD...: ctr, in a namespace of this test's own, whose name is that of the cgroup above its containers.
c () {
	ctr -a "$TMP/c/sock" -n "$POD" "$@"
}

# run WORD...: a container of the image.
run () {
	c run --snapshotter native --runc-binary "$CPOD_OCI" "$@"
}

# task STATUS: what containerd says of the task.
task () {
	c tasks ls | grep -q "^t  *[0-9]*  *$1" || { c tasks ls; return 1; }
}

# image: the root as an image in the OCI layout, of one layer.
image () {
	mkdir -p "$TMP/oci/blobs/sha256"
	tar -C "$TMP/root" -cf "$TMP/layer" . && layer=$(blob "$TMP/layer") || return 1
	printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$layer" >"$TMP/config"
	printf '{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%s}]}' \
		"$(blob "$TMP/config")" "$(wc -c <"$TMP/config")" "$layer" "$(wc -c <"$TMP/layer")" >"$TMP/manifest"
	printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"i"}}]}' \
		"$(blob "$TMP/manifest")" "$(wc -c <"$TMP/manifest")" >"$TMP/oci/index.json"
	echo '{"imageLayoutVersion":"1.0.0"}' >"$TMP/oci/oci-layout"
	tar -C "$TMP/oci" -cf "$TMP/image.tar" . && c images import --snapshotter native --base-name localhost/test --all-platforms "$TMP/image.tar"
}

# blob FILE: puts it into the layout; prints its digest.
blob () {
	blob_digest=$(sha256sum <"$1" | cut -d ' ' -f 1)
	cp "$1" "$TMP/oci/blobs/sha256/$blob_digest"
	echo "$blob_digest"
}

ok "containerd answers" within 20 c version
ok "an image is imported" image
IMAGE=$(c images ls -q | head -n 1)
ok "run prints what the program prints" prints '^hello$' run --rm "$IMAGE" a /inside echo hello
ok "its exit status is the program's" exits 7 run --rm "$IMAGE" a /inside exit 7
ok "a program that is missing is told" prints 'OCI runtime create failed: process.args\[0\]: .*No such file' run --rm "$IMAGE" a nosuch
ok "a read-only root, an environment, a directory" prints '"A=b"' run --rm --read-only --env A=b --cwd /tmp "$IMAGE" a /inside view
ok "the host's network and every privilege" exits 3 run --rm --net-host --privileged "$IMAGE" a /inside exit 3
ok "a profile of system calls" exits 3 run --rm --seccomp "$IMAGE" a /inside exit 3
printf '%s\n' 'expect controlling=1' 'send exit 4\r' 'ends 4' >"$TMP/script"
ok "a terminal" "$INSIDE" drive "$TMP/script" ctr -a "$TMP/c/sock" -n "$POD" run --rm -t --snapshotter native --runc-binary "$CPOD_OCI" "$IMAGE" a /inside terminal stay

ok "a task in the background" run -d "$IMAGE" t /inside ignore-term
ok "it is running" task RUNNING
ok "exec prints what the command prints" prints '^hello$' c tasks exec --exec-id e t /inside echo hello
ok "its exit status is the command's" exits 5 c tasks exec --exec-id e t /inside exit 5
ok "pause" c tasks pause t
ok "it is paused" task PAUSED
ok "resume" c tasks resume t
ok "it is running again" task RUNNING
ok "ps lists its processes" prints '^[0-9][0-9]* ' c tasks ps t
ok "metrics" prints '^t ' c tasks metrics t
ok "kill" c tasks kill -s KILL t
ok "it is stopped" within 10 task STOPPED
ok "the task is deleted" c tasks delete t
ok "and the container" c containers delete t
ok "nothing is left" test -z "$(c containers ls -q)"
kill "$!" 2>/dev/null
rmdir "$(cgroup_root)/$POD" 2>/dev/null
ok "and no cgroup" test ! -e "$(cgroup_root)/$POD"
