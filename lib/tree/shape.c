// SPDX-License-Identifier: MIT
/* How nodes split, share and merge. Each step leaves a sound tree. */
#include "tree/node.h"

#define LEAF_MERGED  14 /* what two leaves may have together to become one, */
#define LEAF_SPARSE  7	/* looked at when one has so few */
#define LEAF_SHARES  13 /* a leaf with more takes nothing: one taken must leave room in both */
#define INNER_MERGED 24
#define INNER_SPARSE 12

static void set_key(const struct vioci_tree *tree, struct vioci_inner *inner, unsigned int index,
		    uint64_t start, uint64_t value)
{
	vioci_store(&inner->start[index], start);
	if (tree->overlaps)
		vioci_store(&inner->value[index], value);
}

static uint64_t value_of(const struct vioci_tree *tree, const struct vioci_inner *inner,
			 unsigned int index)
{
	return tree->overlaps ? inner->value[index] : 0;
}

/* Upwards from the level, as long as what changed is the first of its parent. */
static void key_changed(const struct vioci_tree *tree, const struct vioci_path *path,
			unsigned int level, uint64_t start, uint64_t value)
{
	for (; level < tree->height; level++) {
		set_key(tree, path->inner[level], path->index[level], start, value);
		if (path->index[level])
			return;
	}
}

void vioci_tree_first_changed(struct vioci_tree *tree, const struct vioci_path *path)
{
	key_changed(tree, path, 0, vioci_leaf_start(path->leaf, 0),
		    vioci_leaf_value(tree, path->leaf, 0));
}

/* After items have moved between the children at index - 1 and index. */
static void refresh(const struct vioci_tree *tree, struct vioci_inner *parent, unsigned int index)
{
	struct vioci_leaf *left = vioci_child(parent, index - 1);
	struct vioci_leaf *right = vioci_child(parent, index);
	set_key(tree, parent, index, vioci_leaf_start(right, 0), vioci_leaf_value(tree, right, 0));
	vioci_store(&parent->most[index - 1], vioci_leaf_most(tree, left));
	vioci_store(&parent->most[index], vioci_leaf_most(tree, right));
}

static unsigned int count_of_child(const struct vioci_inner *parent, unsigned int index)
{
	return vioci_leaf_count(vioci_child(parent, index));
}

/* Evens out the leaves at index - 1 and index; the one that has less may stay so by one. */
static void balance(const struct vioci_tree *tree, struct vioci_inner *parent, unsigned int index)
{
	struct vioci_leaf *left = vioci_child(parent, index - 1);
	struct vioci_leaf *right = vioci_child(parent, index);
	unsigned int before = vioci_leaf_count(left), after = vioci_leaf_count(right);
	if (before > after) {
		unsigned int n = (before - after) / 2;
		vioci_leaf_move(tree, left, before - n, right, 0, n);
	} else {
		vioci_leaf_move(tree, right, 0, left, before, (after - before) / 2);
	}
	refresh(tree, parent, index);
}

/* Moves items from a full leaf to the emptier one of its neighbours, if that leaves room in both. */
static bool share(const struct vioci_tree *tree, struct vioci_inner *parent, unsigned int index)
{
	unsigned int before = index ? count_of_child(parent, index - 1) : VIOCI_LEAF_SLOTS;
	unsigned int after =
		index + 1 < parent->count ? count_of_child(parent, index + 1) : VIOCI_LEAF_SLOTS;
	if (before > LEAF_SHARES && after > LEAF_SHARES)
		return false;
	balance(tree, parent, before < after ? index : index + 1);
	return true;
}

static void grow(struct vioci_tree *tree, struct vioci_path *path)
{
	struct vioci_inner *root = vioci_inner_new(tree);
	uint64_t start, value, most;
	if (tree->height == 0) {
		start = vioci_leaf_start(path->leaf, 0);
		value = vioci_leaf_value(tree, path->leaf, 0);
		most = vioci_leaf_most(tree, path->leaf);
	} else {
		struct vioci_inner *old = tree->root;
		start = old->start[0];
		value = value_of(tree, old, 0);
		most = vioci_inner_most(old);
	}
	vioci_inner_put(tree, root, 0, tree->root, start, value, most);
	path->inner[tree->height] = root;
	path->index[tree->height] = 0;
	__atomic_store_n(&tree->root, root, __ATOMIC_RELEASE);
	vioci_store(&tree->height, tree->height + 1);
}

/* In half, but at the ends of the tree so that ordered fills leave full nodes. */
static void split_inner(struct vioci_tree *tree, struct vioci_path *path, unsigned int level)
{
	struct vioci_inner *parent = path->inner[level + 1], *left = path->inner[level];
	unsigned int index = path->index[level + 1], at = VIOCI_INNER_SLOTS / 2 + 1;
	if (path->index[level] == VIOCI_INNER_SLOTS - 1)
		at = VIOCI_INNER_SLOTS - 1;
	else if (path->index[level] == 0)
		at = 1;
	struct vioci_inner *right = vioci_inner_new(tree);
	vioci_inner_move(tree, left, at, right);
	vioci_inner_put(tree, parent, index + 1, right, right->start[0], value_of(tree, right, 0),
			vioci_inner_most(right));
	vioci_store(&parent->most[index], vioci_inner_most(left));
}

/* True if the parent of the leaf has room; otherwise makes some higher up. */
static bool parent_has_room(struct vioci_tree *tree, struct vioci_path *path)
{
	unsigned int level = 0;
	while (level < tree->height && path->inner[level]->count == VIOCI_INNER_SLOTS)
		level++;
	if (level == tree->height)
		grow(tree, path);
	if (level == 0)
		return true;
	split_inner(tree, path, level - 1);
	return false;
}

