/* Device rules to eBPF: see devices-bpf.h.
 *
 * The program keeps in a register the letters that are still to be decided and walks from the last rule
 * to the first:
 *
 *     r2 = type; r3 = letters; r4 = major; r5 = minor
 *     rule:   if r2, r4 or r5 differ goto next
 *             deny:   if r3 has one of the rule's letters return 0
 *             allow:  take the rule's letters out of r3; if none is left return 1
 *     end:    return 0
 */
#include "devices-bpf.h"

#include "oci/spec.h"
#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_RULES 4096
/* Instructions: of one rule at most, and of the frame. */
#define RULE_INSNS 8
#define FRAME_INSNS 8

#define CHAR(major, minor) { true, 'c', (major), (minor), CPOD_DEVICE_ALL }

const struct cpod_device_rule cpod_devices_default[] = {
	CHAR (1, 3), CHAR (1, 5), CHAR (1, 7), CHAR (1, 8), CHAR (1, 9),   /* null zero full random urandom */
	CHAR (5, 0), CHAR (5, 1), CHAR (5, 2), CHAR (136, -1),             /* tty console ptmx pts */
};
const size_t cpod_n_devices_default = sizeof (cpod_devices_default) / sizeof (cpod_devices_default[0]);

static const struct cpod_device_rule any_mknod[] = { { true, 'a', -1, -1, CPOD_DEVICE_MKNOD } };

/* A program being written. ended: the last rule decides everything, nothing after it is reachable,
 * which the kernel's verifier would refuse. */
struct writer {
	struct bpf_insn *insns;
	size_t n;
	bool ended;
};

/* Adds an instruction. */
static void
put (struct writer *w, uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t immediate)
{
	w->insns[w->n++] = (struct bpf_insn) {
		.code = code, .dst_reg = to, .src_reg = from, .off = offset, .imm = immediate,
	};
}

