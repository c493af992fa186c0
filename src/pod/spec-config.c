/* Between the pod spec and a runtime: what the runtime is told, and where its complaints belong. */
#include "spec.h"

#include "locate.h"
#include "runtimes.h"

#include "src/base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
cpod_spec_pod_config (const struct cpod_spec *spec, const char *uid, const char *state_dir,
                      const char *cgroup_parent, struct cpod_spec_pod_config *ret, struct cpod_error *err)
{
	struct cpod_rt_volume *volumes;
	int status;

	memset (ret, 0, sizeof (*ret));
	cpod_arena_init (&ret->arena, 0);
	if (cpod_spec_render (spec, 0, &ret->json) < 0)
		return cpod_error_oom (err);
	status = cpod_volumes_for_runtime (spec->volumes, spec->n_volumes, state_dir, &ret->arena, &volumes, err);
	if (status < 0)
		return status;
	ret->config = (struct cpod_rt_pod_config) {
		.size = sizeof (ret->config),
		.name = spec->name,
		.uid = uid,
		.hostname = spec->hostname ? spec->hostname : spec->name,
		.pod_json = ret->json.data,
		.pod_len = ret->json.len,
		.state_dir = state_dir,
		.cgroup_parent = cgroup_parent,
		.flags = (spec->host_network ? CPOD_RT_POD_HOST_NETWORK : 0) | (spec->host_pid ? CPOD_RT_POD_HOST_PID : 0)
		         | (spec->own_users ? CPOD_RT_POD_OWN_USERS : 0)
		         | (spec->host_users ? CPOD_RT_POD_HOST_USERS : 0)
		         | (spec->host_ipc ? CPOD_RT_POD_HOST_IPC : 0) | (spec->share_pid ? CPOD_RT_POD_SHARE_PID : 0),
		.volumes = volumes,
		.n_volumes = spec->n_volumes,
	};
	return 0;
}

void
cpod_spec_pod_config_finish (struct cpod_spec_pod_config *config)
{
	cpod_str_finish (&config->json);
	cpod_arena_finish (&config->arena);
}

int
cpod_spec_container_config (const struct cpod_spec *spec, const struct cpod_container_spec *container,
                            const char *id, const char *message_file, struct cpod_spec_container_config *ret,
                            struct cpod_error *err)
{
	memset (ret, 0, sizeof (*ret));
	if (container->metadata)
		cpod_json_write (&ret->metadata, container->metadata, 0);
	else
		cpod_str_add (&ret->metadata, "{}");
	if (cpod_str_failed (&ret->metadata) || cpod_spec_render_oci (container, message_file, &ret->oci) < 0)
		return cpod_error_oom (err);
	ret->config = (struct cpod_rt_container_config) {
		.size = sizeof (ret->config),
		.name = container->name,
		.id = id,
		.spec_json = ret->oci.data,
		.spec_len = ret->oci.len,
		.metadata_json = ret->metadata.data,
		.metadata_len = ret->metadata.len,
		.stdio_fd = { -1, -1, -1 },
		.flags = spec->load_flags & CPOD_LOAD_STRICT ? CPOD_RT_CONFIG_STRICT : 0,
	};
	return 0;
}

void
cpod_spec_container_config_finish (struct cpod_spec_container_config *config)
{
	cpod_str_finish (&config->oci);
	cpod_str_finish (&config->metadata);
}

/* What follows "LINE:COL: ", a place in the text that the runtime was given and the user has never seen. */
static const char *
skip_place (const char *message)
{
	size_t line = strspn (message, "0123456789"), column;

	if (line == 0 || message[line] != ':')
		return message;
	column = strspn (message + line + 1, "0123456789");
	if (column == 0 || strncmp (message + line + 1 + column, ": ", 2) != 0)
		return message;
	return message + line + 1 + column + 2;
}

int
cpod_spec_locate_error (const struct cpod_spec *spec, const struct cpod_container_spec *container, int ret,
                        struct cpod_error *err)
{
	const struct cpod_json *at;
	struct cpod_error inner;
	const char *message;
	size_t len, first = 0;

	if (!err)
		return ret;
	inner = *err;
	message = skip_place (inner.message);
	len = cpod_locate_path (message, &first);
	if (len == 0 && message > inner.message) {   /* of the spec as a whole, such as an unknown property */
		at = container->oci;
		cpod_error_set (err, inner.code, "%s:%u:%u: %s: %s", spec->file, at->line, at->column, container->path, message);
		return ret;
	}
	if (len > 0 && spec->from_manifest && cpod_spec_is_oci_key (message, first)) {   /* not a path that the user wrote */
		at = cpod_locate (container->oci, message, len);
		cpod_error_set (err, inner.code, "%s:%u:%u: container %s: %s", spec->file, at->line, at->column, container->name, message);
		return ret;
	}
	if (len == 0 || !cpod_spec_is_oci_key (message, first)) {
		cpod_error_set (err, inner.code, "%s: container %s: %s", spec->file, container->name, message);
		return ret;
	}
	at = cpod_locate (container->oci, message, len);
	cpod_error_set (err, inner.code, "%s:%u:%u: %s.%s", spec->file, at->line, at->column, container->path, message);
	return ret;
}

