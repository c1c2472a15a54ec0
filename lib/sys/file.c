// SPDX-License-Identifier: MIT
/* Reading the small files and links of sysfs and procfs. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "sys/sys.h"

/* Reads to the end of the file; -E2BIG if that is not within size - 1 bytes. */
static int read_all(const struct vioci_sys *sys, int fd, char *buf, size_t size)
{
	size_t used = 0;
	for (;;) {
		if (used == size)
			return -E2BIG;
		ssize_t count = vioci_sys_pread(sys, fd, buf + used, size - used, used);
		if (count < 0)
			return (int)count;
		if (count == 0)
			break;
		used += (size_t)count;
	}
	while (used > 0 && isspace((unsigned char)buf[used - 1]))
		used--;
	buf[used] = '\0';
	return 0;
}

int vioci_sys_read_text(const struct vioci_sys *sys, const char *path, char *buf, size_t size)
{
	int fd = vioci_sys_open(sys, path, O_RDONLY);
	if (fd < 0)
		return fd;
	int error = read_all(sys, fd, buf, size);
	vioci_sys_close(sys, &fd);
	return error;
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
