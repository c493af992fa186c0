# Detached pods: when `run -d` returns and with what, what the supervisor is, what stays after the end, and
# many pods by their names.
# where: host asan
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# says STATUS WORDS COMMAND...: ends with the status, and a line of what it says has the words.
says () {
	want=$1 words=$2
	shift 2
	got=0
	"$@" >"$TMP/said" 2>&1 </dev/null || got=$?
	cat "$TMP/said"
	[ "$got" -eq "$want" ] || { echo "exit status $got, wanted $want"; return 1; }
	[ -z "$words" ] || grep -e "$words" "$TMP/said" >/dev/null
}

# detach NAME [OPTION]...: runs the pod of $TMP/NAME.json in the background.
detach () {
	name=$1
	shift
	"$CPOD" run -d --name "$POD-$name" "$@" "$TMP/$name.json"
}

# supervisor NAME: its pid.
supervisor () {
	"$CPOD" status "$POD-$1" | sed -n 's/.*supervisor \([0-9]*\)$/\1/p'
}

pod "$(container main /inside seq echo hello , graceful "$TMP/unused")" "$(container side /inside sleep)" >"$TMP/a.json"
ok "it returns when all containers run, and prints the name" says 0 "^$POD-a\$" detach a
ok "they do" says 0 "$POD-a  *running  *yes  *2/2 " "$CPOD" ps
pid=$(supervisor a)
ok "the supervisor leads a session of its own" sh -c '[ "$(awk "{print \$6}" "/proc/$1/stat")" = "$1" ]' sh "$pid"
ok "which has no terminal" sh -c '[ "$(awk "{print \$7}" "/proc/$1/stat")" = 0 ]' sh "$pid"
ok "its directory is /" sh -c '[ "$(readlink "/proc/$1/cwd")" = / ]' sh "$pid"
for fd in 0 1 2; do
	ok "its descriptor $fd is /dev/null" sh -c '[ "$(readlink "/proc/$1/fd/$2")" = /dev/null ]' sh "$pid" "$fd"
done
ok "it is not the child of the command, which has ended" sh -c '[ "$(awk "{print \$4}" "/proc/$1/stat")" != "$$" ]' sh "$pid"

inherits () {
	detach b --wait=none 7<"$TMP/a.json" || return 1
	! readlink "/proc/$(supervisor b)/fd/"* | grep -F "$TMP/a.json"
}
pod "$(container main /inside sleep)" >"$TMP/b.json"
ok "it inherits no descriptor" inherits
ok "whoever reads the command's output gets its end" timeout 20 sh -c '"$0" run -d --name "$1" "$2" 2>&1 | cat' "$CPOD" "$POD-c" "$TMP/b.json"
ok "the name is taken" says 4 "pod $POD-a is already running" detach a
ok "--replace makes room, also for one that runs" says 0 "^$POD-a\$" detach a --replace
ok "by another supervisor" sh -c '[ "$1" != "$2" ]' sh "$pid" "$(supervisor a)"

# What is refused is said, and leaves nothing.
echo '{"containers": [{"name": "main", "spec": {"proces": {}}}]}' >"$TMP/wrong.json"
ok "a file that is refused is refused at once" says 2 'wrong.json:1:' detach wrong --strict
pod "$(container main /nothing-here)" >"$TMP/bad.json"
ok "a start that fails is told with its reason" says 1 'container main of pod .*-bad did not start: .*execute /nothing-here: No such file' detach bad
ok "what there is of it stays" says 0 "$POD-bad  *failed " "$CPOD" ps -a
ok "until it is removed" says 0 '' "$CPOD" rm "$POD-bad"
INIT=$(container prep /inside seq echo broken , exit 3) && pod "$(container main /inside sleep)" >"$TMP/init.json"
ok "an init container that fails is a start that fails" says 1 'did not start: init container prep: exit status 3' detach init
ok "what it wrote can be read" says 0 '^prep | broken' "$CPOD" logs "$POD-init"
pod "$(container main /inside sleep)" "$(container missing /nothing-here)" >"$TMP/half.json"
ok "so is one container of two" says 1 'container missing of pod .* did not start' detach half
ok "the other one runs on" says 0 "$POD-half  *running " "$CPOD" ps
unset INIT
INIT=$(container prep /inside wait-for "$TMP/root/tmp/go") && pod "$(container main /inside sleep)" >"$TMP/slow.json"
rm -rf "$TMP/root/tmp/go"
ok "--wait=started returns with the first init container" says 0 "$POD-slow" timeout 20 "$CPOD" run -d --wait=started --name "$POD-slow" "$TMP/slow.json"
ok "which still runs" says 0 "$POD-slow  *pending " "$CPOD" ps
INIT=$(container prep /inside seq echo broken , exit 3) && TOP='"restartPolicy": "Always"' && pod "$(container main /inside sleep)" >"$TMP/again.json"
"$CPOD" run -d --name "$POD-again" "$TMP/again.json" >"$TMP/again.out" 2>&1 &
waiting=$!
ok "an init container that fails again and again is told while it waits" within 10 says 0 'waits for its init container prep, which fails: exit status 3$' cat "$TMP/again.out"
kill -TERM "$waiting"

