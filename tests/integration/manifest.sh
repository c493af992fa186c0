# Kubernetes manifests with real containers: variables, identities, names, files, namespaces.
# where: host asan
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"

# manifest NAME: the manifest on standard input, @ROOT the root directory of the tests.
manifest () {
	sed "s|@ROOT|dir:$TMP/root|g; s|@TMP|$TMP|g; s|@TEST|$CPOD_TEST|g" >"$TMP/$1.json"
}

# says NAME LINE: whether the container main has written exactly this line.
says () {
	grep -F -x -e "$2" "$TMP/$1.view" || { cat "$TMP/$1.log"; return 1; }
}

# ---- variables and arguments ----

manifest values <<'END'
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {LEVEL: debug, COLOUR: red}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
data: {password: c2VjcmV0}
stringData: {user: anna}
---
apiVersion: v1
kind: Pod
metadata:
  name: values
  namespace: shop
  uid: 6d1e1a0e-0000-4000-8000-000000000001
  labels: {app: web}
  annotations: {note: hello}
spec:
  restartPolicy: Never
  nodeName: this-host
  containers:
    - name: main
      image: "@ROOT"
      command: [/inside, echo]
      args: ["$(LEVEL) $(SHAPE) $$(LEVEL) $(MISSING)"]
      workingDir: /var
      envFrom:
        - configMapRef: {name: settings}
        - {prefix: L_, secretRef: {name: login}}
        - configMapRef: {name: nothing, optional: true}
      env:
        - {name: CPOD_TEST, value: "@TEST"}
        - {name: SHAPE, value: "round-$(COLOUR)"}
        - {name: COLOUR, value: blue}
        - {name: LATER, value: "$(COLOUR) $(NOT_YET)"}
        - {name: NOT_YET, value: x}
        - {name: PASSWORD, valueFrom: {secretKeyRef: {name: login, key: password}}}
        - {name: GONE, valueFrom: {configMapKeyRef: {name: settings, key: none, optional: true}}}
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: SPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
        - {name: ID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
        - {name: APP, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
        - {name: NOTE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['note']"}}}
        - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        - {name: ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Mi}}}
END
ok "a pod of a manifest runs" result values
ok "\$(NAME) in args is a variable's value, \$\$ one \$, and what is unknown stays" says values 'debug round-red $(LEVEL) $(MISSING)'
sed -i 's|\[/inside, echo\]|[env]|; s|image: .*|image: host|; /args:/d' "$TMP/values.json"
ok "the same pod shows its environment" result values
cp "$TMP/values.view" "$TMP/values.env"
has_variable () {
	grep -F -x -e "$1" "$TMP/values.env" || { cat "$TMP/values.env"; return 1; }
}
for variable in LEVEL=debug L_user=anna L_password=secret COLOUR=blue SHAPE=round-red 'LATER=blue $(NOT_YET)' PASSWORD=secret \
	POD="$POD-values" SPACE=shop ID=6d1e1a0e-0000-4000-8000-000000000001 APP=web NOTE=hello NODE=this-host ADDRESS=127.0.0.1 MEMORY=0; do
	ok "the variable ${variable%%=*} has its value" has_variable "$variable"
done
ok "an optional key that is missing is no variable" no grep -q '^GONE=' "$TMP/values.env"

# ---- identity ----

manifest identity <<'END'
apiVersion: v1
kind: Pod
metadata: {name: identity}
spec:
  restartPolicy: Never
  hostname: front
  subdomain: shop
  securityContext:
    runAsUser: 1001
    runAsGroup: 1002
    supplementalGroups: [2001, 2002]
    fsGroup: 3000
    runAsNonRoot: true
    sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "81"}]
  volumes:
    - {name: data, emptyDir: {}}
    - {name: fast, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  containers:
    - name: main
      image: "@ROOT"
      command: [/inside, view, "path:/data", "path:/fast", "sysctl:net.ipv4.ip_unprivileged_port_start"]
      env: [{name: CPOD_TEST, value: "@TEST"}]
      workingDir: /tmp
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
      volumeMounts:
        - {name: data, mountPath: /data}
        - {name: fast, mountPath: /fast}
END
ok "a pod with securityContexts runs" result identity
ok "user and group are the pod's" has identity '"uid":[1001,1001,1001],"gid":[1002,1002,1002]'
ok "the groups are exactly the pod's, with its fsGroup" has identity '"groups":[2001,2002,3000]'
ok "allowPrivilegeEscalation: false is no_new_privs" has identity '"noNewPrivs":1'
ok "drop ALL and add one leave that one in the bounding set" has identity '"bounding":"0000000000000400"'
ok "the root is read-only" mount_option identity / +ro
ok "the host name is the pod's" has identity '"hostname":"front"'
ok "a safe sysctl is set in the pod's network" has identity '"sysctl:net.ipv4.ip_unprivileged_port_start":"81"'
ok "an emptyDir belongs to the fsGroup, and its files will" has identity '"path:/data":{"type":"d","mode":"2777","uid":0,"gid":3000'
ok "so does one in memory" has identity '"path:/fast":{"type":"d","mode":"2777","uid":0,"gid":3000'

# ---- names ----

manifest names <<'END'
apiVersion: v1
kind: Pod
metadata: {name: names, namespace: shop}
spec:
  restartPolicy: Never
  hostname: front
  subdomain: web
  setHostnameAsFQDN: true
  hostAliases:
    - {ip: 10.1.2.3, hostnames: [one.example, two.example]}
  dnsPolicy: None
  dnsConfig:
    nameservers: [192.0.2.1, "2001:db8::1"]
    searches: [a.example, b.example]
    options: [{name: ndots, value: "2"}, {name: edns0}]
  containers:
    - name: main
      image: host
      command: [cat, /etc/hosts, /etc/resolv.conf, /proc/sys/kernel/hostname]
      env: [{name: CPOD_TEST, value: "@TEST"}]
END
ok "a pod with names of its own runs" result names
ok "/etc/hosts has both of its names" grep -x "127.0.0.1	front.web.shop.svc.cluster.local	front" "$TMP/names.view"
ok "/etc/hosts has the aliases" grep -x "10.1.2.3	one.example	two.example" "$TMP/names.view"
ok "/etc/resolv.conf is dnsConfig's" grep -x "search a.example b.example" "$TMP/names.view"
ok "with its servers" grep -x "nameserver 2001:db8::1" "$TMP/names.view"
ok "and its options" grep -x "options ndots:2 edns0" "$TMP/names.view"
ok "setHostnameAsFQDN gives the kernel the long name" grep -x "front.web.shop.svc.cluster.local" "$TMP/names.view"

# ---- namespaces ----

# inode NAME TYPE: of a namespace in a view.
inode () {
	sed -n 's/^"namespaces":.*"'"$2"'":\([0-9]*\).*/\1/p' "$TMP/$1.view"
}
# shares NAME TYPE: whether the pod's is the host's.
shares () {
	[ "$(inode "$1" "$2")" = "$(readlink "/proc/self/ns/$2" | tr -dc 0-9)" ]
}

for field in hostNetwork:net hostPID:pid hostIPC:ipc; do
	manifest "${field%:*}" <<END
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shares"}, "spec": {"restartPolicy": "Never", "${field%:*}": true,
 "containers": [{"name": "main", "image": "@ROOT", "command": ["/inside", "view"], "env": [{"name": "CPOD_TEST", "value": "@TEST"}]}]}}