void
cpod_spec_locate_warning (void *data, const char *message)
{
	const struct cpod_spec_warn *warn = data;
	struct cpod_error located = { .code = EINVAL };

	if (!warn->warn)
		return;
	cpod_error_set (&located, EINVAL, "%s", message);
	cpod_spec_locate_error (warn->spec, warn->container, -EINVAL, &located);
	warn->warn (warn->data, located.message);
}

/* ---- Describing -------------------------------------------------------------------------- */

/* Adds text to out, each line indented. */
static void
add_indented (struct cpod_str *out, const char *text)
{
	while (*text) {
		size_t len = strcspn (text, "\n");

		if (len > 0) {
			cpod_str_add (out, "  ");
			cpod_str_add_bytes (out, text, len);
		}
		cpod_str_add_char (out, '\n');
		text += len + (text[len] == '\n');
	}
}

/* A warning becomes a line of the description. */
static void
add_warning (void *data, const char *message)
{
	cpod_str_printf (data, "  warning: %s\n", message);
}

static int
describe_container (const struct cpod_spec *spec, const struct cpod_container_spec *container,
                    const struct cpod_runtime *runtime, const struct cpod_rt_pod_config *pod, struct cpod_str *out,
                    struct cpod_error *err)
{
	struct cpod_spec_warn warn = { spec, container, add_warning, out };
	struct cpod_spec_container_config config;
	char *text = NULL;
	int ret = cpod_spec_container_config (spec, container, container->name, NULL, &config, err);

	if (ret == 0) {
		config.config.warn = cpod_spec_locate_warning;
		config.config.warn_data = &warn;
		cpod_str_printf (out, "%s %s\n", container->init ? "init container" : "container", container->name);
		ret = runtime->async->describe (pod, &config.config, &text, err);
		if (ret < 0)
			cpod_spec_locate_error (spec, container, ret, err);
	}
	if (ret == 0) {
		add_indented (out, text);
		free (text);
	}
	cpod_spec_container_config_finish (&config);
	return ret;
}

/* True when the runtime's table is long enough to have describe, and has it. */
static bool
can_describe (const struct cpod_runtime *runtime)
{
	const struct cpod_runtime_async *async = runtime->async;

	return async && async->size >= offsetof (struct cpod_runtime_async, describe) + sizeof (async->describe)
	       && async->describe;
}

/* The pod without its containers, which are described one at a time: {"name": ..., "hostView": ...}. */
static void
render_pod_alone (const struct cpod_spec *spec, struct cpod_spec_pod_config *pod)
{
	cpod_str_clear (&pod->json);
	cpod_str_add (&pod->json, "{\"name\":");
	cpod_json_write_string (&pod->json, spec->name);
	if (spec->host_view) {
		cpod_str_add (&pod->json, ",\"hostView\":");
		cpod_json_write (&pod->json, spec->host_view, 0);
	}
	cpod_str_add_char (&pod->json, '}');
	pod->config.pod_json = pod->json.data;
	pod->config.pod_len = pod->json.len;
}

int
cpod_spec_describe (const struct cpod_spec *spec, const struct cpod_runtime *runtime, char **ret_text,
                    struct cpod_error *err)
{
	struct cpod_spec_pod_config pod;
	cpod_autostr out = CPOD_STR_INIT;
	int ret;

	if (!runtime)
		runtime = &cpod_runtime_production;
	if (!can_describe (runtime))
		return cpod_error_set (err, ENOTSUP, "the runtime %s cannot tell what it would do", runtime->name);
	ret = cpod_spec_pod_config (spec, "00000000-0000-0000-0000-000000000000", NULL, NULL, &pod, err);
	if (ret == 0)
		render_pod_alone (spec, &pod);
	for (size_t i = 0; i < spec->n_containers && ret == 0; i++)
		ret = describe_container (spec, &spec->containers[i], runtime, &pod.config, &out, err);
	cpod_spec_pod_config_finish (&pod);
	if (ret < 0)
		return ret;
	cpod_str_add (&out, "");
	if (cpod_str_failed (&out))
		return cpod_error_oom (err);
	*ret_text = cpod_str_steal (&out);
	return 0;
}
