# Pods for integration tests: small words to write specs, to run pods in the background, and to look
# into containers. Read in after tap.sh:
#
#     . "$SRC/tests/lib/tap.sh"
#     . "$SRC/tests/lib/pod.sh"
#     pod "$(container main /inside sleep)" >"$TMP/p.json"
#     ok "the pod runs" start p
#     ok "it has no new privileges" view p main '"noNewPrivs":1'
#     ok "it ends" finish p
#
# Containers of `container` run on $TMP/root, which holds nothing but the static test program /inside
# and empty directories; those of `on_host` on the host view, with the program bound at /mnt/inside.
# Every process carries the test's marker. Pods keep their state below $TMP (CPOD_STATE_DIR).
# shellcheck shell=sh


mkdir -p "$TMP/root"
for pod_folder in bin dev etc proc sys tmp run mnt var; do mkdir "$TMP/root/$pod_folder"; done
cp "$INSIDE" "$TMP/root/inside"

# json_words WORD...: a JSON array of strings. Words may hold anything but control characters.
json_words () {
	pod_words=
	for pod_word in "$@"; do
		pod_words="$pod_words${pod_words:+, }\"$(printf '%s' "$pod_word" | sed 's/[\\"]/\\&/g')\""
	done
	printf '[%s]' "$pod_words"
}

# container NAME WORD...: a container that runs the words. What else it has comes from variables, each
# the inside of a JSON object, used for this one call: PROCESS (of spec.process), SPEC (of spec), MORE
# (of the container), as in: SPEC='"hostname": "a"' container main /inside sleep
container () {
	pod_container=$1
	shift
	printf '{"name": "%s", "spec": {"root": {"path": "%s/root"}, "process": {"args": %s, "cwd": "/", "env": ["CPOD_TEST=%s"%s]%s}%s}%s}' \
		"$pod_container" "$TMP" "$(json_words "$@")" "$CPOD_TEST" "${ENVIRONMENT:+, $ENVIRONMENT}" \
		"${PROCESS:+, $PROCESS}" "${SPEC:+, $SPEC}" "${MORE:+, $MORE}"
	unset PROCESS SPEC MORE ENVIRONMENT
}

# on_host NAME WORD...: the same on the host view.
on_host () {
	pod_container=$1
	shift
	printf '{"name": "%s", "spec": {"mounts": [{"destination": "/mnt/inside", "type": "bind", "source": "%s", "options": ["bind", "ro"]}%s], "process": {"args": %s, "cwd": "/", "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "CPOD_TEST=%s"]%s}%s}%s}' \
		"$pod_container" "$INSIDE" "${MOUNTS:+, $MOUNTS}" "$(json_words "$@")" "$CPOD_TEST" \
		"${PROCESS:+, $PROCESS}" "${SPEC:+, $SPEC}" "${MORE:+, $MORE}"
	unset PROCESS SPEC MORE MOUNTS
}

# pod CONTAINER...: a pod of them. INIT: init containers, separated by commas. TOP: inside of the object.
pod () {
	pod_list=
	for pod_word in "$@"; do pod_list="$pod_list${pod_list:+, }$pod_word"; done
	printf '{%s"initContainers": [%s], "containers": [%s]}\n' "${TOP:+$TOP, }" "${INIT:-}" "$pod_list"
	unset INIT TOP
}

# launch NAME [OPTION]...: runs the pod of $TMP/NAME.json (or .yaml) in the background, as $POD-NAME;
# its words are in $TMP/NAME.out and .err, the supervisor's pid in $TMP/NAME.pid.
launch () {
	pod_name=$1
	shift
	pod_file=$TMP/$pod_name.json
	[ -e "$pod_file" ] || pod_file=$TMP/$pod_name.yaml
	"$CPOD" run --name "$POD-$pod_name" "$@" "$pod_file" >"$TMP/$pod_name.out" 2>"$TMP/$pod_name.err" &
	echo $! >"$TMP/$pod_name.pid"
}

# start NAME [OPTION]...: launches it, and waits until every container has been started.
start () {
	launch "$@"
	within 10 running "$1" || { cat "$TMP/$1.out" "$TMP/$1.err"; return 1; }
}

# status NAME: its status, one line of JSON.
status () {
	"$CPOD" status --json "$POD-$1" | tr -d '\n'
}

# running NAME: whether the pod's phase is "running", and no container is still being started.
running () {
	pod_status=$(status "$1")
	case $pod_status in
	*'"phase": "running"'*) ;;
	*) return 1 ;;
	esac
	! echo "$pod_status" | grep -q '"id": *"",[^}]*"states": *\[ *"started" *\]'
}

# states NAME CONTAINER: the words of its history, separated by spaces.
states () {
	status "$1" | sed 's/{"name"/\n&/g; s/{ *"name"/\n&/g' | grep "\"name\": *\"$2\".*\"states\"" |
		sed 's/.*"states": *\[\([^]]*\)\].*/\1/; s/[",]/ /g; s/  */ /g; s/^ //; s/ $//'
}

# state NAME CONTAINER WORD: whether the container's last state is this one.
state () {
	case " $(states "$1" "$2")" in
	*" $3") ;;
	*) echo "states of $2: $(states "$1" "$2")"; return 1 ;;
	esac
}

# inside NAME CONTAINER WORD...: runs a command in the container.
inside () {
	pod_name=$1 pod_container=$2
	shift 2
	"$CPOD" exec "$POD-$pod_name" "$pod_container" -- "$@"
}

# view NAME CONTAINER PATTERN: whether the view from a program executed inside matches. For the view
# of the container's first process let it write one: `/inside view`.
view () {
	inside "$1" "$2" /inside view >"$TMP/.view" || { cat "$TMP/.view"; return 1; }
	grep -e "$3" "$TMP/.view" || { echo "no line matches: $3"; cat "$TMP/.view"; return 1; }
}

# ended NAME: whether its supervisor is gone.
ended () {
	pod_pid=$(cat "$TMP/$1.pid")
	! kill -0 "$pod_pid" 2>/dev/null || grep -q '^State:.*Z' "/proc/$pod_pid/status" 2>/dev/null
}

# finish NAME: stops the pod and waits until the supervisor is gone.
finish () {
	"$CPOD" stop -t 1 "$POD-$1"
	within 10 ended "$1"
}

# get PORT PATH [METHOD [HEADER...]]: the body of an HTTP answer; fails unless its status is 200.
get () {
	timeout 10 "$INSIDE" get "$@"
}

# free_port: one that nobody listens on, from a range that only tests use.
free_port () {
	pod_port=$((20000 + $$ % 10000))
	while grep -qi "$(printf ':%04X ' "$pod_port")" /proc/net/tcp /proc/net/tcp6 2>/dev/null; do
		pod_port=$((pod_port + 1))
	done
	echo "$pod_port"
}
