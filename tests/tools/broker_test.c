// SPDX-License-Identifier: MIT
/* Clients of vioc-broker, well-behaved and other; and the service manager that restarts it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int connect_to(const char *path)
{
	int fd = wire_connect(path, stderr);
	if (fd < 0)
		exit(1);
	return fd;
}

static void send_text(int fd, const char *text)
{
	int error = wire_send(fd, text, strlen(text), NULL, 0);
	if (error < 0)
		die("send: %s", strerror(-error));
}

/* The answer begins so; NULL: the broker has cut the connection. */
static void expect_answer(int fd, const char *beginning)
{
	static struct wire_message answer;
	int error = wire_receive(fd, WIRE_ANSWER, &answer);
	bool is_cut = error == -ECONNRESET || (error == 0 && !answer.length);
	if (!beginning) {
		if (!is_cut)
			die("not cut off, but: %s", error < 0 ? strerror(-error) : answer.text);
		return;
	}
	if (error < 0 || is_cut)
		die("no answer: %s", strerror(-error));
	if (strncmp(answer.text, beginning, strlen(beginning)) != 0)
		die("not '%s', but: %s", beginning, answer.text);
	wire_close_fds(&answer);
}

static unsigned int count_fds(const char *pid)
{
	char path[64];
	unsigned int n = 0;
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *dir = opendir(path);
	if (!dir)
		die("%s: %s", path, strerror(errno));
	for (struct dirent *entry; (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* The most memory it ever had, in kB. */
static unsigned long peak_memory(const char *pid)
{
	char path[64], line[256];
	unsigned long kb = 0;
	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %lu", &kb) == 1)
			break;
	if (!file || !kb)
		die("%s tells no memory", path);
	fclose(file);
	return kb;
}

static void serve_one(const char *path)
{
	int fd = connect_to(path);
	send_text(fd, "list");
	expect_answer(fd, "ok\n");
	close(fd);
}

/* So many connect at once and say nothing; one more client is served all the same. */
static int crowd(const char *path, const char *pid, int n, unsigned long max_kb)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	int *fds = calloc((size_t)n, sizeof(*fds));
	unsigned int before = count_fds(pid), most = before;
	double start = now();
	for (int i = 0; fds && i < n; i++)
		fds[i] = connect_to(path);
	double connected = now();
	int late = connect_to(path);
	send_text(late, "list");
	struct pollfd answer = { .fd = late, .events = POLLIN };
	while (poll(&answer, 1, 1) == 0)
		if (count_fds(pid) > most)
			most = count_fds(pid);
	expect_answer(late, "ok\n");
	printf("%d silent clients: connected in %.3f s, the next one was served after %.3f s; %u "
	       "fds at "
	       "most, %u before; %lu kB at most\n",
	       n, connected - start, now() - connected, most, before, peak_memory(pid));
	for (int i = 0; i < n; i++)
		close(fds[i]);
	close(late);
	free(fds);
	serve_one(path);
	if (most > 64)
		die("more than 64 fds");
	if (peak_memory(pid) > max_kb)
		die("more than %lu kB", max_kb);
	return 0;
}

/* With all places taken, nobody is cut off while nobody waits. */
static void fill(const char *path)
{
	enum { PLACES = 24 };
	int fds[PLACES];
	struct timespec patience = { .tv_sec = 1 };
	for (int i = 0; i < PLACES; i++) {
		fds[i] = connect_to(path);
		send_text(fds[i], "list");
		expect_answer(fds[i], "ok\n");
	}
	nanosleep(&patience, NULL);
	for (int i = 0; i < PLACES; i++) {
		send_text(fds[i], "list");
		expect_answer(fds[i], "ok\n");
		close(fds[i]);
	}
}

/* As many, which ask and leave. All of them are served. */
static int rush(const char *path, int n)
{
	double start = now();
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			for (int k = 0; k < n / 8; k++)
				serve_one(path);
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status;
		if (wait(&status) < 0 || status != 0)
			die("a client was not served");
	}
	printf("%d clients, 8 at a time: %.0f a second\n", n, n / (now() - start));
	return 0;
}

static void expect_refusals(const char *path)
{
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{ "frob", "refused 22\n\"frob\" is none of" },
		{ "get", "refused 22\nwhich device?" },
		{ "get backend=", "refused 22\n\"backend=\" makes no sense" },
		{ "get device=0000:00:02.0 frob=1", "refused 22\n\"frob=1\" makes no sense" },
		{ "get device=ffff:ff:1f.7", "refused 1\nthe policy does not let" },
		{ "get device=00:02.0\nevent=lease",
		  "refused 22\n\"device=00:02.0\nevent=lease\" makes" },
		{ "get device=0000:00:02.00", "refused 22\n" },
		{ "release", "refused 22\nwhich device?" },
		{ "release device=ffff:ff:1f.7", "ok" },
	};
	int fd = connect_to(path);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_text(fd, cases[i].request);
		expect_answer(fd, cases[i].answer);
	}
	close(fd);
}

