# cpod in a chroot: pivot_root would leave the host's root in the container's mount namespace, so nothing starts.
# where: host asan
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

pod "$(container main /inside exit 0)" >"$TMP/p.json"

# elsewhere COMMAND...: runs it in a chroot whose root is a mount of the whole host.
elsewhere () {
	mkdir -p "$TMP/root"
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -c 'mount --rbind / "$0" && exec chroot "$0" "$@"' "$TMP/root" "$@"
}

ok "the pod runs outside" "$CPOD" run --name "$POD-p" "$TMP/p.json"
ok "in a chroot it is refused, with the reason" prints 'cpod runs in a chroot, whose outside a container could reach' \
	elsewhere "$CPOD" run --name "$POD-p" "$TMP/p.json"
ok "the exit status says so" exits 1 elsewhere "$CPOD" run --name "$POD-p" "$TMP/p.json"

mkdir -p "$TMP/bundle/rootfs"
cp "$INSIDE" "$TMP/bundle/rootfs/inside"
cat >"$TMP/bundle/config.json" <<'END'
{"ociVersion": "1.0.0", "root": {"path": "rootfs"}, "process": {"args": ["/inside", "exit", "0"], "cwd": "/",
	"user": {"uid": 0, "gid": 0}}, "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]}}
END
ok "a bundle runs outside" "${CPOD}-oci" run --bundle "$TMP/bundle" "$POD-b"
ok "and is refused in a chroot" prints 'cpod runs in a chroot' elsewhere "${CPOD}-oci" run --bundle "$TMP/bundle" "$POD-b"