# The command that waits is interrupted: what it wanted is wanted no more.
"$CPOD" run -d --name "$POD-gone" "$TMP/slow.json" >"$TMP/gone.out" 2>&1 &
waiting=$!
ok "the pod of a command that waits" within 10 says 0 "$POD-gone  *pending " "$CPOD" ps
kill -TERM "$waiting"
ok "ends with the command" within 10 says 0 "$POD-gone  *failed " "$CPOD" ps -a

ok "--wait without -d is refused" says 2 'run: --wait is for --detach' "$CPOD" run --wait=none "$TMP/a.json"
ok "another word for it too" says 2 'is not running, started or none' "$CPOD" run -d --wait=soon "$TMP/a.json"
ok "-d shows no output" says 2 'run: --logs shows the output here' "$CPOD" run -d --logs "$TMP/a.json"

# The end, and what stays.
cgroup_of () {
	find "$(cgroup_root)" -mindepth 1 -type d -path "*cpod*$POD-$1.*"
}
pod "$(container main /inside seq echo out , sleep 0.2 , exit 0)" >"$TMP/well.json"
pod "$(container main /inside seq echo out , sleep 0.2 , exit 9)" >"$TMP/ill.json"
ok "a pod that ends by itself" says 0 '' detach well
ok "is waited for: it succeeded" says 0 "^$POD-well succeeded\$" "$CPOD" wait "$POD-well"
ok "and once more when it is over" says 0 "^$POD-well succeeded\$" "$CPOD" wait "$POD-well"
ok "one that fails" says 0 '' detach ill
ok "is an exit status of 1" says 1 "^$POD-ill failed\$" "$CPOD" wait "$POD-ill"
ok "of several the first that is not 0, and a line each" says 1 "^$POD-well succeeded\$" "$CPOD" wait "$POD-well" "$POD-ill"
ok "as JSON too" says 1 '"name":"'"$POD-ill"'","phase":"failed","exitStatus":1}' "$CPOD" wait --json "$POD-well" "$POD-ill"
ok "ps shows those that run" no sh -c '"$0" ps | grep -q "$1-ill "' "$CPOD" "$POD"
ok "ps -a shows them all" says 0 "$POD-ill  *failed  *no  *0/1  *-" "$CPOD" ps -a
ok "status tells the last one" says 0 "$POD-ill: failed, unhealthy, .*ended .*, exit status 1" "$CPOD" status "$POD-ill"
ok "with the container's exit" says 0 '"code": 9' "$CPOD" status --json "$POD-ill"
ok "it is not healthy" says 1 '^unhealthy$' "$CPOD" healthy "$POD-ill"
ok "its output is there" says 0 '^out$' "$CPOD" logs "$POD-ill"
ok "its events too" says 0 "$POD-ill main: exited with status 9" "$CPOD" events "$POD-ill"
ok "a program has nothing to run in" says 1 "pod $POD-ill has ended" "$CPOD" exec "$POD-ill" main -- /inside
ok "stopping it is done already" says 0 '' "$CPOD" stop "$POD-ill"
ok "gc leaves it alone" sh -c '[ -z "$("$0" gc)" ]' "$CPOD"
ok "no cgroup stays" sh -c '[ -z "$1" ]' sh "$(cgroup_of ill)"
small () {
	[ "$(find "$CPOD_STATE_DIR/pods/$POD-ill" -type f | wc -l)" -le 6 ] && [ "$(du -sk "$CPOD_STATE_DIR/pods/$POD-ill" | cut -f 1)" -le 64 ]
}
ok "what stays is a handful of small files" small
ok "the name of one that has ended is taken too" says 4 "pod $POD-ill has ended and is kept; .cpod rm" detach ill
ok "unless it is replaced" says 0 "^$POD-ill\$" detach ill --replace
ok "rm refuses what runs" says 1 "pod $POD-a is running" "$CPOD" rm "$POD-a"
ok "rm removes what has ended" says 0 '' "$CPOD" rm "$POD-well"
ok "of which nothing is known any more" says 3 "no pod is called $POD-well" "$CPOD" status "$POD-well"
ok "a wrong name gets the nearest one" says 3 "did you mean $POD-slow" "$CPOD" rm "$POD-slwo"
ok "rm -f ends what runs" says 0 '' "$CPOD" rm -f "$POD-half"
ok "and removes it" no test -e "$CPOD_STATE_DIR/pods/$POD-half"
ok "--rm keeps nothing" says 0 '' detach well --rm
ok "whoever waits is told all the same" says 0 "^$POD-well succeeded\$" "$CPOD" wait "$POD-well"
ok "and then it is gone" no test -e "$CPOD_STATE_DIR/pods/$POD-well"

