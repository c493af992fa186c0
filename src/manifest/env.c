/* The variables of a container: envFrom, then env; values, references, $(NAME).
 *
 * A variable is expanded from those before it, as Kubernetes does: what has no value stays as it is
 * written. A later variable of a name takes the place of the earlier one. Expansion can double a value
 * with every line, so a value is bounded by what an exec takes.
 */
#include "manifest.h"

#include "src/base/base64.h"
#include "src/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRING_MAX 131071u     /* execve(2): MAX_ARG_STRLEN without the NUL */

/* ---- $(NAME) ------------------------------------------------------------------------------- */

/* The value of the len bytes at name, or NULL. */
static const char *
find_value (const struct cpod_manifest_variables *variables, const char *name, size_t len)
{
	char text[512];
	size_t number;

	if (len >= sizeof (text))
		return NULL;
	memcpy (text, name, len);
	text[len] = '\0';
	number = cpod_names_find (&variables->names, text);
	return number == CPOD_NAMES_NONE ? NULL : variables->items[number].value;
}

/* Adds what begins with '$' at text; returns what follows it. */
static const char *
add_expansion (struct cpod_manifest *m, struct cpod_str *out, const char *text,
               const struct cpod_manifest_variables *variables,
               const char **unknown)
{
	const char *end, *value;
	size_t len;

	if (text[1] == '$') {
		cpod_str_add_char (out, '$');
		return text + 2;
	}
	end = text[1] == '(' ? strchr (text, ')') : NULL;
	if (!end) {
		cpod_str_add_char (out, '$');
		return text + 1;
	}
	len = (size_t) (end - text) - 2;
	value = find_value (variables, text + 2, len);
	if (value) {
		cpod_str_add (out, value);
		return end + 1;
	}
	if (unknown && !*unknown)
		*unknown = cpod_arena_strndup (m->arena, text + 2, len);
	cpod_str_add_bytes (out, text, len + 3);
	return end + 1;
}

int
cpod_manifest_expand (struct cpod_manifest *m, const char *text, const struct cpod_manifest_variables *variables,
                      const char **ret_text, const char **ret_unknown)
{
	cpod_autostr out = CPOD_STR_INIT;

	if (ret_unknown)
		*ret_unknown = NULL;
	if (!strchr (text, '$')) {
		*ret_text = text;
		return strlen (text) > STRING_MAX ? -E2BIG : 0;
	}
	while (*text && out.len <= STRING_MAX) {
		size_t plain = strcspn (text, "$");

		cpod_str_add_bytes (&out, text, plain);
		text += plain;
		if (*text)
			text = add_expansion (m, &out, text, variables, ret_unknown);
	}
	if (out.len > STRING_MAX)
		return -E2BIG;
	*ret_text = cpod_str_failed (&out) ? NULL : cpod_arena_strdup (m->arena, out.data ? out.data : "");
	return *ret_text ? 0 : -ENOMEM;
}

/* ---- Fields of the pod --------------------------------------------------------------------- */

static const char *
pair_value (const struct cpod_pairs *pairs, const char *key, size_t len)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (strncmp (pairs->items[i].key, key, len) == 0 && !pairs->items[i].key[len])
			return pairs->items[i].value;
	return NULL;
}

static int
compare_pairs (const void *a, const void *b)
{
	return strcmp (((const struct cpod_pair *) a)->key, ((const struct cpod_pair *) b)->key);
}

/* All pairs, sorted, one a line: key="value". NULL: memory. */
static const char *
format_pairs (struct cpod_manifest *m, const struct cpod_pairs *pairs)
{
	struct cpod_pair *sorted = cpod_arena_array (m->arena, pairs->n + 1, sizeof (*sorted));
	cpod_autostr out = CPOD_STR_INIT;

	if (!sorted)
		return NULL;
	if (pairs->n > 0)
		memcpy (sorted, pairs->items, pairs->n * sizeof (*sorted));
	qsort (sorted, pairs->n, sizeof (*sorted), compare_pairs);
	for (size_t i = 0; i < pairs->n; i++) {
		cpod_str_printf (&out, "%s%s=", i > 0 ? "\n" : "", sorted[i].key);
		cpod_json_write_string (&out, sorted[i].value);
	}
	return cpod_str_failed (&out) ? NULL : cpod_arena_strdup (m->arena, out.data ? out.data : "");
}

