/* Removing what is kept of a pod that has ended, or was killed. */
#ifndef CPOD_CLI_REMOVE_H
#define CPOD_CLI_REMOVE_H

/* Removes the pod of exactly that name if there is one, ending it at once where it runs. The exit status; what goes
 * wrong has been said. */
int cpod_remove_if_there (const char *name);

#endif
