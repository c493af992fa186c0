/* One table of every mount(8) option that is not the file system's own (mount(8), mount_setattr(2);
 * the recursive forms are the runtime-spec's). What the table does not know goes to the file system,
 * which refuses what it does not know either. */
#include "mount-options.h"

#include "src/base/error.h"

#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

enum effect { SET, CLEAR, ATIME, PROPAGATION, BIND, COPY_UP, IDMAP, SUPERBLOCK, IGNORED, REFUSED };

/* flag: attribute or MS_ flag; for SUPERBLOCK nothing: the name goes on as it is. */
static const struct option {
	const char *name;
	enum effect effect;
	uint64_t flag;
} options_known[] = {
	{ "defaults", IGNORED, 0 },
	{ "ro", SET, MOUNT_ATTR_RDONLY },            { "rw", CLEAR, MOUNT_ATTR_RDONLY },
	{ "nosuid", SET, MOUNT_ATTR_NOSUID },        { "suid", CLEAR, MOUNT_ATTR_NOSUID },
	{ "nodev", SET, MOUNT_ATTR_NODEV },          { "dev", CLEAR, MOUNT_ATTR_NODEV },
	{ "noexec", SET, MOUNT_ATTR_NOEXEC },        { "exec", CLEAR, MOUNT_ATTR_NOEXEC },
	{ "nodiratime", SET, MOUNT_ATTR_NODIRATIME }, { "diratime", CLEAR, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW }, { "symfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW },
	{ "noatime", ATIME, MOUNT_ATTR_NOATIME },    { "atime", ATIME, MOUNT_ATTR_RELATIME },
	{ "relatime", ATIME, MOUNT_ATTR_RELATIME },  { "norelatime", ATIME, MOUNT_ATTR_STRICTATIME },
	{ "strictatime", ATIME, MOUNT_ATTR_STRICTATIME }, { "nostrictatime", ATIME, MOUNT_ATTR_RELATIME },
	{ "private", PROPAGATION, MS_PRIVATE },      { "rprivate", PROPAGATION, MS_PRIVATE | MS_REC },
	{ "slave", PROPAGATION, MS_SLAVE },          { "rslave", PROPAGATION, MS_SLAVE | MS_REC },
	{ "shared", PROPAGATION, MS_SHARED },        { "rshared", PROPAGATION, MS_SHARED | MS_REC },
	{ "unbindable", PROPAGATION, MS_UNBINDABLE }, { "runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC },
	{ "bind", BIND, 0 },                         { "rbind", BIND, MS_REC },
	{ "sync", SUPERBLOCK, 0 },                   { "async", SUPERBLOCK, 0 },
	{ "dirsync", SUPERBLOCK, 0 },                { "lazytime", SUPERBLOCK, 0 },
	{ "nolazytime", SUPERBLOCK, 0 },             { "mand", SUPERBLOCK, 0 },
	{ "nomand", SUPERBLOCK, 0 },                 { "iversion", SUPERBLOCK, 0 },
	{ "noiversion", SUPERBLOCK, 0 },             { "silent", IGNORED, 0 }, { "loud", IGNORED, 0 },
	/* These speak to mount(8) and fstab, not to the kernel. */
	{ "auto", IGNORED, 0 }, { "noauto", IGNORED, 0 }, { "user", IGNORED, 0 }, { "nouser", IGNORED, 0 },
	{ "users", IGNORED, 0 }, { "owner", IGNORED, 0 }, { "group", IGNORED, 0 }, { "_netdev", IGNORED, 0 },
	{ "nofail", IGNORED, 0 },
	{ "remount", REFUSED, 0 }, { "move", REFUSED, 0 },
	{ "idmap", IDMAP, 0 },                       { "ridmap", IDMAP, MS_REC },
	{ "tmpcopyup", COPY_UP, 0 },
	{ "loop", REFUSED, 0 },
};

const char *
cpod_mount_option_name (size_t n, bool *ret_recursive)
{
	for (size_t i = 0; i < sizeof (options_known) / sizeof (options_known[0]); i++) {
		if (options_known[i].effect == REFUSED || n-- > 0)
			continue;
		*ret_recursive = options_known[i].effect == SET || options_known[i].effect == CLEAR || options_known[i].effect == ATIME;
		return options_known[i].name;
	}
	return NULL;
}

static const struct option *
find (const char *name)
{
	for (size_t i = 0; i < sizeof (options_known) / sizeof (options_known[0]); i++)
		if (strcmp (options_known[i].name, name) == 0)
			return &options_known[i];
	return NULL;
}

/* Puts an attribute on or off; a later option wins over an earlier one. */
static void
set_attribute (uint64_t *set, uint64_t *clear, const struct option *option)
{
	uint64_t bits = option->effect == ATIME ? (uint64_t) MOUNT_ATTR__ATIME : option->flag;

	*set &= ~bits;
	*clear &= ~bits;
	if (option->effect == CLEAR)
		*clear |= option->flag;
	else
		*set |= option->flag;
	if (option->effect == ATIME)
		*clear |= MOUNT_ATTR__ATIME;
}

/* Carries out one known option; false when it is not this version's. */
static bool
apply (struct cpod_mount_options *options, const struct option *option)
{
	switch (option->effect) {
	case SET:
	case CLEAR:
	case ATIME:
		options->named |= option->effect == ATIME ? (uint64_t) MOUNT_ATTR__ATIME : option->flag;
		set_attribute (&options->set, &options->clear, option);
		break;
	case PROPAGATION:
		options->propagation = option->flag & ~(uint64_t) MS_REC;
		options->propagation_recursive = (option->flag & MS_REC) != 0;
		break;
	case BIND:
		options->bind = true;
		options->recursive = options->recursive || option->flag != 0;
		break;
	case IDMAP:
		options->idmap = true;
		options->idmap_recursive = options->idmap_recursive || option->flag != 0;
		break;
	case COPY_UP:
		options->copy_up = true;
		break;
	case SUPERBLOCK:
		options->data[options->n_data++] = option->name;
		break;
	case IGNORED:
		break;
	case REFUSED:
		return false;
	}
	return true;
}

int
cpod_mount_options_read (const struct cpod_strings *options, struct cpod_arena *arena, struct cpod_mount_options *ret,
                         struct cpod_error *err)
{
	struct cpod_mount_options read = { 0 };

	read.data = cpod_arena_array (arena, options->n + 1, sizeof (*read.data));
	if (read.data == NULL)
		return cpod_error_oom (err);
	for (size_t i = 0; i < options->n; i++) {
		const char *name = options->items[i];
		const struct option *option = find (name);

		/* "rro", "rnosuid", ...: the plain option's attribute, for the whole tree. */
		if (option == NULL && name[0] == 'r' && (option = find (name + 1)) != NULL && option->effect <= ATIME) {
			set_attribute (&read.recursive_set, &read.recursive_clear, option);
			continue;
		}
		option = find (name);
		if (option != NULL && !apply (&read, option))
			return cpod_error_set (err, ENOTSUP, "option \"%s\" is not carried out by this version", name);
		if (option == NULL && strncmp (name, "x-", 2) != 0 && strncmp (name, "comment=", 8) != 0)
			read.data[read.n_data++] = name;
	}
	*ret = read;
	return 0;
}