/* The key in KIND['key'], or NULL. *ret_len: its length. */
static const char *
subscript (const char *path, const char *kind, size_t *ret_len)
{
	size_t len = strlen (kind), all = strlen (path);

	if (strncmp (path, kind, len) != 0 || all < len + 4 || strncmp (path + len, "['", 2) != 0
	    || strcmp (path + all - 2, "']") != 0)
		return NULL;
	*ret_len = all - len - 4;
	return path + len + 2;
}

static const char *
node_name (struct cpod_manifest *m)
{
	char name[256] = "";

	if (m->pod->node_name)
		return m->pod->node_name;
	if (gethostname (name, sizeof (name) - 1) < 0)
		return "localhost";
	return cpod_arena_strdup (m->arena, name);
}

/* metadata.labels['KEY'] or metadata.annotations['KEY']; an absent one is empty. NULL: it is neither. */
static const char *
subscripted_value (struct cpod_manifest *m, const char *path)
{
	const struct { const char *kind; const struct cpod_pairs *pairs; } kinds[] = {
		{ "metadata.labels", &m->meta->labels }, { "metadata.annotations", &m->meta->annotations },
	};
	const char *key, *value;
	size_t len;

	for (size_t i = 0; i < 2; i++) {
		key = subscript (path, kinds[i].kind, &len);
		if (!key)
			continue;
		value = pair_value (kinds[i].pairs, key, len);
		return value ? value : "";
	}
	return NULL;
}

/* The value of a path that has no subscript; *ret stays NULL where it is not known. -ENOMEM. */
static int
plain_value (struct cpod_manifest *m, const char *path, bool files, const char **ret)
{
	const char *account = m->pod->service_account ? m->pod->service_account : "default";
	const struct { const char *path, *value; } known[] = {
		{ "metadata.name", m->name }, { "metadata.namespace", m->name_space }, { "metadata.uid", m->uid },
		{ "spec.serviceAccountName", account },
	};
	bool host_ip = strcmp (path, "status.hostIP") == 0 || strcmp (path, "status.hostIPs") == 0;
	bool pod_ip = strcmp (path, "status.podIP") == 0 || strcmp (path, "status.podIPs") == 0;

	for (size_t i = 0; i < sizeof (known) / sizeof (known[0]); i++) {
		if (strcmp (known[i].path, path) != 0)
			continue;
		*ret = known[i].value;
		return 0;
	}
	if (files && strcmp (path, "metadata.labels") == 0)
		*ret = format_pairs (m, &m->meta->labels);
	else if (files && strcmp (path, "metadata.annotations") == 0)
		*ret = format_pairs (m, &m->meta->annotations);
	else if (!files && strcmp (path, "spec.nodeName") == 0)
		*ret = node_name (m);
	else if (!files && pod_ip && !m->pod->host_network.value)
		*ret = "127.0.0.1";   /* all that the pod's own network has */
	else if (!files && (host_ip || pod_ip))
		*ret = cpod_manifest_host_address (m);
	else
		return 0;
	return *ret ? 0 : -ENOMEM;
}

int
cpod_manifest_field (struct cpod_manifest *m, const struct cpod_manifest_field_ref *ref, bool files,
                     const char **ret_value, struct cpod_error *err)
{
	const char *value;

	if (!ref->path || !*ref->path)
		return cpod_manifest_required (m->decoder, ref->at, "fieldPath", NULL, err);
	if (ref->api_version && strcmp (ref->api_version, "v1") != 0)
		return cpod_manifest_bad (m->decoder, ref->at, "apiVersion", err, "only \"v1\" is known");
	value = subscripted_value (m, ref->path);
	if (!value && plain_value (m, ref->path, files, &value) < 0)
		return cpod_error_oom (err);
	if (!value)
		return cpod_manifest_bad (m->decoder, ref->at, "fieldPath", err, "field label not supported: %.100s",
		                          ref->path);
	*ret_value = value;
	return 0;
}

/* ---- Variables ----------------------------------------------------------------------------- */

