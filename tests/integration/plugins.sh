# Runtimes: one suite for all of them, linked or loaded; a plugin as others write it; plugins that break their
# word; and files that are no plugin, or that somebody else could have changed.
# where: host asan
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

suite=$BUILD/tests/plugins/suite
faulty=$BUILD/tests/plugins/faulty.so

# compile OUTPUT SOURCE FLAG...: a plugin, against nothing but the installed headers.
compile () {
	compile_out=$1 compile_source=$2
	shift 2
	"${CC:-cc}" -std=gnu11 -shared -fPIC -O2 -Wall -Wextra -Werror -I"$TMP/installed/include" "$@" "$compile_source" -o "$compile_out"
}

# Only the headers are needed; they are found where an installation has them.
mkdir -p "$TMP/installed/include"
cp -r "$SRC/src/include/cpod" "$TMP/installed/include/"
ok "the example of a plugin compiles against the installed header alone" sh -c '
	yajl=$(pkg-config --cflags --libs yajl) && "${CC:-cc}" -std=gnu11 -shared -fPIC -O2 -Wall -Wextra -Werror \
	-I"$1/installed/include" "$2/examples/plugin/bwrap.c" $yajl -o "$1/bwrap.so"' - "$TMP" "$SRC"

# try KEY RUNTIME: the suite, each test in a process of its own; told holds what came out.
try () {
	mkdir "$TMP/$1"
	"$suite" "$2" list >"$TMP/$1/list" || echo "0 can be asked" >"$TMP/$1/list"
	while read -r number words; do
		try_status=0
		timeout 60 "$suite" "$2" "$number" >"$TMP/$1/$number" 2>&1 </dev/null || try_status=$?
		echo "$try_status" >>"$TMP/$1/$number"
	done <"$TMP/$1/list"
}

# told KEY NAME: one test a line.
told () {
	while read -r number words; do
		ok "$2 $words" sh -c 'cat "$1"; test "$(tail -n 1 "$1")" = 0' - "$TMP/$1/$number"
	done <"$TMP/$1/list"
}

# They mostly wait: all at once.
try linked production &
tries=$!
try loaded "$BUILD/runtimes/production.so" &
tries="$tries $!"
try shellout shellout &
tries="$tries $!"
if command -v bwrap >/dev/null; then
	try bwrap "$TMP/bwrap.so"
fi
# shellcheck disable=SC2086
wait $tries
told linked "production, linked,"
told loaded "production.so"
told shellout "shellout"
if [ -d "$TMP/bwrap" ]; then
	told bwrap "the example of a plugin"
else
	skip "the example of a plugin passes the suite" "no bwrap here"
fi

# What breaks its word. Each is one sentence of the container, and the pod ends.

# faults WORDS: runs a pod of one container that is broken so.
faults () {
	MORE="\"metadata\": {\"fault\": \"$1\"}"
	pod "$(container main x)" >"$TMP/faulty.json"
	unset MORE
	faults_status=0
	timeout 20 "$CPOD" run --name "$POD-faulty" --runtime "$faulty" "$TMP/faulty.json" >"$TMP/faulty.log" 2>&1 || faults_status=$?
	cat "$TMP/faulty.log"
}

# refused WORDS SENTENCE: the pod does not begin.
refused () {
	faults "$1"
	[ "$faults_status" -eq 125 ] && [ "$(wc -l <"$TMP/faulty.log")" -eq 1 ] && grep -qF -e "$2" "$TMP/faulty.log"
}

# fails WORDS SENTENCE: the container fails with it.
fails () {
	faults "$1"
	[ "$faults_status" -eq 1 ] && grep -qF -e "$2" "$TMP/faulty.log"
}

