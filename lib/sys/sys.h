/* SPDX-License-Identifier: MIT */
/*
 * The seam to the operating system. Nothing outside this folder makes a system call or reads errno;
 * every function returns -errno. A context carries a struct vioci_sys, so tests can put a fake
 * kernel or a fault injector in its place.
 */
#ifndef VIOCI_SYS_H
#define VIOCI_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VIOCI_PATH_MAX 512

/* Who may use a file, as stat(2) says. */
struct vioci_file_rights {
	uint32_t mode; /* permission bits */
	uint32_t uid;
	uint32_t gid;
};

/* What an fd is, for those who want to map it as memory. */
struct vioci_memory_file {
	bool is_memory;	  /* a memfd, or a file of tmpfs or hugetlbfs */
	bool is_writable; /* for shared mappings: neither the fd nor a seal forbids it */
	bool cant_shrink; /* sealed against it */
	uint64_t length;
	uint64_t page_size; /* of what it consists of */
};

/* What an fd is, as fstat(2) says. */
enum vioci_fd_type {
	VIOCI_FD_ANONYMOUS, /* made by a system call that is not open(2), such as a device of a group */
	VIOCI_FD_REGULAR,
	VIOCI_FD_FOLDER,
	VIOCI_FD_CHARACTER,
	VIOCI_FD_BLOCK,
	VIOCI_FD_PIPE,
	VIOCI_FD_SOCKET,
};

struct vioci_fd_stat {
	enum vioci_fd_type type;
	uint32_t major; /* of a character or block device */
	uint32_t minor;
};

/* Called for each name in a directory but "." and "..". Non-zero stops and becomes the result. */
typedef int (*vioci_list_fn)(void *arg, const char *name);

struct vioci_message;
struct vioci_peer;

/* dir is the folder below which a path without a leading slash lies. */
struct vioci_sys_ops {
	int (*open)(void *data, int dir, const char *path, int flags);
	int (*close)(void *data, int fd);
	int (*ioctl)(void *data, int fd, unsigned long request, void *arg);
	ssize_t (*pread)(void *data, int fd, void *buf, size_t count, uint64_t offset);
	ssize_t (*pwrite)(void *data, int fd, const void *buf, size_t count, uint64_t offset);
	int (*mmap)(void *data, int fd, size_t length, int prot, uint64_t offset,
		    void **ret_address);
	int (*munmap)(void *data, void *address, size_t length);
	int (*make_eventfd)(void *data);
	int (*make_memory)(void *data, const char *name, uint64_t page_size, uint64_t length);
	int (*dup)(void *data, int fd);
	int (*get_file)(void *data, int fd, struct vioci_memory_file *ret_file);
	int (*get_stat)(void *data, int fd, struct vioci_fd_stat *ret_stat);
	int (*reserve)(void *data, size_t length, void **ret_address);
	int (*mmap_fixed)(void *data, int fd, void *address, size_t length, int prot,
			  uint64_t offset);
	int (*advise_huge)(void *data, void *address, size_t length);
	int (*bind_memory)(void *data, void *address, size_t length, uint32_t node, bool strict);
	int (*populate)(void *data, void *address, size_t length, bool write);
	int (*get_rights)(void *data, int dir, const char *path,
			  struct vioci_file_rights *ret_rights);
	int (*check_access)(void *data, const char *path);
	int (*readlink)(void *data, int dir, const char *path, char *buf, size_t size);
	int (*list)(void *data, int dir, const char *path, vioci_list_fn fn, void *arg);
	int (*get_memlock_limit)(void *data, uint64_t *ret_bytes);
	/* message.h */
	ssize_t (*send)(void *data, int socket, const struct vioci_message *message);
	ssize_t (*receive)(void *data, int socket, struct vioci_message *message);
	int (*get_peer)(void *data, int socket, struct vioci_peer *ret_peer);
	int (*wait)(void *data, int fd, bool to_write, int timeout_ms);
};

struct vioci_sys {
	const struct vioci_sys_ops *ops;
	void *data;
	const char *root; /* what all paths lie below; NULL: the root */
	int dir;	  /* see vioci_sys_at() */
};

/* The operating system itself. */
extern const struct vioci_sys vioci_sys_real;

