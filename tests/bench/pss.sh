#!/bin/sh
# pss.sh COMMAND...: starts the command, lets it settle, and prints the proportional set size in kB of
# it and of those of its descendants that are not what its containers run (true-static); then ends it.
mkfifo "${TMPDIR:-/tmp}/pss-$$"
"$@" < "${TMPDIR:-/tmp}/pss-$$" >/dev/null 2>&1 &
command=$!
exec 9> "${TMPDIR:-/tmp}/pss-$$"
rm -f "${TMPDIR:-/tmp}/pss-$$"
sleep 1

# All processes of the tree below $1, itself included.
tree () {
	echo "$1"
	for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do tree "$child"; done
}

sum=0
for pid in $(tree $command); do
	case $(cat "/proc/$pid/comm" 2>/dev/null) in true-static) continue ;; esac
	kb=$(awk '$1 == "Pss:" { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null)
	sum=$((sum + ${kb:-0}))
done
echo "$sum"
exec 9>&-
kill -TERM $command 2>/dev/null
wait $command 2>/dev/null
exit 0
