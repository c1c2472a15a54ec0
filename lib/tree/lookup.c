// SPDX-License-Identifier: MIT
/* Looking things up: by the writer with cursors, and by readers without a lock. */
#include "tree/node.h"

static const struct vioci_cursor none = { 0 };

struct vioci_cursor vioci_tree_first(const struct vioci_tree *tree)
{
	void *node = tree->root;
	for (size_t level = tree->height; level-- > 0;)
		node = vioci_child(node, 0);
	return (struct vioci_cursor){ node, 0 };
}

struct vioci_cursor vioci_tree_last(const struct vioci_tree *tree)
{
	void *node = tree->root;
	if (!node)
		return none;
	for (size_t level = tree->height; level-- > 0;) {
		const struct vioci_inner *inner = node;
		node = vioci_child(inner, (unsigned int)inner->count - 1);
	}
	struct vioci_leaf *leaf = node;
	return (struct vioci_cursor){ leaf, vioci_leaf_count(leaf) - 1 };
}

struct vioci_cursor vioci_cursor_next(struct vioci_cursor cursor)
{
	if (cursor.index + 1 < vioci_leaf_count(cursor.leaf))
		return (struct vioci_cursor){ cursor.leaf, cursor.index + 1 };
	return (struct vioci_cursor){ cursor.leaf->next, 0 };
}

struct vioci_cursor vioci_cursor_prev(struct vioci_cursor cursor)
{
	if (cursor.index)
		return (struct vioci_cursor){ cursor.leaf, cursor.index - 1 };
	struct vioci_leaf *leaf = cursor.leaf->prev;
	return leaf ? (struct vioci_cursor){ leaf, vioci_leaf_count(leaf) - 1 } : none;
}

struct vioci_item vioci_tree_get(const struct vioci_tree *tree, struct vioci_cursor cursor)
{
	return vioci_leaf_get(tree, cursor.leaf, cursor.index);
}

/* The child with the first item that ends at address or later; count if there is none. */
static unsigned int reaching_child(const struct vioci_inner *inner, uint64_t address)
{
	unsigned int count = (unsigned int)vioci_load(&inner->count), index = 0;
	while (index < count && vioci_load(&inner->most[index]) < address)
		index++;
	return index;
}

/* The same in a leaf, whose order may be an old one. */
static unsigned int reaching_item(const struct vioci_tree *tree, const struct vioci_leaf *leaf,
				  uint64_t order, uint64_t address)
{
	unsigned int count = (unsigned int)(order & 15), position = 0;
	while (position < count) {
		unsigned int slot = vioci_order_slot(order, position);
		if (vioci_load(&vioci_leaf_rest(tree, leaf, slot)[0]) >= address)
			break;
		position++;
	}
	return position;
}

static struct vioci_cursor seek_overlapping(const struct vioci_tree *tree, uint64_t address)
{
	void *node = tree->root;
	for (size_t level = tree->height; level-- > 0;) {
		struct vioci_inner *inner = node;
		unsigned int index = reaching_child(inner, address);
		if (index == inner->count)
			return none;
		node = vioci_child(inner, index);
	}
	struct vioci_leaf *leaf = node;
	unsigned int position = reaching_item(tree, leaf, leaf->order, address);
	if (position == vioci_leaf_count(leaf) || vioci_leaf_start(leaf, position) > address)
		return none;
	return (struct vioci_cursor){ leaf, position };
}

/* How many items of the leaf start at address or before it. */
static inline unsigned int started(const struct vioci_leaf *leaf, unsigned int count,
				   uint64_t address)
{
	unsigned int n = vioci_count_upto(leaf->start, VIOCI_LEAF_SLOTS, address);
	return n < count ? n : count;
}

static struct vioci_leaf *leaf_of(const struct vioci_tree *tree, uint64_t address)
{
	if (vioci_finger_hits(tree, address, 0))
		return tree->finger.leaf;
	void *node = tree->root;
	for (size_t level = tree->height; level-- > 0;)
		node = vioci_child(node, vioci_inner_find(node, address));
	vioci_leaf_prefetch(tree, node);
	return node;
}

struct vioci_cursor vioci_tree_seek(const struct vioci_tree *tree, uint64_t address)
{
	if (!tree->root)
		return none;
	if (tree->overlaps)
		return seek_overlapping(tree, address);
	struct vioci_leaf *leaf = leaf_of(tree, address);
	unsigned int n = started(leaf, vioci_leaf_count(leaf), address);
	if (n == 0)
		return (struct vioci_cursor){ leaf, 0 };
	struct vioci_cursor floor = { leaf, n - 1 };
	return vioci_leaf_last(tree, leaf, n - 1) >= address ? floor : vioci_cursor_next(floor);
}

static enum vioci_peek peek_leaf(const struct vioci_tree *tree, const struct vioci_leaf *leaf,
				 uint64_t address, struct vioci_item *ret)
{
	vioci_leaf_prefetch(tree, leaf);
	uint64_t order = vioci_load(&leaf->order);
	unsigned int count = (unsigned int)(order & 15), position;
	if (tree->overlaps)
		position = reaching_item(tree, leaf, order, address);
	else
		position = started(leaf, count, address) - 1;
	if (position >= count)
		return VIOCI_PEEK_NONE;
	unsigned int slot = vioci_order_slot(order, position);
	const uint64_t *rest = vioci_leaf_rest(tree, leaf, slot);
	ret->start = vioci_load(&leaf->start[slot]);
	ret->last = vioci_load(&rest[0]);
	ret->value = vioci_load(&rest[1]);
	ret->meta = tree->overlaps ? 0 : vioci_load(&rest[2]);
	return ret->start <= address && address <= ret->last ? VIOCI_PEEK_FOUND : VIOCI_PEEK_NONE;
}

/*
 * Every pointer is checked to have been the tree's before it is followed. The node may be another one
 * a moment later, or unused; then its words mean nothing, but it is still memory.
 */
enum vioci_peek vioci_tree_peek(const struct vioci_tree *tree, const struct vioci_seq *seq,
				uint64_t address, struct vioci_item *ret)
{
	uint64_t since = vioci_seq_read(seq);
	uint64_t height = vioci_load(&tree->height);
	const void *node = __atomic_load_n(&tree->root, __ATOMIC_ACQUIRE);
	if (!vioci_seq_holds(seq, since))
		return VIOCI_PEEK_RETRY;
	if (!node)
		return VIOCI_PEEK_NONE;
	while (height--) {
		const struct vioci_inner *inner = node;
		unsigned int index = tree->overlaps ? reaching_child(inner, address)
						    : vioci_inner_find(inner, address);
		bool missed = tree->overlaps && index == vioci_load(&inner->count);
		if (!missed)
			node = vioci_child(inner, index);
		if (!vioci_seq_holds(seq, since))
			return VIOCI_PEEK_RETRY;
		if (missed)
			return VIOCI_PEEK_NONE;
	}
	enum vioci_peek found = peek_leaf(tree, node, address, ret);
	return vioci_seq_holds(seq, since) ? found : VIOCI_PEEK_RETRY;
}
