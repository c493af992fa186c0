# Bundles: cpod-oci run beside crun run on the same config.json, what is seen inside, exit statuses, and
# configs that are wrong.
# where: host vm asan
# timeout: 120
if [ -z "${OWN_MOUNTS:-}" ]; then
	# Where cgroup v2 is not the only one, both get a mount namespace in which it is.
	export OWN_MOUNTS=1
	exec unshare -m sh -c 'grep -q " /sys/fs/cgroup cgroup2 " /proc/mounts ||
		{ umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup; }; exec sh "$0"' "$0"
fi
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

. "$SRC/tests/lib/bundle.sh"
mkdir "$TMP/source"
echo content >"$TMP/source/file"
have_crun=$(command -v crun || true)

# The two, each with its output in $TMP/NAME.out and what it says in $TMP/NAME.err.
run_cpod () {
	"$CPOD_OCI" run -b "$BUNDLE" "$POD-cpod" >"$TMP/out" 2>"$TMP/cpod.err" </dev/null
	run_status=$?
	mv "$TMP/out" "$TMP/cpod.out"
	return $run_status
}

run_crun () {
	crun --root "$TMP/crun" run -b "$BUNDLE" "$POD-crun" >"$TMP/out" 2>"$TMP/crun.err" </dev/null
	run_status=$?
	mv "$TMP/out" "$TMP/crun.out"
	return $run_status
}

# plain NAME: a view without what two containers never share, one fact a line, where order says nothing
# sorted. Differences that are meant: crun makes /dev/core, a link to /proc/kcore, and it mounts masks
# in other places of the order and with fewer restrictions (cpod: nosuid, noexec, nodev and read-only);
# and it gives what is standard input, here /dev/null, to the container's user.
plain () {
	sed '
		s/^"keyring":[0-9].*/"keyring":own/
		s/'"$POD"'-[a-z]*/NAME/g
		/^"fds"/s/"2":"[^"]*"/"2":"err"/
		/^"namespaces"/s/,"/,\n"namespace /g
		/^"mounts"/s/},{/},\n"mount":{/g
		/^"dev"/s/},"/},\n"\/dev\//g
		/^"dev"/s/\("[^"]*null":{"type":"c","mode":"0666"\),"uid":[0-9]*,"gid":[0-9]*/\1/
		/^"masked"/s/:[1-9][0-9][0-9][0-9]*/:much/g
	' "$TMP/$1.out" | sed "
		s/^\"mounts\":\\[/\"mount\":/
		s/^\"mount\":\\(.*\\)}\\],*\$/\"mount\":\\1},/
		s/^\"dev\":{\"/\"\\/dev\\//
		s/}}*,*\$/},/
		/\"target\":\"\\/\\(proc\\/acpi\\|proc\\/keys\\|proc\\/timer_list\\|sys\\/firmware\\)\"/s/^\"mount\":.*\"target\":\\(\"[^\"]*\"\\).*/masked \\1/
		/^\"\\/dev\\/core\"/d
	" | while read -r plain_line; do
		case $plain_line in
		'"namespaces"'* | '"namespace '*)
			case $host_spaces in
			*"${plain_line##*\":}"*) echo "${plain_line%:*} the host's" ;;
			*) echo "${plain_line%:*} own" ;;
			esac ;;
		*) printf '%s\n' "$plain_line" ;;
		esac
	done | sort
}
host_spaces=$("$INSIDE" view | sed -n 's/^"namespaces":{//p' | sed 's/"[a-z]*"://g; s/}//')

# alike SENTENCE: what is seen from inside of the bundle under both. Statuses too.
alike () {
	if [ -z "$have_crun" ]; then
		skip "$1" "crun is not here"
		return
	fi
	ok "$1" both_alike
}

both_alike () {
	one=0 two=0
	run_crun || one=$?
	run_cpod || two=$?
	[ "$one" -eq "$two" ] || { echo "exit status $two, crun's $one"; cat "$TMP/cpod.err" "$TMP/crun.err"; return 1; }
	[ -s "$TMP/cpod.out" ] || { cat "$TMP/cpod.err" "$TMP/crun.err"; return 1; }
	plain crun >"$TMP/crun.plain"
	plain cpod >"$TMP/cpod.plain"
	cmp -s "$TMP/crun.plain" "$TMP/cpod.plain" || { diff "$TMP/crun.plain" "$TMP/cpod.plain"; return 1; }
}

# ---- exit statuses ----

# statuses WANT SENTENCE: of both, where there are two.
statuses () {
	ok "$2" exits "$1" run_cpod
	[ -n "$have_crun" ] && ok "as crun's: $2" exits "$1" run_crun
	[ -n "$have_crun" ] || skip "as crun's: $2" "crun is not here"
}

