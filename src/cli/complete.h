/* What may come next on a command line of cpod: for the shells' completion, which ask
 *
 *     cpod __complete WORD... LAST
 *
 * with the words behind "cpod", the one under the cursor last (it may be empty). Each answer is a line: the whole word,
 * a tab, what it is. The line ":file" asks the shell to complete names of files besides.
 */
#ifndef CPOD_CLI_COMPLETE_H
#define CPOD_CLI_COMPLETE_H

#include "cli.h"

/* Where names come from that are not in the tables. */
struct cpod_complete_source {
	/* Calls each for every pod there is, with a word about it; of every container of the pod that name means. */
	void (*pods) (void (*each) (void *data, const char *name, const char *what), void *data);
	void (*containers) (const char *pod, void (*each) (void *data, const char *name, const char *what), void *data);
};

/* Adds the answers for n words, by the commands' tables (NULL-terminated). source NULL: no names. */
void cpod_complete_words (const struct cpod_command *const *commands, const struct cpod_complete_source *source,
                          const char *const *words, size_t n, struct cpod_str *out);

/* `cpod __complete`: prints the answers for n words. The exit status. */
int cpod_complete (const struct cpod_command *const *commands, const char *const *words, size_t n);

#endif
