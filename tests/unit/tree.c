// SPDX-License-Identifier: MIT
/* The trees of lib/ioas against a plain sorted array that can do everything slowly. */
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "tree/tree.h"
#include "sound.h"

#define CAPACITY 4096

struct model {
	struct vioci_tree tree;
	struct vioci_item items[CAPACITY];
	size_t count;
};

static uint64_t state = 88172645463325252u;

static uint64_t random_word(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t below(uint64_t bound)
{
	return (random_word() >> 16) % bound;
}

static struct model *model_new(bool overlaps)
{
	struct model *model = calloc(1, sizeof(*model));
	assert_non_null(model);
	vioci_tree_init(&model->tree, overlaps);
	return model;
}

static void model_free(struct model *model)
{
	vioci_tree_destroy(&model->tree);
	free(model);
}

static bool is_below(const struct vioci_item *a, uint64_t start, uint64_t value)
{
	return a->start < start || (a->start == start && a->value < value);
}

static size_t rank(const struct model *model, uint64_t start, uint64_t value)
{
	size_t low = 0, high = model->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (is_below(&model->items[middle], start, model->tree.overlaps ? value : 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool fits_in(const struct model *model, size_t at, const struct vioci_item *item)
{
	if (model->count == CAPACITY)
		return false;
	const struct vioci_item *next = at < model->count ? &model->items[at] : NULL;
	if (model->tree.overlaps)
		return !next || next->start != item->start || next->value != item->value;
	return (!next || next->start > item->last) &&
	       (at == 0 || model->items[at - 1].last < item->start);
}

static bool insert(struct model *model, struct vioci_item item)
{
	size_t at = rank(model, item.start, item.value);
	if (!fits_in(model, at, &item))
		return false;
	if (model->tree.overlaps)
		item.meta = 0;
	memmove(&model->items[at + 1], &model->items[at],
		(model->count - at) * sizeof(model->items[0]));
	model->items[at] = item;
	model->count++;
	assert_int_equal(vioci_tree_reserve(&model->tree, 1), 0);
	vioci_tree_insert(&model->tree, &item);
	vioci_tree_unreserve(&model->tree, 1);
	return true;
}

static void forget(struct model *model, size_t at, size_t n)
{
	memmove(&model->items[at], &model->items[at + n],
		(model->count - at - n) * sizeof(model->items[0]));
	model->count -= n;
}

static void remove_at(struct model *model, size_t at)
{
	struct vioci_item item = model->items[at];
	forget(model, at, 1);
	assert_true(vioci_tree_remove(&model->tree, item.start, item.value));
	assert_false(vioci_tree_remove(&model->tree, item.start, item.value));
}

static struct vioci_cursor cursor_to(const struct model *model, size_t at)
{
	struct vioci_item item = model->items[at];
	struct vioci_cursor cursor = vioci_tree_find(&model->tree, item.start, item.value);
	assert_non_null(cursor.leaf);
	return cursor;
}

static void remove_run(struct model *model, size_t at, size_t n)
{
	vioci_tree_remove_run(&model->tree, cursor_to(model, at), n);
	forget(model, at, n);
}

static void assert_same(struct vioci_item got, const struct vioci_item *expected)
{
	assert_memory_equal(&got, expected, sizeof(got));
}

static void verify(const struct model *model)
{
	assert_true(tree_sound(&model->tree));
	assert_int_equal(model->tree.count, model->count);
	struct vioci_cursor cursor = vioci_tree_first(&model->tree), last = { 0 };
	for (size_t i = 0; i < model->count; i++) {
		assert_non_null(cursor.leaf);
		assert_same(vioci_tree_get(&model->tree, cursor), &model->items[i]);
		last = cursor;
		cursor = vioci_cursor_next(cursor);
	}
	assert_null(cursor.leaf);
	for (size_t i = model->count; i-- > 0; last = vioci_cursor_prev(last))
		assert_same(vioci_tree_get(&model->tree, last), &model->items[i]);
	assert_null(last.leaf);
}

/* What seek must find; CAPACITY if nothing. */
static size_t slow_seek(const struct model *model, uint64_t address)
{
	for (size_t i = 0; i < model->count; i++) {
		const struct vioci_item *item = &model->items[i];
		if (item->last >= address && (!model->tree.overlaps || item->start <= address))
			return i;
	}
	return CAPACITY;
}

static void check_seek(const struct model *model, uint64_t address)
{
	size_t expected = slow_seek(model, address);
	struct vioci_cursor found = vioci_tree_seek(&model->tree, address);
	assert_int_equal(found.leaf != NULL, expected != CAPACITY);
	if (found.leaf)
		assert_same(vioci_tree_get(&model->tree, found), &model->items[expected]);

	const struct vioci_seq seq = { 0 };
	struct vioci_item item;
	enum vioci_peek peek = vioci_tree_peek(&model->tree, &seq, address, &item);
	bool covers = expected != CAPACITY && model->items[expected].start <= address;
	assert_int_equal(peek, covers ? VIOCI_PEEK_FOUND : VIOCI_PEEK_NONE);
	if (covers)
		assert_same(item, &model->items[expected]);
}

static bool try_gap(uint64_t first, uint64_t last, uint64_t from, uint64_t to,
		    const struct vioci_fit *fit, uint64_t *ret)
{
	first = first < from ? from : first;
	last = last > to ? to : last;
	if (first > last)
		return false;
	unsigned __int128 address = first;
	address += (fit->phase - first) & (fit->align - 1);
	*ret = (uint64_t)address;
	return address + fit->length - 1 <= last;
}

/* So much that it fits wherever it lies. */
static uint64_t padded(const struct vioci_fit *fit)
{
	uint64_t sum = fit->length + (fit->align - 1);
	return sum < fit->length ? UINT64_MAX : sum;
}

static bool slow_gap(const struct model *model, uint64_t from, uint64_t to,
		     const struct vioci_fit *fit, uint64_t *ret)
{
	uint64_t first = 0, enough = fit->length;
	unsigned int n_misfits = 0;
	for (size_t i = 0; i < model->count; i++) {
		uint64_t start = model->items[i].start;
		bool looks = start - first >= enough;
		if (looks && try_gap(first, start - 1, from, to, fit, ret))
			return true;
		if (looks && i && start - 1 >= from && ++n_misfits == VIOCI_MAX_MISFITS)
			enough = padded(fit);
		if (model->items[i].last == UINT64_MAX)
			return false;
		first = model->items[i].last + 1;
	}
	return UINT64_MAX - first + 1 - !first >= enough &&
	       try_gap(first, UINT64_MAX, from, to, fit, ret);
}

static void check_gap(struct model *model, uint64_t from, uint64_t to, struct vioci_fit fit)
{
	uint64_t expected = 0, got = 0;
	bool is = slow_gap(model, from, to, &fit, &expected);
	assert_int_equal(vioci_tree_find_gap(&model->tree, from, to, &fit, &got), is);
	if (is)
		assert_int_equal(got, expected);
}

/* Addresses at both ends of the space or in the middle, so close that items collide. */
static uint64_t random_address(uint64_t span)
{
	uint64_t offset = below(span);
	switch (below(4)) {
	case 0:
		return offset;
	case 1:
		return UINT64_MAX - offset;
	default:
		return ((uint64_t)1 << 40) + offset;
	}
}

static struct vioci_item random_item(uint64_t span, uint64_t longest)
{
	struct vioci_item item = { .start = random_address(span), .value = below(4) };
	uint64_t more = below(longest);
	item.last = item.start + more < item.start ? UINT64_MAX : item.start + more;
	item.meta = random_word();
	return item;
}

static void random_gap(struct model *model, uint64_t span)
{
	uint64_t from = below(3) ? random_address(span) : 0;
	uint64_t to = below(3) ? random_address(span) : UINT64_MAX;
	uint64_t align = (uint64_t)1 << below(below(4) ? 6 : 64);
	struct vioci_fit fit = { 1 + below(below(4) ? 40 : UINT64_MAX >> 16), align,
				 random_word() & (align - 1) };
	check_gap(model, from, to, fit);
}

static void random_change(struct model *model)
{
	size_t at = (size_t)below(model->count);
	struct vioci_cursor cursor = cursor_to(model, at);
	struct vioci_item *item = &model->items[at];
	uint64_t last = item->start + below(item->last - item->start + 1);
	if (!model->tree.overlaps) {
		item->meta = random_word();
		vioci_tree_set_meta(&model->tree, cursor, item->meta);
		item->value = random_word();
		vioci_tree_set_value(&model->tree, cursor, item->value);
		if (below(2))
			last = at + 1 < model->count ? item[1].start - 1 : UINT64_MAX;
	} else if (below(2)) {
		last = item->start +
		       (item->start < UINT64_MAX ? below(UINT64_MAX - item->start) : 0);
	}
	item->last = last;
	vioci_tree_set_last(&model->tree, cursor, last);
}

static void random_step(struct model *model, size_t target, uint64_t span)
{
	if (below(2 * target) >= model->count)
		insert(model, random_item(span, below(64) ? 6 : span / 32 + 1));
	else if (model->count)
		remove_at(model, (size_t)below(model->count));
	if (model->count && below(64) == 0) {
		size_t at = (size_t)below(model->count), n = (size_t)below(50) + 1;
		remove_run(model, at, n < model->count - at ? n : model->count - at);
	}
	if (model->count && below(16) == 0)
		random_change(model);
	check_seek(model, random_address(span));
	if (!model->tree.overlaps)
		random_gap(model, span);
}

static void random_walk(bool overlaps)
{
	static const size_t targets[] = { 8, 40, 700, 20, 2000, 100 };
	struct model *model = model_new(overlaps);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		uint64_t span = overlaps ? targets[i] * 2 : targets[i] * 16;
		for (int step = 0; step < 12000; step++) {
			random_step(model, targets[i], span);
			if (step % 64 == 0)
				verify(model);
		}
	}
	while (model->count)
		remove_at(model, (size_t)below(model->count));
	verify(model);
	assert_null(model->tree.root);
	model_free(model);
}

static void disjoint_items(void **unused)
{
	(void)unused;
	random_walk(false);
}

static void overlapping_items(void **unused)
{
	(void)unused;
	random_walk(true);
}

static void ordered_fill(bool overlaps, bool down, bool bounded)
{
	struct model *model = model_new(overlaps);
	if (bounded)
		insert(model, (struct vioci_item){ UINT64_MAX, UINT64_MAX, 1, 0 });
	for (uint64_t i = 0; i < CAPACITY - 1; i++) {
		uint64_t start = (down ? CAPACITY - i : i) * PAGE;
		assert_true(insert(model, (struct vioci_item){ start, start + PAGE - 1, i, i }));
	}
	verify(model);
	size_t used = model->tree.leaves.n_chunks * 64 - model->tree.leaves.available;
	assert_in_range(used, 1, CAPACITY / 13);
	while (model->count)
		remove_at(model, down ? model->count - 1 : 0);
	model_free(model);
}

static void ordered_fills(void **unused)
{
	(void)unused;
	for (int i = 0; i < 8; i++)
		ordered_fill(i & 1, i & 2, i & 4);
}

/* One address mapped again and again: leaves and inner nodes full of equal starts. */
static void equal_starts(void **unused)
{
	(void)unused;
	struct model *model = model_new(true);
	for (int i = 0; i < 3000; i++) {
		uint64_t start = below(3) * PAGE;
		insert(model, (struct vioci_item){ start, start + below(PAGE), below(100000), 0 });
	}
	verify(model);
	for (uint64_t address = 0; address < 4 * PAGE; address += 100)
		check_seek(model, address);
	while (model->count) {
		remove_at(model, (size_t)below(model->count));
		if (model->count % 100 == 0)
			verify(model);
	}
	model_free(model);
}

static void ends_of_space(void **unused)
{
	(void)unused;
	struct model *model = model_new(false);
	struct vioci_fit byte = { 1, 1, 0 };
	check_gap(model, 0, UINT64_MAX, (struct vioci_fit){ UINT64_MAX, 1, 0 });
	insert(model, (struct vioci_item){ 0, UINT64_MAX, 0, 0 });
	check_gap(model, 0, UINT64_MAX, byte);
	check_seek(model, 0);
	check_seek(model, UINT64_MAX);
	remove_at(model, 0);
	insert(model, (struct vioci_item){ 0, 0, 0, 0 });
	insert(model, (struct vioci_item){ UINT64_MAX, UINT64_MAX, 0, 0 });
	check_gap(model, 0, UINT64_MAX, byte);
	check_gap(model, 0, UINT64_MAX, (struct vioci_fit){ UINT64_MAX - 1, 1, 0 });
	check_gap(model, 0, UINT64_MAX, (struct vioci_fit){ UINT64_MAX, 1, 0 });
	check_gap(model, 5, 5, byte);
	check_gap(model, 0, UINT64_MAX, (struct vioci_fit){ 1, (uint64_t)1 << 63, 0 });
	check_seek(model, 1);
	check_seek(model, UINT64_MAX);
	verify(model);
	model_free(model);
}

/* A hundred thousand holes are too small; the second search knows. */
static void small_holes(void **unused)
{
	(void)unused;
	struct vioci_tree tree;
	uint64_t got = 0, n = 100000;
	struct vioci_fit fit = { 2 * PAGE, PAGE, 0 };
	vioci_tree_init(&tree, false);
	assert_int_equal(vioci_tree_reserve(&tree, n), 0);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t start = i * 7919 % n * 2 * PAGE;
		vioci_tree_insert(&tree, &(struct vioci_item){ start, start + PAGE - 1, 0, 0 });
	}
	vioci_tree_unreserve(&tree, n);
	for (int i = 0; i < 1000; i++) {
		assert_true(vioci_tree_find_gap(&tree, 0, UINT64_MAX, &fit, &got));
		assert_int_equal(got, (2 * n - 1) * PAGE);
	}
	assert_true(vioci_tree_remove(&tree, n / 2 * 2 * PAGE, 0));
	assert_true(vioci_tree_find_gap(&tree, 0, UINT64_MAX, &fit, &got));
	assert_int_equal(got, (n / 2 * 2 - 1) * PAGE);
	assert_true(tree_sound(&tree));
	vioci_tree_destroy(&tree);
}

/*
 * Holes of 4 pages, of which none is aligned to 4, then one that is, and one of 8: the aligned one is
 * found only if it is among the first.
 */
static void badly_lying_holes(void **unused)
{
	(void)unused;
	const struct vioci_fit fit = { 4 * PAGE, 4 * PAGE, 0 };
	for (uint64_t n = VIOCI_MAX_MISFITS - 2; n <= 1000; n += n < 70 ? 1 : 930) {
		struct vioci_tree tree;
		uint64_t got = 0, start = 0, aligned, length = 1;
		vioci_tree_init(&tree, false);
		assert_int_equal(vioci_tree_reserve(&tree, n + 3), 0);
		/* Items of 4 pages, the first of 1, leave holes of 4 behind them. */
		for (uint64_t i = 0; i < n; i++, start += (length + 4) * PAGE, length = 4)
			vioci_tree_insert(&tree, &(struct vioci_item){
							 start, start + length * PAGE - 1, 0, 0 });
		vioci_tree_insert(&tree, &(struct vioci_item){ start, start + 3 * PAGE - 1, 0, 0 });
		aligned = start + 3 * PAGE;
		start = aligned + 4 * PAGE;
		vioci_tree_insert(&tree, &(struct vioci_item){ start, start + PAGE - 1, 0, 0 });
		start += 9 * PAGE;
		vioci_tree_insert(&tree, &(struct vioci_item){ start, UINT64_MAX, 0, 0 });
		vioci_tree_unreserve(&tree, n + 3);

		assert_true(vioci_tree_find_gap(&tree, 0, UINT64_MAX, &fit, &got));
		assert_int_equal(aligned % (4 * PAGE), 0);
		assert_int_equal(got, n < VIOCI_MAX_MISFITS ? aligned : aligned + 8 * PAGE);
		assert_false(vioci_tree_find_gap(&tree, 0, aligned - 1, &fit, &got));
		vioci_tree_destroy(&tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disjoint_items),    cmocka_unit_test(overlapping_items),
		cmocka_unit_test(ordered_fills),     cmocka_unit_test(equal_starts),
		cmocka_unit_test(ends_of_space),     cmocka_unit_test(small_holes),
		cmocka_unit_test(badly_lying_holes),
	};
	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
