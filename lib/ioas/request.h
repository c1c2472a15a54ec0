/* SPDX-License-Identifier: MIT */
/* One map or unmap call as the caller made it, and saying why it fails. */
#ifndef VIOCI_REQUEST_H
#define VIOCI_REQUEST_H

#include "ioas/ioas.h"

struct vioci_request {
	const char *verb;
	uint64_t iova;
	uint64_t length;
	const void *va;
	struct vioci_memfile
		*file; /* borrowed; what is at va, from offset on. NULL: ordinary memory */
	uint64_t offset;
	bool any_iova;	 /* the library chooses */
	bool everything; /* the whole address space: no range to speak of */
};

/* What is wrong with the numbers as such, or NULL. The page size is the attached devices'. */
const char *vioci_request_mistake(const struct vioc_ioas *ioas,
				  const struct vioci_request *request);

/* The last address; of numbers that make no sense, the end of the address space. */
static inline uint64_t vioci_request_last(const struct vioci_request *request)
{
	uint64_t last = request->iova + (request->length - 1);
	return last < request->iova ? UINT64_MAX : last;
}

/* Each leaves a diag and returns the error to pass on; without the lock. */
int vioci_refuse_argument(struct vioc_ioas *ioas, const struct vioci_request *request,
			  const char *obstacle);
/* Names the mapping that is in the way; a copy, as the lock is gone. */
int vioci_refuse_conflict(struct vioc_ioas *ioas, const struct vioci_request *request, int error,
			  uint32_t reason, const struct vioci_record *record);
/* -EBUSY: names the extent that a part of the range belongs to. */
int vioci_refuse_extent(struct vioc_ioas *ioas, const struct vioci_request *request,
			const struct vioci_record *extent);
int vioci_refuse_range(struct vioc_ioas *ioas, const struct vioci_request *request);
int vioci_refuse_space(struct vioc_ioas *ioas, const struct vioci_request *request);
/* error is the kernel's. */
int vioci_refuse_map(struct vioc_ioas *ioas, const struct vioci_request *request, int error);
/* Of what should have stayed, [iova, last] could not be mapped again. */
int vioci_refuse_lost(struct vioc_ioas *ioas, const struct vioci_request *request, uint64_t iova,
		      uint64_t last);
int vioci_refuse_unmap(struct vioc_ioas *ioas, const struct vioci_request *request, int error);

#endif
