/* A pod: its cgroup, and pod init in it.
 *
 * Creating one: the cgroup is written down in the state directory before it is made, so that it can
 * be reclaimed whenever the supervisor dies; pod init is started and walks its own plan while the
 * containers are being compiled; its READY is read when the first answer is needed.
 *
 * Destroying one closes the socket. Pod init then writes cgroup.kill and exits, and the kernel ends
 * whatever is left in its PID namespace.
 */
#include "production.h"

#include "kernel.h"

#include "caps.h"
#include "src/base/error.h"
#include "src/base/fd.h"
#include "src/base/json.h"
#include "src/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CGROUP_PARENT "cpod"
#define DEATH_NS      2000000000ull   /* how long the kernel may take to end what was killed */
#define MAX_MOUNTINFO (64u << 20)

/* ---- what the pod's spec says to the runtime ---- */

/* Whether some entry of a list of containers names no root directory. */
static bool
lacks_root (const struct cpod_json *pod, const char *list)
{
	const struct cpod_json *entries = cpod_json_get (pod, list);

	if (entries == NULL || entries->type != CPOD_JSON_ARRAY)
		return false;
	for (const struct cpod_json *entry = entries->first; entry != NULL; entry = entry->next) {
		const struct cpod_json *spec = entry->type == CPOD_JSON_OBJECT ? cpod_json_get (entry, "spec") : NULL;
		const struct cpod_json *root = spec && spec->type == CPOD_JSON_OBJECT ? cpod_json_get (spec, "root") : NULL;

		if (root == NULL || root->type != CPOD_JSON_OBJECT || cpod_json_get (root, "path") == NULL)
			return true;
	}
	return false;
}

/* What one container's bounding set names; every bit where that cannot be told. */
static uint64_t
entry_bounding (const struct cpod_json *entry)
{
	static const char *const path[] = { "spec", "process", "capabilities", "bounding" };
	const struct cpod_json *at = entry;
	uint64_t bits = 0;

	for (size_t i = 0; i < sizeof (path) / sizeof (path[0]); i++) {
		if (at->type != CPOD_JSON_OBJECT)
			return UINT64_MAX;
		at = cpod_json_get (at, path[i]);
		if (at == NULL)   /* no capabilities: the default ones; no bounding set: none */
			return i == 0 ? UINT64_MAX : i < 3 ? cpod_caps_default.bounding : 0;
	}
	if (at->type != CPOD_JSON_ARRAY)
		return UINT64_MAX;
	for (const struct cpod_json *name = at->first; name != NULL; name = name->next) {
		int number = name->type == CPOD_JSON_STRING ? cpod_caps_number (name->text) : -1;

		bits |= number >= 0 ? CPOD_CAP (number) : 0;
	}
	return bits;
}

/* The same for every entry of a list. */
static uint64_t
list_bounding (const struct cpod_json *pod, const char *list)
{
	const struct cpod_json *entries = cpod_json_get (pod, list);
	uint64_t bits = 0;

	if (entries == NULL)
		return 0;
	if (entries->type != CPOD_JSON_ARRAY)
		return UINT64_MAX;
	for (const struct cpod_json *entry = entries->first; entry != NULL; entry = entry->next)
		bits |= entry_bounding (entry);
	return bits;
}

/* hostView.expose as strings. */
static int
read_expose (const struct cpod_json *pod, struct cpod_arena *arena, struct cpod_strings *ret, struct cpod_error *err)
{
	const struct cpod_json *view = cpod_json_get (pod, "hostView");
	const struct cpod_json *list = view && view->type == CPOD_JSON_OBJECT ? cpod_json_get (view, "expose") : NULL;
	size_t n = 0;

	memset (ret, 0, sizeof (*ret));
	if (list == NULL || list->type != CPOD_JSON_ARRAY)
		return 0;
	ret->items = cpod_arena_array (arena, list->count + 1, sizeof (*ret->items));
	if (ret->items == NULL)
		return cpod_error_oom (err);
	for (const struct cpod_json *item = list->first; item != NULL; item = item->next)
		if (item->type == CPOD_JSON_STRING)
			ret->items[n++] = item->text;
	ret->n = n;
	ret->set = true;
	return 0;
}

