// SPDX-License-Identifier: MIT
/* Finding room for a mapping. */
#include <errno.h>

#include "ioas/ioas.h"

/*
 * Before the first attach nobody knows the ranges. This window is usable on every IOMMU seen so
 * far: above the MSI windows of x86 and ARM, below the end of the smallest (39-bit) address space.
 */
#define UNATTACHED_START (UINT64_C(1) << 32)
#define UNATTACHED_LAST	 ((UINT64_C(1) << 39) - 1)

/* Where to look, and what for. */
struct search {
	uint64_t start;
	uint64_t last;
	struct vioci_fit fit;
};

/* The first address in the range that neither a record nor a window meets. */
static int find_in_range(struct vioc_ioas *ioas, const struct search *search, uint64_t *ret_iova)
{
	/* 0 is what many drivers take for "no address". */
	uint64_t from = search->start ? search->start : 1;
	int error = -ENOSPC;
	while (from <= search->last && vioci_tree_find_gap(&ioas->maps.by_iova, from, search->last,
							   &search->fit, ret_iova)) {
		const struct vioci_window *window = vioci_windows_meet(
			&ioas->windows, *ret_iova, *ret_iova + (search->fit.length - 1));
		if (!window)
			return 0;
		error = -EAGAIN;
		if (window->last == UINT64_MAX)
			break;
		from = window->last + 1;
	}
	return error;
}

/* The usable ranges, as far as they lie in [start, last]. */
static int find_between(struct vioc_ioas *ioas, uint64_t start, uint64_t last,
			const struct vioci_fit *fit, uint64_t *ret_iova)
{
	int error = -ENOSPC;
	for (size_t i = 0; i < ioas->limits.n_ranges; i++) {
		const struct vioc_iova_range *range = &ioas->limits.ranges[i];
		const struct search search = {
			.start = range->start > start ? range->start : start,
			.last = range->last < last ? range->last : last,
			.fit = *fit,
		};
		int result = find_in_range(ioas, &search, ret_iova);
		if (result == 0)
			return 0;
		if (result == -EAGAIN)
			error = -EAGAIN;
	}
	return error;
}

static int find_fit(struct vioc_ioas *ioas, const struct vioci_fit *fit, uint64_t *ret_iova)
{
	if (!ioas->kioas &&
	    find_between(ioas, UNATTACHED_START, UNATTACHED_LAST, fit, ret_iova) == 0)
		return 0;
	return find_between(ioas, 0, UINT64_MAX, fit, ret_iova);
}

int vioci_find_iova(struct vioc_ioas *ioas, uint64_t va, uint64_t length, uint64_t *ret_iova)
{
	/* An IOMMU uses a large page where IOVA and memory are alike in the bits below its size. */
	static const uint64_t large[] = { UINT64_C(1) << 30, UINT64_C(1) << 21 };
	int error;

	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		const struct vioci_fit fit = { length, large[i], va & (large[i] - 1) };
		if (length < large[i] || large[i] <= ioas->limits.page_size)
			continue;
		error = find_fit(ioas, &fit, ret_iova);
		if (error != -ENOSPC)
			return error;
	}
	const struct vioci_fit fit = { length, ioas->limits.page_size, 0 };
	return find_fit(ioas, &fit, ret_iova);
}

int vioci_choose_iova(struct vioc_ioas *ioas, uint64_t va, uint64_t length, uint64_t *ret_iova)
{
	for (;;) {
		int error = vioci_find_iova(ioas, va, length, ret_iova);
		if (error != -EAGAIN)
			return error;
		vioci_windows_wait(&ioas->windows, &ioas->lock);
	}
}
