# What programs that are linked with libcpod rely on does not change: the exported symbols, the public structs, the
# declarations are those of src/libcpod.abi. And that comparison does see a change. `cpod` itself is such a program.
# timeout: 60
TAP_NO_TRACES=1
. "$SRC/tests/lib/tap.sh"
cd "$SRC" || exit 1

recorded=src/libcpod.abi

# abi INCLUDE LIBRARY: what is there now, in $TMP/abi.
abi () {
	"$SRC/tests/lib/abi" "$1" "$2" "$BUILD/runtimes/production.so" >"$TMP/abi" && [ "$(wc -l <"$TMP/abi")" -gt 100 ]
}

# as_recorded INCLUDE LIBRARY: whether it is what was agreed on.
as_recorded () {
	abi "$1" "$2" || return 1
	cmp -s "$recorded" "$TMP/abi" && return 0
	diff "$recorded" "$TMP/abi"
	echo "A line with < is gone: programs break. If there are only lines with >, and each is meant, and each member is"
	echo "the last of a struct that begins with size: \`make abi-update\`, and commit $recorded."
	return 1
}

# seen LINE INCLUDE LIBRARY: the comparison fails, and shows a line that has this.
seen () {
	! as_recorded "$2" "$3" >"$TMP/difference" && grep -F -e "$1" "$TMP/difference"
}

# changed SED-SCRIPT FILE: a copy of the headers with one of them changed.
changed () {
	rm -rf "$TMP/include"
	cp -r src/include "$TMP/include"
	sed "$1" "src/include/cpod/$2" >"$TMP/include/cpod/$2"
	! cmp -s "src/include/cpod/$2" "$TMP/include/cpod/$2"
}

# differs SED-SCRIPT FILE LINE: a header that is changed so is noticed.
differs () {
	changed "$1" "$2" && seen "$3" "$TMP/include" "$BUILD/libcpod.so.0"
}

# The library with one more symbol, and with one less: a program's own link of what the archive has.
other_library () {
	echo 'int cpod_pod_extra (void); __attribute__ ((visibility ("default"))) int cpod_pod_extra (void) { return 0; }' >"$TMP/extra.c"
	"${CC:-cc}" -shared -fPIC -o "$TMP/more.so" -Wl,--version-script=src/libcpod.map "$TMP/extra.c" \
		-Wl,--whole-archive "$BUILD/libcpod.a" -Wl,--no-whole-archive -lyajl -lseccomp -lcap || return 1
	sed 's/cpod_runtime_find;/cpod_no_such_thing;/' src/libcpod.map >"$TMP/less.map"
	"${CC:-cc}" -shared -fPIC -o "$TMP/less.so" -Wl,--version-script="$TMP/less.map" \
		-Wl,--whole-archive "$BUILD/libcpod.a" -Wl,--no-whole-archive -lyajl -lseccomp -lcap
}

# command_files DIRECTORY ENDING: the files of `cpod`: those of src/cli that are not cpod-oci's. `simulate` is left out: it
# shows the machine within, which no other program needs.
command_files () {
	find "$1/src/cli" -name "*$2" ! -name 'oci*' ! -name 'simulate*'
}

# command_uses: what the command calls that is behind the library, in $TMP/private unless it is exported.
command_uses () {
	command_files "$BUILD" .o | xargs "${NM:-nm}" -u | awk '$1 == "U" && $2 ~ /^cpod_/ { print $2 }' | sort -u >"$TMP/called"
	command_files "$BUILD" .o | xargs "${NM:-nm}" --defined-only | awk 'NF == 3 { print $3 }' | sort -u >"$TMP/own"
	comm -23 "$TMP/called" "$TMP/own" >"$TMP/used"
	find "$BUILD/src/pod" "$BUILD/oci" "$BUILD/probes" "$BUILD/rootfs-tools" -name '*.o' -print0 | xargs -0 "${NM:-nm}" --defined-only |
		awk 'NF == 3 { print $3 }' | sort -u >"$TMP/inside"
	sed -n 's/^libcpod\.so\.0: \([a-z_]*\)@.*/\1/p' "$recorded" | sort -u >"$TMP/exported"
	comm -12 "$TMP/used" "$TMP/inside" | comm -23 - "$TMP/exported" >"$TMP/private"
	[ -s "$TMP/used" ] && [ -s "$TMP/inside" ]
}

# public_calls: what is used is exported.
public_calls () {
	command_uses || return 1
	! grep . "$TMP/private"
}

# private_headers: a file of the command includes a header of what is behind the library.
private_headers () {
	command_files . '.[ch]' | xargs grep -nE '^#[ 	]*include "(src/pod|oci|probes|rootfs-tools)/'
}

ok "symbols, structs and declarations are those that were agreed on" as_recorded src/include "$BUILD/libcpod.so.0"
ok "a member that is added within a struct would be seen" \
	differs 's/^	uint32_t    restart;/	uint32_t    more; &/' runtime.h 'struct cpod_rt_container_config   72 restart'
ok "one that changes its place" differs 's/^	int32_t  signal; .*/	uint32_t flags;/; t; s/^	uint32_t flags; .*CPOD_RT_EXIT.*/	int32_t signal;/' \
	runtime.h 'struct cpod_rt_exit    4 flags'
ok "one that changes its type" differs 's/^	uint32_t  *restarts;/	int32_t restarts;/' cpod.h 'int32_t restarts;'
ok "a struct that grows" differs 's/^	int32_t     nsec;/& int64_t more;/' cpod.h 'struct cpod_status_error 32'
ok "a function whose arguments change" differs 's/^int cpod_pod_fd (const struct cpod_pod \*pod);/int cpod_pod_fd (struct cpod_pod *pod);/' \
	cpod.h 'int cpod_pod_fd (struct cpod_pod *pod);'
ok "an enum that changes its numbers" differs 's/CPOD_STATE_FAILING  = 2/CPOD_STATE_FAILING  = 9/' cpod.h 'CPOD_STATE_FAILING 9'
ok "a flag that changes its bit" differs 's/^\(#define CPOD_RT_CAP_STDIO  *\)(1ull << 1)/\1(1ull << 60)/' runtime.h '(1ull << 60)'
ok "the library can be linked with other symbols" other_library
ok "one symbol more would be seen" seen 'cpod_pod_extra' src/include "$TMP/more.so"
ok "and one less" seen 'cpod_runtime_find' src/include "$TMP/less.so"

ok "the command includes no header from behind the library" no private_headers
ok "and calls nothing that is not exported" public_calls
