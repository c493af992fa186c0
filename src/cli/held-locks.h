/* Who holds a lock, asked once for all files: the kernel's list of locks. */
#ifndef CPOD_CLI_HELD_LOCKS_H
#define CPOD_CLI_HELD_LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct cpod_held_lock { uint64_t device, inode; };
struct cpod_held_locks { struct cpod_held_lock *items; size_t n; };   /* items: owned, sorted */

/* Reads /proc/locks (proc(5)): whole-file locks as of flock(2). Empty where it cannot be read. */
void cpod_held_locks_read (struct cpod_held_locks *ret_locks);
/* The same from its text, which is changed. */
void cpod_held_locks_parse (char *text, struct cpod_held_locks *ret_locks);
void cpod_held_locks_finish (struct cpod_held_locks *locks);
/* true: somebody holds a lock on the file. false proves nothing: locks of other PID namespaces are not shown, and some
 * file systems have another device number than their files. */
bool cpod_held_locks_has (const struct cpod_held_locks *locks, const struct stat *st);

#endif
