# buildah run with cpod-oci as its runtime.
# where: host
# timeout: 60
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
command -v buildah >/dev/null || { echo "buildah is missing"; exit 1; }

# bh WORD...: with a store of its own.
bh () {
	buildah --root "$TMP/buildah" --runroot "$TMP/buildah-run" --storage-driver vfs "$@"
}

# What buildah asks for by itself needs CAP_SYS_RESOURCE, which a machine may not have.
work=$(bh from --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 scratch)
tar -C "$TMP/root" -cf "$TMP/root.tar" .
bh add "$work" "$TMP/root.tar" / >/dev/null

# runs WORD...: a command in the container at work.
runs () {
	bh run --runtime "$CPOD_OCI" --isolation oci --network none "$@"
}

ok "a command runs" prints '^hello$' runs "$work" -- /inside echo hello
ok "its exit status is known" exits 3 runs "$work" -- /inside exit 3
ok "what it makes stays" runs "$work" -- /inside touch /made
ok "and is there for the next" runs "$work" -- /inside cat /made
ok "as another user, elsewhere" prints '"uid":\[1000,1000,1000\]' runs --user 1000 --workingdir /tmp "$work" -- /inside view
ok "with a volume" prints '^content$' sh -c 'mkdir "$0/v"; echo content >"$0/v/file"; shift; "$@"' "$TMP" x buildah --root "$TMP/buildah" \
	--runroot "$TMP/buildah-run" --storage-driver vfs run --runtime "$CPOD_OCI" --isolation oci --network none -v "$TMP/v:/mnt:ro" "$work" -- /inside cat /mnt/file
ok "a command that is missing is an error" no runs "$work" -- nosuch
bh rm "$work" >/dev/null
