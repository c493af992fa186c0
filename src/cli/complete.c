/* Completion by the tables that the parser uses; see complete.h.
 *
 * The words before the last one are walked as the parser would (args.c), wrong ones too: what is not known is passed
 * over. Nothing is said when something goes wrong: a shell asks in the middle of somebody's typing. */
#include "complete.h"

#include "client.h"
#include "state-dir.h"

#include "src/base/fd.h"
#include "src/base/signals.h"

#include <stdlib.h>
#include <string.h>

/* Where the walk stands. */
struct scan {
	const struct cpod_command *const *commands;
	const struct cpod_complete_source *source;
	const struct cpod_command *command;
	const struct cpod_option *wants;        /* the next word is this option's value; or NULL */
	bool only_operands;
	int n_operands;
	const char *first;                      /* the first operand, or NULL */
	const char *last;                       /* the word to be completed */
	const char *prefix;                     /* what stands before its part that is completed: "--name=" */
	size_t prefix_len;
	struct cpod_str *out;
};

/* Adds a word, if it begins as the last one does. */
static void
offer (void *data, const char *word, const char *what)
{
	struct scan *scan = data;

	if (strncmp (word, scan->last, strlen (scan->last)) != 0)
		return;
	cpod_str_add_bytes (scan->out, scan->prefix, scan->prefix_len);
	cpod_str_printf (scan->out, "%s\t%s\n", word, what);
}

static void
offer_files (const struct scan *scan)
{
	cpod_str_add (scan->out, ":file\n");
}

static void
offer_commands (struct scan *scan)
{
	for (size_t i = 0; scan->commands[i] != NULL; i++)
		offer (scan, scan->commands[i]->name, scan->commands[i]->summary);
}

/* Offers an option as "--NAME". */
static void
offer_option (struct scan *scan, const char *name, const char *help)
{
	cpod_autostr word = CPOD_STR_INIT;

	cpod_str_printf (&word, "--%s", name);
	if (!cpod_str_failed (&word))
		offer (scan, word.data, help);
}

static void
offer_options (struct scan *scan)
{
	for (const struct cpod_option *option = scan->command->options; option->name != NULL; option++)
		offer_option (scan, option->name, option->help);
	offer_option (scan, "help", "what the command does");
}

/* Offers the words of "a|b|c". */
static void
offer_words (struct scan *scan, const char *words)
{
	char *copy = strdup (words), *rest = copy, *word;

	while (copy != NULL && (word = strsep (&rest, "|")) != NULL)
		offer (scan, word, "");
	free (copy);
}

/* Offers what the option may have as its value; of most nobody knows. */
static void
offer_value (struct scan *scan, const struct cpod_option *option)
{
	const char *name;

	if (strcmp (option->metavar, "SIGNAL") == 0)
		for (int signal = 1; signal < 32; signal++) {
			name = cpod_signal_name (signal);
			if (name != NULL)
				offer (scan, name, "");
		}
	else if (strcmp (option->name, "runtime") == 0) {
		offer (scan, "production", "containers");
		offer (scan, "shellout", "plain processes, not isolated");
		offer_files (scan);
	} else if (strchr (option->metavar, '|') != NULL && option->metavar[0] >= 'a' && option->metavar[0] <= 'z')
		offer_words (scan, option->metavar);
	else if (strstr (option->metavar, "FILE") != NULL || strstr (option->metavar, "EVENTS") != NULL)
		offer_files (scan);
}

/* Offers what the next operand may be. */
static void
offer_operand (struct scan *scan)
{
	const char *kinds = scan->command->operands != NULL ? scan->command->operands : "";
	const size_t n = strlen (kinds), at = (size_t) scan->n_operands;
	const char kind = at < n ? kinds[at] : n > 0 && (kinds[n - 1] == 'P' || kinds[n - 1] == 'x') ? kinds[n - 1] : 0;

	if (kind == 'f' || kind == 'x')
		offer_files (scan);
	else if (scan->source != NULL && (kind == 'p' || kind == 'P'))
		scan->source->pods (offer, scan);
	else if (scan->source != NULL && kind == 'c' && scan->first != NULL)
		scan->source->containers (scan->first, offer, scan);
}

/* The option called name (len bytes), or NULL. */
static const struct cpod_option *
find_option (const struct cpod_command *command, const char *name, size_t len)
{
	for (const struct cpod_option *option = command->options; option->name != NULL; option++)
		if (strlen (option->name) == len && memcmp (option->name, name, len) == 0)
			return option;
	return NULL;
}

