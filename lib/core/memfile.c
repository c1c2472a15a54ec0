// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/memfile.h"

int vioci_memfile_new(struct vioc_ctx *ctx, int fd, struct vioci_memfile **ret_file)
{
	struct vioci_memfile *file = calloc(1, sizeof(*file));
	if (!file) {
		vioci_sys_close(&ctx->sys, &fd);
		return -ENOMEM;
	}
	file->refs = 1;
	file->fd = fd;
	*ret_file = file;
	return 0;
}

int vioci_memfile_open(struct vioc_ctx *ctx, int fd, struct vioci_memory_file *ret_about,
		       struct vioci_memfile **ret_file)
{
	int own = vioci_sys_dup(&ctx->sys, fd);
	if (own < 0)
		return own;
	int error = vioci_sys_get_file(&ctx->sys, own, ret_about);
	if (error < 0) {
		vioci_sys_close(&ctx->sys, &own);
		return error;
	}
	return vioci_memfile_new(ctx, own, ret_file);
}

void vioci_memfile_put(struct vioc_ctx *ctx, struct vioci_memfile *file)
{
	if (file && vioci_ref_put(&file->refs))
		vioci_memfile_close_all(ctx, file);
}

void vioci_memfile_close_all(struct vioc_ctx *ctx, struct vioci_memfile *list)
{
	for (struct vioci_memfile *file = list, *next; file; file = next) {
		next = file->next;
		vioci_sys_close(&ctx->sys, &file->fd);
		if (file->address)
			vioci_sys_munmap(&ctx->sys, file->address, file->length);
		free(file);
	}
}

bool vioci_memfile_forbids(const struct vioci_memory_file *about,
			   const struct vioci_file_range *range, char *why, size_t size)
{
	if (!about->is_memory)
		snprintf(why, size, "fd %d is no memfd and no file of tmpfs or hugetlbfs",
			 range->fd);
	else if (range->offset > about->length || range->length > about->length - range->offset)
		snprintf(why, size,
			 "the range from %" PRIu64 " on goes past the end of the file, which has "
			 "%" PRIu64 " bytes: lengthen it first",
			 range->offset, about->length);
	else if (range->write && !about->is_writable)
		snprintf(why, size,
			 "devices shall write, but fd %d is not open for writing, or sealed "
			 "against it: open it so, or give VIOC_MAP_READ only",
			 range->fd);
	else
		return false;
	return true;
}