static void send_odd(const char *path)
{
	static char long_text[2 * WIRE_REQUEST];
	memset(long_text, 'x', sizeof(long_text) - 1);
	int fd = connect_to(path);
	send_text(fd, long_text);
	expect_answer(fd, NULL);
	close(fd);
	fd = connect_to(path);
	if (wire_send(fd, "li\0st", 5, NULL, 0) < 0)
		die("send");
	expect_answer(fd, NULL);
	close(fd);
	fd = connect_to(path);
	int own[2] = { 0, 1 };
	if (wire_send(fd, "list", 4, own, 2) < 0)
		die("send");
	expect_answer(fd, NULL);
	close(fd);
}

/* One that dies right after asking; one that was refused too often. */
static void annoy(const char *path)
{
	for (int i = 0; i < 100; i++) {
		int fd = connect_to(path);
		send_text(fd, "list");
		close(fd);
	}
	int fd = connect_to(path), n = 0;
	static struct wire_message answer;
	while (wire_send(fd, "frob", 4, NULL, 0) == 0 &&
	       wire_receive(fd, WIRE_ANSWER, &answer) == 0 && answer.length)
		n++;
	if (n != 100)
		die("%d refusals, not 100", n);
	close(fd);
}

/* Asks on and on without reading: cut off, and nobody waited for it. */
static void never_read(const char *path)
{
	int fd = connect_to(path), n = 0, error;
	while ((error = wire_send(fd, "list", 4, NULL, 0)) == 0)
		n++;
	if (error != -EPIPE && error != -ECONNRESET)
		die("not cut off: %s", strerror(-error));
	printf("who does not read is cut off after %d requests\n", n);
	close(fd);
}

/* Many requests of one client, while another one is served in between. */
static void flood(const char *path, int n)
{
	int fd = connect_to(path);
	double start = now(), longest = 0;
	for (int i = 0; i < n; i++) {
		send_text(fd, "list");
		if (i % 1000 == 0) {
			double began = now();
			serve_one(path);
			longest = now() - began > longest ? now() - began : longest;
		}
		expect_answer(fd, "ok\n");
	}
	printf("%d requests of one client: %.0f a second; others waited %.4f s at most\n", n,
	       n / (now() - start), longest);
	close(fd);
}

static int abuse(const char *path, const char *pid, int requests)
{
	unsigned int before = count_fds(pid);
	fill(path);
	expect_refusals(path);
	send_odd(path);
	annoy(path);
	never_read(path);
	flood(path, requests);
	/* Answered only when what came before is settled. */
	serve_one(path);
	serve_one(path);
	unsigned int after = count_fds(pid);
	printf("%u fds before, %u after\n", before, after);
	if (after > before + 1)
		die("the broker leaks fds");
	return 0;
}

/* Gets the device and gives it back, n times. */
static int handover(const char *path, const char *pid, const char *device, const char *backend,
		    int n)
{
	struct handout_request request = { .devices = { device }, .n_devices = 1 };
	char release[64];
	snprintf(release, sizeof(release), "release device=%s", device);
	if (vioc_backend_from_name(backend, &request.backend) < 0)
		die("no backend %s", backend);
	struct vioc_ctx *ctx = NULL;
	int fd = connect_to(path);
	if (vioc_ctx_new(NULL, &ctx) < 0)
		die("no context");
	/* It has accepted this one when it answers. */
	send_text(fd, "list");
	expect_answer(fd, "ok\n");
	unsigned int before = count_fds(pid), own = count_fds("self");
	double start = now();
	for (int i = 0; i < n; i++) {
		struct handout handout;
		if (wire_get(ctx, fd, &request, stderr, &handout) < 0)
			exit(1);
		if (handout.n != 2)
			die("%zu names, not 2", handout.n);
		handout_close(&handout);
		send_text(fd, release);
		expect_answer(fd, "ok");
	}
	double seconds = now() - start;
	printf("%s: %.0f handovers a second; the broker's fds: %u before, %u after; the client's: "
	       "%u, %u\n",
	       backend, n / seconds, before, count_fds(pid), own, count_fds("self"));
	/* One who left before may still have been there. */
	if (count_fds(pid) > before || count_fds("self") != own)
		die("fds leak");
	close(fd);
	vioc_ctx_unref(ctx);
	return 0;
}

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

/* SIGHUP: kills the broker, and starts it again. SIGTERM: ends. */
static int manage(const char *path, char **command)
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

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	if (strcmp(what, "crowd") == 0 && argc == 6)
		return crowd(argv[2], argv[3], atoi(argv[4]), strtoul(argv[5], NULL, 10));
	if (strcmp(what, "rush") == 0 && argc == 4)
		return rush(argv[2], atoi(argv[3]));
	if (strcmp(what, "abuse") == 0 && argc == 5)
		return abuse(argv[2], argv[3], atoi(argv[4]));
	if (strcmp(what, "handover") == 0 && argc == 7)
		return handover(argv[2], argv[3], argv[4], argv[5], atoi(argv[6]));
	if (strcmp(what, "manage") == 0 && argc > 3)
		return manage(argv[2], argv + 3);
	fputs("usage: broker-test crowd SOCKET PID N KB | rush SOCKET N | abuse SOCKET PID N |\n"
	      "       handover SOCKET PID BDF BACKEND N | manage SOCKET COMMAND...\n",
	      stderr);
	return 2;
}
