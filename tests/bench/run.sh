#!/bin/sh
# make bench: prepares a root directory, bundles and a pod in a scratch directory, writes the harness's
# rows, and runs it (tests/bench/bench.c says how it measures). The table goes to stdout, everything to
# $BUILD/tests/bench/results.json. Nothing here fails because something was slow.
#
#   SRC, BUILD   absolute source and build directories
#   ROUNDS       samples a row (41)
#   ONLY         an extended regular expression: only the rows it matches
#
# The tables of many pods and many containers take a minute and a half by themselves; each is measured once, before the rounds.
#
# As root. On a machine with a hybrid cgroup layout everything runs in a private mount namespace where
# /sys/fs/cgroup is cgroup2, so that all that is compared finds the same.
set -eu

SRC=${SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${BUILD:-$SRC}
ROUNDS=${ROUNDS:-41}
ONLY=${ONLY:-.}
programs=$BUILD/tests/bench

if [ "$(id -u)" != 0 ]; then
	echo 'bench: containers are measured as root; run it as root' >&2
	exit 0
fi
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] && [ -z "${BENCH_INSIDE:-}" ]; then
	BENCH_INSIDE=1 SRC=$SRC BUILD=$BUILD ROUNDS=$ROUNDS ONLY=$ONLY exec unshare -m sh -c '
		mount --make-rprivate / && umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
		exec "$0" "$@"' sh "$0" "$@"
fi

# Beneath /var/lib: on the root file system and shown by the host view.
scratch=$(mktemp -d /var/lib/cpod-bench-XXXXXX)
tag=cpod-bench-$$
bundle=$scratch/bundle rootfs=$scratch/bundle/rootfs
crun_exec=

finish () {
	if [ -n "$crun_exec" ]; then crun delete -f "$crun_exec" 2>/dev/null || :; fi
	umount "$scratch/podman/overlay" 2>/dev/null || :
	rm -rf "$scratch"
	# What a floor or a runtime that failed half-way has left; a group in use cannot be removed.
	find /sys/fs/cgroup/cpod -depth -path '*/bench.*' -type d -exec rmdir {} \; 2>/dev/null || :
	for group in /sys/fs/cgroup/cpod-bench-[0-9]*; do
		if [ ! -d "$group" ] || [ -d "/proc/${group##*-}" ]; then continue; fi
		echo 1 2>/dev/null > "$group/cgroup.kill" || :
		sleep 0.1
		find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || :
	done
}
trap finish EXIT
trap 'exit 130' INT TERM

have () { command -v "$1" >/dev/null 2>&1; }

# config ARGS [SECCOMP]: the default config of the OCI runtimes, no terminal, a cgroup namespace.
config () {
	cat <<-CONFIG
	{"ociVersion":"1.0.2","process":{"terminal":false,"user":{"uid":0,"gid":0},"args":[$1],
	"env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","TERM=xterm"],"cwd":"/",
	"capabilities":{"bounding":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"],
	"effective":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"],
	"permitted":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]},
	"rlimits":[{"type":"RLIMIT_NOFILE","hard":1024,"soft":1024}],"noNewPrivileges":true},
	"root":{"path":"$rootfs","readonly":true},"hostname":"bench","mounts":[
	{"destination":"/proc","type":"proc","source":"proc"},
	{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]},
	{"destination":"/dev/pts","type":"devpts","source":"devpts",
	"options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]},
	{"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","noexec","nodev","mode=1777","size=65536k"]},
	{"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid","noexec","nodev"]},
	{"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","noexec","nodev","ro"]},
	{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev","relatime","ro"]}],
	"linux":{"namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"cgroup"}],
	${2:-}
	"maskedPaths":["/proc/acpi","/proc/asound","/proc/kcore","/proc/keys","/proc/latency_stats","/proc/timer_list",
	"/proc/timer_stats","/proc/sched_debug","/sys/firmware","/proc/scsi"],
	"readonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]}}
	CONFIG
}

# An allow-list like a container engine's: every call that the headers name but the administrative ones.
seccomp () {
	printf '#include <asm/unistd.h>\n' | ${CC:-cc} -E -dM - | awk '
		/^#define __NR_[a-z]/ {
			name = substr($2, 6)
			if (name !~ /^(acct|add_key|bpf|clock_settime|delete_module|finit_module|fsconfig|fsmount|fsopen|fspick)$/ &&
			    name !~ /^(init_module|io_uring_.*|kexec_.*|keyctl|mount|mount_setattr|move_mount|open_by_handle_at)$/ &&
			    name !~ /^(open_tree|perf_event_open|pivot_root|quotactl.*|reboot|request_key|set.*name|setns)$/ &&
			    name !~ /^(settimeofday|swapo.*|syslog|umount2?|unshare|userfaultfd|vhangup|syscalls|arch_specific.*)$/)
				list = list (list == "" ? "" : ",") "\"" name "\""
		}
		END { printf "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[%s],\"action\":\"SCMP_ACT_ALLOW\"}]},", list }'
}

