// SPDX-License-Identifier: MIT
/*
 * Random gets, puts and invalidations by one thread. With room for all, a get must hit exactly if a
 * plain list says so; with little room, what is held must be mapped, and what was invalidated not.
 */
#include "cache_rig.h"

#define N_STEPS	   20000
#define MAX_HELD   8
#define MAX_MODELS 4096

struct held {
	struct vioc_registration *registration;
	uint64_t iova;
	uint64_t offset;
	uint64_t length;
};

/* A mapping that may be hit, by its first and last page. */
struct model {
	uint64_t first;
	uint64_t last;
};

struct test {
	struct rig rig;
	bool exact; /* nothing is evicted */
	struct held held[MAX_HELD];
	size_t n_held;
	struct model models[MAX_MODELS];
	size_t n_models;
	uint64_t state;
};

static uint64_t below(struct test *test, uint64_t bound)
{
	test->state ^= test->state << 13;
	test->state ^= test->state >> 7;
	test->state ^= test->state << 17;
	return (test->state >> 33) % bound;
}

static void pick_span(struct test *test, uint64_t *offset, uint64_t *length)
{
	uint64_t most = below(test, 8) ? 4 * PAGE : 64 * PAGE;
	*offset = below(test, N_PAGES * PAGE);
	*length = 1 + below(test, most);
	if (*offset + *length > N_PAGES * PAGE)
		*length = N_PAGES * PAGE - *offset;
}

static bool model_hits(const struct test *test, struct model wanted)
{
	for (size_t i = 0; i < test->n_models; i++)
		if (test->models[i].first <= wanted.first && wanted.last <= test->models[i].last)
			return true;
	return false;
}

static void model_remove(struct test *test, struct model gone)
{
	for (size_t i = test->n_models; i-- > 0;)
		if (test->models[i].first <= gone.last && gone.first <= test->models[i].last)
			test->models[i] = test->models[--test->n_models];
}

/* What lies inside the new one is dropped: it would only be hit where the new one is too. */
static void model_add(struct test *test, struct model added)
{
	for (size_t i = test->n_models; i-- > 0;)
		if (added.first <= test->models[i].first && test->models[i].last <= added.last)
			test->models[i] = test->models[--test->n_models];
	assert_true(test->n_models < MAX_MODELS);
	test->models[test->n_models++] = added;
}

static void expect_mapped(struct test *test, const struct held *held)
{
	void *va;
	uint64_t length;
	assert_int_equal(vioc_ioas_get_va(test->rig.ioas, held->iova, held->length, &va, &length),
			 0);
	assert_ptr_equal(va, test->rig.memory + held->offset);
	assert_int_equal(length, held->length);
}

static void get(struct test *test)
{
	struct held *held = &test->held[test->n_held];
	uint64_t misses = rig_stats(&test->rig).n_misses;
	pick_span(test, &held->offset, &held->length);
	struct model wanted = { held->offset / PAGE, (held->offset + held->length - 1) / PAGE };
	assert_int_equal(vioc_cache_get(test->rig.cache, test->rig.memory + held->offset,
					held->length, &held->iova, &held->registration),
			 0);
	expect_mapped(test, held);
	test->n_held++;
	if (!test->exact)
		return;
	bool hit = rig_stats(&test->rig).n_misses == misses;
	assert_int_equal(hit, model_hits(test, wanted));
	if (!hit)
		model_add(test, wanted);
}

static void put(struct test *test)
{
	size_t i = below(test, test->n_held);
	expect_mapped(test, &test->held[i]);
	vioc_cache_put(test->rig.cache, test->held[i].registration);
	test->held[i] = test->held[--test->n_held];
}

struct range {
	const char *first;
	const char *last;
	bool met;
};

static void meet(void *arg, const struct fake_mapping *mapping)
{
	struct range *range = arg;
	const char *va = mapping->va;
	range->met |= va <= range->last && va + (mapping->last - mapping->iova) >= range->first;
}

static void invalidate(struct test *test)
{
	uint64_t offset, length;
	pick_span(test, &offset, &length);
	struct range range = { test->rig.memory + offset, test->rig.memory + offset + length - 1,
			       false };
	int error = vioc_cache_invalidate(test->rig.cache, range.first, length);
	fake_for_each_mapping(test->rig.fake, meet, &range);
	assert_int_equal(error, range.met ? -EBUSY : 0);
	model_remove(test, (struct model){ offset / PAGE, (offset + length - 1) / PAGE });
}

static void run(struct test *test, uint64_t max_entries, uint64_t max_bytes)
{
	struct fake_config config = { .entry_limit = test->exact ? 0 : 24 };
	rig_open(&test->rig, VIOC_BACKEND_LEGACY, config, max_entries, max_bytes);
	for (size_t i = 0; i < N_STEPS; i++) {
		uint64_t choice = below(test, 16);
		if (choice == 0)
			invalidate(test);
		else if (test->n_held == MAX_HELD || (test->n_held && choice < 8))
			put(test);
		else
			get(test);
	}
	while (test->n_held)
		put(test);
	struct vioc_cache_stats stats = rig_stats(&test->rig);
	assert_int_equal(stats.n_entries, fake_count_mappings(test->rig.fake));
	assert_int_equal(stats.n_bytes, fake_count_mapped_bytes(test->rig.fake));
	assert_int_equal(stats.n_used, 0);
	assert_true(stats.n_hits && stats.n_misses && stats.n_invalidations);
	assert_int_equal(stats.n_evictions == 0, test->exact);
	assert_true(test->exact || stats.n_bytes <= max_bytes);
	rig_close(&test->rig);
	assert_int_equal(test->rig.n_errors, 0);
}

static void room_for_all(void **state)
{
	(void)state;
	static struct test test = { .exact = true, .state = 88172645463325252u };
	run(&test, 0, 0);
}

static void little_room(void **state)
{
	(void)state;
	static struct test test = { .state = 1181783497276652981u };
	run(&test, 40, 128 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_for_all),
		cmocka_unit_test(little_room),
	};
	return cmocka_run_group_tests_name("cache_random", tests, NULL, NULL);
}
