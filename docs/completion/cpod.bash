# bash completion for cpod(1): the command itself knows what may come next.
# shellcheck shell=bash

_cpod () {
	local words=() attached='' word rest i cur
	# bash has split the line at "=", too: what belongs together is put together again.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ ${#words[@]} -gt 0 && ( $word == = || $attached == yes ) ]]; then
			words[${#words[@]} - 1]+=$word
			attached=
			[[ $word != = ]] || attached=yes
		else
			words+=("$word")
		fi
	done
	cur=${words[${#words[@]} - 1]}
	COMPREPLY=()
	while IFS=$'\t' read -r word rest; do
		if [[ $word == :file ]]; then
			compopt -o filenames 2>/dev/null
			while IFS= read -r rest; do COMPREPLY+=("$rest"); done < <(compgen -f -- "${cur#--*=}")
			continue
		fi
		# Only what stands behind the "=" is replaced.
		[[ $cur != --*=* || $COMP_WORDBREAKS != *=* ]] || word=${word#*=}
		COMPREPLY+=("$word")
	done < <("${COMP_WORDS[0]/#\~/$HOME}" __complete "${words[@]}" 2>/dev/null)
}
complete -F _cpod cpod
