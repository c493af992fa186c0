# Ordinary users for integration tests. Read in after tap.sh and pod.sh, by a file that runs as root:
#
#     . "$SRC/tests/lib/user.sh"
#     user cpod-test 2000000000      a user with 65536 subordinate ids from there on; 0: with none
#     user cpod-test 0 NAME=VALUE    with that in cpod's environment
#     ok "a pod runs" start p        pod.sh's words run $CPOD as that user from now on
#     ok "..." as_user COMMAND...    as the user, with CPOD_STATE_DIR as pod.sh's words have it
#
# The users are made where they are missing, and stay: another run may be using them. What users must be able
# to read, the programs among it, is copied below $TMP, where everybody may look.
# shellcheck shell=sh

user_inside=$INSIDE

# user_add NAME FIRST: by useradd or, where there is none, by two lines.
user_add () {
	grep -q "^$1:" /etc/passwd || useradd -r -M -s /bin/false "$1" 2>/dev/null || grep -q "^$1:" /etc/passwd || {
		user_id=$((64000 + $(wc -l </etc/passwd)))
		echo "$1:x:$user_id:$user_id::/:/bin/false" >>/etc/passwd
		echo "$1:x:$user_id:" >>/etc/group
	}
	[ "$2" -gt 0 ] || return 0
	for user_file in /etc/subuid /etc/subgid; do
		grep -q "^$1:" $user_file 2>/dev/null || echo "$1:$2:65536" >>$user_file
	done
}

# user_programs: a build tree that everybody can read, with what tests run of it.
user_programs () {
	[ -d "$TMP/build" ] && return 0
	mkdir -p "$TMP/build/tests/init" "$TMP/src/tests"
	for user_file in cpod cpod-oci modules runtimes tests/init/inside; do
		[ -e "$BUILD/$user_file" ] && cp -R "$BUILD/$user_file" "$TMP/build/$user_file"
	done
	cp -R "$SRC/tests/lib" "$SRC/tests/integration" "$TMP/src/tests/"
	cp -R "$SRC/examples" "$TMP/src/"
	chmod -R a+rX "$TMP/build" "$TMP/src" "$TMP/root"
	chmod 711 "$TMP"
}

# user NAME FIRST [VARIABLE=VALUE...]: who $CPOD is run as from now on.
user () {
	user_programs
	user_add "$1" "$2"
	user_ids=$(sed -n "s/^$1:[^:]*:\([0-9]*\):\([0-9]*\):.*/\1 \2/p" /etc/passwd)
	user_uid=${user_ids% *} user_gid=${user_ids#* }
	mkdir -p "$TMP/$1"
	chown "$user_uid:$user_gid" "$TMP/$1"
	chmod 700 "$TMP/$1"
	CPOD_STATE_DIR=$TMP/$1/state
	export CPOD_STATE_DIR
	CPOD=$TMP/cpod-$1
	shift 2
	{
		printf '#!/bin/sh\nexec "%s" as %s /usr/bin/env' "$user_inside" "$user_ids"
		for user_word in "$@"; do printf ' "%s"' "$user_word"; done
		printf ' "%s/build/cpod" "$@"\n' "$TMP"
	} >"$CPOD"
	chmod 755 "$CPOD"
	INSIDE=$TMP/build/tests/init/inside
}

# as_user COMMAND...
as_user () {
	# shellcheck disable=SC2086
	"$user_inside" as $user_ids "$@"
}
