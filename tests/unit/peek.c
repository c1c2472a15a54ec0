// SPDX-License-Identifier: MIT
/* Readers without a lock beside a writer. Meant for ThreadSanitizer too. */
#include <pthread.h>
#include <string.h>

#include "unit.h"

#include "tree/tree.h"
#include "sound.h"

#define N_READERS 3
#define N_PAGES	  3000
#define N_HOT	  40
#define N_STEPS	  300000
#define ENOUGH	  10000

struct race {
	struct vioci_tree trees[2];
	struct vioci_seq seq;
	bool stop;
};

struct reader {
	struct race *race;
	pthread_t thread;
	uint64_t seed;
	uint64_t found; /* atomic: the writer goes on until there was something to read */
	uint64_t wrong;
};

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Half of them where all meet. */
static uint64_t next_page(uint64_t *seed)
{
	return next(seed) % (next(seed) % 2 ? N_PAGES : N_HOT);
}

static struct vioci_item race_item(uint64_t page)
{
	return (struct vioci_item){ page * PAGE, page * PAGE + PAGE - 1, ~page, page * 3 };
}

static void look(struct reader *reader, bool overlaps)
{
	uint64_t page = next_page(&reader->seed);
	struct vioci_item item, expected = race_item(page);
	enum vioci_peek peek = vioci_tree_peek(&reader->race->trees[overlaps], &reader->race->seq,
					       page * PAGE + 1, &item);
	if (overlaps)
		expected.meta = 0;
	if (peek != VIOCI_PEEK_FOUND) {
		/* What is a multiple of eight pages is never taken out. */
		reader->wrong += peek == VIOCI_PEEK_NONE && page % 8 == 0;
		return;
	}
	__atomic_fetch_add(&reader->found, 1, __ATOMIC_RELAXED);
	reader->wrong += memcmp(&item, &expected, sizeof(item)) != 0;
}

static void *read_along(void *argument)
{
	struct reader *reader = argument;
	while (!__atomic_load_n(&reader->race->stop, __ATOMIC_RELAXED)) {
		look(reader, false);
		look(reader, true);
	}
	return NULL;
}

static void race_change(struct race *race, bool *in, uint64_t page)
{
	struct vioci_item item = race_item(page);
	for (int i = 0; i < 2; i++)
		assert_int_equal(vioci_tree_reserve(&race->trees[i], 1), 0);
	vioci_seq_begin(&race->seq);
	for (int i = 0; i < 2; i++) {
		if (in[page])
			assert_true(vioci_tree_remove(&race->trees[i], item.start, item.value));
		else
			vioci_tree_insert(&race->trees[i], &item);
	}
	vioci_seq_end(&race->seq);
	for (int i = 0; i < 2; i++)
		vioci_tree_unreserve(&race->trees[i], 1);
	in[page] = !in[page];
}

static bool hungry(struct reader *readers)
{
	for (int i = 0; i < N_READERS; i++) {
		if (__atomic_load_n(&readers[i].found, __ATOMIC_RELAXED) < ENOUGH)
			return true;
	}
	return false;
}

static void readers_and_a_writer(void **unused)
{
	(void)unused;
	static struct race race;
	static bool in[N_PAGES];
	struct reader readers[N_READERS];
	uint64_t state = N_READERS;
	vioci_tree_init(&race.trees[0], false);
	vioci_tree_init(&race.trees[1], true);
	for (uint64_t page = 0; page < N_PAGES; page += 8)
		race_change(&race, in, page);
	for (unsigned int i = 0; i < N_READERS; i++) {
		readers[i] = (struct reader){ .race = &race, .seed = i };
		pthread_create(&readers[i].thread, NULL, read_along, &readers[i]);
	}
	for (int step = 0; step < N_STEPS || hungry(readers); step++) {
		/* By turns mostly in and mostly out, so that nodes come and go. */
		uint64_t page = next_page(&state);
		if (page % 8 && (in[page] == (step / 10000 % 2) || next(&state) % 4 == 0))
			race_change(&race, in, page);
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < N_READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		assert_int_equal(readers[i].wrong, 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_true(tree_sound(&race.trees[i]));
		vioci_tree_destroy(&race.trees[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_and_a_writer),
	};
	return cmocka_run_group_tests_name("peek", tests, NULL, NULL);
}
