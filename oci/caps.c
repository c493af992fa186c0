/* Capability names to masks: see caps.h. */
#include "caps.h"

#include "oci/spec.h"
#include "src/base/error.h"

#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEFAULT_BITS (CPOD_CAP (CAP_AUDIT_WRITE) | CPOD_CAP (CAP_CHOWN) | CPOD_CAP (CAP_DAC_OVERRIDE) \
	| CPOD_CAP (CAP_FOWNER) | CPOD_CAP (CAP_FSETID) | CPOD_CAP (CAP_KILL) | CPOD_CAP (CAP_NET_BIND_SERVICE) \
	| CPOD_CAP (CAP_SETFCAP) | CPOD_CAP (CAP_SETGID) | CPOD_CAP (CAP_SETPCAP) | CPOD_CAP (CAP_SETUID) \
	| CPOD_CAP (CAP_SYS_CHROOT))

const struct cpod_op_caps cpod_caps_default = {
	.bounding = DEFAULT_BITS, .effective = DEFAULT_BITS, .permitted = DEFAULT_BITS,
};

/* The sets, as the spec names them. */
#define SET(name) { #name, offsetof (struct cpod_oci_capabilities, name), offsetof (struct cpod_op_caps, name) }
static const struct { const char *name; size_t from, to; } sets[] = {
	SET (bounding), SET (effective), SET (permitted), SET (inheritable), SET (ambient),
};
#define N_SETS (sizeof (sets) / sizeof (sets[0]))

/* Set number i of caps. */
static uint64_t *
set_of (struct cpod_op_caps *caps, size_t i)
{
	return (uint64_t *) ((char *) caps + sets[i].to);
}

int
cpod_caps_number (const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	cap_value_t value;

	/* libcap also takes bare numbers, and words with something behind them. */
	if (strncasecmp (name, "CAP_", 4) != 0 || name[strspn (name, letters)] != '\0'
	    || cap_from_name (name, &value) < 0)
		return -1;
	return value;
}

void
cpod_caps_words (uint64_t bits, struct cpod_str *text)
{
	unsigned int number;

	for (number = 0; number < 64; number++) {
		char *name;

		if (!(bits & CPOD_CAP (number)))
			continue;
		if (text->len > 0)
			cpod_str_add (text, ", ");
		name = cap_to_name (number);
		if (name == NULL || strncmp (name, "cap_", 4) != 0)
			cpod_str_printf (text, "CAP_%u", number);
		else
			for (const char *letter = name; *letter != '\0'; letter++)
				cpod_str_add_char (text, toupper ((unsigned char) *letter));
		if (name != NULL)
			cap_free (name);
	}
}

uint64_t
cpod_caps_known (void)
{
	cap_value_t bits = cap_max_bits ();   /* libcap asked the kernel when it was loaded */

	return bits >= 64 ? ~UINT64_C (0) : CPOD_CAP (bits) - 1;
}

int
cpod_caps_available (uint64_t wanted, uint64_t *ret_bits, struct cpod_error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint64_t bits;
	unsigned int number;

	if (syscall (SYS_capget, &header, data) < 0)
		return cpod_error_sys (err, errno, "read the own capabilities");
	bits = wanted & (data[0].permitted | (uint64_t) data[1].permitted << 32);
	for (number = 0; number < 64; number++)
		if (bits & CPOD_CAP (number) && prctl (PR_CAPBSET_READ, number, 0, 0, 0) != 1)
			bits &= ~CPOD_CAP (number);
	*ret_bits = bits;
	return 0;
}

/* An error with the names of bits behind the words. */
static int
refuse (struct cpod_error *err, int code, const char *words, uint64_t bits)
{
	cpod_autostr names = CPOD_STR_INIT;

	cpod_caps_words (bits, &names);
	return cpod_error_set (err, code, "%s %s", words,
	                       cpod_str_failed (&names) ? "capabilities" : names.data);
}

