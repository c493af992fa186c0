# Volumes of manifests: what is in them, who shares them, what cannot leave them, and that they go.
# where: host asan
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"

manifest () {
	sed "s|@ROOT|dir:$TMP/root|g; s|@TMP|$TMP|g; s|@TEST|$CPOD_TEST|g" >"$TMP/$1.json"
}

# one NAME: a manifest with one container main from its volumes, mounts and command: $volumes, $mounts, $words.
one () {
	manifest "$1" <<END
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {plain: "text of it", nested: "deep"}
binaryData: {bytes: AAECAw==}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
data: {password: c2VjcmV0}
---
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: web, tier: front}}
spec:
  restartPolicy: Never
  volumes: $volumes
  containers:
    - name: main
      image: "${image:-@ROOT}"
      command: $words
      env: [{name: CPOD_TEST, value: "@TEST"}, {name: DIR, value: made}]
      volumeMounts: $mounts
      resources: {limits: {}, requests: {}}
END
}

grep -v ' /run/netns' /proc/self/mountinfo >"$TMP/mounts.before"
no_mount_of_ours () {
	grep -v ' /run/netns' /proc/self/mountinfo >"$TMP/mounts.now"
	same "$TMP/mounts.before" "$TMP/mounts.now"
}

# ---- data ----

volumes='[{name: c, configMap: {name: settings, defaultMode: 0640}},
    {name: s, secret: {secretName: login, items: [{key: password, path: a/b/word, mode: 0400}]}},
    {name: d, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}, {path: cpu, resourceFieldRef: {containerName: main, resource: requests.cpu}}]}},
    {name: p, projected: {sources: [{configMap: {name: settings, items: [{key: nested, path: x/y}]}}, {secret: {name: login}}, {configMap: {name: none, optional: true}}]}}]'
mounts='[{name: c, mountPath: /c}, {name: s, mountPath: /s}, {name: d, mountPath: /d}, {name: p, mountPath: /p}, {name: c, mountPath: /one/file, subPath: plain}]'
words='[/inside, view, "path:/c/plain", "path:/c/bytes", "path:/s/a/b/word", "path:/d/cpu", "path:/p/password"]'
one data
ok "a pod with volumes of data runs" result data
ok "a configMap's files have the default mode" has data '"path:/c/plain":{"type":"f","mode":"0640","uid":0,"gid":0,"size":10'
ok "binaryData is bytes" has data '"path:/c/bytes":{"type":"f","mode":"0640","uid":0,"gid":0,"size":4'
ok "an item has its own path and mode" has data '"path:/s/a/b/word":{"type":"f","mode":"0400"'
ok "volumes of data are read-only" mount_option data /c +ro
ok "so is one file of one" mount_option data /one/file +ro
words='[cat, /c/plain, /s/a/b/word, /d/labels, /p/x/y, /p/password, /one/file]'
image=host
one content
image=
ok "the same volumes again" result content
printf 'text of itsecretapp="web"\ntier="front"deepsecrettext of it\n' >"$TMP/wanted"
ok "each file has its data" same "$TMP/wanted" "$TMP/content.view"

# ---- what containers share ----

manifest shared <<'END'
apiVersion: v1
kind: Pod
metadata: {name: shared}
spec:
  restartPolicy: Never
  volumes:
    - {name: disk}
    - {name: fast, emptyDir: {medium: Memory, sizeLimit: 256Ki}}
  initContainers:
    - name: writer
      image: "@ROOT"
      command: [/inside, seq, touch, /disk/file, ",", write, /disk/file, from-init]
      env: [{name: CPOD_TEST, value: "@TEST"}]
      volumeMounts: [{name: disk, mountPath: /disk}]
  containers:
    - name: main
      image: "@ROOT"
      command: [/inside, sleep]
      env: [{name: CPOD_TEST, value: "@TEST"}]
      volumeMounts: [{name: disk, mountPath: /disk, readOnly: true}, {name: fast, mountPath: /fast}]
    - name: other
      image: host
      command: [sleep, "1000"]
      env: [{name: CPOD_TEST, value: "@TEST"}]
      volumeMounts: [{name: fast, mountPath: /elsewhere/fast}, {name: fast, mountPath: /part, subPath: a/b}]
