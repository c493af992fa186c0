/* What a container on the host view sees, decided from samples of mountinfo and a scratch directory
 * that stands for the host.
 * Links: rootfs-tools/host-view.c rootfs-tools/host-view-tables.c rootfs-tools/mountinfo.c */
#include "rootfs-tools/host-view.h"
#include "rootfs-tools/mountinfo.h"
#include "src/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
	struct cpod_error err;
};

/* ---- the stand-in for a host ---- */

static void
make_dir (struct host *host, const char *path, mode_t mode)
{
	char copy[PATH_MAX], *slash;

	snprintf (copy, sizeof (copy), "%s", path + 1);
	for (slash = strchr (copy, '/'); slash; slash = strchr (slash + 1, '/')) {
		*slash = '\0';
		(void) mkdirat (host->fd, copy, 0755);   /* an existing parent is fine */
		*slash = '/';
	}
	(void) mkdirat (host->fd, copy, 0755);
	assert_int_equal (fchmodat (host->fd, copy, mode, 0), 0);
}

/* A file with something in it, and the directories above it. */
static void
make_file (struct host *host, const char *path, mode_t mode)
{
	char copy[PATH_MAX];
	int fd;

	snprintf (copy, sizeof (copy), "%s", path);
	*strrchr (copy, '/') = '\0';
	if (copy[0] && faccessat (host->fd, copy + 1, F_OK, 0) < 0)
		make_dir (host, copy, 0755);
	fd = openat (host->fd, path + 1, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true (fd >= 0);
	assert_int_equal (write (fd, "x", 1), 1);
	assert_int_equal (fchmod (fd, mode), 0);
	close (fd);
}

static void
make_link (struct host *host, const char *path, const char *target)
{
	assert_int_equal (symlinkat (target, host->fd, path + 1), 0);
}

static int
set_up (void **state)
{
	static struct host host;

	memset (&host, 0, sizeof (host));
	strcpy (host.dir, "/tmp/cpod-host-view-XXXXXX");
	if (!mkdtemp (host.dir))
		return -1;
	host.fd = open (host.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cpod_arena_init (&host.arena, 0);
	*state = &host;
	make_dir (&host, "/usr/bin", 0755);
	make_dir (&host, "/etc", 0755);
	make_dir (&host, "/tmp", 01777);
	make_dir (&host, "/run", 0755);
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

/* ---- asking ---- */

static bool
has (const struct cpod_strings *list, const char *text)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strcmp (list->items[i], text) == 0)
			return true;
	return false;
}

static size_t
position (const struct cpod_strings *list, const char *text)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strcmp (list->items[i], text) == 0)
			return i;
	fail_msg ("%s is missing", text);
	return SIZE_MAX;
}

/* True if a line of left_out begins with "path (". */
static bool
left_out (const struct host *host, const char *path)
{
	const struct cpod_strings *list = &host->view.left_out;
	size_t i, len = strlen (path);

	for (i = 0; i < list->n; i++)
		if (strncmp (list->items[i], path, len) == 0 && strncmp (list->items[i] + len, " (", 2) == 0)
			return true;
	return false;
}

/* What holds for every view: see the header. */
static void
check_invariants (const struct cpod_host_view *view)
{
	const struct cpod_host_view_fresh *fresh = view->fresh.items;
	size_t i, j;

	assert_string_equal (view->layers.items[0], "/");
	for (i = 0; i < view->layers.n; i++)
		for (j = i + 1; j < view->layers.n; j++)
			assert_false (cpod_path_below (view->layers.items[i], view->layers.items[j]));
	for (i = 0; i < view->empty.n; i++) {
		for (j = 0; j < view->empty.n; j++)
			assert_true (i == j || !cpod_path_below (view->empty.items[i], view->empty.items[j]));
		for (j = 0; j < view->fresh.n; j++)
			assert_false (cpod_path_below (view->empty.items[i], fresh[j].path));
		for (j = 0; j < view->masked.n; j++)
			assert_false (cpod_path_below (view->masked.items[j], view->empty.items[i]));
	}
}

static int
try_plan (struct host *host, const char *mountinfo, const char *expose)
{
	const char *items[] = { expose, NULL };
	struct cpod_strings list = { .items = items, .n = 1, .set = true };

	return cpod_host_view_plan (mountinfo, expose ? &list : NULL, host->fd, &host->arena, &host->view, &host->err);
}

