// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/sized.h"
#include "ioas/map.h"
#include "mem/backing.h"

/* All are written once, before anybody has the mem. */
struct vioc_mem {
	vioci_ref refs;
	struct vioc_ioas *ioas;
	struct vioci_backing backing;
	uint64_t iova;
	uint64_t map_flags;
	uint32_t node;
};

#define NEW_FLAGS    (VIOCI_MEM_KINDS | VIOC_MEM_PREFER | VIOC_MEM_FIXED_IOVA)
#define IMPORT_FLAGS (VIOC_MEM_THP | VIOC_MEM_PREFER | VIOC_MEM_FIXED_IOVA)

#define MAX_NAME    249 /* of a memfd */
#define MAX_THREADS 1024
#define MAX_LENGTH  (SIZE_MAX / 2 - VIOCI_SIZE_1G) /* room for rounding and alignment */

static const char *find_mistake(const struct vioci_mem_request *request)
{
	const struct vioc_mem_opts *opts = &request->opts;
	bool import = request->fd >= 0;
	if (!request->length)
		return "the length is 0";
	if (request->length > MAX_LENGTH)
		return "the length is more than a process has addresses";
	if (import && request->offset > MAX_LENGTH)
		return "no file is as long as the offset says";
	if (import && (opts->flags & (VIOCI_MEM_KINDS & ~VIOC_MEM_THP)))
		return "the file decides the kind of its pages: hugetlb can't be asked for";
	if (opts->flags & ~(import ? IMPORT_FLAGS : NEW_FLAGS))
		return "unknown flag";
	if (opts->map_flags & ~(VIOC_MAP_READ | VIOC_MAP_WRITE))
		return "unknown flag in map_flags";
	if (opts->iova && !(opts->flags & VIOC_MEM_FIXED_IOVA))
		return "an IOVA is given without VIOC_MEM_FIXED_IOVA";
	if (opts->name && (import || strlen(opts->name) > MAX_NAME))
		return import ? "a file that is imported can't be named"
			      : "the name is longer than 249 bytes";
	if (opts->n_threads > MAX_THREADS)
		return "more than 1024 threads";
	return NULL;
}

static int read_request(struct vioci_mem_request *request, const struct vioc_mem_opts *given,
			struct vioc_mem **ret_mem)
{
	int error = vioci_sized_read(given, &request->opts, sizeof(request->opts));
	if (error < 0)
		return vioci_mem_refuse(request, error, VIOC_REASON_BAD_ARGUMENT,
					"the options have a bad size or unknown fields");
	const char *mistake = ret_mem ? find_mistake(request) : "no place for it is given";
	if (mistake)
		return vioci_mem_refuse(request, -EINVAL, VIOC_REASON_BAD_ARGUMENT, "%s", mistake);
	if (!request->opts.map_flags)
		request->opts.map_flags = VIOC_MAP_READ | VIOC_MAP_WRITE;
	return 0;
}

static int map(struct vioc_mem *mem, const struct vioc_mem_opts *opts)
{
	const struct vioci_backing *backing = &mem->backing;
	struct vioci_request request = {
		.verb = "map",
		.iova = opts->iova,
		.length = backing->length,
		.va = backing->va,
		.file = backing->file,
		.offset = backing->offset,
		.any_iova = !(opts->flags & VIOC_MEM_FIXED_IOVA),
	};
	int error = vioci_map(mem->ioas, &request, mem->map_flags);
	if (error == 0)
		mem->iova = request.iova;
	return error;
}

/* Makes the mem of its backing, which it takes over, also when it fails. */
static int finish(struct vioc_ioas *ioas, const struct vioci_mem_request *request,
		  struct vioci_backing *backing, struct vioc_mem **ret_mem)
{
	struct vioc_mem *mem = calloc(1, sizeof(*mem));
	if (!mem) {
		vioci_backing_free(request->ctx, backing);
		return vioci_fail_memory(request->ctx);
	}
	*mem = (struct vioc_mem){
		.refs = 1,
		.ioas = ioas,
		.backing = *backing,
		.map_flags = request->opts.map_flags,
		.node = request->opts.node,
	};
	int error = map(mem, &request->opts);
	if (error < 0) {
		vioci_backing_free(request->ctx, backing);
		free(mem);
		return error;
	}
	vioc_ioas_ref(ioas);
	*ret_mem = mem;
	return 0;
}

static const char *kind_name(uint64_t kind)
{
	switch (kind) {
	case VIOC_MEM_HUGETLB_1G:
		return "huge pages of 1 GiB";
	case VIOC_MEM_HUGETLB_2M:
		return "huge pages of 2 MiB";
	case VIOC_MEM_THP:
		return "transparent huge pages";
	}
	return "ordinary pages";
}

static void leave_fallback(const struct vioci_mem_request *request, uint64_t kind,
			   struct vioc_diag *failed)
{
	struct vioci_diag_draft draft = vioci_diag_draft(0, VIOC_REASON_FALLBACK);
	vioci_diag_tried(&draft, "make memory");
	vioci_diag_obstacle(&draft, "it has %s, as what was preferred can't be had",
			    kind_name(kind));
	vioci_ctx_leave_after(request->ctx, &draft, failed);
}

