// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inject.h"
#include "sys/message.h"

static struct {
	enum inject_kind kind;
	unsigned int countdown; /* 0: not armed */
	bool fired;
	bool paused; /* inside the fake kernel */
} armed;

void inject_arm(enum inject_kind kind, unsigned int nth)
{
	armed.kind = kind;
	armed.countdown = nth;
	armed.fired = false;
}

bool inject_fired(void)
{
	return armed.fired;
}

static bool fails(enum inject_kind kind)
{
	if (armed.paused || armed.kind != kind || !armed.countdown || --armed.countdown)
		return false;
	armed.fired = true;
	return true;
}

/* Evaluates the call on the inner system, with allocations not counted. */
#define INNER_AT(dir, result, call)                                               \
	do {                                                                      \
		const struct inject *inject = data;                               \
		const struct vioci_sys inner = vioci_sys_at(&inject->inner, dir); \
		const struct vioci_sys *sys = &inner;                             \
		armed.paused = true;                                              \
		result = call;                                                    \
		armed.paused = false;                                             \
	} while (0)

#define INNER(result, call) INNER_AT(0, result, call)

static int inject_open(void *data, int dir, const char *path, int flags)
{
	int result = -EMFILE;
	if (!fails(INJECT_CALLS))
		INNER_AT(dir, result, vioci_sys_open(sys, path, flags));
	return result;
}

/* Closing and unmapping don't fail in a way that anybody could handle. */
static int inject_close(void *data, int fd)
{
	int result;
	INNER(result, sys->ops->close(sys->data, fd));
	return result;
}

static int inject_ioctl(void *data, int fd, unsigned long request, void *arg)
{
	int result = -ENOMEM;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_ioctl(sys, fd, request, arg));
	return result;
}

static ssize_t inject_pread(void *data, int fd, void *buf, size_t count, uint64_t offset)
{
	ssize_t result = -EIO;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_pread(sys, fd, buf, count, offset));
	return result;
}

static ssize_t inject_pwrite(void *data, int fd, const void *buf, size_t count, uint64_t offset)
{
	ssize_t result = -EIO;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_pwrite(sys, fd, buf, count, offset));
	return result;
}

static int inject_mmap(void *data, int fd, size_t length, int prot, uint64_t offset,
		       void **ret_address)
{
	int result = -ENOMEM;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_mmap(sys, fd, length, prot, offset, ret_address));
	return result;
}

static int inject_munmap(void *data, void *address, size_t length)
{
	int result;
	INNER(result, vioci_sys_munmap(sys, address, length));
	return result;
}

static int inject_make_eventfd(void *data)
{
	int result = -ENFILE;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_make_eventfd(sys));
	return result;
}

static int inject_make_memory(void *data, const char *name, uint64_t page_size, uint64_t length)
{
	int result = -ENFILE;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_make_memory(sys, name, page_size, length));
	return result;
}

static int inject_dup(void *data, int fd)
{
	int result = -EMFILE;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_dup(sys, fd));
	return result;
}

static int inject_get_file(void *data, int fd, struct vioci_memory_file *ret_file)
{
	int result = -EIO;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_get_file(sys, fd, ret_file));
	return result;
}

static int inject_get_stat(void *data, int fd, struct vioci_fd_stat *ret_stat)
{
	int result = -EIO;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_get_stat(sys, fd, ret_stat));
	return result;
}

static int inject_reserve(void *data, size_t length, void **ret_address)
{
	int result = -ENOMEM;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_reserve(sys, length, ret_address));
	return result;
}

static int inject_mmap_fixed(void *data, int fd, void *address, size_t length, int prot,
			     uint64_t offset)
{
	int result = -ENOMEM;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_mmap_fixed(sys, fd, address, length, prot, offset));
	return result;
}

static int inject_advise_huge(void *data, void *address, size_t length)
{
	int result = -EINVAL;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_advise_huge(sys, address, length));
	return result;
}

