/* The user's own terminal while a program elsewhere has one: raw, and certainly restored.
 *
 * In raw mode every byte passes as it was typed, and comes out as it was written. The mode belongs to the
 * terminal, not to the process, so whoever changes it must undo that whatever happens: at the end, before
 * being stopped, and, by a guard process that waits for nothing else, when this process is killed.
 */
#ifndef CPOD_CLI_TERMINAL_H
#define CPOD_CLI_TERMINAL_H

#include <cpod/runtime.h>
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

struct cpod_terminal {
	int fd;                     /* borrowed; -1: there is none, and all of this does nothing */
	struct termios before;      /* what is restored */
	struct termios raw;         /* what was set */
	bool is_raw;
	int guard_fd;               /* owned: a byte says that all is well, its end that this process died */
	pid_t guard;                /* 0: none */
};

/* Makes attributes those of a terminal that passes every byte: 8 bits, no echo, no signals, no line editing, no
 * translation in either direction, reads that wait for one byte. Speed and size of characters stay. */
void cpod_terminal_raw (struct termios *attributes);

/* Takes fd, if it is a terminal: remembers its mode, starts the guard, makes it raw. 0 as well when it is none. */
int cpod_terminal_take (struct cpod_terminal *terminal, int fd, struct cpod_error *err);
/* Restores the mode; take_again makes it raw once more (after the process was stopped and continued). */
void cpod_terminal_restore (struct cpod_terminal *terminal);
void cpod_terminal_take_again (struct cpod_terminal *terminal);
/* Restores the mode, and dismisses the guard. */
void cpod_terminal_release (struct cpod_terminal *terminal);

/* The size of the first of descriptors 0, 1, 2 that is a terminal; false, and nothing changed, when none is. */
bool cpod_terminal_size (uint16_t *ret_rows, uint16_t *ret_columns);

#endif
