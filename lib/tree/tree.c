// SPDX-License-Identifier: MIT
#include "tree/node.h"

void vioci_tree_init(struct vioci_tree *tree, bool overlaps)
{
	size_t words = VIOCI_LEAF_SLOTS * (overlaps ? 2 : 3);
	*tree = (struct vioci_tree){ .overlaps = overlaps };
	vioci_pool_init(&tree->leaves, sizeof(struct vioci_leaf) + words * sizeof(uint64_t));
	words = overlaps ? VIOCI_INNER_SLOTS : 0;
	vioci_pool_init(&tree->inners, sizeof(struct vioci_inner) + words * sizeof(uint64_t));
}

void vioci_tree_destroy(struct vioci_tree *tree)
{
	vioci_pool_destroy(&tree->leaves);
	vioci_pool_destroy(&tree->inners);
	vioci_tree_init(tree, tree->overlaps);
}

size_t vioci_tree_bytes(const struct vioci_tree *tree)
{
	return vioci_pool_bytes(&tree->leaves) + vioci_pool_bytes(&tree->inners);
}

/* Items of one start may fill several children. */
static unsigned int step_back(const struct vioci_inner *inner, unsigned int index, uint64_t start,
			      uint64_t value)
{
	while (index && inner->start[index] == start && inner->value[index] > value)
		index--;
	return index;
}

static inline struct vioci_key key_at(const struct vioci_tree *tree,
				      const struct vioci_inner *inner, unsigned int index)
{
	return (struct vioci_key){ inner->start[index], tree->overlaps ? inner->value[index] : 0 };
}

static inline void descend(const struct vioci_tree *tree, uint64_t start, uint64_t value,
			   struct vioci_path *path)
{
	void *node = tree->root;
	path->first = (struct vioci_key){ 0, 0 };
	path->end = (struct vioci_key){ UINT64_MAX, UINT64_MAX };
	for (size_t level = tree->height; level-- > 0;) {
		struct vioci_inner *inner = node;
		unsigned int index = vioci_inner_find(inner, start);
		if (tree->overlaps)
			index = step_back(inner, index, start, value);
		if (index)
			path->first = key_at(tree, inner, index);
		if (index + 1 < inner->count)
			path->end = key_at(tree, inner, index + 1);
		path->inner[level] = inner;
		path->index[level] = index;
		node = vioci_child(inner, index);
	}
	path->leaf = node;
	vioci_leaf_prefetch(tree, node);
}

/* The way to a key, for a change. */
static inline struct vioci_path *point_at(struct vioci_tree *tree, uint64_t start, uint64_t value)
{
	value = tree->overlaps ? value : 0;
	if (!vioci_finger_hits(tree, start, value))
		descend(tree, start, value, &tree->finger);
	return &tree->finger;
}

void vioci_tree_point(struct vioci_tree *tree, uint64_t start, uint64_t value)
{
	if (tree->root)
		point_at(tree, start, value);
}

static bool is_at(const struct vioci_tree *tree, const struct vioci_leaf *leaf,
		  unsigned int position, uint64_t start, uint64_t value)
{
	return position < vioci_leaf_count(leaf) && vioci_leaf_start(leaf, position) == start &&
	       (!tree->overlaps || vioci_leaf_value(tree, leaf, position) == value);
}

/* Upwards from the level, as long as it is news. */
static void raise(const struct vioci_tree *tree, const struct vioci_path *path, unsigned int level,
		  uint64_t most)
{
	for (; level < tree->height; level++) {
		uint64_t *word = &path->inner[level]->most[path->index[level]];
		if (*word >= most)
			return;
		vioci_store(word, most);
	}
}

/* For the item before the first of the leaf. */
static void raise_before(const struct vioci_tree *tree, const struct vioci_path *path,
			 uint64_t most)
{
	unsigned int level = 0;
	while (path->index[level] == 0)
		level++;
	raise(tree, path, level + 1, most);
	struct vioci_inner *inner = path->inner[level];
	unsigned int index = path->index[level] - 1;
	for (;;) {
		if (inner->most[index] < most)
			vioci_store(&inner->most[index], most);
		if (level-- == 0)
			return;
		inner = vioci_child(inner, index);
		index = vioci_inner_count(inner) - 1;
	}
}

static void lower(const struct vioci_tree *tree, const struct vioci_path *path, uint64_t old)
{
	if (tree->height == 0 || path->inner[0]->most[path->index[0]] != old)
		return;
	uint64_t most = vioci_leaf_most(tree, path->leaf);
	for (unsigned int level = 0; level < tree->height; level++) {
		uint64_t *word = &path->inner[level]->most[path->index[level]];
		if (*word == most)
			return;
		vioci_store(word, most);
		most = vioci_inner_most(path->inner[level]);
	}
}

static void plant(struct vioci_tree *tree)
{
	__atomic_store_n(&tree->root, (void *)vioci_leaf_new(tree), __ATOMIC_RELEASE);
}

void vioci_tree_insert(struct vioci_tree *tree, const struct vioci_item *item)
{
	struct vioci_path *path;
	if (!tree->root)
		plant(tree);
	for (;;) {
		path = point_at(tree, item->start, item->value);
		if (vioci_leaf_count(path->leaf) < VIOCI_LEAF_SLOTS)
			break;
		vioci_tree_make_room(tree, path, item->start, item->value);
		path->leaf = NULL;
	}
	unsigned int position = vioci_leaf_rank(tree, path->leaf, item->start, item->value);
	vioci_leaf_put(tree, path->leaf, position, item);
	tree->count++;
	tree->recent = item->start;
	if (position == 0)
		vioci_tree_first_changed(tree, path);
	if (tree->overlaps)
		raise(tree, path, 0, item->last);
	else if (position == 0)
		raise(tree, path, 0, vioci_leaf_gap(tree, path->leaf, 0));
	if (position == 0)
		path->leaf = NULL;
}