static int inject_bind_memory(void *data, void *address, size_t length, uint32_t node, bool strict)
{
	int result = -ENOMEM;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_bind_memory(sys, address, length, node, strict));
	return result;
}

static int inject_populate(void *data, void *address, size_t length, bool write)
{
	int result = -EFAULT;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_populate(sys, address, length, write));
	return result;
}

static int inject_get_rights(void *data, int dir, const char *path,
			     struct vioci_file_rights *ret_rights)
{
	int result = -EACCES;
	if (!fails(INJECT_CALLS))
		INNER_AT(dir, result, vioci_sys_get_rights(sys, path, ret_rights));
	return result;
}

static int inject_check_access(void *data, const char *path)
{
	int result = -EACCES;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_check_access(sys, path));
	return result;
}

static int inject_readlink(void *data, int dir, const char *path, char *buf, size_t size)
{
	int result = -EACCES;
	if (!fails(INJECT_CALLS))
		INNER_AT(dir, result, vioci_sys_readlink(sys, path, buf, size));
	return result;
}

/* The callback is the library's, so what it does counts again; it makes no allocations itself. */
static int inject_list(void *data, int dir, const char *path, vioci_list_fn fn, void *arg)
{
	const struct inject *inject = data;
	if (fails(INJECT_CALLS))
		return -EACCES;
	struct vioci_sys at = vioci_sys_at(&inject->inner, dir);
	return vioci_sys_list(&at, path, fn, arg);
}

static int inject_get_memlock_limit(void *data, uint64_t *ret_bytes)
{
	int result = -EINVAL;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_get_memlock_limit(sys, ret_bytes));
	return result;
}

static int inject_wait(void *data, int fd, bool to_write, int timeout_ms)
{
	int result = -EINTR;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_wait(sys, fd, to_write, timeout_ms));
	return result;
}

static ssize_t inject_send(void *data, int socket, const struct vioci_message *message)
{
	ssize_t result = -EPIPE;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_send(sys, socket, message));
	return result;
}

static ssize_t inject_receive(void *data, int socket, struct vioci_message *message)
{
	ssize_t result = -ECONNRESET;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_receive(sys, socket, message));
	return result;
}

static int inject_get_peer(void *data, int socket, struct vioci_peer *ret_peer)
{
	int result = -ENOTCONN;
	if (!fails(INJECT_CALLS))
		INNER(result, vioci_sys_get_peer(sys, socket, ret_peer));
	return result;
}

static const struct vioci_sys_ops inject_ops = {
	.open = inject_open,
	.close = inject_close,
	.ioctl = inject_ioctl,
	.pread = inject_pread,
	.pwrite = inject_pwrite,
	.mmap = inject_mmap,
	.munmap = inject_munmap,
	.make_eventfd = inject_make_eventfd,
	.make_memory = inject_make_memory,
	.dup = inject_dup,
	.get_file = inject_get_file,
	.get_stat = inject_get_stat,
	.reserve = inject_reserve,
	.mmap_fixed = inject_mmap_fixed,
	.advise_huge = inject_advise_huge,
	.bind_memory = inject_bind_memory,
	.populate = inject_populate,
	.get_rights = inject_get_rights,
	.check_access = inject_check_access,
	.readlink = inject_readlink,
	.list = inject_list,
	.get_memlock_limit = inject_get_memlock_limit,
	.send = inject_send,
	.receive = inject_receive,
	.get_peer = inject_get_peer,
	.wait = inject_wait,
};

void inject_init(struct inject *inject, const struct vioci_sys *inner)
{
	inject->sys = (struct vioci_sys){ .ops = &inject_ops, .data = inject };
	inject->inner = *inner;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return fails(INJECT_ALLOCATIONS) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails(INJECT_ALLOCATIONS) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails(INJECT_ALLOCATIONS) ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
	return fails(INJECT_ALLOCATIONS) ? NULL : __real_strdup(text);
}
