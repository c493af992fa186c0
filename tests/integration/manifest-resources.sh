# Resources of a manifest in the container's cgroup, as the kernel has them; and its OOM score.
# where: vm
# timeout: 60
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"

cat >"$TMP/limits.json" <<END
apiVersion: v1
kind: Pod
metadata: {name: limits}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  containers:
    - name: main
      image: "dir:$TMP/root"
      command: [/inside, sleep]
      env: [{name: CPOD_TEST, value: "$CPOD_TEST"}]
      resources: {requests: {cpu: 100m, memory: 16Mi}, limits: {cpu: 500m, memory: 64Mi}}
    - name: small
      image: "dir:$TMP/root"
      command: [/inside, sleep]
      env: [{name: CPOD_TEST, value: "$CPOD_TEST"}]
    - name: large
      image: "dir:$TMP/root"
      command: [/inside, sleep]
      env: [{name: CPOD_TEST, value: "$CPOD_TEST"}]
      resources: {requests: {cpu: 2}, limits: {memory: 32M}}
END

# setting CONTAINER FILE VALUE: of its cgroup.
setting () {
	setting_dir=$(find "$(cgroup_root)" -type d -path "*cpod*$POD-limits*" -name "*.$1.*")
	setting_got=$(cat "$setting_dir/$2")
	echo "$2: $setting_got"
	[ "$setting_got" = "$3" ]
}
score () {
	inside limits "$1" /inside cat /proc/self/oom_score_adj | grep -x -e "$2"
}

ok "a manifest with resources runs" start limits
ok "100m are a weight of 17" setting main cpu.weight 17
ok "a limit of 500m is 50 ms of 100" setting main cpu.max "50000 100000"
ok "a memory limit is memory.max" setting main memory.max 67108864
ok "the container is killed as a whole" setting main memory.oom.group 1
ok "a container without a request has the smallest weight" setting small cpu.weight 1
ok "and no limit" setting small memory.max max
ok "2 are a weight of 174" setting large cpu.weight 174
ok "32M are decimal, in whole pages" setting large memory.max 31997952
ok "no CPU limit is none" setting large cpu.max "max 100000"
ok "a Burstable container's OOM score is below 1000" score main "9[0-9][0-9]"
ok "one without a request has 999" score small 999
ok "the pod is stopped" finish limits

sed 's/limits: {cpu: 500m, memory: 64Mi}/limits: {cpu: 100m, memory: 16Mi}/; /name: small/,$d' "$TMP/limits.json" >"$TMP/guaranteed.json"
sed -i 's/name: limits/name: guaranteed/; s/sleep\]/cat, \/proc\/self\/oom_score_adj]/' "$TMP/guaranteed.json"
ok "a Guaranteed pod runs" result guaranteed
ok "its OOM score is -997" grep -x -e -997 "$TMP/guaranteed.view"

sed 's/resources: .*/resources: {limits: {memory: 8Mi}}/; s/cat, .*/mem, "64"]/; s/guaranteed/oom/' "$TMP/guaranteed.json" >"$TMP/oom.json"
over () {
	! result oom && grep -e "killed\|137\|OOM" "$TMP/oom.log"
}
ok "who goes over the memory limit is killed" over