static int
plan_host_view (const struct cpod_strings *expose, bool in_pieces, struct cpod_arena *arena, struct cpod_host_view *ret_view,
                struct cpod_error *err)
{
	cpod_autofd mountinfo_fd = open ("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	cpod_autofd root_fd = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *mountinfo = NULL;
	size_t len;
	int ret;

	if (mountinfo_fd < 0 || root_fd < 0)
		return cpod_error_sys (err, errno, "open /proc/self/mountinfo");
	ret = cpod_fd_read_all (mountinfo_fd, MAX_MOUNTINFO, &mountinfo, &len);
	if (ret < 0)
		return cpod_error_sys (err, -ret, "read /proc/self/mountinfo");
	ret = cpod_host_view_plan (mountinfo, expose, root_fd, arena, ret_view, err);
	if (ret == 0 && in_pieces)
		ret = cpod_host_view_split (mountinfo, root_fd, arena, ret_view, err);
	free (mountinfo);
	return ret;
}

int
cpod_rtpod_host_view (const struct cpod_rt_pod_config *config, struct cpod_arena *arena, struct cpod_rt_pod *pod,
                      bool *needed, struct cpod_host_view *ret_view, struct cpod_error *err)
{
	struct cpod_strings expose = { 0 };
	struct cpod_json *json;
	int ret;

	pod->bounding = UINT64_MAX;
	if (config != NULL && config->pod_json != NULL && config->pod_len > 0) {
		ret = cpod_json_parse ("pod", config->pod_json, config->pod_len, 0, arena, &json, err);
		if (ret < 0)
			return ret;
		*needed = *needed || lacks_root (json, "containers") || lacks_root (json, "initContainers");
		pod->bounding = list_bounding (json, "containers") | list_bounding (json, "initContainers");
		ret = *needed ? read_expose (json, arena, &expose, err) : 0;
		if (ret < 0)
			return ret;
	}
	return *needed ? plan_host_view (&expose, pod->own_users, arena, ret_view, err) : 0;
}

/* ---- what the supervisor may do ---- */

/* Where an ordinary user's pods have their cgroups, if anywhere. */
static int
find_delegated (struct cpod_rt_pod *pod, struct cpod_error *err)
{
	char own[4096], base[4096];
	cpod_autofd root = -1;
	int ret = cpod_cgroup_root_open (&root, &pod->no_cgroup_reason);

	if (ret == 0)
		ret = cpod_cgroup_own (own, sizeof (own), &pod->no_cgroup_reason);
	if (ret == 0)
		ret = cpod_cgroup_delegated (root, own, base, sizeof (base), &pod->no_cgroup_reason);
	pod->no_cgroup = ret < 0;
	pod->cgroup_base = cpod_arena_strdup (&pod->arena, ret < 0 ? "" : base);
	return pod->cgroup_base != NULL ? 0 : cpod_error_oom (err);
}

/* Whether the namespaces that the pod is to share can be had. */
static int
check_shared (const struct cpod_rt_pod *pod, struct cpod_error *err)
{
	if (pod->own_users && (pod->flags & (CPOD_RT_POD_HOST_PID | CPOD_RT_POD_HOST_IPC)) != 0)
		return cpod_error_set (err, ENOTSUP, "%s: cannot be had in a user namespace of the pod's own",
		                       (pod->flags & CPOD_RT_POD_HOST_PID) != 0 ? "hostPID" : "hostIPC");
	if ((pod->flags & CPOD_RT_POD_SHARE_PID) != 0 && pod->no_cgroup)
		return cpod_error_set (err, ENOTSUP, "shareProcessNamespace: nothing but a cgroup could end what a container leaves running: %s",
		                       pod->no_cgroup_reason.message);
	if ((pod->flags & CPOD_RT_POD_SHARE_PID) != 0 && !cpod_kernel_has_pidns ())
		return cpod_error_set (err, ENOTSUP, "shareProcessNamespace: a procfs of a PID namespace that is shared can be had from "
		                       "Linux 6.17 on");
	return 0;
}

/* An ordinary user's: in a user namespace, with what cgroup was delegated. */
static int
decide_unprivileged (struct cpod_rt_pod *pod, struct cpod_error *err)
{
	int ret;

	if ((pod->flags & CPOD_RT_POD_HOST_USERS) != 0)
		return cpod_error_set (err, EPERM, "hostUsers: true is root's alone: an ordinary user's pods have a user namespace of their own");
	pod->own_users = true;
	ret = cpod_idmap_of_caller (&pod->ids, err);
	return ret < 0 ? ret : find_delegated (pod, err);
}

int
cpod_rtpod_decide (struct cpod_rt_pod *pod, struct cpod_error *err)
{
	static char no_base[] = "";
	int ret;

	pod->cgroup_base = no_base;
	pod->unprivileged = geteuid () != 0;
	if (!pod->unprivileged)
		ret = cpod_rtusers_decide (pod, err);
	else
		ret = decide_unprivileged (pod, err);
	return ret < 0 ? ret : check_shared (pod, err);
}

/* ---- state and cgroup ---- */

static int
open_state (struct cpod_rt_pod *pod, const char *state_dir, struct cpod_error *err)
{
	cpod_autofd dir = -1;

	if (state_dir == NULL)
		return 0;
	dir = open (state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || (mkdirat (dir, "runtime", 0700) < 0 && errno != EEXIST))
		return cpod_error_sys (err, errno, "state directory %s", state_dir);
	pod->state_fd = openat (dir, "runtime", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return pod->state_fd < 0 ? cpod_error_sys (err, errno, "open %s/runtime", state_dir) : 0;
}

int
cpod_rtpod_note_cgroup (struct cpod_rt_pod *pod, const char *path, struct cpod_error *err)
{
	cpod_autofd fd = -1;
	char line[4200];
	int len, ret;

	if (pod->state_fd < 0)
		return 0;
	fd = openat (pod->state_fd, "cgroup", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return cpod_error_sys (err, errno, "write the pod's state");
	len = snprintf (line, sizeof (line), "%s%s%s\n", pod->cgroup_base, pod->cgroup_base[0] ? "/" : "", path);
	if (len < 0 || (size_t) len >= sizeof (line))
		return cpod_error_sys (err, ENAMETOOLONG, "cgroup path");
	ret = cpod_fd_write_all (fd, line, (size_t) len);
	return ret < 0 ? cpod_error_sys (err, -ret, "write the pod's state") : 0;
}

/* The group that the pods' groups are in. */
static int
open_base (struct cpod_rt_pod *pod, struct cpod_error *err)
{
	cpod_autofd root = -1;
	int ret = cpod_cgroup_root_open (&root, err);

	return ret < 0 ? ret : cpod_cgroup_open (root, pod->cgroup_base, &pod->cgroup_root_fd, err);
}

/* A name that no pod before had: a group that was ever killed must not come back. */
static int
make_cgroup (struct cpod_rt_pod *pod, const char *parent, struct cpod_error *err)
{
	uint32_t random;
	int ret, fd = -1;

	if (getrandom (&random, sizeof (random), 0) != (ssize_t) sizeof (random))
		return cpod_error_sys (err, errno, "getrandom");
	pod->cgroup_path = cpod_arena_printf (&pod->arena, "%s/%s.%08x", parent ? parent : CGROUP_PARENT, pod->name, random);
	if (pod->cgroup_path == NULL)
		return cpod_error_oom (err);
	if ((ret = cpod_rtpod_note_cgroup (pod, pod->cgroup_path, err)) < 0
	    || (ret = open_base (pod, err)) < 0
	    || (ret = cpod_cgroup_create (pod->cgroup_root_fd, pod->cgroup_path, NULL, CPOD_CGROUP_NEW, &pod->cgroup_fd, err)) < 0
	    || (ret = cpod_rtpod_mark_cgroup (pod->cgroup_fd, err)) < 0)
		return ret;
	ret = cpod_cgroup_create (pod->cgroup_fd, "init", NULL, CPOD_CGROUP_NEW, &fd, err);
	if (ret < 0)
		return ret;
	return fd;
}

/* The mark of a group that cpod made, so that a state file which was tampered with reclaims nobody else's.
 * xattr(7): trusted.* is root's alone; a user's groups are only in reach of the user anyway. */
static const char *
cgroup_mark (void)
{
	return geteuid () == 0 ? "trusted.cpod" : "user.cpod";
}

int
cpod_rtpod_mark_cgroup (int cgroup_fd, struct cpod_error *err)
{
	char path[40];

	(void) snprintf (path, sizeof (path), "/proc/self/fd/%d", cgroup_fd);
	if (setxattr (path, cgroup_mark (), "1", 1, 0) < 0)
		return cpod_error_sys (err, errno, "mark the cgroup");
	return 0;
}

static bool
is_marked (int cgroup_fd)
{
	char path[40], value[4];

	(void) snprintf (path, sizeof (path), "/proc/self/fd/%d", cgroup_fd);
	return getxattr (path, cgroup_mark (), value, sizeof (value)) == 1;
}

/* Ends and removes one group that may still hold processes. One without a mark was either never finished, and is
 * empty, or is not cpod's: then it stays, and so does everybody in it. */
static int
reclaim_cgroup (int root_fd, const char *path, struct cpod_error *err)
{
	struct cpod_error failure = { 0 };
	bool populated = true;
	int fd = -1, ret;

	ret = cpod_cgroup_open (root_fd, path, &fd, &failure);
	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		return cpod_error_set (err, failure.code, "%s", failure.message);
	if (!is_marked (fd)) {
		cpod_fd_close (&fd);
		if (unlinkat (root_fd, path + strspn (path, "/"), AT_REMOVEDIR) == 0)
			return 0;
		return cpod_error_set (err, EPERM, "cgroup %s: it is not marked as cpod's; it stays", path);
	}
	(void) cpod_cgroup_populated (fd, &populated, NULL);
	if (populated) {
		(void) cpod_cgroup_kill (fd, NULL);
		ret = cpod_cgroup_wait_empty (fd, cpod_clock_ns () + DEATH_NS, err);
	}
	cpod_fd_close (&fd);
	return ret < 0 ? cpod_error_prefix (err, ret, "cgroup %s: a process does not die", path)
	               : cpod_cgroup_remove (root_fd, path, err);
}

int
cpod_rtpod_reclaim (const char *state_dir, struct cpod_error *err)
{
	cpod_autofd dir = open (state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cpod_autofd fd = -1, root_fd = -1;
	char *text = NULL, *save = NULL;
	size_t len;
	int ret, result = 0;

	if (dir < 0)
		return cpod_error_sys (err, errno, "open %s", state_dir);
	fd = openat (dir, "runtime/cgroup", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : cpod_error_sys (err, errno, "open %s/runtime/cgroup", state_dir);
	if ((ret = cpod_fd_read_all (fd, 1 << 20, &text, &len)) < 0)
		return cpod_error_sys (err, -ret, "read %s/runtime/cgroup", state_dir);
	ret = cpod_cgroup_root_open (&root_fd, err);
	for (char *path = strtok_r (text, "\n", &save); ret == 0 && path != NULL; path = strtok_r (NULL, "\n", &save)) {
		int one = reclaim_cgroup (root_fd, path, err);

		result = one < 0 ? one : result;
	}
	free (text);
	if (ret == 0 && result == 0 && geteuid () == 0)
		result = cpod_id_lease_sweep (err);
	return ret < 0 ? ret : result;
}

/* ---- the pod ---- */

const struct cpod_rt_volume *
cpod_rtpod_volumes (const struct cpod_rt_pod_config *config, size_t *ret_n)
{
	bool known = config != NULL && config->size >= offsetof (struct cpod_rt_pod_config, n_volumes) + sizeof (config->n_volumes);

	*ret_n = known ? config->n_volumes : 0;
	return known ? config->volumes : NULL;
}

/* Copies of them, which live as long as the pod. */
static int
keep_volumes (struct cpod_rt_pod *pod, const struct cpod_rt_pod_config *config, struct cpod_error *err)
{
	size_t n;
	const struct cpod_rt_volume *volumes = cpod_rtpod_volumes (config, &n);
	struct cpod_rt_volume *copies = cpod_arena_array (&pod->arena, n + 1, sizeof (*copies));

	if (copies == NULL)
		return cpod_error_oom (err);
	for (size_t i = 0; i < n; i++) {
		copies[i] = volumes[i];
		copies[i].name = cpod_arena_strdup (&pod->arena, volumes[i].name);
		copies[i].path = volumes[i].path != NULL ? cpod_arena_strdup (&pod->arena, volumes[i].path) : NULL;
		if (copies[i].name == NULL || (volumes[i].path != NULL && copies[i].path == NULL))
			return cpod_error_oom (err);
	}
	pod->volumes = copies;
	pod->n_volumes = n;
	return 0;
}

/* Pod init, with every namespace that the pod has of its own. */
static int
start_init (struct cpod_rt_pod *pod, int init_cgroup, struct cpod_error *err)
{
	static const struct { uint32_t flag; uint64_t space; } hosts[] = {
		{ CPOD_RT_POD_HOST_NETWORK, CLONE_NEWNET }, { CPOD_RT_POD_HOST_PID, CLONE_NEWPID }, { CPOD_RT_POD_HOST_IPC, CLONE_NEWIPC },
	};
	struct cpod_rtinit_config config = {
		.clone_flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET,
		.cgroup_fd = init_cgroup, .kill_in_fd = pod->cgroup_fd, .ids = pod->own_users ? &pod->ids : NULL
	};

	for (size_t i = 0; i < sizeof (hosts) / sizeof (hosts[0]); i++)
		if ((pod->flags & hosts[i].flag) != 0)
			config.clone_flags &= ~hosts[i].space;
	return cpod_rtinit_start (&pod->init, &config, err);
}

static int
compile_init (struct cpod_rt_pod *pod, struct cpod_error *err)
{
	static const struct cpod_strings no_layers;
	const struct cpod_compile_pod input = {
		.layers = pod->has_host_view ? &pod->host_view.layers : &no_layers, .hostname = pod->hostname,
		.loopback = (pod->flags & CPOD_RT_POD_HOST_NETWORK) == 0, .bounding = pod->bounding,
		.ids = pod->own_users ? &pod->ids : NULL, .pieces = pod->has_host_view ? &pod->host_view.pieces : NULL,
		.unprivileged = pod->unprivileged,
		.share_pid = (pod->flags & CPOD_RT_POD_SHARE_PID) != 0, .volumes = pod->volumes, .n_volumes = pod->n_volumes
	};

	return cpod_compile_pod (&input, &pod->init.plan, err);
}

/* From a caller who knows of it. */
static const char *
subordinate_user (const struct cpod_rt_pod_config *config)
{
	size_t known = offsetof (struct cpod_rt_pod_config, subordinate_user) + sizeof (config->subordinate_user);

	return config->size >= known ? config->subordinate_user : NULL;
}

int
cpod_rtpod_create (const struct cpod_rt_pod_config *config, struct cpod_rt_pod **ret_pod, struct cpod_error *err)
{
	struct cpod_rt_pod *pod = calloc (1, sizeof (*pod));
	cpod_autofd init_cgroup = -1;
	int ret;

	if (pod == NULL)
		return cpod_error_oom (err);
	cpod_arena_init (&pod->arena, 64 << 20);
	pthread_mutex_init (&pod->lock, NULL);
	cpod_rtinit_init (&pod->init);
	pod->state_fd = pod->cgroup_root_fd = pod->cgroup_fd = pod->devices_fd = pod->lease.fd = pod->users_fd = -1;
	pod->flags = config->flags;
	pod->name = cpod_arena_strdup (&pod->arena, config->name);
	pod->hostname = cpod_arena_strdup (&pod->arena, config->hostname ? config->hostname : config->name);
	ret = pod->name == NULL || pod->hostname == NULL ? cpod_error_oom (err) : 0;
	pod->has_host_view = config->pod_json == NULL;   /* nothing is known of the containers to come */
	if (ret == 0)
		ret = cpod_rtpod_decide (pod, err);
	if (ret == 0)
		ret = cpod_rtpod_host_view (config, &pod->arena, pod, &pod->has_host_view, &pod->host_view, err);
	if (ret == 0)
		ret = keep_volumes (pod, config, err);
	if (ret == 0)
		ret = compile_init (pod, err);
	if (ret == 0)
		ret = open_state (pod, config->state_dir, err);
	if (ret == 0 && !pod->no_cgroup) {
		init_cgroup = make_cgroup (pod, config->cgroup_parent, err);
		ret = init_cgroup < 0 ? init_cgroup : 0;
	}
	if (ret == 0)
		ret = cpod_rtusers_take (pod, subordinate_user (config), err);
	if (ret == 0)
		ret = cpod_rtusers_give_group (pod, init_cgroup, err);
	if (ret == 0)
		ret = start_init (pod, init_cgroup, err);
	if (ret == 0)
		ret = cpod_rtusers_open (pod, err);
	if (ret < 0) {
		cpod_rtpod_destroy (pod);
		return ret;
	}
	*ret_pod = pod;
	return 0;
}

void
cpod_rtpod_destroy (struct cpod_rt_pod *pod)
{
	bool gone;

	if (pod == NULL)
		return;
	cpod_rtinit_finish (&pod->init);
	if (pod->cgroup_fd >= 0) {
		bool populated = false;

		if (cpod_cgroup_populated (pod->cgroup_fd, &populated, NULL) == 0 && populated) {
			(void) cpod_cgroup_kill (pod->cgroup_fd, NULL);
			(void) cpod_cgroup_wait_empty (pod->cgroup_fd, cpod_clock_ns () + DEATH_NS, NULL);
		}
		cpod_fd_close (&pod->cgroup_fd);
	}
	gone = pod->cgroup_root_fd < 0 || pod->cgroup_path == NULL
	       || cpod_cgroup_remove (pod->cgroup_root_fd, pod->cgroup_path, NULL) == 0;
	if (gone && pod->state_fd >= 0)
		(void) unlinkat (pod->state_fd, "cgroup", 0);   /* else it stays for gc */
	cpod_rtusers_finish (pod, gone);
	cpod_fd_close (&pod->cgroup_root_fd);
	cpod_fd_close (&pod->devices_fd);
	cpod_fd_close (&pod->state_fd);
	pthread_mutex_destroy (&pod->lock);
	cpod_arena_finish (&pod->arena);
	free (pod);
}
