// SPDX-License-Identifier: MIT
/*
 * The search for a gap: down where `most` of a child promises one, from left to right. What a child
 * could not keep is corrected on the way back, so that each promise misleads once only. A gap that is
 * long enough but lies badly (align, to) does not count as that: it is looked at again each time.
 */
#include "tree/node.h"

struct search {
	struct vioci_tree *tree;
	uint64_t from;
	uint64_t to;
	const struct vioci_fit *fit;
	uint64_t found;
};

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
		if (gap >= search->fit->length && fits(search, last + 1, last + gap))
			return true;
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
		if (inner->most[i] < search->fit->length)
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
	struct search search = { .tree = tree, .from = from, .to = to, .fit = fit };
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
