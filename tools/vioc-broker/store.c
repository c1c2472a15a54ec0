// SPDX-License-Identifier: MIT
/* The service manager: telling it that the broker is ready, and what it passed on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker.h"

void store_ready(void)
{
	static const char text[] = "READY=1";
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (!path || !*path || strlen(path) >= sizeof(address.sun_path))
		return;
	size_t length = strlen(path);
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0';
	int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = notify < 0 ? -errno : 0;
	if (error == 0 && connect(notify, (struct sockaddr *)&address,
				  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		error = -errno;
	if (error == 0)
		error = wire_send(notify, text, strlen(text));
	if (error < 0)
		log_event("notify-error", "path=%s reason=%s", path, log_quote(strerror(-error)));
	if (notify >= 0)
		close(notify);
}

static bool is_socket(int fd)
{
	struct stat status;
	return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static void take_fd(struct broker *broker, const struct vioc_listen_fd *given)
{
	if (strncmp(given->name, "lease-", 6) == 0) {
		lease_restore(broker, given->name, given->fd);
	} else if (is_socket(given->fd) && broker->listen_fd < 0) {
		broker->listen_fd = given->fd;
	} else {
		log_event("restore-error", "name=%s reason=\"neither a socket nor a lease\"",
			  log_quote(given->name));
		close(given->fd);
	}
}

int store_take_fds(struct broker *broker)
{
	int n = vioc_fd_listen(broker->ctx, 0, NULL, 0);
	if (n <= 0)
		return n;
	struct vioc_listen_fd *given = calloc((size_t)n, sizeof(*given));
	if (!given)
		return -ENOMEM;
	n = vioc_fd_listen(broker->ctx, VIOC_LISTEN_UNSET, given, (size_t)n);
	for (int i = 0; i < n; i++)
		take_fd(broker, &given[i]);
	free(given);
	return n < 0 ? n : 0;
}