static void
plan (struct host *host, const char *mountinfo, const char *expose)
{
	int ret = try_plan (host, mountinfo, expose);

	if (ret < 0)
		fail_msg ("%s", host->err.message);
	check_invariants (&host->view);
}

/* ---- mounts ---- */

static void
a_machine_with_one_disk_has_one_layer (void **state)
{
	struct host *host = *state;

	plan (host,
	      "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
	      "23 27 0:22 / /sys rw,relatime - sysfs sysfs rw\n"
	      "24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw,mode=755\n"
	      "25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw\n"
	      "26 24 0:24 / /dev/pts rw,relatime - devpts devpts rw,mode=600,ptmxmode=000\n"
	      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
	      "28 27 0:25 / /mnt/tools ro,nosuid,nodev,relatime - tmpfs tools ro,size=4k\n"
	      "29 26 0:26 / /dev/pts rw,relatime - devpts devpts rw,mode=600\n"
	      "30 25 0:27 / /dev/shm rw,relatime - tmpfs tmpfs rw\n"
	      "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n", NULL);
	assert_int_equal (host->view.layers.n, 1);
	assert_int_equal (host->view.left_out.n, 8);
	assert_true (left_out (host, "/proc"));
	assert_true (left_out (host, "/mnt/tools"));
	assert_true (left_out (host, "/sys/fs/cgroup/unified"));
}

static void
a_laptop_with_usr_home_and_boot_apart_keeps_usr (void **state)
{
	struct host *host = *state;

	make_dir (host, "/usr/local", 0755);
	make_dir (host, "/home", 0755);
	make_dir (host, "/boot/efi", 0755);
	make_dir (host, "/var/lib", 0755);
	plan (host,
	      ROOT_LINE
	      "31 30 8:5 / /usr/local rw - btrfs /dev/sda5 rw\n"
	      "30 27 8:2 / /usr rw,nodev shared:2 - ext4 /dev/sda2 rw\n"
	      "32 27 8:3 / /home rw,nodev shared:3 - xfs /dev/sda3 rw\n"
	      "33 27 8:1 / /boot rw shared:4 - ext4 /dev/sda1 rw\n"
	      "34 33 8:7 / /boot/efi rw shared:5 - vfat /dev/sda7 rw\n"
	      "35 27 8:8 / /var rw shared:6 - ext4 /dev/sda8 rw\n"
	      "36 27 8:9 / /data\\040of\\040mine rw - ext4 /dev/sdb1 rw\n", NULL);
	assert_int_equal (host->view.layers.n, 4);
	assert_string_equal (host->view.layers.items[1], "/usr");
	assert_string_equal (host->view.layers.items[2], "/usr/local");
	assert_string_equal (host->view.layers.items[3], "/var");
	assert_true (has (&host->view.left_out, "/home (xfs): people's files"));
	assert_true (left_out (host, "/boot") && left_out (host, "/boot/efi"));
	assert_true (left_out (host, "/data of mine"));
	assert_true (has (&host->view.empty, "/home"));
}

static void
in_a_container_single_files_are_shown_in_place (void **state)
{
	struct host *host = *state;

	make_file (host, "/etc/resolv.conf", 0644);
	make_file (host, "/etc/hostname", 0644);
	make_file (host, "/etc/token", 0600);
	plan (host,
	      "500 400 0:50 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a:/b,upperdir=/c,workdir=/d\n"
	      "501 500 0:51 / /proc rw,nosuid - proc proc rw\n"
	      "502 500 8:1 /x/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1 rw\n"
	      "503 500 8:1 /x/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"
	      "504 500 8:1 /x/token /etc/token rw - ext4 /dev/sda1 rw\n", NULL);
	assert_int_equal (host->view.layers.n, 1);
	assert_int_equal (host->view.exposed.n, 2);
	assert_true (has (&host->view.exposed, "/etc/resolv.conf"));
	assert_true (has (&host->view.exposed, "/etc/hostname"));
	assert_true (left_out (host, "/etc/token"));
	assert_true (has (&host->view.masked, "/etc/token"));
}

static void
snaps_are_left_out (void **state)
{
	struct host *host = *state;

	plan (host,
	      ROOT_LINE
	      "40 27 7:0 / /snap/core/1 ro,nodev - squashfs /dev/loop0 ro\n"
	      "41 27 7:1 / /var/lib/snapd/snap/vim/2 ro,nodev - squashfs /dev/loop1 ro\n", NULL);
	assert_int_equal (host->view.layers.n, 1);
	assert_true (has (&host->view.left_out, "/snap/core/1 (squashfs): a snap; it starts only through snapd"));
	assert_true (left_out (host, "/var/lib/snapd/snap/vim/2"));
}

