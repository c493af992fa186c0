/* The host view in pieces, from samples of mountinfo and a scratch directory that stands for the host. */
#include "rootfs-tools/host-view.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define ROOT_LINE "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"

struct host {
	char dir[64];
	int fd;
	struct cpod_arena arena;
	struct cpod_host_view view;
};

static void
make_dir (const struct host *host, const char *path, mode_t mode)
{
	assert_int_equal (mkdirat (host->fd, path, 0755), 0);
	assert_int_equal (fchmodat (host->fd, path, mode, 0), 0);
}

static void
make_file (const struct host *host, const char *path, mode_t mode)
{
	int fd = openat (host->fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true (fd >= 0);
	assert_int_equal (write (fd, "x", 1), 1);
	assert_int_equal (fchmod (fd, mode), 0);
	close (fd);
}

static int
set_up (void **state)
{
	static struct host host;

	memset (&host, 0, sizeof (host));
	strcpy (host.dir, "/tmp/cpod-host-split-XXXXXX");
	if (!mkdtemp (host.dir))
		return -1;
	host.fd = open (host.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cpod_arena_init (&host.arena, 0);
	*state = &host;
	make_dir (&host, "usr", 0755);
	make_dir (&host, "etc", 0755);
	make_dir (&host, "var", 0755);
	make_dir (&host, "proc", 0555);
	make_dir (&host, "tmp", 01777);
	make_dir (&host, "root", 0700);
	return host.fd < 0 ? -1 : 0;
}

static int
remove_one (const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void) st, (void) type, (void) walk;
	return remove (path);
}

static int
tear_down (void **state)
{
	struct host *host = *state;

	cpod_arena_finish (&host->arena);
	close (host->fd);
	return nftw (host->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
split (struct host *host, const char *mountinfo)
{
	struct cpod_error err = { 0 };

	if (cpod_host_view_plan (mountinfo, NULL, host->fd, &host->arena, &host->view, &err) < 0
	    || cpod_host_view_split (mountinfo, host->fd, &host->arena, &host->view, &err) < 0)
		fail_msg ("%s", err.message);
}

/* The piece at path, or NULL. */
static const struct cpod_host_piece *
piece (const struct host *host, const char *path)
{
	const struct cpod_host_piece *items = host->view.pieces.items;

	for (size_t i = 0; i < host->view.pieces.n; i++)
		if (strcmp (items[i].path, path) == 0)
			return &items[i];
	return NULL;
}

static void
assert_kind (const struct host *host, const char *path, enum cpod_host_piece_kind kind)
{
	const struct cpod_host_piece *found = piece (host, path);

	if (found == NULL)
		fail_msg ("%s is no piece", path);
	else
		assert_int_equal (found->kind, kind);
}

static bool
is_masked (const struct host *host, const char *path)
{
	for (size_t i = 0; i < host->view.masked.n; i++)
		if (strcmp (host->view.masked.items[i], path) == 0)
			return true;
	return false;
}

static void
directories_are_layers_and_links_are_links (void **state)
{
	struct host *host = *state;

	assert_int_equal (symlinkat ("usr/bin", host->fd, "bin"), 0);
	make_file (host, "readme", 0644);
	split (host, ROOT_LINE);
	assert_kind (host, "/usr", CPOD_HOST_PIECE_LAYER);
	assert_kind (host, "/etc", CPOD_HOST_PIECE_LAYER);
	assert_kind (host, "/bin", CPOD_HOST_PIECE_LINK);
	assert_string_equal (piece (host, "/bin")->target, "usr/bin");
	assert_kind (host, "/readme", CPOD_HOST_PIECE_FILE);
}

static void
what_the_container_has_of_its_own_is_no_piece (void **state)
{
	struct host *host = *state;

	split (host, ROOT_LINE);
	assert_null (piece (host, "/proc"));
	assert_null (piece (host, "/tmp"));
}

static void
what_is_hidden_is_an_empty_directory_or_nothing (void **state)
{
	struct host *host = *state;

	make_dir (host, "vault", 0750);
	make_file (host, "key", 0600);
	assert_int_equal (mkfifoat (host->fd, "pipe", 0666), 0);
	split (host, ROOT_LINE);
	assert_kind (host, "/root", CPOD_HOST_PIECE_DIR);
	assert_kind (host, "/vault", CPOD_HOST_PIECE_DIR);
	assert_null (piece (host, "/key"));
	assert_null (piece (host, "/pipe"));
}

static void
a_directory_with_a_mount_below_is_taken_apart (void **state)
{
	struct host *host = *state;
	const struct cpod_host_piece *items;

	make_dir (host, "var/lib", 0755);
	make_dir (host, "var/cache", 0755);
	make_dir (host, "var/data", 0755);
	split (host, ROOT_LINE "28 27 254:1 / /var/data rw - ext4 /dev/vdb rw\n");
	assert_kind (host, "/var", CPOD_HOST_PIECE_DIR);
	assert_kind (host, "/var/lib", CPOD_HOST_PIECE_LAYER);
	assert_kind (host, "/var/cache", CPOD_HOST_PIECE_LAYER);
	assert_kind (host, "/var/data", CPOD_HOST_PIECE_DIR);   /* left out by its place: empty */
	items = host->view.pieces.items;
	assert_ptr_not_equal (piece (host, "/var"), NULL);
	assert_true (piece (host, "/var") - items < piece (host, "/var/lib") - items);
}

static void
a_mount_of_programs_is_a_layer (void **state)
{
	struct host *host = *state;

	split (host, ROOT_LINE "28 27 254:1 / /usr ro - ext4 /dev/vdb ro\n");
	assert_kind (host, "/usr", CPOD_HOST_PIECE_LAYER);
}

static void
a_large_directory_with_a_mount_below_is_one_tree (void **state)
{
	struct host *host = *state;
	char name[32];

	for (int i = 0; i < 40; i++) {
		snprintf (name, sizeof (name), "etc/file-%d", i);
		make_file (host, name, 0644);
	}
	make_dir (host, "etc/secrets", 0755);
	split (host, ROOT_LINE "28 27 254:1 / /etc/secrets rw - vfat /dev/vdb rw\n"
	       "29 27 254:0 /x /etc/file-3 rw - ext4 /dev/vda rw\n");
	assert_kind (host, "/etc", CPOD_HOST_PIECE_TREE);
	assert_true (is_masked (host, "/etc/secrets"));
	assert_false (is_masked (host, "/etc/file-3"));   /* a single file, which the view shows */
}

static void
letters_of_overlay_options_make_a_tree (void **state)
{
	struct host *host = *state;

	make_dir (host, "a,b", 0755);
	split (host, ROOT_LINE);
	assert_kind (host, "/a,b", CPOD_HOST_PIECE_TREE);
}

static void
too_many_pieces_are_left_out_by_name (void **state)
{
	struct host *host = *state;
	char name[32];
	size_t left_out = 0;

	for (int i = 0; i < 80; i++) {
		snprintf (name, sizeof (name), "dir-%d", i);
		make_dir (host, name, 0755);
	}
	split (host, ROOT_LINE);
	for (size_t i = 0; i < host->view.left_out.n; i++)
		left_out += strstr (host->view.left_out.items[i], "more pieces than a view may have") != NULL;
	assert_int_equal (left_out, 80 + 3 - 60);   /* and /etc, /usr, /var */
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown (directories_are_layers_and_links_are_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown (what_the_container_has_of_its_own_is_no_piece, set_up, tear_down),
		cmocka_unit_test_setup_teardown (what_is_hidden_is_an_empty_directory_or_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_directory_with_a_mount_below_is_taken_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_mount_of_programs_is_a_layer, set_up, tear_down),
		cmocka_unit_test_setup_teardown (a_large_directory_with_a_mount_below_is_one_tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown (letters_of_overlay_options_make_a_tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown (too_many_pieces_are_left_out_by_name, set_up, tear_down),
	};

	return cmocka_run_group_tests_name ("host-view-split", tests, NULL, NULL);
}