/*
 * The same system, in which a path without a leading slash lies below the folder that is open: much
 * shorter for the kernel than to walk there for each of its files.
 */
static inline struct vioci_sys vioci_sys_at(const struct vioci_sys *sys, int dir)
{
	return (struct vioci_sys){ sys->ops, sys->data, sys->root, dir };
}

/* Opens a folder for that. */
int vioci_sys_open_dir(const struct vioci_sys *sys, const char *path);

/* Opens with O_CLOEXEC; the fd is never 0, 1 or 2. */
int vioci_sys_open(const struct vioci_sys *sys, const char *path, int flags);

/* Closes *fd if it is one, and makes it -1. Nothing can be done about an error, so none is told. */
static inline void vioci_sys_close(const struct vioci_sys *sys, int *fd)
{
	if (*fd >= 0)
		(void)sys->ops->close(sys->data, *fd);
	*fd = -1;
}

static inline int vioci_sys_ioctl(const struct vioci_sys *sys, int fd, unsigned long request,
				  void *arg)
{
	return sys->ops->ioctl(sys->data, fd, request, arg);
}

/* For an fd (or error) that an ioctl gave: to others it may be a standard stream, so it is moved from there. */
static inline int vioci_sys_keep(const struct vioci_sys *sys, int fd)
{
	if (fd < 0 || fd > 2)
		return fd;
	int moved = sys->ops->dup(sys->data, fd);
	vioci_sys_close(sys, &fd);
	return moved;
}

static inline ssize_t vioci_sys_pread(const struct vioci_sys *sys, int fd, void *buf, size_t count,
				      uint64_t offset)
{
	return sys->ops->pread(sys->data, fd, buf, count, offset);
}

static inline ssize_t vioci_sys_pwrite(const struct vioci_sys *sys, int fd, const void *buf,
				       size_t count, uint64_t offset)
{
	return sys->ops->pwrite(sys->data, fd, buf, count, offset);
}

/* Shared mapping. */
static inline int vioci_sys_mmap(const struct vioci_sys *sys, int fd, size_t length, int prot,
				 uint64_t offset, void **ret_address)
{
	return sys->ops->mmap(sys->data, fd, length, prot, offset, ret_address);
}

static inline int vioci_sys_munmap(const struct vioci_sys *sys, void *address, size_t length)
{
	return sys->ops->munmap(sys->data, address, length);
}

/* A new eventfd, close-on-exec and nonblocking, never 0, 1 or 2. */
static inline int vioci_sys_make_eventfd(const struct vioci_sys *sys)
{
	return sys->ops->make_eventfd(sys->data);
}

/* Memory (memory.c). */

/*
 * A new memfd of that length, sealed against changing it, close-on-exec, never 0, 1 or 2. page_size 0
 * asks for ordinary pages, others for hugetlb ones of that size.
 * -EOPNOTSUPP: no such huge pages on this machine.
 */
static inline int vioci_sys_make_memory(const struct vioci_sys *sys, const char *name,
					uint64_t page_size, uint64_t length)
{
	return sys->ops->make_memory(sys->data, name, page_size, length);
}

/* A close-on-exec duplicate, never 0, 1 or 2. */
static inline int vioci_sys_dup(const struct vioci_sys *sys, int fd)
{
	return sys->ops->dup(sys->data, fd);
}

static inline int vioci_sys_get_file(const struct vioci_sys *sys, int fd,
				     struct vioci_memory_file *ret_file)
{
	return sys->ops->get_file(sys->data, fd, ret_file);
}

/* -EBADF: it is not open. */
static inline int vioci_sys_get_stat(const struct vioci_sys *sys, int fd,
				     struct vioci_fd_stat *ret_stat)
{
	return sys->ops->get_stat(sys->data, fd, ret_stat);
}

/* Addresses that nothing else will get; no access. Given up by munmap. */
static inline int vioci_sys_reserve(const struct vioci_sys *sys, size_t length, void **ret_address)
{
	return sys->ops->reserve(sys->data, length, ret_address);
}

/* Shared mapping over reserved addresses. */
static inline int vioci_sys_mmap_fixed(const struct vioci_sys *sys, int fd, void *address,
				       size_t length, int prot, uint64_t offset)
{
	return sys->ops->mmap_fixed(sys->data, fd, address, length, prot, offset);
}

