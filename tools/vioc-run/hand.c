// SPDX-License-Identifier: MIT
/* Handing fds over: which numbers they have, and how the program learns them. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

#define FIRST 3

/* Out of the way first, so that none is overwritten before it got its place. */
void run_place(struct handout *hand)
{
	int end = FIRST + (int)hand->n;
	int moved[HANDOUT_FDS], placed = FIRST;
	for (size_t i = 0; i < hand->n; i++) {
		moved[i] = fcntl(hand->fds[i].fd, F_DUPFD_CLOEXEC, end);
		if (moved[i] < 0)
			run_die("file descriptors: %s", strerror(errno));
	}
	for (size_t i = 0; i < hand->n; i++) {
		size_t first = 0;
		while (hand->fds[first].fd != hand->fds[i].fd)
			first++;
		if (first < i) {
			/* One fd by two names; the first one has its place already. */
			moved[i] = moved[first];
			continue;
		}
		if (dup2(moved[i], placed) < 0)
			run_die("file descriptors: %s", strerror(errno));
		moved[i] = placed++;
	}
	for (size_t i = 0; i < hand->n; i++)
		hand->fds[i].fd = moved[i];
	if (close_range((unsigned int)placed, ~0u, 0) < 0)
		run_die("close_range: %s", strerror(errno));
}

static void set(const char *name, const char *value)
{
	if (setenv(name, value, 1) < 0)
		run_die("out of memory");
}

static void set_number(const char *name, long number)
{
	char text[24];
	snprintf(text, sizeof(text), "%ld", number);
	set(name, text);
}

static void tell_listen(const struct handout *hand)
{
	char names[sizeof(hand->fds[0].name) * HANDOUT_FDS] = "";
	int last = FIRST - 1;
	for (size_t i = 0; i < hand->n; i++) {
		if (hand->fds[i].fd <= last)
			continue;
		last = hand->fds[i].fd;
		strcat(strcat(names, i ? ":" : ""), hand->fds[i].name);
	}
	set_number("LISTEN_FDS", last - FIRST + 1);
	set_number("LISTEN_PID", getpid());
	set("LISTEN_FDNAMES", names);
}

static void tell_env(const struct handout *hand)
{
	for (size_t i = 0; i < hand->n; i++) {
		char name[sizeof("VIOC_") + sizeof(hand->fds[0].name)];
		snprintf(name, sizeof(name), "VIOC_%s", hand->fds[i].name);
		for (char *c = name; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		set_number(name, hand->fds[i].fd);
	}
}

void run_tell(const struct handout *hand, enum run_style style)
{
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	if (style == RUN_LISTEN)
		tell_listen(hand);
	else if (style == RUN_ENV)
		tell_env(hand);
}

/* The fd whose name in braces the text begins with, or NULL. */
static const struct handout_fd *match(const struct handout *hand, const char *text)
{
	for (size_t i = 0; *text == '{' && i < hand->n; i++) {
		size_t length = strlen(hand->fds[i].name);
		if (strncmp(text + 1, hand->fds[i].name, length) == 0 && text[1 + length] == '}')
			return &hand->fds[i];
	}
	return NULL;
}

static char *replace(const struct handout *hand, const char *text)
{
	char *result = NULL;
	size_t size;
	FILE *out = open_memstream(&result, &size);
	if (!out)
		run_die("out of memory");
	while (*text) {
		const struct handout_fd *fd = match(hand, text);
		if (fd) {
			fprintf(out, "%d", fd->fd);
			text += strlen(fd->name) + 2;
		} else {
			fputc(*text++, out);
		}
	}
	if (fclose(out) != 0)
		run_die("out of memory");
	return result;
}

static char *format_qemu(const struct handout *hand, size_t index)
{
	char *text;
	int fd = hand->fds[index].fd;
	int length = index == 0 ? asprintf(&text, "iommufd,id=iommufd0,fd=%d", fd)
				: asprintf(&text, "vfio-pci,iommufd=iommufd0,fd=%d", fd);
	if (length < 0)
		run_die("out of memory");
	return text;
}

char **run_arguments(const struct handout *hand, enum run_style style, char **given)
{
	size_t n = 0, used = 0;
	while (given[n])
		n++;
	char **arguments = calloc(n + 2 * hand->n + 1, sizeof(*arguments));
	if (!arguments)
		run_die("out of memory");
	for (; used < n; used++)
		arguments[used] = replace(hand, given[used]);
	for (size_t i = 0; style == RUN_QEMU && i < hand->n; i++) {
		arguments[used++] = i == 0 ? "-object" : "-device";
		arguments[used++] = format_qemu(hand, i);
	}
	return arguments;
}