/* The gap that n items from the position on leave. */
static void gap_opens(const struct vioci_tree *tree, const struct vioci_path *path,
		      unsigned int position, unsigned int n)
{
	const struct vioci_leaf *leaf = path->leaf;
	uint64_t gap = vioci_leaf_gap(tree, leaf, position + n - 1);
	uint64_t last = vioci_leaf_last(tree, leaf, position + n - 1), before;
	if (position > 0)
		before = vioci_leaf_last(tree, leaf, position - 1);
	else if (leaf->prev)
		before = vioci_leaf_last(tree, leaf->prev, vioci_leaf_count(leaf->prev) - 1);
	else
		return;
	if (position > 0)
		raise(tree, path, 0, gap + last - before);
	else
		raise_before(tree, path, gap + last - before);
}

static uint64_t largest_last(const struct vioci_tree *tree, const struct vioci_leaf *leaf,
			     unsigned int position, unsigned int n)
{
	uint64_t most = 0;
	for (unsigned int i = position; i < position + n; i++) {
		uint64_t last = vioci_leaf_last(tree, leaf, i);
		most = last > most ? last : most;
	}
	return most;
}

/* Takes n items of the leaf out. */
static void erase(struct vioci_tree *tree, struct vioci_path *path, unsigned int position,
		  unsigned int n)
{
	struct vioci_leaf *leaf = path->leaf;
	uint64_t most = 0;
	if (tree->overlaps)
		most = largest_last(tree, leaf, position, n);
	else
		gap_opens(tree, path, position, n);
	for (unsigned int i = n; i-- > 0;)
		vioci_leaf_drop(leaf, position + i);
	tree->count -= n;
	if (tree->overlaps)
		lower(tree, path, most);
	if (position == 0 && vioci_leaf_count(leaf))
		vioci_tree_first_changed(tree, path);
	bool reshaped = vioci_tree_tidy(tree, path);
	if (position == 0 || reshaped)
		path->leaf = NULL;
}

bool vioci_tree_remove(struct vioci_tree *tree, uint64_t start, uint64_t value)
{
	if (!tree->root)
		return false;
	struct vioci_path *path = point_at(tree, start, value);
	unsigned int position = vioci_leaf_rank(tree, path->leaf, start, value);
	if (!is_at(tree, path->leaf, position, start, value))
		return false;
	erase(tree, path, position, 1);
	return true;
}

static struct vioci_path *path_to(struct vioci_tree *tree, struct vioci_cursor cursor)
{
	return point_at(tree, vioci_leaf_start(cursor.leaf, cursor.index),
			vioci_leaf_value(tree, cursor.leaf, cursor.index));
}

void vioci_tree_remove_run(struct vioci_tree *tree, struct vioci_cursor cursor, size_t count)
{
	while (count) {
		struct vioci_path *path = path_to(tree, cursor);
		unsigned int n = vioci_leaf_count(cursor.leaf) - cursor.index;
		if (n > count)
			n = (unsigned int)count;
		count -= n;
		struct vioci_cursor next = { cursor.leaf->next, 0 };
		struct vioci_item then = { 0 };
		if (count)
			then = vioci_tree_get(tree, next);
		erase(tree, path, cursor.index, n);
		if (count)
			cursor = vioci_tree_find(tree, then.start, then.value);
	}
}

void vioci_tree_set_value(struct vioci_tree *tree, struct vioci_cursor cursor, uint64_t value)
{
	unsigned int slot = vioci_leaf_slot(cursor.leaf, cursor.index);
	vioci_store(&vioci_leaf_rest(tree, cursor.leaf, slot)[1], value);
}

void vioci_tree_set_meta(struct vioci_tree *tree, struct vioci_cursor cursor, uint64_t meta)
{
	unsigned int slot = vioci_leaf_slot(cursor.leaf, cursor.index);
	vioci_store(&vioci_leaf_rest(tree, cursor.leaf, slot)[2], meta);
}

void vioci_tree_set_last(struct vioci_tree *tree, struct vioci_cursor cursor, uint64_t last)
{
	struct vioci_path *path = path_to(tree, cursor);
	unsigned int slot = vioci_leaf_slot(cursor.leaf, cursor.index);
	uint64_t *word = vioci_leaf_rest(tree, cursor.leaf, slot), old = *word;
	vioci_store(word, last);
	if (!tree->overlaps)
		raise(tree, path, 0, vioci_leaf_gap(tree, cursor.leaf, cursor.index));
	else if (last > old)
		raise(tree, path, 0, last);
	else
		lower(tree, path, old);
}

struct vioci_cursor vioci_tree_find(const struct vioci_tree *tree, uint64_t start, uint64_t value)
{
	struct vioci_path path;
	if (!tree->root)
		return (struct vioci_cursor){ 0 };
	descend(tree, start, value, &path);
	unsigned int position = vioci_leaf_rank(tree, path.leaf, start, value);
	if (!is_at(tree, path.leaf, position, start, value))
		return (struct vioci_cursor){ 0 };
	return (struct vioci_cursor){ path.leaf, position };
}

struct vioci_cursor vioci_tree_from(const struct vioci_tree *tree, uint64_t start)
{
	struct vioci_path path;
	if (!tree->root)
		return (struct vioci_cursor){ 0 };
	descend(tree, start, 0, &path);
	unsigned int position = vioci_leaf_rank(tree, path.leaf, start, 0);
	if (position < vioci_leaf_count(path.leaf))
		return (struct vioci_cursor){ path.leaf, position };
	return (struct vioci_cursor){ path.leaf->next, 0 };
}
