# Init containers: one after the other, each to its end; one that fails ends the pod with its name.
# where: host vm-long
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"

mkdir "$TMP/root/shared"

# lines FILE: how many times something was appended to it.
lines () {
	wc -l <"$TMP/root/shared/$1" | tr -d ' '
}

# before FILE FILE: whether the last line of one is earlier than the first of the other.
before () {
	one=$(tail -n 1 "$TMP/root/shared/$1") two=$(head -n 1 "$TMP/root/shared/$2")
	[ "${one%% *}" -le "${two%% *}" ] || { echo "$1: $one, $2: $two"; return 1; }
}

# ---- order ----

first=$(container first /inside seq append /shared/a , sleep 0.1 , append /shared/a)
second=$(container second /inside seq append /shared/b , sleep 0.1 , append /shared/b)
third=$(container third /inside seq append /shared/c , echo init says)
INIT="$first, $second, $third" pod "$(container main /inside seq append /shared/main , view)" "$(container other /inside append /shared/other)" \
	>"$TMP/order.json"
ok "a pod with three init containers runs to its end" result order
ok "the second begins when the first has ended" before a b
ok "the third when the second has" before b c
ok "the containers when the last has" before c main
ok "all of them" before c other
ok "each ran once" test "$(lines a) $(lines b) $(lines c) $(lines main)" = '2 2 1 1'
ok "their output carries their names" grep -q '^third *| init says$' "$TMP/order.log"
ok "the containers come after in what is said" test "$(grep -n 'third exited with status 0\|third finished' "$TMP/order.log" | head -n 1 | cut -d: -f1)" \
	-lt "$(grep -n 'main runs' "$TMP/order.log" | head -n 1 | cut -d: -f1)"

# ---- what they share with the containers ----

SPEC='"linux": {"sysctl": {"net.ipv4.ip_default_ttl": "73"}}'
setter=$(container setter /inside exit 0)
unset SPEC
INIT=$setter pod "$(container main /inside view sysctl:net.ipv4.ip_default_ttl)" >"$TMP/share.json"
ok "a pod whose init container sets something up runs" result share
ok "what it has set in the pod's network holds" has share '"sysctl:net.ipv4.ip_default_ttl":"73"'
ok "the container is the first process of its own" has share '{"pid":1,'

# ---- names by default ----

unnamed=$(container x /inside echo unnamed | sed 's/"name": "x", //')
INIT="$unnamed, $unnamed" pod "$unnamed" "$unnamed" >"$TMP/names.json"
"$CPOD" run --name "$POD-names" --logs "$TMP/names.json" >"$TMP/names.log" 2>&1
for name in init-0 init-1 container-0 container-1; do
	ok "one without a name is $name" grep -q "^$name *| unnamed\$" "$TMP/names.log"
done
INIT=$(container main /inside exit 0) pod "$(container main /inside exit 0)" >"$TMP/twice.json"
ok "one name for an init container and a container is refused" refused twice 'main'

# ---- failures ----

# failing NAME WORD...: a pod whose second of three init containers runs the words.
failing () {
	failing_name=$1
	shift
	rm -f "$TMP/root/shared/"*
	INIT="$(container first /inside append /shared/a), $(container broken "$@"), $(container third /inside append /shared/c)" \
		pod "$(container main /inside append /shared/main)" >"$TMP/$failing_name.json"
}

failing status /inside exit 7
ok "a pod whose init container fails ends with 1" exits 1 result status
ok "its message has the container's name and status" grep -q 'broken.*status 7' "$TMP/status.log"
ok "in one line" test "$(grep -c 'broken exited with status 7' "$TMP/status.log")" -eq 1
ok "the one before it ran" test -e "$TMP/root/shared/a"
ok "the one after it did not" test ! -e "$TMP/root/shared/c"
ok "nor did the container" test ! -e "$TMP/root/shared/main"
failing signal /inside view
sed 's|"/inside", "view"|"/inside", "sleep"|' "$TMP/signal.json" >"$TMP/killed.json"
launch killed --logs

# init_runs NAME CONTAINER: whether it is being executed now.
init_runs () {
	status "$1" | grep -q "\"name\": *\"$2\",[^}]*\"running\": *true"
}
ok "an init container that takes its time" within 5 init_runs killed broken
ok "can be killed" "$CPOD" kill "$POD-killed" broken
got=0
wait "$(cat "$TMP/killed.pid")" || got=$?
ok "the pod ends with 1" test "$got" -eq 1
ok "the message has its name and the signal" grep -q 'broken.*signal 9\|broken.*SIGKILL' "$TMP/killed.out" "$TMP/killed.err"
failing missing /not/there
ok "one whose program is not there ends the pod" no result missing
ok "with its name, the field and the system's error" grep -q 'broken error.*process.args\[0\].*/not/there: No such file' "$TMP/missing.log"
ok "the container did not run then either" test ! -e "$TMP/root/shared/main"

# ---- stopped while an init container runs ----

launch killed
ok "the same pod, stopped during its initialisation" within 5 init_runs killed broken
ok "ends" finish killed
ok "without its container" test ! -e "$TMP/root/shared/main"

# ---- many ----

many=
for number in 0 1 2 3 4 5 6 7 8 9; do
	many="$many${many:+, }$(container "n$number" /inside append /shared/many)"
done
INIT=$many pod "$(container main /inside exit 0)" >"$TMP/many.json"
ok "a pod with ten init containers runs" result many
ok "each of them ran" test "$(lines many)" -eq 10
