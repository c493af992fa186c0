/* Where a path of a message stands in a document.
 *
 * A runtime names what it refuses by a path relative to the OCI spec: "mounts[3].type: reason". Here
 * such a path is taken apart and followed through the tree that the document was read into, as far
 * as the tree goes: a missing member is located at the object that lacks it.
 */
#ifndef CPOD_POD_LOCATE_H
#define CPOD_POD_LOCATE_H

#include "src/base/json.h"

#include <stddef.h>

/* How many bytes of message are a path ("name", ".name", "[3]", "[\"odd name\"]") with ": " behind
 * it; 0 when the message begins with something else. first (may be NULL): set to its first name's length. */
size_t cpod_locate_path (const char *message, size_t *ret_first);

/* The value at the longest prefix of path[len] that exists below root; root itself at worst. */
const struct cpod_json *cpod_locate (const struct cpod_json *root, const char *path, size_t len);

#endif
