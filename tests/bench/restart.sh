#!/bin/sh
# From a container's end to its restarted program running, in milliseconds: the median of eleven pods whose program
# ends at once. Both moments are those of the pod's events.
#
#     restart.sh CPOD PROGRAM SCRATCH
set -eu
cpod=$1 program=$2 scratch=$3
CPOD_STATE_DIR=$(mktemp -d "$scratch/restart-XXXXXX")
export CPOD_STATE_DIR
printf '{"restartPolicy":"Always","containers":[{"name":"a","spec":{"process":{"args":["%s"]}}}]}\n' "$program" >"$CPOD_STATE_DIR/pod.json"

# milliseconds FILE: between the first "exited" and the "started" after it.
milliseconds () {
	sed 's/.*"time": *"[^T]*T\([0-9]*\):\([0-9]*\):\([0-9.]*\)Z".*/\1 \2 \3 &/' "$1" | awk '
		/"type": *"exited"/ && !end { end = $1 * 3600 + $2 * 60 + $3 }
		/"type": *"started"/ && end && !done { printf "%.3f\n", ($1 * 3600 + $2 * 60 + $3 - end) * 1000; done = 1 }'
}

for round in 1 2 3 4 5 6 7 8 9 10 11; do
	"$cpod" run --name "bench-restart-$$" "$CPOD_STATE_DIR/pod.json" >/dev/null 2>&1 &
	pid=$!
	sleep 0.5
	milliseconds "$CPOD_STATE_DIR/pods/bench-restart-$$/events"
	kill "$pid"
	wait "$pid" 2>/dev/null || :
done | sort -n | awk '{ ms[NR] = $1 } END { print ms[int ((NR + 1) / 2)] }'
rm -rf "$CPOD_STATE_DIR"
