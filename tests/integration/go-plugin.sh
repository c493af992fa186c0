# The example of a plugin in Go, loaded by a Go program through plugin.Open: a container with Start, Wait, Kill, Exec.
# The first build compiles Go's own packages for plugins; it is kept in the build tree.
# where: host
# timeout: 240
. "$SRC/tests/lib/tap.sh"

specs=/usr/share/gocode/src/github.com/opencontainers/runtime-spec/specs-go
if ! command -v go >/dev/null || [ ! -d "$specs" ]; then
	skip "a plugin in Go runs a container" "no go here, or not the package of the OCI specs"
	exit 0
fi

# Nothing is fetched: packages are Debian's.
GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' GOCACHE=$BUILD/tests/go-cache
PKG_CONFIG_PATH=$TMP/installed/usr/local/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$TMP/installed
export GO111MODULE GOPATH GOFLAGS GOCACHE PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

# An installation below $TMP, as far as the plugin needs one.
install_library () {
	mkdir -p "$TMP/installed/usr/local/lib/pkgconfig" "$TMP/installed/usr/local/include"
	cp -r "$SRC/src/include/cpod" "$TMP/installed/usr/local/include/"
	cp "$BUILD/libcpod.so.0" "$TMP/installed/usr/local/lib/"
	ln -s libcpod.so.0 "$TMP/installed/usr/local/lib/libcpod.so"
	sed 's,^prefix=.*,prefix=/usr/local,' "$BUILD/src/libcpod.pc" >"$PKG_CONFIG_PATH/libcpod.pc"
}

# build OUTPUT FOLDER OPTION...
build () {
	build_out=$1
	cd "$SRC/examples/go-plugin/$2" || return 1
	shift 2
	CGO_LDFLAGS="-Wl,-rpath,$TMP/installed/usr/local/lib" go build "$@" -o "$build_out" .
}

# says STATUS LINES PROGRAM...: what the loader prints of a container that runs PROGRAM, and how it exits.
says () {
	want=$1
	printf '%s' "$2" >"$TMP/want"
	shift 2
	exits "$want" timeout 20 "$TMP/load" "$TMP/cpod.so" "$@" >"$TMP/got" 2>&1 || { cat "$TMP/got"; return 1; }
	same "$TMP/want" "$TMP/got"
}

ok "the library is installed for it" install_library
ok "the plugin builds" build "$TMP/cpod.so" . -buildmode=plugin
ok "the program that loads it builds" build "$TMP/load" load
missing='exec: 1 execute no-such-program: No such file or directory
'
ok "a container runs, is looked into, and is killed" says 0 "started
exec: 7 exit status 7
${missing}kill: <nil>
wait: signal: killed
kill: no such process
" sleep 1000
ok "one that ends by itself tells its exit status" says 0 "started
exec: 7 exit status 7
${missing}wait: exit status 3
kill: no such process
" sh -c 'sleep 0.7; exit 3'
ok "a program that is missing is told" says 1 'process.args[0]: execute no-such-program: No such file or directory
' no-such-program
ok "one without a name is refused" prints "process.args\[0\]: the program's name must not be empty" "$TMP/load" "$TMP/cpod.so" ''
ok "it is isolated: it is the first process of its namespace, without its caller's environment" says 0 "started
exec: 7 exit status 7
${missing}wait: exit status 41
kill: no such process
" sh -c 'sleep 0.7; test $$ = 1 -a -z "$CPOD_TEST" && exit 41'
ok "ten at once each run" sh -c '
	for i in 0 1 2 3 4 5 6 7 8 9; do timeout 20 "$1/load" "$1/cpod.so" sleep 1000 >"$1/many.$i" 2>&1 & done; wait
	test "$(cat "$1"/many.* | grep -c "^wait: signal: killed$")" -eq 10' - "$TMP"
