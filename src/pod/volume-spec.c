/* The tables of volumes (volume.h), and what the runtime is told. */
#include "volume.h"

#include "src/base/error.h"
#include "src/base/names.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define OFF(type, member) offsetof (struct cpod_volume_##type, member)
#define N_ELEMENTS(array) (sizeof (array) / sizeof ((array)[0]))
#define TABLE(type, array) sizeof (struct cpod_volume_##type), array, N_ELEMENTS (array)

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyz0123456789-."
#define DEFAULT_MODE 0777

static const char *const medium_words[] = { "", "Memory", NULL };
static const struct cpod_field empty_dir_fields[] = {
	{ "medium", CPOD_KIND_ENUM, CPOD_FIELD_NULL_OK, OFF (empty_dir, medium), .words = medium_words,
	  .where = "\"\": a directory in the pod's state directory; \"Memory\": one tmpfs that the pod's containers share" },
	{ "sizeLimit", CPOD_KIND_INT, CPOD_FIELD_NULL_OK, OFF (empty_dir, size), 0, INT64_MAX,
	  .where = "bytes; in memory only" },
	{ "mode", CPOD_KIND_INT, CPOD_FIELD_NULL_OK, OFF (empty_dir, mode), 0, 07777, .where = "of its root; default 0777" },
};
static int
check_empty_dir (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	const struct cpod_volume_empty_dir *dir = target;

	if (dir->size.value > 0 && dir->medium.value == 0)
		return cpod_decode_error (decoder, value, err, "a sizeLimit needs the medium \"Memory\"");
	return 0;
}
static const struct cpod_object empty_dir_object = { "emptyDir", TABLE (empty_dir, empty_dir_fields), check_empty_dir,
                                                     false };

static const char *const host_words[] = {
	"", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice", NULL,
};
static const struct cpod_field host_path_fields[] = {
	{ "path", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED | CPOD_FIELD_ABSOLUTE, OFF (host_path, path),
	  .where = "on the host" },
	{ "type", CPOD_KIND_ENUM, CPOD_FIELD_NULL_OK, OFF (host_path, type), .words = host_words,
	  .where = "what it must be when the pod starts, or is made" },
};
static const struct cpod_object host_path_object = { "hostPath", TABLE (host_path, host_path_fields), NULL, false };

static const struct cpod_field file_fields[] = {
	{ "path", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED | CPOD_FIELD_NONEMPTY, OFF (file, path),
	  .where = "relative, without \"..\"" },
	{ "mode", CPOD_KIND_INT, CPOD_FIELD_NULL_OK, OFF (file, mode), 0, 0777, .where = "default 0644" },
	{ "text", CPOD_KIND_STRING, CPOD_FIELD_NULL_OK, OFF (file, text), .where = "what is in it" },
	{ "base64", CPOD_KIND_STRING, CPOD_FIELD_NULL_OK, OFF (file, base64), .where = "the same, for other bytes" },
};

/* A path that stays in the volume, and one content. */
static int
check_file (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	struct cpod_volume_file *file = target;

	file->at = value;
	for (const char *part = file->path; ; part = strchr (part, '/') + 1) {
		size_t len = strcspn (part, "/");

		if (len == 0 || (len <= 2 && strspn (part, ".") >= len) || len > 255)
			return cpod_decode_error (decoder, value, err,
			                          "path: \"%.100s\" must be relative, and have no empty, \".\" or \"..\" component",
			                          file->path);
		if (!part[len])
			break;
	}
	if (!file->text == !file->base64)
		return cpod_decode_error (decoder, value, err, "needs either text or base64");
	return 0;
}
static const struct cpod_object file_object = { "files[]", TABLE (file, file_fields), check_file, false };

static const struct cpod_field volume_fields[] = {
	{ "name", CPOD_KIND_STRING, CPOD_FIELD_REQUIRED | CPOD_FIELD_NONEMPTY, OFF (spec, name),
	  .where = "a-z, 0-9, - and dots; a mount has it as its source, volume:NAME or volume:NAME/PATH" },
	{ "emptyDir", CPOD_KIND_OBJECT, CPOD_FIELD_NULL_OK, OFF (spec, empty_dir), .object = &empty_dir_object,
	  .where = "empty when the pod starts, gone with it" },
	{ "hostPath", CPOD_KIND_OBJECT, CPOD_FIELD_NULL_OK, OFF (spec, host_path), .object = &host_path_object,
	  .where = "something of the host's" },
	{ "files", CPOD_KIND_ARRAY, CPOD_FIELD_NULL_OK, OFF (spec, files), .object = &file_object,
	  .where = "written when the pod starts" },
	{ "group", CPOD_KIND_INT, CPOD_FIELD_NULL_OK, OFF (spec, group), 0, INT32_MAX,
	  .where = "owns what is made, and can read it; in an emptyDir also write" },
};