END
	ok "a pod with ${field%:*} runs" result "${field%:*}"
	ok "its ${field#*:} namespace is the host's" shares "${field%:*}" "${field#*:}"
	for other in net pid ipc uts; do
		[ "$other" = "${field#*:}" ] || ok "its $other namespace is not" no shares "${field%:*}" "$other"
	done
done
ok "hostIPC shows the host's /dev/shm" mounted hostIPC /dev/shm '"root":"/"'

manifest hostpid-left <<'END'
apiVersion: v1
kind: Pod
metadata: {name: left}
spec:
  restartPolicy: Never
  hostPID: true
  containers:
    - {name: main, image: "@ROOT", command: [/inside, orphan, "20"], env: [{name: CPOD_TEST, value: "@TEST"}]}
END
ok "a container in the host's PID namespace that leaves processes behind ends" result hostpid-left
ok "and they end with it" within 5 test -z "$(marked)"

manifest hostpid-killed <<'END'
apiVersion: v1
kind: Pod
metadata: {name: killed}
spec:
  restartPolicy: Never
  hostPID: true
  containers:
    - {name: main, image: "@ROOT", command: [/inside, stubborn], env: [{name: CPOD_TEST, value: "@TEST"}]}
END
nobody_left () {
	[ -z "$(marked)" ]
}
ok "another one runs" start hostpid-killed
ok "a command can be run in it" inside hostpid-killed main /inside exit 0
kill -KILL "$(cat "$TMP/hostpid-killed.pid")"
ok "when its supervisor is killed, nothing of it runs on" within 5 nobody_left
ok "and gc takes what is left" "$CPOD" gc