config /inside exit 0
statuses 0 "a program that ends well"
config /inside exit 7
statuses 7 "one that exits with 7"
SPACES='{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"cgroup"}'
config /inside signal 9
statuses 137 "one that a signal ends"
config /not/there
statuses 1 "one that is not there"
config /work
statuses 1 "a directory in its place"
config /inside sleep
"$CPOD_OCI" run -b "$BUNDLE" "$POD-term" >"$TMP/term.out" 2>&1 &
runtime=$!
# its_group: the container's cgroup is there with a process in it.
its_group () {
	grep -q . /sys/fs/cgroup/cpod-oci/"$POD-term"/cgroup.procs
}
ok "a container runs" within 5 its_group
config /inside graceful /tmp/x 5
"$CPOD_OCI" run -b "$BUNDLE" --pid-file "$TMP/pid" "$POD-signal" >"$TMP/signal.out" 2>&1 &
graceful=$!
kill -KILL "$(head -n 1 /sys/fs/cgroup/cpod-oci/"$POD-term"/cgroup.procs)"
got=0
wait $runtime || got=$?
ok "a container that is killed from outside ends with 137" test "$got" -eq 137
ok "the file of the pid is written" within 5 test -s "$TMP/pid"
ok "it is the container's" grep -q graceful "/proc/$(cat "$TMP/pid")/cmdline"

# catches PID: whether it has a handler for SIGTERM by now.
catches () {
	grep -q '^SigCgt:.*[4567cdef]...$' "/proc/$1/status"
}
within 5 catches "$(cat "$TMP/pid")"
kill -TERM $graceful
got=0
wait $graceful || got=$?
ok "a signal to the runtime reaches the container" test "$got" -eq 5

# ---- the corpus ----

config /inside view
alike "the usual config"
config /inside view 'two words' '' '"quoted" \ back'
alike "arguments with what shells would take apart"
USER_OBJECT='{"uid": 1000, "gid": 100, "additionalGids": [5, 7, 100]}'
config /inside view
alike "a user and groups"
USER_OBJECT='{"uid": 0, "gid": 0, "umask": 23}'
config /inside view
alike "an umask"
CAPS=
config /inside view
alike "no capabilities at all"
CAPS=', "capabilities": {}'
config /inside view
alike "empty capabilities"
CAPS=", \"capabilities\": {$KILL, \"inheritable\": [\"CAP_KILL\"], \"ambient\": [\"CAP_KILL\"]}" USER_OBJECT='{"uid": 1000, "gid": 1000}'
config /inside view
alike "ambient capabilities of a user"
CAPS=", \"capabilities\": {$KILL, \"inheritable\": [\"CAP_CHOWN\", \"CAP_KILL\"]}"
config /inside view
alike "inheritable capabilities"
PROCESS=', "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
	{"type": "RLIMIT_STACK", "soft": 4194304, "hard": 8388608}]'
config /inside view
alike "resource limits"
ENVIRON='["A=1", "B=", "C=a b=c", "HOME=/elsewhere", "PATH=/bin"]'
config /inside view
alike "an environment"
CWD=/work
config /inside view
alike "a working directory"
CWD=/made/here
config /inside view
alike "one that is missing"
ROOT=', "readonly": true'
config /inside view
alike "a read-only root"
MOUNTS=", {\"destination\": \"/bind\", \"type\": \"bind\", \"source\": \"$TMP/source\", \"options\": [\"rbind\", \"ro\", \"nosuid\"]},
	{\"destination\": \"/etc/file\", \"type\": \"bind\", \"source\": \"$TMP/source/file\", \"options\": [\"bind\", \"nodev\", \"noexec\"]}"
config /inside view path:/bind/file path:/etc/file
alike "binds of a directory and a file"
MOUNTS=', {"destination": "/var/new/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "size=1m", "mode=1770", "noatime"]}'
config /inside view path:/var/new/tmp
alike "a tmpfs with options"
MOUNTS=", {\"destination\": \"/shared\", \"type\": \"bind\", \"source\": \"$TMP/source\", \"options\": [\"bind\", \"rprivate\", \"relatime\"]}"
config /inside view
alike "a private bind"
SPACES='{"type":"pid"},{"type":"mount"},{"type":"uts"},{"type":"cgroup"},{"type":"ipc"}'
config /inside view
alike "without a network namespace: the host's"
SPACES='{"type":"pid"},{"type":"mount"},{"type":"network"},{"type":"ipc"},{"type":"cgroup"}'
config /inside view
alike "without a UTS namespace"
SPACES="$NAMESPACES" TOP='"hostname": "name", "domainname": "domain", '
config /inside view
alike "a host name and a domain name"
LINUX=
config /inside view
alike "without masks"
LINUX=', "maskedPaths": ["/proc/acpi", "/sys/firmware"], "readonlyPaths": []'
config /inside view
alike "other masks"
MORE=', "sysctl": {"net.ipv4.ip_default_ttl": "70", "kernel.msgmax": "4096"}'
config /inside view sysctl:net.ipv4.ip_default_ttl sysctl:kernel.msgmax
alike "sysctls"
MORE=', "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
config /inside view
alike "a filter"
MORE=', "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
config /inside mkdir /tmp/new
statuses 99 "what a filter answers"
NNP=false
config /inside view
alike "without no_new_privs"
PROCESS=', "oomScoreAdj": 300'
config /inside view
alike "an OOM score"
MORE=', "devices": [{"type": "c", "path": "/dev/mine", "major": 1, "minor": 3, "fileMode": 416, "uid": 3, "gid": 4},
	{"type": "p", "path": "/dev/pipe", "fileMode": 438}]'
