# Specs that are wrong, hostile or too large are refused by check and run alike: with the place and
# the reason, exit status 2, soon, in little memory, and leaving nothing.
# where: host asan
# timeout: 120
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

# refused NAME WORDS: check and run say the words about $TMP/NAME and end with 2.
refused () {
	for command in check run; do
		timeout 10 "$CPOD" $command "$TMP/$1" >"$TMP/refused" 2>&1
		refused_status=$?
		cat "$TMP/refused"
		[ "$refused_status" -eq 2 ] || { echo "$command: exit status $refused_status"; return 1; }
		grep -e "$2" "$TMP/refused" >/dev/null || { echo "$command does not say: $2"; return 1; }
		[ "$(wc -l <"$TMP/refused")" -le 3 ] || { echo "$command says too much"; return 1; }
	done
}

# bad NAME TEXT WORDS SENTENCE
bad () {
	printf '%s' "$2" >"$TMP/$1"
	ok "$4" refused "$1" "$3"
}

# repeat N TEXT
repeat () {
	awk -v n="$1" -v text="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s", text }'
}

bad empty.json '' 'empty.json' "an empty file"
bad cut.json '{"containers": [' 'cut.json:1:' "a document that ends too early, with line and column"
bad word.json '{"containers": tru}' 'word.json:1:' "a word that is none"
bad unknown.json '{"containers": [{"name": "a", "proces": {}}]}' 'proces' "an unknown field, by its name"
bad type.json '{"containers": [{"name": 1}]}' 'containers\[0\].name' "a value of the wrong type, by its path"
bad duplicate.json '{"containers": [], "containers": []}' 'containers' "a key that occurs twice"
bad names.json '{"containers": [{"name": "a", "process": {"args": ["x"]}}, {"name": "a", "process": {"args": ["x"]}}]}' \
	'two containers are named' "two containers of one name"
bad name.json '{"containers": [{"name": "../a", "process": {"args": ["x"]}}]}' 'containers\[0\].name' "a name that climbs"
bad mixed.json '{"containers": [{"spec": {"process": {"args": ["x"]}}, "process": {"args": ["x"]}}]}' 'containers\[0\]' \
	"both forms in one container"
bad period.json '{"containers": [{"process": {"args": ["x"]}, "livenessProbe": {"exec": ["x"], "periodSeconds": -1}}]}' \
	'livenessProbe.periodSeconds' "a probe's negative period"
printf '{"containers": %s' "$(repeat 100000 '[')" >"$TMP/deep.json"
ok "a document that is nested too deep" refused deep.json 'deep'
printf 'containers: %s' "$(repeat 100000 '[')" >"$TMP/deep.yaml"
ok "the same in YAML" refused deep.yaml 'deep'
{
	echo 'a: &a [x, x, x, x, x, x, x, x, x]'
	previous=a
	for name in b c d e f g h i; do
		echo "$name: &$name [*$previous, *$previous, *$previous, *$previous, *$previous, *$previous, *$previous, *$previous, *$previous]"
		previous=$name
	done
} >"$TMP/bomb.yaml"
ok "aliases that unfold to gigabytes" refused bomb.yaml 'bomb.yaml'
truncate -s 17M "$TMP/large.json"
ok "a file above 16 MiB" refused large.json 'large.json'
printf '{"containers": [{"name": "a\0b"}]}' >"$TMP/nul.json"
ok "a NUL byte" refused nul.json 'nul.json:1:'
printf '{"containers": [{"name": "\377\376"}]}' >"$TMP/utf8.json"
ok "bytes that are not UTF-8" refused utf8.json 'utf8.json:1:'
ok "a file that does not exist" refused none.json 'No such file'
mkdir "$TMP/folder.json"
ok "a directory" refused folder.json 'folder.json'

# A hostile document costs little memory.
if [ "$PLACE" = asan ]; then
	skip "64 MB are enough for all of them" "the sanitizer needs terabytes of address space"
else
	ok "64 MB are enough for all of them" sh -c 'ulimit -v 65536
		for file in deep.json deep.yaml bomb.yaml large.json; do
			"$CPOD" check "$0/$file" >"$0/out" 2>&1
			[ $? -eq 2 ] || { echo "$file"; cat "$0/out"; exit 1; }
		done' "$TMP"
fi