static void
a_file_system_that_cannot_be_a_layer_is_left_out_and_named (void **state)
{
	struct host *host = *state;

	make_dir (host, "/opt/key", 0755);
	make_dir (host, "/opt/far", 0755);
	make_dir (host, "/opt/a:b", 0755);
	plan (host,
	      ROOT_LINE
	      "40 27 8:1 / /opt/key rw - vfat /dev/sdb1 rw\n"
	      "41 27 0:9 / /opt/far rw - fuse.sshfs me@there rw\n"
	      "42 27 8:2 / /opt/a:b rw - ext4 /dev/sdb2 rw\n", NULL);
	assert_int_equal (host->view.layers.n, 1);
	assert_true (left_out (host, "/opt/a:b"));
	assert_true (has (&host->view.left_out, "/opt/key (vfat): not a file system that can lie below an overlay"));
	assert_true (left_out (host, "/opt/far"));
}

static void
of_mounts_at_one_place_the_last_counts (void **state)
{
	struct host *host = *state;

	make_dir (host, "/opt/a/b", 0755);
	plan (host,
	      ROOT_LINE
	      "40 27 8:1 / /opt rw - vfat /dev/sdb1 rw\n"
	      "41 40 8:2 / /opt/a rw - ext4 /dev/sdb2 rw\n"       /* below the covered one */
	      "42 40 8:3 / /opt rw - ext4 /dev/sdb3 rw\n"         /* on top of it */
	      "43 42 8:4 / /opt/a/b rw - ext4 /dev/sdb4 rw\n"
	      "44 27 8:5 / /usr/bin rw - ext4 /dev/sdb5 rw\n"     /* hidden by the next */
	      "45 27 8:6 / /usr rw - ext4 /dev/sdb6 rw\n", NULL);
	assert_int_equal (host->view.layers.n, 4);
	assert_string_equal (host->view.layers.items[1], "/opt");
	assert_string_equal (host->view.layers.items[2], "/opt/a/b");
	assert_string_equal (host->view.layers.items[3], "/usr");
	assert_int_equal (host->view.left_out.n, 0);
}

static void
a_mount_whose_parents_go_in_a_circle_is_not_reached (void **state)
{
	struct host *host = *state;

	plan (host, ROOT_LINE "40 41 8:1 / /opt rw - ext4 x rw\n41 40 8:1 / /opt/a rw - ext4 x rw\n", NULL);
	assert_int_equal (host->view.layers.n, 1);
}

static void
names_are_compared_by_component (void **state)
{
	struct host *host = *state;

	make_dir (host, "/usrlocal", 0755);
	make_dir (host, "/opt-data", 0755);
	plan (host,
	      ROOT_LINE
	      "40 27 8:1 / /usr rw - ext4 x rw\n"
	      "41 27 8:1 / /usrlocal rw - ext4 x rw\n"
	      "42 27 8:1 / /opt-data rw - ext4 x rw\n", NULL);
	assert_int_equal (host->view.layers.n, 2);
	assert_true (left_out (host, "/usrlocal") && left_out (host, "/opt-data"));
}

static void
five_thousand_mounts_are_decided_at_once (void **state)
{
	struct host *host = *state;
	cpod_autostr text = CPOD_STR_INIT;
	int i;

	cpod_str_add (&text, ROOT_LINE);
	for (i = 0; i < 5000; i++)
		cpod_str_printf (&text, "%d %d 0:%d / /data/%d/%d rw - ext4 /dev/x rw\n", 100 + i, 27, i, i % 70, i);
	plan (host, text.data, NULL);
	assert_int_equal (host->view.layers.n, 1);
	assert_int_equal (host->view.left_out.n, 5000);
}

static void
the_number_of_layers_is_bounded (void **state)
{
	struct host *host = *state;
	cpod_autostr text = CPOD_STR_INIT;
	int i;

	cpod_str_add (&text, ROOT_LINE);
	for (i = 0; i < 100; i++) {
		char path[32];

		snprintf (path, sizeof (path), "/opt/%03d", i);
		make_dir (host, path, 0755);
		cpod_str_printf (&text, "%d 27 0:%d / %s rw - ext4 /dev/x rw\n", 100 + i, i, path);
	}
	plan (host, text.data, NULL);
	assert_int_equal (host->view.layers.n, 32);
	assert_int_equal (host->view.left_out.n, 69);
}