static bool is_wanted(const struct vioci_mem_request *request, uint64_t kind)
{
	uint64_t asked = request->opts.flags & VIOCI_MEM_KINDS;
	if (kind)
		return asked & kind;
	return !asked || (request->opts.flags & VIOC_MEM_PREFER);
}

/* Tries the kinds that are wanted, the largest pages first. */
static int make_backing(const struct vioci_mem_request *request, struct vioci_backing *ret_backing)
{
	static const uint64_t kinds[] = { VIOC_MEM_HUGETLB_1G, VIOC_MEM_HUGETLB_2M, VIOC_MEM_THP,
					  0 };
	struct vioc_diag *failed = NULL;
	int error = -EINVAL;
	bool tried = false;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!is_wanted(request, kinds[i]))
			continue;
		error = vioci_backing_new(request, kinds[i], ret_backing);
		if (error == 0)
			break;
		failed = vioci_ctx_chain_diag(request->ctx, failed);
		tried = true;
		if (error != -ENOMEM && error != -EOPNOTSUPP)
			break;
	}
	if (error == 0 && tried)
		leave_fallback(request, ret_backing->flags & VIOCI_MEM_KINDS, failed);
	if (error == 0)
		return 0;
	error = failed ? vioc_diag_get_error(failed) : error;
	vioci_ctx_put_diag(request->ctx, failed);
	return error;
}

VIOC_API int vioc_mem_new(struct vioc_ioas *ioas, uint64_t length, const struct vioc_mem_opts *opts,
			  struct vioc_mem **ret_mem)
{
	if (!ioas)
		return -EINVAL;
	struct vioci_mem_request request = {
		.ctx = vioci_ioas_ctx(ioas),
		.fd = -1,
		.length = length,
	};
	struct vioci_backing backing;
	int error = read_request(&request, opts, ret_mem);
	if (error == 0)
		error = make_backing(&request, &backing);
	return error == 0 ? finish(ioas, &request, &backing, ret_mem) : error;
}

VIOC_API int vioc_mem_import(struct vioc_ioas *ioas, int fd, uint64_t offset, uint64_t length,
			     const struct vioc_mem_opts *opts, struct vioc_mem **ret_mem)
{
	if (!ioas)
		return -EINVAL;
	struct vioci_mem_request request = {
		.ctx = vioci_ioas_ctx(ioas),
		.fd = fd,
		.offset = offset,
		.length = length,
	};
	struct vioci_backing backing;
	if (fd < 0)
		return vioci_fail(request.ctx, -EBADF, VIOC_REASON_BAD_ARGUMENT, "import memory",
				  "%d is no file descriptor", fd);
	int error = read_request(&request, opts, ret_mem);
	if (error == 0)
		error = vioci_backing_import(&request, &backing);
	return error == 0 ? finish(ioas, &request, &backing, ret_mem) : error;
}

VIOC_API struct vioc_mem *vioc_mem_ref(struct vioc_mem *mem)
{
	if (mem)
		vioci_ref_get(&mem->refs);
	return mem;
}

static void mem_free(struct vioc_mem *mem)
{
	struct vioc_ctx *ctx = vioci_ioas_ctx(mem->ioas);
	int error = vioc_ioas_unmap(mem->ioas, mem->iova, mem->backing.length, 0, NULL);
	/* After -EIO nothing is mapped there any more. */
	if (error < 0 && error != -EIO) {
		vioci_log(ctx, VIOC_LOG_ERROR,
			  "%llu bytes of memory at IOVA 0x%llx can't be unmapped and are lost, as "
			  "devices may still reach them",
			  (unsigned long long)mem->backing.length, (unsigned long long)mem->iova);
		mem->backing.va = NULL;
	}
	vioci_backing_free(ctx, &mem->backing);
	vioc_ioas_unref(mem->ioas);
	free(mem);
}

VIOC_API struct vioc_mem *vioc_mem_unref(struct vioc_mem *mem)
{
	if (mem && vioci_ref_put(&mem->refs))
		mem_free(mem);
	return NULL;
}

VIOC_API void *vioc_mem_get_va(const struct vioc_mem *mem)
{
	return mem->backing.va;
}

VIOC_API uint64_t vioc_mem_get_iova(const struct vioc_mem *mem)
{
	return mem->iova;
}

VIOC_API int vioc_mem_get_fd(const struct vioc_mem *mem)
{
	return mem->backing.file->fd;
}

VIOC_API int vioc_mem_get_info(const struct vioc_mem *mem, struct vioc_mem_info *ret_info)
{
	if (!mem)
		return -EINVAL;
	const struct vioc_mem_info info = {
		.flags = mem->backing.flags,
		.map_flags = mem->map_flags,
		.length = mem->backing.length,
		.page_size = mem->backing.page_size,
		.iova = mem->iova,
		.offset = mem->backing.offset,
		.va = mem->backing.va,
		.node = mem->node,
	};
	return vioci_ctx_give_sized(vioci_ioas_ctx(mem->ioas), ret_info, &info, sizeof(info));
}
