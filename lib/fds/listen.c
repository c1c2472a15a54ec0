// SPDX-License-Identifier: MIT
/* Fds that systemd passed on, by the environment variables of sd_listen_fds(3). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvioc/fds.h>

#include "core/ctx.h"

#define FIRST_FD 3
#define MAX_FDS	 65536

/* -EINVAL: not a number, or above the limit. */
static int parse_number(const char *text, uint32_t limit, uint32_t *ret_number)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (strspn(text, "0123456789") != strlen(text) || !*text || number > limit)
		return -EINVAL;
	*ret_number = (uint32_t)number;
	return 0;
}

/* How many fds there are for this process. */
static int count_fds(void)
{
	const char *pid_text = vioci_getenv("LISTEN_PID"), *count_text = vioci_getenv("LISTEN_FDS");
	uint32_t pid, count;
	if (!pid_text || !count_text)
		return 0;
	if (parse_number(pid_text, UINT32_MAX, &pid) < 0 ||
	    parse_number(count_text, MAX_FDS, &count) < 0)
		return -EINVAL;
	return pid == vioci_process_id() ? (int)count : 0;
}

/* The next of the names between colons, or "unknown", as sd_listen_fds_with_names(3) has it. */
static const char *next_name(const char **names, char *buf, size_t size)
{
	const char *name = *names;
	if (!name)
		return "unknown";
	size_t length = strcspn(name, ":");
	*names = name[length] ? name + length + 1 : NULL;
	snprintf(buf, size, "%.*s", (int)length, name);
	return buf;
}

/* Makes all of them close-on-exec, and writes those that there is room for. */
static int list_fds(int count, struct vioc_listen_fd *fds, size_t capacity)
{
	const char *names = vioci_getenv("LISTEN_FDNAMES");
	for (int i = 0; i < count; i++) {
		struct vioc_listen_fd listed = { .fd = FIRST_FD + i };
		char buf[sizeof(listed.name)];
		int error = vioci_set_cloexec(listed.fd);
		if (error < 0)
			return error;
		strcpy(listed.name, next_name(&names, buf, sizeof(buf)));
		if ((size_t)i < capacity)
			fds[i] = listed;
	}
	return count;
}

static void unset_all(void)
{
	vioci_unsetenv("LISTEN_PID");
	vioci_unsetenv("LISTEN_FDS");
	vioci_unsetenv("LISTEN_FDNAMES");
}

VIOC_API int vioc_fd_listen(struct vioc_ctx *ctx, uint64_t flags, struct vioc_listen_fd *fds,
			    size_t capacity)
{
	static const char what[] = "take over the fds of LISTEN_FDS";
	if (!ctx)
		return -EINVAL;
	if ((flags & ~VIOC_LISTEN_UNSET) || (capacity && !fds))
		return vioci_fail(ctx, -EINVAL, VIOC_REASON_BAD_ARGUMENT, what,
				  "unknown flags, or no place for the fds");
	int count = count_fds();
	if (count < 0)
		return vioci_fail(ctx, count, VIOC_REASON_BAD_ARGUMENT, what,
				  "LISTEN_FDS or LISTEN_PID is not a number");
	count = list_fds(count, fds, capacity);
	if (count < 0)
		return vioci_fail(ctx, count, VIOC_REASON_WRONG_FD, what,
				  "LISTEN_FDS has more fds than are open");
	if (flags & VIOC_LISTEN_UNSET)
		unset_all();
	return count;
}

VIOC_API int vioc_fd_resolve_listen(void *ctx, const char *name)
{
	(void)ctx;
	const char *names = vioci_getenv("LISTEN_FDNAMES");
	int count = count_fds();
	for (int i = 0; i < count && names; i++) {
		char buf[sizeof(((struct vioc_listen_fd *)0)->name)];
		if (strcmp(next_name(&names, buf, sizeof(buf)), name) == 0)
			return FIRST_FD + i;
	}
	return count < 0 ? count : -ENOENT;
}
