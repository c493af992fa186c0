/* What a pod's author says about restarts, order, hooks and ends: the fields, with Kubernetes' names.
 *
 * Every front end (the native spec, manifests) decodes these objects by the tables below and hands
 * them on in struct cpod_container_spec. dependsOn is cpod's own; its conditions are those of compose.
 *
 * Without a restartPolicy, of the pod or of the container, a container is never restarted and a probe
 * kills nothing: CPOD_RESTART_UNSET.
 */
#ifndef CPOD_POD_LIFECYCLE_H
#define CPOD_POD_LIFECYCLE_H

#include "probes/probe-spec.h"

#include "src/base/decode.h"

enum cpod_restart_policy {
	CPOD_RESTART_UNSET,
	CPOD_RESTART_ALWAYS,
	CPOD_RESTART_ON_FAILURE,
	CPOD_RESTART_NEVER,
};
/* "Always", "OnFailure", "Never", NULL: for a field of CPOD_KIND_ENUM. */
extern const char *const cpod_restart_words[];
/* What such a field says; UNSET when it is absent. */
enum cpod_restart_policy cpod_restart_policy (struct cpod_int field);

/* One of restartPolicyRules: the first whose exit codes match says "Restart". */
enum cpod_exit_operator { CPOD_EXIT_IN, CPOD_EXIT_NOT_IN };
struct cpod_exit_codes {
	struct cpod_int operator;                /* enum cpod_exit_operator */
	struct cpod_uints values;                /* 0..255 */
};
struct cpod_restart_rule {
	struct cpod_int action;                  /* 0: Restart, the only one */
	const struct cpod_exit_codes *exit_codes;
};

/* lifecycle.postStart and preStop: exactly one handler. */
struct cpod_sleep { struct cpod_int seconds; };
struct cpod_hook_spec {
	struct cpod_strings command;             /* of exec, as written */
	const struct cpod_http_get *http_get;
	const struct cpod_sleep *sleep;
};
struct cpod_lifecycle_spec {
	const struct cpod_hook_spec *post_start, *pre_stop;   /* NULL: none */
	int stop_signal;                         /* 1..64; 0: SIGTERM */
};

/* One of dependsOn: this container starts when that one ... */
enum cpod_dependency_condition {
	CPOD_DEPENDS_STARTED,                    /* has been started */
	CPOD_DEPENDS_HEALTHY,                    /* is started and ready, and no liveness attempt is outstanding or failed */
	CPOD_DEPENDS_COMPLETED,                  /* has ended with exit status 0, for good */
};
struct cpod_dependency_spec {
	const char *name;
	struct cpod_int condition;               /* enum cpod_dependency_condition */
	const struct cpod_json *at;
};

/* terminationMessagePolicy. */
enum cpod_message_policy { CPOD_MESSAGE_FILE, CPOD_MESSAGE_FALLBACK_TO_LOGS };
/* "File", "FallbackToLogsOnError", NULL: for a field of CPOD_KIND_ENUM. */
extern const char *const cpod_message_policy_words[];

/* The element tables of lifecycle, restartPolicyRules and dependsOn. */
extern const struct cpod_object cpod_lifecycle_object, cpod_restart_rule_object, cpod_dependency_object;

#endif
