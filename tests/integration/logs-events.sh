# What containers have written and what has happened, told to other terminals: as it was, as it comes, and after
# the end.
# where: host asan
# timeout: 90
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# says STATUS WORDS COMMAND...: ends with the status, and a line of what it says has the words.
says () {
	want=$1 words=$2
	shift 2
	got=0
	"$@" >"$TMP/said" 2>&1 </dev/null || got=$?
	cat "$TMP/said"
	[ "$got" -eq "$want" ] || { echo "exit status $got, wanted $want"; return 1; }
	[ -z "$words" ] || grep -e "$words" "$TMP/said" >/dev/null
}

# has FILE TEXT: whether a line of the file is this.
has () {
	grep -Fx -e "$2" "$TMP/$1"
}

go=$TMP/root/tmp/go
pod "$(container main /inside seq echo first , wait-for /tmp/go , echo second , sleep)" "$(container side /inside seq echo here , sleep)" >"$TMP/p.json"
"$CPOD" events -f >"$TMP/all" 2>&1 &
all=$!
ok "a pod runs in the foreground" start p
"$CPOD" logs -f "$POD-p" >"$TMP/follow" 2>&1 &
follow=$!
"$CPOD" logs -f "$POD-p" main >"$TMP/main" 2>&1 &
main=$!
"$CPOD" events -f "$POD-p" >"$TMP/events" 2>&1 &
events=$!
ok "another terminal reads what was written" within 10 says 0 '^main | first$' "$CPOD" logs "$POD-p"
ok "of every container" within 10 says 0 '^side | here$' "$CPOD" logs "$POD-p"
ok "or of one, as it was written" within 10 says 0 '^here$' "$CPOD" logs "$POD-p" side
ok "which a beginning of its name is enough for" says 0 '^here$' "$CPOD" logs "$POD-p" s
ok "a wrong name gets the nearest one" says 3 'has no container mian; did you mean main?' "$CPOD" logs "$POD-p" mian
ok "with the time" says 0 '^20[0-9-]*T[0-9:.]*Z here$' "$CPOD" logs -t "$POD-p" side
ok "and as JSON" says 0 "^{\"pod\":\"$POD-p\",\"container\":\"side\",\"time\":\"20.*Z\",\"stream\":\"stdout\",\"text\":\"here\",\"whole\":true}\$" "$CPOD" logs --json "$POD-p" side
ok "who follows has read it too" within 10 has follow 'main | first'
ok "and has no more yet" no has follow 'main | second'
: >"$go"
ok "but gets what comes" within 10 has follow 'main | second'
ok "also of one container" within 10 has main second
ok "and nothing of another" no has main here
ok "the last lines only" says 0 '^second$' "$CPOD" logs -n 1 "$POD-p" main
ok "without those before" no grep first "$TMP/said"
ok "none of them" sh -c '[ -z "$("$0" logs -n 0 "$1")" ]' "$CPOD" "$POD-p"
ok "a number of lines that is none" says 2 'logs: --tail x' "$CPOD" logs -n x "$POD-p"

ok "events tell what has happened" says 0 "^20[0-9-]*T[0-9:.]*Z $POD-p main: runs\$" "$CPOD" events "$POD-p"
ok "as JSON" says 0 "^{\"pod\":\"$POD-p\",\"type\":\"started\",\"time\":\"20.*Z\",\"container\":\"main\"}\$" "$CPOD" events --json "$POD-p"
ok "who follows knows it too" within 10 grep "$POD-p main: runs" "$TMP/events"
ok "who follows all pods knows of one that began later" within 10 grep "$POD-p main: runs" "$TMP/all"
ok "kills a container" says 0 '' "$CPOD" kill "$POD-p" side
ok "and that is told at once" within 10 grep "$POD-p side: was ended by SIGKILL" "$TMP/events"
ok "the pod ends" finish p
streams_end=true
for job in "$follow" "$main" "$events"; do wait "$job" || streams_end=false; done
ok "streams end with it" $streams_end
ok "after the last event" grep "$POD-p: ended, not all well" "$TMP/events"
ok "of which all pods' follower goes on" kill -0 "$all"
ok "and knows" within 10 grep "$POD-p: ended" "$TMP/all"
kill "$all"

# A supervisor that is killed cannot say that its pod has ended.
pod "$(container main /inside sleep)" >"$TMP/k.json"
ok "a pod whose supervisor will be killed" says 0 '' "$CPOD" run -d --name "$POD-k" "$TMP/k.json"
"$CPOD" events -f "$POD-k" >"$TMP/killed" 2>&1 &
events=$!
ok "is followed" within 10 grep "$POD-k main: runs" "$TMP/killed"
kill -KILL "$("$CPOD" status "$POD-k" | sed -n 's/.*supervisor \([0-9]*\)$/\1/p')"
got=0
wait "$events" || got=$?
ok "its follower ends with status 1" [ "$got" -eq 1 ]
ok "and says why" within 10 grep "events: the supervisor of pod $POD-k was killed" "$TMP/killed"
ok "gc takes it away" says 0 "$POD-k" "$CPOD" gc

# After the end, of a detached pod; both streams; a line without an end.
pod "$(container main /inside seq output 100000 , echo last)" >"$TMP/d.json"
ok "a pod that writes much, in the background" says 0 '' "$CPOD" run -d --name "$POD-d" "$TMP/d.json"
ok "ends" says 0 succeeded "$CPOD" wait "$POD-d"
bytes () {
	"$CPOD" logs "$@" | wc -c
}
ok "every byte of it is there" prints '^100005$' bytes "$POD-d"
ok "with -f as well" prints '^100005$' bytes -f "$POD-d"
ok "its events are" says 0 "$POD-d main: exited with status 0" "$CPOD" events
ok "in the order of time" sh -c '"$0" events | sort -c' "$CPOD"
pod "$(container main /inside seq output 3000000 , echo last , wait-for /tmp/over)" >"$TMP/e.json"
ok "of one that writes more than is kept" says 0 '' "$CPOD" run -d --log-size 100K --name "$POD-e" "$TMP/e.json"
ok "the last lines are" within 20 says 0 'xlast$' "$CPOD" logs -n 1 "$POD-e"
kept () {
	[ "$(cat "$CPOD_STATE_DIR/pods/$POD-e/logs/"* | wc -c)" -le 102400 ]
}
ok "and no more than was asked for" kept
ok "a follower that starts then ends with the pod" sh -c '"$0" logs -f "$1" >"$2" & : >"$3"; wait $!' "$CPOD" "$POD-e" "$TMP/late" "$TMP/root/tmp/over"
ok "and has read the last line" grep 'xlast$' "$TMP/late"
ok "--log-size 0" says 0 '' "$CPOD" run -d --log-size 0 --name "$POD-z" "$TMP/d.json"
ok "keeps nothing, and says so" says 1 "no output of .*is kept\|no output of .* was kept" "$CPOD" logs "$POD-z"
ok "a size that is none" says 2 'run: --log-size 1x' "$CPOD" run --log-size 1x "$TMP/d.json"
ok "everything is removed" says 0 '' "$CPOD" rm -f --all