static void link_after(struct vioci_leaf *left, struct vioci_leaf *right)
{
	right->prev = left;
	right->next = left->next;
	if (left->next)
		left->next->prev = right;
	left->next = right;
}

/* A new leaf behind this one, for the items from the position on or, if there are none, for the key. */
static void split_leaf(struct vioci_tree *tree, struct vioci_path *path, unsigned int at,
		       uint64_t start, uint64_t value)
{
	struct vioci_inner *parent = path->inner[0];
	unsigned int index = path->index[0];
	struct vioci_leaf *left = path->leaf, *right = vioci_leaf_new(tree);
	if (at < VIOCI_LEAF_SLOTS) {
		start = vioci_leaf_start(left, at);
		value = vioci_leaf_value(tree, left, at);
	}
	vioci_inner_put(tree, parent, index + 1, right, start, value, 0);
	vioci_leaf_move(tree, left, at, right, 0, VIOCI_LEAF_SLOTS - at);
	link_after(left, right);
	if (at == VIOCI_LEAF_SLOTS)
		return;
	vioci_store(&parent->most[index], vioci_leaf_most(tree, left));
	vioci_store(&parent->most[index + 1], vioci_leaf_most(tree, right));
}

/* A step towards room for the key, in a tree whose leaf at the path is full. */
void vioci_tree_make_room(struct vioci_tree *tree, struct vioci_path *path, uint64_t start,
			  uint64_t value)
{
	struct vioci_leaf *leaf = path->leaf;
	unsigned int position = vioci_leaf_rank(tree, leaf, start, value);
	bool ordered = position ? vioci_leaf_start(leaf, position - 1) == tree->recent : false;
	if (!ordered && tree->height && share(tree, path->inner[0], path->index[0]))
		return;
	if (!parent_has_room(tree, path))
		return;
	unsigned int at = VIOCI_LEAF_SLOTS / 2 + 1;
	if (ordered)
		at = position;
	else if (position == 0 && !leaf->prev)
		at = 1;
	split_leaf(tree, path, at, start, value);
}

static void unlink_leaf(struct vioci_leaf *leaf)
{
	if (leaf->prev)
		leaf->prev->next = leaf->next;
	if (leaf->next)
		leaf->next->prev = leaf->prev;
}

static bool merge_leaves(struct vioci_tree *tree, struct vioci_inner *parent, unsigned int index)
{
	if (index == 0 || index >= parent->count)
		return false;
	struct vioci_leaf *left = vioci_child(parent, index - 1);
	struct vioci_leaf *right = vioci_child(parent, index);
	unsigned int before = vioci_leaf_count(left), n = vioci_leaf_count(right);
	if (before + n > LEAF_MERGED)
		return false;
	vioci_leaf_move(tree, right, 0, left, before, n);
	unlink_leaf(right);
	vioci_inner_drop(tree, parent, index);
	vioci_pool_give(&tree->leaves, right);
	vioci_store(&parent->most[index - 1], vioci_leaf_most(tree, left));
	return true;
}

static bool merge_inners(struct vioci_tree *tree, struct vioci_inner *parent, unsigned int index)
{
	if (index == 0 || index >= parent->count)
		return false;
	struct vioci_inner *left = vioci_child(parent, index - 1);
	struct vioci_inner *right = vioci_child(parent, index);
	if (left->count + right->count > INNER_MERGED)
		return false;
	vioci_inner_move(tree, right, 0, left);
	vioci_inner_drop(tree, parent, index);
	vioci_pool_give(&tree->inners, right);
	vioci_store(&parent->most[index - 1], vioci_inner_most(left));
	return true;
}

/* The child at the level of the path is empty: out with it, and with parents that become so. */
static void drop_child(struct vioci_tree *tree, struct vioci_path *path)
{
	unlink_leaf(path->leaf);
	vioci_pool_give(&tree->leaves, path->leaf);
	for (unsigned int level = 0; level < tree->height; level++) {
		struct vioci_inner *inner = path->inner[level];
		vioci_inner_drop(tree, inner, path->index[level]);
		if (inner->count) {
			if (path->index[level] == 0)
				key_changed(tree, path, level + 1, inner->start[0],
					    value_of(tree, inner, 0));
			return;
		}
		vioci_pool_give(&tree->inners, inner);
	}
	__atomic_store_n(&tree->root, NULL, __ATOMIC_RELEASE);
	vioci_store(&tree->height, 0);
}

static void shrink(struct vioci_tree *tree)
{
	while (tree->height) {
		struct vioci_inner *root = tree->root;
		if (root->count != 1)
			return;
		vioci_store(&tree->height, tree->height - 1);
		__atomic_store_n(&tree->root, vioci_child(root, 0), __ATOMIC_RELEASE);
		vioci_pool_give(&tree->inners, root);
	}
}

bool vioci_tree_tidy(struct vioci_tree *tree, struct vioci_path *path)
{
	unsigned int count = vioci_leaf_count(path->leaf);
	if (count > LEAF_SPARSE || (count && tree->height == 0))
		return false;
	if (count == 0)
		drop_child(tree, path);
	else if (!merge_leaves(tree, path->inner[0], path->index[0]) &&
		 !merge_leaves(tree, path->inner[0], path->index[0] + 1))
		return false;
	for (unsigned int level = 0; level + 1 < tree->height; level++) {
		struct vioci_inner *parent = path->inner[level + 1];
		unsigned int index = path->index[level + 1];
		if (path->inner[level]->count > INNER_SPARSE || path->inner[level]->count == 0)
			break;
		if (!merge_inners(tree, parent, index) && !merge_inners(tree, parent, index + 1))
			break;
	}
	shrink(tree);
	return true;
}
