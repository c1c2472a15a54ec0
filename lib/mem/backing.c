// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "mem/backing.h"
#include "sys/prefault.h"

static bool is_huge(const struct vioci_backing *backing)
{
	return backing->page_size > vioci_page_size();
}

void vioci_backing_free(struct vioc_ctx *ctx, struct vioci_backing *backing)
{
	if (backing->va)
		vioci_sys_munmap(&ctx->sys, backing->va, (size_t)backing->length);
	backing->va = NULL;
	vioci_memfile_put(ctx, backing->file);
	backing->file = NULL;
}

/*
 * The alignment that lets the IOMMU use huge pages: of what the memory consists of, and of 2 MiB
 * where ordinary pages may be collected to huge ones.
 */
static uint64_t alignment(const struct vioci_backing *backing)
{
	if (backing->page_size >= VIOCI_SIZE_2M || backing->length < VIOCI_SIZE_2M)
		return backing->page_size;
	return VIOCI_SIZE_2M;
}

/* Cuts off what was reserved around the memory to have its address aligned. */
static void trim(struct vioc_ctx *ctx, char *reserved, size_t reserved_length, char *va,
		 size_t length)
{
	size_t head = (size_t)(va - reserved), tail = reserved_length - head - length;
	if (head)
		vioci_sys_munmap(&ctx->sys, reserved, head);
	if (tail)
		vioci_sys_munmap(&ctx->sys, va + length, tail);
}

/* Maps the file at an address that is congruent to the offset in it. */
static int place(struct vioc_ctx *ctx, struct vioci_backing *backing)
{
	uint64_t align = alignment(backing);
	size_t length = (size_t)backing->length, reserved_length = length + (size_t)align;
	int prot = backing->is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *reserved;
	int error = vioci_sys_reserve(&ctx->sys, reserved_length, &reserved);
	if (error < 0)
		return error;
	uint64_t skip = (backing->offset - (uintptr_t)reserved) & (align - 1);
	char *va = (char *)reserved + skip;
	error = vioci_sys_mmap_fixed(&ctx->sys, backing->file->fd, va, length, prot,
				     backing->offset);
	if (error < 0) {
		vioci_sys_munmap(&ctx->sys, reserved, reserved_length);
		return error;
	}
	trim(ctx, reserved, reserved_length, va, length);
	backing->va = va;
	return 0;
}

static int place_or_refuse(const struct vioci_mem_request *request, struct vioci_backing *backing)
{
	int error = place(request->ctx, backing);
	if (error == -ENOMEM && is_huge(backing))
		return vioci_mem_refuse_huge(request, backing->page_size, backing->length);
	if (error < 0)
		return vioci_mem_refuse(request, error, vioci_reason_for(error),
					"its mapping into the process was refused");
	return 0;
}

static int bind_to_node(const struct vioci_mem_request *request, struct vioci_backing *backing)
{
	if (!request->opts.node)
		return 0;
	uint32_t node = request->opts.node - 1;
	bool strict = !(request->opts.flags & VIOC_MEM_PREFER);
	int error = vioci_sys_bind_memory(&request->ctx->sys, backing->va, (size_t)backing->length,
					  node, strict);
	if (error == -EINVAL)
		return vioci_mem_refuse(request, error, VIOC_REASON_BAD_ARGUMENT,
					"there is no NUMA node %u with memory that this process "
					"may use; /sys/devices/system/node/has_memory lists them",
					node);
	if (error == -ENOSYS)
		return vioci_mem_refuse(request, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED,
					"this kernel was built without NUMA");
	if (error < 0)
		return vioci_mem_refuse(request, error, vioci_reason_for(error),
					"binding it to NUMA node %u was refused", node);
	return 0;
}

static int advise(const struct vioci_mem_request *request, struct vioci_backing *backing)
{
	if (!(backing->flags & VIOC_MEM_THP))
		return 0;
	int error = vioci_sys_advise_huge(&request->ctx->sys, backing->va, (size_t)backing->length);
	if (error == -EINVAL)
		return vioci_mem_refuse(request, -EOPNOTSUPP, VIOC_REASON_UNSUPPORTED,
					"this kernel was built without transparent huge pages");
	if (error < 0)
		return vioci_mem_refuse(request, error, vioci_reason_for(error),
					"asking for transparent huge pages was refused");
	return 0;
}

/* A page that can't be had now would raise SIGBUS later. */
static int populate(const struct vioci_mem_request *request, struct vioci_backing *backing)
{
	int error = vioci_prefault_pages(&request->ctx->sys, backing->va, backing->length,
					 backing->is_writable, request->opts.n_threads,
					 backing->page_size);
	if (error == 0)
		return 0;
	if (is_huge(backing))
		return vioci_mem_refuse_huge(request, backing->page_size, backing->length);
	if (error == -ENOMEM)
		return vioci_mem_refuse(request, error, VIOC_REASON_NO_MEMORY,
					"the system, or this process' cgroup, is out of memory");
	return vioci_mem_refuse(request, error, VIOC_REASON_BAD_MEMORY,
				"not all of its pages can be had: the file is shorter now, or its "
				"file system is full");
}

static int complete(const struct vioci_mem_request *request, struct vioci_backing *backing)
{
	int error = place_or_refuse(request, backing);
	if (error == 0)
		error = bind_to_node(request, backing);
	if (error == 0)
		error = advise(request, backing);
	return error == 0 ? populate(request, backing) : error;
}

