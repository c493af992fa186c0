/* cpod gc: removes what supervisors that were killed left behind: processes (none, as a rule), cgroups,
 * files. */
#include "cli.h"

#include "state-dir.h"

#include "src/base/json.h"

enum { OPTION_JSON };

/* What one pass did. */
struct tally {
	struct cpod_str out;
	bool json;
	unsigned int failed;
};

/* One entry's outcome. */
static void
report (void *data, const char *name, const struct cpod_error *err)
{
	struct tally *tally = data;

	if (err == NULL && tally->json) {
		cpod_str_add (&tally->out, "{\"name\":");
		cpod_json_write_string (&tally->out, name);
		cpod_str_add (&tally->out, "}\n");
		return;
	}
	if (err == NULL) {
		cpod_str_printf (&tally->out, "%s\n", name);
		return;
	}
	cpod_say ("gc: %s", err->message);
	tally->failed++;
}

static int
gc (const struct cpod_args *args)
{
	struct tally tally = { CPOD_STR_INIT, args->values[OPTION_JSON] != NULL, 0 };
	int status;

	cpod_state_reclaim_all (report, &tally);
	status = cpod_print (&tally.out);
	cpod_str_finish (&tally.out);
	return status == CPOD_EXIT_OK && tally.failed > 0 ? CPOD_EXIT_NO : status;
}

static const struct cpod_option options[] = {
	[OPTION_JSON] = { "json", 0, NULL, "an object a line: name" },
	{ NULL, 0, NULL, NULL },
};

const struct cpod_command cpod_command_gc = {
	.name = "gc", .usage = "[--json]", .options = options, .run = gc,
	.summary = "Remove what killed supervisors left behind",
	.details = "Prints the name of each dead pod whose cgroups and files were removed. Exit status 1 if a\n"
	           "process does not die (it sleeps uninterruptibly): it is named; run gc again when it woke.\n"
	           "Pods that have ended by themselves are not its business: `cpod rm` removes what is kept of them.\n",
};
