/* cpod-oci list: every container of the root, also those that only a crash has left. */
#include "oci.h"

#include "src/base/error.h"
#include "src/base/json.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum format { TABLE, JSON, QUIET };

struct list {
	enum format format;
	int width;                      /* of the widest id */
	struct cpod_str rows;
	struct cpod_arena arena;
	struct cpod_json *array;
};

static void
add_json (struct list *list, const struct cpod_bundle *bundle, pid_t pid)
{
	const struct cpod_bundle_state *state = &bundle->state;
	struct cpod_json *row = cpod_json_new (&list->arena, CPOD_JSON_OBJECT);
	const struct { const char *key, *value; } texts[] = {
		{ "status", cpod_bundle_status_words[bundle->status] }, { "bundle", state->bundle }, { "created", state->created },
		{ "owner", state->owner },
	};

	(void) cpod_json_add (&list->arena, row, "id", cpod_json_new_string (&list->arena, state->id));
	(void) cpod_json_add (&list->arena, row, "pid", cpod_json_new_int (&list->arena, pid));
	for (size_t i = 0; i < sizeof (texts) / sizeof (texts[0]); i++)
		(void) cpod_json_add (&list->arena, row, texts[i].key, cpod_json_new_string (&list->arena, texts[i].value));
	if (cpod_json_add (&list->arena, list->array, NULL, row) == NULL)
		list->rows.failed = true;
}

/* One container; what is wrong with it is a warning, and the others are listed. */
static void
add (struct cpod_oci_cli *cli, struct list *list, const char *id)
{
	struct cpod_bundle bundle;
	struct cpod_error err = { 0 };
	int ret;
	pid_t pid;

	if (list->format == QUIET) {
		cpod_str_printf (&list->rows, "%s\n", id);
		return;
	}
	ret = cpod_bundle_open (&cli->context, id, false, &bundle, &err);
	if (ret < 0) {
		if (ret != -ENOENT)
			cpod_oci_say (cli, CPOD_OCI_WARNING, "%s", err.message);
		return;
	}
	pid = bundle.status == CPOD_STATUS_STOPPED ? 0 : bundle.state.pid;
	if (list->format == JSON)
		add_json (list, &bundle, pid);
	else
		cpod_str_printf (&list->rows, "%-*s %-9d %-8s %-39s %-30s %s\n", list->width, id, (int) pid,
		                 cpod_bundle_status_words[bundle.status], bundle.state.bundle, bundle.state.created, bundle.state.owner);
	cpod_bundle_close (&bundle);
}

/* The ids, in order: NULL-terminated, or NULL when memory is out. */
static char **
read_ids (int root_fd, size_t *ret_n, int *ret_width)
{
	struct dirent **entries = NULL;
	int n = scandirat (root_fd, ".", &entries, NULL, alphasort);
	char **ids = calloc ((size_t) (n > 0 ? n : 0) + 1, sizeof (*ids));
	size_t kept = 0;

	for (int i = 0; i < n; i++) {
		if (ids != NULL && entries[i]->d_type == DT_DIR && cpod_bundle_state_check_id (entries[i]->d_name, NULL) == 0) {
			ids[kept] = strdup (entries[i]->d_name);
			if (ids[kept] != NULL && (int) strlen (ids[kept]) > *ret_width)
				*ret_width = (int) strlen (ids[kept]);
			kept += ids[kept] != NULL;
		}
		free (entries[i]);
	}
	free (entries);
	*ret_n = kept;
	return ids;
}

static int
list_all (struct cpod_oci_cli *cli, struct list *list)
{
	struct cpod_error err = { 0 };
	char **ids = NULL;
	size_t n = 0;
	int root_fd = -1, ret = cpod_bundle_state_root_open (cli->context.root, false, &root_fd, &err);

	if (ret < 0 && ret != -ENOENT)
		return cpod_oci_fail (cli, "%s", err.message);
	if (ret == 0) {
		ids = read_ids (root_fd, &n, &list->width);
		close (root_fd);
		if (ids == NULL)
			return cpod_oci_fail (cli, "out of memory");
	}
	if (list->format == TABLE)
		cpod_str_printf (&list->rows, "%-*s %-9s %-8s %-39s %-30s %s\n", list->width, "NAME", "PID", "STATUS", "BUNDLE PATH",
		                 "CREATED", "OWNER");
	for (size_t i = 0; i < n; i++) {
		add (cli, list, ids[i]);
		free (ids[i]);
	}
	free (ids);
	if (list->format == JSON && list->array != NULL) {
		cpod_json_write (&list->rows, list->array, 4);
		cpod_str_add_char (&list->rows, '\n');
	}
	if (cpod_str_failed (&list->rows) || list->array == NULL)
		return cpod_oci_fail (cli, "out of memory");
	return cpod_oci_print (cli, list->rows.data, list->rows.len);
}

int
cpod_oci_list (struct cpod_oci_cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "quiet", no_argument, NULL, 'q' }, { "format", required_argument, NULL, 'f' }, { NULL, 0, NULL, 0 }
	};
	struct list list = { .width = 4, .rows = CPOD_STR_INIT };
	bool json = false, quiet = false;
	int letter, status;

	while ((letter = cpod_oci_option (cli, argc, argv, ":qf:", options)) != -1) {
		if (letter == '?')
			return 1;
		if (letter == 'q')
			quiet = true;
		else
			json = strcmp (optarg, "json") == 0;
		if (letter == 'f' && !json && strcmp (optarg, "table") != 0)
			return cpod_oci_fail (cli, "list: --format: \"%.64s\" is neither table nor json", optarg);
	}
	if (optind < argc)
		return cpod_oci_fail (cli, "list: takes no container id");
	list.format = quiet ? QUIET : json ? JSON : TABLE;
	cpod_arena_init (&list.arena, 0);
	list.array = cpod_json_new (&list.arena, CPOD_JSON_ARRAY);
	status = list_all (cli, &list);
	cpod_str_finish (&list.rows);
	cpod_arena_finish (&list.arena);
	return status;
}
