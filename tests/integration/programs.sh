# The programs as they lie in the build tree run as they are.
# where: host vm asan
. "$SRC/tests/lib/tap.sh"

# An empty root has no dynamic linker and no library.
runs_alone () {
	mkdir "$TMP/root"
	cp "$1" "$TMP/root/program"
	chroot "$TMP/root" /program --version
}

ok "cpod prints its version" prints '^cpod [0-9]' "$CPOD" --version
ok "cpod-oci prints its version" prints '^cpod-oci ' "$CPOD_OCI" --version
ok "an unknown command is a usage error" exits 2 "$CPOD" no-such-command
if [ "$PLACE" = asan ]; then
	skip "cpod-oci is fully static" "the sanitizer needs the dynamic linker"
else
	ok "cpod-oci is fully static" runs_alone "$CPOD_OCI"
fi
ok "the test program sees its own marker" prints "CPOD_TEST=$CPOD_TEST" "$INSIDE" view
