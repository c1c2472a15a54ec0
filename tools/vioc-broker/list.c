// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broker.h"

static void print_lease(const char *line)
{
	char device[16], backend[16], since[32];
	int64_t seconds;
	int pid;
	unsigned int uid;
	if (sscanf(line, "%15s %d %u %" SCNd64 " %15s", device, &pid, &uid, &seconds, backend) != 5)
		return;
	time_t time = (time_t)seconds;
	struct tm parts;
	strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%S%z", localtime_r(&time, &parts));
	printf("%-12s %8d %8u %-24s %s\n", device, pid, uid, since, backend);
}

int list_leases(const char *path)
{
	struct wire_message *answer = malloc(sizeof(*answer));
	int fd = answer ? wire_connect(path, stderr) : -1;
	int error = fd < 0 ? fd : wire_ask(fd, "list", stderr, answer);
	if (error == 0) {
		char *rest = NULL, *line = strtok_r(answer->text, "\n", &rest);
		printf("%-12s %8s %8s %-24s %s\n", "DEVICE", "PID", "UID", "SINCE", "BACKEND");
		while (line && (line = strtok_r(NULL, "\n", &rest)))
			print_lease(line);
		wire_close_fds(answer);
	}
	if (fd >= 0)
		close(fd);
	free(answer);
	return error < 0 || fflush(stdout) != 0;
}
