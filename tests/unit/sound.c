// SPDX-License-Identifier: MIT
#include "tree/node.h"
#include "sound.h"

struct check {
	const struct vioci_tree *tree;
	const struct vioci_leaf *previous;
	struct vioci_item item; /* the last one seen */
	size_t count;
	bool sound;
};

static void expect(struct check *check, bool holds)
{
	check->sound = check->sound && holds;
}

static void check_item(struct check *check, const struct vioci_item *item)
{
	const struct vioci_item *before = &check->item;
	if (check->count++) {
		if (check->tree->overlaps)
			expect(check,
			       before->start < item->start || (before->start == item->start &&
							       before->value < item->value));
		else
			expect(check, before->last < item->start);
	}
	expect(check, item->start <= item->last);
	check->item = *item;
}

static uint64_t check_leaf(struct check *check, const struct vioci_leaf *leaf)
{
	unsigned int seen = 0, count = vioci_leaf_count(leaf);
	expect(check, leaf->prev == check->previous && count > 0);
	expect(check, !check->previous || check->previous->next == leaf);
	check->previous = leaf;
	for (unsigned int i = 0; i < VIOCI_LEAF_SLOTS; i++) {
		seen |= 1u << vioci_leaf_slot(leaf, i);
		expect(check, i < count || vioci_leaf_start(leaf, i) == UINT64_MAX);
	}
	expect(check, seen == (1u << VIOCI_LEAF_SLOTS) - 1);
	for (unsigned int i = 0; i < count; i++) {
		struct vioci_item item = vioci_leaf_get(check->tree, leaf, i);
		check_item(check, &item);
	}
	return vioci_leaf_most(check->tree, leaf);
}

static struct vioci_item first_of(const struct vioci_tree *tree, const void *node, size_t height)
{
	for (; height; height--)
		node = vioci_child(node, 0);
	return vioci_leaf_get(tree, node, 0);
}

/* Returns what there is to find below the node. */
static uint64_t check_below(struct check *check, const void *node, size_t height)
{
	if (height == 0)
		return check_leaf(check, node);
	const struct vioci_inner *inner = node;
	uint64_t most = 0;
	expect(check, inner->count > 0 && inner->count <= VIOCI_INNER_SLOTS);
	for (unsigned int i = 0; i < inner->count && check->sound; i++) {
		const void *child = vioci_child(inner, i);
		struct vioci_item first = first_of(check->tree, child, height - 1);
		uint64_t here = check_below(check, child, height - 1);
		expect(check,
		       check->tree->overlaps ? inner->most[i] == here : inner->most[i] >= here);
		expect(check, inner->start[i] == first.start);
		expect(check, !check->tree->overlaps || inner->value[i] == first.value);
		most = here > most ? here : most;
	}
	for (uint64_t i = inner->count; i < VIOCI_INNER_SLOTS; i++)
		expect(check, inner->start[i] == UINT64_MAX);
	return most;
}

bool tree_sound(const struct vioci_tree *tree)
{
	struct check check = { .tree = tree, .sound = true };
	if (tree->root)
		check_below(&check, tree->root, (size_t)tree->height);
	if (tree->height)
		expect(&check, vioci_inner_count(tree->root) > 1);
	expect(&check, check.count == tree->count);
	expect(&check, !check.previous || !check.previous->next);
	return check.sound;
}
