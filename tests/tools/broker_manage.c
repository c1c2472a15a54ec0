// SPDX-License-Identifier: MIT
/* The service manager that starts vioc-broker again. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker_test.h"
#include "wire.h"

/* The service manager: the listening socket, and the fd store. */
struct manager {
	char **command;
	pid_t child;
	int listener;
	int notify;
	char notify_path[108];
	struct stored {
		char name[256];
		int fd; /* -1: none */
	} stored[64];
};

static int bind_socket(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static void start(struct manager *manager)
{
	manager->child = fork();
	if (manager->child)
		return;
	char names[sizeof(manager->stored)] = "socket", number[16];
	int next = 3;
	/* The kept ones are far above 3. */
	dup2(manager->listener, next++);
	for (size_t i = 0; i < 64; i++) {
		if (manager->stored[i].fd < 0)
			continue;
		dup2(manager->stored[i].fd, next++);
		strcat(strcat(names, ":"), manager->stored[i].name);
	}
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(number, sizeof(number), "%d", next - 3);
	setenv("LISTEN_FDS", number, 1);
	snprintf(number, sizeof(number), "%d", getpid());
	setenv("LISTEN_PID", number, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	setenv("NOTIFY_SOCKET", manager->notify_path, 1);
	execv(manager->command[0], manager->command);
	_exit(127);
}

static void store(struct manager *manager, const char *name, int fd)
{
	size_t i = 0;
	while (i < 64 && manager->stored[i].fd >= 0)
		i++;
	if (i == 64)
		die("the fd store is full");
	manager->stored[i].fd = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	snprintf(manager->stored[i].name, sizeof(manager->stored[i].name), "%s", name);
}

static void unstore(struct manager *manager, const char *name)
{
	for (size_t i = 0; i < 64; i++) {
		if (manager->stored[i].fd >= 0 && strcmp(manager->stored[i].name, name) == 0) {
			close(manager->stored[i].fd);
			manager->stored[i].fd = -1;
		}
	}
}

static void take_notice(struct manager *manager)
{
	static struct wire_message message;
	if (wire_receive(manager->notify, WIRE_ANSWER, &message) < 0)
		return;
	const char *name = strstr(message.text, "FDNAME=");
	if (strncmp(message.text, "FDSTORE=1\n", 10) == 0 && name && message.n_fds == 1)
		store(manager, name + 7, message.fds[0]);
	else if (strncmp(message.text, "FDSTOREREMOVE=1\n", 16) == 0 && name)
		unstore(manager, name + 7);
	else
		printf("manager: %s\n", message.text);
	fflush(stdout);
	wire_close_fds(&message);
}

static void end_child(const struct manager *manager, int how)
{
	kill(manager->child, how);
	waitpid(manager->child, NULL, 0);
}

int manage(const char *path, char **command)
{
	struct manager manager = { .command = command };
	sigset_t set;
	for (size_t i = 0; i < 64; i++)
		manager.stored[i].fd = -1;
	snprintf(manager.notify_path, sizeof(manager.notify_path), "%s.notify", path);
	manager.notify = fcntl(bind_socket(manager.notify_path, SOCK_DGRAM), F_DUPFD_CLOEXEC, 100);
	manager.listener = fcntl(bind_socket(path, SOCK_SEQPACKET), F_DUPFD_CLOEXEC, 100);
	if (chmod(path, 0666) < 0 || listen(manager.listener, SOMAXCONN) < 0)
		die("%s: %s", path, strerror(errno));
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	struct pollfd fds[2] = {
		{ .fd = manager.notify, .events = POLLIN },
		{ .fd = signalfd(-1, &set, SFD_CLOEXEC), .events = POLLIN },
	};
	start(&manager);
	for (;;) {
		struct signalfd_siginfo info;
		poll(fds, 2, -1);
		if (fds[0].revents) {
			take_notice(&manager);
			continue;
		}
		if (read(fds[1].fd, &info, sizeof(info)) != sizeof(info))
			continue;
		end_child(&manager, info.ssi_signo == SIGTERM ? SIGTERM : SIGKILL);
		if (info.ssi_signo == SIGTERM)
			return 0;
		start(&manager);
	}
}