END
ok "a pod whose containers share volumes runs" start shared
ok "the host sees no mount of its volumes" no_mount_of_ours
ok "what an init container wrote is there" sh -c "'$CPOD' exec $POD-shared main -- /inside cat /disk/file | grep -x from-init"
ok "a mount that is read-only cannot be written" exits 30 inside shared main /inside write /disk/file no
ok "a file written into the volume in memory" inside shared main /inside seq touch /fast/x , write /fast/x shared-text
ok "is in the other container" sh -c "'$CPOD' exec $POD-shared other -- cat /elsewhere/fast/x | grep -x shared-text"
ok "a subPath that was missing was made in it" inside shared main /inside seq touch /fast/a/b/y , write /fast/a/b/y deep
ok "and is what the other has mounted" sh -c "'$CPOD' exec $POD-shared other -- cat /part/y | grep -x deep"
ok "the volume is as large as it may be, and no larger" prints "No space left\|I/O error" inside shared other sh -c 'head -c 400000 /dev/zero >/elsewhere/fast/big'
shm () {
	inside shared main /inside touch /dev/shm/s && inside shared other cat /dev/shm/s
}
ok "/dev/shm is the pod's" shm
ok "the volumes lie in the pod's state directory" test -d "$CPOD_STATE_DIR/pods/$POD-shared/volumes/disk"
kill -KILL "$(cat "$TMP/shared.pid")"
gone () {
	"$CPOD" gc && [ ! -e "$CPOD_STATE_DIR/pods/$POD-shared" ]
}
ok "after a SIGKILL to the supervisor gc removes them" within 5 gone

# ---- the host's ----

mkdir "$TMP/host" "$TMP/host/dir"
echo content >"$TMP/host/dir/file"
# host_path TYPE PATH: a pod with one hostPath.
host_path () {
	volumes="[{name: h, hostPath: {path: $TMP/host/$2, type: \"$1\"}}]"
	mounts='[{name: h, mountPath: /h}]'
	words='[/inside, exit, "0"]'
	rm -rf "$TMP/root/h"
	one host
	result host
}
host_path_fails () {
	host_path_words=$3
	! host_path "$1" "$2" && grep -e "$host_path_words" "$TMP/host.log"
}
ok "a hostPath without a type is whatever is there" host_path "" dir/file
ok "a Directory must be one" host_path Directory dir
ok "a File is none" host_path_fails Directory dir/file "hostPath type check failed: .*dir/file is not a directory"
ok "a File must be one" host_path File dir/file
ok "a Directory is none" host_path_fails File dir "is not a file"
ok "what is missing is no Directory" host_path_fails Directory none "none is not a directory"
ok "DirectoryOrCreate makes it with its parents" host_path DirectoryOrCreate new/sub
ok "as 0755" test "$(stat -c %a "$TMP/host/new/sub")" = 755
ok "FileOrCreate makes it" host_path FileOrCreate new/file
ok "as 0644" test "$(stat -c %a "$TMP/host/new/file")" = 644
ok "FileOrCreate makes no parents" host_path_fails FileOrCreate nowhere/file "No such file"
ok "a Socket must be one" host_path_fails Socket dir/file "is not a socket file"
ok "a CharDevice must be one" host_path_fails CharDevice dir/file "is not a character device"
ok "a BlockDevice must be one" host_path_fails BlockDevice dir/file "is not a block device"
ok "what was refused left nothing" test ! -e "$CPOD_STATE_DIR/pods/$POD-host"

# ---- paths in volumes ----

ln -s / "$TMP/host/dir/root"
ln -s ../../.. "$TMP/host/dir/up"
ln -s file "$TMP/host/dir/link"
# sub_path PATH WORD...: a pod that mounts a path of the hostPath on /h and runs the words.
sub_path () {
	volumes="[{name: h, hostPath: {path: $TMP/host/dir}}]"
	mounts="[{name: h, mountPath: /h, subPath: \"$1\"}]"
	shift
	words=$(json_words "$@")
	rm -rf "$TMP/root/h"
	one sub
	result sub
}
sub_path_fails () {
	sub_words=$2
	! sub_path "$1" /inside exit 0 && grep -e "$sub_words" "$TMP/sub.log"
}
ok "a subPath may be a file" sub_path file /inside cat /h
ok "a link that stays in the volume is followed" sub_path link /inside cat /h
ok "one to / is not" sub_path_fails root/etc "leads out of its volume"
ok "one that climbs out is not" sub_path_fails up/etc "leads out of its volume"
ok "a subPath that is missing is made" sub_path fresh/one /inside exit 0
ok "in the volume" test -d "$TMP/host/dir/fresh/one"
volumes="[{name: h, hostPath: {path: $TMP/host/dir}}]"
mounts='[{name: h, mountPath: /h, subPathExpr: "$(DIR)/x"}]'
words='[/inside, exit, "0"]'
rm -rf "$TMP/root/h"
one expr
ok "subPathExpr is expanded" result expr
ok "and made" test -d "$TMP/host/dir/made/x"
rm -rf "$TMP/host/dir/made"

# The same for a volume in memory: a container exchanges a directory for a link while others start.
manifest race <<'END'
apiVersion: v1
kind: Pod
metadata: {name: race}
spec:
  restartPolicy: Never
  volumes: [{name: fast, emptyDir: {medium: Memory}}]
  initContainers:
    - name: trap
      image: host
      command: [ln, -s, /, /fast/a]
      env: [{name: CPOD_TEST, value: "@TEST"}]
      volumeMounts: [{name: fast, mountPath: /fast}]
  containers:
    - name: main
      image: "@ROOT"
      command: [/inside, view]
      env: [{name: CPOD_TEST, value: "@TEST"}]
      volumeMounts: [{name: fast, mountPath: /h, subPath: a/etc}]