static void
without_a_line_for_the_root_there_is_still_its_layer (void **state)
{
	struct host *host = *state;

	plan (host, "", NULL);
	assert_int_equal (host->view.layers.n, 1);
	plan (host, "40 9 8:1 / /usr rw - ext4 x rw\n", NULL);
	assert_int_equal (host->view.layers.n, 2);
}

static void
a_malformed_mountinfo_is_named_by_its_line (void **state)
{
	static const char *const bad[] = {
		ROOT_LINE "nonsense\n", ROOT_LINE "40 27\n", ROOT_LINE "40 27 8:1 / /usr rw ext4 x rw\n",
		ROOT_LINE "40 27 8:1 / usr rw - ext4 x rw\n", ROOT_LINE "-4 27 8:1 / /usr rw - ext4 x rw\n",
		ROOT_LINE "99999999999 27 8:1 / /usr rw - ext4 x rw\n", ROOT_LINE "40 27 8:1 / /usr rw -  x rw\n",
		ROOT_LINE "40 27 8:1", ROOT_LINE "40 27 8:1 / /usr",
	};
	struct host *host = *state;
	size_t i;

	for (i = 0; i < sizeof (bad) / sizeof (bad[0]); i++) {
		assert_int_equal (try_plan (host, bad[i], NULL), -EINVAL);
		assert_non_null (strstr (host->err.message, "line 2"));
	}
}

/* ---- what is hidden ---- */

static void
a_container_has_fresh_temporary_directories (void **state)
{
	struct host *host = *state;
	const struct cpod_host_view_fresh *fresh;

	plan (host, ROOT_LINE, NULL);
	fresh = host->view.fresh.items;
	assert_int_equal (host->view.fresh.n, 3);
	assert_string_equal (fresh[0].path, "/tmp");
	assert_int_equal (fresh[0].mode, 01777);
	assert_string_equal (fresh[1].path, "/var/tmp");     /* though the host has none */
	assert_string_equal (fresh[2].path, "/run");
	assert_int_equal (fresh[2].mode, 0755);
}

static void
a_linked_temporary_directory_is_made_once (void **state)
{
	struct host *host = *state;

	make_dir (host, "/var", 0755);
	make_link (host, "/var/tmp", "../tmp");
	plan (host, ROOT_LINE, NULL);
	assert_int_equal (host->view.fresh.n, 2);
}

static void
only_what_exists_is_hidden (void **state)
{
	struct host *host = *state;

	plan (host, ROOT_LINE, NULL);
	assert_int_equal (host->view.empty.n, 0);
	assert_int_equal (host->view.masked.n, 0);
	assert_int_equal (host->view.exposed.n, 0);
}

static void
password_files_and_host_keys_are_masked_whatever_their_mode (void **state)
{
	struct host *host = *state;

	make_file (host, "/etc/passwd", 0644);
	make_file (host, "/etc/shadow", 0644);
	make_file (host, "/etc/shadow-", 0600);
	make_file (host, "/etc/gshadow", 0640);
	make_file (host, "/etc/ssh/ssh_host_rsa_key", 0644);
	make_file (host, "/etc/ssh/ssh_host_rsa_key.pub", 0644);
	make_file (host, "/etc/ssh/sshd_config", 0644);
	plan (host, ROOT_LINE, NULL);
	assert_int_equal (host->view.masked.n, 4);
	assert_true (has (&host->view.masked, "/etc/shadow"));
	assert_true (has (&host->view.masked, "/etc/shadow-"));
	assert_true (has (&host->view.masked, "/etc/gshadow"));
	assert_true (has (&host->view.masked, "/etc/ssh/ssh_host_rsa_key"));
}

static void
what_not_every_user_may_read_is_hidden (void **state)
{
	struct host *host = *state;

	make_file (host, "/swapfile", 0600);
	make_dir (host, "/vault", 0700);
	make_dir (host, "/open", 0755);
	make_dir (host, "/var/lib/service", 0750);
	make_dir (host, "/var/lib/dpkg", 0755);
	make_dir (host, "/var/lib/listless", 0711);
	make_file (host, "/etc/mysql/debian.cnf", 0600);
	make_file (host, "/etc/mysql/my.cnf", 0644);
	plan (host, ROOT_LINE, NULL);
	assert_int_equal (host->view.empty.n, 3);
	assert_true (has (&host->view.empty, "/vault"));
	assert_true (has (&host->view.empty, "/var/lib/service"));
	assert_true (has (&host->view.empty, "/var/lib/listless"));
	assert_int_equal (host->view.masked.n, 2);
	assert_true (has (&host->view.masked, "/swapfile"));
	assert_true (has (&host->view.masked, "/etc/mysql/debian.cnf"));
}

