/* The schema of probes and hooks, checked with Kubernetes' words before the native decoder reads them.
 *
 * The rules are those of the API's validation: one handler, numbers that are not negative, one success
 * for liveness and startup, a grace of its own only where a probe kills. A port's name is looked up
 * among the container's ports and replaced by its number, since a native entry has no ports.
 */
#include "manifest.h"

#include "src/base/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The value of a number in an object, or 0: absent, or no integer (the decoder says so). */
static int64_t
number_of (const struct cpod_json *object, const char *name)
{
	const struct cpod_json *member = cpod_json_get (object, name);

	return member && member->type == CPOD_JSON_NUMBER ? strtoll (member->text, NULL, 10) : 0;
}

/* A port that is no number must be the name of one of the container's; *ret: the number to stand in its place. */
static int
resolve_port (struct cpod_manifest *m, const struct cpod_manifest_container *container, const struct cpod_json *port,
              struct cpod_json **ret, struct cpod_error *err)
{
	const struct cpod_manifest_port *ports = container->ports.items;
	int64_t number;

	if (port->type == CPOD_JSON_NUMBER) {
		number = strtoll (port->text, NULL, 10);
		if (port->text[strspn (port->text, "-0123456789")] || number < 1 || number > 65535)
			return cpod_manifest_invalid (m->decoder, port, err, "must be between 1 and 65535, inclusive");
		*ret = cpod_manifest_share (m, port);
		return *ret ? 0 : cpod_error_oom (err);
	}
	if (port->type != CPOD_JSON_STRING)
		return cpod_decode_error (m->decoder, port, err, "expected a number or the name of a port, found %s",
		                          cpod_json_type_name (port->type));
	for (size_t i = 0; i < container->ports.n; i++) {
		if (!ports[i].name || strcmp (ports[i].name, port->text) != 0)
			continue;
		*ret = cpod_manifest_int (m, ports[i].number.value, port);
		return *ret ? 0 : cpod_error_oom (err);
	}
	return cpod_manifest_invalid (m->decoder, port, err, "the container has no port of that name");
}

/* A handler that has a port: a copy with the number in it. */
static int
copy_handler (struct cpod_manifest *m, const struct cpod_manifest_container *container, const struct cpod_json *handler,
              struct cpod_json **ret, struct cpod_error *err)
{
	struct cpod_json *copy = cpod_manifest_node (m, CPOD_JSON_OBJECT, handler), *child;
	int status;

	if (handler->type != CPOD_JSON_OBJECT)
		return cpod_decode_error (m->decoder, handler, err, "expected an object, found %s",
		                          cpod_json_type_name (handler->type));
	for (const struct cpod_json *member = handler->first; member; member = member->next) {
		child = NULL;
		status = 0;
		if (strcmp (member->key, "port") == 0) {
			size_t old_len = cpod_decode_push (m->decoder, "port");

			status = resolve_port (m, container, member, &child, err);
			if (status == 0)
				cpod_decode_pop (m->decoder, old_len);
		} else {
			child = cpod_manifest_share (m, member);
		}
		if (status < 0)
			return status;
		copy = cpod_manifest_add (copy, member->key, child);
	}
	*ret = copy;
	return copy ? 0 : cpod_error_oom (err);
}

static bool
is_one_of (const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp (*words, word) == 0)
			return true;
	return false;
}

