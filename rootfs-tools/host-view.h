/* The host view: what a container sees that names neither a root directory nor an image.
 *
 * It is the host's own file system, read-only below a private scratch layer, so that a pod runs on
 * any machine with nothing downloaded. The rule: it shows programs, not secrets and not data. Three
 * tables in host-view-tables.c say what that means, each line with its reason; beyond the tables the
 * host's own permissions decide: what lies in a well-known place and may not be read by every user of
 * the host, a container may not read either.
 *
 * This is a decision only: nothing is mounted, made or changed. The caller does, in this order: one
 * overlay for each of layers; fresh; empty; masked; exposed. All paths are absolute and normalised, as
 * seen on the host. None but those of exposed leads through a symbolic link: where the host's "/home"
 * is a link to "/var/home", it is "/var/home" that is emptied.
 */
#ifndef CPOD_ROOTFS_TOOLS_HOST_VIEW_H
#define CPOD_ROOTFS_TOOLS_HOST_VIEW_H

#include "src/base/decode.h"

/* A writable tmpfs of the container's own. */
struct cpod_host_view_fresh {
	const char *path;
	unsigned int mode;
};

enum cpod_host_piece_kind {
	CPOD_HOST_PIECE_DIR,       /* an empty directory, or one that has pieces in it */
	CPOD_HOST_PIECE_LINK,      /* a symbolic link to target */
	CPOD_HOST_PIECE_LAYER,     /* a directory of the host with no mount below it: an overlay */
	CPOD_HOST_PIECE_TREE,      /* one with mounts below it: shown read-only with them */
	CPOD_HOST_PIECE_FILE,      /* a regular file: shown read-only */
};
struct cpod_host_piece {
	enum cpod_host_piece_kind kind;
	const char *path, *target;
};

struct cpod_host_view {
	struct cpod_strings layers;    /* directories with a file system of the host, each one overlay; "/" first,
	                                * a directory before what lies in it */
	struct cpod_array   fresh;     /* struct cpod_host_view_fresh; the directory may be missing on the host */
	struct cpod_strings empty;     /* directories to cover with an empty read-only tmpfs; none lies in another
	                                * one, nor in a fresh one */
	struct cpod_strings masked;    /* files to make unreadable; none lies in an empty directory */
	struct cpod_strings exposed;   /* shown read-only in place, with what is mounted below: what was asked for,
	                                * and single files and links that programs need; a path may lie in an
	                                * empty or fresh directory, where its parents are to be made */
	struct cpod_array   pieces;    /* struct cpod_host_piece, once cpod_host_view_split has made them; a directory
	                                * before what lies in it */
	struct cpod_strings left_out;  /* for people: "PATH (TYPE): reason" for each mount of the host not shown */
};

/* Decides what a container sees.
 * mountinfo: the text of /proc/self/mountinfo, as of the process that will make the mounts;
 * expose: absolute normalised paths that exist, or NULL; host_root_fd: the host's "/" (or a test's
 * stand-in), beneath which everything is looked up; *ret_view lives in arena.
 * -EINVAL, -ENOENT: a path of expose, in words; -EINVAL: mountinfo; -ENOMEM; -errno of a look-up. */
int cpod_host_view_plan (const char *mountinfo, const struct cpod_strings *expose, int host_root_fd,
                         struct cpod_arena *arena, struct cpod_host_view *ret_view, struct cpod_error *err);

/* Splits what a planned view shows below "/" into pieces, each of which can be laid alone (see host-view-split.c).
 * May add to masked and left_out. mountinfo, host_root_fd, arena: as for the plan. */
int cpod_host_view_split (const char *mountinfo, int host_root_fd, struct cpod_arena *arena, struct cpod_host_view *view,
                          struct cpod_error *err);

/* ---- the tables ---- */

enum cpod_host_place_kind {
	CPOD_PLACE_TREE,   /* a file system mounted here or anywhere below is a layer */
	CPOD_PLACE_SELF,   /* one mounted exactly here is a layer */
	CPOD_PLACE_OUT,    /* one mounted here or below is left out */
};

struct cpod_host_place {
	const char *path;
	enum cpod_host_place_kind kind;
	const char *why;   /* OUT: the reason that people read */
};

/* The longest path that fits decides. */
extern const struct cpod_host_place cpod_host_places[];
/* Type of file system -> can it be a lower layer. NULL-terminated. */
extern const char *const cpod_host_layer_types[];
extern const struct cpod_host_view_fresh cpod_host_fresh[];
/* Directories that are emptied, files that are masked, and directories of which each entry is hidden
 * that not every user of the host may read; NULL-terminated. */
extern const char *const cpod_host_empty[];
extern const char *const cpod_host_masked[];
extern const char *const cpod_host_private[];
/* Paths whose target is exposed when it lies in a fresh directory: programs need it. */
extern const char *const cpod_host_needed[];

#endif
