// SPDX-License-Identifier: MIT
#include "tree/node.h"

/* No items, and the slots in their own order. */
#define ORDER_EMPTY 0xedcba98765432100u

struct vioci_leaf *vioci_leaf_new(struct vioci_tree *tree)
{
	struct vioci_leaf *leaf = vioci_pool_take(&tree->leaves);
	vioci_store(&leaf->order, ORDER_EMPTY);
	for (unsigned int i = 0; i < VIOCI_LEAF_SLOTS; i++)
		vioci_store(&leaf->start[i], UINT64_MAX);
	leaf->next = NULL;
	leaf->prev = NULL;
	return leaf;
}

struct vioci_inner *vioci_inner_new(struct vioci_tree *tree)
{
	struct vioci_inner *inner = vioci_pool_take(&tree->inners);
	vioci_store(&inner->count, 0);
	for (unsigned int i = 0; i < VIOCI_INNER_SLOTS; i++)
		vioci_store(&inner->start[i], UINT64_MAX);
	return inner;
}

struct vioci_item vioci_leaf_get(const struct vioci_tree *tree, const struct vioci_leaf *leaf,
				 unsigned int position)
{
	unsigned int slot = vioci_leaf_slot(leaf, position);
	const uint64_t *rest = vioci_leaf_rest(tree, leaf, slot);
	return (struct vioci_item){
		.start = leaf->start[slot],
		.last = rest[0],
		.value = rest[1],
		.meta = tree->overlaps ? 0 : rest[2],
	};
}

uint64_t vioci_leaf_gap(const struct vioci_tree *tree, const struct vioci_leaf *leaf,
			unsigned int position)
{
	uint64_t last = vioci_leaf_last(tree, leaf, position);
	if (position + 1 < vioci_leaf_count(leaf))
		return vioci_leaf_start(leaf, position + 1) - last - 1;
	return leaf->next ? vioci_leaf_start(leaf->next, 0) - last - 1 : UINT64_MAX - last;
}

uint64_t vioci_leaf_most(const struct vioci_tree *tree, const struct vioci_leaf *leaf)
{
	uint64_t most = 0;
	unsigned int count = vioci_leaf_count(leaf);
	for (unsigned int i = 0; i < count; i++) {
		uint64_t here = tree->overlaps ? vioci_leaf_last(tree, leaf, i)
					       : vioci_leaf_gap(tree, leaf, i);
		most = here > most ? here : most;
	}
	return most;
}

uint64_t vioci_inner_most(const struct vioci_inner *inner)
{
	uint64_t most = 0;
	for (unsigned int i = 0; i < inner->count; i++)
		most = inner->most[i] > most ? inner->most[i] : most;
	return most;
}

void vioci_leaf_move(const struct vioci_tree *tree, struct vioci_leaf *from, unsigned int first,
		     struct vioci_leaf *to, unsigned int position, unsigned int n)
{
	while (n--) {
		struct vioci_item item = vioci_leaf_get(tree, from, first + n);
		vioci_leaf_put(tree, to, position, &item);
		vioci_leaf_drop(from, first + n);
	}
}

static void widen(uint64_t *words, unsigned int index, unsigned int count, uint64_t word)
{
	for (unsigned int i = count; i > index; i--)
		vioci_store(&words[i], words[i - 1]);
	vioci_store(&words[index], word);
}

static void close_up(uint64_t *words, unsigned int index, unsigned int count)
{
	for (unsigned int i = index; i + 1 < count; i++)
		vioci_store(&words[i], words[i + 1]);
}

void vioci_inner_put(const struct vioci_tree *tree, struct vioci_inner *inner, unsigned int index,
		     void *child, uint64_t start, uint64_t value, uint64_t most)
{
	unsigned int count = vioci_inner_count(inner);
	widen(inner->start, index, count, start);
	widen(inner->child, index, count, (uint64_t)(uintptr_t)child);
	widen(inner->most, index, count, most);
	if (tree->overlaps)
		widen(inner->value, index, count, value);
	vioci_store(&inner->count, count + 1);
}

void vioci_inner_drop(const struct vioci_tree *tree, struct vioci_inner *inner, unsigned int index)
{
	unsigned int count = vioci_inner_count(inner);
	close_up(inner->start, index, count);
	close_up(inner->child, index, count);
	close_up(inner->most, index, count);
	if (tree->overlaps)
		close_up(inner->value, index, count);
	vioci_store(&inner->start[count - 1], UINT64_MAX);
	vioci_store(&inner->count, count - 1);
}

/* To the end of another node. */
void vioci_inner_move(const struct vioci_tree *tree, struct vioci_inner *from, unsigned int first,
		      struct vioci_inner *to)
{
	for (unsigned int i = first; i < from->count; i++) {
		vioci_inner_put(tree, to, vioci_inner_count(to), vioci_child(from, i),
				from->start[i], tree->overlaps ? from->value[i] : 0, from->most[i]);
		vioci_store(&from->start[i], UINT64_MAX);
	}
	vioci_store(&from->count, first);
}
