// SPDX-License-Identifier: MIT
/* Memory: making it, placing it, and having its pages there. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sys/real.h"

/* Newer than the C libraries we build with. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

#define MFD_SIZE_SHIFT 26 /* where memfd_create() takes the page size's logarithm */

/* Since 6.3 a memfd should say that nobody executes it; older kernels don't know the flag. */
static int create_memfd(const char *name, unsigned int flags)
{
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : vioci_real_keep(fd);
}

int vioci_real_make_memory(void *data, const char *name, uint64_t page_size, uint64_t length)
{
	(void)data;
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	if (page_size)
		flags |= MFD_HUGETLB | (unsigned int)__builtin_ctzll(page_size) << MFD_SIZE_SHIFT;
	int fd = create_memfd(name, flags);
	if (page_size && (fd == -ENODEV || fd == -ENOENT || fd == -ENOSYS || fd == -EINVAL))
		return -EOPNOTSUPP;
	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)length) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
		int error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

int vioci_real_dup(void *data, int fd)
{
	(void)data;
	int made = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return made < 0 ? -errno : made;
}

int vioci_real_get_file(void *data, int fd, struct vioci_memory_file *ret_file)
{
	(void)data;
	struct stat st;
	struct statfs fs;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;

	bool is_huge = (unsigned long)fs.f_type == HUGETLBFS_MAGIC;
	bool is_tmpfs = (unsigned long)fs.f_type == TMPFS_MAGIC;
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0)
		seals = 0;
	*ret_file = (struct vioci_memory_file){
		.is_memory = S_ISREG(st.st_mode) && (is_huge || is_tmpfs),
		.is_writable = (flags & O_ACCMODE) == O_RDWR &&
			       !(seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)),
		.cant_shrink = seals & F_SEAL_SHRINK,
		.length = (uint64_t)st.st_size,
		.page_size = is_huge ? (uint64_t)fs.f_bsize : vioci_page_size(),
	};
	return 0;
}

int vioci_real_reserve(void *data, size_t length, void **ret_address)
{
	(void)data;
	void *address =
		mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (address == MAP_FAILED)
		return -errno;
	*ret_address = address;
	return 0;
}

int vioci_real_mmap_fixed(void *data, int fd, void *address, size_t length, int prot,
			  uint64_t offset)
{
	(void)data;
	void *got = mmap(address, length, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)offset);
	return got == MAP_FAILED ? -errno : 0;
}

int vioci_real_advise_huge(void *data, void *address, size_t length)
{
	(void)data;
	return madvise(address, length, MADV_HUGEPAGE) < 0 ? -errno : 0;
}

#define MAX_NODES     1024
#define BITS_PER_LONG (8 * sizeof(unsigned long))

/* libnuma would be a dependency for one system call. */
int vioci_real_bind_memory(void *data, void *address, size_t length, uint32_t node, bool strict)
{
	(void)data;
	unsigned long mask[MAX_NODES / BITS_PER_LONG] = { 0 };
	if (node >= MAX_NODES)
		return -EINVAL;
	mask[node / BITS_PER_LONG] = 1ul << node % BITS_PER_LONG;
	/* The kernel takes one bit less than it is told. */
	long result = syscall(SYS_mbind, address, length, strict ? MPOL_BIND : MPOL_PREFERRED, mask,
			      (unsigned long)MAX_NODES + 1, 0);
	return result < 0 ? -errno : 0;
}

int vioci_real_populate(void *data, void *address, size_t length, bool write)
{
	(void)data;
	int advice = write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	if (madvise(address, length, advice) == 0)
		return 0;
	int error = -errno;
	/* Of an empty range only the advice itself can be wrong. */
	if (error == -EINVAL)
		return madvise(address, 0, advice) < 0 ? -ENOSYS : -EFAULT;
	/* Memory that ran out and memory that isn't mapped: msync() sees only the latter. */
	if (error == -ENOMEM && msync(address, length, MS_ASYNC) < 0)
		return -EFAULT;
	return error;
}
