// SPDX-License-Identifier: MIT
/*
 * What the trees of lib/ioas cost beside a red-black tree (libbsd) and a sorted array, as JSON lines.
 * A pair is a removal and an insert at random places; times are the best of several rounds, in ns.
 * usage: bench-tree [SIZE...]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <bsd/sys/tree.h>

#include "tree/tree.h"

#define PAGE	 ((uint64_t)4096)
#define N_OPS	 20000
#define N_ROUNDS 60

struct node {
	RB_ENTRY(node) entry;
	struct vioci_item item;
};

static int compare(const struct node *a, const struct node *b)
{
	return a->item.start < b->item.start ? -1 : a->item.start > b->item.start;
}

RB_HEAD(rb, node);
RB_GENERATE_INTERNAL(rb, node, entry, compare, __attribute__((unused)) static)

struct op {
	uint32_t out;
	uint32_t in;
};

/* 2 * n pages, half of them mapped: pages[i] lies in memory as the others do, at a random place. */
struct world {
	uint32_t n;
	uint32_t *places;
	uint32_t *live; /* the first n; then those that are not */
	struct op *ops;
	uint64_t *addresses;
	struct node *nodes;
	struct vioci_item *array;
	struct rb rb;
	struct vioci_tree disjoint;
	struct vioci_tree overlapping;
	struct vioci_seq seq;
};

static uint64_t state = 88172645463325252u;
static volatile uint64_t sink;

static uint32_t random_below(uint32_t bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 32) * bound >> 32);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void *need(void *memory)
{
	if (!memory)
		exit(2);
	return memory;
}

static void shuffle(uint32_t *numbers, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		numbers[i] = i;
	for (uint32_t i = n; i > 1; i--) {
		uint32_t other = random_below(i), number = numbers[i - 1];
		numbers[i - 1] = numbers[other];
		numbers[other] = number;
	}
}

static struct vioci_item page_item(const struct world *world, uint32_t page)
{
	uint64_t iova = PAGE * page, va = ((uint64_t)1 << 46) + PAGE * world->places[page];
	return (struct vioci_item){ iova, iova + PAGE - 1, va, 3 };
}

static struct vioci_item va_item(const struct world *world, uint32_t page)
{
	struct vioci_item item = page_item(world, page);
	return (struct vioci_item){ item.value, item.value + PAGE - 1, item.start, 0 };
}

static void pick_ops(struct world *world)
{
	for (uint32_t i = 0; i < N_OPS; i++) {
		uint32_t out = random_below(world->n), in = world->n + random_below(world->n);
		uint32_t page = world->live[out];
		world->ops[i] = (struct op){ page, world->live[in] };
		world->live[out] = world->live[in];
		world->live[in] = page;
	}
}

static struct node *node_of(struct world *world, uint32_t page)
{
	return &world->nodes[world->places[page]];
}

static void put(struct vioci_tree *tree, const struct vioci_item *item)
{
	if (vioci_tree_reserve(tree, 1) < 0)
		exit(2);
	vioci_tree_insert(tree, item);
	vioci_tree_unreserve(tree, 1);
}

static void put_page(struct world *world, uint32_t page)
{
	struct vioci_item item = page_item(world, page), by_va = va_item(world, page);
	put(&world->disjoint, &item);
	put(&world->overlapping, &by_va);
	struct node *node = node_of(world, page);
	node->item = page_item(world, page);
	RB_INSERT(rb, &world->rb, node);
}

static void world_new(struct world *world, uint32_t n)
{
	*world = (struct world){ .n = n };
	world->places = need(calloc(2 * (size_t)n, sizeof(*world->places)));
	world->live = need(calloc(2 * (size_t)n, sizeof(*world->live)));
	world->nodes = need(calloc(2 * (size_t)n, sizeof(*world->nodes)));
	world->array = need(calloc(n, sizeof(*world->array)));
	world->ops = need(calloc(N_OPS, sizeof(*world->ops)));
	world->addresses = need(calloc(N_OPS, sizeof(*world->addresses)));
	shuffle(world->places, 2 * n);
	shuffle(world->live, 2 * n);
	RB_INIT(&world->rb);
	vioci_tree_init(&world->disjoint, false);
	vioci_tree_init(&world->overlapping, true);
	for (uint32_t i = 0; i < n; i++)
		put_page(world, world->live[i]);
}

static void world_free(struct world *world)
{
	vioci_tree_destroy(&world->disjoint);
	vioci_tree_destroy(&world->overlapping);
	free(world->places);
	free(world->live);
	free(world->nodes);
	free(world->array);
	free(world->ops);
	free(world->addresses);
}

/* As one who has the node at hand would do it. */
static void rb_known_pairs(struct world *world)
{
	for (uint32_t i = 0; i < N_OPS; i++) {
		RB_REMOVE(rb, &world->rb, node_of(world, world->ops[i].out));
		struct node *node = node_of(world, world->ops[i].in);
		node->item = page_item(world, world->ops[i].in);
		RB_INSERT(rb, &world->rb, node);
	}
}

static void rb_pairs(struct world *world)
{
	for (uint32_t i = 0; i < N_OPS; i++) {
		struct node key = { .item.start = PAGE * world->ops[i].out };
		RB_REMOVE(rb, &world->rb, RB_FIND(rb, &world->rb, &key));
		struct node *node = node_of(world, world->ops[i].in);
		node->item = page_item(world, world->ops[i].in);
		RB_INSERT(rb, &world->rb, node);
	}
}

static void disjoint_pairs(struct world *world)
{
	for (uint32_t i = 0; i < N_OPS; i++) {
		vioci_tree_remove(&world->disjoint, PAGE * world->ops[i].out, 0);
		struct vioci_item item = page_item(world, world->ops[i].in);
		put(&world->disjoint, &item);
	}
}

