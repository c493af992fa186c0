/* Termination messages: what a container leaves to say about its end.
 *
 * Each run gets a file of its own in the pod's state directory, bound over terminationMessagePath. At the
 * end its last 4096 bytes are the message, and the file goes. With FallbackToLogsOnError, a container that
 * failed and wrote nothing there is quoted: the last 80 lines of its output, at most 2048 bytes.
 *
 * The container can write into the file and nothing else: it cannot replace it, and what is read is
 * bounded. What it writes is charged to its own cgroup.
 */
#include "pod.h"

#include "src/base/error.h"
#include "src/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUOTE_MAX 2048

int
cpod_message_create (const struct cpod_container *c, const char *id, char **ret_path, struct cpod_error *err)
{
	const struct cpod_pod *pod = c->pod;
	cpod_autofd fd = -1;
	char *path;

	*ret_path = NULL;
	if (!c->spec->message_path)
		return 0;
	if (!pod->state_dir)
		return cpod_error_set (err, EINVAL, "terminationMessagePath needs a pod with a state directory");
	if (asprintf (&path, "%s/messages", pod->state_dir) < 0)
		return cpod_error_oom (err);
	if (mkdir (path, 0700) < 0 && errno != EEXIST) {
		cpod_error_sys (err, errno, "make %s", path);
		free (path);
		return -err->code;
	}
	free (path);
	if (asprintf (&path, "%s/messages/%s", pod->state_dir, id) < 0)
		return cpod_error_oom (err);
	fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0 || fchmod (fd, 0666) < 0) {   /* whoever the container runs as; only this file is shown to it */
		cpod_error_sys (err, errno, "make %s", path);
		free (path);
		return -err->code;
	}
	*ret_path = path;
	return 0;
}

void
cpod_message_forget (char **path)
{
	if (*path)
		(void) unlink (*path);   /* it lies in a directory that goes as a whole */
	free (*path);
	*path = NULL;
}

/* The last CPOD_MESSAGE_MAX bytes of the file, at most. Returns how many. */
static size_t
read_end (const char *path, char text[CPOD_MESSAGE_MAX + 1])
{
	cpod_autofd fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
		return 0;
	n = pread (fd, text, CPOD_MESSAGE_MAX, st.st_size > CPOD_MESSAGE_MAX ? st.st_size - CPOD_MESSAGE_MAX : 0);
	return n > 0 ? (size_t) n : 0;
}

void
cpod_message_take (struct cpod_container *c, char **path, bool failed, char text[CPOD_MESSAGE_MAX + 1])
{
	const struct cpod_pod_options *options = &c->pod->options;
	size_t len = *path ? read_end (*path, text) : 0;

	cpod_message_forget (path);
	if (len == 0 && failed && c->spec->message_policy == CPOD_MESSAGE_FALLBACK_TO_LOGS && options->log_tail)
		len = options->log_tail (options->data, c->spec->name, text, QUOTE_MAX);
	for (size_t i = 0; i < len; i++)   /* the status is text */
		if (text[i] == '\0')
			text[i] = ' ';
	text[len < CPOD_MESSAGE_MAX ? len : CPOD_MESSAGE_MAX] = '\0';
}