/* The option that takes the next word as its value, by a word like "--name" or "-tn"; or NULL. */
static const struct cpod_option *
wanting (const struct cpod_command *command, const char *word)
{
	const struct cpod_option *option = NULL;

	if (word[1] == '-')
		option = strchr (word, '=') == NULL ? find_option (command, word + 2, strlen (word + 2)) : NULL;
	else if (word[1] != '\0')
		for (const struct cpod_option *known = command->options; known->name != NULL; known++)
			if (known->letter != 0 && known->letter == word[strlen (word) - 1])
				option = known;
	return option != NULL && option->metavar != NULL ? option : NULL;
}

/* Walks over a word that is complete. */
static void
walk (struct scan *scan, const char *word)
{
	const int stop = scan->command->operands_end_options;

	if (scan->wants != NULL)
		scan->wants = NULL;
	else if (!scan->only_operands && strcmp (word, "--") == 0)
		scan->only_operands = true;
	else if (!scan->only_operands && word[0] == '-' && word[1] != '\0')
		scan->wants = wanting (scan->command, word);
	else {
		if (scan->n_operands++ == 0)
			scan->first = word;
		scan->only_operands = scan->only_operands || (stop > 0 && scan->n_operands >= stop);
	}
}

/* Completes "--name=VALUE". */
static void
offer_attached (struct scan *scan, const char *equals)
{
	const struct cpod_option *option = find_option (scan->command, scan->last + 2, (size_t) (equals - scan->last) - 2);

	if (option == NULL || option->metavar == NULL)
		return;
	scan->prefix = scan->last;
	scan->prefix_len = (size_t) (equals - scan->last) + 1;
	scan->last = equals + 1;
	offer_value (scan, option);
}

/* Completes the last word of a known command's. */
static void
offer_last (struct scan *scan)
{
	const char *equals = strchr (scan->last, '=');

	if (scan->wants != NULL)
		offer_value (scan, scan->wants);
	else if (!scan->only_operands && strncmp (scan->last, "--", 2) == 0 && equals != NULL)
		offer_attached (scan, equals);
	else if (!scan->only_operands && scan->last[0] == '-')
		offer_options (scan);
	else
		offer_operand (scan);
}

void
cpod_complete_words (const struct cpod_command *const *commands, const struct cpod_complete_source *source,
                     const char *const *words, size_t n, struct cpod_str *out)
{
	struct scan scan = { .commands = commands, .source = source, .out = out, .prefix = "" };

	if (n == 0)
		return;
	scan.last = words[n - 1];
	if (n == 1 || (n == 2 && strcmp (words[0], "help") == 0)) {
		offer_commands (&scan);
		if (n == 1) {
			offer (&scan, "help", "describe a command");
			offer (&scan, "--help", "describe cpod");
			offer (&scan, "--version", "the version of cpod");
		}
		return;
	}
	for (size_t i = 0; commands[i] != NULL; i++)
		if (strcmp (commands[i]->name, words[0]) == 0)
			scan.command = commands[i];
	if (scan.command == NULL)
		return;
	for (size_t i = 1; i + 1 < n; i++)
		walk (&scan, words[i]);
	offer_last (&scan);
}

/* ---- Names of this machine's pods ---- */

/* Every pod there is. */
static void
list_pods (void (*each) (void *data, const char *name, const char *what), void *data)
{
	static const char *const words[] = {
		[CPOD_ENTRY_RUNS] = "runs", [CPOD_ENTRY_ENDED] = "has ended", [CPOD_ENTRY_DEAD] = "dead",
	};
	cpod_autofd pods_fd = -1;
	char path[384], **names;
	size_t n;

	if (cpod_state_open_pods (false, path, sizeof (path), &pods_fd, NULL) < 0
	    || cpod_state_list (pods_fd, &names, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		enum cpod_entry entry = cpod_state_look (pods_fd, names[i]);

		if (entry != CPOD_ENTRY_NONE)
			each (data, names[i], words[entry]);
	}
	free (names);
}

/* Every container of a pod. */
static void
list_containers (const char *pod, void (*each) (void *data, const char *name, const char *what), void *data)
{
	const struct cpod_json *status, *list;
	struct cpod_client client;
	struct cpod_error err;
	int unused;

	if (cpod_client_open_kept (&client, pod, &err) < 0)
		return;
	list = cpod_client_status (&client, &status, &unused, &err) == 0 ? cpod_json_get (status, "containers") : NULL;
	if (list != NULL && list->type == CPOD_JSON_ARRAY)
		for (const struct cpod_json *item = list->first; item != NULL; item = item->next)
			each (data, cpod_member_text (item, "name", ""), cpod_member_bool (item, "running", false) ? "runs" : "");
	cpod_client_close (&client);
}

int
cpod_complete (const struct cpod_command *const *commands, const char *const *words, size_t n)
{
	static const struct cpod_complete_source source = { list_pods, list_containers };
	cpod_autostr out = CPOD_STR_INIT;

	cpod_complete_words (commands, &source, words, n, &out);
	return cpod_print (&out);
}