# The pod of the memory row: three containers that sleep.
pod () {
	printf '{"containers":['
	for name in a b c; do
		printf '%s{"name":"%s","spec":{"process":{"args":["%s","sleep"]}}}' "$comma" "$name" "$scratch/true-static"
		comma=,
	done
	printf ']}\n'
}

# An image of the root directory in a store of its own. The limits and the missing cgroup are for
# machines without CAP_SYS_RESOURCE, where podman's own choice is refused.
podman="podman --root $scratch/podman --runroot $scratch/podman-run --cgroup-manager cgroupfs"
podman_options='--rm --network none --cgroups disabled --ulimit nofile=1024:1024 --ulimit nproc=1000:1000'
image=localhost/cpod-bench
podman_prepare () { tar -C "$rootfs" -c . | $podman import - cpod-bench >/dev/null 2>&1; }

# Prints COMMAND's number of system calls, children included.
calls () { echo "strace -f -c -o $scratch/calls $* >/dev/null 2>&1; awk '\$NF == \"total\" { print \$4 }' $scratch/calls"; }

mkdir -p "$rootfs/proc" "$rootfs/dev" "$rootfs/sys" "$scratch/seccomp" "$scratch/sleep"
cp "$programs/true-static" "$rootfs/true"
cp "$programs/true-static" "$programs/scale-program" "$programs/floor-idle" "$scratch/"
config '"/true"' > "$bundle/config.json"
config '"/true"' "$(seccomp)" > "$scratch/seccomp/config.json"
config '"/true","sleep"' "$(seccomp)" > "$scratch/sleep/config.json"
comma=; pod > "$scratch/pod.json"
printf '{"containers":[{"name":"a","spec":{"process":{"args":["%s"]}}}]}\n' "$scratch/scale-program" > "$scratch/one.json"
chmod 755 "$scratch"

"$programs/bench-runtime" view > "$scratch/view"
"$programs/bench-runtime" filter > "$scratch/filter"

oci=$BUILD/cpod-oci
pod_floor="--seccomp $scratch/filter --view $scratch/view"
rows=$scratch/rows
row () { if echo "$2|$3" | grep -Eq "$ONLY"; then (IFS='|'; echo "$*") >> "$rows"; fi; }
: > "$rows"

t='one container, command against command'
row spawn "$t" floor "$programs/floor-container --no-devices $rootfs /true"
row spawn "$t" cpod-oci "$oci run --bundle $bundle $tag-a"
if have crun; then row spawn "$t" crun "crun run --bundle $bundle $tag-b"; fi
if have runc; then row spawn "$t" runc "runc run --bundle $bundle $tag-c"; fi
if have bwrap; then row spawn "$t" bubblewrap "bwrap --unshare-all --bind $rootfs / --proc /proc --dev /dev /true"; fi
if have podman && podman_prepare; then row spawn "$t" podman "$podman run $podman_options $image /true"; fi
row spawn "$t" 'plain spawn' "$scratch/true-static"
row target "$t" cpod-oci floor 1.5
row target "$t" cpod-oci crun 0.6

t='the same with an allow-list of system calls'
row spawn "$t" floor "$programs/floor-container --no-devices --seccomp=ranges $rootfs /true"
row spawn "$t" cpod-oci "$oci run --bundle $scratch/seccomp $tag-d"
if have crun; then row spawn "$t" crun "crun run --bundle $scratch/seccomp $tag-e"; fi
if have runc; then row spawn "$t" runc "runc run --bundle $scratch/seccomp $tag-f"; fi