/* A probe or hook with each handler's port resolved; exactly one handler. */
static int
copy_probe (struct cpod_manifest *m, const struct cpod_manifest_container *container, const struct cpod_json *probe,
            const char *const *handlers, const struct cpod_json **ret, struct cpod_error *err)
{
	static const char *const with_port[] = { "httpGet", "tcpSocket", "grpc", NULL };
	struct cpod_json *copy = cpod_manifest_node (m, CPOD_JSON_OBJECT, probe), *child = NULL;
	unsigned int n = 0;
	int status = 0;

	for (const struct cpod_json *member = probe->first; member; member = member->next) {
		if (member->type == CPOD_JSON_NULL)
			continue;
		if (is_one_of (member->key, handlers) && n++ > 0)
			return cpod_manifest_forbidden (m->decoder, probe, member->key, err,
			                                "may not specify more than 1 handler type");
		if (is_one_of (member->key, with_port)) {
			size_t old_len = cpod_decode_push (m->decoder, member->key);

			status = copy_handler (m, container, member, &child, err);
			if (status < 0)
				return status;
			cpod_decode_pop (m->decoder, old_len);
		} else {
			child = cpod_manifest_share (m, member);
		}
		copy = cpod_manifest_add (copy, member->key, child);
	}
	if (n == 0)
		return cpod_decode_error (m->decoder, probe, err, "Required value: must specify a handler type");
	*ret = copy;
	return copy ? 0 : cpod_error_oom (err);
}

/* The numbers of a probe. kills: of liveness and startup. */
static int
check_numbers (struct cpod_manifest *m, const struct cpod_json *probe, bool kills, struct cpod_error *err)
{
	static const char *const names[] = {
		"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
	};
	const struct cpod_json *grace = cpod_json_get (probe, "terminationGracePeriodSeconds");

	for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
		if (number_of (probe, names[i]) < 0)
			return cpod_manifest_bad (m->decoder, probe, names[i], err, "must be greater than or equal to 0");
	if (kills && number_of (probe, "successThreshold") > 1)
		return cpod_manifest_bad (m->decoder, probe, "successThreshold", err, "must be 1");
	if (!grace || grace->type == CPOD_JSON_NULL)
		return 0;
	if (!kills)
		return cpod_manifest_bad (m->decoder, probe, "terminationGracePeriodSeconds", err,
		                          "must not be set for readinessProbes");
	if (number_of (probe, "terminationGracePeriodSeconds") <= 0)
		return cpod_manifest_bad (m->decoder, probe, "terminationGracePeriodSeconds", err, "must be greater than 0");
	return 0;
}

int
cpod_manifest_probe (struct cpod_manifest *m, const struct cpod_manifest_container *container, const char *what,
                     const struct cpod_json *probe, const struct cpod_json **ret, struct cpod_error *err)
{
	static const char *const handlers[] = { "exec", "httpGet", "tcpSocket", "grpc", NULL };
	int status;

	if (probe->type != CPOD_JSON_OBJECT)
		return cpod_decode_error (m->decoder, probe, err, "expected an object, found %s",
		                          cpod_json_type_name (probe->type));
	status = check_numbers (m, probe, strcmp (what, "readinessProbe") != 0, err);
	return status < 0 ? status : copy_probe (m, container, probe, handlers, ret, err);
}

int
cpod_manifest_lifecycle (struct cpod_manifest *m, const struct cpod_manifest_container *container,
                         const struct cpod_json *lifecycle, const struct cpod_json **ret, struct cpod_error *err)
{
	static const char *const handlers[] = { "exec", "httpGet", "tcpSocket", "sleep", NULL };
	struct cpod_json *copy = cpod_manifest_node (m, CPOD_JSON_OBJECT, lifecycle), *child;
	const struct cpod_json *hook = NULL;
	int status;

	if (lifecycle->type != CPOD_JSON_OBJECT)
		return cpod_decode_error (m->decoder, lifecycle, err, "expected an object, found %s",
		                          cpod_json_type_name (lifecycle->type));
	for (const struct cpod_json *member = lifecycle->first; member; member = member->next) {
		hook = member;
		if (member->type == CPOD_JSON_OBJECT) {
			size_t old_len = cpod_decode_push (m->decoder, member->key);

			status = copy_probe (m, container, member, handlers, &hook, err);
			if (status < 0)
				return status;
			cpod_decode_pop (m->decoder, old_len);
		}
		child = cpod_manifest_share (m, hook);
		copy = cpod_manifest_add (copy, member->key, child);
	}
	*ret = copy;
	return copy ? 0 : cpod_error_oom (err);
}
