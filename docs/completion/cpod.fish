# fish completion for cpod(1): the command itself knows what may come next.

function __cpod_complete
	set -l words (commandline -opc)
	set -l token (commandline -ct)
	set -l command $words[1]
	set -e words[1]
	for line in ($command __complete $words "$token" 2>/dev/null)
		if test "$line" = :file
			__fish_complete_path "$token"
		else
			echo $line
		end
	end
end

complete -c cpod -f -a '(__cpod_complete)'