t='a container joins a pod, start to end'
row serve "$t" floor "$programs/floor-pod join $pod_floor $scratch/true-static"
row serve "$t" cpod "$programs/bench-runtime join $scratch/true-static"
row serve "$t" 'floor, a root directory' "$programs/floor-pod join --seccomp $scratch/filter --root $rootfs /true"
row serve "$t" 'cpod, a root directory' "$programs/bench-runtime join --root $rootfs /true"
row target "$t" cpod floor 1.25

t='a pod of three, start to all running'
row serve "$t" floor "$programs/floor-pod pod $pod_floor $scratch/true-static"
row serve "$t" cpod "$programs/bench-runtime pod $scratch/true-static"
row target "$t" cpod floor 2.2

t='the same pod, kill to nothing left'
row serve "$t" floor "$programs/floor-pod kill $pod_floor $scratch/true-static"
row serve "$t" cpod "$programs/bench-runtime kill $scratch/true-static"

t='a pod of one starts, within a program'
row serve "$t" 'a small one' "$programs/bench-host 0 $scratch/true-static"
row serve "$t" 'one with 4 GB resident' "$programs/bench-host 4096 $scratch/true-static"
row target "$t" 'one with 4 GB resident' 'a small one' 1.2

# The probe and its floor install a filter; so does crun exec in a container that has one.
t='an exec probe'
row serve "$t" floor "$programs/floor-pod exec $pod_floor $scratch/true-static"
row serve "$t" cpod "$programs/bench-runtime exec $scratch/true-static"
if have crun && echo "$t|crun exec" | grep -Eq "$ONLY"; then
	if crun run -d --bundle "$scratch/sleep" "$tag-g" </dev/null >/dev/null 2>&1; then crun_exec=$tag-g; fi
	row spawn "$t" 'crun exec' "crun exec $tag-g /true"
fi
row target "$t" cpod floor 1.3
row target "$t" cpod 'crun exec' 0.1

t='a program starts'
row spawn "$t" 'static hello' "$programs/hello-static"
row spawn "$t" 'cpod --version' "$BUILD/cpod --version"
row spawn "$t" 'cpod-oci --version' "$oci --version"
if have crun; then row spawn "$t" 'crun --version' 'crun --version'; fi
row target "$t" 'cpod --version' 'static hello' 1.6
row target "$t" 'cpod-oci --version' 'static hello' 1.4

if have strace; then
	t='system calls of one container'
	row fact "$t" floor '' "$(calls "$programs/floor-container" --no-devices "$rootfs" /true)"
	row fact "$t" cpod-oci '' "$(calls "$oci" run --bundle "$bundle" "$tag-h")"
	if have crun; then row fact "$t" crun '' "$(calls crun run --bundle "$bundle" "$tag-i")"; fi
	if have runc; then row fact "$t" runc '' "$(calls runc run --bundle "$bundle" "$tag-j")"; fi
	row target "$t" cpod-oci '' 260
fi

t='memory (PSS)'
row fact "$t" 'static epoll loop' kB "sh $SRC/tests/bench/pss.sh $scratch/floor-idle"
row fact "$t" 'cpod, a pod of three' kB "sh $SRC/tests/bench/pss.sh $BUILD/cpod run --name $tag $scratch/pod.json"
row target "$t" 'cpod, a pod of three' '' 1200

# A million events: attempts of two probes every 10 ms, and their results.
probe='{"exec":["p"],"periodMilliseconds":10}'
printf '{"restartPolicy":"Always","containers":[{"name":"a","spec":{},"livenessProbe":%s,"readinessProbe":%s}]}\n' \
	"$probe" "$probe" > "$scratch/simulated.json"
t='restarts and simulations'
row fact "$t" 'container exit to restarted program' ms "sh $SRC/tests/bench/restart.sh $BUILD/cpod $scratch/true-static $scratch"
row target "$t" 'container exit to restarted program' '' 5
row fact "$t" 'a million simulated events' ms "begin=\$(date +%s%N); $BUILD/cpod simulate --until 2500s $scratch/simulated.json >/dev/null; echo \$(((\$(date +%s%N) - begin) / 1000000))"
row target "$t" 'a million simulated events' '' 2000

