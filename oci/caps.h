/* Capabilities: the five sets of a process, as masks.
 *
 * Names are resolved here, in the parent; the child sets finished masks (struct cpod_op_caps, bits
 * CPOD_CAP (CAP_)). What cannot be had, a name that this program or the running kernel does not know,
 * or a capability that the caller does not hold and so cannot give on, is told to a pod as an
 * error: it asked in so many words. An engine's bundle lists what the engine knows, and gets what there is
 * of it, as other runtimes have it. Less is never made up for by something else.
 */
#ifndef CPOD_OCI_CAPS_H
#define CPOD_OCI_CAPS_H

#include "oci/plan.h"
#include "src/base/str.h"

#include <cpod/runtime.h>
#include <stdbool.h>
#include <stdint.h>

#define CPOD_CAP(number) (UINT64_C (1) << (number))

struct cpod_oci_capabilities;

/* What a pod's container gets when its spec has no capabilities: the OCI default and what image entrypoints
 * use, without raw sockets and device nodes; inheritable and ambient empty. */
extern const struct cpod_op_caps cpod_caps_default;

/* The sets of a process. spec: its capabilities; NULL: cpod_caps_default, as far as it can be had, in
 * a pod, else none. pod: decides about what cannot be had (above). Also what the kernel refuses is told to a
 * pod and left out for a bundle: effective beyond permitted, ambient beyond permitted or inheritable.
 * An unprivileged caller's containers have a user namespace of their own, and in it everything.
 * -EINVAL: an unknown name or such a set; -EPERM: the caller lacks a capability; the message names them. */
int cpod_caps_resolve (const struct cpod_oci_capabilities *spec, bool pod, struct cpod_op_caps *ret_caps,
                       struct cpod_error *err);

/* The same with the caller's knowledge given, for tests: what the running kernel knows and what the
 * caller can give. */
int cpod_caps_resolve_within (const struct cpod_oci_capabilities *spec, bool pod, uint64_t known,
                              uint64_t available, struct cpod_op_caps *ret_caps, struct cpod_error *err);

/* Whether a process with these may ever trace what it was not meant to. */
bool cpod_caps_may_trace (const struct cpod_op_caps *caps);

/* The number of a "CAP_" name, in any case, or -1. */
int cpod_caps_number (const char *name);
/* Adds the names of bits to text, upper case, separated by ", ". */
void cpod_caps_words (uint64_t bits, struct cpod_str *text);

/* Every capability of the running kernel. */
uint64_t cpod_caps_known (void);
/* Which of the wanted capabilities the calling process can give to another: permitted, and not dropped
 * from its bounding set. */
int cpod_caps_available (uint64_t wanted, uint64_t *ret_bits, struct cpod_error *err);

#endif
