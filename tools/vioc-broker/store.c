// SPDX-License-Identifier: MIT
/* The service manager: readiness, the fd store, and fds passed on, by the protocol of sd_notify(3). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker.h"

#define FIRST 3

void store_notify(const char *text, int fd)
{
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
		error = wire_send(notify, text, strlen(text), &fd, fd >= 0);
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

static int take_fd(struct broker *broker, int fd, const char *name)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	if (strncmp(name, "lease-", 6) == 0) {
		lease_restore(broker, name, fd);
	} else if (is_socket(fd) && broker->listen_fd < 0) {
		broker->listen_fd = fd;
	} else {
		log_event("restore-error", "name=%s reason=\"neither a socket nor a lease\"",
			  log_quote(name));
		close(fd);
	}
	return 0;
}

int store_take_fds(struct broker *broker)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	const char *all_names = getenv("LISTEN_FDNAMES");
	if (!pid || !count || atoi(pid) != getpid())
		return 0;
	char *names = strdup(all_names ? all_names : "");
	char *rest = names;
	if (!names)
		return -ENOMEM;
	int error = 0;
	for (int i = 0; error == 0 && i < atoi(count); i++) {
		const char *name = rest ? strsep(&rest, ":") : "";
		error = take_fd(broker, FIRST + i, name);
	}
	free(names);
	return error;
}
