# Looking at what a container saw: words over the output of `/inside view`. Read in after pod.sh.
#
#     pod "$(container main /inside view)" >"$TMP/p.json"
#     ok "the pod runs to its end" result p
#     ok "the umask is the spec's" has p '"umask":"0077"'
#     ok "/data is read-only" mount_option p /data +ro
# shellcheck shell=sh

# result NAME [OPTION]...: runs the pod of $TMP/NAME.json to its end. What its container main has
# written is kept in $TMP/NAME.view, everything in $TMP/NAME.log. Fails as the pod does.
result () {
	look_name=$1
	shift
	look_status=0
	"$CPOD" run --name "$POD-$look_name" --logs "$@" "$TMP/$look_name.json" >"$TMP/$look_name.log" 2>&1 || look_status=$?
	rm -f "$TMP/$look_name.mounts"
	sed -n 's/^main *| //p' "$TMP/$look_name.log" >"$TMP/$look_name.view"
	[ "$look_status" -eq 0 ] || cat "$TMP/$look_name.log"
	return $look_status
}

# has NAME WORDS, lacks NAME WORDS: whether the view has a line with exactly these words in it.
has () {
	grep -F -e "$2" "$TMP/$1.view" || { cat "$TMP/$1.view" "$TMP/$1.log"; return 1; }
}

lacks () {
	! grep -F -e "$2" "$TMP/$1.view"
}

# seen NAME: puts the mounts of a view into a file, one a line. What asks for a mount does it by itself.
seen () {
	sed -n 's/^"mounts":\[//p' "$TMP/$1.view" | sed 's/},{"root"/}\n{"root"/g' >"$TMP/$1.mounts"
}

# mount_at NAME PATH: the last mount on PATH in a view, as an object, in $look_mount.
mount_at () {
	[ -e "$TMP/$1.mounts" ] || seen "$1"
	look_mount=$(grep -F "\"target\":\"$2\"," "$TMP/$1.mounts") || { echo "no mount on $2"; return 1; }
	look_mount=${look_mount##*"
"}
}

# mounted NAME PATH WORDS...: whether that mount has all these words. not_mounted NAME PATH: there is none.
mounted () {
	mount_at "$1" "$2" || return 1
	look_path=$2
	shift 2
	for look_word in "$@"; do
		case $look_mount in
		*"$look_word"*) ;;
		*) echo "$look_path lacks $look_word: $look_mount"; return 1 ;;
		esac
	done
}

not_mounted () {
	! mount_at "$1" "$2"
}

# mount_option NAME PATH +WORD|-WORD...: mount options that must be there, and that must not.
mount_option () {
	mount_at "$1" "$2" || return 1
	look_path=$2
	look_options=${look_mount#*\"options\":\"}
	look_options=,${look_options%%\"*},
	shift 2
	for look_word in "$@"; do
		case $look_word$look_options in
		+*",${look_word#+},"*) ;;
		+*) echo "$look_path lacks ${look_word#+}: $look_options"; return 1 ;;
		-*",${look_word#-},"*) echo "$look_path has ${look_word#-}: $look_options"; return 1 ;;
		esac
	done
}

# refused NAME WORDS: `check` refuses $TMP/NAME.json with exit status 2 in one line that has the words,
# and so does `run`. (What `check` has understood so far it still prints.)
refused () {
	for look_command in check "run --name $POD-$1"; do
		look_status=0
		# shellcheck disable=SC2086
		"$CPOD" $look_command "$TMP/$1.json" 2>"$TMP/.refused" >"$TMP/.normal" || look_status=$?
		cat "$TMP/.refused"
		[ "$look_status" -eq 2 ] || { echo "$look_command: exit status $look_status"; return 1; }
		grep -q -e "$2" "$TMP/.refused" || { echo "$look_command: no line matches $2"; return 1; }
		[ "$(wc -l <"$TMP/.refused")" -eq 1 ] || { echo "$look_command: not one line"; return 1; }
	done
}

# fails_to_start NAME WORDS: the pod does not run, and what it says has the words in one line.
fails_to_start () {
	look_status=0
	"$CPOD" run --name "$POD-$1" --logs "$TMP/$1.json" >"$TMP/$1.log" 2>&1 || look_status=$?
	cat "$TMP/$1.log"
	[ "$look_status" -ne 0 ] && grep -q -e "$2" "$TMP/$1.log"
}