t='a pod of one, start to end'
row serve "$t" 'the library' "$programs/bench-scale start $scratch/scale-program"
row spawn "$t" 'cpod run' "$BUILD/cpod run --name $tag-one $scratch/one.json"

# Scale: what takes seconds is measured once, and its numbers are facts. wants TABLE: whether it is asked for. scale TABLE FILE ROW UNIT KEY [LIMIT]: the number behind KEY in what a measurement has printed.
wants () { echo "$1" | grep -Eq "$ONLY"; }
scale () {
	row fact "$1" "$3" "$4" "awk '\$1 == \"$5\" { print \$2 }' $scratch/$2"
	if [ -n "${6:-}" ]; then row target "$1" "$3" '' "$6"; fi
}
measure () {
	measure_into=$scratch/$1
	shift
	"$@" > "$measure_into" || echo "bench: $* failed" >&2
}
export CPOD_STATE_DIR=$scratch/state
mkdir -m 700 "$CPOD_STATE_DIR"

t='500 pods of two under one program'
if wants "$t"; then
	measure hosted "$programs/bench-scale" hosted 500 2 "$scratch/scale-program"
	scale "$t" hosted 'pods started' /s pods_per_s
	scale "$t" hosted 'memory a pod (PSS)' kB pss_kb 400
	scale "$t" hosted 'page tables a pod' kB page_tables_kb
	scale "$t" hosted 'context switches in ten idle seconds' '' idle_switches 0
	scale "$t" hosted 'end of a pod' ms end_ms
fi

t='500 pods of two under 500 supervisors'
if wants "$t"; then
	measure supervised "$programs/bench-scale" supervised 500 2 "$scratch/scale-program" "$BUILD/cpod" "$CPOD_STATE_DIR"
	scale "$t" supervised 'pods started' /s pods_per_s
	scale "$t" supervised 'memory a pod (PSS)' kB pss_kb 1200
	scale "$t" supervised 'page tables a pod' kB page_tables_kb
	scale "$t" supervised 'context switches in ten idle seconds' '' idle_switches 0
	scale "$t" supervised 'end of a pod' ms end_ms
fi

t='1,000 containers in 50 pods, a probe a second each'
if wants "$t"; then
	measure bare "$programs/bench-scale" bare 2000 "$scratch/scale-program"
	measure probed "$programs/bench-scale" probed 50 20 15 "$scratch/scale-program"
	scale "$t" probed 'lateness, median' ms late_p50_ms
	scale "$t" probed 'lateness, 99 %' ms late_p99_ms 50
	scale "$t" probed 'attempts that are missing' '' missed 0
	scale "$t" probed 'CPU of a probe' us cpu_us
	scale "$t" bare 'CPU of a bare fork and exec' us cpu_us
fi

t='1,000 httpGet probes a second of one pod'
if wants "$t"; then
	measure asked "$programs/bench-scale" asked 10 "$scratch/scale-program" "$BUILD/modules"
	scale "$t" asked 'attempts' /s attempts_per_s
	scale "$t" asked 'attempts that failed' '' failed 0
	scale "$t" asked 'CPU of a probe, the server with it' us cpu_us
	scale "$t" asked 'memory of the supervisor, libcurl with it (PSS)' kB pss_kb
fi

t='sleeping containers in one pod, a container'
if wants "$t"; then
	for n in 100 500 2000; do
		# shellcheck disable=SC2086
		measure "floor-$n" "$programs/floor-pod" many --members "$n" $pod_floor "$scratch/scale-program"
		measure "many-$n" "$programs/bench-scale" many "$n" "$scratch/scale-program"
	done
	for key in start_us kill_us; do
		for n in 100 500 2000; do
			scale "$t" "floor-$n" "floor, ${key%_us} of $n" us "$key"
			scale "$t" "many-$n" "cpod, ${key%_us} of $n" us "$key"
		done
		row target "$t" "floor, ${key%_us} of 2000" "floor, ${key%_us} of 100" 1.3
		row target "$t" "cpod, ${key%_us} of 2000" "cpod, ${key%_us} of 100" 1.3
	done
fi

"$programs/bench" --rounds "$ROUNDS" --json "$programs/results.json" "$rows"
echo
echo "rounds: $ROUNDS, interleaved; all numbers: $programs/results.json"
