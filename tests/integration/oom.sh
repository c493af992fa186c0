# A container that the kernel kills for want of memory: it is told as OOMKilled, and restarted as its policy says.
# where: vm
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# told NAME PATTERN: whether Kubernetes' status in the pod's has it.
told () {
	status "$1" | sed 's/": */":/g; s/, *"/,"/g; s/\[ */[/g; s/ *\]/]/g; s/{ */{/g; s/ *}/}/g; s/.*,"status":{"phase"/{"phase"/' >"$TMP/.told"
	grep -e "$2" "$TMP/.told" >/dev/null || { echo "no match: $2"; cat "$TMP/.told"; return 1; }
}

TOP='"restartPolicy": "Always"'
pod "$(SPEC='"linux": {"resources": {"memory": {"limit": 16777216}}}' container main /inside mem 64 30)" \
	"$(container other /inside sleep)" >"$TMP/oom.json"
ok "a pod with a container that takes too much memory runs" launch oom
ok "it was killed for that, twice" within 30 told oom '"name":"main","state":{"waiting":{"reason":"CrashLoopBackOff"'
ok "which is told" told oom '"lastState":{"terminated":{"exitCode":137,"signal":9,"reason":"OOMKilled"'
ok "it was restarted once" told oom '"lastState":{"terminated":{"exitCode":137[^}]*}},"ready":false,"restartCount":1'
ok "the other container runs on" told oom '"name":"other","state":{"running"'
ok "the pod ends" finish oom
