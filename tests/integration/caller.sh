# A pod's life within a program changes nothing of that program: no signal, descriptor, directory, right, namespace,
# limit, mount; nothing is printed, no child is left. Also beside threads, and whatever it does about SIGCHLD.
# where: host
. "$SRC/tests/lib/tap.sh"
. "$SRC/tests/lib/pod.sh"

build () {
	"${CC:-cc}" -std=gnu11 -Wall -Wextra -Werror -O2 -pthread -I"$SRC/src/include" "$SRC/tests/lib/caller.c" "$BUILD/libcpod.so.0" \
		-Wl,-rpath,"$BUILD" -o "$TMP/caller"
}

# The marker of this test would be seen in the environment of containers only if they inherited it: they do not.
ok "a program that looks at itself compiles" build
ok "a pod's life changes nothing of its caller" timeout 40 "$TMP/caller" plain "$TMP/root"
ok "nor of any of eight threads that each have pods at once" timeout 50 "$TMP/caller" threads "$TMP/root"
ok "nor of a caller that ignores SIGCHLD; ends are told all the same" timeout 40 "$TMP/caller" ignored "$TMP/root"
ok "nor of one that waits for every child" timeout 40 "$TMP/caller" stolen "$TMP/root"
ok "nor of one with handlers and timers, whose system calls are interrupted" timeout 40 "$TMP/caller" handled "$TMP/root"

# The same from C++, and from C11 to the letter: every function that the headers declare can be called.
cat >"$TMP/use.c" <<'END'
#include <cpod/cpod.h>
#include <cpod/runtime.h>
#include <string.h>
#define USE(function) ((void (*) (void)) (function))
int main (void) {
	void (*functions[]) (void) = {
@FUNCTIONS@
	};
	struct cpod_pod_options options;
	struct cpod_error error;
	struct cpod_spec *spec = 0;
	struct cpod_pod *pod = 0;
	char text[] = "{\"containers\": []}";
	memset (&options, 0, sizeof (options));
	options.size = sizeof (options);
	if (cpod_spec_parse ("empty", text, sizeof (text) - 1, 0, &spec, &error) < 0) return 1;
	if (cpod_pod_create (spec, &options, &pod, &error) < 0) return 2;
	cpod_spec_destroy (spec);
	if (cpod_pod_start (pod, &error) < 0 || cpod_pod_run (pod, &error) < 0) return 3;
	cpod_pod_destroy (pod);
	return functions[0] ? 0 : 4;
}
END
sed -n 's/^libcpod\.so\.0: \(cpod_[a-z_]*\)@.*/		USE (\1),/p' "$SRC/src/libcpod.abi" >"$TMP/functions"
sed -e "/@FUNCTIONS@/r $TMP/functions" -e '/@FUNCTIONS@/d' "$TMP/use.c" >"$TMP/all.c"

# speaks LANGUAGE OPTION...: a program in it calls the library.
speaks () {
	"${CC:-cc}" -x "$@" -Wall -Wextra -Werror -I"$SRC/src/include" "$TMP/all.c" -x none "$BUILD/libcpod.so.0" \
		-Wl,-rpath,"$BUILD" -o "$TMP/all" && "$TMP/all"
}

ok "the record names the functions" test "$(wc -l <"$TMP/functions")" -ge 20
ok "C11 calls every one" speaks c -std=c11 -pedantic -Wno-cast-function-type
ok "so does C++17" speaks c++ -std=c++17 -pedantic -Wno-cast-function-type
ok "and C++11" speaks c++ -std=c++11 -pedantic -Wno-cast-function-type