# A supervisor that is killed.
pid=$(supervisor a)
"$CPOD" wait "$POD-a" >"$TMP/waited" 2>&1 &
waiting=$!
sleep 0.2
kill -KILL "$pid"
got=0
wait "$waiting" || got=$?
ok "who waits for a pod whose supervisor is killed is told" sh -c '[ "$1" -eq 1 ] && grep -q "supervisor was killed" "$2"' sh "$got" "$TMP/waited"
ok "ps says that it is dead" within 10 says 0 "$POD-a  *dead" "$CPOD" ps
no_process () {
	cgroup=$(cgroup_of a | head -n 1)
	[ -z "$cgroup" ] || grep -q 'populated 0' "$cgroup/cgroup.events"
}
ok "none of its processes lives" within 5 no_process
ok "gc removes what is left, and says so" says 0 "^$POD-a\$" "$CPOD" gc
ok "then nothing is left" sh -c '[ -z "$1" ] && [ ! -e "$2" ]' sh "$(cgroup_of a)" "$CPOD_STATE_DIR/pods/$POD-a"
ok "stop --all ends the others" says 0 '' "$CPOD" stop --all -t 1
ok "so that none runs" sh -c '[ "$("$0" ps | wc -l)" -eq 1 ]' "$CPOD"
ok "rm --all removes what they left" says 0 '' "$CPOD" rm --all
ok "all of it" sh -c '[ "$("$0" ps -a | wc -l)" -eq 1 ]' "$CPOD"

# Many.
if [ "$PLACE" != vm ]; then
	many=
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do many="$many $POD-n$i-x"; done
	begin_many () {
		for pod_name in $many; do
			"$CPOD" run -d --name "$pod_name" "$TMP/b.json" &
			pids="${pids:-} $!"
		done
		for pid in $pids; do wait "$pid" || return 1; done
	}
	ok "twenty pods begin at the same time" begin_many
	ok "all run" sh -c '[ "$("$0" ps | grep -c " running ")" -eq 20 ]' "$CPOD"
	# shellcheck disable=SC2086
	ok "each is healthy" sh -c '[ "$("$@" | grep -c " healthy$")" -eq 20 ]' sh "$CPOD" healthy $many
	ok "a beginning that several have is not clear" says 3 "several pods begin with $POD-n1: $POD-n1" "$CPOD" status "$POD-n1"
	ok "one that a single pod has is" says 0 "$POD-n7-x: running" "$CPOD" status "$POD-n7"
	# shellcheck disable=SC2086
	ok "they are stopped by name together" says 0 '' "$CPOD" stop -t 1 $many
	ok "none runs" sh -c '[ "$("$0" ps | wc -l)" -eq 1 ]' "$CPOD"
	# shellcheck disable=SC2086
	ok "their ends are all known" sh -c '[ "$("$@" | wc -l)" -eq 20 ]' sh "$CPOD" wait $many
	# shellcheck disable=SC2086
	ok "they are removed by name" says 0 '' "$CPOD" rm $many
	ok "and gone" sh -c '[ -z "$(ls "$1/pods")" ]' sh "$CPOD_STATE_DIR"
fi