END
ok "a link out of a volume in memory is not followed either" fails_to_start race "outside"

# One container exchanges a directory for a link out of the volume, again and again, while others mount below it.
mkdir "$TMP/host/raced" "$TMP/host/raced/a" "$TMP/outside"
ln -s "$TMP/outside" "$TMP/host/raced/link"
manifest exchange <<'END'
apiVersion: v1
kind: Pod
metadata: {name: exchange}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  volumes: [{name: h, hostPath: {path: "@TMP/host/raced"}}]
  containers:
    - name: main
      image: "@ROOT"
      command: [/inside, exchange, /h-raced/a, /h-raced/link]
      env: [{name: CPOD_TEST, value: "@TEST"}]
      volumeMounts: [{name: h, mountPath: /h-raced}]
END
ok "a container exchanges a directory and a link" start exchange
raced () {
	raced_inside=0 raced_refused=0
	for raced_n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		volumes="[{name: h, hostPath: {path: $TMP/host/raced}}]"
		mounts="[{name: h, mountPath: /raced, subPath: \"a/n$raced_n\"}]"
		words='[/inside, touch, /raced/file]'
		one raced
		if result raced >"$TMP/.raced"; then
			raced_inside=$((raced_inside + 1))
		else
			grep -q "leads out of its volume\|No such file\|Not a directory" "$TMP/.raced" || { cat "$TMP/.raced"; return 1; }
			raced_refused=$((raced_refused + 1))
		fi
	done
	echo "$raced_inside inside, $raced_refused refused"
	[ -z "$(ls -A "$TMP/outside")" ]
}
ok "20 containers that mount a path through it stay in the volume, or are refused" raced
ok "the one that exchanges is ended" finish exchange

# ---- propagation, and what is mounted below ----

mkdir "$TMP/host/tree"
manifest tree <<'END'
apiVersion: v1
kind: Pod
metadata: {name: tree}
spec:
  restartPolicy: Never
  volumes: [{name: h, hostPath: {path: "@TMP/host/tree"}}]
  containers:
    - name: main
      image: host
      command:
        - sh
        - -c
        - while [ ! -e /follows/late/hello ]; do sleep 0.05; done; ls /alone/late; touch /all/below/x 2>&1; touch /top/x 2>&1; touch /top/below/y && echo written
      env: [{name: CPOD_TEST, value: "@TEST"}]
      volumeMounts:
        - {name: h, mountPath: /follows, mountPropagation: HostToContainer}
        - {name: h, mountPath: /alone}
        - {name: h, mountPath: /all, readOnly: true, recursiveReadOnly: Enabled}
        - {name: h, mountPath: /top, readOnly: true}
END
# In a mount namespace of its own: a shared tree with a mount below, and one that comes when the pod runs.
cat >"$TMP/tree.sh" <<'END'
mount -t tmpfs tree "$TMP/host/tree" && mount --make-shared "$TMP/host/tree" && mkdir "$TMP/host/tree/below" "$TMP/host/tree/late" &&
	mount -t tmpfs below "$TMP/host/tree/below" || exit 1
"$CPOD" run --name "$POD-tree" --logs "$TMP/tree.json" >"$TMP/tree.log" 2>&1 &
until grep -q "main runs" "$TMP/tree.log"; do sleep 0.05; done
mount -t tmpfs late "$TMP/host/tree/late" && touch "$TMP/host/tree/late/hello" && wait $!
END
export TMP POD
ok "a mount that the host makes later comes to a container with HostToContainer" unshare -m sh "$TMP/tree.sh"
sed -n 's/^main *| //p' "$TMP/tree.log" >"$TMP/tree.view"
ok "and not to one without" no grep hello "$TMP/tree.view"
ok "recursiveReadOnly holds for what is mounted below" grep "/all/below/x.*Read-only" "$TMP/tree.view"
ok "readOnly holds for the volume itself" grep "/top/x.*Read-only" "$TMP/tree.view"
ok "and for nothing below it" grep -x written "$TMP/tree.view"

# ---- removal ----

manifest deep <<'END'
apiVersion: v1
kind: Pod
metadata: {name: deep}
spec:
  restartPolicy: Never
  volumes: [{name: data}]
  containers:
    - name: main
      image: host
      command: [sh, -c, "cd /data; i=0; while [ $i -lt 200 ]; do mkdir dddddddddd && cd -P dddddddddd || exit 1; i=$((i + 1)); done; ln -s / root; mkdir -m 0 closed; touch x"]
      env: [{name: CPOD_TEST, value: "@TEST"}]
      volumeMounts: [{name: data, mountPath: /data}]
END
ok "a container fills a volume with directories in directories" result deep
ok "and the volume goes with the pod" test ! -e "$CPOD_STATE_DIR/pods/$POD-deep"
