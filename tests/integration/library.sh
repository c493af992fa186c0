# The library and the plugin as other programs use them: a program that embeds a pod, and the native
# runtime loaded from its shared object.
# where: host
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

build () {
	"${CC:-cc}" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -I"$SRC/src/include" "$SRC/examples/embed.c" \
		"$BUILD/libcpod.so.0" -Wl,-rpath,"$BUILD" -o "$TMP/embed"
}

pod "$(container main /inside seq echo hello , exit 3)" >"$TMP/short.json"
pod "$(container main /inside graceful 0)" >"$TMP/long.json"
ok "the example of a program that embeds a pod compiles" build
ok "it runs a pod to its end" sh -c 'sleep 2 | "$0" "$1" >"$2"' "$TMP/embed" "$TMP/short.json" "$TMP/events"
ok "and is told of it" grep -x 'short/main: exited 3 exit status 3' "$TMP/events"
ok "it stops one that would run on" sh -c '(sleep 1; echo) | "$0" "$1" >"$2"' "$TMP/embed" "$TMP/long.json" "$TMP/events"
ok "which ends well" grep -x 'long/main: exited 0' "$TMP/events"
ok "a pod runs through the plugin production.so" exits 1 "$CPOD" run --name "$POD-short" --runtime "$BUILD/runtimes/production.so" \
	"$TMP/short.json"
ok "a plugin by a relative path is refused" exits 2 "$CPOD" run --runtime runtimes/production.so "$TMP/short.json"