/* Adds a variable, or gives an earlier one of the name a new value. */
static int
set_variable (struct cpod_manifest *m, struct cpod_manifest_variables *variables, const char *name, const char *value,
              const struct cpod_json *at, struct cpod_error *err)
{
	struct cpod_manifest_variable *items;
	size_t number;

	if (cpod_names_add (&variables->names, name, variables->n, &number) < 0)
		return cpod_error_oom (err);
	if (number == variables->capacity) {
		size_t capacity = variables->capacity ? variables->capacity * 2 : 16;

		items = cpod_arena_array (m->arena, capacity, sizeof (*items));
		if (!items)
			return cpod_error_oom (err);
		if (variables->n > 0)
			memcpy (items, variables->items, variables->n * sizeof (*items));
		variables->items = items;
		variables->capacity = capacity;
	}
	variables->items[number] = (struct cpod_manifest_variable) { name, value, at };
	variables->n += number == variables->n;
	return 0;
}

/* A name that env(7) can hold: printable ASCII, no '='. */
static bool
is_variable_name (const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (*name < ' ' || *name > '~' || *name == '=')
			return false;
	return true;
}

/* The data of a key as the text of a variable. */
static int
text_of_key (struct cpod_manifest *m, bool secret, const char *name, const char *key, const struct cpod_json *at,
             const char **ret_text, struct cpod_error *err)
{
	struct cpod_manifest_value value;
	char *bytes;
	size_t len;
	int ret = cpod_manifest_value (m, secret, name, key, &value, err);

	if (ret < 0)
		return ret;
	*ret_text = value.text;
	if (!value.base64)
		return 0;
	ret = cpod_base64_decode (value.text, m->arena, &bytes, &len);
	if (ret == -ENOMEM)
		return cpod_error_oom (err);
	if (strlen (bytes) != len)
		return cpod_decode_error (m->decoder, at, err,
		                          "the value of \"%.100s\" has a NUL byte, which no variable can have", key);
	*ret_text = bytes;
	return 0;
}

/* A configMapKeyRef or secretKeyRef; *ret_text stays NULL for an optional one that is not there. */
static int
key_value (struct cpod_manifest *m, const struct cpod_manifest_key_ref *ref, bool secret, const char **ret_text,
           struct cpod_error *err)
{
	struct cpod_error failure;
	const char *reason;
	int ret;

	if (!ref->name || !*ref->name)
		return cpod_manifest_required (m->decoder, ref->at, "name", NULL, err);
	if (!ref->key || !*ref->key)
		return cpod_manifest_required (m->decoder, ref->at, "key", NULL, err);
	reason = cpod_manifest_key_error (ref->key);
	if (reason)
		return cpod_manifest_bad (m->decoder, ref->at, "key", err, "%s", reason);
	ret = text_of_key (m, secret, ref->name, ref->key, ref->at, ret_text, &failure);
	if (ret == -ENOENT && ref->optional.value)
		return 0;
	if (ret == -ENOENT)
		return cpod_decode_error (m->decoder, ref->at, err, "%s", failure.message);
	if (ret < 0 && err)
		*err = failure;
	return ret;
}

/* valueFrom: exactly one source. */
static int
value_from (struct cpod_manifest *m, const struct cpod_manifest_env_source *from, size_t number, const char **ret_text,
            struct cpod_error *err)
{
	unsigned int n = (from->config_map != NULL) + (from->secret != NULL) + (from->field != NULL) + (from->resource != NULL);
	const char *source = from->config_map ? "configMapKeyRef" : from->secret ? "secretKeyRef"
	                     : from->field ? "fieldRef" : "resourceFieldRef";

	if (n == 0)
		return cpod_manifest_invalid (m->decoder, from->at, err,
		                              "must specify one of: `fieldRef`, `resourceFieldRef`, "
		                              "`configMapKeyRef`, `secretKeyRef`");
	if (n > 1)
		return cpod_manifest_invalid (m->decoder, from->at, err,
		                              "may not have more than one field specified at a time");
	cpod_decode_push (m->decoder, source);
	if (from->config_map || from->secret)
		return key_value (m, from->config_map ? from->config_map : from->secret, from->secret != NULL, ret_text, err);
	if (from->field)
		return cpod_manifest_field (m, from->field, false, ret_text, err);
	return cpod_manifest_resource (m, from->resource, number, ret_text, err);
}

/* One of env. */
static int
add_env (struct cpod_manifest *m, const struct cpod_manifest_env *env, size_t number,
         struct cpod_manifest_variables *variables,
         struct cpod_error *err)
{
	const char *value = NULL;
	int ret;

