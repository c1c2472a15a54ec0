/* SPDX-License-Identifier: MIT */
/*
 * What is mapped where: the library's truth. Not locked by itself; readers may peek without a lock.
 *
 * A record is a piece of IOVA space with memory behind it: one mapping, or a run of equal ones. The
 * kernel holds extents: a record that is JOINED lies in one extent with the record before it.
 */
#ifndef VIOCI_MAPS_H
#define VIOCI_MAPS_H

#include "tree/tree.h"

/* A record's meta. The bits of VIOC_MAP_READ and VIOC_MAP_WRITE stand for themselves. */
#define VIOCI_PROT     UINT64_C(0x3)
#define VIOCI_JOINED   (UINT64_C(1) << 2)
#define VIOCI_RELEASED (UINT64_C(1) << 3) /* given up; waits for the rest of its extent */
#define VIOCI_DEFERRED (UINT64_C(1) << 4) /* given up with its whole extent; waits for a flush */
#define VIOCI_PENDING  (UINT64_C(1) << 5) /* a batch is at it: not yet in the kernel for sure */
#define VIOCI_LISTED   (UINT64_C(1) << 6) /* the list of deferred extents names it, see defer.c */
#define VIOCI_FILE     (UINT64_C(1) << 7) /* one mapping of a file: see files.h */
#define VIOCI_FOREIGN  (UINT64_C(1) << 8) /* another process mapped it; the VA is 0 */
#define VIOCI_WAITING  (VIOCI_RELEASED | VIOCI_DEFERRED | VIOCI_PENDING)
/* Length of each of a run of equal mappings, in bytes: the bits above. 0: the record is one mapping. */
#define VIOCI_PIECE (~UINT64_C(0xfff))

struct vioci_record {
	uint64_t iova;
	uint64_t last; /* inclusive, so that the top of the address space can be mapped */
	uint64_t va;
	uint64_t meta;
};

/* Sums over all records, kept in step with them. */
struct vioci_tally {
	uint64_t n_mappings; /* live */
	uint64_t n_bytes;
	uint64_t n_extents;  /* all that the kernel holds */
	uint64_t n_deferred; /* extents */
	uint64_t deferred_bytes;
	uint64_t released_bytes;
};

struct vioci_memfile;

struct vioci_maps {
	struct vioci_tree by_iova;
	struct vioci_tree by_va; /* without what was released, by itself, and what is foreign */
	struct vioci_seq seq;
	uint64_t n_waiting; /* records that are not live; changes with the trees */
	struct vioci_tally tally;
	struct vioci_tree files;	    /* for files.h: by IOVA */
	struct vioci_memfile *unused_files; /* to be closed without the lock */
};

static inline uint64_t vioci_record_length(const struct vioci_record *record)
{
	return record->last - record->iova + 1;
}

static inline bool vioci_record_is_live(const struct vioci_record *record)
{
	return !(record->meta & VIOCI_WAITING);
}

/* The mapping of a record that has the address, or its first one if that is below the record. */
static inline struct vioci_record vioci_record_mapping(const struct vioci_record *record,
						       uint64_t iova)
{
	struct vioci_record mapping = *record;
	uint64_t piece = record->meta & VIOCI_PIECE;
	if (!piece)
		return mapping;
	if (iova > record->iova) {
		uint64_t offset = (iova - record->iova) / piece * piece;
		mapping.iova += offset;
		mapping.va += offset;
	}
	mapping.last = mapping.iova + (piece - 1);
	mapping.meta &= ~VIOCI_PIECE;
	return mapping;
}

void vioci_maps_init(struct vioci_maps *maps);
void vioci_maps_destroy(struct vioci_maps *maps);

/* Makes sure of memory for n more records, until it is given up; the inserts go between. -ENOMEM. */
int vioci_maps_reserve(struct vioci_maps *maps, size_t n);
void vioci_maps_unreserve(struct vioci_maps *maps, size_t n);

