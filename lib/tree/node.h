/* SPDX-License-Identifier: MIT */
/*
 * The nodes of a tree (tree.h); for the files that make it up only.
 *
 * The items of a leaf lie in no order: a word of nibbles says which slot comes first, second and so on,
 * so that putting one in or taking it out moves nothing. Unused slots have the largest start, so that
 * no search for smaller ones counts them.
 *
 * An inner node knows of each child the first key, and `most`: how much is there to find below it.
 * - overlapping: the largest last.
 * - disjoint: the largest gap behind an item (up to the next one), or more. Changes that make gaps
 *   smaller leave it, since only a search for a gap needs to know, and it corrects what misled it.
 */
#ifndef VIOCI_NODE_H
#define VIOCI_NODE_H

#include "tree/search.h"
#include "tree/tree.h"

#define VIOCI_LEAF_SLOTS  15 /* and their count: 16 nibbles */
#define VIOCI_INNER_SLOTS 31

struct vioci_leaf {
	uint64_t order; /* nibbles from the lowest: count, slots in order, unused slots */
	uint64_t start[VIOCI_LEAF_SLOTS];
	struct vioci_leaf *next;
	struct vioci_leaf *prev;
	uint64_t rest[]; /* of each slot: last, value, and meta if disjoint */
};

struct vioci_inner {
	uint64_t count;
	uint64_t start[VIOCI_INNER_SLOTS];
	uint64_t child[VIOCI_INNER_SLOTS]; /* pointers, see vioci_child() */
	uint64_t most[VIOCI_INNER_SLOTS];
	uint64_t value[]; /* the other half of the key, if overlapping */
};

/*
 * All of a leaf at once, before its keys tell which part will be needed; in a tree too large for the
 * near caches. It costs more than it brings in a small one.
 */
static inline void vioci_leaf_prefetch(const struct vioci_tree *tree, const struct vioci_leaf *leaf)
{
	if (vioci_load(&tree->height) < 3)
		return;
	for (size_t at = 0; at < tree->leaves.node_size; at += VIOCI_POOL_LINE)
		__builtin_prefetch((const char *)leaf + at);
}

static inline unsigned int vioci_leaf_count(const struct vioci_leaf *leaf)
{
	return (unsigned int)(leaf->order & 15);
}

static inline unsigned int vioci_order_slot(uint64_t order, unsigned int position)
{
	return (unsigned int)(order >> (4 * position + 4)) & 15;
}

static inline unsigned int vioci_leaf_slot(const struct vioci_leaf *leaf, unsigned int position)
{
	return vioci_order_slot(leaf->order, position);
}

static inline uint64_t *vioci_leaf_rest(const struct vioci_tree *tree,
					const struct vioci_leaf *leaf, unsigned int slot)
{
	return (uint64_t *)&leaf->rest[slot * (tree->overlaps ? 2 : 3)];
}

static inline uint64_t vioci_leaf_start(const struct vioci_leaf *leaf, unsigned int position)
{
	return leaf->start[vioci_leaf_slot(leaf, position)];
}

static inline uint64_t vioci_leaf_last(const struct vioci_tree *tree, const struct vioci_leaf *leaf,
				       unsigned int position)
{
	return vioci_leaf_rest(tree, leaf, vioci_leaf_slot(leaf, position))[0];
}

static inline uint64_t vioci_leaf_value(const struct vioci_tree *tree,
					const struct vioci_leaf *leaf, unsigned int position)
{
	return vioci_leaf_rest(tree, leaf, vioci_leaf_slot(leaf, position))[1];
}

static inline void *vioci_child(const struct vioci_inner *inner, unsigned int index)
{
	return (void *)(uintptr_t)vioci_load(&inner->child[index]);
}

static inline unsigned int vioci_inner_count(const struct vioci_inner *inner)
{
	return (unsigned int)inner->count;
}

/* Takes the first unused slot to the position, and moves the rest up by a nibble. */
static inline uint64_t vioci_order_insert(uint64_t order, unsigned int position)
{
	unsigned int at = 4 * position + 4, end = 4 * (unsigned int)(order & 15) + 4;
	uint64_t slot = order >> end & 15;
	uint64_t below = order & ~(UINT64_MAX << at);
	uint64_t moved = order & (UINT64_MAX << at) & ~(UINT64_MAX << end);
	uint64_t above = order & (UINT64_MAX << end << 4);
	return (below | slot << at | moved << 4 | above) + 1;
}