/* The bits of one list of names; in a pod each must be known. */
static int
read_set (const struct cpod_strings *names, bool pod, uint64_t known, uint64_t *ret_bits,
          struct cpod_error *err)
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < names->n; i++) {
		int number = cpod_caps_number (names->items[i]);

		if (number < 0 && pod)
			return cpod_error_set (err, EINVAL, "unknown capability \"%s\"", names->items[i]);
		if (number < 0)
			continue;
		if (pod && !(known & CPOD_CAP (number)))
			return cpod_error_set (err, EINVAL, "this kernel has no %s", names->items[i]);
		bits |= known & CPOD_CAP (number);
	}
	*ret_bits = bits;
	return 0;
}

/* A pod's sets must be such as the kernel takes. */
static int
check_sets (const struct cpod_op_caps *caps, struct cpod_error *err)
{
	uint64_t beyond;

	beyond = caps->effective & ~caps->permitted;
	if (beyond != 0)
		return refuse (err, EINVAL, "effective: permitted lacks", beyond);
	beyond = caps->ambient & ~caps->permitted;
	if (beyond != 0)
		return refuse (err, EINVAL, "ambient: permitted lacks", beyond);
	beyond = caps->ambient & ~caps->inheritable;
	if (beyond != 0)
		return refuse (err, EINVAL, "ambient: inheritable lacks", beyond);
	return 0;
}

/* Leaves out what the kernel would refuse. */
static void
trim_sets (struct cpod_op_caps *caps, uint64_t available)
{
	size_t i;

	for (i = 0; i < N_SETS; i++)
		*set_of (caps, i) &= available;
	caps->effective &= caps->permitted;
	caps->ambient &= caps->permitted & caps->inheritable;
}

int
cpod_caps_resolve_within (const struct cpod_oci_capabilities *spec, bool pod, uint64_t known,
                          uint64_t available, struct cpod_op_caps *ret_caps, struct cpod_error *err)
{
	struct cpod_op_caps caps = { 0 };
	size_t i;
	int ret;

	if (spec == NULL && pod)
		caps = cpod_caps_default;
	for (i = 0; spec != NULL && i < N_SETS; i++) {
		uint64_t *bits = set_of (&caps, i);

		ret = read_set ((const struct cpod_strings *) ((const char *) spec + sets[i].from), pod,
		                known, bits, err);
		if (ret == 0 && pod && *bits & ~available)
			ret = refuse (err, EPERM, "this process cannot give", *bits & ~available);
		if (ret < 0)
			return cpod_error_prefix (err, ret, "%s", sets[i].name);
	}
	if (pod) {
		ret = check_sets (&caps, err);
		if (ret < 0)
			return ret;
	}
	trim_sets (&caps, available);
	*ret_caps = caps;
	return 0;
}

/* Every capability that the sets will name. */
static uint64_t
wanted (const struct cpod_oci_capabilities *spec)
{
	uint64_t bits = spec == NULL ? cpod_caps_default.bounding : 0;
	size_t i, j;

	for (i = 0; spec != NULL && i < N_SETS; i++) {
		const struct cpod_strings *names = (const struct cpod_strings *) ((const char *) spec + sets[i].from);

		for (j = 0; j < names->n; j++) {
			int number = cpod_caps_number (names->items[j]);

			bits |= number >= 0 ? CPOD_CAP (number) : 0;
		}
	}
	return bits;
}

bool
cpod_caps_may_trace (const struct cpod_op_caps *caps)
{
	return ((caps->bounding | caps->permitted | caps->inheritable) >> CAP_SYS_PTRACE & 1) != 0;
}

int
cpod_caps_resolve (const struct cpod_oci_capabilities *spec, bool pod, struct cpod_op_caps *ret_caps,
                   struct cpod_error *err)
{
	uint64_t known = cpod_caps_known (), available = known;
	int ret;

	ret = geteuid () == 0 ? cpod_caps_available (wanted (spec), &available, err) : 0;
	if (ret == 0)
		ret = cpod_caps_resolve_within (spec, pod, known, available, ret_caps, err);
	return ret < 0 ? cpod_error_prefix (err, ret, "process.capabilities") : 0;
}
