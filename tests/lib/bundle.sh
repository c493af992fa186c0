# Bundles for cpod-oci, for integration tests. Read in after tap.sh and pod.sh:
#
#     . "$SRC/tests/lib/bundle.sh"
#     config /inside sleep
#     ok "it is created" oci create -b "$BUNDLE" "$POD-a"
#
# $BUNDLE is a bundle whose root holds the static test program; `config` writes its config.json.
# shellcheck shell=sh

BUNDLE=$TMP/bundle
mkdir "$BUNDLE"
mv "$TMP/root" "$BUNDLE/rootfs"
printf 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' >"$BUNDLE/rootfs/etc/passwd"
mkdir "$BUNDLE/rootfs/work"
chmod 755 "$TMP" "$BUNDLE"

NAMESPACES='{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"cgroup"}'
KILL='"bounding":["CAP_KILL","CAP_CHOWN"],"effective":["CAP_KILL"],"permitted":["CAP_KILL","CAP_CHOWN"]'

# config WORD...: writes the bundle's config.json. Variables change it: USER_OBJECT, CAPS, ENVIRON, CWD, TERMINAL, PROCESS
# (more members, with a comma before), ROOT, TOP (members with a comma behind), MOUNTS (more, with a comma before),
# SPACES, LINUX (instead of masks), MORE (of linux, with a comma before).
config () {
	cat >"$BUNDLE/config.json" <<-CONFIG
	{"ociVersion": "1.0.2", ${TOP-}"process": {"terminal": ${TERMINAL-false}, "user": ${USER_OBJECT-"{\"uid\": 0, \"gid\": 0}"}, "args": $(json_words "$@"),
	"env": ${ENVIRON-"[\"PATH=/usr/bin:/bin\", \"TERM=xterm\", \"CPOD_TEST=$CPOD_TEST\"]"}, "cwd": "${CWD-/}"${CAPS-", \"capabilities\": {$KILL}"}${PROCESS-},
	"noNewPrivileges": ${NNP-true}}, "root": {"path": "rootfs"${ROOT-}}, "mounts": [
	{"destination": "/proc", "type": "proc", "source": "proc"},
	{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
	{"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
	{"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
	{"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
	{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
	{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup2", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]}${MOUNTS-}],
	"linux": {"namespaces": [${SPACES-$NAMESPACES}]${LINUX-",
	\"maskedPaths\": [\"/proc/acpi\", \"/proc/keys\", \"/proc/timer_list\", \"/sys/firmware\", \"/not/there\"],
	\"readonlyPaths\": [\"/proc/bus\", \"/proc/irq\", \"/proc/sys\", \"/proc/sysrq-trigger\"]"}${MORE-}}}
	CONFIG
	unset TERMINAL TOP USER_OBJECT ENVIRON CWD CAPS PROCESS NNP ROOT MOUNTS SPACES LINUX MORE
}

# oci WORD...: the runtime, with a state directory of the test's own.
oci () {
	"$CPOD_OCI" --root "$TMP/oci" "$@"
}

# fails WORDS COMMAND...: exit status 1, and one line on standard error that has the words.
fails () {
	fails_words=$1
	shift
	exits 1 "$@" 2>"$TMP/.fails" || { cat "$TMP/.fails"; return 1; }
	cat "$TMP/.fails"
	grep -q -e "$fails_words" "$TMP/.fails" && [ "$(grep -c . "$TMP/.fails")" -eq 1 ]
}

# is_status WORD ID: what state says.
is_status () {
	oci state "$2" >"$TMP/.state" || return 1
	grep -q "\"status\": \"$1\"" "$TMP/.state" || { cat "$TMP/.state"; return 1; }
}

# pid_of ID: of its first process, by the host's numbers.
pid_of () {
	oci state "$1" | sed -n 's/^ *"pid": \([0-9]*\).*/\1/p'
}

# cgroups_of ID: the cgroups that have it in their name.
cgroups_of () {
	find "$(cgroup_root)" -type d -name "$1*"
}

# gone ID: neither state nor cgroup.
gone () {
	[ ! -e "$TMP/oci/$1" ] && [ -z "$(cgroups_of "$1")" ] || { ls "$TMP/oci"; cgroups_of "$1"; return 1; }
}
