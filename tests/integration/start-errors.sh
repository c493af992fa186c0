# Each step of a start made to fail, in the supervisor, in pod init and in the container's own process,
# by strace: the start ends soon, one sentence names the container or the step and the system's error,
# nothing is left; or the error does not matter, and the container is exactly what it is without it.
# CPOD_TEST_LONG=1: every call at each of its occurrences, each of several errors.
# where: host
# timeout: 150
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

if ! strace -qq -o /dev/null true 2>/dev/null; then
	skip "every step of a start may fail" "strace"
	exit 0
fi

mkdir -m 777 "$TMP/root/flags"
pod "$(PROCESS='"user": {"uid": 1000, "gid": 100, "additionalGids": [5]}, "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]' \
	SPEC='"hostname": "tried", "linux": {"sysctl": {"net.ipv4.ip_unprivileged_port_start": "80"}},
	"mounts": [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]' \
	container main /inside to /flags/view view)" >"$TMP/p.json"
# Calls that cannot fail so, that only programs before and after cpod's own use, or whose failure ends the C
# library's own start. A close that only seems to fail leaves open what no real one does.
harmless='^(execve|close|exit_group|brk|mmap|munmap|mprotect|access|arch_prctl|set_tid_address|set_robust_list|rseq|getpid|getppid|geteuid|getuid|getgid|umask|lseek|pread64|newfstatat|rt_sigreturn|restart_syscall)$'

# seen: the view that the container has left, without what differs from run to run.
seen () {
	grep -v -E '^(\{"pid"|"ppid"|"sid"|"cmdline"|"fds"|"cgroup"|"args"|"namespaces"|"keyring")' "$TMP/root/flags/view" 2>/dev/null |
		sed 's/[0-9]\{4,\}/N/g'
}

# try CALL K ERRNO: the K-th CALL of each process of a start fails.
try () {
	rm -f "$TMP/root/flags/view"
	try_begin=$(cut -d. -f1 /proc/uptime)
	try_status=0
	timeout -s KILL 20 strace -f -qq -o "$TMP/trace" -e "trace=$1,execve" -e "inject=$1:error=$3:when=$2" \
		"$CPOD" run --name "$POD-p" "$TMP/p.json" >"$TMP/out" 2>"$TMP/err" || try_status=$?
	try_took=$(($(cut -d. -f1 /proc/uptime) - try_begin))
}

# Whether the error came inside the container's program, where it proves nothing; or to nobody, as the
# calls' number differs a little from run to run.
pointless () {
	! grep -q INJECTED "$TMP/trace" ||
		awk '/execve\("\/inside"/ { p = $1 } /INJECTED/ && $1 == p { found = 1 } END { exit !found }' "$TMP/trace"
}

# left: the cgroups and the state that are there after a pod's end.
left () {
	find "$(cgroup_root)" -type d -path "*/cpod/$POD-p.*"
	ls -A "$CPOD_STATE_DIR/pods"
}

# judge CALL K ERRNO: what must hold.
judge () {
	try "$1" "$2" "$3"
	judge_what="$1 number $2 with $3: exit status $try_status"
	[ "$try_took" -le 3 ] || { echo "$judge_what after $try_took s"; return 1; }
	judge_left=$(marked; find "$(cgroup_root)" -path "*/cpod/$POD-p.*/cgroup.events" -exec grep -l '^populated 1' {} +)
	[ -z "$judge_left" ] || { echo "$judge_what, still there: $judge_left"; return 1; }
	if [ -n "$(left)" ]; then   # the error came to what clears up: gc does it again
		"$CPOD" gc >"$TMP/gc" 2>&1
		echo "$judge_what" >>"$TMP/cleared"
		[ -z "$(left)" ] || { echo "$judge_what, left behind:"; left; return 1; }
	fi
	pointless && return 0
	case $try_status in
	0)
		seen >"$TMP/view"
		same "$TMP/reference" "$TMP/view" || { echo "$judge_what, and it is another container"; return 1; }
		;;
	1 | 125)
		judge_lines=$(grep -c -E "^cpod: |error: .*(container main|containers\[0\]).*: |error: (exit status|signal)" "$TMP/err")
		[ "$judge_lines" -eq 1 ] || { echo "$judge_what, $judge_lines sentences:"; cat "$TMP/err"; return 1; }
		;;
	2) grep -E "^cpod: (open|read) $TMP/p.json: " "$TMP/err" >/dev/null || { echo "$judge_what"; cat "$TMP/err"; return 1; } ;;
	127) grep -q 'error while loading' "$TMP/err" || { echo "$judge_what"; cat "$TMP/err"; return 1; } ;;
	*) echo "$judge_what"; cat "$TMP/err"; return 1 ;;
	esac
}

strace -f -qq -o "$TMP/all" "$CPOD" run --name "$POD-p" "$TMP/p.json" >"$TMP/out" 2>"$TMP/err"
ok "the pod runs under strace" test $? -eq 0
seen >"$TMP/reference"
ok "its container has left its view" test -s "$TMP/reference"

# What to try: of each process, up to the container's own program, every call the first and second time,
# and one in eight of many of a kind.
awk -v every="${CPOD_TEST_LONG:-}" -v harmless="$harmless" '
	{ call = $2; sub(/\(.*/, "", call) }
	/execve\("\/inside"/ { over[$1] = 1 }
	over[$1] || call !~ /^[a-z0-9_]+$/ || call ~ harmless { next }
	{ k = ++n[$1 " " call] }
	(every || k <= 2 || k % 8 == 0) && !seen[call " " k]++ { print call, k }' "$TMP/all" | sort -k 1,1 -k 2,2n >"$TMP/list"
echo "# $(grep -c . "$TMP/list") calls of $(grep -c . "$TMP/all")"

# tries CALL: every occurrence of the call in the list, each with the next of several errors.
tries () {
	tries_bad=0
	while read -r tries_call tries_k; do
		[ "$tries_call" = "$1" ] || continue
		if [ -n "${CPOD_TEST_LONG:-}" ]; then
			for tries_errno in EIO EPERM ENOMEM ENOSYS EMFILE EINTR EAGAIN; do
				judge "$1" "$tries_k" "$tries_errno" || tries_bad=1
			done
			continue
		fi
		case $((tries_k % 4)) in
		0) judge "$1" "$tries_k" ENOMEM ;;
		1) judge "$1" "$tries_k" EIO ;;
		2) judge "$1" "$tries_k" EPERM ;;
		3) judge "$1" "$tries_k" ENOSYS ;;
		esac || tries_bad=1
	done <"$TMP/list"
	return "$tries_bad"
}

for call in $(cut -d' ' -f1 "$TMP/list" | uniq); do
	ok "a start in which $call fails ends with a sentence, or as without" tries "$call"
done

# What was wanted, in full.
says () {
	words=$4
	try "$1" "$2" "$3"
	grep -e "$words" "$TMP/err" >/dev/null || { cat "$TMP/err"; return 1; }
}

echo "# after $(grep -c . "$TMP/cleared" 2>/dev/null) of them gc had to clear up: $(tr '\n' ';' <"$TMP/cleared" 2>/dev/null)"
ok "the sentence names container, step, call and reason" \
	says seccomp 1 EBUSY 'main.*: containers\[0\].spec.linux.seccomp: .*install the filter: Device or resource busy$'
ok "and the field, where one asked for the step" \
	says setgroups 1 EPERM 'containers\[0\]\.spec\.process\.user: .*setgroups: Operation not permitted$'
ok "or pod init" says sethostname 1 EPERM 'container main: pod init: set the pod.s hostname .*: Operation not permitted$'