/* Asks for transparent huge pages. */
static inline int vioci_sys_advise_huge(const struct vioci_sys *sys, void *address, size_t length)
{
	return sys->ops->advise_huge(sys->data, address, length);
}

/*
 * Pages not there yet shall come from the NUMA node: strictly, or if it has room. -EINVAL: no such
 * node for this process. -ENOSYS: the kernel knows no nodes.
 */
static inline int vioci_sys_bind_memory(const struct vioci_sys *sys, void *address, size_t length,
					uint32_t node, bool strict)
{
	return sys->ops->bind_memory(sys->data, address, length, node, strict);
}

/*
 * Makes pages be there, as access to them would. -EFAULT: not mapped, not with that access, or a
 * page can't be had (an access would raise SIGBUS). -ENOMEM. -ENOSYS: the kernel lacks this call.
 */
static inline int vioci_sys_populate(const struct vioci_sys *sys, void *address, size_t length,
				     bool write)
{
	return sys->ops->populate(sys->data, address, length, write);
}

int vioci_sys_get_rights(const struct vioci_sys *sys, const char *path,
			 struct vioci_file_rights *ret_rights);

/* Whether this process may read and write the file, without opening it. 0, -EACCES, -ENOENT. */
int vioci_sys_check_access(const struct vioci_sys *sys, const char *path);

/* The link's target, NUL-terminated; -ENAMETOOLONG if it doesn't fit. */
int vioci_sys_readlink(const struct vioci_sys *sys, const char *path, char *buf, size_t size);

int vioci_sys_list(const struct vioci_sys *sys, const char *path, vioci_list_fn fn, void *arg);

/* RLIMIT_MEMLOCK; UINT64_MAX if unlimited. */
static inline int vioci_sys_get_memlock_limit(const struct vioci_sys *sys, uint64_t *ret_bytes)
{
	return sys->ops->get_memlock_limit(sys->data, ret_bytes);
}

/*
 * Waits until there is something to read from the fd, or room to write. 1: there is. 0: not within so
 * many milliseconds (-1: for ever). -EINTR: a signal came.
 */
static inline int vioci_sys_wait(const struct vioci_sys *sys, int fd, bool to_write, int timeout_ms)
{
	return sys->ops->wait(sys->data, fd, to_write, timeout_ms);
}

/* Why a function of another library failed that says so by errno, as -errno. */
int vioci_last_error(void);

/* The page size of this machine, in bytes. */
uint64_t vioci_page_size(void);

/* The value of an environment variable, or NULL; NULL in a set-uid program. */
const char *vioci_getenv(const char *name);

/* Not while another thread reads the environment. */
void vioci_unsetenv(const char *name);

/* Makes an fd of this process close-on-exec. -EBADF. */
int vioci_set_cloexec(int fd);

/* The process' id. */
uint32_t vioci_process_id(void);

/* A clock that never goes back, in milliseconds. */
uint64_t vioci_now_ms(void);

/* The calling thread, by a number that is not soon given to another. */
uint32_t vioci_thread_id(void);

/* Writes one line to standard error; only for VIOC_LOG. */
void vioci_write_stderr(const char *line);

/* Small files of sysfs and procfs (file.c). */

/* The file's text without trailing white space; -E2BIG if it doesn't fit. */
int vioci_sys_read_text(const struct vioci_sys *sys, const char *path, char *buf, size_t size);
/* The bytes that a file begins with: how many there were, or -errno. */
ssize_t vioci_sys_read_bytes(const struct vioci_sys *sys, const char *path, void *buf, size_t size);
/* The whole text of a file of any size, the caller's to free. */
int vioci_sys_read_whole(const struct vioci_sys *sys, const char *path, char **ret_text);
/* Writes the text by one call, as attributes of sysfs want it. */
int vioci_sys_write_text(const struct vioci_sys *sys, const char *path, const char *text);
/* The last component of the link's target. */
int vioci_sys_link_name(const struct vioci_sys *sys, const char *path, char *buf, size_t size);
/* 1 if the path exists, 0 if not. */
int vioci_sys_exists(const struct vioci_sys *sys, const char *path);

#endif
