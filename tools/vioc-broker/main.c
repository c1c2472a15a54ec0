// SPDX-License-Identifier: MIT
/* Lends devices to clients that may have them, over a UNIX socket. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker.h"

#define POLICY "/etc/vioc-broker.conf"

static void print_help(void)
{
	puts("usage: vioc-broker [OPTION...]\n"
	     "       vioc-broker [OPTION...] list\n"
	     "       vioc-broker [OPTION...] check\n"
	     "Opens devices for VFIO, and lends them to clients that the policy lets have them.\n"
	     "\n"
	     "list   who has which device now, and since when; to others than root only their own\n"
	     "check  says what is wrong with the policy\n"
	     "\n"
	     "  -p, --policy FILE     default " POLICY "\n"
	     "  -s, --socket PATH     default " WIRE_SOCKET "\n"
	     "  -V, --version\n"
	     "  -h, --help\n"
	     "\n"
	     "Exit status: 0 fine, 1 error, 2 bad usage.");
}

static int fail(const char *what, int error)
{
	log_event("fatal", "what=%s reason=%s", what, log_quote(strerror(-error)));
	return error;
}

static void take_signal(struct broker *broker, struct watch *watch)
{
	struct signalfd_siginfo info;
	(void)watch;
	if (read(broker->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGHUP) {
		broker->is_ending = true;
		return;
	}
	if (policy_load(broker->ctx, broker->policy_path, &broker->rules) == 0)
		log_event("policy", "file=%s", broker->policy_path);
}

static int watch_signals(struct broker *broker)
{
	sigset_t set;
	/* That nobody reads the log is no reason to end. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	broker->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (broker->signal_fd < 0)
		return -errno;
	broker->signals.ready = take_signal;
	return loop_add(broker, broker->signal_fd, &broker->signals);
}

static void accept_one(struct broker *broker, struct watch *watch)
{
	(void)watch;
	client_accept(broker);
}

/* A socket that nobody listens on is left over from a broker that was killed. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat status;
	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	bool is_stale = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
			errno == ECONNREFUSED;
	close(fd);
	if (!is_stale)
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

/* Anybody may connect: who may have what, the policy says. */
static int make_socket(struct broker *broker, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	int error = remove_stale(&address);
	if (error < 0)
		return error;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0666) < 0 ||
	    listen(fd, SOMAXCONN) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	broker->listen_fd = fd;
	broker->made_socket = path;
	return 0;
}

static int start(struct broker *broker, const char *path)
{
	broker->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (broker->epoll < 0)
		return fail("epoll", -errno);
	int error = watch_signals(broker);
	if (error < 0)
		return fail("signals", error);
	error = store_take_fds(broker);
	if (error < 0)
		return fail("passed file descriptors", error);
	if (broker->listen_fd < 0)
		error = make_socket(broker, path);
	/* Who connected may be gone when its turn comes. */
	if (error == 0 && fcntl(broker->listen_fd, F_SETFL, O_NONBLOCK) < 0)
		error = -errno;
	if (error < 0)
		return fail(path, error);
	broker->listener.ready = accept_one;
	log_event("start", "policy=%s clients=%d", broker->policy_path, BROKER_CLIENTS);
	store_ready();
	return 0;
}

static void end(struct broker *broker)
{
	struct lease *lease, *next;
	for (size_t i = 0; i < BROKER_CLIENTS; i++)
		if (broker->clients[i].fd >= 0)
			client_drop(broker, &broker->clients[i], NULL);
	/* They go on; the fd store knows of them. */
	for (lease = TAILQ_FIRST(&broker->leases); lease; lease = next) {
		next = TAILQ_NEXT(lease, link);
		close(lease->pidfd);
		free(lease);
	}
	policy_free(broker->rules);
	if (broker->made_socket)
		unlink(broker->made_socket);
	log_event("end", "policy=%s", broker->policy_path);
}

static int run(struct broker *broker, const char *path)
{
	int error = policy_load(broker->ctx, broker->policy_path, &broker->rules);
	if (error == 0)
		error = start(broker, path);
	if (error == 0) {
		error = loop_run(broker);
		if (error < 0)
			fail("loop", error);
		end(broker);
	}
	return error < 0;
}

static int check(struct broker *broker)
{
	int error = policy_load(broker->ctx, broker->policy_path, &broker->rules);
	policy_free(broker->rules);
	return error < 0;
}

static int run_command(struct broker *broker, const char *path, char **words)
{
	if (!words[0])
		return run(broker, path);
	if (strcmp(words[0], "list") == 0 && !words[1])
		return list_leases(path);
	if (strcmp(words[0], "check") == 0 && !words[1])
		return check(broker);
	fprintf(stderr, "vioc-broker: \"%s\"? (see --help)\n", words[words[1] != NULL]);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "socket", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct broker broker = { .policy_path = POLICY, .listen_fd = -1 };
	const char *path = WIRE_SOCKET;
	int option;

	TAILQ_INIT(&broker.leases);
	for (size_t i = 0; i < BROKER_CLIENTS; i++)
		broker.clients[i].fd = -1;
	while ((option = getopt_long(argc, argv, "p:s:Vh", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			broker.policy_path = optarg;
			break;
		case 's':
			path = optarg;
			break;
		case 'V':
			printf("vioc-broker, libvioc %s\n", vioc_version());
			return 0;
		case 'h':
			print_help();
			return 0;
		default:
			return 2;
		}
	}
	int error = vioc_ctx_new(NULL, &broker.ctx);
	if (error < 0) {
		fail("libvioc", error);
		return 1;
	}
	int status = run_command(&broker, path, argv + optind);
	vioc_ctx_unref(broker.ctx);
	return status;
}
