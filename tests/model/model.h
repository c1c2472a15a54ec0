/* SPDX-License-Identifier: MIT */
/*
 * The reference: what an ioas should hold and answer, kept in a sorted array that is searched from
 * the start. Slow and plain on purpose; it shares no code with the library.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libvioc/vioc.h>

#define PAGE	   ((uint64_t)4096)
#define RW	   (VIOC_MAP_READ | VIOC_MAP_WRITE)
#define MAX_PIECES 1024
#define MAX_RANGES 64
#define ANY_IOVA   UINT64_MAX

/* One mapping, as a caller made it. */
struct piece {
	uint64_t iova;
	uint64_t last;
	char *va;
	uint64_t flags;
	bool bad;	       /* its memory is not there: the next attach fails */
	bool waiting;	       /* unmapped for every caller, but the kernel may hold it */
	uint64_t origin;       /* only pieces of one origin may share an extent */
	uint64_t extent_start; /* the extent that held it when last looked at */
	uint64_t extent_last;
};

struct model {
	struct piece pieces[MAX_PIECES]; /* ascending */
	size_t n_pieces;
	struct vioc_iova_range ranges[MAX_RANGES]; /* what the attached devices can reach */
	size_t n_ranges;
	struct vioc_iova_range allowed[MAX_RANGES];
	size_t n_allowed; /* 0: no restriction */
	uint64_t next_origin;
};

/* A map or an unmap, as asked for. */
struct request {
	uint64_t iova; /* ANY_IOVA: the library chooses */
	uint64_t length;
	char *va;
	uint64_t flags;
	bool bad;
};

/* What a call should return; reason 0 stands for any. */
struct answer {
	int error;
	uint32_t reason;
	/* What the contract allows as well. */
	int or_error; /* 0: none */
	bool or_success;
};

static inline uint64_t piece_length(const struct piece *piece)
{
	return piece->last - piece->iova + 1;
}

/* The first live piece that meets [iova, last], or NULL. */
struct piece *model_meet(struct model *model, uint64_t iova, uint64_t last);

/* Whether [iova, last] lies within what devices and the allowed list leave, in one piece. */
bool model_is_usable(const struct model *model, uint64_t iova, uint64_t last);

/* The ranges that devices and the allowed list leave; returns how many. */
size_t model_usable(const struct model *model, struct vioc_iova_range ranges[MAX_RANGES]);

/* The first piece that waits and meets [iova, last], or NULL. */
struct piece *model_meet_waiting(struct model *model, uint64_t iova, uint64_t last);
/* Whether a live piece is in the extent of this one. */
bool model_is_in_use(const struct model *model, const struct piece *piece);

/* What map and map_fixed should answer where the kernel has nothing against it. */
struct answer model_check_map(struct model *model, const struct request *request);
void model_map(struct model *model, const struct request *request, uint64_t origin);

/* What unmap should answer, and how many bytes it removes; policy is one of VIOC_UNMAP_*, or 0. */
struct answer model_check_unmap(struct model *model, const struct request *request,
				uint64_t *ret_bytes);
/* Removes the pieces in [iova, last]. */
void model_remove(struct model *model, uint64_t iova, uint64_t last);
/* Unmaps the live pieces in [iova, last] by a policy, with the kernel in play or not. */
void model_unmap(struct model *model, uint64_t iova, uint64_t last, uint64_t policy, bool attached);
/* Forgets what waits: it is flushed. */
void model_flush(struct model *model);
size_t model_count_waiting(const struct model *model);

/*
 * From iova on, how far IOVA and memory run side by side; 0: not mapped. *ret_va may be set to the
 * memory's start.
 */
uint64_t model_contiguous(struct model *model, uint64_t iova, char **ret_va);

/* Live ones only. */
size_t model_count(const struct model *model);
uint64_t model_bytes(const struct model *model);

#endif
