// SPDX-License-Identifier: MIT
/* Mapping memory of a file that the caller has. */
#include <errno.h>

#include "ioas/map.h"

static int refuse_fd(struct vioc_ioas *ioas, int fd, int error)
{
	struct vioc_ctx *ctx = vioci_ioas_ctx(ioas);
	if (error == -ENOMEM)
		return vioci_fail_memory(ctx);
	if (error == -EBADF)
		return vioci_fail(ctx, error, VIOC_REASON_BAD_ARGUMENT, "map a file",
				  "%d is no open file descriptor", fd);
	return vioci_fail(ctx, error, vioci_reason_for(error), "map a file",
			  "fd %d can't be duplicated and read", fd);
}

/* Maps request->length bytes of the fd from request->offset on. */
static int map_file(struct vioc_ioas *ioas, struct vioci_request *request, int fd, uint64_t flags)
{
	const struct vioci_file_range range = {
		.fd = fd,
		.offset = request->offset,
		.length = request->length,
		.write = flags & VIOC_MAP_WRITE,
	};
	const char *mistake = vioci_check_map_flags(flags);
	if (mistake)
		return vioci_refuse_argument(ioas, request, mistake);

	struct vioci_memory_file about;
	int error = vioci_memfile_open(vioci_ioas_ctx(ioas), fd, &about, &request->file);
	if (error < 0)
		return refuse_fd(ioas, fd, error);
	char why[256];
	error = vioci_memfile_forbids(&about, &range, why, sizeof(why))
			? vioci_refuse_argument(ioas, request, why)
			: vioci_map(ioas, request, flags);
	vioci_memfile_put(vioci_ioas_ctx(ioas), request->file);
	return error;
}

VIOC_API int vioc_ioas_map_file_fixed(struct vioc_ioas *ioas, uint64_t iova, int fd,
				      uint64_t offset, void *va, uint64_t length, uint64_t flags)
{
	if (!ioas)
		return -EINVAL;
	struct vioci_request request = {
		.verb = "map",
		.iova = iova,
		.length = length,
		.va = va,
		.offset = offset,
	};
	return map_file(ioas, &request, fd, flags);
}

VIOC_API int vioc_ioas_map_file(struct vioc_ioas *ioas, int fd, uint64_t offset, void *va,
				uint64_t length, uint64_t flags, uint64_t *ret_iova)
{
	if (!ioas)
		return -EINVAL;
	struct vioci_request request = {
		.verb = "map",
		.length = length,
		.va = va,
		.offset = offset,
		.any_iova = true,
	};
	if (!ret_iova)
		return vioci_refuse_argument(ioas, &request, "no place for the IOVA is given");
	int error = map_file(ioas, &request, fd, flags);
	if (error == 0)
		*ret_iova = request.iova;
	return error;
}
