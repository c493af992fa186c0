/* Modules: shared objects with code that most programs never need (YAML, HTTP).
 *
 * A module is loaded by its name, on first use, and stays. It is code that runs with all the rights
 * of the caller, so its file must be above doubt: a regular file, not a symbolic link, owned by root
 * or the caller, writable by its owner alone, in a directory of which the same holds; and no other
 * user may be able to exchange a directory above that one. Neither the environment nor the working
 * directory have a say.
 */
#ifndef CPOD_BASE_MODULE_H
#define CPOD_BASE_MODULE_H

#include <cpod/runtime.h>

/* Finds symbol in the module name ("yaml"). -ENOENT when there is no such module, -EPERM when its
 * file is not above doubt, -ENOEXEC when it cannot be loaded. */
int cpod_module_load (const char *name, const char *symbol, void **ret_symbol, struct cpod_error *err);

/* Modules are looked for in directory dir (absolute, borrowed for ever) instead of the one they are
 * installed in. NULL: the installed one again. For the programs and tests of a build tree; call it
 * before there are threads. */
void cpod_module_set_dir (const char *dir);

/* If the directory of the running program has a subdirectory "modules", uses that. Only cpod's own
 * programs call this, so that they run from their build tree: a program that embeds cpod may stand
 * beside anything. Does nothing when the program runs with another's rights (set-user-ID). */
void cpod_module_use_build_tree (void);

/* Refuses a shared object (absolute path) that is not above doubt, see above. Also meant for runtime
 * plugins. -EPERM, -EINVAL (not absolute) or why it cannot be looked at; the message names the path.
 * ret_real (PATH_MAX bytes) becomes what may be loaded: the same file by a path without symbolic links. A link on
 * the way may be anybody's, who could turn it elsewhere after this. */
int cpod_module_check_file (const char *path, char *ret_real, struct cpod_error *err);

#endif
