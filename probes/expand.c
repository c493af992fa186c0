/* $(NAME) in the command of a probe.
 *
 * The rules are Kubernetes': $(NAME) becomes the value that the container's static environment has
 * for NAME; without such a value it stays as it is; $$ is one $; a $ before anything else is itself.
 * No shell is involved, and a value is not expanded again.
 */
#include "probe-spec.h"

#include "src/base/str.h"

#include <string.h>

/* The value of the len bytes at name in env (NULL-terminated "NAME=VALUE"; the last one counts), or NULL. */
static const char *
find_value (const char *const *env, const char *name, size_t len)
{
	const char *value = NULL;

	for (; env && *env; env++)
		if (strncmp (*env, name, len) == 0 && (*env)[len] == '=')
			value = *env + len + 1;
	return value;
}

/* Adds the expansion of the text that begins with '$'. Returns what follows it. */
static const char *
add_expansion (struct cpod_str *out, const char *text, const char *const *env)
{
	const char *end, *value;

	if (text[1] == '$') {
		cpod_str_add_char (out, '$');
		return text + 2;
	}
	end = text[1] == '(' ? strchr (text, ')') : NULL;
	if (!end) {
		cpod_str_add_char (out, '$');
		return text + 1;
	}
	value = find_value (env, text + 2, (size_t) (end - text) - 2);
	if (value)
		cpod_str_add (out, value);
	else
		cpod_str_add_bytes (out, text, (size_t) (end - text) + 1);
	return end + 1;
}

/* One argument; NULL: memory. */
static const char *
expand (const char *text, const char *const *env, struct cpod_arena *arena)
{
	cpod_autostr out = CPOD_STR_INIT;

	if (!strchr (text, '$'))
		return text;
	while (*text) {
		size_t plain = strcspn (text, "$");

		cpod_str_add_bytes (&out, text, plain);
		text += plain;
		if (*text)
			text = add_expansion (&out, text, env);
	}
	return cpod_str_failed (&out) ? NULL : cpod_arena_strdup (arena, out.data ? out.data : "");
}

const char **
cpod_probe_expand (const char *const *argv, const char *const *env, struct cpod_arena *arena)
{
	const char **expanded;
	size_t n = 0;

	while (argv[n])
		n++;
	expanded = cpod_arena_array (arena, n + 1, sizeof (*expanded));
	for (size_t i = 0; expanded && i < n; i++) {
		expanded[i] = expand (argv[i], env, arena);
		if (!expanded[i])
			return NULL;
	}
	return expanded;
}