static void
an_empty_file_and_a_link_hide_nothing (void **state)
{
	struct host *host = *state;
	int fd = openat (host->fd, "etc/lock", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true (fd >= 0);
	close (fd);
	make_link (host, "/etc/link", "/nowhere");
	plan (host, ROOT_LINE, NULL);
	assert_int_equal (host->view.masked.n, 0);
}

static void
a_socket_is_masked (void **state)
{
	struct host *host = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	make_dir (host, "/var/lib", 0755);
	snprintf (address.sun_path, sizeof (address.sun_path), "%s/var/lib/service.sock", host->dir);
	assert_int_equal (bind (fd, (struct sockaddr *) &address, sizeof (address)), 0);
	assert_int_equal (fchmodat (host->fd, "var/lib/service.sock", 0777, 0), 0);
	close (fd);
	plan (host, ROOT_LINE, NULL);
	assert_true (has (&host->view.masked, "/var/lib/service.sock"));
}

static void
a_linked_directory_is_emptied_where_it_really_is (void **state)
{
	struct host *host = *state;

	make_dir (host, "/var/home", 0755);
	make_dir (host, "/var/spool/mail", 0755);
	make_link (host, "/home", "var/home");
	make_link (host, "/var/mail", "spool/mail");
	plan (host, ROOT_LINE, NULL);
	assert_true (has (&host->view.empty, "/var/home"));
	assert_false (has (&host->view.empty, "/home"));
	assert_true (has (&host->view.empty, "/var/spool") || has (&host->view.empty, "/var/spool/mail"));
}

static void
a_link_that_leads_upwards_stays_beneath_the_root (void **state)
{
	struct host *host = *state;

	make_dir (host, "/users", 0755);
	make_link (host, "/home", "../../../../../../users");
	plan (host, ROOT_LINE, NULL);
	assert_true (has (&host->view.empty, "/users"));
}

static void
a_mount_in_an_emptied_directory_is_left_out (void **state)
{
	struct host *host = *state;

	make_dir (host, "/etc/kubernetes/pki", 0755);
	plan (host, ROOT_LINE "40 27 0:7 / /etc/kubernetes/pki rw - tmpfs x rw\n", NULL);
	assert_int_equal (host->view.layers.n, 1);
	assert_true (left_out (host, "/etc/kubernetes/pki"));
}

/* ---- what is exposed ---- */

static void
an_exposed_path_is_shown_though_it_lies_in_an_emptied_directory (void **state)
{
	struct host *host = *state;

	make_dir (host, "/home/me/project", 0755);
	plan (host, ROOT_LINE "40 27 8:3 / /home/me/project rw - vfat x rw\n", "/home/me/project");
	assert_int_equal (host->view.exposed.n, 1);
	assert_string_equal (host->view.exposed.items[0], "/home/me/project");
	assert_true (has (&host->view.empty, "/home"));
	assert_false (left_out (host, "/home/me/project"));
}

static void
a_path_exposed_twice_or_inside_another_is_shown_once (void **state)
{
	static const char *items[] = { "/usr/bin", "/usr/bin", "/usr/bin/x", NULL };
	struct cpod_strings list = { .items = items, .n = 3, .set = true };
	struct host *host = *state;

	make_file (host, "/usr/bin/x", 0755);
	assert_int_equal (cpod_host_view_plan (ROOT_LINE, &list, host->fd, &host->arena, &host->view, &host->err), 0);
	assert_int_equal (host->view.exposed.n, 1);
}

static void
a_path_that_cannot_be_exposed_is_refused_with_its_reason (void **state)
{
	static const struct { const char *path; int code; } bad[] = {
		{ "", EINVAL }, { "usr", EINVAL }, { "/", EINVAL }, { "/usr/", EINVAL }, { "//usr", EINVAL },
		{ "/usr/../etc", EINVAL }, { "/usr/./bin", EINVAL }, { "/usr//bin", EINVAL }, { "/..", EINVAL },
		{ "/dev/null", EINVAL }, { "/proc", EINVAL }, { "/all", EINVAL }, { "/missing", EINVAL },
		{ "/usr/bin/x/y", EINVAL },
	};
	struct host *host = *state;
	size_t i;

	make_file (host, "/dev/null", 0666);
	make_dir (host, "/proc", 0555);
	make_file (host, "/usr/bin/x", 0755);
	make_link (host, "/all", "/");
	for (i = 0; i < sizeof (bad) / sizeof (bad[0]); i++) {
		assert_int_equal (try_plan (host, ROOT_LINE, bad[i].path), -bad[i].code);
		assert_non_null (strstr (host->err.message, "hostView.expose[0]: "));
	}
}

static void
a_resolv_conf_that_leads_into_run_is_shown (void **state)
{
	struct host *host = *state;

	make_file (host, "/run/resolve/stub.conf", 0644);
	make_link (host, "/etc/resolv.conf", "../run/resolve/stub.conf");
	plan (host, ROOT_LINE, NULL);
	assert_int_equal (host->view.exposed.n, 1);
	assert_string_equal (host->view.exposed.items[0], "/run/resolve/stub.conf");
}

/* ---- errors ---- */

static void
memory_that_runs_out_is_an_error_wherever_it_happens (void **state)
{
	struct host *host = *state;
	size_t limit;
	int ret = -ENOMEM;

	make_dir (host, "/home", 0755);
	make_file (host, "/etc/shadow", 0600);
	for (limit = 16; ret == -ENOMEM && limit < 65536; limit += 16) {
		cpod_arena_finish (&host->arena);
		cpod_arena_init (&host->arena, limit);
		ret = try_plan (host, ROOT_LINE "28 27 0:3 / /proc rw - proc proc rw\n", "/usr");
	}
	assert_int_equal (ret, 0);
	assert_true (limit > 256);
}

static void
a_root_that_is_no_directory_is_an_error (void **state)
{
	struct host *host = *state;
	int fd = host->fd;

	host->fd = -1;
	assert_true (try_plan (host, ROOT_LINE, NULL) < 0);
	host->fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal (try_plan (host, ROOT_LINE, "/usr"), -EINVAL);
	close (host->fd);
	host->fd = fd;
}

static void
this_machine_has_a_view (void **state)
{
	struct host *host = *state;
	char text[65536] = "";
	int fd = open ("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC), scratch = host->fd;
	ssize_t len = 0, n;

	assert_true (fd >= 0);
	while ((n = read (fd, text + len, sizeof (text) - 1 - (size_t) len)) > 0)
		len += n;
	close (fd);
	if ((size_t) len == sizeof (text) - 1)
		skip ();
	host->fd = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	plan (host, text, NULL);
	if (access ("/etc/shadow", F_OK) == 0)
		assert_true (position (&host->view.masked, "/etc/shadow") < host->view.masked.n);
	close (host->fd);
	host->fd = scratch;
}

#define test(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int
main (void)
{
	static const struct CMUnitTest tests[] = {
		test (a_machine_with_one_disk_has_one_layer),
		test (a_laptop_with_usr_home_and_boot_apart_keeps_usr),
		test (in_a_container_single_files_are_shown_in_place),
		test (snaps_are_left_out),
		test (a_file_system_that_cannot_be_a_layer_is_left_out_and_named),
		test (of_mounts_at_one_place_the_last_counts),
		test (a_mount_whose_parents_go_in_a_circle_is_not_reached),
		test (names_are_compared_by_component),
		test (five_thousand_mounts_are_decided_at_once),
		test (the_number_of_layers_is_bounded),
		test (without_a_line_for_the_root_there_is_still_its_layer),
		test (a_malformed_mountinfo_is_named_by_its_line),
		test (a_container_has_fresh_temporary_directories),
		test (a_linked_temporary_directory_is_made_once),
		test (only_what_exists_is_hidden),
		test (password_files_and_host_keys_are_masked_whatever_their_mode),
		test (what_not_every_user_may_read_is_hidden),
		test (an_empty_file_and_a_link_hide_nothing),
		test (a_socket_is_masked),
		test (a_linked_directory_is_emptied_where_it_really_is),
		test (a_link_that_leads_upwards_stays_beneath_the_root),
		test (a_mount_in_an_emptied_directory_is_left_out),
		test (an_exposed_path_is_shown_though_it_lies_in_an_emptied_directory),
		test (a_path_exposed_twice_or_inside_another_is_shown_once),
		test (a_path_that_cannot_be_exposed_is_refused_with_its_reason),
		test (a_resolv_conf_that_leads_into_run_is_shown),
		test (memory_that_runs_out_is_an_error_wherever_it_happens),
		test (a_root_that_is_no_directory_is_an_error),
		test (this_machine_has_a_view),
	};

	return cmocka_run_group_tests (tests, NULL, NULL);
}
