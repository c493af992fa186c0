/* The pods that a command is about: named by its operands, or all of them. */
#ifndef CPOD_CLI_PODS_H
#define CPOD_CLI_PODS_H

#include "client.h"
#include "cli.h"

struct cpod_pods {
	struct cpod_client *clients;    /* owned, n; each connected, or kept */
	size_t n;
	int status;                     /* CPOD_EXIT_OK, or the first failure's: it has been said */
};

/* Which pods. */
enum cpod_pods_which {
	CPOD_PODS_NAMED,        /* those of the operands; without any the only one that runs */
	CPOD_PODS_RUNNING,      /* all that run */
	CPOD_PODS_ALL,          /* those that have ended as well */
};

/* Opens them. What cannot be opened is said, with the command's name in front, and left out; kept: pods that have ended
 * are opened too (client->kept). */
void cpod_pods_open (struct cpod_pods *pods, const struct cpod_args *args, enum cpod_pods_which which, bool kept);
void cpod_pods_close (struct cpod_pods *pods);
/* Notes the exit status of what was done for one pod. */
void cpod_pods_note (struct cpod_pods *pods, int status);

#endif
