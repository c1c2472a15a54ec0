// SPDX-License-Identifier: MIT
/* Files by path, below a root; reading the small ones and the links of sysfs and procfs. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"

/* The path below the root, in full if there is one. */
static int locate(const struct vioci_sys *sys, const char **path, char full[VIOCI_PATH_MAX])
{
	if (!sys->root || **path != '/')
		return 0;
	if (snprintf(full, VIOCI_PATH_MAX, "%s%s", sys->root, *path) >= VIOCI_PATH_MAX)
		return -ENAMETOOLONG;
	*path = full;
	return 0;
}

int vioci_sys_open(const struct vioci_sys *sys, const char *path, int flags)
{
	char full[VIOCI_PATH_MAX];
	int error = locate(sys, &path, full);
	return error < 0 ? error : sys->ops->open(sys->data, sys->dir, path, flags);
}

int vioci_sys_get_rights(const struct vioci_sys *sys, const char *path,
			 struct vioci_file_rights *ret_rights)
{
	char full[VIOCI_PATH_MAX];
	int error = locate(sys, &path, full);
	return error < 0 ? error : sys->ops->get_rights(sys->data, sys->dir, path, ret_rights);
}

int vioci_sys_check_access(const struct vioci_sys *sys, const char *path)
{
	char full[VIOCI_PATH_MAX];
	int error = locate(sys, &path, full);
	return error < 0 ? error : sys->ops->check_access(sys->data, path);
}

int vioci_sys_readlink(const struct vioci_sys *sys, const char *path, char *buf, size_t size)
{
	char full[VIOCI_PATH_MAX];
	int error = locate(sys, &path, full);
	return error < 0 ? error : sys->ops->readlink(sys->data, sys->dir, path, buf, size);
}

int vioci_sys_list(const struct vioci_sys *sys, const char *path, vioci_list_fn fn, void *arg)
{
	char full[VIOCI_PATH_MAX];
	int error = locate(sys, &path, full);
	return error < 0 ? error : sys->ops->list(sys->data, sys->dir, path, fn, arg);
}

int vioci_sys_open_dir(const struct vioci_sys *sys, const char *path)
{
	return vioci_sys_open(sys, path, O_RDONLY | O_DIRECTORY);
}

ssize_t vioci_sys_read_bytes(const struct vioci_sys *sys, const char *path, void *buf, size_t size)
{
	/* A tree somebody made up may have a pipe where a file should be. */
	int fd = vioci_sys_open(sys, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	ssize_t used = vioci_sys_pread(sys, fd, buf, size, 0);
	vioci_sys_close(sys, &fd);
	return used;
}

/* Such files are made as a whole when they are read: there is no second part. */
int vioci_sys_read_text(const struct vioci_sys *sys, const char *path, char *buf, size_t size)
{
	ssize_t used = vioci_sys_read_bytes(sys, path, buf, size);
	if (used < 0)
		return (int)used;
	if ((size_t)used == size)
		return -E2BIG;
	while (used > 0 && isspace((unsigned char)buf[used - 1]))
		used--;
	buf[used] = '\0';
	return 0;
}

int vioci_sys_read_whole(const struct vioci_sys *sys, const char *path, char **ret_text)
{
	int error = -E2BIG;
	for (size_t size = 16384; error == -E2BIG; size *= 4) {
		char *text = malloc(size);
		if (!text)
			return -ENOMEM;
		error = vioci_sys_read_text(sys, path, text, size);
		if (error == 0)
			*ret_text = text;
		else
			free(text);
	}
	return error;
}

int vioci_sys_write_text(const struct vioci_sys *sys, const char *path, const char *text)
{
	int fd = vioci_sys_open(sys, path, O_WRONLY);
	if (fd < 0)
		return fd;
	size_t length = strlen(text);
	ssize_t written = vioci_sys_pwrite(sys, fd, text, length, 0);
	vioci_sys_close(sys, &fd);
	return written < 0 ? (int)written : written < (ssize_t)length ? -EIO : 0;
}

int vioci_sys_link_name(const struct vioci_sys *sys, const char *path, char *buf, size_t size)
{
	char target[VIOCI_PATH_MAX];
	int error = vioci_sys_readlink(sys, path, target, sizeof(target));
	if (error < 0)
		return error;
	const char *slash = strrchr(target, '/');
	const char *name = slash ? slash + 1 : target;
	size_t length = strlen(name);
	if (length >= size)
		return -ENAMETOOLONG;
	memcpy(buf, name, length + 1);
	return 0;
}

int vioci_sys_exists(const struct vioci_sys *sys, const char *path)
{
	struct vioci_file_rights rights;
	return vioci_sys_get_rights(sys, path, &rights) == 0;
}
