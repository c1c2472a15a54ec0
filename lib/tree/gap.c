// SPDX-License-Identifier: MIT
/*
 * The search for a gap: down where `most` of a child promises one, from left to right. What a child
 * could not keep is corrected on the way back, so that each promise misleads once only. A gap that is
 * long enough but lies badly (align, to) is no broken promise, and would be looked at in each search:
 * after a few of them, only gaps count that are so long that they can't lie badly.
 */
#include "tree/node.h"

struct search {
	struct vioci_tree *tree;
	uint64_t from;
	uint64_t to;
	const struct vioci_fit *fit;
	uint64_t enough; /* shorter gaps are not looked at */
	unsigned int n_misfits;
	uint64_t found;
};

static void count_misfit(struct search *search)
{
	uint64_t length = search->fit->length, slack = search->fit->align - 1;
	if (++search->n_misfits == VIOCI_MAX_MISFITS)
		search->enough = length > UINT64_MAX - slack ? UINT64_MAX : length + slack;
}

/* Does it fit into [first, last], which nothing is at? */
static bool fits(struct search *search, uint64_t first, uint64_t last)
{
	const struct vioci_fit *fit = search->fit;
	first = first > search->from ? first : search->from;
	last = last < search->to ? last : search->to;
	uint64_t address = first + ((fit->phase - first) & (fit->align - 1));
	if (address < first || address > last || last - address < fit->length - 1)
		return false;
	search->found = address;
	return true;
}

static bool search_leaf(struct search *search, const struct vioci_leaf *leaf)
{
	unsigned int count = vioci_leaf_count(leaf);
	unsigned int position = vioci_count_upto(leaf->start, VIOCI_LEAF_SLOTS, search->from);
	position = position < count ? position : count;
	for (position -= position > 0; position < count; position++) {
		uint64_t gap = vioci_leaf_gap(search->tree, leaf, position);
		uint64_t last = vioci_leaf_last(search->tree, leaf, position);
		if (gap < search->enough)
			continue;
		if (fits(search, last + 1, last + gap))
			return true;
		count_misfit(search);
	}
	return false;
}

static bool search_below(struct search *search, void *node, size_t height)
{
	if (height == 0)
		return search_leaf(search, node);
	struct vioci_inner *inner = node;
	unsigned int count = vioci_inner_count(inner);
	for (unsigned int i = vioci_inner_find(inner, search->from); i < count; i++) {
		if (inner->start[i] > search->to)
			return false;
		if (inner->most[i] < search->enough)
			continue;
		void *child = vioci_child(inner, i);
		if (search_below(search, child, height - 1))
			return true;
		vioci_store(&inner->most[i], height == 1 ? vioci_leaf_most(search->tree, child)
							 : vioci_inner_most(child));
	}
	return false;
}

bool vioci_tree_find_gap(struct vioci_tree *tree, uint64_t from, uint64_t to,
			 const struct vioci_fit *fit, uint64_t *ret)
{
	struct search search = {
		.tree = tree,
		.from = from,
		.to = to,
		.fit = fit,
		.enough = fit->length,
	};
	struct vioci_cursor first = vioci_tree_first(tree);
	bool found;
	if (!first.leaf)
		found = fits(&search, 0, UINT64_MAX);
	else
		found = (vioci_leaf_start(first.leaf, 0) &&
			 fits(&search, 0, vioci_leaf_start(first.leaf, 0) - 1)) ||
			search_below(&search, tree->root, (size_t)tree->height);
	if (found)
		*ret = search.found;
	return found;
}