	if (!env->name || !*env->name)
		return cpod_manifest_required (m->decoder, env->at, "name", NULL, err);
	if (!is_variable_name (env->name))
		return cpod_manifest_bad (m->decoder, env->at, "name", err,
		                          "a valid environment variable name must consist only of "
		                          "printable ASCII characters other than '='");
	if (env->from && env->value && *env->value)
		return cpod_manifest_bad (m->decoder, env->at, "valueFrom", err,
		                          "may not be specified when `value` is not empty");
	if (env->from) {
		size_t old_len = cpod_decode_push (m->decoder, "valueFrom");

		ret = value_from (m, env->from, number, &value, err);
		if (ret < 0 || !value)
			return ret;
		cpod_decode_pop (m->decoder, old_len);
		return set_variable (m, variables, env->name, value, env->at, err);
	}
	ret = cpod_manifest_expand (m, env->value ? env->value : "", variables, &value, NULL);
	if (ret == -E2BIG)
		return cpod_manifest_bad (m->decoder, env->at, "value", err,
		                          "with its references expanded it is longer than %u bytes, "
		                          "more than a program can be given", STRING_MAX);
	return ret < 0 ? cpod_error_oom (err) : set_variable (m, variables, env->name, value, env->at, err);
}

/* One of envFrom: every key of a ConfigMap or Secret. */
static int
add_env_from (struct cpod_manifest *m, const struct cpod_manifest_env_from *from, struct cpod_manifest_variables *variables,
              struct cpod_error *err)
{
	const struct cpod_manifest_key_ref *ref = from->config_map ? from->config_map : from->secret;
	const char *source = from->config_map ? "configMapRef" : "secretRef", *name, *value;
	bool secret = !from->config_map;
	const struct cpod_manifest_data *data;
	size_t n;
	int ret = 0;

	if (!ref)
		return cpod_manifest_invalid (m->decoder, from->at, err,
		                              "must specify one of: `configMapRef` or `secretRef`");
	if (from->config_map && from->secret)
		return cpod_manifest_invalid (m->decoder, from->at, err,
		                              "may not have more than one field specified at a time");
	cpod_decode_push (m->decoder, source);
	if (!ref->name || !*ref->name)
		return cpod_manifest_required (m->decoder, ref->at, "name", NULL, err);
	data = cpod_manifest_data (m, secret, ref->name);
	if (!data && ref->optional.value)
		return 0;
	if (!data)
		return cpod_decode_error (m->decoder, ref->at, err, "%s \"%.100s\" not found",
		                          secret ? "secret" : "configmap", ref->name);
	n = secret ? data->data.n + data->more.n : data->data.n;
	for (size_t i = 0; i < n && ret == 0; i++) {
		const char *key = cpod_manifest_pair (data, i)->key;

		name = from->prefix && *from->prefix ? cpod_arena_printf (m->arena, "%s%s", from->prefix, key) : key;
		if (!name)
			return cpod_error_oom (err);
		ret = text_of_key (m, secret, ref->name, key, ref->at, &value, err);
		if (ret == 0)
			ret = set_variable (m, variables, name, value, ref->at, err);
	}
	return ret;
}

int
cpod_manifest_variables (struct cpod_manifest *m, const struct cpod_manifest_container *container, size_t number,
                         struct cpod_manifest_variables *ret, struct cpod_error *err)
{
	const struct cpod_manifest_env_from *from = container->env_from.items;
	const struct cpod_manifest_env *env = container->env.items;
	size_t base = m->decoder->path_len;
	int status = 0;

	memset (ret, 0, sizeof (*ret));
	cpod_names_init (&ret->names, m->arena);
	for (size_t i = 0; i < container->env_from.n && status == 0; i++) {
		cpod_decode_push (m->decoder, "envFrom");
		cpod_decode_push_index (m->decoder, i);
		status = add_env_from (m, &from[i], ret, err);
		if (status == 0)
			cpod_decode_pop (m->decoder, base);
	}
	for (size_t i = 0; i < container->env.n && status == 0; i++) {
		cpod_decode_push (m->decoder, "env");
		cpod_decode_push_index (m->decoder, i);
		status = add_env (m, &env[i], number, ret, err);
		if (status == 0)
			cpod_decode_pop (m->decoder, base);
	}
	return status;
}