if "$CPOD" check - >/dev/null 2>"$TMP/share.err" <<'END'
{"shareProcessNamespace": true, "containers": [{"spec": {"root": {"path": "/"}, "process": {"args": ["true"]}}}]}
END
then
	manifest share <<'END'
apiVersion: v1
kind: Pod
metadata: {name: share}
spec:
  restartPolicy: Never
  shareProcessNamespace: true
  containers:
    - name: main
      image: "@ROOT"
      command: [/inside, sleep]
      env: [{name: CPOD_TEST, value: "@TEST"}]
      securityContext: {capabilities: {add: [SYS_PTRACE]}}
    - {name: other, image: "@ROOT", command: [/inside, sleep], env: [{name: CPOD_TEST, value: "@TEST"}]}
    - {name: short, image: "@ROOT", command: [/inside, orphan, "30"], env: [{name: CPOD_TEST, value: "@TEST"}]}
END
	ok "a pod that shares its PID namespace runs" start share
	# Those of main, other and the reaper, and nothing of pod init or what short has left.
	only_these () {
		inside share main /inside ls /proc | tr ' ' '\n' | grep -x '[0-9]*' | tr '\n' ' ' >"$TMP/.pids"
		for only_pid in $(cat "$TMP/.pids"); do
			inside share main /inside cat "/proc/$only_pid/cmdline" | tr '\0' ' '
			echo
		done >"$TMP/.cmdlines"
		cat "$TMP/.cmdlines"
		[ "$(grep -c 'inside sleep' "$TMP/.cmdlines")" -eq 2 ] && ! grep -q 'orphan' "$TMP/.cmdlines"
	}
	ok "its containers see each other, and nothing of one that has ended" within 5 only_these
	ok "its first process is the reaper" sh -c "'$CPOD' exec $POD-share main -- /inside cat /proc/1/cmdline | tr '\\0' ' ' | grep '^cpod-init'"
	ok "whose root is empty even for who may trace" test -z "$(inside share main /inside ls /proc/1/root)"
	ok "which has no descriptor open" test -z "$(inside share main /inside ls /proc/1/fd)"
	# 62: kill on x86-64; elsewhere another call, which changes nothing.
	ok "and which they cannot kill" inside share main /inside syscall 62 1 9
	ok "so they run on" inside share other /inside exit 0
	ok "the pod is stopped" finish share
else
	skip "a pod shares its PID namespace" "Linux 6.17"
	ok "a kernel that cannot is told of" grep -q 'shareProcessNamespace' "$TMP/share.err"
fi
