/* Loads modules: see module.h.
 *
 * Stages: the path is made of the directory and the name; every directory above the file is looked
 * at, then the file; then dlopen gets the very path that was checked, which has no symbolic link in it.
 * Nobody but root and the caller can change what it means in between: that is what the checks establish.
 */
#include "module.h"

#include "error.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *module_dir = CPOD_MODULE_DIR;
static char build_tree_dir[PATH_MAX];

void
cpod_module_set_dir (const char *dir)
{
	module_dir = dir ? dir : CPOD_MODULE_DIR;
}

void
cpod_module_use_build_tree (void)
{
	static const char subdirectory[] = "/modules";
	struct stat st;
	char *slash;
	ssize_t len;

	if (getauxval (AT_SECURE))
		return;
	len = readlink ("/proc/self/exe", build_tree_dir, sizeof (build_tree_dir) - sizeof (subdirectory));
	if (len <= 0 || (size_t) len >= sizeof (build_tree_dir) - sizeof (subdirectory))
		return;
	build_tree_dir[len] = '\0';
	slash = strrchr (build_tree_dir, '/');
	if (!slash)
		return;
	strcpy (slash, subdirectory);
	if (stat (build_tree_dir, &st) == 0 && S_ISDIR (st.st_mode))
		module_dir = build_tree_dir;
}

/* Refuses a file or directory that somebody else than root and the caller could change. forbidden:
 * the mode bits that give that away; the sticky bit makes up for them in a directory. */
static int
check_owner (const char *path, const struct stat *st, mode_t forbidden, struct cpod_error *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid ())
		return cpod_error_set (err, EPERM, "%s belongs to user %u, neither to root nor to the caller", path,
		                       (unsigned int) st->st_uid);
	if (S_ISDIR (st->st_mode) && (st->st_mode & S_ISVTX))
		return 0;
	if (st->st_mode & forbidden)
		return cpod_error_set (err, EPERM, "%s is writable by others than its owner", path);
	return 0;
}

/* Checks the directories above path, which must be free of symbolic links. The nearest one may not
 * be writable by a group either; of those above, some systems let a group write to one (/usr/local). */
static int
check_directories (char *path, struct cpod_error *err)
{
	mode_t forbidden = S_IWGRP | S_IWOTH;
	struct stat st;
	char *slash;
	int ret = 0;

	while (ret == 0 && (slash = strrchr (path, '/'))) {
		*slash = '\0';
		if (lstat (*path ? path : "/", &st) < 0)
			return cpod_error_sys (err, errno, "look at %s", path);
		ret = check_owner (*path ? path : "/", &st, forbidden, err);
		forbidden = S_IWOTH;
	}
	return ret;
}

/* The path without symbolic links before its last component. */
static int
resolve (const char *path, char real[PATH_MAX], struct cpod_error *err)
{
	const char *name = strrchr (path, '/') + 1;
	char directory[PATH_MAX];

	memcpy (directory, path, (size_t) (name - path));
	directory[name - path] = '\0';
	if (!realpath (directory, real))
		return cpod_error_sys (err, errno, "look at %s", directory);
	if (strlen (real) + strlen (name) + 2 > PATH_MAX)
		return cpod_error_sys (err, ENAMETOOLONG, "look at %s", path);
	if (strcmp (real, "/") != 0)
		strcat (real, "/");
	strcat (real, name);
	return 0;
}

int
cpod_module_check_file (const char *path, char *ret_real, struct cpod_error *err)
{
	char parents[PATH_MAX];
	struct stat st;
	int ret;

	if (path[0] != '/' || strlen (path) >= PATH_MAX)
		return cpod_error_set (err, EINVAL, "%s is not an absolute path", path);
	ret = resolve (path, ret_real, err);
	if (ret < 0)
		return ret;
	if (lstat (ret_real, &st) < 0)
		return cpod_error_sys (err, errno, "look at %s", path);
	if (!S_ISREG (st.st_mode))
		return cpod_error_set (err, EPERM, "%s is not a regular file", path);
	ret = check_owner (path, &st, S_IWGRP | S_IWOTH, err);
	if (ret < 0)
		return ret;
	memcpy (parents, ret_real, strlen (ret_real) + 1);
	return check_directories (parents, err);
}

int
cpod_module_load (const char *name, const char *symbol, void **ret_symbol, struct cpod_error *err)
{
	char path[PATH_MAX], real[PATH_MAX];
	void *module, *found;
	int ret;

	ret = snprintf (path, sizeof (path), "%s/%s.so", module_dir, name);
	if (ret < 0 || (size_t) ret >= sizeof (path))
		return cpod_error_sys (err, ENAMETOOLONG, "load the module %s", name);
	ret = cpod_module_check_file (path, real, err);
	if (ret == -ENOENT || ret == -ENOTDIR)
		return cpod_error_set (err, ENOENT, "the module %s is not installed (there is no %s)", name, path);
	if (ret < 0)
		return cpod_error_prefix (err, ret, "load the module %s", name);
	module = dlopen (real, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		return cpod_error_set (err, ENOEXEC, "load the module %s: %s", name, dlerror ());
	found = dlsym (module, symbol);
	if (!found)
		return cpod_error_set (err, ENOEXEC, "load the module %s: %s has no %s", name, path, symbol);
	*ret_symbol = found;
	return 0;
}
