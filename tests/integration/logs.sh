# --logs: whose line is whose, lines that have no end, too long ones, any bytes, a reader that is slow or gone.
# where: host asan
# timeout: 60
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# logged NAME: runs the pod to its end; NAME.log and NAME.progress.
logged () {
	"$CPOD" run --name "$POD-$1" --logs "$TMP/$1.json" >"$TMP/$1.log" 2>"$TMP/$1.progress"
}

has () {
	grep -e "$2" "$TMP/$1.log" >/dev/null || { head -c 2000 "$TMP/$1.log"; return 1; }
}

head -c 5000 /dev/urandom | tr -d '\n' >"$TMP/root/binary"
head -c 100000 /dev/zero | tr '\0' y >"$TMP/root/long"
printf 'no newline' >"$TMP/root/partial"
printf 'a\n\n\nb\n' >"$TMP/root/empty"
INIT=$(container first /inside echo from init) pod "$(container main /inside echo one two)" "$(container other /inside output 1000)" \
	"$(container binary /inside cat /binary)" "$(container long /inside cat /long)" \
	"$(container partial /inside cat /partial)" "$(container empty /inside cat /empty)" \
	"$(container wrong /inside nonsense)" >"$TMP/p.json"
logged p
ok "a line has its container's name" has p '^main | one two$'
ok "an init container's, too" has p '^first | from init$'
ok "every line of it has" test "$(grep -c '^other | x*$' "$TMP/p.log")" -eq 16
ok "a last line without an end is shown" has p '^partial | no newline$'
ok "empty lines are" test "$(grep -c '^empty | ' "$TMP/p.log")" -eq 4
ok "what is written to standard error goes there" grep '^wrong | inside: no action nonsense$' "$TMP/p.progress"
ok "where the supervisor speaks" grep "^$POD-p: .*runs\$\|^$POD-p: " "$TMP/p.progress"
ok "but not into the logs" no grep "^$POD-p:" "$TMP/p.log"
ok "lines of different containers are not mixed" test "$(grep -a -v -c '^\(first\|main\|other\|binary\|long\|partial\|empty\) | ' "$TMP/p.log")" -eq 0

# bytes NAME: everything a container wrote, without prefixes and newlines.
bytes () {
	LC_ALL=C sed -n "s/^$1 | //p" "$TMP/p.log" | tr -d '\n'
}
bytes binary >"$TMP/binary"
bytes long >"$TMP/long"
ok "any bytes come through where no terminal shows them" same "$TMP/root/binary" "$TMP/binary"
ok "a line too long to be kept is cut into several" same "$TMP/root/long" "$TMP/long"
ok "of no more than 32 KiB" awk 'length ($0) > 32800 { exit 1 }' "$TMP/p.log"

# Much output is complete.
pod "$(container main /inside output 5000000)" "$(container other /inside output 5000000)" >"$TMP/much.json"
logged much
ok "10 MB of two containers are complete" test "$(sed 's/^[a-z]* | //' "$TMP/much.log" | tr -d '\n' | wc -c)" -ge 9843000

# A reader that is slow: the containers wait, the supervisor does not, and all arrives in the end.
pod "$(container main /inside output 3000000)" >"$TMP/slow.json"
mkfifo "$TMP/pipe"
"$CPOD" run --name "$POD-slow" --logs "$TMP/slow.json" >"$TMP/pipe" 2>"$TMP/slow.progress" &
slow_pid=$!
exec 3<"$TMP/pipe"
ok "while nobody reads, the pod runs" within 5 running slow
sleep 0.3
ok "its container waits" state slow main healthy
ok "the supervisor answers" timeout 5 "$CPOD" status "$POD-slow"
sed 's/^main | //' <&3 | tr -d '\n' | wc -c >"$TMP/count" &
reader=$!
exec 3<&-
wait "$slow_pid"
ok "with a reader it ends well" test $? -eq 0
wait "$reader"
ok "and everything has arrived" test "$(cat "$TMP/count")" -ge 2953000

# A reader that goes away.
"$CPOD" run --name "$POD-gone" --logs "$TMP/slow.json" 2>"$TMP/gone.progress" | head -c 100 >"$TMP/head"
ok "when the reader is gone the pod ends nevertheless" within 5 sh -c '[ ! -e "$0" ]' "$CPOD_STATE_DIR/pods/$POD-gone"
ok "and the reader has got its part" test "$(wc -c <"$TMP/head")" -eq 100

# One that never reads does not hinder the end.
pod "$(container main /inside seq output 3000000 , sleep)" >"$TMP/stuck.json"
exec 4<>"$TMP/pipe"
launch stuck --logs
# A signal that comes before the shell's child has become cpod is lost with the shell's own traps.
until ended stuck; do
	kill -TERM "$(cat "$TMP/stuck.pid")"
	sleep 0.1
done
wait "$(cat "$TMP/stuck.pid")" 2>/dev/null
"$CPOD" run --name "$POD-stuck" --logs "$TMP/stuck.json" >"$TMP/pipe" 2>"$TMP/stuck.progress" &
stuck=$!
ok "a pod runs whose output nobody reads" within 5 running stuck
ok "it can be stopped" timeout 20 "$CPOD" stop -t 1 "$POD-stuck"
wait "$stuck"
ok "and ends well" test $? -eq 0
exec 4<&-
