# Starts while another container, which has the root as a volume, exchanges what lies in it.
# where: host vm-long
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

mkdir "$TMP/root/fake" "$TMP/other" "$TMP/other/proc" "$TMP/other/sys" "$TMP/other/dev" "$TMP/other/volume"
cp "$INSIDE" "$TMP/other/inside"

# exchanger NAME PATH PATH: a pod beside the root, whose container exchanges two names in it.
exchanger () {
	SPEC="\"mounts\": [{\"destination\": \"/volume\", \"type\": \"bind\", \"source\": \"$TMP/root\", \"options\": [\"bind\"]}]"
	pod "$(container main /inside exchange "/volume/$2" "/volume/$3")" >"$TMP/$1.json"
	unset SPEC
	sed "s|\"path\": \"$TMP/root\"|\"path\": \"$TMP/other\"|" "$TMP/$1.json" >"$TMP/.changed"
	mv "$TMP/.changed" "$TMP/$1.json"
}

# never_opens NAME: over many starts, its program's open fails. It ends with 0 when it could.
never_opens () {
	starts=0
	while [ "$starts" -lt 80 ]; do
		starts=$((starts + 1))
		timeout 10 "$CPOD" run --name "$POD-$1" "$TMP/$1.json" >"$TMP/$1.out" 2>&1
		! grep 'exited with status 0$' "$TMP/$1.out" || return 1
	done
	grep 'exited with status' "$TMP/$1.out"
}

exchanger racer proc fake
pod "$(container main /inside open /proc/sys/kernel/core_pattern w)" >"$TMP/victim.json"
ok "a pod exchanges /proc and another directory in the root of others" start racer
ok "what is read-only in /proc is so all the same" never_opens victim
ok "it still does so" state racer main healthy
ok "it ends" finish racer
