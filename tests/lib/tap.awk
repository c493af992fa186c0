# One line about one TAP file: its place, its name, what passed, failed and was skipped.
/^(not )?ok / {
	if ($0 ~ /# SKIP/) skipped++
	else if ($1 == "ok") passed++
	else failed++
}
/^# took / {
	seconds = $3
}
END {
	printf "%s %-9s %-28s %d passed", failed ? "FAIL" : "ok  ", place, name, passed
	if (failed) printf ", %d failed", failed
	if (skipped) printf ", %d skipped", skipped
	if (seconds >= 2) printf "  (%d s)", seconds
	printf "\n"
}