/* The slot at the position becomes the first unused one. */
static inline uint64_t vioci_order_remove(uint64_t order, unsigned int position)
{
	unsigned int at = 4 * position + 4, end = 4 * (unsigned int)(order & 15);
	uint64_t slot = order >> at & 15;
	uint64_t below = order & ~(UINT64_MAX << at);
	uint64_t moved = order & (UINT64_MAX << at << 4) & ~(UINT64_MAX << end << 4);
	uint64_t above = order & (UINT64_MAX << end << 4);
	return (below | moved >> 4 | slot << end | above) - 1;
}

static inline void vioci_leaf_put(const struct vioci_tree *tree, struct vioci_leaf *leaf,
				  unsigned int position, const struct vioci_item *item)
{
	unsigned int slot = vioci_order_slot(leaf->order, vioci_leaf_count(leaf));
	uint64_t *rest = vioci_leaf_rest(tree, leaf, slot);
	vioci_store(&leaf->start[slot], item->start);
	vioci_store(&rest[0], item->last);
	vioci_store(&rest[1], item->value);
	if (!tree->overlaps)
		vioci_store(&rest[2], item->meta);
	vioci_store(&leaf->order, vioci_order_insert(leaf->order, position));
}

static inline void vioci_leaf_drop(struct vioci_leaf *leaf, unsigned int position)
{
	vioci_store(&leaf->start[vioci_leaf_slot(leaf, position)], UINT64_MAX);
	vioci_store(&leaf->order, vioci_order_remove(leaf->order, position));
}

/* The child that a key belongs to; ties of start are for the caller. */
static inline unsigned int vioci_inner_find(const struct vioci_inner *inner, uint64_t start)
{
	const unsigned int step = 5;
	unsigned int index = 0;
	for (unsigned int i = step; i + step < VIOCI_INNER_SLOTS; i += step)
		index += vioci_load(&inner->start[i]) <= start;
	index *= step;
	index += vioci_count_upto(&inner->start[1 + index], step, start);
	unsigned int count = (unsigned int)vioci_load(&inner->count);
	if (index < count)
		return index;
	return count ? count - 1 : 0;
}

/* The position of the first item that is not below the key. */
static inline unsigned int vioci_leaf_rank(const struct vioci_tree *tree,
					   const struct vioci_leaf *leaf, uint64_t start,
					   uint64_t value)
{
	unsigned int rank = vioci_count_below(leaf->start, VIOCI_LEAF_SLOTS, start);
	if (!tree->overlaps)
		return rank;
	unsigned int count = vioci_leaf_count(leaf);
	while (rank < count && vioci_leaf_start(leaf, rank) == start &&
	       vioci_leaf_value(tree, leaf, rank) < value)
		rank++;
	return rank;
}

static inline bool vioci_key_below(struct vioci_key a, struct vioci_key b)
{
	return a.start < b.start || (a.start == b.start && a.value < b.value);
}

/* Whether the finger points at the leaf of a key. */
static inline bool vioci_finger_hits(const struct vioci_tree *tree, uint64_t start, uint64_t value)
{
	const struct vioci_path *finger = &tree->finger;
	const struct vioci_key key = { start, value };
	return finger->leaf && !vioci_key_below(key, finger->first) &&
	       vioci_key_below(key, finger->end);
}

/* node.c */
struct vioci_leaf *vioci_leaf_new(struct vioci_tree *tree);
struct vioci_inner *vioci_inner_new(struct vioci_tree *tree);
struct vioci_item vioci_leaf_get(const struct vioci_tree *tree, const struct vioci_leaf *leaf,
				 unsigned int position);
/* The bytes between an item and the next. */
uint64_t vioci_leaf_gap(const struct vioci_tree *tree, const struct vioci_leaf *leaf,
			unsigned int position);
/* What `most` of the child should be. */
uint64_t vioci_leaf_most(const struct vioci_tree *tree, const struct vioci_leaf *leaf);
uint64_t vioci_inner_most(const struct vioci_inner *inner);
void vioci_leaf_move(const struct vioci_tree *tree, struct vioci_leaf *from, unsigned int first,
		     struct vioci_leaf *to, unsigned int position, unsigned int n);
void vioci_inner_put(const struct vioci_tree *tree, struct vioci_inner *inner, unsigned int index,
		     void *child, uint64_t start, uint64_t value, uint64_t most);
void vioci_inner_drop(const struct vioci_tree *tree, struct vioci_inner *inner, unsigned int index);
void vioci_inner_move(const struct vioci_tree *tree, struct vioci_inner *from, unsigned int first,
		      struct vioci_inner *to);

/* shape.c */
void vioci_tree_make_room(struct vioci_tree *tree, struct vioci_path *path, uint64_t start,
			  uint64_t value);
/* After items were taken out of the leaf. Whether nodes merged or went. */
bool vioci_tree_tidy(struct vioci_tree *tree, struct vioci_path *path);
void vioci_tree_first_changed(struct vioci_tree *tree, const struct vioci_path *path);

#endif
