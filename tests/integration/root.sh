# The root, and how the program in it is found: root.path, names, the working directory, PATH, what cannot
# be executed.
# where: host vm
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"
. "$SRC/tests/lib/look.sh"

# rooted NAME SPEC WORD...: a pod whose spec has these members.
rooted () {
	rooted_name=$1 SPEC=$2
	[ -n "$SPEC" ] || unset SPEC
	shift 2
	pod "$(container main "$@")" >"$TMP/$rooted_name.json"
	unset SPEC
}

# changed NAME SED: the pod with its JSON changed.
changed () {
	sed "$2" "$TMP/$1.json" >"$TMP/.changed" && mv "$TMP/.changed" "$TMP/$1.json"
}

# ---- root.path and root.readonly ----

rooted plain '' /inside seq view , touch /new
ok "a pod on an absolute root runs" result plain
ok "its root is that directory" mounted plain / "${TMP##*/}/root\",\"target\":\"/\""
ok "and can be written" test -e "$TMP/root/new"
rooted read '' /inside touch /never
changed read 's|/root"}|/root", "readonly": true}|'
ok "a read-only root cannot be written" fails_to_start read 'main exited with status 30$'
rooted read '"mounts": [{"destination": "/made/here", "type": "tmpfs", "source": "none"}]' /inside seq view , touch /made/here/x , touch /dev/shm/x
changed read 's|/root"}|/root", "readonly": true}|'
ok "mount points are made in it before it is read-only" result read
ok "it is read-only in the end" mount_option read / +ro
ok "and only it" mount_option read /made/here +rw
rooted bad '' /inside
changed bad 's|"path": "[^"]*"|"path": "relative/root"|'
ok "a relative root is refused" refused bad 'root.path: "relative/root" is relative'
changed bad 's|"path": "[^"]*"|"path": "/not/there"|'
ok "a root that is not there is refused by name" refused bad 'containers.0..spec.root.path: /not/there: No such file'
changed bad "s|\"path\": \"[^\"]*\"|\"path\": \"$TMP/root/inside\"|"
ok "so is one that is no directory" refused bad 'root.path: .* is not a directory'
ln -s root "$TMP/alias"
rooted link '' /inside view
changed link "s|$TMP/root|$TMP/alias|"
ok "a link to a root is as good" result link

# ---- propagation of the root ----

for pair in 'private:[]' 'rprivate:[]' 'unbindable:["unbindable"]' 'runbindable:["unbindable"]' 'shared:["shared:' 'rshared:["shared:'; do
	word=${pair%%:*}
	rooted prop "\"linux\": {\"rootfsPropagation\": \"$word\"}" /inside view
	ok "rootfsPropagation $word" result prop
	ok "$word is what the root is" mounted prop / "\"propagation\":${pair#*:}"
done
for word in slave rslave; do
	rooted prop "\"linux\": {\"rootfsPropagation\": \"$word\"}" /inside view
	ok "rootfsPropagation $word" result prop
	ok "the root is nobody's peer" no mounted prop / '"propagation":["shared'
done
rooted bad '"linux": {"rootfsPropagation": "public"}' /inside
ok "an unknown word is refused" refused bad 'linux.rootfsPropagation: "public" is not one of'

# ---- names ----

rooted names '"hostname": "first", "domainname": "second.third"' /inside view
ok "a pod with names runs" result names
ok "the host name" has names '"hostname":"first"'
ok "the domain name" has names '"domainname":"second.third"'
rooted bad "\"hostname\": \"$(printf '%065d' 1)\"" /inside
ok "a host name of 65 bytes is refused" refused bad 'hostname: is longer than 64 bytes'

# ---- the working directory ----

