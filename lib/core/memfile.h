/* SPDX-License-Identifier: MIT */
/*
 * A file that holds memory, kept open by all that need it: its mem, and the mappings of it. Memory of a
 * device is one, too: a dma-buf, or no file at all where mappings go by address.
 */
#ifndef VIOCI_MEMFILE_H
#define VIOCI_MEMFILE_H

#include "core/ctx.h"

struct vioci_memfile {
	vioci_ref refs;
	int fd; /* -1: none */
	const void
		*device; /* whose memory it is, of which address is a mapping; else both are NULL */
	void *address;
	size_t length;
	struct vioci_memfile *next; /* of those that nobody needs any more, until they are closed */
};

/* Takes over the fd, also when it fails. -ENOMEM. */
int vioci_memfile_new(struct vioc_ctx *ctx, int fd, struct vioci_memfile **ret_file);
/*
 * Of a duplicate of a caller's fd; what it is is asked of the duplicate, as the other may become
 * another file any time. No diag.
 */
int vioci_memfile_open(struct vioc_ctx *ctx, int fd, struct vioci_memory_file *ret_about,
		       struct vioci_memfile **ret_file);
/* Closes it if that was the last reference: not with the lock of an ioas. NULL is fine. */
void vioci_memfile_put(struct vioc_ctx *ctx, struct vioci_memfile *file);
/* Closes what was put already and lies in a list. */
void vioci_memfile_close_all(struct vioc_ctx *ctx, struct vioci_memfile *list);

/* What devices shall have of a file. */
struct vioci_file_range {
	int fd; /* for the text only */
	uint64_t offset;
	uint64_t length;
	bool write;
};

/* Says in why what forbids that, if anything does. */
bool vioci_memfile_forbids(const struct vioci_memory_file *about,
			   const struct vioci_file_range *range, char *why, size_t size);

#endif
