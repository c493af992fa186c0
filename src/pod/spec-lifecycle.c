/* The tables of lifecycle.h, and what they cannot say. */
#include "lifecycle.h"

#include "src/base/signals.h"

#include <signal.h>
#include <string.h>

#define OFF(type, member) offsetof (struct cpod_##type, member)
#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))
#define TABLE(type, array) sizeof (struct cpod_##type), array, N_ELEMENTS (array)

#define MAX_EXIT_CODES 255u

/* ---- Restarts ---------------------------------------------------------------------------- */

const char *const cpod_restart_words[] = { "Always", "OnFailure", "Never", NULL };

enum cpod_restart_policy
cpod_restart_policy (struct cpod_int field)
{
	static const enum cpod_restart_policy policies[] = {
		CPOD_RESTART_ALWAYS, CPOD_RESTART_ON_FAILURE, CPOD_RESTART_NEVER,
	};

	return field.set ? policies[field.value] : CPOD_RESTART_UNSET;
}

/* Exit codes are 0 to 255, not more than 255 of them. */
static int
check_exit_codes (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	const struct cpod_exit_codes *codes = target;

	if (codes->values.n > MAX_EXIT_CODES)
		return cpod_decode_error (decoder, value, err, "more than %u exit codes", MAX_EXIT_CODES);
	for (size_t i = 0; i < codes->values.n; i++)
		if (codes->values.items[i] > 255)
			return cpod_decode_error (decoder, value, err, "an exit code is 0 to 255");
	return 0;
}

static const char *const operator_words[] = { "In", "NotIn", NULL };
static const struct cpod_field exit_codes_fields[] = {
	{ "operator", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (exit_codes, operator), .words = operator_words,
	  .where = "how values are taken" },
	{ "values", CPOD_KIND_UINTS, CPOD_FIELD_REQUIRED | CPOD_FIELD_NONEMPTY, OFF (exit_codes, values),
	  .where = "exit statuses, 0 to 255; 128 + N for signal N" },
};
static const struct cpod_object exit_codes_object = {
	"exitCodes", TABLE (exit_codes, exit_codes_fields), check_exit_codes, false,
};

static const char *const action_words[] = { "Restart", NULL };
static const struct cpod_field rule_fields[] = {
	{ "action", CPOD_KIND_ENUM, CPOD_FIELD_REQUIRED, OFF (restart_rule, action), .words = action_words,
	  .where = "what to do when the rule matches" },
	{ "exitCodes", CPOD_KIND_OBJECT, CPOD_FIELD_REQUIRED, OFF (restart_rule, exit_codes), .object = &exit_codes_object,
	  .where = "which ends the rule is about" },
};
const struct cpod_object cpod_restart_rule_object = {
	"restartPolicyRules[]", TABLE (restart_rule, rule_fields), NULL, false,
};

/* ---- Hooks ------------------------------------------------------------------------------- */

static const struct cpod_field sleep_fields[] = {
	{ "seconds", CPOD_KIND_INT, CPOD_FIELD_REQUIRED, OFF (sleep, seconds), 0, INT32_MAX, .where = "how long" },
};
static const struct cpod_object sleep_object = { "sleep", TABLE (sleep, sleep_fields), NULL, false };

/* Exactly one handler. */
static int
check_hook (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	const struct cpod_hook_spec *hook = target;
	int n = hook->command.set + (hook->http_get != NULL) + (hook->sleep != NULL);

	if (n == 1)
		return 0;
	return cpod_decode_error (decoder, value, err, "needs exactly one of exec, httpGet and sleep, not %d", n);
}

static const struct cpod_field hook_fields[] = {
	{ "exec", CPOD_KIND_CUSTOM, 0, OFF (hook_spec, command), .custom = cpod_exec_action_decode,
	  .where = "run inside the container, without a shell" },
	{ "httpGet", CPOD_KIND_OBJECT, 0, OFF (hook_spec, http_get), .object = &cpod_http_get_object,
	  .where = "sent from within the pod's network; any answer will do" },
	{ "sleep", CPOD_KIND_OBJECT, 0, OFF (hook_spec, sleep), .object = &sleep_object, .where = "wait" },
	{ "tcpSocket", CPOD_KIND_JSON, CPOD_FIELD_NOT_YET, OFF (hook_spec, http_get), .where = "not carried out" },
};
static const struct cpod_object hook_object = { "hook", TABLE (hook_spec, hook_fields), check_hook, false };

static int
decode_signal (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	int number = value->type == CPOD_JSON_STRING ? cpod_signal_parse (value->text) : -1;

	if (number < 0 || strncmp (value->text, "SIG", 3) != 0)
		return cpod_decode_error (decoder, value, err, "is not the name of a signal, such as \"SIGUSR1\"");
	*(int *) target = number;
	return 0;
}

static const struct cpod_field lifecycle_fields[] = {
	{ "postStart", CPOD_KIND_OBJECT, CPOD_FIELD_NULL_OK, OFF (lifecycle_spec, post_start), .object = &hook_object,
	  .where = "right after the start, before the next container; its failure kills the container" },
	{ "preStop", CPOD_KIND_OBJECT, CPOD_FIELD_NULL_OK, OFF (lifecycle_spec, pre_stop), .object = &hook_object,
	  .where = "before the stop signal, within the grace period; not after a crash" },
	{ "stopSignal", CPOD_KIND_CUSTOM, CPOD_FIELD_NULL_OK, OFF (lifecycle_spec, stop_signal), .custom = decode_signal,
	  .where = "the signal that asks it to end; default SIGTERM" },
};
const struct cpod_object cpod_lifecycle_object = {
	"lifecycle", TABLE (lifecycle_spec, lifecycle_fields), NULL, false,
};

/* ---- Order and messages ------------------------------------------------------------------ */

static int
keep_place (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	(void) decoder;
	(void) err;
	((struct cpod_dependency_spec *) target)->at = value;
	return 0;
}

static const char *const condition_words[] = { "started", "healthy", "completed", NULL };
static const struct cpod_field dependency_fields[] = {
	{ "name", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED | CPOD_FIELD_NONEMPTY, OFF (dependency_spec, name),
	  .where = "the container that this one waits for" },
	{ "condition", CPOD_KIND_ENUM, CPOD_FIELD_NULL_OK, OFF (dependency_spec, condition), .words = condition_words,
	  .where = "what it waits for; default started" },
};
const struct cpod_object cpod_dependency_object = {
	"dependsOn[]", TABLE (dependency_spec, dependency_fields), keep_place, false,
};

const char *const cpod_message_policy_words[] = { "File", "FallbackToLogsOnError", NULL };
