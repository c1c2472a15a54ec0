// SPDX-License-Identifier: MIT
/*
 * Memory is real memory of this process, so that DMA can be checked. Huge pages are only accounted:
 * their files are ordinary ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

static uint64_t *pool(struct fake *fake, uint64_t page_size)
{
	return &fake->n_huge[page_size > FAKE_2M];
}

static void set_pool(struct fake *fake, uint64_t page_size, uint64_t count)
{
	*pool(fake, page_size) = count;
	fake_file_huge(fake, page_size, count);
}

void fake_huge_put(struct fake *fake, struct fake_huge *huge)
{
	if (--huge->refs)
		return;
	if (huge->n_taken)
		set_pool(fake, huge->page_size, *pool(fake, huge->page_size) + huge->n_taken);
	free(huge);
}

int fake_make_memory(void *data, const char *name, uint64_t page_size, uint64_t length)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	bool supported = !page_size || *pool(fake, page_size) != UINT64_MAX;
	int fd = supported ? vioci_sys_make_memory(&vioci_sys_real, name, 0, length) : -EOPNOTSUPP;
	struct fake_fd *made = fd >= 0 ? fake_fd_set(fake, fd, FD_FILE) : NULL;
	if (made && page_size) {
		made->huge = calloc(1, sizeof(*made->huge));
		if (!made->huge)
			abort();
		*made->huge = (struct fake_huge){ .refs = 1, .page_size = page_size };
	}
	pthread_mutex_unlock(&fake->lock);
	return fd;
}

int fake_make_eventfd(void *data)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	int fd = vioci_sys_make_eventfd(&vioci_sys_real);
	if (fd >= 0)
		fake_fd_set(fake, fd, FD_FILE);
	pthread_mutex_unlock(&fake->lock);
	return fd;
}

int fake_dup(void *data, int number)
{
	struct fake *fake = data;
	pthread_mutex_lock(&fake->lock);
	int fd = vioci_sys_dup(&vioci_sys_real, number);
	struct fake_fd *known = fake_fd(fake, number);
	if (fd >= 0 && !known)
		fake_fd_set(fake, fd, FD_FILE);
	if (fd >= 0 && known)
		fake_fd_share(fake, fd, known);
	pthread_mutex_unlock(&fake->lock);
	return fd;
}

int fake_get_file(void *data, int number, struct vioci_memory_file *ret_file)
{
	struct fake *fake = data;
	int error = vioci_sys_get_file(&vioci_sys_real, number, ret_file);
	pthread_mutex_lock(&fake->lock);
	struct fake_fd *fd = fake_fd(fake, number);
	if (error == 0 && fd && fd->huge)
		ret_file->page_size = fd->huge->page_size;
	pthread_mutex_unlock(&fake->lock);
	return error;
}

int fake_reserve(void *data, size_t length, void **ret_address)
{
	struct fake *fake = data;
	int error = vioci_sys_reserve(&vioci_sys_real, length, ret_address);
	pthread_mutex_lock(&fake->lock);
	if (error == 0)
		fake->memory_bytes += length;
	pthread_mutex_unlock(&fake->lock);
	return error;
}

void fake_memory_unmapped(struct fake *fake, size_t length)
{
	if (length > fake->memory_bytes)
		abort();
	fake->memory_bytes -= length;
}

/* Huge pages are taken for the whole file up to the end of what is mapped. */
static int take_pages(struct fake *fake, struct fake_huge *huge, const void *address,
		      uint64_t length, uint64_t offset)
{
	uint64_t mask = huge->page_size - 1, needed = (offset + length) / huge->page_size;
	if (((uintptr_t)address | length | offset) & mask)
		return -EINVAL;
	if (needed <= huge->n_taken)
		return 0;
	uint64_t more = needed - huge->n_taken, left = *pool(fake, huge->page_size);
	if (more > left)
		return -ENOMEM;
	set_pool(fake, huge->page_size, left - more);
	huge->n_taken = needed;
	return 0;
}

/* A region over reserved addresses, which then are that device's. */
static int map_region(struct fake *fake, struct fake_device *device, void *address, size_t length,
		      int prot, uint64_t offset)
{
	int error = fake_device_mmap(device, length, prot, offset, &address);
	if (error < 0)
		return error;
	fake_memory_unmapped(fake, length);
	if (!fake_note_mmap(fake, NULL, (struct fake_mmap){ address, device, length }))
		abort();
	return 0;
}

int fake_mmap_fixed(void *data, int number, void *address, size_t length, int prot, uint64_t offset)
{
	struct fake *fake = data;
	int error = 0;
	pthread_mutex_lock(&fake->lock);
	struct fake_fd *fd = fake_fd(fake, number);
	if (!fd)
		abort();
	if (fd->huge)
		error = take_pages(fake, fd->huge, address, length, offset);
	if (fd->kind == FD_DEVICE)
		error = map_region(fake, fd->device, address, length, prot, offset);
	else if (error == 0)
		error = vioci_sys_mmap_fixed(&vioci_sys_real, number, address, length, prot,
					     offset);
	pthread_mutex_unlock(&fake->lock);
	return error;
}

int fake_advise_huge(void *data, void *address, size_t length)
{
	(void)data;
	return fake_memory_is_there((uintptr_t)address, (uintptr_t)address + length - 1, false)
		       ? 0
		       : -ENOMEM;
}

/* One node, as most machines have. */
int fake_bind_memory(void *data, void *address, size_t length, uint32_t node, bool strict)
{
	(void)strict;
	return node ? -EINVAL : fake_advise_huge(data, address, length);
}

/* Untouched pages are no different to the fake kernel, so none are made. */
int fake_populate(void *data, void *address, size_t length, bool write)
{
	struct fake *fake = data;
	uint64_t va = (uintptr_t)address;
	if (fake->config.no_populate)
		return -ENOSYS;
	return fake_memory_is_there(va, va + (length - 1), write) ? 0 : -EFAULT;
}