rooted cwd '' /inside view path:/made/for/it
changed cwd 's|"cwd": "/"|"cwd": "/made/for/it"|'
ok "a working directory that is missing is made" result cwd
ok "the program is in it" has cwd '"cwd":"/made/for/it"'
ok "it belongs to root" has cwd '"path:/made/for/it":{"type":"d","mode":"0755","uid":0,"gid":0'
mkdir "$TMP/victim"
ln -s "$TMP/victim" "$TMP/root/out"
mkdir -p "$TMP/root$TMP/victim"
changed cwd 's|/made/for/it|/out|g'
ok "a link out of the root stays inside" result cwd
ok "it is the image's directory" has cwd "\"cwd\":\"$TMP/victim\""
# Descriptors of the host that are still open would lead out of the root. CVE-2024-21626.
escapes () {
	for path in "$@"; do
		rooted fd '' /inside ls .
		changed fd "s|\"cwd\": \"/\"|\"cwd\": \"$path\"|"
		fails_to_start fd 'main error.*process.cwd' >"$TMP/.escape" 2>&1 || { echo "$path"; cat "$TMP/.escape"; return 1; }
	done
}
paths=
fd=3
while [ $fd -le 20 ]; do
	paths="$paths /proc/self/fd/$fd"
	fd=$((fd + 1))
	[ "$PLACE" != vm ] || fd=$((fd + 3))
done
# shellcheck disable=SC2086
ok "no descriptor leads out of the root" escapes $paths
ok "nor by any other way to it" escapes /proc/self/fd/3/../../.. /proc/1/fd/7/.. /proc/thread-self/fd/5 /proc/self/fd/9/.
rooted fd '' /inside view
changed fd "s|\"cwd\": \"/\"|\"cwd\": \"/proc/self/root\"|"
ok "nor does the root's own link" no result fd
rooted bad '' /inside view
changed bad 's|"cwd": "/"|"cwd": "relative"|'
ok "a relative working directory is refused" refused bad 'process.cwd: must be an absolute path'
changed bad 's|"cwd": "relative"|"cwd": "/inside"|'
ok "a file is none" fails_to_start bad 'main error.*process.cwd.*Not a directory'
rooted bad '' /inside view
changed bad 's|"cwd": "/"}|"cwd": "/locked"}|; s|"cwd": "/"|"user": {"uid": 1000, "gid": 1000}, "cwd": "/locked"|'
mkdir -m 700 "$TMP/root/locked"
ok "a directory that only root may enter is entered as root" result bad

# ---- finding the program ----

# The kernel's part in it is the same everywhere.
if [ "$PLACE" != vm ]; then

mkdir -p "$TMP/root/one" "$TMP/root/two" "$TMP/root/sub"
cp "$INSIDE" "$TMP/root/two/tool"
cp "$INSIDE" "$TMP/root/sub/beside"
mkdir "$TMP/root/one/tool"
echo data >"$TMP/root/two/data" && chmod 644 "$TMP/root/two/data"
printf '#!/nowhere/interpreter\n' >"$TMP/root/two/script"
printf 'text without a first line\n' >"$TMP/root/two/text"
chmod 755 "$TMP/root/two/script" "$TMP/root/two/text"

# search NAME PATH WORD...: with that PATH.
search () {
	search_name=$1 ENVIRONMENT="\"PATH=$2\""
	shift 2
	rooted "$search_name" '' "$@"
	unset ENVIRONMENT
}

search found /one:/absent:/two tool view found
ok "PATH is searched in its order, and what is no file is passed over" result found
ok "the program has the name that it was called by" has found '"cmdline":"tool\u0000view\u0000found'
search long "$(awk 'BEGIN { for (i = 0; i < 300; i++) printf "/absent%d:", i }')/two" tool view
ok "a PATH of any length is searched to its end" result long
search relative /one:/two ./beside view
changed relative 's|"cwd": "/"|"cwd": "/sub"|'
ok "a name with a slash is relative to the working directory" result relative
search none /one:/two missing view
ok "a program that is nowhere in PATH is named" fails_to_start none 'main error.*process.args\[0\].*missing: No such file'
search data /one:/two data view
ok "so is one that is not executable" fails_to_start data 'main error.*process.args\[0\].*data: Permission denied'
search dir /one:/two /one view
ok "and a directory" fails_to_start dir 'main error.*process.args\[0\].*/one: Permission denied'
search script /one:/two script
ok "and a script whose interpreter is not there" fails_to_start script 'main error.*process.args\[0\].*script.*No such file'
search text /one:/two text
ok "and a text" fails_to_start text 'main error.*process.args\[0\].*text: Exec format error'
search empty /one:/two ''
ok "an empty name is refused" no result empty
search elsewhere /one /inside/below
ok "a path below a file is named" fails_to_start elsewhere 'main error.*process.args\[0\].*/inside/below: Not a directory'
rooted default '' /inside view
ok "without a PATH the program has a default one" result default
ok "which is in its environment" has default '"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"'
fi