static void overlapping_pairs(struct world *world)
{
	for (uint32_t i = 0; i < N_OPS; i++) {
		struct vioci_item out = va_item(world, world->ops[i].out);
		vioci_tree_remove(&world->overlapping, out.start, out.value);
		struct vioci_item in = va_item(world, world->ops[i].in);
		put(&world->overlapping, &in);
	}
}

static void binary_lookups(struct world *world)
{
	for (uint32_t i = 0; i < N_OPS; i++) {
		uint32_t low = 0, high = world->n;
		while (low < high) {
			uint32_t middle = low + (high - low) / 2;
			if (world->array[middle].last < world->addresses[i])
				low = middle + 1;
			else
				high = middle;
		}
		sink += world->array[low].value;
	}
}

static void seeks(struct world *world)
{
	for (uint32_t i = 0; i < N_OPS; i++) {
		struct vioci_cursor found = vioci_tree_seek(&world->disjoint, world->addresses[i]);
		sink += vioci_tree_get(&world->disjoint, found).value;
	}
}

static void peeks(struct world *world, const struct vioci_tree *tree)
{
	for (uint32_t i = 0; i < N_OPS; i++) {
		struct vioci_item item;
		if (vioci_tree_peek(tree, &world->seq, world->addresses[i], &item) !=
		    VIOCI_PEEK_FOUND)
			exit(3);
		sink += item.value;
	}
}

static void disjoint_peeks(struct world *world)
{
	peeks(world, &world->disjoint);
}

static void overlapping_peeks(struct world *world)
{
	peeks(world, &world->overlapping);
}

static double measure(void (*work)(struct world *), struct world *world)
{
	double begin = now();
	work(world);
	return (now() - begin) / N_OPS;
}

static void keep_best(double *best, double time)
{
	if (*best == 0 || time < *best)
		*best = time;
}

static void bench_pairs(struct world *world)
{
	double rb = 0, known = 0, disjoint = 0, overlapping = 0;
	for (int i = 0; i < N_ROUNDS; i++) {
		pick_ops(world);
		keep_best(i % 2 ? &rb : &known, measure(i % 2 ? rb_pairs : rb_known_pairs, world));
		keep_best(&disjoint, measure(disjoint_pairs, world));
		keep_best(&overlapping, measure(overlapping_pairs, world));
	}
	printf("{\"bench\": \"pair\", \"n\": %" PRIu32
	       ", \"rb\": %.0f, \"rb_known\": %.0f, \"disjoint\": %.0f, \"overlapping\": %.0f, "
	       "\"ratio\": %.2f}\n",
	       world->n, rb, known, disjoint, overlapping, (disjoint + overlapping) / rb);
}

static void fill_array(struct world *world)
{
	size_t count = 0;
	struct vioci_cursor at = vioci_tree_first(&world->disjoint);
	for (; at.leaf; at = vioci_cursor_next(at))
		world->array[count++] = vioci_tree_get(&world->disjoint, at);
}

static void pick_addresses(struct world *world, bool va)
{
	for (uint32_t i = 0; i < N_OPS; i++) {
		uint32_t page = world->live[random_below(world->n)];
		struct vioci_item item = va ? va_item(world, page) : page_item(world, page);
		world->addresses[i] = item.start + random_below((uint32_t)PAGE);
	}
}

static void bench_lookups(struct world *world)
{
	double binary = 0, seek = 0, peek = 0, va = 0;
	fill_array(world);
	for (int i = 0; i < N_ROUNDS; i++) {
		/* Not the same addresses twice: they would be in the cache. */
		pick_addresses(world, false);
		keep_best(&binary, measure(binary_lookups, world));
		pick_addresses(world, false);
		keep_best(&seek, measure(seeks, world));
		pick_addresses(world, false);
		keep_best(&peek, measure(disjoint_peeks, world));
		pick_addresses(world, true);
		keep_best(&va, measure(overlapping_peeks, world));
	}
	printf("{\"bench\": \"lookup\", \"n\": %" PRIu32 ", \"binary\": %.0f, \"seek\": %.0f, "
	       "\"peek\": %.0f, \"peek_overlapping\": %.0f, \"ratio\": %.2f}\n",
	       world->n, binary, seek, peek, va, peek / binary);
}

static void print_bytes(const struct world *world, const char *when)
{
	double disjoint = (double)vioci_tree_bytes(&world->disjoint) / world->n;
	double overlapping = (double)vioci_tree_bytes(&world->overlapping) / world->n;
	printf("{\"bench\": \"bytes\", \"n\": %" PRIu32
	       ", \"after\": \"%s\", \"disjoint\": %.1f, \"overlapping\": %.1f, \"both\": %.1f}\n",
	       world->n, when, disjoint, overlapping, disjoint + overlapping);
}

static void churn(struct world *world)
{
	for (uint32_t done = 0; done < 3 * world->n; done += N_OPS) {
		pick_ops(world);
		rb_pairs(world);
		disjoint_pairs(world);
		overlapping_pairs(world);
	}
}

static void bench_size(uint32_t n)
{
	struct world world;
	world_new(&world, n);
	print_bytes(&world, "random fill");
	churn(&world);
	print_bytes(&world, "churn");
	bench_pairs(&world);
	bench_lookups(&world);
	world_free(&world);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 1000, 10000, 100000, 1000000 };
	for (int i = 1; i < argc; i++)
		bench_size((uint32_t)strtoul(argv[i], NULL, 10));
	for (size_t i = 0; argc == 1 && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		bench_size(sizes[i]);
	return 0;
}
