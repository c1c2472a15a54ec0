/* SPDX-License-Identifier: MIT */
/*
 * Intervals in order, in a B+tree of two kinds:
 * - disjoint: keyed by start, no two meet; knows its gaps.
 * - overlapping: keyed by start and value, any may meet; keeps no meta.
 * Changes need the owner's lock, and a reservation: with it they cannot fail. vioci_tree_peek() needs
 * neither, if every change is made between vioci_seq_begin() and vioci_seq_end().
 */
#ifndef VIOCI_TREE_H
#define VIOCI_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tree/pool.h"
#include "tree/seq.h"

#define VIOCI_TREE_HEIGHT 16 /* never reached: a level has many times the nodes of the one above */

struct vioci_leaf;
struct vioci_inner;

struct vioci_item {
	uint64_t start;
	uint64_t last; /* inclusive, so that the top of the address space is in reach */
	uint64_t value;
	uint64_t meta;
};

struct vioci_key {
	uint64_t start;
	uint64_t value; /* counts only where items may overlap */
};

/* The way down to a leaf, [0] being its parent: the way to all keys from a first up to an end. */
struct vioci_path {
	struct vioci_leaf *leaf;
	struct vioci_key first;
	struct vioci_key end;
	struct vioci_inner *inner[VIOCI_TREE_HEIGHT];
	unsigned int index[VIOCI_TREE_HEIGHT];
};

struct vioci_tree {
	void *root; /* a leaf if height is 0; NULL when empty */
	uint64_t height;
	size_t count;
	bool overlaps;
	uint64_t recent; /* start of the last item put in: ordered fills show */
	struct vioci_pool leaves;
	struct vioci_pool inners;
	struct vioci_path finger; /* where the last change was: the next is often near */
};

/* A place in the tree, until the tree changes. */
struct vioci_cursor {
	struct vioci_leaf *leaf; /* NULL: behind the last or before the first item */
	unsigned int index;
};

/* An address a with a % align == phase, and length bytes from there on. */
struct vioci_fit {
	uint64_t length; /* not 0 */
	uint64_t align;	 /* a power of two */
	uint64_t phase;	 /* below align */
};

enum vioci_peek { VIOCI_PEEK_NONE, VIOCI_PEEK_FOUND, VIOCI_PEEK_RETRY };

void vioci_tree_init(struct vioci_tree *tree, bool overlaps);
void vioci_tree_destroy(struct vioci_tree *tree);
size_t vioci_tree_bytes(const struct vioci_tree *tree);

/*
 * Memory for n inserts to come: each splits one leaf, a node of each level above and the root at most.
 * -ENOMEM. Removals need none.
 */
static inline int vioci_tree_reserve(struct vioci_tree *tree, size_t n)
{
	int error = vioci_pool_reserve(&tree->leaves, n);
	if (error < 0)
		return error;
	error = vioci_pool_reserve(&tree->inners, n * VIOCI_TREE_HEIGHT);
	if (error < 0)
		vioci_pool_unreserve(&tree->leaves, n);
	return error;
}

static inline void vioci_tree_unreserve(struct vioci_tree *tree, size_t n)
{
	vioci_pool_unreserve(&tree->leaves, n);
	vioci_pool_unreserve(&tree->inners, n * VIOCI_TREE_HEIGHT);
}

/* Announces that a change is likely at the key, so that the searches before it become short, too. */
void vioci_tree_point(struct vioci_tree *tree, uint64_t start, uint64_t value);

/* The key is new, and in a disjoint tree nothing meets the item. */
void vioci_tree_insert(struct vioci_tree *tree, const struct vioci_item *item);

/* False if there is no item of that key; value counts only where items may overlap. */
bool vioci_tree_remove(struct vioci_tree *tree, uint64_t start, uint64_t value);

/* Removes count items from the cursor on, which is of no use afterwards. */
void vioci_tree_remove_run(struct vioci_tree *tree, struct vioci_cursor cursor, size_t count);

/*
 * Disjoint: the first item that ends at address or later. Overlapping: the first that covers it, in
 * the order of keys.
 */
struct vioci_cursor vioci_tree_seek(const struct vioci_tree *tree, uint64_t address);
struct vioci_cursor vioci_tree_find(const struct vioci_tree *tree, uint64_t start, uint64_t value);
/* The first item that starts at start or later. */
struct vioci_cursor vioci_tree_from(const struct vioci_tree *tree, uint64_t start);
struct vioci_cursor vioci_tree_first(const struct vioci_tree *tree);
struct vioci_cursor vioci_tree_last(const struct vioci_tree *tree);
struct vioci_cursor vioci_cursor_next(struct vioci_cursor cursor);
struct vioci_cursor vioci_cursor_prev(struct vioci_cursor cursor);
struct vioci_item vioci_tree_get(const struct vioci_tree *tree, struct vioci_cursor cursor);

/* In place, in a disjoint tree; the new last may not meet the next item. */
void vioci_tree_set_value(struct vioci_tree *tree, struct vioci_cursor cursor, uint64_t value);
void vioci_tree_set_meta(struct vioci_tree *tree, struct vioci_cursor cursor, uint64_t meta);
/* In place, in both. */
void vioci_tree_set_last(struct vioci_tree *tree, struct vioci_cursor cursor, uint64_t last);

#define VIOCI_MAX_MISFITS 64

/*
 * The lowest address in [from, to] that nothing is at and that fits with all its bytes; disjoint only.
 * After VIOCI_MAX_MISFITS gaps that are long enough and yet have no such address, only those in which
 * there must be one are considered: length + align - 1 bytes. So where all lie well, none is missed.
 * It learns on its way where the gaps have become too small, and so is a change for the owner's lock,
 * but none that readers see.
 */
bool vioci_tree_find_gap(struct vioci_tree *tree, uint64_t from, uint64_t to,
			 const struct vioci_fit *fit, uint64_t *ret);

/* The item that covers the address (of several the first), without the lock. */
enum vioci_peek vioci_tree_peek(const struct vioci_tree *tree, const struct vioci_seq *seq,
				uint64_t address, struct vioci_item *ret);

#endif
