# Completion in real shells: commands, options, values, and the names of pods and containers.
# where: host
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

PATH=$BUILD:$PATH
export TMP
export PATH
pod "$(container main /inside sleep)" "$(container sidecar /inside sleep)" >"$TMP/p.json"
launch p
ok "a pod runs" within 10 running p

# completes WORDS WORD...: what bash makes of the line; COMP_WORDS are the words as bash splits them.
completes () {
	want=$1
	shift
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cpod; printf "%s\n" "${COMPREPLY[@]}" | paste -sd " "' \
		bash "$SRC/docs/completion/cpod.bash" "$@" >"$TMP/got" || return 1
	cat "$TMP/got"
	[ "$(cat "$TMP/got")" = "$want" ]
}
ok "bash: a command" completes 'status stop' cpod st
ok "bash: an option" completes '--timestamps' cpod logs --ti
ok "bash: a value behind a space" completes 'running' cpod run --wait r
ok "bash: a value behind =, which bash has split" completes 'started' cpod run --wait = st
ok "bash: all of them" completes 'running started none' cpod run --wait =
ok "bash: a pod" completes "$POD-p" cpod stop "$POD"
ok "bash: a container" completes 'sidecar' cpod exec "$POD-p" s
ok "bash: a signal" completes 'TERM' cpod kill -s TE
cd "$TMP" || exit 1
ok "bash: a file" completes 'p.json' cpod run p.j
ok "bash: it is registered" sh -c 'bash -c ". $1; complete -p cpod"' sh "$SRC/docs/completion/cpod.bash"

# zsh is asked as a user would: in a terminal, by the tabulator.
cat >"$TMP/zshrc" <<'END'
fpath=($SRC/docs/completion $fpath)
autoload -U compinit
compinit -u -d "$TMP/zcompdump"
PS1='ready> '
END
zsh_completes () {
	mkdir -p "$TMP/zsh"
	cp "$TMP/zshrc" "$TMP/zsh/.zshrc"
	printf 'expect ready> \nsend %s\\t\nexpect %s\nsignal 9\nends 137\n' "$1" "$2" >"$TMP/script"
	ZDOTDIR=$TMP/zsh TERM=dumb "$INSIDE" drive "$TMP/script" zsh -i
}
ok "zsh: a command" zsh_completes 'cpod simu' 'late'
ok "zsh: a container" zsh_completes "cpod logs $POD-p sid" 'ecar'
ok "zsh: the file has no faults" zsh -n "$SRC/docs/completion/_cpod"

fish_completes () {
	XDG_CONFIG_HOME=$TMP/fish XDG_DATA_HOME=$TMP/fish fish -N -c "source $SRC/docs/completion/cpod.fish; complete -C '$1'" >"$TMP/got" 2>&1
	cat "$TMP/got"
	grep -q "^$2" "$TMP/got"
}
ok "fish: a command with its summary" fish_completes 'cpod stat' "status	Show"
ok "fish: a container" fish_completes "cpod exec $POD-p sid" sidecar
ok "fish: a value" fish_completes 'cpod run --wait=st' '--wait=started'

installs () {
	(cd "$BUILD" && make -s install-data DESTDIR="$TMP/dest" prefix=/usr >/dev/null 2>&1) || return 1
	for file in bash-completion/completions/cpod zsh/site-functions/_cpod fish/vendor_completions.d/cpod.fish; do
		[ -s "$TMP/dest/usr/share/$file" ] || { echo "$file is missing"; return 1; }
	done
}
ok "make install puts them where the shells look" installs
ok "the pod ends" finish p