ok "a create that fails is told" refused fail-create 'container main: it was told to fail'
ok "or fails without a word" refused mute-create "the runtime's create: Input/output error"
ok "or returns what is no errno" refused positive-create "the runtime's create returned 17"
ok "or a number beyond all errnos" refused wild-create "the runtime's create returned -99999"
ok "or fills the error with noise" refused noise-create '?????'
ok "or makes no container" refused nothing-create "the runtime's create made no container"
ok "a start that fails is told" fails fail-start 'container main: it was told to fail'
ok "or fails without a word" fails mute-start "the runtime's start: Input/output error"
ok "or asks to try again" fails again-start "the runtime's start: "
ok "or returns what is no errno" fails positive-start "the runtime's start returned 17"
ok "or a number beyond all errnos" fails wild-start "the runtime's start returned -99999"
ok "or fills the error with noise" fails noise-start '?????'
ok "a wait that fails is told" fails 'short fail-wait' 'cannot tell how it ended: it was told to fail'
ok "or fails without a word" fails 'short mute-wait' "cannot tell how it ended: the runtime's wait: Input/output error"
ok "or asks to try again" fails 'short again-wait' 'cannot tell how it ended'
ok "or returns what is no errno" fails 'short positive-wait' "the runtime's wait returned 17"
ok "or tells an end that does not exist" fails 'short end-wait' "the runtime's wait told an end that does not exist"
ok "a container that keeps its word ends well" exits 0 timeout 20 sh -c '
	printf "%s" "$1" >"$2/good.json"; "$3" run --name "$4-good" --runtime "$5" "$2/good.json"' - \
	'{"containers": [{"name": "a", "metadata": {"fault":"short"}, "spec": {"process": {"args": ["x"]}}}]}' "$TMP" "$CPOD" "$POD" "$faulty"

# probed NAME WORDS PROBE: starts a pod whose container is broken so, with a liveness probe.
probed () {
	MORE="\"metadata\": {\"fault\": \"$2\"}, \"livenessProbe\": {\"exec\": [\"x\"], $3}"
	pod "$(container main x)" >"$TMP/$1.json"
	unset MORE
	start "$1" --runtime "$faulty"
}

# error NAME SENTENCE: the container's latest error has it.
error () {
	status "$1" | grep -F -e "$2"
}

ok "a slow start and slow execs run" probed slow 'slow-start slow-exec' '"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 1000'
ok "an exec beyond its timeout is a failure" within 5 error slow 'liveness probe: timed out after 1s'
ok "its late success changes nothing" within 5 state slow main failing
ok "and meanwhile the supervisor answers" timeout 1 "$CPOD" status "$POD-slow"
ok "a pod of a slow plugin is stopped" finish slow
ok "execs that fail run" probed execs 'fail-exec' '"periodSeconds": 1, "failureThreshold": 1'
ok "and are told" within 10 error execs 'liveness probe: it was told to fail'
ok "a command that fails is told, too" prints 'it was told to fail' inside execs main x
ok "that pod is stopped" finish execs
ok "execs with an end that does not exist run" probed ends 'end-exec' '"periodSeconds": 1, "failureThreshold": 1'
ok "and are told" within 10 error ends "the runtime's exec told an end that does not exist"
ok "that pod is stopped, too" finish ends
ok "a kill that fails runs" probed kills 'fail-kill' '"periodSeconds": 1'
ok "and is told" prints 'it was told to fail' "$CPOD" kill "$POD-kills" main
ok "also as an error of the container" error kills 'failed to send kill signal 9 to container main: it was told to fail'
ok "the next one ends it" "$CPOD" kill "$POD-kills" main
ok "and with it the pod" within 5 ended kills
ok "a container that tells its end late runs" probed late 'late-wait late-exec' '"periodSeconds": 1, "timeoutSeconds": 1'
ok "it is waited for" finish late
ok "and its end is the true one" grep -q 'main was ended by SIGKILL' "$TMP/late.out" "$TMP/late.err"

ok "a plugin that never returns runs" probed stuck 'stuck-wait stuck-exec' '"periodSeconds": 1, "timeoutSeconds": 1'
"$CPOD" stop -t 0 "$POD-stuck" >/dev/null 2>&1 &
ok "while it is stopped in vain, its supervisor answers" timeout 5 "$CPOD" status "$POD-stuck"
kill -KILL "$(cat "$TMP/stuck.pid")"
ok "and it can be killed" within 5 ended stuck
ok "the plugin is found again to reclaim what it left" prints "$POD-stuck" "$CPOD" gc

# What is no plugin.

