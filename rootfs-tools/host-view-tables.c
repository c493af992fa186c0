/* What the host view shows and hides, as data: see host-view.h.
 *
 * A line is added here when a place is known to hold secrets or data that the permissions of the
 * files do not already protect; the reason stands beside it.
 */
#include "host-view.h"

#include <stddef.h>

const struct cpod_host_place cpod_host_places[] = {
	/* Programs, their libraries, and the configuration that they read. */
	{ "/usr",   CPOD_PLACE_TREE, NULL },
	{ "/bin",   CPOD_PLACE_TREE, NULL },   /* before the merge of /bin into /usr/bin */
	{ "/sbin",  CPOD_PLACE_TREE, NULL },
	{ "/lib",   CPOD_PLACE_TREE, NULL },
	{ "/lib32", CPOD_PLACE_TREE, NULL },
	{ "/lib64", CPOD_PLACE_TREE, NULL },
	{ "/libx32", CPOD_PLACE_TREE, NULL },
	{ "/opt",   CPOD_PLACE_TREE, NULL },
	{ "/etc",   CPOD_PLACE_TREE, NULL },
	{ "/nix",   CPOD_PLACE_TREE, NULL },   /* NixOS and Guix keep every program in their stores */
	{ "/gnu",   CPOD_PLACE_TREE, NULL },
	{ "/var",   CPOD_PLACE_SELF, NULL },   /* looks alike whether it is a disk of its own or not */
	{ "/var/lib", CPOD_PLACE_SELF, NULL }, /* fonts' and formats' indexes, package lists */

	{ "/proc",  CPOD_PLACE_OUT, "the kernel's; the container has its own" },
	{ "/sys",   CPOD_PLACE_OUT, "the kernel's; the container has its own" },
	{ "/dev",   CPOD_PLACE_OUT, "devices; the container has its own few" },
	{ "/run",   CPOD_PLACE_OUT, "sockets and state of the host's services; the container has its own /run" },
	{ "/tmp",   CPOD_PLACE_OUT, "other programs' files; the container has its own /tmp" },
	{ "/var/tmp", CPOD_PLACE_OUT, "other programs' files; the container has its own /var/tmp" },
	{ "/home",  CPOD_PLACE_OUT, "people's files" },
	{ "/root",  CPOD_PLACE_OUT, "the administrator's files" },
	{ "/boot",  CPOD_PLACE_OUT, "the host's kernels; nothing that a container runs" },
	{ "/efi",   CPOD_PLACE_OUT, "the host's boot loader; nothing that a container runs" },
	{ "/mnt",   CPOD_PLACE_OUT, "data" },
	{ "/media", CPOD_PLACE_OUT, "data" },
	{ "/srv",   CPOD_PLACE_OUT, "data" },
	{ "/snap",  CPOD_PLACE_OUT, "a snap; it starts only through snapd" },
	{ "/var/lib/snapd/snap", CPOD_PLACE_OUT, "a snap; it starts only through snapd" },
	{ "/var/snap", CPOD_PLACE_OUT, "data of a snap" },
	{ "/var/lib/docker", CPOD_PLACE_OUT, "another container" },
	{ "/var/lib/containers", CPOD_PLACE_OUT, "another container" },
	{ "/var/lib/containerd", CPOD_PLACE_OUT, "another container" },
	{ "/var/lib/kubelet", CPOD_PLACE_OUT, "another container" },
	{ NULL, CPOD_PLACE_OUT, "data: no place of programs; hostView.expose shows it" },   /* everything else */
};

/* Left aside on purpose: vfat and its like (the kernel refuses them below an overlay), fuse (a
 * program that may block or lie answers), autofs (looking at it mounts). */
const char *const cpod_host_layer_types[] = {
	"ext2", "ext3", "ext4", "xfs", "btrfs", "bcachefs", "zfs", "f2fs", "jfs", "reiserfs", "nilfs2",
	"erofs", "squashfs", "cramfs", "iso9660",
	"overlay", "tmpfs", "ramfs", "rootfs",    /* containers, extension images, live systems */
	"nfs", "nfs4", "9p", "virtiofs",          /* machines whose /usr comes from elsewhere */
	NULL,
};

const struct cpod_host_view_fresh cpod_host_fresh[] = {
	{ "/tmp", 01777 },
	{ "/var/tmp", 01777 },
	{ "/run", 0755 },       /* also what /var/run leads to */
	{ NULL, 0 },
};

const char *const cpod_host_empty[] = {
	/* People. */
	"/root", "/home", "/var/mail",
	/* Data, and what administrators mount by hand. */
	"/mnt", "/media", "/srv", "/lost+found",
	/* Kernels, keys of the boot chain, and second copies of the whole system with its secrets. */
	"/boot", "/efi", "/sysroot", "/ostree", "/.snapshots", "/timeshift",
	/* What services wrote: requests, addresses, mail, core dumps, old copies of /etc/shadow. */
	"/var/log", "/var/spool", "/var/backups", "/var/crash", "/var/lib/systemd", "/var/account",
	/* Keys and passwords, whatever the permissions say. */
	"/etc/ssl/private", "/etc/pki/tls/private", "/etc/letsencrypt", "/etc/wireguard", "/etc/openvpn",
	"/etc/ipsec.d/private", "/etc/swanctl/private", "/etc/cryptsetup-keys.d", "/etc/credstore",
	"/etc/credstore.encrypted", "/etc/NetworkManager/system-connections", "/etc/kubernetes", "/etc/rancher",
	"/etc/sudoers.d", "/var/lib/sss", "/var/lib/samba", "/var/lib/NetworkManager", "/var/lib/bluetooth",
	"/var/lib/cloud", "/var/lib/tpm", "/var/lib/letsencrypt", "/var/lib/private",
	/* Other containers, virtual machines and clusters. */
	"/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/kubelet", "/var/lib/etcd",
	"/var/lib/rancher", "/var/lib/lxc", "/var/lib/lxd", "/var/lib/incus", "/var/lib/libvirt",
	"/var/lib/machines", "/var/lib/portables", "/var/lib/snapd", "/var/snap",
	/* Databases. */
	"/var/lib/postgresql", "/var/lib/pgsql", "/var/lib/mysql", "/var/lib/mariadb", "/var/lib/mongodb",
	"/var/lib/redis", "/var/lib/ldap", "/var/lib/elasticsearch", "/var/lib/influxdb", "/var/lib/rabbitmq",
	NULL,
};

const char *const cpod_host_masked[] = {
	"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/security/opasswd",
	"/etc/sudoers", "/etc/krb5.keytab", "/etc/ipsec.secrets", "/etc/ppp/chap-secrets", "/etc/ppp/pap-secrets",
	NULL,
};

const char *const cpod_host_private[] = {
	"/", "/etc", "/etc/ssh", "/etc/ssl", "/etc/apt/auth.conf.d", "/etc/docker", "/etc/mysql", "/etc/postgresql",
	"/etc/ppp", "/etc/samba", "/etc/cups", "/etc/exim4", "/etc/postfix", "/etc/nginx", "/etc/security",
	"/opt", "/usr/local/etc", "/var", "/var/cache", "/var/cache/debconf", "/var/lib", "/var/local",
	NULL,
};

const char *const cpod_host_needed[] = {
	"/etc/resolv.conf",      /* often a link into /run */
	"/run/current-system",   /* NixOS: where PATH leads */
	NULL,
};