config /inside view
alike "devices"
for word in private slave; do
	MORE=", \"rootfsPropagation\": \"r$word\""
	config /inside view
	alike "a root that is r$word"
done
TOP='"annotations": {"some.key": "some value"}, '
config /inside view
alike "annotations"

# ---- configs that are wrong ----

# wrong SENTENCE WORDS [SED]: config.json, changed, fails with one sentence that has the words.
wrong () {
	[ -z "${3:-}" ] || { sed "$3" "$BUNDLE/config.json" >"$TMP/changed" && mv "$TMP/changed" "$BUNDLE/config.json"; }
	ok "$1" fails_with "$2"
}

fails_with () {
	exits 1 run_cpod || return 1
	cat "$TMP/cpod.err"
	grep -q -e "$1" "$TMP/cpod.err" && [ "$(wc -l <"$TMP/cpod.err")" -eq 1 ] && ! [ -s "$TMP/cpod.out" ]
}

config /inside
wrong "a config that is no JSON" 'config.json:1:1: ' '1s/^{/x/'
config /inside
wrong "one that is cut off" 'config.json' '$d'
config /inside
wrong "one without a version" '"ociVersion" is required' 's/"ociVersion": "1.0.2", //'
config /inside
wrong "a value of the wrong type" 'process.cwd' 's|"cwd": "/"|"cwd": 7|'
config /inside
wrong "a number out of bounds" 'process.user.uid' 's|"uid": 0|"uid": 4294967295|'
CAPS=', "capabilities": {"bounding": ["CAP_EVERYTHING"]}'
config /inside
wrong "an unknown capability" 'process.capabilities.bounding\[0\]'
SPACES="$NAMESPACES"', {"type": "time"}'
config /inside
wrong "what is not carried out" 'linux.namespaces\[6\].type: a time namespace is not carried out'
SPACES='{"type": "pid"}'
config /inside
wrong "no mount namespace" 'linux.namespaces: a mount namespace is needed'
MORE=', "sysctl": {"kernel.panic": "1"}'
config /inside
wrong "a sysctl of the whole host" 'linux.sysctl\["kernel.panic"\]: is a setting of the whole host'
MOUNTS=', {"destination": "/x", "type": "bind", "source": "/not/there", "options": ["bind"]}'
config /inside
wrong "a source that is not there" 'mounts\[7\].source: /not/there: No such file'
config /inside
wrong "a root that is not there" 'root.path.*No such file' 's|"path": "rootfs"|"path": "missing"|'
rm "$BUNDLE/config.json"
wrong "no config at all" 'config.json: .*No such file'
config /inside exit 0
ok "an id that would be a path is refused" exits 1 "$CPOD_OCI" run -b "$BUNDLE" "../x"
ok "and a directory that is not there" exits 1 "$CPOD_OCI" run -b "$TMP/missing" x
"$CPOD_OCI" run --bundel x 2>"$TMP/said"
ok "an option that is none is told in the program's name" grep '^cpod-oci: run: .*--bundel' "$TMP/said"
sed 's|"process": {|"oddity": 1, "process": {|' "$BUNDLE/config.json" >"$TMP/odd.json"
"$CPOD_OCI" run -b "$BUNDLE" --config "$TMP/odd.json" "$POD-odd" 2>"$TMP/said"
ok "a property that is unknown is a warning" grep '^cpod-oci: warning: .*: unknown property "oddity"' "$TMP/said"
ok "nothing is left of any of them in the cgroups" test -z "$(find /sys/fs/cgroup -name "$POD-*")"