/* One source, and a name that can stand in a path. */
static int
check_volume (struct cpod_decoder *decoder, const struct cpod_json *value, void *target, struct cpod_error *err)
{
	struct cpod_volume_spec *volume = target;
	int n = (volume->empty_dir != NULL) + (volume->host_path != NULL) + volume->files.set;
	size_t len = strlen (volume->name);

	volume->at = value;
	if (len > 63 || strspn (volume->name, NAME_BYTES) != len || strchr ("-.", volume->name[0])
	    || strchr ("-.", volume->name[len - 1]))
		return cpod_decode_error (decoder, value, err,
		                          "name: \"%.80s\" is not a name: a-z, 0-9, - and . inside, at most 63",
			volume->name);
	if (n != 1)
		return cpod_decode_error (decoder, value, err, "needs exactly one of emptyDir, hostPath and files, not %d",
		                          n);
	/* An ordinary user's is in memory: what containers with other ids leave in a directory, the user could not remove. */
	volume->kind = volume->host_path ? CPOD_VOLUME_HOST : volume->files.set ? CPOD_VOLUME_FILES
	               : volume->empty_dir->medium.value == 1 || geteuid () != 0 ? CPOD_VOLUME_MEMORY : CPOD_VOLUME_DIRECTORY;
	return 0;
}
const struct cpod_object cpod_volume_object = { "volumes[]", TABLE (spec, volume_fields), check_volume, false };

int
cpod_volumes_check (const struct cpod_array *volumes, struct cpod_decoder *decoder, struct cpod_error *err)
{
	const struct cpod_volume_spec *items = volumes->items;
	struct cpod_names names;
	size_t first;

	cpod_names_init (&names, decoder->arena);
	for (size_t i = 0; i < volumes->n; i++) {
		if (cpod_names_add (&names, items[i].name, i, &first) < 0)
			return cpod_error_oom (err);
		if (first != i) {
			cpod_decode_push_index (decoder, i);
			return cpod_decode_error (decoder, items[i].at, err, "two volumes are named \"%s\"", items[i].name);
		}
	}
	return 0;
}

/* Where a volume lies on the host; NULL: in memory, or no memory (then *failed is set). */
static const char *
path_of (const struct cpod_volume_spec *volume, const char *state_dir, struct cpod_arena *arena, bool *failed)
{
	const char *path;

	if (volume->kind == CPOD_VOLUME_MEMORY)
		return NULL;
	if (volume->kind == CPOD_VOLUME_HOST)
		return volume->host_path->path;
	path = cpod_arena_printf (arena, "%s/volumes/%s", state_dir ? state_dir : "", volume->name);
	*failed = *failed || !path;
	return path;
}

int
cpod_volumes_for_runtime (const struct cpod_volume_spec *volumes, size_t n, const char *state_dir, struct cpod_arena *arena,
                          struct cpod_rt_volume **ret, struct cpod_error *err)
{
	struct cpod_rt_volume *list = cpod_arena_array (arena, n + 1, sizeof (*list));
	bool failed = !list;

	for (size_t i = 0; i < n && !failed; i++) {
		const struct cpod_volume_empty_dir *dir = volumes[i].empty_dir;
		uint32_t mode = dir && dir->mode.set ? (uint32_t) dir->mode.value : DEFAULT_MODE;

		list[i] = (struct cpod_rt_volume) {
			.name = volumes[i].name, .path = path_of (&volumes[i], state_dir, arena, &failed),
			.bytes = dir ? (uint64_t) dir->size.value : 0,
			.mode = volumes[i].group.set ? mode | 02000 : mode,
			.gid = (uint32_t) volumes[i].group.value,
		};
	}
	if (failed)
		return cpod_error_oom (err);
	*ret = list;
	return 0;
}
