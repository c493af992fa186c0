# Counts TAP files over all places. A test is known by its file's and its own name; one that was
# skipped wherever it was met ran in no place, and counts as a failure unless only a part was run
# (only=part). Exit status 0 when nothing failed.
/^(not )?ok / {
	n = split (FILENAME, path, "/")
	file = path[n]
	sub (/\.tap$/, "", file)
	skip = /# SKIP/
	good = $1 == "ok"
	text = $0
	sub (/^(not )?ok [0-9]* *(- )?/, "", text)
	if (text ~ /^# SKIP/)
		sub (/^# SKIP */, "", text)
	else
		sub (/ *# SKIP.*/, "", text)
	key = file ": " text
	if (skip) {
		skipped++
		reason[key] = $0
	} else {
		ran[key] = 1
		if (good) passed++
		else failed++
	}
}
END {
	if (only == "")
		for (key in reason)
			if (!(key in ran)) {
				print "ran in no place: " key
				skipped--
				failed++
			}
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0
}