/* return verdict */
static void
put_return (struct writer *w, bool verdict)
{
	put (w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict);
	put (w, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Adds a conditional jump to the next rule; its distance is not known yet. */
static void
put_unless (struct writer *w, uint8_t reg, int32_t value)
{
	put (w, BPF_JMP | BPF_JNE | BPF_K, reg, 0, -1, value);
}

/* Lets the jumps to the next rule, since first, reach the end. */
static void
patch (struct writer *w, size_t first)
{
	size_t i;

	for (i = first; i < w->n; i++)
		if (BPF_CLASS (w->insns[i].code) == BPF_JMP && w->insns[i].off == -1)
			w->insns[i].off = (int16_t) (w->n - i - 1);
}

/* A word of the request into reg. */
static void
put_load (struct writer *w, uint8_t reg, size_t offset)
{
	put (w, BPF_LDX | BPF_MEM | BPF_W, reg, BPF_REG_1, (int16_t) offset, 0);
}

/* The registers. */
static void
put_begin (struct writer *w)
{
	put_load (w, BPF_REG_2, offsetof (struct bpf_cgroup_dev_ctx, access_type));
	put (w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	put (w, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	put (w, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
	put_load (w, BPF_REG_4, offsetof (struct bpf_cgroup_dev_ctx, major));
	put_load (w, BPF_REG_5, offsetof (struct bpf_cgroup_dev_ctx, minor));
}

static void
put_rule (struct writer *w, const struct cpod_device_rule *rule)
{
	size_t first = w->n;

	if (w->ended || rule->access == 0)
		return;
	if (rule->type != 'a')
		put_unless (w, BPF_REG_2, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->major >= 0)
		put_unless (w, BPF_REG_4, (int32_t) rule->major);
	if (rule->minor >= 0)
		put_unless (w, BPF_REG_5, (int32_t) rule->minor);
	if (rule->access == CPOD_DEVICE_ALL) {
		w->ended = w->n == first;
	} else if (rule->allow) {
		put (w, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_3, 0, 0,
		     (int32_t) (CPOD_DEVICE_ALL & ~rule->access));
		put_unless (w, BPF_REG_3, 0);
	} else {
		put (w, BPF_JMP | BPF_JSET | BPF_K, BPF_REG_3, 0, 1, (int32_t) rule->access);
		put (w, BPF_JMP | BPF_JA, 0, 0, -1, 0);
	}
	put_return (w, rule->allow);
	patch (w, first);
}

int
cpod_devices_generate (const struct cpod_device_rule *rules, size_t n, unsigned int flags,
                       struct cpod_arena *arena, struct bpf_insn **ret_insns, size_t *ret_n, struct cpod_error *err)
{
	struct writer w = { .n = 0 };
	size_t i;

	if (n > MAX_RULES)
		return cpod_error_set (err, E2BIG, "more than %d device rules", MAX_RULES);
	w.insns = cpod_arena_array (arena, (n + cpod_n_devices_default + 1) * RULE_INSNS + FRAME_INSNS,
	                            sizeof (*w.insns));
	if (w.insns == NULL)
		return cpod_error_oom (err);
	put_begin (&w);
	for (i = cpod_n_devices_default; i-- > 0; )
		put_rule (&w, &cpod_devices_default[i]);
	if (flags & CPOD_DEVICES_ANY_MKNOD)
		put_rule (&w, &any_mknod[0]);
	for (i = n; i-- > 0; )
		put_rule (&w, &rules[i]);
	if (!w.ended)
		put_return (&w, false);
	*ret_insns = w.insns;
	*ret_n = w.n;
	return 0;
}

/* The bits of the letters; all when there are none. */
static unsigned int
read_access (const char *letters)
{
	unsigned int access = 0;

	if (letters == NULL || letters[0] == '\0')
		return CPOD_DEVICE_ALL;
	for (; *letters != '\0'; letters++)
		access |= *letters == 'r' ? CPOD_DEVICE_READ
			: *letters == 'w' ? CPOD_DEVICE_WRITE : CPOD_DEVICE_MKNOD;
	return access;
}

int
cpod_devices_from_spec (const struct cpod_array *spec, struct cpod_arena *arena,
                        struct cpod_device_rule **ret_rules, struct cpod_error *err)
{
	static const char types[] = {
		[CPOD_OCI_DEVICE_RULE_ALL] = 'a', [CPOD_OCI_DEVICE_RULE_CHAR] = 'c',
		[CPOD_OCI_DEVICE_RULE_BLOCK] = 'b',
	};
	const struct cpod_oci_device_rule *from = spec->items;
	struct cpod_device_rule *rules = cpod_arena_array (arena, spec->n + 1, sizeof (*rules));
	size_t i;

	if (rules == NULL)
		return cpod_error_oom (err);
	for (i = 0; i < spec->n; i++) {
		rules[i].allow = from[i].allow.value;
		rules[i].type = from[i].type.set ? types[from[i].type.value] : 'a';
		rules[i].major = from[i].major.set ? from[i].major.value : -1;
		rules[i].minor = from[i].minor.set ? from[i].minor.value : -1;
		rules[i].access = read_access (from[i].access);
	}
	*ret_rules = rules;
	return 0;
}

int
cpod_devices_load (const struct bpf_insn *insns, size_t n, int *ret_fd, struct cpod_error *err)
{
	union bpf_attr attr;
	long fd;

	memset (&attr, 0, sizeof (attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t) insns;
	attr.insn_cnt = (uint32_t) n;
	attr.license = (uintptr_t) "";
	memcpy (attr.prog_name, "cpod_devices", sizeof ("cpod_devices"));
	fd = syscall (SYS_bpf, BPF_PROG_LOAD, &attr, sizeof (attr));   /* born CLOEXEC */
	if (fd < 0)
		return cpod_error_sys (err, errno, "load the device filter");
	*ret_fd = (int) fd;
	return 0;
}

int
cpod_devices_attach (int cgroup_fd, int program_fd, struct cpod_error *err)
{
	union bpf_attr attr;

	memset (&attr, 0, sizeof (attr));
	attr.target_fd = (uint32_t) cgroup_fd;
	attr.attach_bpf_fd = (uint32_t) program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (syscall (SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof (attr)) < 0)
		return cpod_error_sys (err, errno, "attach the device filter");
	return 0;
}

/* The program that is attached to the group itself; -1: none is. */
static int
find_attached (int cgroup_fd, int *ret_fd, struct cpod_error *err)
{
	union bpf_attr attr;
	uint32_t ids[2] = { 0 };

	memset (&attr, 0, sizeof (attr));
	attr.query.target_fd = (uint32_t) cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t) ids;
	attr.query.prog_cnt = 2;
	if (syscall (SYS_bpf, BPF_PROG_QUERY, &attr, sizeof (attr)) < 0 && errno != ENOSPC)
		return cpod_error_sys (err, errno, "look for the device filter");
	*ret_fd = -1;
	if (attr.query.prog_cnt == 0)
		return 0;
	if (attr.query.prog_cnt > 1)
		return cpod_error_sys (err, EEXIST, "replace the device filter: there are several");
	memset (&attr, 0, sizeof (attr));
	attr.prog_id = ids[0];
	*ret_fd = (int) syscall (SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof (attr));
	return *ret_fd < 0 ? cpod_error_sys (err, errno, "open the device filter") : 0;
}

int
cpod_devices_replace (int cgroup_fd, int program_fd, struct cpod_error *err)
{
	union bpf_attr attr;
	cpod_autofd old = -1;
	int ret = find_attached (cgroup_fd, &old, err);

	if (ret < 0 || old < 0)
		return ret < 0 ? ret : cpod_devices_attach (cgroup_fd, program_fd, err);
	memset (&attr, 0, sizeof (attr));
	attr.target_fd = (uint32_t) cgroup_fd;
	attr.attach_bpf_fd = (uint32_t) program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI | BPF_F_REPLACE;
	attr.replace_bpf_fd = (uint32_t) old;
	if (syscall (SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof (attr)) < 0)
		return cpod_error_sys (err, errno, "replace the device filter");
	return 0;
}
