// SPDX-License-Identifier: MIT
/* Clients of vioc-broker, well-behaved and other. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "broker_test.h"
#include "wire.h"

void die(const char *format, ...)
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
	int error = wire_send(fd, text, strlen(text));
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

static void send_own_fds(int socket)
{
	static const int own[2] = { 0, 1 };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(own))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(own)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	char text[] = "list";
	struct iovec part = { .iov_base = text, .iov_len = strlen(text) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	memcpy(CMSG_DATA(&control.header), own, sizeof(own));
	if (sendmsg(socket, &message, 0) < 0)
		die("sendmsg: %s", strerror(errno));
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
	if (wire_send(fd, "li\0st", 5) < 0)
		die("send");
	expect_answer(fd, NULL);
	close(fd);
	fd = connect_to(path);
	send_own_fds(fd);
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
	while (wire_send(fd, "frob", 4) == 0 && wire_receive(fd, WIRE_ANSWER, &answer) == 0 &&
	       answer.length)
		n++;
	if (n != 100)
		die("%d refusals, not 100", n);
	close(fd);
}

/* Asks on and on without reading: cut off, and nobody waited for it. */
static void never_read(const char *path)
{
	int fd = connect_to(path), n = 0, error;
	while ((error = wire_send(fd, "list", 4)) == 0)
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

/* The broker has closed all but so many; it learns of a client's end when it next looks. */
static unsigned int settle(const char *pid, unsigned int wanted)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	unsigned int count = count_fds(pid);
	for (int i = 0; count > wanted && i < 1000; i++) {
		nanosleep(&moment, NULL);
		count = count_fds(pid);
	}
	return count;
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
	unsigned int after = settle(pid, before);
	printf("%u fds before, %u after\n", before, after);
	if (after > before)
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