/* Nothing may meet the new record, and its memory was reserved. */
void vioci_maps_insert(struct vioci_maps *maps, const struct vioci_record *record);
/* The record must be there, just so. */
void vioci_maps_remove(struct vioci_maps *maps, const struct vioci_record *record);
/* Removes every record in [iova, last], which meets no other. */
void vioci_maps_remove_range(struct vioci_maps *maps, uint64_t iova, uint64_t last);
/* Gives the record that starts at iova, or that at the cursor, another meta. No record moves by it. */
void vioci_maps_set_meta(struct vioci_maps *maps, uint64_t iova, uint64_t meta);
void vioci_maps_set_meta_at(struct vioci_maps *maps, struct vioci_cursor cursor, uint64_t meta);
/*
 * Makes a record start at iova, if one goes across: cuts it between two of its mappings. Needs a
 * reservation.
 */
void vioci_maps_split(struct vioci_maps *maps, uint64_t iova);

/* Gives up a record that starts at iova, and makes it one with released neighbours of its extent. */
void vioci_maps_release(struct vioci_maps *maps, uint64_t iova);

/* Walking. A cursor is good until the next change. False: there is no such record. */

/* The first record that ends at iova or later. */
static inline bool vioci_maps_seek(const struct vioci_maps *maps, uint64_t iova,
				   struct vioci_cursor *ret_cursor,
				   struct vioci_record *ret_record);
static inline bool vioci_maps_next(const struct vioci_maps *maps, struct vioci_cursor *cursor,
				   struct vioci_record *ret_record);
static inline bool vioci_maps_prev(const struct vioci_maps *maps, struct vioci_cursor *cursor,
				   struct vioci_record *ret_record);

/* The first record that meets [iova, last]. */
static inline bool vioci_maps_meet(const struct vioci_maps *maps, uint64_t iova, uint64_t last,
				   struct vioci_record *ret_record);

/* An extent: records that are one to the kernel. */
struct vioci_extent {
	uint64_t iova;
	uint64_t last;
	bool live; /* any of it is: from live_iova to live_last */
	uint64_t live_iova;
	uint64_t live_last;
};

/* Whether the record at the cursor is one mapping that is an extent of its own, with just these bits. */
bool vioci_maps_is_plain(const struct vioci_maps *maps, struct vioci_cursor cursor,
			 uint64_t prot_and_state);

/* The extent of the record at the cursor. */
struct vioci_extent vioci_maps_extent(const struct vioci_maps *maps, struct vioci_cursor cursor);

static inline struct vioci_record vioci_record_at(const struct vioci_maps *maps,
						  struct vioci_cursor cursor)
{
	struct vioci_item item = vioci_tree_get(&maps->by_iova, cursor);
	return (struct vioci_record){
		.iova = item.start,
		.last = item.last,
		.va = item.value,
		.meta = item.meta,
	};
}

static inline bool vioci_record_if(const struct vioci_maps *maps, struct vioci_cursor cursor,
				   struct vioci_record *ret_record)
{
	if (!cursor.leaf)
		return false;
	*ret_record = vioci_record_at(maps, cursor);
	return true;
}

static inline bool vioci_maps_seek(const struct vioci_maps *maps, uint64_t iova,
				   struct vioci_cursor *ret_cursor, struct vioci_record *ret_record)
{
	*ret_cursor = vioci_tree_seek(&maps->by_iova, iova);
	return vioci_record_if(maps, *ret_cursor, ret_record);
}

static inline bool vioci_maps_next(const struct vioci_maps *maps, struct vioci_cursor *cursor,
				   struct vioci_record *ret_record)
{
	*cursor = vioci_cursor_next(*cursor);
	return vioci_record_if(maps, *cursor, ret_record);
}

static inline bool vioci_maps_prev(const struct vioci_maps *maps, struct vioci_cursor *cursor,
				   struct vioci_record *ret_record)
{
	*cursor = vioci_cursor_prev(*cursor);
	return vioci_record_if(maps, *cursor, ret_record);
}

static inline bool vioci_maps_meet(const struct vioci_maps *maps, uint64_t iova, uint64_t last,
				   struct vioci_record *ret_record)
{
	struct vioci_cursor cursor;
	return vioci_maps_seek(maps, iova, &cursor, ret_record) && ret_record->iova <= last;
}

#endif
