# What is said about wrong uses of the command, and with which exit status; help.
# where: host asan
TAP_NO_TRACES=1
. "$SRC/tests/lib/tap.sh"

CPOD_STATE_DIR=$TMP/state
export CPOD_STATE_DIR
printf '{"containers": [{"name": "main", "process": {"args": ["true"]}}]}\n' >"$TMP/p.json"

# says STATUS WORDS COMMAND...: ends with the status after saying the words, in one line of standard error.
says () {
	want=$1 words=$2
	shift 2
	got=0
	"$@" >"$TMP/said.out" 2>"$TMP/said" || got=$?
	cat "$TMP/said"
	[ "$got" -eq "$want" ] || { echo "exit status $got, wanted $want"; return 1; }
	grep -e "$words" "$TMP/said" >/dev/null || { echo "it does not say: $words"; return 1; }
	[ "$(wc -l <"$TMP/said")" -eq 1 ] || { echo "it says more than one line"; return 1; }
	[ ! -s "$TMP/said.out" ] || { echo "it prints on standard output"; return 1; }
}

# helps COMMAND...: prints help of a screen's width on standard output, and nothing else.
helps () {
	"$@" >"$TMP/help" 2>"$TMP/help.err" || return 1
	[ ! -s "$TMP/help.err" ] || return 1
	head -n 1 "$TMP/help" | grep '^Usage: cpod ' || return 1
	[ "$(awk 'length ($0) > 110' "$TMP/help")" = "" ]
}

ok "no command is a usage error" says 2 'no command' "$CPOD"
ok "an unknown command is, with the nearest one" says 2 'did you mean status?' "$CPOD" stauts
ok "so is an unknown general option" says 2 'unknown option --verison' "$CPOD" --verison
ok "an unknown option of a command, with the nearest one" says 2 'did you mean --port?' "$CPOD" run --prot 8888 "$TMP/p.json"
ok "an option without its value" says 2 'run: --name needs NAME' "$CPOD" run "$TMP/p.json" --name
ok "a flag with a value" says 2 'takes no value' "$CPOD" run --logs=yes "$TMP/p.json"
ok "an option given twice" says 2 'given twice' "$CPOD" run --name a --name b "$TMP/p.json"
ok "too few operands" says 2 'too few arguments' "$CPOD" exec pod container
ok "too many operands" says 2 'one argument too many: c' "$CPOD" logs a b c
for port in 0 65536 -1 x 80x '' :80 example.org:80 127.0.0.1:0; do
	ok "port '$port' is refused" says 2 'run: --port' "$CPOD" run --port "$port" "$TMP/p.json"
done
ok "a signal that is none" says 2 'WRONG is no signal' "$CPOD" kill -s WRONG pod
ok "a grace that is no number" says 2 'not a number of seconds' "$CPOD" stop -t 1s pod
ok "a file that is not there" says 2 'nothing-here.json' "$CPOD" run "$TMP/nothing-here.json"
ok "a directory in the place of a file" says 2 "$TMP" "$CPOD" check "$TMP"
ok "a runtime that is not there" says 2 'no-such-runtime' "$CPOD" run --runtime no-such-runtime "$TMP/p.json"
ok "a runtime by a relative path" says 2 'rt/x.so' "$CPOD" run --runtime rt/x.so "$TMP/p.json"

for command in status healthy; do
	ok "$command of a pod where none runs" says 3 'no pod' "$CPOD" $command nothing
done
ok "exec in a pod where none runs" says 3 'no pod' "$CPOD" exec nothing main -- true
ok "kill of a pod where none runs" says 3 'no pod' "$CPOD" kill nothing
ok "stop of a pod where none runs" says 3 'no pod' "$CPOD" stop nothing
ok "status where none runs" says 3 'no pod runs' "$CPOD" status
ok "ps where none runs prints its heads" prints '^POD  *PHASE  *HEALTHY' "$CPOD" ps
ok "and an empty list as JSON" prints '^\[\]$' "$CPOD" ps --json
ok "gc where nothing ran has nothing to do" exits 0 "$CPOD" gc
ok "none of that made a state directory" test ! -e "$TMP/state/pods"

ok "the general help" helps "$CPOD" --help
ok "it names every command" sh -c 'for c in run ps status healthy exec kill stop check gc; do grep -q "^  $c " "$1" || exit 1; done' - "$TMP/help"
for command in run ps status healthy exec kill stop check gc; do
	ok "the help of $command" helps "$CPOD" $command --help
	ok "it is the same behind help" helps "$CPOD" help $command
done
ok "standard output that takes nothing is an error" says 125 'standard output: No space left on device' sh -c '"$0" help >/dev/full' "$CPOD"

chmod 755 "$TMP"
mkdir -m 755 "$TMP/open"
CPOD_STATE_DIR=$TMP/open
ok "a state directory that others can enter is refused" says 125 'closed to others' "$CPOD" run "$TMP/p.json"
