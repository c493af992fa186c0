# The library and the plugin as other programs use them: a program that embeds a pod, and the native
# runtime loaded from its shared object.
# where: host
# timeout: 200
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# build PROGRAM OPTION...: an example, against the public headers and the shared library.
build () {
	build_name=$1
	shift
	"${CC:-cc}" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -O2 -I"$SRC/src/include" "$@" \
		"$SRC/examples/$build_name.c" "$BUILD/libcpod.so.0" -Wl,-rpath,"$BUILD" -o "$TMP/$build_name"
}

pod "$(container main /inside seq echo hello , exit 3)" >"$TMP/short.json"
pod "$(container main /inside graceful 0)" >"$TMP/long.json"
ok "the example of a program that embeds a pod compiles" build embed
ok "it runs a pod to its end" sh -c 'sleep 2 | "$0" "$1" >"$2"' "$TMP/embed" "$TMP/short.json" "$TMP/events"
ok "and is told of it" grep -x 'short/main: exited 3 exit status 3' "$TMP/events"
ok "it stops one that would run on" sh -c '(sleep 1; echo) | "$0" "$1" >"$2"' "$TMP/embed" "$TMP/long.json" "$TMP/events"
ok "which ends well" grep -x 'long/main: exited 0' "$TMP/events"
ok "a pod runs through the plugin production.so" exits 1 "$CPOD" run --name "$POD-short" --runtime "$BUILD/runtimes/production.so" \
	"$TMP/short.json"
ok "a plugin by a relative path is refused" exits 2 "$CPOD" run --runtime runtimes/production.so "$TMP/short.json"

# A thousand pods, eight at a time, beside 64 threads that allocate; each has written its file.
ok "the example with many threads compiles" build embed-threads -pthread
ok "a thousand pods run beside 64 busy threads, and leave nothing" timeout 180 "$TMP/embed-threads" 1000 64 8

# The same library in Python, whose event loop is asyncio's.
LIBCPOD=$BUILD/libcpod.so.0 PYTHONDONTWRITEBYTECODE=1
export LIBCPOD PYTHONDONTWRITEBYTECODE
python=$(command -v /usr/bin/python3 || command -v python3 || echo)

# python_says LINE: an event or output that the example told.
python_says () {
	grep -xF -e "$1" "$TMP/python.out" || { cat "$TMP/python.out"; return 1; }
}

if [ -n "$python" ]; then
	ok "the example in Python runs a pod to its end" sh -c 'sleep 5 | "$0" "$1" "$2" >"$3" 2>&1' \
		"$python" "$SRC/examples/python/embed.py" "$TMP/short.json" "$TMP/python.out"
	ok "it is told that the container runs" python_says 'event: started main'
	ok "its state" python_says 'event: state main healthy'
	ok "its output" python_says 'output: hello'
	ok "its end" python_says 'event: exited main exit status 3'
	ok "and the pod's" python_says 'event: ended False'
	ok "it stops one that would run on" sh -c 'sleep 1 | "$0" "$1" "$2" >"$3" 2>&1' \
		"$python" "$SRC/examples/python/embed.py" "$TMP/long.json" "$TMP/python.out"
	ok "which ends well" python_says 'event: exited main exit status 0'
	ok "while its own clock ticked" grep -E '^long has ended after ([5-9]|[1-9][0-9]+) ticks$' "$TMP/python.out"
	ok "a spec that is refused is an exception with the sentence" prints 'No such file or directory' \
		"$python" "$SRC/examples/python/embed.py" "$TMP/absent.json"
else
	skip "the example in Python runs a pod to its end" "no python3 here"
fi
