// SPDX-License-Identifier: MIT
/* The operating system itself, behind the seam. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "sys/real.h"
#include "sys/message.h"

int vioci_real_keep(int fd)
{
	if (fd > 2)
		return fd;
	/* The caller runs without standard streams; don't become one of them. */
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int error = moved < 0 ? -errno : 0;
	close(fd);
	return error ? error : moved;
}

static int real_open(void *data, int dir, const char *path, int flags)
{
	(void)data;
	int fd = openat(dir, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : vioci_real_keep(fd);
}

static int real_close(void *data, int fd)
{
	(void)data;
	return close(fd) < 0 ? -errno : 0;
}

static int real_ioctl(void *data, int fd, unsigned long request, void *arg)
{
	(void)data;
	int result;
	do {
		result = ioctl(fd, request, arg);
	} while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : result;
}

static ssize_t real_pread(void *data, int fd, void *buf, size_t count, uint64_t offset)
{
	(void)data;
	ssize_t done = pread(fd, buf, count, (off_t)offset);
	return done < 0 ? -errno : done;
}

static ssize_t real_pwrite(void *data, int fd, const void *buf, size_t count, uint64_t offset)
{
	(void)data;
	ssize_t done = pwrite(fd, buf, count, (off_t)offset);
	return done < 0 ? -errno : done;
}

static int real_mmap(void *data, int fd, size_t length, int prot, uint64_t offset,
		     void **ret_address)
{
	(void)data;
	void *address = mmap(NULL, length, prot, MAP_SHARED, fd, (off_t)offset);
	if (address == MAP_FAILED)
		return -errno;
	*ret_address = address;
	return 0;
}

static int real_munmap(void *data, void *address, size_t length)
{
	(void)data;
	return munmap(address, length) < 0 ? -errno : 0;
}

static int real_make_eventfd(void *data)
{
	(void)data;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return fd < 0 ? -errno : vioci_real_keep(fd);
}

static int real_get_rights(void *data, int dir, const char *path,
			   struct vioci_file_rights *ret_rights)
{
	(void)data;
	struct stat st;
	if (fstatat(dir, path, &st, 0) < 0)
		return -errno;
	*ret_rights = (struct vioci_file_rights){
		.mode = st.st_mode & 07777,
		.uid = st.st_uid,
		.gid = st.st_gid,
	};
	return 0;
}

static enum vioci_fd_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return VIOCI_FD_REGULAR;
	case S_IFDIR:
		return VIOCI_FD_FOLDER;
	case S_IFCHR:
		return VIOCI_FD_CHARACTER;
	case S_IFBLK:
		return VIOCI_FD_BLOCK;
	case S_IFIFO:
		return VIOCI_FD_PIPE;
	case S_IFSOCK:
		return VIOCI_FD_SOCKET;
	default:
		return VIOCI_FD_ANONYMOUS;
	}
}

static int real_get_stat(void *data, int fd, struct vioci_fd_stat *ret_stat)
{
	(void)data;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_stat = (struct vioci_fd_stat){
		.type = type_of(st.st_mode),
		.major = major(st.st_rdev),
		.minor = minor(st.st_rdev),
	};
	return 0;
}

static int real_check_access(void *data, const char *path)
{
	(void)data;
	return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int real_readlink(void *data, int dir, const char *path, char *buf, size_t size)
{
	(void)data;
	ssize_t length = readlinkat(dir, path, buf, size);
	if (length < 0)
		return -errno;
	if ((size_t)length == size)
		return -ENAMETOOLONG;
	buf[length] = '\0';
	return 0;
}

/* Calls fn for what is in the buffer. */
static int tell_entries(const char *buffer, ssize_t length, vioci_list_fn fn, void *arg)
{
	int result = 0;
	for (const char *next = buffer; result == 0 && next < buffer + length;) {
		const struct dirent64 *entry = (const struct dirent64 *)(const void *)next;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = fn(arg, entry->d_name);
		next += entry->d_reclen;
	}
	return result;
}

/* Folders are listed by the thousand: readdir(3) would ask the kernel for more, and allocate. */
static int real_list(void *data, int dir, const char *path, vioci_list_fn fn, void *arg)
{
	_Alignas(struct dirent64) char buffer[8192];
	int fd = real_open(data, dir, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;

	int result = 0;
	ssize_t length = 0;
	while (result == 0 && (length = getdents64(fd, buffer, sizeof(buffer))) > 0)
		result = tell_entries(buffer, length, fn, arg);
	close(fd);
	return result;
}

static int real_get_memlock_limit(void *data, uint64_t *ret_bytes)
{
	(void)data;
	struct rlimit limit;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return -errno;
	*ret_bytes = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
	return 0;
}

static int real_wait(void *data, int fd, bool to_write, int timeout_ms)
{
	(void)data;
	struct pollfd event = { .fd = fd, .events = to_write ? POLLOUT : POLLIN };
	int result = poll(&event, 1, timeout_ms);
	return result < 0 ? -errno : result;
}

static const struct vioci_sys_ops real_ops = {
	.open = real_open,
	.close = real_close,
	.ioctl = real_ioctl,
	.pread = real_pread,
	.pwrite = real_pwrite,
	.mmap = real_mmap,
	.munmap = real_munmap,
	.make_eventfd = real_make_eventfd,
	.make_memory = vioci_real_make_memory,
	.dup = vioci_real_dup,
	.get_file = vioci_real_get_file,
	.get_stat = real_get_stat,
	.reserve = vioci_real_reserve,
	.mmap_fixed = vioci_real_mmap_fixed,
	.advise_huge = vioci_real_advise_huge,
	.bind_memory = vioci_real_bind_memory,
	.populate = vioci_real_populate,
	.get_rights = real_get_rights,
	.check_access = real_check_access,
	.readlink = real_readlink,
	.list = real_list,
	.get_memlock_limit = real_get_memlock_limit,
	.send = vioci_real_send,
	.receive = vioci_real_receive,
	.get_peer = vioci_real_get_peer,
	.wait = real_wait,
};

const struct vioci_sys vioci_sys_real = { .ops = &real_ops };

uint64_t vioci_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int vioci_last_error(void)
{
	return -errno;
}

uint64_t vioci_page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

const char *vioci_getenv(const char *name)
{
	return secure_getenv(name);
}

void vioci_unsetenv(const char *name)
{
	(void)unsetenv(name);
}

int vioci_set_cloexec(int fd)
{
	int flags = fcntl(fd, F_GETFD);
	return flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0 ? -errno : 0;
}

uint32_t vioci_process_id(void)
{
	return (uint32_t)getpid();
}

uint32_t vioci_thread_id(void)
{
	return (uint32_t)gettid();
}

void vioci_write_stderr(const char *line)
{
	fprintf(stderr, "libvioc: %s\n", line);
}
