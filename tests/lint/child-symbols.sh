# What runs after clone calls nothing but itself: no C library, no allocator, no locale. All objects of
# pod init together must have no undefined symbol, and the program no interpreter and no libraries.
TAP_NO_TRACES=1
. "$SRC/tests/lib/tap.sh"

# Symbols that pod init's objects may leave undefined; each needs its reason here. None so far.
allowed=''

undefined () {
	ld -r -o "$TMP/all.o" "$BUILD"/oci/init/*.init.o || return 1
	"${NM:-nm}" -u "$TMP/all.o" | awk '{ print $NF }' >"$TMP/undefined"
	for symbol in $allowed; do
		grep -vx "$symbol" "$TMP/undefined" >"$TMP/rest"
		mv "$TMP/rest" "$TMP/undefined"
	done
	[ ! -s "$TMP/undefined" ] || { echo "undefined in the child's objects:"; cat "$TMP/undefined"; return 1; }
}

no_writable_code () {
	readelf -lW "$BUILD/oci/init/cpod-init" >"$TMP/segments" || return 1
	! grep -E 'LOAD.* RWE|GNU_STACK.* RWE' "$TMP/segments"
}

no_interpreter () {
	! readelf -lW "$BUILD/oci/init/cpod-init" | grep -E 'INTERP|DYNAMIC'
}

small () {
	size=$(wc -c <"$BUILD/oci/init/cpod-init")
	[ "$size" -lt 65536 ] || { echo "$size bytes"; return 1; }
}

ok "the child's objects call nothing from outside" undefined
ok "the child's program has no interpreter and no libraries" no_interpreter
ok "no segment of the child's program is writable and executable" no_writable_code
ok "the child's program is smaller than 64 KiB" small
