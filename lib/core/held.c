// SPDX-License-Identifier: MIT
/* The walk through /proc: fds, and mappings that outlived theirs. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/holders.h"

struct walk {
	const struct vioci_sys *sys;
	struct vioci_sys process; /* its folder */
	const char *pid;
	vioci_held_fn fn;
	void *arg;
};

/* A container itself says nothing of a device. */
static bool is_of_vfio(const char *path)
{
	return (strncmp(path, "/dev/vfio/", 10) == 0 && strcmp(path, "/dev/vfio/vfio") != 0) ||
	       strcmp(path, VIOCI_ANONYMOUS_DEVICE) == 0;
}

static int tell(const struct walk *walk, const char *node, bool is_mapped)
{
	if (!is_of_vfio(node))
		return 0;
	struct vioci_held held = { .pid = walk->pid, .node = node, .is_mapped = is_mapped };
	return walk->fn(walk->arg, &held);
}

static int check_fd(void *arg, const char *name)
{
	const struct walk *walk = arg;
	char path[VIOCI_PATH_MAX], target[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "fd/%.32s", name);
	if (vioci_sys_readlink(&walk->process, path, target, sizeof(target)) < 0)
		return 0;
	return tell(walk, target, false);
}

/* One line is "START-END PERMISSIONS OFFSET DEVICE INODE PATH". */
static int check_mapping(const struct walk *walk, const char *line)
{
	int path = -1;
	sscanf(line, "%*s %*s %*s %*s %*s %n", &path);
	return path < 0 ? 0 : tell(walk, line + path, true);
}

/* Calls check_mapping() for each whole line; *used is what remains of the last one. */
static int check_lines(const struct walk *walk, char *text, size_t *used)
{
	char *line = text, *end;
	int result = 0;
	while (result == 0 && (end = memchr(line, '\n', *used))) {
		*end = '\0';
		*used -= (size_t)(end + 1 - line);
		result = check_mapping(walk, line);
		line = end + 1;
	}
	memmove(text, line, *used);
	return result;
}

static int check_mappings(const struct walk *walk)
{
	char text[8192];
	size_t used = 0;
	uint64_t offset = 0;
	ssize_t count;
	int result = 0;
	int fd = vioci_sys_open(&walk->process, "maps", O_RDONLY);
	if (fd < 0)
		return 0;
	while (result == 0 && used < sizeof(text) &&
	       (count = vioci_sys_pread(walk->sys, fd, text + used, sizeof(text) - used, offset)) >
		       0) {
		used += (size_t)count;
		offset += (uint64_t)count;
		result = check_lines(walk, text, &used);
	}
	vioci_sys_close(walk->sys, &fd);
	return result;
}

static int check_process(void *arg, const char *name)
{
	struct walk *walk = arg;
	char path[VIOCI_PATH_MAX];
	if (!isdigit((unsigned char)name[0]))
		return 0;
	snprintf(path, sizeof(path), "/proc/%.32s", name);
	int dir = vioci_sys_open_dir(walk->sys, path);
	if (dir < 0)
		return 0;
	walk->pid = name;
	walk->process = vioci_sys_at(walk->sys, dir);
	int result = vioci_sys_list(&walk->process, "fd", check_fd, walk);
	if (result == 0)
		result = check_mappings(walk);
	vioci_sys_close(walk->sys, &dir);
	/* Another user's process, or one that ended: not to be seen. */
	return result < 0 && result != -ENOMEM ? 0 : result;
}

int vioci_list_held(const struct vioci_sys *sys, vioci_held_fn fn, void *arg)
{
	struct walk walk = { .sys = sys, .fn = fn, .arg = arg };
	return vioci_sys_list(sys, "/proc", check_process, &walk);
}

void vioci_read_command(const struct vioci_sys *sys, const char *pid, char *ret_command,
			size_t size)
{
	char path[VIOCI_PATH_MAX];
	snprintf(path, sizeof(path), "/proc/%.32s/comm", pid);
	if (vioci_sys_read_text(sys, path, ret_command, size) < 0)
		snprintf(ret_command, size, "?");
}