/* Ends what went well until now (error 0) or didn't: the backing is the caller's, or all of it is undone. */
static int finish(const struct vioci_mem_request *request, int error, struct vioci_backing *backing,
		  struct vioci_backing *ret_backing)
{
	if (error == 0)
		error = complete(request, backing);
	if (error < 0) {
		vioci_backing_free(request->ctx, backing);
		return error;
	}
	*ret_backing = *backing;
	return 0;
}

static uint64_t page_size_of(uint64_t kind)
{
	if (kind == VIOC_MEM_HUGETLB_1G)
		return VIOCI_SIZE_1G;
	return kind == VIOC_MEM_HUGETLB_2M ? VIOCI_SIZE_2M : 0;
}

static int make_file(const struct vioci_mem_request *request, struct vioci_backing *backing)
{
	const char *name = request->opts.name ? request->opts.name : "vioc";
	uint64_t page_size = page_size_of(backing->flags & VIOCI_MEM_KINDS);
	int fd = vioci_sys_make_memory(&request->ctx->sys, name, page_size, backing->length);
	if (fd == -EOPNOTSUPP)
		return vioci_mem_refuse(request, fd, VIOC_REASON_UNSUPPORTED,
					"this machine or kernel has no huge pages of %" PRIu64
					" kB",
					page_size / 1024);
	if (fd < 0)
		return vioci_mem_refuse(request, fd, vioci_reason_for(fd),
					"no file for it can be made");
	if (vioci_memfile_new(request->ctx, fd, &backing->file) < 0)
		return vioci_fail_memory(request->ctx);
	return 0;
}

int vioci_backing_new(const struct vioci_mem_request *request, uint64_t kind,
		      struct vioci_backing *ret_backing)
{
	uint64_t huge = page_size_of(kind);
	struct vioci_backing backing = {
		.flags = kind | VIOC_MEM_SEALED,
		.page_size = huge ? huge : vioci_page_size(),
		.is_writable = true,
	};
	int error = kind == VIOC_MEM_THP ? vioci_mem_check_thp(request) : 0;
	if (error < 0)
		return error;
	backing.length = (request->length + backing.page_size - 1) & ~(backing.page_size - 1);
	error = make_file(request, &backing);
	return finish(request, error, &backing, ret_backing);
}

static int check_file(const struct vioci_mem_request *request, const struct vioci_memory_file *file)
{
	const struct vioci_file_range range = {
		.fd = request->fd,
		.offset = request->offset,
		.length = request->length,
		.write = request->opts.map_flags & VIOC_MAP_WRITE,
	};
	char why[256];
	if (vioci_memfile_forbids(file, &range, why, sizeof(why)))
		return vioci_mem_refuse(request, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "%s", why);
	if ((request->offset | request->length) & (file->page_size - 1))
		return vioci_mem_refuse(request, -EINVAL, VIOC_REASON_BAD_ARGUMENT,
					"offset or length is not a multiple of the file's page "
					"size, %" PRIu64,
					file->page_size);
	return 0;
}

static uint64_t kind_of(const struct vioci_mem_request *request,
			const struct vioci_memory_file *file)
{
	if (file->page_size == vioci_page_size())
		return request->opts.flags & VIOC_MEM_THP;
	return (file->page_size == VIOCI_SIZE_2M ? VIOC_MEM_HUGETLB_2M : 0) |
	       (file->page_size == VIOCI_SIZE_1G ? VIOC_MEM_HUGETLB_1G : 0);
}

static int open_file(const struct vioci_mem_request *request, struct vioci_backing *backing)
{
	struct vioci_memory_file file;
	int error = vioci_memfile_open(request->ctx, request->fd, &file, &backing->file);
	if (error == -ENOMEM)
		return vioci_fail_memory(request->ctx);
	if (error == -EBADF)
		return vioci_mem_refuse(request, error, VIOC_REASON_BAD_ARGUMENT,
					"%d is no open file descriptor", request->fd);
	if (error < 0)
		return vioci_mem_refuse(request, error, vioci_reason_for(error),
					"fd %d can't be duplicated and read", request->fd);
	error = check_file(request, &file);
	if (error < 0)
		return error;
	backing->page_size = file.page_size;
	backing->is_writable = file.is_writable;
	backing->flags = kind_of(request, &file) | (file.cant_shrink ? VIOC_MEM_SEALED : 0);
	return 0;
}

/* Where THP is only a wish it is dropped: the memory is what it is. */
static int check_thp(const struct vioci_mem_request *request, struct vioci_backing *backing)
{
	if (!(backing->flags & VIOC_MEM_THP))
		return 0;
	int error = vioci_mem_check_thp(request);
	if (error == 0 || !(request->opts.flags & VIOC_MEM_PREFER))
		return error;
	backing->flags &= ~VIOC_MEM_THP;
	return 0;
}

int vioci_backing_import(const struct vioci_mem_request *request, struct vioci_backing *ret_backing)
{
	struct vioci_backing backing = {
		.offset = request->offset,
		.length = request->length,
	};
	int error = open_file(request, &backing);
	if (error == 0)
		error = check_thp(request, &backing);
	return finish(request, error, &backing, ret_backing);
}
