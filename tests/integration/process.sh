# The process of a container is exactly what its spec says.
# where: host vm-long asan
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# result NAME: the output of the pod's container with its prefix taken away.
result () {
	"$CPOD" run --name "$POD-$1" --logs "$TMP/$1.json" >"$TMP/$1.log" 2>&1
	sed 's/^main[: |]*//' "$TMP/$1.log" >"$TMP/$1.view"
}

has () {
	grep -F -e "$2" "$TMP/$1.view" || { cat "$TMP/$1.view"; return 1; }
}

mkdir "$TMP/root/work"
pod "$(PROCESS='"user": {"uid": 1000, "gid": 100, "additionalGids": [5, 7], "umask": 63}, "oomScoreAdj": 500,
	"rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]' \
	container main /inside view 'a b' '"quoted"')" | sed 's|"cwd": "/"|"cwd": "/work"|' >"$TMP/p.json"
ok "the pod runs to its end" result p
ok "the user and the group are the spec's" has p '"uid":[1000,1000,1000],"gid":[100,100,100]'
ok "so are the supplementary groups" has p '"groups":[5,7]'
ok "the umask" has p '"umask":"0077"'
ok "the resource limits" has p '"RLIMIT_NOFILE":[100,200]'
ok "the OOM score" has p '"oomScoreAdj":"500"'
ok "the working directory" has p '"cwd":"/work"'
ok "the arguments, with what shells would take apart" has p '"args":["a b","\"quoted\""]'
ok "the environment begins with the spec's" has p "\"env\":[\"CPOD_TEST=$CPOD_TEST\""
ok "it is PID 1 of its namespace" has p '"pid":1,'
ok "a user who is not root has no capabilities in force" has p '"effective":"0000000000000000"'

PROCESS='"capabilities": {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"],
	"inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}'
pod "$(container main /inside view)" >"$TMP/caps.json"
ok "a pod with capabilities of its own runs" result caps
ok "the bounding set is exact" has caps '"bounding":"0000000000000021"'
ok "the ambient set is exact" has caps '"ambient":"0000000000000020"'

PROCESS='"user": {"uid": 1000, "gid": 100}'
pod "$(container main /inside seq open /dev/stdout w , open /dev/stderr w , echo opened)" >"$TMP/stdout.json"
ok "a user who is not root runs" result stdout
ok "and may open standard output by its name" has stdout opened