# bad SENTENCE FILE: it is refused with one sentence.
bad () {
	pod "$(container main x)" >"$TMP/bad.json"
	got=0
	"$CPOD" run --name "$POD-bad" --runtime "$2" "$TMP/bad.json" >"$TMP/bad.log" 2>&1 || got=$?
	cat "$TMP/bad.log"
	[ "$got" -eq 2 ] && [ "$(wc -l <"$TMP/bad.log")" -eq 1 ] && grep -qF -e "$1" "$TMP/bad.log"
}

# variant NAME: the plugin that is compiled with this defined.
variant () {
	compile "$TMP/$1.so" "$SRC/tests/plugins/faulty.c" "-D$1" || return 1
	bad "$2" "$TMP/$1.so"
}

ok "another ABI is refused" variant BAD_ABI 'ABI 2, this cpod has 1'
ok "a short table is refused" variant BAD_SIZE 'its table has 80 bytes, 88 are needed'
ok "an improper name is refused" variant BAD_NAME 'has no proper name and version'
ok "a table without an operation is refused" variant NO_EXEC 'has no exec'
ok "a plugin without the symbol is refused" variant NO_SYMBOL 'it does not export cpod_runtime'
echo 'not ELF' >"$TMP/text.so"
ok "a file that is no shared object is refused" bad 'file too short' "$TMP/text.so"
ok "a file that is not there is refused" bad 'No such file or directory' "$TMP/absent.so"

# What somebody else could have changed.
mkdir "$TMP/safe" "$TMP/wide" "$TMP/group" "$TMP/sticky" "$TMP/wide/below" "$TMP/other"
for folder in safe wide group sticky wide/below other; do cp "$faulty" "$TMP/$folder/x.so"; done
cp "$faulty" "$TMP/safe/world.so" && chmod 0757 "$TMP/safe/world.so"
cp "$faulty" "$TMP/safe/group.so" && chmod 0775 "$TMP/safe/group.so"
cp "$faulty" "$TMP/safe/mine.so" && chown 65534 "$TMP/safe/mine.so"
chmod 0777 "$TMP/wide" && chmod 0775 "$TMP/group" && chmod 1777 "$TMP/sticky" && chown 65534 "$TMP/other"
ln -s "$TMP/safe/x.so" "$TMP/safe/link.so"
ln -s "$TMP/safe" "$TMP/way"

# loads FILE: it is taken, as far as its container, which is told to fail.
loads () {
	MORE='"metadata": {"fault": "fail-create"}'
	pod "$(container main x)" >"$TMP/loads.json"
	unset MORE
	"$CPOD" run --name "$POD-loads" --runtime "$1" "$TMP/loads.json" 2>&1 | grep -F 'it was told to fail'
}

ok "a plugin that is above doubt is loaded" loads "$TMP/safe/x.so"
ok "also through a folder that is a link" loads "$TMP/way/x.so"
ok "also from a sticky folder" loads "$TMP/sticky/x.so"
ok "one that is a link itself is refused" bad 'is not a regular file' "$TMP/safe/link.so"
ok "one that everybody may write is refused" bad 'is writable by others' "$TMP/safe/world.so"
ok "one that a group may write is refused" bad 'is writable by others' "$TMP/safe/group.so"
ok "one that belongs to somebody else is refused" bad 'belongs to user 65534' "$TMP/safe/mine.so"
ok "one in a folder that everybody may write is refused" bad 'is writable by others' "$TMP/wide/x.so"
ok "or below one" bad 'is writable by others' "$TMP/wide/below/x.so"
ok "one in a folder that a group may write is refused" bad 'is writable by others' "$TMP/group/x.so"
ok "one in a folder of somebody else is refused" bad 'belongs to user 65534' "$TMP/other/x.so"
cd "$TMP/safe" || exit 1
ok "a relative path is refused with a sentence" bad 'is not an absolute path' ./x.so
ok "a file of the working directory is not found by its name" bad 'there is no runtime x: it is not built in' x
LD_LIBRARY_PATH=$TMP/safe
export LD_LIBRARY_PATH
ok "nor is one in LD_LIBRARY_PATH" bad 'there is no runtime x: it is not built in' x
unset LD_LIBRARY_PATH
ok "a name with an ending is no name of a runtime" bad 'neither the name of a runtime nor an absolute path' x.so
